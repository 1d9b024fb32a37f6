//! `slt sign`: a signature of a file, as a bundle beside it, or of an image, in its registry.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::signing::{block_on, note, predicate_type, signer, text, unsigned};
use super::{Exit, Failure, Session, registries};
use crate::cli::signing::Sign;
use crate::project;
use crate::registry::{Descriptor, Reference};
use crate::signing::{BUNDLE_MAX_BYTES, Bundle, COSIGN_SIGN, SignError, Signer, store};
use crate::support::files::{self, ARTIFACT_MAX_BYTES};
use crate::support::os;

/// What `slt sign --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// Something was signed.
    Signed {
        /// The file or the image, as it was named.
        target: String,
        /// The digest that was signed: `sha256:…`.
        digest: String,
        /// What was signed: the type of a predicate; that of a signature is cosign's. None: the file itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        predicate_type: Option<String>,
        /// Who signed: `key sha256:…`, or an identity and its issuer.
        signer: String,
        /// The file that the bundle was written to.
        #[serde(skip_serializing_if = "Option::is_none")]
        bundle: Option<String>,
        /// The manifest that holds the bundle beside the image.
        #[serde(skip_serializing_if = "Option::is_none")]
        referrer: Option<String>,
        /// The manifest below the older tag `sha256-….sig`.
        #[serde(skip_serializing_if = "Option::is_none")]
        legacy: Option<String>,
    },
}

/// What is signed.
pub(super) enum Target {
    /// A file.
    File(PathBuf),
    /// An image.
    Image(Reference),
}

/// A file that is there, or else a reference.
pub(super) fn target(session: &Session<'_>, text: &str) -> Result<Target, Failure> {
    let path = session.directory().join(text);
    if path.is_file() {
        return Ok(Target::File(path));
    }
    if !Reference::is_meant(text) {
        return Err(Failure::usage(format!("there is no file `{text}`"))
            .hint("an image is named with its registry: `registry.example.com/shop/app:1.2`"));
    }
    let reference = text.parse::<Reference>();
    reference
        .map(Target::Image)
        .map_err(|error| Failure::usage(error.to_string()).hint(error.hint()))
}

/// What is to be said of it: its own signature, or that a predicate is true of it.
struct Claim {
    predicate_type: String,
    predicate: Value,
}

/// Runs `slt sign`.
pub fn run(session: &Session<'_>, arguments: &Sign) -> Result<Exit, Failure> {
    let target = target(session, &arguments.target)?;
    let claim = match (&arguments.predicate, &arguments.predicate_type) {
        (Some(path), Some(named)) => Some(claim(session, path, named)?),
        _ => None,
    };
    let line = match target {
        Target::File(path) if arguments.legacy => {
            let name = project::named(&path, &session.directory());
            return Err(Failure::usage(format!(
                "`{name}` is a file, and `--legacy` is for images"
            )));
        }
        Target::File(path) => of_file(session, arguments, &path, claim)?,
        Target::Image(reference) => of_image(session, arguments, &reference, claim)?,
    };
    session.ui.result(&human(&line), &[line]);
    Ok(Exit::Done)
}

fn human(line: &Line) -> String {
    let Line::Signed {
        target,
        digest,
        signer,
        bundle,
        referrer,
        legacy,
        ..
    } = line;
    let mut human = format!("signed {target} ({digest}) as {signer}\n");
    for (what, place) in [("bundle", bundle), ("referrer", referrer), ("older tag", legacy)] {
        if let Some(place) = place {
            human.push_str(&format!("  {what} {place}\n"));
        }
    }
    human
}

fn claim(session: &Session<'_>, path: &Path, named: &str) -> Result<Claim, Failure> {
    let text = text(session, path, BUNDLE_MAX_BYTES / 2)?;
    let predicate = serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("`{}` is no JSON: {error}", path.display())))?;
    Ok(Claim {
        predicate_type: predicate_type(named)?,
        predicate,
    })
}

async fn bundle(signer: &Signer, sha256: &str, claim: Claim) -> Result<Bundle, SignError> {
    signer.attest(sha256, &claim.predicate_type, claim.predicate).await
}

fn of_file(session: &Session<'_>, arguments: &Sign, path: &Path, claim: Option<Claim>) -> Result<Line, Failure> {
    let bytes = files::read(path, ARTIFACT_MAX_BYTES)
        .map_err(|error| Failure::usage(format!("cannot read `{}`: {}", arguments.target, os::reason(&error))))?;
    let signer = signer(session, &arguments.signer)?;
    let sha256 = store::sha256(&bytes);
    let predicate_type = claim.as_ref().map(|claim| claim.predicate_type.clone());
    let signed = block_on(async {
        match claim {
            Some(claim) => bundle(&signer, &sha256, claim).await,
            None => signer.sign_file(&bytes).await,
        }
    })?;
    let signed = signed.map_err(|error| unsigned(&error))?;
    let name = arguments.bundle.clone().unwrap_or_else(|| beside(&arguments.target));
    write(session, &name, &signed)?;
    Ok(Line::Signed {
        target: arguments.target.clone(),
        digest: format!("sha256:{sha256}"),
        predicate_type,
        signer: signer.name(),
        bundle: Some(name.display().to_string()),
        referrer: None,
        legacy: None,
    })
}

/// Where the bundle of a file lies, if nobody says: `app.wasm.sigstore.json`.
pub(super) fn beside(target: &str) -> PathBuf {
    PathBuf::from(format!("{target}.sigstore.json"))
}

fn write(session: &Session<'_>, name: &Path, bundle: &Bundle) -> Result<(), Failure> {
    let path = session.directory().join(name);
    os::write_atomically(&path, &bundle.to_json())
        .map_err(|error| Failure::environment(format!("cannot write `{}`: {}", name.display(), os::reason(&error))))
}

fn of_image(
    session: &Session<'_>,
    arguments: &Sign,
    reference: &Reference,
    claim: Option<Claim>,
) -> Result<Line, Failure> {
    let client = registries::client(session, &arguments.registries)?;
    let image = block_on(client.resolve(reference))?.map_err(registries::failure)?;
    let at = reference.with_digest(image.digest.clone());
    if reference.digest.is_none() {
        note(
            session,
            format!("`{reference}` is {} now: that is what is signed", image.digest),
        );
    }
    let claim = claim.unwrap_or_else(|| Claim {
        predicate_type: COSIGN_SIGN.to_owned(),
        predicate: json!({}),
    });
    let predicate_type = claim.predicate_type.clone();
    let signer = signer(session, &arguments.signer)?;
    let sha256 = image.digest.hex().to_owned();
    let signed = block_on(bundle(&signer, &sha256, claim))?.map_err(|error| unsigned(&error))?;
    if let Some(name) = &arguments.bundle {
        write(session, name, &signed)?;
    }
    let created = now();
    let attached = store::attach(&client, (&at, &image), &signed, &predicate_type, &created);
    let referrer = block_on(attached)?.map_err(registries::failure)?;
    let legacy = match (arguments.legacy, &signer) {
        (true, Signer::Key { key, .. }) => {
            let (payload, annotations) = signer
                .sign_legacy(&at.repository_name(), &sha256)
                .map_err(|error| unsigned(&error))?;
            let attached = store::attach_legacy(&client, &at, (&payload, &annotations), key.public());
            Some(block_on(attached)?.map_err(registries::failure)?)
        }
        _ => None,
    };
    let digest = |descriptor: Descriptor| descriptor.digest.to_string();
    Ok(Line::Signed {
        target: arguments.target.clone(),
        digest: image.digest.to_string(),
        predicate_type: Some(predicate_type),
        signer: signer.name(),
        bundle: arguments.bundle.as_ref().map(|name| name.display().to_string()),
        referrer: Some(digest(referrer)),
        legacy: legacy.map(digest),
    })
}

/// When it was signed, as cosign annotates a bundle: in RFC 3339, to the second. It is no trusted time.
pub(super) fn now() -> String {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}
