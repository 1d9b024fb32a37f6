//! Tells registries who asks, when they ask: a password with each request, or a token that somebody gives out for it.
//!
//! Tokens are kept for as long as they are taken, in memory only. One that is refused is asked for anew, once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use serde::Deserialize;
use tokio::sync::oneshot;
use url::Url;

use super::Error;
use super::challenge::{Challenge, challenge};
use super::credentials::{Credentials, CredentialsError, Login};
use super::retry::{Attempt, judged};
use super::transport::{Answer, Body, Request, Transport, host};
use crate::support::secret::Secret;

/// The most of a token's answer that is read, in bytes: tokens of large organisations have some 10,000.
const TOKEN_MAX_BYTES: u64 = 256 << 10;

/// Who we are for those who give out tokens.
const CLIENT_ID: &str = "slt";

/// Docker's user for credentials whose password is an identity token
/// (<https://github.com/docker/docker-credential-helpers#development>).
pub(super) const TOKEN_USER: &str = "<token>";

/// What is to be done where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Scope {
    /// The registry, as it is written.
    pub(super) registry: String,
    /// The repository; none to see whether credentials are taken at all.
    pub(super) repository: Option<String>,
    /// Whether it is written to.
    pub(super) writes: bool,
    /// Another repository that is read from, too.
    pub(super) from: Option<String>,
}

impl Scope {
    /// As those who give out tokens are asked for it.
    fn texts(&self) -> Vec<String> {
        let own = self.repository.iter().map(|repository| {
            let actions = if self.writes { "pull,push" } else { "pull" };
            format!("repository:{repository}:{actions}")
        });
        let other = self
            .from
            .iter()
            .map(|repository| format!("repository:{repository}:pull"));
        own.chain(other).collect()
    }

    /// The name under which credentials are looked up.
    fn name(&self) -> String {
        match &self.repository {
            Some(repository) => format!("{}/{repository}", self.registry),
            None => self.registry.clone(),
        }
    }
}

/// What has been learned about who may do what.
#[derive(Default)]
pub(super) struct Auth {
    headers: Mutex<HashMap<Scope, HeaderValue>>,
    logins: Mutex<HashMap<String, Option<Login>>>,
}

/// The answer of those who give out tokens; some call it the one, some the other. No `Debug`.
#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
}

impl Auth {
    /// What is sent along, as far as it is known.
    pub(super) fn header(&self, scope: &Scope) -> Option<HeaderValue> {
        let headers = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        headers.get(scope).cloned()
    }

    /// Meets the challenge of an answer with status 401; afterwards, [`Auth::header`] has something new.
    pub(super) async fn meet(&self, answer: &Answer, scope: &Scope, transport: &Transport) -> Result<(), Attempt> {
        let texts = answer.headers.get_all("www-authenticate");
        let challenge = challenge(texts.iter().filter_map(|value| value.to_str().ok()));
        let login = self.login(scope, &transport.settings().credentials).await?;
        let unauthorized = || {
            Attempt::Final(Error::Unauthorized {
                registry: scope.registry.clone(),
                had_credentials: login.is_some(),
            })
        };
        let header = match (challenge, &login) {
            (None, _) | (Some(Challenge::Basic), None | Some(Login::Identity(_))) => return Err(unauthorized()),
            (Some(_), Some(Login::Token(token))) => sensitive(&format!("Bearer {}", token.expose())),
            (Some(Challenge::Basic), Some(Login::Basic { user, password })) => basic(user, password),
            (
                Some(Challenge::Bearer {
                    realm,
                    service,
                    scope: asked,
                }),
                login,
            ) => {
                let mut scopes = scope.texts();
                // what it asks for beyond what was foreseen
                let asked = asked.unwrap_or_default();
                scopes.extend(
                    asked
                        .split(' ')
                        .filter(|asked| is_beyond(asked, scope))
                        .map(str::to_owned),
                );
                let ask = Ask {
                    realm: &realm,
                    service: service.as_deref(),
                    scopes: &scopes,
                    login: login.as_ref(),
                };
                let token = token(&ask, &answer.url, transport, &unauthorized).await?;
                sensitive(&format!("Bearer {}", token.expose()))
            }
        };
        let header = header.ok_or_else(unauthorized)?;
        let mut headers = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        headers.insert(scope.clone(), header);
        Ok(())
    }

    /// Forgets a header that is no longer taken.
    pub(super) fn forget(&self, scope: &Scope) {
        let mut headers = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        headers.remove(scope);
    }

    /// Whether there are credentials for it, as far as it is known.
    pub(super) fn has_login(&self, scope: &Scope) -> bool {
        let logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        logins.get(&scope.name()).is_some_and(Option::is_some)
    }

    /// A text of the registry's without what must not be seen, should it repeat what it was sent.
    pub(super) fn scrubbed(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let mut cover = |secret: &str| {
            if !secret.is_empty() {
                text = text.replace(secret, "…");
            }
        };
        for login in self
            .logins
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .flatten()
        {
            match login {
                Login::Basic { password, .. } => cover(password.expose()),
                Login::Identity(token) | Login::Token(token) => cover(token.expose()),
            }
        }
        for header in self.headers.lock().unwrap_or_else(PoisonError::into_inner).values() {
            let sent = header.to_str().unwrap_or_default();
            cover(sent.split_once(' ').map_or(sent, |(_, secret)| secret));
        }
        text
    }

    async fn login(&self, scope: &Scope, credentials: &Credentials) -> Result<Option<Login>, Error> {
        let name = scope.name();
        if let Some(known) = self.logins.lock().unwrap_or_else(PoisonError::into_inner).get(&name) {
            return Ok(known.clone());
        }
        // a helper may take its time, and other requests go on meanwhile
        let (sender, receiver) = oneshot::channel();
        let (lookup, looked_up) = (credentials.clone(), name.clone());
        let failed = |reason: String| {
            Error::Credentials(CredentialsError::Helper {
                program: "docker-credential".to_owned(),
                reason,
            })
        };
        std::thread::Builder::new()
            .spawn(move || drop(sender.send(lookup.find(&looked_up))))
            .map_err(|error| failed(format!("cannot be asked: {error}")))?;
        let login = receiver.await.map_err(|_| failed("has failed".to_owned()))??;
        self.logins
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name, login.clone());
        Ok(login)
    }
}

/// Whether a registry asks for something else than the scope itself; less than it is no more.
fn is_beyond(asked: &str, scope: &Scope) -> bool {
    let own = scope.repository.as_ref().map(|own| format!("repository:{own}:"));
    let from = scope.from.as_ref().map(|from| format!("repository:{from}:"));
    let is_known = [own, from].into_iter().flatten().any(|known| asked.starts_with(&known));
    !asked.is_empty() && !is_known
}

/// A value that no `Debug` shows; nothing when no header can have it.
fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(value).ok()?;
    header.set_sensitive(true);
    Some(header)
}

fn basic(user: &str, password: &Secret) -> Option<HeaderValue> {
    let both = format!("{user}:{}", password.expose());
    sensitive(&format!("Basic {}", STANDARD.encode(both)))
}

/// What is asked of those who give out tokens.
struct Ask<'a> {
    realm: &'a str,
    service: Option<&'a str>,
    scopes: &'a [String],
    login: Option<&'a Login>,
}

/// Asks for a token: with a password, with an identity token, or as nobody in particular.
async fn token(
    ask: &Ask<'_>,
    registry: &Url,
    transport: &Transport,
    unauthorized: &(dyn Fn() -> Attempt + Sync),
) -> Result<Secret, Attempt> {
    let what = format!("the token that {} asks for", host(registry));
    let malformed = |reason: &str| Attempt::Final(Error::malformed(&what, reason));
    let mut url = Url::parse(ask.realm).map_err(|_| malformed("it is given out at what is no address"))?;
    // the realm gets the password, by protocol wherever it lies: never in the clear
    if url.scheme() != "https"
        && !(url.scheme() == "http" && registry.scheme() == "http" && transport.may_be_plain(&url))
    {
        return Err(malformed(
            "it is given out without TLS, on a machine that is not this one",
        ));
    }
    let (mut authorization, mut body, mut headers, mut method) = (None, Body::Empty, Vec::new(), Method::GET);
    match ask.login {
        Some(Login::Identity(identity)) => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.append_pair("grant_type", "refresh_token")
                .append_pair("client_id", CLIENT_ID)
                .append_pair("service", ask.service.unwrap_or_default())
                .append_pair("scope", &ask.scopes.join(" "))
                .append_pair("refresh_token", identity.expose());
            body = Body::Secret(Bytes::from(form.finish()));
            headers.push((
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            ));
            method = Method::POST;
        }
        login => {
            let mut query = url.query_pairs_mut();
            if let Some(service) = ask.service {
                query.append_pair("service", service);
            }
            for scope in ask.scopes {
                query.append_pair("scope", scope);
            }
            drop(query);
            if let Some(Login::Basic { user, password }) = login {
                authorization = basic(user, password);
            }
        }
    }
    let request = Request {
        method,
        url: url.clone(),
        headers,
        body,
        what: what.clone(),
    };
    let settings = transport.settings();
    let answer = transport.send(&request, &url, authorization.as_ref(), &|_| {}).await?;
    let answer = judged(answer, &what, settings).await?;
    match answer.status {
        StatusCode::OK => {}
        // what is wrong with a refresh token is 400 (RFC 6749, section 5.2)
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST => return Err(unauthorized()),
        status => {
            return Err(Attempt::Final(Error::Status {
                host: host(&url),
                status: status.as_u16(),
                what,
                detail: answer.detail(settings).await,
            }));
        }
    }
    let bytes = answer.document(TOKEN_MAX_BYTES, &what, settings).await?;
    // the error of the parser could repeat what it parses
    let parsed: TokenAnswer =
        serde_json::from_slice(&bytes).map_err(|_| malformed("it is not what the specification says"))?;
    let token = parsed.token.filter(|token| !token.is_empty()).or(parsed.access_token);
    token
        .map(Secret::new)
        .ok_or_else(|| malformed("there is none in the answer"))
}
