//! What a component or a core module says of itself: its names, the tools that made it, what is nested in it, and the packages that
//! `cargo auditable` writes into what it builds.
//!
//! A component is somebody else's: what is malformed in its structure is an error, and what is malformed in a description is left out.
//! Nothing is believed of a size before it is checked.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;

use flate2::read::ZlibDecoder;
use serde::Deserialize;
use wasmparser::{ComponentName, CustomSectionReader, KnownCustom, Name, Parser, Payload};

/// How deep what is nested is listed: components of components have two or three levels. What lies deeper is in the digest of what
/// it lies in.
const MAX_DEPTH: usize = 8;

/// The most nested modules and components that are listed. A component of a toolchain has some ten.
const MAX_PARTS: usize = 10_000;

/// The longest description that is taken, in bytes: a licence expression or an address has some tens.
const TEXT_MAX_BYTES: usize = 16 * 1024;

/// How large the list of packages may be when it is unpacked, in bytes: that of a program of 1,000 packages has 150,000. cargo-auditable's
/// own reader takes 64 MiB.
const AUDIT_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The most packages in all such lists of a component: the largest programs in Rust have 2,000.
const AUDIT_MAX_PACKAGES: usize = 20_000;

/// The most places in all of them together of packages that they use: a package uses some ten. Each becomes a name in a document.
const AUDIT_MAX_USES: usize = 200_000;

/// The longest name or version in that list, in bytes: crates.io takes names of 64.
const AUDIT_WORD_MAX_BYTES: usize = 256;

/// The section in which `cargo auditable` lists packages: JSON, packed with zlib
/// (<https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md>).
const AUDIT_SECTION: &str = ".dep-v0";

/// The sections in which tools describe a component, beside its name: those that OCI tools read
/// (<https://github.com/WebAssembly/tool-conventions/blob/main/Metadata.md>).
const TEXTS: &[&str] = &[
    "authors",
    "description",
    "homepage",
    "licenses",
    "revision",
    "source",
    "version",
];

/// Why nothing can be said of bytes. Follows the file's name.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// They are no WebAssembly, or cut short.
    #[error("is no valid component: {0}")]
    Malformed(String),
    /// There is too much in it.
    #[error("has more than {MAX_PARTS} modules and components in it")]
    TooMany,
    /// No program has so many packages.
    #[error(
        "lists more packages than a program has: at most {AUDIT_MAX_PACKAGES} are taken, which use at most {AUDIT_MAX_USES}"
    )]
    TooManyPackages,
}

/// A module or a component, and what it says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Embedded {
    /// Whether it is a component.
    pub is_component: bool,
    /// Its name.
    pub name: Option<String>,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// How it is described, by the name of the section: `version`, `licenses` …
    pub texts: BTreeMap<&'static str, String>,
    /// What made it: `language`, `processed-by` or `sdk`, with a name and a version.
    pub producers: Vec<Producer>,
    /// The packages that it says it was compiled from.
    pub audited: Vec<Audited>,
    /// What is nested in it.
    pub nested: Vec<Embedded>,
}

/// A row of a `producers` section (<https://github.com/WebAssembly/tool-conventions/blob/main/ProducersSection.md>).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Producer {
    /// `language`, `processed-by`, `sdk`.
    pub field: String,
    /// What it is called.
    pub name: String,
    /// Its version; empty where there is none.
    pub version: String,
}

/// A package in the list of `cargo auditable`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Audited {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `crates.io`, `git`, `local`, `registry` or something else.
    #[serde(default)]
    pub source: String,
    /// `runtime`, or `build` for what ran in the compiler.
    #[serde(default)]
    pub kind: Option<String>,
    /// The places in the list of those that it uses.
    #[serde(default)]
    pub dependencies: Vec<usize>,
    /// Whether it is the application.
    #[serde(default)]
    pub root: bool,
}

impl Embedded {
    /// Reads a module or a component.
    ///
    /// # Errors
    /// [`EmbeddedError`].
    pub fn read(bytes: &[u8]) -> Result<Self, EmbeddedError> {
        let malformed = |error: wasmparser::BinaryReaderError| EmbeddedError::Malformed(error.to_string());
        let whole = 0..bytes.len() as u64;
        let mut open = vec![Self::part(bytes, &whole)];
        let (mut parts, mut too_deep) = (0, 0_usize);
        let (mut listed, mut used) = (0, 0);
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(malformed)?;
            let depth = open.len();
            match (payload, open.last_mut()) {
                (Payload::Version { encoding, .. }, Some(part)) if too_deep == 0 => {
                    part.is_component = encoding == wasmparser::Encoding::Component;
                }
                (
                    Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. },
                    _,
                ) => {
                    parts += 1;
                    if parts > MAX_PARTS {
                        return Err(EmbeddedError::TooMany);
                    }
                    match depth > MAX_DEPTH {
                        true => too_deep += 1,
                        false => open.push(Self::part(bytes, &unchecked_range)),
                    }
                }
                (Payload::End(_), _) if too_deep > 0 => too_deep -= 1,
                (Payload::End(_), _) => match (open.pop(), open.last_mut()) {
                    (Some(done), Some(above)) => above.nested.push(done),
                    (Some(done), None) => return Ok(done),
                    (None, _) => break,
                },
                (Payload::CustomSection(section), Some(part)) if too_deep == 0 => {
                    part.take(&section);
                    if section.name() == AUDIT_SECTION {
                        listed += part.audited.len();
                        used += part
                            .audited
                            .iter()
                            .map(|package| package.dependencies.len())
                            .sum::<usize>();
                    }
                    if listed > AUDIT_MAX_PACKAGES || used > AUDIT_MAX_USES {
                        return Err(EmbeddedError::TooManyPackages);
                    }
                }
                _ => {}
            }
        }
        Err(EmbeddedError::Malformed("it has no end".to_owned()))
    }

    fn part(bytes: &[u8], range: &Range<u64>) -> Self {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let own = bytes.get(place(range.start)..place(range.end)).unwrap_or_default();
        Self {
            sha256: super::sha256(own),
            bytes: own.len() as u64,
            ..Self::default()
        }
    }

    /// What a section says, if it is one that describes.
    fn take(&mut self, section: &CustomSectionReader<'_>) {
        match section.as_known() {
            KnownCustom::Name(names) => {
                self.name = names.into_iter().flatten().find_map(|name| match name {
                    Name::Module { name, .. } => short(name),
                    _ => None,
                });
            }
            KnownCustom::ComponentName(names) => {
                self.name = names.into_iter().flatten().find_map(|name| match name {
                    ComponentName::Component { name, .. } => short(name),
                    _ => None,
                });
            }
            KnownCustom::Producers(fields) => {
                for field in fields.into_iter().flatten() {
                    let rows = field.values.into_iter().flatten().filter_map(|value| {
                        Some(Producer {
                            field: short(field.name)?,
                            name: short(value.name)?,
                            version: short(value.version).unwrap_or_default(),
                        })
                    });
                    self.producers.extend(rows);
                }
            }
            _ if section.name() == AUDIT_SECTION => self.audited = audited(section.data()),
            _ => {
                let known = TEXTS.iter().find(|name| **name == section.name());
                let text = std::str::from_utf8(section.data()).ok().and_then(short);
                if let (Some(name), Some(text)) = (known, text) {
                    self.texts.insert(name, text);
                }
            }
        }
    }

    /// This part, and all that is nested in it.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        let mut open = vec![self];
        std::iter::from_fn(move || {
            let part = open.pop()?;
            open.extend(part.nested.iter().rev());
            Some(part)
        })
    }
}

/// A text that a document can have in it: not empty, not long, on one line.
fn short(text: &str) -> Option<String> {
    let text = text.trim();
    let is_one = !text.is_empty() && text.len() <= TEXT_MAX_BYTES && !text.chars().any(char::is_control);
    is_one.then(|| text.to_owned())
}

/// The packages in an audit section; none where it is no such list.
fn audited(packed: &[u8]) -> Vec<Audited> {
    #[derive(Deserialize)]
    struct List {
        packages: Vec<Audited>,
    }
    let mut text = Vec::new();
    let unpacked = ZlibDecoder::new(packed)
        .take(AUDIT_MAX_BYTES + 1)
        .read_to_end(&mut text);
    if unpacked.is_err() || text.len() as u64 > AUDIT_MAX_BYTES {
        return Vec::new();
    }
    match serde_json::from_slice::<List>(&text) {
        Ok(list) if list.packages.iter().all(is_plausible) => list.packages,
        _ => Vec::new(),
    }
}

fn is_plausible(package: &Audited) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    let is_word = |text: &str| (1..=AUDIT_WORD_MAX_BYTES).contains(&text.len()) && text.chars().all(is_plain);
    is_word(&package.name) && is_word(&package.version)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn packed(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn with_section(wat: &str, name: &str, data: &[u8]) -> Vec<u8> {
        use wasm_encoder::ComponentSection;
        let mut bytes = wat::parse_str(wat).unwrap();
        let (name, data) = (name.into(), data.into());
        wasm_encoder::CustomSection { name, data }.append_to_component(&mut bytes);
        bytes
    }

    #[test]
    fn what_is_nested_is_listed_with_its_own_digest() {
        let bytes =
            wat::parse_str("(component $outer (core module $a (func)) (component $b (core module $c)))").unwrap();
        let found = Embedded::read(&bytes).unwrap();
        let names: Vec<_> = found
            .all()
            .map(|part| (part.name.as_deref(), part.is_component))
            .collect();
        assert_eq!(
            names,
            [
                (Some("outer"), true),
                (Some("a"), false),
                (Some("b"), true),
                (Some("c"), false)
            ]
        );
        assert_eq!(found.sha256, crate::attest::sha256(&bytes));
        let alone = wat::parse_str("(module $a (func))").unwrap();
        assert_eq!(found.nested[0].sha256, crate::attest::sha256(&alone));
    }

    #[test]
    fn what_lies_deep_is_part_of_what_it_lies_in() {
        let nested = |depth: usize| format!("{}{}", "(component ".repeat(depth), ")".repeat(depth));
        let bytes = wat::parse_str(nested(40)).unwrap();
        assert_eq!(Embedded::read(&bytes).unwrap().all().count(), MAX_DEPTH + 1);
        let many = format!("(component {})", "(core module)".repeat(MAX_PARTS + 1));
        let error = Embedded::read(&wat::parse_str(many).unwrap()).unwrap_err();
        assert!(matches!(error, EmbeddedError::TooMany), "{error}");
    }

    #[test]
    fn descriptions() {
        let read = |name: &str, data: &[u8]| Embedded::read(&with_section("(component)", name, data)).unwrap().texts;
        assert_eq!(read("licenses", b"MIT")["licenses"], "MIT");
        for (name, data) in [
            ("licenses", &b"\xff"[..]),
            ("licenses", b""),
            ("version", b"1\n2"),
            ("another", b"text"),
            ("version", &[b'1'; TEXT_MAX_BYTES + 1]),
        ] {
            assert!(read(name, data).is_empty(), "{name}");
        }
    }

    #[test]
    fn packages_of_cargo_auditable() {
        let list = r#"{"packages":[{"name":"app","version":"1.0.0","source":"local","root":true,"dependencies":[1]},
                       {"name":"a","version":"2.0.0","source":"crates.io"}]}"#;
        let read = |data: &[u8]| {
            Embedded::read(&with_section("(module)", AUDIT_SECTION, data))
                .unwrap()
                .audited
        };
        let found = read(&packed(list));
        assert_eq!(
            (found.len(), found[0].root, found[0].dependencies.as_slice()),
            (2, true, &[1][..])
        );
        for strange in [
            packed("{}"),
            packed(r#"{"packages":[{"name":"a b","version":"1"}]}"#),
            b"no zlib".to_vec(),
            Vec::new(),
            packed(list)[..20].to_vec(),
        ] {
            assert!(read(&strange).is_empty());
        }
    }

    #[test]
    fn a_list_that_unpacks_without_end_is_left_out() {
        let spaces = " ".repeat(usize::try_from(AUDIT_MAX_BYTES).unwrap());
        let bomb = packed(&format!(r#"{{"packages":[]{spaces}}}"#));
        assert!(bomb.len() < 100_000);
        assert!(audited(&bomb).is_empty());
        assert!(audited(&packed(r#"{"packages":[{"name":"a","version":"1"}]}"#)).len() == 1);
    }

    #[test]
    fn a_list_that_is_no_programs_is_refused() {
        let list = |count: usize, uses: &str| {
            let package = format!(r#"{{"name":"a","version":"1","dependencies":[{uses}]}}"#);
            packed(&format!(r#"{{"packages":[{}]}}"#, vec![package; count].join(",")))
        };
        let read = |bytes: &[u8]| Embedded::read(bytes).map(|found| found.audited.len());
        let of_list = |list: &[u8]| read(&with_section("(module)", AUDIT_SECTION, list));
        assert_eq!(of_list(&list(AUDIT_MAX_PACKAGES, "0")).unwrap(), AUDIT_MAX_PACKAGES);
        let eleven = ["0"; AUDIT_MAX_USES / AUDIT_MAX_PACKAGES + 1].join(",");
        for strange in [list(AUDIT_MAX_PACKAGES + 1, ""), list(AUDIT_MAX_PACKAGES, &eleven)] {
            let error = of_list(&strange).unwrap_err();
            assert!(matches!(error, EmbeddedError::TooManyPackages), "{error}");
        }
        let long = "a".repeat(AUDIT_WORD_MAX_BYTES + 1);
        let long = packed(&format!(r#"{{"packages":[{{"name":"{long}","version":"1"}}]}}"#));
        assert_eq!(of_list(&long).unwrap(), 0);
    }

    #[test]
    fn what_is_no_component() {
        for bytes in [&b""[..], b"#!/bin/sh", b"\0asm", b"\0asm\x0d\0\x01\0\x01\xc8\x01"] {
            let error = Embedded::read(bytes).unwrap_err();
            assert!(error.to_string().starts_with("is no valid component: "), "{error}");
        }
    }
}
