//! What is wrong with a file that is not TOML: every place, not the first only.
//!
//! `toml_edit` stops at its first error. The parser below it goes on behind each one, and is asked for the others.

use std::collections::BTreeMap;
use std::ops::Range;

use toml_edit::TomlError;
use toml_parser::parser::{EventKind, RecursionGuard, parse_document};
use toml_parser::{Expected, ParseError, Source};

use super::diagnostic::{Diagnostic, codes};

/// How many are reported: who has more mends these first.
const ERRORS_MAX: usize = 20;

/// How deep tables and arrays may lie in each other, as `toml_edit` has it.
const DEPTH_MAX: u32 = 80;

/// The errors of a file, of which `toml_edit` has found the first.
pub fn errors(source_name: &str, text: &str, first: &TomlError) -> Vec<Diagnostic> {
    // By line: behind an error in a line there is little to trust in the rest of it.
    let mut by_line: BTreeMap<usize, (Range<usize>, String)> = BTreeMap::new();
    let mut add = |span: Range<usize>, message: String| {
        let span = visible(text, span);
        let line = text.get(..span.start).unwrap_or(text).matches('\n').count();
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
        .map(|(span, message)| {
            let message = format!("`{source_name}` is not TOML: {}", message.trim_end_matches('.'));
            Diagnostic::error(codes::SYNTAX, message).label(span, "here")
        })
        .collect()
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

/// A place that can be underlined: one at the end of a line, where there is nothing, is that line's last character.
fn visible(text: &str, span: Range<usize>) -> Range<usize> {
    let at = text.get(span.clone()).unwrap_or_default();
    if !at.trim().is_empty() {
        return span;
    }
    let before = text.get(..span.start).unwrap_or_default();
    match before.char_indices().rev().find(|(_, c)| !c.is_whitespace()) {
        Some((start, c)) => start..start + c.len_utf8(),
        None => span,
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

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

    #[test]
    fn not_more_than_one_can_read() {
        assert_eq!(lines(&"a = \n".repeat(1_000)).len(), super::ERRORS_MAX);
    }
}
