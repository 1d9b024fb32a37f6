//! From a capability to the WIT interfaces behind it.

use super::cursor::{self, At};
use super::view::View;
use crate::catalogue::{CATALOGUE, Hosted};
use crate::project::{Declared, Place};

/// The places of the interfaces that the capability at a byte stands for: those that the project's world names, or all that its `wit`
/// folder has when it names none. `declared` finds what the folder has.
#[must_use]
pub fn definition(view: &View<'_>, byte: usize, declared: impl FnOnce() -> Vec<Declared>) -> Vec<Place> {
    let Some(hosted) = interfaces(view, byte) else {
        return Vec::new();
    };
    let is_meant = |found: &&Declared| {
        let mut hosted = hosted.iter();
        hosted.any(|hosted| hosted.package == found.package && hosted.interface == found.name)
    };
    let declared = declared();
    let meant: Vec<_> = declared.iter().filter(is_meant).collect();
    let used: Vec<_> = meant.iter().copied().filter(|found| found.is_used).collect();
    let shown = if used.is_empty() { meant } else { used };
    shown.into_iter().map(|found| found.place.clone()).collect()
}

/// The interfaces of the capability whose resource or name stands there.
fn interfaces(view: &View<'_>, byte: usize) -> Option<Vec<&'static Hosted>> {
    let cursor = cursor::at(view.text, view.outline(), byte);
    let is_meant = match cursor.at {
        At::Value { key, .. } => matches!(key, "resource" | "name"),
        At::Key { word, .. } => matches!(word, "resource" | "name"),
        At::Header(_) => true,
        At::Nothing => false,
    };
    if !is_meant || cursor.path != ["capability"] {
        return None;
    }
    let resource = cursor::resource(view.outline(), cursor.entry)?;
    let capability = CATALOGUE.capability(resource.family)?;
    Some(capability.imports.iter().chain(capability.exports).collect())
}
