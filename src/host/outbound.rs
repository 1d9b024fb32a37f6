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

use crate::providers::endpoint::within;
use crate::slightfile::HostPattern;

/// The host by which a test reaches the app.
pub const APP_HOST: &str = "app.test";

/// Hands a request to the app itself.
pub type AppRoute =
    Arc<dyn Fn(Request<WasiBody>) -> BoxFuture<'static, Result<Response<WasiBody>, Error>> + Send + Sync>;

/// Told of something, in words.
pub type Told = Arc<dyn Fn(String) + Send + Sync>;

/// What decides where a guest's requests go.
#[derive(Clone)]
pub struct Outbound {
    /// What was granted.
    pub grants: Arc<[HostPattern]>,
    /// The app, where `app.test` means it.
    pub app: Option<AppRoute>,
    /// A call to the outside is a call to a foreign peer: it holds this clock.
    pub clock: Clock,
    /// Told of refusals: the origin that was asked for.
    pub refused: Option<Told>,
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
        let url = normalised(&request.uri().to_string()).ok_or(Error::HttpRequestUriInvalid)?;
        if url.host_str() == Some(APP_HOST)
            && let Some(app) = &self.app
        {
            // without a limit of the guest's own there is none: the test has one
            let response = match options.and_then(|options| options.first_byte_timeout) {
                Some(limit) => within(&self.clock, limit, app(request))
                    .await
                    .ok_or(Error::ConnectionReadTimeout)??,
                None => app(request).await?,
            };
            return Ok((response, Box::new(async { Ok(()) })));
        }
        if !self.grants.iter().any(|grant| grant.allows(&url)) {
            if let Some(refused) = &self.refused {
                refused(url.origin().ascii_serialization());
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

/// The one reading of a URL. `None`: it is none, it is not HTTP's, or it carries a user, which is never sent.
fn normalised(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    if let Some(Host::Domain(domain)) = url.host() {
        // `example.org.` and `example.org` are one host
        let domain = domain.trim_end_matches('.').to_owned();
        url.set_host(Some(&domain)).ok()?;
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reading() {
        for (text, expected) in [
            ("https://API.example.com.:443/x", Some("https://api.example.com/x")),
            ("http://0x7f.1:9/", Some("http://127.0.0.1:9/")),
            ("http://a@b/", None),
            ("ftp://a/", None),
            ("http:///", None),
        ] {
            assert_eq!(
                normalised(text).map(String::from),
                expected.map(str::to_owned),
                "{text}"
            );
        }
    }
}
