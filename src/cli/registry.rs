//! What the commands about registries take: `push`, `pull`, `inspect`, `login`, `logout`.

use std::path::PathBuf;

use clap::Args;

/// Flags of every command that speaks to a registry.
#[derive(Debug, Clone, Default, Args)]
pub struct Registries {
    /// Speak to this registry without TLS; this machine needs no flag
    #[arg(long, value_name = "HOST[:PORT]", help_heading = "Registry options")]
    pub plain_http: Vec<String>,
    /// Speak TLS to this registry of this machine, too
    #[arg(long, value_name = "HOST[:PORT]", help_heading = "Registry options")]
    pub tls: Vec<String>,
    /// Trust the certificate authorities of this file, in PEM, beside those of this machine
    #[arg(long, value_name = "FILE", help_heading = "Registry options")]
    pub ca_file: Option<PathBuf>,
    /// Give up on a registry that says nothing for so long (default: 60s)
    #[arg(long, value_name = "DURATION", help_heading = "Registry options")]
    pub registry_timeout: Option<String>,
}

/// `slt push`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt push registry.example.com/team/shortener:1.0\n  slt push app.wasm localhost:5000/app:1.0\n  \
                  slt push --release --slightfile registry.example.com/team/shortener:1.0\n  \
                  slt push app.wasm localhost:5000/app --annotation org.example.team=shop\n\n\
                  The same component gives the same digest, on every machine, at any time and by any name of its file. What counts \
                  beside it: Cargo.toml's metadata when no FILE is given, --annotation and SOURCE_DATE_EPOCH. Credentials are those of \
                  `slt login`, which are Docker's"
)]
pub struct Push {
    // clap counts anew behind a flag: with one that may be missing before one that may not, `FILE --flag REF` would be refused
    /// The component; or REF alone, for what `slt build` makes here
    #[arg(value_name = "FILE|REF")]
    pub first: String,
    /// Where it goes: `registry/repository:tag`
    #[arg(value_name = "REF")]
    pub second: Option<String>,
    /// Build with optimisation first, when no FILE is given
    #[arg(long)]
    pub release: bool,
    /// Attach the slightfile too, with references in place of the secrets in it
    #[arg(long)]
    pub slightfile: bool,
    /// An annotation of the manifest, beside those that the component and the project give
    #[arg(long, value_name = "KEY=VALUE")]
    pub annotation: Vec<String>,
    /// Another repository of the registry that may have the component already
    #[arg(long, value_name = "REPOSITORY")]
    pub mount_from: Option<String>,
    /// Registries.
    #[command(flatten)]
    pub registries: Registries,
}

/// `slt pull`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt pull registry.example.com/team/shortener:1.0\n  slt pull localhost:5000/app:1.0 -o app.wasm\n  \
                  slt pull registry.example.com/team/app@sha256:… --format json\n\n\
                  The file is there whole, with the digest that its manifest names, or not at all"
)]
pub struct Pull {
    /// What to fetch: `registry/repository:tag`, or `…@sha256:…`
    #[arg(value_name = "REF")]
    pub reference: String,
    /// Where to write it; `-`: to standard output, and nothing else there (default: the last part of the repository, with `.wasm`)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Registries.
    #[command(flatten)]
    pub registries: Registries,
}

/// `slt inspect`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt inspect dist/shortener.wasm\n  slt inspect registry.example.com/team/shortener:1.0\n  \
                  slt inspect localhost:5000/app@sha256:… --format json\n\n\
                  Signatures are listed, not verified: that is for `slt verify`"
)]
pub struct Inspect {
    /// A component, or a reference
    #[arg(value_name = "FILE|REF")]
    pub target: String,
    /// Registries.
    #[command(flatten)]
    pub registries: Registries,
}

/// `slt login`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt login registry.example.com -u me --password-stdin < token.txt\n  slt login registry.example.com -u me\n  \
                  slt login registry.example.com --check\n\n\
                  Credentials are checked before they are stored: where Docker keeps its own, with its helper if it has one. A \
                  password is asked for or read from standard input, and never taken from an argument"
)]
pub struct Login {
    /// The registry: `host` or `host:port`
    pub registry: String,
    /// The user
    #[arg(
        short,
        long,
        value_name = "USER",
        required_unless_present = "check",
        conflicts_with = "check"
    )]
    pub username: Option<String>,
    /// Read the password from standard input
    #[arg(long, conflicts_with = "check")]
    pub password_stdin: bool,
    /// Ask the registry whether it takes what is stored, and store nothing
    #[arg(long)]
    pub check: bool,
    /// Registries.
    #[command(flatten)]
    pub registries: Registries,
}

/// `slt logout`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  slt logout registry.example.com\n  slt logout localhost:5000")]
pub struct Logout {
    /// The registry: `host` or `host:port`
    pub registry: String,
}
