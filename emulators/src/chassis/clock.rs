//! One clock for guest, client and services.
//!
//! Virtual time is tokio's paused clock plus a list of sleepers of our own, in nanoseconds: so the timers of client
//! crates, which are tokio's and have a grain of a millisecond, and our own sleepers, which have none, follow one
//! time. It stands still while any task can run; when every task is parked it moves to the next deadline, unless a
//! [`Hold`] is alive. How the two are kept in step is in [`super::simulation`].
//!
//! The same type is the real clock for `slt run` and `slt emulate`: code that is handed a [`Clock`] cannot tell.
#![allow(clippy::disallowed_methods)] // the one place where time is asked of the system

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

/// The wall clock at the start of virtual time, unless chosen otherwise: 2026-01-01T00:00:00Z, in nanoseconds.
pub const DEFAULT_WALL_NANOSECONDS: u64 = 1_767_225_600_000_000_000;

/// How often a guest may read the clock, with no other call, before time steps: design section 11, seam 2.
pub const READINGS_BEFORE_STEP: u32 = 1_000;

/// How far time steps then, unless a deadline is nearer.
pub const STEP_NANOSECONDS: u64 = 1_000_000;

/// Time cannot be advanced: the clock is the real one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("time cannot be advanced on real services")]
pub struct Unsupported;

/// The clock of a test, or the real one. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Real { start: Instant },
    Virtual(Arc<Virtual>),
}

impl Clock {
    /// The real clock; its monotonic time starts now.
    #[must_use]
    pub fn real() -> Self {
        Self(Kind::Real { start: Instant::now() })
    }

    pub(super) fn of(state: &Arc<Virtual>) -> Self {
        Self(Kind::Virtual(Arc::clone(state)))
    }

    /// Whether this is virtual time.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        matches!(self.0, Kind::Virtual(_))
    }

    /// Nanoseconds since the clock was made.
    #[must_use]
    pub fn now_monotonic(&self) -> u64 {
        match &self.0 {
            Kind::Real { start } => nanoseconds(start.elapsed()),
            Kind::Virtual(state) => state.lock().now,
        }
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn now_wall(&self) -> u64 {
        match &self.0 {
            Kind::Real { .. } => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, nanoseconds),
            Kind::Virtual(state) => state.wall.saturating_add(state.lock().now),
        }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn now_wall_milliseconds(&self) -> u64 {
        self.now_wall() / 1_000_000
    }

    /// Waits until the monotonic time is `deadline`, in nanoseconds.
    #[must_use]
    pub fn sleep_until(&self, deadline: u64) -> Sleep {
        match &self.0 {
            Kind::Real { start } => {
                let at = tokio::time::Instant::from_std(*start) + Duration::from_nanos(deadline);
                Sleep(SleepKind::Real(Box::pin(tokio::time::sleep_until(at))))
            }
            Kind::Virtual(state) => Sleep(SleepKind::Virtual {
                state: Arc::clone(state),
                deadline,
                registered: None,
            }),
        }
    }

    /// Waits for `duration`.
    #[must_use]
    pub fn sleep(&self, duration: Duration) -> Sleep {
        self.sleep_until(self.now_monotonic().saturating_add(nanoseconds(duration)))
    }

    /// Moves virtual time on by `by` nanoseconds. All that is due in between happens in between, each at its own time:
    /// to advance is to wait, on nothing but time.
    ///
    /// # Errors
    /// [`Unsupported`] on the real clock.
    pub async fn advance(&self, by: u64) -> Result<(), Unsupported> {
        if !self.is_virtual() {
            return Err(Unsupported);
        }
        self.sleep_until(self.now_monotonic().saturating_add(by)).await;
        Ok(())
    }

    /// Stops virtual time while the guard lives: for a call to a peer that lives in real time, and for bytes in flight.
    ///
    /// Must be called on the runtime of the clock, or after it was made.
    #[must_use]
    pub fn hold(&self) -> Hold {
        match &self.0 {
            Kind::Real { .. } => Hold(None),
            Kind::Virtual(state) => {
                state.hold();
                Hold(Some(Arc::downgrade(state)))
            }
        }
    }

    /// To be awaited whenever a guest reads the clock: after [`READINGS_BEFORE_STEP`] readings with no other call, time
    /// steps, so that a guest that only reads the clock cannot hang.
    pub async fn guest_reads(&self) {
        if let Kind::Virtual(state) = &self.0
            && let Some(until) = state.count_reading()
        {
            self.sleep_until(until).await;
        }
    }

    /// As [`Clock::guest_reads`] where nothing can be awaited: a guest asks whether a timer is ready.
    pub fn guest_polls(&self) {
        if let Kind::Virtual(state) = &self.0
            && let Some(until) = state.count_reading()
        {
            state.step_to(until);
        }
    }

    /// To be called when a guest calls anything but a clock: its readings are counted anew.
    pub fn guest_calls(&self) {
        if let Kind::Virtual(state) = &self.0 {
            state.lock().readings = 0;
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Virtual time stands still while this lives.
#[derive(Debug)]
pub struct Hold(Option<Weak<Virtual>>);

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(state) = self.0.take().and_then(|state| state.upgrade()) {
            state.release();
        }
    }
}

/// Waits for a deadline; see [`Clock::sleep_until`].
pub struct Sleep(SleepKind);

enum SleepKind {
    Real(Pin<Box<tokio::time::Sleep>>),
    Virtual {
        state: Arc<Virtual>,
        deadline: u64,
        registered: Option<u64>,
    },
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            SleepKind::Real(sleep) => sleep.as_mut().poll(context),
            SleepKind::Virtual {
                state,
                deadline,
                registered,
            } => {
                if state.sleep(*deadline, registered, context.waker()) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let SleepKind::Virtual {
            state,
            deadline,
            registered: Some(order),
        } = &self.0
        {
            state.lock().sleepers.remove(&(*deadline, *order));
        }
    }
}

/// The state of a virtual clock, shared with the runtime's hooks.
#[derive(Debug)]
pub(super) struct Virtual {
    state: Mutex<State>,
    /// Wall clock at the start, in nanoseconds since 1970.
    wall: u64,
    /// tokio's paused time at the start.
    start: tokio::time::Instant,
    runtime: tokio::runtime::Handle,
    /// Wakes the pump: the first deadline may have changed.
    pub(super) changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Nanoseconds since the start.
    now: u64,
    /// Who sleeps until when, in the order in which they asked.
    sleepers: BTreeMap<(u64, u64), Waker>,
    order: u64,
    /// tokio's time when sleepers were last woken.
    settled: u64,
    readings: u32,
    holds: usize,
    /// tokio moves its paused time only while no blocking task is alive; this one lives until its sender is dropped.
    inhibitor: Option<mpsc::Sender<()>>,
}

impl Virtual {
    /// Must be called on the paused runtime whose clock this is.
    pub(super) fn new(wall: u64, runtime: tokio::runtime::Handle) -> Self {
        let start = tokio::time::Instant::now();
        Self {
            state: Mutex::default(),
            wall,
            start,
            runtime,
            changed: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// tokio's time, in nanoseconds since the start. Ahead of `now` while sleepers within its millisecond take turns.
    fn elapsed(&self) -> u64 {
        nanoseconds(tokio::time::Instant::now().duration_since(self.start))
    }

    fn sleep(&self, deadline: u64, registered: &mut Option<u64>, waker: &Waker) -> bool {
        let mut state = self.lock();
        if let Some(order) = registered.take() {
            state.sleepers.remove(&(deadline, order));
        }
        if state.now >= deadline {
            return true;
        }
        let order = state.order;
        state.order += 1;
        *registered = Some(order);
        state.sleepers.insert((deadline, order), waker.clone());
        let first = state.sleepers.keys().next() == Some(&(deadline, order));
        drop(state);
        if first {
            self.changed.notify_one();
        }
        false
    }

    /// The pump arms a timer of tokio's for this time, so that tokio moves there when all is idle. `None`: nobody sleeps
    /// beyond tokio's present.
    pub(super) fn next_beyond_tokio(&self) -> Option<tokio::time::Instant> {
        let first = self.lock().sleepers.keys().next().map(|(deadline, _)| *deadline)?;
        (first > self.elapsed()).then(|| self.start + Duration::from_nanos(first))
    }

    /// The runtime was parked. If tokio's time has moved meanwhile, those that are due take their turns; if not, those
    /// that were woken at parking have not run yet, and it is still their turn.
    pub(super) fn unparked(&self) {
        if self.elapsed() != self.lock().settled {
            self.settle();
        }
    }

    /// Every task is parked, or time has moved: wakes those whose deadline is the next that is due, and nobody else;
    /// they run to their end before the next are woken. With nobody due, our time is tokio's.
    fn settle(&self) {
        let elapsed = self.elapsed();
        let due = self.lock().sleepers.keys().next().map(|(deadline, _)| *deadline);
        self.wake_due(due.map_or(elapsed, |due| due.min(elapsed)));
    }

    /// Time is `now`: wakes those whose deadline this is.
    fn wake_due(&self, now: u64) {
        let mut state = self.lock();
        state.settled = self.elapsed();
        state.now = state.now.max(now);
        let later = state.sleepers.split_off(&(now.saturating_add(1), 0));
        let woken = std::mem::replace(&mut state.sleepers, later);
        drop(state);
        if woken.is_empty() {
            return;
        }
        for waker in woken.into_values() {
            waker.wake();
        }
        self.changed.notify_one();
    }

    /// As [`Virtual::settle`], when every task is parked: a hold that has ended is let go now, and not at each call.
    pub(super) fn parked(&self) {
        let mut state = self.lock();
        state.readings = 0;
        if state.holds == 0 {
            state.inhibitor = None;
        }
        drop(state);
        self.settle();
    }

    fn hold(&self) {
        let mut state = self.lock();
        state.holds += 1;
        if state.inhibitor.is_none() {
            let (sender, receiver) = mpsc::channel::<()>();
            state.inhibitor = Some(sender);
            self.runtime.spawn_blocking(move || {
                let _ = receiver.recv();
            });
        }
    }

    fn release(&self) {
        let mut state = self.lock();
        state.holds = state.holds.saturating_sub(1);
        let last = state.holds == 0;
        drop(state);
        if last {
            // the runtime may be parked already: it must park once more to let go of the inhibitor
            self.changed.notify_one();
        }
    }

    pub(super) fn end(&self) {
        self.lock().inhibitor = None;
    }

    fn count_reading(&self) -> Option<u64> {
        let mut state = self.lock();
        state.readings += 1;
        if state.readings < READINGS_BEFORE_STEP {
            return None;
        }
        state.readings = 0;
        let step = state.now.saturating_add(STEP_NANOSECONDS);
        let next = state.sleepers.keys().next().map_or(step, |(deadline, _)| *deadline);
        Some(step.min(next.max(state.now + 1)))
    }

    /// Moves time without waiting, no further than to the next deadline, and wakes those that are due then.
    fn step_to(&self, until: u64) {
        let elapsed = self.elapsed();
        if until > elapsed {
            let mut advance = std::pin::pin!(tokio::time::advance(Duration::from_nanos(until - elapsed)));
            // its first poll moves tokio's clock; what follows is only a yield, which cannot be awaited here
            let _ = advance.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
        self.wake_due(until);
    }
}
