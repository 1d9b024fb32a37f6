//! One command that runs: what its handler may use.

use bytes::Bytes;

use super::error::Error;
use super::number;
use super::request::Arguments;
use super::session::Session;
use super::state::State;
use super::store::Entry;
use super::table::Command;
use crate::chassis::{Clock, Limits};

/// What is fixed for a connection.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The time.
    pub clock: Clock,
    /// How far things may grow.
    pub limits: Limits,
    /// Derived from the seed: `run_id` in `INFO`.
    pub run_id: String,
}

/// One command that runs.
pub struct Call<'a> {
    /// What connections share.
    pub state: &'a mut State,
    /// The connection's own.
    pub session: &'a mut Session,
    /// The request; the first is the name.
    pub arguments: Arguments<'a>,
    /// The row of the table.
    pub command: &'static Command,
    /// Milliseconds since 1970.
    pub now: i64,
    /// What is fixed.
    pub surroundings: &'a Surroundings,
}

impl<'a> Call<'a> {
    /// An argument; 0 is the name.
    #[must_use]
    pub fn argument(&self, index: usize) -> &'a [u8] {
        self.arguments.at(index)
    }

    /// An argument that is a number of 64 bits.
    ///
    /// # Errors
    /// It is not.
    pub fn integer(&self, index: usize) -> Result<i64, Error> {
        number::parse(self.argument(index)).ok_or(Error::NotAnInteger)
    }

    /// Whether an argument is this word, in any case.
    #[must_use]
    pub fn is_word(&self, index: usize, word: &str) -> bool {
        self.argument(index).eq_ignore_ascii_case(word.as_bytes())
    }

    /// The value of a key, read.
    pub fn read(&mut self, key: &[u8]) -> Option<Entry> {
        self.state.store.read(self.session.database, key, self.now)
    }

    /// The value of a key, about to change.
    pub fn read_to_change(&mut self, key: &[u8]) -> Option<Entry> {
        self.state.store.read_to_change(self.session.database, key, self.now)
    }

    /// The value of a key, which is not a use of it, but a hit or a miss.
    pub fn look(&mut self, key: &[u8]) -> Option<Entry> {
        self.state.store.look(self.session.database, key, self.now)
    }

    /// The value of a key, without counting at all.
    pub fn peek(&mut self, key: &[u8]) -> Option<Entry> {
        self.state.store.peek(self.session.database, key, self.now)
    }

    /// Sets a key.
    pub fn set(&mut self, key: &[u8], entry: Entry) {
        // a shared object has no time of its own at which it was used
        let entry = if self.state.configuration.evicts_by_use() {
            entry.unshared()
        } else {
            entry
        };
        self.state.store.set(self.session.database, key, entry, self.now);
    }

    /// Removes a key.
    pub fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        self.state.store.remove(self.session.database, key)
    }

    /// The longest string that may be stored, in bytes.
    #[must_use]
    pub fn max_string_bytes(&self) -> i64 {
        self.state.configuration.max_bulk_bytes(&self.surroundings.limits)
    }
}

/// Copies bytes out of the request, so that a small value does not hold a large buffer.
#[must_use]
pub fn copied(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}
