//! `[[capability]]`: which backend, under which name, with which configuration.

use std::collections::BTreeMap;
use std::ops::Range;

use super::SpecVersion::{V0_1, V1_0};
use super::diagnostic::{Diagnostic, codes};
use super::document::hosts;
use super::grammar::{ATTEMPTS_MAX, CAPABILITY, GRANTS, RETRY};
use super::read::{Problems, Section, list, parsed, shown};
use super::value::{Dialect, ReferenceError, STORES, Value};
use super::{CAPABILITIES_MAX, Capability, Config, Retry, Spanned, SpecVersion};

/// Reads every entry that has a resource and a name.
pub fn all(root: &Section<'_>, problems: &mut Problems) -> Vec<Capability> {
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
    sections
        .iter()
        .take(CAPABILITIES_MAX)
        .filter_map(|section| one(section, problems))
        .collect()
}

fn one(section: &Section<'_>, problems: &mut Problems) -> Option<Capability> {
    section.check_keys(CAPABILITY.keys, problems);
    let (resource, name) = identity(section, problems);
    let configs = configs(section, problems);
    let newer = problems.version == V1_0;
    let capability = Capability {
        resource: resource?,
        name: name?,
        optional: newer && section.boolean("optional", problems).unwrap_or(false),
        configs: configs.read,
        unread_configs: configs.unread,
        configs_span: configs.span,
        subscribe: if newer {
            section.strings("subscribe", problems)
        } else {
            Vec::new()
        },
        retry: if newer { retry(section, problems) } else { None },
        grants: if newer { grants(section, problems) } else { Vec::new() },
        span: section.span.clone(),
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
        problems.push(
            Diagnostic::error(codes::KEY_MISSING, format!("a capability needs `{key}`"))
                .label(section.span.clone(), format!("`{key}` is not set here"))
                .hint(hint.to_owned()),
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
}

fn configs(section: &Section<'_>, problems: &mut Problems) -> Configs {
    let mut configs = Configs {
        read: BTreeMap::new(),
        unread: Vec::new(),
        span: section.span.clone(),
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
            parsed(
                text,
                problems,
                |text| Value::parse(text, dialect),
                |error| unreadable(key, error),
            )
        });
        match value {
            Some(value) => drop(configs.read.insert(key.to_owned(), Config { key: span, value })),
            None => configs.unread.push(key.to_owned()),
        }
    }
    configs.span = table.span;
    configs
}

fn dialect(version: SpecVersion) -> Dialect {
    Dialect {
        local: version < V1_0,
        defaults: version == V1_0,
    }
}

fn unreadable(key: &str, error: &ReferenceError) -> Diagnostic {
    let stores: Vec<_> = STORES.iter().map(|(name, _)| *name).collect();
    let hint = match error {
        ReferenceError::UnknownStore(store) if store == "local" => {
            "write the value itself: `local` ended with specversion 0.2".to_owned()
        }
        ReferenceError::UnknownStore(store) => match super::nearest(store, stores.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? the stores are {}", list(&stores)),
            None => format!("the stores are {}", list(&stores)),
        },
        _ => "write it like \"${envvars.REDIS_ADDRESS}\"".to_owned(),
    };
    Diagnostic::error(
        codes::REFERENCE,
        format!("the reference in `{}` cannot be read", shown(key)),
    )
    .hint(hint)
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
                    .label(span, format!("not between 1 and {ATTEMPTS_MAX}")),
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
