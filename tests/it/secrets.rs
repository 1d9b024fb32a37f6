//! A password in `REDIS_ADDRESS` is seen in nothing that slt prints, whatever it does with it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use crate::command::folder;
use crate::guests;
use crate::process::{Process, get};

/// As it is written in an address, and as it is meant. Not one of its parts is a word that slt says.
const WRITTEN: &str = "zq7%2Fxv%40kw";
const MEANT: &str = "zq7/xv@kw";

/// No part of the secret is in a text.
fn check(what: &str, text: &str) {
    for part in [WRITTEN, MEANT, "zq7", "xv@kw", "xv%40kw"] {
        assert!(!text.contains(part), "{what} shows `{part}`:\n{text}");
    }
}

fn slightfile(address: &str) -> String {
    format!(
        "specversion = \"1.0\"\n\n[app]\nname = \"app\"\nversion = \"0.1.0\"\n\n[[capability]]\n\
         resource = \"keyvalue.redis\"\nname = \"store\"\n\n[capability.configs]\nREDIS_ADDRESS = \"{address}\"\n"
    )
}

/// Addresses that hold the secret, right ones and wrong ones, for a Redis at `redis`.
fn addresses(redis: &str) -> Vec<String> {
    vec![
        format!("redis://:{WRITTEN}@{redis}"),
        format!("redis://user:{WRITTEN}@{redis}"),
        format!("redis://{WRITTEN}@{redis}"),
        format!("redis://:{WRITTEN}@127.0.0.1:1"),
        format!("redis://:{WRITTEN}@no-such-host.invalid"),
        format!("redis://:{WRITTEN}@127.0.0.1:99999"),
        format!("redis://:{WRITTEN}@{redis}/database"),
        format!("redis://:{WRITTEN}@"),
        format!("redis://:{MEANT}@{redis}"),
        format!("rediss://:{WRITTEN}@{redis}"),
        format!("http://:{WRITTEN}@{redis}"),
        format!("user:{WRITTEN}@{redis}"),
        format!(":{WRITTEN}@{redis}"),
        format!("{WRITTEN}@{redis}"),
        format!("{redis}?password={WRITTEN}"),
        format!("redis://{redis}?password={WRITTEN}"),
    ]
}

const LOUD: [&[&str]; 3] = [&[], &["--format", "json"], &["-vv"]];

fn environment(directory: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let process = Process::start(directory, arguments, variables);
    let run = process.end();
    (run.code, format!("{}{}", run.stdout, run.stderr))
}

#[test]
fn check_and_run_show_no_password() {
    let nowhere = folder(&[]);
    let redis = Process::start(nowhere.path(), &["emulate", "redis"], &[]);
    let server = redis.address("redis://");
    let mut answered = 0;
    for (number, address) in addresses(&server).iter().enumerate() {
        let literal = folder(&[
            ("slightfile.toml", slightfile(address).as_bytes()),
            ("app.wasm", guests::cases_app()),
        ]);
        let reference = folder(&[
            ("slightfile.toml", slightfile("${envvars.SHOP_REDIS}").as_bytes()),
            ("app.wasm", guests::cases_app()),
        ]);
        let variables = [("SHOP_REDIS", address.as_str())];
        let loud = LOUD[number % LOUD.len()];
        for (folder, variables) in [(&literal, &[][..]), (&reference, &variables[..])] {
            let what = format!("{address}, {loud:?}, {} variables", variables.len());
            let (_, text) = environment(folder.path(), &[&["check", "app.wasm"], loud].concat(), variables);
            check(&what, &text);
            let listening = [&["run", "app.wasm", "--listen", "127.0.0.1:0"], loud].concat();
            let app = Process::start(folder.path(), &listening, variables);
            if let Some(address) = app.address_or_end("http://") {
                for path in ["/get/key", "/set/key/value", "/count/key"] {
                    let (_, body) = get(&address, path);
                    check(&what, &body);
                }
                answered += 1;
                app.terminate();
            }
            let run = app.end();
            check(&what, &format!("{}{}", run.stdout, run.stderr));
        }
    }
    assert!(answered > 6, "{answered} of the addresses are addresses");
}

#[test]
fn test_shows_no_password() {
    let lib = "#[test]\nfn fails() {\n    panic!(\"so that all is shown\");\n}\n";
    let manifest = "[package]\nname = \"it-secrets\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
    for address in [
        format!("redis://:{WRITTEN}@127.0.0.1:1"),
        format!("http://:{WRITTEN}@127.0.0.1:1"),
        "${envvars.SHOP_REDIS}".to_owned(),
    ] {
        let project = folder(&[
            ("Cargo.toml", manifest.as_bytes()),
            ("src/lib.rs", lib.as_bytes()),
            ("slightfile.toml", slightfile(&address).as_bytes()),
        ]);
        for loud in LOUD {
            let run = guests::slt_with_tools(project.path(), &[&["test"], loud].concat());
            assert_ne!(run.code, 0, "{}{}", run.stdout, run.stderr);
            check("slt test", &format!("{}{}", run.stdout, run.stderr));
        }
    }
}

#[test]
fn emulate_shows_no_password() {
    let empty = folder(&[]);
    for loud in LOUD {
        let redis = Process::start(empty.path(), &[&["emulate", "redis"], loud].concat(), &[]);
        let mut stream = TcpStream::connect(redis.address("redis://")).unwrap();
        let commands = [
            format!("AUTH {MEANT}\r\n"),
            format!("AUTH user {MEANT}\r\n"),
            format!("*2\r\n$4\r\nauth\r\n${}\r\n{MEANT}\r\n", MEANT.len()),
            format!("HELLO 3 AUTH user {MEANT}\r\n"),
            format!("HELLO 2 SETNAME me AUTH user {MEANT}\r\n"),
            format!("AUTH user {MEANT} more\r\n"),
            format!("MULTI\r\nAUTH user {MEANT}\r\nDISCARD\r\n"),
            format!("CONFIG SET requirepass {MEANT}\r\n"),
        ];
        for command in commands {
            stream.write_all(command.as_bytes()).unwrap();
        }
        stream.write_all(b"QUIT\r\n").unwrap();
        let mut answers = Vec::new();
        stream.read_to_end(&mut answers).unwrap();
        let run = redis.stop();
        check("slt emulate", &format!("{}{}", run.stdout, run.stderr));
        let journal = run.stdout.to_lowercase().contains("auth");
        assert_eq!(journal, !loud.is_empty(), "{}", run.stdout);
    }
}
