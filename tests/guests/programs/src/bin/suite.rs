//! A suite of tests without Rust's harness, as another language would have it: `--list` prints a line for each test,
//! `--exact NAME` runs one, and the exit status is the verdict.

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use guest::faults::{Action, inject};
use guest::{Method, Scheme, clock, get, on, open, store};

/// What a test may say went wrong.
type Verdict = Result<(), String>;

/// A name, whether it is run only when it is asked for, and the test.
type Test = (&'static str, bool, fn() -> Verdict);

const TESTS: &[Test] = &[
    ("passes", false, || Ok(())),
    ("a sentence: with a colon", false, || Ok(())),
    ("fails", false, || Err("first line\nit is 3, and not 4".into())),
    ("fails without a word", false, || std::process::exit(1)),
    ("traps", false, || {
        eprintln!("about to trap");
        std::arch::wasm32::unreachable()
    }),
    ("spins", false, || {
        loop {
            std::hint::spin_loop();
        }
    }),
    ("deadlocks", false, || {
        let sent = open(&Method::Get, &Scheme::Http, "app.test", "/echo").map_err(|error| format!("{error:?}"))?;
        sent.response.subscribe().block(); // nobody ends the request
        Ok(())
    }),
    ("sleeps", false, || {
        std::thread::sleep(Duration::from_secs(3_600));
        equal(&now(), &1_767_229_200) // 2026-01-01T01:00:00Z
    }),
    ("advances the clock", false, || {
        clock::advance(1_000_000_000).map_err(|error| format!("{error:?}"))?;
        equal(&now(), &1_767_225_601)
    }),
    ("reaches the application", false, || {
        bucket()?.set("key", b"value").map_err(|error| format!("{error:?}"))?;
        equal(&get("/get/key").body, &"value".to_owned())
    }),
    ("has a store of its own", false, || {
        let keys = bucket()?.list_keys(None).map_err(|error| format!("{error:?}"))?;
        equal(&keys.keys.len(), &0)
    }),
    ("shows its exchanges", false, || {
        bucket()?.set("key", b"value").map_err(|error| format!("{error:?}"))?;
        Err("what it asked is shown".into())
    }),
    ("injects a fault", false, || {
        let fault = inject(&on("redis", "SET", Some(1)), &Action::DropAfter).map_err(|error| format!("{error:?}"))?;
        equal(&get("/set/key/value").status, &503)?;
        equal(&fault.hits(), &1)
    }),
    ("sees nothing of the host", false, || {
        equal(&std::env::vars().count(), &0)?;
        equal(&std::fs::read_dir("/").is_err(), &true)
    }),
    ("is ignored", true, || Ok(())),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--list"] => {
            println!("a suite of {} tests", TESTS.len());
            for (name, ignored, _) in TESTS {
                println!("{name}: {}", if *ignored { "ignored" } else { "test" });
            }
            ExitCode::SUCCESS
        }
        ["--exact", name] => run(name),
        _ => {
            eprintln!("usage: suite --list, or suite --exact NAME");
            ExitCode::FAILURE
        }
    }
}

fn run(name: &str) -> ExitCode {
    let Some((_, _, test)) = TESTS.iter().find(|(known, ..)| *known == name) else {
        eprintln!("there is no test {name:?}");
        return ExitCode::FAILURE;
    };
    println!("running {name}");
    match test() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn bucket() -> Result<store::Bucket, String> {
    store::open("store").map_err(|error| format!("{error:?}"))
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}

fn equal<T: PartialEq + std::fmt::Debug>(found: &T, expected: &T) -> Verdict {
    match found == expected {
        true => Ok(()),
        false => Err(format!("found {found:?}, expected {expected:?}")),
    }
}
