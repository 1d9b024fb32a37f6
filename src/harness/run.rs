//! Executes a plan: lists, filters, runs in parallel, reports. How an artifact is asked and judged is its protocol's.
#![allow(clippy::disallowed_methods)] // durations in reports are real time

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::isolation::{Shared, Unstarted, run_once};
use super::libtest;
use super::plan::{Artifact, ArtifactKind, Ignored, Plan, full_name};
use super::protocol::{self, Case, Listing, Unlisted, finished};
use crate::catalogue::CATALOGUE;
use crate::deployment::Watchdog;
use crate::events::{Event, Outcome, Sink, TestFinished, TestsFinished};
use crate::host::{Engine, GuestEnd, LoadError, Loaded};
use crate::support::files::{self, ARTIFACT_MAX_BYTES};
use crate::support::waiting::Ending;

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum HarnessError {
    /// A component cannot be read.
    #[error("cannot read `{path}`: {error}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A component cannot be loaded.
    #[error("`{path}`: {error}")]
    Load {
        /// Which.
        path: PathBuf,
        /// Why.
        error: LoadError,
    },
    /// A component that nothing can run.
    #[error("`{0}` is no program: it does not export `wasi:cli/run`")]
    NoCommand(PathBuf),
    /// A suite does not list its tests.
    #[error("`{path}` does not list its tests: {reason}")]
    List {
        /// Which.
        path: PathBuf,
        /// What it did instead.
        reason: String,
        /// What it wrote meanwhile, as far as it tells something.
        wrote: String,
    },
    /// A world cannot be made.
    #[error("{0}")]
    Unstarted(#[from] Unstarted),
    /// No thread.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// The user asked for an end.
    #[error("interrupted")]
    Interrupted,
}

/// A test to run, or all that an artifact holds.
struct Todo<'a> {
    artifact: &'a Artifact,
    loaded: &'a Loaded,
    /// How it is driven.
    kind: ArtifactKind,
    /// Its name in reports.
    name: String,
    /// The artifact's name of it.
    test: Option<String>,
}

/// Runs a plan.
///
/// # Errors
/// When there is nothing to judge: a component that cannot be loaded, a suite that does not list; or the user asked for an end.
pub fn run(plan: &Plan, engine: &Arc<Engine>, sink: &Sink) -> Result<TestsFinished, HarnessError> {
    let started = Instant::now();
    let shared = Shared {
        watchdog: Watchdog::start(engine).map_err(HarnessError::Thread)?,
        app: plan.app.as_deref().map(|app| load(engine, app)).transpose()?,
        slightfile: plan.slightfile.clone(),
        catalogue: CATALOGUE,
        seed: plan.seed,
        timeout: plan.timeout,
        sink: Arc::clone(sink),
    };
    let _heard = plan.ending.as_ref().map(|ending| {
        let watchdog = shared.watchdog.clone();
        ending.hear(move |_| watchdog.stop())
    });
    let loaded: Vec<Loaded> = plan
        .artifacts
        .iter()
        .map(|artifact| match is_over(plan) {
            true => Err(HarnessError::Interrupted),
            false => load(engine, &artifact.path),
        })
        .collect::<Result<_, _>>()?;
    let mut summary = TestsFinished {
        seed: plan.seed,
        ..TestsFinished::default()
    };
    let (mut cases, mut ignored) = (Vec::new(), Vec::new());
    // what runs all at once does not say beforehand how much it is
    let mut counted = true;
    for (artifact, loaded) in plan.artifacts.iter().zip(&loaded) {
        let todo = |kind, test: Option<String>| Todo {
            artifact,
            loaded,
            kind,
            name: full_name(&artifact.name, test.as_deref()),
            test,
        };
        let (kind, tests) = match list(&shared, artifact, loaded)? {
            Listing::Tests(kind, tests) => (kind, tests),
            Listing::Untold => {
                counted = false;
                cases.push(todo(artifact.kind, None));
                continue;
            }
        };
        for listed in tests {
            let skipped = plan.filter.ignored == Ignored::Only && !listed.ignored;
            if skipped || !plan.filter.accepts(&artifact.name, listed.name.as_deref()) {
                summary.filtered_out += 1;
                continue;
            }
            let todo = todo(kind, listed.name);
            if plan.list {
                sink(Event::TestListed {
                    name: todo.name,
                    ignored: listed.ignored,
                });
            } else if listed.ignored && plan.filter.ignored == Ignored::Skip {
                ignored.push(todo.name);
            } else {
                cases.push(todo);
            }
        }
    }
    if plan.list {
        return Ok(summary);
    }
    if counted {
        sink(Event::TestsPlanned {
            total: cases.len() + ignored.len(),
            seed: plan.seed,
        });
    }
    for name in ignored {
        summary.ignored += 1;
        sink(Event::TestFinished(finished(name, Outcome::Ignored, plan.seed)));
    }
    for outcome in execute(&shared, &cases, plan)? {
        summary.count(outcome);
    }
    if is_over(plan) {
        return Err(HarnessError::Interrupted);
    }
    summary.milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    sink(Event::TestsFinished(summary.clone()));
    Ok(summary)
}

impl TestsFinished {
    fn count(&mut self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Failed => &mut self.failed,
            Outcome::Ignored => &mut self.ignored,
            Outcome::Unsupported => &mut self.unsupported,
            Outcome::TimedOut => &mut self.timed_out,
            Outcome::NotRun => &mut self.not_run,
        };
        *counter += 1;
    }

    /// How many were reported.
    #[must_use]
    pub fn total(&self) -> usize {
        self.passed + self.failed + self.ignored + self.unsupported + self.timed_out + self.not_run
    }

    /// Whether nothing went wrong.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.failed == 0 && self.timed_out == 0 && self.not_run == 0
    }
}

fn load(engine: &Arc<Engine>, path: &Path) -> Result<Loaded, HarnessError> {
    let bytes = files::read(path, ARTIFACT_MAX_BYTES).map_err(|error| HarnessError::Read {
        path: path.to_owned(),
        error,
    })?;
    engine.load(&bytes, true).map_err(|error| HarnessError::Load {
        path: path.to_owned(),
        error,
    })
}

/// What an artifact holds, as it says itself.
fn list(shared: &Shared, artifact: &Artifact, loaded: &Loaded) -> Result<Listing, HarnessError> {
    if loaded.world.command.is_none() {
        return Err(HarnessError::NoCommand(artifact.path.clone()));
    }
    let ask = |rest: &[&str]| {
        let arguments = protocol::arguments(artifact, rest);
        let ran = run_once(shared, loaded, &artifact.name, &arguments).map_err(Unlisted::World)?;
        match &ran.end {
            Ok(GuestEnd::Done) => Ok(ran),
            end => Err(Unlisted::Artifact {
                reason: libtest::panic_of(&ran.stderr).unwrap_or_else(|| protocol::reason(end, shared)),
                wrote: ran.stderr,
            }),
        }
    };
    let listing = (protocol::of(artifact.kind).list)(&ask);
    listing.map_err(|unlisted| match unlisted {
        Unlisted::World(error) => HarnessError::Unstarted(error),
        Unlisted::Artifact { reason, wrote } => HarnessError::List {
            path: artifact.path.clone(),
            reason,
            wrote,
        },
    })
}

/// Whether the user has asked for an end.
fn is_over(plan: &Plan) -> bool {
    plan.ending.as_ref().is_some_and(Ending::is_asked)
}

/// Runs the cases on the plan's threads, and gives the outcomes. What the user ends has none.
fn execute(shared: &Shared, cases: &[Todo<'_>], plan: &Plan) -> Result<Vec<Outcome>, HarnessError> {
    let next = AtomicUsize::new(0);
    let is_over = || is_over(plan);
    let work = || {
        let mut outcomes = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)).filter(|_| !is_over()) {
            outcomes.extend(run_case(shared, case, &is_over));
        }
        outcomes
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..plan.jobs.clamp(1, cases.len().max(1)))
            .map(|number| {
                std::thread::Builder::new()
                    .name(format!("test-{number}"))
                    .spawn_scoped(scope, work)
            })
            .collect::<Result<_, _>>()
            .map_err(HarnessError::Thread)?;
        let joined = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        Ok(joined.flatten().collect())
    })
}

fn run_case(shared: &Shared, todo: &Todo<'_>, is_over: &impl Fn() -> bool) -> Vec<Outcome> {
    let started = Instant::now();
    let protocol = protocol::of(todo.kind);
    (shared.sink)(Event::TestStarted {
        name: todo.name.clone(),
    });
    let arguments = protocol::arguments(todo.artifact, &(protocol.arguments)(todo.test.as_deref()));
    let ran = run_once(shared, todo.loaded, &todo.name, &arguments);
    if is_over() {
        return Vec::new();
    }
    let microseconds = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let case = Case {
        shared,
        artifact: todo.artifact,
        loaded: todo.loaded,
        name: &todo.name,
        test: todo.test.as_deref(),
    };
    let reports = match ran {
        Ok(ran) => (protocol.judge)(&case, ran),
        Err(error) => vec![TestFinished {
            reason: Some(error.to_string()),
            ..finished(todo.name.clone(), Outcome::Failed, shared.seed)
        }],
    };
    let outcomes = reports.iter().map(|report| report.outcome).collect();
    for report in reports {
        (shared.sink)(Event::TestFinished(TestFinished { microseconds, ..report }));
    }
    outcomes
}
