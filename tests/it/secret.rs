//! `slt secret` as its users meet it, and who reads what it stored: `slt run` does, `slt test` does not.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::command::{Run, folder, slt, slt_with};
use crate::guests;
use crate::process::{Process, get};

/// A value that no message of slt's has a part of.
const VALUE: &str = "zq7/xv@kw";

fn slightfile(address: &str) -> String {
    format!(
        "specversion = \"1.0\"\n\n[app]\nname = \"app\"\nversion = \"0.1.0\"\n\n[[capability]]\n\
         resource = \"keyvalue.redis\"\nname = \"store\"\n\n[capability.configs]\nREDIS_ADDRESS = \"{address}\"\n"
    )
}

/// A project in `app` that refers to `SHOP_REDIS`.
fn project() -> TempDir {
    folder(&[(
        "app/slightfile.toml",
        slightfile("${usersecrets.SHOP_REDIS}").as_bytes(),
    )])
}

/// Where slt keeps its data in these tests.
fn data(folder: &TempDir) -> PathBuf {
    folder.path().join("data")
}

/// Starts slt in the project, with this standard input.
fn started(folder: &TempDir, arguments: &[&str], input: &[u8]) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_slt"))
        .args(arguments)
        .current_dir(folder.path().join("app"))
        .env_clear()
        .env("SLT_DATA_DIR", data(folder))
        .env("TMPDIR", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // one that refuses before it reads has closed its end
    let _ = child.stdin.take().unwrap().write_all(input);
    child
}

fn given(folder: &TempDir, arguments: &[&str], input: &[u8]) -> Run {
    let output = started(folder, arguments, input).wait_with_output().unwrap();
    let run = Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    for part in [VALUE, "zq7", "xv@kw"] {
        assert!(!format!("{}{}", run.stdout, run.stderr).contains(part), "{arguments:?}");
    }
    run
}

/// Runs each, and shows all.
fn sessions(folder: &TempDir, sessions: &[(&[&str], &[u8], i32)]) -> String {
    let mut shown = String::new();
    for (arguments, input, code) in sessions {
        let run = given(folder, arguments, input);
        assert_eq!(run.code, *code, "{arguments:?}: {}", run.shown(folder.path()));
        shown.push_str(&format!(
            "$ slt {}\n{}\n",
            arguments.join(" "),
            run.shown(folder.path())
        ));
    }
    shown
}

/// Names of stores are digests of paths.
fn steady() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"[0-9a-f]{64}\.json", "[STORE].json");
    settings
}

/// The files of all stores.
fn stores(folder: &TempDir) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(data(folder).join("secrets")) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect()
}

/// What is stored under a name, in the only store.
fn stored(folder: &TempDir, name: &str) -> String {
    let text = std::fs::read_to_string(&stores(folder)[0]).unwrap();
    let store: serde_json::Value = serde_json::from_str(&text).unwrap();
    store["secrets"][name].as_str().unwrap().to_owned()
}

#[test]
fn set_list_remove() {
    let folder = project();
    let shown = sessions(
        &folder,
        &[
            (&["secret", "list"], b"", 0),
            (&["secret", "set", "SHOP_REDIS"], b"zq7\n", 0),
            (&["secret", "set", "SHOP_REDIS"], b"zq7/xv@kw\n", 0),
            (&["secret", "set", "other"], b"zq7", 0),
            (&["secret", "list"], b"", 0),
            (&["secret", "list", "--format", "json"], b"", 0),
            (&["secret", "set", "other", "--format", "json", "-q"], b"zq7", 0),
            (&["secret", "remove", "SHOP_REDDIS"], b"", 2),
            (&["secret", "remove", "nothing-like-it"], b"", 2),
            (&["secret", "remove", "other"], b"", 0),
            (&["secret", "remove", "SHOP_REDIS", "--format", "json"], b"", 0),
            (&["secret", "list", "-q"], b"", 0),
        ],
    );
    insta::assert_snapshot!("session", shown);
    assert!(stores(&folder).is_empty(), "a store of nothing is no file");
}

#[test]
fn values_are_taken_as_they_come_but_for_one_newline() {
    let folder = project();
    for (input, expected) in [
        (&b"zq7"[..], "zq7"),
        (b"zq7\n", "zq7"),
        (b"zq7\r\n", "zq7"),
        (b"zq7\n\n", "zq7\n"),
        (b" zq7 \t", " zq7 \t"),
        (b"zq7\nxv@kw\n", "zq7\nxv@kw"),
        (b"\"zq7\" ${x} \0", "\"zq7\" ${x} \0"),
    ] {
        assert_eq!(given(&folder, &["secret", "set", "A"], input).code, 0);
        assert_eq!(stored(&folder, "A"), expected, "{input:?}");
    }
    let longest = vec![b'v'; 64 << 10];
    assert_eq!(
        given(&folder, &["secret", "set", "A"], &[&longest[..], b"\r\n"].concat()).code,
        0
    );
    assert_eq!(stored(&folder, "A").len(), 64 << 10);
}

#[test]
fn what_is_refused() {
    let folder = project();
    let long = vec![b'v'; (64 << 10) + 1];
    let name = "N".repeat(129);
    let shown = sessions(
        &folder,
        &[
            (&["secret", "set", "SHOP_REDIS", VALUE], b"", 2),
            (&["secret", "set", "SHOP_REDIS=zq7"], b"", 2),
            (&["secret", "set", "SHOP_REDIS", "--value", VALUE], b"", 2),
            (&["secret", "-k", "SHOP_REDIS", "-v", VALUE], b"", 2),
            (&["secret", "set", "a.b"], b"", 2),
            (&["secret", "set", ""], b"", 2),
            (&["secret", "set", &name], b"", 2),
            (&["secret", "set", "SHOP_REDIS"], b"", 2),
            (&["secret", "set", "SHOP_REDIS"], b"\n", 2),
            (&["secret", "set", "SHOP_REDIS"], b"zq7\xff", 2),
            (&["secret", "set", "SHOP_REDIS"], &long, 2),
            (&["secret", "set"], b"", 2),
            (&["secret", "set", "A", "-C", ".."], b"zq7", 2),
            (&["secret", "set", "A", "-c", "other.toml"], b"zq7", 2),
        ],
    )
    .replace(VALUE, "[VALUE]")
    .replace("SHOP_REDIS=zq7", "SHOP_REDIS=[VALUE]");
    insta::assert_snapshot!("refused", shown);
    assert!(stores(&folder).is_empty());
    let homeless = slt(&folder.path().join("app"), &["secret", "list"]);
    assert_eq!(homeless.code, 3);
    insta::assert_snapshot!("homeless", homeless.shown(folder.path()));
}

/// What is typed between backticks in the hint.
#[cfg(unix)]
fn mend(run: &Run) -> String {
    let hint = run.stderr.lines().find(|line| line.starts_with("hint: ")).unwrap();
    hint.split('`').nth(1).unwrap().to_owned()
}

#[cfg(unix)]
fn chmod(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_store_is_its_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = project();
    given(&folder, &["secret", "set", "SHOP_REDIS"], VALUE.as_bytes());
    let (secrets, store) = (data(&folder).join("secrets"), stores(&folder).remove(0));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(&secrets), mode(&store), mode(&secrets.join(".lock"))),
        (0o700, 0o600, 0o600)
    );

    let mut shown = String::new();
    for (path, open, closed) in [(&store, 0o640, 0o600), (&store, 0o602, 0o600), (&secrets, 0o755, 0o700)] {
        chmod(path, open);
        let refused = [
            &["secret", "list"][..],
            &["secret", "set", "B"],
            &["secret", "remove", "SHOP_REDIS"],
        ];
        for arguments in refused {
            assert_eq!(given(&folder, arguments, b"v").code, 3, "{arguments:?} with {open:o}");
        }
        let run = given(&folder, &["secret", "list"], b"");
        shown.push_str(&format!("{open:o}\n{}\n", run.shown(folder.path())));
        // the message says what mends it
        let status = Command::new("sh").args(["-c", &mend(&run)]).status().unwrap();
        assert!(status.success());
        assert_eq!(mode(path), closed);
        assert_eq!(given(&folder, &["secret", "list"], b"").stdout, "SHOP_REDIS\n");
    }
    // a write makes the mode anew, whatever the file's was
    chmod(&store, 0o400);
    given(&folder, &["secret", "set", "B"], b"v");
    assert_eq!(mode(&store), 0o600);

    // something else in its place is neither read nor waited for
    std::fs::rename(&store, folder.path().join("kept")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("kept"), &store).unwrap();
    shown.push_str(&given(&folder, &["secret", "list"], b"").shown(folder.path()));
    std::fs::remove_file(&store).unwrap();
    assert!(Command::new("mkfifo").arg(&store).status().unwrap().success());
    shown.push_str(&given(&folder, &["secret", "set", "B"], b"v").shown(folder.path()));
    std::fs::remove_file(&store).unwrap();
    std::fs::write(&store, "zq7").unwrap();
    chmod(&store, 0o600);
    shown.push_str(&given(&folder, &["secret", "list"], b"").shown(folder.path()));
    steady().bind(|| insta::assert_snapshot!("modes", shown));
}

#[test]
fn many_writers_lose_nothing() {
    let folder = project();
    let names: Vec<String> = (0..12).map(|number| format!("K{number:02}")).collect();
    let writers: Vec<Child> = names
        .iter()
        .map(|name| started(&folder, &["secret", "set", name, "-q"], VALUE.as_bytes()))
        .collect();
    for writer in writers {
        let output = writer.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let run = given(&folder, &["secret", "list", "-q"], b"");
    assert_eq!(run.stdout.lines().collect::<Vec<_>>(), names);
}

/// Types at the prompt of `slt secret set A`, on a terminal that `script` makes. Answers what the terminal showed.
#[cfg(target_os = "linux")]
fn typed(folder: &TempDir, keys: &[u8]) -> (i32, String) {
    let line = format!(
        "tty; {} secret set A; code=$?; stty -a; exit $code",
        env!("CARGO_BIN_EXE_slt")
    );
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(folder.path().join("app"))
        .env("SLT_DATA_DIR", data(folder))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut screen = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut shown = String::new();
    while !shown.contains("value of `A`: ") {
        let mut byte = [0];
        std::io::Read::read_exact(&mut screen, &mut byte).unwrap();
        shown.push(char::from(byte[0]));
    }
    // the prompt is written before the terminal is told to show nothing: what is typed too early is the terminal's
    let terminal = shown.lines().next().unwrap().to_owned();
    let is_silent = || {
        let output = Command::new("stty").args(["-a", "-F", &terminal]).output().unwrap();
        let settings = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && settings.contains("echo"), "{settings}");
        settings.contains("-echo ") && settings.contains("-isig")
    };
    while !is_silent() {}
    let mut keyboard = child.stdin.take().unwrap();
    keyboard.write_all(keys).unwrap();
    std::io::Read::read_to_string(&mut screen, &mut shown).unwrap();
    drop(keyboard);
    (child.wait().unwrap().code().unwrap(), shown)
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_asks_and_does_not_show_what_is_typed() {
    let folder = project();
    for (keys, code) in [(&b"zq7\r"[..], 0), (b"zq7\x03", 1), (b"\x04", 1), (b"\r", 2)] {
        let (ended, shown) = typed(&folder, keys);
        assert_eq!(ended, code, "{shown}");
        assert!(!shown.contains("zq7"), "{shown}");
        assert!(
            shown.contains(" echo "),
            "the terminal shows again what is typed: {shown}"
        );
        let said = match code {
            0 => "stored `A` for `slightfile.toml`",
            1 => "error: interrupted: nothing was done",
            _ => "error: the value is empty: nothing was stored",
        };
        assert!(shown.contains(said), "{shown}");
    }
    assert_eq!(stored(&folder, "A"), "zq7");
}

#[test]
fn run_reads_what_is_stored_for_its_project_and_for_no_other() {
    let folder = project();
    let app = guests::cases_app();
    std::fs::write(folder.path().join("app/app.wasm"), app).unwrap();
    let data = data(&folder);
    let environment = [("SLT_DATA_DIR", data.to_str().unwrap())];
    let refused = |folder: &Path| {
        let run = slt_with(folder, &["run", "app.wasm"], &environment);
        assert_eq!(run.code, 2, "{}", run.stderr);
        run.stderr
    };
    let unset = refused(&folder.path().join("app"));
    insta::assert_snapshot!("unset", unset);

    // the hint is what helps
    let redis = Process::start(folder.path(), &["emulate", "redis"], &[]);
    let address = format!("redis://{}", redis.address("redis://"));
    assert!(unset.contains("`slt secret set SHOP_REDIS`"));
    given(&folder, &["secret", "set", "SHOP_REDIS"], address.as_bytes());
    let arguments = ["-c", "app/slightfile.toml", "app/app.wasm"];
    let (server, http) = Process::serve(folder.path(), &arguments, &environment);
    assert_eq!(get(&http, "/count/visits"), (200, "1".to_owned()));
    assert_eq!(server.stop().code, 0);

    // a stranger's project that names the same secret gets nothing
    let stranger = crate::command::folder(&[
        ("slightfile.toml", slightfile("${usersecrets.SHOP_REDIS}").as_bytes()),
        ("app.wasm", app),
    ]);
    assert_eq!(refused(stranger.path()), unset);

    // what is no address is refused, and not shown
    given(&folder, &["secret", "set", "SHOP_REDIS"], VALUE.as_bytes());
    let wrong = refused(&folder.path().join("app"));
    assert!(!wrong.contains("zq7"), "{wrong}");
    assert!(
        wrong.contains("`REDIS_ADDRESS` of `keyvalue.redis` cannot be used"),
        "{wrong}"
    );
}

#[test]
fn references_that_run_cannot_resolve() {
    let old =
        "specversion = \"0.1\"\nsecret_store = \"configs.usersecrets\"\n\n[[capability]]\nname = \"keyvalue.redis\"\n";
    let mut two = slightfile("${envvars.ONE}");
    two.push_str(
        "\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"second\"\n\n[capability.configs]\n\
         REDIS_ADDRESS = \"${usersecrets.TWO}\"\n",
    );
    let files = [
        ("file", slightfile("${file.ADDRESS}")),
        ("azapp", slightfile("${azapp.ADDRESS}")),
        ("two", two),
        ("name", slightfile("${usersecrets.my address}")),
        ("old", old.to_owned()),
    ];
    let mut shown = String::new();
    for (name, text) in files {
        let folder = folder(&[("slightfile.toml", text.as_bytes()), ("app.wasm", guests::cases_app())]);
        let data = folder.path().join("data");
        let run = slt_with(
            folder.path(),
            &["run", "app.wasm", "-q"],
            &[("SLT_DATA_DIR", data.to_str().unwrap())],
        );
        assert_eq!(run.code, 2);
        shown.push_str(&format!("{name}\n{}\n", run.shown(folder.path())));
    }
    insta::assert_snapshot!("unresolved", shown);
}

/// A store that cannot be read, and a variable that is not there, stand in nobody's way who does not need them: with the
/// same environment `slt run` refuses.
#[test]
fn tests_read_neither_the_environment_nor_the_secrets() {
    let manifest = "[package]\nname = \"it-unread\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
    let lib = "#[test]\nfn passes() {}\n";
    let mut text = slightfile("${usersecrets.SHOP_REDIS}");
    text.push_str(
        "\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"second\"\n\n[capability.configs]\n\
         REDIS_ADDRESS = \"${envvars.SECOND_REDIS}\"\n",
    );
    let project = folder(&[
        ("Cargo.toml", manifest.as_bytes()),
        ("src/lib.rs", lib.as_bytes()),
        ("slightfile.toml", text.as_bytes()),
        ("app.wasm", guests::cases_app()),
        // where the folder of the stores belongs
        ("data/secrets", b"poison"),
    ]);
    let mut environment = guests::environment();
    environment.insert("SLT_DATA_DIR".into(), project.path().join("data").into());
    environment.insert("SLT_CACHE_DIR".into(), guests::target().join("slt").into());
    let pairs: Vec<(&str, &str)> = environment
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str()?)))
        .collect();
    let refused = slt_with(project.path(), &["run", "app.wasm"], &pairs);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(refused.stderr.contains("secrets` is no folder"), "{}", refused.stderr);

    let tested = slt_with(project.path(), &["test"], &pairs);
    assert_eq!(tested.code, 0, "{}{}", tested.stdout, tested.stderr);
    assert!(tested.stdout.contains("1 passed"), "{}", tested.stdout);

    let plan = slt::build::BuildPlan {
        toolchain: Some(slt::build::Toolchain::Cargo),
        command: None,
        root: project.path().to_owned(),
        release: false,
        environment: environment.clone(),
        color: Some(false),
        quiet: true,
        ending: None,
    };
    let artifact = slt::build::tests(&plan, &slt::events::silent()).unwrap().remove(0).path;
    let runner = slt_with(project.path(), &["runner", artifact.to_str().unwrap()], &pairs);
    assert_eq!(runner.code, 0, "{}{}", runner.stdout, runner.stderr);
    assert!(runner.stdout.contains("1 passed"), "{}", runner.stdout);
}

/// What `import` would store, `set` would store too; and what it cannot read, it says.
#[test]
fn an_import_leaves_nothing_out() {
    let encrypted = |value: &str| short_crypt::ShortCrypt::new(SLIGHTS_KEY).encrypt_to_url_component(value);
    let with = |value: &str| {
        let more = format!("\n[[secret_settings]]\nname = \"other\"\nvalue = {value}\n");
        SLIGHTS.replacen("\n[[capability", &format!("{more}\n[[capability"), 1)
    };
    let longest = "v".repeat(64 << 10);
    let folder = folder(&[(".slightkey", SLIGHTS_KEY.as_bytes())]);
    std::fs::create_dir(folder.path().join("app")).unwrap();
    let import = |text: &str, code: i32| {
        std::fs::write(folder.path().join("app/slightfile.toml"), text).unwrap();
        sessions(&folder, &[(&["secret", "import"], b"", code)])
    };
    let mut shown = import(&with("5"), 2);
    shown.push_str(&import(&with(&format!("\"{}\"", encrypted(""))), 2));
    shown.push_str(&import(&with(&format!("\"{}\"", encrypted(&format!("{longest}v")))), 2));
    assert!(stores(&folder).is_empty());
    insta::assert_snapshot!("left_out", shown);
    import(&with(&format!("\"{}\"", encrypted(&longest))), 0);
    assert_eq!(stored(&folder, "other"), longest);
}

/// An editor ends what it saves with a newline; slight's own key has none, and one that has is taken as it is.
#[test]
fn a_key_that_an_editor_saved() {
    for (key, file) in [("key", "key\n"), ("key", "key\r\n"), ("key\n", "key\n")] {
        let value = short_crypt::ShortCrypt::new(key).encrypt_to_url_component("value");
        let text = format!("specversion = \"0.2\"\n\n[[secret_settings]]\nname = \"a\"\nvalue = \"{value}\"\n");
        let folder = folder(&[
            ("app/slightfile.toml", text.as_bytes()),
            (".slightkey", file.as_bytes()),
        ]);
        assert_eq!(given(&folder, &["secret", "import"], b"").code, 0, "{file:?}");
        assert_eq!(stored(&folder, "a"), "value");
    }
}

/// A slightfile that `slight secret` wrote, with this key and these values; see `src/secrets/tests.rs`.
const SLIGHTS: &str = "specversion = \"0.2\" # mine\n\n[[secret_settings]]\nname = \"key\"\nvalue = \"CTs-a8zo\"\n\n\
                       [[secret_settings]]\nname = \"SHOP_REDIS\"\n\
                       value = \"4PrdEffDqjQrG-7Gm8Y_jDGMOr5vavNNjOh9Ex4-PxVuc6RM4j_fDTA\"\n\n\
                       [[capability]]\nresource = \"configs.usersecrets\"\nname = \"my-secret-store\"\n";
const SLIGHTS_KEY: &str = "k3VnQ8sZt0LwYb5RjXe2HcMp9UaDgF";

#[test]
fn slights_secrets_are_imported_once() {
    let folder = folder(&[("app/slightfile.toml", SLIGHTS.as_bytes())]);
    let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).unwrap();
    let mut shown = sessions(&folder, &[(&["secret", "import"], b"", 2)]);
    write(".slightkey", "another-key");
    shown.push_str(&sessions(&folder, &[(&["secret", "import"], b"", 2)]));
    write(".slightkey", "");
    shown.push_str(&sessions(&folder, &[(&["secret", "import"], b"", 2)]));
    assert!(stores(&folder).is_empty());
    write(".slightkey", SLIGHTS_KEY);
    shown.push_str(&sessions(
        &folder,
        &[(&["secret", "import"], b"", 0), (&["secret", "list"], b"", 0)],
    ));
    assert_eq!(stored(&folder, "key"), "value");
    assert_eq!(
        stored(&folder, "SHOP_REDIS"),
        "redis://:p%40ss@cache.example.com:6379/2"
    );
    given(&folder, &["secret", "set", "key"], b"newer");
    given(&folder, &["secret", "remove", "SHOP_REDIS"], b"");
    shown.push_str(&sessions(&folder, &[(&["secret", "import"], b"", 0)]));
    assert_eq!(stored(&folder, "key"), "newer");
    shown.push_str(&sessions(
        &folder,
        &[(&["secret", "import", "--force", "--format", "json", "-q"], b"", 0)],
    ));
    assert_eq!(stored(&folder, "key"), "value");

    std::fs::rename(folder.path().join(".slightkey"), folder.path().join("app/backup")).unwrap();
    let kept = given(&folder, &["secret", "import", "--key-file", "backup", "-q"], b"");
    assert_eq!(kept.code, 0, "{}", kept.stderr);
    let text = std::fs::read_to_string(folder.path().join("app/slightfile.toml")).unwrap();
    assert_eq!(text, SLIGHTS, "the slightfile stays as it is");

    write("app/slightfile.toml", "specversion = \"0.2\"\n");
    shown.push_str(&sessions(&folder, &[(&["secret", "import"], b"", 2)]));
    write("app/slightfile.toml", "specversion = 0.2\n[[");
    shown.push_str(&sessions(&folder, &[(&["secret", "import"], b"", 2)]));
    write("app/slightfile.toml", &SLIGHTS.replace("\"key\"", "\"my key\""));
    shown.push_str(&sessions(&folder, &[(&["secret", "import"], b"", 2)]));
    for part in [SLIGHTS_KEY, "CTs-a8zo", "p%40ss", "4PrdEff"] {
        assert!(!shown.contains(part), "{shown}");
    }
    insta::assert_snapshot!("import", shown);
}
