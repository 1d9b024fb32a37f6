//! What was fetched, kept by its digest in a folder of the user's own.
//!
//! What is in it is looked at again each time: a file is named after its digest, and one whose bytes have another is removed and
//! fetched anew. Several processes may use it at once: a file is written whole or not at all, and reading one that is being
//! removed is as if it were not there. Who may read is the folder's to say, which is mode 0700.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Digest, Reference};
use crate::support::{files, os};

/// How much it may hold, in bytes: what was used least recently goes first. A component has some hundred kilobytes.
const MAX_BYTES: u64 = 2 << 30;

/// The longest file that says which digest a tag had, in bytes.
const TAG_MAX_BYTES: u64 = 1 << 10;

/// The folder of what was fetched.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    max_bytes: u64,
}

impl Cache {
    /// The cache in `folder`, which is made if it is not there. `None`: it is not this user's alone, or cannot be made; everything is
    /// then fetched each time.
    #[must_use]
    pub fn open(folder: &Path) -> Option<Self> {
        os::private_directory(folder).ok()?;
        Some(Self {
            folder: folder.to_owned(),
            max_bytes: MAX_BYTES,
        })
    }

    /// The bytes with this digest, if they are there and there are at most `most`.
    #[must_use]
    pub fn get(&self, digest: &Digest, most: u64) -> Option<Vec<u8>> {
        let path = self.path(digest);
        let bytes = files::read(&path, most).ok()?;
        if Digest::of(&bytes) != *digest {
            // damaged, or somebody else's
            let _ = fs::remove_file(&path);
            return None;
        }
        self.used(&path);
        Some(bytes)
    }

    /// Keeps bytes. One that can't be written is only slow.
    pub fn put(&self, bytes: &[u8]) {
        if bytes.len() as u64 <= self.max_bytes {
            let path = self.path(&Digest::of(bytes));
            let _ = os::write_atomically(&path, bytes).map(|()| files::make_room(&self.folder, self.max_bytes));
        }
    }

    /// What was kept beside a digest: nobody vouches for it.
    #[must_use]
    pub fn beside(&self, digest: &Digest, most: u64) -> Option<Vec<u8>> {
        files::read(&self.beside_path(digest), most).ok()
    }

    /// Keeps something beside a digest, unless there is more of it than is read again: then what is there stays.
    pub fn put_beside(&self, digest: &Digest, bytes: &[u8], most: u64) {
        if bytes.len() as u64 <= most {
            let _ = os::write_atomically(&self.beside_path(digest), bytes);
        }
    }

    fn beside_path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("beside-{}", digest.hex()))
    }

    /// The digest that a tag had when it was last asked for.
    #[must_use]
    pub fn tagged(&self, at: &Reference) -> Option<Digest> {
        let text = files::read(&self.tag_path(at), TAG_MAX_BYTES).ok()?;
        std::str::from_utf8(&text).ok()?.trim().parse().ok()
    }

    /// Remembers the digest that a tag has.
    pub fn remember(&self, at: &Reference, digest: &Digest) {
        let _ = os::write_atomically(&self.tag_path(at), format!("{digest}\n").as_bytes());
    }

    /// Where bytes lie.
    #[must_use]
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("sha256-{}", digest.hex()))
    }

    fn tag_path(&self, at: &Reference) -> PathBuf {
        let name = Digest::of(at.to_string().as_bytes());
        self.folder.join(format!("tag-{}", name.hex()))
    }

    /// What was used stays longest.
    #[allow(clippy::disallowed_methods)] // what is kept on the disk is outside of every deployment's time
    fn used(&self, path: &Path) {
        let _ = fs::File::options()
            .append(true)
            .open(path)
            .and_then(|file| file.set_modified(SystemTime::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(max_bytes: u64) -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("artifacts")).unwrap();
        (folder, Cache { max_bytes, ..cache })
    }

    #[test]
    fn what_is_kept_is_what_its_name_says() {
        let (_folder, cache) = cache(MAX_BYTES);
        let digest = Digest::of(b"one");
        assert_eq!(cache.get(&digest, 8), None);
        cache.put(b"one");
        assert_eq!(cache.get(&digest, 8).as_deref(), Some(&b"one"[..]));
        assert_eq!(cache.get(&digest, 2), None, "no more than asked for");
        fs::write(cache.path(&digest), b"two").unwrap();
        assert_eq!(cache.get(&digest, 8), None);
        assert!(!cache.path(&digest).exists(), "what was changed is gone");
    }

    #[test]
    fn what_was_used_least_recently_goes_first() {
        let (_folder, cache) = cache(8);
        let long_ago = |bytes: &[u8], seconds: u64| {
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            let file = fs::File::options()
                .append(true)
                .open(cache.path(&Digest::of(bytes)))
                .unwrap();
            file.set_modified(time).unwrap();
        };
        cache.put(b"one");
        cache.put(b"two");
        long_ago(b"one", 1);
        long_ago(b"two", 2);
        assert!(cache.get(&Digest::of(b"one"), 8).is_some(), "used now");
        cache.put(b"six");
        let is_there = |bytes: &[u8]| cache.path(&Digest::of(bytes)).exists();
        assert_eq!(
            [is_there(b"one"), is_there(b"two"), is_there(b"six")],
            [true, false, true]
        );
        cache.put(b"larger than all");
        assert!(!is_there(b"larger than all"));
    }

    #[test]
    fn what_lies_beside_is_no_more_than_is_read() {
        let (_folder, cache) = cache(MAX_BYTES);
        let digest = Digest::of(b"one");
        cache.put_beside(&digest, b"12345678", 8);
        cache.put_beside(&digest, b"123456789", 8);
        assert_eq!(cache.beside(&digest, 8).as_deref(), Some(&b"12345678"[..]));
    }

    #[test]
    fn tags() {
        let (_folder, cache) = cache(MAX_BYTES);
        let at: Reference = "example.com/a:1".parse().unwrap();
        assert_eq!(cache.tagged(&at), None);
        cache.remember(&at, &Digest::of(b"one"));
        assert_eq!(cache.tagged(&at), Some(Digest::of(b"one")));
        assert_eq!(cache.tagged(&at.with_tag("2")), None);
        fs::write(cache.tag_path(&at), "sha256:7").unwrap();
        assert_eq!(cache.tagged(&at), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_can_enter_is_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("artifacts");
        drop(Cache::open(&path).unwrap());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(Cache::open(&path).is_none());
    }
}
