//! The links, in the store that the slightfile calls `links`.
//!
//! `link/CODE` holds the time at which a link expires and its URL; `visits/CODE` and `last` are counters.

use std::time::Duration;

use crate::bindings::wasi::keyvalue::atomics::increment;
use crate::bindings::wasi::keyvalue::batch::{delete_many, get_many};
use crate::bindings::wasi::keyvalue::store::{self, Bucket, Error};

/// How long a link works.
pub const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The longest URL that is taken, in bytes.
pub const MAX_URL_BYTES: usize = 2048;

/// The links. Times are counted from 1970.
pub struct Links(Bucket);

impl Links {
    /// Opens the store.
    pub fn open() -> Result<Self, Error> {
        store::open("links").map(Self)
    }

    /// Adds a link and returns its code.
    pub fn add(&self, url: &str, now: Duration) -> Result<String, Error> {
        let code = encode(increment(&self.0, "last", 1)?);
        let expires = (now + LIFETIME).as_secs();
        self.0.set(
            &format!("link/{code}"),
            format!("{expires} {url}").as_bytes(),
        )?;
        Ok(code)
    }

    /// Where a link leads. The visit is counted.
    pub fn visit(&self, code: &str, now: Duration) -> Result<Option<String>, Error> {
        let url = self.find(code, now)?;
        if url.is_some() {
            increment(&self.0, &format!("visits/{code}"), 1)?;
        }
        Ok(url)
    }

    /// How often a link was visited.
    pub fn visits(&self, code: &str, now: Duration) -> Result<Option<u64>, Error> {
        if self.find(code, now)?.is_none() {
            return Ok(None);
        }
        let key = format!("visits/{code}");
        let Some(value) = self.0.get(&key)? else {
            return Ok(Some(0));
        };
        // `increment` keeps its numbers in decimal.
        let visits = str::from_utf8(&value).ok().and_then(number);
        visits.map(Some).ok_or_else(|| foreign(&key))
    }

    /// Removes a link, if it is there.
    pub fn remove(&self, code: &str) -> Result<(), Error> {
        delete_many(&self.0, &[format!("link/{code}"), format!("visits/{code}")])
    }

    /// All links as code and URL, in the order of their codes.
    pub fn list(&self, now: Duration) -> Result<Vec<(String, String)>, Error> {
        let mut links = Vec::new();
        let mut cursor = None;
        loop {
            let mut page = self.0.list_keys(cursor)?;
            page.keys.retain(|key| key.starts_with("link/"));
            for (key, value) in get_many(&self.0, &page.keys)?.into_iter().flatten() {
                if let Some(url) = decode(&key, &value, now)? {
                    let code = key.strip_prefix("link/").unwrap_or(&key);
                    links.push((code.to_string(), url));
                }
            }
            cursor = page.cursor;
            if cursor.is_none() {
                links.sort();
                return Ok(links);
            }
        }
    }

    fn find(&self, code: &str, now: Duration) -> Result<Option<String>, Error> {
        let key = format!("link/{code}");
        match self.0.get(&key)? {
            Some(value) => decode(&key, &value, now),
            None => Ok(None),
        }
    }
}

/// The URL in a stored value, unless it has expired.
fn decode(key: &str, value: &[u8], now: Duration) -> Result<Option<String>, Error> {
    let text = str::from_utf8(value).map_err(|_| foreign(key))?;
    let (expires, url) = text.split_once(' ').ok_or_else(|| foreign(key))?;
    let expires = number(expires).ok_or_else(|| foreign(key))?;
    Ok((now.as_secs() < expires).then(|| url.to_string()))
}

/// A number in decimal: digits only, where `parse` takes a `+` too.
fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

fn foreign(key: &str) -> Error {
    Error::Other(format!("`{key}` holds what this application did not write"))
}

/// The code of the nth link.
///
/// ```
/// assert_eq!(shortener::links::encode(1), "1");
/// assert_eq!(shortener::links::encode(36), "10");
/// ```
pub fn encode(mut n: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.extend(char::from_digit((n % 36) as u32, 36));
        n /= 36;
        if n == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

/// The URL in a request's body, or what is wrong with it.
///
/// ```
/// use shortener::links::check_url;
///
/// assert_eq!(check_url(b"https://example.com/\n"), Ok("https://example.com/"));
/// assert!(check_url(b"example.com").is_err());
/// ```
pub fn check_url(body: &[u8]) -> Result<&str, &'static str> {
    let url = body.trim_ascii();
    if url.len() > MAX_URL_BYTES {
        return Err("that URL is too long");
    }
    if !url.starts_with(b"http://") && !url.starts_with(b"https://") {
        return Err("only http:// and https:// can be shortened");
    }
    if !url.iter().all(u8::is_ascii_graphic) {
        return Err("a URL has no spaces, and only ASCII characters");
    }
    str::from_utf8(url).map_err(|_| "a URL has only ASCII characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_000_000_000);
    const URL: &str = "https://example.com/";

    // Each test has a store of its own, which is empty at first.

    #[test]
    fn a_link_leads_to_its_url_and_counts_its_visits() -> Result<(), Error> {
        let links = Links::open()?;
        let code = links.add(URL, NOW)?;
        assert_eq!(links.visits(&code, NOW)?, Some(0));
        assert_eq!(links.visit(&code, NOW)?.as_deref(), Some(URL));
        assert_eq!(links.visit(&code, NOW)?.as_deref(), Some(URL));
        assert_eq!(links.visits(&code, NOW)?, Some(2));
        Ok(())
    }

    #[test]
    fn a_link_that_was_removed_leads_nowhere() -> Result<(), Error> {
        let links = Links::open()?;
        let code = links.add(URL, NOW)?;
        links.remove(&code)?;
        assert_eq!(links.visit(&code, NOW)?, None);
        assert_eq!(links.visits(&code, NOW)?, None);
        links.remove(&code)
    }

    #[test]
    fn a_link_expires() -> Result<(), Error> {
        let links = Links::open()?;
        let code = links.add(URL, NOW)?;
        let end = NOW + LIFETIME;
        assert!(links.visit(&code, end - Duration::from_secs(1))?.is_some());
        assert!(links.visit(&code, end)?.is_none());
        Ok(())
    }

    #[test]
    fn all_links_are_listed() -> Result<(), Error> {
        let links = Links::open()?;
        assert_eq!(links.list(NOW)?, []);
        links.add("https://example.com/a", NOW)?;
        links.add("https://example.com/b", NOW)?;
        links.visit("1", NOW)?;
        let expected = [
            ("1", "https://example.com/a"),
            ("2", "https://example.com/b"),
        ];
        assert_eq!(
            links.list(NOW)?,
            expected.map(|(code, url)| (code.to_string(), url.to_string()))
        );
        Ok(())
    }

    #[test]
    fn a_value_that_something_else_wrote_is_an_error() -> Result<(), Error> {
        let links = Links::open()?;
        for value in [
            "",
            "?",
            "9999999999",
            " https://example.com/",
            "+9999999999 https://example.com/",
        ] {
            links.0.set("link/1", value.as_bytes())?;
            let visited = links.visit("1", NOW);
            assert!(matches!(visited, Err(Error::Other(_))), "{value:?}");
        }
        links.0.set("link/1", b"9999999999 https://example.com/")?;
        for value in ["", "-1", "+5", "18446744073709551616"] {
            links.0.set("visits/1", value.as_bytes())?;
            let visits = links.visits("1", NOW);
            assert!(matches!(visits, Err(Error::Other(_))), "{value:?}");
        }
        links.0.set("visits/1", b"5")?;
        assert_eq!(links.visits("1", NOW)?, Some(5));
        Ok(())
    }

    #[test]
    fn a_code_is_all_that_follows_the_first_prefix() -> Result<(), Error> {
        let links = Links::open()?;
        links
            .0
            .set("link/link/x", b"9999999999 https://example.com/")?;
        assert_eq!(links.list(NOW)?, [("link/x".to_string(), URL.to_string())]);
        assert_eq!(links.visit("link/x", NOW)?.as_deref(), Some(URL));
        Ok(())
    }

    #[test]
    fn urls_are_checked() {
        assert_eq!(
            check_url(b" https://example.com \n"),
            Ok("https://example.com")
        );
        for body in [
            "",
            "example.com",
            "https://example.com/a b",
            "https://example.com/\u{e9}",
        ] {
            assert!(check_url(body.as_bytes()).is_err(), "{body:?}");
        }
        assert!(check_url(format!("https://{}", "a".repeat(MAX_URL_BYTES)).as_bytes()).is_err());
    }
}
