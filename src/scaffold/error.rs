//! Why no project was written, and why changes of one were not made.

use std::path::PathBuf;

use super::foreign::ForeignError;
use super::name::{self, NameError};
use super::refusal::Refusal;
use super::template::TEMPLATES;
use crate::catalogue::{CATALOGUE, Maturity};
use crate::project::SLIGHTFILE;

/// Why no project was written. Nothing was left behind then.
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
    /// A template of somebody else cannot be used.
    #[error(transparent)]
    Foreign(#[from] ForeignError),
    /// There is no slightfile to add a resource to.
    #[error("the template has no `{SLIGHTFILE}`, and `--with` adds to that")]
    NoSlightfile,
    /// The template's slightfile or its WIT text is not right.
    #[error("`--with` cannot add to what the template has: {0}")]
    NotRight(String),
    /// A resource cannot be added to the template.
    #[error("`{resource}` cannot be added to the template: {refusal}")]
    NotAdded {
        /// The resource.
        resource: &'static str,
        /// Why not.
        refusal: Refusal,
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
                let names = TEMPLATES.iter().map(|template| template.name);
                format!(
                    "the templates are: {}; `--from` takes one of your own, from a folder or a git URL",
                    quoted(names)
                )
            }
            Self::UnknownResource(_) | Self::PlannedResource(_) => {
                let ready = CATALOGUE.resources.iter();
                let ready = ready.filter(|resource| resource.maturity == Maturity::Ready);
                format!("`--with` takes: {}", quoted(ready.map(|resource| resource.id)))
            }
            Self::Foreign(error) => error.hint(),
            Self::NoSlightfile | Self::NotRight(_) => {
                "leave `--with` out, and use `slt add` in the project when it has been mended".to_owned()
            }
            Self::NotAdded { .. } => "leave it out of `--with`".to_owned(),
            Self::Write { .. } => {
                "nothing was left behind; choose a folder that you may write to with `-C DIR`".to_owned()
            }
        }
    }
}

/// Words in backticks, with commas.
pub(super) fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.into_iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}
