//! The corpora of the fuzz targets (`fuzz/`), as a plain test: what a fuzzer once found stays mended without one.

use std::path::{Path, PathBuf};

use crate::tidy::{File, files};

#[path = "../../fuzz/laws.rs"]
pub mod laws;

/// What is kept of a corpus is what reaches different code, not all that was tried.
const CORPORA_MAX_BYTES: u64 = 300 << 10;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn corpus(target: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder().join("corpus").join(target)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn the_corpora_keep_the_laws() {
    let mut total_bytes = 0;
    for (target, law) in [
        ("slightfile", laws::slightfile as fn(&[u8])),
        ("component", laws::component),
    ] {
        let files = corpus(target);
        assert!(files.len() >= 20, "{target}: {} files", files.len());
        for path in files {
            let bytes = std::fs::read(&path).unwrap();
            total_bytes += bytes.len() as u64;
            let held = std::panic::catch_unwind(|| law(&bytes));
            assert!(
                held.is_ok(),
                "{} breaks a law: the panic above says which",
                path.display()
            );
        }
    }
    assert!(total_bytes <= CORPORA_MAX_BYTES, "{total_bytes} bytes");
}

/// The fuzz targets are compiled by hand only: that they have the dependencies of the rooms that they take from slt, and in slt's
/// versions, is seen here.
#[test]
fn the_fuzz_targets_have_the_dependencies_of_slt() {
    let rooms = files(
        &[
            "src/slightfile",
            "src/validate",
            "src/catalogue.rs",
            "src/ui/diagnostics.rs",
        ],
        &["rs"],
    );
    let code: String = rooms
        .iter()
        .flat_map(File::code)
        .map(|(_, line)| format!("{line}\n"))
        .collect();
    let manifest = |path: PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        text.parse::<toml_edit::DocumentMut>().unwrap()
    };
    let fuzz = manifest(folder().join("Cargo.toml"));
    let slt = manifest(folder().with_file_name("Cargo.toml"));
    for (name, wanted) in fuzz["dependencies"].as_table().unwrap() {
        if name == "libfuzzer-sys" {
            continue;
        }
        let own = &slt["dependencies"][name];
        let own = match own.get("workspace") {
            Some(_) => &slt["workspace"]["dependencies"][name],
            None => own,
        };
        assert_eq!(own.to_string().trim(), wanted.to_string().trim(), "{name}");
    }
    for (name, _) in slt["dependencies"].as_table().unwrap() {
        let path = format!("{}::", name.replace('-', "_"));
        // `ring::` is not what `String::` says
        let is_word = |at: usize| !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
        let used = code.match_indices(&path).any(|(at, _)| is_word(at));
        assert!(
            !used || fuzz["dependencies"].get(name).is_some(),
            "fuzz/Cargo.toml lacks {name}"
        );
    }
}
