//! What stands at a place of a slightfile, or could: a header, a key of a table, a value of a key.
//!
//! It is found in the outline, so that it is also known in a file that does not parse. What may stand there is the question of
//! `completion`, what it means that of `hover`.

use std::ops::Range;

use super::outline::{Outline, Pair, Table, Value};
use crate::catalogue::{CATALOGUE, Resource};
use crate::slightfile::grammar::{self, Form, Known};
use crate::slightfile::{SPEC_VERSIONS, SpecVersion};

/// What stands at a place.
#[derive(Debug)]
pub struct Cursor<'o> {
    /// What it is.
    pub at: At<'o>,
    /// The table that it stands in, or that the header names.
    pub path: Vec<&'o str>,
    /// The entry of the array of tables that it belongs to, as in [`Table::entry`].
    pub entry: usize,
}

/// What stands there.
#[derive(Debug)]
pub enum At<'o> {
    /// The header of a table.
    Header(&'o Table),
    /// A key, or a place where one can begin.
    Key {
        /// The word; empty where there is none yet.
        range: Range<usize>,
        /// The word.
        word: &'o str,
        /// Whether `=` stands behind it.
        has_value: bool,
        /// Whether it stands in braces.
        is_inline: bool,
    },
    /// The value of this key, or the place where it can begin.
    Value {
        /// The key.
        key: &'o str,
        /// The value; nothing when none is there.
        value: Option<&'o Value>,
    },
    /// Nothing that anything is known about: a comment, a place behind a value.
    Nothing,
}

/// What a key of a table may be.
#[derive(Debug, Clone, Copy)]
pub enum Keys {
    /// Those of the grammar.
    Known(&'static grammar::Table),
    /// Those of the resource of the entry.
    Configs,
    /// Any.
    Any,
}

/// Finds what stands at a byte.
#[must_use]
pub fn at<'o>(text: &str, outline: &'o Outline, byte: usize) -> Cursor<'o> {
    let nothing = |table: &'o Table| Cursor {
        at: At::Nothing,
        path: table.path.iter().map(String::as_str).collect(),
        entry: table.entry,
    };
    if let Some(table) = outline.tables.iter().find(|table| is_in_header(table, byte)) {
        return Cursor {
            at: At::Header(table),
            ..nothing(table)
        };
    }
    let Some(table) = outline.tables.iter().rfind(|table| is_inside(table, byte)) else {
        return Cursor {
            at: At::Nothing,
            path: Vec::new(),
            entry: 0,
        };
    };
    let in_comment = |comment: &Range<usize>| comment.start < byte && byte <= comment.end;
    if outline.comments.iter().any(in_comment) {
        return nothing(table);
    }
    let pair = table.pairs.iter().find_map(|pair| in_pair(text, table, pair, byte));
    pair.or_else(|| fresh(text, table, byte))
        .unwrap_or_else(|| nothing(table))
}

fn is_in_header(table: &Table, byte: usize) -> bool {
    let end = |header: &Range<usize>| match table.closed {
        true => byte < header.end,
        false => byte <= header.end,
    };
    table
        .header
        .as_ref()
        .is_some_and(|header| header.start < byte && end(header))
}

/// Whether a byte stands below the header, or between the braces.
fn is_inside(table: &Table, byte: usize) -> bool {
    let is_inline = table.header.is_none() && !table.path.is_empty();
    match is_inline {
        false => table.extent.start <= byte && byte <= table.extent.end,
        true => table.extent.start < byte && byte < table.extent.end + usize::from(!table.closed),
    }
}

fn is_inline(table: &Table) -> bool {
    table.header.is_none() && !table.path.is_empty()
}

/// The key or the value of a pair, if the byte is in one of them.
fn in_pair<'o>(text: &str, table: &'o Table, pair: &'o Pair, byte: usize) -> Option<Cursor<'o>> {
    let mut path: Vec<&str> = table.path.iter().map(String::as_str).collect();
    for (part, range) in &pair.key {
        if range.start <= byte && byte <= range.end {
            return Some(Cursor {
                at: At::Key {
                    range: range.clone(),
                    word: part,
                    has_value: pair.equals.is_some(),
                    is_inline: is_inline(table),
                },
                path,
                entry: table.entry,
            });
        }
        path.push(part);
    }
    let key = path.pop()?;
    let begin = pair.equals?;
    // A place behind the blanks that follow `=`, too.
    let rest = text.get(begin..).unwrap_or_default();
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let end = pair
        .value
        .as_ref()
        .map_or(0, |value| value.range.end)
        .max(begin + blanks);
    let value = pair.value.as_ref().filter(|value| !value.range.is_empty());
    let is_before = value.is_some_and(|value| byte < value.range.start);
    (begin <= byte && byte <= end && !is_before).then_some(Cursor {
        at: At::Value { key, value },
        path,
        entry: table.entry,
    })
}

/// A place where a key can begin: a line without anything, or what follows `{` or `,`.
fn fresh<'o>(text: &str, table: &'o Table, byte: usize) -> Option<Cursor<'o>> {
    let before = text.get(..byte)?.trim_end_matches([' ', '\t']);
    let after = text.get(byte..)?.trim_start_matches([' ', '\t']);
    let begins = match is_inline(table) {
        true => before.ends_with(['{', ',', '\n']),
        false => {
            before.is_empty() || before.ends_with('\n') && (after.is_empty() || after.starts_with(['\n', '\r', '#']))
        }
    };
    begins.then(|| Cursor {
        at: At::Key {
            range: byte..byte,
            word: "",
            has_value: false,
            is_inline: is_inline(table),
        },
        path: table.path.iter().map(String::as_str).collect(),
        entry: table.entry,
    })
}

/// The spec version of the file; the newest, when it is none that there is.
#[must_use]
pub fn version(outline: &Outline) -> SpecVersion {
    let written = outline.text(&[], 0, "specversion");
    let known = SPEC_VERSIONS.iter().find(|(name, _)| Some(*name) == written);
    known.map_or(SpecVersion::V1_0, |(_, version)| *version)
}

/// The resource of an entry of `[[capability]]`, if it is one that there is.
#[must_use]
pub fn resource(outline: &Outline, entry: usize) -> Option<&'static Resource> {
    let key = match version(outline) {
        SpecVersion::V0_1 => "name",
        _ => "resource",
    };
    CATALOGUE.resource(outline.text(&["capability"], entry, key)?)
}

/// What the keys of a table may be.
#[must_use]
pub fn keys(path: &[&str]) -> Option<Keys> {
    let mut keys = Keys::Known(grammar::ROOT);
    for part in path {
        let Keys::Known(table) = keys else { return None };
        keys = match table.keys.iter().find(|known| known.key == *part)?.form {
            Form::Table(table) | Form::Tables(table) => Keys::Known(table),
            Form::Configs => Keys::Configs,
            Form::Map => Keys::Any,
            _ => return None,
        };
    }
    Some(keys)
}

/// What the grammar says of a key.
#[must_use]
pub fn known(path: &[&str], key: &str) -> Option<&'static Known> {
    match keys(path)? {
        Keys::Known(table) => table.keys.iter().find(|known| known.key == key),
        Keys::Configs | Keys::Any => None,
    }
}
