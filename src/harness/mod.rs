//! `slt test`: each guest test in its own instance, with its own services, clock and seed.
//!
//! One test is one thread is one current-thread runtime (design section 11, seam 1): the guest, the instances of the
//! app, the providers and the emulators of a test live on it, and tests run in parallel with each other.
//!
//! *Invariant:* the [`Plan`] is pure data; execution emits events and prints nothing; nothing here builds or resolves
//! anything.

mod doctests;
mod isolation;
mod libtest;
mod plan;
mod program;
mod protocol;
mod run;
mod suite;

pub use isolation::{Isolated, Ran, Shared, Unstarted, run_once};
pub use plan::{Artifact, ArtifactKind, Filter, Ignored, Plan};
pub use run::{HarnessError, run};
