//! Figures that are promised for whole processes, gated at three times their value: machines are busy, and the profile is `dev`.
//! `scripts/bench.sh` prints the figures themselves, in the release profile.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::command::folder;
use crate::components::component;

const TOLERANCE: u32 = 3;

/// The CPU time of a run of slt with all its threads, in its own words: bash's, which asks the system when its child has ended.
fn cpu_time(directory: &Path, arguments: &[&str]) -> Duration {
    let output = Command::new("bash")
        .args([
            "-c",
            "TIMEFORMAT='%U %S'; { time \"$0\" \"$@\" >output 2>&1; } 2>time; cat time",
        ])
        .arg(env!("CARGO_BIN_EXE_slt"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .output()
        .unwrap();
    let spent = String::from_utf8(output.stdout).unwrap();
    let seconds: f64 = spent.split_whitespace().map(|part| part.parse::<f64>().unwrap()).sum();
    assert!(seconds > 0.0, "nothing was measured");
    Duration::from_secs_f64(seconds)
}

/// Fifty entries of five capabilities. About each of them there is something to say and an excerpt to draw, which is the costly part.
fn fifty_capabilities() -> String {
    let mut text = String::from("specversion = \"1.0\"\n\n[app]\nname = \"orders\"\n");
    let resources = [
        ("keyvalue.redis", "REDIS_ADDRESS = \"redis://:hunter2@127.0.0.1:6379\""),
        (
            "keyvalue.azblob",
            "AZURE_STORAGE_ACCOUNT = \"me\"\nAZURE_STORAGE_KEY = \"${envvars.KEY}\"",
        ),
        ("messaging.kafka", "CAK_ENDPOINT = \"localhost:9092\""),
        ("sql.sqlite", "SQLITE_PATH = \"orders.db\""),
        ("blobstore.filesystem", ""),
    ];
    for (index, (resource, configs)) in resources.iter().cycle().take(50).enumerate() {
        write!(
            text,
            "\n[[capability]]\nresource = \"{resource}\"\nname = \"n{index}\"\n"
        )
        .unwrap();
        write!(text, "\n[capability.configs]\n{configs}\n").unwrap();
    }
    text
}

#[test]
fn fifty_capabilities_are_checked_in_fifty_milliseconds() {
    const FIGURE: Duration = Duration::from_millis(50);
    let store = concat!(
        "package wasi:keyvalue@0.2.0-draft;\n",
        include_str!("../../wit/host/keyvalue-u64/store.wit")
    );
    let cli = "package wasi:cli@0.2.12; interface run { run: func() -> result; }";
    let world = "package a:b; world w { import wasi:keyvalue/store@0.2.0-draft; export wasi:cli/run@0.2.12; }";
    let component = component(&[cli, store, world], "", "(i32.const 0)");
    let folder = folder(&[
        ("slightfile.toml", fifty_capabilities().as_bytes()),
        ("dist/orders.wasm", &component),
    ]);
    let mut times: Vec<Duration> = (0..11).map(|_| cpu_time(folder.path(), &["check"])).collect();
    let said = std::fs::read_to_string(folder.path().join("output")).unwrap();
    assert!(said.contains("against dist/orders.wasm: 80 warnings"), "{said}");
    times.sort_unstable();
    assert!(times[5] < FIGURE * TOLERANCE, "{times:?}");
}
