//! What other people's tools say: cosign 3.1.3 and crane 0.21.9, a whole Sigstore, Debian's docker-registry (which has no referrers
//! API) and a registry that has it, all on loopback.
//!
//! `bash scripts/judges.sh build` makes them. They are started once for all of these tests, and end with this process, however it
//! ends: they watch their standard input. Every test has repositories of its own.

mod lies;
mod registries;
mod rekor_v1;
mod signatures;
mod signin;
mod workflows;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::command::Run;

/// Where everything is: what `tests/judges/serve.go` prints.
#[derive(Deserialize)]
pub struct Services {
    pub issuer: String,
    pub fulcio: String,
    /// The timestamp authority.
    pub tsa: String,
    /// Debian's docker-registry, as `host:port`.
    pub plain: String,
    /// The registry with the referrers API.
    pub referrers: String,
    pub folder: PathBuf,
    /// Where the tools lie.
    pub bin: PathBuf,
    /// Our own program among them.
    pub local: PathBuf,
    pub trusted_root: PathBuf,
    pub signing_config: PathBuf,
    pub signing_config_without_log: PathBuf,
    /// With a log that answers as Rekor v1.
    pub signing_config_log_v1: PathBuf,
    /// The same, and no timestamp authority.
    pub signing_config_log_v1_only: PathBuf,
}

/// The services, started by whoever asks first. They end when this process does, and with it their standard input.
#[allow(clippy::zombie_processes)] // as it says
pub fn services() -> &'static Services {
    static SERVICES: OnceLock<(Services, ChildStdin)> = OnceLock::new();
    let (services, _) = SERVICES.get_or_init(|| {
        let mut child = Command::new("bash")
            .args(["scripts/judges.sh", "serve"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let services = serde_json::from_str(&line).expect("the judges start: what is missing stands above");
        (services, child.stdin.take().unwrap())
    });
    services
}

impl Services {
    /// Runs one of the tools in a folder, with the password of the keys and no other configuration.
    pub fn run(&self, tool: &str, directory: &std::path::Path, arguments: &[&str]) -> Run {
        let output = Command::new(self.bin.join(tool))
            .args(arguments)
            .current_dir(directory)
            .env_clear()
            .env("HOME", directory)
            .env("COSIGN_PASSWORD", PASSWORD)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The password of the fixtures' key, and of every key that a test makes.
pub const PASSWORD: &str = "correct-horse";
