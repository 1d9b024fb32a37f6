//! What cargo is asked, and what it answers.

use cargo_metadata::{Artifact, Message};

use super::{BuildError, BuildPlan, BuiltApp, Program, TARGET, TestArtifact, manifest, select, target, tool};
use crate::events::Sink;

/// The code with which cargo itself fails. A proxy of rustup that has no toolchain exits with another.
const CARGO_FAILED: i32 = 101;

/// Builds the application.
pub(super) fn app(plan: &BuildPlan, sink: &Sink) -> Result<BuiltApp, BuildError> {
    let manifest = manifest::read(plan)?;
    if manifest.workspace_only {
        return Err(BuildError::Workspace(plan.root.clone()));
    }
    target::before(plan, sink)?;
    let artifacts = run(plan, sink, &["build", "--target", TARGET])?;
    select::app(&manifest, &artifacts)
}

/// Builds the test programs.
pub(super) fn tests(plan: &BuildPlan, sink: &Sink) -> Result<Vec<TestArtifact>, BuildError> {
    manifest::read(plan)?;
    target::before(plan, sink)?;
    let artifacts = run(plan, sink, &["test", "--no-run", "--target", TARGET])?;
    Ok(select::tests(&artifacts))
}

/// Builds the package's program for this machine.
pub(super) fn program(plan: &BuildPlan, sink: &Sink) -> Result<Program, BuildError> {
    let manifest = manifest::read(plan)?;
    if manifest.workspace_only {
        return Err(BuildError::Workspace(plan.root.clone()));
    }
    let artifacts = run_once(plan, sink, &["build"])?;
    select::program(&manifest, &artifacts)
}

/// Runs `cargo VERB…` for the wasm target; returns what it made. A missing target is installed on the way.
fn run(plan: &BuildPlan, sink: &Sink, verb: &[&str]) -> Result<Vec<Artifact>, BuildError> {
    match run_once(plan, sink, verb) {
        Err(BuildError::Compile | BuildError::Cargo) if target::install_if_missing(plan, sink)? => {
            run_once(plan, sink, verb)
        }
        Err(BuildError::Cargo) if refuses_manifest(plan)? => Err(BuildError::Manifest(plan.root.clone())),
        other => other,
    }
}

fn run_once(plan: &BuildPlan, sink: &Sink, verb: &[&str]) -> Result<Vec<Artifact>, BuildError> {
    // Compiler messages come rendered, on the same stream as cargo's own, so that their order is kept.
    let mut arguments = verb.to_vec();
    arguments.extend(["--message-format", "json-render-diagnostics"]);
    arguments.extend(match plan.color {
        Some(true) => ["--color", "always"].as_slice(),
        Some(false) => &["--color", "never"],
        None => &[],
    });
    arguments.extend(plan.release.then_some("--release"));
    arguments.extend(plan.quiet.then_some("--quiet"));

    let mut artifacts = Vec::new();
    let mut compiled = false;
    let status = tool::run(plan, sink, "cargo", &arguments, |line| {
        match serde_json::from_slice::<Message>(line) {
            Ok(Message::CompilerArtifact(artifact)) => artifacts.push(artifact),
            Ok(Message::BuildFinished(_)) => compiled = true,
            // Other messages, and what tools of the build print on their own.
            Ok(_) | Err(_) => {}
        }
    })?;
    match (status.success(), compiled) {
        (true, _) => Ok(artifacts),
        (false, true) => Err(BuildError::Compile),
        (false, false) => Err(BuildError::Cargo),
    }
}

/// Whether cargo can't even read the manifest, which takes no network.
fn refuses_manifest(plan: &BuildPlan) -> Result<bool, BuildError> {
    let answer = tool::ask(plan, "cargo", &["metadata", "--no-deps", "--format-version", "1"])?;
    Ok(answer.status.code() == Some(CARGO_FAILED))
}
