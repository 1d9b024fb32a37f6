//! What holds for any text, at any place: nothing panics, and what is answered lies in the text.

use lsp_types::{ClientCapabilities, CompletionItemTextEdit, Uri};
use proptest::prelude::*;

use super::outline::Outline;
use super::view::{Client, View};
use super::{actions, completion, definition, diagnostics, formatting, hover, symbols};
use crate::slightfile;

/// Pieces of a slightfile, put together as nobody would.
const PIECES: &str = "(specversion = |\"1.0\"|\"0.1\"|\\[\\[capability\\]\\]|\\[capability.configs\\]|\\[|\\]|\\{|\\}|=|,|\\.|#|\"|'|\"\"\"|resource|name|configs|keyvalue.redis|REDIS_ADDRESS|\\$\\{envvars|é|😀|\\\\|1| |\n|\r\n|\r|\u{feff}){0,24}";

proptest! {
    #[test]
    fn any_text_has_answers(text in prop_oneof![PIECES, "\\PC{0,40}"]) {
        let uri = Uri::parse("file:///project/slightfile.toml").unwrap();
        let client = Client { actions: true, ..Client::new(&ClientCapabilities::default(), None) };
        let view = View::new(&uri, &text, client);
        let (_, found) = slightfile::parse("slightfile.toml", &text);
        let _ = diagnostics::all(&view, &found);
        let _ = actions::quick_fixes(&view, &found, &(0..text.len()));
        let _ = symbols::symbols(&view);
        let _ = formatting::format(&view, &lsp_types::FormattingOptions::default());
        for byte in 0..=text.len() {
            let byte = text.floor_char_boundary(byte);
            let line = view.lines.position(byte).line;
            for item in completion::complete(&view, byte) {
                let Some(CompletionItemTextEdit::TextEdit(edit)) = item.text_edit else {
                    panic!("{item:?}");
                };
                // Editors take only what replaces something in the line of the cursor, around it.
                let replaced = view.lines.bytes(edit.range);
                prop_assert!(edit.range.start.line == line && edit.range.end.line == line, "{:?} {edit:?}", text);
                prop_assert!(replaced.start <= byte && byte <= replaced.end, "{:?} at {byte}: {edit:?}", text);
            }
            let _ = hover::hover(&view, byte);
            let _ = definition::definition(&view, byte, Vec::new);
        }
    }

    #[test]
    fn an_outline_lies_in_its_text(text in PIECES) {
        let outline = Outline::new(&text);
        for table in &outline.tables {
            prop_assert!(text.get(table.extent.clone()).is_some(), "{:?} {table:?}", text);
            prop_assert!(table.header.clone().is_none_or(|header| text.get(header).is_some()));
            for pair in &table.pairs {
                prop_assert!(text.get(pair.key_range()).is_some());
                prop_assert!(pair.value.as_ref().is_none_or(|value| text.get(value.range.clone()).is_some()));
            }
        }
    }
}

/// The paths and entries of the tables, and their keys.
fn drawn(text: &str) -> Vec<String> {
    let outline = Outline::new(text);
    let tables = outline.tables.iter().map(|table| {
        let keys = table.pairs.iter().map(|pair| {
            let parts: Vec<_> = pair.key.iter().map(|(part, _)| part.as_str()).collect();
            let value = pair.value.as_ref().map(|value| value.text.as_deref().unwrap_or("…"));
            format!(" {}={}", parts.join("."), value.unwrap_or("?"))
        });
        format!("{}:{}{}", table.path.join("."), table.entry, keys.collect::<String>())
    });
    tables.collect()
}

#[test]
fn outlines() {
    for (text, expected) in [
        ("", &[":0"][..]),
        ("a = 1\n[b]\nc.d = 'x'\n", &[":0 a=1", "b:0 c.d=x"]),
        (
            "[[a]]\nb = 1\n[a.c]\n[[a]]\n[a.c]\nd = 1",
            &[":0", "a:1 b=1", "a.c:1", "a:2", "a.c:2 d=1"],
        ),
        ("a = [{ b = 1 }, { b = 2 }]", &[":0 a=…", "a:1 b=1", "a:2 b=2"]),
        (
            "a = { b = { c = 1 }, d = [1] }",
            &[":0 a=…", "a:0 b=… d=…", "a.b:0 c=1"],
        ),
        // What is open does not swallow what follows.
        ("a = {\n[[b]]\nc = 1\n", &[":0 a=…", "a:0", "b:1 c=1"]),
        ("a = [\n[b]\nc = 1\n", &[":0 a=…", "b:0 c=1"]),
        ("a = \"\"\"\n[b]\nc = 1\n", &[":0 a=", "b:0 c=1"]),
        ("a = \"x\n[b\nc = 1\n[[d\n", &[":0 a=x", "b:0 c=1", "d:1"]),
        ("a\nb =\nc = 1", &[":0 a=? b= c=1"]),
    ] {
        assert_eq!(drawn(text), expected, "{text}");
    }
}
