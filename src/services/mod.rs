//! Services behind one [`Endpoint`]: emulated in this process, or at an address that the slightfile names.
//!
//! A provider cannot tell which. Containers and installed servers will stand here beside them.

mod address;

use std::sync::Arc;

use slt_emulators::chassis::{Emulator, Mounted, World};
use slt_emulators::redis::Redis;

pub use address::{AddressError, redis as redis_at};

use crate::providers::endpoint::Endpoint;

/// A service that can be emulated.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// `redis`
    pub name: &'static str,
    /// The port that the service itself listens on.
    pub port: u16,
    /// A fresh one.
    pub fresh: fn() -> Arc<dyn Emulator>,
}

/// Every service that can be emulated.
pub const EMULATED: &[Kind] = &[Kind {
    name: "redis",
    port: 6379,
    fresh: || Arc::new(Redis::new()),
}];

/// The emulator for a kind of service.
#[must_use]
pub fn emulated(name: &str) -> Option<&'static Kind> {
    EMULATED.iter().find(|kind| kind.name == name)
}

/// Puts a fresh service into a world, and gives what providers dial.
#[must_use]
pub fn mount(kind: &Kind, number: usize, world: &World) -> (Mounted, Endpoint) {
    let service = Mounted::new(&format!("{}#{number}", kind.name), (kind.fresh)(), world.clone());
    let endpoint = Endpoint::emulated(&service);
    (service, endpoint)
}
