//! Reads a policy file: TOML, every problem at once, each with its place.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use toml_edit::{Document, Item, TableLike, Value};

use super::super::keys::PublicKey;
use super::super::predicates;
use super::matcher::Matcher;
use super::predicate::{Condition, Field, Test};
use super::{Attestation, Known, Policy, Signer};

/// The largest policy, in bytes.
pub const POLICY_MAX_BYTES: u64 = 256 << 10;

/// The most signers, the most attestations, and the most conditions of one.
const ENTRIES_MAX: usize = 256;

/// Something wrong in a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Bytes of the file's text.
    pub range: Range<usize>,
    /// What stands at the place.
    pub label: String,
    /// The way out.
    pub hint: Option<String>,
}

const TOP: &[&str] = &[
    "version",
    "threshold",
    "log",
    "timestamp",
    "sct",
    "trusted-root",
    "key",
    "identity",
    "attestation",
];
const KEY: &[&str] = &["name", "path", "pem"];
const IDENTITY: &[&str] = &["name", "identity", "identity-matches", "issuer", "issuer-matches"];
const ATTESTATION: &[&str] = &["type", "signers", "require"];
const REQUIRE: &[&str] = &["path", "equals", "one-of", "matches"];

struct Reader<'a> {
    folder: &'a Path,
    file: &'a dyn Fn(&Path) -> Result<String, String>,
    problems: Vec<Problem>,
}

/// A table, and where it stands.
struct At<'a> {
    table: &'a dyn TableLike,
    range: Range<usize>,
}

/// Where the name of a signer stands, or where it would.
fn named_at(at: &At<'_>) -> Range<usize> {
    let name = at.table.get("name").and_then(Item::span);
    name.unwrap_or_else(|| at.range.clone())
}

pub(super) fn policy(
    text: &str,
    folder: &Path,
    file: &dyn Fn(&Path) -> Result<String, String>,
) -> Result<Policy, Vec<Problem>> {
    let document = Document::parse(text).map_err(|error| {
        vec![Problem {
            message: "it is not TOML".to_owned(),
            range: error.span().unwrap_or(0..0),
            label: error.message().trim().to_owned(),
            hint: None,
        }]
    })?;
    let mut reader = Reader {
        folder,
        file,
        problems: Vec::new(),
    };
    let top = At {
        table: document.as_table(),
        range: 0..text.find('\n').unwrap_or(text.len()),
    };
    let policy = reader.policy(&top);
    reader.problems.sort_by_key(|problem| problem.range.start);
    match reader.problems.is_empty() {
        true => Ok(policy),
        false => Err(reader.problems),
    }
}

impl Reader<'_> {
    fn problem(
        &mut self,
        range: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        hint: Option<&str>,
    ) {
        self.problems.push(Problem {
            message: message.into(),
            range,
            label: label.into(),
            hint: hint.map(str::to_owned),
        });
    }

    fn policy(&mut self, top: &At<'_>) -> Policy {
        self.known(top, TOP, "a policy");
        match self.integer(top, "version") {
            Some((1, _)) => {}
            Some((other, range)) => {
                self.problem(
                    range,
                    format!("policies of version {other} are not known"),
                    "`1` is the only one",
                    None,
                );
            }
            None if top.table.contains_key("version") => {}
            None => self.problem(
                top.range.clone(),
                "a policy needs its `version`",
                "it is not here",
                Some("version = 1"),
            ),
        }
        let mut signers = Vec::new();
        let mut places = Vec::new();
        for (is_key, entry) in self.signers(top) {
            let signer = match is_key {
                true => self.key(&entry),
                false => self.identity(&entry),
            };
            if let Some(signer) = signer {
                signers.push(signer);
                places.push(named_at(&entry));
            }
        }
        self.named_once(&signers, &places);
        let mut attestations = Vec::new();
        for entry in self.entries(top, "attestation") {
            attestations.extend(self.attestation(&entry, &signers));
        }
        let threshold = self.threshold(top, &signers, &attestations);
        let log = self.choice(top, "log");
        let timestamp = self.choice(top, "timestamp").unwrap_or(false);
        let sct = self.choice(top, "sct").unwrap_or(true);
        let trusted_root = self.trusted_root(top);
        let is_nobody_there = ["key", "identity"].iter().all(|kind| !top.table.contains_key(kind));
        if signers.is_empty() && (is_nobody_there || self.problems.is_empty()) {
            self.problem(
                top.range.clone(),
                "nobody is accepted",
                "there is no `[[key]]` and no `[[identity]]`",
                Some("[[key]] with `path`, or [[identity]] with `identity` and `issuer`"),
            );
        }
        Policy {
            signers,
            threshold,
            log,
            timestamp,
            sct,
            attestations,
            trusted_root,
        }
    }

    /// `[[key]]`, and then `[[identity]]`; whether it is a key.
    fn signers<'a>(&mut self, top: &At<'a>) -> Vec<(bool, At<'a>)> {
        let keys = self.entries(top, "key").into_iter().map(|entry| (true, entry));
        let identities = self.entries(top, "identity").into_iter().map(|entry| (false, entry));
        keys.chain(identities).collect()
    }

    /// What is in it is read by whoever verifies.
    fn trusted_root(&mut self, top: &At<'_>) -> Option<PathBuf> {
        let (path, range) = self.string(top, "trusted-root")?;
        let whole = self.folder.join(&path);
        if let Err(error) = (self.file)(&whole) {
            self.unreadable(&path, range, error);
            return None;
        }
        Some(whole)
    }

    fn unreadable(&mut self, path: &str, range: Range<usize>, error: String) {
        let message = format!("`{path}` cannot be read");
        self.problem(range, message, error, Some("it is looked for beside the policy"));
    }

    fn threshold(&mut self, top: &At<'_>, signers: &[Signer], attestations: &[Attestation]) -> usize {
        let Some((number, range)) = self.integer(top, "threshold") else {
            return 1;
        };
        let is_exact = |signer: &Signer| match &signer.known {
            Known::Key(_) => true,
            Known::Identity { identity, issuer } => {
                matches!((identity, issuer), (Matcher::Exact(_), Matcher::Exact(_)))
            }
        };
        let Some(threshold) = usize::try_from(number).ok().filter(|number| *number <= ENTRIES_MAX) else {
            self.problem(
                range,
                "no such number of signatures",
                format!("0 to {ENTRIES_MAX}"),
                None,
            );
            return 1;
        };
        let is_nothing_attested = attestations.is_empty() && !top.table.contains_key("attestation");
        if threshold == 0 && is_nothing_attested {
            self.problem(
                range,
                "a threshold of 0 demands nothing",
                "with no `[[attestation]]`",
                None,
            );
        } else if signers.iter().all(is_exact) && threshold > signers.len() && !signers.is_empty() {
            let label = format!("there are {} signers", signers.len());
            self.problem(
                range,
                "more signatures are demanded than there are signers",
                label,
                None,
            );
        }
        threshold
    }

    /// `places` are where their names stand.
    fn named_once(&mut self, signers: &[Signer], places: &[Range<usize>]) {
        for (index, (signer, place)) in signers.iter().zip(places).enumerate() {
            if signers.iter().take(index).any(|other| other.name == signer.name) {
                let message = format!("two signers are called `{}`", signer.name);
                self.problem(
                    place.clone(),
                    message,
                    "the second",
                    Some("give each a `name` of its own"),
                );
            }
        }
    }

    fn key(&mut self, at: &At<'_>) -> Option<Signer> {
        self.known(at, KEY, "a key");
        let path = self.string(at, "path");
        let pem = self.string(at, "pem");
        let (text, range, called) = match (path, pem) {
            (Some((path, range)), None) => match (self.file)(&self.folder.join(&path)) {
                Ok(text) => (text, range, path),
                Err(error) => {
                    self.unreadable(&path, range, error);
                    return None;
                }
            },
            (None, Some((text, range))) => (text, range, String::new()),
            _ => {
                self.problem(at.range.clone(), "a key needs either `path` or `pem`", "here", None);
                return None;
            }
        };
        match PublicKey::from_pem(&text) {
            Ok(key) => {
                let name = self.string(at, "name").map(|(name, _)| name);
                let called = if called.is_empty() { key.fingerprint() } else { called };
                Some(Signer {
                    name: name.unwrap_or(called),
                    known: Known::Key(key),
                })
            }
            Err(error) => {
                self.problem(range, error.to_string(), "this key", Some(error.hint()));
                None
            }
        }
    }

    fn identity(&mut self, at: &At<'_>) -> Option<Signer> {
        self.known(at, IDENTITY, "an identity");
        let identity = self.matcher(at, "identity", "identity-matches");
        let issuer = self.matcher(at, "issuer", "issuer-matches");
        let name = self.string(at, "name").map(|(name, _)| name);
        let (identity, issuer) = (identity?, issuer?);
        let name = name.unwrap_or_else(|| identity.to_string().replace('`', ""));
        Some(Signer {
            name,
            known: Known::Identity { identity, issuer },
        })
    }

    fn matcher(&mut self, at: &At<'_>, exact: &str, expression: &str) -> Option<Matcher> {
        match (self.string(at, exact), self.string(at, expression)) {
            (Some((text, range)), None) if text.is_empty() => {
                self.problem(range, format!("`{exact}` is empty"), "nobody is called so", None);
                None
            }
            (Some((text, _)), None) => Some(Matcher::Exact(text)),
            (None, Some((text, range))) => self.expression(&text, range),
            _ => {
                let message = format!("an identity needs either `{exact}` or `{expression}`");
                self.problem(at.range.clone(), message, "here", None);
                None
            }
        }
    }

    fn expression(&mut self, text: &str, range: Range<usize>) -> Option<Matcher> {
        match Matcher::expression(text) {
            Ok(matcher) => Some(matcher),
            Err(error) => {
                self.problem(range, error.to_string(), "this one", None);
                None
            }
        }
    }

    fn attestation(&mut self, at: &At<'_>, signers: &[Signer]) -> Option<Attestation> {
        self.known(at, ATTESTATION, "an attestation");
        let predicate_type = self.string(at, "type").map(|named| self.predicate_type(named));
        if predicate_type.is_none() && !at.table.contains_key("type") {
            self.problem(
                at.range.clone(),
                "an attestation needs its `type`",
                "here",
                Some("type = \"https://slsa.dev/provenance/v1\""),
            );
        }
        let mut names = Vec::new();
        for (value, range) in self.list(at, "signers") {
            match value.as_str() {
                Some(name) if signers.iter().any(|signer| signer.name == name) => names.push(name.to_owned()),
                Some(name) => self.problem(range, format!("nobody here is called `{name}`"), "this name", None),
                None => self.problem(range, "a name is a string", "this is none", None),
            }
        }
        let mut conditions = Vec::new();
        for entry in self.entries(at, "require") {
            conditions.extend(self.condition(&entry));
        }
        Some(Attestation {
            predicate_type: predicate_type??,
            signers: names,
            conditions,
        })
    }

    fn predicate_type(&mut self, (text, range): (String, Range<usize>)) -> Option<String> {
        match predicates::uri(&text) {
            Ok(uri) => Some(uri),
            Err(error) => {
                let hint = error.hint();
                self.problem(range, error.to_string(), "neither a URI nor a short name", Some(&hint));
                None
            }
        }
    }

    fn condition(&mut self, at: &At<'_>) -> Option<Condition> {
        self.known(at, REQUIRE, "a condition");
        let field = match self.string(at, "path") {
            Some((path, range)) => match Field::parse(&path) {
                Ok(field) => Some(field),
                Err(error) => {
                    self.problem(range, error.to_string(), "this one", None);
                    None
                }
            },
            None if at.table.contains_key("path") => None,
            None => {
                self.problem(at.range.clone(), "a condition needs its `path`", "here", None);
                None
            }
        };
        let tests = ["equals", "one-of", "matches"];
        let given: Vec<&str> = tests.into_iter().filter(|name| at.table.contains_key(name)).collect();
        let test = match given.as_slice() {
            ["equals"] => {
                let value = at.table.get("equals").and_then(Item::as_value);
                self.scalar(at, "equals", value).map(|value| Test::OneOf(vec![value]))
            }
            ["one-of"] => {
                let values = self.list(at, "one-of");
                let values = values
                    .into_iter()
                    .filter_map(|(value, _)| self.scalar(at, "one-of", Some(&value)));
                Some(Test::OneOf(values.collect()))
            }
            ["matches"] => {
                let (text, range) = self.string(at, "matches")?;
                self.expression(&text, range).map(Test::Matches)
            }
            _ => {
                self.problem(
                    at.range.clone(),
                    "a condition needs one of `equals`, `one-of` and `matches`",
                    "here",
                    None,
                );
                None
            }
        };
        Some(Condition {
            field: field?,
            test: test?,
        })
    }

    /// A string, a number or a truth value, as JSON has it.
    fn scalar(&mut self, at: &At<'_>, key: &str, value: Option<&Value>) -> Option<Json> {
        let json = match value {
            Some(Value::String(text)) => Some(Json::from(text.value().as_str())),
            Some(Value::Integer(number)) => Some(Json::from(*number.value())),
            Some(Value::Boolean(truth)) => Some(Json::from(*truth.value())),
            _ => None,
        };
        if json.is_none() {
            let range = value.and_then(Value::span).unwrap_or_else(|| at.range.clone());
            self.problem(
                range,
                format!("`{key}` takes strings, whole numbers, `true` and `false`"),
                "this is none",
                None,
            );
        }
        json
    }

    /// Every key that means nothing here.
    fn known(&mut self, at: &At<'_>, keys: &[&str], what: &str) {
        let unknown = at.table.iter().filter(|(key, _)| !keys.contains(key));
        let unknown: Vec<(String, Range<usize>)> = unknown
            .map(|(key, item)| {
                let range = at.table.key(key).and_then(toml_edit::Key::span);
                (
                    key.to_owned(),
                    range.or_else(|| item.span()).unwrap_or_else(|| at.range.clone()),
                )
            })
            .collect();
        for (key, range) in unknown {
            let hint = format!(
                "{what} has {}",
                keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
            );
            self.problem(range, format!("{what} has no `{key}`"), "unknown", Some(&hint));
        }
    }

    fn string(&mut self, at: &At<'_>, key: &str) -> Option<(String, Range<usize>)> {
        let item = at.table.get(key)?;
        let range = item.span().unwrap_or_else(|| at.range.clone());
        match item.as_str() {
            Some(text) => Some((text.to_owned(), range)),
            None => {
                self.problem(range, format!("`{key}` is a string"), "this is none", None);
                None
            }
        }
    }

    fn integer(&mut self, at: &At<'_>, key: &str) -> Option<(i64, Range<usize>)> {
        let item = at.table.get(key)?;
        let range = item.span().unwrap_or_else(|| at.range.clone());
        match item.as_integer() {
            Some(number) => Some((number, range)),
            None => {
                self.problem(range, format!("`{key}` is a whole number"), "this is none", None);
                None
            }
        }
    }

    /// `"required"` or `"optional"`.
    fn choice(&mut self, at: &At<'_>, key: &str) -> Option<bool> {
        let (text, range) = self.string(at, key)?;
        match text.as_str() {
            "required" => Some(true),
            "optional" => Some(false),
            _ => {
                self.problem(
                    range,
                    format!("`{key}` is `required` or `optional`"),
                    "this is neither",
                    None,
                );
                None
            }
        }
    }

    fn list(&mut self, at: &At<'_>, key: &str) -> Vec<(Value, Range<usize>)> {
        let Some(item) = at.table.get(key) else {
            return Vec::new();
        };
        let range = item.span().unwrap_or_else(|| at.range.clone());
        match item.as_array() {
            Some(array) if (1..=ENTRIES_MAX).contains(&array.len()) => {
                let values = array.iter();
                values
                    .map(|value| (value.clone(), value.span().unwrap_or_else(|| range.clone())))
                    .collect()
            }
            _ => {
                self.problem(
                    range,
                    format!("`{key}` is a list of 1 to {ENTRIES_MAX} values"),
                    "this is none",
                    None,
                );
                Vec::new()
            }
        }
    }

    /// The tables of `[[key]]`.
    fn entries<'a>(&mut self, at: &At<'a>, key: &str) -> Vec<At<'a>> {
        let Some(item) = at.table.get(key) else {
            return Vec::new();
        };
        let range = item.span().unwrap_or_else(|| at.range.clone());
        let entries: Option<Vec<At<'a>>> = match item {
            Item::ArrayOfTables(tables) => Some(
                tables
                    .iter()
                    .map(|table| At {
                        table,
                        range: table.span().unwrap_or_else(|| range.clone()),
                    })
                    .collect(),
            ),
            Item::Value(Value::Array(values)) => values
                .iter()
                .map(|value| {
                    let table = value.as_inline_table()?;
                    Some(At {
                        table,
                        range: value.span().unwrap_or_else(|| range.clone()),
                    })
                })
                .collect(),
            _ => None,
        };
        match entries {
            Some(entries) if entries.len() <= ENTRIES_MAX => entries,
            _ => {
                self.problem(
                    range,
                    format!("`{key}` is at most {ENTRIES_MAX} tables, `[[{key}]]`"),
                    "this is none",
                    None,
                );
                Vec::new()
            }
        }
    }
}
