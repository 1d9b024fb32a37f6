//! What the documents tell the reader to type: every command line of slt in them, slt understands. Blocks of `sh` are read as a shell
//! reads them, each line; what is quoted within a sentence or a table is read so, too, but may leave out what it is not about.
//!
//! It parses, and runs nothing: what the commands then do is for the tests of each. The files for CI systems: `workflows.rs`.

use clap::Parser;
use clap::error::ErrorKind;
use slt::cli::Cli;

use crate::tidy::files;

/// What is quoted and is no command of slt: where, and why.
const NO_COMMANDS: &[(&str, &str)] = &[
    // named there because it is not built yet
    ("docs/conformance.md", "slt conformance"),
];

/// Where a command line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a block of `sh`, by itself.
    Block,
    /// In backticks.
    Quoted,
}

/// The words of a command line, as a shell makes them: up to a comment, a redirection, a pipe or the next command. A placeholder
/// stands for what it is called (`REF`, `IDENTITY`); `[what may be left out]` is there, and `…` is nothing.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut quote) = (None::<String>, None);
    for c in line.chars().chain([' ']) {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => match word.take().as_deref() {
                None | Some("…") => {}
                Some("|" | "||" | "&" | "&&" | ">" | ">>" | "<" | "2>") => return words,
                Some(comment) if comment.starts_with('#') => return words,
                Some(whole) => words.push(whole.to_owned()),
            },
            (None, '[' | ']') => {}
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words
}

/// The command lines of slt in a document, with the numbers of their lines.
fn lines(text: &str) -> Vec<(usize, Place, String)> {
    let mut found = Vec::new();
    let (mut fence, mut whole) = (None::<String>, String::new());
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        match (&fence, line.strip_prefix("```")) {
            (Some(_), Some(_)) => fence = None,
            (None, Some(language)) => fence = Some(language.to_owned()),
            (Some(language), None) if language == "sh" || language == "console" => {
                whole.push_str(line.trim_start_matches("$ "));
                if whole.ends_with('\\') {
                    whole.pop();
                    continue;
                }
                if whole.starts_with("slt ") {
                    found.push((number + 1, Place::Block, whole.clone()));
                }
                whole.clear();
            }
            (Some(_), None) => {}
            (None, None) => {
                let quoted = line
                    .split('`')
                    .skip(1)
                    .step_by(2)
                    .filter(|text| text.starts_with("slt "));
                found.extend(quoted.map(|text| (number + 1, Place::Quoted, text.to_owned())));
            }
        }
    }
    found
}

/// What is wrong with a command line.
fn problem(place: Place, line: &str) -> Option<String> {
    let words = words(line);
    let is_complete = |words: &[String]| Cli::try_parse_from(words).map_err(|error| (error.kind(), error.to_string()));
    let error = match is_complete(&words) {
        Ok(_) | Err((ErrorKind::DisplayHelp | ErrorKind::DisplayVersion, _)) => return None,
        Err(error) => error,
    };
    // a flag that is named without its value
    let with_a_value = || is_complete(&[words.as_slice(), &["value".to_owned()]].concat());
    let leaves_out = |kind| {
        matches!(
            kind,
            ErrorKind::MissingRequiredArgument
                | ErrorKind::MissingSubcommand
                | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        )
    };
    let may_be = place == Place::Quoted
        && (leaves_out(error.0)
            || error.0 == ErrorKind::InvalidValue
                && with_a_value().map_or_else(|(kind, _)| leaves_out(kind), |_| true));
    (!may_be).then_some(error.1)
}

#[test]
fn command_lines_of_the_documents_are_understood() {
    let (mut blocks, mut quoted, mut exceptions) = (0, 0, 0);
    for file in files(&["README.md", "docs"], &["md"]) {
        for (number, place, line) in lines(&file.text) {
            match place {
                Place::Block => blocks += 1,
                Place::Quoted => quoted += 1,
            }
            let said = problem(place, &line);
            if NO_COMMANDS.contains(&(file.path.as_str(), line.as_str())) {
                assert!(said.is_some(), "{}:{number}: `{line}` is one after all", file.path);
                exceptions += 1;
                continue;
            }
            assert!(said.is_none(), "{}:{number}: {line}\n{}", file.path, said.unwrap());
        }
    }
    assert_eq!(exceptions, NO_COMMANDS.len());
    assert!(blocks > 50 && quoted > 200, "{blocks} in blocks, {quoted} quoted");
}

#[test]
fn bad_samples_are_found() {
    for (place, line, expected) in [
        (
            Place::Block,
            "slt run registry.example/app:1 --key release.pub   # verified",
            true,
        ),
        (Place::Block, "slt run --kee release.pub", false),
        (Place::Block, "slt emulate redis --port 6379 &", true),
        (Place::Block, "slt emulate redis --port redis", false),
        (Place::Block, "slt secret set A < address.txt", true),
        (Place::Block, "slt keygen", false),
        (Place::Block, "slt new", false),
        (Place::Quoted, "slt new", true),
        (Place::Quoted, "slt newer", false),
        (Place::Quoted, "slt new --from", true),
        (Place::Quoted, "slt new --form", false),
        (Place::Quoted, "slt add RESOURCE [--name N]", true),
        (Place::Quoted, "slt check --format yaml", false),
        (Place::Quoted, "slt --version", true),
    ] {
        assert_eq!(
            problem(place, line).is_none(),
            expected,
            "{place:?}: {line}: {:?}",
            problem(place, line)
        );
    }
    assert_eq!(words("slt a 'b c' \"d\" | jq ."), ["slt", "a", "b c", "d"]);
    let text = "`slt a` and `slt b`\n```sh\nslt c \\\n    d\ncd x\n```\n```text\nslt e\n```\n| `slt f` |\n";
    let found: Vec<_> = lines(text)
        .into_iter()
        .map(|(number, _, line)| (number, line))
        .collect();
    let expected = [(1, "slt a"), (1, "slt b"), (4, "slt c d"), (10, "slt f")];
    assert_eq!(found, expected.map(|(number, line)| (number, line.to_owned())));
}
