//! `slt ship`: a project into a registry, from its source to a tag that others may trust, in one step.
//!
//! Each step is that of another command. What could be missing at the end is looked for at the beginning; the artifact is pushed by
//! its digest, and only what is whole and signed is given a tag: a step that fails leaves what the tags meant before. Where it is giving them that
//! fails, it says which were given.

mod plan;
mod stages;
mod tags;

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use self::plan::{Plan, Signing};
use self::stages::Stages;
use self::tags::Tagging;
use super::check::Beside;
use super::{Exit, Failure, Session, check, documents, push, registries, sign, signing, test};
use crate::attest::{self, provenance};
use crate::build::{self, Written};
use crate::cli::Test;
use crate::cli::ship::Ship;
use crate::events::{Event, Outcome, Sink};
use crate::project::Project;
use crate::registry::artifact::Package;
use crate::registry::{Client, Descriptor, Reference};
use crate::signing::{COSIGN_SIGN, Signer, store};
use crate::slightfile::Slightfile;
use crate::support::files::{self, ARTIFACT_MAX_BYTES};
use crate::support::os;

/// What `slt ship --format json` prints behind the events of its steps.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// All is done; or with `--dry-run`, would be.
    Shipped(Shipped),
}

/// What was shipped.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Shipped {
    /// Where to, as it was said.
    pub reference: String,
    /// What names exactly this: `registry/repository@sha256:…`.
    pub name: String,
    /// The digest of the manifest.
    pub digest: String,
    /// The digest of the component.
    pub component: String,
    /// The size of the component in bytes.
    pub bytes: u64,
    /// The tags that it has now.
    pub tags: Vec<String>,
    /// Its signatures.
    pub signatures: Vec<Signature>,
    /// What is attested of it.
    pub attestations: Vec<Signature>,
    /// The digest of the slightfile's manifest, if it was attached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slightfile: Option<String>,
    /// Whether nothing of it was done.
    pub dry_run: bool,
}

/// A signature, or what was signed to be true.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Signature {
    /// The type of the predicate; that of a signature is cosign's.
    pub predicate_type: String,
    /// The digest that it is about.
    pub subject: String,
    /// Who signed: `key sha256:…`, or an identity and its issuer; with `--dry-run`, which opens no key and asks for no token, nobody has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// The manifest that holds it beside the artifact; with `--dry-run` there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referrer: Option<String>,
}

/// Something that is attested.
struct Document {
    predicate_type: &'static str,
    predicate: Value,
}

/// What was made, and is to be pushed.
struct Packed {
    package: Package,
    documents: Vec<Document>,
    slightfile: Option<String>,
}

/// Runs `slt ship`.
pub fn run(session: &Session<'_>, arguments: &Ship) -> Result<Exit, Failure> {
    let plan = plan::plan(session, arguments)?;
    // without these, a signal could come between two steps and be lost
    session.listen()?;
    let stages = Stages::new(session);
    let (project, slightfile) = stages.run("check", || checked(session, &plan))?;
    let written = stages.run("build", || built(session, &plan, &project, &slightfile))?;
    match (arguments.dry_run, plan.tests) {
        (true, _) => {}
        (false, false) => stages.skip("test", "as `--no-test` says"),
        (false, true) => stages.run("test", || tested(session, &plan, &project, slightfile.clone()))?,
    }
    let packed = stages.run("pack", || pack(session, &plan, &project, &slightfile, &written))?;
    let shipped = match &plan.client {
        None => planned(&plan, &packed)?,
        Some(client) => {
            let tagging = Tagging::of(&plan.tags);
            let sent = send(session, &stages, &plan, &packed, (client, &tagging));
            sent.inspect_err(|_| {
                let own = plan.at.with_digest(packed.package.descriptor.digest.clone());
                session.ui.event(&Event::Tags(tagging.left(&own)));
            })?
        }
    };
    session.ui.result(&human(&shipped, &plan), &[Line::Shipped(shipped)]);
    Ok(Exit::Done)
}

/// What `slt check` says of the project without its component, which is about to be made anew. Errors stop it.
fn checked(session: &Session<'_>, plan: &Plan) -> Result<((Project, Slightfile), String), Failure> {
    let project = plan.project.clone();
    let judged = check::judge(session, &project, Beside::Wit);
    session.ui.diagnostics(check::source(&project), &judged.shown);
    let summary = judged.summary.strip_prefix("checked ").unwrap_or(&judged.summary);
    if judged.checked.errors > 0 {
        return Err(Failure::failed(summary).hint("`slt check` shows it again; nothing was built"));
    }
    let (project, slightfile) = super::app::understood(session, project, false)?;
    Ok(((project, slightfile), summary.to_owned()))
}

fn built(
    session: &Session<'_>,
    plan: &Plan,
    project: &Project,
    slightfile: &Slightfile,
) -> Result<(Written, String), Failure> {
    let build_plan = super::build::plan(session, project, slightfile, plan.release);
    let written = build::component(&build_plan, &quieter(session)).map_err(super::build::failure)?;
    // before it was built, it could only be compared with its world
    let judged = check::judge(session, project, Beside::Component(&written.path));
    if judged.checked.errors > 0 {
        session.ui.diagnostics(check::source(project), &judged.shown);
        return Err(Failure::failed(judged.summary));
    }
    let name = crate::project::named(&written.path, &session.directory());
    let detail = format!("{name}  {}", crate::ui::size(written.bytes));
    Ok((written, detail))
}

fn tested(
    session: &Session<'_>,
    plan: &Plan,
    project: &Project,
    slightfile: Slightfile,
) -> Result<((), String), Failure> {
    let arguments = Test {
        release: plan.release,
        ..Test::default()
    };
    let summary = test::tests(session, project, slightfile, &arguments, &quieter(session))?;
    match (summary.is_success(), summary.total()) {
        (true, 0) => Ok(((), "there are no tests".to_owned())),
        (true, _) => Ok(((), format!("{} passed", summary.passed))),
        (false, total) => Err(
            Failure::failed(format!("{} of {total} tests did not pass", total - summary.passed))
                .hint("`slt test` runs them again; nothing was pushed"),
        ),
    }
}

/// Where build and tests report to. People see what their steps come to, and else only what goes wrong.
fn quieter(session: &Session<'_>) -> Sink {
    let (sink, all) = (session.ui.sink(), session.ui.is_json() || session.global.verbose > 0);
    Arc::new(move |event| {
        let is_news = match &event {
            Event::Built { .. } | Event::TestsPlanned { .. } | Event::TestsFinished(_) => false,
            Event::TestFinished(test) => matches!(test.outcome, Outcome::Failed | Outcome::TimedOut | Outcome::NotRun),
            _ => true,
        };
        if all || is_news {
            sink(event);
        }
    })
}

/// What is pushed, and what is attested of it.
fn pack(
    session: &Session<'_>,
    plan: &Plan,
    project: &Project,
    slightfile: &Slightfile,
    written: &Written,
) -> Result<(Packed, String), Failure> {
    let package = push::pack(session, &written.path, Some(&project.root), BTreeMap::new())?;
    let text = match plan.slightfile {
        true => Some(push::without_secrets(session, project)?),
        false => None,
    };
    let mut documents = Vec::new();
    if plan.provenance || !plan.sboms.is_empty() {
        let build_plan = super::build::plan(session, project, slightfile, plan.release);
        let bytes = files::read(&written.path, ARTIFACT_MAX_BYTES).map_err(|error| {
            Failure::environment(format!(
                "cannot read `{}`: {}",
                written.path.display(),
                os::reason(&error)
            ))
        })?;
        let made = documents::made(&build_plan, written, &bytes)?;
        if made.contents.sha256 != package.layer.digest.hex() {
            return Err(Failure::failed(format!(
                "`{}` has changed while it was packed",
                written.path.display()
            )));
        }
        documents.extend(plan.sboms.iter().map(|format| Document {
            predicate_type: format.predicate_type(),
            predicate: attest::sbom(&made.contents, *format, plan.created),
        }));
        if plan.provenance {
            documents.push(Document {
                predicate_type: provenance::PREDICATE_TYPE,
                predicate: documents::provenance(session, &build_plan, &made).predicate(),
            });
        }
    }
    let detail = package.descriptor.digest.to_string();
    Ok((
        Packed {
            package,
            documents,
            slightfile: text,
        },
        detail,
    ))
}

/// Pushes, signs, attests and tags, in this order.
fn send(
    session: &Session<'_>,
    stages: &Stages<'_>,
    plan: &Plan,
    packed: &Packed,
    (client, tagging): (&Client, &Tagging<'_>),
) -> Result<Shipped, Failure> {
    let package = &packed.package;
    let own = plan.at.with_digest(package.descriptor.digest.clone());
    let slightfile = stages.run("push", || {
        let attached = registries::wait(session, async {
            package.push(client, &own, None).await.map_err(registries::failure)?;
            let Some(text) = &packed.slightfile else {
                return Ok(None);
            };
            let attached = client.attach((&own, &package.descriptor), push::attachment(text)).await;
            attached.map(Some).map_err(registries::failure)
        })?;
        Ok((attached, own.to_string()))
    })?;
    let (mut signatures, mut attestations) = (Vec::new(), Vec::new());
    if let Some(signing) = &plan.signing {
        let signer = stages.run("sign", || {
            let signer = signing.signer(session)?;
            let name = signer.name();
            for subject in std::iter::once(&package.descriptor).chain(&slightfile) {
                let put = Put {
                    session,
                    client,
                    at: &plan.at,
                    subject,
                    signer: &signer,
                };
                signatures.push(put.signed(COSIGN_SIGN, serde_json::json!({}))?);
            }
            Ok((signer, name))
        })?;
        if !packed.documents.is_empty() {
            attestations = stages.run("attest", || {
                let put = Put {
                    session,
                    client,
                    at: &plan.at,
                    subject: &package.descriptor,
                    signer: &signer,
                };
                let each = |document: &Document| put.signed(document.predicate_type, document.predicate.clone());
                let attested = packed.documents.iter().map(each).collect::<Result<Vec<_>, _>>()?;
                let types: Vec<&str> = packed
                    .documents
                    .iter()
                    .map(|document| document.predicate_type)
                    .collect();
                Ok((attested, types.join(", ")))
            })?;
        }
    } else {
        stages.skip("sign", "as `--no-sign` says");
    }
    stages.run("tag", || {
        registries::wait(session, async {
            let given = tagging.give(client, &plan.at, package).await;
            given.map_err(registries::failure)
        })?;
        let names: Vec<String> = plan.tags.iter().map(|tag| plan.at.with_tag(tag).to_string()).collect();
        Ok(((), names.join(", ")))
    })?;
    Ok(Shipped {
        signatures,
        attestations,
        slightfile: slightfile.map(|attached| attached.digest.to_string()),
        dry_run: false,
        ..outlined(plan, packed)
    })
}

/// Signs something, and puts it beside what it is about.
struct Put<'a> {
    session: &'a Session<'a>,
    client: &'a Client,
    at: &'a Reference,
    subject: &'a Descriptor,
    signer: &'a Signer,
}

impl Put<'_> {
    fn signed(&self, predicate_type: &str, predicate: Value) -> Result<Signature, Failure> {
        let at = self.at.with_digest(self.subject.digest.clone());
        let referrer = registries::wait(self.session, async {
            let sha256 = self.subject.digest.hex();
            let bundle = self.signer.attest(sha256, predicate_type, predicate).await;
            let bundle = bundle.map_err(|error| signing::unsigned(&error))?;
            let created = sign::now();
            let attached = store::attach(self.client, (&at, self.subject), &bundle, predicate_type, &created);
            attached.await.map_err(registries::failure)
        })?;
        Ok(Signature {
            predicate_type: predicate_type.to_owned(),
            subject: self.subject.digest.to_string(),
            signer: Some(self.signer.name()),
            referrer: Some(referrer.digest.to_string()),
        })
    }
}

/// What is known before anything is sent.
fn outlined(plan: &Plan, packed: &Packed) -> Shipped {
    let package = &packed.package;
    Shipped {
        reference: plan.at.to_string(),
        name: plan.at.with_digest(package.descriptor.digest.clone()).to_string(),
        digest: package.descriptor.digest.to_string(),
        component: package.layer.digest.to_string(),
        bytes: package.layer.size,
        tags: plan.tags.clone(),
        signatures: Vec::new(),
        attestations: Vec::new(),
        slightfile: None,
        dry_run: true,
    }
}

/// What would be done.
fn planned(plan: &Plan, packed: &Packed) -> Result<Shipped, Failure> {
    let outlined = outlined(plan, packed);
    let unsigned = |predicate_type: &str, subject: String| Signature {
        predicate_type: predicate_type.to_owned(),
        subject,
        signer: None,
        referrer: None,
    };
    let digest = |text: &String| plan::slightfile_digest(packed, text).map(|digest| digest.to_string());
    let slightfile = packed.slightfile.as_ref().map(digest).transpose()?;
    let (mut signatures, mut attestations) = (Vec::new(), Vec::new());
    if plan.signing.is_some() {
        let subjects = std::iter::once(&outlined.digest).chain(&slightfile);
        signatures = subjects.map(|subject| unsigned(COSIGN_SIGN, subject.clone())).collect();
        let types = packed.documents.iter().map(|document| document.predicate_type);
        attestations = types.map(|kind| unsigned(kind, outlined.digest.clone())).collect();
    }
    Ok(Shipped {
        signatures,
        attestations,
        slightfile,
        ..outlined
    })
}

fn human(shipped: &Shipped, plan: &Plan) -> String {
    if !shipped.dry_run {
        return format!("{}\n", shipped.name);
    }
    let mut text = format!("would push {} ({})\n", shipped.name, crate::ui::size(shipped.bytes));
    if let Some(slightfile) = &shipped.slightfile {
        text.push_str(&format!("would attach the slightfile as {slightfile}\n"));
    }
    let with = plan.signing.as_ref().map(Signing::described).unwrap_or_default();
    for signature in &shipped.signatures {
        text.push_str(&format!("would sign {} with {with}\n", signature.subject));
    }
    for attestation in &shipped.attestations {
        text.push_str(&format!("would attest {} with {with}\n", attestation.predicate_type));
    }
    text.push_str(&format!("would tag it {}\n", shipped.tags.join(", ")));
    text
}
