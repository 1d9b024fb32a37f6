//! The table of the shapes that are hosted (`src/validate/hosted.txt`): made of the WIT texts that the host binds, and compared with
//! the host itself. `BLESS=1` writes it anew.

use std::path::{Path, PathBuf};

use slt::validate::{Interface, World};
use wit_parser::{PackageId, Resolve};

use crate::components::{WASI, component};
use crate::guests::engine;

const OPENING: &str = "\
# What slt hosts, function by function: written by `BLESS=1 cargo test --test it shapes` from the WIT texts below `wit/`.
# A section is a shape. Below an interface stand its functions, with every type written out and resources by their name.
";

/// A section: how it is called, the texts of its packages, and the interfaces that it is about.
struct Section {
    called: &'static str,
    texts: Vec<String>,
    items: &'static str,
}

fn folder(path: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let mut files: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let texts = files.iter().map(|file| std::fs::read_to_string(file).unwrap());
    // one package in several files: its name may stand in each, and once is enough here
    let name = "package wasi:keyvalue@0.2.0-draft;";
    vec![format!(
        "{name}\n{}",
        texts.map(|text| text.replace(name, "")).collect::<String>()
    )]
}

fn sections() -> Vec<Section> {
    let wasi = || WASI.iter().map(|text| (*text).to_owned()).collect();
    let keyvalue = "include wasi:keyvalue/imports@0.2.0-draft;";
    vec![
        Section {
            called: "import wasi",
            texts: wasi(),
            items: "include wasi:cli/imports@0.2.12; include wasi:http/imports@0.2.12;",
        },
        Section {
            called: "import keyvalue-u64",
            texts: folder("wit/host/keyvalue-u64"),
            items: keyvalue,
        },
        Section {
            called: "import keyvalue-string",
            texts: folder("wit/host/keyvalue-string"),
            items: keyvalue,
        },
        Section {
            called: "import compat",
            texts: vec![include_str!("../../wit/slight-keyvalue/compat.wit").to_owned()],
            items: "include slight:keyvalue/imports@0.1.0;",
        },
        Section {
            called: "import testing",
            texts: vec![include_str!("../../wit/slight-testing/testing.wit").to_owned()],
            items: "include slight:testing/imports@0.1.0;",
        },
        Section {
            called: "export wasi",
            texts: wasi(),
            items: "export wasi:cli/run@0.2.12; export wasi:http/incoming-handler@0.2.12;",
        },
    ]
}

impl Section {
    fn world_text(&self) -> String {
        format!("package slt:table; world w {{ {} }}", self.items)
    }

    fn interfaces(&self) -> Vec<Interface> {
        let mut resolve = Resolve::default();
        let mut push = |text: &str| -> PackageId { resolve.push_str("text.wit", text).unwrap() };
        for text in &self.texts {
            push(text);
        }
        let package = push(&self.world_text());
        let world = World::from_package(&resolve, package, None).unwrap();
        match self.called.starts_with("export") {
            true => world.exports,
            false => world.imports,
        }
    }
}

fn table() -> String {
    let mut table = OPENING.to_owned();
    for section in sections() {
        table.push_str(&format!("\n= {}\n", section.called));
        for interface in section.interfaces() {
            table.push_str(&format!("{}\n", interface.path()));
            for (function, signature) in &interface.functions {
                table.push_str(&format!("  {function}: {signature}\n"));
            }
        }
    }
    table
}

#[test]
fn the_table_is_made_of_the_texts() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/validate/hosted.txt");
    let table = table();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let is = std::fs::read_to_string(&path).unwrap();
    assert!(
        is == table,
        "`src/validate/hosted.txt` is not what the texts say: BLESS=1 writes it"
    );
}

/// What the table has is linked: a component that imports all of a section can be loaded.
#[test]
fn what_the_table_says_is_what_is_linked() {
    for section in sections() {
        let world = section.world_text();
        let texts: Vec<&str> = section
            .texts
            .iter()
            .map(String::as_str)
            .chain([world.as_str()])
            .collect();
        let component = component(&texts, "", "unreachable");
        let loaded = engine().load(&component, true);
        let loaded = loaded.unwrap_or_else(|error| panic!("{}: {error}", section.called));
        let is_export = section.called.starts_with("export");
        assert_eq!(
            loaded.world.http.is_some() && loaded.world.command.is_some(),
            is_export,
            "{}",
            section.called
        );
    }
}
