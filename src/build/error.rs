//! Why a build did not happen, and the way out.

use std::path::PathBuf;

use super::TARGET;
use super::component::ComponentError;

/// Why a build did not happen. Messages of tools have been shown as they came, and are not repeated here.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is nothing to build.
    #[error("there is no `Cargo.toml` in `{}`", .0.display())]
    NoManifest(PathBuf),
    /// Cargo refuses the manifest, and has said why.
    #[error("cargo can't read the package in `{}`", .0.display())]
    Manifest(PathBuf),
    /// A workspace that is no package.
    #[error("`{}` is a workspace and no package", .0.display())]
    Workspace(PathBuf),
    /// The package builds no program for a host.
    #[error("`{}` builds no component", .0.display())]
    NoComponent(PathBuf),
    /// The package builds several.
    #[error("`{}` builds more than one component: {}", .manifest.display(), list(.candidates))]
    Ambiguous {
        /// The package's manifest.
        manifest: PathBuf,
        /// What it builds.
        candidates: Vec<String>,
    },
    /// The code does not compile. Cargo has said why.
    #[error("the build failed")]
    Compile,
    /// Cargo gave up before it compiled anything. It has said why.
    #[error("cargo gave up before it compiled anything")]
    Cargo,
    /// The slightfile's command failed. It has said why.
    #[error("`{0}` failed")]
    Command(String),
    /// The shell found no such command. It has said which.
    #[error("`{0}`: the shell does not find the command")]
    CommandNotFound(String),
    /// A core module lies where its component is to be written.
    #[error("`{}` is a core module, and its component belongs there", .0.display())]
    CoreInPlace(PathBuf),
    /// The component that the slightfile names is not there.
    #[error("there is no `{}`{}", .component.display(), .line.as_ref().map(|line| format!(" after `{line}`")).unwrap_or_default())]
    NotMade {
        /// What was to make it.
        line: Option<String>,
        /// Where it was to lie.
        component: PathBuf,
    },
    /// A tool is not installed.
    #[error("`{0}` is not on PATH")]
    NoTool(&'static str),
    /// A tool can't be started, or broke off.
    #[error("`{tool}` can't be run: {message}")]
    Tool {
        /// Which.
        tool: &'static str,
        /// Why.
        message: String,
    },
    /// The Rust target is not installed, and can't be installed from here.
    #[error("the Rust target `{TARGET}` is not installed")]
    NoTarget {
        /// Whether rustup is there, and failed.
        rustup: bool,
    },
    /// What cargo made is no component, and can't be made one.
    #[error("`{}` {source}", .path.display())]
    Component {
        /// What cargo made.
        path: PathBuf,
        /// What is wrong with it.
        source: ComponentError,
    },
    /// A file can't be read or written.
    #[error("can't {verb} `{}`: {source}", .path.display())]
    File {
        /// `read`, `write` …
        verb: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl BuildError {
    /// Whether the package simply has no application: one that holds tests only can still be tested.
    #[must_use]
    pub fn is_no_app(&self) -> bool {
        matches!(self, Self::NoComponent(_) | Self::Workspace(_))
    }

    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoManifest(_) => "`slt new NAME` writes a project; `-C DIR` works in another folder".into(),
            Self::Workspace(_) => "choose one of its packages with `-C DIR`".into(),
            Self::NoComponent(_) => {
                "give the library `crate-type = [\"cdylib\", \"rlib\"]` in `Cargo.toml`, or the package a `src/main.rs`"
                    .into()
            }
            Self::Ambiguous { .. } => "name one of them as `default-run` in `Cargo.toml`".into(),
            Self::Cargo => "the first build fetches crates, and needs the network for it".into(),
            Self::NoTool("cargo") => "install Rust from https://rustup.rs, then open a new terminal".into(),
            Self::NoTarget { rustup: true } => format!("once rustup can download it: `rustup target add {TARGET}`"),
            Self::NoTarget { rustup: false } => format!(
                "with rustup (https://rustup.rs) it is `rustup target add {TARGET}`; without, the package of your system that holds Rust's standard library for WebAssembly"
            ),
            Self::Component { source, .. } => return source.hint(),
            Self::CommandNotFound(_) => {
                "`[app] build` is run by the shell in the folder of the slightfile: is its tool installed, and on PATH?"
                    .into()
            }
            Self::CoreInPlace(_) => {
                "let the command leave it elsewhere, and name that place: `[app] component = \"build/app.wasm\"`".into()
            }
            Self::NotMade { line: Some(_), .. } => "`[app] component` says where the command leaves it".into(),
            Self::NotMade { line: None, .. } => "`[app] build` names the command that makes it".into(),
            Self::Manifest(_)
            | Self::Compile
            | Self::Command(_)
            | Self::NoTool(_)
            | Self::Tool { .. }
            | Self::File { .. } => {
                return None;
            }
        })
    }
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
