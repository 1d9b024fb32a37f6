//! The files for CI systems in `docs/ship`: their own commands, run as the system runs them.
//!
//! A token of such a system is nothing that a test can have: there, the same lines run with a key in its place.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Home, PASSWORD};
use crate::registry::server::{Auth, Server};

const LOGIN: Auth = Auth::Basic {
    user: "robot",
    password: "pass",
};

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ship").join(name)).unwrap()
}

/// Runs lines of a shell in a home, with slt first on PATH.
fn shell(home: &Home, script: &str, variables: &[(&str, &str)]) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_slt")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-eu", "-c", script])
        .current_dir(home.path())
        .env_clear()
        .env("PATH", path)
        .env("HOME", home.path())
        .env("SLT_CACHE_DIR", home.path().join("cache"))
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The commands of a workflow that call slt, without the list's dash and the key of a mapping.
fn commands(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    let command = |line: &str| line.trim_start_matches("- ").trim_start_matches("run: ").to_owned();
    let calls = lines.filter(|line| line.contains("slt login") || line.contains("slt ship"));
    calls.map(command).collect()
}

/// Whether all is there that the files promise.
fn is_shipped(server: &Server, repository: &str, tags: &[&str]) {
    let digest = server.digest(repository, tags[0]).unwrap();
    for tag in tags {
        assert_eq!(server.digest(repository, tag).as_ref(), Some(&digest));
    }
    // a signature, an SBOM, a provenance, a slightfile
    assert_eq!(referrers_of(server, repository, &digest), 4);
}

/// How much refers to a digest, in a registry that wants a password.
fn referrers_of(server: &Server, repository: &str, digest: &str) -> usize {
    let at: slt::registry::Reference = server.name(&format!("{repository}@{digest}")).parse().unwrap();
    let Auth::Basic { user, password } = LOGIN else {
        unreachable!()
    };
    let login = slt::registry::Login::Basic {
        user: user.into(),
        password: slt::support::secret::Secret::new(password),
    };
    let settings = slt::registry::Settings {
        credentials: slt::registry::Credentials::fixed(login),
        ..slt::registry::Settings::default()
    };
    let client = slt::registry::Client::new(settings).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(client.referrers(&at)).unwrap().len()
}

#[test]
fn any_system_with_a_key() {
    let (home, server) = (Home::new(), Server::with(LOGIN, true));
    let key = fs::read_to_string(home.path().join("k.key")).unwrap();
    fs::remove_file(home.path().join("k.key")).unwrap();
    let address = server.address();
    let said = shell(
        &home,
        &file("any.sh"),
        &[
            ("KEY", &key),
            ("COSIGN_PASSWORD", PASSWORD),
            ("REGISTRY", &address),
            ("REGISTRY_USER", "robot"),
            ("REGISTRY_PASSWORD", "pass"),
            ("REF", &server.name("any:1")),
        ],
    );
    let line: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(line["kind"], "shipped");
    is_shipped(&server, "any", &["1"]);
}

#[test]
fn the_workflows() {
    for (name, fills) in [
        (
            "github.yml",
            &[
                ("${{ github.actor }}", "robot"),
                ("${{ secrets.GITHUB_TOKEN }}", "pass"),
                ("ghcr.io", "$CI_REGISTRY"),
            ][..],
        ),
        ("gitlab.yml", &[]),
    ] {
        let (home, server) = (Home::new(), Server::with(LOGIN, true));
        let text = file(name);
        let found = commands(&text);
        assert_eq!(found.len(), 2, "{name}: {found:?}");
        let mut script = found.join("\n");
        for (placeholder, value) in fills {
            script = script.replace(placeholder, value);
        }
        assert!(!script.contains("${{"), "{script}");
        let script = script.replace("slt ship", "slt ship --key k.key");
        let address = server.address();
        let variables = [
            ("CI_REGISTRY", address.as_str()),
            ("CI_REGISTRY_USER", "robot"),
            ("CI_REGISTRY_PASSWORD", "pass"),
            ("COSIGN_PASSWORD", PASSWORD),
            ("REF", &server.name("shop/app:v1")),
        ];
        shell(&home, &script, &variables);
        is_shipped(&server, "shop/app", &["v1", "latest"]);
    }
}

/// What the files ask of their system is what slt looks for there.
#[test]
fn the_workflows_may_sign() {
    assert!(file("github.yml").contains("id-token: write"));
    assert!(file("gitlab.yml").contains("SIGSTORE_ID_TOKEN"));
    assert!(file("gitlab.yml").contains("aud: sigstore"));
}
