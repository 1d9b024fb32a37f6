//! Wire-protocol servers in your own process: real clients talk to them, tests own their clock, seed and faults.
//!
//! [`chassis`] is what every service stands on: clock, random streams, faults, journal, mounts, snapshots.
//! Each service is a folder beside it: connection → command → store, one file per command family.
//!
//! *Invariant:* this crate knows nothing of WebAssembly, slightfiles or providers. It has no globals: two hundred
//! services run side by side in one process.

pub mod chassis;
pub mod redis;
