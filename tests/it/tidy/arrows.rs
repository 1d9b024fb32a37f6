//! The arrows between the rooms, held against the table in `docs/architecture.md`.

use std::collections::{BTreeMap, BTreeSet};

use super::{File, Problem, files, none, slt};

/// A room, and the rooms that it may use.
type Arrows = BTreeMap<String, BTreeSet<String>>;

const TABLE_BEGINS: &str = "<!-- arrows: read by tests/it/tidy/arrows.rs -->";
const TABLE_ENDS: &str = "<!-- end of arrows -->";

/// The rooms in which nothing is read, written, started or awaited.
const PURE: &[&str] = &["catalogue", "cli", "events", "slightfile", "validate"];

/// What those rooms must not name.
const INPUT_AND_OUTPUT: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::io",
    "tokio::",
    "wasmtime::",
];

/// Reads the rows `| room | may use | … |` of the table.
fn table(document: &str) -> Arrows {
    let (_, rest) = document.split_once(TABLE_BEGINS).expect("the table's beginning");
    let (table, _) = rest.split_once(TABLE_ENDS).expect("the table's end");
    let names = |cell: &str| -> BTreeSet<String> {
        let quoted = cell.split('`').skip(1).step_by(2);
        quoted.map(str::to_owned).collect()
    };
    table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let mut cells = line.split('|').skip(1);
            let room = names(cells.next().unwrap()).pop_first().unwrap();
            (room, names(cells.next().unwrap()))
        })
        .collect()
}

/// The room of a file: the folder below `src`, or the file itself.
fn room(path: &str) -> &str {
    let below = path.strip_prefix("src/").unwrap_or(path);
    below.split('/').next().unwrap_or(below).trim_end_matches(".rs")
}

/// The rooms that a line of code names: `crate::ui::…`, and each of `crate::{ui::Ui, events}`.
fn named(line: &str) -> Vec<&str> {
    let line = line.split("//").next().unwrap_or(line);
    let own = |text: &str| {
        text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(text.len())
    };
    let mut rooms = Vec::new();
    for rest in line.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(group) => {
                let mut depth = 0;
                let top = group.split(|c: char| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    c == ',' && depth == 0
                });
                rooms.extend(top.map(str::trim_start).map(|item| &item[..own(item)]));
            }
            None => rooms.push(&rest[..own(rest)]),
        }
    }
    rooms.retain(|room| room.starts_with(|c: char| c.is_ascii_lowercase()));
    rooms
}

/// Arrows that the table doesn't have.
fn astray(file: &File, arrows: &Arrows) -> Vec<Problem> {
    let from = room(&file.path);
    let Some(allowed) = arrows.get(from) else {
        return vec![file.problem(
            0,
            format!("the room `{from}` is not in the table of docs/architecture.md"),
        )];
    };
    let strays = file.code().flat_map(|(number, line)| {
        let astray = named(line)
            .into_iter()
            .filter(|to| *to != from && !allowed.contains(*to));
        astray.map(move |to| (number, to)).collect::<Vec<_>>()
    });
    strays
        .map(|(number, to)| file.problem(number, format!("`{from}` must not use `{to}`")))
        .collect()
}

/// Input and output in a room that has none.
fn impure(file: &File) -> Vec<Problem> {
    if !PURE.contains(&room(&file.path)) {
        return Vec::new();
    }
    let code = file
        .code()
        .map(|(number, line)| (number, line.split("//").next().unwrap_or(line)));
    code.flat_map(|(number, line)| {
        let used = INPUT_AND_OUTPUT.iter().filter(move |name| line.contains(**name));
        used.map(move |name| file.problem(number, format!("`{name}` in a room without input and output")))
    })
    .collect()
}

/// A way from a room back to itself.
fn circle(arrows: &Arrows) -> Option<Vec<String>> {
    fn walk(arrows: &Arrows, way: &mut Vec<String>) -> bool {
        let last = way.last().cloned().unwrap_or_default();
        for next in arrows.get(&last).into_iter().flatten() {
            let closed = way.contains(next);
            way.push(next.clone());
            if closed || walk(arrows, way) {
                return true;
            }
            way.pop();
        }
        false
    }
    arrows.keys().find_map(|room| {
        let mut way = vec![room.clone()];
        walk(arrows, &mut way).then_some(way)
    })
}

fn documented() -> Arrows {
    table(&files(&["docs/architecture.md"], &["md"])[0].text)
}

/// What `lib.rs` and `main.rs` name are the rooms themselves.
fn rooms() -> impl Iterator<Item = File> {
    slt().into_iter().filter(|file| file.path != "src/lib.rs")
}

#[test]
fn arrows_are_those_of_the_architecture() {
    let arrows = documented();
    let problems: Vec<_> = rooms().flat_map(|file| astray(&file, &arrows)).collect();
    none(&problems);
}

#[test]
fn the_table_has_no_rooms_that_are_gone_and_no_circle() {
    let arrows = documented();
    let there: BTreeSet<String> = rooms().map(|file| room(&file.path).to_owned()).collect();
    let gone: Vec<_> = arrows.keys().filter(|room| !there.contains(*room)).collect();
    assert!(gone.is_empty(), "rooms that are in the table only: {gone:?}");
    assert_eq!(circle(&arrows), None, "arrows point down only");
}

#[test]
fn pure_rooms_do_no_input_and_output() {
    let problems: Vec<_> = slt().iter().flat_map(impure).collect();
    none(&problems);
}

#[test]
fn emulators_know_nothing_of_slt() {
    let sources = files(&["emulators/src", "emulators/tests"], &["rs"]);
    assert!(sources.len() > 10);
    none(&sources.iter().flat_map(above).collect::<Vec<_>>());
}

/// What the emulators' crate must not know of.
fn above(file: &File) -> Vec<Problem> {
    let unknown = ["slt::", "wasmtime", "wit_bindgen", "wit_parser", "wasm_metadata"];
    let code = file
        .code()
        .map(|(number, line)| (number, line.split("//").next().unwrap_or(line)));
    code.flat_map(|(number, line)| {
        let used = unknown.iter().filter(move |name| line.contains(**name));
        used.map(move |name| file.problem(number, format!("the emulators know nothing of `{name}`")))
    })
    .collect()
}

#[test]
fn bad_samples_are_found() {
    let document = format!(
        "{TABLE_BEGINS}\n| room | may use | invariant |\n|---|---|---|\n| `ui` | `events`, `cli` | x |\n| `cli` | – | |\n{TABLE_ENDS}"
    );
    let arrows = table(&document);
    assert_eq!(arrows.len(), 2);
    for (path, line, expected) in [
        ("src/ui/mod.rs", "use crate::events::Event;", 0),
        ("src/ui/mod.rs", "use crate::ui::diagnostics;", 0),
        ("src/ui/mod.rs", "// crate::host::Guest", 0),
        ("src/ui/mod.rs", "use crate::host::Guest;", 1),
        ("src/ui/mod.rs", "    crate::host::go(crate::build::plan());", 2),
        ("src/ui/mod.rs", "use crate::{events, host::{Guest, events}, build};", 2),
        ("src/ui/mod.rs", "pub(crate) fn f() {}", 0),
        ("src/cli.rs", "use crate::events::Event;", 1),
        ("src/unknown/x.rs", "", 1),
    ] {
        let found = astray(&File::new(path, line), &arrows);
        assert_eq!(found.len(), expected, "{path}: {line}: {found:?}");
    }
    assert_eq!(
        impure(&File::new("src/validate/mod.rs", "std::fs::read(path)")).len(),
        1
    );
    assert_eq!(impure(&File::new("src/project/mod.rs", "std::fs::read(path)")).len(), 0);
    assert_eq!(
        above(&File::new("emulators/src/a.rs", "use wasmtime::Engine;")).len(),
        1
    );
    let round = |to: &str| {
        Arrows::from([
            ("a".into(), BTreeSet::from(["b".into()])),
            ("b".into(), BTreeSet::from([to.into()])),
        ])
    };
    assert!(circle(&round("a")).is_some() && circle(&round("c")).is_none());
}
