//! The new text: the spec version, the entries of 0.1, ids and values, and what goes or becomes a comment. All edits at once.

use std::ops::Range;

use super::unread::{Reader, insert, joined, kept, numbered};
use super::{string, version_name};
use crate::catalogue::{CATALOGUE, Resource};
use crate::slightfile::edit::layout::{Block, Inside, Layout, Pair, Value as Written};
use crate::slightfile::edit::quoted;
use crate::slightfile::{Capability, Edit, SpecVersion, Value, apply, parse};

/// Keys that slight never read, so that no store has them.
pub(super) const NEVER_IN_A_STORE: &[&str] = &["path", "AWS_ENDPOINT_URL"];

/// All other changes, at once.
pub fn rewritten(text: &str) -> (String, Vec<String>) {
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

/// Takes `[[secret_settings]]` out, with the empty line before each. Comments stay.
pub fn without_secret_settings(text: &str) -> String {
    let Some(layout) = Layout::parse(text) else {
        return text.to_owned();
    };
    let mut whole: Vec<Range<usize>> = Vec::new();
    let mut edits = Vec::new();
    for block in &layout.blocks {
        let below = block.path.first().is_some_and(|first| first == "secret_settings");
        let pairs = block
            .pairs
            .iter()
            .filter(|pair| below || pair.path.first().is_some_and(|first| first == "secret_settings"));
        let pairs = pairs.map(|pair| pair.key.start..pair.value.span.end);
        let parts: Vec<_> = block.header.iter().filter(|_| below).cloned().chain(pairs).collect();
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
            continue;
        };
        let lines = layout.line_start(first.start)..layout.line_end(last.end);
        if !below || !layout.comments(&lines).is_empty() {
            edits.extend(parts.into_iter().map(|part| without_lines(&layout, part)));
            continue;
        }
        let follows = |last: &&mut Range<usize>| {
            text.get(last.end..lines.start)
                .is_some_and(|text| text.trim().is_empty())
        };
        match whole.last_mut().filter(follows) {
            Some(last) => last.end = lines.end,
            None => whole.push(lines),
        }
    }
    edits.extend(whole.into_iter().map(|lines| {
        let range = layout.whole_lines(lines);
        // The newline before it may be another edit's.
        let start = match layout.line_start(range.start) == range.start {
            true => range.start,
            false => layout.line_end(range.start),
        };
        Edit {
            range: start..range.end,
            text: String::new(),
        }
    }));
    apply(text, &edits)
}

/// The lines of a part of the text go, and the comments in them stay.
fn without_lines(layout: &Layout<'_>, part: Range<usize>) -> Edit {
    let lines = layout.line_start(part.start)..layout.line_end(part.end);
    let newline = layout.newline();
    let comments = layout.comments(&lines).into_iter();
    Edit {
        range: lines,
        text: comments.map(|comment| format!("{comment}{newline}")).collect(),
    }
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
        for pair in &block.pairs {
            let path = joined(&block.path, &pair.path);
            match (self.reader.unread(&path, entry), path.as_slice()) {
                (Some(reason), _) => self.comment_out(pair.key.start..pair.value.span.end, pair.key.clone(), &reason),
                (None, ["secret_store"]) => self.drop_pair(pair),
                (None, ["capability"]) => self.inline_entries(&pair.value),
                (None, ["capability", "name"]) => self.name(block, pair, entry),
                _ => {}
            }
        }
    }

    /// Makes comments of the lines of a part of the text.
    fn comment_out(&mut self, part: Range<usize>, called: Range<usize>, reason: &str) {
        let what = self.layout.text.get(called).unwrap_or_default();
        self.notes.push(kept(what, reason));
        let newline = self.layout.newline();
        let mut at = self.layout.line_start(part.start);
        let indent = self.layout.indent(at);
        self.edits
            .push(insert(at, format!("{indent}# slt migrate: {reason}:{newline}")));
        while at < part.end {
            let end = self.layout.line_end(at);
            let line = self.layout.text.get(at..end).unwrap_or_default().trim_start();
            if !(line.is_empty() || line.starts_with('#')) {
                self.edits
                    .push(insert(at + self.layout.indent(at).len(), "# ".to_owned()));
            }
            at = end;
        }
    }

    fn drop_pair(&mut self, pair: &Pair) {
        let gives_nothing = self.reader.slightfile.secret_store.is_none();
        if gives_nothing && pair.path == ["secret_store"] {
            self.notes
                .push("`secret_store` is gone: slt has no values of `configs.local`".to_owned());
        }
        self.edits
            .push(without_lines(self.layout, pair.key.start..pair.value.span.end));
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
            text: quoted(&resource),
        });
        let indent = self.layout.indent(pair.key.start);
        let at = self.layout.line_end(pair.value.span.end);
        self.edits
            .push(insert(at, self.layout.lines_at(at, &[format!("{indent}name = \"*\"")])));
        if !configs.is_empty() {
            let mut lines = vec![String::new(), format!("{indent}[capability.configs]")];
            lines.extend(configs.iter().map(|line| format!("{indent}{line}")));
            let at = self.layout.block_end(block);
            let next = self.layout.text.get(at..self.layout.line_end(at)).unwrap_or_default();
            if !next.trim().is_empty() {
                lines.push(String::new());
            }
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
                text: format!("{}, name = \"*\"{configs}", quoted(&resource)),
            });
        }
    }

    /// The resource of an entry of 0.1, and its configuration from the secret store.
    fn of_0_1(&self, entry: usize) -> Option<(String, Vec<String>)> {
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
            resource
                .map_or(written, |resource| renamed(resource, written))
                .to_owned(),
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
