//! `slt inspect`: what a component is, and what an artifact in a registry is, from the bytes themselves.
//!
//! Signatures and attestations are listed by what they say they are. Nothing here is verified but digests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Exit, Failure, Session, inputs, registries};
use crate::cli::registry::Inspect;
use crate::project;
use crate::registry::artifact::{Artifact, SLIGHTFILE, os as platform};
use crate::registry::outline::{Kind, Outline, UNNAMED_WORLD};
use crate::registry::{Client, Descriptor, Digest, media};
use crate::support::os::{self, TemporaryFolder};

/// What `slt inspect` prints for programs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// A component or a core module, and where it lies.
    Inspected(Box<Inspected>),
}

/// A component or a core module.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Inspected {
    /// The file or the reference.
    pub target: String,
    /// `component` or `module`.
    pub binary: String,
    /// Its digest.
    pub digest: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its world, whose items are `imports` and `exports`: of a component `root:component/root`, as the tools that decode WIT call it,
    /// unless a section says another; of a core module what its bindings have left in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub world: Option<String>,
    /// What it imports.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
    /// What it says of itself.
    pub metadata: Metadata,
    /// The artifact that has it, in a registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<ArtifactLine>,
}

/// What a component says of itself.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Metadata {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `version`, `description`, `licenses`, `source`, `homepage`, `revision`, `authors`.
    #[serde(flatten)]
    pub texts: BTreeMap<String, String>,
    /// By what it was made: `processed-by`, a tool, its version.
    pub producers: Vec<Producer>,
}

/// By what a component was made.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Producer {
    /// `language`, `processed-by` or `sdk`.
    pub field: String,
    /// The tool.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// An artifact in a registry.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ArtifactLine {
    /// What names exactly this.
    pub name: String,
    /// What the reference meant: the digest of the manifest, or of the index that has it.
    pub digest: String,
    /// The manifest.
    pub manifest: Entry,
    /// Its config.
    pub config: Entry,
    /// The layer's media type.
    pub layer: String,
    /// When the config says that it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// The manifest's annotations.
    pub annotations: BTreeMap<String, String>,
    /// What refers to it.
    pub referrers: Vec<Referrer>,
    /// The tag of signatures that are no referrers, as cosign wrote them before version 3, if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature_tag: Option<String>,
    /// The tag of attestations of the same kind, if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation_tag: Option<String>,
}

/// Something in a registry.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Entry {
    /// What it is.
    pub media_type: String,
    /// Its digest.
    pub digest: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What refers to an artifact.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Referrer {
    /// What it says that it is: `bundle`, `slightfile`, …; `other` where slt does not know its type.
    pub what: String,
    /// Its type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The digest of its manifest.
    pub digest: String,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
}

/// The types of what refers to an artifact, and what they are called.
const REFERRERS: &[(&str, &str)] = &[
    (SLIGHTFILE, "slightfile"),
    ("application/vnd.dev.sigstore.bundle.v0.3+json", "bundle"),
    ("application/vnd.dev.cosign.artifact.sig.v1+json", "signature"),
    ("application/vnd.cncf.notary.signature", "notation signature"),
    ("application/spdx+json", "SBOM"),
    ("application/vnd.cyclonedx+json", "SBOM"),
    ("application/vnd.in-toto+json", "attestation"),
];

/// The annotation of a bundle that says what it attests.
const PREDICATE: &str = "dev.sigstore.bundle.predicateType";

/// The most referrers that are asked for what they are, where the list does not tell.
const ASKED_MAX: usize = 100;

/// Runs `slt inspect`.
pub fn run(session: &Session<'_>, arguments: &Inspect) -> Result<Exit, Failure> {
    let inspected = match inputs::file(session, &arguments.target).map_err(hinted)? {
        Some(path) => {
            registries::sound(session, &arguments.registries)?;
            of_file(session, &path)?
        }
        None if !registries::is_reference(&arguments.target) => {
            return Err(hinted(Failure::usage(format!(
                "there is no file `{}`",
                arguments.target
            ))));
        }
        None => of_reference(session, arguments)?,
    };
    let text = text(&inspected);
    session.ui.result(&text, &[Line::Inspected(Box::new(inspected))]);
    Ok(Exit::Done)
}

fn hinted(failure: Failure) -> Failure {
    match failure.hint {
        Some(_) => failure,
        None => failure.hint(
            "give a component, which `slt build` writes to `dist/`, or a reference like `registry.example.com/team/app:1.0`",
        ),
    }
}

fn of_file(session: &Session<'_>, path: &Path) -> Result<Inspected, Failure> {
    let name = project::named(path, &session.directory());
    let outline = registries::outlined(session, path)?;
    let descriptor = crate::registry::described(path).map_err(registries::failure)?;
    Ok(inspected(name, &outline, &descriptor.digest, descriptor.size))
}

fn of_reference(session: &Session<'_>, arguments: &Inspect) -> Result<Inspected, Failure> {
    let at = registries::reference(&arguments.target)?;
    let client = registries::client(session, &arguments.registries)?;
    let folder = TemporaryFolder::new(&session.invocation.environment)
        .map_err(|error| Failure::environment(format!("no temporary folder: {}", os::reason(&error))))?;
    registries::wait(session, async {
        let artifact = Artifact::find(&client, &at).await.map_err(registries::failure)?;
        let outline = artifact.fetch(&client, &folder.path().join("component.wasm")).await;
        let outline = outline.map_err(registries::failure)?;
        let mut inspected = inspected(at.to_string(), &outline, &artifact.layer.digest, artifact.layer.size);
        inspected.artifact = Some(line(&client, &artifact).await?);
        Ok(inspected)
    })
}

fn inspected(target: String, outline: &Outline, digest: &Digest, bytes: u64) -> Inspected {
    let producer = |(field, name, version): &(String, String, String)| Producer {
        field: field.clone(),
        name: name.clone(),
        version: version.clone(),
    };
    let texts = outline.metadata.texts.iter();
    Inspected {
        target,
        binary: match outline.kind {
            Kind::Component => "component".to_owned(),
            Kind::Module => "module".to_owned(),
        },
        digest: digest.to_string(),
        bytes,
        world: outline.world.clone().or_else(|| match outline.kind {
            Kind::Component => Some(UNNAMED_WORLD.to_owned()),
            Kind::Module => None,
        }),
        imports: outline.imports.clone(),
        exports: outline.exports.clone(),
        metadata: Metadata {
            name: outline.metadata.name.clone(),
            texts: texts.map(|(name, text)| ((*name).to_owned(), text.clone())).collect(),
            producers: outline.metadata.producers.iter().map(producer).collect(),
        },
        artifact: None,
    }
}

async fn line(client: &Client, artifact: &Artifact) -> Result<ArtifactLine, Failure> {
    let mut referrers = Vec::new();
    for referrer in client.referrers(&artifact.at).await.map_err(registries::failure)? {
        let referrer = match is_unclear(&referrer) && referrers.len() < ASKED_MAX {
            true => asked(client, artifact, referrer).await?,
            false => referrer,
        };
        referrers.push(described(referrer));
    }
    Ok(ArtifactLine {
        name: artifact.at.to_string(),
        digest: artifact.asked.digest.to_string(),
        manifest: entry(&artifact.manifest),
        config: entry(&artifact.config_descriptor),
        layer: artifact.layer.media_type.clone(),
        created: artifact.config.as_ref().and_then(|config| config.created.clone()),
        annotations: artifact.annotations.clone(),
        referrers,
        signature_tag: tagged(client, artifact, "sig").await?,
        attestation_tag: tagged(client, artifact, "att").await?,
    })
}

/// The tag below which cosign kept this kind before version 3 (`sha256-….sig`), if there is something.
async fn tagged(client: &Client, artifact: &Artifact, suffix: &str) -> Result<Option<String>, Failure> {
    let tag = format!("{}.{suffix}", artifact.manifest.digest.tag());
    match client.resolve(&artifact.at.with_tag(tag.clone())).await {
        Ok(_) => Ok(Some(tag)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(registries::failure(error)),
    }
}

/// Whether a list does not tell what a referrer is: some registries name the type of its config.
fn is_unclear(referrer: &Descriptor) -> bool {
    referrer
        .artifact_type
        .as_deref()
        .is_none_or(|kind| kind.is_empty() || kind == media::EMPTY)
}

/// The same, as its own manifest says it.
async fn asked(client: &Client, artifact: &Artifact, referrer: Descriptor) -> Result<Descriptor, Failure> {
    let at = artifact.at.with_digest(referrer.digest.clone());
    let own = client.resolve(&at).await.map_err(registries::failure)?;
    Ok(Descriptor {
        artifact_type: own.artifact_type,
        ..referrer
    })
}

fn entry(descriptor: &Descriptor) -> Entry {
    Entry {
        media_type: descriptor.media_type.clone(),
        digest: descriptor.digest.to_string(),
        bytes: descriptor.size,
    }
}

fn described(referrer: Descriptor) -> Referrer {
    let artifact_type = referrer.artifact_type.as_deref().unwrap_or_default();
    let known = REFERRERS.iter().find(|(known, _)| *known == artifact_type);
    Referrer {
        what: known.map_or("other", |(_, what)| what).to_owned(),
        artifact_type: referrer.artifact_type,
        digest: referrer.digest.to_string(),
        annotations: referrer.annotations,
    }
}

/// All of it, for people. What others have written is one line each, without control characters.
fn text(inspected: &Inspected) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<12} {}", crate::support::text::one_line(value));
    };
    row(&inspected.binary, &inspected.target);
    row("digest", &inspected.digest);
    row("size", &crate::ui::size(inspected.bytes));
    let kind = if inspected.binary == "component" {
        Kind::Component
    } else {
        Kind::Module
    };
    row("platform", platform(kind));
    if let Some(name) = &inspected.metadata.name {
        row("name", name);
    }
    for (name, value) in &inspected.metadata.texts {
        row(name, value);
    }
    for producer in &inspected.metadata.producers {
        row(&producer.field, &format!("{} {}", producer.name, producer.version));
    }
    if let Some(artifact) = &inspected.artifact {
        row("artifact", &artifact.name);
        if artifact.digest != artifact.manifest.digest {
            row("index", &artifact.digest);
        }
        row("config", &artifact.config.media_type);
        row("layer", &artifact.layer);
        if let Some(created) = &artifact.created {
            row("created", created);
        }
        for (key, value) in &artifact.annotations {
            row("annotation", &format!("{key} = {value}"));
        }
        for referrer in &artifact.referrers {
            let is = match (referrer.what.as_str(), &referrer.artifact_type) {
                ("other", Some(artifact_type)) => artifact_type,
                (what, _) => what,
            };
            let predicate = referrer.annotations.get(PREDICATE);
            let of = predicate.map_or_else(String::new, |predicate| format!(" of {predicate}"));
            row("referrer", &format!("{is}{of} {}", referrer.digest));
        }
        if let Some(tag) = &artifact.signature_tag {
            row("signature", &format!("tag {tag}"));
        }
        if let Some(tag) = &artifact.attestation_tag {
            row("attestation", &format!("tag {tag}"));
        }
    }
    if let Some(world) = &inspected.world {
        row("world", world);
    }
    for (name, all) in [("import", &inspected.imports), ("export", &inspected.exports)] {
        for one in all {
            row(name, one);
        }
    }
    text
}
