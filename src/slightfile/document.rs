//! Reads a whole slightfile, one function a table, in the three spec versions.
//!
//! Which keys a table has is data, in `grammar`. It reads further after every mistake, so that all of them are reported at once.

use std::collections::BTreeMap;
use std::ops::Range;

use toml_edit::{Document, Item};

use super::SpecVersion::{V0_2, V1_0};
use super::diagnostic::{Diagnostic, Edit, codes, nearest};
use super::grammar::{APP, LIMITS, OUTBOUND, ROOT, SECRET_SETTINGS, TEST, Table};
use super::outbound::HostPattern;
use super::quantity::{QuantityError, duration, meant_duration, meant_size, size};
use super::read::{Problems, Section, item_span, list, literal, parsed, shown, string};
use super::value::{STORES, Store, Value};
use super::{
    App, Limits, SLIGHTFILE_MAX_BYTES, SPEC_VERSIONS, SecretSetting, Slightfile, Spanned, SpecVersion, Test,
    capability, syntax,
};

/// Reads a slightfile.
pub fn parse(source_name: &str, text: &str) -> (Option<Slightfile>, Vec<Diagnostic>) {
    if text.len() > SLIGHTFILE_MAX_BYTES {
        let message = format!(
            "`{source_name}` has {} bytes, and a slightfile may have {SLIGHTFILE_MAX_BYTES}",
            text.len()
        );
        return (None, vec![Diagnostic::error(codes::TOO_LARGE, message)]);
    }
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => return (None, syntax::errors(source_name, text, &error)),
    };
    // nothing can stand before a byte order mark
    let start = text.len() - text.trim_start_matches('\u{feff}').len();
    let root = Section {
        table: document.as_table(),
        span: start..start,
        called: ROOT.called,
        gap: None,
        extent: None,
    };
    let (specversion, version_problem) = specversion(source_name, text, &root);
    let mut problems = Problems {
        found: version_problem.into_iter().collect(),
        version: specversion.as_ref().map_or(V1_0, |version| version.value),
    };
    // Without a version nobody knows which keys are right.
    let Some(specversion) = specversion else {
        return (None, problems.found);
    };
    root.check_keys(ROOT.keys, &mut problems);
    let entries = capability::all(&root, &mut problems);
    let slightfile = Slightfile {
        specversion,
        secret_store: secret_store(&root, &mut problems),
        app: app(&root, &mut problems),
        outbound: outbound(&root, &mut problems),
        limits: limits(&root, &mut problems),
        has_secret_store: root.get("secret_store").is_some(),
        capabilities: entries.read,
        nameless: entries.nameless,
        unread_capabilities: entries.unread,
        test: test(&root, &mut problems),
        end: match root.get("capability") {
            None | Some(Item::ArrayOfTables(_)) => Some(text.len()),
            Some(_) => None,
        },
        secret_settings: secret_settings(&root, &mut problems),
    };
    (Some(slightfile), problems.found)
}

fn specversion(
    source_name: &str,
    text: &str,
    root: &Section<'_>,
) -> (Option<Spanned<SpecVersion>>, Option<Diagnostic>) {
    let versions: Vec<_> = SPEC_VERSIONS.iter().map(|(name, _)| *name).collect();
    let Some(item) = root.get("specversion") else {
        if let Some(misplaced) = misplaced_version(source_name, text, root) {
            return (None, Some(misplaced));
        }
        let nothing = root.table.is_empty();
        let what = if nothing { "is empty" } else { "has no `specversion`" };
        let near = nearest("specversion", root.table.iter().map(|(key, _)| key));
        let diagnostic = Diagnostic::error(codes::SPECVERSION_MISSING, format!("`{source_name}` {what}"));
        let diagnostic = match near {
            Some(near) => diagnostic
                .label(root.key_span(near), "not a key of a slightfile")
                .fix("replace by `specversion`", root.key_span(near), "specversion")
                .hint("did you mean `specversion`?"),
            None if has_form_of_0_1(root) => diagnostic
                .label(root.span.clone(), "`specversion` belongs here")
                .hint("a resource as `name` is the form of 0.1: begin with specversion = \"0.1\"; `slt migrate` then writes 1.0")
                .suggest("insert `specversion = \"0.1\"`", root.span.clone(), "specversion = \"0.1\"\n"),
            None => {
                let diagnostic = diagnostic
                    .label(root.span.clone(), "`specversion` belongs here")
                    .hint("begin the file with specversion = \"1.0\"");
                let (title, line) = ("insert `specversion = \"1.0\"`", "specversion = \"1.0\"\n");
                match root.table.iter().any(|(key, _)| is_of_1_0(key)) {
                    true => diagnostic.fix(title, root.span.clone(), line),
                    false => diagnostic.suggest(title, root.span.clone(), line),
                }
            }
        };
        return (None, Some(diagnostic));
    };
    let known = item
        .as_str()
        .and_then(|text| SPEC_VERSIONS.iter().find(|(name, _)| *name == text));
    if let Some((_, version)) = known {
        let spanned = Spanned {
            value: *version,
            span: item_span(item),
        };
        return (Some(spanned), None);
    }
    let written = match (item.as_str(), item.as_float()) {
        (Some(text), _) => format!("there is no specversion \"{}\"", shown(text)),
        (None, Some(_)) => "`specversion` is a number, and must be a string".to_owned(),
        _ => "`specversion` must be a string".to_owned(),
    };
    let number = item.as_float().map(|number| format!("{number:.1}"));
    let meant = number.as_deref().filter(|number| versions.contains(number));
    let hint = match meant {
        Some(meant) => format!("put it in quotes: specversion = \"{meant}\""),
        None => format!("slt reads {}; write specversion = \"1.0\"", list(&versions)),
    };
    let diagnostic = Diagnostic::error(codes::SPECVERSION_UNKNOWN, written)
        .label(item_span(item), "not one that slt reads")
        .hint(hint);
    let span = item.as_value().and_then(toml_edit::Value::span);
    let diagnostic = match (meant, span) {
        (Some(meant), Some(span)) => diagnostic.fix("put it in quotes", span, format!("\"{meant}\"")),
        (None, Some(span)) => diagnostic.suggest("replace by \"1.0\"", span, "\"1.0\""),
        (_, None) => diagnostic,
    };
    (None, Some(diagnostic))
}

/// Whether each entry has a resource as its `name`, and no `resource`, and nothing is of 1.0.
fn has_form_of_0_1(root: &Section<'_>) -> bool {
    let is_old = |entry: &toml_edit::Table| {
        let name = entry.get("name").and_then(Item::as_str);
        !entry.contains_key("resource") && name.is_some_and(|name| name == "http" || name.contains('.'))
    };
    let entries = root.get("capability").and_then(Item::as_array_of_tables);
    let all_old = entries.is_some_and(|entries| !entries.is_empty() && entries.iter().all(is_old));
    all_old && !root.table.iter().any(|(key, _)| is_of_1_0(key))
}

/// A `specversion` that stands below the header of a table, and is that table's.
fn misplaced_version(source_name: &str, text: &str, root: &Section<'_>) -> Option<Diagnostic> {
    let (called, span) = root.table.iter().find_map(|(name, item)| match item {
        Item::Table(table) => Some((format!("[{name}]"), version_line(table)?)),
        Item::ArrayOfTables(tables) => Some((format!("[[{name}]]"), tables.iter().find_map(version_line)?)),
        _ => None,
    })?;
    let called = shown(&called);
    let message = format!("`{source_name}` has its `specversion` below {called}, as a key of that table");
    let problem = Diagnostic::error(codes::SPECVERSION_MISSING, message)
        .label(span.clone(), "belongs above the first header")
        .hint("move this line to the start of the file");
    let start = text.get(..span.start)?.rfind('\n').map_or(0, |newline| newline + 1);
    let end = text
        .get(span.end..)?
        .find('\n')
        .map_or(text.len(), |newline| span.end + newline + 1);
    let line = text.get(start..end)?.trim();
    let behind = text.get(span.end..end)?.trim();
    let alone = text.get(start..span.start)?.trim().is_empty() && (behind.is_empty() || behind.starts_with('#'));
    if !alone || text.get(span)?.contains('\n') {
        return Some(problem);
    }
    let edit = |range: Range<usize>, text: String| Edit { range, text };
    let edits = vec![
        edit(root.span.clone(), format!("{line}\n")),
        edit(start..end, String::new()),
    ];
    Some(problem.fix_all("move it to the start of the file", edits))
}

/// Where a table that has a header has a `specversion` that slt reads: from the key to the end of the value.
fn version_line(table: &toml_edit::Table) -> Option<Range<usize>> {
    if table.is_dotted() || table.is_implicit() {
        return None;
    }
    let (key, item) = table.get_key_value("specversion")?;
    let version = item.as_str()?;
    SPEC_VERSIONS.iter().find(|(name, _)| *name == version)?;
    Some(key.span()?.start..item.span()?.end)
}

/// Whether a key of the file's root came with 1.0: a file that has it can be of no other version.
fn is_of_1_0(key: &str) -> bool {
    let known = ROOT.keys.iter().find(|known| known.key == key);
    known.is_some_and(|known| known.versions == [V1_0])
}

fn app(root: &Section<'_>, problems: &mut Problems) -> App {
    let Some(section) = newer(root, "app", APP, problems) else {
        return App::default();
    };
    section.check_keys(APP.keys, problems);
    let name = section.string("name", problems);
    if let Some(name) = name.as_ref().filter(|name| !is_app_name(&name.value)) {
        problems.push(
            Diagnostic::error(codes::QUANTITY, "the application's name cannot be a file's name")
                .label(name.span.clone(), "letters, digits, `-` and `_` only")
                .hint("its component is written to `dist/NAME.wasm`"),
        );
    }
    let version = section.string("version", problems);
    if let Some(version) = version.as_ref().filter(|v| semver::Version::parse(&v.value).is_err()) {
        problems.push(
            Diagnostic::error(codes::QUANTITY, "the application's version is not a semantic version")
                .label(version.span.clone(), "not like `0.1.0`"),
        );
    }
    let build = section.string("build", problems);
    if let Some(build) = build.as_ref().filter(|build| build.value.trim().is_empty()) {
        problems.push(
            Diagnostic::error(codes::QUANTITY, "the command is empty")
                .label(build.span.clone(), "what a shell is to run")
                .hint("leave `build` out where the component is simply there"),
        );
    }
    App {
        name: name.filter(|name| is_app_name(&name.value)),
        version,
        component: section.string("component", problems),
        build,
    }
}

/// Whether it can be the name of an application, and of a file.
pub fn is_app_name(name: &str) -> bool {
    const NAME_MAX_BYTES: usize = 64;
    !name.is_empty()
        && name.len() <= NAME_MAX_BYTES
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// A table of 1.0. Before it, `check_keys` has said that it is ignored.
fn newer<'a>(root: &Section<'a>, key: &str, table: &Table, problems: &mut Problems) -> Option<Section<'a>> {
    if problems.version < V1_0 {
        return None;
    }
    root.table(key, table.called, problems)
}

fn outbound(root: &Section<'_>, problems: &mut Problems) -> Vec<Spanned<HostPattern>> {
    let Some(section) = newer(root, "outbound", OUTBOUND, problems) else {
        return Vec::new();
    };
    section.check_keys(OUTBOUND.keys, problems);
    hosts(&section, "hosts", problems)
}

/// The outbound hosts in an array.
pub fn hosts(section: &Section<'_>, key: &str, problems: &mut Problems) -> Vec<Spanned<HostPattern>> {
    let strings = section.strings(key, problems);
    strings
        .into_iter()
        .filter_map(|text| {
            let Spanned { value, span } = text.clone();
            parsed(text, problems, HostPattern::parse, |_| {
                let problem = Diagnostic::error(codes::OUTBOUND, "an outbound host cannot be read");
                host_meant(problem, &value, span.clone())
            })
        })
        .collect()
}

/// What an entry was most likely meant to be. A slash at its end means nothing, and is taken away; all else changes what is granted,
/// and is the user's to choose.
fn host_meant(problem: Diagnostic, written: &str, span: Range<usize>) -> Diagnostic {
    let is_host = |text: &str| HostPattern::parse(text).is_ok();
    if let Some(whole) = written.strip_suffix('/').filter(|whole| is_host(whole)) {
        return problem
            .hint("take the slash away")
            .fix("take the slash away", span, literal(whole));
    }
    let origin = written.split_once("://").map(|(scheme, rest)| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        format!("{scheme}://{host}")
    });
    let starred = written
        .split_once("://*")
        .map(|(scheme, rest)| format!("{scheme}://*.{rest}"));
    let with_scheme = Some(format!("https://{written}")).filter(|_| !written.contains("://"));
    let meant = [with_scheme, origin, starred]
        .into_iter()
        .flatten()
        .find(|text| is_host(text));
    match meant {
        // A password is never repeated, and `is_host` takes no text with an `@`.
        Some(meant) => problem.hint(format!("did you mean \"{}\"?", shown(&meant))).suggest(
            format!("replace by `{}`", shown(&meant)),
            span,
            literal(&meant),
        ),
        None if matches!(written, "*" | "https://*" | "http://*") => problem
            .hint("there is no entry for every host: name each, or the subdomains of one: \"https://*.example.org\""),
        None => problem.hint("write it like \"https://api.example.com\" or \"https://*.example.org:8443\""),
    }
}

fn limits(root: &Section<'_>, problems: &mut Problems) -> Limits {
    let Some(section) = newer(root, "limits", LIMITS, problems) else {
        return Limits::default();
    };
    section.check_keys(LIMITS.keys, problems);
    Limits {
        memory: section.parsed("memory", problems, size, |error| {
            quantity(&section, "memory", "a size, like \"128MiB\"", meant_size, error)
        }),
        request_timeout: section.parsed("request_timeout", problems, duration, |error| {
            quantity(
                &section,
                "request_timeout",
                "a duration, like \"30s\"",
                meant_duration,
                error,
            )
        }),
    }
}

/// That a quantity cannot be read, and what was perhaps meant. The unit is the user's to choose.
fn quantity(
    section: &Section<'_>,
    key: &str,
    wanted: &str,
    meant: fn(&str) -> Option<String>,
    error: &QuantityError,
) -> Diagnostic {
    let problem = Diagnostic::error(codes::QUANTITY, format!("`{key}` must be {wanted}")).hint(error.way_out());
    let written = section.get(key).and_then(|item| Some((item.as_str()?, item.span()?)));
    match written.and_then(|(text, span)| Some((meant(text)?, span))) {
        Some((meant, span)) => problem.suggest(format!("replace by `{meant}`"), span, literal(&meant)),
        None => problem,
    }
}

fn secret_store(root: &Section<'_>, problems: &mut Problems) -> Option<Spanned<Store>> {
    let text = root.string("secret_store", problems)?;
    if problems.version == V0_2 {
        problems.push(
            Diagnostic::warning(
                codes::KEY_OF_OTHER_VERSION,
                "specversion 0.2 accepts `secret_store`, and ignores it",
            )
            .label(root.key_span("secret_store"), "ignored")
            .hint("write `${envvars.KEY}` as the value of each configuration key that comes from elsewhere"),
        );
        return None;
    }
    let name = text.value.strip_prefix("configs.").unwrap_or_default();
    match STORES.iter().find(|(store, _)| *store == name) {
        Some((_, store)) => Some(Spanned {
            value: *store,
            span: text.span,
        }),
        None if name == "local" => None,
        None => {
            let stores: Vec<_> = STORES.iter().map(|(name, _)| format!("configs.{name}")).collect();
            let stores: Vec<_> = stores.iter().map(String::as_str).collect();
            let problem = Diagnostic::error(codes::REFERENCE, "this `secret_store` does not exist")
                .label(text.span.clone(), "no such store");
            let short = STORES.iter().position(|(store, _)| *store == text.value);
            let short = short.and_then(|index| stores.get(index).copied());
            problems.push(match short.or_else(|| nearest(&text.value, stores.iter().copied())) {
                Some(meant) => problem.hint(format!("did you mean `{meant}`?")).fix(
                    format!("replace by `{meant}`"),
                    text.span,
                    literal(meant),
                ),
                None => problem.hint(format!("the stores are {}", list(&stores))),
            });
            None
        }
    }
}

/// Read for `slt secret import`. 1.0 has none, and says so as of any other key; what is wrong in them is then not said.
fn secret_settings(root: &Section<'_>, problems: &mut Problems) -> Vec<SecretSetting> {
    let mut unsaid = Problems {
        found: Vec::new(),
        version: problems.version,
    };
    let problems = match problems.version {
        V1_0 => &mut unsaid,
        _ => problems,
    };
    let mut settings = Vec::new();
    for entry in root.tables("secret_settings", SECRET_SETTINGS.called, problems) {
        for key in SECRET_SETTINGS.keys.iter().map(|known| known.key) {
            if entry.get(key).is_none() {
                problems.push(
                    Diagnostic::error(codes::KEY_MISSING, format!("a secret setting needs `{key}`"))
                        .label(entry.span.clone(), "not in this entry"),
                );
            }
        }
        let (name, encrypted) = (entry.string("name", problems), entry.string("value", problems));
        if let (Some(name), Some(encrypted)) = (name, encrypted) {
            settings.push(SecretSetting {
                name,
                encrypted: Spanned {
                    value: Value::Literal(encrypted.value),
                    span: encrypted.span,
                },
            });
        }
    }
    settings
}

fn test(root: &Section<'_>, problems: &mut Problems) -> Test {
    let Some(section) = newer(root, "test", TEST, problems) else {
        return Test::default();
    };
    section.check_keys(TEST.keys, problems);
    Test {
        timeout: section.parsed("timeout", problems, duration, |error| {
            quantity(&section, "timeout", "a duration, like \"60s\"", meant_duration, error)
        }),
        components: section.strings("components", problems),
        configs: strings_by_key(&section, "configs", "[test.configs]", problems),
        containers: strings_by_key(&section, "containers", "[test.containers]", problems),
    }
}

fn strings_by_key(
    section: &Section<'_>,
    key: &str,
    called: &'static str,
    problems: &mut Problems,
) -> BTreeMap<String, Spanned<String>> {
    let Some(table) = section.table(key, called, problems) else {
        return BTreeMap::new();
    };
    table
        .entries()
        .filter_map(|(key, _, item)| Some((key.to_owned(), string(key, item, problems)?)))
        .collect()
}
