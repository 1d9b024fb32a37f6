//! Whether what was found is enough for a policy: every piece of evidence by itself, then all of them together.
//!
//! A bad piece beside a good one hides nothing: each is judged, and each refusal is reported with its check. Signers are
//! counted, not signatures: one key that signs twice is one signer.

use std::collections::BTreeSet;

use super::bundle::Bundle;
use super::check::{Check, Refusal};
use super::policy::{Attestation, Known, Policy};
use super::statement::COSIGN_SIGN;
use super::trust::Trust;
use super::verify::{self, Said, Subject};

/// Something that was found beside an image or a file, and that may be a signature of it.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Where: a path, the digest of a manifest, a tag.
    pub origin: String,
    /// The bundle, or why there is none.
    pub bundle: Result<Bundle, Refusal>,
    /// What a signature without an envelope was made over, when it is not the file: the payload of a `.sig` layer.
    pub payload: Option<Vec<u8>>,
}

impl Evidence {
    /// A bundle, as it was read.
    #[must_use]
    pub fn bundle(origin: impl Into<String>, bytes: &[u8]) -> Self {
        Self {
            origin: origin.into(),
            bundle: Bundle::parse(bytes),
            payload: None,
        }
    }
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// A key: its fingerprint.
    Key(String),
    /// A certificate.
    Identity {
        /// Whom it was given to.
        identity: String,
        /// Who vouched for them.
        issuer: String,
    },
}

/// A piece of evidence that is believed.
#[derive(Debug, Clone)]
pub struct Believed {
    /// Who signed.
    pub who: Who,
    /// What the policy calls them: as often as it names them, once at least.
    pub names: Vec<String>,
    /// When at the latest, in RFC 3339, as trusted witnesses say.
    pub time: Option<String>,
    /// Its place in the log, where that was checked.
    pub log_index: Option<u64>,
    /// What was not checked, and why.
    pub notes: Vec<String>,
}

/// What became of a piece of evidence.
#[derive(Debug, Clone)]
pub enum Judgement {
    /// All checks were passed.
    Believed(Box<Believed>),
    /// A check failed.
    Refused(Refusal),
    /// It says something that nobody asked for.
    NotAsked,
}

/// A piece of evidence, and what became of it.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Where it was found.
    pub origin: String,
    /// What it says it is, if it is a statement; of what is refused or not asked for, nobody vouches for that.
    pub predicate_type: Option<String>,
    /// What became of it.
    pub judgement: Judgement,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Everything that the policy demands is there.
    Verified,
    /// Something is there, and it is not believed or not enough.
    Refused,
    /// There is nothing of what is demanded.
    NotFound,
}

/// The whole answer.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// What it is about: `sha256:…`.
    pub digest: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Every piece of evidence.
    pub findings: Vec<Finding>,
    /// What the policy demands and is not there: sentences, none when it is verified.
    pub missing: Vec<String>,
}

impl Verdict {
    /// Whether it may be used.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.outcome == Outcome::Verified
    }

    /// Those who are believed.
    pub fn believed(&self) -> impl Iterator<Item = (&Finding, &Believed)> {
        self.findings.iter().filter_map(|finding| match &finding.judgement {
            Judgement::Believed(believed) => Some((finding, &**believed)),
            _ => None,
        })
    }

    /// The checks that failed.
    pub fn refusals(&self) -> impl Iterator<Item = (&Finding, &Refusal)> {
        self.findings.iter().filter_map(|finding| match &finding.judgement {
            Judgement::Refused(refusal) => Some((finding, refusal)),
            _ => None,
        })
    }
}

/// What has been counted so far.
#[derive(Default)]
struct Tally {
    signers: BTreeSet<Who>,
    /// Which attestations of the policy are there.
    attested: BTreeSet<usize>,
    /// Whether something that was to be a signature was refused; which attestations' were.
    refused_signature: bool,
    refused_attestations: BTreeSet<usize>,
}

/// Judges the evidence. `trust` is needed for certificates; for keys, log entries and timestamps are checked against it too.
#[must_use]
pub fn judge(subject: &Subject<'_>, evidence: &[Evidence], policy: &Policy, trust: Option<&Trust>) -> Verdict {
    let mut tally = Tally::default();
    let findings: Vec<Finding> = evidence
        .iter()
        .map(|piece| tally.add(subject, piece, policy, trust))
        .collect();
    let missing = tally.missing(policy);
    let is_believed = |finding: &Finding| matches!(finding.judgement, Judgement::Believed(_));
    let is_refused = findings.iter().any(is_believed)
        || (tally.signers.len() < policy.threshold && tally.has_some_signature())
        || policy
            .attestations
            .iter()
            .enumerate()
            .any(|(index, _)| !tally.attested.contains(&index) && tally.refused_attestations.contains(&index));
    let outcome = match (missing.is_empty(), is_refused) {
        (true, _) => Outcome::Verified,
        (false, true) => Outcome::Refused,
        (false, false) => Outcome::NotFound,
    };
    Verdict {
        digest: format!("sha256:{}", subject.sha256()),
        outcome,
        findings,
        missing,
    }
}

impl Tally {
    fn has_some_signature(&self) -> bool {
        self.refused_signature || !self.signers.is_empty()
    }

    fn add(&mut self, subject: &Subject<'_>, piece: &Evidence, policy: &Policy, trust: Option<&Trust>) -> Finding {
        let read = piece.bundle.as_ref().map_err(Clone::clone);
        let read = read.and_then(|bundle| Ok((bundle, bundle.statement()?)));
        let finding = |predicate_type: Option<String>, judgement: Judgement| Finding {
            origin: piece.origin.clone(),
            predicate_type,
            judgement,
        };
        let (bundle, statement) = match read {
            Ok(read) => read,
            Err(refusal) => {
                // what cannot be read may have been anything
                self.refused_signature = true;
                self.refused_attestations.extend(0..policy.attestations.len());
                return finding(None, Judgement::Refused(refusal));
            }
        };
        // a signature over the file itself says nothing of a predicate, and counts as cosign's statement does
        let predicate_type = statement.map(|statement| statement.predicate_type.clone());
        let meant = predicate_type.clone().unwrap_or_else(|| COSIGN_SIGN.to_owned());
        let rules: Vec<usize> = (0..policy.attestations.len())
            .filter(|index| {
                policy
                    .attestations
                    .get(*index)
                    .is_some_and(|rule| rule.predicate_type == meant)
            })
            .collect();
        let is_signature = policy.threshold > 0 && meant == COSIGN_SIGN;
        if !is_signature && rules.is_empty() {
            return finding(predicate_type, Judgement::NotAsked);
        }
        let believed = believed(subject, piece, bundle, policy, trust).and_then(|believed| {
            let conditions = self.attests(&rules, &believed, bundle, policy);
            match (is_signature, conditions) {
                (true, _) => self.signers.insert(believed.who.clone()),
                (false, Ok(())) => false,
                (false, Err(refusal)) => return Err(refusal),
            };
            Ok(believed)
        });
        let judgement = match believed {
            Ok(believed) => Judgement::Believed(Box::new(believed)),
            Err(refusal) => {
                self.refused_signature |= is_signature;
                self.refused_attestations.extend(rules);
                Judgement::Refused(refusal)
            }
        };
        finding(predicate_type, judgement)
    }

    /// Marks every attestation that this is; where it is none, what it lacks of the first.
    fn attests(
        &mut self,
        rules: &[usize],
        believed: &Believed,
        bundle: &Bundle,
        policy: &Policy,
    ) -> Result<(), Refusal> {
        if rules.is_empty() {
            return Ok(());
        }
        let predicate = bundle.predicate()?;
        let mut lacking = None;
        let mut is_one = false;
        for index in rules {
            let Some(rule) = policy.attestations.get(*index) else {
                continue;
            };
            match satisfies(rule, believed, &predicate) {
                Ok(()) => {
                    self.attested.insert(*index);
                    is_one = true;
                }
                Err(refusal) => {
                    self.refused_attestations.insert(*index);
                    lacking = lacking.or(Some(refusal));
                }
            }
        }
        lacking.filter(|_| !is_one).map_or(Ok(()), Err)
    }

    fn missing(&self, policy: &Policy) -> Vec<String> {
        let mut missing = Vec::new();
        let count = self.signers.len();
        if count < policy.threshold {
            missing.push(match (policy.threshold, count) {
                (1, _) => "no signature by an accepted signer".to_owned(),
                (threshold, count) => format!("{count} of {threshold} signers have signed"),
            });
        }
        for (index, rule) in policy.attestations.iter().enumerate() {
            if !self.attested.contains(&index) {
                missing.push(format!("no attestation `{}` as it is demanded", rule.predicate_type));
            }
        }
        missing
    }
}

fn satisfies(rule: &Attestation, believed: &Believed, predicate: &serde_json::Value) -> Result<(), Refusal> {
    if !rule.signers.is_empty() && !rule.signers.iter().any(|name| believed.names.contains(name)) {
        let names = believed.names.join("`, `");
        return Err(Check::Predicate.refused(format!("`{names}` is not among those who may attest it")));
    }
    let mut conditions = rule.conditions.iter();
    conditions
        .try_for_each(|condition| condition.holds(predicate))
        .map_err(|reason| Check::Predicate.refused(reason))
}

/// Who signed this, if somebody did who is accepted.
fn believed(
    subject: &Subject<'_>,
    piece: &Evidence,
    bundle: &Bundle,
    policy: &Policy,
    trust: Option<&Trust>,
) -> Result<Believed, Refusal> {
    let message = match (&piece.payload, subject) {
        (Some(payload), _) => Some(payload.as_slice()),
        (None, Subject::File(_, bytes)) => Some(*bytes),
        (None, Subject::Image(_)) => None,
    };
    let (who, names, said) = match bundle.document.signing_certificate() {
        Some(_) => certified(subject, bundle, message, policy, trust)?,
        None => keyed(subject, bundle, message, policy, trust)?,
    };
    Ok(Believed {
        who,
        names,
        time: said.time.map(|time| time.to_string()),
        log_index: said.log_index,
        notes: said.notes,
    })
}

/// All that the policy calls somebody.
fn names(policy: &Policy, is_this: &dyn Fn(&Known) -> bool) -> Vec<String> {
    let signers = policy.signers.iter().filter(|signer| is_this(&signer.known));
    signers.map(|signer| signer.name.clone()).collect()
}

/// Of several keys, the refusal that came furthest tells most.
fn keyed(
    subject: &Subject<'_>,
    bundle: &Bundle,
    message: Option<&[u8]>,
    policy: &Policy,
    trust: Option<&Trust>,
) -> Result<(Who, Vec<String>, Said), Refusal> {
    let mut furthest = Check::Key.refused("it was made with a key, and only identities are accepted");
    let mut is_first = true;
    for signer in &policy.signers {
        let Known::Key(key) = &signer.known else {
            continue;
        };
        match verify::by_key(bundle, subject.sha256(), message, key, trust, policy.demands(false)) {
            Ok(said) => {
                let is_this = |known: &Known| matches!(known, Known::Key(other) if other == key);
                return Ok((Who::Key(key.fingerprint()), names(policy, &is_this), said));
            }
            Err(refusal) => {
                if is_first || refusal.check > furthest.check {
                    furthest = refusal;
                }
                is_first = false;
            }
        }
    }
    Err(furthest)
}

const NOBODY: &str = "its certificate names nobody";

fn certified(
    subject: &Subject<'_>,
    bundle: &Bundle,
    message: Option<&[u8]>,
    policy: &Policy,
    trust: Option<&Trust>,
) -> Result<(Who, Vec<String>, Said), Refusal> {
    if !policy.has_identities() {
        return Err(Check::Key.refused("it was made with a certificate, and only keys are accepted"));
    }
    let trust = trust.ok_or_else(|| Check::Certificate.refused("there is no trusted root to check it with"))?;
    let said = verify::by_certificate(bundle, subject.sha256(), message, trust, policy.demands(true))?;
    let Some(found) = said.certificate.clone() else {
        return Err(Check::Identity.refused(NOBODY));
    };
    // an empty claim is none, whatever an expression says of it
    if found.identity.is_empty() {
        return Err(Check::Identity.refused(NOBODY));
    }
    if found.issuer.is_empty() {
        return Err(Check::Issuer.refused("its certificate does not say who vouched for them"));
    }
    let is_this = |known: &Known| match known {
        Known::Identity { identity, issuer } => identity.matches(&found.identity) && issuer.matches(&found.issuer),
        Known::Key(_) => false,
    };
    let names = names(policy, &is_this);
    if !names.is_empty() {
        let who = Who::Identity {
            identity: found.identity,
            issuer: found.issuer,
        };
        return Ok((who, names, said));
    }
    let mut refusal = None;
    for signer in &policy.signers {
        let Known::Identity { identity, issuer } = &signer.known else {
            continue;
        };
        let new = match identity.matches(&found.identity) {
            true => Check::Issuer.refused(format!("`{}` vouched for them, and {issuer} is accepted", found.issuer)),
            false => Check::Identity.refused(format!("it is by `{}`, and {identity} is accepted", found.identity)),
        };
        if refusal.as_ref().is_none_or(|known: &Refusal| new.check > known.check) {
            refusal = Some(new);
        }
    }
    Err(refusal.unwrap_or_else(|| Check::Identity.refused("nobody is accepted")))
}
