//! What `slt ship` is to do, with everything looked for that could be missing at its end: the project, the key and its password, the
//! identity, the registry and the credentials for it. Nobody is asked anything behind it.

use std::io::{self, IsTerminal};

use crate::attest;
use crate::cli::ship::Ship;
use crate::cli::signing::SignerFlags;
use crate::commands::{Failure, Session, changes, documents, registries, sign, signing};
use crate::project::Project;
use crate::registry::{Client, Digest, Reference};
use crate::signing::Signer;

/// What is to be done.
pub(super) struct Plan {
    /// Where to.
    pub at: Reference,
    /// The tags that it gets.
    pub tags: Vec<String>,
    /// The project, as it was read.
    pub project: Project,
    /// Whether it is optimised.
    pub release: bool,
    /// Whether its tests are run.
    pub tests: bool,
    /// The SBOMs that are attested.
    pub sboms: Vec<attest::Format>,
    /// Whether its provenance is.
    pub provenance: bool,
    /// Whether the slightfile is attached.
    pub slightfile: bool,
    /// The time of the documents, in seconds since 1970.
    pub created: u64,
    /// With what is signed; none: nothing is.
    pub signing: Option<Signing>,
    /// What speaks to the registry; none in a dry run.
    pub client: Option<Client>,
}

/// With what is signed.
pub(super) struct Signing {
    flags: SignerFlags,
    /// Who signs, where that stays as it is. A CI system's token lives for some minutes, and a build may take longer: it is asked for
    /// again.
    ready: std::cell::RefCell<Option<Signer>>,
}

impl Signing {
    /// Looks for who signs; in a dry run nothing is touched.
    fn new(session: &Session<'_>, flags: &SignerFlags, dry_run: bool) -> Result<Self, Failure> {
        let ready = match dry_run {
            true => None,
            false => Some(signing::signer(session, flags)?),
        };
        let is_renewed = match (&flags.key, &flags.identity_token) {
            (Some(_), _) => false,
            // a pipe gives its token once
            (None, Some(path)) => session.directory().join(path).is_file(),
            (None, None) => !flags.device && !io::stdin().is_terminal(),
        };
        Ok(Self {
            flags: flags.clone(),
            ready: std::cell::RefCell::new(ready.filter(|_| !is_renewed)),
        })
    }

    /// Who signs, now. A user who has signed in does so again if the build has taken longer than their token lives.
    pub(super) fn signer(&self, session: &Session<'_>) -> Result<Signer, Failure> {
        let is_piped = self.flags.identity_token.is_some();
        match self.ready.take() {
            Some(signer) if is_piped || !signer.is_over() => Ok(signer),
            _ => signing::signer(session, &self.flags),
        }
    }

    /// Who would sign.
    pub(super) fn described(&self) -> String {
        match (&self.flags.key, &self.flags.identity_token) {
            (Some(path), _) => format!("the key `{}`", path.display()),
            (None, Some(path)) => format!("the identity in `{}`", path.display()),
            (None, None) if self.flags.device => "the identity of whoever signs in with a code".to_owned(),
            (None, None) => "the identity of the CI system, or of a browser".to_owned(),
        }
    }
}

/// Resolves the flags.
pub(super) fn plan(session: &Session<'_>, arguments: &Ship) -> Result<Plan, Failure> {
    sign::with_effect(&arguments.signer)?;
    let at = registries::reference(&arguments.reference)?;
    if let Some(digest) = &at.digest {
        return Err(
            Failure::usage(format!("`{digest}` is a digest, and `slt ship` makes one"))
                .hint("name a tag: `registry/repository:tag`"),
        );
    }
    let tags = tags(&at, &arguments.tag)?;
    let project = changes::project(session)?;
    let created = documents::created(session)?;
    let signing = match arguments.no_sign {
        true => None,
        false => Some(Signing::new(session, &arguments.signer, arguments.dry_run)?),
    };
    let client = match arguments.dry_run {
        true => None,
        false => Some(reached(session, arguments, &at)?),
    };
    let mut sboms: Vec<attest::Format> = Vec::new();
    for format in arguments.sbom.iter().copied().map(documents::format) {
        if !sboms.contains(&format) {
            sboms.push(format);
        }
    }
    Ok(Plan {
        at,
        tags,
        project,
        release: !arguments.debug,
        tests: !arguments.no_test,
        sboms,
        provenance: arguments.provenance,
        slightfile: arguments.slightfile,
        created,
        signing,
        client,
    })
}

/// The tags, each once.
fn tags(at: &Reference, more: &[String]) -> Result<Vec<String>, Failure> {
    let mut tags: Vec<String> = at.tag_to_write().map(str::to_owned).into_iter().collect();
    for tag in more {
        let named: Reference = registries::reference(&format!("{}:{tag}", at.repository_name()))?;
        if let Some(tag) = named.tag.filter(|tag| !tags.contains(tag)) {
            tags.push(tag);
        }
    }
    Ok(tags)
}

/// A client whose registry answers, and takes the credentials: that there is nothing yet is no failure.
fn reached(session: &Session<'_>, arguments: &Ship, at: &Reference) -> Result<Client, Failure> {
    let client = registries::client(session, &arguments.registries)?;
    registries::wait(session, async {
        match client.resolve(at).await {
            Err(error) if !error.is_not_found() => Err(registries::failure(error)),
            Ok(_) | Err(_) => Ok(()),
        }
    })?;
    Ok(client)
}

/// The digest that the slightfile's manifest would have.
pub(super) fn slightfile_digest(packed: &super::Packed, text: &str) -> Result<Digest, Failure> {
    let manifest = super::push::attachment(text).manifest(&packed.package.descriptor);
    manifest.map(|(_, digest)| digest).map_err(registries::failure)
}
