//! Making signatures: with a key, or without one of one's own, for an identity (*keyless*).
//!
//! What is signed of an image is an in-toto statement in an envelope, as cosign 3 does; of a file the file itself, as
//! `cosign sign-blob` does. A keyless signature is by a key that exists for one signature; a certificate says whose it was, and
//! a log or a timestamp says when. Where there are services, the finished bundle is verified before anybody gets it.

use serde_json::Value;
use sigstore_bundle::{BundleV03, VerificationMaterialV03};
use sigstore_crypto::KeyAlgorithm;
use sigstore_types::bundle::{MessageDigest, MessageSignature};
use sigstore_types::{
    DerCertificate, DsseEnvelope, DsseSignature, HashAlgorithm, KeyId, PayloadBytes, Sha256Hash, SignatureBytes,
    SignatureContent,
};

use super::bundle::Bundle;
use super::check::Refusal;
use super::keys::{KeyError, PrivateKey};
use super::services::{Services, Voucher};
use super::statement::{PAYLOAD_TYPE, Statement};
use super::token::Token;
use super::verify::{self, Demands};
use super::{legacy, provider};

/// Why nothing was signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The key cannot.
    #[error("{0}")]
    Key(#[from] KeyError),
    /// The signing config cannot be used.
    #[error("the signing config cannot be used: {0}")]
    Config(String),
    /// What is there is no token: where it comes from.
    #[error("{0}: it is no identity token (JWT)")]
    NoToken(String),
    /// There is no token, or it is not taken.
    #[error("{0}")]
    Token(String),
    /// The provider has no such way to sign in.
    #[error("{0}")]
    NoWay(String),
    /// Nobody signed in.
    #[error("{0}")]
    Nobody(String),
    /// A service failed.
    #[error("{service} at {url} failed: {reason}")]
    Service {
        /// Which.
        service: &'static str,
        /// Where.
        url: String,
        /// How.
        reason: String,
    },
    /// A log has it already.
    #[error("Rekor at {0} has this very signature already, and takes none twice")]
    Logged(String),
    /// The services answered, and the trusted root does not believe them.
    #[error("what the services answered does not verify against the trusted root: {0}")]
    Distrusted(Refusal),
}

impl SignError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Key(error) => error.hint().to_owned(),
            Self::Config(_) => {
                "`--signing-config` takes the file that `cosign signing-config create` writes".to_owned()
            }
            Self::NoToken(_) | Self::Token(_) => {
                "`--identity-token FILE` takes a fresh token; CI systems give one to jobs that may ask for it"
                    .to_owned()
            }
            Self::NoWay(_) => {
                "leave `--device` out to sign in with a browser of this machine, or with `--no-browser` of another"
                    .to_owned()
            }
            Self::Nobody(_) => {
                "nothing was signed; the same command lets you sign in again, and with `--device` on any device"
                    .to_owned()
            }
            Self::Service { .. } => "nothing was published; try again when it answers".to_owned(),
            Self::Logged(_) => {
                "use the bundle that was made with it; a key of P-256 signs the same thing otherwise each time"
                    .to_owned()
            }
            Self::Distrusted(_) => {
                "`--trusted-root` and `--signing-config` belong together: name those of one Sigstore".to_owned()
            }
        }
    }
}

/// Somebody who signs.
#[derive(Debug)]
pub enum Signer {
    /// With a key; witnessed where there are services.
    Key {
        /// The key.
        key: PrivateKey,
        /// Who witnesses.
        services: Option<Services>,
    },
    /// For an identity.
    Keyless {
        /// Who it is.
        token: Token,
        /// Who vouches for it and witnesses.
        services: Services,
    },
}

/// What one signature is made with.
enum Hand<'a> {
    /// The user's key.
    Own(&'a PrivateKey),
    /// A key for this one signature, and the certificate that says whose it is.
    Certified(PrivateKey, DerCertificate),
}

impl Hand<'_> {
    fn key(&self) -> &PrivateKey {
        match self {
            Self::Own(key) => key,
            Self::Certified(key, _) => key,
        }
    }

    fn voucher(&self) -> Voucher<'_> {
        match self {
            Self::Own(key) => Voucher::Key(key.public()),
            Self::Certified(_, certificate) => Voucher::Certificate(certificate),
        }
    }
}

impl Signer {
    /// Signs that the predicate is true of what has this digest.
    ///
    /// # Errors
    /// The key or a service does not.
    pub async fn attest(&self, sha256: &str, predicate_type: &str, predicate: Value) -> Result<Bundle, SignError> {
        let payload = Statement::new(sha256, predicate_type, predicate).to_json();
        let hand = self.hand().await?;
        let pae = sigstore_types::pae(PAYLOAD_TYPE, &payload);
        let signature = hand.key().sign(&pae)?;
        let envelope = DsseEnvelope::new(
            PAYLOAD_TYPE,
            PayloadBytes::new(payload),
            DsseSignature::new(signature.clone(), KeyId::default()),
        );
        let digest = sigstore_crypto::sha256(&pae);
        let content = SignatureContent::DsseEnvelope(envelope.clone());
        let bundle = self
            .witnessed(&hand, content, &digest, &signature, Some(&envelope))
            .await?;
        self.believed(&hand, &bundle, sha256, None)?;
        Ok(bundle)
    }

    /// Signs a file.
    ///
    /// # Errors
    /// The key or a service does not.
    pub async fn sign_file(&self, bytes: &[u8]) -> Result<Bundle, SignError> {
        let hand = self.hand().await?;
        let signature = hand.key().sign(bytes)?;
        let digest = sigstore_crypto::sha256(bytes);
        let named = match hand.key().public().algorithm() {
            KeyAlgorithm::EcdsaP384 => {
                let digest = sigstore_crypto::sha384(bytes).as_bytes().to_vec();
                MessageDigest::new(HashAlgorithm::Sha2384, digest.into())
            }
            _ => MessageDigest::new(HashAlgorithm::Sha2256, digest.into()),
        };
        let signed = MessageSignature::new(signature.clone());
        // Ed25519 signs no digest, so that none is named
        let signed = match hand.key().public().algorithm() {
            KeyAlgorithm::Ed25519 => signed,
            _ => signed.with_message_digest(named),
        };
        let content = SignatureContent::MessageSignature(signed);
        let bundle = self.witnessed(&hand, content, &digest, &signature, None).await?;
        self.believed(&hand, &bundle, &digest.to_hex(), Some(bytes))?;
        Ok(bundle)
    }

    /// Signs an image as cosign 1 and 2 did: the payload of a `.sig` layer, and its annotations. With a key only.
    ///
    /// # Errors
    /// It is no key, or the key cannot.
    pub fn sign_legacy(
        &self,
        docker_reference: &str,
        sha256: &str,
    ) -> Result<(Vec<u8>, legacy::Annotations), SignError> {
        let Self::Key { key, .. } = self else {
            return Err(SignError::Config("a `.sig` tag is written with a key only".to_owned()));
        };
        provider::install();
        let payload = legacy::payload(docker_reference, sha256);
        let signature = key.sign(&payload)?;
        Ok((payload, legacy::annotations(signature.as_bytes())))
    }

    /// Who will be named as the signer: a fingerprint, or an identity and its issuer.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Key { key, .. } => format!("key {}", key.public().fingerprint()),
            Self::Keyless { token, .. } => format!("{} ({})", token.identity(), token.issuer()),
        }
    }

    /// Whether the time of their token is over: another one can be asked for.
    #[must_use]
    pub fn is_over(&self) -> bool {
        match self {
            Self::Key { .. } => false,
            Self::Keyless { token, .. } => token.0.is_expired(),
        }
    }

    /// Whether a bundle says that it is by them, which nothing here vouches for.
    #[must_use]
    pub fn says_so(&self, bundle: &Bundle) -> bool {
        match self {
            Self::Key { key, .. } => bundle.key_hint() == Some(key.public().hint().as_str()),
            Self::Keyless { token, .. } => {
                bundle.identity() == Some((token.identity().to_owned(), token.issuer().to_owned()))
            }
        }
    }

    async fn hand(&self) -> Result<Hand<'_>, SignError> {
        provider::install();
        match self {
            Self::Key { key, .. } => Ok(Hand::Own(key)),
            Self::Keyless { token, services } => {
                let key = PrivateKey::ephemeral()?;
                let certificate = services.certificate(&token.0, &key).await?;
                Ok(Hand::Certified(key, certificate))
            }
        }
    }

    fn services(&self) -> Option<&Services> {
        match self {
            Self::Key { services, .. } => services.as_ref(),
            Self::Keyless { services, .. } => Some(services),
        }
    }

    async fn witnessed(
        &self,
        hand: &Hand<'_>,
        content: SignatureContent,
        digest: &Sha256Hash,
        signature: &SignatureBytes,
        envelope: Option<&DsseEnvelope>,
    ) -> Result<Bundle, SignError> {
        let material = match hand {
            Hand::Own(key) => VerificationMaterialV03::PublicKey {
                hint: key.public().hint(),
            },
            Hand::Certified(_, certificate) => VerificationMaterialV03::Certificate(certificate.clone()),
        };
        let mut bundle = BundleV03::new(material, content);
        if let Some(services) = self.services() {
            services.can_log(hand.voucher(), envelope.is_some())?;
            for timestamp in services.timestamps(signature).await? {
                bundle = bundle.with_rfc3161_timestamp(timestamp);
            }
            for entry in services.log(digest, signature, envelope, hand.voucher()).await? {
                bundle = bundle.with_tlog_entry(entry);
            }
        }
        Ok(Bundle::of(bundle.into_bundle()))
    }

    /// Whether the trusted root believes what the services answered.
    fn believed(
        &self,
        hand: &Hand<'_>,
        bundle: &Bundle,
        sha256: &str,
        message: Option<&[u8]>,
    ) -> Result<(), SignError> {
        let Some(services) = self.services() else {
            return Ok(());
        };
        let trust = services.trust();
        let demands = Demands {
            log: services.has_log(),
            timestamp: false,
            // a private Sigstore may have no log of certificates; who verifies decides about that
            sct: trust.has_certificate_logs(),
        };
        let said = match hand {
            Hand::Own(key) => verify::by_key(bundle, sha256, message, key.public(), Some(trust), demands),
            Hand::Certified(..) => verify::by_certificate(bundle, sha256, message, trust, demands),
        };
        said.map(drop).map_err(SignError::Distrusted)
    }
}
