//! Keys, whatever their values: existence, expiry, names, walks.

use super::call::Call;
use super::client_commands::timeout;
use super::error::Error;
use super::glob;
use super::reply::{OK, Reply};
use super::session::Blocked;
use super::store::{DATABASES, Encoding};

type Outcome = Result<Reply, Error>;

/// The reference count that Redis shows for a shared object: its `OBJ_SHARED_REFCOUNT`.
const SHARED_REFERENCES: i64 = 2_147_483_647;
/// How many keys `SCAN` looks at, unless told otherwise.
const SCAN_COUNT: usize = 10;

/// `DEL key [key …]`
pub fn del(call: &mut Call<'_>) -> Outcome {
    let mut removed = 0;
    for key in call.arguments.from(1) {
        removed += i64::from(call.peek(key).is_some() && call.remove(key).is_some());
    }
    Ok(Reply::Integer(removed))
}

/// `UNLINK key [key …]`
pub fn unlink(call: &mut Call<'_>) -> Outcome {
    del(call)
}

/// `EXISTS key [key …]`: each counts as often as it is named
pub fn exists(call: &mut Call<'_>) -> Outcome {
    let keys = call.arguments.from(1);
    Ok(Reply::count(keys.filter(|key| call.look(key).is_some()).count()))
}

/// `TOUCH key [key …]`
pub fn touch(call: &mut Call<'_>) -> Outcome {
    let keys = call.arguments.from(1);
    Ok(Reply::count(keys.filter(|key| call.read(key).is_some()).count()))
}

/// `TYPE key`
pub fn type_of(call: &mut Call<'_>) -> Outcome {
    let key = call.argument(1);
    Ok(Reply::Status(if call.peek(key).is_some() { "string" } else { "none" }))
}

/// `EXPIRE key seconds [NX | XX | GT | LT]`
pub fn expire(call: &mut Call<'_>) -> Outcome {
    expire_at(call, 1_000, true, "expire")
}

/// `PEXPIRE key milliseconds [NX | XX | GT | LT]`
pub fn pexpire(call: &mut Call<'_>) -> Outcome {
    expire_at(call, 1, true, "pexpire")
}

/// `EXPIREAT key seconds [NX | XX | GT | LT]`
pub fn expireat(call: &mut Call<'_>) -> Outcome {
    expire_at(call, 1_000, false, "expireat")
}

/// `PEXPIREAT key milliseconds [NX | XX | GT | LT]`
pub fn pexpireat(call: &mut Call<'_>) -> Outcome {
    expire_at(call, 1, false, "pexpireat")
}

/// When a new time to live is taken.
#[derive(Debug, Default)]
struct Condition {
    if_none: bool,
    if_any: bool,
    if_later: bool,
    if_sooner: bool,
}

fn expire_at(call: &mut Call<'_>, unit: i64, is_relative: bool, command: &'static str) -> Outcome {
    let condition = condition(call)?;
    let invalid = || Error::InvalidExpireTime(command);
    let start = if is_relative { call.now } else { 0 };
    let at = call
        .integer(2)?
        .checked_mul(unit)
        .and_then(|time| time.checked_add(start))
        .ok_or_else(invalid)?;
    let key = call.argument(1);
    let Some(entry) = call.read_to_change(key) else {
        return Ok(Reply::Integer(0));
    };
    // a key that never expires is later than any time
    let is_later = entry.expires_at.is_some_and(|before| at > before);
    let is_sooner = entry.expires_at.is_none_or(|before| at < before);
    let is_refused = (condition.if_none && entry.expires_at.is_some())
        || (condition.if_any && entry.expires_at.is_none())
        || (condition.if_later && !is_later)
        || (condition.if_sooner && !is_sooner);
    if is_refused {
        return Ok(Reply::Integer(0));
    }
    if at <= call.now {
        call.remove(key);
    } else {
        call.state.store.expire(call.session.database, key, Some(at));
    }
    Ok(Reply::Integer(1))
}

fn condition(call: &Call<'_>) -> Result<Condition, Error> {
    let mut condition = Condition::default();
    for index in 3..call.arguments.len() {
        if call.is_word(index, "NX") {
            condition.if_none = true;
        } else if call.is_word(index, "XX") {
            condition.if_any = true;
        } else if call.is_word(index, "GT") {
            condition.if_later = true;
        } else if call.is_word(index, "LT") {
            condition.if_sooner = true;
        } else {
            let option = call.argument(index);
            return Err(Error::Quoted([b"ERR Unsupported option ", option].concat()));
        }
    }
    if condition.if_none && (condition.if_any || condition.if_later || condition.if_sooner) {
        return Err(Error::Fixed(
            "ERR NX and XX, GT or LT options at the same time are not compatible",
        ));
    }
    if condition.if_later && condition.if_sooner {
        return Err(Error::Fixed(
            "ERR GT and LT options at the same time are not compatible",
        ));
    }
    Ok(condition)
}

/// `TTL key`
pub fn ttl(call: &mut Call<'_>) -> Outcome {
    time_left(call, |at, now| (at - now).saturating_add(500) / 1_000)
}

/// `PTTL key`
pub fn pttl(call: &mut Call<'_>) -> Outcome {
    time_left(call, |at, now| at - now)
}

/// `EXPIRETIME key`
pub fn expiretime(call: &mut Call<'_>) -> Outcome {
    time_left(call, |at, _| ((at.cast_unsigned() + 500) / 1_000).cast_signed())
}

/// `PEXPIRETIME key`
pub fn pexpiretime(call: &mut Call<'_>) -> Outcome {
    time_left(call, |at, _| at)
}

fn time_left(call: &mut Call<'_>, show: fn(i64, i64) -> i64) -> Outcome {
    let key = call.argument(1);
    Ok(Reply::Integer(match call.look(key) {
        None => -2,
        Some(entry) => entry.expires_at.map_or(-1, |at| show(at, call.now)),
    }))
}

/// `PERSIST key`
pub fn persist(call: &mut Call<'_>) -> Outcome {
    let key = call.argument(1);
    let expires = call.read_to_change(key).is_some_and(|entry| entry.expires_at.is_some());
    if expires {
        call.state.store.expire(call.session.database, key, None);
    }
    Ok(Reply::flag(expires))
}

/// `RENAME key newkey`
pub fn rename(call: &mut Call<'_>) -> Outcome {
    rename_to(call, false).map(|_| OK)
}

/// `RENAMENX key newkey`
pub fn renamenx(call: &mut Call<'_>) -> Outcome {
    rename_to(call, true).map(Reply::flag)
}

fn rename_to(call: &mut Call<'_>, if_absent: bool) -> Result<bool, Error> {
    let (from, to) = (call.argument(1), call.argument(2));
    let entry = call.read_to_change(from).ok_or(Error::NoSuchKey)?;
    if from == to {
        return Ok(!if_absent);
    }
    if call.read_to_change(to).is_some() && if_absent {
        return Ok(false);
    }
    call.remove(from);
    call.set(to, entry);
    Ok(true)
}

/// `COPY source destination [DB database] [REPLACE]`
pub fn copy(call: &mut Call<'_>) -> Outcome {
    let (mut database, mut replace, mut at) = (call.session.database, false, 3);
    while at < call.arguments.len() {
        if call.is_word(at, "REPLACE") {
            replace = true;
        } else if call.is_word(at, "DB") && at + 1 < call.arguments.len() {
            at += 1;
            database = database_index(call, at)?;
        } else {
            return Err(Error::Syntax);
        }
        at += 1;
    }
    let (from, to) = (call.argument(1), call.argument(2));
    if from == to && database == call.session.database {
        return Err(Error::Fixed("ERR source and destination objects are the same"));
    }
    let Some(entry) = call.read(from) else {
        return Ok(Reply::Integer(0));
    };
    if call.state.store.read_to_change(database, to, call.now).is_some() && !replace {
        return Ok(Reply::Integer(0));
    }
    call.state.store.set(database, to, entry.unshared(), call.now);
    Ok(Reply::Integer(1))
}

/// The number of a database, which must exist.
///
/// # Errors
/// It is no number, or there is no such database.
pub fn database_index(call: &Call<'_>, index: usize) -> Result<usize, Error> {
    let number = call.integer(index)?;
    if i32::try_from(number).is_err() {
        return Err(Error::Fixed(
            "ERR value is out of range, value must between -2147483648 and 2147483647",
        ));
    }
    usize::try_from(number)
        .ok()
        .filter(|number| *number < DATABASES)
        .ok_or(Error::DatabaseIndex)
}

/// `MOVE key database`
pub fn move_key(call: &mut Call<'_>) -> Outcome {
    let database = database_index(call, 2)?;
    if database == call.session.database {
        return Err(Error::Fixed("ERR source and destination objects are the same"));
    }
    let key = call.argument(1);
    let Some(entry) = call.read_to_change(key) else {
        return Ok(Reply::Integer(0));
    };
    if call.state.store.read_to_change(database, key, call.now).is_some() {
        return Ok(Reply::Integer(0));
    }
    call.remove(key);
    call.state.store.set(database, key, entry, call.now);
    Ok(Reply::Integer(1))
}

/// `KEYS pattern`
pub fn keys(call: &mut Call<'_>) -> Outcome {
    let pattern = call.argument(1);
    let found = call.state.store.keys(call.session.database, call.now);
    Ok(Reply::Array(
        found
            .filter(|key| glob::is_all(pattern) || glob::matches(pattern, key, false))
            .map(|key| Reply::Bulk(key.clone()))
            .collect(),
    ))
}

/// `SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]`
pub fn scan(call: &mut Call<'_>) -> Outcome {
    let cursor = cursor(call.argument(1)).ok_or(Error::Fixed("ERR invalid cursor"))?;
    let (mut pattern, mut count, mut of_type, mut at) = (None, SCAN_COUNT, None, 2);
    while at < call.arguments.len() {
        let value = call.arguments.get(at + 1);
        match value {
            Some(_) if call.is_word(at, "COUNT") => {
                let number = call.integer(at + 1)?;
                count = usize::try_from(number)
                    .ok()
                    .filter(|count| *count > 0)
                    .ok_or(Error::Syntax)?;
            }
            Some(value) if call.is_word(at, "MATCH") => pattern = Some(value),
            Some(value) if call.is_word(at, "TYPE") => of_type = Some(value),
            _ => return Err(Error::Syntax),
        }
        at += 2;
    }
    let (next, page) = call.state.store.scan(call.session.database, cursor, count, call.now);
    let is_wanted = |key: &[u8]| {
        pattern.is_none_or(|pattern| glob::is_all(pattern) || glob::matches(pattern, key, false))
            && of_type.is_none_or(|wanted| wanted.eq_ignore_ascii_case(b"string"))
    };
    let keys = page
        .into_iter()
        .filter(|(key, _)| is_wanted(key))
        .map(|(key, _)| Reply::Bulk(key))
        .collect();
    Ok(Reply::Array(vec![
        Reply::Bulk(next.to_string().into()),
        Reply::Array(keys),
    ]))
}

/// As C's `strtoul` reads it, which takes a sign, but with nothing before or after it.
fn cursor(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return Some(0);
    }
    match text.split_first() {
        Some((b'-', digits)) if digits.first() != Some(&b'+') => unsigned(digits).map(u64::wrapping_neg),
        _ => unsigned(text),
    }
}

fn unsigned(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `RANDOMKEY`
pub fn randomkey(call: &mut Call<'_>) -> Outcome {
    let session = &mut *call.session;
    Ok(Reply::maybe(call.state.store.random_key(
        session.database,
        &mut session.random,
        call.now,
    )))
}

/// `OBJECT ENCODING key`
pub fn object_encoding(call: &mut Call<'_>) -> Outcome {
    let key = call.argument(2);
    Ok(call.look(key).map_or(Reply::Nil, |entry| {
        Reply::text(match entry.encoding {
            Encoding::Integer | Encoding::Shared => "int",
            Encoding::Embedded => "embstr",
            Encoding::Raw => "raw",
        })
    }))
}

/// `OBJECT REFCOUNT key`
pub fn object_refcount(call: &mut Call<'_>) -> Outcome {
    let key = call.argument(2);
    Ok(call.look(key).map_or(Reply::Nil, |entry| {
        let is_shared = entry.encoding == Encoding::Shared;
        Reply::Integer(if is_shared { SHARED_REFERENCES } else { 1 })
    }))
}

/// `OBJECT IDLETIME key`
pub fn object_idletime(call: &mut Call<'_>) -> Outcome {
    let key = call.argument(2);
    Ok(call
        .peek(key)
        .map_or(Reply::Nil, |entry| Reply::Integer(call.now / 1_000 - entry.used_at)))
}

/// `OBJECT FREQ key`, which needs an eviction policy that this emulator has not
pub fn object_freq(call: &mut Call<'_>) -> Outcome {
    let key = call.argument(2);
    if call.look(key).is_none() {
        return Ok(Reply::Nil);
    }
    Err(Error::Fixed(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching \
         between policies at runtime LRU and LFU data will take some time to adjust.",
    ))
}

/// `WAIT numreplicas timeout`: there are no replicas
pub fn wait(call: &mut Call<'_>) -> Outcome {
    let replicas = call.integer(1)?;
    let milliseconds = timeout(call.argument(2))?.unsigned_abs();
    if replicas > 0 && call.session.executing.is_none() {
        call.session.blocked = Some(Blocked {
            milliseconds: (milliseconds > 0).then_some(milliseconds),
        });
    }
    Ok(Reply::Integer(0))
}
