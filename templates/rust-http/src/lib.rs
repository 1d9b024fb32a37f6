//! A greeter: a `wasi:http` handler that keeps nothing.
//!
//! | request | answer |
//! |---|---|
//! | `GET /hello/NAME` | 200 and a greeting |
//! | `GET /hi/NAME` | 302 to the same |
//! | `GET /now` | 200 and the seconds since 1970 |
//!
//! What is asked for wrongly is 404, 405 or 413.

pub mod http;

/// The interfaces of `wit/world.wit` as Rust.
pub mod bindings {
    wit_bindgen::generate!({ world: "shortener", path: "wit", generate_all, pub_export_macro: true });
}

use std::time::{Duration, SystemTime};

use bindings::exports::wasi::http::incoming_handler::{Guest, IncomingRequest, ResponseOutparam};
use bindings::wasi::http::types::Method;
use http::{Request, Response};

struct App;

impl Guest for App {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let response = match Request::read(request) {
            Ok(request) => respond(&request, now()),
            Err(refusal) => refusal,
        };
        response.send(out);
    }
}

bindings::export!(App with_types_in bindings);

/// Answers a request. `now` is counted from 1970.
pub fn respond(request: &Request, now: Duration) -> Response {
    let segments: Vec<&str> = request.segments().collect();
    match (&request.method, segments.as_slice()) {
        (Method::Get, ["hello", name]) => Response::text(200, &greeting(name)),
        (Method::Get, ["hi", name]) => Response::redirect(&format!("/hello/{name}")),
        (Method::Get, ["now"]) => Response::text(200, &now.as_secs().to_string()),
        (_, ["hello" | "hi", _] | ["now"]) => Response::text(405, "that can't be done with this"),
        _ => Response::text(404, "there is nothing here"),
    }
}

/// Greets.
///
/// ```
/// assert_eq!(shortener::greeting("Ada"), "hello, Ada");
/// ```
pub fn greeting(name: &str) -> String {
    format!("hello, {name}")
}

fn now() -> Duration {
    // A clock before 1970 is taken for 1970.
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: Method, path: &str) -> u16 {
        let request = Request {
            method,
            path: path.into(),
            body: Vec::new(),
        };
        respond(&request, Duration::ZERO).status
    }

    #[test]
    fn wrong_paths_and_methods_are_refused() {
        assert_eq!(status(Method::Get, "/"), 404);
        assert_eq!(status(Method::Get, "/hello/a/b"), 404);
        assert_eq!(status(Method::Put, "/hello/a"), 405);
    }
}
