//! Why a build did not happen, and the way out.

use std::path::PathBuf;

use super::TARGET;
use super::c::toolchain::{Lack, Missing};
use super::component::ComponentError;
use crate::validate::Diagnostic;

/// Why a build did not happen. Messages of tools have been shown as they came, and are not repeated here.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is nothing to build.
    #[error("there is neither a `Cargo.toml` nor a `src/*.c` in `{}`", .0.display())]
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
    /// The package builds no program for this machine.
    #[error("`{}` builds no program for this machine", .0.display())]
    NoProgram(PathBuf),
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
    /// The WIT text is wrong, or it is not clear which world is meant.
    #[error("{}", .0.message)]
    Wit(Box<Diagnostic>),
    /// The world can't be said in C.
    #[error("no C bindings can be made of the world: {0}")]
    Bindings(String),
    /// No C toolchain for WebAssembly.
    #[error("{0}")]
    NoCToolchain(Missing),
    /// A C toolchain that is not whole.
    #[error("{toolchain} {lacks}")]
    BadCToolchain {
        /// Which.
        toolchain: String,
        /// What it lacks.
        lacks: Lack,
        /// What to type to have one.
        install: String,
    },
    /// Code that lacks what its world exports.
    #[error("the world `{world}` exports what the code does not have: `{function}`")]
    Unimplemented {
        /// The world.
        world: String,
        /// The C function.
        function: String,
        /// Where it is declared.
        header: String,
        /// Whether this is a test program, which is linked without `src/main.c`.
        without_main: bool,
    },
    /// A program without `main`.
    #[error("`{name}` has no `main`")]
    NoMain {
        /// What was linked.
        name: String,
        /// Its world.
        world: String,
        /// Whether it is a test.
        is_test: bool,
    },
    /// Code with a `main` where there is none.
    #[error("`{source_file}` has a `main`")]
    StrayMain {
        /// The file.
        source_file: String,
        /// The world whose functions are called; none where it is tests that have another `main`.
        world: Option<String>,
    },
    /// It does not link. The linker has said why.
    #[error("`{name}` does not link")]
    Link {
        /// What was linked.
        name: String,
        /// A source that is not compiled.
        left_out: Option<String>,
    },
    /// A C toolchain that does not do what the smallest program takes.
    #[error("{toolchain} can't make a small program: {said}")]
    DeadCToolchain {
        /// Which.
        toolchain: String,
        /// What it said last.
        said: String,
        /// What to type to have one.
        install: String,
    },
    /// A tool is not installed.
    #[error("`{0}` is not on PATH")]
    NoTool(String),
    /// The user asked for an end.
    #[error("interrupted")]
    Interrupted,
    /// A tool can't be started, or broke off.
    #[error("`{tool}` can't be run: {message}")]
    Tool {
        /// Which.
        tool: String,
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

    /// The line to type that installs what is missing, if there is one.
    #[must_use]
    pub fn install(&self) -> Option<&str> {
        match self {
            Self::NoCToolchain(Missing::Nothing { install, .. })
            | Self::BadCToolchain { install, .. }
            | Self::DeadCToolchain { install, .. } => Some(install),
            _ => None,
        }
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
            Self::Wit(problem) => return problem.hint.clone(),
            Self::NoCToolchain(Missing::Sdk(_)) => "correct it, or unset it to have another toolchain taken".into(),
            Self::NoCToolchain(Missing::Nothing { install, .. })
            | Self::BadCToolchain { install, .. }
            | Self::DeadCToolchain { install, .. } => {
                format!("`{install}`; or name a WASI SDK with `WASI_SDK_PATH`")
            }
            Self::Unimplemented {
                function,
                without_main: true,
                ..
            } => format!(
                "tests are linked without `src/main.c`: if it has `{function}`, move that into another file of `src/`"
            ),
            Self::Unimplemented { function, header, .. } => {
                format!("define `{function}`, which `{header}` declares")
            }
            Self::StrayMain { world: Some(world), .. } => format!(
                "a component of the world `{world}` is called, and has no `main`; what is run has a world that exports nothing"
            ),
            Self::StrayMain { world: None, .. } => {
                "put it into `src/main.c`, which tests are not linked with: they have a `main` of their own".into()
            }
            Self::Link {
                left_out: Some(left_out),
                ..
            } => format!("only `src/*.c` is compiled, and not `{left_out}`; `[app] build` takes any other build"),
            Self::NoMain { is_test: true, .. } => {
                "a test program includes `slt_test.h`, which brings its `main`, or has one of its own".into()
            }
            Self::NoMain { world, .. } => format!(
                "the world `{world}` exports nothing, so that this is a command: define `int main(void)`, or export something in `wit/`"
            ),
            Self::NoTool(tool) if tool == "cargo" => {
                "install Rust from https://rustup.rs, then open a new terminal".into()
            }
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
            | Self::Bindings(_)
            | Self::Link { left_out: None, .. }
            | Self::Compile
            | Self::Command(_)
            | Self::NoTool(_)
            | Self::Interrupted
            | Self::Tool { .. }
            | Self::NoProgram(_)
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
