//! `slt new`: writes a project from a template that is part of slt, all of it or nothing. `slt add`, `slt remove` and `slt migrate`:
//! what is to be changed in the files of a project.
//!
//! The templates are real projects under `templates/`, which build as they lie there under the name `shortener`; here
//! they get the name that the user gave. Nothing is fetched and no tool is run.

mod add;
mod bindings;
mod cargo;
mod carried;
mod changes;
mod imports;
mod migrate;
mod name;
mod refusal;
mod remove;
mod rename;
mod rust;
mod wit;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use add::{Added, DEFAULT_NAME, Sources, Wanted, add};
pub use changes::{Change, make};
pub use migrate::{Migrated, migrate};
pub use name::NameError;
pub use refusal::Refusal;
pub use remove::{Removed, remove};

use crate::catalogue::{CATALOGUE, Maturity};

/// A file of a template: its path in the project, and its bytes.
pub type File = (&'static str, &'static [u8]);

/// A file of a project that is to be written.
pub type Written = (&'static str, Vec<u8>);

/// A template.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// What `--template` takes.
    pub name: &'static str,
    /// The resources that `--with` takes.
    pub resources: &'static [&'static str],
    /// The files for a set of resources.
    pub files: fn(&BTreeSet<&str>) -> Vec<Written>,
    /// The names of the crates that it depends on, which the project cannot have.
    pub taken: fn() -> BTreeSet<String>,
}

/// Every template.
pub const TEMPLATES: &[Template] = &[rust::TEMPLATE];

/// What to write, and where.
#[derive(Debug)]
pub struct Plan {
    /// The project's folder.
    pub folder: PathBuf,
    files: Vec<Written>,
}

/// Why no project was written.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// The name cannot be a project's.
    #[error("`{name}` cannot be the name of a project: {error}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        error: NameError,
    },
    /// There is something in its place.
    #[error("`{}` exists already", .0.display())]
    Exists(PathBuf),
    /// No folder to write into.
    #[error("there is no folder `{}`", .0.display())]
    NoFolder(PathBuf),
    /// No such template.
    #[error("there is no template `{0}`")]
    UnknownTemplate(String),
    /// No such resource.
    #[error("there is no resource `{0}`")]
    UnknownResource(String),
    /// A resource that no provider is built for.
    #[error("`{0}` is planned, and not built yet")]
    PlannedResource(&'static str),
    /// A resource that this template does not use.
    #[error("the template `{template}` does not use `{resource}`")]
    NotInTemplate {
        /// The template.
        template: &'static str,
        /// The resource.
        resource: &'static str,
    },
    /// The disk says no.
    #[error("`{}` cannot be written: {error}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}

impl ScaffoldError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Name { .. } => name::RULE.to_owned(),
            Self::Exists(_) => "take another name, or move what is there away".to_owned(),
            Self::NoFolder(_) => "`-C DIR` takes a folder that exists".to_owned(),
            Self::UnknownTemplate(_) => {
                let names: Vec<_> = TEMPLATES
                    .iter()
                    .map(|template| format!("`{}`", template.name))
                    .collect();
                format!("the templates are: {}", names.join(", "))
            }
            Self::UnknownResource(_) | Self::PlannedResource(_) | Self::NotInTemplate { .. } => {
                let all = TEMPLATES.iter().flat_map(|template| template.resources);
                let names: Vec<_> = all.map(|resource| format!("`{resource}`")).collect();
                format!("`--with` takes: {}", names.join(", "))
            }
            Self::Write { .. } => {
                "nothing was left behind; choose a folder that you may write to with `-C DIR`".to_owned()
            }
        }
    }
}

/// Decides what to write. Nothing is touched.
///
/// # Errors
/// When the name, the template or a resource is not possible, or the folder exists.
pub fn plan(directory: &Path, name: &str, template: &str, with: &[String]) -> Result<Plan, ScaffoldError> {
    let template = TEMPLATES
        .iter()
        .find(|candidate| candidate.name == template)
        .ok_or_else(|| ScaffoldError::UnknownTemplate(template.to_owned()))?;
    name::check(name, &(template.taken)()).map_err(|error| ScaffoldError::Name {
        name: name.to_owned(),
        error,
    })?;
    let resources = resources(template, with)?;
    if !directory.is_dir() {
        return Err(ScaffoldError::NoFolder(directory.to_owned()));
    }
    let folder = directory.join(name);
    if folder.symlink_metadata().is_ok() {
        return Err(ScaffoldError::Exists(folder));
    }
    let files = (template.files)(&resources)
        .into_iter()
        .map(|(path, bytes)| (path, rename::file(path, &bytes, name)))
        .collect();
    Ok(Plan { folder, files })
}

/// What was asked for; everything that the template has when nothing was.
fn resources<'a>(template: &'a Template, with: &[String]) -> Result<BTreeSet<&'a str>, ScaffoldError> {
    if with.is_empty() {
        return Ok(template.resources.iter().copied().collect());
    }
    let mut chosen = BTreeSet::new();
    for id in with.iter().map(|id| id.trim()).filter(|id| !id.is_empty()) {
        let resource = CATALOGUE
            .resource(id)
            .ok_or_else(|| ScaffoldError::UnknownResource(id.to_owned()))?;
        if resource.maturity == Maturity::Planned {
            return Err(ScaffoldError::PlannedResource(resource.id));
        }
        match template.resources.iter().find(|known| **known == resource.id) {
            Some(known) => drop(chosen.insert(*known)),
            None => {
                return Err(ScaffoldError::NotInTemplate {
                    template: template.name,
                    resource: resource.id,
                });
            }
        }
    }
    Ok(chosen)
}

/// Writes the project into a folder beside the final one, and renames that: it is there whole, or not at all.
///
/// # Errors
/// When something cannot be written. What was written until then is removed.
pub fn write(plan: &Plan) -> Result<(), ScaffoldError> {
    let parent = plan.folder.parent().unwrap_or(Path::new("."));
    let name = plan.folder.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = parent.join(format!(".{name}.slt-new-{}", std::process::id()));
    let written = write_files(&unfinished, plan).and_then(|()| {
        if plan.folder.symlink_metadata().is_ok() {
            return Err(ScaffoldError::Exists(plan.folder.clone()));
        }
        std::fs::rename(&unfinished, &plan.folder).map_err(at(&plan.folder))
    });
    if written.is_err() {
        // The error that is reported is the first one; there may be nothing to remove.
        let _ = std::fs::remove_dir_all(&unfinished);
    }
    written
}

fn write_files(root: &Path, plan: &Plan) -> Result<(), ScaffoldError> {
    // Only `create_dir`: what somebody else put there is not ours to write into, or to remove.
    std::fs::create_dir(root).map_err(at(&plan.folder))?;
    for (path, bytes) in &plan.files {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(at(folder))?;
        }
        std::fs::write(&path, bytes).map_err(at(&path))?;
    }
    Ok(())
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> ScaffoldError {
    let path = path.to_owned();
    move |error| ScaffoldError::Write { path, error }
}
