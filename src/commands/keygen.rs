//! `slt keygen`: a key pair, in two files that cosign reads.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::signing::{PASSWORD_HINT, has_password, password};
use super::{Exit, Failure, Session, prompt};
use crate::cli::signing::Keygen;
use crate::signing::PrivateKey;
use crate::support::os;
use crate::support::secret::Secret;

/// What `slt keygen --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// A key pair was made.
    KeyPair {
        /// The file of the private key.
        private: String,
        /// The file of the public key.
        public: String,
        /// The public key's SHA-256, shortened: `sha256:0123456789abcdef`.
        fingerprint: String,
    },
}

/// Runs `slt keygen`.
pub fn run(session: &Session<'_>, arguments: &Keygen) -> Result<Exit, Failure> {
    is_prefix(&arguments.prefix)?;
    let named = |ending: &str| {
        let mut name = arguments.prefix.clone().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    let (private, public) = (named(".key"), named(".pub"));
    let at = |path: &Path| session.directory().join(path);
    // before a password is asked for
    for path in [&private, &public] {
        if !arguments.force && std::fs::symlink_metadata(at(path)).is_ok() {
            return Err(Failure::usage(format!("`{}` is there already", path.display()))
                .hint("what it has signed can be verified with it only; `--force` replaces it"));
        }
    }
    let pair = PrivateKey::generate(&new_password(session, arguments.password_stdin)?)
        .map_err(|error| Failure::environment(error.to_string()).hint(error.hint()))?;
    let unwritten = |path: &Path, error: io::Error| {
        Failure::environment(format!("cannot write `{}`: {}", path.display(), os::reason(&error)))
    };
    os::write_private_file(&at(&private), pair.private.expose().as_bytes())
        .map_err(|error| unwritten(&private, error))?;
    os::write_to(&at(&public), pair.public.as_bytes()).map_err(|error| unwritten(&public, error))?;
    let human = format!(
        "{} is the private key, encrypted: keep it to yourself\n{} is the public key {}: give it to everybody\n",
        private.display(),
        public.display(),
        pair.fingerprint
    );
    let line = Line::KeyPair {
        private: private.display().to_string(),
        public: public.display().to_string(),
        fingerprint: pair.fingerprint,
    };
    session.ui.result(&human, &[line]);
    Ok(Exit::Done)
}

/// Whether a file is named: what stands before `.key` is not empty, and is not `.key` already.
fn is_prefix(prefix: &Path) -> Result<(), Failure> {
    let text = prefix.to_string_lossy();
    let name = text.rsplit(std::path::is_separator).next().unwrap_or_default();
    if ["", ".", ".."].contains(&name) {
        return Err(Failure::usage(format!("`{text}` names no file"))
            .hint("give a name to write it by: `slt keygen release` writes `release.key` and `release.pub`"));
    }
    for ending in [".key", ".pub"] {
        if let Some(stem) = text.strip_suffix(ending) {
            let failure = Failure::usage(format!("`{ending}` is added to `{text}`, which ends with it"));
            return Err(failure.hint(format!("`slt keygen {stem}` writes `{stem}.key` and `{stem}.pub`")));
        }
    }
    Ok(())
}

fn new_password(session: &Session<'_>, from_stdin: bool) -> Result<Secret, Failure> {
    let first = password(session, from_stdin, "a password for the new key: ")?;
    let first = first.ok_or_else(|| {
        Failure::usage("there is no password for the new key, and no terminal to ask at")
            .hint("`--password-stdin` reads it; `COSIGN_PASSWORD` has it, and may be empty for a key without one")
    })?;
    if from_stdin && first.expose().is_empty() {
        return Err(Failure::usage("there is no password on standard input")
            .hint("`COSIGN_PASSWORD=` says that the key is to have none"));
    }
    let was_asked = !from_stdin && io::stdin().is_terminal() && !has_password(session);
    if was_asked && prompt::secret(session, "the same again: ", PASSWORD_HINT)? != first {
        return Err(Failure::usage("the two passwords differ: nothing was made"));
    }
    Ok(first)
}
