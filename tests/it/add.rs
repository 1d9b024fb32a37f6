//! `slt add`, `slt remove` and `slt migrate` as a user runs them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use slt::catalogue::{CATALOGUE, Family, RESOURCES};
use slt::project;
use slt::scaffold::{self, Refusal, Sources, Wanted};
use slt::secrets::{Name, Store};
use slt::slightfile::edit::{self, NewEntry};
use slt::slightfile::{SpecVersion, apply, parse};
use slt::support::secret::Secret;
use slt::validate::{Artifact, validate};

use crate::command::{Run, folder, slt, slt_with};

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
    session_with(folder, commands, &[])
}

/// The same with these variables.
fn session_with(folder: &Path, commands: &[&str], environment: &[(&str, &str)]) -> String {
    let mut shown = String::new();
    for command in commands {
        let arguments: Vec<_> = command.split(' ').collect();
        let run = slt_with(folder, &arguments, environment);
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

/// `wasi:http` is there without an entry.
#[test]
fn no_client_leaves_nothing_behind() {
    let (_folder, project) = greeter();
    let tests = std::fs::read_to_string(project.join("wit/world.wit")).unwrap();
    assert!(tests.contains("wasi:http/outgoing-handler"), "another world names it");
    done(&project, &["add", "http-client"]);
    let run = done(&project, &["remove", "http-client"]);
    assert_eq!(run.stderr, "");
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

/// What `slt add` and `slt remove` stand on, without a process for each.
struct InProcess<'a>(&'a Path);

impl InProcess<'_> {
    fn with<T>(&self, act: impl FnOnce(&Sources<'_>) -> T) -> T {
        let project = project::load(self.0, None).unwrap();
        let (slightfile, problems) = parse("slightfile.toml", &project.slightfile_text);
        let slightfile = slightfile.unwrap();
        let wit = project::wit_folder(&project, &slightfile, self.0).unwrap();
        let compared = project::compare(&project, &slightfile, self.0);
        let found = validate(&slightfile, compared.world.as_ref(), &CATALOGUE, Artifact::App);
        let errors: Vec<_> = problems
            .iter()
            .chain(&found)
            .filter(|problem| problem.is_error())
            .collect();
        assert!(errors.is_empty() && compared.problem.is_none(), "{errors:?}");
        act(&Sources {
            file: PathBuf::from("slightfile.toml"),
            text: &project.slightfile_text,
            slightfile: &slightfile,
            wit: wit.as_ref(),
            manifest: project::manifest(self.0).as_deref(),
            uses_bindgen: project::rust_names(self.0, "wit_bindgen"),
            rust: &[],
        })
    }

    fn add(&self, resource: &str, compat: bool) -> Result<(), Refusal> {
        let wanted = Wanted {
            resource,
            name: None,
            compat,
        };
        let added = self.with(|sources| scaffold::add(sources, wanted))?;
        scaffold::make(self.0, &added.changes).unwrap();
        Ok(())
    }

    fn remove(&self, resource: &str) {
        let removed = self.with(|sources| scaffold::remove(sources, resource, None)).unwrap();
        scaffold::make(self.0, &removed.changes).unwrap();
    }
}

/// Every resource of the catalogue, in projects of each specversion: there are no errors, and removing leaves no trace.
#[test]
fn every_resource_there_and_back() {
    let world = "package a:b;\n\nworld app {\n  // what it offers\n  export run: func();\n}\n";
    for (version, secret_store) in [
        ("0.1", "secret_store = \"configs.envvars\"\r\n"),
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
        let before = files(project.path());
        let app = InProcess(project.path());
        for (resource, compat) in RESOURCES
            .iter()
            .flat_map(|resource| [(resource, false), (resource, true)])
        {
            let added = app.add(resource.id, compat);
            if resource.legacy && version == "1.0" {
                assert_eq!(added, Err(Refusal::Legacy(resource.id)));
                continue;
            }
            if compat && resource.family != Family::Keyvalue {
                assert!(matches!(added, Err(Refusal::NoCompat { .. })), "{}", resource.id);
                continue;
            }
            assert_eq!(added, Ok(()), "{} in {version}", resource.id);
            let once = files(project.path());
            assert!(once != before, "{} in {version}", resource.id);
            let world_text = String::from_utf8_lossy(&once[Path::new("wit/world.wit")]);
            assert_eq!(
                world_text.contains("slight:keyvalue/compat@0.1.0"),
                compat,
                "{}",
                resource.id
            );
            assert!(!(compat && world_text.contains("wasi:keyvalue")), "{}", resource.id);
            assert_eq!(app.add(resource.id, compat), Ok(()));
            assert!(files(project.path()) == once, "{} in {version} twice", resource.id);
            app.remove(resource.id);
            assert!(
                files(project.path()) == before,
                "{} in {version} leaves a trace",
                resource.id
            );
        }
    }
}

/// slight's names, with the entry and beside those of today; what was there stays.
#[test]
fn slights_names() {
    let (_folder, project) = greeter();
    let before = files(&project);
    let mut shown = session(
        &project,
        &[
            "add keyvalue.redis --compat",
            "add keyvalue.redis --compat",
            "add keyvalue.redis --name other",
            "remove keyvalue.redis --name other",
            "check",
        ],
    );
    let world = std::fs::read_to_string(project.join("wit/world.wit")).unwrap();
    shown.push_str(&format!("wit/world.wit:\n{world}"));
    let carried = std::fs::read(project.join("wit/deps/slight-keyvalue/compat.wit")).unwrap();
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("wit/slight-keyvalue/compat.wit");
    assert!(carried == std::fs::read(ours).unwrap());
    shown.push_str(&session(&project, &["remove keyvalue.redis"]));
    assert!(files(&project) == before, "a file is not as it was");
    // a project that has the names of today gets slight's beside them
    done(&project, &["add", "keyvalue.redis"]);
    shown.push_str(&session(
        &project,
        &[
            "add keyvalue.redis --compat",
            "add http-client --compat",
            "remove keyvalue.redis",
        ],
    ));
    assert!(files(&project) == before, "a file is not as it was");
    insta::assert_snapshot!("slights_names", shown);
}

/// What comes from slight has its entries already; the import and the crate that reads it are what it lacks.
#[test]
fn slights_names_into_what_comes_from_slight() {
    let slightfile: &[u8] =
        b"specversion = \"0.2\"\n\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"orders\"\n\n\
        [capability.configs]\nREDIS_ADDRESS = \"redis://h\"\n\n[[capability]]\nresource = \"http\"\nname = \"h\"\n";
    let manifest = "[package]\nname = \"orders\"\nversion = \"0.1.0\"\n\n[dependencies]\n";
    let project = folder(&[
        ("slightfile.toml", slightfile),
        ("Cargo.toml", manifest.as_bytes()),
        ("wit/world.wit", b"package example:orders;\n\nworld orders {\n}\n"),
    ]);
    for _ in 0..2 {
        done(project.path(), &["add", "keyvalue.redis", "--compat"]);
        let read = |file: &str| std::fs::read_to_string(project.path().join(file)).unwrap();
        assert_eq!(read("slightfile.toml").as_bytes(), slightfile);
        assert!(read("wit/world.wit").contains("  import slight:keyvalue/compat@0.1.0;\n"));
        let crates = read("Cargo.toml");
        let added = crates.strip_prefix(manifest).unwrap_or_else(|| panic!("{crates}"));
        assert!(
            added.starts_with("wit-bindgen = {") && added.lines().count() == 1,
            "{crates}"
        );
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
    let around = folder(&[("app/slightfile.toml", OLD.as_bytes())]);
    let project = around.path().join("app");
    let data = around.path().join("data");
    let environment = [("SLT_DATA_DIR", data.to_str().unwrap())];
    let session = |commands: &[&str]| session_with(&project, commands, &environment);
    let mut shown = session(&["migrate", "migrate --drop-secret-settings"]);
    let text = std::fs::read_to_string(project.join("slightfile.toml")).unwrap();
    assert_eq!(text, OLD, "a secret that was never imported is lost");
    // As `slt secret import` leaves it.
    let store = Store::of(&data, &project).unwrap();
    let secret = (Name::parse("A").unwrap(), Secret::new("hush".to_owned()));
    store.change(|secrets| secrets.extend([secret])).unwrap();
    shown.push_str(&session(&[
        "migrate --drop-secret-settings --dry-run",
        "migrate --drop-secret-settings",
        "check",
        "migrate",
    ]));
    assert!(!shown.contains("hush"));
    insta::assert_snapshot!("migrate", shown);
    let after = std::fs::read_to_string(project.join("slightfile.toml")).unwrap();
    insta::assert_snapshot!("migrated", after);
}

/// The slightfiles of the table: whatever they look like, an entry leaves no trace, and migrating leaves a file of 1.0 or says why not.
#[test]
fn the_table_of_slightfiles() {
    let (mut added, mut migrated) = (0, 0);
    for case in crate::slightfiles::cases() {
        let Some(text) = case.text() else { continue };
        let (slightfile, problems) = parse("f", text);
        let settings = slightfile.iter().flat_map(|slightfile| &slightfile.secret_settings);
        let stored = settings.map(|setting| setting.name.value.clone()).collect();
        if let Ok(result) = scaffold::migrate("f", text, Some(&stored)) {
            let (after, problems) = parse("f", &result.text);
            assert_eq!(after.unwrap().specversion.value, SpecVersion::V1_0, "{}", case.name);
            if result.from != "1.0" {
                assert!(problems.iter().all(|problem| !problem.is_error()), "{}", case.name);
                migrated += 1;
            }
        }
        let Some(slightfile) = slightfile.filter(|_| problems.iter().all(|problem| !problem.is_error())) else {
            continue;
        };
        let entry = NewEntry {
            resource: "keyvalue.redis".to_owned(),
            name: "a \"name\"".to_owned(),
            configs: vec![("REDIS_ADDRESS".to_owned(), "redis://h".to_owned())],
        };
        let with = apply(text, &edit::add(text, slightfile.specversion.value, &entry));
        let after = parse("f", &with).0.unwrap();
        assert_eq!(
            after.capabilities.len(),
            slightfile.capabilities.len() + 1,
            "{}",
            case.name
        );
        let removal = edit::remove(&with, slightfile.capabilities.len());
        assert_eq!(apply(&with, &removal.edits), text, "{}", case.name);
        added += 1;
    }
    assert!(added > 20 && migrated > 10, "{added} and {migrated} are too few");
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
