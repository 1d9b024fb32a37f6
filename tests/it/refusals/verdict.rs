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
pub fn flags<'a>(by: &'a By, log: bool) -> Vec<&'a str> {
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

/// `believed`, `nothing`, or a line for each check that refused: `check: reason`. With another exit code than it should have, that too.
fn said(run: &Run) -> String {
    let lines = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    let outcome = lines.iter().find_map(|line| line["outcome"].as_str());
    let mut all = match (outcome, run.code) {
        (Some("verified"), 0) => return "believed".to_owned(),
        (Some("not-found"), 1) => return "nothing".to_owned(),
        (Some("refused") | None, 1) => String::new(),
        (outcome, code) => format!("exit {code}, {outcome:?}\n"),
    };
    for line in lines.iter().filter(|line| line["result"] == "refused") {
        all.push_str(&format!(
            "{}: {}\n",
            line["check"].as_str().unwrap(),
            line["reason"].as_str().unwrap()
        ));
    }
    // of what could not be read at all there is no line
    let error = run
        .stderr
        .lines()
        .filter_map(|line| line.split_once("is not verified: "));
    error.for_each(|(_, reason)| all.push_str(&format!("{reason}\n")));
    all + &run.stderr
}

/// What differs from what was expected; `a|b`: one of them.
fn differs(said: &str, expected: &str) -> Option<String> {
    let is_said = |check: &str| said == check || said.lines().any(|line| line.starts_with(&format!("{check}: ")));
    let is_so = expected.split('|').any(is_said) && !said.starts_with("exit ");
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
    verify(here.path(), &target, &flags(&asked.by, asked.log))
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
            Verdict::Believed => said == "believed",
            Verdict::Nothing => said == "nothing",
            Verdict::Refused(check) => differs(&said, check).is_none(),
            Verdict::Broken(what) => {
                said != "believed" && said != "nothing" && said.contains(what) && !said.starts_with("exit ")
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

/// The layer of every image of the fixtures: a component without anything in it.
const EMPTY_COMPONENT: &str = "sha256:24eaf3439a60c96764c4f2c92a0a81b52bd4fe5d5b91f090184a0f6486b1bf29";
