//! References: `registry/repository:tag@digest`, as a user writes them.
//!
//! The registry is always said. A name without one means Docker Hub to docker and a file to everybody else; slt takes files and
//! references in one place, so that a word that could be either is a file.

use std::fmt;
use std::str::FromStr;

use super::Digest;

/// The longest repository with its registry, in bytes
/// (<https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests>).
const NAME_MAX_BYTES: usize = 255;

/// The longest tag, in bytes (the same place).
const TAG_MAX_BYTES: usize = 128;

/// The tag of a reference that names none, as for every other tool.
const LATEST: &str = "latest";

/// Docker Hub, as it is written, and the host that answers for it.
const DOCKER_HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");

/// What a reference is, for who has left a part of it out.
const EXAMPLE: &str = "a reference is `registry/repository:tag`, for example `registry.example.com/team/app:1.0`";

/// An artifact in a registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// `host` or `host:port`.
    pub registry: String,
    /// `team/app`
    pub repository: String,
    /// `1.0`
    pub tag: Option<String>,
    /// What it must be.
    pub digest: Option<Digest>,
}

/// Why a text is no reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Nothing before the first `/` that could be a host.
    #[error("`{0}` names no registry")]
    NoRegistry(String),
    /// A registry, and nothing behind it.
    #[error("`{0}` names no repository")]
    NoRepository(String),
    /// A scheme in front.
    #[error("`{0}` is a URL, and a reference has no scheme")]
    Scheme(String),
    /// The host or its port is none.
    #[error("`{0}` is no registry: a host, or `host:port`")]
    Registry(String),
    /// The repository has characters that it must not have.
    #[error("`{0}` is no repository: lower-case letters and digits, in parts that `/`, `.`, `_` or `-` divide")]
    Repository(String),
    /// Longer than [`NAME_MAX_BYTES`].
    #[error("a registry and its repository may have {NAME_MAX_BYTES} bytes together")]
    TooLong,
    /// No tag.
    #[error(
        "`{0}` is no tag: letters, digits, `_`, `.` and `-`, at most {TAG_MAX_BYTES}, and neither `.` nor `-` first"
    )]
    Tag(String),
    /// No digest.
    #[error("`{text}` is no digest: {error}")]
    Digest {
        /// What was written.
        text: String,
        /// Why.
        error: super::digest::DigestError,
    },
}

impl ReferenceError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoRegistry(text) => {
                let meant = format!("docker.io/{}", text.trim_start_matches("./"));
                match meant.parse::<Reference>() {
                    Ok(_) => format!("{EXAMPLE}; on Docker Hub it is `{meant}`"),
                    Err(_) => EXAMPLE.to_owned(),
                }
            }
            Self::NoRepository(_) => EXAMPLE.to_owned(),
            Self::Scheme(text) => {
                let rest = text.split_once("://").map_or("", |(_, rest)| rest);
                format!("write `{rest}`; plain HTTP is `--plain-http HOST`, and needs no flag on this machine")
            }
            _ => "a reference is `registry/repository:tag`, or `registry/repository@sha256:…`".to_owned(),
        }
    }
}

impl Reference {
    /// The same, with this digest, and no tag: what was resolved is asked for by what it is.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self {
            tag: None,
            digest: Some(digest),
            ..self.clone()
        }
    }

    /// The same, with this tag, and no digest.
    #[must_use]
    pub fn with_tag(&self, tag: impl Into<String>) -> Self {
        Self {
            tag: Some(tag.into()),
            digest: None,
            ..self.clone()
        }
    }

    /// The last part of the path of its manifest: the digest if there is one, else the tag, else `latest`.
    #[must_use]
    pub fn name(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.clone().unwrap_or_else(|| LATEST.to_owned()),
        }
    }

    /// The tag to write to: `latest` if neither tag nor digest is said.
    #[must_use]
    pub fn tag_to_write(&self) -> Option<&str> {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => Some(tag),
            (None, Some(_)) => None,
            (None, None) => Some(LATEST),
        }
    }

    /// The host that answers for the registry, and its port if one is said.
    #[must_use]
    pub fn host(&self) -> &str {
        match self.registry.as_str() == DOCKER_HUB.0 {
            true => DOCKER_HUB.1,
            false => &self.registry,
        }
    }

    /// The registry and the repository: what stands before tag and digest.
    #[must_use]
    pub fn repository_name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// Whether a text is meant to be a reference and not a path: its first part could be a host.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.split_once('/').is_some_and(|(first, _)| is_host_like(first))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(formatter, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(formatter, "@{digest}")?;
        }
        if self.tag.is_none() && self.digest.is_none() {
            write!(formatter, ":{LATEST}")?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.contains("://") {
            return Err(ReferenceError::Scheme(text.to_owned()));
        }
        let no_registry = || ReferenceError::NoRegistry(text.to_owned());
        let (registry, rest) = match text.split_once('/') {
            Some(parts) => parts,
            None if is_registry_alone(text) => return Err(ReferenceError::NoRepository(text.to_owned())),
            None => return Err(no_registry()),
        };
        if !is_host_like(registry) {
            return Err(no_registry());
        }
        let registry = registry_name(registry)?;
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(parse_digest(digest)?)),
            None => (rest, None),
        };
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(parse_tag(tag)?)),
            None => (rest, None),
        };
        if !repository.split('/').all(is_repository_part) {
            return Err(ReferenceError::Repository(repository.to_owned()));
        }
        // Docker Hub's own images lie below `library`, and everybody leaves it out
        let repository = match registry == DOCKER_HUB.0 && !repository.contains('/') {
            true => format!("library/{repository}"),
            false => repository.to_owned(),
        };
        if registry.len() + 1 + repository.len() > NAME_MAX_BYTES {
            return Err(ReferenceError::TooLong);
        }
        Ok(Self {
            registry,
            repository,
            tag,
            digest,
        })
    }
}

/// A registry's name as it is kept: in lower case, Docker Hub by one of its names.
///
/// # Errors
/// It is no host, or `host:port`.
pub fn registry_name(text: &str) -> Result<String, ReferenceError> {
    let bad = || ReferenceError::Registry(text.to_owned());
    let (host, port) = split_port(text);
    if let Some(port) = port
        && port.parse::<u16>().is_err()
    {
        return Err(bad());
    }
    let is_address = |text: &str| text.parse::<std::net::Ipv6Addr>().is_ok();
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_label = |label: &str| {
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        !label.is_empty() && label.chars().all(is_letter) && !label.starts_with('-') && !label.ends_with('-')
    };
    if !bracketed.is_some_and(is_address) && !host.split('.').all(is_label) {
        return Err(bad());
    }
    let name = text.to_ascii_lowercase();
    Ok(match name.as_str() {
        "index.docker.io" | "registry-1.docker.io" => DOCKER_HUB.0.to_owned(),
        _ => name,
    })
}

/// The host, and what stands behind its colon.
pub(super) fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    }
}

/// `localhost`, or with a dot or a port: docker tells a host from a folder by this rule
/// (<https://github.com/distribution/reference/blob/v0.6.0/normalize.go>). What starts with a dot is a path.
fn is_host_like(first: &str) -> bool {
    !first.starts_with('.') && (first == "localhost" || first.contains(['.', ':']))
}

/// Whether a text without a `/` is a host with a port: what has none could be a file, and what has no dot the name and tag of an image.
fn is_registry_alone(text: &str) -> bool {
    let (host, port) = split_port(text);
    let is_host = host == "localhost" || host.starts_with('[') || host.contains('.');
    is_host && port.is_some() && registry_name(text).is_ok()
}

fn is_repository_part(part: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let words: Vec<&str> = part.split(is_letter).filter(|word| !word.is_empty()).collect();
    let is_divider = |word: &str| matches!(word, "." | "_" | "__") || word.chars().all(|c| c == '-');
    part.starts_with(is_letter) && part.ends_with(is_letter) && words.into_iter().all(is_divider)
}

fn parse_tag(text: &str) -> Result<String, ReferenceError> {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let is_tag =
        !text.is_empty() && text.len() <= TAG_MAX_BYTES && text.chars().all(is_letter) && !text.starts_with(['.', '-']);
    match is_tag {
        true => Ok(text.to_owned()),
        false => Err(ReferenceError::Tag(text.to_owned())),
    }
}

fn parse_digest(text: &str) -> Result<Digest, ReferenceError> {
    text.parse().map_err(|error| ReferenceError::Digest {
        text: text.to_owned(),
        error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_reference() {
        let digest = Digest::of(b"");
        for (text, expected) in [
            ("localhost/app", "localhost/app:latest".to_owned()),
            (
                "127.0.0.1:5000/a/b-c__d.e:1.0",
                "127.0.0.1:5000/a/b-c__d.e:1.0".to_owned(),
            ),
            ("[::1]:5000/app:x", "[::1]:5000/app:x".to_owned()),
            ("[::1]/app:x", "[::1]/app:x".to_owned()),
            ("Registry.Example.com/app", "registry.example.com/app:latest".to_owned()),
            ("docker.io/app", "docker.io/library/app:latest".to_owned()),
            ("index.docker.io/me/app", "docker.io/me/app:latest".to_owned()),
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), expected);
        }
        let both: Reference = format!("a.example/app:1@{digest}").parse().unwrap();
        assert_eq!((both.name(), both.tag_to_write()), (digest.to_string(), Some("1")));
        let only = both.with_digest(digest);
        assert_eq!((only.tag_to_write(), only.with_tag("2").name()), (None, "2".to_owned()));
    }

    #[test]
    fn what_is_none() {
        use ReferenceError as Error;
        let said = |text: &str| text.parse::<Reference>().unwrap_err();
        for text in ["app", "app:1", "team/app", "./a.b/app", "../app", ""] {
            assert_eq!(said(text), Error::NoRegistry(text.to_owned()));
        }
        for text in ["localhost:5000", "127.0.0.1:5000", "[::1]:5000", "a.example:5000"] {
            assert_eq!(said(text), Error::NoRepository(text.to_owned()));
        }
        for (text, meant) in [
            ("team/app", true),
            ("./app", true),
            ("", false),
            ("../app", false),
            ("App", false),
        ] {
            assert_eq!(said(text).hint().contains("docker.io"), meant, "{text}");
        }
        assert!(matches!(said("oci://a.example/app"), Error::Scheme(_)));
        for text in [
            "a..example/app",
            "a.example:x/app",
            "a.example:70000/app",
            "a_.-/app",
            "[::g]:1/x",
            "u@a.b/x",
        ] {
            assert!(matches!(said(text), Error::Registry(_)), "{text}");
        }
        for text in [
            "a.b/",
            "a.b/App",
            "a.b/a//b",
            "a.b/-a",
            "a.b/a_",
            "a.b/a___b",
            "a.b/../x",
            "a.b/a%2f",
        ] {
            assert!(matches!(said(text), Error::Repository(_)), "{text}");
        }
        for text in [
            "a.b/a:",
            "a.b/a:.x",
            "a.b/a:x y",
            "a.b/a:x/y",
            &format!("a.b/a:{}", "x".repeat(129)),
        ] {
            assert!(matches!(said(text), Error::Tag(_)), "{text}");
        }
        assert!(matches!(said("a.b/a@sha256:12"), Error::Digest { .. }));
        assert_eq!(said(&format!("a.b/{}", "a".repeat(252))), Error::TooLong);
    }
}
