//! The Rust template: an HTTP application, over a key-value store or by itself.
//!
//! `templates/rust` is the whole project. `templates/rust-http` has the files that differ without a key-value store.

use std::collections::BTreeSet;

use super::{File, Template};

/// The template.
pub const TEMPLATE: Template = Template {
    name: "rust",
    resources: &["http", "keyvalue.redis"],
    files,
    taken,
};

/// Every file of `templates/rust`; `tests/it/new.rs` fails when one is missing here.
const FILES: &[File] = &[];

fn files(resources: &BTreeSet<&str>) -> Vec<File> {
    let _ = resources;
    FILES.to_vec()
}

/// The crates in the template's lock file.
fn taken() -> BTreeSet<String> {
    let lock = FILES.iter().find(|(path, _)| *path == "Cargo.lock");
    let text = lock
        .and_then(|(_, bytes)| std::str::from_utf8(bytes).ok())
        .unwrap_or_default();
    text.lines()
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
        .filter(|name| *name != super::rename::TEMPLATE_NAME)
        .map(ToOwned::to_owned)
        .collect()
}
