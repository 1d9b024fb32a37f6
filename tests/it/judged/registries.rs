//! `slt::registry` on two real registries, beside crane and cosign: what we push they read, what they copy we read, and what refers to an
//! artifact is all there whoever attached it, in which order.

use std::collections::BTreeMap;
use std::path::Path;

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

#[test]
#[ignore = "needs the judges of artifacts"]
fn crane_reads_what_we_push_and_we_read_what_it_copies() {
    let judges = services();
    let here = folder(&[]);
    let crane = |arguments: &[&str]| {
        let run = judges.run("crane", here.path(), arguments);
        assert_eq!(run.code, 0, "crane {arguments:?}: {}", run.stderr);
        run.stdout
    };
    for (name, registry) in registries(judges) {
        let client = Client::new(Settings::default()).unwrap();
        let at: Reference = format!("{registry}/crane/app:1").parse().unwrap();
        let component = (0..300_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>();
        let pushed = block_on(push(&client, &at, component.clone()));
        let ours = block_on(client.manifest(&at)).unwrap();
        assert_eq!(
            crane(&["manifest", "--insecure", &at.to_string()]).as_bytes(),
            ours.bytes,
            "{name}"
        );
        assert_eq!(
            crane(&["digest", "--insecure", &at.to_string()]).trim(),
            pushed.digest.to_string()
        );
        let blob = format!("{registry}/crane/app@{}", Descriptor::of(&component, "").digest);
        assert!(crane(&["blob", "--insecure", &blob]).len() > 300_000, "{name}");

        // through a file of crane's, to another repository and another tag
        let copy = format!("{registry}/crane/copies/app:2");
        crane(&["copy", "--insecure", &at.to_string(), &copy]);
        crane(&["pull", "--insecure", "--format=oci", &copy, "layout"]);
        let again = format!("{registry}/crane/pushed/app:3");
        crane(&["push", "--insecure", "layout", &again]);
        std::fs::remove_dir_all(here.path().join("layout")).unwrap();
        for copy in [copy, again] {
            let copy: Reference = copy.parse().unwrap();
            let read = block_on(client.manifest(&copy)).unwrap();
            assert_eq!(
                (read.bytes, read.descriptor.digest.clone()),
                (ours.bytes.clone(), pushed.digest.clone()),
                "{name}"
            );
            let layer = Descriptor::of(&component, "application/wasm");
            assert_eq!(
                block_on(client.blob(&copy, &layer, 2 << 20)).unwrap(),
                component,
                "{name}"
            );
        }
    }
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
fn what_crane_copies_slt_pulls() {
    let judges = services();
    let component = component(3 << 20);
    for (name, registry) in registries(judges) {
        let here = folder(&[("app.wasm", &component)]);
        let done = |run: crate::command::Run| {
            assert_eq!(run.code, 0, "{name}: {}", run.stderr);
            run.stdout
        };
        let (from, to) = (format!("{registry}/pushed/app:1"), format!("{registry}/pushed/copy:2"));
        let pushed = done(slt(here.path(), &["push", "app.wasm", &from]));
        let digest = done(judges.run("crane", here.path(), &["digest", "--insecure", &from]));
        assert!(pushed.contains(digest.trim()), "{name}: {pushed}");
        let blob = done(judges.run("crane", here.path(), &["export", "--insecure", &from, "exported.wasm"]));
        assert_eq!(blob, "");
        assert_eq!(
            std::fs::read(here.path().join("exported.wasm")).unwrap(),
            component,
            "{name}"
        );
        done(judges.run("crane", here.path(), &["copy", "--insecure", &from, &to]));
        done(slt(here.path(), &["pull", &to, "-o", "pulled.wasm"]));
        assert_eq!(
            std::fs::read(here.path().join("pulled.wasm")).unwrap(),
            component,
            "{name}"
        );
        let other = folder(&[("app.wasm", &std::fs::read(here.path().join("pulled.wasm")).unwrap())]);
        let again = done(slt(other.path(), &["push", "app.wasm", &to]));
        assert!(again.contains(digest.trim()), "{name}: {again}");
    }
}
