//! Lies about images: what cosign left in a registry, lied in, and what is said of it.

use serde_json::{Value, json};

use super::repository::Repository;
use super::scene::{By, Cosign, Scene, fixture, issuer, json as fixture_json};
use Cosign::{Accepts, Refuses};

use crate::command::{folder, slt_with};
use crate::signing::PASSWORD;

/// What is asked of an image.
pub struct Question {
    pub repository: Repository,
    /// The tag that is asked for.
    pub tag: String,
    /// The digest, where the reference has one.
    pub digest: Option<String>,
    pub key: Vec<u8>,
    pub by: By,
    /// Whether an entry in a log is demanded.
    pub log: bool,
}

/// What comes of it.
#[derive(Clone, Copy, Debug)]
pub enum Verdict {
    /// It is trusted, and nothing is refused.
    Believed,
    /// It is trusted, and this check refuses something beside it.
    BelievedBeside(&'static str),
    /// There is something, and a check refuses it.
    Refused(&'static str),
    /// There is nothing that could be believed, and nothing that is refused.
    Nothing,
    /// What the registry gives is not what was asked for, or too much: this line is said of it, with digests shortened.
    RefusedAs(&'static str),
}

/// A lie about an image.
pub struct ImageCase {
    pub name: &'static str,
    /// The tag that it begins with; its name says how it was signed.
    pub of: &'static str,
    pub spoil: fn(&mut Question),
    pub verdict: Verdict,
    pub cosign: Cosign,
}

impl ImageCase {
    pub fn question(&self) -> Question {
        let mut question = Question::of(self.of);
        (self.spoil)(&mut question);
        question
    }
}

impl Question {
    /// About an image of the fixtures, whose answer is yes.
    pub fn of(tag: &str) -> Self {
        let is_keyless = tag.contains("keyless");
        Self {
            repository: Repository::of_the_fixtures(),
            tag: tag.to_owned(),
            digest: None,
            key: fixture("cosign.pub"),
            by: Scene::of(if is_keyless { "blob/keyless-log" } else { "blob/key" }).by,
            log: tag.ends_with("-log"),
        }
    }

    /// The only bundle that refers to it, changed.
    fn bundle(&mut self, change: impl FnOnce(&mut Value)) {
        let mut bundles = self.repository.bundles(&self.tag);
        change(&mut bundles[0]);
        self.repository.set_bundles(&self.tag, &bundles);
    }

    fn identity(&mut self, asked_identity: &str, asked_issuer: String) {
        self.by = By::Identity {
            identity: asked_identity.to_owned(),
            issuer: asked_issuer,
        };
    }
}

const fn case(
    name: &'static str,
    of: &'static str,
    spoil: fn(&mut Question),
    verdict: Verdict,
    cosign: Cosign,
) -> ImageCase {
    ImageCase {
        name,
        of,
        spoil,
        verdict,
        cosign,
    }
}

use Verdict::{Believed, BelievedBeside, Nothing, Refused, RefusedAs};

/// What an index of referrers may have at most, and one more: `slt::registry::ENTRIES_MAX`.
const TOO_MANY: usize = 1_001;

/// Every lie, by name.
pub const IMAGES: &[ImageCase] = &[
    case("image that nobody signed", "unsigned", |_| {}, Nothing, Refuses),
    case(
        "image by the wrong key",
        "key",
        |asked| asked.key = fixture("foreign/cosign.pub"),
        Refused("key"),
        Refuses,
    ),
    case(
        "image by the wrong identity",
        "keyless-log",
        |asked| asked.identity("eve@example.test", issuer()),
        Refused("identity"),
        Refuses,
    ),
    case(
        "image by the wrong issuer",
        "keyless-log",
        |asked| asked.identity("dev@example.test", "https://example.test".to_owned()),
        Refused("issuer"),
        Refuses,
    ),
    case(
        "image by a key where an identity is asked for",
        "key",
        |asked| asked.identity("dev@example.test", issuer()),
        Refused("key"),
        Refuses,
    ),
    case(
        "signature of another image",
        "key",
        |asked| {
            let bundles = asked.repository.bundles("key-log");
            asked.repository.set_bundles("key", &bundles);
        },
        Refused("subject"),
        Refuses,
    ),
    case(
        "signature of another image on one without",
        "unsigned",
        |asked| {
            let bundles = asked.repository.bundles("key");
            asked.repository.set_bundles("unsigned", &bundles);
        },
        Refused("subject"),
        Refuses,
    ),
    case(
        "statement changed to be about this image",
        "unsigned",
        |asked| {
            let bundles = asked.repository.bundles("key");
            asked.repository.set_bundles("unsigned", &bundles);
            let (from, to) = (asked.repository.digest("key"), asked.repository.digest("unsigned"));
            asked.bundle(|bundle| restate(bundle, &from["sha256:".len()..], &to["sha256:".len()..]));
        },
        Refused("signature"),
        Refuses,
    ),
    case(
        "statement of another predicate",
        "key",
        |asked| {
            asked.bundle(|bundle| restate(bundle, "cosign/sign/v1", "cosign/sing/v1"));
        },
        Nothing,
        Refuses,
    ),
    case(
        "attestation where a signature belongs",
        "attested",
        |asked| {
            let bundles = asked.repository.bundles("attested");
            let is_attestation = |bundle: &&Value| bundle["dsseEnvelope"]["payload"].as_str().unwrap().len() > 500;
            let attestations: Vec<Value> = bundles.iter().filter(is_attestation).cloned().collect();
            assert_eq!(attestations.len(), 2);
            asked.repository.set_bundles("attested", &attestations);
        },
        Nothing,
        Accepts("cosign takes every statement about an image for a signature"),
    ),
    case(
        "signature of a file where one of an image belongs",
        "key",
        |asked| {
            asked.repository.set_bundles("key", &[fixture_json("blob/key.json")]);
        },
        Refused("subject"),
        Refuses,
    ),
    case(
        "two signatures, that of the key is bad",
        "two-keys",
        |asked| {
            let mut bundles = asked.repository.bundles("two-keys");
            let keyed = bundles
                .iter_mut()
                .find(|bundle| bundle["verificationMaterial"]["publicKey"].is_object())
                .unwrap();
            keyed["dsseEnvelope"]["signatures"][0]["sig"] =
                asked.repository.bundles("key")[0]["dsseEnvelope"]["signatures"][0]["sig"].clone();
            asked.repository.set_bundles("two-keys", &bundles);
        },
        Refused("signature"),
        Refuses,
    ),
    case(
        "two signatures by the key, the first is bad",
        "key",
        |asked| {
            let good = asked.repository.bundles("key")[0].clone();
            let mut bad = good.clone();
            bad["dsseEnvelope"]["signatures"][0]["sig"] = "MEUCIQ==".into();
            asked.repository.set_bundles("key", &[bad, good]);
        },
        BelievedBeside("signature"),
        Accepts("one that is good is enough"),
    ),
    case(
        "log entry of another image (GHSA-whqx-f9j3-ch6m)",
        "keyless-log",
        |asked| {
            let other = asked.repository.bundles("key-log");
            asked.bundle(|bundle| {
                bundle["verificationMaterial"]["tlogEntries"] = other[0]["verificationMaterial"]["tlogEntries"].clone();
            });
        },
        Refused("log-entry"),
        Refuses,
    ),
    case(
        "no log entry of an image",
        "keyless-log",
        |asked| {
            asked.bundle(|bundle| {
                drop(
                    bundle["verificationMaterial"]
                        .as_object_mut()
                        .unwrap()
                        .remove("tlogEntries"),
                )
            });
        },
        Refused("log"),
        Refuses,
    ),
    case(
        "no timestamp of an image",
        "keyless-timestamp",
        |asked| {
            asked.bundle(|bundle| {
                drop(
                    bundle["verificationMaterial"]
                        .as_object_mut()
                        .unwrap()
                        .remove("timestampVerificationData"),
                )
            });
        },
        Refused("timestamp"),
        Refuses,
    ),
    case(
        "truncated bundle of an image",
        "key",
        |asked| {
            let text = serde_json::to_vec(&asked.repository.bundles("key")[0]).unwrap();
            asked.repository.set_texts("key", &[text[..text.len() / 2].to_vec()]);
        },
        Refused("bundle"),
        Refuses,
    ),
    // the registry
    case(
        "image that is another than its digest says",
        "key",
        |asked| {
            let digest = asked.repository.digest("key");
            let other = asked.repository.answers["manifests/unsigned"].clone();
            asked.repository.answers.insert(format!("manifests/{digest}"), other);
            asked.digest = Some(digest);
        },
        Believed,
        Accepts("what is verified is a digest; what has it is fetched by whoever uses it"),
    ),
    case(
        "image that is not there",
        "key",
        |asked| {
            asked.digest = Some(format!("sha256:{}", "0".repeat(64)));
        },
        Nothing,
        Refuses,
    ),
    case(
        "tag that was moved to another image",
        "key",
        |asked| {
            let other = asked.repository.answers["manifests/unsigned"].clone();
            asked.repository.answers.insert("manifests/key".to_owned(), other);
        },
        Nothing,
        Refuses,
    ),
    case(
        "component with swapped layers",
        "key",
        |asked| {
            let mut manifest = asked.repository.json("manifests/key");
            manifest["layers"][0]["digest"] = asked.repository.put_blob(b"\0asm\x01\0\0\0".to_vec()).into();
            let bytes = serde_json::to_vec(&manifest).unwrap();
            let media_type = asked.repository.answers["manifests/key"].0.clone();
            asked.repository.put("key", &media_type, bytes);
        },
        Nothing,
        Refuses,
    ),
    case(
        "bundle's manifest with swapped layers",
        "key",
        |asked| {
            let other = asked.repository.index("key-log")[0]["digest"]
                .as_str()
                .unwrap()
                .to_owned();
            let other = asked.repository.json(&format!("manifests/{other}"));
            asked.repository.answers = referrer_of(asked, |manifest| manifest["layers"] = other["layers"].clone());
        },
        Refused("subject"),
        Refuses,
    ),
    case(
        "bundle that is another than its digest says",
        "key",
        |asked| {
            let index = asked.repository.index("key");
            let manifest = asked
                .repository
                .json(&format!("manifests/{}", index[0]["digest"].as_str().unwrap()));
            let layer = format!("blobs/{}", manifest["layers"][0]["digest"].as_str().unwrap());
            asked.repository.answers.get_mut(&layer).unwrap().1[20] ^= 1;
        },
        RefusedAs("bundle: blob sha256:… of `HOST/app` should be sha256:…, and is sha256:…"),
        Refuses,
    ),
    case(
        "manifest of a bundle that is another than its digest says",
        "key",
        |asked| {
            let index = asked.repository.index("key");
            let path = format!("manifests/{}", index[0]["digest"].as_str().unwrap());
            asked.repository.answers.get_mut(&path).unwrap().1.push(b' ');
        },
        RefusedAs("bundle: manifest `HOST/app@sha256:…` should be sha256:…, and is sha256:…"),
        Refuses,
    ),
    case(
        "manifest that is too large",
        "key",
        |asked| {
            let path = "manifests/key".to_owned();
            asked
                .repository
                .answers
                .get_mut(&path)
                .unwrap()
                .1
                .extend(std::iter::repeat_n(b' ', 5 << 20));
        },
        RefusedAs("error: manifest `HOST/app:key` is larger than 4194304 bytes"),
        Refuses,
    ),
    case(
        "index that is too large",
        "key",
        |asked| {
            let path = format!("manifests/{}", asked.repository.fallback("key"));
            asked
                .repository
                .answers
                .get_mut(&path)
                .unwrap()
                .1
                .extend(std::iter::repeat_n(b' ', 5 << 20));
        },
        RefusedAs("bundle: manifest `HOST/app:sha256-…` is larger than 4194304 bytes"),
        Accepts("cosign reads it whole, whatever its size"),
    ),
    case(
        "index bomb: more entries than are looked at",
        "key",
        |asked| {
            let entry = asked.repository.index("key")[0].clone();
            asked.repository.set_index("key", &vec![entry; TOO_MANY]);
        },
        RefusedAs("bundle: index below `sha256-…` is larger than 1000 entries"),
        Accepts("cosign looks at as many as there are"),
    ),
    case(
        "index bomb: indexes in the index",
        "key",
        |asked| {
            let path = format!("manifests/{}", asked.repository.fallback("key"));
            let (media_type, bytes) = asked.repository.answers[&path].clone();
            let digest = slt::registry::Digest::of(&bytes).to_string();
            let entry = json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() });
            asked.repository.set_index("key", &vec![entry; 20]);
        },
        RefusedAs("bundle: it is an index, and a bundle is a manifest"),
        Accepts("cosign takes an index for the manifest that it lists"),
    ),
    case(
        "index that is no JSON",
        "key",
        |asked| {
            let path = format!("manifests/{}", asked.repository.fallback("key"));
            asked.repository.answers.get_mut(&path).unwrap().1 = b"<html>".to_vec();
        },
        RefusedAs("bundle: manifest `HOST/app:sha256-…`: it is no manifest: expected value at line 1 column 1"),
        Refuses,
    ),
    case(
        "bundle of a terabyte",
        "key",
        |asked| {
            asked.repository.answers.extend(referrer_of(asked, |manifest| {
                manifest["layers"][0]["size"] = (1_u64 << 40).into()
            }));
        },
        RefusedAs("bundle: its layer is larger than 16777216 bytes"),
        Refuses,
    ),
    case(
        "signature behind more than are read",
        "key",
        |asked| {
            let junk = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": {}, "layers": []});
            let junk = serde_json::to_vec(&junk).unwrap();
            let size = junk.len();
            let digest = asked.repository.put("junk", MANIFEST, junk);
            let entry = json!({ "mediaType": MANIFEST, "digest": digest, "size": size });
            let mut index = vec![entry; 300];
            index.extend(asked.repository.index("key"));
            asked.repository.set_index("key", &index);
        },
        RefusedAs("bundle: it and 44 more are not read: no more than 256 pieces and 67108864 bytes are for an image"),
        Accepts("cosign looks at as many as there are"),
    ),
    case(
        "manifest of a bundle of another size than is said",
        "key",
        |asked| {
            let mut entry = asked.repository.index("key")[0].clone();
            entry["size"] = (entry["size"].as_u64().unwrap() + 1).into();
            asked.repository.set_index("key", &[entry]);
        },
        RefusedAs("bundle: its manifest has 877 bytes, and should have 878"),
        Accepts("it has the digest that is said"),
    ),
    case(
        "manifest of a bundle of a terabyte",
        "key",
        |asked| {
            let mut entry = asked.repository.index("key")[0].clone();
            entry["size"] = (1_u64 << 40).into();
            asked.repository.set_index("key", &[entry]);
        },
        RefusedAs("bundle: its manifest is larger than 4194304 bytes"),
        Accepts("it has the digest that is said"),
    ),
    // signatures of old
    case(
        ".sig by the wrong key",
        "sig",
        |asked| asked.key = fixture("foreign/cosign.pub"),
        Refused("signature"),
        Refuses,
    ),
    case(
        ".sig with another signature",
        "sig",
        |asked| {
            asked.repository.change_sig("sig", |_, manifest| {
                manifest["layers"][0]["annotations"]["dev.cosignproject.cosign/signature"] = "MEUCIQ==".into();
            });
        },
        Refused("signature"),
        Refuses,
    ),
    case(
        ".sig without a signature",
        "sig",
        |asked| {
            asked.repository.change_sig("sig", |_, manifest| {
                drop(manifest["layers"][0].as_object_mut().unwrap().remove("annotations"))
            });
        },
        Refused("bundle"),
        Refuses,
    ),
    case(
        ".sig of another image",
        "unsigned",
        |asked| {
            let (from, to) = (asked.repository.fallback("sig"), asked.repository.fallback("unsigned"));
            let sig = asked.repository.answers[&format!("manifests/{from}.sig")].clone();
            asked.repository.answers.insert(format!("manifests/{to}.sig"), sig);
        },
        Refused("subject"),
        Refuses,
    ),
    case(
        ".sig with swapped layers",
        "sig",
        |asked| {
            let keyless = asked
                .repository
                .json(&format!("manifests/{}.sig", asked.repository.fallback("sig-keyless")));
            asked.repository.change_sig("sig", |_, manifest| {
                let annotations = manifest["layers"][0]["annotations"].clone();
                manifest["layers"] = keyless["layers"].clone();
                manifest["layers"][0]["annotations"] = annotations;
            });
        },
        Refused("subject"),
        Refuses,
    ),
    case(
        ".sig whose payload says another image",
        "sig",
        |asked| {
            let (from, to) = (asked.repository.digest("sig"), asked.repository.digest("unsigned"));
            asked.tag = "unsigned".to_owned();
            let name = format!("manifests/{}.sig", from.replace(':', "-"));
            let mut manifest = asked.repository.json(&name);
            let payload = asked
                .repository
                .bytes(&format!("blobs/{}", manifest["layers"][0]["digest"].as_str().unwrap()));
            let payload = String::from_utf8(payload.to_vec())
                .unwrap()
                .replace(&from, &to)
                .into_bytes();
            manifest["layers"][0]["digest"] = asked.repository.put_blob(payload).into();
            let to = format!("{}.sig", to.replace(':', "-"));
            asked.repository.put(
                &to,
                "application/vnd.oci.image.manifest.v1+json",
                serde_json::to_vec(&manifest).unwrap(),
            );
        },
        Refused("signature"),
        Refuses,
    ),
    case(
        ".sig with two signatures, the first bad",
        "sig",
        |asked| {
            asked.repository.change_sig("sig", |_, manifest| {
                let mut bad = manifest["layers"][0].clone();
                bad["annotations"]["dev.cosignproject.cosign/signature"] = "MEUCIQ==".into();
                manifest["layers"].as_array_mut().unwrap().insert(0, bad);
            });
        },
        BelievedBeside("signature"),
        Accepts("one that is good is enough"),
    ),
    case(
        ".sig made anew with the key",
        "sig",
        |asked| sign_payload(asked, str::to_owned),
        Believed,
        Accepts("it is the same payload"),
    ),
    case(
        ".sig whose payload is of another type",
        "sig",
        |asked| {
            sign_payload(asked, |text| {
                text.replace("cosign container image signature", "atomic container signature")
            });
        },
        Refused("bundle"),
        Accepts("cosign does not look at the type of a payload"),
    ),
    case(
        ".sig whose payload has no type",
        "sig",
        |asked| sign_payload(asked, |text| text.replace(r#""type":"#, r#""kind":"#)),
        Refused("bundle"),
        Accepts("cosign does not look at the type of a payload"),
    ),
    case(
        ".sig whose payload has a member twice",
        "sig",
        |asked| {
            sign_payload(asked, |text| {
                text.replace(r#""image":{"#, r#""image":{"docker-manifest-digest":"sha256:0","#)
            });
        },
        Refused("bundle"),
        Accepts("cosign takes the last of them"),
    ),
    case(
        ".sig by a certificate of another identity",
        "sig-keyless",
        |asked| asked.identity("eve@example.test", issuer()),
        Refused("identity"),
        Refuses,
    ),
    case(
        ".sig by a certificate without its timestamp",
        "sig-keyless",
        |asked| {
            asked.repository.change_sig("sig-keyless", |_, manifest| {
                let annotations = manifest["layers"][0]["annotations"].as_object_mut().unwrap();
                assert!(
                    annotations.remove("dev.sigstore.cosign/rfc3161timestamp").is_some(),
                    "{annotations:?}"
                );
            });
        },
        Refused("timestamp"),
        Refuses,
    ),
];

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The payload of a `.sig`, changed, and signed by the key that made it.
fn sign_payload(asked: &mut Question, change: fn(&str) -> String) {
    asked.repository.change_sig("sig", |repository, manifest| {
        let layer = &mut manifest["layers"][0];
        let payload = repository.bytes(&format!("blobs/{}", layer["digest"].as_str().unwrap()));
        let payload = change(std::str::from_utf8(payload).unwrap()).into_bytes();
        let here = folder(&[("payload", &payload), ("cosign.key", &fixture("cosign.key"))]);
        let sign = ["sign", "payload", "--key", "cosign.key", "--bundle", "bundle.json"];
        let run = slt_with(here.path(), &sign, &[("COSIGN_PASSWORD", PASSWORD)]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let bundle = std::fs::read(here.path().join("bundle.json")).unwrap();
        let bundle: Value = serde_json::from_slice(&bundle).unwrap();
        layer["annotations"]["dev.cosignproject.cosign/signature"] = bundle["messageSignature"]["signature"].clone();
        layer["size"] = payload.len().into();
        layer["digest"] = repository.put_blob(payload).into();
    });
}

/// What an envelope states, with a text in it replaced.
fn restate(bundle: &mut Value, from: &str, to: &str) {
    use base64::Engine;
    let base64 = base64::engine::general_purpose::STANDARD;
    let payload = &mut bundle["dsseEnvelope"]["payload"];
    let text = String::from_utf8(base64.decode(payload.as_str().unwrap()).unwrap()).unwrap();
    assert!(text.contains(from), "no `{from}` in {text}");
    *payload = base64.encode(text.replace(from, to)).into();
}

/// The manifest of the only bundle, changed, below its new digest, and the index that names it.
fn referrer_of(
    asked: &Question,
    change: impl FnOnce(&mut Value),
) -> std::collections::BTreeMap<String, (String, Vec<u8>)> {
    let mut repository = asked.repository.clone();
    let mut entry = repository.index(&asked.tag)[0].clone();
    let mut manifest = repository.json(&format!("manifests/{}", entry["digest"].as_str().unwrap()));
    change(&mut manifest);
    let bytes = serde_json::to_vec(&manifest).unwrap();
    entry["size"] = bytes.len().into();
    entry["digest"] = repository
        .put("changed", "application/vnd.oci.image.manifest.v1+json", bytes)
        .into();
    repository.set_index(&asked.tag, &[entry]);
    repository.answers
}
