//! Templates of somebody else: a folder, or what the user's `git` clones. `docs/templates/README.md` says how one is written.
//!
//! What is in one is not trusted: nothing of it is run, its size is limited, and no file of it gets out of the project or into its
//! `.git`. All of it is read before anything is written.

mod error;
mod fill;
mod folder;
mod git;
mod manifest;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;

pub use error::ForeignError;

use super::rename;
use super::template::Written;
use crate::slightfile::nearest;
use crate::support::os::TemporaryFolder;
use fill::Fill;
use manifest::{Kind, Manifest};

/// The longest value of a placeholder, in bytes: a line of text.
const VALUE_MAX_BYTES: usize = 1024;

/// Where a template comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// A folder, or what `git clone` takes.
    pub from: &'a str,
    /// A branch or a tag; then it is cloned in any case.
    pub branch: Option<&'a str>,
    /// The folder that the user works in.
    pub directory: &'a Path,
    /// The environment of git.
    pub environment: &'a BTreeMap<String, OsString>,
    /// Whether git may ask for a password.
    pub may_ask: bool,
}

/// A template, read to its end.
#[derive(Debug)]
pub struct Template {
    manifest: Manifest,
    files: Vec<Written>,
}

/// What a template asks of who uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What `--set` calls it.
    pub key: String,
    /// What it means.
    pub help: Option<String>,
    /// What it is when nobody says anything.
    pub default: Option<String>,
}

/// Reads a template. What git has cloned is removed again.
///
/// # Errors
/// When it is not there, cannot be cloned, or is not what a template may be.
pub fn read(origin: &Origin<'_>) -> Result<Template, ForeignError> {
    let folder = origin.directory.join(origin.from);
    if folder.is_dir() && origin.branch.is_none() && !origin.from.trim_end_matches('/').ends_with(".git") {
        return read_folder(&folder);
    }
    if !folder.is_dir() && !git::is_url(origin.from) {
        return Err(ForeignError::NoFolder(origin.from.to_owned()));
    }
    let temporary = TemporaryFolder::new(origin.environment).map_err(ForeignError::Temporary)?;
    let clone = temporary.path().join("template");
    git::clone(origin, &clone)?;
    read_folder(&clone)
}

fn read_folder(root: &Path) -> Result<Template, ForeignError> {
    let manifest = match folder::manifest(root)? {
        Some(text) => Manifest::parse(&text).map_err(ForeignError::Manifest)?,
        None => Manifest::default(),
    };
    let files = folder::read(root, &manifest.exclude)?;
    match files.is_empty() {
        true => Err(ForeignError::Empty),
        false => Ok(Template { manifest, files }),
    }
}

impl Template {
    /// What it is, if it says so.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.manifest.description.as_deref()
    }

    /// What it asks, in the order in which it is written.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        let placeholders = self.manifest.placeholders.iter();
        placeholders
            .filter_map(|placeholder| match &placeholder.kind {
                Kind::Name(_) => None,
                Kind::Value { default } => Some(Question {
                    key: placeholder.key.clone(),
                    help: placeholder.help.clone(),
                    default: default.clone(),
                }),
            })
            .collect()
    }

    /// Whether values can be had so: each belongs to a question, and can stand in a text.
    ///
    /// # Errors
    /// When one cannot.
    pub fn check(&self, values: &BTreeMap<String, String>) -> Result<(), ForeignError> {
        let questions = self.questions();
        for (key, value) in values {
            if !questions.iter().any(|question| question.key == *key) {
                return Err(self.unknown(key, &questions));
            }
            let why = match value {
                _ if value.len() > VALUE_MAX_BYTES => format!("it has more than {VALUE_MAX_BYTES} bytes"),
                _ if value.chars().any(char::is_control) => "it is more than a line of text".to_owned(),
                _ => continue,
            };
            return Err(ForeignError::Value { key: key.clone(), why });
        }
        Ok(())
    }

    fn unknown(&self, key: &str, questions: &[Question]) -> ForeignError {
        if self.manifest.placeholders.iter().any(|one| one.key == key) {
            return ForeignError::IsTheName(key.to_owned());
        }
        let keys: Vec<String> = questions.iter().map(|question| question.key.clone()).collect();
        ForeignError::UnknownKey {
            key: key.to_owned(),
            nearest: nearest(key, keys.iter().map(String::as_str)).map(ToOwned::to_owned),
            keys,
        }
    }

    /// The files of a project of this name, with these values.
    ///
    /// # Errors
    /// When a value is missing or unknown, or a file would lie where it must not.
    pub fn project(&self, name: &str, values: &BTreeMap<String, String>) -> Result<Vec<Written>, ForeignError> {
        self.check(values)?;
        let fill = self.fill(name, values)?;
        let mut files = Vec::new();
        let mut left = folder::ALL_MAX_BYTES;
        for file in &self.files {
            let path = fill.path(&file.path)?;
            let mut bytes = fill.bytes(&file.path, &file.bytes, left)?;
            left = left.saturating_sub(bytes.len());
            if let (true, Ok(text)) = (path == "Cargo.lock", std::str::from_utf8(&bytes)) {
                bytes = rename::sorted_lock(text).into_bytes();
            }
            files.push(Written { path, bytes, ..*file });
        }
        apart(&files)?;
        Ok(files)
    }

    fn fill(&self, name: &str, values: &BTreeMap<String, String>) -> Result<Fill, ForeignError> {
        let (mut fill, mut missing) = (Fill::default(), Vec::new());
        for placeholder in &self.manifest.placeholders {
            let value = match &placeholder.kind {
                Kind::Name(form) => Some(form.of(name)),
                Kind::Value { default } => values.get(&placeholder.key).or(default.as_ref()).cloned(),
            };
            match value {
                Some(value) => fill.put(&placeholder.text, value),
                None => missing.push((placeholder.key.clone(), placeholder.help.clone())),
            }
        }
        match missing.is_empty() {
            true => Ok(fill),
            false => Err(ForeignError::Missing(missing)),
        }
    }
}

/// That no two files have one path, and that none has a file for a folder.
fn apart(files: &[Written]) -> Result<(), ForeignError> {
    let mut paths = BTreeSet::new();
    for file in files {
        if !paths.insert(file.path.as_str()) {
            return Err(ForeignError::Twice(file.path.clone()));
        }
    }
    let folders = files.iter().flat_map(|file| {
        let ends = file.path.match_indices('/').map(|(at, _)| at);
        ends.filter_map(|at| file.path.get(..at))
    });
    match folders.into_iter().find(|folder| paths.contains(folder)) {
        Some(folder) => Err(ForeignError::Twice(folder.to_owned())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(manifest: &str, files: &[(&str, &[u8])]) -> Template {
        let files = files.iter().map(|(path, bytes)| Written {
            path: (*path).to_owned(),
            bytes: bytes.to_vec(),
            is_executable: false,
        });
        Template {
            manifest: Manifest::parse(manifest).unwrap(),
            files: files.collect(),
        }
    }

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        pairs.collect()
    }

    #[test]
    fn filled() {
        let template = template(
            "[placeholders.crate]\ntext = \"my_app\"\nform = \"rust\"\n[placeholders.world]\ntext = \"my-app\"\nform = \"wit\"\n\
             [placeholders.topic]\ndefault = \"orders\"\n[placeholders.host]\n",
            &[
                ("src/my_app.rs", b"use my_app::x; // my-app {{topic}} {{host}}"),
                ("bin", b"my_app\0"),
                ("odd", b"my_app\xff"),
            ],
        );
        let files = template.project("a_b-c", &values(&[("host", "{{topic}}")])).unwrap();
        let texts: Vec<_> = files
            .iter()
            .map(|file| (file.path.as_str(), String::from_utf8_lossy(&file.bytes).into_owned()))
            .collect();
        assert_eq!(
            texts,
            [
                ("src/a_b_c.rs", "use a_b_c::x; // a-b-c orders {{topic}}".to_owned()),
                ("bin", "my_app\0".to_owned()),
                ("odd", "my_app\u{fffd}".to_owned()),
            ]
        );
        let missing = template.project("a", &values(&[("topic", "x")])).unwrap_err();
        assert_eq!(missing.to_string(), "the template needs a value: `host`");
    }

    #[test]
    fn where_files_must_not_lie() {
        for (path, value, is_right) in [
            ("src/{{x}}.c", "a", true),
            ("src/{{x}}.c", "a b", true),
            ("{{x}}", "", false),
            ("{{x}}", "..", false),
            ("{{x}}", ".", false),
            ("a/{{x}}/b", ".. ", false),
            ("{{x}}", "a/b", false),
            ("{{x}}", "/etc/passwd", false),
            ("{{x}}", "a\\b", false),
            ("{{x}}", "C:", false),
            ("{{x}}/hooks/post-checkout", ".git", false),
            ("{{x}}/config", ".GIT.", false),
            ("{{x}}/config", ".g\u{200c}it", false),
            ("{{x}}/config", "git~1", false),
            ("{{x}}", ".gitignore", true),
        ] {
            let template = template("[placeholders.x]\n", &[(path, b"")]);
            let files = template.project("name", &values(&[("x", value)]));
            assert_eq!(files.is_ok(), is_right, "{path} with {value:?}");
        }
    }

    #[test]
    fn two_files_of_one_path() {
        let manifest = "[placeholders.x]\ndefault = \"a\"\n";
        for paths in [["{{x}}", "a"], ["{{x}}", "a/b"], ["a/b/c", "a/{{x}}"]] {
            let template = template(manifest, &[(paths[0], b""), (paths[1], b"")]);
            let x = if paths[0] == "a/b/c" { "b" } else { "a" };
            let error = template.project("name", &values(&[("x", x)])).unwrap_err();
            assert!(matches!(error, ForeignError::Twice(_)), "{error}");
        }
    }

    #[test]
    fn what_grows_without_a_limit_is_refused() {
        let long = "a".repeat(VALUE_MAX_BYTES);
        let text = "x".repeat(folder::FILE_MAX_BYTES / VALUE_MAX_BYTES + 1);
        let template = template("[placeholders.x]\ntext = \"x\"\n", &[("f", text.as_bytes())]);
        let error = template.project("name", &values(&[("x", &long)])).unwrap_err();
        assert!(matches!(error, ForeignError::TooLarge(_)), "{error}");
        let short = template.project("name", &values(&[("x", "aa")])).unwrap();
        assert_eq!(short[0].bytes.len(), text.len() * 2);
    }
}
