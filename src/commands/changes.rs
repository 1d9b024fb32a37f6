//! What the commands that change a project's files have in common: reading them, making the changes, saying what was changed.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Failure, Session};
use crate::events::Event;
use crate::project::{self, Project, WitFolder};
use crate::scaffold::{self, Change, Refusal, Sources};
use crate::slightfile::{self, Diagnostic, Slightfile, cover};
use crate::ui::diagnostics::Source;
use crate::ui::diff;

/// How many Rust sources are looked into; a project of ours has 20.
const RUST_FILES_MAX: usize = 1000;

/// How much of them is read, in bytes.
const RUST_MAX_BYTES: u64 = 8 << 20;

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// It is new.
    Created,
    /// Its text is another.
    Changed,
    /// It goes.
    Removed,
}

/// A file that is changed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FileLine {
    /// Its path from the project's folder.
    pub file: String,
    /// What happens to it.
    pub change: What,
    /// With `--dry-run`, what would be changed, as `diff -u` writes it; secrets are covered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

/// A project whose files are to be changed.
pub(super) struct Loaded {
    pub project: Project,
    pub slightfile: Slightfile,
    wit: Option<WitFolder>,
    manifest: Option<String>,
    uses_bindgen: bool,
    rust: Vec<(PathBuf, String)>,
}

/// The project of this folder or of `-c`.
pub(super) fn project(session: &Session<'_>) -> Result<Project, Failure> {
    let directory = session.directory();
    let config = session.global.config.as_ref().map(|config| directory.join(config));
    let mut project = project::load(&directory, config.as_deref())
        .map_err(|error| Failure::usage(error.to_string()).hint(error.hint()))?;
    project.slightfile_name = project::named(&project.slightfile_path, &directory);
    Ok(project)
}

/// The same with all that an entry of the slightfile touches. The slightfile has no errors of the grammar.
pub(super) fn load(session: &Session<'_>) -> Result<Loaded, Failure> {
    let project = project(session)?;
    let (slightfile, problems) = slightfile::parse(&project.slightfile_name, &project.slightfile_text);
    let errors: Vec<_> = problems.into_iter().filter(Diagnostic::is_error).collect();
    let (Some(slightfile), true) = (slightfile, errors.is_empty()) else {
        return Err(with_errors(session, &project, &errors));
    };
    let wit = project::wit_folder(&project, &slightfile, &session.directory())
        .map_err(|problem| with_errors(session, &project, &[*problem]))?;
    Ok(Loaded {
        wit,
        manifest: project::manifest(&project.root),
        uses_bindgen: project::rust_names(&project.root, "wit_bindgen"),
        rust: rust_sources(&project.root),
        slightfile,
        project,
    })
}

/// The Rust sources below `src` and `tests`, in the order of their paths from the project's folder; not those that links lead to, and
/// no more than [`RUST_FILES_MAX`] and [`RUST_MAX_BYTES`].
fn rust_sources(root: &Path) -> Vec<(PathBuf, String)> {
    let mut left = vec![PathBuf::from("tests"), PathBuf::from("src")];
    let (mut found, mut seen, mut bytes) = (Vec::new(), 0, 0);
    while let Some(path) = left.pop().filter(|_| seen < RUST_FILES_MAX) {
        seen += 1;
        let whole = root.join(&path);
        let Ok(metadata) = whole.symlink_metadata() else {
            continue;
        };
        if metadata.is_dir() {
            let entries = std::fs::read_dir(&whole).into_iter().flatten().take(RUST_FILES_MAX);
            let mut names: Vec<_> = entries.flatten().map(|entry| path.join(entry.file_name())).collect();
            names.sort_by(|one, other| other.cmp(one)); // the last is taken first
            left.extend(names);
        } else if metadata.is_file()
            && path.extension().is_some_and(|extension| extension == "rs")
            && bytes + metadata.len() <= RUST_MAX_BYTES
            && let Ok(text) = std::fs::read_to_string(&whole)
        {
            bytes += metadata.len();
            found.push((path, text));
        }
    }
    found
}

/// Shows what is wrong, and says that nothing was changed.
pub(super) fn with_errors(session: &Session<'_>, project: &Project, errors: &[Diagnostic]) -> Failure {
    let source = Source {
        name: &project.slightfile_name,
        text: &project.slightfile_text,
    };
    session.ui.diagnostics(source, errors);
    let count = match errors.len() {
        1 => "an error".to_owned(),
        count => format!("{count} errors"),
    };
    Failure::usage(format!("nothing was changed, because of {count}"))
}

impl Loaded {
    pub(super) fn sources(&self) -> Sources<'_> {
        Sources {
            file: slightfile_path(&self.project),
            text: &self.project.slightfile_text,
            slightfile: &self.slightfile,
            wit: self.wit.as_ref(),
            manifest: self.manifest.as_deref(),
            uses_bindgen: self.uses_bindgen,
            rust: &self.rust,
        }
    }
}

/// The slightfile's path from the project's folder.
pub(super) fn slightfile_path(project: &Project) -> PathBuf {
    project
        .slightfile_path
        .file_name()
        .map(PathBuf::from)
        .unwrap_or_default()
}

pub(super) fn refused(refusal: &Refusal) -> Failure {
    Failure::usage(refusal.to_string()).hint(refusal.hint())
}

/// Makes the changes, or with `--dry-run` does not, and says which they are.
pub(super) fn make(project: &Project, changes: &[Change], dry_run: bool) -> Result<Vec<FileLine>, Failure> {
    if !dry_run {
        scaffold::make(&project.root, changes).map_err(|error| {
            Failure::environment(error.to_string())
                .hint("every file is as it was; is there one that you may not write to?")
        })?;
    }
    let slightfile = slightfile_path(project);
    Ok(changes
        .iter()
        .map(|change| FileLine {
            file: change.file.display().to_string().replace('\\', "/"),
            change: match (&change.before, &change.after) {
                (None, _) => What::Created,
                (_, None) => What::Removed,
                _ => What::Changed,
            },
            diff: dry_run.then(|| difference(change, change.file == slightfile)),
        })
        .collect())
}

fn difference(change: &Change, has_secrets: bool) -> String {
    let shown = |text: &Option<String>| match has_secrets {
        true => text.as_deref().map(cover),
        false => text.clone(),
    };
    let (before, after) = (shown(&change.before), shown(&change.after));
    diff::unified(&change.file.display().to_string(), before.as_deref(), after.as_deref())
}

/// The result for people: what was done and to which files, or the difference.
pub(super) fn human(done: &str, files: &[FileLine]) -> String {
    if files.iter().any(|file| file.diff.is_some()) {
        return files.iter().filter_map(|file| file.diff.as_deref()).collect();
    }
    let mut text = format!("{done}\n");
    for file in files {
        let what = match file.change {
            What::Created => "created",
            What::Changed => "changed",
            What::Removed => "removed",
        };
        text.push_str(&format!("  {what} {}\n", file.file));
    }
    text
}

/// Says to people what else should be known; programs find it in the result.
pub(super) fn tell(session: &Session<'_>, notes: &[String], dry_run: bool) {
    if session.ui.is_json() {
        return;
    }
    let unchanged = dry_run.then(|| "nothing was changed".to_owned());
    for message in notes.iter().cloned().chain(unchanged) {
        session.ui.event(&Event::Note { message });
    }
}
