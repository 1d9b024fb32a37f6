//! `slt check` as a user runs it: each mistake, and the whole text that the user then reads.

use crate::command::{Run, folder, slt};

/// A component without imports and exports: the eight bytes that every component begins with.
const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

const GOOD: &str = r#"specversion = "1.0"

[app]
name = "shortener"

[[capability]]
resource = "keyvalue.redis"
name = "links"

[capability.configs]
REDIS_ADDRESS = "redis://127.0.0.1:6379"
"#;

const KEYVALUE_WIT: &str = "package wasi:keyvalue@0.2.0-draft;
interface store {
  variant error { no-such-store, access-denied, other(string) }
  record key-response { keys: list<string>, cursor: option<u64> }
  open: func(identifier: string) -> result<bucket, error>;
  resource bucket {
    get: func(key: string) -> result<option<list<u8>>, error>;
    list-keys: func(cursor: option<u64>) -> result<key-response, error>;
  }
}
interface watcher { use store.{bucket}; on-set: func(bucket: bucket, key: string, value: list<u8>); }
";

const HTTP_WIT: &str = "package wasi:http@0.2.12;
interface types { resource incoming-request; resource response-outparam; resource outgoing-request; }
interface incoming-handler {
  use types.{incoming-request, response-outparam};
  handle: func(request: incoming-request, response-out: response-outparam);
}
interface outgoing-handler { use types.{outgoing-request}; }
";

const TESTING_WIT: &str = "package slight:testing@0.1.0;
interface clock { now: func() -> u64; }
";

/// Checks a slightfile beside a `wit` folder with this world.
fn against(slightfile: &str, world: &str, deps: &[(&str, &str)]) -> Run {
    let mut files = vec![
        ("slightfile.toml".to_owned(), slightfile.as_bytes()),
        ("wit/world.wit".to_owned(), world.as_bytes()),
    ];
    let deps: Vec<_> = deps
        .iter()
        .map(|(name, text)| (format!("wit/deps/{name}.wit"), text.as_bytes()))
        .collect();
    files.extend(deps);
    let files: Vec<_> = files.iter().map(|(path, bytes)| (path.as_str(), *bytes)).collect();
    let folder = folder(&files);
    slt(folder.path(), &["check"])
}

/// Checks a slightfile by itself, and shows what the user reads.
fn alone(slightfile: &str) -> String {
    let folder = folder(&[
        ("slightfile.toml", slightfile.as_bytes()),
        ("dist/app.wasm", EMPTY_COMPONENT),
    ]);
    let run = slt(folder.path(), &["check"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    run.shown(folder.path())
}

/// A text that turns the direction of what is read is shown as it is.
#[test]
fn nothing_turns_the_direction() {
    let said = alone("specversion = \"1.0\"\nfoo\u{202e} = \"\u{2066}\"\n");
    assert!(said.contains("foo\u{fffd} = \"\u{fffd}\""), "{said}");
    assert!(!said.contains(['\u{202e}', '\u{2066}']), "{said}");
}

#[test]
fn nothing_wrong() {
    let run = against(
        GOOD,
        "package a:b; world w { import wasi:keyvalue/store@0.2.0-draft; export wasi:http/incoming-handler@0.2.12; }",
        &[("keyvalue", KEYVALUE_WIT), ("http", HTTP_WIT)],
    );
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(
        run.stdout,
        "checked slightfile.toml against wit (there is no component yet): no problems\n"
    );
}

#[test]
fn slightfile_missing() {
    let folder = folder(&[]);
    insta::assert_snapshot!(slt(folder.path(), &["check"]).shown(folder.path()));
}

#[test]
fn slightfile_named_and_missing() {
    let folder = folder(&[]);
    insta::assert_snapshot!(slt(folder.path(), &["check", "-c", "other.toml"]).shown(folder.path()));
}

#[test]
fn slightfile_empty() {
    insta::assert_snapshot!(alone(""));
}

#[test]
fn slightfile_is_no_toml() {
    insta::assert_snapshot!(alone("specversion = \"1.0\n[app]\n"));
}

#[test]
fn version_unknown() {
    insta::assert_snapshot!(alone("specversion = \"3\"\n"));
}

#[test]
fn typo_in_resource() {
    insta::assert_snapshot!(alone(&GOOD.replace("keyvalue.redis", "keyvalue.reddis")));
}

#[test]
fn typo_in_key() {
    insta::assert_snapshot!(alone(&GOOD.replace("REDIS_ADDRESS", "REDIS_ADRESS")));
}

#[test]
fn key_missing() {
    insta::assert_snapshot!(alone(&GOOD.replace("REDIS_ADDRESS = \"redis://127.0.0.1:6379\"\n", "")));
}

#[test]
fn duplicate_names() {
    let again = "\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"links\"\n\
                 configs = { REDIS_ADDRESS = \"redis://localhost:6380\" }\n";
    insta::assert_snapshot!(alone(&format!("{GOOD}{again}")));
}

#[test]
fn star_beside_a_name() {
    let again = "\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"*\"\n\
                 configs = { REDIS_ADDRESS = \"redis://localhost:6380\" }\n";
    insta::assert_snapshot!(alone(&format!("{GOOD}{again}")));
}

#[test]
fn resource_planned() {
    let folder = folder(&[(
        "slightfile.toml",
        b"specversion = \"1.0\"\napp = { name = \"orders\" }\n[[capability]]\nresource = \"sql.sqlite\"\nname = \"orders\"\n\
          configs = { SQLITE_PATH = \"orders.db\" }\n",
    )]);
    let run = slt(folder.path(), &["check"]);
    assert_eq!(run.code, 0);
    insta::assert_snapshot!(run.stderr);
}

/// What `check` accepts with a warning, `run` and `test` refuse by name, before anything is built.
#[test]
fn resource_planned_does_not_start() {
    let folder = folder(&[(
        "slightfile.toml",
        b"specversion = \"1.0\"\n[[capability]]\nresource = \"messaging.mqtt\"\nname = \"orders\"\n\
          configs = { MOSQUITTO_HOST = \"127.0.0.1\", MOSQUITTO_PORT = \"1883\" }\n",
    )]);
    for command in ["run", "test"] {
        let run = slt(folder.path(), &[command]);
        assert_eq!(run.code, 2, "{command}: {}", run.stderr);
        assert!(
            run.stderr.contains("`messaging.mosquitto`"),
            "{command}: {}",
            run.stderr
        );
    }
}

#[test]
fn password_is_covered() {
    let text = GOOD
        .replace("redis://127", "redis://me:hunter2@127")
        .replace("links", "*");
    let folder = folder(&[("slightfile.toml", text.as_bytes())]);
    let run = slt(folder.path(), &["check"]);
    assert_eq!(run.code, 0);
    insta::assert_snapshot!(run.stderr);
    for format in ["human", "json"] {
        let run = slt(folder.path(), &["check", "--format", format, "--color", "always", "-v"]);
        assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"));
    }
}

/// What somebody else wrote cannot steer the terminal of who checks it.
#[test]
fn control_characters_are_not_shown() {
    for text in [
        "specversion = \"1.0\" # \u{1b}[2J\nx = 1\n",
        "specversion = \"\\u001b[2J\"\n",
        "specversion = \"1.0\"\n\"\\u001b[2J\" = 1\n",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\n\
         configs = { REDIS_ADDRESS = \"${\\u001b[2J.x}\" }\n",
        "specversion = \"1.0\"\n[[capability]]\nresource = \"\\u001b[2J\\n\"\nname = \"\\u001b\"\n",
    ] {
        let shown = alone(text);
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }
}

/// `slt build` names the component after the package, whatever the slightfile calls the application.
#[test]
fn the_component_of_the_package() {
    let folder = folder(&[
        ("slightfile.toml", b"specversion = \"1.0\"\n[app]\nname = \"shop\"\n"),
        ("Cargo.toml", b"[package]\nname = \"shop-backend\"\n"),
        ("dist/shop-backend.wasm", EMPTY_COMPONENT),
    ]);
    let run = slt(folder.path(), &["check"]);
    let against = "checked slightfile.toml against dist/shop-backend.wasm";
    assert!(run.stdout.starts_with(against), "{}", run.stdout);
}

#[test]
fn import_without_capability() {
    let run = against(
        "specversion = \"1.0\"\n",
        "package a:b; world w { import wasi:keyvalue/store@0.2.0-draft; export wasi:http/incoming-handler@0.2.12; }",
        &[("keyvalue", KEYVALUE_WIT), ("http", HTTP_WIT)],
    );
    assert_eq!(run.code, 1);
    insta::assert_snapshot!(run.stderr);
}

#[test]
fn import_that_nothing_provides() {
    let run = against(
        GOOD,
        "package a:b; world w { import wasi:keyvalue/store@0.2.0-draft; import acme:rockets/engine@1.0.0; \
         import launch: func(); import wasi:keyvalue/watcher@0.2.0-draft; export wasi:http/incoming-handler@0.2.12; }",
        &[
            ("keyvalue", KEYVALUE_WIT),
            ("http", HTTP_WIT),
            (
                "acme",
                "package acme:rockets@1.0.0; interface engine { start: func(); }",
            ),
        ],
    );
    assert_eq!(run.code, 1);
    insta::assert_snapshot!(run.stderr);
}

#[test]
fn capability_never_used() {
    let folder = folder(&[
        ("slightfile.toml", GOOD.as_bytes()),
        ("dist/shortener.wasm", EMPTY_COMPONENT),
    ]);
    let run = slt(folder.path(), &["check"]);
    assert_eq!(run.code, 0);
    insta::assert_snapshot!(run.shown(folder.path()));
    let quiet = slt(folder.path(), &["check", "-q"]);
    assert_eq!((quiet.stdout, quiet.stderr.as_str()), (run.stdout, ""));
}

/// Where the world imports an interface and no code calls it, the component has none: it is that one which is named.
#[test]
fn capability_imported_and_never_called() {
    let compat = include_bytes!("../../wit/slight-keyvalue/compat.wit");
    let world = |imports: &str| format!("package a:b;\nworld shortener {{ {imports} }}\n");
    let both = "import wasi:keyvalue/store@0.2.0-draft; import slight:keyvalue/compat@0.1.0;";
    let mut shown = String::new();
    for imports in ["import slight:keyvalue/compat@0.1.0;", both, ""] {
        let folder = folder(&[
            ("slightfile.toml", GOOD.as_bytes()),
            ("wit/world.wit", world(imports).as_bytes()),
            ("wit/deps/compat.wit", compat),
            ("wit/deps/keyvalue.wit", KEYVALUE_WIT.as_bytes()),
            ("dist/shortener.wasm", EMPTY_COMPONENT),
        ]);
        let run = slt(folder.path(), &["check"]);
        assert!(run.stdout.contains("against dist/shortener.wasm"), "{}", run.stdout);
        let hint = run
            .stderr
            .lines()
            .find(|line| line.starts_with("hint: leave the entry out"));
        shown.push_str(&format!("{imports}\n{}\n", hint.unwrap()));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn versions_that_are_not_hosted() {
    let run = against(
        GOOD,
        "package a:b; world w { import wasi:keyvalue/store@0.2.0-draft2; import wasi:http/outgoing-handler@0.3.0; \
         export wasi:http/incoming-handler@0.3.0; }",
        &[
            ("keyvalue", &KEYVALUE_WIT.replace("-draft", "-draft2")),
            ("http", &HTTP_WIT.replace("0.2.12", "0.3.0")),
        ],
    );
    assert_eq!(run.code, 1);
    insta::assert_snapshot!(run.stderr);
}

#[test]
fn testing_outside_of_tests() {
    let run = against(
        "specversion = \"1.0\"\n",
        "package a:b; world w { import slight:testing/clock@0.1.0; export wasi:http/incoming-handler@0.2.12; }",
        &[("testing", TESTING_WIT), ("http", HTTP_WIT)],
    );
    assert_eq!(run.code, 1);
    insta::assert_snapshot!(run.stderr);
}

#[test]
fn outbound_not_granted() {
    let wit =
        "package a:b; world w { import wasi:http/outgoing-handler@0.2.12; export wasi:http/incoming-handler@0.2.12; }";
    let run = against("specversion = \"1.0\"\n", wit, &[("http", HTTP_WIT)]);
    assert_eq!(run.code, 0);
    insta::assert_snapshot!(run.stderr);
    let granted = "specversion = \"1.0\"\n[outbound]\nhosts = [\"https://api.example.com\"]\n";
    assert_eq!(against(granted, wit, &[("http", HTTP_WIT)]).stderr, "");
}

#[test]
fn a_shape_that_is_not_hosted() {
    let shape = |cursor: &str| {
        let wit = KEYVALUE_WIT.replace("option<u64>", cursor);
        against(
            GOOD,
            "package a:b; world w { import wasi:keyvalue/store@0.2.0-draft; export wasi:http/incoming-handler@0.2.12; }",
            &[("keyvalue", &wit), ("http", HTTP_WIT)],
        )
    };
    for served in ["option<u64>", "option<string>"] {
        assert_eq!(shape(served).stderr, "", "{served}");
    }
    let run = shape("option<s32>");
    assert_eq!(run.code, 1);
    insta::assert_snapshot!(run.stderr);
}

/// Both are hosted, and not to one component.
#[test]
fn half_of_each_shape() {
    let wit = format!(
        "{KEYVALUE_WIT} interface atomics {{ use store.{{bucket, error}}; \
         increment: func(bucket: borrow<bucket>, key: string, delta: s64) -> result<s64, error>; }}"
    );
    let run = against(
        GOOD,
        "package a:b; world w { import wasi:keyvalue/store@0.2.0-draft; import wasi:keyvalue/atomics@0.2.0-draft; \
         export wasi:http/incoming-handler@0.2.12; }",
        &[("keyvalue", &wit), ("http", HTTP_WIT)],
    );
    assert_eq!(run.code, 1);
    insta::assert_snapshot!(run.stderr);
}

/// What is there without asking is compared too.
#[test]
fn what_wasi_does_not_have() {
    let run = against(
        "specversion = \"1.0\"\n",
        "package a:b; world w { import wasi:random/random@0.2.12; import wasi:random/randoms@0.2.12; export wasi:cli/run@0.2.12; }",
        &[
            (
                "random",
                "package wasi:random@0.2.12; \
                 interface random { get-random-u65: func() -> u64; get-random-bytes: func(len: u32) -> list<u8>; } \
                 interface randoms { get: func() -> u64; }",
            ),
            ("cli", "package wasi:cli@0.2.12; interface run { run: func() -> bool; }"),
        ],
    );
    assert_eq!(run.code, 1);
    insta::assert_snapshot!(run.stderr);
}

/// What `check` accepts, and `run` does not start.
#[test]
fn what_is_not_read_yet() {
    let text = GOOD.replace("redis://127.0.0.1:6379", "${azapp.REDIS_ADDRESS}");
    let folder = folder(&[(
        "slightfile.toml",
        format!("{text}\n[limits]\nmemory = \"1KiB\"\n").as_bytes(),
    )]);
    let run = slt(folder.path(), &["check"]);
    assert_eq!(run.code, 0);
    insta::assert_snapshot!(run.stderr);
}

#[test]
fn wit_that_cannot_be_read() {
    let run = against(
        "specversion = \"1.0\"\n",
        "package a:b;\nworld w { import nothing; }\n",
        &[],
    );
    assert_eq!(run.code, 1);
    insta::assert_snapshot!(run.stderr);
}

#[test]
fn several_worlds() {
    let run = against("specversion = \"1.0\"\n", "package a:b; world one {} world two {}", &[]);
    assert_eq!(run.code, 1);
    insta::assert_snapshot!(run.stderr);
    let named = against(
        "specversion = \"1.0\"\n[app]\nname = \"two\"\n",
        "package a:b; world one {} world two {}",
        &[],
    );
    assert_eq!(named.code, 0, "{}", named.stderr);
}

#[test]
fn components_that_are_none() {
    let truncated = [EMPTY_COMPONENT, &[1, 200]].concat();
    let folder = folder(&[
        ("slightfile.toml", GOOD.as_bytes()),
        ("core.wasm", CORE_MODULE),
        ("text.wasm", b"not wasm at all"),
        ("nothing.wasm", b""),
        ("truncated.wasm", &truncated),
        ("wit.wasm", &encoded_wit()),
    ]);
    let mut shown = String::new();
    for file in ["core", "text", "nothing", "truncated", "wit"] {
        let run = slt(folder.path(), &["check", &format!("{file}.wasm")]);
        assert_eq!(run.code, 1, "{file}");
        shown.push_str(&run.stderr);
    }
    insta::assert_snapshot!(shown);
}

fn encoded_wit() -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve
        .push_str("a.wit", "package a:b; interface c { d: func(); }")
        .unwrap();
    wit_component::encode(&resolve, package, false).unwrap()
}

#[test]
fn paths_that_cannot_be_checked() {
    let folder = folder(&[("slightfile.toml", GOOD.as_bytes())]);
    for (path, says) in [
        ("nowhere", "there is no `nowhere`"),
        ("slightfile.toml", "is no component"),
    ] {
        let run = slt(folder.path(), &["check", path]);
        assert_eq!(run.code, 2, "{path}");
        assert!(run.stderr.contains(says), "{}", run.stderr);
        assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    }
}

/// The component is what counts, until a source is newer.
#[test]
fn stale_components_are_not_believed() {
    let folder = folder(&[
        ("slightfile.toml", b"specversion = \"1.0\"\n[app]\nname = \"a\"\n"),
        ("wit/world.wit", b"package a:b; world w {}"),
        ("src/lib.rs", b""),
        ("dist/a.wasm", EMPTY_COMPONENT),
    ]);
    let touch = |path: &str, seconds: u64| {
        let file = std::fs::File::options()
            .append(true)
            .open(folder.path().join(path))
            .unwrap();
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        file.set_modified(time).unwrap();
    };
    touch("wit/world.wit", 1_000);
    touch("src/lib.rs", 1_000);
    touch("dist/a.wasm", 2_000);
    let summary = || slt(folder.path(), &["check"]).stdout;
    assert!(
        summary().starts_with("checked slightfile.toml against dist/a.wasm: "),
        "{}",
        summary()
    );
    touch("src/lib.rs", 3_000);
    assert!(
        summary().starts_with("checked slightfile.toml against wit (`src/lib.rs` is newer than the component): "),
        "{}",
        summary()
    );
}

#[test]
fn from_elsewhere() {
    let folder = folder(&[
        ("app/slightfile.toml", b"specversion = \"1.0\"\n[ap]\n"),
        ("app/src/deep/lib.rs", b""),
    ]);
    let app = folder.path().join("app");
    for (directory, arguments, name) in [
        (
            folder.path().to_owned(),
            &["check", "app"][..],
            "app/slightfile.toml:2:2",
        ),
        (folder.path().to_owned(), &["-C", "app", "check"], "slightfile.toml:2:2"),
        (
            folder.path().to_owned(),
            &["check", "-c", "app/slightfile.toml"],
            "app/slightfile.toml:2:2",
        ),
        (app.join("src/deep"), &["check"], "slightfile.toml:2:2"),
    ] {
        let run = slt(&directory, arguments);
        assert_eq!(run.code, 1, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(name), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn json() {
    let folder = folder(&[(
        "slightfile.toml",
        b"specversion = \"1.0\"\n[app]\nname = \"a\"\n\n[[capability]]\nresource = \"keyvalue.reddis\"\nname = \"\xc3\xa9\"\n",
    )]);
    let run = slt(folder.path(), &["check", "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    for line in run.stdout.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(value["kind"].is_string(), "{line}");
    }
    insta::assert_snapshot!(run.stdout);
}

/// Thousands of mistakes: all are counted, a thousand are shown, errors first.
#[test]
fn more_problems_than_anybody_reads() {
    let warnings = (0..900).map(|n| format!("[[capability]]\nresource = \"sql.sqlite\"\nname = \"n{n}\"\n"));
    let keys = (0..3_000).map(|n| format!("k{n} = 1\n"));
    let text = format!(
        "specversion = \"1.0\"\n{}{}",
        keys.collect::<String>(),
        warnings.collect::<String>()
    );
    let folder = folder(&[("slightfile.toml", text.as_bytes()), ("dist/app.wasm", EMPTY_COMPONENT)]);
    let run = slt(folder.path(), &["check"]);
    assert_eq!(run.code, 1);
    assert_eq!(run.stderr.matches("error[").count(), 1_000);
    assert_eq!(run.stderr.matches("warning[").count(), 0);
    assert!(run.stderr.contains("\nnote: 1000 of "), "what is left out is said");
    assert!(run.stdout.ends_with(": 3900 errors, 900 warnings\n"), "{}", run.stdout);
}

/// A line of 74,000 bytes with its problem at the end: the excerpt is what lies around it.
#[test]
fn a_long_line_is_cut() {
    let hosts: Vec<_> = (0..2_700).map(|n| format!("\"https://h{n}.example.com\"")).collect();
    let text = format!(
        "specversion = \"1.0\"\n[outbound]\nhosts = [{}, \"bäd host\"]\n",
        hosts.join(",")
    );
    let folder = folder(&[("slightfile.toml", text.as_bytes()), ("dist/app.wasm", EMPTY_COMPONENT)]);
    let run = slt(folder.path(), &["check", "--quiet"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let column = text.lines().nth(2).unwrap().chars().count() - "\"bäd host\"]".chars().count() + 1;
    assert!(
        run.stderr.contains(&format!("slightfile.toml:3:{column}]")),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("\"bäd host\"]") && run.stderr.len() < 2_000,
        "{}",
        run.stderr
    );
}

/// What cannot be read is a problem like any other, for programs too.
#[test]
fn what_is_no_text_and_what_is_too_large() {
    let large = "# ".repeat(600_000);
    for (bytes, code) in [
        (&b"specversion = \"1.0\"\nname = \"\xff\"\n"[..], "SLT0002"),
        (large.as_bytes(), "SLT0001"),
    ] {
        let folder = folder(&[("slightfile.toml", bytes)]);
        for format in ["human", "json", "sarif"] {
            let run = slt(folder.path(), &["check", "--format", format]);
            assert_eq!(run.code, 1);
            let shown = if format == "human" { &run.stderr } else { &run.stdout };
            assert!(shown.contains(code), "{format}: {shown}");
        }
    }
}

/// What has no size beforehand has a limit all the same.
#[cfg(unix)]
#[test]
fn a_slightfile_without_an_end() {
    let folder = folder(&[]);
    let run = slt(folder.path(), &["check", "-c", "/dev/zero"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("a slightfile may have 1048576"), "{}", run.stderr);
}
