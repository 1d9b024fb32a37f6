//! `slt new` as a user runs it, and what it writes: every template, with every set of capabilities. `from.rs` has `--from`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use slt::catalogue::{CATALOGUE, Maturity};
use slt::scaffold::{TEMPLATES, Template};

use crate::command::{folder, slt, slt_with};

/// What is written at build time, in each language's projects.
const BUILT: &[&str] = &["target", "build", "dist", ".slt"];

/// Every file below a folder, as paths from it.
pub fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            found.insert(path.strip_prefix(folder).unwrap().to_owned());
        }
    }
    found
}

pub fn folder_of(template: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(template)
}

/// The files of a template, without what building it there leaves behind.
fn template_files(name: &str) -> BTreeSet<PathBuf> {
    files(&folder_of(name))
        .into_iter()
        .filter(|path| !BUILT.iter().any(|folder| path.starts_with(folder)))
        .collect()
}

/// Every set of resources that is ready, as `--with` takes it.
fn sets() -> Vec<String> {
    let ready = CATALOGUE.resources.iter();
    let ready: Vec<&str> = ready
        .filter(|resource| resource.maturity == Maturity::Ready)
        .map(|resource| resource.id)
        .collect();
    let sets = 1..1u32 << ready.len();
    sets.map(|set| {
        let chosen = ready.iter().enumerate().filter(|(bit, _)| set & (1 << bit) != 0);
        chosen.map(|(_, id)| *id).collect::<Vec<_>>().join(",")
    })
    .collect()
}

/// A project of a template in a new folder.
fn project(template: &Template, name: &str, with: &str) -> (tempfile::TempDir, PathBuf) {
    let empty = folder(&[]);
    let run = slt(
        empty.path(),
        &["new", name, "--template", template.name, "--with", with],
    );
    assert_eq!(run.code, 0, "{}: {with}: {}", template.name, run.stderr);
    let project = empty.path().join(name);
    (empty, project)
}

fn is_same(written: &Path, there: &Path) {
    let (one, other) = (std::fs::read(written).unwrap(), std::fs::read(there).unwrap());
    assert!(one == other, "{} is not {}", written.display(), there.display());
}

#[test]
fn the_project_is_the_template() {
    for template in TEMPLATES {
        let empty = folder(&[]);
        let run = slt(empty.path(), &["new", "shortener", "--template", template.name]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let project = empty.path().join("shortener");
        assert_eq!(files(&project), template_files(template.name));
        for path in files(&project) {
            is_same(&project.join(&path), &folder_of(template.name).join(&path));
        }
        assert_eq!(slt(&project, &["check"]).code, 0);
    }
}

#[test]
fn without_a_key_value_store() {
    for template in TEMPLATES {
        let (_folder, project) = project(template, "shortener", "http");
        let variant = format!("{}-http", template.name);
        let mut expected = template_files(template.name);
        let is_of_the_store =
            |path: &Path| path.starts_with("wit/deps/keyvalue") || path.file_stem().unwrap() == "links";
        expected.retain(|path| !is_of_the_store(path));
        expected.extend(template_files(&variant));
        assert_eq!(files(&project), expected);
        for path in template_files(&variant) {
            is_same(&project.join(&path), &folder_of(&variant).join(&path));
        }
    }
}

#[test]
fn what_the_template_uses_is_asked_for_in_any_way() {
    let empty = folder(&[]);
    for (name, with) in [
        ("one", "keyvalue.redis"),
        ("two", "keyvalue.redis,http"),
        ("three", " http , kv.redis "),
        ("four", "http,http"),
    ] {
        let run = slt(empty.path(), &["new", name, "--with", with]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let expected = template_files("rust");
        let is_whole = files(&empty.path().join(name)) == expected;
        assert_eq!(is_whole, with.contains("redis"), "{with}");
    }
}

/// Whatever is ready can be had in every template; what the template does not use is added as `slt add` adds it.
#[test]
fn every_capability_that_is_ready() {
    for template in TEMPLATES {
        for with in sets() {
            let (_folder, project) = project(template, "zeta_x-a", &with);
            let check = slt(&project, &["check"]);
            assert_eq!(
                (check.code, check.stderr.as_str()),
                (0, ""),
                "{}: {with}",
                template.name
            );
            // HTTP is how an application is called, and in each of them.
            let added: Vec<&str> = with.split(',').filter(|id| !template.resources.contains(id)).collect();
            let slightfile = std::fs::read_to_string(project.join("slightfile.toml")).unwrap();
            for id in &added {
                assert!(slightfile.contains(&format!("resource = \"{id}\"")), "{slightfile}");
                let again = slt(&project, &["add", id]);
                assert!(again.stdout.contains("is there already"), "{}", again.stdout);
                let removed = slt(&project, &["remove", id]);
                assert_eq!(removed.code, 0, "{}", removed.stderr);
            }
            let own: Vec<&str> = with.split(',').filter(|id| template.resources.contains(id)).collect();
            let own = if own.is_empty() { vec!["http"] } else { own };
            let (_other, without) = self::project(template, "zeta_x-a", &own.join(","));
            assert_eq!(files(&project), files(&without), "{with}");
            let slightfile = std::fs::read_to_string(project.join("slightfile.toml")).unwrap();
            if let Some((before, _)) = slightfile.split_once("\n# The hosts that may be called") {
                assert!(with.contains("http-client"));
                std::fs::write(project.join("slightfile.toml"), before).unwrap();
            }
            for path in files(&project) {
                is_same(&project.join(&path), &without.join(&path));
            }
        }
    }
}

/// CI builds and tests each template with each set of capabilities that its step `templates` names. Whatever is ready has to be in one.
#[test]
fn ci_tries_every_capability_that_is_ready() {
    let script = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/run")).unwrap();
    let (_, step) = script.split_once("\ntemplates() (\n").unwrap();
    let (step, _) = step.split_once("\n)\n").unwrap();
    let (_, tried) = step.split_once("for with in ").unwrap();
    let (tried, _) = tried.split_once(';').unwrap();
    let tried: BTreeSet<&str> = tried.split([' ', ',']).collect();
    for resource in CATALOGUE.resources {
        if resource.maturity == Maturity::Ready {
            assert!(tried.contains(resource.id), "`{}` is in no set of .ci/run", resource.id);
        }
    }
}

/// The most lines of what is read to know an application: `src`, and the tests themselves. Not what stands there for reference
/// (`include`, `wit`) and what tests share.
const READ: &[(&str, &str, usize)] = &[
    ("rust", "http", 250),
    ("rust", "keyvalue.redis", 600),
    ("c", "http", 350),
    ("c", "keyvalue.redis", 950),
];

#[test]
fn what_is_read_is_short() {
    for template in TEMPLATES {
        for with in ["http", "keyvalue.redis"] {
            let row = READ
                .iter()
                .find(|(name, set, _)| (*name, *set) == (template.name, with));
            let (_, _, most) = row.unwrap_or_else(|| panic!("{} with {with} has no row", template.name));
            let (_folder, project) = project(template, "shortener", with);
            let lines: usize = files(&project)
                .iter()
                .filter(|path| path.starts_with("src") || path.parent() == Some(Path::new("tests")))
                .map(|path| std::fs::read_to_string(project.join(path)).unwrap().lines().count())
                .sum();
            assert!(
                lines <= *most && lines + 50 > *most,
                "{} with {with}: {lines} lines, and the row says {most}",
                template.name
            );
        }
    }
}

/// The names of functions are wit-bindgen's: by hand it has to be the version that slt has.
#[test]
fn bindings_by_hand_are_of_the_version_that_slt_has() {
    let read = |path: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let manifest = read("Cargo.toml");
    let (_, version) = manifest.split_once("\nwit-bindgen-c = { version = \"=").unwrap();
    let (version, _) = version.split_once('"').unwrap();
    let line = format!("`cargo install wit-bindgen-cli --version {version} --locked`");
    for file in [
        "templates/c/Makefile",
        "templates/c/README.md",
        "templates/c-http/README.md",
        "docs/migrating.md",
    ] {
        assert!(read(file).contains(&line), "{file} does not say {line}");
    }
}

#[test]
fn the_name_stands_everywhere() {
    for template in TEMPLATES {
        for with in ["http", "keyvalue.redis"] {
            let (_folder, project) = project(template, "zeta_x-a", with);
            for path in files(&project) {
                let text = std::fs::read_to_string(project.join(&path)).unwrap();
                let left = text.replace("URL shortener", "").contains("shortener");
                assert!(!left, "`shortener` is left in {}", path.display());
            }
        }
    }
}

/// A name of any length, from any end of the alphabet, leaves the sources as rustfmt writes them.
#[test]
fn the_sources_are_formatted() {
    let template = Template::named("rust").unwrap();
    let long = format!("a{}", "-b".repeat(31));
    for name in ["a", "shortener", "zz", &long] {
        for with in ["http", "keyvalue.redis", "keyvalue.redis,http-client"] {
            let (_folder, project) = project(template, name, with);
            let output = Command::new("rustfmt")
                .args(["--check", "--edition", "2024", "src/lib.rs", "tests/app.rs"])
                .current_dir(&project)
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "{name} with {with}: {}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
}

/// Git, with no configuration but this.
pub fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", directory)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// `git add` takes all that was written, and nothing that is built, and no private key.
#[test]
fn git_takes_what_was_written() {
    for template in TEMPLATES {
        for with in ["http", "keyvalue.redis"] {
            let (_folder, project) = project(template, "links", with);
            let written = files(&project);
            for folder in BUILT {
                // cargo has no `build`, and C no `target`
                let is_of_cargo = project.join("Cargo.toml").is_file();
                if (is_of_cargo && *folder == "build") || (!is_of_cargo && *folder == "target") {
                    continue;
                }
                std::fs::create_dir_all(project.join(folder).join("debug")).unwrap();
                std::fs::write(project.join(folder).join("debug/a.o"), "").unwrap();
            }
            // and nothing that only its owner may have
            std::fs::write(project.join("release.key"), "").unwrap();
            git(&project, &["init", "--quiet"]);
            git(&project, &["add", "-A"]);
            let taken = git(&project, &["ls-files", "-z"]);
            let taken: BTreeSet<_> = taken
                .split('\0')
                .filter(|path| !path.is_empty())
                .map(PathBuf::from)
                .collect();
            assert_eq!(taken, written, "{}", template.name);
        }
    }
}

/// The lock file is the template's, with the project's own package under its name, where cargo sorts it to.
#[test]
fn the_lock_file_is_for_the_project() {
    let packages = |text: &str| -> Vec<(String, bool)> {
        let lock = toml_edit::Document::parse(text.to_owned()).unwrap();
        let packages = lock.as_table().get("package").unwrap().as_array_of_tables().unwrap();
        packages
            .iter()
            .map(|package| {
                (
                    package["name"].as_str().unwrap().to_owned(),
                    package.contains_key("source"),
                )
            })
            .collect()
    };
    let there = packages(&std::fs::read_to_string(folder_of("rust").join("Cargo.lock")).unwrap());
    let empty = folder(&[]);
    for name in ["aa", "zz"] {
        assert_eq!(slt(empty.path(), &["new", name]).code, 0);
        let written = packages(&std::fs::read_to_string(empty.path().join(name).join("Cargo.lock")).unwrap());
        let own: Vec<_> = written.iter().filter(|(_, fetched)| !fetched).collect();
        assert_eq!(own, [&(name.to_owned(), false)]);
        assert_eq!(written.len(), there.len());
        assert!(written.is_sorted_by_key(|(name, _)| name.clone()));
    }
}

#[test]
fn next_steps() {
    let empty = folder(&[("bin/slt", b"")]);
    let binary = Path::new(env!("CARGO_BIN_EXE_slt"))
        .parent()
        .unwrap()
        .canonicalize()
        .unwrap();
    let path = empty.path().join("bin");
    for template in TEMPLATES {
        let name = template.name;
        let new = |project: &str, environment: &[(&str, &str)]| {
            let run = slt_with(empty.path(), &["new", project, "--template", name], environment);
            run.shown(empty.path()).replace(&binary.display().to_string(), "[BIN]")
        };
        insta::assert_snapshot!(
            format!("next_steps_not_on_path_{name}"),
            new(&format!("links-{name}"), &[])
        );
        insta::assert_snapshot!(
            format!("next_steps_on_path_{name}"),
            new(&format!("links2-{name}"), &[("PATH", path.to_str().unwrap())])
        );
    }
    let run = slt_with(
        empty.path(),
        &["new", "links3", "--with", "http-client", "--format", "json"],
        &[("PATH", path.to_str().unwrap())],
    );
    insta::assert_snapshot!("json", run.shown(empty.path()));
    let run = slt(empty.path(), &["new", "links4", "--with", "http,http-client"]);
    assert!(
        run.stderr.starts_with("note: put the hosts that may be called"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_help_names_each_template() {
    let empty = folder(&[]);
    let help = slt(empty.path(), &["new", "--help"]).stdout;
    let line = |template: &Template| {
        let mut lines = help.lines();
        lines.any(|line| {
            let words = line.trim().split_once("  ");
            words.is_some_and(|(name, about)| (name, about.trim()) == (template.name, template.about))
        })
    };
    for template in TEMPLATES {
        assert!(line(template), "{}: {help}", template.name);
    }
}

#[test]
fn refused() {
    let empty = folder(&[("taken/a", b"")]);
    let mut shown = String::new();
    for arguments in [
        &["taken"][..],
        &["Links"],
        &["1st"],
        &["../up"],
        &["fn"],
        &["wit-bindgen"],
        &["links", "--template", "go"],
        &["links", "--with", "keyvalue.reddis"],
        &["links", "--with", "http,sql.sqlite"],
        &["links", "-C", "nowhere"],
        &["links", "--set", "a=b"],
        &["links", "--branch", "b"],
        &["links", "--template", "rust", "--from", "taken"],
    ] {
        let run = slt(empty.path(), &[&["new"], arguments].concat());
        assert_eq!(run.code, 2, "{arguments:?}");
        shown.push_str(&format!("$ slt new {}\n{}\n", arguments.join(" "), run.stderr));
    }
    let real = empty.path().canonicalize().unwrap();
    insta::assert_snapshot!(
        shown
            .replace(&real.display().to_string(), "[DIR]")
            .replace(&empty.path().display().to_string(), "[DIR]")
    );
    assert_eq!(files(empty.path()), BTreeSet::from([PathBuf::from("taken/a")]));
    let folders = std::fs::read_dir(empty.path()).unwrap().count();
    assert_eq!(folders, 1, "something was left behind");
}

/// A disk that fails half-way leaves nothing.
#[cfg(unix)]
#[test]
fn nothing_half_written() {
    use slt::scaffold::{plan, write};

    let empty = folder(&[]);
    let plan = plan(empty.path(), "links", "rust", &[]).unwrap();
    // The folder that the project is to become appears in the meantime.
    std::fs::create_dir(empty.path().join("links")).unwrap();
    assert!(write(&plan).is_err());
    assert_eq!(files(empty.path()), BTreeSet::new());
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 1);
}
