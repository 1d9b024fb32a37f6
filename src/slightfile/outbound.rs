//! What a component may call over HTTP: `scheme://host[:port]`, with `*.` for the subdomains of a host.
//!
//! A pattern has no path and no credentials, and the port defaults by scheme. Whoever asks [`HostPattern::allows`]
//! gives a URL that the `url` crate has normalised; nothing here connects or resolves names.

use url::{Host, Url};

/// One entry of `[outbound] hosts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    /// `http` or `https`.
    pub scheme: String,
    /// The host; for a subdomain pattern, what stands after `*.`.
    pub host: String,
    /// Whether it was `*.`: the subdomains at any depth, and not the host itself.
    pub subdomains: bool,
    /// The port.
    pub port: u16,
}

/// Why an entry cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// No `http://` or `https://` at its start.
    #[error("it does not start with `https://` or `http://`")]
    Scheme,
    /// The host or the port cannot be read.
    #[error("its host or port cannot be read")]
    Host,
    /// More than a scheme, a host and a port.
    #[error("it has more than a scheme, a host and a port")]
    More,
    /// `*` elsewhere than at the start of a host.
    #[error("`*` stands for subdomains, at the start of a host and with a dot after it")]
    Star,
}

impl HostPattern {
    /// Reads an entry.
    ///
    /// # Errors
    /// When it is anything but a scheme, a host and a port.
    pub fn parse(text: &str) -> Result<Self, OutboundError> {
        let (scheme, rest) = text.split_once("://").ok_or(OutboundError::Scheme)?;
        if !matches!(scheme, "http" | "https") {
            return Err(OutboundError::Scheme);
        }
        let (subdomains, rest) = match rest.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        if rest.contains('*') {
            return Err(OutboundError::Star);
        }
        if rest.contains(['/', '?', '#', '@', '\\']) || rest.contains(char::is_whitespace) {
            return Err(OutboundError::More);
        }
        let url = Url::parse(&format!("{scheme}://{rest}/")).map_err(|_| OutboundError::Host)?;
        match (url.host(), url.port_or_known_default()) {
            (Some(Host::Ipv4(_) | Host::Ipv6(_)), _) if subdomains => Err(OutboundError::Star),
            (Some(host), Some(port)) => Ok(Self {
                scheme: scheme.to_owned(),
                host: host.to_string(),
                subdomains,
                port,
            }),
            _ => Err(OutboundError::Host),
        }
    }

    /// Whether it grants a call to this URL.
    #[must_use]
    pub fn allows(&self, url: &Url) -> bool {
        let host = url.host().map(|host| host.to_string()).unwrap_or_default();
        let host_matches = if self.subdomains {
            host.strip_suffix(&self.host)
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|label| !label.is_empty())
        } else {
            host == self.host
        };
        host_matches && url.scheme() == self.scheme && url.port_or_known_default() == Some(self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants() {
        for (pattern, url, granted) in [
            ("https://api.example.com", "https://api.example.com/x?y", true),
            ("https://API.example.com", "https://api.EXAMPLE.com:443/", true),
            ("https://api.example.com", "http://api.example.com/", false),
            ("https://api.example.com", "https://api.example.com:8443/", false),
            ("https://api.example.com", "https://api.example.com.evil.org/", false),
            ("https://*.example.org:8443", "https://a.b.example.org:8443/", true),
            ("https://*.example.org:8443", "https://example.org:8443/", false),
            ("https://*.example.org", "https://evilexample.org/", false),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/", true),
            ("http://127.0.0.1:8080", "http://2130706433:8080/", true), // the same address, normalised
            ("http://[::1]:80", "http://[0:0::1]/", true),
            ("https://api.example.com", "https://api.example.com@evil.org/", false),
            ("https://bücher.de", "https://bücher.de/", true), // both in their ASCII form
            ("https://bücher.de", "https://xn--bcher-kva.de/", true),
            ("https://*.bücher.de", "https://a.xn--bcher-kva.de/", true),
        ] {
            let parsed = HostPattern::parse(pattern).unwrap();
            assert_eq!(parsed.allows(&Url::parse(url).unwrap()), granted, "{pattern} {url}");
        }
    }

    #[test]
    fn refused() {
        for (pattern, error) in [
            ("api.example.com", OutboundError::Scheme),
            ("ftp://example.com", OutboundError::Scheme),
            ("https://example.com/path", OutboundError::More),
            ("https://user@example.com", OutboundError::More),
            ("https://a.*.com", OutboundError::Star),
            ("https://*", OutboundError::Star),
            ("https://*.10.0.0.1", OutboundError::Star),
            ("https://", OutboundError::Host),
            ("https://example.com:99999", OutboundError::Host),
        ] {
            assert_eq!(HostPattern::parse(pattern), Err(error), "{pattern}");
        }
    }
}
