//! What Rust's test harness prints in a guest, read and stripped.
//!
//! A guest's tests are run one by one with `NAME --exact --nocapture`: with output captured, a panic's message would be
//! lost when the instance traps. What libtest prints around the test's own output is taken away here.

use crate::events::Outcome;

/// A test that an artifact listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The artifact's name of it.
    pub name: String,
    /// Whether its author marked it `#[ignore]`.
    pub ignored: bool,
}

/// The arguments that make an artifact list its tests, a line each.
pub const LIST: &[&str] = &["--list", "--format", "terse"];

/// Reads the lines `NAME: test`.
pub fn listed(stdout: &str) -> impl Iterator<Item = &str> {
    stdout.lines().filter_map(|line| line.strip_suffix(": test"))
}

/// The variable that tells libtest to capture nothing, for an artifact that reads no arguments.
pub const NO_CAPTURE: (&str, &str) = ("RUST_TEST_NOCAPTURE", "1");

/// How rustdoc's doctests complain that they cannot be started one by one.
const RUSTDOC_WARNING: &str = "WARNING: No rustdoc doctest environment variable provided";

/// A guest's standard error, without what its harness wrote there.
pub fn own_errors(stderr: &str) -> String {
    let lines = stderr.split_inclusive('\n');
    lines.filter(|line| !line.starts_with(RUSTDOC_WARNING)).collect()
}

/// What libtest said of a test that it ran alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
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
pub fn one(stdout: &str, name: &str) -> (Said, String) {
    let announced = [format!("test {name} ... "), format!("test {name} - should panic ... ")];
    let start = announced
        .iter()
        .find_map(|line| stdout.find(line.as_str()).map(|at| (at, line.len())));
    let Some((at, length)) = start else {
        return (Said::Nothing, stdout.to_owned());
    };
    let rest = stdout.get(at + length..).unwrap_or_default();
    let (body, result) = match rest.rfind("test result: ").map(|end| rest.split_at(end)) {
        Some((body, result)) => (without_failures(body), result),
        None => (rest, ""),
    };
    let said = verdict(result);
    let body = body.trim_end_matches('\n');
    // the word stands right behind what the test wrote, whether that ended its line or not
    let body = said.word().map_or(body, |word| body.strip_suffix(word).unwrap_or(body));
    (said, body.trim_matches('\n').to_owned())
}

/// Takes away the list that libtest prints of tests that failed.
fn without_failures(body: &str) -> &str {
    body.find("\nfailures:\n").and_then(|at| body.get(..at)).unwrap_or(body)
}

/// Reads the counts of the one test that ran.
fn verdict(result: &str) -> Said {
    let is_one = |what: &str| result.contains(&format!(" 1 {what}"));
    match result {
        "" => Said::Nothing,
        _ if is_one("passed") => Said::Ok,
        _ if is_one("failed") => Said::Failed,
        _ if is_one("ignored") => Said::ShouldPanic,
        _ => Said::Nothing,
    }
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
pub fn unsupported(panic: &str) -> Option<&'static str> {
    let thread = panic.contains("failed to spawn thread") && panic.contains("Unsupported");
    thread.then_some("`std::thread::spawn`: a guest has no threads")
}

/// A case of an artifact that runs all at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// How it ended; `None`: it was running when the process ended.
    pub outcome: Option<Outcome>,
}

/// Reads `running N tests` and the lines `test NAME ... ok`.
pub fn all_at_once(stdout: &str) -> (usize, Vec<Line>) {
    let mut lines = Vec::new();
    let mut announced = 0;
    for line in stdout.lines() {
        if let Some(number) = line.strip_prefix("running ").and_then(|rest| rest.split(' ').next()) {
            announced += number.parse::<usize>().unwrap_or(0);
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
        let cut = "\nrunning 1 test\ntest a::b ... about to trap\n";
        assert_eq!(one(cut, "a::b"), (Said::Nothing, "about to trap".to_owned()));
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

    #[test]
    fn doctests_share_a_process() {
        let stdout = "\nrunning 3 tests\ntest src/lib.rs - f (line 1) ... ok\ntest src/lib.rs - g (line 9) ... ";
        let (announced, lines) = all_at_once(stdout);
        assert_eq!(announced, 3);
        assert_eq!(
            lines.iter().map(|line| line.outcome).collect::<Vec<_>>(),
            [Some(Outcome::Passed), None]
        );
    }
}
