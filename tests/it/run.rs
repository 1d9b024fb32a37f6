//! `slt run`, as its users meet it: what it refuses and how, what stops a guest, what it lets out, how it ends.
#![allow(clippy::disallowed_methods)] // real servers live in real time

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::command::{Run, folder, slt, slt_with};
use crate::guests;
use crate::process::{Process, get, http, response, steady};

/// A slightfile without a capability.
const PLAIN: &str = "specversion = \"1.0\"\n\n[app]\nname = \"app\"\nversion = \"0.1.0\"\n";

/// A component that exports nothing.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

/// A component that imports an interface with nothing in it, and does nothing else.
fn importing(interface: &str) -> Vec<u8> {
    let name = interface.as_bytes();
    let length = u8::try_from(name.len()).unwrap();
    // the types: an instance type; the imports: one instance of it
    let types = [7, 3, 1, 0x42, 0];
    let imports = [&[10, length + 5, 1, 0, length][..], name, &[5, 0]].concat();
    [EMPTY, &types, &imports].concat()
}

/// A slightfile whose one store is a Redis at this address.
fn with_redis(address: &str) -> String {
    format!(
        "{PLAIN}\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"store\"\n\n[capability.configs]\n\
         REDIS_ADDRESS = \"{address}\"\n"
    )
}

/// A folder with a slightfile and the application of `tests/guests/cases`.
fn cases(slightfile: &str) -> TempDir {
    folder(&[
        ("slightfile.toml", slightfile.as_bytes()),
        ("app.wasm", guests::cases_app()),
    ])
}

/// A folder with a slightfile and a command of `tests/guests/programs`.
fn program(slightfile: &str, name: &str) -> TempDir {
    let bytes = std::fs::read(guests::program_path("programs", name)).unwrap();
    folder(&[
        ("slightfile.toml", slightfile.as_bytes()),
        (&format!("{name}.wasm"), &bytes),
    ])
}

/// A port at which nobody listens.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn sessions(folder: &TempDir, sessions: &[(&[&str], i32)]) -> String {
    let mut shown = String::new();
    for (arguments, code) in sessions {
        let run = slt(folder.path(), arguments);
        assert_eq!(run.code, *code, "{arguments:?}: {}", run.shown(folder.path()));
        shown.push_str(&format!(
            "$ slt {}\n{}\n",
            arguments.join(" "),
            run.shown(folder.path())
        ));
    }
    shown
}

#[test]
fn what_is_no_component_is_refused() {
    let whole = guests::cases_app();
    let folder = folder(&[
        ("slightfile.toml", PLAIN.as_bytes()),
        ("text.wasm", b"not wasm"),
        ("zero.wasm", b""),
        ("core.wasm", b"\0asm\x01\0\0\0"),
        ("damaged.wasm", b"\0asm\x0d\0\x01\0\xff\xff"),
        ("cut.wasm", &whole[..whole.len() / 2]),
        ("empty.wasm", EMPTY),
    ]);
    let shown = sessions(
        &folder,
        &[
            (&["run", "missing.wasm"], 2),
            (&["run", "slightfile.toml"], 1),
            (&["run", "text.wasm"], 1),
            (&["run", "zero.wasm"], 1),
            (&["run", "core.wasm"], 1),
            (&["run", "damaged.wasm"], 1),
            (&["run", "empty.wasm"], 1),
            (&["run"], 2),
        ],
    );
    insta::assert_snapshot!("no_component", shown);
    let cut = slt(folder.path(), &["run", "cut.wasm"]);
    assert_eq!(cut.code, 1);
    assert!(
        cut.stderr
            .starts_with("error: `cut.wasm`: this is not a valid component: "),
        "{}",
        cut.stderr
    );
    assert!(cut.stderr.contains("\nhint: "), "{}", cut.stderr);
}

#[test]
#[cfg(unix)]
fn what_has_no_end_is_not_read() {
    let app = "specversion = \"1.0\"\n\n[app]\nname = \"app\"\ncomponent = \"/dev/zero\"\n";
    let folder = folder(&[("slightfile.toml", app.as_bytes())]);
    let pipe = folder.path().join("pipe.wasm");
    let made = std::process::Command::new("mkfifo").arg(pipe).status().unwrap();
    assert!(made.success());
    let shown = sessions(
        &folder,
        &[
            (&["run", "/dev/zero"], 2),
            (&["run", "pipe.wasm"], 2),
            (&["check"], 1),
            (&["build"], 2),
        ],
    );
    let suites = "specversion = \"1.0\"\n\n[test]\ncomponents = [\"pipe.wasm\"]\n";
    std::fs::write(folder.path().join("slightfile.toml"), suites).unwrap();
    let shown = shown + &sessions(&folder, &[(&["test"], 2)]);
    insta::assert_snapshot!("no_end", shown);
}

/// Types that lie in each other deeper than the stack has room for.
#[test]
fn what_is_nested_too_deeply_is_refused() {
    for depth in [101, 3_000, 100_000] {
        let (opened, innermost) = ([0x41, 0x01, 0x01].repeat(depth), [0x41, 0x00]);
        let types = [&[1][..], &opened, &innermost].concat();
        let mut component = b"\0asm\x0d\0\x01\0\x07".to_vec();
        let mut length = types.len();
        while length > 0x7f {
            component.push((length & 0x7f | 0x80).to_le_bytes()[0]);
            length >>= 7;
        }
        component.push(length.to_le_bytes()[0]);
        component.extend(types);
        let folder = folder(&[
            ("nested.wasm", &component),
            (
                "slightfile.toml",
                b"specversion = \"1.0\"\n\n[app]\nname = \"a\"\nversion = \"0.1.0\"\n",
            ),
        ]);
        let run = slt(folder.path(), &["run", "nested.wasm"]);
        assert_eq!(run.code, 1, "{depth}: {}", run.stderr);
        assert!(run.stderr.contains("is not a valid component: "), "{}", run.stderr);
    }
}

#[test]
fn imports_that_nobody_provides_are_named() {
    let folder = folder(&[
        ("slightfile.toml", PLAIN.as_bytes()),
        ("rockets.wasm", &importing("acme:rockets/engine@1.0.0")),
        ("tests.wasm", &importing("slight:testing/clock@0.1.0")),
        ("keyvalue.wasm", &importing("wasi:keyvalue/store@0.3.0")),
        ("wasi.wasm", &importing("wasi:http/types@0.3.0")),
    ]);
    let shown = sessions(
        &folder,
        &[
            (&["run", "rockets.wasm"], 1),
            (&["run", "tests.wasm"], 1),
            (&["run", "keyvalue.wasm"], 1),
            (&["run", "wasi.wasm"], 1),
        ],
    );
    insta::assert_snapshot!("imports", shown);
}

#[test]
fn without_a_slightfile() {
    let folder = folder(&[("app.wasm", EMPTY)]);
    insta::assert_snapshot!("no_slightfile", sessions(&folder, &[(&["run", "app.wasm"], 2)]));
}

#[test]
fn what_is_only_planned_is_named() {
    let planned = format!(
        "{PLAIN}\n[[capability]]\nresource = \"keyvalue.filesystem\"\nname = \"files\"\n\n\
         [[capability]]\nresource = \"messaging.nats\"\nname = \"events\"\n\n\
         [capability.configs]\nNATS_URL = \"nats://127.0.0.1\"\n"
    );
    let folder = folder(&[("slightfile.toml", planned.as_bytes()), ("app.wasm", EMPTY)]);
    let shown = sessions(&folder, &[(&["run", "app.wasm"], 2), (&["test"], 2)]);
    insta::assert_snapshot!("planned", shown);
}

#[test]
fn addresses_to_listen_on() {
    let folder = cases(&with_redis("redis://127.0.0.1:1"));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let shown = sessions(
        &folder,
        &[
            (&["run", "app.wasm", "--listen", &address], 3),
            (&["run", "app.wasm", "--listen", "192.0.2.1:8080"], 3),
            (&["run", "app.wasm", "--listen", "3000"], 2),
            (&["run", "app.wasm", "--listen", "localhost"], 2),
            (&["run", "app.wasm", "--listen", ":3000"], 2),
            (&["run", "app.wasm", "--listen", "127.0.0.1:99999"], 2),
        ],
    );
    steady().bind(|| insta::assert_snapshot!("listen", &shown));
}

#[test]
fn no_redis_there() {
    let port = free_port();
    let folder = cases(&with_redis(&format!("redis://127.0.0.1:{port}")));
    let (server, address) = Process::serve(folder.path(), &["app.wasm"], &[]);
    let answers = [
        get(&address, "/get/key"),
        get(&address, "/set/key/value"),
        get(&address, "/count/key"),
    ];
    let run = server.stop();
    let shown = format!("{answers:#?}\n{}", run.shown(folder.path()));
    steady().bind(|| insta::assert_snapshot!("no_redis", &shown));
}

#[test]
fn a_store_that_is_not_declared_is_denied_and_the_user_is_told() {
    let folder = cases(PLAIN);
    let (server, address) = Process::serve(folder.path(), &["app.wasm"], &[]);
    let answer = get(&address, "/get/key");
    let run = server.stop();
    let shown = format!("{answer:?}\n{}", run.shown(folder.path()));
    steady().bind(|| insta::assert_snapshot!("undeclared", &shown));
}

#[test]
fn values_from_the_environment() {
    let folder = cases(&with_redis("${envvars.SHOP_REDIS}"));
    insta::assert_snapshot!("envvars_unset", sessions(&folder, &[(&["run", "app.wasm"], 2)]));

    let redis = Process::start(folder.path(), &["emulate", "redis"], &[]);
    let address = format!("redis://{}", redis.address("redis://"));
    let (server, http) = Process::serve(folder.path(), &["app.wasm"], &[("SHOP_REDIS", &address)]);
    assert_eq!(get(&http, "/count/visits"), (200, "1".to_owned()));
    assert_eq!(get(&http, "/count/visits"), (200, "2".to_owned()));
    assert_eq!(server.stop().code, 0);

    // what cannot be an address is refused before anything starts
    let mut shown = String::new();
    for wrong in ["127.0.0.1:6379", "http://127.0.0.1", "redis:///", "redis://h/db", ""] {
        let run = slt_with(folder.path(), &["run", "app.wasm"], &[("SHOP_REDIS", wrong)]);
        assert_eq!(run.code, 2);
        shown.push_str(&format!("SHOP_REDIS={wrong:?}\n{}", run.stderr));
    }
    insta::assert_snapshot!("envvars_wrong", shown);
}

/// Answers each connection with 200, and counts.
fn loopback() -> (u16, std::thread::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = move || {
        let mut answered = 0;
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // who connects and says nothing holds up nobody: that is counted, and found to be wrong, below
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                head.push(byte[0]);
            }
            if head.starts_with(b"STOP") {
                break;
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            answered += 1;
        }
        answered
    };
    (port, std::thread::spawn(serve))
}

#[test]
fn outbound_calls_obey_the_slightfile() {
    let (port, server) = loopback();
    let granted = format!("{PLAIN}\n[outbound]\nhosts = [\"http://127.0.0.1:{port}\"]\n");
    let folder = program(&granted, "outbound");
    let urls = [
        // granted, however it is written
        format!("http://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}/a/../b?c"),
        format!("http://0x7f.1:{port}/"),
        format!("http://2130706433:{port}/"),
        // and these are others
        format!("https://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        "http://127.0.0.1/".to_owned(),
        format!("http://[::1]:{port}/"),
        "http://app.test/".to_owned(),
        "https://API.Example.com.:443/v1".to_owned(),
        // and these are no URLs that anybody asks for
        format!("http://127.0.0.1:{port}@example.com/"),
        format!("http://user:secret@127.0.0.1:{port}/"),
        "http://127.0.0.1:99999/".to_owned(),
    ];
    let arguments: Vec<&str> = ["run", "outbound.wasm", "--"]
        .into_iter()
        .chain(urls.iter().map(String::as_str))
        .collect();
    let run = slt(folder.path(), &arguments);
    TcpStream::connect(("127.0.0.1", port))
        .unwrap()
        .write_all(b"STOP\r\n\r\n")
        .unwrap();
    assert_eq!(server.join().unwrap(), 4, "requests that were let out");
    let shown = run.shown(folder.path()).replace(&port.to_string(), "[PORT]");
    insta::assert_snapshot!("outbound", shown);
}

#[test]
fn commands() {
    let folder = program(PLAIN, "hello");
    let shown = sessions(
        &folder,
        &[
            (&["run", "hello.wasm", "--", "you", "me", "--listen"], 0),
            (&["run", "hello.wasm", "--format", "json", "--", "you"], 0),
            (&["run", "hello.wasm", "--quiet", "--", "you"], 0),
            (&["run", "hello.wasm", "--", "--exit", "0"], 0),
            (&["run", "hello.wasm", "--", "--exit", "3"], 1),
            (&["run", "hello.wasm", "--", "--exit", "none"], 1),
            (&["run", "hello.wasm", "you"], 2),
        ],
    );
    insta::assert_snapshot!("commands", shown);
}

#[test]
fn guests_that_go_wrong_are_stopped_and_the_server_goes_on() {
    let limited = format!(
        "{}\n[limits]\nmemory = \"16MiB\"\nrequest_timeout = \"500ms\"\n",
        with_redis("redis://127.0.0.1:1")
    );
    let folder = cases(&limited);
    let (server, address) = Process::serve(folder.path(), &["app.wasm"], &[]);
    // one after the other, so that the log has one order
    let answers: Vec<_> = ["/spin", "/sleep/60000", "/allocate", "/panic", "/sleep/1"]
        .into_iter()
        .map(|path| (path, get(&address, path)))
        .collect();
    // a guest in an endless loop holds up nobody
    let (others, slow) = std::thread::scope(|scope| {
        let spinning = scope.spawn(|| get(&address, "/spin").0);
        let started = Instant::now();
        let mut answered = 0;
        while started.elapsed() < Duration::from_millis(200) {
            assert_eq!(get(&address, "/sleep/0").0, 200);
            answered += 1;
        }
        (answered, spinning.join().unwrap())
    });
    assert!(others > 1 && slow == 504, "{others} {slow}");
    let run = server.stop();
    let log = |text: &str| -> String {
        let kept = text.lines().filter(|line| !line.contains("/sleep/0 "));
        kept.map(|line| format!("{line}\n")).collect()
    };
    let run = Run {
        code: run.code,
        stdout: log(&run.stdout),
        stderr: log(&run.stderr),
    };
    let shown = format!("{answers:#?}\n{}", run.shown(folder.path()));
    steady().bind(|| insta::assert_snapshot!("stopped_guests", &shown));
}

#[test]
fn logs_for_programs() {
    let folder = cases(&with_redis("redis://127.0.0.1:1"));
    let (server, address) = Process::serve(folder.path(), &["app.wasm", "--format", "json"], &[]);
    get(&address, "/sleep/0");
    get(&address, "/panic");
    let run = server.stop();
    let mut kinds = Vec::new();
    for line in run.stdout.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        kinds.push(line["kind"].as_str().unwrap().to_owned());
        if line["path"] == "/panic" {
            assert_eq!(line["status"], 500);
            assert_eq!(
                line["error"],
                "the guest trapped: wasm `unreachable` instruction executed"
            );
        }
    }
    kinds.dedup();
    assert_eq!(kinds, ["listening", "request", "guest-output", "request", "note"]);
    assert_eq!(run.stderr, "");
}

#[test]
fn an_open_request_ends_before_the_server_does() {
    let folder = cases(PLAIN);
    let (server, address) = Process::serve(folder.path(), &["app.wasm"], &[]);
    let mut open = TcpStream::connect(&address).unwrap();
    open.write_all(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhe")
        .unwrap();
    // this connection is idle, and keeps nobody
    let _idle = TcpStream::connect(&address).unwrap();
    // the request is under way when a later one is answered
    assert_eq!(get(&address, "/sleep/0").0, 200);
    server.terminate();
    server.stderr("stopping");
    // whoever comes now is not served, and the one who came before is
    open.write_all(b"llo").unwrap();
    let answer = response(open);
    assert_eq!((answer.status, answer.body.as_str()), (200, "hello"));
    let run = server.end();
    assert_eq!(run.code, 0);
    steady().bind(|| insta::assert_snapshot!("shutdown", &run.shown(folder.path())));
    assert!(TcpStream::connect(&address).is_err());
}

/// A `redis-server` of this machine, on a port and in a folder of its own.
struct RedisServer {
    child: Child,
    port: u16,
}

impl RedisServer {
    fn start(port: u16, more: &[&str]) -> Self {
        let child = Command::new("redis-server")
            .args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
            ])
            .args(more)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        let server = Self { child, port };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "redis-server does not start"
            );
            std::thread::yield_now();
        }
        server
    }

    fn kill(mut self) -> u16 {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.port
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The Rust template's slightfile and application, with the line of the address replaced.
fn shortener(address: &str) -> TempDir {
    let text = include_str!("../../templates/rust/slightfile.toml");
    let edited = text.replace("redis://127.0.0.1:6379", address);
    assert_ne!(edited, text);
    folder(&[
        ("slightfile.toml", edited.as_bytes()),
        ("shortener.wasm", guests::shortener()),
    ])
}

#[test]
#[ignore = "needs redis-server"]
fn the_template_on_a_real_redis_that_dies_and_comes_back() {
    let redis = RedisServer::start(free_port(), &[]);
    let folder = shortener(&format!("redis://127.0.0.1:{}", redis.port));
    let before = std::fs::read(folder.path().join("slightfile.toml")).unwrap();
    let (server, address) = Process::serve(folder.path(), &["shortener.wasm"], &[]);

    let url = "https://www.rust-lang.org/learn";
    let created = http(&address, "POST", "/", url);
    assert_eq!((created.status, created.body.as_str()), (201, "1"));
    let followed = http(&address, "GET", "/1", "");
    assert_eq!(followed.status, 302);
    assert!(followed.head.contains(&format!("location: {url}")), "{}", followed.head);
    assert_eq!(get(&address, "/1/stats"), (200, "1".to_owned()));
    assert_eq!(get(&address, "/"), (200, format!("1 {url}\n")));
    assert_eq!(get(&address, "/2").0, 404);

    let port = redis.kill();
    for _ in 0..3 {
        assert_eq!(get(&address, "/").0, 503);
        assert_eq!(http(&address, "POST", "/", url).status, 503);
    }

    let redis = RedisServer::start(port, &[]);
    // at once: the first request after it is back dials anew
    assert_eq!(get(&address, "/"), (200, String::new()));
    assert_eq!(http(&address, "POST", "/", url).body, "1");
    assert_eq!(http(&address, "DELETE", "/1", "").status, 204);

    // idle connections that ended meanwhile are noticed without a lost request
    let port = redis.kill();
    let _redis = RedisServer::start(port, &[]);
    assert_eq!(http(&address, "POST", "/", url).status, 201);

    assert_eq!(server.stop().code, 0);
    assert_eq!(std::fs::read(folder.path().join("slightfile.toml")).unwrap(), before);
}

#[test]
#[ignore = "needs redis-server"]
fn a_real_redis_with_a_password() {
    let redis = RedisServer::start(free_port(), &["--requirepass", "correct horse"]);
    let port = redis.port;
    let mut shown = String::new();
    for (credentials, status) in [
        (":correct%20horse@", 200),
        ("default:correct%20horse@", 200),
        (":wrong-horse@", 503),
        ("nobody:correct%20horse@", 503),
        ("", 503),
    ] {
        let folder = shortener(&format!("redis://{credentials}127.0.0.1:{port}"));
        let (server, address) = Process::serve(folder.path(), &["shortener.wasm"], &[]);
        assert_eq!(get(&address, "/").0, status, "{credentials}");
        let run = server.stop();
        for text in [&run.stdout, &run.stderr] {
            assert!(!text.contains("horse"), "{text}");
        }
        shown.push_str(&format!("{credentials:?}\n{}", run.stderr));
    }
    steady().bind(|| insta::assert_snapshot!("password", shown));
}
