//! What Rust's test harness prints in a guest, read and stripped.
//!
//! A guest's tests are run one by one with `NAME --exact --nocapture`: with output captured, a panic's message would be
//! lost when the instance traps. What libtest prints around the test's own output is taken away here.

use std::collections::BTreeSet;

use slt_emulators::chassis::Deadlock;

use super::isolation::{Ran, Shared};
use super::plan::ArtifactKind;
use super::protocol::{self, Ask, Case, Listed, Listing, Protocol, Unlisted, report, whole_list};
use crate::events::{Outcome, TestFinished};
use crate::host::GuestEnd;

pub const PROTOCOL: Protocol = Protocol {
    list,
    arguments: |test| {
        let how = ["--exact", "--nocapture", "--include-ignored"];
        test.into_iter().chain(how).collect()
    },
    judge: |case, ran| vec![judge(case, ran)],
};

fn list(ask: Ask<'_>) -> Result<Listing, Unlisted> {
    let (all, ignored) = (ask(&["--list"])?, ask(&["--list", "--ignored"])?);
    let ignored: BTreeSet<&str> = listed(&ignored)?.into_iter().collect();
    let test = |name: &str| Listed {
        name: Some(name.to_owned()),
        ignored: ignored.contains(name),
    };
    let all = listed(&all)?.into_iter().map(test);
    Ok(Listing::Tests(ArtifactKind::Libtest, all.collect()))
}

/// Reads the lines `NAME: test`, which are as many as the last line says.
fn listed(ran: &Ran) -> Result<Vec<&str>, Unlisted> {
    let list = whole_list(ran)?;
    let names: Vec<_> = list.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    match counted(list) {
        Some(count) if count != names.len() => Err(Unlisted::because(format!(
            "its list names {} of the {count} that it counts",
            names.len()
        ))),
        _ => Ok(names),
    }
}

/// Whether a list is libtest's: nothing else counts what it lists in this way.
pub fn is_list(stdout: &str) -> bool {
    counted(stdout).is_some()
}

/// How many tests are in a list of libtest's: when it is told nothing of the format, the last line counts tests and benchmarks.
fn counted(stdout: &str) -> Option<usize> {
    let number = |part: &str, what: &str| -> Option<usize> {
        let digits = part.strip_suffix('s').unwrap_or(part).strip_suffix(what)?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|_| is_number)
    };
    let last = stdout.trim_end().lines().next_back()?;
    let (tests, benchmarks) = last.split_once(", ")?;
    number(benchmarks, " benchmark")?;
    number(tests, " test")
}

/// What a test that ran alone came to.
fn judge(case: &Case<'_>, ran: Ran) -> TestFinished {
    let (said, stdout) = one(&ran.stdout, case.test.unwrap_or_default());
    let panic = panic_of(&ran.stderr).unwrap_or_default();
    let unsupported = unsupported(&panic);
    let (outcome, why) = match (&ran.end, said, unsupported) {
        (Ok(GuestEnd::Done), Said::Ok, _) => (Outcome::Passed, None),
        (Ok(GuestEnd::Done), Said::ShouldPanic, _) => {
            let why = "`#[should_panic]`: a guest cannot unwind, so its harness does not run these";
            (Outcome::Unsupported, Some(why.to_owned()))
        }
        (Ok(GuestEnd::Interrupted), ..) => (Outcome::TimedOut, Some(reason(&ran.end, &ran.stderr, case.shared))),
        (_, _, Some(what)) => (Outcome::Unsupported, Some(what.to_owned())),
        (Ok(GuestEnd::Failed), Said::Failed, _) => (Outcome::Failed, Some("the test returned an error".to_owned())),
        (end, ..) => (Outcome::Failed, Some(reason(end, &ran.stderr, case.shared))),
    };
    report(case, Ran { stdout, ..ran }, outcome, why)
}

/// Why a process of a guest did not end well.
pub fn reason(end: &Result<GuestEnd, Deadlock>, stderr: &str, shared: &Shared) -> String {
    match end {
        Ok(GuestEnd::Trapped(_)) => panic_of(stderr).unwrap_or_else(|| protocol::reason(end, shared)),
        Ok(GuestEnd::Done | GuestEnd::Failed) => panic_of(stderr).unwrap_or_else(|| {
            let how = match end {
                Ok(GuestEnd::Done) => "with success",
                _ => "with a failure",
            };
            format!("it exited, {how}, before its verdict")
        }),
        _ => protocol::reason(end, shared),
    }
}

/// How the last line begins that libtest prints.
const RESULT: &str = "\ntest result: ";

/// What that line says of one test that ran alone: its word, and how many passed, failed, were ignored and measured.
const RESULTS: [(&str, [usize; 4], Said); 3] = [
    ("ok", [1, 0, 0, 0], Said::Ok),
    ("FAILED", [0, 1, 0, 0], Said::Failed),
    ("ok", [0, 0, 1, 0], Said::ShouldPanic),
];

/// What libtest said of a test that it ran alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// `ok`
    Ok,
    /// `FAILED`: the test returned an error.
    Failed,
    /// `ignored`, though it was asked for: it is marked `#[should_panic]`, which takes unwinding.
    ShouldPanic,
    /// Nothing: it did not come to an end.
    Nothing,
}

/// Reads what libtest said of `name`, and gives the test's own output.
fn one(stdout: &str, name: &str) -> (Said, String) {
    let announced = [format!("test {name} ... "), format!("test {name} - should panic ... ")];
    let start = announced
        .iter()
        .find_map(|line| stdout.find(line.as_str()).map(|at| (at, line.len())));
    let Some((at, length)) = start else {
        return (Said::Nothing, stdout.to_owned());
    };
    let rest = stdout.get(at + length..).unwrap_or_default();
    // what the test itself wrote stands before it
    let parts = rest.rfind(RESULT).map(|end| rest.split_at(end));
    let said = parts.map_or(Said::Nothing, |(_, result)| verdict(result));
    let body = match (said, parts) {
        (Said::Failed, Some((body, _))) => without_failures(body),
        (Said::Ok | Said::ShouldPanic, Some((body, _))) => body,
        _ => rest,
    };
    let body = body.trim_end_matches('\n');
    // the word stands right behind what the test wrote, whether that ended its line or not
    match said.word().map(|word| body.strip_suffix(word)) {
        Some(None) if said == Said::Ok => (Said::Nothing, rest.trim_matches('\n').to_owned()),
        Some(Some(own)) => (said, own.trim_matches('\n').to_owned()),
        _ => (said, body.trim_matches('\n').to_owned()),
    }
}

/// Takes away the list that libtest prints of tests that failed.
fn without_failures(body: &str) -> &str {
    body.find("\nfailures:\n").and_then(|at| body.get(..at)).unwrap_or(body)
}

/// Reads `ok. 1 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.00s`: nothing, unless all of it is there.
fn verdict(result: &str) -> Said {
    let line = result.strip_prefix(RESULT).and_then(|result| result.lines().next());
    let read = line.and_then(counts);
    let known = RESULTS.iter().find(|(word, counts, _)| read == Some((*word, *counts)));
    known.map_or(Said::Nothing, |(_, _, said)| *said)
}

/// The word of a result, and how many passed, failed, were ignored and measured.
fn counts(line: &str) -> Option<(&str, [usize; 4])> {
    let (word, counts) = line.split_once(". ")?;
    let mut parts = counts.split("; ");
    let mut count = |what: &str| parts.next()?.strip_suffix(what)?.parse::<usize>().ok();
    let counts = [
        count(" passed")?,
        count(" failed")?,
        count(" ignored")?,
        count(" measured")?,
    ];
    count(" filtered out")?;
    let is_whole = match (parts.next(), parts.next()) {
        (None, _) => true,
        (Some(time), None) => time.starts_with("finished in ") && time.ends_with('s'),
        _ => false,
    };
    is_whole.then_some((word, counts))
}

impl Said {
    fn word(self) -> Option<&'static str> {
        match self {
            Self::Ok => Some("ok"),
            Self::Failed => Some("FAILED"),
            Self::ShouldPanic => Some("ignored"),
            Self::Nothing => None,
        }
    }
}

/// The panic in a guest's standard error, as Rust prints it: place and message.
pub fn panic_of(stderr: &str) -> Option<String> {
    let at = stderr.find("panicked at ")?;
    let text = stderr.get(at..)?;
    let end = text.find("\nnote: run with `RUST_BACKTRACE").unwrap_or(text.len());
    text.get(..end).map(|text| text.trim_end().to_owned())
}

/// What a guest cannot do, by the panic of Rust's standard library when it tries.
fn unsupported(panic: &str) -> Option<&'static str> {
    let thread = panic.contains("failed to spawn thread") && panic.contains("Unsupported");
    thread.then_some("`std::thread::spawn`: a guest has no threads")
}

#[cfg(test)]
mod tests {
    use slt_emulators::chassis::Journal;

    use super::*;
    use crate::host::Output;

    #[test]
    fn the_verdict_and_the_tests_own_output() {
        let (passed, failed) = (
            "ok. 1 passed; 0 failed; 0 ignored",
            "FAILED. 0 passed; 1 failed; 0 ignored",
        );
        for (inner, result, said, output) in [
            ("test a::b ... ok\n", passed, Said::Ok, ""),
            ("test a::b ... hello\nworld\nok\n", passed, Said::Ok, "hello\nworld"),
            ("test a::b ... doneok\n", passed, Said::Ok, "done"),
            (
                "test a::b ... test result: FAILED. 1 failed\nok\n",
                passed,
                Said::Ok,
                "test result: FAILED. 1 failed",
            ),
            (
                "test a::b ... FAILED\n\nfailures:\n\nfailures:\n    a::b\n",
                failed,
                Said::Failed,
                "",
            ),
            (
                "test a::b - should panic ... ignored\n",
                "ok. 0 passed; 0 failed; 1 ignored",
                Said::ShouldPanic,
                "",
            ),
        ] {
            let stdout = format!("\nrunning 1 test\n{inner}\ntest result: {result}; 0 measured; 3 filtered out\n\n");
            assert_eq!(one(&stdout, "a::b"), (said, output.to_owned()), "{inner}");
        }
    }

    #[test]
    fn what_a_test_says_itself_is_no_verdict() {
        let whole = "ok. 1 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out";
        for inner in [
            "about to trap".to_owned(),
            "test result: ok. 1 passed".to_owned(),
            "ok\n\ntest result: ok. 1 passed".to_owned(),
            "ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured".to_owned(),
            "ok\n\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out".to_owned(),
            "ok\n\ntest result: FAILED. 1 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out".to_owned(),
            format!("ok\n\ntest result: {whole}; and more"),
            format!("ok\n\ntest result: {whole}; finished in 0.00s; and more"),
            format!("ok test result: {whole}"),
            format!("test result: {whole}"),
            format!("hello\n\ntest result: {whole}"),
        ] {
            let stdout = format!("\nrunning 1 test\ntest a::b ... {inner}\n");
            assert_eq!(one(&stdout, "a::b"), (Said::Nothing, inner.clone()), "{inner}");
        }
        let timed = format!("\nrunning 1 test\ntest a::b ... ok\n\ntest result: {whole}; finished in 0.00s\n\n");
        assert_eq!(one(&timed, "a::b"), (Said::Ok, String::new()));
        let own = format!("\nrunning 1 test\ntest a::b ... \nfailures:\nnone\nok\n\ntest result: {whole}\n\n");
        assert_eq!(one(&own, "a::b"), (Said::Ok, "failures:\nnone".to_owned()));
    }

    #[test]
    fn panics_as_rust_shows_them() {
        let stderr = "\nthread 'main' (1) panicked at src/lib.rs:3:5:\nassertion failed\n  left: 1\nnote: run with \
                      `RUST_BACKTRACE=1` environment variable to display a backtrace\n";
        assert_eq!(
            panic_of(stderr).unwrap(),
            "panicked at src/lib.rs:3:5:\nassertion failed\n  left: 1"
        );
    }

    /// What an artifact lists that answers to `--list` with `all` and to `--list --ignored` with `ignored`.
    fn list_of(all: &str, ignored: &str) -> Result<Vec<(String, bool)>, String> {
        let ask = |arguments: &[&str]| {
            let stdout = if arguments.contains(&"--ignored") { ignored } else { all };
            Ok(Ran {
                end: Ok(GuestEnd::Done),
                stdout: stdout.to_owned(),
                stderr: String::new(),
                virtual_nanoseconds: 0,
                journal: Journal::new(1),
            })
        };
        match list(&ask) {
            Ok(Listing::Tests(ArtifactKind::Libtest, tests)) => {
                let pair = |test: Listed| (test.name.unwrap(), test.ignored);
                Ok(tests.into_iter().map(pair).collect())
            }
            Err(Unlisted::Artifact { reason, .. }) => Err(reason),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_list_is_whole_or_an_error() {
        let none = "0 tests, 0 benchmarks\n";
        let pair = |name: &str, ignored: bool| (name.to_owned(), ignored);
        for (all, ignored, expected) in [
            (none, none, Ok(vec![])),
            (
                "a: test\nb: test\nc: benchmark\n\n2 tests, 1 benchmark\n",
                "b: test\n\n1 test, 0 benchmarks\n",
                Ok(vec![pair("a", false), pair("b", true)]),
            ),
            // other harnesses answer as libtest does, and count nothing
            ("a: test\n", "", Ok(vec![pair("a", false)])),
            (
                "a: test\n\n2 tests, 0 benchmarks\n",
                none,
                Err("its list names 1 of the 2 that it counts".to_owned()),
            ),
            (
                "a: test\n\n1 test, 0 benchmarks\n",
                "1 test, 0 benchmarks\n",
                Err("its list names 0 of the 1 that it counts".to_owned()),
            ),
        ] {
            assert_eq!(list_of(all, ignored), expected, "{all:?} {ignored:?}");
        }
        let output = Output::captured();
        for number in 0..30_000 {
            output.line(&format!("a::test_with_a_name_of_a_usual_length::{number}: test"));
        }
        output.line("\n30000 tests, 0 benchmarks");
        assert_eq!(
            list_of(&output.text(), none).unwrap_err(),
            "its list has more than the 1048576 bytes that are kept"
        );
    }

    #[test]
    fn a_list_of_libtests() {
        for (stdout, expected) in [
            ("a: test\n\n1 test, 0 benchmarks\n", true),
            ("\n0 tests, 0 benchmarks\n", true),
            ("a: test\nb: test\n\n2 tests, 1 benchmark\n", true),
            ("a: test\n", false),
            ("2 tests, 0 benchmarks\na: test\n", false),
            (" tests, 0 benchmarks\n", false),
            ("2 tests\n", false),
            ("", false),
        ] {
            assert_eq!(is_list(stdout), expected, "{stdout:?}");
        }
    }
}
