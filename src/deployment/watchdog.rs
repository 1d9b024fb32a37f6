//! Keeps real time on a thread of its own: stops guests whose time is over, whatever they are doing.
//!
//! It marks the guest, wakes its runtime and bumps the epoch, until the guest has ended; one that is not marked goes on.
#![allow(clippy::disallowed_methods)] // real time is its job

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::host::{Engine, Interrupt};

/// How often guests in real time give way to others.
const TICK: Duration = Duration::from_millis(10);

/// How often a guest whose time is over is told so.
const AGAIN: Duration = Duration::from_millis(20);

/// The watchdog. Cheap to clone; its thread ends with the last clone.
#[derive(Clone)]
pub struct Watchdog(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    engine: Arc<Engine>,
    ticks: bool,
    watched: Mutex<Watched>,
    changed: Condvar,
}

#[derive(Default)]
struct Watched {
    over: bool,
    /// Whether no guest has time any more.
    stopped: bool,
    order: u64,
    guests: BTreeMap<(Instant, u64), Arc<Interrupt>>,
}

/// A guest is watched for as long as this lives.
pub struct Watch {
    shared: Arc<Shared>,
    place: (Instant, u64),
}

impl Watchdog {
    /// Starts the thread, for guests under virtual time: those that are not marked are left alone.
    ///
    /// # Errors
    /// What the operating system says when it gives no thread.
    pub fn start(engine: &Arc<Engine>) -> std::io::Result<Self> {
        Self::new(engine, false)
    }

    /// As [`Watchdog::start`], for guests in real time: those that compute give way to others at each tick.
    ///
    /// # Errors
    /// What the operating system says when it gives no thread.
    pub fn ticking(engine: &Arc<Engine>) -> std::io::Result<Self> {
        Self::new(engine, true)
    }

    fn new(engine: &Arc<Engine>, ticks: bool) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            engine: Arc::clone(engine),
            ticks,
            watched: Mutex::default(),
            changed: Condvar::new(),
        });
        let watching = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("slt-watchdog".into())
            .spawn(move || watching.watch())?;
        Ok(Self(Arc::new(Handle {
            shared,
            thread: Some(thread),
        })))
    }

    /// Stops a guest after `limit` of real time.
    #[must_use]
    pub fn watch(&self, limit: Duration, interrupt: &Arc<Interrupt>) -> Watch {
        let shared = Arc::clone(&self.0.shared);
        let mut watched = shared.watched();
        let place = (Instant::now() + limit, watched.order);
        watched.order += 1;
        watched.guests.insert(place, Arc::clone(interrupt));
        let first = watched.guests.keys().next() == Some(&place);
        drop(watched);
        if first {
            shared.changed.notify_one();
        }
        Watch { shared, place }
    }

    /// Stops all guests now, and those that begin from now on.
    pub fn stop(&self) {
        self.0.shared.watched().stopped = true;
        self.0.shared.changed.notify_one();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.watched().guests.remove(&self.place);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.watched().over = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A guest whose time is over is told again and again until it has ended: it may have looked at its mark just before
    /// it was made, and would look again only at the next bump.
    fn watch(&self) {
        let mut watched = self.watched();
        while !watched.over {
            let now = Instant::now();
            let mut overdue = false;
            for ((end, _), interrupt) in &watched.guests {
                if *end > now && !watched.stopped {
                    break;
                }
                interrupt.mark();
                overdue = true;
            }
            let Some((next, _)) = watched.guests.keys().next() else {
                watched = self.changed.wait(watched).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if overdue || self.ticks {
                self.engine.increment_epoch();
            }
            let wait = match (overdue, self.ticks) {
                (true, _) => AGAIN,
                (false, true) => TICK,
                (false, false) => next.saturating_duration_since(now),
            };
            watched = self
                .changed
                .wait_timeout(watched, wait)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}
