//! `slt pull`: a component out of a registry, whole and with its digest, or nothing.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Exit, Failure, Session, registries};
use crate::cli::registry::Pull;
use crate::events::Event;
use crate::project;
use crate::registry::artifact::Artifact;
use crate::registry::{Error, Reference};
use crate::support::os::{self, Destination, TemporaryFolder, Unfinished};

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
    let name = match &arguments.output {
        Some(output) => output.display().to_string(),
        None => project::named(&path, &session.directory()),
    };
    let output = Output::of(session, arguments, &path, &name)?;
    let artifact = registries::wait(session, async {
        let artifact = Artifact::find(&client, &at).await.map_err(registries::failure)?;
        // standard output has nothing but the bytes
        if !(matches!(output, Output::Standard) && session.ui.is_json()) {
            session.ui.event(&Event::Step {
                verb: "Pulling".to_owned(),
                message: format!("{at} ({})", crate::ui::size(artifact.layer.size)),
            });
        }
        let cannot = |error| Failure::environment(format!("cannot write `{name}`: {}", os::reason(&error)));
        match &output {
            Output::File(path) => {
                let unfinished = Unfinished::beside(path).map_err(cannot)?;
                let fetched = artifact.fetch(&client, unfinished.path()).await;
                fetched.map_err(|error| registries::failure(called(error, &name)))?;
                unfinished.finish(path).map_err(cannot)?;
            }
            Output::Stream(_) | Output::Standard => {
                // no byte of what may be bad is written to where it could not be taken back
                let folder = TemporaryFolder::new(&session.invocation.environment)
                    .map_err(|error| Failure::environment(format!("no temporary folder: {}", os::reason(&error))))?;
                let whole = folder.path().join("component.wasm");
                artifact.fetch(&client, &whole).await.map_err(registries::failure)?;
                output.copy(session, &whole).map_err(cannot)?;
            }
        }
        Ok(artifact)
    })?;
    if matches!(output, Output::Standard) {
        return Ok(Exit::Done);
    }
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

/// Where the bytes go.
enum Output {
    /// A file, which is put in its place when it is whole.
    File(PathBuf),
    /// A pipe or a device.
    Stream(PathBuf),
    /// Standard output.
    Standard,
}

impl Output {
    fn of(session: &Session<'_>, arguments: &Pull, path: &Path, name: &str) -> Result<Self, Failure> {
        if arguments
            .output
            .as_deref()
            .is_some_and(|output| output.as_os_str() == "-")
        {
            return Ok(Self::Standard);
        }
        if path.is_dir() {
            return Err(Failure::usage(format!("`{name}` is a folder")).hint(format!(
                "name the file in it: `-o {}`",
                os::shell_word(&Path::new(name).join("app.wasm"))
            )));
        }
        match os::destination(path) {
            Ok(Destination::File(path)) => match path.parent().filter(|folder| !folder.is_dir()) {
                Some(folder) => Err(Failure::usage(format!(
                    "cannot write `{name}`: there is no folder `{}`",
                    project::named(folder, &session.directory())
                ))
                .hint("`-o FILE` takes a file in a folder that is there")),
                None => Ok(Self::File(path)),
            },
            Ok(Destination::Stream(path)) => Ok(Self::Stream(path)),
            Err(error) => Err(Failure::environment(format!(
                "cannot write `{name}`: {}",
                os::reason(&error)
            ))),
        }
    }

    /// Copies a whole file. A reader that has gone away is no error of ours.
    fn copy(&self, session: &Session<'_>, whole: &Path) -> io::Result<()> {
        let mut file = fs::File::open(whole)?;
        let copied = match self {
            Self::File(path) | Self::Stream(path) => io::copy(&mut file, &mut os::open_stream(path)?),
            Self::Standard => {
                let mut stdout = session.ui.protocol();
                io::copy(&mut file, &mut stdout).and_then(|bytes| stdout.flush().map(|()| bytes))
            }
        };
        match copied {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }
}

/// An error about the file, which has another name until it is whole.
fn called(error: Error, name: &str) -> Error {
    match error {
        Error::File { verb, source, .. } => Error::File {
            verb,
            path: PathBuf::from(name),
            source,
        },
        error => error,
    }
}

/// The last part of the repository: the name in an annotation is somebody else's, and could be any path.
fn default_name(at: &Reference) -> PathBuf {
    let last = at.repository.rsplit('/').next().unwrap_or("app");
    let stem = Path::new(last).file_name().unwrap_or_default().to_string_lossy();
    PathBuf::from(format!("{}.wasm", stem.trim_end_matches(".wasm")))
}
