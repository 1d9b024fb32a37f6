//! `slt check --fix`: what is mended and written, and what is left as it is.

use slt::catalogue::CATALOGUE;
use slt::slightfile::{Diagnostic, apply, parse};
use slt::validate::{Artifact, World, validate};
use wit_parser::Resolve;

use crate::command::{folder, slt};
use crate::slightfiles::cases;

/// The file after `slt check --fix`, and what the user reads.
fn fixed(text: &str) -> (String, String) {
    let folder = folder(&[("slightfile.toml", text.as_bytes())]);
    let run = slt(folder.path(), &["check", "--fix"]);
    let after = std::fs::read_to_string(folder.path().join("slightfile.toml")).unwrap();
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 1, "nothing else is left behind");
    (after, run.shown(folder.path()))
}

#[test]
fn each_certain_fix() {
    let redis = "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\n";
    let mqtt = "specversion = \"1.0\"\n[[capability]]\nresource = \"messaging.mqtt\"\nname = \"a\"\n";
    let one = |line: &str| format!("specversion = \"1.0\"\n{line}\n");
    let entry = |entry: &str, line: &str| format!("{entry}{line}\n");
    for (wrong, right) in [
        ("[app]\n".to_owned(), one("[app]")),
        ("specversoin = \"1.0\"\n".to_owned(), "specversion = \"1.0\"\n".to_owned()),
        ("specversion = 1.0 # new\n".to_owned(), "specversion = \"1.0\" # new\n".to_owned()),
        ("specversion = 0.2\n".to_owned(), "specversion = \"0.2\"\n".to_owned()),
        (one("[limit]\nmemory = \"1MiB\""), one("[limits]\nmemory = \"1MiB\"")),
        (one("[app]\nname = 12"), one("[app]\nname = \"12\"")),
        (one("[app]\nname = true"), one("[app]\nname = \"true\"")),
        (
            entry(mqtt, "configs = { MOSQUITTO_HOST = \"h\", MOSQUITTO_PORT = 1_883 }"),
            entry(mqtt, "configs = { MOSQUITTO_HOST = \"h\", MOSQUITTO_PORT = \"1883\" }"),
        ),
        (
            one("[outbound]\nhosts = \"https://a.b\" # one"),
            one("[outbound]\nhosts = [\"https://a.b\"] # one"),
        ),
        (
            one("[outbound]\nhosts = [\"https://a.b/\"]"),
            one("[outbound]\nhosts = [\"https://a.b\"]"),
        ),
        (
            entry(mqtt, "subscribe = [1, \"a\"]\nconfigs = { MOSQUITTO_HOST = \"h\", MOSQUITTO_PORT = \"1\" }"),
            entry(mqtt, "subscribe = [\"1\", \"a\"]\nconfigs = { MOSQUITTO_HOST = \"h\", MOSQUITTO_PORT = \"1\" }"),
        ),
        (
            one("[capability]\nresource = \"http\"\nname = \"a\""),
            one("[[capability]]\nresource = \"http\"\nname = \"a\""),
        ),
        (
            one("capability = { resource = \"http\", name = \"a\" }"),
            one("capability = [{ resource = \"http\", name = \"a\" }]"),
        ),
        (
            one("[[capability]]\nresource = \"http\"\nname = \"a\"\noptional = \"true\""),
            one("[[capability]]\nresource = \"http\"\nname = \"a\"\noptional = true"),
        ),
        (
            entry(redis, "configs = { REDIS_ADDRESS = \"${env.A}\" }"),
            entry(redis, "configs = { REDIS_ADDRESS = \"${envvars.A}\" }"),
        ),
        (
            entry(redis, "configs = { REDIS_ADDRESS = \"${usersecret.A:-redis://h}\" }"),
            entry(redis, "configs = { REDIS_ADDRESS = \"${usersecrets.A:-redis://h}\" }"),
        ),
        (
            entry("specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.azblob\"\nname = \"a\"\n",
                  "configs = { AZURE_STORAGE_ACCOUNT = \"${local.me}\", AZURE_STORAGE_KEY = \"${envvars.K}\" }"),
            entry("specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.azblob\"\nname = \"a\"\n",
                  "configs = { AZURE_STORAGE_ACCOUNT = \"me\", AZURE_STORAGE_KEY = \"${envvars.K}\" }"),
        ),
        (
            entry(redis, "configs = { REDIS_ADRESS = \"redis://h\" }"),
            entry(redis, "configs = { REDIS_ADDRESS = \"redis://h\" }"),
        ),
        (
            one("[[capability]]\nresource = \"keyvalue.reddis\"\nname = \"a\"\nconfigs = { REDIS_ADDRESS = \"redis://h\" }"),
            one("[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\nconfigs = { REDIS_ADDRESS = \"redis://h\" }"),
        ),
        (
            "specversion = \"0.2\"\n[[capability]]\nresource = \"kv.redis\"\nname = \"a\"\nconfigs = { REDIS_ADDRESS = \"redis://h\" }\n"
                .to_owned(),
            "specversion = \"0.2\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\nconfigs = { REDIS_ADDRESS = \"redis://h\" }\n"
                .to_owned(),
        ),
        // a file that is no TOML: more comes to light behind it
        (
            "specversion = 1.0\n[app]\nnam = orders\nversion: \"0.1.0\"\n".to_owned(),
            "specversion = \"1.0\"\n[app]\nname = \"orders\"\nversion = \"0.1.0\"\n".to_owned(),
        ),
        (
            "specversion = \"0.1\"\nsecret_store = \"configs.envars\"\n".to_owned(),
            "specversion = \"0.1\"\nsecret_store = \"configs.envvars\"\n".to_owned(),
        ),
    ] {
        let (after, shown) = fixed(&wrong);
        assert_eq!(after, right, "{wrong}\n{shown}");
        assert!(shown.contains("fixed slightfile.toml:"), "{shown}");
        let (again, _) = fixed(&after);
        assert_eq!(again, after, "nothing is left to mend");
    }
}

#[test]
fn what_is_mended_and_what_is_left() {
    let (after, shown) = fixed(
        "# my app\r\nspecversion = \"1.0\"\r\n\r\n[app]\r\nnam = 7 # seven\r\n\r\n[outbound]\r\nhosts = \"a.b\"\r\n\r\n[capability]\r\n\
         resource = \"keyvalue.reddis\"\r\nname = \"a\"\r\n",
    );
    assert_eq!(
        after,
        "# my app\r\nspecversion = \"1.0\"\r\n\r\n[app]\r\nname = \"7\" # seven\r\n\r\n[outbound]\r\nhosts = [\"a.b\"]\r\n\r\n[[capability]]\r\n\
         resource = \"keyvalue.redis\"\r\nname = \"a\"\r\n"
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn nothing_to_mend_writes_nothing() {
    let text = "specversion = \"1.0\"\n[limits]\nmemory = \"128\"\n";
    let folder = folder(&[("slightfile.toml", text.as_bytes())]);
    let path = folder.path().join("slightfile.toml");
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000);
    std::fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    let run = slt(folder.path(), &["check", "--fix"]);
    assert_eq!(run.code, 1);
    assert!(!run.stdout.contains("fixed"), "{}", run.stdout);
    assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), long_ago);
}

#[test]
fn as_json() {
    let folder = folder(&[("slightfile.toml", b"specversion = \"1.0\"\n[app]\nnam = \"a\"\n")]);
    let run = slt(folder.path(), &["check", "--fix", "--format", "json"]);
    let first = run.stdout.lines().next().unwrap();
    assert_eq!(
        first,
        r#"{"kind":"fixed","code":"SLT0103","file":"slightfile.toml","line":3,"title":"replace by `name`"}"#
    );
    assert!(!run.stdout.contains("SLT0103\",\"severity"), "{}", run.stdout);
}

#[test]
fn as_sarif() {
    let folder = folder(&[("slightfile.toml", b"specversion = \"1.0\"\n[app]\nnam = \"a\"\n")]);
    let run = slt(folder.path(), &["check", "--fix", "--format", "sarif"]);
    assert_eq!(run.stderr, "fixed slightfile.toml:3: replace by `name` (SLT0103)\n");
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["version"], "2.1.0");
}

#[cfg(unix)]
#[test]
fn links_and_permissions_stay() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&[("real/slightfile.toml", b"specversion = 1.0\n")]);
    let real = folder.path().join("real/slightfile.toml");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("slightfile.toml");
    std::os::unix::fs::symlink("real/slightfile.toml", &link).unwrap();
    let run = slt(folder.path(), &["check", "--fix"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(&real).unwrap(), "specversion = \"1.0\"\n");
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
}

#[cfg(unix)]
#[test]
fn a_read_only_file_is_not_written() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&[("slightfile.toml", b"specversion = 1.0\n")]);
    let path = folder.path().join("slightfile.toml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    let run = slt(folder.path(), &["check", "--fix"]);
    assert_eq!(run.code, 3);
    insta::assert_snapshot!(run.stderr);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "specversion = 1.0\n");
}

/// All that is wrong with a text, and whether it is understood.
fn judged(text: &str, world: Option<&World>) -> (Vec<Diagnostic>, bool) {
    let (slightfile, mut found) = parse("slightfile.toml", text);
    if let Some(slightfile) = &slightfile {
        found.extend(validate(slightfile, world, &CATALOGUE, Artifact::App));
    }
    (found, slightfile.is_some())
}

/// Makes each fix of each problem by itself, and answers how many there were.
fn each_fix_mends_its_problem(called: &str, text: &str, world: Option<&World>) -> usize {
    let (found, understood) = judged(text, world);
    let mut count = 0;
    for diagnostic in &found {
        for fix in &diagnostic.fixes {
            let after = apply(text, &fix.edits);
            let (left, still_understood) = judged(&after, world);
            let alike = |found: &[Diagnostic]| {
                let same = |d: &&Diagnostic| d.code == diagnostic.code && d.message == diagnostic.message;
                found.iter().filter(same).count()
            };
            let what = format!("{called}: {}: {}\n{after}\n{left:#?}", diagnostic.message, fix.title);
            assert!(alike(&left) < alike(&found), "it is still there: {what}");
            assert!(still_understood || !understood, "it is not understood any more: {what}");
            count += 1;
        }
    }
    count
}

/// Those that an editor offers too: a line that is inserted has to be at the right place, whatever stands around it.
#[test]
fn every_fix_mends_its_problem() {
    let cases = cases();
    let texts = cases.iter().filter_map(|case| Some((&case.name, case.text()?)));
    let fixes: usize = texts
        .map(|(name, text)| each_fix_mends_its_problem(name, text, None))
        .sum();
    assert!(fixes > 60, "{fixes}");
    for text in [
        "specversion = \"1.0\"\ncapability = [{ resource = \"keyvalue.redis\", name = \"a\" }, { name = \"b\" }, {}]\n",
        "specversion = \"1.0\"\ncapability = [{ resource = \"keyvalue.redis\", name = \"a\", configs = {} }]\n",
        "specversion = \"1.0\"\n[[capability]] # one\nname = \"a\" # two\nresource = \"messaging.nats\"\n[capability.configs] # three\n",
        "specversion = \"1.0\"\n[[capability]]\nname = \"a\"\nresource = \"keyvalue.azblob\"\nconfigs = { AZURE_STORAGE_ACCOUNT = \"a\" }\n",
        "specversion = \"1.0\"\n[[capability]]\nname = \"a\"\nresource = \"keyvalue.azblob\"\nconfigs.AZURE_STORAGE_ACCOUNT = \"a\"\n",
        "specversion = \"1.0\"\n[outbound]\nhosts = [\"https://*a.b\", \"https://a.b/c?d\", \"a.b:80\"]\n",
    ] {
        assert!(
            each_fix_mends_its_problem("more", text, None) > 0 || text.contains("configs.AZURE"),
            "{text}"
        );
    }
}

#[test]
fn fixes_beside_a_world() {
    let mut resolve = Resolve::default();
    for text in [
        "package wasi:cli@0.2.0; interface run { run: func() -> result; }",
        "package wasi:keyvalue@0.2.0-draft; interface store { open: func(); }",
    ] {
        resolve.push_str("dependency.wit", text).unwrap();
    }
    let world = "package a:b; world w { import wasi:keyvalue/store@0.2.0-draft; export wasi:cli/run@0.2.0; }";
    let package = resolve.push_str("world.wit", world).unwrap();
    let world = World::from_package(&resolve, package, None).unwrap();
    let http = "[[capability]]\nresource = \"http\"\nname = \"a\" # one\n";
    let sqlite = "[[capability]]\nresource = \"sql.sqlite\"\nname = \"a\"\n[capability.configs]\nSQLITE_PATH = \"a\"\n";
    for (text, fixes) in [
        ("specversion = \"1.0\"".to_owned(), 1),
        (format!("specversion = \"1.0\"\n{http}[limits]\nmemory = \"1MiB\"\n"), 2),
        (format!("specversion = \"1.0\"\n{sqlite}{http}"), 2),
        (
            "specversion = \"1.0\"\ncapability = [{ resource = \"http\", name = \"a\" }]\n".to_owned(),
            0,
        ),
    ] {
        assert_eq!(
            each_fix_mends_its_problem("world", &text, Some(&world)),
            fixes,
            "{text}"
        );
    }
}

#[test]
fn no_fix_holds_a_secret() {
    let entry = "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.azblob\"\nname = \"a\"\n";
    for value in [
        "\"${local.hunter2}\"",
        "\"${env.KEY:-hunter2}\"",
        "\"hunter2\"",
        "\"\"\"${local.hunter2}\"\"\"",
        "'${local.hunter2}'",
        "480_917",
        "480917",
    ] {
        let text = format!("{entry}configs = {{ AZURE_STORAGE_ACCOUNT = \"me\", AZURE_STORAGE_KEY = {value} }}\n");
        let folder = folder(&[("slightfile.toml", text.as_bytes())]);
        for arguments in [
            &["check", "--format", "json"][..],
            &["check", "--format", "sarif"],
            &["check"],
        ] {
            let run = slt(folder.path(), arguments);
            assert!(
                !run.stdout.contains("hunter2") && !run.stdout.contains("480"),
                "{value}: {}",
                run.stdout
            );
            assert!(!run.stderr.contains("hunter2"), "{value}: {}", run.stderr);
        }
    }
}
