//! What refers to an artifact: signatures, attestations, slightfiles. Read and written with the referrers API, or where a registry has
//! none, with an index below a tag that every tool agrees on.
//!
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers>. That index has no lock: two who write it
//! at the same time can each lose the other's entry: `shared.rs` does what can be done about it.

use std::collections::BTreeMap;

use http::Method;
use http::header::{ACCEPT, HeaderValue};
use oci_client::manifest::{ImageIndexEntry, OciDescriptor, OciImageManifest};
use serde_json::Value;
use url::Url;

use super::client::{Head, reads};
use super::shared::Entry;
use super::uploads::EMPTY_CONFIG;
use super::{Client, Content, Descriptor, Digest, ENTRIES_MAX, Error, MANIFEST_MAX_BYTES, Reference, media};

/// The most pages of a list of referrers.
const PAGES_MAX: usize = 64;

/// What is attached to an artifact.
#[derive(Debug, Clone, Default)]
pub struct Attachment {
    /// What kind of thing it is.
    pub artifact_type: String,
    /// Its config and that one's media type; none is the empty one.
    pub config: Option<(String, Vec<u8>)>,
    /// Its layers: media type, bytes, annotations.
    pub layers: Vec<(String, Vec<u8>, BTreeMap<String, String>)>,
    /// What else is said of it.
    pub annotations: BTreeMap<String, String>,
}

impl Attachment {
    /// Its manifest, and the digest of that, beside this subject.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn manifest(&self, subject: &Descriptor) -> Result<(Vec<u8>, Digest), Error> {
        let config = match &self.config {
            Some((media_type, bytes)) => Descriptor::of(bytes, media_type),
            None => Descriptor::of(&EMPTY_CONFIG, media::EMPTY),
        };
        let layer = |(media_type, bytes, annotations): &(String, Vec<u8>, BTreeMap<String, String>)| {
            let annotations = annotations.clone();
            let descriptor = Descriptor::of(bytes, media_type);
            Descriptor {
                annotations,
                ..descriptor
            }
            .to_oci()
        };
        let manifest = OciImageManifest {
            schema_version: 2,
            media_type: Some(media::MANIFEST.to_owned()),
            artifact_type: Some(self.artifact_type.clone()),
            config: config.to_oci(),
            layers: self.layers.iter().map(layer).collect(),
            subject: Some(OciDescriptor {
                annotations: None,
                artifact_type: None,
                ..subject.to_oci()
            }),
            annotations: (!self.annotations.is_empty()).then(|| self.annotations.clone()),
        };
        let what = format!("manifest of `{}`", self.artifact_type);
        let bytes = serde_json::to_vec(&manifest).map_err(|error| Error::malformed(what, error.to_string()))?;
        let digest = Digest::of(&bytes);
        Ok((bytes, digest))
    }
}

impl Client {
    /// What refers to a manifest, whose digest the reference has. Nothing is left out, whatever its type.
    ///
    /// # Errors
    /// The list is too long or no list, or the registry fails.
    pub async fn referrers(&self, subject: &Reference) -> Result<Vec<Descriptor>, Error> {
        let digest = digest_of(subject)?;
        let what = format!("list of what refers to `{subject}`");
        let mut request = self.request(Method::GET, subject, &format!("referrers/{digest}"), &what)?;
        request.headers = vec![(ACCEPT, HeaderValue::from_static(media::INDEX))];
        let mut all = Vec::new();
        for _ in 0..PAGES_MAX {
            let (head, bytes) = match self.document(&request, &reads(subject), MANIFEST_MAX_BYTES).await {
                // where the API is unknown: the specification says 404, and some say that they don't understand
                Err(Error::NotFound { .. } | Error::Status { status: 405 | 501, .. }) if all.is_empty() => {
                    return self.fallback_referrers(subject, digest).await;
                }
                read => read?,
            };
            all.extend(entries(&bytes, &what)?);
            limited(all.len(), &what)?;
            match next_page(&head) {
                Some(next) if next.origin() == request.url.origin() => request.url = next,
                Some(_) => return Err(Error::malformed(what, "its next page lies on another host")),
                None => return Ok(all),
            }
        }
        Err(Error::TooLarge {
            what,
            limit: PAGES_MAX as u64,
            unit: "pages",
        })
    }

    async fn fallback_referrers(&self, subject: &Reference, digest: &Digest) -> Result<Vec<Descriptor>, Error> {
        match self.manifest(&subject.with_tag(digest.tag())).await {
            Ok(index) => entries(&index.bytes, &format!("index below `{}`", digest.tag())),
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Attaches something to a manifest that is there.
    ///
    /// # Errors
    /// The registry fails or refuses, or the index of what refers to it is too large or keeps changing.
    pub async fn attach(
        &self,
        subject: (&Reference, &Descriptor),
        attachment: Attachment,
    ) -> Result<Descriptor, Error> {
        let (at, subject) = subject;
        let (bytes, _) = attachment.manifest(subject)?;
        let (config_type, config) = match attachment.config {
            Some((media_type, bytes)) => (media_type, Content::from(bytes)),
            None => (media::EMPTY.to_owned(), Content::Bytes(EMPTY_CONFIG)),
        };
        self.push_blob(at, config, &config_type).await?;
        for (media_type, bytes, _) in attachment.layers {
            self.push_blob(at, Content::from(bytes), &media_type).await?;
        }
        let own = at.with_digest(Digest::of(&bytes));
        let (pushed, keeps_referrers) = self.put_manifest(&own, &bytes, media::MANIFEST).await?;
        let referrer = Descriptor {
            artifact_type: Some(attachment.artifact_type),
            annotations: attachment.annotations,
            ..pushed
        };
        if !keeps_referrers {
            let tag = at.with_tag(subject.digest.tag());
            let digest = referrer.digest.to_string();
            let value = serde_json::to_value(referrer.to_oci())
                .map_err(|error| Error::malformed(format!("index `{tag}`"), error.to_string()))?;
            let entry = Entry {
                media_type: media::INDEX,
                list: "manifests",
                value,
                is_it: &|entry| entry.get("digest").and_then(Value::as_str) == Some(&digest),
                config: None,
            };
            self.add(&tag, &entry).await?;
        }
        Ok(referrer)
    }
}

fn digest_of(subject: &Reference) -> Result<&Digest, Error> {
    let missing = || Error::malformed(format!("`{subject}`"), "what refers to it is asked for by its digest");
    subject.digest.as_ref().ok_or_else(missing)
}

/// The next page of a list: `Link: </v2/…?n=100&last=…>; rel="next"`.
fn next_page(head: &Head) -> Option<Url> {
    let link = head.link.as_deref()?;
    let (target, rest) = link.trim_start().strip_prefix('<')?.split_once('>')?;
    let is_next = rest.replace(['"', ' '], "").contains("rel=next");
    if is_next { head.url.join(target).ok() } else { None }
}

pub(super) fn limited(count: usize, what: &str) -> Result<(), Error> {
    match count > ENTRIES_MAX {
        true => Err(Error::TooLarge {
            what: what.to_owned(),
            limit: ENTRIES_MAX as u64,
            unit: "entries",
        }),
        false => Ok(()),
    }
}

/// The entries of an index.
pub(super) fn entries(bytes: &[u8], what: &str) -> Result<Vec<Descriptor>, Error> {
    #[derive(serde::Deserialize)]
    struct Index {
        manifests: Vec<ImageIndexEntry>,
    }
    let index: Index =
        serde_json::from_slice(bytes).map_err(|error| Error::malformed(what, format!("it is no index: {error}")))?;
    limited(index.manifests.len(), what)?;
    let entry = |entry: ImageIndexEntry| {
        let descriptor = OciDescriptor {
            media_type: entry.media_type,
            digest: entry.digest,
            size: entry.size,
            urls: None,
            annotations: entry.annotations,
            artifact_type: entry.artifact_type,
        };
        Descriptor::from_oci(&descriptor, what)
    };
    index.manifests.into_iter().map(entry).collect()
}
