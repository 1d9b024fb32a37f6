//! How slt itself is shipped: the script, on the program that the tests have, with a key that was made for the test.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Home, PASSWORD};

/// Runs the script; the files that it made, by their names.
fn release(home: &Home) -> Vec<String> {
    // what cargo set for this test would have it build anew
    let is_kept = |name: &str| !name.starts_with("CARGO") || name == "CARGO_HOME";
    let own = std::env::vars().filter(|(name, _)| is_kept(name));
    let output = Command::new("bash")
        .args(["scripts/release.sh", "--dev", "--key"])
        .arg(home.path().join("k.key"))
        .arg("--output")
        .arg(home.path().join("out"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .envs(own)
        .env("COSIGN_PASSWORD", PASSWORD)
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .env("CARGO_NET_OFFLINE", "true")
        .envs(std::env::var("CARGO_TARGET_DIR").map(|folder| ("CARGO_TARGET_DIR", folder)))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let entries = std::fs::read_dir(home.path().join("out")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

fn tool(directory: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "needs the judges of artifacts"]
fn a_release_is_whole_and_signed() {
    let home = Home::new();
    let names = release(&home);
    let out = home.path().join("out");
    let find = |ending: &str| names.iter().find(|name| name.ends_with(ending)).unwrap().clone();
    let (archive, cyclonedx) = (find(".tar.gz"), find(".cdx.json"));
    assert_eq!(names.len(), 8, "{names:?}");

    // the digests, by the system's own tool; each file and its signature, by slt and by cosign
    tool(&out, "sha256sum", &["--check", "SHA256SUMS"]);
    let services = crate::judged::services();
    for name in names.iter().filter(|name| !name.ends_with(".sigstore.json")) {
        let bundle = format!("{name}.sigstore.json");
        let verified = home.slt_in("out", &["verify", name, "--key", "../k.pub", "--bundle", &bundle], &[]);
        assert_eq!(verified.code, 0, "{name}: {}", verified.stderr);
        let arguments = [
            "verify-blob",
            name,
            "--key",
            "../k.pub",
            "--insecure-ignore-tlog",
            "--bundle",
            &bundle,
        ];
        let verified = services.run("cosign", &out, &arguments);
        assert_eq!(verified.code, 0, "{name}: {}", verified.stderr);
    }

    // the archive holds the program, which runs, and the SBOM is of it
    let listed = tool(&out, "tar", &["--list", "--file", &archive]);
    for file in [
        "slt",
        "LICENSE",
        "README.md",
        "completions/slt.bash",
        "completions/_slt",
        "completions/slt.fish",
    ] {
        assert!(
            listed.lines().any(|line| line.ends_with(&format!("/{file}"))),
            "{file}: {listed}"
        );
    }
    tool(&out, "tar", &["--extract", "--file", &archive]);
    let folder = out.join(archive.trim_end_matches(".tar.gz"));
    let program = std::fs::read(folder.join("slt")).unwrap();
    let version = tool(&folder, folder.join("slt").to_str().unwrap(), &["--version"]);
    assert_eq!(version, format!("slt {}\n", env!("CARGO_PKG_VERSION")));
    let sbom: Value = serde_json::from_slice(&std::fs::read(out.join(cyclonedx)).unwrap()).unwrap();
    let own = &sbom["metadata"]["component"];
    assert_eq!(own["hashes"][0]["content"], slt::registry::Digest::of(&program).hex());
    assert!(
        sbom["components"]
            .as_array()
            .unwrap()
            .iter()
            .any(|component| component["name"] == "wasmtime")
    );

    // made again, it is the same
    let before = std::fs::read(out.join("SHA256SUMS")).unwrap();
    release(&home);
    assert_eq!(std::fs::read(out.join("SHA256SUMS")).unwrap(), before);
}
