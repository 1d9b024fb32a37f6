//! What goes wrong with a registry, told so that a user knows what to do. No token, password or signed URL is in any of it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::transport::WANTS_TLS;
use super::{Digest, Reference};
use crate::support::os;

/// Why something could not be read from a registry, or written to it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The registry answers, and has none.
    #[error("there is no {what}")]
    NotFound {
        /// What was asked for: ``manifest `a.example/app:1` ``.
        what: String,
    },
    /// It wants to know who asks, or does not believe it.
    #[error("{registry} asks for credentials{}", match .had_credentials { true => ", and refuses those that it was given", false => "" })]
    Unauthorized {
        /// The registry.
        registry: String,
        /// Whether it was given some.
        had_credentials: bool,
    },
    /// It knows who asks, and says no.
    #[error("{registry} denies access to {what}{}", and_detail(.detail))]
    Forbidden {
        /// The registry.
        registry: String,
        /// What was asked for.
        what: String,
        /// What it says.
        detail: Option<String>,
    },
    /// More than is read.
    #[error("{what} is larger than {limit} {unit}")]
    TooLarge {
        /// What: ``manifest `a.example/app:1` ``.
        what: String,
        /// The limit.
        limit: u64,
        /// Of what: `bytes`, `entries`.
        unit: &'static str,
    },
    /// The bytes are not what they are called.
    #[error("{what} should be {expected}, and is {found}")]
    DigestMismatch {
        /// What.
        what: String,
        /// What was asked for.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// It breaks the specification, or is not what slt understands.
    #[error("{what}: {reason}")]
    Malformed {
        /// What.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Not what slt reads.
    #[error("{what}: {is}")]
    Other {
        /// The artifact.
        what: String,
        /// What it is instead.
        is: String,
        /// What to do about it.
        hint: String,
    },
    /// No answer, not all of it, or none in time.
    #[error("{host} {reason}")]
    Unreachable {
        /// The host.
        host: String,
        /// A part of a sentence: `cannot be reached: connection refused`.
        reason: String,
    },
    /// It shows a certificate that is not to be trusted.
    #[error("the certificate of {host} is not trusted: {reason}")]
    Untrusted {
        /// The host.
        host: String,
        /// Why.
        reason: String,
    },
    /// Too many requests, for longer than is waited.
    #[error("{host} has had too many requests{}", and_after(*.after))]
    Throttled {
        /// The host.
        host: String,
        /// When it wants to be asked again.
        after: Option<Duration>,
    },
    /// Another answer than those that are expected.
    #[error("{host} answers {status} to {what}{}", and_detail(.detail))]
    Status {
        /// The host.
        host: String,
        /// The status of HTTP.
        status: u16,
        /// What was asked for.
        what: String,
        /// What it says.
        detail: Option<String>,
    },
    /// It sends us where we don't go.
    #[error("{host} redirects {reason}")]
    Redirect {
        /// The host.
        host: String,
        /// A part of a sentence: `from https to http`.
        reason: String,
    },
    /// The credentials cannot be had.
    #[error("{0}")]
    Credentials(#[from] super::credentials::CredentialsError),
    /// No registry may be asked, and it was not kept.
    #[error("`{0}` is not in the cache, or not all of it")]
    NotKept(Reference),
    /// A file of ours.
    #[error("cannot {verb} `{}`: {}", .path.display(), os::reason(.source))]
    File {
        /// `read`, `write`
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No connection can be made at all.
    #[error("no HTTP client: {0}")]
    Client(String),
}

/// Whose fault something is, which is what decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// What is in the registry is bad, or is not there.
    Content,
    /// The registry, the network, the credentials or this machine failed.
    Environment,
}

fn and_detail(detail: &Option<String>) -> String {
    detail.as_ref().map_or_else(String::new, |detail| format!(": {detail}"))
}

fn and_after(after: Option<Duration>) -> String {
    after.map_or_else(String::new, |after| {
        format!(", and wants to be asked again in {} seconds", after.as_secs())
    })
}

impl Error {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::NotFound { .. }
            | Self::TooLarge { .. }
            | Self::DigestMismatch { .. }
            | Self::Malformed { .. }
            | Self::Other { .. } => Fault::Content,
            Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::Unreachable { .. }
            | Self::Untrusted { .. }
            | Self::Throttled { .. }
            | Self::Status { .. }
            | Self::Redirect { .. }
            | Self::Credentials(_)
            | Self::NotKept(_)
            | Self::File { .. }
            | Self::Client(_) => Fault::Environment,
        }
    }

    /// Whether it says that something is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether the registry has answered that it did not do what it was asked for. Where it has not answered, or has failed itself, it
    /// may have done it all the same.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::NotFound { .. } | Self::Unauthorized { .. } | Self::Forbidden { .. } | Self::Throttled { .. } => true,
            Self::Status { status, .. } => (400..500).contains(status),
            _ => false,
        }
    }

    /// The way out, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound { .. } => {
                "is it spelled right? some registries say so of what you have no access to, too".to_owned()
            }
            Self::Unauthorized {
                registry,
                had_credentials: false,
            } => format!("`slt login {registry} -u USER --password-stdin` stores them, as `docker login` does"),
            Self::Unauthorized { registry, .. } => {
                format!("they may have expired: `slt login {registry} -u USER --password-stdin` stores new ones")
            }
            Self::Forbidden { .. } => "your account needs the right to push to this repository, or to pull from it".to_owned(),
            Self::DigestMismatch { .. } => "do not use it: the registry, or somebody on the way, has changed it".to_owned(),
            Self::Unreachable { .. } => {
                "is the name right, and the network there? plain HTTP is for this machine only, unless `--plain-http HOST` or `--tls HOST` says otherwise".to_owned()
            }
            Self::Untrusted { .. } => {
                "`--ca-file FILE` trusts a certificate authority of your own, beside those of this machine".to_owned()
            }
            Self::Status { detail: Some(detail), .. } if detail == WANTS_TLS => {
                "`--tls HOST` speaks TLS to a registry of this machine".to_owned()
            }
            Self::Throttled { .. } => "try again later; registries allow more to those who are logged in".to_owned(),
            Self::Status { status: 500.., .. } => "the registry itself has failed: try again later".to_owned(),
            Self::Credentials(error) => return error.hint(),
            Self::NotKept(_) => "without `--offline` it is fetched, and kept".to_owned(),
            Self::Other { hint, .. } => hint.clone(),
            Self::TooLarge { .. }
            | Self::Malformed { .. }
            | Self::Status { .. }
            | Self::Redirect { .. }
            | Self::File { .. }
            | Self::Client(_) => return None,
        })
    }

    pub(super) fn file(verb: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { verb, path, source }
    }

    pub(super) fn malformed(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Malformed {
            what: what.into(),
            // a parser's error can repeat what somebody else has written
            reason: crate::support::text::one_line(&reason.into()),
        }
    }
}
