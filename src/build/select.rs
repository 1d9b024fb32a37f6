//! Which of the things that cargo made are meant. Pure.

use std::path::PathBuf;

use cargo_metadata::{Artifact, TargetKind};

use super::cargo::Package;
use super::{BuildError, TestArtifact, TestKind};

/// The application: the package's `cdylib`, or else its program. Of several programs it is the one that `cargo run` takes.
pub(super) fn app(package: &Package, artifacts: &[Artifact]) -> Result<PathBuf, BuildError> {
    let built = |kind: TargetKind| -> Vec<(&str, PathBuf)> {
        artifacts
            .iter()
            .filter(|artifact| artifact.package_id.repr == package.id && !artifact.profile.test)
            .filter(|artifact| artifact.target.is_kind(kind.clone()))
            .filter_map(|artifact| Some((artifact.target.name.as_str(), wasm(artifact)?)))
            .collect()
    };
    if let Some((_, path)) = built(TargetKind::CDyLib).pop() {
        return Ok(path);
    }
    let mut programs = built(TargetKind::Bin);
    if let Some(name) = &package.default_run {
        programs.retain(|(program, _)| program == name);
    }
    match programs.as_slice() {
        [] => Err(BuildError::NoComponent(package.name.clone())),
        [(_, path)] => Ok(path.clone()),
        several => Err(BuildError::Ambiguous {
            package: package.name.clone(),
            candidates: several.iter().map(|(name, _)| (*name).to_string()).collect(),
        }),
    }
}

/// The test programs, in the order in which cargo lists them: by package, then by name.
pub(super) fn tests(artifacts: &[Artifact]) -> Vec<TestArtifact> {
    let mut tests: Vec<TestArtifact> = artifacts
        .iter()
        .filter(|artifact| artifact.profile.test)
        .filter_map(|artifact| {
            Some(TestArtifact {
                package: package_name(artifact),
                name: artifact.target.name.clone(),
                path: artifact.executable.clone()?.into(),
                kind: match artifact.target.is_kind(TargetKind::Test) {
                    true => TestKind::Integration,
                    false => TestKind::Unit,
                },
            })
        })
        .collect();
    let integration = |test: &TestArtifact| test.kind == TestKind::Integration;
    tests.sort_by(|a, b| (&a.package, integration(a), &a.name).cmp(&(&b.package, integration(b), &b.name)));
    tests
}

/// `path+file:///…/shortener#0.1.0` and `path+file:///…/rust#shortener@0.1.0` are both of `shortener`.
fn package_name(artifact: &Artifact) -> String {
    let id = &artifact.package_id.repr;
    let (url, fragment) = id.rsplit_once('#').unwrap_or((id, ""));
    let name = match fragment.split_once('@') {
        Some((name, _)) => name,
        None => url.rsplit('/').next().unwrap_or(url),
    };
    name.to_string()
}

fn wasm(artifact: &Artifact) -> Option<PathBuf> {
    let file = artifact
        .filenames
        .iter()
        .find(|file| file.extension() == Some("wasm"))?;
    Some(file.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message of cargo's, with what matters here.
    fn artifact(id: &str, kind: &str, name: &str, test: bool) -> Artifact {
        let file = format!("/target/{name}.wasm");
        serde_json::from_value(serde_json::json!({
            "package_id": id,
            "manifest_path": "/p/Cargo.toml",
            "target": { "kind": [kind], "crate_types": [kind], "name": name, "src_path": "/p/src/lib.rs" },
            "profile": { "opt_level": "0", "debug_assertions": true, "overflow_checks": true, "test": test },
            "features": [],
            "filenames": [file],
            "executable": file,
            "fresh": true,
        }))
        .unwrap()
    }

    fn package(default_run: Option<&str>) -> Package {
        Package {
            id: "path+file:///p#0.1.0".into(),
            name: "p".into(),
            version: "0.1.0".into(),
            default_run: default_run.map(Into::into),
            target_directory: "/target".into(),
        }
    }

    fn check_app(default_run: Option<&str>, made: &[(&str, &str)], expected: Result<&str, &str>) {
        let package = package(default_run);
        let mut artifacts: Vec<Artifact> = made
            .iter()
            .map(|(kind, name)| artifact(&package.id, kind, name, false))
            .collect();
        artifacts.push(artifact("path+file:///other#0.1.0", "cdylib", "other", false));
        artifacts.push(artifact(&package.id, "cdylib", "unit", true));
        let found = app(&package, &artifacts).map_err(|error| error.to_string());
        assert_eq!(
            found,
            expected
                .map(|name| format!("/target/{name}.wasm").into())
                .map_err(Into::into),
            "{made:?}"
        );
    }

    #[test]
    fn the_application_is_the_library_or_the_program_that_cargo_runs() {
        check_app(None, &[("cdylib", "p")], Ok("p"));
        check_app(None, &[("bin", "tool"), ("cdylib", "p")], Ok("p"));
        check_app(None, &[("bin", "tool")], Ok("tool"));
        check_app(Some("b"), &[("bin", "a"), ("bin", "b")], Ok("b"));
        check_app(None, &[("lib", "p")], Err("`p` builds no component"));
        check_app(None, &[], Err("`p` builds no component"));
        check_app(
            None,
            &[("bin", "a"), ("bin", "b")],
            Err("`p` builds more than one component: `a`, `b`"),
        );
    }

    #[test]
    fn tests_are_those_of_the_sources_first_then_the_files() {
        let id = "path+file:///w/rust#shortener@0.1.0";
        let made = [
            artifact(id, "test", "app", true),
            artifact(id, "cdylib", "shortener", true),
            artifact(id, "cdylib", "shortener", false),
        ];
        let found = tests(&made);
        let names: Vec<_> = found
            .iter()
            .map(|test| (test.package.as_str(), test.name.as_str(), test.kind))
            .collect();
        assert_eq!(
            names,
            [
                ("shortener", "shortener", TestKind::Unit),
                ("shortener", "app", TestKind::Integration)
            ]
        );
    }

    #[test]
    fn a_package_is_named_in_its_id() {
        let name = |id: &str| package_name(&artifact(id, "lib", "x", false));
        assert_eq!(name("path+file:///w/shortener#0.1.0"), "shortener");
        assert_eq!(name("path+file:///w/rust#shortener@0.1.0"), "shortener");
    }
}
