//! The command line: help texts, usage errors, completions.

use clap::CommandFactory;

use crate::command::{folder, slt};

#[test]
fn help() {
    let empty = folder(&[]);
    insta::assert_snapshot!("help", slt(empty.path(), &["--help"]).shown(empty.path()));
    let commands = slt::cli::Cli::command();
    let shown = commands.get_subcommands().filter(|command| !command.is_hide_set());
    let names: Vec<&str> = shown.map(clap::Command::get_name).collect();
    assert!(names.len() > 20, "{names:?}");
    for command in names {
        let run = slt(empty.path(), &[command, "--help"]);
        assert_eq!(run.code, 0);
        assert!(run.stdout.contains("Examples:"), "{command} has no examples");
        insta::assert_snapshot!(format!("help_{command}"), run.stdout);
    }
}

/// clap wraps what is said behind the flags at the terminal's width: what is broken by hand would be broken twice, and an example at
/// the end of a word that belongs to it.
#[test]
fn clap_alone_breaks_lines() {
    fn check(command: &clap::Command) {
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        for line in lines.iter().filter(|line| line.starts_with(' ')) {
            assert!(line.chars().count() <= 78, "{}: {line}", command.get_name());
        }
        let is_prose = |line: &str| !line.is_empty() && !line.starts_with(' ');
        for pair in lines.windows(2) {
            let is_broken = is_prose(pair[0]) && is_prose(pair[1]) && !pair[0].ends_with(':');
            assert!(!is_broken, "{}: {pair:?}", command.get_name());
        }
        command.get_subcommands().for_each(check);
    }
    check(&slt::cli::Cli::command());
}

#[test]
fn wrong_usage() {
    let empty = folder(&[]);
    for arguments in [
        &["chekc"][..],
        &["new"],
        &["check", "--format", "yaml"],
        &["completions", "tcsh"],
        &["check", "a", "b"],
    ] {
        let run = slt(empty.path(), arguments);
        assert_eq!(run.code, 2, "{arguments:?}");
        assert_eq!(run.stdout, "", "{arguments:?}");
        assert!(run.stderr.starts_with("error: "), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn completions_are_those_of_the_commands() {
    let empty = folder(&[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = slt(empty.path(), &["completions", shell]);
        assert_eq!(run.code, 0, "{shell}");
        for word in ["check", "doctor", "completions", "emulate"] {
            assert!(run.stdout.contains(word), "{shell} does not complete {word}");
        }
    }
}

#[test]
fn version() {
    let empty = folder(&[]);
    let run = slt(empty.path(), &["--version"]);
    assert_eq!(run.stdout, format!("slt {}\n", env!("CARGO_PKG_VERSION")));
}
