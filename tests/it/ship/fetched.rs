//! `slt run REF`: what was verified is what runs, and nothing else does.

use std::fs;

use super::{Home, SLIGHTFILE, attach, attach_slightfile};
use crate::command::Run;
use crate::foreign::says;
use crate::registry::server::{Auth, Server};

/// What runs in an empty folder of a home.
fn run(home: &Home, arguments: &[&str]) -> Run {
    home.slt_in("elsewhere", &[&["run"], arguments].concat(), &[])
}

fn ran(run: &Run, said: &str) {
    assert_eq!((run.code, run.stdout.as_str()), (0, said), "{}", run.stderr);
}

fn refused(run: &Run, code: i32, said: &str) {
    assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{}", run.stderr);
    assert!(run.stderr.contains(said), "{}", run.stderr);
}

#[test]
fn by_tag_and_by_digest_with_the_slightfile_that_came_along() {
    for server in [Server::start(), Server::with(Auth::None, false)] {
        let home = Home::new();
        let line = home.ship(&server, "app:1", &["--slightfile"]);
        let digest = line["digest"].as_str().unwrap();
        let (tag, exact) = (server.name("app:1"), server.name(&format!("app@{digest}")));
        for reference in [
            tag.clone(),
            exact.clone(),
            format!("oci://{tag}"),
            format!("oci://{exact}"),
        ] {
            let run = run(&home, &[&reference, "--key", "../k.pub"]);
            ran(&run, "hello\n");
            assert!(run.stderr.contains(&format!("Verified {exact} (")), "{}", run.stderr);
            assert!(run.stderr.contains("its slightfile is used"), "{}", run.stderr);
        }
        let run = run(&home, &[&tag, "--trust-slightfile"]);
        ran(&run, "hello\n");
        assert!(
            run.stderr
                .contains("is not verified: nobody said whose signature counts"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_slightfile_on_disk_comes_first() {
    let (home, server) = (Home::new(), Server::start());
    home.ship(&server, "app:1", &[]);
    let reference = server.name("app:1");
    refused(
        &run(&home, &[&reference, "--key", "../k.pub"]),
        2,
        "has no slightfile, and there is none here",
    );
    ran(
        &run(&home, &[&reference, "--key", "../k.pub", "-c", "../slightfile.toml"]),
        "hello\n",
    );
    fs::write(home.path().join("elsewhere/slightfile.toml"), SLIGHTFILE).unwrap();
    ran(&run(&home, &[&reference, "--key", "../k.pub"]), "hello\n");
}

#[test]
fn what_is_not_trusted_does_not_run() {
    let (home, server) = (Home::new(), Server::start());
    home.ship(&server, "app:1", &["--slightfile"]);
    home.keys("other");
    let reference = server.name("app:1");
    refused(
        &run(&home, &[&reference, "--key", "../other.pub"]),
        1,
        "is not verified",
    );
    home.slt(&["ship", &server.name("unsigned:1"), "--no-sign", "--slightfile"]);
    let unsigned = run(&home, &[&server.name("unsigned:1"), "--key", "../k.pub"]);
    refused(&unsigned, 1, "is not verified");
    // a policy, with an attestation that is there and one that is not
    let policy =
        |kind: &str| format!("version = 1\n[[key]]\npath = \"k.pub\"\n[[attestation]]\ntype = \"https://{kind}\"\n");
    home.ship(&server, "attested:1", &["--slightfile", "--sbom"]);
    let attested = server.name("attested:1");
    fs::write(home.path().join("good.toml"), policy("cyclonedx.org/bom")).unwrap();
    fs::write(home.path().join("bad.toml"), policy("slsa.dev/provenance/v1")).unwrap();
    ran(&run(&home, &[&attested, "--verify", "../good.toml"]), "hello\n");
    refused(
        &run(&home, &[&attested, "--verify", "../bad.toml"]),
        1,
        "is not verified",
    );
    refused(&run(&home, &[&attested, "--verify", "../none.toml"]), 2, "cannot read");
}

/// Nothing of a component is read before it is verified: neither from the registry nor from the cache.
#[test]
fn nothing_is_fetched_of_what_is_not_trusted() {
    let (home, server) = (Home::new(), Server::start());
    let line = home.ship(&server, "app:1", &["--slightfile"]);
    home.keys("other");
    server.forget_seen();
    refused(
        &run(&home, &[&server.name("app:1"), "--key", "../other.pub"]),
        1,
        "is not verified",
    );
    let component = line["component"].as_str().unwrap();
    assert_eq!(server.count("GET", &format!("/blobs/{component}")), 0);
}

#[test]
fn a_tag_that_moves_while_it_is_verified_moves_nothing() {
    let (home, server) = (Home::new(), Server::start());
    let first = home.ship(&server, "app:1", &["--slightfile"]);
    fs::write(home.path().join("hello.wasm"), says("evil\n", 1, 0)).unwrap();
    let second = home.slt(&[
        "ship",
        &server.name("app:2"),
        "--no-sign",
        "--slightfile",
        "--format",
        "json",
    ]);
    assert_eq!(second.code, 0, "{}", second.stderr);
    let evil = server.digest("app", "2").unwrap();
    let manifest = serde_json::to_vec(&server.manifest("app", &evil).unwrap()).unwrap();
    server.forget_seen();
    ran(&run(&home, &[&server.name("app:1"), "--key", "../k.pub"]), "hello\n");
    // the tag was asked for once, and all else by digests
    let seen = server.seen();
    let by_tag = seen.iter().filter(|seen| seen.path.ends_with("/manifests/1"));
    assert_eq!(
        by_tag.count(),
        1,
        "{:?}",
        seen.iter().map(|seen| seen.line()).collect::<Vec<_>>()
    );
    // moved to what nobody signed
    server.put_manifest("app", "1", slt::registry::media::MANIFEST, &manifest);
    assert_ne!(server.digest("app", "1").as_deref(), first["digest"].as_str());
    refused(
        &run(&home, &[&server.name("app:1"), "--key", "../k.pub"]),
        1,
        "is not verified",
    );
}

#[test]
fn a_slightfile_that_nobody_signed_is_not_taken() {
    let (home, server) = (Home::new(), Server::start());
    let line = home.ship(&server, "app:1", &[]);
    let digest = line["digest"].as_str().unwrap();
    attach_slightfile(&server, "app", digest, SLIGHTFILE);
    let reference = server.name("app:1");
    let with_key = run(&home, &[&reference, "--key", "../k.pub"]);
    refused(&with_key, 1, "its slightfile is not used");
    // nobody asked for signatures: it is taken where that is said, as the component is
    ran(&run(&home, &[&reference, "--trust-slightfile"]), "hello\n");
    // one that is signed beside it is the one that counts
    home.ship(&server, "app:1", &["--slightfile"]);
    ran(&run(&home, &[&reference, "--key", "../k.pub"]), "hello\n");
}

/// What is no slightfile at all hides none that is one, and is not read before somebody has signed it.
#[test]
fn junk_beside_a_signed_slightfile_is_passed_over() {
    const NO_TEXT: &[u8] = &[0xff, 0xfe];
    let (home, server) = (Home::new(), Server::start());
    let digest = home.ship(&server, "app:1", &[])["digest"].as_str().unwrap().to_owned();
    let large = vec![b'#'; 2 << 20];
    let junk = attach_slightfile(&server, "app", &digest, NO_TEXT);
    let [of_junk, of_large] = [NO_TEXT, &large].map(|bytes| server.put_blob("app", bytes).to_string());
    attach_slightfile(&server, "app", &digest, &large);
    let reference = server.name("app:1");
    let with_key = |more: &[&str]| run(&home, &[&[reference.as_str(), "--key", "../k.pub"], more].concat());
    refused(&with_key(&[]), 1, "its slightfile is not used");
    home.ship(&server, "app:1", &["--slightfile"]);
    server.forget_seen();
    ran(&with_key(&[]), "hello\n");
    ran(&with_key(&["--offline"]), "hello\n");
    for blob in [of_junk, of_large] {
        assert_eq!(server.count("GET", &format!("/blobs/{blob}")), 0);
    }
    // whoever signs it, it is none
    let signed = home.slt(&["sign", &server.name(&format!("app@{junk}")), "--key", "k.key"]);
    assert_eq!(signed.code, 0, "{}", signed.stderr);
    ran(&with_key(&[]), "hello\n");
}

/// One run looks at so many, and reads so much of what lies beside them: what somebody adds to one takes nothing from the others.
#[test]
fn a_run_reads_no_more_than_it_says_for_a_slightfile() {
    const JUNK: usize = 12;
    const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
    let (home, server) = (Home::new(), Server::start());
    let digest = home.ship(&server, "app:1", &[])["digest"].as_str().unwrap().to_owned();
    let junk = |index: usize| attach_slightfile(&server, "app", &digest, format!("# {index}"));
    let first = junk(0);
    for index in 0..40 {
        attach(&server, "app", &first, BUNDLE, format!("{index}").as_bytes());
    }
    (1..JUNK).for_each(|index| drop(junk(index)));
    let reference = server.name("app:1");
    let with_key = || run(&home, &[&reference, "--key", "../k.pub"]);
    server.forget_seen();
    let none = with_key();
    refused(&none, 1, "its slightfile is not used");
    // 256 pieces among twelve
    let layers = server.count("GET", "/blobs/");
    assert!((21..40).contains(&layers), "{layers}");
    home.ship(&server, "app:1", &["--slightfile"]);
    ran(&with_key(), "hello\n");
    (JUNK..20).for_each(|index| drop(junk(index)));
    server.forget_seen();
    let many = with_key();
    assert!(
        many.stderr.contains("21 referrers of `")
            && many.stderr.contains("may be its slightfile, and 16 are looked at"),
        "{}",
        many.stderr
    );
    let asked = server.count("GET", "/referrers/");
    assert!(asked <= 1 + 1 + 16, "{asked}");
}

#[test]
fn a_slightfile_that_nobody_signed_learns_nothing_of_this_machine() {
    let (home, server) = (Home::new(), Server::start());
    let line = home.ship(&server, "app:1", &[]);
    let text = format!(
        "{SLIGHTFILE}\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\n[capability.configs]\n\
         REDIS_ADDRESS = \"${{envvars.TOKEN}}\"\n"
    );
    attach_slightfile(&server, "app", line["digest"].as_str().unwrap(), &text);
    let run = home.slt_in(
        "elsewhere",
        &["run", &server.name("app:1"), "--trust-slightfile"],
        &[("TOKEN", "redis://evil.example:6379")],
    );
    refused(&run, 1, "is not verified, and asks for values of this machine");
    assert!(!run.stderr.contains("evil.example"), "{}", run.stderr);
}

#[test]
fn slightfiles_that_differ_are_for_the_user_to_choose() {
    let (home, server) = (Home::new(), Server::start());
    let line = home.ship(&server, "app:1", &["--slightfile"]);
    let text = SLIGHTFILE.replace("1.2.3", "1.2.4");
    attach_slightfile(&server, "app", line["digest"].as_str().unwrap(), &text);
    let reference = server.name("app:1");
    let trusting = run(&home, &[&reference, "--trust-slightfile"]);
    refused(&trusting, 1, "has 2 slightfiles, and they differ");
    ran(&run(&home, &[&reference, "--key", "../k.pub"]), "hello\n");
    // one for another artifact is none of this one
    fs::write(home.path().join("hello.wasm"), says("other\n", 1, 0)).unwrap();
    home.ship(&server, "app:2", &["--slightfile"]);
    ran(&run(&home, &[&server.name("app:2"), "--trust-slightfile"]), "other\n");
}

#[test]
fn what_was_fetched_is_kept_and_looked_at_again() {
    let (home, server) = (Home::new(), Server::start());
    let line = home.ship(&server, "app:1", &["--slightfile"]);
    let (reference, digest) = (server.name("app:1"), line["digest"].as_str().unwrap());
    let arguments = [reference.as_str(), "--key", "../k.pub"];
    let offline = [reference.as_str(), "--key", "../k.pub", "--offline"];
    refused(&run(&home, &offline), 3, "is not in the cache, or not all of it");
    ran(&run(&home, &arguments), "hello\n");
    server.forget_seen();
    ran(&run(&home, &arguments), "hello\n");
    assert_eq!(
        server.count("GET", "/blobs/"),
        server.count("GET", "/blobs/").min(2),
        "only bundles are read again"
    );
    let component = line["component"].as_str().unwrap();
    assert_eq!(server.count("GET", &format!("/blobs/{component}")), 0);
    // without the network: by tag and by digest, verified as before
    server.forget_seen();
    ran(&run(&home, &offline), "hello\n");
    let exact = server.name(&format!("app@{digest}"));
    ran(&run(&home, &[&exact, "--trust-slightfile", "--offline"]), "hello\n");
    home.keys("other");
    refused(
        &run(&home, &[&reference, "--key", "../other.pub", "--offline"]),
        1,
        "is not verified",
    );
    assert_eq!(server.seen().len(), 0);
    // what was changed in the cache is fetched anew, and never run
    let kept = home
        .path()
        .join("cache/artifacts")
        .join(format!("sha256-{}", component.trim_start_matches("sha256:")));
    fs::write(&kept, says("evil\n", 1, 0)).unwrap();
    refused(&run(&home, &offline), 3, "is not in the cache");
    fs::write(&kept, says("evil\n", 1, 0)).unwrap();
    ran(&run(&home, &arguments), "hello\n");
    assert_eq!(server.count("GET", &format!("/blobs/{component}")), 1);
}

#[test]
fn paths_and_references_are_told_apart() {
    let (home, server) = (Home::new(), Server::start());
    home.ship(&server, "app", &["--slightfile"]);
    let reference = server.name("app");
    // a folder of that name is a folder, unless the scheme says otherwise
    let elsewhere = home.path().join("elsewhere");
    fs::create_dir_all(elsewhere.join(&reference)).unwrap();
    fs::write(elsewhere.join(&reference).join("slightfile.toml"), SLIGHTFILE).unwrap();
    refused(
        &run(&home, &[&reference]),
        2,
        "hello.wasm`\nhint: `[app] build` names the command",
    );
    refused(
        &run(&home, &[&reference, "--key", "../k.pub"]),
        2,
        "only an artifact is verified",
    );
    ran(
        &run(&home, &[&format!("oci://{reference}"), "--key", "../k.pub"]),
        "hello\n",
    );
    for (given, code, said) in [
        ("dist/none.wasm", 2, "there is no `dist/none.wasm`"),
        ("./none", 2, "there is no `none`"),
        ("a.example/none.wasm", 2, "there is no `a.example/none.wasm`"),
        ("oci://app", 2, "names no registry"),
        ("oci://a.example/App", 2, "is no repository"),
    ] {
        refused(&run(&home, &[given]), code, said);
    }
    let nobody = run(&home, &["127.0.0.1:1/app", "--trust-slightfile"]);
    refused(&nobody, 3, "cannot be reached");
}

#[test]
fn what_is_no_component_of_ours() {
    let (home, server) = (Home::new(), Server::start());
    let none = run(&home, &[&server.name("none:1"), "--trust-slightfile"]);
    refused(&none, 1, "there is no manifest");
    let layers = r#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.wasm.config.v0+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#;
    server.put_manifest("empty", "1", slt::registry::media::MANIFEST, layers.as_bytes());
    let run = home.slt(&["run", &server.name("empty:1")]);
    refused(&run, 1, "it has 0 layers");
}

/// What a slightfile from a registry would let a component do is nobody's word, unless the user takes it, and then they see it.
#[test]
fn an_artifact_grants_itself_nothing() {
    let (home, server) = (Home::new(), Server::start());
    let line = home.ship(&server, "app:1", &[]);
    let text = format!(
        "{SLIGHTFILE}\n[outbound]\nhosts = [\"http://127.0.0.1:8080\", \"https://*.example.com\"]\n\
         [[capability]]\nresource = \"keyvalue.redis\"\nname = \"a\"\n\
         [capability.configs]\nREDIS_ADDRESS = \"redis://:zq7@127.0.0.1:6379\"\n"
    );
    attach_slightfile(&server, "app", line["digest"].as_str().unwrap(), &text);
    let reference = server.name("app:1");
    server.forget_seen();
    let alone = run(&home, &[&reference]);
    refused(&alone, 2, "there is no slightfile here, and nobody vouches for one");
    assert!(alone.stderr.contains("`--trust-slightfile` takes"), "{}", alone.stderr);
    assert_eq!(server.seen().len(), 0, "nobody is asked");
    let taken = run(&home, &[&reference, "--trust-slightfile"]);
    ran(&taken, "hello\n");
    for grant in [
        "`keyvalue.redis` with REDIS_ADDRESS = \"redis://:***@127.0.0.1:6379\"",
        "calls to http://127.0.0.1:8080",
        "calls to https://*.example.com:443",
    ] {
        let said = format!("its slightfile, which is not verified, grants it {grant}");
        assert!(taken.stderr.contains(&said), "{}", taken.stderr);
    }
    assert!(!taken.stderr.contains("zq7"), "{}", taken.stderr);
    // one of the user's own comes first
    let own = run(&home, &[&reference, "--trust-slightfile", "-c", "../slightfile.toml"]);
    ran(&own, "hello\n");
    assert!(!own.stderr.contains("grants it"), "{}", own.stderr);
    ran(&run(&home, &[&reference, "-c", "../slightfile.toml"]), "hello\n");
    // where signatures are demanded, the slightfile's is too
    let both = run(&home, &[&reference, "--key", "../k.pub", "--trust-slightfile"]);
    refused(&both, 2, "cannot be used with");
    let path = home.slt(&["run", "hello.wasm", "--trust-slightfile"]);
    refused(&path, 2, "is a file or a folder");
}

/// What `slt pull` refuses does not run either, neither fetched nor from the cache.
#[test]
fn what_is_not_pulled_does_not_run() {
    use serde_json::{Value, json};
    use slt::registry::{Digest, media};
    let (home, server) = (Home::new(), Server::start());
    let line = home.ship(&server, "app:1", &[]);
    let digest = line["digest"].as_str().unwrap();
    let manifest = server.manifest("app", digest).unwrap();
    let put = |tag: &str, media_type: &str, manifest: &Value| {
        server.put_manifest("app", tag, media_type, &serde_json::to_vec(manifest).unwrap());
    };
    let blob = |bytes: &[u8], of: &Value| {
        server.put_blob("app", bytes);
        let mut descriptor = of.clone();
        descriptor["digest"] = Digest::of(bytes).to_string().into();
        descriptor["size"] = bytes.len().into();
        descriptor
    };
    // another layer below the same config
    let mut swapped = manifest.clone();
    swapped["layers"][0] = blob(&says("evil\n", 1, 0), &manifest["layers"][0]);
    put("swapped", media::MANIFEST, &swapped);
    // configs that say something else
    let config = server
        .blob("app", manifest["config"]["digest"].as_str().unwrap())
        .unwrap();
    for (key, value) in [("os", "wasip1"), ("architecture", "amd64")] {
        let mut config: Value = serde_json::from_slice(&config).unwrap();
        config[key] = value.into();
        let mut other = manifest.clone();
        other["config"] = blob(&serde_json::to_vec(&config).unwrap(), &manifest["config"]);
        put(key, media::MANIFEST, &other);
    }
    // indexes: one that is right, one with another size, one of an index
    let index = |digest: &str, size: u64, of: &str| {
        let entry = json!({"mediaType": of, "digest": digest, "size": size});
        json!({"schemaVersion": 2, "mediaType": media::INDEX, "manifests": [entry]})
    };
    let size = serde_json::to_vec(&manifest).unwrap().len() as u64;
    put("index", media::INDEX, &index(digest, size, media::MANIFEST));
    put("size", media::INDEX, &index(digest, size + 1, media::MANIFEST));
    let inner = serde_json::to_vec(&index(digest, size, media::MANIFEST)).unwrap();
    let nested = index(&Digest::of(&inner).to_string(), inner.len() as u64, media::INDEX);
    put("nested", media::INDEX, &nested);
    let here = |arguments: &[&str]| home.slt(&[&["run"], arguments].concat());
    ran(&here(&[&server.name("app:index")]), "hello\n");
    for (tag, said) in [
        ("swapped", "the layer that it names is not the one of the manifest"),
        ("os", "its config says `wasip1`, and it is for `wasip2`"),
        ("architecture", "it is for `amd64`, and not for `wasm`"),
        ("size", "its index says another size of the manifest"),
        ("nested", "its index has another index in it"),
    ] {
        let reference = server.name(&format!("app:{tag}"));
        for _ in ["fetched", "kept"] {
            refused(&here(&[&reference]), 1, said);
        }
        refused(&here(&[&reference, "--offline"]), 1, said);
        refused(&home.slt(&["pull", &reference, "-o", "pulled.wasm"]), 1, said);
    }
}

/// Signatures below the older tag are kept with what they were made over, and judged again.
#[test]
fn older_signatures_are_kept() {
    use slt::registry::media;
    let (home, server) = (Home::new(), Server::start());
    let shipped = |name: &str| {
        let run = home.slt(&["ship", &server.name(name), "--no-sign", "--format", "json"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        super::shipped(&run)["digest"].as_str().unwrap().to_owned()
    };
    // signed elsewhere, so that there is nothing here but the older tag
    let digest = shipped("app:1");
    assert_eq!(shipped("signed:1"), digest);
    let signed = home.slt(&["sign", &server.name("signed:1"), "--key", "k.key", "--legacy"]);
    assert_eq!(signed.code, 0, "{}", signed.stderr);
    let tag = format!("{}.sig", digest.replace(':', "-"));
    let manifest = server.manifest("signed", &tag).unwrap();
    for blob in [&manifest["config"], &manifest["layers"][0]] {
        let blob = blob["digest"].as_str().unwrap();
        server.put_blob("app", &server.blob("signed", blob).unwrap());
    }
    server.put_manifest("app", &tag, media::MANIFEST, &serde_json::to_vec(&manifest).unwrap());
    let own = ["-c", "../slightfile.toml", "--key", "../k.pub"];
    let reference = server.name("app:1");
    ran(&run(&home, &[&[reference.as_str()], &own[..]].concat()), "hello\n");
    server.forget_seen();
    let offline = [&[reference.as_str(), "--offline"], &own[..]].concat();
    ran(&run(&home, &offline), "hello\n");
    assert_eq!(server.seen().len(), 0);
    // kept beside another artifact, they are none of it
    fs::write(home.path().join("hello.wasm"), says("evil\n", 1, 0)).unwrap();
    let evil = shipped("app:2");
    let evil_reference = server.name("app:2");
    refused(
        &run(&home, &[&[evil_reference.as_str()], &own[..]].concat()),
        1,
        "is not verified",
    );
    ran(&run(&home, &[&evil_reference, "-c", "../slightfile.toml"]), "evil\n");
    let beside = |digest: &str| {
        let name = format!("beside-{}", digest.trim_start_matches("sha256:"));
        home.path().join("cache/artifacts").join(name)
    };
    fs::copy(beside(&digest), beside(&evil)).unwrap();
    let offline = [&[evil_reference.as_str(), "--offline"], &own[..]].concat();
    refused(&run(&home, &offline), 1, "is not verified");
}

#[test]
fn what_a_refusal_says_can_be_typed() {
    let (home, server) = (Home::new(), Server::start());
    home.ship(&server, "app:1", &[]);
    home.ship(&server, "app:1", &["--slightfile"]);
    let reference = server.name("app:1");
    // signed twice, by one
    let twice = run(&home, &[&reference, "--key", "../k.pub"]);
    ran(&twice, "hello\n");
    let verified = twice.stderr.lines().find(|line| line.contains("Verified")).unwrap();
    assert!(verified.ends_with("(../k.pub)"), "{verified}");
    let unsigned = server.name("unsigned:1");
    assert_eq!(home.slt(&["push", "hello.wasm", &unsigned]).code, 0);
    let refusal = run(&home, &[&unsigned, "-c", "../slightfile.toml", "--key", "../k.pub"]);
    refused(&refusal, 1, "hint: `slt sign` and `slt ship` sign it;");
    assert!(!refusal.stderr.contains("--bundle"), "{}", refusal.stderr);
}
