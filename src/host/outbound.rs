//! Outgoing HTTP: nothing is reached unless it was granted, and under test `app.test` is the project's own app.
//!
//! A URL is normalised before it is compared, and what was compared is what is dialled: two readings of one URL cannot
//! differ.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt;
use slt_emulators::chassis::Clock;
use url::{Host, Url};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// The host by which a test reaches the app.
pub const APP_HOST: &str = "app.test";

/// One place that a guest may send requests to: `scheme://host[:port]`, `*.` before the host for its subdomains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    scheme: String,
    host: String,
    subdomains: bool,
    port: u16,
}

/// A grant that is not of the form `scheme://host[:port]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not of the form `http://host[:port]` or `https://host[:port]`")]
pub struct InvalidGrant(pub String);

impl Grant {
    /// Reads one grant.
    ///
    /// # Errors
    /// [`InvalidGrant`] if it has another scheme, no host, or a path, query or user.
    pub fn parse(text: &str) -> Result<Self, InvalidGrant> {
        let invalid = || InvalidGrant(text.to_owned());
        let (scheme, rest) = text.split_once("://").ok_or_else(invalid)?;
        let (subdomains, rest) = rest.strip_prefix("*.").map_or((false, rest), |rest| (true, rest));
        let url = Url::parse(&format!("{scheme}://{rest}")).map_err(|_| invalid())?;
        let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && !has_user(&url);
        match (Destination::of(&url), plain) {
            (Some(Destination { scheme, host, port }), true) => Ok(Self {
                scheme,
                host,
                subdomains,
                port,
            }),
            _ => Err(invalid()),
        }
    }

    fn allows(&self, to: &Destination) -> bool {
        let host = if self.subdomains {
            to.host
                .strip_suffix(&self.host)
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        } else {
            to.host == self.host
        };
        host && self.scheme == to.scheme && self.port == to.port
    }
}

/// All that a guest may reach.
#[derive(Debug, Clone, Default)]
pub struct Grants(pub Vec<Grant>);

struct Destination {
    scheme: String,
    host: String,
    port: u16,
}

impl Destination {
    fn of(url: &Url) -> Option<Self> {
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let host = match url.host()? {
            // `example.org.` and `example.org` are one host
            Host::Domain(domain) => domain.trim_end_matches('.').to_owned(),
            host => host.to_string(),
        };
        let port = url.port_or_known_default()?;
        (!host.is_empty()).then(|| Self {
            scheme: url.scheme().to_owned(),
            host,
            port,
        })
    }
}

fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Hands a request to the app itself.
pub type AppRoute =
    Arc<dyn Fn(Request<WasiBody>) -> BoxFuture<'static, Result<Response<WasiBody>, Error>> + Send + Sync>;

/// Told of each request that was refused: what to grant.
pub type Refused = Arc<dyn Fn(String) + Send + Sync>;

/// What decides where a guest's requests go.
#[derive(Clone)]
pub struct Outbound {
    /// What was granted.
    pub grants: Arc<Grants>,
    /// The app, where `app.test` means it.
    pub app: Option<AppRoute>,
    /// A call to the outside is a call to a foreign peer: it holds this clock.
    pub clock: Clock,
    /// Told of refusals.
    pub refused: Option<Refused>,
}

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        Box::new(self.clone().send(request, options))
    }
}

type Sent = Result<(Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

impl Outbound {
    async fn send(self, mut request: Request<WasiBody>, options: Option<RequestOptions>) -> Sent {
        self.clock.guest_calls();
        let url = Url::parse(&request.uri().to_string()).map_err(|_| Error::HttpRequestUriInvalid)?;
        let to = Destination::of(&url).ok_or(Error::HttpRequestUriInvalid)?;
        if to.host == APP_HOST
            && let Some(app) = &self.app
        {
            let response = app(request).await?;
            return Ok((response, Box::new(async { Ok(()) })));
        }
        if has_user(&url) || !self.grants.0.iter().any(|grant| grant.allows(&to)) {
            if let Some(refused) = &self.refused {
                refused(format!("{}://{}:{}", to.scheme, to.host, to.port));
            }
            return Err(Error::HttpRequestDenied);
        }
        *request.uri_mut() = url.as_str().parse().map_err(|_| Error::HttpRequestUriInvalid)?;
        let hold = self.clock.hold();
        let (response, io) = wasmtime_wasi_http::default_send_request(request, options).await?;
        let io = async move {
            let result = io.await;
            drop(hold);
            result
        };
        Ok((response.map(BodyExt::boxed_unsync), Box::new(io)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(grant: &str, url: &str) -> bool {
        let grant = Grant::parse(grant).unwrap();
        Url::parse(url)
            .ok()
            .and_then(|url| Destination::of(&url))
            .is_some_and(|to| grant.allows(&to))
    }

    #[test]
    fn grants_are_compared_after_normalisation() {
        for (grant, url, expected) in [
            ("https://api.example.com", "https://api.example.com/x", true),
            ("https://api.example.com/", "https://API.example.com.:443/x", true),
            ("https://api.example.com", "http://api.example.com/x", false),
            ("https://api.example.com", "https://api.example.com:8443/x", false),
            ("https://api.example.com", "https://api.example.com.evil.org/", false),
            ("https://api.example.com", "https://api.example.com@evil.org/", false),
            ("https://*.example.org:8443", "https://a.b.example.org:8443/", true),
            ("https://*.example.org:8443", "https://example.org:8443/", false),
            ("https://*.example.org", "https://badexample.org/", false),
            ("http://127.0.0.1:9", "http://0x7f.1:9/", true),
            ("http://[::1]:9", "http://[0:0:0:0:0:0:0:1]:9/", true),
            ("http://bücher.example", "http://xn--bcher-kva.example/", true),
        ] {
            assert_eq!(allows(grant, url), expected, "{grant} for {url}");
        }
    }

    #[test]
    fn what_is_not_a_place_is_no_grant() {
        for grant in [
            "example.org",
            "ftp://example.org",
            "https://",
            "https://a/path",
            "https://u@a",
            "https://a?b",
        ] {
            assert_eq!(Grant::parse(grant), Err(InvalidGrant(grant.into())), "{grant}");
        }
    }
}
