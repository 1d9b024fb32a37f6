//! The little that is read of `Cargo.toml` itself. The rest is cargo's, and comes with its messages.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use toml_edit::{DocumentMut, Item};

use super::{BuildError, BuildPlan};

/// The largest manifest that is read, in bytes.
const MANIFEST_MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The manifest of the plan's package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    /// Where it lies.
    pub path: PathBuf,
    /// Whether it is that of a workspace which is no package.
    pub workspace_only: bool,
    /// Which of its programs `cargo run` takes.
    pub default_run: Option<String>,
}

/// Reads the manifest. What is wrong in it is left to cargo to say.
pub(super) fn read(plan: &BuildPlan) -> Result<Manifest, BuildError> {
    let path = plan.root.join("Cargo.toml");
    let mut text = String::new();
    let read = File::open(&path).and_then(|file| file.take(MANIFEST_MAX_BYTES).read_to_string(&mut text));
    match read {
        Ok(_) => Ok(parse(path, &text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(BuildError::NoManifest(plan.root.clone())),
        Err(source) => Err(BuildError::File {
            verb: "read",
            path,
            source,
        }),
    }
}

fn parse(path: PathBuf, text: &str) -> Manifest {
    let Ok(document) = text.parse::<DocumentMut>() else {
        return Manifest {
            path,
            ..Manifest::default()
        };
    };
    let package = document.get("package");
    Manifest {
        path,
        workspace_only: package.is_none() && document.contains_key("workspace"),
        default_run: package
            .and_then(|package| package.get("default-run"))
            .and_then(Item::as_str)
            .map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, workspace_only: bool, default_run: Option<&str>) {
        let manifest = parse("Cargo.toml".into(), text);
        assert_eq!(
            (manifest.workspace_only, manifest.default_run.as_deref()),
            (workspace_only, default_run),
            "{text}"
        );
    }

    #[test]
    fn a_workspace_is_told_from_a_package() {
        check("[workspace]\nmembers = []", true, None);
        check("[package]\nname = 'a'\n[workspace]", false, None);
        check("[package]\nname = 'a'\ndefault-run = 'b'", false, Some("b"));
        check("", false, None);
        check("[package", false, None);
    }
}
