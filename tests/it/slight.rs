//! What users of slight bring along: its command line, its modules; and core modules that say what they need.

use slt::validate::World;
use wasm_encoder::{
    CodeSection, CustomSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection,
    Module, TypeSection,
};
use wit_component::StringEncoding;
use wit_parser::Resolve;

use crate::command::{folder, slt};
use crate::guests;

const PLAIN: &str = "specversion = \"1.0\"\n\n[app]\nname = \"app\"\nversion = \"0.1.0\"\n";

const STORE: &str = "\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"store\"\n\n[capability.configs]\n\
                     REDIS_ADDRESS = \"redis://127.0.0.1:6379\"\n";

/// A slightfile of slight's own, with a capability that slt only plans.
const SLIGHTS: &str =
    "specversion = \"0.2\"\n\n[[capability]]\nresource = \"keyvalue.filesystem\"\nname = \"my-container\"\n";

/// A core module that imports one function and exports another.
fn module(imports: (&str, &str), exports: &str) -> Module {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut importing = ImportSection::new();
    importing.import(imports.0, imports.1, EntityType::Function(0));
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut exporting = ExportSection::new();
    exporting.export(exports, ExportKind::Func, 1);
    let mut body = Function::new([]);
    body.instructions().end();
    let mut code = CodeSection::new();
    code.function(&body);
    let mut module = Module::new();
    module.section(&types).section(&importing).section(&functions);
    module.section(&exporting).section(&code);
    module
}

/// A module as slight 0.5 runs it.
fn slights() -> Vec<u8> {
    module(("keyvalue", "keyvalue::open"), "canonical_abi_realloc").finish()
}

/// A core module with a world of this text embedded, as `wit-bindgen` leaves it.
fn embedded(world: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("world.wit", world).unwrap();
    let world = resolve.select_world(&[package], Some("app")).unwrap();
    let data = wit_component::metadata::encode(&resolve, world, StringEncoding::UTF8, None, false).unwrap();
    let mut module = module(("acme:a/b", "c"), "_start");
    module.section(&CustomSection {
        name: "component-type:app".into(),
        data: data.into(),
    });
    module.finish()
}

#[test]
fn slights_spelling() {
    let hello = std::fs::read(guests::program_path("programs", "hello")).unwrap();
    let folder = folder(&[
        ("conf/slightfile.toml", PLAIN.as_bytes()),
        ("conf/slightfile.bad.toml", b"specversion = \"9\"\n"),
        ("out/slightfile.toml", b"specversion = \"9\"\n"),
        ("out/hello.wasm", &hello),
    ]);
    let mut shown = String::new();
    for (arguments, code) in [
        (
            &["-c", "conf/slightfile.toml", "run", "-m", "out/hello.wasm", "--", "you"][..],
            0,
        ),
        (&["-c", "conf/slightfile.toml", "run", "--module", "out/hello.wasm"], 0),
        (&["-c", "conf/slightfile.toml", "run", "out/hello.wasm", "-l"], 0),
        (&["-c", "conf", "run", "-m", "out/hello.wasm"], 0),
        (
            &["-C", "out", "-c", "../conf/slightfile.toml", "run", "-m", "hello.wasm"],
            0,
        ),
        (&["-c", "conf/slightfile.bad.toml", "run", "-m", "out/hello.wasm"], 2),
        (&["-c", "conf/missing.toml", "run", "-m", "out/hello.wasm"], 2),
        (&["-c", "conf/slightfile.toml", "run", "-m", "hello.wasm"], 2),
        (
            &[
                "-c",
                "conf/slightfile.toml",
                "run",
                "out/hello.wasm",
                "-m",
                "out/hello.wasm",
            ],
            2,
        ),
        // without `-c`, it is the one beside the component
        (&["run", "-m", "out/hello.wasm"], 2),
    ] {
        let run = slt(folder.path(), arguments);
        assert_eq!(run.code, code, "{arguments:?}: {}", run.shown(folder.path()));
        shown.push_str(&format!(
            "$ slt {}\n{}\n",
            arguments.join(" "),
            run.shown(folder.path())
        ));
    }
    insta::assert_snapshot!("spelling", shown);
}

#[test]
fn what_is_above_a_component_is_not_where_the_user_works() {
    let hello = std::fs::read(guests::program_path("programs", "hello")).unwrap();
    let folder = folder(&[("here/slightfile.toml", PLAIN.as_bytes()), ("there/hello.wasm", &hello)]);
    let run = slt(&folder.path().join("here"), &["run", "../there/hello.wasm"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(
        run.stderr.starts_with("error: there is no `slightfile.toml` in "),
        "{}",
        run.stderr
    );
}

#[test]
fn modules_of_slight_are_told_from_damaged_ones() {
    let damaged = slights();
    let folder = folder(&[
        ("slightfile.toml", SLIGHTS.as_bytes()),
        ("app.wasm", &slights()),
        ("damaged.wasm", &damaged[..damaged.len() - 20]),
    ]);
    let mut shown = String::new();
    for (arguments, code) in [
        (&["check", "app.wasm"][..], 1),
        (&["check", "app.wasm", "--format", "json"], 1),
        (&["run", "app.wasm"], 1),
        (&["-c", "slightfile.toml", "run", "-m", "app.wasm"], 1),
        (&["run", "app.wasm", "-c", "missing.toml"], 1),
        (&["check", "damaged.wasm"], 1),
    ] {
        let run = slt(folder.path(), arguments);
        assert_eq!(run.code, code, "{arguments:?}: {}", run.shown(folder.path()));
        shown.push_str(&format!(
            "$ slt {}\n{}\n",
            arguments.join(" "),
            run.shown(folder.path())
        ));
    }
    insta::assert_snapshot!("modules", shown);
}

/// What `app.core.wasm` of these tests needs.
const WORLD: &str = "package a:b;
world app {
  import wasi:keyvalue/store@0.2.0-draft;
  export wasi:cli/run@0.2.0;
}
package wasi:keyvalue@0.2.0-draft {
  interface store {
    variant error { no-such-store, access-denied, other(string) }
    open: func(identifier: string) -> result<bucket, error>;
    resource bucket { get: func(key: string) -> result<option<list<u8>>, error>; }
  }
}
package wasi:cli@0.2.0 {
  interface run { run: func() -> result; }
}
";

#[test]
fn an_embedded_world_that_is_damaged_is_an_error_and_no_panic() {
    let whole = embedded(WORLD);
    assert_eq!(World::from_component(&whole).unwrap().imports.len(), 1);
    for at in 0..whole.len() {
        assert!(at < 8 || World::from_component(&whole[..at]).is_err(), "cut at {at}");
        for change in [1, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[at] ^= change;
            let _ = World::from_component(&damaged);
        }
    }
}

#[test]
fn a_core_module_is_checked_against_the_world_that_is_embedded_in_it() {
    let core = embedded(WORLD);
    let bare = module(("acme:a/b", "c"), "_start").finish();
    let mut shown = String::new();
    for (text, arguments, code) in [
        (PLAIN.to_owned(), &["check", "app.core.wasm"][..], 1),
        (format!("{PLAIN}{STORE}"), &["check", "app.core.wasm"], 0),
        (format!("{PLAIN}component = \"app.core.wasm\"\n{STORE}"), &["check"], 0),
        (format!("{PLAIN}{STORE}"), &["run", "app.core.wasm"], 1),
        (format!("{PLAIN}{STORE}"), &["check", "bare.wasm"], 1),
        (format!("{PLAIN}{STORE}"), &["check", "cut.wasm"], 1),
    ] {
        let folder = folder(&[
            ("slightfile.toml", text.as_bytes()),
            ("app.core.wasm", &core),
            ("bare.wasm", &bare),
            ("cut.wasm", &core[..core.len() - 9]),
        ]);
        let run = slt(folder.path(), arguments);
        assert_eq!(run.code, code, "{arguments:?}: {}", run.shown(folder.path()));
        shown.push_str(&format!(
            "$ slt {}\n{}\n",
            arguments.join(" "),
            run.shown(folder.path())
        ));
    }
    insta::assert_snapshot!("embedded", shown);
}
