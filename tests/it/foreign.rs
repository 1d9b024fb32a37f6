//! What slt's toolchains did not make: suites of any language in `[test] components`, and applications from `[app] component` and
//! `[app] build`.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use slt::build::{self, BuildPlan};
use slt::events::{Event, Outcome, TestFinished, silent};
use slt::harness::{Artifact, ArtifactKind, Filter, Plan, run};
use slt::slightfile;
use tempfile::TempDir;

use crate::command::{Run, folder, slt, slt_with};
use crate::components::{WASI, component};
use crate::guests::{cases_app, engine, environment, package, program_path, slt_with_tools};
use crate::process::steady;

/// The header of a component, and nothing else.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";
/// The header of a core module, and nothing else.
const CORE: &[u8] = b"\0asm\x01\0\0\0";

/// The store that the suite and the application share.
const STORE: &str = "\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"store\"\n\n[capability.configs]\n\
                     REDIS_ADDRESS = \"redis://127.0.0.1:6379\"\n";

fn slightfile(app: &str, components: &str) -> String {
    format!("specversion = \"1.0\"\n{app}{STORE}\n[test]\ncomponents = {components}\n")
}

/// The application of the package `cases` beside the suite, neither of them made by slt.
fn project() -> TempDir {
    let slightfile = slightfile(
        "\n[app]\nname = \"foreign\"\ncomponent = \"app.wasm\"\n",
        "[\"suite.wasm\"]",
    );
    folder(&[
        ("slightfile.toml", slightfile.as_bytes()),
        ("app.wasm", cases_app()),
        ("suite.wasm", &suite()),
    ])
}

fn suite() -> Vec<u8> {
    fs::read(program_path("programs", "suite")).unwrap()
}

/// A command that writes this to its standard output (1) or error (2), and ends with success (0) or failure (1), whatever its
/// arguments are.
pub fn says(text: &str, stream: u32, status: u32) -> Vec<u8> {
    let stream = if stream == 1 {
        "stdout.get-stdout"
    } else {
        "stderr.get-stderr"
    };
    let body = format!(
        "(call $\"streams.[method]output-stream.blocking-write-and-flush\"
            (call $\"{stream}\") (i32.const 0) (i32.const {}) (i32.const 1024))
         (i32.const {status})",
        text.len()
    );
    let world = "package a:b; world w { import wasi:cli/stdout@0.2.12; import wasi:cli/stderr@0.2.12; \
                 import wasi:io/streams@0.2.12; export wasi:cli/run@0.2.12; }";
    component(&[WASI, &[world]].concat(), text, &body)
}

/// A title, the files of a project, what slt is told there, and its exit code.
type Session<'a> = (&'a str, Vec<(&'a str, &'a [u8])>, &'a [&'a str], i32);

/// What slt did in a folder with one project after the other.
fn sessions(sessions: &[Session<'_>]) -> String {
    let mut text = String::new();
    for (title, files, arguments, code) in sessions {
        let folder = folder(files);
        let run = slt_with_tools(folder.path(), arguments);
        assert_eq!(run.code, *code, "{title}: {}", run.stderr);
        text.push_str(&format!("# {title}\n{}\n", run.shown(folder.path())));
    }
    text
}

#[test]
fn every_ending_of_a_suite_is_shown() {
    let folder = project();
    let run = slt_with_tools(
        folder.path(),
        &["test", "--jobs", "1", "--seed", "7", "--timeout", "3s"],
    );
    assert_eq!(run.code, 1);
    steady().bind(|| insta::assert_snapshot!("every_ending_of_a_suite", run.shown(folder.path())));
}

#[test]
fn a_suites_tests_are_chosen_as_all_tests_are() {
    let folder = project();
    let test = |arguments: &[&str]| {
        let run = slt_with_tools(folder.path(), &[&["test"], arguments].concat());
        (run.code, run.stdout)
    };
    let passed = |stdout: &str| stdout.matches("PASS ").count();
    let (code, listed) = test(&["--list"]);
    assert_eq!((code, listed.lines().count()), (0, 15), "{listed}");
    assert!(listed.starts_with("suite::passes\nsuite::a sentence: with a colon\n"));
    assert!(listed.ends_with("suite::is ignored (ignored)\n"), "{listed}");
    for (arguments, code, count) in [
        (&["colon"][..], 0, 1),
        (&["--exact", "suite::passes"], 0, 1),
        (&["--exact", "passes"], 0, 1),
        (&["--exact", "passe"], 1, 0),
        (&["is ignored"], 0, 0),
        (&["is ignored", "--include-ignored"], 0, 1),
    ] {
        let (found, stdout) = test(arguments);
        assert_eq!((found, passed(&stdout)), (code, count), "{arguments:?}: {stdout}");
    }
    assert_eq!(test(&["is ignored", "--deny", "ignored"]).0, 1);
}

#[test]
fn a_suite_needs_no_application_and_no_toolchain() {
    let slightfile = slightfile("", "[\"a/suite.wasm\", \"b/suite.wasm\"]");
    let folder = folder(&[
        ("slightfile.toml", slightfile.as_bytes()),
        ("a/suite.wasm", &suite()),
        ("b/suite.wasm", &suite()),
    ]);
    let run = slt_with_tools(folder.path(), &["test", "clock", "--list"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (
            0,
            "a/suite.wasm::advances the clock\nb/suite.wasm::advances the clock\n"
        ),
        "{}",
        run.stderr
    );
    let run = slt_with_tools(folder.path(), &["test", "clock"]);
    assert_eq!(
        (run.code, run.stdout.matches("PASS ").count()),
        (0, 2),
        "{}",
        run.stdout
    );
}

#[test]
fn rusts_own_harness_is_a_suite_too() {
    let plan = BuildPlan {
        toolchain: Some(build::Toolchain::Cargo),
        command: None,
        root: package("cases"),
        release: false,
        environment: environment(),
        color: Some(false),
        quiet: true,
        ending: None,
    };
    let artifacts = build::tests(&plan, &silent()).unwrap();
    let endings = artifacts.iter().find(|artifact| artifact.name == "endings").unwrap();
    let slightfile = slightfile(
        "\n[app]\nname = \"foreign\"\ncomponent = \"app.wasm\"\n",
        "[\"rust.wasm\"]",
    );
    let folder = folder(&[
        ("slightfile.toml", slightfile.as_bytes()),
        ("app.wasm", cases_app()),
        ("rust.wasm", &fs::read(&endings.path).unwrap()),
    ]);
    let outcome = |name: &str, more: &[&str]| {
        let arguments = [&["test", "--exact", name, "--format", "json"], more].concat();
        let run = slt_with_tools(folder.path(), &arguments);
        let lines = run
            .stdout
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let finished: Vec<_> = lines.filter(|line| line["kind"] == "test-finished").collect();
        assert_eq!(finished.len(), 1, "{}{}", run.stdout, run.stderr);
        let text = |field: &str| finished[0][field].as_str().unwrap_or_default().to_owned();
        assert_eq!(text("name"), format!("rust::{name}"));
        (text("outcome"), text("reason"))
    };
    assert_eq!(outcome("passes", &[]).0, "passed");
    // what it is told as a suite would be lost: it captures the message of a panic, and says nothing of what it left out
    let (panics, reason) = outcome("panics", &[]);
    assert_eq!(panics, "failed");
    assert!(reason.starts_with("panicked at "), "{reason}");
    assert_eq!(outcome("is_ignored", &[]).0, "ignored");
    assert_eq!(outcome("should_panic", &["--include-ignored"]).0, "unsupported");
}

#[test]
fn a_program_is_one_test() {
    let hello = program_path("programs", "hello");
    let suite = program_path("programs", "suite");
    let program = |name: &str, path: &Path| Artifact {
        name: name.into(),
        path: path.to_owned(),
        kind: ArtifactKind::Program,
    };
    let finished: Arc<std::sync::Mutex<Vec<TestFinished>>> = Arc::default();
    let listed: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let sink = {
        let (finished, listed) = (Arc::clone(&finished), Arc::clone(&listed));
        Arc::new(move |event| match event {
            Event::TestFinished(test) => finished.lock().unwrap().push(test),
            Event::TestListed { name, .. } => listed.lock().unwrap().push(name),
            _ => {}
        })
    };
    let mut plan = Plan {
        artifacts: vec![program("links", &hello), program("expiry", &suite)],
        app: None,
        slightfile: slightfile::parse("slightfile.toml", &slightfile("", "[]")).0.unwrap(),
        filter: Filter::default(),
        seed: 7,
        timeout: Duration::from_secs(60),
        jobs: 1,
        list: false,
        ending: None,
    };
    let summary = run(&plan, &engine(), &(sink.clone() as slt::events::Sink)).unwrap();
    assert_eq!((summary.passed, summary.failed), (1, 1));
    let seen: Vec<_> = finished
        .lock()
        .unwrap()
        .drain(..)
        .map(|test| (test.name, test.outcome, test.reason))
        .collect();
    let usage = "usage: suite --list, or suite --exact NAME".to_owned();
    assert_eq!(
        seen,
        [
            ("links".to_owned(), Outcome::Passed, None),
            ("expiry".to_owned(), Outcome::Failed, Some(usage))
        ]
    );
    plan.list = true;
    plan.filter.texts = vec!["link".into()];
    let summary = run(&plan, &engine(), &(sink as slt::events::Sink)).unwrap();
    assert_eq!(
        (listed.lock().unwrap().as_slice(), summary.filtered_out),
        (&["links".to_owned()][..], 1)
    );
}

#[test]
fn what_is_no_suite_is_told_what_a_suite_must_do() {
    let slightfile = slightfile("", "[\"t.wasm\"]");
    let twice = slightfile.replace("\"t.wasm\"", "\"t.wasm\", \"t.wasm\"");
    let one = |bytes: Vec<u8>| (slightfile.clone(), Some(bytes));
    let cases = [
        ("it prints nothing", one(says("", 1, 0)), 1),
        ("it prints something else", one(says("hello\nworld\n", 1, 0)), 1),
        ("it lists a test twice", one(says("a: test\na: test\n", 1, 0)), 1),
        ("it fails", one(says("no such flag: --list\n", 2, 1)), 1),
        ("it writes to its standard error", one(says("a: test\n", 2, 0)), 1),
        ("it does not export `wasi:cli/run`", one(EMPTY.to_vec()), 1),
        ("it is a core module", one(CORE.to_vec()), 1),
        ("it is no WebAssembly", one(b"#!/bin/sh\n".to_vec()), 1),
        ("it is not there", (slightfile.clone(), None), 2),
        ("it is named twice", (twice, Some(says("a: test\n", 1, 0))), 2),
    ];
    let shown: Vec<_> = cases
        .iter()
        .map(|(title, (slightfile, bytes), code)| {
            let mut files = vec![("slightfile.toml", slightfile.as_bytes())];
            files.extend(bytes.as_ref().map(|bytes| ("t.wasm", bytes.as_slice())));
            (*title, files, &["test"][..], *code)
        })
        .collect();
    insta::assert_snapshot!("no_suite", sessions(&shown));
}

/// A slightfile whose application comes from elsewhere.
fn from(app: &str) -> String {
    format!("specversion = \"1.0\"\n\n[app]\nname = \"foreign\"\n{app}\n")
}

#[test]
#[cfg(unix)]
fn what_a_command_does_wrong_is_told() {
    let (app, core, in_place) = (
        "component = \"out/app.wasm\"\nbuild = ",
        "mkdir -p out && printf '\\\\0asm\\\\001\\\\0\\\\0\\\\0' > out/app.wasm",
        "mkdir -p dist && cp core.wasm dist/foreign.wasm",
    );
    let embedded = core_of_a_command();
    let cases = [
        ("it fails", format!("{app}\"echo 'no such file' >&2; exit 7\""), 1),
        ("it is not found", format!("{app}\"no-such-tool --release\""), 3),
        ("it leaves nothing", format!("{app}\"echo done\""), 2),
        ("it leaves a folder", format!("{app}\"mkdir -p out/app.wasm\""), 2),
        (
            "it leaves no WebAssembly",
            format!("{app}\"mkdir -p out && echo hello > out/app.wasm\""),
            1,
        ),
        ("it leaves a core module without a world", format!("{app}\"{core}\""), 1),
        ("it leaves nothing in the usual place", "build = \"true\"".into(), 2),
        (
            "it leaves a core module in the usual place",
            format!("build = \"{in_place}\""),
            2,
        ),
        (
            "there is no command, and no component",
            "component = \"out/app.wasm\"".into(),
            2,
        ),
    ];
    let texts: Vec<_> = cases
        .iter()
        .map(|(title, app, code)| (*title, from(app), *code))
        .collect();
    let shown: Vec<_> = texts
        .iter()
        .map(|(title, text, code)| {
            let files = vec![("slightfile.toml", text.as_bytes()), ("core.wasm", embedded.as_slice())];
            (*title, files, &["build"][..], *code)
        })
        .collect();
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"sh: .*not found", "[a shell's words]");
    settings.bind(|| insta::assert_snapshot!("no_application", sessions(&shown)));
}

/// A core module with its world embedded: what `wasm-tools component embed` makes.
fn core_of_a_command() -> Vec<u8> {
    use wit_component::{StringEncoding, embed_component_metadata};
    let mut resolve = wit_parser::Resolve::default();
    let text = "package a:b; interface i { f: func() -> u32; } world w { export i; }";
    let package = resolve.push_str("w.wit", text).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mut module = wat::parse_str("(module (func (export \"a:b/i#f\") (result i32) (i32.const 7)))").unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    module
}

#[test]
#[cfg(unix)]
fn a_command_is_run_first_and_what_it_leaves_is_built_tested_and_run() {
    let text = format!(
        "{}{STORE}\n[test]\ncomponents = [\"out/suite.wasm\"]\n",
        from("component = \"out/app.wasm\"\nbuild = \"echo making; mkdir -p out; cp made/*.wasm out; echo x >> runs\"")
    );
    let folder = folder(&[
        ("slightfile.toml", text.as_bytes()),
        ("made/app.wasm", cases_app()),
        ("made/suite.wasm", &suite()),
        // the folder in which the command runs is that of the slightfile
        ("below/file", b""),
    ]);
    let runs = || fs::read_to_string(folder.path().join("runs")).map_or(0, |text| text.lines().count());
    let check = slt_with_tools(folder.path(), &["check"]);
    assert_eq!((check.code, runs()), (0, 0), "{}", check.stderr);
    let test = slt_with_tools(&folder.path().join("below"), &["test", "reaches"]);
    assert_eq!((test.code, runs()), (0, 1), "{}{}", test.stdout, test.stderr);
    assert!(
        test.stderr.contains("Building foreign with `echo making"),
        "{}",
        test.stderr
    );
    assert!(test.stderr.contains("\nmaking\n"), "{}", test.stderr);
    assert!(!folder.path().join("dist").exists() && !folder.path().join(".slt").exists());
    let build = slt_with_tools(folder.path(), &["build"]);
    assert_eq!((build.code, runs()), (0, 2), "{}", build.stderr);
    let built = fs::read(folder.path().join("dist/foreign.wasm")).unwrap();
    assert!(
        built.starts_with(EMPTY) && built.len() > cases_app().len(),
        "what it is, is added"
    );
    assert_eq!(
        fs::read_to_string(folder.path().join(".slt/.gitignore")).unwrap(),
        "*\n"
    );
    assert_eq!(
        fs::read(folder.path().join("out/app.wasm")).unwrap(),
        cases_app(),
        "read only"
    );
}

#[test]
fn what_lies_where_the_component_belongs_is_validated_and_left_as_it_is() {
    let app = cases_app();
    for text in [
        "component = \"dist/foreign.wasm\"",
        "component = \"./dist/../dist/foreign.wasm\"",
    ] {
        let text = from(text);
        let folder = folder(&[("slightfile.toml", text.as_bytes()), ("dist/foreign.wasm", app)]);
        let path = folder.path().join("dist/foreign.wasm");
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        for _ in 0..2 {
            let run = slt(folder.path(), &["build"]);
            assert_eq!(run.code, 0, "{}", run.stderr);
            assert!(run.stdout.starts_with("dist/foreign.wasm  "), "{}", run.stdout);
        }
        assert_eq!(fs::read(&path).unwrap(), app);
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
        let beside: Vec<_> = fs::read_dir(folder.path().join("dist")).unwrap().collect();
        assert_eq!(beside.len(), 1, "nothing is put beside it");
        fs::write(&path, &app[..app.len() - 1]).unwrap();
        let run = slt(folder.path(), &["build"]);
        assert_eq!(run.code, 1, "{}", run.stdout);
        assert!(run.stderr.contains("is no valid component"), "{}", run.stderr);
    }
}

#[test]
#[cfg(unix)]
fn a_link_is_followed_to_what_it_names() {
    let elsewhere = folder(&[("one.wasm", cases_app()), ("other.wasm", EMPTY)]);
    let text = from("component = \"dist/foreign.wasm\"");
    let folder = folder(&[("slightfile.toml", text.as_bytes()), ("dist/README", b"")]);
    let link = folder.path().join("dist/foreign.wasm");
    std::os::unix::fs::symlink(elsewhere.path().join("one.wasm"), &link).unwrap();
    assert_eq!(slt(folder.path(), &["build"]).code, 0);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "left as it is");
    // a path may leave the project's folder: it is only read
    let outside = elsewhere.path().join("other.wasm").display().to_string();
    let text = from(&format!("component = \"{outside}\""));
    fs::write(folder.path().join("slightfile.toml"), text).unwrap();
    assert_eq!(slt(folder.path(), &["build"]).code, 0);
    assert!(
        !fs::symlink_metadata(&link).unwrap().is_symlink(),
        "the link's place is slt's to write"
    );
    let read = |name: &str| fs::read(elsewhere.path().join(name)).unwrap();
    assert_eq!(
        (read("one.wasm").as_slice(), read("other.wasm").as_slice()),
        (cases_app(), EMPTY)
    );
}

#[test]
fn a_core_module_with_its_world_becomes_a_component() {
    let text = from("component = \"out/app.wasm\"");
    let module = core_of_a_command();
    let folder = folder(&[("slightfile.toml", text.as_bytes()), ("out/app.wasm", &module)]);
    let run = slt(folder.path(), &["build"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        fs::read(folder.path().join("dist/foreign.wasm"))
            .unwrap()
            .starts_with(EMPTY)
    );
    assert_eq!(fs::read(folder.path().join("out/app.wasm")).unwrap(), module);
    let run = slt(folder.path(), &["check"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn a_core_module_without_a_world_is_checked_by_the_wit_folder() {
    let text = from("component = \"out/app.wasm\"");
    let store = "package wasi:keyvalue@0.2.0-draft; interface store { resource bucket { } \
                 variant error { no-such-store, access-denied, other(string) } \
                 open: func(identifier: string) -> result<bucket, error>; }";
    let world = "package a:b; world w { import wasi:keyvalue/store@0.2.0-draft; }";
    let check = |files: &[(&str, &[u8])]| -> Run {
        let folder = folder(&[&[("slightfile.toml", text.as_bytes()), ("out/app.wasm", CORE)], files].concat());
        let run = slt(folder.path(), &["check"]);
        Run {
            stdout: run.shown(folder.path()),
            ..run
        }
    };
    let with = check(&[
        ("wit/world.wit", world.as_bytes()),
        ("wit/deps/keyvalue/store.wit", store.as_bytes()),
    ]);
    insta::assert_snapshot!("core_module_with_wit", with.stdout);
    assert_eq!(with.code, 1, "the store has no entry");
    let right = check(&[("wit/world.wit", b"package a:b; world w { }")]);
    insta::assert_snapshot!("core_module_with_wit_and_no_error", right.stdout);
    assert_eq!(right.code, 0);
    assert_eq!(check(&[]).code, 1, "without `wit` there is nothing to go by");
}

#[test]
fn a_package_keeps_its_own_tests_when_its_application_comes_from_a_command() {
    let manifest = "[package]\nname = \"it-foreign\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
    let library = "#[test]\nfn adds() {\n    assert_eq!(1 + 1, 2);\n}\n";
    let text = slightfile(
        "\n[app]\nname = \"foreign\"\ncomponent = \"app.wasm\"\n",
        "[\"suite.wasm\", \"it_foreign.wasm\"]",
    );
    let folder = folder(&[
        ("Cargo.toml", manifest.as_bytes()),
        ("src/lib.rs", library.as_bytes()),
        ("slightfile.toml", text.as_bytes()),
        ("app.wasm", cases_app()),
        ("suite.wasm", &suite()),
        ("it_foreign.wasm", &says("a: test\n", 1, 0)),
    ]);
    let run = slt_with_tools(folder.path(), &["test", "--jobs", "1", "--list"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let names: Vec<&str> = run.stdout.lines().collect();
    for name in ["it_foreign::adds", "it_foreign.wasm::a", "suite::passes"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    let run = slt_with_tools(folder.path(), &["test", "adds"]);
    assert_eq!(
        (run.code, run.stdout.matches("PASS ").count()),
        (0, 1),
        "{}",
        run.stdout
    );
}

#[test]
fn what_holds_nothing_to_test_says_so() {
    let text = from("component = \"app.wasm\"");
    let folder = folder(&[("slightfile.toml", text.as_bytes()), ("app.wasm", EMPTY)]);
    let run = slt_with(folder.path(), &["test"], &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("note: there are no tests"), "{}", run.stderr);
}
