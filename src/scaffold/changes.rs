//! Changes of a project's files: all of them are made, or none.

use std::path::{Path, PathBuf};

use super::ScaffoldError;
use crate::support::os;

/// A file that is to be written, or to be taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its path from the project's folder.
    pub file: PathBuf,
    /// What is there; nothing when it is new.
    pub before: Option<String>,
    /// What is to be there; nothing when it goes.
    pub after: Option<String>,
}

/// Makes the changes in a project's folder.
///
/// # Errors
/// When one of them cannot be made. Those that were made until then are undone.
pub fn make(root: &Path, changes: &[Change]) -> Result<(), ScaffoldError> {
    for (index, change) in changes.iter().enumerate() {
        if let Err(error) = put(root, &change.file, change.after.as_deref()) {
            for made in changes.iter().take(index).rev() {
                // The error that is reported is the first one.
                let _ = put(root, &made.file, made.before.as_deref());
            }
            return Err(ScaffoldError::Write {
                path: change.file.clone(),
                error,
            });
        }
    }
    Ok(())
}

fn put(root: &Path, file: &Path, text: Option<&str>) -> std::io::Result<()> {
    let path = root.join(file);
    let Some(text) = text else {
        std::fs::remove_file(&path)?;
        // Folders that have become empty go too, up to the first one of the project: `wit`, and not `wit/deps`.
        let folders = file
            .ancestors()
            .skip(1)
            .filter(|folder| folder.components().count() > 1);
        for folder in folders {
            if std::fs::remove_dir(root.join(folder)).is_err() {
                break;
            }
        }
        return Ok(());
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // What a link points to is written, and the link stays.
    let path = std::fs::canonicalize(&path).unwrap_or(path);
    os::write_atomically(&path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(file: &str, before: Option<&str>, after: Option<&str>) -> Change {
        Change {
            file: PathBuf::from(file),
            before: before.map(ToOwned::to_owned),
            after: after.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn all_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::write(root.join("a"), "old").unwrap();
        let there = |file: &str| std::fs::read_to_string(root.join(file)).ok();
        let good = [change("a", Some("old"), Some("new")), change("b/c/d", None, Some("d"))];
        make(root, &good).unwrap();
        assert_eq!((there("a"), there("b/c/d")), (Some("new".into()), Some("d".into())));
        make(root, &[change("b/c/d", Some("d"), None)]).unwrap();
        assert!(root.join("b").is_dir() && !root.join("b/c").exists());
        // `a` is a file, and no folder to write into.
        let bad = [
            change("a", Some("new"), Some("newer")),
            change("x", None, Some("x")),
            change("a/b", None, Some("")),
        ];
        assert!(make(root, &bad).is_err());
        assert_eq!((there("a"), there("x")), (Some("new".into()), None));
    }

    /// A file keeps its permissions, and a link stays one.
    #[cfg(unix)]
    #[test]
    fn what_stays_of_a_file() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::write(root.join("real"), "old").unwrap();
        std::fs::set_permissions(root.join("real"), std::fs::Permissions::from_mode(0o640)).unwrap();
        symlink("real", root.join("link")).unwrap();
        make(root, &[change("link", Some("old"), Some("new"))]).unwrap();
        assert!(root.join("link").symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(root.join("real")).unwrap(), "new");
        let mode = root.join("real").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }
}
