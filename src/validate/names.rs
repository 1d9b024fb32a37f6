//! Functions that are named as interfaces are: `export wasi:cli/run@0.2.12: func()`. The binary format allows them, WIT has no way to
//! write them, and `wit-parser` 0.262 panics on one. They are found here, before it sees them.

use wasmparser::{
    ComponentExternalKind, ComponentType, ComponentTypeDeclaration, ComponentTypeRef, InstanceTypeDeclaration, Parser,
    Payload,
};

/// The name of the first such function, wherever in the component it stands.
///
/// # Errors
/// The bytes are no whole component.
pub fn function_named_as_an_interface(bytes: &[u8]) -> wasmparser::Result<Option<&str>> {
    for payload in Parser::new(0).parse_all(bytes) {
        let found = match payload? {
            Payload::ComponentImportSection(imports) => {
                let imports: Vec<_> = imports.into_iter().collect::<wasmparser::Result<_>>()?;
                imports.iter().find_map(|import| function(import.name.name, import.ty))
            }
            Payload::ComponentExportSection(exports) => {
                let exports: Vec<_> = exports.into_iter().collect::<wasmparser::Result<_>>()?;
                exports.iter().find_map(|export| match export.kind {
                    ComponentExternalKind::Func => interface(export.name.name),
                    _ => None,
                })
            }
            Payload::ComponentTypeSection(types) => {
                let types: Vec<_> = types.into_iter().collect::<wasmparser::Result<_>>()?;
                types.iter().find_map(within)
            }
            _ => None,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Those in the type of an instance or a component. `wasmparser` bounds how deep they lie in each other.
fn within<'a>(ty: &ComponentType<'a>) -> Option<&'a str> {
    match ty {
        ComponentType::Component(declarations) => declarations.iter().find_map(|declaration| match declaration {
            ComponentTypeDeclaration::Type(ty) => within(ty),
            ComponentTypeDeclaration::Export { name, ty } => function(name.name, *ty),
            ComponentTypeDeclaration::Import(import) => function(import.name.name, import.ty),
            _ => None,
        }),
        ComponentType::Instance(declarations) => declarations.iter().find_map(|declaration| match declaration {
            InstanceTypeDeclaration::Type(ty) => within(ty),
            InstanceTypeDeclaration::Export { name, ty } => function(name.name, *ty),
            _ => None,
        }),
        _ => None,
    }
}

fn function(name: &str, ty: ComponentTypeRef) -> Option<&str> {
    matches!(ty, ComponentTypeRef::Func(_))
        .then(|| interface(name))
        .flatten()
}

/// A name with a package in it.
fn interface(name: &str) -> Option<&str> {
    name.contains(':').then_some(name)
}
