//! The journal: who asked what, when, what was answered, and what a fault did to it.
//!
//! Reports, invariants, `slt emulate --format json` and the replay check read it; the wire never shows it.
//! *Invariant:* secrets are removed where a record is made, not where it is shown: a service hands over redacted
//! arguments.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The most bytes of one argument, or of an answer, that a record keeps.
pub const MAX_ARGUMENT_BYTES: usize = 64;

/// The most arguments that a record keeps.
pub const MAX_ARGUMENTS: usize = 8;

/// One exchange with a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// `redis#0`
    pub service: Arc<str>,
    /// The node at which it arrived.
    pub node: u16,
    /// The connection, counted from 0 for each service.
    pub connection: u64,
    /// The place in the journal, counted from 0.
    pub sequence: u64,
    /// Nanoseconds on the services' clock.
    pub time: u64,
    /// In the service's own words: `SET`.
    pub operation: String,
    /// The arguments, redacted and shortened.
    pub arguments: Vec<Bytes>,
    /// The answer, shortened.
    pub answer: Bytes,
    /// What a fault did.
    pub fault: Option<String>,
}

/// Shortens an argument to what a record keeps.
#[must_use]
pub fn shorten(argument: &[u8]) -> Bytes {
    Bytes::copy_from_slice(argument.get(..MAX_ARGUMENT_BYTES).unwrap_or(argument))
}

#[derive(Serialize)]
struct Shown<'a> {
    service: &'a str,
    node: u16,
    connection: u64,
    sequence: u64,
    time: u64,
    operation: &'a str,
    arguments: Vec<String>,
    answer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'a str>,
}

impl Serialize for Record {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Shown {
            service: &self.service,
            node: self.node,
            connection: self.connection,
            sequence: self.sequence,
            time: self.time,
            operation: &self.operation,
            arguments: self.arguments.iter().map(|argument| escape(argument)).collect(),
            answer: escape(&self.answer),
            fault: self.fault.as_deref(),
        }
        .serialize(serializer)
    }
}

impl Record {
    /// The arguments as text; what is not printable ASCII or UTF-8 is escaped.
    #[must_use]
    pub fn shown_arguments(&self) -> Vec<String> {
        self.arguments.iter().map(|argument| escape(argument)).collect()
    }

    /// The answer as text.
    #[must_use]
    pub fn shown_answer(&self) -> String {
        escape(&self.answer)
    }
}

fn escape(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => bytes.escape_ascii().to_string(),
    }
}

/// Told of each record as it is made.
pub type Observer = Arc<dyn Fn(&Record) + Send + Sync>;

/// The journal of a world of services. Cheap to clone.
#[derive(Clone)]
pub struct Journal(Option<Arc<Inner>>);

struct Inner {
    capacity: usize,
    observer: Option<Observer>,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    records: VecDeque<Record>,
    next: u64,
    /// Over every record ever made, also those that were forgotten.
    digest: Sha256,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Journal")
            .field("records", &self.len())
            .finish_non_exhaustive()
    }
}

impl Journal {
    /// Keeps the last `capacity` records.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self::with(capacity, None)
    }

    /// Keeps the last `capacity` records, and tells `observer` of each.
    #[must_use]
    pub fn observed(capacity: usize, observer: Observer) -> Self {
        Self::with(capacity, Some(observer))
    }

    /// Keeps nothing, for the speed of it.
    #[must_use]
    pub fn off() -> Self {
        Self(None)
    }

    fn with(capacity: usize, observer: Option<Observer>) -> Self {
        Self(Some(Arc::new(Inner {
            capacity,
            observer,
            book: Mutex::default(),
        })))
    }

    /// Whether records are kept: a service need not make what is thrown away.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Adds a record; its `sequence` is set here.
    pub fn record(&self, mut record: Record) {
        let Some(inner) = &self.0 else { return };
        let mut book = inner.book();
        record.sequence = book.next;
        book.next += 1;
        book.digest(&record);
        if let Some(observer) = &inner.observer {
            observer(&record);
        }
        if inner.capacity == 0 {
            return;
        }
        if book.records.len() >= inner.capacity {
            book.records.pop_front();
        }
        book.records.push_back(record);
    }

    /// The records that are kept, oldest first.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.0
            .as_ref()
            .map_or_else(Vec::new, |inner| inner.book().records.iter().cloned().collect())
    }

    /// The last `count` records, oldest first.
    #[must_use]
    pub fn last(&self, count: usize) -> Vec<Record> {
        self.0.as_ref().map_or_else(Vec::new, |inner| {
            let book = inner.book();
            book.records
                .iter()
                .skip(book.records.len().saturating_sub(count))
                .cloned()
                .collect()
        })
    }

    /// How many records were ever made.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.as_ref().map_or(0, |inner| inner.book().next)
    }

    /// Whether none was made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many exchanges of this kind are kept.
    #[must_use]
    pub fn count(&self, is_meant: impl Fn(&Record) -> bool) -> usize {
        self.0.as_ref().map_or(0, |inner| {
            inner.book().records.iter().filter(|record| is_meant(record)).count()
        })
    }

    /// A digest over all records ever made, in hexadecimal: two runs with one digest did the same, at the same times.
    #[must_use]
    pub fn digest(&self) -> String {
        self.0.as_ref().map_or_else(String::new, |inner| {
            inner
                .book()
                .digest
                .clone()
                .finalize()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect()
        })
    }
}

impl Inner {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn digest(&mut self, record: &Record) {
        let mut field = |bytes: &[u8]| {
            self.digest.update((bytes.len() as u64).to_le_bytes());
            self.digest.update(bytes);
        };
        field(record.service.as_bytes());
        for number in [u64::from(record.node), record.connection, record.time] {
            field(&number.to_le_bytes());
        }
        field(record.operation.as_bytes());
        for argument in &record.arguments {
            field(argument);
        }
        field(&record.answer);
        field(record.fault.as_deref().unwrap_or_default().as_bytes());
    }
}
