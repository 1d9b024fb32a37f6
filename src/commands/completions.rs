//! `slt completions`: the completion script of a shell, on stdout.

use super::{Exit, Failure, Session, command};
use crate::cli::Completions;

/// Runs `slt completions`.
pub fn run(session: &Session<'_>, arguments: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command(), "slt", &mut script);
    session.ui.text(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
