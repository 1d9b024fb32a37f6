//! The form of a bundle's JSON, as the protocol buffers of Sigstore have it: which members there are, and each of them once.
//!
//! The crate's types take what they know and leave the rest; two readers could then take one text for two bundles. cosign refuses
//! unknown members and those that stand there twice, and so does this. Whoever can write to a registry writes these texts, and a
//! tree of values takes seventy times the bytes of its text: what has no place in the form is refused while it is read, and
//! what is looked over and not kept is counted ([`skim`]), or passed over but for a few places ([`pick`]).

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The most log entries and the most timestamps of a bundle: cosign writes one of each.
const WITNESSES_MAX: usize = 16;
/// The most certificates of a chain: Fulcio's has three.
const CHAIN_MAX: usize = 16;
/// The most hashes of an inclusion proof: as many as an index has bits.
const HASHES_MAX: usize = 64;
/// The most signatures that are read of an envelope: a bundle's has one, and that is said where it has others.
const SIGNATURES_MAX: usize = 16;

/// What stands at a place.
enum Shape {
    /// A string, a number or a truth value.
    Leaf,
    /// An object with these members.
    Object(&'static [(&'static str, Shape)]),
    /// A list of these, and of how many at most.
    List(&'static Shape, usize),
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
            ("hashes", List(&Leaf, HASHES_MAX)),
            ("checkpoint", Object(&[("envelope", Leaf)])),
        ]),
    ),
    ("canonicalizedBody", Leaf),
]);
const TIMESTAMP: Shape = Object(&[("signedTimestamp", Leaf)]);
const SIGNATURE: Shape = Object(&[("sig", Leaf), ("keyid", Leaf)]);
const ENVELOPE: Shape = Object(&[
    ("payload", Leaf),
    ("payloadType", Leaf),
    ("signatures", List(&SIGNATURE, SIGNATURES_MAX)),
]);

/// `sigstore_bundle.proto`, `sigstore_common.proto` and `envelope.proto` of protobuf-specs 0.5.
const BUNDLE: Shape = Object(&[
    ("mediaType", Leaf),
    (
        "verificationMaterial",
        Object(&[
            ("certificate", CERTIFICATE),
            (
                "x509CertificateChain",
                Object(&[("certificates", List(&CERTIFICATE, CHAIN_MAX))]),
            ),
            ("publicKey", Object(&[("hint", Leaf)])),
            ("tlogEntries", List(&ENTRY, WITNESSES_MAX)),
            (
                "timestampVerificationData",
                Object(&[("rfc3161Timestamps", List(&TIMESTAMP, WITNESSES_MAX))]),
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
    ("dsseEnvelope", ENVELOPE),
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
    let value = along(&BUNDLE, "", bytes).map_err(|unread| match unread {
        Unread::Json(reason) | Unread::Form(reason) => reason,
    })?;
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

/// Why a text was not read.
pub(super) enum Unread {
    /// It is no JSON.
    Json(String),
    /// It is, and something stands where it does not belong.
    Form(String),
}

/// Reads an envelope's JSON as if it stood in a bundle.
pub(super) fn envelope(bytes: &[u8]) -> Result<Value, Unread> {
    along(&ENVELOPE, "/dsseEnvelope", bytes)
}

fn along(shape: &'static Shape, place: &str, bytes: &[u8]) -> Result<Value, Unread> {
    let refused = RefCell::new(None);
    let at = At {
        shape,
        place,
        refused: &refused,
    };
    whole(bytes, at).map_err(|error| match refused.take() {
        Some(reason) => Unread::Form(reason),
        None => Unread::Json(error.to_string()),
    })
}

/// Reads a text to its end.
fn whole<'de, S: DeserializeSeed<'de>>(bytes: &'de [u8], seed: S) -> Result<S::Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = seed.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// What all scalars have in common.
macro_rules! scalars {
    ($scalar:ident) => {
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("JSON")
        }

        fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
            self.$scalar(|| value.into())
        }

        fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
            self.$scalar(|| value.into())
        }

        fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
            self.$scalar(|| value.into())
        }

        fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
            self.$scalar(|| Number::from_f64(value).map_or(Value::Null, Value::Number))
        }

        fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
            self.$scalar(|| value.into())
        }
    };
}

fn twice<E: Error>(name: &str) -> E {
    E::custom(format!("`{name}` stands there twice"))
}

/// Reads what has a shape, and keeps it.
#[derive(Clone, Copy)]
struct At<'a> {
    shape: &'static Shape,
    place: &'a str,
    /// What stands where it does not belong: a parser's errors would say at which byte, too.
    refused: &'a RefCell<Option<String>>,
}

impl At<'_> {
    fn refuses<E: Error>(&self, reason: String) -> E {
        let error = E::custom(&reason);
        *self.refused.borrow_mut() = Some(reason);
        error
    }

    fn something_else<E: Error>(&self) -> E {
        self.refuses(format!("{} is something else", called(self.place)))
    }

    fn scalar<E: Error>(self, value: impl FnOnce() -> Value) -> Result<Value, E> {
        match self.shape {
            Leaf => Ok(value()),
            // what is no object has no media type, which is what is said of it
            _ if self.place.is_empty() => Ok(Value::Null),
            _ => Err(self.something_else()),
        }
    }
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Value;

    scalars!(scalar);

    /// Protobuf's JSON may write what is not there.
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let List(shape, most) = self.shape else {
            if !self.place.is_empty() {
                return Err(self.something_else());
            }
            Skim::new(&Cell::new(usize::MAX)).visit_seq(list)?;
            return Ok(Value::Null);
        };
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(At { shape, ..self })? {
            if values.len() == *most {
                return Err(self.refuses(format!("{} has more than {most} elements", called(self.place))));
            }
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let Object(known) = self.shape else {
            return Err(self.something_else());
        };
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let shape = known.iter().find(|(known, _)| *known == name);
            let Some((_, shape)) = shape else {
                return Err(self.refuses(format!("{} has no member `{name}`", called(self.place))));
            };
            if object.contains_key(&name) {
                return Err(twice(&name));
            }
            let place = format!("{}/{name}", self.place);
            let at = At {
                shape,
                place: &place,
                refused: self.refused,
            };
            object.insert(name, members.next_value_seed(at)?);
        }
        Ok(object.into())
    }
}

/// Looks JSON over, of at most so many values, and keeps nothing of it. Names of members are not counted.
pub(super) fn skim(bytes: &[u8], values_max: usize) -> Result<(), serde_json::Error> {
    whole(bytes, Skim::new(&Cell::new(values_max)))
}

/// Reads JSON, and keeps nothing of it.
#[derive(Clone, Copy)]
struct Skim<'a> {
    /// How many values there may still be.
    left: &'a Cell<usize>,
    /// Whether a member may stand twice in an object.
    once: bool,
}

impl<'a> Skim<'a> {
    fn new(left: &'a Cell<usize>) -> Self {
        Self { left, once: false }
    }

    fn scalar<E>(self, _: impl FnOnce() -> Value) -> Result<(), E> {
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Skim<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let left = self.left.get().checked_sub(1);
        let left = left.ok_or_else(|| D::Error::custom("it has more values than are read"))?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skim<'_> {
    type Value = ();

    scalars!(scalar);

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        if !self.once {
            while members.next_key::<IgnoredAny>()?.is_some() {
                members.next_value_seed(self)?;
            }
            return Ok(());
        }
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            members.next_value_seed(self)?;
            if let Some(name) = names.replace(name) {
                return Err(twice(&name));
            }
        }
        Ok(())
    }
}

/// The scalars at some places of a JSON, `Null` where none is. `once`: no member stands twice in an object, wherever it is.
pub(super) fn pick<const N: usize>(
    bytes: &[u8],
    places: [&str; N],
    once: bool,
) -> Result<[Value; N], serde_json::Error> {
    let found = RefCell::new([const { Value::Null }; N]);
    let left = Cell::new(usize::MAX);
    let picker = Picker {
        places: &places,
        at: "",
        found: &|index, value| {
            if let Some(found) = found.borrow_mut().get_mut(index) {
                *found = value;
            }
        },
        skim: Skim { left: &left, once },
    };
    whole(bytes, picker)?;
    Ok(found.into_inner())
}

/// Reads JSON, and keeps what stands at these places.
#[derive(Clone, Copy)]
struct Picker<'a> {
    places: &'a [&'a str],
    at: &'a str,
    found: &'a dyn Fn(usize, Value),
    skim: Skim<'a>,
}

impl Picker<'_> {
    /// What stands here now; of members that stand there twice, the last.
    fn finds(&self, value: impl FnOnce() -> Value) {
        if let Some(index) = self.places.iter().position(|place| *place == self.at) {
            (self.found)(index, value());
        }
    }

    fn scalar<E>(self, value: impl FnOnce() -> Value) -> Result<(), E> {
        self.finds(value);
        Ok(())
    }

    /// Whether one of the places is below this one, or this one. A name with a slash is none of theirs.
    fn leads_on(&self, place: &str, name: &str) -> bool {
        let is_below = |of: &&str| {
            of.strip_prefix(place)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        !name.contains('/') && self.places.iter().any(is_below)
    }
}

impl<'de> DeserializeSeed<'de> for Picker<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Picker<'_> {
    type Value = ();

    scalars!(scalar);

    fn visit_unit<E>(self) -> Result<(), E> {
        self.scalar(|| Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        self.finds(|| Value::Null);
        self.skim.visit_seq(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.finds(|| Value::Null);
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            let place = format!("{}/{name}", self.at);
            match self.leads_on(&place, &name) {
                true => members.next_value_seed(Picker { at: &place, ..self })?,
                false => members.next_value_seed(self.skim)?,
            }
            if self.skim.once
                && let Some(name) = names.replace(name)
            {
                return Err(twice(&name));
            }
        }
        Ok(())
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
            (
                &format!(
                    r#"{{"verificationMaterial":{{"tlogEntries":[{}]}}}}"#,
                    vec![r#"{"logId":{"keyId":""}}"#; 17].join(",")
                ),
                Err("`/verificationMaterial/tlogEntries` has more than 16 elements"),
            ),
            // before its end is seen
            (r#"{"x":[{"":0}"#, Err("the bundle has no member `x`")),
            ("[1, {}]", Ok(())),
            ("{} {}", Err("trailing characters")),
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

    #[test]
    fn what_is_counted() {
        for (text, values, is_read) in [
            (r#"{"a":[1,2]}"#, 4, true),
            (r#"{"a":[1,2]}"#, 3, false),
            (r#"{"a":1,"a":2}"#, 10, true),
            ("[[]", 10, false),
            ("\"\\ud800\"", 10, false),
            ("1e999", 10, false),
        ] {
            assert_eq!(skim(text.as_bytes(), values).is_ok(), is_read, "{text}");
        }
        assert!(skim(b"\"\xff\"", 10).is_err());
    }

    #[test]
    fn what_is_picked() {
        for (text, once, expected) in [
            (
                r#"{"a":{"b":1,"c":[{}]},"d":{"b":2}}"#,
                true,
                Some([Value::from(1), Value::Null]),
            ),
            (r#"{"a":{"b":"x"},"e":2.5}"#, true, Some(["x".into(), 2.5.into()])),
            (r#"{"a/b":1,"e":[1]}"#, true, Some([Value::Null, Value::Null])),
            (r#"{"a":{"b":1},"a":{"b":2}}"#, false, Some([2.into(), Value::Null])),
            (r#"{"e":1,"e":{}}"#, false, Some([Value::Null, Value::Null])),
            (r#"{"e":1,"e":{}}"#, true, None),
            (r#"{"x":[{"y":1,"y":2}]}"#, true, None),
            ("{", false, None),
        ] {
            assert_eq!(pick(text.as_bytes(), ["/a/b", "/e"], once).ok(), expected, "{text}");
        }
    }
}
