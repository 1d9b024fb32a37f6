//! `slt completions`

use super::{Exit, Failure, Session};
use crate::cli::Completions;

/// Runs `slt completions`.
pub fn run(_session: &Session<'_>, _arguments: &Completions) -> Result<Exit, Failure> {
    Err(Failure::usage("not here yet"))
}
