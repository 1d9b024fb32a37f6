//! `slt check --format sarif`: valid by the standard's own schema, and what code scanning needs beyond it.

use boon::{Compiler, Schemas};
use serde_json::Value;

use crate::command::{folder, slt};

const SLIGHTFILE: &str = "# ü🦀\nspecversion = \"1.0\"\n[app]\nnam = \"a\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\n\
                          configs = { REDIS_ADDRESS = \"redis://:hunter2@h\" } # 🦀\n[[capability]]\nresource = \"keyvalue.redis\"\n\
                          name = \"a\"\nconfigs = { REDIS_ADDRESS = \"${envvars.X}\", REDIS_ADRESS = \"x\" }\n";

/// The document of a check in this folder.
fn document(directory: &std::path::Path, arguments: &[&str]) -> Value {
    let run = slt(directory, &[&["check", "--format", "sarif"], arguments].concat());
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    serde_json::from_str(&run.stdout).unwrap()
}

fn validated(document: &Value) -> Result<(), String> {
    let schema: Value = serde_json::from_str(include_str!("sarif/sarif-schema-2.1.0.json")).unwrap();
    let mut schemas = Schemas::new();
    let mut compiler = Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("sarif.json", schema).unwrap();
    let index = compiler.compile("sarif.json", &mut schemas).unwrap();
    schemas.validate(document, index).map_err(|error| error.to_string())
}

/// The part of a text that a region names, by each of its three ways to say it.
fn named<'a>(text: &'a str, region: &Value) -> [&'a str; 3] {
    let number = |name: &str| usize::try_from(region[name].as_u64().unwrap()).unwrap();
    let byte_of = |utf16: usize| {
        let mut seen = 0;
        let place = text.char_indices().find(|(_, c)| {
            let found = seen == utf16;
            seen += c.len_utf16();
            found
        });
        place.map_or(text.len(), |(byte, _)| byte)
    };
    let line_start = |line: usize| text.split_inclusive('\n').take(line - 1).map(str::len).sum::<usize>();
    let utf16 = |byte: usize| text[..byte].encode_utf16().count();
    let by_line = |line: &str, column: &str| byte_of(utf16(line_start(number(line))) + number(column) - 1);
    let bytes = number("byteOffset")..number("byteOffset") + number("byteLength");
    let units = byte_of(number("charOffset"))..byte_of(number("charOffset") + number("charLength"));
    let lines = by_line("startLine", "startColumn")..by_line("endLine", "endColumn");
    [&text[bytes], &text[units], &text[lines]]
}

#[test]
fn the_standard_is_kept() {
    let folder = folder(&[("slightfile.toml", SLIGHTFILE.as_bytes())]);
    let document = document(folder.path(), &[]);
    validated(&document).unwrap();
    let mut wrong = document.clone();
    wrong["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(validated(&wrong).is_err(), "the schema is not empty");
    let mut wrong = document;
    wrong["runs"][0].as_object_mut().unwrap().remove("tool");
    assert!(validated(&wrong).is_err());
}

#[test]
fn places_are_the_same_in_all_units() {
    let folder = folder(&[("slightfile.toml", SLIGHTFILE.as_bytes())]);
    let document = document(folder.path(), &[]);
    let run = &document["runs"][0];
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    let results = run["results"].as_array().unwrap();
    let mut seen = Vec::new();
    for result in results {
        let rule = &run["tool"]["driver"]["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        let location = &result["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], "slightfile.toml");
        assert_eq!(location["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        let [bytes, units, lines] = named(SLIGHTFILE, &location["region"]);
        assert!(bytes == units && units == lines, "{bytes:?} {units:?} {lines:?}");
        seen.push((
            result["ruleId"].as_str().unwrap(),
            result["level"].as_str().unwrap(),
            bytes,
        ));
    }
    assert_eq!(
        seen,
        [
            ("SLT0103", "error", "nam"),
            ("SLT0208", "warning", "\"redis://:hunter2@h\""),
            ("SLT0204", "error", "\"a\""),
            ("SLT0206", "error", "REDIS_ADRESS"),
        ]
    );
    let duplicate = &results[2];
    let other = &duplicate["relatedLocations"][0];
    let [there, ..] = named(SLIGHTFILE, &other["physicalLocation"]["region"]);
    assert_eq!((there, &other["message"]["text"]), ("\"a\"", &"here".into()));
    let change = &results[0]["fixes"][0];
    assert_eq!(change["properties"]["automatic"], true);
    let replacement = &change["artifactChanges"][0]["replacements"][0];
    let [deleted, ..] = named(SLIGHTFILE, &replacement["deletedRegion"]);
    assert_eq!(
        (deleted, &replacement["insertedContent"]["text"]),
        ("nam", &"name".into())
    );
}

#[test]
fn no_secret_is_in_it() {
    let folder = folder(&[("slightfile.toml", SLIGHTFILE.as_bytes())]);
    assert!(!document(folder.path(), &[]).to_string().contains("hunter2"));
}

/// A single brace begins a placeholder.
#[test]
fn braces_in_messages_are_doubled() {
    let text = "specversion = \"1.0\"\nsecret_store = \"configs.envvars\"\n";
    let folder = folder(&[("slightfile.toml", text.as_bytes())]);
    let document = document(folder.path(), &[]);
    let message = document["runs"][0]["results"][0]["message"]["text"].as_str().unwrap();
    assert!(message.contains("`${{envvars.KEY}}`"), "{message}");
}

/// Code scanning refuses a result without a place, and a rule without a text.
#[test]
fn what_lies_in_a_component_has_a_place_too() {
    let folder = folder(&[
        ("app/slightfile.toml", b"specversion = \"1.0\"\n"),
        ("app/wit/world.wit", b"package a:b; world w { import nothing: func(); }"),
    ]);
    let document = document(folder.path(), &["app"]);
    validated(&document).unwrap();
    let run = &document["runs"][0];
    let result = &run["results"][0];
    assert_eq!(result["ruleId"], "SLT0302");
    let location = &result["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "app/slightfile.toml");
    assert_eq!(location["region"]["startLine"], 1);
    for rule in run["tool"]["driver"]["rules"].as_array().unwrap() {
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[text]["text"].as_str().unwrap().is_empty(), "{text}");
        }
    }
}

/// A problem is the same one when something is written above it, and another one when there are two of it.
#[test]
fn fingerprints_follow_a_problem() {
    let prints = |text: &str| {
        let folder = folder(&[("slightfile.toml", text.as_bytes())]);
        let document = document(folder.path(), &[]);
        let results = document["runs"][0]["results"].as_array().unwrap().clone();
        let print = |result: &Value| {
            result["partialFingerprints"]["sltProblem/v1"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        results.iter().map(print).collect::<Vec<_>>()
    };
    let entry = "[[capability]]\nresource = \"http\"\nnam = \"a\"\n";
    let one = prints(&format!("specversion = \"1.0\"\n{entry}"));
    let moved = prints(&format!("specversion = \"1.0\"\n\n# more\n\n{entry}"));
    assert_eq!(one, moved);
    let two = prints(&format!("specversion = \"1.0\"\n{entry}{entry}"));
    let distinct: std::collections::BTreeSet<_> = two.iter().collect();
    assert_eq!(distinct.len(), two.len());
    assert!(one.iter().all(|print| two.contains(print)));
}

#[test]
fn nothing_found_is_a_document_too() {
    let folder = folder(&[
        ("slightfile.toml", b"specversion = \"1.0\"\n"),
        (
            "wit/world.wit",
            b"package wasi:cli@0.2.0; interface run { run: func() -> result; } world w { export run; }",
        ),
    ]);
    let run = slt(folder.path(), &["check", "--format", "sarif"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    validated(&document).unwrap();
    assert_eq!(document["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn no_other_command_prints_it() {
    let folder = folder(&[("slightfile.toml", b"specversion = \"1.0\"\n")]);
    for command in [&["test"][..], &["run"], &["doctor"], &["explain", "103"], &["new", "a"]] {
        let run = slt(folder.path(), &[command, &["--format", "sarif"]].concat());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{command:?}");
        assert!(
            run.stderr.starts_with("error: only `slt check` prints SARIF\nhint: "),
            "{}",
            run.stderr
        );
    }
}
