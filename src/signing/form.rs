//! The form of a bundle's JSON, as strictly as cosign takes it: protobuf's JSON has every member once, and none that nobody knows; of
//! what are alternatives, one is there. Who reads less strictly believes another bundle than cosign does.
//!
//! What the values are is not looked at here, with one exception: a checkpoint ends as a signed note does, which the crates leave open.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Every member of a bundle, wherever it stands (protobuf-specs, `sigstore_bundle.proto`, `sigstore_common.proto`,
/// `sigstore_rekor.proto`, `envelope.proto`).
const MEMBERS: &[&str] = &[
    "algorithm",
    "canonicalizedBody",
    "certificate",
    "certificates",
    "checkpoint",
    "digest",
    "dsseEnvelope",
    "envelope",
    "hashes",
    "hint",
    "inclusionPromise",
    "inclusionProof",
    "integratedTime",
    "keyId",
    "keyid",
    "kind",
    "kindVersion",
    "logId",
    "logIndex",
    "mediaType",
    "messageDigest",
    "messageSignature",
    "payload",
    "payloadType",
    "publicKey",
    "rawBytes",
    "rfc3161Timestamps",
    "rootHash",
    "sig",
    "signature",
    "signatures",
    "signedEntryTimestamp",
    "signedTimestamp",
    "timestampVerificationData",
    "tlogEntries",
    "treeSize",
    "verificationMaterial",
    "version",
    "x509CertificateChain",
];

/// Where they stand, and of which one at most is there.
const ALTERNATIVES: &[(&str, &[&str])] = &[
    ("", &["messageSignature", "dsseEnvelope"]),
    (
        "/verificationMaterial",
        &["publicKey", "certificate", "x509CertificateChain"],
    ),
];

/// Reads the JSON of a bundle.
pub(super) fn read(bytes: &[u8]) -> Result<Value, String> {
    let Once(value) = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    for (place, alternatives) in ALTERNATIVES {
        let is_there = |name: &&&str| {
            value
                .pointer(&format!("{place}/{name}"))
                .is_some_and(|found| !found.is_null())
        };
        let there: Vec<&str> = alternatives.iter().filter(is_there).copied().collect();
        if there.len() > 1 {
            return Err(format!(
                "it has both `{}`, and may have one of them",
                there.join("` and `")
            ));
        }
    }
    match unended(&value) {
        true => Err("a checkpoint does not end with its line".to_owned()),
        false => Ok(value),
    }
}

/// Whether a signed note in it does not end with a newline (<https://pkg.go.dev/golang.org/x/mod/sumdb/note>).
fn unended(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            let is_unended = |note: &str| !note.is_empty() && !note.ends_with('\n');
            members.get("envelope").and_then(Value::as_str).is_some_and(is_unended) || members.values().any(unended)
        }
        Value::Array(items) => items.iter().any(unended),
        _ => false,
    }
}

/// A value whose objects have every member once, and no unknown ones.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Once(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if !MEMBERS.contains(&name.as_str()) {
                return Err(A::Error::custom(format!("unknown member `{}`", name.escape_debug())));
            }
            let Once(member) = members.next_value()?;
            if all.insert(name.clone(), member).is_some() {
                return Err(A::Error::custom(format!("`{name}` stands there twice")));
            }
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read() {
        for (text, expected) in [
            (
                r#"{"mediaType":"a","verificationMaterial":{"tlogEntries":[{"logIndex":1}]}}"#,
                "",
            ),
            (r#"{"messageSignature":{},"dsseEnvelope":null}"#, ""),
            (
                r#"{"messageSignature":{},"dsseEnvelope":{}}"#,
                "both `messageSignature` and `dsseEnvelope`",
            ),
            (
                r#"{"verificationMaterial":{"publicKey":{},"x509CertificateChain":{}}}"#,
                "both `publicKey` and `x509CertificateChain`",
            ),
            (r#"{"mediaType":"a","mediaType":"a"}"#, "`mediaType` stands there twice"),
            (r#"{"verificationMaterial":{"more":1}}"#, "unknown member `more`"),
            (r#"{"checkpoint":{"envelope":"a\n"}}"#, ""),
            (r#"{"checkpoint":{"envelope":"a\n\u000b"}}"#, "does not end"),
            ("{} {}", "trailing characters"),
            (&"[".repeat(1_000), "recursion limit"),
        ] {
            match read(text.as_bytes()) {
                Ok(value) => assert!(
                    expected.is_empty() && serde_json::from_str::<Value>(text).unwrap() == value,
                    "{text}"
                ),
                Err(said) => assert!(!expected.is_empty() && said.contains(expected), "{text}: {said}"),
            }
        }
    }
}
