//! What an emulator covers: each command and option, its state, and the test that proves it.
//!
//! The table is the dispatch table's own: a command that is not in it cannot be called.

use serde::Serialize;

/// How far a command or option is emulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It answers and acts as the service does.
    Implemented,
    /// It answers; what it leaves out is said in the note.
    Partial,
    /// It answers as the service answers an unknown one, and is recorded.
    Refused,
}

/// One row of a coverage table.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Coverage {
    /// `SET`, `CLIENT LIST`
    pub command: &'static str,
    /// `""` for the command itself, or an option of it: `KEEPTTL`
    pub option: &'static str,
    /// How far.
    pub state: State,
    /// The test that proves it.
    pub proof: &'static str,
    /// What is left out, if anything.
    pub note: &'static str,
}
