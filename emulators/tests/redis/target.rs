//! A fresh Redis, emulated or real, and the connections to it.
//!
//! Each [`Target`] has a server of its own: the emulator in memory, in virtual time; or a process of the real server on
//! a free loopback port, in real time, ended by its own process id.
#![allow(clippy::disallowed_methods)] // a real server lives in real time; the emulator's own time never comes from here

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Once};
use std::time::Duration;

use slt_emulators::chassis::{
    Action, BoxStream, CONNECT, Clock, DEFAULT_WALL_NANOSECONDS, Fault, Faults, Journal, Limits, Mounted, Seed,
    Shutdown, Simulation, Target as FaultTarget, Trigger, World,
};
use slt_emulators::redis::Redis;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::resp::{self, Frame};

/// How long a reply may take. In virtual time this passes as soon as nobody can answer any more.
const REPLY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the real server is watched for a reply that must not come.
const SILENCE: Duration = Duration::from_millis(20);
/// How often an emulator may run before it counts as silent.
const SILENT_TURNS: usize = 200;
/// Into how many pieces bytes are cut at most.
const MOST_PIECES: usize = 4_096;
/// How often an emulator may run after the end of a conversation.
const END_TURNS: usize = 8;

/// A fresh Redis.
pub enum Target {
    /// Ours, in virtual time.
    Emulated(Emulated),
    /// The real one.
    Real(Real),
}

/// The emulator and its world.
pub struct Emulated {
    mounted: Mounted,
    simulation: Simulation,
    in_pieces: bool,
    _shutdown: Trigger,
}

/// A process of the real server.
pub struct Real {
    process: Child,
    address: SocketAddr,
    runtime: tokio::runtime::Runtime,
}

impl Target {
    /// A fresh emulator.
    pub fn emulated() -> Self {
        Self::emulated_at(DEFAULT_WALL_NANOSECONDS)
    }

    /// A fresh emulator whose clock shows `wall` nanoseconds since 1970.
    pub fn emulated_at(wall: u64) -> Self {
        let simulation = Simulation::new(wall).expect("an event queue");
        let (trigger, shutdown) = Shutdown::new();
        let world = World {
            clock: simulation.clock(),
            seed: Seed::new(7),
            faults: Faults::default(),
            journal: Journal::off(),
            shutdown,
            limits: Limits::default(),
        };
        Self::Emulated(Emulated {
            mounted: Mounted::new("redis#0", Arc::new(Redis::new()), world),
            simulation,
            in_pieces: false,
            _shutdown: trigger,
        })
    }

    /// A fresh emulator whose clock shows the real time of its start, so that times can be compared with the real server's.
    pub fn emulated_now() -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let nanoseconds = now.expect("a time after 1970").as_nanos();
        Self::emulated_at(u64::try_from(nanoseconds).expect("a time before 2554"))
    }

    /// A fresh process of the real server.
    pub fn real() -> Self {
        // between the choice of a port and its use another process may take it: then another is tried
        let started = (0..20).find_map(|_| Real::start());
        Self::Real(started.expect("redis-server 7.0 is installed and starts"))
    }

    /// A fresh emulator that reads and writes one byte at a time, to and from clients that do so too.
    pub fn emulated_in_pieces() -> Self {
        let mut target = Self::emulated();
        if let Self::Emulated(emulated) = &mut target {
            emulated.in_pieces = true;
            let (chunk_bytes, pause) = (1, Duration::ZERO);
            let dribble = Fault {
                on: FaultTarget {
                    operation: Some(CONNECT.to_owned()),
                    ..FaultTarget::default()
                },
                action: Action::Dribble { chunk_bytes, pause },
            };
            let faults = &emulated.mounted.world().faults;
            faults.inject(dribble).expect("a first fault").keep();
        }
        target
    }

    /// Runs a test body where this server's connections live. The emulator must not panic meanwhile.
    pub fn run<F: Future>(&self, body: F) -> F::Output {
        match self {
            Self::Emulated(emulated) => {
                let before = panics();
                let output = emulated.simulation.block_on(body).expect("the body comes to its end");
                assert_eq!(panics(), before, "the emulator panicked; it says where above");
                output
            }
            Self::Real(real) => real.runtime.block_on(body),
        }
    }

    /// The time of an emulator.
    pub fn clock(&self) -> Clock {
        match self {
            Self::Emulated(emulated) => emulated.simulation.clock(),
            Self::Real(_) => panic!("only an emulator has a clock of its own"),
        }
    }

    /// Whether this is the real server.
    pub fn is_real(&self) -> bool {
        matches!(self, Self::Real(_))
    }

    /// A new connection.
    pub async fn connect(&self) -> BoxStream {
        match self {
            Self::Emulated(emulated) => emulated.mounted.connect(0),
            Self::Real(real) => {
                let stream = TcpStream::connect(real.address).await.expect("the server accepts");
                stream.set_nodelay(true).expect("a socket option");
                Box::new(stream)
            }
        }
    }

    /// A new connection that counts replies.
    pub async fn client(&self) -> Client {
        Client {
            stream: self.connect().await,
            buffer: Vec::new(),
            real: self.is_real(),
            in_pieces: matches!(self, Self::Emulated(emulated) if emulated.in_pieces),
        }
    }

    /// Lets time pass, virtual or real.
    pub async fn pass(&self, time: Duration) {
        match self {
            Self::Emulated(emulated) => {
                let nanoseconds = u64::try_from(time.as_nanos()).expect("a short time");
                let advanced = emulated.simulation.clock().advance(nanoseconds).await;
                advanced.expect("virtual time");
            }
            Self::Real(_) => tokio::time::sleep(time).await,
        }
    }
}

/// How often this thread, and so the servers on it, has panicked. A task's panic ends its connection and nothing else.
fn panics() -> usize {
    thread_local!(static PANICS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) });
    static COUNTING: Once = Once::new();
    COUNTING.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.with(|panics| panics.set(panics.get() + 1));
            usual(panic);
        }));
    });
    PANICS.with(std::cell::Cell::get)
}

impl Real {
    fn start() -> Option<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .ok()?
            .port();
        let mut process = Command::new("redis-server")
            .args([
                "--save",
                "",
                "--appendonly",
                "no",
                "--daemonize",
                "no",
                "--bind",
                "127.0.0.1",
            ])
            .args(["--port", &port.to_string(), "--logfile", "", "--loglevel", "notice"])
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let log = process.stdout.take()?;
        let mut server = Self {
            process,
            address: (Ipv4Addr::LOCALHOST, port).into(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("an event queue"),
        };
        let mut lines = BufReader::new(log).lines();
        let ready = lines.any(|line| line.is_ok_and(|line| line.contains("Ready to accept connections")));
        // the server may go on writing: its pipe must stay open, and be emptied, for as long as it lives
        std::thread::spawn(move || lines.for_each(drop));
        if ready {
            return Some(server);
        }
        let _ = server.process.wait();
        None
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A connection, and what was read from it ahead of need.
pub struct Client {
    stream: BoxStream,
    buffer: Vec<u8>,
    real: bool,
    in_pieces: bool,
}

impl Client {
    /// Writes bytes. That the server has closed meanwhile is seen when reading.
    pub async fn send(&mut self, bytes: &[u8]) {
        // single bytes; of what is very long, pieces, so that a test of 64 KiB stays quick
        let pieces = if self.in_pieces { MOST_PIECES } else { 1 };
        let size = bytes.len().div_ceil(pieces).max(1);
        for piece in bytes.chunks(size) {
            let _ = self.stream.write_all(piece).await;
            let _ = self.stream.flush().await;
            if self.in_pieces {
                tokio::task::yield_now().await;
            }
        }
    }

    /// The next reply as it came and as it reads; an error says what came instead.
    pub async fn reply(&mut self) -> Result<(Vec<u8>, Frame), String> {
        loop {
            if let Some((frame, length)) = resp::parse(&self.buffer) {
                let rest = self.buffer.split_off(length);
                return Ok((std::mem::replace(&mut self.buffer, rest), frame));
            }
            match tokio::time::timeout(REPLY_TIMEOUT, self.fill()).await {
                Ok(true) => {}
                Ok(false) => return Err(format!("closed after {:?}", resp::escape(&self.buffer))),
                Err(_) => return Err(format!("no reply; only {:?}", resp::escape(&self.buffer))),
            }
        }
    }

    /// One command and its reply.
    pub async fn command<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Result<Frame, String> {
        self.send(&resp::encode(arguments)).await;
        Ok(self.reply().await?.1)
    }

    /// One command, whose words are separated by spaces, and its reply as it reads.
    pub async fn ask(&mut self, command: &str) -> String {
        let words: Vec<&str> = command.split(' ').collect();
        let reply = self.command(&words).await;
        reply.map_or_else(|error| error, |frame| format!("{frame:?}"))
    }

    /// Reads until the server closes: what came before, or an error when it stays open.
    pub async fn closed(&mut self) -> Result<Vec<u8>, String> {
        loop {
            match tokio::time::timeout(REPLY_TIMEOUT, self.fill()).await {
                Ok(true) => {}
                Ok(false) => return Ok(std::mem::take(&mut self.buffer)),
                Err(_) => return Err("still open".to_owned()),
            }
        }
    }

    /// Says that nothing more will be sent.
    pub async fn finish(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// What arrives although nothing should; nothing, if the connection is open and silent.
    pub async fn silent(&mut self) -> Result<(), String> {
        let quiet = if self.real {
            tokio::time::timeout(SILENCE, self.fill()).await.is_err()
        } else {
            self.quiet_for(SILENT_TURNS).await
        };
        if quiet && self.buffer.is_empty() {
            return Ok(());
        }
        Err(format!("not silent: {:?}", resp::escape(&self.buffer)))
    }

    /// Lets the others run, without letting time pass.
    async fn quiet_for(&mut self, turns: usize) -> bool {
        for _ in 0..turns {
            tokio::select! {
                biased;
                _ = self.fill() => return false,
                () = tokio::task::yield_now() => {}
            }
        }
        true
    }

    /// At the end of a conversation: nothing is left, whether the server has closed or not.
    pub async fn silent_or_closed(&mut self) -> Result<(), String> {
        // what was asked before has been answered, and an answer that nobody asked for came with it or before it
        let _ = self.quiet_for(END_TURNS).await;
        if self.buffer.is_empty() {
            return Ok(());
        }
        Err(format!("unread: {:?}", resp::escape(&self.buffer)))
    }

    /// Reads some more, and what comes right after it; false at the end.
    async fn fill(&mut self) -> bool {
        let read = self.stream.read_buf(&mut self.buffer).await;
        let mut more = self.in_pieces && read.as_ref().is_ok_and(|count| *count > 0);
        while more {
            // a reply that comes byte by byte is not worth a look after each
            more = tokio::select! {
                biased;
                read = self.stream.read_buf(&mut self.buffer) => read.is_ok_and(|count| count > 0),
                () = tokio::task::yield_now() => false,
            };
        }
        read.is_ok_and(|count| count > 0)
    }
}
