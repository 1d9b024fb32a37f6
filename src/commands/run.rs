//! `slt run`

use super::{Exit, Failure, Session};
use crate::cli::Run;

/// Runs `slt run`.
pub fn run(_session: &Session<'_>, _arguments: &Run) -> Result<Exit, Failure> {
    Err(Failure::usage("not here yet"))
}
