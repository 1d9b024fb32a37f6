//! Passwords that are typed at a terminal, which `script` makes, and Ctrl-C after them.
#![allow(clippy::disallowed_methods)] // somebody who types waits for a moment

use std::io::{BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{PASSWORD, signed};
use crate::registry::server::{Fault, Server};

/// Pressing Enter says no password, and not that the key is to have none.
#[test]
fn an_empty_password_is_refused() {
    let folder = crate::command::folder(&[]);
    let line = format!("exec {} keygen k", env!("CARGO_BIN_EXE_slt"));
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(folder.path())
        .env_remove("COSIGN_PASSWORD")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut screen = BufReader::new(child.stdout.take().unwrap());
    let mut shown = String::new();
    while !shown.contains("a password for the new key: ") {
        let mut byte = [0];
        screen.read_exact(&mut byte).unwrap();
        shown.push(char::from(byte[0]));
    }
    let mut keyboard = child.stdin.take().unwrap();
    // once, and once more for who asks again; when it has ended, nobody takes it
    let code = loop {
        let _ = keyboard.write_all(b"\r");
        std::thread::sleep(Duration::from_millis(500));
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
    };
    screen.read_to_string(&mut shown).unwrap();
    assert_eq!(code, Some(2), "{shown}");
    assert!(
        shown.contains("error: the password is empty: nothing was made"),
        "{shown}"
    );
    assert!(shown.contains("hint: `COSIGN_PASSWORD=` says"), "{shown}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// What waits for a registry after the password was typed can be ended.
#[test]
fn ctrl_c_ends_what_waits_after_a_password() {
    /// The registry's silence, in seconds: it would end by itself then, otherwise than it should.
    const SILENT_SECONDS: u64 = 40;
    let image = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#;
    let server = Server::start();
    server.put_manifest(
        "app",
        "1",
        "application/vnd.oci.image.manifest.v1+json",
        image.as_bytes(),
    );
    for method in ["HEAD", "POST", "PUT"] {
        server.fault(
            method,
            "/blobs/",
            usize::MAX,
            Fault::Late(Duration::from_secs(SILENT_SECONDS)),
        );
    }
    let folder = signed();
    let line = format!(
        "exec {} sign {} --key cosign.key",
        env!("CARGO_BIN_EXE_slt"),
        server.name("app:1")
    );
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(folder.path())
        .env_remove("COSIGN_PASSWORD")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut screen = BufReader::new(child.stdout.take().unwrap());
    let mut shown = String::new();
    while !shown.contains("password of `cosign.key`: ") {
        let mut byte = [0];
        screen.read_exact(&mut byte).unwrap();
        shown.push(char::from(byte[0]));
    }
    let mut keyboard = child.stdin.take().unwrap();
    // the prompt is written before the terminal is told to show nothing: it does not matter here what is shown
    keyboard.write_all(PASSWORD.as_bytes()).unwrap();
    keyboard.write_all(b"\r").unwrap();
    // the prompt takes some time to read it, and the key some to be opened
    let code = loop {
        std::thread::sleep(Duration::from_secs(2));
        match child.try_wait().unwrap() {
            Some(status) => break status.code(),
            None => drop(keyboard.write_all(b"\x03")),
        }
    };
    screen.read_to_string(&mut shown).unwrap();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("error: interrupted"), "{shown}");
}
