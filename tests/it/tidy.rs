//! Tidiness is a test: arrows between the rooms, what may be where, licences, and what the documents point at.
//!
//! Each rule is a function from text to problems, and has bad samples on which it must find something. It reads the files
//! as they lie there; it does not judge what the compiler and clippy judge already.

mod arrows;
mod documents;
mod packages;
mod rules;

use std::fmt;
use std::path::{Path, PathBuf};

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    /// From 1; 0 for the file as a whole.
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// A file of the repository.
#[derive(Debug, Clone)]
pub struct File {
    /// From the repository's root, with `/`.
    pub path: String,
    pub text: String,
}

impl File {
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// The lines with their numbers, without what is compiled for tests only: files called `tests.rs`, and what follows
    /// `#[cfg(test)]`, which stands before a file's last item.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let text = if self.path.ends_with("/tests.rs") {
            ""
        } else {
            &self.text
        };
        text.lines()
            .enumerate()
            .map(|(number, line)| (number + 1, line))
            .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
    }

    pub fn problem(&self, line: usize, what: impl Into<String>) -> Problem {
        Problem {
            file: self.path.clone(),
            line,
            what: what.into(),
        }
    }
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below these folders whose names end so; what was built is left out.
pub fn files(folders: &[&str], extensions: &[&str]) -> Vec<File> {
    let mut found = Vec::new();
    for folder in folders {
        let path = root().join(folder);
        match path.is_file() {
            true => found.push(path),
            false => walk(&path, &mut found),
        }
    }
    found.sort();
    let is_meant = |path: &PathBuf| {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        extensions.contains(&&*extension)
    };
    found
        .into_iter()
        .filter(is_meant)
        .map(|path| File {
            text: std::fs::read_to_string(&path).unwrap(),
            path: path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/"),
        })
        .collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().unwrap().is_dir() {
            if name != "target" && !name.starts_with("target-") && name != "dist" && name != ".git" {
                walk(&entry.path(), found);
            }
        } else {
            found.push(entry.path());
        }
    }
}

/// The sources of slt itself.
pub fn slt() -> Vec<File> {
    files(&["src"], &["rs"])
}

/// Every Rust file, tests and templates included.
pub fn all_rust() -> Vec<File> {
    files(&["src", "emulators", "tests", "templates"], &["rs"])
}

/// Fails with every problem, a line each.
#[track_caller]
pub fn none(problems: &[Problem]) {
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "\n{}\n", shown.join("\n"));
}

#[test]
fn the_files_are_found() {
    assert!(slt().iter().any(|file| file.path == "src/main.rs"));
    let all = all_rust();
    for path in ["emulators/src/lib.rs", "tests/it/tidy.rs", "templates/rust/src/lib.rs"] {
        assert!(all.iter().any(|file| file.path == path), "{path}");
    }
    assert!(!all.iter().any(|file| file.path.contains("/target/")));
}
