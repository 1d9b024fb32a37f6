//! Keys that the old version did not read: why not, and out of inline tables with them.
//!
//! They are kept as comments. In an inline table there is no place for a comment that is safe in every TOML, so that it stands above
//! the line of the outermost key.

use crate::catalogue::{CATALOGUE, Resource};
use crate::slightfile::edit::layout::{Block, Inside, Item, Layout, Pair, Value, item_removal, spans};
use crate::slightfile::grammar::{Form, ROOT};
use crate::slightfile::{Edit, Slightfile, SpecVersion, apply, parse};

use super::version_name;

/// Whether a spec version reads a key at this path.
fn is_read(path: &[&str], version: SpecVersion) -> bool {
    let mut table = ROOT;
    for segment in path {
        let known = table.keys.iter().find(|known| known.key == *segment);
        match known
            .filter(|known| known.versions.contains(&version))
            .map(|known| known.form)
        {
            None => return false,
            Some(Form::Table(below) | Form::Tables(below)) => table = below,
            // With keys of its own, or with none.
            Some(_) => return true,
        }
    }
    true
}

/// What an entry's keys mean: everything that must be known to say why one of them is not read.
pub struct Reader<'a> {
    pub slightfile: &'a Slightfile,
}

impl Reader<'_> {
    /// Why a key is not read, when it is not. `entry` is the number of the entry that it is in.
    pub fn unread(&self, path: &[&str], entry: Option<usize>) -> Option<String> {
        let version = self.slightfile.specversion.value;
        // `secret_store` is in the grammar of 0.2, which ignores it.
        if !is_read(path, version) || (version == SpecVersion::V0_2 && path == ["secret_store"]) {
            return Some(format!("specversion {} does not read this", version_name(version)));
        }
        let ["capability", "configs", key] = path else {
            return None;
        };
        let resource = self.resource(entry?)?;
        let known = resource.keys.iter().any(|known| known.name == *key);
        (!known).then(|| format!("`{}` has no such key", resource.id))
    }

    fn resource(&self, entry: usize) -> Option<&'static Resource> {
        CATALOGUE.resource(&self.slightfile.capabilities.get(entry)?.resource.value)
    }
}

/// Takes keys that are not read out of inline tables, one after the other, and puts them above as comments.
pub fn without_unread_in_values(text: &str) -> (String, Vec<String>) {
    let (mut text, mut notes) = (text.to_owned(), Vec::new());
    loop {
        let (Some(slightfile), Some(layout)) = (parse("", &text).0, Layout::parse(&text)) else {
            return (text, notes);
        };
        let reader = Reader {
            slightfile: &slightfile,
        };
        let Some((edits, note)) = first_unread_in_a_value(&layout, &reader) else {
            return (text, notes);
        };
        notes.push(note);
        text = apply(&text, &edits);
    }
}

fn first_unread_in_a_value(layout: &Layout<'_>, reader: &Reader<'_>) -> Option<(Vec<Edit>, String)> {
    numbered(layout).into_iter().find_map(|(block, entry)| {
        block.pairs.iter().find_map(|pair| {
            let path = joined(&block.path, &pair.path);
            let unread = match reader.unread(&path, entry) {
                // All of it becomes a comment.
                Some(_) => None,
                None => unread_in_value(&path, &pair.value, entry, reader),
            }?;
            Some((unread.edits(layout, pair), unread.note()))
        })
    })
}

/// A key of an inline table that is not read.
struct Unread<'a> {
    items: &'a [Item<Pair>],
    index: usize,
    reason: String,
}

fn unread_in_value<'a>(
    path: &[&str],
    value: &'a Value,
    entry: Option<usize>,
    reader: &Reader<'_>,
) -> Option<Unread<'a>> {
    match &value.inside {
        Inside::Scalar => None,
        Inside::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            let entry = if path == ["capability"] { Some(index) } else { entry };
            unread_in_value(path, &item.inside, entry, reader)
        }),
        Inside::Table(items) => items.iter().enumerate().find_map(|(index, item)| {
            let mut path = path.to_vec();
            path.extend(item.inside.path.iter().map(String::as_str));
            match reader.unread(&path, entry) {
                Some(reason) => Some(Unread { items, index, reason }),
                None => unread_in_value(&path, &item.inside.value, entry, reader),
            }
        }),
    }
}

impl Unread<'_> {
    fn text<'t>(&self, layout: &Layout<'t>) -> &'t str {
        let item = self.items.get(self.index);
        item.and_then(|item| layout.text.get(item.span.clone()))
            .unwrap_or_default()
    }

    /// Out of the table, and as a comment above the line in which its outermost key stands. Comments that stood in its own lines
    /// go above too.
    fn edits(&self, layout: &Layout<'_>, outermost: &Pair) -> Vec<Edit> {
        let ranges = item_removal(layout.text, &spans(self.items), self.index);
        let at = layout.line_start(outermost.key.start);
        let (indent, newline) = (layout.indent(at), layout.newline());
        let mut above = format!("{indent}# slt migrate: {}:{newline}", self.reason);
        for line in self.text(layout).lines() {
            above.push_str(&format!("{indent}# {}{newline}", line.trim_start()));
        }
        let item = self.items.get(self.index).map(|item| item.span.end).unwrap_or_default();
        for range in &ranges {
            for comment in layout.comments(&(item.max(range.start)..range.end.max(item))) {
                above.push_str(&format!("{indent}{comment}{newline}"));
            }
        }
        let mut edits = vec![insert(at, above)];
        edits.extend(ranges.into_iter().map(|range| Edit {
            range,
            text: String::new(),
        }));
        edits
    }

    fn note(&self) -> String {
        let key = self.items.get(self.index).map(|item| item.inside.path.join("."));
        kept(&key.unwrap_or_default(), &self.reason)
    }
}

/// What is said of a key that is not read.
pub fn kept(what: &str, reason: &str) -> String {
    format!("`{what}` is a comment now: {reason}")
}

/// Each block, and the number of the `[[capability]]` that it belongs to.
pub fn numbered<'a>(layout: &'a Layout<'_>) -> Vec<(&'a Block, Option<usize>)> {
    let mut entries = 0usize;
    let number = |block: &'a Block| {
        let first = block.path.first().is_some_and(|first| first == "capability");
        if first && block.path.len() == 1 {
            entries += 1;
        }
        (block, entries.checked_sub(1).filter(|_| first))
    };
    layout.blocks.iter().map(number).collect()
}

pub fn joined<'a>(above: &'a [String], below: &'a [String]) -> Vec<&'a str> {
    above.iter().chain(below).map(String::as_str).collect()
}

pub fn insert(at: usize, text: String) -> Edit {
    Edit { range: at..at, text }
}
