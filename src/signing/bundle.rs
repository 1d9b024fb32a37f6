//! Sigstore bundles (v0.1 to v0.3), read and written. What is read is bounded, and has the form of its version; nothing is
//! believed here.

use serde_json::Value;
use sigstore_crypto::parse_certificate_info;
use sigstore_types::{Bundle as Document, MediaType, SignatureContent, VerificationMaterialContent};

use super::check::{Check, Refusal};
use super::form;

/// The largest bundle, in bytes: it may hold an SBOM of some thousands of packages.
pub const BUNDLE_MAX_BYTES: u64 = 16 << 20;

/// What bundles are called that slt writes.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The most log entries and the most timestamps of a bundle: cosign writes one of each.
const WITNESSES_MAX: usize = 16;

/// A bundle: a signature, and what is needed to believe it.
#[derive(Debug, Clone)]
pub struct Bundle {
    pub(super) document: Document,
}

impl Bundle {
    pub(super) fn of(document: Document) -> Self {
        Self { document }
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
        Ok(Self { document })
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
        let statement = super::verify::statement(self).ok()?;
        statement.map(|statement| statement.predicate_type)
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
    if let Some(wrong) = wrong {
        return Err(Check::MediaType.refused(format!("it says `{}`, and {wrong}", document.media_type)));
    }
    let witnesses = [
        material.tlog_entries.len(),
        material.timestamp_verification_data.rfc3161_timestamps.len(),
    ];
    match witnesses.iter().any(|count| *count > WITNESSES_MAX) {
        true => Err(Check::Bundle.refused(format!("it has more than {WITNESSES_MAX} log entries or timestamps"))),
        false => Ok(()),
    }
}
