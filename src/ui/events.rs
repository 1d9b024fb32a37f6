//! Events for people: what goes to stdout is a result, what goes to stderr is about the work.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::foreign;
use crate::events::{DOCTESTS, Event, Exchange, Outcome, Stage, StageState, Tags, TestFinished, TestsFinished};

/// Where a line belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// A result.
    Stdout,
    /// About the work.
    Stderr,
}

/// How much is said.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// With colours.
    pub colour: bool,
    /// Results and errors only.
    pub quiet: bool,
    /// Passing tests' output, exchanges with services.
    pub verbose: bool,
}

const GREEN: &str = "32";
const BOLD_GREEN: &str = "1;32";
const RED: &str = "31";
const YELLOW: &str = "33";
const DIM: &str = "2";

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// How long a code is valid: nobody counts seconds while they look for a browser.
fn valid(seconds: u64) -> String {
    /// From here on minutes are told, in seconds.
    const MINUTES_FROM_SECONDS: u64 = 120;
    match seconds < MINUTES_FROM_SECONDS {
        true => format!("{seconds} seconds"),
        false => format!("{} minutes", seconds / 60),
    }
}

/// An event as text; `None`: people are not told. Paths below `directory` are shown from there.
#[must_use]
pub fn human(event: &Event, style: Style, directory: &Path) -> Option<(To, String)> {
    let told = |to, text| Some((to, text));
    let unless_quiet = |text| (!style.quiet).then_some((To::Stderr, text));
    match event {
        Event::Step { verb, message } => unless_quiet(step(style, verb, message)),
        Event::Note { message } => unless_quiet(format!(
            "{} {}\n",
            style.paint(YELLOW, "note:"),
            foreign::shown(message, style.colour)
        )),
        // it is waited for: nobody can go on without it
        Event::SignIn {
            address,
            opens,
            code,
            seconds,
        } => {
            let text = match (code, opens) {
                (Some(code), _) => format!(
                    "sign in at {address} with the code {code}; it is valid for {}",
                    valid(seconds.unwrap_or_default())
                ),
                (None, true) => format!("a browser opens; if it does not, visit {address}"),
                (None, false) => format!("visit {address}"),
            };
            let text = foreign::shown(&text, style.colour);
            told(To::Stderr, format!("{} {text}\n", style.paint(YELLOW, "note:")))
        }
        Event::Tool { text } => told(
            To::Stderr,
            if text.ends_with('\n') {
                text.clone()
            } else {
                format!("{text}\n")
            },
        ),
        Event::Stage(stage) => unless_quiet(self::stage(stage, style)?),
        // a part of the failure behind it
        Event::Tags(tags) => told(
            To::Stderr,
            format!("{} {}\n", style.paint(YELLOW, "note:"), self::tags(tags)),
        ),
        Event::Built {
            path,
            bytes,
            milliseconds,
        } => {
            let time = Duration::from_millis(*milliseconds);
            let path = Path::new(path)
                .strip_prefix(directory)
                .unwrap_or(Path::new(path))
                .display();
            told(To::Stdout, format!("{path}  {}  in {time:.1?}\n", size(*bytes)))
        }
        // as a bar, if at all
        Event::Transfer { .. } => None,
        Event::Listening { service, address } => told(To::Stdout, format!("{service} on {address}\n")),
        Event::Request {
            method,
            path,
            status,
            microseconds,
            error,
        } => {
            let time = Duration::from_micros(*microseconds);
            let mut text = format!("{method} {path} {} {time:.1?}\n", status_text(style, *status));
            if let Some(error) = error {
                let _ = writeln!(text, "{} {error}", style.paint(RED, "error:"));
            }
            if error.is_some() {
                told(To::Stderr, text)
            } else {
                unless_quiet(text)
            }
        }
        Event::GuestOutput { stream, line } => {
            let to = if stream == "stdout" { To::Stdout } else { To::Stderr };
            told(to, format!("{line}\n"))
        }
        Event::Exchange(exchange) => (!style.quiet).then(|| (To::Stdout, self::exchange(exchange))),
        Event::TestsPlanned { total, seed } => {
            let tests = plural(*total, "test");
            unless_quiet(format!(
                "{}\n",
                style.paint(DIM, &format!("running {tests}, seed {seed}"))
            ))
        }
        Event::TestListed { name, ignored } => told(
            To::Stdout,
            if *ignored {
                format!("{name} (ignored)\n")
            } else {
                format!("{name}\n")
            },
        ),
        Event::TestStarted { .. } => None,
        Event::TestFinished(test) => finished(test, style).map(|text| (To::Stdout, text)),
        Event::TestsFinished(summary) => told(To::Stdout, self::summary(summary, style)),
    }
}

fn step(style: Style, verb: &str, message: &str) -> String {
    format!("{} {message}\n", style.paint(BOLD_GREEN, &format!("{verb:>12}")))
}

/// What has become of the tags of something that was not shipped.
fn tags(tags: &Tags) -> String {
    let quoted = |tags: &[String]| {
        let quoted: Vec<String> = tags.iter().map(|tag| format!("`{tag}`")).collect();
        quoted.join(", ")
    };
    let one_or_more = |tags: &[String], one: &'static str, more: &'static str| if tags.len() == 1 { one } else { more };
    let before = |tags: &[String]| {
        let are = one_or_more(tags, "is what it was", "are what they were");
        format!("{} {are} before", quoted(tags))
    };
    if tags.given.is_empty() && tags.uncertain.is_empty() {
        return format!("what was pushed has no tag: {}", before(&tags.not_given));
    }
    let mut parts = Vec::new();
    if !tags.given.is_empty() {
        let has = one_or_more(&tags.given, "is", "are");
        parts.push(format!("{} {has} now {}", quoted(&tags.given), tags.name));
    }
    if !tags.uncertain.is_empty() {
        let doubt = quoted(&tags.uncertain);
        parts.push(match tags.given.is_empty() {
            true => format!("{doubt} may be {} now: the registry has not said so", tags.name),
            false => format!("{doubt} may be, too: the registry has not said so"),
        });
    }
    if !tags.not_given.is_empty() {
        parts.push(before(&tags.not_given));
    }
    parts.join("; ")
}

/// A step that ended: its name, what it did, and how long it took. One that began says so with `-v` only: what it does is seen.
fn stage(stage: &Stage, style: Style) -> Option<String> {
    let (code, word) = match stage.state {
        StageState::Started if style.verbose => (DIM, "begins"),
        StageState::Started => return None,
        StageState::Done => (BOLD_GREEN, ""),
        StageState::Skipped => (YELLOW, "left out"),
        StageState::Failed => (RED, "failed"),
    };
    let detail = stage.detail.as_deref().unwrap_or_default();
    let said: Vec<&str> = [word, detail].into_iter().filter(|text| !text.is_empty()).collect();
    let time = match stage.state {
        StageState::Done | StageState::Failed => format!("{:.1?}", Duration::from_millis(stage.milliseconds)),
        StageState::Started | StageState::Skipped => String::new(),
    };
    let line = format!(
        "{} {}",
        style.paint(code, &format!("{:>12}", stage.name)),
        said.join(": ")
    );
    let time = if time.is_empty() {
        time
    } else {
        format!("  {}", style.paint(DIM, &time))
    };
    Some(format!("{}{time}\n", line.trim_end()))
}

fn status_text(style: Style, status: u16) -> String {
    let code = match status {
        ..400 => GREEN,
        400..500 => YELLOW,
        _ => RED,
    };
    style.paint(code, &status.to_string())
}

/// Bytes in the units that people use.
#[must_use]
pub fn size(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss)] // shown with one digit after the point
    let kibibytes = bytes as f64 / 1024.0;
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{kibibytes:.1} KiB"),
        _ => format!("{:.1} MiB", kibibytes / 1024.0),
    }
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}

fn word(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Passed => ("PASS", GREEN),
        Outcome::Failed => ("FAIL", RED),
        Outcome::Ignored => ("IGNORED", DIM),
        Outcome::Unsupported => ("UNSUPPORTED", YELLOW),
        Outcome::TimedOut => ("TIMEOUT", RED),
        Outcome::NotRun => ("NOT RUN", RED),
    }
}

/// A finished test: one line, and for one that went wrong all that there is to know of it.
fn finished(test: &TestFinished, style: Style) -> Option<String> {
    let (name, code) = word(test.outcome);
    let wrong = matches!(test.outcome, Outcome::Failed | Outcome::TimedOut | Outcome::NotRun);
    if style.quiet && !wrong {
        return None;
    }
    let time = format!("{:.1?}", Duration::from_micros(test.microseconds));
    let time = if test.outcome == Outcome::Ignored {
        String::new()
    } else {
        time
    };
    let mut text = format!("{} {time:>9}  {}", style.paint(code, &format!("{name:>11}")), test.name);
    if test.virtual_nanoseconds > 0 {
        let passed = format!(
            "  ({:?} of virtual time)",
            Duration::from_nanos(test.virtual_nanoseconds)
        );
        text.push_str(&style.paint(DIM, &passed));
    }
    text.push('\n');
    if let (false, Some(reason)) = (wrong, &test.reason) {
        let _ = writeln!(text, "{:>11}            {reason}", "");
    }
    if wrong || style.verbose {
        details(&mut text, test, style);
    }
    Some(text)
}

fn details(text: &mut String, test: &TestFinished, style: Style) {
    let mut section = |title: &str, body: &str| {
        if !body.trim().is_empty() {
            let _ = writeln!(text, "    {}", style.paint(DIM, title));
            for line in foreign::shown(body, style.colour).trim_matches('\n').lines() {
                let _ = writeln!(text, "      {line}");
            }
        }
    };
    section("reason", test.reason.as_deref().unwrap_or_default());
    section("stdout", &test.stdout);
    section("stderr", &test.stderr);
    let exchanges: String = test.exchanges.iter().map(exchange).collect();
    section("last exchanges with services", &exchanges);
    if matches!(test.outcome, Outcome::Failed | Outcome::TimedOut) {
        section("replay", &replay(test));
    }
}

/// What to type for the same run of the test.
fn replay(test: &TestFinished) -> String {
    if test.name.starts_with(DOCTESTS) {
        return "cargo test --doc".to_owned();
    }
    format!("slt test --seed {} --exact '{}'", test.seed, test.name)
}

fn exchange(exchange: &Exchange) -> String {
    let arguments = exchange.arguments.join(" ");
    let space = if arguments.is_empty() { "" } else { " " };
    let fault = exchange
        .fault
        .as_ref()
        .map_or_else(String::new, |fault| format!("  [fault: {fault}]"));
    let time = Duration::from_nanos(exchange.time);
    format!(
        "{} conn {} at {time:?}: {}{space}{arguments} → {}{fault}\n",
        exchange.service, exchange.connection, exchange.operation, exchange.answer
    )
}

fn summary(summary: &TestsFinished, style: Style) -> String {
    let counts = [
        (summary.passed, "passed", GREEN),
        (summary.failed, "failed", RED),
        (summary.timed_out, "timed out", RED),
        (summary.not_run, "not run", RED),
        (summary.unsupported, "unsupported", YELLOW),
        (summary.ignored, "ignored", DIM),
        (summary.filtered_out, "filtered out", DIM),
    ];
    let shown: Vec<String> = counts
        .iter()
        .enumerate()
        .filter(|(place, (count, ..))| *count > 0 || *place == 0)
        .map(|(_, (count, what, code))| style.paint(if *count > 0 { code } else { DIM }, &format!("{count} {what}")))
        .collect();
    let time = Duration::from_millis(summary.milliseconds);
    format!("{} in {time:.1?}, seed {}\n", shown.join(", "), summary.seed)
}
