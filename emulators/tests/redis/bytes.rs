//! Bytes: requests split anywhere, replies that nobody reads for a while, and arbitrary bytes, which never panic.
//!
//! `cases.rs` runs every table byte by byte too.

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};

use crate::resp::{encode, escape};
use crate::target::Target;

/// Requests of every shape, whose replies are of every shape.
fn corpus() -> Vec<Vec<u8>> {
    let commands: &[&[&str]] = &[
        &["SET", "key", "a value\r\n"],
        &["SET", "key", "x", "NX", "GET"],
        &["INCR", "count"],
        &["MGET", "key", "missing", "count"],
        &["GET"],
        &["nope", "a", "b"],
        &["MULTI"],
        &["GET", "missing"],
        &["TTL", "key"],
        &["EXEC"],
        &["HELLO", "3"],
        &["CONFIG", "GET", "maxmemory"],
        &["GET", "missing"],
        &["LCS", "key", "key", "IDX"],
    ];
    let mut corpus: Vec<Vec<u8>> = commands.iter().map(|command| encode(command)).collect();
    corpus.push(b"PING\r\n".to_vec());
    corpus.push(b"\r\n*0\r\nECHO \"a \\x41\"\n".to_vec());
    corpus.push(b"*2\r\n$4\r\nECHO\r\n$2\r\n\r\n\r\n*x\r\nPING\r\n".to_vec());
    corpus
}

/// All that the server says to the requests, sent in two pieces.
fn everything(target: &Target, requests: &[u8], at: usize) -> Vec<u8> {
    target.run(async {
        let mut client = target.client().await;
        client.send(b"FLUSHALL\r\n").await;
        client.reply().await.expect("a reply to FLUSHALL");
        let (first, second) = requests.split_at(at);
        client.send(first).await;
        // what the first piece asked for whole is answered before the second comes: so the server has read it
        tokio::task::yield_now().await;
        client.send(second).await;
        client
            .closed()
            .await
            .expect("the last request is wrong, so the server closes")
    })
}

/// The one thing in these replies that counts connections.
fn without_id(reply: &[u8]) -> String {
    let text = escape(reply);
    let (before, after) = text.split_once(r"$2\r\nid\r\n:").expect("HELLO tells an id");
    format!(
        "{before}{}",
        after.trim_start_matches(|digit: char| digit.is_ascii_digit())
    )
}

fn splits(target: &Target) {
    let requests = corpus().concat();
    let whole = without_id(&everything(target, &requests, 0));
    assert!(
        whole.contains("QUEUED") && whole.ends_with("invalid multibulk length\\r\\n"),
        "{whole}"
    );
    for at in 1..requests.len() {
        let split = without_id(&everything(target, &requests, at));
        assert_eq!(split, whole, "split at byte {at}: {}", escape(&requests[..at]));
    }
}

#[test]
fn requests_split_anywhere_are_answered_as_whole_ones() {
    splits(&Target::emulated());
}

#[test]
#[ignore = "needs redis-server"]
fn requests_split_anywhere_are_answered_as_whole_ones_by_the_real_server() {
    splits(&Target::real());
}

/// More replies than a connection holds, read only after all requests were sent.
fn slow_reader(target: &Target) {
    const REPLIES: usize = 3_000;
    let value = vec![b'v'; 1_000];
    target.run(async {
        let (mut writer, mut reader) = (target.client().await, target.client().await);
        writer.command(&[b"SET".as_slice(), b"k", &value]).await.expect("OK");
        let requests = encode(&["GET", "k"]).repeat(REPLIES);
        reader.send(&requests).await;
        assert_eq!(writer.ask("STRLEN k").await, ":1000", "others are served meanwhile");
        for _ in 0..REPLIES {
            let (_, reply) = reader.reply().await.expect("each request is answered");
            assert_eq!(reply.text(), value);
        }
    });
}

#[test]
fn a_slow_reader_gets_every_reply_and_stops_nobody() {
    slow_reader(&Target::emulated());
}

#[test]
#[ignore = "needs redis-server"]
fn a_slow_reader_of_the_real_server_does_too() {
    slow_reader(&Target::real());
}

/// Pieces of requests, right and wrong.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&[u8]] = &[
        b"*1\r\n",
        b"*2\r\n",
        b"*3\r\n",
        b"*-1\r\n",
        b"*0\r\n",
        b"*1048577\r\n",
        b"*99999999999\r\n",
        b"$0\r\n",
        b"$1\r\n",
        b"$3\r\n",
        b"$4\r\n",
        b"$-1\r\n",
        b"$16385\r\n",
        b"$99999999999\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"GET",
        b"SET",
        b"PING\r\n",
        b"MULTI\r\n",
        b"EXEC\r\n",
        b"RESET\r\n",
        b"k",
        b"\"",
        b"'",
        b"\\x",
        b" ",
        b"\x00",
    ];
    prop_oneof![
        4 => proptest::sample::select(PIECES).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..12),
    ]
}

/// A whole command with arguments that it may or may not take.
fn command() -> impl Strategy<Value = Vec<u8>> {
    const NAMES: &[&str] = &[
        "APPEND",
        "AUTH",
        "CLIENT",
        "COMMAND",
        "CONFIG",
        "COPY",
        "DECRBY",
        "DEL",
        "ECHO",
        "EXISTS",
        "EXPIRE",
        "EXPIREAT",
        "FLUSHALL",
        "GET",
        "GETEX",
        "GETRANGE",
        "GETSET",
        "HELLO",
        "INCR",
        "INCRBYFLOAT",
        "INFO",
        "KEYS",
        "LCS",
        "MGET",
        "MOVE",
        "MSET",
        "MSETNX",
        "MULTI",
        "EXEC",
        "OBJECT",
        "PEXPIRE",
        "PEXPIREAT",
        "PING",
        "PSETEX",
        "RENAME",
        "RESET",
        "SCAN",
        "SELECT",
        "SET",
        "SETEX",
        "SETRANGE",
        "SUBSTR",
        "SWAPDB",
        "TTL",
        "WAIT",
        "WATCH",
    ];
    const WORDS: &[&str] = &[
        "k",
        "k",
        "j",
        "",
        "0",
        "-1",
        "1",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        "1e308",
        "-inf",
        "EX",
        "PX",
        "EXAT",
        "PXAT",
        "GET",
        "NX",
        "XX",
        "GT",
        "LT",
        "KEEPTTL",
        "PERSIST",
        "MATCH",
        "COUNT",
        "TYPE",
        "IDX",
        "LEN",
        "MINMATCHLEN",
        "WITHMATCHLEN",
        "DB",
        "REPLACE",
        "LIST",
        "INFO",
        "KILL",
        "ID",
        "TYPE",
        "SKIPME",
        "NO",
        "SETNAME",
        "DOCS",
        "GETKEYS",
        "FILTERBY",
        "PATTERN",
        "ENCODING",
        "SET",
        "maxmemory",
        "*",
        "[a-",
        "[^]",
        "\\",
        "**a?",
    ];
    let word = prop_oneof![
        6 => proptest::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..6),
    ];
    (proptest::sample::select(NAMES), vec(word, 0..5)).prop_map(|(name, words)| {
        let arguments: Vec<&[u8]> = std::iter::once(name.as_bytes())
            .chain(words.iter().map(Vec::as_slice))
            .collect();
        encode(&arguments)
    })
}

/// The server comes to the end of the bytes, and goes on serving others.
fn survives(bytes: &[u8]) {
    let target = Target::emulated();
    target.run(async {
        let mut client = target.client().await;
        client.send(bytes).await;
        client.finish().await;
        client
            .closed()
            .await
            .expect("the server closes when the client has no more to say");
        let mut other = target.client().await;
        let pong = other.ask("PING").await;
        assert!(pong == "+PONG" || pong.starts_with("-NOAUTH"), "{pong}");
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        survives(&bytes);
    }

    #[test]
    fn pieces_of_requests_never_panic(pieces in vec(fragment(), 0..40)) {
        survives(&pieces.concat());
    }

    #[test]
    fn commands_with_any_arguments_never_panic(
        setup in Just(encode(&["MSET", "k", "10", "j", "text"])),
        commands in vec(command(), 0..20),
    ) {
        survives(&[setup, commands.concat()].concat());
    }
}
