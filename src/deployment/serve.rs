//! The HTTP server of `slt run`: connections in, requests to the deployment, one event for each.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use slt_emulators::chassis::{Clock, Shutdown};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use wasmtime_wasi_http::{Error, WasiBody};

use super::{Deployment, failure};
use crate::events::{Event, Sink};
use crate::providers::endpoint::within;

/// How long open requests may go on when the server stops.
const GRACE: Duration = Duration::from_secs(10);

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the server waits when the system has no descriptor for a new connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// When a server stops.
pub struct Stop {
    /// It accepts no more, and lets what is open end.
    pub shutdown: Shutdown,
    /// It waits for nothing any more.
    pub at_once: Shutdown,
}

/// Answers requests on `listener` until it is told to stop, then lets those that are open end.
pub async fn serve(deployment: Deployment, listener: TcpListener, clock: Clock, sink: Sink, stop: Stop) {
    let Stop { shutdown, at_once } = stop;
    let open = watch::Sender::new(0_usize);
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.wait() => break,
            accepted = listener.accept() => accepted,
        };
        // an error here is of one connection, or passes when there are descriptors again
        let Ok((stream, _)) = accepted else {
            clock.sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let connection = Connection {
            deployment: deployment.clone(),
            clock: clock.clone(),
            sink: Arc::clone(&sink),
            shutdown: shutdown.clone(),
        };
        let count = open.clone();
        count.send_modify(|open| *open += 1);
        tokio::spawn(async move {
            connection.serve(stream).await;
            count.send_modify(|open| *open -= 1);
        });
    }
    let ended = within(&clock, GRACE, async {
        let _ = open.subscribe().wait_for(|open| *open == 0).await;
        deployment.drain().await;
    });
    tokio::select! {
        biased;
        _ = ended => {}
        () = at_once.wait() => {}
    }
}

#[derive(Clone)]
struct Connection {
    deployment: Deployment,
    clock: Clock,
    sink: Sink,
    shutdown: Shutdown,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let shutdown = self.shutdown.clone();
        let service = hyper::service::service_fn(move |request| {
            let connection = self.clone();
            async move { Ok::<_, Infallible>(connection.answer(request).await) }
        });
        let mut server = http1::Builder::new();
        server
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .keep_alive(true);
        let mut connection = std::pin::pin!(server.serve_connection(TokioIo::new(stream), service));
        // what goes wrong with a connection concerns its client, who sees it
        tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            () = shutdown.wait() => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<WasiBody> {
        let started = self.clock.now_monotonic();
        let (method, path) = (request.method().to_string(), request.uri().to_string());
        let request = request.map(|body| body.map_err(Error::from).boxed_unsync());
        let (response, error) = match self.deployment.handle(request).await {
            Ok(response) => (response, None),
            Err(error) => (failure(&error), Some(error.to_string())),
        };
        let microseconds = (self.clock.now_monotonic() - started) / 1_000;
        (self.sink)(Event::Request {
            method,
            path,
            status: response.status().as_u16(),
            microseconds,
            error,
        });
        response
    }
}
