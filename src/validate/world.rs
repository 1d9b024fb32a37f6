//! What a component imports and exports, with the structure of each function's types written out.
//!
//! Made from a component's bytes, or from WIT text that somebody else has read. Published copies of one package
//! version differ, so that a name alone does not say what a component needs.

use std::collections::BTreeMap;

use semver::Version;
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{Handle, InterfaceId, PackageId, Resolve, Type, TypeDefKind, WorldId, WorldItem, WorldKey};

use super::module;
use super::names::function_named_as_an_interface;

/// The largest component that is looked at, in bytes.
pub const COMPONENT_MAX_BYTES: usize = 256 << 20;

/// How long one function's signature may become when its types are written out, in bytes. Types can share each other,
/// so that a small component can describe an enormous one.
const SIGNATURE_MAX_BYTES: usize = 16 << 10;

/// How much of a name that somebody else chose is shown.
const NAME_SHOWN_MAX_CHARACTERS: usize = 60;

/// A component's imports and exports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct World {
    /// The interfaces that it needs.
    pub imports: Vec<Interface>,
    /// The interfaces that it offers.
    pub exports: Vec<Interface>,
    /// What the project's WIT text imports besides: a component has only what its code calls. Empty when the text is not known.
    pub uncalled: Vec<Interface>,
}

/// An interface, and those of its functions that are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// `wasi:keyvalue`; empty for a function or an interface that belongs to no package.
    pub package: String,
    /// `store`
    pub name: String,
    /// The version of the package.
    pub version: Option<Version>,
    /// Each function and its signature: `func(borrow<bucket>, string) -> option<list<u8>>`.
    pub functions: BTreeMap<String, String>,
}

impl Interface {
    /// `wasi:keyvalue/store@0.2.0-draft`
    #[must_use]
    pub fn id(&self) -> String {
        match &self.version {
            Some(version) => format!("{}@{version}", self.path()),
            None => self.path(),
        }
    }

    /// `wasi:keyvalue/store`
    #[must_use]
    pub fn path(&self) -> String {
        match self.package.as_str() {
            "" => self.name.clone(),
            package => format!("{package}/{}", self.name),
        }
    }
}

/// Why there is no world.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// A core module, with no world embedded in it.
    #[error("this is a core module, and not a component")]
    CoreModule,
    /// A core module of slight's old ABI.
    #[error("{}", module::SLIGHTS)]
    SlightModule,
    /// WIT packages, encoded.
    #[error("this holds WIT packages, and no component")]
    WitPackage,
    /// Something else, or a part of a component.
    #[error("{0}")]
    Corrupt(String),
    /// Larger than is looked at.
    #[error("it has {0} bytes, and a component may have {COMPONENT_MAX_BYTES}")]
    TooLarge(usize),
    /// The packages have no world, or several.
    #[error("{0}")]
    NoWorld(String),
}

impl World {
    /// The world of a component, or the one that is embedded in a core module. Its structure is validated on the way, the
    /// bodies of its functions are not: the engine does that before it compiles them.
    ///
    /// # Errors
    /// When the bytes are neither.
    pub fn from_component(bytes: &[u8]) -> Result<Self, WorldError> {
        if bytes.len() > COMPONENT_MAX_BYTES {
            return Err(WorldError::TooLarge(bytes.len()));
        }
        if module::is_core(bytes) {
            return Self::from_module(bytes);
        }
        match bytes.get(..4) {
            None => return Err(WorldError::Corrupt(format!("it has {} bytes only", bytes.len()))),
            Some(magic) if magic != b"\0asm" => {
                return Err(WorldError::Corrupt("it does not begin as WebAssembly does".to_owned()));
            }
            Some(_) => {}
        }
        // This looks at every section, so that one that is cut short is refused too: see `module::is_whole`.
        let corrupt = |error: wasmparser::BinaryReaderError| WorldError::Corrupt(error.to_string());
        if let Some(name) = function_named_as_an_interface(bytes).map_err(corrupt)? {
            let name: String = name.chars().take(NAME_SHOWN_MAX_CHARACTERS).collect();
            return Err(WorldError::Corrupt(format!(
                "`{name}` is a function, and named as an interface is"
            )));
        }
        match decode(bytes) {
            Ok(DecodedWasm::Component(resolve, world)) => Ok(Self::from_resolve(&resolve, world)),
            Ok(DecodedWasm::WitPackage(..)) => Err(WorldError::WitPackage),
            Err(error) => Err(WorldError::Corrupt(format!("{error:#}"))),
        }
    }

    /// The world that `wit-bindgen` left in a core module, in custom sections `component-type…`. It is the whole world, as
    /// in a `wit` folder: which of its imports are needed is known once a component is made of it.
    fn from_module(bytes: &[u8]) -> Result<Self, WorldError> {
        if module::is_slights(bytes) {
            return Err(WorldError::SlightModule);
        }
        let sections = match module::embedded_world(bytes) {
            Ok(Some(sections)) => sections,
            Ok(None) => return Err(WorldError::CoreModule),
            Err(error) => return Err(WorldError::Corrupt(error.to_string())),
        };
        match wit_component::metadata::decode(&sections) {
            Ok((_, embedded)) => Ok(Self::from_resolve(&embedded.resolve, embedded.world)),
            Err(error) => Err(WorldError::Corrupt(format!("{error:#}"))),
        }
    }

    /// The world of a WIT package: the one that is called `name`, or the only one.
    ///
    /// # Errors
    /// When there is none, or several and none is named.
    pub fn from_package(resolve: &Resolve, package: PackageId, name: Option<&str>) -> Result<Self, WorldError> {
        Self::of_package(resolve, package, name).map(|world| Self::from_resolve(resolve, world))
    }

    /// Which world of a WIT package that is.
    ///
    /// # Errors
    /// When there is none, or several and none is named.
    pub fn of_package(resolve: &Resolve, package: PackageId, name: Option<&str>) -> Result<WorldId, WorldError> {
        let Some(worlds) = resolve.packages.get(package).map(|package| &package.worlds) else {
            return Err(WorldError::NoWorld("there is no such package".to_owned()));
        };
        let world = match name {
            Some(name) => worlds.get(name).copied(),
            None if worlds.len() == 1 => worlds.values().next().copied(),
            None => None,
        };
        let names: Vec<_> = worlds.keys().map(|name| format!("`{name}`")).collect();
        world.ok_or_else(|| {
            WorldError::NoWorld(match names.is_empty() {
                true => "it has no world".to_owned(),
                false => format!(
                    "it is not clear which of its worlds is the application's: {}",
                    names.join(", ")
                ),
            })
        })
    }

    fn from_resolve(resolve: &Resolve, world: WorldId) -> Self {
        let Some(world) = resolve.worlds.get(world) else {
            return Self::default();
        };
        Self {
            imports: interfaces(resolve, &world.imports),
            exports: interfaces(resolve, &world.exports),
            uncalled: Vec::new(),
        }
    }
}

fn interfaces<'a>(resolve: &Resolve, items: impl IntoIterator<Item = (&'a WorldKey, &'a WorldItem)>) -> Vec<Interface> {
    items
        .into_iter()
        .filter_map(|(key, item)| match item {
            WorldItem::Interface { id, .. } => interface(resolve, key, *id),
            WorldItem::Function(function) => Some(Interface {
                package: String::new(),
                name: function.name.clone(),
                version: None,
                functions: BTreeMap::from([(function.name.clone(), signature(resolve, function))]),
            }),
            WorldItem::Type { .. } => None,
        })
        .collect()
}

fn interface(resolve: &Resolve, key: &WorldKey, id: InterfaceId) -> Option<Interface> {
    let interface = resolve.interfaces.get(id)?;
    let functions = interface
        .functions
        .iter()
        .map(|(name, function)| (name.clone(), signature(resolve, function)))
        .collect();
    let package = interface.package.and_then(|package| resolve.packages.get(package));
    Some(match (package, &interface.name) {
        (Some(package), Some(name)) => Interface {
            package: format!("{}:{}", package.name.namespace, package.name.name),
            name: name.clone(),
            version: package.name.version.clone(),
            functions,
        },
        _ => Interface {
            package: String::new(),
            name: resolve.name_world_key(key),
            version: None,
            functions,
        },
    })
}

/// A function's parameters and result, with every type written out down to primitives; resources by their name.
fn signature(resolve: &Resolve, function: &wit_parser::Function) -> String {
    let mut text = String::from("func(");
    separated(&mut text, &function.params, |text, param| {
        write_type(resolve, &param.ty, text)
    });
    text.push(')');
    if let Some(result) = &function.result {
        text.push_str(" -> ");
        write_type(resolve, result, &mut text);
    }
    text
}

fn write_type(resolve: &Resolve, ty: &Type, text: &mut String) {
    if text.len() > SIGNATURE_MAX_BYTES {
        text.push('…');
        return;
    }
    let primitive = match ty {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
        Type::Id(id) => return write_defined(resolve, *id, text),
    };
    text.push_str(primitive);
}

fn write_defined(resolve: &Resolve, id: wit_parser::TypeId, text: &mut String) {
    let Some(definition) = resolve.types.get(id) else {
        text.push('?');
        return;
    };
    let optional = |text: &mut String, ty: &Option<Type>| match ty {
        Some(ty) => write_type(resolve, ty, text),
        None => text.push('_'),
    };
    match &definition.kind {
        TypeDefKind::Type(ty) => write_type(resolve, ty, text),
        TypeDefKind::Resource | TypeDefKind::Unknown => text.push_str(definition.name.as_deref().unwrap_or("?")),
        TypeDefKind::Handle(Handle::Own(id)) => write_defined(resolve, *id, text),
        TypeDefKind::Handle(Handle::Borrow(id)) => wrapped(text, "borrow", |text| write_defined(resolve, *id, text)),
        TypeDefKind::Option(ty) => wrapped(text, "option", |text| write_type(resolve, ty, text)),
        TypeDefKind::List(ty) => wrapped(text, "list", |text| write_type(resolve, ty, text)),
        TypeDefKind::FixedLengthList(ty, length) => wrapped(text, "list", |text| {
            write_type(resolve, ty, text);
            text.push_str(&format!(", {length}"));
        }),
        TypeDefKind::Map(key, value) => wrapped(text, "map", |text| {
            write_type(resolve, key, text);
            text.push_str(", ");
            write_type(resolve, value, text);
        }),
        TypeDefKind::Result(result) => wrapped(text, "result", |text| {
            optional(text, &result.ok);
            text.push_str(", ");
            optional(text, &result.err);
        }),
        TypeDefKind::Future(ty) => wrapped(text, "future", |text| optional(text, ty)),
        TypeDefKind::Stream(ty) => wrapped(text, "stream", |text| optional(text, ty)),
        TypeDefKind::Tuple(tuple) => wrapped(text, "tuple", |text| {
            separated(text, &tuple.types, |text, ty| write_type(resolve, ty, text));
        }),
        TypeDefKind::Record(record) => braced(text, "record", &record.fields, |text, field| {
            text.push_str(&field.name);
            text.push_str(": ");
            write_type(resolve, &field.ty, text);
        }),
        TypeDefKind::Variant(variant) => braced(text, "variant", &variant.cases, |text, case| {
            text.push_str(&case.name);
            if let Some(ty) = &case.ty {
                text.push('(');
                write_type(resolve, ty, text);
                text.push(')');
            }
        }),
        TypeDefKind::Enum(list) => braced(text, "enum", &list.cases, |text, case| text.push_str(&case.name)),
        TypeDefKind::Flags(flags) => braced(text, "flags", &flags.flags, |text, flag| text.push_str(&flag.name)),
    }
}

fn wrapped(text: &mut String, name: &str, inside: impl FnOnce(&mut String)) {
    text.push_str(name);
    text.push('<');
    inside(text);
    text.push('>');
}

fn braced<T>(text: &mut String, name: &str, items: &[T], write: impl Fn(&mut String, &T)) {
    text.push_str(name);
    text.push_str(" { ");
    separated(text, items, write);
    text.push_str(" }");
}

fn separated<T>(text: &mut String, items: &[T], write: impl Fn(&mut String, &T)) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        write(text, item);
    }
}
