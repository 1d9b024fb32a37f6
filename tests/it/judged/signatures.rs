//! What slt signs, cosign verifies, and what cosign signs, slt verifies: files, images, attestations and the tags of old, on both
//! registries, in every way of signing; and what one of them refuses, the other refuses.

use std::path::Path;

use serde_json::{Value, json};

use super::{PASSWORD, Services, services};
use crate::command::{Run, folder, slt_with};

/// A way of signing.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    Key,
    KeyWithLog,
    KeyWithLogV1,
    KeylessWithLog,
    KeylessWithLogV1,
    /// Rekor v1 says when; nobody else does.
    KeylessWithLogV1Only,
    KeylessWithTimestamp,
}

const WAYS: [Way; 7] = [
    Way::Key,
    Way::KeyWithLog,
    Way::KeyWithLogV1,
    Way::KeylessWithLog,
    Way::KeylessWithLogV1,
    Way::KeylessWithLogV1Only,
    Way::KeylessWithTimestamp,
];

impl Way {
    /// Where a signature is kept is nothing to the log that has it: those with Rekor v1 are tried on one registry, the second.
    fn is_for(self, registry: usize) -> bool {
        let is_v1 = matches!(
            self,
            Self::KeyWithLogV1 | Self::KeylessWithLogV1 | Self::KeylessWithLogV1Only
        );
        registry == 1 || !is_v1
    }
}

pub const IDENTITY: &str = "dev@example.test";

/// A folder with a file, a key pair of each tool's making, and an identity token.
pub struct Bench {
    pub judges: &'static Services,
    folder: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let judges = services();
        let folder = folder(&[("file", b"what is signed\n"), ("other", b"what is not\n")]);
        let bench = Self { judges, folder };
        bench.done("cosign", &["generate-key-pair"]);
        bench.done("slt", &["keygen", "slt"]);
        bench.token("email=dev@example.test");
        bench
    }

    pub fn here(&self) -> &Path {
        self.folder.path()
    }

    /// Fetches an identity token into `token`.
    pub fn token(&self, query: &str) {
        let address = self.judges.issuer.strip_prefix("http://").unwrap();
        let answer = crate::process::http(address, "GET", &format!("/token?{query}"), "");
        assert_eq!(answer.status, 200, "{}", answer.body);
        std::fs::write(self.here().join("token"), answer.body).unwrap();
    }

    pub fn run(&self, tool: &str, arguments: &[&str]) -> Run {
        match tool {
            "slt" => slt_with(
                self.here(),
                arguments,
                &[("COSIGN_PASSWORD", PASSWORD), ("HOME", self.here().to_str().unwrap())],
            ),
            tool => self.judges.run(tool, self.here(), arguments),
        }
    }

    /// Runs it, and it succeeds.
    pub fn done(&self, tool: &str, arguments: &[&str]) -> Run {
        let run = self.run(tool, arguments);
        assert_eq!(run.code, 0, "{tool} {arguments:?}\n{}{}", run.stdout, run.stderr);
        run
    }

    /// Runs it, and it says no.
    pub fn refused(&self, tool: &str, arguments: &[&str]) {
        let run = self.run(tool, arguments);
        let is_no = run.code == 1 || (tool == "cosign" && run.code == 10);
        assert!(
            is_no,
            "{tool} {arguments:?}: {}\n{}{}",
            run.code, run.stdout, run.stderr
        );
    }

    /// The flags with which a tool signs, with a key of either's making.
    pub fn signs(&self, tool: &str, way: Way, key: &str) -> Vec<String> {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let judges = self.judges;
        let [log, no_log, log_v1, log_v1_only] = [
            &judges.signing_config,
            &judges.signing_config_without_log,
            &judges.signing_config_log_v1,
            &judges.signing_config_log_v1_only,
        ]
        .map(|path| text(path));
        let trust = ["--trusted-root".to_owned(), text(&self.judges.trusted_root)];
        let key = ["--key".to_owned(), format!("{key}.key")];
        let token = ["--identity-token".to_owned(), "token".to_owned()];
        let config = |file: String| ["--signing-config".to_owned(), file];
        match (way, tool) {
            (Way::Key, "slt") => key.to_vec(),
            (Way::Key, _) => [
                &key[..],
                &["--use-signing-config=false", "--tlog-upload=false"].map(str::to_owned),
            ]
            .concat(),
            (Way::KeyWithLog, _) => [key, config(log), trust].concat(),
            (Way::KeyWithLogV1, _) => [key, config(log_v1), trust].concat(),
            (Way::KeylessWithLog, _) => [token, config(log), trust].concat(),
            (Way::KeylessWithLogV1, _) => [token, config(log_v1), trust].concat(),
            (Way::KeylessWithLogV1Only, _) => [token, config(log_v1_only), trust].concat(),
            (Way::KeylessWithTimestamp, _) => [token, config(no_log), trust].concat(),
        }
    }

    /// The flags with which a tool verifies.
    pub fn verifies(&self, tool: &str, way: Way, key: &str, identity: &str) -> Vec<String> {
        let trust = self.judges.trusted_root.to_str().unwrap();
        let (key, issuer) = (format!("{key}.pub"), self.judges.issuer.as_str());
        let whose = match tool {
            "slt" => ["--identity", identity, "--issuer", issuer, "--trusted-root", trust],
            _ => [
                "--certificate-identity",
                identity,
                "--certificate-oidc-issuer",
                issuer,
                "--trusted-root",
                trust,
            ],
        };
        let flags: Vec<&str> = match (way, tool) {
            (Way::Key, "slt") => vec!["--key", &key],
            (Way::Key, _) => vec!["--key", &key, "--insecure-ignore-tlog"],
            (Way::KeyWithLog | Way::KeyWithLogV1, "slt") => {
                vec!["--key", &key, "--trusted-root", trust, "--require-log"]
            }
            (Way::KeyWithLog | Way::KeyWithLogV1, _) => vec!["--key", &key, "--trusted-root", trust],
            (Way::KeylessWithLog | Way::KeylessWithLogV1 | Way::KeylessWithLogV1Only, _) => whose.to_vec(),
            (Way::KeylessWithTimestamp, "slt") => [&whose[..], &["--insecure-ignore-tlog"]].concat(),
            (Way::KeylessWithTimestamp, _) => {
                [&whose[..], &["--insecure-ignore-tlog", "--use-signed-timestamps"]].concat()
            }
        };
        flags.into_iter().map(str::to_owned).collect()
    }

    /// An image with this text in it, by its digest.
    pub fn image(&self, registry: &str, name: &str) -> String {
        let tag = format!("{registry}/{name}");
        std::fs::write(self.here().join("layer"), name).unwrap();
        self.done(
            "crane",
            &["append", "--insecure", "--oci-empty-base", "-f", "layer", "-t", &tag],
        );
        let digest = self.done("crane", &["digest", "--insecure", &tag]).stdout;
        format!("{}@{}", tag.rsplit_once(':').unwrap().0, digest.trim())
    }
}

/// The words of a command line.
pub fn words<'a>(before: &[&'a str], flags: &'a [String], after: &[&'a str]) -> Vec<&'a str> {
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    [before, &flags, after].concat()
}

fn registries(judges: &'static Services) -> [&'static str; 2] {
    [&judges.plain, &judges.referrers]
}

#[test]
#[ignore = "needs the judges of artifacts"]
fn keys_of_either_are_keys_of_both() {
    let bench = Bench::new();
    for key in ["cosign", "slt"] {
        let public = std::fs::read_to_string(bench.here().join(format!("{key}.pub"))).unwrap();
        let said = bench
            .done("cosign", &["public-key", "--key", &format!("{key}.key")])
            .stdout;
        assert_eq!(said, public, "{key}");
    }
    let wrong = slt_with(
        bench.here(),
        &["sign", "file", "--key", "cosign.key"],
        &[("COSIGN_PASSWORD", "wrong")],
    );
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
    let imported = bench.judges.run(
        "cosign",
        bench.here(),
        &[
            "sign-blob",
            "-y",
            "--key",
            "slt.key",
            "--tlog-upload=false",
            "--use-signing-config=false",
            "--bundle",
            "b.json",
            "file",
        ],
    );
    assert_eq!(imported.code, 0, "{}", imported.stderr);
}

#[test]
#[ignore = "needs the judges of artifacts"]
fn files() {
    let bench = Bench::new();
    for way in WAYS {
        for (signer, key) in [("slt", "cosign"), ("cosign", "slt"), ("slt", "slt")] {
            let flags = bench.signs(signer, way, key);
            let sign: &[&str] = if signer == "slt" {
                // the loop writes one bundle over another's
                &["sign", "file", "--force"]
            } else {
                &["sign-blob", "-y", "file"]
            };
            bench.done(signer, &words(sign, &flags, &["--bundle", "bundle.json"]));
            for verifier in ["slt", "cosign"] {
                let verify: &[&str] = if verifier == "slt" {
                    &["verify"]
                } else {
                    &["verify-blob"]
                };
                let flags = bench.verifies(verifier, way, key, IDENTITY);
                bench.done(verifier, &words(verify, &flags, &["--bundle", "bundle.json", "file"]));
                bench.refused(verifier, &words(verify, &flags, &["--bundle", "bundle.json", "other"]));
                let wrong = bench.verifies(
                    verifier,
                    way,
                    if key == "slt" { "cosign" } else { "slt" },
                    "eve@example.test",
                );
                bench.refused(verifier, &words(verify, &wrong, &["--bundle", "bundle.json", "file"]));
            }
        }
    }
}

#[test]
#[ignore = "needs the judges of artifacts"]
fn images() {
    let bench = Bench::new();
    for (number, registry) in registries(bench.judges).into_iter().enumerate() {
        for way in WAYS.into_iter().filter(|way| way.is_for(number)) {
            for (signer, key) in [("slt", "cosign"), ("cosign", "slt")] {
                let image = bench.image(registry, &format!("signed/app:{number}-{way:?}-{signer}"));
                for verifier in ["slt", "cosign"] {
                    let flags = bench.verifies(verifier, way, key, IDENTITY);
                    bench.refused(verifier, &words(&["verify"], &flags, &[&image]));
                }
                let sign: &[&str] = if signer == "slt" { &["sign"] } else { &["sign", "-y"] };
                bench.done(signer, &words(sign, &bench.signs(signer, way, key), &[&image]));
                for verifier in ["slt", "cosign"] {
                    let flags = bench.verifies(verifier, way, key, IDENTITY);
                    bench.done(verifier, &words(&["verify"], &flags, &[&image]));
                    let wrong = bench.verifies(
                        verifier,
                        way,
                        if key == "slt" { "cosign" } else { "slt" },
                        "eve@example.test",
                    );
                    bench.refused(verifier, &words(&["verify"], &wrong, &[&image]));
                }
            }
        }
    }
}

#[test]
#[ignore = "needs the judges of artifacts"]
fn attestations() {
    let bench = Bench::new();
    let predicates = [
        (
            "slsaprovenance1",
            json!({ "buildDefinition": { "buildType": "https://example.test/build", "externalParameters": {} },
            "runDetails": { "builder": { "id": "https://example.test/builder" } } }),
        ),
        (
            "cyclonedx",
            json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [] }),
        ),
        (
            "spdxjson",
            json!({ "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "app", "dataLicense": "CC0-1.0",
            "documentNamespace": "https://example.test/app", "packages": [] }),
        ),
    ];
    for (name, predicate) in &predicates {
        std::fs::write(bench.here().join(name), predicate.to_string()).unwrap();
    }
    for (number, registry) in registries(bench.judges).into_iter().enumerate() {
        for (way, signer) in [
            (Way::Key, "slt"),
            (Way::KeylessWithLog, "slt"),
            (Way::KeylessWithLogV1Only, "slt"),
            (Way::Key, "cosign"),
            (Way::KeylessWithLog, "cosign"),
            (Way::KeylessWithLogV1Only, "cosign"),
        ]
        .into_iter()
        .filter(|(way, _)| way.is_for(number))
        {
            let image = bench.image(registry, &format!("attested/app:{number}-{way:?}-{signer}"));
            for (name, _) in &predicates {
                let kind = if signer == "slt" {
                    name.trim_end_matches("json")
                } else {
                    name
                };
                let attest: &[&str] = if signer == "slt" { &["sign"] } else { &["attest", "-y"] };
                bench.done(
                    signer,
                    &words(
                        attest,
                        &bench.signs(signer, way, "cosign"),
                        &["--type", kind, "--predicate", name, &image],
                    ),
                );
            }
            for (name, predicate) in &predicates {
                let ours = bench.verifies("slt", way, "cosign", IDENTITY);
                bench.done(
                    "slt",
                    &words(&["verify"], &ours, &["--type", name.trim_end_matches("json"), &image]),
                );
                let theirs = bench.verifies("cosign", way, "cosign", IDENTITY);
                let said = bench
                    .done(
                        "cosign",
                        &words(&["verify-attestation"], &theirs, &["--type", name, &image]),
                    )
                    .stdout;
                assert_eq!(stated(&said), *predicate, "{signer}");
            }
            let wrong = bench.verifies("slt", way, "slt", "eve@example.test");
            bench.refused("slt", &words(&["verify"], &wrong, &["--type", "cyclonedx", &image]));
            let ours = bench.verifies("slt", way, "cosign", IDENTITY);
            bench.refused(
                "slt",
                &words(&["verify"], &ours, &["--type", "https://example.test/other", &image]),
            );
        }
    }
}

/// The predicate in the envelope that cosign prints.
fn stated(said: &str) -> Value {
    use base64::Engine;
    let envelope: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    let payload = base64::engine::general_purpose::STANDARD
        .decode(envelope["payload"].as_str().unwrap())
        .unwrap();
    serde_json::from_slice::<Value>(&payload).unwrap()["predicate"].clone()
}

/// Whoever comes second adds to what refers to an image, with the referrers API and without.
#[test]
#[ignore = "needs the judges of artifacts"]
fn signatures_beside_each_other() {
    let bench = Bench::new();
    let sign = |tool: &str, image: &str| {
        let sign: &[&str] = if tool == "slt" { &["sign"] } else { &["sign", "-y"] };
        bench.done(tool, &words(sign, &bench.signs(tool, Way::Key, tool), &[image]));
    };
    for (number, registry) in registries(bench.judges).into_iter().enumerate() {
        for order in [["slt", "cosign"], ["cosign", "slt"]] {
            let image = bench.image(registry, &format!("beside/app:{number}-{}", order[0]));
            order.iter().for_each(|tool| sign(tool, &image));
            for key in order {
                for verifier in order {
                    let flags = bench.verifies(verifier, Way::Key, key, IDENTITY);
                    bench.done(verifier, &words(&["verify"], &flags, &[&image]));
                }
            }
        }
    }
}

/// Signatures below the tag `.sig`: whoever comes second adds to it.
#[test]
#[ignore = "needs the judges of artifacts"]
fn signatures_of_old() {
    let bench = Bench::new();
    let cosign = |key: &str, image: &str| {
        let flags = bench.signs("cosign", Way::Key, key);
        bench.done(
            "cosign",
            &words(&["sign", "-y", "--new-bundle-format=false"], &flags, &[image]),
        );
    };
    let ours = |key: &str, image: &str| {
        bench.done(
            "slt",
            &words(&["sign", "--legacy"], &bench.signs("slt", Way::Key, key), &[image]),
        );
    };
    for (number, registry) in registries(bench.judges).into_iter().enumerate() {
        for ours_first in [true, false] {
            let image = bench.image(registry, &format!("old/app:{number}-{ours_first}"));
            match ours_first {
                true => (ours("slt", &image), cosign("cosign", &image)),
                false => (cosign("cosign", &image), ours("slt", &image)),
            };
            for key in ["slt", "cosign"] {
                let theirs = bench.verifies("cosign", Way::Key, key, IDENTITY);
                bench.done(
                    "cosign",
                    &words(&["verify", "--new-bundle-format=false"], &theirs, &[&image]),
                );
                bench.done(
                    "slt",
                    &words(&["verify"], &bench.verifies("slt", Way::Key, key, IDENTITY), &[&image]),
                );
            }
            let tag = image.replace("@sha256:", ":sha256-") + ".sig";
            let manifest = bench.done("crane", &["manifest", "--insecure", &tag]).stdout;
            let manifest: Value = serde_json::from_str(&manifest).unwrap();
            assert_eq!(
                manifest["layers"].as_array().unwrap().len(),
                2,
                "{ours_first}: {manifest}"
            );
        }
    }
}

/// Attestations below the tag `.att`, by a key and by a certificate; slt adds its own as a referrer, and reads both.
#[test]
#[ignore = "needs the judges of artifacts"]
fn attestations_of_old() {
    let bench = Bench::new();
    let predicate = json!({ "buildDefinition": { "buildType": "https://example.test/build", "externalParameters": {} },
        "runDetails": { "builder": { "id": "https://example.test/builder" } } });
    std::fs::write(bench.here().join("slsa"), predicate.to_string()).unwrap();
    let judges = bench.judges;
    let trust = judges.trusted_root.to_str().unwrap().to_owned();
    let tsa = format!("{}/api/v1/timestamp", judges.tsa);
    let attests: &[&str] = &["--type", "slsaprovenance1", "--predicate", "slsa"];
    let old: &[&str] = &["attest", "-y", "--new-bundle-format=false"];
    for (number, registry) in registries(judges).into_iter().enumerate() {
        for way in [Way::Key, Way::KeylessWithTimestamp] {
            let image = bench.image(registry, &format!("att/app:{number}-{way:?}"));
            let flags: Vec<String> = match way {
                Way::Key => bench.signs("cosign", way, "cosign"),
                _ => [
                    "--identity-token=token",
                    "--use-signing-config=false",
                    "--tlog-upload=false",
                    "--fulcio-url",
                    &judges.fulcio,
                    "--timestamp-server-url",
                    &tsa,
                    "--trusted-root",
                    &trust,
                ]
                .map(str::to_owned)
                .to_vec(),
            };
            bench.done("cosign", &words(old, &flags, &[attests, &[&image]].concat()));
            let tag = image.replace("@sha256:", ":sha256-") + ".att";
            bench.done("crane", &["manifest", "--insecure", &tag]);
            let verify = |way: Way, key: &str, identity: &str| {
                let flags = bench.verifies("slt", way, key, identity);
                let before = ["verify", "--type", "slsaprovenance1", "--format", "json"];
                bench.run("slt", &words(&before, &flags, &[&image]))
            };
            let of_old = |run: &Run| {
                let lines = run.stdout.lines().filter(|line| line.contains(".att, layer 0"));
                lines.filter(|line| line.contains("\"believed\"")).count()
            };
            let believed = verify(way, "cosign", IDENTITY);
            assert_eq!(
                (believed.code, of_old(&believed)),
                (0, 1),
                "{}{}",
                believed.stdout,
                believed.stderr
            );
            let wrong = verify(way, "slt", "eve@example.test");
            assert_eq!((wrong.code, of_old(&wrong)), (1, 0), "{}{}", wrong.stdout, wrong.stderr);
            // slt's own lies beside it
            let own = bench.signs("slt", Way::Key, "slt");
            bench.done("slt", &words(&["sign"], &own, &[attests, &[&image]].concat()));
            assert_eq!(of_old(&verify(way, "cosign", IDENTITY)), 1);
            assert_eq!(verify(Way::Key, "slt", IDENTITY).code, 0);
        }
    }
}

/// The token that a CI system hands to its job: nothing is said on the command line.
#[test]
#[ignore = "needs the judges of artifacts"]
fn with_the_token_of_a_ci_system() {
    let bench = Bench::new();
    let judges = bench.judges;
    let address = format!("{}/ambient?api-version=2.0", judges.issuer);
    let config = judges.signing_config.to_str().unwrap();
    let trust = judges.trusted_root.to_str().unwrap();
    let sign = [
        "sign",
        "file",
        "--signing-config",
        config,
        "--trusted-root",
        trust,
        "--bundle",
        "bundle.json",
    ];
    let environment = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", address.as_str()),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner"),
        ("GITHUB_ACTIONS", "true"),
    ];
    let run = slt_with(bench.here(), &sign, &environment);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let identity = format!("{}/acme/app/.workflows/release.yml@refs/heads/main", judges.issuer);
    let issuer = format!("{}/ci", judges.issuer);
    bench.done(
        "cosign",
        &[
            "verify-blob",
            "--bundle",
            "bundle.json",
            "--trusted-root",
            trust,
            "--certificate-identity",
            &identity,
            "--certificate-oidc-issuer",
            &issuer,
            "file",
        ],
    );
    bench.done(
        "slt",
        &[
            "verify",
            "file",
            "--bundle",
            "bundle.json",
            "--trusted-root",
            trust,
            "--identity",
            &identity,
            "--issuer",
            &issuer,
        ],
    );
}

/// A log takes no entry twice: what is signed again is signed otherwise.
#[test]
#[ignore = "needs the judges of artifacts"]
fn the_same_thing_twice_in_a_log() {
    let bench = Bench::new();
    let signs = bench.signs("slt", Way::KeyWithLog, "slt");
    for bundle in ["once.json", "twice.json"] {
        bench.done("slt", &words(&["sign", "file"], &signs, &["--bundle", bundle]));
        for tool in ["slt", "cosign"] {
            let verify = if tool == "slt" { "verify" } else { "verify-blob" };
            let verifies = bench.verifies(tool, Way::KeyWithLog, "slt", "");
            bench.done(tool, &words(&[verify], &verifies, &["--bundle", bundle, "file"]));
        }
    }
}

/// Tokens that Fulcio does not take: nothing is signed, and the service is named.
#[test]
#[ignore = "needs the judges of artifacts"]
fn tokens_that_are_not_taken() {
    let bench = Bench::new();
    for query in ["ttl=-60", "aud=other", "iss=https://example.test"] {
        bench.token(query);
        let flags = bench.signs("slt", Way::KeylessWithLog, "cosign");
        let run = bench.run("slt", &words(&["sign", "file"], &flags, &["--bundle", "none.json"]));
        assert!(matches!(run.code, 1..=3), "{query}: {}", run.code);
        assert!(!bench.here().join("none.json").exists(), "{query}");
        let token = std::fs::read_to_string(bench.here().join("token")).unwrap();
        assert!(!run.stderr.contains(&token), "{query}");
    }
}
