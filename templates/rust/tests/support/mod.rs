//! A small HTTP client for the tests, and the interfaces that `slt test` gives them.

wit_bindgen::generate!({ world: "tests", path: "wit", generate_all });

pub use slight::testing::{clock, faults};
pub use wasi::http::types::Method;
pub use wasi::keyvalue::store;

use wasi::http::outgoing_handler::handle;
use wasi::http::types::{Fields, IncomingResponse, OutgoingBody, OutgoingRequest, Scheme};
use wasi::io::streams::StreamError;

/// What the application answered.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub location: Option<String>,
    pub body: String,
}

/// Sends a request to the application of this project, which tests reach at `http://app.test/`.
pub fn send(method: Method, path: &str, body: &str) -> Response {
    let request = OutgoingRequest::new(Fields::new());
    request.set_method(&method).unwrap();
    request.set_scheme(Some(&Scheme::Http)).unwrap();
    request.set_authority(Some("app.test")).unwrap();
    request.set_path_with_query(Some(path)).unwrap();

    let outgoing = request.body().unwrap();
    let answer = handle(request, None).unwrap();
    let stream = outgoing.write().unwrap();
    stream.blocking_write_and_flush(body.as_bytes()).unwrap();
    drop(stream);
    OutgoingBody::finish(outgoing, None).unwrap();

    answer.subscribe().block();
    let response = answer
        .get()
        .expect("it is ready")
        .expect("it is taken once");
    read(response.expect("the application answers"))
}

fn read(response: IncomingResponse) -> Response {
    let location = response.headers().get("location").pop();
    let incoming = response.consume().unwrap();
    let stream = incoming.stream().unwrap();
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(4096) {
            Ok(bytes) => body.extend(bytes),
            Err(StreamError::Closed) => break,
            Err(error) => panic!("the response broke off: {error:?}"),
        }
    }
    Response {
        status: response.status(),
        location: location.map(|value| String::from_utf8(value).unwrap()),
        body: String::from_utf8(body).unwrap(),
    }
}
