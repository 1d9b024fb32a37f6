//! What the operating system is asked for: arguments, environment, folders, file modes. What is Unix-only lies here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Arguments, environment and current directory of this process, read once at its start.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The arguments, the program's name first.
    pub arguments: Vec<OsString>,
    /// The environment; names that are not UTF-8 are left out.
    pub environment: BTreeMap<String, OsString>,
    /// The current directory.
    pub directory: PathBuf,
}

/// Reads arguments, environment and current directory.
#[must_use]
#[allow(clippy::disallowed_methods)] // the one place where the current directory is asked for
pub fn invocation() -> Invocation {
    Invocation {
        arguments: std::env::args_os().collect(),
        environment: std::env::vars_os()
            .filter_map(|(name, value)| name.into_string().ok().map(|name| (name, value)))
            .collect(),
        directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
    }
}

/// What the operating system says, as a part of a sentence: `connection refused`.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or_default();
    let mut letters = text.chars();
    // `Is a directory`, and not `IPv6 …`
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_owned(),
    }
}

/// Makes a directory that only this user can enter, or checks that it is one.
///
/// # Errors
/// It cannot be made, is not a directory, belongs to somebody else, or others can enter it.
pub fn private_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() {
        return Err(io::Error::other(format!("`{}` is not a directory", path.display())));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let probe = create_new(path, "probe")?;
        let owner = probe.1.metadata().map(|probe| probe.uid());
        fs::remove_file(&probe.0)?;
        let owner = owner?;
        if metadata.mode() & 0o077 != 0 || metadata.uid() != owner {
            return Err(io::Error::other(format!(
                "`{}` can be entered by others",
                path.display()
            )));
        }
    }
    Ok(())
}

/// Writes a file so that others see the old content or the new, never a part.
///
/// # Errors
/// What the file system says.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (temporary, mut file) = create_new(folder, &name)?;
    let written = file.write_all(bytes).and_then(|()| fs::rename(&temporary, path));
    written.inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

/// Writes a file that is there as [`write_atomically`] does, and leaves what it was: a link stays a link, and its
/// permissions stay.
///
/// # Errors
/// It may not be written to, or what the file system says.
pub fn replace_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let permissions = fs::metadata(&path)?.permissions();
    if permissions.readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (temporary, mut file) = create_new(folder, &name)?;
    let written = file
        .set_permissions(permissions)
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&temporary, &path));
    written.inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

/// How many names for a temporary file are tried.
const MAX_NAMES: u32 = 1_000;

/// Makes a file that nobody else has: processes in different containers can have one number.
fn create_new(folder: &Path, name: &str) -> io::Result<(PathBuf, fs::File)> {
    let process = std::process::id();
    for number in 0..MAX_NAMES {
        let path = folder.join(format!(".{name}.{process}.{number}"));
        match fs::OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other(format!(
        "`{}` is full of temporary files",
        folder.display()
    )))
}

/// The user's own folder for what can be made again, as the environment says; `None`: there is none.
#[must_use]
pub fn cache_directory(environment: &BTreeMap<String, OsString>) -> Option<PathBuf> {
    let folder = |name: &str| {
        environment
            .get(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = folder("SLT_CACHE_DIR").or_else(|| {
        let base = if cfg!(windows) {
            folder("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            folder("HOME").map(|home| home.join("Library/Caches"))
        } else {
            folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))
        };
        base.map(|base| base.join("slt"))
    })?;
    base.is_absolute().then_some(base)
}

/// The user asks this process to end: Ctrl-C, and on Unix SIGTERM.
pub struct Interrupts {
    #[cfg(unix)]
    signals: Option<(tokio::signal::unix::Signal, tokio::signal::unix::Signal)>,
}

impl Interrupts {
    /// Listens from now on: before anybody is told that there is something to end. Must be called on a runtime.
    #[must_use]
    pub fn listen() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let signals = signal(SignalKind::terminate())
                .ok()
                .zip(signal(SignalKind::interrupt()).ok());
            Self { signals }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Resolves at the next of them.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        if let Some((terminate, interrupt)) = &mut self.signals {
            tokio::select! {
                biased;
                _ = terminate.recv() => return,
                _ = interrupt.recv() => return,
            }
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}
