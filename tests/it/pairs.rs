//! Pairs of a slightfile and a component: what `slt check` says of them, and what then happens.
//!
//! Whatever passes starts, and whatever fails would have failed. The judge is the host itself: the slightfile is bound, the
//! component loaded, instantiated and called, and nobody asks the check. Where a failure shows only when a capability is used, the
//! guest uses it.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use slt::catalogue::CATALOGUE;
use slt::deployment::{Deployment, HandleError, Parts, Services, Watchdog, bind};
use slt::events::silent;
use slt::host::{GuestEnd, Output};
use slt::slightfile::{self, Store};
use slt_emulators::chassis::Clock;

use crate::command::{folder, slt};
use crate::components::{WASI, component};
use crate::guests::engine;

/// What the check says, and what happens.
enum Verdict {
    /// It passes, with these warnings and notes, and starts.
    Starts(&'static [&'static str]),
    /// It fails with these errors, and would not have worked.
    Fails(&'static [&'static str]),
    /// It passes, and the warning says that it does not start: design section 4 has it so for what is planned.
    Warned(&'static [&'static str]),
}
use Verdict::{Fails, Starts, Warned};

struct Pair {
    called: &'static str,
    slightfile: &'static str,
    /// The packages of the world; the last has the world itself.
    packages: Vec<String>,
    /// What the guest does when it is called.
    body: &'static str,
    verdict: Verdict,
}

/// It returns at once.
const RETURNS: &str = "(i32.const 0)";
/// It opens the store `links`, and succeeds as that does.
const OPENS: &str = "(call $store.open (i32.const 0) (i32.const 5) (i32.const 1024)) (i32.load8_u (i32.const 1024))";

/// The same through slight's names.
const OPENS_COMPAT: &str = "(call $\"compat.[static]keyvalue.open\" (i32.const 0) (i32.const 5) (i32.const 1024)) (i32.load8_u (i32.const 1024))";

const REDIS: &str = r#"specversion = "1.0"
[[capability]]
resource = "keyvalue.redis"
name = "links"
configs = { REDIS_ADDRESS = "redis://127.0.0.1:6379" }
"#;
const NOTHING: &str = "specversion = \"1.0\"\n";

/// All that a command needs of WASI, in this version.
fn cli(version: &str) -> String {
    format!("package wasi:cli@{version}; interface run {{ run: func() -> result; }}")
}

/// `wasi:keyvalue` in this version, with this cursor and these numbers, and this answer to `get-many`.
fn keyvalue(version: &str, cursor: &str, number: &str, many: &str) -> String {
    format!(
        "package wasi:keyvalue@{version};
        interface store {{
          variant error {{ no-such-store, access-denied, other(string) }}
          record key-response {{ keys: list<string>, cursor: option<{cursor}> }}
          open: func(identifier: string) -> result<bucket, error>;
          resource bucket {{
            get: func(key: string) -> result<option<list<u8>>, error>;
            set: func(key: string, value: list<u8>) -> result<_, error>;
            delete: func(key: string) -> result<_, error>;
            exists: func(key: string) -> result<bool, error>;
            list-keys: func(cursor: option<{cursor}>) -> result<key-response, error>;
          }}
        }}
        interface atomics {{
          use store.{{bucket, error}};
          increment: func(bucket: borrow<bucket>, key: string, delta: {number}) -> result<{number}, error>;
        }}
        interface batch {{
          use store.{{bucket, error}};
          get-many: func(bucket: borrow<bucket>, keys: list<string>) -> result<{many}, error>;
        }}
        interface watcher {{
          use store.{{bucket}};
          on-set: func(bucket: bucket, key: string, value: list<u8>);
        }}"
    )
}

const MANY: &str = "list<option<tuple<string, list<u8>>>>";
const DRAFT: &str = "0.2.0-draft";

/// A world with these items, which exports `wasi:cli/run` too.
fn command(items: &str) -> String {
    format!("package a:b; world w {{ {items} export wasi:cli/run@0.2.12; }}")
}

/// A command that imports these interfaces of a `wasi:keyvalue`.
fn with_store(keyvalue: String, version: &str, interfaces: &[&str]) -> Vec<String> {
    let imports = interfaces
        .iter()
        .map(|interface| format!("import wasi:keyvalue/{interface}@{version};"));
    vec![cli("0.2.12"), keyvalue, command(&imports.collect::<String>())]
}

/// `slight:keyvalue` in this version, with this answer to `get`, in an interface of this name.
fn compat(version: &str, got: &str, interface: &str) -> Vec<String> {
    let package = format!(
        "package slight:keyvalue@{version};
        interface {interface} {{
          variant keyvalue-error {{
            key-not-found(string), invalid-key(string), invalid-value(string), connection-error(string),
            authentication-error(string), timeout-error(string), io-error(string), unexpected-error(string),
          }}
          resource keyvalue {{
            open: static func(name: string) -> result<keyvalue, keyvalue-error>;
            get: func(key: string) -> result<{got}, keyvalue-error>;
          }}
        }}"
    );
    with_package(&package, &format!("import slight:keyvalue/{interface}@{version};"))
}

/// A world over WASI as it is vendored, in this version.
fn wasi(version: &str, items: &str) -> Vec<String> {
    let renamed = |text: &&str| text.replace("0.2.12", version);
    let mut packages: Vec<String> = WASI.iter().map(renamed).collect();
    packages.push(format!("package a:b; world w {{ {items} }}"));
    packages
}

/// A command that imports from one more package.
fn with_package(package: &str, items: &str) -> Vec<String> {
    vec![cli("0.2.12"), package.to_owned(), command(items)]
}

fn pairs() -> Vec<Pair> {
    let unsigned = || keyvalue(DRAFT, "u64", "u64", MANY);
    let all = &["store", "atomics", "batch"][..];
    let messaging = "package wasi:messaging@0.2.0-draft;
        interface types {
          variant error { timeout, connection(string), permission-denied(string), other(string) }
          resource message { constructor(data: list<u8>); data: func() -> list<u8>; }
        }
        interface incoming-handler { use types.{message, error}; handle: func(m: message) -> result<_, error>; }";
    let handler = |slightfile| Pair {
        called: "",
        slightfile,
        packages: vec![
            messaging.to_owned(),
            "package a:b; world w { export wasi:messaging/incoming-handler@0.2.0-draft; }".to_owned(),
        ],
        body: "unreachable",
        verdict: Starts(&[]),
    };
    let pair = |called, slightfile, packages, body, verdict| Pair {
        called,
        slightfile,
        packages,
        body,
        verdict,
    };
    vec![
        // --- what is hosted
        pair(
            "a command by itself",
            NOTHING,
            vec![cli("0.2.12"), command("")],
            RETURNS,
            Starts(&[]),
        ),
        pair(
            "a command of an older WASI",
            NOTHING,
            vec![
                cli("0.2.3"),
                "package a:b; world w { export wasi:cli/run@0.2.3; }".into(),
            ],
            RETURNS,
            Starts(&[]),
        ),
        pair(
            "a command that imports all of WASI",
            NOTHING,
            wasi("0.2.12", "include wasi:cli/command@0.2.12;"),
            RETURNS,
            Starts(&[]),
        ),
        pair(
            "an HTTP server",
            NOTHING,
            wasi("0.2.12", "export wasi:http/incoming-handler@0.2.12;"),
            "",
            Starts(&[]),
        ),
        pair(
            "an HTTP server of an older WASI",
            "specversion = \"0.2\"\n[[capability]]\nresource = \"http\"\nname = \"web\"\n",
            wasi("0.2.2", "export wasi:http/incoming-handler@0.2.2;"),
            "",
            Starts(&[]),
        ),
        pair(
            "a proxy to which no host is granted",
            NOTHING,
            wasi("0.2.12", "include wasi:http/proxy@0.2.12;"),
            "",
            Starts(&["SLT0306"]),
        ),
        pair(
            "the unsigned shape",
            REDIS,
            with_store(unsigned(), DRAFT, all),
            OPENS,
            Starts(&[]),
        ),
        pair(
            "the shape with text",
            REDIS,
            with_store(keyvalue(DRAFT, "string", "s64", MANY), DRAFT, all),
            OPENS,
            Starts(&[]),
        ),
        pair(
            "any name",
            "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"*\"\n\
             configs = { REDIS_ADDRESS = \"${envvars.REDIS_ADDRESS}\" }\n",
            with_store(unsigned(), DRAFT, &["store"]),
            OPENS,
            Starts(&[]),
        ),
        pair(
            "slight's names",
            REDIS,
            compat("0.1.0", "list<u8>", "compat"),
            OPENS_COMPAT,
            Starts(&[]),
        ),
        pair(
            "slight's names beside those of today",
            REDIS,
            vec![
                cli("0.2.12"),
                unsigned(),
                compat("0.1.0", "list<u8>", "compat")[1].clone(),
                command("import slight:keyvalue/compat@0.1.0; import wasi:keyvalue/store@0.2.0-draft;"),
            ],
            OPENS_COMPAT,
            Starts(&[]),
        ),
        pair(
            "slight's names in a later version of 0.1",
            REDIS,
            compat("0.1.7", "list<u8>", "compat"),
            OPENS_COMPAT,
            Starts(&[]),
        ),
        pair(
            "slight's names and any name",
            "specversion = \"0.1\"\nsecret_store = \"configs.envvars\"\n[[capability]]\nname = \"keyvalue.redis\"\n",
            compat("0.1.0", "list<u8>", "compat"),
            OPENS_COMPAT,
            Starts(&[]),
        ),
        pair(
            "slight's file of 0.2 with an old name",
            "specversion = \"0.2\"\n[[capability]]\nresource = \"kv.redis\"\nname = \"links\"\n    [capability.configs]\n    \
             REDIS_ADDRESS = \"redis://127.0.0.1:6379\"\n    REDIS_TIMEOUT = \"5\"\n",
            with_store(unsigned(), DRAFT, &["store"]),
            OPENS,
            Starts(&["SLT0203", "SLT0206"]),
        ),
        pair(
            "slight's file of 0.1",
            "specversion = \"0.1\"\nsecret_store = \"configs.envvars\"\n[[capability]]\nname = \"kv.redis\"\n",
            with_store(unsigned(), DRAFT, &["store"]),
            OPENS,
            Starts(&["SLT0203"]),
        ),
        pair(
            "a capability that is not used",
            REDIS,
            vec![cli("0.2.12"), command("")],
            RETURNS,
            Starts(&["SLT0303"]),
        ),
        pair(
            "something planned that is optional",
            "specversion = \"1.0\"\n[[capability]]\nresource = \"sql.sqlite\"\nname = \"orders\"\noptional = true\n\
             configs = { SQLITE_PATH = \"orders.db\" }\n",
            vec![cli("0.2.12"), command("")],
            RETURNS,
            Starts(&["SLT0202", "SLT0303"]),
        ),
        // --- what the world needs and nobody has
        pair(
            "no capability",
            NOTHING,
            with_store(unsigned(), DRAFT, &["store"]),
            OPENS,
            Fails(&["SLT0301"]),
        ),
        pair(
            "no capability for slight's names",
            NOTHING,
            compat("0.1.0", "list<u8>", "compat"),
            OPENS_COMPAT,
            Fails(&["SLT0301"]),
        ),
        pair(
            "slight's names in another version",
            REDIS,
            compat("0.2.0", "list<u8>", "compat"),
            OPENS_COMPAT,
            Fails(&["SLT0304"]),
        ),
        pair(
            "slight's names with another answer",
            REDIS,
            compat("0.1.0", "option<list<u8>>", "compat"),
            OPENS_COMPAT,
            Fails(&["SLT0307"]),
        ),
        pair(
            "another interface of slight's names",
            REDIS,
            compat("0.1.0", "list<u8>", "watch"),
            RETURNS,
            Fails(&["SLT0302"]),
        ),
        pair(
            "a capability of another family",
            "specversion = \"1.0\"\n[[capability]]\nresource = \"blobstore.filesystem\"\nname = \"links\"\noptional = true\n",
            with_store(unsigned(), DRAFT, &["store"]),
            OPENS,
            Fails(&["SLT0311"]),
        ),
        pair(
            "a package that nobody knows",
            NOTHING,
            with_package(
                "package acme:rockets@1.0.0; interface engine { start: func(); }",
                "import acme:rockets/engine@1.0.0;",
            ),
            RETURNS,
            Fails(&["SLT0302"]),
        ),
        pair(
            "a function of no package",
            NOTHING,
            vec![cli("0.2.12"), command("import launch: func();")],
            RETURNS,
            Fails(&["SLT0302"]),
        ),
        pair(
            "an interface that WASI does not have",
            NOTHING,
            with_package(
                "package wasi:io@0.2.12; interface teleport { go: func(); }",
                "import wasi:io/teleport@0.2.12;",
            ),
            RETURNS,
            Fails(&["SLT0302"]),
        ),
        pair(
            "a function that WASI does not have",
            NOTHING,
            with_package(
                "package wasi:random@0.2.12; interface random { get-random-u65: func() -> u64; }",
                "import wasi:random/random@0.2.12;",
            ),
            RETURNS,
            Fails(&["SLT0307"]),
        ),
        pair(
            "a function of WASI's in another shape",
            NOTHING,
            with_package(
                "package wasi:random@0.2.12; interface random { get-random-u64: func() -> string; }",
                "import wasi:random/random@0.2.12;",
            ),
            RETURNS,
            Fails(&["SLT0307"]),
        ),
        pair(
            "an interface of a planned capability",
            "specversion = \"1.0\"\n[[capability]]\nresource = \"sql.sqlite\"\nname = \"orders\"\noptional = true\n\
             configs = { SQLITE_PATH = \"orders.db\" }\n",
            with_package(
                "package slight:sql@0.1.0; interface database { open: func(name: string); }",
                "import slight:sql/database@0.1.0;",
            ),
            RETURNS,
            Warned(&["SLT0202"]),
        ),
        // --- versions
        pair(
            "a later draft",
            REDIS,
            with_store(keyvalue("0.2.0-draft2", "string", "s64", MANY), "0.2.0-draft2", all),
            OPENS,
            Fails(&["SLT0304"]),
        ),
        pair(
            "a store of 1.0",
            REDIS,
            with_store(keyvalue("1.0.0", "u64", "u64", MANY), "1.0.0", all),
            OPENS,
            Fails(&["SLT0304"]),
        ),
        pair(
            "a WASI of tomorrow",
            NOTHING,
            vec![
                "package wasi:random@0.4.0; interface random { get-random-u64: func() -> u64; }".into(),
                cli("0.2.12"),
                command("import wasi:random/random@0.4.0;"),
            ],
            RETURNS,
            Fails(&["SLT0304"]),
        ),
        pair(
            "a candidate for WASI 0.2",
            NOTHING,
            with_package(
                "package wasi:random@0.2.0-rc-2023-11-10; interface random { get-random-u64: func() -> u64; }",
                "import wasi:random/random@0.2.0-rc-2023-11-10;",
            ),
            RETURNS,
            Fails(&["SLT0304"]),
        ),
        pair(
            "a command of tomorrow",
            NOTHING,
            vec![
                cli("0.4.0"),
                "package a:b; world w { export wasi:cli/run@0.4.0; }".into(),
            ],
            RETURNS,
            Fails(&["SLT0304"]),
        ),
        pair(
            "a proxy between handlers",
            NOTHING,
            wasi(
                "0.2.12",
                "import wasi:http/incoming-handler@0.2.12; export wasi:http/incoming-handler@0.2.12;",
            ),
            "",
            Fails(&["SLT0302"]),
        ),
        // --- shapes
        pair(
            "a third cursor",
            REDIS,
            with_store(keyvalue(DRAFT, "s32", "u64", MANY), DRAFT, &["store"]),
            OPENS,
            Fails(&["SLT0307"]),
        ),
        pair(
            "half of each shape",
            REDIS,
            with_store(keyvalue(DRAFT, "u64", "s64", MANY), DRAFT, all),
            OPENS,
            Fails(&["SLT0307"]),
        ),
        pair(
            "another answer to `get-many`",
            REDIS,
            with_store(
                keyvalue(DRAFT, "u64", "u64", "list<tuple<string, option<list<u8>>>>"),
                DRAFT,
                all,
            ),
            OPENS,
            Fails(&["SLT0307"]),
        ),
        // --- what is not for an application, or not to be started
        pair(
            "what is only there under test",
            NOTHING,
            with_package(
                "package slight:testing@0.1.0; interface clock { now: func() -> u64; }",
                "import slight:testing/clock@0.1.0;",
            ),
            RETURNS,
            Fails(&["SLT0305"]),
        ),
        pair(
            "a provider component",
            REDIS,
            vec![
                unsigned(),
                format!(
                    "package a:b; world w {{ import wasi:keyvalue/store@{DRAFT}; export wasi:keyvalue/watcher@{DRAFT}; }}"
                ),
            ],
            "unreachable",
            Warned(&["SLT0308"]),
        ),
        pair(
            "an HTTP handler that is none",
            NOTHING,
            vec![
                "package wasi:http@0.2.12; interface incoming-handler { handle: func(); }".into(),
                "package a:b; world w { export wasi:http/incoming-handler@0.2.12; }".into(),
            ],
            "",
            Fails(&["SLT0307"]),
        ),
        Pair {
            called: "a message handler without topics",
            verdict: Warned(&["SLT0202", "SLT0309"]),
            ..handler(
                "specversion = \"1.0\"\n[[capability]]\nresource = \"messaging.kafka\"\nname = \"events\"\n\
                 configs = { CAK_ENDPOINT = \"localhost:9092\" }\n",
            )
        },
        // --- the slightfile
        pair(
            "something planned",
            "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.filesystem\"\nname = \"links\"\n",
            with_store(unsigned(), DRAFT, &["store"]),
            OPENS,
            Warned(&["SLT0202"]),
        ),
        pair(
            "less memory than a page",
            "specversion = \"1.0\"\n[limits]\nmemory = \"1KiB\"\n",
            vec![cli("0.2.12"), command("")],
            RETURNS,
            Warned(&["SLT0221"]),
        ),
        pair(
            "no such resource",
            "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.reddis\"\nname = \"links\"\n",
            vec![cli("0.2.12"), command("")],
            RETURNS,
            Fails(&["SLT0201"]),
        ),
        pair(
            "no address",
            "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"links\"\n",
            with_store(unsigned(), DRAFT, &["store"]),
            OPENS,
            Fails(&["SLT0207"]),
        ),
        pair(
            "an address that is none",
            "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"links\"\n\
             configs = { REDIS_ADDRESS = \"127.0.0.1:6379\" }\n",
            with_store(unsigned(), DRAFT, &["store"]),
            OPENS,
            Fails(&["SLT0209"]),
        ),
        pair(
            "a database that is no number",
            "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"links\"\n\
             configs = { REDIS_ADDRESS = \"redis://127.0.0.1/links\" }\n",
            with_store(unsigned(), DRAFT, &["store"]),
            OPENS,
            Fails(&["SLT0209"]),
        ),
        pair(
            "a host of nothing",
            "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"links\"\n\
             configs = { REDIS_ADDRESS = \"redis://\" }\n",
            with_store(unsigned(), DRAFT, &["store"]),
            OPENS,
            Fails(&["SLT0209"]),
        ),
        pair(
            "a store of values that nobody reads yet",
            "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"links\"\n\
             configs = { REDIS_ADDRESS = \"${azapp.REDIS_ADDRESS}\" }\n",
            with_store(unsigned(), DRAFT, &["store"]),
            OPENS,
            Warned(&["SLT0220"]),
        ),
    ]
}

/// The errors and the other codes that `slt check` gives for a component, sorted.
fn checked(slightfile: &str, component: &[u8]) -> (Vec<String>, Vec<String>) {
    let folder = folder(&[("slightfile.toml", slightfile.as_bytes()), ("app.wasm", component)]);
    let run = slt(folder.path(), &["check", "app.wasm", "--format", "json"]);
    let (mut errors, mut others) = (Vec::new(), Vec::new());
    for line in run.stdout.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        if line["kind"] == "diagnostic" {
            let code = line["code"].as_str().unwrap().to_owned();
            if line["severity"] == "error" {
                &mut errors
            } else {
                &mut others
            }
            .push(code);
        }
    }
    assert_eq!(run.code, i32::from(!errors.is_empty()), "{}", run.stderr);
    errors.sort();
    errors.dedup();
    others.sort();
    (errors, others)
}

/// Starts a component on what its slightfile names and calls it once, without asking the check.
fn started(slightfile: &str, component: &[u8]) -> Result<(), String> {
    let slightfile = slightfile::parse("slightfile.toml", slightfile)
        .0
        .ok_or("it is no slightfile")?;
    let (clock, engine) = (Clock::real(), engine());
    let lookup = |store: Store, key: &str| {
        (store == Store::Envvars && key == "REDIS_ADDRESS").then(|| "redis://127.0.0.1:6379".to_owned())
    };
    let from = Services::Named {
        lookup: &lookup,
        clock: &clock,
    };
    let bound = bind(&slightfile, &CATALOGUE, &from).map_err(|errors| format!("{errors:?}"))?;
    let loaded = engine.load(component, false).map_err(|error| error.to_string())?;
    let deployment = Deployment::new(Parts {
        app: Some(loaded.clone()),
        bound,
        clock,
        seed: None,
        stdout: Output::captured(),
        stderr: Output::captured(),
        sink: silent(),
        testing: false,
        interrupt: None,
        watchdog: Some(Watchdog::start(&engine).map_err(|error| error.to_string())?),
        request_timeout: Some(Duration::from_secs(30)),
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let end = runtime.map_err(|error| error.to_string())?.block_on(async {
        if loaded.world.command.is_some() {
            return deployment.command(&loaded, &["app".to_owned()]).await;
        }
        let request = Request::get("http://localhost/").body(Empty::<Bytes>::new()).unwrap();
        match deployment.handle(request).await {
            Err(HandleError::Guest(end)) => end,
            Err(error) => GuestEnd::Broken(error.to_string()),
            Ok(_) => GuestEnd::Done,
        }
    });
    match end {
        GuestEnd::Done => Ok(()),
        end => Err(end.to_string()),
    }
}

#[test]
fn what_the_check_says_is_what_happens() {
    let pairs = pairs();
    assert!(pairs.len() >= 20, "{}", pairs.len());
    let mut wrong = Vec::new();
    for pair in &pairs {
        let packages: Vec<&str> = pair.packages.iter().map(String::as_str).collect();
        let component = component(&packages, "links", pair.body);
        let (errors, others) = checked(pair.slightfile, &component);
        let (starts, expected_errors, expected_others) = match &pair.verdict {
            Starts(others) => (true, &[][..], Some(*others)),
            Fails(errors) => (false, *errors, None),
            Warned(others) => (false, &[][..], Some(*others)),
        };
        if errors != expected_errors || expected_others.is_some_and(|expected| others != expected) {
            wrong.push(format!("{}: the check says {errors:?} and {others:?}", pair.called));
        }
        let started = started(pair.slightfile, &component);
        if started.is_ok() != starts {
            wrong.push(format!("{}: {started:?}", pair.called));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
