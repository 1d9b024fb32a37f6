//! How a component was made: the predicate of SLSA's provenance, version 1 (<https://slsa.dev/spec/v1.0/provenance>).
//!
//! It says what slt knows, and is as good as who signs it: a build on somebody's own machine says so. No times are in it: a build that
//! is made again gives the same document, and the run that it names has its own.

use serde_json::{Map, Value, json};

use super::builder::Builder;
use crate::build::{Compiler, Source};

/// The type of the predicate.
pub const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";

/// How the build's parameters are meant: the page `docs/attestations.md` says it.
pub const BUILD_TYPE: &str = "urn:slt:build:v1";

/// What is known of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// What the application is called.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Whether it is optimised; nothing where a command of the project's own built it, which slt can't know.
    pub release: Option<bool>,
    /// The target that it is compiled for, if cargo did.
    pub target: Option<String>,
    /// The program that the project's own command starts, if one built it ([`program`]).
    pub command: Option<String>,
    /// Its source, if git knows it.
    pub source: Option<Source>,
    /// The SHA-256 of `Cargo.lock`, in hexadecimal digits.
    pub lock: Option<String>,
    /// What compiled it.
    pub compiler: Option<Compiler>,
    /// Where it was built.
    pub builder: Builder,
}

impl Provenance {
    /// The predicate.
    #[must_use]
    pub fn predicate(&self) -> Value {
        let mut parameters = Map::new();
        let mut parameter = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                parameters.insert(key.to_owned(), value);
            }
        };
        parameter("name", Some(self.name.clone().into()));
        parameter("version", self.version.clone().map(Into::into));
        let folder = self.source.as_ref().map(|source| source.folder.clone());
        parameter("folder", folder.filter(|folder| !folder.is_empty()).map(Into::into));
        parameter("release", self.release.map(Into::into));
        parameter("target", self.target.clone().map(Into::into));
        parameter("command", self.command.clone().map(Into::into));

        let dependencies: Vec<Value> = [self.source(), self.lock(), self.compiler()]
            .into_iter()
            .flatten()
            .collect();
        let mut run = json!({
            "builder": { "id": self.builder.id, "version": { "slt": env!("CARGO_PKG_VERSION") } },
        });
        if let (Some(run), Some(invocation)) = (run.as_object_mut(), &self.builder.invocation) {
            run.insert("metadata".into(), json!({ "invocationId": invocation }));
        }
        json!({
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": parameters,
                "resolvedDependencies": dependencies,
            },
            "runDetails": run,
        })
    }

    /// The source. What is not as it was committed has no digest: the commit is only what it is based on.
    fn source(&self) -> Option<Value> {
        let source = self.source.as_ref()?;
        let mut dependency = json!({ "name": "source" });
        let fields = dependency.as_object_mut()?;
        if let Some(url) = &source.url {
            fields.insert("uri".into(), format!("git+{url}").into());
        }
        match source.is_modified {
            false => fields.insert("digest".into(), json!({ "gitCommit": source.commit })),
            true => fields.insert(
                "annotations".into(),
                json!({ "modified": true, "basedOn": source.commit }),
            ),
        };
        Some(dependency)
    }

    fn lock(&self) -> Option<Value> {
        let digest = self.lock.as_ref()?;
        Some(json!({ "name": "Cargo.lock", "digest": { "sha256": digest } }))
    }

    fn compiler(&self) -> Option<Value> {
        let compiler = self.compiler.as_ref()?;
        let mut dependency = json!({ "name": compiler.name, "annotations": { "version": compiler.version } });
        if let (Some(fields), Some(commit)) = (dependency.as_object_mut(), &compiler.commit) {
            fields.insert("uri".into(), "git+https://github.com/rust-lang/rust".into());
            fields.insert("digest".into(), json!({ "gitCommit": commit }));
        }
        Some(dependency)
    }
}

/// The program that a line of a shell starts first, by its name alone; what it is given, and what is set for it, can be a secret, and a
/// statement in a public log is never taken back. Not a digest of the line either, by which a short secret can be found. Whoever verifies
/// reads the line in the slightfile, at the commit that the source names. `None`: it cannot be told without a shell.
#[must_use]
pub fn program(line: &str) -> Option<String> {
    let word = line.split_whitespace().find(|word| !is_assignment(word))?;
    let name = word.rsplit(['/', '\\']).next()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    (!name.is_empty() && name.chars().all(is_plain)).then(|| name.to_owned())
}

/// `NAME=…`, whole in one word: what quotes and the like hold together goes on in the next.
fn is_assignment(word: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_whole = |value: &str| !value.contains(['"', '\'', '\\', '`', '(', ';', '&', '|', '<', '>']);
    word.split_once('=')
        .is_some_and(|(name, value)| is_name(name) && is_whole(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provenance(is_modified: bool) -> Provenance {
        Provenance {
            name: "shortener".into(),
            version: Some("0.1.0".into()),
            release: Some(true),
            target: Some("wasm32-wasip2".into()),
            command: None,
            source: Some(Source {
                commit: "c0ffee".into(),
                is_modified,
                changed: Vec::new(),
                url: Some("https://example.com/a.git".into()),
                folder: "apps/shortener".into(),
            }),
            lock: Some("0".repeat(64)),
            compiler: Some(Compiler {
                name: "rustc",
                version: "1.95.0".into(),
                commit: Some("beef".into()),
            }),
            builder: Builder {
                id: "https://example.com/ci".into(),
                invocation: Some("https://example.com/ci/7".into()),
            },
        }
    }

    #[test]
    fn a_predicate() {
        let text = serde_json::to_string_pretty(&provenance(false).predicate()).unwrap();
        insta::assert_snapshot!(text);
    }

    #[test]
    fn programs() {
        for (line, expected) in [
            ("make", Some("make")),
            ("npm run build -- --token=zq7", Some("npm")),
            ("A=zq7  API_TOKEN=zq8 /opt/own/bin/go build", Some("go")),
            ("go=1 go build", Some("go")),
            ("clang++-18 a.cc", Some("clang++-18")),
            ("A=\"zq7 zq8\" make", None),
            ("A='zq7 zq8' make", None),
            ("P=zq7 A=\"x zq7 y\" make", None),
            ("A=zq7\\ zq8 make", None),
            ("A=$(cat zq7 zq8) make", None),
            ("A=`cat zq7 zq8` make", None),
            ("A=zq7;make", None),
            ("\"$ZQ7\" build", None),
            ("$ZQ7 build", None),
            ("zq7@host", None),
            ("", None),
        ] {
            assert_eq!(program(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn what_was_changed_has_no_commit_to_be_found_by() {
        let predicate = provenance(true).predicate();
        let source = &predicate["buildDefinition"]["resolvedDependencies"][0];
        assert_eq!(source.get("digest"), None);
        assert_eq!(source["annotations"]["modified"], true);
        assert_eq!(source["annotations"]["basedOn"], "c0ffee");
    }
}
