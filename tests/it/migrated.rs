//! Applications of the kind that slight shipped, brought over (`tests/migrated`), as `docs/migrating.md` says how: built, checked,
//! tested and run by slt, on slightfiles as slight had them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(unix)]
use crate::c::{component_linker, make, play_wit_bindgen};
use crate::command::{Run, folder, slt_with};
use crate::guests::{slt_with_tools, target};
use crate::process::{Process, http};

/// An application: its folder, and its component.
struct App {
    folder: &'static str,
    component: &'static str,
    /// What `slt check` says of its component and its slightfile.
    checked: &'static str,
    /// Whether its slightfile has any name.
    any_name: bool,
    /// How many tests it has.
    tests: usize,
}

const CLIENTS: &[App] = &[
    App {
        folder: "rust-keyvalue",
        component: "dist/orders.wasm",
        checked: "checked slightfile.toml against dist/orders.wasm: no problems\n",
        any_name: false,
        tests: 0,
    },
    App {
        folder: "rust-keyvalue-wasi",
        component: "dist/orders-wasi.wasm",
        checked: "checked slightfile.toml against dist/orders-wasi.wasm: no problems\n",
        any_name: false,
        tests: 0,
    },
];

const C_CLIENT: App = App {
    folder: "c-keyvalue",
    component: "dist/c-keyvalue.wasm",
    // it has an old name, as slight 0.1 had it
    checked: "checked slightfile.toml against dist/c-keyvalue.wasm: 1 warning\n",
    any_name: true,
    tests: 0,
};

const SERVER: App = App {
    folder: "rust-http",
    component: "dist/notes.wasm",
    checked: "checked slightfile.toml against dist/notes.wasm: no problems\n",
    any_name: false,
    tests: 10,
};

const C_SERVER: App = App {
    folder: "c-http",
    component: "dist/c-http.wasm",
    checked: "checked slightfile.toml against dist/c-http.wasm: no problems\n",
    any_name: true,
    tests: 1,
};

impl App {
    fn root(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/migrated")
            .join(self.folder)
    }

    /// Builds its component, and checks it.
    fn build(&self) {
        let _alone = one_at_a_time();
        for arguments in [&["build"][..], &["check"]] {
            let run = slt_with_tools(&self.root(), arguments);
            assert_eq!(run.code, 0, "{}: {}", self.folder, run.stderr);
            if arguments == ["check"] {
                assert_eq!(run.stdout, self.checked, "{}: {}", self.folder, run.stderr);
            }
        }
    }
}

/// One folder is not built twice at once.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static BUILD: Mutex<()> = Mutex::new(());
    BUILD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A Redis for programs, and what leads to it.
struct Redis {
    /// It ends with this.
    _process: Process,
    host: String,
    address: String,
}

fn redis() -> Redis {
    let process = Process::start(&target(), &["emulate", "redis"], &[]);
    let host = process.address("redis://");
    Redis {
        _process: process,
        address: format!("redis://{host}"),
        host,
    }
}

/// Runs a client once.
fn client(app: &App, address: &str, arguments: &[&str]) -> Run {
    let cache = target().join("slt");
    let environment = [("REDIS_ADDRESS", address), ("SLT_CACHE_DIR", cache.to_str().unwrap())];
    slt_with(
        &app.root(),
        &[&["run", app.component, "--"], arguments].concat(),
        &environment,
    )
}

/// What a client is asked, and what it prints.
const SESSION: &[(&[&str], &str)] = &[
    (&["orders", "get", "bread"], "bread is not there\n"),
    (&["orders", "set", "bread", "3"], ""),
    (&["orders", "set", "milk", ""], ""),
    (&["orders", "get", "milk"], "milk = \n"),
    (&["drafts", "set", "bread", "5"], ""),
    (&["orders", "get", "bread"], "bread = 3\n"),
    (&["orders", "set", "orders:tea/green", "1"], ""),
    (&["orders", "keys"], "bread\nmilk\norders:tea/green\n"),
    (&["orders", "delete", "bread"], ""),
    (&["orders", "delete", "bread"], ""),
    (&["orders", "keys"], "milk\norders:tea/green\n"),
    (&["drafts", "keys"], "bread\n"),
];

/// A command's world exports nothing, and is checked before there is a component.
#[test]
fn a_command_is_one_before_it_is_built() {
    let read = |file: &str| std::fs::read(CLIENTS[0].root().join(file)).unwrap();
    let project = folder(&[
        ("slightfile.toml", &read("slightfile.toml")),
        ("wit/world.wit", &read("wit/world.wit")),
        (
            "wit/deps/slight-keyvalue/compat.wit",
            &read("wit/deps/slight-keyvalue/compat.wit"),
        ),
    ]);
    let run = slt_with(project.path(), &["check"], &[]);
    let expected = "checked slightfile.toml against wit (there is no component yet): no problems\n";
    assert_eq!((run.code, run.stdout.as_str()), (0, expected), "{}", run.stderr);
}

/// The session, and what becomes of a name that the slightfile does not have.
fn sets_gets_lists_and_deletes(app: &App) {
    app.build();
    let redis = redis();
    for (arguments, expected) in SESSION {
        let run = client(app, &redis.address, arguments);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (0, *expected),
            "{} {arguments:?}: {}",
            app.folder,
            run.stderr
        );
    }
    let run = client(app, &redis.address, &["letters", "set", "a", "1"]);
    if app.any_name {
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (0, ""),
            "{}: {}",
            app.folder,
            run.stderr
        );
        let run = client(app, &redis.address, &["letters", "keys"]);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (0, "a\n"),
            "{}: {}",
            app.folder,
            run.stderr
        );
    } else {
        let refused = run
            .stderr
            .contains("the slightfile declares no key-value store `letters`");
        assert!(run.code == 1 && refused, "{}: {} {}", app.folder, run.code, run.stderr);
    }
}

#[test]
fn clients_set_get_list_and_delete() {
    for app in CLIENTS {
        sets_gets_lists_and_deletes(app);
    }
}

/// Its slightfile is one of 0.1, in which any name opens the one entry.
#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn a_client_in_c_sets_gets_lists_and_deletes() {
    sets_gets_lists_and_deletes(&C_CLIENT);
}

/// The Makefile of the page, with wit-bindgen's program played by what slt generated with its library.
#[cfg(unix)]
#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn a_client_in_c_is_made_without_slt() {
    let empty = folder(&[]);
    let project = empty.path().join("orders");
    for file in [
        "Makefile",
        "slightfile.toml",
        "src/main.c",
        "wit/world.wit",
        "wit/deps/slight-keyvalue/compat.wit",
    ] {
        let to = project.join(file);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(C_CLIENT.root().join(file), to).unwrap();
    }
    let run = slt_with_tools(&project, &["build"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let bindings = empty.path().join("bindings");
    std::fs::rename(project.join("build/bindings/app"), &bindings).unwrap();
    std::fs::remove_dir_all(project.join("dist")).unwrap();
    play_wit_bindgen(empty.path(), &bindings, "orders");

    // what calls `main`, where slt found the libc to be an old one
    let runtime = project.join("build/runtime.c");
    let runtime = match runtime.is_file() {
        true => format!("-nostartfiles {}", runtime.display()),
        false => String::new(),
    };
    let linker = component_linker();
    let compiler = format!(
        "WASI_CC=clang --target=wasm32-wasi -fuse-ld={} {runtime}",
        linker.display()
    );
    let (success, said) = make(&project, empty.path(), &[&compiler]);
    assert!(success, "{said}");

    let redis = redis();
    let environment = [("REDIS_ADDRESS", redis.address.as_str())];
    for (arguments, expected) in SESSION {
        let arguments = [&["run", "dist/orders.wasm", "--"], *arguments].concat();
        let run = slt_with(&project, &arguments, &environment);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (0, *expected),
            "{arguments:?}: {}",
            run.stderr
        );
    }
}

/// `slt run` in the folder of the project builds it first; a Redis that is not there is an error by slight's name.
#[test]
fn a_service_that_is_not_there() {
    let app = &CLIENTS[0];
    let mut environment = crate::guests::environment();
    environment.insert("REDIS_ADDRESS".into(), "redis://127.0.0.1:1".into());
    let pairs: Vec<(&str, &str)> = environment
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str()?)))
        .collect();
    let _alone = one_at_a_time();
    let run = slt_with(&app.root(), &["run", "--", "orders", "keys"], &pairs);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("ConnectionError"), "{}", run.stderr);
}

/// Sets keys `orders:0` up to a number, a thousand at once.
fn fill(redis: &Redis, keys: std::ops::Range<usize>) {
    let mut stream = TcpStream::connect(&redis.host).unwrap();
    let all: Vec<usize> = keys.collect();
    for keys in all.chunks(1000) {
        let mut command = format!("*{}\r\n$4\r\nMSET\r\n", 1 + 2 * keys.len());
        for key in keys {
            let key = format!("orders:{key}");
            command.push_str(&format!("${}\r\n{key}\r\n$1\r\n1\r\n", key.len()));
        }
        stream.write_all(command.as_bytes()).unwrap();
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"+OK\r\n");
    }
}

#[test]
fn keys_has_a_limit_and_the_standard_has_pages() {
    const MAX_KEYS: usize = 100_000;
    CLIENTS[0].build();
    let redis = redis();
    let keys = |app| client(app, &redis.address, &["orders", "keys"]);
    fill(&redis, 0..MAX_KEYS);
    let run = keys(&CLIENTS[0]);
    assert_eq!((run.code, run.stdout.lines().count()), (0, MAX_KEYS), "{}", run.stderr);
    fill(&redis, MAX_KEYS..MAX_KEYS + 1);
    let run = keys(&CLIENTS[0]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    let expected = "the store has 100001 keys, and `keys` gives 100000 at most";
    assert!(
        run.stderr.contains("UnexpectedError") && run.stderr.contains(expected),
        "{}",
        run.stderr
    );
    CLIENTS[1].build();
    let run = keys(&CLIENTS[1]);
    assert_eq!(
        (run.code, run.stdout.lines().count()),
        (0, MAX_KEYS + 1),
        "{}",
        run.stderr
    );
}

/// What a server is asked, and what it answers.
const REQUESTS: &[(&str, &str, &str, u16, &str)] = &[
    ("GET", "/hello/Ada", "", 200, "hello, Ada"),
    ("GET", "/hello/Ada%20Lovelace/", "", 200, "hello, Ada Lovelace"),
    ("GET", "/hello/50%", "", 200, "hello, 50%"),
    ("GET", "/hello/%zz%4a%4A", "", 200, "hello, %zzJJ"),
    ("GET", "/hello", "", 404, "not found"),
    ("GET", "/", "", 404, "not found"),
    ("GET", "/1/2/3/4/5/6/7/8/9/10", "", 404, "not found"),
    ("POST", "/hello/Ada", "", 404, "not found"),
    ("GET", "/hello/Ada/Grace", "", 404, "not found"),
    ("GET", "/notes", "", 200, ""),
    ("GET", "/notes/milk", "", 404, "not found"),
    ("PUT", "/notes/milk", "two bottles", 204, ""),
    ("PUT", "/notes/bread?sliced", "", 204, ""),
    ("GET", "/notes/milk", "", 200, "two bottles"),
    ("GET", "/notes/bread", "", 200, ""),
    ("GET", "/notes", "", 200, "bread\nmilk"),
    ("DELETE", "/notes/bread", "", 204, ""),
    ("DELETE", "/notes/bread", "", 204, ""),
    ("GET", "/notes", "", 200, "milk"),
];

fn serves(app: &App) {
    app.build();
    let redis = redis();
    let environment = [("REDIS_ADDRESS", redis.address.as_str())];
    let (server, address) = Process::serve(&app.root(), &[app.component], &environment);
    for (method, path, body, status, expected) in REQUESTS {
        let response = http(&address, method, path, body);
        let did = (response.status, response.body.as_str());
        assert_eq!(did, (*status, *expected), "{}: {method} {path}", app.folder);
    }
    // a body of several pieces
    let long = "two bottles and ".repeat(5000);
    assert_eq!(http(&address, "PUT", "/notes/long", &long).status, 204);
    assert!(http(&address, "GET", "/notes/long", "").body == long, "{}", app.folder);
    // another instance of the application, and the same store
    drop(server);
    let (_server, address) = Process::serve(&app.root(), &[app.component], &environment);
    assert_eq!(http(&address, "GET", "/notes/milk", "").body, "two bottles");
}

#[test]
fn a_server_routes_and_keeps() {
    serves(&SERVER);
}

#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn a_server_in_c_routes_and_keeps() {
    serves(&C_SERVER);
}

fn passes_its_own_tests(app: &App) {
    let _alone = one_at_a_time();
    let run = slt_with_tools(&app.root(), &["test"]);
    let passed = run.stdout.contains(&format!("{} passed", app.tests));
    assert!(run.code == 0 && passed, "{}: {}{}", app.folder, run.stdout, run.stderr);
}

#[test]
fn a_server_passes_its_own_tests() {
    passes_its_own_tests(&SERVER);
}

#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn a_server_in_c_passes_its_own_tests() {
    passes_its_own_tests(&C_SERVER);
}

/// The excerpts of a page: what a comment names, and the code that comes after it.
fn excerpts(page: &str) -> Vec<(String, String)> {
    const MARK: &str = "<!-- from ";
    let parts = page.split(MARK).skip(1);
    parts
        .map(|part| {
            let (file, rest) = part.split_once(" -->").unwrap();
            let code = rest.trim_start().strip_prefix("```").unwrap();
            let (_, code) = code.split_once('\n').unwrap();
            let (code, _) = code.split_once("```").unwrap();
            (file.to_owned(), code.to_owned())
        })
        .collect()
}

#[test]
fn what_the_page_shows_stands_in_the_projects() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/migrating.md")).unwrap();
    let excerpts = excerpts(&page);
    for app in CLIENTS.iter().chain([&C_CLIENT, &SERVER, &C_SERVER]) {
        let folder = format!("tests/migrated/{}/", app.folder);
        let shown = excerpts.iter().any(|(file, _)| file.starts_with(&folder));
        assert!(shown, "nothing of {folder} is shown");
    }
    for (file, code) in excerpts {
        let text = std::fs::read_to_string(root.join(&file)).unwrap();
        assert!(
            !code.trim().is_empty() && text.contains(&code),
            "this is not in {file}:\n{code}"
        );
    }
}

/// What slt says to someone who comes from slight, as the page has it.
#[test]
fn what_is_still_to_come() {
    let planned = [
        (
            "messaging.mosquitto",
            "MOSQUITTO_HOST = \"h\"\nMOSQUITTO_PORT = \"1883\"\n",
        ),
        ("distributed_locking.etcd", "ETCD_ENDPOINT = \"h:2379\"\n"),
        ("sql.postgres", "POSTGRES_CONNECTION_URL = \"${envvars.URL}\"\n"),
        (
            "blobstore.aws_s3",
            "AWS_ACCESS_KEY_ID = \"a\"\nAWS_SECRET_ACCESS_KEY = \"${envvars.K}\"\nAWS_REGION = \"r\"\n",
        ),
        ("configs.envvars", ""),
        ("keyvalue.filesystem", ""),
    ];
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/migrating.md")).unwrap();
    for (resource, configs) in planned {
        let slightfile = format!(
            "specversion = \"0.2\"\n[[capability]]\nresource = \"{resource}\"\nname = \"a\"\n[capability.configs]\n{configs}"
        );
        let folder = folder(&[("slightfile.toml", slightfile.as_bytes())]);
        let run = slt_with(folder.path(), &["check"], &[]);
        assert_eq!(run.code, 0, "{resource}: {}", run.stderr);
        assert!(run.stderr.contains("warning[SLT0202]"), "{resource}: {}", run.stderr);
        let family = resource.split('.').next().unwrap();
        assert!(
            page.contains(&format!("`{family}.")),
            "the page does not name `{family}`"
        );
    }
    // what only slight 0.1 had
    let events = folder(&[(
        "slightfile.toml",
        b"specversion = \"0.1\"\n[[capability]]\nname = \"events\"\n",
    )]);
    let run = slt_with(events.path(), &["check"], &[]);
    assert!(run.code == 1 && run.stderr.contains("SLT0201"), "{}", run.stderr);
}
