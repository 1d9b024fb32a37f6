//! What is asked of a component that holds tests, and how its answers are read: one row of functions a kind.
//!
//! It drives nothing itself: `run` does, with the row of the artifact's kind.

use slt_emulators::chassis::Deadlock;

use super::isolation::{Ran, Shared};
use super::plan::{Artifact, ArtifactKind};
use super::{doctests, libtest, program, suite};
use crate::events::{Exchange, Outcome, TestFinished};
use crate::host::{GuestEnd, Loaded, MAX_KEPT_BYTES};

/// How many of its last exchanges a failing test shows.
const SHOWN_EXCHANGES: usize = 20;

/// The most tests of one artifact.
pub const TESTS_MAX: usize = 100_000;

/// A test that an artifact listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The artifact's name of it; `None`: the artifact itself is the test.
    pub name: Option<String>,
    /// Whether its author marked it as one that only runs when it is asked for.
    pub ignored: bool,
}

/// What an artifact holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// These tests, each of which runs alone. They are driven as this kind, which is what the artifact turned out to be.
    Tests(ArtifactKind, Vec<Listed>),
    /// What it does not say beforehand.
    Untold,
}

/// Runs an artifact with these arguments in a world of its own; an error says why it did not list its tests.
pub type Ask<'a> = &'a dyn Fn(&[&str]) -> Result<Ran, Unlisted>;

/// Why an artifact did not list its tests.
#[derive(Debug)]
pub enum Unlisted {
    /// What it did instead, and what it wrote meanwhile.
    Artifact {
        /// What it did.
        reason: String,
        /// What it wrote, as far as it tells something.
        wrote: String,
    },
    /// It never ran.
    World(super::Unstarted),
}

impl Unlisted {
    /// It did this instead, and wrote nothing that says more.
    pub fn because(reason: impl Into<String>) -> Self {
        Self::Artifact {
            reason: reason.into(),
            wrote: String::new(),
        }
    }
}

/// The list that an artifact printed. Of a longer one than is kept, tests would be missing from its middle.
pub fn whole_list(ran: &Ran) -> Result<&str, Unlisted> {
    match ran.stdout.len() > MAX_KEPT_BYTES {
        true => Err(Unlisted::because(format!(
            "its list has more than the {MAX_KEPT_BYTES} bytes that are kept"
        ))),
        false => Ok(&ran.stdout),
    }
}

/// A test that ran.
pub struct Case<'a> {
    /// What the tests of a run share.
    pub shared: &'a Shared,
    /// The artifact.
    pub artifact: &'a Artifact,
    /// The artifact, compiled.
    pub loaded: &'a Loaded,
    /// The test's name in reports.
    pub name: &'a str,
    /// The artifact's name of it.
    pub test: Option<&'a str>,
}

/// One kind of artifact.
pub struct Protocol {
    /// What it holds.
    pub list: fn(Ask<'_>) -> Result<Listing, Unlisted>,
    /// The arguments that run one test.
    pub arguments: fn(Option<&str>) -> Vec<&str>,
    /// What that came to.
    pub judge: fn(&Case<'_>, Ran) -> Vec<TestFinished>,
}

/// The row of a kind.
pub fn of(kind: ArtifactKind) -> &'static Protocol {
    match kind {
        ArtifactKind::Libtest => &libtest::PROTOCOL,
        ArtifactKind::AllAtOnce => &doctests::PROTOCOL,
        ArtifactKind::Suite => &suite::PROTOCOL,
        ArtifactKind::Program => &program::PROTOCOL,
    }
}

/// The process's own arguments: the artifact's name, then `rest`.
pub fn arguments(artifact: &Artifact, rest: &[&str]) -> Vec<String> {
    let name = std::iter::once(artifact.name.as_str());
    name.chain(rest.iter().copied()).map(str::to_owned).collect()
}

/// A report of a test of which nothing else is known.
pub fn finished(name: String, outcome: Outcome, seed: u64) -> TestFinished {
    TestFinished {
        name,
        outcome,
        microseconds: 0,
        virtual_nanoseconds: 0,
        seed,
        reason: None,
        stdout: String::new(),
        stderr: String::new(),
        exchanges: Vec::new(),
    }
}

/// The report of a test that ran in a process of its own.
pub fn report(case: &Case<'_>, ran: Ran, outcome: Outcome, reason: Option<String>) -> TestFinished {
    let shown = match outcome {
        Outcome::Passed => Vec::new(),
        _ => ran.journal.last(SHOWN_EXCHANGES),
    };
    let exchange = |record| Exchange::of(Some(case.name), record);
    TestFinished {
        exchanges: shown.iter().map(exchange).collect(),
        virtual_nanoseconds: ran.virtual_nanoseconds,
        reason,
        stdout: ran.stdout,
        stderr: ran.stderr,
        ..finished(case.name.to_owned(), outcome, case.shared.seed)
    }
}

/// Why a process of a guest did not end well, as every kind says it.
pub fn reason(end: &Result<GuestEnd, Deadlock>, shared: &Shared) -> String {
    match end {
        Err(deadlock) => deadlock.to_string(),
        Ok(GuestEnd::Interrupted) => format!("still running after {:?} of real time", shared.timeout),
        Ok(end) => end.to_string(),
    }
}
