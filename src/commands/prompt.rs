//! The one way to ask for a secret on a terminal. What asks for something that may be seen is `Ui::ask`.
//!
//! Ctrl-C is a key to the prompt, which puts the terminal back and gives up. From then on the signal ends nothing by itself: whatever
//! waits for long after a prompt listens to it, as [`super::registries::wait`] does.

use std::io;

use super::{Failure, Session};
use crate::support::os;
use crate::support::secret::Secret;

/// Asks; `hint` is how to give it without a terminal.
pub(super) fn secret(session: &Session<'_>, question: &str, hint: &str) -> Result<Secret, Failure> {
    session.ui.ask_secret(question).map_err(|error| match error.kind() {
        io::ErrorKind::Interrupted | io::ErrorKind::UnexpectedEof => Failure::failed("interrupted: nothing was done"),
        _ => Failure::environment(format!("cannot ask on the terminal: {}", os::reason(&error))).hint(hint),
    })
}
