//! `slt ship` as clap types.

use clap::Args;

use super::registry::Registries;
use super::sbom::SbomFormat;
use super::signing::SignerFlags;

/// `slt ship`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt ship registry.example.com/shop/app:1.2 --key k.key --sbom --provenance\n  \
                  slt ship registry.example.com/shop/app:1.2 --tag latest --slightfile\n  \
                  slt ship registry.example.com/shop/app:1.2 --dry-run\n  \
                  slt ship localhost:5000/app --key k.key --format json |\n    jq -r 'select(.kind == \"shipped\").digest'\n\n\
                  Checks, builds, tests and packs the project, pushes it by its digest, signs it and what is attested of it, and gives it \
                  its tags last: what fails leaves no tag behind. What could be missing is looked for before anything is built. With \
                  `--dry-run` it builds and packs, and touches no registry, no key and no service."
)]
pub struct Ship {
    /// Where to: `registry/repository:tag`
    #[arg(value_name = "REF")]
    pub reference: String,
    /// With what.
    #[command(flatten)]
    pub signer: SignerFlags,
    /// Do not sign, and attest nothing
    #[arg(long, conflicts_with_all = ["key", "identity_token", "signing_config", "trusted_root", "device", "sbom", "provenance"])]
    pub no_sign: bool,
    /// Attest what is in it: as CycloneDX 1.6 if no format is named, or SPDX 2.3
    #[arg(long, value_enum, value_name = "cyclonedx|spdx", hide_possible_values = true, num_args = 0..=1, require_equals = true, default_missing_value = "cyclonedx")]
    pub sbom: Vec<SbomFormat>,
    /// Attest how it was made: source, compiler and builder, as SLSA 1.0 says it
    #[arg(long)]
    pub provenance: bool,
    /// Attach the slightfile, without secrets, and sign it
    #[arg(long)]
    pub slightfile: bool,
    /// Give it this tag too
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
    /// Print what would be done, and the digest that would be pushed
    #[arg(long)]
    pub dry_run: bool,
    /// Do not run the tests
    #[arg(long)]
    pub no_test: bool,
    /// Build and test without optimisation, as `slt build` does
    #[arg(long)]
    pub debug: bool,
    /// Registries.
    #[command(flatten)]
    pub registries: Registries,
}
