//! SPDX 2.3 as JSON (<https://spdx.github.io/spdx-spec/v2.3/>).
//!
//! What nobody has looked at says so (`NOASSERTION`): slt concludes no licences, and reads no copyright notices.

use serde_json::{Map, Value, json};

use super::contents::{Contents, License, Package, Part};
use super::uuid;
use crate::support::date::rfc3339;

/// The ids of the document and of what it is about.
const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const OWN: &str = "SPDXRef-Component";

/// What stands where nothing is said.
const NOTHING_SAID: &str = "NOASSERTION";

/// The document. Its namespace is one of its content.
pub(super) fn document(contents: &Contents, created: u64) -> Value {
    let mut packages = vec![application(contents)];
    packages.extend(contents.packages.iter().enumerate().map(library));
    packages.extend(contents.parts.iter().enumerate().map(part));

    let mut relationships = vec![relationship(DOCUMENT, "DESCRIBES", OWN)];
    let uses = |from: &str, places: &[usize]| -> Vec<Value> {
        let id = places.iter().map(|place| package_id(*place));
        id.map(|to| relationship(from, "DEPENDS_ON", &to)).collect()
    };
    relationships.extend(uses(OWN, &contents.uses));
    for (place, package) in contents.packages.iter().enumerate() {
        relationships.extend(uses(&package_id(place), &package.uses));
    }
    let parts = 0..contents.parts.len();
    relationships.extend(parts.map(|place| relationship(OWN, "CONTAINS", &part_id(place))));

    let name = match &contents.version {
        Some(version) => format!("{}-{version}", contents.name),
        None => contents.name.clone(),
    };
    let body = json!({
        "name": name,
        "creationInfo": {
            "created": rfc3339(created),
            "creators": [concat!("Tool: slt-", env!("CARGO_PKG_VERSION"))],
        },
        "documentDescribes": [OWN],
        "packages": packages,
        "relationships": relationships,
    });
    let mut document = json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "documentNamespace": format!("urn:uuid:{}", uuid(&body)),
    });
    if let (Some(document), Value::Object(body)) = (document.as_object_mut(), body) {
        document.extend(body);
    }
    document
}

fn package_id(place: usize) -> String {
    format!("SPDXRef-Package-{place}")
}

fn part_id(place: usize) -> String {
    format!("SPDXRef-Part-{place}")
}

fn relationship(from: &str, kind: &str, to: &str) -> Value {
    json!({ "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to })
}

/// The component that the document is about.
fn application(contents: &Contents) -> Value {
    let mut own = package(
        OWN,
        &contents.name,
        contents.version.as_deref(),
        contents.license.as_ref(),
    );
    own.insert("primaryPackagePurpose".into(), "APPLICATION".into());
    own.insert("checksums".into(), sha256(&contents.sha256));
    own.insert("downloadLocation".into(), NOTHING_SAID.into());
    if let Some(description) = &contents.description {
        own.insert("summary".into(), description.clone().into());
    }
    let made_by = contents.producers.iter().map(|producer| {
        let text = format!("{}: {} {}", producer.field, producer.name, producer.version);
        text.trim_end().to_owned()
    });
    let revision = contents.revision.iter().map(|revision| format!("revision: {revision}"));
    let notes: Vec<String> = made_by.chain(revision).collect();
    if !notes.is_empty() {
        own.insert("sourceInfo".into(), notes.join("; ").into());
    }
    Value::Object(own)
}

fn library((place, library): (usize, &Package)) -> Value {
    let mut own = package(
        &package_id(place),
        &library.name,
        Some(&library.version),
        library.license.as_ref(),
    );
    own.insert("primaryPackagePurpose".into(), "LIBRARY".into());
    let download = library.download.as_deref().unwrap_or(NOTHING_SAID);
    own.insert("downloadLocation".into(), download.into());
    if let Some(checksum) = &library.checksum {
        own.insert("checksums".into(), sha256(checksum));
    }
    if let Some(description) = &library.description {
        own.insert("summary".into(), description.clone().into());
    }
    if let Some(purl) = &library.purl {
        let reference = json!({
            "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl,
        });
        own.insert("externalRefs".into(), json!([reference]));
    }
    Value::Object(own)
}

fn part((place, part): (usize, &Part)) -> Value {
    let kind = if part.is_component { "component" } else { "module" };
    let name = part.name.clone().unwrap_or_else(|| format!("{kind} {place}"));
    let mut own = package(&part_id(place), &name, None, None);
    own.insert("primaryPackagePurpose".into(), "FILE".into());
    own.insert("downloadLocation".into(), NOTHING_SAID.into());
    own.insert("checksums".into(), sha256(&part.sha256));
    Value::Object(own)
}

/// What every package has. A licence that is no expression stands in a comment: as an expression it would need a text of its own.
fn package(id: &str, name: &str, version: Option<&str>, license: Option<&License>) -> Map<String, Value> {
    let mut package = Map::new();
    let mut insert = |key: &str, value: &str| package.insert(key.to_owned(), value.into());
    insert("SPDXID", id);
    insert("name", name);
    if let Some(version) = version {
        insert("versionInfo", version);
    }
    insert("licenseConcluded", NOTHING_SAID);
    match license {
        Some(License::Expression(expression)) => insert("licenseDeclared", expression),
        Some(License::Text(text)) => {
            insert("licenseComments", &format!("declared as `{text}`"));
            insert("licenseDeclared", NOTHING_SAID)
        }
        None => insert("licenseDeclared", NOTHING_SAID),
    };
    insert("copyrightText", NOTHING_SAID);
    package.insert("filesAnalyzed".to_owned(), false.into());
    package
}

fn sha256(digits: &str) -> Value {
    json!([{ "algorithm": "SHA256", "checksumValue": digits.to_ascii_lowercase() }])
}
