//! What slt says of every case of the tables: the check that refuses it, by name.

use std::collections::BTreeSet;

use slt::registry::Digest;
use slt::signing::policy::{Attestation, Known, Matcher, Signer};
use slt::signing::{Evidence, Judgement, Outcome, Policy, PublicKey, Subject, Trust, judge};

use super::scene::{By, Scene};
use super::{CASES, flips, none};

const SLSA: &str = "https://slsa.dev/provenance/v1";

fn policy(by: &By, key: &[u8], log: bool) -> Policy {
    let known = match by {
        By::Key => Known::Key(PublicKey::from_pem(std::str::from_utf8(key).unwrap()).unwrap()),
        By::Identity { identity, issuer } => Known::Identity {
            identity: Matcher::Exact(identity.clone()),
            issuer: Matcher::Exact(issuer.clone()),
        },
    };
    let mut policy = Policy::one_of(vec![Signer {
        name: "dev".to_owned(),
        known,
    }]);
    policy.log = Some(log);
    policy
}

/// What became of a file: `believed`, `nothing`, or the check.
fn verify(scene: &Scene) -> String {
    let mut policy = policy(&scene.by, &scene.key, scene.log);
    if scene.is_attestation {
        policy.threshold = 0;
        policy.attestations.push(Attestation {
            predicate_type: SLSA.to_owned(),
            signers: Vec::new(),
            conditions: Vec::new(),
        });
    }
    let trust = match Trust::from_json(&scene.root.to_string()) {
        Ok(trust) => trust,
        Err(error) => return error.to_string(),
    };
    let sha256 = Digest::of(&scene.file).hex().to_owned();
    let evidence = [Evidence::bundle("bundle.json", &scene.written_bundle())];
    said(&judge(
        &Subject::File(&sha256, &scene.file),
        &evidence,
        &policy,
        Some(&trust),
    ))
}

fn said(verdict: &slt::signing::Verdict) -> String {
    match verdict.outcome {
        Outcome::Verified => "believed".to_owned(),
        Outcome::NotFound => "nothing".to_owned(),
        Outcome::Refused => {
            let refusals = verdict.findings.iter().filter_map(|finding| match &finding.judgement {
                Judgement::Refused(refusal) => Some(refusal.to_string()),
                _ => None,
            });
            refusals.collect::<Vec<_>>().join("\n")
        }
    }
}

fn differs(said: &str, expected: &str) -> Option<String> {
    let is_said = |check: &str| said == check || said.lines().any(|line| line.starts_with(&format!("{check}: ")));
    let is_so = expected.split('|').any(is_said);
    (!is_so).then(|| format!("expected `{expected}`, and it is said: {said}"))
}

#[test]
fn controls_are_believed() {
    let all: BTreeSet<&str> = CASES.iter().map(|case| case.of).collect();
    assert!(all.len() > 5);
    let problems = all
        .iter()
        .filter_map(|of| Some(format!("{of}: {}", differs(&verify(&Scene::of(of)), "believed")?)));
    none(&problems.collect::<Vec<_>>());
}

#[test]
fn lies_about_files() {
    assert!(CASES.len() >= 40, "{}", CASES.len());
    let problems = CASES.iter().filter_map(|case| {
        Some(format!(
            "{}: {}",
            case.name,
            differs(&verify(&case.scene()), case.refused)?
        ))
    });
    none(&problems.collect::<Vec<_>>());
}

#[test]
fn a_byte_in_every_field() {
    let flips = flips();
    assert!(flips.len() > 60, "{}", flips.len());
    let problems = flips.iter().filter_map(|flip| {
        Some(format!(
            "{}: {}",
            flip.name,
            differs(&verify(&flip.scene), flip.refused)?
        ))
    });
    none(&problems.collect::<Vec<_>>());
}
