//! `compile_commands.json`, from which clangd and other tools know how each source is compiled
//! (<https://clang.llvm.org/docs/JSONCompilationDatabase.html>). It lies in `build/`, where clangd looks for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::super::BuildError;
use super::super::dist::{create_folder, file, replace};

/// How one source is compiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Where the command runs.
    pub directory: PathBuf,
    /// The source.
    pub file: PathBuf,
    /// The command.
    pub arguments: Vec<String>,
    /// What it makes.
    pub output: PathBuf,
}

/// The sources that this build knows, by their paths.
#[derive(Debug, Default)]
pub(super) struct Database(Mutex<BTreeMap<PathBuf, Entry>>);

impl Database {
    /// Adds sources.
    pub fn add(&self, entries: impl Iterator<Item = Entry>) {
        if let Ok(mut known) = self.0.lock() {
            known.extend(entries.map(|entry| (entry.file.clone(), entry)));
        }
    }

    /// Writes them beside the others that lie there, as far as they are this project's and their sources are still there. The application and its tests are
    /// built one after the other.
    pub fn write(&self, root: &Path, folder: &Path) -> Result<(), BuildError> {
        let path = folder.join("compile_commands.json");
        let there: Vec<Entry> = std::fs::read(&path)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        let mut all: BTreeMap<PathBuf, Entry> = there
            .iter()
            .filter(|entry| entry.directory == root && entry.file.is_file())
            .map(|entry| (entry.file.clone(), entry.clone()))
            .collect();
        if let Ok(known) = self.0.lock() {
            all.extend(known.clone());
        }
        let all: Vec<Entry> = all.into_values().collect();
        if all == there {
            return Ok(());
        }
        create_folder(folder)?;
        let text = serde_json::to_string_pretty(&all).map_err(std::io::Error::from);
        text.and_then(|text| replace(&path, format!("{text}\n").as_bytes()))
            .map_err(file("write", &path))
    }
}
