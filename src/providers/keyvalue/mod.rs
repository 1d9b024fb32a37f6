//! The key-value capability: one trait, for every backend.
//!
//! What the standard leaves open is decided here, once (design section 5): numbers are decimal ASCII in the range of an
//! i64; empty values are values; deleting what is not there succeeds.

mod redis;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

pub use redis::Redis;

/// The most keys that one listing holds: a bound on memory, not of any backend.
pub const MAX_LISTED_KEYS: usize = 1_000_000;

/// Why an operation did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The service has no such store.
    #[error("no such store")]
    NoSuchStore,
    /// The service refuses these credentials, or this user.
    #[error("access denied: {0}")]
    AccessDenied(String),
    /// The service asks for patience.
    #[error("throttled: {message}")]
    Throttled {
        /// What it said.
        message: String,
        /// How long to wait, if it said so.
        after: Option<Duration>,
    },
    /// The request was sent, and its answer is unknown: it may or may not have had its effect.
    #[error("indeterminate: {0}")]
    Indeterminate(String),
    /// The service could not be reached; nothing was sent, or only what has no effect.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// The value or the arguments do not fit the operation; nothing was written.
    #[error("{0}")]
    Invalid(String),
    /// The service says something else.
    #[error("{0}")]
    Other(String),
}

/// The result of an operation.
pub type Result<T> = std::result::Result<T, Error>;

/// The numbers that an increment may leave behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// Any i64.
    Signed,
    /// None below zero: the hosted shape is unsigned.
    Unsigned,
}

/// A key-value service.
pub trait KeyValue: Send + Sync {
    /// Opens a store by name. What the name means is the backend's: a key prefix, a table, a container.
    fn open(&self, name: String) -> BoxFuture<'static, Result<Arc<dyn Bucket>>>;
}

/// One store.
pub trait Bucket: Send + Sync {
    /// The value of a key.
    fn get(&self, key: String) -> BoxFuture<'static, Result<Option<Vec<u8>>>>;
    /// Sets the value of a key.
    fn set(&self, key: String, value: Vec<u8>) -> BoxFuture<'static, Result<()>>;
    /// Deletes a key, there or not.
    fn delete(&self, key: String) -> BoxFuture<'static, Result<()>>;
    /// Whether a key is there.
    fn exists(&self, key: String) -> BoxFuture<'static, Result<bool>>;
    /// Every key, sorted, at one moment as far as the backend has one; at most [`MAX_LISTED_KEYS`].
    fn keys(&self) -> BoxFuture<'static, Result<Vec<String>>>;
    /// Adds to a number, which is 0 if the key is not there.
    fn increment(&self, key: String, delta: i64, range: Range) -> BoxFuture<'static, Result<i64>>;
    /// The values of keys, in their order.
    fn get_many(&self, keys: Vec<String>) -> BoxFuture<'static, Result<Vec<Option<Vec<u8>>>>>;
    /// Sets the values of keys.
    fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> BoxFuture<'static, Result<()>>;
    /// Deletes keys, there or not.
    fn delete_many(&self, keys: Vec<String>) -> BoxFuture<'static, Result<()>>;
}
