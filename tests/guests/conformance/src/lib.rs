//! The conformance cases of `keyvalue`: what every provider promises, whatever stands behind it.
//!
//! A case is a `#[test]`. Its id is the capability, the module and the function, with `-` for `_`:
//! `store::round_trip` is `keyvalue.store.round-trip`. The first paragraph of its documentation is the promise; the paragraph
//! that begins with *Source* says where that is written; one that begins with *Needs* names the optional feature without
//! which it is not run.
//!
//! Cases open the store `conformance`, expect it to be empty, and use nothing of `slight:testing` unless they say so: they
//! run on other hosts as well.

#[cfg(test)]
mod store;
