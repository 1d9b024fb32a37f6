//! `slt build`: with the real cargo on the template, and with tools that the test writes for what a machine lacks.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use wit_parser::decoding::{DecodedWasm, decode};

use crate::command::{Run, slt_with};

/// A project's folder, and the environment in which `slt` runs there.
struct Project {
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
}

impl Project {
    /// A folder with these files, and the tools of this machine.
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            write(&folder.path().join(path), text.as_bytes());
        }
        let kept = ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];
        let mut environment: Vec<_> = kept
            .into_iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?.into_string().unwrap())))
            .collect();
        environment.push(("CARGO_TARGET_DIR", crate::guests::target().display().to_string()));
        Self { folder, environment }
    }

    /// The Rust template under another name: in a target directory that is shared, packages of one name would take each
    /// other's place.
    fn template(name: &str) -> Self {
        let project = Self::new(&[]);
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/rust");
        copy(&template, project.path());
        for file in ["Cargo.toml", "Cargo.lock"] {
            let path = project.path().join(file);
            let text = fs::read_to_string(&path).unwrap();
            write(
                &path,
                text.replace("name = \"shortener\"", &format!("name = \"{name}\""))
                    .as_bytes(),
            );
        }
        project
    }

    /// A package, and in place of the machine's tools these shell scripts.
    fn with_tools(tools: &[(&str, &str)]) -> Self {
        let mut project = Self::new(&[("Cargo.toml", "[package]\nname = \"app\"\nversion = \"1.2.3\"\n")]);
        let bin = project.path().join("bin");
        fs::create_dir(&bin).unwrap();
        for (name, script) in tools {
            let tool = bin.join(name);
            write(&tool, format!("#!/bin/sh\n{script}\n").as_bytes());
            executable(&tool);
        }
        project.environment = vec![("PATH", bin.display().to_string())];
        project
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What slt does here; the folder is written as `[DIR]`.
    fn slt(&self, arguments: &[&str]) -> Run {
        let environment: Vec<(&str, &str)> = self
            .environment
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let run = slt_with(self.path(), arguments, &environment);
        let real = self.path().canonicalize().unwrap();
        let shown = |text: String| {
            text.replace(&real.display().to_string(), "[DIR]")
                .replace(&self.path().display().to_string(), "[DIR]")
        };
        Run {
            code: run.code,
            stdout: shown(run.stdout),
            stderr: shown(run.stderr),
        }
    }

    /// What `slt build` reports, one JSON object each.
    fn build(&self) -> (Run, Vec<serde_json::Value>) {
        let run = self.slt(&["build", "--format", "json"]);
        let events = run
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        (run, events)
    }
}

/// The exit code and what people read.
fn failure(run: &Run) -> String {
    format!("exit: {}\n{}", run.code, run.stderr)
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (name, target) = (entry.file_name(), to.join(entry.file_name()));
        match entry.file_type().unwrap().is_dir() {
            true if name == "target" || name == "dist" => {}
            true => copy(&entry.path(), &target),
            false => write(&target, &fs::read(entry.path()).unwrap()),
        }
    }
}

#[cfg(unix)]
fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_string()
}

/// Commits all that git is not told to leave out, and says which commit that is.
fn commit(folder: &Path) -> String {
    git(folder, &["add", "--all"]);
    let author = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    git(folder, &[&author[..], &["commit", "--quiet", "-m", "one"]].concat());
    git(folder, &["rev-parse", "HEAD"])
}

/// What a component imports, apart from what Rust's standard library always does, and what it exports.
fn world(component: &[u8]) -> String {
    let DecodedWasm::Component(resolve, world) = decode(component).unwrap() else {
        panic!("it holds WIT only");
    };
    let name = |key: &wit_parser::WorldKey| resolve.name_world_key(key);
    let world = &resolve.worlds[world];
    let imports = world.imports.keys().map(|key| ("import", name(key)));
    let exports = world.exports.keys().map(|key| ("export", name(key)));
    let own = |name: &str| !name.starts_with("wasi:cli/") && !name.starts_with("wasi:io/");
    let mut lines: Vec<String> = imports
        .chain(exports)
        .filter(|(_, name)| own(name))
        .map(|(what, name)| format!("{what} {name}"))
        .collect();
    lines.sort();
    lines.join("\n")
}

/// Whether a component has a custom section with this name and content.
fn has_section(component: &[u8], name: &str, content: &str) -> bool {
    let section = [
        &[u8::try_from(name.len()).unwrap()],
        name.as_bytes(),
        content.as_bytes(),
    ]
    .concat();
    component.windows(section.len()).any(|window| window == section)
}

#[test]
fn the_template_becomes_a_component_that_says_what_it_is() {
    let project = Project::template("it-build-template");
    git(project.path(), &["init", "--quiet"]);
    // cargo puts its lock into its own order first
    assert_eq!(project.build().0.code, 0);
    let head = commit(project.path());

    let (run, events) = project.build();
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let component = fs::read(project.path().join("dist/it-build-template.wasm")).unwrap();
    insta::assert_snapshot!(world(&component), @r"
    export wasi:http/incoming-handler@0.2.12
    import wasi:clocks/monotonic-clock@0.2.12
    import wasi:clocks/wall-clock@0.2.6
    import wasi:http/types@0.2.12
    import wasi:keyvalue/atomics@0.2.0-draft
    import wasi:keyvalue/batch@0.2.0-draft
    import wasi:keyvalue/store@0.2.0-draft
    ");
    assert!(has_section(&component, "version", "0.1.0"));
    assert!(has_section(&component, "revision", &head));
    let built = events.last().unwrap();
    assert_eq!(built["kind"], "built");
    assert_eq!(built["path"], "[DIR]/dist/it-build-template.wasm");
    assert_eq!(built["bytes"], component.len());
}

#[test]
fn what_has_not_changed_is_not_written_again() {
    let project = Project::template("it-build-again");
    let written = |project: &Project| {
        let (run, _) = project.build();
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        let path = project.path().join("dist/it-build-again.wasm");
        (
            fs::metadata(&path).unwrap().modified().unwrap(),
            fs::read(path).unwrap(),
        )
    };
    let first = written(&project);
    assert!(written(&project) == first, "nothing has changed");

    // A change to the sources, one to what was written, and one to the revision.
    let source = project.path().join("src/links.rs");
    let text = fs::read_to_string(&source).unwrap();
    write(&source, text.replace("\"last\"", "\"latest\"").as_bytes());
    let second = written(&project);
    assert!(second.1 != first.1, "the code has changed");

    write(&project.path().join("dist/it-build-again.wasm"), b"");
    assert!(written(&project).1 == second.1, "what was written has changed");

    git(project.path(), &["init", "--quiet"]);
    let head = commit(project.path());
    let third = written(&project);
    assert!(has_section(&third.1, "revision", &head));

    // what is not as it was committed is not of that commit, whether git knows the file or not
    for (name, text) in [("README.md", &b"changed"[..]), ("src/new.rs", b"")] {
        let path = project.path().join(name);
        let before = fs::read(&path).ok();
        write(&path, text);
        assert!(!has_section(&written(&project).1, "revision", &head), "{name}");
        match before {
            Some(before) => write(&path, &before),
            None => fs::remove_file(&path).unwrap(),
        }
        assert!(written(&project).1 == third.1, "{name} is as it was");
    }
}

#[test]
fn code_that_does_not_compile_is_shown_and_fails() {
    let project = Project::new(&[
        (
            "Cargo.toml",
            "[package]\nname = \"it-build-broken\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        ),
        ("src/main.rs", "fn main() {\n    missing();\n}\n"),
    ]);
    let (run, events) = project.build();
    insta::assert_snapshot!(failure(&run), @r"
    exit: 1
    error: the build failed
    ");
    let shown: Vec<&str> = events.iter().filter_map(|event| event["text"].as_str()).collect();
    let at = |text: &str| {
        shown
            .iter()
            .position(|line| line.contains(text))
            .unwrap_or_else(|| panic!("{text}: {shown:#?}"))
    };
    // In the order of cargo's own output.
    assert!(at("Compiling it-build-broken") < at("error[E0425]: cannot find function `missing`"));
    assert!(at("error[E0425]") < at("could not compile"));
    assert!(!project.path().join("dist").exists());
}

#[test]
fn a_program_becomes_a_component() {
    let project = Project::new(&[
        (
            "Cargo.toml",
            "[package]\nname = \"it-build-program\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        ),
        ("src/main.rs", "fn main() {\n    println!(\"hello\");\n}\n"),
    ]);
    let (run, _) = project.build();
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(project.path().join("dist/it-build-program.wasm").is_file());
}

#[test]
fn what_is_no_application_is_refused() {
    let package = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    let check = |files: &[(&str, &str)]| failure(&Project::new(files).slt(&["--quiet", "build"]));
    insta::assert_snapshot!(check(&[]), @r"
    exit: 2
    error: there is neither a `Cargo.toml` nor a `src/*.c` in `[DIR]`
    hint: `slt new NAME` writes a project; `-C DIR` works in another folder
    ");
    insta::assert_snapshot!(check(&[("Cargo.toml", "[workspace]\nmembers = []\n")]), @r"
    exit: 2
    error: `[DIR]` is a workspace and no package
    hint: choose one of its packages with `-C DIR`
    ");
    insta::assert_snapshot!(check(&[("Cargo.toml", &package("it-build-library")), ("src/lib.rs", "")]), @r#"
    exit: 2
    error: `[DIR]/Cargo.toml` builds no component
    hint: give the library `crate-type = ["cdylib", "rlib"]` in `Cargo.toml`, or the package a `src/main.rs`
    "#);
    insta::assert_snapshot!(check(&[
        ("Cargo.toml", &package("it-build-two")),
        ("src/bin/a.rs", "fn main() {}"),
        ("src/bin/b.rs", "fn main() {}"),
    ]), @r"
    exit: 2
    error: `[DIR]/Cargo.toml` builds more than one component: `a`, `b`
    hint: name one of them as `default-run` in `Cargo.toml`
    ");
    let refused = Project::new(&[("Cargo.toml", "[package]\nname = 1\n")]).build().0;
    insta::assert_snapshot!(failure(&refused), @r"
    exit: 2
    error: cargo can't read the package in `[DIR]`
    ");
    assert!(refused.stdout.contains("invalid type: integer"), "{}", refused.stdout);
}

#[cfg(unix)]
#[test]
fn a_missing_cargo_is_named() {
    let project = Project::with_tools(&[("rustc", "echo /")]);
    insta::assert_snapshot!(failure(&project.slt(&["build"])), @r"
    exit: 3
    error: `cargo` is not on PATH
    hint: install Rust from https://rustup.rs, then open a new terminal
    ");
}

/// Says where the target's library would be: there once `rustup` has run.
#[cfg(unix)]
const RUSTC: &str = "test -e installed && echo / || echo /missing";

/// Compiles nothing, and reports that it made `made.wasm`.
#[cfg(unix)]
const CARGO: &str = r#"echo "   Compiling app v1.2.3" >&2
echo '{"reason":"compiler-artifact","package_id":"path+file:///app#1.2.3","manifest_path":"'$PWD/Cargo.toml'","target":{"kind":["cdylib"],"crate_types":["cdylib"],"name":"app","src_path":"/app/src/lib.rs"},"profile":{"opt_level":"0","debug_assertions":true,"overflow_checks":true,"test":false},"features":[],"filenames":["'$PWD/made.wasm'"],"executable":null,"fresh":false}'
echo '{"reason":"build-finished","success":true}'"#;

#[cfg(unix)]
#[test]
fn a_missing_target_is_installed_after_saying_so() {
    let rustup = "test \"$1\" = target || exit 0; echo \"info: $*\" >&2; : > installed";
    let project = Project::with_tools(&[("rustc", RUSTC), ("rustup", rustup), ("cargo", CARGO)]);
    write(&project.path().join("made.wasm"), b"\0asm\x0d\0\x01\0");
    let (run, events) = project.build();
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let told: Vec<String> = events
        .iter()
        .map(|event| {
            format!(
                "{} {}",
                event["kind"],
                event.get("message").or(event.get("text")).unwrap_or(&event["path"])
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    "step" "the Rust target `wasm32-wasip2`, with `rustup target add wasm32-wasip2`"
    "tool" "info: target add wasm32-wasip2"
    "tool" "   Compiling app v1.2.3"
    "built" "[DIR]/dist/app.wasm"
    "#);
    // Without a repository there is no revision.
    let component = fs::read(project.path().join("dist/app.wasm")).unwrap();
    assert!(has_section(&component, "version", "1.2.3"));
    assert!(!component.windows(8).any(|window| window == b"revision"));
}

#[cfg(unix)]
#[test]
fn a_target_that_cannot_be_installed_is_named() {
    let none = Project::with_tools(&[("rustc", RUSTC), ("cargo", CARGO)]);
    insta::assert_snapshot!(failure(&none.slt(&["build"])), @r"
    exit: 3
    error: the Rust target `wasm32-wasip2` is not installed
    hint: with rustup (https://rustup.rs) it is `rustup target add wasm32-wasip2`; without, the package of your system that holds Rust's standard library for WebAssembly
    ");
    let offline = Project::with_tools(&[("rustc", RUSTC), ("rustup", "exit 1"), ("cargo", CARGO)]);
    insta::assert_snapshot!(failure(&offline.slt(&["build"])), @r"
    exit: 3
      Installing the Rust target `wasm32-wasip2`, with `rustup target add wasm32-wasip2`
    error: the Rust target `wasm32-wasip2` is not installed
    hint: once rustup can download it: `rustup target add wasm32-wasip2`
    ");
}

/// A target directory that is not the usual one: that the target is missing shows when cargo fails.
#[cfg(unix)]
#[test]
fn a_target_that_turns_out_to_be_missing_is_installed_too() {
    let cargo = format!(
        "test -e installed || {{ echo '{{\"reason\":\"build-finished\",\"success\":false}}'; exit 101; }}\n{CARGO}"
    );
    let project = Project::with_tools(&[("rustc", RUSTC), ("rustup", ": > installed"), ("cargo", &cargo)]);
    fs::create_dir_all(project.path().join("target/wasm32-wasip2")).unwrap();
    write(&project.path().join("made.wasm"), b"\0asm\x0d\0\x01\0");
    let (run, _) = project.build();
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

#[cfg(unix)]
#[test]
fn what_is_no_component_is_not_written() {
    let check = |bytes: &[u8]| {
        let project = Project::with_tools(&[("rustc", "echo /"), ("cargo", CARGO)]);
        write(&project.path().join("made.wasm"), bytes);
        let run = project.build().0;
        assert!(!project.path().join("dist").exists());
        failure(&run)
    };
    insta::assert_snapshot!(check(b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x07\x01\x01a\x01b\0\0"), @r"
    exit: 1
    error: `[DIR]/made.wasm` is a core module, and no world is embedded in it
    hint: in Rust, compile for `wasm32-wasip2`, whose output is a component; in C, link the object file that `wit-bindgen` makes
    ");
    insta::assert_snapshot!(check(b"\0asm\x0d\0\x01\0\x01\xc8\x01"), @r"
    exit: 1
    error: `[DIR]/made.wasm` is no valid component: unexpected end-of-file (at offset 0xb)
    ");
    insta::assert_snapshot!(check(b"not wasm"), @r"
    exit: 1
    error: `[DIR]/made.wasm` is no WebAssembly
    ");
}

/// Cargo gave up before it compiled: nothing to be mended in the code.
#[cfg(unix)]
#[test]
fn crates_that_cannot_be_fetched_are_the_environments_fault() {
    let cargo = "test \"$1\" = metadata && exit 0\necho 'error: failed to download' >&2\nexit 101";
    let project = Project::with_tools(&[("rustc", "echo /"), ("cargo", cargo)]);
    let (run, events) = project.build();
    insta::assert_snapshot!(failure(&run), @r"
    exit: 3
    error: cargo gave up before it compiled anything
    hint: the first build fetches crates, and needs the network for it
    ");
    assert_eq!(events[0]["text"], "error: failed to download");
}
