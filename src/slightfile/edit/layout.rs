//! Where everything stands in a TOML text: headers, keys, values, commas, lines.
//!
//! `toml_edit` reads what a file means; an edit that must not disturb anything else needs its letters too, and the rules for what
//! belongs together: which comments are an entry's, which empty line is before it. Those rules are here, once. It knows TOML, and
//! nothing of slightfiles: `Cargo.toml` is edited with it too.

use std::ops::Range;

use toml_parser::parser::{Event, EventKind, RecursionGuard, parse_document};
use toml_parser::{ParseError, Source};

/// How deep values may lie in each other; `toml_edit` has the same limit.
const DEPTH_MAX: u32 = 80;

/// A TOML text, taken apart.
#[derive(Debug)]
pub struct Layout<'t> {
    /// The text.
    pub text: &'t str,
    /// The root's keys, and then each header with its keys, in the order of the text.
    pub blocks: Vec<Block>,
}

/// A header and the keys below it; the first block of a text has no header.
#[derive(Debug, Default)]
pub struct Block {
    /// `["capability", "configs"]`; empty for the root.
    pub path: Vec<String>,
    /// Whether the header has two brackets.
    pub is_array: bool,
    /// The header with its brackets; nothing for the root.
    pub header: Option<Range<usize>>,
    /// What stands below.
    pub pairs: Vec<Pair>,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub struct Pair {
    /// `a.b` has two parts.
    pub path: Vec<String>,
    /// The key, with all of its parts.
    pub key: Range<usize>,
    /// The value.
    pub value: Value,
}

/// A value.
#[derive(Debug, Clone)]
pub struct Value {
    /// All of it, with quotes or brackets.
    pub span: Range<usize>,
    /// What is in it.
    pub inside: Inside,
}

/// What is in a value.
#[derive(Debug, Clone)]
pub enum Inside {
    /// A string, number, boolean or date.
    Scalar,
    /// An array.
    Array(Vec<Item<Value>>),
    /// An inline table.
    Table(Vec<Item<Pair>>),
}

/// Something in an array or an inline table.
#[derive(Debug, Clone)]
pub struct Item<T> {
    /// It.
    pub inside: T,
    /// All of it, without the comma.
    pub span: Range<usize>,
    /// The comma after it.
    pub comma: Option<Range<usize>>,
}

impl<'t> Layout<'t> {
    /// Takes a text apart.
    ///
    /// Nothing when it is not TOML, which whoever calls has found out and reported before.
    #[must_use]
    pub fn parse(text: &'t str) -> Option<Self> {
        let source = Source::new(text);
        let tokens = source.lex().into_vec();
        let mut events: Vec<Event> = Vec::new();
        let mut errors: Vec<ParseError> = Vec::new();
        let mut receive = |event| events.push(event);
        parse_document(&tokens, &mut RecursionGuard::new(&mut receive, DEPTH_MAX), &mut errors);
        if !errors.is_empty() {
            return None;
        }
        let mut reader = Reader {
            source,
            events: events.iter().copied().peekable(),
        };
        Some(Self {
            text,
            blocks: reader.document()?,
        })
    }

    /// Where the line with this byte begins.
    #[must_use]
    pub fn line_start(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        before.rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Where the line with this byte ends, after its newline.
    #[must_use]
    pub fn line_end(&self, at: usize) -> usize {
        let after = self.text.get(at..).unwrap_or_default();
        after.find('\n').map_or(self.text.len(), |newline| at + newline + 1)
    }

    /// The line that begins here, without its newline.
    fn line(&self, start: usize) -> &'t str {
        let line = self.text.get(start..self.line_end(start)).unwrap_or_default();
        line.trim_end_matches('\n').trim_end_matches('\r')
    }

    /// The blanks that a line begins with.
    #[must_use]
    pub fn indent(&self, at: usize) -> &'t str {
        let line = self.line(self.line_start(at));
        let length = line.len() - line.trim_start_matches([' ', '\t']).len();
        line.get(..length).unwrap_or_default()
    }

    /// How lines end in this text: as the first one does.
    #[must_use]
    pub fn newline(&self) -> &'static str {
        newline(self.text)
    }

    /// Where a block ends: after the line of its last value, and the comments directly below that line. Comments that a header
    /// follows directly are that header's.
    #[must_use]
    pub fn block_end(&self, block: &Block) -> usize {
        let last = block.pairs.last().map(|pair| pair.value.span.end);
        let Some(last) = last.or(block.header.as_ref().map(|header| header.end)) else {
            return 0;
        };
        let end = self.line_end(last);
        let mut after = end;
        while after < self.text.len() && self.line(after).trim_start().starts_with('#') {
            after = self.line_end(after);
        }
        match self.line(after).trim().is_empty() {
            true => after,
            false => end,
        }
    }

    /// Where a block begins: at its header's line, or the comments directly above that line.
    #[must_use]
    pub fn block_start(&self, block: &Block) -> usize {
        let Some(header) = &block.header else { return 0 };
        // What looks like a comment can be the end of a string.
        let pairs = self.blocks.iter().flat_map(|block| &block.pairs);
        let ends = pairs.map(|pair| pair.value.span.end).filter(|end| *end < header.start);
        let values = ends.max().unwrap_or(0);
        let mut start = self.line_start(header.start);
        while start > 0 {
            let above = self.line_start(start - 1);
            if above < values || !self.line(above).trim_start().starts_with('#') {
                break;
            }
            start = above;
        }
        start
    }

    /// What must go to take a part of the text out that begins and ends with whole lines: the part, one empty line before it, and, at
    /// the end of a text without a last newline, the newline before it.
    #[must_use]
    pub fn whole_lines(&self, part: Range<usize>) -> Range<usize> {
        let mut start = part.start;
        if start > 0 {
            let above = self.line_start(start - 1);
            if above > 0 && self.line(above).trim().is_empty() {
                start = above;
            }
        }
        let text = self.text.get(..part.end).unwrap_or_default();
        if part.end == self.text.len() && !text.ends_with('\n') {
            let before = self.text.get(..start).unwrap_or_default();
            let before = before.strip_suffix('\n').unwrap_or(before);
            start = before.strip_suffix('\r').unwrap_or(before).len();
        }
        start..part.end
    }

    /// A line's text, ready to be put in before or after the line that ends at `at`, which may be the end of a text without a last
    /// newline. `lines` have no newlines.
    #[must_use]
    pub fn lines_at(&self, at: usize, lines: &[String]) -> String {
        let newline = self.newline();
        let before = self.text.get(..at).unwrap_or_default();
        match before.is_empty() || before.ends_with('\n') {
            true => lines.iter().map(|line| format!("{line}{newline}")).collect(),
            false => lines.iter().map(|line| format!("{newline}{line}")).collect(),
        }
    }

    /// The comments in a part of the text, without the blanks before them.
    #[must_use]
    pub fn comments(&self, part: &Range<usize>) -> Vec<String> {
        let text = self.text.get(part.clone()).unwrap_or_default();
        let tokens = Source::new(text).lex();
        tokens
            .filter(|token| token.kind() == toml_parser::lexer::TokenKind::Comment)
            .filter_map(|token| text.get(token.span().start()..token.span().end()))
            .map(|comment| comment.trim_end().to_owned())
            .collect()
    }
}

/// The text without its comments; a line that has nothing else goes with its own.
#[must_use]
pub fn without_comments(text: &str) -> String {
    let (mut kept, mut at) = (String::new(), 0);
    let comments = Source::new(text).lex();
    for comment in comments.filter(|token| token.kind() == toml_parser::lexer::TokenKind::Comment) {
        let span = comment.span();
        let before = text.get(at..span.start()).unwrap_or_default();
        kept.push_str(before.trim_end_matches([' ', '\t']));
        at = span.end();
        if kept.is_empty() || kept.ends_with('\n') {
            let rest = text.get(at..).unwrap_or_default();
            at += rest.find('\n').map_or(rest.len(), |end| end + 1);
        }
    }
    kept.push_str(text.get(at..).unwrap_or_default());
    kept
}

/// How lines end in a text: as the first one does.
#[must_use]
pub fn newline(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text.get(..at).is_some_and(|line| line.ends_with('\r')) => "\r\n",
        _ => "\n",
    }
}

/// What must go so that an item of an array or an inline table is gone: the item, its comma or the one before it, and its line when
/// it has one of its own. `spans` are the items and their commas, in order.
#[must_use]
pub fn item_removal(text: &str, spans: &[(Range<usize>, Option<Range<usize>>)], index: usize) -> Vec<Range<usize>> {
    let Some((item, comma)) = spans.get(index) else {
        return Vec::new();
    };
    let previous = index.checked_sub(1).and_then(|previous| spans.get(previous));
    let mut removed = Vec::new();
    if let (None, Some((_, Some(before)))) = (comma, previous) {
        removed.push(before.clone());
    }
    let end = end_of(item, comma);
    let before = text.get(..item.start).unwrap_or_default();
    let blanks = before.trim_end_matches([' ', '\t']).len();
    let line = text.get(..blanks).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    let after_blanks = after.trim_start_matches([' ', '\t']);
    let own_line = line
        .strip_suffix('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line));
    let between = |line: &str| {
        previous.is_some_and(|(item, comma)| end_of(item, comma) == line.trim_end_matches([' ', '\t']).len())
    };
    let ends_line = after_blanks.is_empty() || after_blanks.starts_with(['#', '\r', '\n']);
    removed.push(match own_line {
        // with the newline before it, and its comment
        Some(line) if ends_line || between(line) => match after_blanks.starts_with('#') {
            true => line.len()..end + comment_end(after),
            false => line.len()..end,
        },
        None if previous.is_some() => blanks..end,
        _ if comma.is_some() && spans.len() > 1 => item.start..end + (after.len() - after_blanks.len()),
        _ => item.start..end,
    });
    removed
}

fn end_of(item: &Range<usize>, comma: &Option<Range<usize>>) -> usize {
    comma.as_ref().map_or(item.end, |comma| comma.end)
}

/// Where the comment ends that begins in this line.
fn comment_end(text: &str) -> usize {
    let end = text.find('\n').unwrap_or(text.len());
    let line = text.get(..end).unwrap_or_default();
    line.strip_suffix('\r').unwrap_or(line).len()
}

/// Where and what to write so that an item stands after the last one. Two insertions, because a comment can stand between the last
/// item and where the next one goes.
///
/// `open` is what comes after the opening bracket.
#[must_use]
pub fn item_insertion(
    text: &str,
    spans: &[(Range<usize>, Option<Range<usize>>)],
    open: usize,
    item: &str,
) -> Vec<(usize, String)> {
    let Some((last, comma)) = spans.last() else {
        return vec![(open, item.to_owned())];
    };
    let end = end_of(last, comma);
    let before = text.get(..last.start).unwrap_or_default();
    let blanks = before.trim_end_matches([' ', '\t']).len();
    let own_line = before.get(..blanks).is_some_and(|line| line.ends_with('\n'));
    let indent = before.get(blanks..).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    let comma_after = if comma.is_some() { "," } else { "" };
    let mut insertions = Vec::new();
    if comma.is_none() {
        insertions.push((last.end, ",".to_owned()));
    }
    match own_line {
        true => {
            let comment = after.trim_start_matches([' ', '\t']).starts_with('#');
            let place = if comment { end + comment_end(after) } else { end };
            insertions.push((place, format!("{}{indent}{item}{comma_after}", newline(text))));
        }
        false => insertions.push((end, format!(" {item}{comma_after}"))),
    }
    insertions
}

/// The spans of items and their commas.
#[must_use]
pub fn spans<T>(items: &[Item<T>]) -> Vec<(Range<usize>, Option<Range<usize>>)> {
    items
        .iter()
        .map(|item| (item.span.clone(), item.comma.clone()))
        .collect()
}

/// Reads events into blocks. Every function answers nothing when the events are not as the parser promises.
struct Reader<'t, E: Iterator<Item = Event>> {
    source: Source<'t>,
    events: std::iter::Peekable<E>,
}

impl<E: Iterator<Item = Event>> Reader<'_, E> {
    fn document(&mut self) -> Option<Vec<Block>> {
        let mut blocks = vec![Block::default()];
        while let Some(kind) = self.significant() {
            match kind {
                EventKind::StdTableOpen | EventKind::ArrayTableOpen => blocks.push(self.header()?),
                EventKind::SimpleKey => {
                    let pair = self.pair()?;
                    blocks.last_mut()?.pairs.push(pair);
                }
                _ => return None,
            }
        }
        Some(blocks)
    }

    /// The next event that is no blank, newline or comment.
    fn significant(&mut self) -> Option<EventKind> {
        while let Some(event) = self.events.peek() {
            match event.kind() {
                EventKind::Whitespace | EventKind::Newline | EventKind::Comment => drop(self.events.next()),
                kind => return Some(kind),
            }
        }
        None
    }

    fn next(&mut self) -> Option<Event> {
        self.significant()?;
        self.events.next()
    }

    fn header(&mut self) -> Option<Block> {
        let open = self.next()?;
        let (path, _) = self.key()?;
        let close = self.next()?;
        Some(Block {
            path,
            is_array: open.kind() == EventKind::ArrayTableOpen,
            header: Some(open.span().start()..close.span().end()),
            pairs: Vec::new(),
        })
    }

    fn key(&mut self) -> Option<(Vec<String>, Range<usize>)> {
        let mut path = Vec::new();
        let mut span: Option<Range<usize>> = None;
        loop {
            let event = self.next().filter(|event| event.kind() == EventKind::SimpleKey)?;
            let mut name = String::new();
            self.source.get(event)?.decode_key(&mut name, &mut ());
            path.push(name);
            let place = event.span();
            span = Some(span.map_or(place.start(), |span| span.start)..place.end());
            match self.significant() {
                Some(EventKind::KeySep) => drop(self.events.next()),
                _ => return Some((path, span?)),
            }
        }
    }

    fn pair(&mut self) -> Option<Pair> {
        let (path, key) = self.key()?;
        self.next().filter(|event| event.kind() == EventKind::KeyValSep)?;
        let value = self.value()?;
        Some(Pair { path, key, value })
    }

    fn value(&mut self) -> Option<Value> {
        let open = self.next()?;
        let (inside, end) = match open.kind() {
            EventKind::Scalar => (Inside::Scalar, open.span().end()),
            EventKind::ArrayOpen => {
                let (items, end) = self.items(EventKind::ArrayClose, Self::value, |value| value.span.clone())?;
                (Inside::Array(items), end)
            }
            EventKind::InlineTableOpen => {
                let span = |pair: &Pair| pair.key.start..pair.value.span.end;
                let (items, end) = self.items(EventKind::InlineTableClose, Self::pair, span)?;
                (Inside::Table(items), end)
            }
            _ => return None,
        };
        Some(Value {
            span: open.span().start()..end,
            inside,
        })
    }

    fn items<T>(
        &mut self,
        close: EventKind,
        read: fn(&mut Self) -> Option<T>,
        span: impl Fn(&T) -> Range<usize>,
    ) -> Option<(Vec<Item<T>>, usize)> {
        let mut items: Vec<Item<T>> = Vec::new();
        loop {
            match self.significant()? {
                kind if kind == close => return Some((items, self.events.next()?.span().end())),
                EventKind::ValueSep => {
                    let comma = self.events.next()?.span();
                    items.last_mut()?.comma = Some(comma.start()..comma.end());
                }
                _ => {
                    let inside = read(self)?;
                    items.push(Item {
                        span: span(&inside),
                        inside,
                        comma: None,
                    });
                }
            }
        }
    }
}
