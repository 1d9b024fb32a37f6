//! Slightfiles, good and bad: what is said about each, and at which place. A case is a file in `tests/slightfiles`.
//!
//! A file in `good/` has no error, one in `bad/` has. Beside each file about which something is said lies `NAME.expected`, which
//! says so with the place under it; `BLESS=1` writes it anew. What is said in words is not kept there: that is `check.rs`'s.

use std::fmt::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use slt::slightfile::{Diagnostic, Severity, codes, cover, parse, parse_bytes};

use crate::fuzz_corpus::laws;

/// A slightfile of the table.
pub struct Case {
    /// `bad/key-misspelt`
    pub name: String,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Case {
    fn is_good(&self) -> bool {
        self.name.starts_with("good/")
    }

    /// Its text; nothing when it is no text, which is a case too.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    fn found(&self) -> Vec<Diagnostic> {
        match self.text() {
            Some(text) => laws::diagnose(text, None),
            None => parse_bytes("slightfile.toml", &self.bytes).1,
        }
    }
}

pub fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slightfiles");
    let mut cases = Vec::new();
    for folder in ["good", "bad"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                let name = path.file_stem().unwrap().to_string_lossy();
                cases.push(Case {
                    name: format!("{folder}/{name}"),
                    bytes: std::fs::read(&path).unwrap(),
                    path,
                });
            }
        }
    }
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}

/// What is said about a text: for each problem a line with its severity, its code and its place, and the place underlined.
fn expectation(text: &str, found: &[Diagnostic]) -> String {
    let mut expectation = String::new();
    for diagnostic in found {
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        write!(expectation, "{severity} {}", diagnostic.code).unwrap();
        if diagnostic.labels.is_empty() {
            expectation.push_str(" of the whole\n");
        }
        for (index, label) in diagnostic.labels.iter().enumerate() {
            let more = if index > 0 { "  and" } else { "" };
            write!(expectation, "{more} at {}", underlined(text, &label.range)).unwrap();
        }
    }
    expectation
}

/// The line and the characters of a range, from 1, and the line itself with the range underlined.
fn underlined(text: &str, range: &Range<usize>) -> String {
    const BEFORE_MAX_CHARACTERS: usize = 30;
    const SHOWN_MAX_CHARACTERS: usize = 100;
    let line_start = text[..range.start].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[line_start..].split('\n').next().unwrap();
    let number = text[..range.start].matches('\n').count() + 1;
    let start = text[line_start..range.start].chars().count();
    let width = text[range.clone()].chars().count();
    let skipped = start.saturating_sub(BEFORE_MAX_CHARACTERS);
    let shown: String = line.chars().skip(skipped).take(SHOWN_MAX_CHARACTERS).collect();
    let shown = shown.replace(|c: char| c.is_control() || c == '\u{feff}', "\u{fffd}");
    let carets = "^".repeat(width.clamp(1, SHOWN_MAX_CHARACTERS));
    let blanks = " ".repeat(start - skipped);
    format!("{number}:{}+{width}\n    {shown}\n    {blanks}{carets}\n", start + 1)
}

#[test]
fn every_file_gets_its_codes_at_its_places() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let found = case.found();
        let expectation = expectation(case.text().unwrap_or_default(), &found);
        let path = case.path.with_extension("expected");
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if found.iter().any(Diagnostic::is_error) == case.is_good() {
            wrong.push(format!("{} lies in the wrong folder:\n{expectation}", case.name));
        }
        if expectation != expected {
            match (bless, expectation.is_empty()) {
                (true, false) => std::fs::write(&path, &expectation).unwrap(),
                (true, true) => std::fs::remove_file(&path).unwrap(),
                (false, _) => wrong.push(format!("{}:\n{expectation}instead of\n{expected}", case.name)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn there_are_enough_files() {
    let cases = cases();
    let good = cases.iter().filter(|case| case.is_good()).count();
    assert!(cases.len() >= 120 && good >= 40, "{good} of {}", cases.len());
    for case in std::fs::read_dir(cases[0].path.parent().unwrap()).unwrap() {
        let path = case.unwrap().path();
        assert!(
            path.with_extension("toml").exists(),
            "{} belongs to no file",
            path.display()
        );
    }
}

/// The codes of slightfiles that no file of this folder can show, and where they are shown.
const NOT_BY_A_FILE: &[(&str, &str)] = &[
    (codes::TOO_LARGE, "a_file_that_is_too_large_is_refused"),
    (codes::TOO_MANY, "more_capabilities_than_are_read_are_refused"),
];

#[test]
fn every_code_of_a_slightfile_is_shown() {
    let source = include_str!("../../src/slightfile/diagnostic.rs");
    let alone = |code: &&str| ["SLT00", "SLT01", "SLT02"].iter().any(|start| code.starts_with(start));
    let all = source
        .split('"')
        .filter(|word| word.starts_with("SLT") && word.len() == 7);
    let shown: Vec<&str> = cases()
        .iter()
        .flat_map(Case::found)
        .map(|diagnostic| diagnostic.code)
        .collect();
    let missing: Vec<&str> = all
        .filter(alone)
        .filter(|code| !shown.contains(code) && !NOT_BY_A_FILE.iter().any(|(other, _)| other == code))
        .collect();
    assert!(missing.is_empty(), "no file shows {missing:?}");
}

/// The laws of any bytes (`fuzz/laws.rs`) hold for each; among them that a fix mends.
#[test]
fn every_file_keeps_the_laws() {
    let mut fixes = 0;
    for case in cases() {
        let held = std::panic::catch_unwind(|| laws::slightfile(&case.bytes));
        assert!(held.is_ok(), "{} breaks a law: the panic above says which", case.name);
        fixes += case
            .found()
            .iter()
            .map(|diagnostic| diagnostic.fixes.len())
            .sum::<usize>();
    }
    assert!(fixes >= 20, "{fixes}");
}

/// What is a secret is in no word that is said, whatever shows it.
#[test]
fn no_secret_is_said() {
    let mut secrets = 0;
    for case in cases()
        .iter()
        .filter(|case| case.text().is_some_and(|text| text.contains("hunter2")))
    {
        let said = format!("{:?}", case.found());
        assert!(!said.contains("hunter2"), "{}: {said}", case.name);
        secrets += 1;
    }
    assert!(secrets >= 3, "{secrets}");
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let text = "# ".repeat(600_000);
    let (slightfile, found) = parse("slightfile.toml", &text);
    assert!(slightfile.is_none());
    assert_eq!(found[0].code, codes::TOO_LARGE);
}

#[test]
fn deep_nesting_is_refused() {
    let text = format!("specversion = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let (slightfile, found) = parse("slightfile.toml", &text);
    assert!(slightfile.is_none());
    assert_eq!(found[0].code, codes::SYNTAX);
}

#[test]
fn more_capabilities_than_are_read_are_refused() {
    let entry = "[[capability]]\nresource = \"http\"\nname = \"a\"\n";
    let text = format!("specversion = \"1.0\"\n{}", entry.repeat(1_001));
    let (slightfile, found) = parse("slightfile.toml", &text);
    assert_eq!(slightfile.unwrap().capabilities.len(), 1_000);
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), [codes::TOO_MANY]);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let (slightfile, found) = parse_bytes("slightfile.toml", b"specversion = \"1.0\"\n# \xff\n");
    assert!(slightfile.is_none());
    assert!(found[0].message.contains("line 2"), "{}", found[0].message);
}

/// Texts that are nearly slightfiles: pieces of good and bad ones, put together anyhow.
fn nearly() -> impl Strategy<Value = String> {
    let pieces: Vec<String> = cases()
        .iter()
        .filter_map(Case::text)
        .filter(|text| text.len() < 2_000)
        .flat_map(|text| {
            text.split_inclusive(['\n', '=', ',', '"', '.'])
                .map(ToOwned::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    proptest::collection::vec(proptest::sample::select(pieces), 0..30).prop_map(|pieces| pieces.concat())
}

/// A slightfile of the table with some bytes changed, put in or left out.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let files: Vec<Vec<u8>> = cases()
        .into_iter()
        .map(|case| case.bytes)
        .filter(|bytes| bytes.len() < 2_000)
        .collect();
    let change = (
        any::<proptest::sample::Index>(),
        proptest::option::of(any::<u8>()),
        any::<bool>(),
    );
    let changes = proptest::collection::vec(change, 1..4);
    (proptest::sample::select(files), changes).prop_map(|(mut bytes, changes)| {
        for (index, byte, instead) in changes {
            let at = index.index(bytes.len() + 1);
            let end = (at + usize::from(instead || byte.is_none())).min(bytes.len());
            bytes.splice(at..end, byte);
        }
        bytes
    })
}

proptest! {
    #[test]
    fn any_text_keeps_the_laws(text in "\\PC{0,200}") {
        laws::slightfile(text.as_bytes());
    }

    #[test]
    fn any_text_that_is_nearly_a_slightfile_keeps_the_laws(text in nearly()) {
        laws::slightfile(text.as_bytes());
    }

    #[test]
    fn any_damaged_slightfile_keeps_the_laws(bytes in damaged()) {
        laws::slightfile(&bytes);
    }

    #[test]
    fn any_bytes_keep_the_laws(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        laws::slightfile(&bytes);
        laws::component(&bytes);
    }

    #[test]
    fn any_value_of_a_redis_password_stays_unseen(password in "[a-z0-9=/+]{8,20}") {
        let text = format!(
            "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\n\
             configs = {{ REDIS_ADDRESS = \"redis://u:{password}@h:1\" }}\n"
        );
        let found = laws::diagnose(&text, None);
        let source = slt::ui::diagnostics::Source { name: "slightfile.toml", text: &text };
        prop_assert!(!found.is_empty());
        prop_assert!(!cover(&text).contains(&password));
        let shown = slt::ui::diagnostics::human(source, &found, true);
        prop_assert!(!shown.contains(&password), "{}", shown);
        let lines = serde_json::to_string(&slt::ui::diagnostics::lines(source, &found)).unwrap();
        prop_assert!(!lines.contains(&password), "{}", lines);
    }
}
