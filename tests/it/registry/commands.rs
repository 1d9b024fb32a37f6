//! `slt push`, `pull`, `inspect`, `login` and `logout`, as a user runs them.
#![allow(clippy::disallowed_methods)] // a password is written to a process, and helpers are programs

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use slt::registry::media;

use super::artifact::{COMPONENT, with_world};
use super::client::{block_on, client, reference};
use super::server::{Auth, Fault, Server};
use crate::command::{Run, folder, slt, slt_with};

const AUTH: Auth = Auth::Bearer {
    user: "me",
    password: "open sesame",
};

/// Without what differs from run to run.
fn shown(run: &Run, server: &Server, folder: &Path) -> String {
    run.shown(folder).replace(&server.address(), "HOST")
}

/// Runs slt with something on its standard input.
pub fn told(directory: &Path, arguments: &[&str], input: &str, environment: &[(&str, &str)]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_slt"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // one that refuses its arguments reads nothing
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn there_and_back() {
    let server = Server::start();
    let folder = folder(&[("app.wasm", COMPONENT)]);
    let at = server.name("team/app:1.0");
    let run = |arguments: &[&str]| shown(&slt(folder.path(), arguments), &server, folder.path());
    let texts = [
        run(&[
            "push",
            "app.wasm",
            &at,
            "--annotation",
            "org.opencontainers.image.vendor=Example",
        ]),
        run(&["push", "app.wasm", &at, "--format", "json"]),
        run(&["inspect", &at]),
        run(&["inspect", "app.wasm"]),
        run(&["pull", &at]),
        run(&["pull", &at, "-o", "back.wasm", "--format", "json"]),
    ];
    insta::assert_snapshot!("there_and_back", texts.join("\n"));
    for name in ["app.wasm", "back.wasm"] {
        assert_eq!(std::fs::read(folder.path().join(name)).unwrap(), COMPONENT);
    }
    // nothing is left beside them
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_project_is_built_and_pushed() {
    let server = Server::start();
    let described = [COMPONENT, &[0, 12, 8], b"licenses", b"MIT"].concat();
    let folder = folder(&[
        ("made.wasm", &described),
        (
            "slightfile.toml",
            b"specversion = \"1.0\"\n\n[app]\nname = \"shortener\"\nversion = \"1.2.3\"\ncomponent = \"made.wasm\"\n",
        ),
    ]);
    let push = |rest: &str| {
        let run = slt(folder.path(), &["push", &server.name(rest)]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.stdout
    };
    let name = push("team/shortener:1.2.3");
    assert!(name.starts_with(&server.name("team/shortener@sha256:")), "{name}");
    // again, and built anew
    std::fs::remove_dir_all(folder.path().join("dist")).unwrap();
    assert_eq!(push("team/shortener:again"), name);
    let manifest = server.manifest("team/shortener", "1.2.3").unwrap();
    assert_eq!(
        manifest["annotations"],
        json!({ "org.opencontainers.image.licenses": "MIT", "org.opencontainers.image.version": "1.2.3" })
    );
    let title = &manifest["layers"][0]["annotations"]["org.opencontainers.image.title"];
    assert_eq!(title, "shortener.wasm");
}

/// A component that says its name.
fn named(name: &str) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap();
    let names = [&[0, length + 1, length][..], name.as_bytes()].concat();
    let section = [&[14][..], b"component-name", &names].concat();
    [COMPONENT, &[0, u8::try_from(section.len()).unwrap()], &section].concat()
}

#[test]
fn the_name_of_a_file_counts_for_nothing() {
    let server = Server::start();
    let orders = named("orders");
    let folder = folder(&[
        ("a.wasm", COMPONENT),
        ("sub/b.bin", COMPONENT),
        ("orders.wasm", &orders),
        ("c", &orders),
        ("d", &named("../../up")),
    ]);
    let push = |file: &str, at: &str| {
        let run = slt(folder.path(), &["push", file, &server.name(at)]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let (repository, tag) = at.rsplit_once(':').unwrap();
        let manifest = server.manifest(repository, tag).unwrap();
        let title = manifest["layers"][0]["annotations"]["org.opencontainers.image.title"].clone();
        let digest = run.stdout.trim().rsplit('@').next().unwrap().to_owned();
        (digest, title.as_str().unwrap().to_owned())
    };
    let first = push("a.wasm", "team/app:1");
    assert_eq!(first.1, "app.wasm");
    assert_eq!(push("sub/b.bin", "team/app:2"), first);
    assert_eq!(push("a.wasm", "other/shop:1"), first);
    let own = push("orders.wasm", "team/app:3");
    assert_eq!(own.1, "orders.wasm");
    assert_eq!(push("c", "elsewhere/shop:1"), own);
    assert_eq!(push("d", "team/app:4").1, "app.wasm");
}

#[test]
fn a_pull_to_standard_output() {
    let server = Server::start();
    let component = named("orders");
    let folder = folder(&[("app.wasm", &component)]);
    let at = server.name("app:1");
    assert_eq!(slt(folder.path(), &["push", "app.wasm", &at]).code, 0);
    for format in [&[][..], &["--format", "json"], &["-q"]] {
        let run = slt(folder.path(), &[&["pull", &at, "-o", "-"], format].concat());
        assert_eq!(
            (run.code, run.stdout.as_bytes()),
            (0, component.as_slice()),
            "{}",
            run.stderr
        );
    }
    // what is bad does not come out
    let digest = server.manifest("app", "1").unwrap()["layers"][0]["digest"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    server.put_blob_as("app", &digest, &vec![0; component.len()]);
    let run = slt(folder.path(), &["pull", &at, "-o", "-"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_pull_into_a_pipe_and_through_a_link() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let server = Server::start();
    let folder = folder(&[("app.wasm", COMPONENT), ("target.wasm", b"old")]);
    let at = server.name("app:1");
    assert_eq!(slt(folder.path(), &["push", "app.wasm", &at]).code, 0);
    let path = |name: &str| folder.path().join(name);
    let kind = |name: &str| std::fs::symlink_metadata(path(name)).unwrap().file_type();
    symlink("target.wasm", path("link.wasm")).unwrap();
    symlink("round", path("round")).unwrap();
    let run = slt(folder.path(), &["pull", &at, "-o", "link.wasm"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(kind("link.wasm").is_symlink());
    assert_eq!(std::fs::read(path("target.wasm")).unwrap(), COMPONENT);
    assert!(Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
    let reader = std::thread::spawn({
        let path = path("pipe");
        move || std::fs::read(path).unwrap()
    });
    let run = slt(folder.path(), &["pull", &at, "-o", "pipe"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(reader.join().unwrap(), COMPONENT);
    assert!(kind("pipe").is_fifo());
    // what is none of a component's, or cannot be read, is told in one way, with the name that was given
    for (name, said) in [
        ("pipe", "error: `pipe` is no regular file\n"),
        (
            "round",
            "error: cannot read `round`: too many levels of symbolic links\n",
        ),
    ] {
        for arguments in [
            &["push", name, at.as_str()][..],
            &["inspect", name],
            &["sign", name],
            &["sbom", name],
        ] {
            let run = slt(folder.path(), arguments);
            let said = match (arguments[0], name) {
                ("sbom", "pipe") => "error: cannot read `pipe`: it is no regular file\n",
                _ => said,
            };
            assert_eq!(run.code, 2, "{arguments:?}: {}", run.stderr);
            assert!(run.stderr.starts_with(said), "{arguments:?}: {}", run.stderr);
        }
    }
}

#[test]
fn a_registry_that_tells_no_types_is_asked_for_them() {
    let server = Server::start();
    let folder = folder(&[("app.wasm", COMPONENT), ("slightfile.toml", b"specversion = \"1.0\"\n")]);
    let at = server.name("app:1");
    let run = slt(folder.path(), &["push", "app.wasm", &at, "--slightfile"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let digest = run.stdout.trim().rsplit('@').next().unwrap().to_owned();
    let address = format!("http://{}/v2/app/referrers/{digest}", server.address());
    let list = crate::process::get(&server.address(), address.split(&server.address()).nth(1).unwrap()).1;
    let unclear = list.replace("application/vnd.slt.slightfile.v1+toml", media::EMPTY);
    server.fault(
        "GET",
        "/referrers/",
        1,
        Fault::Answer(200, Vec::new(), unclear.into_bytes()),
    );
    let run = slt(folder.path(), &["inspect", &at]);
    assert!(
        run.stdout.contains("\nreferrer     slightfile sha256:"),
        "{}",
        run.stdout
    );
}

#[test]
fn inspect_for_programs() {
    let server = Server::start();
    let folder = folder(&[("app.wasm", COMPONENT)]);
    let at = server.name("team/app:1.0");
    assert_eq!(slt(folder.path(), &["push", "app.wasm", &at]).code, 0);
    let run = slt(folder.path(), &["inspect", &at, "--format", "json"]);
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    insta::assert_snapshot!("inspect_json", format!("{line:#}").replace(&server.address(), "HOST"));
}

#[test]
fn inspect_shows_the_world() {
    let folder = folder(&[
        ("app.wasm", COMPONENT),
        ("module.wasm", &with_world()),
        ("bare.wasm", b"\0asm\x01\0\0\0"),
    ]);
    for (file, expected) in [
        ("app.wasm", Some("root:component/root")),
        ("module.wasm", Some("team:app/shortener@1.0.0")),
        ("bare.wasm", None),
    ] {
        let text = slt(folder.path(), &["inspect", file]).stdout;
        let shown = text.lines().find_map(|line| line.strip_prefix("world        "));
        assert_eq!(shown, expected, "{text}");
        let line = slt(folder.path(), &["inspect", file, "--format", "json"]).stdout;
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["world"].as_str(), expected);
    }
}

#[test]
fn inspect_lists_what_older_cosign_left() {
    let server = Server::start();
    let folder = folder(&[("app.wasm", COMPONENT)]);
    let at = server.name("app:1");
    let pushed = slt(folder.path(), &["push", "app.wasm", &at]);
    assert_eq!(pushed.code, 0, "{}", pushed.stderr);
    let tag = server.digest("app", "1").unwrap().replace(':', "-");
    let manifest = br#"{"schemaVersion":2,"config":{"mediaType":"x","digest":"x","size":1},"layers":[]}"#;
    let listed = || {
        let text = slt(folder.path(), &["inspect", &at]).stdout;
        let listed = text.lines().filter(|line| line.contains(" tag sha256-"));
        let listed: Vec<String> = listed.map(|line| line.replace(&tag, "TAG")).collect();
        let line = slt(folder.path(), &["inspect", &at, "--format", "json"]).stdout;
        let line: Value = serde_json::from_str(&line).unwrap();
        for (name, suffix) in [("signature_tag", "sig"), ("attestation_tag", "att")] {
            let expected = server
                .digest("app", &format!("{tag}.{suffix}"))
                .map(|_| json!(format!("{tag}.{suffix}")));
            assert_eq!(line["artifact"].get(name), expected.as_ref());
        }
        listed.join("\n")
    };
    assert_eq!(listed(), "");
    server.put_manifest("app", &format!("{tag}.att"), media::MANIFEST, manifest);
    assert_eq!(listed(), "attestation  tag TAG.att");
    server.put_manifest("app", &format!("{tag}.sig"), media::MANIFEST, manifest);
    assert_eq!(listed(), "signature    tag TAG.sig\nattestation  tag TAG.att");
}

/// How often a component is pushed where it must always be the same, if `PUSHES` does not say: what a test has time for.
const PUSHES: usize = 50;

/// Of these, one in five is pushed by the command: a process of its own, as whoever it is, wherever and whenever.
const PUSHES_BY_LIBRARY: usize = 4;

/// As `slt push` in another world: another folder, name of the user's home, time zone, language, mask of modes, and age of the file.
#[cfg(unix)]
fn pushed_elsewhere(server: &Server, number: usize) -> String {
    let folder = folder(&[(&format!("{number}/app.wasm"), COMPONENT)]);
    let directory = folder.path().join(number.to_string());
    let file = std::fs::File::options()
        .write(true)
        .open(directory.join("app.wasm"))
        .unwrap();
    let age = std::time::Duration::from_secs(86_400 * number as u64);
    file.set_modified(std::time::SystemTime::UNIX_EPOCH + age).unwrap();
    let mask = ["000", "022", "077", "027"][number % 4];
    let zone = ["UTC", "Pacific/Kiritimati", "America/St_Johns"][number % 3];
    let language = ["C", "de_DE.UTF-8"][number % 2];
    let output = Command::new("/bin/sh")
        .args(["-c", &format!("umask {mask}; exec \"$0\" push app.wasm \"$1\"")])
        .args([env!("CARGO_BIN_EXE_slt"), &server.name(&format!("team/app{number}:1"))])
        .current_dir(&directory)
        .env_clear()
        .envs([
            ("HOME", folder.path().to_str().unwrap()),
            ("TZ", zone),
            ("LANG", language),
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    server.digest(&format!("team/app{number}"), "1").unwrap()
}

#[cfg(unix)]
#[test]
fn however_often_a_component_is_pushed_it_has_one_digest() {
    use slt::registry::artifact::{About, Package};
    let count = std::env::var("PUSHES").map_or(PUSHES, |text| text.parse().expect("`PUSHES` is a number"));
    let server = Server::start();
    let folder = folder(&[("app.wasm", COMPONENT)]);
    let about = About {
        title: "app.wasm".to_owned(),
        created: "1970-01-01T00:00:00Z".to_owned(),
        ..About::default()
    };
    let mut digests: BTreeMap<String, usize> = BTreeMap::new();
    for number in 0..count {
        let digest = match number % (PUSHES_BY_LIBRARY + 1) {
            0 => pushed_elsewhere(&server, number),
            _ => {
                let package = Package::of_file(&folder.path().join("app.wasm"), &about).unwrap();
                let at = reference(&server, &format!("team/app{number}:1"));
                block_on(package.push(&client(), &at, None)).unwrap().digest.to_string()
            }
        };
        *digests.entry(digest).or_default() += 1;
    }
    // the one of the text that `there_and_back` shows
    let one = "sha256:b04545b7151dafed9256814aa4814a6fca9231c7fd9a8fd81ca99f730d6183f1";
    assert_eq!(digests, BTreeMap::from([(one.to_owned(), count)]));
}

#[test]
fn a_component_is_mounted_from_where_it_is() {
    let server = Server::start();
    let folder = folder(&[("app.wasm", COMPONENT)]);
    let layer = server.put_blob("base/app", COMPONENT).to_string();
    let push = |repository: &str, from: &str| {
        let at = server.name(&format!("{repository}:1"));
        let run = slt(folder.path(), &["push", "app.wasm", &at, "--mount-from", from]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(server.blob(repository, &layer).unwrap(), COMPONENT);
        let seen = server.seen();
        let mounts = seen
            .iter()
            .filter(|seen| seen.query.contains("mount="))
            .map(|seen| seen.status);
        let sent = seen
            .iter()
            .any(|seen| seen.path.contains("/uploads/") && seen.body_bytes == COMPONENT.len());
        server.forget_seen();
        (mounts.collect::<Vec<_>>(), sent)
    };
    assert_eq!(push("team/app", "base/app"), (vec![201], false));
    let whole = server.name("base/app");
    assert_eq!(push("team/third", &whole), (vec![201], false));
    assert_eq!(push("team/fourth", &format!("oci://{whole}")), (vec![201], false));
    // where that one has none, the registry opens an upload instead, and it is sent
    assert_eq!(push("team/other", "base/none"), (vec![202], true));
}

#[test]
fn what_is_wrong_is_said() {
    let server = Server::start();
    let folder = folder(&[("app.wasm", COMPONENT), ("sub/text", b"hello, world")]);
    let at = server.name("app:1");
    server.put_manifest("image", "1", media::MANIFEST, br#"{"schemaVersion":2,"config":{"mediaType":"x","digest":"x","size":1},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"x","size":1}]}"#);
    let run = |arguments: &[&str]| shown(&slt(folder.path(), arguments), &server, folder.path());
    let mut texts = vec![
        run(&["push", "app.wasm", "app:1"]),
        run(&["push", "app.wasm", &format!("https://{at}")]),
        run(&["push", "none.wasm", &at]),
        run(&["push", ".", &at]),
        run(&["push", "sub/text", &at]),
        run(&["push", "app.wasm", &at, "--annotation", "x"]),
        run(&["push", &at]),
        run(&["pull", &at]),
        run(&["pull", &server.name("image:1")]),
        run(&["pull", "127.0.0.1:1/app:1"]),
        run(&["pull", &at, "--registry-timeout", "soon"]),
        run(&["inspect", "none.wasm"]),
        run(&["inspect", "."]),
        run(&["pull", &at, "-o", "."]),
        run(&["inspect", "sub/text"]),
        run(&["logout", "registry.example.com"]),
    ];
    let fails = Fault::Answer(
        403,
        Vec::new(),
        br#"{"errors":[{"code":"DENIED","message":"read only"}]}"#.to_vec(),
    );
    server.fault("POST", "/blobs/uploads/", 1, fails);
    texts.push(run(&["push", "app.wasm", &at]));
    insta::assert_snapshot!("what_is_wrong", texts.join("\n"));
    assert!(server.tags("app").is_empty());
}

#[test]
fn a_pull_that_fails_leaves_what_was_there() {
    let server = Server::start();
    let folder = folder(&[("app.wasm", COMPONENT), ("there.wasm", b"what was there")]);
    let at = server.name("app:1");
    assert_eq!(slt(folder.path(), &["push", "app.wasm", &at]).code, 0);
    let manifest = server.manifest("app", "1").unwrap();
    let digest = manifest["layers"][0]["digest"].as_str().unwrap().parse().unwrap();
    server.put_blob_as("app", &digest, b"\0asm\x0d\0\x01\x01");
    let run = slt(folder.path(), &["pull", &at, "-o", "there.wasm"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    assert_eq!(
        std::fs::read(folder.path().join("there.wasm")).unwrap(),
        b"what was there"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

const SLIGHTFILE: &str = "specversion = \"1.0\"\n\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"default\"\n\n[capability.configs]\nREDIS_ADDRESS = \"redis://:hunter2@db.example.com:6379\" # was redis://:hunter1@db\n# password hunter3, token ghp_0123456789\n";

#[test]
fn a_slightfile_goes_without_its_secrets() {
    for referrers in [true, false] {
        let server = Server::with(Auth::None, referrers);
        let folder = folder(&[("app.wasm", COMPONENT), ("slightfile.toml", SLIGHTFILE.as_bytes())]);
        let at = server.name("app:1");
        let push = || {
            slt(
                folder.path(),
                &["push", "app.wasm", &at, "--slightfile", "--format", "json"],
            )
        };
        let run = push();
        assert_eq!(run.code, 0, "{}", run.stderr);
        let line: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
        let manifest = server.manifest("app", line["slightfile"].as_str().unwrap()).unwrap();
        let layer = server
            .blob("app", manifest["layers"][0]["digest"].as_str().unwrap())
            .unwrap();
        let text = String::from_utf8(layer.to_vec()).unwrap();
        assert!(!text.contains("hunter") && !text.contains("ghp_"), "{text}");
        insta::allow_duplicates! {
            insta::assert_snapshot!("slightfile_without_secrets", text);
        }
        assert_eq!(manifest["subject"]["digest"], line["digest"]);
        // and the same again is the same
        let again: Value = serde_json::from_str(push().stdout.lines().last().unwrap()).unwrap();
        assert_eq!(again, line);
        let run = slt(folder.path(), &["inspect", &at]);
        let referrer = run.stdout.lines().find(|line| line.starts_with("referrer")).unwrap();
        assert!(referrer.contains("slightfile sha256:"), "{referrer}");
    }
}

#[test]
fn a_secret_that_cannot_be_left_out_is_shown() {
    let server = Server::start();
    let slightfile =
        "specversion = \"1.0\"\n\n[app]\nname = \"app\"\ncomponent = \"app.wasm\"\nbuild = \"make PASSWORD=hunter2\"\n";
    let folder = folder(&[("app.wasm", COMPONENT), ("slightfile.toml", slightfile.as_bytes())]);
    let run = slt(
        folder.path(),
        &["push", "app.wasm", &server.name("app:1"), "--slightfile"],
    );
    let text = shown(&run, &server, folder.path());
    assert!(!text.contains("hunter2"), "{text}");
    insta::assert_snapshot!("secret_that_cannot_be_left_out", text);
    assert!(server.tags("app").is_empty());
}

#[test]
fn created_is_what_source_date_epoch_says() {
    let server = Server::start();
    let folder = folder(&[("app.wasm", COMPONENT)]);
    let created = |epoch: &str| {
        let at = server.name("app:1");
        let run = slt_with(
            folder.path(),
            &["push", "app.wasm", &at],
            &[("SOURCE_DATE_EPOCH", epoch)],
        );
        assert_eq!(run.code, 0, "{}", run.stderr);
        let manifest = server.manifest("app", "1").unwrap();
        let config = server
            .blob("app", manifest["config"]["digest"].as_str().unwrap())
            .unwrap();
        let config: Value = serde_json::from_slice(&config).unwrap();
        config["created"].as_str().unwrap().to_owned()
    };
    assert_eq!(created("1700000000"), "2023-11-14T22:13:20Z");
    assert_eq!(created(""), "1970-01-01T00:00:00Z");
}

#[test]
fn logged_in_and_out_again() {
    let server = Server::with(AUTH, true);
    let folder = folder(&[
        ("app.wasm", COMPONENT),
        (
            ".docker/config.json",
            br#"{"HttpHeaders":{"X":"y"},"auths":{"a.example":{"auth":"eDp5"}}}"#,
        ),
    ]);
    let home = folder.path().to_str().unwrap();
    let environment = [("HOME", home)];
    let address = server.address();
    let at = server.name("team/app:1");
    let run = |arguments: &[&str]| slt_with(folder.path(), arguments, &environment);
    let login = |password: &str| {
        told(
            folder.path(),
            &["login", &address, "-u", "me", "--password-stdin"],
            password,
            &environment,
        )
    };
    let texts = [
        run(&["push", "app.wasm", &at]),
        login("wrong"),
        login(""),
        login("open sesame\n"),
        run(&["push", "-v", "app.wasm", &at]),
        run(&["login", &address, "--check"]),
        run(&["logout", &address]),
        run(&["logout", &address]),
        run(&["login", &address, "--check"]),
    ];
    let text: Vec<String> = texts.iter().map(|run| shown(run, &server, folder.path())).collect();
    insta::assert_snapshot!("login_and_logout", text.join("\n"));
    assert!(!text.concat().contains("open sesame") && !text.concat().contains("secret-token"));
    let left: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join(".docker/config.json")).unwrap()).unwrap();
    assert_eq!(
        left,
        json!({ "HttpHeaders": { "X": "y" }, "auths": { "a.example": { "auth": "eDp5" } } })
    );
}

#[test]
fn a_registry_that_lets_everybody_in_takes_no_credentials() {
    let server = Server::start();
    let folder = folder(&[]);
    let environment = [("HOME", folder.path().to_str().unwrap())];
    let address = server.address();
    let check: &[&str] = &["login", &address, "--check"];
    let texts = [
        slt_with(folder.path(), check, &environment),
        told(
            folder.path(),
            &["login", &address, "-u", "me", "--password-stdin"],
            "anything",
            &environment,
        ),
        slt_with(folder.path(), check, &environment),
        slt_with(folder.path(), &[check, &["--format", "json"]].concat(), &environment),
    ];
    let text: Vec<String> = texts.iter().map(|run| shown(run, &server, folder.path())).collect();
    insta::assert_snapshot!("login_where_everybody_is_let_in", text.join("\n"));
}

#[cfg(unix)]
#[test]
fn a_file_of_credentials_is_the_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::with(AUTH, true);
    let folder = folder(&[]);
    let docker = folder.path().join("new/docker");
    let environment = [("DOCKER_CONFIG", docker.to_str().unwrap())];
    let address = server.address();
    let run = told(
        folder.path(),
        &["login", &address, "-u", "me", "--password-stdin"],
        "open sesame",
        &environment,
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&docker), mode(&docker.join("config.json"))), (0o700, 0o600));
}

/// A helper that keeps what it is told in a file beside it, and writes down how it was called.
#[cfg(unix)]
const HELPER: &str = "#!/bin/sh\necho \"$@\" >> \"$0.calls\"\ncase $1 in\nstore) /bin/cat > \"$0.kept\" ;;\nget) /bin/cat > /dev/null; if [ -f \"$0.kept\" ]; then /bin/cat \"$0.kept\"; else echo 'credentials not found in native keychain'; exit 1; fi ;;\nerase) /bin/rm \"$0.kept\" ;;\nesac\n";

#[cfg(unix)]
#[test]
fn a_helper_keeps_what_docker_would_give_it() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::with(AUTH, true);
    let address = server.address();
    for config in [
        json!({ "credsStore": "test" }),
        json!({ "credHelpers": { address.clone(): "test" } }),
    ] {
        let folder = folder(&[
            ("app.wasm", COMPONENT),
            ("docker/config.json", config.to_string().as_bytes()),
            ("bin/docker-credential-test", HELPER.as_bytes()),
        ]);
        let helper = folder.path().join("bin/docker-credential-test");
        std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o700)).unwrap();
        let (docker, bin) = (folder.path().join("docker"), folder.path().join("bin"));
        let environment = [
            ("DOCKER_CONFIG", docker.to_str().unwrap()),
            ("PATH", bin.to_str().unwrap()),
        ];
        let run = |arguments: &[&str]| slt_with(folder.path(), arguments, &environment);
        let at = server.name("app:1");
        assert_eq!(run(&["push", "app.wasm", &at]).code, 3);
        let login = told(
            folder.path(),
            &["login", &address, "-u", "me", "--password-stdin"],
            "open sesame",
            &environment,
        );
        assert_eq!(login.code, 0, "{}", login.stderr);
        assert!(
            login.stdout.ends_with("kept in `docker-credential-test`\n"),
            "{}",
            login.stdout
        );
        let file = std::fs::read_to_string(docker.join("config.json")).unwrap();
        assert!(!file.contains("auth\"") && file.contains(&address), "{file}");
        assert_eq!(run(&["push", "app.wasm", &at]).code, 0);
        assert_eq!(run(&["logout", &address]).code, 0);
        assert_eq!(run(&["push", "app.wasm", &at]).code, 3);
        let calls = std::fs::read_to_string(folder.path().join("bin/docker-credential-test.calls")).unwrap();
        assert!(
            calls.contains("store\n") && calls.contains("erase\n") && !calls.contains("password"),
            "{calls}"
        );
    }
}

#[test]
fn credentials_are_found_where_others_keep_them() {
    let server = Server::with(AUTH, true);
    let right = "bWU6b3BlbiBzZXNhbWU=";
    let wrong = "bWU6d3Jvbmc=";
    let auths = |entries: &[(String, Value)]| {
        let entries: serde_json::Map<String, Value> = entries.iter().cloned().collect();
        json!({ "auths": entries }).to_string()
    };
    let auth = |name: String, auth: &str| (name, json!({ "auth": auth }));
    let host = server.address();
    for (path, text, environment) in [
        (
            "docker/config.json",
            auths(&[auth(host.clone(), right)]),
            ("DOCKER_CONFIG", "docker"),
        ),
        (
            ".docker/config.json",
            auths(&[auth(format!("http://{host}/v2/"), right)]),
            ("HOME", ""),
        ),
        (
            "auth.json",
            auths(&[auth(host.clone(), right)]),
            ("REGISTRY_AUTH_FILE", "auth.json"),
        ),
        (
            "run/containers/auth.json",
            auths(&[auth(host.clone(), right)]),
            ("XDG_RUNTIME_DIR", "run"),
        ),
        (
            ".config/containers/auth.json",
            auths(&[auth(host.clone(), right)]),
            ("HOME", ""),
        ),
        // the longest beginning
        (
            "auth.json",
            auths(&[
                auth(host.clone(), wrong),
                auth(format!("{host}/team/app"), right),
                auth(format!("{host}/team"), wrong),
            ]),
            ("REGISTRY_AUTH_FILE", "auth.json"),
        ),
        (
            "auth.json",
            auths(&[(host.clone(), json!({ "username": "me", "password": "open sesame" }))]),
            ("REGISTRY_AUTH_FILE", "auth.json"),
        ),
        // what docker leaves behind when a helper has the rest
        (
            "auth.json",
            auths(&[(format!("{host}/team"), json!({})), auth(host.clone(), right)]),
            ("REGISTRY_AUTH_FILE", "auth.json"),
        ),
    ] {
        let folder = folder(&[("app.wasm", COMPONENT), (path, text.as_bytes())]);
        let value = folder.path().join(environment.1);
        let environment = [(environment.0, value.to_str().unwrap())];
        let run = slt_with(
            folder.path(),
            &["push", "app.wasm", &server.name("team/app:1")],
            &environment,
        );
        assert_eq!(run.code, 0, "{path}: {}", run.stderr);
    }
    for (token, auth) in [
        ("identitytoken", Auth::Identity("it")),
        ("registrytoken", Auth::Fixed("it")),
    ] {
        let server = Server::with(auth, true);
        let text = auths(&[(server.address(), json!({ token: "it" }))]);
        let folder = folder(&[("app.wasm", COMPONENT), ("auth.json", text.as_bytes())]);
        let file = folder.path().join("auth.json");
        let environment = [("REGISTRY_AUTH_FILE", file.to_str().unwrap())];
        let run = slt_with(
            folder.path(),
            &["push", "app.wasm", &server.name("app:1")],
            &environment,
        );
        assert_eq!(run.code, 0, "{token}: {}", run.stderr);
    }
}

#[test]
fn what_is_wrong_with_credentials_is_said_without_them() {
    let server = Server::with(AUTH, true);
    let host = server.address();
    let texts: Vec<String> = [
        "{\"auths\": hidden".to_owned(),
        json!({ "auths": { host.clone(): { "auth": "hidden, and no base64" } } }).to_string(),
        json!({ "auths": { host.clone(): { "auth": "aGlkZGVu" } } }).to_string(),
        json!({ "credsStore": "missing" }).to_string(),
        json!({ "credHelpers": { host: "../evil" } }).to_string(),
    ]
    .iter()
    .map(|text| {
        let folder = folder(&[("app.wasm", COMPONENT), ("config.json", text.as_bytes())]);
        let environment = [("DOCKER_CONFIG", folder.path().to_str().unwrap()), ("PATH", "/nowhere")];
        let run = slt_with(
            folder.path(),
            &["push", "app.wasm", &server.name("app:1")],
            &environment,
        );
        shown(&run, &server, folder.path())
    })
    .collect();
    let text = texts.join("\n");
    assert!(!text.contains("hidden"), "{text}");
    insta::assert_snapshot!("bad_credentials", text);
}

/// How much memory a process may have had at most, in bytes: a debug build of slt has 35 MiB for nothing at all.
#[cfg(target_os = "linux")]
const PEAK_MAX_BYTES: u64 = 56 << 20;

/// How much memory slt had at its peak, when it has done this.
#[cfg(target_os = "linux")]
fn peak(directory: &Path, arguments: &[&str]) -> u64 {
    let (code, peak) = crate::command::peak(directory, arguments);
    assert_eq!(code, 0);
    peak
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_component() {
    let server = Server::start();
    let folder = folder(&[]);
    // a component with one large section that nothing reads
    const SIZE: usize = 64 << 20;
    let mut component = COMPONENT.to_vec();
    component.extend([0, 0x84, 0x80, 0x80, 0x20, 3]);
    component.extend(b"pad");
    component.resize(COMPONENT.len() + 5 + SIZE + 4, 7);
    std::fs::write(folder.path().join("large.wasm"), &component).unwrap();
    let at = server.name("large:1");
    // what comes last is late, so that the peak is seen
    server.fault(
        "PUT",
        "/manifests/",
        1,
        Fault::Late(std::time::Duration::from_millis(100)),
    );
    let pushed = peak(folder.path(), &["push", "large.wasm", &at]);
    let pulled = peak(folder.path(), &["pull", &at, "-o", "back.wasm"]);
    assert!(std::fs::read(folder.path().join("back.wasm")).unwrap() == component);
    assert!(pushed < PEAK_MAX_BYTES, "{pushed} bytes to push it");
    assert!(pulled < PEAK_MAX_BYTES, "{pulled} bytes to pull it");
}
