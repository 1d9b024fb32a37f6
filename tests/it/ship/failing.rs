//! A registry that fails, as each command tells its user: exit 3, a message that names the registry, and nothing left behind.

use std::collections::BTreeSet;
use std::path::Path;

use super::Home;
use crate::command::Run;
use crate::registry::server::{Fault, Server};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failing {
    /// 500 to everything.
    Broken,
    /// 429 to everything, however often it is asked.
    Throttling,
    /// Connections end before the answer.
    Cut,
    /// 401 to everything.
    Closed,
    /// Nobody listens.
    Nobody,
    /// 500 to what comes late: to the content that is fetched, and the manifest that is written.
    BrokenLate,
}

const FAILING: &[(Failing, &str)] = &[
    (Failing::Broken, "answers 500"),
    (Failing::Throttling, "has had too many requests"),
    (Failing::Cut, "has broken off"),
    (Failing::Closed, "asks for credentials"),
    (Failing::Nobody, "cannot be reached: connection refused"),
    (Failing::BrokenLate, "answers 500"),
];

/// The commands, with the folder that they run in; `HAS` is an artifact that is there, `NEW` one that would be.
const COMMANDS: &[(&str, &[&str])] = &[
    (".", &["push", "hello.wasm", "NEW"]),
    (".", &["pull", "HAS", "-o", "pulled.wasm"]),
    (".", &["inspect", "HAS"]),
    (".", &["sign", "HAS", "--key", "k.key"]),
    (".", &["verify", "HAS", "--key", "k.pub"]),
    ("elsewhere", &["run", "HAS", "--key", "../k.pub"]),
    (".", &["ship", "NEW", "--key", "k.key"]),
];

fn break_down(server: &Server, failing: Failing) {
    let answer = |status, name: &'static str, value: &str| {
        let body = b"{\"errors\":[{\"code\":\"UNKNOWN\",\"message\":\"sorry\"}]}".to_vec();
        Fault::Answer(status, vec![(name, value.to_owned())], body)
    };
    let fault = match failing {
        Failing::Broken | Failing::BrokenLate => answer(500, "retry-after", "0"),
        Failing::Throttling => answer(429, "retry-after", "0"),
        Failing::Cut => Fault::LoseAnswer,
        Failing::Closed => answer(401, "www-authenticate", "Basic realm=\"here\""),
        Failing::Nobody => return,
    };
    let all = ["GET", "HEAD", "POST", "PATCH", "PUT"].map(|method| (method, "/v2/"));
    let late = [("GET", "/blobs/"), ("PUT", "/manifests/")];
    let requests: &[_] = if failing == Failing::BrokenLate { &late } else { &all };
    for (method, path) in requests {
        server.fault(method, path, usize::MAX, fault.clone());
    }
}

/// All files below a folder, but for what is kept for another time: the cache, and what was built.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(Result::unwrap) {
            let path = entry.path();
            match path.is_dir() {
                true if path.ends_with("cache") || path.ends_with("dist") => {}
                true => folders.push(path),
                false => {
                    found.insert(path.strip_prefix(folder).unwrap().display().to_string());
                }
            }
        }
    }
    found
}

#[test]
fn every_command_names_the_registry_that_failed() {
    std::thread::scope(|scope| {
        for (failing, said) in FAILING {
            scope.spawn(move || all_commands(*failing, said));
        }
    });
}

fn all_commands(failing: Failing, said: &str) {
    let (home, server) = (Home::new(), Server::start());
    home.ship(&server, "app:1", &["--slightfile"]);
    std::fs::create_dir(home.path().join("elsewhere")).unwrap();
    let (before, tagged) = (files(home.path()), server.digest("app", "1"));
    break_down(&server, failing);
    let host = match failing {
        Failing::Nobody => "127.0.0.1:1".to_owned(),
        _ => server.address(),
    };
    // side by side: what fails for good is tried for seconds
    let runs: Vec<(&str, Run)> = std::thread::scope(|scope| {
        let each = COMMANDS.iter().map(|(folder, arguments)| {
            let (home, host) = (&home, &host);
            scope.spawn(move || {
                let word = |word: &&str| match *word {
                    "HAS" => format!("{host}/app:1"),
                    "NEW" => format!("{host}/app:2"),
                    other => other.to_owned(),
                };
                let words: Vec<String> = arguments.iter().map(word).collect();
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                (
                    arguments[0],
                    home.slt_in(folder, &words, &[("COSIGN_PASSWORD", super::PASSWORD)]),
                )
            })
        });
        let all: Vec<_> = each.collect();
        all.into_iter().map(|run| run.join().unwrap()).collect()
    });
    for (command, run) in &runs {
        let what = format!("{failing:?}, {command}: {}", run.stderr);
        assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{what}");
        let error = run.stderr.lines().find(|line| line.starts_with("error: "));
        assert!(
            error.is_some_and(|error| error.contains(&host) && error.contains(said)),
            "{what}"
        );
    }
    assert_eq!(runs.len(), COMMANDS.len());
    assert_eq!(files(home.path()), before, "{failing:?}");
    assert_eq!(
        (server.tags("app"), server.digest("app", "1")),
        (vec!["1".to_owned()], tagged),
        "{failing:?}"
    );
}
