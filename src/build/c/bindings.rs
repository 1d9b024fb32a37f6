//! The C side of a world, as wit-bindgen generates it. The world is renamed to [`NAME`], so that in every project the header is
//! `app.h` and its string type `app_string_t`, for the application and for its tests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use wit_bindgen_c::Opts;
use wit_parser::{Function, Resolve, Type, TypeDefKind, World, WorldId, WorldItem};

use super::super::BuildError;
use super::super::dist::{create_folder, file, replace};
use crate::project::Worlds;

/// What the world is called in C.
pub(super) const NAME: &str = "app";

/// What was generated.
#[derive(Debug, Clone)]
pub(super) struct Bindings {
    /// Where it lies.
    pub folder: PathBuf,
    /// The functions' source.
    pub source: PathBuf,
    /// An object that carries the world's description into the module.
    pub object: PathBuf,
    /// The world's name in WIT.
    pub world: String,
    /// Whether the world exports something.
    pub exports: bool,
}

impl Bindings {
    /// Generates the bindings of a world into a folder. Files that would be the same are not touched.
    pub fn generate(worlds: &Worlds, world: WorldId, folder: &Path) -> Result<Self, BuildError> {
        // the generator merges what the world imports and exports into the `Resolve` that it is handed
        let mut resolve = worlds.resolve.clone();
        let failed = |reason: String| BuildError::Bindings(reason);
        let found = resolve.worlds.get(world);
        let found = found.ok_or_else(|| failed("there is no such world".into()))?;
        if let Some(what) = unsupported(&resolve, found) {
            return Err(failed(format!("wit-bindgen has no C for {what}")));
        }
        let (name, exports) = (found.name.clone(), !found.exports.is_empty());
        let options = Opts {
            rename_world: Some(NAME.to_owned()),
            ..Opts::default()
        };
        let mut files = wit_bindgen_core::Files::default();
        options
            .build()
            .generate(&mut resolve, world, &mut files)
            .map_err(|error| failed(format!("{error:#}")))?;
        create_folder(folder)?;
        for (name, bytes) in files.iter() {
            let path = folder.join(name);
            if std::fs::read(&path).is_ok_and(|there| there == bytes) {
                continue;
            }
            replace(&path, bytes).map_err(file("write", &path))?;
        }
        Ok(Self {
            source: folder.join(format!("{NAME}.c")),
            object: folder.join(format!("{NAME}_component_type.o")),
            folder: folder.to_owned(),
            world: name,
            exports,
        })
    }
}

/// What the generator has no C for, where the world uses it; it would panic.
fn unsupported(resolve: &Resolve, world: &World) -> Option<&'static str> {
    let mut left = Vec::new();
    let functions = |functions: &mut dyn Iterator<Item = &Function>, left: &mut Vec<Type>| {
        for function in functions {
            left.extend(function.params.iter().map(|param| param.ty));
            left.extend(function.result);
        }
    };
    if world
        .exports
        .values()
        .any(|item| matches!(item, WorldItem::Type { .. }))
    {
        return Some("resources that a world exports by itself, outside of an interface");
    }
    for item in world.imports.values().chain(world.exports.values()) {
        match item {
            WorldItem::Interface { id, .. } => {
                let interface = resolve.interfaces.get(*id)?;
                left.extend(interface.types.values().map(|id| Type::Id(*id)));
                functions(&mut interface.functions.values(), &mut left);
            }
            WorldItem::Function(function) => functions(&mut std::iter::once(function), &mut left),
            WorldItem::Type { id, .. } => left.push(Type::Id(*id)),
        }
    }
    let mut seen = BTreeSet::new();
    while let Some(ty) = left.pop() {
        let id = match ty {
            Type::ErrorContext => return Some("`error-context`"),
            Type::Id(id) if seen.insert(id.index()) => id,
            _ => continue,
        };
        match &resolve.types.get(id)?.kind {
            TypeDefKind::FixedLengthList(..) => return Some("lists of a fixed length"),
            TypeDefKind::Record(record) => left.extend(record.fields.iter().map(|field| field.ty)),
            TypeDefKind::Tuple(tuple) => left.extend(&tuple.types),
            TypeDefKind::Variant(variant) => left.extend(variant.cases.iter().filter_map(|case| case.ty)),
            TypeDefKind::Result(result) => left.extend(result.ok.iter().chain(&result.err)),
            TypeDefKind::Map(key, value) => left.extend([key, value]),
            TypeDefKind::Option(ty) | TypeDefKind::List(ty) | TypeDefKind::Type(ty) => left.push(*ty),
            TypeDefKind::Future(ty) | TypeDefKind::Stream(ty) => left.extend(ty),
            TypeDefKind::Resource
            | TypeDefKind::Handle(_)
            | TypeDefKind::Flags(_)
            | TypeDefKind::Enum(_)
            | TypeDefKind::Unknown => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_c_is_an_error() {
        for (world, expected) in [
            ("import f: func(a: list<u8, 4>);", Some("lists of a fixed length")),
            (
                "export f: func() -> option<list<u8, 4>>;",
                Some("lists of a fixed length"),
            ),
            ("import f: func(a: result<_, error-context>);", Some("`error-context`")),
            ("import i; export i;", None),
            ("import j;", Some("lists of a fixed length")),
            ("export f: func(a: tuple<u8, string>) -> result<option<u32>>;", None),
        ] {
            let text = format!(
                "package a:b; interface i {{ resource r {{ constructor(); m: func() -> r; }} record n {{ a: list<string> }} f: func(n: n); }} \
                 interface j {{ variant v {{ a(tuple<list<u8, 2>>), b }} }} world w {{ {world} }}"
            );
            let mut resolve = Resolve::default();
            let package = resolve.push_str("w.wit", &text).unwrap();
            let app = resolve.select_world(&[package], Some("w")).unwrap();
            assert_eq!(unsupported(&resolve, &resolve.worlds[app]), expected, "{world}");
            let folder = tempfile::tempdir().unwrap();
            let worlds = Worlds {
                resolve,
                app,
                tests: None,
            };
            let generated = Bindings::generate(&worlds, app, folder.path()).map(drop);
            assert_eq!(
                generated.map_err(|error| error.to_string()).is_err(),
                expected.is_some(),
                "{world}"
            );
        }
    }
}
