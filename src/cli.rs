//! The command line as clap types: names, help, examples. No logic and no I/O.

pub mod registry;
pub mod run;
pub mod sbom;
pub mod ship;
pub mod signing;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Scaffold, check, build, run and test portable WebAssembly cloud applications.
#[derive(Debug, Parser)]
#[command(
    name = "slt",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Examples:\n  slt new shortener && cd shortener\n  slt test\n  slt check --format json\n  slt run --listen 127.0.0.1:8080\n\n\
                  Exit codes: 0 done; 1 the tests, the check or the guest failed; 2 wrong usage or configuration; \
                  3 the environment failed (a missing toolchain, a server that is not there); 101 a bug in slt"
)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Read this slightfile instead of `slightfile.toml`
    #[arg(
        short = 'c',
        long,
        global = true,
        help_heading = "Global options",
        value_name = "SLIGHTFILE"
    )]
    pub config: Option<PathBuf>,
    /// Work as if started in DIR
    #[arg(
        short = 'C',
        long,
        global = true,
        help_heading = "Global options",
        value_name = "DIR"
    )]
    pub directory: Option<PathBuf>,
    /// Print results and errors only
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// Say more; twice for everything
    #[arg(short, long, global = true, help_heading = "Global options", action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// When to use colour
    #[arg(long, global = true, value_enum, help_heading = "Global options", default_value_t = Color::Auto)]
    pub color: Color,
    /// How to print results
    #[arg(long, global = true, value_enum, help_heading = "Global options", default_value_t = Format::Human)]
    pub format: Format,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal that takes it, and as `NO_COLOR` and `CLICOLOR_FORCE` say.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// One JSON object a line, each with `"kind"`.
    Json,
    /// SARIF 2.1.0, for code scanning; `slt check` only.
    Sarif,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a new project that builds, checks and tests at once
    New(New),
    /// Add a capability to the slightfile, the WIT world and, in Rust, `Cargo.toml`
    Add(Add),
    /// Take a capability out again
    Remove(Remove),
    /// Bring a slightfile of specversion 0.1 or 0.2 to 1.0
    Migrate(Migrate),
    /// Find every problem of a slightfile and its component, before anything runs
    Check(Check),
    /// Say what a diagnostic means, with a wrong and a right example
    Explain(Explain),
    /// Compile to a validated component in `dist/`
    Build(Build),
    /// Run a project or a component on the services that its slightfile names
    Run(run::Run),
    /// Run the tests, each in its own instance with its own services
    Test(Test),
    /// Check, build, test, push, sign and attest a project, in one step
    Ship(ship::Ship),
    /// Say what is in a component: its packages, licences and modules, as CycloneDX or SPDX
    Sbom(sbom::Sbom),
    /// Put a component into a registry, always with the same digest
    Push(registry::Push),
    /// Fetch a component from a registry, whole and with its digest
    Pull(registry::Pull),
    /// Say what is in a component, or in an artifact of a registry
    Inspect(registry::Inspect),
    /// Check credentials for a registry, and keep them where Docker does
    Login(registry::Login),
    /// Remove the credentials for a registry
    Logout(registry::Logout),
    /// Run emulated services by themselves, for programs in any language
    Emulate(Emulate),
    /// Store the values of `${usersecrets.KEY}`, outside the project
    Secret(Secret),
    /// Make a key pair to sign with
    Keygen(signing::Keygen),
    /// Sign a file, or an image in a registry
    Sign(signing::Sign),
    /// Say whether a file or an image was signed by those who are trusted
    Verify(signing::Verify),
    /// Say what is installed, what is missing, and the command that mends it
    Doctor(Doctor),
    /// Help an editor with slightfiles: the language server
    Lsp(Lsp),
    /// Print shell completions
    Completions(Completions),
    /// Run one test artifact or program: what `.cargo/config.toml` names as cargo's runner
    #[command(hide = true)]
    Runner(Runner),
}

/// `slt new`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt new shortener\n  slt new greeter --with http\n  slt new shortener --template c --with keyvalue.redis,http\n  \
                  slt new worker --from ../templates/worker --set topic=orders\n  \
                  slt new worker --from https://example.com/team/worker.git --branch v2"
)]
pub struct New {
    /// The project's name, and its folder
    pub name: String,
    /// Which template to write: one of those below
    #[arg(long, default_value = "rust", conflicts_with = "from")]
    pub template: String,
    /// The capabilities to use, separated by commas (default: what the template uses)
    #[arg(long, value_delimiter = ',', value_name = "RESOURCE,…")]
    pub with: Vec<String>,
    /// A template of your own: a folder, or what `git clone` takes
    #[arg(long, value_name = "DIR|GIT-URL")]
    pub from: Option<String>,
    /// The branch or tag to clone
    #[arg(long, value_name = "NAME", requires = "from")]
    pub branch: Option<String>,
    /// The value of a placeholder of `--from`; what is not given is asked for on a terminal
    #[arg(long, value_name = "KEY=VALUE", requires = "from")]
    pub set: Vec<String>,
}

/// `slt add`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt add keyvalue.redis\n  slt add keyvalue.redis --name sessions\n  slt add http-client --dry-run\n  \
                  slt add keyvalue.redis --compat\n\n\
                  Comments, order and spacing stay; `slt remove` gives every file back as it was. All files are changed, or none."
)]
pub struct Add {
    /// What to add: `<capability>.<backend>`
    pub resource: String,
    /// What the component opens it as, or `*` for any name (default: `default`)
    #[arg(long, value_name = "N")]
    pub name: Option<String>,
    /// Import the interface that has `slight`'s names, for code that is brought over from there
    #[arg(long)]
    pub compat: bool,
    /// Print what would be changed as a diff, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `slt remove`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt remove keyvalue.redis\n  slt remove keyvalue.redis --name sessions\n  slt remove http-client --dry-run\n\n\
                  Comments in an entry and directly above it go with it, and are printed. Code that uses it stays as it is."
)]
pub struct Remove {
    /// What to remove: `<capability>.<backend>`
    pub resource: String,
    /// Which one, when there are several
    #[arg(long, value_name = "N")]
    pub name: Option<String>,
    /// Print what would be changed as a diff, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `slt migrate`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt migrate --dry-run\n  slt migrate\n  slt -c old.toml migrate --drop-secret-settings\n\n\
                  The file means the same afterwards. What the old version did not read is kept as a comment; what 1.0 cannot say \
                  is an error, and then nothing is changed."
)]
pub struct Migrate {
    /// Print what would be changed as a diff, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Take `[[secret_settings]]` out of the file, when `slt secret import` has copied all of them
    #[arg(long)]
    pub drop_secret_settings: bool,
}

/// `slt check`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt check\n  slt check --fix\n  slt check ../shortener\n  slt check dist/shortener.wasm --format json\n  \
                  slt check --format sarif > slt.sarif"
)]
pub struct Check {
    /// A project's folder, or a component (default: this folder)
    pub path: Option<PathBuf>,
    /// Mend in the slightfile what can be mended with certainty
    #[arg(long)]
    pub fix: bool,
}

/// `slt explain`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt explain SLT0103\n  slt explain 103\n  slt explain --list\n  slt explain --schema > slightfile.schema.json"
)]
pub struct Explain {
    /// The code of a diagnostic (default: list them all)
    pub code: Option<String>,
    /// List all codes, with a line each
    #[arg(long, conflicts_with = "code")]
    pub list: bool,
    /// Print the JSON Schema of the slightfile, for editors
    #[arg(long, conflicts_with_all = ["code", "list"])]
    pub schema: bool,
}

/// `slt build`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  slt build\n  slt build --release")]
pub struct Build {
    /// Optimise
    #[arg(long)]
    pub release: bool,
}

/// `slt test`
#[derive(Debug, Default, Args)]
#[command(
    after_help = "Examples:\n  slt test\n  slt test a_link_expires\n  slt test --seed 7 --timeout 10s\n  slt test --format json"
)]
pub struct Test {
    /// Run the tests whose names contain this
    pub filter: Option<String>,
    /// FILTER is a whole name
    #[arg(long)]
    pub exact: bool,
    /// List the tests, and run none
    #[arg(long)]
    pub list: bool,
    /// The seed of every random decision (default: a new one each run, printed with failures)
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// The real time that one test may take (default: the slightfile's, or 60s)
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<String>,
    /// How many tests run at once (default: the number of cores)
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Run ignored tests too
    #[arg(long)]
    pub include_ignored: bool,
    /// Fail the run when any test has this outcome
    #[arg(long, value_name = "OUTCOME", value_parser = ["unsupported", "ignored"])]
    pub deny: Vec<String>,
    /// Show the output of passing tests too
    #[arg(long)]
    pub nocapture: bool,
    /// Build with optimisation first
    #[arg(long)]
    pub release: bool,
}

/// `slt emulate`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt emulate redis\n  slt emulate redis --port 6379\n  slt emulate redis --format json | jq .operation"
)]
pub struct Emulate {
    /// The services to emulate
    #[arg(required = true)]
    pub services: Vec<String>,
    /// Listen on this loopback port; 0 takes a free one and prints it
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// The seed of every random decision
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// `slt secret`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt secret set REDIS_ADDRESS\n  slt secret set REDIS_ADDRESS < address.txt\n  slt secret list\n  slt secret import\n\n\
                  A value is asked for, or read from standard input, and never taken from an argument. Secrets belong to the \
                  folder of the slightfile, and lie outside of it in a file that only you can read"
)]
pub struct Secret {
    /// What to do.
    #[command(subcommand)]
    pub command: SecretCommand,
}

/// What `slt secret` does.
#[derive(Debug, Subcommand)]
pub enum SecretCommand {
    /// Store a value: asked for on a terminal, else read from standard input
    Set(SecretSet),
    /// Print the names of what is stored
    List,
    /// Remove a value
    Remove(SecretRemove),
    /// Copy what `slight secret` wrote as `[[secret_settings]]` into the slightfile
    Import(SecretImport),
}

/// `slt secret set`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  slt secret set REDIS_ADDRESS\n  slt secret set REDIS_ADDRESS < address.txt")]
pub struct SecretSet {
    /// The name: letters, digits, `_` and `-`
    pub key: String,
    /// Refused, and not repeated.
    #[arg(hide = true)]
    pub value: Vec<String>,
}

/// `slt secret remove`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  slt secret remove REDIS_ADDRESS")]
pub struct SecretRemove {
    /// The name
    pub key: String,
}

/// `slt secret import`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  slt secret import\n  slt secret import --key-file backup/.slightkey")]
pub struct SecretImport {
    /// Replace what is stored under the same names
    #[arg(long)]
    pub force: bool,
    /// Where slight's key is (default: `.slightkey` in the folder for temporary files)
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// `slt doctor`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  slt doctor\n  slt doctor --format json")]
pub struct Doctor {}

/// `slt lsp`
#[derive(Debug, Args)]
#[command(
    after_help = "An editor starts it and ends it; it speaks over standard input and output.\n\n\
                  Examples:\n\
                  VS Code, with `Generic LSP Client (v2)`, in settings.json:\n  \
                    \"glspc.server.command\": \"slt\",\n  \
                    \"glspc.server.commandArguments\": [\"lsp\"],\n  \
                    \"glspc.server.languageId\": [\"toml\"]\n\
                  Neovim 0.11 or later, in init.lua:\n  \
                    vim.lsp.config(\"slt\", { cmd = { \"slt\", \"lsp\" }, filetypes = { \"toml\" } })\n  \
                    vim.lsp.enable(\"slt\")\n\
                  Helix, in languages.toml:\n  \
                    [language-server.slt]\n  \
                    command = \"slt\"\n  \
                    args = [\"lsp\"]\n  \
                    [[language]]\n  \
                    name = \"toml\"\n  \
                    language-servers = [\"taplo\", \"slt\"]\n\n\
                  Errors of TOML are reported, too, unless the editor starts it with the initialization option \
                  {\"syntaxErrors\": false}"
)]
pub struct Lsp {
    /// Accepted because editors pass it: standard input and output are used in any case
    #[arg(long, hide = true)]
    pub stdio: bool,
}

/// `slt completions`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt completions bash > ~/.local/share/bash-completion/completions/slt\n  slt completions zsh > ~/.zfunc/_slt"
)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `slt runner`, called by cargo.
#[derive(Debug, Args)]
pub struct Runner {
    /// The artifact that cargo built
    pub artifact: PathBuf,
    /// The arguments that the user gave
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub arguments: Vec<String>,
}
