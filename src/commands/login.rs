//! `slt login` and `slt logout`: credentials for a registry, checked and then kept where Docker keeps its own.

use std::io::{self, IsTerminal, Read};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Exit, Failure, Session, prompt, registries};
use crate::cli::registry::{Login, Logout};
use crate::project;
use crate::registry::credentials::CredentialsError;
use crate::registry::docker::Kept;
use crate::registry::{self, Credentials, Error, ReferenceError};
use crate::support::os;
use crate::support::secret::Secret;

/// The longest password, in bytes: tokens of large organisations have some 10,000.
const PASSWORD_MAX_BYTES: usize = 64 << 10;

/// What `slt login` and `slt logout` print for programs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// Credentials were stored.
    LoggedIn {
        /// The registry.
        registry: String,
        /// The user.
        user: String,
        /// The file, as an absolute path, or the helper that has them now.
        kept: String,
        /// Whether the registry has asked for them before, and taken them; else it lets everybody in.
        taken: bool,
    },
    /// The registry takes what is stored, or wants nothing.
    Checked {
        /// The registry.
        registry: String,
        /// Whether there are credentials for it.
        credentials: bool,
        /// Whether it has asked for them, and taken them; else it lets everybody in.
        taken: bool,
    },
    /// Credentials were removed.
    LoggedOut {
        /// The registry.
        registry: String,
        /// The file, as an absolute path, or the helper that had them.
        kept: String,
    },
}

/// Runs `slt login`.
pub fn run(session: &Session<'_>, arguments: &Login) -> Result<Exit, Failure> {
    let registry = named(&arguments.registry)?;
    if arguments.check {
        return check(session, arguments, &registry);
    }
    let user = arguments.username.clone().unwrap_or_default();
    if user.is_empty() || user.contains(':') || user.chars().any(char::is_control) {
        return Err(
            Failure::usage("a user has a name, without a colon").hint("`slt login REGISTRY -u USER --password-stdin`")
        );
    }
    let password = password(session, &user, &registry, arguments.password_stdin)?;
    let login = registry::Login::Basic {
        user: user.clone(),
        password: password.clone(),
    };
    let client = registries::with_credentials(session, &arguments.registries, Credentials::fixed(login))?;
    let taken = registries::wait(session, async {
        client.check(&registry).await.map_err(|error| refused(&registry, error))
    })?;
    let files = registries::files(session);
    let kept = files.store(&registry, &user, &password).map_err(not_kept)?;
    let line = Line::LoggedIn {
        registry: registry.clone(),
        user: user.clone(),
        kept: plain(&kept),
        taken,
    };
    let kept = shown(session, &kept);
    let text = match taken {
        true => format!("logged in to {registry} as {user}; kept in {kept}\n"),
        false => {
            format!("{registry} lets everybody in, and has not looked at the credentials of {user}; kept in {kept}\n")
        }
    };
    session.ui.result(&text, &[line]);
    Ok(Exit::Done)
}

fn check(session: &Session<'_>, arguments: &Login, registry: &str) -> Result<Exit, Failure> {
    let client = registries::client(session, &arguments.registries)?;
    let taken = registries::wait(session, async {
        client.check(registry).await.map_err(registries::failure)
    })?;
    let credentials = registries::files(session).find(registry).map_err(not_kept)?.is_some();
    let text = match (credentials, taken) {
        (true, true) => format!("{registry} takes the credentials that are stored for it\n"),
        (true, false) => {
            format!("{registry} lets everybody in, and has not looked at the credentials that are stored for it\n")
        }
        (false, _) => format!("{registry} lets everybody in; no credentials are stored for it\n"),
    };
    let line = Line::Checked {
        registry: registry.to_owned(),
        credentials,
        taken,
    };
    session.ui.result(&text, &[line]);
    Ok(Exit::Done)
}

/// Runs `slt logout`.
pub fn logout(session: &Session<'_>, arguments: &Logout) -> Result<Exit, Failure> {
    let registry = named(&arguments.registry)?;
    let Some(kept) = registries::files(session).remove(&registry).map_err(not_kept)? else {
        return Err(Failure::usage(format!("no credentials are stored for {registry}"))
            .hint("they may be named for a part of it, or lie in a file that `slt login` does not write"));
    };
    let line = Line::LoggedOut {
        registry: registry.clone(),
        kept: plain(&kept),
    };
    let kept = shown(session, &kept);
    session
        .ui
        .result(&format!("logged out of {registry}; removed from {kept}\n"), &[line]);
    Ok(Exit::Done)
}

fn named(text: &str) -> Result<String, Failure> {
    let text = registries::without_doubt(text).unwrap_or(text);
    let text = text.strip_prefix("https://").unwrap_or(text).trim_end_matches('/');
    registry::registry_name(text).map_err(|error: ReferenceError| {
        Failure::usage(error.to_string()).hint("a registry is `registry.example.com`, or `localhost:5000`")
    })
}

fn refused(registry: &str, error: Error) -> Failure {
    match error {
        Error::Unauthorized { .. } => {
            Failure::environment(format!("{registry} refuses these credentials: nothing was stored"))
                .hint("some registries want a token that is made on their page in place of the password")
        }
        error => registries::failure(error),
    }
}

fn not_kept(error: CredentialsError) -> Failure {
    registries::failure(Error::Credentials(error))
}

/// For programs.
fn plain(kept: &Kept) -> String {
    match kept {
        Kept::File(path) => path.display().to_string(),
        Kept::Helper(program) => program.clone(),
    }
}

fn shown(session: &Session<'_>, kept: &Kept) -> String {
    match kept {
        Kept::File(path) => format!("`{}`", project::named(path, &session.directory())),
        Kept::Helper(program) => format!("`{program}`"),
    }
}

/// The password: from standard input where that is said, else asked for on a terminal.
fn password(session: &Session<'_>, user: &str, registry: &str, from_stdin: bool) -> Result<Secret, Failure> {
    let how = || format!("`slt login {registry} -u {user} --password-stdin < FILE`");
    let password = match (from_stdin, io::stdin().is_terminal()) {
        (true, _) => piped()?,
        (false, false) => {
            return Err(Failure::usage("there is no terminal to ask for the password on").hint(how()));
        }
        (false, true) => prompt::secret(session, &format!("password of {user} for {registry}: "), &how())?,
    };
    match password.expose() {
        "" => Err(Failure::usage("the password is empty: nothing was stored").hint(how())),
        _ => Ok(password),
    }
}

fn piped() -> Result<Secret, Failure> {
    let mut bytes = Vec::new();
    let most = PASSWORD_MAX_BYTES as u64 + 1;
    io::stdin()
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::environment(format!("cannot read standard input: {}", os::reason(&error))))?;
    if bytes.len() > PASSWORD_MAX_BYTES {
        return Err(Failure::usage(format!(
            "a password may have {PASSWORD_MAX_BYTES} bytes"
        )));
    }
    let text = String::from_utf8(bytes).map_err(|_| Failure::usage("the password is no text"))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(line.strip_suffix('\r').unwrap_or(line)))
}
