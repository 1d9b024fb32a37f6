//! What the crates are that we stand on: their licences, and that none needs more than Rust and a C compiler.

use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand, Package};

use super::{Problem, none, root};

/// Licences that may be distributed with an Apache-2.0 program without obligations beyond their own text.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that need protoc, cmake, OpenSSL's headers, clang or another system library to build; and why they come.
const BANNED: &[(&str, &str)] = &[
    ("aws-lc-sys", "needs cmake on some targets"),
    ("bindgen", "needs libclang"),
    ("clang-sys", "needs libclang"),
    ("cmake", "needs cmake"),
    ("libgit2-sys", "a library in C that git itself replaces"),
    ("libssh2-sys", "needs OpenSSL"),
    ("native-tls", "needs OpenSSL"),
    ("openssl", "needs OpenSSL"),
    ("openssl-sys", "needs OpenSSL"),
    ("pkg-config", "looks for system libraries"),
    ("prost-build", "needs protoc"),
    ("protobuf-src", "needs cmake"),
    ("tonic-build", "needs protoc"),
    ("vcpkg", "looks for system libraries"),
];

/// Whether an SPDX expression can be satisfied with the licences above. `/` is how `OR` was once written.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words: Vec<&str> = spaced.split_whitespace().collect();
    words.reverse();
    let allowed = either(&mut words);
    allowed && words.is_empty()
}

fn either(words: &mut Vec<&str>) -> bool {
    let mut allowed = both(words);
    while words.pop_if(|word| *word == "OR").is_some() {
        allowed |= both(words);
    }
    allowed
}

fn both(words: &mut Vec<&str>) -> bool {
    let mut allowed = one(words);
    while words.pop_if(|word| *word == "AND").is_some() {
        allowed &= one(words);
    }
    allowed
}

fn one(words: &mut Vec<&str>) -> bool {
    let Some(word) = words.pop() else { return false };
    if word == "(" {
        return either(words) & (words.pop() == Some(")"));
    }
    match words.pop_if(|word| *word == "WITH") {
        Some(_) => LICENCES.contains(&format!("{word} WITH {}", words.pop().unwrap_or_default()).as_str()),
        None => LICENCES.contains(&word),
    }
}

fn problem(what: String) -> Problem {
    Problem {
        file: "Cargo.lock".into(),
        line: 0,
        what,
    }
}

fn licence(name: &str, licence: Option<&str>) -> Option<Problem> {
    let licence = licence.unwrap_or("none");
    (!is_allowed(licence)).then(|| problem(format!("`{name}` has the licence {licence}, which is not on the list")))
}

fn ban(name: &str) -> Option<Problem> {
    let (_, why) = BANNED.iter().find(|(banned, _)| *banned == name)?;
    Some(problem(format!("`{name}` is banned: {why}")))
}

/// The names in a `Cargo.lock`: those of every platform.
fn locked(lock: &str) -> impl Iterator<Item = &str> {
    lock.lines()
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
}

/// Cargo's metadata, from what is on disk: a test reaches for no network.
fn metadata(platform: Option<&str>) -> Metadata {
    let mut options = vec!["--offline".to_owned(), "--locked".to_owned()];
    options.extend(platform.map(|platform| format!("--filter-platform={platform}")));
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).other_options(options);
    command.exec().unwrap()
}

/// What we build on: the triple that rustc names.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap()
        .to_owned()
}

fn licences(packages: &[Package]) -> Vec<Problem> {
    assert!(packages.len() > 100, "cargo lists the crates");
    let found = packages
        .iter()
        .map(|package| licence(&package.name, package.license.as_deref()));
    found.flatten().collect()
}

#[test]
fn licences_are_permissive() {
    none(&licences(&metadata(Some(&host())).packages));
}

#[test]
#[ignore = "needs the crates of every platform"]
fn licences_are_permissive_on_every_platform() {
    none(&licences(&metadata(None).packages));
}

#[test]
fn rust_and_a_c_compiler_are_enough() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    assert!(locked(&lock).count() > 100);
    none(&locked(&lock).filter_map(ban).collect::<Vec<_>>());
}

#[test]
fn the_emulators_stand_on_nothing_of_webassembly() {
    let metadata = metadata(Some(&host()));
    let emulators = metadata
        .packages
        .iter()
        .find(|package| *package.name == "slt-emulators")
        .unwrap();
    let names: Vec<&str> = emulators
        .dependencies
        .iter()
        .map(|dependency| dependency.name.as_str())
        .collect();
    assert!(names.contains(&"tokio"));
    let of_webassembly = names.iter().filter(|name| is_of_webassembly(name));
    assert_eq!(of_webassembly.collect::<Vec<_>>(), [] as [&&str; 0]);
}

fn is_of_webassembly(name: &str) -> bool {
    name == "slt"
        || ["wasm", "wit-", "wasi", "cranelift"]
            .iter()
            .any(|start| name.starts_with(start))
}

#[test]
fn bad_samples_are_found() {
    for (expression, expected) in [
        ("MIT", true),
        ("MIT OR Apache-2.0", true),
        ("MIT/Apache-2.0", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
        ("MIT AND (GPL-3.0 OR LGPL-3.0)", false),
        ("Apache-2.0 WITH LLVM-exception OR GPL-3.0", true),
        ("Apache-2.0 WITH Unknown-exception", false),
        ("", false),
        ("MIT MIT", false),
        ("(MIT", false),
    ] {
        assert_eq!(is_allowed(expression), expected, "{expression}");
    }
    assert!(licence("x", None).is_some() && licence("x", Some("MIT")).is_none());
    assert!(ban("openssl-sys").is_some() && ban("serde").is_none());
    assert_eq!(
        locked("[[package]]\nname = \"cmake\"\nversion = \"1\"\n")
            .filter_map(ban)
            .count(),
        1
    );
    assert!(is_of_webassembly("wasmtime-wasi") && is_of_webassembly("slt") && !is_of_webassembly("tokio"));
}
