//! Credentials where Docker, podman and everybody after them keep them: a file of JSON, and programs that it names.
//!
//! <https://github.com/docker/cli/blob/v27.0.0/man/docker-login.1.md>,
//! <https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md>,
//! <https://github.com/docker/docker-credential-helpers>. Which files there are, and in which order, is said by whoever calls.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::auth::TOKEN_USER;
use super::credentials::{CredentialsError, Login};
use crate::support::os::{self, Invocation};
use crate::support::secret::Secret;
use crate::support::{files, lock, programs};

/// The largest file of credentials, in bytes: a hundred registries with long tokens.
const FILE_MAX_BYTES: u64 = 4 << 20;

/// The most that a helper answers, in bytes.
const ANSWER_MAX_BYTES: u64 = 256 << 10;

/// How long a helper may take: it may ask somebody on the network.
const HELPER_LIMIT: Duration = Duration::from_secs(30);

/// How often it is looked whether a helper that has answered has ended: most have by the first time.
const LOOK: Duration = Duration::from_millis(5);

/// How long another `slt login` or `slt logout` may keep the file: it reads and writes it, and waits for nobody.
const LOCK_LIMIT: Duration = Duration::from_secs(10);

/// The key of Docker Hub, from before there were other registries.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// All names of Docker Hub.
const DOCKER_HUB_NAMES: &[&str] = &["docker.io", "index.docker.io", "registry-1.docker.io"];

/// Where credentials are looked up, and stored.
#[derive(Debug, Clone)]
pub struct Files {
    /// The files, those that are asked first in front; one that is not there is passed over.
    pub read: Vec<PathBuf>,
    /// The file that is written.
    pub write: Option<PathBuf>,
    /// Where helpers are found, and the environment that they get.
    pub invocation: Invocation,
}

/// Where credentials were stored, or removed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// In this file.
    File(PathBuf),
    /// By this helper.
    Helper(String),
}

/// What a helper is told and answers. No `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stored {
    #[serde(rename = "ServerURL", default)]
    server_url: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: String,
}

impl Files {
    /// The credentials for `host/team/app`: of the longest beginning that a file knows, in the first file that knows one.
    ///
    /// # Errors
    /// A file cannot be read, or a helper fails.
    pub fn find(&self, name: &str) -> Result<Option<Login>, CredentialsError> {
        for path in &self.read {
            let Some(document) = document(path)? else { continue };
            for prefix in prefixes(name) {
                if let Some(login) = self.find_in(&document, path, prefix)? {
                    return Ok(Some(login));
                }
            }
        }
        Ok(None)
    }

    fn find_in(
        &self,
        document: &Map<String, Value>,
        path: &Path,
        prefix: &str,
    ) -> Result<Option<Login>, CredentialsError> {
        if let Some(helper) = helper_of(document, prefix)
            && let Some(login) = self.get(helper, &key_of(prefix))?
        {
            return Ok(Some(login));
        }
        let entries = document.get("auths").and_then(Value::as_object).into_iter().flatten();
        for (_, entry) in entries.filter(|(key, _)| name_of(key) == prefix) {
            let login = login(entry).map_err(|reason| unreadable(path, format!("the entry of `{prefix}` {reason}")))?;
            if login.is_some() {
                return Ok(login);
            }
        }
        Ok(None)
    }

    /// Stores credentials for a registry: with its helper if there is one, else in the file.
    ///
    /// # Errors
    /// The file cannot be read or written, or the helper fails.
    pub fn store(&self, registry: &str, user: &str, secret: &Secret) -> Result<Kept, CredentialsError> {
        let path = self.to_write()?;
        let key = key_of(registry);
        let mut entry = Map::new();
        let helper = document(&path)?.and_then(|document| helper_of(&document, registry).map(str::to_owned));
        match &helper {
            Some(helper) => {
                let stored = Stored {
                    server_url: key.clone(),
                    username: user.to_owned(),
                    secret: secret.expose().to_owned(),
                };
                let told = serde_json::to_vec(&stored).unwrap_or_default();
                self.helper(helper, "store", told, HELPER_LIMIT)?;
            }
            None if user == TOKEN_USER => {
                entry.insert("identitytoken".to_owned(), secret.expose().into());
            }
            None => {
                let both = STANDARD.encode(format!("{user}:{}", secret.expose()));
                entry.insert("auth".to_owned(), both.into());
            }
        }
        // a helper may take its time: only now the file is changed
        let _lock = locked(&path, LOCK_LIMIT)?;
        let mut document = document(&path)?.unwrap_or_default();
        let auths = document.entry("auths").or_insert_with(|| Value::Object(Map::new()));
        let auths = auths
            .as_object_mut()
            .ok_or_else(|| unreadable(&path, "`auths` in it is no object"))?;
        auths.retain(|key, _| name_of(key) != registry);
        auths.insert(key, Value::Object(entry));
        write(&path, &document)?;
        Ok(helper.map_or(Kept::File(path), |helper| Kept::Helper(program(&helper))))
    }

    /// Removes the credentials for a registry; none if there were none.
    ///
    /// # Errors
    /// As [`Files::store`].
    pub fn remove(&self, registry: &str) -> Result<Option<Kept>, CredentialsError> {
        let path = self.to_write()?;
        let Some(found) = document(&path)? else {
            return Ok(None);
        };
        let helper = helper_of(&found, registry).map(str::to_owned);
        let mut kept = None;
        if let Some(helper) = helper
            && self.get(&helper, &key_of(registry))?.is_some()
        {
            self.helper(&helper, "erase", key_of(registry).into_bytes(), HELPER_LIMIT)?;
            kept = Some(Kept::Helper(program(&helper)));
        }
        let _lock = locked(&path, LOCK_LIMIT)?;
        let mut document = document(&path)?.unwrap_or_default();
        let Some(auths) = document.get_mut("auths").and_then(Value::as_object_mut) else {
            return Ok(kept);
        };
        let before = auths.len();
        auths.retain(|key, _| name_of(key) != registry);
        if auths.len() < before {
            write(&path, &document)?;
            kept = kept.or(Some(Kept::File(path)));
        }
        Ok(kept)
    }

    fn to_write(&self) -> Result<PathBuf, CredentialsError> {
        let path = self.write.clone().ok_or(CredentialsError::Nowhere)?;
        // a link stays a link
        Ok(fs::canonicalize(&path).unwrap_or(path))
    }

    fn get(&self, helper: &str, key: &str) -> Result<Option<Login>, CredentialsError> {
        let Some(answer) = self.helper(helper, "get", key.as_bytes().to_vec(), HELPER_LIMIT)? else {
            return Ok(None);
        };
        // the error of the parser could repeat what it parses
        let stored: Stored = serde_json::from_slice(&answer)
            .map_err(|_| failed(helper, "answers something else than the protocol says"))?;
        let secret = Secret::new(stored.secret);
        Ok(match stored.username.as_str() {
            _ if secret.expose().is_empty() => None,
            TOKEN_USER => Some(Login::Identity(secret)),
            user => Some(Login::Basic {
                user: user.to_owned(),
                password: secret,
            }),
        })
    }

    /// Starts a helper, tells it something, and hears what it answers; nothing if it has no credentials. One that has not ended by the
    /// limit is ended.
    #[allow(clippy::disallowed_methods)] // what is outside of every deployment takes real time
    fn helper(
        &self,
        name: &str,
        action: &str,
        told: Vec<u8>,
        limit: Duration,
    ) -> Result<Option<Vec<u8>>, CredentialsError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if !name.chars().all(is_plain) || name.is_empty() {
            return Err(failed(
                &crate::support::text::one_line(name),
                "has a name that no program has",
            ));
        }
        let path = programs::find(&self.invocation, &program(name)).ok_or_else(|| failed(name, "is not installed"))?;
        let cannot = |error: io::Error| failed(name, format!("cannot be asked: {}", os::reason(&error)));
        let deadline = Instant::now() + limit;
        let mut child = Command::new(path)
            .arg(action)
            .env_clear()
            .envs(&self.invocation.environment)
            .current_dir(&self.invocation.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(cannot)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (sender, receiver) = mpsc::channel();
        let talk = move || {
            // one that reads nothing of it may still answer
            let _ = stdin.map(|mut stdin| stdin.write_all(&told));
            let mut answer = Vec::new();
            let read = stdout.map(|stdout| stdout.take(ANSWER_MAX_BYTES).read_to_end(&mut answer));
            let _ = sender.send(read.unwrap_or(Ok(0)).map(|_| answer));
        };
        std::thread::Builder::new().spawn(talk).map_err(cannot)?;
        let answer = receiver.recv_timeout(limit);
        // one that has closed its output may still go on
        let status = ended(&mut child, if answer.is_ok() { deadline } else { Instant::now() }).map_err(cannot)?;
        let late = |what: &str| failed(name, format!("has not {what} in {limit:?}"));
        let answer = answer.map_err(|_| late("answered"))?.map_err(cannot)?;
        let status = status.ok_or_else(|| late("ended"))?;
        match status.success() {
            true => Ok(Some(answer)),
            // what helpers say on their standard output when they have none
            false if answer.starts_with(b"credentials not found") => Ok(None),
            false => Err(failed(name, format!("has failed ({status})"))),
        }
    }
}

/// Waits for a program to end, until then; nothing if it had to be ended.
#[allow(clippy::disallowed_methods)] // as above
fn ended(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            child.kill()?;
            return child.wait().map(|_| None);
        }
        std::thread::sleep(left.min(LOOK));
    }
}

fn program(helper: &str) -> String {
    format!("docker-credential-{helper}")
}

fn failed(helper: &str, reason: impl Into<String>) -> CredentialsError {
    CredentialsError::Helper {
        program: program(helper),
        reason: reason.into(),
    }
}

fn unreadable(path: &Path, reason: impl Into<String>) -> CredentialsError {
    CredentialsError::File {
        verb: "read",
        path: path.to_owned(),
        reason: reason.into(),
    }
}

/// A file of credentials; nothing if there is none, or an empty one.
fn document(path: &Path) -> Result<Option<Map<String, Value>>, CredentialsError> {
    match files::read(path, FILE_MAX_BYTES) {
        Ok(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => Ok(None),
        // where it breaks off would tell what stands there
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| unreadable(path, format!("it is no JSON object (line {})", error.line()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, os::reason(&error))),
    }
}

fn unwritable(path: &Path, error: &io::Error) -> CredentialsError {
    CredentialsError::File {
        verb: "write",
        path: path.to_owned(),
        reason: os::reason(error),
    }
}

/// Keeps every other slt from changing a file of credentials, by a lock beside it. Docker and podman know nothing of it.
fn locked(path: &Path, limit: Duration) -> Result<fs::File, CredentialsError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.lock"));
    path.parent()
        .map_or(Ok(()), os::make_private_directory)
        .map_err(|error| unwritable(path, &error))?;
    lock::hold(&beside, limit).map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => CredentialsError::File {
            verb: "lock",
            path: beside.clone(),
            reason: os::reason(&error),
        },
        _ => unwritable(path, &error),
    })
}

/// Writes a file of credentials, for who holds its lock.
fn write(path: &Path, document: &Map<String, Value>) -> Result<(), CredentialsError> {
    let cannot = |error: io::Error| unwritable(path, &error);
    let mut text = serde_json::to_string_pretty(document).map_err(|error| cannot(error.into()))?;
    text.push('\n');
    os::write_private_file(path, text.as_bytes()).map_err(cannot)
}

/// `host/team/app`, `host/team`, `host`.
fn prefixes(name: &str) -> impl Iterator<Item = &str> {
    let ends = name.match_indices('/').map(|(at, _)| at).rev();
    std::iter::once(name).chain(ends.filter_map(|end| name.get(..end)))
}

/// Under which key a registry is stored.
fn key_of(registry: &str) -> String {
    match registry {
        "docker.io" => DOCKER_HUB_KEY.to_owned(),
        other => other.to_owned(),
    }
}

/// The registry, or a part of it, that a key means: it may be written as a URL, with the path of the API.
fn name_of(key: &str) -> String {
    let key = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    let key = key.trim_end_matches('/');
    let key = key
        .strip_suffix("/v1")
        .or_else(|| key.strip_suffix("/v2"))
        .unwrap_or(key);
    let (host, rest) = key.split_once('/').map_or((key, ""), |(host, rest)| (host, rest));
    let host = match host.to_ascii_lowercase() {
        host if DOCKER_HUB_NAMES.contains(&host.as_str()) => "docker.io".to_owned(),
        host => host,
    };
    if rest.is_empty() {
        host
    } else {
        format!("{host}/{rest}")
    }
}

/// The helper of a registry, or the one for all.
fn helper_of<'a>(document: &'a Map<String, Value>, prefix: &str) -> Option<&'a str> {
    let own = document.get("credHelpers").and_then(Value::as_object);
    let own = own.and_then(|helpers| helpers.iter().find(|(key, _)| name_of(key) == prefix));
    let all = || document.get("credsStore").filter(|_| !prefix.contains('/'));
    let helper = own.map(|(_, helper)| helper).or_else(all).and_then(Value::as_str);
    helper.filter(|helper| !helper.is_empty())
}

/// What an entry of `auths` says.
fn login(entry: &Value) -> Result<Option<Login>, &'static str> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    if let Some(token) = text("identitytoken") {
        return Ok(Some(Login::Identity(Secret::new(token))));
    }
    if let Some(token) = text("registrytoken") {
        return Ok(Some(Login::Token(Secret::new(token))));
    }
    if let (Some(user), Some(password)) = (text("username"), text("password")) {
        return Ok(Some(Login::Basic {
            user: user.to_owned(),
            password: Secret::new(password),
        }));
    }
    let Some(auth) = text("auth") else { return Ok(None) };
    let decoded = STANDARD.decode(auth).map_err(|_| "is not in base64")?;
    let decoded = String::from_utf8(decoded).map_err(|_| "is no text")?;
    // some have a zero byte at the end
    let (user, password) = decoded
        .trim_end_matches('\0')
        .split_once(':')
        .ok_or("has no password")?;
    Ok(match user {
        TOKEN_USER => Some(Login::Identity(Secret::new(password))),
        user => Some(Login::Basic {
            user: user.to_owned(),
            password: Secret::new(password),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_key_means() {
        for (key, expected) in [
            ("https://index.docker.io/v1/", "docker.io"),
            ("index.docker.io", "docker.io"),
            ("docker.io", "docker.io"),
            ("https://Registry.example.com", "registry.example.com"),
            ("http://registry.example.com:5000/v2/", "registry.example.com:5000"),
            ("registry.example.com/team", "registry.example.com/team"),
        ] {
            assert_eq!(name_of(key), expected);
        }
        assert_eq!(prefixes("h:1/a/b").collect::<Vec<_>>(), ["h:1/a/b", "h:1/a", "h:1"]);
    }

    fn kept_in(folder: &Path) -> Files {
        Files {
            read: vec![folder.join("config.json")],
            write: Some(folder.join("config.json")),
            invocation: Invocation {
                arguments: Vec::new(),
                environment: std::collections::BTreeMap::new(),
                directory: folder.to_owned(),
            },
        }
    }

    #[test]
    fn many_at_once_store_and_remove() {
        /// Enough that without a lock some are lost, or fail, each time.
        const COUNT: usize = 24;
        let folder = tempfile::tempdir().unwrap();
        let files = kept_in(folder.path());
        let registry = |number: usize| format!("r{number}.example.com");
        let each = |work: &(dyn Fn(usize) + Sync)| {
            std::thread::scope(|scope| {
                for number in 0..COUNT {
                    scope.spawn(move || work(number));
                }
            });
        };
        each(&|number| drop(files.store(&registry(number), "me", &Secret::new("x")).unwrap()));
        let is_kept = |number: usize| files.find(&registry(number)).unwrap().is_some();
        assert!((0..COUNT).all(is_kept), "{:?}", document(&files.read[0]).unwrap());
        each(&|number| assert!(files.remove(&registry(number)).unwrap().is_some()));
        assert!(!(0..COUNT).any(is_kept));
    }

    #[test]
    fn who_keeps_the_file_too_long_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        let held = locked(&path, Duration::ZERO).unwrap();
        let error = locked(&path, Duration::from_millis(20)).unwrap_err();
        let lock = folder.path().join(".config.json.lock");
        assert_eq!(
            error.to_string(),
            format!("cannot lock `{}`: another process has held it for 20ms", lock.display())
        );
        assert!(error.hint().unwrap().contains("hangs"));
        drop(held);
        // who has nothing to remove leaves nothing
        fs::remove_file(lock).unwrap();
        assert_eq!(kept_in(folder.path()).remove("r.example.com").unwrap(), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    #[allow(clippy::disallowed_methods)] // as above
    fn a_helper_has_an_end() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker-credential-test");
        let said = |script: &str, limit: Duration| {
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
            let files = Files {
                read: Vec::new(),
                write: None,
                invocation: Invocation {
                    arguments: Vec::new(),
                    environment: [("PATH".to_owned(), folder.path().into())].into(),
                    directory: folder.path().to_owned(),
                },
            };
            files
                .helper("test", "get", b"a.example".to_vec(), limit)
                .map_err(|error| error.to_string())
        };
        let (short, long) = (Duration::from_millis(300), Duration::from_secs(60));
        let before = Instant::now();
        let late = |what: &str| {
            Err(format!(
                "the credential helper `docker-credential-test` has not {what} in 300ms"
            ))
        };
        // with its output open, and closed
        assert_eq!(said("exec /bin/sleep 60", short), late("answered"));
        assert_eq!(said("exec /bin/sleep 60 >&-", short), late("ended"));
        assert_eq!(
            said("echo it; exec >&-; /bin/sleep 0.1", long),
            Ok(Some(b"it\n".to_vec()))
        );
        assert!(before.elapsed() < Duration::from_secs(30));
    }
}
