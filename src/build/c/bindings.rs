//! The C side of a world, as wit-bindgen generates it. The world is renamed to [`NAME`], so that in every project the header is
//! `app.h` and its string type `app_string_t`, for the application and for its tests.

use std::collections::BTreeMap;
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

/// How deep types may lie in each other, as in a component.
const DEPTH_MAX: usize = 100;
/// How many leaves one type may have: records of records double with each line of WIT, and their C with them.
const LEAVES_MAX: usize = 10_000;

/// What the generator has no C for, where the world uses it: it would panic, or not come to an end.
fn unsupported(resolve: &Resolve, world: &World) -> Option<&'static str> {
    if world
        .exports
        .values()
        .any(|item| matches!(item, WorldItem::Type { .. }))
    {
        return Some("resources that a world exports by itself, outside of an interface");
    }
    let mut types = Vec::new();
    for item in world.imports.values().chain(world.exports.values()) {
        let functions: Vec<&Function> = match item {
            WorldItem::Interface { id, .. } => {
                let interface = resolve.interfaces.get(*id)?;
                types.extend(interface.types.values().map(|id| Type::Id(*id)));
                interface.functions.values().collect()
            }
            WorldItem::Function(function) => vec![function],
            WorldItem::Type { id, .. } => {
                types.push(Type::Id(*id));
                Vec::new()
            }
        };
        for function in functions {
            types.extend(function.params.iter().map(|param| param.ty));
            types.extend(function.result);
        }
    }
    let mut known = BTreeMap::new();
    types
        .into_iter()
        .find_map(|ty| Weight::of(resolve, ty, 0, &mut known).err())
}

/// How large a type is.
#[derive(Debug, Clone, Copy)]
struct Weight {
    leaves: usize,
    height: usize,
}

impl Weight {
    const LEAF: Self = Self { leaves: 1, height: 0 };

    fn of(resolve: &Resolve, ty: Type, depth: usize, known: &mut BTreeMap<usize, Self>) -> Result<Self, &'static str> {
        const DEEP: &str = "types that lie more than 100 deep in each other";
        let id = match ty {
            Type::ErrorContext => return Err("`error-context`"),
            Type::Id(id) => id,
            _ => return Ok(Self::LEAF),
        };
        if let Some(weight) = known.get(&id.index()) {
            return match depth + weight.height > DEPTH_MAX {
                true => Err(DEEP),
                false => Ok(*weight),
            };
        }
        if depth >= DEPTH_MAX {
            return Err(DEEP);
        }
        let Some(definition) = resolve.types.get(id) else {
            return Ok(Self::LEAF);
        };
        let parts: Vec<Type> = match &definition.kind {
            TypeDefKind::FixedLengthList(..) => return Err("lists of a fixed length"),
            TypeDefKind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
            TypeDefKind::Tuple(tuple) => tuple.types.clone(),
            TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty).collect(),
            TypeDefKind::Result(result) => result.ok.into_iter().chain(result.err).collect(),
            TypeDefKind::Map(key, value) => vec![*key, *value],
            TypeDefKind::Option(ty) | TypeDefKind::List(ty) | TypeDefKind::Type(ty) => vec![*ty],
            TypeDefKind::Future(ty) | TypeDefKind::Stream(ty) => ty.iter().copied().collect(),
            TypeDefKind::Resource
            | TypeDefKind::Handle(_)
            | TypeDefKind::Flags(_)
            | TypeDefKind::Enum(_)
            | TypeDefKind::Unknown => Vec::new(),
        };
        let mut weight = Self::LEAF;
        for part in parts {
            let part = Self::of(resolve, part, depth + 1, known)?;
            weight.leaves = weight.leaves.saturating_add(part.leaves);
            weight.height = weight.height.max(part.height + 1);
        }
        if weight.leaves > LEAVES_MAX {
            return Err("types of more than 10,000 parts");
        }
        known.insert(id.index(), weight);
        Ok(weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_grow_without_end_are_an_error() {
        let nested = |count: usize, each: &str| -> String {
            (1..=count)
                .map(|n| {
                    each.replace("THIS", &format!("t{n}"))
                        .replace("THAT", &format!("t{}", n - 1))
                        + " "
                })
                .collect()
        };
        for (count, each, expected) in [
            (80, "type THIS = list<THAT>;", None),
            (
                1_500,
                "type THIS = list<THAT>;",
                Some("types that lie more than 100 deep in each other"),
            ),
            (10, "record THIS { a: THAT, b: THAT }", None),
            (
                24,
                "record THIS { a: THAT, b: THAT }",
                Some("types of more than 10,000 parts"),
            ),
        ] {
            let types = nested(count, each);
            let text = format!(
                "package a:b; interface i {{ type t0 = u8; {types} f: func(a: t{count}); }} world w {{ import i; }}"
            );
            let mut resolve = Resolve::default();
            let package = resolve.push_str("w.wit", &text).unwrap();
            let app = resolve.select_world(&[package], Some("w")).unwrap();
            assert_eq!(unsupported(&resolve, &resolve.worlds[app]), expected, "{count} {each}");
        }
    }

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
