//! The shapes of interfaces that slt hosts, function by function.
//!
//! Published copies of `wasi:keyvalue@0.2.0-draft` differ: the cursor of `list-keys` is a `u64` in wasmtime's and
//! wasmCloud's text and a `string` upstream, and `increment` counts unsigned or signed. Both are served. A function in
//! any other shape could not be linked, and is named here instead of at the start.

use super::Interface;

/// A function and a shape of it that is hosted; `$error` is [`STORE_ERROR`].
struct Shape {
    interface: &'static str,
    function: &'static str,
    signature: &'static str,
}

const STORE_ERROR: &str = "variant { no-such-store, access-denied, other(string) }";

const fn shape(interface: &'static str, function: &'static str, signature: &'static str) -> Shape {
    Shape {
        interface,
        function,
        signature,
    }
}

const KEYVALUE: &[Shape] = &[
    shape("store", "open", "func(string) -> result<bucket, $error>"),
    shape(
        "store",
        "[method]bucket.get",
        "func(borrow<bucket>, string) -> result<option<list<u8>>, $error>",
    ),
    shape(
        "store",
        "[method]bucket.set",
        "func(borrow<bucket>, string, list<u8>) -> result<_, $error>",
    ),
    shape(
        "store",
        "[method]bucket.delete",
        "func(borrow<bucket>, string) -> result<_, $error>",
    ),
    shape(
        "store",
        "[method]bucket.exists",
        "func(borrow<bucket>, string) -> result<bool, $error>",
    ),
    shape(
        "store",
        "[method]bucket.list-keys",
        "func(borrow<bucket>, option<u64>) -> result<record { keys: list<string>, cursor: option<u64> }, $error>",
    ),
    shape(
        "store",
        "[method]bucket.list-keys",
        "func(borrow<bucket>, option<string>) -> result<record { keys: list<string>, cursor: option<string> }, $error>",
    ),
    shape(
        "atomics",
        "increment",
        "func(borrow<bucket>, string, u64) -> result<u64, $error>",
    ),
    shape(
        "atomics",
        "increment",
        "func(borrow<bucket>, string, s64) -> result<s64, $error>",
    ),
    shape(
        "batch",
        "get-many",
        "func(borrow<bucket>, list<string>) -> result<list<option<tuple<string, list<u8>>>>, $error>",
    ),
    shape(
        "batch",
        "set-many",
        "func(borrow<bucket>, list<tuple<string, list<u8>>>) -> result<_, $error>",
    ),
    shape(
        "batch",
        "delete-many",
        "func(borrow<bucket>, list<string>) -> result<_, $error>",
    ),
];

/// A function that cannot be linked.
#[derive(Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Its name.
    pub function: String,
    /// Its shape in the component.
    pub found: String,
    /// The shapes that are hosted; none when there is no such function.
    pub hosted: Vec<String>,
}

/// The functions of an interface whose shape is not hosted. Only interfaces with known shapes are looked at.
pub fn misfits(interface: &Interface) -> Vec<Misfit> {
    if interface.package != "wasi:keyvalue" {
        return Vec::new();
    }
    let mut misfits = Vec::new();
    for (function, found) in &interface.functions {
        let hosted: Vec<String> = KEYVALUE
            .iter()
            .filter(|shape| shape.interface == interface.name && shape.function == function)
            .map(|shape| shape.signature.replace("$error", STORE_ERROR))
            .collect();
        if !hosted.contains(found) {
            misfits.push(Misfit {
                function: function.clone(),
                found: found.clone(),
                hosted,
            });
        }
    }
    misfits
}
