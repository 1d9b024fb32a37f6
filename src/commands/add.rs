//! `slt add`: an entry for a resource, and what its capability needs in the WIT world and in `Cargo.toml`.

use schemars::JsonSchema;
use serde::Serialize;

use super::changes::{self, FileLine};
use super::{Exit, Failure, Session};
use crate::cli::Add;
use crate::scaffold::{self, Added, Wanted};
use crate::ui::diagnostics::DiagnosticLine;

/// What `slt add --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// Something that must be mended first; nothing is changed then.
    Diagnostic(DiagnosticLine),
    /// The entry is there, or would be.
    Added {
        /// The resource, by its id of today.
        resource: &'static str,
        /// Its name; nothing in specversion 0.1.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Whether the entry was not there before.
        new: bool,
        /// Whether nothing was written.
        dry_run: bool,
        /// The files that are changed.
        files: Vec<FileLine>,
        /// What could not be done, or should be known.
        notes: Vec<String>,
    },
}

/// Runs `slt add`.
pub fn run(session: &Session<'_>, arguments: &Add) -> Result<Exit, Failure> {
    let loaded = changes::load(session)?;
    let wanted = Wanted {
        resource: &arguments.resource,
        name: arguments.name.as_deref(),
        compat: arguments.compat,
    };
    let mut added = scaffold::add(&loaded.sources(), wanted).map_err(|refusal| changes::refused(&refusal))?;
    if !added.is_new && arguments.name.is_none() && !arguments.compat && added.name.is_some() {
        added.notes.push("`--name N` adds another one".to_owned());
    }
    let dry_run = arguments.dry_run;
    let files = changes::make(&loaded.project, &added.changes, dry_run)?;
    let human = changes::human(&done(&added), &files);
    changes::tell(session, &added.notes, dry_run);
    let line = Line::Added {
        resource: added.resource,
        name: added.name,
        new: added.is_new,
        dry_run,
        files,
        notes: added.notes,
    };
    session.ui.result(&human, &[line]);
    Ok(Exit::Done)
}

fn done(added: &Added) -> String {
    let name = added.name.as_ref();
    match (added.is_new, name) {
        (true, Some(name)) => format!("added `{}` as `{name}`", added.resource),
        (true, None) => format!("added `{}`", added.resource),
        (false, Some(name)) => format!("`{}` is there already, as `{name}`", added.resource),
        (false, None) => format!("`{}` is there already", added.resource),
    }
}
