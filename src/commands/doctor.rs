//! `slt doctor`

use super::{Exit, Failure, Session};
use crate::cli::Doctor;

/// Runs `slt doctor`.
pub fn run(_session: &Session<'_>, _arguments: &Doctor) -> Result<Exit, Failure> {
    Err(Failure::usage("not here yet"))
}
