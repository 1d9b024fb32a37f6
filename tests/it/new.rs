//! `slt new` as a user runs it, and what it writes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::command::{folder, slt, slt_with};

/// Every file below a folder, as paths from it.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
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

fn template(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(name)
}

/// The files of a template, without what building it there leaves behind.
fn template_files(name: &str) -> BTreeSet<PathBuf> {
    let built = ["target", "dist", ".slt"];
    files(&template(name))
        .into_iter()
        .filter(|path| !built.iter().any(|folder| path.starts_with(folder)))
        .collect()
}

#[test]
fn the_project_is_the_template() {
    let empty = folder(&[]);
    let run = slt(empty.path(), &["new", "shortener"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let project = empty.path().join("shortener");
    assert_eq!(files(&project), template_files("rust"));
    for path in files(&project) {
        let (written, there) = (
            std::fs::read(project.join(&path)),
            std::fs::read(template("rust").join(&path)),
        );
        assert_eq!(written.unwrap(), there.unwrap(), "{}", path.display());
    }
    assert_eq!(slt(&project, &["check"]).code, 0);
}

#[test]
fn without_a_key_value_store() {
    let empty = folder(&[]);
    assert_eq!(slt(empty.path(), &["new", "shortener", "--with", "http"]).code, 0);
    let project = empty.path().join("shortener");
    let mut expected = template_files("rust");
    expected.retain(|path| !path.starts_with("wit/deps/keyvalue") && path != Path::new("src/links.rs"));
    assert_eq!(files(&project), expected);
    for path in template_files("rust-http") {
        let (written, there) = (
            std::fs::read(project.join(&path)),
            std::fs::read(template("rust-http").join(&path)),
        );
        assert_eq!(written.unwrap(), there.unwrap(), "{}", path.display());
    }
    let check = slt(&project, &["check"]);
    assert_eq!((check.code, check.stderr.as_str()), (0, ""));
}

#[test]
fn with_everything_that_there_is() {
    let empty = folder(&[]);
    for (name, with) in [
        ("one", "keyvalue.redis"),
        ("two", "keyvalue.redis,http"),
        ("three", " http , kv.redis "),
    ] {
        let run = slt(empty.path(), &["new", name, "--with", with]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(files(&empty.path().join(name)), template_files("rust"));
    }
}

#[test]
fn the_name_stands_everywhere() {
    let empty = folder(&[]);
    for with in ["http", "keyvalue.redis"] {
        let name = format!("zeta_x-{}", if with == "http" { "a" } else { "b" });
        let run = slt(empty.path(), &["new", &name, "--with", with]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let project = empty.path().join(&name);
        for path in files(&project) {
            let text = std::fs::read_to_string(project.join(&path)).unwrap();
            let left = text.replace("URL shortener", "").contains("shortener");
            assert!(!left, "`shortener` is left in {}", path.display());
        }
        let check = slt(&project, &["check"]);
        assert_eq!((check.code, check.stderr.as_str()), (0, ""));
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
    let there = packages(&std::fs::read_to_string(template("rust").join("Cargo.lock")).unwrap());
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
    let run = slt(empty.path(), &["new", "links"]);
    let binary = Path::new(env!("CARGO_BIN_EXE_slt"))
        .parent()
        .unwrap()
        .canonicalize()
        .unwrap();
    let shown = run.shown(empty.path()).replace(&binary.display().to_string(), "[BIN]");
    insta::assert_snapshot!("next_steps_not_on_path", shown);
    let path = empty.path().join("bin");
    let run = slt_with(empty.path(), &["new", "links2"], &[("PATH", path.to_str().unwrap())]);
    insta::assert_snapshot!("next_steps_on_path", run.shown(empty.path()));
    let run = slt(empty.path(), &["new", "links3", "--format", "json"]);
    assert!(
        run.stdout.starts_with("{\"kind\":\"created\",\"folder\":"),
        "{}",
        run.stdout
    );
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
        &["links", "--with", "http-client"],
        &["links", "-C", "nowhere"],
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
