//! One request and its answer: where it may go, what it may carry there, how long it may take and how much is read of it.
//!
//! Redirects are followed here and not by the HTTP library, because credentials go to the registry that asked for them and to
//! nobody else. Nothing here sends anything again; `retry.rs` decides that.

use std::io::{self, Read, Seek};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use rustls::CertificateError;
use url::Url;

use super::retry::Attempt;
use super::{Error, Settings};
use crate::support::http::{Clients, Limits};
pub(super) use crate::support::http::{is_loopback, reason};
use crate::support::text::one_line;

/// The most redirects in a row: registries send one, to where their blobs lie.
const REDIRECTS_MAX: usize = 5;

/// The most of an error's body that is read, in bytes: an envelope of the specification has some hundred.
const ERROR_MAX_BYTES: u64 = 64 << 10;

/// What servers in Go answer with 400 to plain HTTP where they want TLS (`net/http`, `server.go`).
pub(super) const WANTS_TLS: &str = "Client sent an HTTP request to an HTTPS server";

/// How much of a file is read at once, in bytes.
pub(super) const PIECE_BYTES: usize = 256 << 10;

/// What is sent.
#[derive(Clone, Default)]
pub(super) enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// This.
    Bytes(Bytes),
    /// This, which nobody but the host that is asked may see.
    Secret(Bytes),
    /// A part of a file.
    File { path: PathBuf, start: u64, bytes: u64 },
}

/// How far a body has got, and why it cannot go on.
#[derive(Default)]
pub(super) struct Sending {
    done: AtomicU64,
    failed: Mutex<Option<io::Error>>,
}

/// A request.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Body,
    /// What it is about, for messages.
    pub(super) what: String,
}

/// The beginning of an answer; its body has not been read.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Where it came from in the end.
    pub(super) url: Url,
    response: reqwest::Response,
}

/// Makes connections.
pub(super) struct Transport {
    settings: Settings,
    clients: Clients,
}

impl Transport {
    pub(super) fn new(settings: Settings) -> Result<Self, Error> {
        let limits = Limits {
            connect: settings.patience.connect,
            answer: None,
        };
        let clients =
            Clients::new(limits, settings.proxies.clone(), settings.authorities.clone()).map_err(Error::Client)?;
        Ok(Self { settings, clients })
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether a host may be spoken to without TLS.
    pub(super) fn may_be_plain(&self, url: &Url) -> bool {
        let name = host(url);
        let without_port = url.host_str().unwrap_or_default();
        let is_in = |hosts: &[String]| hosts.iter().any(|host| *host == name || *host == without_port);
        (is_loopback(url) && !is_in(&self.settings.tls)) || is_in(&self.settings.plain_http)
    }

    /// Sends a request, with this authorization to its home alone, and follows redirects. Answers with every status but those of
    /// redirects.
    pub(super) async fn send(
        &self,
        request: &Request,
        home: &Url,
        authorization: Option<&HeaderValue>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Answer, Attempt> {
        let mut url = request.url.clone();
        for _ in 0..=REDIRECTS_MAX {
            self.check(&url, &request.url)?;
            let authorization = authorization.filter(|_| url.origin() == home.origin());
            let response = self.exchange(request, &url, authorization, progress).await?;
            let Some(target) = redirect(&response, &url) else {
                return Ok(Answer {
                    status: response.status(),
                    headers: response.headers().clone(),
                    url,
                    response,
                });
            };
            let refused = |reason: &str| {
                Attempt::Final(Error::Redirect {
                    host: host(&url),
                    reason: reason.to_owned(),
                })
            };
            let repeats = matches!(response.status().as_u16(), 307 | 308);
            if !repeats && request.method != Method::GET && request.method != Method::HEAD {
                return Err(refused("what is to be written"));
            }
            let target = target.map_err(refused)?;
            if matches!(request.body, Body::Secret(_)) && target.origin() != home.origin() {
                return Err(refused("a secret to another host"));
            }
            url = target;
        }
        Err(Attempt::Final(Error::Redirect {
            host: host(&request.url),
            reason: format!("more than {REDIRECTS_MAX} times"),
        }))
    }

    fn check(&self, url: &Url, first: &Url) -> Result<(), Attempt> {
        let is_allowed = match url.scheme() {
            "https" => true,
            "http" => self.may_be_plain(url),
            _ => false,
        };
        match is_allowed {
            true => Ok(()),
            false => Err(Attempt::Final(Error::Redirect {
                host: host(first),
                reason: format!(
                    "to `{}://{}`, which is neither https nor this machine",
                    url.scheme(),
                    host(url)
                ),
            })),
        }
    }

    async fn exchange(
        &self,
        request: &Request,
        url: &Url,
        authorization: Option<&HeaderValue>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<reqwest::Response, Attempt> {
        let client = self.clients.of(url).map_err(Error::Client)?;
        let mut builder = client.request(request.method.clone(), url.clone());
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(authorization) = authorization {
            builder = builder.header(AUTHORIZATION, authorization);
        }
        let sending = Arc::new(Sending::default());
        builder = match &request.body {
            Body::Empty if matches!(request.method, Method::GET | Method::HEAD) => builder,
            Body::Empty => builder.header(CONTENT_LENGTH, 0),
            Body::Bytes(bytes) | Body::Secret(bytes) => {
                let pieces = bytes_in_pieces(bytes.clone(), Arc::clone(&sending));
                builder
                    .header(CONTENT_LENGTH, bytes.len())
                    .body(reqwest::Body::wrap_stream(pieces))
            }
            Body::File { path, start, bytes } => {
                let pieces =
                    file_in_pieces(path, *start, *bytes, Arc::clone(&sending)).map_err(Error::file("read", path))?;
                builder
                    .header(CONTENT_LENGTH, *bytes)
                    .body(reqwest::Body::wrap_stream(pieces))
            }
        };
        let done = || sending.done.load(Ordering::Relaxed);
        let sent = while_it_moves(self.settings.patience.silence, &done, progress, builder.send()).await;
        if let Body::File { path, .. } = &request.body
            && let Some(error) = sending.failed.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            return Err(Attempt::Final(Error::file("read", path)(error)));
        }
        match sent {
            Some(Ok(response)) => Ok(response),
            Some(Err(error)) => Err(Attempt::broken(url, &error)),
            None => Err(Attempt::silent(url, self.settings.patience.silence)),
        }
    }
}

impl Answer {
    /// A header, if it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The size that it says that its body has.
    pub(super) fn length(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }

    /// The next piece of the body.
    #[allow(clippy::disallowed_methods)] // what is outside of every deployment takes real time
    pub(super) async fn piece(&mut self, silence: Duration) -> Result<Option<Bytes>, Attempt> {
        match tokio::time::timeout(silence, self.response.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(error)) => Err(Attempt::broken(&self.url, &error)),
            Err(_) => Err(Attempt::silent(&self.url, silence)),
        }
    }

    /// The whole body, of at most `most` bytes, in at most the time that a document may take.
    #[allow(clippy::disallowed_methods)] // as above
    pub(super) async fn document(mut self, most: u64, what: &str, settings: &Settings) -> Result<Vec<u8>, Attempt> {
        let patience = &settings.patience;
        let url = self.url.clone();
        let reading = async {
            let too_large = || {
                Attempt::Final(Error::TooLarge {
                    what: what.to_owned(),
                    limit: most,
                    unit: "bytes",
                })
            };
            if self.length().is_some_and(|length| length > most) {
                return Err(too_large());
            }
            let mut bytes = Vec::new();
            while let Some(piece) = self.piece(patience.silence).await? {
                if bytes.len() as u64 + piece.len() as u64 > most {
                    return Err(too_large());
                }
                bytes.extend_from_slice(&piece);
            }
            Ok(bytes)
        };
        match tokio::time::timeout(patience.document, reading).await {
            Ok(read) => read,
            Err(_) => Err(Attempt::silent(&url, patience.document)),
        }
    }

    /// What the registry says of an error: the first message of its envelope, as one short line.
    #[allow(clippy::disallowed_methods)] // as above
    pub(super) async fn detail(mut self, settings: &Settings) -> Option<String> {
        let limit = settings.patience.error_body;
        let mut bytes = Vec::new();
        let reading = async {
            while let Ok(Some(piece)) = self.piece(limit).await {
                bytes.extend_from_slice(&piece);
                if bytes.len() as u64 > ERROR_MAX_BYTES {
                    bytes.clear();
                    break;
                }
            }
        };
        // what has come until then may be all that matters
        let _ = tokio::time::timeout(limit, reading).await;
        if bytes.starts_with(WANTS_TLS.as_bytes()) {
            return Some(WANTS_TLS.to_owned());
        }
        let envelope: oci_client::errors::OciEnvelope = serde_json::from_slice(&bytes).ok()?;
        let first = envelope.errors.into_iter().next()?;
        let code = serde_json::to_value(&first.code).ok()?;
        let code = code.as_str().unwrap_or_default().to_owned();
        let text = match (first.message.trim(), code.is_empty()) {
            ("", _) => code,
            (message, true) => message.to_owned(),
            (message, false) => format!("{message} ({code})"),
        };
        Some(one_line(&text)).filter(|text| !text.is_empty())
    }
}

/// Where a redirect leads, if the response is one.
fn redirect(response: &reqwest::Response, from: &Url) -> Option<Result<Url, &'static str>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?;
    Some(
        location
            .to_str()
            .map_or(Err(NO_ADDRESS), |location| there(from, location)),
    )
}

/// How an error ends that is about a `Location` which leads nowhere.
const NO_ADDRESS: &str = "to what is no address";

/// Where a `Location` leads, or a part of a sentence on why nobody goes there: what was asked over TLS goes on over TLS, and a URL that
/// somebody sends us must not make us send a password of its own.
pub(super) fn there(from: &Url, location: &str) -> Result<Url, &'static str> {
    let url = from.join(location).map_err(|_| NO_ADDRESS)?;
    if !url.username().is_empty() || url.password().is_some() || !url.has_host() {
        return Err(NO_ADDRESS);
    }
    match from.scheme() == "https" && url.scheme() != "https" {
        true => Err("from https to http"),
        false => Ok(url),
    }
}

/// The host of a URL, with its port if one is said.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Why the certificate of the other side is not taken, if that is what is wrong.
pub(super) fn untrusted(error: &reqwest::Error) -> Option<String> {
    let found = causes(error).find_map(|cause| match cause.downcast_ref()? {
        rustls::Error::InvalidCertificate(why) => Some(why),
        _ => None,
    })?;
    Some(match found {
        CertificateError::UnknownIssuer => "nobody whom this machine trusts vouches for it".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name".to_owned()
        }
        other => one_line(&other.to_string()),
    })
}

/// Whether what came is no HTTP.
pub(super) fn is_no_http(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse))
}

type Cause<'a> = &'a (dyn std::error::Error + 'static);

/// An error and what is behind it. One of input and output says what it is around, and gives as its source what is behind that.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = Cause<'_>> {
    std::iter::successors(Some(error as Cause<'_>), |cause| {
        let within = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        within.map(|within| within as Cause<'_>).or_else(|| cause.source())
    })
}

/// Waits for something while bytes move; `None` when none have for so long.
#[allow(clippy::disallowed_methods)] // what is outside of every deployment takes real time
async fn while_it_moves<F: Future>(
    silence: Duration,
    done: &(dyn Fn() -> u64 + Sync),
    progress: &(dyn Fn(u64) + Sync),
    future: F,
) -> Option<F::Output> {
    /// How often it is looked at, in milliseconds: as often as a bar should move.
    const LOOK_MILLISECONDS: u64 = 100;
    let look = Duration::from_millis(LOOK_MILLISECONDS).min(silence);
    let (mut seen, mut still) = (0, Duration::ZERO);
    tokio::pin!(future);
    loop {
        tokio::select! {
            biased;
            output = &mut future => {
                progress(done());
                return Some(output);
            }
            () = tokio::time::sleep(look) => {
                let now = done();
                still = if now == seen { still + look } else { Duration::ZERO };
                seen = now;
                progress(now);
                if still >= silence {
                    return None;
                }
            }
        }
    }
}

type Piece = io::Result<Bytes>;

fn bytes_in_pieces(bytes: Bytes, sending: Arc<Sending>) -> impl futures_util::Stream<Item = Piece> + Send {
    futures_util::stream::unfold((bytes, sending), |(mut rest, sending)| async move {
        if rest.is_empty() {
            return None;
        }
        let piece = rest.split_to(rest.len().min(PIECE_BYTES));
        sending.done.fetch_add(piece.len() as u64, Ordering::Relaxed);
        Some((Ok(piece), (rest, sending)))
    })
}

fn file_in_pieces(
    path: &std::path::Path,
    start: u64,
    bytes: u64,
    sending: Arc<Sending>,
) -> io::Result<impl futures_util::Stream<Item = Piece> + Send + use<>> {
    let mut file = std::fs::File::open(path)?;
    file.seek(io::SeekFrom::Start(start))?;
    Ok(futures_util::stream::unfold(
        (file, bytes, sending),
        |(mut file, left, sending)| async move {
            if left == 0 {
                return None;
            }
            let mut piece = vec![0; usize::try_from(left).unwrap_or(PIECE_BYTES).min(PIECE_BYTES)];
            match file.read(&mut piece) {
                Ok(read) if read > 0 => {
                    piece.truncate(read);
                    sending.done.fetch_add(read as u64, Ordering::Relaxed);
                    Some((Ok(Bytes::from(piece)), (file, left - read as u64, sending)))
                }
                end => {
                    let error = end.err().unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into());
                    let told = io::Error::from(error.kind());
                    *sending.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    Some((Err(told), (file, 0, sending)))
                }
            }
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_location_leads() {
        const DOWN: Result<&str, &str> = Err("from https to http");
        for (from, location, expected) in [
            (
                "https://a.example/v2/",
                "uploads/1?x=y",
                Ok("https://a.example/v2/uploads/1?x=y"),
            ),
            ("https://a.example/v2/", "https://b.example/", Ok("https://b.example/")),
            ("https://a.example/v2/", "http://a.example/v2/", DOWN),
            ("https://a.example/v2/", "http://127.0.0.1:5000/v2/", DOWN),
            ("https://a.example/v2/", "ftp://a.example/v2/", DOWN),
            ("http://127.0.0.1/v2/", "http://localhost/", Ok("http://localhost/")),
            ("http://127.0.0.1/v2/", "https://a.example/", Ok("https://a.example/")),
            (
                "https://a.example/v2/",
                "https://me:password@a.example/",
                Err(NO_ADDRESS),
            ),
            ("https://a.example/v2/", "https://", Err(NO_ADDRESS)),
            ("https://a.example/v2/", "data:,x", Err(NO_ADDRESS)),
        ] {
            let found = there(&from.parse().unwrap(), location);
            assert_eq!(found, expected.map(|url| url.parse().unwrap()), "{location}");
        }
    }
}
