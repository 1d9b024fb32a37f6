//! Which implementation of cryptography TLS uses in this process: `ring`, which needs a C compiler and nothing else.

/// Tells `rustls` so. Once is enough, and again does no harm; whoever makes an HTTP client calls it first.
pub fn install() {
    // an error says that it was told before
    let _ = rustls::crypto::ring::default_provider().install_default();
}
