//! `slt doctor` on machines of different kinds, which are folders of small programs.

use std::path::Path;

use crate::command::{Run, folder, install_c, slt_with};

/// Runs the doctor with programs of this name and script on `PATH`.
#[cfg(unix)]
fn doctor(programs: &[(&str, &str)], arguments: &[&str]) -> (Run, String) {
    doctor_in(&[], programs, arguments)
}

/// The same in a folder with these files.
#[cfg(unix)]
fn doctor_in(files: &[(&str, &[u8])], programs: &[(&str, &str)], arguments: &[&str]) -> (Run, String) {
    use std::os::unix::fs::PermissionsExt;

    let machine = folder(&[
        ("work/.keep", b""),
        ("sysroot/lib/rustlib/wasm32-wasip2/lib/.keep", b""),
    ]);
    for (path, bytes) in files {
        let path = machine.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let bin = machine.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    for (program, script) in programs {
        let script = script.replace("[MACHINE]", &machine.path().display().to_string());
        let path = bin.join(program);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let run = slt_with(
        &machine.path().join("work"),
        &[&["doctor"], arguments].concat(),
        &[("PATH", bin.to_str().unwrap())],
    );
    let binary = Path::new(env!("CARGO_BIN_EXE_slt"))
        .parent()
        .unwrap()
        .canonicalize()
        .unwrap();
    let shown = run
        .shown(machine.path())
        .replace(&binary.display().to_string(), "[BIN]")
        .replace(&install_c(), "[INSTALL]");
    (run, shown)
}

#[cfg(unix)]
const CARGO: (&str, &str) = ("cargo", "echo 'cargo 1.95.0 (abc 2026-01-01)'");
#[cfg(unix)]
const RUSTC: (&str, &str) = (
    "rustc",
    "if [ \"$1\" = --print ]; then echo [MACHINE]/sysroot; else echo 'rustc 1.95.0 (abc 2026-01-01)'; fi",
);

#[cfg(unix)]
#[test]
fn all_there() {
    let (run, shown) = doctor(&[CARGO, RUSTC, ("rustup", ""), ("slt", ""), ("redis-server", "")], &[]);
    assert_eq!(run.code, 0);
    insta::assert_snapshot!(shown);
}

#[cfg(unix)]
#[test]
fn nothing_there() {
    let (run, shown) = doctor(&[], &[]);
    assert_eq!(run.code, 3);
    insta::assert_snapshot!(shown);
}

#[cfg(unix)]
#[test]
fn old_rust_without_the_target() {
    let rustc = (
        "rustc",
        "if [ \"$1\" = --print ]; then echo [MACHINE]/nowhere; else echo 'rustc 1.80.1 (abc 2024-01-01)'; fi",
    );
    let (run, shown) = doctor(
        &[CARGO, rustc, ("rustup", ""), ("slt", ""), ("redis-server", "")],
        &["--format", "json"],
    );
    assert_eq!(run.code, 3);
    insta::assert_snapshot!(shown);
}

/// Where there is C, its toolchain is what is needed, and Rust is not.
#[cfg(unix)]
#[test]
fn a_project_in_c() {
    use std::os::unix::fs::PermissionsExt;

    let (run, shown) = doctor_in(&[("work/src/app.c", b"")], &[], &[]);
    assert_eq!(run.code, 3);
    insta::assert_snapshot!("c_without_a_toolchain", shown);

    let sdk = folder(&[
        ("bin/clang", b"#!/bin/sh\n[ -f probe.c ] && : > probe.wasm\n"),
        ("share/wasi-sysroot/lib/wasm32-wasip1/libc.a", b""),
        ("src/app.c", b""),
    ]);
    let clang = sdk.path().join("bin/clang");
    let with = |script: &str| {
        std::fs::write(&clang, script).unwrap();
        std::fs::set_permissions(&clang, std::fs::Permissions::from_mode(0o755)).unwrap();
        let run = slt_with(sdk.path(), &["doctor"], &[("WASI_SDK_PATH", ".")]);
        let line = run.stdout.lines().find(|line| line.contains("bin/clang")).unwrap();
        (
            run.code,
            line.replace(&sdk.path().canonicalize().unwrap().display().to_string(), "[DIR]"),
        )
    };
    let ok = "ok        C with `[DIR]/./bin/clang`";
    assert_eq!(
        with("#!/bin/sh\n[ -f probe.c ] && : > probe.wasm\n"),
        (0, ok.to_owned())
    );
    let bad = "missing   `[DIR]/./bin/clang` can't compile for WebAssembly: `slt build` cannot compile C";
    assert_eq!(
        with("#!/bin/sh\necho 'unable to create target' >&2\nexit 1\n"),
        (3, bad.to_owned())
    );
}

/// A workspace whose member has the runner: cargo does not read it from the root.
#[test]
fn a_configuration_that_cargo_does_not_read() {
    const RUNNER: &[u8] = b"[target.wasm32-wasip2]\nrunner = \"slt runner\"\n";
    let workspace = folder(&[
        ("Cargo.toml", b"[workspace]\nmembers = [\"apps/*\", \"plain\"]\n"),
        ("apps/shop/.cargo/config.toml", RUNNER),
        ("plain/.cargo/config.toml", b"[build]\njobs = 1\n"),
    ]);
    let warns = |folder: &Path| {
        let run = slt_with(folder, &["doctor"], &[]);
        run.shown(workspace.path()).contains(
            "cargo does not read `[DIR]/apps/shop/.cargo/config.toml` when it is started in `[DIR]`\n          \
             hint: start cargo in `[DIR]/apps/shop`",
        )
    };
    assert!(warns(workspace.path()));
    assert!(warns(&workspace.path().join("apps/shop")));
    // With a runner at the root it is read from everywhere.
    std::fs::create_dir(workspace.path().join(".cargo")).unwrap();
    std::fs::write(workspace.path().join(".cargo/config.toml"), RUNNER).unwrap();
    assert!(!warns(workspace.path()));
}
