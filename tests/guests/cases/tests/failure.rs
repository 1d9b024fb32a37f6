//! Failures of services: each acts where it should, is counted, and is undone when its guard is dropped.

use guest::faults::{Action, Error, Pieces, Target, inject};
use guest::{FutureIncomingResponse, clock, get, on, poll, receive, services, start, store};

const SECOND: u64 = 1_000_000_000;

fn bucket() -> store::Bucket {
    store::open("store").unwrap()
}

#[test]
fn drop_before_has_no_effect() {
    let fault = inject(&on("redis", "SET", None), &Action::DropBefore).unwrap();
    assert_eq!(get("/set/key/value").status, 503);
    assert!(fault.hits() >= 1);
    drop(fault);
    assert_eq!(get("/get/key").status, 404);
    assert_eq!(get("/set/key/value").status, 200);
}

#[test]
fn drop_after_has_its_effect() {
    let fault = inject(&on("redis", "SET", Some(1)), &Action::DropAfter).unwrap();
    assert_eq!(get("/set/key/value").status, 503);
    assert_eq!(fault.hits(), 1);
    assert_eq!(get("/get/key").body, "value");
}

#[test]
fn a_delay_passes_in_virtual_time() {
    let start = clock::now();
    let _fault = inject(&on("redis", "GET", None), &Action::Delay(SECOND / 10)).unwrap();
    get("/get/key");
    assert!(clock::now() - start >= SECOND / 10);
}

#[test]
fn an_answer_that_never_comes_runs_into_the_clients_timeout() {
    let start = clock::now();
    let fault = inject(&on("redis", "GET", None), &Action::Hold).unwrap();
    assert_eq!(get("/get/key").status, 503);
    assert!(clock::now() > start, "the timeout took virtual time");
    assert!(fault.hits() >= 1);
}

#[test]
fn an_answer_in_the_services_words_reaches_the_guest() {
    let busy = "LOADING Redis is loading the dataset in memory";
    let _fault = inject(&on("redis", "SET", None), &Action::Answer(busy.into())).unwrap();
    match bucket().set("key", b"value") {
        Err(store::Error::Other(text)) => assert!(text.contains("loading"), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reply_that_is_cut_is_an_error() {
    bucket().set("key", &[b'x'; 100]).unwrap();
    let fault = inject(&on("redis", "SET", Some(1)), &Action::CutReply(2)).unwrap();
    match bucket().set("key", b"other") {
        Err(store::Error::Other(text)) => assert!(text.contains("indeterminate"), "{text}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(fault.hits(), 1);
    // what only reads is asked again
    let fault = inject(&on("redis", "GET", Some(1)), &Action::CutReply(3)).unwrap();
    assert_eq!(bucket().get("key").unwrap(), Some(b"other".to_vec()));
    assert_eq!(fault.hits(), 1);
}

#[test]
fn a_reply_in_pieces_is_whole() {
    bucket().set("key", &[b'x'; 100]).unwrap();
    let pieces = Pieces {
        chunk_bytes: 7,
        pause_nanoseconds: 1_000_000,
    };
    let _fault = inject(&on("redis", "GET", None), &Action::Dribble(pieces)).unwrap();
    assert_eq!(bucket().get("key").unwrap(), Some(vec![b'x'; 100]));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let unknown = inject(&on("kafka", "FETCH", None), &Action::DropBefore);
    assert!(matches!(unknown, Err(Error::NoSuchService(_))));
    let nothing = Pieces {
        chunk_bytes: 0,
        pause_nanoseconds: 0,
    };
    let empty = inject(&on("redis", "GET", None), &Action::Dribble(nothing));
    assert!(matches!(empty, Err(Error::Invalid(_))));
    let not_a_connection = inject(&on("redis", "GET", None), &Action::Refuse);
    assert!(matches!(not_a_connection, Err(Error::Invalid(_))));
}

#[test]
fn services_are_listed_and_their_exchanges_counted() {
    let kinds: Vec<String> = services::list().into_iter().map(|service| service.kind).collect();
    assert!(kinds.iter().any(|kind| kind == "redis"), "{kinds:?}");
    let before = services::exchanges(&on("redis", "SET", None));
    bucket().set("key", b"value").unwrap();
    assert_eq!(services::exchanges(&on("redis", "SET", None)), before + 1);
}

/// Several instances of the application at once, each with its own connection, while the service fails in several ways.
/// What this prints, and the journal, are the same in every run with one seed.
#[test]
fn a_storm_is_the_same_each_time() {
    let every = |operation: &str, nth| Target {
        key: Some("*".into()),
        ..on("redis", operation, Some(nth))
    };
    let faults = [
        inject(&every("SET", 3), &Action::DropAfter),
        inject(&every("SET", 8), &Action::DropBefore),
        inject(&every("GET", 5), &Action::Delay(3_000_000)),
        inject(&every("GET", 11), &Action::CutReply(2)),
        inject(&every("INCRBY", 6), &Action::Answer("LOADING busy".into())),
    ]
    .map(Result::unwrap);

    let names = ["a", "b", "c", "d"];
    let mut waiting: Vec<(&str, FutureIncomingResponse)> = names
        .iter()
        .map(|name| (*name, start(&format!("/mix/{name}/8"))))
        .collect();
    while !waiting.is_empty() {
        let pollables: Vec<_> = waiting.iter().map(|(_, response)| response.subscribe()).collect();
        let mut ready = poll::poll(&pollables.iter().collect::<Vec<_>>());
        drop(pollables);
        ready.sort_unstable();
        for index in ready.into_iter().rev() {
            let (name, response) = waiting.remove(index as usize);
            let response = receive(&response).unwrap();
            println!("{} {name} {} {}", clock::now(), response.status, response.body);
        }
    }
    println!("hits {:?}", faults.map(|fault| fault.hits()));
}
