//! What cargo's files and folders say: the package's name, and when the sources were last changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How many files are looked at to find the newest; a project of ours has 20.
const FILES_MAX: usize = 20_000;

/// The largest `Cargo.toml` that is read, in bytes.
const MANIFEST_MAX_BYTES: u64 = 1 << 20;

/// What the component is made from, in a project of cargo's or in C.
const SOURCES: &[&str] = &[
    "src",
    "include",
    "wit",
    "Cargo.toml",
    "Cargo.lock",
    "build.rs",
    ".cargo",
];

/// The name of the package, when there is a readable manifest with one.
pub fn package_name(root: &Path) -> Option<String> {
    let document = toml_edit::Document::parse(manifest(root)?).ok()?;
    let name = document.as_table().get("package")?.get("name")?.as_str()?;
    Some(name.to_owned())
}

/// What the package says of itself: `description`, `licenses`, `source`, `homepage`, `version`, `authors`, as far as they are there. What it
/// takes from its workspace is read there.
pub fn package(root: &Path) -> BTreeMap<&'static str, String> {
    /// Names of ours, and cargo's.
    const KEYS: &[(&str, &str)] = &[
        ("version", "version"),
        ("description", "description"),
        ("licenses", "license"),
        ("source", "repository"),
        ("homepage", "homepage"),
        ("authors", "authors"),
    ];
    let read = |folder: &Path| toml_edit::Document::parse(manifest(folder)?).ok();
    let Some(document) = read(root) else {
        return BTreeMap::new();
    };
    let of_workspace = root.ancestors().find_map(|folder| {
        let document = read(folder)?;
        document.as_table().get("workspace")?.get("package").cloned()
    });
    let package = document.as_table().get("package");
    let value = |key: &str| {
        let own = package?.get(key)?;
        let inherited = own.get("workspace").and_then(toml_edit::Item::as_bool) == Some(true);
        let item = if inherited {
            of_workspace.as_ref()?.get(key)?
        } else {
            own
        };
        match item.as_array() {
            Some(all) => {
                let all: Vec<&str> = all.iter().filter_map(toml_edit::Value::as_str).collect();
                Some(all.join(", "))
            }
            None => item.as_str().map(str::to_owned),
        }
    };
    let entry = |(name, key): &(&'static str, &str)| Some((*name, value(key).filter(|value| !value.is_empty())?));
    KEYS.iter().filter_map(entry).collect()
}

/// The text of the package's manifest, if there is one that can be read.
pub fn manifest(root: &Path) -> Option<String> {
    let manifest = root.join("Cargo.toml");
    if std::fs::metadata(&manifest).ok()?.len() > MANIFEST_MAX_BYTES {
        return None;
    }
    std::fs::read_to_string(manifest).ok()
}

/// Whether a Rust source of a project has this word in it; also when there are more than [`FILES_MAX`].
pub fn rust_names(root: &Path, word: &str) -> bool {
    let mut left: Vec<PathBuf> = ["src", "tests", "examples", "benches", "build.rs"]
        .iter()
        .map(|source| root.join(source))
        .collect();
    let mut seen = 0;
    while let Some(path) = left.pop() {
        seen += 1;
        if seen > FILES_MAX {
            return true;
        }
        if path.is_dir() {
            left.extend(children(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && std::fs::read_to_string(&path).is_ok_and(|text| text.contains(word))
        {
            return true;
        }
    }
    false
}

/// A source that was changed after `component` was written. The first that is found, or none.
pub fn newer_than(root: &Path, component: SystemTime) -> Option<PathBuf> {
    let mut left: Vec<PathBuf> = SOURCES.iter().map(|source| root.join(source)).collect();
    let mut seen = 0;
    while let Some(path) = left.pop() {
        seen += 1;
        if seen > FILES_MAX {
            return None;
        }
        let Ok(metadata) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        if metadata.is_dir() {
            left.extend(children(&path));
        } else if metadata.modified().is_ok_and(|modified| modified > component) {
            return Some(path);
        }
    }
    None
}

/// The size of all files below a folder, in bytes; nothing when there are more than [`FILES_MAX`].
pub fn folder_bytes(folder: &Path) -> Option<u64> {
    let mut left = vec![folder.to_owned()];
    let (mut seen, mut bytes) = (0, 0);
    while let Some(path) = left.pop() {
        seen += 1;
        if seen > FILES_MAX {
            return None;
        }
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => left.extend(children(&path)),
            Ok(metadata) => bytes += metadata.len(),
            Err(_) => {}
        }
    }
    Some(bytes)
}

/// A file, when it was last changed, and its size in bytes.
pub type Stamp = (PathBuf, Option<SystemTime>, u64);

/// The stamps of a file, or of all files below a folder, in the order of their names; of none when there are more than [`FILES_MAX`].
pub fn stamps(path: &Path) -> Option<Vec<Stamp>> {
    let mut left = vec![path.to_owned()];
    let mut stamps = Vec::new();
    let mut seen = 0;
    while let Some(path) = left.pop() {
        seen += 1;
        if seen > FILES_MAX {
            return None;
        }
        match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => left.extend(children(&path)),
            Ok(metadata) => stamps.push((path, metadata.modified().ok(), metadata.len())),
            Err(_) => {}
        }
    }
    stamps.sort();
    Some(stamps)
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries.take(FILES_MAX).flatten().map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_package_says_of_itself() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("member");
        std::fs::create_dir(&root).unwrap();
        assert_eq!(package(&root), BTreeMap::new());
        let write = |path: &Path, text: &str| std::fs::write(path.join("Cargo.toml"), text).unwrap();
        write(
            &root,
            "[package]\nname = 'a'\nversion.workspace = true\nlicense = { workspace = true }\ndescription = 'what'\nauthors = ['x', 'y']\nhomepage = ''\nrepository = 7",
        );
        let found = |folder: &Path| {
            package(folder)
                .into_iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(found(&root), ["authors=x, y", "description=what"]);
        write(
            folder.path(),
            "[workspace.package]\nversion = '1.2.3'\nlicense = 'MIT'\ndescription = 'else'",
        );
        assert_eq!(
            found(&root),
            ["authors=x, y", "description=what", "licenses=MIT", "version=1.2.3"]
        );
    }
}
