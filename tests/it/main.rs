//! Black-box tests, in one binary: the command line as a user runs it, and the public functions under it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod check;
mod cli;
mod command;
mod doctor;
mod new;
mod schemas;
mod slightfiles;
