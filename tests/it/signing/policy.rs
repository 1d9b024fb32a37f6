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
            "an attestation by a short name",
            format!("{ROOT}threshold = 0\n{IDENTITY}[[attestation]]\ntype = \"slsaprovenance1\"\n"),
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

/// A policy may have several names for somebody: a rule holds if it has one of them.
#[test]
fn somebody_with_two_names() {
    let rule = "[[attestation]]\ntype = \"https://slsa.dev/provenance/v1\"\nsigners = [\"release\"]\n";
    let everybody = "[[key]]\nname = \"everybody\"\npath = \"cosign.pub\"\n";
    let all = "[[identity]]\nname = \"all\"\nidentity-matches = \".*\"\nissuer = \"ISSUER\"\n";
    let dev = IDENTITY.replace("\"dev\"", "\"release\"");
    for (signers, bundle, code) in [
        (format!("{all}{dev}"), "slsa.json", 0),
        (all.to_owned() + &CI.replace("\"ci\"", "\"release\""), "slsa.json", 1),
        (format!("{everybody}{KEY}"), "attested.json", 0),
        (format!("{KEY}{everybody}"), "attested.json", 0),
    ] {
        let folder = signed();
        let at = folder.path();
        fs::write(at.join("predicate.json"), "{}").unwrap();
        let sign = "sign artifact.txt --key cosign.key --bundle attested.json --type slsaprovenance1 --predicate predicate.json";
        assert_eq!(run(at, &sign.split(' ').collect::<Vec<_>>()).code, 0);
        let policy = format!("{ROOT}threshold = 0\n{signers}{rule}").replace("ISSUER", &issuer());
        fs::write(at.join("policy.toml"), policy).unwrap();
        let verified = run(
            at,
            &["verify", "artifact.txt", "--policy", "policy.toml", "--bundle", bundle],
        );
        assert_eq!(verified.code, code, "{signers}: {}", verified.stderr);
    }
}

/// What is believed and not enough is refused, and not missing.
#[test]
fn believed_and_not_enough() {
    let policy = format!("{ROOT}{KEY}[[attestation]]\ntype = \"https://example.test/x\"\n");
    let (code, shown) = verify(&policy, &["key.json"]);
    assert_eq!(code, 1);
    assert!(
        shown.contains("is not verified: no attestation `https://example.test/x` as it is demanded\n"),
        "{shown}"
    );
}

/// Anybody can put something beside an image: what is missing is said before it.
#[test]
fn what_is_missing_is_said_before_what_is_refused() {
    let policy = format!("{ROOT}threshold = 2\n{KEY}{IDENTITY}");
    let (code, shown) = verify(&policy, &["root.json", "key.json", "ci.json"]);
    assert_eq!(code, 1);
    assert!(
        shown.contains("is not verified: 1 of 2 signers have signed; refused: bundle: "),
        "{shown}"
    );
    assert!(
        shown.contains(", and 1 more\n") && shown.contains("note: refused ci.json: identity: "),
        "{shown}"
    );
}

/// Of a key, a log entry or a timestamp is demanded of those who can be believed: without a trusted root there are none.
#[test]
fn witnesses_of_a_key() {
    let with = |root: &str, demand: &str| format!("{root}{demand} = \"required\"\n{KEY}");
    for demand in ["log", "timestamp"] {
        for (root, bundle, code) in [
            (ROOT, "key-log.json", 0),
            (ROOT, "key.json", 1),
            ("version = 1\n", "key-log.json", 2),
            ("version = 1\n", "key.json", 2),
        ] {
            let (found, shown) = verify(&with(root, demand), &[bundle]);
            assert_eq!(found, code, "{demand}, {bundle}: {shown}");
            let said = if code == 2 {
                "there is no trusted root to check it with"
            } else {
                "artifact.txt"
            };
            assert!(shown.contains(said), "{demand}, {bundle}: {shown}");
        }
    }
}

/// The same, of those who call the function itself.
#[test]
fn a_policy_without_a_root_believes_no_witness() {
    use slt::signing::policy::{Known, Signer};
    use slt::signing::{Check, Evidence, Policy, PublicKey, Subject, Trust, judge, store};
    let read = |name: &str| fs::read(super::fixture(&format!("signatures/{name}"))).unwrap();
    let text = |name: &str| String::from_utf8(read(name)).unwrap();
    let file = read("artifact.txt");
    let sha256 = store::sha256(&file);
    let known = Known::Key(PublicKey::from_pem(&text("cosign.pub")).unwrap());
    let mut policy = Policy::one_of(vec![Signer {
        name: "release".to_owned(),
        known,
    }]);
    let root = Trust::from_json(&text("trusted_root.json")).unwrap();
    let evidence = [Evidence::bundle("key-log", &read("blob/key-log.json"))];
    for (log, timestamp, check) in [(Some(true), false, Check::Log), (None, true, Check::Timestamp)] {
        (policy.log, policy.timestamp) = (log, timestamp);
        let subject = Subject::File(&sha256, &file);
        assert!(judge(&subject, &evidence, &policy, Some(&root)).is_verified());
        let verdict = judge(&subject, &evidence, &policy, None);
        assert!(!verdict.is_verified());
        assert_eq!(
            verdict.refusals().map(|(_, refusal)| refusal.check).collect::<Vec<_>>(),
            [check]
        );
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

[[attestation]]
type = "no type at all"

[[attestation]]
type = ""
"#;
    let (code, shown) = verify(policy, &["key.json"]);
    assert_eq!(code, 2, "{shown}");
    insta::assert_snapshot!(shown);
}

#[test]
fn a_name_twice_a_root_that_is_not_there_and_a_threshold() {
    let policy = format!("version = 1\nthreshold = -1\ntrusted-root = \"nothing.json\"\n{KEY}{KEY}");
    let (code, shown) = verify(&policy, &["key.json"]);
    assert_eq!(code, 2, "{shown}");
    insta::assert_snapshot!(shown);
}

#[test]
fn what_an_attestation_lacks_is_said_once() {
    let require = "[[attestation.require]]\npath = '$.buildDefinition.buildType'\nequals = 'x'\n";
    let attestation = format!("[[attestation]]\ntype = \"https://slsa.dev/provenance/v1\"\n{require}");
    let policy = format!("{ROOT}{IDENTITY}{attestation}");
    insta::assert_snapshot!(verify(&policy, &["slsa.json", "keyless.json"]).1);
}

#[test]
fn policies_that_demand_nothing() {
    for (policy, said) in [
        ("", "a policy needs its `version`"),
        ("", "nobody is accepted"),
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
            "no such number of signatures",
        ),
        (
            &format!("version = 1\nthreshold = 257\n{KEY}"),
            "no such number of signatures",
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
