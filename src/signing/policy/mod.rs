//! A policy: who must have signed, how many of them, and what must have been attested.
//!
//! From a TOML file (`read`; grammar in `docs/policy.md`), or from the flags of a command. It says what is enough; whether it
//! is there is found out by `super::judge`.

mod matcher;
mod predicate;
mod read;

use std::path::{Path, PathBuf};

pub use matcher::{Matcher, MatcherError};
pub use predicate::{Condition, ConditionError, Field, Test};
pub use read::{POLICY_MAX_BYTES, Problem};

use super::keys::PublicKey;
use super::verify::Demands;

/// A policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Whose signatures count.
    pub signers: Vec<Signer>,
    /// How many different signers must have signed; 0: attestations are all that is demanded.
    pub threshold: usize,
    /// Whether a log entry is demanded; `None`: of certificates, and not of keys.
    pub log: Option<bool>,
    /// Whether a timestamp is demanded.
    pub timestamp: bool,
    /// Whether certificates must stand in a certificate transparency log.
    pub sct: bool,
    /// What must have been attested.
    pub attestations: Vec<Attestation>,
    /// Whom to trust about certificates; `None`: the public-good root.
    pub trusted_root: Option<PathBuf>,
}

/// Somebody whose signature counts.
#[derive(Debug, Clone)]
pub struct Signer {
    /// What the policy calls them.
    pub name: String,
    /// How they are known.
    pub known: Known,
}

/// How a signer is known.
#[derive(Debug, Clone)]
pub enum Known {
    /// By a key.
    Key(PublicKey),
    /// By a certificate.
    Identity {
        /// Whom it was given to: an e-mail address, or the URI of a workflow.
        identity: Matcher,
        /// Who vouched for them.
        issuer: Matcher,
    },
}

/// What must have been attested.
#[derive(Debug, Clone)]
pub struct Attestation {
    /// The predicate's type.
    pub predicate_type: String,
    /// The names of the signers that may attest it; none: all.
    pub signers: Vec<String>,
    /// What its values must be: all of these.
    pub conditions: Vec<Condition>,
}

impl Policy {
    /// One signature by one of these.
    #[must_use]
    pub fn one_of(signers: Vec<Signer>) -> Self {
        Self {
            signers,
            threshold: 1,
            log: None,
            timestamp: false,
            sct: true,
            attestations: Vec::new(),
            trusted_root: None,
        }
    }

    /// Reads a policy. Files that it names lie in `folder`, and are read with `file`.
    ///
    /// # Errors
    /// Every problem, with its place.
    pub fn parse(
        text: &str,
        folder: &Path,
        file: &dyn Fn(&Path) -> Result<String, String>,
    ) -> Result<Self, Vec<Problem>> {
        read::policy(text, folder, file)
    }

    /// Whether certificates can be accepted, so that a trusted root is needed.
    #[must_use]
    pub fn has_identities(&self) -> bool {
        let mut signers = self.signers.iter();
        signers.any(|signer| matches!(signer.known, Known::Identity { .. }))
    }

    /// What must witness a signature by a key, which takes a trusted root to check; `None`: nothing must.
    #[must_use]
    pub fn witnesses_of_keys(&self) -> Option<&'static str> {
        let demands = self.demands(false);
        match (demands.log, demands.timestamp) {
            (true, _) => Some("an entry of a transparency log"),
            (false, true) => Some("a timestamp"),
            (false, false) => None,
        }
    }

    /// What must witness a signature by a certificate, or by a key.
    pub(super) fn demands(&self, is_certificate: bool) -> Demands {
        Demands {
            log: self.log.unwrap_or(is_certificate),
            timestamp: self.timestamp,
            sct: self.sct,
        }
    }
}
