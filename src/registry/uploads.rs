//! Sending blobs: not at all if they are there, else in pieces, each from where the registry has got to.
//!
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs>. A piece whose answer is lost may have
//! arrived in part, in whole or not at all: the registry is asked before anything is sent again.

use std::fs::File;
use std::io::Read;

use bytes::Bytes;
use http::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use http::{Method, StatusCode};
use url::Url;

use super::auth::Scope;
use super::client::writes;
use super::digest::Hasher;
use super::retry::{Attempt, RENEWING_BYTES, Retries};
use super::transport::{Answer, Body, PIECE_BYTES, Request, host, there};
use super::{Client, Content, Descriptor, Digest, Error, Progress, Reference, media};

/// How many times an upload is begun anew when the registry has lost it.
const SESSIONS_MAX: u32 = 3;

/// The upload of one blob.
struct Upload<'a> {
    client: &'a Client,
    at: &'a Reference,
    content: &'a Content,
    blob: &'a Descriptor,
    scope: Scope,
    what: String,
}

/// What came of a session.
enum Session {
    /// The blob is there.
    Done,
    /// The registry no longer knows of it.
    Lost(Error),
    /// The registry takes no pieces.
    NoPieces,
}

/// What the registry said to a piece.
enum Piece {
    /// So much is there now, and the next goes here.
    Taken(u64, Url),
    /// It is not known whether it arrived.
    Unknown(Attempt),
    Lost(Error),
    NoPieces,
}

impl Client {
    /// Sends a blob, unless the repository has it.
    ///
    /// # Errors
    /// The registry fails or refuses, or the file cannot be read or changes meanwhile.
    pub async fn push_blob(&self, at: &Reference, content: Content, media_type: &str) -> Result<Descriptor, Error> {
        self.push_blob_from(at, content, media_type, None).await
    }

    /// The same; a registry that has it in the repository `from` may take it from there.
    ///
    /// # Errors
    /// As [`Client::push_blob`].
    pub async fn push_blob_from(
        &self,
        at: &Reference,
        content: Content,
        media_type: &str,
        from: Option<&str>,
    ) -> Result<Descriptor, Error> {
        let blob = described(&content, media_type)?;
        let upload = Upload {
            client: self,
            at,
            content: &content,
            blob: &blob,
            scope: Scope {
                from: from.filter(|from| *from != at.repository).map(str::to_owned),
                ..writes(at)
            },
            what: format!("blob {} of `{}`", blob.digest, at.repository_name()),
        };
        if !upload.is_there().await? {
            upload.run().await?;
        }
        upload.tell(blob.size);
        Ok(blob)
    }
}

/// What a content is called, and how large it is.
pub(super) fn described(content: &Content, media_type: &str) -> Result<Descriptor, Error> {
    let path = match content {
        Content::Bytes(bytes) => return Ok(Descriptor::of(bytes, media_type)),
        Content::File(path) => path,
    };
    let mut file = File::open(path).map_err(Error::file("read", path))?;
    let (mut hasher, mut size, mut piece) = (Hasher::new(), 0, vec![0; PIECE_BYTES]);
    loop {
        let read = file.read(&mut piece).map_err(Error::file("read", path))?;
        if read == 0 {
            break;
        }
        hasher.update(piece.get(..read).unwrap_or_default());
        size += read as u64;
    }
    Ok(Descriptor {
        digest: hasher.finish(),
        size,
        ..Descriptor::of(&[], media_type)
    })
}

impl Upload<'_> {
    /// Whether the repository has the blob already.
    async fn is_there(&self) -> Result<bool, Error> {
        let request = self.client.request(
            Method::HEAD,
            self.at,
            &format!("blobs/{}", self.blob.digest),
            &self.what,
        )?;
        let answer = self.client.retried(&request, &self.scope).await?;
        match answer.status {
            StatusCode::OK => Ok(answer.length().is_none_or(|length| length == self.blob.size)),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(self.client.unexpected(answer, self.at, &self.what).await),
        }
    }

    async fn run(&self) -> Result<(), Error> {
        let patience = &self.client.settings().patience;
        let mut in_pieces = self.blob.size > patience.chunk_bytes;
        let mut sessions = 0;
        let mut retries = self.client.retries();
        loop {
            sessions += 1;
            let Some(location) = self.begin().await? else {
                return Ok(());
            };
            let session = match in_pieces {
                true => self.pieces(location, &mut retries).await?,
                false => self.finish(location, 0, &mut retries).await?,
            };
            match session {
                Session::Done => return Ok(()),
                Session::NoPieces => in_pieces = false,
                Session::Lost(error) if sessions >= SESSIONS_MAX => return Err(error),
                Session::Lost(_) => {}
            }
        }
    }

    /// Begins a session: where the first bytes go; nothing if the registry has taken the blob from elsewhere.
    async fn begin(&self) -> Result<Option<Url>, Error> {
        let mut request = self
            .client
            .request(Method::POST, self.at, "blobs/uploads/", &self.what)?;
        if let Some(from) = &self.scope.from {
            let mut query = request.url.query_pairs_mut();
            query
                .append_pair("mount", &self.blob.digest.to_string())
                .append_pair("from", from);
        }
        // a session that nobody knows of is the registry's to forget
        let answer = self.client.retried(&request, &self.scope).await?;
        match answer.status {
            StatusCode::CREATED if self.scope.from.is_some() => Ok(None),
            StatusCode::ACCEPTED => self.location(&answer).map(Some),
            _ => Err(self.client.unexpected(answer, self.at, &self.what).await),
        }
    }

    /// Where the next bytes go.
    fn location(&self, answer: &Answer) -> Result<Url, Error> {
        let location = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let location =
            location.ok_or_else(|| Error::malformed(&self.what, "the registry does not say where to send it"))?;
        there(&answer.url, location).map_err(|reason| Error::Redirect {
            host: host(&answer.url),
            reason: reason.to_owned(),
        })
    }

    /// Sends piece by piece.
    async fn pieces(&self, mut location: Url, retries: &mut Retries<'_>) -> Result<Session, Error> {
        let (mut done, mut furthest) = (0, 0);
        let least = RENEWING_BYTES.min(self.client.settings().patience.chunk_bytes);
        let mut goes_on = |retries: &mut Retries<'_>, now: u64| {
            // one that has less each time gets nowhere
            if now >= furthest + least {
                furthest = now;
                retries.renew();
            }
        };
        while done < self.blob.size {
            match self.piece(&location, done).await? {
                Piece::Taken(now, next) => {
                    goes_on(retries, now);
                    if now < self.end(done) {
                        retries.next(self.kept_less(done, now), true).await?;
                    }
                    (done, location) = (now, next);
                }
                Piece::NoPieces => return Ok(Session::NoPieces),
                Piece::Lost(error) => return Ok(Session::Lost(error)),
                Piece::Unknown(attempt) => {
                    // what has arrived is asked for, and never sent again
                    let error = retries.next(attempt, true).await?;
                    match self.status(&location, done).await? {
                        Piece::Taken(now, next) => {
                            goes_on(retries, now);
                            (done, location) = (now, next);
                        }
                        Piece::Lost(_) => return Ok(Session::Lost(error)),
                        Piece::Unknown(attempt) => return Ok(Session::Lost(attempt.into_error())),
                        Piece::NoPieces => return Ok(Session::NoPieces),
                    }
                }
            }
        }
        self.finish(location, done, retries).await
    }

    /// Where the piece ends that begins at `start`.
    fn end(&self, start: u64) -> u64 {
        let bytes = self.client.settings().patience.chunk_bytes;
        self.blob.size.min(start.saturating_add(bytes))
    }

    /// A piece that was taken in part: one that takes a byte at a time would be sent 16 MiB for each.
    fn kept_less(&self, start: u64, now: u64) -> Attempt {
        let (kept, sent) = (now.saturating_sub(start), self.end(start) - start);
        Attempt::Again {
            error: Error::Unreachable {
                host: self.at.registry.clone(),
                reason: format!("has kept {kept} of {sent} bytes that it was sent of {}", self.what),
            },
            after: None,
            unprocessed: false,
        }
    }

    /// Sends the piece that begins at `start`.
    async fn piece(&self, location: &Url, start: u64) -> Result<Piece, Error> {
        let end = self.end(start);
        let bytes = end - start;
        let range = HeaderValue::from_str(&format!("{start}-{}", end - 1)).ok();
        let request = Request {
            headers: [octets()]
                .into_iter()
                .chain(range.map(|range| (CONTENT_RANGE, range)))
                .collect(),
            body: self.body(start, bytes),
            ..self.session(Method::PATCH, location)
        };
        let told = |sent| self.tell(start + sent);
        let answer = match self.client.once(&request, &self.scope, &told).await {
            Ok(answer) => answer,
            Err(Attempt::Final(error)) => return Err(error),
            Err(attempt) => return Ok(Piece::Unknown(attempt)),
        };
        match answer.status {
            // what is there is at most what was sent
            StatusCode::ACCEPTED | StatusCode::NO_CONTENT | StatusCode::CREATED => {
                let next = self.location(&answer).unwrap_or_else(|_| location.clone());
                let there = received(&answer).unwrap_or(end);
                match there > start && there <= end {
                    true => Ok(Piece::Taken(there, next)),
                    false => Ok(Piece::Lost(self.lost())),
                }
            }
            StatusCode::RANGE_NOT_SATISFIABLE if start > 0 => self.status(location, start).await,
            StatusCode::NOT_FOUND if start > 0 => Ok(Piece::Lost(self.lost())),
            // the first piece is refused as a piece
            StatusCode::BAD_REQUEST
            | StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::LENGTH_REQUIRED
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::RANGE_NOT_SATISFIABLE
            | StatusCode::NOT_IMPLEMENTED
                if start == 0 =>
            {
                Ok(Piece::NoPieces)
            }
            _ => Err(self.client.unexpected(answer, self.at, &self.what).await),
        }
    }

    /// Asks how far the registry has got.
    async fn status(&self, location: &Url, start: u64) -> Result<Piece, Error> {
        let request = self.session(Method::GET, location);
        let answer = self.client.retried(&request, &self.scope).await?;
        match answer.status {
            StatusCode::NO_CONTENT | StatusCode::ACCEPTED | StatusCode::OK => {
                let next = self.location(&answer).unwrap_or_else(|_| location.clone());
                match received(&answer) {
                    Some(there) if there <= self.blob.size => Ok(Piece::Taken(there, next)),
                    _ => Ok(Piece::Lost(self.lost())),
                }
            }
            StatusCode::NOT_FOUND => Ok(Piece::Lost(self.lost())),
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => match start {
                0 => Ok(Piece::NoPieces),
                _ => Ok(Piece::Lost(self.lost())),
            },
            _ => Err(self.client.unexpected(answer, self.at, &self.what).await),
        }
    }

    /// Sends what is left, and says which blob it was.
    async fn finish(&self, mut location: Url, start: u64, retries: &mut Retries<'_>) -> Result<Session, Error> {
        loop {
            let mut target = location.clone();
            target
                .query_pairs_mut()
                .append_pair("digest", &self.blob.digest.to_string());
            let request = Request {
                headers: vec![octets()],
                body: self.body(start, self.blob.size - start),
                ..self.session(Method::PUT, &target)
            };
            let told = |sent| self.tell(start + sent);
            let error = match self.client.once(&request, &self.scope, &told).await {
                Ok(answer) => return self.finished(answer).await,
                Err(attempt) => retries.next(attempt, true).await?,
            };
            // the answer may be all that was lost
            if self.is_there().await? {
                return Ok(Session::Done);
            }
            // and where all pieces are there, they need not be sent again
            match self.status(&location, start).await? {
                Piece::Taken(there, next) if there == start => location = next,
                _ => return Ok(Session::Lost(error)),
            }
        }
    }

    async fn finished(&self, answer: Answer) -> Result<Session, Error> {
        match answer.status {
            StatusCode::CREATED | StatusCode::NO_CONTENT | StatusCode::ACCEPTED | StatusCode::OK => {
                self.confirmed(&answer)
            }
            StatusCode::NOT_FOUND | StatusCode::RANGE_NOT_SATISFIABLE => Ok(Session::Lost(self.lost())),
            _ => Err(self.client.unexpected(answer, self.at, &self.what).await),
        }
    }

    /// The registry does not keep what it was given.
    fn lost(&self) -> Error {
        Error::Unreachable {
            host: self.at.registry.clone(),
            reason: format!("has lost what it was given of {}", self.what),
        }
    }

    fn confirmed(&self, answer: &Answer) -> Result<Session, Error> {
        let said = answer
            .header("docker-content-digest")
            .and_then(|text| text.parse::<Digest>().ok());
        match said.filter(|said| *said != self.blob.digest) {
            Some(found) => Err(Error::DigestMismatch {
                what: self.what.clone(),
                expected: self.blob.digest.clone(),
                found,
            }),
            None => Ok(Session::Done),
        }
    }

    fn session(&self, method: Method, location: &Url) -> Request {
        Request {
            method,
            url: location.clone(),
            headers: Vec::new(),
            body: Body::Empty,
            what: self.what.clone(),
        }
    }

    fn body(&self, start: u64, bytes: u64) -> Body {
        match self.content {
            _ if bytes == 0 => Body::Empty,
            Content::Bytes(all) => {
                let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(all.len());
                Body::Bytes(all.slice(index(start)..index(start + bytes)))
            }
            Content::File(path) => Body::File {
                path: path.clone(),
                start,
                bytes,
            },
        }
    }

    fn tell(&self, done: u64) {
        self.client.settings().watch.tell(&Progress {
            digest: self.blob.digest.clone(),
            sent: true,
            done,
            total: self.blob.size,
        });
    }
}

fn octets() -> (HeaderName, HeaderValue) {
    (CONTENT_TYPE, HeaderValue::from_static(media::BYTES))
}

/// How many bytes the registry has: `Range: 0-99` is a hundred. Of none and of one, registries say `0-0`; it is taken as none, and what
/// comes of it is seen by the digest.
fn received(answer: &Answer) -> Option<u64> {
    let range = answer.header("range")?;
    let range = range.strip_prefix("bytes=").unwrap_or(range);
    let last: u64 = range.strip_prefix("0-")?.parse().ok()?;
    Some(if last == 0 { 0 } else { last + 1 })
}

/// Bytes that are always the same: the config of what has none.
pub(super) const EMPTY_CONFIG: Bytes = Bytes::from_static(b"{}");
