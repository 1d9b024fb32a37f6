//! Who asks: what a registry is told, and where it is looked up when it asks for it.
//!
//! *Invariant:* a secret is in no `Debug`, no message and no argument of a program; helpers are asked through their standard
//! input and answer on their standard output.

use std::path::PathBuf;
use std::sync::Arc;

use crate::support::secret::Secret;

/// What a registry, or who gives out its tokens, is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// User and password.
    Basic {
        /// The user.
        user: String,
        /// The password, or a token in its place.
        password: Secret,
    },
    /// A refresh token, for which short-lived ones are given (`identitytoken`).
    Identity(Secret),
    /// A token for the registry itself (`registrytoken`).
    Token(Secret),
}

/// Looks up the credentials for `host/team/app`.
type Lookup = dyn Fn(&str) -> Result<Option<Login>, CredentialsError> + Send + Sync;

/// Where credentials are looked up. Nothing is until a registry asks.
#[derive(Clone, Default)]
pub struct Credentials(Option<Arc<Lookup>>);

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(if self.0.is_some() {
            "Credentials(…)"
        } else {
            "Credentials(none)"
        })
    }
}

impl Credentials {
    /// None for anybody.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// These for everybody who asks.
    #[must_use]
    pub fn fixed(login: Login) -> Self {
        Self(Some(Arc::new(move |_| Ok(Some(login.clone())))))
    }

    /// What `lookup` gives for a repository with its registry, `host/team/app`.
    #[must_use]
    pub fn looked_up(lookup: impl Fn(&str) -> Result<Option<Login>, CredentialsError> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(lookup)))
    }

    /// Looks them up. It can take as long as a helper may.
    ///
    /// # Errors
    /// The place where they should be cannot be read.
    pub(super) fn find(&self, repository: &str) -> Result<Option<Login>, CredentialsError> {
        self.0.as_ref().map_or(Ok(None), |lookup| lookup(repository))
    }
}

/// Why there are no credentials where some should be.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A file that cannot be read, or not be written.
    #[error("cannot {verb} `{}`: {reason}", .path.display())]
    File {
        /// `read`, `write`, `lock`
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why; nothing of its content.
        reason: String,
    },
    /// No file.
    #[error("neither `DOCKER_CONFIG` nor `HOME` says where credentials are kept")]
    Nowhere,
    /// A helper that does not help.
    #[error("the credential helper `{program}` {reason}")]
    Helper {
        /// `docker-credential-NAME`
        program: String,
        /// A part of a sentence; nothing that it wrote to its standard output.
        reason: String,
    },
}

impl CredentialsError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::File { verb: "write", .. } => {
                "credentials are kept in Docker's configuration; `DOCKER_CONFIG` names another folder for it".to_owned()
            }
            Self::File { verb: "lock", .. } => {
                "`slt login` and `slt logout` hold it while they change the credentials: end the one that hangs".to_owned()
            }
            Self::File { .. } => {
                "it is Docker's configuration: correct it, or move it away; `slt login REGISTRY` then writes a new one".to_owned()
            }
            Self::Nowhere => "`DOCKER_CONFIG` names the folder of Docker's configuration".to_owned(),
            Self::Helper { .. } => {
                "it is named in Docker's configuration as `credsStore` or in `credHelpers`; install it, or take it out there"
                    .to_owned()
            }
        })
    }
}
