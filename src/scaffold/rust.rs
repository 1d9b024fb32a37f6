//! The Rust template: an HTTP application, over a key-value store or by itself.
//!
//! `templates/rust` is the whole project. Without a key-value store, four files are taken from `templates/rust-http`
//! instead, some are left out, and a few lines are changed; all of that is data below.

use std::collections::BTreeSet;

use super::{File, Template, Written};

/// The template. HTTP is always there: it is how the application is called.
pub const TEMPLATE: Template = Template {
    name: "rust",
    resources: &["http", "keyvalue.redis"],
    files,
    taken,
};

macro_rules! file {
    ($template:literal, $path:literal) => {
        (
            $path,
            include_bytes!(concat!("../../templates/", $template, "/", $path)) as &[u8],
        )
    };
}

/// Every file of `templates/rust`; `tests/it/new.rs` fails when one is missing here.
pub(super) const FILES: &[File] = &[
    file!("rust", ".cargo/config.toml"),
    file!("rust", ".gitignore"),
    file!("rust", "Cargo.lock"),
    file!("rust", "Cargo.toml"),
    file!("rust", "README.md"),
    file!("rust", "slightfile.toml"),
    file!("rust", "src/http.rs"),
    file!("rust", "src/lib.rs"),
    file!("rust", "src/links.rs"),
    file!("rust", "tests/app.rs"),
    file!("rust", "tests/support/mod.rs"),
    file!("rust", "wit/deps/cli.wit"),
    file!("rust", "wit/deps/clocks.wit"),
    file!("rust", "wit/deps/filesystem.wit"),
    file!("rust", "wit/deps/http.wit"),
    file!("rust", "wit/deps/io.wit"),
    file!("rust", "wit/deps/keyvalue/atomic.wit"),
    file!("rust", "wit/deps/keyvalue/batch.wit"),
    file!("rust", "wit/deps/keyvalue/store.wit"),
    file!("rust", "wit/deps/keyvalue/watch.wit"),
    file!("rust", "wit/deps/keyvalue/world.wit"),
    file!("rust", "wit/deps/random.wit"),
    file!("rust", "wit/deps/slight-testing/testing.wit"),
    file!("rust", "wit/deps/sockets.wit"),
    file!("rust", "wit/world.wit"),
];

/// The files that are others without a key-value store: all of `templates/rust-http`.
const HTTP_FILES: &[File] = &[
    file!("rust-http", "README.md"),
    file!("rust-http", "slightfile.toml"),
    file!("rust-http", "src/lib.rs"),
    file!("rust-http", "tests/app.rs"),
];

/// What is left out without a key-value store: paths that begin so.
const KEYVALUE_FILES: &[&str] = &["src/links.rs", "wit/deps/keyvalue/"];

/// What is changed without a key-value store: the file, the text that is there, the text that takes its place.
const HTTP_EDITS: &[(&str, &str, &str)] = &[
    (
        "Cargo.toml",
        "A URL shortener that keeps its links in a key-value store",
        "A greeter",
    ),
    (
        "tests/support/mod.rs",
        "pub use slight::testing::{clock, faults};",
        "pub use slight::testing::clock;",
    ),
    ("tests/support/mod.rs", "pub use wasi::keyvalue::store;\n", ""),
    (
        "wit/world.wit",
        "  import wasi:keyvalue/store@0.2.0-draft;\n  import wasi:keyvalue/atomics@0.2.0-draft;\n  \
         import wasi:keyvalue/batch@0.2.0-draft;\n\n",
        "",
    ),
    ("wit/world.wit", "  import wasi:keyvalue/store@0.2.0-draft;\n", ""),
    ("wit/world.wit", "  import slight:testing/faults@0.1.0;\n", ""),
    (
        "wit/world.wit",
        ", the store behind it, and time and failure from",
        ", and time from",
    ),
];

fn files(resources: &BTreeSet<&str>) -> Vec<Written> {
    let keyvalue = resources.contains("keyvalue.redis");
    FILES
        .iter()
        .filter(|(path, _)| keyvalue || !KEYVALUE_FILES.iter().any(|left_out| path.starts_with(left_out)))
        .map(|(path, bytes)| match keyvalue {
            true => (*path, bytes.to_vec()),
            false => (*path, without_keyvalue(path, bytes)),
        })
        .collect()
}

fn without_keyvalue(path: &str, bytes: &[u8]) -> Vec<u8> {
    if let Some((_, bytes)) = HTTP_FILES.iter().find(|(other, _)| *other == path) {
        return bytes.to_vec();
    }
    let edits: Vec<_> = HTTP_EDITS.iter().filter(|(file, ..)| *file == path).collect();
    match std::str::from_utf8(bytes) {
        Ok(text) if !edits.is_empty() => edits
            .into_iter()
            .fold(text.to_owned(), |text, (_, there, instead)| {
                text.replace(there, instead)
            })
            .into_bytes(),
        _ => bytes.to_vec(),
    }
}

/// The crates in the template's lock file.
fn taken() -> BTreeSet<String> {
    let lock = FILES.iter().find(|(path, _)| *path == "Cargo.lock");
    let text = lock.and_then(|(_, bytes)| std::str::from_utf8(bytes).ok());
    text.unwrap_or_default()
        .lines()
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
        .filter(|name| *name != super::rename::TEMPLATE_NAME)
        .map(ToOwned::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edit_has_its_text() {
        for (path, there, _) in HTTP_EDITS {
            let (_, bytes) = FILES.iter().find(|(file, _)| file == path).expect(path);
            let text = std::str::from_utf8(bytes).unwrap();
            assert!(text.contains(there), "{path}: {there}");
        }
    }

    #[test]
    fn without_a_key_value_store_nothing_speaks_of_one() {
        for (path, bytes) in files(&BTreeSet::from(["http"])) {
            let text = String::from_utf8(bytes).unwrap();
            let speaks = text.contains("wasi:keyvalue") || text.contains("links") || text.contains("Redis");
            assert!(
                !speaks || path.starts_with("wit/deps/") || path == "Cargo.lock",
                "{path}"
            );
        }
    }
}
