//! Slightfiles, good and bad, with the codes that each must get and the text that each problem points at.

use proptest::prelude::*;
use slt::catalogue::CATALOGUE;
use slt::slightfile::{Severity, apply, cover, parse, parse_bytes, sort};
use slt::validate::{Artifact, validate};

/// A slightfile, and for each problem its code and what stands at its first label.
pub struct Case {
    pub called: &'static str,
    pub text: &'static str,
    pub expected: &'static [(&'static str, &'static str)],
}

const fn case(called: &'static str, text: &'static str, expected: &'static [(&'static str, &'static str)]) -> Case {
    Case { called, text, expected }
}

/// A 1.0 file with one good entry, and more.
macro_rules! redis {
    ($more:literal) => {
        concat!(
            "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"links\"\n",
            "configs = { REDIS_ADDRESS = \"redis://127.0.0.1:6379\" }\n",
            $more
        )
    };
}

pub const CASES: &[Case] = &[
    // --- good
    case("the smallest", "specversion = \"1.0\"", &[]),
    case("the smallest of 0.1", "specversion = \"0.1\"", &[]),
    case("one capability", redis!(""), &[]),
    case(
        "all of 1.0",
        redis!(
            "[app]\nname = \"orders\"\nversion = \"0.1.0\"\ncomponent = \"a.wasm\"\nbuild = \"make\"\n\
             [outbound]\nhosts = [\"https://api.example.com\", \"https://*.example.org:8443\"]\n\
             [limits]\nmemory = \"128MiB\"\nrequest_timeout = \"30s\"\n\
             [test]\ntimeout = \"60s\"\n[test.configs]\nA = \"b\"\n[test.containers]\nredis = \"valkey:8\"\n"
        ),
        &[],
    ),
    case(
        "configs as a table",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\n[capability.configs]\n\
         REDIS_ADDRESS = \"${envvars.REDIS_ADDRESS:-redis://127.0.0.1}\"\n",
        &[],
    ),
    case(
        "one name in two capabilities",
        redis!("[[capability]]\nresource = \"http\"\nname = \"links\"\n"),
        &[],
    ),
    case(
        "slight's own example of 0.2",
        "specversion = \"0.2\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"orders\"\n    \
         [capability.configs]\n    REDIS_ADDRESS = \"${azapp.REDIS_ADDRESS}\"\n[[secret_settings]]\nname = \"a\"\n\
         value = \"b\"\n",
        &[],
    ),
    case(
        "0.1 with a secret store",
        "specversion = \"0.1\"\nsecret_store = \"configs.envvars\"\n[[capability]]\nname = \"keyvalue.redis\"\n",
        &[],
    ),
    case(
        "a literal of 0.2",
        "specversion = \"0.2\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\n[capability.configs]\n\
         REDIS_ADDRESS = \"${local.x}\"\n",
        &[("SLT0209", "\"${local.x}\"")],
    ),
    // --- the file
    case("empty", "", &[("SLT0101", "")]),
    case("comments only", "# nothing\n", &[("SLT0101", "")]),
    case("no TOML", "specversion = ", &[("SLT0002", "=")]),
    case(
        "a key twice",
        "specversion = \"1.0\"\nspecversion = \"1.0\"",
        &[("SLT0002", "specversion")],
    ),
    case("no version", "[app]\nname = \"a\"", &[("SLT0101", "")]),
    case(
        "misspelt version",
        "specversoin = \"1.0\"",
        &[("SLT0101", "specversoin")],
    ),
    case("unknown version", "specversion = \"2.0\"", &[("SLT0102", "\"2.0\"")]),
    case("version as a number", "specversion = 1.0", &[("SLT0102", "1.0")]),
    case("version as a table", "[specversion]", &[("SLT0102", "[specversion]")]),
    // --- keys
    case(
        "unknown key",
        "specversion = \"1.0\"\nextra = 1",
        &[("SLT0103", "extra")],
    ),
    case(
        "unknown key before 1.0",
        "specversion = \"0.2\"\nextra = 1",
        &[("SLT0103", "extra")],
    ),
    case(
        "misspelt key",
        "specversion = \"1.0\"\n[limit]\n",
        &[("SLT0103", "limit")],
    ),
    case(
        "misspelt key below",
        "specversion = \"1.0\"\n[app]\nnam = \"a\"",
        &[("SLT0103", "nam")],
    ),
    case(
        "a key of 1.0 in 0.2",
        "specversion = \"0.2\"\n[app]\nname = \"a\"",
        &[("SLT0104", "app")],
    ),
    case(
        "a key of 0.1 in 1.0",
        "specversion = \"1.0\"\nsecret_store = \"configs.envvars\"",
        &[("SLT0104", "secret_store")],
    ),
    case(
        "a key of 0.1 in 0.2",
        "specversion = \"0.2\"\nsecret_store = \"configs.envvars\"",
        &[("SLT0104", "secret_store")],
    ),
    case(
        "unknown secret store",
        "specversion = \"0.1\"\nsecret_store = \"configs.vault\"",
        &[("SLT0109", "\"configs.vault\"")],
    ),
    case(
        "a table that is none",
        "specversion = \"1.0\"\napp = \"a\"",
        &[("SLT0105", "\"a\"")],
    ),
    case(
        "one bracket too few",
        "specversion = \"1.0\"\n[capability]\nname = \"a\"",
        &[("SLT0105", "[capability]")],
    ),
    case(
        "hosts as a string",
        "specversion = \"1.0\"\n[outbound]\nhosts = \"https://a.b\"",
        &[("SLT0105", "\"https://a.b\"")],
    ),
    case(
        "a host that is no string",
        "specversion = \"1.0\"\n[outbound]\nhosts = [1]",
        &[("SLT0105", "1")],
    ),
    case(
        "a name that is no string",
        "specversion = \"1.0\"\n[app]\nname = 1",
        &[("SLT0105", "1")],
    ),
    // --- quantities
    case(
        "size without unit",
        "specversion = \"1.0\"\n[limits]\nmemory = \"128\"",
        &[("SLT0107", "\"128\"")],
    ),
    case(
        "size as a number",
        "specversion = \"1.0\"\n[limits]\nmemory = 128",
        &[("SLT0105", "128")],
    ),
    case(
        "duration with a word",
        "specversion = \"1.0\"\n[limits]\nrequest_timeout = \"soon\"",
        &[("SLT0107", "\"soon\"")],
    ),
    case(
        "duration of nothing",
        "specversion = \"1.0\"\n[test]\ntimeout = \"0s\"",
        &[("SLT0107", "\"0s\"")],
    ),
    case(
        "a name for no file",
        "specversion = \"1.0\"\n[app]\nname = \"../a\"",
        &[("SLT0107", "\"../a\"")],
    ),
    case(
        "a version for nobody",
        "specversion = \"1.0\"\n[app]\nversion = \"1\"",
        &[("SLT0107", "\"1\"")],
    ),
    case(
        "outbound with a path",
        "specversion = \"1.0\"\n[outbound]\nhosts = [\"https://a.b/c\"]",
        &[("SLT0108", "\"https://a.b/c\"")],
    ),
    case(
        "outbound without scheme",
        "specversion = \"1.0\"\n[outbound]\nhosts = [\"a.b\", \"https://c\"]",
        &[("SLT0108", "\"a.b\"")],
    ),
    // --- capabilities
    case(
        "no resource",
        "specversion = \"1.0\"\n[[capability]]\nname = \"a\"",
        &[("SLT0106", "[[capability]]")],
    ),
    case(
        "no name",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"http\"",
        &[("SLT0106", "[[capability]]")],
    ),
    case(
        "neither",
        "specversion = \"1.0\"\n[[capability]]\n",
        &[("SLT0106", "[[capability]]"), ("SLT0106", "[[capability]]")],
    ),
    case(
        "an empty name",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"http\"\nname = \"\"",
        &[("SLT0106", "\"\"")],
    ),
    case(
        "the form of 0.1 in 0.2",
        "specversion = \"0.2\"\n[[capability]]\nname = \"keyvalue.redis\"",
        &[("SLT0106", "name")],
    ),
    case(
        "the form of 0.2 in 0.1",
        "specversion = \"0.1\"\n[[capability]]\nresource = \"http\"\nname = \"a\"",
        &[("SLT0104", "resource")],
    ),
    case(
        "misspelt resource",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.reddis\"\nname = \"a\"",
        &[("SLT0201", "\"keyvalue.reddis\"")],
    ),
    case(
        "unknown backend",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"sql.oracle\"\nname = \"a\"",
        &[("SLT0201", "\"sql.oracle\"")],
    ),
    case(
        "unknown capability",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"teleport\"\nname = \"a\"",
        &[("SLT0201", "\"teleport\"")],
    ),
    case(
        "planned",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"blobstore.filesystem\"\nname = \"a\"",
        &[("SLT0202", "\"blobstore.filesystem\"")],
    ),
    case(
        "slight's announcement",
        "specversion = \"0.2\"\n[[capability]]\nresource = \"kv.filesystem\"\nname = \"my-container\"",
        &[("SLT0202", "\"kv.filesystem\""), ("SLT0203", "\"kv.filesystem\"")],
    ),
    case(
        "an old name in 1.0",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"kv.redis\"\nname = \"a\"\nconfigs = { REDIS_ADDRESS = \"redis://h\" }",
        &[("SLT0203", "\"kv.redis\"")],
    ),
    case(
        "configs.local in 1.0",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"configs.local\"\nname = \"a\"",
        &[("SLT0201", "\"configs.local\"")],
    ),
    case(
        "the same name twice",
        redis!(
            "[[capability]]\nresource = \"keyvalue.redis\"\nname = \"links\"\nconfigs = { REDIS_ADDRESS = \"redis://h\" }\n"
        ),
        &[("SLT0204", "\"links\"")],
    ),
    case(
        "a star beside a name",
        redis!(
            "[[capability]]\nresource = \"keyvalue.redis\"\nname = \"*\"\nconfigs = { REDIS_ADDRESS = \"redis://h\" }\n"
        ),
        &[("SLT0205", "\"*\"")],
    ),
    case(
        "old and new name are one",
        "specversion = \"0.1\"\nsecret_store = \"configs.envvars\"\n[[capability]]\nname = \"kv.redis\"\n[[capability]]\nname = \"keyvalue.redis\"\n",
        &[("SLT0203", "\"kv.redis\""), ("SLT0204", "\"keyvalue.redis\"")],
    ),
    case(
        "two backends in 0.1",
        "specversion = \"0.1\"\nsecret_store = \"configs.envvars\"\n[[capability]]\nname = \"keyvalue.redis\"\n[[capability]]\nname = \"keyvalue.filesystem\"\n",
        &[("SLT0202", "\"keyvalue.filesystem\"")],
    ),
    // --- configuration
    case(
        "a key is missing",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"",
        &[("SLT0207", "[[capability]]")],
    ),
    case(
        "a key is missing in its table",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\n[capability.configs]\n",
        &[("SLT0207", "[capability.configs]")],
    ),
    case(
        "a key is missing in 0.1",
        "specversion = \"0.1\"\n[[capability]]\nname = \"keyvalue.redis\"",
        &[("SLT0207", "[[capability]]")],
    ),
    case(
        "a misspelt key",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\nconfigs = { REDIS_ADRESS = \"redis://h\" }",
        &[("SLT0206", "REDIS_ADRESS")],
    ),
    case(
        "an unknown key",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"http\"\nname = \"a\"\nconfigs = { PORT = \"80\" }",
        &[("SLT0206", "PORT")],
    ),
    case(
        "a key that is no string",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\nconfigs = { REDIS_ADDRESS = 1 }",
        &[("SLT0105", "1")],
    ),
    case(
        "one of two keys",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"messaging.nats\"\nname = \"a\"",
        &[("SLT0207", "[[capability]]"), ("SLT0202", "\"messaging.nats\"")],
    ),
    case(
        "the other of two keys",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"messaging.nats\"\nname = \"a\"\nconfigs = { NATS_CREDS = \"${envvars.N}\" }",
        &[("SLT0202", "\"messaging.nats\"")],
    ),
    case(
        "no URL",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\nconfigs = { REDIS_ADDRESS = \"localhost:6379\" }",
        &[("SLT0209", "\"localhost:6379\"")],
    ),
    case(
        "no port",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"messaging.mqtt\"\nname = \"a\"\nconfigs = { MOSQUITTO_HOST = \"h\", MOSQUITTO_PORT = \"0\" }",
        &[("SLT0202", "\"messaging.mqtt\""), ("SLT0209", "\"0\"")],
    ),
    case(
        "a password in a URL",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\nconfigs = { REDIS_ADDRESS = \"redis://:hunter2@h\" }",
        &[("SLT0208", "\"redis://:hunter2@h\"")],
    ),
    case(
        "a secret",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.azblob\"\nname = \"a\"\n\
         configs = { AZURE_STORAGE_ACCOUNT = \"me\", AZURE_STORAGE_KEY = \"hunter2\" }",
        &[("SLT0202", "\"keyvalue.azblob\""), ("SLT0208", "\"hunter2\"")],
    ),
    case(
        "an unknown store",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\nconfigs = { REDIS_ADDRESS = \"${vault.X}\" }",
        &[("SLT0109", "\"${vault.X}\"")],
    ),
    case(
        "local in 1.0",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\nconfigs = { REDIS_ADDRESS = \"${local.X}\" }",
        &[("SLT0109", "\"${local.X}\"")],
    ),
    case(
        "a reference in a text",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\nconfigs = { REDIS_ADDRESS = \"redis://${envvars.H}\" }",
        &[("SLT0109", "\"redis://${envvars.H}\"")],
    ),
    case(
        "a retry of nothing",
        redis!("retry = { attempts = 0 }\n"),
        &[("SLT0107", "0")],
    ),
    case(
        "a retry without number",
        redis!("retry = { dead_letter = \"d\" }\n"),
        &[("SLT0106", "retry")],
    ),
    case(
        "optional in quotes",
        redis!("optional = \"yes\"\n"),
        &[("SLT0105", "\"yes\"")],
    ),
    case(
        "grants that grant nothing",
        redis!("grants = { files = [\"/\"] }\n"),
        &[("SLT0103", "files")],
    ),
    // --- several at once
    case(
        "five mistakes",
        "specversion = \"1.0\"\n[app]\nnam = \"x\"\n[limits]\nmemory = \"1\"\n[[capability]]\nresource = \"keyvalue.redi\"\n\
         name = \"a\"\n[[capability]]\nname = \"b\"\n[outbound]\nhosts = [\"x\"]\n",
        &[
            ("SLT0103", "nam"),
            ("SLT0107", "\"1\""),
            ("SLT0201", "\"keyvalue.redi\""),
            ("SLT0106", "[[capability]]"),
            ("SLT0108", "\"x\""),
        ],
    ),
];

#[test]
fn every_case_gets_its_codes_at_its_places() {
    assert!(CASES.len() >= 40);
    for Case { called, text, expected } in CASES {
        let (slightfile, mut found) = parse("slightfile.toml", text);
        if let Some(slightfile) = &slightfile {
            found.extend(validate(slightfile, None, &CATALOGUE, Artifact::App));
        }
        sort(&mut found);
        let got: Vec<_> = found
            .iter()
            .map(|diagnostic| (diagnostic.code, &text[diagnostic.labels[0].range.clone()]))
            .collect();
        assert_eq!(got, *expected, "{called}");
        for diagnostic in &found {
            assert!(
                !diagnostic.message.contains("hunter2"),
                "{called}: {}",
                diagnostic.message
            );
            assert!(
                !format!("{diagnostic:?}").contains("hunter2"),
                "{called}: {diagnostic:?}"
            );
            assert!(
                !diagnostic.message.ends_with('.') && !diagnostic.message.contains('\n'),
                "{called}"
            );
        }
    }
}

/// A fix mends what it belongs to: the same code at the same place is gone.
#[test]
fn every_fix_mends() {
    let mut fixes = 0;
    for Case { called, text, .. } in CASES {
        let diagnose = |text: &str| {
            let (slightfile, mut found) = parse("slightfile.toml", text);
            if let Some(slightfile) = &slightfile {
                found.extend(validate(slightfile, None, &CATALOGUE, Artifact::App));
            }
            found
        };
        for diagnostic in diagnose(text) {
            let Some(fix) = diagnostic.fixes.first() else { continue };
            let mended = apply(text, &fix.edits);
            let still = diagnose(&mended)
                .into_iter()
                .any(|other| other.code == diagnostic.code && other.message == diagnostic.message);
            assert!(!still, "{called}: {} does not mend", fix.title);
            fixes += 1;
        }
    }
    assert!(fixes >= 8, "{fixes}");
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let text = "# ".repeat(600_000);
    let (slightfile, found) = parse("slightfile.toml", &text);
    assert!(slightfile.is_none());
    assert_eq!(found[0].code, "SLT0001");
}

#[test]
fn deep_nesting_is_refused() {
    let text = format!("specversion = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let (slightfile, found) = parse("slightfile.toml", &text);
    assert!(slightfile.is_none());
    assert_eq!(found[0].code, "SLT0002");
}

#[test]
fn more_capabilities_than_are_read_are_refused() {
    let entry = "[[capability]]\nresource = \"http\"\nname = \"a\"\n";
    let text = format!("specversion = \"1.0\"\n{}", entry.repeat(1_001));
    let (slightfile, found) = parse("slightfile.toml", &text);
    assert_eq!(slightfile.unwrap().capabilities.len(), 1_000);
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["SLT0110"]);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let (slightfile, found) = parse_bytes("slightfile.toml", b"specversion = \"1.0\"\n# \xff\n");
    assert!(slightfile.is_none());
    assert!(found[0].message.contains("line 2"), "{}", found[0].message);
}

/// Texts that are nearly slightfiles: pieces of good ones, put together anyhow.
fn nearly() -> impl Strategy<Value = String> {
    let pieces: Vec<String> = CASES
        .iter()
        .flat_map(|case| case.text.split_inclusive(['\n', '=', ',', '"']).map(ToOwned::to_owned))
        .collect();
    proptest::collection::vec(proptest::sample::select(pieces), 0..30).prop_map(|pieces| pieces.concat())
}

fn survives(text: &str) {
    let (slightfile, found) = parse("slightfile.toml", text);
    let mut all = found;
    if let Some(slightfile) = &slightfile {
        all.extend(validate(slightfile, None, &CATALOGUE, Artifact::App));
    } else {
        assert!(all.iter().any(|diagnostic| diagnostic.severity == Severity::Error));
    }
    let source = slt::ui::diagnostics::Source {
        name: "slightfile.toml",
        text,
    };
    for label in all.iter().flat_map(|diagnostic| &diagnostic.labels) {
        assert!(text.get(label.range.clone()).is_some(), "{label:?}");
    }
    let shown = slt::ui::diagnostics::human(source, &all, false);
    assert_eq!(shown.is_empty(), all.is_empty());
    assert_eq!(slt::ui::diagnostics::lines(source, &all).len(), all.len());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        survives(&text);
    }

    #[test]
    fn any_text_that_is_nearly_a_slightfile_is_read_or_refused(text in nearly()) {
        survives(&text);
        prop_assert_eq!(cover(&text).len(), text.len());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (slightfile, found) = parse_bytes("slightfile.toml", &bytes);
        prop_assert!(slightfile.is_some() || !found.is_empty());
    }

    #[test]
    fn any_value_of_a_redis_password_stays_unseen(password in "[a-z0-9=/+]{8,20}") {
        let text = format!(
            "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\n\
             configs = {{ REDIS_ADDRESS = \"redis://u:{password}@h:1\" }}\n"
        );
        let (slightfile, mut found) = parse("slightfile.toml", &text);
        found.extend(validate(&slightfile.unwrap(), None, &CATALOGUE, Artifact::App));
        let source = slt::ui::diagnostics::Source { name: "slightfile.toml", text: &text };
        prop_assert!(!found.is_empty());
        let shown = slt::ui::diagnostics::human(source, &found, true);
        prop_assert!(!shown.contains(&password), "{}", shown);
        let lines = serde_json::to_string(&slt::ui::diagnostics::lines(source, &found)).unwrap();
        prop_assert!(!lines.contains(&password), "{}", lines);
    }
}
