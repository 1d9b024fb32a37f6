//! Which of the things that cargo made are meant. Pure.

use std::path::PathBuf;

use cargo_metadata::{Artifact, TargetKind};

use super::dist::is_same;
use super::inventory::Compiled;
use super::manifest::Manifest;
use super::{About, BuildError, BuiltApp, Program, Protocol, TestArtifact, TestKind};

/// The application: the package's `cdylib`, or else its program. Of several programs it is the one that `cargo run` takes.
pub(super) fn app(manifest: &Manifest, artifacts: &[Artifact]) -> Result<BuiltApp, BuildError> {
    let own: Vec<&Artifact> = artifacts
        .iter()
        .filter(|artifact| is_same(artifact.manifest_path.as_std_path(), &manifest.path) && !artifact.profile.test)
        .collect();
    let compiled = |app: BuiltApp, root: &Artifact| BuiltApp {
        compiled: Some(compiled(root, artifacts)),
        ..app
    };
    if let Some((library, root)) = own
        .iter()
        .find_map(|artifact| Some((built(artifact, TargetKind::CDyLib)?, artifact)))
    {
        return Ok(compiled(library, root));
    }
    let mut programs: Vec<(&Artifact, BuiltApp)> = own
        .iter()
        .filter_map(|artifact| Some((*artifact, built(artifact, TargetKind::Bin)?)))
        .filter(|(program, _)| {
            manifest
                .default_run
                .as_ref()
                .is_none_or(|name| *name == program.target.name)
        })
        .collect();
    // Cargo reports them as they are done.
    programs.sort_unstable_by_key(|(program, _)| program.target.name.as_str());
    match programs.as_slice() {
        [] => Err(BuildError::NoComponent(manifest.path.clone())),
        [(root, program)] => Ok(compiled(program.clone(), root)),
        several => Err(BuildError::Ambiguous {
            manifest: manifest.path.clone(),
            candidates: several.iter().map(|(program, _)| program.target.name.clone()).collect(),
        }),
    }
}

/// The program for this machine; of several it is the one that `cargo run` takes.
pub(super) fn program(manifest: &Manifest, artifacts: &[Artifact]) -> Result<Program, BuildError> {
    let is_own = |artifact: &&Artifact| is_same(artifact.manifest_path.as_std_path(), &manifest.path);
    let mut programs: Vec<(&Artifact, PathBuf)> = artifacts
        .iter()
        .filter(is_own)
        .filter(|artifact| artifact.target.is_kind(TargetKind::Bin) && !artifact.profile.test)
        .filter(|artifact| {
            manifest
                .default_run
                .as_ref()
                .is_none_or(|name| *name == artifact.target.name)
        })
        .filter_map(|artifact| Some((artifact, artifact.executable.clone()?.into())))
        .collect();
    programs.sort_unstable_by_key(|(program, _)| program.target.name.as_str());
    match programs.as_slice() {
        [] => Err(BuildError::NoProgram(manifest.path.clone())),
        [(root, path)] => {
            let (name, version) = package(root);
            Ok(Program {
                about: About { name, version },
                path: path.clone(),
                compiled: compiled(root, artifacts),
            })
        }
        several => Err(BuildError::Ambiguous {
            manifest: manifest.path.clone(),
            candidates: several.iter().map(|(program, _)| program.target.name.clone()).collect(),
        }),
    }
}

fn compiled(root: &Artifact, artifacts: &[Artifact]) -> Compiled {
    Compiled {
        root: root.package_id.repr.clone(),
        made: artifacts.iter().flat_map(made).collect(),
    }
}

/// The package of an artifact, with each file that was made.
fn made(artifact: &Artifact) -> impl Iterator<Item = (String, PathBuf)> {
    let id = &artifact.package_id.repr;
    artifact.filenames.iter().map(|file| (id.clone(), file.clone().into()))
}

fn built(artifact: &Artifact, kind: TargetKind) -> Option<BuiltApp> {
    let file = artifact
        .filenames
        .iter()
        .find(|file| file.extension() == Some("wasm"))?;
    let (name, version) = package(artifact);
    artifact.target.is_kind(kind).then(|| BuiltApp {
        about: About { name, version },
        digest: None,
        stamps: file.with_file_name("slt").into(),
        artifact: file.into(),
        compiled: None,
    })
}

/// The test programs, in the order in which cargo lists them: by package, then by name.
pub(super) fn tests(artifacts: &[Artifact]) -> Vec<TestArtifact> {
    let mut tests: Vec<TestArtifact> = artifacts
        .iter()
        .filter(|artifact| artifact.profile.test)
        .filter_map(|artifact| {
            Some(TestArtifact {
                package: package(artifact).0,
                name: artifact.target.name.clone(),
                path: artifact.executable.clone()?.into(),
                kind: match artifact.target.is_kind(TargetKind::Test) {
                    true => TestKind::Integration,
                    false => TestKind::Unit,
                },
                protocol: Protocol::Libtest,
            })
        })
        .collect();
    let integration = |test: &TestArtifact| test.kind == TestKind::Integration;
    tests.sort_by(|a, b| (&a.package, integration(a), &a.name).cmp(&(&b.package, integration(b), &b.name)));
    tests
}

/// Name and version of the package, from its id: `path+file:///…/shortener#0.1.0` and `path+file:///…/rust#shortener@0.1.0`
/// are both of `shortener` (<https://doc.rust-lang.org/cargo/reference/pkgid-spec.html>).
fn package(artifact: &Artifact) -> (String, String) {
    let id = &artifact.package_id.repr;
    let (url, fragment) = id.rsplit_once('#').unwrap_or((id, ""));
    let (name, version) = match fragment.split_once('@') {
        Some(both) => both,
        None => (url.rsplit('/').next().unwrap_or(url), fragment),
    };
    (name.to_string(), version.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "path+file:///p#0.1.0";

    /// A message of cargo's, with what matters here.
    fn artifact(id: &str, kind: &str, name: &str, test: bool) -> Artifact {
        let file = format!("/target/{name}.wasm");
        serde_json::from_value(serde_json::json!({
            "package_id": id,
            "manifest_path": if id == ID { "/p/Cargo.toml" } else { "/other/Cargo.toml" },
            "target": { "kind": [kind], "crate_types": [kind], "name": name, "src_path": "/p/src/lib.rs" },
            "profile": { "opt_level": "0", "debug_assertions": true, "overflow_checks": true, "test": test },
            "features": [],
            "filenames": [file],
            "executable": file,
            "fresh": true,
        }))
        .unwrap()
    }

    fn check_app(default_run: Option<&str>, made: &[(&str, &str)], expected: Result<&str, &str>) {
        let manifest = Manifest {
            path: "/p/Cargo.toml".into(),
            workspace_only: false,
            default_run: default_run.map(Into::into),
        };
        let mut artifacts: Vec<Artifact> = made
            .iter()
            .map(|(kind, name)| artifact(ID, kind, name, false))
            .collect();
        artifacts.push(artifact("path+file:///other#0.1.0", "cdylib", "other", false));
        artifacts.push(artifact(ID, "cdylib", "unit", true));
        let found = app(&manifest, &artifacts).map_err(|error| error.to_string());
        let compiled = Compiled {
            root: ID.into(),
            made: artifacts.iter().flat_map(super::made).collect(),
        };
        let expected = expected.map_err(Into::into).map(|name| BuiltApp {
            about: About {
                name: "p".into(),
                version: "0.1.0".into(),
            },
            digest: None,
            stamps: "/target/slt".into(),
            artifact: format!("/target/{name}.wasm").into(),
            compiled: Some(compiled),
        });
        assert_eq!(found, expected, "{made:?}");
    }

    #[test]
    fn the_application_is_the_library_or_the_program_that_cargo_runs() {
        check_app(None, &[("cdylib", "p")], Ok("p"));
        check_app(None, &[("bin", "tool"), ("cdylib", "p")], Ok("p"));
        check_app(None, &[("bin", "tool")], Ok("tool"));
        check_app(Some("b"), &[("bin", "a"), ("bin", "b")], Ok("b"));
        check_app(None, &[("lib", "p")], Err("`/p/Cargo.toml` builds no component"));
        check_app(None, &[], Err("`/p/Cargo.toml` builds no component"));
        check_app(
            None,
            &[("bin", "b"), ("bin", "a")],
            Err("`/p/Cargo.toml` builds more than one component: `a`, `b`"),
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
        let check = |id: &str| {
            assert_eq!(
                package(&artifact(id, "lib", "x", false)),
                ("shortener".into(), "0.1.0".into())
            )
        };
        check("path+file:///w/shortener#0.1.0");
        check("path+file:///w/rust#shortener@0.1.0");
    }
}
