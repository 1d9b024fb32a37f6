//! Slightfile × component × catalogue → every problem, before anything runs.
//!
//! *Invariant:* [`validate`] is a pure function. It reads nothing, asks no service, and knows nothing of terminals. What
//! a file says by itself is checked by `slightfile`; what it means beside the catalogue and a component, here.

mod imports;
mod interfaces;
pub mod module;
mod names;
mod resources;
pub mod schema;
mod shapes;
mod world;

pub use crate::slightfile::{Diagnostic, Edit, Fix, Label, Severity, codes};
pub use imports::is_hosted;
pub use world::{COMPONENT_MAX_BYTES, Interface, World, WorldError};

use crate::catalogue::Catalogue;
use crate::slightfile::{Slightfile, sort};

/// What a component is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Artifact {
    /// It is run.
    App,
    /// It holds tests, and may use `slight:testing`.
    Test,
}

/// Finds every problem between a slightfile, a component's world (when there is one) and the catalogue.
#[must_use]
pub fn validate(
    slightfile: &Slightfile,
    world: Option<&World>,
    catalogue: &Catalogue,
    artifact: Artifact,
) -> Vec<Diagnostic> {
    let mut found = resources::check(slightfile, catalogue);
    if let Some(world) = world {
        found.extend(imports::check(slightfile, world, catalogue, artifact));
    }
    sort(&mut found);
    found
}

/// What is told about a file that has no world.
#[must_use]
pub fn explain(source_name: &str, error: &WorldError) -> Diagnostic {
    match error {
        WorldError::SlightModule => {
            Diagnostic::error(codes::SLIGHT_MODULE, format!("`{source_name}` {error}")).hint(module::SLIGHTS_HINT)
        }
        WorldError::CoreModule => Diagnostic::error(codes::CORE_MODULE, format!("`{source_name}`: {error}"))
            .hint("`slt build` writes a component to `dist/`; with cargo alone, build for the target wasm32-wasip2"),
        WorldError::WitPackage => Diagnostic::error(codes::WIT_PACKAGE, format!("`{source_name}`: {error}"))
            .hint("give the component that implements them; `slt build` writes one to `dist/`"),
        WorldError::NoWorld(_) => Diagnostic::error(codes::WIT_INVALID, format!("`{source_name}`: {error}"))
            .hint("write one world, or call the application's as the slightfile calls the application"),
        WorldError::Corrupt(_) | WorldError::TooLarge(_) => Diagnostic::error(
            codes::WASM_CORRUPT,
            format!("`{source_name}` is not a component: {error}"),
        )
        .hint("build it again with `slt build`, or copy it again from where it came"),
    }
}

#[cfg(test)]
mod tests;
