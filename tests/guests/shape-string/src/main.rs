//! A command over `wasi:keyvalue@0.2.0-draft` in the shape whose cursor is a string: see `shape_u64` for the other.
//!
//! Writes as many keys as its argument says (default 3), and prints all keys, page by page, then the pages' number.

wit_bindgen::generate!({ world: "imports", path: "wit", generate_all });

use wasi::keyvalue::{atomics, store};

fn main() {
    let count = std::env::args()
        .nth(1)
        .map_or(3, |text| text.parse::<u32>().expect("a number"));
    let bucket = store::open("store").unwrap();
    for n in 0..count {
        bucket.set(&format!("key-{n:05}"), b"value").unwrap();
    }
    let (mut cursor, mut pages) = (None::<String>, 0);
    loop {
        let page = bucket.list_keys(cursor.as_deref()).unwrap();
        pages += 1;
        page.keys.iter().for_each(|key| println!("{key}"));
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    println!("pages {pages}");
    println!("sum {}", atomics::increment(&bucket, "sum", -7).unwrap());
}
