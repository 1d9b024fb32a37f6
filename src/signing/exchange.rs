//! One request to a service, and its answer: whole, of a size that is bounded here, in a time that is bounded by its client.
//!
//! What a status means is for those who ask: a provider's "not yet" comes with one of an error. What the crates of Sigstore would send is
//! sent from here because their clients read an answer whole, however large it is.

use std::fmt;

use reqwest::{RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::support::http;
use crate::support::text::one_line;

/// The most of an answer that is read, in bytes. The largest, an entry of Rekor v1 with its proof, has some 10,000; `sigstore-oidc` 0.15
/// has the same limit for tokens.
const ANSWER_MAX_BYTES: usize = 1 << 20;

/// An answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    body: Vec<u8>,
}

/// Why there is none, as a part of a sentence.
pub(super) struct Unanswered {
    reason: String,
    /// Whether its time was over, so that another request may have more luck.
    pub(super) timed_out: bool,
}

impl fmt::Display for Unanswered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)
    }
}

/// Sends a request and reads its answer.
pub(super) async fn ask(request: RequestBuilder) -> Result<Answer, Unanswered> {
    let broken = |error: reqwest::Error| Unanswered {
        timed_out: error.is_timeout(),
        reason: match error.is_timeout() {
            true => "it does not answer in time".to_owned(),
            false => http::reason(&error),
        },
    };
    let mut response = request.send().await.map_err(broken)?;
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(broken)? {
        if body.len() + piece.len() > ANSWER_MAX_BYTES {
            return Err(Unanswered {
                reason: format!("its answer has more than {ANSWER_MAX_BYTES} bytes"),
                timed_out: false,
            });
        }
        body.extend_from_slice(&piece);
    }
    Ok(Answer {
        status: response.status(),
        body,
    })
}

impl Answer {
    /// Its body, if the service did what it was asked for; else what it says.
    pub(super) fn done(self) -> Result<Vec<u8>, String> {
        match self.status.is_success() {
            true => Ok(self.body),
            false => Err(self.said()),
        }
    }

    /// The same as JSON; what is wrong with it is told.
    pub(super) fn json<T: DeserializeOwned>(self) -> Result<T, String> {
        let body = self.done()?;
        serde_json::from_slice(&body).map_err(|error| format!("its answer is not what was asked for: {error}"))
    }

    /// Its body as JSON, whatever the status; nothing of it is told, for what may be a secret.
    pub(super) fn secret<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// What a service says that refuses: its status, and the `message` that Fulcio and Rekor put into JSON, or all of it.
    pub(super) fn said(&self) -> String {
        let json: Option<Value> = self.secret();
        let message = json.as_ref().and_then(|json| json.get("message")?.as_str());
        let text = message.map_or_else(|| String::from_utf8_lossy(&self.body), Into::into);
        match one_line(&text) {
            said if said.is_empty() => format!("it answers {}", self.status),
            said => format!("it answers {}: {said}", self.status),
        }
    }
}

#[cfg(test)]
impl Answer {
    /// One that nobody has sent.
    pub(super) fn of(status: StatusCode, body: &str) -> Self {
        Self {
            status,
            body: body.into(),
        }
    }
}
