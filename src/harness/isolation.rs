//! One test, alone: a fresh runtime with virtual time, a fresh world of services, a fresh deployment.

use std::sync::Arc;
use std::time::Duration;

use slt_emulators::chassis::{
    DEFAULT_WALL_NANOSECONDS, Deadlock, Faults, Journal, Limits, Seed, Shutdown, Simulation, World,
};

use crate::catalogue::Catalogue;
use crate::deployment::{BindError, Deployment, Parts, Services, Watchdog, bind};
use crate::events::Sink;
use crate::host::{GuestEnd, Interrupt, Loaded, Output};
use crate::providers::endpoint::within;
use crate::slightfile::Slightfile;

/// How many exchanges of one test are kept.
const JOURNAL_RECORDS: usize = 10_000;

/// How much virtual time the app may still take, after the test, to end what it began.
const DRAIN: Duration = Duration::from_secs(30);

/// What the tests of a run share: nothing that one of them can change.
pub struct Shared {
    /// Stops tests whose real time is over.
    pub watchdog: Watchdog,
    /// The app under test.
    pub app: Option<Loaded>,
    /// What stands behind the capabilities.
    pub slightfile: Slightfile,
    /// The resources that there are.
    pub catalogue: Catalogue,
    /// The seed of the run.
    pub seed: u64,
    /// The real time that one test may take.
    pub timeout: Duration,
    /// What happens is told here.
    pub sink: Sink,
}

/// What became of one process of a guest.
#[derive(Debug)]
pub struct Ran {
    /// How it ended; an error: everything waited, and nothing was left to wait for.
    pub end: Result<GuestEnd, Deadlock>,
    /// What it wrote, its app included.
    pub stdout: String,
    /// What it wrote to its standard error, its app included.
    pub stderr: String,
    /// Virtual time at its end, in nanoseconds.
    pub virtual_nanoseconds: u64,
    /// What its services were asked.
    pub journal: Journal,
}

/// Why a test could not even begin.
#[derive(Debug, thiserror::Error)]
pub enum Unstarted {
    /// No runtime.
    #[error("no event queue: {0}")]
    Runtime(#[from] std::io::Error),
    /// The slightfile.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Bind(Vec<BindError>),
}

/// Runs `artifact` once with `arguments`, in a world of its own. `name` names the random streams.
///
/// # Errors
/// When the world cannot be made.
pub fn run_once(shared: &Shared, artifact: &Loaded, name: &str, arguments: &[String]) -> Result<Ran, Unstarted> {
    let simulation = Simulation::new(DEFAULT_WALL_NANOSECONDS)?;
    let (_trigger, shutdown) = Shutdown::new();
    let world = World {
        clock: simulation.clock(),
        seed: Seed::new(shared.seed).child(name),
        faults: Faults::default(),
        journal: Journal::new(JOURNAL_RECORDS),
        shutdown,
        limits: Limits::default(),
    };
    let bound = bind(&shared.slightfile, &shared.catalogue, &Services::Emulated(&world)).map_err(Unstarted::Bind)?;
    let (stdout, stderr) = (Output::captured(), Output::captured());
    let interrupt = Arc::new(Interrupt::default());
    let deployment = Deployment::new(Parts {
        app: shared.app.clone(),
        bound,
        clock: world.clock.clone(),
        seed: Some(world.seed.clone()),
        stdout: stdout.clone(),
        stderr: stderr.clone(),
        sink: Arc::clone(&shared.sink),
        testing: true,
        interrupt: Some(Arc::clone(&interrupt)),
        watchdog: None,
        request_timeout: None,
    });
    let watch = shared.watchdog.watch(shared.timeout, &interrupt);
    let end = simulation.block_on(deployment.command(artifact, arguments));
    if matches!(end, Ok(GuestEnd::Done | GuestEnd::Failed)) {
        // what the app does after its answer belongs to the test; a deadlock there is the app's own, and shows in its output
        let _ = simulation.block_on(within(&world.clock, DRAIN, deployment.drain()));
    }
    drop(watch);
    Ok(Ran {
        end,
        stdout: stdout.text(),
        stderr: stderr.text(),
        virtual_nanoseconds: world.clock.now_monotonic(),
        journal: world.journal,
    })
}
