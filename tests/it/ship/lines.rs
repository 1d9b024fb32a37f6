//! What the commands around registries and signatures print for programs, held against what `docs/events.md` says of each: its kinds,
//! and the schemas that are checked in. A row without a test here is one of a command that has its own.

use std::collections::BTreeSet;
use std::path::Path;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use super::{Home, PASSWORD};
use crate::command::Run;
use crate::registry::commands::told;
use crate::registry::server::{Auth, Server};

/// A row of the table in `docs/events.md`.
struct Row {
    kinds: BTreeSet<String>,
    schemas: Schemas,
    indices: Vec<(String, SchemaIndex)>,
}

fn table() -> Vec<(String, String, String)> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/events.md");
    let text = std::fs::read_to_string(docs).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `slt "));
    let cells = |row: &str| {
        let cells: Vec<String> = row.split('|').map(|cell| cell.trim().to_owned()).collect();
        let command = cells[1].trim_matches('`').trim_start_matches("slt ").to_owned();
        (command, cells[2].clone(), cells[3].clone())
    };
    rows.map(cells).collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn kinds(command: &str) -> BTreeSet<String> {
    let table = table();
    let (_, kinds_cell, _) = table
        .iter()
        .find(|(name, ..)| name == command)
        .unwrap_or_else(|| panic!("no row for `slt {command}`"));
    let mut kinds = BTreeSet::new();
    for word in quoted(kinds_cell) {
        match table.iter().any(|(name, ..)| *name == word) {
            true => kinds.extend(self::kinds(&word)),
            false => drop(kinds.insert(word)),
        }
    }
    kinds
}

impl Row {
    fn of(command: &str) -> Self {
        let table = table();
        let (_, _, links) = table.iter().find(|(name, ..)| name == command).unwrap();
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let names = links.split("](").skip(1).map(|link| link.split(')').next().unwrap());
        let indices = names.map(|name| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
            let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            compiler.add_resource(name, schema).unwrap();
            (name.to_owned(), compiler.compile(name, &mut schemas).unwrap())
        });
        let indices: Vec<(String, SchemaIndex)> = indices.collect();
        assert!(!indices.is_empty(), "`slt {command}` has no schema");
        Self {
            kinds: kinds(command),
            schemas,
            indices,
        }
    }

    /// What is wrong with a line.
    fn refuses(&self, line: &str) -> Option<String> {
        let value: Value = match serde_json::from_str(line) {
            Ok(value) => value,
            Err(error) => return Some(error.to_string()),
        };
        let kind = value["kind"].as_str().unwrap_or_default();
        if !self.kinds.contains(kind) {
            return Some(format!("its kind is none of {:?}", self.kinds));
        }
        let validate = |(name, index): &(String, SchemaIndex)| {
            let result = self.schemas.validate(&value, *index);
            result.err().map(|error| format!("{name}: {error}"))
        };
        let reasons: Vec<String> = self.indices.iter().map_while(validate).collect();
        (reasons.len() == self.indices.len()).then(|| reasons.join("\n"))
    }
}

/// What one command printed: each line is as the docs say, and these kinds are among them.
fn check(command: &str, run: &Run, code: i32, expected: &[&str]) {
    assert_eq!(run.code, code, "slt {command}: {}", run.stderr);
    let row = Row::of(command);
    let mut seen = BTreeSet::new();
    for line in run.stdout.lines() {
        let problem = row.refuses(line);
        assert_eq!(problem, None, "slt {command} prints {line}");
        let value: Value = serde_json::from_str(line).unwrap();
        seen.insert(value["kind"].as_str().unwrap().to_owned());
    }
    for kind in expected {
        assert!(seen.contains(*kind), "slt {command}: no `{kind}` in {}", run.stdout);
    }
}

#[test]
fn every_line_is_as_its_schema_says() {
    let (home, server) = (Home::new(), Server::start());
    let json = |arguments: &[&str]| home.slt(&[arguments, &["--format", "json"]].concat());
    let at = server.name("team/app:1");
    let own = server.name("team/own:1");

    check("keygen", &json(&["keygen", "other"]), 0, &["key-pair"]);
    check("push", &json(&["push", "hello.wasm", &own]), 0, &["step", "pushed"]);
    let pushed = json(&["push", &own, "--slightfile"]);
    check("push", &pushed, 0, &["step", "built", "pushed"]);
    check(
        "pull",
        &json(&["pull", &own, "-o", "back.wasm"]),
        0,
        &["step", "pulled"],
    );
    check("inspect", &json(&["inspect", "hello.wasm"]), 0, &["inspected"]);
    check("inspect", &json(&["inspect", &own]), 0, &["inspected"]);

    let signed = json(&["sign", &own, "--key", "k.key", "--bundle", "b.json", "--legacy"]);
    check("sign", &signed, 0, &["signed"]);
    check("sign", &json(&["sign", "hello.wasm", "--key", "k.key"]), 0, &["signed"]);
    let verify = |target: &str, key: &str, more: &[&str]| json(&[&["verify", target, "--key", key], more].concat());
    check("verify", &verify(&own, "k.pub", &[]), 0, &["evidence", "verification"]);
    check(
        "verify",
        &verify(&own, "other.pub", &[]),
        1,
        &["evidence", "verification"],
    );
    check(
        "verify",
        &verify(&own, "k.pub", &["--type", "spdx"]),
        1,
        &["verification"],
    );
    check(
        "verify",
        &verify("hello.wasm", "k.pub", &[]),
        0,
        &["evidence", "verification"],
    );

    // a warning goes along
    let planned = "\n[[capability]]\nresource = \"configs.envvars\"\nname = \"a\"\noptional = true\n";
    std::fs::write(
        home.path().join("slightfile.toml"),
        format!("{}{planned}", super::SLIGHTFILE),
    )
    .unwrap();
    let planned = json(&["ship", &at, "--key", "k.key", "--dry-run"]);
    check("ship", &planned, 0, &["stage", "diagnostic", "shipped"]);
    std::fs::write(home.path().join("slightfile.toml"), super::SLIGHTFILE).unwrap();
    let ship = ["ship", &at, "--key", "k.key", "--sbom", "--provenance", "--slightfile"];
    check("ship", &json(&ship), 0, &["stage", "built", "shipped"]);
    let ran = json(&["run", &at, "--key", "k.pub"]);
    check("run", &ran, 0, &["step", "guest-output"]);
}

#[test]
fn credentials() {
    const AUTH: Auth = Auth::Bearer {
        user: "me",
        password: PASSWORD,
    };
    let (home, server) = (Home::new(), Server::with(AUTH, true));
    let address = server.address();
    let environment = [("HOME", home.path().to_str().unwrap())];
    let told = |arguments: &[&str]| {
        let arguments = [arguments, &["--format", "json"]].concat();
        told(home.path(), &arguments, PASSWORD, &environment)
    };
    let login = told(&["login", &address, "-u", "me", "--password-stdin"]);
    check("login", &login, 0, &["logged-in"]);
    check("login", &told(&["login", &address, "--check"]), 0, &["checked"]);
    check("logout", &told(&["logout", &address]), 0, &["logged-out"]);
}

/// A line that is wrong is found: the docs' tables are read, and the schemas are asked.
#[test]
fn a_line_that_is_wrong_is_found() {
    let row = Row::of("sign");
    let line = r#"{"kind":"signed","target":"a","digest":"b","signer":"c"}"#;
    assert_eq!(row.refuses(line), None);
    for (from, to) in [
        ("signed", "shipped"),
        ("target", "targets"),
        (r#""c""#, "1"),
        ("{", "["),
    ] {
        assert!(row.refuses(&line.replace(from, to)).is_some(), "{from}");
    }
}
