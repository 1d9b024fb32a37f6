//! SBOMs: valid by the standards' own schemas, true of what was built, and the same again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use boon::{Compiler, Schemas};
use serde_json::Value;

use crate::command::{Run, folder, slt_with};
use crate::projects;

/// The schemas that a document of each format is held against: the name, and the files by their addresses.
const CYCLONEDX: &[(&str, &str)] = &[
    (
        "http://cyclonedx.org/schema/bom-1.6.schema.json",
        include_str!("attest/bom-1.6.SNAPSHOT.schema.json"),
    ),
    (
        "http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json",
        include_str!("attest/jsf-0.82.SNAPSHOT.schema.json"),
    ),
    (
        "http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json",
        include_str!("attest/spdx.SNAPSHOT.schema.json"),
    ),
];
const SPDX: &[(&str, &str)] = &[(
    "http://spdx.org/rdf/terms/2.3",
    include_str!("attest/spdx-schema-2.3.json"),
)];

fn validated(schema: &[(&str, &str)], document: &Value) -> Result<(), String> {
    let mut schemas = Schemas::new();
    let mut compiler = Compiler::new();
    compiler.enable_format_assertions();
    for (address, text) in schema {
        compiler
            .add_resource(address, serde_json::from_str(text).unwrap())
            .unwrap();
    }
    let index = compiler.compile(schema[0].0, &mut schemas).unwrap();
    schemas.validate(document, index).map_err(|error| error.to_string())
}

fn parsed(run: &Run) -> Value {
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

/// The names of a document's packages.
fn names(packages: &Value) -> BTreeSet<&str> {
    let packages = packages.as_array().unwrap().iter();
    packages.map(|package| package["name"].as_str().unwrap()).collect()
}

/// The packages in the guest, as `cargo tree` has them: what is compiled into it, without macros and what only they use.
fn in_guest(project: &projects::Project) -> BTreeSet<String> {
    let edges = "normal,no-proc-macro";
    let arguments = [
        "tree",
        "--offline",
        "-e",
        edges,
        "--target",
        "wasm32-wasip2",
        "--prefix",
        "none",
        "-f",
        "{p}",
    ];
    let output = std::process::Command::new("cargo")
        .args(arguments)
        .current_dir(project.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let name = |line: &str| line.split(' ').next().unwrap().to_owned();
    text.lines()
        .filter(|line| !line.contains("(proc-macro)"))
        .map(name)
        .collect()
}

#[test]
fn a_project_in_rust_as_cyclonedx() {
    let project = projects::rust("sbom-cyclonedx");
    let document = parsed(&project.slt(&["sbom"]));
    validated(CYCLONEDX, &document).unwrap();
    let own = &document["metadata"]["component"];
    assert_eq!(
        (&own["name"], &own["version"]),
        (&"sbom-cyclonedx".into(), &"0.1.0".into())
    );
    let expected = in_guest(&project);
    let mut found = names(&document["components"]);
    found.insert("sbom-cyclonedx");
    assert_eq!(found, expected.iter().map(String::as_str).collect());

    // what is known of one of them
    let components = document["components"].as_array().unwrap();
    let bindgen = components
        .iter()
        .find(|package| package["name"] == "wit-bindgen")
        .unwrap();
    let purl = bindgen["purl"].as_str().unwrap();
    assert!(purl.starts_with("pkg:cargo/wit-bindgen@0."), "{purl}");
    let lock = std::fs::read_to_string(project.path().join("Cargo.lock")).unwrap();
    let checksum = bindgen["hashes"][0]["content"].as_str().unwrap();
    assert!(lock.contains(&format!("checksum = \"{checksum}\"")));
    assert!(
        bindgen["licenses"][0]["expression"]
            .as_str()
            .unwrap()
            .contains("Apache-2.0")
    );

    // the graph: every reference is one of the document's, and the application uses what its manifest says
    let dependencies = document["dependencies"].as_array().unwrap();
    let graph: BTreeMap<&str, &Value> = dependencies
        .iter()
        .map(|row| (row["ref"].as_str().unwrap(), &row["dependsOn"]))
        .collect();
    let mut known: BTreeSet<&str> = components
        .iter()
        .map(|part| part["bom-ref"].as_str().unwrap())
        .collect();
    known.insert("component");
    assert_eq!(known, graph.keys().copied().collect());
    assert_eq!(graph["component"], &serde_json::json!([purl]));

    // the component, and the modules in it
    let bytes = std::fs::read(project.path().join("dist/sbom-cyclonedx.wasm")).unwrap();
    assert_eq!(own["hashes"][0]["content"], sha256(&bytes));
    assert!(
        own["components"]
            .as_array()
            .unwrap()
            .iter()
            .all(|part| part["hashes"][0]["alg"] == "SHA-256")
    );
    let language = own["properties"].as_array().unwrap().iter();
    assert!(
        language
            .clone()
            .any(|row| row["name"] == "wasm:producers:language" && row["value"].as_str().unwrap().starts_with("Rust"))
    );
}

#[test]
fn a_project_in_rust_as_spdx() {
    let project = projects::rust("sbom-spdx");
    let document = parsed(&project.slt(&["sbom", "--spec", "spdx"]));
    validated(SPDX, &document).unwrap();
    let expected = in_guest(&project);
    let packages = document["packages"].as_array().unwrap();
    let libraries = packages
        .iter()
        .filter(|package| package["primaryPackagePurpose"] != "FILE");
    let found: BTreeSet<&str> = libraries.map(|package| package["name"].as_str().unwrap()).collect();
    assert_eq!(found, expected.iter().map(String::as_str).collect());
    let ids: BTreeSet<&str> = packages
        .iter()
        .map(|package| package["SPDXID"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), packages.len(), "ids are unique");
    for relationship in document["relationships"].as_array().unwrap() {
        let to = relationship["relatedSpdxElement"].as_str().unwrap();
        assert!(ids.contains(to), "{to}");
    }
    assert_eq!(document["documentDescribes"], serde_json::json!(["SPDXRef-Component"]));
}

#[test]
fn the_same_component_gives_the_same_document() {
    let project = projects::rust("sbom-same");
    for spec in ["cyclonedx", "spdx"] {
        let run = |environment: &[(&str, &str)]| project.slt_with(&["sbom", "--spec", spec], environment).stdout;
        let first = run(&[]);
        assert_eq!(first, run(&[]), "{spec}");
        let later = run(&[("SOURCE_DATE_EPOCH", "1700000000")]);
        assert!(
            first.contains("1970-01-01T00:00:00Z") && later.contains("2023-11-14T22:13:20Z"),
            "{spec}"
        );
        // nothing of this machine is in it
        for own in [project.path().to_str().unwrap(), env!("CARGO_MANIFEST_DIR")] {
            assert!(!first.contains(own), "{spec}: {own}");
        }
    }
    let run = project.slt_with(&["sbom"], &[("SOURCE_DATE_EPOCH", "yesterday")]);
    assert_eq!(run.code, 2);
    assert_eq!(
        run.stderr,
        "error: `SOURCE_DATE_EPOCH` is no number of seconds: `yesterday`\n\
         hint: for example the time of the last commit: `git log -1 --format=%ct`\n"
    );
}

#[test]
fn a_component_that_says_little() {
    let bytes = wat::parse_str("(component $orders (core module $main (func)) (core module))").unwrap();
    let folder = folder(&[("a.wasm", &bytes)]);
    for (spec, schema) in [("cyclonedx", CYCLONEDX), ("spdx", SPDX)] {
        let document = parsed(&slt_with(folder.path(), &["sbom", "a.wasm", "--spec", spec], &[]));
        validated(schema, &document).unwrap();
    }
    let run = slt_with(folder.path(), &["sbom", "a.wasm", "-o", "a.json", "-q"], &[]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
    insta::assert_snapshot!(std::fs::read_to_string(folder.path().join("a.json")).unwrap());
    let dash = slt_with(folder.path(), &["sbom", "a.wasm", "-o", "-"], &[]);
    assert_eq!(
        dash.stdout,
        std::fs::read_to_string(folder.path().join("a.json")).unwrap()
    );
    for (arguments, what) in [
        (["sbom", "a.wasm", "-o", "./a.wasm"], "the component"),
        (["sbom", ".", "-o", "Cargo.toml"], "a part of the project"),
    ] {
        std::fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        let run = slt_with(folder.path(), &arguments, &[]);
        assert_eq!(run.code, 2);
        assert!(
            run.stderr.contains(&format!("is {what}, and would be overwritten")),
            "{}",
            run.stderr
        );
    }
    assert_eq!(std::fs::read(folder.path().join("a.wasm")).unwrap(), bytes);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn the_schemas_refuse_what_is_wrong() {
    let bytes = wat::parse_str("(component)").unwrap();
    let folder = folder(&[("a.wasm", &bytes)]);
    let document = |spec: &str| parsed(&slt_with(folder.path(), &["sbom", "a.wasm", "--spec", spec], &[]));
    let mut wrong = document("cyclonedx");
    wrong["serialNumber"] = "urn:uuid:7".into();
    assert!(validated(CYCLONEDX, &wrong).is_err());
    let mut wrong = document("spdx");
    wrong["packages"][0].as_object_mut().unwrap().remove("downloadLocation");
    assert!(validated(SPDX, &wrong).is_err());
}

#[test]
fn what_is_no_component() {
    let folder = folder(&[("sub/a.txt", b"text"), ("cut.wasm", b"\0asm\x0d\0\x01\0\x01")]);
    for (arguments, code, said) in [
        (
            ["sbom", "sub/a.txt"],
            1,
            "error: `sub/a.txt`: it is neither a component nor a core module\n",
        ),
        (["sbom", "cut.wasm"], 1, "error: `cut.wasm` is no valid component: "),
        (["sbom", "b.wasm"], 2, "error: cannot read `b.wasm`: no such file"),
    ] {
        let run = slt_with(folder.path(), &arguments, &[]);
        assert_eq!(run.code, code);
        assert!(run.stderr.starts_with(said), "{}", run.stderr);
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_schemas_have_an_origin() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/attest");
    let origin = std::fs::read_to_string(folder.join("ORIGIN.md")).unwrap();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        assert!(name == "ORIGIN.md" || origin.contains(&format!("`{name}`")), "{name}");
    }
}

/// 26 KB of packages that all use the last one take no time; as many as no program has are refused.
#[test]
fn a_list_of_packages_takes_time_as_it_is_long() {
    use std::io::Write;
    let module = |count: usize| {
        let package = format!(
            r#"{{"name":"a","version":"1","source":"crates.io","dependencies":[{0},{0}]}}"#,
            count - 1
        );
        let list = format!(r#"{{"packages":[{}]}}"#, vec![package; count].join(","));
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(list.as_bytes()).unwrap();
        let data = encoder.finish().unwrap();
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        let (name, data) = (".dep-v0".into(), data.into());
        use wasm_encoder::Section;
        wasm_encoder::CustomSection { name, data }.append_to(&mut bytes);
        bytes
    };
    let folder = folder(&[("most.wasm", &module(20_000)), ("more.wasm", &module(120_000))]);
    let most = parsed(&slt_with(folder.path(), &["sbom", "most.wasm"], &[]));
    assert_eq!(most["components"].as_array().unwrap().len(), 20_000);
    assert_eq!(most["components"][19_999]["bom-ref"], "pkg:cargo/a@1#19999");
    let more = slt_with(folder.path(), &["sbom", "more.wasm"], &[]);
    assert_eq!(more.code, 1, "{}", more.stderr);
    assert!(
        more.stderr.contains("lists more packages than a program has"),
        "{}",
        more.stderr
    );
}
