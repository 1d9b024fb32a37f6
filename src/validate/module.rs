//! What a core module is: one of slight's, one with its world embedded in it, or neither.
//!
//! Pure: bytes in, an answer out. Only what stands before the code is looked at; the engine validates the rest.

use wasm_encoder::{RawSection, Section};
use wasmparser::{KnownCustom, Linking, Name, Parser, Payload, SymbolFlags, SymbolInfo};

/// How every core module begins: version 1, layer 0.
const HEADER: &[u8] = b"\0asm\x01\0\0\0";

/// The module that guests of slight 0.5 and older import their handles from, and the beginning of what they export
/// (`canonical_abi_realloc`, `canonical_abi_free`).
const SLIGHTS_ABI: &str = "canonical_abi";

/// How the names of the sections begin that describe a module's world.
const WORLD_SECTION: &str = "component-type";

/// What is said of a module of slight's, behind its name.
pub const SLIGHTS: &str = "was made for slight ≤ 0.5: a core module of its old ABI, and no component";

/// The way out of it.
pub const SLIGHTS_HINT: &str =
    "its source has to be built again, against today's WIT worlds; `slt explain SLT0406` says how";

/// Whether each section of a module or component lies within the bytes. What decodes them afterwards makes room for what a section
/// says of its size (up to 4 GiB), or panics on one that is cut short (wit-parser and wit-component 0.262).
///
/// # Errors
/// A section is cut short, or is none.
pub fn is_whole(bytes: &[u8]) -> wasmparser::Result<()> {
    Parser::new(0)
        .parse_all(bytes)
        .try_for_each(|payload| payload.map(drop))
}

/// Whether bytes begin as a core module does.
#[must_use]
pub fn is_core(bytes: &[u8]) -> bool {
    bytes.starts_with(HEADER)
}

/// Whether bytes are a core module that was made for slight 0.5 or older.
#[must_use]
pub fn is_slights(bytes: &[u8]) -> bool {
    is_core(bytes) && names_abi(bytes).unwrap_or(false)
}

fn names_abi(bytes: &[u8]) -> wasmparser::Result<bool> {
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    if import?.module == SLIGHTS_ABI {
                        return Ok(true);
                    }
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    if export?.name.starts_with(SLIGHTS_ABI) {
                        return Ok(true);
                    }
                }
            }
            // imports and exports come before the code
            Payload::CodeSectionStart { .. } => break,
            _ => {}
        }
    }
    Ok(false)
}

/// A module of nothing but the custom sections in which `wit-bindgen` describes the world of a core module; `None`: there
/// are none. What reads them is not handed the rest: wit-component 0.262 panics on a module that is cut short.
///
/// # Errors
/// The bytes are no whole module.
pub fn embedded_world(bytes: &[u8]) -> wasmparser::Result<Option<Vec<u8>>> {
    let mut found = false;
    let mut module = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(bytes) {
        if let Payload::CustomSection(section) = payload?
            && section.name().starts_with(WORLD_SECTION)
        {
            found = true;
            module.section(&wasm_encoder::CustomSection {
                name: section.name().into(),
                data: section.data().into(),
            });
        }
    }
    Ok(found.then(|| module.finish()))
}

/// Whether a core module exports this.
#[must_use]
pub fn exports(bytes: &[u8], name: &str) -> bool {
    payloads(bytes).any(|payload| match payload {
        Payload::ExportSection(exports) => exports.into_iter().flatten().any(|export| export.name == name),
        _ => false,
    })
}

/// Whether the linker wrapped the exports of a core module in calls of constructors and destructors, as it does with a WASI libc that
/// does not call them itself. It is seen by the names of the functions, where they are.
#[must_use]
pub fn wraps_exports(bytes: &[u8]) -> bool {
    const WRAPPED: &str = "cabi_realloc.command_export";
    payloads(bytes).any(|payload| match payload {
        Payload::CustomSection(section) => match section.as_known() {
            KnownCustom::Name(names) => names.into_iter().flatten().any(|name| match name {
                Name::Function(functions) => functions.into_iter().flatten().any(|naming| naming.name == WRAPPED),
                _ => false,
            }),
            _ => false,
        },
        _ => false,
    })
}

/// A core module without the names of its functions, and without what debuggers read.
///
/// # Errors
/// The bytes are no whole module.
pub fn stripped(bytes: &[u8]) -> wasmparser::Result<Vec<u8>> {
    let mut kept = HEADER.to_vec();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        let is_left_out = matches!(&payload, Payload::CustomSection(section)
            if section.name() == "name" || section.name().starts_with(".debug"));
        if let Some((id, range)) = payload.as_section()
            && !is_left_out
            && let (Ok(start), Ok(end)) = (usize::try_from(range.start), usize::try_from(range.end))
            && let Some(content) = bytes.get(start..end)
        {
            RawSection { id, data: content }.append_to(&mut kept);
        }
    }
    Ok(kept)
}

fn payloads(bytes: &[u8]) -> impl Iterator<Item = Payload<'_>> {
    Parser::new(0).parse_all(bytes).map_while(Result::ok)
}

/// Whether an object file defines one of these functions.
#[must_use]
pub fn defines(bytes: &[u8], names: &[&str]) -> bool {
    payloads(bytes).any(|payload| match payload {
        Payload::CustomSection(section) => match section.as_known() {
            KnownCustom::Linking(linking) => linking.subsections().flatten().any(|subsection| match subsection {
                Linking::SymbolTable(symbols) => symbols.into_iter().flatten().any(|symbol| match symbol {
                    SymbolInfo::Func { flags, name, .. } => {
                        !flags.contains(SymbolFlags::UNDEFINED) && name.is_some_and(|name| names.contains(&name))
                    }
                    _ => false,
                }),
                _ => false,
            }),
            _ => false,
        },
        _ => false,
    })
}

/// Whether a core module has a custom section of this name.
#[must_use]
pub fn has_section(bytes: &[u8], name: &str) -> bool {
    payloads(bytes).any(|payload| matches!(payload, Payload::CustomSection(section) if section.name() == name))
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection, Module,
        TypeSection, ValType,
    };

    use super::*;

    /// A module that imports this function and exports one under this name.
    fn module(imports: (&str, &str), exports: &str) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([ValType::I32], []);
        let mut importing = ImportSection::new();
        importing.import(imports.0, imports.1, EntityType::Function(0));
        let mut functions = FunctionSection::new();
        functions.function(0);
        let mut exporting = ExportSection::new();
        exporting.export(exports, ExportKind::Func, 1);
        let mut code = CodeSection::new();
        let mut body = Function::new([]);
        body.instructions().end();
        code.function(&body);
        let mut module = Module::new();
        module.section(&types).section(&importing).section(&functions);
        module.section(&exporting).section(&code);
        module.finish()
    }

    #[test]
    fn slights_are_told_by_what_they_import_and_export() {
        for (imports, exports, expected) in [
            (("canonical_abi", "resource_drop_keyvalue"), "_start", true),
            (("keyvalue", "keyvalue::open"), "canonical_abi_realloc", true),
            (("keyvalue", "keyvalue::open"), "canonical_abi_free", true),
            (("wasi_snapshot_preview1", "fd_close"), "_start", false),
            (("a", "canonical_abi"), "cabi_realloc", false),
        ] {
            let bytes = module(imports, exports);
            assert_eq!(is_slights(&bytes), expected, "{imports:?} {exports}");
            let component = [b"\0asm\x0d\0\x01\0", &bytes[8..]].concat();
            assert!(!is_slights(&component));
            // however it is cut, it is no panic
            for end in 0..bytes.len() {
                let _ = is_slights(&bytes[..end]);
            }
        }
    }
}
