//! `slt new`: writes a project, and says what to do next.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Exit, Failure, Session};
use crate::cli::New;
use crate::scaffold::{self, ScaffoldError};
use crate::support::programs;

/// What `slt new --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// The project is there.
    Created {
        /// Its folder.
        folder: String,
        /// The line to type so that cargo finds its runner, when it would not.
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<String>,
    },
}

/// Runs `slt new`.
pub fn run(session: &Session<'_>, arguments: &New) -> Result<Exit, Failure> {
    let directory = session.directory();
    let plan = scaffold::plan(&directory, &arguments.name, &arguments.template, &arguments.with)
        .map_err(|error| failure(&error))?;
    scaffold::write(&plan).map_err(|error| failure(&error))?;
    let path = programs::mend_path(session.invocation);
    let human = next_steps(&arguments.name, session, path.as_deref());
    let folder = plan.folder.display().to_string();
    session.ui.result(&human, &[Line::Created { folder, path }]);
    Ok(Exit::Done)
}

fn failure(error: &ScaffoldError) -> Failure {
    let failure = match error {
        ScaffoldError::Write { .. } => Failure::environment(error.to_string()),
        _ => Failure::usage(error.to_string()),
    };
    failure.hint(error.hint())
}

fn next_steps(name: &str, session: &Session<'_>, path: Option<&str>) -> String {
    let folder = match &session.global.directory {
        Some(directory) => directory.join(name).display().to_string(),
        None => name.to_owned(),
    };
    let on_path = match path {
        None => "`slt` is on PATH, so plain `cargo test` works too".to_owned(),
        Some(line) => format!(
            "`slt` is not on PATH, where cargo looks for it to run `cargo test`; to put it there:\n\n    {line}"
        ),
    };
    format!(
        "created `{folder}`\n\nnext:\n\n    cd {folder}\n    slt test     # with nothing to set up\n    \
         slt build    # writes dist/{name}.wasm\n\nthe first build fetches crates, and takes a while\n{on_path}\n"
    )
}
