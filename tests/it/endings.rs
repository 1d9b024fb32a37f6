//! `slt test`, as its users meet it: every way in which a test ends, what is shown of it, and what the flags change.

use std::collections::BTreeMap;

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{Run, folder};
use crate::guests::{package, slt_with_tools};
use crate::process::steady;

/// Runs `slt test` in `tests/guests/cases`.
fn cases(arguments: &[&str]) -> Run {
    let mut run = slt_with_tools(&package("cases"), &[&["test"], arguments].concat());
    run.stderr = without_cargo(&run.stderr);
    run
}

/// What cargo says depends on what is built already.
fn without_cargo(stderr: &str) -> String {
    let cargo = [
        "Compiling ",
        "Finished ",
        "Blocking ",
        "Updating ",
        "Locking ",
        "Downloaded ",
    ];
    let is_cargo = |line: &&str| cargo.iter().any(|verb| line.trim_start().starts_with(verb));
    let kept = stderr.lines().filter(|line| !is_cargo(line));
    kept.map(|line| format!("{line}\n")).collect()
}

fn shown(run: &Run) -> String {
    run.shown(&package("cases"))
}

fn lines(run: &Run) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let lines: Vec<Value> = run.stdout.lines().map(parse).collect();
    assert!(lines.iter().all(|line| line["kind"].is_string()), "{}", run.stdout);
    lines
}

/// A package of its own, with these tests and without a capability.
fn project(name: &str, tests: &str) -> TempDir {
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n");
    let slightfile = format!("specversion = \"1.0\"\n\n[app]\nname = \"{name}\"\nversion = \"0.1.0\"\n");
    folder(&[
        ("Cargo.toml", manifest.as_bytes()),
        ("slightfile.toml", slightfile.as_bytes()),
        ("src/lib.rs", tests.as_bytes()),
    ])
}

#[test]
fn every_ending_is_shown() {
    let run = cases(&["endings::", "--jobs", "1", "--seed", "7", "--timeout", "8s"]);
    assert_eq!(run.code, 1);
    steady().bind(|| insta::assert_snapshot!("every_ending", shown(&run)));
}

#[test]
fn every_ending_is_told_to_programs() {
    let run = cases(&["endings::", "--seed", "7", "--timeout", "8s", "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    let lines = lines(&run);
    let of = |kind: &'static str| lines.iter().filter(move |line| line["kind"] == kind);
    let outcomes: BTreeMap<&str, &str> = of("test-finished")
        .map(|line| {
            for field in ["microseconds", "virtual_nanoseconds", "seed"] {
                assert!(line[field].is_u64(), "{field}: {line}");
            }
            for field in ["stdout", "stderr"] {
                assert!(line[field].is_string(), "{field}: {line}");
            }
            assert!(line["exchanges"].is_array() && line["seed"] == 7, "{line}");
            let passed = line["outcome"] == "passed";
            assert!(
                passed || line["outcome"] == "ignored" || line["reason"].is_string(),
                "{line}"
            );
            let name = line["name"].as_str().unwrap().strip_prefix("endings::").unwrap();
            (name, line["outcome"].as_str().unwrap())
        })
        .collect();
    let expected = [
        ("passes", "passed"),
        ("panics", "failed"),
        ("an_assertion_fails", "failed"),
        ("overflows", "failed"),
        ("traps", "failed"),
        ("recurses_without_end", "failed"),
        ("returns_ok", "passed"),
        ("returns_an_error", "failed"),
        ("exits_with_success", "failed"),
        ("exits_with_a_code", "failed"),
        ("is_ignored", "ignored"),
        ("should_panic", "unsupported"),
        ("spawns_a_thread", "unsupported"),
        ("spins", "timed-out"),
        ("allocates_without_end", "failed"),
        ("deadlocks", "failed"),
        ("writes_a_lot", "passed"),
        ("writes_what_is_no_text", "failed"),
        ("opens_what_is_not_declared", "passed"),
        ("sees_nothing_of_the_host", "passed"),
        ("the_application_panics", "passed"),
        ("the_application_spins", "timed-out"),
        ("the_application_allocates_without_end", "passed"),
    ];
    assert_eq!(outcomes, BTreeMap::from(expected));
    let started: Vec<&Value> = of("test-started").collect();
    assert_eq!(started.len(), expected.len() - 1, "what is ignored does not start");
    let planned: Vec<&Value> = of("tests-planned").collect();
    assert_eq!((planned.len(), &planned[0]["total"]), (1, &Value::from(expected.len())));
    let finished = lines.last().unwrap();
    let counts: Vec<u64> = ["passed", "failed", "ignored", "unsupported", "timed_out", "not_run"]
        .iter()
        .map(|outcome| finished[*outcome].as_u64().unwrap())
        .collect();
    assert_eq!(
        (finished["kind"].as_str(), counts),
        (Some("tests-finished"), vec![7, 11, 1, 2, 2, 0])
    );
}

#[test]
fn output_is_shown_when_it_is_asked_for() {
    let mut all = String::new();
    for arguments in [
        &["endings::passes", "--exact"][..],
        &["endings::passes", "--exact", "--nocapture"],
        &["endings::passes", "--exact", "--quiet"],
        &["passes", "--exact", "--verbose"],
        &["endings::panics", "--exact", "--quiet"],
        &["endings::is_ignored", "--exact"],
        &["endings::is_ignored", "--exact", "--include-ignored"],
        &["spawns_a_thread", "--deny", "unsupported"],
        &["is_ignored", "--deny", "unsupported"],
        &["is_ignored", "--deny", "ignored"],
    ] {
        let run = cases(&[&["--seed", "7"], arguments].concat());
        all.push_str(&format!("$ slt test {}\n{}\n", arguments.join(" "), shown(&run)));
    }
    steady().bind(|| insta::assert_snapshot!("output", all));
}

#[test]
fn tests_are_chosen() {
    let mut all = String::new();
    for arguments in [
        &["--list", "returns"][..],
        &["--list", "ignored"],
        &["--list", "nothing_like_it"],
        &["nothing_like_it"],
        &["returns", "--exact"],
        &["returns_ok", "--exact"],
        &["endings::returns_ok", "--exact"],
    ] {
        let run = cases(arguments);
        all.push_str(&format!("$ slt test {}\n{}\n", arguments.join(" "), shown(&run)));
    }
    steady().bind(|| insta::assert_snapshot!("chosen", all));

    let run = cases(&["--list", "--format", "json"]);
    let lines = lines(&run);
    let listed: Vec<&Value> = lines.iter().filter(|line| line["kind"] == "test-listed").collect();
    let ignored: Vec<&str> = listed
        .iter()
        .filter(|line| line["ignored"] == true)
        .map(|line| line["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        ignored,
        ["endings::is_ignored", "time::a_key_expires_when_the_clock_is_advanced"]
    );
    assert!(lines.iter().all(|line| line["kind"] != "test-started"));
    let human = cases(&["--list"]);
    assert_eq!((human.code, human.stdout.lines().count()), (0, listed.len()));
}

#[test]
fn two_hundred_tests_write_one_key_and_none_sees_another() {
    let run = cases(&["absent::", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", shown(&run));
    let lines = lines(&run);
    let passed = |line: &&Value| line["kind"] == "test-finished" && line["outcome"] == "passed";
    assert_eq!(lines.iter().filter(passed).count(), 200);
    let finished = lines.last().unwrap();
    assert_eq!(
        (&finished["passed"], &finished["failed"]),
        (&Value::from(200), &Value::from(0))
    );
}

#[test]
fn a_seed_gives_the_same_run_and_another_seed_another() {
    let test = "#[test]\nfn random() {\n    use std::hash::{BuildHasher, RandomState};\n    \
                println!(\"{:x}\", RandomState::new().hash_one(0));\n}\n";
    let project = project("it-seeds", test);
    let random = |seed: &[&str]| {
        let run = slt_with_tools(project.path(), &[&["test", "--format", "json"], seed].concat());
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        let lines = lines(&run);
        let finished = lines.iter().find(|line| line["kind"] == "test-finished").unwrap();
        (
            finished["stdout"].as_str().unwrap().to_owned(),
            finished["seed"].as_u64().unwrap(),
        )
    };
    let (first, seed) = random(&["--seed", "7"]);
    assert_eq!((random(&["--seed", "7"]).0, seed), (first.clone(), 7));
    assert_ne!(random(&["--seed", "8"]).0, first);
    // a seed that nobody chose is printed, and replays too
    let (chosen, seed) = random(&[]);
    assert_eq!(random(&["--seed", &seed.to_string()]).0, chosen);
}

#[test]
fn what_cannot_be_tested_is_refused() {
    let mut all = String::new();
    let mut tell = |what: &str, folder: &TempDir, arguments: &[&str], code: i32| {
        let mut run = slt_with_tools(folder.path(), &[&["test"], arguments].concat());
        assert_eq!(run.code, code, "{what}: {}", run.shown(folder.path()));
        run.stderr = without_cargo(&run.stderr);
        all.push_str(&format!(
            "# {what}\n$ slt test {}\n{}\n",
            arguments.join(" "),
            run.shown(folder.path())
        ));
    };
    let works = project("it-refused", "#[test]\nfn works() {}\n");
    tell("a timeout that is none", &works, &["--timeout", "soon"], 2);
    tell("no time at all", &works, &["--timeout", "0s"], 2);
    tell("a seed that is none", &works, &["--seed", "x"], 2);
    tell("an outcome that is none", &works, &["--deny", "failed"], 2);
    tell("nowhere", &works, &["-C", "nowhere"], 2);
    tell("no slightfile", &folder(&[]), &[], 2);
    tell(
        "no package",
        &folder(&[(
            "slightfile.toml",
            b"specversion = \"1.0\"\n\n[app]\nname = \"a\"\nversion = \"0.1.0\"\n",
        )]),
        &[],
        2,
    );
    let broken = project("it-broken", "#[test]\nfn broken() {\n    missing();\n}\n");
    tell("tests that do not compile", &broken, &["--seed", "7"], 1);
    let none = project("it-none", "pub fn nothing() {}\n");
    tell("no tests", &none, &["--seed", "7"], 0);
    steady().bind(|| insta::assert_snapshot!("refused", all));
}
