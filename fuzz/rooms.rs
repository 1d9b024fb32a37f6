//! The pure rooms of slt by themselves: what reads bytes that somebody else wrote, without what it takes to run them.
//!
//! The files are slt's own. With wasmtime beside them, a build for the fuzzer would take as long as the fuzzing.

// laws.rs says `slt`, as in slt's tests
extern crate self as slt;

pub mod laws;

#[path = "../src/catalogue.rs"]
pub mod catalogue;
#[path = "../src/slightfile/mod.rs"]
pub mod slightfile;
#[path = "../src/validate/mod.rs"]
pub mod validate;

/// Only what texts of others look like.
#[path = "../src/support"]
pub mod support {
    pub mod text;
}

/// Only what shows diagnostics.
#[path = "../src/ui"]
pub mod ui {
    pub mod diagnostics;
}
