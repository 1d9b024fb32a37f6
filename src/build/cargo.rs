//! What cargo is asked, and what it answers.

use std::path::{Path, PathBuf};

use cargo_metadata::{Artifact, Message, MetadataCommand};

use super::{BuildError, BuildPlan, TARGET, target, tool};
use crate::events::Sink;

/// The code with which cargo exits when it is at fault, or what it was given. A proxy of rustup exits with others.
const CARGO_FAILED: i32 = 101;

/// The package to build, as its manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    /// Cargo's name for it, as in its messages.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Which of its programs `cargo run` takes.
    pub default_run: Option<String>,
    /// Where cargo keeps what it makes.
    pub target_directory: PathBuf,
}

/// The manifest of the plan's package.
pub(super) fn manifest(plan: &BuildPlan) -> Result<PathBuf, BuildError> {
    let manifest = plan.root.join("Cargo.toml");
    if manifest.is_file() {
        Ok(manifest)
    } else {
        Err(BuildError::NoManifest(plan.root.clone()))
    }
}

/// Reads the plan's package, and nothing of its dependencies.
pub(super) fn package(plan: &BuildPlan) -> Result<Package, BuildError> {
    let manifest = manifest(plan)?;
    let answer = tool::ask(plan, "cargo", &["metadata", "--no-deps", "--format-version", "1"])?;
    if !answer.status.success() {
        let message = answer.stderr.trim_end().to_string();
        return Err(match answer.status.code() {
            Some(CARGO_FAILED) => BuildError::Manifest {
                root: plan.root.clone(),
                message,
            },
            _ => BuildError::Tool { tool: "cargo", message },
        });
    }
    let metadata = MetadataCommand::parse(&answer.stdout).map_err(|error| BuildError::Tool {
        tool: "cargo",
        message: format!("its metadata can't be read: {error}"),
    })?;
    let package = metadata
        .packages
        .into_iter()
        .find(|package| same_file(package.manifest_path.as_std_path(), &manifest))
        .ok_or_else(|| BuildError::Workspace(plan.root.clone()))?;
    Ok(Package {
        id: package.id.repr,
        name: package.name.to_string(),
        version: package.version.to_string(),
        default_run: package.default_run,
        target_directory: metadata.target_directory.into(),
    })
}

/// Runs `cargo VERB…` for the wasm target; returns what it made. A missing target is installed on the way.
pub(super) fn run(plan: &BuildPlan, sink: &Sink, verb: &[&str]) -> Result<Vec<Artifact>, BuildError> {
    match run_once(plan, sink, verb) {
        Err(BuildError::Compile | BuildError::Cargo) if target::install_if_missing(plan, sink)? => {
            run_once(plan, sink, verb)
        }
        other => other,
    }
}

fn run_once(plan: &BuildPlan, sink: &Sink, verb: &[&str]) -> Result<Vec<Artifact>, BuildError> {
    // Compiler messages come rendered, on the same stream as cargo's own, so that their order is kept.
    let mut arguments = verb.to_vec();
    arguments.extend(["--target", TARGET, "--message-format", "json-render-diagnostics"]);
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

fn same_file(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
