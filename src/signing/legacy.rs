//! What cosign 1 and 2 put beside an image: the tags `sha256-<hex>.sig` and `.att`, read and, for `.sig`, written.
//!
//! A layer of `.sig` is a small JSON, the *simple signing* payload, with its signature, certificate, chain, log entry and
//! timestamp in annotations (cosign, `specs/SIGNATURE_SPEC.md`); a layer of `.att` is a DSSE envelope with the same annotations.
//! Both become bundles here, and are then checked as all bundles are. Log entries of these days are Rekor v1's, with a signed
//! promise in place of a proof.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::bundle::Bundle;
use super::check::{Check, Refusal};
use super::form::{self, Unread};
use super::judge::Evidence;
use super::keys::PublicKey;
use super::{pem, provider};

/// The layers of `.sig`.
pub const SIGNATURE_LAYER: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The layers of `.att`.
pub const ATTESTATION_LAYER: &str = "application/vnd.dsse.envelope.v1+json";
/// The config of a `.sig` manifest: an image's, as cosign writes it.
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const CHAIN: &str = "dev.sigstore.cosign/chain";
const LOG_ENTRY: &str = "dev.sigstore.cosign/bundle";
const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

const WITH_PROMISE: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";
const WITHOUT_PROMISE: &str = "application/vnd.dev.sigstore.bundle+json;version=0.2";

/// What cosign's payloads are, up to 3.1.3. It does not look at this itself.
const PAYLOAD_TYPE: &str = "cosign container image signature";

/// The largest payload of a `.sig` layer, in bytes: it has 300 and what a user added.
pub const PAYLOAD_MAX_BYTES: u64 = 1 << 20;

/// Annotations of a layer.
pub type Annotations = BTreeMap<String, String>;

/// The payload that says: this image, under this name.
#[must_use]
pub fn payload(docker_reference: &str, sha256: &str) -> Vec<u8> {
    let payload = json!({
        "critical": {
            "identity": {"docker-reference": docker_reference},
            "image": {"docker-manifest-digest": format!("sha256:{sha256}")},
            "type": PAYLOAD_TYPE,
        },
        "optional": null,
    });
    serde_json::to_vec(&payload).unwrap_or_default()
}

/// The annotations of a layer with a signature by a key.
#[must_use]
pub fn annotations(signature: &[u8]) -> Annotations {
    Annotations::from([(SIGNATURE.to_owned(), STANDARD.encode(signature))])
}

/// A layer of `.sig`.
#[must_use]
pub fn signature(origin: impl Into<String>, sha256: &str, payload: Vec<u8>, annotations: &Annotations) -> Evidence {
    let bundle = names(&payload, sha256).and_then(|()| {
        let signature = annotations.get(SIGNATURE);
        let signature = signature.ok_or_else(|| Check::Bundle.refused("the layer has no signature"))?;
        bundle(annotations, "messageSignature", json!({"signature": signature}))
    });
    Evidence {
        origin: origin.into(),
        bundle,
        payload: Some(payload),
    }
}

/// A layer of `.sig` that was read before, and kept as its payload and its bundle: whether it names the image is looked at again.
#[must_use]
pub fn again(origin: impl Into<String>, sha256: &str, payload: Vec<u8>, bundle: &[u8]) -> Evidence {
    Evidence {
        origin: origin.into(),
        bundle: names(&payload, sha256).and_then(|()| Bundle::parse(bundle)),
        payload: Some(payload),
    }
}

/// A layer of `.att`.
#[must_use]
pub fn attestation(origin: impl Into<String>, envelope: &[u8], annotations: &Annotations) -> Evidence {
    let read = form::envelope(envelope).map_err(|unread| {
        Check::Bundle.refused(match unread {
            Unread::Json(reason) => format!("its envelope cannot be read: {reason}"),
            Unread::Form(reason) => format!("it cannot be read: {reason}"),
        })
    });
    let bundle = read.and_then(|envelope| bundle(annotations, "dsseEnvelope", envelope));
    Evidence {
        origin: origin.into(),
        bundle,
        payload: None,
    }
}

/// Whether a payload is a signature of this image. The same key may have signed other texts that name a digest at this place.
fn names(payload: &[u8], sha256: &str) -> Result<(), Refusal> {
    let places = ["/critical/type", "/critical/image/docker-manifest-digest"];
    let [kind, digest] = form::pick(payload, places, true)
        .map_err(|error| Check::Bundle.refused(format!("its payload cannot be read: {error}")))?;
    match kind.as_str() {
        Some(PAYLOAD_TYPE) => {}
        Some(other) => return Err(Check::Bundle.refused(format!("its payload is of the type `{other}`"))),
        None => return Err(Check::Bundle.refused("its payload has no type")),
    }
    match digest.as_str() {
        Some(digest) if digest.strip_prefix("sha256:") == Some(sha256) => Ok(()),
        Some(other) => Err(Check::Subject.refused(format!("it is about {other}"))),
        None => Err(Check::Subject.refused("it names no image")),
    }
}

/// The bundle that says the same as the annotations.
fn bundle(annotations: &Annotations, content: &str, value: Value) -> Result<Bundle, Refusal> {
    provider::install();
    let mut material = serde_json::Map::new();
    match annotations.get(CERTIFICATE) {
        Some(certificate) => {
            let chain = annotations.get(CHAIN).map_or("", String::as_str);
            let certificates = [certificates(certificate)?, certificates(chain)?].concat();
            material.insert("x509CertificateChain".to_owned(), json!({"certificates": certificates}));
        }
        None => {
            material.insert("publicKey".to_owned(), json!({}));
        }
    }
    let entry = annotations.get(LOG_ENTRY).filter(|entry| !entry.is_empty());
    if let Some(entry) = entry {
        material.insert("tlogEntries".to_owned(), json!([log_entry(entry)?]));
    }
    if let Some(timestamp) = annotations.get(TIMESTAMP).filter(|timestamp| !timestamp.is_empty()) {
        let [token] = form::pick(timestamp.as_bytes(), ["/SignedRFC3161Timestamp"], false)
            .map_err(|error| Check::Bundle.refused(format!("its timestamp cannot be read: {error}")))?;
        let data = json!({"rfc3161Timestamps": [{"signedTimestamp": token}]});
        material.insert("timestampVerificationData".to_owned(), data);
    }
    let mut document = serde_json::Map::new();
    let media_type = if entry.is_some() { WITH_PROMISE } else { WITHOUT_PROMISE };
    document.insert("mediaType".to_owned(), media_type.into());
    document.insert("verificationMaterial".to_owned(), material.into());
    document.insert(content.to_owned(), value);
    Bundle::parse(&serde_json::to_vec(&document).unwrap_or_default())
}

fn certificates(text: &str) -> Result<Vec<Value>, Refusal> {
    let broken = || Check::Bundle.refused("its certificate is no PEM");
    let blocks = pem::blocks(text).ok_or_else(broken)?;
    let certificates = blocks.into_iter().map(|block| match block.label.as_str() {
        "CERTIFICATE" => Ok(json!({"rawBytes": STANDARD.encode(block.bytes)})),
        _ => Err(broken()),
    });
    certificates.collect()
}

/// An entry of Rekor v1 as its API gives it: `{"SignedEntryTimestamp", "Payload": {"body", "integratedTime", "logIndex", "logID"}}`.
fn log_entry(text: &str) -> Result<Value, Refusal> {
    let broken = |what: &str| Check::Bundle.refused(format!("its log entry cannot be read: {what}"));
    let places = [
        "/Payload/body",
        "/Payload/logID",
        "/Payload/logIndex",
        "/Payload/integratedTime",
        "/SignedEntryTimestamp",
    ];
    let entry = form::pick(text.as_bytes(), places, false).map_err(|error| broken(&error.to_string()))?;
    let [body, id, index, time, promise] = entry;
    let kind = body.as_str().and_then(|body| STANDARD.decode(body).ok());
    let kind = kind.and_then(|body| form::pick(&body, ["/kind", "/apiVersion"], false).ok());
    let [kind, version] = kind.ok_or_else(|| broken("it has no body"))?;
    let id = id.as_str().and_then(bytes).ok_or_else(|| broken("it names no log"))?;
    let number = |number: Value| number.as_u64().map(|number| number.to_string());
    Ok(json!({
        "logIndex": number(index).ok_or_else(|| broken("it has no index"))?,
        "logId": {"keyId": STANDARD.encode(id)},
        "kindVersion": {"kind": kind, "version": version},
        "integratedTime": number(time).ok_or_else(|| broken("it has no time"))?,
        "inclusionPromise": {"signedEntryTimestamp": promise},
        "canonicalizedBody": body,
    }))
}

/// The bytes of hexadecimal digits.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// Whether a layer with these annotations holds a signature by this key over this payload: it is not added again.
pub(super) fn is_signed_by(key: &PublicKey, payload: &[u8], annotations: &Annotations) -> bool {
    let signature = annotations
        .get(SIGNATURE)
        .and_then(|signature| STANDARD.decode(signature).ok());
    let verifier = sigstore_crypto::VerificationKey::from_spki(key.der());
    match (signature, verifier) {
        (Some(signature), Ok(verifier)) => verifier.verify(payload, &signature.into()).is_ok(),
        _ => false,
    }
}
