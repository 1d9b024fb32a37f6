//! `wasi:keyvalue/store`

use guest::store::{self, Bucket};

fn bucket() -> Bucket {
    store::open("conformance").expect("the store is declared")
}

/// What `set` wrote, `get` returns: any bytes, and none.
///
/// Source: `wasi:keyvalue/store@0.2.0-draft`, the documentation of the interface (a value is a byte array; "reading your
/// writes") and of `set` (an existing value is overwritten).
#[test]
fn round_trip() {
    let bucket = bucket();
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let large = every_byte.repeat(4096);
    let values: [&[u8]; 8] = [
        b"text",
        b"",
        b"\0",
        b"\xff\xfe\xc3\x28",
        b"$-1\r\n*0\r\n:1\r\n",
        b"9223372036854775808",
        &every_byte,
        &large,
    ];
    for value in values {
        bucket.set("key", value).unwrap();
        let read = bucket.get("key").unwrap();
        assert!(
            read.as_deref() == Some(value),
            "{} bytes came back as {:?}",
            value.len(),
            read.map(|read| read.len())
        );
    }

    for length in 0..128 {
        let value = pseudo_random(length);
        bucket.set(&format!("key-{length}"), &value).unwrap();
    }
    for length in 0..128 {
        assert_eq!(
            bucket.get(&format!("key-{length}")).unwrap(),
            Some(pseudo_random(length))
        );
    }
}

/// Bytes without a pattern, the same in every run (xorshift, seeded with the length).
fn pseudo_random(length: u64) -> Vec<u8> {
    let mut state = length.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(length as usize).collect()
}
