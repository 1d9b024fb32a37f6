//! `slt::registry` on two real registries, beside crane and cosign: what we push they read, what they copy we read, and what refers to an
//! artifact is all there whoever attached it, in which order.

#![allow(clippy::disallowed_methods)] // listens on the wire beside what is tested

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use slt::registry::{Attachment, Client, Content, Descriptor, Reference, Settings, media};

use super::{Services, services};
use crate::command::{folder, slt};
use crate::refusals::scene::fixture;

/// Both of them.
fn registries(judges: &Services) -> [(&str, &str); 2] {
    [
        ("docker-registry", judges.plain.as_str()),
        ("a registry with the referrers API", judges.referrers.as_str()),
    ]
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

/// An artifact of one blob.
async fn push(client: &Client, at: &Reference, layer: Vec<u8>) -> Descriptor {
    let config = br#"{"architecture":"wasm","os":"wasip2"}"#.to_vec();
    let config = client
        .push_blob(at, Content::from(config), "application/vnd.wasm.config.v0+json")
        .await
        .unwrap();
    let layer = client
        .push_blob(at, Content::from(layer), "application/wasm")
        .await
        .unwrap();
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": media::MANIFEST, "config": config.to_oci(), "layers": [layer.to_oci()],
    });
    let bytes = serde_json::to_vec(&manifest).unwrap();
    client.push_manifest(at, &bytes, media::MANIFEST).await.unwrap()
}

/// Attaches a note of ours.
async fn attach(client: &Client, at: &Reference, subject: &Descriptor, note: &str) -> Descriptor {
    let attachment = Attachment {
        artifact_type: "application/vnd.example.note".to_owned(),
        layers: vec![("text/plain".to_owned(), note.as_bytes().to_vec(), BTreeMap::new())],
        ..Attachment::default()
    };
    client.attach((at, subject), attachment).await.unwrap()
}

fn sign(judges: &Services, here: &Path, key: &str, image: &str) {
    let arguments = [
        "sign",
        "-y",
        "--key",
        key,
        "--use-signing-config=false",
        "--tlog-upload=false",
        image,
    ];
    let run = judges.run("cosign", here, &arguments);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
#[ignore = "needs the judges of artifacts"]
fn what_refers_is_all_there_whoever_attached_it() {
    let judges = services();
    let here = folder(&[("one.key", &fixture("cosign.key")), ("one.pub", &fixture("cosign.pub"))]);
    let made = judges.run(
        "cosign",
        here.path(),
        &["generate-key-pair", "--output-key-prefix", "two"],
    );
    assert_eq!(made.code, 0, "{}", made.stderr);
    for (name, registry) in registries(judges) {
        for ours_first in [true, false] {
            let client = Client::new(Settings::default()).unwrap();
            let at: Reference = format!("{registry}/referrers/app:{ours_first}").parse().unwrap();
            let subject = block_on(push(&client, &at, vec![u8::from(ours_first)]));
            let at = at.with_digest(subject.digest.clone());
            let mut ours = Vec::new();
            if ours_first {
                ours.push(block_on(attach(&client, &at, &subject, "before")));
            }
            sign(judges, here.path(), "one.key", &at.to_string());
            ours.push(block_on(attach(&client, &at, &subject, "between")));
            sign(judges, here.path(), "two.key", &at.to_string());
            ours.push(block_on(attach(&client, &at, &subject, "after")));

            let all = block_on(client.referrers(&at)).unwrap();
            assert_eq!(all.len(), ours.len() + 2, "{name}: {all:?}");
            let is_there = |note: &Descriptor| {
                all.iter()
                    .any(|found| found.digest == note.digest && found.size == note.size)
            };
            assert!(ours.iter().all(is_there), "{name}: {all:?}");
            for key in ["one.pub", "two.pub"] {
                let arguments = ["verify", "--key", key, "--insecure-ignore-tlog", &at.to_string()];
                let run = judges.run("cosign", here.path(), &arguments);
                assert_eq!(run.code, 0, "{name}, {key}: {}", run.stderr);
            }
        }
    }
}

/// A component with nothing in it but a section that nobody reads: header, section 0, its length in LEB128, its name.
fn component(padding: usize) -> Vec<u8> {
    let mut component = b"\0asm\x0d\0\x01\0\0".to_vec();
    let mut length = padding + 2;
    while length > 0x7f {
        component.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    component.push(length as u8);
    component.extend(b"\x01x");
    component.extend((0..padding).map(|at| (at % 251) as u8));
    component
}

#[test]
#[ignore = "needs the judges of artifacts"]
fn crane_reads_what_slt_pushes_and_slt_pulls_what_crane_copies() {
    let judges = services();
    let component = component(3 << 20);
    for (name, registry) in registries(judges) {
        let here = folder(&[("app.wasm", &component)]);
        let done = |run: crate::command::Run| {
            assert_eq!(run.code, 0, "{name}: {}", run.stderr);
            run.stdout
        };
        let crane = |arguments: &[&str]| {
            let (command, rest) = arguments.split_first().unwrap();
            done(judges.run("crane", here.path(), &[&[*command, "--insecure"], rest].concat()))
        };
        let read = |name: &str| std::fs::read(here.path().join(name)).unwrap();
        let (from, to) = (format!("{registry}/pushed/app:1"), format!("{registry}/pushed/copy:2"));
        let pushed = done(slt(here.path(), &["push", "app.wasm", &from]));
        let digest = crane(&["digest", &from]);
        assert_eq!(
            pushed.trim(),
            format!("{registry}/pushed/app@{}", digest.trim()),
            "{name}"
        );
        let manifest = crane(&["manifest", &from]);
        assert_eq!(
            format!("sha256:{}", sha256(manifest.as_bytes())),
            digest.trim(),
            "{name}"
        );
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        assert_eq!(manifest["layers"][0]["size"], component.len(), "{name}");
        crane(&["export", &from, "exported.wasm"]);
        assert!(read("exported.wasm") == component, "{name}");

        // to another repository, and from there through a file of crane's to a third
        crane(&["copy", &from, &to]);
        crane(&["pull", "--format=oci", &to, "layout"]);
        let again = format!("{registry}/pushed/again:3");
        crane(&["push", "layout", &again]);
        for copy in [to, again] {
            done(slt(here.path(), &["pull", &copy, "-o", "pulled.wasm"]));
            assert!(read("pulled.wasm") == component, "{name}");
            let inspected = done(slt(here.path(), &["inspect", &copy]));
            assert!(inspected.contains(digest.trim()), "{name}: {inspected}");
            let other = folder(&[("app.wasm", &read("pulled.wasm"))]);
            let pushed = done(slt(other.path(), &["push", "app.wasm", &copy]));
            assert!(pushed.contains(digest.trim()), "{name}: {pushed}");
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    slt::registry::Digest::of(bytes).hex().to_owned()
}

/// What somebody said.
type Heard = Arc<Mutex<Vec<u8>>>;

/// Listens between slt and a registry: where, and what the one and the other said.
fn overheard(registry: &str) -> (String, [Heard; 2]) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard: [Heard; 2] = Default::default();
    let (registry, [asked, answered]) = (registry.to_owned(), heard.clone());
    std::thread::spawn(move || {
        for near in listener.incoming() {
            let (near, far) = (near.unwrap(), TcpStream::connect(&registry).unwrap());
            let ways = [
                (near.try_clone().unwrap(), far.try_clone().unwrap(), Arc::clone(&asked)),
                (far, near, Arc::clone(&answered)),
            ];
            for (mut from, mut to, heard) in ways {
                std::thread::spawn(move || {
                    let mut piece = [0; 4_096];
                    while let Ok(read @ 1..) = from.read(&mut piece) {
                        heard.lock().unwrap().extend(&piece[..read]);
                        if to.write_all(&piece[..read]).is_err() {
                            break;
                        }
                    }
                    let _ = to.shutdown(Shutdown::Write);
                });
            }
        }
    });
    (address, heard)
}

#[test]
#[ignore = "needs the judges of artifacts"]
fn a_registry_mounts_what_another_of_its_repositories_has() {
    let judges = services();
    let component = component(1 << 20);
    // the other registry has every blob in every repository
    let registry = judges.plain.as_str();
    let here = folder(&[("app.wasm", &component)]);
    let done = |run: crate::command::Run| assert_eq!(run.code, 0, "{}", run.stderr);
    done(slt(
        here.path(),
        &["push", "app.wasm", &format!("{registry}/mounted/from:1")],
    ));
    let (between, [asked, answered]) = overheard(registry);
    let to = format!("{between}/mounted/to:1");
    done(slt(
        here.path(),
        &["push", "app.wasm", &to, "--mount-from", "mounted/from"],
    ));
    let asked = String::from_utf8_lossy(&asked.lock().unwrap()).into_owned();
    let mounting = format!(
        "POST /v2/mounted/to/blobs/uploads/?mount=sha256%3A{}",
        sha256(&component)
    );
    assert!(asked.contains(&mounting), "{asked}");
    assert!(asked.len() < component.len(), "it was sent");
    let answered = String::from_utf8_lossy(&answered.lock().unwrap()).into_owned();
    // what is there not, what was mounted
    assert!(
        answered.contains("HTTP/1.1 404") && answered.contains("HTTP/1.1 201"),
        "{answered}"
    );
    done(slt(
        here.path(),
        &["pull", &format!("{registry}/mounted/to:1"), "-o", "back.wasm"],
    ));
    assert!(std::fs::read(here.path().join("back.wasm")).unwrap() == component);
}

#[test]
#[ignore = "needs the judges of artifacts"]
fn what_cosign_uploads_slt_pulls() {
    let judges = services();
    let component = component(1_000);
    for (name, registry) in registries(judges) {
        let here = folder(&[("app.wasm", &component)]);
        let at = format!("{registry}/uploaded/app:1");
        let uploaded = judges.run("cosign", here.path(), &["upload", "wasm", "-f", "app.wasm", &at]);
        assert_eq!(uploaded.code, 0, "{name}: {}", uploaded.stderr);
        let pulled = slt(here.path(), &["pull", &at, "-o", "back.wasm"]);
        assert_eq!(pulled.code, 0, "{name}: {}", pulled.stderr);
        assert_eq!(
            std::fs::read(here.path().join("back.wasm")).unwrap(),
            component,
            "{name}"
        );
    }
}
