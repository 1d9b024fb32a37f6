//! What `slt ship` attests, and what a release of slt consists of, in cosign's eyes.

use super::Home;
use super::release::Release;
use crate::judged::services;

#[test]
#[ignore = "needs the judges of artifacts"]
fn cosign_verifies_all_that_is_shipped() {
    let services = services();
    let home = Home::new();
    for registry in [&services.plain, &services.referrers] {
        let reference = format!("{registry}/shipped:1");
        let run = home.slt(&[
            "ship",
            &reference,
            "--key",
            "k.key",
            "--sbom",
            "--sbom=spdx",
            "--provenance",
            "--slightfile",
        ]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let image = run.stdout.trim();
        let common = ["--key", "k.pub", "--insecure-ignore-tlog", "--allow-http-registry"];
        let verified = services.run("cosign", home.path(), &[&["verify"], &common[..], &[image]].concat());
        assert_eq!(verified.code, 0, "{registry}: {}", verified.stderr);
        for kind in ["cyclonedx", "spdxjson", "slsaprovenance1"] {
            let arguments = [&["verify-attestation", "--type", kind], &common[..], &[image]].concat();
            let verified = services.run("cosign", home.path(), &arguments);
            assert_eq!(verified.code, 0, "{registry}, {kind}: {}", verified.stderr);
        }
        // and not with another key
        home.keys("other");
        let other = ["--key", "other.pub", "--insecure-ignore-tlog", "--allow-http-registry"];
        let refused = services.run("cosign", home.path(), &[&["verify"], &other[..], &[image]].concat());
        assert_ne!(refused.code, 0, "{registry}");
        std::fs::remove_file(home.path().join("other.key")).unwrap();
        std::fs::remove_file(home.path().join("other.pub")).unwrap();
    }
}

#[test]
#[ignore = "needs the judges of artifacts"]
fn cosign_verifies_a_release() {
    let (services, release) = (services(), Release::new());
    for name in &release.files {
        let bundle = format!("{name}.sigstore.json");
        let common = ["--key", "../k.pub", "--insecure-ignore-tlog", "--bundle", &bundle];
        let verified = services.run(
            "cosign",
            &release.out(),
            &[&["verify-blob", name], &common[..]].concat(),
        );
        assert_eq!(verified.code, 0, "{name}: {}", verified.stderr);
    }
    // and a file with another's signature it does not
    let bundle = format!("{}.sigstore.json", release.files[0]);
    let common = ["--key", "../k.pub", "--insecure-ignore-tlog", "--bundle", &bundle];
    let arguments = [&["verify-blob", &release.files[1]], &common[..]].concat();
    assert_ne!(services.run("cosign", &release.out(), &arguments).code, 0);
}
