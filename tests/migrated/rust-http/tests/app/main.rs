//! The application as its clients see it. Each test has a fresh application and a fresh store.

mod store;
mod support;

use support::{Keyvalue, Method, faults, send};

#[test]
fn it_greets() {
    assert_eq!(send(&Method::Get, "/hello/Ada", ""), (200, "hello, Ada".into()));
    assert_eq!(send(&Method::Post, "/hello/Ada", "").0, 404);
    assert_eq!(send(&Method::Get, "/hello/Ada/Grace", "").0, 404);
}

#[test]
fn notes_are_kept_listed_and_removed() {
    assert_eq!(send(&Method::Get, "/notes/milk", ""), (404, "not found".into()));
    assert_eq!(send(&Method::Put, "/notes/milk", "two bottles").0, 204);
    assert_eq!(send(&Method::Put, "/notes/empty", "").0, 204);
    assert_eq!(send(&Method::Get, "/notes/milk", ""), (200, "two bottles".into()));
    assert_eq!(send(&Method::Get, "/notes/empty", ""), (200, String::new()));
    assert_eq!(send(&Method::Get, "/notes", ""), (200, "empty\nmilk".into()));
    assert_eq!(send(&Method::Delete, "/notes/milk", "").0, 204);
    assert_eq!(send(&Method::Get, "/notes/milk", "").0, 404);
}

/// A test can open the stores of the application, by slight's names too.
#[test]
fn a_note_is_in_the_store() {
    send(&Method::Put, "/notes/milk", "two bottles");
    let store = Keyvalue::open("notes").unwrap();
    assert_eq!(store.get("milk").unwrap(), b"two bottles");
}

#[test]
fn a_store_that_fails_is_500() {
    let target = faults::Target {
        service: "redis".into(),
        operation: Some("SET".into()),
        key: None,
        nth: Some(1),
    };
    let fault = faults::inject(&target, &faults::Action::DropAfter).unwrap();
    assert_eq!(send(&Method::Put, "/notes/milk", "two bottles").0, 500);
    assert_eq!(fault.hits(), 1);
}
