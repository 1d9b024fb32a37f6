//! What rustdoc makes of a package's examples: one program that runs them all in one process, whatever it is told.
//!
//! Its lines are read as cases. After the one that ended the process, the rest are not run.

use super::isolation::{Isolated, Ran};
use super::libtest;
use super::plan::full_name;
use super::protocol::{self, Case, Listing, Protocol, TESTS_MAX, finished};
use crate::events::{Outcome, TestFinished};
use crate::host::GuestEnd;

pub const PROTOCOL: Protocol = Protocol {
    list: |_| Ok(Listing::Untold),
    arguments: |_| Vec::new(),
    judge: |case, ran| judge(case, &with_panic(case, ran)),
};

/// The variable that tells libtest to capture nothing, for an artifact that reads no arguments.
const NO_CAPTURE: (&str, &str) = ("RUST_TEST_NOCAPTURE", "1");

/// How rustdoc's doctests complain that they cannot be started one by one.
const RUSTDOC_WARNING: &str = "WARNING: No rustdoc doctest environment variable provided";

/// A guest's standard error, without what its harness wrote there.
fn own_errors(stderr: &str) -> String {
    let lines = stderr.split_inclusive('\n');
    lines.filter(|line| !line.starts_with(RUSTDOC_WARNING)).collect()
}

/// What runs all at once captures output, and its panic's message is lost with the process. The same run once more, told
/// to capture nothing, ends the same way and shows the message.
fn with_panic(case: &Case<'_>, ran: Ran) -> Ran {
    let stderr = own_errors(&ran.stderr);
    let is_lost = matches!(ran.end, Ok(GuestEnd::Trapped(_))) && libtest::panic_of(&stderr).is_none();
    let again = || {
        let world = Isolated::new(case.shared, case.name).ok()?;
        let arguments = protocol::arguments(case.artifact, &[]);
        let again = world.run_with(case.loaded, &arguments, &[NO_CAPTURE]);
        (again.end == ran.end).then(|| own_errors(&again.stderr))
    };
    let shown = if is_lost { again() } else { None };
    Ran {
        stderr: shown.unwrap_or(stderr),
        ..ran
    }
}

/// What the tests of one process came to: after the one that ended it, the rest are not run.
fn judge(case: &Case<'_>, ran: &Ran) -> Vec<TestFinished> {
    let (announced, lines) = cases(&ran.stdout);
    let called = |name: &str| full_name(case.name, Some(name));
    let seed = case.shared.seed;
    let reason = || Some(libtest::reason(&ran.end, &ran.stderr, case.shared));
    let whole = matches!(ran.end, Ok(GuestEnd::Done | GuestEnd::Failed));
    let mut reports: Vec<TestFinished> = Vec::new();
    let cut_off = if matches!(ran.end, Ok(GuestEnd::Interrupted)) {
        Outcome::TimedOut
    } else {
        Outcome::Failed
    };
    for line in lines {
        let outcome = line.outcome.unwrap_or(cut_off);
        let report = finished(called(&line.name), outcome, seed);
        reports.push(match outcome {
            Outcome::Failed if line.outcome.is_some() => TestFinished {
                reason: Some("the test returned an error".to_owned()),
                stderr: ran.stderr.clone(),
                ..report
            },
            Outcome::Failed | Outcome::TimedOut => TestFinished {
                reason: reason(),
                stderr: ran.stderr.clone(),
                ..report
            },
            _ => report,
        });
    }
    if !whole && reports.iter().all(|report| report.outcome != cut_off) {
        let name = called(&format!("{} of {announced}", reports.len() + 1));
        reports.push(TestFinished {
            reason: reason(),
            stderr: ran.stderr.clone(),
            ..finished(name, cut_off, seed)
        });
    }
    for number in reports.len()..announced {
        let name = called(&format!("{} of {announced}", number + 1));
        let reason = Some("an earlier test ended the process that they share".to_owned());
        reports.push(TestFinished {
            reason,
            ..finished(name, Outcome::NotRun, seed)
        });
    }
    reports
}

/// A line about a case.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    /// Its name.
    name: String,
    /// How it ended; `None`: it was running when the process ended.
    outcome: Option<Outcome>,
}

/// Reads `running N tests` and the lines `test NAME ... ok`.
fn cases(stdout: &str) -> (usize, Vec<Line>) {
    let mut lines = Vec::new();
    let mut announced = 0_usize;
    for line in stdout.lines() {
        if let Some(number) = line.strip_prefix("running ").and_then(|rest| rest.split(' ').next()) {
            // an example can print such a line itself
            let number = number.parse::<usize>().unwrap_or(0);
            announced = TESTS_MAX.min(announced.saturating_add(number));
        }
        let Some((name, said)) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")) else {
            continue;
        };
        let outcome = match said.split([' ', ',']).next() {
            Some("ok") => Some(Outcome::Passed),
            Some("FAILED") => Some(Outcome::Failed),
            Some("ignored") if name.ends_with(" - should panic") => Some(Outcome::Unsupported),
            Some("ignored") => Some(Outcome::Ignored),
            _ => None,
        };
        lines.push(Line {
            name: name.to_owned(),
            outcome,
        });
    }
    (announced.max(lines.len()), lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doctests_share_a_process() {
        let stdout = "\nrunning 3 tests\ntest src/lib.rs - f (line 1) ... ok\ntest src/lib.rs - g (line 9) ... ";
        let (announced, lines) = cases(stdout);
        assert_eq!(announced, 3);
        assert_eq!(
            lines.iter().map(|line| line.outcome).collect::<Vec<_>>(),
            [Some(Outcome::Passed), None]
        );
    }

    #[test]
    fn what_an_example_announces_itself_has_a_limit() {
        for (said, expected) in [
            ("running 300000000 tests\n", TESTS_MAX),
            ("running 18446744073709551615 tests\nrunning 2 tests\n", TESTS_MAX),
            ("running 36893488147419103232 tests\nrunning 2 tests\n", 3),
            ("running late\n", 1),
        ] {
            let (announced, lines) = cases(&format!("\nrunning 1 test\n{said}"));
            assert_eq!((announced, lines.len()), (expected, 0), "{said}");
        }
    }
}
