//! `slt run`: a project or a component, on the services that its slightfile names.

mod artifact;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use slt_emulators::chassis::{Clock, Shutdown, Trigger};
use tokio::net::TcpListener;

use super::{Exit, Failure, Session, app};
use crate::build;
use crate::catalogue::CATALOGUE;
use crate::cli::run::{Run, Trusting};
use crate::deployment::{BindError, Bound, Deployment, Parts, Services, Stop, Watchdog, bind, serve};
use crate::events::{Event, Sink};
use crate::host::{Engine, GuestEnd, LoadError, Loaded, Output};
use crate::project::{self, Project};
use crate::registry::Reference;
use crate::secrets::{Name, Secrets};
use crate::slightfile::{Slightfile, Store};
use crate::support::files::{self, ARTIFACT_MAX_BYTES};
use crate::support::waiting::Ending;
use crate::support::{os, processes};
use crate::validate::module;

/// What one request may take where `[limits] request_timeout` says nothing.
const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How long instances that run on are waited for when everything else has ended.
const SHUTDOWN_WAIT: Duration = Duration::from_secs(1);

/// What is started.
struct Plan<'a> {
    /// The component's path, and its bytes.
    component: (&'a Path, Vec<u8>),
    project: &'a Project,
    slightfile: &'a Slightfile,
    /// The arguments of a command.
    arguments: &'a [String],
    /// Where to serve HTTP, if at all.
    listen: Option<&'a str>,
}

/// Runs `slt run`.
pub fn run(session: &Session<'_>, arguments: &Run) -> Result<Exit, Failure> {
    let directory = session.directory();
    if arguments.link_all_capabilities {
        session.ui.event(&Event::Note {
            message: "`--link-all-capabilities` has no effect: a component gets what its slightfile names".into(),
        });
    }
    trusting_somebody(&arguments.trusting)?;
    if let Some(given) = &arguments.path
        && let Some(at) = artifact::meant(&directory, given)?
    {
        return of_registry(session, arguments, &at);
    }
    let trusting = &arguments.trusting;
    if trusting.is_asked() || trusting.offline || trusting.trust_slightfile {
        let given = arguments
            .path
            .as_ref()
            .or(arguments.module.as_ref())
            .unwrap_or(&directory);
        let name = project::named(given, &directory);
        return Err(Failure::usage(format!(
            "`{name}` is a file or a folder, and only an artifact is verified"
        ))
        .hint("`oci://` in front of a reference says that it is one; `slt verify FILE` verifies a file"));
    }
    let path = arguments.module.as_ref().or(arguments.path.as_ref());
    let path = path.map_or_else(|| directory.clone(), |path| directory.join(path));
    let listen = Some(listen(&arguments.listen)?);
    let (arguments, release) = (arguments.arguments.as_slice(), arguments.release);
    if path.is_dir() {
        let (project, slightfile) = app::project(session, &path)?;
        let plan = super::build::plan(session, &project, &slightfile, release);
        let component = build::component(&plan, &super::build::before_the_result(session))
            .map_err(super::build::failure)?
            .path;
        let plan = Plan {
            component: (&component, read(session, &component)?),
            project: &project,
            slightfile: &slightfile,
            arguments,
            listen,
        };
        return start(session, plan);
    }
    if !path.exists() {
        let name = project::named(&path, &directory);
        return Err(Failure::usage(format!("there is no `{name}`"))
            .hint("give a project's folder or a component; `slt build` writes one to `dist/`"));
    }
    // what was made for slight is said to be, before anything is said of its slightfile
    let bytes = read(session, &path)?;
    let folder = path.parent().map_or_else(|| directory.clone(), Path::to_owned);
    let (project, slightfile) = app::project(session, &folder)?;
    let plan = Plan {
        component: (&path, bytes),
        project: &project,
        slightfile: &slightfile,
        arguments,
        listen,
    };
    start(session, plan)
}

/// Runs what is in a registry: with the slightfile of `-c`, that of this folder, or the artifact's own.
fn of_registry(session: &Session<'_>, arguments: &Run, at: &Reference) -> Result<Exit, Failure> {
    if arguments.release {
        return Err(
            Failure::usage(format!("`{at}` is an artifact, and `--release` builds a project"))
                .hint("what lies in a registry was built before: leave it out"),
        );
    }
    let directory = session.directory();
    let listen = Some(listen(&arguments.listen)?);
    let is_here = session.global.config.is_some() || directory.join(project::SLIGHTFILE).is_file();
    let own = match is_here {
        true => Some(app::project(session, &directory)?),
        false => None,
    };
    let trusting = &arguments.trusting;
    if own.is_none() && !trusting.is_asked() && !trusting.trust_slightfile {
        return Err(Failure::usage(format!(
            "there is no slightfile here, and nobody vouches for one that `{at}` brings along"
        ))
        .hint(
            "a slightfile says what the component may do on this machine. `--key`, `--identity` or `--verify` says whose counts; `-c FILE` \
             names one of your own; `--trust-slightfile` takes whatever is attached, unverified",
        ));
    }
    let fetched = artifact::fetch(session, at, trusting, own.is_none())?;
    let (project, slightfile) = match (own, fetched.slightfile) {
        (Some(own), _) => own,
        (None, Some(text)) => {
            let own = app::understood(session, artifact::project(&directory, text), !session.global.quiet)?;
            if !trusting.is_asked() {
                for grant in artifact::grants(&own.1) {
                    session.ui.event(&Event::Note {
                        message: format!("its slightfile, which is not verified, grants it {grant}"),
                    });
                }
            }
            own
        }
        (None, None) => {
            return Err(
                Failure::usage(format!("`{at}` has no slightfile, and there is none here"))
                    .hint("`-c FILE` names one; `slt ship --slightfile` attaches it to the artifact"),
            );
        }
    };
    if module::is_slights(&fetched.bytes) {
        return Err(Failure::failed(format!("`{at}` {}", module::SLIGHTS)).hint(module::SLIGHTS_HINT));
    }
    let plan = Plan {
        component: (&fetched.name, fetched.bytes),
        project: &project,
        slightfile: &slightfile,
        arguments: &arguments.arguments,
        listen,
    };
    start(session, plan)
}

/// A trusted root says with what a signature is checked, and nothing of whose it must be.
fn trusting_somebody(flags: &Trusting) -> Result<(), Failure> {
    match flags.trusted_root.is_some() && !flags.is_asked() {
        true => Err(
            Failure::usage("`--trusted-root` has no effect: it is not said whose signature counts")
                .hint("`--key FILE`, `--identity IDENTITY --issuer URL` or `--verify POLICY` says it"),
        ),
        false => Ok(()),
    }
}

/// Runs a command component for cargo: in the project of the current folder.
pub(super) fn command(session: &Session<'_>, path: &Path, arguments: &[String]) -> Result<Exit, Failure> {
    let (project, slightfile) = app::project(session, &session.directory())?;
    let plan = Plan {
        component: (path, read(session, path)?),
        project: &project,
        slightfile: &slightfile,
        arguments,
        listen: None,
    };
    start(session, plan)
}

/// An address to listen on is `host:port`; whether the host is one of this machine's is seen later.
fn listen(address: &str) -> Result<&str, Failure> {
    let parts = address.rsplit_once(':');
    match parts.map(|(host, port)| (host.is_empty(), port.parse::<u16>().is_ok())) {
        Some((false, true)) => Ok(address),
        _ => Err(Failure::usage(format!("`--listen {address}` is no address"))
            .hint("it is `host:port`, for example `127.0.0.1:3000`; port 0 takes a free one")),
    }
}

fn start(session: &Session<'_>, plan: Plan<'_>) -> Result<Exit, Failure> {
    let Plan {
        component: (component, bytes),
        project,
        slightfile,
        arguments,
        listen,
    } = plan;
    let engine = app::engine(session)?;
    let name = project::named(component, &session.directory());
    let loaded = unless_ended(session, &engine, bytes, &name)?;
    let (clock, sink) = (Clock::real(), session.ui.sink());
    let bound = bound(session, project, slightfile, &clock)?;
    let watchdog = Watchdog::ticking(&engine).map_err(|error| Failure::environment(format!("no thread: {error}")))?;
    let serve_at = listen.filter(|_| loaded.world.http.is_some());
    let by_lines = serve_at.is_some() || session.ui.is_json();
    let (stdout, stderr) = (
        stream(session, false, by_lines, &sink),
        stream(session, true, by_lines, &sink),
    );
    let deployment = Deployment::new(Parts {
        app: Some(loaded.clone()),
        bound,
        clock: clock.clone(),
        seed: None,
        stdout: stdout.clone(),
        stderr: stderr.clone(),
        sink: Arc::clone(&sink),
        testing: false,
        interrupt: None,
        watchdog: Some(watchdog),
        request_timeout: Some(DEFAULT_REQUEST_TIMEOUT),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::environment(format!("no event queue: {error}")))?;
    let exit = match (serve_at, loaded.world.command.is_some()) {
        (Some(listen), _) => runtime.block_on(serve_http(session, deployment, listen, clock, &sink)),
        (None, true) => runtime.block_on(run_command(session, &deployment, &loaded, component, arguments)),
        (None, false) => Err(Failure::failed(format!("`{name}` exports nothing that slt can run"))
            .hint("it runs components that export `wasi:http/incoming-handler` or `wasi:cli/run`")),
    };
    // what computes on is ended with its runtime
    runtime.shutdown_timeout(SHUTDOWN_WAIT);
    stdout.finish();
    stderr.finish();
    exit
}

/// The services that the slightfile names, with the values that this machine has for it.
fn bound(session: &Session<'_>, project: &Project, slightfile: &Slightfile, clock: &Clock) -> Result<Bound, Failure> {
    let secrets = match slightfile.refers_to(Store::Usersecrets) {
        true => super::secret::all(session, &project.root)?,
        false => Secrets::new(),
    };
    let lookup = |store: Store, key: &str| match store {
        Store::Envvars => session.invocation.environment.get(key)?.clone().into_string().ok(),
        Store::Usersecrets => secrets.get(key).map(|value| value.expose().to_owned()),
        Store::File | Store::Azapp => None, // planned, and the error says so
    };
    let services = Services::Named { lookup: &lookup, clock };
    bind(slightfile, &CATALOGUE, &services).map_err(unbound)
}

/// Where the guest's output goes: as events, a line each, or on as it comes.
fn stream(session: &Session<'_>, stderr: bool, by_lines: bool, sink: &Sink) -> Output {
    match by_lines {
        true => output(if stderr { "stderr" } else { "stdout" }, sink),
        false => {
            let ui = session.ui.clone();
            Output::forwarded(Arc::new(move |bytes| ui.guest_bytes(stderr, bytes)))
        }
    }
}

/// The bytes of a component, which is not one that was made for slight.
fn read(session: &Session<'_>, path: &Path) -> Result<Vec<u8>, Failure> {
    let name = project::named(path, &session.directory());
    let bytes = files::read(path, ARTIFACT_MAX_BYTES).map_err(|error| {
        let failure = Failure::usage(format!("cannot read `{name}`: {}", os::reason(&error)));
        if error.kind() == std::io::ErrorKind::NotFound {
            failure.hint("`slt build` writes a component to `dist/`")
        } else {
            failure
        }
    })?;
    match module::is_slights(&bytes) {
        true => Err(Failure::failed(format!("`{name}` {}", module::SLIGHTS)).hint(module::SLIGHTS_HINT)),
        false => Ok(bytes),
    }
}

/// Loads a component, which compiles it. Where signals are listened to, because it was fetched, one of them ends that.
fn unless_ended(session: &Session<'_>, engine: &Arc<Engine>, bytes: Vec<u8>, name: &str) -> Result<Loaded, Failure> {
    let Some(ending) = session.ending() else {
        return load(engine, &bytes, name);
    };
    let (engine, name) = (Arc::clone(engine), name.to_owned());
    let loaded = ending.unless_asked(move || load(&engine, &bytes, &name));
    let loaded = loaded.map_err(|error| Failure::environment(format!("no thread: {}", os::reason(&error))))?;
    loaded.unwrap_or_else(|| Err(Failure::interrupted()))
}

/// Listens to signals for the guest from now on, unless there was one before it. Must be called on a runtime.
fn interrupts(session: &Session<'_>) -> Result<processes::Interrupts, Failure> {
    let interrupts = processes::Interrupts::listen();
    match session.ending().is_some_and(Ending::is_left_asked) {
        true => Err(Failure::interrupted()),
        false => Ok(interrupts),
    }
}

fn load(engine: &Arc<Engine>, bytes: &[u8], name: &str) -> Result<Loaded, Failure> {
    engine.load(bytes, false).map_err(|error| {
        let failure = Failure::failed(format!("`{name}`: {error}"));
        match error {
            LoadError::CoreModule => failure.hint(
                "`slt build` writes a component to `dist/`; with cargo alone, build for the target wasm32-wasip2",
            ),
            LoadError::Import { .. } => {
                failure.hint("`slt check` shows what a component needs and what the slightfile offers")
            }
            LoadError::NotWasm => {
                failure.hint("give a project's folder or a component; a slightfile is named with `-c`")
            }
            LoadError::Invalid(_) => failure.hint("it is damaged, or of another version; `slt build` makes it anew"),
            LoadError::Engine(_) => failure,
        }
    })
}

fn unbound(errors: Vec<BindError>) -> Failure {
    let message = errors
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n  and ");
    let mut hints: Vec<String> = errors.iter().filter_map(way_out).collect();
    hints.sort();
    hints.dedup();
    match hints.is_empty() {
        true => Failure::usage(message),
        false => Failure::usage(message).hint(hints.join("\nhint: ")),
    }
}

/// What to do about a value that cannot be used.
fn way_out(error: &BindError) -> Option<String> {
    match error {
        BindError::Unresolved { reason, .. } => Some(match reason.store {
            Store::Envvars => "`${envvars.X}` is the environment variable `X` of the shell that starts slt".to_owned(),
            Store::Usersecrets => match Name::parse(&reason.key) {
                Ok(name) => format!("`slt secret set {name}` stores it for this project, and asks for the value"),
                Err(error) => format!("{error}: choose another name for it"),
            },
            Store::File | Store::Azapp => {
                "`${envvars.X}` and `${usersecrets.X}` are read: an environment variable, and what `slt secret set X` stored"
                    .to_owned()
            }
        }),
        BindError::Address { .. } => Some(
            "an address is like `redis://127.0.0.1:6379`, or `redis://:PASSWORD@HOST:PORT/DATABASE`".to_owned(),
        ),
        BindError::Unknown(_) | BindError::Planned(_) | BindError::Missing { .. } => None,
    }
}

fn output(stream: &'static str, sink: &Sink) -> Output {
    let sink = Arc::clone(sink);
    Output::observed(Arc::new(move |line| {
        sink(Event::GuestOutput {
            stream: stream.to_owned(),
            line: line.to_owned(),
        });
    }))
}

async fn run_command(
    session: &Session<'_>,
    deployment: &Deployment,
    loaded: &Loaded,
    path: &Path,
    arguments: &[String],
) -> Result<Exit, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let arguments: Vec<String> = std::iter::once(name).chain(arguments.iter().cloned()).collect();
    let mut interrupts = interrupts(session)?;
    let end = tokio::select! {
        biased;
        () = interrupts.next() => return Err(Failure::interrupted()),
        end = deployment.command(loaded, &arguments) => end,
    };
    match end {
        GuestEnd::Done => Ok(Exit::Done),
        GuestEnd::Failed => Ok(Exit::Failed),
        end => Err(Failure::failed(end.to_string())),
    }
}

async fn serve_http(
    session: &Session<'_>,
    deployment: Deployment,
    listen: &str,
    clock: Clock,
    sink: &Sink,
) -> Result<Exit, Failure> {
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| cannot_listen(listen, &error))?;
    let address = listener.local_addr().map_err(|error| cannot_listen(listen, &error))?;
    let interrupts = interrupts(session)?;
    sink(Event::Listening {
        service: "http".into(),
        address: format!("http://{address}"),
    });
    let ((first, shutdown), (second, at_once)) = (Shutdown::new(), Shutdown::new());
    tokio::spawn(stop_when_interrupted(interrupts, first, second, Arc::clone(sink)));
    serve(
        deployment,
        listener,
        clock,
        Arc::clone(sink),
        Stop { shutdown, at_once },
    )
    .await;
    Ok(Exit::Done)
}

/// Why an address cannot be listened on, and the way out.
pub(super) fn cannot_listen(address: &str, error: &std::io::Error) -> Failure {
    let failure = Failure::environment(format!("cannot listen on {address}: {}", os::reason(error)));
    match error.kind() {
        std::io::ErrorKind::AddrInUse => failure.hint(format!(
            "another program listens there; choose another port, or 0 for a free one: `{}`",
            address
                .parse::<SocketAddr>()
                .map_or_else(|_| "127.0.0.1:0".into(), |at| SocketAddr::new(at.ip(), 0).to_string())
        )),
        std::io::ErrorKind::PermissionDenied => failure.hint("ports below 1024 may be reserved; choose a higher one"),
        _ => {
            failure.hint("the host must be an address of this machine: `127.0.0.1`, `[::1]`, `0.0.0.0` for all of them")
        }
    }
}

/// Fires `first` at the first Ctrl-C (or, on Unix, SIGTERM), and `second` at the second.
async fn stop_when_interrupted(mut interrupts: processes::Interrupts, first: Trigger, second: Trigger, sink: Sink) {
    interrupts.next().await;
    sink(Event::Note {
        message: "stopping: requests that are open may end; once more to stop at once".into(),
    });
    first.fire();
    interrupts.next().await;
    second.fire();
}
