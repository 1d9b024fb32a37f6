//! `CLIENT`: who is connected, and what can be done to them.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Notify;

use super::call::{Call, copied};
use super::connection_commands::USER;
use super::error::Error;
use super::number;
use super::reply::{OK, Reply};
use super::session::{Replies, Session};
use super::state::{Client, Pause, Unblock};
use crate::chassis::Peer;

type Outcome = Result<Reply, Error>;

/// The first port that a client seems to come from: the number of its connection is added.
const FIRST_PORT: u64 = 40_000;
/// How many ports there are from there on.
const PORTS: u64 = 20_000;

impl Client {
    /// A client that has just come.
    #[must_use]
    pub fn new(peer: &Peer, now: i64, signal: Arc<Notify>) -> Self {
        Self {
            name: Bytes::new(),
            address: format!("127.0.0.1:{}", FIRST_PORT + peer.connection % PORTS),
            local_address: "127.0.0.1:6379".to_owned(),
            since: now,
            active_at: now,
            database: 0,
            protocol: 2,
            queued: None,
            queued_bytes: 0,
            is_never_evicted: false,
            command: "NULL".to_owned(),
            is_blocked: false,
            is_killed: false,
            unblock: None,
            signal,
        }
    }

    /// Takes over what others may see of a conversation.
    pub fn show(&mut self, session: &Session, now: i64) {
        self.active_at = now;
        self.database = session.database;
        self.protocol = session.protocol.number();
        self.is_never_evicted = session.is_never_evicted;
        self.queued = session
            .transaction
            .as_ref()
            .map(|transaction| transaction.queue.len())
            .or(session.executing);
        self.queued_bytes = session.transaction.as_ref().map_or(0, |transaction| transaction.bytes);
        if self.name != session.name {
            self.name = session.name.clone();
        }
        if let Some(command) = session.last_command.filter(|command| *command != self.command) {
            command.clone_into(&mut self.command);
        }
    }

    /// A line of `CLIENT LIST`. Buffers are not shown as they are: they would differ from run to run.
    fn line(&self, id: u64, now: i64) -> String {
        let mut flags = String::new();
        for (flag, is_set) in [
            ('x', self.queued.is_some()),
            ('b', self.is_blocked),
            ('e', self.is_never_evicted),
        ] {
            if is_set {
                flags.push(flag);
            }
        }
        if flags.is_empty() {
            flags.push('N');
        }
        let mut line = format!(
            "id={id} addr={} laddr={} fd={}",
            self.address,
            self.local_address,
            id + 7
        );
        let seconds = |since: i64| (now - since).max(0) / 1_000;
        let multi = self
            .queued
            .map_or(-1, |queued| i64::try_from(queued).unwrap_or(i64::MAX));
        // to write into a string cannot fail
        let _ = writeln!(
            line,
            " name={} age={} idle={} flags={flags} db={} sub=0 psub=0 ssub=0 multi={multi} qbuf=0 qbuf-free=20474 \
             argv-mem=0 multi-mem={} rbs=16384 rbp=0 obl=0 oll=0 omem=0 tot-mem=37760 events=r cmd={} user={USER} \
             redir=-1 resp={}",
            String::from_utf8_lossy(&self.name),
            seconds(self.since),
            seconds(self.active_at),
            self.database,
            self.queued_bytes,
            self.command,
            self.protocol,
        );
        line
    }
}

/// Names must not break the lines of `CLIENT LIST`.
///
/// # Errors
/// This one would.
pub fn check_name(name: &[u8]) -> Result<(), Error> {
    if name.iter().all(|byte| (b'!'..=b'~').contains(byte)) {
        return Ok(());
    }
    Err(Error::Fixed(
        "ERR Client names cannot contain spaces, newlines or special characters.",
    ))
}

/// `CLIENT ID`
pub fn id(call: &mut Call<'_>) -> Outcome {
    Ok(Reply::Integer(call.session.id.cast_signed()))
}

/// `CLIENT GETNAME`
pub fn getname(call: &mut Call<'_>) -> Outcome {
    let name = &call.session.name;
    Ok(if name.is_empty() {
        Reply::Nil
    } else {
        Reply::Bulk(name.clone())
    })
}

/// `CLIENT SETNAME name`
pub fn setname(call: &mut Call<'_>) -> Outcome {
    let name = call.argument(2);
    check_name(name)?;
    call.session.name = copied(name);
    Ok(OK)
}

/// `CLIENT GETREDIR`: nothing is tracked
pub fn getredir(_: &mut Call<'_>) -> Outcome {
    Ok(Reply::Integer(-1))
}

/// `CLIENT TRACKINGINFO`: nothing is tracked
pub fn trackinginfo(_: &mut Call<'_>) -> Outcome {
    Ok(Reply::Map(vec![
        (Reply::text("flags"), Reply::Set(vec![Reply::text("off")])),
        (Reply::text("redirect"), Reply::Integer(-1)),
        (Reply::text("prefixes"), Reply::Array(Vec::new())),
    ]))
}

/// `CLIENT NO-EVICT ON | OFF`
pub fn no_evict(call: &mut Call<'_>) -> Outcome {
    call.session.is_never_evicted = if call.is_word(2, "ON") {
        true
    } else if call.is_word(2, "OFF") {
        false
    } else {
        return Err(Error::Syntax);
    };
    Ok(OK)
}

/// `CLIENT REPLY ON | OFF | SKIP`
pub fn reply(call: &mut Call<'_>) -> Outcome {
    if call.is_word(2, "ON") {
        call.session.replies = Replies::On;
        return Ok(OK);
    }
    if call.is_word(2, "OFF") {
        call.session.replies = Replies::Off;
    } else if call.is_word(2, "SKIP") {
        if call.session.replies != Replies::Off {
            call.session.replies = Replies::SkipNext;
        }
    } else {
        return Err(Error::Syntax);
    }
    Ok(Reply::Silence)
}

/// Shows this connection as it is now, then lists those that are wanted.
fn lines(call: &mut Call<'_>, is_wanted: impl Fn(u64) -> bool) -> Reply {
    let now = call.now;
    if let Some(client) = call.state.clients.get_mut(call.session.id) {
        client.show(call.session, now);
    }
    let wanted = call.state.clients.iter().filter(|(id, _)| is_wanted(*id));
    Reply::Verbatim(wanted.map(|(id, client)| client.line(id, now)).collect())
}

/// `CLIENT INFO`
pub fn info(call: &mut Call<'_>) -> Outcome {
    let own = call.session.id;
    Ok(lines(call, |id| id == own))
}

/// `CLIENT LIST [TYPE type] [ID id [id …]]`
pub fn list(call: &mut Call<'_>) -> Outcome {
    let count = call.arguments.len();
    if count == 2 {
        return Ok(lines(call, |_| true));
    }
    if count == 4 && call.is_word(2, "TYPE") {
        let is_normal = is_normal_type(call.argument(3))?;
        return Ok(lines(call, |_| is_normal));
    }
    if count > 3 && call.is_word(2, "ID") {
        let mut wanted = Vec::new();
        for id in call.arguments.from(3) {
            let id = number::parse(id).ok_or(Error::Fixed("ERR Invalid client ID"))?;
            wanted.push(id.cast_unsigned());
        }
        return Ok(lines(call, |id| wanted.contains(&id)));
    }
    Err(Error::Syntax)
}

/// Whether the type is that of all clients of this emulator; it must exist.
fn is_normal_type(name: &[u8]) -> Result<bool, Error> {
    if name.eq_ignore_ascii_case(b"normal") {
        return Ok(true);
    }
    const OTHERS: &[&str] = &["master", "replica", "slave", "pubsub"];
    if OTHERS.iter().any(|other| name.eq_ignore_ascii_case(other.as_bytes())) {
        return Ok(false);
    }
    Err(Error::Quoted([b"ERR Unknown client type '", name, b"'"].concat()))
}

/// Which clients to kill.
#[derive(Debug)]
struct Filter<'a> {
    id: Option<u64>,
    address: Option<&'a [u8]>,
    local_address: Option<&'a [u8]>,
    is_of_type: bool,
    spare_self: bool,
}

/// `CLIENT KILL address | [ID id] [ADDR address] [LADDR address] [TYPE type] [USER user] [SKIPME yes | no]`
pub fn kill(call: &mut Call<'_>) -> Outcome {
    if call.arguments.len() == 3 {
        let filter = Filter {
            id: None,
            address: call.arguments.get(2),
            local_address: None,
            is_of_type: true,
            spare_self: false,
        };
        return match kill_all(call, &filter) {
            0 => Err(Error::Fixed("ERR No such client")),
            _ => Ok(OK),
        };
    }
    let filter = filter(call)?;
    Ok(Reply::count(kill_all(call, &filter)))
}

fn filter<'a>(call: &Call<'a>) -> Result<Filter<'a>, Error> {
    let mut filter = Filter {
        id: None,
        address: None,
        local_address: None,
        is_of_type: true,
        spare_self: true,
    };
    for at in (2..call.arguments.len()).step_by(2) {
        let Some(value) = call.arguments.get(at + 1) else {
            return Err(Error::Syntax);
        };
        if call.is_word(at, "ID") {
            let id = number::parse(value)
                .and_then(|id| u64::try_from(id).ok())
                .filter(|id| *id > 0);
            filter.id = Some(id.ok_or(Error::Fixed("ERR client-id should be greater than 0"))?);
        } else if call.is_word(at, "TYPE") {
            filter.is_of_type = is_normal_type(value)?;
        } else if call.is_word(at, "ADDR") {
            filter.address = Some(value);
        } else if call.is_word(at, "LADDR") {
            filter.local_address = Some(value);
        } else if call.is_word(at, "USER") {
            if value != USER.as_bytes() {
                return Err(Error::Quoted([b"ERR No such user '", value, b"'"].concat()));
            }
        } else if call.is_word(at, "SKIPME") {
            filter.spare_self = yes_or_no(value)?;
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok(filter)
}

fn yes_or_no(word: &[u8]) -> Result<bool, Error> {
    if word.eq_ignore_ascii_case(b"yes") {
        Ok(true)
    } else if word.eq_ignore_ascii_case(b"no") {
        Ok(false)
    } else {
        Err(Error::Syntax)
    }
}

fn kill_all(call: &mut Call<'_>, filter: &Filter<'_>) -> usize {
    let is_meant = |id: u64, client: &Client| {
        !client.is_killed
            && filter.is_of_type
            && filter.id.is_none_or(|wanted| wanted == id)
            && filter.address.is_none_or(|wanted| wanted == client.address.as_bytes())
            && filter
                .local_address
                .is_none_or(|wanted| wanted == client.local_address.as_bytes())
            && !(filter.spare_self && id == call.session.id)
    };
    let meant: Vec<u64> = call
        .state
        .clients
        .iter()
        .filter(|(id, client)| is_meant(*id, client))
        .map(|(id, _)| id)
        .collect();
    for id in &meant {
        if *id == call.session.id {
            // the reply is still sent
            call.session.is_closing = true;
        } else {
            call.state.clients.kill(*id);
        }
    }
    meant.len()
}

/// `CLIENT PAUSE milliseconds [WRITE | ALL]`
pub fn pause(call: &mut Call<'_>) -> Outcome {
    let is_for_all = match call.arguments.len() {
        3 => true,
        4 if call.is_word(3, "WRITE") => false,
        4 if call.is_word(3, "ALL") => true,
        4 => return Err(Error::Fixed("ERR CLIENT PAUSE mode must be WRITE or ALL")),
        _ => {
            return Err(Error::Quoted(
                [
                    b"ERR unknown subcommand or wrong number of arguments for '",
                    call.argument(1),
                    b"'. Try CLIENT HELP.",
                ]
                .concat(),
            ));
        }
    };
    let time = timeout(call.argument(2))?;
    let until = call.now.saturating_add(time);
    // of two pauses, the longer and the stricter
    let before = call.state.pause.filter(|pause| call.now < pause.until);
    call.state.pause = Some(Pause {
        until: before.map_or(until, |pause| pause.until.max(until)),
        is_for_all: is_for_all || before.is_some_and(|pause| pause.is_for_all),
    });
    Ok(OK)
}

/// A time to wait, in milliseconds.
///
/// # Errors
/// It is no number, or below zero.
pub fn timeout(text: &[u8]) -> Result<i64, Error> {
    let time = number::parse(text).ok_or(Error::Fixed("ERR timeout is not an integer or out of range"))?;
    if time < 0 {
        Err(Error::Fixed("ERR timeout is negative"))
    } else {
        Ok(time)
    }
}

/// `CLIENT UNPAUSE`
pub fn unpause(call: &mut Call<'_>) -> Outcome {
    call.state.pause = None;
    call.state.clients.wake_all();
    Ok(OK)
}

/// `CLIENT UNBLOCK id [TIMEOUT | ERROR]`
pub fn unblock(call: &mut Call<'_>) -> Outcome {
    let how = match call.arguments.get(3) {
        None => Unblock::Timeout,
        Some(word) if word.eq_ignore_ascii_case(b"TIMEOUT") => Unblock::Timeout,
        Some(word) if word.eq_ignore_ascii_case(b"ERROR") => Unblock::Error,
        Some(_) => return Err(Error::Fixed("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")),
    };
    let id = call.integer(2)?.cast_unsigned();
    let Some(client) = call.state.clients.get_mut(id).filter(|client| client.is_blocked) else {
        return Ok(Reply::Integer(0));
    };
    client.unblock = Some(how);
    client.signal.notify_one();
    Ok(Reply::Integer(1))
}
