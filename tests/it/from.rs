//! `slt new --from`: templates of somebody else, from folders and from git.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::command::{Run, folder, slt, slt_with};
use crate::new::{files, git};

const MANIFEST: &str = "\
description = \"A queue worker\"
exclude = [\"target\", \"docs/internal.md\"]

[placeholders.name]
text = \"my-worker\"
form = \"given\"

[placeholders.crate]
text = \"my_worker\"
form = \"rust\"

[placeholders.topic]
text = \"{{topic}}\"
help = \"the queue that it reads\"

[placeholders.greeting]
default = \"hello\"
";

/// A template with all that one can have.
fn worker() -> tempfile::TempDir {
    folder(&[
        ("t/slt-template.toml", MANIFEST.as_bytes()),
        (
            "t/src/my_worker/{{topic}}.c",
            b"// my-worker reads {{topic}}: {{greeting}}\n",
        ),
        ("t/logo.png", b"\x89PNG\0my-worker"),
        ("t/build.sh", b"#!/bin/sh\n"),
        ("t/target/huge", b"my-worker"),
        ("t/docs/internal.md", b"hush"),
        ("t/docs/a.md", b"# my-worker\n"),
        ("t/.git/config", b"not copied"),
    ])
}

fn paths(folder: &Path) -> Vec<String> {
    let paths = files(folder).into_iter();
    paths.map(|path| path.to_str().unwrap().to_owned()).collect()
}

/// Runs slt with the real `PATH`, and no configuration of git.
fn with_git(directory: &Path, arguments: &[&str]) -> Run {
    let path = std::env::var_os("PATH").unwrap().into_string().unwrap();
    let home = directory.to_str().unwrap();
    slt_with(
        directory,
        arguments,
        &[
            ("PATH", &path),
            ("HOME", home),
            ("TMPDIR", home),
            ("GIT_CONFIG_NOSYSTEM", "1"),
        ],
    )
}

#[test]
fn from_a_folder() {
    let around = worker();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let script = around.path().join("t/build.sh");
        std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let run = slt(
        around.path(),
        &["new", "order-mail", "--from", "t", "--set", "topic=orders"],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    insta::assert_snapshot!(
        "created",
        run.stdout.split("`slt` is not on PATH").next().unwrap().trim_end()
    );
    let project = around.path().join("order-mail");
    assert_eq!(
        paths(&project),
        ["build.sh", "docs/a.md", "logo.png", "src/order_mail/orders.c"]
    );
    let text = |path: &str| String::from_utf8_lossy(&std::fs::read(project.join(path)).unwrap()).into_owned();
    assert_eq!(text("src/order_mail/orders.c"), "// order-mail reads orders: hello\n");
    assert_eq!(text("docs/a.md"), "# order-mail\n");
    assert!(text("logo.png").ends_with("PNG\0my-worker"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &str| project.join(path).metadata().unwrap().permissions().mode() & 0o111;
        assert_ne!(mode("build.sh"), 0);
        assert_eq!(mode("docs/a.md"), 0);
    }
}

/// What says nothing of itself has the name's three forms, and nothing else.
#[test]
fn without_a_manifest() {
    let around = folder(&[
        (
            "t/{{name}}/{{rust_name}}.rs",
            b"{{name}} {{rust_name}} {{wit-name}} {{topic}} shortener",
        ),
        ("t/.gitignore", b"/dist\n"),
    ]);
    let run = slt(around.path(), &["new", "a_b-c", "--from", "./t/", "-q"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stdout, "created `a_b-c`\n");
    let project = around.path().join("a_b-c");
    assert_eq!(paths(&project), [".gitignore", "a_b-c/a_b_c.rs"]);
    assert_eq!(
        std::fs::read_to_string(project.join("a_b-c/a_b_c.rs")).unwrap(),
        "a_b-c a_b_c a-b-c {{topic}} shortener"
    );
}

/// A project that slt has written is a template; `--with` adds to it.
#[test]
fn a_project_as_a_template() {
    let around = folder(&[]);
    assert_eq!(slt(around.path(), &["new", "my-app", "--with", "http"]).code, 0);
    let manifest = "[placeholders.name]\ntext = \"my-app\"\nform = \"given\"\n\
                    [placeholders.crate]\ntext = \"my_app\"\nform = \"rust\"\n";
    std::fs::write(around.path().join("my-app/slt-template.toml"), manifest).unwrap();
    let run = slt(
        around.path(),
        &["new", "two", "--from", "my-app", "--with", "keyvalue.redis,http-client"],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("\n    slt check\n"), "{}", run.stdout);
    let project = around.path().join("two");
    assert!(project.join("wit/deps/keyvalue/store.wit").is_file());
    let check = slt(&project, &["check"]);
    assert_eq!((check.code, check.stderr.as_str()), (0, ""));
    // The rules for names are cargo's, because it builds it.
    let run = slt(around.path(), &["new", "wit-bindgen", "--from", "my-app"]);
    assert!(
        run.stderr.contains("it is a crate that the project depends on"),
        "{}",
        run.stderr
    );
    std::fs::remove_file(around.path().join("my-app/Cargo.toml")).unwrap();
    assert_eq!(slt(around.path(), &["new", "wit-bindgen", "--from", "my-app"]).code, 0);
}

#[test]
fn from_git() {
    let around = worker();
    let template = around.path().join("t");
    std::fs::remove_dir_all(template.join(".git")).unwrap();
    git(&template, &["init", "--quiet", "--initial-branch=main"]);
    git(&template, &["add", "-A"]);
    git(&template, &["commit", "--quiet", "-m", "one"]);
    git(&template, &["tag", "v1"]);
    std::fs::write(template.join("docs/b.md"), "").unwrap();
    git(&template, &["add", "-A"]);
    git(&template, &["commit", "--quiet", "-m", "two"]);
    // What is not committed is in the folder, and not in a clone.
    std::fs::write(template.join("docs/c.md"), "").unwrap();
    git(around.path(), &["clone", "--quiet", "--bare", "t", "bare.git"]);
    let url = format!("file://{}", template.display());
    let set = ["--set", "topic=orders"];
    for (name, from, has_b) in [
        ("by-url", &[url.as_str()][..], true),
        ("by-url-and-tag", &[url.as_str(), "--branch", "v1"], false),
        ("by-path-and-branch", &["t", "--branch", "main"], true),
        ("by-bare-path", &["bare.git"], true),
    ] {
        let arguments = [&["new", name], &set[..], &["--from"], from].concat();
        let run = with_git(around.path(), &arguments);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let project = around.path().join(name);
        let mut expected = vec!["build.sh", "docs/a.md"];
        expected.extend(has_b.then_some("docs/b.md"));
        let source = format!("src/{}/orders.c", name.replace('-', "_"));
        expected.extend(["logo.png", &source]);
        assert_eq!(paths(&project), expected, "{name}");
    }
    let run = slt(around.path(), &[&["new", "by-path", "--from", "t"], &set[..]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(around.path().join("by-path/docs/c.md").is_file());
    let names = std::fs::read_dir(around.path()).unwrap();
    let left = names.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name().into_string().unwrap();
        name.starts_with("slt-") || name.starts_with('.')
    });
    assert_eq!(left.count(), 0, "a clone was left behind");
}

/// Files that a template may not have, and what is said of each.
#[test]
fn refused() {
    let around = folder(&[
        ("one/slt-template.toml", MANIFEST.as_bytes()),
        ("one/a", b""),
        ("nothing/slt-template.toml", b""),
        (
            "wrong/slt-template.toml",
            b"descripton = 1\nexclude = [\"../x\", \"/etc\"]\n\n[placeholders.a]\nform = \"snake\"\ntext = \"\"\n",
        ),
        ("no-toml/slt-template.toml", b"[placeholders\n"),
        ("latin/slt-template.toml", b"# \xe9\n"),
        ("leaves/slt-template.toml", b"[placeholders.x]\n"),
        ("leaves/a/{{x}}", b""),
        ("twice/slt-template.toml", b"[placeholders.x]\n"),
        ("twice/{{x}}", b""),
        ("twice/a", b""),
        ("large/a", &vec![b'a'; (8 << 20) + 1]),
        ("plain/a", b""),
        ("no-wit/slightfile.toml", b"specversion = \"1.0\"\n[[capability]]\n"),
    ]);
    let mut shown = String::new();
    for arguments in [
        "--from nowhere",
        "--from one",
        "--from one --set topc=a",
        "--from one --set color=a",
        "--from one --set crate=a",
        "--from one --set topic",
        "--from one --set topic=a --set topic=b",
        "--from plain --set a=b",
        "--from nothing",
        "--from wrong",
        "--from no-toml",
        "--from latin",
        "--from leaves --set x=../../up",
        "--from leaves --set x=.git",
        "--from twice --set x=a",
        "--from large",
        "--from plain --with http-client",
        "--from plain --with sql.sqlite",
        "--from no-wit --with http-client",
    ] {
        let arguments: Vec<_> = ["new", "links"].into_iter().chain(arguments.split(' ')).collect();
        let before = files(around.path());
        let run = slt(around.path(), &arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.stderr);
        assert!(!around.path().join("links").exists(), "{arguments:?}");
        assert_eq!(files(around.path()), before, "{arguments:?}");
        shown.push_str(&format!("$ slt {}\n{}\n", arguments.join(" "), run.stderr));
    }
    insta::assert_snapshot!(shown);
    let multiline = slt(around.path(), &["new", "links", "--from", "one", "--set", "topic=a\nb"]);
    assert!(
        multiline.stderr.contains("it is more than a line of text"),
        "{}",
        multiline.stderr
    );
    let long = format!("topic={}", "a".repeat(1025));
    let run = slt(around.path(), &["new", "links", "--from", "one", "--set", &long]);
    assert!(run.stderr.contains("it has more than 1024 bytes"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn links_and_odd_files_are_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    let secret = folder(&[("secret", b"hush")]);
    let around = folder(&[
        ("a/x/y", b""),
        ("b/y", b""),
        ("c/y", b""),
        ("d/y", b""),
        ("e/y", b""),
        ("f/slt-template.toml", b"exclude = [\"link\"]\n"),
        ("f/y", b""),
        ("g/y", b""),
    ]);
    let at = |path: &str| around.path().join(path);
    symlink(secret.path().join("secret"), at("a/x/link")).unwrap();
    symlink(secret.path(), at("b/folder")).unwrap();
    symlink("y", at("c/slt-template.toml")).unwrap();
    let made = Command::new("mkfifo").arg(at("d/pipe")).status().unwrap();
    assert!(made.success());
    std::fs::write(at("e").join(OsStr::from_bytes(b"\xff")), "").unwrap();
    std::fs::write(at("g/\u{1b}[2J"), "").unwrap();
    symlink(secret.path(), at("f/link")).unwrap();
    let mut shown = String::new();
    for from in ["a", "b", "c", "d", "e", "g"] {
        let run = slt(around.path(), &["new", "links", "--from", from]);
        assert_eq!(run.code, 2, "{from}");
        assert!(!run.stderr.contains('\u{1b}') && !at("links").exists());
        shown.push_str(&run.stderr);
    }
    insta::assert_snapshot!("links_and_odd_files", shown);
    // What is left out is not looked at.
    assert_eq!(slt(around.path(), &["new", "links", "--from", "f"]).code, 0);
    assert_eq!(paths(&at("links")), ["y"]);
}

#[test]
fn limits() {
    let around = folder(&[]);
    let fill = |name: &str, count: usize, bytes: usize| {
        let folder = around.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for number in 0..count {
            let file = std::fs::File::create(folder.join(number.to_string())).unwrap();
            file.set_len(bytes as u64).unwrap();
        }
    };
    fill("many", 2_001, 0);
    fill("deep/a", 1_000, 0);
    fill("deep/b", 999, 0);
    fill("just/a", 1_000, 0);
    fill("just/b", 998, 0);
    fill("much", 9, 8 << 20);
    fill("right", 8, 8 << 20);
    for (from, said) in [
        ("many", "the template has more than 2000 files and folders"),
        ("deep", "the template has more than 2000 files and folders"),
        ("much", "the template has more than 64 MiB"),
    ] {
        let run = slt(around.path(), &["new", "links", "--from", from]);
        assert!(run.code == 2 && run.stderr.contains(said), "{}", run.stderr);
    }
    for (name, from) in [("one", "right"), ("two", "just")] {
        let run = slt(around.path(), &["new", name, "--from", from]);
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
}

#[test]
fn git_that_is_not_there_or_fails() {
    let around = folder(&[("bin/a", b""), ("not-a-repository/a", b"")]);
    let bin = around.path().join("bin");
    let run = slt_with(
        around.path(),
        &["new", "links", "--from", "https://example.com/a.git"],
        &[("PATH", bin.to_str().unwrap())],
    );
    let mut shown = run.shown(around.path());
    let missing = format!("file://{}/missing", around.path().display());
    for arguments in [&[missing.as_str()][..], &["not-a-repository", "--branch", "main"]] {
        let run = with_git(around.path(), &[&["new", "links", "--from"], arguments].concat());
        assert_eq!(run.code, 3, "{}", run.stderr);
        shown.push_str(&run.shown(around.path()));
    }
    // These are git's words, which another version may choose otherwise.
    insta::with_settings!({filters => vec![(r"(?m)^  (fatal|warning|Please|and the|Cloning).*\n", ""), (r"(?m)^$\n", "")]}, {
        insta::assert_snapshot!("git_fails", shown);
    });
    assert!(shown.contains("fatal: "), "git's own words: {shown}");
    let there: BTreeSet<_> = files(around.path());
    assert_eq!(there, ["bin/a", "not-a-repository/a"].map(PathBuf::from).into());
}

/// The `git` of this test asks slt to end, and would go on itself.
#[cfg(unix)]
#[test]
fn a_clone_that_is_interrupted_leaves_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let script =
        "#!/bin/sh\nfor last; do :; done\nmkdir -p \"$last\" && echo $$ > \"$HOME/pid\"\nkill $PPID\nexec sleep 300\n";
    let around = folder(&[("bin/git", script.as_bytes()), ("tmp/a", b"")]);
    let at = |path: &str| around.path().join(path).to_str().unwrap().to_owned();
    std::fs::set_permissions(at("bin/git"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}",
        at("bin"),
        std::env::var_os("PATH").unwrap().into_string().unwrap()
    );
    let run = slt_with(
        around.path(),
        &["new", "links", "--from", "https://example.com/a.git"],
        &[("PATH", &path), ("HOME", &at("")), ("TMPDIR", &at("tmp"))],
    );
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (1, "error: interrupted: nothing was written\n")
    );
    let there: BTreeSet<_> = files(around.path());
    assert_eq!(there, ["bin/git", "pid", "tmp/a"].map(PathBuf::from).into());
    assert_eq!(std::fs::read_dir(at("tmp")).unwrap().count(), 1);
    let git = std::fs::read_to_string(at("pid")).unwrap();
    let is_there = Command::new("kill")
        .args(["-0", git.trim()])
        .stderr(Stdio::null())
        .status();
    assert!(!is_there.unwrap().success(), "git goes on");
}

/// On a terminal, which `script` makes, what was not given is asked for; the default is taken for an empty line.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_is_asked() {
    let around = worker();
    let line = format!("{} new links --from t", env!("CARGO_BIN_EXE_slt"));
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(around.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    keyboard.write_all(b"\nmails\n\n").unwrap();
    let output = child.wait_with_output().unwrap();
    drop(keyboard);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{shown}");
    assert_eq!(shown.matches("topic (the queue that it reads): ").count(), 2, "{shown}");
    assert!(shown.contains("greeting [hello]: "), "{shown}");
    let source = around.path().join("links/src/links/mails.c");
    assert_eq!(
        std::fs::read_to_string(source).unwrap(),
        "// links reads mails: hello\n"
    );
}
