//! The application as its clients see it. Each test has a fresh application, a fresh store and a clock of its own.

mod support;

use shortener::links::LIFETIME;

use support::{Method, clock, faults, send, store};

const URL: &str = "https://example.com/a?b=c";

/// Shortens `URL` and returns the path of the link.
fn shorten() -> String {
    let response = send(Method::Post, "/", URL);
    assert_eq!(response.status, 201, "{}", response.body);
    format!("/{}", response.body)
}

#[test]
fn a_link_redirects_and_counts() {
    let link = shorten();
    for _ in 0..3 {
        let response = send(Method::Get, &link, "");
        assert_eq!(
            (response.status, response.location.as_deref()),
            (302, Some(URL))
        );
    }
    assert_eq!(send(Method::Get, &format!("{link}/stats"), "").body, "3");
}

#[test]
fn links_are_listed_and_removed() {
    let link = shorten();
    assert_eq!(
        send(Method::Get, "/", "").body,
        format!("{} {URL}\n", &link[1..])
    );
    assert_eq!(send(Method::Delete, &link, "").status, 204);
    assert_eq!(send(Method::Get, "/", "").body, "");
    assert_eq!(send(Method::Get, &link, "").status, 404);
}

#[test]
fn what_is_not_a_url_is_refused() {
    assert_eq!(send(Method::Post, "/", "javascript:alert(1)").status, 400);
    assert_eq!(send(Method::Post, "/", &"a".repeat(3000)).status, 400);
}

/// A test can open the stores of the application.
#[test]
fn a_link_is_in_the_store() {
    let link = shorten();
    let bucket = store::open("links").unwrap();
    let value = bucket
        .get(&format!("link{link}"))
        .unwrap()
        .expect("it is there");
    assert!(value.ends_with(URL.as_bytes()), "{value:?}");
}

/// Time is an input: thirty days pass at once.
#[test]
fn a_link_expires() {
    let link = shorten();
    clock::advance(LIFETIME.as_nanos() as u64).unwrap();
    assert_eq!(send(Method::Get, &link, "").status, 404);
}

/// So is failure: Redis stores the link, and the connection ends before it has said so.
#[test]
fn a_reply_that_is_lost_is_not_taken_for_success() {
    let target = faults::Target {
        service: "redis".into(),
        operation: Some("SET".into()),
        key: None,
        nth: Some(1),
    };
    let fault = faults::inject(&target, &faults::Action::DropAfter).unwrap();

    assert_eq!(send(Method::Post, "/", URL).status, 503);
    assert_eq!(fault.hits(), 1);

    // The application has recovered, and the first link is there all the same.
    shorten();
    assert_eq!(send(Method::Get, "/", "").body.lines().count(), 2);
}
