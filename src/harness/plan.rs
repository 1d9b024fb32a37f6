//! What a test run will do: pure data.

use std::path::PathBuf;
use std::time::Duration;

use crate::slightfile::Slightfile;

/// How an artifact is driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArtifactKind {
    /// It lists its tests, and runs one by its name.
    Suite,
    /// It runs all that it has in one process, whatever it is told: rustdoc's merged doctests.
    AllAtOnce,
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
    /// Whether the test `name` of `artifact` is meant. A whole name may leave out the artifact's.
    #[must_use]
    pub fn accepts(&self, artifact: &str, name: &str) -> bool {
        let full = full_name(artifact, name);
        let is_meant = |text: &String| {
            if self.exact {
                *text == full || text == name
            } else {
                full.contains(text.as_str())
            }
        };
        self.texts.is_empty() || self.texts.iter().any(is_meant)
    }
}

/// A test's name in reports: unique in a run.
#[must_use]
pub fn full_name(artifact: &str, name: &str) -> String {
    format!("{artifact}::{name}")
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        for (texts, exact, name, expected) in [
            (&[][..], false, "tests::a", true),
            (&["links::te"][..], false, "tests::a", true),
            (&["tests::a"][..], true, "tests::a", true),
            (&["links::tests::a"][..], true, "tests::a", true),
            (&["tests"][..], true, "tests::a", false),
            (&["x", "y"][..], false, "tests::a", false),
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
