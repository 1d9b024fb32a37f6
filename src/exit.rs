//! How a command ends: the exit codes, and what the user is told when it fails.
//!
//! *Invariant:* codes are never shared: "the tests failed" is not "the tool failed". Nothing here exits; `main` does.

use std::process::ExitCode;

/// Exit codes, as `docs/exit-codes.md` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done = 0,
    /// 1: the user's thing failed: tests failed, check found errors, a guest returned an error.
    Failed = 1,
    /// 2: wrong usage or configuration.
    Usage = 2,
    /// 3: the environment failed: a missing toolchain, a port in use, a server that cannot be reached.
    Environment = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Why a command could not do its work: what the user is told, and the exit code.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened: lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// The user's thing failed (exit 1).
    pub fn failed(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Failed,
            message: message.into(),
            hint: None,
        }
    }

    /// The user asked for an end before it was done (exit 1).
    #[must_use]
    pub fn interrupted() -> Self {
        Self::failed("interrupted")
    }

    /// Wrong usage or configuration (exit 2).
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            message: message.into(),
            hint: None,
        }
    }

    /// The environment failed (exit 3).
    pub fn environment(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Environment,
            message: message.into(),
            hint: None,
        }
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
