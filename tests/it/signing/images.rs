//! Images in a registry: signed, resolved to a digest, verified; with and without the referrers API.

use serde_json::Value;

use super::{run, sessions, short, signed};
use crate::registry::server::{Auth, Fault, Server};

const IMAGE: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#;
const OTHER: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[],"annotations":{"a":"b"}}"#;
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn server(referrers: bool) -> Server {
    let server = Server::with(Auth::None, referrers);
    server.put_blob("app", b"{}");
    server.put_manifest("app", "1", MANIFEST, IMAGE.as_bytes());
    server.put_manifest("app", "2", MANIFEST, OTHER.as_bytes());
    server
}

#[test]
fn signed_and_verified() {
    let made = regex::Regex::new("referrer sha256:[0-9a-f…]*").unwrap();
    for referrers in [true, false] {
        let server = server(referrers);
        let folder = signed();
        let at = folder.path();
        let app = format!("{}/app", server.address());
        assert_eq!(run(at, &["keygen", "mine"]).code, 0);
        let shown = sessions(
            at,
            &[
                (&format!("verify {app}:1 --key cosign.pub"), 1),
                (&format!("sign {app}:1 --key cosign.key --bundle 1.json"), 0),
                (&format!("verify {app}:1 --key cosign.pub"), 0),
                (&format!("verify {app}:1 --key foreign.pub"), 1),
                (&format!("verify {app}:2 --key cosign.pub"), 1),
                (&format!("verify {app}:2 --key cosign.pub --bundle 1.json"), 1),
                (&format!("verify {app}:nothing --key cosign.pub"), 1),
            ],
        );
        let shown = made
            .replace_all(&shown, "referrer [MADE]")
            .replace(&server.address(), "[REGISTRY]");
        insta::assert_snapshot!("signed_and_verified", short(&shown));
        // a second signer hides nobody, and one who signs again changes nothing
        for key in ["mine.key", "cosign.key"] {
            let signed = run(at, &["sign", &format!("{app}:1"), "--key", key]);
            assert_eq!(signed.code, 0, "{}", signed.stderr);
        }
        for key in ["mine.pub", "cosign.pub"] {
            assert_eq!(run(at, &["verify", &format!("{app}:1"), "--key", key]).code, 0, "{key}");
        }
    }
}

#[test]
fn a_digest_and_a_bundle_need_no_registry() {
    let server = server(true);
    let folder = signed();
    let at = folder.path();
    let app = format!("{}/app", server.address());
    assert_eq!(
        run(
            at,
            &["sign", &format!("{app}:1"), "--key", "cosign.key", "--bundle", "1.json"]
        )
        .code,
        0
    );
    let digest = server.digest("app", "1").unwrap();
    let name = format!("{app}@{digest}");
    drop(server);
    let verified = run(at, &["verify", &name, "--key", "cosign.pub", "--bundle", "1.json"]);
    assert_eq!(verified.code, 0, "{}", verified.stderr);
    let gone = run(at, &["verify", &name, "--key", "cosign.pub"]);
    assert_eq!(gone.code, 3, "{}", gone.stderr);
}

#[test]
fn what_is_attached_is_as_cosign_attaches_it() {
    let server = server(true);
    let folder = signed();
    let app = format!("{}/app:1", server.address());
    let signed = run(
        folder.path(),
        &["sign", &app, "--key", "cosign.key", "--format", "json"],
    );
    let line: Value = serde_json::from_str(&signed.stdout).unwrap();
    let manifest = server.manifest("app", line["referrer"].as_str().unwrap()).unwrap();
    let bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
    assert_eq!(manifest["artifactType"], bundle);
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.oci.empty.v1+json");
    assert_eq!(manifest["layers"][0]["mediaType"], bundle);
    assert_eq!(manifest["subject"]["digest"], line["digest"]);
    let annotations = &manifest["annotations"];
    assert_eq!(annotations["dev.sigstore.bundle.content"], "dsse-envelope");
    assert_eq!(
        annotations["dev.sigstore.bundle.predicateType"],
        "https://sigstore.dev/cosign/sign/v1"
    );
    let created = annotations["org.opencontainers.image.created"].as_str().unwrap();
    assert_eq!(created.len(), "2026-01-01T00:00:00Z".len());
}

#[test]
fn the_older_tag_is_merged() {
    let server = server(true);
    let folder = signed();
    let at = folder.path();
    let app = format!("{}/app:1", server.address());
    assert_eq!(run(at, &["keygen", "mine"]).code, 0);
    for key in ["cosign.key", "mine.key", "cosign.key"] {
        let signed = run(at, &["sign", &app, "--key", key, "--legacy"]);
        assert_eq!(signed.code, 0, "{}", signed.stderr);
    }
    let digest = server.digest("app", "1").unwrap().replace(':', "-");
    let manifest = server.manifest("app", &format!("{digest}.sig")).unwrap();
    assert_eq!(
        manifest["layers"].as_array().unwrap().len(),
        2,
        "a layer for each key: {manifest}"
    );
    for key in ["cosign.pub", "mine.pub"] {
        let verified = run(at, &["verify", &app, "--key", key, "--format", "json"]);
        let believed = verified
            .stdout
            .lines()
            .filter(|line| line.contains(".sig,") && line.contains("believed"));
        assert_eq!(believed.count(), 1, "{}", verified.stdout);
    }
}

#[test]
fn layers_that_others_write_meanwhile_stay() {
    let server = server(true);
    let folder = signed();
    let at = folder.path();
    let app = format!("{}/app:1", server.address());
    assert_eq!(run(at, &["keygen", "mine"]).code, 0);
    let sign = |key: &str| {
        let signed = run(at, &["sign", &app, "--key", key, "--legacy"]);
        assert_eq!(signed.code, 0, "{}", signed.stderr);
    };
    sign("cosign.key");
    let tag = format!("{}.sig", server.digest("app", "1").unwrap().replace(':', "-"));
    let mut theirs = server.manifest("app", &tag).unwrap();
    let digest = server.put_blob("app", b"theirs");
    let layer = serde_json::json!({ "mediaType": "text/plain", "digest": digest.to_string(), "size": 6 });
    theirs["layers"].as_array_mut().unwrap().push(layer.clone());
    theirs["annotations"] = serde_json::json!({ "theirs": "too" });
    let overtaken = Fault::Overtaken {
        status: Some(503),
        repository: "app",
        tag: tag.clone(),
        media_type: MANIFEST,
        bytes: theirs.to_string().into_bytes(),
    };
    server.fault("PUT", &tag, 1, overtaken);
    sign("mine.key");
    let found = server.manifest("app", &tag).unwrap();
    assert_eq!(found["layers"].as_array().unwrap().len(), 3, "{found}");
    assert_eq!(
        (&found["layers"][1], &found["annotations"]),
        (&layer, &theirs["annotations"])
    );
}

/// Something else that refers to the image, whose type no list tells.
#[test]
fn manifests_count_too() {
    let server = server(true);
    let folder = signed();
    let subject = server.digest("app", "1").unwrap();
    let large = |number: usize| {
        let padding = number.to_string().repeat((4 << 20) / 2 - 500);
        let manifest = serde_json::json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "subject": {"mediaType": MANIFEST, "digest": subject, "size": 1},
            "config": {}, "layers": [], "padding": padding,
        });
        server.put_manifest(
            "app",
            &format!("large-{number}"),
            MANIFEST,
            manifest.to_string().as_bytes(),
        )
    };
    let all: Vec<String> = (10..30).map(|number| large(number).to_string()).collect();
    let app = format!("{}/app:1", server.address());
    let verified = run(folder.path(), &["verify", &app, "--key", "cosign.pub"]);
    assert_eq!(verified.code, 1, "{}", verified.stderr);
    let read = server
        .seen()
        .iter()
        .filter(|seen| all.iter().any(|digest| seen.path.ends_with(digest)))
        .count();
    // 64 MiB and the last of them
    assert!(read <= 17, "{read} of {} are read", all.len());
}
