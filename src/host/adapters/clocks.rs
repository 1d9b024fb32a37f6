//! `wasi:clocks`, on the clock of the deployment.
//!
//! It shadows wasmtime-wasi's, and must therefore be bound in exactly its version (`wit/host/clocks`): with another one
//! nothing fails, and guests silently get the real clock. A test holds this.

use slt_emulators::chassis::Clock;
use wasmtime::StoreContextMut;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::io::poll::HostPollable;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use crate::host::Guest;

#[allow(missing_docs)]
mod generated {
    wasmtime::component::bindgen!({
        path: "wit/host/clocks",
        world: "clocks",
        with: { "wasi:io": wasmtime_wasi::p2::bindings::io },
        imports: {
            "wasi:clocks/monotonic-clock.now": async | trappable,
            "wasi:clocks/wall-clock.now": async | trappable,
            default: trappable,
        },
        require_store_data_send: true,
    });
}

use generated::wasi::clocks::{monotonic_clock, wall_clock};

/// The interface of pollables, in wasmtime-wasi's version, and its one function that does not wait.
const POLL: &str = "wasi:io/poll@0.2.12";
const READY: &str = "[method]pollable.ready";

const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

struct Clocks;

impl HasData for Clocks {
    type Data<'a> = View<'a>;
}

struct View<'a> {
    clock: &'a Clock,
    table: &'a mut ResourceTable,
}

/// Links both clocks, over what is linked already.
pub fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    fn view(guest: &mut Guest) -> View<'_> {
        View {
            clock: &guest.clock,
            table: &mut guest.table,
        }
    }
    monotonic_clock::add_to_linker::<Guest, Clocks>(linker, view)?;
    wall_clock::add_to_linker::<Guest, Clocks>(linker, view)?;
    linker
        .instance(POLL)?
        .func_wrap_async(READY, |mut store: StoreContextMut<'_, Guest>, (pollable,)| {
            Box::new(async move { Ok((ready(store.data_mut(), pollable).await?,)) })
        })
}

/// Whether a pollable is ready. A guest that asks in a loop, whatever the pollable is for, lets the others run, and time
/// pass in the end.
async fn ready(guest: &mut Guest, pollable: Resource<DynPollable>) -> wasmtime::Result<bool> {
    let ready = guest.table.ready(pollable).await?;
    if !ready {
        guest.clock.guest_reads().await;
        tokio::task::yield_now().await;
    }
    Ok(ready)
}

impl View<'_> {
    fn until(&mut self, deadline: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let timer = self.table.push(Timer {
            clock: self.clock.clone(),
            deadline,
            yielded: false,
        })?;
        subscribe(self.table, timer)
    }
}

impl monotonic_clock::Host for View<'_> {
    async fn now(&mut self) -> wasmtime::Result<u64> {
        self.clock.guest_reads().await;
        Ok(self.clock.now_monotonic())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(1)
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.until(when)
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.until(self.clock.now_monotonic().saturating_add(duration))
    }
}

impl wall_clock::Host for View<'_> {
    async fn now(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        self.clock.guest_reads().await;
        let now = self.clock.now_wall();
        let nanoseconds = u32::try_from(now % NANOSECONDS_PER_SECOND)?;
        Ok(wall_clock::Datetime {
            seconds: now / NANOSECONDS_PER_SECOND,
            nanoseconds,
        })
    }

    fn resolution(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        Ok(wall_clock::Datetime {
            seconds: 0,
            nanoseconds: 1,
        })
    }
}

/// A `pollable` that is ready at a time.
struct Timer {
    clock: Clock,
    deadline: u64,
    yielded: bool,
}

#[async_trait::async_trait]
impl Pollable for Timer {
    async fn ready(&mut self) {
        // a guest that asks again and again, without waiting, must not hang
        self.clock.guest_polls();
        if self.clock.now_monotonic() < self.deadline {
            self.clock.sleep_until(self.deadline).await;
        } else if !std::mem::replace(&mut self.yielded, true) {
            // a guest that polls with a timeout of zero must let the others run
            tokio::task::yield_now().await;
        }
    }
}
