//! A toolchain that slt knows nothing of: the slightfile names a command, and where its component lies.

use super::{BuildError, BuildPlan, BuiltApp, Command, tool};
use crate::events::{Event, Sink};

/// Where it is remembered what was written from what.
const STAMPS: &str = ".slt";

/// Runs the command, if there is one, and finds what it made.
pub(super) fn app(plan: &BuildPlan, command: &Command, sink: &Sink) -> Result<BuiltApp, BuildError> {
    if let Some(line) = &command.line {
        sink(Event::Step {
            verb: "Building".into(),
            message: format!("{} with `{line}`", command.about.name),
        });
        if !tool::shell(plan, sink, line)?.success() {
            return Err(BuildError::Command(line.clone()));
        }
    }
    if !command.component.is_file() {
        return Err(BuildError::NotMade {
            line: command.line.clone(),
            component: command.component.clone(),
        });
    }
    Ok(BuiltApp {
        about: command.about.clone(),
        artifact: command.component.clone(),
        stamps: plan.root.join(STAMPS),
    })
}
