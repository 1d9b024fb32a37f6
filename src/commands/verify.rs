//! `slt verify`: whether a file or an image was signed by those who are trusted, and which check failed if not.

use schemars::JsonSchema;
use serde::Serialize;

use super::sign::{Target, target};
use super::signing::{Demanded, beside, demanded};
use super::{Exit, Failure, Session, registries};
use crate::cli::signing::Verify;
use crate::events::Event;
use crate::registry::Reference;
use crate::signing::{
    BUNDLE_MAX_BYTES, Believed, Check, Evidence, Finding, Judgement, Outcome, Refusal, Subject, Verdict, Who, judge,
    store, verify_reference,
};
use crate::support::files::{self, ARTIFACT_MAX_BYTES};
use crate::support::os;
use crate::support::text::one_line;

/// What `slt verify --format json` prints, an object a line.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// Something that may be a signature.
    Evidence(EvidenceLine),
    /// How it ended.
    Verification {
        /// The file or the image, as it was named.
        target: String,
        /// What it is: `sha256:…`.
        digest: String,
        /// How it ended.
        outcome: Outcome,
        /// What is demanded and is not there.
        missing: Vec<String>,
    },
}

/// A piece of evidence.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EvidenceLine {
    /// Where it was found: a file, a referrer, a layer below a tag.
    pub origin: String,
    /// What it says it is; of what is refused, nobody vouches for that. None: a signature over the file itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicate_type: Option<String>,
    /// What became of it.
    pub result: Judged,
    /// The check that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// What it found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<SignerLine>,
    /// When at the latest, as trusted witnesses say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Its place in the transparency log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_index: Option<u64>,
    /// What was not checked, and why.
    pub notes: Vec<String>,
}

/// What became of a piece of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Judged {
    /// All checks were passed.
    Believed,
    /// A check failed.
    Refused,
    /// It says something that nobody asked for.
    NotAsked,
}

/// Who signed.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct SignerLine {
    /// What the policy or the flags call them; where a policy has several names for them, the first.
    pub name: String,
    /// The fingerprint of a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whom a certificate was given to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Who vouched for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
}

/// Runs `slt verify`.
pub fn run(session: &Session<'_>, arguments: &Verify) -> Result<Exit, Failure> {
    let target = target(session, &arguments.target)?;
    if matches!(target, Target::File(_)) {
        registries::sound(session, &arguments.registries)?;
    }
    let demanded = demanded(session, &arguments.accept, arguments.predicate_type.as_deref())?;
    let verdict = match &target {
        Target::File(path) => {
            let bytes = files::read(path, ARTIFACT_MAX_BYTES).map_err(|error| {
                Failure::usage(format!("cannot read `{}`: {}", arguments.target, os::reason(&error)))
            })?;
            let sha256 = store::sha256(&bytes);
            let evidence = files_of(session, arguments, Some(&demanded))?;
            judged(&Subject::File(&sha256, &bytes), &evidence, &demanded)
        }
        Target::Image(reference) => of_image(session, arguments, reference, &demanded)?,
    };
    report(session, &arguments.target, &verdict);
    match verdict.outcome {
        Outcome::Verified => Ok(Exit::Done),
        _ => Err(refused(&arguments.target, &verdict)),
    }
}

fn judged(subject: &Subject<'_>, evidence: &[Evidence], demanded: &Demanded) -> Verdict {
    judge(subject, evidence, &demanded.policy, demanded.trust.as_ref())
}

/// The bundles that are named, or of a file those beside it: its signature, and what is demanded that is attested.
fn files_of(session: &Session<'_>, arguments: &Verify, beside_it: Option<&Demanded>) -> Result<Vec<Evidence>, Failure> {
    let mut names = arguments.bundle.clone();
    if let Some(demanded) = beside_it.filter(|_| names.is_empty()) {
        let attestations = demanded.policy.attestations.iter();
        let types = attestations.map(|attestation| Some(attestation.predicate_type.as_str()));
        for predicate_type in std::iter::once(None).chain(types) {
            let name = beside(&arguments.target, predicate_type);
            if !names.contains(&name) && session.directory().join(&name).is_file() {
                names.push(name);
            }
        }
    }
    let mut evidence = Vec::new();
    for name in names {
        let path = session.directory().join(&name);
        let shown = name.display().to_string();
        evidence.push(match files::read_any(&path, BUNDLE_MAX_BYTES) {
            Ok(bytes) => Evidence::bundle(shown, &bytes),
            Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => Evidence {
                bundle: Err(Refusal {
                    check: Check::Bundle,
                    reason: format!("`{shown}` has more than {BUNDLE_MAX_BYTES} bytes"),
                }),
                origin: shown,
                payload: None,
            },
            Err(error) => {
                let reason = os::reason(&error);
                return Err(Failure::usage(format!("cannot read `{shown}`: {reason}")));
            }
        });
    }
    Ok(evidence)
}

fn of_image(
    session: &Session<'_>,
    arguments: &Verify,
    reference: &Reference,
    demanded: &Demanded,
) -> Result<Verdict, Failure> {
    let client = registries::client(session, &arguments.registries)?;
    let at = match &reference.digest {
        Some(digest) => reference.with_digest(digest.clone()),
        None => {
            let image = registries::wait(session, async {
                client.resolve(reference).await.map_err(registries::failure)
            })?;
            reference.with_digest(image.digest)
        }
    };
    let sha256 = at.digest.as_ref().map_or("", |digest| digest.hex());
    if !arguments.bundle.is_empty() {
        let evidence = files_of(session, arguments, None)?;
        return Ok(judged(&Subject::Image(sha256), &evidence, demanded));
    }
    registries::wait(session, async {
        let verdict = verify_reference(&client, &at, &demanded.policy, demanded.trust.as_ref()).await;
        verdict.map_err(registries::failure)
    })
}

/// What failed, as one error.
pub(super) fn refused(target: &str, verdict: &Verdict) -> Failure {
    let missing = verdict.missing.join("; ");
    if verdict.outcome == Outcome::NotFound {
        let failure = Failure::failed(format!(
            "`{target}` ({}) is not verified: {missing}, and nothing that could be one",
            verdict.digest
        ));
        return failure.hint("`slt sign` signs it; `--bundle FILE` names a signature that lies elsewhere");
    }
    // what lies there can be anybody's: what is missing is said before it
    let refusals: Vec<_> = verdict.refusals().collect();
    let refused = match refusals.as_slice() {
        [] => String::new(),
        [(finding, refusal)] if verdict.findings.len() > 1 => format!("; refused: {refusal} (in {})", finding.origin),
        [(_, refusal)] => format!("; refused: {refusal}"),
        [(_, first), rest @ ..] => format!("; refused: {first}, and {} more", rest.len()),
    };
    Failure::failed(format!(
        "`{target}` ({}) is not verified: {missing}{refused}",
        verdict.digest
    ))
    .hint("`docs/signing.md` says what each check looks at; do not use what fails one")
}

/// What was found: who is believed on standard output, what is refused beside it on standard error.
pub(super) fn report(session: &Session<'_>, target: &str, verdict: &Verdict) {
    if session.ui.is_json() {
        let mut lines: Vec<Line> = verdict
            .findings
            .iter()
            .map(|finding| Line::Evidence(line(finding)))
            .collect();
        lines.push(Line::Verification {
            target: target.to_owned(),
            digest: verdict.digest.clone(),
            outcome: verdict.outcome,
            missing: verdict.missing.clone(),
        });
        return session.ui.result("", &lines);
    }
    // one that is all there is becomes the error itself
    let is_the_error = verdict.outcome == Outcome::Refused && verdict.refusals().count() == 1;
    for (finding, refusal) in verdict.refusals().filter(|_| !is_the_error) {
        let message = format!("refused {}: {refusal}", finding.origin);
        session.ui.event(&Event::Note { message });
    }
    if verdict.is_verified() {
        let none: [Line; 0] = [];
        session.ui.result(&human(target, verdict), &none);
    }
}

fn human(target: &str, verdict: &Verdict) -> String {
    let mut human = format!("verified {target} ({})\n", verdict.digest);
    for (finding, believed) in verdict.believed() {
        human.push_str(&format!("  {} by {}", what(finding), who(&believed.who)));
        human.push_str(&match &believed.time {
            Some(time) => format!(", at {time} at the latest"),
            None => ", at a time that nobody vouches for".to_owned(),
        });
        if let Some(index) = believed.log_index {
            human.push_str(&format!(", log entry {index}"));
        }
        human.push('\n');
        for note in &believed.notes {
            human.push_str(&format!("    {note}\n"));
        }
    }
    human
}

fn what(finding: &Finding) -> String {
    match finding.predicate_type.as_deref() {
        Some(crate::signing::COSIGN_SIGN) | None => "signed".to_owned(),
        Some(predicate_type) => format!("attested `{}`", one_line(predicate_type)),
    }
}

fn who(who: &Who) -> String {
    match who {
        Who::Key(fingerprint) => format!("key {fingerprint}"),
        Who::Identity { identity, issuer } => format!("{} ({})", one_line(identity), one_line(issuer)),
    }
}

fn line(finding: &Finding) -> EvidenceLine {
    let mut line = EvidenceLine {
        origin: finding.origin.clone(),
        predicate_type: finding.predicate_type.clone(),
        result: Judged::NotAsked,
        check: None,
        reason: None,
        signer: None,
        time: None,
        log_index: None,
        notes: Vec::new(),
    };
    match &finding.judgement {
        Judgement::NotAsked => {}
        Judgement::Refused(refusal) => {
            line.result = Judged::Refused;
            line.check = Some(refusal.check);
            line.reason = Some(refusal.reason.clone());
        }
        Judgement::Believed(believed) => {
            line.result = Judged::Believed;
            line.signer = Some(signer(believed));
            line.time.clone_from(&believed.time);
            line.log_index = believed.log_index;
            line.notes.clone_from(&believed.notes);
        }
    }
    line
}

fn signer(believed: &Believed) -> SignerLine {
    let name = believed.names.first().cloned().unwrap_or_default();
    match believed.who.clone() {
        Who::Key(key) => SignerLine {
            name,
            key: Some(key),
            ..SignerLine::default()
        },
        Who::Identity { identity, issuer } => SignerLine {
            name,
            key: None,
            identity: Some(identity),
            issuer: Some(issuer),
        },
    }
}
