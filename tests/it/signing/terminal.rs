//! Passwords and codes that are typed at a terminal, which `script` makes, and Ctrl-C after them.
#![allow(clippy::disallowed_methods)] // somebody who types waits for a moment

use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::provider::{Provider, Say};
use super::services::{KEYLESS, LATER, SECRET, token};
use super::{PASSWORD, device, signed};
use crate::registry::server::{Fault, Server};

/// A command line at a terminal of its own.
fn script(directory: &Path, line: &str) -> Command {
    let mut script = Command::new("script");
    script
        .args(["--quiet", "--return", "--command", line, "/dev/null"])
        .current_dir(directory);
    script
}

/// Starts it, and reads its screen until it asks this: what runs, its keyboard, its screen, and what was shown by then.
fn asked(script: &mut Command, question: &str) -> (Child, ChildStdin, BufReader<ChildStdout>, String) {
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut screen = BufReader::new(child.stdout.take().unwrap());
    let mut shown = String::new();
    while !shown.contains(question) {
        let mut byte = [0];
        screen.read_exact(&mut byte).unwrap();
        shown.push(char::from(byte[0]));
    }
    let keyboard = child.stdin.take().unwrap();
    (child, keyboard, screen, shown)
}

/// Pressing Enter says no password, and not that the key is to have none.
#[test]
fn an_empty_password_is_refused() {
    let folder = crate::command::folder(&[]);
    let line = format!("exec {} keygen k", env!("CARGO_BIN_EXE_slt"));
    let mut script = script(folder.path(), &line);
    script.env_remove("COSIGN_PASSWORD");
    let (mut child, mut keyboard, mut screen, mut shown) = asked(&mut script, "a password for the new key: ");
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
    let mut script = script(folder.path(), &line);
    script.env_remove("COSIGN_PASSWORD");
    let (mut child, mut keyboard, mut screen, mut shown) = asked(&mut script, "password of `cosign.key`: ");
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

/// Signs in without a browser, types this where the code is asked for, and gives how it ended and what was on the screen.
fn typed(provider: &Provider, keys: &[u8]) -> (Option<i32>, String) {
    let folder = signed();
    std::fs::write(folder.path().join("config.json"), device::with_oidc(provider)).unwrap();
    let line = format!("exec {} {} --no-browser", env!("CARGO_BIN_EXE_slt"), KEYLESS.join(" "));
    let mut script = script(folder.path(), &line);
    script.env_clear().env("PATH", "/usr/bin:/bin");
    let (mut child, mut keyboard, mut screen, mut shown) = asked(&mut script, "the code that is shown there: ");
    // the prompt is written before the terminal is told that Ctrl-C is a key
    std::thread::sleep(Duration::from_secs(1));
    keyboard.write_all(keys).unwrap();
    let code = child.wait().unwrap().code();
    screen.read_to_string(&mut shown).unwrap();
    assert!(!shown.contains(SECRET), "{shown}");
    (code, shown)
}

#[test]
fn a_code_that_is_typed() {
    let token = format!(r#"{{"id_token":"{}"}}"#, token(LATER));
    let refused = r#"{"error":"invalid_grant"}"#.to_owned();
    for (say, keys, code, said, asked) in [
        (
            Say::This(200, token.clone()),
            "zq7code\r",
            3,
            "error: Fulcio at http://127.0.0.1:9 failed",
            1,
        ),
        (
            Say::This(400, refused),
            "zq7code\r",
            1,
            "error: nobody signed in: the provider does not take the code",
            1,
        ),
        (
            Say::This(500, "x".to_owned()),
            "zq7code\r",
            3,
            " failed: token exchange failed: 500",
            1,
        ),
        (
            Say::This(200, format!(r#"{{"id_token":"a.{SECRET}.c"}}"#)),
            "zq7code\r",
            3,
            " failed: its answer is no identity token",
            1,
        ),
        (
            Say::Endless(200),
            "zq7code\r",
            3,
            " failed: token response exceeds 1 MiB",
            1,
        ),
        (Say::This(200, token), "\x03", 1, "error: interrupted", 0),
    ] {
        let provider = Provider::start(vec![say]);
        let (ended, shown) = typed(&provider, keys.as_bytes());
        assert_eq!(ended, Some(code), "{shown}");
        assert!(shown.contains(said) && shown.contains("hint: "), "{shown}");
        let all = provider.asked();
        assert_eq!(all.len(), asked, "{all:?}");
        for request in all {
            assert_eq!(request.line, "POST /token");
            assert_eq!(request.field("code").as_deref(), Some("zq7code"));
        }
    }
}
