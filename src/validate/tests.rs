//! The comparison of slightfile, world and catalogue, on worlds written as WIT text.

use proptest::prelude::*;
use wit_parser::Resolve;

use super::*;
use crate::catalogue::CATALOGUE;
use crate::slightfile::parse;

const STORE: &str = "package wasi:keyvalue@0.2.0-draft;
interface store {
  variant error { no-such-store, access-denied, other(string) }
  record key-response { keys: list<string>, cursor: option<u64> }
  open: func(identifier: string) -> result<bucket, error>;
  resource bucket { list-keys: func(cursor: option<u64>) -> result<key-response, error>; }
}
interface atomics {
  use store.{bucket, error};
  increment: func(bucket: borrow<bucket>, key: string, delta: u64) -> result<u64, error>;
}
";

fn resolve(packages: &[&str]) -> (Resolve, wit_parser::PackageId) {
    let mut resolve = Resolve::default();
    let mut last = None;
    for (index, text) in packages.iter().enumerate() {
        last = Some(resolve.push_str(format!("{index}.wit"), text).unwrap());
    }
    (resolve, last.unwrap())
}

fn world(packages: &[&str]) -> World {
    let (resolve, package) = resolve(packages);
    World::from_package(&resolve, package, None).unwrap()
}

fn codes_of(slightfile: &str, world: &World, artifact: Artifact) -> Vec<&'static str> {
    let slightfile = parse("slightfile.toml", slightfile).0.unwrap();
    validate(&slightfile, Some(world), &CATALOGUE, artifact)
        .into_iter()
        .map(|diagnostic| diagnostic.code)
        .collect()
}

const REDIS_ENTRY: &str =
    "[[capability]]\nresource = \"keyvalue.redis\"\nname = \"r\"\nconfigs = { REDIS_ADDRESS = \"redis://h\" }\n";

const REDIS: &str = "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\n\
                     configs = { REDIS_ADDRESS = \"redis://h\" }\n";

#[test]
fn types_are_written_out() {
    let world = world(&[
        STORE,
        "package a:b; world w { import wasi:keyvalue/atomics@0.2.0-draft; }",
    ]);
    let atomics = world.imports.iter().find(|import| import.name == "atomics").unwrap();
    assert_eq!(atomics.id(), "wasi:keyvalue/atomics@0.2.0-draft");
    assert_eq!(
        atomics.functions["increment"],
        "func(borrow<bucket>, string, u64) -> result<u64, variant { no-such-store, access-denied, other(string) }>"
    );
}

#[test]
fn types_that_grow_without_end_are_cut() {
    let mut text = String::from("package a:b; interface big { type t0 = u64;");
    for level in 1..60 {
        text.push_str(&format!("type t{level} = tuple<t{0}, t{0}>;", level - 1));
    }
    text.push_str("f: func(x: t59); } world w { import big; }");
    let world = world(&[&text]);
    assert!(world.imports[0].functions["f"].len() < 20_000);
}

#[test]
fn the_hosted_texts_fit() {
    let host = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("wit/host");
    for folder in ["keyvalue-u64", "keyvalue-string"] {
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(host.join(folder)).unwrap();
        let world = World::from_package(&resolve, package, Some("imports")).unwrap();
        assert_eq!(world.imports.len(), 3, "{folder}");
        assert_eq!(codes_of(REDIS, &world, Artifact::Test), Vec::<&str>::new(), "{folder}");
    }
}

#[test]
fn testing_is_for_tests() {
    let testing = "package slight:testing@0.1.0; interface clock { now: func() -> u64; } interface clocks {}";
    let world_of = |interface: &str| {
        let text = format!("package a:b; world w {{ import slight:testing/{interface}@0.1.0; }}");
        world(&[testing, &text])
    };
    let empty = "specversion = \"1.0\"\n";
    assert_eq!(codes_of(empty, &world_of("clock"), Artifact::Test), Vec::<&str>::new());
    assert_eq!(
        codes_of(empty, &world_of("clock"), Artifact::App),
        ["SLT0305", "SLT0308"]
    );
    assert_eq!(codes_of(empty, &world_of("clocks"), Artifact::Test), ["SLT0302"]);
}

/// A test artifact reaches the app over HTTP, and need not use what the app does.
#[test]
fn a_test_may_leave_capabilities_alone() {
    assert_eq!(codes_of(REDIS, &World::default(), Artifact::Test), Vec::<&str>::new());
    assert_eq!(
        codes_of(REDIS, &World::default(), Artifact::App),
        ["SLT0303", "SLT0308"]
    );
}

#[test]
fn versions_match_as_semver_says() {
    let interface = |package: &str, name: &str, version: &str| World {
        imports: vec![Interface {
            package: package.to_owned(),
            name: name.to_owned(),
            version: semver::Version::parse(version).ok(),
            functions: std::collections::BTreeMap::new(),
        }],
        ..World::default()
    };
    for (package, name, version, hosted) in [
        ("wasi:io", "streams", "0.2.0", true),
        ("wasi:io", "streams", "0.2.12", true),
        ("wasi:io", "streams", "0.3.0", false),
        ("wasi:io", "streams", "0.2.0-rc-2023-11-10", false),
        ("wasi:io", "streams", "1.0.0", false),
        ("wasi:keyvalue", "store", "0.2.0-draft", true),
        ("wasi:keyvalue", "store", "0.2.0-draft2", false),
        ("wasi:keyvalue", "store", "0.2.0", false),
        ("wasi:keyvalue", "store", "none", false),
    ] {
        let codes = codes_of(REDIS, &interface(package, name, version), Artifact::Test);
        assert_eq!(codes.is_empty(), hosted, "{package}/{name}@{version}: {codes:?}");
    }
}

const MESSAGING: &str = "package wasi:messaging@0.2.0-draft; interface incoming-handler { handle: func(); }";

#[test]
fn a_handler_and_its_topics_belong_together() {
    let handler = world(&[
        MESSAGING,
        "package a:b; world w { export wasi:messaging/incoming-handler@0.2.0-draft; }",
    ]);
    let none = world(&[
        "package wasi:cli@0.2.0; interface run { run: func() -> result; }",
        STORE,
        "package a:b; world w { import wasi:keyvalue/store@0.2.0-draft; export wasi:cli/run@0.2.0; }",
    ]);
    let kafka = |more: &str| {
        format!(
            "specversion = \"1.0\"\n[[capability]]\nresource = \"messaging.kafka\"\nname = \"a\"\n\
             configs = {{ CAK_ENDPOINT = \"h:1\" }}\n{more}"
        )
    };
    let subscribe = "subscribe = [\"orders\"]\n";
    for (slightfile, world, expected) in [
        (kafka(""), &handler, ["SLT0309", "SLT0202"].as_slice()),
        (kafka(subscribe), &handler, &["SLT0202"]),
        (
            format!("{}{REDIS_ENTRY}", kafka(subscribe)),
            &none,
            &["SLT0202", "SLT0303", "SLT0310"],
        ),
    ] {
        assert_eq!(codes_of(&slightfile, world, Artifact::App), expected, "{slightfile}");
    }
}

#[test]
fn one_missing_and_one_unused_are_one_mistake() {
    let world = world(&[
        "package wasi:cli@0.2.0; interface run { run: func() -> result; }",
        STORE,
        "package a:b; world w { import wasi:keyvalue/store@0.2.0-draft; export wasi:cli/run@0.2.0; }",
    ]);
    let blobs = "[[capability]]\nresource = \"blobstore.filesystem\"\nname = \"a\"\n";
    let http = "[[capability]]\nresource = \"http\"\nname = \"h\"\n";
    let sql = "[[capability]]\nresource = \"sql.sqlite\"\nname = \"s\"\nconfigs = { SQLITE_PATH = \"s\" }\n";
    for (entries, expected) in [
        (vec![blobs], ["SLT0311", "SLT0202"].as_slice()),
        (vec![blobs, http], &["SLT0311", "SLT0202", "SLT0303"]),
        (vec![http], &["SLT0301", "SLT0303"]),
        (
            vec![blobs, sql],
            &["SLT0301", "SLT0202", "SLT0303", "SLT0202", "SLT0303"],
        ),
    ] {
        let slightfile = format!("specversion = \"1.0\"\n{}", entries.concat());
        assert_eq!(codes_of(&slightfile, &world, Artifact::App), expected, "{slightfile}");
    }
}

/// What could not be read may be what is missing; a version that is not hosted asks for no entry.
#[test]
fn nothing_is_missing_beside_what_could_not_be_read() {
    let world = world(&[
        "package wasi:cli@0.2.0; interface run { run: func() -> result; }",
        STORE,
        "package a:b; world w { import wasi:keyvalue/store@0.2.0-draft; export wasi:cli/run@0.2.0; }",
    ]);
    for (entry, expected) in [
        ("resource = \"keyvalue.reddis\"\nname = \"a\"", ["SLT0201"].as_slice()),
        (
            "resource = \"keyvalue.redis\"\nconfigs = { REDIS_ADDRESS = \"redis://h\" }",
            &[],
        ),
    ] {
        let slightfile = format!("specversion = \"1.0\"\n[[capability]]\n{entry}\n");
        assert_eq!(codes_of(&slightfile, &world, Artifact::App), expected, "{entry}");
    }
    let other = STORE.replace("0.2.0-draft", "0.3.0");
    let world = self::world(&[&other, "package a:b; world w { import wasi:keyvalue/store@0.3.0; }"]);
    assert_eq!(codes_of("specversion = \"1.0\"\n", &world, Artifact::Test), ["SLT0304"]);
}

#[test]
fn keys_of_another_capability() {
    let with = |more: &str| format!("{REDIS}{more}\n");
    for (more, expected) in [
        ("subscribe = [\"a\"]", ["SLT0210"].as_slice()),
        (
            "retry = { attempts = 2 }\ngrants = { outbound = [\"https://h\"] }",
            &["SLT0210", "SLT0210"],
        ),
        ("subscribe = []", &[]),
    ] {
        assert_eq!(
            codes_of(&with(more), &World::default(), Artifact::Test),
            expected,
            "{more}"
        );
    }
}

#[test]
fn a_planned_capability_is_looked_at_too() {
    let world = world(&[
        MESSAGING,
        "package a:b; world w { export wasi:messaging/incoming-handler@0.2.0-draft; }",
    ]);
    assert_eq!(codes_of("specversion = \"1.0\"\n", &world, Artifact::App), ["SLT0301"]);
}

proptest! {
    /// Components come from anywhere: what is cut, changed or made up is refused, and nothing worse.
    #[test]
    fn any_bytes_have_a_world_or_none(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..6),
        end in any::<proptest::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let (resolve, package) = resolve(&[STORE, "package a:b; world w { import wasi:keyvalue/atomics@0.2.0-draft; }"]);
        let mut bytes = wit_component::encode(&resolve, package, false).unwrap();
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        let _ = World::from_component(&bytes);
    }
}
