//! Who somebody is: identity tokens from a file, from a CI system, from a browser, or from a device (`device.rs`). No token is ever printed.
//!
//! What a CI system says stands in its environment, which commands read; here it is asked through a function. A token is
//! looked at for its expiry and its claims only: whether it is genuine is for Fulcio to find out.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Deserialize;
use sigstore_oidc::{
    AuthCallback, AuthMode, AuthOptions, Error, HtmlTemplates, IdentityToken, OAuthClient, OAuthConfig, SecretString,
};

use super::exchange::ask;
use super::services::{Services, failed, is_safe};
use super::sign::SignError;
use crate::support::secret::Secret;
use crate::support::text::one_line;

pub use super::device::with_device;

/// The longest token, in bytes: those of GitHub have 2,000.
pub const TOKEN_MAX_BYTES: u64 = 64 << 10;

/// Whom tokens are for.
const AUDIENCE: &str = "sigstore";

/// An identity token.
#[derive(Debug, Clone)]
pub struct Token(pub(super) IdentityToken);

impl Token {
    /// Reads a token; space around it is left out. `from` is where it comes from.
    ///
    /// # Errors
    /// It is none, or its time is over.
    pub fn parse(text: &Secret, from: &str) -> Result<Self, SignError> {
        // what the crate says of a broken one may show a part of it
        let token = IdentityToken::from_jwt(text.expose().trim());
        let token = token.map_err(|_| SignError::NoToken(from.to_owned()))?;
        match token.is_expired() {
            true => Err(SignError::Token(format!(
                "{from}: the identity token expired at {}",
                token.expiration()
            ))),
            false => Ok(Self(token)),
        }
    }

    /// Whom it names: an e-mail address or a subject. Nobody has checked it.
    #[must_use]
    pub fn identity(&self) -> &str {
        self.0.identity()
    }

    /// Who made it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.0.issuer()
    }
}

/// The token that a CI system has for this job; `None`: there is none.
///
/// # Errors
/// The system has one, and does not give it.
pub async fn ambient(
    variable: &(dyn Fn(&str) -> Option<String> + Sync),
    services: &Services,
) -> Result<Option<Token>, SignError> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    // GitLab's name, and the one for everybody
    if let Some(token) = set("SIGSTORE_ID_TOKEN") {
        return Token::parse(&Secret::new(token), "`SIGSTORE_ID_TOKEN`").map(Some);
    }
    let address = set("ACTIONS_ID_TOKEN_REQUEST_URL");
    let bearer = set("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
    match (address, bearer) {
        (Some(address), Some(bearer)) => of_github(services, &address, &bearer).await.map(Some),
        _ if set("GITHUB_ACTIONS").is_some() => Err(SignError::Token(
            "this workflow may not ask for an identity token: it needs `permissions: id-token: write`".to_owned(),
        )),
        _ => Ok(None),
    }
}

#[derive(Deserialize)]
struct Answer {
    value: String,
}

/// docs.github.com, "OpenID Connect reference": `GET $ACTIONS_ID_TOKEN_REQUEST_URL&audience=…`.
async fn of_github(services: &Services, address: &str, bearer: &str) -> Result<Token, SignError> {
    let mut url = is_safe(address)?;
    url.query_pairs_mut().append_pair("audience", AUDIENCE);
    let place = address.split('?').next().unwrap_or_default();
    let failed = |reason: &str| failed("GitHub's token service", place, &reason);
    let request = services.client(address)?.get(url).bearer_auth(bearer);
    let answer = ask(request).await.map_err(|why| failed(&why.to_string()))?;
    if !answer.status.is_success() {
        return Err(failed(&format!("it answers {}", answer.status)));
    }
    let answer: Answer = answer.secret().ok_or_else(|| failed("its answer is no token"))?;
    match Token::parse(&Secret::new(answer.value), "GitHub's token service") {
        Err(SignError::NoToken(_)) => Err(failed("its answer is no token")),
        parsed => parsed,
    }
}

/// Where a user signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    /// The address of the page.
    pub address: String,
    /// What to say there, with the time that there is for it, in seconds: for a device without a browser.
    pub code: Option<(String, u64)>,
    /// Whether a browser opens by itself.
    pub opens: bool,
}

/// How a user is talked to.
pub trait Conversation: Send + Sync {
    /// Shows where to sign in.
    fn show(&self, door: Door);

    /// Asks for the code that the page there shows.
    ///
    /// # Errors
    /// There is nobody.
    fn ask(&self, question: &str) -> io::Result<Secret>;
}

/// What `sigstore-oidc` 0.15 says where it is the provider that fails. All else that it says of a sign-in is what the user, their browser or the
/// page has done.
const PROVIDER_FAILS: &[&str] = &[
    "token exchange failed: 5",
    "token response exceeds",
    "failed to parse token response",
    "no id_token",
];

struct Callback<'a> {
    conversation: &'a dyn Conversation,
    /// Whether the user did not want to be asked.
    gave_up: &'a AtomicBool,
}

impl HtmlTemplates for Callback<'_> {
    fn success_html(&self) -> &str {
        "<!doctype html><title>slt</title><p>Done. You can close this page and go back to the terminal."
    }

    /// The provider's text is in the terminal, and in no page of ours.
    fn error_html(&self, _error: &str) -> String {
        "<!doctype html><title>slt</title><p>Nobody signed in. The terminal says why; you can close this page."
            .to_owned()
    }
}

impl AuthCallback for Callback<'_> {
    fn auth_url_ready(&self, url: &str, mode: AuthMode) {
        self.conversation.show(Door {
            address: url.to_owned(),
            code: None,
            opens: mode == AuthMode::BrowserRedirect,
        });
    }

    fn prompt_for_code(&self) -> io::Result<SecretString> {
        let code = self.conversation.ask("the code that is shown there: ");
        let code = code.inspect_err(|error| {
            let gave_up = matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::UnexpectedEof);
            self.gave_up.store(gave_up, Ordering::Relaxed);
        })?;
        Ok(SecretString::new(code.expose().trim()))
    }

    fn waiting_for_redirect(&self) {}

    fn auth_complete(&self) {}
}

/// Asks the user: in a browser, or with a code where none can be opened.
///
/// # Errors
/// They did not, or the provider refuses.
pub async fn interactive(
    services: &Services,
    conversation: &dyn Conversation,
    is_browser_wanted: bool,
) -> Result<Token, SignError> {
    let oidc = services.oidc()?;
    let client = OAuthClient::with_http_client(OAuthConfig::dex(oidc), services.client(oidc)?.clone());
    let options = AuthOptions::new().with_force_oob(!is_browser_wanted);
    let gave_up = AtomicBool::new(false);
    let callback = Callback {
        conversation,
        gave_up: &gave_up,
    };
    let token = client.authenticate_with_options(callback, options).await;
    token.map(Token).map_err(|error| match error {
        _ if gave_up.load(Ordering::Relaxed) => SignError::Nobody("interrupted".to_owned()),
        Error::OAuth(reason) if reason.starts_with("token exchange failed: 4") => {
            SignError::Nobody("nobody signed in: the provider does not take the code".to_owned())
        }
        Error::OAuth(reason) if !PROVIDER_FAILS.iter().any(|says| reason.starts_with(says)) => {
            SignError::Nobody(format!("nobody signed in: {}", one_line(&reason)))
        }
        Error::OAuth(reason) => failed("the OIDC provider", oidc, &reason),
        // what is said of a broken one may show a part of it
        Error::Token(_) | Error::Json(_) => failed("the OIDC provider", oidc, &"its answer is no identity token"),
        error => failed("the OIDC provider", oidc, &error),
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn jwt(claims: &str) -> Secret {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        Secret::new(format!("{}.{}.zq7", encode(r#"{"alg":"none"}"#), encode(claims)))
    }

    #[test]
    fn tokens() {
        let token = Token::parse(
            &jwt(r#"{"iss":"https://i","sub":"s","exp":9999999999,"email":"a@b"}"#),
            "`t`",
        )
        .unwrap();
        assert_eq!((token.identity(), token.issuer()), ("a@b", "https://i"));
        assert!(!format!("{token:?}").contains("zq7"));
        let said = Token::parse(&jwt(r#"{"iss":"i","sub":"s","exp":1}"#), "`t`")
            .unwrap_err()
            .to_string();
        assert_eq!(said, "`t`: the identity token expired at 1970-01-01T00:00:01Z");
        for text in ["", "zq7", "zq7.zq7.zq7", "a.b"] {
            let said = Token::parse(&Secret::new(text), "`t`").unwrap_err().to_string();
            assert_eq!(said, "`t`: it is no identity token (JWT)");
        }
    }
}
