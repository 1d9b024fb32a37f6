//! The requests, responses and errors of slight's `http-types`, over `wasi:http`. Copy it into an application that is brought over.

pub use crate::bindings::wasi::http::types::Method;

use crate::bindings::wasi::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};
use crate::bindings::wasi::io::streams::StreamError;

/// The longest body that is read, in bytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The most that one call of `blocking-write-and-flush` takes, in bytes.
const MAX_WRITE_BYTES: usize = 4096;

/// A request, read to its end.
pub struct Request {
    pub method: Method,
    /// The path and the query.
    pub uri: String,
    pub headers: Vec<(String, String)>,
    /// What stood in the places of a route: `name` of `/hello/:name`.
    pub params: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
}

/// A response.
pub struct Response {
    pub headers: Option<Vec<(String, String)>>,
    pub body: Option<Vec<u8>>,
    pub status: u16,
}

/// Why there is no response.
#[derive(Debug)]
pub enum HttpError {
    InvalidUrl(String),
    TimeoutError(String),
    ProtocolError(String),
    StatusError(u16),
    UnexpectedError(String),
}

impl Request {
    /// The parts of the path as slight's router saw them: decoded, and without an empty one at the end.
    pub fn segments(&self) -> Result<Vec<String>, HttpError> {
        let path = self.uri.split('?').next().unwrap_or_default();
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        path.split('/').map(decoded).collect()
    }

    /// The same with a parameter.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// A parameter of the route.
    pub fn param(&self, name: &str) -> &str {
        let param = self.params.iter().find(|(known, _)| known == name);
        param.map_or("", |(_, value)| value)
    }
}

/// `%41` is `A`.
fn decoded(text: &str) -> Result<String, HttpError> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let code = code.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| HttpError::StatusError(400))
}

pub fn not_found() -> Response {
    Response {
        headers: None,
        body: Some(b"not found".to_vec()),
        status: 404,
    }
}

pub fn no_content() -> Response {
    Response {
        headers: None,
        body: None,
        status: 204,
    }
}

/// Reads a request.
pub fn read(request: IncomingRequest) -> Result<Request, HttpError> {
    let headers = request.headers().entries().into_iter();
    let headers = headers.map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()));
    Ok(Request {
        method: request.method(),
        uri: request.path_with_query().unwrap_or_default(),
        headers: headers.collect(),
        params: Vec::new(),
        body: Some(body(&request)?),
    })
}

fn body(request: &IncomingRequest) -> Result<Vec<u8>, HttpError> {
    let incoming = request.consume().expect("a body is taken once");
    let stream = incoming.stream().expect("a stream is taken once");
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(MAX_BODY_BYTES as u64) {
            Ok(bytes) => body.extend(bytes),
            Err(StreamError::Closed) => return Ok(body),
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(HttpError::ProtocolError(error.to_debug_string()));
            }
        }
        if body.len() > MAX_BODY_BYTES {
            return Err(HttpError::StatusError(413));
        }
    }
}

/// Sends a response; for an error, its status, or 500. A client that has gone away in the meantime is no error.
pub fn send(response: Result<Response, HttpError>, out: ResponseOutparam) {
    let response = response.unwrap_or_else(|error| {
        eprintln!("{error:?}");
        let status = match error {
            HttpError::StatusError(status) => status,
            _ => 500,
        };
        Response {
            headers: None,
            body: None,
            status,
        }
    });
    let headers = Fields::new();
    for (name, value) in response.headers.iter().flatten() {
        headers
            .append(name, value.as_bytes())
            .expect("a header that is allowed");
    }
    let outgoing = OutgoingResponse::new(headers);
    outgoing.set_status_code(response.status).expect("a status code");
    let body = outgoing.body().expect("a body is taken once");
    ResponseOutparam::set(out, Ok(outgoing));

    let stream = body.write().expect("a stream is taken once");
    for bytes in response.body.iter().flat_map(|body| body.chunks(MAX_WRITE_BYTES)) {
        if stream.blocking_write_and_flush(bytes).is_err() {
            return;
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
