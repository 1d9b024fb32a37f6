//! `slt sbom`: what is in a component, as a document for others. It signs nothing, and puts it nowhere.

use std::path::Path;

use super::{Exit, Failure, Session, documents, inputs, registries};
use crate::attest::{self, Contents};
use crate::build;
use crate::cli::sbom::Sbom;
use crate::events::{self, Sink};
use crate::project;
use crate::registry::outline::Kind;
use crate::support::files::{self, ARTIFACT_MAX_BYTES};
use crate::support::os;

/// Runs `slt sbom`.
pub fn run(session: &Session<'_>, arguments: &Sbom) -> Result<Exit, Failure> {
    let directory = session.directory();
    let created = documents::created(session)?;
    let path = arguments
        .path
        .as_ref()
        .map_or_else(|| directory.clone(), |path| directory.join(path));
    let output = arguments.output.as_deref().filter(|output| output.as_os_str() != "-");
    if let Some(output) = output {
        spare(session, &path, output)?;
    }
    let contents = match (arguments.native, path.is_dir()) {
        (true, true) => of_program(session, &path, arguments.release)?,
        (false, true) => of_project(session, &path, arguments.release)?,
        (false, false) => of_component(session, &path, arguments)?,
        (true, false) => {
            return Err(Failure::usage("`--native` takes the folder of a cargo package")
                .hint("cargo says what is in its program; the program itself does not"));
        }
    };
    let document = attest::sbom(&contents, documents::format(arguments.spec), created);
    let text = format!("{document:#}\n");
    match output {
        None => session.ui.text(&text),
        Some(output) => {
            let path = directory.join(output);
            os::write_to(&path, text.as_bytes()).map_err(|error| {
                Failure::environment(format!("cannot write `{}`: {}", output.display(), os::reason(&error)))
            })?;
        }
    }
    Ok(Exit::Done)
}

/// Refuses to write the document over what it is about.
fn spare(session: &Session<'_>, path: &Path, output: &Path) -> Result<(), Failure> {
    if !path.is_dir() {
        return inputs::keep(session, output, &[(path, "the component")]);
    }
    let inside = |name: &str| path.join(name);
    let project = [project::SLIGHTFILE, "Cargo.toml", "Cargo.lock"].map(inside);
    let project: Vec<(&Path, &str)> = project
        .iter()
        .map(|path| (path.as_path(), "a part of the project"))
        .collect();
    inputs::keep(session, output, &project)
}

fn of_project(session: &Session<'_>, folder: &Path, release: bool) -> Result<Contents, Failure> {
    let plan = super::build::plan_in(session, folder, release)?;
    // the document has standard output for itself
    let written = build::component(&plan, &about_the_work(session)).map_err(super::build::failure)?;
    let bytes = read(session, &written.path)?;
    Ok(documents::made(&plan, &written, &bytes)?.contents)
}

fn of_program(session: &Session<'_>, folder: &Path, release: bool) -> Result<Contents, Failure> {
    let mut plan = super::build::in_folder(session, folder.to_owned(), None, release);
    // the time of the document is not that of the build: some build scripts look at it, and would have everything built anew
    plan.environment.remove(documents::EPOCH);
    let program = build::program(&plan, &about_the_work(session)).map_err(super::build::failure)?;
    let inventory = build::program_inventory(&plan, &program).map_err(super::build::failure)?;
    Ok(Contents::of_program(&read(session, &program.path)?, &inventory))
}

/// Where a build reports to: for programs as for people, standard output is the document's alone.
fn about_the_work(session: &Session<'_>) -> Sink {
    match session.ui.is_json() {
        true => events::silent(),
        false => super::build::before_the_result(session),
    }
}

fn of_component(session: &Session<'_>, path: &Path, arguments: &Sbom) -> Result<Contents, Failure> {
    let text = arguments
        .path
        .as_ref()
        .and_then(|path| path.to_str())
        .unwrap_or_default();
    if !path.exists() && registries::is_reference(text) {
        return Err(
            Failure::usage(format!("there is no `{text}` here, and `slt sbom` asks no registry"))
                .hint("it takes a project's folder or a component: `slt pull` fetches that of an artifact"),
        );
    }
    if arguments.release {
        let name = project::named(path, &session.directory());
        return Err(
            Failure::usage(format!("`{name}` is a file, and `--release` builds a project"))
                .hint("its document is that of the file as it is: leave it out"),
        );
    }
    let bytes = read(session, path)?;
    let name = project::named(path, &session.directory());
    Kind::of(&bytes).map_err(|reason| Failure::failed(format!("`{name}`: {reason}")))?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut contents =
        Contents::of(&bytes, &stem, None, None).map_err(|error| Failure::failed(format!("`{name}` {error}")))?;
    if let Some(own) = &contents.own_name {
        contents.name.clone_from(own);
    }
    Ok(contents)
}

fn read(session: &Session<'_>, path: &Path) -> Result<Vec<u8>, Failure> {
    files::read(path, ARTIFACT_MAX_BYTES).map_err(|error| {
        let name = project::named(path, &session.directory());
        Failure::usage(format!("cannot read `{name}`: {}", os::reason(&error)))
            .hint("give a project's folder or a component; `slt build` writes one to `dist/`")
    })
}
