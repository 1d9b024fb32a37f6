//! SIGTERM while a registry is waited for, or something is built: exit 1, and what is not whole is not there.
#![allow(clippy::disallowed_methods)] // signals come in real time
#![cfg(unix)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Home, PASSWORD, SLIGHTFILE};
use crate::command::Run;
use crate::registry::server::{Fault, Server};

/// Longer than any of these tests waits.
const LATE: Duration = Duration::from_secs(600);

/// Runs slt, and asks it to end as soon as something is so.
fn interrupted(directory: &Path, arguments: &[&str], is_time: impl Fn() -> bool) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_slt"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("COSIGN_PASSWORD", PASSWORD)
        .env("SLT_CACHE_DIR", directory.join("cache"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !is_time() {
        assert!(child.try_wait().unwrap().is_none(), "{arguments:?} has ended");
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed = Command::new("kill").arg(child.id().to_string()).status().unwrap();
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

/// Nobody listens while a tool runs: what came then is not lost.
#[test]
fn while_it_is_built() {
    let text = SLIGHTFILE.replace(
        "component = ",
        "build = \"echo > begun; while [ ! -e go ]; do sleep 0.01; done\"\ncomponent = ",
    );
    let (home, server) = (Home::with(&[("slightfile.toml", text.as_bytes())]), Server::start());
    let reference = server.name("app:1");
    let go = || {
        let begun = home.path().join("begun").exists();
        if begun {
            // the tool ends by itself some time after the signal
            let go = home.path().join("go");
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(500));
                std::fs::write(go, "").unwrap();
            });
        }
        begun
    };
    let run = interrupted(home.path(), &["ship", &reference, "--key", "k.key"], go);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    assert!(run.stderr.contains("error: interrupted"), "{}", run.stderr);
    assert_eq!(
        server.count("PUT", "") + server.count("POST", ""),
        0,
        "nothing was sent"
    );
}
