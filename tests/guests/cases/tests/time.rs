//! Time, as a guest sees it: it passes only when the test waits for it.

use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use guest::{clock, get, receive, start, store};

const HOUR: Duration = Duration::from_secs(60 * 60);

#[test]
fn an_hour_of_sleep_passes() {
    let start = Instant::now();
    let wall = SystemTime::now();
    sleep(HOUR);
    assert!(start.elapsed() >= HOUR);
    assert!(start.elapsed() < HOUR + Duration::from_secs(1));
    assert!(wall.elapsed().unwrap() >= HOUR);
}

#[test]
fn a_loop_over_the_monotonic_clock_ends() {
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(5) {}
}

#[test]
fn a_loop_over_the_wall_clock_ends() {
    let start = SystemTime::now();
    while start.elapsed().unwrap() < Duration::from_millis(5) {}
}

#[test]
fn a_loop_over_a_pollable_ends() {
    use guest::wasi::clocks::monotonic_clock::subscribe_duration;
    let timer = subscribe_duration(5_000_000);
    while !timer.ready() {}
}

/// To ask without waiting lets the others run: here the application.
#[test]
fn a_loop_over_a_response_ends() {
    let response = start("/get/key");
    while !response.subscribe().ready() {}
    assert_eq!(receive(&response).unwrap().status, 404);
}

#[test]
fn work_takes_no_time() {
    let start = clock::now();
    let mut n = 0u64;
    for i in 0..1_000_000u64 {
        n = std::hint::black_box(n.wrapping_mul(31).wrapping_add(i));
    }
    assert_eq!(clock::now(), start);
}

#[test]
fn advance_moves_every_clock_of_the_guest() {
    let (now, start, wall) = (clock::now(), Instant::now(), SystemTime::now());
    clock::advance(HOUR.as_nanos() as u64).unwrap();
    assert!(clock::now() - now >= HOUR.as_nanos() as u64);
    assert!(start.elapsed() >= HOUR);
    assert!(wall.elapsed().unwrap() >= HOUR);
}

#[test]
fn the_application_shares_the_clock() {
    let now = clock::now();
    assert_eq!(get("/sleep/60000").status, 200);
    assert!(clock::now() - now >= 60_000_000_000);
}

/// The host gives the key `px` of `store` an expiry of one hour before this runs.
#[test]
#[ignore = "the host gives the key its expiry"]
fn a_key_expires_when_the_clock_is_advanced() {
    let bucket = store::open("store").unwrap();
    let now = clock::now();
    assert!(bucket.get("px").unwrap().is_some(), "the host has set it");
    clock::advance(HOUR.as_nanos() as u64 - 1_000_000).unwrap();
    assert!(bucket.get("px").unwrap().is_some(), "a millisecond is left");
    // Redis keeps a key in the millisecond of its expiry, and not after it
    clock::advance(2_000_000).unwrap();
    assert_eq!(bucket.get("px").unwrap(), None);
    assert!(clock::now() - now >= HOUR.as_nanos() as u64);
}
