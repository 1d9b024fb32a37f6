//! Finding and loading what is on disk: the slightfile, the package's name, the component or the `wit` folder.
//!
//! It runs no tool and reads no environment; whoever calls says in which folder to look.

mod cache;
mod cargo_config;
mod declared;
mod shared;
mod sources;
mod wit;
mod world;

use std::borrow::Borrow;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

pub use cache::Cache;
pub use cargo_config::{Unread, WASM_TARGET, unread_cargo_configs};
pub use declared::{Declared, Place, declared};
pub use shared::without_secrets;
pub use sources::{manifest, package, rust_names};
pub use wit::{WitFolder, WitPackage, wit_folder};
pub use world::{Against, Compared, InsteadOf, Worlds, compare, compare_wit, component, worlds};

use crate::catalogue::{CATALOGUE, Maturity};
use crate::slightfile::{self, Diagnostic, SLIGHTFILE_MAX_BYTES, Slightfile};
use crate::validate::{Artifact, validate};

/// The file that makes a folder a project.
pub const SLIGHTFILE: &str = "slightfile.toml";

/// The folder of a project's WIT text, in the folder of the slightfile.
pub const WIT: &str = "wit";

/// A project on disk.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder of the slightfile.
    pub root: PathBuf,
    /// The slightfile.
    pub slightfile_path: PathBuf,
    /// How the slightfile is called in messages: its path from the folder that the user works in.
    pub slightfile_name: String,
    /// The slightfile's text.
    pub slightfile_text: String,
    /// The name in `Cargo.toml`, if there is one.
    pub package_name: Option<String>,
}

/// Why there is no project.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// No slightfile in the folder, nor above it.
    #[error("there is no `{SLIGHTFILE}` in `{}`, nor in a folder above it", .0.display())]
    NotFound(PathBuf),
    /// The slightfile that was named is not there.
    #[error("there is no slightfile `{}`", .0.display())]
    NoSuchFile(PathBuf),
    /// It cannot be read.
    #[error("`{}` cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It is larger than a slightfile can be.
    #[error("`{}` has {bytes} bytes, and a slightfile may have {SLIGHTFILE_MAX_BYTES}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// It is no text.
    #[error("`{}` is not UTF-8 text", .0.display())]
    NotText(PathBuf),
}

impl ProjectError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "`slt new NAME` writes a project; `-C DIR` looks elsewhere, `-c FILE` names the file",
            Self::NoSuchFile(_) => "`-c` takes the path of a slightfile, from the folder that slt works in",
            Self::Unreadable { .. } => "a slightfile is a file that you may read",
            Self::TooLarge { .. } => "is this the right file?",
            Self::NotText(_) => "save it as UTF-8",
        }
    }
}

/// Finds the slightfile (`config`, or the nearest one in `directory` or above it) and reads it.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn load(directory: &Path, config: Option<&Path>) -> Result<Project, ProjectError> {
    let path = match config {
        Some(config) => {
            let path = directory.join(config);
            match path.is_dir() {
                true => path.join(SLIGHTFILE),
                false => path,
            }
        }
        None => find(directory).ok_or_else(|| ProjectError::NotFound(directory.to_owned()))?,
    };
    let text = read(&path, directory)?;
    let root = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => directory.to_owned(),
    };
    Ok(Project {
        slightfile_name: named(&path, directory),
        slightfile_text: text,
        package_name: sources::package_name(&root),
        slightfile_path: path,
        root,
    })
}

fn find(directory: &Path) -> Option<PathBuf> {
    // what is above `app/..` is not `app`
    let is_plain = directory.components().all(|part| part != Component::ParentDir);
    let real = if is_plain { None } else { directory.canonicalize().ok() };
    real.as_deref()
        .unwrap_or(directory)
        .ancestors()
        .map(|folder| folder.join(SLIGHTFILE))
        .find(|candidate| candidate.is_file())
}

fn read(path: &Path, directory: &Path) -> Result<String, ProjectError> {
    let shown = || PathBuf::from(named(path, directory));
    let unreadable = |error| ProjectError::Unreadable { path: shown(), error };
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(ProjectError::NoSuchFile(shown()));
        }
        Err(error) => return Err(unreadable(error)),
    };
    if metadata.len() > SLIGHTFILE_MAX_BYTES as u64 {
        return Err(ProjectError::TooLarge {
            path: shown(),
            bytes: metadata.len(),
        });
    }
    // what is no file has no size beforehand
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(SLIGHTFILE_MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if read > SLIGHTFILE_MAX_BYTES {
        return Err(ProjectError::TooLarge {
            path: shown(),
            bytes: read as u64,
        });
    }
    String::from_utf8(bytes).map_err(|_| ProjectError::NotText(shown()))
}

/// A path as the user would write it: from the folder that they work in, if it lies there.
#[must_use]
pub fn named(path: &Path, directory: &Path) -> String {
    path.strip_prefix(directory).unwrap_or(path).display().to_string()
}

impl Project {
    /// The application's name: the slightfile's, the package's, or the folder's.
    #[must_use]
    pub fn name(&self, slightfile: &Slightfile) -> String {
        let given = slightfile.app.name.as_ref().map(|name| name.value.clone());
        given
            .or_else(|| self.package_name.clone())
            .unwrap_or_else(|| self.folder_name())
    }

    /// Where the component lies: `[app] component`, or `dist/NAME.wasm`. `slt build` takes the package's name for it; what
    /// has no package, or a command of its own, has the name of the application.
    #[must_use]
    pub fn component_path(&self, slightfile: &Slightfile) -> PathBuf {
        if let Some(component) = &slightfile.app.component {
            return self.root.join(&component.value);
        }
        let package = self.package_name.clone().filter(|_| slightfile.app.build.is_none());
        let name = package.unwrap_or_else(|| self.name(slightfile));
        self.root.join("dist").join(format!("{name}.wasm"))
    }

    fn folder_name(&self) -> String {
        let folder = self.root.file_name().map(|name| name.to_string_lossy().into_owned());
        folder.unwrap_or_else(|| "app".to_owned())
    }

    /// The folder of the project's WIT text.
    #[must_use]
    pub fn wit_path(&self) -> PathBuf {
        self.root.join(WIT)
    }
}

/// The slightfile of a project that is to run or to be built: everything that can be known without a component is
/// checked. Warnings and notes are handed back beside it.
///
/// # Errors
/// All problems, when one of them is an error.
pub fn checked_slightfile(project: &Project) -> Result<(Slightfile, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (slightfile, mut diagnostics) = slightfile::parse(&project.slightfile_name, &project.slightfile_text);
    if let Some(slightfile) = &slightfile {
        diagnostics.extend(validate(slightfile, None, &CATALOGUE, Artifact::App));
        slightfile::sort(&mut diagnostics);
    }
    match slightfile {
        Some(slightfile) if !diagnostics.iter().any(Diagnostic::is_error) => Ok((slightfile, diagnostics)),
        _ => Err(diagnostics),
    }
}

/// Checks a slightfile by itself, beside the catalogue, and beside what `compare` finds for it: every problem, in the order of the
/// file. What `slt check` and an editor show is this.
pub fn check<C: Borrow<Compared>>(
    project: &Project,
    compare: impl FnOnce(Option<&Slightfile>) -> C,
) -> (C, Vec<Diagnostic>) {
    let (slightfile, mut diagnostics) = slightfile::parse(&project.slightfile_name, &project.slightfile_text);
    let found = compare(slightfile.as_ref());
    let compared: &Compared = found.borrow();
    if let Some(slightfile) = &slightfile {
        diagnostics.extend(validate(slightfile, compared.world.as_ref(), &CATALOGUE, Artifact::App));
    }
    // That there is nothing to compare with is no news beside errors.
    let errors = diagnostics.iter().any(Diagnostic::is_error);
    let problem = compared.problem.clone();
    diagnostics.extend(problem.filter(|problem| problem.is_error() || !errors));
    slightfile::sort(&mut diagnostics);
    (found, diagnostics)
}

/// The resources of a slightfile that no provider is built for yet. What has one cannot run, unless they are optional.
#[must_use]
pub fn planned(slightfile: &Slightfile) -> Vec<&'static str> {
    slightfile
        .capabilities
        .iter()
        .filter(|entry| !entry.optional)
        .filter_map(|entry| CATALOGUE.resource(&entry.resource.value))
        .filter(|resource| resource.maturity == Maturity::Planned)
        .map(|resource| resource.id)
        .collect()
}
