//! The store, without a connection: for fixtures, and for tests on the host's side.
//!
//! It has no clock: what has expired is still shown, with the time at which it did.

use bytes::Bytes;

use super::Redis;
use super::store::{Entry, Store};

/// Access to the databases of a [`Redis`].
#[derive(Debug, Clone, Copy)]
pub struct Direct<'a>(&'a Redis);

/// A value that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The string.
    pub value: Bytes,
    /// The last millisecond, since 1970, in which it is there.
    pub expires_at_milliseconds: Option<u64>,
}

impl<'a> Direct<'a> {
    pub(super) fn new(redis: &'a Redis) -> Self {
        Self(redis)
    }

    fn with<R>(self, act: impl FnOnce(&mut Store) -> R) -> R {
        act(&mut self.0.state().store)
    }

    /// Sets a key of a database (0 to 15), which expires at a time in milliseconds since 1970, or never.
    pub fn set(self, database: usize, key: &[u8], value: &[u8], expires_at_milliseconds: Option<u64>) {
        let at = expires_at_milliseconds.map(|at| i64::try_from(at).unwrap_or(i64::MAX));
        let entry = Entry::new(Bytes::copy_from_slice(value)).expiring(at);
        self.with(|store| store.set(database, key, entry, 0));
    }

    /// The value of a key, whether or not it has expired.
    #[must_use]
    pub fn get(self, database: usize, key: &[u8]) -> Option<Stored> {
        let entry = self.with(|store| store.peek(database, key, i64::MIN))?;
        let at = entry.expires_at.map(|at| u64::try_from(at).unwrap_or(0));
        Some(Stored {
            value: entry.value,
            expires_at_milliseconds: at,
        })
    }

    /// How many keys a database has, with those that have expired and were not looked at since.
    #[must_use]
    pub fn len(self, database: usize) -> usize {
        self.with(|store| store.len(database, i64::MIN))
    }

    /// Whether a database has no keys.
    #[must_use]
    pub fn is_empty(self, database: usize) -> bool {
        self.len(database) == 0
    }

    /// How many shards this Redis has copied because a fork shared them.
    #[must_use]
    pub fn copied_shards(self) -> u64 {
        self.with(|store| store.copied_shards())
    }
}
