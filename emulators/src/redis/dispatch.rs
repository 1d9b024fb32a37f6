//! From a request to its reply: the checks that come before a command runs, in Redis's order.

use super::call::{Call, Surroundings};
use super::error::Error;
use super::eviction;
use super::reply::{OK, Reply};
use super::request::Arguments;
use super::session::{Queued, Session};
use super::state::State;
use super::table::{self, Command};

/// The longest part of a request that an error quotes, in bytes.
const QUOTED_MAX_BYTES: usize = 128;
/// What a transaction may hold, in bytes: Redis's `client-query-buffer-limit`, which counts its queue as well.
const TRANSACTION_MAX_BYTES: usize = 1024 * 1024 * 1024;

/// What a request asks for.
#[derive(Debug, Clone, Copy)]
pub enum Request {
    /// `QUIT`, whatever its arguments.
    Quit,
    /// What a web browser sends: somebody tries to make a browser attack the server.
    Browser,
    /// A row of the table.
    Command(&'static Command),
    /// The table has no such command.
    Unknown,
    /// The command has no such subcommand.
    UnknownSubcommand(&'static Command),
}

impl Request {
    /// Looks the command up.
    #[must_use]
    pub fn of(arguments: Arguments<'_>) -> Self {
        let name = arguments.at(0);
        let Some(command) = table::find(name) else {
            let is_browser = name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:");
            return if is_browser { Self::Browser } else { Self::Unknown };
        };
        if command.name == "quit" {
            return Self::Quit;
        }
        match arguments.get(1).filter(|_| !command.subcommands.is_empty()) {
            None => Self::Command(command),
            Some(second) => match command.subcommand(second) {
                Some(subcommand) => Self::Command(subcommand),
                None => Self::UnknownSubcommand(command),
            },
        }
    }

    /// The row of the table, if there is one.
    #[must_use]
    pub fn command(&self) -> Option<&'static Command> {
        match self {
            Self::Command(command) => Some(command),
            _ => None,
        }
    }
}

/// Answers a request.
pub fn answer(
    request: Request,
    arguments: Arguments<'_>,
    state: &mut State,
    session: &mut Session,
    now: i64,
    surroundings: &Surroundings,
) -> Reply {
    match checked(request, arguments, state, session, now, surroundings) {
        Err(refusal) => refuse(refusal, request, session, state),
        Ok(Checked::Answered(reply)) => reply,
        Ok(Checked::Run(command)) => run(&mut Call {
            state,
            session,
            arguments,
            command,
            now,
            surroundings,
        }),
        Ok(Checked::Queue(command)) => queue(command, arguments, session),
    }
}

/// Runs a command that was checked.
pub fn run(call: &mut Call<'_>) -> Reply {
    let result = (call.command.run)(call);
    let counters = &mut call.state.counters;
    counters.commands += 1;
    let calls = counters.calls.entry(call.command.name).or_default();
    calls.made += 1;
    calls.failed += u64::from(result.is_err());
    result.unwrap_or_else(|error| {
        counters.count_error(&error);
        Reply::Error(error)
    })
}

enum Checked {
    Answered(Reply),
    Run(&'static Command),
    Queue(&'static Command),
}

fn checked(
    request: Request,
    arguments: Arguments<'_>,
    state: &mut State,
    session: &mut Session,
    now: i64,
    surroundings: &Surroundings,
) -> Result<Checked, Error> {
    let command = match request {
        Request::Quit => {
            session.is_closing = true;
            return Ok(Checked::Answered(OK));
        }
        Request::Browser => {
            session.is_closing = true;
            return Ok(Checked::Answered(Reply::Silence));
        }
        Request::Unknown => return Err(unknown(arguments)),
        Request::UnknownSubcommand(command) => return Err(unknown_subcommand(arguments, command)),
        Request::Command(command) => command,
    };
    if !command.takes(arguments.len()) {
        return Err(Error::Arity(command.name));
    }
    if needs_authentication(state, session) && !command.is(table::NO_AUTH) {
        return Err(Error::AuthenticationRequired);
    }
    let is_direct = IN_TRANSACTIONS.contains(&command.name);
    check_memory(command, state, session, now, surroundings)?;
    if session.transaction.is_some() && !is_direct {
        return Ok(Checked::Queue(command));
    }
    Ok(Checked::Run(command))
}

/// What is not queued between `MULTI` and `EXEC`.
const IN_TRANSACTIONS: &[&str] = &["exec", "discard", "multi", "watch", "reset"];

/// Whether the client still has to say who it is.
#[must_use]
pub fn needs_authentication(state: &State, session: &Session) -> bool {
    !session.is_authenticated && state.configuration.has_password()
}

fn check_memory(
    command: &Command,
    state: &mut State,
    session: &mut Session,
    now: i64,
    surroundings: &Surroundings,
) -> Result<(), Error> {
    let State {
        store, configuration, ..
    } = state;
    let limit = configuration.max_stored_bytes(&surroundings.limits);
    if store.bytes() <= limit || eviction::make_room(store, configuration, limit, &mut session.random, now) {
        return Ok(());
    }
    let transaction = session.transaction.as_ref();
    let is_refused = match command.name {
        // what is queued needs no more memory, unless it stores something itself
        "exec" => transaction.is_some_and(|found| found.queue.iter().any(|queued| queued.command.is(table::DENYOOM))),
        "discard" | "reset" => false,
        _ => command.is(table::DENYOOM) || transaction.is_some(),
    };
    if is_refused { Err(Error::OutOfMemory) } else { Ok(()) }
}

fn queue(command: &'static Command, arguments: Arguments<'_>, session: &mut Session) -> Reply {
    if let Some(transaction) = &mut session.transaction
        && !transaction.is_refused
    {
        let arguments = arguments.copied();
        transaction.bytes = transaction.bytes.saturating_add(arguments.size());
        session.is_closing |= transaction.bytes > TRANSACTION_MAX_BYTES;
        transaction.queue.push(Queued { command, arguments });
    }
    Reply::Status("QUEUED")
}

/// A refusal also refuses the transaction that it is in; to refuse `EXEC` itself is to end the transaction.
pub fn refuse(refusal: Error, request: Request, session: &mut Session, state: &mut State) -> Reply {
    session.refuse_transaction();
    if let Some(command) = request.command() {
        state.counters.calls.entry(command.name).or_default().rejected += 1;
    }
    state.counters.count_error(&refusal);
    if request.command().is_none_or(|command| command.name != "exec") {
        return Reply::Error(refusal);
    }
    session.transaction = None;
    super::transactions::unwatch_all(session, &mut state.store);
    let mut reason = Vec::new();
    refusal.write(&mut reason);
    let reason = reason.strip_prefix(b"ERR ").unwrap_or(&reason);
    Reply::Error(Error::Quoted(
        [b"EXECABORT Transaction discarded because of: ", reason].concat(),
    ))
}

fn unknown(arguments: Arguments<'_>) -> Error {
    let mut text = b"ERR unknown command '".to_vec();
    text.extend_from_slice(quoted(arguments.at(0), QUOTED_MAX_BYTES));
    text.extend_from_slice(b"', with args beginning with: ");
    let start = text.len();
    for argument in arguments.from(1) {
        let used = text.len() - start;
        if used >= QUOTED_MAX_BYTES {
            break;
        }
        text.push(b'\'');
        text.extend_from_slice(quoted(argument, QUOTED_MAX_BYTES - used));
        text.extend_from_slice(b"' ");
    }
    Error::Quoted(text)
}

fn unknown_subcommand(arguments: Arguments<'_>, command: &Command) -> Error {
    let mut text = b"ERR unknown subcommand '".to_vec();
    text.extend_from_slice(quoted(arguments.at(1), QUOTED_MAX_BYTES));
    text.extend_from_slice(b"'. Try ");
    text.extend_from_slice(command.name.to_uppercase().as_bytes());
    text.extend_from_slice(b" HELP.");
    Error::Quoted(text)
}

/// What C prints of a string: at most so much, and nothing from a zero byte on.
fn quoted(text: &[u8], limit: usize) -> &[u8] {
    let text = text.get(..limit).unwrap_or(text);
    text.split(|byte| *byte == 0).next().unwrap_or_default()
}
