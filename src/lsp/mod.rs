//! The language server for slightfiles: the grammar, the catalogue and `slt check`, while a slightfile is being typed.
//!
//! `transport` has the bytes, `server` the session, and a file each what one kind of request asks, as a function of a document and a
//! place in it. The world of a project is read through `project`, and only when it changed.
//!
//! *Invariant:* what is answered is computed from the document, the grammar, the catalogue and the project's folder; neither the
//! environment nor a store of secrets is looked at, and no value of a configuration key is ever sent.

mod actions;
mod capabilities;
mod completion;
mod cursor;
mod definition;
mod diagnostics;
mod documents;
mod formatting;
mod hover;
mod outline;
mod position;
mod server;
mod symbols;
mod transport;
mod view;

use std::io::{BufRead, Write};

pub use server::Server;
pub use transport::{Broken, MESSAGE_MAX_BYTES};

use transport::Received;

/// Speaks with a client until it ends the session. Says whether it did so properly: with `shutdown` first.
///
/// # Errors
/// When what comes cannot be told apart into messages.
pub fn serve(input: &mut impl BufRead, output: &mut impl Write) -> Result<bool, Broken> {
    let mut server = Server::default();
    loop {
        match transport::read(input)? {
            Received::Message(message) => {
                for reply in server.handle(message) {
                    // A client that is not there any more reads nothing: the end of its messages comes next.
                    let _ = reply.write(output);
                }
            }
            Received::Malformed(code) => drop(transport::refuse(output, code)),
            Received::End => return Ok(server.is_shut_down()),
        }
        if let Some(properly) = server.ended() {
            return Ok(properly);
        }
    }
}

#[cfg(test)]
mod tests;
