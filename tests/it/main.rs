//! Black-box tests, in one binary: the command line as a user runs it, and the public functions under it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod build;
mod check;
mod cli;
mod command;
mod doctor;
mod emulate;
mod endings;
mod explain;
mod fix;
mod guests;
mod new;
mod process;
mod provider;
mod reference;
mod run;
mod runner;
mod sarif;
mod schema;
mod schemas;
mod seams;
mod secrets;
mod slightfiles;
mod tidy;
mod wit;
