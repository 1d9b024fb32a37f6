//! Manifests that others write too: the index of what refers to an artifact, below its tag, and cosign's `.sig`.
//!
//! A tag has no lock. So it is written over what was read, where the registry calls that by an `ETag`
//! (<https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests-with-subject>); a write that fails is never
//! sent again as it was, but made anew of what is there by then; and it is read again after it was written, and again a little later.
//! Two who write in one moment, to a registry without `ETag`, can still lose an entry if the later one is slower than that.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::client::too_large;
use super::referrers::limited;
use super::{Client, Content, Descriptor, Digest, Error, MANIFEST_MAX_BYTES, Manifest, Reference};

/// How many times it is written before its entry stays.
const MERGES_MAX: u32 = 8;

/// An entry of a list that others have entries in.
pub struct Entry<'a> {
    /// What the manifest is that has the list.
    pub media_type: &'static str,
    /// Which list it is: `manifests` of an index, `layers` of a manifest.
    pub list: &'static str,
    /// As it stands there.
    pub value: Value,
    /// Whether an entry is this one.
    pub is_it: &'a (dyn Fn(&Value) -> bool + Sync),
    /// What the config of a manifest with such a list is, and its bytes; an index has none.
    pub config: Option<(&'static str, ConfigOf)>,
}

/// The bytes of a config that goes with such a list.
pub type ConfigOf = fn(&[Value]) -> Vec<u8>;

impl Client {
    /// Adds an entry to the manifest below a tag, which is made if it is not there, unless it has it. Everything else in it stays. Gives
    /// back what has the entry then.
    ///
    /// # Errors
    /// What lies there is none, too large, or keeps changing; or the registry fails.
    pub async fn add(&self, tag: &Reference, entry: &Entry<'_>) -> Result<Descriptor, Error> {
        let what = format!("manifest `{tag}`");
        let (mut retries, mut refused, mut merges) = (self.retries(), None, 0);
        while merges < MERGES_MAX {
            let (before, mark) = self.there(tag).await?.unzip();
            if !entry.is_in(before.as_ref(), &what)? {
                let bytes = self.with(tag, before.as_ref(), entry, &what).await?;
                // one that refuses what nobody has changed has marks that are not for conditions
                let over = mark.flatten().filter(|mark| refused.as_ref() != Some(mark));
                match self.put_once(tag, &bytes, entry.media_type, over.as_deref()).await {
                    Ok(true) => {}
                    Ok(false) => {
                        (refused, merges) = (over, merges + 1);
                        continue;
                    }
                    Err(attempt) => {
                        // it may have been written or not, and others may have written since
                        retries.next(attempt, true).await?;
                        continue;
                    }
                }
            }
            merges += 1;
            let at_once = self.holding(tag, entry, &what).await?;
            pause(settling(entry)).await;
            if at_once.is_some()
                && let Some(found) = self.holding(tag, entry, &what).await?
            {
                return Ok(found);
            }
        }
        Err(Error::malformed(
            what,
            format!("others have overwritten it {MERGES_MAX} times"),
        ))
    }

    /// What lies below a tag, and its mark.
    async fn there(&self, tag: &Reference) -> Result<Option<(Manifest, Option<String>)>, Error> {
        match self.marked(tag).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What lies below a tag, if it has the entry.
    async fn holding(&self, tag: &Reference, entry: &Entry<'_>, what: &str) -> Result<Option<Descriptor>, Error> {
        let found = self.there(tag).await?.map(|(manifest, _)| manifest);
        let is_in = entry.is_in(found.as_ref(), what)?;
        Ok(found.filter(|_| is_in).map(|found| found.descriptor))
    }

    /// The manifest with the entry; its config is sent, if it has one.
    async fn with(
        &self,
        tag: &Reference,
        before: Option<&Manifest>,
        entry: &Entry<'_>,
        what: &str,
    ) -> Result<Vec<u8>, Error> {
        let mut document = match before {
            Some(before) => document(before, what)?,
            None => Map::from_iter([("schemaVersion".to_owned(), json!(2))]),
        };
        document.insert("mediaType".to_owned(), entry.media_type.into());
        let mut list = match before {
            Some(_) => list(&document, entry.list, what)?.to_vec(),
            None => Vec::new(),
        };
        list.push(entry.value.clone());
        limited(list.len(), what)?;
        if let Some((media_type, config)) = entry.config {
            let config = self.push_blob(tag, Content::from(config(&list)), media_type).await?;
            let config = json!({
                "mediaType": media_type, "digest": config.digest.to_string(), "size": config.size,
            });
            document.insert("config".to_owned(), config);
        }
        document.insert(entry.list.to_owned(), list.into());
        let bytes = serde_json::to_vec(&document).map_err(|error| Error::malformed(what, error.to_string()))?;
        match bytes.len() as u64 > MANIFEST_MAX_BYTES {
            true => Err(too_large(what)),
            false => Ok(bytes),
        }
    }
}

impl Entry<'_> {
    fn is_in(&self, manifest: Option<&Manifest>, what: &str) -> Result<bool, Error> {
        let Some(manifest) = manifest else { return Ok(false) };
        let document = document(manifest, what)?;
        Ok(list(&document, self.list, what)?.iter().any(self.is_it))
    }
}

fn document(manifest: &Manifest, what: &str) -> Result<Map<String, Value>, Error> {
    serde_json::from_slice(&manifest.bytes)
        .map_err(|error| Error::malformed(what, format!("it is no manifest: {error}")))
}

fn list<'a>(document: &'a Map<String, Value>, name: &str, what: &str) -> Result<&'a [Value], Error> {
    let list = document.get(name).and_then(Value::as_array);
    list.map(Vec::as_slice)
        .ok_or_else(|| Error::malformed(what, format!("it has no `{name}`")))
}

/// How long others are given to overwrite what was written: another time for each, so that two do not keep meeting.
fn settling(entry: &Entry<'_>) -> Duration {
    /// The shortest, in milliseconds: longer than a registry takes from reading an index to writing it.
    const LEAST_MILLISECONDS: u64 = 50;
    let digest = Digest::of(entry.value.to_string().as_bytes());
    let spread = digest.hex().get(..2);
    let spread = spread.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    Duration::from_millis(LEAST_MILLISECONDS + spread.unwrap_or_default())
}

#[allow(clippy::disallowed_methods)] // what is outside of every deployment takes real time
async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
