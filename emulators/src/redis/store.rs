//! The databases: keys, values, and when they expire.
//!
//! A key that has expired is gone for every command, whether or not it was removed already. In the millisecond of its
//! expiry it is still there (`PTTL` answers 0), as in Redis; in the next it is gone.
//! Time is passed in. Contents lie in [`Shards`]: to clone a [`Store`] is to fork it. Who watches what is part of the
//! store, as only the store sees every change; a fork has no watchers.
//!
//! *Invariant:* nothing changes a key without telling its watchers.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::number;
use crate::chassis::{Random, Shards};

/// Redis's default.
pub const DATABASES: usize = 16;
/// What an entry takes besides its key and value, in bytes, about.
const ENTRY_OVERHEAD_BYTES: u64 = 64;
/// The longest string that Redis keeps together with its header, in bytes: its `OBJ_ENCODING_EMBSTR_SIZE_LIMIT`.
const EMBEDDED_MAX_BYTES: usize = 44;
/// Redis shares one object for each of the numbers below this.
const SHARED_INTEGERS: i64 = 10_000;
/// A cursor of `SCAN` is the upper part of a hash: 48 bits, which every client's number type holds.
const CURSOR_SHIFT: u32 = 16;

/// How Redis would hold a string: `OBJECT ENCODING` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// A number of 64 bits.
    Integer,
    /// A small number, of which there is one object for all: `OBJECT REFCOUNT` shows it.
    Shared,
    /// A short string.
    Embedded,
    /// A long string, or one that was changed in place.
    Raw,
}

/// A key's value and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The string.
    pub value: Bytes,
    /// How Redis would hold it.
    pub encoding: Encoding,
    /// The last of its milliseconds, since 1970.
    pub expires_at: Option<i64>,
    /// When it was last used, in seconds since 1970: the grain of Redis's own clock for it.
    pub used_at: i64,
}

impl Entry {
    /// A value as a client sent it, held as Redis would hold it. It does not expire.
    #[must_use]
    pub fn new(value: Bytes) -> Self {
        let encoding = match number::parse(&value) {
            Some(0..SHARED_INTEGERS) => Encoding::Shared,
            Some(_) => Encoding::Integer,
            None if value.len() <= EMBEDDED_MAX_BYTES => Encoding::Embedded,
            None => Encoding::Raw,
        };
        Self {
            value,
            encoding,
            expires_at: None,
            used_at: 0,
        }
    }

    /// A value that a command put together.
    #[must_use]
    pub fn of_text(value: Bytes) -> Self {
        let encoding = if value.len() <= EMBEDDED_MAX_BYTES {
            Encoding::Embedded
        } else {
            Encoding::Raw
        };
        Self {
            value,
            encoding,
            expires_at: None,
            used_at: 0,
        }
    }

    /// A value that was changed in place.
    #[must_use]
    pub fn raw(value: Bytes) -> Self {
        Self {
            value,
            encoding: Encoding::Raw,
            expires_at: None,
            used_at: 0,
        }
    }

    /// With this time to live.
    #[must_use]
    pub fn expiring(mut self, at: Option<i64>) -> Self {
        self.expires_at = at;
        self
    }

    /// With an object of its own.
    #[must_use]
    pub fn unshared(mut self) -> Self {
        if self.encoding == Encoding::Shared {
            self.encoding = Encoding::Integer;
        }
        self
    }

    fn is_expired(&self, now: i64) -> bool {
        self.expires_at.is_some_and(|at| now > at)
    }
}

/// One database.
#[derive(Debug, Clone, Default)]
struct Database {
    entries: Shards<Entry>,
    /// How many of them expire.
    expiring: usize,
    /// No entry has expired up to this millisecond.
    soonest: i64,
    bytes: u64,
}

/// What `INFO` says of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keyspace {
    /// How many keys there are.
    pub keys: usize,
    /// How many of them expire.
    pub expiring: usize,
}

/// A key that was drawn.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// The key.
    pub key: Bytes,
    /// When it was last used, in seconds since 1970.
    pub used_at: i64,
    /// The last of its milliseconds, since 1970.
    pub expires_at: Option<i64>,
}

/// What was found, for `INFO`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Statistics {
    /// Keys that were read and were there.
    pub hits: u64,
    /// Keys that were read and were not there.
    pub misses: u64,
    /// Keys that expired.
    pub expired: u64,
    /// Keys that were removed to make room.
    pub evicted: u64,
}

/// All databases.
#[derive(Debug)]
pub struct Store {
    databases: Vec<Database>,
    /// Who watches which key, for each database.
    watchers: Vec<BTreeMap<Bytes, Vec<u64>>>,
    /// Watchers whose key has changed.
    disturbed: BTreeSet<u64>,
    /// Counted since the start, or `CONFIG RESETSTAT`.
    pub statistics: Statistics,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            databases: vec![Database::default(); DATABASES],
            watchers: vec![BTreeMap::new(); DATABASES],
            disturbed: BTreeSet::new(),
            statistics: Statistics::default(),
        }
    }
}

impl Clone for Store {
    /// The fork: the same contents, and nobody who watches.
    fn clone(&self) -> Self {
        Self {
            databases: self.databases.clone(),
            ..Self::default()
        }
    }
}

impl Store {
    /// The value of a key, which counts as a use of it.
    pub fn read(&mut self, database: usize, key: &[u8], now: i64) -> Option<Entry> {
        let entry = self.look(database, key, now)?;
        self.use_at(database, key, &entry, now);
        Some(entry)
    }

    /// The value of a key, which counts as a hit or a miss, but not as a use.
    pub fn look(&mut self, database: usize, key: &[u8], now: i64) -> Option<Entry> {
        let entry = self.peek(database, key, now);
        if entry.is_some() {
            self.statistics.hits += 1;
        } else {
            self.statistics.misses += 1;
        }
        entry
    }

    /// The value of a key that is about to change, which counts as a use of it, but not as a hit.
    pub fn read_to_change(&mut self, database: usize, key: &[u8], now: i64) -> Option<Entry> {
        let entry = self.peek(database, key, now)?;
        self.use_at(database, key, &entry, now);
        Some(entry)
    }

    fn use_at(&mut self, database: usize, key: &[u8], entry: &Entry, now: i64) {
        // only when the second has changed: a write copies what a fork shares
        if entry.used_at != now / 1_000
            && let Some(entry) = self
                .databases
                .get_mut(database)
                .and_then(|found| found.entries.get_mut(key))
        {
            entry.used_at = now / 1_000;
        }
    }

    /// The value of a key, without counting at all.
    pub fn peek(&mut self, database: usize, key: &[u8], now: i64) -> Option<Entry> {
        let entry = self.databases.get(database)?.entries.get(key)?.clone();
        if entry.is_expired(now) {
            self.statistics.expired += 1;
            self.remove(database, key);
            return None;
        }
        Some(entry)
    }

    /// Sets a key.
    pub fn set(&mut self, database: usize, key: &[u8], mut entry: Entry, now: i64) {
        entry.used_at = now / 1_000;
        let Some(found) = self.databases.get_mut(database) else {
            return;
        };
        found.count(key, &entry);
        match found.entries.get_mut(key) {
            Some(place) => {
                let old = std::mem::replace(place, entry);
                found.discount(key, &old);
            }
            None => {
                found.entries.insert(Bytes::copy_from_slice(key), entry);
            }
        }
        self.disturb(database, key);
    }

    /// Changes when a key expires; `None` is never.
    pub fn expire(&mut self, database: usize, key: &[u8], at: Option<i64>) {
        let Some(found) = self.databases.get_mut(database) else {
            return;
        };
        let Some(entry) = found.entries.get_mut(key) else {
            return;
        };
        let before = entry.expires_at.is_some();
        entry.expires_at = at;
        found.expiring = found.expiring + usize::from(at.is_some()) - usize::from(before);
        found.soonest = found.soonest.min(at.unwrap_or(i64::MAX));
        self.disturb(database, key);
    }

    /// Removes a key.
    pub fn remove(&mut self, database: usize, key: &[u8]) -> Option<Entry> {
        let found = self.databases.get_mut(database)?;
        let entry = found.entries.remove(key)?;
        found.discount(key, &entry);
        self.disturb(database, key);
        Some(entry)
    }

    /// How many keys there are.
    pub fn len(&mut self, database: usize, now: i64) -> usize {
        self.sweep(database, now);
        self.databases.get(database).map_or(0, |found| found.entries.len())
    }

    /// How many keys there are, and how many expire.
    pub fn keyspace(&mut self, database: usize, now: i64) -> Keyspace {
        let keys = self.len(database, now);
        let expiring = self.databases.get(database).map_or(0, |found| found.expiring);
        Keyspace { keys, expiring }
    }

    /// Removes what has expired, if anything has.
    fn sweep(&mut self, database: usize, now: i64) {
        let Some(found) = self.databases.get_mut(database) else {
            return;
        };
        if found.expiring == 0 || now <= found.soonest {
            return;
        }
        found.soonest = found
            .entries
            .iter()
            .filter_map(|(_, entry)| entry.expires_at)
            .filter(|at| *at >= now)
            .min()
            .unwrap_or(i64::MAX);
        let expired: Vec<Bytes> = found
            .entries
            .iter()
            .filter(|(_, entry)| entry.is_expired(now))
            .map(|(key, _)| key.clone())
            .collect();
        for key in expired {
            self.statistics.expired += 1;
            self.remove(database, &key);
        }
    }

    /// Every key, in no order that means anything.
    pub fn keys(&self, database: usize, now: i64) -> impl Iterator<Item = &Bytes> {
        self.databases
            .get(database)
            .into_iter()
            .flat_map(|found| found.entries.iter())
            .filter(move |(_, entry)| !entry.is_expired(now))
            .map(|(key, _)| key)
    }

    /// Some key.
    pub fn random_key(&mut self, database: usize, random: &mut Random, now: i64) -> Option<Bytes> {
        self.draw(database, 1, false, random, now).pop().map(|drawn| drawn.key)
    }

    /// Some keys, or some of those that expire: different ones, and all if there are no more than `count`.
    pub fn draw(
        &mut self,
        database: usize,
        count: usize,
        expiring_only: bool,
        random: &mut Random,
        now: i64,
    ) -> Vec<Drawn> {
        self.sweep(database, now);
        let Some(found) = self.databases.get(database) else {
            return Vec::new();
        };
        let eligible = if expiring_only {
            found.expiring
        } else {
            found.entries.len()
        };
        if eligible == 0 {
            return Vec::new();
        }
        // neighbours in the order of hashes, which means nothing
        let entries = found.entries.iter_from(random.draw()).chain(found.entries.iter_from(0));
        entries
            .filter(|(_, _, entry)| !expiring_only || entry.expires_at.is_some())
            .take(count.min(eligible))
            .map(|(_, key, entry)| Drawn {
                key: key.clone(),
                used_at: entry.used_at,
                expires_at: entry.expires_at,
            })
            .collect()
    }

    /// About `count` keys from `cursor` on, and the cursor at which the rest begins: 0 after the last.
    ///
    /// Entries lie in the order of a fixed hash of their keys, so that those which stay are met once each, whatever
    /// comes and goes meanwhile.
    #[must_use]
    pub fn scan(&self, database: usize, cursor: u64, count: usize, now: i64) -> (u64, Vec<(Bytes, Entry)>) {
        let mut page = Vec::new();
        let Some(from) = cursor.checked_mul(1 << CURSOR_SHIFT) else {
            return (0, page);
        };
        let Some(found) = self.databases.get(database) else {
            return (0, page);
        };
        let mut last = None;
        for (met, (hash, key, entry)) in found.entries.iter_from(from).enumerate() {
            let place = hash >> CURSOR_SHIFT;
            // those that share a place are met together: a cursor cannot lie between them
            if met >= count && last != Some(place) {
                return (place, page);
            }
            last = Some(place);
            if !entry.is_expired(now) {
                page.push((key.clone(), entry.clone()));
            }
        }
        (0, page)
    }

    /// Removes everything from a database.
    pub fn flush(&mut self, database: usize, now: i64) {
        self.sweep(database, now);
        let Some(found) = self.databases.get_mut(database) else {
            return;
        };
        let entries = found.entries.clone();
        found.clear();
        let watched: Vec<Bytes> = self
            .watched_in(database)
            .filter(|key| entries.get(key).is_some())
            .cloned()
            .collect();
        for key in watched {
            self.disturb(database, &key);
        }
    }

    /// Exchanges the contents of two databases. Those who watch a key that is in either are told.
    pub fn swap(&mut self, a: usize, b: usize, now: i64) {
        if a == b || a >= DATABASES || b >= DATABASES {
            return;
        }
        self.sweep(a, now);
        self.sweep(b, now);
        self.databases.swap(a, b);
        for database in [a, b] {
            let is_in = |at: usize, key: &Bytes| {
                self.databases
                    .get(at)
                    .is_some_and(|found| found.entries.get(key).is_some())
            };
            let watched: Vec<Bytes> = self
                .watched_in(database)
                .filter(|key| is_in(a, key) || is_in(b, key))
                .cloned()
                .collect();
            for key in watched {
                self.disturb(database, &key);
            }
        }
    }

    /// All that is stored, in bytes, about.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.databases.iter().map(|found| found.bytes).sum()
    }

    /// How many shards were copied because a fork shared them.
    #[must_use]
    pub fn copied_shards(&self) -> u64 {
        self.databases.iter().map(|found| found.entries.copied()).sum()
    }

    fn watched_in(&self, database: usize) -> impl Iterator<Item = &Bytes> {
        self.watchers.get(database).into_iter().flat_map(BTreeMap::keys)
    }

    /// From now on `watcher` is told of changes to a key.
    pub fn watch(&mut self, watcher: u64, database: usize, key: Bytes) {
        if let Some(watchers) = self.watchers.get_mut(database) {
            watchers.entry(key).or_default().push(watcher);
        }
    }

    /// No longer.
    pub fn unwatch(&mut self, watcher: u64, database: usize, key: &Bytes) {
        let Some(watchers) = self.watchers.get_mut(database) else {
            return;
        };
        if let Some(of_key) = watchers.get_mut(key) {
            of_key.retain(|other| *other != watcher);
            if of_key.is_empty() {
                watchers.remove(key);
            }
        }
    }

    /// Whether a key that `watcher` watches has changed.
    #[must_use]
    pub fn is_disturbed(&self, watcher: u64) -> bool {
        self.disturbed.contains(&watcher)
    }

    /// What has changed until now is of no interest to `watcher`.
    pub fn settle(&mut self, watcher: u64) {
        self.disturbed.remove(&watcher);
    }

    fn disturb(&mut self, database: usize, key: &[u8]) {
        if let Some(watchers) = self.watchers.get(database).filter(|watchers| !watchers.is_empty())
            && let Some(of_key) = watchers.get(key)
        {
            self.disturbed.extend(of_key);
        }
    }
}

impl Database {
    fn count(&mut self, key: &[u8], entry: &Entry) {
        self.bytes += size(key, entry);
        if let Some(at) = entry.expires_at {
            self.soonest = if self.expiring == 0 { at } else { self.soonest.min(at) };
            self.expiring += 1;
        }
    }

    fn discount(&mut self, key: &[u8], entry: &Entry) {
        self.bytes = self.bytes.saturating_sub(size(key, entry));
        self.expiring -= usize::from(entry.expires_at.is_some());
    }

    fn clear(&mut self) {
        self.entries.clear();
        (self.expiring, self.soonest, self.bytes) = (0, i64::MAX, 0);
    }
}

fn size(key: &[u8], entry: &Entry) -> u64 {
    (key.len() + entry.value.len()) as u64 + ENTRY_OVERHEAD_BYTES
}
