//! Cargo configuration that cargo does not read.
//!
//! Cargo looks for `.cargo/config.toml` in the folder that it is started in, and above it. A project that is a member of
//! a workspace keeps its target and runner in a folder below, and `cargo test -p member` from the root does without
//! them, in silence.

use std::path::{Path, PathBuf};

use toml_edit::{Document, Item};

/// What the templates are compiled for.
pub const WASM_TARGET: &str = "wasm32-wasip2";

/// How many members are looked at.
const MEMBERS_MAX: usize = 1_000;

/// A configuration with a runner for the wasm target that cargo does not read from the workspace's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The file.
    pub config: String,
    /// The member that it belongs to.
    pub member: String,
    /// The workspace's root.
    pub workspace: String,
}

/// Finds the members of the workspace around `directory` whose runner is not read from the workspace's root.
#[must_use]
pub fn unread_cargo_configs(directory: &Path) -> Vec<Unread> {
    let Some((root, members)) = directory
        .ancestors()
        .find_map(|folder| Some((folder, members(folder)?)))
    else {
        return Vec::new();
    };
    // What stands at the root, or above it, is read from everywhere.
    if root.ancestors().any(has_runner) {
        return Vec::new();
    }
    members
        .into_iter()
        .filter(|member| has_runner(member))
        .map(|member| Unread {
            config: member.join(".cargo/config.toml").display().to_string(),
            member: member.display().to_string(),
            workspace: root.display().to_string(),
        })
        .collect()
}

fn has_runner(folder: &Path) -> bool {
    let config = read(&folder.join(".cargo/config.toml")).or_else(|| read(&folder.join(".cargo/config")));
    config.is_some_and(|config| {
        let target = config
            .as_table()
            .get("target")
            .and_then(|target| target.get(WASM_TARGET));
        target.and_then(|target| target.get("runner")).is_some()
    })
}

/// The folders of a workspace's members, other than its root; nothing when the folder is no workspace's root.
fn members(folder: &Path) -> Option<Vec<PathBuf>> {
    let manifest = read(&folder.join("Cargo.toml"))?;
    let workspace = manifest.as_table().get("workspace")?;
    let patterns = workspace.get("members").and_then(Item::as_array);
    let mut members = Vec::new();
    for pattern in patterns.into_iter().flatten().filter_map(|value| value.as_str()) {
        match pattern.strip_suffix("/*") {
            Some(parent) => {
                let entries = std::fs::read_dir(folder.join(parent)).into_iter().flatten().flatten();
                members.extend(entries.take(MEMBERS_MAX).map(|entry| entry.path()));
            }
            None if pattern != "." => members.push(folder.join(pattern)),
            None => {}
        }
    }
    members.sort();
    members.truncate(MEMBERS_MAX);
    Some(members)
}

fn read(path: &Path) -> Option<Document<String>> {
    const MANIFEST_MAX_BYTES: u64 = 1 << 20;
    if std::fs::metadata(path).ok()?.len() > MANIFEST_MAX_BYTES {
        return None;
    }
    Document::parse(std::fs::read_to_string(path).ok()?).ok()
}
