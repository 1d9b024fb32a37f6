//! Reads a template's folder, with limits: files and folders only, no links, never `.git`.

use std::fs::Metadata;
use std::io::{self, Read};
use std::path::Path;

use super::super::template::Written;
use super::ForeignError;
use super::manifest::{MANIFEST, MANIFEST_MAX_BYTES};
use crate::support::os;

/// How many files and folders a template may have; ours have 40.
pub(super) const ENTRIES_MAX: usize = 2_000;

/// The largest file, in bytes: a picture, and no toolchain.
pub(super) const FILE_MAX_BYTES: usize = 8 << 20;

/// The most that all files may have, in bytes: they are kept in memory until they are written.
pub(super) const ALL_MAX_BYTES: usize = 64 << 20;

/// The text of the manifest, if there is one.
pub(super) fn manifest(root: &Path) -> Result<Option<String>, ForeignError> {
    let path = root.join(MANIFEST);
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(MANIFEST, error)),
    };
    ordinary(MANIFEST, &metadata)?;
    let bytes = bytes(&path, MANIFEST, MANIFEST_MAX_BYTES)?.ok_or(ForeignError::NoManifest)?;
    String::from_utf8(bytes).map(Some).map_err(|_| ForeignError::NoManifest)
}

/// Every file below a folder, in the order of their paths, but those that are left out.
pub(super) fn read(root: &Path, exclude: &[String]) -> Result<Vec<Written>, ForeignError> {
    let mut files = Vec::new();
    let mut left = vec![String::new()];
    let (mut entries, mut all) = (0, 0);
    while let Some(folder) = left.pop() {
        for path in names(root, &folder)? {
            if exclude.contains(&path) || path == MANIFEST {
                continue;
            }
            entries += 1;
            if entries > ENTRIES_MAX {
                return Err(ForeignError::TooMany);
            }
            let there = root.join(&path);
            let metadata = there.symlink_metadata().map_err(|error| unreadable(&path, error))?;
            if metadata.is_dir() {
                left.push(path);
                continue;
            }
            ordinary(&path, &metadata)?;
            let bytes = bytes(&there, &path, FILE_MAX_BYTES)?.ok_or_else(|| ForeignError::TooLarge(path.clone()))?;
            all += bytes.len();
            if all > ALL_MAX_BYTES {
                return Err(ForeignError::TooMuch);
            }
            files.push(Written {
                path,
                bytes,
                is_executable: os::is_executable(&metadata),
            });
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// The paths of what lies in a folder of a template, without `.git`.
fn names(root: &Path, folder: &str) -> Result<Vec<String>, ForeignError> {
    let failed = |error| unreadable(if folder.is_empty() { "." } else { folder }, error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(root.join(folder)).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let below = |name: &str| match folder {
            "" => name.to_owned(),
            _ => format!("{folder}/{name}"),
        };
        let text = name.to_str().filter(|text| !text.chars().any(char::is_control));
        let Some(text) = text else {
            let shown = name.to_string_lossy().escape_debug().to_string();
            return Err(ForeignError::NotText(below(&shown)));
        };
        if text != ".git" {
            paths.push(below(text));
        }
        if paths.len() > ENTRIES_MAX {
            return Err(ForeignError::TooMany);
        }
    }
    paths.sort();
    Ok(paths)
}

fn ordinary(path: &str, metadata: &Metadata) -> Result<(), ForeignError> {
    match metadata {
        _ if metadata.is_symlink() => Err(ForeignError::Link(path.to_owned())),
        _ if !metadata.is_file() => Err(ForeignError::Special(path.to_owned())),
        _ => Ok(()),
    }
}

/// The bytes of a file; nothing when it has more than `most`.
fn bytes(there: &Path, path: &str, most: usize) -> Result<Option<Vec<u8>>, ForeignError> {
    let mut bytes = Vec::new();
    std::fs::File::open(there)
        .and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, error))?;
    Ok((bytes.len() <= most).then_some(bytes))
}

fn unreadable(path: &str, error: io::Error) -> ForeignError {
    ForeignError::Unreadable {
        path: path.to_owned(),
        error,
    }
}
