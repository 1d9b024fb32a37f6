//! `slt completions`: the completion script of a shell, on stdout.

use clap::CommandFactory;

use super::{Exit, Failure, Session};
use crate::cli::{Cli, Completions};

/// Runs `slt completions`.
pub fn run(session: &Session<'_>, arguments: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "slt", &mut script);
    session.ui.text(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
