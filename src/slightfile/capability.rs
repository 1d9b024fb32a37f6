//! `[[capability]]`: which backend, under which name, with which configuration.

use std::collections::BTreeMap;
use std::ops::Range;

use toml_edit::Item;

use super::SpecVersion::{V0_1, V1_0};
use super::diagnostic::{Diagnostic, Edit, codes};
use super::document::hosts;
use super::gap::Gap;
use super::grammar::{ATTEMPTS_MAX, CAPABILITY, GRANTS, RETRY, ROOT};
use super::read::{Problems, Section, list, not_a_count, parsed, shown};
use super::value::{Dialect, ReferenceError, STORES, Value};
use super::{CAPABILITIES_MAX, Capability, Config, Retry, Spanned, SpecVersion};

/// The entries of a file.
pub struct Entries {
    /// Those that have a resource and a name.
    pub read: Vec<Capability>,
    /// Those that have a resource, and no name that could be read: theirs is empty.
    pub nameless: Vec<Capability>,
    /// Whether any could not be read whole, so that what the file offers is not known.
    pub unread: bool,
}

/// Reads every entry.
pub fn all(root: &Section<'_>, problems: &mut Problems) -> Entries {
    let sections = root.tables("capability", CAPABILITY.called, problems);
    if let Some(section) = sections.get(CAPABILITIES_MAX) {
        problems.push(
            Diagnostic::error(
                codes::TOO_MANY,
                format!(
                    "there are {} capabilities, and slt reads {CAPABILITIES_MAX}",
                    sections.len()
                ),
            )
            .label(section.span.clone(), "one too many"),
        );
    }
    let entries: Vec<_> = sections
        .iter()
        .take(CAPABILITIES_MAX)
        .filter_map(|section| one(section, problems))
        .collect();
    let (read, nameless): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| !entry.name.value.is_empty());
    Entries {
        unread: read.len() < written(root).max(sections.len()) || is_misspelt(root),
        read,
        nameless,
    }
}

/// How many entries are there, whether they are tables or not.
fn written(root: &Section<'_>) -> usize {
    match root.get("capability") {
        None => 0,
        Some(Item::ArrayOfTables(tables)) => tables.len(),
        Some(item) => item.as_array().map_or(1, toml_edit::Array::len),
    }
}

/// Whether entries stand below a key that was most likely meant to be `capability`.
fn is_misspelt(root: &Section<'_>) -> bool {
    let is_known = |key: &str| ROOT.keys.iter().any(|known| known.key == key);
    let mut keys = root.entries().filter(|(key, ..)| !is_known(key));
    keys.any(|(key, ..)| super::nearest(key, ROOT.keys.iter().map(|known| known.key)) == Some("capability"))
}

/// An entry that has a resource; its name is empty when it could not be read.
fn one(section: &Section<'_>, problems: &mut Problems) -> Option<Capability> {
    section.check_keys(CAPABILITY.keys, problems);
    let (resource, name) = identity(section, problems);
    let configs = configs(section, problems);
    let newer = problems.version == V1_0;
    let newer_than_0_1 = problems.version > V0_1;
    let optional = newer && section.boolean("optional", problems).unwrap_or(false);
    let subscribe = match newer {
        true => section.strings("subscribe", problems),
        false => Vec::new(),
    };
    let retry = newer.then(|| retry(section, problems)).flatten();
    let grants = match newer {
        true => grants(section, problems),
        false => Vec::new(),
    };
    // Only here, so that all that is wrong in the entry has been reported.
    let capability = Capability {
        resource: resource?,
        name: name.unwrap_or_else(|| Spanned {
            value: String::new(),
            span: section.span.clone(),
        }),
        optional,
        keys: section.entries().map(|(key, span, _)| (key.to_owned(), span)).collect(),
        configs: configs.read,
        configs_unread: newer_than_0_1 && section.get("configs").is_some_and(|item| !item.is_table_like()),
        unread_configs: configs.unread,
        configs_span: configs.span,
        subscribe,
        retry,
        grants,
        span: section.span.clone(),
        extent: section.extent.clone(),
        configs_gap: configs.gap,
    };
    Some(capability)
}

/// The resource and the name. In 0.1 the name is the resource, and stands for both.
fn identity(section: &Section<'_>, problems: &mut Problems) -> (Option<Spanned<String>>, Option<Spanned<String>>) {
    if problems.version == V0_1 {
        if section.get("resource").is_some() {
            problems.push(
                Diagnostic::error(
                    codes::KEY_OF_OTHER_VERSION,
                    "a capability of specversion 0.1 has no `resource`",
                )
                .label(section.key_span("resource"), "the form of specversion 0.2")
                .hint("write specversion = \"0.2\" or \"1.0\" at the start of the file"),
            );
            return (section.string("resource", problems), section.string("name", problems));
        }
        let name = required(section, "name", "e.g. name = \"keyvalue.redis\"", problems);
        return (name.clone(), name);
    }
    let name = section.string("name", problems);
    if section.get("resource").is_none() && name.as_ref().is_some_and(|name| name.value.contains('.')) {
        problems.push(
            Diagnostic::error(codes::KEY_MISSING, "a capability needs `resource`")
                .label(
                    section.key_span("name"),
                    "a resource as `name`: the form of specversion 0.1",
                )
                .hint("call this key `resource`, and add name = \"…\", which is what the component opens")
                .suggest("replace by `resource`", section.key_span("name"), "resource"),
        );
        return (None, None);
    }
    let resource = required(section, "resource", "e.g. resource = \"keyvalue.redis\"", problems);
    let name = match name {
        Some(name) if name.value.is_empty() => {
            problems.push(
                Diagnostic::error(codes::KEY_MISSING, "the name of a capability is empty")
                    .label(name.span, "what the component opens, or `*` for any name"),
            );
            None
        }
        Some(name) => Some(name),
        // of the wrong type: reported when it was read
        None if section.get("name").is_some() => None,
        None => required(
            section,
            "name",
            "e.g. name = \"orders\": what the component opens; \"*\" is any name",
            problems,
        ),
    };
    (resource, name)
}

/// A string that must be there. One of the wrong type is reported by the reader.
fn required(section: &Section<'_>, key: &str, hint: &str, problems: &mut Problems) -> Option<Spanned<String>> {
    if section.get(key).is_none() {
        let problem = Diagnostic::error(codes::KEY_MISSING, format!("a capability needs `{key}`"))
            .label(section.span.clone(), format!("`{key}` is not set here"))
            .hint(hint.to_owned());
        problems.push(
            match (&section.gap, CAPABILITY.keys.iter().find(|known| known.key == key)) {
                (Some(gap), Some(known)) => {
                    let line = format!("{key} = {}", known.example);
                    let edit = gap.add(std::slice::from_ref(&line));
                    problem.suggest(format!("add `{line}`"), edit.range, edit.text)
                }
                _ => problem,
            },
        );
        return None;
    }
    section.string(key, problems)
}

/// The keys of a capability's configuration.
struct Configs {
    read: BTreeMap<String, Config>,
    unread: Vec<String>,
    span: Range<usize>,
    gap: Option<Gap>,
}

fn configs(section: &Section<'_>, problems: &mut Problems) -> Configs {
    let mut configs = Configs {
        read: BTreeMap::new(),
        unread: Vec::new(),
        span: section.span.clone(),
        gap: match section.get("configs") {
            None => section.gap.as_ref().map(|gap| gap.of_missing("configs")),
            Some(_) => None,
        },
    };
    if problems.version == V0_1 {
        return configs;
    }
    let Some(table) = section.table("configs", "[capability.configs]", problems) else {
        return configs;
    };
    let dialect = dialect(problems.version);
    for (key, span, item) in table.entries() {
        let text = super::read::string(key, item, problems);
        let value = text.and_then(|text| {
            let written = text.clone();
            parsed(
                text,
                problems,
                |text| Value::parse(text, dialect),
                |error| unreadable(key, &written, error, dialect),
            )
        });
        match value {
            Some(value) => drop(configs.read.insert(key.to_owned(), Config { key: span, value })),
            None => configs.unread.push(key.to_owned()),
        }
    }
    configs.span = table.span;
    configs.gap = table.gap;
    configs
}

fn dialect(version: SpecVersion) -> Dialect {
    Dialect {
        local: version < V1_0,
        defaults: version == V1_0,
    }
}

/// Other words for a store, which say the same for certain.
const STORE_SYNONYMS: &[(&str, &str)] = &[
    ("env", "envvars"),
    ("ENV", "envvars"),
    ("environment", "envvars"),
    ("user_secrets", "usersecrets"),
    ("user-secrets", "usersecrets"),
];

fn unreadable(key: &str, written: &Spanned<String>, error: &ReferenceError, dialect: Dialect) -> Diagnostic {
    let problem = Diagnostic::error(
        codes::REFERENCE,
        format!("the reference in `{}` cannot be read", shown(key)),
    );
    let store = match error {
        ReferenceError::UnknownStore(store) => store,
        ReferenceError::Unclosed => return unclosed(problem, written, dialect),
        ReferenceError::Nested => return problem.hint("leave the default out, or write a literal behind `:-`"),
        _ => return problem.hint("write it like \"${envvars.REDIS_ADDRESS}\""),
    };
    // Only the store is edited, because a literal or a default can be a secret.
    let span = &written.span;
    let is_plain = span.len() == written.value.len() + 2;
    let at = span.start + "\"${".len();
    if store == "local" {
        let problem = problem.hint("write the value itself: `local` ended with specversion 0.2");
        let edits = vec![
            edit(span.start + 1..at + "local.".len(), ""),
            edit(span.end - 2..span.end - 1, ""),
        ];
        return match is_plain && !written.value.contains(":-") {
            true => problem.fix_all("write the value itself", edits),
            false => problem,
        };
    }
    let stores: Vec<_> = STORES.iter().map(|(name, _)| *name).collect();
    let synonym = STORE_SYNONYMS.iter().find(|(word, _)| word == store);
    let meant = synonym.map(|(_, name)| *name);
    // The change is made without asking when nothing else is wrong then.
    let mends = |meant: &str| {
        let rest = written
            .value
            .strip_prefix("${")
            .and_then(|rest| rest.strip_prefix(store.as_str()));
        is_plain && rest.is_some_and(|rest| Value::parse(&format!("${{{meant}{rest}"), dialect).is_ok())
    };
    match meant.or_else(|| super::nearest(store, stores.iter().copied())) {
        Some(meant) if mends(meant) => problem
            .hint(format!("did you mean `{meant}`? the stores are {}", list(&stores)))
            .fix(
                format!("replace `{}` by `{meant}`", shown(store)),
                at..at + store.len(),
                meant,
            ),
        _ => problem.hint(format!("the stores are {}", list(&stores))),
    }
}

/// A reference without its `}`. It is added when nothing else is wrong then.
fn unclosed(problem: Diagnostic, written: &Spanned<String>, dialect: Dialect) -> Diagnostic {
    let Spanned { value, span } = written;
    let problem = problem.hint("a reference is \"${STORE.KEY}\"");
    let is_plain = span.len() == value.len() + 2;
    match is_plain && Value::parse(&format!("{value}}}"), dialect).is_ok() {
        true => problem.fix("add `}`", span.end - 1..span.end - 1, "}"),
        false => problem,
    }
}

fn edit(range: Range<usize>, text: &str) -> Edit {
    Edit {
        range,
        text: text.to_owned(),
    }
}

fn retry(section: &Section<'_>, problems: &mut Problems) -> Option<Retry> {
    let table = section.table("retry", RETRY.called, problems)?;
    table.check_keys(RETRY.keys, problems);
    let dead_letter = table.string("dead_letter", problems);
    let Some(item) = table.get("attempts") else {
        problems.push(
            Diagnostic::error(codes::KEY_MISSING, "`retry` needs `attempts`")
                .label(table.span, "`attempts` is not set here")
                .hint("e.g. retry = { attempts = 5 }"),
        );
        return None;
    };
    if !item.is_integer() {
        problems.push(not_a_count("attempts", item, ATTEMPTS_MAX));
        return None;
    }
    let span = super::read::item_span(item);
    let attempts = item.as_integer().and_then(|n| u32::try_from(n).ok());
    match attempts.filter(|n| (1..=ATTEMPTS_MAX).contains(n)) {
        Some(value) => Some(Retry {
            attempts: Spanned { value, span },
            dead_letter,
        }),
        None => {
            problems.push(
                Diagnostic::error(codes::QUANTITY, "`attempts` must be a whole number")
                    .label(span, format!("not between 1 and {ATTEMPTS_MAX}"))
                    .hint("e.g. retry = { attempts = 5 }"),
            );
            None
        }
    }
}

fn grants(section: &Section<'_>, problems: &mut Problems) -> Vec<Spanned<super::HostPattern>> {
    let Some(table) = section.table("grants", GRANTS.called, problems) else {
        return Vec::new();
    };
    table.check_keys(GRANTS.keys, problems);
    hosts(&table, "outbound", problems)
}
