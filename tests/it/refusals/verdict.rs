//! `slt verify` on every case of the tables, as a user calls it: the exit code, and the name of the check that refused.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::images::{Question, Verdict};
use super::repository::Served;
use super::scene::{By, Scene, fixture};
use super::{CASES, IMAGES, flips, none};
use crate::command::{Run, folder, slt, slt_with};

/// The flags that ask for somebody's signature; `key.pub` and `root.json` lie in the folder.
pub fn flags(by: &By, log: bool) -> Vec<&str> {
    let mut flags = vec!["--trusted-root", "root.json"];
    match by {
        By::Key => flags.extend(["--key", "key.pub"]),
        By::Identity { identity, issuer } => flags.extend(["--identity", identity, "--issuer", issuer]),
    }
    flags.push(match (by, log) {
        (By::Key, true) => "--require-log",
        (By::Identity { .. }, false) => "--insecure-ignore-tlog",
        _ => return flags,
    });
    flags
}

fn verify(here: &Path, target: &str, flags: &[&str]) -> String {
    said(&slt(here, &[&["verify", target, "--format", "json"], flags].concat()))
}

/// First how it ended: `believed`, `nothing`, `refused`, or `exit CODE` where that does not belong to it. Then a line for each piece that
/// a check refused, `check: reason`, whatever came of the others; and the error, as people read it.
pub fn said(run: &Run) -> String {
    let lines = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    let outcome = lines.iter().find_map(|line| line["outcome"].as_str());
    let mut all = match (outcome, run.code) {
        (Some("verified"), 0) => "believed\n".to_owned(),
        (Some("not-found"), 1) => "nothing\n".to_owned(),
        (Some("refused") | None, 1) => "refused\n".to_owned(),
        (outcome, code) => format!("exit {code}, {outcome:?}\n"),
    };
    for line in lines.iter().filter(|line| line["result"] == "refused") {
        all.push_str(&format!(
            "{}: {}\n",
            line["check"].as_str().unwrap(),
            line["reason"].as_str().unwrap()
        ));
    }
    for error in run.stderr.lines().filter(|line| line.starts_with("error: ")) {
        all.push_str(&format!("{error}\n"));
        // of what could not be read at all there is no line on standard output
        if let (None, Some((_, reason))) = (outcome, error.split_once("is not verified: ")) {
            all.push_str(&format!("{reason}\n"));
        }
    }
    all
}

pub fn ended(said: &str) -> &str {
    said.lines().next().unwrap_or_default()
}

/// Without the digits of digests: other fixtures have others.
fn undigested(text: &str) -> String {
    let digests = regex::Regex::new("(sha256[:-])[0-9a-f]{64}").unwrap();
    digests.replace_all(text, "$1…").into_owned()
}

/// Whether a piece was refused by this check, by its name.
pub fn has(said: &str, check: &str) -> bool {
    said.lines().any(|line| line.starts_with(&format!("{check}: ")))
}

/// What differs from what was expected: `believed`, `nothing`, or the check that refuses.
fn differs(said: &str, expected: &str) -> Option<String> {
    let is_so = match expected {
        "believed" | "nothing" => ended(said) == expected,
        check => ended(said) == "refused" && has(said, check),
    };
    (!is_so).then(|| format!("expected `{expected}`, and it is said: {said}"))
}

fn verify_scene(scene: &Scene) -> String {
    let here = scene.written();
    let mut flags = flags(&scene.by, scene.log);
    flags.extend(["--bundle", "bundle.json"]);
    if scene.is_attestation {
        flags.extend(["--type", "slsaprovenance1"]);
    }
    verify(here.path(), "file", &flags)
}

fn verify_image(asked: Question) -> String {
    let here = folder(&[("key.pub", &asked.key), ("root.json", &fixture("trusted_root.json"))]);
    let served = asked.repository.serve();
    let target = match &asked.digest {
        Some(digest) => format!("{}/app@{digest}", served.address),
        None => format!("{}/app:{}", served.address, asked.tag),
    };
    verify(here.path(), &target, &flags(&asked.by, asked.log)).replace(&served.address, "HOST")
}

#[test]
fn controls_are_believed() {
    let files: BTreeSet<&str> = CASES.iter().map(|case| case.of).collect();
    assert!(files.len() > 5);
    let files = files
        .iter()
        .filter_map(|of| Some(format!("{of}: {}", differs(&verify_scene(&Scene::of(of)), "believed")?)));
    let images: BTreeSet<&str> = IMAGES
        .iter()
        .map(|case| case.of)
        .filter(|of| *of != "unsigned")
        .collect();
    assert!(images.len() > 5);
    let images = images.iter().filter_map(|of| {
        Some(format!(
            "{of}: {}",
            differs(&verify_image(Question::of(of)), "believed")?
        ))
    });
    none(&files.chain(images).collect::<Vec<_>>());
}

#[test]
fn lies_about_files() {
    assert!(CASES.len() >= 40, "{}", CASES.len());
    let problems = CASES.iter().filter_map(|case| {
        Some(format!(
            "{}: {}",
            case.name,
            differs(&verify_scene(&case.scene()), case.refused)?
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
            differs(&verify_scene(&flip.scene), flip.refused)?
        ))
    });
    none(&problems.collect::<Vec<_>>());
}

#[test]
fn lies_about_images() {
    let problems = IMAGES.iter().filter_map(|case| {
        let said = verify_image(case.question());
        let is_so = match case.verdict {
            Verdict::Believed => said == "believed\n",
            Verdict::BelievedBeside(check) => ended(&said) == "believed" && has(&said, check),
            Verdict::Nothing => ended(&said) == "nothing" && said.lines().count() == 2,
            Verdict::Refused(check) => differs(&said, check).is_none(),
            Verdict::RefusedAs(line) => {
                ended(&said) == "refused" && undigested(&said).lines().any(|found| found == line)
            }
        };
        (!is_so).then(|| format!("{}: expected {:?}, and it is said: {said}", case.name, case.verdict))
    });
    none(&problems.collect::<Vec<_>>());
}

/// A folder with whom to trust and a slightfile, and a tag that names another image as soon as it has been asked for.
fn moving(of: &str) -> (tempfile::TempDir, Served, String) {
    let mut asked = Question::of(of);
    let signed = asked.repository.digest(of);
    let other = asked.repository.answers["manifests/unsigned"].clone();
    asked.repository.later.insert(format!("manifests/{of}"), other);
    let here = folder(&[
        ("key.pub", &asked.key),
        ("root.json", &fixture("trusted_root.json")),
        ("slightfile.toml", b"specversion = \"1.0\"\n"),
    ]);
    (here, asked.repository.serve(), signed)
}

const TAG: &str = "manifests/key";

#[test]
fn a_tag_that_moves_is_asked_for_once() {
    let (here, served, signed) = moving("key");
    let target = format!("{}/app:key", served.address);
    let verified = slt(
        here.path(),
        &["verify", &target, "--key", "key.pub", "--format", "json"],
    );
    assert_eq!(verified.code, 0, "{}", verified.stderr);
    assert!(verified.stdout.contains(&signed), "{}", verified.stdout);
    let asked = served.asked();
    assert_eq!(asked.iter().filter(|path| *path == TAG).count(), 1, "{asked:?}");
}

/// What was verified is what runs, whatever the tag means by then.
#[test]
fn a_tag_that_moves_between_verify_and_run() {
    let (here, served, signed) = moving("key");
    let other = Question::of("unsigned").repository.digest("unsigned");
    let target = format!("{}/app:key", served.address);
    let cache = here.path().join("cache");
    let run = slt_with(
        here.path(),
        &["run", &target, "--key", "key.pub"],
        &[("SLT_CACHE_DIR", cache.to_str().unwrap())],
    );
    // it is trusted, and has nothing that could run
    assert!(run.stderr.contains(&signed), "{}", run.stderr);
    assert!(!run.stderr.contains("is not verified"), "{}", run.stderr);
    let asked = served.asked();
    assert_eq!(asked.iter().filter(|path| *path == TAG).count(), 1, "{asked:?}");
    assert!(!asked.contains(&format!("manifests/{other}")), "{asked:?}");
    assert!(asked.contains(&format!("blobs/{EMPTY_COMPONENT}")), "{asked:?}");
}

#[test]
fn what_is_not_trusted_is_not_fetched() {
    let (here, served, _) = moving("unsigned");
    let cache = here.path().join("cache");
    for tag in ["unsigned", "key"] {
        let target = format!("{}/app:{tag}", served.address);
        std::fs::write(here.path().join("key.pub"), fixture("foreign/cosign.pub")).unwrap();
        let run = slt_with(
            here.path(),
            &["run", &target, "--key", "key.pub"],
            &[("SLT_CACHE_DIR", cache.to_str().unwrap())],
        );
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(run.stderr.contains("is not verified"), "{}", run.stderr);
    }
    assert!(
        !served.asked().contains(&format!("blobs/{EMPTY_COMPONENT}")),
        "{:?}",
        served.asked()
    );
}

/// A registry that gives something else for a digest: it is found, and nothing of it runs.
#[test]
fn what_is_another_than_its_digest_does_not_run() {
    let signed = Question::of("key").repository.digest("key");
    let other = Question::of("unsigned").repository.answers["manifests/unsigned"].clone();
    // a module and no component, as long as what was pushed
    let module = ("application/wasm".to_owned(), b"\0asm\x01\0\0\0".to_vec());
    for (path, other, expected) in [
        (
            format!("manifests/{signed}"),
            other,
            "error: manifest `HOST/app@sha256:…` should be sha256:…, and is sha256:…",
        ),
        (
            format!("blobs/{EMPTY_COMPONENT}"),
            module,
            "error: blob sha256:… of `HOST/app` should be sha256:…, and is sha256:…",
        ),
    ] {
        let mut repository = Question::of("key").repository;
        repository.answers.insert(path.clone(), other);
        let served = repository.serve();
        let here = folder(&[
            ("key.pub", &fixture("cosign.pub")),
            ("slightfile.toml", b"specversion = \"1.0\"\n"),
        ]);
        let cache = here.path().join("cache");
        let target = format!("{}/app@{signed}", served.address);
        let run = slt_with(
            here.path(),
            &["run", &target, "--key", "key.pub"],
            &[("SLT_CACHE_DIR", cache.to_str().unwrap())],
        );
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{path}: {}", run.stderr);
        let error = run.stderr.lines().find(|line| line.starts_with("error: ")).unwrap();
        assert_eq!(undigested(&error.replace(&served.address, "HOST")), expected, "{path}");
    }
}

/// The layer of every image of the fixtures: a component without anything in it.
const EMPTY_COMPONENT: &str = "sha256:24eaf3439a60c96764c4f2c92a0a81b52bd4fe5d5b91f090184a0f6486b1bf29";
