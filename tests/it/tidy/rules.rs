//! What may stand where in the sources.

use super::{File, Problem, all_rust, files, none, slt};

/// The most lines of a source file without its tests: what can be read in one sitting.
const FILE_MAX_LINES: usize = 600;

/// Files that are longer, and why.
const LONGER: &[(&str, &str)] = &[
    ("src/catalogue.rs", "one table, a row for each resource"),
    ("emulators/src/redis/table.rs", "one table, a row for each command"),
    (
        "emulators/src/redis/docs.rs",
        "one table, what Redis says of each command",
    ),
];

/// The reasons that an ignored test may have: `.ci/run` provides for them.
const IGNORE_REASONS: &[&str] = &[
    "needs redis-server",
    "needs the crates of every platform",
    "needs a C toolchain for WebAssembly",
    JUDGES,
];

/// The reason of those that `.ci/run` runs in the step `artifacts`, which takes what has `judged::` in its path, as `ignored` leaves it out.
const JUDGES: &str = "needs the judges of artifacts";

/// What code must not name, where it may, and why.
struct Ban {
    names: &'static [&'static str],
    /// Beginnings of paths.
    but_in: &'static [&'static str],
    why: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        names: &["println!", "eprintln!", "print!", "eprint!", "stdout()", "stderr()"],
        but_in: &["src/ui/"],
        why: "nothing but `ui` prints",
    },
    Ban {
        names: &["process::exit", "process::abort"],
        but_in: &["src/main.rs"],
        why: "nothing but `main` exits",
    },
    Ban {
        names: &[
            "env::var",
            "env::args",
            "env::current_dir",
            "env::current_exe",
            "env::set_current_dir",
            "env::home_dir",
            "env::temp_dir",
        ],
        but_in: &["src/support/os.rs"],
        why: "the environment is read once, by `support::os`, and handed down by `commands`",
    },
    Ban {
        names: &[
            "os::unix",
            "os::windows",
            "cfg(unix)",
            "cfg(windows)",
            "cfg!(unix)",
            "cfg!(windows)",
            "signal::unix",
        ],
        but_in: &["src/support/os.rs", "src/support/processes.rs"],
        why: "what one system only has lies in `support/os.rs`",
    },
    Ban {
        names: &["use super::*", "allow(dead_code)", "allow(unused"],
        but_in: &[],
        why: "names are imported one by one, and what is not used is not there",
    },
];

/// Whether `name` stands in `line` by itself: `print!` is not in `println!` or `eprint!`.
fn names(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
            || !name.starts_with(|c: char| c.is_ascii_alphabetic())
    })
}

fn banned(file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, line) in file.code() {
        let line = line.split("//").next().unwrap_or(line);
        for ban in BANS
            .iter()
            .filter(|ban| !ban.but_in.iter().any(|start| file.path.starts_with(start)))
        {
            let found = ban.names.iter().filter(|name| names(line, name));
            problems.extend(found.map(|name| file.problem(number, format!("`{name}`: {}", ban.why))));
        }
    }
    problems
}

/// State that outlives every value: an item `static` of a type that can change.
fn globals(file: &File) -> Vec<Problem> {
    let changeable = ["mut ", "Lock<", "Cell<", "Mutex<", "Once", "Atomic"];
    let is_global = |line: &str| {
        let item = line
            .trim_start()
            .trim_start_matches("pub ")
            .trim_start_matches("pub(crate) ");
        let item = item.strip_prefix("static ");
        item.is_some_and(|item| changeable.iter().any(|kind| item.contains(kind))) || line.contains("thread_local!")
    };
    let found = file.code().filter(|(_, line)| is_global(line));
    found
        .map(|(number, _)| file.problem(number, "no globals: pass it in"))
        .collect()
}

fn opening(file: &File) -> Option<Problem> {
    let opens = file.text.starts_with("//! ") && file.text.lines().next().is_some_and(|line| line.len() > 20);
    (!opens).then(|| file.problem(1, "a file opens with `//!`: what it is, why, and what it does not do"))
}

fn unfinished(file: &File) -> Vec<Problem> {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("unimpl", "emented!"),
        concat!("to", "do!"),
    ];
    let lines = file.text.lines().enumerate();
    lines
        .flat_map(|(number, line)| {
            let found = marks.iter().filter(move |mark| names(line, mark));
            found.map(move |mark| file.problem(number + 1, format!("`{mark}`: finish it, or open an issue")))
        })
        .collect()
}

fn length(file: &File) -> Option<Problem> {
    let lines = file.code().count();
    let may_be_longer = LONGER.iter().any(|(path, _)| *path == file.path);
    (lines > FILE_MAX_LINES && !may_be_longer).then(|| {
        file.problem(
            lines,
            format!("{lines} lines, and {FILE_MAX_LINES} are allowed: split it"),
        )
    })
}

/// `select!` draws its order from the runtime unless it is told not to.
fn unbiased(file: &File) -> Vec<Problem> {
    let lines: Vec<(usize, &str)> = file.code().collect();
    let opens = |line: &str| line.contains("select! {") && !line.trim_start().starts_with("//");
    lines
        .iter()
        .enumerate()
        .filter(|(_, (_, line))| opens(line))
        .filter(|(index, _)| lines.get(index + 1).is_none_or(|(_, next)| next.trim() != "biased;"))
        .map(|(_, (number, _))| file.problem(*number, "`select!` without `biased;`: its order would be random"))
        .collect()
}

/// Tests that are skipped say what they need, and `.ci/run` has it in the step that runs them.
fn ignored(file: &File) -> Vec<Problem> {
    let is_judged = file.path.split('/').any(|part| part == "judged" || part == "judged.rs");
    let problem = |line: &str| {
        let reason = line
            .split_once("ignore = \"")
            .and_then(|(_, rest)| rest.split('"').next());
        match reason.filter(|reason| IGNORE_REASONS.contains(reason)) {
            None => Some(format!("an ignored test needs one of {IGNORE_REASONS:?}")),
            Some(reason) if (reason == JUDGES) != is_judged => Some(format!(
                "`{JUDGES}` is the reason of all tests in modules called `judged`, and of no others"
            )),
            Some(_) => None,
        }
    };
    let lines = file.text.lines().enumerate();
    lines
        .filter(|(_, line)| line.trim_start().starts_with("#[ignore"))
        .filter_map(|(number, line)| Some(file.problem(number + 1, problem(line)?)))
        .collect()
}

/// Places on somebody's machine.
fn machine(file: &File) -> Vec<Problem> {
    let places = [
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/wo", "rk/"),
        concat!("/Us", "ers/"),
    ];
    let lines = file.text.lines().enumerate();
    lines
        .filter(|(_, line)| places.iter().any(|place| line.contains(place)))
        .map(|(number, _)| file.problem(number + 1, "a place on one machine"))
        .collect()
}

fn check<P: IntoIterator<Item = Problem>>(files: &[File], rule: impl Fn(&File) -> P) {
    assert!(files.len() > 3, "files are found");
    none(&files.iter().flat_map(rule).collect::<Vec<_>>());
}

#[test]
fn what_may_stand_where() {
    check(&slt(), banned);
    check(&files(&["emulators/src"], &["rs"]), banned);
}

#[test]
fn nothing_is_global() {
    check(&slt(), globals);
    check(&files(&["emulators/src"], &["rs"]), globals);
}

#[test]
fn every_file_says_what_it_is() {
    check(&all_rust(), opening);
}

#[test]
fn nothing_is_left_unfinished() {
    check(&all_rust(), unfinished);
    check(
        &files(
            &["docs", "README.md", "CHANGELOG.md", ".ci", "Cargo.toml"],
            &["md", "txt", "toml"],
        ),
        unfinished,
    );
}

#[test]
fn files_are_short() {
    check(&slt(), length);
    check(&files(&["emulators/src"], &["rs"]), length);
}

#[test]
fn no_order_is_left_to_chance() {
    check(&slt(), unbiased);
    check(&files(&["emulators/src"], &["rs"]), unbiased);
}

#[test]
fn ignored_tests_say_what_they_need() {
    check(&files(&["src", "emulators", "tests/it"], &["rs"]), ignored);
}

#[test]
fn no_places_of_one_machine() {
    check(&all_rust(), machine);
    check(
        &files(
            &["docs", "README.md", "CHANGELOG.md", "templates"],
            &["md", "toml", "wit"],
        ),
        machine,
    );
}

#[test]
fn bad_samples_are_found() {
    let count = |path: &str, text: &str| banned(&File::new(path, text)).len();
    for (path, text, expected) in [
        ("src/host/mod.rs", "println!(\"x\");", 1),
        ("src/ui/mod.rs", "println!(\"x\");", 0),
        ("src/host/mod.rs", "// println!(\"x\");", 0),
        (
            "src/host/mod.rs",
            "fn a() {}\n#[cfg(test)]\nmod tests { use super::*; }",
            0,
        ),
        ("src/host/mod.rs", "use super::*;", 1),
        ("src/host/mod.rs", "std::io::stdout().lock()", 1),
        ("src/host/mod.rs", "Output::stdout", 0),
        ("src/commands/run.rs", "std::process::exit(1)", 1),
        ("src/main.rs", "std::process::exit(1)", 0),
        ("src/harness/run.rs", "std::env::var(\"HOME\")", 1),
        ("src/harness/run.rs", "std::env::vars_os()", 1),
        ("src/support/os.rs", "std::env::vars_os()", 0),
        ("src/support/programs.rs", "std::env::split_paths(path)", 0),
        ("src/host/cache.rs", "#[cfg(unix)]", 1),
    ] {
        assert_eq!(count(path, text), expected, "{path}: {text}");
    }
    let file = |text: &str| File::new("src/x.rs", text);
    assert!(opening(&file("use std::fs;\n")).is_some() && opening(&file("//! Short.\n")).is_some());
    assert!(opening(&file("//! Reads what is on disk, and writes nothing.\n")).is_none());
    assert_eq!(unfinished(&file(concat!("// TO", "DO: later\n"))).len(), 1);
    assert_eq!(unfinished(&file(concat!("    unimpl", "emented!()\n"))).len(), 1);
    assert!(length(&file(&"x\n".repeat(FILE_MAX_LINES + 1))).is_some());
    assert!(length(&file(&"x\n".repeat(FILE_MAX_LINES))).is_none());
    assert_eq!(globals(&file("static X: OnceLock<u8> = OnceLock::new();")).len(), 1);
    assert_eq!(
        globals(&file("    pub static X: AtomicU8 = AtomicU8::new(0);")).len(),
        1
    );
    let constant = "    on_demand: OnceLock<Engine>,\nfn f(x: &'static str) {}\nstatic N: u8 = 1;";
    assert_eq!(globals(&file(constant)).len(), 0);
    assert_eq!(unbiased(&file("tokio::select! {\n    a = b => {}\n}")).len(), 1);
    assert_eq!(
        unbiased(&file("tokio::select! {\n    biased;\n    a = b => {}\n}")).len(),
        0
    );
    assert_eq!(
        ignored(&file("#[ignore]\nfn a() {}\n    #[ignore = \"slow\"]\n")).len(),
        2
    );
    let needs_redis = "#[ignore = \"needs redis-server\"]";
    let needs_judges = format!("#[ignore = \"{JUDGES}\"]");
    for (path, text, expected) in [
        ("tests/it/ship/sent.rs", needs_redis, 0),
        ("tests/it/ship/sent.rs", &needs_judges, 1),
        ("tests/it/ship/judged.rs", &needs_judges, 0),
        ("tests/it/judged/lies.rs", &needs_judges, 0),
        ("tests/it/judged/lies.rs", needs_redis, 1),
        ("tests/it/prejudged.rs", &needs_judges, 1),
    ] {
        assert_eq!(ignored(&File::new(path, text)).len(), expected, "{path}: {text}");
    }
    assert_eq!(machine(&file(concat!("see /ro", "ot/x"))).len(), 1);
}
