//! Which implementation of cryptography TLS uses in this process: `ring`, which needs a C compiler and nothing else; and where none is
//! needed.

use url::{Host, Url};

/// Tells `rustls` so. Once is enough, and again does no harm; whoever makes an HTTP client calls it first.
pub fn install() {
    // an error says that it was told before
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Whether a URL is one of this machine, which nobody on the way can read.
#[must_use]
pub fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
