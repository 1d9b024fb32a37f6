//! What may be written at a place: headers, keys, values.
//!
//! All of it comes from the grammar and the catalogue, for the spec version of the file. What stands in the environment or in a store
//! of secrets is not looked at.

use std::ops::Range;

use lsp_types::{CompletionItem, CompletionItemKind, CompletionItemLabelDetails, InsertTextFormat};

use super::cursor::{self, At, Cursor, Keys};
use super::view::View;
use crate::catalogue::{CATALOGUE, Key, Maturity, Need};
use crate::slightfile::grammar::{self, Form, Known};
use crate::slightfile::{SPEC_VERSIONS, STORES, SpecVersion};

/// The characters that ask for completions by themselves.
pub const TRIGGERS: &[&str] = &["[", "\"", "'", "$", "{", ".", "="];

/// Something to choose.
struct Choice {
    /// What is shown, and what is matched with what is typed.
    label: String,
    /// What takes the place of the word.
    text: String,
    /// The same with places to fill in, if there are any.
    snippet: Option<String>,
    kind: CompletionItemKind,
    /// What it is, in a few words.
    detail: String,
    /// What else is to be known, beside the label: `required`.
    note: &'static str,
    /// What comes first: the least.
    rank: u8,
}

/// All that may stand at a byte.
#[must_use]
pub fn complete(view: &View<'_>, byte: usize) -> Vec<CompletionItem> {
    let cursor = cursor::at(view.text, view.outline(), byte);
    let (range, choices) = match &cursor.at {
        At::Header(table) => {
            let header = table.header.clone().unwrap_or(byte..byte);
            (header.start..header.end.max(byte), headers(view, byte))
        }
        At::Key {
            range,
            has_value,
            is_inline,
            ..
        } => {
            let mut choices = keys(view, &cursor);
            if !is_inline && !has_value && begins_line(view.text, range.start) {
                choices.extend(headers(view, byte));
            }
            (range.clone(), choices)
        }
        // What stands in an array is known, and not what else might.
        At::Value { value: Some(value), .. } if value.text.is_none() => return Vec::new(),
        At::Value { key, value } => {
            let range = value.map_or(byte..byte, |value| replaced(view.text, &value.range, byte));
            (range, values(view, &cursor, key))
        }
        At::Nothing => return Vec::new(),
    };
    items(view, &range, choices)
}

fn begins_line(text: &str, byte: usize) -> bool {
    let before = text.get(..byte).unwrap_or_default().trim_end_matches([' ', '\t']);
    before.is_empty() || before.ends_with('\n')
}

/// What a completion replaces of a value: all of it, or what is typed so far of a string that is not closed.
fn replaced(text: &str, value: &Range<usize>, byte: usize) -> Range<usize> {
    let written = text.get(value.clone()).unwrap_or_default();
    let is_open = |quote: char| written.starts_with(quote) && (written.len() < 2 || !written.ends_with(quote));
    match is_open('"') || is_open('\'') {
        true => value.start..byte.max(value.start),
        false => value.clone(),
    }
}

fn items(view: &View<'_>, range: &Range<usize>, mut choices: Vec<Choice>) -> Vec<CompletionItem> {
    // An item that would replace something elsewhere than in the line of the cursor is not taken by editors.
    if view
        .text
        .get(range.clone())
        .is_none_or(|replaced| replaced.contains(['\n', '\r']))
    {
        return Vec::new();
    }
    let replaced = view.text.get(range.clone()).unwrap_or_default();
    let space = match view.text.get(..range.start).is_some_and(|before| before.ends_with('=')) {
        true => " ",
        false => "",
    };
    choices.sort_by_key(|choice| choice.rank);
    let numbered = choices.into_iter().enumerate();
    numbered
        .map(|(number, choice)| CompletionItem {
            sort_text: Some(format!("{number:04}")),
            ..item(view, range, replaced, space, choice)
        })
        .collect()
}

fn item(view: &View<'_>, range: &Range<usize>, replaced: &str, space: &str, choice: Choice) -> CompletionItem {
    let snippet = choice.snippet.filter(|_| view.client.snippets);
    let format = snippet.as_ref().map(|_| InsertTextFormat::Snippet);
    let text = snippet.unwrap_or(choice.text);
    // What is matched begins as what is replaced does: with a quote or a bracket, if there is one.
    let filter = match replaced.chars().next() {
        Some(quote @ ('"' | '\'')) => format!("{quote}{}", choice.label),
        Some('[') => choice.label.clone(),
        _ => choice.label.trim_matches(['[', ']']).to_owned(),
    };
    CompletionItem {
        label_details: (!choice.note.is_empty()).then(|| CompletionItemLabelDetails {
            detail: None,
            description: Some(choice.note.to_owned()),
        }),
        kind: Some(choice.kind),
        detail: Some(match (choice.detail.as_str(), choice.note) {
            (detail, "") => detail.to_owned(),
            (detail, note) => format!("{detail} ({note})"),
        })
        .filter(|detail| !detail.is_empty()),
        filter_text: (filter != choice.label).then_some(filter),
        insert_text_format: format,
        text_edit: Some(view.edit(range, format!("{space}{text}")).into()),
        label: choice.label,
        ..CompletionItem::default()
    }
}

/// The headers that may stand here: those of tables that the file does not have yet, and of arrays of tables.
fn headers(view: &View<'_>, byte: usize) -> Vec<Choice> {
    let version = cursor::version(view.outline());
    let is_before = |table: &&super::outline::Table| table.is_array && table.extent.start < byte;
    let last = view.outline().tables.iter().rfind(is_before);
    let mut choices = Vec::new();
    for known in grammar::ROOT
        .keys
        .iter()
        .filter(|known| known.versions.contains(&version))
    {
        let (below, entry) = match known.form {
            Form::Tables(below) => {
                choices.push(header(format!("[[{}]]", known.key), known.help, 5));
                let is_last = |entry: &&super::outline::Table| entry.path.first().is_some_and(|name| name == known.key);
                (below, last.filter(is_last).map(|table| table.entry))
            }
            Form::Table(below) => (below, Some(0)),
            _ => continue,
        };
        let Some(entry) = entry else { continue };
        if matches!(known.form, Form::Table(_)) && !view.outline().has_table(&[known.key], entry) {
            choices.push(header(format!("[{}]", known.key), known.help, 5));
        }
        for inner in below.keys.iter().filter(|inner| inner.versions.contains(&version)) {
            let is_table = matches!(inner.form, Form::Table(_) | Form::Configs | Form::Map);
            if is_table && !view.outline().has_table(&[known.key, inner.key], entry) {
                choices.push(header(format!("[{}.{}]", known.key, inner.key), inner.help, 6));
            }
        }
    }
    choices
}

fn header(text: String, help: &str, rank: u8) -> Choice {
    Choice {
        label: text.clone(),
        text,
        snippet: None,
        kind: CompletionItemKind::Struct,
        detail: help.to_owned(),
        note: "",
        rank,
    }
}

/// The keys of the table.
fn keys(view: &View<'_>, cursor: &Cursor<'_>) -> Vec<Choice> {
    let At::Key {
        range,
        has_value,
        is_inline,
        ..
    } = &cursor.at
    else {
        return Vec::new();
    };
    let others = view.outline().keys(&cursor.path, cursor.entry);
    let set: Vec<&str> = others
        .filter(|found| found.key_range != range)
        .map(|found| found.key)
        .collect();
    match cursor::keys(&cursor.path) {
        Some(Keys::Known(table)) => {
            let version = cursor::version(view.outline());
            let here = table.keys.iter().filter(|known| known.versions.contains(&version));
            // A table of the root has a header; below it, one in braces is as good.
            let is_written = |known: &&Known| match known.form {
                Form::Table(_) | Form::Tables(_) | Form::Configs | Form::Map => !cursor.path.is_empty() && !is_inline,
                _ => !(version == SpecVersion::V0_1 && known.key == "resource"),
            };
            let below = |known: &Known| {
                view.outline()
                    .has_table(&[&cursor.path, &[known.key][..]].concat(), cursor.entry)
            };
            here.filter(is_written)
                .filter(|known| !set.contains(&known.key) && !below(known))
                .map(|known| known_key(known, *has_value))
                .collect()
        }
        Some(Keys::Configs) => {
            let resource = cursor::resource(view.outline(), cursor.entry);
            let keys = resource.map_or(&[][..], |resource| resource.keys);
            keys.iter().map(|key| config_key(key, &set, *has_value)).collect()
        }
        Some(Keys::Any) | None => Vec::new(),
    }
}

fn known_key(known: &Known, has_value: bool) -> Choice {
    let value = match known.form {
        Form::Table(_) | Form::Configs | Form::Map => Some("{ $1 }".to_owned()),
        Form::Texts | Form::Hosts => Some("[\"$1\"]".to_owned()),
        Form::Boolean | Form::Count(_) => Some(format!("${{1:{}}}", known.example)),
        _ => Some("\"$1\"".to_owned()),
    };
    let (text, snippet) = assignment(known.key, value, has_value);
    Choice {
        label: known.key.to_owned(),
        text,
        snippet,
        kind: CompletionItemKind::Property,
        detail: known.help.to_owned(),
        note: "",
        rank: 1,
    }
}

fn config_key(key: &Key, set: &[&str], has_value: bool) -> Choice {
    let is_set = set.contains(&key.name);
    let alternative = match key.need {
        Need::Or(other) => set.contains(&other),
        _ => false,
    };
    let (note, rank) = match key.need {
        _ if is_set => ("already set", 9),
        Need::Required => ("required", 1),
        Need::Or(_) if !alternative => ("required, or another key", 2),
        Need::Or(_) | Need::Optional => ("optional", 3),
    };
    let value = format!("\"${{1:{}}}\"", escaped(key.example));
    let (text, snippet) = assignment(key.name, Some(value), has_value || is_set);
    Choice {
        label: key.name.to_owned(),
        text,
        snippet,
        kind: CompletionItemKind::Field,
        detail: key.help.to_owned(),
        note,
        rank,
    }
}

/// `key = `, and with places to fill in; the key alone, where it has a value.
fn assignment(key: &str, value: Option<String>, has_value: bool) -> (String, Option<String>) {
    match has_value {
        true => (key.to_owned(), None),
        false => (format!("{key} = "), value.map(|value| format!("{key} = {value}"))),
    }
}

/// A text as it is written inside a place to fill in (LSP 3.17, *Snippet Syntax*).
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('$', "\\$").replace('}', "\\}")
}

/// The values of a key.
fn values(view: &View<'_>, cursor: &Cursor<'_>, key: &str) -> Vec<Choice> {
    let version = cursor::version(view.outline());
    if matches!(cursor::keys(&cursor.path), Some(Keys::Configs)) {
        return config_values(view, cursor, key);
    }
    let Some(known) = cursor::known(&cursor.path, key) else {
        return Vec::new();
    };
    match known.form {
        Form::SpecVersion => spec_versions(),
        Form::SecretStore => STORES
            .iter()
            .map(|(store, _)| value(format!("configs.{store}"), "", CompletionItemKind::EnumMember, 1))
            .collect(),
        Form::Resource => resources(version),
        _ if version == SpecVersion::V0_1 && cursor.path == ["capability"] && key == "name" => resources(version),
        Form::Boolean => ["true", "false"].map(|text| plain(text, "", 1)).into(),
        Form::Table(_) | Form::Tables(_) | Form::Configs | Form::Map => Vec::new(),
        _ => vec![plain(known.example, "for example", 1)],
    }
}

fn spec_versions() -> Vec<Choice> {
    let newest_first = SPEC_VERSIONS.iter().rev().zip(1..);
    newest_first
        .map(|((name, _), rank)| value((*name).to_owned(), "", CompletionItemKind::EnumMember, rank))
        .collect()
}

/// Each resource that the spec version has, those that run first.
fn resources(version: SpecVersion) -> Vec<Choice> {
    let here = CATALOGUE.resources.iter();
    let here = here.filter(|resource| !resource.legacy || version < SpecVersion::V1_0);
    here.flat_map(|resource| {
        let (note, rank) = match resource.maturity {
            Maturity::Ready => ("", 1),
            Maturity::Planned => ("planned", 2),
        };
        let ids = std::iter::once(resource.id).chain(resource.also.iter().copied());
        ids.map(move |id| Choice {
            note,
            ..value(id.to_owned(), resource.help, CompletionItemKind::Module, rank)
        })
    })
    .collect()
}

/// An example, and the references that could stand for the value: to the key of the same name in each store.
fn config_values(view: &View<'_>, cursor: &Cursor<'_>, name: &str) -> Vec<Choice> {
    let resource = cursor::resource(view.outline(), cursor.entry);
    let known = resource.and_then(|resource| resource.keys.iter().find(|key| key.name == name));
    let references = STORES.iter().map(|(store, _)| {
        let text = format!("${{{store}.{name}}}");
        value(
            text,
            "taken from there when the application starts",
            CompletionItemKind::Reference,
            2,
        )
    });
    let example = known.filter(|key| !key.secret);
    let example = example.map(|key| value(key.example.to_owned(), "for example", CompletionItemKind::Value, 1));
    example.into_iter().chain(references).collect()
}

/// A string, which is written with quotes.
fn value(label: String, detail: &str, kind: CompletionItemKind, rank: u8) -> Choice {
    Choice {
        text: format!("\"{label}\""),
        label,
        snippet: None,
        kind,
        detail: detail.to_owned(),
        note: "",
        rank,
    }
}

/// A value as it is written in TOML.
fn plain(text: &str, detail: &str, rank: u8) -> Choice {
    Choice {
        label: text.trim_matches('"').to_owned(),
        text: text.to_owned(),
        snippet: None,
        kind: CompletionItemKind::Value,
        detail: detail.to_owned(),
        note: "",
        rank,
    }
}
