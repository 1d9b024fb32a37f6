//! The application that the cases test. What it does to its store is in the path.
//!
//! | path | what it does |
//! |---|---|
//! | `/count/KEY` | adds 1, and answers the sum |
//! | `/set/KEY/VALUE` | writes |
//! | `/get/KEY` | reads; 404 if there is nothing |
//! | `/mix/KEY/ROUNDS` | that many rounds of adding, writing and reading; answers how many calls failed |
//! | `/sleep/MILLISECONDS` | waits |
//! | `/echo` | the body, once it is there as a whole |
//! | `/panic`, `/spin`, `/allocate` | ends badly |
//!
//! A call to the store that fails is answered with 503 and its error.

mod bindings {
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
            "../guest/wit",
        ],
        world: "slt:guests/app",
        with: {
            "wasi:clocks/monotonic-clock@0.2.12": guest::wasi::clocks::monotonic_clock,
            "wasi:http/types@0.2.12": guest::wasi::http::types,
            "wasi:io/error@0.2.12": guest::wasi::io::error,
            "wasi:io/poll@0.2.12": guest::wasi::io::poll,
            "wasi:io/streams@0.2.12": guest::wasi::io::streams,
        },
    });
}

use std::time::Duration;

use bindings::exports::wasi::http::incoming_handler::Guest;
use guest::store::{Bucket, Error};
use guest::wasi::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};
use guest::{atomics, store};

struct App;

impl Guest for App {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let body = || guest::read_body(&request.consume().unwrap()).unwrap();
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        match answer(&segments, body) {
            Ok(Some(body)) => respond(out, 200, &body),
            Ok(None) => respond(out, 404, b""),
            Err(error) => respond(out, 503, format!("{error:?}").as_bytes()),
        }
    }
}

bindings::export!(App with_types_in bindings);

fn answer(segments: &[&str], body: impl FnOnce() -> Vec<u8>) -> Result<Option<Vec<u8>>, Error> {
    let bucket = || store::open("store");
    Ok(Some(match segments {
        ["count", key] => atomics::increment(&bucket()?, key, 1)?.to_string().into(),
        ["set", key, value] => {
            bucket()?.set(key, value.as_bytes())?;
            Vec::new()
        }
        ["get", key] => return bucket()?.get(key),
        ["mix", key, rounds] => mix(&bucket()?, key, number(rounds)).into(),
        ["sleep", milliseconds] => {
            std::thread::sleep(Duration::from_millis(number(milliseconds)));
            Vec::new()
        }
        ["echo"] => body(),
        ["panic"] => panic!("the path says so"),
        ["spin"] => spin(),
        ["allocate"] => allocate(),
        _ => return Ok(None),
    }))
}

/// How many of the calls failed, as `FAILED of ALL`.
fn mix(bucket: &Bucket, key: &str, rounds: u64) -> String {
    let mut failed = 0;
    for round in 0..rounds {
        failed += u64::from(atomics::increment(bucket, &format!("{key}/count"), 1).is_err());
        failed += u64::from(bucket.set(&format!("{key}/{round}"), key.as_bytes()).is_err());
        failed += u64::from(bucket.get(&format!("{key}/{round}")).is_err());
    }
    format!("{failed} of {}", 3 * rounds)
}

fn number(text: &str) -> u64 {
    text.parse().expect("a number")
}

/// Computes for ever, and asks the host for nothing.
pub fn spin() -> ! {
    let mut n = 0u64;
    loop {
        n = std::hint::black_box(n.wrapping_add(1));
    }
}

/// Takes memory until there is none.
pub fn allocate() -> ! {
    let mut kept = Vec::new();
    loop {
        kept.push(std::hint::black_box(vec![1u8; 1024 * 1024]));
    }
}

fn respond(out: ResponseOutparam, status: u16, body: &[u8]) {
    let response = OutgoingResponse::new(Fields::new());
    response.set_status_code(status).unwrap();
    let outgoing = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = outgoing.write().unwrap();
    for piece in body.chunks(4096) {
        if stream.blocking_write_and_flush(piece).is_err() {
            return;
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(outgoing, None);
}
