//! A command: greets whom its arguments name, and exits with the code that `--exit CODE` gives.

fn main() {
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--exit" {
            let code = arguments.next().expect("a code").parse().expect("a number");
            std::process::exit(code);
        }
        println!("hello, {argument}");
    }
}
