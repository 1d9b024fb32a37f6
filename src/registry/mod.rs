//! Registries of OCI artifacts: what is read from them and written to them, bounded, retried and resumed.
//!
//! Types of the specification come from `oci-client`; the requests are made here, because that crate reads manifests, tokens and error
//! bodies whole whatever their size, hides `Retry-After`, knows no identity tokens and resumes nothing.
//!
//! *Invariant:* every byte that is handed out has the digest that was asked for; nothing is read without a limit; credentials go
//! to the registry that asked for them, and to whom it names for its tokens. Nothing here reads the environment or prints.

pub mod artifact;
mod auth;
mod blobs;
mod cache;
mod challenge;
mod client;
pub mod credentials;
mod digest;
pub mod docker;
mod error;

pub mod outline;
mod reference;
mod referrers;
mod retry;
mod shared;
mod source;
mod transport;
mod uploads;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use oci_client::manifest::OciDescriptor;

pub use cache::Cache;
pub use client::{Client, Manifest};
pub use credentials::{Credentials, Login};
pub use digest::{Digest, DigestError};
pub use error::{Error, Fault};
pub use reference::{Reference, ReferenceError, registry_name};
pub use referrers::Attachment;
pub use shared::Entry;
pub use source::Source;

pub use crate::support::http::{Authorities, Proxies};

/// The media types that are read and written here.
pub mod media {
    /// An image manifest.
    pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// An index: a list of manifests.
    pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// Docker's manifest, which is read as ours.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker's index.
    pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// The config of what has none: `{}`.
    pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
    /// Just bytes, as blobs are sent.
    pub const BYTES: &str = "application/octet-stream";
}

/// The largest manifest or index, in bytes: what registries take at least, and most of them at most
/// (<https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests>).
pub const MANIFEST_MAX_BYTES: u64 = 4 << 20;

/// The most entries of an index or a list of referrers that are looked at.
pub const ENTRIES_MAX: usize = 1_000;

/// How a client behaves.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Who asks.
    pub credentials: Credentials,
    /// Hosts (`host` or `host:port`) that are spoken to without TLS; this machine is, too, if it is not in `tls`.
    pub plain_http: Vec<String>,
    /// Hosts of this machine (`host` or `host:port`) that are spoken to with TLS, as all others are.
    pub tls: Vec<String>,
    /// Who vouches for registries beside those whom this machine trusts.
    pub authorities: Authorities,
    /// What stands between us and them.
    pub proxies: Proxies,
    /// How long is waited, and how often tried.
    pub patience: Patience,
    /// Is told how far something large has got.
    pub watch: Watch,
}

/// How long is waited for a registry, and how often it is tried.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the next byte, in either direction.
    pub silence: Duration,
    /// For a whole manifest, token or list.
    pub document: Duration,
    /// For all that it says of an error.
    pub error_body: Duration,
    /// How often something is tried that achieves nothing.
    pub attempts: u32,
    /// Before the second time; it doubles from then on.
    pub first_delay: Duration,
    /// The longest of these, and the longest that `Retry-After` may ask for.
    pub longest_delay: Duration,
    /// The largest piece that is sent at once, in bytes: what breaks off later goes on there. The least that a registry on the
    /// network of a cloud takes is 5 MiB.
    pub chunk_bytes: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(60),
            document: Duration::from_secs(120),
            error_body: Duration::from_secs(5),
            attempts: 5,
            first_delay: Duration::from_millis(500),
            longest_delay: Duration::from_secs(60),
            chunk_bytes: 16 << 20,
        }
    }
}

/// Is told how far something large has got.
type Watcher = dyn Fn(&Progress) + Send + Sync;

/// Is told how far something large has got; called from any thread, several times a second.
#[derive(Clone, Default)]
pub struct Watch(pub Option<Arc<Watcher>>);

impl std::fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Watch")
    }
}

impl Watch {
    fn tell(&self, progress: &Progress) {
        if let Some(watch) = &self.0 {
            watch(progress);
        }
    }
}

/// How far a blob has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The blob.
    pub digest: Digest,
    /// Whether it is sent; else it is fetched.
    pub sent: bool,
    /// How much is there, in bytes.
    pub done: u64,
    /// How much it is, in bytes.
    pub total: u64,
}

/// What a registry's content is called, and how large it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its bytes' digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// What kind of artifact it is, if it is a manifest.
    pub artifact_type: Option<String>,
    /// What else is said of it.
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8], media_type: impl Into<String>) -> Self {
        Self {
            media_type: media_type.into(),
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            artifact_type: None,
            annotations: BTreeMap::new(),
        }
    }

    /// Whether it is said to be a list of manifests.
    #[must_use]
    pub fn is_index(&self) -> bool {
        matches!(self.media_type.as_str(), media::INDEX | media::DOCKER_INDEX)
    }

    /// As it stands in a manifest.
    #[must_use]
    pub fn to_oci(&self) -> OciDescriptor {
        OciDescriptor {
            media_type: self.media_type.clone(),
            digest: self.digest.to_string(),
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            urls: None,
            annotations: (!self.annotations.is_empty()).then(|| self.annotations.clone()),
            artifact_type: self.artifact_type.clone(),
        }
    }

    /// From a manifest, checked.
    ///
    /// # Errors
    /// The digest is none, or the size.
    pub fn from_oci(descriptor: &OciDescriptor, what: &str) -> Result<Self, Error> {
        let digest = descriptor
            .digest
            .parse()
            .map_err(|error: DigestError| Error::malformed(what, error.to_string()))?;
        let size = u64::try_from(descriptor.size)
            .map_err(|_| Error::malformed(what, format!("{} bytes are no size", descriptor.size)))?;
        Ok(Self {
            media_type: descriptor.media_type.clone(),
            digest,
            size,
            artifact_type: descriptor.artifact_type.clone(),
            annotations: descriptor.annotations.clone().unwrap_or_default(),
        })
    }
}

/// What is pushed as a blob.
#[derive(Debug, Clone)]
pub enum Content {
    /// These bytes.
    Bytes(Bytes),
    /// A file, which is read in pieces.
    File(PathBuf),
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

/// What a file would be called as a blob, and how large it is.
///
/// # Errors
/// It cannot be read.
pub fn described(path: &std::path::Path) -> Result<Descriptor, Error> {
    uploads::described(&Content::File(path.to_owned()), artifact::LAYER)
}
