//! The HTTP clients of all rooms that speak to a network: one way to make them, so that none of them has the library's defaults.
//!
//! They read no environment: proxies are values, and this machine is never asked through one, so that what is plain HTTP stays here. They
//! follow no redirect, send no referrer, and take no answer that is compressed: a thousandth of it could fill the memory. What
//! is sent, and how much is read, is for those who call.

use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, NoProxy, Proxy};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use url::Url;

use super::secret::Secret;
use super::{os, text, tls};

/// What is never asked through a proxy, as `NO_PROXY` says it.
const HERE: &str = "localhost,127.0.0.0/8,::1";

/// Addresses of proxies, as the environment names them. They can have a password in them.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// For https.
    pub https: Option<Secret>,
    /// For http.
    pub http: Option<Secret>,
    /// Hosts that are asked directly, as `NO_PROXY` says it.
    pub none: Option<String>,
}

/// Certificate authorities that the user names, each in DER.
#[derive(Debug, Clone, Default)]
pub struct Authorities(Vec<Vec<u8>>);

impl Authorities {
    /// Those of a file in PEM; nothing when it has none, or something that is no PEM.
    #[must_use]
    pub fn from_pem(bytes: &[u8]) -> Option<Self> {
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
        let all: Vec<Vec<u8>> = all.ok()?.iter().map(|one| one.to_vec()).collect();
        (!all.is_empty()).then_some(Self(all))
    }
}

/// How long a client waits.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For a connection.
    pub connect: Duration,
    /// For a whole answer; none: whoever reads it decides.
    pub answer: Option<Duration>,
}

/// Makes connections.
#[derive(Debug, Clone)]
pub struct Clients {
    limits: Limits,
    proxies: Proxies,
    authorities: Authorities,
    /// To this machine: no proxy, no TLS.
    near: Client,
    /// With TLS, to this machine and to all others; made when it is needed, because it reads the system's certificates.
    far: OnceLock<Result<Client, String>>,
}

impl Clients {
    /// Clients that wait so long, go through these proxies, and trust these authorities beside those of this machine.
    ///
    /// # Errors
    /// The library cannot make one: why.
    pub fn new(limits: Limits, proxies: Proxies, authorities: Authorities) -> Result<Self, String> {
        tls::install();
        let near = builder(limits).tls_certs_only([]).build();
        Ok(Self {
            limits,
            proxies,
            authorities,
            near: near.map_err(|error| reason(&error))?,
            far: OnceLock::new(),
        })
    }

    /// The client for an address.
    ///
    /// # Errors
    /// A proxy's address is none, or certificates cannot be read: why.
    pub fn of(&self, url: &Url) -> Result<&Client, String> {
        if is_loopback(url) && url.scheme() == "http" {
            return Ok(&self.near);
        }
        let far = self.far.get_or_init(|| {
            let builder = through(trusting(builder(self.limits), &self.authorities)?, &self.proxies)?;
            builder.build().map_err(|error| reason(&error))
        });
        far.as_ref().map_err(Clone::clone)
    }
}

/// The compressions are named although this crate turns none on: another crate of the build may.
fn builder(limits: Limits) -> ClientBuilder {
    let builder = Client::builder()
        .user_agent(concat!("slt/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .no_gzip()
        .no_deflate()
        .no_brotli()
        .no_zstd()
        .connect_timeout(limits.connect);
    match limits.answer {
        Some(answer) => builder.timeout(answer),
        None => builder,
    }
}

fn trusting(builder: ClientBuilder, authorities: &Authorities) -> Result<ClientBuilder, String> {
    let authority = |der: &Vec<u8>| reqwest::Certificate::from_der(der).map_err(|error| reason(&error));
    let all: Vec<_> = authorities.0.iter().map(authority).collect::<Result<_, _>>()?;
    Ok(match all.is_empty() {
        true => builder,
        false => builder.tls_certs_merge(all),
    })
}

fn through(mut builder: ClientBuilder, proxies: &Proxies) -> Result<ClientBuilder, String> {
    let but = proxies.none.as_deref().unwrap_or_default();
    let but = NoProxy::from_string(&format!("{HERE},{but}"));
    let of = |address: &Secret, make: fn(Url) -> reqwest::Result<Proxy>| {
        let proxy = Url::parse(address.expose()).ok().and_then(|address| make(address).ok());
        let proxy = proxy.ok_or_else(|| "the address of a proxy is none".to_owned())?;
        Ok::<_, String>(proxy.no_proxy(but.clone()))
    };
    if let Some(address) = &proxies.https {
        builder = builder.proxy(of(address, Proxy::https)?);
    }
    if let Some(address) = &proxies.http {
        builder = builder.proxy(of(address, Proxy::http)?);
    }
    Ok(builder)
}

/// Whether a URL is one of this machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// What an error of the HTTP library says at its root, without its URL.
#[must_use]
pub fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    match cause.downcast_ref::<io::Error>() {
        Some(error) => os::reason(error),
        None if std::ptr::addr_eq(cause, error as &dyn std::error::Error) => "it breaks off".to_owned(),
        None => text::one_line(&cause.to_string()),
    }
}
