//! Runs one tool to its end, with what it prints passed on as it comes.
//!
//! It knows nothing of what the tools are for.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use super::{BuildError, BuildPlan};
use crate::events::{Event, Sink};
use crate::support::waiting::{Asking, Ending};
use crate::support::{os, processes};

/// The longest line that is taken in one piece, in bytes: cargo's messages about an artifact have a few hundred.
const LINE_MAX_BYTES: u64 = 1024 * 1024;

/// The most that is kept of what a tool answers, in bytes: `cargo metadata` of a large workspace has a few hundred thousand.
const ANSWER_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// What a tool answered.
pub(super) struct Answer {
    /// Whether it succeeded, and its code.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
}

/// Asks a tool something and waits for the answer.
pub(super) fn ask(plan: &BuildPlan, tool: &str, arguments: &[&str]) -> Result<Answer, BuildError> {
    let mut stdout = String::new();
    let status = drive(plan, tool, arguments, |out, err| {
        // Both at once: a tool waits when the one that nobody reads is full.
        both(
            || read_text(out, &mut stdout),
            || io::copy(&mut { err }, &mut io::sink()).map(drop),
        )
    })?;
    Ok(Answer { status, stdout })
}

/// Runs a tool; its standard error goes to `sink`, each line of its standard output to `each`.
pub(super) fn run(
    plan: &BuildPlan,
    sink: &Sink,
    tool: &str,
    arguments: &[&str],
    mut each: impl FnMut(&[u8]),
) -> Result<ExitStatus, BuildError> {
    drive(plan, tool, arguments, |out, err| {
        let tell = |line: &[u8]| {
            sink(Event::Tool {
                text: String::from_utf8_lossy(line).into_owned(),
            });
        };
        both(|| lines(out, &mut each), || lines(err, tell))
    })
}

/// What a tool said, on both its streams.
pub(super) struct Saying {
    /// Whether it succeeded, and its code.
    pub status: ExitStatus,
    /// Its messages.
    pub text: String,
}

/// Runs a tool and keeps what it says, for somebody who wants to have it in one piece.
pub(super) fn said(plan: &BuildPlan, tool: &str, arguments: &[String]) -> Result<Saying, BuildError> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (mut out, mut err) = (String::new(), String::new());
    let status = drive(plan, tool, &arguments, |stdout, stderr| {
        both(|| read_text(stdout, &mut out), || read_text(stderr, &mut err))
    })?;
    Ok(Saying {
        status,
        text: err + &out,
    })
}

/// Has a shell run a line; what it prints on either stream goes to `sink`.
pub(super) fn shell(plan: &BuildPlan, sink: &Sink, line: &str) -> Result<ExitStatus, BuildError> {
    let tell = |line: &[u8]| {
        sink(Event::Tool {
            text: String::from_utf8_lossy(line).into_owned(),
        });
    };
    let (shell, flag) = os::SHELL;
    run(plan, sink, shell, &[flag, line], tell)
}

/// Starts a tool, has both its streams read, and waits for its end. It is stopped when reading fails, and when the user asks for an end.
fn drive(
    plan: &BuildPlan,
    tool: &str,
    arguments: &[&str],
    read: impl FnOnce(Box<dyn Read + Send>, Box<dyn Read + Send>) -> io::Result<()>,
) -> Result<ExitStatus, BuildError> {
    let failed = |error: io::Error| BuildError::Tool {
        tool: tool.to_owned(),
        message: error.to_string(),
    };
    let ending = plan.ending.as_ref();
    if ending.is_some_and(Ending::is_asked) {
        return Err(BuildError::Interrupted);
    }
    let mut command = Command::new(tool);
    // at a terminal, Ctrl-C reaches all of them, and a tool may ask there: in another group it would be stopped for that
    let is_group = ending.is_some_and(Ending::is_alone);
    if is_group {
        processes::in_its_own_group(&mut command);
    }
    let mut child = command
        .args(arguments)
        .current_dir(&plan.root)
        .env_clear()
        .envs(&plan.environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if plan.root.is_dir() => BuildError::NoTool(tool.to_owned()),
            _ => failed(error),
        })?;
    let id = child.id();
    let heard = ending.map(|ending| ending.hear(move |asking| processes::end(id, is_group, asking == Asking::Again)));
    let streams = child.stdout.take().zip(child.stderr.take());
    let done = match streams {
        Some((out, err)) => read(Box::new(out), Box::new(err)),
        None => Err(io::Error::other("it has no output")),
    };
    if done.is_err() {
        let _ = child.kill();
    }
    // once its end is seen, its id may be another's
    processes::await_end(id);
    drop(heard);
    let status = child.wait().map_err(failed)?;
    done.map_err(failed).map(|()| status)
}

/// Does one thing here and another on a thread of its own, until both are done.
fn both(here: impl FnOnce() -> io::Result<()>, there: impl FnOnce() -> io::Result<()> + Send) -> io::Result<()> {
    thread::scope(|scope| {
        let there = scope.spawn(there);
        let here = here();
        let there = there
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("its messages were lost")));
        here.and(there)
    })
}

fn read_text(stream: impl Read, text: &mut String) -> io::Result<()> {
    let mut bytes = Vec::new();
    stream.take(ANSWER_MAX_BYTES).read_to_end(&mut bytes)?;
    text.push_str(&String::from_utf8_lossy(&bytes));
    Ok(())
}

/// Calls `each` with every line, without its end. One that is too long comes in pieces.
fn lines(stream: impl Read, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        if (&mut reader).take(LINE_MAX_BYTES).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        each(line.trim_ascii_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_one_by_one_and_long_ones_in_pieces() {
        let limit = usize::try_from(LINE_MAX_BYTES).unwrap();
        let long = "x".repeat(limit + 1);
        let mut seen = Vec::new();
        lines(format!("a\r\n\n{long}\nb").as_bytes(), |line| seen.push(line.len())).unwrap();
        assert_eq!(seen, [1, 0, limit, 1, 1]);
    }
}
