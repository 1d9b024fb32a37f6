//! What the documents point at is there: files behind links, and the tests that they name.

use std::path::Path;

use super::{File, Problem, files, none, root};

/// The targets of `[text](target)` that lie in this repository.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://") && !target.starts_with('#'))
}

/// Tests that are named as `path/to/file.rs::name`.
fn tests(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let quoted = line.split('`').skip(1).step_by(2);
    quoted.filter_map(|text| {
        let (path, name) = text.split_once(".rs::")?;
        Some((&text[..path.len() + 3], name))
    })
}

fn broken_links(file: &File, is_there: impl Fn(&Path) -> bool) -> Vec<Problem> {
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new("")).to_owned();
    let mut problems = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        for target in links(line) {
            let path = folder.join(target.split('#').next().unwrap_or(target));
            if !is_there(&path) {
                problems.push(file.problem(number + 1, format!("`{target}` is not there")));
            }
        }
    }
    problems
}

fn missing_tests(file: &File, read: impl Fn(&str) -> Option<String>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        for (path, name) in tests(line) {
            let is_there = read(path).is_some_and(|text| text.contains(&format!("fn {name}(")));
            if !is_there {
                problems.push(file.problem(number + 1, format!("there is no test `{name}` in `{path}`")));
            }
        }
    }
    problems
}

fn documents() -> Vec<File> {
    let documents = files(&["README.md", "CHANGELOG.md", "docs"], &["md"]);
    assert!(documents.len() > 5, "the documents are found");
    documents
}

#[test]
fn links_lead_somewhere() {
    let is_there = |path: &Path| root().join(path).exists();
    none(
        &documents()
            .iter()
            .flat_map(|file| broken_links(file, is_there))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn tests_that_are_named_exist() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).ok();
    let documents = documents();
    let architecture = documents
        .iter()
        .find(|file| file.path == "docs/architecture.md")
        .unwrap();
    assert!(
        architecture.text.lines().flat_map(tests).count() > 12,
        "each seam names its tests"
    );
    none(
        &documents
            .iter()
            .flat_map(|file| missing_tests(file, read))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn bad_samples_are_found() {
    let document = |text: &str| File::new("docs/a.md", text);
    let is_there = |path: &Path| path == Path::new("docs/b.md");
    for (text, expected) in [
        (
            "[b](b.md), [there](b.md#part), [far](https://example.com/x), [here](#part)",
            0,
        ),
        ("[b](b.md) and [c](c.md)", 1),
    ] {
        assert_eq!(broken_links(&document(text), is_there).len(), expected, "{text}");
    }
    let read = |path: &str| (path == "src/a.rs").then(|| "fn holds() {}".to_owned());
    for (text, expected) in [
        ("`src/a.rs::holds`", 0),
        ("`src/a.rs::gone`", 1),
        ("`src/b.rs::holds`", 1),
        ("src/b.rs", 0),
    ] {
        assert_eq!(missing_tests(&document(text), read).len(), expected, "{text}");
    }
}
