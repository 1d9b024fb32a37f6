//! Why somebody else's template cannot be used. Nothing has been written then.

use std::io;

use super::super::error::quoted;
use super::VALUE_MAX_BYTES;
use super::folder::{ALL_MAX_BYTES, ENTRIES_MAX, FILE_MAX_BYTES};
use super::git::CLONE_MAX;
use super::manifest::{MANIFEST, MANIFEST_MAX_BYTES, Problem};
use crate::support::os;

const MIB: usize = 1 << 20;

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum ForeignError {
    /// Neither a folder nor a git URL.
    #[error("there is no folder `{0}`, and it is no git URL")]
    NoFolder(String),
    /// No git on `PATH`.
    #[error("`git` was not found")]
    NoGit,
    /// Git could not be started.
    #[error("`git` cannot be started: {}", os::reason(.0))]
    Git(io::Error),
    /// Git failed.
    #[error("git cannot clone `{url}`:\n{said}")]
    Clone {
        /// The URL, without a user and a query.
        url: String,
        /// What git said.
        said: String,
    },
    /// The user asked slt to end while git was cloning.
    #[error("interrupted: nothing was written")]
    Interrupted,
    /// Git was stopped; the URL, without a user and a query.
    #[error("git has been cloning `{}` for {} minutes, and was stopped", .0, CLONE_MAX.as_secs() / 60)]
    TooLong(String),
    /// No place to clone into.
    #[error("there is no place for the clone: {}", os::reason(.0))]
    Temporary(io::Error),
    /// A file or folder of the template cannot be read.
    #[error("`{path}` of the template cannot be read: {}", os::reason(error))]
    Unreadable {
        /// Its path in the template.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// A symbolic link.
    #[error("`{0}` of the template is a symbolic link")]
    Link(String),
    /// A socket, a device or the like.
    #[error("`{0}` of the template is neither a file nor a folder")]
    Special(String),
    /// A name that is not text, with its odd characters escaped.
    #[error("`{0}` of the template has a name that is no line of text")]
    NotText(String),
    /// Too many files and folders.
    #[error("the template has more than {ENTRIES_MAX} files and folders")]
    TooMany,
    /// A file that is too large.
    #[error("`{}` of the template has more than {} MiB", .0, FILE_MAX_BYTES / MIB)]
    TooLarge(String),
    /// Too much in all.
    #[error("the template has more than {} MiB", ALL_MAX_BYTES / MIB)]
    TooMuch,
    /// Nothing in it.
    #[error("there are no files in the template")]
    Empty,
    /// The manifest is not right.
    #[error("`{MANIFEST}` is not right:{}", listed(.0))]
    Manifest(Vec<Problem>),
    /// The manifest is larger than one can be.
    #[error("`{MANIFEST}` has more than {MANIFEST_MAX_BYTES} bytes, or is not UTF-8")]
    NoManifest,
    /// A key that is not asked for.
    #[error("the template has no placeholder `{key}`")]
    UnknownKey {
        /// The key.
        key: String,
        /// The one that was most likely meant.
        nearest: Option<String>,
        /// What is asked for.
        keys: Vec<String>,
    },
    /// A value for what is the project's name.
    #[error("`{0}` is the project's name")]
    IsTheName(String),
    /// A value that cannot be had.
    #[error("the value of `{key}` cannot be had: {why}")]
    Value {
        /// The key.
        key: String,
        /// Why not.
        why: String,
    },
    /// Values that are missing, each with what it means.
    #[error("the template needs a value: {}", quoted(.0.iter().map(|(key, _)| key.as_str())))]
    Missing(Vec<(String, Option<String>)>),
    /// A file that would lie outside of the project, or in its `.git`.
    #[error("`{path}` of the template would become `{becomes}`, which is no place in a project")]
    Outside {
        /// Its path in the template.
        path: String,
        /// Its path in the project.
        becomes: String,
    },
    /// Two files of one path.
    #[error("two files of the template would become `{0}`")]
    Twice(String),
}

fn listed(problems: &[Problem]) -> String {
    let lines = problems.iter();
    lines
        .map(|problem| {
            format!(
                "\n  {MANIFEST}:{}:{}: {}",
                problem.line, problem.column, problem.message
            )
        })
        .collect()
}

impl ForeignError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoFolder(_) => {
                "a git URL is like `https://example.com/team/template.git`, `git@example.com:team/template.git` or `file:///srv/template`"
                    .to_owned()
            }
            Self::NoGit => {
                "install git (`apt-get install git`, `brew install git`, https://git-scm.com), or give `--from` a folder"
                    .to_owned()
            }
            Self::Git(_) => "does `git --version` work?".to_owned(),
            Self::Clone { .. } => "does `git clone` of it work? `--branch` takes the name of a branch or a tag".to_owned(),
            Self::Interrupted => "start it again".to_owned(),
            Self::TooLong(_) => "clone it by hand, and give `--from` the folder".to_owned(),
            Self::Temporary(_) => "`TMPDIR` names the folder for temporary files".to_owned(),
            Self::Unreadable { .. } => leave_out("it"),
            Self::Link(_) => "a template has files and folders only; put the file itself there, or leave the link out with `exclude`".to_owned(),
            Self::Special(_) | Self::NotText(_) => leave_out("it"),
            Self::TooMany | Self::TooLarge(_) | Self::TooMuch => leave_out("what was built there"),
            Self::Empty => "is it the right folder?".to_owned(),
            Self::Manifest(_) | Self::NoManifest => {
                "it has `description`, `exclude`, and for each placeholder [placeholders.KEY] with `text`, `help`, `default` or `form`; \
                 docs/templates/README.md says more"
                    .to_owned()
            }
            Self::UnknownKey { nearest: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::UnknownKey { keys, .. } if keys.is_empty() => "it has none that `--set` takes".to_owned(),
            Self::UnknownKey { keys, .. } => format!("`--set` takes: {}", quoted(keys.iter().map(String::as_str))),
            Self::IsTheName(_) => "it is what stands behind `slt new`".to_owned(),
            Self::Value { .. } => format!("a value is one line of at most {VALUE_MAX_BYTES} bytes"),
            Self::Missing(missing) => {
                let each = missing.iter().map(|(key, help)| match help {
                    Some(help) => format!("`--set {key}=…` ({help})"),
                    None => format!("`--set {key}=…`"),
                });
                format!("give it with {}", each.collect::<Vec<_>>().join(" and "))
            }
            Self::Outside { .. } => {
                "a part of a path is a name that every system has: not empty, `.git` or one that Windows keeps, as `NUL`, without a dot or a \
                 space at its end, and without `/`, `\\`, `:`, `*`, `?`, `\"`, `<`, `>` and `|`; choose another value"
                    .to_owned()
            }
            Self::Twice(_) => "choose values that differ".to_owned(),
        }
    }
}

fn leave_out(what: &str) -> String {
    format!("leave {what} out: `exclude = [\"PATH\"]` in `{MANIFEST}`")
}
