//! What a registry answers to a stranger: `WWW-Authenticate`, read as far as registries use it. Pure.
//!
//! RFC 9110, section 11.6.1, and <https://distribution.github.io/distribution/spec/auth/token/>.

/// How a registry wants to be told who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password with each request.
    Basic,
    /// A token that somebody else gives out.
    Bearer {
        /// Where it is had.
        realm: String,
        /// For whom.
        service: Option<String>,
        /// For what.
        scope: Option<String>,
    },
}

/// The longest header that is read, in bytes: registries send some hundred.
const HEADER_MAX_BYTES: usize = 8 << 10;

/// The challenge that we can meet, from all `WWW-Authenticate` headers; a token is preferred to a password.
pub(super) fn challenge<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    let mut found = None;
    for header in headers.filter(|header| header.len() <= HEADER_MAX_BYTES) {
        for (scheme, parameters) in schemes(header) {
            let get = |name: &str| {
                let mut named = parameters.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
                named.next().map(|(_, value)| value.clone())
            };
            if scheme.eq_ignore_ascii_case("bearer")
                && let Some(realm) = get("realm")
            {
                return Some(Challenge::Bearer {
                    realm,
                    service: get("service"),
                    scope: get("scope"),
                });
            }
            if scheme.eq_ignore_ascii_case("basic") {
                found = Some(Challenge::Basic);
            }
        }
    }
    found
}

type Parameters = Vec<(String, String)>;

/// Each scheme with its parameters: `Bearer realm="…",service="…", Basic realm="…"`.
fn schemes(header: &str) -> Vec<(String, Parameters)> {
    let mut found: Vec<(String, Parameters)> = Vec::new();
    let mut rest = header.trim_start_matches([' ', ',', '\t']);
    while !rest.is_empty() {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let end = rest.find(|c| !is_token(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() {
            break;
        }
        let after = after.trim_start_matches([' ', '\t']);
        rest = match after.strip_prefix('=') {
            Some(value) => {
                let (value, after) = quoted_or_plain(value.trim_start_matches([' ', '\t']));
                if let Some((_, parameters)) = found.last_mut() {
                    parameters.push((word.to_owned(), value));
                }
                after
            }
            None => {
                found.push((word.to_owned(), Vec::new()));
                after
            }
        };
        rest = rest.trim_start_matches([' ', ',', '\t']);
    }
    found
}

/// The value at the beginning of a text, and what follows it.
fn quoted_or_plain(text: &str) -> (String, &str) {
    let Some(inner) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = inner.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (value, inner.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_registries_send() {
        let bearer = |realm: &str, service: Option<&str>, scope: Option<&str>| {
            Some(Challenge::Bearer {
                realm: realm.to_owned(),
                service: service.map(str::to_owned),
                scope: scope.map(str::to_owned),
            })
        };
        for (headers, expected) in [
            (
                &[r#"Bearer realm="https://a.example/token",service="a.example",scope="repository:app:pull,push""#][..],
                bearer(
                    "https://a.example/token",
                    Some("a.example"),
                    Some("repository:app:pull,push"),
                ),
            ),
            (&[r#"Basic realm="Registry Realm""#], Some(Challenge::Basic)),
            (&["basic"], Some(Challenge::Basic)),
            (
                &[r#"Basic realm="x", Bearer realm="https://a.example/t", error="insufficient_scope""#],
                bearer("https://a.example/t", None, None),
            ),
            (
                &["Basic realm=x", "bearer REALM=https://a.example"],
                bearer("https://a.example", None, None),
            ),
            (&[r#"Bearer realm="a\"b""#], bearer("a\"b", None, None)),
            (&[r#"Bearer realm="never closed"#], bearer("never closed", None, None)),
            (&["Bearer service=x"], None),
            (&["Negotiate"], None),
            (&["", "===", "\u{e9}", "Bearer realm"], None),
            (&[], None),
        ] {
            assert_eq!(challenge(headers.iter().copied()), expected, "{headers:?}");
        }
        let long = format!("Basic realm=\"{}\"", "x".repeat(HEADER_MAX_BYTES));
        assert_eq!(challenge([long.as_str()].into_iter()), None);
    }
}
