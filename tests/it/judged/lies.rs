//! The tables of lies, put to cosign: where it refuses, slt refuses (`crate::refusals` holds that), and it takes none that the tables
//! do not say it takes.

use std::collections::BTreeSet;

use super::{Services, services};
use crate::refusals::scene::{By, Cosign, Scene};
use crate::refusals::{CASES, flips, none};

/// Whether cosign takes a scene, and what it says.
fn verify(judges: &Services, scene: &Scene) -> (bool, String) {
    let folder = scene.written();
    let mut arguments = vec!["verify-blob", "--bundle", "bundle.json", "--trusted-root", "root.json"];
    match &scene.by {
        By::Key => arguments.extend(["--key", "key.pub"]),
        By::Identity { identity, issuer } => {
            arguments.extend(["--certificate-identity", identity, "--certificate-oidc-issuer", issuer]);
        }
    }
    if !scene.log {
        arguments.push("--insecure-ignore-tlog");
        if matches!(scene.by, By::Identity { .. }) {
            arguments.push("--use-signed-timestamps");
        }
    }
    if scene.bundle.get("dsseEnvelope").is_some() {
        arguments[0] = "verify-blob-attestation";
        arguments.extend(["--type", "slsaprovenance1"]);
    }
    arguments.push("file");
    let run = judges.run("cosign", folder.path(), &arguments);
    (run.code == 0, run.stderr)
}

#[test]
#[ignore = "needs the judges of artifacts"]
fn cosign_believes_the_fixtures() {
    let judges = services();
    let problems = CASES.iter().filter_map(|case| {
        let (believed, said) = verify(judges, &Scene::of(case.of));
        (!believed).then(|| format!("{}: {said}", case.of))
    });
    none(&problems.collect::<Vec<_>>());
}

#[test]
#[ignore = "needs the judges of artifacts"]
fn cosign_on_every_lie() {
    let judges = services();
    let problems = CASES.iter().filter_map(|case| {
        let (believed, said) = verify(judges, &case.scene());
        let expected = matches!(case.cosign, Cosign::Accepts(_));
        (believed != expected).then(|| format!("{}: cosign takes it: {believed}, {said}", case.name))
    });
    none(&problems.collect::<Vec<_>>());
}

#[test]
#[ignore = "needs the judges of artifacts"]
fn cosign_on_a_byte_in_every_field() {
    let judges = services();
    let (mut problems, mut taken, mut unread) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for flip in flips() {
        let (believed, said) = verify(judges, &flip.scene);
        unread.extend(flip.unread_by_cosign);
        match (believed, flip.unread_by_cosign) {
            (true, Some(field)) => drop(taken.insert(field)),
            (true, None) => problems.push(format!("{}: cosign takes it: {said}", flip.name)),
            (false, _) => {}
        }
    }
    none(&problems);
    assert_eq!(taken, unread, "what is said to be unread is");
}
