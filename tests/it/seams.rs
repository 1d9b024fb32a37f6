//! The seams of design section 11, each held by a test that fails without it. `docs/architecture.md` names them.
#![allow(clippy::disallowed_methods)] // some are about real time

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use slt::harness::{Ran, Shared};
use slt::host::GuestEnd;
use slt_emulators::chassis::Deadlock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::guests::{self, arguments, cases};

const HOUR: u64 = 3_600_000_000_000;

/// What a figure in CPU time may cost at most: three times its value, as machines are busy.
const TOLERANCE: u32 = 3;

/// CPU time of this thread.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

fn passed(ran: &Ran, test: &str) {
    let done = matches!(ran.end, Ok(GuestEnd::Done)) && ran.stdout.contains("1 passed");
    assert!(
        done,
        "{test}: {:?}\n{}\n{}\n{:#?}",
        ran.end,
        ran.stdout,
        ran.stderr,
        ran.journal.records()
    );
}

#[test]
fn a_guest_that_sleeps_an_hour_finishes_at_once() {
    let cases = cases();
    let mut times: Vec<Duration> = (0..20)
        .map(|_| {
            let before = cpu_time();
            let ran = cases.run("time", "an_hour_of_sleep_passes");
            let time = cpu_time() - before;
            passed(&ran, "an hour of sleep");
            assert!(ran.virtual_nanoseconds >= HOUR);
            time
        })
        .collect();
    times.sort_unstable();
    assert!(
        times[10] < Duration::from_millis(50) * TOLERANCE,
        "{:?} of CPU time",
        times[10]
    );
}

#[test]
fn guest_client_and_services_have_one_clock() {
    for test in [
        "advance_moves_every_clock_of_the_guest",
        "the_application_shares_the_clock",
        "work_takes_no_time",
        "a_loop_over_the_monotonic_clock_ends",
        "a_loop_over_the_wall_clock_ends",
        "a_loop_over_a_pollable_ends",
        "a_loop_over_a_response_ends",
    ] {
        passed(&cases().run("time", test), test);
    }
}

#[test]
fn a_key_that_the_test_gave_an_expiry_is_gone_for_the_guest_when_the_clock_is_advanced() {
    let test = "a_key_expires_when_the_clock_is_advanced";
    let world = cases().isolated(test);
    let redis = world.deployment().services()[0].clone();
    let answer = world.block_on(async {
        let mut stream = redis.connect(0);
        stream.write_all(b"SET store:px value PX 3600000\r\n").await.unwrap();
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await.unwrap();
        answer
    });
    assert_eq!(&answer.unwrap(), b"+OK\r\n");
    let ran = world.run(&cases().artifacts["time"], &arguments("time", test));
    passed(&ran, test);
}

#[test]
fn faults_act_where_they_should() {
    for test in [
        "drop_before_has_no_effect",
        "drop_after_has_its_effect",
        "a_delay_passes_in_virtual_time",
        "an_answer_that_never_comes_runs_into_the_clients_timeout",
        "an_answer_in_the_services_words_reaches_the_guest",
        "a_reply_that_is_cut_is_an_error",
        "a_reply_in_pieces_is_whole",
        "what_makes_no_sense_is_refused",
        "services_are_listed_and_their_exchanges_counted",
    ] {
        passed(&cases().run("failure", test), test);
    }
}

#[test]
fn an_endless_loop_is_stopped_in_real_time_while_other_tests_go_on() {
    let cases = cases();
    let shared = guests::shared("cases", cases.shared.app.clone(), 7, Duration::from_millis(300));
    let stopped = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let spinning = scope.spawn(|| {
            let started = Instant::now();
            let world = slt::harness::Isolated::new(&shared, "spins").unwrap();
            let ran = world.run(&cases.artifacts["endings"], &arguments("endings", "spins"));
            stopped.store(true, Ordering::Release);
            (ran.end, started.elapsed())
        });
        let mut others = 0;
        while !stopped.load(Ordering::Acquire) {
            passed(&cases.run("endings", "passes"), "passes");
            others += 1;
        }
        let (end, took) = spinning.join().unwrap();
        assert_eq!(end, Ok(GuestEnd::Interrupted));
        assert!(
            took >= Duration::from_millis(300) && took < Duration::from_secs(10),
            "{took:?}"
        );
        assert!(others > 1, "{others} tests ran meanwhile");
    });
}

/// Each of them may look at its mark just before it is made: they are told until they have ended.
#[test]
fn endless_loops_that_end_at_one_time_all_end() {
    let cases = cases();
    let shared = guests::shared("cases", cases.shared.app.clone(), 7, Duration::from_millis(1));
    let spin = || {
        let world = slt::harness::Isolated::new(&shared, "spins").unwrap();
        world
            .run(&cases.artifacts["endings"], &arguments("endings", "spins"))
            .end
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(spin)).collect();
        for one in all {
            assert_eq!(one.join().unwrap(), Ok(GuestEnd::Interrupted));
        }
    });
}

#[test]
fn a_deadlock_is_reported_at_once() {
    let cases = cases();
    let started = Instant::now();
    let ran = cases.run("endings", "deadlocks");
    assert_eq!(ran.end, Err(Deadlock), "{}{}", ran.stdout, ran.stderr);
    assert!(
        started.elapsed() < Duration::from_secs(30),
        "the limit of a test is a minute of real time"
    );
}

/// A test with faults and several connections, many times on four threads, while others make the machine busy. `STORMS` says how many
/// times; without it as many as a test has time for.
#[test]
fn all_runs_of_a_storm_are_one_run() {
    const RUNS: usize = 200;
    const THREADS: usize = 4;
    let runs = std::env::var("STORMS").map_or(RUNS, |text| text.parse().expect("`STORMS` is a number"));
    let cases = cases();
    let storm = || {
        let ran = cases.run("failure", "a_storm_is_the_same_each_time");
        passed(&ran, "storm");
        (ran.journal.digest(), ran.stdout, ran.virtual_nanoseconds)
    };
    let first = storm();
    let journal = cases.run("failure", "a_storm_is_the_same_each_time").journal.records();
    let connections: std::collections::BTreeSet<u64> = journal.iter().map(|record| record.connection).collect();
    assert!(
        connections.len() > 2 && journal.iter().any(|record| record.fault.is_some()),
        "{connections:?}"
    );

    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    std::hint::black_box((0..1_000_u64).sum::<u64>());
                }
            });
        }
        let workers: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(|| (0..runs / THREADS).filter(|_| storm() != first).count()))
            .collect();
        let different: usize = workers.into_iter().map(|worker| worker.join().unwrap()).sum();
        over.store(true, Ordering::Relaxed);
        assert_eq!(different, 0, "of {runs} runs");
    });
}

#[test]
fn another_seed_is_another_run() {
    let random = |seed: u64| {
        let shared: Shared = guests::shared("cases", cases().shared.app.clone(), seed, Duration::from_secs(60));
        let world = slt::harness::Isolated::new(&shared, "seeded").unwrap();
        world.world().seed.stream("random").draw()
    };
    assert_eq!(random(1), random(1));
    assert_ne!(random(1), random(2));
}

#[test]
fn two_shapes_of_one_package_version_are_served_in_one_run() {
    let unsigned = guests::program("programs", "shape_u64");
    let text = guests::program("shape-string", "shape_string");
    // more than a page of keys: the cursor is used
    let keys = 1_100;
    let run = |program: &slt::host::Loaded, name: &str| {
        let world = slt::harness::Isolated::new(&cases().shared, name).unwrap();
        let ran = world.run(program, &[name.to_owned(), keys.to_string()]);
        assert_eq!(ran.end, Ok(GuestEnd::Done), "{}", ran.stderr);
        ran.stdout
    };
    let outputs = std::thread::scope(|scope| {
        let unsigned = scope.spawn(|| run(&unsigned, "shape_u64"));
        let text = scope.spawn(|| run(&text, "shape_string"));
        [unsigned.join().unwrap(), text.join().unwrap()]
    });
    // the one counts up in unsigned numbers, the other down in signed ones
    for (output, sum) in outputs.iter().zip(["sum 7", "sum -7"]) {
        let listed: Vec<&str> = output.lines().filter(|line| line.starts_with("key-")).collect();
        assert_eq!(listed.len(), keys);
        assert!(listed.is_sorted());
        assert!(output.contains("pages 2") && output.contains(sum), "{output}");
    }
}

#[test]
fn guests_get_nothing_that_was_not_granted() {
    for test in ["sees_nothing_of_the_host", "opens_what_is_not_declared"] {
        passed(&cases().run("endings", test), test);
    }
}

#[test]
fn a_component_beyond_the_pools_limits_runs_on_demand() {
    let bytes = std::fs::read(guests::program_path("programs", "hello")).unwrap();
    // a page of memory, where the guest begins with more
    let small = slt::host::Pool {
        instances: 2,
        memory_bytes: 64 * 1024,
    };
    let engine = std::sync::Arc::new(slt::host::Engine::with_pool(None, small).unwrap());
    let hello = engine.load(&bytes, false).unwrap();
    let ran = slt::harness::Isolated::new(&cases().shared, "hello")
        .unwrap()
        .run(&hello, &["hello".into()]);
    assert_eq!(ran.end, Ok(GuestEnd::Done), "{}", ran.stderr);
}

/// Instances beyond the pool's room are made on demand: what a test sees does not depend on how many others run.
#[test]
fn a_full_pool_stops_nobody() {
    let pool = slt::host::Pool {
        instances: 2,
        ..slt::host::Pool::default()
    };
    let engine = std::sync::Arc::new(slt::host::Engine::with_pool(None, pool).unwrap());
    let bytes = std::fs::read(guests::program_path("programs", "hello")).unwrap();
    let hello = engine.load(&bytes, false).unwrap();
    let seats: Vec<_> = (0..5).map(|_| hello.seat()).collect();
    assert_eq!(seats.iter().filter(|seat| seat.kept.is_some()).count(), 2);
    let ran = slt::harness::Isolated::new(&cases().shared, "hello")
        .unwrap()
        .run(&hello, &["hello".into()]);
    assert_eq!(ran.end, Ok(GuestEnd::Done), "{}", ran.stderr);
}

#[test]
#[cfg(unix)]
fn compiled_code_is_taken_from_a_folder_that_is_the_users_own_and_from_no_other() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    let cache = slt::host::Cache::open(&own).unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&own), 0o700);
    let bytes = std::fs::read(guests::program_path("programs", "hello")).unwrap();
    let engine = std::sync::Arc::new(slt::host::Engine::new(Some(cache)).unwrap());
    engine.load(&bytes, false).unwrap();
    assert_eq!(std::fs::read_dir(&own).unwrap().count(), 1, "the code was kept");

    std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(slt::host::Cache::open(&own).is_none(), "others can enter it");
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    assert!(slt::host::Cache::open(&file).is_none(), "it is no folder");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path(), &link).unwrap();
    assert!(slt::host::Cache::open(&link).is_none(), "it leads elsewhere");
}
