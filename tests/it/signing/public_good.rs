//! Bundles of Sigstore's public-good instance, whose log is Rekor v1: in the forms v0.1, v0.2 and v0.3, which say the same in other
//! words. Nobody signs the form, so that one bundle is all three (`tests/fixtures/public-good/ORIGIN.md` has whose it is).

use serde_json::{Value, json};

use super::run;
use crate::command::folder;

const IMAGE: &str = "127.0.0.1:1/app@sha256:54303491a8418fbed24344b513546182c29b43bf282ceb433af65e2299f9271f";
const PREDICATE: &str = "https://schemas.conda.org/attestations-publish-1.schema.json";
const IDENTITY: &str = "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(super::fixture(&format!("public-good/{name}"))).unwrap()
}

/// The attestation in the form of a version.
fn attestation(version: &str) -> Value {
    let mut bundle: Value = serde_json::from_slice(&fixture("attestation.json")).unwrap();
    if version != "0.3" {
        bundle["mediaType"] = format!("application/vnd.dev.sigstore.bundle+json;version={version}").into();
        let material = bundle["verificationMaterial"].as_object_mut().unwrap();
        let certificate = material.remove("certificate").unwrap();
        material.insert(
            "x509CertificateChain".to_owned(),
            json!({ "certificates": [certificate] }),
        );
    }
    bundle
}

fn entry(bundle: &mut Value) -> &mut serde_json::Map<String, Value> {
    bundle["verificationMaterial"]["tlogEntries"][0]
        .as_object_mut()
        .unwrap()
}

/// `believed`, or what is said of it.
fn said(bundle: &Value) -> String {
    let here = folder(&[("bundle.json", bundle.to_string().as_bytes())]);
    let verify = ["verify", IMAGE, "--bundle", "bundle.json", "--type", PREDICATE];
    let whose = ["--identity", IDENTITY, "--issuer", ISSUER, "--format", "json"];
    let run = run(here.path(), &[verify.as_slice(), &whose].concat());
    let line: Value = serde_json::from_str(run.stdout.lines().next().unwrap()).unwrap();
    match run.code {
        0 => {
            assert_eq!(line["log_index"], 456_119_071);
            assert_eq!(line["time"], "2025-09-01T12:13:59Z");
            "believed".to_owned()
        }
        _ => line["check"].as_str().unwrap().to_owned(),
    }
}

#[test]
fn every_form_of_a_bundle() {
    for version in ["0.1", "0.2", "0.3"] {
        assert_eq!(said(&attestation(version)), "believed", "{version}");
    }
    // v0.1 and v0.2 have chains, and v0.3 has none
    for (form, named) in [("0.3", "0.2"), ("0.3", "0.1"), ("0.2", "0.3")] {
        let mut mixed = attestation(form);
        mixed["mediaType"] = attestation(named)["mediaType"].clone();
        assert_eq!(said(&mixed), "media-type", "{form} as {named}");
    }
    for unknown in ["0.4", "1", ""] {
        assert_eq!(said(&attestation(unknown)), "media-type", "{unknown}");
    }
}

/// In Rekor v1, the log signs a promise, and with it the time: without it there is none, and v0.1 demands it. A proof is what v0.2 and
/// newer demand.
#[test]
fn promises_and_proofs() {
    for (version, removed, expected) in [
        ("0.1", "inclusionProof", "believed"),
        ("0.1", "inclusionPromise", "log"),
        ("0.2", "inclusionProof", "log"),
        ("0.2", "inclusionPromise", "timestamp"),
        ("0.3", "inclusionProof", "log"),
        ("0.3", "inclusionPromise", "timestamp"),
    ] {
        let mut bundle = attestation(version);
        assert!(entry(&mut bundle).remove(removed).is_some());
        assert_eq!(said(&bundle), expected, "{version} without {removed}");
    }
}

#[test]
fn lies_about_an_entry_of_rekor_v1() {
    for (pointer, value, expected) in [
        ("/integratedTime", json!("1756728840"), "log"),
        ("/logIndex", json!("456119072"), "log"),
        ("/inclusionPromise/signedEntryTimestamp", json!("MEUCIQ=="), "log"),
        ("/inclusionProof/rootHash", json!("A".repeat(43) + "="), "log"),
        // one less: for so many leaves, the way to the root is the same
        ("/inclusionProof/treeSize", json!("334214815"), "log"),
        ("/inclusionProof/logIndex", json!("334214810"), "log"),
        ("/kindVersion/kind", json!("intoto"), "bundle"),
        ("/canonicalizedBody", json!("e30="), "log"),
    ] {
        let mut bundle = attestation("0.3");
        *bundle
            .pointer_mut(&format!("/verificationMaterial/tlogEntries/0{pointer}"))
            .unwrap() = value;
        assert_eq!(said(&bundle), expected, "{pointer}");
    }
}

/// With an identity beside the key the public-good root is there, and the key's entry is checked against it.
#[test]
fn a_key_and_its_entry() {
    let files = ["key.json", "key.pub", "artifact.txt"].map(|name| (name, fixture(name)));
    let files = files.each_ref().map(|(name, bytes)| (*name, bytes.as_slice()));
    let here = folder(&files);
    let verify = ["verify", "artifact.txt", "--key", "key.pub", "--bundle", "key.json"];
    let alone = run(here.path(), &verify);
    assert_eq!(alone.code, 0, "{}", alone.stderr);
    assert!(
        alone.stdout.contains("are not believed: no trusted root"),
        "{}",
        alone.stdout
    );
    let identity = ["--identity", IDENTITY, "--issuer", ISSUER];
    let demands = ["--require-log", "--require-timestamp"];
    let with_root = run(here.path(), &[verify.as_slice(), &identity, &demands].concat());
    assert_eq!(with_root.code, 0, "{}", with_root.stderr);
    assert!(with_root.stdout.contains(", log entry "), "{}", with_root.stdout);
}
