//! A registry of one repository, as a table of what it answers: nothing in it needs to be true. It is read from the fixtures' image
//! layout, lied in by a case, and served on loopback until it is dropped. It has no referrers API, and takes nothing.
#![allow(clippy::disallowed_methods)] // a server needs threads

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use slt::registry::Digest;

use super::scene::{fixture, json as fixture_json};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// What is answered to whom: a path below `/v2/app/`, its media type and its bytes.
#[derive(Clone)]
pub struct Repository {
    pub answers: BTreeMap<String, (String, Vec<u8>)>,
    /// What is answered from the second time on: a tag that moves.
    pub later: BTreeMap<String, (String, Vec<u8>)>,
}

impl Repository {
    /// What cosign left in a registry: `scripts/signature-fixtures.sh`.
    pub fn of_the_fixtures() -> Self {
        let mut repository = Self {
            answers: BTreeMap::new(),
            later: BTreeMap::new(),
        };
        for entry in fixture_json("images/index.json")["manifests"].as_array().unwrap() {
            let tag = entry["annotations"]["org.opencontainers.image.ref.name"]
                .as_str()
                .unwrap();
            repository.load(tag, entry);
        }
        repository
    }

    fn load(&mut self, tag: &str, entry: &Value) {
        let (media_type, digest) = (entry["mediaType"].as_str().unwrap(), entry["digest"].as_str().unwrap());
        let bytes = fixture(&format!("images/blobs/sha256/{}", digest.trim_start_matches("sha256:")));
        let manifest: Value = serde_json::from_slice(&bytes).unwrap();
        self.put(tag, media_type, bytes);
        let below = |name: &str| manifest[name].as_array().cloned().unwrap_or_default();
        for entry in below("manifests") {
            self.load(entry["digest"].as_str().unwrap(), &entry);
        }
        for blob in below("layers")
            .iter()
            .chain([&manifest["config"]])
            .filter(|blob| !blob.is_null())
        {
            let digest = blob["digest"].as_str().unwrap();
            self.put_blob(fixture(&format!(
                "images/blobs/sha256/{}",
                digest.trim_start_matches("sha256:")
            )));
        }
    }

    /// A manifest below a name and below its digest, which is given back.
    pub fn put(&mut self, name: &str, media_type: &str, bytes: Vec<u8>) -> String {
        let digest = Digest::of(&bytes).to_string();
        for name in [name, &digest] {
            self.answers
                .insert(format!("manifests/{name}"), (media_type.to_owned(), bytes.clone()));
        }
        digest
    }

    pub fn put_blob(&mut self, bytes: Vec<u8>) -> String {
        let digest = Digest::of(&bytes).to_string();
        let media_type = "application/octet-stream".to_owned();
        self.answers.insert(format!("blobs/{digest}"), (media_type, bytes));
        digest
    }

    pub fn bytes(&self, path: &str) -> &[u8] {
        &self.answers.get(path).unwrap_or_else(|| panic!("no `{path}`")).1
    }

    pub fn json(&self, path: &str) -> Value {
        serde_json::from_slice(self.bytes(path)).unwrap()
    }

    /// The digest of what a tag names.
    pub fn digest(&self, tag: &str) -> String {
        Digest::of(self.bytes(&format!("manifests/{tag}"))).to_string()
    }

    /// The tag below which the index of what refers to a tag's manifest lies, or with `.sig` its signatures of old.
    pub fn fallback(&self, tag: &str) -> String {
        self.digest(tag).replace(':', "-")
    }

    /// The bundles that refer to a tag's manifest.
    pub fn bundles(&self, tag: &str) -> Vec<Value> {
        let index = self.json(&format!("manifests/{}", self.fallback(tag)));
        let manifests = index["manifests"].as_array().unwrap().iter();
        let bundle = |entry: &Value| {
            let manifest = self.json(&format!("manifests/{}", entry["digest"].as_str().unwrap()));
            self.json(&format!("blobs/{}", manifest["layers"][0]["digest"].as_str().unwrap()))
        };
        manifests.map(bundle).collect()
    }

    /// Has these bundles refer to a tag's manifest, and no others, with all digests right: what whoever writes to a registry can do.
    pub fn set_bundles(&mut self, tag: &str, bundles: &[Value]) {
        let texts: Vec<Vec<u8>> = bundles
            .iter()
            .map(|bundle| serde_json::to_vec(bundle).unwrap())
            .collect();
        self.set_texts(tag, &texts);
    }

    /// The same, of any bytes.
    pub fn set_texts(&mut self, tag: &str, texts: &[Vec<u8>]) {
        let subject = self.digest(tag);
        let size = self.bytes(&format!("manifests/{tag}")).len();
        let entries: Vec<Value> = texts.iter().map(|text| {
            let layer = self.put_blob(text.clone());
            let empty = self.put_blob(b"{}".to_vec());
            let manifest = json!({
                "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": BUNDLE,
                "config": { "mediaType": "application/vnd.oci.empty.v1+json", "artifactType": BUNDLE, "digest": empty, "size": 2 },
                "layers": [{ "mediaType": BUNDLE, "digest": layer, "size": text.len() }],
                "subject": { "mediaType": MANIFEST, "digest": subject, "size": size },
                "annotations": {
                    "dev.sigstore.bundle.content": "dsse-envelope",
                    "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1",
                },
            });
            let bytes = serde_json::to_vec(&manifest).unwrap();
            let size = bytes.len();
            let digest = self.put("latest-referrer", MANIFEST, bytes);
            json!({ "mediaType": MANIFEST, "digest": digest, "size": size, "artifactType": BUNDLE })
        }).collect();
        self.set_index(tag, &entries);
    }

    /// The index of what refers to a tag's manifest.
    pub fn set_index(&mut self, tag: &str, entries: &[Value]) {
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
        let fallback = self.fallback(tag);
        self.put(&fallback, INDEX, serde_json::to_vec(&index).unwrap());
    }

    pub fn index(&self, tag: &str) -> Vec<Value> {
        self.json(&format!("manifests/{}", self.fallback(tag)))["manifests"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// The manifest of the signatures of old, changed; all digests stay right.
    pub fn change_sig(&mut self, tag: &str, change: impl FnOnce(&mut Self, &mut Value)) {
        let name = format!("{}.sig", self.fallback(tag));
        let mut manifest = self.json(&format!("manifests/{name}"));
        change(self, &mut manifest);
        self.put(&name, MANIFEST, serde_json::to_vec(&manifest).unwrap());
    }

    /// Serves it.
    pub fn serve(self) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let served = Served {
            address: listener.local_addr().unwrap().to_string(),
            asked: Arc::default(),
            ended: Arc::default(),
        };
        let (repository, asked, ended) = (Arc::new(self), Arc::clone(&served.asked), Arc::clone(&served.ended));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let (repository, asked) = (Arc::clone(&repository), Arc::clone(&asked));
                std::thread::spawn(move || stream.and_then(|stream| repository.answer(stream, &asked)));
            }
        });
        served
    }

    /// One request of a connection, and its end.
    fn answer(&self, mut stream: TcpStream, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        let mut words = request.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let below = path.strip_prefix("/v2/app/").unwrap_or_default();
        let is_first = {
            let mut asked = asked.lock().unwrap();
            asked.push(below.to_owned());
            asked.iter().filter(|earlier| *earlier == below).count() == 1
        };
        let api = ("application/json".to_owned(), b"{}".to_vec());
        let later = self.later.get(below).filter(|_| !is_first);
        let found = later
            .or_else(|| self.answers.get(below))
            .or_else(|| (path == "/v2/").then_some(&api));
        let missing = (
            "application/json".to_owned(),
            br#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#.to_vec(),
        );
        let (status, (media_type, bytes)) = match found {
            Some(found) => ("200 OK", found),
            None => ("404 Not Found", &missing),
        };
        let (length, digest) = (bytes.len(), Digest::of(bytes));
        write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\ndocker-content-digest: {digest}\r\n\
             connection: close\r\n\r\n"
        )?;
        if method != "HEAD" {
            stream.write_all(bytes)?;
        }
        stream.flush()
    }
}

/// A repository that is served, until it is dropped.
pub struct Served {
    /// `host:port`
    pub address: String,
    asked: Arc<Mutex<Vec<String>>>,
    ended: Arc<AtomicBool>,
}

impl Served {
    /// The paths below `/v2/app/` that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // wakes the listener
        drop(TcpStream::connect(&self.address));
    }
}
