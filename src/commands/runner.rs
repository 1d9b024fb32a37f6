//! `slt runner`

use super::{Exit, Failure, Session};
use crate::cli::Runner;

/// Runs `slt runner`.
pub fn run(_session: &Session<'_>, _arguments: &Runner) -> Result<Exit, Failure> {
    Err(Failure::usage("not here yet"))
}
