//! From a cargo package to a component: drives cargo, finds what it made, and writes `dist/NAME.wasm`.
//!
//! Where a thing lies is read from cargo's own messages, never guessed: `CARGO_TARGET_DIR` and every cargo configuration
//! are respected that way. It does not resolve dependencies, download, or decide what is fresh: cargo does.
//!
//! *Invariant:* tools run in the plan's folder with the plan's environment, and with nothing of this process's own.

mod cargo;
mod component;
mod dist;
mod error;
mod manifest;
mod revision;
mod select;
mod target;
mod tool;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Instant;

pub use component::{ComponentError, is_component};
pub use error::BuildError;

use crate::events::{Event, Sink};

/// The Rust target that guests are compiled for.
pub const TARGET: &str = "wasm32-wasip2";

/// What to build, and in which surroundings.
#[derive(Debug, Clone)]
pub struct BuildPlan {
    /// The folder of the package's `Cargo.toml`, absolute.
    pub root: PathBuf,
    /// Optimise.
    pub release: bool,
    /// The environment that tools see, all of it.
    pub environment: BTreeMap<String, OsString>,
    /// Whether tools colour what they print; `None` leaves it to them.
    pub color: Option<bool>,
    /// Whether tools keep their progress to themselves.
    pub quiet: bool,
}

/// The application as cargo built it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltApp {
    /// The package's name.
    pub name: String,
    /// The package's version.
    pub version: String,
    /// What cargo made, in its target directory: for [`TARGET`] a component.
    pub artifact: PathBuf,
}

/// Where a test artifact comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestKind {
    /// The `#[test]`s in `src/` of a library or a program.
    Unit,
    /// A file in `tests/`.
    Integration,
}

/// A program that holds tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestArtifact {
    /// The package that it belongs to.
    pub package: String,
    /// The target's name: that of the library, or of the file in `tests/`.
    pub name: String,
    /// What cargo made.
    pub path: PathBuf,
    /// Where it comes from.
    pub kind: TestKind,
}

/// A component that was written to `dist/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where it lies.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Builds the application, and leaves it where cargo puts it: what tests and `slt run` start from.
///
/// # Errors
/// [`BuildError`]; see [`BuildError::is_no_app`] for packages that hold tests only.
pub fn app(plan: &BuildPlan, sink: &Sink) -> Result<BuiltApp, BuildError> {
    let manifest = manifest::read(plan)?;
    if manifest.workspace_only {
        return Err(BuildError::Workspace(plan.root.clone()));
    }
    target::before(plan, sink)?;
    let artifacts = cargo::run(plan, sink, &["build"])?;
    select::app(&manifest, &artifacts)
}

/// Builds the test programs of the package, or of every package of a workspace that is none itself. The application
/// is not among them: [`app`] builds it.
///
/// # Errors
/// [`BuildError`].
pub fn tests(plan: &BuildPlan, sink: &Sink) -> Result<Vec<TestArtifact>, BuildError> {
    manifest::read(plan)?;
    target::before(plan, sink)?;
    let artifacts = cargo::run(plan, sink, &["test", "--no-run"])?;
    Ok(select::tests(&artifacts))
}

/// Builds the application, and writes it to `dist/` as a validated component that says what it is. Nothing is written
/// when nothing has changed since the last time.
///
/// # Errors
/// [`BuildError`].
pub fn component(plan: &BuildPlan, sink: &Sink) -> Result<Written, BuildError> {
    #[allow(
        clippy::disallowed_methods,
        reason = "how long a build takes is real time, and no test's"
    )]
    let started = Instant::now();
    let app = app(plan, sink)?;
    let revision = revision::of(plan);
    let written = dist::write(&plan.root, &app, revision.as_deref())?;
    sink(Event::Built {
        path: written.path.display().to_string(),
        bytes: written.bytes,
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    Ok(written)
}
