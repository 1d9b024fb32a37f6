//! Production clients behind one trait per capability.
//!
//! A provider is handed an [`endpoint::Endpoint`] and its configuration, and cannot tell an emulator from a container or
//! a cloud. Traits take owned arguments and return `'static` futures, know nothing of wasmtime or WIT, and are safe to
//! cancel: so one provider serves the guest, the conformance suite and a plain test.
//!
//! *Invariant:* a provider never retries what may have had an effect: *sent, answer unknown* is reported as such.

pub mod endpoint;
pub mod keyvalue;
