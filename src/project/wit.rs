//! The `wit` folder as somebody needs it who is going to edit it: the texts, the application's world, the packages that are there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use semver::Version;
use wit_parser::{PackageId, Resolve};

use super::world::{chosen, resolve};
use super::{Project, named};
use crate::slightfile::Slightfile;
use crate::validate::{Diagnostic, World, explain};

/// How deep folders may lie in each other below `wit`; `wit/deps/PACKAGE` is 2.
const DEPTH_MAX: usize = 8;

/// A `wit` folder.
#[derive(Debug, Clone, Default)]
pub struct WitFolder {
    /// The `.wit` files in it and below it, by their path from the project's folder: `wit/world.wit`.
    pub files: BTreeMap<PathBuf, String>,
    /// The name of the application's world.
    pub world: String,
    /// What that world imports and exports.
    pub interfaces: World,
    /// The packages that are there.
    pub packages: Vec<WitPackage>,
}

/// A package of a `wit` folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitPackage {
    /// `wasi:keyvalue`
    pub name: String,
    /// Its version.
    pub version: Option<Version>,
    /// Its interfaces.
    pub interfaces: Vec<String>,
}

/// Reads a project's `wit` folder; nothing when there is none. `directory` is where the user works.
///
/// # Errors
/// When it cannot be read, or when it is not clear which world is the application's.
pub fn wit_folder(
    project: &Project,
    slightfile: &Slightfile,
    directory: &Path,
) -> Result<Option<WitFolder>, Box<Diagnostic>> {
    let folder = project.wit_path();
    if !folder.is_dir() {
        return Ok(None);
    }
    let (resolve, package) = resolve(&folder, directory)?;
    let name = chosen(&resolve, package, &project.name(slightfile)).or_else(|| only_world(&resolve, package));
    let interfaces = World::from_package(&resolve, package, name.as_deref())
        .map_err(|error| explain(&named(&folder, directory), &error))?;
    let mut files = BTreeMap::new();
    texts(&folder, Path::new("wit"), 0, &mut files);
    Ok(Some(WitFolder {
        files,
        world: name.unwrap_or_default(),
        interfaces,
        packages: resolve.packages.iter().map(|(_, package)| described(package)).collect(),
    }))
}

fn only_world(resolve: &Resolve, package: PackageId) -> Option<String> {
    let worlds = &resolve.packages.get(package)?.worlds;
    worlds.keys().next().filter(|_| worlds.len() == 1).cloned()
}

fn described(package: &wit_parser::Package) -> WitPackage {
    WitPackage {
        name: format!("{}:{}", package.name.namespace, package.name.name),
        version: package.name.version.clone(),
        interfaces: package.interfaces.keys().cloned().collect(),
    }
}

/// What cannot be read as text is left out: the WIT parser has read what counts.
fn texts(folder: &Path, called: &Path, depth: usize, files: &mut BTreeMap<PathBuf, String>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let (path, called) = (entry.path(), called.join(entry.file_name()));
        if path.is_dir() && depth < DEPTH_MAX {
            texts(&path, &called, depth + 1, files);
        } else if path.extension().is_some_and(|extension| extension == "wit")
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            files.insert(called, text);
        }
    }
}
