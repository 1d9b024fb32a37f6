//! What is sent again, how often and after how long.
//!
//! Again: when no connection was made, when the answer broke off, on 429, 500, 502, 503 and 504. What may have had its effect is sent
//! again only by those who know that it does no harm: they say so, or ask the registry first what it has.

use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;
use url::Url;

use super::transport::{Answer, host, reason};
use super::{Error, Settings};

/// How much more of a blob than ever before, in bytes, makes its attempts count anew. Less is what a line that breaks off again and again
/// still brings; with less, one that brings a byte at a time could be gone on with for as many attempts as there are bytes.
pub(super) const RENEWING_BYTES: u64 = 64 << 10;

/// Why a request came to nothing.
pub(super) enum Attempt {
    /// The next one may do better.
    Again {
        error: Error,
        /// When the registry wants to be asked again.
        after: Option<Duration>,
        /// Whether it cannot have had any effect.
        unprocessed: bool,
    },
    /// The next one would do no better.
    Final(Error),
}

impl From<Error> for Attempt {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

impl Attempt {
    /// The connection could not be made, or broke off.
    pub(super) fn broken(url: &Url, error: &reqwest::Error) -> Self {
        let verb = if error.is_connect() {
            "cannot be reached"
        } else {
            "has broken off"
        };
        Self::Again {
            error: Error::Unreachable {
                host: host(url),
                reason: format!("{verb}: {}", reason(error)),
            },
            after: None,
            unprocessed: error.is_connect(),
        }
    }

    /// Nothing came for so long.
    pub(super) fn silent(url: &Url, limit: Duration) -> Self {
        Self::Again {
            error: Error::Unreachable {
                host: host(url),
                reason: format!("has not answered in {limit:?}"),
            },
            after: None,
            unprocessed: false,
        }
    }

    /// The body ended before its end.
    pub(super) fn cut(url: &Url, got: u64, of: u64) -> Self {
        Self::Again {
            error: Error::Unreachable {
                host: host(url),
                reason: format!("has broken off after {got} of {of} bytes"),
            },
            after: None,
            unprocessed: false,
        }
    }

    /// The same, without what must not be seen in what the registry says.
    pub(super) fn scrubbed(mut self, scrub: impl Fn(&str) -> String) -> Self {
        if let Self::Again {
            error: Error::Status {
                detail: Some(detail), ..
            },
            ..
        } = &mut self
        {
            *detail = scrub(detail);
        }
        self
    }

    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Again { error, .. } | Self::Final(error) => error,
        }
    }
}

/// An answer that is none of the registry's failures; what it does not mind being asked again becomes an [`Attempt`].
pub(super) async fn judged(answer: Answer, what: &str, settings: &Settings) -> Result<Answer, Attempt> {
    let host = host(&answer.url);
    let after = answer.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    // a date, which is allowed too, would need the registry's clock: the own delay will do
    let after = after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS => Err(Attempt::Again {
            error: Error::Throttled { host, after },
            after,
            unprocessed: true,
        }),
        StatusCode::INTERNAL_SERVER_ERROR
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Err(Attempt::Again {
            after,
            unprocessed: false,
            error: Error::Status {
                host,
                status: answer.status.as_u16(),
                what: what.to_owned(),
                detail: answer.detail(settings).await,
            },
        }),
        _ => Ok(answer),
    }
}

/// Counts the attempts at one thing.
pub(super) struct Retries<'a> {
    settings: &'a Settings,
    left: u32,
    delay: Duration,
}

impl<'a> Retries<'a> {
    pub(super) fn new(settings: &'a Settings) -> Self {
        Self {
            settings,
            left: settings.patience.attempts.saturating_sub(1),
            delay: settings.patience.first_delay,
        }
    }

    /// Something was achieved: what is left counts anew.
    pub(super) fn renew(&mut self) {
        *self = Self::new(self.settings);
    }

    /// Waits until it is time for the next attempt, at what may be sent again (`harmless`) or only if it had no effect. Gives back what
    /// has gone wrong this time.
    ///
    /// # Errors
    /// There is none.
    #[allow(clippy::disallowed_methods)] // what is outside of every deployment takes real time
    pub(super) async fn next(&mut self, attempt: Attempt, harmless: bool) -> Result<Error, Error> {
        let (error, after) = match attempt {
            Attempt::Again {
                error,
                after,
                unprocessed,
            } if harmless || unprocessed => (error, after),
            attempt => return Err(attempt.into_error()),
        };
        let longest = self.settings.patience.longest_delay;
        if self.left == 0 || after.is_some_and(|after| after > longest) {
            return Err(error);
        }
        self.left -= 1;
        tokio::time::sleep(after.unwrap_or(self.delay)).await;
        self.delay = (self.delay * 2).min(longest);
        Ok(error)
    }
}
