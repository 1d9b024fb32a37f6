//! `slt explain`, and its pages: one for every code, with examples that get exactly this code, or none.
//!
//! An example is the fenced blocks of a page. After the language a fence says `wrong` or `right` (neither: it belongs to both), the
//! path of the file (default: `slightfile.toml` for TOML, `wit/world.wit` for WIT), `also=SLT0000` for other codes that are meant to
//! come, and `times=N` for a block that is written N times, with `{n}` as its number. Blocks of one path are put together. WebAssembly
//! text becomes a binary, and so does WIT in a file that is called `.wasm`. Packages of the template lie below `wit/deps`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use slt::slightfile::{EXPLANATIONS, Explanation, SLIGHTFILE_MAX_BYTES, parse_bytes};

use crate::command::{folder, slt, slt_with};

/// A fenced block.
struct Block {
    language: String,
    words: Vec<String>,
    text: String,
}

impl Block {
    fn is(&self, word: &str) -> bool {
        self.words.iter().any(|w| w == word)
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.words
            .iter()
            .filter_map(move |word| word.strip_prefix(name)?.strip_prefix('='))
    }

    fn path(&self) -> String {
        let given = self.words.iter().find(|word| word.contains('/') && !word.contains('='));
        let default = match self.language.as_str() {
            "toml" => Some("slightfile.toml"),
            "wit" => Some("wit/world.wit"),
            _ => None,
        };
        given.map(String::as_str).or(default).expect("a path").to_owned()
    }

    fn text(&self) -> String {
        let times: usize = self.values("times").next().map_or(1, |n| n.parse().unwrap());
        (0..times).map(|n| self.text.replace("{n}", &n.to_string())).collect()
    }
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(info), None) => {
                let mut words = info.split(' ').map(ToOwned::to_owned);
                open = Some(Block {
                    language: words.next().unwrap(),
                    words: words.collect(),
                    text: String::new(),
                });
            }
            (None, Some(block)) => block.text.push_str(&format!("{line}\n")),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    blocks
}

/// The files of one side, and the codes that it gets beside the page's.
fn side(blocks: &[Block], name: &str, other: &str) -> (BTreeMap<String, Vec<u8>>, BTreeSet<String>) {
    let mut texts: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut also = BTreeSet::new();
    for block in blocks.iter().filter(|block| !block.is(other)) {
        let key = (block.path(), block.language.clone());
        texts.entry(key).or_default().push_str(&block.text());
        also.extend(block.values("also").map(ToOwned::to_owned));
    }
    assert!(blocks.iter().any(|block| block.is(name)), "there is a {name} example");
    let files = texts.into_iter().map(|((path, language), text)| {
        let bytes = match language.as_str() {
            "wat" => wat::parse_str(&text).unwrap(),
            "wit" if path.ends_with(".wasm") => encoded(&text),
            _ => text.into_bytes(),
        };
        (path, bytes)
    });
    (files.collect(), also)
}

fn encoded(wit: &str) -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("example.wit", wit).unwrap();
    wit_component::encode(&resolve, package, false).unwrap()
}

/// What `slt check` says of these files: the codes, and those among them that are errors.
fn checked(files: &BTreeMap<String, Vec<u8>>) -> (BTreeSet<String>, Vec<String>) {
    let folder = folder(&[]);
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    if files.contains_key("wit/world.wit") {
        for (name, bytes) in template_packages() {
            let package = name.split(['/', '.']).next().unwrap();
            let replaced = |path: &String| path.starts_with(&format!("wit/deps/{package}/"));
            if !files.keys().any(replaced) {
                write(&format!("wit/deps/{name}"), &bytes);
            }
        }
    }
    for (path, bytes) in files {
        write(path, bytes);
    }
    let slightfile = files.get("slightfile.toml").unwrap();
    if slightfile.len() > SLIGHTFILE_MAX_BYTES {
        // `slt check` does not even read it; whoever has the text already, such as an editor, gets the code.
        assert_eq!(slt(folder.path(), &["check"]).code, 1);
        let (_, found) = parse_bytes("slightfile.toml", slightfile);
        return (found.iter().map(|found| found.code.to_owned()).collect(), Vec::new());
    }
    let run = slt(folder.path(), &["check", "--format", "json"]);
    let lines = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let found: Vec<_> = lines.filter(|line| line["kind"] == "diagnostic").collect();
    let has_world = files.keys().any(|path| path != "slightfile.toml");
    let codes = found.iter().map(|line| line["code"].as_str().unwrap().to_owned());
    // A file that is shown by itself is no example of having nothing to compare with.
    let codes = codes.filter(|code| has_world || code != "SLT0405").collect();
    let errors = found.iter().filter(|line| line["severity"] == "error");
    (codes, errors.map(|line| line["message"].to_string()).collect())
}

/// The WIT packages of the template, by their path below `wit/deps`.
fn template_packages() -> Vec<(String, Vec<u8>)> {
    fn walk(folder: &Path, below: &str, found: &mut Vec<(String, Vec<u8>)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            match entry.file_type().unwrap().is_dir() {
                true => walk(&entry.path(), &format!("{name}/"), found),
                false => found.push((name, std::fs::read(entry.path()).unwrap())),
            }
        }
    }
    let mut found = Vec::new();
    let deps = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/rust/wit/deps");
    walk(&deps, "", &mut found);
    found
}

#[test]
fn wrong_examples_get_their_code_and_right_ones_do_not() {
    let mut problems = Vec::new();
    for Explanation { code, page, .. } in EXPLANATIONS {
        let blocks = blocks(page);
        let (files, mut expected) = side(&blocks, "wrong", "right");
        expected.insert((*code).to_owned());
        let alone = *code == "SLT0405"; // what the example of this one shows
        let (mut codes, _) = checked(&files);
        if alone {
            codes.insert((*code).to_owned());
        }
        if codes != expected {
            problems.push(format!("{code}, wrong: {codes:?} and not {expected:?}"));
        }
        let (files, expected) = side(&blocks, "right", "wrong");
        let (codes, errors) = checked(&files);
        if codes != expected || !errors.is_empty() {
            problems.push(format!("{code}, right: {codes:?} and not {expected:?}: {errors:?}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The code of `slightfile::codes`, a page for each, and nothing else in the folder.
#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(root.join("src/slightfile/diagnostic.rs")).unwrap();
    let codes: BTreeSet<_> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub const ")?.split('"').nth(1))
        .filter(|code| code.starts_with("SLT"))
        .map(ToOwned::to_owned)
        .collect();
    assert!(codes.len() > 30, "the codes are found");
    let listed: Vec<_> = EXPLANATIONS
        .iter()
        .map(|explanation| explanation.code.to_owned())
        .collect();
    assert_eq!(listed, codes.iter().cloned().collect::<Vec<_>>(), "in order, each once");
    let pages: BTreeSet<_> = std::fs::read_dir(root.join("docs/diagnostics"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    assert_eq!(pages, codes.iter().map(|code| format!("{code}.md")).collect());
}

#[test]
fn pages_have_one_form() {
    for Explanation { code, title, page } in EXPLANATIONS {
        assert!(page.starts_with(&format!("# {code}: {title}\n\n")), "{code}: the title");
        for side in ["Wrong", "Right"] {
            assert!(page.contains(&format!("\n{side}:")), "{code}: {side}");
        }
        let mut letters = title.chars();
        let capital = letters.next().is_some_and(char::is_uppercase) && letters.next().is_some_and(char::is_lowercase);
        assert!(!title.ends_with('.') && !capital, "{code}: {title}");
        for (number, line) in page.lines().enumerate() {
            let fits = line.chars().count() <= 110 && line == line.trim_end();
            assert!(fits, "{code}:{}: a terminal shows lines as they are", number + 1);
        }
    }
}

/// The index of the pages. `BLESS=1` writes it anew.
#[test]
fn the_index_is_checked_in() {
    let groups = [
        ("SLT00", "The file as a whole"),
        ("SLT01", "Keys and values"),
        ("SLT02", "Resources, names and configuration"),
        ("SLT03", "The component beside the slightfile"),
        ("SLT04", "What the slightfile is compared with"),
    ];
    let mut text = "# Diagnostics\n\nWhat each code of `slt check` means, with a wrong and a right example that are tested. `slt explain SLT0103` \
                    prints a page.\n\nThis index is made from the table in `src/slightfile/explanations.rs`.\n"
        .to_owned();
    let mut count = 0;
    for (prefix, heading) in groups {
        text.push_str(&format!("\n## {heading}\n\n| code | what it is |\n|---|---|\n"));
        for Explanation { code, title, .. } in EXPLANATIONS.iter().filter(|e| e.code.starts_with(prefix)) {
            text.push_str(&format!("| [{code}]({code}.md) | {title} |\n"));
            count += 1;
        }
    }
    assert_eq!(count, EXPLANATIONS.len(), "each code has a group");
    crate::schemas::is_as_checked_in("docs/diagnostics/README.md", &text);
}

#[test]
fn the_page_of_a_code() {
    let folder = folder(&[]);
    let page = slt(folder.path(), &["explain", "SLT0103"]);
    assert_eq!((page.code, page.stderr.as_str()), (0, ""));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/diagnostics/SLT0103.md");
    assert_eq!(page.stdout, std::fs::read_to_string(file).unwrap());
    for written in ["slt0103", "103", "0103"] {
        assert_eq!(
            slt(folder.path(), &["explain", written]).stdout,
            page.stdout,
            "{written}"
        );
    }
    let coloured = slt_with(folder.path(), &["explain", "103", "--color", "always"], &[]);
    insta::assert_snapshot!(coloured.stdout.replace('\u{1b}', "^"));
    let json = slt(folder.path(), &["explain", "103", "--format", "json"]);
    let line: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        (&line["kind"], &line["code"]),
        (&"explanation".into(), &"SLT0103".into())
    );
    assert_eq!(line["page"], page.stdout);
}

#[test]
fn all_codes() {
    let folder = folder(&[]);
    let list = slt(folder.path(), &["explain", "--list"]);
    assert_eq!((list.code, list.stdout.lines().count()), (0, EXPLANATIONS.len()));
    assert!(
        list.stdout.contains("SLT0103  a key that is not known\n"),
        "{}",
        list.stdout
    );
    assert_eq!(slt(folder.path(), &["explain"]).stdout, list.stdout);
    let json = slt(folder.path(), &["explain", "--list", "--format", "json"]);
    assert_eq!(json.stdout.lines().count(), EXPLANATIONS.len());
    assert!(
        json.stdout.starts_with("{\"kind\":\"code\",\"code\":\"SLT0001\","),
        "{}",
        json.stdout
    );
}

#[test]
fn codes_that_are_none() {
    let folder = folder(&[]);
    let mut shown = String::new();
    for written in ["SLT0199", "9999", "E0308", "\u{1b}[2J"] {
        let run = slt(folder.path(), &["explain", written]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{written}");
        shown.push_str(&run.stderr);
    }
    insta::assert_snapshot!(shown);
}
