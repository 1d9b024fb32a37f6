//! The entries of a slightfile beside the catalogue: resources, names, configuration.

use std::ops::Range;

use crate::catalogue::{Catalogue, Family, Form, Key, Maturity, Need, Resource};
use crate::slightfile::{
    Capability, Config, Diagnostic, Meant, Slightfile, SpecVersion, Store, Value, codes, has_password, is_secret_name,
    nearest,
};

/// An entry whose resource exists.
type Known<'a> = (&'a Capability, &'static Resource);

/// Finds every problem of the entries.
pub fn check(slightfile: &Slightfile, catalogue: &Catalogue) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut known: Vec<Known<'_>> = Vec::new();
    for entry in slightfile.capabilities.iter().chain(&slightfile.nameless) {
        match catalogue.resource(&entry.resource.value) {
            Some(resource) if !(resource.legacy && slightfile.specversion.value == SpecVersion::V1_0) => {
                known.push((entry, resource));
            }
            _ => found.push(unknown(entry, slightfile, catalogue)),
        }
    }
    for (entry, resource) in &known {
        found.extend(old_name(entry, resource, slightfile.specversion.value));
        found.extend(planned(entry, resource, catalogue));
        found.extend(missing_configs(slightfile, entry, resource));
        found.extend(keys_of_others(entry, resource));
        found.extend(unknown_configs(entry, resource, slightfile.specversion.value));
        for (key, config) in &entry.configs {
            found.extend(value_problems(key, config, resource, slightfile.specversion.value));
        }
    }
    found.extend(planned_stores(slightfile, &known));
    found.extend(too_little_memory(slightfile));
    found.extend(names(&known, slightfile.specversion.value));
    found
}

fn unknown(entry: &Capability, slightfile: &Slightfile, catalogue: &Catalogue) -> Diagnostic {
    let written = &entry.resource.value;
    let diagnostic = Diagnostic::error(
        codes::RESOURCE_UNKNOWN,
        format!("there is no resource `{}`", shown(written)),
    )
    .label(entry.resource.span.clone(), "not in the catalogue");
    if let Some(meant) = nearest(written, catalogue.ids()) {
        return diagnostic.hint(format!("did you mean `{meant}`?")).fix(
            format!("replace by `{meant}`"),
            entry.resource.span.clone(),
            format!("\"{meant}\""),
        );
    }
    let prefix = written.split('.').next().unwrap_or_default();
    let family = catalogue
        .capabilities
        .iter()
        .find(|capability| capability.name == prefix);
    let newest = slightfile.specversion.value == SpecVersion::V1_0;
    let choices: Vec<_> = match family {
        Some(capability) => catalogue
            .resources
            .iter()
            .filter(|resource| resource.family == capability.family && !(newest && resource.legacy))
            .map(|resource| format!("`{}`", resource.id))
            .collect(),
        None => catalogue
            .capabilities
            .iter()
            .map(|capability| format!("`{}`", capability.name))
            .collect(),
    };
    let what = match family {
        Some(capability) => format!("the resources of `{}` are", capability.name),
        None => "a resource is `<capability>.<backend>`; the capabilities are".to_owned(),
    };
    diagnostic.hint(format!("{what} {}", choices.join(", ")))
}

fn old_name(entry: &Capability, resource: &Resource, version: SpecVersion) -> Option<Diagnostic> {
    let written = entry.resource.value.as_str();
    if !resource.old.contains(&written) {
        return None;
    }
    let message = format!("`{written}` is the old name of `{}`", resource.id);
    let diagnostic = if version == SpecVersion::V1_0 {
        Diagnostic::error(codes::RESOURCE_OLD_NAME, message)
    } else {
        Diagnostic::warning(codes::RESOURCE_OLD_NAME, message)
    };
    Some(
        diagnostic
            .label(entry.resource.span.clone(), "renamed since")
            .hint(format!("write `{}`", resource.id))
            .fix(
                format!("replace by `{}`", resource.id),
                entry.resource.span.clone(),
                format!("\"{}\"", resource.id),
            ),
    )
}

fn planned(entry: &Capability, resource: &Resource, catalogue: &Catalogue) -> Option<Diagnostic> {
    if resource.maturity == Maturity::Ready {
        return None;
    }
    let ready: Vec<_> = catalogue
        .ready(resource.family)
        .map(|resource| format!("`{}`", resource.id))
        .collect();
    let instead = match ready.is_empty() {
        true => String::new(),
        false => format!("; what runs today is {}", ready.join(", ")),
    };
    Some(
        Diagnostic::warning(
            codes::RESOURCE_PLANNED,
            format!("`{}` is planned, and not built yet", resource.id),
        )
        .label(entry.resource.span.clone(), "no provider yet")
        .hint(format!(
            "`slt check` accepts it; `slt run` and `slt test` do not start{instead}"
        )),
    )
}

/// References to stores that are not read yet, of entries that would start otherwise.
fn planned_stores(slightfile: &Slightfile, known: &[Known<'_>]) -> Vec<Diagnostic> {
    let ready = || {
        known
            .iter()
            .filter(|(_, resource)| resource.maturity == Maturity::Ready)
    };
    let problem = |store: Store, span: &Range<usize>, instead: &str| {
        Diagnostic::warning(
            codes::STORE_PLANNED,
            format!("the store `{}` is planned, and not read yet", store.name()),
        )
        .label(span.clone(), "not read yet")
        .hint(format!(
            "`slt check` accepts it; `slt run` does not start: write {instead}"
        ))
    };
    let by_default = slightfile
        .secret_store
        .as_ref()
        .filter(|store| store.value.is_planned());
    let asks = |resource: &Resource| resource.keys.iter().any(|key| key.need != Need::Optional);
    let by_default = by_default.filter(|_| ready().any(|(_, resource)| asks(resource)));
    let by_default = by_default.map(|store| problem(store.value, &store.span, "\"configs.envvars\""));
    let values = ready().flat_map(|(entry, _)| entry.configs.values());
    values
        .filter_map(|config| match &config.value.value {
            Value::Reference {
                store,
                key,
                default: None,
            } if store.is_planned() => {
                let instead = format!("\"${{envvars.{}}}\"", shown(key));
                Some(problem(*store, &config.value.span, &instead))
            }
            _ => None,
        })
        .chain(by_default)
        .collect()
}

/// A memory is made of pages, and nearly every component has one.
fn too_little_memory(slightfile: &Slightfile) -> Option<Diagnostic> {
    const PAGE_BYTES: u64 = 64 * 1024;
    let memory = slightfile.limits.memory.as_ref()?;
    (memory.value < PAGE_BYTES).then(|| {
        Diagnostic::warning(
            codes::MEMORY_TOO_SMALL,
            "no component with a memory can start in so little",
        )
        .label(memory.span.clone(), "less than one page, 64KiB")
        .hint("small components need a few MiB, e.g. memory = \"16MiB\"")
    })
}

/// Keys that only message brokers have, or only provider components.
fn keys_of_others(entry: &Capability, resource: &Resource) -> Vec<Diagnostic> {
    let messaging = resource.family == Family::Messaging;
    let component = resource.id.ends_with(".component");
    [
        (
            "subscribe",
            messaging,
            !entry.subscribe.is_empty(),
            "a `messaging` capability has topics",
        ),
        (
            "retry",
            messaging,
            entry.retry.is_some(),
            "a `messaging` capability delivers again",
        ),
        (
            "grants",
            component,
            !entry.grants.is_empty(),
            "a provider component is granted something; the application's own hosts stand in [outbound]",
        ),
    ]
    .into_iter()
    .filter(|(_, reads, is_set, _)| !reads && *is_set)
    .map(|(key, _, _, who)| {
        let message = format!("`{}` does not read `{key}`", resource.id);
        let span = entry.keys.get(key).unwrap_or(&entry.span);
        Diagnostic::error(codes::KEY_OF_OTHER_CAPABILITY, message)
            .label(span.clone(), "without effect here")
            .hint(format!("only {who}"))
    })
    .collect()
}

/// One problem for all the keys that are missing, with the lines to write.
fn missing_configs(slightfile: &Slightfile, entry: &Capability, resource: &Resource) -> Option<Diagnostic> {
    if entry.configs_unread {
        return None;
    }
    // What was misspelt is not missing too, and what could not be read has been reported.
    let known = |name: &str| resource.keys.iter().any(|key| key.name == name);
    let misspelt: Vec<_> = entry
        .configs
        .keys()
        .chain(&entry.unread_configs)
        .filter(|written| !known(written))
        .filter_map(|written| nearest(written, resource.keys.iter().map(|key| key.name)))
        .collect();
    let unread = |name: &str| entry.unread_configs.iter().any(|key| key == name);
    let set = |name: &str| slightfile.config(entry, name).is_some() || unread(name) || misspelt.contains(&name);
    let missing: Vec<&Key> = resource
        .keys
        .iter()
        .filter(|key| match key.need {
            Need::Required => !set(key.name),
            // Of two that stand for each other, the first is asked for.
            Need::Or(other) => !set(key.name) && !set(other) && comes_first(resource, key.name, other),
            Need::Optional => false,
        })
        .collect();
    let first = missing.first()?;
    let names: Vec<_> = missing.iter().map(|key| format!("`{}`", key.name)).collect();
    let noun = if names.len() == 1 { "the key" } else { "the keys" };
    let either = |key: &&Key| match key.need {
        Need::Or(other) => format!("`{}` or `{other}`", key.name),
        _ => format!("`{}`", key.name),
    };
    let wanted: Vec<_> = missing.iter().map(either).collect();
    let message = format!("`{}` needs {noun} {}", resource.id, wanted.join(", "));
    let diagnostic =
        Diagnostic::error(codes::CONFIG_MISSING, message).label(entry.configs_span.clone(), "not set here");
    if slightfile.specversion.value == SpecVersion::V0_1 {
        let line = "secret_store = \"configs.envvars\"";
        let behind = slightfile.specversion.span.end;
        let diagnostic = diagnostic.hint(format!(
            "write {line} at the start of the file, to take it from the environment"
        ));
        return Some(match slightfile.has_secret_store {
            true => diagnostic,
            false => diagnostic.suggest(format!("add `{line}`"), behind..behind, format!("\n{line}")),
        });
    }
    let place = match entry.configs_span == entry.span {
        true => " below [capability.configs]",
        false => "",
    };
    let lines: Vec<_> = missing
        .iter()
        .map(|key| format!("{} = \"{}\"", key.name, key.example))
        .collect();
    let emulated = match (resource.maturity, resource.service) {
        (Maturity::Ready, Some(_)) if first.endpoint => "; under `slt test` an emulator takes its place",
        _ => "",
    };
    let diagnostic = diagnostic.hint(format!("set it{place}, e.g. {}{emulated}", lines.join(", ")));
    Some(match &entry.configs_gap {
        Some(gap) => {
            let edit = gap.add(&lines);
            diagnostic.suggest(format!("add {}", names.join(", ")), edit.range, edit.text)
        }
        None => diagnostic,
    })
}

fn comes_first(resource: &Resource, name: &str, other: &str) -> bool {
    let place = |wanted: &str| resource.keys.iter().position(|key| key.name == wanted);
    place(name) < place(other)
}

/// A literal, or what a reference falls back on.
fn value_problems(name: &str, config: &Config, resource: &Resource, version: SpecVersion) -> Vec<Diagnostic> {
    let key = resource.keys.iter().find(|key| key.name == name);
    let mut found = Vec::new();
    let (what, literal) = match &config.value.value {
        Value::Literal(literal) => ("value", literal),
        Value::Reference {
            default: Some(default), ..
        } => ("default", default),
        Value::Reference { default: None, .. } => return found,
    };
    let secret = key.map_or_else(|| is_secret_name(name), |key| key.secret);
    if (secret && !literal.is_empty()) || has_password(literal) {
        found.push(secret_literal(name, what, config.value.span.clone(), secret));
    }
    if let Some((key, expected)) = key.and_then(|key| Some((key, misformed(key, literal)?))) {
        let span = config.value.span.clone();
        let problem = Diagnostic::error(codes::CONFIG_FORM, format!("the {what} of `{name}` is not {expected}"))
            .label(span.clone(), format!("not {expected}"));
        let reference = foreign_reference(literal).filter(|_| what == "value" && version == SpecVersion::V1_0);
        found.push(match reference {
            Some(reference) => problem.hint(format!("a reference is written \"{reference}\"")).suggest(
                format!("replace by `{reference}`"),
                span,
                format!("\"{reference}\""),
            ),
            None if what == "default" => problem.hint(format!("write it behind `:-`, like {}", key.example)),
            None => problem.hint(format!("write it like \"{}\"", key.example)),
        });
    }
    found
}

/// A literal that other tools read as a reference, such as `$A`, `$(envvars.A)` and `{{envvars.A}}`, as it is written here.
fn foreign_reference(literal: &str) -> Option<String> {
    const FORMS: &[(&str, &str)] = &[("$(", ")"), ("{{", "}}"), ("{", "}"), ("%", "%"), ("$", "")];
    let within = |(start, end): &(&str, &str)| literal.strip_prefix(start)?.strip_suffix(end);
    let path = FORMS.iter().find_map(within)?.trim();
    let (store, key) = path.rsplit_once('.').unwrap_or(("envvars", path));
    let store = match store {
        "usersecrets" => store,
        _ => "envvars",
    };
    is_variable(key).then(|| format!("${{{store}.{key}}}"))
}

/// Whether it is the plain name of a variable.
fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn unknown_configs(entry: &Capability, resource: &Resource, version: SpecVersion) -> Vec<Diagnostic> {
    let known: Vec<_> = resource.keys.iter().map(|key| key.name).collect();
    let is_known = |name: &&str| known.contains(name);
    let unread = entry.unread_configs.iter().map(String::as_str);
    let written = || entry.configs.keys().map(String::as_str).chain(unread.clone());
    let meant = Meant::new(written().filter(|name| !is_known(name)), &known);
    let place = |word: &str| match written().any(|name| name == word) {
        true => Place::Taken,
        false if meant.is_certain(word) => Place::Free,
        false => Place::Contested,
    };
    let unknown = entry.configs.iter().filter(|(name, _)| !is_known(&name.as_str()));
    unknown
        .map(|(name, config)| {
            let word = meant.by(name);
            unknown_config(name, config, resource, version, word.map(|word| (word, place(word))))
        })
        .collect()
}

/// Whether an unknown key can take the place of the one that it most likely stands for.
#[derive(Clone, Copy)]
enum Place {
    Free,
    /// Another unknown key most likely stands for the same.
    Contested,
    /// The key is there already.
    Taken,
}

/// `meant`: the key that it most likely stands for, and whether it can take its place.
fn unknown_config(
    name: &str,
    config: &Config,
    resource: &Resource,
    version: SpecVersion,
    meant: Option<(&str, Place)>,
) -> Diagnostic {
    let message = format!("`{}` has no key `{}`", resource.id, shown(name));
    let diagnostic = if version == SpecVersion::V1_0 {
        Diagnostic::error(codes::CONFIG_UNKNOWN, message)
    } else {
        Diagnostic::warning(codes::CONFIG_UNKNOWN, message)
    };
    let diagnostic = diagnostic.label(config.key.clone(), "not a key of this resource");
    if let Some((word, place)) = meant {
        let did_you_mean = format!("did you mean `{word}`?");
        return match place {
            Place::Free => diagnostic
                .hint(did_you_mean)
                .fix(format!("replace by `{word}`"), config.key.clone(), word),
            Place::Contested => diagnostic.hint(did_you_mean),
            Place::Taken => diagnostic.hint(format!("`{word}` is there already: leave one of them out")),
        };
    }
    let keys: Vec<_> = resource.keys.iter().map(|key| format!("`{}`", key.name)).collect();
    match keys.is_empty() {
        true => diagnostic.hint("it takes no configuration"),
        false => diagnostic.hint(format!("its keys are {}", keys.join(", "))),
    }
}

/// `what` holds it: the value or the default.
fn secret_literal(name: &str, what: &str, span: Range<usize>, whole: bool) -> Diagnostic {
    let message = match whole {
        true => format!("the {what} of `{}` is a secret", shown(name)),
        false => format!("the {what} of `{}` has a password in it", shown(name)),
    };
    let problem = Diagnostic::warning(codes::CONFIG_SECRET, message)
        .label(span.clone(), "written into the file")
        .hint(format!(
            "write \"${{envvars.{0}}}\", and set it in the environment, or \"${{usersecrets.{0}}}\", and `slt secret set {0}`",
            shown(name)
        ));
    // A key with a dot would be read as the store's name.
    if !is_variable(name) {
        return problem;
    }
    ["usersecrets", "envvars"].iter().fold(problem, |problem, store| {
        let reference = format!("${{{store}.{name}}}");
        problem.suggest(
            format!("replace by `{reference}`"),
            span.clone(),
            format!("\"{reference}\""),
        )
    })
}

/// What a literal should be and is not.
fn misformed(key: &Key, literal: &str) -> Option<String> {
    match key.form {
        Form::Text => None,
        Form::Port => match literal.parse::<u16>() {
            Ok(1..) => None,
            _ => Some("a port, from 1 to 65535".to_owned()),
        },
        Form::Url(schemes) => match url(literal, schemes) {
            Some(_) => None,
            None => {
                let wanted: Vec<_> = schemes.iter().map(|scheme| format!("{scheme}://")).collect();
                Some(format!("a URL that begins with {}", wanted.join(" or ")))
            }
        },
        Form::RedisUrl => match url(literal, &["redis"]).map(|url| url.path().trim_matches('/').to_owned()) {
            Some(database) if database.is_empty() || database.parse::<i64>().is_ok() => None,
            Some(_) => Some("a URL whose path is the number of a database".to_owned()),
            None => Some("a URL that begins with redis://".to_owned()),
        },
    }
}

/// A URL with a host and one of these schemes.
fn url(literal: &str, schemes: &[&str]) -> Option<url::Url> {
    let url = url::Url::parse(literal).ok()?;
    let host = url.host_str().is_some_and(|host| !host.is_empty());
    (host && schemes.contains(&url.scheme())).then_some(url)
}

/// Two entries of one family must not share a name, and `*` is every name.
fn names(known: &[Known<'_>], version: SpecVersion) -> Vec<Diagnostic> {
    let is_nameless = |entry: &Capability| entry.name.value.is_empty();
    let mut found = Vec::new();
    for (index, (entry, resource)) in known.iter().enumerate() {
        // In 0.1 the name is the resource, and an old and a new name of it are one.
        let name = |entry: &Capability, resource: &Resource| match version {
            SpecVersion::V0_1 => resource.id.to_owned(),
            _ => entry.name.value.clone(),
        };
        let this = name(entry, resource);
        let earlier = known
            .iter()
            .take(index)
            .filter(|(earlier, other)| other.family == resource.family && !is_nameless(earlier))
            .find(|(earlier, other)| {
                let that = name(earlier, other);
                this == that || this == "*" || that == "*"
            });
        if let Some((earlier, other)) = earlier.filter(|_| !is_nameless(entry)) {
            let same = this == name(earlier, other);
            found.push(clash(earlier, entry, resource.family, same, version));
        }
    }
    found
}

fn clash(earlier: &Capability, entry: &Capability, family: Family, same: bool, version: SpecVersion) -> Diagnostic {
    let family = crate::catalogue::CATALOGUE
        .capability(family)
        .map_or("", |capability| capability.name);
    let diagnostic = match same {
        true => Diagnostic::error(
            codes::NAME_DUPLICATE,
            format!(
                "two `{family}` capabilities have the name `{}`",
                shown(&entry.name.value)
            ),
        ),
        false => Diagnostic::error(
            codes::NAME_OVERLAP,
            format!("`*` is every name, and there is another `{family}` capability"),
        ),
    };
    let hint = match same {
        true if version == SpecVersion::V0_1 => "leave one of them out",
        true => "give one of them another name: it is what the component opens",
        false => "give the one with `*` a name, or leave one of them out",
    };
    diagnostic
        .label(entry.name.span.clone(), "and here")
        .label(earlier.name.span.clone(), "here")
        .hint(hint)
}

fn shown(text: &str) -> String {
    const SHOWN_MAX_CHARACTERS: usize = 60;
    text.chars()
        .filter(|c| !c.is_control())
        .take(SHOWN_MAX_CHARACTERS)
        .collect()
}
