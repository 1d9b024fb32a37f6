//! A toolchain that slt knows nothing of: the slightfile names a command, and where its component lies.
//!
//! What the command leaves is the user's, and is only read. A core module that it leaves is made a component in a folder of
//! slt's own.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::component::{ComponentError, componentize, is_component};
use super::dist::{self, file};
use super::{BuildError, BuildPlan, BuiltApp, Command, tool};
use crate::events::{Event, Sink};
use crate::project;
use crate::support::hex::hex;

/// slt's own folder in a project, for what no toolchain has a place for.
const OWN: &str = ".slt";

/// Runs the command, if there is one, and finds what it made.
pub(super) fn app(plan: &BuildPlan, command: &Command, sink: &Sink) -> Result<BuiltApp, BuildError> {
    if let Some(line) = &command.line {
        sink(Event::Step {
            verb: "Building".into(),
            message: format!("{} with `{line}`", command.about.name),
        });
        run(plan, line, sink)?;
    }
    if !command.component.is_file() {
        return Err(BuildError::NotMade {
            line: command.line.clone(),
            component: command.component.clone(),
        });
    }
    let stamps = plan.root.join(OWN);
    let bytes = dist::read(&command.component)?;
    Ok(BuiltApp {
        about: command.about.clone(),
        artifact: component(plan, command, &bytes, &stamps)?,
        // tools that make the same from the same give it one time of change for ever
        digest: Some(hex(&Sha256::digest(&bytes))),
        stamps,
        compiled: None,
    })
}

fn run(plan: &BuildPlan, line: &str, sink: &Sink) -> Result<(), BuildError> {
    /// How a shell says that there is no such program: POSIX's, and that of Windows.
    const NOT_FOUND: [i32; 2] = [127, 9009];
    let status = tool::shell(plan, sink, line)?;
    match status.code() {
        Some(0) => Ok(()),
        Some(code) if NOT_FOUND.contains(&code) => Err(BuildError::CommandNotFound(line.to_owned())),
        _ => Err(BuildError::Command(line.to_owned())),
    }
}

/// Where the component lies: what was left, or what was made of it in `own`.
fn component(plan: &BuildPlan, command: &Command, bytes: &[u8], own: &Path) -> Result<PathBuf, BuildError> {
    let left = &command.component;
    if is_component(bytes) {
        return Ok(left.clone());
    }
    let wit = plan.root.join(project::WIT);
    let made = match componentize(bytes, None) {
        Err(ComponentError::NoWorld) if wit.is_dir() => {
            let worlds = project::worlds(&wit, &command.about.name, &plan.root).map_err(BuildError::Wit)?;
            componentize(bytes, Some(&worlds))
        }
        made => made,
    };
    let component = made.map_err(|source| BuildError::Component {
        path: left.clone(),
        source,
    })?;
    if dist::is_same(left, &dist::path(&plan.root, &command.about)) {
        return Err(BuildError::CoreInPlace(left.clone()));
    }
    let path = own.join(format!("{}.wasm", command.about.name));
    dist::create_own(own).map_err(file("create", own))?;
    // what is the same is left as it is, so that what is made from it is not made again
    if !fs::read(&path).is_ok_and(|old| old == *component) {
        dist::replace(&path, &component).map_err(file("write", &path))?;
    }
    Ok(path)
}
