//! How slt itself is shipped: the script, on a small program that stands in for slt's own, which is hundreds of megabytes here, with a
//! key that was made for the test. What cosign says of it: `judged.rs`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{Home, PASSWORD};

/// A program that answers as slt does what the script asks of it, and a package that it needs.
const PACKAGE: &[(&str, &str)] = &[
    (
        "Cargo.toml",
        "[package]\nname = \"slt\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\n[dependencies]\npart = { path = \"part\" }\n\n[workspace]\n",
    ),
    (
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"part\"\nversion = \"0.4.0\"\n\n[[package]]\nname = \"slt\"\nversion = \"1.2.3\"\ndependencies = [\n \"part\",\n]\n",
    ),
    (
        "src/main.rs",
        "fn main() {\n    let arguments: Vec<String> = std::env::args().skip(1).collect();\n    println!(\"{}\", part::answer(&arguments.join(\" \")));\n}\n",
    ),
    (
        "part/Cargo.toml",
        "[package]\nname = \"part\"\nversion = \"0.4.0\"\nedition = \"2024\"\n",
    ),
    (
        "part/src/lib.rs",
        "pub fn answer(asked: &str) -> String {\n    match asked {\n        \"--version\" => \"slt 1.2.3\".to_owned(),\n        asked => format!(\"# {asked}\"),\n    }\n}\n",
    ),
    ("LICENSE", "the licence\n"),
    ("NOTICE", "the notice\n"),
    ("README.md", "# what it is\n"),
    ("CHANGELOG.md", "# what has changed\n"),
];

/// A release that was made.
pub struct Release {
    pub home: Home,
    /// The files that it consists of, without the signatures.
    pub files: Vec<String>,
}

impl Release {
    /// Makes one.
    pub fn new() -> Self {
        let home = Home::new();
        for (path, text) in PACKAGE {
            let path = home.path().join("package").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let mut release = Self {
            home,
            files: Vec::new(),
        };
        release.script();
        let entries = std::fs::read_dir(release.out()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        assert_eq!(names.len(), 8, "{names:?}");
        release.files = names
            .into_iter()
            .filter(|name| !name.ends_with(".sigstore.json"))
            .collect();
        assert_eq!(release.files.len(), 4, "{:?}", release.files);
        release
    }

    pub fn out(&self) -> PathBuf {
        self.home.path().join("out")
    }

    fn script(&self) {
        // what cargo set for this test is about slt's own package
        let is_kept = |name: &str| !name.starts_with("CARGO") || name == "CARGO_HOME";
        let own = std::env::vars().filter(|(name, _)| is_kept(name));
        let output = Command::new("bash")
            .args([
                "scripts/release.sh",
                "--dev",
                "--with",
                env!("CARGO_BIN_EXE_slt"),
                "--package",
            ])
            .arg(self.home.path().join("package"))
            .arg("--key")
            .arg(self.home.path().join("k.key"))
            .arg("--output")
            .arg(self.out())
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_clear()
            .envs(own)
            .env("COSIGN_PASSWORD", PASSWORD)
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .env("CARGO_NET_OFFLINE", "true")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }

    /// The file that ends so.
    fn find(&self, ending: &str) -> String {
        self.files.iter().find(|name| name.ends_with(ending)).unwrap().clone()
    }
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
fn a_release_is_whole_and_signed() {
    let release = Release::new();
    let out = release.out();
    let (archive, cyclonedx) = (release.find(".tar.gz"), release.find(".cdx.json"));

    // the digests, by the system's own tool; each file and its signature, by slt
    tool(&out, "sha256sum", &["--check", "SHA256SUMS"]);
    for name in &release.files {
        let bundle = format!("{name}.sigstore.json");
        let arguments = ["verify", name, "--key", "../k.pub", "--bundle", &bundle];
        let verified = release.home.slt_in("out", &arguments, &[]);
        assert_eq!(verified.code, 0, "{name}: {}", verified.stderr);
    }

    // the archive holds what docs/verifying.md says, and the program runs
    let listed = tool(&out, "tar", &["--list", "--file", &archive]);
    for file in [
        "slt",
        "LICENSE",
        "NOTICE",
        "README.md",
        "CHANGELOG.md",
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
    assert_eq!(version, "slt 1.2.3\n");

    // the SBOM is of it
    let sbom: Value = serde_json::from_slice(&std::fs::read(out.join(cyclonedx)).unwrap()).unwrap();
    let own = &sbom["metadata"]["component"];
    assert_eq!(own["hashes"][0]["content"], slt::registry::Digest::of(&program).hex());
    let parts = sbom["components"].as_array().unwrap();
    assert!(parts.iter().any(|part| part["name"] == "part"), "{parts:?}");

    // made again, it is the same
    let before = std::fs::read(out.join("SHA256SUMS")).unwrap();
    release.script();
    assert_eq!(std::fs::read(out.join("SHA256SUMS")).unwrap(), before);
}
