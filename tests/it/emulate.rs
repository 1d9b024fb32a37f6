//! `slt emulate`: a Redis for any program, over TCP; its journal as JSON lines; how it is refused, and how it ends.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;

use crate::command::{folder, slt};
use crate::process::{Process, steady};

/// Sends commands, and reads until as many bytes have come as are expected.
fn converse(stream: &mut TcpStream, commands: &[u8], expected: &[u8]) {
    stream.write_all(commands).unwrap();
    let mut answer = vec![0; expected.len()];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), String::from_utf8_lossy(expected));
}

#[test]
fn a_redis_for_any_program() {
    let empty = folder(&[]);
    let redis = Process::start(empty.path(), &["emulate", "redis"], &[]);
    let address = redis.address("redis://");
    let mut one = TcpStream::connect(&address).unwrap();
    let mut other = TcpStream::connect(&address).unwrap();
    converse(&mut one, b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n", b"+OK\r\n");
    converse(&mut other, b"GET k\r\nGET missing\r\n", b"$5\r\nvalue\r\n$-1\r\n");
    converse(&mut other, b"NONSENSE\r\n", b"-ERR unknown command 'NONSENSE'");
    // open connections do not keep it
    let run = redis.stop();
    steady().bind(|| insta::assert_snapshot!("redis", run.shown(empty.path())));
    assert!(TcpStream::connect(&address).is_err());
}

#[test]
fn the_journal_is_for_programs() {
    let empty = folder(&[]);
    let redis = Process::start(empty.path(), &["emulate", "redis", "--format", "json"], &[]);
    let mut stream = TcpStream::connect(redis.address("redis://")).unwrap();
    converse(&mut stream, b"SET k value\r\nGET k\r\n", b"+OK\r\n$5\r\nvalue\r\n");
    let refused = b"-ERR AUTH <password> called without any password configured";
    converse(&mut stream, b"AUTH hunter2\r\n", refused);
    let run = redis.stop();
    assert_eq!(run.code, 0);
    assert!(!run.stdout.contains("hunter2"), "{}", run.stdout);
    let lines: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let exchanges: Vec<String> = lines
        .iter()
        .filter(|line| line["kind"] == "exchange")
        .map(|line| {
            format!(
                "{} {} {} → {}",
                line["service"], line["operation"], line["arguments"], line["answer"]
            )
        })
        .collect();
    insta::assert_snapshot!("journal", exchanges.join("\n"));
    assert_eq!(lines[0]["kind"], "listening");
}

#[test]
fn the_journal_is_for_people_who_ask() {
    let empty = folder(&[]);
    let redis = Process::start(empty.path(), &["emulate", "redis", "--verbose"], &[]);
    let mut stream = TcpStream::connect(redis.address("redis://")).unwrap();
    converse(&mut stream, b"SET k value\r\n", b"+OK\r\n");
    redis.stdout("SET k value");
    assert_eq!(redis.stop().code, 0);
}

#[test]
fn a_port_may_be_chosen() {
    let empty = folder(&[]);
    // not of those that the system gives away: another test could be given it in the meantime
    let taken = (20_000..30_000)
        .find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok())
        .unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = slt(empty.path(), &["emulate", "redis", "--port", &port]);
    assert_eq!(refused.code, 3);
    steady().bind(|| insta::assert_snapshot!("port_in_use", refused.shown(empty.path())));
    drop(taken);
    let redis = Process::start(empty.path(), &["emulate", "redis", "--port", &port], &[]);
    assert_eq!(redis.address("redis://"), format!("127.0.0.1:{port}"));
    assert_eq!(redis.stop().code, 0);
}

#[test]
fn refused() {
    let empty = folder(&[]);
    let mut all = String::new();
    for arguments in [
        &["kafka"][..],
        &["redsi"],
        &["redis", "nats"],
        &["redis", "redis", "--port", "6379"],
        &["redis", "--port", "65536"],
        &[],
    ] {
        let run = slt(empty.path(), &[&["emulate"], arguments].concat());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}");
        all.push_str(&format!("$ slt emulate {}\n{}\n", arguments.join(" "), run.stderr));
    }
    insta::assert_snapshot!("refused", all);
}
