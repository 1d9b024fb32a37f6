//! `slt doctor`: what is installed, what is missing, and the command that mends it.
//!
//! It changes nothing. The tools are asked for their versions in the folder where slt works, so that a
//! `rust-toolchain.toml` there counts; rustup is told not to install anything on the way.

use std::path::Path;
use std::process::{Command, Stdio};

use schemars::JsonSchema;
use semver::Version;
use serde::Serialize;

use super::{Exit, Failure, Session};
use crate::build::{BuildError, BuildPlan, c};
use crate::cli::Doctor;
use crate::project::{WASM_TARGET, unread_cargo_configs};
use crate::support::os::{self, Invocation};
use crate::support::programs;

/// The oldest Rust that the templates build with.
const RUST_MIN: Version = Version::new(1, 95, 0);

/// Where Rust comes from.
const INSTALL_RUST: &str = "install Rust from https://rustup.rs";

/// What `slt doctor --format json` prints, an object a line.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// One thing that was looked at.
    DoctorCheck(Finding),
    /// The end.
    DoctorFinished {
        /// How many required things are missing.
        missing: usize,
    },
}

/// How much a thing is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Nothing is built or tested without it.
    Required,
    /// Something does not work without it.
    Recommended,
    /// Only something special needs it.
    Optional,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Finding {
    /// What was looked for.
    pub name: String,
    /// How much it is needed.
    pub need: Need,
    /// Whether it is there and right.
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// What to type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

/// Runs `slt doctor`.
pub fn run(session: &Session<'_>, _: &Doctor) -> Result<Exit, Failure> {
    let directory = session.directory();
    let tools = Tools {
        invocation: session.invocation,
        directory: &directory,
    };
    // what is built decides what is needed
    let is_c = c::is_project(&directory) && !directory.join("Cargo.toml").is_file();
    let rust = if is_c { Need::Optional } else { Need::Required };
    let mut findings = vec![
        tools.rustup(is_c),
        tools.versioned("cargo", rust),
        tools.versioned("rustc", rust),
        tools.target(rust),
        tools.c(if is_c { Need::Required } else { Need::Optional }),
        tools.slt(),
        tools.redis(),
    ];
    findings.extend(unread_cargo_configs(&directory).into_iter().map(|unread| Finding {
        name: "cargo configuration".to_owned(),
        need: Need::Recommended,
        ok: false,
        found: format!(
            "cargo does not read `{}` when it is started in `{}`",
            unread.config, unread.workspace
        ),
        mend: Some(format!(
            "start cargo in `{}`, or use `slt test -C {}`",
            unread.member, unread.member
        )),
    }));
    let missing = findings
        .iter()
        .filter(|finding| !finding.ok && finding.need == Need::Required)
        .count();
    let text = human(&findings, missing);
    let lines: Vec<_> = findings
        .into_iter()
        .map(Line::DoctorCheck)
        .chain([Line::DoctorFinished { missing }])
        .collect();
    session.ui.result(&text, &lines);
    Ok(if missing > 0 { Exit::Environment } else { Exit::Done })
}

/// What is asked, and where.
struct Tools<'a> {
    invocation: &'a Invocation,
    directory: &'a Path,
}

impl Tools<'_> {
    fn rustup(&self, is_c: bool) -> Finding {
        let ok = programs::find(self.invocation, "rustup").is_some();
        Finding {
            name: "rustup".to_owned(),
            need: if is_c { Need::Optional } else { Need::Recommended },
            ok,
            found: match ok {
                true => "rustup is installed".to_owned(),
                false => "rustup is not on PATH: slt cannot install the target by itself".to_owned(),
            },
            mend: (!ok).then(|| INSTALL_RUST.to_owned()),
        }
    }

    /// `cargo` and `rustc`, which have one version.
    fn versioned(&self, program: &str, need: Need) -> Finding {
        let (ok, found, mend) = match self.output(program, &["--version"]) {
            Some(text) => match version(&text) {
                Some(version) if version >= RUST_MIN => (true, format!("{program} {version}"), String::new()),
                Some(version) => (
                    false,
                    format!("{program} {version} is older than {RUST_MIN}"),
                    "rustup update stable".to_owned(),
                ),
                None => (
                    false,
                    format!("{program} does not tell its version"),
                    INSTALL_RUST.to_owned(),
                ),
            },
            None => (
                false,
                format!("{program} is not on PATH, or does not start"),
                INSTALL_RUST.to_owned(),
            ),
        };
        Finding {
            name: program.to_owned(),
            need,
            ok,
            found,
            mend: (!ok).then_some(mend),
        }
    }

    fn target(&self, need: Need) -> Finding {
        let sysroot = self.output("rustc", &["--print", "sysroot"]);
        let installed = sysroot.is_some_and(|sysroot| {
            let target = Path::new(sysroot.trim()).join("lib/rustlib").join(WASM_TARGET);
            target.join("lib").is_dir()
        });
        Finding {
            name: WASM_TARGET.to_owned(),
            need,
            ok: installed,
            found: match installed {
                true => format!("the target {WASM_TARGET}"),
                false => format!("the target {WASM_TARGET} is not installed"),
            },
            mend: (!installed).then(|| format!("rustup target add {WASM_TARGET}")),
        }
    }

    /// A C toolchain, tried on the smallest program.
    fn c(&self, need: Need) -> Finding {
        let (ok, found, mend) = match self.try_c() {
            Ok(toolchain) => (true, format!("C with {}", toolchain.shown()), None),
            Err(error) => (
                false,
                format!("{error}: `slt build` cannot compile C"),
                error.install().map(ToOwned::to_owned),
            ),
        };
        Finding {
            name: "c".to_owned(),
            need,
            ok,
            found,
            mend,
        }
    }

    fn try_c(&self) -> Result<c::toolchain::CToolchain, BuildError> {
        let environment = &self.invocation.environment;
        let toolchain = c::toolchain::find(environment, self.directory).map_err(BuildError::NoCToolchain)?;
        let above = os::temporary_directory(environment);
        let folder = os::TemporaryFolder::new(environment).map_err(|source| BuildError::File {
            verb: "create a folder in",
            path: above,
            source,
        })?;
        let plan = BuildPlan {
            root: folder.path().to_owned(),
            toolchain: None,
            command: None,
            release: false,
            environment: environment.clone(),
            color: Some(false),
            quiet: true,
            ending: None,
        };
        let tried = c::probe(&toolchain, &plan);
        tried.map(|()| toolchain)
    }

    fn slt(&self) -> Finding {
        let mend = programs::mend_path(self.invocation);
        Finding {
            name: "slt".to_owned(),
            need: Need::Recommended,
            ok: mend.is_none(),
            found: match mend {
                None => "slt is on PATH".to_owned(),
                Some(_) => "slt is not on PATH: `cargo test` in a project does not find its runner".to_owned(),
            },
            mend,
        }
    }

    fn redis(&self) -> Finding {
        let ok = programs::find(self.invocation, "redis-server").is_some();
        Finding {
            name: "redis-server".to_owned(),
            need: Need::Optional,
            ok,
            found: match ok {
                true => "redis-server is installed".to_owned(),
                false => "redis-server is not installed: `slt run` needs a Redis, `slt test` does not".to_owned(),
            },
            mend: (!ok).then(|| "slt emulate redis --port 6379, or your system's package `redis-server`".to_owned()),
        }
    }

    /// What a tool prints; nothing when it cannot be started or fails.
    fn output(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let path = programs::find(self.invocation, program)?;
        let output = Command::new(path)
            .args(arguments)
            .current_dir(self.directory)
            .env_clear()
            .envs(&self.invocation.environment)
            .env("RUSTUP_AUTO_INSTALL", "0")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// The version in `rustc 1.95.0 (59807616e 2026-04-14)`.
fn version(text: &str) -> Option<Version> {
    text.split_whitespace().nth(1).and_then(|word| {
        let mut version = Version::parse(word).ok()?;
        version.pre = semver::Prerelease::EMPTY; // a nightly of a version can do what the version can
        Some(version)
    })
}

fn human(findings: &[Finding], missing: usize) -> String {
    let mut text = String::new();
    for finding in findings {
        let state = match (finding.ok, finding.need) {
            (true, _) => "ok",
            (false, Need::Required) => "missing",
            (false, Need::Recommended) => "warning",
            (false, Need::Optional) => "optional",
        };
        text.push_str(&format!("{state:<9} {}\n", finding.found));
        if let Some(mend) = &finding.mend {
            text.push_str(&format!("{:<9} hint: {mend}\n", ""));
        }
    }
    text.push_str(match missing {
        0 => "\neverything that slt needs is there\n",
        _ => "\nslt cannot build or test before what is missing is there\n",
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (text, expected) in [
            ("rustc 1.95.0 (59807616e 2026-04-14)", Some(Version::new(1, 95, 0))),
            ("cargo 1.97.0-nightly (abc 2026-05-01)", Some(Version::new(1, 97, 0))),
            ("rustc", None),
            ("rustc one", None),
        ] {
            assert_eq!(version(text), expected, "{text}");
        }
    }
}
