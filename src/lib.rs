//! `slt`: a developer toolchain and test harness for portable WebAssembly cloud applications.
//!
//! The rooms and the arrows between them are described in `docs/architecture.md`; `tests/it/tidy.rs` holds them.

pub mod attest;
pub mod build;
pub mod catalogue;
pub mod cli;
pub mod commands;
pub mod deployment;
pub mod events;
pub mod exit;
pub mod harness;
pub mod host;
pub mod lsp;
pub mod project;
pub mod providers;
pub mod registry;
pub mod scaffold;
pub mod secrets;
pub mod services;
pub mod signing;
pub mod slightfile;
pub mod support;
pub mod ui;
pub mod validate;
