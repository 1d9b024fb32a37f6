//! Commands on the connection itself: `HELLO`, `AUTH`, `SELECT`, `PING`, `ECHO`, `RESET`, `QUIT`.

use super::call::{Call, copied};
use super::client_commands::check_name;
use super::error::Error;
use super::keys::database_index;
use super::number;
use super::reply::{OK, Protocol, Reply};
use super::session::Replies;
use super::transactions::unwatch_all;

/// What the emulator says that it is: what it was compared with.
pub const VERSION: &str = "7.0.15";
/// The only user that there is.
pub const USER: &str = "default";

type Outcome = Result<Reply, Error>;

/// `HELLO [2 | 3 [AUTH user password] [SETNAME name]]`
pub fn hello(call: &mut Call<'_>) -> Outcome {
    let protocol = match call.arguments.get(1) {
        None => None,
        Some(version) => Some(protocol(version)?),
    };
    let (mut credentials, mut at) = (None, 2);
    while at < call.arguments.len() {
        let rest = call.arguments.len() - at - 1;
        if call.is_word(at, "AUTH") && rest >= 2 {
            credentials = Some((call.argument(at + 1), call.argument(at + 2)));
            at += 3;
        } else if call.is_word(at, "SETNAME") && rest >= 1 {
            let name = call.argument(at + 1);
            check_name(name)?;
            call.session.name = copied(name);
            at += 2;
        } else {
            let text = [b"ERR Syntax error in HELLO option '", call.argument(at), b"'"].concat();
            return Err(Error::Quoted(text));
        }
    }
    if let Some((user, password)) = credentials {
        authenticate(call, user, password)?;
    }
    if !call.session.is_authenticated && call.state.configuration.has_password() {
        return Err(Error::Fixed(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> \
             option can be used to authenticate the client and select the RESP protocol version at the same time",
        ));
    }
    call.session.protocol = protocol.unwrap_or(call.session.protocol);
    Ok(Reply::Map(vec![
        (Reply::text("server"), Reply::text("redis")),
        (Reply::text("version"), Reply::text(VERSION)),
        (Reply::text("proto"), Reply::Integer(call.session.protocol.number())),
        (Reply::text("id"), Reply::Integer(call.session.id.cast_signed())),
        (Reply::text("mode"), Reply::text("standalone")),
        (Reply::text("role"), Reply::text("master")),
        (Reply::text("modules"), Reply::Array(Vec::new())),
    ]))
}

fn protocol(version: &[u8]) -> Result<Protocol, Error> {
    match number::parse(version) {
        None => Err(Error::Fixed("ERR Protocol version is not an integer or out of range")),
        Some(2) => Ok(Protocol::Resp2),
        Some(3) => Ok(Protocol::Resp3),
        Some(_) => Err(Error::Fixed("NOPROTO unsupported protocol version")),
    }
}

/// `AUTH [user] password`
pub fn auth(call: &mut Call<'_>) -> Outcome {
    match call.arguments.len() {
        2 if !call.state.configuration.has_password() => Err(Error::Fixed(
            "ERR AUTH <password> called without any password configured for the default user. Are you sure your \
             configuration is correct?",
        )),
        2 => authenticate(call, USER.as_bytes(), call.argument(1)),
        3 => authenticate(call, call.argument(1), call.argument(2)),
        _ => Err(Error::Syntax),
    }
    .map(|()| OK)
}

/// Without a password, any is right.
fn authenticate(call: &mut Call<'_>, user: &[u8], password: &[u8]) -> Result<(), Error> {
    let expected = call.state.configuration.password();
    if user != USER.as_bytes() || !(expected.is_empty() || expected == password) {
        return Err(Error::WrongPassword);
    }
    call.session.is_authenticated = true;
    Ok(())
}

/// `SELECT index`
pub fn select(call: &mut Call<'_>) -> Outcome {
    call.session.database = database_index(call, 1)?;
    Ok(OK)
}

/// `PING [message]`
pub fn ping(call: &mut Call<'_>) -> Outcome {
    match call.arguments.len() {
        1 => Ok(Reply::Status("PONG")),
        2 => echo(call),
        _ => Err(Error::Arity("ping")),
    }
}

/// `ECHO message`
pub fn echo(call: &mut Call<'_>) -> Outcome {
    Ok(Reply::copied(call.argument(1)))
}

/// `QUIT`, which the dispatch answers before it looks at anything else
pub fn quit(call: &mut Call<'_>) -> Outcome {
    call.session.is_closing = true;
    Ok(OK)
}

/// `RESET`: as if the client had just connected
pub fn reset(call: &mut Call<'_>) -> Outcome {
    let session = &mut *call.session;
    session.transaction = None;
    unwatch_all(session, &mut call.state.store);
    session.database = 0;
    session.protocol = Protocol::Resp2;
    session.name = copied(b"");
    session.replies = Replies::On;
    session.is_never_evicted = false;
    session.is_authenticated = !call.state.configuration.has_password();
    Ok(Reply::Status("RESET"))
}
