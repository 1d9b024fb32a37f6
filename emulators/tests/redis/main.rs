//! Redis, judged: the same bodies run on the emulator and on the real `redis-server` 7.0.
//!
//! What the real server says is right. Tests that need it carry `#[ignore = "needs redis-server"]`; run them with
//! `cargo test -p slt-emulators --test redis -- --include-ignored`. The expectations in `cases/` are written by the
//! real server alone: `BLESS=1 cargo test -p slt-emulators --test redis real_server_keeps_the_table -- --ignored`.
//! `CASES=set.` narrows a run of the tables to the cases whose id starts so.
//!
//! What these tests deliberately do not do: look inside the emulator. They know its wire and its clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // test code all through

mod bytes;
mod cases;
mod clients;
mod clock;
mod differential;
mod model;
mod resp;
mod scan;
mod target;
