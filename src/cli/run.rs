//! `slt run` as clap types.

use std::path::PathBuf;

use clap::Args;

use super::registry::Registries;

/// `slt run`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt run\n  slt run --listen 127.0.0.1:0\n  slt run dist/report.wasm -- --from yesterday\n  \
                  slt -c slightfile.toml run -m app.wasm\n  slt run registry.example.com/shop/app:1.2 --key release.pub\n  \
                  slt run oci://registry.example.com/shop/app@sha256:… --verify policy.toml\n\n\
                  What is there as a file or a folder is taken as one; `oci://` in front is always a registry. An artifact runs with \
                  the slightfile of `-c`, of this folder, or else the one that is attached to it, which must be signed as it is: \
                  without `--key`, `--identity` or `--verify` it is only used with `--trust-slightfile`."
)]
pub struct Run {
    /// A project's folder, a component, or an artifact: `registry/repository:tag` (default: this folder)
    #[arg(value_name = "PATH|REF")]
    pub path: Option<PathBuf>,
    /// The component, as `slight` spells it
    #[arg(short, long, value_name = "COMPONENT", conflicts_with = "path")]
    pub module: Option<PathBuf>,
    /// A flag of `slight`'s that has no effect here
    #[arg(short, long, hide = true)]
    pub link_all_capabilities: bool,
    /// Serve HTTP here; port 0 takes a free one and prints it
    #[arg(long, default_value = "127.0.0.1:3000", value_name = "ADDRESS:PORT")]
    pub listen: String,
    /// Build with optimisation first
    #[arg(long)]
    pub release: bool,
    /// What an artifact must be.
    #[command(flatten)]
    pub trusting: Trusting,
    /// Arguments for a command component
    #[arg(last = true)]
    pub arguments: Vec<String>,
}

/// What an artifact must be to run.
#[derive(Debug, Clone, Default, Args)]
pub struct Trusting {
    /// Run it only if it is as this policy demands (docs/policy.md)
    #[arg(long, value_name = "POLICY", conflicts_with_all = ["key", "identity", "issuer"], help_heading = "Artifacts")]
    pub verify: Option<PathBuf>,
    /// Run it only if it is signed by this public key; several: by any of them
    #[arg(long, value_name = "FILE", help_heading = "Artifacts")]
    pub key: Vec<PathBuf>,
    /// Run it only if it is signed for this identity: an e-mail address, or the URI of a workflow
    #[arg(long, value_name = "IDENTITY", requires = "issuer", help_heading = "Artifacts")]
    pub identity: Option<String>,
    /// Who vouched for the identity: the issuer of its token
    #[arg(long, value_name = "URL", requires = "identity", help_heading = "Artifacts")]
    pub issuer: Option<String>,
    /// The authorities and logs to trust, in cosign's form (default: Sigstore's public ones)
    #[arg(long, value_name = "FILE", help_heading = "Artifacts")]
    pub trusted_root: Option<PathBuf>,
    /// Use the slightfile that is attached to the artifact without verifying it: it says what the component may do on this machine
    #[arg(long, conflicts_with_all = ["verify", "key", "identity"], help_heading = "Artifacts")]
    pub trust_slightfile: bool,
    /// Take everything from the cache, and ask no registry
    #[arg(long, help_heading = "Artifacts")]
    pub offline: bool,
    /// Registries.
    #[command(flatten)]
    pub registries: Registries,
}

impl Trusting {
    /// Whether somebody said whose signature counts.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.verify.is_some() || !self.key.is_empty() || self.identity.is_some()
    }
}
