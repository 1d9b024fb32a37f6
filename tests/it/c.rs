//! `slt build` of C: with the C toolchain of this machine, and with tools that the test writes for what a machine lacks.

use std::fs;
use std::path::Path;
#[cfg(unix)]
use std::path::PathBuf;
#[cfg(unix)]
use std::process::Command;

use tempfile::TempDir;

use crate::command::{Run, folder, install_c, slt_with};

/// A world that exports one function, and one that exports nothing.
const CALLED: &str = "package example:c;\nworld c { export add: func(a: u32, b: u32) -> u32; }\n";
const COMMAND: &str = "package example:c;\ninterface log { line: func(text: string); }\nworld c { import log; }\n";

const ADD: &str = "#include \"app.h\"\n\nuint32_t exports_app_add(uint32_t a, uint32_t b) { return a + b; }\n";
const HELLO: &str = "#include <stdio.h>\n\nint main(void) {\n  puts(\"hello\");\n  return 0;\n}\n";

const SLIGHTFILE: &str = "specversion = \"1.0\"\n\n[app]\nname = \"c\"\nversion = \"1.2.3\"\n";

/// A project of this world, with these sources.
fn project(world: &str, sources: &[(&str, &str)]) -> TempDir {
    let project = folder(&[
        ("slightfile.toml", SLIGHTFILE.as_bytes()),
        ("wit/world.wit", world.as_bytes()),
    ]);
    for (path, text) in sources {
        let path = project.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    project
}

/// Runs slt with the tools of this machine.
fn slt(project: &Path, arguments: &[&str]) -> Run {
    with_tools(project, arguments, &[])
}

/// The same, with these variables too.
fn with_tools(project: &Path, arguments: &[&str], more: &[(&str, &str)]) -> Run {
    let kept = ["PATH", "WASI_SDK_PATH", "HOME"];
    let own: Vec<(&str, String)> = kept
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?.into_string().unwrap())))
        .collect();
    let own = own.iter().map(|(name, value)| (*name, value.as_str()));
    let all: Vec<(&str, &str)> = own.chain(more.iter().copied()).collect();
    slt_with(project, arguments, &all)
}

/// Runs `slt build` with a WASI SDK whose clang is this shell script.
#[cfg(unix)]
fn with_clang(project: &Path, script: &str) -> Run {
    use std::os::unix::fs::PermissionsExt;

    let sdk = project.join("sdk");
    let clang = sdk.join("bin/clang");
    let libc = sdk.join("share/wasi-sysroot/lib/wasm32-wasip1/libc.a");
    for file in [&clang, &libc] {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
    }
    fs::write(&libc, "").unwrap();
    fs::write(&clang, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&clang, fs::Permissions::from_mode(0o755)).unwrap();
    slt_with(project, &["build"], &[("PATH", ""), ("WASI_SDK_PATH", "sdk")])
}

/// The exit code and what people read. What to install depends on the machine, and is written as `[INSTALL]`.
fn failure(run: &Run, project: &Path) -> String {
    format!("exit: {}\n{}", run.code, run.stderr)
        .replace(&project.canonicalize().unwrap().display().to_string(), "[DIR]")
        .replace(&project.display().to_string(), "[DIR]")
        .replace(&install_c(), "[INSTALL]")
}

/// From the first line of slt's own: what the compiler says above it depends on its version.
fn own_words(run: &Run, project: &Path) -> String {
    let shown = failure(run, project);
    let at = shown.find("\nerror: ").expect(&shown);
    format!("{}\n…{}", shown.lines().next().unwrap(), &shown[at..])
}

#[test]
fn without_a_toolchain() {
    let project = project(CALLED, &[("src/c.c", ADD)]);
    let run = slt_with(project.path(), &["build"], &[("PATH", "")]);
    insta::assert_snapshot!(failure(&run, project.path()));
    let run = slt_with(
        project.path(),
        &["build"],
        &[("PATH", ""), ("WASI_SDK_PATH", "/nowhere")],
    );
    insta::assert_snapshot!("a_sdk_that_is_not_there", failure(&run, project.path()));
}

#[cfg(unix)]
#[test]
fn a_clang_without_a_wasm_target() {
    let project = project(CALLED, &[("src/c.c", ADD)]);
    let script = r#"echo "error: unable to create target: 'No available targets are compatible with triple \"wasm32-unknown-wasip1\"'" >&2; exit 1"#;
    insta::assert_snapshot!(failure(&with_clang(project.path(), script), project.path()));
}

/// A clang that compiles, and says this when it is to link.
#[cfg(unix)]
fn with_linker(project: &Path, says: &str) -> Run {
    let script = format!(
        "case \" $* \" in\n\
         *' -c '*) while [ $# -gt 0 ]; do case $1 in -o) : > \"$2\";; -MF) echo 'a.o: src/c.c' > \"$2\";; esac; shift; done;;\n\
         *) echo '{says}' >&2; exit 1;;\n\
         esac"
    );
    with_clang(project, &format!("PATH=/usr/bin:/bin\n{script}"))
}

#[cfg(unix)]
#[test]
fn a_toolchain_that_is_not_whole() {
    let project = project(CALLED, &[("src/c.c", ADD)]);
    let mut shown = String::new();
    for says in [
        r#"clang: error: unable to execute command: Executable "wasm-ld" doesn'\''t exist!"#,
        "wasm-ld: error: cannot open /usr/lib/clang/14/lib/wasi/libclang_rt.builtins-wasm32.a: No such file or directory",
    ] {
        shown.push_str(&failure(&with_linker(project.path(), says), project.path()));
        shown.push('\n');
    }
    let script = "echo \"src/c.c:1:10: fatal error: 'stdlib.h' file not found\" >&2; exit 1";
    shown.push_str(&failure(&with_clang(project.path(), script), project.path()));
    insta::assert_snapshot!(shown);
}

#[cfg(unix)]
#[test]
fn code_that_does_not_compile() {
    let project = project(CALLED, &[("src/c.c", ADD)]);
    let script =
        "echo \"src/c.c:3:5: error: expected ';' after return statement\" >&2; echo '1 error generated.' >&2; exit 1";
    insta::assert_snapshot!(failure(&with_clang(project.path(), script), project.path()));
}

#[cfg(unix)]
#[test]
fn code_that_does_not_link() {
    let project = project(CALLED, &[("src/c.c", ADD)]);
    let run = with_linker(project.path(), "wasm-ld: error: build/c.o: undefined symbol: helper");
    insta::assert_snapshot!(failure(&run, project.path()));
}

#[test]
fn a_world_that_is_not_there_or_not_clear() {
    let sources = &[("src/c.c", ADD)];
    let none = project(CALLED, sources);
    fs::remove_dir_all(none.path().join("wit")).unwrap();
    let run = slt_with(none.path(), &["build"], &[]);
    insta::assert_snapshot!("no_wit", failure(&run, none.path()));
    let several = project("package example:c;\nworld a {}\nworld b {}\n", sources);
    let run = slt_with(several.path(), &["build"], &[]);
    insta::assert_snapshot!("several_worlds", failure(&run, several.path()));
    let wrong = project("package example:c;\nworld c { export add }\n", sources);
    let run = slt_with(wrong.path(), &["build"], &[]);
    insta::assert_snapshot!("wrong_wit", failure(&run, wrong.path()));
}

#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn what_is_called_and_what_is_run() {
    let called = project(CALLED, &[("src/c.c", ADD)]);
    let run = slt(called.path(), &["build"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let command = project(COMMAND, &[("src/main.c", HELLO)]);
    let run = slt(command.path(), &["run", "--quiet"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "hello\n"), "{}", run.stderr);
    // nothing has changed
    let object = command.path().join("build/debug/objects/app/src/main.o");
    let before = fs::metadata(&object).unwrap().modified().unwrap();
    assert_eq!(slt(command.path(), &["build"]).code, 0);
    assert_eq!(fs::metadata(&object).unwrap().modified().unwrap(), before);
    // a release has no names of functions, and is smaller
    let size = |path: &str| fs::metadata(command.path().join(path)).unwrap().len();
    let debug = size("dist/c.wasm");
    assert_eq!(slt(command.path(), &["build", "--release"]).code, 0);
    assert!(size("dist/c.wasm") < debug / 2, "{debug}");
}

#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn what_a_header_changes_is_compiled_again() {
    let main = "#include \"text.h\"\n#include <stdio.h>\n\nint main(void) {\n  puts(TEXT);\n  return 0;\n}\n";
    let project = project(
        COMMAND,
        &[
            ("src/main.c", main),
            ("src/other.c", "int other;\n"),
            ("include/text.h", "#define TEXT \"one\"\n"),
        ],
    );
    let output = || slt(project.path(), &["run", "--quiet"]).stdout;
    assert_eq!(output(), "one\n");
    let changed = |name: &str| {
        let object = project.path().join(format!("build/debug/objects/app/src/{name}.o"));
        fs::metadata(object).unwrap().modified().unwrap()
    };
    let (main, other) = (changed("main"), changed("other"));
    fs::write(project.path().join("include/text.h"), "#define TEXT \"two\"\n").unwrap();
    assert_eq!(output(), "two\n");
    assert!(changed("main") > main);
    assert_eq!(changed("other"), other);
    // so are other flags
    assert_eq!(
        with_tools(project.path(), &["build"], &[("CFLAGS", "-DUNUSED")]).code,
        0
    );
    assert!(changed("other") > other);
    let commands = fs::read_to_string(project.path().join("build/compile_commands.json")).unwrap();
    let commands: Vec<serde_json::Value> = serde_json::from_str(&commands).unwrap();
    assert_eq!(commands.len(), 2, "{commands:?}");
    assert!(commands[0]["file"].as_str().unwrap().ends_with("src/main.c"));
    let arguments: Vec<_> = commands[0]["arguments"].as_array().unwrap().iter().collect();
    assert!(
        arguments.iter().any(|argument| *argument == "-DUNUSED"),
        "{arguments:?}"
    );
}

/// Standard output is there after the host has allocated in the guest, which an old WASI libc takes amiss.
#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn output_outlives_a_call_of_the_host() {
    let wit = "package example:c;\nworld c { import wasi:cli/environment@0.2.0; }\n";
    let cli = "package wasi:cli@0.2.0;\ninterface environment { get-arguments: func() -> list<string>; }\n";
    let main = "#include \"app.h\"\n#include <stdio.h>\n\nint main(void) {\n  puts(\"before\");\n  app_list_string_t arguments;\n  \
                wasi_cli_environment_get_arguments(&arguments);\n  printf(\"after %zu\\n\", arguments.len);\n  \
                app_list_string_free(&arguments);\n  return 0;\n}\n";
    let project = project(wit, &[("src/main.c", main), ("wit/deps/cli.wit", cli)]);
    let run = slt(project.path(), &["run", "--quiet"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (0, "before\nafter 1\n"),
        "{}",
        run.stderr
    );
}

#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn real_errors_come_through() {
    let wrong = ADD.replace("a + b;", "a + b");
    let project = project(CALLED, &[("src/c.c", &wrong)]);
    let run = slt(project.path(), &["build"]);
    assert!(run.stderr.contains("src/c.c:3:"), "{}", run.stderr);
    assert!(run.stderr.contains("return a + b"), "{}", run.stderr);
    insta::assert_snapshot!("a_compile_error", own_words(&run, project.path()));
    assert!(project.path().join("build/compile_commands.json").is_file());
    let undefined = format!("uint32_t helper(void);\n{ADD}").replace("a + b", "a + helper()");
    fs::write(
        project.path().join("src/c.c"),
        format!("#include <stdint.h>\n{undefined}"),
    )
    .unwrap();
    let run = slt(project.path(), &["build"]);
    assert!(run.stderr.contains("undefined symbol: helper"), "{}", run.stderr);
    insta::assert_snapshot!("a_link_error", own_words(&run, project.path()));
}

#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn a_world_that_the_code_does_not_implement() {
    let project = project(CALLED, &[("src/c.c", "int other(void) { return 1; }\n")]);
    let run = slt(project.path(), &["build"]);
    insta::assert_snapshot!(own_words(&run, project.path()));
}

#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn reactor_and_command_mixed_up() {
    let main = project(CALLED, &[("src/main.c", HELLO)]);
    let run = slt(main.path(), &["build"]);
    insta::assert_snapshot!("a_main_in_what_is_called", own_words(&run, main.path()));
    let no_main = project(COMMAND, &[("src/c.c", "int other(void) { return 1; }\n")]);
    let run = slt(no_main.path(), &["build"]);
    insta::assert_snapshot!("no_main_in_a_command", own_words(&run, no_main.path()));
    let test = project(
        CALLED,
        &[("src/c.c", ADD), ("tests/t.c", "int other(void) { return 1; }\n")],
    );
    let run = slt(test.path(), &["test"]);
    insta::assert_snapshot!("no_main_in_a_test", own_words(&run, test.path()));
}

#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn a_trap_says_where() {
    let source = "#include <stdlib.h>\n\n\
                  __attribute__((noinline)) void shoot(int target) {\n  *(volatile int *)target = 1;\n}\n\n\
                  __attribute__((noinline)) void give_up(void) { abort(); }\n\n\
                  int main(int argc, char **argv) {\n  (void)argv;\n  if (argc > 1)\n    shoot(-16);\n  give_up();\n}\n";
    let project = project(COMMAND, &[("src/main.c", source)]);
    let shown = |arguments: &[&str]| {
        let run = slt(project.path(), arguments);
        failure(&run, project.path())
    };
    let (aborts, shoots) = (shown(&["run", "--quiet"]), shown(&["run", "--quiet", ".", "--", "x"]));
    insta::assert_snapshot!(format!("{aborts}\n{shoots}"));
}

/// Puts a program `wit-bindgen` into a folder, which has these bindings of a world and no others.
#[cfg(unix)]
pub fn play_wit_bindgen(folder: &Path, bindings: &Path, world: &str) {
    use std::os::unix::fs::PermissionsExt;

    let program = folder.join("wit-bindgen");
    let script = format!(
        "#!/bin/sh\n[ \"$*\" = 'c wit --world {world} --rename-world app --out-dir build/bindings/app' ] || exit 1\n\
         mkdir -p build/bindings/app && cp {}/* build/bindings/app\n",
        bindings.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The linker that makes components, which Rust brings.
#[cfg(unix)]
pub fn component_linker() -> PathBuf {
    let rustc = |arguments: &[&str]| {
        let output = Command::new("rustc").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let host = rustc(&["-vV"]);
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let sysroot = PathBuf::from(rustc(&["--print", "sysroot"]));
    sysroot.join("lib/rustlib").join(host).join("bin/wasm-component-ld")
}

/// Runs `make` in a project, with a folder of programs that comes first on PATH: whether it succeeded, and what it said.
#[cfg(unix)]
pub fn make(project: &Path, programs: &Path, arguments: &[&str]) -> (bool, String) {
    let path = std::env::var_os("PATH").unwrap().into_string().unwrap();
    let made = Command::new("make")
        .args(arguments)
        .env("PATH", format!("{}:{path}", programs.display()))
        .current_dir(project)
        .output()
        .unwrap();
    (made.status.success(), String::from_utf8(made.stderr).unwrap())
}

/// The template's Makefile, with wit-bindgen's program played by what slt generated with its library, and with the linker that makes
/// components which Rust brings.
#[cfg(unix)]
#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn the_makefile_of_the_template_needs_no_slt() {
    let empty = folder(&[]);
    assert_eq!(slt(empty.path(), &["new", "by-hand", "--template", "c"]).code, 0);
    let by_hand = empty.path().join("by-hand");
    assert_eq!(slt(&by_hand, &["build", "--release"]).code, 0);
    let bindings = empty.path().join("bindings");
    fs::rename(by_hand.join("build/bindings/app"), &bindings).unwrap();
    fs::remove_dir_all(by_hand.join("build")).unwrap();
    fs::rename(by_hand.join("dist/by-hand.wasm"), empty.path().join("slt.wasm")).unwrap();

    play_wit_bindgen(empty.path(), &bindings, "by-hand");
    let make = |ldflags: &str| {
        let ldflags = format!("LDFLAGS={ldflags}");
        make(&by_hand, empty.path(), &["CC=clang --target=wasm32-wasi", &ldflags])
    };
    // Makes the component; returns how many sources it has, and when it was made.
    let component = by_hand.join("dist/by-hand.wasm");
    let components = format!("-fuse-ld={}", component_linker().display());
    let made = || {
        let (success, said) = make(&components);
        assert!(success, "{said}");
        let commands = fs::read(by_hand.join("build/compile_commands.json")).unwrap();
        let commands: Vec<serde_json::Value> = serde_json::from_slice(&commands).unwrap();
        (commands.len(), fs::metadata(&component).unwrap().modified().unwrap())
    };
    let (sources, first) = made();
    assert_eq!((sources, made()), (4, (4, first)));
    // a source comes, its header has another name, it goes
    let (source, header) = (by_hand.join("src/more.c"), by_hand.join("src/more.h"));
    fs::write(&header, "#define MORE 1\n").unwrap();
    fs::write(&source, "#include \"more.h\"\nint more = MORE;\n").unwrap();
    let (sources, more) = made();
    assert!(sources == 5 && more > first, "{sources}");
    fs::rename(&header, by_hand.join("src/renamed.h")).unwrap();
    fs::write(&source, "#include \"renamed.h\"\nint more = MORE;\n").unwrap();
    let (_, renamed) = made();
    assert!(renamed > more);
    fs::remove_file(&source).unwrap();
    let (sources, gone) = made();
    assert!(sources == 4 && gone > renamed, "{sources}");
    // a linker that makes core modules is told from one that makes components
    let (success, said) = make("");
    assert!(!success, "{said}");
    assert!(
        said.contains("dist/by-hand.wasm is a core module and no component"),
        "{said}"
    );
    assert!(!component.exists());
    made();

    // the same world, and hardly another size
    let check = slt(&by_hand, &["check"]);
    assert_eq!((check.code, check.stderr.as_str()), (0, ""));
    assert!(check.stdout.contains("against dist/by-hand.wasm"), "{}", check.stdout);
    let size = |path: &Path| fs::metadata(path).unwrap().len();
    let (make, ours) = (size(&component), size(&empty.path().join("slt.wasm")));
    assert!(ours * 10 <= make * 11, "slt {ours}, make {make}");
}

#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn a_main_and_an_export_where_tests_cannot_have_them() {
    let test = "int main(void) { return 5; }\n";
    let stray = project(
        COMMAND,
        &[
            ("src/hello.c", &HELLO.replace("int main", "int\nmain")),
            ("tests/own.c", test),
        ],
    );
    let run = slt(stray.path(), &["test"]);
    insta::assert_snapshot!("a_main_that_tests_are_linked_with", own_words(&run, stray.path()));
    fs::rename(stray.path().join("src/hello.c"), stray.path().join("src/main.c")).unwrap();
    let run = slt(stray.path(), &["test"]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    assert!(
        run.stdout.contains("FAIL") && run.stdout.contains("  own"),
        "{}",
        run.stdout
    );

    let user = "#include \"app.h\"\nuint32_t used(void) { return exports_app_add(1, 2); }\n";
    let export = project(
        CALLED,
        &[
            ("src/main.c", ADD),
            ("src/user.c", user),
            (
                "tests/t.c",
                "unsigned used(void);\nint main(void) { return used() != 3; }\n",
            ),
        ],
    );
    assert_eq!(slt(export.path(), &["build"]).code, 0);
    let run = slt(export.path(), &["test"]);
    insta::assert_snapshot!(
        "an_export_that_tests_are_linked_without",
        own_words(&run, export.path())
    );
    fs::rename(export.path().join("src/main.c"), export.path().join("src/add.c")).unwrap();
    let run = slt(export.path(), &["test"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn a_source_that_nothing_compiles_is_named() {
    let main = HELLO
        .replace("puts(\"hello\")", "helper()")
        .replace("int main", "void helper(void);\nint main");
    let project = project(
        COMMAND,
        &[
            ("src/main.c", &main),
            ("src/deep/helper.c", "void helper(void) {}\n"),
            ("tests/more.cpp", ""),
        ],
    );
    let run = slt(project.path(), &["build"]);
    assert!(
        run.stderr.contains("`tests/more.cpp` is not compiled: slt compiles C"),
        "{}",
        run.stderr
    );
    insta::assert_snapshot!(own_words(&run, project.path()));
}

/// What a WASI libc of 2022 does by itself: as far as this machine has one, slt refuses what was linked with it.
#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn a_command_that_was_linked_with_an_old_libc() {
    use std::process::Command;

    let old = Path::new("/usr/lib/wasm32-wasi/crt1-command.o");
    let crt = fs::read(old).unwrap_or_default();
    assert!(
        !crt.windows(17).any(|name| name == b"__wasm_call_ctors"),
        "this libc is not an old one"
    );
    let wit = "package example:c;\nworld c { import wasi:cli/environment@0.2.0; }\n";
    let cli = "package wasi:cli@0.2.0;\ninterface environment { get-arguments: func() -> list<string>; }\n";
    let main = "#include \"app.h\"\n#include <stdio.h>\n\nint main(void) {\n  app_list_string_t arguments;\n  \
                wasi_cli_environment_get_arguments(&arguments);\n  puts(\"lost\");\n  return 0;\n}\n";
    let project = project(wit, &[("src/main.c", main), ("wit/deps/cli.wit", cli)]);
    assert_eq!(slt(project.path(), &["build"]).code, 0);
    let bindings = "build/bindings/app";
    let linked = Command::new("clang")
        .args(["--target=wasm32-wasi", "-I", bindings, "src/main.c"])
        .args([format!("{bindings}/app.c"), format!("{bindings}/app_component_type.o")])
        .args(["-o", "by-hand.wasm"])
        .current_dir(project.path())
        .status()
        .unwrap();
    assert!(linked.success());
    let slightfile = format!("{SLIGHTFILE}component = \"by-hand.wasm\"\n");
    fs::write(project.path().join("slightfile.toml"), slightfile).unwrap();
    let run = slt(project.path(), &["build"]);
    insta::assert_snapshot!(failure(&run, project.path()));
}

/// What is wrong in the slightfile may decide what is built.
#[test]
fn a_slightfile_with_errors_builds_nothing() {
    let project = project(CALLED, &[("src/c.c", ADD)]);
    let mut shown = String::new();
    for line in ["biuld = \"exit 3\"", "build = [\"make\"]", "build = \" \""] {
        fs::write(project.path().join("slightfile.toml"), format!("{SLIGHTFILE}{line}\n")).unwrap();
        let run = slt_with(project.path(), &["build"], &[("PATH", "")]);
        shown.push_str(&failure(&run, project.path()));
    }
    insta::assert_snapshot!(shown);
}

#[cfg(unix)]
#[test]
fn a_clang_that_does_nothing() {
    let project = project(CALLED, &[("src/c.c", ADD)]);
    let run = with_clang(
        project.path(),
        "echo 'libLLVM.so: cannot open shared object file' >&2; exit 127",
    );
    assert_eq!(run.code, 1);
    let doctor = slt_with(project.path(), &["doctor"], &[("PATH", ""), ("WASI_SDK_PATH", "sdk")]);
    let line = doctor
        .stdout
        .lines()
        .find(|line| line.contains("small program"))
        .unwrap();
    assert!(
        line.contains("can't make a small program: libLLVM.so: cannot open shared object file"),
        "{line}"
    );
    assert_eq!(doctor.code, 3);
}

/// A library that `LDFLAGS` names is linked anew when it changes.
#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn a_library_that_changes_is_linked_again() {
    let main =
        "#include <stdio.h>\n\nint value(void);\nint main(void) {\n  printf(\"%d\\n\", value());\n  return 0;\n}\n";
    let project = project(COMMAND, &[("src/main.c", main)]);
    let output = |value: &str| {
        fs::write(
            project.path().join("value.c"),
            format!("int value(void) {{ return {value}; }}\n"),
        )
        .unwrap();
        let compiled = std::process::Command::new("clang")
            .args(["--target=wasm32-wasi", "-c", "value.c", "-o", "value.o"])
            .current_dir(project.path())
            .status();
        assert!(compiled.unwrap().success());
        with_tools(project.path(), &["run", "--quiet"], &[("LDFLAGS", "value.o")]).stdout
    };
    assert_eq!(output("1"), "1\n");
    assert_eq!(output("2"), "2\n");
}

/// What `slt_test.h` promises, in a component: on the C library that the toolchain brings.
#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn what_has_checked_nothing_does_not_pass() {
    let empty = folder(&[]);
    let new = ["new", "greeter", "--template", "c", "--with", "http"];
    assert_eq!(slt(empty.path(), &new).code, 0);
    let greeter = empty.path().join("greeter");
    let test = |text: &str| {
        fs::write(greeter.join("tests/app.c"), text).unwrap();
        let run = slt(&greeter, &["test"]);
        (run.code, format!("{}{}", run.stdout, run.stderr))
    };
    let (code, shown) = test(
        "#include \"slt_test.h\"\n\nTEST(exits)\n{\n    exit(0);\n    CHECK(false);\n}\n\nTEST(returns)\n{\n    CHECK(true);\n}\n",
    );
    assert_eq!(code, 1, "{shown}");
    assert!(
        shown.contains("tests/app.c:3: `exits` called `exit`, where a test returns\n"),
        "{shown}"
    );
    assert!(shown.contains("1 passed, 1 failed"), "{shown}");
    let (code, shown) = test("#include \"slt_test.h\"\n");
    assert_eq!(code, 1, "{shown}");
    assert!(shown.contains("there is no TEST in this program\n"), "{shown}");
    assert!(shown.contains("does not list its tests"), "{shown}");
    // a program with a `main` of its own is one test
    let (code, shown) = test(
        "#define SLT_TEST_WITHOUT_MAIN\n#include \"slt_test.h\"\n\nint main(void)\n{\n    CHECK(true);\n    return 0;\n}\n",
    );
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("1 passed"), "{shown}");
}
