//! What the commands that take a file or a reference make of its name, and that nothing is written over what is read.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{Failure, Session, registries};
use crate::support::os;

/// The regular file of this name, if it can be read; `None`: there is nothing of this name, and it may be a reference; with
/// `oci://` in front it is one, whatever lies there.
pub(super) fn file(session: &Session<'_>, name: &str) -> Result<Option<PathBuf>, Failure> {
    if registries::without_doubt(name).is_some() {
        return Ok(None);
    }
    let path = session.directory().join(name);
    let unreadable = |error: &std::io::Error| Failure::usage(format!("cannot read `{name}`: {}", os::reason(error)));
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => Err(Failure::usage(format!("`{name}` is a folder"))),
        Ok(metadata) if !metadata.is_file() => Err(Failure::usage(format!("`{name}` is no regular file"))
            .hint("it is read more than once: write it to a file first")),
        Ok(_) => match File::open(&path) {
            Ok(_) => Ok(Some(path)),
            Err(error) => Err(unreadable(&error)),
        },
        // a link that leads nowhere is no reference
        Err(error) if error.kind() == ErrorKind::PermissionDenied || fs::symlink_metadata(&path).is_ok() => {
            Err(unreadable(&error))
        }
        Err(_) => Ok(None),
    }
}

/// Refuses to write over what is read; `inputs` are what is read, and what each of them is.
pub(super) fn keep(session: &Session<'_>, output: &Path, inputs: &[(&Path, &str)]) -> Result<(), Failure> {
    let at = |path: &Path| session.directory().join(path);
    let found = inputs
        .iter()
        .find(|(input, _)| os::is_same_file(&at(input), &at(output)));
    match found {
        Some((_, what)) => Err(
            Failure::usage(format!("`{}` is {what}, and would be overwritten", output.display()))
                .hint("give the output a name of its own"),
        ),
        None => Ok(()),
    }
}
