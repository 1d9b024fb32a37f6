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

use std::ops::Range;

use crate::catalogue::{CATALOGUE, Family, Resource};
use crate::slightfile::edit::layout::{Block, Inside, Item, Layout, Pair, Value as Written, item_removal, spans};
use crate::slightfile::edit::quoted;
use crate::slightfile::grammar::{Form, ROOT};
use crate::slightfile::{
    Capability, Diagnostic, Edit, SPEC_VERSIONS, Slightfile, SpecVersion, Value, apply, codes, parse, sort,
};
use crate::validate::{Artifact, validate};

/// Keys that slight never read, so that no store has them.
const NEVER_IN_A_STORE: &[&str] = &["path", "AWS_ENDPOINT_URL"];

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
/// `drop_secret_settings` says that what `slight secret` wrote may go; it has been imported, or is not wanted.
///
/// # Errors
/// All problems: what is wrong in the file, and what 1.0 cannot say.
pub fn migrate(source_name: &str, text: &str, drop_secret_settings: bool) -> Result<Migrated, Vec<Diagnostic>> {
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
    // A key that is missing is missing afterwards too.
    problems.retain(|problem| problem.is_error() && problem.code != codes::CONFIG_MISSING);
    if let Some(layout) = Layout::parse(text) {
        problems.extend(without_equivalent(&slightfile, &layout, drop_secret_settings));
    }
    if !problems.is_empty() {
        sort(&mut problems);
        return Err(problems);
    }
    let (text, mut notes) = without_unread_in_values(text);
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

/// Everything that 1.0 cannot say.
fn without_equivalent(slightfile: &Slightfile, layout: &Layout<'_>, drop_secret_settings: bool) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut families: Vec<Family> = Vec::new();
    for entry in &slightfile.capabilities {
        let Some(resource) = CATALOGUE.resource(&entry.resource.value) else {
            continue;
        };
        if resource.legacy {
            found.push(
                no_equivalent(format!("`{}` has no equivalent in specversion 1.0", resource.id))
                    .label(entry.resource.span.clone(), "ended with specversion 0.2")
                    .hint("take `configs.envvars` or `configs.file`, or leave the entry out"),
            );
        }
        if slightfile.specversion.value == SpecVersion::V0_1 && families.contains(&resource.family) {
            found.push(
                no_equivalent(
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
                no_equivalent(message)
                    .label(config.value.span.clone(), "has no equivalent")
                    .hint("take a key without it"),
            )
        }));
    }
    if !drop_secret_settings {
        found.extend(secret_settings(layout));
    }
    found
}

fn no_equivalent(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(codes::MIGRATE_NO_EQUIVALENT, message)
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
            codes::MIGRATE_SECRET_SETTINGS,
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
struct Reader<'a> {
    slightfile: &'a Slightfile,
}

impl Reader<'_> {
    /// Why a key is not read, when it is not. `entry` is the number of the entry that it is in.
    fn unread(&self, path: &[&str], entry: Option<usize>) -> Option<String> {
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
fn without_unread_in_values(text: &str) -> (String, Vec<String>) {
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
            Some((unread.edits(layout, pair), unread.note(layout)))
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
    value: &'a Written,
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

    fn note(&self, layout: &Layout<'_>) -> String {
        let key = self.items.get(self.index).map(|item| item.inside.path.join("."));
        kept(
            layout,
            self.items.get(self.index).map_or(0, |item| item.span.start),
            &key.unwrap_or_default(),
            &self.reason,
        )
    }
}

fn kept(layout: &Layout<'_>, at: usize, what: &str, reason: &str) -> String {
    let line = super::add::line(layout.text, at);
    format!("line {line}: `{what}` is a comment now: {reason}")
}

/// Each block, and the number of the `[[capability]]` that it belongs to.
fn numbered<'a>(layout: &'a Layout<'_>) -> Vec<(&'a Block, Option<usize>)> {
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

fn joined<'a>(above: &'a [String], below: &'a [String]) -> Vec<&'a str> {
    above.iter().chain(below).map(String::as_str).collect()
}

fn insert(at: usize, text: String) -> Edit {
    Edit { range: at..at, text }
}

/// All other changes, at once.
fn rewritten(text: &str) -> (String, Vec<String>) {
    let (Some(slightfile), Some(layout)) = (parse("", text).0, Layout::parse(text)) else {
        return (text.to_owned(), Vec::new());
    };
    let mut rewriter = Rewriter {
        layout: &layout,
        reader: Reader {
            slightfile: &slightfile,
        },
        edits: vec![Edit {
            range: slightfile.specversion.span.clone(),
            text: quoted(version_name(SpecVersion::V1_0)),
        }],
        notes: Vec::new(),
    };
    for (block, entry) in numbered(&layout) {
        rewriter.block(block, entry);
    }
    for entry in &slightfile.capabilities {
        rewriter.values(entry);
    }
    (apply(text, &rewriter.edits), rewriter.notes)
}

struct Rewriter<'a, 't> {
    layout: &'a Layout<'t>,
    reader: Reader<'a>,
    edits: Vec<Edit>,
    notes: Vec<String>,
}

impl Rewriter<'_, '_> {
    fn block(&mut self, block: &Block, entry: Option<usize>) {
        let path = joined(&block.path, &[]);
        if let (Some(header), Some(reason)) = (&block.header, self.reader.unread(&path, entry)) {
            let end = block.pairs.last().map_or(header.end, |pair| pair.value.span.end);
            return self.comment_out(header.start..end, header.clone(), &reason);
        }
        if path == ["secret_settings"] {
            return self.drop_block(block);
        }
        for pair in &block.pairs {
            let path = joined(&block.path, &pair.path);
            match (self.reader.unread(&path, entry), path.as_slice()) {
                (Some(reason), _) => self.comment_out(pair.key.start..pair.value.span.end, pair.key.clone(), &reason),
                (None, ["secret_store" | "secret_settings", ..]) => {
                    self.drop_lines(pair.key.start..pair.value.span.end)
                }
                (None, ["capability"]) => self.inline_entries(&pair.value),
                (None, ["capability", "name"]) => self.name(block, pair, entry),
                _ => {}
            }
        }
    }

    /// Makes comments of the lines of a part of the text.
    fn comment_out(&mut self, part: Range<usize>, called: Range<usize>, reason: &str) {
        let what = self.layout.text.get(called).unwrap_or_default();
        self.notes.push(kept(self.layout, part.start, what, reason));
        let newline = self.layout.newline();
        let mut at = self.layout.line_start(part.start);
        let indent = self.layout.indent(at);
        let mut before = format!("{indent}# slt migrate: {reason}:{newline}");
        while at < part.end {
            let end = self.layout.line_end(at);
            let line = self.layout.text.get(at..end).unwrap_or_default().trim_start();
            if !(line.is_empty() || line.starts_with('#')) {
                before.push_str("# ");
            }
            if !before.is_empty() {
                self.edits.push(insert(at, std::mem::take(&mut before)));
            }
            at = end;
        }
    }

    /// Takes the lines of a part of the text out, and leaves the comments in them.
    fn drop_lines(&mut self, part: Range<usize>) {
        let lines = self.layout.line_start(part.start)..self.layout.line_end(part.end);
        let comments = self.layout.comments(&lines);
        let newline = self.layout.newline();
        self.edits.push(Edit {
            range: lines,
            text: comments.iter().map(|comment| format!("{comment}{newline}")).collect(),
        });
    }

    fn drop_block(&mut self, block: &Block) {
        let Some(header) = &block.header else { return };
        let end = block.pairs.last().map_or(header.end, |pair| pair.value.span.end);
        let lines = self.layout.line_start(header.start)..self.layout.line_end(end);
        if self.layout.comments(&lines).is_empty() {
            return self.edits.push(Edit {
                range: self.layout.whole_lines(lines),
                text: String::new(),
            });
        }
        self.drop_lines(header.start..header.end);
        for pair in &block.pairs {
            self.drop_lines(pair.key.start..pair.value.span.end);
        }
    }

    /// The `name` of an entry with a header; in 0.1 it is the resource.
    fn name(&mut self, block: &Block, pair: &Pair, entry: Option<usize>) {
        let Some((resource, configs)) = entry.and_then(|entry| self.of_0_1(entry)) else {
            return;
        };
        self.edits.push(Edit {
            range: pair.key.clone(),
            text: "resource".to_owned(),
        });
        self.edits.push(Edit {
            range: pair.value.span.clone(),
            text: quoted(resource),
        });
        let indent = self.layout.indent(pair.key.start);
        let at = self.layout.line_end(pair.value.span.end);
        self.edits
            .push(insert(at, self.layout.lines_at(at, &[format!("{indent}name = \"*\"")])));
        if !configs.is_empty() {
            let mut lines = vec![String::new(), format!("{indent}[capability.configs]")];
            lines.extend(configs.iter().map(|line| format!("{indent}{line}")));
            let at = self.layout.block_end(block);
            self.edits.push(insert(at, self.layout.lines_at(at, &lines)));
        }
    }

    /// The entries of `capability = […]` in 0.1.
    fn inline_entries(&mut self, value: &Written) {
        let Inside::Array(entries) = &value.inside else { return };
        for (index, entry) in entries.iter().enumerate() {
            let (Inside::Table(items), Some((resource, configs))) = (&entry.inside.inside, self.of_0_1(index)) else {
                continue;
            };
            let Some(item) = items.iter().find(|item| item.inside.path == ["name"]) else {
                continue;
            };
            let configs = match configs.is_empty() {
                true => String::new(),
                false => format!(", configs = {{ {} }}", configs.join(", ")),
            };
            self.edits.push(Edit {
                range: item.inside.key.clone(),
                text: "resource".to_owned(),
            });
            self.edits.push(Edit {
                range: item.inside.value.span.clone(),
                text: format!("{}, name = \"*\"{configs}", quoted(resource)),
            });
        }
    }

    /// The resource of an entry of 0.1, and its configuration from the secret store.
    fn of_0_1(&self, entry: usize) -> Option<(&str, Vec<String>)> {
        let slightfile = self.reader.slightfile;
        if slightfile.specversion.value != SpecVersion::V0_1 {
            return None;
        }
        let written = slightfile.capabilities.get(entry)?.resource.value.as_str();
        let resource = CATALOGUE.resource(written);
        let store = slightfile.secret_store.as_ref().map(|store| store.value.name());
        let keys = resource.into_iter().flat_map(|resource| resource.keys);
        let configs = store.into_iter().flat_map(|store| {
            let keys = keys.clone().filter(|key| !NEVER_IN_A_STORE.contains(&key.name));
            keys.map(move |key| format!("{} = \"${{{store}.{}}}\"", key.name, key.name))
        });
        Some((
            resource.map_or(written, |resource| renamed(resource, written)),
            configs.collect(),
        ))
    }

    /// The resource of an entry of 0.2, and the values of its configuration.
    fn values(&mut self, entry: &Capability) {
        if self.reader.slightfile.specversion.value != SpecVersion::V0_2 {
            return;
        }
        let Some(resource) = CATALOGUE.resource(&entry.resource.value) else {
            return;
        };
        let id = renamed(resource, &entry.resource.value);
        if id != entry.resource.value {
            self.edits.push(Edit {
                range: entry.resource.span.clone(),
                text: quoted(id),
            });
        }
        for (name, config) in &entry.configs {
            let known = resource.keys.iter().any(|key| key.name == name);
            let raw = self.layout.text.get(config.value.span.clone()).and_then(string);
            if let (true, Value::Literal(literal), Some(raw)) = (known, &config.value.value, raw)
                && *literal != raw
            {
                self.edits.push(Edit {
                    range: config.value.span.clone(),
                    text: quoted(literal),
                });
            }
        }
    }
}

/// A resource as 1.0 writes it: another id of today stays.
fn renamed<'a>(resource: &Resource, written: &'a str) -> &'a str
where
    'static: 'a,
{
    match resource.old.contains(&written) {
        true => resource.id,
        false => written,
    }
}
