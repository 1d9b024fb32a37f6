//! `slt secret`: the values of `${usersecrets.KEY}`, stored outside the project and read by `slt run`.
//!
//! A value comes from a prompt without echo, or from standard input; never from an argument, which other programs can
//! see and the shell remembers. No value is ever printed, and an argument that may be one is not repeated either.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use clap::CommandFactory;
use clap::error::ErrorKind;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Exit, Failure, Session, prompt};
use crate::catalogue::{CATALOGUE, Need};
use crate::cli::{Cli, Secret as Arguments, SecretCommand, SecretImport, SecretSet};
use crate::events::Event;
use crate::project::{self, Project};
use crate::secrets::slight::{KEY_FILE, Key, SlightError};
use crate::secrets::{self, Name, NameError, Secrets, SecretsError, Store, VALUE_MAX_BYTES, ValueError};
use crate::slightfile::{self, Diagnostic, SecretSetting, Slightfile, Value, nearest};
use crate::support::os;
use crate::support::secret::Secret;
use crate::ui::diagnostics::Source;

/// What `slt secret … --format json` prints, an object a line. Names only: no value is in any of them.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// A secret that is stored for this project.
    Secret {
        /// Its name.
        name: String,
    },
    /// A value was stored.
    SecretSet {
        /// Its name.
        name: String,
        /// Whether there was another value before.
        replaced: bool,
    },
    /// A secret was removed.
    SecretRemoved {
        /// Its name.
        name: String,
    },
    /// One of slight's secret settings was looked at.
    SecretImported {
        /// Its name.
        name: String,
        /// What became of it.
        outcome: Imported,
    },
}

/// What became of a secret setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Imported {
    /// It is stored now.
    Stored,
    /// It is stored now, in place of another value.
    Replaced,
    /// There was a value before, which was left as it is.
    Kept,
}

/// Runs `slt secret`.
pub fn run(session: &Session<'_>, arguments: &Arguments) -> Result<Exit, Failure> {
    match &arguments.command {
        SecretCommand::Set(set) => self::set(session, set),
        SecretCommand::List => list(session),
        SecretCommand::Remove(remove) => self::remove(session, &remove.key),
        SecretCommand::Import(import) => self::import(session, import),
    }
}

/// Every secret of the project in this folder.
pub(super) fn all(session: &Session<'_>, root: &Path) -> Result<Secrets, Failure> {
    store(session, root)?.read().map_err(refused)
}

fn set(session: &Session<'_>, arguments: &SecretSet) -> Result<Exit, Failure> {
    if !arguments.value.is_empty() {
        return Err(misnamed(&NameError::Value));
    }
    let name = name(&arguments.key)?;
    let (project, store) = project_store(session)?;
    // what is wrong with the store is said before a value is asked for
    store.read().map_err(refused)?;
    let value = value(session, &name)?;
    let replaced = store
        .change(|secrets| secrets.insert(name.clone(), value).is_some())
        .map_err(refused)?;
    let verb = if replaced { "replaced" } else { "stored" };
    let line = Line::SecretSet {
        name: name.to_string(),
        replaced,
    };
    session
        .ui
        .result(&format!("{verb} `{name}` for `{}`\n", project.slightfile_name), &[line]);
    let is_used = parsed(&project).is_some_and(|slightfile| referred(&slightfile).contains(name.as_str()));
    if !is_used {
        note(
            session,
            format!(
                "nothing refers to it yet: write \"${{usersecrets.{name}}}\" as a value in `{}`",
                project.slightfile_name
            ),
        );
    }
    Ok(Exit::Done)
}

fn list(session: &Session<'_>) -> Result<Exit, Failure> {
    let (project, store) = project_store(session)?;
    let secrets = store.read().map_err(refused)?;
    let names: Vec<&str> = secrets.keys().map(Name::as_str).collect();
    let lines: Vec<_> = names
        .iter()
        .map(|name| Line::Secret {
            name: (*name).to_owned(),
        })
        .collect();
    let text: String = names.iter().map(|name| format!("{name}\n")).collect();
    session.ui.result(&text, &lines);
    let referred = parsed(&project)
        .map(|slightfile| referred(&slightfile))
        .unwrap_or_default();
    let missing: Vec<&String> = referred.iter().filter(|name| !names.contains(&name.as_str())).collect();
    for name in &missing {
        note(
            session,
            format!(
                "`{}` refers to `{name}`, which is not stored: `slt secret set {name}`",
                project.slightfile_name
            ),
        );
    }
    if names.is_empty() && missing.is_empty() {
        note(
            session,
            format!(
                "nothing is stored for `{}`; `slt secret set KEY` stores a value",
                project.slightfile_name
            ),
        );
    }
    Ok(Exit::Done)
}

fn remove(session: &Session<'_>, key: &str) -> Result<Exit, Failure> {
    let name = name(key)?;
    let (project, store) = project_store(session)?;
    let secrets = store.read().map_err(refused)?;
    let gone = || Failure::usage(format!("no `{name}` is stored for `{}`", project.slightfile_name));
    if !secrets.contains_key(&name) {
        return Err(match nearest(key, secrets.keys().map(Name::as_str)) {
            Some(meant) => gone().hint(format!("did you mean `{meant}`?")),
            None => gone().hint("`slt secret list` shows what is stored"),
        });
    }
    store.change(|secrets| secrets.remove(&name)).map_err(refused)?;
    let line = Line::SecretRemoved { name: name.to_string() };
    session.ui.result(&format!("removed `{name}`\n"), &[line]);
    Ok(Exit::Done)
}

fn import(session: &Session<'_>, arguments: &SecretImport) -> Result<Exit, Failure> {
    let (project, store) = project_store(session)?;
    let settings = settings(session, &project)?;
    let key_path = match &arguments.key_file {
        Some(path) => session.directory().join(path),
        None => os::temporary_directory(&session.invocation.environment).join(KEY_FILE),
    };
    let key = Key::read(&key_path).map_err(|error| unimported(&error))?;
    let decrypted = key.decrypt_all(&settings).map_err(|error| unimported(&error))?;
    let values = decrypted
        .into_iter()
        .map(|(name, value)| storable(&project, name, &value))
        .collect::<Result<_, Failure>>()?;
    let outcomes = store
        .change(|secrets| bring_over(values, secrets, arguments.force))
        .map_err(refused)?;
    report_import(session, &project, &key_path, &outcomes);
    Ok(Exit::Done)
}

/// What was decrypted, if `slt secret set` would store it too.
fn storable(project: &Project, name: Name, value: &Secret) -> Result<(Name, Secret), Failure> {
    match secrets::value(value.expose().as_bytes().to_vec()) {
        Ok(value) => Ok((name, value)),
        Err(error) => Err(
            Failure::usage(format!("`{name}` cannot be imported: {error}")).hint(format!(
                "nothing was imported; take `{name}` out of the `[[secret_settings]]` of `{}`, and import the others",
                project.slightfile_name
            )),
        ),
    }
}

/// Names and encrypted values. Of two with one name the first counts, as in slight. A file with errors gives none: a setting
/// that is not as it should be is not among those that were read.
fn settings(session: &Session<'_>, project: &Project) -> Result<Vec<(Name, String)>, Failure> {
    let file = &project.slightfile_name;
    let (slightfile, diagnostics) = slightfile::parse(file, &project.slightfile_text);
    let is_right = !diagnostics.iter().any(Diagnostic::is_error);
    let Some(slightfile) = slightfile.filter(|_| is_right) else {
        let source = Source {
            name: file,
            text: &project.slightfile_text,
        };
        session.ui.diagnostics(source, &diagnostics);
        return Err(Failure::usage(format!("`{file}` has errors: nothing was imported")));
    };
    let mut settings: Vec<(Name, String)> = Vec::new();
    for SecretSetting { name, encrypted } in slightfile.secret_settings {
        let parsed = Name::parse(&name.value).map_err(|error| {
            Failure::usage(format!("`{}` cannot be imported: {error}", name.value.escape_debug()))
                .hint(format!("rename it in `{file}`, also where a value refers to it"))
        })?;
        let is_first = settings.iter().all(|(known, _)| *known != parsed);
        if let (true, Value::Literal(encrypted)) = (is_first, encrypted.value) {
            settings.push((parsed, encrypted));
        }
    }
    if settings.is_empty() {
        return Err(Failure::usage(format!(
            "there is nothing to import: `{file}` has no `[[secret_settings]]`"
        ))
        .hint("`slt secret set KEY` stores a value"));
    }
    Ok(settings)
}

fn bring_over(values: Vec<(Name, Secret)>, secrets: &mut Secrets, force: bool) -> Vec<(Name, Imported)> {
    let mut outcomes = Vec::new();
    for (name, value) in values {
        let outcome = match (secrets.contains_key(&name), force) {
            (false, _) => Imported::Stored,
            (true, true) => Imported::Replaced,
            (true, false) => Imported::Kept,
        };
        if outcome != Imported::Kept {
            secrets.insert(name.clone(), value);
        }
        outcomes.push((name, outcome));
    }
    outcomes
}

fn report_import(session: &Session<'_>, project: &Project, key: &Path, outcomes: &[(Name, Imported)]) {
    let text = |(name, outcome): &(Name, Imported)| match outcome {
        Imported::Stored => format!("imported `{name}`\n"),
        Imported::Replaced => format!("imported `{name}`, in place of what was stored\n"),
        Imported::Kept => format!("kept `{name}`, which is stored already\n"),
    };
    let line = |(name, outcome): &(Name, Imported)| Line::SecretImported {
        name: name.to_string(),
        outcome: *outcome,
    };
    let lines: Vec<Line> = outcomes.iter().map(line).collect();
    session
        .ui
        .result(&outcomes.iter().map(text).collect::<String>(), &lines);
    if outcomes.iter().any(|(_, outcome)| *outcome == Imported::Kept) {
        note(
            session,
            "`slt secret import --force` replaces what is stored".to_owned(),
        );
    }
    note(
        session,
        format!(
            "`{}` is as it was: whoever has it and `{}` can read these values, and slt needs neither any more",
            project.slightfile_name,
            key.display()
        ),
    );
}

/// The value, from a prompt or from standard input.
fn value(session: &Session<'_>, name: &Name) -> Result<Secret, Failure> {
    let bytes = match io::stdin().is_terminal() {
        true => {
            let hint = format!("give it on standard input: `slt secret set {name} < FILE`");
            let value = prompt::secret(session, &format!("value of `{name}`: "), &hint)?;
            value.expose().as_bytes().to_vec()
        }
        false => piped()?,
    };
    secrets::value(bytes).map_err(|error| {
        let hint = match error {
            ValueError::Empty => {
                format!("type it when it is asked for, or give it on standard input: `slt secret set {name} < FILE`")
            }
            ValueError::TooLong => "keep a file outside the project, and its path in the slightfile".to_owned(),
            ValueError::NotText => "encode it, for example with `base64`".to_owned(),
        };
        Failure::usage(format!("{error}: nothing was stored")).hint(hint)
    })
}

/// What comes on standard input, without the newline that ends it.
fn piped() -> Result<Vec<u8>, Failure> {
    const NEWLINE_BYTES: usize = 2; // `\r\n`
    let most = VALUE_MAX_BYTES + NEWLINE_BYTES + 1;
    let mut bytes = Vec::new();
    io::stdin()
        .take(most as u64)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::environment(format!("cannot read standard input: {}", os::reason(&error))))?;
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        bytes.pop_if(|byte| *byte == b'\r');
    }
    Ok(bytes)
}

/// The project of this folder, or of `-c`, and its store. The slightfile need not be right for this.
fn project_store(session: &Session<'_>) -> Result<(Project, Store), Failure> {
    let directory = session.directory();
    let config = session.global.config.as_ref().map(|config| directory.join(config));
    let project = project::load(&directory, config.as_deref())
        .map_err(|error| Failure::usage(error.to_string()).hint(error.hint()))?;
    let store = store(session, &project.root)?;
    Ok((project, store))
}

fn store(session: &Session<'_>, root: &Path) -> Result<Store, Failure> {
    let data = os::data_directory(&session.invocation.environment).ok_or_else(|| {
        Failure::environment("there is no folder for slt's data: the environment names no home")
            .hint("set `SLT_DATA_DIR` to a folder of yours, by its whole path")
    })?;
    Store::of(&data, root).map_err(refused)
}

fn parsed(project: &Project) -> Option<Slightfile> {
    slightfile::parse(&project.slightfile_name, &project.slightfile_text).0
}

/// The secrets that a slightfile names, and that can be stored; in 0.1, those that its `secret_store` is asked for.
fn referred(slightfile: &Slightfile) -> BTreeSet<String> {
    let mut values: Vec<Value> = Vec::new();
    for entry in &slightfile.capabilities {
        values.extend(entry.configs.values().map(|config| config.value.value.clone()));
        let resource = CATALOGUE.resource(&entry.resource.value);
        let required = resource.iter().flat_map(|resource| resource.keys);
        let required = required.filter(|key| key.need == Need::Required);
        values.extend(required.filter_map(|key| slightfile.config(entry, key.name)));
    }
    let name = |value| match value {
        Value::Reference {
            store: slightfile::Store::Usersecrets,
            key,
            ..
        } => Some(key),
        Value::Reference { .. } | Value::Literal(_) => None,
    };
    let names = values.into_iter().filter_map(name);
    names.filter(|name| Name::parse(name).is_ok()).collect()
}

/// Says something to people; programs get results only.
fn note(session: &Session<'_>, message: String) {
    if !session.ui.is_json() {
        session.ui.event(&Event::Note { message });
    }
}

fn name(text: &str) -> Result<Name, Failure> {
    Name::parse(text).map_err(|error| misnamed(&error))
}

fn misnamed(error: &NameError) -> Failure {
    let hint = match error {
        NameError::Value => {
            "`slt secret set KEY` asks for the value; `slt secret set KEY < FILE` reads it. A value that was typed here is in \
             the shell's history now"
        }
        NameError::Empty | NameError::TooLong(_) | NameError::Characters => {
            "it is the `KEY` of `${usersecrets.KEY}`, for example `REDIS_ADDRESS`"
        }
    };
    Failure::usage(error.to_string()).hint(hint)
}

fn refused(error: SecretsError) -> Failure {
    Failure::environment(error.to_string()).hint(error.hint())
}

fn unimported(error: &SlightError) -> Failure {
    let hint = match error {
        SlightError::NoKey(_) => {
            "it is lost when the system clears its temporary files; name a copy with `--key-file`, or store the values anew \
             with `slt secret set KEY`"
        }
        SlightError::Unreadable { .. } | SlightError::NoSuchKey { .. } => {
            "`--key-file` names another file; without the key, store the values anew with `slt secret set KEY`"
        }
        SlightError::WrongKey { .. } => {
            "nothing was imported; slight made a new key since, or the file came from another machine: name the right key \
             with `--key-file`, or store the values anew with `slt secret set KEY`"
        }
    };
    Failure::usage(error.to_string()).hint(hint)
}

/// A usage error of `slt secret` that would repeat an argument, which may be a value; `None`: any other.
pub(super) fn unclear(arguments: &[OsString], error: &clap::Error) -> Option<Failure> {
    let repeats_nothing = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::MissingRequiredArgument
            | ErrorKind::MissingSubcommand
    );
    let lenient = Cli::command().ignore_errors(true).try_get_matches_from(arguments);
    let is_secret = lenient.is_ok_and(|matches| matches.subcommand_name() == Some("secret"));
    (is_secret && !repeats_nothing).then(|| {
        Failure::usage("`slt secret` does not take these arguments, which are not repeated here: one may be a value")
            .hint("`slt secret --help` shows what it takes; a value is asked for, or read from standard input")
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn usage_errors_repeat_no_value() {
        for (line, is_covered) in [
            ("slt secret set A --zq7", true),
            ("slt secret set A -zq7", true),
            ("slt secret set A --zq7=1 --format json", true),
            ("slt secret zq7", true),
            ("slt secret A=zq7", true),
            ("slt secret -k A -v zq7", true),
            ("slt -q -c s.toml secret set A --zq7", true),
            ("slt secret list zq7", true),
            ("slt secret remove A zq7", true),
            ("slt secret set", false),
            ("slt secret", false),
            ("slt secret --help", false),
            ("slt new secret --what", false),
            ("slt run secret -x", false),
            ("slt sicret", false),
        ] {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let error = Cli::try_parse_from(&arguments).unwrap_err();
            let failure = unclear(&arguments, &error);
            assert_eq!(failure.is_some(), is_covered, "{line}");
            let said = failure.map_or(error.to_string(), |failure| format!("{failure:?}"));
            assert!(!said.contains("zq7"), "{line}: {said}");
        }
    }
}
