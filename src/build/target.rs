//! The Rust target: whether it is installed, and installing it.

use std::path::Path;

use super::{BuildError, BuildPlan, TARGET, tool};
use crate::events::{Event, Sink};

/// Before a first build: installs the target if it is missing. To ask rustc costs some 20 ms, so that nothing is asked once
/// cargo has made something for it.
pub(super) fn before(plan: &BuildPlan, target_directory: &Path, sink: &Sink) -> Result<(), BuildError> {
    if !target_directory.join(TARGET).is_dir() {
        install_if_missing(plan, sink)?;
    }
    Ok(())
}

/// Installs the target with rustup if it is missing, and says whether it was.
pub(super) fn install_if_missing(plan: &BuildPlan, sink: &Sink) -> Result<bool, BuildError> {
    if installed(plan) {
        return Ok(false);
    }
    sink(Event::Step {
        verb: "Installing".into(),
        message: format!("the Rust target `{TARGET}`, with `rustup target add {TARGET}`"),
    });
    match tool::run(plan, sink, "rustup", &["target", "add", TARGET], |_| {}) {
        Ok(status) if status.success() && installed(plan) => Ok(true),
        Err(BuildError::NoTool(_)) => Err(BuildError::NoTarget { rustup: false }),
        Ok(_) => Err(BuildError::NoTarget { rustup: true }),
        Err(other) => Err(other),
    }
}

/// Whether the compiler of the plan's folder has the target's standard library. One that can't be asked is left to cargo,
/// which says what is wrong with it.
fn installed(plan: &BuildPlan) -> bool {
    match tool::ask(plan, "rustc", &["--print", "target-libdir", "--target", TARGET]) {
        Ok(answer) if answer.status.success() => Path::new(answer.stdout.trim()).is_dir(),
        _ => true,
    }
}
