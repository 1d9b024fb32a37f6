//! What is wrong with a file that is not TOML: every place, not the first only.
//!
//! `toml_edit` stops at its first error. The parser below it goes on behind each one, and is asked for the others.

use std::collections::BTreeMap;
use std::ops::Range;

use toml_edit::TomlError;
use toml_parser::parser::{EventKind, RecursionGuard, parse_document};
use toml_parser::{Expected, ParseError, Source};

use super::diagnostic::{Diagnostic, Edit, codes};
use super::read::meant_boolean;

/// How many are reported: who has more mends these first.
const ERRORS_MAX: usize = 20;

/// How deep tables and arrays may lie in each other, as `toml_edit` has it.
const DEPTH_MAX: u32 = 80;

/// Mistakes that people make, in our words: how the parser's message begins, what is wrong, what is shown at the place, the way out.
const KNOWN: &[(&str, &str, &str, &str)] = &[
    (
        "string values must be quoted",
        "a string without quotes",
        "not in quotes",
        "a string stands in quotes: name = \"orders\"",
    ),
    (
        "key with no value",
        "a key without `=`",
        "`=` belongs here",
        "a line is a key, `=` and a value: name = \"orders\"",
    ),
    (
        "invalid basic string",
        "a string that is not closed, or has a character that must be escaped",
        "`\"` is missing",
        "put `\"` at the end of the string; `\"` and `\\` within it are written `\\\"` and `\\\\`",
    ),
    (
        "invalid literal string",
        "a string that is not closed",
        "`'` is missing",
        "put `'` at the end of the string",
    ),
    (
        "unclosed table",
        "the header of a table is not closed",
        "`]` is missing",
        "a table begins with a line like [app]",
    ),
    (
        "unclosed array table",
        "the header of an entry is not closed",
        "`]` is missing",
        "a capability begins with the line [[capability]]",
    ),
    (
        "unclosed inline table",
        "an inline table is not closed",
        "`}` is missing",
        "close it: configs = { REDIS_ADDRESS = \"redis://127.0.0.1:6379\" }",
    ),
    (
        "unclosed array",
        "an array is not closed",
        "`]` is missing",
        "close it: hosts = [\"https://api.example.com\"]",
    ),
    (
        "duplicate key",
        "a key that is there already",
        "a second time",
        "leave one of them out; a second backend is a second [[capability]]",
    ),
    (
        "missing comma",
        "no comma between two values",
        "`,` is missing",
        "separate them with a comma",
    ),
    (
        "missing escaped value",
        "`\\` in a string begins an escape, and this is none",
        "not an escape",
        "write `\\\\`, or put the string in single quotes",
    ),
    (
        "invalid float",
        "neither a number nor a string",
        "not a number",
        "a string stands in quotes, on both sides: name = \"orders\"",
    ),
    (
        "invalid integer",
        "neither a number nor a string",
        "not a number",
        "a string stands in quotes, on both sides: name = \"orders\"",
    ),
    (
        "recursion limit",
        "arrays or tables lie too deep in each other",
        "too deep",
        "nothing in a slightfile is nested deeper than three",
    ),
    (
        "cannot recurse further",
        "arrays or tables lie too deep in each other",
        "too deep",
        "nothing in a slightfile is nested deeper than three",
    ),
];

/// The errors of a file, of which `toml_edit` has found the first.
pub fn errors(source_name: &str, text: &str, first: &TomlError) -> Vec<Diagnostic> {
    // By line, as where it begins: behind an error in a line there is little to trust in the rest of it.
    let mut by_line: BTreeMap<usize, (Range<usize>, String)> = BTreeMap::new();
    let mut add = |span: Range<usize>, message: String| {
        let span = visible(text, span);
        let line = text
            .get(..span.start)
            .unwrap_or(text)
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        by_line.entry(line).or_insert((span, message));
    };
    add(
        first.span().unwrap_or(text.len()..text.len()),
        first.message().lines().collect::<Vec<_>>().join(", "),
    );
    for error in parsed(text) {
        let span = error.unexpected().or(error.context());
        add(
            span.map_or(text.len()..text.len(), |span| span.start()..span.end()),
            message(&error),
        );
    }
    by_line
        .into_values()
        .take(ERRORS_MAX)
        .map(|(span, message)| explained(source_name, text, span, &message))
        .collect()
}

/// The parser's message in our words, where we have some, and the change that mends it, where that is certain.
fn explained(source_name: &str, text: &str, span: Range<usize>, message: &str) -> Diagnostic {
    let at = text.get(span.clone()).unwrap_or_default();
    let problem = |what: &str| Diagnostic::error(codes::SYNTAX, format!("`{source_name}` is not TOML: {what}"));
    if at == "=" {
        return problem("a key without a value")
            .label(span, "nothing after it")
            .hint("write a value: name = \"orders\"");
    }
    if at.contains(['“', '”', '„', '‘', '’']) {
        return problem("typographic quotes")
            .label(span, "not quotes in TOML")
            .hint("write straight ones: name = \"orders\"");
    }
    if message.starts_with("unexpected key or value") {
        return behind(problem("two things on one line"), text, span);
    }
    if message.starts_with("string values must be quoted")
        && let Some(meant) = meant_boolean(at)
    {
        return problem("neither a string nor `true` or `false`")
            .label(span.clone(), "not in quotes")
            .hint("write true or false; a string stands in quotes: name = \"orders\"")
            .suggest(format!("replace by `{meant}`"), span, meant);
    }
    if is_header(text, span.start) && message.contains("must be quoted") {
        return problem("an array above this line is not closed")
            .label(span, "still within the array")
            .hint("put `]` at the end of the array");
    }
    let Some((began, what, label, hint)) = KNOWN.iter().find(|(began, ..)| message.starts_with(began)) else {
        return problem(message.trim_end_matches('.')).label(span, "here");
    };
    let problem = problem(what).label(span.clone(), *label).hint(*hint);
    let plain = !at.contains(|c: char| c.is_control() || matches!(c, '"' | '\'' | '\\' | '#'));
    match *began {
        "string values must be quoted" if plain => problem.fix_all("put it in quotes", quotes(span)),
        "key with no value" if at == ":" => problem.fix("replace `:` by ` =`", span, " ="),
        _ => problem,
    }
}

/// What stands behind the header of a table, or behind a value, and belongs on the next line.
fn behind(problem: Diagnostic, text: &str, span: Range<usize>) -> Diagnostic {
    let (before, after) = text.split_at_checked(span.end).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default().trim();
    if !(line.starts_with('[') && line.ends_with(']')) {
        return problem
            .label(span, "on a line of its own")
            .hint("a line has one key and one value; a text with blanks stands in quotes");
    }
    let problem = problem
        .label(span, "the line ends here")
        .hint("put what follows on the line below the header");
    let rest = after.lines().next().unwrap_or_default();
    let pair = rest.trim_start_matches([' ', '\t']);
    let (start, end) = (before.trim_end().len(), before.len() + rest.len() - pair.len());
    match pair.starts_with(|c: char| c.is_ascii_alphanumeric()) && pair.contains('=') {
        true => problem.fix("put it on the line below the header", start..end, "\n"),
        false => problem,
    }
}

/// Whether the line of this place looks like `[app]`.
fn is_header(text: &str, at: usize) -> bool {
    let start = text
        .get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |newline| newline + 1);
    let line = text
        .get(start..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or_default();
    line.starts_with('[') && line.trim_end().ends_with(']')
}

/// Quotes before and after. The text itself stays out of the fix: it may be a secret.
fn quotes(span: Range<usize>) -> Vec<Edit> {
    [span.start, span.end]
        .map(|at| Edit {
            range: at..at,
            text: "\"".to_owned(),
        })
        .into()
}

/// What the parser finds, and then what is wrong within strings, numbers and dates.
fn parsed(text: &str) -> Vec<ParseError> {
    let source = Source::new(text);
    let tokens = source.lex().into_vec();
    let mut errors: Vec<ParseError> = Vec::new();
    let mut events = Vec::with_capacity(tokens.len());
    parse_document(&tokens, &mut RecursionGuard::new(&mut events, DEPTH_MAX), &mut errors);
    for event in &events {
        let Some(raw) = source.get(event) else { continue };
        match event.kind() {
            EventKind::Scalar => drop(raw.decode_scalar(&mut String::new(), &mut errors)),
            EventKind::SimpleKey => raw.decode_key(&mut String::new(), &mut errors),
            _ => {}
        }
    }
    errors
}

/// What is wrong, and what is expected instead.
fn message(error: &ParseError) -> String {
    let expected: Vec<_> = error
        .expected()
        .unwrap_or_default()
        .iter()
        .filter_map(|expected| match expected {
            Expected::Literal("\n") => Some("newline".to_owned()),
            Expected::Literal(literal) => Some(format!("`{literal}`")),
            Expected::Description(what) => Some((*what).to_owned()),
            _ => None,
        })
        .collect();
    match expected.is_empty() {
        true => error.description().to_owned(),
        false => format!("{}, expected {}", error.description(), expected.join(", ")),
    }
}

/// A place that can be underlined: for an empty one the character before it, at the start of a line the one after it.
fn visible(text: &str, span: Range<usize>) -> Range<usize> {
    let at = text.get(span.clone()).unwrap_or_default();
    if !at.trim().is_empty() {
        return span;
    }
    let (before, after) = text.split_at_checked(span.start).unwrap_or_default();
    let line_begins = before.is_empty() || before.ends_with('\n');
    if let Some(next) = after.chars().next().filter(|c| line_begins && !c.is_whitespace()) {
        return span.start..span.start + next.len_utf8();
    }
    match before.char_indices().rev().find(|(_, c)| !c.is_whitespace()) {
        Some((start, c)) => start..start + c.len_utf8(),
        None => span,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{apply, parse};

    /// The lines that are reported.
    fn lines(text: &str) -> Vec<usize> {
        let (slightfile, found) = parse("slightfile.toml", text);
        assert!(slightfile.is_none());
        let line = |start: usize| text[..start].matches('\n').count() + 1;
        found.iter().map(|d| line(d.labels[0].range.start)).collect()
    }

    #[test]
    fn all_of_them() {
        for (text, expected) in [
            (
                "specversion = \"1.0\n[app]\nname = \n[test]\ntimeout = \"60s\"\n",
                vec![1, 3],
            ),
            ("a = 1\na = 2\nb = \"\\q\"\nc = 1x\n", vec![2, 3, 4]),
            ("[app\nname = \"a\"\n[[capability]\n", vec![1, 3]),
            ("specversion", vec![1]),
        ] {
            assert_eq!(lines(text), expected, "{text}");
        }
    }

    /// What is said, and what mends it.
    #[test]
    fn in_words_that_help() {
        for (text, what, mended) in [
            ("a = redis", "a string without quotes", Some("a = \"redis\"")),
            ("a: \"b\"", "a key without `=`", Some("a = \"b\"")),
            ("a = ", "a key without a value", None),
            ("a = “b”", "typographic quotes", None),
            (
                "a = \"C:\\dir\"",
                "`\\` in a string begins an escape, and this is none",
                None,
            ),
            (
                "a = [\"b\",\n[app]\nc = \"x\"\n",
                "an array above this line is not closed",
                None,
            ),
            ("a = 1.0\"", "neither a number nor a string", None),
            ("[a] b = \"c\"", "two things on one line", Some("[a]\nb = \"c\"")),
            ("a = 1 b = 2", "two things on one line", None),
            ("a = yes", "neither a string nor `true` or `false`", Some("a = true")),
        ] {
            let found = &parse("f", text).1[0];
            assert_eq!(found.message, format!("`f` is not TOML: {what}"), "{text}");
            let fixed = found.fixes.first().map(|fix| apply(text, &fix.edits));
            assert_eq!(fixed.as_deref(), mended, "{text}");
        }
    }

    #[test]
    fn not_more_than_one_can_read() {
        assert_eq!(lines(&"a = \n".repeat(1_000)).len(), super::ERRORS_MAX);
    }
}
