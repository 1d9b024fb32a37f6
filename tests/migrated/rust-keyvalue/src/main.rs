//! A key-value client: `STORE set KEY VALUE`, `STORE get KEY`, `STORE keys`, `STORE delete KEY`.

wit_bindgen::generate!({ world: "orders", path: "wit", generate_all });

use slight::keyvalue::compat::{Keyvalue, KeyvalueError};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [store, verb @ ..] = arguments.as_slice() else {
        return Err("which store?".into());
    };
    let store = Keyvalue::open(store)?;
    match verb {
        ["set", key, value] => store.set(key, value.as_bytes())?,
        ["get", key] => match store.get(key) {
            Ok(value) => println!("{key} = {}", String::from_utf8(value)?),
            Err(KeyvalueError::KeyNotFound(_)) => println!("{key} is not there"),
            Err(error) => return Err(error.into()),
        },
        ["keys"] => {
            for key in store.keys()? {
                println!("{key}");
            }
        }
        ["delete", key] => store.delete(key)?,
        _ => return Err("set KEY VALUE, get KEY, keys, or delete KEY".into()),
    }
    Ok(())
}
