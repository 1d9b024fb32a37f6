//! `slt.h` and `slt_test.h` of the C template, as native programs under a sanitizer: `tests/c`.
//!
//! A C compiler is there wherever Rust links. It is looked at on Linux only, where a sanitizer finds leaks too.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The programs of `tests/c` that were built.
struct Programs(TempDir);

impl Programs {
    /// Compiles each source by itself, as strictly as it gets.
    fn build(sources: &[&str]) -> Self {
        let programs = Self(tempfile::tempdir().unwrap());
        for source in sources {
            cc(&["-o", programs.path(source).to_str().unwrap(), &format!("{source}.c")]);
        }
        programs
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs one. A sanitizer's report is 9, so that it is none of the header's own codes.
    fn run(&self, name: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = Command::new(self.path(name))
            .args(arguments)
            .env("ASAN_OPTIONS", "exitcode=9:detect_leaks=1")
            .env("UBSAN_OPTIONS", "exitcode=9")
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }
}

fn cc(arguments: &[&str]) {
    let output = compiler(arguments);
    assert!(output.status.success(), "cc {arguments:?}: {output:?}");
}

/// The compiler at its strictest.
fn compiler(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let strict = "-std=gnu11 -g -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Werror \
                  -fsanitize=address,undefined -fno-sanitize-recover=all -I.";
    Command::new("cc")
        .args(strict.split_whitespace())
        .arg("-I")
        .arg(root.join("templates/c/include"))
        .args(arguments)
        .current_dir(root.join("tests/c"))
        .output()
        .unwrap()
}

#[test]
fn the_header_does_what_it_says() {
    let programs = Programs::build(&["slt_h"]);
    let (code, stdout, stderr) = programs.run("slt_h", &[]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let source = include_str!("../c/slt_h.c");
    let expected = source.lines().filter(|line| line.starts_with("TEST(")).count();
    assert!(expected > 10);
    assert!(stdout.ends_with(&format!("{expected} passed, 0 ignored\n")), "{stdout}");
    // one by one it is the same
    let (_, list, _) = programs.run("slt_h", &["--list"]);
    for line in list.lines() {
        let name = line.strip_suffix(": test").unwrap();
        let ran = programs.run("slt_h", &["--exact", name]);
        assert_eq!(ran, (Some(0), String::new(), String::new()), "{name}");
    }
    assert_eq!(list.lines().count(), expected);
}

/// How the programs of `endings.c` end: the exit code, and what they say.
const ENDINGS: &[(&str, Option<i32>, &str)] = &[
    // what a sanitizer sees
    ("leaks", Some(9), "LeakSanitizer: detected memory leaks"),
    ("reads_beside_a_string", Some(9), "heap-buffer-overflow"),
    ("uses_what_is_freed", Some(9), "heap-use-after-free"),
    ("frees_twice", Some(9), "attempting double-free"),
    ("computes_beyond_a_number", Some(9), "signed integer overflow"),
    // what the headers say
    (
        "fails_to_hold",
        Some(1),
        "endings.c:50: `status == 201` does not hold\n",
    ),
    (
        "differs_in_numbers",
        Some(1),
        "endings.c:56: `status` is 500, not -201\n",
    ),
    (
        "differs_in_large_numbers",
        Some(1),
        "endings.c:62: `visits` is 18446744073709551615, not 0\n",
    ),
    (
        "differs_in_text",
        Some(1),
        "endings.c:68: `body` is \"a \\\"line\\\"\\n\\\\\\x7fé\", not \"\"\n",
    ),
    ("differs_in_long_text", Some(1), "0000\"…, not \"7\"\n"),
    (
        "comes_where_it_must_not",
        Some(1),
        "endings.c:80: no answer after 3 attempts\n",
    ),
    ("expects", None, "endings.c:86: one is more than two\n"),
    ("has_no_memory", None, "are too many\n"),
    (
        "differs_in_sign",
        Some(1),
        "endings.c:96: `-1` is -1, not 18446744073709551615\n",
    ),
    (
        "differs_in_sign_at_the_least",
        Some(1),
        "endings.c:101: `(uint64_t)INT64_MAX + 1` is 9223372036854775808, not -9223372036854775808\n",
    ),
    (
        "exits",
        Some(1),
        "endings.c:104: `exits` called `exit`, where a test returns\n",
    ),
    ("waits_to_be_asked", Some(1), "it was asked\n"),
];

#[test]
fn programs_end_as_they_should() {
    let programs = Programs::build(&["endings"]);
    let (_, list, _) = programs.run("endings", &["--list"]);
    let expected: String = ENDINGS
        .iter()
        .map(|(name, ..)| match *name {
            "waits_to_be_asked" => format!("{name}: ignored\n"),
            _ => format!("{name}: test\n"),
        })
        .collect();
    assert_eq!(list, expected);
    for (name, code, says) in ENDINGS {
        let (ended, stdout, stderr) = programs.run("endings", &["--exact", name]);
        assert_eq!(ended, *code, "{name}: {stderr}");
        match says.ends_with('\n') {
            true => assert!(stderr.ends_with(says), "{name}: {stderr}"),
            false => assert!(stderr.contains(says), "{name}: {stderr}"),
        }
        // what was written to standard output is not lost
        let written = matches!(*name, "comes_where_it_must_not" | "expects" | "exits");
        assert_eq!(stdout.contains("written before\n"), written, "{name}: {stdout}");
    }
}

#[test]
fn wrong_arguments_are_refused() {
    let programs = Programs::build(&["endings"]);
    for (arguments, says) in [
        (
            &["--exact", "nope"][..],
            "there is no test `nope`: `--list` shows them all\n",
        ),
        (&["--exact"], "[--list | --exact NAME]\n"),
        (&["leaks"], "[--list | --exact NAME]\n"),
        (&["--list", "leaks"], "[--list | --exact NAME]\n"),
    ] {
        let (code, stdout, stderr) = programs.run("endings", arguments);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
        assert!(stderr.ends_with(says), "{arguments:?}: {stderr}");
    }
}

#[test]
fn two_tests_of_one_name_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    cc(&["-c", "twins.c", "-o", &path("first.o")]);
    cc(&["-c", "twins.c", "-o", &path("second.o"), "-DSLT_TEST_WITHOUT_MAIN"]);
    cc(&[&path("first.o"), &path("second.o"), "-o", &path("twins")]);
    let programs = Programs(folder);
    let (code, _, stderr) = programs.run("twins", &["--list"]);
    assert_eq!(code, Some(2));
    assert_eq!(stderr, "twins.c:7: there is a test `a_test` at twins.c:7 already\n");
}

#[test]
fn a_program_without_a_test_is_refused() {
    let programs = Programs::build(&["no_test"]);
    for arguments in [&[][..], &["--list"], &["--exact", "a_test"]] {
        let ended = programs.run("no_test", arguments);
        let says = "there is no TEST in this program\n".to_owned();
        assert_eq!(ended, (Some(2), String::new(), says), "{arguments:?}");
    }
    cc(&[
        "-DWITH_A_TEST",
        "no_test.c",
        "-o",
        programs.path("no_test").to_str().unwrap(),
    ]);
    assert_eq!(programs.run("no_test", &["--list"]).1, "a_test: test\n");
}

#[test]
fn a_program_with_its_own_main_takes_the_checks() {
    let programs = Programs::build(&["own_main"]);
    assert_eq!(programs.run("own_main", &[]).0, Some(0));
    let (code, stdout, stderr) = programs.run("own_main", &["--list"]);
    assert_eq!((code, stderr.as_str()), (Some(1), "own_main.c:9: `argc` is 2, not 1\n"));
    assert!(stdout.ends_with("own_main\n"), "{stdout}");
}

#[test]
fn only_integers_are_compared_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("compares.c");
    for (numbers, compiles) in [
        ("1, 1", true),
        ("'a', UINT64_MAX", true),
        ("0.9, 0", false),
        ("0, 0.5f", false),
        ("NULL, 0", false),
        ("\"1\", 1", false),
    ] {
        for check in ["CHECK_EQ_INT", "CHECK_EQ_UINT"] {
            let text = format!("#include \"slt_test.h\"\n\nTEST(compares)\n{{\n    {check}({numbers});\n}}\n");
            std::fs::write(&source, text).unwrap();
            // no warning is needed for that
            let output = compiler(&["-w", "-fsyntax-only", source.to_str().unwrap()]);
            assert_eq!(
                output.status.success(),
                compiles,
                "{check}({numbers}): {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
}
