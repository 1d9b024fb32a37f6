//! An application that is started: instances, routes, services, clock, seed, limits, event sink.
//!
//! *Invariant:* `run`, `test` and `conformance` all build this one [`Deployment`]; there is no second way to start an
//! app.

mod bind;
mod serve;
mod watchdog;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use slt_emulators::chassis::{Clock, Mounted, Seed};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpView};

pub use bind::{BindError, Bound, Services, bind};
pub use serve::{Stop, serve};
pub use watchdog::Watchdog;

use crate::events::{Event, Sink};
use crate::host::{APP_HOST, Guest, GuestEnd, GuestSetup, Interrupt, Loaded, Outbound, Output, Seat, Testing, Told};

/// How many instances of an app run at once; further requests wait. Below the size of the engine's pool.
const MAX_INSTANCES: usize = 200;

/// A command runs for as long as it likes; ten years, for the watchdog.
const NO_LIMIT: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// What a deployment is made of.
pub struct Parts {
    /// The component that answers requests.
    pub app: Option<Loaded>,
    /// What the slightfile bound.
    pub bound: Bound,
    /// The time.
    pub clock: Clock,
    /// Where guests' random numbers come from; `None`: the system.
    pub seed: Option<Seed>,
    /// Where the guests' outputs go.
    pub stdout: Output,
    /// Where the guests' errors go.
    pub stderr: Output,
    /// What happens is told here.
    pub sink: Sink,
    /// Whether this is a test: `app.test` is the app, and `slight:testing` is there.
    pub testing: bool,
    /// Stops every guest of a test. `None`: each request has its own, and the watchdog.
    pub interrupt: Option<Arc<Interrupt>>,
    /// Keeps real time for requests that have their own interrupt.
    pub watchdog: Option<Watchdog>,
    /// What one request may take where the slightfile does not say. `None` under test: a limit that nobody chose would be
    /// a timer, and an app that waits for ever would not be seen to.
    pub request_timeout: Option<Duration>,
}

/// An application that is started. Cheap to clone.
#[derive(Clone)]
pub struct Deployment(Arc<Inner>);

struct Inner {
    parts: Parts,
    testing: Option<Arc<Testing>>,
    instances: AtomicU64,
    room: Arc<Semaphore>,
    running: watch::Sender<usize>,
}

/// Why a request was not answered by the guest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandleError {
    /// There is no app, or it answers no HTTP.
    #[error("the component does not export `wasi:http/incoming-handler`")]
    NoHandler,
    /// It took too long.
    #[error("no answer within {0:?} (`request_timeout`)")]
    TimedOut(Duration),
    /// All instances that may run were busy.
    #[error("{MAX_INSTANCES} instances are busy, and none became free within `request_timeout`")]
    Busy,
    /// The guest ended without an answer.
    #[error("{0}")]
    Guest(GuestEnd),
    /// The guest answered with an error of HTTP's.
    #[error("the guest answered with the error {0}")]
    Refused(String),
}

/// Counts a running instance for as long as it lives.
struct Running(Arc<Inner>);

impl Running {
    fn new(inner: &Arc<Inner>) -> Self {
        inner.running.send_modify(|count| *count += 1);
        Self(Arc::clone(inner))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl Deployment {
    /// Starts nothing yet: instances are made for each request.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let testing = parts.testing.then(|| {
            Arc::new(Testing {
                services: parts.bound.services.clone(),
            })
        });
        let room = Arc::new(Semaphore::new(MAX_INSTANCES));
        Self(Arc::new(Inner {
            parts,
            testing,
            instances: AtomicU64::new(0),
            room,
            running: watch::Sender::new(0),
        }))
    }

    /// The emulated services.
    #[must_use]
    pub fn services(&self) -> &[Mounted] {
        &self.0.parts.bound.services
    }

    /// Hands a request to a fresh instance of the app.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn handle<B>(&self, request: Request<B>) -> Result<Response<WasiBody>, HandleError>
    where
        B: http_body_util::BodyExt<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        let inner = &self.0;
        let app = inner.parts.app.as_ref().filter(|app| app.world.http.is_some());
        let app = app.ok_or(HandleError::NoHandler)?;
        let broken = |error: wasmtime::Error| HandleError::Guest(GuestEnd::Broken(error.to_string()));
        let timeout = self.request_timeout();
        let room = tokio::select! {
            biased;
            room = Arc::clone(&inner.room).acquire_owned() => room.map_err(|_| HandleError::Busy)?,
            () = elapsed(&inner.parts.clock, timeout) => return Err(HandleError::Busy),
        };
        let Seat { world, kept } = app.seat();
        let handler = world.http.ok_or(HandleError::NoHandler)?;
        let interrupt = self.interrupt();
        let mut store = self.store(handler.engine(), &interrupt, &[], &[]);
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let request = store
            .data_mut()
            .http()
            .new_incoming_request(Scheme::Http, request)
            .map_err(broken)?;
        let outparam = store.data_mut().http().new_response_outparam(sender).map_err(broken)?;
        let (running, clock) = (Running::new(inner), inner.parts.clock.clone());
        let watched = inner
            .parts
            .watchdog
            .as_ref()
            .zip(timeout)
            .map(|(watchdog, timeout)| watchdog.watch(timeout, &interrupt));
        let task = tokio::spawn(async move {
            let _kept = (running, room, kept, watched);
            let run = async {
                let called = async {
                    let instance = handler.instantiate_async(&mut store).await?;
                    instance
                        .wasi_http_incoming_handler()
                        .call_handle(&mut store, request, outparam)
                        .await
                };
                let called = called.await;
                called.map_or_else(|error| GuestEnd::of(&error, &store), |()| GuestEnd::Done)
            };
            tokio::select! {
                biased;
                end = run => end,
                () = interrupt.stopped() => GuestEnd::Interrupted,
                () = elapsed(&clock, timeout) => GuestEnd::Interrupted,
            }
        });
        match receiver.await {
            Ok(Ok(response)) => {
                self.watch_the_rest(task);
                Ok(response)
            }
            Ok(Err(code)) => Err(HandleError::Refused(format!("{code:?}"))),
            // the guest is gone, and what would have sent the answer with it
            Err(_) => Err(match task.await {
                Ok(GuestEnd::Interrupted) => {
                    timeout.map_or(HandleError::Guest(GuestEnd::Interrupted), HandleError::TimedOut)
                }
                Ok(end) => HandleError::Guest(end),
                Err(error) => HandleError::Guest(GuestEnd::Broken(error.to_string())),
            }),
        }
    }

    /// What goes wrong after the head of an answer was sent cannot be told to the client any more: it is told to the user.
    fn watch_the_rest(&self, task: JoinHandle<GuestEnd>) {
        let (deployment, running) = (self.clone(), Running::new(&self.0));
        tokio::spawn(async move {
            let end = task.await.unwrap_or_else(|error| GuestEnd::Broken(error.to_string()));
            if !matches!(end, GuestEnd::Done) {
                deployment.tell(&format!("after the head of its answer was sent: {end}"));
            }
            drop(running);
        });
    }

    /// Tells whoever looks at the app: under test, that is its standard error.
    fn tell(&self, message: &str) {
        let parts = &self.0.parts;
        if parts.testing {
            for line in message.lines() {
                parts.stderr.line(&format!("slt: {line}"));
            }
        } else {
            (parts.sink)(Event::Note {
                message: message.to_owned(),
            });
        }
    }

    /// Runs a command component to its end.
    pub async fn command(&self, command: &Loaded, arguments: &[String]) -> GuestEnd {
        self.command_with(command, arguments, &[]).await
    }

    /// As [`Deployment::command`], with variables in the guest's environment, which is empty otherwise.
    pub async fn command_with(&self, command: &Loaded, arguments: &[String], environment: &[(&str, &str)]) -> GuestEnd {
        let Seat { world, kept: _kept } = command.seat();
        let Some(pre) = world.command else {
            return GuestEnd::Broken("the component does not export `wasi:cli/run`".into());
        };
        let interrupt = self.interrupt();
        let watchdog = self.0.parts.watchdog.as_ref();
        let _ticking = watchdog.map(|watchdog| watchdog.watch(NO_LIMIT, &interrupt));
        let mut store = self.store(pre.engine(), &interrupt, arguments, environment);
        let run = async {
            let called = async {
                let instance = pre.instantiate_async(&mut store).await?;
                instance.wasi_cli_run().call_run(&mut store).await
            };
            match called.await {
                Ok(Ok(())) => GuestEnd::Done,
                Ok(Err(())) => GuestEnd::Failed,
                Err(error) => GuestEnd::of(&error, &store),
            }
        };
        tokio::select! {
            biased;
            end = run => end,
            () = interrupt.stopped() => GuestEnd::Interrupted,
        }
    }

    /// Waits until no instance of the app runs any more: what it does after its answer counts too.
    pub async fn drain(&self) {
        let _ = self.0.running.subscribe().wait_for(|count| *count == 0).await;
    }

    fn request_timeout(&self) -> Option<Duration> {
        self.0.parts.bound.request_timeout.or(self.0.parts.request_timeout)
    }

    fn interrupt(&self) -> Arc<Interrupt> {
        let own = || Arc::new(Interrupt::yielding());
        self.0.parts.interrupt.clone().unwrap_or_else(own)
    }

    fn store(
        &self,
        engine: &wasmtime::Engine,
        interrupt: &Arc<Interrupt>,
        arguments: &[String],
        environment: &[(&str, &str)],
    ) -> wasmtime::Store<Guest> {
        let parts = &self.0.parts;
        let instance = self.0.instances.fetch_add(1, Ordering::Relaxed);
        let setup = GuestSetup {
            clock: &parts.clock,
            seed: parts.seed.as_ref().map(|seed| seed.child(&format!("guest{instance}"))),
            keyvalue: &parts.bound.keyvalue,
            outbound: self.outbound(),
            // under test a failure may be what the test is about
            told: (!parts.testing).then(|| note(&parts.sink)),
            testing: self.0.testing.clone(),
            memory: parts.bound.memory,
            stdout: parts.stdout.clone(),
            stderr: parts.stderr.clone(),
            arguments,
            environment,
            interrupt: Arc::clone(interrupt),
        };
        Guest::store(engine, setup)
    }

    fn outbound(&self) -> Outbound {
        let sink = Arc::clone(&self.0.parts.sink);
        Outbound {
            grants: Arc::clone(&self.0.parts.bound.grants),
            app: self.0.parts.testing.then(|| app_route(Arc::downgrade(&self.0))),
            clock: self.0.parts.clock.clone(),
            refused: Some(Arc::new(move |origin| {
                let message = match origin.strip_prefix("http://") {
                    Some(APP_HOST) => format!("a request to {origin} was refused: it is there only under `slt test`"),
                    _ => format!(
                        "a request to {origin} was refused: to grant it, add \"{origin}\" to `hosts` in `[outbound]`"
                    ),
                };
                sink(Event::Note { message });
            })),
        }
    }
}

/// Tells the user.
fn note(sink: &Sink) -> Told {
    let sink = Arc::clone(sink);
    Arc::new(move |message| sink(Event::Note { message }))
}

/// Resolves when `limit` has passed; never without one.
async fn elapsed(clock: &Clock, limit: Option<Duration>) {
    match limit {
        Some(limit) => clock.sleep(limit).await,
        None => std::future::pending().await,
    }
}

/// The route by which a test reaches its app.
fn app_route(deployment: Weak<Inner>) -> crate::host::AppRoute {
    Arc::new(move |request| {
        let deployment = deployment.upgrade().map(Deployment);
        Box::pin(async move {
            let deployment = deployment.ok_or(Error::DestinationUnavailable)?;
            match deployment.handle(request).await {
                Ok(response) => Ok(response),
                Err(HandleError::NoHandler) => Err(Error::DestinationNotFound),
                // as a client would see it: the server answers for its application
                Err(error) => {
                    deployment.tell(&error.to_string());
                    Ok(failure(&error))
                }
            }
        })
    })
}

/// The answer to a request that the guest did not answer.
fn failure(error: &HandleError) -> Response<WasiBody> {
    let status = match error {
        HandleError::TimedOut(_) => http::StatusCode::GATEWAY_TIMEOUT,
        HandleError::NoHandler => http::StatusCode::NOT_FOUND,
        HandleError::Busy => http::StatusCode::SERVICE_UNAVAILABLE,
        HandleError::Guest(_) | HandleError::Refused(_) => http::StatusCode::INTERNAL_SERVER_ERROR,
    };
    let text = status.canonical_reason().unwrap_or("error");
    let body = http_body_util::Full::new(Bytes::from(format!("{text}\n")))
        .map_err(Error::from)
        .boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let kind = http::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    response
}
