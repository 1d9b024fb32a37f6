//! Addresses of services, as slightfiles write them. A password in one is never shown.

use slt_emulators::chassis::Clock;
use url::Url;

use crate::providers::endpoint::{Credentials, Endpoint};
use crate::support::secret::Secret;

/// Redis's own port.
const REDIS_PORT: u16 = 6379;

/// Why an address cannot be used. It does not repeat the address, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not a URL.
    #[error("it is not a URL that begins with `redis://`")]
    NotAUrl,
    /// A URL, but not a valid one.
    #[error("it is not a valid URL: {0}")]
    Invalid(url::ParseError),
    /// Encrypted.
    #[error("its scheme is `rediss`: this version of slt cannot speak TLS with Redis")]
    Tls,
    /// Another scheme.
    #[error("its scheme is `{0}`, and not `redis`")]
    Scheme(String),
    /// No host.
    #[error("it names no host")]
    NoHost,
    /// The path is no database.
    #[error("its path is not the number of a database")]
    Database,
}

/// Redis at `redis://[[user]:password@]host[:port][/database]`.
///
/// # Errors
/// When it is something else.
pub fn redis(address: &str, clock: &Clock) -> Result<Endpoint, AddressError> {
    let url = Url::parse(address).map_err(|error| match error {
        url::ParseError::RelativeUrlWithoutBase => AddressError::NotAUrl,
        error => AddressError::Invalid(error),
    })?;
    match url.scheme() {
        "redis" => {}
        "rediss" => return Err(AddressError::Tls),
        // `user:password@host` is a URL too, whose scheme is the user
        scheme if address.contains("://") => return Err(AddressError::Scheme(scheme.to_owned())),
        _ => return Err(AddressError::NotAUrl),
    }
    let host = url
        .host_str()
        .filter(|host| !host.is_empty())
        .ok_or(AddressError::NoHost)?;
    let database = match url.path().trim_matches('/') {
        "" => 0,
        number => number.parse().map_err(|_| AddressError::Database)?,
    };
    let credentials = Credentials {
        username: Some(decoded(url.username())).filter(|username| !username.is_empty()),
        password: url.password().map(|password| Secret::new(decoded(password))),
    };
    Ok(Endpoint::tcp(
        &format!("{host}:{}", url.port().unwrap_or(REDIS_PORT)),
        credentials,
        database,
        clock,
    ))
}

/// Undoes percent-encoding; what is not UTF-8 then stays as it was written.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hexadecimal = tail
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match hexadecimal.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (address, label, username, password, database) in [
            ("redis://127.0.0.1:6379", "127.0.0.1:6379", None, None, 0),
            ("redis://localhost", "localhost:6379", None, None, 0),
            ("redis://:s%40fe@[::1]:7/3", "[::1]:7", None, Some("s@fe"), 3),
            ("redis://me:100%25@cache/", "cache:6379", Some("me"), Some("100%"), 0),
        ] {
            let endpoint = redis(address, &Clock::real()).unwrap();
            assert_eq!(endpoint.label, label);
            assert_eq!(endpoint.credentials.username.as_deref(), username);
            assert_eq!(endpoint.credentials.password.as_ref().map(Secret::expose), password);
            assert_eq!(endpoint.database, database);
        }
    }

    #[test]
    fn refused_without_showing_the_password() {
        for (address, error) in [
            ("127.0.0.1:6379", "it is not a URL that begins with `redis://`"),
            ("hunter2:x@h", "it is not a URL that begins with `redis://`"),
            (":hunter2@h:1", "it is not a URL that begins with `redis://`"),
            ("redis://:hunter2@h:99999", "it is not a valid URL: invalid port number"),
            (
                "rediss://:hunter2@h",
                "its scheme is `rediss`: this version of slt cannot speak TLS with Redis",
            ),
            ("http://:hunter2@h", "its scheme is `http`, and not `redis`"),
            ("redis://:hunter2@h/x", "its path is not the number of a database"),
            ("redis:///1", "it names no host"),
        ] {
            assert_eq!(
                redis(address, &Clock::real()).unwrap_err().to_string(),
                error,
                "{address}"
            );
        }
    }
}
