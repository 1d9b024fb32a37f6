//! What the shapes of `wasi:keyvalue` and `slight:keyvalue/compat` share: which provider a name means, handles, and the pages of a
//! listing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::host::Told;
use crate::providers::keyvalue::{Bucket, Error, KeyValue};

/// How many keys a page has.
const PAGE_KEYS: usize = 1_000;

/// How many listings of one handle can be continued at once; the oldest is forgotten first.
const MAX_LISTINGS: usize = 8;

/// A page's place: the listing in the upper half of the cursor, the offset in the lower.
const OFFSET_BITS: u32 = 32;

/// Which provider a name means.
#[derive(Default)]
pub struct Bindings(Vec<(String, Arc<dyn KeyValue>)>);

impl Bindings {
    /// Names and their providers; `*` stands for any name that has none of its own.
    #[must_use]
    pub fn new(bindings: Vec<(String, Arc<dyn KeyValue>)>) -> Self {
        Self(bindings)
    }

    /// Opens a store. A name that the slightfile does not declare is *access denied*.
    pub async fn open(&self, name: String) -> Result<Handle, Error> {
        let named = |wanted: &str| {
            self.0
                .iter()
                .find(|(name, _)| name == wanted)
                .map(|(_, provider)| provider)
        };
        let provider = named(&name)
            .or_else(|| named("*"))
            .ok_or_else(|| Error::AccessDenied(format!("the slightfile declares no key-value store `{name}`")))?;
        Ok(Handle {
            bucket: provider.open(name).await?,
            listings: Arc::default(),
        })
    }
}

/// Tells the user of slt what a guest may pass over, or has no room for: that a store refused it, or is not there.
pub fn tell(told: Option<&Told>, error: &Error) {
    match (told, error) {
        (Some(told), Error::AccessDenied(reason)) => told(format!("a key-value store refused the guest: {reason}")),
        (Some(told), Error::Unavailable(reason)) => told(format!("a key-value store is not there: {reason}")),
        _ => {}
    }
}

/// A guest's handle to a store.
#[derive(Clone)]
pub struct Handle {
    /// The store.
    pub bucket: Arc<dyn Bucket>,
    listings: Arc<Mutex<Listings>>,
}

/// The sorted listings that cursors of one handle point into.
#[derive(Default)]
struct Listings {
    next: u32,
    kept: VecDeque<(u32, Arc<Vec<String>>)>,
}

/// A page of keys, and where the next one begins.
pub struct Page {
    /// The keys, sorted.
    pub keys: Vec<String>,
    /// The next page; `None`: this is the last.
    pub cursor: Option<u64>,
}

impl Handle {
    /// A page of the keys: of a new listing, or of the one that a cursor of this handle points into.
    pub async fn page(&self, cursor: Option<u64>) -> Result<Page, Error> {
        let (listing, keys, from) = match cursor {
            None => {
                let keys = Arc::new(self.bucket.keys().await?);
                let listing = if keys.len() > PAGE_KEYS { self.keep(&keys) } else { 0 };
                (listing, keys, 0)
            }
            Some(cursor) => self.find(cursor)?,
        };
        let until = keys.len().min(from + PAGE_KEYS);
        let page = keys.get(from..until).unwrap_or_default().to_vec();
        let cursor = (until < keys.len()).then(|| (u64::from(listing) << OFFSET_BITS) | until as u64);
        Ok(Page { keys: page, cursor })
    }

    fn keep(&self, keys: &Arc<Vec<String>>) -> u32 {
        let mut listings = self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        let listing = listings.next;
        listings.next = listings.next.wrapping_add(1);
        if listings.kept.len() >= MAX_LISTINGS {
            listings.kept.pop_front();
        }
        listings.kept.push_back((listing, Arc::clone(keys)));
        listing
    }

    fn find(&self, cursor: u64) -> Result<(u32, Arc<Vec<String>>, usize), Error> {
        let invalid = || Error::Invalid("this cursor is not one that this handle gave, or is too old".into());
        let listing = u32::try_from(cursor >> OFFSET_BITS).map_err(|_| invalid())?;
        let from = usize::try_from(cursor & u64::from(u32::MAX)).map_err(|_| invalid())?;
        let listings = self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, keys) = listings
            .kept
            .iter()
            .find(|(kept, _)| *kept == listing)
            .ok_or_else(invalid)?;
        if from == 0 || from >= keys.len() || from % PAGE_KEYS != 0 {
            return Err(invalid());
        }
        Ok((listing, Arc::clone(keys), from))
    }
}
