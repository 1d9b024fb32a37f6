//! Writes `dist/NAME.wasm`, whole or not at all, and not again when nothing has changed.
//!
//! What was written from what is remembered in a stamp beside what the toolchain made, which `cargo clean` removes. What a
//! command of the user's left in that very place is validated, and left as it is.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::component::finish;
use super::{About, BuildError, BuiltApp, Written};
use crate::support::files::{self, ARTIFACT_MAX_BYTES};
use crate::support::hex::hex;

/// What was written from what.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    slt: String,
    version: String,
    revision: Option<String>,
    artifact: FileStamp,
    digest: Option<String>,
    output: FileStamp,
}

/// A file as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileStamp {
    pub(super) path: PathBuf,
    bytes: u64,
    modified_nanoseconds: u128,
}

/// Where an application's component is written.
pub(super) fn path(root: &Path, about: &About) -> PathBuf {
    root.join("dist").join(format!("{}.wasm", about.name))
}

/// Whether two paths are those of one file, by whatever way.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Writes the component of `app` under `root`, unless that is what lies there.
pub(super) fn write(root: &Path, app: &BuiltApp, revision: Option<&str>) -> Result<Written, BuildError> {
    let path = path(root, &app.about);
    let stamp_path = stamp_path(&app.stamps, &path);
    let remembered = fs::read(&stamp_path)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
    if let (Some(remembered), Ok(now)) = (remembered, stamp(app, &path, revision))
        && now == remembered
    {
        return Ok(Written {
            bytes: now.output.bytes,
            path,
            app: app.clone(),
        });
    }

    let component = finish(&read(&app.artifact)?, &app.about, revision).map_err(|source| BuildError::Component {
        path: app.artifact.clone(),
        source,
    })?;
    if !is_same(&app.artifact, &path) {
        path.parent().map_or(Ok(()), create_folder)?;
        replace(&path, &component).map_err(file("write", &path))?;
    }

    let stamp = stamp(app, &path, revision).map_err(file("read", &path))?;
    remember(&stamp_path, &stamp).map_err(file("write", &stamp_path))?;
    Ok(Written {
        bytes: stamp.output.bytes,
        path,
        app: app.clone(),
    })
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, BuildError> {
    files::read(path, ARTIFACT_MAX_BYTES).map_err(file("read", path))
}

pub(super) fn create_folder(folder: &Path) -> Result<(), BuildError> {
    fs::create_dir_all(folder).map_err(file("create", folder))
}

/// Replaces a file by a rename, so that no one ever sees half of it.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    let done = File::create(&part)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&part, path));
    if done.is_err() {
        let _ = fs::remove_file(&part);
    }
    done
}

fn remember(path: &Path, stamp: &Stamp) -> io::Result<()> {
    path.parent().map_or(Ok(()), create_own)?;
    replace(path, &serde_json::to_vec(stamp)?)
}

/// Creates a folder of slt's own, which git is told to leave out.
pub(super) fn create_own(folder: &Path) -> io::Result<()> {
    let ignored = folder.join(".gitignore");
    fs::create_dir_all(folder)?;
    match ignored.is_file() {
        true => Ok(()),
        false => replace(&ignored, b"*\n"),
    }
}

/// One stamp for each output: packages of one name may share a target directory.
fn stamp_path(folder: &Path, output: &Path) -> PathBuf {
    let digest = Sha256::digest(output.as_os_str().as_encoded_bytes());
    let name = hex(digest.iter().take(8));
    folder.join(format!("{name}.json"))
}

fn stamp(app: &BuiltApp, output: &Path, revision: Option<&str>) -> io::Result<Stamp> {
    Ok(Stamp {
        slt: env!("CARGO_PKG_VERSION").into(),
        version: app.about.version.clone(),
        revision: revision.map(Into::into),
        artifact: file_stamp(&app.artifact)?,
        digest: app.digest.clone(),
        output: file_stamp(output)?,
    })
}

pub(super) fn file_stamp(path: &Path) -> io::Result<FileStamp> {
    let metadata = fs::metadata(path)?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH);
    Ok(FileStamp {
        path: path.to_path_buf(),
        bytes: metadata.len(),
        modified_nanoseconds: modified.map_or(0, |since| since.as_nanos()),
    })
}

pub(super) fn file(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BuildError {
    let path = path.to_path_buf();
    move |source| BuildError::File { verb, path, source }
}
