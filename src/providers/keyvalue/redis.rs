//! Key-value on Redis, with the `redis` crate's multiplexed connection over a dialled stream.
//!
//! A store is the key prefix `<name>:`, as in slight. Reconnection is this file's own: a connection that ended is
//! dialled anew before the next request; a request that was never sent, or that only reads, is sent once more; any other
//! is reported as indeterminate.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, RedisConnectionInfo, RedisError};
use slt_emulators::chassis::Clock;
use tokio::sync::Mutex;

use super::{Bucket, Error, KeyValue, MAX_LISTED_KEYS, Range, Result};
use crate::providers::endpoint::{Endpoint, Traffic, within};
use crate::support::os;

/// How long an answer may take, on the clock that the provider was given.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long dialling and logging in may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How many keys one `SCAN` asks for.
const SCAN_COUNT: usize = 1_000;

/// How many values one `MGET` asks for.
const GET_MANY_CHUNK: usize = 1_000;

/// The most bytes that the values of one `get-many` may have together.
const GET_MANY_MAX_BYTES: usize = 64 * 1024 * 1024;

/// How often an increment is tried against others that change the same key.
const MAX_CONFLICTS: usize = 100;

/// A key-value service on Redis. Cheap to clone; clones share the connection.
#[derive(Clone)]
pub struct Redis(Arc<Client>);

struct Client {
    endpoint: Endpoint,
    clock: Clock,
    shared: Mutex<Option<Live>>,
    /// For `WATCH`, whose state belongs to a connection: one optimistic transaction at a time.
    exclusive: Mutex<Option<Live>>,
}

/// A connection that is, or was, alive.
#[derive(Clone)]
struct Live {
    connection: MultiplexedConnection,
    traffic: Traffic,
    driver: Arc<Driver>,
}

/// The task that drives a connection; it ends with the last user of the connection.
struct Driver {
    task: tokio::task::AbortHandle,
    ended: Arc<AtomicBool>,
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Live {
    fn is_over(&self) -> bool {
        self.driver.ended.load(Ordering::Acquire)
    }
}

/// Whether a request may be sent again when nobody knows what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    None,
    Some,
}

impl Redis {
    /// A service at `endpoint`; nothing is dialled before the first request.
    #[must_use]
    pub fn new(endpoint: Endpoint, clock: Clock) -> Self {
        Self(Arc::new(Client {
            endpoint,
            clock,
            shared: Mutex::default(),
            exclusive: Mutex::default(),
        }))
    }
}

impl KeyValue for Redis {
    fn open(&self, name: String) -> BoxFuture<'static, Result<Arc<dyn Bucket>>> {
        let client = Arc::clone(&self.0);
        Box::pin(async move {
            Ok(Arc::new(Prefixed {
                client,
                prefix: format!("{name}:"),
            }) as Arc<dyn Bucket>)
        })
    }
}

impl Client {
    /// Dials, logs in, and spawns the driver.
    async fn connect(&self) -> Result<Live> {
        let label = &self.endpoint.label;
        let unavailable = |reason: String| Error::Unavailable(format!("no Redis at {label}: {reason}"));
        let connecting = async {
            let stream = self
                .endpoint
                .dial(0)
                .await
                .map_err(|error| unavailable(os::reason(&error)))?;
            let traffic = stream.traffic();
            let config = AsyncConnectionConfig::new()
                .set_response_timeout(Some(RESPONSE_TIMEOUT))
                .set_connection_timeout(None);
            let (connection, driver) = MultiplexedConnection::new_with_config(&self.login(), stream, config)
                .await
                .map_err(|error| refusal(&error, label).unwrap_or_else(|| unavailable(describe(&error))))?;
            let ended = Arc::new(AtomicBool::new(false));
            let at_end = Arc::clone(&ended);
            let task = tokio::spawn(async move {
                driver.await;
                at_end.store(true, Ordering::Release);
            })
            .abort_handle();
            Ok(Live {
                connection,
                traffic,
                driver: Arc::new(Driver { task, ended }),
            })
        };
        within(&self.clock, CONNECT_TIMEOUT, connecting)
            .await
            .unwrap_or_else(|| Err(unavailable(format!("no answer within {CONNECT_TIMEOUT:?}"))))
    }

    fn login(&self) -> RedisConnectionInfo {
        let credentials = &self.endpoint.credentials;
        let mut login = RedisConnectionInfo::default().set_db(self.endpoint.database);
        if let Some(username) = &credentials.username {
            login = login.set_username(username);
        }
        if let Some(password) = &credentials.password {
            login = login.set_password(password.expose());
        }
        login
    }

    /// The connection in `slot`, dialled anew if there is none that lives.
    async fn live(&self, slot: &mut Option<Live>) -> Result<Live> {
        if let Some(live) = slot.as_ref().filter(|live| !live.is_over()) {
            return Ok(live.clone());
        }
        *slot = None;
        let live = self.connect().await?;
        *slot = Some(live.clone());
        Ok(live)
    }

    async fn call<T: FromRedisValue>(&self, command: Cmd, effect: Effect) -> Result<T> {
        let mut again = true;
        loop {
            let mut live = self.live(&mut *self.shared.lock().await).await?;
            let (before, heard) = (live.traffic.written(), live.traffic.read());
            let error = match live
                .connection
                .send_packed_command(&command)
                .await
                .and_then(redis::Value::extract_error)
            {
                Ok(value) => return T::from_redis_value(value).map_err(|error| Error::Other(error.to_string())),
                Err(error) => error,
            };
            if !is_broken(&error) {
                return Err(meaning(&error).unwrap_or_else(|| Error::Other(describe(&error))));
            }
            let sent = live.traffic.written() != before;
            if error.is_timeout() {
                if live.traffic.read() == heard {
                    // nothing at all came: the peer may be gone without a word
                    self.forget(&live).await;
                }
                // otherwise the connection is kept: later answers still match their requests
                return Err(unknown(effect, &format!("no answer within {RESPONSE_TIMEOUT:?}")));
            }
            self.forget(&live).await;
            if sent && effect == Effect::Some {
                return Err(unknown(effect, "the connection ended before the answer"));
            }
            if !std::mem::take(&mut again) {
                return Err(Error::Unavailable(format!(
                    "{}: {}",
                    self.endpoint.label,
                    describe(&error)
                )));
            }
        }
    }

    /// A connection ended: the next request dials, unless another has dialled already.
    async fn forget(&self, dead: &Live) {
        let mut slot = self.shared.lock().await;
        if slot
            .as_ref()
            .is_some_and(|live| Arc::ptr_eq(&live.driver, &dead.driver))
        {
            *slot = None;
        }
    }

    /// Adds to a number that may not become negative: read and written in one optimistic transaction.
    async fn increment_unsigned(&self, key: String, delta: i64) -> Result<i64> {
        let mut slot = self.exclusive.lock().await;
        let result = self.try_increment(&mut slot, &key, delta).await;
        if !matches!(result, Ok(_) | Err(Error::Invalid(_))) {
            // whatever is still watched or queued ends with the connection
            *slot = None;
        }
        result
    }

    async fn try_increment(&self, slot: &mut Option<Live>, key: &str, delta: i64) -> Result<i64> {
        for _ in 0..MAX_CONFLICTS {
            let (mut live, current) = self.watch(slot, key).await?;
            let sum = match sum(current.as_deref(), delta) {
                Ok(sum) => sum,
                Err(error) => {
                    let unwatched: redis::RedisResult<()> =
                        redis::cmd("UNWATCH").query_async(&mut live.connection).await;
                    return unwatched
                        .map_err(|error| self.failed(&error, Effect::None))
                        .and(Err(error));
                }
            };
            let mut transaction = redis::pipe();
            transaction.atomic().cmd("INCRBY").arg(key).arg(delta);
            // on the very connection that watches: on another the transaction would be unguarded
            let done: Option<(i64,)> = transaction
                .query_async(&mut live.connection)
                .await
                .map_err(|error| self.failed(&error, Effect::Some))?;
            if let Some((result,)) = done {
                debug_assert_eq!(result, sum, "what was watched did not change");
                return Ok(result);
            }
        }
        Err(Error::Throttled {
            message: format!("the key changed {MAX_CONFLICTS} times meanwhile"),
            after: None,
        })
    }

    /// Watches a key and reads it. A connection that ended while it was idle is dialled anew, once.
    async fn watch(&self, slot: &mut Option<Live>, key: &str) -> Result<(Live, Option<Vec<u8>>)> {
        let mut again = true;
        loop {
            let mut live = self.live(slot).await?;
            match read_watched(&mut live.connection, key).await {
                Ok(current) => return Ok((live, current)),
                Err(error) if is_broken(&error) && !error.is_timeout() && std::mem::take(&mut again) => *slot = None,
                Err(error) => return Err(self.failed(&error, Effect::None)),
            }
        }
    }

    fn failed(&self, error: &RedisError, effect: Effect) -> Error {
        if is_broken(error) {
            return unknown(effect, &format!("{}: {}", self.endpoint.label, describe(error)));
        }
        meaning(error).unwrap_or_else(|| Error::Other(describe(error)))
    }
}

async fn read_watched(connection: &mut MultiplexedConnection, key: &str) -> redis::RedisResult<Option<Vec<u8>>> {
    redis::cmd("WATCH").arg(key).query_async::<()>(connection).await?;
    redis::cmd("GET").arg(key).query_async(connection).await
}

/// The sum, if it can be had: the text of the errors is Redis's own where it has one.
fn sum(current: Option<&[u8]>, delta: i64) -> Result<i64> {
    let number = match current {
        None => 0,
        Some(bytes) => std::str::from_utf8(bytes)
            .ok()
            .filter(|text| !text.starts_with('+'))
            .and_then(|text| text.parse::<i64>().ok())
            .ok_or_else(|| Error::Invalid("value is not an integer or out of range".into()))?,
    };
    let sum = number
        .checked_add(delta)
        .ok_or_else(|| Error::Invalid("increment or decrement would overflow".into()))?;
    if sum < 0 {
        return Err(Error::Invalid(format!(
            "the result, {sum}, is negative: this interface's numbers are unsigned"
        )));
    }
    Ok(sum)
}

fn unknown(effect: Effect, reason: &str) -> Error {
    match effect {
        Effect::None => Error::Unavailable(reason.to_owned()),
        Effect::Some => Error::Indeterminate(reason.to_owned()),
    }
}

/// Whether the connection failed, and not the command. An answer that ends in its middle is an error of parsing.
fn is_broken(error: &RedisError) -> bool {
    error.is_io_error() || error.kind() == redis::ErrorKind::Parse
}

/// What an error at logging in means. The client tells a wrong password by a kind of its own, without the server's words.
fn refusal(error: &RedisError, label: &str) -> Option<Error> {
    if error.kind() == redis::ErrorKind::AuthenticationFailed {
        let message = format!("Redis at {label} does not accept the user and the password that it was given");
        return Some(Error::AccessDenied(message));
    }
    meaning(error)
}

/// What an error of the server means; `None`: it says something of the connection, or nothing that we know.
fn meaning(error: &RedisError) -> Option<Error> {
    let code = error.code()?;
    let text = error
        .detail()
        .map_or_else(|| code.to_owned(), |detail| format!("{code} {detail}"));
    Some(match code {
        "NOAUTH" | "WRONGPASS" | "NOPERM" => Error::AccessDenied(text),
        "LOADING" | "BUSY" | "TRYAGAIN" | "CLUSTERDOWN" | "MASTERDOWN" | "OOM" | "NOREPLICAS" | "READONLY" => {
            Error::Throttled {
                message: text,
                after: None,
            }
        }
        "ERR" => match error.detail() {
            Some(detail) if detail.contains("not an integer") || detail.contains("overflow") => {
                Error::Invalid(detail.to_owned())
            }
            Some(detail) => Error::Other(detail.to_owned()),
            None => Error::Other(text),
        },
        _ => Error::Other(text),
    })
}

/// An error in words, without the parts that repeat each other.
fn describe(error: &RedisError) -> String {
    error.detail().map_or_else(|| error.to_string(), str::to_owned)
}

/// A store: the keys below a prefix.
struct Prefixed {
    client: Arc<Client>,
    prefix: String,
}

impl Prefixed {
    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    fn call<T: FromRedisValue + Send + 'static>(&self, command: Cmd, effect: Effect) -> BoxFuture<'static, Result<T>> {
        let client = Arc::clone(&self.client);
        Box::pin(async move { client.call(command, effect).await })
    }
}

impl Bucket for Prefixed {
    fn get(&self, key: String) -> BoxFuture<'static, Result<Option<Vec<u8>>>> {
        let mut command = redis::cmd("GET");
        command.arg(self.key(&key));
        self.call(command, Effect::None)
    }

    fn set(&self, key: String, value: Vec<u8>) -> BoxFuture<'static, Result<()>> {
        let mut command = redis::cmd("SET");
        command.arg(self.key(&key)).arg(value);
        self.call(command, Effect::Some)
    }

    fn delete(&self, key: String) -> BoxFuture<'static, Result<()>> {
        self.delete_many(vec![key])
    }

    fn exists(&self, key: String) -> BoxFuture<'static, Result<bool>> {
        let mut command = redis::cmd("EXISTS");
        command.arg(self.key(&key));
        self.call(command, Effect::None)
    }

    fn keys(&self) -> BoxFuture<'static, Result<Vec<String>>> {
        let (client, prefix) = (Arc::clone(&self.client), self.prefix.clone());
        Box::pin(async move {
            let pattern = format!("{}*", escape_glob(&prefix));
            let mut keys = BTreeSet::new();
            let mut cursor = 0_u64;
            loop {
                let mut command = redis::cmd("SCAN");
                command
                    .arg(cursor)
                    .arg("MATCH")
                    .arg(&pattern)
                    .arg("COUNT")
                    .arg(SCAN_COUNT);
                let (next, page): (u64, Vec<Vec<u8>>) = client.call(command, Effect::None).await?;
                // keys that are not text were not written through this interface, and cannot be named in it
                keys.extend(page.into_iter().filter_map(|key| {
                    String::from_utf8(key)
                        .ok()
                        .and_then(|key| key.strip_prefix(&prefix).map(str::to_owned))
                }));
                if keys.len() > MAX_LISTED_KEYS {
                    return Err(Error::Other(format!("the store has more than {MAX_LISTED_KEYS} keys")));
                }
                if next == 0 {
                    return Ok(keys.into_iter().collect());
                }
                cursor = next;
            }
        })
    }

    fn increment(&self, key: String, delta: i64, range: Range) -> BoxFuture<'static, Result<i64>> {
        let (client, key) = (Arc::clone(&self.client), self.key(&key));
        Box::pin(async move {
            match range {
                Range::Unsigned => client.increment_unsigned(key, delta).await,
                Range::Signed => {
                    let mut command = redis::cmd("INCRBY");
                    command.arg(key).arg(delta);
                    client.call(command, Effect::Some).await
                }
            }
        })
    }

    fn get_many(&self, keys: Vec<String>) -> BoxFuture<'static, Result<Vec<Option<Vec<u8>>>>> {
        if keys.is_empty() {
            return Box::pin(async { Ok(Vec::new()) });
        }
        let (client, prefix) = (Arc::clone(&self.client), self.prefix.clone());
        Box::pin(async move {
            // a key that is asked for twice is sent once: otherwise a short request could have an answer without end
            let distinct: Vec<&String> = keys.iter().collect::<BTreeSet<_>>().into_iter().collect();
            let (mut found, mut bytes) = (BTreeMap::new(), 0);
            for chunk in distinct.chunks(GET_MANY_CHUNK) {
                let mut command = redis::cmd("MGET");
                for key in chunk {
                    command.arg(format!("{prefix}{key}"));
                }
                let values: Vec<Option<Vec<u8>>> = client.call(command, Effect::None).await?;
                bytes += values.iter().flatten().map(Vec::len).sum::<usize>();
                if bytes > GET_MANY_MAX_BYTES {
                    return Err(Error::Other(format!(
                        "the values have more than {GET_MANY_MAX_BYTES} bytes together"
                    )));
                }
                found.extend(chunk.iter().map(|key| (*key).clone()).zip(values));
            }
            Ok(keys.iter().map(|key| found.get(key).cloned().flatten()).collect())
        })
    }

    fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> BoxFuture<'static, Result<()>> {
        if pairs.is_empty() {
            return Box::pin(async { Ok(()) });
        }
        let mut command = redis::cmd("MSET");
        for (key, value) in pairs {
            command.arg(self.key(&key)).arg(value);
        }
        self.call(command, Effect::Some)
    }

    fn delete_many(&self, keys: Vec<String>) -> BoxFuture<'static, Result<()>> {
        if keys.is_empty() {
            return Box::pin(async { Ok(()) });
        }
        let mut command = redis::cmd("DEL");
        for key in &keys {
            command.arg(self.key(key));
        }
        let deleted = self.call::<u64>(command, Effect::Some);
        Box::pin(async move { deleted.await.map(|_| ()) })
    }
}

/// A pattern that matches the text itself.
fn escape_glob(text: &str) -> String {
    let special = |character: char| matches!(character, '*' | '?' | '[' | ']' | '\\' | '^' | '-');
    text.chars()
        .flat_map(|character| special(character).then_some('\\').into_iter().chain([character]))
        .collect()
}
