//! `slt sbom` as clap types, and the formats that other commands take with `--sbom`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `slt sbom`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt sbom\n  slt sbom --spec spdx -o shortener.spdx.json\n  slt sbom dist/shortener.wasm | jq .components\n\n\
                  A project is built first, as `slt build` does. The same component gives the same document: its time is that of \
                  SOURCE_DATE_EPOCH, or 1970. `slt ship --sbom` signs it and attaches it to the artifact; for one that lies in a registry, \
                  `slt sign REF --type cyclonedx --predicate FILE` does."
)]
pub struct Sbom {
    /// A project's folder, or a component (default: this folder)
    pub path: Option<PathBuf>,
    /// The format: CycloneDX 1.6 or SPDX 2.3, both as JSON
    #[arg(long, value_enum, default_value_t = SbomFormat::Cyclonedx, value_name = "cyclonedx|spdx", hide_possible_values = true)]
    pub spec: SbomFormat,
    /// Write it to FILE; `-` is standard output, as without this flag
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The program of a cargo package for this machine, in place of its component
    #[arg(long)]
    pub native: bool,
    /// Build with optimisation first
    #[arg(long)]
    pub release: bool,
}

/// The formats of an SBOM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SbomFormat {
    /// CycloneDX 1.6.
    Cyclonedx,
    /// SPDX 2.3.
    Spdx,
}
