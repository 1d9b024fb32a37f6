//! Where in a guest's code a trap came from: its innermost functions, by the names that its module has for them.

use wasmtime::{Error, FrameInfo, WasmBacktrace};

/// How many functions are shown.
const SHOWN_MAX: usize = 8;

/// How the names begin of what a language's runtime, its test harness or the componentizer put around the guest's own functions.
const RUNTIME: &[&str] = &[
    "_start",
    "_initialize",
    "__main_void",
    "__original_main",
    "__libc_",
    "__wasi_",
    "__wasilibc_",
    "__wasm_",
    "__rust",
    "__rdl_",
    "__rustc",
    "exports_wasi_",
    "std::",
    "core::",
    "alloc::",
    "test::",
    "<std::",
    "<core::",
    "<alloc::",
    "<test::",
];

/// What is in the names of the functions of a panic of Rust's, which has said what it is and where.
const PANIC: &[&str] = &["rust_panic", "core::panicking::", "std::panicking::"];

/// The names of the innermost functions, the innermost first. None for a panic of Rust's.
pub(super) fn of(error: &Error) -> Vec<String> {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else {
        return Vec::new();
    };
    // wasmtime demangles names where it prints them, a line each
    let text = trace.to_string();
    let lines = text.lines().skip(1);
    let named = trace.frames().iter().zip(lines).filter(|(frame, _)| is_named(frame));
    shown(named.filter_map(|(frame, line)| {
        let module = frame.module().name().unwrap_or("<unknown>");
        line.split_once(&format!(" - {module}!")).map(|(_, name)| name)
    }))
}

/// Whether a function has a name, and is none of those that the componentizer makes.
fn is_named(frame: &FrameInfo) -> bool {
    let is_made = frame
        .module()
        .name()
        .is_some_and(|name| name.starts_with("wit-component:"));
    frame.func_name().is_some() && !is_made
}

/// Those that say something, each of a function that calls itself once.
fn shown<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<_> = names.map(plain).collect();
    if names.iter().any(|name| PANIC.iter().any(|part| name.contains(part))) {
        return Vec::new();
    }
    // an export's name is that of its interface: `wasi:cli/run@0.2.0#run`
    let is_own = |name: &String| !name.contains('#') && !RUNTIME.iter().any(|start| name.starts_with(start));
    names.retain(is_own);
    names.dedup();
    names.truncate(SHOWN_MAX);
    names
}

/// A name without the hashes that Rust puts into it: `a::b` of `a::b::h0123456789abcdef` and of `a[0123456789abcdef]::b`.
fn plain(name: &str) -> String {
    let is_hash = |text: &str| text.len() > 9 && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let name = match name.rsplit_once("::h") {
        Some((before, hash)) if is_hash(hash) => before,
        _ => name,
    };
    let mut parts = name.split('[');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(']') {
            Some((hash, rest)) if is_hash(hash) => plain.push_str(rest),
            _ => plain.extend(["[", part]),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_something() {
        let deep: Vec<String> = (0..20).map(|depth| format!("f{depth}")).collect();
        let deep: Vec<&str> = deep.iter().map(String::as_str).collect();
        for (names, expected) in [
            (&[][..], &[][..]),
            (
                &[
                    "abort",
                    "crash",
                    "main",
                    "__main_void",
                    "_start",
                    "wasi:cli/run@0.2.0#run",
                ],
                &["abort", "crash", "main"],
            ),
            (
                &[
                    "a::b::h0123456789abcdef",
                    "a::h1",
                    "<a[0123456789abcdef]::B as core[0123456789ab]::fmt::Display>::fmt",
                    "core::ops::function::FnOnce::call_once::h0123456789abcdef",
                    "a::c::<[u8; 4], [abc]>",
                    "<test[b5ae12ce53000bcd]::types::RunnableTest>::run",
                ],
                &[
                    "a::b",
                    "a::h1",
                    "<a::B as core::fmt::Display>::fmt",
                    "a::c::<[u8; 4], [abc]>",
                ],
            ),
            (
                &[
                    "__rust_start_panic",
                    "rust_panic",
                    "std::panicking::begin_panic",
                    "a::b",
                ],
                &[],
            ),
            (&["deeper", "deeper", "std::x", "deeper", "top"], &["deeper", "top"]),
            (&deep, deep.get(..8).unwrap()),
        ] {
            assert_eq!(shown(names.iter().copied()), expected, "{names:?}");
        }
    }
}
