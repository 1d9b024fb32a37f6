//! The client: there and back, credentials, referrers, what is taken from elsewhere.

use std::collections::BTreeMap;
use std::time::Duration;

use slt::registry::{
    Attachment, Client, Content, Credentials, Descriptor, Digest, Error, Login, Patience, Reference, Settings, media,
};
use slt::support::secret::Secret;

use super::server::{Auth, Fault, Server};

/// As the tool waits, only shorter.
pub fn patience() -> Patience {
    Patience {
        silence: Duration::from_millis(500),
        document: Duration::from_secs(2),
        first_delay: Duration::from_millis(1),
        longest_delay: Duration::from_secs(2),
        chunk_bytes: 1_000,
        ..Patience::default()
    }
}

pub fn client_with(credentials: Credentials) -> Client {
    let settings = Settings {
        credentials,
        patience: patience(),
        ..Settings::default()
    };
    Client::new(settings).unwrap()
}

pub fn client() -> Client {
    client_with(Credentials::anonymous())
}

pub fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

pub fn reference(server: &Server, rest: &str) -> Reference {
    server.name(rest).parse().unwrap()
}

/// Bytes that do not repeat soon.
pub fn bytes(count: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// A manifest with one layer.
pub fn manifest(config: &Descriptor, layer: &Descriptor) -> Vec<u8> {
    serde_json::to_vec(&serde_json::json!({
        "schemaVersion": 2,
        "mediaType": media::MANIFEST,
        "config": config.to_oci(),
        "layers": [layer.to_oci()],
    }))
    .unwrap()
}

/// Pushes a config and a layer with their manifest, and reads all of it back.
pub async fn there_and_back(client: &Client, at: &Reference, layer: &[u8]) -> Result<Descriptor, Error> {
    let config = client
        .push_blob(at, Content::from(b"{}".to_vec()), media::EMPTY)
        .await?;
    let pushed = client
        .push_blob(at, Content::from(layer.to_vec()), "application/wasm")
        .await?;
    let text = manifest(&config, &pushed);
    let descriptor = client.push_manifest(at, &text, media::MANIFEST).await?;
    let read = client.manifest(at).await?;
    assert_eq!((&read.bytes, &read.descriptor), (&text, &descriptor));
    assert_eq!(client.blob(at, &pushed, 1 << 20).await?, layer);
    Ok(descriptor)
}

#[test]
fn there_and_back_again() {
    let login = || Login::Basic {
        user: "me".to_owned(),
        password: Secret::new("the password"),
    };
    let (user, password) = ("me", "the password");
    for (auth, credentials) in [
        (Auth::None, Credentials::anonymous()),
        (Auth::Basic { user, password }, Credentials::fixed(login())),
        (Auth::Bearer { user, password }, Credentials::fixed(login())),
        (
            Auth::Identity("the identity"),
            Credentials::fixed(Login::Identity(Secret::new("the identity"))),
        ),
        (
            Auth::Fixed("the token"),
            Credentials::fixed(Login::Token(Secret::new("the token"))),
        ),
    ] {
        for layer in [0, 1, 999, 1_000, 1_001, 2_000, 300_000] {
            let server = Server::with(auth.clone(), true);
            let at = reference(&server, "team/app:1.0");
            let layer = bytes(layer);
            let client = client_with(credentials.clone());
            let descriptor = block_on(there_and_back(&client, &at, &layer)).unwrap();
            assert_eq!(server.digest("team/app", "1.0").unwrap(), descriptor.digest.to_string());
            if matches!(auth, Auth::Bearer { .. } | Auth::Identity(_)) {
                // one to write and one to read, and each once
                assert!(
                    server.count("GET", "/token") + server.count("POST", "/token") <= 2,
                    "{auth:?}"
                );
            }
        }
    }
}

#[test]
fn pieces_are_sent_where_they_are_taken() {
    let layer = bytes(3_500);
    let server = Server::start();
    block_on(there_and_back(&client(), &reference(&server, "app:1"), &layer)).unwrap();
    assert_eq!(server.count("PATCH", "/blobs/uploads/"), 4);
    let server = Server::without_pieces();
    block_on(there_and_back(&client(), &reference(&server, "app:1"), &layer)).unwrap();
    assert_eq!(server.count("PATCH", "/blobs/uploads/"), 1);
}

#[test]
fn what_is_there_is_not_sent_again() {
    let server = Server::start();
    let layer = bytes(5_000);
    let push = |rest: &str, from: Option<&str>| {
        let at = reference(&server, rest);
        block_on(client().push_blob_from(&at, Content::from(layer.clone()), "application/wasm", from)).unwrap()
    };
    let first = push("one/app", None);
    server.forget_seen();
    assert_eq!(push("one/app", None), first);
    assert_eq!(server.seen().len(), 1);
    // from another repository
    assert_eq!(push("two/app", Some("one/app")), first);
    assert_eq!(
        (server.count("POST", "two/app"), server.count("PATCH", "two/app")),
        (1, 0)
    );
    // where that one has none, it is sent
    assert_eq!(push("three/app", Some("none/app")), first);
    assert_eq!(server.blob("three/app", &first.digest.to_string()).unwrap(), layer);
}

#[test]
fn a_file_is_sent_and_written_in_pieces() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let (there, back) = (folder.path().join("there"), folder.path().join("back"));
    let content = bytes(700_000);
    std::fs::write(&there, &content).unwrap();
    let at = reference(&server, "app");
    let client = client();
    let blob = block_on(client.push_blob(&at, Content::File(there), "application/wasm")).unwrap();
    block_on(client.blob_to_file(&at, &blob, 1 << 20, &back)).unwrap();
    assert_eq!(std::fs::read(back).unwrap(), content);
}

fn attachment(artifact_type: &str) -> Attachment {
    Attachment {
        artifact_type: artifact_type.to_owned(),
        layers: vec![("text/plain".to_owned(), artifact_type.into(), BTreeMap::new())],
        annotations: BTreeMap::from([("key".to_owned(), "value".to_owned())]),
        ..Attachment::default()
    }
}

#[test]
fn what_refers_to_an_artifact() {
    for referrers in [true, false] {
        let server = Server::with(Auth::None, referrers);
        let at = reference(&server, "team/app:1.0");
        let client = client();
        block_on(async {
            let subject = there_and_back(&client, &at, b"layer").await.unwrap();
            let by_digest = at.with_digest(subject.digest.clone());
            assert_eq!(client.referrers(&by_digest).await.unwrap(), []);
            let mut expected = Vec::new();
            for artifact_type in ["application/a", "application/b", "application/a"] {
                expected.push(client.attach((&at, &subject), attachment(artifact_type)).await.unwrap());
            }
            // the third is the first
            expected.truncate(2);
            let mut found = client.referrers(&by_digest).await.unwrap();
            found.sort_by(|one, other| one.artifact_type.cmp(&other.artifact_type));
            assert_eq!(found, expected);
            assert_eq!(found[0].annotations["key"], "value");
        });
        let tags = server.tags("team/app");
        assert_eq!(tags.len(), if referrers { 1 } else { 2 }, "{tags:?}");
    }
}

#[test]
fn the_index_of_others_stays_as_it_is() {
    let server = Server::with(Auth::None, false);
    let at = reference(&server, "app:1");
    let client = client();
    let subject = block_on(there_and_back(&client, &at, b"layer")).unwrap();
    let others = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": media::INDEX,
        "unheard": [1, 2],
        "manifests": [{
            "mediaType": media::MANIFEST,
            "digest": Digest::of(b"x").to_string(),
            "size": 7,
            "artifactType": "application/theirs",
            "data": "e30=",
        }],
    });
    server.put_manifest(
        "app",
        &subject.digest.tag(),
        media::INDEX,
        others.to_string().as_bytes(),
    );
    block_on(client.attach((&at, &subject), attachment("application/ours"))).unwrap();
    let index = server.manifest("app", &subject.digest.tag()).unwrap();
    assert_eq!(index["unheard"], others["unheard"]);
    assert_eq!(index["manifests"][0], others["manifests"][0]);
    assert_eq!(index["manifests"][1]["artifactType"], "application/ours");
}

/// An index of these.
fn index(of: &[&str]) -> Vec<u8> {
    let entry = |of: &&str| serde_json::json!({ "mediaType": media::MANIFEST, "digest": Digest::of(of.as_bytes()).to_string(), "size": 7 });
    let entries: Vec<_> = of.iter().map(entry).collect();
    let index = serde_json::json!({ "schemaVersion": 2, "mediaType": media::INDEX, "manifests": entries });
    index.to_string().into_bytes()
}

#[test]
fn what_others_write_meanwhile_stays() {
    for (marks, status) in [(false, Some(503)), (true, Some(503)), (true, None)] {
        let server = Server::with(Auth::None, false);
        let at = reference(&server, "app:1");
        let subject = block_on(there_and_back(&client(), &at, b"layer")).unwrap();
        let tag = subject.digest.tag();
        server.put_manifest("app", &tag, media::INDEX, &index(&["one"]));
        if marks {
            server.mark();
        }
        let overtaken = Fault::Overtaken {
            status,
            repository: "app",
            tag: tag.clone(),
            media_type: media::INDEX,
            bytes: index(&["one", "other"]),
        };
        server.fault("PUT", &tag, 1, overtaken);
        block_on(client().attach((&at, &subject), attachment("application/ours"))).unwrap();
        let found = block_on(client().referrers(&at.with_digest(subject.digest))).unwrap();
        assert_eq!(found.len(), 3, "{marks} {status:?}");
        assert_eq!(server.count("PUT", &tag), 2);
    }
}

#[test]
fn a_mark_that_is_refused_without_a_reason_is_left_out() {
    let server = Server::with(Auth::None, false);
    server.mark();
    let at = reference(&server, "app:1");
    let subject = block_on(there_and_back(&client(), &at, b"layer")).unwrap();
    let tag = subject.digest.tag();
    server.put_manifest("app", &tag, media::INDEX, &index(&["one"]));
    server.fault("PUT", &tag, 1, Fault::Answer(412, Vec::new(), Vec::new()));
    block_on(client().attach((&at, &subject), attachment("application/ours"))).unwrap();
    let seen = server.seen();
    let written = seen
        .iter()
        .filter(|seen| seen.method == "PUT" && seen.path.contains(&tag));
    let conditions: Vec<bool> = written.map(|seen| seen.header("if-match").is_some()).collect();
    assert_eq!(conditions, [true, false]);
}

#[test]
fn many_who_attach_at_once_lose_nothing() {
    let server = Server::with(Auth::None, false);
    let at = reference(&server, "app:1");
    let subject = block_on(there_and_back(&client(), &at, b"layer")).unwrap();
    block_on(async {
        let attach = |number: usize| {
            let (at, subject) = (&at, &subject);
            async move {
                let attachment = attachment(&format!("application/n{number}"));
                client().attach((at, subject), attachment).await.unwrap();
            }
        };
        tokio::join!(attach(0), attach(1), attach(2), attach(3), attach(4), attach(5));
    });
    let found = block_on(client().referrers(&at.with_digest(subject.digest))).unwrap();
    assert_eq!(found.len(), 6);
}
