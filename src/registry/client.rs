//! The client: manifests, and what every request has in common.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, IF_MATCH};
use http::{Method, StatusCode};
use serde::Deserialize;
use url::Url;

use super::auth::{Auth, Scope};
use super::retry::{Attempt, Retries, judged};
use super::transport::{Answer, Body, Request, Transport, host};
use super::{Descriptor, Digest, Error, MANIFEST_MAX_BYTES, Reference, Settings, media};

/// All kinds of manifests that are read.
const MANIFESTS: &str = concat!(
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, ",
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json"
);

/// Speaks to registries. Copies of one share what it has learned.
#[derive(Clone)]
pub struct Client(pub(super) Arc<Inner>);

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Client")
    }
}

pub(super) struct Inner {
    pub(super) transport: Transport,
    auth: Auth,
}

/// A manifest or an index, as it lies in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The bytes that have the digest.
    pub bytes: Vec<u8>,
    /// What they are.
    pub descriptor: Descriptor,
}

impl Manifest {
    /// Bytes that were read before.
    ///
    /// # Errors
    /// They are no manifest.
    pub fn read(bytes: Vec<u8>, what: &str) -> Result<Self, Error> {
        let descriptor = described(None, &bytes, what)?;
        Ok(Self { bytes, descriptor })
    }

    /// Whether it is a list of others.
    #[must_use]
    pub fn is_index(&self) -> bool {
        self.descriptor.is_index()
    }
}

impl Client {
    /// A client that has learned nothing yet.
    ///
    /// # Errors
    /// No HTTP client can be made.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let inner = Inner {
            transport: Transport::new(settings)?,
            auth: Auth::default(),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Reads a manifest or an index: by its digest if the reference has one, else by its tag.
    ///
    /// # Errors
    /// It is not there, too large, no manifest, or not what its digest says; or the registry fails.
    pub async fn manifest(&self, at: &Reference) -> Result<Manifest, Error> {
        self.marked(at).await.map(|(manifest, _)| manifest)
    }

    /// The same, with what the registry calls this version of it, if it does.
    pub(super) async fn marked(&self, at: &Reference) -> Result<(Manifest, Option<String>), Error> {
        let what = format!("manifest `{at}`");
        let request = Request {
            headers: vec![(ACCEPT, HeaderValue::from_static(MANIFESTS))],
            ..self.request(Method::GET, at, &format!("manifests/{}", at.name()), &what)?
        };
        let (answer, bytes) = self.document(&request, &reads(at), MANIFEST_MAX_BYTES).await?;
        let descriptor = described(answer.media_type.as_deref(), &bytes, &what)?;
        let said = answer.digest.map(|text| {
            text.parse()
                .map_err(|error: super::DigestError| Error::malformed(&what, error.to_string()))
        });
        let said = said.transpose()?;
        match at
            .digest
            .iter()
            .chain(&said)
            .find(|expected| **expected != descriptor.digest)
        {
            Some(expected) => Err(Error::DigestMismatch {
                what,
                expected: expected.clone(),
                found: descriptor.digest,
            }),
            None => Ok((Manifest { bytes, descriptor }, answer.mark)),
        }
    }

    /// What a tag means now, or what a digest is. The manifest itself is read, so that the answer is true.
    ///
    /// # Errors
    /// As [`Client::manifest`].
    pub async fn resolve(&self, at: &Reference) -> Result<Descriptor, Error> {
        Ok(self.manifest(at).await?.descriptor)
    }

    /// Writes a manifest or an index: to its tag if the reference has one, else by its digest.
    ///
    /// # Errors
    /// The reference's digest is another one, or the registry fails.
    pub async fn push_manifest(&self, at: &Reference, bytes: &[u8], media_type: &str) -> Result<Descriptor, Error> {
        self.put_manifest(at, bytes, media_type)
            .await
            .map(|(descriptor, _)| descriptor)
    }

    /// The same, and whether the registry has said that it keeps the referrers of the manifest's subject.
    pub(super) async fn put_manifest(
        &self,
        at: &Reference,
        bytes: &[u8],
        media_type: &str,
    ) -> Result<(Descriptor, bool), Error> {
        let (request, descriptor) = self.to_put(at, bytes, media_type)?;
        // once more is the same bytes at the same name; what is added to what others write too goes by `put_once`
        let answer = self.retried(&request, &writes(at)).await?;
        let keeps_referrers = answer.headers.contains_key("oci-subject");
        self.put(answer, at, &descriptor).await?;
        Ok((descriptor, keeps_referrers))
    }

    /// Writes a manifest or an index once, over what has this mark only. Says whether that was still there.
    pub(super) async fn put_once(
        &self,
        at: &Reference,
        bytes: &[u8],
        media_type: &str,
        over: Option<&str>,
    ) -> Result<bool, Attempt> {
        let (mut request, descriptor) = self.to_put(at, bytes, media_type)?;
        let over = over.and_then(|mark| HeaderValue::from_str(mark).ok());
        request.headers.extend(over.map(|mark| (IF_MATCH, mark)));
        let answer = self.once(&request, &writes(at), &|_| {}).await?;
        match answer.status {
            StatusCode::PRECONDITION_FAILED => Ok(false),
            _ => Ok(self.put(answer, at, &descriptor).await.map(|()| true)?),
        }
    }

    /// The request that writes a manifest, and what that is.
    fn to_put(&self, at: &Reference, bytes: &[u8], media_type: &str) -> Result<(Request, Descriptor), Error> {
        let what = format!("manifest `{at}`");
        let descriptor = Descriptor::of(bytes, media_type);
        if let Some(expected) = at.digest.as_ref().filter(|expected| **expected != descriptor.digest) {
            return Err(Error::DigestMismatch {
                what,
                expected: expected.clone(),
                found: descriptor.digest,
            });
        }
        if descriptor.size > MANIFEST_MAX_BYTES {
            return Err(too_large(&what));
        }
        let name = at
            .tag_to_write()
            .map_or_else(|| descriptor.digest.to_string(), str::to_owned);
        let content_type =
            HeaderValue::from_str(media_type).map_err(|_| Error::malformed(&what, "its media type is none"))?;
        let request = Request {
            headers: vec![(CONTENT_TYPE, content_type)],
            body: Body::Bytes(Bytes::copy_from_slice(bytes)),
            ..self.request(Method::PUT, at, &format!("manifests/{name}"), &what)?
        };
        Ok((request, descriptor))
    }

    /// Whether a manifest was written, and as what it is.
    async fn put(&self, answer: Answer, at: &Reference, descriptor: &Descriptor) -> Result<(), Error> {
        let what = format!("manifest `{at}`");
        if answer.status != StatusCode::CREATED && answer.status != StatusCode::OK {
            return Err(self.unexpected(answer, at, &what).await);
        }
        let said = answer
            .header("docker-content-digest")
            .and_then(|text| text.parse::<Digest>().ok());
        match said.filter(|said| *said != descriptor.digest) {
            Some(found) => Err(Error::DigestMismatch {
                what,
                expected: descriptor.digest.clone(),
                found,
            }),
            None => Ok(()),
        }
    }

    /// Whether a registry has asked for the credentials that are there for it, and taken them; else it lets everybody in.
    ///
    /// # Errors
    /// It does not take them, asks for some where there are none, or fails.
    pub async fn check(&self, registry: &str) -> Result<bool, Error> {
        let at = Reference {
            registry: registry.to_owned(),
            repository: String::new(),
            tag: None,
            digest: None,
        };
        let what = format!("`{registry}`");
        let request = Request {
            method: Method::GET,
            url: self.base(&at)?,
            headers: Vec::new(),
            body: Body::Empty,
            what: what.clone(),
        };
        let scope = Scope {
            registry: registry.to_owned(),
            repository: None,
            writes: false,
            from: None,
        };
        let answer = self.retried(&request, &scope).await?;
        match answer.status {
            // it is known what it asks for, where it has asked
            StatusCode::OK => Ok(self.0.auth.header(&scope).is_some() && self.0.auth.has_login(&scope)),
            StatusCode::NOT_FOUND => Err(Error::malformed(what, "there is no registry there")),
            _ => Err(self.unexpected(answer, &at, &what).await),
        }
    }

    /// `https://host/v2/`
    fn base(&self, at: &Reference) -> Result<Url, Error> {
        let parse = |scheme: &str| {
            Url::parse(&format!("{scheme}://{}/v2/", at.host()))
                .map_err(|_| Error::malformed(format!("`{}`", at.registry), "it is no host"))
        };
        let plain = parse("http")?;
        match self.0.transport.may_be_plain(&plain) {
            true => Ok(plain),
            false => parse("https"),
        }
    }

    /// A request without headers and body, of what lies at `path` below the repository.
    pub(super) fn request(&self, method: Method, at: &Reference, path: &str, what: &str) -> Result<Request, Error> {
        let base = self.base(at)?;
        let url = base
            .join(&format!("{}/{path}", at.repository))
            .map_err(|_| Error::malformed(what, "its address is none"))?;
        Ok(Request {
            method,
            url,
            headers: Vec::new(),
            body: Body::Empty,
            what: what.to_owned(),
        })
    }

    /// Sends once; a challenge is met on the way, and a token that has expired is asked for anew.
    pub(super) async fn once(
        &self,
        request: &Request,
        scope: &Scope,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Answer, Attempt> {
        let Inner { transport, auth } = &*self.0;
        let home = self.base(&Reference {
            registry: scope.registry.clone(),
            repository: String::new(),
            tag: None,
            digest: None,
        })?;
        let mut has_met = false;
        loop {
            let header = auth.header(scope);
            let answer = transport.send(request, &home, header.as_ref(), progress).await?;
            if answer.status != StatusCode::UNAUTHORIZED || answer.url.origin() != home.origin() {
                let judged = judged(answer, &request.what, transport.settings()).await;
                return judged.map_err(|attempt| attempt.scrubbed(|text| auth.scrubbed(text)));
            }
            auth.forget(scope);
            if has_met {
                return Err(Attempt::Final(Error::Unauthorized {
                    registry: scope.registry.clone(),
                    had_credentials: auth.has_login(scope),
                }));
            }
            auth.meet(&answer, scope, transport).await?;
            has_met = true;
        }
    }

    /// Sends what does no harm when it is sent again, until there is an answer.
    pub(super) async fn retried(&self, request: &Request, scope: &Scope) -> Result<Answer, Error> {
        let mut retries = self.retries();
        loop {
            match self.once(request, scope, &|_| {}).await {
                Ok(answer) => return Ok(answer),
                Err(attempt) => drop(retries.next(attempt, true).await?),
            }
        }
    }

    /// Reads a document of at most `most` bytes, until it is whole.
    pub(super) async fn document(&self, request: &Request, scope: &Scope, most: u64) -> Result<(Head, Vec<u8>), Error> {
        let mut retries = self.retries();
        loop {
            match self.read(request, scope, most).await {
                Ok(read) => return Ok(read),
                Err(attempt) => drop(retries.next(attempt, true).await?),
            }
        }
    }

    async fn read(&self, request: &Request, scope: &Scope, most: u64) -> Result<(Head, Vec<u8>), Attempt> {
        let answer = self.once(request, scope, &|_| {}).await?;
        if answer.status != StatusCode::OK {
            return Err(self.unexpected_in(answer, &scope.registry, &request.what).await.into());
        }
        let header = |name: &str| answer.header(name).map(str::to_owned);
        let head = Head {
            media_type: header("content-type"),
            digest: header("docker-content-digest"),
            link: header("link"),
            // a weak one is not for conditions (RFC 9110, section 13.1.1)
            mark: header("etag").filter(|mark| mark.starts_with('"')),
            url: answer.url.clone(),
        };
        let bytes = answer.document(most, &request.what, self.settings()).await?;
        Ok((head, bytes))
    }

    pub(super) fn settings(&self) -> &Settings {
        self.0.transport.settings()
    }

    pub(super) fn retries(&self) -> Retries<'_> {
        Retries::new(self.settings())
    }

    /// What an answer with another status than those that are good means.
    pub(super) async fn unexpected(&self, answer: Answer, at: &Reference, what: &str) -> Error {
        self.unexpected_in(answer, &at.registry, what).await
    }

    pub(super) async fn unexpected_in(&self, answer: Answer, registry: &str, what: &str) -> Error {
        let (status, host) = (answer.status, host(&answer.url));
        let what = what.to_owned();
        let detail = answer
            .detail(self.settings())
            .await
            .map(|detail| self.0.auth.scrubbed(&detail));
        match status {
            StatusCode::NOT_FOUND => Error::NotFound { what },
            StatusCode::FORBIDDEN => Error::Forbidden {
                registry: registry.to_owned(),
                what,
                detail,
            },
            status => Error::Status {
                host,
                status: status.as_u16(),
                what,
                detail,
            },
        }
    }
}

/// What is kept of the head of a document's answer.
pub(super) struct Head {
    pub(super) media_type: Option<String>,
    pub(super) digest: Option<String>,
    pub(super) link: Option<String>,
    pub(super) mark: Option<String>,
    pub(super) url: Url,
}

/// To read from a repository.
pub(super) fn reads(at: &Reference) -> Scope {
    Scope {
        registry: at.registry.clone(),
        repository: Some(at.repository.clone()),
        writes: false,
        from: None,
    }
}

/// To write to a repository.
pub(super) fn writes(at: &Reference) -> Scope {
    Scope {
        writes: true,
        ..reads(at)
    }
}

pub(super) fn too_large(what: &str) -> Error {
    Error::TooLarge {
        what: what.to_owned(),
        limit: MANIFEST_MAX_BYTES,
        unit: "bytes",
    }
}

/// What every manifest has that tells its kind.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    schema_version: u64,
    media_type: Option<String>,
    artifact_type: Option<String>,
    manifests: Option<serde::de::IgnoredAny>,
    layers: Option<serde::de::IgnoredAny>,
    config: Option<serde::de::IgnoredAny>,
}

/// What a manifest is. One that says two things of itself could be read as the one by those who verify it, and as the other by those
/// who run it (CVE-2021-41190): it is refused.
fn described(sent: Option<&str>, bytes: &[u8], what: &str) -> Result<Descriptor, Error> {
    let malformed = |reason: String| Error::malformed(what, reason);
    let kind: Kind = serde_json::from_slice(bytes).map_err(|error| malformed(format!("it is no manifest: {error}")))?;
    if kind.schema_version != 2 {
        return Err(malformed(format!(
            "version {} of the schema is not understood",
            kind.schema_version
        )));
    }
    let is_index = kind.manifests.is_some();
    if is_index && (kind.layers.is_some() || kind.config.is_some()) {
        return Err(malformed("it is a manifest and an index in one".to_owned()));
    }
    let sent = sent.map(|text| text.split(';').next().unwrap_or(text).trim());
    let by_shape = if is_index { media::INDEX } else { media::MANIFEST };
    let is_ours = |media_type: &str| {
        let ours = match is_index {
            true => [media::INDEX, media::DOCKER_INDEX],
            false => [media::MANIFEST, media::DOCKER_MANIFEST],
        };
        ours.contains(&media_type)
    };
    let media_type = match (kind.media_type.as_deref(), sent) {
        (Some(own), Some(sent)) if is_manifest(sent) && own != sent => {
            return Err(malformed(format!(
                "it calls itself `{}`, and is sent as `{}`",
                shown(own),
                shown(sent)
            )));
        }
        (Some(own), _) => own,
        (None, Some(sent)) if is_manifest(sent) => sent,
        (None, _) => by_shape,
    };
    if !is_ours(media_type) {
        return Err(malformed(format!(
            "`{}` is no kind of manifest that it could be",
            shown(media_type)
        )));
    }
    Ok(Descriptor {
        artifact_type: kind.artifact_type,
        ..Descriptor::of(bytes, media_type)
    })
}

fn is_manifest(media_type: &str) -> bool {
    [
        media::MANIFEST,
        media::INDEX,
        media::DOCKER_MANIFEST,
        media::DOCKER_INDEX,
    ]
    .contains(&media_type)
}

fn shown(text: &str) -> String {
    crate::support::text::one_line(text)
}
