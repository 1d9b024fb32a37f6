//! Whom to trust about certificates, logs and times: a `trusted_root.json` as cosign's, or the public-good one.
//!
//! The public-good root is the copy in the crate `sigstore-trust-root`: nothing is fetched, so that verifying needs no network
//! and has the same answer everywhere. When Sigstore changes its keys, a newer slt knows them, or a file that
//! `cosign trusted-root create` or `gh attestation trusted-root` made.

use jiff::Timestamp;
use sigstore_crypto::{Checkpoint, VerificationKey};
use sigstore_trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use sigstore_types::{InclusionProof, KindVersion, Rfc3161Timestamp, SignatureBytes, TransparencyLogEntry};
use sigstore_verify::Verifier;
use sigstore_verify::tsa::verify_timestamp_for_authority;

use super::check::{Check, Refusal};
use super::provider;
use crate::support::text::one_line;

/// The largest trusted root, in bytes: the public one has 8,000.
pub const TRUSTED_ROOT_MAX_BYTES: u64 = 4 << 20;

/// A trusted root.
pub struct Trust {
    root: TrustedRoot,
    verifier: Verifier,
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Trust").field(&self.root.media_type).finish()
    }
}

/// A trusted root that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not a trusted root: {0}")]
pub struct TrustError(String);

impl Trust {
    /// Reads a trusted root.
    ///
    /// # Errors
    /// It is none, or a key or a certificate in it cannot be used.
    pub fn from_json(text: &str) -> Result<Self, TrustError> {
        provider::install();
        let said = |error: &dyn std::fmt::Display| TrustError(one_line(&error.to_string()));
        let root = TrustedRoot::from_json(text).map_err(|error| said(&error))?;
        if !root.media_type.starts_with("application/vnd.dev.sigstore.trustedroot") {
            return Err(TrustError(format!("it says `{}`", one_line(&root.media_type))));
        }
        let verifier = Verifier::new(&root).map_err(|error| said(&error))?;
        Ok(Self { root, verifier })
    }

    /// The root of Sigstore's public-good instance, as it was when this slt was made.
    ///
    /// # Errors
    /// The crates do not take what they hold.
    pub fn public_good() -> Result<Self, TrustError> {
        Self::from_json(SIGSTORE_PRODUCTION_TRUSTED_ROOT)
    }

    /// A root that trusts nobody: what is checked with it is whether a bundle agrees with itself.
    pub(super) fn nobody() -> Result<Self, TrustError> {
        Self::from_json(r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#)
    }

    pub(super) fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Whether certificates can be demanded to stand in a certificate transparency log: only if the root names one.
    pub(super) fn has_certificate_logs(&self) -> bool {
        !self.root.ctlogs.is_empty()
    }

    /// When a signature was made at the latest: each of its timestamps must be by an authority that is trusted at that time.
    pub(super) fn timestamps(
        &self,
        tokens: &[Rfc3161Timestamp],
        signature: &SignatureBytes,
    ) -> Result<Vec<Timestamp>, Refusal> {
        let authorities = self.root.tsa_authorities();
        let time = |token: &Rfc3161Timestamp| {
            let mut times = authorities.iter().filter_map(|authority| {
                verify_timestamp_for_authority(&token.signed_timestamp, signature, authority).ok()
            });
            times.next().ok_or_else(|| {
                Check::Timestamp.refused("its timestamp is not by a trusted authority over this signature")
            })
        };
        tokens.iter().map(time).collect()
    }

    /// What the crates leave open: that the entry comes from the log that it names, and that what an entry repeats beside its
    /// signed checkpoint is what the checkpoint says. cosign 3.1.3 takes changed ones; nothing is lost by refusing them.
    pub(super) fn witnesses(&self, entry: &TransparencyLogEntry) -> Result<(), Refusal> {
        let refused = |reason: String| Err(Check::Log.refused(reason));
        let id = &entry.log_id.key_id;
        let Some(log) = self.root.tlogs.iter().find(|log| log.log_id.key_id == *id) else {
            return refused(format!("the log {id} is not in the trusted root"));
        };
        let is_v2 = entry.kind_version == KindVersion::HashedRekordV002;
        if entry.integrated_time.is_some() && (is_v2 || entry.inclusion_promise.is_none()) {
            return refused("it gives a time that nothing in it signs".to_owned());
        }
        let Some(proof) = &entry.inclusion_proof else {
            return match is_v2 {
                true => refused("there is no proof that it stands in the log".to_owned()),
                false => Ok(()),
            };
        };
        let Some(checkpoint) = proof.checkpoint.checkpoint() else {
            return refused("its proof has no checkpoint".to_owned());
        };
        if !is_a_note(proof.checkpoint.envelope()) {
            return refused("its checkpoint has not the form of a signed note".to_owned());
        }
        let key = VerificationKey::from_spki(&log.public_key.raw_bytes)
            .map_err(|error| Check::Log.refused(super::said(&error)))?;
        let signatures = checkpoint.signatures();
        let is_signed = signatures.iter().any(|signature| {
            is_its_own(checkpoint.origin(), &signature.name)
                && key.verify(checkpoint.signed_data(), &signature.signature).is_ok()
        });
        match is_signed {
            true => repeats(entry, proof, checkpoint),
            false => refused(format!("its checkpoint is not signed by the log {id}")),
        }
    }
}

/// Whether a checkpoint has the form of a signed note, exactly: the crate leaves out what it can (C2SP, signed-note: "the note text …
/// MUST NOT contain any ASCII control characters other than newline"; a signature is an em dash, a name and base64, with a space between).
fn is_a_note(envelope: &str) -> bool {
    let is_signature = |line: &str| {
        let mut parts = line.split(' ');
        let (dash, name, signature) = (parts.next(), parts.next(), parts.next());
        dash == Some("—")
            && [name, signature]
                .iter()
                .all(|part| part.is_some_and(|part| !part.is_empty()))
            && parts.next().is_none()
    };
    let is_plain = |character: char| !character.is_control() || character == '\n';
    let Some((_, signatures)) = envelope.rsplit_once("\n\n") else {
        return false;
    };
    !signatures.is_empty()
        && envelope.ends_with('\n')
        && envelope.chars().all(is_plain)
        && signatures.lines().all(is_signature)
}

/// Whether a log signs under its own name: Rekor v2's is the origin of its checkpoints (C2SP, tlog-checkpoint), that of v1 stands there
/// before ` - ` and the tree.
fn is_its_own(origin: &str, name: &str) -> bool {
    origin
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(" - "))
}

/// In Rekor v1 an entry's index runs on over all trees of the log, and is signed in the promise; the proof's is that in its tree.
fn repeats(entry: &TransparencyLogEntry, proof: &InclusionProof, checkpoint: &Checkpoint) -> Result<(), Refusal> {
    let is_v2 = entry.kind_version == KindVersion::HashedRekordV002;
    let wrong = [
        ("index", is_v2 && proof.log_index != entry.log_index),
        ("tree size", proof.tree_size != checkpoint.tree_size()),
        ("root hash", proof.root_hash != *checkpoint.root_hash()),
    ];
    match wrong.iter().find(|(_, is_wrong)| *is_wrong) {
        Some((what, _)) => Err(Check::Log.refused(format!("its proof has another {what} than its signed checkpoint"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes() {
        let good = "log.example - 7\n6\nAAAA\n\n— log.example AAAA\n";
        assert!(is_a_note(good));
        assert!(is_a_note(&format!("{good}— witness.example BBBB\n")));
        for (from, to) in [
            ("— ", "—0 "),
            ("— ", "- "),
            ("— ", "—  "),
            ("— ", "—\u{a0}"),
            ("— ", "— x "),
            ("— log.example ", "— "),
            ("\n\n", "\n"),
            (" AAAA\n", " AAAA"),
            (" AAAA\n", "\tAAAA\n"),
            (" AAAA\n", " AAAA\n\n"),
        ] {
            assert!(!is_a_note(&good.replace(from, to)), "{from:?} {to:?}");
        }
        for (origin, name, is_own) in [
            ("log.example", "log.example", true),
            ("log.example - 7", "log.example", true),
            ("log.example", "log.exampl", false),
            ("log.example", "", false),
            ("log.example", "witness.example", false),
        ] {
            assert_eq!(is_its_own(origin, name), is_own, "{origin} {name}");
        }
    }

    #[test]
    fn roots() {
        assert!(Trust::public_good().unwrap().has_certificate_logs());
        assert!(!Trust::nobody().unwrap().has_certificate_logs());
        for (text, expected) in [
            ("{", "EOF while parsing"),
            (r#"{"mediaType":"text/plain"}"#, "it says `text/plain`"),
        ] {
            let said = Trust::from_json(text).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
    }
}
