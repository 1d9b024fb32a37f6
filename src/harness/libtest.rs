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
    let (body, said) = match rest.rfind("\ntest result: ").map(|end| rest.split_at(end)) {
        Some((body, _)) => verdict(without_failures(body)),
        None => (rest, Said::Nothing),
    };
    (said, body.trim_matches('\n').to_owned())
}

/// Takes away the list that libtest prints of tests that failed.
fn without_failures(body: &str) -> &str {
    body.rfind("\nfailures:\n")
        .and_then(|_| body.find("\nfailures:\n"))
        .and_then(|at| body.get(..at))
        .unwrap_or(body)
}

fn verdict(body: &str) -> (&str, Said) {
    let body = body.trim_end_matches('\n');
    for (word, said) in [
        ("ok", Said::Ok),
        ("FAILED", Said::Failed),
        ("ignored", Said::ShouldPanic),
    ] {
        if let Some(rest) = body.strip_suffix(word)
            && (rest.is_empty() || rest.ends_with('\n') || !rest.ends_with(char::is_alphanumeric))
        {
            return (rest, said);
        }
    }
    (body, Said::Nothing)
}

/// The panic in a guest's standard error, as Rust prints it: place and message.
pub fn panic_of(stderr: &str) -> Option<String> {
    let at = stderr.find("panicked at ")?;
    let text = stderr.get(at..)?;
    let end = text.find("\nnote: run with `RUST_BACKTRACE").unwrap_or(text.len());
    text.get(..end).map(|text| text.trim_end().to_owned())
}

/// What a guest cannot do, by what Rust's standard library says when it tries.
pub fn unsupported(stderr: &str) -> Option<&'static str> {
    let thread = stderr.contains("failed to spawn thread") && stderr.contains("Unsupported");
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

    const TAIL: &str =
        "\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0s\n\n";

    #[test]
    fn the_verdict_and_the_tests_own_output() {
        for (inner, said, output) in [
            ("\nrunning 1 test\ntest a::b ... ok\n", Said::Ok, ""),
            (
                "\nrunning 1 test\ntest a::b ... hello\nworld\nok\n",
                Said::Ok,
                "hello\nworld",
            ),
            (
                "\nrunning 1 test\ntest a::b ... FAILED\n\nfailures:\n\nfailures:\n    a::b\n",
                Said::Failed,
                "",
            ),
            (
                "\nrunning 1 test\ntest a::b - should panic ... ignored\n",
                Said::ShouldPanic,
                "",
            ),
        ] {
            assert_eq!(
                one(&format!("{inner}{TAIL}"), "a::b"),
                (said, output.to_owned()),
                "{inner}"
            );
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
