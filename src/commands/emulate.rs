//! `slt emulate`: emulated services by themselves, for programs in any language.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use slt_emulators::chassis::{Clock, Faults, Journal, Limits, Mounted, Record, Seed, Shutdown, World};

use super::{Exit, Failure, Session, run, test};
use crate::cli::Emulate;
use crate::events::{Event, Exchange, Sink};
use crate::services::{self, Kind};
use crate::support::processes;

/// Runs `slt emulate`.
pub fn run(session: &Session<'_>, arguments: &Emulate) -> Result<Exit, Failure> {
    let kinds = arguments
        .services
        .iter()
        .map(|name| kind(name))
        .collect::<Result<Vec<_>, _>>()?;
    if kinds.len() > 1 && arguments.port != 0 {
        return Err(Failure::usage("`--port` is for one service, and several were named")
            .hint("leave it out: each then takes a free port and prints it"));
    }
    let sink = session.ui.sink();
    let (trigger, shutdown) = Shutdown::new();
    let world = World {
        clock: Clock::real(),
        seed: Seed::new(arguments.seed.unwrap_or_else(test::fresh_seed)),
        faults: Faults::default(),
        journal: journal(session, &sink),
        shutdown,
        limits: Limits::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::environment(format!("no event queue: {error}")))?;
    runtime.block_on(async {
        let mut interrupts = processes::Interrupts::listen();
        for (number, kind) in kinds.iter().enumerate() {
            listen(kind, number, arguments.port, &world, &sink).await?;
        }
        interrupts.next().await;
        trigger.fire();
        Ok(Exit::Done)
    })
}

fn kind(name: &str) -> Result<&'static Kind, Failure> {
    services::emulated(name).ok_or_else(|| {
        let known: Vec<String> = services::EMULATED
            .iter()
            .map(|kind| format!("`{}`", kind.name))
            .collect();
        Failure::usage(format!("there is no emulator for `{name}`"))
            .hint(format!("there is one for {}", known.join(", ")))
    })
}

async fn listen(kind: &Kind, number: usize, port: u16, world: &World, sink: &Sink) -> Result<(), Failure> {
    let (service, _) = services::mount(kind, number, world);
    let service: Mounted = service;
    for node in 0..service.emulator().nodes() {
        // loopback only: an emulator asks nobody for a password
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listening = service
            .listen(node, address)
            .await
            .map_err(|error| run::cannot_listen(&address.to_string(), &error))?;
        let address = format!("{}://{}", kind.name, listening.address);
        sink(Event::Listening {
            service: service.name().to_owned(),
            address,
        });
    }
    Ok(())
}

/// The journal is printed as it is made, for programs and for people who ask for it; otherwise none is kept.
fn journal(session: &Session<'_>, sink: &Sink) -> Journal {
    if !session.ui.is_json() && session.global.verbose == 0 {
        return Journal::off();
    }
    let sink = Arc::clone(sink);
    Journal::observed(
        0,
        Arc::new(move |record: &Record| sink(Event::Exchange(Exchange::of(None, record)))),
    )
}
