//! `COMMAND`: the dispatch table, as clients see it; and the keys of a request.

use sha2::{Digest, Sha256};

use super::call::Call;
use super::docs;
use super::error::Error;
use super::glob;
use super::reply::Reply;
use super::request::Arguments;
use super::table::{self, CATEGORY_NAMES, COMMANDS, Command, FLAG_NAMES, KEY_FLAG_NAMES, KeySpecification};
use crate::chassis::Seed;

type Outcome = Result<Reply, Error>;

/// How long a `run_id` is, in hexadecimal digits.
const RUN_ID_DIGITS: usize = 40;

/// What tells one run of a service from another: derived from its seed.
#[must_use]
pub fn run_id(seed: &Seed) -> String {
    let mut bytes = [0; RUN_ID_DIGITS / 2];
    seed.stream("run_id").fill(&mut bytes);
    let digest = Sha256::digest(bytes);
    digest
        .iter()
        .take(RUN_ID_DIGITS / 2)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The keys of a request whose arity is right.
#[must_use]
pub fn keys<'a>(command: &Command, arguments: Arguments<'a>) -> Vec<&'a [u8]> {
    let specifications = command.keys.iter();
    specifications
        .flat_map(|keys| places(keys, arguments.len()).filter_map(|index| arguments.get(index)))
        .collect()
}

fn places(keys: &KeySpecification, count: usize) -> impl Iterator<Item = usize> + use<> {
    let last = if keys.last < 0 {
        count.saturating_sub(usize::try_from(-keys.last).unwrap_or(0))
    } else {
        keys.first + usize::try_from(keys.last).unwrap_or(0)
    };
    (keys.first..=last).step_by(keys.step.max(1))
}

/// Every command, each followed by its subcommands.
pub fn all() -> impl Iterator<Item = &'static Command> {
    COMMANDS
        .iter()
        .flat_map(|command| std::iter::once(command).chain(command.subcommands))
}

/// A command by its full name, in any case.
fn by_full_name(name: &[u8]) -> Option<&'static Command> {
    let mut words = name.splitn(2, |byte| *byte == b'|');
    let command = table::find(words.next()?)?;
    words.next().map_or(Some(command), |second| command.subcommand(second))
}

/// `COMMAND`
pub fn command(_: &mut Call<'_>) -> Outcome {
    Ok(Reply::Array(COMMANDS.iter().map(describe).collect()))
}

/// `COMMAND COUNT`
pub fn command_count(_: &mut Call<'_>) -> Outcome {
    Ok(Reply::count(COMMANDS.len()))
}

/// `COMMAND INFO [name …]`
pub fn command_info(call: &mut Call<'_>) -> Outcome {
    if call.arguments.len() == 2 {
        return command(call);
    }
    let names = call.arguments.from(2);
    Ok(Reply::Array(
        names
            .map(|name| by_full_name(name).map_or(Reply::Nil, describe))
            .collect(),
    ))
}

fn describe(command: &'static Command) -> Reply {
    let statuses = |flags, names| Reply::Set(table::names(flags, names).map(Reply::Status).collect());
    let (first, last, step) = range(command);
    let subcommands = command.subcommands.iter().map(describe);
    Reply::Array(vec![
        Reply::text(command.name),
        Reply::Integer(command.arity),
        statuses(command.flags, FLAG_NAMES),
        Reply::Integer(first),
        Reply::Integer(last),
        Reply::Integer(step),
        Reply::Set(
            table::names(command.categories, CATEGORY_NAMES)
                .map(Reply::Status)
                .collect(),
        ),
        Reply::Set(command.tips.iter().map(|tip| Reply::text(tip)).collect()),
        Reply::Set(command.keys.iter().map(specify).collect()),
        Reply::Set(subcommands.collect()),
    ])
}

/// First key, last key and step, as older clients know them.
fn range(command: &Command) -> (i64, i64, i64) {
    let Some(first) = command.keys.first() else {
        return (0, 0, 0);
    };
    let number = |place: usize| i64::try_from(place).unwrap_or(i64::MAX);
    let ends = command.keys.iter().map(|keys| {
        if keys.last < 0 {
            keys.last
        } else {
            number(keys.first) + keys.last
        }
    });
    (number(first.first), ends.fold(i64::MIN, i64::max), number(first.step))
}

fn specify(keys: &KeySpecification) -> Reply {
    let number = |place: usize| Reply::count(place);
    let named = |name, value| (Reply::text(name), value);
    let mut pairs = Vec::new();
    if !keys.notes.is_empty() {
        pairs.push(named("notes", Reply::text(keys.notes)));
    }
    pairs.push(named(
        "flags",
        Reply::Set(table::names(keys.flags, KEY_FLAG_NAMES).map(Reply::Status).collect()),
    ));
    let index = Reply::Map(vec![named("index", number(keys.first))]);
    pairs.push(named(
        "begin_search",
        Reply::Map(vec![named("type", Reply::text("index")), named("spec", index)]),
    ));
    let range = Reply::Map(vec![
        named("lastkey", Reply::Integer(keys.last)),
        named("keystep", number(keys.step)),
        named("limit", Reply::Integer(0)),
    ]);
    pairs.push(named(
        "find_keys",
        Reply::Map(vec![named("type", Reply::text("range")), named("spec", range)]),
    ));
    Reply::Map(pairs)
}

/// `COMMAND DOCS [name …]`: those that are not known are left out
pub fn command_docs(call: &mut Call<'_>) -> Outcome {
    let describe = |command: &'static Command| (Reply::text(command.name), docs::describe(command));
    if call.arguments.len() == 2 {
        return Ok(Reply::Map(COMMANDS.iter().map(describe).collect()));
    }
    Ok(Reply::Map(
        call.arguments.from(2).filter_map(by_full_name).map(describe).collect(),
    ))
}

/// The keys of a request that is given as arguments, from the third on, with their flags.
fn keys_of_request(call: &Call<'_>) -> Result<Vec<(Reply, u32)>, Error> {
    let request = call.arguments.without(2);
    let command = table::find(request.at(0)).and_then(|command| match request.get(1) {
        Some(second) if !command.subcommands.is_empty() => command.subcommand(second),
        _ => Some(command),
    });
    let command = command.ok_or(Error::Fixed("ERR Invalid command specified"))?;
    if command.keys.is_empty() {
        return Err(Error::Fixed("ERR The command has no key arguments"));
    }
    if !command.takes(request.len()) {
        return Err(Error::Fixed("ERR Invalid number of arguments specified for command"));
    }
    let mut found = Vec::new();
    for keys in command.keys {
        for index in places(keys, request.len()) {
            found.push((Reply::copied(request.at(index)), flags_of(command, keys, request)));
        }
    }
    Ok(found)
}

/// The flags of a key; with `SET` they depend on its options.
fn flags_of(command: &Command, keys: &KeySpecification, request: Arguments<'_>) -> u32 {
    if command.name != "set" {
        return keys.flags;
    }
    if request.from(3).any(|option| option.eq_ignore_ascii_case(b"GET")) {
        table::RW | table::ACCESS | table::UPDATE
    } else {
        table::OW | table::UPDATE
    }
}

/// `COMMAND GETKEYS name [argument …]`
pub fn command_getkeys(call: &mut Call<'_>) -> Outcome {
    Ok(Reply::Array(
        keys_of_request(call)?.into_iter().map(|(key, _)| key).collect(),
    ))
}

/// `COMMAND GETKEYSANDFLAGS name [argument …]`
pub fn command_getkeysandflags(call: &mut Call<'_>) -> Outcome {
    let with_flags = |(key, flags)| {
        Reply::Array(vec![
            key,
            Reply::Set(table::names(flags, KEY_FLAG_NAMES).map(Reply::Status).collect()),
        ])
    };
    Ok(Reply::Array(
        keys_of_request(call)?.into_iter().map(with_flags).collect(),
    ))
}

/// `COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern]`
pub fn command_list(call: &mut Call<'_>) -> Outcome {
    let names = |is_wanted: &dyn Fn(&Command) -> bool| {
        let wanted = all().filter(|command| is_wanted(command));
        Reply::Array(wanted.map(|command| Reply::text(command.name)).collect())
    };
    if call.arguments.len() == 2 {
        return Ok(names(&|_| true));
    }
    if call.arguments.len() != 5 || !call.is_word(2, "FILTERBY") {
        return Err(Error::Syntax);
    }
    let value = call.argument(4);
    if call.is_word(3, "MODULE") {
        Ok(Reply::Array(Vec::new()))
    } else if call.is_word(3, "ACLCAT") {
        Ok(names(&|command| {
            table::names(command.categories, CATEGORY_NAMES)
                .any(|category| category.trim_start_matches('@').as_bytes().eq_ignore_ascii_case(value))
        }))
    } else if call.is_word(3, "PATTERN") {
        Ok(names(&|command| glob::matches(value, command.name.as_bytes(), true)))
    } else {
        Err(Error::Syntax)
    }
}
