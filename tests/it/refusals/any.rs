//! Whatever somebody writes: any bytes, and the fixtures damaged anywhere, never panic, and never make somebody believed who did not
//! sign. `docs/fuzzing.md` has the laws.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;
use slt::signing::policy::{Known, Matcher, Signer};
use slt::signing::{Evidence, Policy, PrivateKey, PublicKey, Services, Subject, Trust, judge, store, verify_reference};

use super::images::Question;
use super::scene::{IDENTITY, fixture, issuer};

/// The changes of one text, at most.
const CHANGES_MAX: usize = 4;

/// How many registries are started: each is asked twice.
const ANSWERS: u32 = 50;

/// `PROPTEST_CASES` says how many times each law is tried.
fn cases() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A byte put in, taken out, or replaced; or a piece that is repeated.
#[derive(Debug, Clone)]
enum Change {
    Put(Index, u8),
    Remove(Index),
    Replace(Index, u8),
    Repeat(Index, Index),
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    // what a text of JSON, TOML or PEM is made of comes more often
    let byte = || prop_oneof![any::<u8>(), select(b"0123456789ABab+/=\"{}[]:,.-\\ \n".to_vec())];
    let place = any::<Index>;
    prop_oneof![
        3 => (place(), byte()).prop_map(|(place, byte)| Change::Put(place, byte)),
        3 => place().prop_map(Change::Remove),
        6 => (place(), byte()).prop_map(|(place, byte)| Change::Replace(place, byte)),
        1 => (place(), place()).prop_map(|(from, to)| Change::Repeat(from, to)),
        1 => place().prop_map(Change::Cut),
    ]
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    proptest::collection::vec(change(), 1..=CHANGES_MAX)
}

fn damaged(text: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut text = text.to_vec();
    for change in changes {
        let length = text.len().max(1);
        match change {
            Change::Put(place, byte) => text.insert(place.index(length).min(text.len()), *byte),
            Change::Remove(place) if !text.is_empty() => drop(text.remove(place.index(length))),
            Change::Replace(place, byte) if !text.is_empty() => text[place.index(length)] = *byte,
            Change::Repeat(from, to) => {
                let (from, to) = (from.index(length), to.index(length));
                let piece = text.get(from..to).unwrap_or_default().to_vec();
                text.splice(from.min(text.len())..from.min(text.len()), piece);
            }
            Change::Cut(place) => text.truncate(place.index(length)),
            _ => {}
        }
    }
    text
}

/// The bundles of `artifact.txt` that both a key and the identity have signed.
const BUNDLES: &[&str] = &["blob/key", "blob/key-log", "blob/keyless-log", "blob/keyless-timestamp"];

fn signers(key: &[u8], identity: &str) -> Vec<Signer> {
    let key = PublicKey::from_pem(std::str::from_utf8(key).unwrap()).unwrap();
    let known = Known::Identity {
        identity: Matcher::Exact(identity.to_owned()),
        issuer: Matcher::Exact(issuer()),
    };
    [("key", Known::Key(key)), ("identity", known)]
        .map(|(name, known)| Signer {
            name: name.to_owned(),
            known,
        })
        .to_vec()
}

fn policy() -> Policy {
    let mut policy = Policy::one_of(signers(&fixture("cosign.pub"), IDENTITY));
    policy.log = Some(false);
    policy
}

fn root(name: &str) -> Trust {
    Trust::from_json(std::str::from_utf8(&fixture(name)).unwrap()).unwrap()
}

/// When a bundle of `artifact.txt` was signed at the latest, if it is believed.
fn believed(bundle: &[u8], policy: &Policy, trust: Option<&Trust>) -> Option<Option<String>> {
    let file = fixture("artifact.txt");
    let sha256 = store::sha256(&file);
    let evidence = [Evidence::bundle("bundle", bundle)];
    let verdict = judge(&Subject::File(&sha256, &file), &evidence, policy, trust);
    let first = verdict.believed().next().map(|(_, believed)| believed.time.clone());
    first.filter(|_| verdict.is_verified())
}

fn is_believed(bundle: &[u8], policy: &Policy, trust: Option<&Trust>) -> bool {
    believed(bundle, policy, trust).is_some()
}

/// What others than cosign write into a hint is theirs: it says nothing of who signed.
const HINT: &str = "/verificationMaterial/publicKey/hint";

/// A token of a timestamp authority has bytes that nobody signs, such as the list of digests of RFC 5652, 5.1. What counts is its time.
const TOKEN: &str = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp";

/// What a bundle says, however it is written: as protocol buffers are read from JSON, numbers may stand in quotes, and base64 may lack its
/// padding and be that of addresses; the crate reads names of digests in capitals and in small letters.
fn meant(mut bundle: Value) -> Value {
    fn plain(value: &mut Value) {
        match value {
            Value::Object(members) => members.values_mut().for_each(plain),
            Value::Array(items) => items.iter_mut().for_each(plain),
            Value::Number(number) => *value = number.to_string().into(),
            Value::String(text) => {
                *text = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
            }
            _ => {}
        }
    }
    for ignored in [HINT, TOKEN] {
        if let Some(value) = bundle.pointer_mut(ignored) {
            *value = Value::Null;
        }
    }
    plain(&mut bundle);
    if let Some(Value::String(name)) = bundle.pointer_mut("/messageSignature/messageDigest/algorithm") {
        name.make_ascii_uppercase();
    }
    bundle
}

#[test]
fn the_fixtures_are_believed() {
    for name in BUNDLES {
        let bundle = fixture(&format!("{name}.json"));
        assert!(
            is_believed(&bundle, &policy(), Some(&root("trusted_root.json"))),
            "{name}"
        );
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_bytes_are_nobodys_signature(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(!is_believed(&bytes, &policy(), Some(&root("trusted_root.json"))));
        let text = String::from_utf8_lossy(&bytes);
        let none = |_: &Path| Err(String::new());
        prop_assert!(Policy::parse(&text, Path::new(""), &none).is_err());
        prop_assert!(PublicKey::from_pem(&text).is_err());
        prop_assert!(PrivateKey::from_pem(&text, None).is_err());
        prop_assert!(Trust::from_json(&text).is_err());
    }

    /// Damage anywhere in the text of a bundle.
    #[test]
    fn a_damaged_bundle(name in select(BUNDLES), changes in changes()) {
        let whole = fixture(&format!("{name}.json"));
        let bytes = damaged(&whole, &changes);
        let trust = root("trusted_root.json");
        if let Some(time) = believed(&bytes, &policy(), Some(&trust)) {
            prop_assert_eq!(Some(time), believed(&whole, &policy(), Some(&trust)));
            let value = |bytes: &[u8]| meant(serde_json::from_slice(bytes).unwrap());
            prop_assert_eq!(value(&bytes), value(&whole));
        }
    }

    /// Damage within what a field in base64 holds, so that it is read and not refused for its form.
    #[test]
    fn a_damaged_field(name in select(BUNDLES), field in any::<Index>(), changes in changes()) {
        let whole: Value = serde_json::from_slice(&fixture(&format!("{name}.json"))).unwrap();
        let mut fields = Vec::new();
        held(&whole, String::new(), &mut fields);
        fields.retain(|(pointer, _)| pointer != HINT);
        let (pointer, bytes) = field.get(&fields);
        let changed = damaged(bytes, &changes);
        prop_assume!(changed != *bytes);
        let mut bundle = whole.clone();
        *bundle.pointer_mut(pointer).unwrap() = STANDARD.encode(changed).into();
        let trust = root("trusted_root.json");
        if let Some(time) = believed(bundle.to_string().as_bytes(), &policy(), Some(&trust)) {
            prop_assert_eq!(pointer, TOKEN);
            prop_assert_eq!(Some(time), believed(whole.to_string().as_bytes(), &policy(), Some(&trust)));
        }
    }

    /// A policy that was for one key is for no other, whatever else becomes of it.
    #[test]
    fn a_damaged_policy(changes in changes()) {
        let pem = String::from_utf8(fixture("cosign.pub")).unwrap();
        let text = format!(
            "version = 1\nthreshold = 1\nlog = \"optional\"\ntimestamp = \"optional\"\n[[key]]\nname = \"a\"\npem = '''{pem}'''\n\
             [[identity]]\nidentity = \"{IDENTITY}\"\nissuer = \"{}\"\n[[attestation]]\ntype = \"https://slsa.dev/provenance/v1\"\n\
             signers = [\"a\"]\n[[attestation.require]]\npath = \"$.a[*].b\"\none-of = [\"x\", 1, true]\n",
            issuer(),
        );
        let text = String::from_utf8_lossy(&damaged(text.as_bytes(), &changes)).into_owned();
        let none = |_: &Path| Err("it is not there".to_owned());
        if let Ok(policy) = Policy::parse(&text, Path::new(""), &none) {
            let trust = root("trusted_root.json");
            for name in ["foreign/key.json", "foreign/keyless-log.json", "foreign/keyless-timestamp.json"] {
                prop_assert!(!is_believed(&fixture(name), &policy, Some(&trust)), "{}\n{}", name, text);
            }
        }
    }

    #[test]
    fn a_damaged_key(changes in changes()) {
        let whole = fixture("cosign.pub");
        let text = String::from_utf8_lossy(&damaged(&whole, &changes)).into_owned();
        if let Ok(key) = PublicKey::from_pem(&text) {
            let right = PublicKey::from_pem(std::str::from_utf8(&whole).unwrap()).unwrap();
            let is_right = key.fingerprint() == right.fingerprint();
            let known = Known::Key(key);
            let policy = Policy::one_of(vec![Signer { name: "key".to_owned(), known }]);
            prop_assert_eq!(is_believed(&fixture("blob/key.json"), &policy, None), is_right);
        }
    }

    /// Of a key file and a signing config there is nothing to believe. Without a password no scrypt is run.
    #[test]
    fn damaged_files_of_a_signer(changes in changes()) {
        let text = |name: &str| String::from_utf8_lossy(&damaged(&fixture(name), &changes)).into_owned();
        prop_assert!(PrivateKey::from_pem(&text("cosign.key"), None).is_err());
        for name in ["p384.pem", "ed.pem", "rsa.pem", "imported-rsa.key"] {
            drop(PrivateKey::from_pem(&text(&format!("../keys/{name}")), None));
        }
        drop(Services::from_json(&text("signing_config.json"), root("trusted_root.json").into(), Default::default()));
    }

    #[test]
    fn a_damaged_trusted_root(changes in changes()) {
        let text = String::from_utf8_lossy(&damaged(&fixture("trusted_root.json"), &changes)).into_owned();
        if let Ok(trust) = Trust::from_json(&text) {
            for name in ["blob/keyless-log.json", "blob/key-log.json"] {
                is_believed(&fixture(name), &policy(), Some(&trust));
            }
            let foreign = signers(&fixture("foreign/cosign.pub"), IDENTITY);
            let mut policy = Policy::one_of(foreign);
            policy.log = Some(false);
            for name in ["foreign/keyless-log.json", "foreign/keyless-timestamp.json"] {
                prop_assert!(!is_believed(&fixture(name), &policy, Some(&trust)), "{}", name);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ANSWERS, ..cases() })]

    /// What a registry answers, damaged in one place: below a tag, the index of its referrers, a bundle's manifest or layer, `.sig`.
    #[test]
    fn a_damaged_answer(of in select(&["key", "keyless-timestamp", "sig", "attested"][..]), place in any::<Index>(), changes in changes()) {
        let asked = Question::of(of);
        let sha256 = asked.repository.digest(of);
        let mut repository = asked.repository;
        let paths: Vec<String> = repository.answers.keys().cloned().collect();
        let path = place.get(&paths).clone();
        let answer = repository.answers.get_mut(&path).unwrap();
        answer.1 = damaged(&answer.1, &changes);
        let mut policy = policy();
        let believed = |repository: super::repository::Repository, policy: &Policy| {
            let served = repository.serve();
            let at = format!("{}/app@{sha256}", served.address).parse().unwrap();
            let client = slt::registry::Client::new(slt::registry::Settings::default()).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let trust = root("trusted_root.json");
            let verdict = runtime.block_on(verify_reference(&client, &at, policy, Some(&trust)));
            verdict.is_ok_and(|verdict| verdict.is_verified())
        };
        // whatever comes of it, somebody who signed nothing of all this has not signed
        believed(repository.clone(), &policy);
        policy.signers = signers(&fixture("foreign/cosign.pub"), "eve@example.test");
        prop_assert!(!believed(repository, &policy), "{}", path);
    }
}

/// The fields that hold bytes in base64, and what they hold.
fn held(value: &Value, path: String, found: &mut Vec<(String, Vec<u8>)>) {
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, member)| held(member, format!("{path}/{name}"), found)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, item)| held(item, format!("{path}/{index}"), found)),
        Value::String(text) => {
            let bytes = STANDARD.decode(text).ok().filter(|bytes| bytes.len() >= 16);
            found.extend(bytes.map(|bytes| (path, bytes)));
        }
        _ => {}
    }
}
