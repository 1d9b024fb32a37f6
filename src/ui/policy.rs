//! Shows what is wrong in a file that is no slightfile, such as a policy: its lines, with a label below each place.
//!
//! Such files hold no secrets, and nothing is covered.

use std::ops::Range;
use std::sync::Arc;

use miette::{LabeledSpan, Severity};

use super::diagnostics::{LABEL_MAX_BYTES, Lines, drawn};
use crate::support::text::visible;

/// A problem in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Bytes of the file's text.
    pub range: Range<usize>,
    /// What stands at the place.
    pub label: String,
    /// The way out.
    pub hint: Option<String>,
}

/// The text for people: every problem with its excerpt and its hint, and an empty line after each.
pub(super) fn human(name: &str, text: &str, excerpts: &[Excerpt], colour: bool) -> String {
    let all = Arc::new(Lines::of(text.to_owned()));
    let mut drawn = String::new();
    for excerpt in excerpts {
        drawn.push_str(&format!("error: {}\n", excerpt.message));
        drawn.push_str(&lines(name, (text, &all), excerpt, colour));
        if let Some(hint) = &excerpt.hint {
            drawn.push_str(&format!("hint: {hint}\n"));
        }
        drawn.push('\n');
    }
    visible(&drawn)
}

fn lines(name: &str, (text, all): (&str, &Arc<Lines>), excerpt: &Excerpt, colour: bool) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    let start = text.floor_char_boundary(excerpt.range.start.min(text.len()));
    let end = text.floor_char_boundary(excerpt.range.end.min(text.len())).max(start);
    // of what goes over several lines, the first is enough
    let first = text
        .get(start..end)
        .and_then(|text| text.lines().next())
        .map_or(0, str::len);
    let first = text.floor_char_boundary(start + first.min(LABEL_MAX_BYTES)) - start;
    let label = LabeledSpan::new_primary_with_span(Some(excerpt.label.clone()), start..start + first);
    drawn(name, all, Severity::Error, vec![label], colour)
}
