//! What becomes of results that nobody can read: a full disk is said, and a reader that went away is not.
#![allow(clippy::disallowed_methods)] // processes with a standard output of the test's own
#![cfg(target_os = "linux")]

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::registry::server::Server;
use crate::signing::signed;

fn slt(directory: &Path, arguments: &[&str], stdout: impl Into<Stdio>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_slt"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap()
}

#[test]
fn what_cannot_be_written_is_said() {
    let (folder, server) = (signed(), Server::start());
    let component = crate::foreign::says("hello", 1, 0);
    std::fs::write(folder.path().join("a.wasm"), component).unwrap();
    let at = server.name("app:1");
    assert!(
        slt(folder.path(), &["push", "a.wasm", &at], Stdio::null())
            .status
            .success()
    );
    for (arguments, code) in [
        (&["sbom", "a.wasm"][..], 3),
        (&["inspect", "a.wasm"], 3),
        (&["inspect", "a.wasm", "--format", "json"], 3),
        (&["pull", "-q", &at, "-o", "b.wasm"], 3),
        (&["push", "-q", "a.wasm", &at], 3),
        (
            &["verify", "artifact.txt", "--key", "cosign.pub", "--bundle", "key.json"],
            3,
        ),
        // what went wrong before says more
        (
            &["verify", "artifact.txt", "--key", "foreign.pub", "--format", "json"],
            1,
        ),
        (&["--help"], 3),
        (&["explain", "--list"], 3),
        // no result
        (&["explain", "SLT9999"], 2),
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = slt(folder.path(), arguments, full);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        let is_said = said.contains("error: cannot write to standard output: no space left on device\nhint: ");
        assert_eq!(is_said, code != 2, "{arguments:?}: {said}");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = slt(folder.path(), arguments, writer);
        let said = String::from_utf8(output.stderr).unwrap();
        let expected = if code == 3 { 0 } else { code };
        assert_eq!(output.status.code(), Some(expected), "{arguments:?}: {said}");
        assert_eq!(expected == 0, said.is_empty(), "{arguments:?}: {said}");
    }
    assert_eq!(
        std::fs::read(folder.path().join("a.wasm")).unwrap(),
        std::fs::read(folder.path().join("b.wasm")).unwrap()
    );
}
