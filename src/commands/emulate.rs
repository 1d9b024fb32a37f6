//! `slt emulate`

use super::{Exit, Failure, Session};
use crate::cli::Emulate;

/// Runs `slt emulate`.
pub fn run(_session: &Session<'_>, _arguments: &Emulate) -> Result<Exit, Failure> {
    Err(Failure::usage("not here yet"))
}
