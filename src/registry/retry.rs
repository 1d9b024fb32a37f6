//! What is sent again, how often and after how long.
//!
//! Again: when no connection was made, when the answer broke off, on 429, 500, 502, 503 and 504. What may have had its effect is sent
//! again only by those who know that it does no harm: they say so, or ask the registry first what it has.

use std::time::{Duration, SystemTime};

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use url::Url;

use super::transport::{Answer, host, is_no_http, reason, untrusted};
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
        if let Some(reason) = untrusted(error) {
            let host = host(url);
            return Self::Final(Error::Untrusted { host, reason });
        }
        if is_no_http(error) {
            return Self::Final(Error::Unreachable {
                host: host(url),
                reason: "answers with what is no HTTP".to_owned(),
            });
        }
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
    let after = after(&answer.headers);
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

/// When the registry wants to be asked again: in so many seconds, or at a date
/// (<https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3>). A date is compared with the registry's own clock, as its answer tells it.
fn after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let after = text(RETRY_AFTER)?;
    if let Ok(seconds) = after.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text| httpdate::parse_http_date(text).ok();
    let now = text(DATE).and_then(date).unwrap_or_else(own_clock);
    // what is past already is now
    Some(date(after)?.duration_since(now).unwrap_or_default())
}

#[allow(clippy::disallowed_methods)] // what is outside of every deployment has the real clock
fn own_clock() -> SystemTime {
    SystemTime::now()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_to_ask_again() {
        let noon = "Sun, 06 Nov 1994 12:00:00 GMT";
        for (said, date, expected) in [
            ("7", None, Some(7)),
            (" 0 ", Some(noon), Some(0)),
            ("Sun, 06 Nov 1994 12:00:07 GMT", Some(noon), Some(7)),
            ("Sunday, 06-Nov-94 12:00:07 GMT", Some(noon), Some(7)),
            ("Sun Nov  6 12:00:07 1994", Some(noon), Some(7)),
            ("Sun, 06 Nov 1994 13:00:00 GMT", Some(noon), Some(3_600)),
            ("Sun, 06 Nov 1994 11:59:59 GMT", Some(noon), Some(0)),
            // without a clock of the registry's, ours: this is long ago
            ("Sun, 06 Nov 1994 13:00:00 GMT", None, Some(0)),
            ("Sun, 06 Nov 1994 13:00:00 GMT", Some("noon"), Some(0)),
            ("soon", Some(noon), None),
            ("-1", Some(noon), None),
            ("", Some(noon), None),
        ] {
            let mut headers = HeaderMap::from_iter([(RETRY_AFTER, said.parse().unwrap())]);
            headers.extend(date.map(|date| (DATE, date.parse().unwrap())));
            assert_eq!(after(&headers), expected.map(Duration::from_secs), "{said}");
        }
        assert_eq!(after(&HeaderMap::new()), None);
    }
}
