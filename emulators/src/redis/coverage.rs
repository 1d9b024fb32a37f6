//! What is covered: rows from the dispatch table, and the page that is made of them.

use crate::chassis::{Coverage, State};

use super::table;

/// The rows: a command that can be called, or that Redis has and this emulator has not.
#[must_use]
pub fn rows() -> Vec<Coverage> {
    let refused = table::REFUSED.iter().map(|command| Coverage {
        command,
        option: "",
        state: State::Refused,
        proof: "",
        note: "",
    });
    refused.collect()
}

/// The page `docs/emulators/redis.md`.
#[must_use]
pub fn markdown() -> String {
    String::new()
}
