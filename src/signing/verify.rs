//! Whether one bundle is a signature by somebody who is accepted: the checks, in their order.
//!
//! The crate `sigstore-verify` does what is the same for everybody: timestamps, certificate chains at the times that these
//! give, SCTs, inclusion proofs and checkpoints, and that a log entry is one of this very signature (CVE-2022-36056,
//! GHSA-whqx-f9j3-ch6m). Around it stands what it leaves open: signatures by a key alone, which it does not take without a
//! witness; regular expressions; what `Trust::witnesses` says. Nothing here asks a network, a file or a clock of its own; the
//! crate looks at the system's clock to refuse log entries from the future.

use jiff::Timestamp;
use sigstore_crypto::{KeyAlgorithm, SigningScheme, VerificationKey, parse_certificate_info};
use sigstore_types::{
    Artifact, Bundle as Document, DerPublicKey, HashAlgorithm, MessageSignature, SignatureBytes, SignatureContent,
    VerificationMaterialContent,
};
use sigstore_verify::{
    CertificateError, Error, PublicKeyVerificationPolicy, TransparencyLogError, VerificationPolicy, VerificationResult,
};

use super::bundle::Bundle;
use super::check::{Check, Refusal};
use super::keys::PublicKey;
use super::provider;
use super::trust::Trust;

/// What a signature is about.
#[derive(Debug, Clone)]
pub enum Subject<'a> {
    /// An image: the SHA-256 of its manifest, in hexadecimal digits.
    Image(&'a str),
    /// A file: its SHA-256, and its bytes.
    File(&'a str, &'a [u8]),
}

impl Subject<'_> {
    /// Its SHA-256, in hexadecimal digits.
    #[must_use]
    pub fn sha256(&self) -> &str {
        match self {
            Self::Image(sha256) | Self::File(sha256, _) => sha256,
        }
    }
}

/// What must witness a signature, beside the key or the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demands {
    /// An entry in a transparency log.
    pub log: bool,
    /// A timestamp by an authority.
    pub timestamp: bool,
    /// That the certificate was seen by a certificate transparency log.
    pub sct: bool,
}

/// What a bundle says, when its checks are passed.
#[derive(Debug, Clone)]
pub(super) struct Said {
    /// Who gave it an identity, and which; `None`: a key.
    pub certificate: Option<Identity>,
    /// When it was made at the latest, as trusted witnesses say.
    pub time: Option<Timestamp>,
    /// Its place in the log, when that was checked.
    pub log_index: Option<u64>,
    /// What was not checked, and why.
    pub notes: Vec<String>,
}

/// Whom a certificate was given to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub identity: String,
    pub issuer: String,
}

/// What was signed: the statement's envelope, or the file itself.
struct Signed<'a> {
    message: std::borrow::Cow<'a, [u8]>,
    signature: &'a SignatureBytes,
    digest: Option<&'a MessageSignature>,
}

/// `message` is what a signature without an envelope was made over.
fn signed<'a>(bundle: &'a Bundle, sha256: &str, message: Option<&'a [u8]>) -> Result<Signed<'a>, Refusal> {
    match &bundle.document.content {
        SignatureContent::DsseEnvelope(envelope) => {
            let statement = bundle.statement()?;
            let statement = statement.ok_or_else(|| Check::Bundle.refused("its envelope holds no statement"))?;
            statement.is_about(sha256)?;
            Ok(Signed {
                message: envelope.pae().into(),
                signature: &envelope.signature.sig,
                digest: None,
            })
        }
        SignatureContent::MessageSignature(signature) => {
            let message = message
                .ok_or_else(|| Check::Subject.refused("it signs a file as it is, and says nothing of an image"))?;
            names_its_digest(signature, message)?;
            Ok(Signed {
                message: message.into(),
                signature: &signature.signature,
                digest: Some(signature),
            })
        }
        _ => Err(Check::Bundle.refused("it holds neither a signature nor an envelope")),
    }
}

fn names_its_digest(signature: &MessageSignature, message: &[u8]) -> Result<(), Refusal> {
    let Some(named) = &signature.message_digest else {
        return Ok(());
    };
    let digest = match named.algorithm {
        HashAlgorithm::Sha2256 => sigstore_crypto::sha256(message).as_bytes().to_vec(),
        HashAlgorithm::Sha2384 => sigstore_crypto::sha384(message).as_bytes().to_vec(),
        HashAlgorithm::Sha2512 => sigstore_crypto::sha512(message).as_bytes().to_vec(),
        other => return Err(Check::Bundle.refused(format!("it names a digest of {other}"))),
    };
    match named.digest.as_bytes() == digest {
        true => Ok(()),
        false => Err(Check::Subject.refused("it is about another file")),
    }
}

impl Signed<'_> {
    /// Whether the key signed this. cosign signs envelopes with P-384 over SHA-256 or SHA-384, by its version.
    fn is_by(&self, key: &DerPublicKey, algorithm: KeyAlgorithm) -> Result<(), Refusal> {
        let named = self.digest.and_then(|signature| signature.message_digest.as_ref());
        let schemes = match (named, algorithm) {
            (Some(named), _) => vec![
                algorithm
                    .resolve_signing_scheme(named.algorithm)
                    .map_err(|error| Check::Signature.refused(super::said(&error)))?,
            ],
            (None, KeyAlgorithm::EcdsaP384) => vec![SigningScheme::EcdsaP384Sha384, SigningScheme::EcdsaP384Sha256],
            (None, _) => vec![algorithm.default_signing_scheme()],
        };
        let is_valid = |scheme: &SigningScheme| {
            let key = VerificationKey::from_spki_with_scheme(key, *scheme);
            key.is_ok_and(|key| key.verify(&self.message, self.signature).is_ok())
        };
        match schemes.iter().any(is_valid) {
            true => Ok(()),
            false => Err(Check::Signature.refused("it is not a signature of this content by this key")),
        }
    }
}

/// Whether this key made the bundle. Without a root, what witnesses it is compared with the rest of the bundle and with the
/// key, and is not believed.
pub(super) fn by_key(
    bundle: &Bundle,
    sha256: &str,
    message: Option<&[u8]>,
    key: &PublicKey,
    trust: Option<&Trust>,
    demands: Demands,
) -> Result<Said, Refusal> {
    provider::install();
    let document = &bundle.document;
    let material = &document.verification_material;
    let signed = signed(bundle, sha256, message)?;
    match &material.content {
        VerificationMaterialContent::PublicKey(named) if is_another(&named.hint, key) => {
            return Err(Check::Key.refused("it was made with another key"));
        }
        VerificationMaterialContent::PublicKey(_) => {}
        _ => return Err(Check::Key.refused("it was made with a certificate, and a key is asked for")),
    }
    signed.is_by(key.der(), key.algorithm())?;
    demanded(document, demands)?;
    if trust.is_none() {
        can_be_believed(demands)?;
    }
    let mut said = Said {
        certificate: None,
        time: None,
        log_index: None,
        notes: Vec::new(),
    };
    let artifact = artifact(sha256, message)?;
    let policy = PublicKeyVerificationPolicy::new(key.der().clone());
    let entries = &material.tlog_entries;
    let is_witnessed = !entries.is_empty() || has_timestamps(document);
    match trust {
        // no digest is verified here, which not every key could
        Some(trust) if entries.is_empty() => {
            let tokens = &material.timestamp_verification_data.rfc3161_timestamps;
            said.time = trust.timestamps(tokens, signed.signature)?.into_iter().min();
        }
        Some(trust) => {
            entries.iter().try_for_each(|entry| trust.witnesses(entry))?;
            let verified = trust
                .verifier()
                .verify(artifact, document, &policy)
                .map_err(|error| named(&error))?;
            said.time = verified.verified_timestamps().iter().min().copied();
            said.log_index = entries.first().map(|entry| entry.log_index.get());
        }
        None if is_witnessed => {
            agrees_with_itself(document, artifact, policy)?;
            said.notes
                .push("its log entries and timestamps are not believed: no trusted root is given".to_owned());
        }
        _ => {}
    }
    Ok(said)
}

/// A hint as cosign writes it, of another key. Others write what they want there.
fn is_another(hint: &str, key: &PublicKey) -> bool {
    use base64::Engine;
    let digest = base64::engine::general_purpose::STANDARD.decode(hint);
    digest.is_ok_and(|digest| digest.len() == 32) && hint != key.hint()
}

fn has_timestamps(document: &Document) -> bool {
    let timestamps = &document.verification_material.timestamp_verification_data;
    !timestamps.rfc3161_timestamps.is_empty()
}

fn demanded(document: &Document, demands: Demands) -> Result<(), Refusal> {
    if demands.timestamp && !has_timestamps(document) {
        return Err(Check::Timestamp.refused("it has no timestamp"));
    }
    if demands.log && document.verification_material.tlog_entries.is_empty() {
        return Err(Check::Log.refused("it has no entry of a transparency log"));
    }
    Ok(())
}

/// Without a trusted root nobody's entry and nobody's timestamp is believed, and what is demanded is one that is.
fn can_be_believed(demands: Demands) -> Result<(), Refusal> {
    let demanded = [(demands.timestamp, Check::Timestamp), (demands.log, Check::Log)];
    let first = demanded.iter().find(|(is_demanded, _)| *is_demanded);
    first.map_or(Ok(()), |(_, check)| {
        Err(check.refused("it is demanded, and there is no trusted root to check it with"))
    })
}

/// What the crate compares: the file itself, because not every key signs digests; of an image, its digest.
fn artifact<'a>(sha256: &str, message: Option<&'a [u8]>) -> Result<Artifact<'a>, Refusal> {
    match message {
        Some(message) => Ok(Artifact::from_blob(message)),
        None => {
            let digest = sigstore_types::Sha256Hash::from_hex(sha256);
            let digest = digest.map_err(|error| Check::Subject.refused(error.to_string()))?;
            Ok(Artifact::from_digest(digest))
        }
    }
}

/// Whether the log entries are those of this signature, this content and this key, whoever made them.
fn agrees_with_itself(
    document: &Document,
    artifact: Artifact<'_>,
    policy: PublicKeyVerificationPolicy,
) -> Result<(), Refusal> {
    if document.verification_material.tlog_entries.is_empty() {
        return Ok(());
    }
    let mut document = document.clone();
    document.verification_material.timestamp_verification_data = Default::default();
    let nobody = Trust::nobody().map_err(|error| Check::Log.refused(error.to_string()))?;
    let verified = nobody
        .verifier()
        .verify(artifact, &document, &policy.skip_tlog_unsafe());
    verified.map(drop).map_err(|error| named(&error))
}

/// Whom the certificate of a bundle was given to, when all but that is checked.
pub(super) fn by_certificate(
    bundle: &Bundle,
    sha256: &str,
    message: Option<&[u8]>,
    trust: &Trust,
    demands: Demands,
) -> Result<Said, Refusal> {
    provider::install();
    let document = &bundle.document;
    let entries = &document.verification_material.tlog_entries;
    let signed = signed(bundle, sha256, message)?;
    let Some(certificate) = document.signing_certificate() else {
        return Err(Check::Key.refused("it was made with a key, and a certificate is asked for"));
    };
    let certificate =
        parse_certificate_info(certificate).map_err(|error| Check::Certificate.refused(super::said(&error)))?;
    signed.is_by(&certificate.public_key, certificate.key_algorithm)?;
    demanded(document, demands)?;
    let mut notes = Vec::new();
    let mut policy = VerificationPolicy::any_identity();
    if !demands.sct {
        policy = policy.skip_sct();
        notes.push("it is not asked for that its certificate stands in a transparency log".to_owned());
    } else if !trust.has_certificate_logs() {
        return Err(
            Check::Sct.refused("the trusted root names no log of certificates that could have seen its certificate")
        );
    }
    if entries.is_empty() {
        policy = policy.skip_tlog_unsafe();
        notes.push("it stands in no transparency log".to_owned());
    }
    let verified: VerificationResult = trust
        .verifier()
        .verify(artifact(sha256, message)?, document, &policy)
        .map_err(|error| named(&error))?;
    entries.iter().try_for_each(|entry| trust.witnesses(entry))?;
    if !verified.certificate_verified() {
        return Err(Check::Certificate.refused("it was not checked"));
    }
    let claim = |claim: Option<String>| claim.unwrap_or_default();
    Ok(Said {
        certificate: Some(Identity {
            identity: claim(verified.identity().map(ToString::to_string)),
            issuer: claim(verified.issuer().map(str::to_owned)),
        }),
        time: verified.verified_timestamps().iter().min().copied(),
        log_index: entries.first().map(|entry| entry.log_index.get()),
        notes,
    })
}

/// The check that the crate's error belongs to. What it says of the content was checked before, so that a mismatch that it
/// finds is one of a log entry.
fn named(error: &Error) -> Refusal {
    let check = match error {
        Error::Certificate(CertificateError::Sct(_)) => Check::Sct,
        Error::InvalidTrustRoot(reason) if reason.contains("CT log") => Check::Sct,
        Error::Certificate(_) | Error::InvalidTrustRoot(_) | Error::TrustRoot(_) | Error::TrustedCertificate(_) => {
            Check::Certificate
        }
        Error::TransparencyLog(TransparencyLogError::EntryMismatch(_) | TransparencyLogError::MalformedEntry(_))
        | Error::ArtifactMismatch(_) => Check::LogEntry,
        Error::TransparencyLog(_) => Check::Log,
        Error::Timestamp(_) => Check::Timestamp,
        Error::Bundle(error) => return of_the_form(error),
        Error::IdentityMismatch { .. } => Check::Identity,
        Error::IssuerMismatch { .. } => Check::Issuer,
        Error::SignatureInvalid(_) | Error::UnsupportedArtifact(_) | Error::Crypto(_) => Check::Signature,
        _ => Check::Bundle,
    };
    check.refused(plain(&super::said(error)))
}

/// What the crates say about certificates and timestamps in names of their own, and what that means.
const MEANINGS: &[(&str, &str)] = &[
    ("CertExpired", "the certificate had expired when the signature was made"),
    (
        "CertNotValidYet",
        "the certificate was not valid yet when the signature was made",
    ),
    ("RequiredEkuNotFound", "the certificate is not one for signing"),
    ("UnknownIssuer", "the certificate does not lead to a trusted authority"),
    (
        "InvalidSignatureForPublicKey",
        "the certificate is not signed by the authority that it names",
    ),
    (
        "does not match any trusted TSA certificate",
        "its timestamp is not by a trusted authority",
    ),
];

/// What they put before what is wrong.
const PREFIXES: &[&str] = &[
    "certificate chain is invalid: ",
    "certificate chain validation failed: ",
    "invalid signed certificate timestamp: ",
    "invalid RFC 3161 timestamp: ",
    "TSA timestamp verification failed: ",
    "invalid inclusion proof: ",
    "invalid checkpoint: ",
    "log entry does not match the bundle: ",
    "artifact mismatch: ",
    "no verified timestamp: ",
];

fn plain(text: &str) -> String {
    if let Some((_, meaning)) = MEANINGS.iter().find(|(name, _)| text.contains(name)) {
        return (*meaning).to_owned();
    }
    let mut text = text;
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        text = rest;
    }
    super::said(&text)
}

fn of_the_form(error: &sigstore_bundle::Error) -> Refusal {
    use sigstore_bundle::Error as Form;
    let check = match error {
        Form::MissingInclusionProof(_)
        | Form::MissingInclusionPromise(_)
        | Form::MissingCheckpoint
        | Form::LogIndexOutOfRange { .. }
        | Form::CheckpointRootMismatch => Check::Log,
        Form::MissingSigningTimeEvidence | Form::MissingTimestamp => Check::Timestamp,
        Form::UnsupportedMediaType(_) | Form::CertificateChainNotAllowed(_) => Check::MediaType,
        _ => Check::Bundle,
    };
    check.refused(super::said(error))
}
