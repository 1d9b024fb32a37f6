//! Edits of a slightfile's text that leave everything else in it as it is: comments, order, spacing, line endings.
//!
//! Text in, edits out; nothing is read or written. What an entry *should* say takes the catalogue, and is decided by `scaffold`.
//!
//! *Invariant:* an entry that [`add`] writes and [`remove`] takes out leaves the text as it was, byte for byte.

mod add;
pub mod layout;
mod remove;

pub use add::{NewEntry, add};
pub use layout::Layout;
pub use remove::{Removal, remove};

/// A string as TOML writes it.
#[must_use]
pub fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
