//! `slt push`: a component into a registry, always with the same digest, and its slightfile beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Exit, Failure, Session, documents, inputs, registries};
use crate::build;
use crate::cli::registry::Push;
use crate::events::Event;
use crate::project::{self, Project};
use crate::registry::artifact::{About, Package, SLIGHTFILE, TITLE};
use crate::registry::outline::Metadata;
use crate::registry::{Attachment, Descriptor, Reference};
use crate::support::date;
use crate::ui::diagnostics::Source;

/// What `slt push` prints for programs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// A component was pushed.
    Pushed {
        /// Where it went, as it was said.
        reference: String,
        /// The digest of its manifest.
        digest: String,
        /// What names exactly this: `registry/repository@sha256:…`.
        name: String,
        /// The digest of the component.
        component: String,
        /// The size of the component in bytes.
        bytes: u64,
        /// The digest of the slightfile's manifest, if it was attached.
        #[serde(skip_serializing_if = "Option::is_none")]
        slightfile: Option<String>,
    },
}

/// The annotations that stand for something that a component says of itself, and what it is called there
/// (<https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md>).
const ANNOTATIONS: &[(&str, &str)] = &[
    ("org.opencontainers.image.version", "version"),
    ("org.opencontainers.image.description", "description"),
    ("org.opencontainers.image.licenses", "licenses"),
    ("org.opencontainers.image.source", "source"),
    ("org.opencontainers.image.url", "homepage"),
    ("org.opencontainers.image.revision", "revision"),
    ("org.opencontainers.image.authors", "authors"),
];

/// The longest value of an annotation that is taken from a component, in bytes.
const ANNOTATION_MAX_BYTES: usize = 4 << 10;

/// The longest name that a component can have as a file, in bytes: file systems take 255, with the ending.
const NAME_MAX_BYTES: usize = 250;

/// Runs `slt push`.
pub fn run(session: &Session<'_>, arguments: &Push) -> Result<Exit, Failure> {
    let (file, at) = places(session, arguments)?;
    let from = arguments
        .mount_from
        .as_deref()
        .map(|text| mounted(&at, text))
        .transpose()?;
    let annotations = annotations(&arguments.annotation)?;
    let client = registries::client(session, &arguments.registries)?;
    let path = match file {
        Some(file) => component(session, file, arguments.release)?,
        None => built(session, arguments.release)?,
    };
    let slightfile = match arguments.slightfile {
        true => Some(slightfile(session, file.is_some().then_some(path.as_path()))?),
        false => None,
    };
    let root = file.is_none().then(|| session.directory());
    let package = pack(session, &path, root.as_deref(), annotations)?;
    let digest = &package.descriptor.digest;
    if let Some(said) = at.digest.as_ref().filter(|said| *said != digest) {
        return Err(Failure::usage(format!(
            "`{}` has another digest than `{at}` says",
            project::named(&path, &session.directory())
        ))
        .hint(format!(
            "it is {digest}, and not {said}; with a tag in its place it gets the digest that it has"
        )));
    }
    session.ui.event(&Event::Step {
        verb: "Pushing".to_owned(),
        message: format!("{at} ({})", crate::ui::size(package.layer.size)),
    });
    let from = from.as_deref();
    let attached = registries::wait(session, async {
        let Some(text) = slightfile else {
            package.push(&client, &at, from).await.map_err(registries::failure)?;
            return Ok(None);
        };
        // the tag is last: what is not whole has none
        let own = at.with_digest(digest.clone());
        let pushed = package.push(&client, &own, from).await.map_err(registries::failure)?;
        let attached = client.attach((&own, &pushed), attachment(&text)).await;
        let attached = attached.map_err(registries::failure)?;
        if let Some(tag) = at.tag_to_write() {
            let tagged = package.tag(&client, &at.with_tag(tag)).await;
            tagged.map_err(registries::failure)?;
        }
        Ok(Some(attached))
    })?;
    report(session, &at, &package, attached.as_ref());
    Ok(Exit::Done)
}

fn report(session: &Session<'_>, at: &Reference, package: &Package, attached: Option<&Descriptor>) {
    let digest = &package.descriptor.digest;
    let name = at.with_digest(digest.clone()).to_string();
    let line = Line::Pushed {
        reference: at.to_string(),
        digest: digest.to_string(),
        name: name.clone(),
        component: package.layer.digest.to_string(),
        bytes: package.layer.size,
        slightfile: attached.map(|attached| attached.digest.to_string()),
    };
    session.ui.result(&format!("{name}\n"), &[line]);
}

/// The slightfile as it is attached: always with the same digest, too.
pub(super) fn attachment(text: &str) -> Attachment {
    let title = BTreeMap::from([(TITLE.to_owned(), project::SLIGHTFILE.to_owned())]);
    Attachment {
        artifact_type: SLIGHTFILE.to_owned(),
        config: None,
        layers: vec![(SLIGHTFILE.to_owned(), text.as_bytes().to_vec(), title)],
        annotations: BTreeMap::new(),
    }
}

/// What the user says beside the rest: `KEY=VALUE`.
pub(super) fn annotations(given: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let pair = |text: &String| match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err(Failure::usage(format!("`--annotation {text}` is no `KEY=VALUE`"))
            .hint("for example `--annotation org.opencontainers.image.vendor=Example`")),
    };
    let mut annotations = BTreeMap::new();
    for text in given {
        let (key, value) = pair(text)?;
        if let Some(other) = annotations.insert(key.clone(), value) {
            return Err(
                Failure::usage(format!("`--annotation {text}`: `{key}` has a value already: `{other}`"))
                    .hint("an annotation has one value: give each of them once"),
            );
        }
    }
    Ok(annotations)
}

/// The repository that may have the component: of the same registry, whose name may stand before it.
fn mounted(at: &Reference, text: &str) -> Result<String, Failure> {
    let registry = &at.registry;
    let refused = |reason: String| {
        Failure::usage(format!("`--mount-from {text}`: {reason}")).hint(format!(
            "it takes a repository of {registry}: `team/base`, or `{registry}/team/base`"
        ))
    };
    let whole = match registries::is_reference(text) {
        true => text.to_owned(),
        false => format!("{registry}/{text}"),
    };
    match registries::parsed(&whole) {
        Err(error) => Err(refused(error.to_string())),
        Ok(from) if from.registry != *registry => Err(refused(format!("`{}` is another registry", from.registry))),
        Ok(from) if from.tag.is_some() || from.digest.is_some() => {
            Err(refused("a repository has neither tag nor digest".to_owned()))
        }
        Ok(from) => Ok(from.repository),
    }
}

/// The component, if one is named, and where it goes. What is there as a file is one, unless the scheme says otherwise.
fn places<'a>(session: &Session<'_>, arguments: &'a Push) -> Result<(Option<&'a str>, Reference), Failure> {
    let first = arguments.first.as_str();
    if let Some(second) = &arguments.second {
        return Ok((Some(first), registries::reference(second)?));
    }
    match session.directory().join(first).is_file() {
        true => Err(
            Failure::usage(format!("there is no REF: `slt push {first} registry/repository:tag`"))
                .hint("REF says where the component goes, for example `registry.example.com/team/app:1.0`"),
        ),
        false => registries::reference(first).map(|at| (None, at)),
    }
}

fn component(session: &Session<'_>, file: &str, release: bool) -> Result<PathBuf, Failure> {
    if release {
        return Err(
            Failure::usage(format!("`{file}` is a file, and `--release` builds a project"))
                .hint("a component is pushed as it is: leave the flag out"),
        );
    }
    if session.directory().join(file).is_dir() {
        return Err(Failure::usage(format!("`{file}` is a folder"))
            .hint("`slt push REF` in the folder of a project builds it first; `-C DIR` names another folder"));
    }
    inputs::file(session, file)?.ok_or_else(|| {
        Failure::usage(format!("there is no `{file}`"))
            .hint("`slt build` writes a component to `dist/`; without a FILE, `slt push REF` builds it first")
    })
}

/// Builds what lies here; for people, standard output is the result's alone.
fn built(session: &Session<'_>, release: bool) -> Result<PathBuf, Failure> {
    let plan = super::build::plan_in(session, &session.directory(), release)?;
    let sink = super::build::before_the_result(session);
    let written = build::component(&plan, &sink).map_err(super::build::failure)?;
    Ok(written.path)
}

/// Packs a component, with what it and the project in `root` say of it.
pub(super) fn pack(
    session: &Session<'_>,
    path: &Path,
    root: Option<&Path>,
    given: BTreeMap<String, String>,
) -> Result<Package, Failure> {
    let outline = registries::outlined(session, path)?;
    let mut annotations = said(&outline.metadata);
    annotations.extend(root.map(of_package).unwrap_or_default());
    annotations.extend(given);
    let about = About {
        title: title(outline.metadata.name.as_deref()),
        author: annotations.get("org.opencontainers.image.authors").cloned(),
        created: date::rfc3339(documents::created(session)?),
        annotations,
    };
    Package::of(path, outline, &about).map_err(registries::failure)
}

/// What the file of a component is called for those who fetch it: its own name. How it is called here, and where it goes, must not count.
fn title(own: Option<&str>) -> String {
    let is_plain = |name: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        name.len() <= NAME_MAX_BYTES && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain)
    };
    let stem = own.filter(is_plain).unwrap_or("app");
    format!("{}.wasm", stem.trim_end_matches(".wasm"))
}

/// What a component says of itself.
fn said(metadata: &Metadata) -> BTreeMap<String, String> {
    let text = |(key, name): &(&str, &str)| {
        let value = metadata
            .text(name)
            .filter(|value| !value.is_empty() && value.len() <= ANNOTATION_MAX_BYTES);
        value.map(|value| ((*key).to_owned(), value.to_owned()))
    };
    ANNOTATIONS.iter().filter_map(text).collect()
}

/// What the `Cargo.toml` of a project says of it.
fn of_package(root: &Path) -> BTreeMap<String, String> {
    let package = project::package(root);
    let text = |(key, name): &(&str, &str)| package.get(*name).map(|value| ((*key).to_owned(), value.clone()));
    ANNOTATIONS.iter().filter_map(text).collect()
}

/// The text of the slightfile of this folder, of `-c`, or of the folder of a component, without its secrets.
pub(super) fn slightfile(session: &Session<'_>, component: Option<&Path>) -> Result<String, Failure> {
    let folder = component
        .and_then(Path::parent)
        .map_or_else(|| session.directory(), Path::to_owned);
    let (project, _) = super::app::project(session, &folder)?;
    without_secrets(session, &project)
}

/// The text of a project's slightfile without its secrets; what cannot be left out is shown.
pub(super) fn without_secrets(session: &Session<'_>, project: &Project) -> Result<String, Failure> {
    project::without_secrets(project).map_err(|(text, left)| {
        let source = Source {
            name: &project.slightfile_name,
            text: &text,
        };
        session.ui.diagnostics(source, &left);
        Failure::usage(format!(
            "`{}` has secrets that cannot be left out",
            project.slightfile_name
        ))
        .hint("write a reference in place of each, like \"${usersecrets.KEY}\"")
    })
}
