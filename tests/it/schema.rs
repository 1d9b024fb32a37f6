//! The JSON Schema of the slightfile: it takes what slt takes, and refuses what slt refuses as far as a schema can.

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Map, Value, json};
use slt::catalogue::CATALOGUE;
use slt::slightfile::parse;
use slt::validate::{Artifact, schema, validate};
use toml_edit::{Document, Item};

use crate::command::{folder, slt};
use crate::slightfiles::cases;

/// What only slt can say: about two entries, about a host, about what is no mistake for certain.
const BEYOND_A_SCHEMA: &[&str] = &["SLT0002", "SLT0110", "SLT0204", "SLT0205"];

/// A number that is too large for what it counts is beyond a pattern.
const BEYOND_A_PATTERN: &[&str] = &["bad/value-size-overflow", "bad/value-url-port"];

/// Warnings before 1.0 that the schema knows as errors: the key has no effect.
const REFUSED_WITH_A_WARNING: &[&str] = &["SLT0103", "SLT0104", "SLT0206"];

struct Validator {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Validator {
    fn new() -> Self {
        let mut schemas = Schemas::new();
        let mut compiler = Compiler::new();
        compiler
            .add_resource("slightfile.json", schema::schema(&CATALOGUE))
            .unwrap();
        let index = compiler.compile("slightfile.json", &mut schemas).unwrap();
        Self { schemas, index }
    }

    /// Why a text is refused; none when it is no TOML.
    fn refuses(&self, text: &str) -> Option<Result<(), String>> {
        let document = Document::parse(text).ok()?;
        let value = json_of(document.as_item());
        let result = self.schemas.validate(&value, self.index);
        Some(result.map_err(|error| error.to_string()))
    }
}

fn json_of(item: &Item) -> Value {
    if let Some(tables) = item.as_array_of_tables() {
        return tables
            .iter()
            .map(|table| json_of(&Item::Table(table.clone())))
            .collect();
    }
    if let Some(table) = item.as_table_like() {
        let entries = table.iter().map(|(key, item)| (key.to_owned(), json_of(item)));
        return Value::Object(entries.collect::<Map<_, _>>());
    }
    if let Some(array) = item.as_array() {
        return array.iter().map(|value| json_of(&Item::Value(value.clone()))).collect();
    }
    match (item.as_str(), item.as_integer(), item.as_float(), item.as_bool()) {
        (Some(text), ..) => json!(text),
        (_, Some(number), ..) => json!(number),
        (_, _, Some(number), _) => json!(number),
        (.., Some(boolean)) => json!(boolean),
        _ => Value::Null,
    }
}

#[test]
fn it_is_checked_in_and_printed() {
    let text = schema::text(&CATALOGUE);
    crate::schemas::is_as_checked_in("docs/schemas/slightfile.schema.json", &text);
    let run = slt(folder(&[]).path(), &["explain", "--schema"]);
    assert_eq!((run.code, run.stdout), (0, text));
}

/// It is a schema of its own draft.
#[test]
fn it_is_a_schema() {
    let mut schemas = Schemas::new();
    let mut compiler = Compiler::new();
    let index = compiler
        .compile("http://json-schema.org/draft-07/schema", &mut schemas)
        .unwrap();
    schemas.validate(&schema::schema(&CATALOGUE), index).unwrap();
}

#[test]
fn it_judges_as_slt_does() {
    let validator = Validator::new();
    let (mut good, mut bad, mut problems) = (0, 0, Vec::new());
    for case in cases() {
        let Some(text) = case.text() else { continue };
        let (slightfile, mut found) = parse("slightfile.toml", text);
        if let Some(slightfile) = &slightfile {
            found.extend(validate(slightfile, None, &CATALOGUE, Artifact::App));
        }
        let Some(verdict) = validator.refuses(text) else {
            continue;
        };
        let counts = |diagnostic: &slt::slightfile::Diagnostic| match REFUSED_WITH_A_WARNING.contains(&diagnostic.code)
        {
            true => true,
            false => diagnostic.is_error() && !BEYOND_A_SCHEMA.contains(&diagnostic.code),
        };
        let expected = found.iter().any(counts);
        match (expected, verdict) {
            (true, Ok(())) if BEYOND_A_PATTERN.contains(&case.name.as_str()) => {}
            (true, Ok(())) => problems.push(format!("{}: taken", case.name)),
            (false, Err(error)) => problems.push(format!("{}: refused: {error}", case.name)),
            (true, Err(_)) => bad += 1,
            (false, Ok(())) => good += 1,
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(good > 15 && bad > 40, "{good} good, {bad} bad");
}

/// What slt accepts of the stores, forms and keys is accepted, and the rest is not.
#[test]
fn forms() {
    let validator = Validator::new();
    let with = |resource: &str, more: &str| {
        format!("specversion = \"1.0\"\n[[capability]]\nresource = \"{resource}\"\nname = \"a\"\n{more}\n")
    };
    let top = |more: &str| format!("specversion = \"1.0\"\n{more}\n");
    for (text, taken) in [
        (
            with(
                "keyvalue.redis",
                "configs = { REDIS_ADDRESS = \"${envvars.A:-redis://x.y}\" }",
            ),
            true,
        ),
        (
            with("keyvalue.redis", "configs = { REDIS_ADDRESS = \"${azapp.A}\" }"),
            true,
        ),
        (
            with("keyvalue.redis", "configs = { REDIS_ADDRESS = \"${a.b.C}\" }"),
            false,
        ),
        (
            with("keyvalue.redis", "configs = { REDIS_ADDRESS = \"http://h\" }"),
            false,
        ),
        (with("keyvalue.redis", "configs = {}"), false),
        (with("messaging.nats", "configs = { NATS_CREDS = \"${file.N}\" }"), true),
        (with("messaging.nats", "configs = {}"), false),
        (
            with(
                "messaging.kafka",
                "configs = { CAK_ENDPOINT = \"h:1\" }\nretry = { attempts = 5 }",
            ),
            true,
        ),
        (
            with(
                "messaging.kafka",
                "configs = { CAK_ENDPOINT = \"h:1\" }\nretry = { attempts = 1001 }",
            ),
            false,
        ),
        (with("http", "retry = { attempts = 5 }"), false),
        (with("http", "subscribe = []"), true),
        (with("http", "grants = { outbound = [\"https://a\"] }"), false),
        (
            with(
                "keyvalue.component",
                "configs = { COMPONENT = \"c\" }\ngrants = { outbound = [\"https://a\"] }",
            ),
            true,
        ),
        (
            with(
                "messaging.mqtt",
                "configs = { MOSQUITTO_HOST = \"h\", MOSQUITTO_PORT = \"65535\" }",
            ),
            true,
        ),
        (
            with(
                "messaging.mqtt",
                "configs = { MOSQUITTO_HOST = \"h\", MOSQUITTO_PORT = \"65536\" }",
            ),
            false,
        ),
        (with("configs.local", ""), false),
        (top("[limits]\nmemory = \"1 GiB\"\nrequest_timeout = \"250ms\""), true),
        (top("[limits]\nmemory = \"00MiB\""), false),
        (top("[app]\nversion = \"1.2.3-rc.1+b\""), true),
        (
            top("[outbound]\nhosts = [\"http://[::1]:80\", \"https://*.a.b\"]"),
            true,
        ),
        (top("[outbound]\nhosts = [\"https://a.*.b\"]"), false),
        (
            "specversion = \"0.2\"\n[[capability]]\nresource = \"configs.local\"\nname = \"a\"\n".to_owned(),
            true,
        ),
        (
            "specversion = \"0.1\"\n[[capability]]\nname = \"mq.filesystem\"\n".to_owned(),
            true,
        ),
        (
            "specversion = \"0.1\"\n[[capability]]\nname = \"pubsub.mosquitto\"\n".to_owned(),
            false,
        ),
        (
            "specversion = \"0.1\"\nsecret_store = \"configs.file\"\n[[capability]]\nname = \"pubsub.mosquitto\"\n"
                .to_owned(),
            true,
        ),
        (
            "specversion = \"0.1\"\nsecret_store = \"configs.local\"\n[[capability]]\nname = \"pubsub.mosquitto\"\n"
                .to_owned(),
            false,
        ),
        (
            "specversion = \"0.2\"\n[[capability]]\nresource = \"messaging.mqtt\"\nname = \"a\"\n\
             configs = { MOSQUITTO_HOST = \"h\", MOSQUITTO_PORT = \"${local.1883}\" }\n"
                .to_owned(),
            true,
        ),
        (
            "specversion = \"0.1\"\nsecret_store = \"configs.local\"\n".to_owned(),
            true,
        ),
        (
            "specversion = \"0.2\"\n[[secret_settings]]\nname = \"a\"\n".to_owned(),
            false,
        ),
    ] {
        let verdict = validator.refuses(&text).unwrap();
        assert_eq!(verdict.is_ok(), taken, "{text}\n{verdict:?}");
        let (slightfile, mut found) = parse("slightfile.toml", &text);
        found.extend(validate(&slightfile.unwrap(), None, &CATALOGUE, Artifact::App));
        let errors = found.iter().any(slt::slightfile::Diagnostic::is_error);
        assert_eq!(errors, !taken, "slt says the same of\n{text}\n{found:?}");
    }
}

/// Each key that an editor shows has a text.
#[test]
fn every_key_is_described() {
    fn walk(value: &Value, path: &str, undescribed: &mut Vec<String>) {
        let Some(object) = value.as_object() else { return };
        for (name, below) in object {
            let path = format!("{path}/{name}");
            if name == "properties" && !path.contains("capability-") && !path.contains("/if") && !path.contains("/then")
            {
                for (key, schema) in below.as_object().unwrap() {
                    if schema["description"].as_str().is_none_or(str::is_empty) {
                        undescribed.push(format!("{path}/{key}"));
                    }
                }
            }
            walk(below, &path, undescribed);
        }
    }
    let mut undescribed = Vec::new();
    walk(&schema::schema(&CATALOGUE), "", &mut undescribed);
    assert!(undescribed.is_empty(), "{undescribed:?}");
}
