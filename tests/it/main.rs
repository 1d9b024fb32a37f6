//! Black-box tests, in one binary: the command line as a user runs it, and the public functions under it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod build;
mod check;
mod cli;
mod command;
mod doctor;
mod guests;
mod new;
mod provider;
mod schemas;
mod seams;
mod slightfiles;
mod tidy;
mod wit;
