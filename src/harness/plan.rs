//! What a test run will do: pure data.

use std::path::PathBuf;
use std::time::Duration;

use crate::slightfile::Slightfile;
use crate::support::waiting::Ending;

/// How an artifact is driven. Each has a file of its own, which says how it lists, what it is told and how it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArtifactKind {
    /// Rust's test harness: it lists its tests, and runs one by its name.
    Libtest,
    /// It runs all that it has in one process, whatever it is told: rustdoc's merged doctests.
    AllAtOnce,
    /// A suite of any language: it lists its tests, and runs one by its name.
    Suite,
    /// A program that is one test.
    Program,
}

/// A component that holds tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// What stands before its tests' names: the name of the test target.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// How it is driven.
    pub kind: ArtifactKind,
}

/// What becomes of tests that their authors marked `#[ignore]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ignored {
    /// They are reported as ignored.
    #[default]
    Skip,
    /// They run like all others.
    Include,
    /// Only they run.
    Only,
}

/// Which tests are meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Those whose names contain one of these; all when empty.
    pub texts: Vec<String>,
    /// The texts are whole names.
    pub exact: bool,
    /// Ignored ones.
    pub ignored: Ignored,
}

impl Filter {
    /// Whether the test `name` of `artifact` is meant, or the artifact that is a test itself. A whole name may leave out
    /// the artifact's.
    #[must_use]
    pub fn accepts(&self, artifact: &str, name: Option<&str>) -> bool {
        let full = full_name(artifact, name);
        let is_meant = |text: &String| {
            if self.exact {
                *text == full || Some(text.as_str()) == name
            } else {
                full.contains(text.as_str())
            }
        };
        self.texts.is_empty() || self.texts.iter().any(is_meant)
    }
}

/// A test's name in reports: unique in a run. That of an artifact which is a test itself is the artifact's.
#[must_use]
pub fn full_name(artifact: &str, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{artifact}::{name}"),
        None => artifact.to_owned(),
    }
}

/// A test run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The components that hold the tests.
    pub artifacts: Vec<Artifact>,
    /// The project's own component: what `app.test` reaches.
    pub app: Option<PathBuf>,
    /// What stands behind the capabilities.
    pub slightfile: Slightfile,
    /// Which tests.
    pub filter: Filter,
    /// The seed of every random decision.
    pub seed: u64,
    /// The real time that one test may take.
    pub timeout: Duration,
    /// How many tests run at once.
    pub jobs: usize,
    /// Only list.
    pub list: bool,
    /// Tests end when the user asks for that; `None`: the signal ends this process.
    pub ending: Option<Ending>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        for (texts, exact, name, expected) in [
            (&[][..], false, Some("tests::a"), true),
            (&["links::te"][..], false, Some("tests::a"), true),
            (&["tests::a"][..], true, Some("tests::a"), true),
            (&["links::tests::a"][..], true, Some("tests::a"), true),
            (&["tests"][..], true, Some("tests::a"), false),
            (&["x", "y"][..], false, Some("tests::a"), false),
            (&["links"][..], true, None, true),
            (&["ink"][..], false, None, true),
            (&["ink"][..], true, None, false),
        ] {
            let texts = texts.iter().map(|text| (*text).to_owned()).collect();
            let filter = Filter {
                texts,
                exact,
                ignored: Ignored::Skip,
            };
            assert_eq!(filter.accepts("links", name), expected, "{filter:?}");
        }
    }
}
