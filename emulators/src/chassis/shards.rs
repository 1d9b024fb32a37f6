//! A map in shards behind `Arc`: copied at the first write, so that a prepared store is forked in constant time.
//!
//! Entries lie in the order of a fixed hash of their keys, and never move: a walk that is resumed at a hash visits every
//! entry that stays, exactly once, whatever is added or removed meanwhile.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;

/// How many shards a map has. A write after a fork copies one of them: a thousandth of the store.
pub const SHARDS: usize = 1_024;

/// The shard's place in the hash: its uppermost bits, so that shards lie in the order of hashes.
const SHARD_SHIFT: u32 = u64::BITS - SHARDS.trailing_zeros();

type Shard<V> = BTreeMap<Key, V>;

/// A key and its hash, in the order of hashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    hash: u64,
    bytes: Bytes,
}

/// What a [`Key`] is looked up by: so that a lookup needs no key of its own.
trait Hashed {
    fn parts(&self) -> (u64, &[u8]);
}

impl Hashed for Key {
    fn parts(&self) -> (u64, &[u8]) {
        (self.hash, &self.bytes)
    }
}

impl Hashed for (u64, &[u8]) {
    fn parts(&self) -> (u64, &[u8]) {
        *self
    }
}

impl<'a> Borrow<dyn Hashed + 'a> for Key {
    fn borrow(&self) -> &(dyn Hashed + 'a) {
        self
    }
}

impl PartialEq for dyn Hashed + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for dyn Hashed + '_ {}

impl PartialOrd for dyn Hashed + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for dyn Hashed + '_ {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.parts().cmp(&other.parts())
    }
}

/// A sharded map from bytes to `V`. Cloning it is the fork.
#[derive(Debug, Clone)]
pub struct Shards<V> {
    shards: Arc<Vec<Arc<Shard<V>>>>,
    length: usize,
    copied: u64,
}

impl<V: Clone> Default for Shards<V> {
    fn default() -> Self {
        let empty = Arc::new(Shard::new());
        Self {
            shards: Arc::new(vec![empty; SHARDS]),
            length: 0,
            copied: 0,
        }
    }
}

/// The fixed hash of a key: FNV-1a, with a final mix so that short keys spread over the shards.
#[must_use]
pub fn hash(key: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in key {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

impl<V: Clone> Shards<V> {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// How many shards were copied because a fork shared them.
    #[must_use]
    pub fn copied(&self) -> u64 {
        self.copied
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&V> {
        let hash = hash(key);
        self.shard(hash)?.get(&(hash, key) as &dyn Hashed)
    }

    /// The value of a key, to be changed. Copies the shard if a fork shares it.
    pub fn get_mut(&mut self, key: &[u8]) -> Option<&mut V> {
        let hash = hash(key);
        if !self.may_change(hash, key) {
            return None;
        }
        self.shard_mut(hash)?.get_mut(&(hash, key) as &dyn Hashed)
    }

    /// Sets the value of a key, and gives back the one that it had.
    pub fn insert(&mut self, key: Bytes, value: V) -> Option<V> {
        let hash = hash(&key);
        let old = self.shard_mut(hash)?.insert(Key { hash, bytes: key }, value);
        self.length += usize::from(old.is_none());
        old
    }

    /// Removes a key, and gives back its value.
    pub fn remove(&mut self, key: &[u8]) -> Option<V> {
        let hash = hash(key);
        if !self.may_change(hash, key) {
            return None;
        }
        let old = self.shard_mut(hash)?.remove(&(hash, key) as &dyn Hashed);
        self.length -= usize::from(old.is_some());
        old
    }

    /// Whether a change of this key is worth a copy: a shared shard is not copied for a key that it lacks.
    fn may_change(&self, hash: u64, key: &[u8]) -> bool {
        self.shards.get(shard_of(hash)).is_some_and(|shard| {
            (Arc::strong_count(shard) == 1 && Arc::strong_count(&self.shards) == 1)
                || shard.contains_key(&(hash, key) as &dyn Hashed)
        })
    }

    /// Every entry, in the order of hashes.
    pub fn iter(&self) -> impl Iterator<Item = (&Bytes, &V)> {
        self.shards
            .iter()
            .flat_map(|shard| shard.iter().map(|(key, value)| (&key.bytes, value)))
    }

    /// The entries whose hash is at least `from`, in the order of hashes.
    pub fn iter_from(&self, from: u64) -> impl Iterator<Item = (u64, &Bytes, &V)> {
        let first = shard_of(from);
        self.shards.iter().skip(first).flat_map(move |shard| {
            let first: &dyn Hashed = &(from, [].as_slice());
            shard
                .range::<dyn Hashed, _>((Bound::Included(first), Bound::Unbounded))
                .map(|(key, value)| (key.hash, &key.bytes, value))
        })
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        let copied = self.copied;
        *self = Self {
            copied,
            ..Self::default()
        };
    }

    fn shard(&self, hash: u64) -> Option<&Shard<V>> {
        self.shards.get(shard_of(hash)).map(|shard| &**shard)
    }

    fn shard_mut(&mut self, hash: u64) -> Option<&mut Shard<V>> {
        let shard = Arc::make_mut(&mut self.shards).get_mut(shard_of(hash))?;
        // an empty shard is shared by all that are empty: there is nothing in it to copy
        if !shard.is_empty() && Arc::strong_count(shard) > 1 {
            self.copied += 1;
        }
        Some(Arc::make_mut(shard))
    }
}

fn shard_of(hash: u64) -> usize {
    usize::try_from(hash >> SHARD_SHIFT).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(count: u32) -> Shards<u32> {
        let mut map = Shards::default();
        for number in 0..count {
            map.insert(Bytes::from(number.to_string()), number);
        }
        map
    }

    #[test]
    fn a_write_after_a_fork_copies_one_shard_and_leaves_the_other_alone() {
        let original = filled(10_000);
        let mut fork = original.clone();
        fork.insert(Bytes::from_static(b"7"), 0);
        fork.insert(Bytes::from_static(b"7"), 1);
        assert_eq!(fork.copied(), 1);
        assert_eq!(original.get(b"7"), Some(&7));
        assert_eq!(fork.get(b"7"), Some(&1));
    }

    #[test]
    fn a_walk_resumed_at_a_hash_visits_each_entry_that_stays_once() {
        let mut map = filled(2_000);
        let mut seen = Vec::new();
        let mut from = 0_u64;
        loop {
            let page: Vec<(u64, u32)> = map
                .iter_from(from)
                .take(10)
                .map(|(hash, _, value)| (hash, *value))
                .collect();
            let Some((last, _)) = page.last().copied() else { break };
            seen.extend(page.iter().map(|(_, value)| *value).filter(|value| value % 2 == 0));
            map.remove((seen.len() * 2 + 1).to_string().as_bytes());
            map.insert(Bytes::from(format!("new{from}")), 1);
            let Some(next) = last.checked_add(1) else { break };
            from = next;
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..2_000).filter(|value| value % 2 == 0).collect::<Vec<_>>());
    }

    #[test]
    fn keys_spread_over_the_shards() {
        let map = filled(100_000);
        let largest = map.shards.iter().map(|shard| shard.len()).max().unwrap();
        assert!(largest < 200, "{largest} of 100,000 keys in one shard of {SHARDS}");
    }
}
