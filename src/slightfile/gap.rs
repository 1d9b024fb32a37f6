//! Where a key can be added to a table, so that a diagnostic can offer the line that is missing.
//!
//! It is found while the table is read. What is written there is up to whoever offers it.

use std::ops::Range;

use toml_edit::{Item, TableLike, Value};

use super::diagnostic::Edit;

/// A place for new keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    at: usize,
    kind: Kind,
    /// A table that is missing, and is written around the keys.
    table: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Behind a header: each key has a line.
    Lines,
    /// At the start of an inline table that has keys.
    Inline,
    /// In an inline table that has none.
    Empty,
}

impl Gap {
    /// The gap of a table, when it has a header or braces: one that only dotted keys make has none.
    pub fn of(item: &Item) -> Option<Self> {
        match item {
            Item::Table(table) => Self::of_table(table),
            Item::Value(Value::InlineTable(table)) => Self::of_inline(table),
            _ => None,
        }
    }

    /// The gap below a header.
    pub fn of_table(table: &toml_edit::Table) -> Option<Self> {
        let headed = !table.is_implicit() && !table.is_dotted();
        table.span().filter(|_| headed).map(|span| Self {
            at: span.end,
            kind: Kind::Lines,
            table: None,
        })
    }

    /// The gap within braces.
    pub fn of_inline(table: &toml_edit::InlineTable) -> Option<Self> {
        let braced = !table.is_dotted();
        table.span().filter(|_| braced).map(|span| Self {
            at: span.start + 1,
            kind: match table.is_empty() {
                true => Kind::Empty,
                false => Kind::Inline,
            },
            table: None,
        })
    }

    /// The gap of a table that is not there: its keys are written as `table = { … }` into this one.
    #[must_use]
    pub fn of_missing(&self, table: &'static str) -> Self {
        Self {
            table: Some(table),
            ..self.clone()
        }
    }

    /// The edit that writes these keys, each `key = value`.
    #[must_use]
    pub fn add(&self, keys: &[String]) -> Edit {
        let table = self.table.map(|table| [format!("{table} = {{ {} }}", keys.join(", "))]);
        let keys = table.as_ref().map_or(keys, |table| table.as_slice());
        let text = match self.kind {
            Kind::Lines => keys.iter().map(|key| format!("\n{key}")).collect(),
            Kind::Inline => format!(" {},", keys.join(", ")),
            Kind::Empty => format!(" {} ", keys.join(", ").trim()),
        };
        Edit {
            range: self.at..self.at,
            text,
        }
    }
}

/// Where the text of a table ends: behind the last of its values, or the last header below it.
pub fn end_of(table: &dyn TableLike) -> Option<usize> {
    let ends = table.iter().filter_map(|(_, item)| {
        let own = item.span().map(|span| span.end);
        let below = match item {
            Item::Table(table) => end_of(table),
            Item::ArrayOfTables(tables) => tables.iter().filter_map(|table| end_of(table)).max(),
            _ => None,
        };
        own.max(below)
    });
    ends.max()
}

/// All of an entry that has a header: what is taken away when it goes.
pub fn extent(table: &toml_edit::Table) -> Option<Range<usize>> {
    let header = table.span()?;
    let end = end_of(table).map_or(header.end, |end| end.max(header.end));
    Some(header.start..end)
}
