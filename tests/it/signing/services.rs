//! Services that fail, tokens that are none, and CI systems that give one. No token is ever in what is printed.

use std::io::{Read, Write};
use std::net::TcpListener;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::provider::{Provider, Say};
use super::{given, run, signed};
use crate::command::slt_with;

/// A part of every token here.
pub const SECRET: &str = "zq7secret";

pub fn token(expiry: u64) -> String {
    let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
    let claims = format!(r#"{{"iss":"https://issuer.test","sub":"job","exp":{expiry}}}"#);
    format!("{}.{}.{SECRET}", encode(r#"{"alg":"none"}"#.to_owned()), encode(claims))
}

pub const LATER: u64 = 9_999_999_999;

/// A service that answers everything with this, `count` times; and what it was asked.
#[allow(clippy::disallowed_methods)] // a server needs a thread
fn service(count: usize, answer: &str) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = answer.to_owned();
    let thread = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for _ in 0..count {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                let read = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..read]);
            }
            asked.push(String::from_utf8_lossy(&request).into_owned());
            stream.write_all(answer.as_bytes()).unwrap();
        }
        asked
    });
    (address, thread)
}

pub fn config(fulcio: &str) -> String {
    let media_type = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
    format!(
        r#"{{"mediaType":"{media_type}","caUrls":[{{"url":"{fulcio}","majorApiVersion":1,"validFor":{{"start":"2020-01-01T00:00:00Z"}},"operator":"x"}}]}}"#
    )
}

pub const KEYLESS: &[&str] = &[
    "sign",
    "artifact.txt",
    "--signing-config",
    "config.json",
    "--trusted-root",
    "root.json",
];

#[test]
fn tokens_that_are_none() {
    let folder = signed();
    let at = folder.path();
    std::fs::write(at.join("config.json"), config("http://127.0.0.1:9")).unwrap();
    let arguments = [KEYLESS, &["--identity-token", "-"]].concat();
    for (input, code, said) in [
        (
            SECRET.to_owned(),
            2,
            "error: standard input: it is no identity token (JWT)\nhint: ",
        ),
        (
            token(1),
            1,
            "error: standard input: the identity token expired at 1970-01-01T00:00:01Z",
        ),
        (token(LATER), 3, "Fulcio at http://127.0.0.1:9 failed"),
        (format!("{}\n", token(LATER)), 3, "Fulcio at http://127.0.0.1:9 failed"),
    ] {
        let run = given(at, &arguments, input.as_bytes());
        assert_eq!(run.code, code, "{}", run.stderr);
        assert!(run.stderr.contains(said), "{}", run.stderr);
        assert!(!run.stderr.contains(SECRET), "{}", run.stderr);
    }
    std::fs::write(at.join("token"), SECRET).unwrap();
    for (more, variable, from) in [
        (&["--identity-token", "token"][..], "", "`token`"),
        (&[], SECRET, "`SIGSTORE_ID_TOKEN`"),
    ] {
        let run = slt_with(at, &[KEYLESS, more].concat(), &[("SIGSTORE_ID_TOKEN", variable)]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        let said = format!("error: {from}: it is no identity token (JWT)\nhint: ");
        assert!(
            run.stderr.starts_with(&said) && !run.stderr.contains(SECRET),
            "{}",
            run.stderr
        );
    }
    let nobody = given(at, KEYLESS, b"");
    assert_eq!(nobody.code, 2);
    insta::assert_snapshot!(nobody.stderr, @r"
    error: there is nothing to sign with: no key, no identity token, and no terminal to ask at
    hint: `--key FILE` signs with a key, `--identity-token FILE` for an identity, `--device` for a user who signs in elsewhere
    ");
}

#[test]
fn services_that_refuse() {
    for (status, code, said) in [
        ("400 Bad Request", 1, "Fulcio does not take the identity token"),
        ("403 Forbidden", 1, "Fulcio does not take the identity token"),
        ("500 Internal Server Error", 3, "failed: "),
        ("302 Found\r\nLocation: http://127.0.0.1:1/", 3, "failed: "),
    ] {
        let folder = signed();
        let at = folder.path();
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
        let (address, thread) = service(1, &answer);
        std::fs::write(at.join("config.json"), config(&address)).unwrap();
        std::fs::write(at.join("token"), token(LATER)).unwrap();
        let run = slt_with(at, &[KEYLESS, &["--identity-token", "token"]].concat(), &[]);
        assert_eq!(run.code, code, "{status}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{status}: {}", run.stderr);
        assert!(!run.stderr.contains(SECRET), "{}", run.stderr);
        let request = &thread.join().unwrap()[0];
        assert!(request.starts_with("POST /api/v2/signingCert"), "{request}");
        // a small answer could else be a large one
        assert!(!request.to_lowercase().contains("accept-encoding"), "{request}");
        assert!(!at.join("artifact.txt.sigstore.json").exists(), "nothing is written");
    }
}

/// What has no end is not read to it: of each service, in the answer and in the error.
#[test]
fn services_without_an_end() {
    /// What a mebibyte and what lies in the buffers of two sockets have, in bytes; to its end it would be as much as a minute takes.
    const SENT_MAX_BYTES: u64 = 32 << 20;
    let folder = signed();
    let at = folder.path();
    std::fs::write(at.join("token"), token(LATER)).unwrap();
    let keyless = [KEYLESS, &["--identity-token", "token"]].concat();
    let key = [KEYLESS, &["--key", "cosign.key"]].concat();
    for status in [200, 500] {
        for (kind, version, config_of, name, sign) in [
            ("caUrls", 1, "", "Fulcio", &keyless),
            ("rekorTlogUrls", 1, "rekorTlogConfig", "Rekor", &key),
            ("rekorTlogUrls", 2, "rekorTlogConfig", "Rekor", &key),
            ("tsaUrls", 1, "tsaConfig", "the timestamp authority", &key),
        ] {
            let service = Provider::start(vec![Say::Endless(status)]);
            let mut config: serde_json::Value = serde_json::from_str(&config(&service.address)).unwrap();
            let mut endpoint = config["caUrls"].take();
            endpoint[0]["majorApiVersion"] = version.into();
            config.as_object_mut().unwrap().remove("caUrls");
            config[kind] = endpoint;
            if !config_of.is_empty() {
                config[config_of] = serde_json::json!({"selector": "ANY"});
            }
            std::fs::write(at.join("config.json"), config.to_string()).unwrap();
            let run = run(at, sign);
            assert_eq!(run.code, 3, "{kind} {status}: {}", run.stderr);
            let said = format!(
                "error: {name} at {} failed: its answer has more than 1048576 bytes\n",
                service.address
            );
            assert!(run.stderr.starts_with(&said), "{kind} {status}: {}", run.stderr);
            assert_eq!(service.asked().len(), 1, "{kind}");
            assert!(!at.join("artifact.txt.sigstore.json").exists(), "nothing is written");
            assert!(
                service.most_sent() < SENT_MAX_BYTES,
                "{kind} {status}: {}",
                service.most_sent()
            );
        }
    }
}

/// What goes to this machine in clear text does not leave it.
#[test]
fn no_proxy_is_asked_for_this_machine() {
    let folder = signed();
    let at = folder.path();
    std::fs::write(at.join("token"), token(LATER)).unwrap();
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy_address = format!("http://{}", proxy.local_addr().unwrap());
    proxy.set_nonblocking(true).unwrap();
    let refused = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let arguments = [KEYLESS, &["--identity-token", "token"]].concat();
    let (address, thread) = service(1, refused);
    let port = address.rsplit_once(':').unwrap().1;
    std::fs::write(at.join("config.json"), config(&format!("http://localhost:{port}"))).unwrap();
    let names = [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ];
    let proxies = names.map(|name| (name, proxy_address.as_str()));
    let run = slt_with(at, &arguments, &proxies);
    assert!(run.stderr.contains("Fulcio does not take"), "{}", run.stderr);
    assert!(thread.join().unwrap()[0].contains(SECRET), "the token comes here");
    let asked = proxy.accept().map(drop).map_err(|error| error.kind());
    assert_eq!(asked, Err(std::io::ErrorKind::WouldBlock), "and nowhere else");
}

/// All others are asked through the proxy that the environment names, which sees no token.
#[test]
fn a_proxy_sees_the_host_alone() {
    let folder = signed();
    let at = folder.path();
    std::fs::write(at.join("token"), token(LATER)).unwrap();
    std::fs::write(at.join("config.json"), config("https://fulcio.test")).unwrap();
    let (proxy, thread) = service(
        1,
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
    let arguments = [KEYLESS, &["--identity-token", "token"]].concat();
    let run = slt_with(at, &arguments, &[("https_proxy", &proxy)]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    let request = &thread.join().unwrap()[0];
    assert!(
        request.starts_with("CONNECT fulcio.test:443 ") && !request.contains(SECRET),
        "{request}"
    );
}

#[test]
fn the_token_of_a_ci_system() {
    let folder = signed();
    let at = folder.path();
    std::fs::write(at.join("config.json"), config("http://127.0.0.1:9")).unwrap();
    let body = format!(r#"{{"count":1,"value":"{}"}}"#, token(LATER));
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let (address, thread) = service(1, &answer);
    let url = format!("{address}/token?api-version=2");
    let asked = [
        ("GITHUB_ACTIONS", "true"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", &url),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "bearer-zq7"),
    ];
    let run = slt_with(at, KEYLESS, &asked);
    assert_eq!(run.code, 3, "the token is had, and Fulcio is not there: {}", run.stderr);
    assert!(run.stderr.contains("Fulcio at"), "{}", run.stderr);
    let request = &thread.join().unwrap()[0];
    assert!(
        request.starts_with("GET /token?api-version=2&audience=sigstore HTTP/1.1"),
        "{request}"
    );
    assert!(
        request.to_lowercase().contains("authorization: bearer bearer-zq7"),
        "{request}"
    );
    let run = slt_with(at, KEYLESS, &[("SIGSTORE_ID_TOKEN", &token(LATER))]);
    assert!(run.stderr.contains("Fulcio at"), "{}", run.stderr);
    let denied = slt_with(at, KEYLESS, &[("GITHUB_ACTIONS", "true")]);
    assert_eq!(denied.code, 1);
    assert!(
        denied.stderr.contains("`permissions: id-token: write`"),
        "{}",
        denied.stderr
    );
    let elsewhere = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "http://example.com/"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "bearer-zq7"),
    ];
    let run = slt_with(at, KEYLESS, &elsewhere);
    assert!(run.stderr.contains("is not `https`"), "{}", run.stderr);
}
