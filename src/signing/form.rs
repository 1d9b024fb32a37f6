//! The form of a bundle's JSON, as the protocol buffers of Sigstore have it: which members there are, and each of them once.
//!
//! The crate's types take what they know and leave the rest; two readers could then take one text for two bundles. cosign refuses
//! unknown members and those that stand there twice, and so does this.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// What stands at a place.
enum Shape {
    /// A string, a number or a truth value.
    Leaf,
    /// An object with these members.
    Object(&'static [(&'static str, Shape)]),
    /// A list of these.
    List(&'static Shape),
}

use Shape::{Leaf, List, Object};

const CERTIFICATE: Shape = Object(&[("rawBytes", Leaf)]);
const ENTRY: Shape = Object(&[
    ("logIndex", Leaf),
    ("logId", Object(&[("keyId", Leaf)])),
    ("kindVersion", Object(&[("kind", Leaf), ("version", Leaf)])),
    ("integratedTime", Leaf),
    ("inclusionPromise", Object(&[("signedEntryTimestamp", Leaf)])),
    (
        "inclusionProof",
        Object(&[
            ("logIndex", Leaf),
            ("rootHash", Leaf),
            ("treeSize", Leaf),
            ("hashes", List(&Leaf)),
            ("checkpoint", Object(&[("envelope", Leaf)])),
        ]),
    ),
    ("canonicalizedBody", Leaf),
]);
const TIMESTAMP: Shape = Object(&[("signedTimestamp", Leaf)]);
const SIGNATURE: Shape = Object(&[("sig", Leaf), ("keyid", Leaf)]);

/// `sigstore_bundle.proto`, `sigstore_common.proto` and `envelope.proto` of protobuf-specs 0.5.
const BUNDLE: Shape = Object(&[
    ("mediaType", Leaf),
    (
        "verificationMaterial",
        Object(&[
            ("certificate", CERTIFICATE),
            ("x509CertificateChain", Object(&[("certificates", List(&CERTIFICATE))])),
            ("publicKey", Object(&[("hint", Leaf)])),
            ("tlogEntries", List(&ENTRY)),
            (
                "timestampVerificationData",
                Object(&[("rfc3161Timestamps", List(&TIMESTAMP))]),
            ),
        ]),
    ),
    (
        "messageSignature",
        Object(&[
            ("messageDigest", Object(&[("algorithm", Leaf), ("digest", Leaf)])),
            ("signature", Leaf),
        ]),
    ),
    (
        "dsseEnvelope",
        Object(&[
            ("payload", Leaf),
            ("payloadType", Leaf),
            ("signatures", List(&SIGNATURE)),
        ]),
    ),
]);

/// Members of which a bundle has one.
const ONE_OF: &[(&str, &[&str])] = &[
    ("", &["messageSignature", "dsseEnvelope"]),
    (
        "/verificationMaterial",
        &["certificate", "x509CertificateChain", "publicKey"],
    ),
];

/// Reads a bundle's JSON; else what is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<Value, String> {
    let Once(value) = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    // what is no object has no media type, which is what is said of it
    if value.is_object() {
        fits(&value, &BUNDLE, "")?;
    }
    for (place, members) in ONE_OF {
        let at = value.pointer(place);
        let there = members
            .iter()
            .filter(|member| at.is_some_and(|at| at.get(**member).is_some_and(|member| !member.is_null())));
        let there: Vec<_> = there.collect();
        if let [first, second, ..] = there.as_slice() {
            return Err(format!("it has both `{first}` and `{second}`"));
        }
    }
    Ok(value)
}

/// What a bundle must have one of, and has none of.
pub(super) fn lacking(bundle: &Value) -> Option<String> {
    ONE_OF.iter().find_map(|(place, members)| {
        let at = bundle.pointer(place);
        let is_there = |member: &&str| {
            at.and_then(|at| at.get(*member))
                .is_some_and(|member| !member.is_null())
        };
        let names: Vec<String> = members.iter().map(|member| format!("`{member}`")).collect();
        (!members.iter().any(is_there)).then(|| format!("{} has none of {}", called(place), names.join(", ")))
    })
}

/// A place as a part of a sentence.
fn called(place: &str) -> String {
    match place {
        "" => "the bundle".to_owned(),
        place => format!("`{place}`"),
    }
}

fn fits(value: &Value, shape: &Shape, place: &str) -> Result<(), String> {
    match (value, shape) {
        // protobuf's JSON may write what is not there
        (Value::Null, _) => Ok(()),
        (Value::Object(members), Object(known)) => members.iter().try_for_each(|(name, value)| {
            let shape = known.iter().find(|(known, _)| known == name);
            let (_, shape) = shape.ok_or_else(|| format!("{} has no member `{name}`", called(place)))?;
            fits(value, shape, &format!("{place}/{name}"))
        }),
        (Value::Array(values), List(shape)) => values.iter().try_for_each(|value| fits(value, shape, place)),
        (Value::String(_) | Value::Number(_) | Value::Bool(_), Leaf) => Ok(()),
        _ => Err(format!("{} is something else", called(place))),
    }
}

/// A JSON value in whose objects no member stands twice.
pub(super) struct Once(pub(super) Value);

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

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number is none"));
        number.map(Value::Number)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Once(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let Once(value) = members.next_value()?;
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("`{name}` stands there twice")));
            }
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members() {
        for (text, expected) in [
            (
                r#"{"mediaType":"a","verificationMaterial":{"tlogEntries":[],"publicKey":{}}}"#,
                Ok(()),
            ),
            (r#"{"messageSignature":{},"dsseEnvelope":null}"#, Ok(())),
            (
                r#"{"mediaType":"a","mediaType":"a"}"#,
                Err("`mediaType` stands there twice"),
            ),
            (r#"{"foo":1}"#, Err("the bundle has no member `foo`")),
            (
                r#"{"verificationMaterial":{"more":1}}"#,
                Err("`/verificationMaterial` has no member `more`"),
            ),
            (
                r#"{"verificationMaterial":{"tlogEntries":[{"logID":1}]}}"#,
                Err("has no member `logID`"),
            ),
            (r#"{"mediaType":{}}"#, Err("`/mediaType` is something else")),
            (
                r#"{"verificationMaterial":[]}"#,
                Err("`/verificationMaterial` is something else"),
            ),
            (
                r#"{"messageSignature":{},"dsseEnvelope":{}}"#,
                Err("both `messageSignature` and `dsseEnvelope`"),
            ),
            (
                r#"{"verificationMaterial":{"certificate":{},"publicKey":{}}}"#,
                Err("both `certificate` and `publicKey`"),
            ),
            ("[", Err("EOF")),
            (&"[".repeat(500), Err("recursion limit")),
        ] {
            match (read(text.as_bytes()), expected) {
                (Ok(_), Ok(())) => {}
                (Err(said), Err(expected)) => assert!(said.contains(expected), "{text}: {said}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }
}
