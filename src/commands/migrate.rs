//! `slt migrate`: brings a slightfile of specversion 0.1 or 0.2 to 1.0.

use schemars::JsonSchema;
use serde::Serialize;

use super::changes::{self, FileLine};
use super::{Exit, Failure, Session};
use crate::cli::Migrate;
use crate::scaffold::{self, Change};
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
    let migrated = scaffold::migrate(name, text, arguments.drop_secret_settings)
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
