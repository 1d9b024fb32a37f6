//! The secrets that `slight secret` wrote: `[[secret_settings]]` of a slightfile, encrypted with ShortCrypt under a key in
//! the system's folder for temporary files (`crates/core/src/secret.rs` of slight 0.5).
//!
//! ShortCrypt is no protection: it is here to bring values over once. It has a checksum of 5 bits, so that one value in 32
//! passes under a wrong key; all values of a file have one key, and so all are decrypted before any is believed.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use short_crypt::ShortCrypt;

use super::Name;
use crate::support::os;
use crate::support::secret::Secret;

/// The key's file, in the folder for temporary files.
pub const KEY_FILE: &str = ".slightkey";

/// The largest key file that is read, in bytes. slight's has 30.
const KEY_MAX_BYTES: u64 = 4096;

/// Why nothing can be imported. None of these tells a key or a value.
#[derive(Debug, thiserror::Error)]
pub enum SlightError {
    /// There is no key.
    #[error("there is no `{}`, where slight keeps the key of its secrets", .0.display())]
    NoKey(PathBuf),
    /// The key cannot be read.
    #[error("cannot read the key `{}`: {}", .path.display(), os::reason(.source))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What lies there is no key.
    #[error("`{}` is no key of slight's: {reason}", .path.display())]
    NoSuchKey {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// A value was not encrypted with this key.
    #[error("`{name}` was not encrypted with the key in `{}`", .path.display())]
    WrongKey {
        /// The secret.
        name: String,
        /// The key's file.
        path: PathBuf,
    },
}

/// The key of `slight`'s secrets.
#[derive(Debug)]
pub struct Key {
    key: Secret,
    path: PathBuf,
}

impl Key {
    /// Reads the key, as `slight` does: the whole file.
    ///
    /// # Errors
    /// It is not there, or is none.
    pub fn read(path: &Path) -> Result<Self, SlightError> {
        let unreadable = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => SlightError::NoKey(path.to_owned()),
            _ => SlightError::Unreadable {
                path: path.to_owned(),
                source,
            },
        };
        let none = |reason| SlightError::NoSuchKey {
            path: path.to_owned(),
            reason,
        };
        // opening a pipe that somebody put there would wait for ever
        if !fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(none("it is no file"));
        }
        let mut bytes = Vec::new();
        let file = fs::File::open(path).map_err(unreadable)?;
        file.take(KEY_MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        match String::from_utf8(bytes) {
            Ok(key) if key.is_empty() => Err(none("it is empty")),
            Ok(key) if key.len() as u64 > KEY_MAX_BYTES => Err(none("it is too long")),
            Ok(key) => Ok(Self {
                key: Secret::new(key),
                path: path.to_owned(),
            }),
            Err(_) => Err(none("it is not text")),
        }
    }

    /// The values of secret settings, all of which have one key: none is believed before all are read. An editor that saved
    /// the key has put a newline behind it, which is left out when the key does not fit with it.
    ///
    /// # Errors
    /// One of them was not encrypted with this key.
    pub fn decrypt_all(&self, settings: &[(Name, String)]) -> Result<Vec<(Name, Secret)>, SlightError> {
        let with = |key: &Self| -> Result<Vec<_>, SlightError> {
            let values = settings.iter();
            values
                .map(|(name, encrypted)| Ok((name.clone(), key.decrypt(name.as_str(), encrypted)?)))
                .collect()
        };
        with(self).or_else(|error| {
            let other = self.without_newline().and_then(|key| with(&key).ok());
            other.ok_or(error)
        })
    }

    fn without_newline(&self) -> Option<Self> {
        let key = self.key.expose().strip_suffix('\n')?;
        Some(Self {
            key: Secret::new(key.strip_suffix('\r').unwrap_or(key)),
            path: self.path.clone(),
        })
    }

    /// The value of a secret setting.
    ///
    /// # Errors
    /// It was not encrypted with this key.
    pub fn decrypt(&self, name: &str, encrypted: &str) -> Result<Secret, SlightError> {
        let bytes = ShortCrypt::new(self.key.expose()).decrypt_url_component(encrypted).ok();
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        text.map(Secret::new).ok_or_else(|| SlightError::WrongKey {
            name: name.to_owned(),
            path: self.path.clone(),
        })
    }
}
