//! A component's imports and exports beside what slt hosts: packages, interfaces, versions, shapes.
//!
//! It says what could never be linked or called, whatever a slightfile offers; that is `imports`'s.

use std::collections::BTreeSet;

use super::imports::{is_hosted, row};
use super::shapes::{Direction, Misfit, Shapes, Told, shown};
use super::{Artifact, Interface, World};
use crate::catalogue::Catalogue;
use crate::slightfile::{Diagnostic, codes, nearest};

/// What every component gets without asking in the slightfile.
const ALWAYS: &[&str] = &[
    "wasi:cli",
    "wasi:clocks",
    "wasi:filesystem",
    "wasi:http",
    "wasi:io",
    "wasi:random",
    "wasi:sockets",
];

/// The version of [`ALWAYS`]: every 0.2.x.
const ALWAYS_VERSIONS: &[&str] = &["0.2.0"];

const TESTING: &str = "slight:testing";
const TESTING_VERSIONS: &[&str] = &["0.1.0"];

/// Finds every interface that is not hosted as the component has it.
pub fn check(world: &World, catalogue: &Catalogue, artifact: Artifact) -> Vec<Diagnostic> {
    let shapes = Shapes::hosted();
    let imports = world.imports.iter().flat_map(|import| match import.package.as_str() {
        TESTING if artifact == Artifact::App => vec![testing_outside_tests(import)],
        TESTING => always(import, TESTING_VERSIONS, &shapes),
        package if ALWAYS.contains(&package) => always(import, ALWAYS_VERSIONS, &shapes),
        _ => provided(import, catalogue, &shapes),
    });
    let exports = world
        .exports
        .iter()
        .flat_map(|export| called(export, catalogue, &shapes));
    let mut found: Vec<_> = imports.chain(exports).collect();
    found.extend(mixed(world, &shapes));
    found
}

/// An import that needs no entry in a slightfile.
fn always(import: &Interface, versions: &[&str], shapes: &Shapes) -> Vec<Diagnostic> {
    if let Some(problem) = unhosted_version(import, versions, Direction::Import) {
        return vec![problem];
    }
    let interfaces = shapes.interfaces(&import.package, Direction::Import);
    match interfaces.contains(&import.name.as_str()) {
        true => misfits(import, Direction::Import, shapes),
        false => vec![unknown(import, &interfaces)],
    }
}

/// An import that a capability must provide.
fn provided(import: &Interface, catalogue: &Catalogue, shapes: &Shapes) -> Vec<Diagnostic> {
    let Some((_, hosted)) = row(import, catalogue, |capability| capability.imports) else {
        let others: Vec<_> = catalogue
            .capabilities
            .iter()
            .flat_map(|capability| capability.imports)
            .filter(|hosted| hosted.package == import.package)
            .map(|hosted| hosted.interface)
            .collect();
        return vec![unknown(import, &others)];
    };
    match unhosted_version(import, hosted.versions, Direction::Import) {
        Some(problem) => vec![problem],
        None => misfits(import, Direction::Import, shapes),
    }
}

/// An export that slt would call. Of others there is nothing to say.
fn called(export: &Interface, catalogue: &Catalogue, shapes: &Shapes) -> Vec<Diagnostic> {
    let of_capability = row(export, catalogue, |capability| capability.exports).map(|(_, hosted)| hosted.versions);
    let interfaces = shapes.interfaces(&export.package, Direction::Export);
    let of_wasi = interfaces.contains(&export.name.as_str()).then_some(ALWAYS_VERSIONS);
    let Some(versions) = of_capability.or(of_wasi) else {
        return Vec::new();
    };
    match unhosted_version(export, versions, Direction::Export) {
        Some(problem) => vec![problem],
        None => misfits(export, Direction::Export, shapes),
    }
}

fn unhosted_version(interface: &Interface, hosted: &[&str], direction: Direction) -> Option<Diagnostic> {
    if is_hosted(interface.version.as_ref(), hosted) {
        return None;
    }
    let hosts: Vec<_> = hosted
        .iter()
        .map(|version| match version.strip_suffix(".0") {
            Some(track) if !version.contains('-') => format!("{track}.x"),
            _ => (*version).to_owned(),
        })
        .collect();
    Some(
        Diagnostic::error(
            codes::VERSION_UNSUPPORTED,
            format!(
                "the component {} `{}`, a version that slt does not host",
                direction.verb(),
                interface.id()
            ),
        )
        .hint(format!(
            "build it against `{}` in version {}",
            interface.package,
            hosts.join(" or ")
        )),
    )
}

fn testing_outside_tests(import: &Interface) -> Diagnostic {
    Diagnostic::error(
        codes::TESTING_OUTSIDE_TESTS,
        format!(
            "the component imports `{}`, which is only there under `slt test`",
            import.id()
        ),
    )
    .hint("import it in a world that only the tests are built for")
}

fn unknown(import: &Interface, others: &[&str]) -> Diagnostic {
    let what = if import.package.is_empty() { "the function " } else { "" };
    let diagnostic = Diagnostic::error(
        codes::IMPORT_UNKNOWN,
        format!(
            "the component imports {what}`{}`, which no capability provides",
            import.id()
        ),
    );
    if let Some(near) = nearest(&import.name, others.iter().copied()) {
        return diagnostic.hint(format!("did you mean `{}/{near}`?", import.package));
    }
    match others.is_empty() {
        true => diagnostic.hint("slt has no host for it: take the import out of the world, or compose the component with one that exports it"),
        false => diagnostic.hint(format!("of `{}`, slt hosts {}", import.package, others.join(", "))),
    }
}

fn misfits(interface: &Interface, direction: Direction, shapes: &Shapes) -> Vec<Diagnostic> {
    let misfits = shapes.misfits(interface, direction);
    misfits.iter().map(|misfit| shape(interface, misfit)).collect()
}

fn shape(interface: &Interface, misfit: &Misfit) -> Diagnostic {
    let function = short(&misfit.function);
    let Some(hosted) = misfit.hosted.first() else {
        let problem = Diagnostic::error(
            codes::SHAPE_UNSUPPORTED,
            format!(
                "`{}` has a function `{function}` that slt does not host",
                interface.id()
            ),
        );
        return match nearest(function, misfit.functions.iter().map(|name| short(name))) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem.hint("no published copy of this version has such a function that slt knows"),
        };
    };
    let (found, first) = shown(&misfit.found, hosted);
    let others = misfit.hosted.iter().skip(1).map(|other| shown(other, &misfit.found).0);
    let hosted: Vec<_> = std::iter::once(first).chain(others).collect();
    Diagnostic::error(
        codes::SHAPE_UNSUPPORTED,
        format!(
            "`{function}` of `{}` has a shape that slt does not host",
            interface.id()
        ),
    )
    .hint(format!(
        "take the WIT text of a copy that slt hosts\n  the component: {found}\n  slt:           {}",
        hosted.join("\n  or:            ")
    ))
}

/// `[method]bucket.list-keys` is `list-keys` to who wrote it.
fn short(function: &str) -> &str {
    function.rsplit('.').next().unwrap_or(function)
}

/// Of a package that was published in several shapes, a component gets one.
fn mixed(world: &World, shapes: &Shapes) -> Vec<Diagnostic> {
    let packages: BTreeSet<_> = world.imports.iter().map(|import| import.package.as_str()).collect();
    packages
        .into_iter()
        .filter_map(|package| {
            let imports: Vec<_> = world
                .imports
                .iter()
                .filter(|import| import.package == package)
                .collect();
            let told = shapes.mixed(&imports, Direction::Import)?;
            let [one, other] = &told;
            let message = format!(
                "`{}` of `{}` and `{}` of `{}` are of two copies of `{package}`, and slt hosts one at a time",
                short(one.function),
                one.interface.id(),
                short(other.function),
                other.interface.id()
            );
            let line = |told: &Told<'_>| format!("\n  {}: {}", short(told.function), told.signature);
            let lines: String = told.iter().map(line).collect();
            Some(
                Diagnostic::error(codes::SHAPE_UNSUPPORTED, message)
                    .hint(format!("take the whole WIT text of one copy{lines}")),
            )
        })
        .collect()
}
