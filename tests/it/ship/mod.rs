//! `slt ship` and what runs of it: on a registry of this process, with a key that was made for the test.

mod dry;
mod failing;
mod fetched;
mod interrupted;
mod judged;
mod lines;
mod release;
mod sent;
mod workflows;

use std::fs;
use std::path::Path;

use serde_json::Value;
use slt::registry::media;
use tempfile::TempDir;

use crate::command::{Run, folder, slt_with};
use crate::foreign::says;
use crate::registry::server::Server;

/// The password of the keys that tests make.
const PASSWORD: &str = "correct-horse";

/// What bundles are called in a registry.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const SIGNATURE: &str = "https://sigstore.dev/cosign/sign/v1";

const SLIGHTFILE: &str =
    "specversion = \"1.0\"\n\n[app]\nname = \"hello\"\nversion = \"1.2.3\"\ncomponent = \"hello.wasm\"\n";

/// A project whose component another toolchain made, which says `hello`, with a pair of keys beside it, and a cache of its own.
struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        Self::with(&[])
    }

    /// With other files, or others in the place of these.
    fn with(files: &[(&str, &[u8])]) -> Self {
        let component = says("hello\n", 1, 0);
        let folder = folder(&[("slightfile.toml", SLIGHTFILE.as_bytes()), ("hello.wasm", &component)]);
        let home = Self { folder };
        for (name, bytes) in files {
            fs::write(home.path().join(name), bytes).unwrap();
        }
        home.keys("k");
        home
    }

    fn keys(&self, prefix: &str) {
        let run = self.slt(&["keygen", prefix]);
        assert_eq!(run.code, 0, "{}", run.stderr);
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What slt does in the project.
    fn slt(&self, arguments: &[&str]) -> Run {
        self.slt_in(".", arguments, &[("COSIGN_PASSWORD", PASSWORD)])
    }

    /// What slt does in a folder of it, with these variables and the cache.
    #[allow(clippy::disallowed_methods)] // what the tests were started with
    fn slt_in(&self, below: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
        let directory = self.path().join(below);
        fs::create_dir_all(&directory).unwrap();
        let cache = self.path().join("cache");
        let path = std::env::var("PATH").unwrap();
        let own = [
            ("SLT_CACHE_DIR", cache.to_str().unwrap()),
            ("HOME", self.path().to_str().unwrap()),
            ("PATH", path.as_str()),
        ];
        slt_with(&directory, arguments, &[&own, environment].concat())
    }

    /// Ships with the key, and says what was shipped.
    fn ship(&self, server: &Server, name: &str, more: &[&str]) -> Value {
        let reference = server.name(name);
        let run = self.slt(&[&["ship", &reference, "--key", "k.key", "--format", "json"], more].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        shipped(&run)
    }
}

/// The last line.
fn shipped(run: &Run) -> Value {
    let line = run.stdout.lines().last().unwrap_or_else(|| panic!("{}", run.stderr));
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["kind"], "shipped", "{}", run.stderr);
    line
}

/// What refers to a digest, as it lies in the registry: the manifests.
fn referrers(server: &Server, repository: &str, digest: &str) -> Vec<Value> {
    let at: slt::registry::Reference = server.name(&format!("{repository}@{digest}")).parse().unwrap();
    let client = slt::registry::Client::new(slt::registry::Settings::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let found = runtime.block_on(client.referrers(&at)).unwrap();
    let manifest = |found: slt::registry::Descriptor| server.manifest(repository, &found.digest.to_string()).unwrap();
    found.into_iter().map(manifest).collect()
}

/// The statement in a bundle that lies in a registry.
fn statement(server: &Server, repository: &str, manifest: &Value) -> Value {
    use base64::Engine;
    let digest = manifest["layers"][0]["digest"].as_str().unwrap();
    let bundle: Value = serde_json::from_slice(&server.blob(repository, digest).unwrap()).unwrap();
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::STANDARD.decode(payload).unwrap()).unwrap()
}

/// Puts a slightfile beside an artifact, as anybody who can write to the registry can.
fn attach_slightfile(server: &Server, repository: &str, digest: &str, text: impl AsRef<[u8]>) -> String {
    attach(
        server,
        repository,
        digest,
        "application/vnd.slt.slightfile.v1+toml",
        text.as_ref(),
    )
}

/// Puts something beside an artifact, as anybody who can write to the registry can.
fn attach(server: &Server, repository: &str, digest: &str, kind: &str, bytes: &[u8]) -> String {
    let at: slt::registry::Reference = server.name(&format!("{repository}@{digest}")).parse().unwrap();
    let client = slt::registry::Client::new(slt::registry::Settings::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let attachment = slt::registry::Attachment {
        artifact_type: kind.into(),
        layers: vec![(kind.into(), bytes.to_vec(), std::collections::BTreeMap::new())],
        ..slt::registry::Attachment::default()
    };
    let attached = runtime.block_on(async {
        let subject = client.resolve(&at).await.unwrap();
        client.attach((&at, &subject), attachment).await.unwrap()
    });
    assert_eq!(attached.media_type, media::MANIFEST);
    attached.digest.to_string()
}
