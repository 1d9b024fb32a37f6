//! Types of predicates: URIs, and the short names that cosign has for some of them. What is in a predicate is not looked at here.

/// Short names, as `cosign attest` 3.1.3 has them. Where one type has two, the first is in the names of files.
const TYPES: &[(&str, &str)] = &[
    ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
    ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
    ("cyclonedx", "https://cyclonedx.org/bom"),
    ("spdx", "https://spdx.dev/Document"),
    ("spdxjson", "https://spdx.dev/Document"),
    ("link", "https://in-toto.io/Link/v1"),
    ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
    ("openvex", "https://openvex.dev/ns"),
    ("custom", "https://cosign.sigstore.dev/attestation/v1"),
];

/// A text that is neither a URI nor one of the short names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no type of an attestation")]
pub struct TypeError(String);

impl TypeError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> String {
        let names: Vec<_> = TYPES.iter().map(|(name, _)| format!("`{name}`")).collect();
        format!("a type is a URI, or one of {}", names.join(", "))
    }
}

/// The URI of a type that a user has written.
///
/// # Errors
/// It is neither a URI, which has a `:` in it, nor a short name.
pub fn uri(text: &str) -> Result<String, TypeError> {
    match TYPES.iter().find(|(name, _)| *name == text) {
        Some((_, uri)) => Ok((*uri).to_owned()),
        None if text.contains(':') => Ok(text.to_owned()),
        None => Err(TypeError(text.to_owned())),
    }
}

/// The short name of a type, if it has one.
#[must_use]
pub fn short_name(uri: &str) -> Option<&'static str> {
    TYPES.iter().find(|(_, known)| *known == uri).map(|(name, _)| *name)
}
