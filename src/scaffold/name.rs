//! Which names a project may have: those that WIT and the file systems take, and in a project of cargo's, cargo and Rust too.

use std::collections::BTreeSet;

/// What is allowed, for hints.
pub const RULE: &str = "a name is lower-case letters and digits in words that begin with a letter, with `-` or `_` \
                        between them, at most 64 characters: e.g. `url-shortener`";

/// The longest name, in bytes.
const NAME_MAX_BYTES: usize = 64;

/// Which projects cannot have a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// Those of cargo's.
    Cargo,
    /// All.
    Every,
}

/// Names that mean something else to Rust, cargo, WIT or Windows, to whom, and whose they cannot be.
const RESERVED: &[(&str, Whose, &[&str])] = &[
    (
        "a keyword of Rust",
        Whose::Cargo,
        &[
            "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
            "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
            "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct",
            "super", "trait", "true", "try", "type", "typeof", "union", "unsafe", "unsized", "use", "virtual", "where",
            "while", "yield",
        ],
    ),
    (
        "a crate of Rust's own",
        Whose::Cargo,
        &["alloc", "core", "proc-macro", "proc_macro", "std", "test"],
    ),
    (
        "a folder of cargo's own",
        Whose::Cargo,
        &["build", "deps", "examples", "incremental"],
    ),
    (
        "a keyword of WIT",
        Whose::Every,
        &[
            "bool",
            "borrow",
            "char",
            "constructor",
            "export",
            "f32",
            "f64",
            "flags",
            "from",
            "func",
            "future",
            "import",
            "include",
            "interface",
            "list",
            "option",
            "own",
            "package",
            "record",
            "resource",
            "result",
            "s16",
            "s32",
            "s64",
            "s8",
            "stream",
            "string",
            "tuple",
            "u16",
            "u32",
            "u64",
            "u8",
            "variant",
            "with",
            "world",
            "map",
            "error-context",
        ],
    ),
    ("the world of the template's tests", Whose::Every, &["tests"]),
    (
        "a device of Windows",
        Whose::Every,
        &[
            "aux", "com1", "com2", "com3", "com4", "con", "lpt1", "lpt2", "lpt3", "nul", "prn",
        ],
    ),
];

/// Why a name cannot be a project's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing at all.
    #[error("it is empty")]
    Empty,
    /// Too long.
    #[error("it has more than {NAME_MAX_BYTES} characters")]
    TooLong,
    /// A character that is not allowed.
    #[error("`{0}` is not allowed")]
    Character(char),
    /// A word that does not begin with a letter.
    #[error("each word must begin with a letter")]
    Word,
    /// It means something else.
    #[error("it is {0}")]
    Reserved(&'static str),
    /// A crate that the project depends on.
    #[error("it is a crate that the project depends on")]
    Dependency,
}

/// Checks a name. `crates` are those that a project of cargo's depends on; nothing when it is none.
pub fn check(name: &str, crates: Option<&BTreeSet<String>>) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if let Some(c) = name.chars().find(|c| !allowed(*c)) {
        return Err(NameError::Character(c));
    }
    if name.len() > NAME_MAX_BYTES {
        return Err(NameError::TooLong);
    }
    let begins = |word: &str| word.starts_with(|c: char| c.is_ascii_lowercase());
    if !name.split(['-', '_']).all(begins) {
        return Err(NameError::Word);
    }
    let reserved = RESERVED
        .iter()
        .filter(|(_, whose, _)| *whose == Whose::Every || crates.is_some())
        .find(|(_, _, names)| names.contains(&name));
    if let Some((what, ..)) = reserved {
        return Err(NameError::Reserved(what));
    }
    let is_taken = |name: &str| crates.is_some_and(|crates| crates.contains(name));
    match is_taken(&name.replace('_', "-")) || is_taken(&name.replace('-', "_")) {
        true => Err(NameError::Dependency),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let taken = BTreeSet::from(["wit-bindgen".to_owned()]);
        for (name, expected) in [
            ("shortener", Ok(())),
            ("url-shortener_v2", Ok(())),
            ("", Err(NameError::Empty)),
            ("Shop", Err(NameError::Character('S'))),
            ("a/b", Err(NameError::Character('/'))),
            ("..", Err(NameError::Character('.'))),
            ("größe", Err(NameError::Character('ö'))),
            ("1st", Err(NameError::Word)),
            ("a--b", Err(NameError::Word)),
            ("-a", Err(NameError::Word)),
            ("a-", Err(NameError::Word)),
            ("a-2", Err(NameError::Word)),
            ("match", Err(NameError::Reserved("a keyword of Rust"))),
            ("world", Err(NameError::Reserved("a keyword of WIT"))),
            ("test", Err(NameError::Reserved("a crate of Rust's own"))),
            ("con", Err(NameError::Reserved("a device of Windows"))),
            ("wit_bindgen", Err(NameError::Dependency)),
            (&"a".repeat(65), Err(NameError::TooLong)),
        ] {
            assert_eq!(check(name, Some(&taken)), expected, "{name}");
        }
        for (name, expected) in [
            ("match", Ok(())),
            ("wit-bindgen", Ok(())),
            ("world", Err(NameError::Reserved("a keyword of WIT"))),
        ] {
            assert_eq!(check(name, None), expected, "{name}, without cargo");
        }
    }

    #[test]
    fn every_allowed_name_is_one_of_wit() {
        for name in ["shortener", "url-shortener", "a1-b2"] {
            assert!(wit_parser::validate_id(name).is_ok(), "{name}");
        }
    }
}
