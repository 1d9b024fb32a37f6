//! The files for CI systems in `docs/ci`: their own commands, run as the system runs them, from the registry's password to what is
//! verified at the end.
//!
//! A token of such a system is nothing that a test can have: there, the same lines run with a key in its place.

#![allow(clippy::disallowed_methods)] // what the tests were started with

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Home, PASSWORD};
use crate::registry::server::{Auth, Server};

const LOGIN: Auth = Auth::Basic {
    user: "robot",
    password: "pass",
};

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci").join(name)).unwrap()
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

/// The commands of a workflow, without those that install slt: the blocks below `run: |`, or the list below `script:`.
fn commands(text: &str) -> Vec<String> {
    let mut blocks = vec![Vec::new()];
    let mut below = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        match below {
            Some(begin) if indent > begin => blocks.last_mut().unwrap().push(line.trim().trim_start_matches("- ")),
            _ => {
                below = (line.trim() == "run: |" || line.trim() == "script:").then_some(indent);
                blocks.push(Vec::new());
            }
        }
    }
    let installs = |line: &&str| {
        ["rustup ", "curl ", "tar ", "mkdir "]
            .iter()
            .any(|tool| line.starts_with(tool))
            || line.contains("SLT_SHA256")
            || line.contains("GITHUB_PATH")
    };
    let lines = blocks.into_iter().flatten().filter(|line| !installs(line));
    lines.map(str::to_owned).collect()
}

/// Whether all is there that the files promise.
fn is_shipped(server: &Server, repository: &str, tag: &str) {
    let digest = server.digest(repository, tag).unwrap();
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
    let said = shell(
        &home,
        &file("ship.sh"),
        &[
            ("SLT_KEY", "k.key"),
            ("SLT_PUBLIC_KEY", "k.pub"),
            ("COSIGN_PASSWORD", PASSWORD),
            ("REGISTRY_USER", "robot"),
            ("REGISTRY_PASSWORD", "pass"),
            ("REFERENCE", &server.name("any:1")),
        ],
    );
    is_shipped(&server, "any", "1");
    // and it ends with what everybody else would do
    let (name, digest) = (server.name("any:1"), server.digest("any", "1").unwrap());
    assert!(said.contains(&format!("\nverified {name} ({digest})\n")), "{said}");
}

/// As the systems run them: a project whose owner and name have capitals, and a user and a password that a shell would take apart.
#[test]
fn the_workflows() {
    let touch = "$(touch broken)`touch broken`; touch broken";
    for name in ["github-actions.yml", "gitlab-ci.yml"] {
        let (home, server) = (Home::new(), Server::with(LOGIN, true));
        let found = commands(&file(name));
        let slt: Vec<_> = found.iter().filter(|line| line.contains("slt ")).collect();
        assert_eq!(slt.len(), 3, "{name}: {found:?}");
        // GitHub sets what a step writes there in the steps behind it
        let script = found.join("\n[ ! -f env ] || . ./env\n");
        assert!(!script.contains("${{"), "{script}");
        let (before, identity) = script.split_once(" --identity ").unwrap();
        let by_key = identity.lines().skip(1).collect::<Vec<_>>().join("\n");
        let script = format!("{before} --key k.pub\n{by_key}").replace("slt ship", "slt ship --key k.key");
        let (address, image) = (server.address(), server.name("team/shop"));
        let reference = format!("{image}:v1");
        let variables = [
            ("GITHUB_ENV", "env"),
            ("GITHUB_REPOSITORY", "Team/Shop"),
            ("GITHUB_REF_NAME", "v1"),
            ("GITHUB_ACTOR", touch),
            ("REGISTRY", &format!("{address}/Team")),
            ("REGISTRY_USER", "robot"),
            ("REGISTRY_PASSWORD", "pass"),
            ("CI_REGISTRY", &address),
            ("CI_REGISTRY_USER", "robot"),
            ("CI_REGISTRY_PASSWORD", "pass"),
            ("COSIGN_PASSWORD", PASSWORD),
        ];
        // what GitLab sets from the file's own variables
        let own = [("REFERENCE", reference.as_str())];
        let own: &[_] = if name == "gitlab-ci.yml" { &own } else { &[] };
        shell(&home, &script, &[&variables, own].concat());
        is_shipped(&server, "team/shop", "v1");
        // and a password that a shell would take apart stays one
        let login = script.lines().find(|line| line.contains("slt login")).unwrap();
        let hostile: Vec<_> = variables
            .iter()
            .map(
                |(name, value)| match name.ends_with("PASSWORD") || name.ends_with("USER") {
                    true => (*name, touch),
                    false => (*name, *value),
                },
            )
            .chain([("REFERENCE", reference.as_str())])
            .collect();
        shell(&home, &format!("{login} && exit 1 || true"), &hostile);
        assert!(!home.path().join("broken").exists(), "{name}");
    }
}

/// What the files ask of their system is what slt looks for there.
#[test]
fn the_workflows_may_sign() {
    assert!(file("github-actions.yml").contains("id-token: write"));
    assert!(file("gitlab-ci.yml").contains("SIGSTORE_ID_TOKEN"));
    assert!(file("gitlab-ci.yml").contains("aud: sigstore"));
}

/// GitHub puts what `${{ … }}` means into the text before a shell reads it: it stands as the whole value of a variable only, and is
/// one that the owner of the repository has set.
#[test]
fn nothing_is_put_into_the_text_of_a_shell() {
    let is_good = |line: &str| {
        let value = line.trim().split_once(": ${{ ").filter(|(name, _)| {
            name.chars()
                .all(|c| c.is_ascii_uppercase() || "_0123456789".contains(c))
        });
        value.is_some_and(|(_, value)| {
            (value.starts_with("vars.") || value.starts_with("secrets."))
                && value.strip_suffix(" }}").is_some_and(|name| !name.contains('}'))
        })
    };
    let text = file("github-actions.yml");
    let expressions: Vec<_> = text.lines().filter(|line| line.contains("${{")).collect();
    assert!(expressions.len() > 3, "{expressions:?}");
    for line in expressions {
        assert!(is_good(line), "{line}");
    }
    for line in [
        "run: slt login --username ${{ github.actor }}",
        "echo ${{ secrets.X }}",
        "NAME: ${{ github.event.repository.name }}",
        "NAME: ${{ vars.A }}${{ github.actor }}",
    ] {
        assert!(!is_good(line), "{line}");
    }
}
