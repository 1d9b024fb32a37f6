//! Requests and responses as plain values, over the bindings of `wasi:http`.

use crate::bindings::wasi::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use crate::bindings::wasi::io::streams::StreamError;

/// The longest body that is read, in bytes.
pub const MAX_BODY_BYTES: usize = 8 * 1024;

/// The most that one call of `blocking-write-and-flush` takes, in bytes.
const MAX_WRITE_BYTES: usize = 4096;

/// A request, read to its end.
pub struct Request {
    pub method: Method,
    /// With the query, if there is one.
    pub path: String,
    pub body: Vec<u8>,
}

impl Request {
    /// Reads a request, or says how to refuse it.
    pub fn read(request: IncomingRequest) -> Result<Self, Response> {
        let incoming = request.consume().expect("a body is taken once");
        let stream = incoming.stream().expect("a stream is taken once");
        let mut body = Vec::new();
        loop {
            match stream.blocking_read(MAX_BODY_BYTES as u64) {
                Ok(bytes) => body.extend(bytes),
                Err(StreamError::Closed) => break,
                Err(StreamError::LastOperationFailed(_)) => {
                    return Err(Response::text(400, "the request broke off"));
                }
            }
            if body.len() > MAX_BODY_BYTES {
                return Err(Response::text(413, "that is too long"));
            }
        }
        let path = request.path_with_query().unwrap_or_default();
        Ok(Self {
            method: request.method(),
            path,
            body,
        })
    }

    /// The parts of the path: none for `/`.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        let path = self.path.split('?').next().unwrap_or_default();
        path.split('/').filter(|segment| !segment.is_empty())
    }
}

/// A response.
#[derive(Debug, PartialEq)]
pub struct Response {
    pub status: u16,
    pub location: Option<String>,
    pub body: String,
}

impl Response {
    /// Plain text.
    pub fn text(status: u16, body: &str) -> Self {
        Self {
            status,
            location: None,
            body: body.into(),
        }
    }

    /// Sends the client elsewhere, this time: so that each visit is seen here.
    pub fn redirect(url: &str) -> Self {
        Self {
            status: 302,
            location: Some(url.into()),
            body: String::new(),
        }
    }

    /// Sends it. A client that has gone away in the meantime is no error.
    pub fn send(self, out: ResponseOutparam) {
        let headers = Fields::new();
        let location = self.location.iter().map(|url| ("location", url.as_str()));
        for (name, value) in location.chain([("content-type", "text/plain; charset=utf-8")]) {
            headers
                .append(name, value.as_bytes())
                .expect("a header that is allowed");
        }
        let response = OutgoingResponse::new(headers);
        response
            .set_status_code(self.status)
            .expect("a status code");
        let body = response.body().expect("a body is taken once");
        ResponseOutparam::set(out, Ok(response));

        let stream = body.write().expect("a stream is taken once");
        for bytes in self.body.as_bytes().chunks(MAX_WRITE_BYTES) {
            if stream.blocking_write_and_flush(bytes).is_err() {
                return;
            }
        }
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }
}
