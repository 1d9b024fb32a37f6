//! A suite of tests in any language, `docs/testing.md#suites-in-any-language`: `--list` prints a line for each test,
//! `--exact NAME` runs one, and the exit status is the verdict.
//!
//! Rust's test harness answers to both arguments as well. It is told by the line with which it ends its list, and driven as
//! what it is: of a test that it left out it would otherwise be believed that it passed.

use std::collections::BTreeSet;

use slt_emulators::chassis::Deadlock;

use super::isolation::Ran;
use super::libtest;
use super::plan::ArtifactKind;
use super::protocol::{Ask, Case, Listed, Listing, Protocol, TESTS_MAX, Unlisted, reason, report, whole_list};
use crate::events::{Outcome, TestFinished};
use crate::host::GuestEnd;

/// The longest name of a test, in bytes. Those of a path of modules and a sentence have 100 to 200.
const NAME_MAX_BYTES: usize = 1_000;

/// How many lines are shown of a list that is none.
const SHOWN_LINES: usize = 10;

/// The most characters of a line that is given as a reason.
const REASON_MAX_CHARACTERS: usize = 1_000;

/// How a line ends that names a test, and whether it runs only when it is asked for.
const ENDINGS: [(&str, bool); 2] = [(": test", false), (": ignored", true)];

/// How slt begins a line of its own in a guest's standard error.
const OWN: &str = "slt: ";

pub const PROTOCOL: Protocol = Protocol {
    list,
    arguments: |test| ["--exact"].into_iter().chain(test).collect(),
    judge: |case, ran| vec![judge(case, ran)],
};

fn list(ask: Ask<'_>) -> Result<Listing, Unlisted> {
    let ran = ask(&["--list"])?;
    let list = whole_list(&ran)?;
    if libtest::is_list(list) {
        return (libtest::PROTOCOL.list)(ask);
    }
    let tests = listed(list).map_err(Unlisted::because)?;
    if tests.is_empty() {
        return Err(nothing(&ran));
    }
    Ok(Listing::Tests(ArtifactKind::Suite, tests))
}

/// Reads the lines `NAME: test` and `NAME: ignored`; others mean nothing.
fn listed(stdout: &str) -> Result<Vec<Listed>, String> {
    let mut seen = BTreeSet::new();
    let mut tests = Vec::new();
    for line in stdout.lines() {
        let end = ENDINGS
            .iter()
            .find_map(|(ending, ignored)| Some((line.strip_suffix(ending)?, *ignored)));
        let Some((name, ignored)) = end else { continue };
        match name {
            _ if name.trim().is_empty() => return Err("it lists a test without a name".into()),
            _ if name.len() > NAME_MAX_BYTES => {
                return Err(format!(
                    "it lists a test whose name has {} bytes, and a name may have {NAME_MAX_BYTES}",
                    name.len()
                ));
            }
            _ if name.contains(char::is_control) => {
                return Err(format!(
                    "it lists a test with a control character in its name: {name:?}"
                ));
            }
            _ if !seen.insert(name) => return Err(format!("it lists `{name}` twice")),
            _ if tests.len() == TESTS_MAX => {
                return Err(format!(
                    "it lists more than the {TESTS_MAX} tests that a suite may have"
                ));
            }
            _ => tests.push(Listed {
                name: Some(name.to_owned()),
                ignored,
            }),
        }
    }
    Ok(tests)
}

/// A suite that lists nothing is none.
fn nothing(ran: &Ran) -> Unlisted {
    let first = |text: &str| text.lines().take(SHOWN_LINES).collect::<Vec<_>>().join("\n");
    let (reason, wrote) = match (ran.stdout.trim(), ran.stderr.trim()) {
        ("", "") => ("it printed nothing", String::new()),
        ("", stderr) => ("it printed nothing, and wrote to its standard error", first(stderr)),
        (stdout, _) => ("none of the lines that it printed names one", first(stdout)),
    };
    Unlisted::Artifact {
        reason: reason.into(),
        wrote,
    }
}

/// What a test that ran alone came to.
fn judge(case: &Case<'_>, ran: Ran) -> TestFinished {
    let (outcome, why) = verdict(case, &ran);
    report(case, ran, outcome, why)
}

/// What the end of a process says of the test that it was.
pub fn verdict(case: &Case<'_>, ran: &Ran) -> (Outcome, Option<String>) {
    match &ran.end {
        Ok(GuestEnd::Done) => (Outcome::Passed, None),
        Ok(GuestEnd::Interrupted) => (Outcome::TimedOut, Some(reason(&ran.end, case.shared))),
        end => (
            Outcome::Failed,
            Some(why(end, &ran.stderr, || reason(end, case.shared))),
        ),
    }
}

/// The last line that a test wrote to its standard error, or a panic of Rust's; and what the host knows, where that is more
/// than that it failed.
fn why(end: &Result<GuestEnd, Deadlock>, stderr: &str, known: impl FnOnce() -> String) -> String {
    if let Some(panic) = libtest::panic_of(stderr) {
        return panic;
    }
    let last = stderr
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty() && !line.starts_with(OWN));
    let last = last.map(|line| line.trim_end().chars().take(REASON_MAX_CHARACTERS).collect::<String>());
    match (end, last) {
        (Ok(GuestEnd::Failed), Some(line)) => line,
        (Ok(GuestEnd::Failed), None) => "it failed, and wrote nothing to its standard error".into(),
        (_, Some(line)) => format!("{line}\n{}", known()),
        (_, None) => known(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(stdout: &str) -> Result<Vec<(String, bool)>, String> {
        let pair = |test: Listed| (test.name.unwrap_or_default(), test.ignored);
        listed(stdout).map(|tests| tests.into_iter().map(pair).collect())
    }

    #[test]
    fn lines_that_name_a_test() {
        let pair = |name: &str, ignored: bool| (name.to_owned(), ignored);
        for (stdout, expected) in [
            ("", vec![]),
            ("a: test\n", vec![pair("a", false)]),
            ("a: test\r\nb: ignored\r\n", vec![pair("a", false), pair("b", true)]),
            ("starting up\na::b: c: test\n2 tests\n", vec![pair("a::b: c", false)]),
            ("a: tests\na:test\nA: Test\na: benchmark\n", vec![]),
            ("no end of line: test", vec![pair("no end of line", false)]),
        ] {
            assert_eq!(names(stdout), Ok(expected), "{stdout:?}");
        }
    }

    #[test]
    fn names_that_cannot_be() {
        let long = "x".repeat(NAME_MAX_BYTES + 1);
        for (stdout, expected) in [
            ("a: test\na: ignored\n".to_owned(), "it lists `a` twice"),
            (" : test\n".to_owned(), "it lists a test without a name"),
            (
                "a\u{1b}[1m: test\n".to_owned(),
                "it lists a test with a control character",
            ),
            (format!("{long}: test\n"), "it lists a test whose name has 1001 bytes"),
        ] {
            let error = names(&stdout).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
        let many: String = (0..=TESTS_MAX).map(|number| format!("{number}: test\n")).collect();
        assert_eq!(
            names(&many).unwrap_err(),
            "it lists more than the 100000 tests that a suite may have"
        );
    }

    #[test]
    fn the_reason_of_a_failure() {
        let trapped = GuestEnd::Trapped("wasm `unreachable` instruction executed".into());
        let panic = "thread 'main' (1) panicked at src/lib.rs:3:5:\nno\nnote: run with `RUST_BACKTRACE=1` environment \
                     variable to display a backtrace\n";
        for (end, stderr, expected) in [
            (
                GuestEnd::Failed,
                "first\nlast  \n\n  \nslt: the guest trapped: unreachable\n",
                "last",
            ),
            (
                GuestEnd::Failed,
                "",
                "it failed, and wrote nothing to its standard error",
            ),
            (
                trapped.clone(),
                "assertion failed: x == 1\n",
                "assertion failed: x == 1\nknown",
            ),
            (trapped.clone(), "", "known"),
            (trapped, panic, "panicked at src/lib.rs:3:5:\nno"),
        ] {
            assert_eq!(why(&Ok(end), stderr, || "known".into()), expected, "{stderr:?}");
        }
    }
}
