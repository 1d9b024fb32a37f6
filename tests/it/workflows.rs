//! The workflow files of `docs/ci`: what they tell slt to do, slt understands.

use std::path::{Path, PathBuf};

use clap::Parser;
use slt::cli::Cli;

/// The files, and where they lie.
pub fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    files
}

/// The command lines of slt in a text, each on one line.
pub fn lines(text: &str) -> Vec<String> {
    let whole = text.replace("\\\n", " ");
    let commands = whole.lines().filter(|line| !line.trim_start().starts_with('#'));
    let of_slt = commands.filter_map(|line| {
        let command = line.rsplit(" | ").next()?.trim().trim_start_matches("- ");
        command.starts_with("slt ").then(|| command.to_owned())
    });
    of_slt.collect()
}

/// The words of a command line as a shell makes them, with every variable set to something, and `${X:+a b}` to `a b`.
fn words(line: &str) -> Vec<String> {
    let mut text = line.replace("\"$@\"", "");
    while let Some((before, rest)) = text
        .split_once("${")
        .map(|(before, rest)| (before.to_owned(), rest.to_owned()))
    {
        let (inside, after) = rest.split_once('}').unwrap();
        let value = inside.split_once(":+").map_or("value", |(_, value)| value);
        text = format!("{before}{value}{after}");
    }
    let words = text.split_whitespace().map(|word| word.trim_matches('"'));
    let set = words.map(|word| match word.contains("REFERENCE") || word.contains("value") {
        true => "registry.example.com/team/app:v1".to_owned(),
        false => word.replace('$', ""),
    });
    set.collect()
}

#[test]
fn lines_of_slt_are_understood() {
    let files = files();
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        let lines = lines(&std::fs::read_to_string(&file).unwrap());
        for command in ["slt login ", "slt ship ", "slt verify "] {
            assert!(
                lines.iter().any(|line| line.starts_with(command)),
                "no `{command}` in {}",
                file.display()
            );
        }
        for line in lines {
            let parsed = Cli::try_parse_from(words(&line));
            assert!(parsed.is_ok(), "{}: {line}\n{}", file.display(), parsed.unwrap_err());
        }
    }
}

#[test]
fn a_line_that_is_wrong_is_found() {
    assert!(Cli::try_parse_from(words("slt ship \"$REFERENCE\" --sbmo")).is_err());
    assert!(Cli::try_parse_from(words("slt ship ${SLT_KEY:+--kye \"$SLT_KEY\"} \"$REFERENCE\"")).is_err());
    assert_eq!(
        lines("x | slt login a\n# slt ship\n  - slt ship b \\\n  c\n"),
        ["slt login a", "slt ship b    c"]
    );
}
