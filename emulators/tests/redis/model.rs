//! A model of strings and expiry, small enough to be seen to be right; the emulator does what it does.
//!
//! Time is part of it: both move by the same milliseconds.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{ProptestConfig, Strategy, prop_oneof, proptest};

use crate::target::Target;

#[derive(Debug, Clone)]
enum Operation {
    Set(u8, i64, Option<u64>),
    SetKeepingExpiry(u8, i64),
    SetIfAbsent(u8, i64),
    Get(u8),
    Increment(u8, i64),
    Append(u8, u8),
    Delete(u8),
    Expire(u8, i64),
    Persist(u8),
    MillisecondsLeft(u8),
    SecondsLeft(u8),
    Rename(u8, u8),
    Count,
    Wait(u64),
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let key = || 0_u8..4;
    prop_oneof![
        (key(), -9_i64..99, option::of(1_u64..3_000)).prop_map(|(key, value, expiry)| Set(key, value, expiry)),
        (key(), 0_i64..9).prop_map(|(key, value)| SetKeepingExpiry(key, value)),
        (key(), 0_i64..9).prop_map(|(key, value)| SetIfAbsent(key, value)),
        key().prop_map(Get),
        (key(), -5_i64..5).prop_map(|(key, by)| Increment(key, by)),
        (key(), 0_u8..9).prop_map(|(key, digit)| Append(key, digit)),
        key().prop_map(Delete),
        (key(), -10_i64..3_000).prop_map(|(key, expiry)| Expire(key, expiry)),
        key().prop_map(Persist),
        key().prop_map(MillisecondsLeft),
        key().prop_map(SecondsLeft),
        (key(), key()).prop_map(|(from, to)| Rename(from, to)),
        proptest::strategy::Just(Count),
        (0_u64..1_500).prop_map(Wait),
    ]
}

/// Values, and when they expire: they are there up to that millisecond, and gone after it.
#[derive(Default)]
struct Model {
    now: i64,
    keys: BTreeMap<u8, (String, Option<i64>)>,
}

impl Model {
    fn left(&mut self, key: u8, unit: impl Fn(i64) -> i64) -> i64 {
        match self.keys.get(&key) {
            None => -2,
            Some((_, None)) => -1,
            Some((_, Some(expiry))) => unit(expiry - self.now),
        }
    }

    fn increment(&mut self, key: u8, by: i64) -> String {
        let before = self.keys.get(&key).map_or("0", |(text, _)| text);
        // a number is what would be written so again: no leading zeros, no plus
        let Some(number) = before.parse::<i64>().ok().filter(|number| number.to_string() == before) else {
            return "-ERR value is not an integer or out of range".to_owned();
        };
        let Some(sum) = number.checked_add(by) else {
            return "-ERR increment or decrement would overflow".to_owned();
        };
        self.keys.entry(key).or_default().0 = sum.to_string();
        format!(":{sum}")
    }

    /// The reply, as `ask` shows it.
    fn apply(&mut self, operation: &Operation) -> String {
        let now = self.now;
        match *operation {
            Operation::Set(key, value, expiry) => {
                let expiry = expiry.map(|expiry| now + i64::try_from(expiry).expect("small"));
                self.keys.insert(key, (value.to_string(), expiry));
                "+OK".to_owned()
            }
            Operation::SetKeepingExpiry(key, value) => {
                self.keys.entry(key).or_default().0 = value.to_string();
                "+OK".to_owned()
            }
            Operation::SetIfAbsent(key, value) => {
                let absent = !self.keys.contains_key(&key);
                self.keys.entry(key).or_insert((value.to_string(), None));
                format!(":{}", u8::from(absent))
            }
            Operation::Get(key) => match self.keys.get(&key) {
                None => "$null".to_owned(),
                Some((value, _)) => format!("${value}"),
            },
            Operation::Increment(key, by) => self.increment(key, by),
            Operation::Append(key, digit) => {
                let text = &mut self.keys.entry(key).or_default().0;
                text.push_str(&digit.to_string());
                format!(":{}", text.len())
            }
            Operation::Delete(key) => format!(":{}", u8::from(self.keys.remove(&key).is_some())),
            Operation::Expire(key, by) => match self.keys.get_mut(&key) {
                None => ":0".to_owned(),
                Some((_, expiry)) => {
                    *expiry = Some(now + by);
                    if by <= 0 {
                        self.keys.remove(&key);
                    }
                    ":1".to_owned()
                }
            },
            Operation::Persist(key) => {
                let expiry = self.keys.get_mut(&key).and_then(|(_, expiry)| expiry.take());
                format!(":{}", u8::from(expiry.is_some()))
            }
            Operation::MillisecondsLeft(key) => format!(":{}", self.left(key, |left| left)),
            Operation::SecondsLeft(key) => format!(":{}", self.left(key, |left| (left + 500) / 1_000)),
            Operation::Rename(from, to) => match self.keys.remove(&from) {
                None => "-ERR no such key".to_owned(),
                Some(value) => {
                    self.keys.insert(to, value);
                    "+OK".to_owned()
                }
            },
            Operation::Count => format!(":{}", self.keys.len()),
            Operation::Wait(milliseconds) => {
                self.now += i64::try_from(milliseconds).expect("small");
                let now = self.now;
                self.keys
                    .retain(|_, (_, expiry)| expiry.is_none_or(|expiry| expiry >= now));
                String::new()
            }
        }
    }
}

fn command(operation: &Operation) -> String {
    match *operation {
        Operation::Set(key, value, None) => format!("SET k{key} {value}"),
        Operation::Set(key, value, Some(expiry)) => format!("SET k{key} {value} PX {expiry}"),
        Operation::SetKeepingExpiry(key, value) => format!("SET k{key} {value} KEEPTTL"),
        Operation::SetIfAbsent(key, value) => format!("SETNX k{key} {value}"),
        Operation::Get(key) => format!("GET k{key}"),
        Operation::Increment(key, by) => format!("INCRBY k{key} {by}"),
        Operation::Append(key, digit) => format!("APPEND k{key} {digit}"),
        Operation::Delete(key) => format!("DEL k{key}"),
        Operation::Expire(key, expiry) => format!("PEXPIRE k{key} {expiry}"),
        Operation::Persist(key) => format!("PERSIST k{key}"),
        Operation::MillisecondsLeft(key) => format!("PTTL k{key}"),
        Operation::SecondsLeft(key) => format!("TTL k{key}"),
        Operation::Rename(from, to) => format!("RENAME k{from} k{to}"),
        // not DBSIZE, which counts what has expired until it is collected
        Operation::Count => "EXISTS k0 k1 k2 k3".to_owned(),
        Operation::Wait(_) => unreachable!("waiting is no command"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_emulator_does_what_the_model_does(operations in vec(operation(), 0..60)) {
        let target = Target::emulated();
        target.run(async {
            let (mut client, mut model) = (target.client().await, Model::default());
            for operation in &operations {
                let expected = model.apply(operation);
                match operation {
                    Operation::Wait(milliseconds) => target.pass(Duration::from_millis(*milliseconds)).await,
                    _ => assert_eq!(client.ask(&command(operation)).await, expected, "{operation:?}"),
                }
            }
        });
    }
}
