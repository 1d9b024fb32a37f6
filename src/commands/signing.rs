//! What the commands that sign and verify have in common: keys, passwords, tokens, trusted roots and policies, from files, the
//! environment, standard input and the terminal.
//!
//! Without a terminal nobody is asked. No password and no token is an argument, or is in a message.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::future::Future;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Failure, Session, prompt, registries};
use crate::cli::signing::{AcceptFlags, SignerFlags};
use crate::events::Event;
use crate::signing::policy::{Attestation, Known, Matcher, POLICY_MAX_BYTES, Policy, Signer as Accepted};
use crate::signing::predicates;
use crate::signing::token::{Conversation, Door, TOKEN_MAX_BYTES, ambient, interactive, with_device};
use crate::signing::{
    COSIGN_SIGN, KEY_FILE_MAX_BYTES, PrivateKey, PublicKey, SIGNING_CONFIG_MAX_BYTES, Services, SignError, Signer,
    TRUSTED_ROOT_MAX_BYTES, Token, Trust,
};
use crate::support::secret::Secret;
use crate::support::{files, os};
use crate::ui::policy::Excerpt;

/// The longest password, in bytes.
const PASSWORD_MAX_BYTES: u64 = 4 << 10;

/// cosign's variable for a key's password; it may be empty.
const PASSWORD: &str = "COSIGN_PASSWORD";

/// How it is given without a terminal.
pub(super) const PASSWORD_HINT: &str = "give it on standard input, with `--password-stdin`";

/// Variables with which somebody can sign in our name: cosign's password, and what proves to Sigstore who this job is. Whoever builds,
/// tests or stores credentials for us has no business with them.
const OWN: &[&str] = &[
    PASSWORD,
    "SIGSTORE_ID_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
];

/// The variables that are for slt alone, by name.
pub(super) type Own = BTreeMap<&'static str, Secret>;

/// Takes out of an environment what is for slt alone. One that is no text is gone too: nothing can be signed with it.
pub(super) fn taken(environment: &mut BTreeMap<String, OsString>) -> Own {
    let taken = OWN.iter().map(|name| (*name, environment.remove(*name)));
    taken
        .filter_map(|(name, value)| Some((name, Secret::new(value?.into_string().ok()?))))
        .collect()
}

/// The longest part of a file's name that is made of a type, in bytes: file systems take names of 255.
const TYPE_MAX_BYTES: usize = 100;

/// Where the bundle of a file lies, if nobody says: `app.wasm.sigstore.json`, and of an attestation `app.wasm.spdx.sigstore.json`.
pub(super) fn beside(target: &str, predicate_type: Option<&str>) -> PathBuf {
    let named = predicate_type.filter(|uri| *uri != COSIGN_SIGN).map(|uri| {
        let text = predicates::short_name(uri).unwrap_or_else(|| uri.split_once("://").map_or(uri, |(_, rest)| rest));
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || "._-".contains(c) {
                c
            } else {
                '-'
            }
        };
        format!(".{}", text.chars().map(plain).take(TYPE_MAX_BYTES).collect::<String>())
    });
    PathBuf::from(format!("{target}{}.sigstore.json", named.unwrap_or_default()))
}

/// The URI of a predicate's type.
pub(super) fn predicate_type(text: &str) -> Result<String, Failure> {
    predicates::uri(text).map_err(|error| Failure::usage(error.to_string()).hint(error.hint()))
}

/// Waits for a signature or for a token, unless the user asks for an end.
pub(super) fn wait<T>(session: &Session<'_>, work: impl Future<Output = Result<T, SignError>>) -> Result<T, Failure> {
    registries::wait(session, async { work.await.map_err(|error| unsigned(&error)) })
}

/// What a failure to sign means for the user.
pub(super) fn unsigned(error: &SignError) -> Failure {
    let failure = match error {
        SignError::Key(_) | SignError::Config(_) | SignError::NoWay(_) | SignError::NoToken(_) => {
            Failure::usage(error.to_string())
        }
        SignError::Token(_) | SignError::Nobody(_) | SignError::Logged(_) | SignError::Distrusted(_) => {
            Failure::failed(error.to_string())
        }
        SignError::Service { .. } => Failure::environment(error.to_string()),
    };
    failure.hint(error.hint())
}

/// The text of a file or a pipe, for an error that names it.
pub(super) fn text(session: &Session<'_>, path: &Path, most: u64) -> Result<String, Failure> {
    let unreadable = |reason: String| Failure::usage(format!("cannot read `{}`: {reason}", path.display()));
    let bytes = files::read_any(&session.directory().join(path), most);
    let bytes = bytes.map_err(|error| unreadable(os::reason(&error)))?;
    String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8 text".to_owned()))
}

/// The trusted root that a flag names, or the public-good one.
pub(super) fn trust(session: &Session<'_>, path: Option<&Path>) -> Result<Trust, Failure> {
    let trust = match path {
        Some(path) => Trust::from_json(&text(session, path, TRUSTED_ROOT_MAX_BYTES)?),
        None => Trust::public_good(),
    };
    trust.map_err(|error| {
        let name = path.map_or_else(
            || "Sigstore's public root".to_owned(),
            |path| format!("`{}`", path.display()),
        );
        Failure::usage(format!("{name} cannot be used: {error}"))
            .hint("`cosign trusted-root create` writes such a file")
    })
}

/// Who signs, as the flags say.
pub(super) fn signer(session: &Session<'_>, flags: &SignerFlags) -> Result<Signer, Failure> {
    if let Some(path) = &flags.key {
        let key = private_key(session, path, flags.password_stdin)?;
        let services = match &flags.signing_config {
            Some(_) => Some(services(session, flags)?),
            None => None,
        };
        return Ok(Signer::Key { key, services });
    }
    let services = services(session, flags)?;
    let token = token(session, flags, &services)?;
    Ok(Signer::Keyless { token, services })
}

fn services(session: &Session<'_>, flags: &SignerFlags) -> Result<Services, Failure> {
    let trust = Arc::new(trust(session, flags.trusted_root.as_deref())?);
    let proxies = registries::proxies(session);
    let services = match &flags.signing_config {
        Some(path) => Services::from_json(&text(session, path, SIGNING_CONFIG_MAX_BYTES)?, trust, proxies),
        None => Services::public_good(trust, proxies),
    };
    services.map_err(|error| unsigned(&error))
}

fn private_key(session: &Session<'_>, path: &Path, password_stdin: bool) -> Result<PrivateKey, Failure> {
    let text = text(session, path, KEY_FILE_MAX_BYTES)?;
    let unusable = |error: crate::signing::KeyError| {
        Failure::usage(format!("`{}` cannot be used: {error}", path.display())).hint(error.hint())
    };
    let password = match PrivateKey::is_encrypted(&text).map_err(unusable)? {
        true => password(session, password_stdin, &format!("password of `{}`: ", path.display()))?,
        false => None,
    };
    PrivateKey::from_pem(&text, password.as_ref()).map_err(unusable)
}

/// A key's password: from standard input, the environment, or the terminal; `None`: there is none of them.
pub(super) fn password(session: &Session<'_>, from_stdin: bool, question: &str) -> Result<Option<Secret>, Failure> {
    if from_stdin {
        return piped(PASSWORD_MAX_BYTES, "the password").map(Some);
    }
    if let Some(value) = variable(session, PASSWORD) {
        return Ok(Some(Secret::new(value)));
    }
    match io::stdin().is_terminal() {
        true => prompt::secret(session, question, PASSWORD_HINT).map(Some),
        false => Ok(None),
    }
}

/// What comes on standard input, without the newline that ends it.
pub(super) fn piped(most: u64, what: &str) -> Result<Secret, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().take(most + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::environment(format!("cannot read standard input: {}", os::reason(&error))))?;
    if bytes.len() as u64 > most {
        return Err(Failure::usage(format!(
            "{what} on standard input has more than {most} bytes"
        )));
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        bytes.pop_if(|byte| *byte == b'\r');
    }
    let text =
        String::from_utf8(bytes).map_err(|_| Failure::usage(format!("{what} on standard input is not UTF-8 text")))?;
    Ok(Secret::new(text))
}

/// Whether the environment has a key's password.
pub(super) fn has_password(session: &Session<'_>) -> bool {
    session.own.contains_key(PASSWORD)
}

fn variable(session: &Session<'_>, name: &str) -> Option<String> {
    if let Some(own) = session.own.get(name) {
        return Some(own.expose().to_owned());
    }
    let value = session.invocation.environment.get(name)?;
    value.to_str().map(str::to_owned)
}

fn token(session: &Session<'_>, flags: &SignerFlags, services: &Services) -> Result<Token, Failure> {
    if let Some(path) = &flags.identity_token {
        let text = match path.as_os_str() == "-" {
            true => piped(TOKEN_MAX_BYTES, "the token")?,
            false => Secret::new(text(session, path, TOKEN_MAX_BYTES)?),
        };
        let from = match path.as_os_str() == "-" {
            true => "standard input".to_owned(),
            false => format!("`{}`", path.display()),
        };
        return Token::parse(&text, &from).map_err(|error| unsigned(&error));
    }
    let forever = || {
        note(
            session,
            "the signature, and the identity that you prove now, will stand in a public log for ever".to_owned(),
        );
    };
    let conversation = Terminal(session.ui.clone());
    // it was asked for by name: no CI system is, and no terminal is needed
    if flags.device {
        forever();
        return wait(session, with_device(services, &conversation));
    }
    let lookup = |name: &str| variable(session, name);
    if let Some(token) = wait(session, ambient(&lookup, services))? {
        return Ok(token);
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(
            "there is nothing to sign with: no key, no identity token, and no terminal to ask at",
        )
        .hint("`--key FILE` signs with a key, `--identity-token FILE` for an identity, `--device` for a user who signs in elsewhere"));
    }
    forever();
    wait(session, interactive(services, &conversation, !flags.no_browser))
}

/// The user, at the terminal or elsewhere.
struct Terminal(crate::ui::Ui);

impl Conversation for Terminal {
    fn show(&self, door: Door) {
        let (code, seconds) = door.code.unzip();
        self.0.event(&Event::SignIn {
            address: door.address,
            opens: door.opens,
            code,
            seconds,
        });
    }

    fn ask(&self, question: &str) -> io::Result<Secret> {
        self.0.ask_secret(question)
    }
}

/// Says something to people; programs get results only.
pub(super) fn note(session: &Session<'_>, message: String) {
    if !session.ui.is_json() {
        session.ui.event(&Event::Note { message });
    }
}

/// What is demanded, and what to check it with.
pub(super) struct Demanded {
    /// Whose signature counts, and what must be attested.
    pub policy: Policy,
    /// The trusted root, where it is needed or named.
    pub trust: Option<Trust>,
}

/// What the flags demand, or the policy that they name.
pub(super) fn demanded(session: &Session<'_>, flags: &AcceptFlags, wanted: Option<&str>) -> Result<Demanded, Failure> {
    let policy = match &flags.policy {
        Some(path) => policy(session, path)?,
        None => of_flags(session, flags, wanted)?,
    };
    let root = flags.trusted_root.clone().or_else(|| policy.trusted_root.clone());
    let trust = match (&root, policy.has_identities()) {
        (Some(path), _) => Some(trust(session, Some(path))?),
        (None, true) => Some(trust(session, None)?),
        (None, false) => None,
    };
    match policy.witnesses_of_keys().filter(|_| trust.is_none()) {
        Some(what) => Err(Failure::usage(format!(
            "{what} is demanded of a key's signature, and there is no trusted root to check it with"
        ))
        .hint("`--trusted-root FILE`, or `trusted-root` in the policy; keys alone have none by default")),
        None => Ok(Demanded { policy, trust }),
    }
}

/// Reads a policy file, and shows everything that is wrong in it.
pub(super) fn policy(session: &Session<'_>, path: &Path) -> Result<Policy, Failure> {
    let content = text(session, path, POLICY_MAX_BYTES)?;
    let whole = session.directory().join(path);
    let folder = whole.parent().map(Path::to_owned).unwrap_or_default();
    let file = |path: &Path| {
        let bytes = files::read(path, TRUSTED_ROOT_MAX_BYTES).map_err(|error| os::reason(&error))?;
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
    };
    Policy::parse(&content, &folder, &file).map_err(|problems| {
        let name = path.display().to_string();
        let excerpts = problems.iter().map(|problem| Excerpt {
            message: problem.message.clone(),
            range: problem.range.clone(),
            label: problem.label.clone(),
            hint: problem.hint.clone(),
        });
        session.ui.excerpts(&name, &content, &excerpts.collect::<Vec<_>>());
        let count = match problems.len() {
            1 => "a problem".to_owned(),
            count => format!("{count} problems"),
        };
        Failure::usage(format!("the policy `{name}` has {count}")).hint("`docs/policy.md` has its grammar")
    })
}

fn of_flags(session: &Session<'_>, flags: &AcceptFlags, wanted: Option<&str>) -> Result<Policy, Failure> {
    let mut signers = Vec::new();
    for path in &flags.key {
        signers.push(Accepted {
            name: path.display().to_string(),
            known: Known::Key(public_key(session, path)?),
        });
    }
    if let Some(known) = identity(flags)? {
        signers.push(Accepted {
            name: "the identity".to_owned(),
            known,
        });
    }
    if signers.is_empty() {
        return Err(Failure::usage("it is not said whose signature counts")
            .hint("`--key FILE`, or `--identity IDENTITY --issuer URL`, or `--policy FILE`"));
    }
    let mut policy = Policy::one_of(signers);
    policy.log = match (flags.require_log, flags.insecure_ignore_tlog) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    policy.timestamp = flags.require_timestamp;
    policy.sct = !flags.insecure_ignore_sct;
    if let Some(wanted) = wanted {
        policy.threshold = 0;
        policy.attestations = vec![Attestation {
            predicate_type: predicate_type(wanted)?,
            signers: Vec::new(),
            conditions: Vec::new(),
        }];
    }
    Ok(policy)
}

fn public_key(session: &Session<'_>, path: &Path) -> Result<PublicKey, Failure> {
    let text = text(session, path, KEY_FILE_MAX_BYTES)?;
    PublicKey::from_pem(&text)
        .map_err(|error| Failure::usage(format!("`{}` cannot be used: {error}", path.display())).hint(error.hint()))
}

fn identity(flags: &AcceptFlags) -> Result<Option<Known>, Failure> {
    let matcher = |exact: &Option<String>, expression: &Option<String>, flag: &str| match (exact, expression) {
        (Some(text), _) if text.is_empty() => Err(Failure::usage(format!("`--{flag}` is empty"))),
        (Some(text), _) => Ok(Some(Matcher::Exact(text.clone()))),
        (None, Some(text)) => {
            let matcher = Matcher::expression(text);
            matcher
                .map(Some)
                .map_err(|error| Failure::usage(format!("`--{flag}-regexp`: {error}")))
        }
        (None, None) => Ok(None),
    };
    let identity = matcher(&flags.identity, &flags.identity_regexp, "identity")?;
    let issuer = matcher(&flags.issuer, &flags.issuer_regexp, "issuer")?;
    match (identity, issuer) {
        (Some(identity), Some(issuer)) => Ok(Some(Known::Identity { identity, issuer })),
        (None, None) => Ok(None),
        _ => Err(Failure::usage("an identity and its issuer belong together")
            .hint("`--identity IDENTITY --issuer URL`: anybody can call themselves anything at another issuer")),
    }
}
