//! Edits of a `Cargo.toml`: the one crate that a component in Rust needs to reach its world.
//!
//! What is not as [`add`] writes it is the user's, and [`remove`] leaves it alone.

use std::ops::Range;

use super::rust;
use crate::slightfile::edit::layout::{Inside, Item, Layout, Pair};
use crate::slightfile::{Edit, apply};

/// The crate.
const CRATE: &str = "wit-bindgen";

/// What the template's manifest says of the crate: all of the value, and each of its pairs.
fn wanted() -> Option<(String, Vec<String>)> {
    let (_, manifest) = rust::FILES.iter().find(|(path, _)| *path == "Cargo.toml")?;
    let layout = Layout::parse(std::str::from_utf8(manifest).ok()?)?;
    let blocks = layout.blocks.iter().filter(|block| block.path == ["dependencies"]);
    let mut pairs = blocks.flat_map(|block| &block.pairs);
    let pair = pairs.find(|pair| pair.path == [CRATE])?;
    let Inside::Table(items) = &pair.value.inside else {
        return None;
    };
    let text = |span: &Range<usize>| layout.text.get(span.clone()).map(ToOwned::to_owned);
    let each = items.iter().filter_map(|item| text(&item.span)).collect();
    Some((text(&pair.value.span)?, each))
}

/// Every pair of a manifest with its whole path, those of inline tables too.
fn pairs<'a>(layout: &'a Layout<'_>) -> Vec<(Vec<&'a str>, &'a Pair)> {
    fn collect<'a>(above: &[&'a str], pair: &'a Pair, found: &mut Vec<(Vec<&'a str>, &'a Pair)>) {
        let mut path = above.to_vec();
        path.extend(pair.path.iter().map(String::as_str));
        if let Inside::Table(items) = &pair.value.inside {
            items
                .iter()
                .for_each(|item: &Item<Pair>| collect(&path, &item.inside, found));
        }
        found.push((path, pair));
    }
    let mut found = Vec::new();
    for block in &layout.blocks {
        let above: Vec<_> = block.path.iter().map(String::as_str).collect();
        block.pairs.iter().for_each(|pair| collect(&above, pair, &mut found));
    }
    found
}

/// Whether a manifest is one of a package that does not depend on the crate, under whichever name. One whose bindings
/// `cargo component` writes needs no such crate.
fn lacks(layout: &Layout<'_>) -> bool {
    let pairs = pairs(layout);
    let begins = |start: &[&str]| pairs.iter().any(|(path, _)| path.starts_with(start));
    let depends = pairs.iter().any(|(path, pair)| {
        let in_dependencies = path.first() != Some(&"workspace") && path.contains(&"dependencies");
        let renamed = || {
            let value = layout.text.get(pair.value.span.clone()).unwrap_or_default();
            path.last() == Some(&"package") && value.trim_matches(['"', '\'']) == CRATE
        };
        in_dependencies && (path.contains(&CRATE) || renamed())
    });
    begins(&["package"]) && !begins(&["package", "metadata", "component"]) && !depends
}

/// The edits that add the crate to a manifest that lacks it; none when it is there, or when it cannot be put in.
#[must_use]
pub fn add(text: &str) -> Vec<Edit> {
    let (Some(layout), Some((value, each))) = (Layout::parse(text), wanted()) else {
        return Vec::new();
    };
    if !lacks(&layout) {
        return Vec::new();
    }
    let dependencies = layout.blocks.iter().find(|block| block.path == ["dependencies"]);
    let (at, lines) = match dependencies {
        Some(block) => {
            // Directly below the last line: a comment that comes after it may be about what follows.
            let last = block.pairs.last().map(|pair| pair.value.span.end);
            let last = last.or(block.header.as_ref().map(|header| header.end)).unwrap_or(0);
            let indent = block.pairs.last().map_or("", |pair| layout.indent(pair.key.start));
            (layout.line_end(last), vec![format!("{indent}{CRATE} = {value}")])
        }
        // A header of its own, so that it can be taken out again whole.
        None => {
            let mut lines = vec![String::new(), format!("[dependencies.{CRATE}]")];
            lines.extend(each);
            (layout.blocks.last().map_or(0, |block| layout.block_end(block)), lines)
        }
    };
    let edits = vec![Edit {
        range: at..at,
        text: layout.lines_at(at, &lines),
    }];
    // A manifest that writes `dependencies` as a value takes no header.
    let added = toml_edit::Document::parse(apply(text, &edits)).is_ok();
    if added { edits } else { Vec::new() }
}

/// The edits that take the crate out again, when it is there as [`add`] writes it.
#[must_use]
pub fn remove(text: &str) -> Vec<Edit> {
    let (Some(layout), Some((value, each))) = (Layout::parse(text), wanted()) else {
        return Vec::new();
    };
    let is = |span: &Range<usize>, wanted: &str| layout.text.get(span.clone()) == Some(wanted);
    let lines = layout.blocks.iter().find_map(|block| match block.path.as_slice() {
        [dependencies] if dependencies == "dependencies" => {
            let mut pairs = block.pairs.iter();
            let pair = pairs.find(|pair| pair.path == [CRATE] && is(&pair.value.span, &value))?;
            Some(pair.key.start..pair.value.span.end)
        }
        [dependencies, name] if dependencies == "dependencies" && name == CRATE => {
            let spans = block.pairs.iter().map(|pair| pair.key.start..pair.value.span.end);
            let written: Vec<_> = spans.filter_map(|span| layout.text.get(span)).collect();
            let end = block.pairs.last()?.value.span.end;
            (written == each).then_some(block.header.as_ref()?.start..end)
        }
        _ => None,
    });
    let Some(lines) = lines else { return Vec::new() };
    let lines = layout.line_start(lines.start)..layout.line_end(lines.end);
    if !layout.comments(&lines).is_empty() {
        return Vec::new();
    }
    vec![Edit {
        range: layout.whole_lines(lines),
        text: String::new(),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let line = format!("wit-bindgen = {}", wanted().unwrap().0);
        let package = "[package]\nname = \"a\"\n";
        for (manifest, expected) in [
            (
                format!("{package}[dependencies]\n"),
                format!("{package}[dependencies]\n{line}\n"),
            ),
            (
                format!("{package}\n[dependencies]\nserde = \"1\" # s\n# next\n[lib]\n"),
                format!("{package}\n[dependencies]\nserde = \"1\" # s\n{line}\n# next\n[lib]\n"),
            ),
            (
                format!("{package}[dependencies]\n  b = \"1\""),
                format!("{package}[dependencies]\n  b = \"1\"\n  {line}"),
            ),
            (
                format!("{package}[workspace.dependencies]\nwit-bindgen = \"1\"\n[dependencies]\r\n"),
                format!("{package}[workspace.dependencies]\nwit-bindgen = \"1\"\n[dependencies]\r\n{line}\n"),
            ),
        ] {
            let added = apply(&manifest, &add(&manifest));
            assert_eq!(added, expected);
            assert_eq!(add(&added), [], "twice");
            assert_eq!(apply(&added, &remove(&added)), manifest);
        }
        // Without the table, a header of its own.
        for manifest in [
            package.to_owned(),
            format!("{package}\n[dependencies.serde]\nversion = \"1\"\n\n# end"),
        ] {
            let added = apply(&manifest, &add(&manifest));
            assert!(
                added.contains("\n\n[dependencies.wit-bindgen]\nversion = \"="),
                "{added}"
            );
            assert!(toml_edit::Document::parse(added.clone()).is_ok(), "{added}");
            assert_eq!(apply(&added, &remove(&added)), manifest);
        }
    }

    #[test]
    fn left_alone() {
        for manifest in [
            "[workspace]\nmembers = []\n",
            "[package]\nname = \"a\"\n[dependencies]\nwit-bindgen = \"0.30\"\n",
            "[package]\nname = \"a\"\n[dependencies.wit-bindgen]\nversion = \"0.30\"\n",
            "[package]\nname = \"a\"\n[dependencies]\nb = { package = \"wit-bindgen\", version = \"0.30\" }\n",
            "[package]\nname = \"a\"\n[target.'cfg(target_arch = \"wasm32\")'.dependencies]\nwit-bindgen = \"0.30\"\n",
            "[package]\nname = \"a\"\n[package.metadata.component]\npackage = \"a:b\"\n",
            "dependencies = { serde = \"1\" }\n[package]\nname = \"a\"\n",
            "not toml",
        ] {
            assert_eq!(add(manifest), [], "{manifest}");
            assert_eq!(remove(manifest), [], "{manifest}");
        }
    }
}
