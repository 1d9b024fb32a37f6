//! The steps of `slt ship`, each with its state and its time.

use std::time::{Duration, Instant};

use crate::commands::{Failure, Session};
use crate::events::{Event, Stage, StageState};
use crate::support::waiting::Ending;

/// How long a step that has failed waits for the signal that may have been the reason: Ctrl-C reaches a tool and slt at once, and the
/// tool's end may be seen first.
const GLANCE: Duration = Duration::from_millis(100);

/// Runs one step after the other, until the user asks for an end.
pub(super) struct Stages<'a> {
    session: &'a Session<'a>,
}

impl<'a> Stages<'a> {
    pub(super) fn new(session: &'a Session<'a>) -> Self {
        Self { session }
    }

    /// Whether somebody has asked for an end since the last step.
    fn is_interrupted(&self) -> bool {
        self.session.ending().is_some_and(Ending::is_asked)
    }

    /// Runs a step, which gives what it made, and what to say of it.
    #[allow(clippy::disallowed_methods)] // how long a step takes is real time
    pub(super) fn run<T>(
        &self,
        name: &'static str,
        work: impl FnOnce() -> Result<(T, String), Failure>,
    ) -> Result<T, Failure> {
        let interrupted = Failure::interrupted;
        if self.is_interrupted() {
            return Err(interrupted());
        }
        let started = Instant::now();
        self.tell(name, StageState::Started, None, 0);
        let done = match work() {
            Ok(_) if self.is_interrupted() => Err(interrupted()),
            Err(_)
                if self
                    .session
                    .ending()
                    .is_some_and(|ending| ending.is_asked_within(GLANCE)) =>
            {
                Err(interrupted())
            }
            done => done,
        };
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
