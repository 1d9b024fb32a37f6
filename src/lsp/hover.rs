//! What a key, a resource or a header means.
//!
//! It says what the grammar and the catalogue say. A value is never repeated: it may be a secret.

use std::ops::Range;

use lsp_types::{Contents, Hover, MarkupContent, MarkupKind};

use super::cursor::{self, At, Cursor, Keys};
use super::outline::Value;
use super::view::View;
use crate::catalogue::{CATALOGUE, Key, Maturity, Need, Resource};
use crate::slightfile::grammar::{Form, Known};
use crate::slightfile::{SPEC_VERSIONS, STORES};

/// What is known of the word at a byte.
#[must_use]
pub fn hover(view: &View<'_>, byte: usize) -> Option<Hover> {
    let cursor = cursor::at(view.text, view.outline(), byte);
    let (range, text) = match &cursor.at {
        At::Header(table) => (table.header.clone()?, of_header(&cursor)?),
        At::Key { range, word, .. } => (range.clone(), of_key(view, &cursor, word)?),
        At::Value { key, value } => {
            let value = (*value)?;
            (value.range.clone(), of_value(view, &cursor, key, value)?)
        }
        At::Nothing => return None,
    };
    Some(shown(view, &range, text))
}

fn shown(view: &View<'_>, range: &Range<usize>, text: String) -> Hover {
    let kind = match view.client.markdown {
        true => MarkupKind::Markdown,
        false => MarkupKind::PlainText,
    };
    Hover {
        contents: Contents::MarkupContent(MarkupContent { kind, value: text }),
        range: Some(view.lines.range(range)),
    }
}

fn of_header(cursor: &Cursor<'_>) -> Option<String> {
    let (key, path) = cursor.path.split_last()?;
    let known = cursor::known(path, key)?;
    let keys: Vec<_> = match known.form {
        Form::Table(table) | Form::Tables(table) => table.keys.iter().map(|known| known.key).collect(),
        _ => Vec::new(),
    };
    Some(paragraphs([
        known.help.to_owned(),
        listed("keys", &keys),
        versions(known),
    ]))
}

fn of_key(view: &View<'_>, cursor: &Cursor<'_>, word: &str) -> Option<String> {
    match cursor::keys(&cursor.path)? {
        Keys::Known(table) => table.keys.iter().find(|known| known.key == word).map(of_known),
        Keys::Configs => {
            let resource = cursor::resource(view.outline(), cursor.entry)?;
            let key = resource.keys.iter().find(|key| key.name == word)?;
            Some(of_config(resource, key))
        }
        Keys::Any => None,
    }
}

fn of_known(known: &Known) -> String {
    let example = match known.example {
        "" => String::new(),
        example => format!("for example `{} = {example}`", known.key),
    };
    paragraphs([format!("`{}`: {}", known.key, known.help), example, versions(known)])
}

fn versions(known: &Known) -> String {
    let names = SPEC_VERSIONS
        .iter()
        .filter(|(_, version)| known.versions.contains(version));
    listed("specversion", &names.map(|(name, _)| *name).collect::<Vec<_>>())
}

fn of_config(resource: &Resource, key: &Key) -> String {
    let need = match key.need {
        Need::Required => format!("`{}` needs it", resource.id),
        Need::Optional => "it may be left out".to_owned(),
        Need::Or(other) => format!("`{}` needs it or `{other}`", resource.id),
    };
    let secret = match key.secret {
        true => "a secret: write a reference such as `${envvars.KEY}`, and not its value",
        false => "",
    };
    let emulated = match (key.endpoint, resource.service) {
        (true, Some(service)) => format!("`slt test` fills it in with a {service} of its own"),
        _ => String::new(),
    };
    let example = format!("for example `{} = \"{}\"`", key.name, key.example);
    paragraphs([
        format!("`{}`: {}", key.name, key.help),
        need,
        secret.to_owned(),
        emulated,
        example,
    ])
}

fn of_value(view: &View<'_>, cursor: &Cursor<'_>, key: &str, value: &Value) -> Option<String> {
    if matches!(cursor::keys(&cursor.path), Some(Keys::Configs)) {
        return value
            .text
            .as_deref()
            .and_then(of_reference)
            .or_else(|| of_key(view, cursor, key));
    }
    let is_resource = cursor.path == ["capability"] && matches!(key, "resource" | "name");
    let resource = value.text.as_deref().and_then(|text| CATALOGUE.resource(text));
    match resource.filter(|_| is_resource) {
        Some(resource) => Some(of_resource(resource)),
        None => of_key(view, cursor, key),
    }
}

fn of_reference(text: &str) -> Option<String> {
    let inner = text.strip_prefix("${")?.strip_suffix('}')?;
    let (path, default) = match inner.split_once(":-") {
        Some((path, _)) => (path, ", or what stands behind `:-` when it is not there"),
        None => (inner, ""),
    };
    let (store, key) = path.rsplit_once('.')?;
    let (store, _) = STORES.iter().find(|(name, _)| *name == store)?;
    let of_store = CATALOGUE.resource(&format!("configs.{store}"))?;
    Some(format!(
        "`{key}` of {}{default}; it is looked up when the application starts",
        of_store.help
    ))
}

fn of_resource(resource: &Resource) -> String {
    let capability = CATALOGUE.capability(resource.family);
    let interfaces = |title: &str, hosted: &[crate::catalogue::Hosted]| {
        let ids = hosted.iter().flat_map(|hosted| {
            let path = format!("{}/{}", hosted.package, hosted.interface);
            hosted.versions.iter().map(move |version| format!("{path}@{version}"))
        });
        let ids: Vec<_> = ids.collect();
        listed(title, &ids.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let maturity = match resource.maturity {
        Maturity::Ready => "",
        Maturity::Planned => "planned: this version of slt checks it, and does not run it",
    };
    let keys: Vec<_> = resource.keys.iter().map(|key| key.name).collect();
    paragraphs([
        format!("`{}`: {}", resource.id, resource.help),
        maturity.to_owned(),
        listed("keys", &keys),
        interfaces("imports", capability.map_or(&[], |capability| capability.imports)),
        interfaces("exports", capability.map_or(&[], |capability| capability.exports)),
    ])
}

/// `` keys: `a`, `b` ``, or nothing.
fn listed(title: &str, words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.is_empty() {
        true => String::new(),
        false => format!("{title}: {}", quoted.join(", ")),
    }
}

fn paragraphs<const N: usize>(texts: [String; N]) -> String {
    let there: Vec<_> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    there.join("\n\n")
}
