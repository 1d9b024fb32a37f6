//! A command: for each URL in its arguments, does a `GET` and prints the status, or the error that the host gives.

use guest::{ErrorCode, Method, Response, Scheme, open, receive};

fn main() {
    for url in std::env::args().skip(1) {
        match fetch(&url) {
            Ok(response) => println!("{url} {}", response.status),
            Err(error) => println!("{url} {error:?}"),
        }
    }
}

/// Takes the URL apart as a careless client would: what is dubious in it is the host's to judge.
fn fetch(url: &str) -> Result<Response, ErrorCode> {
    let (scheme, rest) = url.split_once("://").ok_or(ErrorCode::HttpRequestUriInvalid)?;
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.into()),
    };
    receive(&open(&Method::Get, &scheme, authority, path)?.write(&[])?)
}
