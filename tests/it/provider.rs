//! The key-value provider on Redis, called as plain Rust: the provider that the guest and the conformance body use.

use std::sync::Arc;
use std::time::Duration;

use slt::providers::endpoint::Endpoint;
use slt::providers::keyvalue::{Bucket, Error, KeyValue, Range, Redis};
use slt_emulators::chassis::{
    Action, CONNECT, DEFAULT_WALL_NANOSECONDS, Fault, FaultGuard, Faults, Journal, Limits, Mounted, Seed, Shutdown,
    Simulation, Target, Trigger, World,
};

use crate::guests;

/// A Redis of its own, and a store on it.
struct Fixture {
    simulation: Simulation,
    world: World,
    service: Mounted,
    _stop: Trigger,
}

impl Fixture {
    fn new(seed: u64) -> Self {
        let simulation = Simulation::new(DEFAULT_WALL_NANOSECONDS).unwrap();
        let (stop, shutdown) = Shutdown::new();
        let world = World {
            clock: simulation.clock(),
            seed: Seed::new(seed),
            faults: Faults::default(),
            journal: Journal::new(1_000),
            shutdown,
            limits: Limits::default(),
        };
        let service = Mounted::new("redis#0", Arc::new(slt_emulators::redis::Redis::new()), world.clone());
        Self {
            simulation,
            world,
            service,
            _stop: stop,
        }
    }

    fn run<T>(&self, test: impl AsyncFnOnce(Arc<dyn Bucket>) -> T) -> T {
        let provider = Redis::new(Endpoint::emulated(&self.service), self.world.clock.clone());
        let done = self
            .simulation
            .block_on(async { test(provider.open("store".into()).await.unwrap()).await });
        done.unwrap()
    }

    fn inject(&self, operation: &str, nth: Option<u32>, action: Action) -> FaultGuard {
        let on = Target {
            service: "redis".into(),
            operation: Some(operation.into()),
            nth,
            ..Target::default()
        };
        self.world.faults.inject(Fault { on, action }).unwrap()
    }
}

#[test]
fn one_provider_serves_the_guest_the_conformance_body_and_a_plain_test() {
    // a plain test
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    Fixture::new(1).run(async |bucket| {
        for value in [&b""[..], b"\0\xff", &every_byte] {
            bucket.set("key".into(), value.to_vec()).await.unwrap();
            assert_eq!(bucket.get("key".into()).await.unwrap().as_deref(), Some(value));
        }
    });
    // the conformance body, and so the guest
    let suite = guests::conformance();
    let ran = suite.run("slt_conformance_keyvalue", "store::round_trip");
    assert!(
        ran.stdout.contains("1 passed"),
        "{:?}\n{}\n{}",
        ran.end,
        ran.stdout,
        ran.stderr
    );
    assert!(ran.journal.len() > 100);
}

#[test]
fn what_the_standard_leaves_open_is_decided_once() {
    Fixture::new(1).run(async |bucket| {
        assert_eq!(bucket.get("missing".into()).await, Ok(None));
        assert_eq!(bucket.delete("missing".into()).await, Ok(()));
        bucket.set("empty".into(), Vec::new()).await.unwrap();
        assert_eq!(bucket.get("empty".into()).await, Ok(Some(Vec::new())));
        assert_eq!(bucket.exists("empty".into()).await, Ok(true));
        assert_eq!(bucket.get_many(Vec::new()).await, Ok(Vec::new()));
        bucket
            .set_many(vec![("a".into(), b"1".to_vec()), ("b".into(), b"2".to_vec())])
            .await
            .unwrap();
        let values = bucket.get_many(vec!["b".into(), "x".into(), "a".into()]).await.unwrap();
        assert_eq!(values, [Some(b"2".to_vec()), None, Some(b"1".to_vec())]);
        bucket.delete_many(vec!["a".into(), "x".into()]).await.unwrap();
        assert_eq!(bucket.keys().await.unwrap(), ["b", "empty"]);
    });
}

#[test]
fn numbers_are_decimal_and_bounded() {
    let not_a_number = || Error::Invalid("value is not an integer or out of range".into());
    let overflow = || Error::Invalid("increment or decrement would overflow".into());
    for range in [Range::Signed, Range::Unsigned] {
        let fixture = Fixture::new(1);
        fixture.run(async |bucket| {
            let increment = |key: &str, delta| bucket.increment(key.into(), delta, range);
            assert_eq!(increment("n", 5).await, Ok(5));
            assert_eq!(increment("n", 2).await, Ok(7));
            assert_eq!(bucket.get("n".into()).await, Ok(Some(b"7".to_vec())));
            bucket.set("n".into(), i64::MAX.to_string().into()).await.unwrap();
            assert_eq!(
                increment("n", 1).await.map_err(|error| text(&error)),
                Err(text(&overflow()))
            );
            for value in ["x", "+5", " 5", "5.0", "", "9223372036854775808"] {
                bucket.set("n".into(), value.into()).await.unwrap();
                let error = increment("n", 1).await.unwrap_err();
                assert_eq!(text(&error), text(&not_a_number()), "{range:?} {value:?}");
            }
        });
    }
}

fn text(error: &Error) -> String {
    error.to_string()
}

#[test]
fn an_unsigned_number_does_not_become_negative_and_nothing_is_written() {
    Fixture::new(1).run(async |bucket| {
        bucket.set("n".into(), b"-5".to_vec()).await.unwrap();
        let error = bucket.increment("n".into(), 2, Range::Unsigned).await.unwrap_err();
        assert!(matches!(&error, Error::Invalid(text) if text.contains("-3")), "{error}");
        assert_eq!(bucket.get("n".into()).await, Ok(Some(b"-5".to_vec())));
        assert_eq!(bucket.increment("n".into(), 2, Range::Signed).await, Ok(-3));
        assert_eq!(bucket.increment("n".into(), 4, Range::Unsigned).await, Ok(1));
    });
}

#[test]
fn a_hundred_increments_at_once_are_a_hundred() {
    for range in [Range::Signed, Range::Unsigned] {
        Fixture::new(1).run(async |bucket| {
            let all = (0..100).map(|_| bucket.increment("n".into(), 1, range));
            let sums = futures_util::future::try_join_all(all).await.unwrap();
            assert_eq!(sums.iter().max(), Some(&100), "{range:?}");
        });
    }
}

/// A reply dropped after the effect: nobody can know the outcome, and the provider says so. It replays from its seed.
#[test]
fn a_reply_that_is_dropped_after_the_effect_is_indeterminate_and_replays() {
    let replay = |seed: u64| {
        let fixture = Fixture::new(seed);
        let drawn = Action::Sometimes(0.3, Box::new(Action::DropAfter));
        let _fault = fixture.inject("SET", None, drawn);
        let outcomes = fixture.run(async |bucket| {
            let mut outcomes = Vec::new();
            for number in 0..50 {
                let written = bucket.set(format!("key{number}"), b"v".to_vec()).await;
                let there = bucket.exists(format!("key{number}")).await.unwrap();
                assert!(there, "the effect happened");
                if let Err(error) = &written {
                    assert!(matches!(error, Error::Indeterminate(_)), "{error}");
                }
                outcomes.push(written.is_ok());
            }
            outcomes
        });
        (outcomes, fixture.world.journal.digest())
    };
    let first = replay(42);
    assert!(first.0.contains(&true) && first.0.contains(&false), "{first:?}");
    assert_ne!(replay(43).0, first.0);
    // ten times out of ten, with eight tests in parallel on a busy machine
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| (0..10).filter(|_| replay(42) == first).count()))
            .collect();
        for worker in workers {
            assert_eq!(worker.join().unwrap(), 10);
        }
    });
}

/// An unsigned number is incremented in a transaction: the command has its effect, and meets its fault, when that is
/// executed.
#[test]
fn a_fault_meets_an_increment_where_it_has_its_effect() {
    for range in [Range::Signed, Range::Unsigned] {
        let fixture = Fixture::new(1);
        let fault = fixture.inject("INCRBY", Some(1), Action::DropAfter);
        fixture.run(async |bucket| {
            let error = bucket.increment("n".into(), 5, range).await.unwrap_err();
            assert!(matches!(error, Error::Indeterminate(_)), "{range:?}: {error}");
            assert_eq!(fault.hits(), 1);
            assert_eq!(bucket.get("n".into()).await, Ok(Some(b"5".to_vec())), "{range:?}");
        });
    }
}

#[test]
fn an_answer_that_ends_in_its_middle_is_as_good_as_none() {
    let fixture = Fixture::new(1);
    fixture.run(async |bucket| {
        let fault = fixture.inject("SET", Some(1), Action::CutReply(2));
        let error = bucket.set("key".into(), b"value".to_vec()).await.unwrap_err();
        assert!(matches!(error, Error::Indeterminate(_)), "{error}");
        drop(fault);
        let _fault = fixture.inject("GET", Some(1), Action::CutReply(3));
        assert_eq!(bucket.get("key".into()).await, Ok(Some(b"value".to_vec())));
    });
}

#[test]
fn what_was_never_sent_and_what_only_reads_is_sent_again() {
    let fixture = Fixture::new(1);
    fixture.run(async |bucket| {
        bucket.set("key".into(), b"v".to_vec()).await.unwrap();
        let fault = fixture.inject("GET", Some(1), Action::DropAfter);
        assert_eq!(bucket.get("key".into()).await, Ok(Some(b"v".to_vec())));
        assert_eq!(fault.hits(), 1);
        drop(fault);
        let always = fixture.inject("GET", None, Action::DropBefore);
        assert!(matches!(bucket.get("key".into()).await, Err(Error::Unavailable(_))));
        drop(always);
        assert_eq!(bucket.get("key".into()).await, Ok(Some(b"v".to_vec())));
    });
}

#[test]
fn the_clients_own_timeout_fires_in_virtual_time() {
    let fixture = Fixture::new(1);
    let _fault = fixture.inject("SET", None, Action::Delay(Duration::from_secs(3_600)));
    fixture.run(async |bucket| {
        let before = fixture.world.clock.now_monotonic();
        let error = bucket.set("key".into(), b"v".to_vec()).await.unwrap_err();
        assert!(
            matches!(&error, Error::Indeterminate(text) if text.contains("5s")),
            "{error}"
        );
        let waited = fixture.world.clock.now_monotonic() - before;
        assert!((5_000_000_000..6_000_000_000).contains(&waited), "{waited} ns");
    });
}

#[test]
fn the_services_words_keep_their_meaning() {
    for (answer, expected) in [
        ("LOADING Redis is loading the dataset in memory", "throttled"),
        ("OOM command not allowed when used memory > 'maxmemory'.", "throttled"),
        ("READONLY You can't write against a read only replica.", "throttled"),
        (
            "NOPERM this user has no permissions to run the 'set' command",
            "access denied",
        ),
        ("NOAUTH Authentication required.", "access denied"),
        (
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            "WRONGTYPE",
        ),
    ] {
        let fixture = Fixture::new(1);
        let _fault = fixture.inject("SET", None, Action::Answer(answer.into()));
        let error = fixture.run(async |bucket| bucket.set("key".into(), b"v".to_vec()).await.unwrap_err());
        assert!(error.to_string().contains(expected), "{answer}: {error}");
        assert!(!matches!(error, Error::Indeterminate(_)));
    }
}

#[test]
fn a_service_that_refuses_connections_is_unavailable_until_it_does_not() {
    let fixture = Fixture::new(1);
    fixture.run(async |bucket| {
        let refuses = fixture.inject(CONNECT, None, Action::Refuse);
        let error = bucket.set("key".into(), b"v".to_vec()).await.unwrap_err();
        assert!(
            matches!(&error, Error::Unavailable(text) if text.contains("redis#0")),
            "{error}"
        );
        drop(refuses);
        bucket.set("key".into(), b"v".to_vec()).await.unwrap();
    });
}

/// A server that lives in real time, and answers after 20 ms: virtual time, with a timer pending, does not jump meanwhile.
#[test]
#[allow(clippy::disallowed_methods)] // the server has a thread and a clock of its own
fn a_foreign_peer_holds_the_clock() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (stop, shutdown) = Shutdown::new();
            let faults = Faults::default();
            let on = Target {
                operation: Some("GET".into()),
                ..Target::default()
            };
            let slow = Fault {
                on,
                action: Action::Delay(Duration::from_millis(20)),
            };
            let _slow = faults.inject(slow).unwrap();
            let world = World {
                clock: slt_emulators::chassis::Clock::real(),
                seed: Seed::new(1),
                faults,
                journal: Journal::off(),
                shutdown,
                limits: Limits::default(),
            };
            let redis = Mounted::new("redis#0", Arc::new(slt_emulators::redis::Redis::new()), world.clone());
            let listening = redis.listen(0, ([127, 0, 0, 1], 0).into()).await.unwrap();
            sender.send((listening.address, stop)).unwrap();
            world.shutdown.wait().await;
        });
    });
    let (address, stop) = receiver.recv().unwrap();
    let simulation = Simulation::new(DEFAULT_WALL_NANOSECONDS).unwrap();
    let clock = simulation.clock();
    let endpoint = Endpoint::tcp(&address.to_string(), Default::default(), 0, &clock);
    let provider = Redis::new(endpoint, clock.clone());
    simulation
        .block_on(async {
            let other = clock.clone();
            let hour = tokio::spawn(async move { other.sleep(Duration::from_secs(3_600)).await });
            let bucket = provider.open("store".into()).await.unwrap();
            bucket.set("key".into(), b"v".to_vec()).await.unwrap();
            for _ in 0..5 {
                assert_eq!(bucket.get("key".into()).await, Ok(Some(b"v".to_vec())));
            }
            assert_eq!(clock.now_monotonic(), 0, "no time passed while the peer was waited for");
            hour.await.unwrap();
        })
        .unwrap();
    stop.fire();
    server.join().unwrap();
}

#[test]
fn get_many_asks_for_each_key_once_and_keeps_the_order() {
    let fixture = Fixture::new(1);
    fixture.run(async |bucket| {
        bucket.set("a".into(), b"1".to_vec()).await.unwrap();
        let keys = ["a", "missing", "a", "a"].map(str::to_owned).to_vec();
        let one = Some(b"1".to_vec());
        assert_eq!(
            bucket.get_many(keys).await,
            Ok(vec![one.clone(), None, one.clone(), one])
        );
    });
    let asked = fixture
        .world
        .journal
        .records()
        .into_iter()
        .find(|record| record.operation == "MGET")
        .unwrap();
    assert_eq!(asked.arguments.len(), 2);
}

#[test]
fn stores_are_apart_and_names_are_taken_literally() {
    let fixture = Fixture::new(1);
    let provider = Redis::new(Endpoint::emulated(&fixture.service), fixture.world.clock.clone());
    fixture
        .simulation
        .block_on(async {
            for name in ["a", "a*", "[a]", "a?", "a\\", "é"] {
                provider
                    .open(name.into())
                    .await
                    .unwrap()
                    .set(format!("of {name}"), b"v".to_vec())
                    .await
                    .unwrap();
            }
            for name in ["a", "a*", "[a]", "a?", "a\\", "é"] {
                let keys = provider.open(name.into()).await.unwrap().keys().await.unwrap();
                assert_eq!(keys, [format!("of {name}")], "{name}");
            }
        })
        .unwrap();
}
