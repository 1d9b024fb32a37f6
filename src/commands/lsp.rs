//! `slt lsp`: the language server, over standard input and output, until the editor ends it.

use std::io::IsTerminal;

use super::{Exit, Failure, Session};
use crate::cli::Lsp;
use crate::lsp;

/// Runs `slt lsp`.
pub fn run(session: &Session<'_>, _: &Lsp) -> Result<Exit, Failure> {
    let mut input = std::io::stdin().lock();
    if input.is_terminal() {
        return Err(
            Failure::usage("`slt lsp` speaks with an editor, and this is a terminal")
                .hint("`slt lsp --help` shows how an editor starts it"),
        );
    }
    match lsp::serve(&mut input, &mut session.ui.protocol()) {
        Ok(true) => Ok(Exit::Done),
        Ok(false) => Ok(Exit::Failed),
        Err(broken) => Err(Failure::failed(broken.to_string())),
    }
}
