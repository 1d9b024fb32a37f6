//! The wasmtime side: engine, cache of compiled code, linkers, instances.
//!
//! A linker is made for each component from its decoded imports, never one global linker: two shapes of one package
//! version are served side by side. Each package and shape has one small adapter file in [`adapters`].
//!
//! *Invariant:* nothing here knows of capabilities' resources, templates or terminals; providers come in as trait objects.

pub mod adapters;
mod cache;
mod engine;
mod frames;
mod guest;
mod linker;
mod outbound;
mod output;

pub use cache::Cache;
pub use engine::{Engine, LoadError, Loaded, Pool, Seat, World};
pub use guest::{Guest, GuestEnd, GuestSetup, InjectedFault, Interrupt, Testing};
pub use outbound::{APP_HOST, AppRoute, Outbound, Told};
pub use output::{MAX_KEPT_BYTES, Output};
