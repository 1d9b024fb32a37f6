//! What a connection remembers between commands.

use bytes::Bytes;

use super::reply::Protocol;
use super::request::OwnedArguments;
use super::table::Command;
use crate::chassis::Random;

/// One client's conversation.
#[derive(Debug)]
pub struct Session {
    /// `CLIENT ID`
    pub id: u64,
    /// The database that `SELECT` chose.
    pub database: usize,
    /// What `HELLO` chose.
    pub protocol: Protocol,
    /// What `CLIENT SETNAME` chose; may be empty.
    pub name: Bytes,
    /// A password was given, or none was needed when the client arrived.
    pub is_authenticated: bool,
    /// Between `MULTI` and `EXEC`.
    pub transaction: Option<Transaction>,
    /// The keys that `WATCH` named.
    pub watched: Vec<Watched>,
    /// `EXEC` runs so many commands: what would wait does not.
    pub executing: Option<usize>,
    /// What `CLIENT REPLY` chose.
    pub replies: Replies,
    /// The last command, as `CLIENT LIST` shows it.
    pub last_command: Option<&'static str>,
    /// What `CLIENT NO-EVICT` chose.
    pub is_never_evicted: bool,
    /// The command that ran waits before it answers.
    pub blocked: Option<Blocked>,
    /// The connection ends after this reply.
    pub is_closing: bool,
    /// Where `RANDOMKEY` draws from.
    pub random: Random,
}

/// Commands that are queued.
#[derive(Debug, Default)]
pub struct Transaction {
    /// In the order in which they came.
    pub queue: Vec<Queued>,
    /// How much they hold, in bytes.
    pub bytes: usize,
    /// One was refused: `EXEC` will not run any.
    pub is_refused: bool,
}

/// A command that waits for `EXEC`.
#[derive(Debug)]
pub struct Queued {
    /// The row of the table.
    pub command: &'static Command,
    /// With its name.
    pub arguments: OwnedArguments,
}

/// A key that was watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// The database that it is in.
    pub database: usize,
    /// The key.
    pub key: Bytes,
}

/// A command waits for what may never come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocked {
    /// At most so long; `None` is for ever.
    pub milliseconds: Option<u64>,
}

/// Whether replies are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replies {
    /// They are.
    On,
    /// They are not.
    Off,
    /// That of the next command is not.
    SkipNext,
    /// That of this command is not.
    Skip,
}

impl Session {
    /// A conversation that begins.
    #[must_use]
    pub fn new(id: u64, is_authenticated: bool, random: Random) -> Self {
        Self {
            id,
            database: 0,
            protocol: Protocol::Resp2,
            name: Bytes::new(),
            is_authenticated,
            transaction: None,
            watched: Vec::new(),
            executing: None,
            replies: Replies::On,
            last_command: None,
            is_never_evicted: false,
            blocked: None,
            is_closing: false,
            random,
        }
    }

    /// A command was refused: its transaction, if there is one, will not run.
    pub fn refuse_transaction(&mut self) {
        if let Some(transaction) = &mut self.transaction {
            transaction.is_refused = true;
        }
    }
}
