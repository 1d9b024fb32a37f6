//! One test, alone: a fresh runtime with virtual time, a fresh world of services, a fresh deployment.

use std::sync::Arc;
use std::time::Duration;

use slt_emulators::chassis::{
    DEFAULT_WALL_NANOSECONDS, Deadlock, Faults, Journal, Limits, Seed, Shutdown, Simulation, Trigger, World,
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
    /// Virtual time at its end, in nanoseconds; 0 after a deadlock, which time outran.
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

/// A world of its own: runtime, clock, services, deployment.
pub struct Isolated {
    simulation: Simulation,
    world: World,
    deployment: Deployment,
    interrupt: Arc<Interrupt>,
    watchdog: Watchdog,
    timeout: Duration,
    stdout: Output,
    stderr: Output,
    _stop: Trigger,
}

impl Isolated {
    /// Makes a world; `name` names its random streams.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(shared: &Shared, name: &str) -> Result<Self, Unstarted> {
        let simulation = Simulation::new(DEFAULT_WALL_NANOSECONDS)?;
        let (stop, shutdown) = Shutdown::new();
        let world = World {
            clock: simulation.clock(),
            seed: Seed::new(shared.seed).child(name),
            faults: Faults::default(),
            journal: Journal::new(JOURNAL_RECORDS),
            shutdown,
            limits: Limits::default(),
        };
        let bound =
            bind(&shared.slightfile, &shared.catalogue, &Services::Emulated(&world)).map_err(Unstarted::Bind)?;
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
        let (watchdog, timeout) = (shared.watchdog.clone(), shared.timeout);
        Ok(Self {
            simulation,
            world,
            deployment,
            interrupt,
            watchdog,
            timeout,
            stdout,
            stderr,
            _stop: stop,
        })
    }

    /// What is deployed, with its services: to prepare them before a guest runs.
    #[must_use]
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// Clock, seed, faults and journal.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Runs a future in this world.
    ///
    /// # Errors
    /// [`Deadlock`] when everything waits, and nothing is left to wait for.
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, Deadlock> {
        self.simulation.block_on(future)
    }

    /// Runs a guest to its end, and lets its app end what it began.
    #[must_use]
    pub fn run(self, artifact: &Loaded, arguments: &[String]) -> Ran {
        self.run_with(artifact, arguments, &[])
    }

    /// As [`Isolated::run`], with variables in the guest's environment, which is empty otherwise.
    #[must_use]
    pub fn run_with(self, artifact: &Loaded, arguments: &[String], environment: &[(&str, &str)]) -> Ran {
        let watch = self.watchdog.watch(self.timeout, &self.interrupt);
        let end = self.block_on(self.deployment.command_with(artifact, arguments, environment));
        if matches!(end, Ok(GuestEnd::Done | GuestEnd::Failed)) {
            // a deadlock there is the app's own, after it answered: there is nobody left whom it could concern
            let drain = within(&self.world.clock, DRAIN, self.deployment.drain());
            let _ = self.block_on(async {
                tokio::select! {
                    biased;
                    _ = drain => {}
                    () = self.interrupt.stopped() => {}
                }
            });
        }
        drop(watch);
        let virtual_nanoseconds = end.as_ref().map_or(0, |_| self.world.clock.now_monotonic());
        Ran {
            end,
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
            virtual_nanoseconds,
            journal: self.world.journal,
        }
    }
}

/// Runs `artifact` once with `arguments`, in a world of its own.
///
/// # Errors
/// When the world cannot be made.
pub fn run_once(shared: &Shared, artifact: &Loaded, name: &str, arguments: &[String]) -> Result<Ran, Unstarted> {
    Ok(Isolated::new(shared, name)?.run(artifact, arguments))
}
