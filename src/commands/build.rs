//! `slt build`: resolves the flags into a plan of `build`, and its errors into exit codes and hints.

use std::path::PathBuf;

use super::{Exit, Failure, Session};
use crate::build::{self, BuildError, BuildPlan};
use crate::cli::Build;

/// Runs `slt build`.
pub fn run(session: &Session<'_>, arguments: &Build) -> Result<Exit, Failure> {
    let plan = plan(session, session.directory(), arguments.release);
    build::component(&plan, &session.ui.sink()).map_err(failure)?;
    Ok(Exit::Done)
}

/// How to build the package in `root`, as the flags and the environment say.
pub(super) fn plan(session: &Session<'_>, root: PathBuf, release: bool) -> BuildPlan {
    BuildPlan {
        root,
        release,
        environment: session.invocation.environment.clone(),
        // cargo writes into a pipe, and can't see for itself whether a terminal is behind it
        color: Some(session.ui.is_coloured()),
        quiet: session.global.quiet,
    }
}

/// Which exit code a build error has, and what to do about it.
pub(super) fn failure(error: BuildError) -> Failure {
    let message = error.to_string();
    let failure = match &error {
        BuildError::NoManifest(_)
        | BuildError::Manifest(_)
        | BuildError::Workspace(_)
        | BuildError::NoComponent(_)
        | BuildError::Ambiguous { .. } => Failure::usage(message),
        BuildError::Compile | BuildError::Component { .. } => Failure::failed(message),
        BuildError::Cargo
        | BuildError::NoTool(_)
        | BuildError::Tool { .. }
        | BuildError::NoTarget { .. }
        | BuildError::File { .. } => Failure::environment(message),
    };
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
