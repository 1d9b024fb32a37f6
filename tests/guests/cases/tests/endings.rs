//! Every way in which a test ends, most of them bad. Not one of them may take another with it.

use guest::{Method, Scheme, get, open, store};

#[test]
fn passes() {
    println!("this goes to stdout");
    eprintln!("this goes to stderr");
}

#[test]
fn panics() {
    println!("this was written before");
    panic!("the test says so");
}

#[test]
fn an_assertion_fails() {
    assert_eq!(1 + 1, 3, "arithmetic");
}

#[test]
fn overflows() {
    let largest = std::hint::black_box(u8::MAX);
    assert_eq!(largest + 1, 0);
}

#[test]
fn traps() {
    core::arch::wasm32::unreachable()
}

#[test]
fn recurses_without_end() {
    fn deeper(n: u64) -> u64 {
        if std::hint::black_box(n) == u64::MAX {
            return 0;
        }
        deeper(n + 1) + std::hint::black_box(n)
    }
    deeper(0);
}

#[test]
fn returns_ok() -> Result<(), String> {
    Ok(())
}

#[test]
fn returns_an_error() -> Result<(), String> {
    Err("the test says so".into())
}

#[test]
fn exits_with_success() {
    std::process::exit(0);
}

#[test]
fn exits_with_a_code() {
    std::process::exit(7);
}

#[test]
#[ignore = "its author says so"]
fn is_ignored() {
    panic!("it was run all the same");
}

#[test]
#[should_panic(expected = "as expected")]
fn should_panic() {
    panic!("as expected");
}

#[test]
fn spawns_a_thread() {
    std::thread::spawn(|| ()).join().unwrap();
}

#[test]
fn spins() {
    cases::spin();
}

#[test]
fn allocates_without_end() {
    cases::allocate();
}

/// Two wait for each other: the test for the response, and the application for the end of the request.
#[test]
fn deadlocks() {
    let sent = open(&Method::Post, &Scheme::Http, "app.test", "/echo").unwrap();
    sent.response.subscribe().block();
}

#[test]
fn writes_a_lot() {
    for line in 0..20_000 {
        println!("{line:05} {}", "x".repeat(94));
    }
}

#[test]
fn writes_what_is_no_text() {
    use std::io::Write;
    std::io::stdout().write_all(b"\xff\xfe\x1b[31m\0\r\n").unwrap();
    panic!("so that it is shown");
}

#[test]
fn opens_what_is_not_declared() {
    assert!(matches!(store::open("undeclared"), Err(store::Error::AccessDenied)));
}

#[test]
fn sees_nothing_of_the_host() {
    assert_eq!(std::env::vars().count(), 0);
    assert!(std::fs::read_dir("/").is_err());
    assert!(std::net::TcpStream::connect("127.0.0.1:1").is_err());
}

#[test]
fn the_application_panics() {
    assert_eq!(get("/panic").status, 500);
}

#[test]
fn the_application_spins() {
    get("/spin");
}

#[test]
fn the_application_allocates_without_end() {
    assert_eq!(get("/allocate").status, 500);
}
