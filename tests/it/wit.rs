//! The WIT texts: what a template carries is what slt serves.

use std::fs;
use std::path::{Path, PathBuf};

/// Every `.wit` file under a folder, relative to it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            let name = PathBuf::from(entry.file_name());
            found.extend(files(&path).into_iter().map(|file| name.join(file)));
        } else if path.extension().is_some_and(|extension| extension == "wit") {
            found.push(entry.file_name().into());
        }
    }
    found.sort();
    found
}

#[test]
fn templates_carry_the_texts_that_slt_serves() {
    for template in ["templates/rust", "templates/c"] {
        assert!(carried(template).contains(&"slight-testing/testing.wit".into()));
    }
}

#[test]
fn a_project_of_another_toolchain_carries_them_too() {
    carried("tests/foreign/javascript");
}

/// The texts of a project, which are those that slt serves.
fn carried(project: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let deps = root.join(project).join("wit/deps");
    let carried = files(&deps);
    assert!(carried.contains(&"keyvalue/store.wit".into()), "{carried:?}");
    for file in &carried {
        let ours = match file.starts_with("slight-testing") {
            true => root.join("wit").join(file),
            false => root.join("wit/deps").join(file),
        };
        assert!(
            fs::read(&ours).unwrap() == fs::read(deps.join(file)).unwrap(),
            "{project}/wit/deps/{} differs from {}",
            file.display(),
            ours.display()
        );
    }
    carried
}

/// So do the applications that were brought over.
#[test]
fn migrated_applications_carry_the_texts_that_slt_serves() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut compared = 0;
    for project in fs::read_dir(root.join("tests/migrated")).unwrap() {
        let deps = project.unwrap().path().join("wit/deps");
        for file in deps.is_dir().then(|| files(&deps)).into_iter().flatten() {
            let ours = match file.starts_with("slight-testing") || file.starts_with("slight-keyvalue") {
                true => root.join("wit").join(&file),
                false => root.join("wit/deps").join(&file),
            };
            let is_same = fs::read(&ours).unwrap() == fs::read(deps.join(&file)).unwrap();
            assert!(
                is_same,
                "{} differs from {}",
                deps.join(&file).display(),
                ours.display()
            );
            compared += 1;
        }
    }
    assert!(compared >= 10, "{compared}");
}

#[test]
fn every_vendored_text_says_where_it_is_from() {
    let deps = Path::new(env!("CARGO_MANIFEST_DIR")).join("wit/deps");
    let origin = fs::read_to_string(deps.join("ORIGIN.md")).unwrap();
    for file in files(&deps) {
        let named = file.iter().next().unwrap().to_str().unwrap();
        assert!(origin.contains(named), "{named} is not in wit/deps/ORIGIN.md");
    }
}
