//! From a project's source to a component: drives its toolchain, finds what that made, and writes `dist/NAME.wasm`.
//!
//! Where a thing lies is read from cargo's own messages, never guessed: `CARGO_TARGET_DIR` and every cargo configuration
//! are respected that way. It does not resolve dependencies, download, or decide what is fresh: cargo does. C is compiled
//! here, with the first toolchain that is found; whatever else there is, the slightfile names a command for.
//!
//! *Invariant:* tools run in the plan's folder with the plan's environment, and with nothing of this process's own.

pub mod c;
mod cargo;
mod command;
mod compiler;
mod component;
mod dist;
mod error;
pub mod inventory;
mod manifest;
pub mod revision;
mod select;
mod target;
mod tool;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Instant;

pub use compiler::Compiler;
pub use component::{ComponentError, is_component};
pub use error::BuildError;
pub use inventory::Inventory;
pub use revision::Source;

use crate::events::{Event, Sink};
use crate::support::waiting::Ending;

/// The Rust target that guests are compiled for.
pub const TARGET: &str = "wasm32-wasip2";

/// What to build, and in which surroundings.
#[derive(Debug, Clone)]
pub struct BuildPlan {
    /// The project's folder, absolute: that of its `Cargo.toml`, if it has one.
    pub root: PathBuf,
    /// What compiles it, and its tests; none where slt knows no toolchain for it.
    pub toolchain: Option<Toolchain>,
    /// What builds the application in the toolchain's stead.
    pub command: Option<Command>,
    /// Optimise.
    pub release: bool,
    /// The environment that tools see, all of it.
    pub environment: BTreeMap<String, OsString>,
    /// Whether tools colour what they print; `None` leaves it to them.
    pub color: Option<bool>,
    /// Whether tools keep their progress to themselves.
    pub quiet: bool,
    /// Tools end when the user asks for that; `None`: the signal ends this process.
    pub ending: Option<Ending>,
}

impl BuildPlan {
    /// Whether there is nothing that could be built.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.toolchain.is_none() && self.command.is_none()
    }
}

/// What compiles a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Toolchain {
    /// Cargo, for the package in the project's folder.
    Cargo,
    /// The first C toolchain that is found.
    C(About),
}

/// A toolchain that slt knows nothing of: `[app] component` and `[app] build`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The application's name and version.
    pub about: About,
    /// What is typed into a shell to build it.
    pub line: Option<String>,
    /// What lies there afterwards: a component, or a core module.
    pub component: PathBuf,
}

/// What an application is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The application as its toolchain built it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltApp {
    /// Its name and version.
    pub about: About,
    /// What the toolchain made: a component.
    pub artifact: PathBuf,
    /// The SHA-256 of its bytes, where size and time of change may not tell one from the next.
    pub digest: Option<String>,
    /// A folder that the toolchain cleans, where it is remembered what was written from what.
    pub stamps: PathBuf,
    /// What cargo compiled on the way, if it was cargo.
    pub compiled: Option<inventory::Compiled>,
}

/// Where a test artifact comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestKind {
    /// The `#[test]`s in `src/` of a library or a program.
    Unit,
    /// A file in `tests/`.
    Integration,
}

/// How a test artifact is driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Rust's test harness.
    Libtest,
    /// It answers `--list` and `--exact NAME`.
    Suite,
    /// It is one test, and takes no arguments.
    Program,
}

/// A program that holds tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestArtifact {
    /// The package that it belongs to.
    pub package: String,
    /// The target's name: that of the library, or of the file in `tests/`.
    pub name: String,
    /// What the toolchain made: a component.
    pub path: PathBuf,
    /// Where it comes from.
    pub kind: TestKind,
    /// How it is driven.
    pub protocol: Protocol,
}

/// A component that was written to `dist/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where it lies.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// What it was made from.
    pub app: BuiltApp,
}

/// Builds the application, and leaves it where cargo puts it: what tests and `slt run` start from.
///
/// # Errors
/// [`BuildError`]; see [`BuildError::is_no_app`] for packages that hold tests only.
pub fn app(plan: &BuildPlan, sink: &Sink) -> Result<BuiltApp, BuildError> {
    match (&plan.command, &plan.toolchain) {
        (Some(command), _) => command::app(plan, command, sink),
        (None, Some(Toolchain::Cargo)) => cargo::app(plan, sink),
        (None, Some(Toolchain::C(about))) => c::app(plan, about, sink),
        (None, None) => Err(BuildError::NoManifest(plan.root.clone())),
    }
}

/// Builds the test programs of the package, or of every package of a workspace that is none itself. The application
/// is not among them: [`app`] builds it.
///
/// # Errors
/// [`BuildError`].
pub fn tests(plan: &BuildPlan, sink: &Sink) -> Result<Vec<TestArtifact>, BuildError> {
    match &plan.toolchain {
        Some(Toolchain::Cargo) => cargo::tests(plan, sink),
        Some(Toolchain::C(about)) => c::tests(plan, about, sink),
        None => Ok(Vec::new()),
    }
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
    let revision = revision::unmodified(plan);
    let written = dist::write(&plan.root, &app, revision.as_deref())?;
    sink(Event::Built {
        path: written.path.display().to_string(),
        bytes: written.bytes,
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    Ok(written)
}

/// Which packages a built application consists of; `None`: another toolchain than cargo built it, which does not say.
///
/// # Errors
/// [`BuildError`].
pub fn inventory(plan: &BuildPlan, app: &BuiltApp) -> Result<Option<Inventory>, BuildError> {
    inventory::of(plan, app)
}

/// A program for this machine, as cargo built it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its name and version.
    pub about: About,
    /// Where it lies.
    pub path: PathBuf,
    /// What cargo compiled on the way.
    pub compiled: inventory::Compiled,
}

/// Builds the package's program for this machine: for its documents, slt itself runs none.
///
/// # Errors
/// [`BuildError`].
pub fn program(plan: &BuildPlan, sink: &Sink) -> Result<Program, BuildError> {
    cargo::program(plan, sink)
}

/// Which packages a program for this machine consists of.
///
/// # Errors
/// [`BuildError`].
pub fn program_inventory(plan: &BuildPlan, program: &Program) -> Result<Inventory, BuildError> {
    inventory::of_program(plan, program)
}

/// Which source a build is made from; `None`: git is not there, or does not know it.
#[must_use]
pub fn source(plan: &BuildPlan) -> Option<Source> {
    revision::source(plan)
}

/// What compiles a project, as the tool itself says; `None`: a command of the user's does, or it can't be asked.
#[must_use]
pub fn compiler(plan: &BuildPlan) -> Option<Compiler> {
    compiler::of(plan)
}
