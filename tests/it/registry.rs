//! Registries: what is read from them and written to them, and what happens when they fail.

mod artifact;
mod client;
pub mod commands;
mod credentials;
mod faults;
pub mod server;
#[cfg(target_os = "linux")]
mod tls;
mod usage;
