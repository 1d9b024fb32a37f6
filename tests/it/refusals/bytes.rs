//! One byte of every field: the first, one in the middle and the last, of what the field holds.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::scene::Scene;

/// A bundle of which one byte is another.
pub struct Flip {
    pub name: String,
    pub scene: Scene,
    pub refused: &'static str,
    /// The field, where cosign 3.1.3 takes a byte or another of it.
    pub unread_by_cosign: Option<&'static str>,
}

/// The bundles that are spoiled: they have every field that cosign writes.
const SPOILED: &[&str] = &[
    "blob/key",
    "blob/key-log",
    "blob/keyless-log",
    "blob/keyless-timestamp",
    "blob/slsa.keyless-log",
];

/// A field by the end of its path, the check that refuses a byte of it, and whether cosign 3.1.3 leaves it unread. The first row that fits. Of an entry of Rekor v2 cosign rebuilds the body, and it reads the signed checkpoint, not what repeats it.
const FIELDS: &[(&str, &str, bool)] = &[
    ("/mediaType", "media-type", false),
    ("/publicKey/hint", "key", true),
    ("/certificate/rawBytes", "certificate", false),
    ("/inclusionProof/logIndex", "log", true),
    ("/logIndex", "log", false),
    ("/logId/keyId", "log", false),
    ("/kindVersion/kind", "bundle", true),
    ("/kindVersion/version", "bundle", true),
    ("/rootHash", "log", true),
    ("/treeSize", "log", true),
    ("/hashes/0", "log", false),
    ("/hashes/1", "log", false),
    ("/checkpoint/envelope", "log", false),
    ("/canonicalizedBody", "log", true),
    ("/signedTimestamp", "timestamp", false),
    ("/messageDigest/algorithm", "bundle", false),
    ("/messageDigest/digest", "subject", false),
    ("/messageSignature/signature", "signature", false),
    ("/dsseEnvelope/payloadType", "bundle", false),
    ("/dsseEnvelope/payload", "signature", false),
    ("/signatures/0/sig", "signature", false),
];

/// A byte that another check refuses than the rest of its field: a bundle, the field, which byte, and the check. Where the middle of a
/// field lies is another place in other fixtures.
const APART: &[(&str, &str, &str, &str)] = &[
    // within the base64 of the checkpoint's signature, which is then none
    ("blob/keyless-log", "/checkpoint/envelope", "middle", "bundle"),
    // the braces of the statement
    ("blob/slsa.keyless-log", "/dsseEnvelope/payload", "first", "bundle"),
    ("blob/slsa.keyless-log", "/dsseEnvelope/payload", "last", "bundle"),
];

/// With a key and a log entry, cosign leaves the timestamp unread.
const UNREAD_WITH_A_KEY: &str = "/signedTimestamp";

pub fn flips() -> Vec<Flip> {
    let mut flips = Vec::new();
    for of in SPOILED {
        let control = Scene::of(of);
        let mut fields = Vec::new();
        leaves(&control.bundle, String::new(), &mut fields);
        for (pointer, text) in fields {
            let row = FIELDS.iter().find(|(end, _, _)| pointer.ends_with(end));
            let (field, refused, is_unread) = *row.unwrap_or_else(|| panic!("no row for `{pointer}`"));
            let is_unread = is_unread || (*of == "blob/key-log" && field == UNREAD_WITH_A_KEY);
            for (which, changed) in changed(&text) {
                let mut scene = control.clone();
                scene.set(&pointer, changed);
                let mut apart = APART.iter();
                let apart = apart.find(|row| (row.0, row.1, row.2) == (*of, field, which));
                flips.push(Flip {
                    name: format!("{of}: {which} byte of {pointer}"),
                    scene,
                    refused: apart.map_or(refused, |row| row.3),
                    unread_by_cosign: is_unread.then_some(field),
                });
            }
        }
    }
    flips
}

fn leaves(value: &Value, path: String, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, member)| leaves(member, format!("{path}/{name}"), found)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, item)| leaves(item, format!("{path}/{index}"), found)),
        Value::String(text) => found.push((path, text.clone())),
        other => panic!("{path}: {other}"),
    }
}

/// The field with one of its bytes changed: of what base64 holds, of a number's digits, of the text itself.
fn changed(text: &str) -> Vec<(&'static str, String)> {
    let held = STANDARD.decode(text).ok().filter(|bytes| bytes.len() >= 16);
    let bytes = held.clone().unwrap_or_else(|| text.as_bytes().to_vec());
    let mut places = vec![("first", 0), ("middle", bytes.len() / 2), ("last", bytes.len() - 1)];
    places.dedup_by_key(|(_, place)| *place);
    let change = |(which, place): (&'static str, usize)| {
        let mut bytes = bytes.clone();
        // a digit becomes another digit, a letter another letter
        bytes[place] ^= 1;
        let changed = match &held {
            Some(_) => STANDARD.encode(bytes),
            None => String::from_utf8(bytes).unwrap(),
        };
        (which, changed)
    };
    places.into_iter().map(change).collect()
}
