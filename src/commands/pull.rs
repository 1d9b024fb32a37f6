//! `slt pull`: a component out of a registry, whole and with its digest, or nothing.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Exit, Failure, Session, registries};
use crate::cli::registry::Pull;
use crate::events::Event;
use crate::project;
use crate::registry::Reference;
use crate::registry::artifact::Artifact;
use crate::support::os::{self, Unfinished};

/// What `slt pull` prints for programs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// A component was fetched.
    Pulled {
        /// What was asked for.
        reference: String,
        /// What it meant: the digest of the manifest, or of the index that has it.
        digest: String,
        /// The digest of the manifest.
        manifest: String,
        /// The digest of the component.
        component: String,
        /// The size of the component in bytes.
        bytes: u64,
        /// Where it was written.
        path: String,
    },
}

/// Runs `slt pull`.
pub fn run(session: &Session<'_>, arguments: &Pull) -> Result<Exit, Failure> {
    let at = registries::reference(&arguments.reference)?;
    let client = registries::client(session, &arguments.registries)?;
    let path = session.directory().join(match &arguments.output {
        Some(output) => output.clone(),
        None => default_name(&at),
    });
    let name = project::named(&path, &session.directory());
    let artifact = registries::wait(async {
        let artifact = Artifact::find(&client, &at).await.map_err(registries::failure)?;
        session.ui.event(&Event::Step {
            verb: "Pulling".to_owned(),
            message: format!("{at} ({})", crate::ui::size(artifact.layer.size)),
        });
        let cannot = |error| Failure::environment(format!("cannot write `{name}`: {}", os::reason(&error)));
        let unfinished = Unfinished::beside(&path).map_err(cannot)?;
        artifact
            .fetch(&client, unfinished.path())
            .await
            .map_err(registries::failure)?;
        unfinished.finish(&path).map_err(cannot)?;
        Ok(artifact)
    })?;
    let line = Line::Pulled {
        reference: at.to_string(),
        digest: artifact.asked.digest.to_string(),
        manifest: artifact.manifest.digest.to_string(),
        component: artifact.layer.digest.to_string(),
        bytes: artifact.layer.size,
        path: name.clone(),
    };
    let human = format!(
        "{name}  {}  {}\n",
        crate::ui::size(artifact.layer.size),
        artifact.asked.digest
    );
    session.ui.result(&human, &[line]);
    Ok(Exit::Done)
}

/// The last part of the repository: the name in an annotation is somebody else's, and could be any path.
fn default_name(at: &Reference) -> PathBuf {
    let last = at.repository.rsplit('/').next().unwrap_or("app");
    let stem = Path::new(last).file_name().unwrap_or_default().to_string_lossy();
    PathBuf::from(format!("{}.wasm", stem.trim_end_matches(".wasm")))
}
