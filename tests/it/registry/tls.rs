//! A registry that speaks TLS, on loopback: who is trusted, and what becomes of who is not.
//!
//! On Linux: Apple's verifier takes no certificate that is valid for as long as those of `tests/fixtures/tls`.

use std::path::Path;

use serde_json::json;

use super::artifact::COMPONENT;
use super::server::{Auth, Fault, Server};
use crate::command::{Run, folder, slt_with};

const AUTH: Auth = Auth::Bearer {
    user: "me",
    password: "open sesame",
};

fn authority() -> String {
    format!("{}/tests/fixtures/tls/ca.pem", env!("CARGO_MANIFEST_DIR"))
}

/// The port of a server.
fn port(server: &Server) -> String {
    server.address().rsplit(':').next().unwrap().to_owned()
}

fn run(directory: &Path, server: &Server, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let host = server.address();
    slt_with(directory, &[arguments, &["--tls", &host]].concat(), environment)
}

#[test]
fn an_authority_that_is_named_is_trusted() {
    let server = Server::with_tls(AUTH);
    let auths = json!({ "auths": { server.address(): { "username": "me", "password": "open sesame" } } });
    let folder = folder(&[("app.wasm", COMPONENT), ("config.json", auths.to_string().as_bytes())]);
    let (ca, home) = (authority(), folder.path().to_str().unwrap());
    let credentials = ("DOCKER_CONFIG", home);
    let at = server.name("team/app:1");
    let pushed = run(
        folder.path(),
        &server,
        &["push", "app.wasm", &at, "--ca-file", &ca],
        &[credentials],
    );
    assert_eq!(pushed.code, 0, "{}", pushed.stderr);
    // the operating system's, which OpenSSL's variable names here
    let from_environment = [credentials, ("SSL_CERT_FILE", ca.as_str())];
    let pulled = run(
        folder.path(),
        &server,
        &["pull", &at, "-o", "back.wasm"],
        &from_environment,
    );
    assert_eq!(pulled.code, 0, "{}", pulled.stderr);
    assert_eq!(std::fs::read(folder.path().join("back.wasm")).unwrap(), COMPONENT);
    // a proxy is not asked for this machine
    let proxied = [credentials, ("https_proxy", "http://127.0.0.1:1")];
    let inspected = run(folder.path(), &server, &["inspect", &at, "--ca-file", &ca], &proxied);
    assert_eq!(inspected.code, 0, "{}", inspected.stderr);
}

#[test]
fn a_host_is_named_without_its_port_too() {
    let server = Server::with_tls(Auth::None);
    let folder = folder(&[("app.wasm", COMPONENT)]);
    let at = format!("localhost:{}/app:1", port(&server));
    let run = slt_with(
        folder.path(),
        &["push", "app.wasm", &at, "--tls", "LocalHost", "--ca-file", &authority()],
        &[],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn who_is_not_trusted_is_told_nothing() {
    let server = Server::with_tls(Auth::None);
    let folder = folder(&[("app.wasm", COMPONENT), ("none.pem", b"no certificate")]);
    let at = server.name("app:1");
    let said = |arguments: &[&str]| {
        let run = run(
            folder.path(),
            &server,
            &[&["push", "app.wasm", &at], arguments].concat(),
            &[],
        );
        run.shown(folder.path()).replace(&server.address(), "HOST")
    };
    let plain = slt_with(folder.path(), &["push", "app.wasm", &at], &[]);
    insta::assert_snapshot!(
        "untrusted",
        [
            said(&[]),
            plain.shown(folder.path()).replace(&server.address(), "HOST"),
            said(&["--ca-file", "none.pem"]),
            said(&["--ca-file", "missing.pem"]),
        ]
        .join("\n")
    );
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn what_began_with_tls_does_not_go_on_without_it() {
    let (server, elsewhere) = (Server::with_tls(Auth::None), Server::start());
    let folder = folder(&[("app.wasm", COMPONENT)]);
    let (ca, at) = (authority(), server.name("app:1"));
    let pushed = run(
        folder.path(),
        &server,
        &["push", "app.wasm", &at, "--ca-file", &ca],
        &[],
    );
    assert_eq!(pushed.code, 0, "{}", pushed.stderr);
    let digest = elsewhere.put_blob("app", COMPONENT);
    let location = format!("http://{}/v2/app/blobs/{digest}", elsewhere.address());
    let answer = Fault::Answer(307, vec![("location", location)], Vec::new());
    server.fault("GET", "/blobs/", usize::MAX, answer);
    let pulled = run(
        folder.path(),
        &server,
        &["pull", &at, "-o", "back.wasm", "--ca-file", &ca],
        &[],
    );
    assert_eq!(pulled.code, 3);
    let expected = format!("{} redirects from https to http", server.address());
    assert!(pulled.stderr.contains(&expected), "{}", pulled.stderr);
    assert_eq!(elsewhere.seen().len(), 0);
    assert!(!folder.path().join("back.wasm").exists());
}

/// What Go's servers say to plain HTTP.
#[test]
fn who_wants_tls_is_understood() {
    let server = Server::start();
    let answer = b"Client sent an HTTP request to an HTTPS server.\n".to_vec();
    server.fault("GET", "/v2/", usize::MAX, Fault::Answer(400, Vec::new(), answer));
    let folder = folder(&[]);
    let run = slt_with(folder.path(), &["pull", &server.name("app:1")], &[]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("\nhint: `--tls HOST` speaks TLS"), "{}", run.stderr);
}

#[test]
fn an_upload_that_began_over_tls_goes_nowhere_without_it() {
    let (server, elsewhere) = (Server::with_tls(Auth::None), Server::start());
    let folder = folder(&[("app.wasm", COMPONENT)]);
    let location = format!("http://{}/v2/app/blobs/uploads/none", elsewhere.address());
    server.fault(
        "POST",
        "/blobs/uploads/",
        1,
        Fault::Headers(vec![("location", Some(location))]),
    );
    let at = server.name("app:1");
    let pushed = run(
        folder.path(),
        &server,
        &["push", "app.wasm", &at, "--ca-file", &authority()],
        &[],
    );
    assert_eq!(pushed.code, 3, "{}", pushed.stderr);
    assert!(
        pushed.stderr.contains("redirects from https to http"),
        "{}",
        pushed.stderr
    );
    assert_eq!(elsewhere.seen().len(), 0);
}
