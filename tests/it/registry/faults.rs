//! A registry that fails, or lies: what survives it, and what ends in which error.

#![allow(clippy::disallowed_methods)] // how long a registry is waited for is real time

use std::time::{Duration, Instant};

use slt::registry::{
    Attachment, Client, Content, Credentials, Descriptor, Digest, Error, Fault as Whose, Login, Patience, Reference,
    Settings, media,
};
use slt::support::secret::Secret;

use super::client::{block_on, bytes, client, client_with, manifest, patience, reference, there_and_back};
use super::server::{Auth, Fault, Server};

const USER: &str = "me";
const PASSWORD: &str = "the password";

fn basic() -> Credentials {
    Credentials::fixed(Login::Basic {
        user: USER.to_owned(),
        password: Secret::new(PASSWORD),
    })
}

fn status(status: u16) -> Fault {
    Fault::Answer(
        status,
        Vec::new(),
        b"{\"errors\":[{\"code\":\"UNKNOWN\",\"message\":\"sorry\"}]}".to_vec(),
    )
}

/// Three pieces and a half.
const LAYER_BYTES: usize = 3_500;

/// What is done, for a request to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Journey {
    /// A layer goes there and comes back.
    Layer,
    /// A note is attached, and found.
    Note,
    /// The same, where a registry has no referrers API.
    NoteByTag,
}

/// What is asked of a registry, each at least once on its journey. slt asks for no `HEAD` of a manifest: it reads it.
const REQUESTS: &[(&str, &str, Journey)] = &[
    ("HEAD", "/blobs/", Journey::Layer),
    ("POST", "/blobs/uploads/", Journey::Layer),
    ("PATCH", "/blobs/uploads/", Journey::Layer),
    ("PUT", "/blobs/uploads/", Journey::Layer),
    ("PUT", "/manifests/", Journey::Layer),
    ("GET", "/manifests/", Journey::Layer),
    ("GET", "/blobs/", Journey::Layer),
    ("PUT", "/manifests/sha256:", Journey::Note),
    ("GET", "/referrers/", Journey::Note),
    ("PUT", "/manifests/sha256:", Journey::NoteByTag),
    ("GET", "/referrers/", Journey::NoteByTag),
    ("GET", "/manifests/sha256-", Journey::NoteByTag),
    ("PUT", "/manifests/sha256-", Journey::NoteByTag),
];

impl Journey {
    fn server(self, auth: Auth) -> Server {
        Server::with(auth, self != Self::NoteByTag)
    }

    /// Goes there and back, and says how it ended; what is there is whole in any case.
    fn survives(self, server: &Server, client: &Client) -> Result<(), Error> {
        if self == Self::Layer {
            return survives(server, client);
        }
        let subject = Descriptor::of(b"subject", media::MANIFEST);
        let at = reference(server, "team/app").with_digest(subject.digest.clone());
        let attachment = Attachment {
            artifact_type: "application/vnd.example.note".to_owned(),
            ..Attachment::default()
        };
        let attached = block_on(client.attach((&at, &subject), attachment))?;
        assert_eq!(block_on(client.referrers(&at))?, [attached]);
        Ok(())
    }
}

/// Goes there and back, and says how it ended; what arrived is whole in any case.
fn survives(server: &Server, client: &Client) -> Result<(), Error> {
    let layer = bytes(LAYER_BYTES);
    let done = block_on(there_and_back(client, &reference(server, "team/app:1"), &layer));
    if done.is_ok() {
        let digest = Digest::of(&layer).to_string();
        assert_eq!(server.blob("team/app", &digest).unwrap(), layer);
    }
    done.map(drop)
}

#[test]
fn what_fails_for_a_while_survives() {
    for (method, path, journey) in REQUESTS {
        for fault in [
            status(500),
            status(502),
            status(503),
            status(504),
            Fault::Answer(429, Vec::new(), Vec::new()),
            Fault::Answer(503, vec![("retry-after", "0".to_owned())], Vec::new()),
            Fault::LoseAnswer,
            Fault::CutRequest(0),
            Fault::CutRequest(7),
        ] {
            let server = journey.server(Auth::None);
            server.fault(method, path, 2, fault);
            let survived = journey.survives(&server, &client());
            survived.unwrap_or_else(|error| panic!("{method} {path} of {journey:?}: {error}"));
            assert!(
                server.count(method, path) > 0,
                "{method} {path} of {journey:?} is asked"
            );
        }
    }
}

#[test]
fn what_fails_for_good_ends_in_an_error_of_the_environment() {
    for (method, path, journey) in REQUESTS {
        for (fault, said) in [
            (status(500), if *method == "HEAD" { "answers 500" } else { "sorry" }),
            (Fault::LoseAnswer, "has broken off"),
            (Fault::Answer(429, Vec::new(), Vec::new()), "too many requests"),
        ] {
            let server = journey.server(Auth::None);
            server.fault(method, path, usize::MAX, fault.clone());
            match (journey.survives(&server, &client()), *method, &fault) {
                // the blob is there, whatever the answer was
                (Ok(()), "PUT" | "PATCH", Fault::LoseAnswer) => {}
                (Err(error), ..) => {
                    assert_eq!(error.fault(), Whose::Environment, "{method} {path}: {error}");
                    assert!(error.to_string().contains(said), "{method} {path}: {error}");
                }
                (Ok(()), ..) => panic!("{method} {path} survives"),
            }
            let tries = server.count(method, path);
            assert!(tries <= 24, "{method} {path} is tried {tries} times");
        }
    }
}

#[test]
fn nobody_is_there() {
    let at: Reference = "127.0.0.1:1/app:1".parse().unwrap();
    let error = block_on(client().manifest(&at)).unwrap_err();
    assert_eq!(error.to_string(), "127.0.0.1:1 cannot be reached: connection refused");
    assert_eq!(error.fault(), Whose::Environment);
}

#[test]
fn retry_after_is_waited_for() {
    let throttled = |seconds: &str| Fault::Answer(429, vec![("retry-after", seconds.to_owned())], Vec::new());
    let server = Server::start();
    server.fault("POST", "/blobs/uploads/", 1, throttled("1"));
    let before = Instant::now();
    survives(&server, &client()).unwrap();
    assert!(before.elapsed() >= Duration::from_secs(1));
    // at a date, by the registry's own clock
    let at = |date: &str| {
        let now = ("date", "Wed, 21 Oct 2015 07:28:00 GMT".to_owned());
        Fault::Answer(503, vec![now, ("retry-after", date.to_owned())], Vec::new())
    };
    let server = Server::start();
    server.fault("POST", "/blobs/uploads/", 1, at("Wed, 21 Oct 2015 07:28:01 GMT"));
    let before = Instant::now();
    survives(&server, &client()).unwrap();
    assert!(before.elapsed() >= Duration::from_secs(1));
    let server = Server::start();
    server.fault("POST", "/blobs/uploads/", 1, at("Wed, 21 Oct 2015 08:28:00 GMT"));
    survives(&server, &client()).unwrap_err();
    assert_eq!(server.count("POST", ""), 1);
    // longer than anybody waits
    let server = Server::start();
    server.fault("POST", "/blobs/uploads/", 1, throttled("3600"));
    let error = survives(&server, &client()).unwrap_err();
    assert!(error.to_string().contains("asked again in 3600 seconds"), "{error}");
    assert_eq!((error.fault(), server.count("POST", "")), (Whose::Environment, 1));
}

#[test]
fn a_token_that_expires_is_asked_for_anew() {
    for (method, path, journey) in REQUESTS {
        let server = journey.server(Auth::Bearer {
            user: USER,
            password: PASSWORD,
        });
        server.fault(method, path, 1, Fault::ForgetTokens);
        let survived = journey.survives(&server, &client_with(basic()));
        survived.unwrap_or_else(|error| panic!("{method} {path} of {journey:?}: {error}"));
        assert!(server.count("GET", "/token") >= 2);
    }
}

#[test]
fn a_token_that_is_never_taken_is_asked_for_twice_only() {
    let server = Server::with(
        Auth::Bearer {
            user: USER,
            password: PASSWORD,
        },
        true,
    );
    server.fault("HEAD", "/blobs/", usize::MAX, Fault::ForgetTokens);
    let error = survives(&server, &client_with(basic())).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Unauthorized {
                had_credentials: true,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(server.count("GET", "/token"), 1);
}

#[test]
fn those_who_give_out_tokens_may_fail_too() {
    let auth = Auth::Bearer {
        user: USER,
        password: PASSWORD,
    };
    for (fault, times, survived) in [
        (status(503), 2, true),
        (Fault::LoseAnswer, 2, true),
        (Fault::CutAnswer(5), 2, true),
        (status(500), usize::MAX, false),
        (Fault::Endless(200), usize::MAX, false),
        (Fault::Endless(500), usize::MAX, false),
        (
            Fault::Answer(200, Vec::new(), b"secret-token no json".to_vec()),
            usize::MAX,
            false,
        ),
        (
            Fault::Answer(200, Vec::new(), b"{\"token\":\"a\\nb\"}".to_vec()),
            usize::MAX,
            false,
        ),
        (Fault::Answer(200, Vec::new(), b"{}".to_vec()), usize::MAX, false),
        (status(403), usize::MAX, false),
    ] {
        let server = Server::with(auth.clone(), true);
        server.fault("GET", "/token", times, fault);
        match survives(&server, &client_with(basic())) {
            Ok(()) => assert!(survived),
            Err(error) => {
                assert!(!survived, "{error}");
                assert!(!format!("{error} {error:?}").contains("secret-token"), "{error:?}");
            }
        }
    }
}

#[test]
fn silence_has_an_end() {
    let late = || Fault::Late(Duration::from_secs(1));
    let server = Server::start();
    server.fault("GET", "/manifests/", 1, late());
    survives(&server, &client()).unwrap();
    server.fault("GET", "/manifests/", usize::MAX, late());
    let error = survives(&server, &client()).unwrap_err();
    assert!(error.to_string().ends_with("has not answered in 500ms"), "{error}");
    // a byte now and then is no silence, but a document has to end
    let server = Server::start();
    server.fault("GET", "/manifests/", usize::MAX, Fault::Drip(Duration::from_millis(20)));
    let error = survives(&server, &client()).unwrap_err();
    assert!(error.to_string().ends_with("has not answered in 2s"), "{error}");
}

#[test]
fn what_is_said_of_an_error_has_an_end() {
    let server = Server::start();
    // a hundred bytes, each in time
    server.fault("GET", "/manifests/", 1, Fault::Drip(Duration::from_millis(200)));
    let patience = Patience {
        error_body: Duration::from_millis(400),
        ..patience()
    };
    let settings = Settings {
        patience,
        ..Settings::default()
    };
    let before = Instant::now();
    let error = block_on(Client::new(settings).unwrap().manifest(&reference(&server, "app:1"))).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
}

#[test]
fn a_byte_at_a_time_gets_nowhere() {
    let layer = bytes(LAYER_BYTES);
    let server = Server::start();
    server.put_blob("app", &layer);
    server.fault("GET", "/blobs/", usize::MAX, Fault::CutAnswer(1));
    let blob = Descriptor::of(&layer, "application/wasm");
    let error = block_on(client().blob(&reference(&server, "app"), &blob, 1 << 20)).unwrap_err();
    assert!(error.to_string().contains(" has broken off"), "{error}");
    assert_eq!(server.count("GET", "/blobs/"), 5);
    // the same in the other direction
    let server = Server::start();
    server.fault("PATCH", "/blobs/uploads/", usize::MAX, Fault::CutRequest(2));
    assert_eq!(survives(&server, &client()).unwrap_err().fault(), Whose::Environment);
    assert!(server.count("PATCH", "/blobs/uploads/") <= 24);
    // and one that takes the first piece, and nothing any more
    let server = Server::start();
    server.fault("PATCH", "/blobs/uploads/", 1, Fault::Headers(Vec::new()));
    let refused = Fault::Answer(416, Vec::new(), Vec::new());
    server.fault("PATCH", "/blobs/uploads/", usize::MAX, refused);
    let error = survives(&server, &client()).unwrap_err();
    assert!(error.to_string().contains("has kept 0 of 1000 bytes"), "{error}");
    assert_eq!(server.count("PATCH", "/blobs/uploads/"), 6);
}

#[test]
fn what_is_slow_is_not_silent() {
    let server = Server::start();
    server.fault("GET", "/blobs/", 1, Fault::Drip(Duration::from_millis(1)));
    // slower than the silence that is waited for, in all
    survives(&server, &client()).unwrap();
    assert_eq!(server.count("GET", "/blobs/"), 1);
}

#[test]
fn a_blob_that_breaks_off_is_gone_on_with() {
    let layer = bytes(LAYER_BYTES);
    let server = Server::start();
    let blob = Descriptor::of(&layer, "application/wasm");
    server.put_blob("app", &layer);
    server.fault("GET", "/blobs/", 3, Fault::CutAnswer(1_000));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layer");
    block_on(client().blob_to_file(&reference(&server, "app"), &blob, 1 << 20, &path)).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), layer);
    let ranges: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| seen.header("range").map(str::to_owned))
        .collect();
    let expected = [None, Some("bytes=1000-"), Some("bytes=2000-"), Some("bytes=3000-")];
    assert_eq!(ranges, expected.map(|range| range.map(str::to_owned)));
}

#[test]
fn a_registry_without_ranges_begins_anew() {
    let layer = bytes(LAYER_BYTES);
    let server = Server::start();
    let blob = Descriptor::of(&layer, "application/wasm");
    server.put_blob("app", &layer);
    server.fault("GET", "/blobs/", 1, Fault::CutAnswer(1_000));
    server.fault("GET", "/blobs/", 1, Fault::Answer(200, Vec::new(), layer.clone()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layer");
    block_on(client().blob_to_file(&reference(&server, "app"), &blob, 1 << 20, &path)).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), layer);
}

#[test]
fn no_piece_is_sent_twice() {
    let layer = bytes(LAYER_BYTES);
    for (fault, arrived) in [(Fault::CutRequest(600), 600), (Fault::LoseAnswer, 1_000)] {
        let server = Server::start();
        server.fault("PATCH", "/blobs/uploads/", 1, fault);
        let at = reference(&server, "app");
        block_on(client().push_blob(&at, Content::from(layer.clone()), "application/wasm")).unwrap();
        let seen = server.seen();
        let sent: Vec<&str> = seen.iter().filter_map(|seen| seen.header("content-range")).collect();
        assert_eq!(&sent[..2], ["0-999".to_owned(), format!("{arrived}-{}", arrived + 999)]);
        let all: usize = seen
            .iter()
            .filter(|seen| seen.method == "PATCH")
            .map(|seen| seen.body_bytes)
            .sum();
        assert_eq!(all, LAYER_BYTES);
        assert_eq!(
            (server.count("GET", "/blobs/uploads/"), server.count("POST", "")),
            (1, 1)
        );
    }
}

#[test]
fn an_upload_that_the_registry_has_lost_begins_anew() {
    let server = Server::start();
    server.fault("PATCH", "/blobs/uploads/", 1, Fault::CutRequest(10));
    server.fault("GET", "/blobs/uploads/", 1, status(404));
    survives(&server, &client()).unwrap();
    let server = Server::start();
    server.fault("GET", "/blobs/uploads/", usize::MAX, status(404));
    server.fault("PATCH", "/blobs/uploads/", usize::MAX, Fault::CutRequest(10));
    assert_eq!(survives(&server, &client()).unwrap_err().fault(), Whose::Environment);
}

#[test]
fn credentials_stay_with_the_registry_that_asked_for_them() {
    let layer = bytes(LAYER_BYTES);
    for auth in [
        Auth::Basic {
            user: USER,
            password: PASSWORD,
        },
        Auth::Bearer {
            user: USER,
            password: PASSWORD,
        },
    ] {
        let (server, elsewhere) = (Server::with(auth, true), Server::start());
        let digest = elsewhere.put_blob("store", &layer);
        server.put_blob("app", &layer);
        let location = format!("http://{}/v2/store/blobs/{digest}?signature=x", elsewhere.address());
        server.fault(
            "GET",
            "/blobs/",
            2,
            Fault::Answer(307, vec![("location", location)], Vec::new()),
        );
        elsewhere.fault("GET", "/blobs/", 1, Fault::CutAnswer(100));
        let blob = Descriptor::of(&layer, "application/wasm");
        let client = client_with(basic());
        let back = block_on(client.blob(&reference(&server, "app"), &blob, 1 << 20)).unwrap();
        assert_eq!(back, layer);
        assert_eq!(elsewhere.seen().len(), 2);
        for seen in elsewhere.seen() {
            assert_eq!(seen.header("authorization"), None);
        }
        // an upload that goes elsewhere
        let location = format!("http://{}/v2/store/blobs/uploads/none", elsewhere.address());
        elsewhere.forget_seen();
        server.fault(
            "POST",
            "/uploads/",
            1,
            Fault::Headers(vec![("location", Some(location))]),
        );
        let _ = block_on(client.push_blob(&reference(&server, "new"), Content::from(layer.clone()), "x"));
        assert!(elsewhere.count("PATCH", "/uploads/") > 0);
        for seen in elsewhere.seen() {
            assert_eq!(seen.header("authorization"), None);
        }
    }
}

#[test]
fn an_identity_token_is_not_sent_on() {
    let identity = "the identity";
    let client = || client_with(Credentials::fixed(Login::Identity(Secret::new(identity))));
    for status in [307, 308] {
        let (server, elsewhere) = (Server::with(Auth::Identity(identity), true), Server::start());
        let to = |location: String| Fault::Answer(status, vec![("location", location)], Vec::new());
        server.fault("POST", "/token", 1, to("/token?again".to_owned()));
        survives(&server, &client()).unwrap();
        let location = format!("http://{}/token", elsewhere.address());
        server.fault("POST", "/token", usize::MAX, to(location));
        let error = survives(&server, &client()).unwrap_err();
        assert!(
            error.to_string().ends_with("redirects a secret to another host"),
            "{error}"
        );
        assert_eq!(elsewhere.seen().len(), 0);
    }
}

#[test]
fn credentials_are_not_asked_for_elsewhere() {
    // whoever is redirected to may not ask for the registry's credentials
    let server = Server::start();
    let auth = Auth::Basic {
        user: USER,
        password: PASSWORD,
    };
    let elsewhere = Server::with(auth, true);
    let digest = elsewhere.put_blob("store", b"layer");
    let location = format!("http://{}/v2/store/blobs/{digest}", elsewhere.address());
    server.fault(
        "GET",
        "/blobs/",
        9,
        Fault::Answer(302, vec![("location", location)], Vec::new()),
    );
    let blob = Descriptor::of(b"layer", "x");
    let error = block_on(client_with(basic()).blob(&reference(&server, "app"), &blob, 99)).unwrap_err();
    assert!(matches!(error, Error::Status { status: 401, .. }), "{error}");
    assert!(
        elsewhere
            .seen()
            .iter()
            .all(|seen| seen.header("authorization").is_none())
    );
}

#[test]
fn redirects_have_limits() {
    let said = |method: &str, location: &str| {
        let server = Server::start();
        let answer = Fault::Answer(302, vec![("location", location.to_owned())], Vec::new());
        server.fault(method, "/v2/", usize::MAX, answer);
        let error = survives(&server, &client()).unwrap_err();
        assert_eq!(error.fault(), Whose::Environment, "{error}");
        error.to_string().replace(&server.address(), "HOST")
    };
    insta::assert_snapshot!([
        said("HEAD", "/v2/again"),
        said("HEAD", "http://registry.example.com/blob"),
        said("HEAD", "ftp://127.0.0.1/blob"),
        said("HEAD", "http://me:password@127.0.0.1/blob"),
        said("POST", "/v2/elsewhere"),
    ]
    .join("\n"), @r"
    HOST redirects more than 5 times
    HOST redirects to `http://registry.example.com`, which is neither https nor this machine
    HOST redirects to `ftp://127.0.0.1`, which is neither https nor this machine
    HOST redirects to what is no address
    HOST redirects what is to be written
    ");
}

#[test]
fn the_realm_of_tokens_gets_no_password_in_the_clear() {
    let server = Server::start();
    let challenge = "Bearer realm=\"http://tokens.example.com/token\"".to_owned();
    let answer = Fault::Answer(401, vec![("www-authenticate", challenge)], Vec::new());
    server.fault("HEAD", "/blobs/", usize::MAX, answer);
    let error = survives(&server, &client_with(basic())).unwrap_err();
    assert!(error.to_string().contains("without TLS"), "{error}");
}

#[test]
fn what_has_no_end_is_not_read_to_it() {
    let at = |server: &Server| reference(server, "app:1");
    let digest = Digest::of(b"subject");
    for (path, is) in [("/manifests/", "manifest"), ("/referrers/", "referrers")] {
        let server = Server::start();
        server.fault("GET", path, usize::MAX, Fault::Endless(200));
        let error = match is {
            "manifest" => block_on(client().manifest(&at(&server))).unwrap_err(),
            _ => block_on(client().referrers(&at(&server).with_digest(digest.clone()))).unwrap_err(),
        };
        assert!(matches!(error, Error::TooLarge { limit: 4_194_304, .. }), "{error}");
        assert_eq!((error.fault(), server.seen().len()), (Whose::Content, 1));
    }
    for code in [400, 403, 500] {
        let server = Server::start();
        server.fault("GET", "/manifests/", usize::MAX, Fault::Endless(code));
        let error = block_on(client().manifest(&at(&server))).unwrap_err();
        assert_eq!(error.fault(), Whose::Environment, "{error}");
    }
    let server = Server::start();
    let blob = Descriptor::of(b"five!", "x");
    server.fault("GET", "/blobs/", usize::MAX, Fault::Endless(200));
    let error = block_on(client().blob(&at(&server), &blob, 99)).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("it has more than the 5 bytes that its manifest says"),
        "{error}"
    );
}

#[test]
fn what_is_too_large_is_not_even_begun() {
    let server = Server::start();
    let at = reference(&server, "app:1");
    let blob = Descriptor {
        size: 100,
        ..Descriptor::of(b"x", "x")
    };
    let error = block_on(client().blob(&at, &blob, 99)).unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 99, .. }));
    assert_eq!(server.seen().len(), 0);
    server.put_manifest("app", "1", media::MANIFEST, &vec![b' '; (4 << 20) + 1]);
    let error = block_on(client().manifest(&at)).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    let error = block_on(client().push_manifest(&at, &vec![b' '; (4 << 20) + 1], media::MANIFEST)).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

#[test]
fn an_index_is_no_bomb() {
    let server = Server::with(Auth::None, false);
    let subject = Digest::of(b"subject");
    let at = reference(&server, "app").with_digest(subject.clone());
    // a hundred megabytes take their time to be made
    let patient = || Client::new(Settings::default()).unwrap();
    let index = |entries: usize| {
        let entry = format!("{{\"mediaType\":\"x\",\"digest\":\"{subject}\",\"size\":1}}");
        let entries = vec![entry; entries].join(",");
        format!(
            "{{\"schemaVersion\":2,\"mediaType\":\"{}\",\"manifests\":[{entries}]}}",
            media::INDEX
        )
    };
    for (entries, expected) in [(1_000, None), (1_001, Some("entries")), (1_000_000, Some("bytes"))] {
        server.put_manifest("app", &subject.tag(), media::INDEX, index(entries).as_bytes());
        match (block_on(patient().referrers(&at)), expected) {
            (Ok(found), None) => assert_eq!(found.len(), entries),
            (Err(Error::TooLarge { unit, .. }), Some(expected)) => assert_eq!(unit, expected),
            (other, _) => panic!("{entries}: {other:?}"),
        }
    }
    // and none is written
    server.put_manifest("app", &subject.tag(), media::INDEX, index(1_000).as_bytes());
    let attachment = Attachment {
        artifact_type: "application/x".to_owned(),
        ..Default::default()
    };
    let descriptor = Descriptor::of(b"subject", media::MANIFEST);
    let error = block_on(client().attach((&at, &descriptor), attachment)).unwrap_err();
    assert!(matches!(error, Error::TooLarge { unit: "entries", .. }), "{error}");
}

#[test]
fn pages_have_an_end() {
    let server = Server::start();
    let at = reference(&server, "app").with_digest(Digest::of(b"subject"));
    let page = |link: &str| {
        let link = format!("<{link}>; rel=\"next\"");
        let body = b"{\"schemaVersion\":2,\"manifests\":[]}".to_vec();
        Fault::Answer(200, vec![("link", link)], body)
    };
    server.fault("GET", "/referrers/", 1, page("/v2/app/referrers/more?n=1"));
    assert!(block_on(client().referrers(&at)).unwrap().is_empty());
    assert_eq!(server.count("GET", "/referrers/more"), 1);
    server.fault("GET", "/referrers/", usize::MAX, page("?again"));
    let error = block_on(client().referrers(&at)).unwrap_err();
    assert!(matches!(error, Error::TooLarge { unit: "pages", .. }), "{error}");
    let server = Server::start();
    let at = reference(&server, "app").with_digest(Digest::of(b"subject"));
    server.fault(
        "GET",
        "/referrers/",
        1,
        page("http://127.0.0.1:1/v2/app/referrers/more"),
    );
    let error = block_on(client().referrers(&at)).unwrap_err();
    assert!(error.to_string().contains("another host"), "{error}");
}

#[test]
fn what_lies_is_found_out() {
    let layer = b"the layer".to_vec();
    let config = Descriptor::of(b"{}", media::EMPTY);
    let good = manifest(&config, &Descriptor::of(&layer, "application/wasm"));
    let other = Digest::of(b"other").to_string();
    let text = |text: &str| text.as_bytes().to_vec();
    let said = |media_type: &str, bytes: &[u8], headers: Vec<(&'static str, Option<String>)>| {
        let server = Server::start();
        server.put_manifest("app", "1", media_type, bytes);
        server.fault("GET", "/manifests/", 1, Fault::Headers(headers));
        let error = block_on(client().manifest(&reference(&server, "app:1"))).unwrap_err();
        assert_eq!(error.fault(), Whose::Content, "{error}");
        error.to_string().replace(&server.address(), "HOST")
    };
    let digest = |value: &str| vec![("docker-content-digest", Some(value.to_owned()))];
    insta::assert_snapshot!([
        said(media::MANIFEST, &good, digest(&other)),
        said(media::MANIFEST, &good, digest("sha256:short")),
        said(media::INDEX, &good, Vec::new()),
        said(media::MANIFEST, &text("no json"), Vec::new()),
        said(media::MANIFEST, &text("{}"), Vec::new()),
        said(media::MANIFEST, &text("{\"schemaVersion\":1}"), Vec::new()),
        said(media::INDEX, &text("{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}"), Vec::new()),
        said("text/plain", &text("{\"schemaVersion\":2,\"mediaType\":\"text/\\u001bplain\"}"), Vec::new()),
    ]
    .join("\n"), @r"
    manifest `HOST/app:1` should be sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa, and is sha256:b0834a358a9d1d303ea76670d07de34dba07b348f113e0c66a2ee467f89388cb
    manifest `HOST/app:1`: a digest is `sha256:` and 64 lower-case hexadecimal digits
    manifest `HOST/app:1`: it calls itself `application/vnd.oci.image.manifest.v1+json`, and is sent as `application/vnd.oci.image.index.v1+json`
    manifest `HOST/app:1`: it is no manifest: expected ident at line 1 column 2
    manifest `HOST/app:1`: it is no manifest: missing field `schemaVersion` at line 1 column 2
    manifest `HOST/app:1`: version 1 of the schema is not understood
    manifest `HOST/app:1`: it is a manifest and an index in one
    manifest `HOST/app:1`: `text/\u{1b}plain` is no kind of manifest that it could be
    ");
    let server = Server::start();
    server.put_manifest("app", "1", media::MANIFEST, &good);
    let at = reference(&server, "app").with_digest(Digest::of(b"asked"));
    server.fault("GET", "/manifests/", 1, Fault::Answer(200, Vec::new(), good.clone()));
    let error = block_on(client().manifest(&at)).unwrap_err();
    assert!(matches!(error, Error::DigestMismatch { .. }), "{error}");
}

#[test]
fn a_blob_is_what_it_is_called() {
    let layer = bytes(LAYER_BYTES);
    let blob = Descriptor::of(&layer, "application/wasm");
    let fetched = |bytes: &[u8]| {
        let server = Server::start();
        server.put_blob_as("app", &blob.digest, bytes);
        block_on(client().blob(&reference(&server, "app"), &blob, 1 << 20))
    };
    assert_eq!(fetched(&layer).unwrap(), layer);
    let mut flipped = layer.clone();
    flipped[1_234] ^= 1;
    assert!(matches!(fetched(&flipped).unwrap_err(), Error::DigestMismatch { .. }));
    assert!(matches!(
        fetched(&[layer.as_slice(), b"!"].concat()).unwrap_err(),
        Error::Malformed { .. }
    ));
    assert!(matches!(fetched(&layer[1..]).unwrap_err(), Error::Unreachable { .. }));
    assert!(matches!(fetched(b"").unwrap_err(), Error::Unreachable { .. }));
}

#[test]
fn a_file_that_changes_while_it_is_sent() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layer");
    std::fs::write(&path, bytes(LAYER_BYTES)).unwrap();
    let changed = path.clone();
    let settings = Settings {
        patience: patience(),
        watch: slt::registry::Watch(Some(std::sync::Arc::new(move |progress| {
            if progress.done > 0 {
                std::fs::write(&changed, b"shorter").unwrap();
            }
        }))),
        ..Settings::default()
    };
    let client = Client::new(settings).unwrap();
    let error = block_on(client.push_blob(&reference(&server, "app"), Content::File(path), "x")).unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
}

#[test]
fn what_a_registry_says_is_one_line_without_our_secrets() {
    let auth = Auth::Basic {
        user: USER,
        password: PASSWORD,
    };
    for code in [400, 403, 500] {
        let server = Server::with(auth.clone(), true);
        let client = client_with(basic());
        survives(&server, &client).unwrap();
        let encoded = "bWU6dGhlIHBhc3N3b3Jk";
        let message = format!("you sent\\n{encoded}\\u001b[31m and {PASSWORD}");
        let body = format!("{{\"errors\":[{{\"code\":\"DENIED\",\"message\":\"{message}\"}}]}}");
        server.fault(
            "GET",
            "/manifests/",
            usize::MAX,
            Fault::Answer(code, Vec::new(), body.into_bytes()),
        );
        let error = block_on(client.manifest(&reference(&server, "team/app:1"))).unwrap_err();
        let text = error.to_string();
        assert!(text.ends_with("you sent …\\u{1b}[31m and … (DENIED)"), "{text}");
        assert!(!format!("{error:?} {client:?}").contains("password"), "{error:?}");
    }
}

#[test]
fn patience_is_what_the_documents_say() {
    let Patience {
        connect,
        silence,
        document,
        attempts,
        first_delay,
        longest_delay,
        chunk_bytes,
        ..
    } = Patience::default();
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/artifacts.md"));
    for said in [
        format!("{} seconds for a connection", connect.as_secs()),
        format!("{} seconds of silence", silence.as_secs()),
        format!("{} seconds for a manifest", document.as_secs()),
        format!("{attempts} times"),
        format!("{} seconds, then", first_delay.as_secs_f32()),
        format!("more than {} seconds", longest_delay.as_secs()),
        format!("{} MiB", chunk_bytes >> 20),
    ] {
        assert!(text.contains(&said), "{said}");
    }
}
