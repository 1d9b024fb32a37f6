//! The user's secrets: what `${usersecrets.KEY}` means, kept outside the project in a folder of the user's own.
//!
//! A store belongs to the folder of a slightfile: its file is named by the digest of the folder's real path. A project that
//! is copied from somebody else can name any secret, and gets none that was not stored for it. Values are kept as they
//! are, in a file that only its user can read (mode 0600, in a folder with mode 0700), as `ssh` and `aws` keep theirs;
//! one that others could read is refused. Nothing here asks the user, prints, or reads the environment.

mod name;
pub mod slight;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use name::{NAME_MAX_BYTES, Name, NameError};

use crate::support::hex::hex;
use crate::support::os::{self, Exposure};
use crate::support::secret::Secret;

/// The longest value, in bytes. A chain of certificates has 10,000.
pub const VALUE_MAX_BYTES: usize = 64 << 10;

/// The largest store, in bytes: a hundred long values, or ten thousand passwords.
const STORE_MAX_BYTES: usize = 8 << 20;

/// The folder of all stores, in slt's folder for data.
const FOLDER: &str = "secrets";

/// Held by whoever changes a store.
const LOCK: &str = ".lock";

/// The form of a store's file.
const VERSION: u32 = 1;

/// Why a value cannot be stored. None of these tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// There is nothing in it.
    #[error("the value is empty")]
    Empty,
    /// Longer than [`VALUE_MAX_BYTES`].
    #[error("the value has more than {VALUE_MAX_BYTES} bytes")]
    TooLong,
    /// A slightfile's values are text.
    #[error("the value is not UTF-8 text")]
    NotText,
}

/// A value that can be stored, wherever it came from.
///
/// # Errors
/// It is empty, too long, or no text.
pub fn value(bytes: Vec<u8>) -> Result<Secret, ValueError> {
    match bytes.len() {
        0 => Err(ValueError::Empty),
        1..=VALUE_MAX_BYTES => String::from_utf8(bytes)
            .map(Secret::new)
            .map_err(|_| ValueError::NotText),
        _ => Err(ValueError::TooLong),
    }
}

/// Names and values.
pub type Secrets = BTreeMap<Name, Secret>;

/// The secrets of one project.
#[derive(Debug, Clone)]
pub struct Store {
    /// The folder of all stores.
    folder: PathBuf,
    /// This one's file.
    path: PathBuf,
    /// The folder that it belongs to.
    project: PathBuf,
}

/// A store's file. It names its project for whoever looks into the folder. No `Debug`: it holds the values.
#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    project: String,
    secrets: BTreeMap<String, String>,
}

/// Why a store cannot be used. None of these tells a value.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// Others can get at it.
    #[error("`{}` {}", .path.display(), exposed(*.exposure, *.folder))]
    Exposed {
        /// The file or the folder.
        path: PathBuf,
        /// Which of them it is.
        folder: bool,
        /// How.
        exposure: Exposure,
    },
    /// Something else lies in its place.
    #[error("`{}` is no {wanted}", .path.display())]
    Else {
        /// Where.
        path: PathBuf,
        /// What should lie there.
        wanted: &'static str,
    },
    /// Not a store, or not of this version.
    #[error("`{}` is not a store of secrets that this slt wrote: {reason}", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong; nothing of the content.
        reason: String,
    },
    /// The store would become too large.
    #[error("all secrets of a project together may have {STORE_MAX_BYTES} bytes")]
    Full,
    /// The file system refuses.
    #[error("cannot {verb} `{}`: {}", .path.display(), os::reason(.source))]
    File {
        /// `read`, `write`, …
        verb: &'static str,
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn exposed(exposure: Exposure, folder: bool) -> &'static str {
    match (exposure, folder) {
        (Exposure::Foreign, _) => "belongs to somebody else: secrets are neither read from it nor written to it",
        (Exposure::Open, true) => "can be entered by others, and holds secrets",
        (Exposure::Open, false) => "can be read or changed by others, and holds secrets",
    }
}

impl SecretsError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Exposed { path, folder, exposure } => {
                let path = os::shell_word(path);
                match (exposure, folder) {
                    (Exposure::Open, true) => format!("`chmod 700 {path}`"),
                    (Exposure::Open, false) => {
                        format!("`chmod 600 {path}`, and new values where somebody may have read them")
                    }
                    (Exposure::Foreign, _) => format!(
                        "`sudo chown \"$(id -un)\" {path}` if it is yours; else choose another folder with `SLT_DATA_DIR`"
                    ),
                }
            }
            Self::Else { path, .. } => format!("move it away: `mv {0} {0}.old`", os::shell_word(path)),
            Self::Foreign { path, .. } => format!(
                "`rm {}` removes it; then store the values again with `slt secret set KEY`",
                os::shell_word(path)
            ),
            Self::Full => "keep large files elsewhere; `slt secret remove KEY` makes room".to_owned(),
            Self::File { .. } => "`SLT_DATA_DIR` names another folder for slt's data".to_owned(),
        }
    }
}

fn file_error(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SecretsError {
    let path = path.to_owned();
    move |source| SecretsError::File { verb, path, source }
}

impl Store {
    /// The store of the project in this folder, which must be there. Nothing is read yet. `data` is slt's folder for data.
    ///
    /// # Errors
    /// The real path of the folder cannot be found out.
    pub fn of(data: &Path, project: &Path) -> Result<Self, SecretsError> {
        let project = project.canonicalize().map_err(file_error("find", project))?;
        let digest = Sha256::digest(project.as_os_str().as_encoded_bytes());
        let name = hex(&digest);
        let folder = data.join(FOLDER);
        Ok(Self {
            path: folder.join(format!("{name}.json")),
            folder,
            project,
        })
    }

    /// Where the secrets lie.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All secrets; none where nothing was ever stored.
    ///
    /// # Errors
    /// Others can get at them, or they cannot be read.
    pub fn read(&self) -> Result<Secrets, SecretsError> {
        if !is_private(&self.folder, true)? || !is_private(&self.path, false)? {
            return Ok(Secrets::new());
        }
        let bytes = fs::read(&self.path).map_err(file_error("read", &self.path))?;
        self.parse(&bytes)
    }

    fn parse(&self, bytes: &[u8]) -> Result<Secrets, SecretsError> {
        let foreign = |reason: String| SecretsError::Foreign {
            path: self.path.clone(),
            reason,
        };
        // a message of the parser's may show what it read
        let document: Document = serde_json::from_slice(bytes)
            .map_err(|error| foreign(format!("line {}, column {}", error.line(), error.column())))?;
        if document.version != VERSION {
            return Err(foreign(format!("it has version {}", document.version)));
        }
        let pairs = document.secrets.into_iter();
        pairs
            .map(|(name, value)| match Name::parse(&name) {
                Ok(name) => Ok((name, Secret::new(value))),
                Err(_) => Err(foreign("a name in it is none".to_owned())),
            })
            .collect()
    }

    /// Changes the secrets while nobody else does, and writes them if they have changed. A store of none is removed.
    ///
    /// # Errors
    /// As [`Store::read`]; or it cannot be written, and is as it was.
    pub fn change<T>(&self, change: impl FnOnce(&mut Secrets) -> T) -> Result<T, SecretsError> {
        os::make_private_directory(&self.folder).map_err(file_error("make", &self.folder))?;
        is_private(&self.folder, true)?;
        let lock_path = self.folder.join(LOCK);
        let lock = os::open_private_file(&lock_path)
            .and_then(|lock| lock.lock().map(|()| lock))
            .map_err(file_error("lock", &lock_path))?;
        let before = self.read()?;
        let mut secrets = before.clone();
        let answer = change(&mut secrets);
        if secrets != before {
            self.write(&secrets)?;
        }
        drop(lock);
        Ok(answer)
    }

    fn write(&self, secrets: &Secrets) -> Result<(), SecretsError> {
        if secrets.is_empty() {
            return os::remove_file_if_there(&self.path).map_err(file_error("remove", &self.path));
        }
        let pairs = secrets.iter();
        let document = Document {
            version: VERSION,
            project: self.project.display().to_string(),
            secrets: pairs
                .map(|(name, value)| (name.to_string(), value.expose().to_owned()))
                .collect(),
        };
        let bytes = serde_json::to_vec_pretty(&document)
            .map_err(|error| file_error("write", &self.path)(io::Error::from(error)))?;
        if bytes.len() > STORE_MAX_BYTES {
            return Err(SecretsError::Full);
        }
        os::write_private_file(&self.path, &bytes).map_err(file_error("write", &self.path))
    }
}

/// Whether the folder, or the file in it, is there. One that is there must be its user's alone.
fn is_private(path: &Path, folder: bool) -> Result<bool, SecretsError> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(file_error("read", path)(error)),
    };
    let wanted = if folder { "folder" } else { "file" };
    if (folder && !metadata.is_dir()) || (!folder && !metadata.is_file()) {
        let path = path.to_owned();
        return Err(SecretsError::Else { path, wanted });
    }
    if let Some(exposure) = os::exposure(&metadata) {
        let path = path.to_owned();
        return Err(SecretsError::Exposed { path, folder, exposure });
    }
    if !folder && metadata.len() > STORE_MAX_BYTES as u64 {
        return Err(SecretsError::Foreign {
            path: path.to_owned(),
            reason: format!("it has {} bytes", metadata.len()),
        });
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
