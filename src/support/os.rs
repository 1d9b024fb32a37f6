//! What the operating system is asked for: arguments, environment, folders, file modes. What is Unix-only lies here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

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
pub fn invocation() -> Invocation {
    Invocation {
        arguments: std::env::args_os().collect(),
        environment: std::env::vars_os()
            .filter_map(|(name, value)| name.into_string().ok().map(|name| (name, value)))
            .collect(),
        directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
    }
}
