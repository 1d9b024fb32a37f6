//! A small HTTP client for the tests, and the interfaces that `slt test` gives them.

wit_bindgen::generate!({ world: "tests", path: "wit", generate_all });

pub use slight::keyvalue::compat::{Keyvalue, KeyvalueError};
pub use slight::testing::faults;
pub use wasi::http::types::Method;

use wasi::http::outgoing_handler::handle;
use wasi::http::types::{Fields, OutgoingBody, OutgoingRequest, Scheme};
use wasi::io::streams::StreamError;

/// Sends a request to the application, which tests reach at `http://app.test/`: the status and the body of the answer.
pub fn send(method: &Method, path: &str, body: &str) -> (u16, String) {
    let request = OutgoingRequest::new(Fields::new());
    request.set_method(method).unwrap();
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
    let response = answer.get().expect("it is ready").expect("it is taken once");
    let response = response.expect("the application answers");
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
    (response.status(), String::from_utf8(body).unwrap())
}
