//! Stores in folders of their own: what is kept, what is refused, and that writers do not lose each other's changes.
#![allow(clippy::disallowed_methods)] // threads that write at once

use std::path::Path;

use tempfile::TempDir;

use super::slight::{Key, SlightError};
use super::{Name, STORE_MAX_BYTES, Secrets, SecretsError, Store};
use crate::support::secret::Secret;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// A folder for data, and two projects in it.
fn places() -> TempDir {
    let places = tempfile::tempdir().unwrap();
    for project in ["one", "two"] {
        std::fs::create_dir(places.path().join(project)).unwrap();
    }
    places
}

fn store(places: &TempDir, project: &str) -> Store {
    Store::of(&places.path().join("data"), &places.path().join(project)).unwrap()
}

fn set(store: &Store, key: &str, value: &str) {
    store
        .change(|secrets| secrets.insert(name(key), Secret::new(value)))
        .unwrap();
}

fn pairs(secrets: &Secrets) -> Vec<(&str, &str)> {
    secrets
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose()))
        .collect()
}

#[test]
fn what_is_stored_is_there_for_its_project_only() {
    let places = places();
    let (one, two) = (store(&places, "one"), store(&places, "two"));
    assert!(one.read().unwrap().is_empty());
    assert!(!places.path().join("data").exists(), "reading makes nothing");
    set(&one, "B", "\"é\n\0");
    set(&one, "A", "1");
    set(&two, "A", "2");
    assert_eq!(pairs(&one.read().unwrap()), [("A", "1"), ("B", "\"é\n\0")]);
    assert_eq!(pairs(&two.read().unwrap()), [("A", "2")]);
    let text = std::fs::read_to_string(one.path()).unwrap();
    let project = places.path().join("one").canonicalize().unwrap();
    assert!(text.contains(&serde_json::to_string(&project).unwrap()), "{text}");
    // another way to the same folder is the same project
    let around = Store::of(&places.path().join("data"), &places.path().join("two/../one")).unwrap();
    assert_eq!(around.path(), one.path());
    // the last one takes the file with it
    one.change(Secrets::clear).unwrap();
    assert!(!one.path().exists());
    assert!(one.read().unwrap().is_empty());
}

#[test]
fn what_is_no_store_is_refused_without_a_word_of_it() {
    let places = places();
    let store = store(&places, "one");
    set(&store, "A", "1");
    let large = "x".repeat(STORE_MAX_BYTES + 1);
    for text in [
        "",
        "zq7",
        r#"{"version":1,"project":"p","secrets":{"A":{"zq7":1}}}"#,
        r#"{"version":"zq7","project":"p","secrets":{}}"#,
        r#"{"version":2,"project":"p","secrets":{"A":"zq7"}}"#,
        r#"{"version":1,"project":"p","secrets":{"zq7.":"zq7"}}"#,
        &large,
    ] {
        std::fs::write(store.path(), text).unwrap();
        for error in [store.read().unwrap_err(), store.change(Secrets::clear).unwrap_err()] {
            assert!(matches!(error, SecretsError::Foreign { .. }), "{error}");
            let shown = format!("{error} {error:?} {}", error.hint());
            assert!(!shown.contains("zq7"), "{shown}");
        }
        assert_eq!(
            std::fs::read_to_string(store.path()).unwrap(),
            text,
            "it stays as it is"
        );
    }
}

#[test]
fn a_store_has_an_end() {
    let places = places();
    let store = store(&places, "one");
    set(&store, "A", "1");
    let value = "x".repeat(STORE_MAX_BYTES);
    let error = store
        .change(|secrets| secrets.insert(name("B"), Secret::new(value)))
        .unwrap_err();
    assert!(matches!(error, SecretsError::Full), "{error}");
    assert_eq!(pairs(&store.read().unwrap()), [("A", "1")]);
}

#[test]
fn writers_wait_for_each_other() {
    let places = places();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let store = store(&places, "one");
            scope.spawn(move || (0..25).for_each(|n| set(&store, &format!("K-{writer}-{n}"), "v")));
        }
    });
    assert_eq!(store(&places, "one").read().unwrap().len(), 200);
}

#[test]
fn values_are_not_shown() {
    let places = places();
    let store = store(&places, "one");
    set(&store, "A", "zq7");
    assert!(!format!("{:?} {:?}", store, store.read().unwrap()).contains("zq7"));
}

/// Made by short-crypt 1.0.27, which slight 0.5 is built with, as slight calls it:
/// `ShortCrypt::new(key).encrypt_to_url_component(&value)`.
const SLIGHTS: &[(&str, &str)] = &[
    ("value", "CTs-a8zo"),
    (
        "redis://:p%40ss@cache.example.com:6379/2",
        "4PrdEffDqjQrG-7Gm8Y_jDGMOr5vavNNjOh9Ex4-PxVuc6RM4j_fDTA",
    ),
    ("", "V"),
    ("ä€𝄞\nzwei", "MduTK7CFohjW7rMR0WsY"),
    ("x", "NQS"),
    (
        "AKIAIOSFODNN7EXAMPLE/wJalrXUtnFEMI+K7MDENG",
        "8AKIci3-dtLJDNf6t7Xn8CEuA_XJ0IDsgjoA_tFSxulYhGMbuiqPycgAj",
    ),
];

const SLIGHTS_KEY: &str = "k3VnQ8sZt0LwYb5RjXe2HcMp9UaDgF";

fn key(text: &[u8]) -> Result<Key, SlightError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".slightkey");
    std::fs::write(&path, text).unwrap();
    Key::read(&path)
}

#[test]
fn slights_values_are_read() {
    let key = key(SLIGHTS_KEY.as_bytes()).unwrap();
    for (value, encrypted) in SLIGHTS {
        assert_eq!(key.decrypt("A", encrypted).unwrap().expose(), *value);
    }
    assert!(!format!("{key:?}").contains(SLIGHTS_KEY));
}

#[test]
fn wrong_keys_and_damaged_values() {
    let wrong = key(b"another-key").unwrap();
    let long = SLIGHTS.iter().filter(|(value, _)| value.len() > 3);
    for (value, encrypted) in long {
        let error = wrong.decrypt("A", encrypted).unwrap_err().to_string();
        assert!(error.starts_with("`A` was not encrypted with the key in "), "{error}");
        assert!(!error.contains(value) && !error.contains(encrypted), "{error}");
    }
    let right = key(SLIGHTS_KEY.as_bytes()).unwrap();
    for damaged in ["", "!", "Z", "CTs", "CTs-a8z", "foo_val_unencrypted", "é", "CTs-a8zo="] {
        assert!(right.decrypt("A", damaged).is_err(), "{damaged}");
    }
    for bytes in [&b""[..], b"\xff", &[b'k'; 5000]] {
        assert!(matches!(key(bytes), Err(SlightError::NoSuchKey { .. })));
    }
    assert!(matches!(Key::read(Path::new("not/there")), Err(SlightError::NoKey(_))));
    assert!(matches!(
        Key::read(tempfile::tempdir().unwrap().path()),
        Err(SlightError::NoSuchKey { .. })
    ));
}

proptest::proptest! {
    #[test]
    fn any_text_decrypts_or_not(encrypted in ".{0,80}") {
        let _ = key(SLIGHTS_KEY.as_bytes()).unwrap().decrypt("A", &encrypted);
    }

    #[test]
    fn what_looks_encrypted_decrypts_or_not(encrypted in "[0-9A-V][A-Za-z0-9_-]{0,60}") {
        let _ = key(SLIGHTS_KEY.as_bytes()).unwrap().decrypt("A", &encrypted);
    }
}
