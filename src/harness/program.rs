//! A program that is one test: it runs without arguments, and its exit status is the verdict.

use super::plan::ArtifactKind;
use super::protocol::{Listed, Listing, Protocol, report};
use super::suite;

pub const PROTOCOL: Protocol = Protocol {
    list: |_| {
        let only = Listed {
            name: None,
            ignored: false,
        };
        Ok(Listing::Tests(ArtifactKind::Program, vec![only]))
    },
    arguments: |_| Vec::new(),
    judge: |case, ran| {
        let (outcome, why) = suite::verdict(case, &ran);
        vec![report(case, ran, outcome, why)]
    },
};
