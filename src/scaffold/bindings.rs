//! Which Rust sources use a capability's bindings: `wasi::keyvalue` of the package `wasi:keyvalue`.
//!
//! It looks for the path's words, and reads no Rust: a comment that has them counts too. What is said of it is a note, and nothing
//! is changed because of it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::catalogue::Capability;

/// How far into a `{` of a `use` is looked, in bytes; rustfmt's lines have 100.
const GROUP_MAX_BYTES: usize = 4 << 10;

/// How many files a note names.
const NAMED_MAX: usize = 10;

/// A note for each package of a capability that sources still name.
pub fn still_named(sources: &[(PathBuf, String)], capability: &Capability) -> Vec<String> {
    let packages: BTreeSet<_> = capability.imports.iter().map(|hosted| hosted.package).collect();
    let note = |package: &str| {
        let (namespace, name) = package.split_once(':')?;
        let (namespace, name) = (namespace.replace('-', "_"), name.replace('-', "_"));
        let files = sources.iter().filter(|(_, text)| names(text, &namespace, &name));
        let files: Vec<_> = files.map(|(file, _)| shown(file)).collect();
        let verb = if files.len() == 1 { "names" } else { "name" };
        let path = format!("`{namespace}::{name}`");
        (!files.is_empty()).then(|| format!("{} still {verb} {path}: nothing stands behind it now", listed(&files)))
    };
    packages.into_iter().filter_map(note).collect()
}

fn shown(file: &std::path::Path) -> String {
    format!("`{}`", file.display().to_string().replace('\\', "/"))
}

fn listed(files: &[String]) -> String {
    let named = files.get(..NAMED_MAX).unwrap_or(files).join(", ");
    match files.len().saturating_sub(NAMED_MAX) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Whether `namespace::name` is in a text, or `namespace::{…, name…}`.
fn names(text: &str, namespace: &str, name: &str) -> bool {
    text.match_indices(namespace).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + namespace.len()..).unwrap_or_default();
        let below = after.trim_start().strip_prefix("::").map(str::trim_start);
        !before.is_some_and(is_of_word)
            && below.is_some_and(|below| {
                begins_with_word(below, name) || below.strip_prefix('{').is_some_and(|group| has_word(group, name))
            })
    })
}

/// Whether one of the parts of a `use` in braces begins with a word; `group` is what comes after the brace.
fn has_word(group: &str, word: &str) -> bool {
    let (mut depth, mut begins) = (0usize, true);
    for (at, letter) in group.char_indices().take_while(|(at, _)| *at < GROUP_MAX_BYTES) {
        let is_here = || group.get(at..).is_some_and(|rest| begins_with_word(rest, word));
        if depth == 0 && begins && is_here() {
            return true;
        }
        begins = match letter {
            ',' => true,
            letter => begins && letter.is_whitespace(),
        };
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return false,
            '}' => depth -= 1,
            _ => {}
        }
    }
    false
}

fn begins_with_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word)
        .is_some_and(|rest| !rest.starts_with(is_of_word))
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_a_package() {
        for (text, expected) in [
            ("use crate::bindings::wasi::keyvalue::store;", true),
            ("use wasi :: keyvalue ;", true),
            (
                "use wasi::{http::types::{Method, Scheme}, keyvalue::store::Error};",
                true,
            ),
            ("use wasi::{\n    keyvalue,\n};", true),
            ("use wasi::keyvalues; use mywasi::keyvalue; use wasi::http;", false),
            ("use wasi::{http::{keyvalue}}; mod keyvalue;", false),
            ("use wasi::{io}; use other::{keyvalue};", false),
            ("use wasi::{", false),
            ("", false),
        ] {
            assert_eq!(names(text, "wasi", "keyvalue"), expected, "{text}");
        }
    }

    #[test]
    fn a_note_is_short() {
        let sources: Vec<_> = (0..12)
            .map(|number| {
                (
                    PathBuf::from(format!("src/{number}.rs")),
                    "wasi::config::store".to_owned(),
                )
            })
            .collect();
        let capability = crate::catalogue::CATALOGUE.capability(crate::catalogue::Family::Configs);
        let notes = still_named(&sources, capability.unwrap());
        assert_eq!(notes.len(), 1);
        assert!(
            notes[0].contains("`src/9.rs` and 2 more still name `wasi::config`"),
            "{notes:?}"
        );
    }
}
