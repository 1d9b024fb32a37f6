//! Lies about a file: a bundle of cosign's, one thing of it changed, and the check that must find it.

use serde_json::{Value, json};

use super::scene::{Case, Cosign, IDENTITY, Scene, fixture, issuer, json as fixture_json};
use Cosign::{Accepts, Refuses};

const ENTRY: &str = "/verificationMaterial/tlogEntries/0";
const ENTRIES: &str = "/verificationMaterial/tlogEntries";
const PROOF: &str = "/verificationMaterial/tlogEntries/0/inclusionProof";
const HASHES: &str = "/verificationMaterial/tlogEntries/0/inclusionProof/hashes";
const CHECKPOINT: &str = "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope";
const BODY: &str = "/verificationMaterial/tlogEntries/0/canonicalizedBody";
const TIMESTAMPS: &str = "/verificationMaterial/timestampVerificationData";
const TIMESTAMP: &str = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp";
const CERTIFICATE: &str = "/verificationMaterial/certificate/rawBytes";
const SIGNATURE: &str = "/messageSignature/signature";
const DIGEST: &str = "/messageSignature/messageDigest/digest";
const PAYLOAD: &str = "/dsseEnvelope/payload";

const fn case(
    name: &'static str,
    of: &'static str,
    spoil: fn(&mut Scene),
    refused: &'static str,
    cosign: Cosign,
) -> Case {
    Case {
        name,
        of,
        spoil,
        refused,
        cosign,
    }
}

/// A bundle that a key signed, without a log.
const KEY: &str = "blob/key";
/// The same, with an entry in a log and a timestamp.
const KEY_LOG: &str = "blob/key-log";
/// A bundle with a certificate, an entry in a log and a timestamp.
const LOG: &str = "blob/keyless-log";
/// A bundle with a certificate and a timestamp.
const STAMP: &str = "blob/keyless-timestamp";
/// An attestation, by a key and by a certificate.
const SLSA_KEY: &str = "blob/slsa.key";
const SLSA: &str = "blob/slsa.keyless-log";

const REBUILT: &str = "cosign rebuilds the body from the bundle, and does not read it";
const REPEATED: &str = "cosign reads the signed checkpoint, and not what repeats it beside it";

/// Every lie, by name.
pub const CASES: &[Case] = &[
    // who
    case(
        "wrong key",
        KEY,
        |scene| scene.key = fixture("foreign/cosign.pub"),
        "key",
        Refuses,
    ),
    case(
        "wrong key, with its own hint",
        KEY,
        |scene| {
            scene.key = fixture("foreign/cosign.pub");
            scene.take("/verificationMaterial/publicKey/hint", "foreign/key");
        },
        "signature",
        Refuses,
    ),
    case(
        "foreign signature by another key of the same name",
        KEY,
        |scene| scene.bundle = fixture_json("foreign/key.json"),
        "key",
        Refuses,
    ),
    case(
        "wrong identity",
        LOG,
        |scene| scene.identity("eve@example.test"),
        "identity",
        Refuses,
    ),
    case(
        "identity that begins alike",
        LOG,
        |scene| scene.identity("dev@example.test.evil.test"),
        "identity",
        Refuses,
    ),
    case(
        "identity that ends alike",
        LOG,
        |scene| scene.identity("ev@example.test"),
        "identity",
        Refuses,
    ),
    case(
        "identity in capitals",
        LOG,
        |scene| scene.identity("DEV@example.test"),
        "identity",
        Refuses,
    ),
    case(
        "identity of a workflow on another branch",
        "blob/ci.keyless-log",
        |scene| {
            scene.identity(&format!("{}/acme/app/.workflows/release.yml@refs/heads/evil", issuer()));
        },
        "identity",
        Refuses,
    ),
    case(
        "identity without its branch",
        "blob/ci.keyless-log",
        |scene| {
            scene.identity(&format!("{}/acme/app/.workflows/release.yml", issuer()));
        },
        "identity",
        Refuses,
    ),
    case(
        "wrong issuer",
        LOG,
        |scene| scene.issuer("https://accounts.example.test"),
        "issuer",
        Refuses,
    ),
    case(
        "issuer with a slash",
        LOG,
        |scene| scene.issuer(format!("{}/", issuer())),
        "issuer",
        Refuses,
    ),
    case(
        "issuer of the same host",
        LOG,
        |scene| scene.issuer(format!("{}/ci", issuer())),
        "issuer",
        Refuses,
    ),
    case(
        "key where an identity is asked for",
        KEY,
        |scene| {
            scene.by = Scene::of(LOG).by;
        },
        "key",
        Refuses,
    ),
    case(
        "certificate where a key is asked for",
        STAMP,
        |scene| {
            scene.by = Scene::of(KEY).by;
        },
        "key",
        Refuses,
    ),
    // what
    case(
        "wrong file",
        KEY,
        |scene| scene.file = fixture("other.txt"),
        "subject",
        Refuses,
    ),
    case(
        "wrong file, keyless",
        LOG,
        |scene| scene.file = fixture("other.txt"),
        "subject",
        Refuses,
    ),
    case(
        "file with a byte more",
        LOG,
        |scene| scene.file.push(b'\n'),
        "subject",
        Refuses,
    ),
    case("empty file", LOG, |scene| scene.file.clear(), "subject", Refuses),
    case(
        "digest of the wrong file",
        KEY,
        |scene| {
            scene.file = fixture("other.txt");
            scene.take(DIGEST, "blob/other.key");
        },
        "signature",
        Refuses,
    ),
    case(
        "digest of the wrong file, keyless",
        LOG,
        |scene| {
            scene.file = fixture("other.txt");
            scene.take(DIGEST, "blob/other.keyless-log");
        },
        "signature",
        Refuses,
    ),
    case(
        "another file's bundle",
        KEY,
        |scene| scene.bundle = fixture_json("blob/other.key.json"),
        "subject",
        Refuses,
    ),
    case(
        "another file's bundle, keyless",
        LOG,
        |scene| scene.bundle = fixture_json("blob/other.keyless-log.json"),
        "subject",
        Refuses,
    ),
    case(
        "replayed signature of another file",
        KEY,
        |scene| scene.take(SIGNATURE, "blob/other.key"),
        "signature",
        Refuses,
    ),
    case(
        "replayed signature of another file, keyless",
        LOG,
        |scene| scene.take(SIGNATURE, "blob/other.keyless-log"),
        "signature",
        Refuses,
    ),
    case(
        "digest by another algorithm",
        KEY,
        |scene| scene.set("/messageSignature/messageDigest/algorithm", "SHA2_512"),
        "subject",
        Refuses,
    ),
    // the certificate
    case(
        "certificate of another signature",
        LOG,
        |scene| scene.take("/verificationMaterial/certificate", "blob/other.keyless-log"),
        "signature",
        Refuses,
    ),
    case(
        "certificate of another authority",
        LOG,
        |scene| scene.take("/verificationMaterial/certificate", "foreign/keyless-log"),
        "signature",
        Refuses,
    ),
    case(
        "everything of another authority",
        LOG,
        |scene| {
            scene.bundle = fixture_json("foreign/keyless-log.json");
            scene.issuer(String::from_utf8(fixture("foreign/issuer")).unwrap());
        },
        "timestamp",
        Refuses,
    ),
    case(
        "everything of another authority, but the timestamp",
        LOG,
        |scene| {
            scene.bundle = fixture_json("foreign/keyless-log.json");
            scene.issuer(String::from_utf8(fixture("foreign/issuer")).unwrap());
            scene.root["timestampAuthorities"] =
                fixture_json("foreign/trusted_root.json")["timestampAuthorities"].take();
        },
        "certificate",
        Refuses,
    ),
    case(
        "trusted root of another authority",
        LOG,
        |scene| scene.root = fixture_json("foreign/trusted_root.json"),
        "timestamp",
        Refuses,
    ),
    case(
        "expired certificate without timestamp",
        STAMP,
        |scene| scene.remove(TIMESTAMPS),
        "timestamp",
        Refuses,
    ),
    case(
        "expired certificate without timestamp, in a log",
        LOG,
        |scene| scene.remove(TIMESTAMPS),
        "timestamp",
        Refuses,
    ),
    case(
        "expired before it was signed",
        "forged/none",
        |scene| forged(scene, "certificate-expired"),
        "certificate",
        Refuses,
    ),
    case(
        "not yet valid when it was signed",
        "forged/none",
        |scene| forged(scene, "certificate-not-yet-valid"),
        "certificate",
        Refuses,
    ),
    case(
        "certificate of itself",
        "forged/none",
        |scene| forged(scene, "certificate-of-itself"),
        "certificate",
        Refuses,
    ),
    case(
        "certificate for servers",
        "forged/none",
        |scene| forged(scene, "certificate-for-servers"),
        "certificate",
        Refuses,
    ),
    case(
        "certificate without an identity",
        "forged/none",
        |scene| forged(scene, "certificate-without-identity"),
        "identity",
        Refuses,
    ),
    case(
        "certificate without an issuer",
        "forged/none",
        |scene| forged(scene, "certificate-without-issuer"),
        "issuer",
        Refuses,
    ),
    case(
        "certificate that no certificate log saw",
        "forged/none",
        |scene| forged(scene, "certificate-without-log-timestamp"),
        "sct",
        Refuses,
    ),
    case(
        "certificate log that is not trusted",
        LOG,
        |scene| {
            scene.root["ctlogs"] = fixture_json("foreign/trusted_root.json")["ctlogs"].take();
        },
        "sct",
        Refuses,
    ),
    case(
        "no certificate log that is trusted",
        LOG,
        |scene| scene.root["ctlogs"] = json!([]),
        "sct",
        Refuses,
    ),
    case(
        "authority that had ended",
        LOG,
        |scene| ended(scene, "certificateAuthorities"),
        "certificate",
        Refuses,
    ),
    case(
        "certificate that is none",
        LOG,
        |scene| scene.set(CERTIFICATE, "AAAA"),
        "certificate",
        Refuses,
    ),
    case(
        "chain where one certificate belongs",
        LOG,
        |scene| {
            let certificate = scene.at("/verificationMaterial/certificate").clone();
            scene.remove("/verificationMaterial/certificate");
            scene.at("/verificationMaterial").as_object_mut().unwrap().insert(
                "x509CertificateChain".to_owned(),
                json!({ "certificates": [certificate] }),
            );
        },
        "media-type",
        Refuses,
    ),
    // the timestamp
    case(
        "timestamp of another signature",
        STAMP,
        |scene| scene.take(TIMESTAMP, "blob/keyless-log"),
        "timestamp",
        Refuses,
    ),
    case(
        "timestamp of another authority",
        STAMP,
        |scene| scene.take(TIMESTAMP, "foreign/keyless-timestamp"),
        "timestamp",
        Refuses,
    ),
    case(
        "timestamp authority that had ended",
        STAMP,
        |scene| ended(scene, "timestampAuthorities"),
        "timestamp",
        Refuses,
    ),
    case(
        "no timestamp authority that is trusted",
        STAMP,
        |scene| scene.root["timestampAuthorities"] = json!([]),
        "timestamp",
        Refuses,
    ),
    case(
        "timestamp that is none",
        STAMP,
        |scene| scene.set(TIMESTAMP, "AAAA"),
        "timestamp",
        Refuses,
    ),
    // the log
    case("no log entry", LOG, |scene| scene.remove(ENTRIES), "log", Refuses),
    case(
        "no log entry, by a key",
        KEY_LOG,
        |scene| scene.remove(ENTRIES),
        "log",
        Refuses,
    ),
    case(
        "log entry of another signature (GHSA-whqx-f9j3-ch6m)",
        LOG,
        |scene| scene.take(ENTRY, "blob/other.keyless-log"),
        "log-entry",
        Refuses,
    ),
    case(
        "log entry of a signature by somebody else",
        LOG,
        |scene| scene.take(ENTRY, "blob/key-log"),
        "log-entry",
        Refuses,
    ),
    case(
        "log entry of another signature, by a key",
        KEY_LOG,
        |scene| scene.take(ENTRY, LOG),
        "log-entry",
        Refuses,
    ),
    case(
        "log proof of another entry",
        LOG,
        |scene| {
            scene.take(PROOF, "blob/other.keyless-log");
            scene.take("/verificationMaterial/tlogEntries/0/logIndex", "blob/other.keyless-log");
        },
        "log",
        Refuses,
    ),
    case(
        "body of another entry",
        LOG,
        |scene| scene.take(BODY, "blob/other.keyless-log"),
        "log",
        Accepts(REBUILT),
    ),
    case(
        "body with another signature",
        LOG,
        |scene| scene.replace(BODY, "\"content\":\"ME", "\"content\":\"MF"),
        "log",
        Accepts(REBUILT),
    ),
    case(
        "checkpoint of another tree",
        LOG,
        |scene| scene.take(CHECKPOINT, "blob/other.keyless-log"),
        "log",
        Refuses,
    ),
    case(
        "checkpoint of another log",
        LOG,
        |scene| scene.take(CHECKPOINT, "foreign/keyless-log"),
        "log",
        Refuses,
    ),
    case(
        "checkpoint without a signature",
        LOG,
        |scene| {
            let envelope = scene.at(CHECKPOINT).as_str().unwrap().to_owned();
            scene.set(CHECKPOINT, envelope.split_once('—').unwrap().0);
        },
        "bundle",
        Refuses,
    ),
    case(
        "checkpoint of another origin",
        LOG,
        |scene| {
            let envelope = scene
                .at(CHECKPOINT)
                .as_str()
                .unwrap()
                .replacen("127.0.0.1", "127.0.0.2", 1);
            scene.set(CHECKPOINT, envelope);
        },
        "log",
        Refuses,
    ),
    case(
        "checkpoint that is signed under another name",
        LOG,
        |scene| {
            let envelope = scene.at(CHECKPOINT).as_str().unwrap().to_owned();
            scene.set(CHECKPOINT, envelope.replace("— 127.0.0.1 ", "— 127.0.0.2 "));
        },
        "log",
        Refuses,
    ),
    case(
        "checkpoint whose signature begins otherwise",
        LOG,
        |scene| {
            let envelope = scene.at(CHECKPOINT).as_str().unwrap().to_owned();
            scene.set(CHECKPOINT, envelope.replace("— 127.0.0.1 ", "—0 127.0.0.1 "));
        },
        "log",
        Refuses,
    ),
    case(
        "proof without a hash",
        LOG,
        |scene| drop(scene.at(HASHES).as_array_mut().unwrap().pop()),
        "log",
        Refuses,
    ),
    case(
        "proof with a hash too many",
        LOG,
        |scene| {
            let hashes = scene.at(HASHES).as_array_mut().unwrap();
            hashes.push(hashes[0].clone());
        },
        "log",
        Refuses,
    ),
    case(
        "proof in another order",
        LOG,
        |scene| scene.at(HASHES).as_array_mut().unwrap().reverse(),
        "log",
        Refuses,
    ),
    case("no proof", LOG, |scene| scene.remove(PROOF), "log", Refuses),
    case(
        "place before the first",
        LOG,
        |scene| {
            scene.set("/verificationMaterial/tlogEntries/0/logIndex", "-1");
            scene.set("/verificationMaterial/tlogEntries/0/inclusionProof/logIndex", "-1");
        },
        "bundle",
        Refuses,
    ),
    case(
        "place behind the last",
        LOG,
        |scene| {
            scene.set("/verificationMaterial/tlogEntries/0/logIndex", "7000");
            scene.set("/verificationMaterial/tlogEntries/0/inclusionProof/logIndex", "7000");
        },
        "log",
        Refuses,
    ),
    case(
        "tree of another size",
        LOG,
        |scene| scene.set("/verificationMaterial/tlogEntries/0/inclusionProof/treeSize", "8"),
        "log",
        Accepts(REPEATED),
    ),
    case(
        "log that is not trusted",
        LOG,
        |scene| {
            scene.root["tlogs"] = fixture_json("foreign/trusted_root.json")["tlogs"].take();
        },
        "log",
        Refuses,
    ),
    case(
        "no log that is trusted",
        LOG,
        |scene| scene.root["tlogs"] = json!([]),
        "log",
        Refuses,
    ),
    case(
        "time that nothing signs",
        LOG,
        |scene| {
            scene
                .at(ENTRY)
                .as_object_mut()
                .unwrap()
                .insert("integratedTime".to_owned(), json!("1700000000"));
        },
        "log",
        Refuses,
    ),
    case(
        "checkpoint with a line too many",
        LOG,
        |scene| {
            let envelope = scene.at(CHECKPOINT).as_str().unwrap().to_owned();
            scene.set(CHECKPOINT, envelope + "and more\n");
        },
        "bundle",
        Refuses,
    ),
    case(
        "checkpoint with another signature of no form",
        LOG,
        |scene| {
            let envelope = scene.at(CHECKPOINT).as_str().unwrap().to_owned();
            scene.set(CHECKPOINT, envelope + "— 127.0.0.1 AAAA\n");
        },
        "bundle",
        Refuses,
    ),
    // the envelope
    case(
        "statement about another file",
        SLSA_KEY,
        |scene| scene.file = fixture("other.txt"),
        "subject",
        Refuses,
    ),
    case(
        "statement changed to be about another file",
        SLSA_KEY,
        |scene| {
            scene.file = fixture("other.txt");
            scene.replace(
                PAYLOAD,
                "9d9116edf6bc903031f363e444e1c34b1494e778772dd23b85c7206ff1e19a69",
                OTHER_SHA256,
            );
        },
        "signature",
        Refuses,
    ),
    case(
        "statement changed in what it says",
        SLSA,
        |scene| scene.replace(PAYLOAD, "example.test/builder", "example.test/blinder"),
        "signature",
        Refuses,
    ),
    case(
        "statement of a file of another predicate",
        SLSA,
        |scene| {
            scene.replace(
                PAYLOAD,
                "https://slsa.dev/provenance/v1",
                "https://slsa.dev/provenance/v0",
            )
        },
        "nothing",
        Refuses,
    ),
    case(
        "envelope of another type",
        SLSA,
        |scene| scene.set("/dsseEnvelope/payloadType", "text/plain"),
        "bundle",
        Refuses,
    ),
    case(
        "envelope without a signature",
        SLSA,
        |scene| scene.set("/dsseEnvelope/signatures", json!([])),
        "bundle",
        Refuses,
    ),
    case(
        "envelope with two signatures, the second bad",
        SLSA,
        |scene| {
            let signatures = scene.at("/dsseEnvelope/signatures").as_array_mut().unwrap();
            signatures.push(json!({ "sig": "MEUCIQ==" }));
        },
        "bundle",
        Refuses,
    ),
    // the bundle as a text
    case(
        "truncated bundle",
        LOG,
        |scene| {
            let text = serde_json::to_vec(&scene.bundle).unwrap();
            scene.text = Some(text[..text.len() / 2].to_vec());
        },
        "bundle",
        Refuses,
    ),
    case(
        "bundle without its last byte",
        KEY,
        |scene| {
            let text = serde_json::to_vec(&scene.bundle).unwrap();
            scene.text = Some(text[..text.len() - 1].to_vec());
        },
        "bundle",
        Refuses,
    ),
    case(
        "two bundles in one file",
        KEY,
        |scene| {
            let text = serde_json::to_vec(&scene.bundle).unwrap();
            scene.text = Some([text.clone(), text].concat());
        },
        "bundle",
        Refuses,
    ),
    case(
        "no bundle",
        KEY,
        |scene| scene.text = Some(Vec::new()),
        "bundle",
        Refuses,
    ),
    case(
        "bundle that is a list",
        KEY,
        |scene| scene.bundle = json!([scene.bundle]),
        "media-type",
        Refuses,
    ),
    case(
        "bundle that is too large",
        KEY,
        |scene| {
            let mut text = serde_json::to_vec(&scene.bundle).unwrap();
            text.extend(std::iter::repeat_n(b' ', 17 << 20));
            scene.text = Some(text);
        },
        "bundle",
        Accepts("cosign reads it whole, whatever its size"),
    ),
    case(
        "bundle that nests deeply",
        KEY,
        |scene| scene.text = Some(b"{\"a\":".repeat(100_000)),
        "bundle",
        Refuses,
    ),
    case(
        "member that stands there twice",
        KEY,
        |scene| {
            let text = serde_json::to_string(&scene.bundle).unwrap();
            scene.text = Some(
                text.replacen(
                    '{',
                    "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\",",
                    1,
                )
                .into_bytes(),
            );
        },
        "bundle",
        Refuses,
    ),
    case(
        "member that nobody knows",
        KEY,
        |scene| {
            drop(
                scene
                    .bundle
                    .as_object_mut()
                    .unwrap()
                    .insert("more".to_owned(), json!(1)),
            )
        },
        "bundle",
        Refuses,
    ),
    case(
        "bundle of no media type",
        KEY,
        |scene| scene.remove("/mediaType"),
        "media-type",
        Refuses,
    ),
    case(
        "bundle of a version to come",
        KEY,
        |scene| {
            scene.set("/mediaType", "application/vnd.dev.sigstore.bundle.v9.9+json");
        },
        "media-type",
        Refuses,
    ),
    case(
        "bundle that says an older version",
        LOG,
        |scene| {
            scene.set("/mediaType", "application/vnd.dev.sigstore.bundle+json;version=0.1");
        },
        "media-type",
        Refuses,
    ),
    case(
        "bundle without a signature",
        KEY,
        |scene| scene.remove("/messageSignature"),
        "bundle",
        Refuses,
    ),
    case(
        "bundle with an empty signature",
        KEY,
        |scene| scene.set(SIGNATURE, ""),
        "signature",
        Refuses,
    ),
    case(
        "bundle without what proves it",
        LOG,
        |scene| scene.remove("/verificationMaterial"),
        "bundle",
        Refuses,
    ),
    case(
        "key and certificate in one bundle",
        LOG,
        |scene| {
            scene.take("/verificationMaterial/publicKey", KEY);
        },
        "bundle",
        Refuses,
    ),
    case(
        "signature and envelope in one bundle",
        KEY,
        |scene| scene.take("/dsseEnvelope", SLSA_KEY),
        "bundle",
        Refuses,
    ),
    case(
        "a hundred log entries",
        LOG,
        |scene| {
            let entry = scene.at(ENTRY).clone();
            scene.set(ENTRIES, Value::Array(vec![entry; 100]));
        },
        "bundle",
        Refuses,
    ),
];

/// SHA-256 of `other.txt`, in hexadecimal digits.
const OTHER_SHA256: &str = "6ed94fc56f1d1589b71f4fa4843005cd82c646daee56629776bf415f640f4c35";

/// A bundle that no honest authority would let be, for the same file and identity.
fn forged(scene: &mut Scene, defect: &str) {
    scene.bundle = fixture_json(&format!("forged/{defect}.json"));
    scene.identity(IDENTITY);
}

/// What is trusted for a time that ended long before anything was signed.
fn ended(scene: &mut Scene, what: &str) {
    scene.root[what][0]["validFor"] = json!({ "start": "2001-01-01T00:00:00Z", "end": "2002-01-01T00:00:00Z" });
}
