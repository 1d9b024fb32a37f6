//! `slt keygen`, `slt sign` and `slt verify` as clap types, and the flags of other commands that sign or verify.

use std::path::PathBuf;

use clap::Args;

use super::registry::Registries;

/// `slt keygen`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt keygen release\n  slt keygen release --password-stdin < password.txt\n  COSIGN_PASSWORD= slt keygen throwaway\n\n\
                  Writes PREFIX.key, encrypted and readable by you alone, and PREFIX.pub; cosign reads both, and slt reads cosign's. \
                  The password is asked for twice on a terminal; else it comes from COSIGN_PASSWORD or standard input."
)]
pub struct Keygen {
    /// What the two files are called, without `.key` and `.pub`
    pub prefix: PathBuf,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
    /// Read the password from standard input
    #[arg(long)]
    pub password_stdin: bool,
}

/// With what is signed.
#[derive(Debug, Clone, Args)]
pub struct SignerFlags {
    /// Sign with this private key (default: for an identity, with Fulcio)
    #[arg(long, value_name = "FILE", help_heading = "Signing")]
    pub key: Option<PathBuf>,
    /// Read the key's password from standard input
    #[arg(long, requires = "key", help_heading = "Signing")]
    pub password_stdin: bool,
    /// The identity token, from a file or `-` (default: the CI system's, or a browser on a terminal)
    #[arg(long, value_name = "FILE", conflicts_with = "key", help_heading = "Signing")]
    pub identity_token: Option<PathBuf>,
    /// Fulcio, Rekor and timestamp authorities, in cosign's form (default: Sigstore's public ones; with a key: none)
    #[arg(long, value_name = "FILE", help_heading = "Signing")]
    pub signing_config: Option<PathBuf>,
    /// What their answers are checked with, in cosign's form (default: Sigstore's public root)
    #[arg(long, value_name = "FILE", help_heading = "Signing")]
    pub trusted_root: Option<PathBuf>,
    /// Show an address and ask for a code, and open no browser
    #[arg(long, help_heading = "Signing")]
    pub no_browser: bool,
    /// Show an address and a code to sign in with on any device, and wait; asks no CI system and needs no terminal
    #[arg(long, conflicts_with_all = ["key", "identity_token", "no_browser"], help_heading = "Signing")]
    pub device: bool,
}

/// `slt sign`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt sign app.wasm --key release.key --bundle app.wasm.sigstore.json\n  \
                  slt sign registry.example.com/shop/app:1.2 --key release.key\n  \
                  slt sign registry.example.com/shop/app:1.2 --identity-token token.jwt\n  \
                  slt sign registry.example.com/shop/app:1.2 --device\n  \
                  slt sign localhost:5000/app --key k.key --type spdx --predicate spdx.json\n\n\
                  A tag is resolved first: what is signed is its digest. Signatures are those of `cosign sign` and `cosign sign-blob`."
)]
pub struct Sign {
    /// A file, or an image: `registry/repository:tag` or `…@sha256:…`
    pub target: String,
    /// With what.
    #[command(flatten)]
    pub signer: SignerFlags,
    /// Write the signature to FILE too (default for a file: its name with `.sigstore.json`, of an attestation with its type before that)
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// Replace a file that is no bundle, or the bundle of another signer
    #[arg(long)]
    pub force: bool,
    /// Sign that this JSON is true of it, from a file or `-`: an attestation of the type `--type`
    #[arg(long, value_name = "FILE", requires = "predicate_type")]
    pub predicate: Option<PathBuf>,
    /// The type of the attestation: a URI, or a name of cosign's such as `slsaprovenance1`, `cyclonedx`, `spdx`
    #[arg(long = "type", value_name = "TYPE", id = "predicate_type", requires = "predicate")]
    pub predicate_type: Option<String>,
    /// Write the older tag `sha256-….sig` too, for cosign 1 and 2; with a key only
    #[arg(long, requires = "key")]
    pub legacy: bool,
    /// Registries.
    #[command(flatten)]
    pub registries: Registries,
}

/// Whose signature counts.
#[derive(Debug, Clone, Default, Args)]
pub struct AcceptFlags {
    /// Accept signatures by this public key; several: by any of them
    #[arg(long, value_name = "FILE", help_heading = "Whose signature counts")]
    pub key: Vec<PathBuf>,
    /// Accept certificates of this identity: an e-mail address, or the URI of a workflow
    #[arg(
        long,
        alias = "certificate-identity",
        value_name = "IDENTITY",
        help_heading = "Whose signature counts"
    )]
    pub identity: Option<String>,
    /// The same as a regular expression, which must match the whole identity
    #[arg(
        long,
        alias = "certificate-identity-regexp",
        value_name = "REGEX",
        conflicts_with = "identity",
        help_heading = "Whose signature counts"
    )]
    pub identity_regexp: Option<String>,
    /// Who vouched for the identity: the issuer of its token
    #[arg(
        long,
        alias = "certificate-oidc-issuer",
        value_name = "URL",
        help_heading = "Whose signature counts"
    )]
    pub issuer: Option<String>,
    /// The same as a regular expression, which must match the whole issuer
    #[arg(
        long,
        alias = "certificate-oidc-issuer-regexp",
        value_name = "REGEX",
        conflicts_with = "issuer",
        help_heading = "Whose signature counts"
    )]
    pub issuer_regexp: Option<String>,
    /// Everything that a policy file demands
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "identity", "identity_regexp", "issuer", "issuer_regexp", "require_log", "require_timestamp", "insecure_ignore_sct", "insecure_ignore_tlog"], help_heading = "Whose signature counts")]
    pub policy: Option<PathBuf>,
    /// The authorities and logs to trust, in cosign's form (default: Sigstore's public ones)
    #[arg(long, value_name = "FILE", help_heading = "Whose signature counts")]
    pub trusted_root: Option<PathBuf>,
    /// Demand an entry of a transparency log with a key, too
    #[arg(
        long,
        conflicts_with = "insecure_ignore_tlog",
        help_heading = "Whose signature counts"
    )]
    pub require_log: bool,
    /// Demand a timestamp
    #[arg(long, help_heading = "Whose signature counts")]
    pub require_timestamp: bool,
    /// Do not demand that a certificate stands in a certificate transparency log
    #[arg(long, help_heading = "Whose signature counts")]
    pub insecure_ignore_sct: bool,
    /// Do not demand an entry of a transparency log with a certificate; a timestamp then says when it was used
    #[arg(long, help_heading = "Whose signature counts")]
    pub insecure_ignore_tlog: bool,
}

/// `slt verify`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  slt verify app.wasm --key release.pub --bundle app.wasm.sigstore.json\n  \
                  slt verify registry.example.com/shop/app:1.2 --key release.pub\n  \
                  slt verify registry.example.com/shop/app:1.2 \\\n    --identity ci@example.com --issuer https://accounts.example.com\n  \
                  slt verify registry.example.com/shop/app:1.2 --policy policy.toml\n\n\
                  Verifying asks no service: keys, logs and authorities come from files, or are part of slt. A tag is resolved \
                  first, and the digest is printed. What is not verified, and what is not signed at all, ends with 1."
)]
pub struct Verify {
    /// A file, or an image: `registry/repository:tag` or `…@sha256:…`
    pub target: String,
    /// Whose.
    #[command(flatten)]
    pub accept: AcceptFlags,
    /// Take the signature from FILE (default for a file: what `slt sign` writes beside it; for an image: the registry)
    #[arg(long, value_name = "FILE")]
    pub bundle: Vec<PathBuf>,
    /// Demand an attestation of this type in place of a signature: a URI, or a name of cosign's such as `slsaprovenance1`
    #[arg(long = "type", value_name = "TYPE", conflicts_with = "policy")]
    pub predicate_type: Option<String>,
    /// Registries.
    #[command(flatten)]
    pub registries: Registries,
}
