//! What the commands that start an app have in common: the project, its slightfile, the engine.

use std::sync::Arc;

use super::{Failure, Session};
use crate::host::{Cache, Engine};
use crate::project::{self, Project};
use crate::slightfile::Slightfile;
use crate::support::os;
use crate::ui::diagnostics::Source;

/// The project of this folder, or of `-c`, with a slightfile that has no errors and needs nothing that is only planned.
pub(super) fn project(session: &Session<'_>, directory: &std::path::Path) -> Result<(Project, Slightfile), Failure> {
    let config = session
        .global
        .config
        .as_ref()
        .map(|config| session.directory().join(config));
    let directory = match config {
        Some(_) => session.directory(),
        None => directory.to_owned(),
    };
    let mut project = project::load(&directory, config.as_deref())
        .map_err(|error| Failure::usage(error.to_string()).hint(error.hint()))?;
    project.slightfile_name = project::named(&project.slightfile_path, &session.directory());
    understood(session, project, !session.global.quiet)
}

/// A project with its slightfile, if that has no errors and needs nothing that is only planned.
pub(super) fn understood(
    session: &Session<'_>,
    project: Project,
    shows_warnings: bool,
) -> Result<(Project, Slightfile), Failure> {
    let source = Source {
        name: &project.slightfile_name,
        text: &project.slightfile_text,
    };
    let slightfile = match project::checked_slightfile(&project) {
        Ok((slightfile, warnings)) => {
            if !warnings.is_empty() && shows_warnings {
                session.ui.diagnostics(source, &warnings);
            }
            slightfile
        }
        Err(diagnostics) => {
            session.ui.diagnostics(source, &diagnostics);
            return Err(Failure::usage(format!("`{}` has errors", project.slightfile_name)));
        }
    };
    let planned = project::planned(&slightfile);
    if !planned.is_empty() {
        let names: Vec<String> = planned.iter().map(|name| format!("`{name}`")).collect();
        return Err(Failure::usage(format!(
            "{} cannot run yet: only planned in this version of slt",
            names.join(", ")
        ))
        .hint("`optional = true` in its `[[capability]]` lets the app start without it"));
    }
    Ok((project, slightfile))
}

/// The engine, with the user's cache of compiled code.
pub(super) fn engine(session: &Session<'_>) -> Result<Arc<Engine>, Failure> {
    let cache =
        os::cache_directory(&session.invocation.environment).and_then(|base| Cache::open(&base.join("compiled")));
    Engine::new(cache)
        .map(Arc::new)
        .map_err(|error| Failure::environment(error.to_string()))
}
