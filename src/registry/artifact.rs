//! The artifact of a component: one manifest, one config, one layer. Made here always the same way, and read as the tools of the field
//! have written it.
//!
//! <https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>. Two pushes of one component make one digest: nothing in it
//! comes from a clock, and every map is sorted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use oci_client::manifest::OciImageManifest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::outline::{Kind, Outline, outline};
use super::{Client, Content, Descriptor, Digest, ENTRIES_MAX, Error, Manifest, Reference, Source, media};
use crate::support::files::ARTIFACT_MAX_BYTES;

/// The config that is written, and read.
pub const CONFIG: &str = "application/vnd.wasm.config.v0+json";

/// The layer that is written.
pub const LAYER: &str = "application/wasm";

/// The type of a slightfile that is attached to its component.
pub const SLIGHTFILE: &str = "application/vnd.slt.slightfile.v1+toml";

/// The annotation of a layer that names its file.
pub const TITLE: &str = "org.opencontainers.image.title";

/// The largest config, in bytes: imports and exports of ten thousand interfaces.
const CONFIG_MAX_BYTES: u64 = 1 << 20;

/// The most annotations of a manifest, and the most bytes of one: they are shown to people.
const ANNOTATIONS_MAX: usize = 1_000;

/// The layers that are a component or a module, and who writes them.
const LAYERS: &[(&str, &str)] = &[
    (LAYER, "the CNCF layout: slt, wkg, wash, oras"),
    (
        "application/vnd.wasm.content.layer.v1+wasm",
        "`cosign upload wasm`, and clients of oci-client",
    ),
    (
        "application/vnd.module.wasm.content.layer.v1+wasm",
        "older wash, wasm-to-oci",
    ),
];

/// The configs that stand before such a layer, and who writes them. What is in the others is not read.
const CONFIGS: &[(&str, &str)] = &[
    (CONFIG, "the CNCF layout"),
    ("application/vnd.wasm.config.v1+json", "`cosign upload wasm`"),
    (media::EMPTY, "`oras push` without a config"),
    ("application/vnd.oci.image.config.v1+json", "older wash and wasm-to-oci"),
    ("application/vnd.unknown.config.v1+json", "older oras"),
];

/// Layers that say that the whole is something else, what it is, and what to do about it.
const OTHERS: &[(&str, &str, &str)] = &[
    (
        "application/vnd.fermyon.spin.application.v1+config",
        "it is an application of Spin's: several components, and a description that only Spin reads",
        "push the component itself: `slt push app.wasm REF`",
    ),
    (
        "application/vnd.wasm.content.bundle.v1.tar+gzip",
        "it is an application of Spin's, packed into one archive",
        "push the component itself: `slt push app.wasm REF`",
    ),
    (
        "application/vnd.oci.image.layer.v1.tar",
        "it is a container image",
        "slt reads components; push one with `slt push app.wasm REF`",
    ),
    (
        "application/vnd.docker.image.rootfs.diff.tar",
        "it is a container image",
        "slt reads components; push one with `slt push app.wasm REF`",
    ),
];

/// The config of a component or a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// When it was made, in RFC 3339.
    #[serde(default)]
    pub created: Option<String>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// `wasm`
    pub architecture: String,
    /// `wasip2` for components, `wasip1` for core modules.
    pub os: String,
    /// The digests of the layers.
    pub layer_digests: Vec<String>,
    /// What a component needs and offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<Interface>,
}

/// What a component needs and offers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// What it exports.
    #[serde(default)]
    pub exports: Vec<String>,
    /// What it imports.
    #[serde(default)]
    pub imports: Vec<String>,
    /// The world that it is made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// What is said of a component beside what it says itself.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// What its file is called for those who fetch it.
    pub title: String,
    /// By whom it was made.
    pub author: Option<String>,
    /// When it was made, in RFC 3339.
    pub created: String,
    /// Annotations of its manifest.
    pub annotations: BTreeMap<String, String>,
}

/// A component that can be pushed.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its file.
    path: PathBuf,
    /// What it says of itself.
    pub outline: Outline,
    config: Vec<u8>,
    /// The manifest's bytes.
    pub manifest: Vec<u8>,
    /// The manifest.
    pub descriptor: Descriptor,
    /// The layer.
    pub layer: Descriptor,
}

impl Package {
    /// Packs a file.
    ///
    /// # Errors
    /// It cannot be read, is too large, or no WebAssembly.
    pub fn of_file(path: &Path, about: &About) -> Result<Self, Error> {
        Self::of(path, outline(path)?, about)
    }

    /// The same, of which the outline is known already.
    ///
    /// # Errors
    /// As [`Package::of_file`].
    pub fn of(path: &Path, outline: Outline, about: &About) -> Result<Self, Error> {
        let content = Content::File(path.to_owned());
        let layer = super::uploads::described(&content, LAYER)?;
        if layer.size > ARTIFACT_MAX_BYTES {
            return Err(Error::TooLarge {
                what: format!("`{}`", path.display()),
                limit: ARTIFACT_MAX_BYTES,
                unit: "bytes",
            });
        }
        let layer = Descriptor {
            annotations: BTreeMap::from([(TITLE.to_owned(), about.title.clone())]),
            ..layer
        };
        let is_component = outline.kind == Kind::Component;
        let config = Config {
            created: Some(about.created.clone()),
            author: about.author.clone(),
            architecture: "wasm".to_owned(),
            os: os(outline.kind).to_owned(),
            layer_digests: vec![layer.digest.to_string()],
            component: is_component.then(|| Interface {
                exports: outline.exports.clone(),
                imports: outline.imports.clone(),
                target: None,
            }),
        };
        let unwritable = |error: serde_json::Error| Error::malformed(format!("`{}`", about.title), error.to_string());
        let config = serde_json::to_vec(&config).map_err(unwritable)?;
        let manifest = OciImageManifest {
            schema_version: 2,
            media_type: Some(media::MANIFEST.to_owned()),
            config: Descriptor::of(&config, CONFIG).to_oci(),
            layers: vec![layer.to_oci()],
            annotations: (!about.annotations.is_empty()).then(|| about.annotations.clone()),
            subject: None,
            artifact_type: None,
        };
        let manifest = serde_json::to_vec(&manifest).map_err(unwritable)?;
        Ok(Self {
            path: path.to_owned(),
            outline,
            descriptor: Descriptor::of(&manifest, media::MANIFEST),
            config,
            manifest,
            layer,
        })
    }

    /// Pushes layer, config and manifest, in this order: what is not whole has no name. A reference with a digest and no tag leaves the
    /// manifest without a tag, for whoever signs it before [`Package::tag`].
    ///
    /// # Errors
    /// The registry fails, or the file has changed meanwhile.
    pub async fn push(&self, client: &Client, at: &Reference, from: Option<&str>) -> Result<Descriptor, Error> {
        let content = Content::File(self.path.clone());
        let pushed = client.push_blob_from(at, content, LAYER, from).await?;
        if pushed.digest != self.layer.digest {
            return Err(Error::malformed(
                format!("`{}`", self.path.display()),
                "it has changed while it was pushed",
            ));
        }
        client.push_blob(at, Content::from(self.config.clone()), CONFIG).await?;
        self.tag(client, at).await
    }

    /// Writes the manifest of what was pushed to a tag.
    ///
    /// # Errors
    /// The registry fails.
    pub async fn tag(&self, client: &Client, at: &Reference) -> Result<Descriptor, Error> {
        client.push_manifest(at, &self.manifest, media::MANIFEST).await
    }
}

/// `wasip2` for components, `wasip1` for modules: the specification has no others.
#[must_use]
pub fn os(kind: Kind) -> &'static str {
    match kind {
        Kind::Component => "wasip2",
        Kind::Module => "wasip1",
    }
}

/// An artifact in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Where it lies: by its digest.
    pub at: Reference,
    /// What the reference meant: the manifest, or the index that has it.
    pub asked: Descriptor,
    /// The manifest.
    pub manifest: Descriptor,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// The config's type, digest and size.
    pub config_descriptor: Descriptor,
    /// The config, where it is one that is read.
    pub config: Option<Config>,
    /// The component or module.
    pub layer: Descriptor,
}

impl Artifact {
    /// Finds an artifact, and reads all of it but the component itself. An index is followed once, if it has one manifest that could be
    /// a component's.
    ///
    /// # Errors
    /// It is not there, or nothing that slt could run; or the registry fails.
    pub async fn find(source: impl Into<Source<'_>>, at: &Reference) -> Result<Self, Error> {
        let source = source.into();
        let first = source.manifest(at).await?;
        Self::of(source, at, first).await
    }

    /// As [`Artifact::find`], where it is known what the reference means.
    ///
    /// # Errors
    /// As [`Artifact::find`].
    pub async fn of(source: Source<'_>, at: &Reference, first: Manifest) -> Result<Self, Error> {
        let asked = first.descriptor.clone();
        let what = format!("`{at}`");
        let manifest = match first.is_index() {
            false => first,
            true => {
                let entry = the_one(&first, &what)?;
                let manifest = source.manifest(&at.with_digest(entry.digest.clone())).await?;
                if manifest.is_index() {
                    return Err(Error::malformed(what, "its index has another index in it"));
                }
                if manifest.descriptor.size != entry.size {
                    return Err(Error::malformed(what, "its index says another size of the manifest"));
                }
                manifest
            }
        };
        let document: OciImageManifest = serde_json::from_slice(&manifest.bytes)
            .map_err(|error| Error::malformed(&what, format!("it is no manifest: {error}")))?;
        let layer = the_layer(&document, &what)?;
        let config_descriptor = Descriptor::from_oci(&document.config, &what)?;
        let annotations = document.annotations.unwrap_or_default();
        if annotations.len() > ANNOTATIONS_MAX {
            return Err(Error::TooLarge {
                what,
                limit: ANNOTATIONS_MAX as u64,
                unit: "annotations",
            });
        }
        let at = at.with_digest(manifest.descriptor.digest.clone());
        let config = match config_descriptor.media_type == CONFIG {
            true => Some(config(source, &at, &config_descriptor, &layer.digest).await?),
            false => None,
        };
        Ok(Self {
            at,
            asked,
            manifest: manifest.descriptor,
            annotations,
            config_descriptor,
            config,
            layer,
        })
    }

    /// Writes the component to a file, and reads its outline there.
    ///
    /// # Errors
    /// The registry fails, the bytes are not those that the manifest names, or they are not what the config says.
    pub async fn fetch(&self, client: &Client, path: &Path) -> Result<Outline, Error> {
        client
            .blob_to_file(&self.at, &self.layer, ARTIFACT_MAX_BYTES, path)
            .await?;
        let renamed = |error| match error {
            Error::Malformed { reason, .. } => Error::malformed(self.layer_name(), reason),
            error => error,
        };
        let outline = outline(path).map_err(renamed)?;
        self.is_for(outline.kind).map(|()| outline)
    }

    /// Reads the component into memory.
    ///
    /// # Errors
    /// As [`Artifact::fetch`].
    pub async fn bytes(&self, source: Source<'_>) -> Result<Vec<u8>, Error> {
        let bytes = source.blob(&self.at, &self.layer, ARTIFACT_MAX_BYTES).await?;
        let kind = Kind::of(&bytes).map_err(|reason| Error::malformed(self.layer_name(), reason))?;
        self.is_for(kind).map(|()| bytes)
    }

    fn layer_name(&self) -> String {
        format!("layer {} of `{}`", self.layer.digest, self.at.repository_name())
    }

    /// Whether the config says what the layer is.
    fn is_for(&self, kind: Kind) -> Result<(), Error> {
        let said = self.config.as_ref().map(|config| config.os.as_str());
        match said.filter(|said| *said != os(kind)) {
            Some(said) => Err(Error::malformed(
                self.layer_name(),
                format!(
                    "its config says `{}`, and it is for `{}`",
                    crate::support::text::one_line(said),
                    os(kind)
                ),
            )),
            None => Ok(()),
        }
    }

    /// Who writes artifacts so.
    #[must_use]
    pub fn layout(&self) -> &'static str {
        let by = |table: &[(&str, &'static str)], media_type: &str| {
            let mut rows = table.iter().filter(|(known, _)| *known == media_type);
            rows.next().map(|(_, who)| *who)
        };
        by(CONFIGS, &self.config_descriptor.media_type).unwrap_or_default()
    }
}

/// The entry of an index that could be a component's: those for other platforms are passed over.
fn the_one(index: &Manifest, what: &str) -> Result<Descriptor, Error> {
    let document: Value = serde_json::from_slice(&index.bytes)
        .map_err(|error| Error::malformed(what, format!("it is no index: {error}")))?;
    let all = super::referrers::entries(&index.bytes, what)?;
    let platforms = document
        .get("manifests")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let is_ours = |entry: &Value| match entry.get("platform") {
        None | Some(Value::Null) => true,
        Some(platform) => platform.get("architecture").and_then(Value::as_str) == Some("wasm"),
    };
    let mut ours: Vec<Descriptor> = platforms
        .zip(all)
        .filter(|(entry, _)| is_ours(entry))
        .map(|(_, entry)| entry)
        .collect();
    match (ours.pop(), ours.len()) {
        (Some(one), 0) => Ok(one),
        (None, _) => Err(Error::malformed(
            what,
            "it is an index without a manifest for WebAssembly",
        )),
        (Some(_), others) => Err(Error::malformed(
            what,
            format!(
                "it is an index with {} manifests for WebAssembly: say which by its digest",
                others + 1
            ),
        )),
    }
}

/// The only layer, if it is one that could be a component.
fn the_layer(manifest: &OciImageManifest, what: &str) -> Result<Descriptor, Error> {
    if manifest.layers.len() > ENTRIES_MAX {
        return Err(Error::TooLarge {
            what: what.to_owned(),
            limit: ENTRIES_MAX as u64,
            unit: "layers",
        });
    }
    let types = || manifest.layers.iter().map(|layer| layer.media_type.as_str());
    for (media_type, is, hint) in OTHERS {
        if types().any(|own| own.starts_with(media_type)) {
            return Err(Error::Other {
                what: what.to_owned(),
                is: (*is).to_owned(),
                hint: (*hint).to_owned(),
            });
        }
    }
    let known = |media_type: &str| LAYERS.iter().any(|(known, _)| *known == media_type);
    let [layer] = manifest.layers.as_slice() else {
        let count = manifest.layers.len();
        return Err(Error::malformed(
            what,
            format!("it has {count} layers, and an artifact of a component has one"),
        ));
    };
    if !known(&layer.media_type) {
        let media_type = crate::support::text::one_line(&layer.media_type);
        return Err(Error::Other {
            what: what.to_owned(),
            is: format!("its layer is `{media_type}`, and no component"),
            hint: "a component's is `application/wasm`; `slt push app.wasm REF` writes it".to_owned(),
        });
    }
    let config = &manifest.config.media_type;
    if !CONFIGS.iter().any(|(known, _)| known == config) {
        return Err(Error::Other {
            what: what.to_owned(),
            is: format!(
                "its config is `{}`, and none of a component's",
                crate::support::text::one_line(config)
            ),
            hint: "`docs/artifacts.md` lists those that are read; `slt push app.wasm REF` writes one".to_owned(),
        });
    }
    let layer = Descriptor::from_oci(layer, what)?;
    match layer.size > ARTIFACT_MAX_BYTES {
        true => Err(Error::TooLarge {
            what: what.to_owned(),
            limit: ARTIFACT_MAX_BYTES,
            unit: "bytes",
        }),
        false => Ok(layer),
    }
}

/// The config, which names the layer too: another one has been put in its place otherwise.
async fn config(source: Source<'_>, at: &Reference, descriptor: &Descriptor, layer: &Digest) -> Result<Config, Error> {
    let what = format!("config of `{at}`");
    let bytes = source.blob(at, descriptor, CONFIG_MAX_BYTES).await?;
    let config: Config =
        serde_json::from_slice(&bytes).map_err(|error| Error::malformed(&what, format!("it is no config: {error}")))?;
    if config.architecture != "wasm" {
        let architecture = crate::support::text::one_line(&config.architecture);
        return Err(Error::malformed(
            what,
            format!("it is for `{architecture}`, and not for `wasm`"),
        ));
    }
    match config.layer_digests.as_slice() {
        [only] if *only == layer.to_string() => Ok(config),
        _ => Err(Error::malformed(
            what,
            "the layer that it names is not the one of the manifest",
        )),
    }
}
