//! One file per subcommand: resolves arguments into a plan, calls the rooms below, reports through `ui`.
//!
//! *Invariant:* the environment and the current directory are read here and not below.

pub mod add;
mod app;
mod build;
pub mod changes;
mod check;
mod completions;
pub mod doctor;
mod documents;
mod emulate;
pub mod explain;
mod inputs;
pub mod inspect;
pub mod keygen;
pub mod login;
mod lsp;
pub mod migrate;
pub mod new;
mod prompt;
pub mod pull;
pub mod push;
mod registries;
pub mod remove;
mod run;
mod runner;
mod sbom;
pub mod secret;
pub mod ship;
pub mod sign;
mod signing;
mod test;
pub mod verify;

use std::sync::OnceLock;

use clap::{CommandFactory, FromArgMatches};

use crate::cli::{Cli, Command, Format};
pub use crate::exit::{Exit, Failure};
use crate::support::os::{self, Invocation};
use crate::support::waiting::Ending;
use crate::ui::Ui;

/// Parses the arguments, runs the command, reports its failure, and says which code to exit with. `leave` is for who cannot wait for that.
#[must_use]
pub fn main(mut invocation: Invocation, leave: fn(Exit) -> !) -> Exit {
    let own = signing::taken(&mut invocation.environment);
    let matches = command().try_get_matches_from(&invocation.arguments);
    let cli = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            return match secret::unclear(&invocation.arguments, &error) {
                Some(failure) => {
                    Ui::plain().failure(&failure);
                    failure.exit
                }
                None => Ui::plain().usage(&error),
            };
        }
    };
    let ui = Ui::new(&cli.global, &invocation);
    let session = Session {
        global: &cli.global,
        invocation: &invocation,
        own: &own,
        ui: &ui,
        leave,
        ending: OnceLock::new(),
    };
    let exit = match dispatch(&cli, &session) {
        Ok(exit) => exit,
        Err(failure) => {
            ui.failure(&failure);
            failure.exit
        }
    };
    let Some(failure) = ui.unwritten() else {
        return exit;
    };
    ui.failure(&failure);
    match exit {
        Exit::Done => failure.exit,
        // what went wrong before says more
        exit => exit,
    }
}

/// The command line, with what only the rooms below know in its help.
fn command() -> clap::Command {
    Cli::command().mut_subcommand("new", new::with_templates)
}

fn dispatch(cli: &Cli, session: &Session<'_>) -> Result<Exit, Failure> {
    if cli.global.directory.is_some() && !session.directory().is_dir() {
        let folder = session.directory();
        return Err(Failure::usage(format!("there is no folder `{}`", folder.display()))
            .hint("`-C DIR` takes a folder that exists"));
    }
    if cli.global.format == Format::Sarif && !matches!(cli.command, Command::Check(_)) {
        return Err(Failure::usage("only `slt check` prints SARIF")
            .hint("`--format json` prints the results of this command for programs"));
    }
    match &cli.command {
        Command::New(arguments) => new::run(session, arguments),
        Command::Add(arguments) => add::run(session, arguments),
        Command::Remove(arguments) => remove::run(session, arguments),
        Command::Migrate(arguments) => migrate::run(session, arguments),
        Command::Check(arguments) => check::run(session, arguments),
        Command::Explain(arguments) => explain::run(session, arguments),
        Command::Build(arguments) => build::run(session, arguments),
        Command::Run(arguments) => run::run(session, arguments),
        Command::Test(arguments) => test::run(session, arguments),
        Command::Ship(arguments) => ship::run(session, arguments),
        Command::Sbom(arguments) => sbom::run(session, arguments),
        Command::Push(arguments) => push::run(session, arguments),
        Command::Pull(arguments) => pull::run(session, arguments),
        Command::Inspect(arguments) => inspect::run(session, arguments),
        Command::Login(arguments) => login::run(session, arguments),
        Command::Logout(arguments) => login::logout(session, arguments),
        Command::Emulate(arguments) => emulate::run(session, arguments),
        Command::Secret(arguments) => secret::run(session, arguments),
        Command::Keygen(arguments) => keygen::run(session, arguments),
        Command::Sign(arguments) => sign::run(session, arguments),
        Command::Verify(arguments) => verify::run(session, arguments),
        Command::Doctor(arguments) => doctor::run(session, arguments),
        Command::Lsp(arguments) => lsp::run(session, arguments),
        Command::Completions(arguments) => completions::run(session, arguments),
        Command::Runner(arguments) => runner::run(session, arguments),
    }
}

/// What every command is handed.
pub struct Session<'a> {
    /// The global flags.
    pub global: &'a crate::cli::Global,
    /// Arguments, environment and current directory, read once. What it has to sign with is not in the environment: tools, tests,
    /// guests and credential helpers get that one.
    pub invocation: &'a Invocation,
    /// The variables that are for slt alone, taken out of the environment.
    own: &'a signing::Own,
    /// The one place that prints.
    pub ui: &'a Ui,
    /// Ends this process.
    leave: fn(Exit) -> !,
    ending: OnceLock<Ending>,
}

impl Session<'_> {
    /// The folder to work in: `-C`, or the current one.
    #[must_use]
    pub fn directory(&self) -> std::path::PathBuf {
        match &self.global.directory {
            Some(directory) => self.invocation.directory.join(directory),
            None => self.invocation.directory.clone(),
        }
    }

    /// Whether the user asks for an end, from the first call on: a signal ends what is waited for, and the next one this process. Before
    /// that, a signal ends this process as it does by itself, so that what a user has named is read first: a pipe may have no end.
    ///
    /// # Errors
    /// There is no event queue, or no thread.
    pub fn listen(&self) -> Result<&Ending, Failure> {
        if let Some(ending) = self.ending.get() {
            return Ok(ending);
        }
        let (ui, leave) = (self.ui.clone(), self.leave);
        let at_once = move || {
            ui.failure(&Failure::interrupted());
            leave(Exit::Failed);
        };
        let ending = Ending::listen(at_once)
            .map_err(|error| Failure::environment(format!("no event queue: {}", os::reason(&error))))?;
        Ok(self.ending.get_or_init(|| ending))
    }

    /// The same, if that is listened to.
    #[must_use]
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.get()
    }
}
