//! `slt check`

use super::{Exit, Failure, Session};
use crate::cli::Check;

/// Runs `slt check`.
pub fn run(_session: &Session<'_>, _arguments: &Check) -> Result<Exit, Failure> {
    Err(Failure::usage("not here yet"))
}
