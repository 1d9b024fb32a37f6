//! From what a compiler made to a component that says what it is. Pure: bytes in, bytes out.
//!
//! Compilers for [`TARGET`](super::TARGET) make components themselves. A core module is taken if its world is embedded in it; where it
//! calls WASI 0.1, an adapter stands between: one for commands, which have `_start`, and one for what has functions to be called.

use std::borrow::Cow;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasm_encoder::{ComponentSection, CustomSection};
use wasm_metadata::{AddMetadata, AddMetadataField};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use super::About;
use crate::project::Worlds;
use crate::validate::{World, WorldError, module};

/// How every WebAssembly binary begins.
const MAGIC: &[u8] = b"\0asm";
/// What follows in a component: version 13, layer 1.
const COMPONENT: &[u8] = &[0x0d, 0x00, 0x01, 0x00];

/// Why bytes can't become a component. Follows the file's name.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// Something else.
    #[error("is no WebAssembly")]
    NotWasm,
    /// A WIT package in binary form.
    #[error("holds WIT, and no component")]
    Wit,
    /// A core module of slight's old ABI.
    #[error("{}", module::SLIGHTS)]
    Slight,
    /// A core module whose exports are wrapped so that they end the program's output.
    #[error("was linked with an old WASI libc: each call of an export would close its standard output")]
    OldLibc,
    /// A core module that does not have what its world exports.
    #[error("does not have what its world exports: {0}")]
    Unimplemented(String),
    /// A core module whose component would export nothing.
    #[error("exports nothing: it has neither `_start` nor a function of its world")]
    NoExports,
    /// A core module without its world.
    #[error("is a core module, and no world is embedded in it")]
    NoWorld,
    /// A core module that does not fit its world.
    #[error("is a core module that can't be made a component: {0}")]
    Encode(String),
    /// Malformed.
    #[error("is no valid component: {0}")]
    Invalid(String),
}

impl ComponentError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Slight => Some(module::SLIGHTS_HINT.to_owned()),
            Self::NoWorld => Some(format!(
                "in Rust, compile for `{}`, whose output is a component; in C, link the object file that `wit-bindgen` makes",
                super::TARGET
            )),
            Self::OldLibc => Some(
                "link with `-nostartfiles` and a `_start` that calls `__wasm_call_ctors` once, as `slt build` does for C, or with \
                 the libc of a WASI SDK"
                    .to_owned(),
            ),
            Self::NoExports => Some(
                "a command is linked with a `main`; what is called is linked with `-mexec-model=reactor` and exports the functions \
                 of its world"
                    .to_owned(),
            ),
            Self::Unimplemented(_) => {
                Some("the world in `wit/` and the code have to say the same; generate the bindings again".to_owned())
            }
            Self::NotWasm | Self::Wit | Self::Encode(_) | Self::Invalid(_) => None,
        }
    }
}

/// Whether bytes begin as a component does.
#[must_use]
pub fn is_component(bytes: &[u8]) -> bool {
    bytes
        .strip_prefix(MAGIC)
        .is_some_and(|rest| rest.starts_with(COMPONENT))
}

/// How much of a core module that says where its code comes from is left out of the component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stripped {
    /// Nothing: traps name their functions.
    Nothing,
    /// The names of functions, and what debuggers read.
    All,
}

/// Makes a component of `bytes` if they are none, validates it, and has it say what it is.
pub(super) fn finish(bytes: &[u8], about: &About, revision: Option<&str>) -> Result<Vec<u8>, ComponentError> {
    let component = componentize(bytes, None)?;
    world(&component)?;
    describe(&component, about, revision)
}

/// A component of `bytes`: they are one, or a core module that can be made one. A module in which no world is embedded is taken to be
/// of the application's world.
pub(super) fn componentize<'a>(bytes: &'a [u8], worlds: Option<&Worlds>) -> Result<Cow<'a, [u8]>, ComponentError> {
    if is_component(bytes) {
        return Ok(Cow::Borrowed(bytes));
    }
    if !module::is_core(bytes) {
        return Err(ComponentError::NotWasm);
    }
    match (of_module(bytes, Stripped::Nothing), worlds) {
        (Err(ComponentError::NoWorld), Some(worlds)) => {
            let mut module = bytes.to_vec();
            let encoding = StringEncoding::UTF8;
            embed_component_metadata(&mut module, &worlds.resolve, worlds.app, encoding, false)
                .map_err(|error| ComponentError::Invalid(format!("{error:#}")))?;
            of_module(&module, Stripped::Nothing)
        }
        (made, _) => made,
    }
    .map(Cow::Owned)
}

/// Makes a component of a core module.
pub(super) fn of_module(bytes: &[u8], stripped: Stripped) -> Result<Vec<u8>, ComponentError> {
    let invalid = |error: wasmparser::BinaryReaderError| ComponentError::Invalid(error.to_string());
    module::is_whole(bytes).map_err(invalid)?;
    if module::is_slights(bytes) {
        return Err(ComponentError::Slight);
    }
    if module::wraps_exports(bytes) {
        return Err(ComponentError::OldLibc);
    }
    if module::embedded_world(bytes).map_err(invalid)?.is_none() {
        return Err(ComponentError::NoWorld);
    }
    let stripped = match stripped {
        Stripped::Nothing => Cow::Borrowed(bytes),
        Stripped::All => Cow::Owned(module::stripped(bytes).map_err(invalid)?),
    };
    let adapter = match module::exports(bytes, "_start") {
        true => WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
        false => WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
    };
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    let component = encoder
        .module(&stripped)
        .and_then(|encoder| encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter))
        .and_then(ComponentEncoder::encode)
        .map_err(|error| refused(&format!("{error:#}")))?;
    // an adapter for reactors takes a command without a word
    match world(&component)?.exports.is_empty() {
        true => Err(ComponentError::NoExports),
        false => Ok(component),
    }
}

/// What the encoder says of a module that it does not take, without what it says of each.
fn refused(reason: &str) -> ComponentError {
    const EACH: &str = "failed to decode world from module: module was not valid: ";
    const MISSING: &str = "failed to find export of ";
    let reason = reason.strip_prefix(EACH).unwrap_or(reason);
    match reason.strip_prefix(MISSING) {
        Some(what) => ComponentError::Unimplemented(what.to_owned()),
        None => ComponentError::Encode(reason.to_owned()),
    }
}

/// What a component imports and exports, which takes its whole structure to be right.
fn world(component: &[u8]) -> Result<World, ComponentError> {
    World::from_component(component).map_err(|error| match error {
        WorldError::WitPackage => ComponentError::Wit,
        WorldError::SlightModule => ComponentError::Slight,
        _ if !is_wasm(component) => ComponentError::NotWasm,
        error => ComponentError::Invalid(error.to_string()),
    })
}

/// Whether bytes begin as a component or a core module does.
fn is_wasm(bytes: &[u8]) -> bool {
    is_component(bytes) || module::is_core(bytes)
}

/// Name and tools in the sections of the tool conventions; version and revision in those that OCI tools read
/// (<https://github.com/WebAssembly/tool-conventions/blob/main/Metadata.md>).
fn describe(component: &[u8], about: &About, revision: Option<&str>) -> Result<Vec<u8>, ComponentError> {
    let mut metadata = AddMetadata::default();
    metadata.name = AddMetadataField::Set(about.name.clone());
    metadata
        .processed_by
        .push(("slt".into(), env!("CARGO_PKG_VERSION").into()));
    let mut described = metadata
        .to_wasm(component)
        .map_err(|error| ComponentError::Invalid(format!("{error:#}")))?;
    let fields = [("version", Some(about.version.as_str())), ("revision", revision)];
    for (name, value) in fields.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        let section = CustomSection {
            name: name.into(),
            data: value.as_bytes().into(),
        };
        section.append_to_component(&mut described);
    }
    Ok(described)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What follows in a core module: version 1, layer 0.
    const MODULE: &[u8] = &[0x01, 0x00, 0x00, 0x00];

    /// The module that a WASI 0.1 guest imports.
    const PREVIEW1: &str = WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;

    fn finished(bytes: &[u8]) -> Result<Vec<u8>, ComponentError> {
        let about = About {
            name: "orders".into(),
            version: "1.2.3".into(),
        };
        finish(bytes, &about, Some("c0ffee"))
    }

    /// The smallest component: its header.
    fn empty() -> Vec<u8> {
        [MAGIC, COMPONENT].concat()
    }

    #[test]
    fn a_component_says_what_it_is() {
        let component = finished(&empty()).unwrap();
        assert!(is_component(&component));
        let has = |section: &str, value: &str| {
            let text = [&[section.len() as u8], section.as_bytes(), value.as_bytes()].concat();
            component.windows(text.len()).any(|window| window == text)
        };
        assert!(has("version", "1.2.3"));
        assert!(has("revision", "c0ffee"));
        let name = b"\x0ecomponent-name\x00\x07\x06orders";
        assert!(component.windows(name.len()).any(|window| window == name));
        let producers = wasm_metadata::Producers::from_wasm(&component).unwrap().unwrap();
        let tools = producers.get("processed-by").unwrap();
        assert_eq!(tools.get("slt").unwrap(), env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn what_is_no_component_is_refused() {
        // (module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32))))
        let mut preview1 = [MAGIC, MODULE].concat();
        preview1.extend([1, 5, 1, 0x60, 0, 1, 0x7f]);
        preview1.extend([2, 38, 1, 22]);
        preview1.extend(PREVIEW1.as_bytes());
        preview1.extend([11]);
        preview1.extend(b"sched_yield");
        preview1.extend([0, 0]);
        // (module (import "a" "b" (func (result i32))))
        let mut foreign = [MAGIC, MODULE].concat();
        foreign.extend([1, 5, 1, 0x60, 0, 1, 0x7f]);
        foreign.extend([2, 7, 1, 1, b'a', 1, b'b', 0, 0]);
        // (module (import "canonical_abi" "b" (func (result i32))))
        let mut slights = [MAGIC, MODULE].concat();
        slights.extend([1, 5, 1, 0x60, 0, 1, 0x7f]);
        slights.extend([2, 19, 1, 13]);
        slights.extend(b"canonical_abi");
        slights.extend([1, b'b', 0, 0]);
        let check = |bytes: &[u8], expected: &str| {
            let message = finished(bytes).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        };
        check(b"", "is no WebAssembly");
        check(b"#!/bin/sh", "is no WebAssembly");
        check(b"\0asm\x02\0\0\0", "is no WebAssembly");
        check(&preview1, "is a core module, and no world is embedded in it");
        check(&slights, "was made for slight ≤ 0.5: ");
        check(&foreign, "is a core module, and no world is embedded in it");
        check(
            &[MAGIC, MODULE].concat(),
            "is a core module, and no world is embedded in it",
        );
        check(&[empty(), vec![1, 200, 1]].concat(), "is no valid component: ");
    }

    /// A core module in text, with the world `w` of this WIT embedded.
    fn module(wit: &str, text: &str) -> Vec<u8> {
        let mut resolve = wit_parser::Resolve::default();
        let package = resolve.push_str("w.wit", wit).unwrap();
        let world = resolve.select_world(&[package], Some("w")).unwrap();
        let mut module = wat::parse_str(text).unwrap();
        let encoding = wit_component::StringEncoding::UTF8;
        wit_component::embed_component_metadata(&mut module, &resolve, world, encoding, false).unwrap();
        module
    }

    const CALLED: &str = "package a:b; world w { export add: func(a: u32) -> u32; }";
    const NOTHING: &str = "package a:b; world w {}";
    const ADD: &str =
        "(module (memory (export \"memory\") 1) (func $add (export \"add\") (param i32) (result i32) local.get 0))";
    const START: &str = "(module (memory (export \"memory\") 1) (func (export \"_start\")))";

    #[test]
    fn modules_become_components() {
        for (wit, text, exports) in [
            (CALLED, ADD, "add"),
            (NOTHING, START, "run"),
            // a test program has both: its `main`, and what its application exports
            (
                CALLED,
                &ADD.replace("local.get 0))", "local.get 0) (func (export \"_start\")))"),
                "add run",
            ),
        ] {
            let component = of_module(&module(wit, text), Stripped::Nothing).unwrap();
            let names: Vec<_> = world(&component).unwrap().exports.into_iter().map(|i| i.name).collect();
            assert_eq!(names.join(" "), exports, "{text}");
        }
        // without the names of its functions it is the same component, and smaller
        let module = module(CALLED, ADD);
        let [all, stripped] = [Stripped::Nothing, Stripped::All].map(|what| of_module(&module, what).unwrap());
        assert!(stripped.len() < all.len());
        assert_eq!(world(&all).unwrap(), world(&stripped).unwrap());
    }

    #[test]
    fn modules_that_are_linked_wrongly() {
        let wrapped = "(module (memory (export \"memory\") 1) (func $cabi_realloc.command_export (export \"cabi_realloc\") \
                       (param i32 i32 i32 i32) (result i32) i32.const 0) (func (export \"_start\")))";
        let mut shown = String::new();
        for (what, wit, text) in [
            ("an old WASI libc", NOTHING, wrapped),
            ("a command where functions are called", CALLED, START),
            ("functions where nothing is called", NOTHING, ADD),
            ("another type", CALLED, "(module (func (export \"add\")))"),
            (
                "an import that no world has",
                NOTHING,
                "(module (import \"a\" \"b\" (func)) (func (export \"_start\")))",
            ),
        ] {
            let error = of_module(&module(wit, text), Stripped::Nothing).unwrap_err();
            shown.push_str(&format!(
                "{what}: `x.wasm` {error}\n  hint: {}\n",
                error.hint().unwrap_or_default()
            ));
        }
        insta::assert_snapshot!(shown);
    }
}
