//! Taking a `[[capability]]` out of a slightfile's text.
//!
//! With an entry goes what is in it, the comments directly above its header, the comments directly below its last line (when no
//! header follows them directly), and one empty line before it. The comments are handed back, so that they can be shown.

use std::ops::Range;

use super::super::Edit;
use super::add::inline_entries;
use super::layout::{Layout, item_removal, spans};

/// What takes an entry out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removal {
    /// The edits.
    pub edits: Vec<Edit>,
    /// The comments that go with the entry, in order.
    pub comments: Vec<String>,
}

/// The edits that take the entry with this number out, counted from 0 in the order of the file. The text is a slightfile without
/// errors of the grammar.
#[must_use]
pub fn remove(text: &str, index: usize) -> Removal {
    let Some(layout) = Layout::parse(text) else {
        return Removal::default();
    };
    let ranges = match inline_entries(&layout) {
        Some((_, items)) => item_removal(text, &spans(items), index),
        None => {
            let parts = entry_parts(&layout, &["capability"], index);
            parts.into_iter().map(|part| layout.whole_lines(part)).collect()
        }
    };
    Removal {
        comments: ranges.iter().flat_map(|range| layout.comments(range)).collect(),
        edits: ranges
            .into_iter()
            .map(|range| Edit {
                range,
                text: String::new(),
            })
            .collect(),
    }
}

/// The lines of the entry `[[path]]` with this number: of its header and of the headers below it, which need not follow directly.
pub fn entry_parts(layout: &Layout<'_>, path: &[&str], index: usize) -> Vec<Range<usize>> {
    let mut number: Option<usize> = None;
    let mut parts: Vec<Range<usize>> = Vec::new();
    for block in &layout.blocks {
        let is_entry = block.path == path;
        if is_entry {
            number = Some(number.map_or(0, |number| number + 1));
        }
        let below = is_entry || (block.path.len() > path.len() && block.path.iter().zip(path).all(|(a, b)| a == b));
        if !below || number != Some(index) {
            continue;
        }
        let part = layout.block_start(block)..layout.block_end(block);
        let between = |end: usize| {
            layout
                .text
                .get(end..part.start)
                .is_some_and(|text| text.trim().is_empty())
        };
        match parts.last_mut().filter(|last| between(last.end)) {
            Some(last) => last.end = part.end,
            None => parts.push(part),
        }
    }
    parts
}
