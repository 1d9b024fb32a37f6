//! The `slt` binary: parse, dispatch, exit code. Everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    let invocation = slt::support::os::invocation();
    slt::commands::main(invocation, leave).into()
}

/// Exits without a return: a user who asks again for an end does not wait for what runs.
#[allow(clippy::disallowed_methods)] // this is `main`
fn leave(exit: slt::exit::Exit) -> ! {
    std::process::exit(exit as i32)
}
