//! `slt remove`: takes out what `slt add` has put in.

use schemars::JsonSchema;
use serde::Serialize;

use super::changes::{self, FileLine};
use super::{Exit, Failure, Session};
use crate::cli::Remove;
use crate::scaffold;
use crate::ui::diagnostics::DiagnosticLine;

/// What `slt remove --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// Something that must be mended first; nothing is changed then.
    Diagnostic(DiagnosticLine),
    /// The entry is gone, or would be.
    Removed {
        /// The resource, by its id of today.
        resource: &'static str,
        /// Its name; nothing in specversion 0.1.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Whether nothing was written.
        dry_run: bool,
        /// The files that are changed.
        files: Vec<FileLine>,
        /// Comments that went with what was removed.
        comments: Vec<String>,
        /// What could not be done, or should be known.
        notes: Vec<String>,
    },
}

/// Runs `slt remove`.
pub fn run(session: &Session<'_>, arguments: &Remove) -> Result<Exit, Failure> {
    let loaded = changes::load(session)?;
    let removed = scaffold::remove(&loaded.sources(), &arguments.resource, arguments.name.as_deref())
        .map_err(|refusal| changes::refused(&refusal))?;
    let dry_run = arguments.dry_run;
    let files = changes::make(&loaded.project, &removed.changes, dry_run)?;
    let done = match &removed.name {
        Some(name) => format!("removed `{}`, which was called `{name}`", removed.resource),
        None => format!("removed `{}`", removed.resource),
    };
    let human = changes::human(&done, &files);
    let mut notes = removed.notes.clone();
    if !removed.comments.is_empty() {
        notes.insert(0, format!("comments go with it:\n  {}", removed.comments.join("\n  ")));
    }
    changes::tell(session, &notes, dry_run);
    let line = Line::Removed {
        resource: removed.resource,
        name: removed.name,
        dry_run,
        files,
        comments: removed.comments,
        notes: removed.notes,
    };
    session.ui.result(&human, &[line]);
    Ok(Exit::Done)
}
