//! Byte streams, and the faults that act on bytes.
//!
//! A service is handed a [`FaultStream`]; an action that concerns bytes ([`super::Action::CutReply`] …) arms its
//! [`Shape`]. While nothing is armed it passes everything through.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::TcpStream;

use super::clock::{Clock, Sleep};

/// What a service and its client speak over.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    /// From now on, closing means resetting, where the transport knows the difference.
    fn reset_on_close(&mut self) {}
}

impl Stream for DuplexStream {}

impl Stream for TcpStream {
    fn reset_on_close(&mut self) {
        let _ = self.set_zero_linger();
    }
}

/// Any stream.
pub type BoxStream = Box<dyn Stream>;

/// What is armed on one connection. Shared between the service and its stream.
#[derive(Debug, Clone, Default)]
pub struct Shape(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    armed: AtomicBool,
    rules: Mutex<Rules>,
}

#[derive(Debug, Default)]
struct Rules {
    /// How many more bytes may be read before the connection is reset.
    read_bytes: Option<u64>,
    /// How many more bytes may be written before the connection is reset.
    write_bytes: Option<u64>,
    dribble: Option<(usize, Duration)>,
}

impl Shape {
    /// The connection is reset after `bytes` more bytes of requests.
    pub fn cut_requests(&self, bytes: u64) {
        self.arm().read_bytes = Some(bytes);
    }

    /// The connection is reset after `bytes` more bytes of answers.
    pub fn cut_replies(&self, bytes: u64) {
        self.arm().write_bytes = Some(bytes);
    }

    /// From now on bytes come and go in pieces of at most `chunk_bytes`; answers with `pause` between them.
    pub fn dribble(&self, chunk_bytes: u32, pause: Duration) {
        self.arm().dribble = Some((chunk_bytes.max(1) as usize, pause));
    }

    fn arm(&self) -> MutexGuard<'_, Rules> {
        self.0.armed.store(true, Ordering::Release);
        self.rules()
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.0.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_armed(&self) -> bool {
        self.0.armed.load(Ordering::Acquire)
    }

    /// How many of `wanted` bytes may pass now. 0: the connection is cut.
    fn allowed(&self, wanted: usize, limit: impl Fn(&mut Rules) -> &mut Option<u64>) -> usize {
        let mut rules = self.rules();
        let chunk = rules.dribble.map_or(usize::MAX, |(bytes, _)| bytes);
        let left = limit(&mut rules).map_or(usize::MAX, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        wanted.min(chunk).min(left)
    }

    fn passed(&self, bytes: usize, limit: impl Fn(&mut Rules) -> &mut Option<u64>) {
        if let Some(left) = limit(&mut self.rules()) {
            *left = left.saturating_sub(bytes as u64);
        }
    }

    fn pause(&self) -> Option<Duration> {
        self.rules()
            .dribble
            .map(|(_, pause)| pause)
            .filter(|pause| !pause.is_zero())
    }
}

/// A service's side of a connection.
pub struct FaultStream {
    inner: BoxStream,
    shape: Shape,
    clock: Clock,
    pause: Option<Pin<Box<Sleep>>>,
}

impl FaultStream {
    pub(super) fn new(inner: BoxStream, shape: Shape, clock: Clock) -> Self {
        Self {
            inner,
            shape,
            clock,
            pause: None,
        }
    }

    fn cut(&mut self) -> io::Error {
        self.inner.reset_on_close();
        io::Error::new(io::ErrorKind::ConnectionReset, "cut by a fault")
    }
}

impl AsyncRead for FaultStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.shape.is_armed() {
            return Pin::new(&mut self.inner).poll_read(context, buffer);
        }
        let allowed = self.shape.allowed(buffer.remaining(), |rules| &mut rules.read_bytes);
        if allowed == 0 && buffer.remaining() > 0 {
            return Poll::Ready(Err(self.cut()));
        }
        let mut part = buffer.take(allowed);
        let result = Pin::new(&mut self.inner).poll_read(context, &mut part);
        let read = part.filled().to_vec();
        if matches!(result, Poll::Ready(Ok(()))) {
            buffer.put_slice(&read);
            self.shape.passed(read.len(), |rules| &mut rules.read_bytes);
        }
        result
    }
}

impl AsyncWrite for FaultStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !self.shape.is_armed() {
            return Pin::new(&mut self.inner).poll_write(context, bytes);
        }
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        let allowed = self.shape.allowed(bytes.len(), |rules| &mut rules.write_bytes);
        if allowed == 0 && !bytes.is_empty() {
            return Poll::Ready(Err(self.cut()));
        }
        let part = bytes.get(..allowed).unwrap_or(bytes);
        let written = std::task::ready!(Pin::new(&mut self.inner).poll_write(context, part))?;
        self.shape.passed(written, |rules| &mut rules.write_bytes);
        self.pause = self.shape.pause().map(|pause| Box::pin(self.clock.sleep(pause)));
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
