//! One connection: reads requests, lets faults decide, answers in order.
//!
//! Requests are worked off in batches: all that have arrived, under one lock, their replies in one buffer. Only what
//! waits (a fault, a pause, a command that blocks) leaves the batch; while it waits, nothing later of this connection is
//! looked at. With faults or a journal the lock is taken for each command, so that an observer of the journal may look
//! at the store.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

use super::Redis;
use super::call::Surroundings;
use super::dispatch::{self, Request};
use super::error::Error;
use super::introspection;
use super::journal;
use super::reply::Reply;
use super::request::{Decoder, ProtocolError, RequestLimits, Step};
use super::session::{Blocked, Replies, Session};
use super::state::{Client, State, Unblock};
use super::table;
use super::transactions;
use crate::chassis::{Action, FaultStream, Hit, Peer};

/// How much is read at once, in bytes: Redis's `PROTO_IOBUF_LEN`.
const READ_BYTES: usize = 16 * 1024;
/// How much more is made room for when a large argument is announced, in bytes: an announcement alone takes no memory.
const READ_AHEAD_MAX_BYTES: usize = 1024 * 1024;
/// Replies are sent when so many bytes of them are waiting, though more requests are there.
const FLUSH_BYTES: usize = 64 * 1024;
/// The smallest value of `client-query-buffer-limit`, in bytes.
const QUERY_BUFFER_MIN_BYTES: usize = 1024 * 1024;
/// A buffer that grew beyond this is given back when it is empty, in bytes.
const KEPT_BUFFER_MAX_BYTES: usize = 1024 * 1024;

/// Serves one connection to its end.
pub async fn serve(redis: Arc<Redis>, stream: FaultStream, peer: Peer) {
    if peer.over_limit {
        return refuse(&redis, stream).await;
    }
    Connection::open(redis, stream, peer).run().await;
}

async fn refuse(redis: &Redis, mut stream: FaultStream) {
    redis.state().counters.rejected_connections += 1;
    // the client is gone either way
    let _ = stream.write_all(b"-ERR max number of clients reached\r\n").await;
    let _ = stream.shutdown().await;
}

struct Connection {
    redis: Arc<Redis>,
    stream: FaultStream,
    peer: Peer,
    session: Session,
    surroundings: Surroundings,
    signal: Arc<Notify>,
    input: Vec<u8>,
    /// Where in `input` the next request begins.
    start: usize,
    decoder: Decoder,
    output: Vec<u8>,
    /// How long the client may be silent, in seconds; 0 is for ever.
    idle_seconds: u64,
}

fn is_answer(action: &Action) -> bool {
    matches!(action, Action::Answer(_))
}

/// What comes after a batch.
enum Next {
    /// More bytes are needed: at least so many.
    Read(usize),
    /// Replies are to be sent, then there is more.
    Flush,
    /// A fault meets the request that was decoded.
    Fault(Hit),
    /// The next request waits until then, in milliseconds since 1970.
    Pause(i64),
    /// The reply waits; it is the end of `output`, from there on.
    Block(Blocked, usize),
    /// Replies are to be sent, then the connection ends.
    Close,
    /// It was to end after a reply that is not sent: it stays, and nothing more is heard.
    Deaf,
}

/// The connection has ended.
struct Ended;

impl Connection {
    fn open(redis: Arc<Redis>, stream: FaultStream, peer: Peer) -> Self {
        let signal = Arc::new(Notify::new());
        let mut state = redis.state();
        let now = milliseconds(&peer);
        state.counters.connections += 1;
        let id = state.clients.add(Client::new(&peer, now, Arc::clone(&signal)));
        let session = Session::new(id, !state.configuration.has_password(), peer.seed.stream("commands"));
        drop(state);
        let surroundings = Surroundings {
            clock: peer.world.clock.clone(),
            limits: peer.world.limits,
            run_id: introspection::run_id(&peer.world.seed.child(&peer.service)),
        };
        Self {
            redis,
            stream,
            peer,
            session,
            surroundings,
            signal,
            input: Vec::new(),
            start: 0,
            decoder: Decoder::default(),
            output: Vec::new(),
            idle_seconds: 0,
        }
    }

    async fn run(mut self) {
        while self.turn().await.is_ok() {}
    }

    async fn turn(&mut self) -> Result<(), Ended> {
        match self.batch() {
            Next::Read(missing) => {
                self.flush().await?;
                self.read(missing).await
            }
            Next::Flush => self.flush().await,
            Next::Fault(hit) => self.act(hit).await,
            Next::Pause(until) => self.pause(until).await,
            Next::Block(blocked, reply) => self.block(blocked, reply).await,
            Next::Close => self.close().await,
            Next::Deaf => self.listen_no_more().await,
        }
    }

    /// Answers all requests that have arrived.
    fn batch(&mut self) -> Next {
        let redis = Arc::clone(&self.redis);
        let is_plain = self.peer.world.faults.is_empty() && !self.peer.world.journal.is_on();
        let now = milliseconds(&self.peer);
        let mut state = redis.state();
        let next = loop {
            if state.clients.get(self.session.id).is_none_or(|client| client.is_killed) {
                break Next::Close;
            }
            if self.output.len() >= FLUSH_BYTES {
                break Next::Flush;
            }
            match self.decode(&state) {
                Ok(Step::Request) => {}
                Ok(Step::Nothing) => {
                    self.start += self.decoder.finish();
                    continue;
                }
                Ok(Step::Incomplete(missing)) => break Next::Read(missing),
                Err(error) => break self.protocol_error(&error),
            }
            let request = self.request();
            if let Some(until) = self.paused_until(request, &state, now) {
                // looked at again from its start
                self.decoder.finish();
                break Next::Pause(until);
            }
            if !is_plain && let Some(hit) = self.decide(request) {
                break Next::Fault(hit);
            }
            let reply = self.perform(request, &mut state, now);
            if !is_plain {
                drop(state);
                self.record(request, reply, None);
                state = redis.state();
            }
            self.start += self.decoder.finish();
            if self.session.is_closing {
                break self.end();
            }
            if let Some(blocked) = self.session.blocked.take() {
                break Next::Block(blocked, reply);
            }
        };
        self.publish(&mut state, now);
        self.idle_seconds = state.configuration.timeout_seconds();
        next
    }

    fn decode(&mut self, state: &State) -> Result<Step, ProtocolError> {
        let limits = RequestLimits {
            bulk_bytes: state.configuration.max_bulk_bytes(&self.surroundings.limits),
            is_unauthenticated: dispatch::needs_authentication(state, &self.session),
        };
        self.decoder
            .decode(self.input.get(self.start..).unwrap_or_default(), limits)
    }

    /// What the decoded request asks for.
    fn request(&self) -> Request {
        Request::of(self.decoder.arguments(self.input.get(self.start..).unwrap_or_default()))
    }

    fn paused_until(&self, request: Request, state: &State, now: i64) -> Option<i64> {
        state.pause?;
        let writes = |command: &table::Command| command.is(table::WRITE);
        let is_write = request.command().is_some_and(|command| {
            writes(command)
                || (command.name == "exec"
                    && self
                        .session
                        .transaction
                        .iter()
                        .flat_map(|found| &found.queue)
                        .any(|queued| writes(queued.command)))
        });
        state.paused_until(is_write, now)
    }

    /// Whether a fault meets the decoded request. What is queued in a transaction has its effect when that is executed, and
    /// meets its fault then; but an error that stands for it comes when it is queued, as from a real server.
    fn decide(&mut self, request: Request) -> Option<Hit> {
        let Self {
            peer,
            decoder,
            input,
            start,
            session,
            ..
        } = self;
        let arguments = decoder.arguments(input.get(*start..).unwrap_or_default());
        let operation = journal::operation(request, arguments);
        let Some(transaction) = &session.transaction else {
            let keys = request
                .command()
                .map_or_else(Vec::new, |command| introspection::keys(command, arguments));
            return peer.decide(&operation, &keys);
        };
        if operation != "EXEC" {
            let keys = request
                .command()
                .map_or_else(Vec::new, |command| introspection::keys(command, arguments));
            return peer.decide_among(&operation, &keys, is_answer);
        }
        let queued: Vec<_> = transaction
            .queue
            .iter()
            .map(|queued| {
                (
                    queued.command.title(),
                    introspection::keys(queued.command, queued.arguments.borrow()),
                )
            })
            .collect();
        let all: Vec<&[u8]> = queued.iter().flat_map(|(_, keys)| keys.iter().copied()).collect();
        peer.decide(&operation, &all).or_else(|| {
            let mut queued = queued.iter();
            queued.find_map(|(operation, keys)| peer.decide_among(operation, keys, |action| !is_answer(action)))
        })
    }

    /// Runs the decoded request, and appends its reply to `output`: from the place that is given back on.
    fn perform(&mut self, request: Request, state: &mut State, now: i64) -> usize {
        let Self {
            decoder,
            input,
            start,
            session,
            surroundings,
            output,
            ..
        } = self;
        let arguments = decoder.arguments(input.get(*start..).unwrap_or_default());
        session.last_command = request.command().map(|command| command.name).or(session.last_command);
        let reply = dispatch::answer(request, arguments, state, session, now, surroundings);
        let place = output.len();
        if matches!(session.replies, Replies::On | Replies::SkipNext) {
            reply.write(session.protocol, output);
        }
        session.replies = match session.replies {
            Replies::SkipNext => Replies::Skip,
            Replies::Skip => Replies::On,
            other => other,
        };
        place
    }

    fn protocol_error(&mut self, error: &ProtocolError) -> Next {
        let text = match error {
            ProtocolError::ExpectedBulk(got) => {
                Error::Quoted([b"ERR Protocol error: expected '$', got '".as_slice(), got, b"'"].concat())
            }
            other => Error::Text(format!("ERR Protocol error: {other}")),
        };
        if self.session.replies == Replies::On {
            Reply::Error(text).write(self.session.protocol, &mut self.output);
        }
        self.end()
    }

    /// How a connection ends: Redis closes it once a reply has been written. Without one it does not.
    fn end(&self) -> Next {
        if self.session.replies == Replies::Off {
            Next::Deaf
        } else {
            Next::Close
        }
    }

    /// Shows the others what they may see of this connection.
    fn publish(&self, state: &mut State, now: i64) {
        if let Some(client) = state.clients.get_mut(self.session.id) {
            client.show(&self.session, now);
        }
    }

    /// Writes the decoded request, and its reply from `reply` on, into the journal.
    fn record(&self, request: Request, reply: usize, fault: Option<&Hit>) {
        if self.peer.world.journal.is_on() {
            let arguments = self.decoder.arguments(self.input.get(self.start..).unwrap_or_default());
            journal::record(
                &self.peer,
                request,
                arguments,
                self.output.get(reply..).unwrap_or_default(),
                fault,
            );
        }
    }

    /// Does what a fault says to the decoded request.
    async fn act(&mut self, hit: Hit) -> Result<(), Ended> {
        let request = self.request();
        let reply = match &hit.action {
            Action::DropBefore | Action::Refuse => {
                self.record(request, self.output.len(), Some(&hit));
                self.flush().await?;
                return Err(Ended);
            }
            Action::DropAfter => {
                let reply = self.perform_now(request, &hit);
                self.output.truncate(reply);
                self.flush().await?;
                return Err(Ended);
            }
            Action::Delay(by) => {
                self.flush().await?;
                let reply = self.perform_now(request, &hit);
                self.peer.world.clock.sleep(*by).await;
                reply
            }
            Action::Hold => {
                self.flush().await?;
                hit.undone().await;
                self.perform_now(request, &hit)
            }
            Action::Answer(text) => self.answer(request, text, &hit),
            Action::CutReply(bytes) => {
                self.flush().await?;
                let reply = self.perform_now(request, &hit);
                self.peer.shape.cut_replies(*bytes);
                reply
            }
            Action::CutRequest(bytes) => {
                self.peer.shape.cut_requests(*bytes);
                self.perform_now(request, &hit)
            }
            Action::Dribble { chunk_bytes, pause } => {
                self.peer.shape.dribble(*chunk_bytes, *pause);
                self.perform_now(request, &hit)
            }
            Action::Sometimes(..) => self.perform_now(request, &hit),
        };
        self.start += self.decoder.finish();
        if self.session.is_closing {
            return match self.end() {
                Next::Deaf => self.listen_no_more().await,
                _ => self.close().await,
            };
        }
        match self.session.blocked.take() {
            Some(blocked) => self.block(blocked, reply).await,
            None => Ok(()),
        }
    }

    /// Runs the decoded request outside a batch, and records it.
    fn perform_now(&mut self, request: Request, hit: &Hit) -> usize {
        let redis = Arc::clone(&self.redis);
        let now = milliseconds(&self.peer);
        let mut state = redis.state();
        let reply = self.perform(request, &mut state, now);
        self.publish(&mut state, now);
        drop(state);
        self.record(request, reply, Some(hit));
        reply
    }

    /// Answers with an error instead of running the decoded request.
    fn answer(&mut self, request: Request, text: &str, hit: &Hit) -> usize {
        let redis = Arc::clone(&self.redis);
        let mut state = redis.state();
        dispatch::refuse(Error::Fixed(""), request, &mut self.session, &mut state);
        drop(state);
        let reply = self.output.len();
        if matches!(self.session.replies, Replies::On | Replies::SkipNext) {
            Reply::Error(Error::Text(text.to_owned())).write(self.session.protocol, &mut self.output);
        }
        self.record(request, reply, Some(hit));
        reply
    }

    async fn pause(&mut self, until: i64) -> Result<(), Ended> {
        self.flush().await?;
        let wait = u64::try_from(until - milliseconds(&self.peer)).unwrap_or(0);
        tokio::select! {
            biased;
            () = self.signal.notified() => {}
            () = self.peer.world.clock.sleep(Duration::from_millis(wait)) => {}
        }
        Ok(())
    }

    /// Keeps back the end of `output` until the time is over, or somebody ends the wait.
    async fn block(&mut self, blocked: Blocked, reply: usize) -> Result<(), Ended> {
        let mut reply = self.output.split_off(reply.min(self.output.len()));
        self.flush().await?;
        self.mark_blocked(true);
        let clock = self.peer.world.clock.clone();
        let mut over = std::pin::pin!(async move {
            match blocked.milliseconds {
                Some(milliseconds) => clock.sleep(Duration::from_millis(milliseconds)).await,
                None => std::future::pending().await,
            }
        });
        loop {
            tokio::select! {
                biased;
                () = self.signal.notified() => match self.end_of_wait() {
                    Some(Unblock::Timeout) => break,
                    Some(Unblock::Error) => {
                        reply = b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n".to_vec();
                        break;
                    }
                    None if self.is_killed() => return Err(Ended),
                    None => {}
                },
                () = &mut over => break,
                read = self.stream.read_buf(&mut self.input) => self.check_read(read)?,
            }
        }
        self.mark_blocked(false);
        self.output.append(&mut reply);
        Ok(())
    }

    fn mark_blocked(&self, is_blocked: bool) {
        if let Some(client) = self.redis.state().clients.get_mut(self.session.id) {
            client.is_blocked = is_blocked;
        }
    }

    fn end_of_wait(&self) -> Option<Unblock> {
        self.redis.state().clients.get_mut(self.session.id)?.unblock.take()
    }

    fn is_killed(&self) -> bool {
        self.redis
            .state()
            .clients
            .get(self.session.id)
            .is_none_or(|client| client.is_killed)
    }

    async fn listen_no_more(&mut self) -> Result<(), Ended> {
        self.flush().await?;
        while !self.is_killed() {
            self.input.clear();
            self.input.reserve(READ_BYTES);
            tokio::select! {
                biased;
                () = self.signal.notified() => {}
                read = self.stream.read_buf(&mut self.input) => if !matches!(read, Ok(1..)) {
                    break;
                },
            }
        }
        Err(Ended)
    }

    async fn read(&mut self, missing: usize) -> Result<(), Ended> {
        if self.start > 0 {
            self.input.drain(..self.start.min(self.input.len()));
            self.start = 0;
        }
        if self.input.is_empty() && self.input.capacity() > KEPT_BUFFER_MAX_BYTES {
            self.input = Vec::new();
        }
        self.input.reserve(missing.clamp(READ_BYTES, READ_AHEAD_MAX_BYTES));
        let (clock, idle) = (self.peer.world.clock.clone(), self.idle_seconds);
        tokio::select! {
            biased;
            () = self.signal.notified() => Ok(()), // the next batch looks why
            () = async { clock.sleep(Duration::from_secs(idle)).await }, if idle > 0 => Err(Ended),
            read = self.stream.read_buf(&mut self.input) => self.check_read(read),
        }
    }

    fn check_read(&self, read: std::io::Result<usize>) -> Result<(), Ended> {
        if !matches!(read, Ok(1..)) {
            return Err(Ended);
        }
        let held = self.input.len() - self.start;
        // the limit is never below this: the lock is not taken for each read
        if held > QUERY_BUFFER_MIN_BYTES && held > self.redis.state().configuration.max_query_buffer_bytes() {
            return Err(Ended);
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Ended> {
        let mut sent = 0;
        while let Some(rest) = self.output.get(sent..).filter(|rest| !rest.is_empty()) {
            tokio::select! {
                biased;
                () = self.signal.notified() => {
                    if self.is_killed() {
                        return Err(Ended);
                    }
                }
                written = self.stream.write(rest) => match written {
                    Ok(0) | Err(_) => return Err(Ended),
                    Ok(count) => sent += count,
                },
            }
        }
        self.output.clear();
        if self.output.capacity() > KEPT_BUFFER_MAX_BYTES {
            self.output = Vec::new();
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<(), Ended> {
        self.flush().await?;
        // the client may be gone
        let _ = self.stream.shutdown().await;
        Err(Ended)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let redis = Arc::clone(&self.redis);
        let mut state = redis.state();
        transactions::unwatch_all(&mut self.session, &mut state.store);
        state.clients.remove(self.session.id);
    }
}

/// The wall clock, in milliseconds since 1970.
fn milliseconds(peer: &Peer) -> i64 {
    i64::try_from(peer.world.clock.now_wall_milliseconds()).unwrap_or(i64::MAX)
}
