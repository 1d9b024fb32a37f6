//! The tables, keys and values of a TOML text, also of one that is being typed and is no TOML at the moment.
//!
//! Made of the events of the parser that `toml_edit` stands on, which goes on behind each mistake. What is left open (a bracket, a
//! string over several lines) would swallow the rest of the file; in a file with mistakes each part that a table's header begins is
//! therefore read by itself. Nothing here knows what a key means.

use std::collections::BTreeMap;
use std::ops::Range;

use toml_parser::decoder::Encoding;
use toml_parser::parser::{Event, EventKind, RecursionGuard, parse_document};
use toml_parser::{Raw, Source, Span};

/// How deep tables and arrays may lie in each other, as `toml_edit` has it.
const DEPTH_MAX: u32 = 80;

/// A TOML text as far as it can be understood.
#[derive(Debug, Default)]
pub struct Outline {
    /// The tables in the order of the text, the root first; inline ones too.
    pub tables: Vec<Table>,
    /// The comments, from their `#` to the end of their line.
    pub comments: Vec<Range<usize>>,
}

/// A table: the root, one with a header, or an inline one.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name: `["capability", "configs"]`.
    pub path: Vec<String>,
    /// Which of the entries of an array of tables it belongs to; from 1, and 0 when it belongs to none.
    pub entry: usize,
    /// Its header with the brackets; nothing for the root and for an inline table.
    pub header: Option<Range<usize>>,
    /// Whether the header has two brackets on each side.
    pub is_array: bool,
    /// From its header to the next one, or from brace to brace.
    pub extent: Range<usize>,
    /// Whether its closing bracket or brace is there.
    pub closed: bool,
    /// What stands in it, each pair once.
    pub pairs: Vec<Pair>,
}

/// A key, and its value when there is one.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The key's parts and where each stands: `retry.attempts` has two.
    pub key: Vec<(String, Range<usize>)>,
    /// The end of `=`, if it is there.
    pub equals: Option<usize>,
    /// The value, if there is one.
    pub value: Option<Value>,
}

/// A value.
#[derive(Debug, Clone)]
pub struct Value {
    /// Where it stands, quotes and brackets included; empty where one is missing.
    pub range: Range<usize>,
    /// What it says, when it is a string; what stands there, for another scalar. Nothing for an array or a table.
    pub text: Option<String>,
}

/// A value that a key has, wherever it is written.
#[derive(Debug, Clone, Copy)]
pub struct Found<'o> {
    /// The last part of the key.
    pub key: &'o str,
    /// Where that part stands.
    pub key_range: &'o Range<usize>,
    /// The value.
    pub value: Option<&'o Value>,
}

impl Outline {
    /// Reads a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let whole = events(text, 0..text.len());
        let mut builder = Builder::new(text);
        match whole.1 {
            true => builder.part(&whole.0, text.len()),
            false => {
                for part in parts(text) {
                    let end = part.end;
                    builder.part(&events(text, part).0, end);
                }
            }
        }
        builder.outline
    }

    /// The keys of a table and their values, whether they stand below its header, inline, or with dots.
    pub fn keys<'o>(&'o self, path: &'o [&str], entry: usize) -> impl Iterator<Item = Found<'o>> {
        let tables = self.tables.iter().filter(move |table| table.entry == entry);
        tables.flat_map(move |table| table.pairs.iter().filter_map(move |pair| pair.found(table, path)))
    }

    /// What a key says.
    #[must_use]
    pub fn text<'o>(&'o self, path: &'o [&str], entry: usize, key: &str) -> Option<&'o str> {
        let found = self.keys(path, entry).find(|found| found.key == key)?;
        found.value?.text.as_deref()
    }

    /// The inline table whose opening brace is this byte.
    #[must_use]
    pub fn inline(&self, start: usize) -> Option<&Table> {
        let at = self.tables.partition_point(|table| table.extent.start < start);
        let table = self.tables.get(at..)?.iter().find(|table| !table.path.is_empty())?;
        (table.extent.start == start && table.header.is_none()).then_some(table)
    }

    /// Whether there is such a table with a header of its own, or inline.
    #[must_use]
    pub fn has_table(&self, path: &[&str], entry: usize) -> bool {
        let is_it = |table: &Table| table.entry == entry && is_path(&table.path, path);
        self.tables.iter().any(is_it)
    }
}

fn is_path(path: &[String], wanted: &[&str]) -> bool {
    path.len() == wanted.len() && path.iter().zip(wanted).all(|(part, wanted)| part == wanted)
}

impl Pair {
    fn found<'o>(&'o self, table: &Table, path: &[&str]) -> Option<Found<'o>> {
        let ((key, key_range), above) = self.key.split_last()?;
        let (outer, inner) = path.split_at_checked(table.path.len())?;
        let inside = above.len() == inner.len() && above.iter().zip(inner).all(|((part, _), wanted)| part == wanted);
        (is_path(&table.path, outer) && inside).then_some(Found {
            key,
            key_range,
            value: self.value.as_ref(),
        })
    }

    /// All of the key.
    #[must_use]
    pub fn key_range(&self) -> Range<usize> {
        let start = self.key.first().map_or(0, |(_, range)| range.start);
        start..self.key.last().map_or(start, |(_, range)| range.end)
    }
}

/// The events of a part of the text, and whether nothing is wrong with it.
fn events(text: &str, part: Range<usize>) -> (Vec<Event>, bool) {
    let source = Source::new(text.get(part.clone()).unwrap_or_default());
    let tokens = source.lex().into_vec();
    let (mut events, mut errors) = (Vec::with_capacity(tokens.len()), Vec::new());
    parse_document(&tokens, &mut RecursionGuard::new(&mut events, DEPTH_MAX), &mut errors);
    // A string over several lines that is not closed is a mistake that is only seen when it is read.
    let long = |event: &&Event| {
        matches!(
            event.encoding(),
            Some(Encoding::MlBasicString | Encoding::MlLiteralString)
        )
    };
    for raw in events.iter().filter(long).filter_map(|event| source.get(event)) {
        let _ = raw.decode_scalar(&mut String::new(), &mut errors);
    }
    let moved = |event: &Event| {
        let span = Span::new_unchecked(event.span().start() + part.start, event.span().end() + part.start);
        Event::new_unchecked(event.kind(), event.encoding(), span)
    };
    (events.iter().map(moved).collect(), errors.is_empty())
}

/// The text in parts, each of which begins with what is a header by the look of it.
fn parts(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut begin, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        if is_header(line) && at > begin {
            parts.push(begin..at);
            begin = at;
        }
        at += line.len();
    }
    parts.push(begin..text.len());
    parts
}

/// Whether a line is `[name]` or `[[name]]`, perhaps with a comment, and nothing else.
fn is_header(line: &str) -> bool {
    let line = line.split('#').next().unwrap_or_default().trim();
    let inner = line.strip_prefix("[[").and_then(|rest| rest.strip_suffix("]]"));
    let inner = inner.or_else(|| line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')));
    inner.is_some_and(|inner| {
        let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
        inner.starts_with(|c: char| c.is_ascii_alphabetic()) && inner.chars().all(is_letter)
    })
}

/// A bracket or brace that is open.
enum Open {
    /// `[` of a pair of this table, in this place among its pairs.
    Array { table: usize, pair: usize, start: usize },
    /// `{`: the table that it begins, and whose value it is.
    Inline {
        table: usize,
        owner: usize,
        pair: usize,
        start: usize,
    },
}

struct Builder<'t> {
    text: &'t str,
    outline: Outline,
    /// The table whose header came last.
    current: usize,
    open: Vec<Open>,
    /// Whether the keys are those of a header.
    in_header: bool,
    /// Whether the next key goes on the one before.
    dotted: bool,
    /// How many entries each array of tables has so far.
    entries: BTreeMap<String, usize>,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        let root = Table {
            path: Vec::new(),
            entry: 0,
            header: None,
            is_array: false,
            extent: 0..text.len(),
            closed: true,
            pairs: Vec::new(),
        };
        Self {
            text,
            outline: Outline {
                tables: vec![root],
                comments: Vec::new(),
            },
            current: 0,
            open: Vec::new(),
            in_header: false,
            dotted: false,
            entries: BTreeMap::new(),
        }
    }

    /// Adds a part of the text that ends there.
    fn part(&mut self, events: &[Event], end: usize) {
        for event in events {
            self.event(event);
        }
        for open in std::mem::take(&mut self.open) {
            if let Open::Inline { table, .. } = open {
                self.change(table, |table| table.extent.end = end);
            }
        }
        self.header_ends(None);
        self.dotted = false;
    }

    fn event(&mut self, event: &Event) {
        let span = event.span().start()..event.span().end();
        match event.kind() {
            EventKind::StdTableOpen => self.header(span, false),
            EventKind::ArrayTableOpen => self.header(span, true),
            EventKind::StdTableClose | EventKind::ArrayTableClose => self.header_ends(Some(span.end)),
            EventKind::SimpleKey => self.key(span, event.encoding()),
            EventKind::KeySep => self.dotted = true,
            // The parser gives an empty one where it is missing.
            EventKind::KeyValSep if span.is_empty() => {}
            EventKind::KeyValSep => self.change_pair(|pair| pair.equals = Some(span.end)),
            EventKind::Scalar => self.scalar(span, event.encoding()),
            EventKind::InlineTableOpen => self.inline(span),
            EventKind::ArrayOpen => self.array(span),
            EventKind::InlineTableClose | EventKind::ArrayClose => self.close(&span),
            EventKind::Comment => self.outline.comments.push(span),
            EventKind::Newline => self.header_ends(None),
            EventKind::Whitespace | EventKind::ValueSep | EventKind::Error => {}
        }
    }

    fn change(&mut self, table: usize, change: impl FnOnce(&mut Table)) {
        if let Some(table) = self.outline.tables.get_mut(table) {
            change(table);
        }
    }

    /// The table that a key stands in now.
    fn container(&self) -> usize {
        let inline = self.open.iter().rev().find_map(|open| match open {
            Open::Inline { table, .. } => Some(*table),
            Open::Array { .. } => None,
        });
        inline.unwrap_or(self.current)
    }

    /// The table and the place of the pair whose value comes now.
    fn place(&self) -> (usize, usize) {
        let table = self.container();
        let pairs = self.outline.tables.get(table).map_or(0, |table| table.pairs.len());
        (table, pairs.saturating_sub(1))
    }

    fn change_pair(&mut self, change: impl FnOnce(&mut Pair)) {
        let (table, pair) = self.place();
        self.change_pair_at(table, pair, change);
    }

    fn change_pair_at(&mut self, table: usize, pair: usize, change: impl FnOnce(&mut Pair)) {
        let table = self.outline.tables.get_mut(table);
        if let Some(pair) = table.and_then(|table| table.pairs.get_mut(pair)) {
            change(pair);
        }
    }

    fn header(&mut self, span: Range<usize>, is_array: bool) {
        self.change(self.current, |table| table.extent.end = span.start);
        self.open.clear();
        self.current = self.outline.tables.len();
        self.in_header = true;
        self.outline.tables.push(Table {
            path: Vec::new(),
            entry: 0,
            extent: span.start..self.text.len(),
            header: Some(span),
            is_array,
            closed: false,
            pairs: Vec::new(),
        });
    }

    /// The header's closing bracket, or the end of its line without one.
    fn header_ends(&mut self, end: Option<usize>) {
        if !std::mem::take(&mut self.in_header) {
            return;
        }
        let Some(table) = self.outline.tables.get_mut(self.current) else {
            return;
        };
        table.closed = end.is_some();
        if let (Some(header), Some(end)) = (&mut table.header, end) {
            header.end = end;
        }
        let (is_array, path) = (table.is_array, table.path.clone());
        let entry = match path.as_slice() {
            [name] if is_array => self.next_entry(name),
            [name, ..] => self.entries.get(name).copied().unwrap_or_default(),
            [] => 0,
        };
        self.change(self.current, |table| table.entry = entry);
    }

    fn key(&mut self, span: Range<usize>, encoding: Option<Encoding>) {
        let dotted = std::mem::take(&mut self.dotted);
        let text = self.decoded(&span, encoding, true);
        if self.in_header {
            return self.change(self.current, |table| {
                table.path.push(text);
                if let Some(header) = &mut table.header {
                    header.end = header.end.max(span.end);
                }
            });
        }
        match dotted {
            true => self.change_pair(|pair| pair.key.push((text, span))),
            false => {
                let pair = Pair {
                    key: vec![(text, span)],
                    equals: None,
                    value: None,
                };
                let container = self.container();
                self.change(container, |table| table.pairs.push(pair));
            }
        }
    }

    fn next_entry(&mut self, name: &str) -> usize {
        let count = self.entries.entry(name.to_owned()).or_default();
        *count += 1;
        *count
    }

    fn scalar(&mut self, span: Range<usize>, encoding: Option<Encoding>) {
        if matches!(self.open.last(), Some(Open::Array { .. })) {
            return;
        }
        let text = self.decoded(&span, encoding, false);
        let value = Value {
            range: span,
            text: Some(text),
        };
        self.change_pair(|pair| pair.value = Some(value));
    }

    fn array(&mut self, span: Range<usize>) {
        let (table, pair) = self.place();
        let start = span.start;
        if !matches!(self.open.last(), Some(Open::Array { .. })) {
            let range = start..self.text.len();
            self.change_pair(|pair| pair.value = Some(Value { range, text: None }));
        }
        self.open.push(Open::Array { table, pair, start });
    }

    fn inline(&mut self, span: Range<usize>) {
        let in_array = matches!(self.open.last(), Some(Open::Array { .. }));
        let (owner, pair) = self.place();
        let start = span.start;
        let (mut path, mut entry) = (Vec::new(), 0);
        if let Some(table) = self.outline.tables.get(owner) {
            path.clone_from(&table.path);
            entry = table.entry;
            let keys = table.pairs.get(pair).map(|pair| pair.key.as_slice());
            path.extend(keys.unwrap_or_default().iter().map(|(part, _)| part.clone()));
        }
        if let ([name], true) = (path.as_slice(), in_array) {
            entry = self.next_entry(&name.clone());
        }
        if !in_array {
            let range = start..self.text.len();
            self.change_pair(|pair| pair.value = Some(Value { range, text: None }));
        }
        let table = self.outline.tables.len();
        self.outline.tables.push(Table {
            path,
            entry,
            header: None,
            is_array: false,
            extent: start..self.text.len(),
            closed: false,
            pairs: Vec::new(),
        });
        self.open.push(Open::Inline {
            table,
            owner,
            pair,
            start,
        });
    }

    /// A closing bracket or brace. The parser gives an empty one where it is missing.
    fn close(&mut self, span: &Range<usize>) {
        let Some(open) = self.open.pop() else { return };
        let (closed, end) = (!span.is_empty(), span.end);
        let (owner, pair, start) = match open {
            Open::Array { table, pair, start } => (table, pair, start),
            Open::Inline {
                table,
                owner,
                pair,
                start,
            } => {
                self.change(table, |table| {
                    table.closed = closed;
                    if closed {
                        table.extent.end = end;
                    }
                });
                (owner, pair, start)
            }
        };
        self.change_pair_at(owner, pair, |pair| {
            if let Some(value) = pair.value.as_mut().filter(|value| value.range.start == start) {
                value.range.end = end;
            }
        });
    }

    /// What a key or a scalar says.
    fn decoded(&self, span: &Range<usize>, encoding: Option<Encoding>, is_key: bool) -> String {
        let written = self.text.get(span.clone()).unwrap_or_default();
        let raw = Raw::new_unchecked(written, encoding, Span::new_unchecked(span.start, span.end));
        let mut text = String::new();
        match is_key {
            true => raw.decode_key(&mut text, &mut ()),
            false => drop(raw.decode_scalar(&mut text, &mut ())),
        }
        text
    }
}
