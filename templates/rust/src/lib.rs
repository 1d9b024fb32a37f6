//! A URL shortener: a `wasi:http` handler that keeps its links in a `wasi:keyvalue` store.
//!
//! | request | answer |
//! |---|---|
//! | `POST /` with a URL as its body | 201 and the link's code |
//! | `GET /` | 200 and all links, one a line |
//! | `GET /CODE` | 302 to the URL, counted |
//! | `GET /CODE/stats` | 200 and how often the link was followed |
//! | `DELETE /CODE` | 204 |
//!
//! What is asked for wrongly is 400, 404, 405 or 413; a store that fails is 503.

pub mod http;
pub mod links;

/// The interfaces of `wit/world.wit` as Rust.
mod bindings {
    wit_bindgen::generate!({ world: "shortener", path: "wit", generate_all });
}

use std::time::{Duration, SystemTime};

use bindings::exports::wasi::http::incoming_handler::{Guest, IncomingRequest, ResponseOutparam};
use bindings::wasi::{http::types::Method, keyvalue::store::Error};
use http::{Request, Response};
use links::Links;

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
    route(request, now).unwrap_or_else(|error| {
        eprintln!("the store failed: {error:?}");
        Response::text(503, "the store does not answer, try again later")
    })
}

fn route(request: &Request, now: Duration) -> Result<Response, Error> {
    let links = Links::open()?;
    let segments: Vec<&str> = request.segments().collect();
    Ok(match (&request.method, segments.as_slice()) {
        (Method::Post, []) => match links::check_url(&request.body) {
            Ok(url) => Response::text(201, &links.add(url, now)?),
            Err(reason) => Response::text(400, reason),
        },
        (Method::Get, []) => {
            let lines = links
                .list(now)?
                .into_iter()
                .map(|(code, url)| format!("{code} {url}\n"));
            Response::text(200, &lines.collect::<String>())
        }
        (Method::Get, [code]) => match links.visit(code, now)? {
            Some(url) => Response::redirect(&url),
            None => Response::text(404, "there is no such link"),
        },
        (Method::Get, [code, "stats"]) => match links.visits(code, now)? {
            Some(visits) => Response::text(200, &visits.to_string()),
            None => Response::text(404, "there is no such link"),
        },
        (Method::Delete, [code]) => {
            links.remove(code)?;
            Response::text(204, "")
        }
        (_, [] | [_] | [_, "stats"]) => Response::text(405, "that can't be done with this"),
        _ => Response::text(404, "there is nothing here"),
    })
}

fn now() -> Duration {
    // Before 1970 there were no links.
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: Method, path: &str, body: &str) -> Response {
        let request = Request {
            method,
            path: path.into(),
            body: body.into(),
        };
        respond(&request, Duration::ZERO)
    }

    #[test]
    fn what_is_not_a_url_is_refused() {
        let response = ask(Method::Post, "/", "ftp://example.com");
        assert_eq!(
            (response.status, response.body.as_str()),
            (400, "only http:// and https:// can be shortened")
        );
    }

    #[test]
    fn wrong_paths_and_methods_are_refused() {
        assert_eq!(ask(Method::Get, "/1", "").status, 404);
        assert_eq!(ask(Method::Get, "/1/stats", "").status, 404);
        assert_eq!(ask(Method::Get, "/1/2/3", "").status, 404);
        assert_eq!(ask(Method::Put, "/1", "").status, 405);
    }
}
