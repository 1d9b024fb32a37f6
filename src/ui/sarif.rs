//! A check's result as SARIF 2.1.0, the format that code scanning reads: one document, for programs.
//!
//! It has what GitHub's code scanning asks for beyond the standard: every result has a place (what lies in a component
//! is shown at the first line of the slightfile, because a file in `dist/` is in no repository), every rule has a text.
//! Excerpts of the file are not in it: they could hold secrets.
//!
//! Specification: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html>

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Component, Path};

use serde::Serialize;
use sha2::{Digest, Sha256};
use url::Url;

use super::diagnostics::Source;
use crate::slightfile::{Diagnostic, Explanation, Fix, Severity, explanation};
use crate::support::hex::hex;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What relative places are relative to: the folder in which slt works. Code scanning takes the root of the repository.
const BASE: &str = "%SRCROOT%";

/// The name and the version of the fingerprint that follows a problem from run to run.
const FINGERPRINT: &str = "sltProblem/v1";

/// The whole document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Log {
    version: &'static str,
    #[serde(rename = "$schema")]
    schema: &'static str,
    runs: [Run; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    #[serde(rename = "originalUriBaseIds")]
    bases: BTreeMap<&'static str, Base>,
    /// Columns and offsets count as JavaScript, Java and editors do.
    column_kind: &'static str,
    results: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    short_description: Message,
    rules: Vec<Rule>,
}

/// A code, with its page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Message,
}

#[derive(Debug, Serialize)]
struct Message {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
}

#[derive(Debug, Serialize)]
struct Base {
    description: Message,
}

/// A diagnostic.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: &'static str,
    rule_index: usize,
    level: Severity,
    message: Message,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Change>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

/// A part of the file, three times: as lines and columns from 1, in UTF-16 code units from 0, and in bytes from 0.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
    char_offset: usize,
    char_length: usize,
    byte_offset: usize,
    byte_length: usize,
}

/// A fix.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    description: Message,
    artifact_changes: [ArtifactChange; 1],
    properties: ChangeProperties,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange {
    artifact_location: ArtifactLocation,
    replacements: Vec<Replacement>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    deleted_region: Region,
    inserted_content: Content,
}

/// A part of a file.
#[derive(Debug, Serialize)]
struct Content {
    text: String,
}

/// Our own words about a fix.
#[derive(Debug, Serialize)]
struct ChangeProperties {
    /// Whether it is certain: `slt check --fix` makes it.
    automatic: bool,
}

/// The document of a check.
#[must_use]
pub fn log(source: Source<'_>, diagnostics: &[Diagnostic]) -> Log {
    let mut codes: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let file = File {
        source,
        location: location_of(source.name),
    };
    let results = diagnostics
        .iter()
        .enumerate()
        .map(|(index, diagnostic)| {
            let earlier = diagnostics.iter().take(index);
            let again = earlier.filter(|earlier| is_alike(earlier, diagnostic)).count();
            file.finding(diagnostic, &codes, again)
        })
        .collect();
    Log {
        version: "2.1.0",
        schema: SCHEMA,
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "slt",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    short_description: text("checks slightfiles and the components that they are written for"),
                    rules: codes.iter().filter_map(|code| explanation(code)).map(rule).collect(),
                },
            },
            invocations: [Invocation {
                execution_successful: true,
            }],
            bases: BTreeMap::from([(
                BASE,
                Base {
                    description: text("the folder in which slt works"),
                },
            )]),
            column_kind: "utf16CodeUnits",
            results,
        }],
    }
}

fn rule(explanation: &Explanation) -> Rule {
    let (_, page) = explanation.page.split_once('\n').unwrap_or_default();
    let page = page.trim();
    let first = page.split("\n\n").next().unwrap_or_default();
    Rule {
        id: explanation.code,
        short_description: text(explanation.title),
        full_description: text(&first.replace('\n', " ")),
        // Nothing is put into a page, and whoever shows it shows its examples as they are: no braces are doubled.
        help: Message {
            text: page.to_owned(),
            markdown: Some(page.to_owned()),
        },
    }
}

/// Two problems that only their place tells apart.
fn is_alike(one: &Diagnostic, other: &Diagnostic) -> bool {
    one.code == other.code && one.message == other.message
}

/// A file, and where it lies.
struct File<'a> {
    source: Source<'a>,
    location: ArtifactLocation,
}

impl File<'_> {
    fn finding(&self, diagnostic: &Diagnostic, codes: &[&str], again: usize) -> Finding {
        let (first, others) = match diagnostic.labels.split_first() {
            Some((first, others)) => (Some(first), others),
            None => (None, &[][..]),
        };
        let hint = diagnostic
            .hint
            .as_ref()
            .map(|hint| format!("\n\nhint: {}", hint.trim_end()));
        Finding {
            rule_id: diagnostic.code,
            rule_index: codes
                .iter()
                .position(|code| *code == diagnostic.code)
                .unwrap_or_default(),
            level: diagnostic.severity,
            message: marked(&format!("{}{}", diagnostic.message, hint.unwrap_or_default())),
            locations: [match first {
                Some(label) => self.location(None, &label.range, Some(&label.text)),
                None => self.location(None, &self.first_line(), None),
            }],
            related_locations: others
                .iter()
                .enumerate()
                .map(|(index, label)| self.location(Some(index + 1), &label.range, Some(&label.text)))
                .collect(),
            partial_fingerprints: BTreeMap::from([(FINGERPRINT, fingerprint(diagnostic, again))]),
            fixes: diagnostic.fixes.iter().map(|fix| self.change(fix)).collect(),
        }
    }

    fn first_line(&self) -> Range<usize> {
        0..self.source.text.find(['\r', '\n']).unwrap_or(self.source.text.len())
    }

    fn location(&self, id: Option<usize>, range: &Range<usize>, label: Option<&str>) -> Location {
        Location {
            id,
            physical_location: PhysicalLocation {
                artifact_location: self.location.clone(),
                region: region(self.source.text, range),
            },
            message: label.map(text),
        }
    }

    fn change(&self, fix: &Fix) -> Change {
        let replacements = fix.edits.iter().map(|edit| Replacement {
            deleted_region: region(self.source.text, &edit.range),
            inserted_content: Content {
                text: edit.text.clone(),
            },
        });
        Change {
            description: text(&fix.title),
            artifact_changes: [ArtifactChange {
                artifact_location: self.location.clone(),
                replacements: replacements.collect(),
            }],
            properties: ChangeProperties {
                automatic: fix.automatic,
            },
        }
    }
}

/// What stays the same when lines are added above a problem: its code, its message, and which of several alike it is.
fn fingerprint(diagnostic: &Diagnostic, again: usize) -> String {
    let hash = Sha256::digest(format!("{}\n{}", diagnostic.code, diagnostic.message));
    let hex = hex(hash.iter().take(8));
    format!("{hex}:{}", again + 1)
}

fn region(text: &str, range: &Range<usize>) -> Region {
    let (start, end) = (range.start.min(text.len()), range.end.min(text.len()));
    let (start_line, start_column) = place(text, start);
    let (end_line, end_column) = place(text, end);
    Region {
        start_line,
        start_column,
        end_line,
        end_column,
        char_offset: utf16(text.get(..start)),
        char_length: utf16(text.get(start..end)),
        byte_offset: start,
        byte_length: end.saturating_sub(start),
    }
}

/// Line and column, both from 1.
fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, utf16(before.get(line_start..)) + 1)
}

fn utf16(text: Option<&str>) -> usize {
    text.map_or(0, |text| text.encode_utf16().count())
}

/// A path as a URI: relative to [`BASE`], or whole when it leads elsewhere.
fn location_of(name: &str) -> ArtifactLocation {
    let path = Path::new(name);
    let whole = path.is_absolute().then(|| Url::from_file_path(path).ok()).flatten();
    match whole {
        Some(url) => ArtifactLocation {
            uri: url.into(),
            uri_base_id: None,
        },
        None => ArtifactLocation {
            uri: relative(path),
            uri_base_id: Some(BASE),
        },
    }
}

fn relative(path: &Path) -> String {
    let segments = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(encoded(&name.to_string_lossy())),
        Component::ParentDir => Some("..".to_owned()),
        _ => None,
    });
    segments.collect::<Vec<_>>().join("/")
}

/// A part of a path, with `%20` for a blank.
fn encoded(segment: &str) -> String {
    let Ok(mut url) = Url::parse("file:///") else {
        return segment.to_owned();
    };
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.push(segment);
    }
    url.path().trim_start_matches('/').to_owned()
}

/// A message without marks. Braces are doubled: a single one begins a placeholder (3.11.5).
fn text(text: &str) -> Message {
    Message {
        text: escaped(text),
        markdown: None,
    }
}

/// A message that is Markdown too.
fn marked(text: &str) -> Message {
    Message {
        text: escaped(text),
        markdown: Some(escaped(text)),
    }
}

fn escaped(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_utf16() {
        let text = "a = 1\n# 🦀é\nb = \"ü\"\n";
        let b = text.find("\"ü\"").unwrap();
        let region = region(text, &(b..b + 4));
        assert_eq!((region.start_line, region.start_column), (3, 5));
        assert_eq!((region.end_line, region.end_column), (3, 8));
        assert_eq!((region.byte_offset, region.byte_length), (b, 4));
        assert_eq!((region.char_offset, region.char_length), (6 + 6 + 4, 3));
        let beyond = super::region(text, &(0..1_000));
        assert_eq!(beyond.byte_length, text.len());
    }

    #[test]
    fn paths_become_uris() {
        for (path, uri) in [
            ("slightfile.toml", "slightfile.toml"),
            ("a b/é?.toml", "a%20b/%C3%A9%3F.toml"),
            ("./app/../x.toml", "app/../x.toml"),
        ] {
            let location = location_of(path);
            assert_eq!((location.uri.as_str(), location.uri_base_id), (uri, Some(BASE)));
        }
    }
}
