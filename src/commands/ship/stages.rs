//! The steps of `slt ship`, each with its state and its time.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::commands::{Failure, Session};
use crate::events::{Event, Stage, StageState};
use crate::support::os::{self, Interrupts};

/// How long is listened for an interrupt behind a step: what came before is there at once.
const GLANCE: Duration = Duration::from_millis(1);

/// Runs one step after the other. Whoever has listened to a signal once has taken it from the system for good: one that comes while
/// nobody listens, as a step builds or tests, ends the command behind it.
pub(super) struct Stages<'a> {
    session: &'a Session<'a>,
    runtime: Runtime,
    interrupts: RefCell<Interrupts>,
}

impl<'a> Stages<'a> {
    pub(super) fn new(session: &'a Session<'a>) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::environment(format!("no event queue: {}", os::reason(&error))))?;
        let interrupts = RefCell::new(runtime.block_on(async { Interrupts::listen() }));
        Ok(Self {
            session,
            runtime,
            interrupts,
        })
    }

    /// Whether somebody has asked for an end since the last step.
    #[allow(clippy::disallowed_methods)] // a signal comes in real time
    fn is_interrupted(&self) -> bool {
        let mut interrupts = self.interrupts.borrow_mut();
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = interrupts.next() => true,
                () = tokio::time::sleep(GLANCE) => false,
            }
        })
    }

    /// Runs a step, which gives what it made, and what to say of it.
    #[allow(clippy::disallowed_methods)] // how long a step takes is real time
    pub(super) fn run<T>(
        &self,
        name: &'static str,
        work: impl FnOnce() -> Result<(T, String), Failure>,
    ) -> Result<T, Failure> {
        let started = Instant::now();
        self.tell(name, StageState::Started, None, 0);
        let done = work().and_then(|made| match self.is_interrupted() {
            true => Err(Failure::failed("interrupted")),
            false => Ok(made),
        });
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match done {
            Ok((made, detail)) => {
                self.tell(name, StageState::Done, Some(detail), milliseconds);
                Ok(made)
            }
            Err(failure) => {
                self.tell(name, StageState::Failed, None, milliseconds);
                Err(failure)
            }
        }
    }

    /// Says that a step is left out.
    pub(super) fn skip(&self, name: &'static str, why: &str) {
        self.tell(name, StageState::Skipped, Some(why.to_owned()), 0);
    }

    fn tell(&self, name: &'static str, state: StageState, detail: Option<String>, milliseconds: u64) {
        self.session.ui.event(&Event::Stage(Stage {
            name,
            state,
            detail,
            milliseconds,
        }));
    }
}
