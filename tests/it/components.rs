//! Components made of WIT text and a few lines of WebAssembly text, stored nowhere: for tests about worlds, where a compiled
//! guest would have what its compiler adds.

use std::fmt::Write;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Function, LiftLowerAbi, ManglingAndAbi, Resolve, WasmImport, WorldItem, WorldKey};

/// WASI, as it is vendored.
pub const WASI: &[&str] = &[
    include_str!("../../wit/deps/io.wit"),
    include_str!("../../wit/deps/clocks.wit"),
    include_str!("../../wit/deps/random.wit"),
    include_str!("../../wit/deps/filesystem.wit"),
    include_str!("../../wit/deps/sockets.wit"),
    include_str!("../../wit/deps/cli.wit"),
    include_str!("../../wit/deps/http.wit"),
];

const MANGLING: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

/// A component that imports every function of a world, and exports every one with this body. `texts` are packages, each after
/// those that it names; the world is the only one of the last.
///
/// The body may call what is imported: `$INTERFACE.FUNCTION`. At address 0 of its memory stands `data`; from 1024 on the memory is its own.
pub fn component(texts: &[&str], data: &str, body: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let mut last = None;
    for (index, text) in texts.iter().enumerate() {
        last = Some(resolve.push_str(format!("{index}.wit"), text).unwrap());
    }
    let world = resolve.select_world(&[last.unwrap()], None).unwrap();
    let text = core(&resolve, &resolve.worlds[world], data, body);
    let mut module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    encoder.module(&module).unwrap().encode().unwrap()
}

fn core(resolve: &Resolve, world: &wit_parser::World, data: &str, body: &str) -> String {
    let mut imports = String::new();
    for (key, function) in functions(resolve, &world.imports) {
        let import = WasmImport::Func {
            interface: key,
            func: function,
        };
        let (module, field) = resolve.wasm_import_name(MANGLING, import);
        let interface = module.split('@').next().unwrap().rsplit('/').next().unwrap();
        let signature = signature(resolve, AbiVariant::GuestImport, function);
        writeln!(
            imports,
            "(import {module:?} {field:?} (func $\"{interface}.{}\" {signature}))",
            function.name
        )
        .unwrap();
    }
    let mut exports = String::new();
    for (key, function) in functions(resolve, &world.exports) {
        let interface = key.map(|key| resolve.name_world_key(key));
        let name = function.legacy_core_export_name(interface.as_deref());
        let signature = signature(resolve, AbiVariant::GuestExport, function);
        writeln!(exports, "(func (export {name:?}) {signature} {body})").unwrap();
    }
    format!(
        "(module\n{imports}
         (memory (export \"memory\") 2)
         (data (i32.const 0) {data:?})
         (global $free (mut i32) (i32.const 65536))
         (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32)
            global.get $free
            (global.set $free (i32.and (i32.add (i32.add (global.get $free) (local.get 3)) (i32.const 7)) (i32.const -8))))
         {exports})"
    )
}

fn functions<'a>(
    resolve: &'a Resolve,
    items: impl IntoIterator<Item = (&'a WorldKey, &'a WorldItem)>,
) -> Vec<(Option<&'a WorldKey>, &'a Function)> {
    let of_item = |(key, item): (&'a WorldKey, &'a WorldItem)| match item {
        WorldItem::Interface { id, .. } => {
            let functions = resolve.interfaces[*id].functions.values();
            functions.map(|function| (Some(key), function)).collect()
        }
        WorldItem::Function(function) => vec![(None, function)],
        WorldItem::Type { .. } => Vec::new(),
    };
    items.into_iter().flat_map(of_item).collect()
}

fn signature(resolve: &Resolve, variant: AbiVariant, function: &Function) -> String {
    let signature = resolve.wasm_signature(variant, function);
    let list = |kind: &str, types: &[WasmType]| {
        let types: Vec<&str> = types.iter().map(core_type).collect();
        match types.is_empty() {
            true => String::new(),
            false => format!("({kind} {})", types.join(" ")),
        }
    };
    format!(
        "{} {}",
        list("param", &signature.params),
        list("result", &signature.results)
    )
}

fn core_type(ty: &WasmType) -> &'static str {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}
