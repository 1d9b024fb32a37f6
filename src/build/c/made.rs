//! What something was made from, remembered beside it: the command, and each file as it was.
//!
//! Times are compared for being the same, not for their order: a file that is put back from elsewhere has an older one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::BuildError;
use super::super::dist::{FileStamp, file, file_stamp, replace};

/// How many files are looked at before something is made.
const FILES_MAX: usize = 20_000;

#[derive(Serialize, Deserialize)]
struct Made {
    slt: String,
    /// The toolchain and the command.
    how: String,
    /// What it was made from, and what was made.
    files: Vec<FileStamp>,
}

/// Where it is remembered.
fn beside(made: &Path) -> PathBuf {
    made.with_extension("made")
}

/// Whether what lies there was made in this way, and from files that are as they were.
pub(super) fn is_fresh(made: &Path, how: &str) -> bool {
    let remembered = std::fs::read(beside(made)).ok();
    let Some(remembered) = remembered.and_then(|text| serde_json::from_slice::<Made>(&text).ok()) else {
        return false;
    };
    let is_same = |stamp: &FileStamp| file_stamp(&stamp.path).is_ok_and(|now| now == *stamp);
    remembered.slt == env!("CARGO_PKG_VERSION") && remembered.how == how && remembered.files.iter().all(is_same)
}

/// Files as they were before something was made from them.
#[derive(Debug, Default)]
pub(super) struct Before(BTreeMap<PathBuf, FileStamp>);

impl Before {
    /// All files in these folders and below them.
    pub fn of(folders: &[PathBuf]) -> Self {
        let mut left = folders.to_vec();
        let mut found = BTreeMap::new();
        while let Some(path) = left.pop().filter(|_| found.len() < FILES_MAX) {
            match std::fs::read_dir(&path) {
                Ok(entries) => left.extend(entries.flatten().map(|entry| entry.path())),
                Err(_) => {
                    if let Ok(stamp) = file_stamp(&path) {
                        found.insert(path, stamp);
                    }
                }
            }
        }
        Self(found)
    }

    /// Their paths.
    pub fn paths(&self) -> impl Iterator<Item = PathBuf> {
        self.0.keys().cloned()
    }

    /// Remembers what `made` was made from, unless one of the files has changed in the meantime: then it is made again.
    pub fn remember(&self, made: &Path, how: &str, from: &[PathBuf], outputs: &[PathBuf]) -> Result<(), BuildError> {
        let mut files = Vec::new();
        for path in from {
            let Ok(now) = file_stamp(path) else { return Ok(()) };
            if self.0.get(path).is_some_and(|before| *before != now) {
                return Ok(());
            }
            files.push(now);
        }
        for path in outputs {
            files.push(file_stamp(path).map_err(file("read", path))?);
        }
        let text = serde_json::to_vec(&Made {
            slt: env!("CARGO_PKG_VERSION").into(),
            how: how.into(),
            files,
        });
        let path = beside(made);
        text.map_err(std::io::Error::from)
            .and_then(|text| replace(&path, &text))
            .map_err(file("write", &path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_changed_is_not_fresh() {
        let folder = tempfile::tempdir().unwrap();
        let [source, header, made] = ["a.c", "a.h", "a.o"].map(|name| folder.path().join(name));
        let write = |path: &Path, text: &str| std::fs::write(path, text).unwrap();
        for path in [&source, &header, &made] {
            write(path, "one");
        }
        let folders = [folder.path().to_owned()];
        let from = [source.clone(), header.clone()];
        let remember = |before: &Before| {
            before
                .remember(&made, "cc", &from, std::slice::from_ref(&made))
                .unwrap()
        };
        assert!(!is_fresh(&made, "cc"));
        remember(&Before::of(&folders));
        assert!(is_fresh(&made, "cc"));
        assert!(!is_fresh(&made, "cc -O1"));
        // an older time is another time
        let old = std::time::SystemTime::UNIX_EPOCH;
        std::fs::File::options()
            .write(true)
            .open(&header)
            .unwrap()
            .set_modified(old)
            .unwrap();
        assert!(!is_fresh(&made, "cc"));
        remember(&Before::of(&folders));
        assert!(is_fresh(&made, "cc"));
        // changed while it was read: the old object does not count
        let before = Before::of(&folders);
        write(&source, "two, longer");
        std::fs::remove_file(beside(&made)).unwrap();
        remember(&before);
        assert!(!is_fresh(&made, "cc"));
        // what was made is gone
        remember(&Before::of(&folders));
        assert!(is_fresh(&made, "cc"));
        std::fs::remove_file(&made).unwrap();
        assert!(!is_fresh(&made, "cc"));
    }
}
