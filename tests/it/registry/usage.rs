//! What a user of `push`, `pull`, `login` and the like can get wrong, and is told before anything is sent.

use serde_json::Value;

use super::artifact::COMPONENT;
use super::server::{Auth, Fault, Server};
use crate::command::{Run, folder, slt, slt_with};

const SLIGHTFILE: &[u8] = b"specversion = \"1.0\"\n";

#[test]
fn a_tag_comes_behind_the_slightfile() {
    for referrers in [true, false] {
        let server = Server::with(Auth::None, referrers);
        let folder = folder(&[("app.wasm", COMPONENT), ("slightfile.toml", SLIGHTFILE)]);
        let push = |name: &str| slt(folder.path(), &["push", "app.wasm", &server.name(name), "--slightfile"]);
        assert_eq!(push("first:1").code, 0);
        let digest = server.digest("first", "1").unwrap();
        let denied = Fault::Answer(403, Vec::new(), Vec::new());
        // whatever comes behind the manifest itself
        server.fault("POST", "/app/blobs/uploads/", 2, Fault::Late(std::time::Duration::ZERO));
        server.fault("POST", "/app/blobs/uploads/", 1, denied);
        let run = push("app:1");
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert_eq!(server.digest("app", "1"), None);
        assert!(server.manifest("app", &digest).is_some());
        let run = push("app:1");
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(server.digest("app", "1"), Some(digest));
    }
}

fn refused(run: &Run, server: &Server, said: &str) {
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert!(
        run.stderr.contains("hint: ") || said.contains("no such file"),
        "{}",
        run.stderr
    );
    assert_eq!(server.seen().len(), 0, "{said}");
}

#[test]
fn what_cannot_be_is_said_before_anything_is_asked() {
    let server = Server::start();
    let folder = folder(&[("app.wasm", COMPONENT), ("there/x", b"")]);
    let at = server.name("app:1");
    let host = &server.address();
    let wrong = server.name(&format!("app@sha256:{}", "7".repeat(64)));
    for (arguments, said) in [
        (
            &["pull", &at, "-o", "there"][..],
            "error: `there` is a folder\nhint: name the file in it: `-o there/app.wasm`",
        ),
        (
            &["pull", &at, "-o", "nodir/x"],
            "error: cannot write `nodir/x`: there is no folder `nodir`\n",
        ),
        (
            &["push", "app.wasm", &wrong],
            "error: `app.wasm` has another digest than `",
        ),
        (
            &["push", "app.wasm", &at, "--release"],
            "error: `app.wasm` is a file, and `--release` builds a project",
        ),
        (
            &["push", "app.wasm", "--slightfile"],
            "error: there is no REF: `slt push app.wasm registry/repository:tag`\n",
        ),
        (
            &["push", "there/app", "--release"],
            "error: `there/app` names no registry\nhint: a reference is `registry/repository:tag`, for example \
             `registry.example.com/team/app:1.0`; on Docker Hub it is `docker.io/there/app`\n",
        ),
        (
            &["push", ""],
            "error: `` names no registry\nhint: a reference is `registry/repository:tag`, for example \
             `registry.example.com/team/app:1.0`\n",
        ),
        (
            &["pull", "127.0.0.1:5000"],
            "error: `127.0.0.1:5000` names no repository\nhint: a reference is `registry/repository:tag`, ",
        ),
        (
            &["push", "app.wasm", &at, "--annotation", "a=1", "--annotation", "a=2"],
            "error: `--annotation a=2`: `a` has a value already: `1`",
        ),
        (
            &["push", "app.wasm", &at, "--mount-from", "127.0.0.1:1/base"],
            "error: `--mount-from 127.0.0.1:1/base`: `127.0.0.1:1` is another registry\n",
        ),
        (
            &["push", "app.wasm", &at, "--mount-from", "base:1"],
            "error: `--mount-from base:1`: a repository has neither tag nor digest\n",
        ),
        (
            &["push", "app.wasm", &at, "--mount-from", "Base"],
            "error: `--mount-from Base`: `Base` is no repository: ",
        ),
        (
            &["inspect", &at, "--tls", "127.0.0.1", "--plain-http", host],
            "error: `--tls 127.0.0.1` and `--plain-http 127.0.0.1:",
        ),
        (
            &["inspect", &at, "--tls", "A.example:1", "--plain-http", "a.Example:1"],
            "error: `--tls A.example:1` and `--plain-http a.Example:1` contradict each other\n",
        ),
        (
            &["inspect", "app.wasm", "--ca-file", "nope"],
            "error: `--ca-file nope`: no such file",
        ),
        (
            &["sign", "app.wasm", "--key", "k", "--ca-file", "nope"],
            "error: `--ca-file nope`: no such file",
        ),
        (
            &["verify", "app.wasm", "--key", "k", "--ca-file", "nope"],
            "error: `--ca-file nope`: no such file",
        ),
        (
            &["sbom", "app.wasm", "--release"],
            "error: `app.wasm` is a file, and `--release` builds a project",
        ),
        (&["sbom", &at], "here, and `slt sbom` asks no registry"),
        (
            &["run", &at, "--release"],
            "is an artifact, and `--release` builds a project",
        ),
        (
            &["run", &at, "--trusted-root", "x"],
            "error: `--trusted-root` has no effect: it is not said whose signature counts",
        ),
        (
            &["run", "--trusted-root", "x"],
            "error: `--trusted-root` has no effect: it is not said whose signature counts",
        ),
        (
            &["sign", "app.wasm", "--key", "k", "--trusted-root", "x"],
            "error: `--trusted-root` has no effect: a signature with a key asks no service",
        ),
        (
            &["ship", &at, "--key", "k", "--trusted-root", "x"],
            "error: `--trusted-root` has no effect: a signature with a key asks no service",
        ),
    ] {
        refused(&slt(folder.path(), arguments), &server, said);
    }
}

#[test]
fn flags_stand_anywhere() {
    let server = Server::start();
    let folder = folder(&[("app.wasm", COMPONENT)]);
    let at = server.name("app:1");
    for arguments in [
        &["push", "--annotation", "a=1", "app.wasm", &at][..],
        &["push", "app.wasm", "--annotation", "a=1", &at],
        &["push", "app.wasm", &at, "--annotation", "a=1"],
    ] {
        let run = slt(folder.path(), arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
    }
    for arguments in [&["push"][..], &["push", "app.wasm", "--slightfile", &at, "more"]] {
        assert_eq!(slt(folder.path(), arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn every_command_takes_the_scheme() {
    let server = Server::start();
    let folder = folder(&[("app.wasm", COMPONENT)]);
    let at = format!("oci://{}", server.name("app:1"));
    let run = |arguments: &[&str]| slt_with(folder.path(), arguments, &[("COSIGN_PASSWORD", "x")]);
    let done = |arguments: &[&str]| {
        let run = run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
    };
    done(&["keygen", "k"]);
    done(&["push", "app.wasm", &at]);
    done(&["pull", &at, "-o", "b.wasm"]);
    done(&["inspect", &at]);
    done(&["sign", &at, "--key", "k.key"]);
    done(&["verify", &at, "--key", "k.pub"]);
    let registry = format!("oci://{}", server.address());
    done(&["login", &registry, "--check"]);
    let none = run(&["logout", &registry]);
    assert!(
        none.stderr.contains("neither `DOCKER_CONFIG` nor `HOME` says"),
        "{}",
        none.stderr
    );
    assert_eq!(run(&["push", "app.wasm", "https://a.example/app:1"]).code, 2);
}

/// A folder that is called like the scheme, and has the path of a reference in it, is not what was named.
#[cfg(unix)]
#[test]
fn the_scheme_says_that_it_is_no_file() {
    let server = Server::start();
    let at = format!("oci://{}", server.name("app:1"));
    let below = at.replace("//", "/");
    let folder = folder(&[("app.wasm", COMPONENT), (&below, COMPONENT)]);
    assert_eq!(
        slt_with(folder.path(), &["keygen", "k"], &[("COSIGN_PASSWORD", "x")]).code,
        0
    );
    for arguments in [
        &["verify", &at, "--key", "k.pub"][..],
        &["inspect", &at],
        &["sign", &at, "--key", "k.key"],
    ] {
        let run = slt_with(folder.path(), arguments, &[("COSIGN_PASSWORD", "x")]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(run.stderr.contains("app:1"), "{}", run.stderr);
        assert!(!server.seen().is_empty(), "the registry is asked");
        server.forget_seen();
    }
}

/// A disk that is full while it is fetched: the name is the user's, and not that of what becomes it.
#[cfg(unix)]
#[test]
#[allow(clippy::disallowed_methods)] // a shell that limits what may be written
fn a_file_that_cannot_be_written_is_called_by_its_name() {
    let server = Server::start();
    let folder = folder(&[("app.wasm", COMPONENT)]);
    let at = server.name("app:1");
    assert_eq!(slt(folder.path(), &["push", "app.wasm", &at]).code, 0);
    let line = "trap '' XFSZ; ulimit -f 0; exec \"$0\" pull \"$1\" -o b.wasm";
    let output = std::process::Command::new("/bin/sh")
        .args(["-c", line, env!("CARGO_BIN_EXE_slt"), &at])
        .current_dir(folder.path())
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("error: cannot write `b.wasm`: "), "{said}");
    assert!(!said.contains(".b.wasm"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn where_credentials_are_kept() {
    let server = Server::start();
    let folder = folder(&[("docker/config.json", b"{"), ("full/.config.json.new/x", b"")]);
    let address = server.address();
    let login = |docker: &std::path::Path| {
        super::commands::told(
            folder.path(),
            &["login", &address, "-u", "me", "--password-stdin", "--format", "json"],
            "open sesame",
            &[("DOCKER_CONFIG", docker.to_str().unwrap())],
        )
    };
    let config = folder.path().join("docker/config.json");
    let run = login(config.parent().unwrap());
    assert_eq!(run.code, 3);
    let hint =
        "hint: it is Docker's configuration: correct it, or move it away; `slt login REGISTRY` then writes a new one\n";
    assert!(
        run.stderr.contains("error: cannot read `") && run.stderr.ends_with(hint),
        "{}",
        run.stderr
    );
    std::fs::remove_file(&config).unwrap();
    let run = login(config.parent().unwrap());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(line["kept"], config.to_str().unwrap());
    // what is collected before it takes the file's place cannot be
    let run = login(&folder.path().join("full"));
    assert_eq!(run.code, 3);
    let hint = "hint: credentials are kept in Docker's configuration; `DOCKER_CONFIG` names another folder for it\n";
    assert!(
        run.stderr.contains("error: cannot write `") && run.stderr.ends_with(hint),
        "{}",
        run.stderr
    );
}
