//! Sigstore bundles (v0.1 to v0.3), read and written. What is read is bounded, and has the form of its version; nothing is
//! believed here.

use std::sync::OnceLock;

use serde_json::Value;
use sigstore_crypto::parse_certificate_info;
use sigstore_types::{Bundle as Document, MediaType, SignatureContent, VerificationMaterialContent};

use super::check::{Check, Refusal};
use super::form;
use super::statement::Statement;

/// The largest bundle, in bytes: it may hold an SBOM of some thousands of packages.
pub const BUNDLE_MAX_BYTES: u64 = 16 << 20;

/// What bundles are called that slt writes.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A bundle: a signature, and what is needed to believe it.
#[derive(Debug, Clone)]
pub struct Bundle {
    pub(super) document: Document,
    /// What its envelope holds, read when it is first asked for.
    statement: OnceLock<Result<Option<Statement>, Refusal>>,
}

impl Bundle {
    pub(super) fn of(document: Document) -> Self {
        Self {
            document,
            statement: OnceLock::new(),
        }
    }

    /// Reads a bundle.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() as u64 > BUNDLE_MAX_BYTES {
            let bytes = bytes.len();
            return Err(Check::Bundle.refused(format!("it has {bytes} bytes, and {BUNDLE_MAX_BYTES} are read")));
        }
        let broken = |error: &dyn std::fmt::Display| Check::Bundle.refused(format!("it cannot be read: {error}"));
        let mut value = form::read(bytes).map_err(|error| broken(&error))?;
        let media_type = value.get("mediaType").and_then(Value::as_str);
        let Some(media_type) = media_type else {
            return Err(Check::MediaType.refused("it has no media type, as a Sigstore bundle has"));
        };
        if media_type.parse::<MediaType>().is_err() {
            return Err(Check::MediaType.refused(format!("`{media_type}` is no Sigstore bundle that slt knows")));
        }
        // cosign 3.1.3 writes an empty one for Ed25519, where there is no digest
        if let Some(Value::Object(signature)) = value.get_mut("messageSignature")
            && signature.get("messageDigest") == Some(&Value::Object(serde_json::Map::new()))
        {
            signature.remove("messageDigest");
        }
        let lacking = form::lacking(&value);
        let document: Document = serde_json::from_value(value).map_err(|error| match lacking {
            // the crate names its own types
            Some(lacking) => Check::Bundle.refused(lacking),
            None => broken(&error),
        })?;
        has_the_form_of_its_version(&document)?;
        Ok(Self::of(document))
    }

    /// As a file, or as a layer of a manifest.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(&self.document).unwrap_or_default()
    }

    /// What it says of the key that it was made with; none: a certificate.
    pub(super) fn key_hint(&self) -> Option<&str> {
        match &self.document.verification_material.content {
            VerificationMaterialContent::PublicKey(key) => Some(&key.hint),
            _ => None,
        }
    }

    /// Whom its certificate was given to, and who vouched for them.
    pub(super) fn identity(&self) -> Option<(String, String)> {
        let certificate = parse_certificate_info(self.document.signing_certificate()?).ok()?;
        Some((certificate.identity?.to_string(), certificate.issuer?))
    }

    /// The type of the predicate that it states, whoever signed it; none: it is over a file as it is, or says nothing that can be read.
    #[must_use]
    pub fn predicate_type(&self) -> Option<String> {
        let statement = self.statement().ok()?;
        statement.map(|statement| statement.predicate_type.clone())
    }

    /// Its statement, before anything of it is believed; none: it is a signature over a file.
    pub(super) fn statement(&self) -> Result<Option<&Statement>, Refusal> {
        let read = self.statement.get_or_init(|| match &self.document.content {
            SignatureContent::DsseEnvelope(envelope) => {
                Statement::parse(&envelope.payload_type, envelope.payload.as_bytes()).map(Some)
            }
            _ => Ok(None),
        });
        read.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    /// What its statement says, which is for those who believe it; a signature over a file says nothing.
    pub(super) fn predicate(&self) -> Result<Value, Refusal> {
        match &self.document.content {
            SignatureContent::DsseEnvelope(envelope) => Statement::predicate(envelope.payload.as_bytes()),
            _ => Ok(Value::Null),
        }
    }

    /// `dsse-envelope` or `message-signature`: what a referrer says of it (`dev.sigstore.bundle.content`).
    #[must_use]
    pub fn content(&self) -> &'static str {
        match self.document.content {
            SignatureContent::DsseEnvelope(_) => "dsse-envelope",
            _ => "message-signature",
        }
    }
}

fn has_the_form_of_its_version(document: &Document) -> Result<(), Refusal> {
    let material = &document.verification_material;
    let is_v0_3 = document.media_type == MediaType::Bundle0_3;
    let wrong = match (&material.content, is_v0_3) {
        (VerificationMaterialContent::Certificate(_), false) => Some("has a single certificate, as only v0.3 has"),
        (VerificationMaterialContent::X509CertificateChain { .. }, true) => {
            Some("has a chain, as only v0.1 and v0.2 have")
        }
        _ => None,
    };
    match wrong {
        Some(wrong) => Err(Check::MediaType.refused(format!("it says `{}`, and {wrong}", document.media_type))),
        None => Ok(()),
    }
}
