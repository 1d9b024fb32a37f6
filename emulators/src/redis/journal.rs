//! What the journal keeps of an exchange: the operation's name, the arguments without secrets, the answer.

use super::configuration;
use super::dispatch::Request;
use super::request::Arguments;
use crate::chassis::{Hit, MAX_ARGUMENTS, Peer};

/// What stands for a secret.
const REDACTED: &[u8] = b"(redacted)";
/// The longest name of an unknown command that is kept, in bytes.
const NAME_MAX_BYTES: usize = 64;

/// `SET`, `CLIENT LIST`; of a command that is not known its name as it came, in upper case.
#[must_use]
pub fn operation(request: Request, arguments: Arguments<'_>) -> String {
    let word = |index: usize| {
        let name = arguments.at(index);
        String::from_utf8_lossy(name.get(..NAME_MAX_BYTES).unwrap_or(name)).to_uppercase()
    };
    match request {
        Request::Command(command) => command.title(),
        Request::UnknownSubcommand(_) => format!("{} {}", word(0), word(1)),
        Request::Quit => "QUIT".to_owned(),
        Request::Unknown | Request::Browser => word(0),
    }
}

/// Writes an exchange into the journal.
pub fn record(peer: &Peer, request: Request, arguments: Arguments<'_>, answer: &[u8], fault: Option<&Hit>) {
    let operation = operation(request, arguments);
    let skipped = if operation.contains(' ') { 2 } else { 1 };
    let places = secrets(&operation, arguments);
    let shown: Vec<&[u8]> = arguments
        .from(0)
        .enumerate()
        .skip(skipped)
        .take(MAX_ARGUMENTS)
        .map(|(index, argument)| if places.contains(&index) { REDACTED } else { argument })
        .collect();
    let quotes_request = matches!(request, Request::Unknown) && !places.is_empty();
    let holds_secret = places.iter().any(|index| contains(answer, arguments.at(*index)));
    let asks_for_secret = operation == "CONFIG GET" && arguments.from(2).any(configuration::may_name_secret);
    let answer = if quotes_request || holds_secret || asks_for_secret {
        hidden(answer)
    } else {
        answer
    };
    peer.record(&operation, &shown, answer, fault);
}

/// An answer that may show a secret: only whether it is an error.
fn hidden(answer: &[u8]) -> &'static [u8] {
    match answer.first() {
        None => b"",
        Some(b'-') => b"-(redacted)",
        Some(_) => REDACTED,
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|window| window == part)
}

/// The places of arguments that are secrets, or name who has them.
fn secrets(operation: &str, arguments: Arguments<'_>) -> Vec<usize> {
    let after = |word: &str, count: usize| -> Vec<usize> {
        let found = arguments
            .from(0)
            .enumerate()
            .filter(|(_, argument)| argument.eq_ignore_ascii_case(word.as_bytes()));
        found
            .flat_map(|(index, _)| index + 1..=index + count)
            .filter(|index| *index < arguments.len())
            .collect()
    };
    match operation {
        "AUTH" => (1..arguments.len()).collect(),
        "HELLO" => after("AUTH", 2),
        "MIGRATE" => [after("AUTH", 1), after("AUTH2", 2)].concat(),
        "CONFIG SET" => (3..arguments.len())
            .step_by(2)
            .filter(|index| configuration::is_secret(arguments.at(index - 1)))
            .collect(),
        name if name.starts_with("ACL ") => (2..arguments.len()).collect(),
        _ => Vec::new(),
    }
}
