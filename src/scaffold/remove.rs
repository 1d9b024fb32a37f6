//! `slt remove`: everything that is to be changed so that an entry is gone, and what came with it.
//!
//! *Invariant:* what `add` has changed is as it was before, byte for byte, when nothing was changed between.

use std::path::PathBuf;

use super::add::{Sources, change, known};
use super::changes::Change;
use super::refusal::Refusal;
use super::{bindings, cargo, imports};
use crate::catalogue::CATALOGUE;
use crate::slightfile::{Capability, SpecVersion, edit};

/// What removing comes to.
#[derive(Debug)]
pub struct Removed {
    /// The resource, by its id of today.
    pub resource: &'static str,
    /// The name of the entry; nothing in 0.1.
    pub name: Option<String>,
    /// What is to be changed.
    pub changes: Vec<Change>,
    /// Comments that go with what is removed.
    pub comments: Vec<String>,
    /// What could not be done, or must be known.
    pub notes: Vec<String>,
}

/// Plans to remove an entry.
///
/// # Errors
/// When there is no such entry, or several.
pub fn remove(sources: &Sources<'_>, resource: &str, name: Option<&str>) -> Result<Removed, Refusal> {
    let entries = &sources.slightfile.capabilities;
    let version = sources.slightfile.specversion.value;
    if version == SpecVersion::V0_1 && name.is_some() {
        return Err(Refusal::NameIn0_1);
    }
    let resource = known(resource, SpecVersion::V0_2)?;
    let family = |entry: &Capability| CATALOGUE.resource(&entry.resource.value).map(|known| known.family);
    let is_it = |entry: &Capability| {
        let known = CATALOGUE.resource(&entry.resource.value);
        known.is_some_and(|known| known.id == resource.id) && name.is_none_or(|name| entry.name.value == name)
    };
    let matching: Vec<_> = entries.iter().enumerate().filter(|(_, entry)| is_it(entry)).collect();
    let (index, entry) = match matching.as_slice() {
        [(index, entry)] => (*index, *entry),
        [] => {
            return Err(Refusal::NotThere {
                wanted: called(resource.id, name),
                there: listed(entries, version),
            });
        }
        several => {
            return Err(Refusal::Several {
                resource: resource.id,
                count: several.len(),
                names: names(several),
            });
        }
    };
    let removal = edit::remove(sources.text, index);
    let mut removed = Removed {
        resource: resource.id,
        name: (version != SpecVersion::V0_1).then(|| entry.name.value.clone()),
        changes: vec![change(&sources.file, sources.text, &removal.edits)],
        comments: removal.comments,
        notes: Vec::new(),
    };
    let others = || {
        entries
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index)
            .map(|(_, entry)| entry)
    };
    let kind = CATALOGUE.capability(resource.family);
    let is_last = !others().any(|other| family(other) == Some(resource.family));
    if let (Some(folder), Some(kind), true) = (sources.wit, kind, is_last) {
        let imports = imports::remove(folder, kind);
        removed.changes.extend(imports.changes);
        removed.comments.extend(imports.comments);
        removed.notes.extend(imports.notes);
    }
    if let (Some(kind), true) = (kind.filter(|kind| kind.family.needs_entry()), is_last) {
        removed.notes.extend(bindings::still_named(sources.rust, kind));
    }
    if let (Some(manifest), None, false) = (sources.manifest, others().next(), sources.uses_bindgen) {
        let edits = cargo::remove(manifest);
        if !edits.is_empty() {
            removed
                .changes
                .push(change(&PathBuf::from("Cargo.toml"), manifest, &edits));
        }
    }
    Ok(removed)
}

fn called(resource: &str, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("`{resource}` called `{name}`"),
        None => format!("`{resource}`"),
    }
}

fn listed(entries: &[Capability], version: SpecVersion) -> String {
    let name = |entry: &Capability| (version != SpecVersion::V0_1).then(|| entry.name.value.clone());
    let listed: Vec<_> = entries
        .iter()
        .map(|entry| called(&entry.resource.value, name(entry).as_deref()))
        .collect();
    listed.join(", ")
}

fn names(entries: &[(usize, &Capability)]) -> String {
    let names: Vec<_> = entries
        .iter()
        .map(|(_, entry)| format!("`{}`", entry.name.value))
        .collect();
    names.join(", ")
}
