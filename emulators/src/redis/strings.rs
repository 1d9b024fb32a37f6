//! Strings: `SET`, `GET`, counters, ranges. `LCS` is in [`super::subsequence`].

use bytes::Bytes;

use super::call::{Call, copied};
use super::error::Error;
use super::extended::Extended;
use super::number;
use super::reply::{OK, Reply};
use super::store::Entry;

pub use super::subsequence::lcs;

type Outcome = Result<Reply, Error>;

/// What `SET` and `GETEX` do to the time to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Expiry {
    #[default]
    Unsaid,
    /// As the option at this place says.
    Noted(usize),
    /// Milliseconds since 1970.
    At(i64),
    /// As it was.
    Keep,
    /// None.
    Persist,
}

/// The options of `SET` and `GETEX`.
#[derive(Debug, Default)]
struct Options {
    if_absent: bool,
    if_present: bool,
    get: bool,
    expiry: Expiry,
}

/// The units in which times to live are given.
#[derive(Debug, Clone, Copy)]
struct Unit {
    milliseconds: i64,
    /// Counted from now, not from 1970.
    is_relative: bool,
}

const EX: Unit = Unit {
    milliseconds: 1_000,
    is_relative: true,
};
const PX: Unit = Unit {
    milliseconds: 1,
    is_relative: true,
};
const EXAT: Unit = Unit {
    milliseconds: 1_000,
    is_relative: false,
};
const PXAT: Unit = Unit {
    milliseconds: 1,
    is_relative: false,
};

/// `SET key value [NX | XX] [GET] [EX | PX | EXAT | PXAT time | KEEPTTL]`
pub fn set(call: &mut Call<'_>) -> Outcome {
    let options = if call.arguments.len() == 3 {
        Options::default()
    } else {
        set_options(call)?
    };
    let key = call.argument(1);
    let old = if options.get {
        call.read(key)
    } else if needs_old(&options) {
        call.read_to_change(key)
    } else {
        None
    };
    let is_refused = (options.if_absent && old.is_some()) || (options.if_present && old.is_none());
    let expires_at = match options.expiry {
        Expiry::At(at) => Some(at),
        Expiry::Keep => old.as_ref().and_then(|old| old.expires_at),
        Expiry::Unsaid | Expiry::Noted(_) | Expiry::Persist => None,
    };
    if !is_refused {
        call.set(key, Entry::new(copied(call.argument(2))).expiring(expires_at));
    }
    Ok(match (options.get, is_refused) {
        (true, _) => Reply::maybe(old.map(|old| old.value)),
        (false, true) => Reply::Nil,
        (false, false) => OK,
    })
}

fn needs_old(options: &Options) -> bool {
    options.if_absent || options.if_present || options.expiry == Expiry::Keep
}

fn set_options(call: &Call<'_>) -> Result<Options, Error> {
    let mut options = Options::default();
    let mut at = 3;
    while at < call.arguments.len() {
        if call.is_word(at, "NX") && !options.if_present {
            options.if_absent = true;
        } else if call.is_word(at, "XX") && !options.if_absent {
            options.if_present = true;
        } else if call.is_word(at, "GET") {
            options.get = true;
        } else if call.is_word(at, "KEEPTTL") && matches!(options.expiry, Expiry::Unsaid | Expiry::Keep) {
            options.expiry = Expiry::Keep;
        } else {
            at = timed_option(call, at, &mut options)?;
        }
        at += 1;
    }
    resolve(call, &mut options, "set")?;
    Ok(options)
}

/// Notes where the time is: it is read when all options are known to be words that exist. Of one unit, the last counts.
fn timed_option(call: &Call<'_>, at: usize, options: &mut Options) -> Result<usize, Error> {
    let (word, _) = UNITS
        .iter()
        .find(|(word, _)| call.is_word(at, word))
        .ok_or(Error::Syntax)?;
    let goes_with = match options.expiry {
        Expiry::Unsaid => true,
        Expiry::Noted(before) => call.is_word(before, word),
        _ => false,
    };
    if !goes_with || at + 1 >= call.arguments.len() {
        return Err(Error::Syntax);
    }
    options.expiry = Expiry::Noted(at);
    Ok(at + 1)
}

const UNITS: &[(&str, Unit)] = &[("EX", EX), ("PX", PX), ("EXAT", EXAT), ("PXAT", PXAT)];

/// Reads the time that [`timed_option`] noted.
fn resolve(call: &Call<'_>, options: &mut Options, command: &'static str) -> Result<(), Error> {
    if let Expiry::Noted(place) = options.expiry {
        let unit = UNITS
            .iter()
            .find(|(word, _)| call.is_word(place, word))
            .map_or(PX, |(_, unit)| *unit);
        options.expiry = Expiry::At(expiry(call, place + 1, unit, command)?);
    }
    Ok(())
}

/// A time to live, which must be above zero, as milliseconds since 1970.
fn expiry(call: &Call<'_>, index: usize, unit: Unit, command: &'static str) -> Result<i64, Error> {
    let invalid = Error::InvalidExpireTime(command);
    let time = call.integer(index)?;
    if time <= 0 {
        return Err(invalid);
    }
    let milliseconds = time.checked_mul(unit.milliseconds).ok_or(invalid.clone())?;
    let start = if unit.is_relative { call.now } else { 0 };
    milliseconds.checked_add(start).ok_or(invalid)
}

/// `SETNX key value`
pub fn setnx(call: &mut Call<'_>) -> Outcome {
    let key = call.argument(1);
    if call.read_to_change(key).is_some() {
        return Ok(Reply::Integer(0));
    }
    call.set(key, Entry::new(copied(call.argument(2))));
    Ok(Reply::Integer(1))
}

/// `SETEX key seconds value`
pub fn setex(call: &mut Call<'_>) -> Outcome {
    set_for(call, EX, "setex")
}

/// `PSETEX key milliseconds value`
pub fn psetex(call: &mut Call<'_>) -> Outcome {
    set_for(call, PX, "psetex")
}

fn set_for(call: &mut Call<'_>, unit: Unit, command: &'static str) -> Outcome {
    let at = expiry(call, 2, unit, command)?;
    call.set(
        call.argument(1),
        Entry::new(copied(call.argument(3))).expiring(Some(at)),
    );
    Ok(OK)
}

/// `GET key`
pub fn get(call: &mut Call<'_>) -> Outcome {
    let key = call.argument(1);
    Ok(Reply::maybe(call.read(key).map(|entry| entry.value)))
}

/// `GETSET key value`
pub fn getset(call: &mut Call<'_>) -> Outcome {
    let reply = get(call)?;
    call.set(call.argument(1), Entry::new(copied(call.argument(2))));
    Ok(reply)
}

/// `GETDEL key`
pub fn getdel(call: &mut Call<'_>) -> Outcome {
    let reply = get(call)?;
    call.remove(call.argument(1));
    Ok(reply)
}

/// `GETEX key [EX | PX | EXAT | PXAT time | PERSIST]`
pub fn getex(call: &mut Call<'_>) -> Outcome {
    let mut options = Options::default();
    let mut at = 2;
    while at < call.arguments.len() {
        if call.is_word(at, "PERSIST") && matches!(options.expiry, Expiry::Unsaid | Expiry::Persist) {
            options.expiry = Expiry::Persist;
        } else {
            at = timed_option(call, at, &mut options)?;
        }
        at += 1;
    }
    let key = call.argument(1);
    let Some(entry) = call.read(key) else {
        return Ok(Reply::Nil);
    };
    resolve(call, &mut options, "getex")?;
    let database = call.session.database;
    match options.expiry {
        Expiry::At(at) if at <= call.now => {
            call.remove(key);
        }
        Expiry::At(at) => call.state.store.expire(database, key, Some(at)),
        Expiry::Persist if entry.expires_at.is_some() => call.state.store.expire(database, key, None),
        Expiry::Persist | Expiry::Keep | Expiry::Noted(_) | Expiry::Unsaid => {}
    }
    Ok(Reply::Bulk(entry.value))
}

/// `MGET key [key …]`
pub fn mget(call: &mut Call<'_>) -> Outcome {
    let keys = call.arguments.from(1);
    Ok(Reply::Array(
        keys.map(|key| Reply::maybe(call.read(key).map(|entry| entry.value)))
            .collect(),
    ))
}

/// `MSET key value [key value …]`
pub fn mset(call: &mut Call<'_>) -> Outcome {
    check_pairs(call, "mset")?;
    set_pairs(call);
    Ok(OK)
}

/// `MSETNX key value [key value …]`
pub fn msetnx(call: &mut Call<'_>) -> Outcome {
    check_pairs(call, "msetnx")?;
    for key in call.arguments.from(1).step_by(2) {
        if call.read_to_change(key).is_some() {
            return Ok(Reply::Integer(0));
        }
    }
    set_pairs(call);
    Ok(Reply::Integer(1))
}

fn check_pairs(call: &Call<'_>, command: &'static str) -> Result<(), Error> {
    if call.arguments.len().is_multiple_of(2) {
        Err(Error::Arity(command))
    } else {
        Ok(())
    }
}

fn set_pairs(call: &mut Call<'_>) {
    let values = call.arguments.from(2).step_by(2);
    for (key, value) in call.arguments.from(1).step_by(2).zip(values) {
        call.set(key, Entry::new(copied(value)));
    }
}

/// `STRLEN key`
pub fn strlen(call: &mut Call<'_>) -> Outcome {
    let key = call.argument(1);
    Ok(Reply::count(call.read(key).map_or(0, |entry| entry.value.len())))
}

/// `APPEND key value`
pub fn append(call: &mut Call<'_>) -> Outcome {
    let (key, more) = (call.argument(1), call.argument(2));
    let Some(old) = call.read_to_change(key) else {
        call.set(key, Entry::new(copied(more)));
        return Ok(Reply::count(more.len()));
    };
    let length = old.value.len().saturating_add(more.len());
    check_length(call, length)?;
    let value = [&old.value, more].concat();
    call.set(key, Entry::raw(value.into()).expiring(old.expires_at));
    Ok(Reply::count(length))
}

fn check_length(call: &Call<'_>, length: usize) -> Result<(), Error> {
    let fits = i64::try_from(length).is_ok_and(|length| length <= call.max_string_bytes());
    if fits { Ok(()) } else { Err(Error::StringTooLong) }
}

/// `SETRANGE key offset value`
pub fn setrange(call: &mut Call<'_>) -> Outcome {
    let offset = call.integer(2)?;
    let Ok(offset) = usize::try_from(offset) else {
        return Err(Error::Fixed("ERR offset is out of range"));
    };
    let (key, part) = (call.argument(1), call.argument(3));
    let old = call.read_to_change(key);
    if part.is_empty() {
        return Ok(Reply::count(old.map_or(0, |old| old.value.len())));
    }
    let end = offset.saturating_add(part.len());
    check_length(call, end)?;
    let (mut value, expires_at) = old.map_or_else(Default::default, |old| (old.value.to_vec(), old.expires_at));
    value.resize(value.len().max(end), 0);
    if let Some(place) = value.get_mut(offset..end) {
        place.copy_from_slice(part);
    }
    let length = value.len();
    call.set(key, Entry::raw(value.into()).expiring(expires_at));
    Ok(Reply::count(length))
}

/// `SUBSTR key start end`, the old name of `GETRANGE`
pub fn substr(call: &mut Call<'_>) -> Outcome {
    getrange(call)
}

/// `GETRANGE key start end`
pub fn getrange(call: &mut Call<'_>) -> Outcome {
    let (start, end) = (call.integer(2)?, call.integer(3)?);
    let key = call.argument(1);
    let Some(entry) = call.read(key) else {
        return Ok(Reply::text(""));
    };
    Ok(Reply::Bulk(range(&entry.value, start, end)))
}

/// Both ends are meant; below zero they count from the end.
fn range(value: &Bytes, start: i64, end: i64) -> Bytes {
    let length = i64::try_from(value.len()).unwrap_or(i64::MAX);
    if start < 0 && end < 0 && start > end {
        return Bytes::new();
    }
    let place = |at: i64| if at < 0 { (length + at).max(0) } else { at };
    let (start, end) = (place(start.max(-length)), place(end.max(-length)).min(length - 1));
    match (usize::try_from(start), usize::try_from(end)) {
        (Ok(start), Ok(end)) if start <= end => value.slice(start..=end),
        _ => Bytes::new(),
    }
}

/// `INCR key`
pub fn incr(call: &mut Call<'_>) -> Outcome {
    add(call, 1)
}

/// `DECR key`
pub fn decr(call: &mut Call<'_>) -> Outcome {
    add(call, -1)
}

/// `INCRBY key increment`
pub fn incrby(call: &mut Call<'_>) -> Outcome {
    let by = call.integer(2)?;
    add(call, by)
}

/// `DECRBY key decrement`
pub fn decrby(call: &mut Call<'_>) -> Outcome {
    let by = call.integer(2)?.checked_neg().ok_or(Error::DecrementOverflow)?;
    add(call, by)
}

fn add(call: &mut Call<'_>, by: i64) -> Outcome {
    let key = call.argument(1);
    let old = call.read_to_change(key);
    let value = match &old {
        Some(old) => number::parse(&old.value).ok_or(Error::NotAnInteger)?,
        None => 0,
    };
    let sum = value.checked_add(by).ok_or(Error::IncrementOverflow)?;
    let mut text = Vec::with_capacity(20);
    super::reply::write_decimal(sum, &mut text);
    call.set(
        key,
        Entry::new(text.into()).expiring(old.and_then(|old| old.expires_at)),
    );
    Ok(Reply::Integer(sum))
}

/// `INCRBYFLOAT key increment`
pub fn incrbyfloat(call: &mut Call<'_>) -> Outcome {
    let key = call.argument(1);
    let old = call.read_to_change(key);
    let value = match &old {
        Some(old) => Extended::parse(&old.value).ok_or(Error::NotAFloat)?,
        None => Extended::from(0),
    };
    let by = Extended::parse(call.argument(2)).ok_or(Error::NotAFloat)?;
    let sum = Bytes::from(value.add(by).ok_or(Error::NotANumber)?.print());
    call.set(
        key,
        Entry::of_text(sum.clone()).expiring(old.and_then(|old| old.expires_at)),
    );
    Ok(Reply::Bulk(sum))
}
