//! `slt migrate`: brings a slightfile of specversion 0.1 or 0.2 to 1.0.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::changes::{self, FileLine};
use super::{Exit, Failure, Session, secret};
use crate::cli::Migrate;
use crate::project::Project;
use crate::scaffold::{self, Change};
use crate::slightfile;
use crate::ui::diagnostics::DiagnosticLine;

/// What `slt migrate --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// Something that must be mended first; nothing is changed then.
    Diagnostic(DiagnosticLine),
    /// The file has specversion 1.0, or would have it.
    Migrated {
        /// The specversion that it had.
        from: &'static str,
        /// Whether nothing was written.
        dry_run: bool,
        /// The slightfile, when it is changed.
        files: Vec<FileLine>,
        /// What was kept as a comment, and should be known.
        notes: Vec<String>,
    },
}

/// Runs `slt migrate`.
pub fn run(session: &Session<'_>, arguments: &Migrate) -> Result<Exit, Failure> {
    let project = changes::project(session)?;
    let (name, text) = (&project.slightfile_name, &project.slightfile_text);
    let stored = match arguments.drop_secret_settings {
        true => Some(stored(session, &project)?),
        false => None,
    };
    let migrated = scaffold::migrate(name, text, stored.as_ref())
        .map_err(|problems| changes::with_errors(session, &project, &problems))?;
    let change = Change {
        file: changes::slightfile_path(&project),
        before: Some(text.clone()),
        after: Some(migrated.text),
    };
    let changes: Vec<_> = std::iter::once(change)
        .filter(|change| change.before != change.after)
        .collect();
    let dry_run = arguments.dry_run;
    let files = changes::make(&project, &changes, dry_run)?;
    let done = match files.is_empty() {
        true => format!("nothing to do: `{name}` has specversion 1.0"),
        false => format!("brought `{name}` from specversion {} to 1.0", migrated.from),
    };
    let human = changes::human(&done, &files);
    changes::tell(session, &migrated.notes, dry_run && !files.is_empty());
    let line = Line::Migrated {
        from: migrated.from,
        dry_run,
        files,
        notes: migrated.notes,
    };
    session.ui.result(&human, &[line]);
    Ok(Exit::Done)
}

/// The names that the project's store of secrets has. It is only read when the slightfile has secrets of slight's, which need it.
fn stored(session: &Session<'_>, project: &Project) -> Result<BTreeSet<String>, Failure> {
    let (slightfile, _) = slightfile::parse(&project.slightfile_name, &project.slightfile_text);
    if slightfile.is_none_or(|slightfile| slightfile.secret_settings.is_empty()) {
        return Ok(BTreeSet::new());
    }
    let secrets = secret::all(session, &project.root)?;
    Ok(secrets.keys().map(ToString::to_string).collect())
}
