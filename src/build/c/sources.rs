//! Which files a C project consists of.

use std::io;
use std::path::{Path, PathBuf};

use super::super::BuildError;
use super::super::dist::file;

/// The folder of the application's sources.
pub(super) const APP: &str = "src";

/// The file with the application's `main`, which test programs have one of their own for.
const MAIN: &str = "main.c";

/// How many files one folder may have.
const FILES_MAX: usize = 2_000;

/// The C files of a project, each list in the order of its names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sources {
    /// `src/*.c`
    pub app: Vec<PathBuf>,
    /// `tests/*.c`
    pub tests: Vec<PathBuf>,
    /// `tests/support/*.c`
    pub support: Vec<PathBuf>,
    /// What lies beside them and is C++, which is not compiled.
    pub foreign: Vec<PathBuf>,
}

impl Sources {
    /// Finds them.
    pub fn find(root: &Path) -> Result<Self, BuildError> {
        let within = |folder: &str, extensions: &[&str]| {
            let folder = root.join(folder);
            with_extension(&folder, extensions).map_err(file("read", &folder))
        };
        let [app, tests, support] = [APP, "tests", "tests/support"];
        Ok(Self {
            app: within(app, C)?,
            tests: within(tests, C)?,
            support: within(support, C)?,
            foreign: [within(app, CXX)?, within(tests, CXX)?, within(support, CXX)?].concat(),
        })
    }

    /// The application without its `main`.
    pub fn library(&self) -> impl Iterator<Item = &PathBuf> {
        self.app
            .iter()
            .filter(|source| source.file_name().is_none_or(|name| name != MAIN))
    }

    /// Whether there is a file for the application's `main`.
    pub fn has_main(&self) -> bool {
        self.app.len() != self.library().count()
    }

    /// The C files directly in a folder; none where there is no folder.
    pub fn in_folder(folder: &Path) -> io::Result<Vec<PathBuf>> {
        with_extension(folder, C)
    }
}

/// How the names of sources in C end.
const C: &[&str] = &["c"];
/// And of those in C++.
const CXX: &[&str] = &["cc", "cpp", "cxx"];

fn with_extension(folder: &Path, extensions: &[&str]) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extensions.iter().any(|known| extension == *known))
            && path.is_file()
        {
            found.push(path);
        }
        if found.len() > FILES_MAX {
            return Err(io::Error::other(format!("it has more than {FILES_MAX} sources")));
        }
    }
    found.sort();
    Ok(found)
}

/// A source in `src/` that nothing compiles: one that lies deeper, or is in C++.
pub(super) fn left_out(root: &Path) -> Option<String> {
    let mut left = vec![root.join(APP)];
    let mut seen = 0;
    while let Some(folder) = left.pop() {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(&folder)
            .ok()?
            .flatten()
            .map(|entry| entry.path())
            .collect();
        entries.sort();
        for path in entries {
            seen += 1;
            if seen > FILES_MAX {
                return None;
            }
            let extension = path.extension().unwrap_or_default();
            let is_deep = path.parent() != Some(&root.join(APP)) && extension == "c";
            if is_deep || CXX.iter().any(|known| extension == *known) {
                return Some(super::objects::shown(root, &path));
            }
            if path.is_dir() {
                left.push(path);
            }
        }
    }
    None
}

/// A file's name without its extension.
pub(super) fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in [
            "src/main.c",
            "src/a.c",
            "src/a.h",
            "src/deep/b.c",
            "tests/t.c",
            "tests/support/s.c",
            "tests/u.cpp",
        ] {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), "").unwrap();
        }
        let sources = Sources::find(root).unwrap();
        assert_eq!(sources.app, [root.join("src/a.c"), root.join("src/main.c")]);
        assert_eq!(sources.library().collect::<Vec<_>>(), [&root.join("src/a.c")]);
        assert_eq!(sources.tests, [root.join("tests/t.c")]);
        assert_eq!(sources.support, [root.join("tests/support/s.c")]);
        assert_eq!(sources.foreign, [root.join("tests/u.cpp")]);
        assert_eq!(left_out(root).unwrap(), "src/deep/b.c");
        assert_eq!(Sources::find(&root.join("none")).unwrap(), Sources::default());
    }
}
