//! What `slight:keyvalue/compat` answers: values, and each error by slight's name.

use crate::support::{Keyvalue, KeyvalueError, faults};
use faults::Action;

/// The next operation of this kind fails so.
fn fails(operation: &str, action: &Action) -> faults::Fault {
    let target = faults::Target {
        service: "redis".into(),
        operation: Some(operation.into()),
        key: None,
        nth: Some(1),
    };
    faults::inject(&target, action).unwrap()
}

#[test]
fn what_is_set_is_there_and_what_is_deleted_is_not() {
    let store = Keyvalue::open("notes").unwrap();
    assert!(matches!(store.get("a"), Err(KeyvalueError::KeyNotFound(_))));
    store.set("b", b"1").unwrap();
    store.set("a", b"").unwrap();
    store.set("notes:c/d", &[0, 255]).unwrap();
    assert_eq!(store.get("a").unwrap(), b"");
    assert_eq!(store.get("notes:c/d").unwrap(), [0, 255]);
    assert_eq!(store.keys().unwrap(), ["a", "b", "notes:c/d"]);
    store.delete("a").unwrap();
    store.delete("a").unwrap();
    assert_eq!(store.keys().unwrap(), ["b", "notes:c/d"]);
}

#[test]
fn a_name_that_the_slightfile_does_not_have() {
    let Err(KeyvalueError::AuthenticationError(reason)) = Keyvalue::open("other") else {
        panic!("it opens");
    };
    assert!(reason.contains("`other`"), "{reason}");
}

#[test]
fn a_service_that_is_not_there() {
    let store = Keyvalue::open("notes").unwrap();
    let _fault = fails("CONNECT", &Action::Refuse);
    assert!(matches!(store.get("a"), Err(KeyvalueError::ConnectionError(_))));
}

#[test]
fn a_service_that_refuses() {
    let store = Keyvalue::open("notes").unwrap();
    let _fault = fails("GET", &Action::Answer("NOPERM this user has no permissions".into()));
    assert!(matches!(store.get("a"), Err(KeyvalueError::AuthenticationError(_))));
}

#[test]
fn an_answer_that_is_lost() {
    let store = Keyvalue::open("notes").unwrap();
    let _fault = fails("SET", &Action::DropAfter);
    assert!(matches!(store.set("a", b"1"), Err(KeyvalueError::IoError(_))));
    assert_eq!(store.get("a").unwrap(), b"1");
}

#[test]
fn a_service_that_asks_for_patience_or_says_something_else() {
    let store = Keyvalue::open("notes").unwrap();
    for answer in [
        "LOADING Redis is loading the dataset in memory",
        "WRONGTYPE it is a list",
    ] {
        let _fault = fails("GET", &Action::Answer(answer.into()));
        assert!(
            matches!(store.get("a"), Err(KeyvalueError::UnexpectedError(_))),
            "{answer}"
        );
    }
}
