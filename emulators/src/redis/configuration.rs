//! The parameters of `CONFIG`: which there are, and which can be changed.
//!
//! A parameter can be changed if the emulator does what it says, or if nothing that a client can see depends on it (how
//! Redis persists, logs, or lays out memory). One that a client would see and that is not emulated says so: it is never
//! accepted and then ignored.

use std::collections::BTreeMap;

use super::glob;
use super::number;
use super::store::DATABASES;
use crate::chassis::Limits;

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `yes` or `no`
    Flag,
    /// A number, from … to ….
    Number(i64, i64),
    /// A number of bytes with a unit: `100mb`. From … to ….
    Memory(u64, u64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Classes of keyspace events: `KEA`. Nobody can subscribe to them.
    Events,
    /// Any text.
    Text,
}

/// Whether a value can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is changed, and the emulator does what it says.
    Effective,
    /// It is changed, and nothing that a client sees depends on it.
    Invisible,
    /// Redis cannot change it while it runs.
    Never,
    /// Redis can, this emulator cannot.
    Refused,
}

/// A parameter.
#[derive(Debug)]
pub struct Parameter {
    /// In lower case.
    pub name: &'static str,
    /// What it is at first.
    pub default: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// Whether it can be changed.
    pub change: Change,
}

/// The largest size that Redis holds in a signed number, in bytes.
const SIGNED_MAX: u64 = i64::MAX.cast_unsigned();

const fn parameter(name: &'static str, default: &'static str, kind: Kind, change: Change) -> Parameter {
    Parameter {
        name,
        default,
        kind,
        change,
    }
}

/// A value is not what its parameter may be: why, in Redis's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

/// The parameters that a client may have reason to ask for, by name.
pub static PARAMETERS: &[Parameter] = &[
    parameter("activedefrag", "no", Kind::Flag, Change::Refused),
    parameter("activerehashing", "yes", Kind::Flag, Change::Invisible),
    parameter(
        "appendfsync",
        "everysec",
        Kind::Word(&["everysec", "always", "no"]),
        Change::Invisible,
    ),
    parameter("appendonly", "no", Kind::Flag, Change::Invisible),
    parameter("bind", "127.0.0.1", Kind::Text, Change::Refused),
    parameter(
        "busy-reply-threshold",
        "5000",
        Kind::Number(0, i64::MAX),
        Change::Invisible,
    ),
    parameter(
        "client-output-buffer-limit",
        "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
        Kind::Text,
        Change::Refused,
    ),
    parameter(
        "client-query-buffer-limit",
        "1073741824",
        Kind::Memory(1024 * 1024, SIGNED_MAX),
        Change::Effective,
    ),
    parameter("cluster-enabled", "no", Kind::Flag, Change::Never),
    parameter("daemonize", "no", Kind::Flag, Change::Never),
    parameter("databases", "16", Kind::Number(1, i32::MAX as i64), Change::Never),
    parameter("dbfilename", "dump.rdb", Kind::Text, Change::Refused),
    parameter("dir", "/data", Kind::Text, Change::Refused),
    parameter(
        "hash-max-listpack-entries",
        "512",
        Kind::Number(0, i64::MAX),
        Change::Invisible,
    ),
    parameter(
        "hash-max-listpack-value",
        "64",
        Kind::Memory(0, SIGNED_MAX),
        Change::Invisible,
    ),
    parameter("hz", "10", Kind::Number(0, i32::MAX as i64), Change::Invisible),
    parameter("io-threads", "1", Kind::Number(1, 128), Change::Never),
    parameter(
        "latency-monitor-threshold",
        "0",
        Kind::Number(0, i64::MAX),
        Change::Refused,
    ),
    parameter("latency-tracking", "yes", Kind::Flag, Change::Refused),
    parameter("lazyfree-lazy-eviction", "no", Kind::Flag, Change::Invisible),
    parameter("lazyfree-lazy-expire", "no", Kind::Flag, Change::Invisible),
    parameter("lazyfree-lazy-server-del", "no", Kind::Flag, Change::Invisible),
    parameter("lazyfree-lazy-user-del", "no", Kind::Flag, Change::Invisible),
    parameter("lazyfree-lazy-user-flush", "no", Kind::Flag, Change::Invisible),
    parameter(
        "list-compress-depth",
        "0",
        Kind::Number(0, i32::MAX as i64),
        Change::Invisible,
    ),
    parameter(
        "list-max-listpack-size",
        "-2",
        Kind::Number(i32::MIN as i64, i32::MAX as i64),
        Change::Invisible,
    ),
    parameter(
        "loglevel",
        "notice",
        Kind::Word(&["debug", "verbose", "notice", "warning"]),
        Change::Invisible,
    ),
    parameter("lua-time-limit", "5000", Kind::Number(0, i64::MAX), Change::Invisible),
    parameter("masterauth", "", Kind::Text, Change::Invisible),
    parameter("maxclients", "10000", Kind::Number(1, u32::MAX as i64), Change::Refused),
    parameter("maxmemory", "0", Kind::Memory(0, u64::MAX), Change::Effective),
    parameter(
        "maxmemory-policy",
        "noeviction",
        Kind::Word(&[
            "volatile-lru",
            "volatile-lfu",
            "volatile-random",
            "volatile-ttl",
            "allkeys-lru",
            "allkeys-lfu",
            "allkeys-random",
            "noeviction",
        ]),
        Change::Effective,
    ),
    parameter(
        "maxmemory-samples",
        "5",
        Kind::Number(1, i32::MAX as i64),
        Change::Invisible,
    ),
    parameter(
        "min-replicas-max-lag",
        "10",
        Kind::Number(0, i32::MAX as i64),
        Change::Refused,
    ),
    parameter(
        "min-replicas-to-write",
        "0",
        Kind::Number(0, i32::MAX as i64),
        Change::Refused,
    ),
    parameter("notify-keyspace-events", "", Kind::Events, Change::Invisible),
    parameter("port", "6379", Kind::Number(0, 65_535), Change::Refused),
    parameter("protected-mode", "yes", Kind::Flag, Change::Refused),
    parameter(
        "proto-max-bulk-len",
        "536870912",
        Kind::Memory(1024 * 1024, SIGNED_MAX),
        Change::Effective,
    ),
    parameter("rdbchecksum", "yes", Kind::Flag, Change::Never),
    parameter("rdbcompression", "yes", Kind::Flag, Change::Invisible),
    parameter(
        "repl-backlog-size",
        "1048576",
        Kind::Memory(1, SIGNED_MAX),
        Change::Invisible,
    ),
    parameter(
        "replica-priority",
        "100",
        Kind::Number(0, i32::MAX as i64),
        Change::Invisible,
    ),
    parameter("replica-read-only", "yes", Kind::Flag, Change::Invisible),
    parameter("replicaof", "", Kind::Text, Change::Never),
    parameter("requirepass", "", Kind::Text, Change::Effective),
    parameter("save", "", Kind::Text, Change::Invisible),
    parameter(
        "set-max-intset-entries",
        "512",
        Kind::Number(0, i64::MAX),
        Change::Invisible,
    ),
    parameter(
        "slowlog-log-slower-than",
        "10000",
        Kind::Number(-1, i64::MAX),
        Change::Refused,
    ),
    parameter("slowlog-max-len", "128", Kind::Number(0, i64::MAX), Change::Refused),
    parameter("stop-writes-on-bgsave-error", "yes", Kind::Flag, Change::Invisible),
    parameter(
        "stream-node-max-bytes",
        "4096",
        Kind::Memory(0, SIGNED_MAX),
        Change::Invisible,
    ),
    parameter(
        "stream-node-max-entries",
        "100",
        Kind::Number(0, i64::MAX),
        Change::Invisible,
    ),
    parameter(
        "supervised",
        "no",
        Kind::Word(&["upstart", "systemd", "auto", "no"]),
        Change::Never,
    ),
    parameter("tcp-backlog", "511", Kind::Number(0, i32::MAX as i64), Change::Never),
    parameter(
        "tcp-keepalive",
        "300",
        Kind::Number(0, i32::MAX as i64),
        Change::Invisible,
    ),
    parameter("timeout", "0", Kind::Number(0, i32::MAX as i64), Change::Effective),
    parameter(
        "zset-max-listpack-entries",
        "128",
        Kind::Number(0, i64::MAX),
        Change::Invisible,
    ),
    parameter(
        "zset-max-listpack-value",
        "64",
        Kind::Memory(0, SIGNED_MAX),
        Change::Invisible,
    ),
];

/// Parameters whose values must not appear in a record.
const SECRETS: &[&str] = &[
    "requirepass",
    "masterauth",
    "tls-key-file-pass",
    "tls-client-key-file-pass",
];

/// Whether the value of this parameter must not appear in a record.
#[must_use]
pub fn is_secret(name: &[u8]) -> bool {
    SECRETS
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret.as_bytes()))
}

/// Whether a pattern of `CONFIG GET` finds a parameter whose value must not appear in a record.
#[must_use]
pub fn may_name_secret(pattern: &[u8]) -> bool {
    SECRETS
        .iter()
        .any(|secret| glob::matches(pattern, secret.as_bytes(), true))
}

/// A parameter, in any case.
#[must_use]
pub fn find(name: &[u8]) -> Option<&'static Parameter> {
    PARAMETERS
        .iter()
        .find(|parameter| name.eq_ignore_ascii_case(parameter.name.as_bytes()))
}

impl Parameter {
    /// Whether Redis takes a value, and this emulator does not do what it says.
    #[must_use]
    pub fn refuses(&self, value: &[u8]) -> bool {
        self.change == Change::Refused || (self.name == "maxmemory-policy" && value.ends_with(b"-lfu"))
    }

    /// The value as it is kept: words in lower case, memory in bytes.
    ///
    /// # Errors
    /// It is not what it may be.
    pub fn normalised(&self, value: &[u8]) -> Result<Vec<u8>, Invalid> {
        match self.kind {
            Kind::Text => Ok(value.to_vec()),
            Kind::Events => {
                events(value).ok_or_else(|| Invalid("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.".to_owned()))
            }
            Kind::Flag => {
                word(value, &["yes", "no"]).ok_or_else(|| Invalid("argument must be 'yes' or 'no'".to_owned()))
            }
            Kind::Word(words) => word(value, words).ok_or_else(|| {
                Invalid(format!(
                    "argument(s) must be one of the following: {}",
                    words.join(", ")
                ))
            }),
            Kind::Number(from, to) => {
                let number = number::parse(value)
                    .ok_or_else(|| Invalid("argument couldn't be parsed into an integer".to_owned()))?;
                within(number, from, to)
            }
            Kind::Memory(from, to) => {
                let bytes = memory(value).ok_or_else(|| Invalid("argument must be a memory value".to_owned()))?;
                within(bytes, from, to)
            }
        }
    }
}

fn word(value: &[u8], words: &[&str]) -> Option<Vec<u8>> {
    words
        .iter()
        .find(|word| value.eq_ignore_ascii_case(word.as_bytes()))
        .map(|word| word.as_bytes().to_vec())
}

/// The classes in Redis's order, and `A` for all those that it stands for.
fn events(text: &[u8]) -> Option<Vec<u8>> {
    const IN_ALL: &[u8] = b"g$lshzxetd";
    const OTHERS: &[u8] = b"KEmn";
    if !text
        .iter()
        .all(|class| *class == b'A' || IN_ALL.contains(class) || OTHERS.contains(class))
    {
        return None;
    }
    let is_set = |class: &&u8| text.contains(class) || (text.contains(&b'A') && IN_ALL.contains(class));
    let all: Vec<u8> = IN_ALL.iter().filter(is_set).copied().collect();
    let mut shown = if all.len() == IN_ALL.len() { b"A".to_vec() } else { all };
    shown.extend(OTHERS.iter().filter(is_set));
    Some(shown)
}

fn within<N: PartialOrd + Copy + std::fmt::Display>(number: N, from: N, to: N) -> Result<Vec<u8>, Invalid> {
    if (from..=to).contains(&number) {
        return Ok(number.to_string().into_bytes());
    }
    Err(Invalid(format!("argument must be between {from} and {to} inclusive")))
}

/// `100`, `1k` (a thousand), `1kb` (1024) and so on. As C reads them: no digits are 0, too many are the most that there
/// is, and the unit may overflow.
fn memory(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, unit) = text.split_at(digits);
    let unit = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1_000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    let number = number.iter().fold(0_u64, |number, digit| {
        number.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
    });
    Some(number.wrapping_mul(unit))
}

/// The values that were changed.
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    changed: BTreeMap<&'static str, Vec<u8>>,
}

impl Configuration {
    /// With a password from the start.
    #[must_use]
    pub fn with_password(password: &[u8]) -> Self {
        Self {
            changed: BTreeMap::from([("requirepass", password.to_vec())]),
        }
    }

    /// The value of a parameter.
    #[must_use]
    pub fn get(&self, parameter: &Parameter) -> Vec<u8> {
        self.changed
            .get(parameter.name)
            .cloned()
            .unwrap_or_else(|| parameter.default.as_bytes().to_vec())
    }

    /// Changes a parameter to what [`Parameter::normalised`] gave.
    pub fn set(&mut self, parameter: &'static Parameter, value: Vec<u8>) {
        self.changed.insert(parameter.name, value);
    }

    /// Whether clients must authenticate.
    #[must_use]
    pub fn has_password(&self) -> bool {
        !self.password().is_empty()
    }

    /// The password of the user `default`; empty if there is none.
    #[must_use]
    pub fn password(&self) -> &[u8] {
        self.changed.get("requirepass").map_or(&[], Vec::as_slice)
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.changed.get(name).and_then(|value| number::parse(value))
    }

    /// The longest argument, and the longest string, in bytes.
    #[must_use]
    pub fn max_bulk_bytes(&self, limits: &Limits) -> i64 {
        let limit = i64::try_from(limits.request_bytes).unwrap_or(i64::MAX);
        self.number("proto-max-bulk-len")
            .map_or(limit, |chosen| chosen.min(limit))
    }

    /// The longest request, in bytes.
    #[must_use]
    pub fn max_query_buffer_bytes(&self) -> usize {
        const DEFAULT_BYTES: usize = 1024 * 1024 * 1024;
        self.number("client-query-buffer-limit")
            .map_or(DEFAULT_BYTES, |chosen| usize::try_from(chosen).unwrap_or(DEFAULT_BYTES))
    }

    /// `maxmemory`, in bytes; 0 is no limit.
    #[must_use]
    pub fn max_memory(&self) -> u64 {
        let chosen = self
            .changed
            .get("maxmemory")
            .and_then(|value| std::str::from_utf8(value).ok());
        chosen.and_then(|chosen| chosen.parse().ok()).unwrap_or(0)
    }

    /// `maxmemory-policy`
    #[must_use]
    pub fn eviction_policy(&self) -> &[u8] {
        self.changed
            .get("maxmemory-policy")
            .map_or(b"noeviction", Vec::as_slice)
    }

    /// Whether keys are evicted by when they were last used.
    #[must_use]
    pub fn evicts_by_use(&self) -> bool {
        self.changed.contains_key("maxmemory") && self.max_memory() > 0 && self.eviction_policy().ends_with(b"-lru")
    }

    /// All that may be stored, in bytes.
    #[must_use]
    pub fn max_stored_bytes(&self, limits: &Limits) -> u64 {
        match self.max_memory() {
            0 => limits.stored_bytes,
            chosen => chosen.min(limits.stored_bytes),
        }
    }

    /// How long a client may be silent, in seconds; 0 is for ever.
    #[must_use]
    pub fn timeout_seconds(&self) -> u64 {
        self.number("timeout")
            .and_then(|chosen| u64::try_from(chosen).ok())
            .unwrap_or(0)
    }
}

const _: () = assert!(DATABASES == 16, "the parameter `databases` says 16");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_sorted_and_their_defaults_valid() {
        assert!(PARAMETERS.is_sorted_by(|a, b| a.name < b.name));
        for parameter in PARAMETERS {
            let default = parameter.normalised(parameter.default.as_bytes()).unwrap();
            assert_eq!(default, parameter.default.as_bytes(), "{}", parameter.name);
        }
    }

    #[test]
    fn memory_has_units() {
        for (text, expected) in [
            ("0", Some(0)),
            ("100b", Some(100)),
            ("1k", Some(1_000)),
            ("1KB", Some(1_024)),
            ("2gb", Some(2 << 30)),
            ("", Some(0)),
            ("kb", Some(0)),
            ("1x", None),
            ("-1", None),
            ("99999999999999999999", Some(u64::MAX)),
            ("17179869184gb", Some(0)),
        ] {
            assert_eq!(memory(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn secrets_are_found_by_pattern() {
        assert!(may_name_secret(b"*") && may_name_secret(b"REQUIRE*") && !may_name_secret(b"max*"));
    }
}
