//! What is said of the source that was built: its commit where everything is as it was committed, and nowhere else.

use std::fs;

use serde_json::Value;

use super::{Home, PASSWORD, referrers, statement};
use crate::command::Run;
use crate::new::git;
use crate::registry::server::Server;

/// A project in git, with what the template tells git to leave out, and its public key committed.
fn committed() -> Home {
    let template = fs::read_to_string(crate::new::folder_of("rust").join(".gitignore")).unwrap();
    let ignored = format!("{template}/cache\n");
    let home = Home::with(&[(".gitignore", ignored.as_bytes())]);
    git(home.path(), &["init", "--quiet"]);
    git(home.path(), &["add", "--all"]);
    git(home.path(), &["commit", "--quiet", "-m", "one"]);
    home
}

fn ship(home: &Home, server: &Server, more: &[&str]) -> Run {
    let arguments = ["ship", &server.name("app:1"), "--key", "k.key", "--provenance"];
    let run = home.slt_in(".", &[&arguments[..], more].concat(), &[("COSIGN_PASSWORD", PASSWORD)]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    run
}

/// The commits that the artifact and its provenance name.
fn commits(server: &Server) -> (Value, Value) {
    let digest = server.digest("app", "1").unwrap();
    let manifest = server.manifest("app", &digest).unwrap();
    let all = referrers(server, "app", &digest);
    let mut statements = all.iter().map(|manifest| statement(server, "app", manifest));
    let provenance = statements.find(|statement| statement["predicateType"] == "https://slsa.dev/provenance/v1");
    let source = provenance.unwrap()["predicate"]["buildDefinition"]["resolvedDependencies"][0].clone();
    assert_eq!(source["name"], "source");
    (
        manifest["annotations"]["org.opencontainers.image.revision"].clone(),
        source["digest"]["gitCommit"].clone(),
    )
}

#[test]
fn only_what_was_committed_names_a_commit() {
    let (home, server) = (committed(), Server::start());
    assert!(!git(home.path(), &["ls-files"]).contains("k.key"));
    let head = Value::from(git(home.path(), &["rev-parse", "HEAD"]).trim());
    let run = ship(&home, &server, &[]);
    assert_eq!(commits(&server), (head.clone(), head.clone()));
    assert!(!run.stderr.contains("names no commit"), "{}", run.stderr);

    let text = super::SLIGHTFILE.replace("1.2.3", "1.2.4");
    fs::write(home.path().join("slightfile.toml"), text).unwrap();
    let run = ship(&home, &server, &[]);
    assert_eq!(commits(&server), (Value::Null, Value::Null));
    let note = "note: the provenance names no commit: `slightfile.toml` is not as it was committed\n";
    assert!(run.stderr.contains(note), "{}", run.stderr);
    for name in ["a", "b b", "ü"] {
        fs::write(home.path().join(name), "").unwrap();
    }
    let run = ship(&home, &server, &["--dry-run"]);
    let note = "`slightfile.toml`, `a`, `\"b b\"` and 1 more are not as they were committed\n";
    assert!(run.stderr.contains(note), "{}", run.stderr);
    // programs read the provenance
    let run = ship(&home, &server, &["--format", "json"]);
    assert!(
        !run.stdout.contains("names no commit") && run.stderr.is_empty(),
        "{}",
        run.stderr
    );

    git(home.path(), &["add", "--all"]);
    git(home.path(), &["commit", "--quiet", "-m", "two"]);
    ship(&home, &server, &[]);
    let next = Value::from(git(home.path(), &["rev-parse", "HEAD"]).trim());
    assert_ne!(next, head);
    assert_eq!(commits(&server), (next.clone(), next));
}
