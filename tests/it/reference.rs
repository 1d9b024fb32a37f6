//! The tables of `docs/slightfile.md` that are made from the grammar and the catalogue. `BLESS=1` writes them anew.

use std::path::Path;

use slt::catalogue::{CATALOGUE, Capability, Hosted, Key, Maturity, Need, Resource};
use slt::slightfile::grammar::{Form, Known, ROOT, Table};
use slt::slightfile::{SPEC_VERSIONS, STORES, SpecVersion};

const PAGE: &str = "docs/slightfile.md";

/// The page with what stands between two markers made anew.
fn replaced(page: &str, name: &str, table: &str) -> String {
    let begin = format!("<!-- {name}: made by tests/it/reference.rs -->\n");
    let end = format!("<!-- end of {name} -->");
    let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("no {begin}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no {end}"));
    format!("{before}{begin}{table}{end}{after}")
}

#[test]
fn the_tables_are_as_checked_in() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = std::fs::read_to_string(path).unwrap();
    let page = replaced(&page, "keys", &keys());
    let page = replaced(&page, "stores", &stores());
    let page = replaced(&page, "resources", &resources());
    let page = replaced(&page, "interfaces", &interfaces());
    crate::schemas::is_as_checked_in(PAGE, &page);
}

fn keys() -> String {
    let mut text = "| key | what it is | value | versions |\n|---|---|---|---|\n".to_owned();
    rows(ROOT, "", &mut text);
    text
}

fn rows(table: &Table, prefix: &str, text: &mut String) {
    for Known {
        key,
        versions,
        form,
        help,
        example,
    } in table.keys
    {
        let name = match form {
            Form::Tables(_) => format!("[[{key}]]"),
            Form::Table(_) | Form::Map | Form::Configs if prefix.is_empty() => format!("[{key}]"),
            _ => format!("{prefix}{key}"),
        };
        let value = match (form, *example) {
            (Form::Table(_), _) => "a table".to_owned(),
            (Form::Tables(_), _) => "tables".to_owned(),
            (Form::Configs, _) => "a table: the keys of the [resource](#resources)".to_owned(),
            (Form::Map, _) => "a table of strings".to_owned(),
            (_, example) => format!("`{example}`"),
        };
        let help = help.replace('|', "\\|");
        text.push_str(&format!("| `{name}` | {help} | {value} | {} |\n", named(versions)));
        if let Form::Table(below) | Form::Tables(below) = form {
            let prefix = match form {
                Form::Table(_) if !prefix.is_empty() => format!("{prefix}{key}."),
                _ => format!("{name} "),
            };
            rows(below, &prefix, text);
        }
    }
}

fn named(versions: &[SpecVersion]) -> String {
    let names = SPEC_VERSIONS.iter().filter(|(_, version)| versions.contains(version));
    let names: Vec<_> = names.map(|(name, _)| *name).collect();
    match names.len() == SPEC_VERSIONS.len() {
        true => "all".to_owned(),
        false => names.join(", "),
    }
}

fn stores() -> String {
    let list: Vec<_> = STORES.iter().map(|(name, _)| format!("`{name}`")).collect();
    format!("The stores are {}.\n", list.join(", "))
}

fn resources() -> String {
    let mut text =
        "| resource | what it is | configuration | other names | state |\n|---|---|---|---|---|\n".to_owned();
    for Resource {
        id,
        also,
        old,
        keys,
        legacy,
        maturity,
        help,
        ..
    } in CATALOGUE.resources
    {
        let also = also.iter().map(|name| format!("`{name}`"));
        let old = old.iter().map(|name| format!("`{name}` (before 1.0)"));
        let names: Vec<_> = also.chain(old).collect();
        let keys: Vec<_> = keys.iter().map(config).collect();
        let state = match (maturity, legacy) {
            (_, true) => "before 1.0; planned",
            (Maturity::Ready, _) => "works",
            (Maturity::Planned, _) => "planned",
        };
        let cells = [
            format!("`{id}`"),
            (*help).to_owned(),
            keys.join(", "),
            names.join(", "),
            state.to_owned(),
        ];
        let cells = cells.map(|cell| if cell.is_empty() { "–".to_owned() } else { cell });
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

/// A key, and what is particular about it.
fn config(key: &Key) -> String {
    let need = match key.need {
        Need::Required => None,
        Need::Optional => Some("optional".to_owned()),
        Need::Or(other) => Some(format!("or `{other}`")),
    };
    let secret = key.secret.then(|| "secret".to_owned());
    let notes: Vec<_> = need.into_iter().chain(secret).collect();
    match notes.is_empty() {
        true => format!("`{}`", key.name),
        false => format!("`{}` ({})", key.name, notes.join(", ")),
    }
}

fn interfaces() -> String {
    let mut text = "| capability | what it is | imports | exports |\n|---|---|---|---|\n".to_owned();
    for Capability {
        name,
        imports,
        exports,
        help,
        ..
    } in CATALOGUE.capabilities
    {
        let list = |hosted: &[Hosted]| {
            let names: Vec<_> = hosted.iter().map(interface).collect();
            if names.is_empty() {
                "–".to_owned()
            } else {
                names.join(", ")
            }
        };
        text.push_str(&format!(
            "| `{name}` | {help} | {} | {} |\n",
            list(imports),
            list(exports)
        ));
    }
    text
}

fn interface(hosted: &Hosted) -> String {
    format!(
        "`{}/{}@{}`",
        hosted.package,
        hosted.interface,
        hosted.versions.join("`, `@")
    )
}
