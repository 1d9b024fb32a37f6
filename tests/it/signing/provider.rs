//! A provider of identities in this process: it answers what a test tells it to, one thing after the other, and keeps what it was asked.
#![allow(clippy::disallowed_methods)] // a server needs a thread

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Stands in an answer for the provider's own address.
pub const HERE: &str = "HERE";

/// What is answered.
#[derive(Clone)]
pub enum Say {
    /// A status and a body.
    This(u16, String),
    /// A status, and a body without an end.
    Endless(u16),
}

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `POST /token`
    pub line: String,
    /// All of its head.
    pub head: String,
    pub body: String,
}

impl Asked {
    /// A field of a form; nothing when it is not there.
    pub fn field(&self, name: &str) -> Option<String> {
        let fields = url::form_urlencoded::parse(self.body.as_bytes());
        let mut found = fields.filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.into_owned())
    }
}

/// A server that answers each connection with the next thing, and the last one for ever.
pub struct Provider {
    pub address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// The most that one answer without an end has sent, in bytes.
    sent: Arc<Mutex<u64>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Provider {
    pub fn start(says: Vec<Say>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let (sent, is_over) = (Arc::<Mutex<u64>>::default(), Arc::<AtomicBool>::default());
        let here = (
            address.clone(),
            Arc::clone(&asked),
            Arc::clone(&sent),
            Arc::clone(&is_over),
        );
        let thread = std::thread::spawn(move || {
            let (address, asked, sent, is_over) = here;
            let mut says = says.into_iter().peekable();
            let mut last = None;
            for stream in listener.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = stream.unwrap();
                let Some(request) = request(&mut stream) else {
                    continue;
                };
                asked.lock().unwrap().push(request);
                last = says.next().or(last);
                answer(&mut stream, last.as_ref().unwrap(), &address, &sent);
            }
        });
        Self {
            address,
            asked,
            sent,
            is_over,
            thread: Some(thread),
        }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn most_sent(&self) -> u64 {
        *self.sent.lock().unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address.trim_start_matches("http://")));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn request(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse().unwrap())
            });
            let length: usize = length.unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8_lossy(&bytes[end + 4..]).into_owned();
                let line = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
                return Some(Asked { line, head, body });
            }
        }
        match stream.read(&mut buffer) {
            Ok(read) if read > 0 => bytes.extend_from_slice(&buffer[..read]),
            _ => return None,
        }
    }
}

fn answer(stream: &mut TcpStream, say: &Say, address: &str, most: &Mutex<u64>) {
    match say {
        Say::This(status, body) => {
            let body = body.replace(HERE, address);
            let head = format!(
                "HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            // whoever gives up does not read it
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
        Say::Endless(status) => {
            // if nobody reads it, and nobody closes it either
            stream.set_write_timeout(Some(Duration::from_secs(60))).unwrap();
            let piece = [b' '; 64 << 10];
            let mut sent = 0;
            let mut go_on = stream.write_all(format!("HTTP/1.1 {status} x\r\nConnection: close\r\n\r\n").as_bytes());
            while go_on.is_ok() {
                go_on = stream.write_all(&piece);
                sent += piece.len() as u64;
            }
            let mut most = most.lock().unwrap();
            *most = sent.max(*most);
        }
    }
}
