//! Plain `cargo test` and `cargo run`, which hand what they built to `slt runner`: in copies of the Rust template.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::command::Run;
use crate::guests::{environment, target};
use crate::process::steady;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true if entry.file_name() == "target" || entry.file_name() == "dist" => {}
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// The Rust template under another name: in a target directory that is shared, packages of one name would take each
/// other's place. What an edit replaces must be there.
fn template(name: &str, edits: &[(&str, &str, &str)]) -> TempDir {
    let project = tempfile::tempdir().unwrap();
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/rust"),
        project.path(),
    );
    let (package, named) = ("name = \"shortener\"", format!("name = \"{name}\""));
    let (used, usage) = ("shortener::links", format!("{}::links", name.replace('-', "_")));
    let own = [
        ("Cargo.toml", package, named.as_str()),
        ("Cargo.lock", package, &named),
        ("src/links.rs", used, &usage),
        ("tests/app.rs", used, &usage),
    ];
    for (file, from, to) in own.iter().chain(edits) {
        let path = project.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no `{from}`");
        fs::write(path, text.replace(from, to)).unwrap();
    }
    project
}

/// Runs cargo in a project, as an editor does: slt is on `PATH`, and is told nothing.
fn cargo(project: &Path, arguments: &[&str]) -> Run {
    let mut environment = environment();
    let slt = Path::new(env!("CARGO_BIN_EXE_slt")).parent().unwrap().to_owned();
    let path = environment.get("PATH").cloned().unwrap_or_default();
    let path = std::env::join_paths([slt].into_iter().chain(std::env::split_paths(&path))).unwrap();
    environment.insert("PATH".into(), path);
    environment.insert("SLT_CACHE_DIR".into(), target().join("slt").into_os_string());
    let output = Command::new("cargo")
        .args(arguments)
        .current_dir(project)
        .env_clear()
        .envs(environment)
        .output()
        .unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The lines of tests, without their times.
fn outcomes(stdout: &str) -> Vec<String> {
    let words = ["PASS", "FAIL", "IGNORED", "UNSUPPORTED", "TIMEOUT", "NOT RUN"];
    let mut outcomes: Vec<String> = stdout
        .lines()
        .filter_map(|line| {
            let line = line.trim_start();
            let word = words.iter().find(|word| line.starts_with(**word))?;
            let name = line.split("  ").find(|part| part.contains("::"))?;
            Some(format!("{word} {}", name.trim()))
        })
        .collect();
    outcomes.sort();
    outcomes
}

#[test]
fn cargo_test_is_slt_test_with_doctests() {
    let project = template("it-runner", &[]);
    let run = cargo(project.path(), &["test"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    insta::assert_snapshot!("cargo_test", outcomes(&run.stdout).join("\n"));

    // libtest's own arguments, as editors give them
    let one = [
        "test",
        "--test",
        "app",
        "--",
        "a_link_expires",
        "--exact",
        "--nocapture",
        "--seed",
        "7",
    ];
    let run = cargo(project.path(), &one);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    steady().bind(|| insta::assert_snapshot!("one_test", run.stdout));
    let list = ["test", "--test", "app", "--", "--list", "--format", "terse"];
    let run = cargo(project.path(), &list);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    insta::assert_snapshot!("list", run.stdout);
    let none = cargo(project.path(), &["test", "--test", "app", "--", "no_such_test"]);
    assert_eq!(none.code, 0, "as libtest: in another artifact the name may be there");
    let unknown = cargo(project.path(), &["test", "--test", "app", "--", "--bogus"]);
    assert_ne!(unknown.code, 0);
    let said: Vec<&str> = unknown
        .stderr
        .lines()
        .filter(|line| line.contains("slt") || line.contains("knows"))
        .collect();
    assert_eq!(said[said.len() - 2..].len(), 2, "{said:?}");
    assert!(
        unknown
            .stderr
            .contains("error: `--bogus` means nothing to slt\nhint: it knows --exact, "),
        "{}",
        unknown.stderr
    );
}

#[test]
fn a_failing_test_makes_cargo_fail() {
    let edit = (
        "tests/app.rs",
        "assert_eq!(send(Method::Get, &link, \"\").status, 404);",
        "panic!(\"so it fails\");",
    );
    let project = template("it-runner-fails", &[edit]);
    let run = cargo(
        project.path(),
        &["test", "--test", "app", "--", "--seed", "7", "a_link_expires"],
    );
    assert_ne!(run.code, 0);
    steady().bind(|| insta::assert_snapshot!("failing", run.stdout));
}

#[test]
fn after_a_doctest_that_traps_the_rest_are_not_run() {
    let edit = (
        "src/links.rs",
        "/// assert!(check_url(b\"example.com\").is_err());",
        "/// assert_eq!(1, 2, \"arithmetic\");",
    );
    let project = template("it-runner-doctests", &[edit]);
    let run = cargo(project.path(), &["test", "--doc"]);
    assert_ne!(run.code, 0);
    steady().bind(|| insta::assert_snapshot!("doctests", run.stdout));
}

#[test]
fn cargo_run_runs_a_command() {
    let manifest = "[package]\nname = \"it-runner-command\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
    let slightfile = "specversion = \"1.0\"\n\n[app]\nname = \"it-runner-command\"\nversion = \"0.1.0\"\n";
    let main = "fn main() {\n    let who: Vec<String> = std::env::args().skip(1).collect();\n    \
                println!(\"hello {who:?}\");\n    std::process::exit(i32::from(who.len() > 1));\n}\n";
    let config = include_str!("../../templates/rust/.cargo/config.toml");
    let project = crate::command::folder(&[
        ("Cargo.toml", manifest.as_bytes()),
        ("slightfile.toml", slightfile.as_bytes()),
        ("src/main.rs", main.as_bytes()),
        (".cargo/config.toml", config.as_bytes()),
    ]);
    let run = cargo(project.path(), &["run", "--quiet", "--", "--listen"]);
    assert_eq!(
        (run.code, run.stdout.as_str(), run.stderr.as_str()),
        (0, "hello [\"--listen\"]\n", "")
    );
    let run = cargo(project.path(), &["run", "--quiet", "--", "a", "b"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (1, "hello [\"a\", \"b\"]\n"),
        "{}",
        run.stderr
    );
}
