//! Reading files that somebody else names, which may be no files, or larger than memory; and keeping a folder of our own from growing.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// The largest artifact that is read, in bytes: a debug build of a large guest has some tens of megabytes.
pub const ARTIFACT_MAX_BYTES: u64 = 1 << 30;

/// Reads a file of at most `most` bytes. A pipe would be waited for, and a device can be without an end.
///
/// # Errors
/// It is no regular file, has more bytes, or what the file system says.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let metadata = fs::metadata(path)?;
    match metadata.is_dir() {
        true => Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")),
        false if !metadata.is_file() => Err(io::Error::other("it is no regular file")),
        false => read_any(path, most),
    }
}

/// Reads what a user names: a file of at most `most` bytes, or a pipe, which is waited for as they expect. What has no end is not read
/// beyond `most` bytes either.
///
/// # Errors
/// It is a folder, has more bytes, or what the file system says.
pub fn read_any(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has more than {most} bytes"),
        )),
        false => Ok(bytes),
    }
}

/// Removes the oldest files of a folder while they have more than `most` bytes together. What cannot be removed stays.
pub fn make_room(folder: &Path, most: u64) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let metadata = entry.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len(), entry.path()))
        })
        .collect();
    let mut total: u64 = files.iter().map(|(_, length, _)| length).sum();
    files.sort();
    for (_, length, path) in files {
        if total <= most {
            return;
        }
        if fs::remove_file(path).is_ok() {
            total -= length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_with_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"1234").unwrap();
        let read = |most| read(&path, most).map_err(|error| (error.kind(), error.to_string()));
        assert_eq!(read(4).unwrap(), b"1234");
        let too_large = (io::ErrorKind::FileTooLarge, "it has more than 3 bytes".to_owned());
        assert_eq!(read(3), Err(too_large));
        assert_eq!(read(u64::MAX).unwrap(), b"1234");
    }

    #[test]
    fn what_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let said = |path: &Path| read(path, 8).unwrap_err().to_string();
        assert_eq!(said(folder.path()), "it is a folder");
        assert_eq!(read_any(folder.path(), 8).unwrap_err().to_string(), "it is a folder");
        #[cfg(unix)]
        {
            assert_eq!(said(Path::new("/dev/zero")), "it is no regular file");
            let endless = read_any(Path::new("/dev/zero"), 8).unwrap_err();
            assert_eq!(endless.kind(), io::ErrorKind::FileTooLarge);
        }
        let missing = read(&folder.path().join("b"), 8).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
