//! What the commands about registries have in common: the client, references, and what a failure of a registry is to the user.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Failure, Session};
use crate::cli::registry::Registries;
use crate::events::Event;
use crate::project;
use crate::registry::docker::Files;
use crate::registry::outline::{Outline, outline};
use crate::registry::{
    Authorities, Client, Credentials, Error, Fault, Patience, Proxies, Reference, ReferenceError, Settings, Watch,
};
use crate::slightfile;
use crate::support::secret::Secret;
use crate::support::{files, os};

/// The largest file of certificate authorities, in bytes: the bundle of Debian 12 has 220,000.
const CA_FILE_MAX_BYTES: u64 = 4 << 20;

/// A client with the user's credentials.
pub(super) fn client(session: &Session<'_>, flags: &Registries) -> Result<Client, Failure> {
    let files = files(session);
    with_credentials(session, flags, Credentials::looked_up(move |name| files.find(name)))
}

/// A client with these credentials.
pub(super) fn with_credentials(
    session: &Session<'_>,
    flags: &Registries,
    credentials: Credentials,
) -> Result<Client, Failure> {
    Client::new(settings(session, flags, credentials)?).map_err(failure)
}

/// Whether the flags can be meant, where no registry is asked.
pub(super) fn sound(session: &Session<'_>, flags: &Registries) -> Result<(), Failure> {
    settings(session, flags, Credentials::default()).map(|_| ())
}

fn settings(session: &Session<'_>, flags: &Registries, credentials: Credentials) -> Result<Settings, Failure> {
    one_way(flags)?;
    let mut patience = Patience::default();
    if let Some(text) = &flags.registry_timeout {
        patience.silence = slightfile::duration(text).map_err(|error| {
            Failure::usage(format!("`--registry-timeout {text}`: {error}")).hint("for example `30s` or `2m`")
        })?;
        patience.connect = patience.connect.min(patience.silence);
        patience.document = patience.silence * 2;
    }
    let sink = session.ui.sink();
    let watch = move |progress: &crate::registry::Progress| {
        sink(Event::Transfer {
            name: progress.digest.short().to_owned(),
            sent: progress.sent,
            bytes: progress.done,
            total: progress.total,
        });
    };
    let lower = |hosts: &[String]| hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
    Ok(Settings {
        credentials,
        plain_http: lower(&flags.plain_http),
        tls: lower(&flags.tls),
        authorities: authorities(session, flags)?,
        proxies: proxies(session),
        patience,
        watch: Watch(Some(Arc::new(watch))),
    })
}

/// Refuses a host that is to be spoken to with TLS and without it: credentials would go there in clear text.
fn one_way(flags: &Registries) -> Result<(), Failure> {
    // a host without a port stands for all of its ports
    let has = |host: &str, other: &str| {
        let (host, other) = (host.to_ascii_lowercase(), other.to_ascii_lowercase());
        let rest = other.strip_prefix(&host);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    let mut pairs = flags
        .tls
        .iter()
        .flat_map(|tls| flags.plain_http.iter().map(move |plain| (tls, plain)));
    match pairs.find(|(tls, plain)| has(tls, plain) || has(plain, tls)) {
        Some((tls, plain)) => Err(Failure::usage(format!(
            "`--tls {tls}` and `--plain-http {plain}` contradict each other"
        ))
        .hint("a registry is spoken to in one way: leave one of them out")),
        None => Ok(()),
    }
}

/// Who vouches for registries beside those whom this machine trusts.
fn authorities(session: &Session<'_>, flags: &Registries) -> Result<Authorities, Failure> {
    let Some(path) = &flags.ca_file else {
        return Ok(Authorities::default());
    };
    let what = format!("`--ca-file {}`", path.display());
    let bytes = files::read(&session.directory().join(path), CA_FILE_MAX_BYTES)
        .map_err(|error| Failure::usage(format!("{what}: {}", os::reason(&error))))?;
    let none = || {
        Failure::usage(format!("{what}: there is no certificate in it"))
            .hint("it has to be PEM: `-----BEGIN CERTIFICATE-----`")
    };
    Authorities::from_pem(&bytes).ok_or_else(none)
}

/// The proxies that the environment names, in the way of curl: small letters first.
pub(super) fn proxies(session: &Session<'_>) -> Proxies {
    let environment = &session.invocation.environment;
    let get = |names: &[&str]| {
        let found = names.iter().find_map(|name| environment.get(*name)?.to_str());
        found.filter(|value| !value.is_empty()).map(str::to_owned)
    };
    Proxies {
        https: get(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]).map(Secret::new),
        // in capitals, a request to a CGI program could set it (https://httpoxy.org)
        http: get(&["http_proxy", "all_proxy", "ALL_PROXY"]).map(Secret::new),
        none: get(&["no_proxy", "NO_PROXY"]),
    }
}

/// Where credentials lie: a file that is named, Docker's, podman's.
pub(super) fn files(session: &Session<'_>) -> Files {
    let environment = &session.invocation.environment;
    let variable = |name: &str| {
        let value = environment.get(name).filter(|value| !value.is_empty());
        value.map(|value| session.invocation.directory.join(PathBuf::from(value)))
    };
    let home = os::home_directory(environment).map(|home| session.invocation.directory.join(home));
    let named = variable("REGISTRY_AUTH_FILE");
    let docker = variable("DOCKER_CONFIG").or_else(|| home.as_ref().map(|home| home.join(".docker")));
    let docker = docker.map(|folder| folder.join("config.json"));
    let runtime = variable("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json"));
    let config = variable("XDG_CONFIG_HOME").or_else(|| home.map(|home| home.join(".config")));
    let config = config.map(|folder| folder.join("containers/auth.json"));
    Files {
        write: named.clone().or_else(|| docker.clone()),
        read: [named, docker, runtime, config].into_iter().flatten().collect(),
        invocation: session.invocation.clone(),
    }
}

/// What a reference may begin with, for a user who wants to leave no doubt that it is one.
const SCHEME: &str = "oci://";

/// The reference behind `oci://`, if a text begins so.
pub(super) fn without_doubt(text: &str) -> Option<&str> {
    text.strip_prefix(SCHEME)
}

/// Whether a text is meant to be a reference and not a path.
pub(super) fn is_reference(text: &str) -> bool {
    without_doubt(text).is_some() || Reference::is_meant(text)
}

/// A reference that the user has written.
pub(super) fn reference(text: &str) -> Result<Reference, Failure> {
    parsed(text).map_err(|error| Failure::usage(error.to_string()).hint(error.hint()))
}

/// A reference that may have the scheme in front.
pub(super) fn parsed(text: &str) -> Result<Reference, ReferenceError> {
    without_doubt(text).unwrap_or(text).parse()
}

/// What a file is, which is called as the user calls it.
pub(super) fn outlined(session: &Session<'_>, path: &Path) -> Result<Outline, Failure> {
    let name = project::named(path, &session.directory());
    let told = |error| match error {
        Error::Malformed { reason, .. } => Error::Malformed {
            what: format!("`{name}`"),
            reason,
        },
        Error::File { verb, source, .. } => Error::File {
            verb,
            path: PathBuf::from(&name),
            source,
        },
        error => error,
    };
    outline(path).map_err(|error| failure(told(error)))
}

/// What a failure is to the user: bad content is 1, everything about the registry, the network and credentials 3.
pub(super) fn failure(error: Error) -> Failure {
    let hint = error.hint();
    let failure = match error.fault() {
        Fault::Content => Failure::failed(error.to_string()),
        Fault::Environment => Failure::environment(error.to_string()),
    };
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Waits for something that a registry does, unless the user asks for an end: what it had begun to write is removed then.
pub(super) fn wait<T>(session: &Session<'_>, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let ending = session.listen()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::environment(format!("no event queue: {}", os::reason(&error))))?;
    runtime.block_on(async {
        tokio::select! {
            biased;
            () = ending.asked() => Err(Failure::interrupted()),
            done = work => done,
        }
    })
}
