//! Adding a `[[capability]]` to a slightfile's text.
//!
//! It goes below the last entry that is there, in the form of that entry: as a header with lines below it, or into the array
//! `capability = […]`. Without an entry it goes to the end of what is not `[test]` or `[[secret_settings]]`.

use super::super::{Edit, SpecVersion};
use super::layout::{Block, Inside, Item, Layout, Pair, item_insertion, spans};
use super::quoted;

/// The tables that stand after the entries, where they are at the end.
const LAST_TABLES: &[&str] = &["test", "secret_settings"];

/// The header of an entry's configuration, which can be indented by more than the entry.
const CONFIGS: &str = "[capability.configs]";

/// An entry that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// `keyvalue.redis`
    pub resource: String,
    /// What the component opens. Not written in 0.1, where entries have no name of their own.
    pub name: String,
    /// Keys and values of its configuration. Not written in 0.1, where values come from `secret_store`.
    pub configs: Vec<(String, String)>,
}

impl NewEntry {
    fn pairs(&self, version: SpecVersion) -> Vec<String> {
        let resource = quoted(&self.resource);
        match version {
            SpecVersion::V0_1 => vec![format!("name = {resource}")],
            _ => vec![
                format!("resource = {resource}"),
                format!("name = {}", quoted(&self.name)),
            ],
        }
    }

    fn configs(&self, version: SpecVersion) -> Vec<String> {
        let pairs = self.configs.iter();
        match version {
            SpecVersion::V0_1 => Vec::new(),
            _ => pairs.map(|(key, value)| format!("{key} = {}", quoted(value))).collect(),
        }
    }

    /// The lines of an entry with a header.
    fn lines(&self, version: SpecVersion) -> Vec<String> {
        let mut lines = vec!["[[capability]]".to_owned()];
        lines.extend(self.pairs(version));
        let configs = self.configs(version);
        if !configs.is_empty() {
            lines.extend([String::new(), CONFIGS.to_owned()]);
            lines.extend(configs);
        }
        lines
    }

    /// The entry as an inline table.
    fn inline(&self, version: SpecVersion) -> String {
        let mut pairs = self.pairs(version);
        let configs = self.configs(version);
        if !configs.is_empty() {
            pairs.push(format!("configs = {{ {} }}", configs.join(", ")));
        }
        format!("{{ {} }}", pairs.join(", "))
    }
}

/// The edits that add an entry. The text is a slightfile without errors of the grammar.
#[must_use]
pub fn add(text: &str, version: SpecVersion, entry: &NewEntry) -> Vec<Edit> {
    let Some(layout) = Layout::parse(text) else {
        return Vec::new();
    };
    if let Some((array, items)) = inline_entries(&layout) {
        let open = array.value.span.start + 1;
        let insertions = item_insertion(text, &spans(items), open, &entry.inline(version));
        return insertions.into_iter().map(|(at, text)| insert(at, text)).collect();
    }
    let Some(after) = last_block(&layout) else {
        return Vec::new();
    };
    let entry_indent = indent_of(&layout, |path| path == ["capability"]);
    let configs_indent = indent_of(&layout, |path| {
        path.len() > 1 && path.starts_with(&["capability".to_owned()])
    });
    let mut indent = entry_indent;
    let mut lines = vec![String::new()];
    for line in entry.lines(version) {
        if line == CONFIGS {
            indent = configs_indent.or(entry_indent);
        }
        lines.push(match line.is_empty() {
            true => String::new(),
            false => format!("{}{line}", indent.unwrap_or_default()),
        });
    }
    let at = layout.block_end(after);
    vec![insert(at, layout.lines_at(at, &lines))]
}

/// How far the last header with such a path is indented.
fn indent_of<'t>(layout: &Layout<'t>, is_it: impl Fn(&[String]) -> bool) -> Option<&'t str> {
    let block = layout.blocks.iter().rev().find(|block| is_it(&block.path))?;
    let header = block.header.as_ref()?;
    Some(layout.indent(header.start))
}

fn insert(at: usize, text: String) -> Edit {
    Edit { range: at..at, text }
}

/// The array `capability = […]` of the root, when the entries are written so.
pub fn inline_entries<'a>(layout: &'a Layout<'_>) -> Option<(&'a Pair, &'a [Item<super::layout::Value>])> {
    let root = layout.blocks.first()?;
    let array = root.pairs.iter().find(|pair| pair.path == ["capability"])?;
    match &array.value.inside {
        Inside::Array(items) => Some((array, items)),
        _ => None,
    }
}

/// The block that the entry goes below: the last one of an entry, or the last one before [`LAST_TABLES`].
fn last_block<'a>(layout: &'a Layout<'_>) -> Option<&'a Block> {
    let begins =
        |block: &Block, names: &[&str]| block.path.first().is_some_and(|first| names.contains(&first.as_str()));
    let entries = layout.blocks.iter().rev().find(|block| begins(block, &["capability"]));
    entries.or_else(|| layout.blocks.iter().rev().find(|block| !begins(block, LAST_TABLES)))
}
