//! The emulator as a whole: over a connection, with faults and a journal, and forked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Redis;
use crate::chassis::{
    Action, BoxStream, DEFAULT_WALL_NANOSECONDS, Emulator, Fault, FaultGuard, Faults, Journal, Limits, Mounted, Seed,
    Shutdown, Simulation, Target, Trigger, World,
};

/// A Redis in virtual time.
struct Setup {
    simulation: Simulation,
    redis: Arc<Redis>,
    mounted: Mounted,
    _trigger: Trigger,
}

fn setup(redis: Redis, limits: Limits) -> Setup {
    let simulation = Simulation::new(DEFAULT_WALL_NANOSECONDS).unwrap();
    let (trigger, shutdown) = Shutdown::new();
    let world = World {
        clock: simulation.clock(),
        seed: Seed::new(7),
        faults: Faults::default(),
        journal: Journal::new(100),
        shutdown,
        limits,
    };
    let redis = Arc::new(redis);
    let mounted = Mounted::new("redis#0", Arc::clone(&redis) as Arc<dyn Emulator>, world);
    Setup {
        simulation,
        redis,
        mounted,
        _trigger: trigger,
    }
}

fn plain() -> Setup {
    setup(Redis::new(), Limits::default())
}

/// Sends inline commands, and gives back all that comes until the connection ends.
async fn talk(stream: &mut BoxStream, text: &str) -> String {
    // the connection may have been cut already
    let _ = stream.write_all(text.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

impl Setup {
    /// One connection that ends with `QUIT`, whose answer is left out.
    fn ask(&self, commands: &str) -> String {
        self.block_on(async {
            let mut stream = self.mounted.connect(0);
            let answer = talk(&mut stream, &format!("{commands}\r\nQUIT\r\n")).await;
            answer.strip_suffix("+OK\r\n").unwrap_or(&answer).to_owned()
        })
    }

    fn block_on<T>(&self, what: impl Future<Output = T>) -> T {
        self.simulation.block_on(what).unwrap()
    }

    fn inject(&self, operation: &str, action: Action) -> FaultGuard {
        let on = Target {
            service: "redis".into(),
            operation: Some(operation.into()),
            ..Target::default()
        };
        self.mounted.world().faults.inject(Fault { on, action }).unwrap()
    }

    fn now(&self) -> u64 {
        self.mounted.world().clock.now_monotonic()
    }

    fn journal(&self) -> Vec<(String, String, Option<String>)> {
        let records = self.mounted.world().journal.records();
        records
            .into_iter()
            .map(|record| {
                let line = format!("{} {}", record.operation, record.shown_arguments().join(" "));
                (line.trim().to_owned(), record.shown_answer(), record.fault)
            })
            .collect()
    }
}

#[test]
fn acl_names_the_one_user() {
    let setup = plain();
    assert_eq!(
        setup.ask("ACL WHOAMI\r\nACL USERS"),
        "$7\r\ndefault\r\n*1\r\n$7\r\ndefault\r\n"
    );
    assert_eq!(
        setup.ask("ACL LIST"),
        "*1\r\n$34\r\nuser default on nopass ~* &* +@all\r\n"
    );
    assert_eq!(setup.ask("ACL CAT nope"), "-ERR Unknown category 'nope'\r\n");
    assert!(setup.ask("ACL CAT transaction").starts_with("*5\r\n$7\r\ndiscard\r\n"));
    assert!(setup.ask("ACL CAT").contains("$8\r\nkeyspace\r\n"));
}

#[test]
fn help_lists_what_is_emulated() {
    let setup = plain();
    for container in [
        "ACL", "CLIENT", "COMMAND", "CONFIG", "LATENCY", "MEMORY", "OBJECT", "SLOWLOG",
    ] {
        let help = setup.ask(&format!("{container} HELP"));
        assert!(help.contains(&format!("+{container} <subcommand>")), "{help}");
        assert!(help.ends_with("+HELP\r\n+    Prints this help.\r\n"), "{help}");
        assert!(
            !help.contains("TRACKING "),
            "what is not emulated is not listed: {help}"
        );
    }
}

#[test]
fn debug_is_not_allowed() {
    assert!(
        plain()
            .ask("DEBUG SLEEP 0")
            .starts_with("-ERR DEBUG command not allowed.")
    );
}

#[test]
fn nothing_is_saved_or_slow() {
    let setup = plain();
    assert_eq!(setup.ask("LASTSAVE"), ":1767225600\r\n");
    assert_eq!(setup.ask("ROLE"), "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n");
    assert_eq!(
        setup.ask("LATENCY LATEST\r\nLATENCY HISTORY x\r\nLATENCY RESET"),
        "*0\r\n*0\r\n:0\r\n"
    );
    assert_eq!(
        setup.ask("SLOWLOG GET\r\nSLOWLOG GET 5\r\nSLOWLOG LEN\r\nSLOWLOG RESET"),
        "*0\r\n*0\r\n:0\r\n+OK\r\n"
    );
    assert_eq!(
        setup.ask("SLOWLOG GET -2"),
        "-ERR count should be greater than or equal to -1\r\n"
    );
}

#[test]
fn memory_usage_grows_with_the_value() {
    let setup = plain();
    let usage = |value: &str| {
        let answer = setup.ask(&format!("SET k {value}\r\nMEMORY USAGE k SAMPLES 0"));
        answer.trim_start_matches("+OK\r\n:").trim_end().parse::<u64>().unwrap()
    };
    assert!(usage("1") < usage(&"x".repeat(100)));
    assert_eq!(
        setup.ask("MEMORY USAGE missing\r\nMEMORY USAGE k SAMPLES -1"),
        "$-1\r\n-ERR syntax error\r\n"
    );
}

#[test]
fn a_fault_drops_before_or_after_the_effect() {
    for (action, stored) in [(Action::DropBefore, None), (Action::DropAfter, Some("v"))] {
        let setup = plain();
        let guard = setup.inject("SET", action);
        assert_eq!(
            setup.ask("PING\r\nSET k v\r\nPING"),
            "+PONG\r\n",
            "what came before is answered, nothing after"
        );
        assert_eq!(guard.hits(), 1);
        let found = setup.redis.direct().get(0, b"k").map(|found| found.value);
        assert_eq!(found.as_deref(), stored.map(str::as_bytes));
    }
}

#[test]
fn a_delay_has_its_effect_first_and_holds_up_what_follows() {
    let setup = plain();
    let _guard = setup.inject("SET", Action::Delay(Duration::from_secs(60)));
    setup.block_on(async {
        let mut stream = setup.mounted.connect(0);
        stream.write_all(b"SET k v\r\nPING\r\n").await.unwrap();
        let clock = setup.simulation.clock();
        clock.sleep(Duration::from_secs(59)).await;
        assert!(setup.redis.direct().get(0, b"k").is_some(), "the effect is not delayed");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"+OK\r\n+PONG\r\n");
        assert_eq!(clock.now_monotonic(), 60_000_000_000);
    });
}

#[test]
fn a_hold_lasts_until_it_is_undone() {
    let setup = plain();
    let guard = setup.inject("SET", Action::Hold);
    setup.block_on(async {
        let mut stream = setup.mounted.connect(0);
        stream.write_all(b"SET k v\r\n").await.unwrap();
        setup.simulation.clock().sleep(Duration::from_secs(3_600)).await;
        assert!(setup.redis.direct().get(0, b"k").is_none());
        drop(guard);
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await.unwrap();
        assert!(setup.redis.direct().get(0, b"k").is_some());
    });
}

#[test]
fn an_answer_stands_for_the_operation() {
    let setup = plain();
    let guard = setup.inject("set", Action::Answer("LOADING Redis is loading\r\nthe dataset".into()));
    assert_eq!(
        setup.ask("SET k v\r\nGET k"),
        "-LOADING Redis is loading  the dataset\r\n$-1\r\n"
    );
    let aborted = setup.ask("MULTI\r\nSET k v\r\nEXEC");
    assert!(
        aborted.ends_with("-EXECABORT Transaction discarded because of previous errors.\r\n"),
        "{aborted}"
    );
    drop(guard);
    let _guard = setup.inject("EXEC", Action::Answer("BUSY".into()));
    assert_eq!(
        setup.ask("MULTI\r\nSET k v\r\nEXEC\r\nGET k"),
        "+OK\r\n+QUEUED\r\n-BUSY\r\n$-1\r\n"
    );
}

#[test]
fn a_reply_is_cut_at_a_byte_after_its_effect() {
    for bytes in 0..=7 {
        let setup = plain();
        setup.redis.direct().set(0, b"k", b"v", None);
        let guard = setup.inject("GETDEL", Action::CutReply(bytes));
        let answer = setup.ask("PING\r\nGETDEL k\r\nPING");
        let whole = "$1\r\nv\r\n";
        let cut = whole.get(..usize::try_from(bytes).unwrap()).unwrap();
        assert_eq!(answer, format!("+PONG\r\n{cut}"));
        assert!(setup.redis.direct().is_empty(0));
        drop(guard);
    }
}

#[test]
fn faults_match_keys_also_those_of_a_transaction() {
    let setup = plain();
    let on = Target {
        key: Some("cart:*".into()),
        operation: Some("EXEC".into()),
        ..Target::default()
    };
    let _guard = setup
        .mounted
        .world()
        .faults
        .inject(Fault {
            on,
            action: Action::DropBefore,
        })
        .unwrap();
    assert_eq!(
        setup.ask("MULTI\r\nSET other v\r\nEXEC"),
        "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n"
    );
    assert_eq!(
        setup.ask("MULTI\r\nMSET other v cart:7 v\r\nEXEC"),
        "+OK\r\n+QUEUED\r\n"
    );
}

#[test]
fn the_journal_has_each_exchange_without_secrets() {
    let setup = setup(Redis::with_password("hunter2"), Limits::default());
    let _guard = setup.inject("DEL", Action::DropAfter);
    setup.ask(
        "AUTH default hunter2\r\nHELLO 3 AUTH default hunter2\r\nCONFIG SET requirepass hunter2\r\n\
         CONFIG GET require*\r\nMIGRATE h 1 k 0 5 AUTH hunter2\r\nACL SETUSER x >hunter2\r\nECHO hunter2\r\n\
         CLIENT TRACKING on\r\nset k v\r\nDEL k",
    );
    let journal = setup.journal();
    let lines: Vec<&str> = journal.iter().map(|(line, _, _)| line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "AUTH (redacted) (redacted)",
            "HELLO 3 AUTH (redacted) (redacted)",
            "CONFIG SET requirepass (redacted)",
            "CONFIG GET require*",
            "MIGRATE h 1 k 0 5 AUTH (redacted)",
            "ACL SETUSER (redacted) (redacted)",
            "ECHO hunter2", // what is said without need is not a secret
            "CLIENT TRACKING on",
            "SET k v",
            "DEL k",
        ]
    );
    let answers = journal
        .iter()
        .filter(|(line, ..)| !line.starts_with("ECHO"))
        .map(|(_, answer, _)| answer);
    assert!(
        answers.clone().all(|answer| !answer.contains("hunter")),
        "{:?}",
        answers.collect::<Vec<_>>()
    );
    assert_eq!(
        journal.last().map(|(_, _, fault)| fault.as_deref()),
        Some(Some("drop-after"))
    );
}

#[test]
fn over_the_limits_redis_says_so() {
    let limits = Limits {
        connections: 1,
        stored_bytes: 1_000,
        request_bytes: 2_000_000,
    };
    let setup = setup(Redis::new(), limits);
    setup.block_on(async {
        let mut first = setup.mounted.connect(0);
        first.write_all(b"PING\r\n").await.unwrap();
        first.read_exact(&mut [0; 7]).await.unwrap();
        let mut second = setup.mounted.connect(0);
        assert_eq!(talk(&mut second, "").await, "-ERR max number of clients reached\r\n");
        drop(first);
        setup.simulation.clock().sleep(Duration::from_millis(1)).await;
    });
    let big = "x".repeat(2_000);
    let oom = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    assert_eq!(
        setup.ask(&format!("SET k {big}\r\nSET l v\r\nGET l\r\nDEL k\r\nSET l v")),
        format!("+OK\r\n{oom}$-1\r\n:1\r\n+OK\r\n")
    );
    assert_eq!(
        setup.ask("*1\r\n$2000001\r\n"),
        "-ERR Protocol error: invalid bulk length\r\n"
    );
}

#[test]
fn keys_go_as_the_policy_says_when_memory_is_used_up() {
    let value = "x".repeat(1_000);
    for (policy, first_gone) in [
        ("allkeys-lru", "b"),
        ("volatile-ttl", "c"),
        ("volatile-lru", "a"),
        ("noeviction", ""),
    ] {
        let setup = plain();
        setup.block_on(async {
            let clock = setup.simulation.clock();
            for (key, ttl) in [("a", "EX 2000"), ("b", ""), ("c", "EX 1000")] {
                let mut stream = setup.mounted.connect(0);
                let commands = format!("SET {key} {value} {ttl}\r\nQUIT\r\n");
                assert_eq!(talk(&mut stream, &commands).await, "+OK\r\n+OK\r\n");
                clock.sleep(Duration::from_secs(5)).await;
            }
            if policy == "allkeys-lru" {
                let mut stream = setup.mounted.connect(0);
                talk(&mut stream, "GET a\r\nQUIT\r\n").await;
            }
        });
        let outcome = setup.ask(&format!(
            "CONFIG SET maxmemory-policy {policy} maxmemory 2500\r\nSET d v"
        ));
        assert_eq!(outcome.contains("-OOM"), first_gone.is_empty(), "{policy}: {outcome}");
        let gone: Vec<&str> = ["a", "b", "c"]
            .into_iter()
            .filter(|key| setup.redis.direct().get(0, key.as_bytes()).is_none())
            .collect();
        assert_eq!(gone.concat(), first_gone, "{policy}");
    }
    assert!(
        plain()
            .ask("CONFIG SET maxmemory-policy allkeys-lfu")
            .starts_with("-ERR CONFIG SET failed")
    );
}

#[test]
fn a_key_is_there_in_its_last_millisecond_and_gone_in_the_next() {
    let setup = plain();
    setup.block_on(async {
        let clock = setup.simulation.clock();
        let mut stream = setup.mounted.connect(0);
        let mut ask = async |text: &str, length: usize| {
            stream.write_all(text.as_bytes()).await.unwrap();
            let mut answer = vec![0; length];
            stream.read_exact(&mut answer).await.unwrap();
            String::from_utf8(answer).unwrap()
        };
        assert_eq!(ask("SET k v PX 100\r\n", 5).await, "+OK\r\n");
        clock.sleep(Duration::from_nanos(100_999_999)).await;
        assert_eq!(
            ask("PTTL k\r\nGET k\r\nDBSIZE\r\n", 15).await,
            ":0\r\n$1\r\nv\r\n:1\r\n"
        );
        clock.sleep(Duration::from_nanos(1)).await;
        assert_eq!(ask("DBSIZE\r\nGET k\r\nPTTL k\r\n", 14).await, ":0\r\n$-1\r\n:-2\r\n");
    });
}

#[test]
fn wait_for_replicas_ends_in_time_or_when_unblocked() {
    let setup = plain();
    assert_eq!(setup.ask("WAIT 1 5000\r\nPING"), ":0\r\n+PONG\r\n");
    assert_eq!(setup.now(), 5_000_000_000);
    setup.block_on(async {
        for (how, expected) in [
            ("TIMEOUT", ":0\r\n"),
            ("ERROR", "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"),
        ] {
            let mut waiting = setup.mounted.connect(0);
            waiting.write_all(b"CLIENT ID\r\n").await.unwrap();
            let mut id = [0; 4];
            waiting.read_exact(&mut id).await.unwrap();
            let id = String::from_utf8_lossy(&id).trim_matches([':', '\r', '\n']).to_owned();
            waiting.write_all(b"WAIT 1 0\r\n").await.unwrap();
            tokio::task::yield_now().await;
            let mut other = setup.mounted.connect(0);
            let answer = talk(&mut other, &format!("CLIENT UNBLOCK {id} {how}\r\nQUIT\r\n")).await;
            assert_eq!(answer, ":1\r\n+OK\r\n");
            let mut answer = vec![0; expected.len()];
            waiting.read_exact(&mut answer).await.unwrap();
            assert_eq!(String::from_utf8_lossy(&answer), expected);
        }
    });
}

#[test]
fn an_idle_client_is_closed_after_the_timeout() {
    let setup = plain();
    setup.block_on(async {
        let mut stream = setup.mounted.connect(0);
        assert_eq!(talk(&mut stream, "CONFIG SET timeout 30\r\n").await, "+OK\r\n");
    });
    assert_eq!(setup.now(), 30_000_000_000);
}

#[test]
fn a_fork_sees_what_was_and_not_what_will_be() {
    let redis = Redis::with_password("p");
    redis.direct().set(3, b"k", b"v", Some(5));
    let fork = redis.forked();
    redis.direct().set(3, b"k", b"w", None);
    let found = fork.direct().get(3, b"k").unwrap();
    assert_eq!(
        (&*found.value, found.expires_at_milliseconds),
        (b"v".as_slice(), Some(5))
    );
    let setup = setup(fork, Limits::default());
    assert_eq!(setup.ask("GET k"), "-NOAUTH Authentication required.\r\n");
}

/// The fastest of several forks: the others were disturbed.
#[allow(clippy::disallowed_methods)] // real time is what is measured
fn fork_time(redis: &Redis) -> Duration {
    let mut times = (0..200).map(|_| {
        let start = Instant::now();
        let fork = redis.forked();
        let time = start.elapsed();
        drop(fork);
        time
    });
    let first = times.next().unwrap();
    times.fold(first, Duration::min)
}

#[test]
fn a_fork_takes_no_longer_for_more_keys_and_a_write_copies_one_shard() {
    let filled = |count: u32| {
        let redis = Redis::new();
        for number in 0..count {
            redis
                .direct()
                .set(0, format!("key:{number}").as_bytes(), b"value", None);
        }
        redis
    };
    let (small, large) = (filled(10_000), filled(1_000_000));
    let (of_small, of_large) = (fork_time(&small), fork_time(&large));
    assert!(
        of_large <= 2 * of_small,
        "{of_large:?} for 1,000,000 keys, {of_small:?} for 10,000"
    );
    let fork = large.forked();
    fork.direct().set(0, b"key:7", b"other", None);
    fork.direct().set(0, b"key:7", b"another", None);
    assert_eq!(fork.direct().copied_shards(), 1);
    assert_eq!(large.direct().copied_shards(), 0);
    assert_eq!(
        large.direct().get(0, b"key:7").map(|found| found.value).as_deref(),
        Some(b"value".as_slice())
    );
}
