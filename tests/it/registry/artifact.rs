//! Artifacts of components: always the same digest, what others have written, and what is none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use slt::registry::artifact::{About, Artifact, CONFIG, LAYER, Package};
use slt::registry::outline::{Kind, outline};
use slt::registry::{Client, Descriptor, Digest, Error, Fault as Whose, media};

use super::client::{block_on, client, reference};
use super::server::Server;

/// A component without anything in it.
pub const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// A core module without anything in it.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

const REPOSITORY: &str = "team/app";

fn about() -> About {
    About {
        title: "app.wasm".to_owned(),
        author: Some("me".to_owned()),
        created: "1970-01-01T00:00:00Z".to_owned(),
        annotations: BTreeMap::from([("b".to_owned(), "2".to_owned()), ("a".to_owned(), "1".to_owned())]),
    }
}

fn package(folder: &Path, bytes: &[u8]) -> Package {
    let path = folder.join("app.wasm");
    std::fs::write(&path, bytes).unwrap();
    Package::of_file(&path, &about()).unwrap()
}

async fn fetched(client: &Client, server: &Server, folder: &Path) -> Result<Vec<u8>, Error> {
    let artifact = Artifact::find(client, &reference(server, &format!("{REPOSITORY}:1"))).await?;
    let path = folder.join("fetched");
    artifact.fetch(client, &path).await?;
    Ok(std::fs::read(path).unwrap())
}

#[test]
fn one_component_is_one_digest() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start();
    let client = client();
    let digests: BTreeSet<String> = (0..50)
        .map(|number| {
            let package = package(folder.path(), COMPONENT);
            let at = reference(&server, &format!("{REPOSITORY}:{number}"));
            block_on(package.push(&client, &at, None)).unwrap().digest.to_string()
        })
        .collect();
    assert_eq!(digests.len(), 1);
    // the same on every machine
    insta::assert_snapshot!(digests.first().unwrap(), @"sha256:d865d17a133a51c92578a7a358cc058820b0f7d93f122e9e520a22e25af40b0a");
    insta::assert_snapshot!(format!("{:#}", server.manifest(REPOSITORY, "7").unwrap()), @r#"
    {
      "schemaVersion": 2,
      "mediaType": "application/vnd.oci.image.manifest.v1+json",
      "config": {
        "mediaType": "application/vnd.wasm.config.v0+json",
        "digest": "sha256:9069f42cc02655b7383b0ae14165840eb0cf042fd3dbd86c3e5f1c955c84afac",
        "size": 215
      },
      "layers": [
        {
          "mediaType": "application/wasm",
          "digest": "sha256:24eaf3439a60c96764c4f2c92a0a81b52bd4fe5d5b91f090184a0f6486b1bf29",
          "size": 8,
          "annotations": {
            "org.opencontainers.image.title": "app.wasm"
          }
        }
      ],
      "annotations": {
        "a": "1",
        "b": "2"
      }
    }
    "#);
    let manifest = server.manifest(REPOSITORY, "7").unwrap();
    let config = server
        .blob(REPOSITORY, manifest["config"]["digest"].as_str().unwrap())
        .unwrap();
    insta::assert_snapshot!(String::from_utf8(config.to_vec()).unwrap(), @r#"{"created":"1970-01-01T00:00:00Z","author":"me","architecture":"wasm","os":"wasip2","layerDigests":["sha256:24eaf3439a60c96764c4f2c92a0a81b52bd4fe5d5b91f090184a0f6486b1bf29"],"component":{"exports":[],"imports":[]}}"#);
}

#[test]
fn what_is_pushed_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let client = client();
    for bytes in [COMPONENT, MODULE] {
        let server = Server::start();
        let package = package(folder.path(), bytes);
        let at = reference(&server, &format!("{REPOSITORY}:1"));
        let pushed = block_on(package.push(&client, &at, None)).unwrap();
        assert_eq!(pushed, package.descriptor);
        let artifact = block_on(Artifact::find(&client, &at)).unwrap();
        assert_eq!((&artifact.manifest, &artifact.asked), (&pushed, &pushed));
        let config = artifact.config.as_ref().unwrap();
        assert_eq!(config.os, if bytes == COMPONENT { "wasip2" } else { "wasip1" });
        assert_eq!(config.component.is_some(), bytes == COMPONENT);
        assert_eq!(block_on(fetched(&client, &server, folder.path())).unwrap(), bytes);
    }
}

#[test]
fn without_a_tag_nothing_has_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let (server, client) = (Server::start(), client());
    let package = package(folder.path(), COMPONENT);
    let at = reference(&server, &format!("{REPOSITORY}:1"));
    let by_digest = at.with_digest(package.descriptor.digest.clone());
    block_on(package.push(&client, &by_digest, None)).unwrap();
    assert!(server.tags(REPOSITORY).is_empty());
    assert_eq!(block_on(client.resolve(&by_digest)).unwrap(), package.descriptor);
    block_on(package.tag(&client, &at)).unwrap();
    assert_eq!(server.tags(REPOSITORY), ["1"]);
}

/// A manifest as somebody else has written it, with these layers.
struct Foreign<'a> {
    config: (&'a str, Value),
    layers: Vec<(&'a str, &'a [u8])>,
}

impl Foreign<'_> {
    fn descriptor(server: &Server, media_type: &str, bytes: &[u8]) -> Value {
        server.put_blob(REPOSITORY, bytes);
        serde_json::to_value(Descriptor::of(bytes, media_type).to_oci()).unwrap()
    }

    fn bytes(&self, server: &Server) -> Vec<u8> {
        let (config_type, config) = &self.config;
        let layers = self.layers.iter();
        let layers: Vec<Value> = layers.map(|(is, bytes)| Self::descriptor(server, is, bytes)).collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": media::MANIFEST,
            "config": Self::descriptor(server, config_type, config.to_string().as_bytes()),
            "layers": layers,
        });
        manifest.to_string().into_bytes()
    }

    fn put(&self, server: &Server) -> Digest {
        server.put_manifest(REPOSITORY, "1", media::MANIFEST, &self.bytes(server))
    }
}

/// A config of the CNCF layout for this layer.
fn config(os: &str, layer: &[u8]) -> Value {
    json!({
        "created": "2026-01-01T00:00:00Z",
        "author": null,
        "architecture": "wasm",
        "os": os,
        "layerDigests": [Digest::of(layer).to_string()],
        "component": { "exports": [], "imports": [], "target": null },
    })
}

/// Who writes an artifact, the bytes of the config, and the manifest around its descriptor and the layer's.
type Written = (&'static str, Value, fn(Value, Value) -> Value);

/// A descriptor with more in it.
fn with(mut descriptor: Value, name: &str, value: Value) -> Value {
    descriptor[name] = value;
    descriptor
}

fn typed(mut descriptor: Value, media_type: &str) -> Value {
    descriptor["mediaType"] = json!(media_type);
    descriptor
}

/// What other tools write, field by field, from their sources: only `cosign upload wasm` was run, too
/// (`tests/it/judged/registries.rs`).
fn written() -> Vec<Written> {
    let oci_wasm = || {
        json!({
            "created": "2026-01-01T00:00:00.123456789Z",
            "author": null,
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [Digest::of(COMPONENT).to_string()],
            "component": { "exports": [], "imports": [], "target": null },
        })
    };
    vec![
        // https://github.com/bytecodealliance/wasm-pkg-tools, crates/wkg/src/oci.rs, on oci-wasm's `WasmClient::push`
        ("wkg 0.16.1, `wkg oci push`", oci_wasm(), |config, layer| {
            json!({
                "schemaVersion": 2,
                "mediaType": media::MANIFEST,
                "config": typed(config, CONFIG),
                "layers": [with(typed(layer, LAYER), "annotations", json!({ "org.opencontainers.image.title": "app.wasm" }))],
            })
        }),
        // crates/wasm-pkg-client/src/oci/publisher.rs
        ("wkg 0.16.1, `wkg publish`", oci_wasm(), |config, layer| {
            json!({
                "schemaVersion": 2,
                "mediaType": media::MANIFEST,
                "config": typed(config, CONFIG),
                "layers": [with(typed(layer, LAYER), "annotations", json!({ "org.opencontainers.image.title": "app.wasm" }))],
                "annotations": {
                    "org.opencontainers.image.authors": "me",
                    "org.opencontainers.image.description": "an app",
                    "org.opencontainers.image.licenses": "MIT",
                    "org.opencontainers.image.version": "1.0.0",
                },
            })
        }),
        // https://github.com/wasmCloud/wasmCloud, crates/wash-runtime/src/oci.rs, `push_component`
        ("wash 2.7.0, `wash oci push`", oci_wasm(), |config, layer| {
            json!({
                "schemaVersion": 2,
                "mediaType": media::MANIFEST,
                "config": typed(config, CONFIG),
                "layers": [typed(layer, LAYER)],
                "annotations": { "org.opencontainers.image.created": "2026-01-01T00:00:00Z", "org.opencontainers.image.version": "1.0.0" },
            })
        }),
        // there, without annotations: the manifest of oci-client, which does not say what it is
        (
            "wash 2.7.0, a library's `push_component`",
            oci_wasm(),
            |config, layer| json!({ "schemaVersion": 2, "config": typed(config, CONFIG), "layers": [typed(layer, LAYER)] }),
        ),
        // https://github.com/oras-project/oras-go, pack.go, `packManifestV1_1_RC4`
        (
            "oras 1.1 and newer, `oras push REF app.wasm:application/wasm`",
            json!({}),
            |config, layer| {
                json!({
                    "schemaVersion": 2,
                    "mediaType": media::MANIFEST,
                    "artifactType": "application/vnd.unknown.artifact.v1",
                    "config": with(typed(config, media::EMPTY), "data", json!("e30=")),
                    "layers": [with(typed(layer, LAYER), "annotations", json!({ "org.opencontainers.image.title": "app.wasm" }))],
                    "annotations": { "org.opencontainers.image.created": "2026-01-01T00:00:00Z" },
                })
            },
        ),
        // there, `packManifestV1_0`: the config is a file of the user's
        (
            "oras, `--config config.json:application/vnd.wasm.config.v0+json`",
            oci_wasm(),
            |config, layer| {
                json!({
                    "schemaVersion": 2,
                    "mediaType": media::MANIFEST,
                    "config": typed(config, CONFIG),
                    "layers": [with(typed(layer, LAYER), "annotations", json!({ "org.opencontainers.image.title": "app.wasm" }))],
                    "annotations": { "org.opencontainers.image.created": "2026-01-01T00:00:00Z" },
                })
            },
        ),
        // there, `packManifestV1_1_RC2` without a type
        ("oras 1.0 and older", json!({}), |config, layer| {
            json!({
                "schemaVersion": 2,
                "mediaType": media::MANIFEST,
                "config": typed(config, "application/vnd.unknown.config.v1+json"),
                "layers": [with(typed(layer, LAYER), "annotations", json!({ "org.opencontainers.image.title": "app.wasm" }))],
                "annotations": { "org.opencontainers.image.created": "2023-01-01T00:00:00Z" },
            })
        }),
        // https://github.com/sigstore/cosign, cmd/cosign/cli/upload/wasm.go
        ("cosign, `cosign upload wasm`", json!({}), |config, layer| {
            json!({
                "schemaVersion": 2,
                "mediaType": media::MANIFEST,
                "config": typed(config, "application/vnd.wasm.config.v1+json"),
                "layers": [typed(layer, "application/vnd.wasm.content.layer.v1+wasm")],
            })
        }),
        // what wash 2.7.0 still pulls: crates/wash-runtime/src/oci.rs, `WASMCLOUD_MEDIA_TYPE`
        ("older wash, wasm-to-oci", json!({}), |config, layer| {
            json!({
                "schemaVersion": 2,
                "config": typed(config, "application/vnd.oci.image.config.v1+json"),
                "layers": [typed(layer, "application/vnd.module.wasm.content.layer.v1+wasm")],
            })
        }),
    ]
}

#[test]
fn what_others_have_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for (who, config, manifest) in written() {
        let server = Server::start();
        let config = Foreign::descriptor(&server, "", config.to_string().as_bytes());
        let layer = Foreign::descriptor(&server, "", COMPONENT);
        let manifest = manifest(config, layer).to_string();
        server.put_manifest(REPOSITORY, "1", media::MANIFEST, manifest.as_bytes());
        let read = block_on(fetched(&client(), &server, folder.path()));
        assert_eq!(read.unwrap(), COMPONENT, "{who}");
    }
}

fn refused(foreign: &Foreign<'_>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start();
    foreign.put(&server);
    let error = block_on(fetched(&client(), &server, folder.path())).unwrap_err();
    assert_eq!(error.fault(), Whose::Content, "{error}");
    error.to_string().replace(&server.address(), "HOST")
}

#[test]
fn what_is_no_component_is_said_to_be_none() {
    let ours = |layers| Foreign {
        config: (CONFIG, config("wasip2", COMPONENT)),
        layers,
    };
    let other_config = |config: Value| Foreign {
        config: (CONFIG, config),
        layers: vec![(LAYER, COMPONENT)],
    };
    let mut two = config("wasip2", COMPONENT);
    two["layerDigests"] = json!([Digest::of(COMPONENT).to_string(), Digest::of(MODULE).to_string()]);
    let mut intel = config("wasip2", COMPONENT);
    intel["architecture"] = json!("amd64");
    let texts = [
        refused(&ours(vec![(LAYER, COMPONENT), (LAYER, COMPONENT)])),
        refused(&ours(Vec::new())),
        refused(&ours(vec![("text/plain", b"hello")])),
        // another layer in the place of the one that the config names
        refused(&ours(vec![(LAYER, b"\0asm\x0d\0\x01\0\0\x02\x01x")])),
        refused(&other_config(two)),
        refused(&other_config(intel)),
        refused(&other_config(json!([]))),
        refused(&other_config(config("wasip1", COMPONENT))),
        refused(&Foreign {
            config: (CONFIG, config("wasip2", b"no wasm")),
            layers: vec![(LAYER, b"no wasm")],
        }),
        refused(&Foreign {
            config: ("application/vnd.oci.image.config.v1+json", json!({})),
            layers: vec![
                ("application/vnd.wasm.content.layer.v1+wasm", COMPONENT),
                ("application/vnd.fermyon.spin.application.v1+config", b"{}"),
            ],
        }),
        refused(&Foreign {
            config: ("application/vnd.oci.image.config.v1+json", json!({})),
            layers: vec![("application/vnd.oci.image.layer.v1.tar+gzip", b"x")],
        }),
        refused(&Foreign {
            config: ("application/vnd.example.config", json!({})),
            layers: vec![(LAYER, COMPONENT)],
        }),
    ];
    insta::assert_snapshot!(texts.join("\n"), @r#"
    `HOST/team/app:1`: it has 2 layers, and an artifact of a component has one
    `HOST/team/app:1`: it has 0 layers, and an artifact of a component has one
    `HOST/team/app:1`: its layer is `text/plain`, and no component
    config of `HOST/team/app@sha256:f072c683d7238baa73ebe5e68c7beb5211b19ff358fc477881f0eb6246ae098c`: the layer that it names is not the one of the manifest
    config of `HOST/team/app@sha256:e5b4645af55e9e1076758ca9e120e37db9ef3d5d5328e28ccb0ddb1b8cb087b7`: the layer that it names is not the one of the manifest
    config of `HOST/team/app@sha256:306c144c0f68049d4251ba455d327b8966cc2265374690aec0ca2bc0677ca7c4`: it is for `amd64`, and not for `wasm`
    config of `HOST/team/app@sha256:8f83da97d52026d5ded4b4f78feeec87a5c3f43108be584ebbaa6c916831fa34`: it is no config: invalid length 2, expected struct Config with 6 elements at line 1 column 2
    layer sha256:24eaf3439a60c96764c4f2c92a0a81b52bd4fe5d5b91f090184a0f6486b1bf29 of `HOST/team/app`: its config says `wasip1`, and it is for `wasip2`
    layer sha256:d4e41b7845a814b24e98134c6383005bfffdc76f85340e8cba421f19270caa1d of `HOST/team/app`: it is neither a component nor a core module
    `HOST/team/app:1`: it is an application of Spin's: several components, and a description that only Spin reads
    `HOST/team/app:1`: it is a container image
    `HOST/team/app:1`: its config is `application/vnd.example.config`, and none of a component's
    "#);
}

#[test]
fn an_index_is_followed_once() {
    let folder = tempfile::tempdir().unwrap();
    let entry = |digest: &Digest, bytes: usize, platform: Value| json!({ "mediaType": media::MANIFEST, "digest": digest.to_string(), "size": bytes, "platform": platform });
    let wasm = || json!({ "architecture": "wasm", "os": "wasip2" });
    let intel = || json!({ "architecture": "amd64", "os": "linux" });
    let said = |entries: &dyn Fn(&Digest, usize) -> Vec<Value>| {
        let server = Server::start();
        let foreign = Foreign {
            config: (CONFIG, config("wasip2", COMPONENT)),
            layers: vec![(LAYER, COMPONENT)],
        };
        let digest = foreign.put(&server);
        let entries = entries(&digest, foreign.bytes(&server).len());
        let index = json!({ "schemaVersion": 2, "mediaType": media::INDEX, "manifests": entries }).to_string();
        server.put_manifest(REPOSITORY, "1", media::INDEX, index.as_bytes());
        match block_on(fetched(&client(), &server, folder.path())) {
            Ok(bytes) => {
                assert_eq!(bytes, COMPONENT);
                "followed".to_owned()
            }
            Err(error) => error.to_string().replace(&server.address(), "HOST"),
        }
    };
    let texts = [
        said(&|digest, bytes| vec![entry(digest, bytes, wasm())]),
        said(&|digest, bytes| vec![entry(digest, bytes, Value::Null)]),
        said(&|digest, bytes| vec![entry(&Digest::of(b"x"), 1, intel()), entry(digest, bytes, wasm())]),
        said(&|digest, bytes| vec![entry(digest, bytes, wasm()), entry(digest, bytes, wasm())]),
        said(&|digest, bytes| vec![entry(digest, bytes, intel())]),
        said(&|_, _| Vec::new()),
        said(&|digest, bytes| vec![entry(digest, bytes + 1, wasm())]),
        said(&|_, _| vec![entry(&Digest::of(b"x"), 1, wasm())]).replace(&Digest::of(b"x").to_string(), "sha256:…"),
    ];
    insta::assert_snapshot!(texts.join("\n"), @r#"
    followed
    followed
    followed
    `HOST/team/app:1`: it is an index with 2 manifests for WebAssembly: say which by its digest
    `HOST/team/app:1`: it is an index without a manifest for WebAssembly
    `HOST/team/app:1`: it is an index without a manifest for WebAssembly
    `HOST/team/app:1`: its index says another size of the manifest
    there is no manifest `HOST/team/app@sha256:…`
    "#);
    // an index in an index
    let server = Server::start();
    let inner = json!({ "schemaVersion": 2, "mediaType": media::INDEX, "manifests": [] }).to_string();
    let digest = server.put_manifest(REPOSITORY, "inner", media::INDEX, inner.as_bytes());
    let outer =
        json!({ "schemaVersion": 2, "mediaType": media::INDEX, "manifests": [entry(&digest, inner.len(), wasm())] });
    server.put_manifest(REPOSITORY, "1", media::INDEX, outer.to_string().as_bytes());
    let error = block_on(fetched(&client(), &server, folder.path())).unwrap_err();
    assert!(
        error.to_string().ends_with("its index has another index in it"),
        "{error}"
    );
}

/// A core module with the section that bindings leave in it.
pub fn with_world() -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    let text = "package team:app@1.0.0; world shortener { import log: func(); export run: func(); }";
    let package = resolve.push_str("world.wit", text).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let encoding = wit_component::StringEncoding::UTF8;
    let section = wit_component::metadata::encode(&resolve, world, encoding, None, false).unwrap();
    let mut module = wasm_encoder::Module::new();
    module.section(&wasm_encoder::CustomSection {
        name: "component-type:wit-bindgen:0.57.1:team:app@1.0.0:shortener:encoded world".into(),
        data: section.into(),
    });
    module.finish()
}

#[test]
fn an_outline_is_what_stands_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.wasm");
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        outline(&path)
    };
    let section = |name: &str, content: &[u8]| {
        let mut section = vec![name.len() as u8];
        section.extend(name.as_bytes());
        section.extend(content);
        [&[0, section.len() as u8], section.as_slice()].concat()
    };
    let described = [
        COMPONENT,
        &section("version", b"1.2.3"),
        &section("unknown", b"x"),
        &section("licenses", b"MIT"),
    ];
    let found = read(&described.concat()).unwrap();
    assert_eq!(
        (found.kind, found.metadata.text("version")),
        (Kind::Component, Some("1.2.3"))
    );
    assert_eq!(found.metadata.text("licenses"), Some("MIT"));
    assert_eq!(
        (found.world, read(&with_world()).unwrap().world.as_deref()),
        (None, Some("team:app/shortener@1.0.0"))
    );
    let said = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    let whole = described.concat();
    for length in 0..whole.len() {
        // it is whole between sections, and nowhere else
        if let Err(error) = read(&whole[..length]) {
            assert!(error.to_string().starts_with("`app.wasm`: it is "), "{error}");
        }
    }
    assert_eq!(
        said(b"#!/bin/sh\n"),
        "`app.wasm`: it is neither a component nor a core module"
    );
    assert_eq!(
        said(&[COMPONENT, &[10, 0xff, 0xff, 0xff, 0xff, 0x0f]].concat()),
        "`app.wasm`: it is cut short"
    );
    assert_eq!(
        said(&[COMPONENT, &[10, 0xff, 0xff, 0xff, 0xff, 0xff]].concat()),
        "`app.wasm`: a size in it is none"
    );
    assert!(said(&[COMPONENT, &[10, 2, 0xff, 0xff]].concat()).starts_with("`app.wasm`: "));
}
