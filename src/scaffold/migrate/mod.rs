//! `slt migrate`: a slightfile of 0.1 or 0.2 as one of 1.0 that means the same, with its comments, order and spacing.
//!
//! What the old version did not read is kept as a comment: in 1.0 it would be an error, or mean something all of a sudden. What 1.0
//! cannot say is an error with its place, and then nothing is changed.
//!
//! | before | after |
//! |---|---|
//! | 0.1: `name = "kv.redis"` | `resource = "keyvalue.redis"`, `name = "*"`: a guest opens it under any name |
//! | 0.1: `secret_store = "configs.envvars"` | `KEY = "${envvars.KEY}"` for each key that the resources read |
//! | `kv.redis` | `keyvalue.redis` |
//! | `${local.K}` | `K` |

mod rewrite;
mod unread;

use std::collections::BTreeSet;

use rewrite::{rewritten, without_secret_settings};
use unread::without_unread_in_values;

use crate::catalogue::{CATALOGUE, Family};
use crate::slightfile::edit::layout::Layout;
use crate::slightfile::{Diagnostic, SPEC_VERSIONS, Slightfile, SpecVersion, Value, codes, parse, sort};
use crate::validate::{Artifact, validate};

/// What migrating comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The spec version that the file had.
    pub from: &'static str,
    /// The new text.
    pub text: String,
    /// What was kept as a comment, and must be known.
    pub notes: Vec<String>,
}

/// Brings a slightfile to 1.0. One that has it is handed back as it is.
///
/// `stored` says that what `slight secret` wrote may go, and which names the project's store of secrets has: nothing else may go.
///
/// # Errors
/// All problems: what is wrong in the file, and what 1.0 cannot say.
pub fn migrate(source_name: &str, text: &str, stored: Option<&BTreeSet<String>>) -> Result<Migrated, Vec<Diagnostic>> {
    let (slightfile, mut problems) = parse(source_name, text);
    let Some(slightfile) = slightfile else {
        return Err(problems);
    };
    let from = version_name(slightfile.specversion.value);
    if slightfile.specversion.value == SpecVersion::V1_0 {
        return Ok(Migrated {
            from,
            text: text.to_owned(),
            notes: Vec::new(),
        });
    }
    problems.extend(validate(&slightfile, None, &CATALOGUE, Artifact::App));
    let layout = Layout::parse(text);
    // A key that is missing is missing afterwards too, unless the file says where it comes from.
    let lacks_values = problems.iter().any(|problem| problem.code == codes::CONFIG_MISSING);
    problems.retain(|problem| problem.is_error() && problem.code != codes::CONFIG_MISSING);
    if let Some(layout) = layout {
        problems.extend(without_equivalent(&slightfile, &layout));
        problems.extend(local_secret_store(&slightfile, &layout).filter(|_| lacks_values));
        match stored {
            Some(stored) => problems.extend(not_stored(&slightfile, stored)),
            None => problems.extend(secret_settings(&layout)),
        }
    }
    if !problems.is_empty() {
        sort(&mut problems);
        return Err(problems);
    }
    let (text, mut notes) = without_unread_in_values(&without_secret_settings(text));
    let (text, more) = rewritten(&text);
    notes.extend(more);
    let (after, problems) = parse(source_name, &text);
    let entries = after.map(|after| after.capabilities.len());
    assert!(
        entries == Some(slightfile.capabilities.len()) && !problems.iter().any(Diagnostic::is_error),
        "a migrated slightfile has errors of the grammar: {problems:?}"
    );
    Ok(Migrated { from, text, notes })
}

fn version_name(version: SpecVersion) -> &'static str {
    let mut versions = SPEC_VERSIONS.iter();
    versions
        .find(|(_, known)| *known == version)
        .map_or("", |(name, _)| name)
}

/// Everything that 1.0 cannot say, each with the code that it would have there.
fn without_equivalent(slightfile: &Slightfile, layout: &Layout<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut families: Vec<Family> = Vec::new();
    for entry in &slightfile.capabilities {
        let Some(resource) = CATALOGUE.resource(&entry.resource.value) else {
            continue;
        };
        if resource.legacy {
            found.push(
                Diagnostic::error(
                    codes::RESOURCE_UNKNOWN,
                    format!("`{}` has no equivalent in specversion 1.0", resource.id),
                )
                .label(entry.resource.span.clone(), "ended with specversion 0.2")
                .hint("take `configs.envvars` or `configs.file`, or leave the entry out"),
            );
        }
        if slightfile.specversion.value == SpecVersion::V0_1 && families.contains(&resource.family) {
            found.push(
                Diagnostic::error(
                    codes::NAME_DUPLICATE,
                    "specversion 0.1 gives a component the first backend of a capability, and this is another",
                )
                .label(entry.resource.span.clone(), "only opened under this very name")
                .hint("leave it out; in specversion 1.0 each can have a name of its own"),
            );
        }
        families.push(resource.family);
        found.extend(entry.configs.values().filter_map(|config| {
            let raw = string(layout.text.get(config.value.span.clone())?)?;
            let message = match &config.value.value {
                Value::Reference { key, .. } if key.contains(":-") => {
                    "`:-` begins a default in specversion 1.0, and belongs to the key here"
                }
                Value::Literal(literal) if literal.contains("${") && *literal != raw => {
                    "this literal would be a reference in specversion 1.0"
                }
                _ => return None,
            };
            Some(
                Diagnostic::error(codes::REFERENCE, message)
                    .label(config.value.span.clone(), "has no equivalent")
                    .hint("take a key without it"),
            )
        }));
    }
    found
}

/// `secret_store = "configs.local"` of 0.1, which slt has no values of.
fn local_secret_store(slightfile: &Slightfile, layout: &Layout<'_>) -> Option<Diagnostic> {
    let is_local = slightfile.specversion.value == SpecVersion::V0_1 && slightfile.secret_store.is_none();
    let pairs = &layout.blocks.first()?.pairs;
    let written = pairs.iter().find(|pair| is_local && pair.path == ["secret_store"])?;
    Some(
        Diagnostic::error(
            codes::REFERENCE,
            "`configs.local` as `secret_store` has no equivalent in specversion 1.0",
        )
        .label(written.value.span.clone(), "gives no values")
        .hint("write \"configs.envvars\", to take them from the environment"),
    )
}

/// What would be lost with `[[secret_settings]]`: each name that the project's store of secrets does not have.
fn not_stored(slightfile: &Slightfile, stored: &BTreeSet<String>) -> Vec<Diagnostic> {
    let mut named = BTreeSet::new();
    let settings = slightfile.secret_settings.iter().map(|setting| &setting.name);
    settings
        .filter(|name| !stored.contains(&name.value) && named.insert(&name.value))
        .map(|name| {
            Diagnostic::error(
                codes::KEY_OF_OTHER_VERSION,
                format!(
                    "the secret `{}` is not stored outside of the project yet",
                    name.value.escape_debug()
                ),
            )
            .label(name.span.clone(), "would be lost")
            .hint("copy it with `slt secret import` first; or take it out of the file, if it is not needed any more")
        })
        .collect()
}

fn secret_settings(layout: &Layout<'_>) -> Option<Diagnostic> {
    let is_it = |path: &[String]| path.first().is_some_and(|first| first == "secret_settings");
    let header = layout
        .blocks
        .iter()
        .find(|block| is_it(&block.path))
        .and_then(|block| block.header.clone());
    let root = layout.blocks.first()?;
    let key = || {
        root.pairs
            .iter()
            .find(|pair| is_it(&pair.path))
            .map(|pair| pair.key.clone())
    };
    Some(
        Diagnostic::error(
            codes::KEY_OF_OTHER_VERSION,
            "specversion 1.0 has no `[[secret_settings]]`: secrets lie outside of the project",
        )
        .label(header.or_else(key)?, "would be lost")
        .hint(
            "copy them with `slt secret import` first; then `slt migrate --drop-secret-settings` takes them out of the file",
        ),
    )
}

/// A string that is written in TOML.
fn string(written: &str) -> Option<String> {
    let value: toml_edit::Value = written.parse().ok()?;
    value.as_str().map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests;
