//! A user who signs in with a device: what is signed for them, cosign verifies.

use serde_json::Value;

use super::services;
use crate::command::folder;
use crate::process::{Process, http};

#[test]
#[ignore = "needs the judges of artifacts"]
fn with_a_device() {
    let judges = services();
    let folder = folder(&[("file", b"what is signed\n")]);
    let trust = ["--trusted-root", judges.trusted_root.to_str().unwrap()];
    let sign = [
        "sign",
        "file",
        "--device",
        "--format",
        "json",
        "--bundle",
        "bundle.json",
    ];
    let config = ["--signing-config", judges.signing_config.to_str().unwrap()];
    let slt = Process::start(folder.path(), &[&sign[..], &config, &trust].concat(), &[]);
    let line: Value = serde_json::from_str(&slt.stdout("\"sign-in\"")).unwrap();
    let host = judges.issuer.strip_prefix("http://").unwrap();
    let page = line["address"].as_str().unwrap();
    let page = page.strip_prefix(&judges.issuer).expect("the address of the issuer");
    assert!(page.ends_with(line["code"].as_str().unwrap()), "{line}");
    assert_eq!(http(host, "GET", page, "").status, 200);
    let run = slt.end();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let whose = [
        "--certificate-identity",
        "dev@example.test",
        "--certificate-oidc-issuer",
        &judges.issuer,
    ];
    let verify = ["verify-blob", "--bundle", "bundle.json", "file"];
    let run = judges.run("cosign", folder.path(), &[&verify[..], &whose, &trust].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
}
