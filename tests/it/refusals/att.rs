//! Attestations as cosign 1 and 2 left them: an envelope a layer, below the tag `.att`. That cosign's own are believed is in
//! [`crate::judged`]; here the envelopes are those of the fixtures' bundles.

use serde_json::{Value, json};

use super::images::Question;
use super::verdict::{ended, has, said};
use crate::command::{folder, slt};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

/// The envelope of the attestation that the key signed.
fn envelope(asked: &Question) -> Value {
    let mut bundles = asked.repository.bundles("attested").into_iter();
    let is_it = |bundle: &Value| {
        let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
        bundle["verificationMaterial"]["publicKey"].is_object() && payload.len() > 500
    };
    bundles.find(is_it).unwrap()["dsseEnvelope"].clone()
}

/// Puts layers below the tag `.att` of an image that has no referrers.
fn verify(of: &str, layers: &[(Vec<u8>, &str)], key: &[u8]) -> String {
    let mut asked = Question::of(of);
    let layers: Vec<Value> = layers
        .iter()
        .map(|(bytes, media_type)| {
            let digest = asked.repository.put_blob(bytes.clone());
            json!({
                "mediaType": media_type, "digest": digest, "size": bytes.len(),
                "annotations": { "dev.cosignproject.cosign/signature": "" },
            })
        })
        .collect();
    let config = asked.repository.put_blob(b"{}".to_vec());
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2 },
        "layers": layers,
    });
    let tag = format!("{}.att", asked.repository.fallback(of));
    asked.repository.put(&tag, MANIFEST, manifest.to_string().into_bytes());
    asked.repository.set_index(of, &[]);
    let served = asked.repository.serve();
    let here = folder(&[("key.pub", key)]);
    let target = format!("{}/app:{of}", served.address);
    let verify = ["verify", &target, "--key", "key.pub", "--type", "slsaprovenance1"];
    said(&slt(here.path(), &[verify.as_slice(), &["--format", "json"]].concat()))
}

#[test]
fn attestations_below_the_older_tag() {
    let asked = Question::of("attested");
    let good = envelope(&asked);
    let changed = |change: fn(&mut Value)| {
        let mut envelope = good.clone();
        change(&mut envelope);
        envelope.to_string().into_bytes()
    };
    let text = good.to_string().into_bytes();
    let foreign = super::scene::fixture("foreign/cosign.pub");
    let cut = text[..text.len() / 2].to_vec();
    let bad = changed(|envelope| envelope["signatures"][0]["sig"] = "MEUCIQ==".into());
    let unsigned = changed(|envelope| envelope["signatures"] = json!([]));
    for (name, of, layers, key, expected) in [
        (
            "as it is",
            "attested",
            vec![(text.clone(), ENVELOPE)],
            &asked.key,
            "believed",
        ),
        (
            "by the wrong key",
            "attested",
            vec![(text.clone(), ENVELOPE)],
            &foreign,
            "signature",
        ),
        (
            "of another image",
            "key",
            vec![(text.clone(), ENVELOPE)],
            &asked.key,
            "subject",
        ),
        (
            "with another signature",
            "attested",
            vec![(bad.clone(), ENVELOPE)],
            &asked.key,
            "signature",
        ),
        (
            "without a signature",
            "attested",
            vec![(unsigned, ENVELOPE)],
            &asked.key,
            "bundle",
        ),
        ("truncated", "attested", vec![(cut, ENVELOPE)], &asked.key, "bundle"),
        (
            "of another type",
            "attested",
            vec![(text.clone(), "application/json")],
            &asked.key,
            "nothing",
        ),
    ] {
        let said = verify(of, &layers, key);
        let is_so = match expected {
            "believed" | "nothing" => ended(&said) == expected,
            check => ended(&said) == "refused" && has(&said, check),
        };
        assert!(is_so, "{name}: expected `{expected}`: {said}");
    }
    let both = verify("attested", &[(bad, ENVELOPE), (text, ENVELOPE)], &asked.key);
    assert!(ended(&both) == "believed" && has(&both, "signature"), "{both}");
}
