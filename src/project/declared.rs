//! Where the interfaces of a project are written: the text that declares each.
//!
//! It looks in the `wit` folder, whatever a component may have.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use wit_parser::{InterfaceId, Resolve, Span, WorldItem};

use super::world::resolve;

/// An interface, and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// `wasi:keyvalue`
    pub package: String,
    /// `store`
    pub name: String,
    /// Its declaration.
    pub place: Place,
    /// Whether one of the project's own worlds imports or exports it.
    pub is_used: bool,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// Bytes of its text.
    pub range: Range<usize>,
}

/// The interfaces of a `wit` folder. None when there is no such folder, or when it cannot be understood.
#[must_use]
pub fn declared(folder: &Path) -> Vec<Declared> {
    let Ok((resolve, main)) = resolve(folder, folder) else {
        return Vec::new();
    };
    let worlds = resolve.packages.get(main).map(|package| &package.worlds);
    let worlds = worlds.into_iter().flat_map(|worlds| worlds.values());
    let used: BTreeSet<InterfaceId> = worlds
        .filter_map(|world| resolve.worlds.get(*world))
        .flat_map(|world| world.imports.values().chain(world.exports.values()))
        .filter_map(|item| match item {
            WorldItem::Interface { id, .. } => Some(*id),
            _ => None,
        })
        .collect();
    let found = resolve.interfaces.iter().filter_map(|(id, interface)| {
        let package = resolve.packages.get(interface.package?)?;
        Some(Declared {
            package: format!("{}:{}", package.name.namespace, package.name.name),
            name: interface.name.clone()?,
            place: place(&resolve, interface.span)?,
            is_used: used.contains(&id),
        })
    });
    found.collect()
}

fn place(resolve: &Resolve, span: Span) -> Option<Place> {
    let location = resolve.source_map.resolve_span(span)?;
    Some(Place {
        path: PathBuf::from(location.path),
        range: location.range,
    })
}
