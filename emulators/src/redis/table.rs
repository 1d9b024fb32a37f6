//! The dispatch table: every command that can be called, and what is known of it.
//!
//! `COMMAND`, the checks before a command runs, and [`super::coverage`] read it. A command that is not here answers as
//! one that Redis does not know; those that a Redis 7.0.15 has and this emulator has not are named in [`REFUSED`].
//!
//! Arity, flags, key specifications and tips are what a server answers to `COMMAND INFO`; a test compares them.

use super::call::Call;
use super::error::Error;
use super::reply::Reply;
use super::server_commands::help;
use super::{
    client_commands, configuration_commands, connection_commands, introspection, keys, server_commands, strings,
    transactions,
};

/// Runs a command whose arity is right.
pub type Handler = fn(&mut Call<'_>) -> Result<Reply, Error>;

/// A row of the table.
#[derive(Debug)]
pub struct Command {
    /// In lower case; a subcommand's with its container's: `client|list`.
    pub name: &'static str,
    /// How many arguments, with the name; below zero: at least so many.
    pub arity: i64,
    /// What it does; a sum of [`WRITE`] and the like.
    pub flags: u32,
    /// Its ACL categories; a sum of [`IN_STRING`] and the like.
    pub categories: u32,
    /// Where its keys are.
    pub keys: &'static [KeySpecification],
    /// What clients of a cluster should know.
    pub tips: &'static [&'static str],
    /// Its subcommands, by name.
    pub subcommands: &'static [Command],
    /// What runs it.
    pub run: Handler,
}

/// Where keys are among the arguments, and what happens to them.
#[derive(Debug)]
pub struct KeySpecification {
    /// A sum of [`RO`] and the like.
    pub flags: u32,
    /// The first key's place.
    pub first: usize,
    /// The last key's place: from the first, or from the end if below zero.
    pub last: i64,
    /// From key to key.
    pub step: usize,
    /// For readers.
    pub notes: &'static str,
}

const fn command(
    name: &'static str,
    arity: i64,
    flags: u32,
    categories: u32,
    keys: &'static [KeySpecification],
    run: Handler,
) -> Command {
    Command {
        name,
        arity,
        flags,
        categories: categories | implied(flags),
        keys,
        tips: &[],
        subcommands: &[],
        run,
    }
}

/// The categories that follow from flags.
const fn implied(flags: u32) -> u32 {
    let mut categories = if flags & FAST == 0 { IN_SLOW } else { IN_FAST };
    if flags & WRITE != 0 {
        categories |= IN_WRITE;
    }
    if flags & READONLY != 0 {
        categories |= IN_READ;
    }
    if flags & ADMIN != 0 {
        categories |= IN_ADMIN | IN_DANGEROUS;
    }
    categories
}

const fn key(flags: u32, first: usize, last: i64, step: usize) -> KeySpecification {
    KeySpecification {
        flags,
        first,
        last,
        step,
        notes: "",
    }
}

impl KeySpecification {
    const fn noted(mut self, notes: &'static str) -> Self {
        self.notes = notes;
        self
    }
}

impl Command {
    const fn tips(mut self, tips: &'static [&'static str]) -> Self {
        self.tips = tips;
        self
    }

    const fn with(mut self, subcommands: &'static [Command]) -> Self {
        self.subcommands = subcommands;
        self
    }

    /// The word that calls it: of `client|list` the second.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.name.rsplit('|').next().unwrap_or(self.name)
    }

    /// As it is written in a request: `CLIENT LIST`.
    #[must_use]
    pub fn title(&self) -> String {
        self.name.to_uppercase().replace('|', " ")
    }

    /// Whether it has this flag.
    #[must_use]
    pub fn is(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Whether so many arguments, with the name, are right.
    #[must_use]
    pub fn takes(&self, arguments: usize) -> bool {
        let count = i64::try_from(arguments).unwrap_or(i64::MAX);
        if self.arity < 0 {
            count >= -self.arity
        } else {
            count == self.arity
        }
    }

    /// A subcommand, in any case.
    #[must_use]
    pub fn subcommand(&self, name: &[u8]) -> Option<&'static Command> {
        find_in(self.subcommands, name)
    }
}

/// A command, in any case.
#[must_use]
pub fn find(name: &[u8]) -> Option<&'static Command> {
    find_in(COMMANDS, name)
}

/// The longest name of a command, in bytes.
const NAME_MAX_BYTES: usize = 32;

fn find_in(commands: &'static [Command], name: &[u8]) -> Option<&'static Command> {
    let mut buffer = [0; NAME_MAX_BYTES];
    let lower = buffer.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    let found = commands
        .binary_search_by(|command| command.word().as_bytes().cmp(lower))
        .ok()?;
    commands.get(found)
}

/// It changes keys.
pub const WRITE: u32 = 1 << 0;
/// It reads keys and changes none.
pub const READONLY: u32 = 1 << 1;
/// It is refused when memory is used up.
pub const DENYOOM: u32 = 1 << 2;
/// It is for administrators.
pub const ADMIN: u32 = 1 << 3;
/// It cannot be called by a script.
pub const NOSCRIPT: u32 = 1 << 4;
/// It works while the server loads.
pub const LOADING: u32 = 1 << 5;
/// It works on a replica that lost its master.
pub const STALE: u32 = 1 << 6;
/// It never appears in the slow log.
pub const SKIP_SLOWLOG: u32 = 1 << 7;
/// It takes constant time, or nearly.
pub const FAST: u32 = 1 << 8;
/// It works before the client has authenticated.
pub const NO_AUTH: u32 = 1 << 9;
/// It works while a script runs.
pub const ALLOW_BUSY: u32 = 1 << 10;

/// The names of flags, in their order.
pub const FLAG_NAMES: &[&str] = &[
    "write",
    "readonly",
    "denyoom",
    "admin",
    "noscript",
    "loading",
    "stale",
    "skip_slowlog",
    "fast",
    "no_auth",
    "allow_busy",
];

/// Commands on keys, whatever their type.
pub const IN_KEYSPACE: u32 = 1 << 0;
/// Commands that read keys.
pub const IN_READ: u32 = 1 << 1;
/// Commands that change keys.
pub const IN_WRITE: u32 = 1 << 2;
/// Commands on strings.
pub const IN_STRING: u32 = 1 << 3;
/// Commands for administrators.
pub const IN_ADMIN: u32 = 1 << 4;
/// Commands that take constant time, or nearly.
pub const IN_FAST: u32 = 1 << 5;
/// All others.
pub const IN_SLOW: u32 = 1 << 6;
/// Commands that can do harm.
pub const IN_DANGEROUS: u32 = 1 << 7;
/// Commands on the connection.
pub const IN_CONNECTION: u32 = 1 << 8;
/// Commands on transactions.
pub const IN_TRANSACTION: u32 = 1 << 9;

/// The names of categories, in their order.
pub const CATEGORY_NAMES: &[&str] = &[
    "@keyspace",
    "@read",
    "@write",
    "@string",
    "@admin",
    "@fast",
    "@slow",
    "@dangerous",
    "@connection",
    "@transaction",
];

/// The value is read.
pub const RO: u32 = 1 << 0;
/// The value is read and written.
pub const RW: u32 = 1 << 1;
/// The value is overwritten.
pub const OW: u32 = 1 << 2;
/// The key is removed.
pub const RM: u32 = 1 << 3;
/// The value, or a part of it, is answered.
pub const ACCESS: u32 = 1 << 4;
/// The value is changed from what it was.
pub const UPDATE: u32 = 1 << 5;
/// A value is added.
pub const INSERT: u32 = 1 << 6;
/// The value is removed.
pub const DELETE: u32 = 1 << 7;
/// Which of these are true depends on the options.
pub const VARIABLE_FLAGS: u32 = 1 << 8;

/// The names of the flags of keys, in their order.
pub const KEY_FLAG_NAMES: &[&str] = &[
    "RO",
    "RW",
    "OW",
    "RM",
    "access",
    "update",
    "insert",
    "delete",
    "variable_flags",
];

/// The names of the flags that are set.
pub fn names(flags: u32, of: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    of.iter()
        .enumerate()
        .filter(move |(bit, _)| flags & (1 << bit) != 0)
        .map(|(_, name)| *name)
}

/// Every command, by name.
pub static COMMANDS: &[Command] = &[
    command("acl", -2, 0, 0, &[], help).with(&[
        command(
            "acl|cat",
            -2,
            NOSCRIPT | LOADING | STALE,
            0,
            &[],
            server_commands::acl_cat,
        ),
        command("acl|help", 2, LOADING | STALE, 0, &[], help),
        command(
            "acl|list",
            2,
            ADMIN | NOSCRIPT | LOADING | STALE,
            0,
            &[],
            server_commands::acl_list,
        ),
        command(
            "acl|users",
            2,
            ADMIN | NOSCRIPT | LOADING | STALE,
            0,
            &[],
            server_commands::acl_users,
        ),
        command(
            "acl|whoami",
            2,
            NOSCRIPT | LOADING | STALE,
            0,
            &[],
            server_commands::acl_whoami,
        ),
    ]),
    command(
        "append",
        3,
        WRITE | DENYOOM | FAST,
        IN_STRING,
        &[key(RW | INSERT, 1, 0, 1)],
        strings::append,
    ),
    command(
        "auth",
        -2,
        NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
        IN_CONNECTION,
        &[],
        connection_commands::auth,
    ),
    command("client", -2, 0, 0, &[], help).with(&[
        command(
            "client|getname",
            2,
            NOSCRIPT | LOADING | STALE,
            IN_CONNECTION,
            &[],
            client_commands::getname,
        ),
        command(
            "client|getredir",
            2,
            NOSCRIPT | LOADING | STALE,
            IN_CONNECTION,
            &[],
            client_commands::getredir,
        ),
        command("client|help", 2, LOADING | STALE, IN_CONNECTION, &[], help),
        command(
            "client|id",
            2,
            NOSCRIPT | LOADING | STALE,
            IN_CONNECTION,
            &[],
            client_commands::id,
        ),
        command(
            "client|info",
            2,
            NOSCRIPT | LOADING | STALE,
            IN_CONNECTION,
            &[],
            client_commands::info,
        )
        .tips(&["nondeterministic_output"]),
        command(
            "client|kill",
            -3,
            ADMIN | NOSCRIPT | LOADING | STALE,
            IN_CONNECTION,
            &[],
            client_commands::kill,
        ),
        command(
            "client|list",
            -2,
            ADMIN | NOSCRIPT | LOADING | STALE,
            IN_CONNECTION,
            &[],
            client_commands::list,
        )
        .tips(&["nondeterministic_output"]),
        command(
            "client|no-evict",
            3,
            ADMIN | NOSCRIPT | LOADING | STALE,
            IN_CONNECTION,
            &[],
            client_commands::no_evict,
        ),
        command(
            "client|pause",
            -3,
            ADMIN | NOSCRIPT | LOADING | STALE,
            IN_CONNECTION,
            &[],
            client_commands::pause,
        ),
        command(
            "client|reply",
            3,
            NOSCRIPT | LOADING | STALE,
            IN_CONNECTION,
            &[],
            client_commands::reply,
        ),
        command(
            "client|setname",
            3,
            NOSCRIPT | LOADING | STALE,
            IN_CONNECTION,
            &[],
            client_commands::setname,
        ),
        command(
            "client|trackinginfo",
            2,
            NOSCRIPT | LOADING | STALE,
            IN_CONNECTION,
            &[],
            client_commands::trackinginfo,
        ),
        command(
            "client|unblock",
            -3,
            ADMIN | NOSCRIPT | LOADING | STALE,
            IN_CONNECTION,
            &[],
            client_commands::unblock,
        ),
        command(
            "client|unpause",
            2,
            ADMIN | NOSCRIPT | LOADING | STALE,
            IN_CONNECTION,
            &[],
            client_commands::unpause,
        ),
    ]),
    command(
        "command",
        -1,
        LOADING | STALE,
        IN_CONNECTION,
        &[],
        introspection::command,
    )
    .tips(&["nondeterministic_output_order"])
    .with(&[
        command(
            "command|count",
            2,
            LOADING | STALE,
            IN_CONNECTION,
            &[],
            introspection::command_count,
        ),
        command(
            "command|docs",
            -2,
            LOADING | STALE,
            IN_CONNECTION,
            &[],
            introspection::command_docs,
        )
        .tips(&["nondeterministic_output_order"]),
        command(
            "command|getkeys",
            -4,
            LOADING | STALE,
            IN_CONNECTION,
            &[],
            introspection::command_getkeys,
        ),
        command(
            "command|getkeysandflags",
            -4,
            LOADING | STALE,
            IN_CONNECTION,
            &[],
            introspection::command_getkeysandflags,
        ),
        command("command|help", 2, LOADING | STALE, IN_CONNECTION, &[], help),
        command(
            "command|info",
            -2,
            LOADING | STALE,
            IN_CONNECTION,
            &[],
            introspection::command_info,
        )
        .tips(&["nondeterministic_output_order"]),
        command(
            "command|list",
            -2,
            LOADING | STALE,
            IN_CONNECTION,
            &[],
            introspection::command_list,
        )
        .tips(&["nondeterministic_output_order"]),
    ]),
    command("config", -2, 0, 0, &[], help).with(&[
        command(
            "config|get",
            -3,
            ADMIN | NOSCRIPT | LOADING | STALE,
            0,
            &[],
            configuration_commands::get,
        ),
        command("config|help", 2, LOADING | STALE, 0, &[], help),
        command(
            "config|resetstat",
            2,
            ADMIN | NOSCRIPT | LOADING | STALE,
            0,
            &[],
            configuration_commands::resetstat,
        ),
        command(
            "config|rewrite",
            2,
            ADMIN | NOSCRIPT | LOADING | STALE,
            0,
            &[],
            configuration_commands::rewrite,
        ),
        command(
            "config|set",
            -4,
            ADMIN | NOSCRIPT | LOADING | STALE,
            0,
            &[],
            configuration_commands::set,
        )
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]),
    ]),
    command(
        "copy",
        -3,
        WRITE | DENYOOM,
        IN_KEYSPACE,
        &[key(RO | ACCESS, 1, 0, 1), key(OW | UPDATE, 2, 0, 1)],
        keys::copy,
    ),
    command("dbsize", 1, READONLY | FAST, IN_KEYSPACE, &[], server_commands::dbsize)
        .tips(&["request_policy:all_shards", "response_policy:agg_sum"]),
    command(
        "debug",
        -2,
        ADMIN | NOSCRIPT | LOADING | STALE,
        0,
        &[],
        server_commands::debug,
    ),
    command(
        "decr",
        2,
        WRITE | DENYOOM | FAST,
        IN_STRING,
        &[key(RW | ACCESS | UPDATE, 1, 0, 1)],
        strings::decr,
    ),
    command(
        "decrby",
        3,
        WRITE | DENYOOM | FAST,
        IN_STRING,
        &[key(RW | ACCESS | UPDATE, 1, 0, 1)],
        strings::decrby,
    ),
    command("del", -2, WRITE, IN_KEYSPACE, &[key(RM | DELETE, 1, -1, 1)], keys::del)
        .tips(&["request_policy:multi_shard", "response_policy:agg_sum"]),
    command(
        "discard",
        1,
        NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY,
        IN_TRANSACTION,
        &[],
        transactions::discard,
    ),
    command(
        "echo",
        2,
        LOADING | STALE | FAST,
        IN_CONNECTION,
        &[],
        connection_commands::echo,
    ),
    command(
        "exec",
        1,
        NOSCRIPT | LOADING | STALE | SKIP_SLOWLOG,
        IN_TRANSACTION,
        &[],
        transactions::exec,
    ),
    command(
        "exists",
        -2,
        READONLY | FAST,
        IN_KEYSPACE,
        &[key(RO, 1, -1, 1)],
        keys::exists,
    )
    .tips(&["request_policy:multi_shard", "response_policy:agg_sum"]),
    command(
        "expire",
        -3,
        WRITE | FAST,
        IN_KEYSPACE,
        &[key(RW | UPDATE, 1, 0, 1)],
        keys::expire,
    ),
    command(
        "expireat",
        -3,
        WRITE | FAST,
        IN_KEYSPACE,
        &[key(RW | UPDATE, 1, 0, 1)],
        keys::expireat,
    ),
    command(
        "expiretime",
        2,
        READONLY | FAST,
        IN_KEYSPACE,
        &[key(RO | ACCESS, 1, 0, 1)],
        keys::expiretime,
    ),
    command(
        "flushall",
        -1,
        WRITE,
        IN_DANGEROUS | IN_KEYSPACE,
        &[],
        server_commands::flushall,
    )
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"]),
    command(
        "flushdb",
        -1,
        WRITE,
        IN_DANGEROUS | IN_KEYSPACE,
        &[],
        server_commands::flushdb,
    )
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"]),
    command(
        "get",
        2,
        READONLY | FAST,
        IN_STRING,
        &[key(RO | ACCESS, 1, 0, 1)],
        strings::get,
    ),
    command(
        "getdel",
        2,
        WRITE | FAST,
        IN_STRING,
        &[key(RW | ACCESS | DELETE, 1, 0, 1)],
        strings::getdel,
    ),
    command(
        "getex",
        -2,
        WRITE | FAST,
        IN_STRING,
        &[key(RW | ACCESS | UPDATE, 1, 0, 1).noted("RW and UPDATE because it changes the TTL")],
        strings::getex,
    ),
    command(
        "getrange",
        4,
        READONLY,
        IN_STRING,
        &[key(RO | ACCESS, 1, 0, 1)],
        strings::getrange,
    ),
    command(
        "getset",
        3,
        WRITE | DENYOOM | FAST,
        IN_STRING,
        &[key(RW | ACCESS | UPDATE, 1, 0, 1)],
        strings::getset,
    ),
    command(
        "hello",
        -1,
        NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
        IN_CONNECTION,
        &[],
        connection_commands::hello,
    ),
    command(
        "incr",
        2,
        WRITE | DENYOOM | FAST,
        IN_STRING,
        &[key(RW | ACCESS | UPDATE, 1, 0, 1)],
        strings::incr,
    ),
    command(
        "incrby",
        3,
        WRITE | DENYOOM | FAST,
        IN_STRING,
        &[key(RW | ACCESS | UPDATE, 1, 0, 1)],
        strings::incrby,
    ),
    command(
        "incrbyfloat",
        3,
        WRITE | DENYOOM | FAST,
        IN_STRING,
        &[key(RW | ACCESS | UPDATE, 1, 0, 1)],
        strings::incrbyfloat,
    ),
    command("info", -1, LOADING | STALE, IN_DANGEROUS, &[], server_commands::info).tips(&[
        "nondeterministic_output",
        "request_policy:all_shards",
        "response_policy:special",
    ]),
    command("keys", 2, READONLY, IN_DANGEROUS | IN_KEYSPACE, &[], keys::keys)
        .tips(&["request_policy:all_shards", "nondeterministic_output_order"]),
    command(
        "lastsave",
        1,
        LOADING | STALE | FAST,
        IN_ADMIN | IN_DANGEROUS,
        &[],
        server_commands::lastsave,
    )
    .tips(&["nondeterministic_output"]),
    command("latency", -2, 0, 0, &[], help).with(&[
        command("latency|help", 2, LOADING | STALE, 0, &[], help),
        command(
            "latency|history",
            3,
            ADMIN | NOSCRIPT | LOADING | STALE,
            0,
            &[],
            server_commands::latency_history,
        )
        .tips(&[
            "nondeterministic_output",
            "request_policy:all_nodes",
            "response_policy:special",
        ]),
        command(
            "latency|latest",
            2,
            ADMIN | NOSCRIPT | LOADING | STALE,
            0,
            &[],
            server_commands::latency_latest,
        )
        .tips(&[
            "nondeterministic_output",
            "request_policy:all_nodes",
            "response_policy:special",
        ]),
        command(
            "latency|reset",
            -2,
            ADMIN | NOSCRIPT | LOADING | STALE,
            0,
            &[],
            server_commands::latency_reset,
        )
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]),
    ]),
    command(
        "lcs",
        -3,
        READONLY,
        IN_STRING,
        &[key(RO | ACCESS, 1, 1, 1)],
        strings::lcs,
    ),
    command("memory", -2, 0, 0, &[], help).with(&[
        command("memory|help", 2, LOADING | STALE, 0, &[], help),
        command(
            "memory|usage",
            -3,
            READONLY,
            0,
            &[key(RO, 2, 0, 1)],
            server_commands::memory_usage,
        ),
    ]),
    command(
        "mget",
        -2,
        READONLY | FAST,
        IN_STRING,
        &[key(RO | ACCESS, 1, -1, 1)],
        strings::mget,
    )
    .tips(&["request_policy:multi_shard"]),
    command(
        "move",
        3,
        WRITE | FAST,
        IN_KEYSPACE,
        &[key(RW | ACCESS | UPDATE, 1, 0, 1)],
        keys::move_key,
    ),
    command(
        "mset",
        -3,
        WRITE | DENYOOM,
        IN_STRING,
        &[key(OW | UPDATE, 1, -1, 2)],
        strings::mset,
    )
    .tips(&["request_policy:multi_shard", "response_policy:all_succeeded"]),
    command(
        "msetnx",
        -3,
        WRITE | DENYOOM,
        IN_STRING,
        &[key(OW | INSERT, 1, -1, 2)],
        strings::msetnx,
    )
    .tips(&["request_policy:multi_shard", "response_policy:agg_min"]),
    command(
        "multi",
        1,
        NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY,
        IN_TRANSACTION,
        &[],
        transactions::multi,
    ),
    command("object", -2, 0, 0, &[], help).with(&[
        command(
            "object|encoding",
            3,
            READONLY,
            IN_KEYSPACE,
            &[key(RO, 2, 0, 1)],
            keys::object_encoding,
        )
        .tips(&["nondeterministic_output"]),
        command(
            "object|freq",
            3,
            READONLY,
            IN_KEYSPACE,
            &[key(RO, 2, 0, 1)],
            keys::object_freq,
        )
        .tips(&["nondeterministic_output"]),
        command("object|help", 2, LOADING | STALE, IN_KEYSPACE, &[], help),
        command(
            "object|idletime",
            3,
            READONLY,
            IN_KEYSPACE,
            &[key(RO, 2, 0, 1)],
            keys::object_idletime,
        )
        .tips(&["nondeterministic_output"]),
        command(
            "object|refcount",
            3,
            READONLY,
            IN_KEYSPACE,
            &[key(RO, 2, 0, 1)],
            keys::object_refcount,
        )
        .tips(&["nondeterministic_output"]),
    ]),
    command(
        "persist",
        2,
        WRITE | FAST,
        IN_KEYSPACE,
        &[key(RW | UPDATE, 1, 0, 1)],
        keys::persist,
    ),
    command(
        "pexpire",
        -3,
        WRITE | FAST,
        IN_KEYSPACE,
        &[key(RW | UPDATE, 1, 0, 1)],
        keys::pexpire,
    ),
    command(
        "pexpireat",
        -3,
        WRITE | FAST,
        IN_KEYSPACE,
        &[key(RW | UPDATE, 1, 0, 1)],
        keys::pexpireat,
    ),
    command(
        "pexpiretime",
        2,
        READONLY | FAST,
        IN_KEYSPACE,
        &[key(RO | ACCESS, 1, 0, 1)],
        keys::pexpiretime,
    ),
    command("ping", -1, FAST, IN_CONNECTION, &[], connection_commands::ping)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"]),
    command(
        "psetex",
        4,
        WRITE | DENYOOM,
        IN_STRING,
        &[key(OW | UPDATE, 1, 0, 1)],
        strings::psetex,
    ),
    command(
        "pttl",
        2,
        READONLY | FAST,
        IN_KEYSPACE,
        &[key(RO | ACCESS, 1, 0, 1)],
        keys::pttl,
    )
    .tips(&["nondeterministic_output"]),
    command(
        "quit",
        -1,
        NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
        IN_CONNECTION,
        &[],
        connection_commands::quit,
    ),
    command("randomkey", 1, READONLY, IN_KEYSPACE, &[], keys::randomkey)
        .tips(&["request_policy:all_shards", "nondeterministic_output"]),
    command(
        "rename",
        3,
        WRITE,
        IN_KEYSPACE,
        &[key(RW | ACCESS | DELETE, 1, 0, 1), key(OW | UPDATE, 2, 0, 1)],
        keys::rename,
    ),
    command(
        "renamenx",
        3,
        WRITE | FAST,
        IN_KEYSPACE,
        &[key(RW | ACCESS | DELETE, 1, 0, 1), key(OW | INSERT, 2, 0, 1)],
        keys::renamenx,
    ),
    command(
        "reset",
        1,
        NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY,
        IN_CONNECTION,
        &[],
        connection_commands::reset,
    ),
    command(
        "role",
        1,
        NOSCRIPT | LOADING | STALE | FAST,
        IN_ADMIN | IN_DANGEROUS,
        &[],
        server_commands::role,
    ),
    command("scan", -2, READONLY, IN_KEYSPACE, &[], keys::scan)
        .tips(&["nondeterministic_output", "request_policy:special"]),
    command(
        "select",
        2,
        LOADING | STALE | FAST,
        IN_CONNECTION,
        &[],
        connection_commands::select,
    ),
    command(
        "set",
        -3,
        WRITE | DENYOOM,
        IN_STRING,
        &[key(RW | ACCESS | UPDATE | VARIABLE_FLAGS, 1, 0, 1)
            .noted("RW and ACCESS due to the optional `GET` argument")],
        strings::set,
    ),
    command(
        "setex",
        4,
        WRITE | DENYOOM,
        IN_STRING,
        &[key(OW | UPDATE, 1, 0, 1)],
        strings::setex,
    ),
    command(
        "setnx",
        3,
        WRITE | DENYOOM | FAST,
        IN_STRING,
        &[key(OW | INSERT, 1, 0, 1)],
        strings::setnx,
    ),
    command(
        "setrange",
        4,
        WRITE | DENYOOM,
        IN_STRING,
        &[key(RW | UPDATE, 1, 0, 1)],
        strings::setrange,
    ),
    command("slowlog", -2, 0, 0, &[], help).with(&[
        command(
            "slowlog|get",
            -2,
            ADMIN | LOADING | STALE,
            0,
            &[],
            server_commands::slowlog_get,
        )
        .tips(&["request_policy:all_nodes", "nondeterministic_output"]),
        command("slowlog|help", 2, LOADING | STALE, 0, &[], help),
        command(
            "slowlog|len",
            2,
            ADMIN | LOADING | STALE,
            0,
            &[],
            server_commands::slowlog_len,
        )
        .tips(&[
            "request_policy:all_nodes",
            "response_policy:agg_sum",
            "nondeterministic_output",
        ]),
        command(
            "slowlog|reset",
            2,
            ADMIN | LOADING | STALE,
            0,
            &[],
            server_commands::slowlog_reset,
        )
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]),
    ]),
    command(
        "strlen",
        2,
        READONLY | FAST,
        IN_STRING,
        &[key(RO, 1, 0, 1)],
        strings::strlen,
    ),
    command(
        "substr",
        4,
        READONLY,
        IN_STRING,
        &[key(RO | ACCESS, 1, 0, 1)],
        strings::substr,
    ),
    command(
        "swapdb",
        3,
        WRITE | FAST,
        IN_DANGEROUS | IN_KEYSPACE,
        &[],
        server_commands::swapdb,
    ),
    command("time", 1, LOADING | STALE | FAST, 0, &[], server_commands::time).tips(&["nondeterministic_output"]),
    command(
        "touch",
        -2,
        READONLY | FAST,
        IN_KEYSPACE,
        &[key(RO, 1, -1, 1)],
        keys::touch,
    )
    .tips(&["request_policy:multi_shard", "response_policy:agg_sum"]),
    command(
        "ttl",
        2,
        READONLY | FAST,
        IN_KEYSPACE,
        &[key(RO | ACCESS, 1, 0, 1)],
        keys::ttl,
    )
    .tips(&["nondeterministic_output"]),
    command(
        "type",
        2,
        READONLY | FAST,
        IN_KEYSPACE,
        &[key(RO, 1, 0, 1)],
        keys::type_of,
    ),
    command(
        "unlink",
        -2,
        WRITE | FAST,
        IN_KEYSPACE,
        &[key(RM | DELETE, 1, -1, 1)],
        keys::unlink,
    )
    .tips(&["request_policy:multi_shard", "response_policy:agg_sum"]),
    command(
        "unwatch",
        1,
        NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY,
        IN_TRANSACTION,
        &[],
        transactions::unwatch,
    ),
    command("wait", 3, NOSCRIPT, IN_CONNECTION, &[], keys::wait)
        .tips(&["request_policy:all_shards", "response_policy:agg_min"]),
    command(
        "watch",
        -2,
        NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY,
        IN_TRANSACTION,
        &[key(RO, 1, -1, 1)],
        transactions::watch,
    ),
];

/// What a Redis 7.0.15 has and this emulator has not: it answers that it does not know them.
pub static REFUSED: &[&str] = &[
    "ACL DELUSER",
    "ACL DRYRUN",
    "ACL GENPASS",
    "ACL GETUSER",
    "ACL LOAD",
    "ACL LOG",
    "ACL SAVE",
    "ACL SETUSER",
    "ASKING",
    "BGREWRITEAOF",
    "BGSAVE",
    "BITCOUNT",
    "BITFIELD",
    "BITFIELD_RO",
    "BITOP",
    "BITPOS",
    "BLMOVE",
    "BLMPOP",
    "BLPOP",
    "BRPOP",
    "BRPOPLPUSH",
    "BZMPOP",
    "BZPOPMAX",
    "BZPOPMIN",
    "CLIENT CACHING",
    "CLIENT TRACKING",
    "CLUSTER",
    "DUMP",
    "EVAL",
    "EVAL_RO",
    "EVALSHA",
    "EVALSHA_RO",
    "FAILOVER",
    "FCALL",
    "FCALL_RO",
    "FUNCTION",
    "GEOADD",
    "GEODIST",
    "GEOHASH",
    "GEOPOS",
    "GEORADIUS",
    "GEORADIUS_RO",
    "GEORADIUSBYMEMBER",
    "GEORADIUSBYMEMBER_RO",
    "GEOSEARCH",
    "GEOSEARCHSTORE",
    "GETBIT",
    "HDEL",
    "HEXISTS",
    "HGET",
    "HGETALL",
    "HINCRBY",
    "HINCRBYFLOAT",
    "HKEYS",
    "HLEN",
    "HMGET",
    "HMSET",
    "HRANDFIELD",
    "HSCAN",
    "HSET",
    "HSETNX",
    "HSTRLEN",
    "HVALS",
    "LATENCY DOCTOR",
    "LATENCY GRAPH",
    "LATENCY HISTOGRAM",
    "LINDEX",
    "LINSERT",
    "LLEN",
    "LMOVE",
    "LMPOP",
    "LOLWUT",
    "LPOP",
    "LPOS",
    "LPUSH",
    "LPUSHX",
    "LRANGE",
    "LREM",
    "LSET",
    "LTRIM",
    "MEMORY DOCTOR",
    "MEMORY MALLOC-STATS",
    "MEMORY PURGE",
    "MEMORY STATS",
    "MIGRATE",
    "MODULE",
    "MONITOR",
    "PFADD",
    "PFCOUNT",
    "PFDEBUG",
    "PFMERGE",
    "PFSELFTEST",
    "PSUBSCRIBE",
    "PSYNC",
    "PUBLISH",
    "PUBSUB",
    "PUNSUBSCRIBE",
    "READONLY",
    "READWRITE",
    "REPLCONF",
    "REPLICAOF",
    "RESTORE",
    "RESTORE-ASKING",
    "RPOP",
    "RPOPLPUSH",
    "RPUSH",
    "RPUSHX",
    "SADD",
    "SAVE",
    "SCARD",
    "SCRIPT",
    "SDIFF",
    "SDIFFSTORE",
    "SETBIT",
    "SHUTDOWN",
    "SINTER",
    "SINTERCARD",
    "SINTERSTORE",
    "SISMEMBER",
    "SLAVEOF",
    "SMEMBERS",
    "SMISMEMBER",
    "SMOVE",
    "SORT",
    "SORT_RO",
    "SPOP",
    "SPUBLISH",
    "SRANDMEMBER",
    "SREM",
    "SSCAN",
    "SSUBSCRIBE",
    "SUBSCRIBE",
    "SUNION",
    "SUNIONSTORE",
    "SUNSUBSCRIBE",
    "SYNC",
    "UNSUBSCRIBE",
    "XACK",
    "XADD",
    "XAUTOCLAIM",
    "XCLAIM",
    "XDEL",
    "XGROUP",
    "XINFO",
    "XLEN",
    "XPENDING",
    "XRANGE",
    "XREAD",
    "XREADGROUP",
    "XREVRANGE",
    "XSETID",
    "XTRIM",
    "ZADD",
    "ZCARD",
    "ZCOUNT",
    "ZDIFF",
    "ZDIFFSTORE",
    "ZINCRBY",
    "ZINTER",
    "ZINTERCARD",
    "ZINTERSTORE",
    "ZLEXCOUNT",
    "ZMPOP",
    "ZMSCORE",
    "ZPOPMAX",
    "ZPOPMIN",
    "ZRANDMEMBER",
    "ZRANGE",
    "ZRANGEBYLEX",
    "ZRANGEBYSCORE",
    "ZRANGESTORE",
    "ZRANK",
    "ZREM",
    "ZREMRANGEBYLEX",
    "ZREMRANGEBYRANK",
    "ZREMRANGEBYSCORE",
    "ZREVRANGE",
    "ZREVRANGEBYLEX",
    "ZREVRANGEBYSCORE",
    "ZREVRANK",
    "ZSCAN",
    "ZSCORE",
    "ZUNION",
    "ZUNIONSTORE",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_for_the_search() {
        for commands in std::iter::once(COMMANDS).chain(COMMANDS.iter().map(|command| command.subcommands)) {
            assert!(commands.is_sorted_by(|a, b| a.name < b.name));
            for command in commands {
                assert!(command.name.len() <= NAME_MAX_BYTES && command.name == command.name.to_lowercase());
                let found = find_in(commands, command.word().to_uppercase().as_bytes());
                assert!(
                    found.is_some_and(|found| std::ptr::eq(found, command)),
                    "{}",
                    command.name
                );
            }
        }
        assert!(find(b"").is_none() && find(&[b'x'; 1_000]).is_none());
    }
}
