//! `slt keygen`, `slt sign` and `slt verify` as their users meet them; policies, registries, and services that fail.
//!
//! What cosign signed lies in `tests/fixtures/signatures`. What is refused, thing by thing, is in [`crate::refusals`]; what cosign says
//! of what slt signs is in [`crate::judged`].

mod device;
mod files;
mod images;
mod keys;
mod policy;
mod provider;
mod public_good;
mod services;
#[cfg(target_os = "linux")]
mod terminal;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::command::{Run, folder, slt_with};

/// The password of the fixtures' key.
pub const PASSWORD: &str = "correct-horse";

/// A file of `tests/fixtures`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A folder with the file that cosign signed, its bundles, the keys and the trusted root.
pub fn signed() -> TempDir {
    let read = |name: &str| std::fs::read(fixture(&format!("signatures/{name}"))).unwrap();
    folder(&[
        ("artifact.txt", &read("artifact.txt")),
        ("other.txt", &read("other.txt")),
        ("cosign.key", &read("cosign.key")),
        ("cosign.pub", &read("cosign.pub")),
        ("foreign.pub", &read("foreign/cosign.pub")),
        ("root.json", &read("trusted_root.json")),
        ("key.json", &read("blob/key.json")),
        ("key-log.json", &read("blob/key-log.json")),
        ("keyless.json", &read("blob/keyless-log.json")),
        ("ci.json", &read("blob/ci.keyless-log.json")),
        ("timestamp.json", &read("blob/keyless-timestamp.json")),
        ("slsa.json", &read("blob/slsa.keyless-log.json")),
    ])
}

/// Who issued the fixtures' tokens.
pub fn issuer() -> String {
    let issuer = std::fs::read_to_string(fixture("signatures/issuer")).unwrap();
    issuer.trim().to_owned()
}

/// Runs slt with the fixtures' password.
pub fn run(directory: &Path, arguments: &[&str]) -> Run {
    slt_with(directory, arguments, &[("COSIGN_PASSWORD", PASSWORD)])
}

/// Runs slt with this standard input and no environment.
pub fn given(directory: &Path, arguments: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_slt"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // one that refuses before it reads has closed its end
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs each line, and shows all that people see.
pub fn sessions(directory: &Path, lines: &[(&str, i32)]) -> String {
    let mut shown = String::new();
    for (line, code) in lines {
        let line = line.replace("ISSUER", &issuer());
        let arguments: Vec<&str> = line.split(' ').collect();
        let run = run(directory, &arguments);
        assert_eq!(run.code, *code, "{line}: {}", run.shown(directory));
        let text = run.shown(directory).replace(&issuer(), "ISSUER");
        shown.push_str(&format!("$ slt {}\n{text}\n", line.replace(&issuer(), "ISSUER")));
    }
    shown
}

/// Shorter digests, so that a snapshot can be read.
pub fn short(text: &str) -> String {
    let digits = regex::Regex::new("sha256:([0-9a-f]{8})[0-9a-f]{56}").unwrap();
    digits.replace_all(text, "sha256:$1…").into_owned()
}

#[test]
fn files() {
    let folder = signed();
    let who = "--trusted-root root.json --identity dev@example.test --issuer ISSUER";
    let shown = short(&sessions(
        folder.path(),
        &[
            ("verify artifact.txt --key cosign.pub --bundle key.json", 0),
            ("verify artifact.txt --key cosign.pub --bundle key-log.json", 0),
            (
                "verify artifact.txt --key cosign.pub --bundle key-log.json --trusted-root root.json",
                0,
            ),
            (
                "verify artifact.txt --key cosign.pub --bundle key.json --trusted-root root.json --require-log",
                1,
            ),
            (
                "verify artifact.txt --key cosign.pub --bundle key.json --trusted-root root.json --require-timestamp",
                1,
            ),
            ("verify other.txt --key cosign.pub --bundle key.json", 1),
            ("verify artifact.txt --key foreign.pub --bundle key.json", 1),
            ("verify artifact.txt --key cosign.pub", 1),
            (
                "verify artifact.txt --key cosign.pub --bundle keyless.json --bundle key.json",
                0,
            ),
            (&format!("verify artifact.txt --bundle keyless.json {who}"), 0),
            (&format!("verify artifact.txt --bundle timestamp.json {who}"), 1),
            (
                &format!("verify artifact.txt --bundle timestamp.json --insecure-ignore-tlog {who}"),
                0,
            ),
            (&format!("verify artifact.txt --bundle ci.json {who}"), 1),
            (&format!("verify artifact.txt --bundle slsa.json {who}"), 1),
            (
                &format!("verify artifact.txt --bundle slsa.json --type slsaprovenance1 {who}"),
                0,
            ),
            (
                "verify artifact.txt --bundle keyless.json --identity dev@example.test --issuer ISSUER",
                1,
            ),
        ],
    ));
    insta::assert_snapshot!(shown);
}

#[test]
fn json() {
    let folder = signed();
    let shown = short(&sessions(
        folder.path(),
        &[
            (
                "verify artifact.txt --key cosign.pub --bundle key.json --bundle keyless.json --format json",
                0,
            ),
            (
                "verify artifact.txt --key foreign.pub --bundle key.json --bundle slsa.json --format json",
                1,
            ),
            ("verify artifact.txt --key foreign.pub --format json", 1),
        ],
    ));
    insta::assert_snapshot!(shown);
}

/// What is in somebody's bundle is quoted, and steers no terminal.
#[test]
fn bundles_that_talk_to_the_terminal() {
    let folder = signed();
    let at = folder.path();
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(fixture(&format!("signatures/blob/{name}"))).unwrap()).unwrap()
    };
    let steers = "\u{1b}[2J\u{1b}]0;verified\u{7}\r\u{202e}";
    let places = [
        ("key.json", "/mediaType"),
        ("key.json", "/messageSignature/messageDigest/algorithm"),
        ("key-log.json", "/verificationMaterial/tlogEntries/0/kindVersion/kind"),
        ("slsa.keyless-log.json", "/dsseEnvelope/payloadType"),
    ];
    for (name, place) in places {
        let mut bundle = read(name);
        *bundle.pointer_mut(place).unwrap() = steers.into();
        let mut member = read("key.json");
        member[steers] = 1.into();
        for bundle in [bundle, member] {
            std::fs::write(at.join("spoilt.json"), serde_json::to_vec(&bundle).unwrap()).unwrap();
            let verify = [
                "verify",
                "artifact.txt",
                "--key",
                "cosign.pub",
                "--bundle",
                "spoilt.json",
            ];
            for more in [&[][..], &["--bundle", "key.json"]] {
                let run = run(at, &[&verify[..], more].concat());
                assert_eq!(run.code, i32::from(more.is_empty()), "{place}: {}", run.stderr);
                let is_plain = |text: &str| text.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}'));
                assert!(
                    is_plain(&run.stderr) && is_plain(&run.stdout),
                    "{place}: {:?}",
                    run.stderr
                );
                assert!(
                    run.stderr.contains("\\u{1b}]0;verified\\u{7}"),
                    "{place}: {}",
                    run.stderr
                );
            }
        }
    }
    std::fs::write(
        at.join("long.json"),
        format!(r#"{{"mediaType":"{}"}}"#, "a".repeat(1 << 20)),
    )
    .unwrap();
    let run = run(
        at,
        &["verify", "artifact.txt", "--key", "cosign.pub", "--bundle", "long.json"],
    );
    assert!(run.code == 1 && run.stderr.len() < 2_000, "{}", run.stderr.len());
}

#[test]
fn wrong_usage() {
    let folder = signed();
    let shown = sessions(
        folder.path(),
        &[
            ("verify artifact.txt", 2),
            ("verify artifact.txt --identity dev@example.test", 2),
            ("verify artifact.txt --identity-regexp ( --issuer x", 2),
            ("verify nothing.txt --key cosign.pub", 2),
            ("verify 127.0.0.1:1/App --key cosign.pub", 2),
            ("verify . --key cosign.pub", 2),
            ("verify artifact.txt --key .", 2),
            ("verify artifact.txt --key root.json", 2),
            ("verify artifact.txt --key cosign.key", 2),
            ("verify artifact.txt --key cosign.pub --bundle nothing.json", 2),
            ("verify artifact.txt --key cosign.pub --trusted-root key.json", 2),
            ("verify artifact.txt --key cosign.pub --type provenance", 2),
            ("verify 127.0.0.1:1/app:1 --key cosign.pub --require-log", 2),
            ("verify 127.0.0.1:1/app:1 --key cosign.pub --require-timestamp", 2),
            ("sign artifact.txt --key cosign.pub", 2),
            ("sign artifact.txt --key nothing.key", 2),
            ("sign artifact.txt", 2),
            ("sign artifact.txt --key cosign.key --bundle artifact.txt", 2),
            ("sign artifact.txt --key cosign.key --bundle cosign.key", 2),
            (
                "sign artifact.txt --key cosign.key --type spdx --predicate root.json --bundle ./root.json --force",
                2,
            ),
            ("sign artifact.txt --key cosign.key --bundle other.txt", 2),
            ("sign artifact.txt --key cosign.key --bundle slsa.json", 2),
            (
                "sign artifact.txt --key cosign.key --password-stdin --type spdx --predicate -",
                2,
            ),
            ("sign artifact.txt --key cosign.key --legacy", 2),
            ("sign artifact.txt --key cosign.key --signing-config root.json", 2),
            ("sign artifact.txt --key cosign.key --predicate root.json", 2),
        ],
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn what_slt_signs_it_believes() {
    let folder = signed();
    let at = folder.path();
    let run = run(at, &["sign", "artifact.txt", "--key", "cosign.key"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let bundle: serde_json::Value =
        serde_json::from_slice(&std::fs::read(at.join("artifact.txt.sigstore.json")).unwrap()).unwrap();
    let cosigns: serde_json::Value = serde_json::from_slice(&std::fs::read(at.join("key.json")).unwrap()).unwrap();
    // both sign with random numbers: all else is the same
    for pointer in [
        "/mediaType",
        "/verificationMaterial/publicKey",
        "/messageSignature/messageDigest",
    ] {
        assert_eq!(bundle.pointer(pointer), cosigns.pointer(pointer), "{pointer}");
    }
    std::fs::write(at.join("predicate.json"), r#"{"builder":{"id":"me"}}"#).unwrap();
    let attest =
        "sign other.txt --key cosign.key --bundle other.json --type https://example.test/x --predicate predicate.json";
    let shown = short(&sessions(
        at,
        &[
            ("verify artifact.txt --key cosign.pub", 0),
            ("verify artifact.txt --key foreign.pub", 1),
            (
                "verify other.txt --key cosign.pub --bundle artifact.txt.sigstore.json",
                1,
            ),
            (attest, 0),
            (
                "verify other.txt --key cosign.pub --bundle other.json --type https://example.test/x",
                0,
            ),
            ("verify other.txt --key cosign.pub --bundle other.json", 1),
            ("sign artifact.txt --key cosign.key --format json", 0),
        ],
    ));
    insta::assert_snapshot!(shown);
}

#[test]
fn every_kind_of_key_signs() {
    // of another file is found by its digest, where the bundle names one: Ed25519 signs none
    let keys = [("p384", "subject"), ("ed", "signature"), ("rsa", "subject")];
    let files: Vec<(String, Vec<u8>)> = keys
        .iter()
        .flat_map(|(key, _)| {
            [
                format!("{key}.pem"),
                format!("{key}.pub"),
                format!("imported-{key}.key"),
            ]
        })
        .map(|name| (name.clone(), std::fs::read(fixture(&format!("keys/{name}"))).unwrap()))
        .collect();
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    let folder = folder(&[files.as_slice(), &[("a.txt", b"a")]].concat());
    let at = folder.path();
    for (key, check) in keys {
        let public = format!("{key}.pub");
        for private in [format!("{key}.pem"), format!("imported-{key}.key")] {
            let signed = slt_with(
                at,
                &["sign", "a.txt", "--key", &private, "--force"],
                &[("COSIGN_PASSWORD", "pw")],
            );
            assert_eq!(signed.code, 0, "{key}: {}", signed.stderr);
            let verify = ["verify", "a.txt", "--key", &public];
            assert_eq!(run(at, &verify).code, 0, "{key}");
            std::fs::write(at.join("a.txt"), "b").unwrap();
            let changed = run(at, &verify);
            assert_eq!(changed.code, 1);
            assert!(
                changed.stderr.contains(&format!("; refused: {check}: ")),
                "{key}: {}",
                changed.stderr
            );
            std::fs::write(at.join("a.txt"), "a").unwrap();
        }
    }
}

#[test]
fn a_key_with_a_timestamp_alone() {
    let folder = signed();
    let at = folder.path();
    let text = std::fs::read_to_string(at.join("key-log.json")).unwrap();
    let mut bundle: serde_json::Value = serde_json::from_str(&text).unwrap();
    let material = bundle["verificationMaterial"].as_object_mut().unwrap();
    material.remove("tlogEntries");
    let verify = |bundle: &serde_json::Value| {
        std::fs::write(at.join("b.json"), bundle.to_string()).unwrap();
        let demands = ["--trusted-root", "root.json", "--require-timestamp"];
        let verify = ["verify", "artifact.txt", "--key", "cosign.pub", "--bundle", "b.json"];
        run(at, &[verify.as_slice(), &demands].concat())
    };
    let believed = verify(&bundle);
    assert_eq!(believed.code, 0, "{}", believed.stderr);
    assert!(
        believed.stdout.contains("at 2026-11-21T19:31:11Z at the latest"),
        "{}",
        believed.stdout
    );
    // that of another signature
    let other: serde_json::Value = serde_json::from_slice(&std::fs::read(at.join("keyless.json")).unwrap()).unwrap();
    let data = "timestampVerificationData";
    bundle["verificationMaterial"][data] = other["verificationMaterial"][data].clone();
    let refused = verify(&bundle);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("; refused: timestamp: "), "{}", refused.stderr);
}
