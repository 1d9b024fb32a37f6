//! `--device`: a code that is shown, and a provider that is asked until somebody has typed it. No code of the device, and no token, is ever
//! in what is printed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use slt::registry::Digest;

use super::provider::{HERE, Provider, Say};
use super::services::{KEYLESS, LATER, SECRET, config, token};
use super::signed;
use crate::command::{Run, folder, slt_with};
use crate::process::Process;

/// A secret that the device and the provider have.
const DEVICE_CODE: &str = "zq7device";

fn this(status: u16, body: &Value) -> Say {
    Say::This(status, body.to_string())
}

fn discovery() -> Value {
    json!({
        "issuer": HERE, "token_endpoint": format!("{HERE}/token"),
        "device_authorization_endpoint": format!("{HERE}/device/code"), "code_challenge_methods_supported": ["S256", "plain"],
    })
}

fn codes() -> Value {
    json!({
        "device_code": DEVICE_CODE, "user_code": "ABCD-EFGH", "verification_uri": "https://issuer.test/device",
        "expires_in": 300, "interval": 1,
    })
}

/// The same with this member.
fn but(mut whole: Value, name: &str, value: Value) -> Value {
    whole[name] = value;
    whole
}

fn error(name: &str) -> Say {
    this(400, &json!({"error": name}))
}

fn id_token() -> Say {
    this(200, &json!({"id_token": token(LATER), "access_token": SECRET}))
}

/// Signs with a device; the certificate is asked for where nobody listens.
fn sign(says: Vec<Say>, more: &[&str]) -> (Run, Provider) {
    let provider = Provider::start(says);
    let folder = signed();
    std::fs::write(folder.path().join("config.json"), with_oidc(&provider)).unwrap();
    // a CI system, which is not asked
    let ci = [("GITHUB_ACTIONS", "true"), ("SIGSTORE_ID_TOKEN", SECRET)];
    let run = slt_with(folder.path(), &[KEYLESS, &["--device"], more].concat(), &ci);
    for secret in [SECRET, DEVICE_CODE] {
        assert!(
            !run.stderr.contains(secret) && !run.stdout.contains(secret),
            "{}",
            run.stderr
        );
    }
    assert!(!folder.path().join("artifact.txt.sigstore.json").exists());
    (run, provider)
}

pub fn with_oidc(provider: &Provider) -> String {
    let mut config: Value = serde_json::from_str(&config("http://127.0.0.1:9")).unwrap();
    let mut oidc = config["caUrls"].clone();
    oidc[0]["url"] = provider.address.clone().into();
    config["oidcUrls"] = oidc;
    config.to_string()
}

#[test]
fn somebody_signs_in() {
    let says = vec![
        this(200, &discovery()),
        this(200, &codes()),
        error("authorization_pending"),
        // as Dex says it
        this(401, &json!({"error": "authorization_pending"})),
        id_token(),
    ];
    let (run, provider) = sign(says, &[]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    insta::assert_snapshot!(run.stderr, @r"
    note: the signature, and the identity that you prove now, will stand in a public log for ever
    note: sign in at https://issuer.test/device with the code ABCD-EFGH; it is valid for 5 minutes
    error: Fulcio at http://127.0.0.1:9 failed: connection refused
    hint: nothing was published; try again when it answers
    ");
    let asked = provider.asked();
    let lines: Vec<&str> = asked.iter().map(|asked| asked.line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "GET /.well-known/openid-configuration",
            "POST /device/code",
            "POST /token",
            "POST /token",
            "POST /token"
        ]
    );
    let (first, last) = (&asked[1], &asked[4]);
    assert!(
        first.head.contains("application/x-www-form-urlencoded"),
        "{}",
        first.head
    );
    for (asked, name, value) in [
        (first, "client_id", "sigstore"),
        (first, "scope", "openid email"),
        (first, "code_challenge_method", "S256"),
        (last, "client_id", "sigstore"),
        (last, "grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        (last, "device_code", DEVICE_CODE),
    ] {
        assert_eq!(asked.field(name).as_deref(), Some(value), "{name}");
    }
    let verifier = last.field("code_verifier").unwrap();
    let digest = Digest::of(verifier.as_bytes()).hex().to_owned();
    let digest: Vec<u8> = (0..32)
        .map(|byte| u8::from_str_radix(&digest[2 * byte..2 * byte + 2], 16).unwrap())
        .collect();
    let challenge = first.field("code_challenge");
    assert_eq!(challenge, Some(URL_SAFE_NO_PAD.encode(digest)), "RFC 7636, section 4.2");
    assert!(verifier.len() >= 43 && first.field("code_verifier").is_none());
}

#[test]
fn programs_and_the_quiet_are_told() {
    let complete = "https://issuer.test/device?user_code=ABCD-EFGH";
    let codes = but(codes(), "verification_uri_complete", complete.into());
    let says = vec![this(200, &discovery()), this(200, &codes), error("access_denied")];
    let (run, _provider) = sign(says.clone(), &["--format", "json"]);
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    let expected = json!({"kind": "sign-in", "address": complete, "opens": false, "code": "ABCD-EFGH", "seconds": 300});
    assert_eq!(line, expected);
    let (run, _provider) = sign(says, &["--quiet"]);
    assert_eq!(run.code, 1);
    insta::assert_snapshot!(run.stderr, @r"
    note: sign in at https://issuer.test/device?user_code=ABCD-EFGH with the code ABCD-EFGH; it is valid for 5 minutes
    error: the sign-in was denied
    hint: nothing was signed; the same command lets you sign in again, and with `--device` on any device
    ");
}

/// How it can end, and how often the token was asked for until then.
#[test]
fn nobody_signs_in() {
    let brief = |seconds: u64| but(codes(), "expires_in", seconds.into());
    for (codes, token, times, code, said) in [
        (codes(), error("access_denied"), 1, 1, "the sign-in was denied"),
        (
            codes(),
            error("expired_token"),
            1,
            1,
            "nobody signed in with the code within its 300 seconds",
        ),
        (brief(2), error("authorization_pending"), 1, 1, "within its 2 seconds"),
        // its five seconds more are longer than the code is valid
        (brief(4), error("slow_down"), 1, 1, "within its 4 seconds"),
        (
            codes(),
            error("invalid_grant"),
            1,
            3,
            "/token failed: it answers 400 Bad Request: invalid_grant",
        ),
        (
            codes(),
            this(500, &json!("zq7secret")),
            1,
            3,
            "/token failed: it answers 500 Internal Server Error",
        ),
        (
            codes(),
            this(200, &json!({"access_token": SECRET})),
            1,
            3,
            "its answer has no identity token",
        ),
        (
            codes(),
            this(200, &json!({"id_token": SECRET})),
            1,
            3,
            "its answer is no token",
        ),
        (
            codes(),
            Say::Endless(200),
            1,
            3,
            "its answer has more than 1048576 bytes",
        ),
    ] {
        let (run, provider) = sign(vec![this(200, &discovery()), this(200, &codes), token], &[]);
        assert_eq!(run.code, code, "{said}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
        assert!(run.stderr.contains("\nhint: "), "{}", run.stderr);
        let asked = provider.asked().len() - 2;
        assert!(
            asked == times || (said.contains("2 seconds") && asked == 2),
            "{said}: {asked}"
        );
    }
}

#[test]
fn providers_that_grant_nothing_to_devices() {
    let endpoint = "device_authorization_endpoint";
    let far = "http://example.com/";
    for (discovery, codes, code, said) in [
        (
            this(404, &json!("no")),
            this(200, &codes()),
            3,
            "failed: it answers 404 Not Found",
        ),
        (
            this(200, &but(discovery(), "issuer", "https://other.test".into())),
            this(200, &codes()),
            3,
            "it says that it is `https://other.test`",
        ),
        (
            this(200, &but(discovery(), endpoint, Value::Null)),
            this(200, &codes()),
            2,
            "grants no sign-in to devices",
        ),
        (
            this(
                200,
                &but(discovery(), "code_challenge_methods_supported", json!(["plain"])),
            ),
            this(200, &codes()),
            2,
            "does not say that it protects a sign-in by PKCE (`S256`)",
        ),
        (
            this(200, &but(discovery(), endpoint, far.into())),
            this(200, &codes()),
            3,
            "`http://example.com/` is not `https`",
        ),
        (
            this(200, &but(discovery(), "token_endpoint", far.into())),
            this(200, &codes()),
            3,
            "`http://example.com/` is not `https`",
        ),
        (
            this(200, &discovery()),
            this(200, &but(codes(), "verification_uri", far.into())),
            3,
            "`http://example.com/` is not `https`",
        ),
        (
            this(200, &discovery()),
            error("invalid_client"),
            3,
            "it answers 400 Bad Request: invalid_client",
        ),
        (
            this(200, &discovery()),
            this(200, &json!({"device_code": SECRET})),
            3,
            "its answer has no codes",
        ),
        (
            Say::Endless(200),
            this(200, &codes()),
            3,
            "its answer has more than 1048576 bytes",
        ),
        (
            this(200, &discovery()),
            Say::Endless(400),
            3,
            "its answer has more than 1048576 bytes",
        ),
    ] {
        let (run, provider) = sign(vec![discovery, codes], &[]);
        assert_eq!(run.code, code, "{said}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
        assert!(
            provider.asked().len() <= 2 && !run.stderr.contains("sign in at"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_signal_ends_the_waiting() {
    let provider = Provider::start(vec![
        this(200, &discovery()),
        this(200, &codes()),
        error("authorization_pending"),
    ]);
    let folder = signed();
    std::fs::write(folder.path().join("config.json"), with_oidc(&provider)).unwrap();
    let process = Process::start(folder.path(), &[KEYLESS, &["--device"]].concat(), &[]);
    process.stderr("ABCD-EFGH");
    let run = process.stop();
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("error: interrupted"), "{}", run.stderr);
}

/// Whoever ships is shown the code before anything is built, without a terminal, and once.
#[test]
fn what_is_shipped() {
    let slightfile =
        "specversion = \"1.0\"\n\n[app]\nname = \"hello\"\nversion = \"1.2.3\"\ncomponent = \"hello.wasm\"\n";
    let provider = Provider::start(vec![
        this(200, &discovery()),
        this(200, &codes()),
        error("access_denied"),
    ]);
    let root = std::fs::read(super::fixture("signatures/trusted_root.json")).unwrap();
    let folder = folder(&[
        ("slightfile.toml", slightfile.as_bytes()),
        ("hello.wasm", b"no component"),
        ("root.json", &root),
        ("config.json", with_oidc(&provider).as_bytes()),
    ]);
    let ship = [&["ship", "127.0.0.1:9/app:1", "--device"], &KEYLESS[2..]].concat();
    let github = [("GITHUB_ACTIONS", "true")];
    let run = slt_with(folder.path(), &ship, &github);
    assert_eq!(run.code, 1, "{}", run.stderr);
    insta::assert_snapshot!(run.stderr, @r"
    note: the signature, and the identity that you prove now, will stand in a public log for ever
    note: sign in at https://issuer.test/device with the code ABCD-EFGH; it is valid for 5 minutes
    error: the sign-in was denied
    hint: nothing was signed; the same command lets you sign in again, and with `--device` on any device
    ");
    for other in ["--key=k.key", "--identity-token=token", "--no-browser", "--no-sign"] {
        let run = slt_with(folder.path(), &[ship.as_slice(), &[other]].concat(), &[]);
        assert_eq!(run.code, 2, "{other}: {}", run.stderr);
    }
}
