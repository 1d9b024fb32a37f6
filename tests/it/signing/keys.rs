//! Key pairs: made, never overwritten, with a password from each of its places.

use std::fs;

use super::{given, run};
use crate::command::{folder, slt, slt_with};

#[test]
fn a_pair_is_made_once() {
    let folder = folder(&[("a.txt", b"a")]);
    let at = folder.path();
    let made = run(at, &["keygen", "release"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let private = fs::read_to_string(at.join("release.key")).unwrap();
    assert!(
        private.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"),
        "{private}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| fs::metadata(at.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("release.key"), 0o600);
        assert_eq!(mode("release.pub") & 0o200, 0o200);
    }
    let again = run(at, &["keygen", "release"]);
    assert_eq!(again.code, 2);
    insta::assert_snapshot!(again.stderr, @r"
    error: `release.key` is there already
    hint: what it has signed can be verified with it only; `--force` replaces it
    ");
    assert_eq!(fs::read_to_string(at.join("release.key")).unwrap(), private);
    fs::remove_file(at.join("release.key")).unwrap();
    assert_eq!(run(at, &["keygen", "release"]).code, 2, "the public key is there");
    assert_eq!(run(at, &["keygen", "release", "--force"]).code, 0);
    assert_ne!(fs::read_to_string(at.join("release.key")).unwrap(), private);
}

/// Of several that make the same pair at once, one does, and its files are those that are there.
#[test]
fn one_of_many_at_once_makes_a_pair() {
    const COUNT: usize = 6;
    let folder = folder(&[("a.txt", b"a")]);
    let at = folder.path();
    let runs: Vec<_> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..COUNT)
            .map(|_| scope.spawn(|| run(at, &["keygen", "k", "--format", "json"])))
            .collect();
        started.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let (made, refused): (Vec<_>, Vec<_>) = runs.iter().partition(|run| run.code == 0);
    assert_eq!(made.len(), 1);
    for run in refused {
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains("is there already"), "{}", run.stderr);
    }
    assert_eq!(run(at, &["sign", "a.txt", "--key", "k.key"]).code, 0);
    let verified = run(at, &["verify", "a.txt", "--key", "k.pub", "--format", "json"]);
    assert_eq!(verified.code, 0, "{}", verified.stderr);
    let made: serde_json::Value = serde_json::from_str(&made[0].stdout).unwrap();
    let fingerprint = made["fingerprint"].as_str().unwrap();
    assert!(verified.stdout.contains(fingerprint), "{}", verified.stdout);
    assert_eq!(fs::read_dir(at).unwrap().count(), 4, "nothing else is left");
}

/// What cannot be replaced whole is not replaced by half.
#[test]
fn a_key_is_not_lost_for_a_file_that_cannot_be_written() {
    let folder = folder(&[("r.pub/x", b""), ("r.key", b"old")]);
    let at = folder.path();
    let refused = run(at, &["keygen", "r", "--force"]);
    assert_eq!(refused.code, 3);
    insta::assert_snapshot!(refused.stderr, @"error: cannot write `r.pub`: it is a folder");
    assert_eq!(fs::read(at.join("r.key")).unwrap(), b"old");
    assert_eq!(fs::read_dir(at).unwrap().count(), 2);
}

#[test]
fn passwords() {
    let folder = folder(&[("a.txt", b"a")]);
    let at = folder.path();
    let nobody = slt(at, &["keygen", "k"]);
    insta::assert_snapshot!(nobody.stderr, @r"
    error: there is no password for the new key, and no terminal to ask at
    hint: `--password-stdin` reads it; `COSIGN_PASSWORD` has it, and may be empty for a key without one
    ");
    assert_eq!(nobody.code, 2);
    assert_eq!(given(at, &["keygen", "k", "--password-stdin"], b"zq7 x\r\n").code, 0);
    let sign = ["sign", "a.txt", "--key", "k.key"];
    let stdin = ["sign", "a.txt", "--key", "k.key", "--password-stdin"];
    assert_eq!(given(at, &stdin, b"zq7 x").code, 0);
    assert_eq!(slt_with(at, &sign, &[("COSIGN_PASSWORD", "zq7 x")]).code, 0);
    let wrong = given(at, &stdin, b"zq7 y\n");
    assert_eq!(wrong.code, 2);
    assert!(!wrong.stderr.contains("zq7"));
    insta::assert_snapshot!(wrong.stderr, @r"
    error: `k.key` cannot be used: the password is wrong, or the file is damaged
    hint: `COSIGN_PASSWORD` and `--password-stdin` are taken as they are, without a newline at the end
    ");
    let none = slt(at, &sign);
    assert_eq!(none.code, 2);
    insta::assert_snapshot!(none.stderr, @r"
    error: `k.key` cannot be used: it is encrypted, and there is no password for it
    hint: set `COSIGN_PASSWORD`, or give the password on standard input with `--password-stdin`
    ");
    let long = given(at, &stdin, &[b'z'; 5_000]);
    assert_eq!(long.code, 2);
    assert!(long.stderr.contains("more than 4096 bytes"), "{}", long.stderr);
}

#[test]
fn prefixes_that_name_no_file() {
    let folder = folder(&[("auth/x", b"")]);
    let at = folder.path();
    for (prefix, said) in [
        ("auth/", "`auth/` names no file"),
        ("/", "`/` names no file"),
        (".", "`.` names no file"),
        ("auth/..", "`auth/..` names no file"),
        (
            "k9.key",
            "`.key` is added to `k9.key`, which ends with it\nhint: `slt keygen k9` writes",
        ),
        ("k9.pub", "`.pub` is added to `k9.pub`"),
    ] {
        let refused = run(at, &["keygen", prefix]);
        assert_eq!(refused.code, 2, "{prefix}");
        assert!(refused.stderr.contains(said), "{prefix}: {}", refused.stderr);
    }
    let empty = given(at, &["keygen", "k", "--password-stdin"], b"\n");
    assert_eq!(empty.code, 2);
    insta::assert_snapshot!(empty.stderr, @r"
    error: there is no password on standard input
    hint: `COSIGN_PASSWORD=` says that the key is to have none
    ");
    let files: Vec<_> = std::fs::read_dir(at).unwrap().collect();
    assert_eq!(files.len(), 1);
    // a key without one is not called encrypted
    let none = slt_with(at, &["keygen", "k"], &[("COSIGN_PASSWORD", "")]);
    assert_eq!(none.code, 0, "{}", none.stderr);
    let said = "k.key is the private key, without a password: whoever has the file can sign with it\n";
    assert!(none.stdout.starts_with(said), "{}", none.stdout);
}

#[test]
fn json() {
    let folder = folder(&[]);
    let made = run(folder.path(), &["keygen", "k", "--format", "json"]);
    let line: serde_json::Value = serde_json::from_str(&made.stdout).unwrap();
    assert_eq!(line["kind"], "key-pair");
    assert_eq!(line["private"], "k.key");
    assert_eq!(line["public"], "k.pub");
    assert!(line["fingerprint"].as_str().unwrap().starts_with("sha256:"));
}
