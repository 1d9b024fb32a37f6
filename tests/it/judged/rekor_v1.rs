//! Entries of Rekor v1, as public-good Sigstore gives them: what is changed in one, who is told so, and what the log does not take.
//! That both tools make and believe such entries is in [`super::signatures`], beside the other ways of signing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey;
use serde_json::{Value, json};

use super::Services;
use super::signatures::{Bench, IDENTITY, Way, words};
use crate::command::Run;
use crate::refusals::none;
use crate::refusals::scene::Cosign::{self, Accepts, Refuses};
use crate::refusals::verdict::{has, said};

const ENTRY: &str = "/verificationMaterial/tlogEntries/0";
const PROOF: &str = "/verificationMaterial/tlogEntries/0/inclusionProof";
const TYPE: &str = "https://example.test/predicate";

/// An entry, and what it can be mixed with.
struct Scene<'a> {
    bundle: Value,
    /// Another signature over the same, by the same.
    other: Value,
    judges: &'a Services,
}

impl Scene<'_> {
    fn at(&mut self, pointer: &str) -> &mut Value {
        let place = self.bundle.pointer_mut(&format!("{ENTRY}{pointer}"));
        place.unwrap_or_else(|| panic!("no `{pointer}`"))
    }

    fn take(&mut self, pointer: &str) {
        let other = self.other.pointer(&format!("{ENTRY}{pointer}")).unwrap().clone();
        assert_ne!(*self.at(pointer), other, "{pointer}");
        *self.at(pointer) = other;
    }

    fn remove(&mut self, member: &str) {
        let removed = self.at("").as_object_mut().unwrap().remove(member);
        assert!(removed.is_some(), "{member}");
    }

    fn time(&mut self) -> i64 {
        self.at("/integratedTime").as_str().unwrap().parse().unwrap()
    }

    /// A key that the trusted root has nothing of.
    fn foreign_key() -> SigningKey {
        SigningKey::from_slice(&[7; 32]).unwrap()
    }

    /// The log's own.
    fn log_key(&self) -> SigningKey {
        let pem = std::fs::read_to_string(self.judges.folder.join("rekor-v1.key")).unwrap();
        SigningKey::from_pkcs8_pem(&pem).unwrap()
    }

    /// The promise (SET) for the entry as it is now: a signature over its canonical JSON (RFC 8785).
    fn promise(&mut self, key: &SigningKey) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let id = STANDARD.decode(text(self.at("/logId/keyId"))).unwrap();
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let (body, index) = (text(self.at("/canonicalizedBody")), text(self.at("/logIndex")));
        let time = self.time();
        let payload = format!(r#"{{"body":"{body}","integratedTime":{time},"logID":"{id}","logIndex":{index}}}"#);
        let signature: Signature = key.sign(payload.as_bytes());
        *self.at("/inclusionPromise/signedEntryTimestamp") = STANDARD.encode(signature.to_der()).into();
    }

    /// The checkpoint's note, signed anew in the name of the log.
    fn note(&mut self, key: &SigningKey) {
        let envelope = self.at("/inclusionProof/checkpoint/envelope");
        let (note, line) = envelope.as_str().unwrap().rsplit_once("\n\n").unwrap();
        let (name, old) = line.trim_end().rsplit_once(' ').unwrap();
        let note = format!("{note}\n");
        let signature: Signature = key.sign(note.as_bytes());
        // the first four bytes are a hint of the key (C2SP, signed-note)
        let hinted = [&STANDARD.decode(old).unwrap()[..4], signature.to_der().as_bytes()].concat();
        *envelope = format!("{note}\n{name} {}\n", STANDARD.encode(hinted)).into();
    }
}

/// What is done to an entry, the check that refuses it (`believed`: it is none), and what cosign 3.1.3 says.
type Case = (&'static str, fn(&mut Scene<'_>), &'static str, Cosign);

const CASES: &[Case] = &[
    ("nothing", |_| {}, "believed", Accepts("it is true")),
    (
        "promise of the log's, signed again",
        |scene| {
            let key = scene.log_key();
            scene.promise(&key);
        },
        "believed",
        Accepts("it is true"),
    ),
    (
        "promise by another key",
        |scene| scene.promise(&Scene::foreign_key()),
        "log",
        Refuses,
    ),
    (
        "promise for another entry",
        |scene| scene.take("/inclusionPromise"),
        "log",
        Refuses,
    ),
    (
        "promise that is left out",
        |scene| scene.remove("inclusionPromise"),
        "timestamp",
        Refuses,
    ),
    (
        "promise and time that are left out",
        |scene| {
            scene.remove("inclusionPromise");
            scene.remove("integratedTime");
        },
        "timestamp",
        Refuses,
    ),
    (
        "proof of another entry",
        |scene| scene.take("/inclusionProof"),
        "log",
        Refuses,
    ),
    (
        "proof that is left out",
        |scene| scene.remove("inclusionProof"),
        "log",
        Refuses,
    ),
    (
        "checkpoint of another tree",
        |scene| scene.take("/inclusionProof/checkpoint"),
        "log",
        Refuses,
    ),
    (
        "checkpoint by the log, signed again",
        |scene| {
            let key = scene.log_key();
            scene.note(&key);
        },
        "believed",
        Accepts("it is true"),
    ),
    (
        "checkpoint by another key",
        |scene| scene.note(&Scene::foreign_key()),
        "log",
        Refuses,
    ),
    (
        "time that is changed",
        |scene| *scene.at("/integratedTime") = (scene.time() + 1).to_string().into(),
        "log",
        Refuses,
    ),
    (
        "time before the certificate, which the log signs",
        |scene| {
            *scene.at("/integratedTime") = (scene.time() - 200).to_string().into();
            let key = scene.log_key();
            scene.promise(&key);
        },
        "certificate",
        Refuses,
    ),
    (
        "time to come, which the log signs",
        |scene| {
            *scene.at("/integratedTime") = (scene.time() + 300).to_string().into();
            let key = scene.log_key();
            scene.promise(&key);
        },
        "log",
        Accepts("it asks no clock"),
    ),
    ("index that is changed", |scene| scene.take("/logIndex"), "log", Refuses),
    (
        "another log's name",
        |scene| {
            let root = std::fs::read(&scene.judges.trusted_root).unwrap();
            let root: Value = serde_json::from_slice(&root).unwrap();
            let logs = root["tlogs"].as_array().unwrap();
            let mut ids = logs.iter().map(|log| log["logId"].clone());
            let own = scene.at("/logId").clone();
            *scene.at("/logId") = ids.find(|id| *id != own).unwrap();
        },
        "log",
        Refuses,
    ),
    (
        "body of another signature",
        |scene| scene.take("/canonicalizedBody"),
        "log",
        Refuses,
    ),
    (
        "entry of another signature, whole",
        |scene| scene.take(""),
        "log-entry",
        Refuses,
    ),
    (
        "proof with the tree of another entry",
        |scene| scene.take("/inclusionProof/treeSize"),
        "log",
        Refuses,
    ),
    (
        "kind of another entry",
        |scene| {
            let is_file = scene.at("/kindVersion/kind") == "hashedrekord";
            *scene.at("/kindVersion/kind") = if is_file { "dsse" } else { "hashedrekord" }.into();
        },
        "bundle",
        Accepts("it reads the kind in the body"),
    ),
];

/// What a signature is over: the file, or a statement about it.
#[derive(Clone, Copy, Debug)]
enum Kind {
    File,
    Statement,
}

impl Kind {
    fn sign(self, bench: &Bench, way: Way, key: &str, bundle: &str) -> Run {
        std::fs::write(bench.here().join("predicate"), "{}").unwrap();
        let flags = bench.signs("slt", way, key);
        let what: &[&str] = match self {
            Self::File => &[],
            Self::Statement => &["--predicate", "predicate", "--type", TYPE],
        };
        bench.run(
            "slt",
            &words(&["sign", "file"], &flags, &[what, &["--bundle", bundle]].concat()),
        )
    }

    fn verify(self, bench: &Bench, tool: &str, way: Way, key: &str, bundle: &str) -> Run {
        let flags = bench.verifies(tool, way, key, IDENTITY);
        let command: &[&str] = match (self, tool) {
            (Self::File, "slt") => &["verify", "--format", "json"],
            (Self::Statement, "slt") => &["verify", "--format", "json", "--type", TYPE],
            (Self::File, _) => &["verify-blob"],
            (Self::Statement, _) => &["verify-blob-attestation", "--type", TYPE],
        };
        bench.run(tool, &words(command, &flags, &["--bundle", bundle, "file"]))
    }
}

#[test]
#[ignore = "needs the judges of artifacts"]
fn lies_about_entries() {
    let bench = Bench::new();
    let way = Way::KeylessWithLogV1Only;
    let mut problems = Vec::new();
    for kind in [Kind::File, Kind::Statement] {
        let [bundle, other] = ["one", "other"].map(|name| {
            let name = format!("{kind:?}.{name}.json");
            let run = kind.sign(&bench, way, "slt", &name);
            assert_eq!(run.code, 0, "{kind:?}: {}", run.stderr);
            serde_json::from_slice::<Value>(&std::fs::read(bench.here().join(name)).unwrap()).unwrap()
        });
        let expected = match kind {
            Kind::File => json!({"kind": "hashedrekord", "version": "0.0.1"}),
            Kind::Statement => json!({"kind": "dsse", "version": "0.0.1"}),
        };
        assert_eq!(bundle.pointer(&format!("{ENTRY}/kindVersion")), Some(&expected));
        // the one is the index in all trees, the other in this one
        let index = |pointer: &str| bundle.pointer(pointer).unwrap();
        assert_ne!(
            index(&format!("{ENTRY}/logIndex")),
            index(&format!("{PROOF}/logIndex")),
            "{kind:?}"
        );
        for (name, spoil, check, cosign) in CASES {
            let mut scene = Scene {
                bundle: bundle.clone(),
                other: other.clone(),
                judges: bench.judges,
            };
            spoil(&mut scene);
            std::fs::write(bench.here().join("lie.json"), scene.bundle.to_string()).unwrap();
            let ours = kind.verify(&bench, "slt", way, "slt", "lie.json");
            let ours_said = said(&ours);
            let is_expected = match *check {
                "believed" => ours.code == 0,
                check => ours.code == 1 && has(&ours_said, check),
            };
            if !is_expected {
                problems.push(format!("{kind:?}, {name}: slt, and not `{check}`: {ours_said}"));
            }
            let theirs = kind.verify(&bench, "cosign", way, "slt", "lie.json");
            if (theirs.code == 0) != matches!(cosign, Accepts(_)) {
                problems.push(format!("{kind:?}, {name}: cosign: {} {}", theirs.code, theirs.stderr));
            }
        }
    }
    none(&problems);
}

/// A key of the fixtures, as cosign writes it: `NAME.key` and `NAME.pub`.
fn bring(bench: &Bench, name: &str) {
    if !bench.here().join(format!("{name}.key")).exists() {
        let key = format!("{}/tests/fixtures/keys/{name}.pem", env!("CARGO_MANIFEST_DIR"));
        bench.done(
            "cosign",
            &["import-key-pair", "--key", &key, "--output-key-prefix", name],
        );
    }
}

/// Keys whose signatures are the same each time: what is in the log already, is not taken again, from slt and from cosign.
#[test]
#[ignore = "needs the judges of artifacts"]
fn the_same_signature_twice() {
    let bench = Bench::new();
    let way = Way::KeyWithLogV1;
    for key in ["rsa", "ed"] {
        bring(&bench, key);
        let once = Kind::Statement.sign(&bench, way, key, "once.json");
        assert_eq!(once.code, 0, "{key}: {}", once.stderr);
        for tool in ["slt", "cosign"] {
            let verified = Kind::Statement.verify(&bench, tool, way, key, "once.json");
            assert_eq!(verified.code, 0, "{tool} {key}: {}", verified.stderr);
        }
        let twice = Kind::Statement.sign(&bench, way, key, "twice.json");
        assert_eq!(twice.code, 1, "{key}: {}", twice.stderr);
        assert!(
            twice.stderr.contains("has this very signature already"),
            "{}",
            twice.stderr
        );
        assert!(!bench.here().join("twice.json").exists());
        std::fs::remove_file(bench.here().join("once.json")).unwrap();
    }
    let flags = bench.signs("cosign", way, "rsa");
    let attest = ["attest-blob", "-y", "file", "--predicate", "predicate", "--type", TYPE];
    let theirs =
        ["first.json", "second.json"].map(|bundle| bench.run("cosign", &words(&attest, &flags, &["--bundle", bundle])));
    assert_eq!(theirs[0].code, 0, "{}", theirs[0].stderr);
    assert_eq!(theirs[1].code, 1, "{}", theirs[1].stderr);
    assert!(theirs[1].stderr.contains("[409]"), "{}", theirs[1].stderr);
}

/// What slt could not verify there again, and what the log does not take, is not sent to it: an entry is for ever.
#[test]
#[ignore = "needs the judges of artifacts"]
fn keys_that_are_not_logged() {
    let bench = Bench::new();
    let way = Way::KeyWithLogV1;
    for (key, kind) in [
        ("rsa", Kind::File),
        ("ed", Kind::File),
        ("p384", Kind::File),
        ("p384", Kind::Statement),
    ] {
        bring(&bench, key);
        let run = kind.sign(&bench, way, key, "none.json");
        assert_eq!(run.code, 2, "{key} {kind:?}: {}", run.stderr);
        assert!(
            run.stderr.contains("are not logged in Rekor v1"),
            "{key} {kind:?}: {}",
            run.stderr
        );
        assert!(!bench.here().join("none.json").exists(), "{key} {kind:?}");
    }
    // the same signature by cosign: had slt's been sent, it would be there already
    let flags = bench.signs("cosign", way, "rsa");
    bench.done(
        "cosign",
        &words(&["sign-blob", "-y", "file"], &flags, &["--bundle", "theirs.json"]),
    );
}

/// The clock of the log is some seconds ahead of ours: cosign asks no clock, and slt waits for its own.
#[test]
#[ignore = "needs the judges of artifacts"]
fn a_log_whose_clock_is_ahead() {
    let bench = Bench::new();
    let way = Way::KeylessWithLogV1Only;
    let config = std::fs::read(&bench.judges.signing_config_log_v1_only).unwrap();
    let mut config: Value = serde_json::from_slice(&config).unwrap();
    let url = config.pointer_mut("/rekorTlogUrls/0/url").unwrap();
    *url = format!("{}/ahead", url.as_str().unwrap()).into();
    std::fs::write(bench.here().join("ahead.config.json"), config.to_string()).unwrap();
    let mut flags = bench.signs("slt", way, "");
    let place = flags.iter().position(|flag| flag == "--signing-config").unwrap();
    flags[place + 1] = "ahead.config.json".to_owned();
    bench.done("slt", &words(&["sign", "file"], &flags, &["--bundle", "ahead.json"]));
    for tool in ["slt", "cosign"] {
        let verified = Kind::File.verify(&bench, tool, way, "", "ahead.json");
        assert_eq!(verified.code, 0, "{tool}: {}", verified.stderr);
    }
}
