//! SIGTERM while a registry is waited for, or something is built: exit 1, and what is not whole is not there.
#![allow(clippy::disallowed_methods)] // signals come in real time
#![cfg(unix)]

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Home, PASSWORD, SLIGHTFILE};
use crate::command::Run;
use crate::components::{WASI, component};
use crate::registry::server::{Fault, Server};

/// Longer than any of these tests waits.
const LATE: Duration = Duration::from_secs(600);

/// Runs slt, and asks it to end as soon as something is so.
fn interrupted(directory: &Path, arguments: &[&str], is_time: impl Fn() -> bool) -> Run {
    interrupted_by(("TERM", false), directory, arguments, is_time)
}

/// The same by this signal, to slt alone or to all of its group, as a terminal sends it.
fn interrupted_by(
    (signal, is_group): (&str, bool),
    directory: &Path,
    arguments: &[&str],
    is_time: impl Fn() -> bool,
) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_slt"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("COSIGN_PASSWORD", PASSWORD)
        .env("SLT_CACHE_DIR", directory.join("cache"))
        .stdin(Stdio::null())
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !is_time() {
        assert!(child.try_wait().unwrap().is_none(), "{arguments:?} has ended");
        std::thread::sleep(Duration::from_millis(5));
    }
    let to = format!("{}{}", if is_group { "-" } else { "" }, child.id());
    let killed = Command::new("kill").args(["-s", signal, "--", &to]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().expect("it ends by itself"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn between_two_tags() {
    let (home, server) = (Home::new(), Server::start());
    server.fault("PUT", "/manifests/latest", 1, Fault::Late(LATE));
    let reference = server.name("app:1");
    let arguments = [
        "ship", &reference, "--key", "k.key", "--tag", "latest", "--tag", "next", "--format", "json",
    ];
    let run = interrupted(home.path(), &arguments, || server.count("PUT", "/manifests/latest") > 0);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("error: interrupted"), "{}", run.stderr);
    let last: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["kind"], "tags");
    assert_eq!(
        json!([last["given"], last["uncertain"], last["not_given"]]),
        json!([["1"], ["latest"], ["next"]])
    );
    assert_eq!(server.digest("app", "next"), None);
}

#[test]
fn while_a_registry_is_waited_for() {
    for (arguments, method, path) in [
        (&["sign", "REF", "--key", "k.key"][..], "PUT", "/manifests/sha256:"),
        (&["verify", "REF", "--key", "k.pub"], "GET", "/blobs/"),
        (&["run", "REF", "--key", "k.pub"], "GET", "/blobs/"),
        (&["inspect", "REF"], "GET", "/manifests/"),
    ] {
        let (home, server) = (Home::new(), Server::start());
        home.ship(&server, "app:1", &[]);
        server.forget_seen();
        server.fault(method, path, usize::MAX, Fault::Late(LATE));
        let reference = server.name("app:1");
        let arguments: Vec<&str> = arguments
            .iter()
            .map(|word| if *word == "REF" { &reference } else { *word })
            .collect();
        let run = interrupted(home.path(), &arguments, || server.count(method, path) > 0);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (1, ""),
            "{arguments:?}: {}",
            run.stderr
        );
        assert!(
            run.stderr.contains("error: interrupted"),
            "{arguments:?}: {}",
            run.stderr
        );
    }
}

/// What was fetched does not begin behind a signal that came before it was compiled.
#[test]
fn before_what_was_fetched_begins() {
    let world = "package a:b; world w { export wasi:cli/run@0.2.12; }";
    let function = " (func (param i32) (result i32) (i32.popcnt (i32.mul (local.get 0) (i32.const 7))))";
    let body = format!(
        "(i32.const 0)){} (func (result i32) (i32.const 0)",
        function.repeat(20_000)
    );
    let slow = component(&[WASI, &[world]].concat(), "", &body);
    let (home, server) = (Home::with(&[("hello.wasm", &slow)]), Server::start());
    home.ship(&server, "app:1", &[]);
    let reference = server.name("app:1");
    let is_fetched = || {
        let kept = fs::read_dir(home.path().join("cache/artifacts")).into_iter().flatten();
        let sizes = kept.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len()));
        sizes.max() >= Some(slow.len() as u64)
    };
    let run = interrupted(home.path(), &["run", &reference, "--key", "k.pub"], is_fetched);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    assert!(run.stderr.ends_with("error: interrupted\n"), "{}", run.stderr);
}

/// What the user has named is read before signals are listened to: a pipe that nobody writes to holds nobody.
#[test]
fn while_a_pipe_is_read() {
    use std::os::unix::process::ExitStatusExt;
    let home = Home::new();
    let pipe = home.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for arguments in [
        &["run", "127.0.0.1:1/app:1", "--key", "pipe"][..],
        &["run", "127.0.0.1:1/app:1", "--verify", "pipe"],
        &["ship", "127.0.0.1:1/app:1", "--key", "pipe"],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_slt"))
            .args(arguments)
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(500));
        assert!(child.try_wait().unwrap().is_none(), "{arguments:?} does not read it");
        assert!(
            Command::new("kill")
                .arg(child.id().to_string())
                .status()
                .unwrap()
                .success()
        );
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(15), "{arguments:?}");
    }
}

/// A tool may ask at the terminal, though slt's own standard input is none.
#[cfg(target_os = "linux")]
#[test]
fn a_tool_asks_at_the_terminal() {
    use std::io::Write;
    let text = built_by("read answer < /dev/tty; echo \"$answer\" > said", "");
    let home = Home::with(&[("slightfile.toml", text.as_bytes())]);
    let line = format!(
        "{} ship 127.0.0.1:1/app:1 --no-sign --no-test --dry-run < /dev/null",
        env!("CARGO_BIN_EXE_slt")
    );
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(home.path())
        .env("SLT_CACHE_DIR", home.path().join("cache"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(b"yes\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert_eq!(fs::read_to_string(home.path().join("said")).unwrap().trim(), "yes");
}

/// A slightfile whose command runs before its component is taken.
fn built_by(line: &str, more: &str) -> String {
    let build = format!("build = {line:?}\ncomponent = ");
    SLIGHTFILE.replace("component = ", &build) + more
}

fn is_over(run: &Run, server: &Server) {
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    assert!(run.stderr.ends_with("error: interrupted\n"), "{}", run.stderr);
    for later in ["pack ", "push ", "sign ", "tag "] {
        assert!(!run.stderr.contains(later), "{later}: {}", run.stderr);
    }
    assert_eq!(server.count("PUT", "") + server.count("POST", ""), 0);
}

/// A tool and what it has started end, whoever gets the signal; nothing is pushed.
#[test]
fn while_it_is_built() {
    let text = built_by("sleep 600 & echo $! > sleeper; echo > begun; wait", "");
    for signal in [("INT", false), ("INT", true), ("TERM", false), ("TERM", true)] {
        for more in [&["--key", "k.key"][..], &["--no-sign", "--dry-run"]] {
            let (home, server) = (Home::with(&[("slightfile.toml", text.as_bytes())]), Server::start());
            let reference = server.name("app:1");
            let arguments = [&["ship", &reference], more].concat();
            let run = interrupted_by(signal, home.path(), &arguments, || home.path().join("begun").exists());
            is_over(&run, &server);
            let sleeper = fs::read_to_string(home.path().join("sleeper")).unwrap();
            let state = fs::read_to_string(format!("/proc/{}/stat", sleeper.trim())).unwrap_or_default();
            let is_gone = state.is_empty() || state.contains(" Z ");
            assert!(is_gone || !cfg!(target_os = "linux"), "{signal:?}: {state}");
        }
    }
}

/// One that does not listen to the first signal is killed by the second.
#[test]
fn a_tool_that_does_not_want_to_end() {
    let line = "trap 'echo > told' TERM; echo $PPID > begun.new; mv begun.new begun; while true; do sleep 0.01; done";
    let (home, server) = (
        Home::with(&[("slightfile.toml", built_by(line, "").as_bytes())]),
        Server::start(),
    );
    let reference = server.name("app:1");
    let told_once = || {
        let Ok(slt) = fs::read_to_string(home.path().join("begun")) else {
            return false;
        };
        assert!(Command::new("kill").arg(slt.trim()).status().unwrap().success());
        while !home.path().join("told").exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    };
    let run = interrupted(home.path(), &["ship", &reference, "--key", "k.key"], told_once);
    is_over(&run, &server);
}

#[test]
fn while_it_is_tested() {
    // for ever, whatever it is asked
    let world = "package a:b; world w { export wasi:cli/run@0.2.12; }";
    let suite = component(&[WASI, &[world]].concat(), "", "(loop (br 0)) (i32.const 0)");
    let text = built_by(
        "echo >> begun",
        "\n[test]\ncomponents = [\"suite.wasm\"]\ntimeout = \"600s\"\n",
    );
    let (home, server) = (
        Home::with(&[("slightfile.toml", text.as_bytes()), ("suite.wasm", &suite)]),
        Server::start(),
    );
    let reference = server.name("app:1");
    let is_tested = || {
        // once to be shipped, and once for its tests, which begin soon after
        let begun = fs::read_to_string(home.path().join("begun")).unwrap_or_default();
        let is_tested = begun.lines().count() == 2;
        if is_tested {
            std::thread::sleep(Duration::from_millis(500));
        }
        is_tested
    };
    let run = interrupted(home.path(), &["ship", &reference, "--key", "k.key"], is_tested);
    is_over(&run, &server);
}
