//! Reading TOML tables: typed values with their place, and every mistake reported instead of the first.
//!
//! It knows types and keys, and nothing of what a table means; that is `document`.

use std::collections::BTreeMap;
use std::ops::Range;

use toml_edit::{Item, Key, TableLike, Value};

use super::diagnostic::{Diagnostic, Edit, codes, nearest};
use super::document::is_app_name;
use super::gap::{self, Gap};
use super::grammar::{CAPABILITY, Form, Known, ROOT, Table};
use super::quantity::{meant_duration, meant_size};
use super::{Spanned, SpecVersion, is_secret_name};

/// Where problems are collected, and what they depend on.
pub struct Problems {
    /// What was found so far.
    pub found: Vec<Diagnostic>,
    /// The spec version of the file.
    pub version: SpecVersion,
}

impl Problems {
    /// Adds a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Unknown keys are errors in 1.0; before it they are ignored, as `slight` does, with a warning.
    pub fn lenient(&self, code: &'static str, message: String) -> Diagnostic {
        if self.version == SpecVersion::V1_0 {
            Diagnostic::error(code, message)
        } else {
            Diagnostic::warning(code, message)
        }
    }
}

/// Which known word each unknown one of a table most likely stands for.
pub struct Meant<'a> {
    by: BTreeMap<&'a str, &'a str>,
    times: BTreeMap<&'a str, usize>,
}

impl<'a> Meant<'a> {
    /// Finds them.
    pub fn new(unknown: impl Iterator<Item = &'a str>, known: &[&'a str]) -> Self {
        let by: BTreeMap<_, _> = unknown
            .filter_map(|word| Some((word, nearest(word, known.iter().copied())?)))
            .collect();
        let mut times = BTreeMap::new();
        for word in by.values() {
            *times.entry(*word).or_default() += 1;
        }
        Self { by, times }
    }

    /// What an unknown word stands for.
    pub fn by(&self, unknown: &str) -> Option<&'a str> {
        self.by.get(unknown).copied()
    }

    /// Whether one unknown word alone stands for it: of two, only one can be replaced.
    pub fn is_certain(&self, known: &str) -> bool {
        self.times.get(known) == Some(&1)
    }
}

/// A table, its place, and how it is called in messages.
pub struct Section<'a> {
    /// The table.
    pub table: &'a dyn TableLike,
    /// Its header, or all of it when it is written inline.
    pub span: Range<usize>,
    /// `[app]`
    pub called: &'static str,
    /// Where keys can be added.
    pub gap: Option<Gap>,
    /// From its header to its last value, when it is an entry of an array of tables.
    pub extent: Option<Range<usize>>,
}

/// The place of an item; the end of the file for one that has none.
pub fn item_span(item: &Item) -> Range<usize> {
    item.span().unwrap_or(0..0)
}

fn key_span(key: Option<&Key>, item: &Item) -> Range<usize> {
    key.and_then(Key::span).unwrap_or_else(|| item_span(item))
}

/// `a string`, `an integer` …
fn type_of(item: &Item) -> &'static str {
    match item.type_name() {
        "string" => "a string",
        "integer" => "an integer",
        "float" => "a float",
        "boolean" => "a boolean",
        "datetime" => "a date",
        "array" => "an array",
        "inline table" | "table" => "a table",
        "array of tables" => "an array of tables",
        _ => "nothing",
    }
}

/// That `key` has a value of the wrong type.
pub fn wrong_type(key: &str, item: &Item, wanted: &str) -> Diagnostic {
    Diagnostic::error(
        codes::TYPE,
        format!("`{key}` is {}, and must be {wanted}", type_of(item)),
    )
    .label(item_span(item), format!("not {wanted}"))
}

impl<'a> Section<'a> {
    /// The value of a key, if it is there.
    pub fn get(&self, key: &str) -> Option<&'a Item> {
        self.table.get(key).filter(|item| !item.is_none())
    }

    /// Where a key stands.
    pub fn key_span(&self, key: &str) -> Range<usize> {
        match self.table.get_key_value(key) {
            Some((found, item)) => key_span(Some(found), item),
            None => self.span.clone(),
        }
    }

    /// The keys, their places and values.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, Range<usize>, &'a Item)> {
        let table = self.table;
        table
            .iter()
            .filter(|(_, item)| !item.is_none())
            .map(move |(key, item)| {
                let found = table.get_key_value(key).map(|(found, _)| found);
                (key, key_span(found, item), item)
            })
    }

    /// A string.
    pub fn string(&self, key: &str, problems: &mut Problems) -> Option<Spanned<String>> {
        let form = form(self.called, key, problems.version);
        string_of(form, key, self.get(key)?, problems)
    }

    /// A boolean.
    pub fn boolean(&self, key: &str, problems: &mut Problems) -> Option<bool> {
        let item = self.get(key)?;
        let value = item.as_bool();
        if value.is_none() {
            problems.push(without_quotes(key, item));
        }
        value
    }

    /// A string that is read further.
    pub fn parsed<T, E: std::fmt::Display>(
        &self,
        key: &str,
        problems: &mut Problems,
        parse: impl Fn(&str) -> Result<T, E>,
        explain: impl Fn(&E) -> Diagnostic,
    ) -> Option<Spanned<T>> {
        let text = self.string(key, problems)?;
        parsed(text, problems, parse, explain)
    }

    /// An array of strings; each that is none is reported.
    pub fn strings(&self, key: &str, problems: &mut Problems) -> Vec<Spanned<String>> {
        let Some(item) = self.get(key) else { return Vec::new() };
        let Some(array) = item.as_array() else {
            let wrong = wrong_type(key, item, "an array of strings");
            let wrong = match (item.as_str(), item.span()) {
                (Some(_), Some(span)) => wrong
                    .hint("put `[` and `]` around it")
                    .fix_all("put `[` and `]` around it", around(&span, "[", "]")),
                _ => wrong,
            };
            problems.push(wrong);
            return Vec::new();
        };
        let mut strings = Vec::new();
        for value in array {
            let span = value.span().unwrap_or_else(|| item_span(item));
            match value.as_str() {
                Some(text) => strings.push(Spanned {
                    value: text.to_owned(),
                    span,
                }),
                None => {
                    let wrong = Diagnostic::error(
                        codes::TYPE,
                        format!("`{key}` has {}, and takes strings", value.type_name()),
                    );
                    let form = form(self.called, key, problems.version);
                    problems.push(not_quoted(wrong.label(span, "not a string"), key, form, value));
                }
            }
        }
        strings
    }

    /// A table below this one.
    pub fn table(&self, key: &str, called: &'static str, problems: &mut Problems) -> Option<Section<'a>> {
        let item = self.get(key)?;
        match item.as_table_like() {
            Some(table) => Some(Section {
                table,
                span: header(item, self.key_span(key)),
                called,
                gap: Gap::of(item),
                extent: None,
            }),
            None => {
                problems.push(wrong_type(key, item, "a table"));
                None
            }
        }
    }

    /// The tables of `[[key]]`, or of `key = [{…}]`.
    pub fn tables(&self, key: &str, called: &'static str, problems: &mut Problems) -> Vec<Section<'a>> {
        let Some(item) = self.get(key) else { return Vec::new() };
        match item {
            Item::ArrayOfTables(array) => array
                .iter()
                .map(|table| Section {
                    table,
                    span: table.span().unwrap_or_default(),
                    called,
                    gap: Gap::of_table(table),
                    extent: gap::extent(table),
                })
                .collect(),
            Item::Value(Value::Array(array)) => inline_tables(key, array, called, problems),
            _ => {
                problems.push(one_table(wrong_type(key, item, "an array of tables"), item, called));
                Vec::new()
            }
        }
    }

    /// Reports each key that is not in `known`, or not in this spec version.
    pub fn check_keys(&self, known: &[Known], problems: &mut Problems) {
        let here: Vec<_> = known
            .iter()
            .filter(|known| known.versions.contains(&problems.version))
            .filter(|known| problems.version > SpecVersion::V0_1 || !matches!(known.form, Form::Resource))
            .map(|known| known.key)
            .collect();
        let is_known = |key: &str| known.iter().any(|known| known.key == key);
        let unknown = self.entries().map(|(key, ..)| key).filter(|key| !is_known(key));
        let meant = Meant::new(unknown, &here);
        for (key, span, _) in self.entries() {
            match known.iter().find(|known| known.key == key) {
                Some(known) if known.versions.contains(&problems.version) => {}
                Some(known) => problems.push(self.other_version(known, span, problems)),
                None => problems.push(self.unknown(key, span, &here, &meant, problems)),
            }
        }
    }

    fn unknown(
        &self,
        key: &str,
        span: Range<usize>,
        here: &[&str],
        meant: &Meant<'_>,
        problems: &Problems,
    ) -> Diagnostic {
        let message = format!("{} has no key `{}`", self.called, shown(key));
        let diagnostic = problems
            .lenient(codes::KEY_UNKNOWN, message)
            .label(span.clone(), "not known here");
        match meant.by(key) {
            Some(word) if self.get(word).is_some() => {
                diagnostic.hint(format!("`{word}` is there already: leave one of them out"))
            }
            Some(word) => {
                let diagnostic = diagnostic.hint(format!("did you mean `{word}`?"));
                // with only one of its places replaced it would be another mistake
                let is_once = self.get(key).is_some_and(|item| places(item) == 1);
                match is_once && meant.is_certain(word) {
                    true => diagnostic.fix(format!("replace by `{word}`"), span, word),
                    false => diagnostic,
                }
            }
            None => diagnostic.hint(format!("the keys of {} are {}", self.called, list(here))),
        }
    }

    fn other_version(&self, known: &Known, span: Range<usize>, problems: &Problems) -> Diagnostic {
        let versions: Vec<_> = super::SPEC_VERSIONS
            .iter()
            .filter(|(_, version)| known.versions.contains(version))
            .map(|(name, _)| *name)
            .collect();
        let message = format!("`{}` belongs to specversion {}", known.key, versions.join(" and "));
        let hint = if known.versions.contains(&SpecVersion::V1_0) {
            "write specversion = \"1.0\" to use it, or let `slt migrate` rewrite the whole file; until then it is ignored"
        } else if matches!(known.form, Form::Tables(_)) {
            "take the table out; `slt secret import` copies it first"
        } else {
            "write `${envvars.KEY}` as the value of each configuration key that comes from elsewhere"
        };
        problems
            .lenient(codes::KEY_OF_OTHER_VERSION, message)
            .label(span, "not in this spec version")
            .hint(hint)
    }
}

fn inline_tables<'a>(
    key: &str,
    array: &'a toml_edit::Array,
    called: &'static str,
    problems: &mut Problems,
) -> Vec<Section<'a>> {
    let mut sections = Vec::new();
    for value in array {
        match value.as_inline_table() {
            Some(table) => sections.push(Section {
                table,
                span: value.span().unwrap_or_default(),
                called,
                gap: Gap::of_inline(table),
                extent: None,
            }),
            None => problems.push(
                Diagnostic::error(
                    codes::TYPE,
                    format!("`{key}` has {}, and takes tables", value.type_name()),
                )
                .label(value.span().unwrap_or_default(), "not a table"),
            ),
        }
    }
    sections
}

/// In how many places the key of an item is written: tables can have several headers or dotted keys.
fn places(item: &Item) -> usize {
    let below = |table: &dyn TableLike| table.iter().map(|(_, item)| places(item)).sum::<usize>();
    let headers = |table: &toml_edit::Table| {
        let below = table.iter().filter(|(_, item)| is_written_by_header(item));
        usize::from(!table.is_implicit()) + below.map(|(_, item)| places(item)).sum::<usize>()
    };
    match item {
        Item::Table(table) if table.is_dotted() => below(table),
        Item::Table(table) => headers(table),
        Item::ArrayOfTables(array) => array.iter().map(headers).sum(),
        Item::Value(Value::InlineTable(table)) if table.is_dotted() => below(table),
        Item::Value(_) | Item::None => 1,
    }
}

/// Whether it has a header of its own, which repeats the keys above it.
fn is_written_by_header(item: &Item) -> bool {
    match item {
        Item::Table(table) => !table.is_dotted(),
        Item::ArrayOfTables(_) => true,
        Item::Value(_) | Item::None => false,
    }
}

/// The header of a table, or the key of an inline one.
pub fn header(item: &Item, key: Range<usize>) -> Range<usize> {
    match item {
        Item::Table(table) if !table.is_implicit() => table.span().unwrap_or(key),
        _ => key,
    }
}

/// The edits that put something before and behind a place.
fn around(span: &Range<usize>, before: &str, after: &str) -> Vec<Edit> {
    let insert = |at: usize, text: &str| Edit {
        range: at..at,
        text: text.to_owned(),
    };
    vec![insert(span.start, before), insert(span.end, after)]
}

/// What the value of a key may be. In 0.1 the name of a capability is its resource.
fn form(called: &str, key: &str, version: SpecVersion) -> Form {
    let known = table(ROOT, called).and_then(|table| table.keys.iter().find(|known| known.key == key));
    match known.map(|known| known.form) {
        Some(Form::Text) if version == SpecVersion::V0_1 && called == CAPABILITY.called => Form::Resource,
        Some(form) => form,
        None => Form::Text,
    }
}

/// The table that is called so.
fn table(within: &'static Table, called: &str) -> Option<&'static Table> {
    if within.called == called {
        return Some(within);
    }
    within.keys.iter().find_map(|known| match known.form {
        Form::Table(below) | Form::Tables(below) => table(below, called),
        _ => None,
    })
}

/// A number or a boolean where a string is wanted, of which quotes alone may not make a right value.
fn not_quoted(wrong: Diagnostic, key: &str, form: Form, value: &Value) -> Diagnostic {
    let written = value.to_string();
    let written = written.trim();
    match form {
        Form::Text | Form::Texts | Form::Map | Form::Configs => quoted(wrong, key, value),
        Form::Name if is_app_name(written) => quoted(wrong, key, value),
        Form::Size => with_unit(wrong, "a size has a unit: \"128MiB\"", meant_size(written), value),
        Form::Duration => with_unit(wrong, "a duration has a unit: \"30s\"", meant_duration(written), value),
        Form::Hosts => wrong.hint("write it like \"https://api.example.com\" or \"https://*.example.org:8443\""),
        Form::Resource => wrong.hint(format!("e.g. {key} = \"keyvalue.redis\"")),
        Form::Version => wrong.hint(format!("e.g. {key} = \"0.1.0\"")),
        Form::SecretStore => wrong.hint(format!("e.g. {key} = \"configs.envvars\"")),
        _ => wrong,
    }
}

/// The unit is the user's to choose.
fn with_unit(wrong: Diagnostic, hint: &str, meant: Option<String>, value: &Value) -> Diagnostic {
    let wrong = wrong.hint(hint);
    match (meant, value.span()) {
        (Some(meant), Some(span)) => wrong.suggest(format!("replace by `{meant}`"), span, literal(&meant)),
        _ => wrong,
    }
}

/// A number or a boolean that must be a string. An integer such as `1_883` or `0x75b`, which is one to TOML alone, is written anew,
/// unless it can be a secret: no fix holds one.
fn quoted(wrong: Diagnostic, key: &str, value: &Value) -> Diagnostic {
    const TITLE: &str = "put it in quotes";
    let Some(span) = value.span() else { return wrong };
    let is_plain = match value {
        Value::Integer(number) => number.value().to_string().len() == span.len(),
        Value::Float(_) | Value::Boolean(_) => true,
        _ => return wrong,
    };
    let wrong = wrong.hint(TITLE);
    match value.as_integer() {
        Some(number) if !is_plain && !is_secret_name(key) => wrong.fix(TITLE, span, format!("\"{number}\"")),
        _ if is_plain => wrong.fix_all(TITLE, around(&span, "\"", "\"")),
        _ => wrong,
    }
}

/// Other words for a boolean.
const BOOLEAN_SYNONYMS: &[(&str, &str)] = &[
    ("yes", "true"),
    ("on", "true"),
    ("1", "true"),
    ("true", "true"),
    ("no", "false"),
    ("off", "false"),
    ("0", "false"),
    ("false", "false"),
];

/// The boolean that a word most likely means.
pub fn meant_boolean(word: &str) -> Option<&'static str> {
    let mut synonyms = BOOLEAN_SYNONYMS.iter();
    let found = synonyms.find(|(synonym, _)| synonym.eq_ignore_ascii_case(word));
    found.map(|(_, boolean)| *boolean)
}

/// A boolean that is written as a string, or in another word.
fn without_quotes(key: &str, item: &Item) -> Diagnostic {
    let wrong = wrong_type(key, item, "`true` or `false`");
    if let (Some(text @ ("true" | "false")), Some(span)) = (item.as_str(), item.span()) {
        return wrong
            .hint("write it without quotes")
            .fix("take the quotes away", span, text);
    }
    let wrong = wrong.hint("write true or false, without quotes");
    let number = item.as_integer().map(|number| number.to_string());
    let meant = item.as_str().or(number.as_deref()).and_then(meant_boolean);
    match (meant, item.span()) {
        (Some(meant), Some(span)) => wrong.suggest(format!("replace by `{meant}`"), span, meant),
        _ => wrong,
    }
}

/// What must be a whole number from 1 to `max`, and is none.
pub fn not_a_count(key: &str, item: &Item, max: u32) -> Diagnostic {
    let wrong = wrong_type(key, item, "a whole number");
    let Some(text) = item.as_str() else {
        return wrong.hint(format!("write one from 1 to {max}"));
    };
    let count = text.parse().ok().filter(|count| (1..=max).contains(count));
    match (count, item.span()) {
        (Some(count), Some(span)) => {
            let wrong = wrong.hint("write it without quotes");
            wrong.fix("take the quotes away", span, count.to_string())
        }
        _ => wrong.hint(format!("write one from 1 to {max}, without quotes")),
    }
}

/// One table where there can be several: `[capability]`, or `capability = { … }`.
fn one_table(wrong: Diagnostic, item: &Item, called: &str) -> Diagnostic {
    match (item, item.span()) {
        (Item::Table(table), Some(span)) if !table.is_dotted() && !table.is_implicit() => wrong
            .hint(format!("write {called} with two brackets on each side"))
            .fix_all(format!("write {called}"), around(&span, "[", "]")),
        (Item::Value(Value::InlineTable(_)), Some(span)) => wrong
            .hint("put `[` and `]` around it")
            .fix_all("put `[` and `]` around it", around(&span, "[", "]")),
        (Item::Table(_), _) => wrong.hint(format!("write {called} with two brackets on each side")),
        _ => wrong,
    }
}

/// An item that must be any string.
pub fn string(key: &str, item: &Item, problems: &mut Problems) -> Option<Spanned<String>> {
    string_of(Form::Text, key, item, problems)
}

/// An item that must be a string of this form.
fn string_of(form: Form, key: &str, item: &Item, problems: &mut Problems) -> Option<Spanned<String>> {
    let Some(text) = item.as_str() else {
        let wrong = wrong_type(key, item, "a string");
        problems.push(match item.as_value() {
            Some(value) => not_quoted(wrong, key, form, value),
            None => wrong,
        });
        return None;
    };
    Some(Spanned {
        value: text.to_owned(),
        span: item_span(item),
    })
}

/// A string that is read further.
pub fn parsed<T, E: std::fmt::Display>(
    text: Spanned<String>,
    problems: &mut Problems,
    parse: impl Fn(&str) -> Result<T, E>,
    explain: impl Fn(&E) -> Diagnostic,
) -> Option<Spanned<T>> {
    match parse(&text.value) {
        Ok(value) => Some(Spanned { value, span: text.span }),
        Err(error) => {
            problems.push(explain(&error).label(text.span, error.to_string()));
            None
        }
    }
}

/// `` `a`, `b` and `c` ``
pub fn list(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "none".to_owned(),
    }
}

/// A text as TOML writes it, with its quotes.
pub fn literal(text: &str) -> String {
    Value::from(text).to_string()
}

/// What a user wrote, short enough for a message, without control characters.
pub fn shown(text: &str) -> String {
    const SHOWN_MAX_CHARACTERS: usize = 60;
    let mut shown: String = text
        .chars()
        .take(SHOWN_MAX_CHARACTERS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().count() > SHOWN_MAX_CHARACTERS {
        shown.push('…');
    }
    shown
}
