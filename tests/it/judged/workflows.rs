//! The workflow files of `docs/ci`: read by a YAML parser, and the script run from a project's folder to a verified artifact.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{PASSWORD, services};
use crate::workflows;
use crate::{guests, process};

/// Every text in a document.
fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        _ => {}
    }
}

#[test]
#[ignore = "needs the judges of artifacts"]
fn yaml_says_what_it_seems_to_say() {
    let judges = services();
    for file in workflows::files()
        .into_iter()
        .filter(|file| file.extension().is_some_and(|end| end == "yml"))
    {
        let run = Command::new(&judges.local).arg("yaml").arg(&file).output().unwrap();
        assert!(
            run.status.success(),
            "{}: {}",
            file.display(),
            String::from_utf8_lossy(&run.stderr)
        );
        let document: Value = serde_json::from_slice(&run.stdout).unwrap();
        let mut found = Vec::new();
        texts(&document, &mut found);
        let mut parsed: Vec<String> = found.iter().flat_map(|text| workflows::lines(text)).collect();
        let mut written = workflows::lines(&std::fs::read_to_string(&file).unwrap());
        parsed.sort();
        written.sort();
        assert_eq!(parsed, written, "{}", file.display());
    }
}

/// Runs the script in a project, with the registry and the Sigstore of the judges.
fn ship(project: &Path, reference: &str, environment: &[(&str, &str)]) {
    let judges = services();
    let slt = Path::new(env!("CARGO_BIN_EXE_slt")).parent().unwrap();
    let path = std::env::join_paths(
        [slt.to_owned()]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let run = Command::new("sh")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci/ship.sh"))
        .arg("--debug")
        .current_dir(project)
        .env("PATH", path.unwrap())
        .env("DOCKER_CONFIG", judges.folder.join("docker"))
        .env("CARGO_TARGET_DIR", guests::target())
        .env("SLT_CACHE_DIR", guests::target().join("slt"))
        .env_remove("GITHUB_ACTIONS")
        .env("REFERENCE", reference)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = [run.stdout, run.stderr]
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .concat();
    assert!(run.status.success(), "{said}");
}

#[test]
#[ignore = "needs the judges of artifacts"]
fn the_script_ships_and_verifies() {
    let judges = services();
    let here = crate::command::folder(&[]);
    let project = shortener(here.path());
    let text = |path: &PathBuf| path.to_str().unwrap().to_owned();
    let (trust, config) = (text(&judges.trusted_root), text(&judges.signing_config));
    for (number, registry) in [&judges.plain, &judges.referrers].into_iter().enumerate() {
        let token = process::http(
            judges.issuer.strip_prefix("http://").unwrap(),
            "GET",
            "/token?kind=uri",
            "",
        )
        .body;
        let reference = format!("{registry}/workflows/app:v{number}");
        let identity = format!("{}/acme/app/.workflows/release.yml@refs/heads/main", judges.issuer);
        let issuer = format!("{}/ci", judges.issuer);
        ship(
            &project,
            &reference,
            &[
                ("SIGSTORE_ID_TOKEN", &token),
                ("IDENTITY", &identity),
                ("ISSUER", &issuer),
                ("TRUSTED_ROOT", &trust),
                ("SIGNING_CONFIG", &config),
            ],
        );
        let whose = [
            "--certificate-identity",
            &identity,
            "--certificate-oidc-issuer",
            &issuer,
            "--trusted-root",
            &trust,
        ];
        for verify in [
            &["verify"][..],
            &["verify-attestation", "--type", "cyclonedx"],
            &["verify-attestation", "--type", "slsaprovenance1"],
        ] {
            let run = judges.run("cosign", here.path(), &[verify, &whose, &[&reference]].concat());
            assert_eq!(run.code, 0, "{verify:?}: {}", run.stderr);
        }
    }
    let made = judges.run("cosign", here.path(), &["generate-key-pair"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let [private, public] = ["cosign.key", "cosign.pub"].map(|name| text(&here.path().join(name)));
    let reference = format!("{}/workflows/keyed:v1", judges.plain);
    ship(
        &project,
        &reference,
        &[
            ("SLT_KEY", &private),
            ("SLT_PUBLIC_KEY", &public),
            ("COSIGN_PASSWORD", PASSWORD),
        ],
    );
    let run = judges.run(
        "cosign",
        here.path(),
        &["verify", "--key", &public, "--insecure-ignore-tlog", &reference],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
}

/// A project as `slt new` writes it.
fn shortener(here: &Path) -> PathBuf {
    let run = crate::command::slt(here, &["new", "shortener"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    here.join("shortener")
}
