//! Finding programs on `PATH`, as a shell does, and whether this slt is one of them.

use std::path::PathBuf;

use super::os::Invocation;

/// Where a program lies that a shell would find; the first on `PATH`.
#[must_use]
pub fn find(invocation: &Invocation, program: &str) -> Option<PathBuf> {
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    let path = invocation.environment.get("PATH")?;
    std::env::split_paths(path)
        .map(|folder| invocation.directory.join(folder).join(&file))
        .find(|candidate| candidate.is_file())
}

/// The folder of the slt that is running, when it was started by its path and not found on `PATH`.
#[must_use]
pub fn own_folder(invocation: &Invocation) -> Option<PathBuf> {
    let program = PathBuf::from(invocation.arguments.first()?);
    let folder = program.parent().filter(|folder| !folder.as_os_str().is_empty())?;
    let folder = invocation.directory.join(folder);
    folder.canonicalize().ok()
}

/// The line to type so that `slt` is found, when it is not.
#[must_use]
pub fn mend_path(invocation: &Invocation) -> Option<String> {
    if find(invocation, "slt").is_some() {
        return None;
    }
    Some(match own_folder(invocation) {
        Some(folder) => format!("export PATH=\"$PATH:{}\"", folder.display()),
        None => "cargo install --path . --locked".to_owned(),
    })
}
