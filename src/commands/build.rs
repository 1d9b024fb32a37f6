//! `slt build`

use std::io::IsTerminal;
use std::path::PathBuf;

use super::{Exit, Failure, Session};
use crate::build::{self, BuildError, BuildPlan};
use crate::cli::{Build, Color, Format};

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
        color: Some(color(session)),
        quiet: session.global.quiet,
    }
}

/// Cargo writes into a pipe, and can't see for itself whether a terminal is behind it.
fn color(session: &Session<'_>) -> bool {
    let set = |name: &str| {
        session
            .invocation
            .environment
            .get(name)
            .is_some_and(|value| !value.is_empty())
    };
    match (session.global.color, session.global.format) {
        (Color::Never, _) | (_, Format::Json) => false,
        (Color::Always, _) => true,
        (Color::Auto, _) => !set("NO_COLOR") && (set("CLICOLOR_FORCE") || std::io::stderr().is_terminal()),
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
