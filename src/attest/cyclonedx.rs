//! CycloneDX 1.6 as JSON (<https://cyclonedx.org/docs/1.6/json/>).

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::contents::{Contents, License, Package, Part};
use super::uuid;
use crate::support::date::rfc3339;

/// The reference to the component itself.
const OWN: &str = "component";

/// The document. Its serial number is one of its content.
pub(super) fn document(contents: &Contents, created: u64) -> Value {
    let references = references(&contents.packages);
    let named =
        |places: &[usize]| -> Vec<&String> { places.iter().filter_map(|place| references.get(*place)).collect() };
    let components: Vec<Value> = contents
        .packages
        .iter()
        .zip(&references)
        .map(|(package, reference)| library(package, reference))
        .collect();
    let mut dependencies = vec![json!({ "ref": OWN, "dependsOn": named(&contents.uses) })];
    dependencies.extend(
        contents
            .packages
            .iter()
            .zip(&references)
            .map(|(package, reference)| json!({ "ref": reference, "dependsOn": named(&package.uses) })),
    );
    let body = json!({
        "version": 1,
        "metadata": {
            "timestamp": rfc3339(created),
            "tools": { "components": [{ "type": "application", "name": "slt", "version": env!("CARGO_PKG_VERSION") }] },
            "component": application(contents),
        },
        "components": components,
        "dependencies": dependencies,
    });
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": format!("urn:uuid:{}", uuid(&body)),
    });
    if let (Some(document), Value::Object(body)) = (document.as_object_mut(), body) {
        document.extend(body);
    }
    document
}

/// What others refer to a package by: its package URL, or its name where it has none; a number behind it where there are two.
fn references(packages: &[Package]) -> Vec<String> {
    let name = |package: &Package| match &package.purl {
        Some(purl) => purl.clone(),
        None => format!("{}@{}", package.name, package.version),
    };
    let mut seen: HashMap<String, usize> = HashMap::new();
    let numbered = |name: String| {
        let earlier = seen.entry(name.clone()).or_default();
        let reference = match *earlier {
            0 => name,
            earlier => format!("{name}#{earlier}"),
        };
        *earlier += 1;
        reference
    };
    packages.iter().map(name).map(numbered).collect()
}

/// The component that the document is about.
fn application(contents: &Contents) -> Value {
    let mut own = Map::new();
    own.insert("type".into(), "application".into());
    own.insert("bom-ref".into(), OWN.into());
    own.insert("name".into(), contents.name.clone().into());
    insert(&mut own, "version", contents.version.clone());
    insert(&mut own, "description", contents.description.clone());
    own.insert("hashes".into(), sha256(&contents.sha256));
    insert(&mut own, "licenses", contents.license.as_ref().map(licenses));
    insert(&mut own, "externalReferences", contents.source.as_deref().map(vcs));
    let parts: Vec<Value> = contents.parts.iter().enumerate().map(part).collect();
    insert(&mut own, "components", (!parts.is_empty()).then_some(parts));
    let producers = contents.producers.iter().map(|producer| {
        let value = format!("{} {}", producer.name, producer.version);
        (format!("wasm:producers:{}", producer.field), value.trim().to_owned())
    });
    let revision = contents
        .revision
        .iter()
        .map(|revision| ("wasm:revision".to_owned(), revision.clone()));
    let properties: Vec<Value> = producers
        .chain(revision)
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    insert(&mut own, "properties", (!properties.is_empty()).then_some(properties));
    Value::Object(own)
}

/// A module in it.
fn part((place, part): (usize, &Part)) -> Value {
    let kind = if part.is_component { "component" } else { "module" };
    json!({
        "type": "file",
        "bom-ref": format!("{OWN}/{place}"),
        "name": part.name.clone().unwrap_or_else(|| format!("{kind} {place}")),
        "hashes": sha256(&part.sha256),
        "properties": [{ "name": "wasm:kind", "value": kind }],
    })
}

fn library(package: &Package, reference: &str) -> Value {
    let mut library = Map::new();
    library.insert("type".into(), "library".into());
    library.insert("bom-ref".into(), reference.into());
    library.insert("name".into(), package.name.clone().into());
    library.insert("version".into(), package.version.clone().into());
    insert(&mut library, "description", package.description.clone());
    library.insert("scope".into(), "required".into());
    insert(&mut library, "hashes", package.checksum.as_deref().map(sha256));
    insert(&mut library, "licenses", package.license.as_ref().map(licenses));
    insert(&mut library, "purl", package.purl.clone());
    insert(
        &mut library,
        "externalReferences",
        package.repository.as_deref().map(vcs),
    );
    Value::Object(library)
}

fn insert(map: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value.into());
    }
}

fn sha256(digits: &str) -> Value {
    json!([{ "alg": "SHA-256", "content": digits.to_ascii_lowercase() }])
}

fn licenses(license: &License) -> Value {
    match license {
        License::Expression(expression) => json!([{ "expression": expression }]),
        License::Text(text) => json!([{ "license": { "name": text } }]),
    }
}

fn vcs(url: &str) -> Value {
    json!([{ "type": "vcs", "url": url }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_apart() {
        let package = |name: &str| Package {
            name: name.into(),
            version: "1".into(),
            description: None,
            license: None,
            repository: None,
            download: None,
            purl: None,
            checksum: None,
            uses: Vec::new(),
        };
        let found = references(&["a", "b", "a", "a"].map(package));
        assert_eq!(found, ["a@1", "b@1", "a@1#1", "a@1#2"]);
    }
}
