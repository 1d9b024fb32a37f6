//! What `COMMAND DOCS` says of each command of the table.
//!
//! The rows are what a Redis 7.0.15 answers about the commands that are emulated; `redis-cli` makes its hints of them.

use super::reply::Reply;
use super::table::Command;

/// What is said of a command.
#[derive(Debug)]
struct Doc {
    /// `client|list`
    name: &'static str,
    summary: &'static str,
    since: &'static str,
    group: &'static str,
    complexity: &'static str,
    deprecated_since: &'static str,
    replaced_by: &'static str,
    flags: &'static [&'static str],
    history: &'static [(&'static str, &'static str)],
    arguments: &'static [Argument],
}

const DOC: Doc = Doc {
    name: "",
    summary: "",
    since: "",
    group: "",
    complexity: "",
    deprecated_since: "",
    replaced_by: "",
    flags: &[],
    history: &[],
    arguments: &[],
};

/// What is said of an argument.
#[derive(Debug)]
struct Argument {
    name: &'static str,
    kind: &'static str,
    /// Which key specification finds it.
    key: Option<i64>,
    token: &'static str,
    summary: &'static str,
    since: &'static str,
    deprecated_since: &'static str,
    flags: &'static [&'static str],
    arguments: &'static [Argument],
}

const ARGUMENT: Argument = Argument {
    name: "",
    kind: "",
    key: None,
    token: "",
    summary: "",
    since: "",
    deprecated_since: "",
    flags: &[],
    arguments: &[],
};

/// One sentence, without its full stop.
#[must_use]
pub fn summary(command: &Command) -> &'static str {
    find(command).map_or("", |doc| doc.summary)
}

fn find(command: &Command) -> Option<&'static Doc> {
    let found = DOCS.binary_search_by(|doc| doc.name.cmp(command.name)).ok()?;
    DOCS.get(found)
}

/// The answer of `COMMAND DOCS` about a command.
#[must_use]
pub fn describe(command: &Command) -> Reply {
    let Some(doc) = find(command) else {
        return Reply::Map(Vec::new());
    };
    let mut pairs = texts(&[("summary", doc.summary), ("since", doc.since), ("group", doc.group)]);
    pairs.extend(texts(&[("complexity", doc.complexity)]));
    if !doc.flags.is_empty() {
        pairs.push((Reply::text("doc_flags"), statuses(doc.flags)));
    }
    pairs.extend(texts(&[
        ("deprecated_since", doc.deprecated_since),
        ("replaced_by", doc.replaced_by),
    ]));
    if !doc.history.is_empty() {
        let entry = |(since, change): &(&'static str, &'static str)| {
            Reply::Array(vec![Reply::text(since), Reply::text(change)])
        };
        pairs.push((
            Reply::text("history"),
            Reply::Set(doc.history.iter().map(entry).collect()),
        ));
    }
    if !doc.arguments.is_empty() {
        pairs.push((
            Reply::text("arguments"),
            Reply::Array(doc.arguments.iter().map(argument).collect()),
        ));
    }
    if !command.subcommands.is_empty() {
        let subcommands = command.subcommands.iter();
        let subcommands = subcommands.map(|subcommand| (Reply::text(subcommand.name), describe(subcommand)));
        pairs.push((Reply::text("subcommands"), Reply::Map(subcommands.collect())));
    }
    Reply::Map(pairs)
}

fn argument(doc: &Argument) -> Reply {
    let mut pairs = texts(&[("name", doc.name), ("type", doc.kind)]);
    if let Some(key) = doc.key {
        pairs.push((Reply::text("key_spec_index"), Reply::Integer(key)));
    }
    pairs.extend(texts(&[
        ("token", doc.token),
        ("summary", doc.summary),
        ("since", doc.since),
        ("deprecated_since", doc.deprecated_since),
    ]));
    if !doc.flags.is_empty() {
        pairs.push((Reply::text("flags"), statuses(doc.flags)));
    }
    if !doc.arguments.is_empty() {
        let nested = doc.arguments.iter().map(argument).collect();
        pairs.push((Reply::text("arguments"), Reply::Array(nested)));
    }
    Reply::Map(pairs)
}

/// The fields that are not empty.
fn texts(fields: &[(&'static str, &'static str)]) -> Vec<(Reply, Reply)> {
    let fields = fields.iter().filter(|(_, value)| !value.is_empty());
    fields
        .map(|(name, value)| (Reply::text(name), Reply::text(value)))
        .collect()
}

fn statuses(names: &'static [&'static str]) -> Reply {
    Reply::Set(names.iter().map(|name| Reply::Status(name)).collect())
}

static DOCS: &[Doc] = &[
    Doc {
        name: "acl",
        summary: "A container for Access List Control commands ",
        since: "6.0.0",
        group: "server",
        complexity: "Depends on subcommand.",
        ..DOC
    },
    Doc {
        name: "acl|cat",
        summary: "List the ACL categories or the commands inside a category",
        since: "6.0.0",
        group: "server",
        complexity: "O(1) since the categories and commands are a fixed set.",
        arguments: &[Argument {
            name: "categoryname",
            kind: "string",
            flags: &["optional"],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "acl|help",
        summary: "Show helpful text about the different subcommands",
        since: "6.0.0",
        group: "server",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "acl|list",
        summary: "List the current ACL rules in ACL config file format",
        since: "6.0.0",
        group: "server",
        complexity: "O(N). Where N is the number of configured users.",
        ..DOC
    },
    Doc {
        name: "acl|users",
        summary: "List the username of all the configured ACL rules",
        since: "6.0.0",
        group: "server",
        complexity: "O(N). Where N is the number of configured users.",
        ..DOC
    },
    Doc {
        name: "acl|whoami",
        summary: "Return the name of the user associated to the current connection",
        since: "6.0.0",
        group: "server",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "append",
        summary: "Append a value to a key",
        since: "2.0.0",
        group: "string",
        complexity: "O(1). The amortized time complexity is O(1) assuming the appended value is small and the already present value is of any size, since the dynamic string library used by Redis will double the free space available on every reallocation.",
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "value",
                kind: "string",
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "auth",
        summary: "Authenticate to the server",
        since: "1.0.0",
        group: "connection",
        complexity: "O(N) where N is the number of passwords defined for the user",
        history: &[("6.0.0", "Added ACL style (username and password).")],
        arguments: &[
            Argument {
                name: "username",
                kind: "string",
                since: "6.0.0",
                flags: &["optional"],
                ..ARGUMENT
            },
            Argument {
                name: "password",
                kind: "string",
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "client",
        summary: "A container for client connection commands",
        since: "2.4.0",
        group: "connection",
        complexity: "Depends on subcommand.",
        ..DOC
    },
    Doc {
        name: "client|getname",
        summary: "Get the current connection name",
        since: "2.6.9",
        group: "connection",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "client|getredir",
        summary: "Get tracking notifications redirection client ID if any",
        since: "6.0.0",
        group: "connection",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "client|help",
        summary: "Show helpful text about the different subcommands",
        since: "5.0.0",
        group: "connection",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "client|id",
        summary: "Returns the client ID for the current connection",
        since: "5.0.0",
        group: "connection",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "client|info",
        summary: "Returns information about the current client connection.",
        since: "6.2.0",
        group: "connection",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "client|kill",
        summary: "Kill the connection of a client",
        since: "2.4.0",
        group: "connection",
        complexity: "O(N) where N is the number of client connections",
        history: &[
            ("2.8.12", "Added new filter format."),
            ("2.8.12", "`ID` option."),
            ("3.2.0", "Added `master` type in for `TYPE` option."),
            (
                "5.0.0",
                "Replaced `slave` `TYPE` with `replica`. `slave` still supported for backward compatibility.",
            ),
            ("6.2.0", "`LADDR` option."),
        ],
        arguments: &[Argument {
            name: "filter",
            kind: "oneof",
            arguments: &[
                Argument {
                    name: "ip:port",
                    kind: "string",
                    deprecated_since: "2.8.12",
                    ..ARGUMENT
                },
                Argument {
                    name: "new-format",
                    kind: "oneof",
                    flags: &["multiple"],
                    arguments: &[
                        Argument {
                            name: "client-id",
                            kind: "integer",
                            token: "ID",
                            since: "2.8.12",
                            flags: &["optional"],
                            ..ARGUMENT
                        },
                        Argument {
                            name: "normal_master_slave_pubsub",
                            kind: "oneof",
                            token: "TYPE",
                            since: "2.8.12",
                            flags: &["optional"],
                            arguments: &[
                                Argument {
                                    name: "normal",
                                    kind: "pure-token",
                                    token: "NORMAL",
                                    ..ARGUMENT
                                },
                                Argument {
                                    name: "master",
                                    kind: "pure-token",
                                    token: "MASTER",
                                    since: "3.2.0",
                                    ..ARGUMENT
                                },
                                Argument {
                                    name: "slave",
                                    kind: "pure-token",
                                    token: "SLAVE",
                                    ..ARGUMENT
                                },
                                Argument {
                                    name: "replica",
                                    kind: "pure-token",
                                    token: "REPLICA",
                                    since: "5.0.0",
                                    ..ARGUMENT
                                },
                                Argument {
                                    name: "pubsub",
                                    kind: "pure-token",
                                    token: "PUBSUB",
                                    ..ARGUMENT
                                },
                            ],
                            ..ARGUMENT
                        },
                        Argument {
                            name: "username",
                            kind: "string",
                            token: "USER",
                            flags: &["optional"],
                            ..ARGUMENT
                        },
                        Argument {
                            name: "ip:port",
                            kind: "string",
                            token: "ADDR",
                            flags: &["optional"],
                            ..ARGUMENT
                        },
                        Argument {
                            name: "ip:port",
                            kind: "string",
                            token: "LADDR",
                            since: "6.2.0",
                            flags: &["optional"],
                            ..ARGUMENT
                        },
                        Argument {
                            name: "yes/no",
                            kind: "string",
                            token: "SKIPME",
                            flags: &["optional"],
                            ..ARGUMENT
                        },
                    ],
                    ..ARGUMENT
                },
            ],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "client|list",
        summary: "Get the list of client connections",
        since: "2.4.0",
        group: "connection",
        complexity: "O(N) where N is the number of client connections",
        history: &[
            ("2.8.12", "Added unique client `id` field."),
            ("5.0.0", "Added optional `TYPE` filter."),
            ("6.0.0", "Added `user` field."),
            (
                "6.2.0",
                "Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional `ID` filter.",
            ),
            ("7.0.0", "Added `resp`, `multi-mem`, `rbs` and `rbp` fields."),
            ("7.0.3", "Added `ssub` field."),
        ],
        arguments: &[
            Argument {
                name: "normal_master_replica_pubsub",
                kind: "oneof",
                token: "TYPE",
                since: "5.0.0",
                flags: &["optional"],
                arguments: &[
                    Argument {
                        name: "normal",
                        kind: "pure-token",
                        token: "NORMAL",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "master",
                        kind: "pure-token",
                        token: "MASTER",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "replica",
                        kind: "pure-token",
                        token: "REPLICA",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "pubsub",
                        kind: "pure-token",
                        token: "PUBSUB",
                        ..ARGUMENT
                    },
                ],
                ..ARGUMENT
            },
            Argument {
                name: "id",
                kind: "block",
                token: "ID",
                since: "6.2.0",
                flags: &["optional"],
                arguments: &[Argument {
                    name: "client-id",
                    kind: "integer",
                    flags: &["multiple"],
                    ..ARGUMENT
                }],
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "client|no-evict",
        summary: "Set client eviction mode for the current connection",
        since: "7.0.0",
        group: "connection",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "enabled",
            kind: "oneof",
            arguments: &[
                Argument {
                    name: "on",
                    kind: "pure-token",
                    token: "ON",
                    ..ARGUMENT
                },
                Argument {
                    name: "off",
                    kind: "pure-token",
                    token: "OFF",
                    ..ARGUMENT
                },
            ],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "client|pause",
        summary: "Stop processing commands from clients for some time",
        since: "2.9.50",
        group: "connection",
        complexity: "O(1)",
        history: &[("6.2.0", "`CLIENT PAUSE WRITE` mode added along with the `mode` option.")],
        arguments: &[
            Argument {
                name: "timeout",
                kind: "integer",
                ..ARGUMENT
            },
            Argument {
                name: "mode",
                kind: "oneof",
                since: "6.2.0",
                flags: &["optional"],
                arguments: &[
                    Argument {
                        name: "write",
                        kind: "pure-token",
                        token: "WRITE",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "all",
                        kind: "pure-token",
                        token: "ALL",
                        ..ARGUMENT
                    },
                ],
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "client|reply",
        summary: "Instruct the server whether to reply to commands",
        since: "3.2.0",
        group: "connection",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "on_off_skip",
            kind: "oneof",
            arguments: &[
                Argument {
                    name: "on",
                    kind: "pure-token",
                    token: "ON",
                    ..ARGUMENT
                },
                Argument {
                    name: "off",
                    kind: "pure-token",
                    token: "OFF",
                    ..ARGUMENT
                },
                Argument {
                    name: "skip",
                    kind: "pure-token",
                    token: "SKIP",
                    ..ARGUMENT
                },
            ],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "client|setname",
        summary: "Set the current connection name",
        since: "2.6.9",
        group: "connection",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "connection-name",
            kind: "string",
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "client|trackinginfo",
        summary: "Return information about server assisted client side caching for the current connection",
        since: "6.2.0",
        group: "connection",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "client|unblock",
        summary: "Unblock a client blocked in a blocking command from a different connection",
        since: "5.0.0",
        group: "connection",
        complexity: "O(log N) where N is the number of client connections",
        arguments: &[
            Argument {
                name: "client-id",
                kind: "integer",
                ..ARGUMENT
            },
            Argument {
                name: "timeout_error",
                kind: "oneof",
                flags: &["optional"],
                arguments: &[
                    Argument {
                        name: "timeout",
                        kind: "pure-token",
                        token: "TIMEOUT",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "error",
                        kind: "pure-token",
                        token: "ERROR",
                        ..ARGUMENT
                    },
                ],
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "client|unpause",
        summary: "Resume processing of clients that were paused",
        since: "6.2.0",
        group: "connection",
        complexity: "O(N) Where N is the number of paused clients",
        ..DOC
    },
    Doc {
        name: "command",
        summary: "Get array of Redis command details",
        since: "2.8.13",
        group: "server",
        complexity: "O(N) where N is the total number of Redis commands",
        ..DOC
    },
    Doc {
        name: "command|count",
        summary: "Get total number of Redis commands",
        since: "2.8.13",
        group: "server",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "command|docs",
        summary: "Get array of specific Redis command documentation",
        since: "7.0.0",
        group: "server",
        complexity: "O(N) where N is the number of commands to look up",
        arguments: &[Argument {
            name: "command-name",
            kind: "string",
            flags: &["optional", "multiple"],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "command|getkeys",
        summary: "Extract keys given a full Redis command",
        since: "2.8.13",
        group: "server",
        complexity: "O(N) where N is the number of arguments to the command",
        ..DOC
    },
    Doc {
        name: "command|getkeysandflags",
        summary: "Extract keys and access flags given a full Redis command",
        since: "7.0.0",
        group: "server",
        complexity: "O(N) where N is the number of arguments to the command",
        ..DOC
    },
    Doc {
        name: "command|help",
        summary: "Show helpful text about the different subcommands",
        since: "5.0.0",
        group: "server",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "command|info",
        summary: "Get array of specific Redis command details, or all when no argument is given.",
        since: "2.8.13",
        group: "server",
        complexity: "O(N) where N is the number of commands to look up",
        history: &[(
            "7.0.0",
            "Allowed to be called with no argument to get info on all commands.",
        )],
        arguments: &[Argument {
            name: "command-name",
            kind: "string",
            flags: &["optional", "multiple"],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "command|list",
        summary: "Get an array of Redis command names",
        since: "7.0.0",
        group: "server",
        complexity: "O(N) where N is the total number of Redis commands",
        arguments: &[Argument {
            name: "filterby",
            kind: "oneof",
            token: "FILTERBY",
            flags: &["optional"],
            arguments: &[
                Argument {
                    name: "module-name",
                    kind: "string",
                    token: "MODULE",
                    ..ARGUMENT
                },
                Argument {
                    name: "category",
                    kind: "string",
                    token: "ACLCAT",
                    ..ARGUMENT
                },
                Argument {
                    name: "pattern",
                    kind: "pattern",
                    token: "PATTERN",
                    ..ARGUMENT
                },
            ],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "config",
        summary: "A container for server configuration commands",
        since: "2.0.0",
        group: "server",
        complexity: "Depends on subcommand.",
        ..DOC
    },
    Doc {
        name: "config|get",
        summary: "Get the values of configuration parameters",
        since: "2.0.0",
        group: "server",
        complexity: "O(N) when N is the number of configuration parameters provided",
        history: &[(
            "7.0.0",
            "Added the ability to pass multiple pattern parameters in one call",
        )],
        arguments: &[Argument {
            name: "parameter",
            kind: "block",
            flags: &["multiple"],
            arguments: &[Argument {
                name: "parameter",
                kind: "string",
                ..ARGUMENT
            }],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "config|help",
        summary: "Show helpful text about the different subcommands",
        since: "5.0.0",
        group: "server",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "config|resetstat",
        summary: "Reset the stats returned by INFO",
        since: "2.0.0",
        group: "server",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "config|rewrite",
        summary: "Rewrite the configuration file with the in memory configuration",
        since: "2.8.0",
        group: "server",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "config|set",
        summary: "Set configuration parameters to the given values",
        since: "2.0.0",
        group: "server",
        complexity: "O(N) when N is the number of configuration parameters provided",
        history: &[("7.0.0", "Added the ability to set multiple parameters in one call.")],
        arguments: &[Argument {
            name: "parameter_value",
            kind: "block",
            flags: &["multiple"],
            arguments: &[
                Argument {
                    name: "parameter",
                    kind: "string",
                    ..ARGUMENT
                },
                Argument {
                    name: "value",
                    kind: "string",
                    ..ARGUMENT
                },
            ],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "copy",
        summary: "Copy a key",
        since: "6.2.0",
        group: "generic",
        complexity: "O(N) worst case for collections, where N is the number of nested items. O(1) for string values.",
        arguments: &[
            Argument {
                name: "source",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "destination",
                kind: "key",
                key: Some(1),
                ..ARGUMENT
            },
            Argument {
                name: "destination-db",
                kind: "integer",
                token: "DB",
                flags: &["optional"],
                ..ARGUMENT
            },
            Argument {
                name: "replace",
                kind: "pure-token",
                token: "REPLACE",
                flags: &["optional"],
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "dbsize",
        summary: "Return the number of keys in the selected database",
        since: "1.0.0",
        group: "server",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "debug",
        summary: "A container for debugging commands",
        since: "1.0.0",
        group: "server",
        complexity: "Depends on subcommand.",
        flags: &["syscmd"],
        ..DOC
    },
    Doc {
        name: "decr",
        summary: "Decrement the integer value of a key by one",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "decrby",
        summary: "Decrement the integer value of a key by the given number",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "decrement",
                kind: "integer",
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "del",
        summary: "Delete a key",
        since: "1.0.0",
        group: "generic",
        complexity: "O(N) where N is the number of keys that will be removed. When a key to remove holds a value other than a string, the individual complexity for this key is O(M) where M is the number of elements in the list, set, sorted set or hash. Removing a single key that holds a string value is O(1).",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            flags: &["multiple"],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "discard",
        summary: "Discard all commands issued after MULTI",
        since: "2.0.0",
        group: "transactions",
        complexity: "O(N), when N is the number of queued commands",
        ..DOC
    },
    Doc {
        name: "echo",
        summary: "Echo the given string",
        since: "1.0.0",
        group: "connection",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "message",
            kind: "string",
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "exec",
        summary: "Execute all commands issued after MULTI",
        since: "1.2.0",
        group: "transactions",
        complexity: "Depends on commands in the transaction",
        ..DOC
    },
    Doc {
        name: "exists",
        summary: "Determine if a key exists",
        since: "1.0.0",
        group: "generic",
        complexity: "O(N) where N is the number of keys to check.",
        history: &[("3.0.3", "Accepts multiple `key` arguments.")],
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            flags: &["multiple"],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "expire",
        summary: "Set a key's time to live in seconds",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")],
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "seconds",
                kind: "integer",
                ..ARGUMENT
            },
            Argument {
                name: "condition",
                kind: "oneof",
                since: "7.0.0",
                flags: &["optional"],
                arguments: &[
                    Argument {
                        name: "nx",
                        kind: "pure-token",
                        token: "NX",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "xx",
                        kind: "pure-token",
                        token: "XX",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "gt",
                        kind: "pure-token",
                        token: "GT",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "lt",
                        kind: "pure-token",
                        token: "LT",
                        ..ARGUMENT
                    },
                ],
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "expireat",
        summary: "Set the expiration for a key as a UNIX timestamp",
        since: "1.2.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")],
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "unix-time-seconds",
                kind: "unix-time",
                ..ARGUMENT
            },
            Argument {
                name: "condition",
                kind: "oneof",
                since: "7.0.0",
                flags: &["optional"],
                arguments: &[
                    Argument {
                        name: "nx",
                        kind: "pure-token",
                        token: "NX",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "xx",
                        kind: "pure-token",
                        token: "XX",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "gt",
                        kind: "pure-token",
                        token: "GT",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "lt",
                        kind: "pure-token",
                        token: "LT",
                        ..ARGUMENT
                    },
                ],
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "expiretime",
        summary: "Get the expiration Unix timestamp for a key",
        since: "7.0.0",
        group: "generic",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "flushall",
        summary: "Remove all keys from all databases",
        since: "1.0.0",
        group: "server",
        complexity: "O(N) where N is the total number of keys in all databases",
        history: &[
            ("4.0.0", "Added the `ASYNC` flushing mode modifier."),
            ("6.2.0", "Added the `SYNC` flushing mode modifier."),
        ],
        arguments: &[Argument {
            name: "async",
            kind: "oneof",
            flags: &["optional"],
            arguments: &[
                Argument {
                    name: "async",
                    kind: "pure-token",
                    token: "ASYNC",
                    since: "4.0.0",
                    ..ARGUMENT
                },
                Argument {
                    name: "sync",
                    kind: "pure-token",
                    token: "SYNC",
                    since: "6.2.0",
                    ..ARGUMENT
                },
            ],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "flushdb",
        summary: "Remove all keys from the current database",
        since: "1.0.0",
        group: "server",
        complexity: "O(N) where N is the number of keys in the selected database",
        history: &[
            ("4.0.0", "Added the `ASYNC` flushing mode modifier."),
            ("6.2.0", "Added the `SYNC` flushing mode modifier."),
        ],
        arguments: &[Argument {
            name: "async",
            kind: "oneof",
            flags: &["optional"],
            arguments: &[
                Argument {
                    name: "async",
                    kind: "pure-token",
                    token: "ASYNC",
                    since: "4.0.0",
                    ..ARGUMENT
                },
                Argument {
                    name: "sync",
                    kind: "pure-token",
                    token: "SYNC",
                    since: "6.2.0",
                    ..ARGUMENT
                },
            ],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "get",
        summary: "Get the value of a key",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "getdel",
        summary: "Get the value of a key and delete the key",
        since: "6.2.0",
        group: "string",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "getex",
        summary: "Get the value of a key and optionally set its expiration",
        since: "6.2.0",
        group: "string",
        complexity: "O(1)",
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "expiration",
                kind: "oneof",
                flags: &["optional"],
                arguments: &[
                    Argument {
                        name: "seconds",
                        kind: "integer",
                        token: "EX",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "milliseconds",
                        kind: "integer",
                        token: "PX",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "unix-time-seconds",
                        kind: "unix-time",
                        token: "EXAT",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "unix-time-milliseconds",
                        kind: "unix-time",
                        token: "PXAT",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "persist",
                        kind: "pure-token",
                        token: "PERSIST",
                        ..ARGUMENT
                    },
                ],
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "getrange",
        summary: "Get a substring of the string stored at a key",
        since: "2.4.0",
        group: "string",
        complexity: "O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings.",
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "start",
                kind: "integer",
                ..ARGUMENT
            },
            Argument {
                name: "end",
                kind: "integer",
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "getset",
        summary: "Set the string value of a key and return its old value",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        deprecated_since: "6.2.0",
        replaced_by: "`SET` with the `!GET` argument",
        flags: &["deprecated"],
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "value",
                kind: "string",
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "hello",
        summary: "Handshake with Redis",
        since: "6.0.0",
        group: "connection",
        complexity: "O(1)",
        history: &[(
            "6.2.0",
            "`protover` made optional; when called without arguments the command reports the current connection's context.",
        )],
        arguments: &[Argument {
            name: "arguments",
            kind: "block",
            flags: &["optional"],
            arguments: &[
                Argument {
                    name: "protover",
                    kind: "integer",
                    ..ARGUMENT
                },
                Argument {
                    name: "username_password",
                    kind: "block",
                    token: "AUTH",
                    flags: &["optional"],
                    arguments: &[
                        Argument {
                            name: "username",
                            kind: "string",
                            ..ARGUMENT
                        },
                        Argument {
                            name: "password",
                            kind: "string",
                            ..ARGUMENT
                        },
                    ],
                    ..ARGUMENT
                },
                Argument {
                    name: "clientname",
                    kind: "string",
                    token: "SETNAME",
                    flags: &["optional"],
                    ..ARGUMENT
                },
            ],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "incr",
        summary: "Increment the integer value of a key by one",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "incrby",
        summary: "Increment the integer value of a key by the given amount",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "increment",
                kind: "integer",
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "incrbyfloat",
        summary: "Increment the float value of a key by the given amount",
        since: "2.6.0",
        group: "string",
        complexity: "O(1)",
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "increment",
                kind: "double",
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "info",
        summary: "Get information and statistics about the server",
        since: "1.0.0",
        group: "server",
        complexity: "O(1)",
        history: &[("7.0.0", "Added support for taking multiple section arguments.")],
        arguments: &[Argument {
            name: "section",
            kind: "string",
            flags: &["optional", "multiple"],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "keys",
        summary: "Find all keys matching the given pattern",
        since: "1.0.0",
        group: "generic",
        complexity: "O(N) with N being the number of keys in the database, under the assumption that the key names in the database and the given pattern have limited length.",
        arguments: &[Argument {
            name: "pattern",
            kind: "pattern",
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "lastsave",
        summary: "Get the UNIX time stamp of the last successful save to disk",
        since: "1.0.0",
        group: "server",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "latency",
        summary: "A container for latency diagnostics commands",
        since: "2.8.13",
        group: "server",
        complexity: "Depends on subcommand.",
        ..DOC
    },
    Doc {
        name: "latency|help",
        summary: "Show helpful text about the different subcommands.",
        since: "2.8.13",
        group: "server",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "latency|history",
        summary: "Return timestamp-latency samples for the event.",
        since: "2.8.13",
        group: "server",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "event",
            kind: "string",
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "latency|latest",
        summary: "Return the latest latency samples for all events.",
        since: "2.8.13",
        group: "server",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "latency|reset",
        summary: "Reset latency data for one or more events.",
        since: "2.8.13",
        group: "server",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "event",
            kind: "string",
            flags: &["optional", "multiple"],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "lcs",
        summary: "Find longest common substring",
        since: "7.0.0",
        group: "string",
        complexity: "O(N*M) where N and M are the lengths of s1 and s2, respectively",
        arguments: &[
            Argument {
                name: "key1",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "key2",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "len",
                kind: "pure-token",
                token: "LEN",
                flags: &["optional"],
                ..ARGUMENT
            },
            Argument {
                name: "idx",
                kind: "pure-token",
                token: "IDX",
                flags: &["optional"],
                ..ARGUMENT
            },
            Argument {
                name: "len",
                kind: "integer",
                token: "MINMATCHLEN",
                flags: &["optional"],
                ..ARGUMENT
            },
            Argument {
                name: "withmatchlen",
                kind: "pure-token",
                token: "WITHMATCHLEN",
                flags: &["optional"],
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "memory",
        summary: "A container for memory diagnostics commands",
        since: "4.0.0",
        group: "server",
        complexity: "Depends on subcommand.",
        ..DOC
    },
    Doc {
        name: "memory|help",
        summary: "Show helpful text about the different subcommands",
        since: "4.0.0",
        group: "server",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "memory|usage",
        summary: "Estimate the memory usage of a key",
        since: "4.0.0",
        group: "server",
        complexity: "O(N) where N is the number of samples.",
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "count",
                kind: "integer",
                token: "SAMPLES",
                flags: &["optional"],
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "mget",
        summary: "Get the values of all the given keys",
        since: "1.0.0",
        group: "string",
        complexity: "O(N) where N is the number of keys to retrieve.",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            flags: &["multiple"],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "move",
        summary: "Move a key to another database",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "db",
                kind: "integer",
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "mset",
        summary: "Set multiple keys to multiple values",
        since: "1.0.1",
        group: "string",
        complexity: "O(N) where N is the number of keys to set.",
        arguments: &[Argument {
            name: "key_value",
            kind: "block",
            flags: &["multiple"],
            arguments: &[
                Argument {
                    name: "key",
                    kind: "key",
                    key: Some(0),
                    ..ARGUMENT
                },
                Argument {
                    name: "value",
                    kind: "string",
                    ..ARGUMENT
                },
            ],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "msetnx",
        summary: "Set multiple keys to multiple values, only if none of the keys exist",
        since: "1.0.1",
        group: "string",
        complexity: "O(N) where N is the number of keys to set.",
        arguments: &[Argument {
            name: "key_value",
            kind: "block",
            flags: &["multiple"],
            arguments: &[
                Argument {
                    name: "key",
                    kind: "key",
                    key: Some(0),
                    ..ARGUMENT
                },
                Argument {
                    name: "value",
                    kind: "string",
                    ..ARGUMENT
                },
            ],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "multi",
        summary: "Mark the start of a transaction block",
        since: "1.2.0",
        group: "transactions",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "object",
        summary: "A container for object introspection commands",
        since: "2.2.3",
        group: "generic",
        complexity: "Depends on subcommand.",
        ..DOC
    },
    Doc {
        name: "object|encoding",
        summary: "Inspect the internal encoding of a Redis object",
        since: "2.2.3",
        group: "generic",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "object|freq",
        summary: "Get the logarithmic access frequency counter of a Redis object",
        since: "4.0.0",
        group: "generic",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "object|help",
        summary: "Show helpful text about the different subcommands",
        since: "6.2.0",
        group: "generic",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "object|idletime",
        summary: "Get the time since a Redis object was last accessed",
        since: "2.2.3",
        group: "generic",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "object|refcount",
        summary: "Get the number of references to the value of the key",
        since: "2.2.3",
        group: "generic",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "persist",
        summary: "Remove the expiration from a key",
        since: "2.2.0",
        group: "generic",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "pexpire",
        summary: "Set a key's time to live in milliseconds",
        since: "2.6.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")],
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "milliseconds",
                kind: "integer",
                ..ARGUMENT
            },
            Argument {
                name: "condition",
                kind: "oneof",
                since: "7.0.0",
                flags: &["optional"],
                arguments: &[
                    Argument {
                        name: "nx",
                        kind: "pure-token",
                        token: "NX",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "xx",
                        kind: "pure-token",
                        token: "XX",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "gt",
                        kind: "pure-token",
                        token: "GT",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "lt",
                        kind: "pure-token",
                        token: "LT",
                        ..ARGUMENT
                    },
                ],
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "pexpireat",
        summary: "Set the expiration for a key as a UNIX timestamp specified in milliseconds",
        since: "2.6.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")],
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "unix-time-milliseconds",
                kind: "unix-time",
                ..ARGUMENT
            },
            Argument {
                name: "condition",
                kind: "oneof",
                since: "7.0.0",
                flags: &["optional"],
                arguments: &[
                    Argument {
                        name: "nx",
                        kind: "pure-token",
                        token: "NX",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "xx",
                        kind: "pure-token",
                        token: "XX",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "gt",
                        kind: "pure-token",
                        token: "GT",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "lt",
                        kind: "pure-token",
                        token: "LT",
                        ..ARGUMENT
                    },
                ],
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "pexpiretime",
        summary: "Get the expiration Unix timestamp for a key in milliseconds",
        since: "7.0.0",
        group: "generic",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "ping",
        summary: "Ping the server",
        since: "1.0.0",
        group: "connection",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "message",
            kind: "string",
            flags: &["optional"],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "psetex",
        summary: "Set the value and expiration in milliseconds of a key",
        since: "2.6.0",
        group: "string",
        complexity: "O(1)",
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "milliseconds",
                kind: "integer",
                ..ARGUMENT
            },
            Argument {
                name: "value",
                kind: "string",
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "pttl",
        summary: "Get the time to live for a key in milliseconds",
        since: "2.6.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("2.8.0", "Added the -2 reply.")],
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "quit",
        summary: "Close the connection",
        since: "1.0.0",
        group: "connection",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "randomkey",
        summary: "Return a random key from the keyspace",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "rename",
        summary: "Rename a key",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "newkey",
                kind: "key",
                key: Some(1),
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "renamenx",
        summary: "Rename a key, only if the new key does not exist",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        history: &[(
            "3.2.0",
            "The command no longer returns an error when source and destination names are the same.",
        )],
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "newkey",
                kind: "key",
                key: Some(1),
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "reset",
        summary: "Reset the connection",
        since: "6.2.0",
        group: "connection",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "role",
        summary: "Return the role of the instance in the context of replication",
        since: "2.8.12",
        group: "server",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "scan",
        summary: "Incrementally iterate the keys space",
        since: "2.8.0",
        group: "generic",
        complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.",
        history: &[("6.0.0", "Added the `TYPE` subcommand.")],
        arguments: &[
            Argument {
                name: "cursor",
                kind: "integer",
                ..ARGUMENT
            },
            Argument {
                name: "pattern",
                kind: "pattern",
                token: "MATCH",
                flags: &["optional"],
                ..ARGUMENT
            },
            Argument {
                name: "count",
                kind: "integer",
                token: "COUNT",
                flags: &["optional"],
                ..ARGUMENT
            },
            Argument {
                name: "type",
                kind: "string",
                token: "TYPE",
                since: "6.0.0",
                flags: &["optional"],
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "select",
        summary: "Change the selected database for the current connection",
        since: "1.0.0",
        group: "connection",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "index",
            kind: "integer",
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "set",
        summary: "Set the string value of a key",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        history: &[
            ("2.6.12", "Added the `EX`, `PX`, `NX` and `XX` options."),
            ("6.0.0", "Added the `KEEPTTL` option."),
            ("6.2.0", "Added the `GET`, `EXAT` and `PXAT` option."),
            ("7.0.0", "Allowed the `NX` and `GET` options to be used together."),
        ],
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "value",
                kind: "string",
                ..ARGUMENT
            },
            Argument {
                name: "condition",
                kind: "oneof",
                since: "2.6.12",
                flags: &["optional"],
                arguments: &[
                    Argument {
                        name: "nx",
                        kind: "pure-token",
                        token: "NX",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "xx",
                        kind: "pure-token",
                        token: "XX",
                        ..ARGUMENT
                    },
                ],
                ..ARGUMENT
            },
            Argument {
                name: "get",
                kind: "pure-token",
                token: "GET",
                since: "6.2.0",
                flags: &["optional"],
                ..ARGUMENT
            },
            Argument {
                name: "expiration",
                kind: "oneof",
                flags: &["optional"],
                arguments: &[
                    Argument {
                        name: "seconds",
                        kind: "integer",
                        token: "EX",
                        since: "2.6.12",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "milliseconds",
                        kind: "integer",
                        token: "PX",
                        since: "2.6.12",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "unix-time-seconds",
                        kind: "unix-time",
                        token: "EXAT",
                        since: "6.2.0",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "unix-time-milliseconds",
                        kind: "unix-time",
                        token: "PXAT",
                        since: "6.2.0",
                        ..ARGUMENT
                    },
                    Argument {
                        name: "keepttl",
                        kind: "pure-token",
                        token: "KEEPTTL",
                        since: "6.0.0",
                        ..ARGUMENT
                    },
                ],
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "setex",
        summary: "Set the value and expiration of a key",
        since: "2.0.0",
        group: "string",
        complexity: "O(1)",
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "seconds",
                kind: "integer",
                ..ARGUMENT
            },
            Argument {
                name: "value",
                kind: "string",
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "setnx",
        summary: "Set the value of a key, only if the key does not exist",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "value",
                kind: "string",
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "setrange",
        summary: "Overwrite part of a string at key starting at the specified offset",
        since: "2.2.0",
        group: "string",
        complexity: "O(1), not counting the time taken to copy the new string in place. Usually, this string is very small so the amortized complexity is O(1). Otherwise, complexity is O(M) with M being the length of the value argument.",
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "offset",
                kind: "integer",
                ..ARGUMENT
            },
            Argument {
                name: "value",
                kind: "string",
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "slowlog",
        summary: "A container for slow log commands",
        since: "2.2.12",
        group: "server",
        complexity: "Depends on subcommand.",
        ..DOC
    },
    Doc {
        name: "slowlog|get",
        summary: "Get the slow log's entries",
        since: "2.2.12",
        group: "server",
        complexity: "O(N) where N is the number of entries returned",
        history: &[("4.0.0", "Added client IP address, port and name to the reply.")],
        arguments: &[Argument {
            name: "count",
            kind: "integer",
            flags: &["optional"],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "slowlog|help",
        summary: "Show helpful text about the different subcommands",
        since: "6.2.0",
        group: "server",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "slowlog|len",
        summary: "Get the slow log's length",
        since: "2.2.12",
        group: "server",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "slowlog|reset",
        summary: "Clear all entries from the slow log",
        since: "2.2.12",
        group: "server",
        complexity: "O(N) where N is the number of entries in the slowlog",
        ..DOC
    },
    Doc {
        name: "strlen",
        summary: "Get the length of the value stored in a key",
        since: "2.2.0",
        group: "string",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "substr",
        summary: "Get a substring of the string stored at a key",
        since: "1.0.0",
        group: "string",
        complexity: "O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings.",
        deprecated_since: "2.0.0",
        replaced_by: "`GETRANGE`",
        flags: &["deprecated"],
        arguments: &[
            Argument {
                name: "key",
                kind: "key",
                key: Some(0),
                ..ARGUMENT
            },
            Argument {
                name: "start",
                kind: "integer",
                ..ARGUMENT
            },
            Argument {
                name: "end",
                kind: "integer",
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "swapdb",
        summary: "Swaps two Redis databases",
        since: "4.0.0",
        group: "server",
        complexity: "O(N) where N is the count of clients watching or blocking on keys from both databases.",
        arguments: &[
            Argument {
                name: "index1",
                kind: "integer",
                ..ARGUMENT
            },
            Argument {
                name: "index2",
                kind: "integer",
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "time",
        summary: "Return the current server time",
        since: "2.6.0",
        group: "server",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "touch",
        summary: "Alters the last access time of a key(s). Returns the number of existing keys specified.",
        since: "3.2.1",
        group: "generic",
        complexity: "O(N) where N is the number of keys that will be touched.",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            flags: &["multiple"],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "ttl",
        summary: "Get the time to live for a key in seconds",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        history: &[("2.8.0", "Added the -2 reply.")],
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "type",
        summary: "Determine the type stored at key",
        since: "1.0.0",
        group: "generic",
        complexity: "O(1)",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "unlink",
        summary: "Delete a key asynchronously in another thread. Otherwise it is just as DEL, but non blocking.",
        since: "4.0.0",
        group: "generic",
        complexity: "O(1) for each key removed regardless of its size. Then the command does O(N) work in a different thread in order to reclaim memory, where N is the number of allocations the deleted objects where composed of.",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            flags: &["multiple"],
            ..ARGUMENT
        }],
        ..DOC
    },
    Doc {
        name: "unwatch",
        summary: "Forget about all watched keys",
        since: "2.2.0",
        group: "transactions",
        complexity: "O(1)",
        ..DOC
    },
    Doc {
        name: "wait",
        summary: "Wait for the synchronous replication of all the write commands sent in the context of the current connection",
        since: "3.0.0",
        group: "generic",
        complexity: "O(1)",
        arguments: &[
            Argument {
                name: "numreplicas",
                kind: "integer",
                ..ARGUMENT
            },
            Argument {
                name: "timeout",
                kind: "integer",
                ..ARGUMENT
            },
        ],
        ..DOC
    },
    Doc {
        name: "watch",
        summary: "Watch the given keys to determine execution of the MULTI/EXEC block",
        since: "2.2.0",
        group: "transactions",
        complexity: "O(1) for every key.",
        arguments: &[Argument {
            name: "key",
            kind: "key",
            key: Some(0),
            flags: &["multiple"],
            ..ARGUMENT
        }],
        ..DOC
    },
];

#[cfg(test)]
mod tests {
    use super::super::table::COMMANDS;
    use super::*;

    #[test]
    fn every_command_of_the_table_is_described() {
        assert!(DOCS.is_sorted_by(|a, b| a.name < b.name));
        let mut described = 0;
        for command in COMMANDS {
            assert!(find(command).is_some(), "{}", command.name);
            for subcommand in command.subcommands {
                assert!(find(subcommand).is_some(), "{}", subcommand.name);
            }
            described += 1 + command.subcommands.len();
        }
        assert_eq!(described, DOCS.len(), "a description is left over");
    }
}
