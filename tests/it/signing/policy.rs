//! Policy files: what they demand, and what is said of those that are wrong.

use std::fs;

use super::{issuer, run, short, signed};

/// What is said of a policy, with evidence.
fn verify(policy: &str, bundles: &[&str]) -> (i32, String) {
    let folder = signed();
    let at = folder.path();
    let policy = policy.replace("ISSUER", &issuer());
    fs::write(at.join("policy.toml"), policy).unwrap();
    let mut arguments = vec!["verify", "artifact.txt", "--policy", "policy.toml"];
    for bundle in bundles {
        arguments.extend(["--bundle", bundle]);
    }
    let run = run(at, &arguments);
    (run.code, short(&run.shown(at)).replace(&issuer(), "ISSUER"))
}

const KEY: &str = "[[key]]\nname = \"release\"\npath = \"cosign.pub\"\n";
const IDENTITY: &str = "[[identity]]\nname = \"dev\"\nidentity = \"dev@example.test\"\nissuer = \"ISSUER\"\n";
const CI: &str =
    "[[identity]]\nname = \"ci\"\nidentity-matches = \".*/release.yml@refs/heads/.*\"\nissuer-matches = \".*/ci\"\n";
const ROOT: &str = "version = 1\ntrusted-root = \"root.json\"\n";

#[test]
fn what_is_enough() {
    let provenance = "[[attestation]]\ntype = \"https://slsa.dev/provenance/v1\"\n";
    let require = |path: &str, test: &str| {
        format!("{ROOT}threshold = 0\n{IDENTITY}{provenance}[[attestation.require]]\npath = '{path}'\n{test}\n")
    };
    let slsa = ["slsa.json"].as_slice();
    for (name, policy, bundles, code) in [
        ("a key", format!("version = 1\n{KEY}"), ["key.json"].as_slice(), 0),
        (
            "a key, by its text",
            {
                let pem = fs::read_to_string(super::fixture("signatures/cosign.pub")).unwrap();
                format!("version = 1\nkey = [{{ pem = '''{pem}''' }}]\n")
            },
            &["key.json"],
            0,
        ),
        ("another's bundle", format!("version = 1\n{KEY}"), &["keyless.json"], 1),
        ("an identity", format!("{ROOT}{IDENTITY}"), &["keyless.json"], 0),
        ("another identity", format!("{ROOT}{IDENTITY}"), &["ci.json"], 1),
        ("an expression", format!("{ROOT}{CI}"), &["ci.json"], 0),
        (
            "two of two",
            format!("{ROOT}threshold = 2\n{KEY}{IDENTITY}"),
            &["key.json", "keyless.json"],
            0,
        ),
        (
            "two of three",
            format!("{ROOT}threshold = 2\n{KEY}{IDENTITY}{CI}"),
            &["ci.json", "keyless.json"],
            0,
        ),
        (
            "one of two",
            format!("{ROOT}threshold = 2\n{KEY}{IDENTITY}"),
            &["key.json"],
            1,
        ),
        (
            "one twice",
            format!("{ROOT}threshold = 2\n{KEY}{IDENTITY}"),
            &["key.json", "key-log.json"],
            1,
        ),
        (
            "two and a bad one",
            format!("{ROOT}threshold = 2\n{KEY}{IDENTITY}"),
            &["key.json", "root.json", "keyless.json"],
            0,
        ),
        (
            "a log with a key",
            format!("{ROOT}log = \"required\"\n{KEY}"),
            &["key.json"],
            1,
        ),
        (
            "a log with a key, there",
            format!("{ROOT}log = \"required\"\n{KEY}"),
            &["key-log.json"],
            0,
        ),
        ("no log", format!("{ROOT}{IDENTITY}"), &["timestamp.json"], 1),
        (
            "no log, by leave",
            format!("{ROOT}log = \"optional\"\n{IDENTITY}"),
            &["timestamp.json"],
            0,
        ),
        (
            "a timestamp",
            format!("{ROOT}timestamp = \"required\"\n{KEY}"),
            &["key.json"],
            1,
        ),
        (
            "an attestation",
            format!("{ROOT}threshold = 0\n{IDENTITY}{provenance}"),
            slsa,
            0,
        ),
        (
            "an attestation and a signature",
            format!("{ROOT}{IDENTITY}{provenance}"),
            slsa,
            1,
        ),
        (
            "both",
            format!("{ROOT}{IDENTITY}{provenance}"),
            &["slsa.json", "keyless.json"],
            0,
        ),
        (
            "by others",
            format!("{ROOT}threshold = 0\n{IDENTITY}{CI}{provenance}signers = [\"ci\"]\n"),
            slsa,
            1,
        ),
        (
            "a value",
            require("$.buildDefinition.buildType", "matches = 'https?://.*'"),
            slsa,
            0,
        ),
        (
            "another value",
            require("$.buildDefinition.buildType", "equals = 'x'"),
            slsa,
            1,
        ),
        (
            "a value that is not there",
            require("$.nothing", "one-of = ['x', 1, true]"),
            slsa,
            1,
        ),
        (
            "an attestation that two rules demand",
            format!("{ROOT}threshold = 0\n{IDENTITY}{provenance}{provenance}signers = [\"dev\"]\n"),
            slsa,
            0,
        ),
        (
            "one of two rules for it",
            format!("{ROOT}threshold = 0\n{IDENTITY}{CI}{provenance}{provenance}signers = [\"ci\"]\n"),
            slsa,
            1,
        ),
    ] {
        let (found, shown) = verify(&policy, bundles);
        assert_eq!(found, code, "{name}: {shown}");
    }
}

#[test]
fn what_is_missing_is_said() {
    let policy = format!("{ROOT}threshold = 2\n{KEY}{IDENTITY}[[attestation]]\ntype = \"https://example.test/x\"\n");
    insta::assert_snapshot!(verify(&policy, &["key.json"]).1);
}

#[test]
fn every_problem_at_its_place() {
    let policy = r#"version = 2
treshold = 2
log = "sometimes"

[[key]]
path = "nothing.pub"

[[key]]
path = "artifact.txt"

[[key]]
name = "both"
path = "cosign.pub"
pem = "x"

[[identity]]
identity = "a"

[[identity]]
identity-matches = "("
issuer = "x"

[[attestation]]
signers = ["nobody"]

[[attestation.require]]
path = "a.b"
equals = 1.5

[[attestation.require]]
path = "$.a"
"#;
    let (code, shown) = verify(policy, &["key.json"]);
    assert_eq!(code, 2, "{shown}");
    insta::assert_snapshot!(shown);
}

#[test]
fn policies_that_demand_nothing() {
    for (policy, said) in [
        ("", "a policy needs its `version`"),
        ("version = 1\n", "nobody is accepted"),
        ("version = \"1\"\n", "`version` is a whole number"),
        ("version = 1\nkey = 1\n", "`key` is at most 256 tables"),
        ("version = ", "it is not TOML"),
        (
            &format!("version = 1\nthreshold = 0\n{KEY}"),
            "a threshold of 0 demands nothing",
        ),
        (
            &format!("version = 1\nthreshold = -1\n{KEY}"),
            "more signatures are demanded than there are signers",
        ),
        (
            &format!("version = 1\nthreshold = 2\n{KEY}"),
            "more signatures are demanded than there are signers",
        ),
        (&format!("version = 1\n{KEY}{KEY}"), "two signers are called `release`"),
        (
            &format!("version = 1\n{KEY}trusted-root = \"root.json\"\n"),
            "a key has no `trusted-root`",
        ),
        (
            &format!("version = 1\ntrusted-root = \"key.json\"\n{KEY}"),
            "cannot be used: it is not a trusted root",
        ),
    ] {
        let (code, shown) = verify(policy, &["key.json"]);
        assert_eq!(code, 2, "{policy}: {shown}");
        assert!(shown.contains(said), "{policy}: {shown}");
    }
}
