//! `slt build`: resolves the flags into a plan of `build`, and its errors into exit codes and hints.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Exit, Failure, Session};
use crate::build::{self, About, BuildError, BuildPlan, Command, Toolchain, c};
use crate::cli::Build;
use crate::events::{Event, Sink};
use crate::project::{self, Project};
use crate::slightfile::{self, Diagnostic, Slightfile};
use crate::ui::diagnostics::Source;

/// The version of what does not say its own.
const NO_VERSION: &str = "0.0.0";

/// Runs `slt build`.
pub fn run(session: &Session<'_>, arguments: &Build) -> Result<Exit, Failure> {
    let plan = plan_in(session, &session.directory(), arguments.release)?;
    build::component(&plan, &session.ui.sink()).map_err(failure)?;
    Ok(Exit::Done)
}

/// How to build what lies in a folder, with its slightfile or without one.
pub(super) fn plan_in(session: &Session<'_>, folder: &Path, release: bool) -> Result<BuildPlan, Failure> {
    Ok(match slightfile(session, folder)? {
        Some((project, slightfile)) => plan(session, &project, &slightfile, release),
        None => in_folder(session, folder.to_owned(), None, release),
    })
}

/// Where a build reports to whose component is not the result: for people, standard output is left to what is.
pub(super) fn before_the_result(session: &Session<'_>) -> Sink {
    let (sink, is_json) = (session.ui.sink(), session.ui.is_json());
    Arc::new(move |event| {
        if is_json || !matches!(event, Event::Built { .. }) {
            sink(event);
        }
    })
}

/// The slightfile of this very folder, or of `-c`. A package needs none to be built, and whether one fits what is built is
/// for `slt check` to say.
fn slightfile(session: &Session<'_>, folder: &Path) -> Result<Option<(Project, Slightfile)>, Failure> {
    let directory = session.directory();
    let config = session.global.config.as_ref().map(|config| directory.join(config));
    if config.is_none() && !folder.join(project::SLIGHTFILE).is_file() {
        return Ok(None);
    }
    let folder = if config.is_some() { &directory } else { folder };
    let project = project::load(folder, config.as_deref())
        .map_err(|error| Failure::usage(error.to_string()).hint(error.hint()))?;
    let (slightfile, diagnostics) = slightfile::parse(&project.slightfile_name, &project.slightfile_text);
    match slightfile.filter(|_| !diagnostics.iter().any(Diagnostic::is_error)) {
        Some(slightfile) => Ok(Some((project, slightfile))),
        None => {
            let source = Source {
                name: &project.slightfile_name,
                text: &project.slightfile_text,
            };
            session.ui.diagnostics(source, &diagnostics);
            Err(Failure::usage(format!("`{}` has errors", project.slightfile_name)))
        }
    }
}

/// How to build a project, as its slightfile, the flags and the environment say.
pub(super) fn plan(session: &Session<'_>, project: &Project, slightfile: &Slightfile, release: bool) -> BuildPlan {
    let version = slightfile.app.version.as_ref();
    let about = About {
        name: project.name(slightfile),
        version: version.map_or_else(|| NO_VERSION.to_owned(), |version| version.value.clone()),
    };
    let line = slightfile.app.build.as_ref().map(|line| line.value.clone());
    let command = (line.is_some() || slightfile.app.component.is_some()).then(|| Command {
        about: about.clone(),
        line,
        component: project.component_path(slightfile),
    });
    BuildPlan {
        command,
        ..in_folder(session, project.root.clone(), Some(about), release)
    }
}

/// How to build what lies in a folder; what has no slightfile is called as its folder is.
pub(super) fn in_folder(session: &Session<'_>, root: PathBuf, about: Option<About>, release: bool) -> BuildPlan {
    let about = about.unwrap_or_else(|| About {
        name: root
            .file_name()
            .map_or_else(|| "app".into(), |name| name.to_string_lossy().into_owned()),
        version: NO_VERSION.to_owned(),
    });
    let toolchain = if root.join("Cargo.toml").is_file() {
        Some(Toolchain::Cargo)
    } else {
        c::is_project(&root).then_some(Toolchain::C(about))
    };
    BuildPlan {
        toolchain,
        command: None,
        root,
        release,
        environment: session.invocation.environment.clone(),
        // cargo writes into a pipe, and can't see for itself whether a terminal is behind it
        color: Some(session.ui.is_coloured()),
        quiet: session.global.quiet,
        ending: session.ending().cloned(),
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
        | BuildError::NoProgram(_)
        | BuildError::Ambiguous { .. }
        | BuildError::Wit(_)
        | BuildError::CoreInPlace(_)
        | BuildError::NotMade { .. } => Failure::usage(message),
        BuildError::Compile
        | BuildError::Bindings(_)
        | BuildError::Unimplemented { .. }
        | BuildError::NoMain { .. }
        | BuildError::StrayMain { .. }
        | BuildError::Link { .. }
        | BuildError::Command(_)
        | BuildError::Interrupted
        | BuildError::Component { .. } => Failure::failed(message),
        BuildError::Cargo
        | BuildError::NoCToolchain(_)
        | BuildError::BadCToolchain { .. }
        | BuildError::DeadCToolchain { .. }
        | BuildError::CommandNotFound(_)
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
