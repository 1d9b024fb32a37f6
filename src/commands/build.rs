//! `slt build`

use super::{Exit, Failure, Session};
use crate::cli::Build;

/// Runs `slt build`.
pub fn run(_session: &Session<'_>, _arguments: &Build) -> Result<Exit, Failure> {
    Err(Failure::usage("not here yet"))
}
