//! `slt sign`: a signature of a file, as a bundle beside it, or of an image, in its registry.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::signing::{beside, note, piped, predicate_type, signer, text, unsigned, wait};
use super::{Exit, Failure, Session, inputs, registries};
use crate::cli::signing::{Sign, SignerFlags};
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

/// The largest predicate, in bytes: its bundle has it in base64.
const PREDICATE_MAX_BYTES: u64 = BUNDLE_MAX_BYTES / 2;

/// What is signed.
pub(super) enum Target {
    /// A file.
    File(PathBuf),
    /// An image.
    Image(Reference),
}

/// A file that is there, or else a reference.
pub(super) fn target(session: &Session<'_>, text: &str) -> Result<Target, Failure> {
    if let Some(path) = inputs::file(session, text)? {
        return Ok(Target::File(path));
    }
    if !registries::is_reference(text) {
        return Err(Failure::usage(format!("there is no file `{text}`"))
            .hint("an image is named with its registry: `registry.example.com/shop/app:1.2`"));
    }
    registries::reference(text).map(Target::Image)
}

/// Whether each of the flags has an effect: a key alone asks no service whose answer could be checked.
pub(super) fn with_effect(flags: &SignerFlags) -> Result<(), Failure> {
    match flags.key.is_some() && flags.trusted_root.is_some() && flags.signing_config.is_none() {
        true => Err(
            Failure::usage("`--trusted-root` has no effect: a signature with a key asks no service")
                .hint("`--signing-config FILE` names services to ask, whose answers are checked with it"),
        ),
        false => Ok(()),
    }
}

/// What is to be said of it: its own signature, or that a predicate is true of it.
struct Claim {
    predicate_type: String,
    predicate: Value,
}

/// Runs `slt sign`.
pub fn run(session: &Session<'_>, arguments: &Sign) -> Result<Exit, Failure> {
    with_effect(&arguments.signer)?;
    let target = target(session, &arguments.target)?;
    one_reads_stdin(arguments)?;
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
        Target::File(path) => {
            registries::sound(session, &arguments.registries)?;
            let named = claim.as_ref().map(|claim| claim.predicate_type.as_str());
            let default = || beside(&arguments.target, named);
            let name = arguments.bundle.clone().unwrap_or_else(default);
            of_file(session, arguments, (&path, &name), claim)?
        }
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
    let text = match is_stdin(path) {
        true => piped(PREDICATE_MAX_BYTES, "the predicate")?.expose().to_owned(),
        false => text(session, path, PREDICATE_MAX_BYTES)?,
    };
    let predicate = serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("`{}` is no JSON: {error}", path.display())))?;
    Ok(Claim {
        predicate_type: predicate_type(named)?,
        predicate,
    })
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Standard input can be read once.
fn one_reads_stdin(arguments: &Sign) -> Result<(), Failure> {
    let is_named = |path: &Option<PathBuf>| path.as_deref().is_some_and(is_stdin);
    let others = [
        arguments.signer.password_stdin,
        is_named(&arguments.signer.identity_token),
    ];
    match is_named(&arguments.predicate) && others.contains(&true) {
        true => Err(Failure::usage("two things are to come on standard input")
            .hint("`--predicate FILE` takes a file or a pipe, too")),
        false => Ok(()),
    }
}

/// Refuses to write a bundle over what is read, and over what is no bundle.
fn spare(session: &Session<'_>, arguments: &Sign, name: &Path) -> Result<Option<Bundle>, Failure> {
    let signer = &arguments.signer;
    let read = [
        (Some(Path::new(&arguments.target)), "what is signed"),
        (signer.key.as_deref(), "the private key"),
        (arguments.predicate.as_deref(), "the predicate"),
        (signer.identity_token.as_deref(), "the identity token"),
        (signer.signing_config.as_deref(), "the signing config"),
        (signer.trusted_root.as_deref(), "the trusted root"),
    ];
    let read: Vec<_> = read
        .into_iter()
        .filter_map(|(path, what)| Some((path?, what)))
        .collect();
    inputs::keep(session, name, &read)?;
    let path = session.directory().join(name);
    // what is no file is written into
    if arguments.force || !fs::metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    let is_empty = fs::metadata(&path).is_ok_and(|metadata| metadata.len() == 0);
    match files::read(&path, BUNDLE_MAX_BYTES) {
        Ok(_) if is_empty => Ok(None),
        Ok(bytes) => Bundle::parse(&bytes).map(Some).map_err(|_| no_bundle(name)),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Err(no_bundle(name)),
        Err(error) => Err(unwritten(name, &error)),
    }
}

fn no_bundle(name: &Path) -> Failure {
    Failure::usage(format!("`{}` is there, and is no bundle", name.display()))
        .hint("`--bundle FILE` names another file; `--force` replaces this one")
}

/// Refuses to lose what somebody else has signed, or that something else was signed.
fn succeeds(name: &Path, old: Option<&Bundle>, signer: &Signer, named: Option<&str>) -> Result<(), Failure> {
    let Some(old) = old else { return Ok(()) };
    let name = name.display();
    let refused = match (signer.says_so(old), old.predicate_type()) {
        (true, own) if own.as_deref() == named => return Ok(()),
        (true, _) => format!("`{name}` is there, and is a bundle of something else"),
        (false, _) => format!("`{name}` is there, and somebody else has signed it"),
    };
    Err(Failure::usage(refused).hint("`--bundle FILE` names another file; `--force` replaces this one"))
}

async fn bundle(signer: &Signer, sha256: &str, claim: Claim) -> Result<Bundle, SignError> {
    signer.attest(sha256, &claim.predicate_type, claim.predicate).await
}

fn of_file(
    session: &Session<'_>,
    arguments: &Sign,
    (path, name): (&Path, &Path),
    claim: Option<Claim>,
) -> Result<Line, Failure> {
    let old = spare(session, arguments, name)?;
    let bytes = files::read(path, ARTIFACT_MAX_BYTES)
        .map_err(|error| Failure::usage(format!("cannot read `{}`: {}", arguments.target, os::reason(&error))))?;
    let signer = signer(session, &arguments.signer)?;
    let sha256 = store::sha256(&bytes);
    let predicate_type = claim.as_ref().map(|claim| claim.predicate_type.clone());
    succeeds(name, old.as_ref(), &signer, predicate_type.as_deref())?;
    let signed = wait(session, async {
        match claim {
            Some(claim) => bundle(&signer, &sha256, claim).await,
            None => signer.sign_file(&bytes).await,
        }
    })?;
    write(session, name, &signed)?;
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

fn write(session: &Session<'_>, name: &Path, bundle: &Bundle) -> Result<(), Failure> {
    let path = session.directory().join(name);
    os::write_to(&path, &bundle.to_json()).map_err(|error| unwritten(name, &error))
}

fn unwritten(name: &Path, error: &io::Error) -> Failure {
    Failure::environment(format!("cannot write `{}`: {}", name.display(), os::reason(error)))
}

fn of_image(
    session: &Session<'_>,
    arguments: &Sign,
    reference: &Reference,
    claim: Option<Claim>,
) -> Result<Line, Failure> {
    let old = match &arguments.bundle {
        Some(name) => spare(session, arguments, name)?,
        None => None,
    };
    let client = registries::client(session, &arguments.registries)?;
    let image = registries::wait(session, async {
        client.resolve(reference).await.map_err(registries::failure)
    })?;
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
    if let Some(name) = &arguments.bundle {
        succeeds(name, old.as_ref(), &signer, Some(&predicate_type))?;
    }
    let sha256 = image.digest.hex().to_owned();
    let signed = wait(session, bundle(&signer, &sha256, claim))?;
    if let Some(name) = &arguments.bundle {
        write(session, name, &signed)?;
    }
    let created = now();
    let attached = store::attach(&client, (&at, &image), &signed, &predicate_type, &created);
    let referrer = registries::wait(session, async { attached.await.map_err(registries::failure) })?;
    let legacy = match (arguments.legacy, &signer) {
        (true, Signer::Key { key, .. }) => {
            let (payload, annotations) = signer
                .sign_legacy(&at.repository_name(), &sha256)
                .map_err(|error| unsigned(&error))?;
            let attached = store::attach_legacy(&client, &at, (&payload, &annotations), key.public());
            Some(registries::wait(session, async {
                attached.await.map_err(registries::failure)
            })?)
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
