//! One instance: what its store holds, how it is set up, how its end is understood.

use std::sync::Arc;

use slt_emulators::chassis::{Clock, FaultGuard, Mounted, Random, Seed};
use tokio::sync::watch;
use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, Store, Trap, UpdateDeadline};
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::adapters::keyvalue::Bindings;
use super::{Outbound, Output, Told, frames};

/// The most elements of one table of a guest: a limit against a guest that grows without end.
const MAX_TABLE_ELEMENTS: usize = 1_000_000;

/// What `slight:testing` acts on: only under test.
#[derive(Debug)]
pub struct Testing {
    /// The services of this test.
    pub services: Vec<Mounted>,
}

/// Everything that an instance needs. The same for each instance of a deployment, but for its outputs and arguments.
pub struct GuestSetup<'a> {
    /// The clock.
    pub clock: &'a Clock,
    /// Where its random numbers come from; `None`: the system.
    pub seed: Option<Seed>,
    /// Key-value stores by name.
    pub keyvalue: &'a Arc<Bindings>,
    /// Where its requests may go.
    pub outbound: Outbound,
    /// Told what failed a guest, in words; `None`: nobody is.
    pub told: Option<Told>,
    /// What `slight:testing` acts on.
    pub testing: Option<Arc<Testing>>,
    /// The most memory, in bytes.
    pub memory: u64,
    /// Standard output.
    pub stdout: Output,
    /// Standard error.
    pub stderr: Output,
    /// Arguments, the program's name first.
    pub arguments: &'a [String],
    /// Environment variables: never any of slt's own.
    pub environment: &'a [(&'a str, &'a str)],
    /// What stops it.
    pub interrupt: Arc<Interrupt>,
}

/// Stops a guest from another thread, wherever it is.
#[derive(Debug, Default)]
pub struct Interrupt {
    stop: watch::Sender<bool>,
    yields: bool,
}

impl Interrupt {
    /// For a guest that gives way to others at each tick of the epoch: not under virtual time, where the order of things
    /// would then depend on real time.
    #[must_use]
    pub fn yielding() -> Self {
        Self {
            yields: true,
            ..Self::default()
        }
    }

    /// Marks the guest to be stopped: in the host call in which it waits, or at its next look at the epoch, which whoever
    /// marks it has to bump until the guest has ended.
    pub fn mark(&self) {
        self.stop.send_replace(true);
    }

    /// Whether it was marked.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Resolves when it is marked, for all that wait.
    pub async fn stopped(&self) {
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }
}

/// What a store holds.
pub struct Guest {
    pub(super) table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
    pub(super) clock: Clock,
    pub(super) keyvalue: Arc<Bindings>,
    pub(super) told: Option<Told>,
    pub(super) testing: Option<Arc<Testing>>,
    limiter: Limiter,
}

impl Guest {
    /// A store for a new instance.
    #[must_use]
    pub fn store(engine: &wasmtime::Engine, setup: GuestSetup<'_>) -> Store<Self> {
        let mut wasi = WasiCtx::builder();
        wasi.args(setup.arguments)
            .envs(setup.environment)
            .stdout(setup.stdout)
            .stderr(setup.stderr);
        // clocks that the guest reads are our own (adapters/clocks.rs); these are never asked
        if let Some(seed) = &setup.seed {
            wasi.secure_random(seed.stream("random").into_rng())
                .insecure_random(seed.stream("insecure-random").into_rng())
                .insecure_random_seed(wide(&mut seed.stream("insecure-seed")));
        }
        let guest = Self {
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            outbound: setup.outbound,
            clock: setup.clock.clone(),
            keyvalue: Arc::clone(setup.keyvalue),
            told: setup.told,
            testing: setup.testing,
            limiter: Limiter {
                memory: setup.memory,
                used: 0,
                exceeded: false,
            },
        };
        let mut store = Store::new(engine, guest);
        store.limiter(|guest| &mut guest.limiter);
        store.set_epoch_deadline(1);
        let interrupt = setup.interrupt;
        store.epoch_deadline_callback(move |_| {
            Ok(match (interrupt.is_stopped(), interrupt.yields) {
                (true, _) => UpdateDeadline::Interrupt,
                (false, true) => UpdateDeadline::Yield(1),
                (false, false) => UpdateDeadline::Continue(1),
            })
        });
        store
    }
}

fn wide(random: &mut Random) -> u128 {
    u128::from(random.draw()) << 64 | u128::from(random.draw())
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.outbound,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

/// Limits memory and tables, and remembers that it did.
#[derive(Debug)]
struct Limiter {
    memory: u64,
    used: u64,
    exceeded: bool,
}

impl ResourceLimiter for Limiter {
    /// All memories of an instance together have one limit.
    fn memory_growing(&mut self, now: usize, wanted: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.used.saturating_add(wanted.saturating_sub(now) as u64);
        let allowed = total <= self.memory;
        if allowed {
            self.used = total;
        }
        self.exceeded |= !allowed;
        Ok(allowed)
    }

    fn table_growing(&mut self, _now: usize, wanted: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(wanted <= MAX_TABLE_ELEMENTS)
    }
}

/// How an instance ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuestEnd {
    /// It returned.
    Done,
    /// It said that it failed.
    Failed,
    /// It was stopped from outside.
    Interrupted,
    /// It wanted more memory than it may have; the limit, in bytes.
    OutOfMemory(u64),
    /// It trapped: why, and below that a line for each of its innermost functions, as far as they have names.
    Trapped(String),
    /// The host could not go on with it.
    Broken(String),
}

impl GuestEnd {
    /// Understands an error that a call into the guest gave.
    #[must_use]
    pub fn of(error: &wasmtime::Error, store: &Store<Guest>) -> Self {
        let guest = store.data();
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return if exit.0 == 0 { Self::Done } else { Self::Failed };
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Self::Interrupted,
            Some(_) if guest.limiter.exceeded => Self::OutOfMemory(guest.limiter.memory),
            Some(trap) => Self::Trapped(trapped(trap, &frames::of(error))),
            None => Self::Broken(plain(error)),
        }
    }
}

fn trapped(trap: &Trap, functions: &[String]) -> String {
    let why = trap.to_string();
    let mut text = why.trim_start_matches("wasm trap: ").to_owned();
    for function in functions {
        text.push_str(&format!("\n  at {function}"));
    }
    text
}

impl std::fmt::Display for GuestEnd {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Done => formatter.write_str("the guest returned without an answer"),
            Self::Failed => formatter.write_str("the guest said that it failed"),
            Self::Interrupted => formatter.write_str("the guest was stopped"),
            Self::OutOfMemory(limit) => write!(
                formatter,
                "the guest needs more memory than it may have: {} MiB (`[limits] memory`)",
                limit >> 20
            ),
            Self::Trapped(reason) => write!(formatter, "the guest trapped: {reason}"),
            Self::Broken(reason) => formatter.write_str(reason),
        }
    }
}

/// An error and its causes in one line; never a backtrace, which costs milliseconds to print.
pub(super) fn plain(error: &wasmtime::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

/// A fault that a guest injected; undone when the guest drops it.
pub struct InjectedFault(pub FaultGuard);
