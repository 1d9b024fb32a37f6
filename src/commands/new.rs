//! `slt new`

use super::{Exit, Failure, Session};
use crate::cli::New;

/// Runs `slt new`.
pub fn run(_session: &Session<'_>, _arguments: &New) -> Result<Exit, Failure> {
    Err(Failure::usage("not here yet"))
}
