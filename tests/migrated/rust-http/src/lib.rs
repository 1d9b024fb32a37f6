//! Notes over HTTP, kept in a key-value store. Handlers are as slight had them; its router is the `match` in `route`.

pub mod http;

/// The interfaces of `wit/world.wit` as Rust.
mod bindings {
    wit_bindgen::generate!({ world: "notes", path: "wit", generate_all });
}

use bindings::exports::wasi::http::incoming_handler::{Guest, IncomingRequest, ResponseOutparam};
use bindings::slight::keyvalue::compat::{Keyvalue, KeyvalueError};
use http::{HttpError, Method, Request, Response};

struct App;

impl Guest for App {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        http::send(http::read(request).and_then(route), out);
    }
}

bindings::export!(App with_types_in bindings);

fn route(request: Request) -> Result<Response, HttpError> {
    let segments = request.segments()?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (&request.method, segments.as_slice()) {
        (Method::Get, ["hello", name]) => handle_hello(request.with("name", name)),
        (Method::Get, ["notes"]) => handle_list(request),
        (Method::Get, ["notes", key]) => handle_get(request.with("key", key)),
        (Method::Put, ["notes", key]) => handle_set(request.with("key", key)),
        (Method::Delete, ["notes", key]) => handle_delete(request.with("key", key)),
        _ => Ok(http::not_found()),
    }
}

fn handle_hello(request: Request) -> Result<Response, HttpError> {
    Ok(Response {
        headers: None,
        body: Some(format!("hello, {}", request.param("name")).into_bytes()),
        status: 200,
    })
}

fn handle_list(_request: Request) -> Result<Response, HttpError> {
    let keys = open()?.keys().map_err(unexpected)?;
    Ok(Response {
        headers: None,
        body: Some(keys.join("\n").into_bytes()),
        status: 200,
    })
}

fn handle_get(request: Request) -> Result<Response, HttpError> {
    match open()?.get(request.param("key")) {
        Ok(value) => Ok(Response {
            headers: None,
            body: Some(value),
            status: 200,
        }),
        Err(KeyvalueError::KeyNotFound(_)) => Ok(http::not_found()),
        Err(error) => Err(unexpected(error)),
    }
}

fn handle_set(request: Request) -> Result<Response, HttpError> {
    let value = request.body.as_deref().unwrap_or_default();
    open()?.set(request.param("key"), value).map_err(unexpected)?;
    Ok(http::no_content())
}

fn handle_delete(request: Request) -> Result<Response, HttpError> {
    open()?.delete(request.param("key")).map_err(unexpected)?;
    Ok(http::no_content())
}

fn open() -> Result<Keyvalue, HttpError> {
    Keyvalue::open("notes").map_err(unexpected)
}

fn unexpected(error: KeyvalueError) -> HttpError {
    HttpError::UnexpectedError(error.to_string())
}
