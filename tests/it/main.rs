//! Black-box tests, in one binary: the command line as a user runs it, and the public functions under it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod add;
mod build;
mod check;
mod cli;
mod command;
mod components;
mod doctor;
mod emulate;
mod endings;
mod explain;
mod figures;
mod fix;
mod foreign;
mod fuzz_corpus;
mod guests;
mod lsp;
mod new;
mod pairs;
mod process;
mod provider;
mod reference;
mod run;
mod runner;
mod sarif;
mod schema;
mod schemas;
mod seams;
mod secret;
mod secrets;
mod shapes;
mod slight;
mod slightfiles;
mod tidy;
mod wit;
