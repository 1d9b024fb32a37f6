//! What the connections of one Redis share: the store, the configuration, and each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Notify;

use super::configuration::Configuration;
use super::error::Error;
use super::store::Store;

/// Everything that connections share; behind one lock.
#[derive(Debug, Default)]
pub struct State {
    /// The databases.
    pub store: Store,
    /// What `CONFIG SET` changes.
    pub configuration: Configuration,
    /// Who is connected.
    pub clients: Clients,
    /// What `CLIENT PAUSE` asked for.
    pub pause: Option<Pause>,
    /// What `INFO` counts.
    pub counters: Counters,
}

impl State {
    /// The same contents and configuration, and nobody connected.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            store: self.store.clone(),
            configuration: self.configuration.clone(),
            ..Self::default()
        }
    }

    /// Until when a command has to wait, in milliseconds since 1970.
    #[must_use]
    pub fn paused_until(&self, is_write: bool, now: i64) -> Option<i64> {
        let pause = self.pause?;
        (now < pause.until && (pause.is_for_all || is_write)).then_some(pause.until)
    }
}

/// What `INFO` counts.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// Connections that were accepted.
    pub connections: u64,
    /// Connections that were refused, as there were too many.
    pub rejected_connections: u64,
    /// Commands that ran.
    pub commands: u64,
    /// How often each command was called, by its name.
    pub calls: BTreeMap<&'static str, Calls>,
    /// Replies that were errors, by their first word.
    pub errors: BTreeMap<String, u64>,
}

/// How often a command was called.
#[derive(Debug, Clone, Copy, Default)]
pub struct Calls {
    /// It ran.
    pub made: u64,
    /// It was refused before it ran.
    pub rejected: u64,
    /// It ran, and answered with an error.
    pub failed: u64,
}

/// How many different first words of errors are counted: they are the program's own, and few.
const ERRORS_MAX: usize = 128;

impl Counters {
    /// Counts a reply that is an error.
    pub fn count_error(&mut self, error: &Error) {
        let text = error.to_string();
        let word = text.split(' ').next().unwrap_or_default();
        if let Some(count) = self.errors.get_mut(word) {
            *count += 1;
        } else if self.errors.len() < ERRORS_MAX {
            self.errors.insert(word.to_owned(), 1);
        }
    }
}

/// Commands wait.
#[derive(Debug, Clone, Copy)]
pub struct Pause {
    /// Milliseconds since 1970.
    pub until: i64,
    /// Not only those that write.
    pub is_for_all: bool,
}

/// Who is connected, by `CLIENT ID`.
#[derive(Debug, Default)]
pub struct Clients {
    last: u64,
    by_id: BTreeMap<u64, Client>,
}

/// What others can see of a connection, and do to it.
#[derive(Debug)]
pub struct Client {
    /// `CLIENT SETNAME`
    pub name: Bytes,
    /// Where it comes from: the port is made of the number of the connection.
    pub address: String,
    /// Where it arrived.
    pub local_address: String,
    /// When it came, in milliseconds since 1970.
    pub since: i64,
    /// When it last sent a command, in milliseconds since 1970.
    pub active_at: i64,
    /// `SELECT`
    pub database: usize,
    /// 2 or 3.
    pub protocol: i64,
    /// How many commands are queued, if it is in a transaction.
    pub queued: Option<usize>,
    /// How much they hold, in bytes.
    pub queued_bytes: usize,
    /// `CLIENT NO-EVICT`
    pub is_never_evicted: bool,
    /// The last command.
    pub command: String,
    /// It waits in a command that blocks.
    pub is_blocked: bool,
    /// It is to end.
    pub is_killed: bool,
    /// It is to stop waiting.
    pub unblock: Option<Unblock>,
    /// Wakes it: one of the two above was set, or a pause has ended.
    pub signal: Arc<Notify>,
}

/// How a client stops waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unblock {
    /// As if its time was over.
    Timeout,
    /// With an error.
    Error,
}

impl Clients {
    /// Registers a client that has come, and gives its id.
    pub fn add(&mut self, client: Client) -> u64 {
        self.last += 1;
        self.by_id.insert(self.last, client);
        self.last
    }

    /// Forgets a client that has gone.
    pub fn remove(&mut self, id: u64) {
        self.by_id.remove(&id);
    }

    /// One of them.
    pub fn get_mut(&mut self, id: u64) -> Option<&mut Client> {
        self.by_id.get_mut(&id)
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<&Client> {
        self.by_id.get(&id)
    }

    /// All of them, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Client)> {
        self.by_id.iter().map(|(id, client)| (*id, client))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Ends a client.
    pub fn kill(&mut self, id: u64) {
        if let Some(client) = self.by_id.get_mut(&id) {
            client.is_killed = true;
            client.signal.notify_one();
        }
    }

    /// Wakes all, as what they wait for may have changed.
    pub fn wake_all(&self) {
        for client in self.by_id.values() {
            client.signal.notify_one();
        }
    }
}
