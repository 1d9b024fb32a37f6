//! Keeps real time on a thread of its own: stops guests whose time is over, whatever they are doing.
//!
//! It marks the guest, wakes its runtime and bumps the epoch once; a guest that is not marked goes on.
#![allow(clippy::disallowed_methods)] // real time is its job

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::host::{Engine, Interrupt};

/// The watchdog. Cheap to clone; its thread ends with the last clone.
#[derive(Clone)]
pub struct Watchdog(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    engine: Arc<Engine>,
    watched: Mutex<Watched>,
    changed: Condvar,
}

#[derive(Default)]
struct Watched {
    over: bool,
    order: u64,
    guests: BTreeMap<(Instant, u64), Arc<Interrupt>>,
}

/// A guest is watched for as long as this lives.
pub struct Watch {
    shared: Arc<Shared>,
    place: (Instant, u64),
}

impl Watchdog {
    /// Starts the thread.
    ///
    /// # Errors
    /// What the operating system says when it gives no thread.
    pub fn start(engine: &Arc<Engine>) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            engine: Arc::clone(engine),
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

    fn watch(&self) {
        let mut watched = self.watched();
        while !watched.over {
            let now = Instant::now();
            let later = watched.guests.split_off(&(now, u64::MAX));
            let over = std::mem::replace(&mut watched.guests, later);
            for interrupt in over.into_values() {
                interrupt.stop(&self.engine);
            }
            watched = match watched.guests.keys().next() {
                Some((next, _)) => {
                    let wait = next.saturating_duration_since(now);
                    self.changed
                        .wait_timeout(watched, wait)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
                None => self.changed.wait(watched).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}
