//! The tables of lies, put to cosign: where it refuses, slt refuses (`crate::refusals` holds that), and it takes none that the tables
//! do not say it takes.

use std::collections::BTreeSet;

use super::{Services, services};
use crate::command::folder;
use crate::refusals::images::Question;
use crate::refusals::scene::{By, Cosign, Scene, fixture};
use crate::refusals::{CASES, IMAGES, flips, none};

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
    if scene.is_attestation {
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

/// Whether cosign takes an image, and what it says.
fn verify_image(judges: &Services, asked: Question) -> (bool, String) {
    let here = folder(&[("key.pub", &asked.key), ("root.json", &fixture("trusted_root.json"))]);
    let is_sig = asked.tag.starts_with("sig");
    let name = match &asked.digest {
        Some(digest) => format!("app@{digest}"),
        None => format!("app:{}", asked.tag),
    };
    let served = asked.repository.serve();
    let mut arguments = vec!["verify"];
    match &asked.by {
        By::Key => arguments.extend(["--key", "key.pub"]),
        By::Identity { identity, issuer } => {
            arguments.extend(["--certificate-identity", identity, "--certificate-oidc-issuer", issuer]);
        }
    }
    arguments.extend(["--trusted-root", "root.json"]);
    if !asked.log {
        arguments.push("--insecure-ignore-tlog");
        if matches!(asked.by, By::Identity { .. }) {
            arguments.push("--use-signed-timestamps");
        }
    }
    if is_sig {
        arguments.push("--new-bundle-format=false");
    }
    let image = format!("{}/{name}", served.address);
    arguments.push(&image);
    let run = judges.run("cosign", here.path(), &arguments);
    (run.code == 0, run.stderr)
}

#[test]
#[ignore = "needs the judges of artifacts"]
fn cosign_on_images() {
    let judges = services();
    let of: BTreeSet<&str> = IMAGES
        .iter()
        .map(|case| case.of)
        .filter(|of| *of != "unsigned")
        .collect();
    let controls = of.iter().filter_map(|of| {
        let (believed, said) = verify_image(judges, Question::of(of));
        (!believed).then(|| format!("{of}: {said}"))
    });
    let lies = IMAGES.iter().filter_map(|case| {
        let (believed, said) = verify_image(judges, case.question());
        let expected = matches!(case.cosign, Cosign::Accepts(_));
        (believed != expected).then(|| format!("{}: cosign takes it: {believed}, {said}", case.name))
    });
    none(&controls.chain(lies).collect::<Vec<_>>());
}
