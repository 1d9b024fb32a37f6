//! Documents about a component that others can check: what is in it (SBOM), and how it was made (provenance).
//!
//! A document is a function of what it is about: the same component, built from the same, gives the same bytes, with the time that
//! the caller hands in. What names a machine or a person is left out: no paths, no users, nothing of the environment but which CI
//! system ran. Signing, and putting documents anywhere, is for other rooms.

mod builder;
mod contents;
mod cyclonedx;
mod embedded;
mod license;
pub mod provenance;
mod spdx;

use ring::digest::{SHA256, digest};
use serde_json::Value;

use crate::support::hex::hex;

pub use builder::Builder;
pub use contents::{Contents, Package, Part};
pub use embedded::{Embedded, EmbeddedError};
pub use provenance::Provenance;

/// The formats of an SBOM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// CycloneDX 1.6, JSON (<https://cyclonedx.org/docs/1.6/json/>).
    CycloneDx,
    /// SPDX 2.3, JSON (<https://spdx.github.io/spdx-spec/v2.3/>).
    Spdx,
}

impl Format {
    /// What an attestation of such a document has as its `predicateType`: the names that cosign knows as `cyclonedx` and `spdxjson`.
    #[must_use]
    pub fn predicate_type(self) -> &'static str {
        match self {
            Self::CycloneDx => "https://cyclonedx.org/bom",
            Self::Spdx => "https://spdx.dev/Document",
        }
    }

    /// The media type of such a document.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::CycloneDx => "application/vnd.cyclonedx+json",
            Self::Spdx => "application/spdx+json",
        }
    }
}

/// An SBOM. `created` is in seconds since 1970.
#[must_use]
pub fn sbom(contents: &Contents, format: Format, created: u64) -> Value {
    match format {
        Format::CycloneDx => cyclonedx::document(contents, created),
        Format::Spdx => spdx::document(contents, created),
    }
}

/// A UUID that is the same for the same document: version 8, of its SHA-256
/// (<https://www.rfc-editor.org/rfc/rfc9562#section-5.8>).
fn uuid(document: &Value) -> String {
    let mut digest = digest(&SHA256, document.to_string().as_bytes()).as_ref().to_vec();
    digest.truncate(16);
    for (place, keep, set) in [(6, 0x0f, 0x80), (8, 0x3f, 0x80)] {
        if let Some(byte) = digest.get_mut(place) {
            *byte = *byte & keep | set;
        }
    }
    let digits = hex(&digest);
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default();
    [0..8, 8..12, 12..16, 16..20, 20..32].map(part).join("-")
}

/// The SHA-256 of bytes, in hexadecimal digits. By `ring`: a program has hundreds of megabytes, and a debug build of `sha2` takes seconds
/// for each.
fn sha256(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_one_uuid() {
        let [one, same, other] = [1, 1, 2].map(|value| uuid(&serde_json::json!({ "a": value })));
        assert_eq!(one, same);
        assert_ne!(one, other);
        assert_eq!(one.len(), 36);
        let parts: Vec<&str> = one.split('-').collect();
        assert!(parts[2].starts_with('8'), "{one}");
        assert!(parts[3].starts_with(['8', '9', 'a', 'b']), "{one}");
    }
}
