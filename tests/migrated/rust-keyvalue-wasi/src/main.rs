//! The client of `../rust-keyvalue` over `wasi:keyvalue`, without slight's names.

wit_bindgen::generate!({ world: "orders", path: "wit", generate_all });

use wasi::keyvalue::store;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [store, verb @ ..] = arguments.as_slice() else {
        return Err("which store?".into());
    };
    let store = store::open(store)?;
    match verb {
        ["set", key, value] => store.set(key, value.as_bytes())?,
        ["get", key] => match store.get(key)? {
            Some(value) => println!("{key} = {}", String::from_utf8(value)?),
            None => println!("{key} is not there"),
        },
        ["keys"] => {
            let mut cursor = None;
            loop {
                let page = store.list_keys(cursor)?;
                for key in page.keys {
                    println!("{key}");
                }
                cursor = page.cursor;
                if cursor.is_none() {
                    break;
                }
            }
        }
        ["delete", key] => store.delete(key)?,
        _ => return Err("set KEY VALUE, get KEY, keys, or delete KEY".into()),
    }
    Ok(())
}
