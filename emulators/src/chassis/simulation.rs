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
                    state.unparked();
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Instant;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::chassis::clock::{DEFAULT_WALL_NANOSECONDS, STEP_NANOSECONDS};

    const HOUR: u64 = 3_600_000_000_000;

    fn simulation() -> Simulation {
        Simulation::new(DEFAULT_WALL_NANOSECONDS).unwrap()
    }

    #[test]
    fn an_hour_passes_at_once_and_both_clocks_moved() {
        let simulation = simulation();
        let clock = simulation.clock();
        #[allow(clippy::disallowed_methods)]
        let real = Instant::now();
        simulation.block_on(clock.sleep_until(HOUR)).unwrap();
        assert_eq!(
            (clock.now_monotonic(), clock.now_wall()),
            (HOUR, DEFAULT_WALL_NANOSECONDS + HOUR)
        );
        assert!(real.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn sleepers_wake_in_the_order_of_their_nanoseconds_and_see_their_own_time() {
        let simulation = simulation();
        let clock = simulation.clock();
        let seen = Arc::new(Mutex::new(Vec::new()));
        simulation
            .block_on(async {
                let mut tasks = Vec::new();
                for deadline in [1_700_000, 300, 1_200_000, 2_000_000, 1_200_000] {
                    let (clock, seen) = (clock.clone(), Arc::clone(&seen));
                    tasks.push(tokio::spawn(async move {
                        clock.sleep_until(deadline).await;
                        seen.lock().unwrap().push(clock.now_monotonic());
                    }));
                }
                for task in tasks {
                    task.await.unwrap();
                }
            })
            .unwrap();
        assert_eq!(*seen.lock().unwrap(), [300, 1_200_000, 1_200_000, 1_700_000, 2_000_000]);
    }

    #[test]
    #[allow(clippy::disallowed_methods)]
    fn timers_of_tokio_follow_the_same_time() {
        let simulation = simulation();
        let clock = simulation.clock();
        simulation
            .block_on(async {
                let other = clock.clone();
                let long = tokio::spawn(async move {
                    other.sleep_until(2 * HOUR).await;
                    other.now_monotonic()
                });
                tokio::time::sleep(Duration::from_secs(3_600)).await;
                assert_eq!(clock.now_monotonic(), HOUR);
                assert_eq!(long.await.unwrap(), 2 * HOUR);
            })
            .unwrap();
    }

    #[test]
    fn to_advance_runs_what_is_due_in_between_at_its_own_time() {
        let simulation = simulation();
        let clock = simulation.clock();
        simulation
            .block_on(async {
                let other = clock.clone();
                let between = tokio::spawn(async move {
                    other.sleep_until(5).await;
                    let first = other.now_monotonic();
                    other.sleep_until(first + 10).await;
                    (first, other.now_monotonic())
                });
                clock.advance(HOUR).await.unwrap();
                assert_eq!(clock.now_monotonic(), HOUR);
                assert!(between.is_finished());
                assert_eq!(between.await.unwrap(), (5, 15));
            })
            .unwrap();
    }

    #[test]
    fn idle_with_no_timer_left_is_a_deadlock() {
        let simulation = simulation();
        assert_eq!(simulation.block_on(std::future::pending::<()>()), Err(Deadlock));
    }

    #[test]
    fn readings_without_another_call_let_time_pass() {
        let simulation = simulation();
        let clock = simulation.clock();
        let readings = simulation
            .block_on(async {
                let mut readings = 0_u32;
                while clock.now_monotonic() < 5 * STEP_NANOSECONDS {
                    clock.guest_reads().await;
                    readings += 1;
                }
                readings
            })
            .unwrap();
        assert_eq!(readings, 5_000);
    }

    #[test]
    fn polls_that_cannot_wait_let_time_pass_up_to_the_next_deadline() {
        let simulation = simulation();
        let clock = simulation.clock();
        simulation
            .block_on(async {
                let other = clock.clone();
                let near = tokio::spawn(async move {
                    other.sleep_until(400_000).await;
                    other.now_monotonic()
                });
                tokio::task::yield_now().await;
                for _ in 0..1_000 {
                    clock.guest_polls();
                }
                assert_eq!(clock.now_monotonic(), 400_000);
                for _ in 0..999 {
                    clock.guest_polls();
                    clock.guest_calls();
                }
                assert_eq!(clock.now_monotonic(), 400_000, "another call starts the count anew");
                assert_eq!(near.await.unwrap(), 400_000);
            })
            .unwrap();
    }

    #[test]
    #[allow(clippy::disallowed_methods)]
    fn a_hold_keeps_time_still_while_a_real_peer_answers() {
        let simulation = simulation();
        let clock = simulation.clock();
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let peer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            sender.blocking_send(()).unwrap();
        });
        simulation
            .block_on(async {
                let hold = clock.hold();
                tokio::select! {
                    biased;
                    answer = receiver.recv() => assert_eq!(answer, Some(())),
                    () = clock.sleep_until(HOUR) => panic!("time jumped over the answer"),
                }
                drop(hold);
                assert_eq!(clock.now_monotonic(), 0);
                clock.sleep_until(HOUR).await;
            })
            .unwrap();
        peer.join().unwrap();
    }

    #[test]
    fn bytes_in_flight_on_loopback_hold_the_clock() {
        use crate::chassis::{
            Coverage, Emulator, FaultStream, Faults, Journal, Limits, Mounted, Peer, Seed, Shutdown, World,
        };
        use futures_util::future::BoxFuture;

        /// Answers each byte an hour of virtual time later.
        struct Slow;
        impl Emulator for Slow {
            fn kind(&self) -> &'static str {
                "slow"
            }
            fn serve(self: Arc<Self>, mut stream: FaultStream, peer: Peer) -> BoxFuture<'static, ()> {
                Box::pin(async move {
                    while let Ok(byte) = stream.read_u8().await {
                        peer.world.clock.sleep(Duration::from_secs(3_600)).await;
                        let _ = stream.write_u8(byte).await;
                    }
                })
            }
            fn fork(&self) -> Arc<dyn Emulator> {
                Arc::new(Self)
            }
            fn coverage(&self) -> Vec<Coverage> {
                Vec::new()
            }
        }

        for _ in 0..50 {
            let simulation = simulation();
            let (_trigger, shutdown) = Shutdown::new();
            let world = World {
                clock: simulation.clock(),
                seed: Seed::new(1),
                faults: Faults::default(),
                journal: Journal::new(8),
                shutdown,
                limits: Limits::default(),
            };
            let clock = simulation.clock();
            let times = simulation
                .block_on(async {
                    let slow = Mounted::new("slow#0", Arc::new(Slow), world);
                    let listening = slow.listen(0, ([127, 0, 0, 1], 0).into()).await.unwrap();
                    let mut stream = listening.dial().await.unwrap();
                    let mut times = Vec::new();
                    for _ in 0..2 {
                        stream.write_u8(7).await.unwrap();
                        tokio::select! {
                            biased;
                            byte = stream.read_u8() => assert_eq!(byte.unwrap(), 7),
                            () = clock.sleep(Duration::from_secs(3_601)) => panic!("time ran ahead of the bytes"),
                        }
                        times.push(clock.now_monotonic());
                    }
                    times
                })
                .unwrap();
            assert_eq!(times, [HOUR, 2 * HOUR]);
        }
    }
}
