//! The Rust target: whether it is installed, and installing it.

use std::path::{Path, PathBuf};

use super::{BuildError, BuildPlan, TARGET, tool};
use crate::events::{Event, Sink};

/// Before a first build: installs the target if it is missing. To ask rustc costs some 20 ms, so that nothing is asked when
/// cargo seems to have made something for it already; if it has not, that is found when it fails.
pub(super) fn before(plan: &BuildPlan, sink: &Sink) -> Result<(), BuildError> {
    let usual = plan.root.join("target");
    let chosen = plan
        .environment
        .get("CARGO_TARGET_DIR")
        .map(|folder| plan.root.join(folder));
    let used = |folder: PathBuf| folder.join(TARGET).is_dir();
    if !used(usual) && !chosen.is_some_and(used) {
        install_if_missing(plan, sink)?;
    }
    Ok(())
}

/// Installs the target with rustup if it is missing, and says whether it was.
pub(super) fn install_if_missing(plan: &BuildPlan, sink: &Sink) -> Result<bool, BuildError> {
    if installed(plan) {
        return Ok(false);
    }
    if matches!(tool::ask(plan, "rustup", &["--version"]), Err(BuildError::NoTool(_))) {
        return Err(BuildError::NoTarget { rustup: false });
    }
    sink(Event::Step {
        verb: "Installing".into(),
        message: format!("the Rust target `{TARGET}`, with `rustup target add {TARGET}`"),
    });
    let status = tool::run(plan, sink, "rustup", &["target", "add", TARGET], |_| {})?;
    match status.success() && installed(plan) {
        true => Ok(true),
        false => Err(BuildError::NoTarget { rustup: true }),
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
