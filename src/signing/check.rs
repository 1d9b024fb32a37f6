//! The checks that evidence must pass, by name and in order. `docs/signing.md` says what each of them looks at.

use schemars::JsonSchema;
use serde::Serialize;

use crate::support::text::line_of;

/// The longest reason, in characters: two identities of a CI system, and what is said between them, have 400.
const REASON_MAX_CHARACTERS: usize = 1_000;

/// A check. The order is the order in which they are made: the first that fails is the one that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// It can be read, and is not too large.
    Bundle,
    /// Its media type is one of a Sigstore bundle, and it has the form of that version.
    MediaType,
    /// It is about this file or this image.
    Subject,
    /// It was made with a key of the kind that is asked for.
    Key,
    /// The signature is one over this content.
    Signature,
    /// Its timestamps were signed by a timestamp authority that is trusted, over this signature.
    Timestamp,
    /// The certificate leads to a trusted authority, and was valid when the signature was made.
    Certificate,
    /// The certificate was seen by a certificate transparency log.
    Sct,
    /// Its entry stands in a trusted transparency log.
    Log,
    /// What stands in the log is this signature, of this content, by this key.
    LogEntry,
    /// The certificate was given to this identity.
    Identity,
    /// Who vouched for the identity.
    Issuer,
    /// The values in the attestation are those that the policy demands.
    Predicate,
}

impl Check {
    /// Its name, as JSON has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::MediaType => "media-type",
            Self::Subject => "subject",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Timestamp => "timestamp",
            Self::Certificate => "certificate",
            Self::Sct => "sct",
            Self::Log => "log",
            Self::LogEntry => "log-entry",
            Self::Identity => "identity",
            Self::Issuer => "issuer",
            Self::Predicate => "predicate",
        }
    }

    /// The refusal that this check ends with. What stands in a bundle may stand in the reason as it is: it is cleaned here.
    pub(super) fn refused(self, reason: impl AsRef<str>) -> Refusal {
        Refusal {
            check: self,
            reason: line_of(reason.as_ref(), REASON_MAX_CHARACTERS),
        }
    }
}

/// Why a piece of evidence is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", .check.name())]
pub struct Refusal {
    /// The first check that failed.
    pub check: Check,
    /// What it found: lower case, no full stop.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_steer_no_terminal_and_end() {
        let refusal = Check::Bundle.refused("unknown variant `\u{1b}]0;x\u{7}\nverified`");
        assert_eq!(
            refusal.to_string(),
            "bundle: unknown variant `\\u{1b}]0;x\\u{7} verified`"
        );
        assert_eq!(Check::Bundle.refused("a".repeat(1 << 20)).reason.chars().count(), 1_001);
    }

    #[test]
    fn names_are_those_of_the_json() {
        for check in [
            Check::Bundle,
            Check::MediaType,
            Check::LogEntry,
            Check::Sct,
            Check::Predicate,
        ] {
            assert_eq!(serde_json::to_value(check).unwrap(), check.name());
        }
        assert!(Check::Subject < Check::Signature && Check::Certificate < Check::Identity);
    }
}
