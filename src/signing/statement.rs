//! in-toto statements: what an envelope is about, and what it says of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::check::{Check, Refusal};

/// The predicate of a plain signature (cosign 3.1.3, `pkg/types/predicate.go`).
pub const COSIGN_SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

/// The payload of every envelope here (in-toto attestation framework, `spec/v1/envelope.md`).
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

const TYPE_V1: &str = "https://in-toto.io/Statement/v1";
/// What cosign 1 and 2 wrote below `.att`.
const TYPE_V0_1: &str = "https://in-toto.io/Statement/v0.1";

/// The most subjects of a statement: a build has some hundreds of files.
const SUBJECTS_MAX: usize = 1_024;

/// A statement.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<About>,
    /// What it says.
    pub predicate_type: String,
    /// Its values.
    #[serde(default)]
    pub predicate: Value,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct About {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    digest: serde_json::Map<String, Value>,
    /// Written because cosign writes it.
    #[serde(default)]
    annotations: Option<serde_json::Map<String, Value>>,
}

impl Statement {
    /// About the content with this SHA-256, in hexadecimal digits.
    #[must_use]
    pub fn new(sha256: &str, predicate_type: &str, predicate: Value) -> Self {
        let digest = [("sha256".to_owned(), Value::from(sha256))];
        Self {
            kind: TYPE_V1.to_owned(),
            subject: vec![About {
                name: None,
                digest: digest.into_iter().collect(),
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

    pub(super) fn parse(payload_type: &str, payload: &[u8]) -> Result<Self, Refusal> {
        if payload_type != PAYLOAD_TYPE {
            return Err(Check::Bundle.refused(format!("the envelope holds `{payload_type}`, and no in-toto statement")));
        }
        let statement: Self = serde_json::from_slice(payload)
            .map_err(|error| Check::Bundle.refused(format!("its in-toto statement cannot be read: {error}")))?;
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
        let digests = self.subject.iter().filter_map(|about| about.digest.get("sha256"));
        let mut digests = digests.filter_map(Value::as_str);
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
        ] {
            let said = parse(&text).unwrap_err();
            assert!(said.starts_with("bundle: ") && said.contains(expected), "{said}");
        }
        let foreign = Statement::parse("text/plain", good.as_bytes()).unwrap_err();
        assert_eq!(foreign.check, Check::Bundle);
    }
}
