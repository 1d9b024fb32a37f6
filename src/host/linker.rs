//! A linker for one component, made from its decoded imports.
//!
//! What is linked is what the component asks for: an interface in the shape that its types show. A name that nobody
//! hosts is an error that says why, before anything is instantiated.

use wasmtime::Engine;
use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{Component, Linker, Type};

use super::adapters;
use super::engine::LoadError;
use super::guest::{Guest, plain};

/// The packages that wasmtime-wasi hosts, in any 0.2 version.
const WASI: [&str; 6] = [
    "wasi:cli/",
    "wasi:io/",
    "wasi:clocks/",
    "wasi:random/",
    "wasi:filesystem/",
    "wasi:sockets/",
];

/// The version of `wasi:keyvalue` that is hosted; two shapes were published under it.
const KEYVALUE_VERSION: &str = "0.2.0-draft";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Unsigned,
    Text,
}

#[derive(Default)]
struct Wanted {
    http: bool,
    testing: bool,
    keyvalue: bool,
    compat: bool,
    shape: Option<Shape>,
}

/// Links what `component` imports.
pub(super) fn of(engine: &Engine, component: &Component, testing: bool) -> Result<Linker<Guest>, LoadError> {
    let wanted = wanted(engine, component, testing)?;
    let mut linker = Linker::new(engine);
    add(&mut linker, &wanted).map_err(|error| LoadError::Engine(plain(&error)))?;
    Ok(linker)
}

fn add(linker: &mut Linker<Guest>, wanted: &Wanted) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    linker.allow_shadowing(true);
    adapters::clocks::add_to_linker(linker)?;
    linker.allow_shadowing(false);
    if wanted.http {
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    }
    if wanted.keyvalue {
        match wanted.shape.unwrap_or(Shape::Unsigned) {
            Shape::Unsigned => adapters::add_keyvalue_u64(linker)?,
            Shape::Text => adapters::add_keyvalue_string(linker)?,
        }
    }
    if wanted.compat {
        adapters::add_keyvalue_compat(linker)?;
    }
    if wanted.testing {
        adapters::testing::add_to_linker(linker)?;
    }
    Ok(())
}

fn wanted(engine: &Engine, component: &Component, testing: bool) -> Result<Wanted, LoadError> {
    let mut wanted = Wanted::default();
    for (name, item) in component.component_type().imports(engine) {
        let refused = |why: &str| {
            Err(LoadError::Import {
                import: name.to_owned(),
                why: why.to_owned(),
            })
        };
        let version = name.split_once('@').map_or("", |(_, version)| version);
        if WASI.iter().any(|package| name.starts_with(package)) {
            if !version.starts_with("0.2.") {
                return refused("is not hosted in this version: slt hosts WASI 0.2");
            }
        } else if name.starts_with("wasi:http/") {
            if !version.starts_with("0.2.") {
                return refused("is not hosted in this version: slt hosts WASI 0.2");
            }
            wanted.http = true;
        } else if name.starts_with("wasi:keyvalue/") {
            if version != KEYVALUE_VERSION {
                return refused("is not hosted in this version: slt hosts wasi:keyvalue@0.2.0-draft");
            }
            wanted.keyvalue = true;
            if let ComponentItem::ComponentInstance(instance) = &item.ty {
                wanted.learn(engine, name, instance)?;
            }
        } else if name.starts_with("slight:keyvalue/compat@") {
            if !version.starts_with("0.1.") {
                return refused("is not hosted in this version: slt hosts slight:keyvalue 0.1");
            }
            wanted.compat = true;
        } else if name.starts_with("slight:testing/") {
            if !testing {
                return refused("is there only under `slt test`");
            }
            wanted.testing = true;
        } else {
            return refused("no capability of slt provides");
        }
    }
    Ok(wanted)
}

impl Wanted {
    /// Learns the shape from the functions that the component uses; where they do not tell, any shape serves.
    fn learn(&mut self, engine: &Engine, import: &str, instance: &ComponentInstance) -> Result<(), LoadError> {
        for (function, item) in instance.exports(engine) {
            let ComponentItem::ComponentFunc(function_type) = &item.ty else {
                continue;
            };
            let Some((_, last)) = function_type.params().last() else {
                continue;
            };
            let shape = match (function, &last) {
                ("[method]bucket.list-keys", Type::Option(cursor)) => match cursor.ty() {
                    Type::U64 => Shape::Unsigned,
                    Type::String => Shape::Text,
                    _ => return Err(unknown_shape(import)),
                },
                ("increment", Type::U64) => Shape::Unsigned,
                ("increment", Type::S64) => Shape::Text,
                ("[method]bucket.list-keys" | "increment", _) => return Err(unknown_shape(import)),
                _ => continue,
            };
            if self.shape.replace(shape).is_some_and(|earlier| earlier != shape) {
                return Err(unknown_shape(import));
            }
        }
        Ok(())
    }
}

fn unknown_shape(import: &str) -> LoadError {
    let why = "has a shape that slt does not host: it hosts the one with a `u64` cursor and `u64` numbers, and the one \
               with a `string` cursor and `s64` numbers";
    LoadError::Import {
        import: import.to_owned(),
        why: why.to_owned(),
    }
}
