//! What goes when memory is used up: `maxmemory-policy`, but for those with LFU.
//!
//! As in Redis the choice is among a few keys that are drawn, not among all; they are drawn from the connection's own
//! random stream, so that a run repeats.

use super::configuration::Configuration;
use super::store::{DATABASES, Drawn, Store};
use crate::chassis::Random;

/// How many keys are drawn from each database: Redis's default of `maxmemory-samples`.
const SAMPLES: usize = 5;

/// Which keys may go, and which of them goes first.
#[derive(Debug, Clone, Copy)]
struct Policy {
    name: &'static str,
    expiring_only: bool,
    /// The one with the least of this goes first.
    rank: fn(&Drawn) -> i64,
}

const POLICIES: &[Policy] = &[
    Policy {
        name: "allkeys-lru",
        expiring_only: false,
        rank: |drawn| drawn.used_at,
    },
    Policy {
        name: "allkeys-random",
        expiring_only: false,
        rank: |_| 0,
    },
    Policy {
        name: "volatile-lru",
        expiring_only: true,
        rank: |drawn| drawn.used_at,
    },
    Policy {
        name: "volatile-random",
        expiring_only: true,
        rank: |_| 0,
    },
    Policy {
        name: "volatile-ttl",
        expiring_only: true,
        rank: |drawn| drawn.expires_at.unwrap_or(i64::MAX),
    },
];

/// Removes keys until no more than `limit` bytes are stored. Says whether it came so far.
pub fn make_room(store: &mut Store, configuration: &Configuration, limit: u64, random: &mut Random, now: i64) -> bool {
    let chosen = configuration.eviction_policy();
    let policy = POLICIES.iter().find(|policy| policy.name.as_bytes() == chosen);
    while store.bytes() > limit {
        let victim = policy.and_then(|policy| victim(store, policy, random, now));
        let Some((database, drawn)) = victim else { return false };
        store.remove(database, &drawn.key);
        store.statistics.evicted += 1;
    }
    true
}

fn victim(store: &mut Store, policy: &Policy, random: &mut Random, now: i64) -> Option<(usize, Drawn)> {
    let mut drawn = Vec::new();
    for database in 0..DATABASES {
        let found = store.draw(database, SAMPLES, policy.expiring_only, random, now);
        drawn.extend(found.into_iter().map(|key| (database, key)));
    }
    drawn.into_iter().min_by_key(|(_, found)| (policy.rank)(found))
}
