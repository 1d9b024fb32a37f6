//! Digests: what a registry's content is named by, checked when they are read and made of the bytes themselves.
//!
//! SHA-256 only. The specification allows SHA-512 as well, and no tool of this field writes it; one that is met is refused by name.

use std::fmt;
use std::str::FromStr;

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::support::hex::hex;

/// The digits of a SHA-256 in hexadecimal.
const HEX_DIGITS: usize = 64;

/// A digest: `sha256:` and 64 lower-case hexadecimal digits
/// (<https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests>).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

/// Why a text is no digest that is understood here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Not of the form.
    #[error("a digest is `sha256:` and 64 lower-case hexadecimal digits")]
    Form,
    /// Of another algorithm.
    #[error("digests with `{0}` are not understood, only `sha256`")]
    Algorithm(String),
}

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(bytes);
        hasher.finish()
    }

    /// The 64 digits.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.0
    }

    /// The tag below which registries without the referrers API keep what refers to it
    /// (<https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema>).
    #[must_use]
    pub fn tag(&self) -> String {
        format!("sha256-{}", self.0)
    }

    /// The first digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "sha256:{}", self.0)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (algorithm, digits) = text.split_once(':').ok_or(DigestError::Form)?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || "+._-".contains(c);
        if algorithm != "sha256" && !algorithm.is_empty() && algorithm.len() < 32 && algorithm.chars().all(is_name) {
            return Err(DigestError::Algorithm(algorithm.to_owned()));
        }
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        match algorithm == "sha256" && digits.len() == HEX_DIGITS && digits.bytes().all(is_digit) {
            true => Ok(Self(digits.to_owned())),
            false => Err(DigestError::Form),
        }
    }
}

/// Makes a digest of what comes in pieces.
#[derive(Clone)]
pub(super) struct Hasher(Context);

impl Hasher {
    pub(super) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn finish(self) -> Digest {
        Digest(hex(self.0.finish().as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_digest() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").to_string(), empty);
        assert_eq!(empty.parse::<Digest>().unwrap().tag(), empty.replace(':', "-"));
        let said = |text: &str| text.parse::<Digest>().unwrap_err();
        for bad in [
            "",
            "sha256:",
            "sha256:e3b0",
            &empty[7..],
            &empty.to_uppercase(),
            &format!("{empty}0"),
            &empty.replace("e3", "g3"),
            &empty.replace("e3", "E3"),
            &empty.replace("e3b", "../"),
        ] {
            assert!(bad.starts_with("SHA") || said(bad) == DigestError::Form, "{bad}");
            assert!(bad.parse::<Digest>().is_err());
        }
        assert_eq!(said("sha512:00"), DigestError::Algorithm("sha512".to_owned()));
    }
}
