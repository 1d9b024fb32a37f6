//! The grammar as data: each table of a slightfile, its keys, the spec versions that have them, and what they mean.
//!
//! The reader, the language server, the JSON Schema and the documentation are all made from it, so that a new key is one row here
//! and the line that reads it. The configuration keys of a resource are not here: they are the catalogue's.

use super::SpecVersion;
use super::SpecVersion::{V0_1, V0_2, V1_0};

/// A table of a slightfile.
#[derive(Debug)]
pub struct Table {
    /// How it is written: `[app]`, `[[capability]]`, `` `retry` ``.
    pub called: &'static str,
    /// Its keys, in the order in which they are best written.
    pub keys: &'static [Known],
}

/// A key that a table may have.
#[derive(Debug)]
pub struct Known {
    /// The key.
    pub key: &'static str,
    /// The spec versions that have it.
    pub versions: &'static [SpecVersion],
    /// What its value may be.
    pub form: Form,
    /// What it means: one line, lower case, no full stop.
    pub help: &'static str,
    /// A value, as it is written in TOML. Empty for a table.
    pub example: &'static str,
}

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// Any string.
    Text,
    /// One of [`super::SPEC_VERSIONS`].
    SpecVersion,
    /// `configs.` and one of [`super::STORES`].
    SecretStore,
    /// The id of a resource.
    Resource,
    /// A string of letters, digits, `-` and `_`.
    Name,
    /// A semantic version.
    Version,
    /// A size such as `128MiB`.
    Size,
    /// A duration such as `30s`.
    Duration,
    /// `true` or `false`.
    Boolean,
    /// A whole number from 1 to this one.
    Count(u32),
    /// An array of strings.
    Texts,
    /// An array of hosts such as `https://*.example.org`.
    Hosts,
    /// A table with the configuration keys of the entry's resource, whose values may be `${store.KEY}`.
    Configs,
    /// A table of strings, with any keys.
    Map,
    /// A table with keys of its own.
    Table(&'static Table),
    /// An array of tables.
    Tables(&'static Table),
}

const ANY: &[SpecVersion] = &[V0_1, V0_2, V1_0];
const OLD: &[SpecVersion] = &[V0_1, V0_2];
const FROM_0_2: &[SpecVersion] = &[V0_2, V1_0];
const NEW: &[SpecVersion] = &[V1_0];

/// How often a message is delivered at most, however the file says.
pub const ATTEMPTS_MAX: u32 = 1_000;

const fn known(
    key: &'static str,
    versions: &'static [SpecVersion],
    form: Form,
    help: &'static str,
    example: &'static str,
) -> Known {
    Known {
        key,
        versions,
        form,
        help,
        example,
    }
}

/// The file itself.
pub const ROOT: &Table = &Table {
    called: "a slightfile",
    keys: &[
        known(
            "specversion",
            ANY,
            Form::SpecVersion,
            "the version of this file's grammar",
            "\"1.0\"",
        ),
        known(
            "secret_store",
            OLD,
            Form::SecretStore,
            "where the configuration of every capability comes from",
            "\"configs.envvars\"",
        ),
        known("app", NEW, Form::Table(APP), "the application", ""),
        known(
            "outbound",
            NEW,
            Form::Table(OUTBOUND),
            "what the component may call over HTTP",
            "",
        ),
        known("limits", NEW, Form::Table(LIMITS), "what an instance may use", ""),
        known(
            "capability",
            ANY,
            Form::Tables(CAPABILITY),
            "a capability that the component uses, and the backend behind it",
            "",
        ),
        known(
            "secret_settings",
            OLD,
            Form::Tables(SECRET_SETTINGS),
            "a secret that `slight secret` wrote; `slt secret import` copies it",
            "",
        ),
        known("test", NEW, Form::Table(TEST), "what holds under `slt test`", ""),
    ],
};

/// `[app]`
pub const APP: &Table = &Table {
    called: "[app]",
    keys: &[
        known(
            "name",
            NEW,
            Form::Name,
            "the application's name; its component is `dist/NAME.wasm`",
            "\"orders\"",
        ),
        known("version", NEW, Form::Version, "its version", "\"0.1.0\""),
        known(
            "component",
            NEW,
            Form::Text,
            "the component, for a toolchain that slt does not know: a path from this file; `dist/NAME.wasm` when only `build` is there",
            "\"build/orders.wasm\"",
        ),
        known(
            "build",
            NEW,
            Form::Text,
            "the command that makes the component, run by the shell in the folder of this file",
            "\"make\"",
        ),
    ],
};

/// `[outbound]`
pub const OUTBOUND: &Table = &Table {
    called: "[outbound]",
    keys: &[known(
        "hosts",
        NEW,
        Form::Hosts,
        "the hosts that may be called: scheme://host[:port], `*.` for subdomains; none when it is left out",
        "[\"https://api.example.com\"]",
    )],
};

/// `[limits]`
pub const LIMITS: &Table = &Table {
    called: "[limits]",
    keys: &[
        known("memory", NEW, Form::Size, "the memory of an instance", "\"128MiB\""),
        known(
            "request_timeout",
            NEW,
            Form::Duration,
            "what one request may take",
            "\"30s\"",
        ),
    ],
};

/// `[[capability]]`
pub const CAPABILITY: &Table = &Table {
    called: "[[capability]]",
    keys: &[
        known(
            "resource",
            ANY,
            Form::Resource,
            "which backend: `<capability>.<backend>`",
            "\"keyvalue.redis\"",
        ), // in 0.1 it has a message of its own
        known(
            "name",
            ANY,
            Form::Text,
            "what the component opens; `*` is any name",
            "\"orders\"",
        ),
        known(
            "optional",
            NEW,
            Form::Boolean,
            "whether the application starts without it",
            "true",
        ),
        known(
            "configs",
            FROM_0_2,
            Form::Configs,
            "the configuration of the backend",
            "",
        ),
        known(
            "subscribe",
            NEW,
            Form::Texts,
            "the topics whose messages the exported handler gets",
            "[\"orders.*\"]",
        ),
        known(
            "retry",
            NEW,
            Form::Table(RETRY),
            "what happens to a message that the handler refuses",
            "",
        ),
        known(
            "grants",
            NEW,
            Form::Table(GRANTS),
            "what a provider component itself may do",
            "",
        ),
    ],
};

/// `retry`
pub const RETRY: &Table = &Table {
    called: "`retry`",
    keys: &[
        known(
            "attempts",
            NEW,
            Form::Count(ATTEMPTS_MAX),
            "how often a message is delivered at most",
            "5",
        ),
        known(
            "dead_letter",
            NEW,
            Form::Text,
            "the topic that takes what was refused to the end",
            "\"orders.dead\"",
        ),
    ],
};

/// `grants`
pub const GRANTS: &Table = &Table {
    called: "`grants`",
    keys: &[known(
        "outbound",
        NEW,
        Form::Hosts,
        "the hosts that a provider component may call",
        "[\"https://cache.example.com\"]",
    )],
};

/// `[[secret_settings]]`
pub const SECRET_SETTINGS: &Table = &Table {
    called: "[[secret_settings]]",
    keys: &[
        known(
            "name",
            OLD,
            Form::Text,
            "what `${usersecrets.NAME}` refers to",
            "\"REDIS_ADDRESS\"",
        ),
        known(
            "value",
            OLD,
            Form::Text,
            "the secret, as `slight secret` encrypted it",
            "\"…\"",
        ),
    ],
};

/// `[test]`
pub const TEST: &Table = &Table {
    called: "[test]",
    keys: &[
        known(
            "timeout",
            NEW,
            Form::Duration,
            "the real time that one test may take",
            "\"60s\"",
        ),
        known(
            "components",
            NEW,
            Form::Texts,
            "test suites of any language: components that answer `--list` and `--exact NAME`, by their paths from this file",
            "[\"tests.wasm\"]",
        ),
        known("configs", NEW, Form::Map, "values for `configs.*` under emulation", ""),
        known("containers", NEW, Form::Map, "container images by service", ""),
    ],
};
