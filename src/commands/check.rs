//! `slt check`: the slightfile, the component or its WIT world, and the catalogue, compared before anything runs.

use std::path::{Path, PathBuf};

use super::{Exit, Failure, Session};
use crate::catalogue::CATALOGUE;
use crate::cli::Check;
use crate::project::{self, Against, Compared, InsteadOf, Project, ProjectError};
use crate::slightfile::{self, Diagnostic, Severity, codes};
use crate::support::os;
use crate::ui::diagnostics::{Checked, Fixed, Source};
use crate::validate::{Artifact, validate};

/// Where to look.
struct Plan {
    /// Where the slightfile is looked for.
    folder: PathBuf,
    /// A component that was named.
    component: Option<PathBuf>,
}

/// Runs `slt check`.
pub fn run(session: &Session<'_>, arguments: &Check) -> Result<Exit, Failure> {
    let directory = session.directory();
    let plan = plan(&directory, arguments)?;
    let config = session.global.config.as_ref().map(|config| directory.join(config));
    let folder = if config.is_some() { &directory } else { &plan.folder };
    let mut project = match project::load(folder, config.as_deref()) {
        Ok(project) => project,
        Err(error) => return unread(session, &error),
    };
    project.slightfile_name = project::named(&project.slightfile_path, &directory);
    if arguments.fix {
        fix(session, &mut project)?;
    }

    let Judged {
        shown,
        checked,
        summary,
    } = judge(
        session,
        &project,
        plan.component.as_deref().map_or(Beside::Own, Beside::Component),
    );
    let exit = if checked.errors > 0 { Exit::Failed } else { Exit::Done };
    session.ui.checked(source(&project), &shown, checked, &summary);
    Ok(exit)
}

/// What is to be said of a project.
pub(super) struct Judged {
    /// Its problems, in the order of the slightfile; with `-q` the errors only.
    pub shown: Vec<Diagnostic>,
    /// How many there are of each kind.
    pub checked: Checked,
    /// The same in a line.
    pub summary: String,
}

/// What a slightfile is held against.
#[derive(Debug, Clone, Copy)]
pub(super) enum Beside<'a> {
    /// This component.
    Component(&'a Path),
    /// What there is of the project's own: its component, or its `wit` folder.
    Own,
    /// Its `wit` folder, if it has one: its component is about to be made.
    Wit,
}

/// Finds every problem of a project: of its slightfile by itself, and beside something else.
pub(super) fn judge(session: &Session<'_>, project: &Project, beside: Beside<'_>) -> Judged {
    let directory = session.directory();
    let (compared, diagnostics) = project::check(project, |slightfile| match (beside, slightfile) {
        (Beside::Component(component), _) => project::component(component, &directory),
        (Beside::Own, Some(slightfile)) => project::compare(project, slightfile, &directory),
        (Beside::Wit, Some(slightfile)) => project::compare_wit(project, slightfile, &directory),
        (Beside::Own | Beside::Wit, None) => Compared::default(),
    });
    judged(session, project, &compared, &diagnostics, &directory)
}

/// What diagnostics of a project point into.
pub(super) fn source(project: &Project) -> Source<'_> {
    Source {
        name: &project.slightfile_name,
        text: &project.slightfile_text,
    }
}

/// A slightfile that is there and is none has a problem like any other; without one there is nothing to check.
fn unread(session: &Session<'_>, error: &ProjectError) -> Result<Exit, Failure> {
    let (path, code) = match error {
        ProjectError::TooLarge { path, .. } => (path, codes::TOO_LARGE),
        ProjectError::NotText(path) => (path, codes::SYNTAX),
        _ => return Err(Failure::failed(error.to_string()).hint(error.hint())),
    };
    let name = path.display().to_string();
    let problem = Diagnostic::error(code, error.to_string()).hint(error.hint());
    let checked = Checked {
        slightfile: name.clone(),
        against: None,
        errors: 1,
        warnings: 0,
        notes: 0,
    };
    let source = Source { name: &name, text: "" };
    let summary = format!("checked {name}: 1 error");
    session.ui.checked(source, &[problem], checked, &summary);
    Ok(Exit::Failed)
}

/// Makes every fix that is certain, and writes the file if there was one.
fn fix(session: &Session<'_>, project: &mut Project) -> Result<(), Failure> {
    let (text, mended) = slightfile::mend(&project.slightfile_text, |text| {
        let (slightfile, mut diagnostics) = slightfile::parse(&project.slightfile_name, text);
        if let Some(slightfile) = &slightfile {
            diagnostics.extend(validate(slightfile, None, &CATALOGUE, Artifact::App));
        }
        slightfile::Judged {
            diagnostics,
            understood: slightfile.is_some(),
        }
    });
    if mended.is_empty() {
        return Ok(());
    }
    os::replace_atomically(&project.slightfile_path, text.as_bytes()).map_err(|error| {
        let message = format!(
            "`{}` cannot be written: {}",
            project.slightfile_name,
            os::reason(&error)
        );
        Failure::environment(message).hint("nothing was changed; without `--fix` the file is only read")
    })?;
    project.slightfile_text = text;
    let fixed = mended.into_iter().map(|mended| Fixed {
        code: mended.code,
        file: project.slightfile_name.clone(),
        line: mended.line,
        title: mended.title,
    });
    session.ui.fixed(fixed.collect());
    Ok(())
}

fn plan(directory: &Path, arguments: &Check) -> Result<Plan, Failure> {
    let Some(path) = &arguments.path else {
        return Ok(Plan {
            folder: directory.to_owned(),
            component: None,
        });
    };
    let path = directory.join(path);
    if path.is_dir() {
        return Ok(Plan {
            folder: path,
            component: None,
        });
    }
    if !path.is_file() {
        return Err(
            Failure::usage(format!("there is no `{}`", project::named(&path, directory)))
                .hint("give a project's folder or a component; `slt build` writes one to `dist/`"),
        );
    }
    if path.extension().is_some_and(|extension| extension == "toml") {
        return Err(
            Failure::usage(format!("`{}` is no component", project::named(&path, directory)))
                .hint("name a slightfile with `-c`: `slt check -c slightfile.toml`"),
        );
    }
    Ok(Plan {
        folder: path.parent().unwrap_or(directory).to_owned(),
        component: Some(path),
    })
}

fn judged(
    session: &Session<'_>,
    project: &Project,
    compared: &Compared,
    diagnostics: &[Diagnostic],
    directory: &Path,
) -> Judged {
    let shown: Vec<_> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error() || !session.global.quiet)
        .cloned()
        .collect();
    let count = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
    let checked = Checked {
        slightfile: project.slightfile_name.clone(),
        against: compared.against.as_ref().map(|against| match against {
            Against::Component(path) => project::named(path, directory),
            Against::Wit { folder, .. } => project::named(folder, directory),
        }),
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        notes: count(Severity::Note),
    };
    let summary = summary(&checked, compared, directory);
    Judged {
        shown,
        checked,
        summary,
    }
}

/// `checked slightfile.toml against dist/shortener.wasm: 2 errors, 1 warning`
fn summary(checked: &Checked, compared: &Compared, directory: &Path) -> String {
    let against = match (&checked.against, &compared.against) {
        (
            Some(name),
            Some(Against::Wit {
                instead_of: InsteadOf::Stale(source),
                ..
            }),
        ) => {
            format!(
                " against {name} (`{}` is newer than the component)",
                project::named(source, directory)
            )
        }
        (
            Some(name),
            Some(Against::Wit {
                instead_of: InsteadOf::CoreModule(path),
                ..
            }),
        ) => {
            format!(
                " against {name} (`{}` is a core module without a world)",
                project::named(path, directory)
            )
        }
        (
            Some(name),
            Some(Against::Wit {
                instead_of: InsteadOf::Nothing,
                ..
            }),
        ) => format!(" against {name} (there is no component yet)"),
        (Some(name), _) => format!(" against {name}"),
        (None, _) => String::new(),
    };
    let counts: Vec<_> = [
        (checked.errors, "error"),
        (checked.warnings, "warning"),
        (checked.notes, "note"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, noun)| format!("{count} {noun}{}", if count == 1 { "" } else { "s" }))
    .collect();
    let result = match counts.is_empty() {
        true => "no problems".to_owned(),
        false => counts.join(", "),
    };
    format!("checked {}{against}: {result}", checked.slightfile)
}
