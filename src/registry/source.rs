//! Where an artifact is read from: a registry, what was kept of it, or both; the same is checked of it either way.

use super::{Cache, Client, Descriptor, Digest, Error, MANIFEST_MAX_BYTES, Manifest, Reference};

/// A registry, what was kept of it, or both: then what is kept comes first.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The registry; none where no network may be used.
    pub client: Option<&'a Client>,
    /// What was kept, and where what is fetched is kept.
    pub cache: Option<&'a Cache>,
}

impl<'a> From<&'a Client> for Source<'a> {
    fn from(client: &'a Client) -> Self {
        Self {
            client: Some(client),
            cache: None,
        }
    }
}

impl Source<'_> {
    /// Reads a manifest or an index. What a tag means is the registry's to say.
    ///
    /// # Errors
    /// As [`Client::manifest`]; or it is not kept, and there is no registry to ask.
    pub async fn manifest(&self, at: &Reference) -> Result<Manifest, Error> {
        let kept = |digest: &Digest| self.cache?.get(digest, MANIFEST_MAX_BYTES);
        if let Some(bytes) = at.digest.as_ref().and_then(kept) {
            return Manifest::read(bytes, &format!("manifest `{at}`"));
        }
        let client = self.client.ok_or_else(|| Error::NotKept(at.clone()))?;
        let manifest = client.manifest(at).await?;
        if let Some(cache) = self.cache {
            cache.put(&manifest.bytes);
        }
        Ok(manifest)
    }

    /// Reads a blob.
    ///
    /// # Errors
    /// As [`Client::blob`]; or it is not kept, and there is no registry to ask.
    pub async fn blob(&self, at: &Reference, blob: &Descriptor, max_bytes: u64) -> Result<Vec<u8>, Error> {
        if let Some(bytes) = self.cache.and_then(|cache| cache.get(&blob.digest, max_bytes)) {
            return match bytes.len() as u64 == blob.size {
                true => Ok(bytes),
                false => Err(Error::malformed(
                    format!("blob {} of `{}`", blob.digest, at.repository_name()),
                    format!("it has {} bytes, and its manifest says {}", bytes.len(), blob.size),
                )),
            };
        }
        let client = self.client.ok_or_else(|| Error::NotKept(at.clone()))?;
        let bytes = client.blob(at, blob, max_bytes).await?;
        if let Some(cache) = self.cache {
            cache.put(&bytes);
        }
        Ok(bytes)
    }
}
