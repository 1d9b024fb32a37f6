//! Files around signatures: what is written where, what is never lost, and what is read from pipes.

use std::fs;

use super::{PASSWORD, fixture, given, run, sessions, short, signed};
use crate::command::slt_with;

#[test]
fn an_attestation_lies_beside_the_signature() {
    let folder = signed();
    let at = folder.path();
    fs::write(at.join("predicate.json"), r#"{"a":1}"#).unwrap();
    fs::write(
        at.join("policy.toml"),
        "version = 1\n[[key]]\npath = \"cosign.pub\"\n[[attestation]]\ntype = \"https://spdx.dev/Document\"\n",
    )
    .unwrap();
    let other = "--type https://example.test/x?y=1 --predicate predicate.json";
    let shown = short(&sessions(
        at,
        &[
            ("sign artifact.txt --key cosign.key", 0),
            (
                "sign artifact.txt --key cosign.key --type spdxjson --predicate predicate.json",
                0,
            ),
            (&format!("sign artifact.txt --key cosign.key {other}"), 0),
            ("verify artifact.txt --key cosign.pub", 0),
            ("verify artifact.txt --key cosign.pub --type spdx", 0),
            (
                "verify artifact.txt --key cosign.pub --type https://example.test/x?y=1",
                0,
            ),
            ("verify artifact.txt --key cosign.pub --type vuln", 1),
            ("verify artifact.txt --policy policy.toml", 0),
        ],
    ));
    insta::assert_snapshot!(shown);
}

#[test]
fn what_others_have_signed_is_kept() {
    let folder = signed();
    let at = folder.path();
    fs::copy(fixture("keys/ed.pem"), at.join("other.key")).unwrap();
    let bundle = || fs::read(at.join("artifact.txt.sigstore.json")).unwrap();
    assert_eq!(run(at, &["sign", "artifact.txt", "--key", "cosign.key"]).code, 0);
    let first = bundle();
    let sign = ["sign", "artifact.txt", "--key", "other.key"];
    let refused = run(at, &sign);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    insta::assert_snapshot!(refused.stderr, @r"
    error: `artifact.txt.sigstore.json` is there, and somebody else has signed it
    hint: `--bundle FILE` names another file; `--force` replaces this one
    ");
    assert_eq!(bundle(), first);
    // one's own is replaced, also when the file has changed
    fs::write(at.join("artifact.txt"), "changed").unwrap();
    assert_eq!(run(at, &["sign", "artifact.txt", "--key", "cosign.key"]).code, 0);
    assert_ne!(bundle(), first);
    assert_eq!(run(at, &[sign.as_slice(), &["--force"]].concat()).code, 0);
    // an attestation does not take the place of a signature
    let attest = [
        "--type",
        "spdx",
        "--predicate",
        "root.json",
        "--bundle",
        "artifact.txt.sigstore.json",
    ];
    let refused = run(at, &[sign.as_slice(), &attest].concat());
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("a bundle of something else"),
        "{}",
        refused.stderr
    );
}

#[test]
fn predicates_from_standard_input() {
    let folder = signed();
    let at = folder.path();
    fs::copy(fixture("keys/ed.pem"), at.join("plain.key")).unwrap();
    let sign = [
        "sign",
        "artifact.txt",
        "--key",
        "plain.key",
        "--type",
        "custom",
        "--predicate",
        "-",
    ];
    let signed = given(at, &sign, b"{\"a\":1}\n");
    assert_eq!(signed.code, 0, "{}", signed.stderr);
    assert!(at.join("artifact.txt.custom.sigstore.json").is_file());
}

#[test]
fn names_of_types_are_those_of_cosign() {
    let folder = signed();
    let at = folder.path();
    fs::write(at.join("p.json"), "{}").unwrap();
    // as `cosign attest-blob` 3.1.3 writes them
    for (name, uri) in [
        ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
        ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
        ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
        ("link", "https://in-toto.io/Link/v1"),
        ("spdx", "https://spdx.dev/Document"),
        ("spdxjson", "https://spdx.dev/Document"),
        ("cyclonedx", "https://cyclonedx.org/bom"),
        ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
        ("openvex", "https://openvex.dev/ns"),
        ("custom", "https://cosign.sigstore.dev/attestation/v1"),
    ] {
        let sign = [
            "sign",
            "artifact.txt",
            "--key",
            "cosign.key",
            "--predicate",
            "p.json",
            "--format",
            "json",
        ];
        let run = run(at, &[sign.as_slice(), &["--type", name]].concat());
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        let line: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(line["predicate_type"], uri, "{name}");
    }
}

/// Makes a pipe with a name, and puts something into it.
#[cfg(unix)]
#[allow(clippy::disallowed_methods)] // `mkfifo` is a program
fn pipe(path: &std::path::Path, bytes: Vec<u8>) -> std::thread::JoinHandle<()> {
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
    let path = path.to_owned();
    std::thread::spawn(move || {
        use std::io::Write;
        let mut pipe = fs::OpenOptions::new().write(true).open(path).unwrap();
        // one that has read enough goes away
        let _ = pipe.write_all(&bytes);
    })
}

#[cfg(unix)]
#[test]
fn keys_bundles_and_predicates_come_from_pipes() {
    let folder = signed();
    let at = folder.path();
    let read = |name: &str| fs::read(at.join(name)).unwrap();
    let verify = ["verify", "artifact.txt", "--key", "k.pipe", "--bundle", "b.pipe"];
    let writers = [
        pipe(&at.join("k.pipe"), read("cosign.pub")),
        pipe(&at.join("b.pipe"), read("key.json")),
        pipe(&at.join("p.pipe"), b"{}".to_vec()),
        pipe(&at.join("s.pipe"), read("cosign.key")),
        pipe(&at.join("big.pipe"), vec![b'a'; 1 << 20]),
    ];
    let verified = run(at, &verify);
    assert_eq!(verified.code, 0, "{}", verified.stderr);
    let sign = [
        "sign",
        "artifact.txt",
        "--key",
        "s.pipe",
        "--type",
        "custom",
        "--predicate",
        "p.pipe",
    ];
    let signed = run(at, &sign);
    assert_eq!(signed.code, 0, "{}", signed.stderr);
    let large = run(
        at,
        &["verify", "artifact.txt", "--key", "big.pipe", "--bundle", "key.json"],
    );
    assert_eq!(large.code, 2);
    assert!(
        large.stderr.contains("it has more than 65536 bytes"),
        "{}",
        large.stderr
    );
    for target in [["verify", "k.pipe"], ["sign", "k.pipe"]] {
        let refused = run(at, &[target.as_slice(), &["--key", "cosign.pub"]].concat());
        assert_eq!(refused.code, 2);
        assert!(
            refused.stderr.contains("`k.pipe` is no regular file"),
            "{}",
            refused.stderr
        );
    }
    for writer in writers {
        writer.join().unwrap();
    }
}

#[cfg(unix)]
#[allow(clippy::disallowed_methods)] // `mkfifo` is a program
#[test]
fn bundles_go_into_pipes_and_through_links() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let folder = signed();
    let at = folder.path();
    symlink("kept.json", at.join("link.json")).unwrap();
    let sign = |bundle: &str| {
        let run = run(at, &["sign", "artifact.txt", "--key", "cosign.key", "--bundle", bundle]);
        assert_eq!(run.code, 0, "{}", run.stderr);
    };
    sign("link.json");
    sign("link.json");
    assert!(fs::symlink_metadata(at.join("link.json")).unwrap().is_symlink());
    let path = at.join("out.pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let reader = std::thread::spawn({
        let path = path.clone();
        move || fs::read(path).unwrap()
    });
    sign("out.pipe");
    // signatures of P-256 are random: it is another one of the same file
    let written = reader.join().unwrap();
    assert!(
        written.starts_with(b"{\"mediaType\":"),
        "{}",
        String::from_utf8_lossy(&written)
    );
    fs::write(at.join("written.json"), written).unwrap();
    let verified = run(
        at,
        &[
            "verify",
            "artifact.txt",
            "--key",
            "cosign.pub",
            "--bundle",
            "written.json",
        ],
    );
    assert_eq!(verified.code, 0, "{}", verified.stderr);
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_fifo());
}

#[test]
fn a_bundle_that_is_too_large_is_named_beside_its_target() {
    let folder = signed();
    let at = folder.path();
    fs::write(at.join("big.json"), vec![b' '; (16 << 20) + 1]).unwrap();
    let verify = ["verify", "artifact.txt", "--key", "cosign.pub", "--bundle", "big.json"];
    let refused = slt_with(at, &verify, &[("COSIGN_PASSWORD", PASSWORD)]);
    assert_eq!(refused.code, 1);
    insta::assert_snapshot!(short(&refused.stderr));
    // a good one beside it counts
    assert_eq!(
        run(at, &[verify.as_slice(), &["--bundle", "key.json"]].concat()).code,
        0
    );
}

#[test]
fn what_is_no_bundle_is_said_in_words() {
    let folder = signed();
    let at = folder.path();
    let whole = fs::read_to_string(at.join("key.json")).unwrap();
    let mut bundle: serde_json::Value = serde_json::from_str(&whole).unwrap();
    bundle.as_object_mut().unwrap().remove("messageSignature");
    fs::write(at.join("b.json"), bundle.to_string()).unwrap();
    bundle["foo"] = 1.into();
    fs::write(at.join("c.json"), bundle.to_string()).unwrap();
    for (name, said) in [
        (
            "b.json",
            "bundle: the bundle has none of `messageSignature`, `dsseEnvelope`",
        ),
        ("c.json", "bundle: it cannot be read: the bundle has no member `foo`"),
    ] {
        let refused = run(at, &["verify", "artifact.txt", "--key", "cosign.pub", "--bundle", name]);
        assert_eq!(refused.code, 1);
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
}

/// How much memory a process may have had at most, in bytes: a debug build of slt has 35 MiB for nothing at all, and a bundle of 4 MiB
/// is there as bytes, as text, and as what is signed.
#[cfg(target_os = "linux")]
const PEAK_MAX_BYTES: u64 = 72 << 20;

/// What stands in a bundle is no tree of values before somebody is believed who signed it: a tree has seventy times the bytes of its text.
#[cfg(target_os = "linux")]
#[test]
fn a_bundle_that_nobody_signed_costs_what_its_bytes_cost() {
    use base64::Engine;
    const SIZE: usize = 4 << 20;
    const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
    let folder = signed();
    let at = folder.path();
    let many = |value: &str, bytes: usize| vec![value; bytes / (value.len() + 1)].join(",");
    let objects = many(r#"{"":0}"#, SIZE);
    let enveloped = |statement: String| {
        let payload = base64::engine::general_purpose::STANDARD.encode(statement);
        format!(
            r#"{{"mediaType":"{MEDIA_TYPE}","verificationMaterial":{{"publicKey":{{}}}},"dsseEnvelope":{{"payload":"{payload}","payloadType":"application/vnd.in-toto+json","signatures":[{{"sig":"MEUC"}}]}}}}"#
        )
    };
    let statement = |subjects: &str, predicate: &str| {
        format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{subjects}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":[{predicate}]}}"#
        )
    };
    let subject = r#"{"digest":{"sha256":"ab"}}"#;
    // as many as are read, and more
    let some = many(r#"{"":0}"#, 7 << 17);
    for (name, text) in [
        ("member", format!(r#"{{"mediaType":"{MEDIA_TYPE}","x":[{objects}]}}"#)),
        (
            "entries",
            format!(
                r#"{{"verificationMaterial":{{"tlogEntries":[{}]}}}}"#,
                many(r#"{"logId":{"keyId":""}}"#, SIZE)
            ),
        ),
        ("list", format!("[{objects}]")),
        ("some", enveloped(statement(subject, &some))),
        (
            "predicate",
            enveloped(statement(subject, &many(r#"{"":0}"#, SIZE / 4 * 3))),
        ),
        ("subjects", enveloped(statement(&many(subject, SIZE / 4 * 3), ""))),
    ] {
        fs::write(at.join("large.json"), text).unwrap();
        let verify = [
            "verify",
            "artifact.txt",
            "--key",
            "cosign.pub",
            "--bundle",
            "large.json",
        ];
        let (code, peak) = crate::command::peak(at, &verify);
        assert_eq!(code, 1, "{name}");
        assert!(peak < PEAK_MAX_BYTES, "{name}: {peak} bytes");
    }
}
