//! `slt ship --dry-run`: what would be done, with the digest that would be pushed, and nothing of it.

use super::{Home, SLIGHTFILE, shipped};
use crate::registry::server::Server;

#[test]
fn the_digest_is_the_one_that_is_pushed() {
    let (home, server) = (Home::new(), Server::start());
    let reference = server.name("app:1");
    // neither a password nor a registry is needed
    let arguments = [
        "ship",
        &reference,
        "--key",
        "k.key",
        "--sbom",
        "--provenance",
        "--slightfile",
        "--tag",
        "latest",
        "--dry-run",
    ];
    let run = home.slt_in(".", &[&arguments[..], &["--format", "json"]].concat(), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let planned = shipped(&run);
    assert_eq!(planned["dry_run"], true);
    assert_eq!(server.seen().len(), 0);
    let done = home.ship(
        &server,
        "app:1",
        &["--sbom", "--provenance", "--slightfile", "--tag", "latest"],
    );
    for same in [
        "reference",
        "name",
        "digest",
        "component",
        "bytes",
        "tags",
        "slightfile",
    ] {
        assert_eq!(planned[same], done[same], "{same}");
    }
    for list in ["signatures", "attestations"] {
        let (planned, done) = (planned[list].as_array().unwrap(), done[list].as_array().unwrap());
        let about = |one: &serde_json::Value| (one["predicate_type"].clone(), one["subject"].clone());
        assert_eq!(
            planned.iter().map(about).collect::<Vec<_>>(),
            done.iter().map(about).collect::<Vec<_>>()
        );
        // nobody has signed, and no key says whose it is before it is opened
        let unknown = |name: &str| planned.iter().all(|one| one.get(name).is_none());
        assert!(unknown("referrer") && unknown("signer"));
        assert!(done.iter().all(|one| one["referrer"].is_string()));
        let is_key = |one: &serde_json::Value| one["signer"].as_str().unwrap().starts_with("key sha256:");
        assert!(done.iter().all(is_key));
    }
}

#[test]
fn people_see_what_would_be_done() {
    let home = Home::new();
    let run = home.slt(&[
        "ship",
        "registry.example.com/shop/app:1.2",
        "--key",
        "k.key",
        "--sbom",
        "--provenance",
        "--slightfile",
        "--tag",
        "latest",
        "--dry-run",
        "-q",
    ]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"sha256:[0-9a-f]{64}", "[DIGEST]");
    settings.bind(|| insta::assert_snapshot!(run.shown(home.path())));
}

/// What lies in the place of the component is made anew: that it is broken, or of an older slightfile, stops nobody.
#[test]
fn an_old_component_is_in_nobodys_way() {
    let text = SLIGHTFILE.replace("component = ", "build = \"cp good.wasm hello.wasm\"\ncomponent = ");
    let good = crate::foreign::says("hello\n", 1, 0);
    // nobody offers what it imports
    let world = "package a:b; interface x { f: func(); } world w { import x; }";
    let other = crate::components::component(&[world], "", "");
    for old in [&b"\0asm, and broken"[..], &other] {
        let home = Home::with(&[
            ("slightfile.toml", text.as_bytes()),
            ("good.wasm", &good),
            ("hello.wasm", old),
        ]);
        let check = home.slt(&["check"]);
        assert_eq!(check.code, 1, "{}", check.stdout);
        let run = home.slt(&["ship", "registry.example.com/app:1", "--no-sign", "--dry-run"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        // and the new one is looked at
        std::fs::write(home.path().join("good.wasm"), &other).unwrap();
        let run = home.slt(&["ship", "registry.example.com/app:1", "--no-sign", "--dry-run"]);
        assert_eq!(run.code, 1, "{}", run.stderr);
    }
}
