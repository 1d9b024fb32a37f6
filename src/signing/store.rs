//! Signatures in a registry: read from what refers to an image and from cosign's tags, and written there.
//!
//! Bundles are referrers of the image (OCI 1.1, or the index below a tag where a registry has none); what cosign 1 and 2 wrote lies
//! below the tags `.sig` and `.att`. How much is read is bounded. A piece that is broken becomes evidence that is refused, so that it
//! hides nothing; a registry that fails is an error.

use serde::Deserialize;
use serde_json::{Value, json};

use super::bundle::{BUNDLE_MAX_BYTES, Bundle, MEDIA_TYPE};
use super::check::{Check, Refusal};
use super::judge::Evidence;
use super::keys::PublicKey;
use super::legacy::{self, ATTESTATION_LAYER, Annotations, PAYLOAD_MAX_BYTES, SIGNATURE_LAYER};
use crate::registry::{
    Attachment, Client, Content, Descriptor, Entry, Error, Fault, MANIFEST_MAX_BYTES, Manifest, Reference, media,
};
use crate::support::hex::hex;

/// What all bundles' media types begin with.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";

/// The most pieces that are read for one image: a release has ten. Each costs two requests, one for its manifest and one for its layer,
/// and what has a manifest and then proves to be something else counts, too.
const PIECES_MAX: usize = 256;
/// The most bytes of all of them, with their manifests.
const ALL_MAX_BYTES: u64 = 64 << 20;

/// What is said of an index that refers to an image, and could be a bundle. It is not looked into: it may list indexes itself.
const AN_INDEX: &str = "it is an index, and a bundle is a manifest";

/// A manifest, as far as it is looked at. What else stands in it is left alone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layers {
    #[serde(default)]
    artifact_type: Option<String>,
    #[serde(default)]
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default)]
    annotations: Option<Annotations>,
}

/// Reads within the bounds, and collects.
struct Reader<'a> {
    client: &'a Client,
    at: &'a Reference,
    evidence: Vec<Evidence>,
    budget: &'a mut Budget,
}

/// How much evidence may be read, and how much of that is left. One image has all of it; what lies beside an image shares one more.
#[derive(Debug)]
pub struct Budget {
    /// For whom it is, as a part of a sentence.
    whom: &'static str,
    pieces_max: usize,
    bytes_max: u64,
    /// How many pieces may still be asked for.
    pieces: usize,
    /// How many bytes these may have, as is said before they are read.
    bytes: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self::of("an image", PIECES_MAX, ALL_MAX_BYTES)
    }
}

impl Budget {
    fn of(whom: &'static str, pieces: usize, bytes: u64) -> Self {
        Self {
            whom,
            pieces_max: pieces,
            bytes_max: bytes,
            pieces,
            bytes,
        }
    }

    /// What one of so many may have of what is left, so that none of them takes it from the others.
    #[must_use]
    pub fn share(&self, whom: &'static str, among: usize) -> Self {
        let among = among.max(1);
        Self::of(whom, self.pieces / among, self.bytes / among as u64)
    }

    /// Takes off what was used of a share.
    pub fn spend(&mut self, share: &Self) {
        self.pieces = self.pieces.saturating_sub(share.pieces_max - share.pieces);
        self.bytes = self.bytes.saturating_sub(share.bytes_max - share.bytes);
    }
}

/// All evidence beside an image, whose digest the reference has.
///
/// # Errors
/// The registry fails.
pub async fn evidence(client: &Client, at: &Reference, budget: &mut Budget) -> Result<Vec<Evidence>, Error> {
    let mut reader = Reader {
        client,
        at,
        evidence: Vec::new(),
        budget,
    };
    let Some(digest) = &at.digest else {
        return Ok(Vec::new());
    };
    reader.referrers().await?;
    reader.tag(&format!("{}.sig", digest.tag()), SIGNATURE_LAYER).await?;
    reader.tag(&format!("{}.att", digest.tag()), ATTESTATION_LAYER).await?;
    Ok(reader.evidence)
}

/// What a registry's answer means for one piece: a bad piece, or a registry that fails.
fn of_the_piece<T>(answer: Result<T, Error>) -> Result<Result<T, Refusal>, Error> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) if error.fault() == Fault::Content => Ok(Err(Check::Bundle.refused(error.to_string()))),
        Err(error) => Err(error),
    }
}

impl Reader<'_> {
    fn refused(&mut self, origin: String, refusal: Refusal) {
        self.evidence.push(Evidence {
            origin,
            bundle: Err(refusal),
            payload: None,
        });
    }

    /// Whether there is room for one more; else it is said once how many are left out.
    fn has_room(&mut self, origin: &str, left: usize) -> bool {
        let Budget {
            whom,
            pieces_max,
            bytes_max,
            ..
        } = *self.budget;
        let is_full = self.budget.pieces == 0 || self.budget.bytes == 0;
        if is_full {
            let reason = format!(
                "it and {} more are not read: no more than {pieces_max} pieces and {bytes_max} bytes are for {whom}",
                left.saturating_sub(1)
            );
            self.refused(origin.to_owned(), Check::Bundle.refused(reason));
        }
        self.budget.pieces = self.budget.pieces.saturating_sub(1);
        !is_full
    }

    /// Takes room for so many bytes before they are read; refused: there is none, or it is too large by itself.
    fn takes(&mut self, what: &str, bytes: u64, most: u64) -> Result<(), Refusal> {
        let refused = |reason: String| Err(Check::Bundle.refused(reason));
        if bytes > most {
            return refused(format!("its {what} is larger than {most} bytes"));
        }
        let Some(left) = self.budget.bytes.checked_sub(bytes) else {
            let Budget { whom, bytes_max, .. } = *self.budget;
            return refused(format!(
                "its {what} is not read: no more than {bytes_max} bytes are for {whom}"
            ));
        };
        self.budget.bytes = left;
        Ok(())
    }

    async fn referrers(&mut self) -> Result<(), Error> {
        let referrers = match of_the_piece(self.client.referrers(self.at).await)? {
            Ok(referrers) => referrers,
            Err(refusal) => {
                self.refused("referrers".to_owned(), refusal);
                return Ok(());
            }
        };
        let candidates: Vec<&Descriptor> = referrers.iter().filter(|referrer| may_be_bundle(referrer)).collect();
        for (index, referrer) in candidates.iter().enumerate() {
            let origin = format!("referrer {}", referrer.digest);
            if !self.has_room(&origin, candidates.len() - index) {
                break;
            }
            match referrer.is_index() {
                true => self.refused(origin, Check::Bundle.refused(AN_INDEX)),
                false => self.referrer(origin, referrer).await?,
            }
        }
        Ok(())
    }

    /// The manifest of a referrer, which is as large as the list of referrers says.
    async fn manifest(&mut self, referrer: &Descriptor) -> Result<Result<Manifest, Refusal>, Error> {
        if let Err(refusal) = self.takes("manifest", referrer.size, MANIFEST_MAX_BYTES) {
            return Ok(Err(refusal));
        }
        let at = self.at.with_digest(referrer.digest.clone());
        let manifest = of_the_piece(self.client.manifest(&at).await)?;
        Ok(manifest.and_then(|manifest| match manifest.bytes.len() as u64 {
            bytes if bytes == referrer.size => Ok(manifest),
            bytes => Err(Check::Bundle.refused(format!(
                "its manifest has {bytes} bytes, and should have {}",
                referrer.size
            ))),
        }))
    }

    async fn referrer(&mut self, origin: String, referrer: &Descriptor) -> Result<(), Error> {
        let manifest = match self.manifest(referrer).await? {
            Ok(manifest) => manifest,
            Err(refusal) => {
                self.refused(origin, refusal);
                return Ok(());
            }
        };
        if manifest.is_index() {
            self.refused(origin, Check::Bundle.refused(AN_INDEX));
            return Ok(());
        }
        let Some(read) = read(&manifest.bytes) else {
            self.refused(origin, Check::Bundle.refused("its manifest cannot be read"));
            return Ok(());
        };
        let is_bundle = |media_type: &str| media_type.starts_with(BUNDLE);
        let is_said = read.artifact_type.as_deref().is_some_and(is_bundle);
        match read.layers.as_slice() {
            [layer] if is_bundle(&layer.media_type) => {
                if let Some(bytes) = self.layer(&origin, layer, BUNDLE_MAX_BYTES).await? {
                    self.evidence.push(Evidence::bundle(origin, &bytes));
                }
            }
            // something else that refers to the image
            _ if !is_said => {}
            layers => {
                let reason = format!(
                    "it says that it is a bundle, and has {} layers, none or not all of one",
                    layers.len()
                );
                self.refused(origin, Check::Bundle.refused(reason));
            }
        }
        Ok(())
    }

    async fn tag(&mut self, tag: &str, media_type: &str) -> Result<(), Error> {
        let manifest = match self.client.manifest(&self.at.with_tag(tag)).await {
            Err(error) if error.is_not_found() => return Ok(()),
            answer => of_the_piece(answer)?,
        };
        let layers = manifest.and_then(|manifest| {
            self.takes("manifest", manifest.bytes.len() as u64, MANIFEST_MAX_BYTES)?;
            read(&manifest.bytes).ok_or_else(|| Check::Bundle.refused("its manifest cannot be read"))
        });
        let layers = match layers {
            Ok(read) => read.layers,
            Err(refusal) => {
                self.refused(tag.to_owned(), refusal);
                return Ok(());
            }
        };
        let sha256 = self.at.digest.as_ref().map_or("", |digest| digest.hex());
        let layers = layers.iter().enumerate();
        let layers: Vec<(usize, &Layer)> = layers.filter(|(_, layer)| layer.media_type == media_type).collect();
        for (seen, (index, layer)) in layers.iter().enumerate() {
            let origin = format!("{tag}, layer {index}");
            if !self.has_room(&origin, layers.len() - seen) {
                break;
            }
            let most = if media_type == SIGNATURE_LAYER {
                PAYLOAD_MAX_BYTES
            } else {
                BUNDLE_MAX_BYTES
            };
            let Some(bytes) = self.layer(&origin, layer, most).await? else {
                continue;
            };
            let none = Annotations::new();
            let annotations = layer.annotations.as_ref().unwrap_or(&none);
            self.evidence.push(match media_type == SIGNATURE_LAYER {
                true => legacy::signature(origin, sha256, bytes, annotations),
                false => legacy::attestation(origin, &bytes, annotations),
            });
        }
        Ok(())
    }

    async fn layer(&mut self, origin: &str, layer: &Layer, most: u64) -> Result<Option<Vec<u8>>, Error> {
        let Ok(digest) = layer.digest.parse() else {
            self.refused(
                origin.to_owned(),
                Check::Bundle.refused("the digest of its layer is none"),
            );
            return Ok(None);
        };
        let descriptor = Descriptor {
            media_type: layer.media_type.clone(),
            digest,
            size: layer.size,
            artifact_type: None,
            annotations: Annotations::new(),
        };
        if let Err(refusal) = self.takes("layer", layer.size, most) {
            self.refused(origin.to_owned(), refusal);
            return Ok(None);
        }
        match of_the_piece(self.client.blob(self.at, &descriptor, most).await)? {
            Ok(bytes) => Ok(Some(bytes)),
            Err(refusal) => {
                self.refused(origin.to_owned(), refusal);
                Ok(None)
            }
        }
    }
}

/// Whether a referrer may be a bundle. Some registries say nothing of its type, or give that of its config.
fn may_be_bundle(referrer: &Descriptor) -> bool {
    match referrer.artifact_type.as_deref() {
        None | Some("" | media::EMPTY) => true,
        Some(artifact_type) => artifact_type.starts_with(BUNDLE),
    }
}

fn read(manifest: &[u8]) -> Option<Layers> {
    serde_json::from_slice(manifest).ok()
}

/// Puts a bundle beside an image, as cosign 3 does. `created` is a time in RFC 3339.
///
/// # Errors
/// The registry fails.
pub async fn attach(
    client: &Client,
    subject: (&Reference, &Descriptor),
    bundle: &Bundle,
    predicate_type: &str,
    created: &str,
) -> Result<Descriptor, Error> {
    let annotations = [
        ("dev.sigstore.bundle.content", bundle.content()),
        ("dev.sigstore.bundle.predicateType", predicate_type),
        ("org.opencontainers.image.created", created),
    ];
    let annotations = annotations.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let attachment = Attachment {
        artifact_type: MEDIA_TYPE.to_owned(),
        config: None,
        layers: vec![(MEDIA_TYPE.to_owned(), bundle.to_json(), Annotations::new())],
        annotations: annotations.into_iter().collect(),
    };
    client.attach(subject, attachment).await
}

/// Adds a layer below `sha256-<hex>.sig`, beside those that are there; one by the same key over the same is not added again.
///
/// # Errors
/// The registry fails, or what lies below the tag is no manifest.
pub async fn attach_legacy(
    client: &Client,
    at: &Reference,
    signed: (&[u8], &Annotations),
    key: &PublicKey,
) -> Result<Descriptor, Error> {
    let (payload, annotations) = signed;
    let hex = at.digest.as_ref().map_or_else(String::new, |digest| digest.tag());
    let tag = at.with_tag(format!("{hex}.sig"));
    let layer = client
        .push_blob(at, Content::from(payload.to_vec()), SIGNATURE_LAYER)
        .await?;
    let entry = Entry {
        media_type: media::MANIFEST,
        list: "layers",
        value: json!({
            "mediaType": SIGNATURE_LAYER, "digest": layer.digest.to_string(), "size": layer.size, "annotations": annotations,
        }),
        is_it: &|known| is_by(known, &layer, payload, key),
        config: Some((legacy::CONFIG, config)),
    };
    client.add(&tag, &entry).await
}

/// Whether a layer is a signature by this key over this payload.
fn is_by(known: &Value, layer: &Descriptor, payload: &[u8], key: &PublicKey) -> bool {
    let known = serde_json::from_value::<Layer>(known.clone()).ok();
    known.is_some_and(|known| {
        known.digest == layer.digest.to_string()
            && known
                .annotations
                .is_some_and(|annotations| legacy::is_signed_by(key, payload, &annotations))
    })
}

/// The config of `.sig`: cosign makes it an image, whose config lists its layers.
fn config(layers: &[Value]) -> Vec<u8> {
    let digests: Vec<_> = layers.iter().filter_map(|layer| layer.get("digest")).collect();
    let nowhen = "0001-01-01T00:00:00Z";
    let history: Vec<_> = layers.iter().map(|_| json!({"created": nowhen})).collect();
    let config = json!({
        "architecture": "", "created": nowhen, "history": history, "os": "",
        "rootfs": {"type": "layers", "diff_ids": digests}, "config": {},
    });
    serde_json::to_vec(&config).unwrap_or_default()
}

/// The digest of bytes, in hexadecimal digits: what a [`super::Subject`] has.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    super::install();
    hex(sigstore_crypto::sha256(bytes).as_bytes())
}
