//! Mounts: how a client's connection reaches a service.
//!
//! In memory (a pipe), or over loopback TCP for clients that cannot take a stream and for foreign programs. Both end in
//! [`Emulator::serve`].

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::clock::{Clock, Hold};
use super::coverage::Coverage;
use super::faults::{Action, CONNECT, Faults, Hit};
use super::journal::{Journal, Record, shorten};
use super::random::{Random, Seed};
use super::shutdown::Shutdown;
use super::stream::{BoxStream, FaultStream, Shape, Stream};

/// The buffer of an in-memory connection, each way, in bytes: that of a loopback socket, about.
const PIPE_BYTES: usize = 64 * 1024;

/// How long a listener waits when the system has no descriptor for a new connection.
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// A service that speaks its wire protocol.
pub trait Emulator: Send + Sync + 'static {
    /// What kind of service this is: `redis`.
    fn kind(&self) -> &'static str;

    /// How many nodes it has.
    fn nodes(&self) -> u16 {
        1
    }

    /// Serves one connection to its end.
    fn serve(self: Arc<Self>, stream: FaultStream, peer: Peer) -> BoxFuture<'static, ()>;

    /// A service with the same content, whose writes this one does not see. Takes microseconds, whatever it holds.
    fn fork(&self) -> Arc<dyn Emulator>;

    /// What it covers.
    fn coverage(&self) -> Vec<Coverage>;
}

/// What may grow, and how far.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once, for each service. Redis's own default.
    pub connections: usize,
    /// One request, in bytes, before it is refused: Redis's `proto-max-bulk-len`.
    pub request_bytes: usize,
    /// All that a service stores, in bytes, about.
    pub stored_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            request_bytes: 512 * 1024 * 1024,
            stored_bytes: 4 * 1024 * 1024 * 1024,
        }
    }
}

/// What the services of one test share.
#[derive(Debug, Clone)]
pub struct World {
    /// The time.
    pub clock: Clock,
    /// Where random decisions come from.
    pub seed: Seed,
    /// What goes wrong.
    pub faults: Faults,
    /// What happened.
    pub journal: Journal,
    /// When to stop.
    pub shutdown: Shutdown,
    /// How far things may grow.
    pub limits: Limits,
}

/// A service in its world: what connections are opened to.
#[derive(Clone)]
pub struct Mounted(Arc<Inner>);

struct Inner {
    name: Arc<str>,
    emulator: Arc<dyn Emulator>,
    world: World,
    connections: AtomicU64,
    open: AtomicUsize,
}

impl std::fmt::Debug for Mounted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Mounted")
            .field("name", &self.0.name)
            .finish_non_exhaustive()
    }
}

impl Mounted {
    /// Puts a service, named as in `redis#0`, into a world.
    #[must_use]
    pub fn new(name: &str, emulator: Arc<dyn Emulator>, world: World) -> Self {
        let (connections, open) = (AtomicU64::new(0), AtomicUsize::new(0));
        Self(Arc::new(Inner {
            name: name.into(),
            emulator,
            world,
            connections,
            open,
        }))
    }

    /// `redis#0`
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The service.
    #[must_use]
    pub fn emulator(&self) -> &Arc<dyn Emulator> {
        &self.0.emulator
    }

    /// The world it is in.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.0.world
    }

    /// Opens a connection in memory. Must be called on a runtime; the service runs there.
    #[must_use]
    pub fn connect(&self, node: u16) -> BoxStream {
        let (client, server) = tokio::io::duplex(PIPE_BYTES);
        tokio::spawn(self.serve(node, Box::new(server)));
        Box::new(client)
    }

    /// Accepts connections for `node` at `address` until the world shuts down.
    ///
    /// # Errors
    /// What the operating system says: the address is in use, or is not ours.
    pub async fn listen(&self, node: u16, address: SocketAddr) -> io::Result<Listening> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let flight = Flight::new(&self.0.world.clock);
        tokio::spawn(self.clone().accept(node, listener, flight.clone()));
        Ok(Listening { address, flight })
    }

    async fn accept(self, node: u16, listener: TcpListener, flight: Flight) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.0.world.shutdown.wait() => return,
                accepted = listener.accept() => accepted,
            };
            // an error here is of one connection (it was reset before it was accepted) or passes (no descriptors)
            if let Ok((stream, _)) = accepted {
                let _ = stream.set_nodelay(true);
                tokio::spawn(self.serve(node, Box::new(flight.server(stream))));
            } else {
                self.0.world.clock.sleep(ACCEPT_PAUSE).await;
            }
        }
    }

    fn serve(&self, node: u16, stream: BoxStream) -> impl Future<Output = ()> + Send + 'static {
        let inner = Arc::clone(&self.0);
        let connection = inner.connections.fetch_add(1, Ordering::Relaxed);
        let open = Open::new(&inner);
        async move {
            let world = &inner.world;
            let shape = Shape::default();
            let seed = world.seed.child(&format!("{}/conn{connection}", inner.name));
            let peer = Peer {
                service: Arc::clone(&inner.name),
                node,
                connection,
                over_limit: open.count > world.limits.connections,
                fault_random: seed.stream("faults"),
                seed,
                shape: shape.clone(),
                world: world.clone(),
            };
            let stream = FaultStream::new(stream, shape, world.clock.clone());
            inner.welcome(stream, peer).await;
            drop(open);
        }
    }
}

impl Inner {
    /// Asks the faults about the connection itself, then hands it to the service.
    async fn welcome(&self, stream: FaultStream, mut peer: Peer) {
        if let Some(hit) = peer.decide(CONNECT, &[]) {
            peer.record(CONNECT, &[], b"", Some(&hit));
            match &hit.action {
                Action::Delay(by) => peer.world.clock.sleep(*by).await,
                Action::Hold => hit.undone().await,
                Action::CutRequest(bytes) => peer.shape.cut_requests(*bytes),
                Action::CutReply(bytes) => peer.shape.cut_replies(*bytes),
                Action::Dribble { chunk_bytes, pause } => peer.shape.dribble(*chunk_bytes, *pause),
                Action::Refuse | Action::DropBefore | Action::DropAfter | Action::Answer(_) => return,
                Action::Sometimes(..) => {}
            }
        }
        let shutdown = peer.world.shutdown.clone();
        tokio::select! {
            biased;
            () = shutdown.wait() => {}
            () = Arc::clone(&self.emulator).serve(stream, peer) => {}
        }
    }
}

/// Counts the connections that are open.
struct Open {
    inner: Arc<Inner>,
    count: usize,
}

impl Open {
    fn new(inner: &Arc<Inner>) -> Self {
        let count = inner.open.fetch_add(1, Ordering::Relaxed) + 1;
        Self {
            inner: Arc::clone(inner),
            count,
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.inner.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One connection, as a service sees it.
#[derive(Debug)]
pub struct Peer {
    /// The service: `redis#0`.
    pub service: Arc<str>,
    /// The node at which the connection arrived.
    pub node: u16,
    /// The connection, counted from 0.
    pub connection: u64,
    /// More connections are open than the limit allows: say so in the protocol's words, and close.
    pub over_limit: bool,
    /// Where this connection's random decisions come from.
    pub seed: Seed,
    /// Arms faults on this connection's bytes.
    pub shape: Shape,
    /// What the services share.
    pub world: World,
    fault_random: Random,
}

impl Peer {
    /// What a fault does to an operation, if one does anything. Services ask once, before the operation has an effect.
    pub fn decide(&mut self, operation: &str, keys: &[&[u8]]) -> Option<Hit> {
        self.decide_among(operation, keys, |_| true)
    }

    /// As [`Peer::decide`], among the faults whose action is one that `accepts`: for an operation that is taken in at one
    /// time and has its effect at another.
    pub fn decide_among(&mut self, operation: &str, keys: &[&[u8]], accepts: fn(&Action) -> bool) -> Option<Hit> {
        let Self {
            world,
            service,
            node,
            fault_random,
            ..
        } = self;
        if world.faults.is_empty() {
            return None;
        }
        world
            .faults
            .decide(service, *node, operation, keys, fault_random, accepts)
    }

    /// Writes an exchange into the journal. `arguments` must be free of secrets already.
    pub fn record(&self, operation: &str, arguments: &[&[u8]], answer: &[u8], fault: Option<&Hit>) {
        if !self.world.journal.is_on() {
            return;
        }
        self.world.journal.record(Record {
            service: Arc::clone(&self.service),
            node: self.node,
            connection: self.connection,
            sequence: 0,
            time: self.world.clock.now_monotonic(),
            operation: operation.to_owned(),
            arguments: arguments
                .iter()
                .take(super::journal::MAX_ARGUMENTS)
                .map(|argument| shorten(argument))
                .collect(),
            answer: shorten(answer),
            fault: fault.map(Hit::label),
        });
    }
}

/// A TCP mount that listens.
#[derive(Debug)]
pub struct Listening {
    /// Where.
    pub address: SocketAddr,
    flight: Flight,
}

impl Listening {
    /// Opens a connection to this mount from our own process. Virtual time stands still while bytes are in flight.
    ///
    /// # Errors
    /// What the operating system says.
    pub async fn dial(&self) -> io::Result<BoxStream> {
        let hold = self.flight.clock.hold();
        let stream = TcpStream::connect(self.address).await?;
        drop(hold);
        stream.set_nodelay(true)?;
        Ok(Box::new(self.flight.client(stream)))
    }
}

/// Counts the bytes that one end has written and the other has not read, and holds the clock while there are any.
///
/// Connections that foreign programs open are not counted: their time is real.
#[derive(Debug, Clone)]
struct Flight {
    clock: Clock,
    ends: Arc<std::sync::Mutex<std::collections::BTreeMap<SocketAddr, Counts>>>,
}

/// Bytes in flight on one connection, each way.
#[derive(Debug, Default)]
struct Counts {
    to_server: u64,
    to_client: u64,
    hold: Option<Hold>,
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Client,
    Server,
}

struct Counted {
    stream: TcpStream,
    flight: Flight,
    /// The client's address, which both ends know.
    connection: Option<SocketAddr>,
    side: Side,
}

impl Flight {
    fn new(clock: &Clock) -> Self {
        Self {
            clock: clock.clone(),
            ends: Arc::default(),
        }
    }

    fn client(&self, stream: TcpStream) -> Counted {
        let connection = stream.local_addr().ok().filter(|_| self.clock.is_virtual());
        if let Some(connection) = connection {
            self.ends().insert(connection, Counts::default());
        }
        Counted {
            stream,
            flight: self.clone(),
            connection,
            side: Side::Client,
        }
    }

    fn server(&self, stream: TcpStream) -> Counted {
        let connection = stream.peer_addr().ok().filter(|_| self.clock.is_virtual());
        Counted {
            stream,
            flight: self.clone(),
            connection,
            side: Side::Server,
        }
    }

    fn ends(&self) -> std::sync::MutexGuard<'_, std::collections::BTreeMap<SocketAddr, Counts>> {
        self.ends.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn count(&self, connection: Option<SocketAddr>, change: impl FnOnce(&mut Counts)) {
        let Some(connection) = connection else { return };
        let mut ends = self.ends();
        let Some(counts) = ends.get_mut(&connection) else {
            return;
        };
        change(counts);
        let busy = counts.to_server > 0 || counts.to_client > 0;
        if !busy {
            counts.hold = None;
        } else if counts.hold.is_none() {
            counts.hold = Some(self.clock.hold());
        }
    }
}

impl Stream for Counted {
    fn reset_on_close(&mut self) {
        self.stream.reset_on_close();
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        let read = (buffer.filled().len() - before) as u64;
        if read > 0 {
            let side = self.side;
            self.flight.count(self.connection, |counts| match side {
                Side::Client => counts.to_client = counts.to_client.saturating_sub(read),
                Side::Server => counts.to_server = counts.to_server.saturating_sub(read),
            });
        }
        result
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = &result {
            let (side, written) = (self.side, *written as u64);
            self.flight.count(self.connection, |counts| match side {
                Side::Client => counts.to_server += written,
                Side::Server => counts.to_client += written,
            });
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

impl Drop for Counted {
    fn drop(&mut self) {
        // what was on its way here will never be read; what this end wrote, the other may still read
        match self.side {
            Side::Server => self.flight.count(self.connection, |counts| counts.to_server = 0),
            Side::Client => {
                if let Some(connection) = self.connection {
                    self.flight.ends().remove(&connection);
                }
            }
        }
    }
}
