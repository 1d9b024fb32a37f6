//! What `build`, `run` and `test` begin with: the project, and a slightfile that can be started.

use std::path::Path;

use super::{Failure, Session};
use crate::catalogue::{CATALOGUE, Maturity};
use crate::project::{self, Project};
use crate::slightfile::{Diagnostic, Slightfile, codes};
use crate::ui::diagnostics::Source;

/// Finds the project in `folder` (or where `-c` says) and checks its slightfile; problems are printed.
///
/// # Errors
/// When there is no project, or its slightfile has errors (exit 2).
pub fn load(session: &Session<'_>, folder: &Path) -> Result<(Project, Slightfile), Failure> {
    let directory = session.directory();
    let config = session.global.config.as_ref().map(|config| directory.join(config));
    let mut project = project::load(folder, config.as_deref())
        .map_err(|error| Failure::usage(error.to_string()).hint(error.hint()))?;
    project.slightfile_name = project::named(&project.slightfile_path, &directory);
    match project::checked_slightfile(&project) {
        Ok((slightfile, mut found)) => {
            // Whoever starts something says in its own words that a resource is planned.
            found.retain(|diagnostic| diagnostic.code != codes::RESOURCE_PLANNED);
            show(session, &project, &found);
            Ok((project, slightfile))
        }
        Err(found) => {
            show(session, &project, &found);
            let errors = found.iter().filter(|diagnostic| diagnostic.is_error()).count();
            let noun = if errors == 1 { "error" } else { "errors" };
            Err(Failure::usage(format!(
                "`{}` has {errors} {noun}",
                project.slightfile_name
            )))
        }
    }
}

/// The same, for what is to be started now: every resource must have a provider.
///
/// # Errors
/// As [`load`], and when a resource is only planned (exit 2).
pub fn load_to_start(session: &Session<'_>, folder: &Path) -> Result<(Project, Slightfile), Failure> {
    let (project, slightfile) = load(session, folder)?;
    let planned: Vec<_> = project::planned(&slightfile)
        .into_iter()
        .map(|id| format!("`{id}`"))
        .collect();
    if planned.is_empty() {
        return Ok((project, slightfile));
    }
    let ready: Vec<_> = CATALOGUE
        .resources
        .iter()
        .filter(|resource| resource.maturity == Maturity::Ready)
        .map(|resource| format!("`{}`", resource.id))
        .collect();
    let verb = if planned.len() == 1 { "is" } else { "are" };
    Err(
        Failure::usage(format!("{} {verb} planned, and not built yet", planned.join(", ")))
            .hint(format!("what runs today: {}", ready.join(", "))),
    )
}

fn show(session: &Session<'_>, project: &Project, found: &[Diagnostic]) {
    let source = Source {
        name: &project.slightfile_name,
        text: &project.slightfile_text,
    };
    session.ui.diagnostics(source, found);
}
