//! Commands on the server: databases as a whole, time, roles, and the logs that an emulator keeps empty.
//!
//! `INFO` is in [`super::information`], `CONFIG` in [`super::configuration_commands`], `COMMAND` in
//! [`super::introspection`].

use sha2::{Digest, Sha256};

use super::call::Call;
use super::connection_commands::USER;
use super::error::Error;
use super::number;
use super::reply::{OK, Reply};
use super::store::{DATABASES, Entry};
use super::table::{self, CATEGORY_NAMES};
use super::{docs, introspection};

pub use super::information::info;

type Outcome = Result<Reply, Error>;

/// `DBSIZE`
pub fn dbsize(call: &mut Call<'_>) -> Outcome {
    Ok(Reply::count(call.state.store.len(call.session.database, call.now)))
}

/// `FLUSHDB [ASYNC | SYNC]`
pub fn flushdb(call: &mut Call<'_>) -> Outcome {
    check_flush(call)?;
    call.state.store.flush(call.session.database, call.now);
    Ok(OK)
}

/// `FLUSHALL [ASYNC | SYNC]`
pub fn flushall(call: &mut Call<'_>) -> Outcome {
    check_flush(call)?;
    for database in 0..DATABASES {
        call.state.store.flush(database, call.now);
    }
    Ok(OK)
}

fn check_flush(call: &Call<'_>) -> Result<(), Error> {
    match call.arguments.len() {
        1 => Ok(()),
        2 if call.is_word(1, "ASYNC") || call.is_word(1, "SYNC") => Ok(()),
        _ => Err(Error::Syntax),
    }
}

/// `SWAPDB index index`
pub fn swapdb(call: &mut Call<'_>) -> Outcome {
    let index = |at: usize, error: &'static str| {
        number::parse(call.argument(at))
            .filter(|index| i32::try_from(*index).is_ok())
            .ok_or(Error::Fixed(error))
    };
    let first = index(1, "ERR invalid first DB index")?;
    let second = index(2, "ERR invalid second DB index")?;
    let existing = |index: i64| usize::try_from(index).ok().filter(|index| *index < DATABASES);
    let (Some(first), Some(second)) = (existing(first), existing(second)) else {
        return Err(Error::DatabaseIndex);
    };
    call.state.store.swap(first, second, call.now);
    Ok(OK)
}

/// `TIME`: seconds since 1970, and microseconds
pub fn time(call: &mut Call<'_>) -> Outcome {
    let microseconds = call.surroundings.clock.now_wall() / 1_000;
    let part = |number: u64| Reply::Bulk(number.to_string().into());
    Ok(Reply::Array(vec![
        part(microseconds / 1_000_000),
        part(microseconds % 1_000_000),
    ]))
}

/// `LASTSAVE`: nothing is ever saved; Redis then says when it was started
pub fn lastsave(call: &mut Call<'_>) -> Outcome {
    Ok(Reply::Integer(started_at(call)))
}

/// When the services' clock began, in seconds since 1970.
pub fn started_at(call: &Call<'_>) -> i64 {
    let clock = &call.surroundings.clock;
    let seconds = clock.now_wall().saturating_sub(clock.now_monotonic()) / 1_000_000_000;
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// `ROLE`: a master without replicas
pub fn role(_: &mut Call<'_>) -> Outcome {
    Ok(Reply::Array(vec![
        Reply::text("master"),
        Reply::Integer(0),
        Reply::Array(Vec::new()),
    ]))
}

/// `DEBUG`, which Redis allows only if it is configured to
pub fn debug(_: &mut Call<'_>) -> Outcome {
    Err(Error::Fixed(
        "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local \
         connection, otherwise you need to set this option in the configuration file, and then restart the server.",
    ))
}

/// `… HELP`: the subcommands that are emulated, and what they do
pub fn help(call: &mut Call<'_>) -> Outcome {
    let Some(container) = table::find(call.argument(0)) else {
        return Ok(Reply::Array(Vec::new()));
    };
    let name = container.name.to_uppercase();
    let mut lines = vec![format!(
        "{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
    )];
    for subcommand in container
        .subcommands
        .iter()
        .filter(|subcommand| subcommand.word() != "help")
    {
        lines.push(subcommand.word().to_uppercase());
        lines.push(format!("    {}.", docs::summary(subcommand).trim_end_matches('.')));
    }
    lines.push("HELP".to_owned());
    lines.push("    Prints this help.".to_owned());
    Ok(Reply::Array(lines.into_iter().map(Reply::Line).collect()))
}

/// `MEMORY USAGE key [SAMPLES count]`: about what Redis takes for it
pub fn memory_usage(call: &mut Call<'_>) -> Outcome {
    let mut at = 3;
    while at < call.arguments.len() {
        if !call.is_word(at, "SAMPLES") || at + 1 >= call.arguments.len() {
            return Err(Error::Syntax);
        }
        if call.integer(at + 1)? < 0 {
            return Err(Error::Syntax);
        }
        at += 2;
    }
    let key = call.argument(2);
    Ok(call
        .peek(key)
        .map_or(Reply::Nil, |entry| Reply::count(memory(key, &entry))))
}

fn memory(key: &[u8], entry: &Entry) -> usize {
    /// The hash table's entry, the object, and the headers of two strings.
    const OVERHEAD_BYTES: usize = 46;
    let value = if number::parse(&entry.value).is_some() {
        0
    } else {
        entry.value.len()
    };
    (key.len() + value + OVERHEAD_BYTES).next_multiple_of(8)
}

/// `ACL WHOAMI`
pub fn acl_whoami(_: &mut Call<'_>) -> Outcome {
    Ok(Reply::text(USER))
}

/// `ACL LIST`
pub fn acl_list(call: &mut Call<'_>) -> Outcome {
    let password = call.state.configuration.password();
    let secret = if password.is_empty() {
        "nopass".to_owned()
    } else {
        let digest = Sha256::digest(password);
        digest
            .iter()
            .fold("#".to_owned(), |text, byte| text + &format!("{byte:02x}"))
    };
    let line = format!("user {USER} on {secret} ~* &* +@all");
    Ok(Reply::Array(vec![Reply::Bulk(line.into())]))
}

/// `ACL USERS`
pub fn acl_users(_: &mut Call<'_>) -> Outcome {
    Ok(Reply::Array(vec![Reply::text(USER)]))
}

/// `ACL CAT [category]`
pub fn acl_cat(call: &mut Call<'_>) -> Outcome {
    if call.arguments.len() > 3 {
        return Err(Error::Text(format!(
            "ERR unknown subcommand or wrong number of arguments for '{}'. Try ACL HELP.",
            String::from_utf8_lossy(call.argument(1))
        )));
    }
    let plain = |name: &'static str| name.trim_start_matches('@');
    let Some(wanted) = call.arguments.get(2) else {
        return Ok(Reply::Array(
            CATEGORY_NAMES.iter().map(|name| Reply::text(plain(name))).collect(),
        ));
    };
    let Some(bit) = CATEGORY_NAMES.iter().position(|name| plain_matches(name, wanted)) else {
        return Err(Error::Quoted([b"ERR Unknown category '", wanted, b"'"].concat()));
    };
    let found = introspection::all().filter(|command| command.categories & (1 << bit) != 0);
    Ok(Reply::Array(found.map(|command| Reply::text(command.name)).collect()))
}

fn plain_matches(name: &str, wanted: &[u8]) -> bool {
    name.trim_start_matches('@').as_bytes().eq_ignore_ascii_case(wanted)
}

/// `LATENCY LATEST`: nothing is monitored
pub fn latency_latest(_: &mut Call<'_>) -> Outcome {
    Ok(Reply::Array(Vec::new()))
}

/// `LATENCY HISTORY event`: nothing is monitored
pub fn latency_history(_: &mut Call<'_>) -> Outcome {
    Ok(Reply::Array(Vec::new()))
}

/// `LATENCY RESET [event …]`: nothing is monitored
pub fn latency_reset(_: &mut Call<'_>) -> Outcome {
    Ok(Reply::Integer(0))
}

/// `SLOWLOG GET [count]`: no command is slow
pub fn slowlog_get(call: &mut Call<'_>) -> Outcome {
    let invalid = Error::Fixed("ERR count should be greater than or equal to -1");
    match call.arguments.get(2).map(number::parse) {
        _ if call.arguments.len() > 3 => Err(Error::Fixed(
            "ERR unknown subcommand or wrong number of arguments for 'get'. Try SLOWLOG HELP.",
        )),
        None | Some(Some(-1..)) => Ok(Reply::Array(Vec::new())),
        Some(_) => Err(invalid),
    }
}

/// `SLOWLOG LEN`: no command is slow
pub fn slowlog_len(_: &mut Call<'_>) -> Outcome {
    Ok(Reply::Integer(0))
}

/// `SLOWLOG RESET`: no command is slow
pub fn slowlog_reset(_: &mut Call<'_>) -> Outcome {
    Ok(OK)
}
