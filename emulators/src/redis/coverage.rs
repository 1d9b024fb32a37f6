//! What is covered: each command of the dispatch table and each of its options, with the case that proves it.
//!
//! A proof is the id of a case in `tests/redis/cases`, which a real server has written, or the name of a test. The page
//! `docs/emulators/redis.md` is made of these rows; a test holds it to them, and them to the table.

use std::fmt::Write as _;

use crate::chassis::{Coverage, State};

use super::introspection;
use super::table;

/// A command of the table: the proof of its plain form, and of each option.
struct Covered {
    command: &'static str,
    proof: &'static str,
    options: &'static [(&'static str, &'static str)],
    /// What is left out, if anything is.
    note: &'static str,
}

const fn covered(command: &'static str, proof: &'static str) -> Covered {
    Covered {
        command,
        proof,
        options: &[],
        note: "",
    }
}

impl Covered {
    const fn with(mut self, options: &'static [(&'static str, &'static str)]) -> Self {
        self.options = options;
        self
    }

    const fn but(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }
}

/// `NX`, `XX`, `GT`, `LT`
const CONDITIONS: &[(&str, &str)] = &[
    ("NX", "expire.nx"),
    ("XX", "expire.xx"),
    ("GT", "expire.gt"),
    ("LT", "expire.lt"),
];
const HELP: &str = "lists what is emulated";
const ONE_USER: &str = "the one user is `default`";
const NOT_MONITORED: &str = "nothing is monitored: always empty";
const NO_SLOW_COMMANDS: &str = "no command is slow: always empty";

/// By command, as the table is.
static COVERED: &[Covered] = &[
    covered("ACL CAT", "acl_names_the_one_user").but("categories of the commands that are emulated"),
    covered("ACL HELP", "help_lists_what_is_emulated").but(HELP),
    covered("ACL LIST", "acl_names_the_one_user").but(ONE_USER),
    covered("ACL USERS", "acl_names_the_one_user").but(ONE_USER),
    covered("ACL WHOAMI", "acl_names_the_one_user").but(ONE_USER),
    covered("APPEND", "append"),
    covered("AUTH", "auth.required")
        .with(&[("username", "auth.two-arguments")])
        .but(ONE_USER),
    covered("CLIENT GETNAME", "client.getname"),
    covered("CLIENT GETREDIR", "client.getredir").but("nothing is tracked"),
    covered("CLIENT HELP", "help_lists_what_is_emulated").but(HELP),
    covered("CLIENT ID", "client.id"),
    covered("CLIENT INFO", "client.info").but("sizes of buffers are not shown as they are"),
    covered("CLIENT KILL", "client.kill-old").with(&[
        ("ID", "client.kill-others"),
        ("ADDR", "client.kill-none"),
        ("LADDR", "client.kill-none"),
        ("TYPE", "client.kill-syntax"),
        ("USER", "client.kill-syntax"),
        ("SKIPME", "client.kill-skipme-no"),
    ]),
    covered("CLIENT LIST", "client.list")
        .with(&[("TYPE", "client.list-type"), ("ID", "client.list-id")])
        .but("sizes of buffers are not shown as they are"),
    covered("CLIENT NO-EVICT", "client.no-evict").but("clients are never evicted"),
    covered("CLIENT PAUSE", "client.pause-all")
        .with(&[("WRITE", "client.pause-write"), ("ALL", "client.pause-all-word")]),
    covered("CLIENT REPLY", "client.reply"),
    covered("CLIENT SETNAME", "client.getname"),
    covered("CLIENT TRACKINGINFO", "client.trackinginfo").but("nothing is tracked"),
    covered("CLIENT UNBLOCK", "client.unblock").with(&[("TIMEOUT", "client.unblock"), ("ERROR", "client.unblock")]),
    covered("CLIENT UNPAUSE", "client.unpause-idle"),
    covered("COMMAND", "command.all").but("the commands that are emulated"),
    covered("COMMAND COUNT", "command.count").but("the commands that are emulated"),
    covered("COMMAND DOCS", "command.docs"),
    covered("COMMAND GETKEYS", "command.getkeys"),
    covered("COMMAND GETKEYSANDFLAGS", "command.getkeysandflags"),
    covered("COMMAND HELP", "help_lists_what_is_emulated").but(HELP),
    covered("COMMAND INFO", "command.info"),
    covered("COMMAND LIST", "command.list").with(&[("FILTERBY", "command.list-aclcat")]),
    covered("CONFIG GET", "config.get").but("the parameters that clients ask for"),
    covered("CONFIG HELP", "help_lists_what_is_emulated").but(HELP),
    covered("CONFIG RESETSTAT", "config.resetstat"),
    covered("CONFIG REWRITE", "config.rewrite"),
    covered("CONFIG SET", "config.set").but("a parameter whose effect is not emulated is refused, in words"),
    covered("COPY", "copy").with(&[("DB", "copy.db"), ("REPLACE", "copy.replace")]),
    covered("DBSIZE", "dbsize"),
    covered("DEBUG", "debug_is_not_allowed").but("not allowed, as by Redis's own default"),
    covered("DECR", "decr"),
    covered("DECRBY", "decrby.minimum"),
    covered("DEL", "del"),
    covered("DISCARD", "discard"),
    covered("ECHO", "echo"),
    covered("EXEC", "multi.exec"),
    covered("EXISTS", "exists"),
    covered("EXPIRE", "expire").with(CONDITIONS),
    covered("EXPIREAT", "expireat").with(CONDITIONS),
    covered("EXPIRETIME", "expiretime.rounding"),
    covered("FLUSHALL", "flushall").with(&[("ASYNC", "flush.modes"), ("SYNC", "flush.modes")]),
    covered("FLUSHDB", "flushdb").with(&[("ASYNC", "flush.modes"), ("SYNC", "flush.modes")]),
    covered("GET", "get"),
    covered("GETDEL", "getdel"),
    covered("GETEX", "getex").with(&[
        ("EX", "getex.ex"),
        ("PX", "getex.px"),
        ("EXAT", "getex.exat"),
        ("PXAT", "getex.pxat"),
        ("PERSIST", "getex.persist"),
    ]),
    covered("GETRANGE", "getrange"),
    covered("GETSET", "getset"),
    covered("HELLO", "hello.3")
        .with(&[("AUTH", "hello.auth-with-password"), ("SETNAME", "hello.setname")])
        .but(ONE_USER),
    covered("INCR", "incr"),
    covered("INCRBY", "incrby"),
    covered("INCRBYFLOAT", "incrbyfloat"),
    covered("INFO", "info.sections").but("what tells of the machine is left out"),
    covered("KEYS", "keys"),
    covered("LASTSAVE", "nothing_is_saved_or_slow").but("nothing is saved: when the clock began"),
    covered("LATENCY HELP", "help_lists_what_is_emulated").but(HELP),
    covered("LATENCY HISTORY", "nothing_is_saved_or_slow").but(NOT_MONITORED),
    covered("LATENCY LATEST", "nothing_is_saved_or_slow").but(NOT_MONITORED),
    covered("LATENCY RESET", "nothing_is_saved_or_slow").but(NOT_MONITORED),
    covered("LCS", "lcs").with(&[
        ("LEN", "lcs.len"),
        ("IDX", "lcs.idx"),
        ("MINMATCHLEN", "lcs.idx"),
        ("WITHMATCHLEN", "lcs.idx"),
    ]),
    covered("MEMORY HELP", "help_lists_what_is_emulated").but(HELP),
    covered("MEMORY USAGE", "memory_usage_grows_with_the_value")
        .with(&[("SAMPLES", "memory_usage_grows_with_the_value")])
        .but("about what Redis takes"),
    covered("MGET", "mget"),
    covered("MOVE", "move"),
    covered("MSET", "mset"),
    covered("MSETNX", "msetnx"),
    covered("MULTI", "multi.exec"),
    covered("OBJECT ENCODING", "object.encoding"),
    covered("OBJECT FREQ", "object.freq").but("frequencies are not kept: policies with LFU are refused"),
    covered("OBJECT HELP", "help_lists_what_is_emulated").but(HELP),
    covered("OBJECT IDLETIME", "object.idletime"),
    covered("OBJECT REFCOUNT", "object.refcount"),
    covered("PERSIST", "persist"),
    covered("PEXPIRE", "pexpire").with(CONDITIONS),
    covered("PEXPIREAT", "pexpireat").with(CONDITIONS),
    covered("PEXPIRETIME", "expiretime.rounding"),
    covered("PING", "ping.plain").with(&[("message", "ping.argument")]),
    covered("PSETEX", "psetex"),
    covered("PTTL", "ttl.none"),
    covered("QUIT", "quit"),
    covered("RANDOMKEY", "randomkey"),
    covered("RENAME", "rename"),
    covered("RENAMENX", "renamenx"),
    covered("RESET", "reset"),
    covered("ROLE", "nothing_is_saved_or_slow").but("a master without replicas"),
    covered("SCAN", "scan").with(&[("MATCH", "scan.match"), ("COUNT", "scan"), ("TYPE", "scan.type")]),
    covered("SELECT", "select"),
    covered("SET", "set.plain").with(&[
        ("NX", "set.nx"),
        ("XX", "set.xx"),
        ("GET", "set.get"),
        ("KEEPTTL", "set.keepttl"),
        ("EX", "set.ex"),
        ("PX", "set.px"),
        ("EXAT", "set.exat"),
        ("PXAT", "set.pxat"),
    ]),
    covered("SETEX", "setex"),
    covered("SETNX", "setnx"),
    covered("SETRANGE", "setrange"),
    covered("SLOWLOG GET", "nothing_is_saved_or_slow").but(NO_SLOW_COMMANDS),
    covered("SLOWLOG HELP", "help_lists_what_is_emulated").but(HELP),
    covered("SLOWLOG LEN", "nothing_is_saved_or_slow").but(NO_SLOW_COMMANDS),
    covered("SLOWLOG RESET", "nothing_is_saved_or_slow").but(NO_SLOW_COMMANDS),
    covered("STRLEN", "strlen"),
    covered("SUBSTR", "substr"),
    covered("SWAPDB", "swapdb"),
    covered("TIME", "time"),
    covered("TOUCH", "touch"),
    covered("TTL", "ttl.rounding"),
    covered("TYPE", "type"),
    covered("UNLINK", "unlink"),
    covered("UNWATCH", "watch.unwatch"),
    covered("WAIT", "wait").but("there are no replicas"),
    covered("WATCH", "watch.dirty"),
];

/// What a refused command answers is what Redis answers to one that it does not know.
const REFUSED_PROOF: &str = "protocol.unknown-command";
/// The same of a subcommand.
const REFUSED_SUBCOMMAND_PROOF: &str = "protocol.subcommand-unknown";

/// The rows: each command of the table with its options, then what Redis has and this emulator has not.
#[must_use]
pub fn rows() -> Vec<Coverage> {
    let mut rows = Vec::new();
    for command in introspection::all().filter(|command| command.subcommands.is_empty() || command.name == "command") {
        let title = command.title();
        let Some(covered) = COVERED.iter().find(|covered| covered.command == title) else {
            continue;
        };
        let state = if covered.note.is_empty() {
            State::Implemented
        } else {
            State::Partial
        };
        let Covered {
            command, proof, note, ..
        } = *covered;
        rows.push(Coverage {
            command,
            option: "",
            state,
            proof,
            note,
        });
        rows.extend(covered.options.iter().map(|(option, proof)| Coverage {
            command,
            option,
            state: State::Implemented,
            proof,
            note: "",
        }));
    }
    rows.extend(table::REFUSED.iter().map(|command| Coverage {
        command,
        option: "",
        state: State::Refused,
        proof: if command.contains(' ') {
            REFUSED_SUBCOMMAND_PROOF
        } else {
            REFUSED_PROOF
        },
        note: "",
    }));
    rows
}

/// The page `docs/emulators/redis.md`.
#[must_use]
pub fn markdown() -> String {
    let rows = rows();
    let of = |state: State| {
        rows.iter()
            .filter(move |row| row.state == state && row.option.is_empty())
    };
    let refused: Vec<String> = of(State::Refused).map(|row| format!("`{}`", row.command)).collect();
    let mut page = format!(
        "# Redis\n\n\
         <!-- generated from the dispatch table: BLESS=1 cargo test -p slt-emulators --lib redis::coverage -->\n\n\
         The emulator speaks as Redis 7.0.15, RESP2 and RESP3. Of the commands that such a server has, \
         {} are implemented, {} in part, and {} answer that they are not known.\n\n\
         A *proof* is a case in `emulators/tests/redis/cases`, whose expectations a real server has written, or a test.\n\n\
         | command | option | state | proof | left out |\n|---|---|---|---|---|\n",
        of(State::Implemented).count(),
        of(State::Partial).count(),
        refused.len(),
    );
    for row in rows.iter().filter(|row| row.state != State::Refused) {
        let option = if row.option.is_empty() {
            String::new()
        } else {
            format!("`{}`", row.option)
        };
        let state = if row.state == State::Implemented {
            "implemented"
        } else {
            "partial"
        };
        // to write into a string cannot fail
        let _ = writeln!(
            page,
            "| `{}` | {option} | {state} | {} | {} |",
            row.command, row.proof, row.note
        );
    }
    let _ = write!(page, "\n## Not emulated\n\n{}\n", refused.join(", "));
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn files(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, into)
            } else {
                into.push(path)
            }
        }
    }

    /// Ids of cases, and names of tests.
    fn proofs() -> BTreeSet<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths = Vec::new();
        files(&root.join("tests"), &mut paths);
        files(&root.join("src/redis"), &mut paths);
        let mut found = BTreeSet::new();
        for text in paths.iter().map(|path| fs::read_to_string(path).unwrap()) {
            found.extend(text.lines().filter_map(|line| {
                let case = line
                    .strip_prefix("# ")
                    .and_then(|line| line.split_once(':'))
                    .map(|(id, _)| id);
                let test = line
                    .trim()
                    .trim_start_matches("async ")
                    .strip_prefix("fn ")
                    .and_then(|line| line.split('(').next());
                case.or(test).map(str::to_owned)
            }));
        }
        found
    }

    #[test]
    fn each_proof_exists() {
        let proofs = proofs();
        let missing: Vec<_> = rows().into_iter().filter(|row| !proofs.contains(row.proof)).collect();
        assert!(missing.is_empty(), "no such case or test: {missing:#?}");
    }

    #[test]
    fn the_table_and_the_rows_name_the_same_commands() {
        let is_called = |command: &&table::Command| command.subcommands.is_empty() || command.name == "command";
        let mut called: Vec<String> = introspection::all()
            .filter(is_called)
            .map(table::Command::title)
            .collect();
        called.sort();
        let covered: Vec<_> = COVERED.iter().map(|covered| covered.command).collect();
        assert_eq!(called, covered);
        assert!(table::REFUSED.iter().all(|command| !covered.contains(command)));
    }

    #[test]
    fn the_page_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/emulators/redis.md");
        #[allow(clippy::disallowed_methods)] // a test's own switch
        if std::env::var("BLESS").is_ok() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, markdown()).unwrap();
        }
        let page = fs::read_to_string(&path).unwrap();
        assert!(page == markdown(), "docs/emulators/redis.md is old: run with BLESS=1");
    }
}
