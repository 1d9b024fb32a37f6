//! The tags, which `slt ship` gives last, one after the other, and how far it has come with them when it ends before its time.
//!
//! It puts none back: somebody else may have moved it meanwhile.

use std::cell::Cell;

use crate::events::Tags;
use crate::registry::artifact::Package;
use crate::registry::{Client, Error, Reference};

/// The tags, and how far they are given.
pub(super) struct Tagging<'a> {
    tags: &'a [String],
    /// How many of them the registry has said that it has given.
    given: Cell<usize>,
    /// Whether it was asked for the next, and has not said whether it did it.
    is_open: Cell<bool>,
}

impl<'a> Tagging<'a> {
    pub(super) fn of(tags: &'a [String]) -> Self {
        Self {
            tags,
            given: Cell::new(0),
            is_open: Cell::new(false),
        }
    }

    /// Gives them; the first that fails ends it.
    pub(super) async fn give(&self, client: &Client, at: &Reference, package: &Package) -> Result<(), Error> {
        for tag in self.tags {
            self.is_open.set(true);
            let done = package.tag(client, &at.with_tag(tag)).await;
            self.is_open.set(done.as_ref().is_err_and(|error| !error.is_refusal()));
            done?;
            self.given.set(self.given.get() + 1);
        }
        Ok(())
    }

    /// What has become of them, where it ended before its time.
    pub(super) fn left(&self, name: &Reference) -> Tags {
        let (given, rest) = self.tags.split_at(self.given.get());
        let (uncertain, not_given) = rest.split_at(usize::from(self.is_open.get()));
        Tags {
            name: name.to_string(),
            given: given.to_vec(),
            uncertain: uncertain.to_vec(),
            not_given: not_given.to_vec(),
        }
    }
}
