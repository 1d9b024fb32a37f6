//! A current-thread runtime whose time is virtual: one for each test.
//!
//! tokio moves its paused time to its next timer when every task is parked. A pump task keeps one timer of tokio's armed
//! for the first of our own sleepers, and hooks at parking and unparking wake those that are due, one deadline after
//! the other: so both kinds of timer follow one time, and ours keep their nanoseconds and their order.
#![allow(clippy::disallowed_methods)] // builds the runtime that the clock rules

use std::future::Future;
use std::io;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use super::clock::{Clock, Virtual};

/// When nothing else is left to wait for, time reaches this, and it is a deadlock: a hundred years.
const IDLE: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// How long what still blocks a thread is waited for when a simulation ends.
const SHUTDOWN_WAIT: Duration = Duration::from_millis(100);

/// Every task waits, none of them for time: nothing can ever happen again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("deadlock: everything waits, and nothing is left that could end the wait")]
pub struct Deadlock;

/// A runtime with virtual time.
#[derive(Debug)]
pub struct Simulation {
    runtime: Option<tokio::runtime::Runtime>,
    state: Arc<Virtual>,
}

impl Simulation {
    /// A fresh runtime on this thread; its wall clock starts at `wall` nanoseconds since 1970.
    ///
    /// # Errors
    /// What the operating system says when it gives no event queue.
    pub fn new(wall: u64) -> io::Result<Self> {
        let shared: Arc<OnceLock<Weak<Virtual>>> = Arc::default();
        let (at_park, at_unpark) = (Arc::clone(&shared), Arc::clone(&shared));
        let clock = |shared: &OnceLock<Weak<Virtual>>| shared.get().and_then(Weak::upgrade);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .on_thread_park(move || {
                if let Some(state) = clock(&at_park) {
                    state.parked();
                }
            })
            .on_thread_unpark(move || {
                if let Some(state) = clock(&at_unpark) {
                    state.settle();
                }
            })
            .build()?;
        let state = {
            let _entered = runtime.enter();
            Arc::new(Virtual::new(wall, runtime.handle().clone()))
        };
        // the hooks hold the clock weakly: the runtime's handle lies in the clock, and a cycle would never be freed
        let _ = shared.set(Arc::downgrade(&state));
        runtime.spawn(pump(Arc::downgrade(&state)));
        Ok(Self {
            runtime: Some(runtime),
            state,
        })
    }

    /// The clock of this runtime.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock::of(&self.state)
    }

    /// Runs `future` to its end on this thread.
    ///
    /// # Errors
    /// [`Deadlock`] as soon as every task waits and none of them for time.
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, Deadlock> {
        let Some(runtime) = &self.runtime else {
            return Err(Deadlock);
        };
        runtime.block_on(async {
            tokio::select! {
                biased;
                output = future => Ok(output),
                () = tokio::time::sleep(IDLE) => Err(Deadlock),
            }
        })
    }

    /// What spawns onto this runtime, and wakes it from other threads.
    #[must_use]
    pub fn handle(&self) -> Option<&tokio::runtime::Handle> {
        self.runtime.as_ref().map(tokio::runtime::Runtime::handle)
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        self.state.end();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(SHUTDOWN_WAIT);
        }
    }
}

async fn pump(state: Weak<Virtual>) {
    while let Some(state) = state.upgrade() {
        match state.next_beyond_tokio() {
            Some(at) => tokio::select! {
                biased;
                () = state.changed.notified() => {}
                () = tokio::time::sleep_until(at) => {}
            },
            None => state.changed.notified().await,
        }
    }
}
