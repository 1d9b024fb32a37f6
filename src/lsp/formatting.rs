//! Formatting: one way to write the blanks of a slightfile. Comments, order and values stay.
//!
//! The layout is oxc-toml's, which goes on with what was taplo's formatter. A file that is no TOML stays as it is, and so does one
//! of which the formatter would make another: that the words are the same before and after is checked here each time.

use lsp_types::{FormattingOptions, TextEdit};
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use super::view::View;
use crate::slightfile::SLIGHTFILE_MAX_BYTES;

/// How wide an array may be before each of its values gets a line.
const WIDTH_COLUMNS: usize = 100;

/// The largest indentation that is made, in blanks.
const INDENT_MAX_COLUMNS: u32 = 16;

/// The change that formats a document; none when nothing changes.
#[must_use]
pub fn format(view: &View<'_>, options: &FormattingOptions) -> Vec<TextEdit> {
    match formatted(view.text, options) {
        Some(text) if text != view.text => vec![view.edit(&(0..view.text.len()), text)],
        _ => Vec::new(),
    }
}

/// The text, formatted. Nothing for one that is no TOML.
fn formatted(text: &str, options: &FormattingOptions) -> Option<String> {
    if text.len() > SLIGHTFILE_MAX_BYTES || toml_edit::Document::parse(text).is_err() {
        return None;
    }
    let parsed = oxc_toml::parse(text);
    if !parsed.errors.is_empty() {
        return None;
    }
    let width = options.tab_size.min(INDENT_MAX_COLUMNS);
    let indent = match options.insert_spaces {
        true => " ".repeat(usize::try_from(width).unwrap_or_default()),
        false => "\t".to_owned(),
    };
    let layout = oxc_toml::Options {
        column_width: WIDTH_COLUMNS,
        allowed_blank_lines: 1,
        indent_string: indent,
        inline_table_expand: false,
        trailing_newline: !text.is_empty(),
        crlf: text.contains("\r\n"),
        ..oxc_toml::Options::default()
    };
    let formatted = oxc_toml::format(&parsed, layout);
    (words(&formatted) == words(text)).then_some(formatted)
}

/// All that is no blank, comma or end of a line: a formatter may change these only.
fn words(text: &str) -> Vec<&str> {
    let is_word = |kind| {
        !matches!(
            kind,
            TokenKind::Whitespace | TokenKind::Newline | TokenKind::Comma | TokenKind::Eof
        )
    };
    let source = Source::new(text);
    let tokens = source.lex().filter(|token| is_word(token.kind()));
    let words = tokens.filter_map(|token| text.get(token.span().start()..token.span().end()));
    words.map(str::trim_end).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn options() -> FormattingOptions {
        FormattingOptions {
            tab_size: 2,
            insert_spaces: true,
            ..FormattingOptions::default()
        }
    }

    #[test]
    fn laid_out() {
        for (text, expected) in [
            ("", Some("")),
            ("a=1", Some("a = 1\n")),
            ("a = 1\n\n\n\nb = 2 # two\n", Some("a = 1\n\nb = 2 # two\n")),
            ("  # one\n [ app ]\nname='a'\n", Some("# one\n[app]\nname = 'a'\n")),
            ("a=1\r\nb=2\r\n", Some("a = 1\r\nb = 2\r\n")),
            ("a = {b=1,c=[1,2]}\n", Some("a = { b = 1, c = [1, 2] }\n")),
            ("a = \"x\n", None),
            ("a = 1\na = 2\n", None),
            ("[app\n", None),
        ] {
            assert_eq!(formatted(text, &options()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_changed_word_is_seen() {
        assert_eq!(words("a = [1,\n2,] # c  \n"), words("a=[ 1, 2 ] # c"));
        for other in ["a=[1,3] # c", "a=[1,2] # d", "a=[1,2]", "b=[1,2] # c"] {
            assert_ne!(words(other), words("a=[1,2] # c"), "{other}");
        }
    }

    proptest! {
        #[test]
        fn once_is_enough(text in "(([a-c]|\\[a\\]|\\[\\[b\\]\\]|a\\.b|\"é\")( ?= ?(1|\"x\"|\\[1,\n?2\\]|\\{a=1\\}|true))?( ?# é)?\r?\n){0,6}") {
            if let Some(once) = formatted(&text, &options()) {
                let twice = formatted(&once, &options());
                prop_assert_eq!(twice.as_deref(), Some(once.as_str()));
                prop_assert_eq!(once.matches('#').count(), text.matches('#').count());
            }
        }
    }
}
