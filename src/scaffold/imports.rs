//! What a capability needs in the application's WIT world: its imports, and the packages that they name below `wit/deps`.
//!
//! The imports come with the first entry of a capability, and go with its last one. A world that imports something of the capability
//! already is left as it is, unless slight's names are asked for and not there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::carried::{self, Carried};
use super::changes::Change;
use super::refusal::Refusal;
use super::wit;
use crate::catalogue::{Capability, Hosted};
use crate::project::WitFolder;
use crate::slightfile::apply;
use crate::validate::is_hosted;

/// What is to be changed in the `wit` folder.
#[derive(Debug, Default)]
pub struct Imports {
    /// The changes.
    pub changes: Vec<Change>,
    /// What could not be done, or must be known.
    pub notes: Vec<String>,
    /// Comments that go.
    pub comments: Vec<String>,
}

/// Which of a capability's interfaces are to be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Those of today; where the world has any of the capability, it has what it wants.
    Today,
    /// The one with slight's names.
    Compat,
}

/// Puts a capability's imports into the world.
pub fn add(folder: &WitFolder, capability: &Capability, names: Names) -> Result<Imports, Refusal> {
    let mut imports = Imports::default();
    let is_wanted = |hosted: &&Hosted| hosted.compat == (names == Names::Compat);
    let mut enough = capability
        .imports
        .iter()
        .filter(|hosted| names == Names::Today || is_wanted(hosted));
    if enough.any(|hosted| is_imported(folder, hosted)) {
        return Ok(imports);
    }
    let carried = carried::all();
    let mut paths = Vec::new();
    let mut needed: BTreeSet<String> = BTreeSet::new();
    for hosted in capability.imports.iter().filter(is_wanted) {
        let there = folder
            .packages
            .iter()
            .find(|package| package.name == hosted.package && is_hosted(package.version.as_ref(), hosted.versions));
        if let Some(package) = there {
            if let (Some(version), true) = (
                &package.version,
                package.interfaces.iter().any(|i| i == hosted.interface),
            ) {
                paths.push(format!("{}@{version}", path(hosted)));
            }
        } else if let Some(package) = carried.iter().find(|package| package.name == hosted.package) {
            paths.push(format!("{}@{}", path(hosted), package.version));
            needed.insert(package.name.clone());
        }
    }
    if paths.is_empty() {
        if !capability.imports.is_empty() {
            imports.notes.push(no_text(capability));
        }
        return Ok(imports);
    }
    for package in carried::with_dependencies(&needed) {
        imports.changes.extend(package_changes(folder, &package)?);
    }
    match edited(folder, |text| {
        wit::add_imports(text, &folder.world, &paths).map(|edits| apply(text, &edits))
    }) {
        Some(change) => imports.changes.push(change),
        None => imports.notes.push(format!(
            "the text of the world `{}` was not found; write into it: {}",
            folder.world,
            statements(&paths)
        )),
    }
    Ok(imports)
}

/// Takes a capability's imports out of the world, and the packages that nothing names any more.
pub fn remove(folder: &WitFolder, capability: &Capability) -> Imports {
    let mut imports = Imports::default();
    let paths: Vec<String> = capability.imports.iter().map(path).collect();
    let imported: BTreeSet<String> = capability
        .imports
        .iter()
        .filter(|hosted| is_imported(folder, hosted))
        .map(|hosted| hosted.package.to_owned())
        .collect();
    let change = edited(folder, |text| {
        let removal = wit::remove_imports(text, &folder.world, &paths)?;
        imports.comments.clone_from(&removal.comments);
        (!removal.edits.is_empty()).then(|| apply(text, &removal.edits))
    });
    let Some(change) = change else {
        let left = capability.imports.iter().filter(|hosted| is_imported(folder, hosted));
        let left: Vec<_> = left.map(|hosted| format!("`{}`", path(hosted))).collect();
        if !left.is_empty() {
            imports.notes.push(format!(
                "the world `{}` still imports {}: not by a line of its own, so that it was left as it is",
                folder.world,
                left.join(", ")
            ));
        }
        return imports;
    };
    let mut after = folder.clone();
    if let Some(text) = &change.after {
        after.files.insert(change.file.clone(), text.clone());
    }
    imports.changes.push(change);
    imports.changes.extend(unnamed(&after, &imported));
    if capability.family.needs_entry() {
        imports.notes.extend(named_elsewhere(&after, &paths));
    }
    imports
}

/// `wasi:keyvalue/store`
fn path(hosted: &Hosted) -> String {
    format!("{}/{}", hosted.package, hosted.interface)
}

fn statements(paths: &[String]) -> String {
    let lines: Vec<_> = paths.iter().map(|path| format!("import {path};")).collect();
    lines.join(" ")
}

fn is_imported(folder: &WitFolder, hosted: &Hosted) -> bool {
    let mut imports = folder.interfaces.imports.iter();
    imports.any(|import| import.package == hosted.package && import.name == hosted.interface)
}

fn no_text(capability: &Capability) -> String {
    let packages: BTreeSet<_> = capability
        .imports
        .iter()
        .map(|hosted| format!("`{}`", hosted.package))
        .collect();
    let packages: Vec<_> = packages.into_iter().collect();
    format!(
        "slt carries no WIT text of {}: the world was left as it is",
        packages.join(" and ")
    )
}

/// The first file of the `wit` folder itself that an edit changes.
fn edited(folder: &WitFolder, mut edit: impl FnMut(&str) -> Option<String>) -> Option<Change> {
    own_files(folder).find_map(|(file, text)| {
        Some(Change {
            file: file.clone(),
            before: Some(text.clone()),
            after: Some(edit(text)?),
        })
    })
}

/// The files of the project's own package: those in `wit`, and not below it.
fn own_files(folder: &WitFolder) -> impl Iterator<Item = (&PathBuf, &String)> {
    folder
        .files
        .iter()
        .filter(|(file, _)| file.parent() == Some(Path::new("wit")))
}

/// The files of a package that the project lacks.
fn package_changes(folder: &WitFolder, package: &Carried) -> Result<Vec<Change>, Refusal> {
    let is_there = folder.packages.iter().any(|there| {
        let version = there.version.as_ref().map(ToString::to_string);
        there.name == package.name && version.as_deref() == Some(package.version.as_str())
    });
    if is_there {
        return Ok(Vec::new());
    }
    let mut changes = Vec::new();
    for (file, text) in &package.files {
        if folder.files.contains_key(Path::new(file)) {
            return Err(Refusal::FileInTheWay {
                file: (*file).to_owned(),
                package: format!("{}@{}", package.name, package.version),
            });
        }
        changes.push(Change {
            file: PathBuf::from(file),
            before: None,
            after: Some((*text).to_owned()),
        });
    }
    Ok(changes)
}

/// Of the packages that slt carries and that these ones named, those that nothing names any more, and that are as slt carries them.
fn unnamed(folder: &WitFolder, packages: &BTreeSet<String>) -> Vec<Change> {
    let named = reachable(folder);
    let unchanged = |package: &Carried| {
        let mut files = package.files.iter();
        files.all(|(file, text)| folder.files.get(Path::new(file)).is_some_and(|there| there == text))
    };
    carried::with_dependencies(packages)
        .iter()
        .filter(|package| !named.contains(&package.name) && unchanged(package))
        .flat_map(|package| &package.files)
        .map(|(file, text)| Change {
            file: PathBuf::from(file),
            before: Some((*text).to_owned()),
            after: None,
        })
        .collect()
}

/// The packages that the project's own texts name, and those that these name.
fn reachable(folder: &WitFolder) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left: Vec<String> = own_files(folder)
        .flat_map(|(_, text)| wit::named_packages(text))
        .collect();
    while let Some(name) = left.pop() {
        if !found.insert(name.clone()) {
            continue;
        }
        for (file, text) in &folder.files {
            if wit::package(text).is_some_and(|id| id.split('@').next() == Some(&name)) {
                // A package's other files lie in the same folder, and may not say what they belong to.
                let beside =
                    |other: &&PathBuf| other.parent() == file.parent() && file.parent() != Some(Path::new("wit/deps"));
                let files = folder.files.iter().filter(|(other, _)| *other == file || beside(other));
                left.extend(files.flat_map(|(_, text)| wit::named_packages(text)));
            }
        }
    }
    found
}

/// That another world or interface uses the capability too.
fn named_elsewhere(folder: &WitFolder, paths: &[String]) -> Option<String> {
    own_files(folder).find_map(|(file, text)| {
        let named = wit::named_interfaces(text);
        let path = paths.iter().find(|path| named.contains(*path))?;
        Some(format!(
            "`{}` still names `{path}`, in another world or interface: nothing stands behind it now",
            file.display()
        ))
    })
}
