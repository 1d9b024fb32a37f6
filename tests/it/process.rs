//! An slt that goes on: started, watched while it writes, asked over raw HTTP, ended by a signal.
#![allow(clippy::disallowed_methods)] // threads that read what a process writes

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::command::Run;
use crate::guests;

/// How long something that must happen is waited for: machines are busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// What one stream of a process has written so far, and whether it has ended.
#[derive(Clone, Default)]
struct Text(Arc<(Mutex<(String, bool)>, Condvar)>);

impl Text {
    fn read(&self, from: impl Read + Send + 'static) -> JoinHandle<()> {
        let text = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(from).lines() {
                let line = line.unwrap();
                text.change(|(written, _)| written.push_str(&format!("{line}\n")));
            }
            text.change(|(_, ended)| *ended = true);
        })
    }

    fn change(&self, change: impl FnOnce(&mut (String, bool))) {
        change(&mut self.0.0.lock().unwrap());
        self.0.1.notify_all();
    }

    fn get(&self) -> String {
        self.0.0.lock().unwrap().0.clone()
    }

    /// The first line that contains this, once it is there; `None`: the stream ended without.
    fn line(&self, wanted: &str) -> Option<String> {
        let find = |text: &str| text.lines().find(|line| line.contains(wanted)).map(str::to_owned);
        let written = self.0.0.lock().unwrap();
        let (written, _) = self
            .0
            .1
            .wait_timeout_while(written, PATIENCE, |(text, ended)| !*ended && find(text).is_none())
            .unwrap();
        find(&written.0)
    }
}

/// An slt that runs; killed when it is dropped.
pub struct Process {
    child: Child,
    stdout: Text,
    stderr: Text,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts slt in a folder, with these variables, and a cache of compiled code that the tests share.
    pub fn start(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_slt"))
            .args(arguments)
            .current_dir(directory)
            .env_clear()
            .env("SLT_CACHE_DIR", guests::target().join("slt"))
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdout, stderr) = (Text::default(), Text::default());
        let readers = vec![
            stdout.read(child.stdout.take().unwrap()),
            stderr.read(child.stderr.take().unwrap()),
        ];
        Self {
            child,
            stdout,
            stderr,
            readers,
        }
    }

    /// Starts `slt run` on a free port, and waits until it listens there.
    pub fn serve(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> (Self, String) {
        let arguments = [&["run", "--listen", "127.0.0.1:0"], arguments].concat();
        let process = Self::start(directory, &arguments, environment);
        let address = process.address("http://");
        (process, address)
    }

    /// The address that it prints behind this scheme.
    pub fn address(&self, scheme: &str) -> String {
        let line = self.stdout(scheme);
        let address: String = line.split(scheme).nth(1).unwrap().to_owned();
        address
            .chars()
            .take_while(|character| !matches!(character, '"' | ' '))
            .collect()
    }

    /// The address that it prints, or `None` if it ends before it has one.
    pub fn address_or_end(&self, scheme: &str) -> Option<String> {
        self.stdout.line(scheme).map(|_| self.address(scheme))
    }

    /// The first line on its standard output that contains this, once it is there.
    pub fn stdout(&self, wanted: &str) -> String {
        self.stdout
            .line(wanted)
            .unwrap_or_else(|| panic!("no `{wanted}`:\n{}\n{}", self.stdout.get(), self.stderr.get()))
    }

    /// The first line on its standard error that contains this, once it is there.
    pub fn stderr(&self, wanted: &str) -> String {
        self.stderr
            .line(wanted)
            .unwrap_or_else(|| panic!("no `{wanted}`:\n{}\n{}", self.stdout.get(), self.stderr.get()))
    }

    /// Asks it to end, as a supervisor does.
    pub fn terminate(&self) {
        let status = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end, and gives what it did in all.
    pub fn end(mut self) -> Run {
        let status = self.child.wait().unwrap();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        Run {
            code: status.code().unwrap_or(-1),
            stdout: self.stdout.get(),
            stderr: self.stderr.get(),
        }
    }

    /// Asks it to end, and waits for it.
    pub fn stop(self) -> Run {
        self.terminate();
        self.end()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An HTTP response.
#[derive(Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// Sends a request over a connection of its own, byte by byte as HTTP/1.1 wants it, and reads the whole response.
pub fn http(address: &str, method: &str, path: &str, body: &str) -> Response {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    response(stream)
}

/// Reads a whole response.
pub fn response(mut stream: TcpStream) -> Response {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    parsed(&String::from_utf8(bytes).unwrap())
}

/// A whole response, from what came over the wire.
pub fn parsed(text: &str) -> Response {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = if head.to_lowercase().contains("transfer-encoding: chunked") {
        unchunked(body)
    } else {
        body.to_owned()
    };
    Response {
        status,
        head: head.to_owned(),
        body,
    }
}

fn unchunked(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((length, after)) = rest.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        body.push_str(&after[..length]);
        rest = after[length..].trim_start_matches("\r\n");
        if length == 0 {
            break;
        }
    }
    body
}

/// `GET`, and of the answer the status and the body.
pub fn get(address: &str, path: &str) -> (u16, String) {
    let response = http(address, "GET", path, "");
    (response.status, response.body)
}

/// Snapshots without what differs from run to run: times, ports that the system chose, seeds that nobody chose.
pub fn steady() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r" *\d+\.\d+(ns|µs|ms|s)\b", " [TIME]");
    settings.add_filter(r"127\.0\.0\.1:\d{5}\b", "127.0.0.1:[PORT]");
    settings.add_filter(r"seed \d{3,}", "seed [SEED]");
    // one more test guest changes nothing
    settings.add_filter(r"\d{3,} filtered out", "[MANY] filtered out");
    settings.add_filter(r"\S*/rustdoctest\w+/", "[TEMPORARY]/");
    settings
}
