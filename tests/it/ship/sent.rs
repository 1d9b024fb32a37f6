//! What is in the registry afterwards, and what is not there when a step fails.

#![allow(clippy::disallowed_methods)] // what the tests were started with

use serde_json::{Value, json};

use super::{BUNDLE, Home, SIGNATURE, referrers, shipped, statement};
use crate::projects;
use crate::registry::server::{Auth, Fault, Server};

#[test]
fn everything_is_there_and_refers_to_the_digest() {
    let (home, server) = (Home::new(), Server::start());
    let more = [
        "--sbom",
        "--sbom=spdx",
        "--provenance",
        "--slightfile",
        "--tag",
        "latest",
    ];
    let line = home.ship(&server, "shop/app:1.2", &more);
    let digest = line["digest"].as_str().unwrap();
    assert_eq!(line["name"], server.name(&format!("shop/app@{digest}")));
    assert_eq!(line["dry_run"], false);
    for tag in ["1.2", "latest"] {
        assert_eq!(server.digest("shop/app", tag).as_deref(), Some(digest));
    }

    // the component is the one that lies here
    let manifest = server.manifest("shop/app", digest).unwrap();
    let layer = server
        .blob("shop/app", manifest["layers"][0]["digest"].as_str().unwrap())
        .unwrap();
    assert_eq!(layer, std::fs::read(home.path().join("dist/hello.wasm")).unwrap());

    // a signature and three attestations of the artifact, and one of its slightfile
    let all = referrers(&server, "shop/app", digest);
    let bundles = all.iter().filter(|manifest| manifest["artifactType"] == BUNDLE);
    let mut statements: Vec<Value> = bundles
        .map(|manifest| statement(&server, "shop/app", manifest))
        .collect();
    statements.sort_by_key(|statement| statement["predicateType"].to_string());
    let types: Vec<&str> = statements
        .iter()
        .map(|s| s["predicateType"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "https://cyclonedx.org/bom",
            SIGNATURE,
            "https://slsa.dev/provenance/v1",
            "https://spdx.dev/Document",
        ],
    );
    for statement in &statements {
        assert_eq!(
            format!(
                "sha256:{}",
                statement["subject"][0]["digest"]["sha256"].as_str().unwrap()
            ),
            digest
        );
    }
    let attested: Vec<_> = line["attestations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| &a["predicate_type"])
        .collect();
    assert_eq!(attested.len(), 3);
    let of = |kind: &str| &statements.iter().find(|s| s["predicateType"] == kind).unwrap()["predicate"];
    let component = &of("https://cyclonedx.org/bom")["metadata"]["component"];
    assert_eq!(
        (&component["name"], &component["version"]),
        (&json!("hello"), &json!("1.2.3"))
    );
    assert_eq!(
        format!("sha256:{}", component["hashes"][0]["content"].as_str().unwrap()),
        line["component"]
    );
    let parameters = &of("https://slsa.dev/provenance/v1")["buildDefinition"]["externalParameters"];
    assert_eq!(parameters["name"], "hello");
    assert_eq!(parameters.get("release"), None, "another toolchain built it");

    let slightfile = line["slightfile"].as_str().unwrap();
    let signed: Vec<_> = line["signatures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["subject"])
        .collect();
    assert_eq!(signed, [digest, slightfile]);
    assert_eq!(referrers(&server, "shop/app", slightfile).len(), 1);

    // and slt verifies all of it
    let reference = server.name("shop/app:1.2");
    for kind in [None, Some("cyclonedx"), Some("spdx"), Some("slsaprovenance1")] {
        let mut arguments = vec!["verify", &reference, "--key", "k.pub"];
        arguments.extend(kind.iter().flat_map(|kind| ["--type", *kind]));
        let run = home.slt(&arguments);
        assert_eq!(run.code, 0, "{kind:?}: {}", run.stderr);
    }
}

#[test]
fn it_is_the_same_again_without_the_referrers_api() {
    let home = Home::new();
    let (with, without) = (Server::start(), Server::with(Auth::None, false));
    let more = ["--slightfile", "--sbom"];
    let first = home.ship(&with, "app:1", &more);
    let second = home.ship(&without, "app:1", &more);
    for same in ["digest", "component", "slightfile"] {
        assert_eq!(first[same], second[same]);
    }
    let digest = second["digest"].as_str().unwrap();
    assert_eq!(referrers(&without, "app", digest).len(), 3);
}

#[test]
fn a_step_that_fails_leaves_no_tag() {
    for (what, method, path, times) in [
        ("push", "PUT", "/manifests/sha256:", 100),
        ("sign", "GET", "/referrers/", 0),
        ("tag", "PUT", "/manifests/1", 100),
    ] {
        let (home, server) = (Home::new(), Server::start());
        let fault = Fault::Answer(403, Vec::new(), b"{}".to_vec());
        server.fault(method, path, times, fault);
        if what == "sign" {
            // what is pushed behind the artifact itself: the bundle
            server.fault(
                "HEAD",
                "/blobs/sha256:44136fa3",
                100,
                Fault::Answer(403, Vec::new(), Vec::new()),
            );
        }
        let run = home.slt(&["ship", &server.name("app:1"), "--key", "k.key"]);
        assert_eq!(run.code, 3, "{what}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{what}");
        assert!(run.stderr.contains(&format!("{what} failed")), "{what}: {}", run.stderr);
        assert_eq!(server.digest("app", "1"), None, "{what}");
        assert!(
            run.stderr.contains("what was pushed has no tag"),
            "{what}: {}",
            run.stderr
        );
    }
}

/// Tags are given one after the other: which of them were is said, to people and to programs.
#[test]
fn a_tag_that_fails_behind_another_is_told_apart_from_it() {
    let refused = || Fault::Answer(403, Vec::new(), b"{}".to_vec());
    let cases = [
        (
            "/manifests/1",
            refused(),
            json!([[], [], ["1", "latest", "next"]]),
            "what was pushed has no tag: `1`, `latest`, `next` are what they were before",
        ),
        (
            "/manifests/latest",
            refused(),
            json!([["1"], [], ["latest", "next"]]),
            "`1` is now [NAME]; `latest`, `next` are what they were before",
        ),
        (
            "/manifests/next",
            refused(),
            json!([["1", "latest"], [], ["next"]]),
            "`1`, `latest` are now [NAME]; `next` is what it was before",
        ),
        (
            "/manifests/latest",
            Fault::LoseAnswer,
            json!([["1"], ["latest"], ["next"]]),
            "`1` is now [NAME]; `latest` may be, too: the registry has not said so; `next` is what it was before",
        ),
        (
            "/manifests/1",
            Fault::Answer(503, vec![("retry-after", "0".to_owned())], Vec::new()),
            json!([[], ["1"], ["latest", "next"]]),
            "`1` may be [NAME] now: the registry has not said so; `latest`, `next` are what they were before",
        ),
    ];
    // what has no end is waited for: side by side
    std::thread::scope(|scope| {
        for (failing, fault, state, said) in &cases {
            for is_json in [true, false] {
                scope.spawn(move || tagged(failing, fault.clone(), state, said, is_json));
            }
        }
    });
}

/// Ships to three tags, of which one fails, and compares what is said with what is so.
fn tagged(failing: &str, fault: Fault, state: &Value, said: &str, is_json: bool) {
    let (home, server) = (Home::new(), Server::start());
    server.fault("PUT", failing, usize::MAX, fault);
    let reference = server.name("app:1");
    let arguments = ["ship", &reference, "--key", "k.key", "--tag", "latest", "--tag", "next"];
    let how: &[&str] = if is_json { &["--format", "json"] } else { &["-q"] };
    let run = home.slt(&[&arguments, how].concat());
    assert_eq!(run.code, 3, "{said}: {}", run.stderr);
    let tags = |number: usize| {
        let tags = state[number].as_array().unwrap().iter();
        tags.map(|tag| server.digest("app", tag.as_str().unwrap()))
    };
    let digest = server.seen().iter().find_map(|seen| {
        let name = seen.path.strip_prefix("/v2/app/manifests/")?;
        (seen.method == "PUT" && name.starts_with("sha256:") && seen.status == 201).then(|| name.to_owned())
    });
    assert!(tags(0).all(|tag| tag == digest), "{said}");
    assert!(tags(2).all(|tag| tag.is_none()), "{said}");
    let name = server.name(&format!("app@{}", digest.unwrap()));
    if is_json {
        let last: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
        assert_eq!((&last["kind"], &last["name"]), (&json!("tags"), &json!(name)), "{said}");
        assert_eq!(&json!([last["given"], last["uncertain"], last["not_given"]]), state);
    } else {
        assert!(
            run.stderr.replace(&name, "[NAME]").contains(&format!("note: {said}\n")),
            "{said}: {}",
            run.stderr
        );
    }
}

#[test]
fn what_was_tagged_before_stays_when_a_test_fails() {
    let server = Server::start();
    let first = Home::new().ship(&server, "app:1", &[]);
    let text = format!("{}\n[test]\ncomponents = [\"suite.wasm\"]\n", super::SLIGHTFILE);
    let suite = crate::foreign::says("no list\n", 1, 1);
    let home = Home::with(&[("slightfile.toml", text.as_bytes()), ("suite.wasm", &suite)]);
    server.forget_seen();
    let run = home.slt(&["ship", &server.name("app:1"), "--key", "k.key"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("test failed"), "{}", run.stderr);
    assert_eq!(server.digest("app", "1").as_deref(), first["digest"].as_str());
    assert_eq!(
        server.count("PUT", "") + server.count("POST", ""),
        0,
        "nothing was sent"
    );
    // and without its tests it goes
    let run = home.slt(&["ship", &server.name("app:1"), "--key", "k.key", "--no-test"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stderr.contains("test left out: as `--no-test` says"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_is_missing_is_said_before_anything_is_built() {
    let (home, server) = (Home::new(), Server::start());
    let reference = server.name("app:1");
    let private = Server::with(
        Auth::Basic {
            user: "me",
            password: "secret",
        },
        true,
    );
    let closed = private.name("app:1");
    for (what, arguments, environment, code, said) in [
        (
            "no key",
            vec![reference.as_str()],
            &[][..],
            2,
            "there is nothing to sign with",
        ),
        (
            "no password",
            vec![&reference, "--key", "k.key"],
            &[],
            2,
            "cannot be used",
        ),
        (
            "another password",
            vec![&reference, "--key", "k.key"],
            &[("COSIGN_PASSWORD", "wrong")],
            2,
            "cannot be used",
        ),
        (
            "no such key",
            vec![&reference, "--key", "none.key"],
            &[],
            2,
            "cannot read `none.key`",
        ),
        (
            "no credentials",
            vec![&closed, "--no-sign"],
            &[],
            3,
            "asks for credentials",
        ),
        (
            "nobody there",
            vec!["127.0.0.1:1/app:1", "--no-sign"],
            &[],
            3,
            "cannot be reached",
        ),
        (
            "a digest",
            vec![
                "a.example/app@sha256:0000000000000000000000000000000000000000000000000000000000000000",
                "--no-sign",
            ],
            &[],
            2,
            "is a digest",
        ),
        (
            "no tag",
            vec![&reference, "--no-sign", "--tag", "a b"],
            &[],
            2,
            "is no tag",
        ),
        ("no registry", vec!["app:1", "--no-sign"], &[], 2, "names no registry"),
    ] {
        let run = home.slt_in(".", &[&["ship"], arguments.as_slice()].concat(), environment);
        assert_eq!(run.code, code, "{what}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{what}: {}", run.stderr);
        assert!(!run.stderr.contains("check"), "{what}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{what}");
        assert!(!home.path().join("dist").exists(), "{what}");
    }
}

#[test]
fn a_slightfile_with_errors_is_not_shipped() {
    let text = super::SLIGHTFILE.replace("version = \"1.2.3\"", "verion = \"1.2.3\"");
    let (home, server) = (Home::with(&[("slightfile.toml", text.as_bytes())]), Server::start());
    let run = home.slt(&["ship", &server.name("app:1"), "--no-sign"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(
        run.stderr.contains("check failed") && run.stderr.contains("verion"),
        "{}",
        run.stderr
    );
    assert_eq!(server.tags("app"), Vec::<String>::new());
}

#[test]
fn people_see_each_step() {
    let (home, server) = (Home::new(), Server::start());
    let run = home.slt(&[
        "ship",
        &server.name("app:1"),
        "--key",
        "k.key",
        "--sbom",
        "--provenance",
    ]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let address = server.address();
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"  [0-9.]+(ns|µs|ms|s)\n", "  [TIME]\n");
    settings.add_filter(r"sha256:[0-9a-f]{64}", "[DIGEST]");
    settings.add_filter(r"key sha256:[0-9a-f]{16}", "key [FINGERPRINT]");
    settings.bind(|| insta::assert_snapshot!(run.shown(home.path()).replace(&address, "[REGISTRY]")));
    // with `-q` there is the result, and nothing else
    let run = home.slt(&["ship", &server.name("app:1"), "--key", "k.key", "-q"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(
        run.stdout,
        format!("{address}/app@{}\n", server.digest("app", "1").unwrap())
    );
}

#[test]
fn a_project_in_rust_with_its_tests() {
    let server = Server::start();
    let project = projects::rust("shipped");
    let environment = [("COSIGN_PASSWORD", super::PASSWORD)];
    assert_eq!(project.slt_with(&["keygen", "k"], &environment).code, 0);
    let reference = server.name("shipped:0.1");
    let arguments = [
        "ship",
        &reference,
        "--key",
        "k.key",
        "--sbom",
        "--provenance",
        "--debug",
        "--format",
        "json",
    ];
    let run = project.slt_with(&arguments, &environment);
    assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);
    let lines: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let stages = lines
        .iter()
        .filter(|line| line["kind"] == "stage" && line["state"] == "done");
    let names: Vec<_> = stages.map(|line| line["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["check", "build", "test", "pack", "push", "sign", "attest", "tag"]
    );
    assert!(
        lines
            .iter()
            .any(|line| line["kind"] == "tests-finished" && line["failed"] == 0)
    );
    let line = shipped(&run);
    let digest = line["digest"].as_str().unwrap();
    let all = referrers(&server, "shipped", digest);
    let predicate = |kind: &str| {
        let mut statements = all.iter().map(|manifest| statement(&server, "shipped", manifest));
        statements.find(|statement| statement["predicateType"] == kind).unwrap()["predicate"].clone()
    };
    let provenance = predicate("https://slsa.dev/provenance/v1");
    let definition = &provenance["buildDefinition"];
    assert_eq!(definition["externalParameters"]["target"], "wasm32-wasip2");
    assert_eq!(definition["externalParameters"]["release"], false);
    let lock = std::fs::read(project.path().join("Cargo.lock")).unwrap();
    let dependencies = definition["resolvedDependencies"].as_array().unwrap();
    let named = |name: &str| {
        dependencies
            .iter()
            .find(|dependency| dependency["name"] == name)
            .unwrap()
    };
    assert_eq!(
        named("Cargo.lock")["digest"]["sha256"],
        slt::registry::Digest::of(&lock).hex()
    );
    assert!(
        named("rustc")["annotations"]["version"]
            .as_str()
            .unwrap()
            .starts_with("1.")
    );
    assert_eq!(provenance["runDetails"]["builder"]["id"], "urn:slt:builder:local");
    for own in [project.path().to_str().unwrap(), &std::env::var("HOME").unwrap()] {
        assert!(!provenance.to_string().contains(own), "{own}");
    }
    assert!(
        predicate("https://cyclonedx.org/bom")["components"]
            .as_array()
            .unwrap()
            .iter()
            .any(|c| c["name"] == "wit-bindgen")
    );
}

/// Who builds, tests or keeps passwords for slt learns nothing of what it signs with, and neither does a guest.
#[cfg(unix)]
#[test]
fn what_is_signed_with_is_for_slt_alone() {
    use std::os::unix::fs::PermissionsExt;
    const SLIGHTFILE: &str = "specversion = \"1.0\"\n\n[app]\nname = \"hello\"\ncomponent = \"hello.wasm\"\n\
                              build = \"env > built.txt\"\n";
    let (home, server) = (
        Home::with(&[("slightfile.toml", SLIGHTFILE.as_bytes())]),
        Server::start(),
    );
    let helper = home.path().join("bin/docker-credential-told");
    for (name, text) in [
        (
            "bin/docker-credential-told",
            "#!/bin/sh\nenv > \"$HOME/asked.txt\"\necho credentials not found\nexit 1\n",
        ),
        ("docker/config.json", "{\"credsStore\": \"told\"}"),
    ] {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (bin, docker) = (home.path().join("bin"), home.path().join("docker"));
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let environment = [
        ("PATH", path.as_str()),
        ("DOCKER_CONFIG", docker.to_str().unwrap()),
        ("COSIGN_PASSWORD", super::PASSWORD),
        ("SIGSTORE_ID_TOKEN", "zq7"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://zq7.example.com"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "zq7"),
        ("ORDINARY", "seen"),
    ];
    let shipped = home.slt_in(".", &["ship", &server.name("app:1"), "--key", "k.key"], &environment);
    assert_eq!(shipped.code, 0, "{}", shipped.stderr);
    // a registry that wants a password has the helper asked
    let closed = Server::with(
        Auth::Basic {
            user: "me",
            password: "right",
        },
        true,
    );
    let refused = home.slt_in(".", &["ship", &closed.name("app:1"), "--key", "k.key"], &environment);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    for name in ["built.txt", "asked.txt"] {
        let seen = std::fs::read_to_string(home.path().join(name)).unwrap();
        assert!(seen.contains("ORDINARY=seen"), "{name}: {seen}");
        assert!(
            !seen.contains(super::PASSWORD) && !seen.contains("zq7"),
            "{name}: {seen}"
        );
    }
    // a slightfile that asks for them gets nothing
    for name in ["COSIGN_PASSWORD", "SIGSTORE_ID_TOKEN"] {
        let text = format!(
            "{}\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\n[capability.configs]\n\
             REDIS_ADDRESS = \"${{envvars.{name}}}\"\n",
            super::SLIGHTFILE
        );
        std::fs::write(home.path().join("asks.toml"), text).unwrap();
        let run = home.slt_in(".", &["-c", "asks.toml", "run", "hello.wasm"], &environment);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(
            run.stderr.contains(name) && !run.stderr.contains("zq7"),
            "{}",
            run.stderr
        );
    }
}

/// A statement in a public log stays there: no line of a shell is in it, which may have a token in it.
#[test]
fn a_provenance_has_the_program_that_built_and_not_its_line() {
    let slightfile = "specversion = \"1.0\"\n\n[app]\nname = \"hello\"\ncomponent = \"hello.wasm\"\n\
                      build = \"API_TOKEN=zq7 env --help zq8 > seen.txt\"\n";
    let (home, server) = (
        Home::with(&[("slightfile.toml", slightfile.as_bytes())]),
        Server::start(),
    );
    let line = home.ship(&server, "app:1", &["--provenance"]);
    let all = referrers(&server, "app", line["digest"].as_str().unwrap());
    let statements = all.iter().map(|manifest| statement(&server, "app", manifest));
    let provenance = statements
        .into_iter()
        .find(|s| s["predicateType"] == "https://slsa.dev/provenance/v1");
    let provenance = provenance.unwrap();
    assert_eq!(
        provenance["predicate"]["buildDefinition"]["externalParameters"]["command"],
        "env"
    );
    let text = provenance.to_string();
    assert!(!text.contains("zq7") && !text.contains("zq8"), "{text}");
}
