//! The JSON Schema of the slightfile, for editors that know TOML and not slt: made from the grammar and the catalogue.
//!
//! It is draft-07, because that is what TOML extensions read. It says what a schema can say: keys, types, forms, and the
//! configuration of each resource. It knows no warnings: a key that slt ignores with a warning before 1.0 is refused.
//! What depends on two entries (names that clash), on a component, or on the catalogue's state stays with `slt check`.

use serde_json::{Map, Value, json};

use crate::catalogue::{Catalogue, Family, Form as KeyForm, Key, Need, Resource};
use crate::slightfile::grammar::{CAPABILITY, Form, Known, ROOT, Table};
use crate::slightfile::{DURATION_UNITS, SIZE_UNITS, SPEC_VERSIONS, STORES, SpecVersion};

/// What the schema is called: it has no address, because it is nowhere but in slt.
const ID: &str = "urn:slt:slightfile";

/// The keys that must be there, by table.
const REQUIRED: &[(&str, &[&str])] = &[
    ("a slightfile", &["specversion"]),
    ("`retry`", &["attempts"]),
    ("[[secret_settings]]", &["name", "value"]),
];

/// A semantic version, as semver.org writes it.
const SEMVER: &str = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-((0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(\+([0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*))?$";

/// What `HostPattern` reads, without looking into the host.
const HOST: &str = r"^https?://(\*\.)?[^/?#@*\\\s]+$";

/// From 1 to 65535.
const PORT: &str = r"0*([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])";

/// The schema as it is printed and checked in.
#[must_use]
pub fn text(catalogue: &Catalogue) -> String {
    format!("{:#}\n", schema(catalogue))
}

/// The schema.
#[must_use]
pub fn schema(catalogue: &Catalogue) -> Value {
    let generator = Generator { catalogue };
    let mut root = generator.table(ROOT);
    let versions = SPEC_VERSIONS.iter().map(|(name, version)| {
        json!({
            "if": { "properties": { "specversion": { "const": name } }, "required": ["specversion"] },
            "then": generator.root_of(*version),
        })
    });
    root.insert("allOf".to_owned(), versions.collect());
    root.insert("definitions".to_owned(), Value::Object(generator.definitions()));
    let mut schema = object(json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": ID,
        "title": "slightfile",
        "description": "Which backend stands behind each capability of a WebAssembly component, and what it may do.",
    }));
    schema.append(&mut root);
    Value::Object(schema)
}

struct Generator<'a> {
    catalogue: &'a Catalogue,
}

impl Generator<'_> {
    /// A table with the keys of every spec version: what an editor offers and explains.
    fn table(&self, table: &Table) -> Map<String, Value> {
        let properties: Map<_, _> = table
            .keys
            .iter()
            .map(|known| (known.key.to_owned(), Value::Object(self.key(known))))
            .collect();
        let mut schema = object(json!({ "type": "object", "properties": properties }));
        let required = REQUIRED.iter().find(|(called, _)| *called == table.called);
        if let Some((_, keys)) = required {
            schema.insert("required".to_owned(), json!(keys));
        }
        schema
    }

    fn key(&self, known: &Known) -> Map<String, Value> {
        let mut schema = object(self.form(known.form));
        let mut versions = SPEC_VERSIONS
            .iter()
            .filter(|(_, version)| known.versions.contains(version));
        let description = match versions.clone().count() == SPEC_VERSIONS.len() {
            true => sentence(known.help),
            false => {
                let names: Vec<_> = versions.by_ref().map(|(name, _)| *name).collect();
                format!("{} (specversion {})", sentence(known.help), names.join(", "))
            }
        };
        schema.insert("description".to_owned(), json!(description));
        schema
    }

    fn form(&self, form: Form) -> Value {
        let names: Vec<_> = SPEC_VERSIONS.iter().map(|(name, _)| *name).collect();
        match form {
            Form::Text => json!({ "type": "string" }),
            Form::SpecVersion => json!({ "type": "string", "enum": names }),
            Form::SecretStore => {
                let stores = STORES.iter().map(|(name, _)| *name).chain(["local"]);
                json!({ "type": "string", "enum": stores.map(|name| format!("configs.{name}")).collect::<Vec<_>>() })
            }
            Form::Resource => self.resources(None),
            Form::Name => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" }),
            Form::Version => json!({ "type": "string", "pattern": SEMVER }),
            Form::Size => json!({ "type": "string", "pattern": quantity(SIZE_UNITS) }),
            Form::Duration => json!({ "type": "string", "pattern": quantity(DURATION_UNITS) }),
            Form::Boolean => json!({ "type": "boolean" }),
            Form::Count(most) => json!({ "type": "integer", "minimum": 1, "maximum": most }),
            Form::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Form::Hosts => json!({ "type": "array", "items": { "type": "string", "pattern": HOST } }),
            Form::Configs => json!({ "allOf": [reference("configs")] }),
            Form::Map => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
            Form::Table(table) => json!({ "allOf": [reference(name_of(table))] }),
            Form::Tables(table) => json!({ "type": "array", "items": reference(name_of(table)) }),
        }
    }

    /// The ids of a spec version, or all of them, each with what it is.
    fn resources(&self, version: Option<SpecVersion>) -> Value {
        let ids: Vec<_> = self
            .catalogue
            .resources
            .iter()
            .flat_map(|resource| ids(resource, version).into_iter().map(|id| (id, resource.help)))
            .collect();
        json!({
            "type": "string",
            "enum": ids.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
            "x-taplo": { "docs": { "enumValues": ids.iter().map(|(_, help)| sentence(help)).collect::<Vec<_>>() } },
        })
    }

    fn definitions(&self) -> Map<String, Value> {
        let mut definitions = Map::new();
        let mut tables = vec![ROOT];
        while let Some(table) = tables.pop() {
            for known in table.keys {
                let (Form::Table(below) | Form::Tables(below)) = known.form else {
                    continue;
                };
                let mut schema = self.table(below);
                if below.called != CAPABILITY.called {
                    schema.insert("additionalProperties".to_owned(), json!(false));
                }
                definitions.insert(name_of(below).to_owned(), Value::Object(schema));
                tables.push(below);
            }
        }
        definitions.insert("configs".to_owned(), self.any_configs());
        definitions.insert("value".to_owned(), value(false));
        definitions.insert("value-before-1.0".to_owned(), value(true));
        for (name, version) in SPEC_VERSIONS {
            definitions.insert(format!("capability-{name}"), self.capability(*version));
        }
        definitions
    }

    /// The configuration keys of every resource: what an editor offers that does not look at `resource`.
    fn any_configs(&self) -> Value {
        let mut properties = Map::new();
        for resource in self.catalogue.resources {
            for key in resource.keys {
                let entry = properties.entry(key.name);
                entry.or_insert_with(
                    || json!({ "type": "string", "description": sentence(key.help), "examples": [key.example] }),
                );
            }
        }
        json!({ "type": "object", "properties": properties, "additionalProperties": { "type": "string" } })
    }

    /// What one spec version allows.
    fn root_of(&self, version: SpecVersion) -> Value {
        let name = SPEC_VERSIONS.iter().find(|(_, known)| *known == version);
        let capability = format!("capability-{}", name.map_or("", |(name, _)| name));
        let mut keys = keys(ROOT, version);
        if version == SpecVersion::V0_2 {
            keys.retain(|key| *key != "secret_store"); // read by slight, and without effect
        }
        let mut schema = object(json!({
            "propertyNames": { "enum": keys },
            "properties": { "capability": { "items": reference(&capability) } },
        }));
        if version == SpecVersion::V0_1 {
            schema.append(&mut self.store_of_0_1());
        }
        Value::Object(schema)
    }

    /// In 0.1 every configuration value comes from one store: a resource that needs one needs the store.
    fn store_of_0_1(&self) -> Map<String, Value> {
        let needing = self
            .catalogue
            .resources
            .iter()
            .filter(|resource| needs_configs(resource));
        let needing: Vec<_> = needing
            .flat_map(|resource| ids(resource, Some(SpecVersion::V0_1)))
            .collect();
        let entry = json!({ "properties": { "name": { "enum": needing } }, "required": ["name"] });
        object(json!({
            "if": { "properties": { "capability": { "contains": entry } }, "required": ["capability"] },
            "then": {
                "properties": { "secret_store": { "not": { "const": "configs.local" } } },
                "required": ["secret_store"],
            },
        }))
    }

    fn capability(&self, version: SpecVersion) -> Value {
        if version == SpecVersion::V0_1 {
            return json!({
                "required": ["name"],
                "propertyNames": { "enum": ["name"] },
                "properties": { "name": self.resources(Some(version)) },
            });
        }
        let resources = self.catalogue.resources.iter().filter_map(|resource| {
            let ids = ids(resource, Some(version));
            (!ids.is_empty()).then(|| {
                json!({
                    "if": { "properties": { "resource": { "enum": ids } }, "required": ["resource"] },
                    "then": entry(resource, version),
                })
            })
        });
        json!({
            "required": ["resource", "name"],
            "propertyNames": { "enum": keys(CAPABILITY, version) },
            "properties": { "resource": self.resources(Some(version)), "name": { "minLength": 1 } },
            "allOf": resources.collect::<Vec<_>>(),
        })
    }
}

/// An entry of one resource.
fn entry(resource: &Resource, version: SpecVersion) -> Value {
    let mut properties = object(json!({ "configs": configs(resource, version) }));
    if resource.family != Family::Messaging {
        properties.insert("subscribe".to_owned(), json!({ "maxItems": 0 }));
        properties.insert("retry".to_owned(), json!(false));
    }
    if !resource.id.ends_with(".component") {
        let nothing = json!({ "properties": { "outbound": { "maxItems": 0 } } });
        properties.insert("grants".to_owned(), nothing);
    }
    let mut schema = object(json!({ "properties": properties }));
    if needs_configs(resource) {
        schema.insert("required".to_owned(), json!(["configs"]));
    }
    Value::Object(schema)
}

fn needs_configs(resource: &Resource) -> bool {
    resource.keys.iter().any(|key| key.need != Need::Optional)
}

/// The configuration of one resource.
fn configs(resource: &Resource, version: SpecVersion) -> Value {
    let properties: Map<_, _> = resource
        .keys
        .iter()
        .map(|key| (key.name.to_owned(), config(key, version)))
        .collect();
    let required = resource.keys.iter().filter(|key| key.need == Need::Required);
    let alternatives = resource.keys.iter().filter_map(|key| match key.need {
        // Each pair is in the table twice, once from either side.
        Need::Or(other) if key.name < other => {
            Some(json!({ "anyOf": [{ "required": [key.name] }, { "required": [other] }] }))
        }
        _ => None,
    });
    let mut schema = object(json!({ "properties": properties, "additionalProperties": false }));
    let required: Vec<_> = required.map(|key| json!(key.name)).collect();
    for (keyword, list) in [("required", required), ("allOf", alternatives.collect())] {
        if !list.is_empty() {
            schema.insert(keyword.to_owned(), Value::Array(list));
        }
    }
    Value::Object(schema)
}

/// The value of a configuration key: of its form when it is a literal, or a reference.
fn config(key: &Key, version: SpecVersion) -> Value {
    let value = match version {
        SpecVersion::V1_0 => "value",
        _ => "value-before-1.0",
    };
    let form = match key.form {
        KeyForm::Text => None,
        KeyForm::Port => Some(PORT.to_owned()),
        KeyForm::RedisUrl => Some(r"redis://[^/?#]+(/+-?\d*/*)?([?#][\s\S]*)?".to_owned()),
        KeyForm::Url(schemes) => Some(format!(r"({})://[\s\S]+", schemes.join("|"))),
    };
    let mut all = vec![reference(value)];
    if let Some(form) = form {
        let stores = stores();
        let literal = format!("^{form}$");
        let patterns = match version {
            // what it falls back on is of this form too
            SpecVersion::V1_0 => [
                literal,
                format!(r"^\$\{{({stores})\.([^:]|:[^-])*\}}$"),
                format!(r"^\$\{{({stores})\.([^:]|:[^-])*:-{form}\}}$"),
            ],
            _ => [
                literal,
                format!(r"^\$\{{({stores})\."),
                format!(r"^\$\{{local\.{form}\}}$"),
            ],
        };
        let patterns: Vec<_> = patterns.iter().map(|pattern| json!({ "pattern": pattern })).collect();
        all.push(json!({ "anyOf": patterns }));
    }
    let secret = if key.secret { "; a secret: not a literal" } else { "" };
    json!({
        "description": format!("{}{secret}", sentence(key.help)),
        "allOf": all,
    })
}

/// A literal, or a reference that is the whole value.
fn value(old: bool) -> Value {
    let stores = stores();
    let (like_a_reference, pattern) = match old {
        true => (r"\$\{[\s\S]*\}", format!(r"^\$\{{({stores}|local)\.[^.]+\}}$")),
        // a key without the characters that no variable has, and a default without a reference in it
        false => (
            r"\$\{[\s\S]*\}|^\$\{",
            format!(
                r"^\$\{{({stores})\.[^.:=\s$\{{\}}]([^.:=\s$\{{\}}]|:[^-.=\s$\{{\}}])*(:-([^$]|\$+[^$\{{])*\$*)?\}}$"
            ),
        ),
    };
    json!({
        "type": "string",
        "anyOf": [{ "not": { "pattern": like_a_reference } }, { "pattern": pattern }],
    })
}

/// `envvars|usersecrets|…`
fn stores() -> String {
    let stores: Vec<_> = STORES.iter().map(|(name, _)| *name).collect();
    stores.join("|")
}

/// A whole number that is not zero, and a unit.
fn quantity(units: &[(&str, u64)]) -> String {
    let units: Vec<_> = units.iter().map(|(name, _)| *name).collect();
    format!(r"^\d*[1-9]\d*\s*({})$", units.join("|"))
}

/// The names of a resource in a spec version, or in all of them.
fn ids(resource: &Resource, version: Option<SpecVersion>) -> Vec<&'static str> {
    match version {
        Some(SpecVersion::V1_0) if resource.legacy => Vec::new(),
        Some(SpecVersion::V1_0) => [&[resource.id], resource.also].concat(),
        _ => [&[resource.id], resource.also, resource.old].concat(),
    }
}

fn keys(table: &Table, version: SpecVersion) -> Vec<&'static str> {
    let keys = table.keys.iter().filter(|known| known.versions.contains(&version));
    keys.map(|known| known.key).collect()
}

/// `app` for `[app]`.
fn name_of(table: &Table) -> &'static str {
    table.called.trim_matches(['[', ']', '`'])
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// Beginning with a capital, as editors show it.
fn sentence(help: &str) -> String {
    let mut letters = help.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
