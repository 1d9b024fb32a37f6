//! Executes a plan: lists, filters, runs in parallel, judges, reports.
#![allow(clippy::disallowed_methods)] // durations in reports are real time

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::isolation::{Isolated, Ran, Shared, Unstarted, run_once};
use super::libtest::{self, Listed, Said};
use super::plan::{Artifact, ArtifactKind, Ignored, Plan, full_name};
use crate::catalogue::CATALOGUE;
use crate::deployment::Watchdog;
use crate::events::{Event, Exchange, Outcome, Sink, TestFinished, TestsFinished};
use crate::host::{Engine, GuestEnd, LoadError, Loaded};

/// How many of its last exchanges a failing test shows.
const SHOWN_EXCHANGES: usize = 20;

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
    /// A suite does not list its tests.
    #[error("`{path}` does not list its tests: {reason}")]
    List {
        /// Which.
        path: PathBuf,
        /// What it did instead.
        reason: String,
    },
    /// A world cannot be made.
    #[error("{0}")]
    Unstarted(#[from] Unstarted),
    /// No thread.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// A test to run.
struct Case<'a> {
    artifact: &'a Artifact,
    loaded: &'a Loaded,
    /// The artifact's name of it; `None`: all that the artifact has.
    name: Option<String>,
}

/// Runs a plan.
///
/// # Errors
/// When there is nothing to judge: a component that cannot be loaded, a suite that does not list.
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
    let loaded: Vec<Loaded> = plan
        .artifacts
        .iter()
        .map(|artifact| load(engine, &artifact.path))
        .collect::<Result<_, _>>()?;
    let mut summary = TestsFinished {
        seed: plan.seed,
        ..TestsFinished::default()
    };
    let (mut cases, mut ignored) = (Vec::new(), Vec::new());
    for (artifact, loaded) in plan.artifacts.iter().zip(&loaded) {
        for listed in list(&shared, artifact, loaded)? {
            let Some(listed) = listed else {
                cases.push(Case {
                    artifact,
                    loaded,
                    name: None,
                });
                continue;
            };
            let skipped = plan.filter.ignored == Ignored::Only && !listed.ignored;
            if skipped || !plan.filter.accepts(&artifact.name, &listed.name) {
                summary.filtered_out += 1;
            } else if plan.list {
                let name = full_name(&artifact.name, &listed.name);
                sink(Event::TestListed {
                    name,
                    ignored: listed.ignored,
                });
            } else if listed.ignored && plan.filter.ignored == Ignored::Skip {
                ignored.push(full_name(&artifact.name, &listed.name));
            } else {
                cases.push(Case {
                    artifact,
                    loaded,
                    name: Some(listed.name),
                });
            }
        }
    }
    if plan.list {
        return Ok(summary);
    }
    // what runs all at once does not say beforehand how much it is
    let counted = cases.iter().all(|case| case.name.is_some());
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
    for outcome in execute(&shared, &cases, plan.jobs)? {
        summary.count(outcome);
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
    let bytes = std::fs::read(path).map_err(|error| HarnessError::Read {
        path: path.to_owned(),
        error,
    })?;
    engine.load(&bytes, true).map_err(|error| HarnessError::Load {
        path: path.to_owned(),
        error,
    })
}

/// The tests of an artifact; `None` for one that runs all at once.
fn list(shared: &Shared, artifact: &Artifact, loaded: &Loaded) -> Result<Vec<Option<Listed>>, HarnessError> {
    if artifact.kind == ArtifactKind::AllAtOnce {
        return Ok(vec![None]);
    }
    let ask = |more: &[&str]| {
        let arguments = arguments(artifact, libtest::LIST.iter().chain(more).copied());
        let ran = run_once(shared, loaded, &artifact.name, &arguments)?;
        match &ran.end {
            Ok(GuestEnd::Done) => Ok(ran.stdout),
            end => Err(HarnessError::List {
                path: artifact.path.clone(),
                reason: reason(end, &ran, shared),
            }),
        }
    };
    let (all, ignored) = (ask(&[])?, ask(&["--ignored"])?);
    let ignored: std::collections::BTreeSet<&str> = libtest::listed(&ignored).collect();
    let listed = |name: &str| {
        Some(Listed {
            name: name.to_owned(),
            ignored: ignored.contains(name),
        })
    };
    Ok(libtest::listed(&all).map(listed).collect())
}

fn arguments<'a>(artifact: &'a Artifact, rest: impl Iterator<Item = &'a str>) -> Vec<String> {
    std::iter::once(artifact.name.as_str())
        .chain(rest)
        .map(str::to_owned)
        .collect()
}

/// Runs the cases on `jobs` threads, and gives the outcomes.
fn execute(shared: &Shared, cases: &[Case<'_>], jobs: usize) -> Result<Vec<Outcome>, HarnessError> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut outcomes = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            outcomes.extend(run_case(shared, case));
        }
        outcomes
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.clamp(1, cases.len().max(1)))
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

fn finished(name: String, outcome: Outcome, seed: u64) -> TestFinished {
    TestFinished {
        name,
        outcome,
        microseconds: 0,
        virtual_nanoseconds: 0,
        seed,
        reason: None,
        stdout: String::new(),
        stderr: String::new(),
        exchanges: Vec::new(),
    }
}

fn run_case(shared: &Shared, case: &Case<'_>) -> Vec<Outcome> {
    let started = Instant::now();
    let (name, rest) = match &case.name {
        Some(test) => (
            full_name(&case.artifact.name, test),
            vec![test.as_str(), "--exact", "--nocapture", "--include-ignored"],
        ),
        None => (case.artifact.name.clone(), Vec::new()),
    };
    (shared.sink)(Event::TestStarted { name: name.clone() });
    let arguments = arguments(case.artifact, rest.into_iter());
    let ran = run_once(shared, case.loaded, &name, &arguments);
    let microseconds = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let reports = match (ran, &case.name) {
        (Err(error), _) => {
            vec![TestFinished {
                reason: Some(error.to_string()),
                ..finished(name, Outcome::Failed, shared.seed)
            }]
        }
        (Ok(ran), Some(test)) => vec![judge(shared, name, test, ran)],
        (Ok(ran), None) => judge_all(shared, &name, &with_panic(shared, case.loaded, &name, &arguments, ran)),
    };
    let outcomes = reports.iter().map(|report| report.outcome).collect();
    for report in reports {
        (shared.sink)(Event::TestFinished(TestFinished { microseconds, ..report }));
    }
    outcomes
}

/// What a test that ran alone came to.
fn judge(shared: &Shared, name: String, test: &str, ran: Ran) -> TestFinished {
    let (said, stdout) = libtest::one(&ran.stdout, test);
    let panic = libtest::panic_of(&ran.stderr).unwrap_or_default();
    let unsupported = libtest::unsupported(&panic);
    let (outcome, why) = match (&ran.end, said, unsupported) {
        (Ok(GuestEnd::Done), Said::Ok, _) => (Outcome::Passed, None),
        (Ok(GuestEnd::Done), Said::ShouldPanic, _) => {
            let why = "`#[should_panic]`: a guest cannot unwind, so its harness does not run these";
            (Outcome::Unsupported, Some(why.to_owned()))
        }
        (Ok(GuestEnd::Interrupted), ..) => (Outcome::TimedOut, Some(reason(&ran.end, &ran, shared))),
        (_, _, Some(what)) => (Outcome::Unsupported, Some(what.to_owned())),
        (Ok(GuestEnd::Failed), Said::Failed, _) => (Outcome::Failed, Some("the test returned an error".to_owned())),
        (end, ..) => (Outcome::Failed, Some(reason(end, &ran, shared))),
    };
    let shown = if outcome == Outcome::Passed {
        Vec::new()
    } else {
        ran.journal.last(SHOWN_EXCHANGES)
    };
    TestFinished {
        exchanges: shown.iter().map(|record| Exchange::of(Some(&name), record)).collect(),
        virtual_nanoseconds: ran.virtual_nanoseconds,
        reason: why,
        stdout,
        stderr: ran.stderr,
        ..finished(name, outcome, shared.seed)
    }
}

/// What runs all at once captures output, and its panic's message is lost with the process. The same run once more, told
/// to capture nothing, ends the same way and shows the message.
fn with_panic(shared: &Shared, loaded: &Loaded, name: &str, arguments: &[String], ran: Ran) -> Ran {
    let stderr = libtest::own_errors(&ran.stderr);
    let is_lost = matches!(ran.end, Ok(GuestEnd::Trapped(_))) && libtest::panic_of(&stderr).is_none();
    let again = || {
        let world = Isolated::new(shared, name).ok()?;
        let again = world.run_with(loaded, arguments, &[libtest::NO_CAPTURE]);
        (again.end == ran.end).then(|| libtest::own_errors(&again.stderr))
    };
    let shown = if is_lost { again() } else { None };
    Ran {
        stderr: shown.unwrap_or(stderr),
        ..ran
    }
}

/// What the tests of one process came to: after the one that ended it, the rest are not run.
fn judge_all(shared: &Shared, artifact: &str, ran: &Ran) -> Vec<TestFinished> {
    let (announced, lines) = libtest::all_at_once(&ran.stdout);
    let whole = matches!(ran.end, Ok(GuestEnd::Done | GuestEnd::Failed));
    let mut reports: Vec<TestFinished> = Vec::new();
    let cut_off = if matches!(ran.end, Ok(GuestEnd::Interrupted)) {
        Outcome::TimedOut
    } else {
        Outcome::Failed
    };
    for line in lines {
        let outcome = line.outcome.unwrap_or(cut_off);
        let report = finished(full_name(artifact, &line.name), outcome, shared.seed);
        reports.push(match outcome {
            Outcome::Failed if line.outcome.is_some() => TestFinished {
                reason: Some("the test returned an error".to_owned()),
                stderr: ran.stderr.clone(),
                ..report
            },
            Outcome::Failed | Outcome::TimedOut => TestFinished {
                reason: Some(reason(&ran.end, ran, shared)),
                stderr: ran.stderr.clone(),
                ..report
            },
            _ => report,
        });
    }
    if !whole && reports.iter().all(|report| report.outcome != cut_off) {
        let name = full_name(artifact, &format!("{} of {announced}", reports.len() + 1));
        let reason = Some(reason(&ran.end, ran, shared));
        reports.push(TestFinished {
            reason,
            stderr: ran.stderr.clone(),
            ..finished(name, cut_off, shared.seed)
        });
    }
    for number in reports.len()..announced {
        let name = full_name(artifact, &format!("{} of {announced}", number + 1));
        let reason = Some("an earlier test ended the process that they share".to_owned());
        reports.push(TestFinished {
            reason,
            ..finished(name, Outcome::NotRun, shared.seed)
        });
    }
    reports
}

/// Why a process of a guest did not end well.
fn reason(end: &Result<GuestEnd, slt_emulators::chassis::Deadlock>, ran: &Ran, shared: &Shared) -> String {
    match end {
        Err(deadlock) => deadlock.to_string(),
        Ok(GuestEnd::Interrupted) => format!("still running after {:?} of real time", shared.timeout),
        Ok(end @ GuestEnd::Trapped(_)) => libtest::panic_of(&ran.stderr).unwrap_or_else(|| end.to_string()),
        Ok(end @ (GuestEnd::OutOfMemory(_) | GuestEnd::Broken(_))) => end.to_string(),
        Ok(end @ (GuestEnd::Done | GuestEnd::Failed)) => libtest::panic_of(&ran.stderr).unwrap_or_else(|| {
            let how = if *end == GuestEnd::Done {
                "with success"
            } else {
                "with a failure"
            };
            format!("it exited, {how}, before its verdict")
        }),
    }
}
