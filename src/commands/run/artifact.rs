//! What `slt run REF` runs: found in a registry, verified before a byte of it is decoded, and kept by its digest.
//!
//! A tag is resolved once. From then on everything is about the digest: what was verified is what runs. What is kept is looked at
//! again each time it is taken, so that a damaged cache costs a download and nothing else.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cli::run::Trusting;
use crate::cli::signing::AcceptFlags;
use crate::commands::{Exit, Failure, Session, registries, signing, verify};
use crate::events::Event;
use crate::project::{Project, SLIGHTFILE as NAME};
use crate::registry::artifact::{Artifact, SLIGHTFILE};
use crate::registry::{Cache, Client, Descriptor, Digest, Error, Manifest, Reference, Source, media};
use crate::signing::policy::Policy;
use crate::signing::store::{self, Budget};
use crate::signing::{Evidence, Outcome, Subject, judge, legacy};
use crate::slightfile::{self, Capability, HostPattern, SLIGHTFILE_MAX_BYTES, Slightfile, Spanned, Store, Value};
use crate::support::os;
use crate::support::text::one_line;

/// The most referrers that are looked at for a slightfile: an artifact has one, and each costs five requests and its evidence.
const CANDIDATES_MAX: usize = 16;

/// The longest list of evidence that is kept, in bytes.
const KEPT_MAX_BYTES: u64 = 16 << 20;

/// The most evidence that is kept, in bytes: as text in JSON it can become twice as much. A signature has 10,000, an attestation of an SBOM
/// some hundred thousand.
const KEPT_EVIDENCE_MAX_BYTES: usize = 7 << 20;

/// An artifact that may run.
pub(super) struct Fetched {
    /// What it is called: its registry and repository.
    pub name: PathBuf,
    /// The component.
    pub bytes: Vec<u8>,
    /// The slightfile that is attached to it, if it was asked for and there is one.
    pub slightfile: Option<String>,
}

/// The reference that an argument is; `None`: it is a path. What is there is a path, unless the scheme says otherwise; what is not
/// there is a reference if its first part could be a registry, is no folder here, and it does not end like a component's file.
pub(super) fn meant(directory: &Path, given: &Path) -> Result<Option<Reference>, Failure> {
    let Some(text) = given.to_str() else { return Ok(None) };
    if registries::without_doubt(text).is_some() {
        return registries::reference(text).map(Some);
    }
    let first = text.split('/').next().unwrap_or_default();
    let is_path = directory.join(given).exists() || directory.join(first).exists() || text.ends_with(".wasm");
    match !is_path && Reference::is_meant(text) {
        true => registries::reference(text).map(Some),
        false => Ok(None),
    }
}

/// Who signed twice is named once.
fn each_once<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut once = Vec::new();
    for name in names {
        if !once.contains(name) {
            once.push(name);
        }
    }
    once
}

/// What is demanded of an artifact, with what is needed to see whether it is so.
struct Getter<'a> {
    session: &'a Session<'a>,
    /// What was asked for.
    asked: &'a Reference,
    demanded: Option<signing::Demanded>,
    cache: Option<Cache>,
    /// None where no network may be used.
    client: Option<Client>,
}

/// Finds, verifies and fetches. `wants_slightfile`: there is none on this machine.
pub(super) fn fetch(
    session: &Session<'_>,
    asked: &Reference,
    flags: &Trusting,
    wants_slightfile: bool,
) -> Result<Fetched, Failure> {
    // what is wrong with a policy is said before anybody is asked anything
    let demanded = demanded(session, flags)?;
    let cache = os::cache_directory(&session.invocation.environment);
    let getter = Getter {
        session,
        asked,
        demanded,
        cache: cache.and_then(|base| Cache::open(&base.join("artifacts"))),
        client: match flags.offline {
            true => None,
            false => Some(registries::client(session, &flags.registries)?),
        },
    };
    registries::wait(session, getter.fetch(wants_slightfile))
}

/// What the flags demand; nothing if none of them says whose signature counts.
fn demanded(session: &Session<'_>, flags: &Trusting) -> Result<Option<signing::Demanded>, Failure> {
    if !flags.is_asked() {
        return Ok(None);
    }
    let accept = AcceptFlags {
        key: flags.key.clone(),
        identity: flags.identity.clone(),
        issuer: flags.issuer.clone(),
        policy: flags.verify.clone(),
        trusted_root: flags.trusted_root.clone(),
        ..AcceptFlags::default()
    };
    signing::demanded(session, &accept, None).map(Some)
}

impl Getter<'_> {
    async fn fetch(&self, wants_slightfile: bool) -> Result<Fetched, Failure> {
        let first = self.resolved().await?;
        let own = self.asked.with_digest(first.descriptor.digest.clone());
        match &self.demanded {
            Some(demanded) => {
                let mut budget = Budget::default();
                self.verified(&own, demanded, &demanded.policy, &mut budget).await?;
            }
            None => self.note(format!("`{own}` is not verified: nobody said whose signature counts")),
        }
        let slightfile = match wants_slightfile {
            true => self.slightfile(&own, &first.descriptor).await?,
            false => None,
        };
        let artifact = Artifact::of(self.source(), &own, first).await;
        let artifact = artifact.map_err(registries::failure)?;
        let bytes = artifact.bytes(self.source()).await;
        Ok(Fetched {
            name: PathBuf::from(own.repository_name()),
            bytes: bytes.map_err(registries::failure)?,
            slightfile,
        })
    }

    fn source(&self) -> Source<'_> {
        Source {
            client: self.client.as_ref(),
            cache: self.cache.as_ref(),
        }
    }

    fn note(&self, message: String) {
        self.session.ui.event(&Event::Note { message });
    }

    /// The manifest that the reference means now.
    async fn resolved(&self) -> Result<Manifest, Failure> {
        if self.asked.digest.is_some() {
            return self.manifest(self.asked).await;
        }
        match (&self.client, &self.cache) {
            (Some(client), cache) => {
                let manifest = client.manifest(self.asked).await.map_err(registries::failure)?;
                if let Some(cache) = cache {
                    cache.put(&manifest.bytes);
                    cache.remember(self.asked, &manifest.descriptor.digest);
                }
                Ok(manifest)
            }
            (None, cache) => match cache.as_ref().and_then(|cache| cache.tagged(self.asked)) {
                Some(digest) => self.manifest(&self.asked.with_digest(digest)).await,
                None => Err(self.absent()),
            },
        }
    }

    async fn manifest(&self, at: &Reference) -> Result<Manifest, Failure> {
        self.source().manifest(at).await.map_err(registries::failure)
    }

    fn absent(&self) -> Failure {
        registries::failure(Error::NotKept(self.asked.clone()))
    }

    /// Whether a digest is signed as the policy demands. Bundles are kept, so that it can be seen again without a network.
    async fn verified(
        &self,
        own: &Reference,
        demanded: &signing::Demanded,
        policy: &Policy,
        budget: &mut Budget,
    ) -> Result<(), Failure> {
        let evidence = self.evidence(own, budget).await?;
        let sha256 = own.digest.as_ref().map_or("", |digest| digest.hex());
        let verdict = judge(&Subject::Image(sha256), &evidence, policy, demanded.trust.as_ref());
        if !verdict.is_verified() {
            let refused = verify::refused(&own.repository_name(), &verdict);
            return Err(match verdict.outcome {
                Outcome::NotFound => {
                    refused.hint("`slt sign` and `slt ship` sign it; `slt inspect` lists what is attached")
                }
                _ => refused,
            });
        }
        let names: Vec<&str> = verdict
            .believed()
            .filter_map(|(_, believed)| Some(believed.names.first()?.as_str()))
            .collect();
        self.session.ui.event(&Event::Step {
            verb: "Verified".to_owned(),
            message: format!("{own} ({})", each_once(&names).join(", ")),
        });
        Ok(())
    }

    async fn evidence(&self, own: &Reference, budget: &mut Budget) -> Result<Vec<Evidence>, Failure> {
        let digest = own.digest.as_ref();
        let Some(client) = &self.client else {
            let kept: Option<Kept> = digest.and_then(|digest| self.kept(digest));
            let sha256 = digest.map_or("", |digest| digest.hex());
            return Ok(kept.ok_or_else(|| self.absent())?.evidence(sha256));
        };
        let evidence = store::evidence(client, own, budget).await;
        let evidence = evidence.map_err(registries::failure)?;
        if let Some(digest) = digest {
            self.keep(digest, |kept| kept.take(&evidence));
        }
        Ok(evidence)
    }

    /// What is kept beside a digest.
    fn kept(&self, digest: &Digest) -> Option<Kept> {
        let bytes = self.cache.as_ref()?.beside(digest, KEPT_MAX_BYTES)?;
        serde_json::from_slice(&bytes).ok()
    }

    fn keep(&self, digest: &Digest, change: impl FnOnce(&mut Kept)) {
        let Some(cache) = &self.cache else { return };
        let mut kept = self.kept(digest).unwrap_or_default();
        change(&mut kept);
        if let Ok(bytes) = serde_json::to_vec(&kept) {
            cache.put_beside(digest, &bytes, KEPT_MAX_BYTES);
        }
    }

    /// The slightfile that is attached to the artifact. Where a signature is demanded of the artifact, it is of the slightfile too, by
    /// the same signers: whoever writes it says what the component may do here. One that is not verified does not get to know what
    /// stands in this machine's environment.
    async fn slightfile(&self, own: &Reference, subject: &Descriptor) -> Result<Option<String>, Failure> {
        let mut found: Vec<(Digest, String)> = Vec::new();
        let mut refused = None;
        let mut budget = Budget::default();
        let candidates = self.slightfiles(own).await?;
        for (index, digest) in candidates.iter().enumerate() {
            let at = own.with_digest(digest.clone());
            let mut share = budget.share("a slightfile", candidates.len() - index);
            let text = self.candidate(&at, subject, &mut share).await;
            budget.spend(&share);
            match text {
                Ok(Some(text)) if found.iter().any(|(_, known)| *known == text) => {}
                Ok(Some(text)) => found.push((digest.clone(), text)),
                Ok(None) => {}
                Err(failure) if self.ends(&failure) => return Err(failure),
                Err(failure) => refused = Some(failure),
            }
        }
        match (found.as_slice(), refused) {
            ([], None) => Ok(None),
            ([], Some(refused)) => Err(Failure {
                message: format!("its slightfile is not used: {}", refused.message),
                ..refused
            }
            .hint("name a slightfile of your own with `-c`; `slt ship --slightfile` signs the one that it attaches")),
            ([(digest, text)], _) => {
                if self.demanded.is_none() {
                    asks_for_nothing(text)?;
                }
                self.note(format!("its slightfile is used, {digest}"));
                Ok(Some(text.clone()))
            }
            (several, _) => Err(
                Failure::failed(format!("`{own}` has {} slightfiles, and they differ", several.len()))
                    .hint("name one of your own with `-c`; `slt inspect` lists what is attached"),
            ),
        }
    }

    /// Whether what is wrong with one slightfile is wrong with all: a registry that fails. Where nobody says whose signature counts, none
    /// counts more than the others, and it ends, too.
    fn ends(&self, failure: &Failure) -> bool {
        self.demanded.is_none() || (self.client.is_some() && failure.exit == Exit::Environment)
    }

    /// The text of what may be a slightfile. Nothing of it is read before it is verified, but that its manifest says it is one.
    async fn candidate(
        &self,
        at: &Reference,
        subject: &Descriptor,
        budget: &mut Budget,
    ) -> Result<Option<String>, Failure> {
        let Some(layer) = self.attached(at, subject).await? else {
            return Ok(None);
        };
        if let Some(demanded) = &self.demanded {
            let policy = Policy {
                attestations: Vec::new(),
                threshold: demanded.policy.threshold.max(1),
                ..demanded.policy.clone()
            };
            self.verified(at, demanded, &policy, budget).await?;
        }
        let bytes = self.source().blob(at, &layer, SLIGHTFILE_MAX_BYTES as u64).await;
        let text = String::from_utf8(bytes.map_err(registries::failure)?);
        text.map(Some)
            .map_err(|_| Failure::failed(format!("slightfile `{at}`: it is not UTF-8 text")))
    }

    /// What may be a slightfile, by its digest: first what the registry says is one.
    async fn slightfiles(&self, own: &Reference) -> Result<Vec<Digest>, Failure> {
        let Some(client) = &self.client else {
            let kept = own.digest.as_ref().and_then(|digest| self.kept(digest));
            return Ok(kept.map(|kept| kept.slightfiles()).unwrap_or_default());
        };
        let referrers = client.referrers(own).await.map_err(registries::failure)?;
        // some registries say nothing of its type, or give that of its config
        let may_be = |referrer: &&Descriptor| {
            let kind = referrer.artifact_type.as_deref();
            kind.is_none_or(|kind| [SLIGHTFILE, media::EMPTY, ""].contains(&kind))
        };
        let mut found: Vec<&Descriptor> = referrers.iter().filter(may_be).collect();
        found.sort_by_key(|found| found.artifact_type.as_deref() != Some(SLIGHTFILE));
        if found.len() > CANDIDATES_MAX {
            self.note(format!(
                "{} referrers of `{own}` may be its slightfile, and {CANDIDATES_MAX} are looked at",
                found.len()
            ));
        }
        let found = found.into_iter().take(CANDIDATES_MAX);
        let found: Vec<Digest> = found.map(|found| found.digest.clone()).collect();
        if let Some(digest) = &own.digest {
            self.keep(digest, |kept| {
                kept.slightfiles = found.iter().map(ToString::to_string).collect()
            });
        }
        Ok(found)
    }

    /// Where the text of a slightfile is, if the manifest is one, and attached to this artifact.
    async fn attached(&self, at: &Reference, subject: &Descriptor) -> Result<Option<Descriptor>, Failure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Attached {
            artifact_type: Option<String>,
            subject: Option<oci_client::manifest::OciDescriptor>,
            layers: Vec<oci_client::manifest::OciDescriptor>,
        }
        let manifest = self.manifest(at).await?;
        let Ok(attached) = serde_json::from_slice::<Attached>(&manifest.bytes) else {
            return Ok(None);
        };
        let is_its = attached
            .subject
            .is_some_and(|of| of.digest == subject.digest.to_string());
        let [layer] = attached.layers.as_slice() else {
            return Ok(None);
        };
        if attached.artifact_type.as_deref() != Some(SLIGHTFILE) || layer.media_type != SLIGHTFILE || !is_its {
            return Ok(None);
        }
        let layer = Descriptor::from_oci(layer, &format!("slightfile `{at}`"));
        layer.map(Some).map_err(registries::failure)
    }
}

/// What is kept beside an artifact, for a run without a network. Nobody believes it: bundles are judged again, and what the digests
/// name is looked at again.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    #[serde(default)]
    bundles: Vec<String>,
    /// Of the older `.sig` tags: bundle and payload.
    #[serde(default)]
    signatures: Vec<(String, String)>,
    #[serde(default)]
    slightfiles: Vec<String>,
}

impl Kept {
    fn slightfiles(&self) -> Vec<Digest> {
        self.slightfiles
            .iter()
            .filter_map(|digest| digest.parse().ok())
            .collect()
    }

    /// Takes what could be believed, the smallest first: what somebody adds to push a signature out is larger than it.
    fn take(&mut self, evidence: &[Evidence]) {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).ok();
        let mut pieces: Vec<(String, Option<String>)> = Vec::new();
        for piece in evidence {
            let bundle = piece.bundle.as_ref().ok().and_then(|bundle| text(bundle.to_json()));
            match (bundle, piece.payload.clone().map(text)) {
                (Some(bundle), None) => pieces.push((bundle, None)),
                (Some(bundle), Some(Some(payload))) => pieces.push((bundle, Some(payload))),
                (None, _) | (_, Some(None)) => {}
            }
        }
        let length =
            |(bundle, payload): &(String, Option<String>)| bundle.len() + payload.as_ref().map_or(0, String::len);
        pieces.sort_by_key(length);
        (self.bundles, self.signatures) = (Vec::new(), Vec::new());
        let mut total = 0;
        for piece in pieces {
            total += length(&piece);
            if total > KEPT_EVIDENCE_MAX_BYTES {
                break;
            }
            match piece {
                (bundle, None) => self.bundles.push(bundle),
                (bundle, Some(payload)) => self.signatures.push((bundle, payload)),
            }
        }
    }

    fn evidence(&self, sha256: &str) -> Vec<Evidence> {
        const ORIGIN: &str = "the cache";
        let bundles = self
            .bundles
            .iter()
            .map(|bundle| Evidence::bundle(ORIGIN, bundle.as_bytes()));
        let signatures = self
            .signatures
            .iter()
            .map(|(bundle, payload)| legacy::again(ORIGIN, sha256, payload.clone().into_bytes(), bundle.as_bytes()));
        bundles.chain(signatures).collect()
    }
}

/// A slightfile that nobody vouches for gets no value of this machine's: neither a variable, nor a secret.
fn asks_for_nothing(text: &str) -> Result<(), Failure> {
    let stores = [Store::Envvars, Store::Usersecrets, Store::File, Store::Azapp];
    let (parsed, _) = slightfile::parse(NAME, text);
    match parsed.is_some_and(|slightfile| stores.into_iter().any(|store| slightfile.refers_to(store))) {
        true => Err(Failure::failed(
            "its slightfile is not verified, and asks for values of this machine: environment variables, or secrets",
        )
        .hint("`--key`, `--identity` or `--verify` says whose slightfile may; `-c` names one of your own")),
        false => Ok(()),
    }
}

/// What a slightfile lets a component do on this machine and from it, for people. What is in it is somebody else's.
pub(super) fn grants(slightfile: &Slightfile) -> Vec<String> {
    let capability = |entry: &Capability| {
        let configs: Vec<String> = entry
            .configs
            .iter()
            .filter_map(|(key, config)| match &config.value.value {
                // each by itself: one that is long hides none behind it
                Value::Literal(text) => Some(one_line(&slightfile::cover(&format!("{key} = \"{text}\"")))),
                Value::Reference { .. } => None,
            })
            .collect();
        match configs.is_empty() {
            true => format!("`{}`", one_line(&entry.resource.value)),
            false => format!("`{}` with {}", one_line(&entry.resource.value), configs.join(", ")),
        }
    };
    let host = |pattern: &Spanned<HostPattern>| {
        let HostPattern {
            scheme,
            host,
            subdomains,
            port,
        } = &pattern.value;
        let star = if *subdomains { "*." } else { "" };
        format!("calls to {scheme}://{star}{host}:{port}")
    };
    let capabilities = slightfile.capabilities.iter().map(capability);
    capabilities.chain(slightfile.outbound.iter().map(host)).collect()
}

/// The artifact's slightfile as a project in the folder that slt works in.
pub(super) fn project(directory: &Path, text: String) -> Project {
    Project {
        root: directory.to_owned(),
        slightfile_path: directory.join(NAME),
        slightfile_name: format!("{NAME} of the artifact"),
        slightfile_text: text,
        package_name: None,
    }
}
