//! `slt add`: what an entry for a resource should say, and everything that is to be changed so that it is there.
//!
//! It decides and writes nothing. Each part is done where it is missing, so that a second time nothing is left to do.

use std::path::PathBuf;

use super::changes::Change;
use super::imports::Names;
use super::refusal::Refusal;
use super::{cargo, imports};
use crate::catalogue::{CATALOGUE, Capability as Kind, Family, Key, Maturity, Need, Resource};
use crate::project::WitFolder;
use crate::slightfile::edit::{self, NewEntry};
use crate::slightfile::{Capability, Edit, Slightfile, SpecVersion, Store, apply, nearest};

/// The name of an entry that is given none. Guests open it so on other hosts too, and it says that there is one.
pub const DEFAULT_NAME: &str = "default";

/// The files of a project that entries are added to and taken out of.
#[derive(Debug)]
pub struct Sources<'a> {
    /// The slightfile's path from the project's folder.
    pub file: PathBuf,
    /// Its text.
    pub text: &'a str,
    /// What it says; it has no errors of the grammar.
    pub slightfile: &'a Slightfile,
    /// The `wit` folder, if there is one.
    pub wit: Option<&'a WitFolder>,
    /// The text of `Cargo.toml`, if there is one.
    pub manifest: Option<&'a str>,
    /// Whether the project's Rust sources name `wit_bindgen`.
    pub uses_bindgen: bool,
    /// The Rust sources below `src` and `tests`, with their paths from the project's folder; not more than a note is worth.
    pub rust: &'a [(PathBuf, String)],
}

/// What adding comes to.
#[derive(Debug)]
pub struct Added {
    /// The resource, by its id of today.
    pub resource: &'static str,
    /// The name of the entry; nothing in 0.1.
    pub name: Option<String>,
    /// Whether the entry is new.
    pub is_new: bool,
    /// What is to be changed; nothing when all is there.
    pub changes: Vec<Change>,
    /// What could not be done, or must be known.
    pub notes: Vec<String>,
}

/// What to add.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The resource, by any of its ids.
    pub resource: &'a str,
    /// The name of the entry.
    pub name: Option<&'a str>,
    /// Whether the world is to have the interface with slight's names, and not today's.
    pub compat: bool,
}

/// Plans to add an entry.
///
/// # Errors
/// When there is no such resource, or its name cannot be had, or its capability has no interface with slight's names.
pub fn add(sources: &Sources<'_>, wanted: Wanted<'_>) -> Result<Added, Refusal> {
    let (slightfile, name) = (sources.slightfile, wanted.name);
    let version = slightfile.specversion.value;
    let resource = known(wanted.resource, version)?;
    let kind = CATALOGUE.capability(resource.family);
    let names = match wanted.compat {
        true => compat(kind)?,
        false => Names::Today,
    };
    let there = existing(sources, resource, name)?;
    let mut added = Added {
        resource: resource.id,
        name: match version {
            SpecVersion::V0_1 => None,
            _ => Some(
                there
                    .map_or(name.unwrap_or(DEFAULT_NAME), |entry| &entry.name.value)
                    .to_owned(),
            ),
        },
        is_new: there.is_none(),
        changes: Vec::new(),
        notes: Vec::new(),
    };
    if there.is_none() {
        let edits = entry_edits(sources, resource, added.name.as_deref())?;
        added.changes.push(change(&sources.file, sources.text, &edits));
    }
    let others = |family: Option<Family>| {
        slightfile.capabilities.iter().any(|entry| {
            let is_it = there.is_some_and(|there| there.span == entry.span);
            let resource = CATALOGUE.resource(&entry.resource.value);
            !is_it && (family.is_none() || family == resource.map(|resource| resource.family))
        })
    };
    let is_first = !others(Some(resource.family));
    if let (Some(kind), true) = (kind, is_first || names == Names::Compat) {
        add_imports(sources, kind, names, &mut added)?;
    }
    // what is brought over from slight has its entries, and another crate for its bindings
    if let (Some(manifest), true) = (sources.manifest, names == Names::Compat || !others(None)) {
        let edits = cargo::add(manifest);
        if !edits.is_empty() {
            added
                .changes
                .push(change(&PathBuf::from("Cargo.toml"), manifest, &edits));
        }
    }
    if added.is_new {
        added.notes.extend(notes(sources, resource));
    }
    Ok(added)
}

/// A file with edits made.
pub(super) fn change(file: &std::path::Path, text: &str, edits: &[Edit]) -> Change {
    Change {
        file: file.to_owned(),
        before: Some(text.to_owned()),
        after: Some(apply(text, edits)),
    }
}

/// A resource that a spec version has.
pub(super) fn known(written: &str, version: SpecVersion) -> Result<&'static Resource, Refusal> {
    match CATALOGUE.resource(written) {
        Some(resource) if resource.legacy && version == SpecVersion::V1_0 => Err(Refusal::Legacy(resource.id)),
        Some(resource) => Ok(resource),
        None => Err(Refusal::UnknownResource {
            written: written.to_owned(),
            nearest: nearest(written, CATALOGUE.ids()),
            choices: choices(written),
        }),
    }
}

/// The resources of the capability that was written, or the capabilities.
fn choices(written: &str) -> String {
    let prefix = written.split('.').next().unwrap_or_default();
    let kind = CATALOGUE.capabilities.iter().find(|kind| kind.name == prefix);
    let quoted = |words: &[&str]| -> String {
        let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        words.join(", ")
    };
    match kind {
        Some(kind) => {
            let resources = CATALOGUE.resources.iter();
            let ids: Vec<_> = resources
                .filter(|r| r.family == kind.family && !r.legacy)
                .map(|r| r.id)
                .collect();
            format!("the resources of `{prefix}` are {}", quoted(&ids))
        }
        None => {
            let names: Vec<_> = CATALOGUE.capabilities.iter().map(|kind| kind.name).collect();
            format!(
                "a resource is `<capability>.<backend>`; the capabilities are {}",
                quoted(&names)
            )
        }
    }
}

/// The line of a place, from 1.
pub(super) fn line(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}

/// The entry that was asked for, when it is there. Without a name, any entry of the resource is.
fn existing<'a>(
    sources: &Sources<'a>,
    resource: &Resource,
    name: Option<&str>,
) -> Result<Option<&'a Capability>, Refusal> {
    let slightfile = sources.slightfile;
    let of_resource = |entry: &&Capability| {
        CATALOGUE
            .resource(&entry.resource.value)
            .is_some_and(|known| known.id == resource.id)
    };
    let first = slightfile.capabilities.iter().find(of_resource);
    match (slightfile.specversion.value, name) {
        (SpecVersion::V0_1, Some(_)) => return Err(Refusal::NameIn0_1),
        (_, Some("")) => return Err(Refusal::EmptyName),
        (SpecVersion::V0_1, None) if first.is_none() => {
            return family(slightfile, resource).next().map_or(Ok(None), |entry| {
                Err(Refusal::SecondIn0_1 {
                    resource: entry.resource.value.clone(),
                    line: line(sources.text, entry.span.start),
                })
            });
        }
        (_, None) if first.is_some() => return Ok(first),
        _ => {}
    }
    let name = name.unwrap_or(DEFAULT_NAME);
    for entry in family(slightfile, resource) {
        let there = entry.name.value.as_str();
        let (whose, line) = (entry.resource.value.clone(), line(sources.text, entry.span.start));
        if there == name && of_resource(&entry) {
            return Ok(Some(entry));
        }
        if there == name {
            return Err(Refusal::NameTaken {
                name: name.to_owned(),
                resource: whose,
                line,
            });
        }
        if there == "*" {
            return Err(Refusal::NameBesideStar { resource: whose, line });
        }
        if name == "*" {
            return Err(Refusal::StarBesideName {
                name: there.to_owned(),
                resource: whose,
                line,
            });
        }
    }
    Ok(None)
}

/// The entries of a resource's capability.
fn family<'a>(slightfile: &'a Slightfile, resource: &Resource) -> impl Iterator<Item = &'a Capability> {
    let family = resource.family;
    slightfile.capabilities.iter().filter(move |entry| {
        let known = CATALOGUE.resource(&entry.resource.value);
        known.is_some_and(|known| known.family == family)
    })
}

fn entry_edits(sources: &Sources<'_>, resource: &'static Resource, name: Option<&str>) -> Result<Vec<Edit>, Refusal> {
    let version = sources.slightfile.specversion.value;
    let keys: Vec<&Key> = needed_keys(resource).collect();
    if version == SpecVersion::V0_1 && !keys.is_empty() && sources.slightfile.secret_store.is_none() {
        let keys: Vec<_> = keys.iter().map(|key| format!("`{}`", key.name)).collect();
        return Err(Refusal::NoSecretStore {
            resource: resource.id,
            keys: keys.join(" and "),
        });
    }
    let entry = NewEntry {
        resource: resource.id.to_owned(),
        name: name.unwrap_or_default().to_owned(),
        configs: keys
            .iter()
            .map(|key| (key.name.to_owned(), key.example.to_owned()))
            .collect(),
    };
    let edits = edit::add(sources.text, version, &entry);
    let after = crate::slightfile::parse("", &apply(sources.text, &edits));
    let entries = after.0.map_or(0, |slightfile| slightfile.capabilities.len());
    assert!(
        entries == sources.slightfile.capabilities.len() + 1,
        "a slightfile with an entry more has {entries} entries"
    );
    Ok(edits)
}

/// The keys without which a resource does not start; of two that stand for each other, the first.
fn needed_keys(resource: &'static Resource) -> impl Iterator<Item = &'static Key> {
    let place = |name: &str| resource.keys.iter().position(|key| key.name == name);
    resource.keys.iter().filter(move |key| match key.need {
        Need::Required => true,
        Need::Or(other) => place(key.name) < place(other),
        Need::Optional => false,
    })
}

/// Slight's names, where a capability has them.
fn compat(kind: Option<&'static Kind>) -> Result<Names, Refusal> {
    let has = |kind: &Kind| kind.imports.iter().any(|hosted| hosted.compat);
    if kind.is_some_and(has) {
        return Ok(Names::Compat);
    }
    let others = CATALOGUE.capabilities.iter().filter(|kind| has(kind));
    Err(Refusal::NoCompat {
        capability: kind.map_or("", |kind| kind.name),
        others: others
            .map(|kind| format!("`{}`", kind.name))
            .collect::<Vec<_>>()
            .join(", "),
    })
}

fn add_imports(sources: &Sources<'_>, kind: &Kind, names: Names, added: &mut Added) -> Result<(), Refusal> {
    if let Some(folder) = sources.wit {
        let imports = imports::add(folder, kind, names)?;
        added.changes.extend(imports.changes);
        added.notes.extend(imports.notes);
    } else if !kind.imports.is_empty() {
        added.notes.push(format!(
            "there is no `wit` folder: the component's world must import what it uses of `{}`",
            kind.name
        ));
    }
    Ok(())
}

/// What the user must know of a new entry.
fn notes(sources: &Sources<'_>, resource: &'static Resource) -> Vec<String> {
    let slightfile = sources.slightfile;
    let version = slightfile.specversion.value;
    let mut notes = Vec::new();
    if resource.maturity == Maturity::Planned {
        notes.push(format!(
            "`{}` is planned, and not built yet: `slt check` accepts it, `slt run` and `slt test` do not start",
            resource.id
        ));
    }
    let store = match version {
        SpecVersion::V0_1 => slightfile.secret_store.as_ref().map(|store| store.value),
        _ => None,
    };
    for key in needed_keys(resource) {
        let from_environment = key.example.starts_with("${envvars.") || store == Some(Store::Envvars);
        notes.push(match store {
            _ if from_environment => format!("set `{}` in the environment: {}", key.name, key.help),
            Some(store) => format!("set `{}` in `configs.{}`: {}", key.name, store.name(), key.help),
            None => format!("look at `{}` in `{}`: {}", key.name, sources.file.display(), key.help),
        });
    }
    match resource.family {
        Family::Http if !exports_handler(sources.wit) => notes.push(
            "the world does not export `wasi:http/incoming-handler` yet: that takes code, as `slt new NAME --with http` shows"
                .to_owned(),
        ),
        Family::HttpClient if version < SpecVersion::V1_0 => notes.push(
            "no host can be called: [outbound] belongs to specversion 1.0, to which `slt migrate` brings the file".to_owned(),
        ),
        Family::HttpClient if slightfile.outbound.is_empty() => notes
            .push("no host can be called yet: grant some with [outbound] hosts = [\"https://api.example.com\"]".to_owned()),
        _ => {}
    }
    notes
}

fn exports_handler(wit: Option<&WitFolder>) -> bool {
    let mut exports = wit.into_iter().flat_map(|folder| &folder.interfaces.exports);
    exports.any(|export| export.package == "wasi:http" && export.name == "incoming-handler")
}
