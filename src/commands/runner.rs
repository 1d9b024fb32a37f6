//! `slt runner`: what cargo runs instead of an artifact for the wasm target.
//!
//! `cargo test` hands it test programs with libtest's arguments, `cargo run` hands it a command, and rustdoc hands it the
//! doctests, which lie outside the target directory and run all at once.

use std::ffi::OsStr;
use std::path::Path;

use super::{Exit, Failure, Session, app, test};
use crate::cli::Runner;
use crate::events::DOCTESTS;
use crate::harness::{Artifact, ArtifactKind, Filter, Ignored, Plan};

/// What an artifact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tests,
    Doctests,
    Command,
}

/// Runs `slt runner`.
pub fn run(session: &Session<'_>, arguments: &Runner) -> Result<Exit, Failure> {
    let path = session.directory().join(&arguments.artifact);
    let kind = kind(&path);
    if kind == Kind::Command {
        return super::run::command(session, &path, &arguments.arguments);
    }
    let libtest = Libtest::parse(&arguments.arguments)?;
    let (project, slightfile) = app::project(session, &session.directory())?;
    let ui = if libtest.nocapture {
        session.ui.showing_output()
    } else {
        session.ui.clone()
    };
    let sink = ui.sink();
    let release = path.components().any(|part| part.as_os_str() == OsStr::new("release"));
    let mut build_plan = super::build::plan(session, &project, &slightfile, release);
    build_plan.quiet = true;
    let app = test::application(&build_plan, &sink)?;
    let plan = Plan {
        artifacts: vec![Artifact {
            name: target_name(&path, kind),
            kind: if kind == Kind::Doctests {
                ArtifactKind::AllAtOnce
            } else {
                ArtifactKind::Libtest
            },
            path,
        }],
        app,
        timeout: test::timeout(None, &slightfile)?,
        slightfile,
        filter: libtest.filter,
        seed: libtest.seed.unwrap_or_else(test::fresh_seed),
        jobs: test::jobs(libtest.jobs),
        list: libtest.list,
        ending: session.ending().cloned(),
    };
    let summary = test::execute(session, &plan, &sink)?;
    Ok(if summary.is_success() { Exit::Done } else { Exit::Failed })
}

/// Cargo keeps test programs in `deps`; rustdoc makes its own folder for each run; a command lies beside `deps`.
fn kind(path: &Path) -> Kind {
    let folder = path
        .parent()
        .and_then(Path::file_name)
        .unwrap_or_default()
        .to_string_lossy();
    if folder == "deps" {
        return Kind::Tests;
    }
    let is_doctest = path.file_stem() == Some(OsStr::new("rust_out")) || folder.starts_with("rustdoctest");
    if is_doctest { Kind::Doctests } else { Kind::Command }
}

/// The target's name: the artifact's, without the digest that cargo puts behind it.
fn target_name(path: &Path, kind: Kind) -> String {
    if kind == Kind::Doctests {
        return DOCTESTS.into();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_digest = |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match stem.rsplit_once('-') {
        Some((name, digest)) if is_digest(digest) => name.to_owned(),
        _ => stem.into_owned(),
    }
}

/// The arguments of libtest that mean something here.
#[derive(Debug, Default, PartialEq)]
struct Libtest {
    filter: Filter,
    list: bool,
    nocapture: bool,
    jobs: Option<usize>,
    seed: Option<u64>,
}

impl Libtest {
    fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut parsed = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let (name, mut value) = match argument.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                _ => (argument.as_str(), None),
            };
            let mut value = |what: &str| {
                value
                    .take()
                    .or_else(|| rest.next().cloned())
                    .ok_or_else(|| Failure::usage(format!("`{name}` needs {what}")))
            };
            match name {
                "--exact" => parsed.filter.exact = true,
                "--list" => parsed.list = true,
                "--ignored" => parsed.filter.ignored = Ignored::Only,
                "--include-ignored" => parsed.filter.ignored = Ignored::Include,
                "--nocapture" | "--no-capture" | "--show-output" => parsed.nocapture = true,
                "--test-threads" => parsed.jobs = Some(number(name, &value("a number")?)?),
                "--seed" => parsed.seed = Some(number(name, &value("a number")?)?),
                // how libtest itself prints has no meaning here: slt prints
                "--format" | "--color" | "-Z" => drop(value("a word")?),
                "-q" | "--quiet" | "--report-time" => {}
                _ if name.starts_with('-') => {
                    let known =
                        "--exact, --list, --ignored, --include-ignored, --nocapture, --test-threads N, --seed N";
                    return Err(
                        Failure::usage(format!("`{name}` means nothing to slt")).hint(format!("it knows {known}"))
                    );
                }
                _ => parsed.filter.texts.push(argument.clone()),
            }
        }
        Ok(parsed)
    }
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, Failure> {
    text.parse()
        .map_err(|_| Failure::usage(format!("`{name} {text}`: this is no number")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifacts() {
        for (path, expected, name) in [
            (
                "/t/wasm32-wasip2/debug/deps/app-efc89417257eed05.wasm",
                Kind::Tests,
                "app",
            ),
            (
                "/t/wasm32-wasip2/debug/deps/my-app-efc89417257eed05.wasm",
                Kind::Tests,
                "my-app",
            ),
            ("/tmp/rustdoctestAb1/rust_out.wasm", Kind::Doctests, "doctests"),
            ("/t/wasm32-wasip2/debug/report.wasm", Kind::Command, "report"),
        ] {
            let path = Path::new(path);
            assert_eq!((kind(path), target_name(path, expected).as_str()), (expected, name));
        }
    }

    #[test]
    fn libtests_arguments() {
        let parse = |line: &str| Libtest::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let parsed =
            parse("a::b --exact --nocapture --test-threads=3 --seed 7 -q -Z unstable-options --format=json").unwrap();
        assert_eq!(
            (parsed.jobs, parsed.seed, parsed.nocapture, parsed.filter.exact),
            (Some(3), Some(7), true, true)
        );
        assert_eq!(parsed.filter.texts, ["a::b"]);
        assert!(parse("--bench").is_err() && parse("--seed").is_err() && parse("--seed x").is_err());
    }
}
