//! `slight:testing`: what a test may ask of the world that was made for it.

use std::time::Duration;

use slt_emulators::chassis::{Action, CONNECT, Clock, Fault, Mounted, Record, Target};
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};

use crate::host::Guest;
use crate::host::guest::{InjectedFault, Testing};

#[allow(missing_docs)]
mod generated {
    wasmtime::component::bindgen!({
        path: "wit/slight-testing",
        world: "imports",
        with: { "slight:testing/faults.fault": crate::host::InjectedFault },
        imports: { default: async | trappable },
        require_store_data_send: true,
    });
}

use generated::slight::testing::{clock, faults, services};

struct TestingData;

impl HasData for TestingData {
    type Data<'a> = View<'a>;
}

struct View<'a> {
    clock: &'a Clock,
    table: &'a mut ResourceTable,
    testing: Option<&'a Testing>,
}

/// Links clock, faults and services.
pub fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    fn view(guest: &mut Guest) -> View<'_> {
        View {
            clock: &guest.clock,
            table: &mut guest.table,
            testing: guest.testing.as_deref(),
        }
    }
    clock::add_to_linker::<Guest, TestingData>(linker, view)?;
    faults::add_to_linker::<Guest, TestingData>(linker, view)?;
    services::add_to_linker::<Guest, TestingData>(linker, view)
}

impl View<'_> {
    fn services(&self) -> &[Mounted] {
        self.testing.map_or(&[], |testing| &testing.services)
    }
}

impl clock::Host for View<'_> {
    async fn now(&mut self) -> wasmtime::Result<u64> {
        self.clock.guest_reads().await;
        Ok(self.clock.now_monotonic())
    }

    async fn advance(&mut self, nanoseconds: u64) -> wasmtime::Result<Result<(), clock::Unsupported>> {
        self.clock.guest_calls();
        Ok(self
            .clock
            .advance(nanoseconds)
            .await
            .map_err(|_| clock::Unsupported::RealTime))
    }
}

impl faults::Host for View<'_> {
    async fn inject(
        &mut self,
        on: faults::Target,
        action: faults::Action,
    ) -> wasmtime::Result<Result<Resource<InjectedFault>, faults::Error>> {
        self.clock.guest_calls();
        let fault = match self.fault(on, action) {
            Ok(fault) => fault,
            Err(error) => return Ok(Err(error)),
        };
        let Some(world) = self.services().first().map(|service| service.world().clone()) else {
            return Ok(Err(faults::Error::NoSuchService(
                "this test has no emulated service".into(),
            )));
        };
        match world.faults.inject(fault) {
            Ok(guard) => Ok(Ok(self.table.push(InjectedFault(guard))?)),
            Err(error) => Ok(Err(faults::Error::Invalid(error.to_string()))),
        }
    }
}

impl View<'_> {
    fn fault(&self, on: faults::Target, action: faults::Action) -> Result<Fault, faults::Error> {
        let on = target(on);
        self.named(&on.service)?;
        if on.nth == Some(0) {
            return Err(faults::Error::Invalid("`nth` counts from 1".into()));
        }
        let connects = on
            .operation
            .as_deref()
            .is_some_and(|operation| operation.eq_ignore_ascii_case(CONNECT));
        let action = match action {
            faults::Action::DropBefore => Action::DropBefore,
            faults::Action::DropAfter => Action::DropAfter,
            faults::Action::Delay(by) => Action::Delay(Duration::from_nanos(by)),
            faults::Action::Hold => Action::Hold,
            faults::Action::Answer(text) if text.contains(['\r', '\n']) => {
                return Err(faults::Error::Invalid("an answer is one line".into()));
            }
            faults::Action::Answer(text) => Action::Answer(text),
            faults::Action::CutRequest(bytes) => Action::CutRequest(bytes),
            faults::Action::CutReply(bytes) => Action::CutReply(bytes),
            faults::Action::Dribble(pieces) if pieces.chunk_bytes == 0 => {
                return Err(faults::Error::Invalid("a piece has at least one byte".into()));
            }
            faults::Action::Dribble(pieces) => Action::Dribble {
                chunk_bytes: pieces.chunk_bytes,
                pause: Duration::from_nanos(pieces.pause_nanoseconds),
            },
            faults::Action::Refuse if connects => Action::Refuse,
            faults::Action::Refuse => {
                return Err(faults::Error::Invalid(format!(
                    "`refuse` is for the operation `{CONNECT}` only"
                )));
            }
        };
        Ok(Fault { on, action })
    }

    /// Whether a service has this name, or is of this kind.
    fn named(&self, wanted: &str) -> Result<(), faults::Error> {
        let services = self.services();
        let is_meant = |service: &Mounted| service.name() == wanted || service.emulator().kind() == wanted;
        if services.iter().any(is_meant) {
            return Ok(());
        }
        let names: Vec<&str> = services.iter().map(Mounted::name).collect();
        let there = if names.is_empty() {
            "there are none".to_owned()
        } else {
            format!("there are {}", names.join(", "))
        };
        Err(faults::Error::NoSuchService(format!(
            "no service is called `{wanted}`: {there}"
        )))
    }
}

fn target(on: faults::Target) -> Target {
    Target {
        service: on.service,
        node: None,
        operation: on.operation,
        key: on.key,
        nth: on.nth,
    }
}

impl faults::HostFault for View<'_> {
    async fn hits(&mut self, fault: Resource<InjectedFault>) -> wasmtime::Result<u32> {
        self.clock.guest_reads().await;
        // a guest that asks in a loop must let the others run
        tokio::task::yield_now().await;
        Ok(self.table.get(&fault)?.0.hits())
    }

    async fn drop(&mut self, fault: Resource<InjectedFault>) -> wasmtime::Result<()> {
        self.table.delete(fault)?;
        Ok(())
    }
}

impl services::Host for View<'_> {
    async fn list(&mut self) -> wasmtime::Result<Vec<services::Service>> {
        Ok(self
            .services()
            .iter()
            .map(|service| services::Service {
                name: service.name().to_owned(),
                kind: service.emulator().kind().to_owned(),
                address: None,
            })
            .collect())
    }

    async fn exchanges(&mut self, on: faults::Target) -> wasmtime::Result<u32> {
        self.clock.guest_reads().await;
        tokio::task::yield_now().await;
        let on = Target {
            nth: None,
            ..target(on)
        };
        let is_meant = |record: &Record| {
            let keys: Vec<&[u8]> = record.arguments.iter().map(|argument| &**argument).collect();
            on.matches(&record.service, record.node, &record.operation, &keys)
        };
        let count = self
            .services()
            .first()
            .map_or(0, |service| service.world().journal.count(is_meant));
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}
