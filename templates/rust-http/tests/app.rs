//! The application as its clients see it. Each test has a fresh application and a clock of its own.

mod support;

use support::{Method, clock, send};

#[test]
fn it_greets() {
    let response = send(Method::Get, "/hello/Ada", "");
    assert_eq!(
        (response.status, response.body.as_str()),
        (200, "hello, Ada")
    );
}

#[test]
fn it_sends_clients_on() {
    let response = send(Method::Get, "/hi/Ada", "");
    assert_eq!(
        (response.status, response.location.as_deref()),
        (302, Some("/hello/Ada"))
    );
}

#[test]
fn what_cannot_be_done_is_refused() {
    assert_eq!(send(Method::Post, "/now", "noon").status, 405);
}

/// Time is an input: an hour passes at once.
#[test]
fn an_hour_passes() {
    let now = || send(Method::Get, "/now", "").body.parse::<u64>().unwrap();
    let before = now();
    clock::advance(3_600_000_000_000).unwrap();
    assert!(now() - before >= 3_600);
}
