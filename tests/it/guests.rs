//! The test guests, built once, and worlds to run them in.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use slt::build::{self, BuildPlan};
use slt::catalogue::CATALOGUE;
use slt::deployment::Watchdog;
use slt::events::silent;
use slt::harness::{Isolated, Ran, Shared, run_once};
use slt::host::{Engine, Loaded};
use slt::slightfile;

use crate::command::{Run, slt_with};

/// Where every test builds guests: dependencies are compiled once for all.
pub fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("guests")
}

/// The folder of a package of `tests/guests`.
pub fn package(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests").join(name)
}

/// The environment of the tools that build guests: this one, without what cargo set for this test.
pub fn environment() -> BTreeMap<String, OsString> {
    let kept = |name: &str| !name.starts_with("CARGO") || name == "CARGO_HOME";
    let own = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let mut environment: BTreeMap<_, _> = own.filter(|(name, _)| kept(name)).collect();
    environment.insert("CARGO_TARGET_DIR".into(), target().into_os_string());
    environment
}

fn plan(package_name: &str) -> BuildPlan {
    BuildPlan {
        toolchain: Some(slt::build::Toolchain::Cargo),
        command: None,
        root: package(package_name),
        release: false,
        environment: environment(),
        color: Some(false),
        quiet: true,
        ending: None,
    }
}

/// One engine for all tests of this process: compiled code is kept beside the guests.
pub fn engine() -> Arc<Engine> {
    static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
    Arc::clone(ENGINE.get_or_init(|| {
        let cache = slt::host::Cache::open(&target().join("compiled"));
        Arc::new(Engine::new(cache).unwrap())
    }))
}

fn load(path: &Path) -> Loaded {
    engine().load(&std::fs::read(path).unwrap(), true).unwrap()
}

/// A package of tests: what is shared by its tests' worlds, and its artifacts by name.
pub struct Suite {
    pub shared: Shared,
    pub artifacts: BTreeMap<String, Loaded>,
}

impl Suite {
    /// Runs one test alone.
    pub fn run(&self, artifact: &str, test: &str) -> Ran {
        run_once(
            &self.shared,
            &self.artifacts[artifact],
            test,
            &arguments(artifact, test),
        )
        .unwrap()
    }

    /// A world for one test, to be prepared.
    pub fn isolated(&self, test: &str) -> Isolated {
        Isolated::new(&self.shared, test).unwrap()
    }
}

/// The arguments by which a test artifact runs one test.
pub fn arguments(artifact: &str, test: &str) -> Vec<String> {
    [artifact, test, "--exact", "--nocapture", "--include-ignored"]
        .map(str::to_owned)
        .to_vec()
}

/// What the worlds of a package's tests share.
pub fn shared(package_name: &str, app: Option<Loaded>, seed: u64, timeout: Duration) -> Shared {
    let text = std::fs::read_to_string(package(package_name).join("slightfile.toml")).unwrap();
    Shared {
        watchdog: Watchdog::start(&engine()).unwrap(),
        app,
        slightfile: slightfile::parse("slightfile.toml", &text).0.unwrap(),
        catalogue: CATALOGUE,
        seed,
        timeout,
        sink: silent(),
    }
}

/// The package `cases`, with its app.
pub fn cases() -> &'static Suite {
    static CASES: OnceLock<Suite> = OnceLock::new();
    CASES.get_or_init(|| suite("cases", Duration::from_secs(60)))
}

/// The package of the conformance cases.
pub fn conformance() -> &'static Suite {
    static CONFORMANCE: OnceLock<Suite> = OnceLock::new();
    CONFORMANCE.get_or_init(|| suite("conformance", Duration::from_secs(60)))
}

fn suite(name: &str, timeout: Duration) -> Suite {
    let plan = plan(name);
    let app = match build::app(&plan, &silent()) {
        Ok(app) => Some(load(&app.artifact)),
        Err(error) if error.is_no_app() => None,
        Err(error) => panic!("{name}: {error}"),
    };
    let artifacts = build::tests(&plan, &silent()).unwrap();
    let artifacts = artifacts
        .into_iter()
        .map(|artifact| (artifact.name, load(&artifact.path)))
        .collect();
    Suite {
        shared: shared(name, app, 7, timeout),
        artifacts,
    }
}

/// A command of the packages `programs` and `shape-string`.
pub fn program(package_name: &str, name: &str) -> Loaded {
    load(&program_path(package_name, name))
}

/// Where a command lies, once it is built.
pub fn program_path(package_name: &str, name: &str) -> PathBuf {
    static BUILD: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one_at_a_time = BUILD.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let status = std::process::Command::new("cargo")
        .args(["build", "--quiet", "--target", build::TARGET, "--bin", name])
        .current_dir(package(package_name))
        .env_clear()
        .envs(environment())
        .status()
        .unwrap();
    assert!(status.success(), "{name} does not build");
    target().join(build::TARGET).join("debug").join(format!("{name}.wasm"))
}

/// Runs `slt` in a folder with the tools of this machine; compiled code is kept for all tests.
pub fn slt_with_tools(directory: &Path, arguments: &[&str]) -> Run {
    let mut environment = environment();
    environment.insert("SLT_CACHE_DIR".into(), target().join("slt").into_os_string());
    let pairs: Vec<(&str, &str)> = environment
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str()?)))
        .collect();
    slt_with(directory, arguments, &pairs)
}

/// Where the application of a package lies, once it is built; `templates/rust` is one too.
pub fn app_path(root: &Path) -> PathBuf {
    let plan = BuildPlan {
        root: root.to_owned(),
        ..plan("cases")
    };
    build::app(&plan, &silent()).unwrap().artifact
}

/// The application of the package `cases`, as bytes.
pub fn cases_app() -> &'static [u8] {
    static APP: OnceLock<Vec<u8>> = OnceLock::new();
    APP.get_or_init(|| std::fs::read(app_path(&package("cases"))).unwrap())
}

/// The application of the Rust template, as bytes.
pub fn shortener() -> &'static [u8] {
    static APP: OnceLock<Vec<u8>> = OnceLock::new();
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/rust");
    APP.get_or_init(|| std::fs::read(app_path(&template)).unwrap())
}
