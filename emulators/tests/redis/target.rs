//! A fresh Redis, emulated or real, and the connections to it.
//!
//! Each [`Target`] has a server of its own: the emulator in memory, in virtual time; or a process of the real server on
//! a free loopback port, in real time, ended by its own process id.
#![allow(clippy::disallowed_methods)] // a real server lives in real time; the emulator's own time never comes from here

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use slt_emulators::chassis::{
    BoxStream, DEFAULT_WALL_NANOSECONDS, Faults, Journal, Limits, Mounted, Seed, Shutdown, Simulation, Trigger, World,
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
            _shutdown: trigger,
        })
    }

    /// A fresh process of the real server.
    pub fn real() -> Self {
        // between the choice of a port and its use another process may take it: then another is tried
        let started = (0..20).find_map(|_| Real::start());
        Self::Real(started.expect("redis-server 7.0 is installed and starts"))
    }

    /// Runs a test body where this server's connections live.
    pub fn run<F: Future>(&self, body: F) -> F::Output {
        match self {
            Self::Emulated(emulated) => emulated.simulation.block_on(body).expect("the body comes to its end"),
            Self::Real(real) => real.runtime.block_on(body),
        }
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
            real: matches!(self, Self::Real(_)),
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

impl Real {
    fn start() -> Option<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .ok()?
            .port();
        let mut process = Command::new("redis-server")
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no", "--bind", "127.0.0.1"])
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
}

impl Client {
    /// Writes bytes. That the server has closed meanwhile is seen when reading.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
        let _ = self.stream.flush().await;
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

    /// Reads some more; false at the end.
    async fn fill(&mut self) -> bool {
        let read = self.stream.read_buf(&mut self.buffer).await;
        read.is_ok_and(|count| count > 0)
    }
}
