//! The `slt` binary: parse, dispatch, exit code. Everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    let invocation = slt::support::os::invocation();
    slt::commands::main(invocation, |exit| std::process::exit(exit as i32)).into()
}
