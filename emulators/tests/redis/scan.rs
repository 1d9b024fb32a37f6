//! What SCAN promises: a key that stays is returned, whatever comes and goes meanwhile.
//!
//! <https://redis.io/docs/latest/commands/scan/>, "Scan guarantees". A key may be returned more than once, and one that
//! comes or goes during the scan may be returned or not.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, proptest};
use proptest::prop_oneof;

use crate::target::{Client, Target};

/// What happens between two calls of SCAN.
#[derive(Debug, Clone)]
enum Change {
    Add(u16),
    Delete(u16),
    /// Many at once, so that a table grows.
    Grow,
    /// Many at once, so that it shrinks.
    Shrink,
    Rename(u16, u16),
}

/// How many keys come with [`Change::Grow`].
const GROWTH: u16 = 300;

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => (0..GROWTH).prop_map(Change::Add),
        6 => (0..GROWTH).prop_map(Change::Delete),
        1 => Just(Change::Grow),
        1 => Just(Change::Shrink),
        3 => (0..GROWTH, 0..GROWTH).prop_map(|(from, to)| Change::Rename(from, to)),
    ]
}

async fn apply(client: &mut Client, change: &Change) {
    let command = match change {
        Change::Add(key) => format!("SET passing{key} 1"),
        Change::Delete(key) => format!("DEL passing{key}"),
        Change::Rename(from, to) => format!("RENAME passing{from} passing{to}"),
        Change::Grow => (0..GROWTH).fold("MSET".to_owned(), |all, key| all + &format!(" passing{key} 1")),
        Change::Shrink => (0..GROWTH).fold("DEL".to_owned(), |all, key| all + &format!(" passing{key}")),
    };
    client.ask(&command).await;
}

/// Scans to the end, with a change before each call, and returns the keys.
async fn scan(client: &mut Client, options: &str, changes: &[Change]) -> Vec<String> {
    let (mut cursor, mut keys, mut changes) = ("0".to_owned(), Vec::new(), changes.iter());
    loop {
        if let Some(change) = changes.next() {
            apply(client, change).await;
        }
        let words = format!("SCAN {cursor}{options}");
        let words: Vec<&str> = words.split(' ').collect();
        let reply = client.command(&words).await.expect("a reply");
        let [next, page] = reply.items() else {
            panic!("not a page: {reply:?}");
        };
        keys.extend(
            page.items()
                .iter()
                .map(|key| String::from_utf8_lossy(key.text()).into_owned()),
        );
        cursor = String::from_utf8_lossy(next.text()).into_owned();
        if cursor == "0" {
            return keys;
        }
        assert!(keys.len() < 100_000, "the scan does not come to its end");
    }
}

fn guarantee(target: &Target, staying: u16, count: u16, changes: &[Change]) {
    target.run(async {
        let mut client = target.client().await;
        client.ask("FLUSHALL").await;
        let stay: BTreeSet<String> = (0..staying).map(|key| format!("staying{key}")).collect();
        for key in &stay {
            client.ask(&format!("SET {key} 1")).await;
        }
        let returned = scan(&mut client, &format!(" COUNT {count}"), changes).await;
        for key in &stay {
            assert!(returned.contains(key), "{key} stayed and was not returned");
        }
        for key in &returned {
            assert!(
                stay.contains(key) || key.starts_with("passing"),
                "{key} was never there"
            );
        }
        let matching = scan(&mut client, &format!(" COUNT {count} MATCH staying1*"), changes).await;
        let matching: BTreeSet<String> = matching.into_iter().collect();
        let expected = stay.iter().filter(|key| key.starts_with("staying1")).cloned().collect();
        assert_eq!(matching, expected, "MATCH returns what matches and nothing else");
    });
}

#[test]
fn a_scan_without_changes_returns_each_key_once_and_pages_by_count() {
    let target = Target::emulated();
    target.run(async {
        let mut client = target.client().await;
        for key in 0..1_000 {
            client.ask(&format!("SET k{key} 1")).await;
        }
        let mut keys = scan(&mut client, " COUNT 7", &[]).await;
        keys.sort();
        let before = keys.len();
        keys.dedup();
        assert_eq!((keys.len(), before), (1_000, 1_000));
        let words = ["SCAN", "0", "COUNT", "100"];
        let page = client.command(&words).await.expect("a page");
        let length = page.items()[1].items().len();
        assert!((50..=200).contains(&length), "COUNT 100 is a hint, and gave {length}");
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn keys_that_stay_are_returned(staying in 0_u16..200, count in 1_u16..30, changes in vec(change(), 0..60)) {
        guarantee(&Target::emulated(), staying, count, &changes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    #[ignore = "needs redis-server"]
    fn keys_that_stay_are_returned_by_the_real_server(
        staying in 0_u16..200,
        count in 1_u16..30,
        changes in vec(change(), 0..60),
    ) {
        guarantee(&Target::real(), staying, count, &changes);
    }
}
