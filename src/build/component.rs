//! From what a compiler made to a component that says what it is. Pure: bytes in, bytes out.
//!
//! Compilers for [`TARGET`](super::TARGET) make components themselves. A core module is taken if its world is embedded in it
//! and it needs no adapter for WASI 0.1.

use std::borrow::Cow;

use wasm_encoder::{ComponentSection, CustomSection};
use wasm_metadata::{AddMetadata, AddMetadataField};
use wit_component::ComponentEncoder;
use wit_parser::decoding::{DecodedWasm, decode};

use super::About;
use crate::validate::module;

/// How every WebAssembly binary begins.
const MAGIC: &[u8] = b"\0asm";
/// What follows in a core module: version 1, layer 0.
const MODULE: &[u8] = &[0x01, 0x00, 0x00, 0x00];
/// What follows in a component: version 13, layer 1.
const COMPONENT: &[u8] = &[0x0d, 0x00, 0x01, 0x00];

/// The module that a WASI 0.1 guest imports.
const PREVIEW1: &str = "wasi_snapshot_preview1";

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
    /// A core module for WASI 0.1.
    #[error("is a core module for WASI 0.1, which is not supported yet")]
    Preview1,
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
            Self::Preview1 | Self::NoWorld => {
                Some(format!("compile for `{}`, whose output is a component", super::TARGET))
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

/// Makes a component of `bytes` if they are none, validates it, and has it say what it is.
pub(super) fn finish(bytes: &[u8], about: &About, revision: Option<&str>) -> Result<Vec<u8>, ComponentError> {
    let component = componentize(bytes)?;
    match decode(&component) {
        Ok(DecodedWasm::Component(..)) => {}
        Ok(DecodedWasm::WitPackage(..)) => return Err(ComponentError::Wit),
        Err(error) => return Err(ComponentError::Invalid(format!("{error:#}"))),
    }
    describe(&component, about, revision)
}

/// A component of `bytes`: they are one, or a core module that can be made one.
pub(super) fn componentize(bytes: &[u8]) -> Result<Cow<'_, [u8]>, ComponentError> {
    let kind = bytes.strip_prefix(MAGIC).ok_or(ComponentError::NotWasm)?;
    if !kind.starts_with(COMPONENT) && !kind.starts_with(MODULE) {
        return Err(ComponentError::NotWasm);
    }
    module::is_whole(bytes).map_err(|error| ComponentError::Invalid(error.to_string()))?;
    if kind.starts_with(COMPONENT) {
        return Ok(Cow::Borrowed(bytes));
    }
    if module::is_slights(bytes) {
        return Err(ComponentError::Slight);
    }
    let (embedded, _) =
        wit_component::metadata::decode(bytes).map_err(|error| ComponentError::Invalid(format!("{error:#}")))?;
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    let encoded = encoder.module(bytes).and_then(ComponentEncoder::encode);
    // one that imports nothing could be made a component without a world: one that offers nothing
    if encoded.is_ok() && embedded.is_none() {
        return Err(ComponentError::NoWorld);
    }
    encoded.map(Cow::Owned).map_err(|error| {
        let reason = format!("{error:#}");
        if reason.contains(PREVIEW1) {
            ComponentError::Preview1
        } else if embedded.is_none() {
            ComponentError::NoWorld
        } else {
            ComponentError::Encode(reason)
        }
    })
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
        check(&preview1, "is a core module for WASI 0.1");
        check(&slights, "was made for slight ≤ 0.5: ");
        check(&foreign, "is a core module, and no world is embedded in it");
        check(
            &[MAGIC, MODULE].concat(),
            "is a core module, and no world is embedded in it",
        );
        check(&[empty(), vec![1, 200, 1]].concat(), "is no valid component: ");
    }
}
