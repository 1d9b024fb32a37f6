//! Faults: small values behind a guard that undoes them.
//!
//! A fault says on what it acts ([`Target`]) and what it does ([`Action`]). Services ask at each operation; the stream
//! asks at each byte once an action has armed it. What a fault decided stands in the journal.
//!
//! Numbers F1 … F12 are those of the fault model in `docs/faults.md`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::random::Random;

/// The operation that every service asks about when a connection arrives, before its first byte.
pub const CONNECT: &str = "CONNECT";

/// How many faults may be active at once: a limit against a guest that injects in a loop.
const MAX_FAULTS: usize = 1_024;

/// On what a fault acts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// `redis` for every Redis, `redis#0` for one of them, empty for every service.
    pub service: String,
    /// Only this node.
    pub node: Option<u16>,
    /// Only this operation, in the service's own words, in any case: `SET`. [`CONNECT`] is a new connection.
    pub operation: Option<String>,
    /// Only operations on a key that matches: `*` stands for any bytes, `?` for one.
    pub key: Option<String>,
    /// Only the nth operation that matches the rest, counted from 1, and none after it.
    pub nth: Option<u32>,
}

/// What a fault does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// F4: the connection ends before the operation has an effect.
    DropBefore,
    /// F5: the operation has its effect, and the connection ends before the answer: the outcome is unknown to the client.
    DropAfter,
    /// F1: the answer comes this much later.
    Delay(Duration),
    /// F6, half-open: no bytes and no end, until the fault is undone; then the operation happens.
    Hold,
    /// F12: this answer instead of the operation, in the protocol's own words: `LOADING Redis is loading the dataset in memory`.
    Answer(String),
    /// F3: the connection is reset after this many more bytes of requests.
    CutRequest(u64),
    /// F3, F7: the operation has its effect; the connection is reset after this many bytes of its answer.
    CutReply(u64),
    /// F7: answers come in pieces of at most so many bytes, this far apart.
    Dribble {
        /// The most bytes at once; at least 1.
        chunk_bytes: u32,
        /// The pause after each.
        pause: Duration,
    },
    /// F2: the connection is accepted and closed at once; with [`CONNECT`] only.
    Refuse,
    /// The action, with this probability (0 to 1), drawn from the connection's own stream.
    Sometimes(f64, Box<Action>),
}

/// A fault: on what, and what.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// On what it acts.
    pub on: Target,
    /// What it does.
    pub action: Action,
}

/// The faults of a world of services.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// How many are active: every operation of every service asks, and mostly there are none.
    active: AtomicUsize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    active: Vec<Active>,
}

#[derive(Debug)]
struct Active {
    id: u64,
    fault: Fault,
    matched: u32,
    hits: u32,
    undone: watch::Sender<bool>,
}

/// Too many faults are active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {MAX_FAULTS} faults are active: drop some first")]
pub struct TooMany;

/// A fault that was injected. It is undone when this is dropped.
#[derive(Debug)]
pub struct FaultGuard {
    faults: Faults,
    id: u64,
}

/// What a fault decided for one operation.
#[derive(Debug, Clone)]
pub struct Hit {
    /// What to do.
    pub action: Action,
    undone: watch::Receiver<bool>,
}

impl Hit {
    /// Resolves when the fault is undone: the end of a [`Action::Hold`].
    pub async fn undone(&self) {
        let _ = self.undone.clone().wait_for(|undone| *undone).await;
    }

    /// How the journal names it.
    #[must_use]
    pub fn label(&self) -> String {
        self.action.label()
    }
}

impl Action {
    /// The action, whatever its probability.
    #[must_use]
    pub fn itself(&self) -> &Self {
        match self {
            Self::Sometimes(_, action) => action.itself(),
            action => action,
        }
    }

    /// How the journal names it.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::DropBefore => "drop-before".into(),
            Self::DropAfter => "drop-after".into(),
            Self::Delay(by) => format!("delay {by:?}"),
            Self::Hold => "hold".into(),
            Self::Answer(text) => format!("answer {text}"),
            Self::CutRequest(after) => format!("cut-request {after}"),
            Self::CutReply(after) => format!("cut-reply {after}"),
            Self::Dribble { chunk_bytes, pause } => format!("dribble {chunk_bytes} bytes, {pause:?} apart"),
            Self::Refuse => "refuse".into(),
            Self::Sometimes(_, action) => action.label(),
        }
    }
}

impl Faults {
    /// Makes a fault active.
    ///
    /// # Errors
    /// [`TooMany`] when a thousand are active.
    pub fn inject(&self, fault: Fault) -> Result<FaultGuard, TooMany> {
        let mut table = self.lock();
        if table.active.len() >= MAX_FAULTS {
            return Err(TooMany);
        }
        let id = table.next;
        table.next += 1;
        let undone = watch::Sender::new(false);
        table.active.push(Active {
            id,
            fault,
            matched: 0,
            hits: 0,
            undone,
        });
        self.0.active.store(table.active.len(), Ordering::Release);
        drop(table);
        Ok(FaultGuard {
            faults: self.clone(),
            id,
        })
    }

    /// Whether no fault is active: the fast path of every operation.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.active.load(Ordering::Acquire) == 0
    }

    /// What happens to an operation on `keys`: the oldest active fault that matches, and whose action is one that `accepts`,
    /// decides.
    pub fn decide(
        &self,
        service: &str,
        node: u16,
        operation: &str,
        keys: &[&[u8]],
        random: &mut Random,
        accepts: fn(&Action) -> bool,
    ) -> Option<Hit> {
        let mut table = self.lock();
        table.active.iter_mut().find_map(|active| {
            if !accepts(active.fault.action.itself()) || !active.fault.on.matches(service, node, operation, keys) {
                return None;
            }
            active.matched += 1;
            if active.fault.on.nth.is_some_and(|nth| nth != active.matched) {
                return None;
            }
            let action = match &active.fault.action {
                Action::Sometimes(probability, action) => {
                    if !random.chance(*probability) {
                        return None;
                    }
                    (**action).clone()
                }
                action => action.clone(),
            };
            active.hits += 1;
            Some(Hit {
                action,
                undone: active.undone.subscribe(),
            })
        })
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FaultGuard {
    /// How often it has acted.
    #[must_use]
    pub fn hits(&self) -> u32 {
        self.faults
            .lock()
            .active
            .iter()
            .find(|active| active.id == self.id)
            .map_or(0, |active| active.hits)
    }

    /// Leaves the fault active for as long as its services live.
    pub fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for FaultGuard {
    fn drop(&mut self) {
        let mut table = self.faults.lock();
        if let Some(at) = table.active.iter().position(|active| active.id == self.id) {
            let active = table.active.remove(at);
            self.faults.0.active.store(table.active.len(), Ordering::Release);
            active.undone.send_replace(true);
        }
    }
}

impl Target {
    /// Whether an operation is meant.
    #[must_use]
    pub fn matches(&self, service: &str, node: u16, operation: &str, keys: &[&[u8]]) -> bool {
        let kind = service.split('#').next().unwrap_or(service);
        (self.service.is_empty() || self.service == service || self.service == kind)
            && self.node.is_none_or(|wanted| wanted == node)
            && match &self.operation {
                Some(wanted) => wanted.eq_ignore_ascii_case(operation),
                // a new connection is meant only by those that name it
                None => operation != CONNECT,
            }
            && self
                .key
                .as_ref()
                .is_none_or(|pattern| keys.iter().any(|key| glob(pattern.as_bytes(), key)))
    }
}

/// `*` stands for any bytes, `?` for one. Linear in both, whatever the pattern.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(b'?') => (p, t) = (p + 1, t + 1),
            Some(byte) if text.get(t) == Some(byte) => (p, t) = (p + 1, t + 1),
            _ => match retry {
                Some((star, from)) => {
                    (p, t) = (star, from + 1);
                    retry = Some((star, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chassis::Seed;

    #[test]
    fn globs() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("cart:*", "cart:7", true),
            ("cart:?", "cart:77", false),
            ("*a*b", "xaxxb", true),
            ("*a*b", "xaxxbc", false),
            ("a", "ab", false),
        ] {
            assert_eq!(
                glob(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{pattern} on {text}"
            );
        }
    }

    #[test]
    fn the_nth_match_only_and_undone_when_dropped() {
        let faults = Faults::default();
        let mut random = Seed::new(1).stream("test");
        let mut ask = |operation: &str| {
            faults
                .decide("redis#0", 0, operation, &[b"k"], &mut random, |_| true)
                .is_some()
        };
        let on = Target {
            service: "redis".into(),
            operation: Some("set".into()),
            nth: Some(2),
            ..Target::default()
        };
        let guard = faults
            .inject(Fault {
                on,
                action: Action::DropAfter,
            })
            .unwrap();
        assert_eq!(
            [ask("SET"), ask("GET"), ask("SET"), ask("SET")],
            [false, false, true, false]
        );
        assert_eq!(guard.hits(), 1);
        drop(guard);
        assert!(faults.is_empty());
    }
}
