//! Signing in with a code that the user types into any browser, of any device: the device authorization grant (RFC 8628) with PKCE, as cosign
//! has it (`pkg/oauthflow/device.go` of `github.com/sigstore/sigstore` 1.10). The crate `sigstore-oidc` 0.15 has none.
//!
//! Nobody is asked anything here: an address and a code are shown, and the provider is asked until it has a token, at its own pace, for as
//! long as the code is valid. Whether the token is genuine is for Fulcio to find out.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::CONTENT_TYPE;
use reqwest::RequestBuilder;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::exchange::{Answer, ask};
use super::services::{Services, failed, is_safe};
use super::sign::SignError;
use super::token::{Conversation, Door, Token};
use crate::support::secret::Secret;
use crate::support::text::{line_of, one_line};

const PROVIDER: &str = "the OIDC provider";

/// Whose users sign in, and what their token says, as Sigstore's provider knows it and cosign asks for it.
const CLIENT: (&str, &str) = ("client_id", "sigstore");
const SCOPE: (&str, &str) = ("scope", "openid email");

/// What the grant is called (RFC 8628, section 3.4).
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Between two questions, where the provider does not say (section 3.2), and what `slow_down` adds to it (section 3.5).
const INTERVAL_SECONDS: u64 = 5;
/// Whatever the provider says: it is not asked without a pause.
const INTERVAL_MIN_SECONDS: u64 = 1;
/// The longest that a code is waited for, whatever the provider says: the example of section 3.2 is valid for so long, Dex's for five minutes.
const VALID_MAX_SECONDS: u64 = 1_800;
/// The longest code that is shown, in characters: people type it. Dex's have nine.
const CODE_MAX_CHARACTERS: usize = 64;
/// The random bytes behind PKCE: 64 characters of base64, as cosign has them. RFC 7636, section 4.1, wants 43 to 128.
const VERIFIER_BYTES: usize = 48;

/// What a provider says of itself (OpenID Connect Discovery 1.0, section 3; RFC 8628, section 4; RFC 8414, section 2).
#[derive(Deserialize)]
struct Provider {
    issuer: String,
    token_endpoint: String,
    device_authorization_endpoint: Option<String>,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
}

/// The codes (RFC 8628, section 3.2). The device's is a secret: it has no `Debug`.
#[derive(Deserialize)]
struct Codes {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: u64,
    interval: Option<u64>,
}

/// What comes of asking for the token (section 3.5; RFC 6749, section 5.2). It has no `Debug` either.
#[derive(Deserialize, Default)]
struct Asked {
    id_token: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// What a question for the token leads to.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Token(Secret),
    /// To the same question, after this pause.
    Again(Duration),
    Denied,
    Expired,
    /// To nothing: what the provider says of it.
    Failed(String),
}

/// Shows an address and a code, and waits until the user has signed in there.
///
/// # Errors
/// They did not, or the provider grants nothing to devices, or fails.
pub async fn with_device(services: &Services, conversation: &dyn Conversation) -> Result<Token, SignError> {
    let oidc = services.oidc()?;
    let provider = provider(services, oidc).await?;
    let Some(door) = &provider.device_authorization_endpoint else {
        return Err(SignError::NoWay(format!("{oidc} grants no sign-in to devices")));
    };
    if !provider
        .code_challenge_methods_supported
        .iter()
        .any(|method| method == "S256")
    {
        return Err(SignError::NoWay(format!(
            "{oidc} does not say that it protects a sign-in by PKCE (`S256`)"
        )));
    }
    for endpoint in [door, &provider.token_endpoint] {
        theirs(oidc, endpoint)?;
    }
    let verifier = verifier()?;
    let challenge = URL_SAFE_NO_PAD.encode(sigstore_crypto::sha256(verifier.expose().as_bytes()).as_bytes());
    let challenge = [
        CLIENT,
        SCOPE,
        ("code_challenge_method", "S256"),
        ("code_challenge", &challenge),
    ];
    let answer = ask(form(services, door, &challenge)?).await;
    let answer = answer.map_err(|why| failed(PROVIDER, door, &why))?;
    if !answer.status.is_success() {
        return Err(failed(PROVIDER, door, &refused(&answer)));
    }
    let codes: Option<Codes> = answer.secret();
    let codes = codes.ok_or_else(|| failed(PROVIDER, door, &"its answer has no codes"))?;
    conversation.show(shown(oidc, &codes)?);
    waited(services, &provider.token_endpoint, &codes, &verifier).await
}

async fn provider(services: &Services, oidc: &str) -> Result<Provider, SignError> {
    let base = oidc.trim_end_matches('/');
    let request = services
        .client(oidc)?
        .get(format!("{base}/.well-known/openid-configuration"));
    let answer = ask(request).await.map_err(|why| failed(PROVIDER, oidc, &why))?;
    let provider: Provider = answer.json().map_err(|reason| failed(PROVIDER, oidc, &reason))?;
    // section 4.3: one that says it is somebody else is not believed
    match provider.issuer.trim_end_matches('/') == base {
        true => Ok(provider),
        false => Err(failed(
            PROVIDER,
            oidc,
            &format!("it says that it is `{}`", one_line(&provider.issuer)),
        )),
    }
}

/// An address that the provider names: https, or of this machine.
fn theirs(oidc: &str, url: &str) -> Result<Url, SignError> {
    is_safe(url).map_err(|error| match error {
        SignError::Config(reason) => failed(PROVIDER, oidc, &reason),
        other => other,
    })
}

fn verifier() -> Result<Secret, SignError> {
    let mut bytes = [0; VERIFIER_BYTES];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| SignError::Config("the system has no random numbers".to_owned()))?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}

fn form(services: &Services, url: &str, fields: &[(&str, &str)]) -> Result<RequestBuilder, SignError> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let request = services.client(url)?.post(url);
    Ok(request
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body))
}

/// What the user is shown.
fn shown(oidc: &str, codes: &Codes) -> Result<Door, SignError> {
    let address = codes.verification_uri_complete.as_deref();
    let address = theirs(oidc, address.unwrap_or(&codes.verification_uri))?;
    Ok(Door {
        address: address.into(),
        code: Some((line_of(&codes.user_code, CODE_MAX_CHARACTERS), codes.valid_seconds())),
        opens: false,
    })
}

/// Asks for the token until there is one, or the code is not valid any more.
#[allow(clippy::disallowed_methods)] // what is outside of every deployment takes real time
async fn waited(services: &Services, url: &str, codes: &Codes, verifier: &Secret) -> Result<Token, SignError> {
    let fields = [
        ("grant_type", GRANT),
        CLIENT,
        ("device_code", &codes.device_code),
        SCOPE,
        ("code_verifier", verifier.expose()),
    ];
    let asking = async {
        let mut pause = Duration::from_secs(codes.interval.unwrap_or(INTERVAL_SECONDS).max(INTERVAL_MIN_SECONDS));
        loop {
            tokio::time::sleep(pause).await;
            let next = match ask(form(services, url, &fields)?).await {
                Ok(answer) => next(&answer, pause),
                // section 3.5: one that does not keep up is asked half as often
                Err(why) if why.timed_out => Next::Again(pause.saturating_mul(2)),
                Err(why) => Next::Failed(why.to_string()),
            };
            match next {
                Next::Again(longer) => pause = longer,
                over => return Ok::<_, SignError>(over),
            }
        }
    };
    let valid = codes.valid_seconds();
    let next = tokio::time::timeout(Duration::from_secs(valid), asking).await;
    match next.unwrap_or(Ok(Next::Expired))? {
        Next::Token(token) => match Token::parse(&token, PROVIDER) {
            Err(SignError::NoToken(_)) => Err(failed(PROVIDER, url, &"its answer is no token")),
            parsed => parsed,
        },
        Next::Denied => Err(SignError::Nobody("the sign-in was denied".to_owned())),
        Next::Failed(reason) => Err(failed(PROVIDER, url, &reason)),
        Next::Expired | Next::Again(_) => Err(SignError::Nobody(format!(
            "nobody signed in with the code within its {valid} seconds"
        ))),
    }
}

/// What an answer to the question for the token leads to. An error has another status at each provider: Dex 2.45 says "not yet" with 401.
fn next(answer: &Answer, pause: Duration) -> Next {
    let asked: Asked = answer.secret().unwrap_or_default();
    if let Some(token) = asked.id_token.filter(|_| answer.status.is_success()) {
        return Next::Token(Secret::new(token));
    }
    match asked.error.as_deref() {
        Some("authorization_pending") => Next::Again(pause),
        Some("slow_down") => Next::Again(pause.saturating_add(Duration::from_secs(INTERVAL_SECONDS))),
        Some("access_denied") => Next::Denied,
        Some("expired_token") => Next::Expired,
        _ if answer.status.is_success() => Next::Failed("its answer has no identity token".to_owned()),
        _ => Next::Failed(refused(answer)),
    }
}

/// What a provider says that refuses. A text without the members of an error may be anything, and is not told.
fn refused(answer: &Answer) -> String {
    let asked: Asked = answer.secret().unwrap_or_default();
    let told: Vec<String> = [asked.error, asked.error_description].into_iter().flatten().collect();
    match told.is_empty() {
        true => format!("it answers {}", answer.status),
        false => format!("it answers {}: {}", answer.status, told.join(": ")),
    }
}

impl Codes {
    fn valid_seconds(&self) -> u64 {
        self.expires_in.min(VALID_MAX_SECONDS)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    #[test]
    fn what_an_answer_leads_to() {
        let pause = Duration::from_secs(2);
        let again = |seconds: u64| Next::Again(Duration::from_secs(seconds));
        let failed = |reason: &str| Next::Failed(reason.to_owned());
        for (status, body, expected) in [
            (200, r#"{"id_token":"zq7"}"#, Next::Token(Secret::new("zq7"))),
            (400, r#"{"error":"authorization_pending"}"#, again(2)),
            (401, r#"{"error":"authorization_pending"}"#, again(2)),
            (400, r#"{"error":"slow_down"}"#, again(7)),
            (400, r#"{"error":"access_denied"}"#, Next::Denied),
            (400, r#"{"error":"expired_token"}"#, Next::Expired),
            (
                400,
                r#"{"error":"invalid_grant","error_description":"zq7 \n x"}"#,
                failed("it answers 400 Bad Request: invalid_grant: zq7 \n x"),
            ),
            (500, "zq7", failed("it answers 500 Internal Server Error")),
            (400, r#"{"id_token":"zq7"}"#, failed("it answers 400 Bad Request")),
            (200, "zq7", failed("its answer has no identity token")),
            (
                200,
                r#"{"access_token":"zq7"}"#,
                failed("its answer has no identity token"),
            ),
        ] {
            let answer = Answer::of(StatusCode::from_u16(status).unwrap(), body);
            assert_eq!(next(&answer, pause), expected, "{status} {body}");
        }
    }

    #[test]
    fn what_is_shown() {
        let codes = |more: &str| -> Codes {
            let codes = format!(r#"{{"device_code":"d","user_code":"A\u001bB","expires_in":99999999999{more}}}"#);
            serde_json::from_str(&codes).unwrap()
        };
        let door = shown("x", &codes(r#","verification_uri":"https://issuer.test/device""#)).unwrap();
        assert_eq!(door.address, "https://issuer.test/device");
        assert_eq!(door.code, Some(("A\\u{1b}B".to_owned(), VALID_MAX_SECONDS)));
        let complete = r#","verification_uri":"https://a","verification_uri_complete":"https://a/?user_code=AB""#;
        assert_eq!(shown("x", &codes(complete)).unwrap().address, "https://a/?user_code=AB");
        for unsafe_address in ["http://issuer.test/", "javascript:alert(1)", "x"] {
            let said = shown("x", &codes(&format!(r#","verification_uri":"{unsafe_address}""#)));
            assert!(said.is_err(), "{unsafe_address}");
        }
    }
}
