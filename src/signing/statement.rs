//! in-toto statements: what an envelope is about, and what it says of it. What it says is read by itself, and only of a statement that is
//! believed.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::check::{Check, Refusal};
use super::form;

/// The predicate of a plain signature (cosign 3.1.3, `pkg/types/predicate.go`).
pub const COSIGN_SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

/// The payload of every envelope here (in-toto attestation framework, `spec/v1/envelope.md`).
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

const TYPE_V1: &str = "https://in-toto.io/Statement/v1";
/// What cosign 1 and 2 wrote below `.att`.
const TYPE_V0_1: &str = "https://in-toto.io/Statement/v0.1";

/// The most subjects of a statement: a build has some hundreds of files.
const SUBJECTS_MAX: usize = 1_024;

/// The most values of a statement, which each take 70 to 400 bytes while it is read. The largest bundle has room for 12 MiB of it, and an SBOM
/// of SPDX or CycloneDX has a value every 30 bytes.
const VALUES_MAX: usize = 1 << 19;

/// A statement, as it is written; and as it is read, without what it says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement<P = IgnoredAny> {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<About>,
    /// What it says.
    pub predicate_type: String,
    /// Its values.
    #[serde(default)]
    predicate: P,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct About {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    digest: Digests,
    /// Written because cosign writes it.
    #[serde(default)]
    annotations: Option<serde_json::Map<String, Value>>,
}

/// Digests by several algorithms, of which this is looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Digests {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text")]
    sha256: Option<String>,
}

/// A string; something else is none.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}

impl Statement<Value> {
    /// About the content with this SHA-256, in hexadecimal digits.
    #[must_use]
    pub fn new(sha256: &str, predicate_type: &str, predicate: Value) -> Self {
        Self {
            kind: TYPE_V1.to_owned(),
            subject: vec![About {
                name: None,
                digest: Digests {
                    sha256: Some(sha256.to_owned()),
                },
                annotations: Some(serde_json::Map::new()),
            }],
            predicate_type: predicate_type.to_owned(),
            predicate,
        }
    }

    /// The bytes that are signed.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What the statement in a payload says.
    pub(super) fn predicate(payload: &[u8]) -> Result<Value, Refusal> {
        let statement: Self = serde_json::from_slice(payload).map_err(unread)?;
        Ok(statement.predicate)
    }
}

fn unread(error: serde_json::Error) -> Refusal {
    Check::Bundle.refused(format!("its in-toto statement cannot be read: {error}"))
}

impl Statement {
    pub(super) fn parse(payload_type: &str, payload: &[u8]) -> Result<Self, Refusal> {
        if payload_type != PAYLOAD_TYPE {
            return Err(Check::Bundle.refused(format!("the envelope holds `{payload_type}`, and no in-toto statement")));
        }
        form::skim(payload, VALUES_MAX).map_err(unread)?;
        let mut statement: Self = serde_json::from_slice(payload).map_err(unread)?;
        // they are of the form that they must have, and nobody looks at them
        for about in &mut statement.subject {
            (about.name, about.annotations) = (None, None);
        }
        if statement.kind != TYPE_V1 && statement.kind != TYPE_V0_1 {
            return Err(Check::Bundle.refused(format!("its statement is of the type `{}`", statement.kind)));
        }
        match statement.subject.len() {
            0 => Err(Check::Bundle.refused("its statement has no subject")),
            1..=SUBJECTS_MAX => Ok(statement),
            more => Err(Check::Bundle.refused(format!("its statement has {more} subjects"))),
        }
    }

    /// Whether one of its subjects is the content with this SHA-256.
    pub(super) fn is_about(&self, sha256: &str) -> Result<(), Refusal> {
        let mut digests = self.subject.iter().filter_map(|about| about.digest.sha256.as_deref());
        if digests.clone().any(|digest| digest == sha256) {
            return Ok(());
        }
        Err(Check::Subject.refused(match digests.next() {
            Some(other) => format!("it is about sha256:{other}"),
            None => "it names no SHA-256 of what it is about".to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn as_cosign_writes_it() {
        let statement = Statement::new("ab", COSIGN_SIGN, json!({}));
        insta::assert_snapshot!(
            String::from_utf8(statement.to_json()).unwrap(),
            @r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"ab"},"annotations":{}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}"#
        );
    }

    #[test]
    fn what_is_refused() {
        let good = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"ab"}}],"predicateType":"x"}"#;
        let parse = |text: &str| Statement::parse(PAYLOAD_TYPE, text.as_bytes()).map_err(|refusal| refusal.to_string());
        let statement = parse(good).unwrap();
        assert_eq!(statement.is_about("ab"), Ok(()));
        assert_eq!(
            statement.is_about("cd").unwrap_err().to_string(),
            "subject: it is about sha256:ab"
        );
        for (text, expected) in [
            (good.replace("Statement/v1", "Statement/v2"), "is of the type"),
            (
                good.replace(r#"{"name":"a","digest":{"sha256":"ab"}}"#, ""),
                "has no subject",
            ),
            (good.replace("predicateType", "predicate"), "cannot be read"),
            ("[".repeat(200), "cannot be read"),
            (
                good.replace("}]", &format!("}}],\"predicate\":{}", "[".repeat(200))),
                "recursion limit",
            ),
            (
                good.replace("}]", &format!("}}],\"predicate\":[{}0]", "0,".repeat(VALUES_MAX))),
                "more values than are read",
            ),
        ] {
            let said = parse(&text).unwrap_err();
            assert!(said.starts_with("bundle: ") && said.contains(expected), "{said}");
        }
        let foreign = Statement::parse("text/plain", good.as_bytes()).unwrap_err();
        assert_eq!(foreign.check, Check::Bundle);
    }
}
