//! `CONFIG GET`, `SET`, `RESETSTAT`, `REWRITE`.

use std::collections::BTreeSet;

use super::call::Call;
use super::configuration::{self, Change, Parameter};
use super::error::Error;
use super::glob;
use super::reply::{OK, Reply};
use super::state::Counters;
use super::store::Statistics;

type Outcome = Result<Reply, Error>;

/// `CONFIG GET pattern [pattern …]`
pub fn get(call: &mut Call<'_>) -> Outcome {
    let mut found: Vec<(&[u8], &Parameter)> = Vec::new();
    for pattern in call.arguments.from(2) {
        if !pattern.iter().any(|byte| b"[*?".contains(byte)) {
            // one that is named is answered as it was named
            let named = configuration::find(pattern).map(|parameter| (pattern, parameter));
            found.extend(named.filter(|(name, _)| found.iter().all(|(other, _)| other != name)));
            continue;
        }
        for parameter in configuration::PARAMETERS {
            let name = parameter.name.as_bytes();
            if glob::matches(pattern, name, true) && found.iter().all(|(other, _)| *other != name) {
                found.push((name, parameter));
            }
        }
    }
    let configuration = &call.state.configuration;
    let pair = |(name, parameter): (&[u8], &Parameter)| {
        (Reply::copied(name), Reply::Bulk(configuration.get(parameter).into()))
    };
    Ok(Reply::Map(found.into_iter().map(pair).collect()))
}

/// `CONFIG SET parameter value [parameter value …]`: all of them, or none
pub fn set(call: &mut Call<'_>) -> Outcome {
    if !call.arguments.len().is_multiple_of(2) {
        return Err(Error::Syntax);
    }
    let mut changes = Vec::new();
    let mut seen = BTreeSet::new();
    for index in (2..call.arguments.len()).step_by(2) {
        let name = call.argument(index);
        let parameter = configuration::find(name).ok_or_else(|| unknown(name))?;
        if parameter.change == Change::Never {
            return Err(failed(parameter, "can't set immutable config"));
        }
        if !seen.insert(parameter.name) {
            return Err(failed(parameter, "duplicate parameter"));
        }
        changes.push((parameter, call.argument(index + 1)));
    }
    let mut values = Vec::new();
    for (parameter, value) in changes {
        let value = parameter
            .normalised(value)
            .map_err(|invalid| failed(parameter, &invalid.0))?;
        let is_new = call.state.configuration.get(parameter) != value;
        if is_new && parameter.refuses(&value) {
            return Err(failed(parameter, "this emulator does not do what it says"));
        }
        values.push((parameter, value));
    }
    for (parameter, value) in values {
        call.state.configuration.set(parameter, value);
    }
    Ok(OK)
}

fn unknown(name: &[u8]) -> Error {
    Error::Quoted(
        [
            b"ERR Unknown option or number of arguments for CONFIG SET - '",
            name,
            b"'",
        ]
        .concat(),
    )
}

fn failed(parameter: &Parameter, why: &str) -> Error {
    Error::Text(format!(
        "ERR CONFIG SET failed (possibly related to argument '{}') - {why}",
        parameter.name
    ))
}

/// `CONFIG RESETSTAT`
pub fn resetstat(call: &mut Call<'_>) -> Outcome {
    call.state.counters = Counters::default();
    call.state.store.statistics = Statistics::default();
    Ok(OK)
}

/// `CONFIG REWRITE`: there is no file
pub fn rewrite(_: &mut Call<'_>) -> Outcome {
    Err(Error::Fixed("ERR The server is running without a config file"))
}
