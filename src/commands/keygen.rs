//! `slt keygen`: a key pair, in two files that cosign reads.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::signing::{PASSWORD_HINT, has_password, password};
use super::{Exit, Failure, Session, prompt};
use crate::cli::signing::Keygen;
use crate::signing::{NewPair, PrivateKey};
use crate::support::os::{self, Destination, Unfinished};
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
        if !arguments.force && fs::symlink_metadata(at(path)).is_ok() {
            return Err(taken(path));
        }
        if at(path).is_dir() {
            return Err(unwritten(path, &io::Error::other("it is a folder")));
        }
    }
    let password = new_password(session, arguments.password_stdin)?;
    let pair =
        PrivateKey::generate(&password).map_err(|error| Failure::environment(error.to_string()).hint(error.hint()))?;
    let put = if arguments.force { replace } else { create };
    put(&at(&private), &at(&public), &pair).map_err(|(half, error)| {
        let path = match half {
            Half::Private => &private,
            Half::Public => &public,
        };
        match error.kind() {
            io::ErrorKind::AlreadyExists => taken(path),
            _ => unwritten(path, &error),
        }
    })?;
    let how = match password.expose().is_empty() {
        true => "without a password: whoever has the file can sign with it",
        false => "encrypted: keep it to yourself",
    };
    let human = format!(
        "{} is the private key, {how}\n{} is the public key {}: give it to everybody\n",
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

fn taken(path: &Path) -> Failure {
    Failure::usage(format!("`{}` is there already", path.display()))
        .hint("what it has signed can be verified with it only; `--force` replaces it")
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::environment(format!("cannot write `{}`: {}", path.display(), os::reason(error)))
}

/// One of the two files.
#[derive(Clone, Copy)]
enum Half {
    Private,
    Public,
}

/// Makes both files where there is none: of several that do so at once, one does, and the others find its files.
fn create(private: &Path, public: &Path, pair: &NewPair) -> Result<(), (Half, io::Error)> {
    let new = |mut options: fs::OpenOptions, path: &Path, text: &str| {
        let mut file = options.create_new(true).open(path)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        written.inspect_err(|_| {
            let _ = fs::remove_file(path);
        })
    };
    new(os::private_file(), private, pair.private.expose()).map_err(|error| (Half::Private, error))?;
    new(fs::OpenOptions::new().write(true).clone(), public, &pair.public).map_err(|error| {
        let _ = fs::remove_file(private);
        (Half::Public, error)
    })
}

/// Replaces what is there, when both files are whole: the private key last, which is the one that nobody can make again.
fn replace(private: &Path, public: &Path, pair: &NewPair) -> Result<(), (Half, io::Error)> {
    let of = |half: Half| move |error: io::Error| (half, error);
    let public = match os::destination(public).map_err(of(Half::Public))? {
        Destination::File(path) => path,
        Destination::Stream(_) => return Err((Half::Public, io::Error::other("it is no file"))),
    };
    let write = |unfinished: &Unfinished, text: &str| {
        let mut file = fs::OpenOptions::new().write(true).open(unfinished.path())?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all())
    };
    let new_private = Unfinished::private_beside(private).map_err(of(Half::Private))?;
    write(&new_private, pair.private.expose()).map_err(of(Half::Private))?;
    let new_public = Unfinished::beside(&public).map_err(of(Half::Public))?;
    write(&new_public, &pair.public).map_err(of(Half::Public))?;
    new_public.finish(&public).map_err(of(Half::Public))?;
    fs::rename(new_private.path(), private).map_err(of(Half::Private))
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
    let was_asked = !from_stdin && io::stdin().is_terminal() && !has_password(session);
    if first.expose().is_empty() && (from_stdin || was_asked) {
        let what = match from_stdin {
            true => "there is no password on standard input",
            false => "the password is empty: nothing was made",
        };
        return Err(Failure::usage(what).hint("`COSIGN_PASSWORD=` says that the key is to have none"));
    }
    if was_asked && prompt::secret(session, "the same again: ", PASSWORD_HINT)? != first {
        return Err(Failure::usage("the two passwords differ: nothing was made"));
    }
    Ok(first)
}
