//! `slt new`: what is to be written, and writing it.
//!
//! A template of slt's own has variants for the resources that its code uses. Every other resource is added to what was written as
//! `slt add` adds it, before the project is put in its place.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::add::{Sources, Wanted, add};
use super::changes::{Change, make};
use super::error::ScaffoldError;
use super::template::{Template, Written};
use super::{foreign, name};
use crate::catalogue::{CATALOGUE, Family, Maturity};
use crate::project::{self, Project, SLIGHTFILE};
use crate::slightfile::{self, Diagnostic, Slightfile, SpecVersion};
use crate::support::os;

/// What a new project grants that may call others: without a host, `slt check` would have something to say.
const HOSTS: &str = "\n
# The hosts that may be called over HTTP: put yours here.
[outbound]
hosts = [\"https://api.example.com\"]
";

const HOSTS_NOTE: &str =
    "put the hosts that may be called into `[outbound]` of `slightfile.toml`, where an example stands";

/// What to write, and where.
#[derive(Debug)]
pub struct Plan {
    /// The project's folder.
    pub folder: PathBuf,
    /// Whether cargo builds it.
    pub is_cargo: bool,
    files: Vec<Written>,
    /// The resources that are added to these files.
    added: Vec<&'static str>,
}

impl Plan {
    /// Whether the project has a slightfile, without which no command of slt's works in it.
    #[must_use]
    pub fn has_slightfile(&self) -> bool {
        self.files.iter().any(|file| file.path == "slightfile.toml")
    }
}

/// Decides what to write of a template of slt's own. Nothing is touched.
///
/// # Errors
/// When the name, the template or a resource is not possible, or the folder exists.
pub fn plan(directory: &Path, name: &str, template: &str, with: &[String]) -> Result<Plan, ScaffoldError> {
    let template = Template::named(template).ok_or_else(|| ScaffoldError::UnknownTemplate(template.to_owned()))?;
    let wanted = resources(with)?;
    let is_own = |resource: &&str| template.resources.contains(resource);
    let own: BTreeSet<&str> = match wanted.is_empty() {
        true => template.resources.iter().copied().collect(),
        false => wanted.iter().copied().filter(is_own).collect(),
    };
    let added = wanted.iter().copied().filter(|resource| !is_own(resource)).collect();
    placed(directory, name, template.project(name, &own), added)
}

/// Decides what to write of somebody else's template, with these values for what it asks. Nothing is touched.
///
/// # Errors
/// As [`plan`]; also when a value is missing or cannot be used, or a file would lie outside of the project.
pub fn plan_foreign(
    directory: &Path,
    name: &str,
    template: &foreign::Template,
    values: &BTreeMap<String, String>,
    with: &[String],
) -> Result<Plan, ScaffoldError> {
    let files = template.project(name, values)?;
    let added = resources(with)?;
    if !added.is_empty() && !files.iter().any(|file| file.path == SLIGHTFILE) {
        return Err(ScaffoldError::NoSlightfile);
    }
    placed(directory, name, files, added)
}

fn placed(directory: &Path, name: &str, files: Vec<Written>, added: Vec<&'static str>) -> Result<Plan, ScaffoldError> {
    let is_cargo = files.iter().any(|file| file.path == "Cargo.toml");
    let crates = is_cargo.then(|| crates(&files));
    name::check(name, crates.as_ref()).map_err(|error| ScaffoldError::Name {
        name: name.to_owned(),
        error,
    })?;
    if !directory.is_dir() {
        return Err(ScaffoldError::NoFolder(directory.to_owned()));
    }
    let folder = directory.join(name);
    if folder.symlink_metadata().is_ok() {
        return Err(ScaffoldError::Exists(folder));
    }
    Ok(Plan {
        folder,
        is_cargo,
        files,
        added,
    })
}

/// What was asked for, each once.
fn resources(with: &[String]) -> Result<Vec<&'static str>, ScaffoldError> {
    let mut chosen = Vec::new();
    for id in with.iter().map(|id| id.trim()).filter(|id| !id.is_empty()) {
        let resource = CATALOGUE
            .resource(id)
            .ok_or_else(|| ScaffoldError::UnknownResource(id.to_owned()))?;
        if resource.maturity == Maturity::Planned {
            return Err(ScaffoldError::PlannedResource(resource.id));
        }
        if !chosen.contains(&resource.id) {
            chosen.push(resource.id);
        }
    }
    Ok(chosen)
}

/// The crates that a project depends on: those of its lock file that are fetched.
fn crates(files: &[Written]) -> BTreeSet<String> {
    let lock = files.iter().find(|file| file.path == "Cargo.lock");
    let text = lock.map(|lock| String::from_utf8_lossy(&lock.bytes));
    let packages = text.as_deref().unwrap_or_default().split("[[package]]").skip(1);
    packages
        .filter(|package| package.lines().any(|line| line.starts_with("source = ")))
        .filter_map(|package| {
            let name = package.lines().find_map(|line| line.strip_prefix("name = \""))?;
            Some(name.strip_suffix('"')?.to_owned())
        })
        .collect()
}

/// Writes the project into a folder beside the final one, and renames that: it is there whole, or not at all. Answers what should be
/// known of the resources that were added.
///
/// # Errors
/// When something cannot be written or added. What was written until then is removed.
pub fn write(plan: &Plan) -> Result<Vec<String>, ScaffoldError> {
    let parent = plan.folder.parent().unwrap_or(Path::new("."));
    let name = plan.folder.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = parent.join(format!(".{name}.slt-new-{}", std::process::id()));
    // Only `create_dir`: what somebody else put there is not ours to write into, or to remove.
    std::fs::create_dir(&unfinished).map_err(at(&plan.folder))?;
    let written = finish(&unfinished, plan);
    if written.is_err() {
        // The error that is reported is the first one; there may be nothing to remove.
        let _ = std::fs::remove_dir_all(&unfinished);
    }
    written
}

fn finish(unfinished: &Path, plan: &Plan) -> Result<Vec<String>, ScaffoldError> {
    for file in &plan.files {
        write_file(unfinished, file)?;
    }
    let mut notes = Vec::new();
    for resource in &plan.added {
        notes.extend(added(unfinished, resource)?);
    }
    if plan.folder.symlink_metadata().is_ok() {
        return Err(ScaffoldError::Exists(plan.folder.clone()));
    }
    std::fs::rename(unfinished, &plan.folder).map_err(at(&plan.folder))?;
    Ok(notes)
}

fn write_file(root: &Path, file: &Written) -> Result<(), ScaffoldError> {
    let path = root.join(&file.path);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(at(folder))?;
    }
    // A file system may take two names for one.
    let mut new = std::fs::File::create_new(&path).map_err(at(&path))?;
    new.write_all(&file.bytes).map_err(at(&path))?;
    match file.is_executable {
        true => os::make_executable(&new).map_err(at(&path)),
        false => Ok(()),
    }
}

/// Adds a resource to the project in a folder, as `slt add` does.
fn added(root: &Path, resource: &'static str) -> Result<Vec<String>, ScaffoldError> {
    let (mut project, mut slightfile) = loaded(root)?;
    let mut notes = Vec::new();
    let family = CATALOGUE.resource(resource).map(|resource| resource.family);
    if family == Some(Family::HttpClient) && may_grant(&slightfile) {
        let before = project.slightfile_text;
        let after = Some(format!("{}{HOSTS}", before.trim_end_matches('\n')));
        make(
            root,
            &[Change {
                file: PathBuf::from(SLIGHTFILE),
                before: Some(before),
                after,
            }],
        )?;
        notes.push(HOSTS_NOTE.to_owned());
        (project, slightfile) = loaded(root)?;
    }
    let wit = project::wit_folder(&project, &slightfile, root)
        .map_err(|problem| ScaffoldError::NotRight(problem.message.clone()))?;
    let manifest = project::manifest(root);
    let sources = Sources {
        file: PathBuf::from(SLIGHTFILE),
        text: &project.slightfile_text,
        slightfile: &slightfile,
        wit: wit.as_ref(),
        manifest: manifest.as_deref(),
        uses_bindgen: false,
        rust: &[],
    };
    let wanted = Wanted {
        resource,
        name: None,
        compat: false,
    };
    let added = add(&sources, wanted).map_err(|refusal| ScaffoldError::NotAdded { resource, refusal })?;
    make(root, &added.changes)?;
    notes.extend(added.notes);
    Ok(notes)
}

/// Whether a slightfile can grant hosts, and grants none yet.
fn may_grant(slightfile: &Slightfile) -> bool {
    slightfile.specversion.value == SpecVersion::V1_0 && slightfile.outbound.is_empty()
}

/// The project in a folder, whose slightfile has no errors.
fn loaded(root: &Path) -> Result<(Project, Slightfile), ScaffoldError> {
    let file = root.join(SLIGHTFILE);
    let project = project::load(root, Some(&file)).map_err(|error| ScaffoldError::NotRight(error.to_string()))?;
    let (slightfile, problems) = slightfile::parse(SLIGHTFILE, &project.slightfile_text);
    let error = problems.into_iter().find(Diagnostic::is_error);
    match (slightfile, error) {
        (Some(slightfile), None) => Ok((project, slightfile)),
        (_, error) => {
            let message = error.map(|error| error.message).unwrap_or_default();
            Err(ScaffoldError::NotRight(format!("`{SLIGHTFILE}`: {message}")))
        }
    }
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> ScaffoldError {
    let path = path.to_owned();
    move |error| ScaffoldError::Write { path, error }
}
