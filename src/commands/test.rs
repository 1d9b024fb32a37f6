//! `slt test`

use super::{Exit, Failure, Session};
use crate::cli::Test;

/// Runs `slt test`.
pub fn run(_session: &Session<'_>, _arguments: &Test) -> Result<Exit, Failure> {
    Err(Failure::usage("not here yet"))
}
