//! A file, its bundle, and who is asked about them: taken from the fixtures, and changed by a case.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::command::folder;

/// The identity of every keyless fixture (`scripts/signature-fixtures.sh`).
pub const IDENTITY: &str = "dev@example.test";

/// Whom the bundle is asked to be from.
#[derive(Clone)]
pub enum By {
    Key,
    Identity { identity: String, issuer: String },
}

/// What is verified, as it lies in a folder.
#[derive(Clone)]
pub struct Scene {
    pub file: Vec<u8>,
    /// `None`: it is written as `text`.
    pub bundle: Value,
    /// The bundle's text where it is no JSON that a value could hold.
    pub text: Option<Vec<u8>>,
    pub key: Vec<u8>,
    pub by: By,
    pub root: Value,
    /// Whether an entry in a log is demanded.
    pub log: bool,
    /// Whether an attestation is asked for, and not a signature.
    pub is_attestation: bool,
}

/// A lie about a scene.
pub struct Case {
    pub name: &'static str,
    /// The bundle that it begins with: a file below `tests/fixtures/signatures`, without its ending.
    pub of: &'static str,
    pub spoil: fn(&mut Scene),
    /// The check that refuses it.
    pub refused: &'static str,
    pub cosign: Cosign,
}

/// What cosign 3.1.3 says of a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cosign {
    Refuses,
    /// It takes it: why slt does not.
    Accepts(&'static str),
}

impl Case {
    pub fn scene(&self) -> Scene {
        let mut scene = Scene::of(self.of);
        (self.spoil)(&mut scene);
        scene
    }
}

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/signatures")
}

pub fn fixture(name: &str) -> Vec<u8> {
    let path = fixtures().join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn json(name: &str) -> Value {
    serde_json::from_slice(&fixture(name)).unwrap()
}

/// Who vouches for the identities of the fixtures.
pub fn issuer() -> String {
    String::from_utf8(fixture("issuer")).unwrap()
}

impl Scene {
    /// A fixture as cosign made it, and the question that it answers with yes.
    pub fn of(name: &str) -> Self {
        let is_keyed = name.ends_with("key") || name.ends_with("key-log");
        let (identity, issuer) = match name.starts_with("blob/ci.") {
            true => (
                format!("{}/acme/app/.workflows/release.yml@refs/heads/main", issuer()),
                format!("{}/ci", issuer()),
            ),
            false => (IDENTITY.to_owned(), issuer()),
        };
        Self {
            file: fixture("artifact.txt"),
            bundle: json(&format!("{name}.json")),
            text: None,
            key: fixture("cosign.pub"),
            by: match is_keyed {
                true => By::Key,
                false => By::Identity { identity, issuer },
            },
            root: json("trusted_root.json"),
            is_attestation: name.contains("slsa"),
            log: name.ends_with("log") || name.starts_with("forged/"),
        }
    }

    pub fn at(&mut self, pointer: &str) -> &mut Value {
        self.bundle
            .pointer_mut(pointer)
            .unwrap_or_else(|| panic!("no `{pointer}`"))
    }

    pub fn set(&mut self, pointer: &str, value: impl Into<Value>) {
        *self.at(pointer) = value.into();
    }

    /// Removes a member of an object.
    pub fn remove(&mut self, pointer: &str) {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let removed = self.at(parent).as_object_mut().unwrap().remove(name);
        assert!(removed.is_some(), "no `{pointer}`");
    }

    /// Takes a value from another bundle.
    pub fn take(&mut self, pointer: &str, from: &str) {
        let other = json(&format!("{from}.json"));
        let value = other
            .pointer(pointer)
            .unwrap_or_else(|| panic!("no `{pointer}` in {from}"))
            .clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = self.at(parent);
        match parent.as_array_mut() {
            Some(array) => array[name.parse::<usize>().unwrap()] = value,
            None => {
                parent.as_object_mut().unwrap().insert(name.to_owned(), value);
            }
        }
    }

    /// What a field in base64 holds, changed.
    pub fn bytes(&mut self, pointer: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = STANDARD.decode(self.at(pointer).as_str().unwrap()).unwrap();
        change(&mut bytes);
        self.set(pointer, STANDARD.encode(bytes));
    }

    /// A text within a field in base64, or a plain one, changed.
    pub fn replace(&mut self, pointer: &str, from: &str, to: &str) {
        self.bytes(pointer, |bytes| {
            let text = String::from_utf8(std::mem::take(bytes)).unwrap();
            assert!(text.contains(from), "no `{from}` in {text}");
            *bytes = text.replace(from, to).into_bytes();
        });
    }

    pub fn identity(&mut self, identity: &str) {
        match &mut self.by {
            By::Identity { identity: asked, .. } => identity.clone_into(asked),
            By::Key => panic!("it is keyed"),
        }
    }

    pub fn issuer(&mut self, issuer: impl Into<String>) {
        match &mut self.by {
            By::Identity { issuer: asked, .. } => *asked = issuer.into(),
            By::Key => panic!("it is keyed"),
        }
    }

    pub fn written_bundle(&self) -> Vec<u8> {
        let text = self.text.clone();
        text.unwrap_or_else(|| serde_json::to_vec(&self.bundle).unwrap())
    }

    /// The folder with `file`, `bundle.json`, `key.pub` and `root.json`.
    pub fn written(&self) -> tempfile::TempDir {
        folder(&[
            ("file", &self.file),
            ("bundle.json", &self.written_bundle()),
            ("key.pub", &self.key),
            ("root.json", &serde_json::to_vec(&self.root).unwrap()),
        ])
    }
}
