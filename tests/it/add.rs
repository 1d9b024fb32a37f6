//! `slt add`, `slt remove` and `slt migrate` as a user runs them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::command::{Run, folder, slt};

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.insert(path.strip_prefix(folder).unwrap().to_owned(), bytes);
        }
    }
    found
}

/// What was typed, and what came of it.
fn session(folder: &Path, commands: &[&str]) -> String {
    let mut shown = String::new();
    for command in commands {
        let arguments: Vec<_> = command.split(' ').collect();
        let run = slt(folder, &arguments);
        shown.push_str(&format!("$ slt {command}\n{}\n", run.shown(folder)));
    }
    shown
}

fn done(folder: &Path, arguments: &[&str]) -> Run {
    let run = slt(folder, arguments);
    assert_eq!(run.code, 0, "{arguments:?}: {}{}", run.stdout, run.stderr);
    run
}

/// A project that `slt new` writes, without a key-value store.
fn greeter() -> (tempfile::TempDir, PathBuf) {
    let empty = folder(&[]);
    done(empty.path(), &["new", "greeter", "--with", "http"]);
    let project = empty.path().join("greeter");
    (empty, project)
}

#[test]
fn there_and_back() {
    let (_folder, project) = greeter();
    let before = files(&project);
    let shown = session(
        &project,
        &[
            "add keyvalue.redis",
            "add keyvalue.redis",
            "check",
            "remove keyvalue.redis",
        ],
    );
    insta::assert_snapshot!("there_and_back", shown);
    assert!(files(&project) == before, "a file is not as it was");
}

#[test]
fn what_is_added_to_a_project_of_the_template() {
    let (_folder, project) = greeter();
    done(&project, &["add", "kv.redis", "--name", "links"]);
    let text = |file: &str| std::fs::read_to_string(project.join(file)).unwrap();
    insta::assert_snapshot!("added_slightfile", text("slightfile.toml"));
    insta::assert_snapshot!("added_world", text("wit/world.wit"));
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/rust/wit/deps/keyvalue");
    assert_eq!(files(&project.join("wit/deps/keyvalue")), files(&template));
}

/// Every resource of the catalogue, in projects of each specversion: `check` finds no new errors, and removing leaves no trace.
#[test]
fn every_resource_there_and_back() {
    let world = "package a:b;\n\nworld app {\n  // what it offers\n  export wasi:http/incoming-handler@0.2.12;\n}\n";
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/rust/wit/deps");
    let http: Vec<_> = files(&template)
        .into_iter()
        .filter(|(path, _)| !path.starts_with("keyvalue") && !path.starts_with("slight-testing"))
        .collect();
    for (version, secret_store) in [
        ("0.1", "secret_store = \"configs.envvars\"\n"),
        ("0.2", ""),
        ("1.0", ""),
    ] {
        let slightfile = format!("# mine\r\nspecversion = \"{version}\"\r\n{secret_store}# end");
        let manifest = "[package]\nname = \"app\"\n\n[dependencies]\n# none\n\n[lib]\n";
        let project = folder(&[
            ("slightfile.toml", slightfile.as_bytes()),
            ("wit/world.wit", world.as_bytes()),
            ("Cargo.toml", manifest.as_bytes()),
        ]);
        for (path, bytes) in &http {
            let path = project.path().join("wit/deps").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let before = files(project.path());
        assert_eq!(slt(project.path(), &["check"]).code, 0);
        for resource in slt::catalogue::RESOURCES {
            if resource.legacy && version == "1.0" {
                assert_eq!(slt(project.path(), &["add", resource.id]).code, 2);
                continue;
            }
            done(project.path(), &["add", resource.id]);
            assert!(files(project.path()) != before);
            let check = slt(project.path(), &["check"]);
            assert_eq!(check.code, 0, "{} in {version}: {}", resource.id, check.stderr);
            let once = files(project.path());
            done(project.path(), &["add", resource.id]);
            assert!(files(project.path()) == once, "{} twice", resource.id);
            done(project.path(), &["remove", resource.id]);
            assert!(
                files(project.path()) == before,
                "{} in {version} leaves a trace",
                resource.id
            );
        }
    }
}

#[test]
fn several_of_one_capability() {
    let (_folder, project) = greeter();
    let shown = session(
        &project,
        &[
            "add keyvalue.redis --name links",
            "add keyvalue.redis --name sessions",
            "add keyvalue.redis",
            "add keyvalue.filesystem --name links",
            "add keyvalue.redis --name *",
            "remove keyvalue.redis",
            "remove keyvalue.redis --name other",
            "remove keyvalue.redis --name links",
            "remove keyvalue.redis",
            "remove keyvalue.redis",
        ],
    );
    insta::assert_snapshot!("several", shown);
}

#[test]
fn what_else_is_said() {
    let (_folder, project) = greeter();
    let plain = folder(&[("slightfile.toml", b"specversion = \"1.0\"\n")]);
    let old = folder(&[(
        "slightfile.toml",
        b"specversion = \"0.1\"\n[[capability]]\nname = \"kv.filesystem\"\n",
    )]);
    let mut shown = session(
        &project,
        &[
            "add http-client",
            "add sql.postgres",
            "add http",
            "add keyvalue.reddis",
            "add teleport",
            "add configs.local",
        ],
    );
    shown.push_str(&session(
        plain.path(),
        &["add http", "add keyvalue.redis --name=", "remove keyvalue.redis"],
    ));
    shown.push_str(&session(
        old.path(),
        &["add kv.redis", "add lockd.etcd", "add http --name a", "add http"],
    ));
    insta::assert_snapshot!("said", shown);
}

/// Comments that go are shown, and what slt did not write stays.
#[test]
fn a_project_of_the_template_without_its_store() {
    let empty = folder(&[]);
    done(empty.path(), &["new", "links"]);
    let project = empty.path().join("links");
    let dry = session(&project, &["remove keyvalue.redis --dry-run"]);
    insta::assert_snapshot!("remove_dry_run", dry);
    let shown = session(&project, &["remove keyvalue.redis"]);
    insta::assert_snapshot!("remove_from_template", shown);
    assert!(project.join("wit/deps/keyvalue").is_dir(), "the tests' world names it");
    let manifest = std::fs::read_to_string(project.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("wit-bindgen"), "the sources name it");
}

#[test]
fn json_and_dry_run() {
    let (_folder, project) = greeter();
    let before = files(&project);
    let mut shown = session(
        &project,
        &["add keyvalue.azblob --dry-run --format json", "migrate --format json"],
    );
    assert!(files(&project) == before, "a dry run changed a file");
    done(&project, &["add", "keyvalue.azblob", "--format", "json"]);
    shown.push_str(&session(&project, &["remove kv.azblob --format json"]));
    // The vendored texts are long, and tested elsewhere.
    let lines: Vec<_> = shown
        .lines()
        .map(|line| match serde_json::from_str::<serde_json::Value>(line) {
            Ok(mut value) => {
                for file in value["files"].as_array_mut().into_iter().flatten() {
                    if file["file"].as_str().unwrap().starts_with("wit/deps") && file.get("diff").is_some() {
                        file["diff"] = "[DIFF]".into();
                    }
                }
                serde_json::to_string_pretty(&value).unwrap()
            }
            Err(_) => line.to_owned(),
        })
        .collect();
    insta::assert_snapshot!("json", lines.join("\n"));
}

#[test]
fn a_file_with_errors_is_left_alone() {
    let text = b"specversion = \"1.0\"\nunknown = 1\n[[capability]]\nname = \"a\"\n";
    let wrong = folder(&[("slightfile.toml", text)]);
    let no_wit = folder(&[
        ("slightfile.toml", b"specversion = \"1.0\"\n"),
        ("wit/world.wit", b"package a:b;\nworld app { import c:d/e; }\n"),
    ]);
    let two = folder(&[
        ("slightfile.toml", b"specversion = \"1.0\"\n"),
        ("wit/world.wit", b"package a:b;\nworld one {}\nworld two {}\n"),
    ]);
    let in_the_way = folder(&[
        ("slightfile.toml", b"specversion = \"1.0\"\n"),
        ("wit/world.wit", b"package a:b;\nworld app {}\n"),
        (
            "wit/deps/keyvalue/store.wit",
            b"package wasi:keyvalue@0.1.0;\ninterface store {}\n",
        ),
    ]);
    let mut shown = session(wrong.path(), &["add http", "remove http"]);
    for project in [&no_wit, &two, &in_the_way] {
        shown.push_str(&session(project.path(), &["add keyvalue.redis"]));
    }
    insta::assert_snapshot!("errors", shown);
    assert_eq!(files(wrong.path())[Path::new("slightfile.toml")], text);
    assert_eq!(files(in_the_way.path()).len(), 3);
}

const OLD: &str = "\
# written for slight
specversion = \"0.2\"

[[capability]]
resource = \"kv.azblob\"
name = \"my-container\" # the container
[capability.configs]
AZURE_STORAGE_ACCOUNT = \"${local.me}\"
AZURE_STORAGE_KEY = \"${azapp.AZURE_STORAGE_KEY}\"
REGION = \"here\"

[[secret_settings]]
name = \"A\"
value = \"hush\"
";

#[test]
fn migrate() {
    let project = folder(&[("slightfile.toml", OLD.as_bytes())]);
    let commands = [
        "migrate",
        "migrate --drop-secret-settings --dry-run",
        "migrate --drop-secret-settings",
        "check",
        "migrate",
    ];
    let shown = session(project.path(), &commands);
    assert!(!shown.contains("hush"));
    insta::assert_snapshot!("migrate", shown);
    let after = std::fs::read_to_string(project.path().join("slightfile.toml")).unwrap();
    insta::assert_snapshot!("migrated", after);
}

#[test]
fn migrate_says_all_that_it_cannot_do() {
    let text = b"specversion = \"0.1\"\n[[capability]]\nname = \"configs.local\"\n[[capability]]\nname = \"kv.redis\"\n\
                 [[capability]]\nname = \"kv.azblob\"\n[[capability]]\nname = \"kv.what\"\n[[secret_settings]]\nname = \"a\"\nvalue = \"b\"\n";
    let project = folder(&[("slightfile.toml", text)]);
    insta::assert_snapshot!("migrate_errors", session(project.path(), &["migrate"]));
    assert_eq!(files(project.path())[Path::new("slightfile.toml")], text);
    let run = slt(project.path(), &["migrate", "--format", "json"]);
    assert_eq!((run.code, run.stdout.lines().count()), (2, 4));
}
