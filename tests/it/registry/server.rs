//! A registry in this process, on loopback: the distribution specification as far as slt uses it, with or without the referrers API,
//! with and without credentials, and with faults that a test scripts.
#![allow(clippy::disallowed_methods)] // a thread with a runtime of its own, and real time

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use slt::registry::{Digest, media};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// Who may do what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// Everybody everything.
    #[default]
    None,
    /// A password with each request.
    Basic { user: &'static str, password: &'static str },
    /// A token for a password.
    Bearer { user: &'static str, password: &'static str },
    /// A token for an identity token.
    Identity(&'static str),
    /// This token, which nobody gives out.
    Fixed(&'static str),
}

/// What goes wrong.
#[derive(Clone)]
pub enum Fault {
    /// This answer instead.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// The answer's body ends here, though its head says otherwise.
    CutAnswer(usize),
    /// The request's body is read so far, kept if it belongs to an upload, and the connection closed.
    CutRequest(usize),
    /// All is done, and the connection closed without an answer.
    LoseAnswer,
    /// The answer comes after this time.
    Late(Duration),
    /// The answer's body comes this slowly, a byte at a time.
    Drip(Duration),
    /// This status, and a body without an end.
    Endless(u16),
    /// These headers in the answer instead of its own; one without a value is left out.
    Headers(Vec<(&'static str, Option<String>)>),
    /// All tokens that were given out are no longer taken.
    ForgetTokens,
    /// Another writes this below a tag of the repository just before; and this status is answered instead, if there is one.
    Overtaken {
        status: Option<u16>,
        repository: &'static str,
        tag: String,
        media_type: &'static str,
        bytes: Vec<u8>,
    },
}

/// A fault, and when it happens.
struct Rule {
    method: Method,
    path: String,
    times: usize,
    fault: Fault,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: BTreeMap<String, String>,
    pub body_bytes: usize,
    /// What was answered; 0: nothing.
    pub status: u16,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// `GET /v2/… 200`
    pub fn line(&self) -> String {
        format!("{} {} {}", self.method, self.path, self.status)
    }
}

#[derive(Default)]
struct State {
    address: String,
    scheme: &'static str,
    auth: Auth,
    referrers: bool,
    marks: bool,
    pieces: bool,
    blobs: BTreeMap<(String, String), Bytes>,
    manifests: BTreeMap<(String, String), (String, Bytes)>,
    tags: BTreeMap<(String, String), String>,
    uploads: BTreeMap<String, Vec<u8>>,
    tokens: Vec<String>,
    given: usize,
    rules: Vec<Rule>,
    seen: Vec<Seen>,
}

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// Answers what is asked below one part of the API: method, repository, name, query, request, body.
type Handler = fn(&mut State, &Method, &str, &str, &BTreeMap<String, String>, &Seen, Vec<u8>) -> Plain;

/// A registry that runs until it is dropped.
pub struct Server {
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// One with the referrers API, for everybody.
    pub fn start() -> Self {
        Self::with(Auth::None, true)
    }

    pub fn with(auth: Auth, referrers: bool) -> Self {
        Self::run(auth, referrers, None)
    }

    /// One that speaks TLS, with the certificate of `tests/fixtures/tls`.
    pub fn with_tls(auth: Auth) -> Self {
        slt::support::tls::install();
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls");
        let certificate = CertificateDer::from_pem_file(folder.join("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Self::run(auth, true, Some(TlsAcceptor::from(Arc::new(config))))
    }

    fn run(auth: Auth, referrers: bool, tls: Option<TlsAcceptor>) -> Self {
        let state = Arc::new(Mutex::new(State {
            auth,
            referrers,
            scheme: if tls.is_some() { "https" } else { "http" },
            pieces: true,
            ..State::default()
        }));
        let (stop, stopped) = oneshot::channel();
        let (bound, address) = std::sync::mpsc::channel();
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(serve(shared, tls, bound, stopped));
        });
        let address: SocketAddr = address.recv().unwrap();
        state.lock().unwrap().address = address.to_string();
        Self {
            state,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// One that takes blobs in one piece only.
    pub fn without_pieces() -> Self {
        let server = Self::start();
        server.state.lock().unwrap().pieces = false;
        server
    }

    /// From now on, manifests have an `ETag`, and are written over what has the one that is asked for.
    pub fn mark(&self) {
        self.state.lock().unwrap().marks = true;
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> String {
        self.state.lock().unwrap().address.clone()
    }

    /// The text of a reference into it.
    pub fn name(&self, rest: &str) -> String {
        format!("{}/{rest}", self.address())
    }

    /// A fault at the next `times` requests with this method whose path contains this text.
    pub fn fault(&self, method: &str, path: &str, times: usize, fault: Fault) -> &Self {
        self.state.lock().unwrap().rules.push(Rule {
            method: method.parse().unwrap(),
            path: path.to_owned(),
            times,
            fault,
        });
        self
    }

    /// What was asked so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    /// How often something was asked.
    pub fn count(&self, method: &str, path: &str) -> usize {
        let is_it = |seen: &&Seen| seen.method == method && seen.path.contains(path);
        self.seen().iter().filter(is_it).count()
    }

    pub fn forget_seen(&self) {
        self.state.lock().unwrap().seen.clear();
    }

    pub fn put_blob(&self, repository: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        self.put_blob_as(repository, &digest, bytes);
        digest
    }

    /// Bytes that are not what they are called.
    pub fn put_blob_as(&self, repository: &str, digest: &Digest, bytes: &[u8]) {
        let key = (repository.to_owned(), digest.to_string());
        self.state
            .lock()
            .unwrap()
            .blobs
            .insert(key, Bytes::copy_from_slice(bytes));
    }

    pub fn put_manifest(&self, repository: &str, tag: &str, media_type: &str, bytes: &[u8]) -> Digest {
        let mut state = self.state.lock().unwrap();
        state.put_manifest(repository, tag, media_type, bytes)
    }

    /// The manifest below a tag or a digest, as JSON.
    pub fn manifest(&self, repository: &str, name: &str) -> Option<Value> {
        let state = self.state.lock().unwrap();
        let (_, bytes) = state.manifest(repository, name)?;
        Some(serde_json::from_slice(&bytes).unwrap())
    }

    pub fn blob(&self, repository: &str, digest: &str) -> Option<Bytes> {
        let key = (repository.to_owned(), digest.to_owned());
        self.state.lock().unwrap().blobs.get(&key).cloned()
    }

    pub fn tags(&self, repository: &str) -> Vec<String> {
        let state = self.state.lock().unwrap();
        let own = state.tags.keys().filter(|(of, _)| of == repository);
        own.map(|(_, tag)| tag.clone()).collect()
    }

    pub fn digest(&self, repository: &str, tag: &str) -> Option<String> {
        let key = (repository.to_owned(), tag.to_owned());
        self.state.lock().unwrap().tags.get(&key).cloned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(std::thread::JoinHandle::join);
    }
}

async fn serve(
    state: Arc<Mutex<State>>,
    tls: Option<TlsAcceptor>,
    bound: std::sync::mpsc::Sender<SocketAddr>,
    mut stopped: oneshot::Receiver<()>,
) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    bound.send(listener.local_addr().unwrap()).unwrap();
    loop {
        let stream = tokio::select! {
            biased;
            _ = &mut stopped => return,
            accepted = listener.accept() => accepted.unwrap().0,
        };
        let (state, tls) = (Arc::clone(&state), tls.clone());
        tokio::spawn(async move {
            match tls {
                None => converse(state, stream).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        converse(state, stream).await;
                    }
                }
            }
        });
    }
}

async fn converse(state: Arc<Mutex<State>>, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let service = hyper::service::service_fn(|request| answer(Arc::clone(&state), request));
    let io = hyper_util::rt::TokioIo::new(stream);
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(io, service)
        .await;
}

/// One exchange, with what goes wrong with it.
async fn answer(state: Arc<Mutex<State>>, request: Request<Incoming>) -> Result<Response<Body>, std::io::Error> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let fault = state.lock().unwrap().due(&parts.method, &path);
    let most = match fault {
        Some(Fault::CutRequest(most)) => Some(most),
        _ => None,
    };
    let body = read(body, most).await;
    let response = state.lock().unwrap().exchange(&parts, fault.as_ref(), body);
    let closed = || std::io::Error::other("closed by a fault");
    let mut response = response.ok_or_else(closed)?;
    let is_head = parts.method == Method::HEAD;
    match fault {
        Some(Fault::CutAnswer(at)) => Ok(response.send(|bytes| cut(bytes, at))),
        Some(Fault::Late(time)) => {
            tokio::time::sleep(time).await;
            Ok(response.send(|bytes| whole(bytes, is_head)))
        }
        Some(Fault::Drip(time)) => Ok(response.send(|bytes| drip(bytes, time))),
        Some(Fault::Endless(_)) => Ok(response.send(|_| endless())),
        Some(Fault::Headers(headers)) => {
            for (name, value) in headers {
                response.headers.retain(|(own, _)| *own != name);
                response.headers.extend(value.map(|value| (name, value)));
            }
            Ok(response.send(|bytes| whole(bytes, is_head)))
        }
        _ => Ok(response.send(|bytes| whole(bytes, is_head))),
    }
}

async fn read(mut body: Incoming, most: Option<usize>) -> Vec<u8> {
    let mut bytes = Vec::new();
    while most.is_none_or(|most| bytes.len() < most) {
        match body.frame().await {
            Some(Ok(frame)) => bytes.extend(frame.into_data().into_iter().flatten()),
            _ => break,
        }
    }
    bytes.truncate(most.unwrap_or(usize::MAX));
    bytes
}

fn text_of(headers: &HeaderMap) -> BTreeMap<String, String> {
    let text = |(name, value): (&HeaderName, &HeaderValue)| (name.to_string(), value.to_str().unwrap().to_owned());
    headers.iter().map(text).collect()
}

fn whole(bytes: Bytes, is_head: bool) -> Body {
    Full::new(if is_head { Bytes::new() } else { bytes })
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

fn cut(bytes: Bytes, at: usize) -> Body {
    let pieces = [
        Ok(Frame::data(bytes.slice(..at.min(bytes.len())))),
        Err(std::io::Error::other("cut")),
    ];
    // what was written must reach the reader before the connection ends
    let pieces = futures_util::stream::unfold(pieces.into_iter(), |mut pieces| async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        pieces.next().map(|piece| (piece, pieces))
    });
    StreamBody::new(pieces).boxed_unsync()
}

fn drip(bytes: Bytes, time: Duration) -> Body {
    let pieces = futures_util::stream::unfold(bytes, move |mut rest| async move {
        tokio::time::sleep(time).await;
        let next = (!rest.is_empty()).then(|| rest.split_to(1))?;
        Some((Ok(Frame::data(next)), rest))
    });
    StreamBody::new(pieces).boxed_unsync()
}

fn endless() -> Body {
    let piece = Bytes::from(vec![b' '; 64 << 10]);
    StreamBody::new(futures_util::stream::repeat_with(move || {
        Ok(Frame::data(piece.clone()))
    }))
    .boxed_unsync()
}

/// An answer before it is sent.
struct Plain {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl Plain {
    fn new(status: u16, headers: Vec<(&'static str, String)>, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    fn error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({ "errors": [{ "code": code, "message": message }] });
        Self::new(
            status,
            vec![("content-type", "application/json".into())],
            body.to_string(),
        )
    }

    fn send(self, body: impl FnOnce(Bytes) -> Body) -> Response<Body> {
        let length = self.body.len();
        let mut response = Response::new(body(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap();
        let headers = response.headers_mut();
        for (name, value) in self.headers {
            headers.append(name, HeaderValue::from_str(&value).unwrap());
        }
        if length > 0 && !headers.contains_key("content-length") {
            headers.insert("content-length", length.into());
        }
        response
    }
}

impl State {
    fn due(&mut self, method: &Method, path: &str) -> Option<Fault> {
        let is_due = |rule: &Rule| rule.times > 0 && rule.method == *method && path.contains(&rule.path);
        let rule = self.rules.iter_mut().find(|rule| is_due(rule))?;
        rule.times -= 1;
        Some(rule.fault.clone())
    }

    /// What is answered; nothing: the connection is closed.
    fn exchange(&mut self, parts: &hyper::http::request::Parts, fault: Option<&Fault>, body: Vec<u8>) -> Option<Plain> {
        let path = parts.uri.path();
        let mut seen = Seen {
            method: parts.method.to_string(),
            path: path.to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: text_of(&parts.headers),
            body_bytes: body.len(),
            status: 0,
        };
        let response = match fault {
            Some(Fault::CutRequest(_)) => {
                let id = path.split("/blobs/uploads/").nth(1).unwrap_or_default();
                if let (&Method::PATCH, Some(upload)) = (&parts.method, self.uploads.get_mut(id)) {
                    upload.extend_from_slice(&body);
                }
                None
            }
            Some(Fault::LoseAnswer) => {
                self.respond(&parts.method, path, &seen, body);
                None
            }
            Some(Fault::Answer(status, headers, body)) => Some(Plain::new(*status, headers.clone(), body.clone())),
            Some(Fault::Endless(status)) => Some(Plain::new(
                *status,
                vec![("content-type", media::MANIFEST.into())],
                Vec::new(),
            )),
            fault => {
                if let Some(Fault::ForgetTokens) = fault {
                    self.tokens.clear();
                }
                if let Some(Fault::Overtaken {
                    status,
                    repository,
                    tag,
                    media_type,
                    bytes,
                }) = fault
                {
                    self.put_manifest(repository, tag, media_type, bytes);
                    if let Some(status) = status {
                        seen.status = *status;
                        self.seen.push(seen);
                        return Some(Plain::error(*status, "UNKNOWN", "sorry"));
                    }
                }
                Some(self.respond(&parts.method, path, &seen, body))
            }
        };
        seen.status = response.as_ref().map_or(0, |response| response.status);
        self.seen.push(seen);
        response
    }

    fn put_manifest(&mut self, repository: &str, tag: &str, media_type: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        let content = (media_type.to_owned(), Bytes::copy_from_slice(bytes));
        self.manifests
            .insert((repository.to_owned(), digest.to_string()), content);
        self.tags
            .insert((repository.to_owned(), tag.to_owned()), digest.to_string());
        digest
    }

    fn manifest(&self, repository: &str, name: &str) -> Option<(String, Bytes)> {
        let digest = self.tags.get(&(repository.to_owned(), name.to_owned()));
        let digest = digest.map_or(name, String::as_str);
        self.manifests.get(&(repository.to_owned(), digest.to_owned())).cloned()
    }

    fn respond(&mut self, method: &Method, path: &str, seen: &Seen, body: Vec<u8>) -> Plain {
        if path == "/token" {
            return self.token(seen, &body);
        }
        if let Some(refused) = self.refused(seen) {
            return refused;
        }
        let rest = path.strip_prefix("/v2/").unwrap_or_default();
        let queries: BTreeMap<String, String> = url::form_urlencoded::parse(seen.query.as_bytes())
            .into_owned()
            .collect();
        for (part, handle) in [
            ("/blobs/uploads/", Self::upload as Handler),
            ("/blobs/", Self::blobs),
            ("/manifests/", Self::manifests),
            ("/referrers/", Self::referrers),
        ] {
            if let Some((repository, name)) = rest.split_once(part) {
                return handle(self, method, repository, name, &queries, seen, body);
            }
        }
        match path {
            "/v2/" => Plain::new(200, Vec::new(), "{}"),
            _ => Plain::error(404, "NAME_UNKNOWN", "no such page"),
        }
    }

    fn refused(&self, seen: &Seen) -> Option<Plain> {
        let sent = seen.header("authorization");
        let basic = |user: &str, password: &str| {
            let both = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
            format!("Basic {both}")
        };
        let challenge = match &self.auth {
            Auth::None => return None,
            Auth::Basic { user, password } if sent == Some(&basic(user, password)) => return None,
            Auth::Basic { .. } => "Basic realm=\"registry\"".to_owned(),
            Auth::Fixed(token) if sent == Some(&format!("Bearer {token}")) => return None,
            Auth::Bearer { .. } | Auth::Identity(_) | Auth::Fixed(_) => {
                let is_given = |sent: &str| self.tokens.iter().any(|token| format!("Bearer {token}") == sent);
                if sent.is_some_and(is_given) {
                    return None;
                }
                let (scheme, address) = (self.scheme, &self.address);
                format!("Bearer realm=\"{scheme}://{address}/token\",service=\"{address}\"")
            }
        };
        let mut refused = Plain::error(401, "UNAUTHORIZED", "authentication required");
        refused.headers.push(("www-authenticate", challenge));
        Some(refused)
    }

    fn token(&mut self, seen: &Seen, body: &[u8]) -> Plain {
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        let is_allowed = match &self.auth {
            Auth::Bearer { user, password } => {
                let both = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
                seen.method == "GET" && seen.header("authorization") == Some(&format!("Basic {both}"))
            }
            Auth::Identity(token) => {
                seen.method == "POST"
                    && form.get("grant_type").map(String::as_str) == Some("refresh_token")
                    && form.get("refresh_token").map(String::as_str) == Some(token)
            }
            _ => false,
        };
        if !is_allowed {
            return Plain::error(401, "UNAUTHORIZED", "wrong credentials");
        }
        self.given += 1;
        let token = format!("secret-token-{}", self.given);
        self.tokens.push(token.clone());
        let name = if seen.method == "POST" { "access_token" } else { "token" };
        Plain::new(200, Vec::new(), json!({ name: token, "expires_in": 300 }).to_string())
    }

    fn upload(
        &mut self,
        method: &Method,
        repository: &str,
        id: &str,
        queries: &BTreeMap<String, String>,
        seen: &Seen,
        body: Vec<u8>,
    ) -> Plain {
        let range = |bytes: usize| format!("0-{}", bytes.saturating_sub(1));
        if *method == Method::POST {
            if let (Some(digest), Some(from)) = (queries.get("mount"), queries.get("from"))
                && let Some(bytes) = self.blobs.get(&(from.clone(), digest.clone())).cloned()
            {
                self.blobs.insert((repository.to_owned(), digest.clone()), bytes);
                return Plain::new(201, vec![("docker-content-digest", digest.clone())], Vec::new());
            }
            let id = format!("session-{}", self.seen.len());
            self.uploads.insert(id.clone(), Vec::new());
            let location = format!("/v2/{repository}/blobs/uploads/{id}");
            return Plain::new(202, vec![("location", location), ("range", "0-0".into())], Vec::new());
        }
        let location = format!("/v2/{repository}/blobs/uploads/{id}");
        let pieces = self.pieces;
        let Some(upload) = self.uploads.get_mut(id) else {
            return Plain::error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload");
        };
        let begins = seen
            .header("content-range")
            .and_then(|range| range.split('-').next()?.parse().ok());
        match *method {
            Method::PATCH if !pieces => Plain::error(405, "UNSUPPORTED", "one piece only"),
            Method::PATCH if begins.is_some_and(|begins: usize| begins != upload.len()) => Plain::new(
                416,
                vec![("range", range(upload.len())), ("location", location)],
                Vec::new(),
            ),
            Method::PATCH => {
                upload.extend(body);
                Plain::new(
                    202,
                    vec![("range", range(upload.len())), ("location", location)],
                    Vec::new(),
                )
            }
            Method::GET => Plain::new(
                204,
                vec![("range", range(upload.len())), ("location", location)],
                Vec::new(),
            ),
            Method::PUT => {
                upload.extend(body);
                let digest = queries.get("digest").cloned().unwrap_or_default();
                if Digest::of(upload).to_string() != digest {
                    return Plain::error(400, "DIGEST_INVALID", "these bytes have another digest");
                }
                let bytes = self.uploads.remove(id).unwrap();
                self.blobs.insert((repository.to_owned(), digest.clone()), bytes.into());
                Plain::new(201, vec![("docker-content-digest", digest)], Vec::new())
            }
            _ => Plain::error(405, "UNSUPPORTED", "no such method"),
        }
    }

    fn blobs(
        &mut self,
        _: &Method,
        repository: &str,
        digest: &str,
        _: &BTreeMap<String, String>,
        seen: &Seen,
        _: Vec<u8>,
    ) -> Plain {
        let Some(bytes) = self.blobs.get(&(repository.to_owned(), digest.to_owned())).cloned() else {
            return Plain::error(404, "BLOB_UNKNOWN", "no such blob");
        };
        let start: Option<usize> = seen
            .header("range")
            .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        match start {
            Some(start) if start < bytes.len() => {
                let range = format!("bytes {start}-{}/{}", bytes.len() - 1, bytes.len());
                Plain::new(206, vec![("content-range", range)], bytes.slice(start..))
            }
            Some(_) => Plain::new(416, Vec::new(), Vec::new()),
            None => Plain::new(200, vec![("docker-content-digest", digest.to_owned())], bytes),
        }
    }

    fn manifests(
        &mut self,
        method: &Method,
        repository: &str,
        name: &str,
        _: &BTreeMap<String, String>,
        seen: &Seen,
        body: Vec<u8>,
    ) -> Plain {
        if *method != Method::PUT {
            return match self.manifest(repository, name) {
                Some((media_type, bytes)) => {
                    let digest = Digest::of(&bytes).to_string();
                    let mark = self.marks.then(|| ("etag", format!("\"{digest}\"")));
                    let mut headers = vec![("content-type", media_type), ("docker-content-digest", digest)];
                    headers.extend(mark);
                    Plain::new(200, headers, bytes)
                }
                None => Plain::error(404, "MANIFEST_UNKNOWN", "no such manifest"),
            };
        }
        let mark = self.manifest(repository, name);
        let mark = mark.map(|(_, bytes)| format!("\"{}\"", Digest::of(&bytes)));
        if seen
            .header("if-match")
            .is_some_and(|over| Some(over) != mark.as_deref())
        {
            return Plain::error(412, "UNKNOWN", "it has changed");
        }
        let digest = Digest::of(&body).to_string();
        if name.contains(':') && name != digest {
            return Plain::error(400, "DIGEST_INVALID", "these bytes have another digest");
        }
        let document: Value = serde_json::from_slice(&body).unwrap_or_default();
        for blob in document["layers"]
            .as_array()
            .into_iter()
            .flatten()
            .chain([&document["config"]])
        {
            let Some(digest) = blob["digest"].as_str() else {
                continue;
            };
            if !self.blobs.contains_key(&(repository.to_owned(), digest.to_owned())) {
                return Plain::error(400, "MANIFEST_BLOB_UNKNOWN", "a blob is missing");
            }
        }
        let media_type = seen.header("content-type").unwrap_or_default().to_owned();
        self.manifests
            .insert((repository.to_owned(), digest.clone()), (media_type, body.into()));
        if !name.contains(':') {
            self.tags
                .insert((repository.to_owned(), name.to_owned()), digest.clone());
        }
        let mut headers = vec![("docker-content-digest", digest)];
        if let (true, Some(subject)) = (self.referrers, document["subject"]["digest"].as_str()) {
            headers.push(("oci-subject", subject.to_owned()));
        }
        Plain::new(201, headers, Vec::new())
    }

    fn referrers(
        &mut self,
        _: &Method,
        repository: &str,
        subject: &str,
        _: &BTreeMap<String, String>,
        _: &Seen,
        _: Vec<u8>,
    ) -> Plain {
        if !self.referrers {
            return Plain::new(404, Vec::new(), "404 page not found");
        }
        let mut found = Vec::new();
        for ((of, digest), (media_type, bytes)) in &self.manifests {
            let document: Value = serde_json::from_slice(bytes).unwrap_or_default();
            if of == repository && document["subject"]["digest"] == *subject {
                found.push(json!({
                    "mediaType": media_type,
                    "digest": digest,
                    "size": bytes.len(),
                    "artifactType": document["artifactType"],
                    "annotations": document["annotations"],
                }));
            }
        }
        let index = json!({ "schemaVersion": 2, "mediaType": media::INDEX, "manifests": found });
        Plain::new(200, vec![("content-type", media::INDEX.into())], index.to_string())
    }
}
