//! What a provider dials: a service's nodes, how a byte stream to one of them is opened, and how to log in.
//!
//! Not a URL: under emulation a stream is an in-memory pipe, elsewhere TCP. The stream counts what is written to it, by
//! which *never sent* (safe to retry) is told from *sent, answer unknown*.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use slt_emulators::chassis::{BoxStream, Clock, Hold, Mounted, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::support::secret::Secret;

/// Opens byte streams to the nodes of a service.
pub trait Dial: Send + Sync {
    /// Opens a stream to a node.
    fn dial(&self, node: u16) -> BoxFuture<'static, io::Result<BoxStream>>;
}

/// How to log in.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The user, if the service has users.
    pub username: Option<String>,
    /// The password.
    pub password: Option<Secret>,
}

/// A service, as a provider sees it.
#[derive(Clone)]
pub struct Endpoint {
    /// What messages call it: an address without credentials, or the emulator's name.
    pub label: String,
    /// The nodes' advertised addresses, in the order of their numbers.
    pub nodes: Vec<String>,
    /// How to log in.
    pub credentials: Credentials,
    /// The logical database, where the service has such a thing.
    pub database: i64,
    dial: Arc<dyn Dial>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Endpoint")
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    /// A service at a TCP address, `host:port`. A call to it is a call to a foreign peer: it holds the clock.
    #[must_use]
    pub fn tcp(address: &str, credentials: Credentials, database: i64, clock: &Clock) -> Self {
        Self {
            label: address.to_owned(),
            nodes: vec![address.to_owned()],
            credentials,
            database,
            dial: Arc::new(Tcp {
                address: address.to_owned(),
                clock: clock.clone(),
            }),
        }
    }

    /// An emulated service, over in-memory pipes.
    #[must_use]
    pub fn emulated(service: &Mounted) -> Self {
        let nodes = (0..service.emulator().nodes())
            .map(|node| format!("{}/{node}", service.name()))
            .collect();
        Self {
            label: format!("emulated {}", service.name()),
            nodes,
            credentials: Credentials::default(),
            database: 0,
            dial: Arc::new(InMemory(service.clone())),
        }
    }

    /// Opens a stream to a node, which counts what passes through it.
    ///
    /// # Errors
    /// What the transport says: nobody listens, no such host.
    pub async fn dial(&self, node: u16) -> io::Result<Counted> {
        let inner = self.dial.dial(node).await?;
        Ok(Counted {
            inner,
            written: Arc::default(),
            read: Arc::default(),
        })
    }
}

struct Tcp {
    address: String,
    clock: Clock,
}

impl Dial for Tcp {
    fn dial(&self, _node: u16) -> BoxFuture<'static, io::Result<BoxStream>> {
        let (address, clock) = (self.address.clone(), self.clock.clone());
        Box::pin(async move {
            let hold = clock.hold();
            let stream = TcpStream::connect(address).await?;
            drop(hold);
            stream.set_nodelay(true)?;
            Ok(Box::new(Foreign {
                stream,
                clock,
                hold: None,
            }) as BoxStream)
        })
    }
}

/// A stream to a peer that lives in real time: virtual time stands still from a request until its answer begins to
/// arrive. An idle connection holds nothing.
struct Foreign {
    stream: TcpStream,
    clock: Clock,
    hold: Option<Hold>,
}

impl Stream for Foreign {
    fn reset_on_close(&mut self) {
        self.stream.reset_on_close();
    }
}

impl AsyncRead for Foreign {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if result.is_ready() {
            self.hold = None;
        }
        result
    }
}

impl AsyncWrite for Foreign {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        if matches!(result, Poll::Ready(Ok(1..))) && self.hold.is_none() {
            self.hold = Some(self.clock.hold());
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

struct InMemory(Mounted);

impl Dial for InMemory {
    fn dial(&self, node: u16) -> BoxFuture<'static, io::Result<BoxStream>> {
        let service = self.0.clone();
        Box::pin(async move { Ok(service.connect(node)) })
    }
}

/// A stream that counts what passes through it.
pub struct Counted {
    inner: BoxStream,
    written: Arc<AtomicU64>,
    read: Arc<AtomicU64>,
}

impl Counted {
    /// How many bytes have passed; goes on counting while the stream lives elsewhere.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        Traffic {
            written: Arc::clone(&self.written),
            read: Arc::clone(&self.read),
        }
    }
}

/// How many bytes were written to a stream, and read from it.
#[derive(Debug, Clone)]
pub struct Traffic {
    written: Arc<AtomicU64>,
    read: Arc<AtomicU64>,
}

impl Traffic {
    /// How many were written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// How many were read.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Acquire)
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(context, buffer);
        self.read
            .fetch_add((buffer.filled().len() - before) as u64, Ordering::AcqRel);
        result
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = &result {
            self.written.fetch_add(*written as u64, Ordering::AcqRel);
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

/// Runs `future` for at most `limit` on `clock`.
pub(crate) async fn within<T>(clock: &Clock, limit: std::time::Duration, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = clock.sleep(limit) => None,
    }
}
