//! The shorteners of the templates answer alike, byte for byte: `tests/shortener.cases.toml`, through `slt run` on the emulator.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use toml_edit::DocumentMut;

use crate::command::folder;
use crate::guests;
use crate::process::{Process, Response, parsed};

/// The answer may take so long: machines are busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// A link that is listed takes 100 bytes or more, so that the list is longer than what one write takes, 4096 bytes.
const MANY_LINKS: usize = 60;

/// One row of the table.
struct Row {
    send: String,
    body: Vec<u8>,
    status: u16,
    location: Option<String>,
    answer: String,
}

impl Row {
    fn of(table: &toml_edit::InlineTable) -> Self {
        let known = ["send", "body", "fill", "bytes", "status", "location", "answer"];
        for (key, _) in table {
            assert!(known.contains(&key), "`{key}` is no key of a row: {table}");
        }
        let text = |key: &str| table.get(key).map(|value| value.as_str().unwrap().to_owned());
        let number = |key: &str| table.get(key).map(|value| value.as_integer().unwrap());
        let mut body = match text("bytes") {
            Some(digits) => unhex(&digits),
            None => text("body").unwrap_or_default().into_bytes(),
        };
        if let Some(length) = number("fill") {
            body.resize(length.try_into().unwrap(), b'a');
        }
        Self {
            send: text("send").unwrap(),
            body,
            status: number("status").unwrap().try_into().unwrap(),
            location: text("location"),
            answer: text("answer").unwrap_or_default(),
        }
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// The table.
struct Cases {
    /// Of every answer.
    content_type: String,
    rows: Vec<Row>,
    /// The rows after Redis has gone.
    without_redis: Vec<Row>,
}

impl Cases {
    fn read() -> Self {
        let document: DocumentMut = include_str!("../shortener.cases.toml").parse().unwrap();
        let rows = |key: &str| {
            let rows = document[key].as_array().unwrap().iter();
            rows.map(|row| Row::of(row.as_inline_table().unwrap())).collect()
        };
        Self {
            content_type: document["content-type"].as_str().unwrap().to_owned(),
            rows: rows("rows"),
            without_redis: rows("without-redis"),
        }
    }

    /// Sends the requests of some rows one after the other, compares the answers, and returns them.
    fn converse(&self, rows: &[Row], address: &str) -> Vec<String> {
        let mut said = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            let raw = ask(address, &row.send, &row.body);
            let response = parsed(&raw);
            let answered = (
                response.status,
                header(&response, "content-type"),
                header(&response, "location"),
                response.body.as_str(),
            );
            let expected = (
                row.status,
                Some(self.content_type.as_str()),
                row.location.as_deref(),
                row.answer.as_str(),
            );
            assert_eq!(answered, expected, "row {}: {}", number + 1, row.send);
            said.push(raw);
        }
        said
    }
}

/// Sends a request, and reads the whole answer, without the line that says when it was made.
fn ask(address: &str, request: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "{request} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let date = answer.find("\r\ndate: ").unwrap_or_else(|| panic!("{answer:?}"));
    let (before, from) = answer.split_at(date);
    let length = from[2..].find("\r\n").unwrap() + 2;
    format!("{before}{}", &from[length..])
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let mut lines = response.head.lines().filter_map(|line| line.split_once(": "));
    lines.find_map(|(there, value)| (there == name).then_some(value))
}

/// Talks with a component, checks it against the table, and returns all that it answered.
fn conversation(component: &[u8]) -> Vec<String> {
    let empty = folder(&[]);
    let redis = Process::start(empty.path(), &["emulate", "redis", "--port", "0"], &[]);
    let text = include_str!("../../templates/rust/slightfile.toml");
    let slightfile = text.replace("127.0.0.1:6379", &redis.address("redis://"));
    assert_ne!(slightfile, text);
    let app = folder(&[("slightfile.toml", slightfile.as_bytes()), ("app.wasm", component)]);
    let (_server, address) = Process::serve(app.path(), &["app.wasm"], &[]);

    let cases = Cases::read();
    let mut said = cases.converse(&cases.rows, &address);
    said.extend(many_links(&address));
    redis.stop();
    said.extend(cases.converse(&cases.without_redis, &address));
    said
}

/// Lists more links than one page of keys and one write hold. In which order a store has them is its own affair; the list is
/// sorted.
fn many_links(address: &str) -> Vec<String> {
    let mut said = Vec::new();
    for n in 0..MANY_LINKS {
        let raw = ask(address, "POST /", format!("https://example.com/{n:080}").as_bytes());
        assert_eq!(parsed(&raw).status, 201, "{raw}");
        said.push(raw);
    }
    let raw = ask(address, "GET /", b"");
    let list = parsed(&raw).body;
    let codes: Vec<&str> = list.lines().map(|line| line.split_once(' ').unwrap().0).collect();
    assert!(codes.len() > MANY_LINKS && list.len() > 4096, "{list}");
    assert!(codes.is_sorted(), "{list}");
    said.push(raw);
    said
}

/// The component that `slt build` makes of a copy of a template.
fn built(template: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(template);
    let copy = tempfile::tempdir().unwrap();
    copy_sources(&root, copy.path());
    let run = guests::slt_with_tools(copy.path(), &["build"]);
    assert_eq!(run.code, 0, "{}", run.shown(copy.path()));
    std::fs::read(copy.path().join("dist/shortener.wasm")).unwrap()
}

fn copy_sources(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = entry.file_name();
        let made = ["build", "dist", ".slt", "target"];
        if made.iter().any(|made| name == *made) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(to.join(&name)).unwrap();
            copy_sources(&entry.path(), &to.join(&name));
        } else {
            std::fs::copy(entry.path(), to.join(&name)).unwrap();
        }
    }
}

#[test]
fn rust_answers_as_the_table_says() {
    assert!(conversation(guests::shortener()).len() > MANY_LINKS + 30);
}

#[test]
#[ignore = "needs a C toolchain for WebAssembly"]
fn rust_and_c_answer_alike() {
    let rust = conversation(guests::shortener());
    let c = conversation(&built("c"));
    // whole answers: heads and chunks too
    for (rust, c) in rust.iter().zip(&c) {
        assert_eq!(rust, c);
    }
    assert_eq!(rust.len(), c.len());
}
