//! Redis, speaking as 7.0.15: what `wasi:keyvalue` and the usual clients' opening moves need.
//!
//! A request goes through [`connection`](self) → dispatch → a command's handler → the store. The dispatch table is the
//! one list of what can be called; `COMMAND`, the checks before a command runs, and [`Redis::coverage`] read it. There is
//! one file for each family of commands.
//!
//! What is not emulated (other types than strings, scripts, publish and subscribe, clusters, persistence) answers as
//! Redis answers what it does not know.

mod call;
mod client_commands;
mod configuration;
mod configuration_commands;
mod connection;
mod connection_commands;
mod coverage;
mod direct;
mod dispatch;
mod docs;
mod error;
mod eviction;
mod extended;
mod glob;
mod information;
mod introspection;
mod journal;
mod keys;
mod number;
mod reply;
mod request;
mod server_commands;
mod session;
mod state;
mod store;
mod strings;
mod subsequence;
mod table;
#[cfg(test)]
mod tests;
mod transactions;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;

pub use coverage::markdown as coverage_markdown;
pub use direct::{Direct, Stored};

use self::configuration::Configuration;
use self::state::State;
use crate::chassis::{Coverage, Emulator, FaultStream, Peer};

/// An emulated Redis.
#[derive(Debug, Default)]
pub struct Redis(Mutex<State>);

impl Redis {
    /// An empty one, which asks for no password.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one, whose user `default` has this password.
    #[must_use]
    pub fn with_password(password: &str) -> Self {
        let configuration = Configuration::with_password(password.as_bytes());
        Self(Mutex::new(State {
            configuration,
            ..State::default()
        }))
    }

    /// Access to the store from outside, without a connection.
    #[must_use]
    pub fn direct(&self) -> Direct<'_> {
        Direct::new(self)
    }

    /// A Redis with the same contents and configuration, whose writes this one does not see.
    #[must_use]
    pub fn forked(&self) -> Self {
        Self(Mutex::new(self.state().fork()))
    }

    /// What connections share. Not to be held while anything is awaited.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Emulator for Redis {
    fn kind(&self) -> &'static str {
        "redis"
    }

    fn serve(self: Arc<Self>, stream: FaultStream, peer: Peer) -> BoxFuture<'static, ()> {
        Box::pin(connection::serve(self, stream, peer))
    }

    fn fork(&self) -> Arc<dyn Emulator> {
        Arc::new(self.forked())
    }

    fn coverage(&self) -> Vec<Coverage> {
        coverage::rows()
    }
}
