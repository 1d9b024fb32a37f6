//! The grammar, read and refused: whole files of each version, and what is wrong in them.

use super::*;

fn read(text: &str) -> Slightfile {
    parse("slightfile.toml", text).0.unwrap()
}

#[test]
fn all_of_1_0() {
    let slightfile = read(
        r#"specversion = "1.0"
[app]
name = "orders"
version = "0.1.0"
[outbound]
hosts = ["https://*.example.org:8443"]
[limits]
memory = "128MiB"
request_timeout = "30s"
[[capability]]
resource = "messaging.kafka"
name = "events"
optional = true
configs = { CAK_ENDPOINT = "${envvars.CAK_ENDPOINT}" }
subscribe = ["orders.*"]
retry = { attempts = 5, dead_letter = "orders.dead" }
[test]
timeout = "60s"
[test.configs]
greeting = "hello"
"#,
    );
    assert_eq!(slightfile.specversion.value, SpecVersion::V1_0);
    assert_eq!(slightfile.app.name.unwrap().value, "orders");
    assert_eq!(slightfile.outbound[0].value.port, 8443);
    assert_eq!(slightfile.limits.memory.unwrap().value, 128 << 20);
    assert_eq!(
        slightfile.limits.request_timeout.unwrap().value,
        Duration::from_secs(30)
    );
    assert_eq!(slightfile.test.timeout.unwrap().value, Duration::from_secs(60));
    assert_eq!(slightfile.test.configs["greeting"].value, "hello");
    let entry = &slightfile.capabilities[0];
    assert!(entry.optional);
    assert_eq!(entry.subscribe[0].value, "orders.*");
    assert_eq!(entry.retry.as_ref().unwrap().attempts.value, 5);
    let expected = Value::Reference {
        store: Store::Envvars,
        key: "CAK_ENDPOINT".into(),
        default: None,
    };
    assert_eq!(entry.configs["CAK_ENDPOINT"].value.value, expected);
}

#[test]
fn the_three_versions_give_one_model() {
    let entry = |text: &str| {
        let slightfile = read(text);
        let entry = slightfile.capabilities[0].clone();
        let address = slightfile.config(&entry, "REDIS_ADDRESS").unwrap();
        (
            entry.resource.value,
            address.resolve(|_, key| Some(format!("the {key}"))).unwrap(),
        )
    };
    let expected = ("keyvalue.redis".to_owned(), "the REDIS_ADDRESS".to_owned());
    let configs = "configs = { REDIS_ADDRESS = \"${envvars.REDIS_ADDRESS}\" }";
    assert_eq!(
        entry("specversion = \"0.1\"\nsecret_store = \"configs.envvars\"\n[[capability]]\nname = \"keyvalue.redis\""),
        expected
    );
    for version in ["0.2", "1.0"] {
        let text = format!(
            "specversion = \"{version}\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\n{configs}"
        );
        assert_eq!(entry(&text), expected, "{version}");
    }
}

#[test]
fn what_a_guest_opens() {
    let text = |version: &str, names: &[&str]| {
        let entries: Vec<_> = names
            .iter()
            .map(|name| format!("[[capability]]\nresource = \"keyvalue.redis\"\nname = \"{name}\"\n"))
            .collect();
        format!("specversion = \"{version}\"\n{}", entries.concat())
    };
    for (text, opened, expected) in [
        (text("1.0", &["a", "b"]), "b", Some("b")),
        (text("1.0", &["a", "b"]), "c", None),
        (text("0.2", &["*"]), "c", Some("*")),
        (
            "specversion = \"0.1\"\n[[capability]]\nname = \"kv.redis\"".to_owned(),
            "c",
            Some("kv.redis"),
        ),
        ("specversion = \"0.1\"".to_owned(), "c", None),
    ] {
        let slightfile = read(&text);
        let candidates: Vec<_> = slightfile.capabilities.iter().collect();
        let got = slightfile
            .opened(&candidates, opened)
            .map(|entry| entry.name.value.as_str());
        assert_eq!(got, expected, "{text}");
    }
}

#[test]
fn what_slight_ignores_is_read_on() {
    let (slightfile, found) = parse(
        "slightfile.toml",
        "specversion = \"0.2\"\nnew = 1\n[[capability]]\nresource = \"http\"\nname = \"a\"\noptional = true\n",
    );
    assert!(!slightfile.unwrap().capabilities[0].optional);
    assert!(found.iter().all(|diagnostic| diagnostic.severity == Severity::Warning));
    assert_eq!(found.len(), 2);
}

#[test]
fn the_nearest_word() {
    for (written, expected) in [
        ("keyvalue.reddis", Some("keyvalue.redis")),
        ("KEYVALUE.REDIS", Some("keyvalue.redis")),
        ("htp", Some("http")),
        ("teleport", None),
        ("", None),
    ] {
        assert_eq!(
            nearest(written, ["keyvalue.redis", "http", "sql.sqlite"]),
            expected,
            "{written}"
        );
    }
}
