//! The JSON Schemas of what the commands print, and of the slightfile, as they are checked in. `BLESS=1` writes them anew.

use std::path::Path;

fn is_checked_in<T: schemars::JsonSchema>(name: &str) {
    let schema = schemars::schema_for!(T);
    let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
    is_as_checked_in(&format!("docs/schemas/{name}"), &text);
}

/// Whether a generated file lies in the repository as it is generated. `BLESS=1` writes it.
pub fn is_as_checked_in(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::vars().any(|(variable, value)| variable == "BLESS" && value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        there,
        text,
        "{} is not what slt makes: BLESS=1 writes it",
        path.display()
    );
}

#[test]
fn add() {
    is_checked_in::<slt::commands::add::Line>("add.schema.json");
}

#[test]
fn check() {
    is_checked_in::<slt::ui::diagnostics::Line>("check.schema.json");
}

#[test]
fn doctor() {
    is_checked_in::<slt::commands::doctor::Line>("doctor.schema.json");
}

#[test]
fn events() {
    is_checked_in::<slt::events::Event>("events.schema.json");
}

#[test]
fn explain() {
    is_checked_in::<slt::commands::explain::Line>("explain.schema.json");
}

#[test]
fn new() {
    is_checked_in::<slt::commands::new::Line>("new.schema.json");
}

#[test]
fn secret() {
    is_checked_in::<slt::commands::secret::Line>("secret.schema.json");
}

#[test]
fn migrate() {
    is_checked_in::<slt::commands::migrate::Line>("migrate.schema.json");
}

#[test]
fn remove() {
    is_checked_in::<slt::commands::remove::Line>("remove.schema.json");
}

#[test]
fn push() {
    is_checked_in::<slt::commands::push::Line>("push.schema.json");
}

#[test]
fn pull() {
    is_checked_in::<slt::commands::pull::Line>("pull.schema.json");
}

#[test]
fn inspect() {
    is_checked_in::<slt::commands::inspect::Line>("inspect.schema.json");
}

#[test]
fn login() {
    is_checked_in::<slt::commands::login::Line>("login.schema.json");
}

#[test]
fn keygen() {
    is_checked_in::<slt::commands::keygen::Line>("keygen.schema.json");
}

#[test]
fn sign() {
    is_checked_in::<slt::commands::sign::Line>("sign.schema.json");
}

#[test]
fn verify() {
    is_checked_in::<slt::commands::verify::Line>("verify.schema.json");
}

#[test]
fn ship() {
    is_checked_in::<slt::commands::ship::Line>("ship.schema.json");
}
