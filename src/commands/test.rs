//! `slt test`: resolves the flags and the slightfile into a plan of the harness, and its summary into an exit code.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use super::{Exit, Failure, Session, app};
use crate::build::{self, BuildPlan, Protocol, TestArtifact, TestKind};
use crate::cli::Test;
use crate::events::{Event, Sink, TestsFinished};
use crate::harness::{self, Artifact, ArtifactKind, Filter, HarnessError, Ignored, Plan};
use crate::host::LoadError;
use crate::project::{self, Project};
use crate::slightfile::{self, Slightfile};

/// The real time that one test may take, where neither the flag nor the slightfile says.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// What a component must be, to be a suite.
const A_SUITE: &str = "a suite of tests is a component that exports `wasi:cli/run` and answers `--list` and `--exact NAME`: docs/testing.md";

/// Runs `slt test`.
pub fn run(session: &Session<'_>, arguments: &Test) -> Result<Exit, Failure> {
    let (project, slightfile) = app::project(session, &session.directory())?;
    let sink = if arguments.nocapture {
        session.ui.showing_output().sink()
    } else {
        session.ui.sink()
    };
    let summary = tests(session, &project, slightfile, arguments, &sink)?;
    let ran_nothing = summary.filtered_out > 0 && summary.total() == 0 && !arguments.list;
    if ran_nothing && let Some(filter) = &arguments.filter {
        return Err(Failure::failed(format!(
            "no test's name {} `{filter}`",
            if arguments.exact { "is" } else { "contains" }
        ))
        .hint("`slt test --list` lists them"));
    }
    let denied = |outcome: &str, count: usize| count > 0 && arguments.deny.iter().any(|denied| denied == outcome);
    if denied("unsupported", summary.unsupported) || denied("ignored", summary.ignored) {
        return Err(Failure::failed("some tests have an outcome that `--deny` names"));
    }
    Ok(if summary.is_success() { Exit::Done } else { Exit::Failed })
}

/// Builds and runs the tests of a project, as the flags say; `deny` and `nocapture` are for who calls.
pub(super) fn tests(
    session: &Session<'_>,
    project: &Project,
    slightfile: Slightfile,
    arguments: &Test,
    sink: &Sink,
) -> Result<TestsFinished, Failure> {
    let timeout = timeout(arguments.timeout.as_deref(), &slightfile)?;
    let build_plan = super::build::plan(session, project, &slightfile, arguments.release);
    let app = match build_plan.is_empty() && !slightfile.test.components.is_empty() {
        // suites alone, of an application that lies elsewhere, or of none
        true => None,
        false => application(&build_plan, sink)?,
    };
    let mut artifacts = named(build::tests(&build_plan, sink).map_err(super::build::failure)?);
    artifacts.extend(components(project, &slightfile, &artifacts)?);
    if artifacts.is_empty() {
        sink(Event::Note {
            message: "there are no tests: `[test] components` names suites of any language".into(),
        });
    }
    let plan = Plan {
        artifacts,
        app,
        slightfile,
        filter: Filter {
            texts: arguments.filter.iter().cloned().collect(),
            exact: arguments.exact,
            ignored: if arguments.include_ignored {
                Ignored::Include
            } else {
                Ignored::Skip
            },
        },
        seed: arguments.seed.unwrap_or_else(fresh_seed),
        timeout,
        jobs: jobs(arguments.jobs),
        list: arguments.list,
        ending: session.ending().cloned(),
    };
    execute(session, &plan, sink)
}

/// Artifacts under names that are unique in the run: with the package, and with the kind, where that is needed.
fn named(artifacts: Vec<TestArtifact>) -> Vec<Artifact> {
    let count = |is_same: &dyn Fn(&TestArtifact) -> bool| artifacts.iter().filter(|other| is_same(other)).count();
    let name = |artifact: &TestArtifact| {
        if count(&|other| other.name == artifact.name) == 1 {
            return artifact.name.clone();
        }
        let same = |other: &TestArtifact| other.name == artifact.name && other.package == artifact.package;
        if count(&same) == 1 {
            return format!("{}/{}", artifact.package, artifact.name);
        }
        let kind = match artifact.kind {
            TestKind::Unit => "src",
            TestKind::Integration => "tests",
        };
        format!("{}/{kind}/{}", artifact.package, artifact.name)
    };
    let artifact = |artifact: &TestArtifact| Artifact {
        name: name(artifact),
        path: artifact.path.clone(),
        kind: match artifact.protocol {
            Protocol::Libtest => ArtifactKind::Libtest,
            Protocol::Suite => ArtifactKind::Suite,
            Protocol::Program => ArtifactKind::Program,
        },
    };
    artifacts.iter().map(artifact).collect()
}

/// The suites of `[test] components`, beside what the toolchain made. Each is called as its file is, or by its path where
/// another artifact has that name.
fn components(project: &Project, slightfile: &Slightfile, made: &[Artifact]) -> Result<Vec<Artifact>, Failure> {
    let written: Vec<&str> = slightfile
        .test
        .components
        .iter()
        .map(|component| component.value.as_str())
        .collect();
    let stem = |path: &str| {
        Path::new(path)
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
    };
    let mut suites = Vec::new();
    for (place, path) in written.iter().enumerate() {
        if written.iter().take(place).any(|earlier| earlier == path) {
            return Err(Failure::usage(format!("`[test] components` names `{path}` twice")));
        }
        let file = project.root.join(path);
        let Some(name) = stem(path).filter(|_| file.is_file()) else {
            return Err(
                Failure::usage(format!("there is no `{path}`, which `[test] components` names")).hint(
                    "it is a path from the slightfile; what makes it can be `[app] build`, which `slt test` runs first",
                ),
            );
        };
        let is_taken = made.iter().any(|artifact| artifact.name == name)
            || written
                .iter()
                .filter(|other| stem(other).as_ref() == Some(&name))
                .count()
                > 1;
        suites.push(Artifact {
            name: match is_taken {
                true => (*path).to_owned(),
                false => name,
            },
            path: file,
            kind: ArtifactKind::Suite,
        });
    }
    Ok(suites)
}

/// The project's own component, as cargo builds it beside the tests: a stale app is never served.
pub(super) fn application(plan: &BuildPlan, sink: &Sink) -> Result<Option<PathBuf>, Failure> {
    match build::app(plan, sink) {
        Ok(app) => Ok(Some(app.artifact)),
        Err(error) if error.is_no_app() => Ok(None),
        Err(error) => Err(super::build::failure(error)),
    }
}

/// Runs a plan, and says what failed about the harness itself.
pub(super) fn execute(session: &Session<'_>, plan: &Plan, sink: &Sink) -> Result<TestsFinished, Failure> {
    let engine = app::engine(session)?;
    let named = |path: &Path| project::named(path, &session.directory());
    harness::run(plan, &engine, &Arc::clone(sink)).map_err(|error| match error {
        HarnessError::Load { path, error } => {
            let failure = Failure::failed(format!("`{}`: {error}", named(&path)));
            match error {
                LoadError::CoreModule | LoadError::NotWasm => failure.hint(A_SUITE),
                _ => failure,
            }
        }
        HarnessError::NoCommand(path) => Failure::failed(format!(
            "`{}` is no program that can be run: it does not export `wasi:cli/run`",
            named(&path)
        ))
        .hint(A_SUITE),
        HarnessError::List { path, reason, wrote } => {
            for line in wrote.lines() {
                sink(Event::GuestOutput {
                    stream: "stderr".into(),
                    line: line.to_owned(),
                });
            }
            let failure = Failure::failed(format!("`{}` does not list its tests: {reason}", named(&path)));
            match plan
                .artifacts
                .iter()
                .any(|made| made.path == path && made.kind == ArtifactKind::Suite)
            {
                true => failure.hint("a suite answers `--list` with a line `NAME: test` for each of its tests"),
                false => failure,
            }
        }
        HarnessError::Interrupted => Failure::failed(error.to_string()),
        HarnessError::Read { .. } | HarnessError::Unstarted(_) | HarnessError::Thread(_) => {
            Failure::environment(error.to_string())
        }
    })
}

/// The flag's timeout, the slightfile's, or the default.
pub(super) fn timeout(flag: Option<&str>, slightfile: &Slightfile) -> Result<Duration, Failure> {
    match flag {
        Some(text) => slightfile::duration(text).map_err(|error| {
            Failure::usage(format!("`--timeout {text}` is no duration: {error}")).hint("for example `--timeout 10s`")
        }),
        None => Ok(slightfile
            .test
            .timeout
            .as_ref()
            .map_or(DEFAULT_TIMEOUT, |timeout| timeout.value)),
    }
}

/// How many tests run at once.
pub(super) fn jobs(flag: Option<usize>) -> usize {
    flag.unwrap_or_else(|| available_parallelism().map_or(1, std::num::NonZero::get))
        .max(1)
}

/// A seed that nobody chose; short enough to be typed.
pub(super) fn fresh_seed() -> u64 {
    RandomState::new().build_hasher().finish() % 1_000_000_000
}
