//! Redis on a clock of its own: what is exact to the millisecond, and waits that take no time. Emulator only.

use std::time::Duration;

use slt_emulators::chassis::DEFAULT_WALL_NANOSECONDS;

use crate::target::{Client, Target};

const MILLISECOND: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// Asks, and compares the replies in turn.
async fn expect(client: &mut Client, conversation: &[(&str, &str)]) {
    for (command, reply) in conversation {
        assert_eq!(client.ask(command).await, *reply, "{command}");
    }
}

#[test]
fn a_key_lives_through_its_last_millisecond_and_no_longer() {
    let target = Target::emulated();
    target.run(async {
        let mut client = target.client().await;
        expect(&mut client, &[("SET k v PX 1000", "+OK"), ("PTTL k", ":1000")]).await;
        target.pass(Duration::from_millis(999)).await;
        expect(&mut client, &[("PTTL k", ":1"), ("GET k", "$v")]).await;
        target.pass(MILLISECOND).await;
        expect(&mut client, &[("PTTL k", ":0"), ("EXISTS k", ":1"), ("GET k", "$v")]).await;
        target.pass(MILLISECOND).await;
        expect(
            &mut client,
            &[("PTTL k", ":-2"), ("EXISTS k", ":0"), ("GET k", "$null")],
        )
        .await;
    });
}

#[test]
fn seconds_left_are_rounded_to_the_nearest() {
    let target = Target::emulated();
    target.run(async {
        let mut client = target.client().await;
        expect(&mut client, &[("SET k v PX 2500", "+OK"), ("TTL k", ":3")]).await;
        target.pass(MILLISECOND).await;
        expect(&mut client, &[("TTL k", ":2")]).await;
        target.pass(Duration::from_millis(1_000)).await;
        expect(&mut client, &[("PTTL k", ":1499"), ("TTL k", ":1")]).await;
        target.pass(Duration::from_millis(1_000)).await;
        expect(&mut client, &[("PTTL k", ":499"), ("TTL k", ":0")]).await;
    });
}

#[test]
fn an_hour_of_expiry_passes_at_once() {
    let target = Target::emulated();
    target.run(async {
        let mut client = target.client().await;
        expect(&mut client, &[("SET k v EX 3600", "+OK"), ("EXPIRE k 7200 GT", ":1")]).await;
        target.pass(HOUR).await;
        expect(&mut client, &[("TTL k", ":3600"), ("EXPIRE k 1800 LT", ":1")]).await;
        target.pass(HOUR).await;
        expect(&mut client, &[("GET k", "$null")]).await;
    });
}

#[test]
fn absolute_times_and_time_itself_are_the_wall_clock() {
    let target = Target::emulated();
    target.run(async {
        let mut client = target.client().await;
        let start = DEFAULT_WALL_NANOSECONDS / 1_000_000_000;
        let seconds = |since_start: u64| (start + since_start).to_string();
        let time = client.command(&["TIME"]).await.expect("the time");
        assert_eq!(time.items()[0].text(), seconds(0).as_bytes());
        let later = seconds(10);
        expect(
            &mut client,
            &[("SET k v EX 10", "+OK"), ("EXPIRETIME k", &format!(":{later}"))],
        )
        .await;
        expect(
            &mut client,
            &[(&format!("SET j v EXAT {later}"), "+OK"), ("PTTL j", ":10000")],
        )
        .await;
        target.pass(Duration::from_micros(10_000_500)).await;
        let time = client.command(&["TIME"]).await.expect("the time");
        assert_eq!(time.items()[0].text(), later.as_bytes());
        let microseconds: u64 = String::from_utf8_lossy(time.items()[1].text())
            .parse()
            .expect("a number");
        assert!(
            (500..1_500).contains(&microseconds),
            "{microseconds} µs; the clock moved by 10.0005 s"
        );
        expect(
            &mut client,
            &[(&format!("EXPIREAT k {later}"), ":1"), ("EXISTS k", ":0")],
        )
        .await;
    });
}

#[test]
fn idle_times_follow_the_clock() {
    let target = Target::emulated();
    target.run(async {
        let mut client = target.client().await;
        expect(&mut client, &[("SET k v", "+OK")]).await;
        target.pass(Duration::from_secs(100)).await;
        expect(
            &mut client,
            &[("OBJECT IDLETIME k", ":100"), ("OBJECT IDLETIME k", ":100")],
        )
        .await;
        expect(&mut client, &[("TOUCH k", ":1"), ("OBJECT IDLETIME k", ":0")]).await;
        let line = client.ask("CLIENT INFO").await;
        assert!(line.contains(" age=100 ") && line.contains(" idle=0 "), "{line}");
    });
}

#[test]
fn a_pause_and_a_wait_end_in_virtual_time() {
    let target = Target::emulated();
    let clock = target.clock();
    target.run(async {
        let (mut client, mut other) = (target.client().await, target.client().await);
        let milliseconds = || clock.now_monotonic() / 1_000_000;
        expect(&mut client, &[("CLIENT PAUSE 5000 WRITE", "+OK")]).await;
        let start = milliseconds();
        expect(&mut other, &[("SET k v", "+OK")]).await;
        assert_eq!(milliseconds() - start, 5_000);
        expect(&mut other, &[("WAIT 1 2000", ":0")]).await;
        assert_eq!(milliseconds() - start, 7_000);
    });
}

#[test]
fn a_watched_key_that_expires_spoils_the_transaction() {
    let target = Target::emulated();
    target.run(async {
        let mut client = target.client().await;
        for (milliseconds, reply) in [(500, "*[+PONG]"), (501, "*null")] {
            expect(
                &mut client,
                &[("SET k v PX 500", "+OK"), ("WATCH k", "+OK"), ("MULTI", "+OK")],
            )
            .await;
            expect(&mut client, &[("PING", "+QUEUED")]).await;
            target.pass(Duration::from_millis(milliseconds)).await;
            expect(&mut client, &[("EXEC", reply)]).await;
        }
    });
}

#[test]
fn a_script_of_hours_takes_the_same_virtual_time_each_run() {
    let run = || {
        let target = Target::emulated();
        let clock = target.clock();
        target.run(async {
            let mut client = target.client().await;
            for _ in 0..50 {
                client.ask("SET k v EX 60").await;
                target.pass(HOUR).await;
                client.ask("WAIT 1 1").await;
            }
            clock.now_monotonic()
        })
    };
    assert_eq!(run(), run());
}

#[test]
fn an_idle_client_is_closed_when_a_timeout_is_set() {
    let target = Target::emulated();
    target.run(async {
        let (mut client, mut idle) = (target.client().await, target.client().await);
        expect(&mut client, &[("CONFIG SET timeout 100", "+OK")]).await;
        expect(&mut idle, &[("PING", "+PONG")]).await;
        target.pass(Duration::from_secs(60)).await;
        expect(&mut client, &[("PING", "+PONG")]).await;
        target.pass(Duration::from_secs(60)).await;
        expect(&mut client, &[("PING", "+PONG")]).await;
        idle.closed().await.expect("closed after 120 idle seconds");
    });
}
