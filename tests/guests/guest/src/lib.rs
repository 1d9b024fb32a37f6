//! What the test guests share: the bindings, generated once, and a small HTTP client.
//!
//! It links into every guest; imports that a guest does not use are not in its component.

wit_bindgen::generate!({
    path: [
        "../../../wit/deps/io.wit",
        "../../../wit/deps/clocks.wit",
        "../../../wit/deps/random.wit",
        "../../../wit/deps/filesystem.wit",
        "../../../wit/deps/sockets.wit",
        "../../../wit/deps/cli.wit",
        "../../../wit/deps/http.wit",
        "../../../wit/deps/keyvalue",
        "../../../wit/slight-testing",
        "wit",
    ],
    world: "slt:guests/imports",
    generate_all,
});

pub use slight::testing::{clock, faults, services};
pub use wasi::http::types::{ErrorCode, FutureIncomingResponse, Method, Scheme};
pub use wasi::io::poll;
pub use wasi::keyvalue::{atomics, batch, store};

use wasi::http::outgoing_handler::handle;
use wasi::http::types::{Fields, IncomingBody, IncomingResponse, OutgoingBody, OutgoingRequest};
use wasi::io::streams::StreamError;

/// Status and body of a response.
#[derive(Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The body, whole.
    pub body: String,
}

/// A request whose body may still be written.
pub struct Sent {
    /// The response, once it is there.
    pub response: FutureIncomingResponse,
    /// The body, until it is finished.
    pub body: OutgoingBody,
}

/// Sends the head of a request, and leaves its body open.
pub fn open(method: &Method, scheme: &Scheme, authority: &str, path: &str) -> Result<Sent, ErrorCode> {
    let request = OutgoingRequest::new(Fields::new());
    request.set_method(method).unwrap();
    request.set_scheme(Some(scheme)).unwrap();
    request
        .set_authority(Some(authority))
        .map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    request
        .set_path_with_query(Some(path))
        .map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    let body = request.body().unwrap();
    let response = handle(request, None)?;
    Ok(Sent { response, body })
}

impl Sent {
    /// Writes the whole body and ends it; the response is still to come.
    pub fn write(self, bytes: &[u8]) -> Result<FutureIncomingResponse, ErrorCode> {
        let stream = self.body.write().unwrap();
        for piece in bytes.chunks(4096) {
            // Whoever is asked may answer without reading everything.
            if stream.blocking_write_and_flush(piece).is_err() {
                break;
            }
        }
        drop(stream);
        OutgoingBody::finish(self.body, None)?;
        Ok(self.response)
    }
}

/// Waits for a response and reads it.
pub fn receive(response: &FutureIncomingResponse) -> Result<Response, ErrorCode> {
    response.subscribe().block();
    let response = response.get().expect("it is ready").expect("it is taken once")?;
    read(&response)
}

fn read(response: &IncomingResponse) -> Result<Response, ErrorCode> {
    Ok(Response {
        status: response.status(),
        body: String::from_utf8_lossy(&read_body(&response.consume().unwrap())?).into_owned(),
    })
}

/// Reads a body to its end.
pub fn read_body(body: &IncomingBody) -> Result<Vec<u8>, ErrorCode> {
    let stream = body.stream().unwrap();
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(64 * 1024) {
            Ok(more) => bytes.extend(more),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(ErrorCode::InternalError(Some(error.to_debug_string())));
            }
        }
    }
}

/// Starts a `GET` of the application under test; the response is still to come.
pub fn start(path: &str) -> FutureIncomingResponse {
    let sent = open(&Method::Get, &Scheme::Http, "app.test", path).expect("the application is there");
    sent.write(&[]).expect("a request without a body")
}

/// Does a `GET` of the application under test.
pub fn get(path: &str) -> Response {
    receive(&start(path)).expect("the application answers")
}

/// A fault on an operation of every service of a kind.
pub fn on(service: &str, operation: &str, nth: Option<u32>) -> faults::Target {
    faults::Target {
        service: service.into(),
        operation: Some(operation.into()),
        key: None,
        nth,
    }
}
