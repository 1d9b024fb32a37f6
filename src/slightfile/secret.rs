//! What in a slightfile is a secret, and the text of the file with its secrets covered.
//!
//! Every excerpt of a slightfile that is shown comes from [`cover`]. It works on the letters and not on the parsed
//! file, so that a file with a syntax error is covered too.

use super::value::STORES;

/// Whether a key of this name most likely holds a secret: `…PASSWORD…`, `…SECRET…`, `…TOKEN…`, `…CREDS`, `…KEY`.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIAL"]
        .iter()
        .any(|word| name.contains(word))
        || name.ends_with("KEY")
        || name.ends_with("CREDS")
}

/// Whether a literal is a URL with a password in it.
#[must_use]
pub fn has_password(literal: &str) -> bool {
    password(literal).is_some()
}

/// The bytes of the password in the first URL of a text that ends at a quote, a blank or the end of its line.
fn password(text: &str) -> Option<std::ops::Range<usize>> {
    let start = text.find("://")? + 3;
    let rest = text.get(start..)?;
    let end = rest.find(['"', '\'', ' ', '\t', '\r', '\n']).unwrap_or(rest.len());
    let at = rest.get(..end)?.rfind('@')?;
    let colon = rest.get(..at)?.find(':')?;
    (colon + 1 < at).then(|| start + colon + 1..start + at)
}

/// The text with each secret replaced by as many `*` as it has bytes, so that every place in it stays the same. Control
/// characters, which could steer a terminal, become blanks.
#[must_use]
pub fn cover(text: &str) -> String {
    let text = &without_controls(text);
    let mut covered = String::with_capacity(text.len());
    let mut open: Option<Open> = None;
    for line in text.split_inclusive('\n') {
        open = match open {
            Some(Open::Quotes(quotes)) => {
                let end = line.find(quotes);
                push_stars(&mut covered, line.get(..end.unwrap_or(line.len())).unwrap_or(line));
                covered.push_str(end.and_then(|end| line.get(end..)).unwrap_or_default());
                if end.is_some() { None } else { open }
            }
            Some(Open::NextLine) if line.trim().is_empty() => {
                covered.push_str(line);
                open
            }
            Some(Open::NextLine) => {
                push_stars(&mut covered, line);
                None
            }
            None => cover_line(&mut covered, &cover_address(&cover_url(line))),
        };
    }
    covered
}

fn without_controls(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\n' | '\t' => plain.push(c),
            '\r' if characters.peek() == Some(&'\n') => plain.push(c),
            c if c.is_control() => plain.extend(std::iter::repeat_n(' ', c.len_utf8())),
            c => plain.push(c),
        }
    }
    plain
}

/// Covers what follows secret keys in one line: the string that is a key's value, and when it is none, all to the end of the line.
/// Answers in what a secret's value goes on, when it goes on in the next line.
fn cover_line(covered: &mut String, line: &str) -> Option<Open> {
    let mut rest = line;
    while let Some((key, after)) = next_key(rest) {
        covered.push_str(rest.get(..rest.len() - after.len()).unwrap_or_default());
        rest = after;
        if !is_secret_key(key) {
            continue;
        }
        let (separator, value) = rest.split_at(rest.len() - rest.trim_start_matches(['=', ':', ' ', '\t']).len());
        let comment = line.trim_start().starts_with('#');
        // A word that only reads like a key: in a comment, or within other text.
        if !separator.contains(['=', ':']) && (comment || !line.trim_start().starts_with(key)) {
            continue;
        }
        covered.push_str(separator);
        if value.trim().is_empty() {
            covered.push_str(value);
            return separator.contains('=').then_some(Open::NextLine);
        }
        let Some((quotes, inside)) = QUOTES.iter().find_map(|q| Some((*q, value.strip_prefix(q)?))) else {
            push_stars(covered, value);
            return None;
        };
        let Some(end) = closing(inside, quotes) else {
            covered.push_str(quotes);
            push_stars(covered, inside);
            return (quotes.len() == 3).then_some(Open::Quotes(quotes));
        };
        let (secret, behind) = inside.split_at(end);
        covered.push_str(quotes);
        match is_reference(secret) {
            true => covered.push_str(secret),
            false => push_stars(covered, secret),
        }
        covered.push_str(quotes);
        rest = behind.get(quotes.len()..).unwrap_or_default();
        if !rest.trim_start().is_empty() && !rest.trim_start().starts_with([',', '}', ']', '#']) {
            push_stars(covered, rest);
            return None;
        }
    }
    covered.push_str(rest);
    None
}

/// What can close a string, the longest first.
const QUOTES: &[&str] = &["\"\"\"", "'''", "\"", "'"];

/// In what the value of a secret goes on.
#[derive(Clone, Copy)]
enum Open {
    /// A string, until these quotes.
    Quotes(&'static str),
    /// The whole next line.
    NextLine,
}

/// The next word, and what follows it. Strings are words too: keys can be quoted.
fn next_key(text: &str) -> Option<(&str, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\'');
    let start = text.find(is_word)?;
    let word = text.get(start..)?;
    let end = word.find(|c| !is_word(c)).unwrap_or(word.len());
    Some(word.split_at(end))
}

/// Whether a value refers to a store that exists, and holds nothing itself: no literal in the form of a reference, no default.
fn is_reference(value: &str) -> bool {
    let inner = value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let store = inner.and_then(|inner| inner.rsplit_once('.')).map(|(store, _)| store);
    let known = store.is_some_and(|store| STORES.iter().any(|(name, _)| *name == store));
    known && !value.contains(":-")
}

/// Where the string ends; a `\"` does not end a basic string.
fn closing(inside: &str, quotes: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = inside.get(from..)?.find(quotes) {
        let end = from + found;
        let backslashes = inside.get(..end)?.chars().rev().take_while(|c| *c == '\\').count();
        if quotes.starts_with('\'') || backslashes % 2 == 0 {
            return Some(end);
        }
        from = end + 1;
    }
    None
}

/// Whether a key, or a table that it lies in, is named as a secret is. `value` is one too: `[[secret_settings]]` keeps its secrets there.
/// `secret_store` and `secret_settings` are the grammar's own.
fn is_secret_key(key: &str) -> bool {
    let mut parts = key.split('.').map(|part| part.trim_matches(['"', '\'']));
    parts.any(|part| part == "value" || (is_secret_name(part) && !matches!(part, "secret_store" | "secret_settings")))
}

fn cover_url(text: &str) -> String {
    let Some(range) = password(text) else {
        return text.to_owned();
    };
    let (before, rest) = text.split_at(range.start);
    let (secret, after) = rest.split_at(range.end - range.start);
    let mut covered = before.to_owned();
    push_stars(&mut covered, secret);
    covered.push_str(&cover_url(after));
    covered
}

/// What can be a password in an address that is none: all before its `@`, without a scheme or without a colon, and what a
/// query calls one. Elsewhere an `@` is no sign of a secret: the digest of a container's image has one.
fn cover_address(line: &str) -> String {
    let upper = line.to_ascii_uppercase();
    let names = ["ADDRESS", "ENDPOINT", "URL"].iter().any(|word| upper.contains(word));
    if !names && !line.contains("://") {
        return line.to_owned();
    }
    let mut covered = String::with_capacity(line.len());
    for piece in line.split_inclusive(['"', '\'']) {
        let start = piece.find("://").map_or(0, |at| at + 3);
        let (scheme, rest) = piece.split_at(start);
        let (user, host) = rest.split_at(rest.rfind('@').unwrap_or(0));
        // `user:` may stay
        let (name, secret) = user.split_at(user.find(':').map_or(0, |at| at + 1));
        covered.push_str(scheme);
        covered.push_str(name);
        push_stars(&mut covered, secret);
        cover_query(&mut covered, host);
    }
    covered
}

fn cover_query(covered: &mut String, mut rest: &str) {
    while let Some(equals) = rest.find('=') {
        let (name, after) = rest.split_at(equals + 1);
        let end = after.find(['&', '"', '\'']).unwrap_or(after.len());
        let (value, after) = after.split_at(end);
        covered.push_str(name);
        let parameter = name.rsplit(['?', '&']).next().unwrap_or_default();
        if name.contains(['?', '&']) && is_secret_name(parameter.trim_end_matches('=')) {
            push_stars(covered, value);
        } else {
            covered.push_str(value);
        }
        rest = after;
    }
    covered.push_str(rest);
}

fn push_stars(covered: &mut String, secret: &str) {
    for c in secret.chars() {
        match c {
            '\n' | '\r' => covered.push(c),
            _ => covered.extend(std::iter::repeat_n('*', c.len_utf8())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn covered() {
        for (text, expected) in [
            ("REDIS_ADDRESS = \"redis://h:1\"", "REDIS_ADDRESS = \"redis://h:1\""),
            ("A = \"redis://u:pass@h:1\"\n", "A = \"redis://u:****@h:1\"\n"),
            ("A = \"redis://u:p=w@h:1\"", "A = \"redis://u:***@h:1\""),
            ("A = \"redis://:p@ss/x@h\"", "A = \"redis://:******@h\""),
            ("A_URL = \"redis://pass@h:1\"", "A_URL = \"redis://****@h:1\""),
            ("A_URL = \"u:pass@h:1\"", "A_URL = \"u:****@h:1\""),
            ("A_URL = \"pass@h:1\" # c", "A_URL = \"****@h:1\" # c"),
            ("A_URL = 'h?db=1&password=x=y&a=b'", "A_URL = 'h?db=1&password=********"),
            ("redis = \"r/valkey@sha256:0\"", "redis = \"r/valkey@sha256:0\""),
            ("AZURE_STORAGE_KEY = \"abc\" # c", "AZURE_STORAGE_KEY = \"***\" # c"),
            ("MY_TOKEN='ab=='", "MY_TOKEN='****'"),
            ("K_PASSWORD = \"a\\\"b\"", "K_PASSWORD = \"****\""),
            ("K_PASSWORD = \"${envvars.X}\"", "K_PASSWORD = \"${envvars.X}\""),
            (
                "configs = { A = \"x\", B_KEY = \"yy\" }",
                "configs = { A = \"x\", B_KEY = \"**\" }",
            ),
            (
                "S_SECRET = \"\"\"\nab\nc\"\"\"\nname = 1",
                "S_SECRET = \"\"\"\n**\n*\"\"\"\nname = 1",
            ),
            ("S_SECRET = \"unclosed\n", "S_SECRET = \"********\n"),
            ("# \u{1b}[2J\r\n\rx\u{85}", "#  [2J\r\n x  "),
            ("name = \"X\"\nvalue = \"é\"", "name = \"X\"\nvalue = \"**\""),
            // what is no TOML, or no string
            ("DB_PASSWORD = pw # c\n", "DB_PASSWORD = ******\n"),
            ("DB_PASSWORD pw", "DB_PASSWORD **"),
            ("DB_PASSWORD : \"pw\"", "DB_PASSWORD : \"**\""),
            ("DB_PASSWORD == \"pw\"", "DB_PASSWORD == \"**\""),
            ("DB_PASSWORD = “pw”", "DB_PASSWORD = ********"),
            ("DB_PASSWORD = [\"pw\"]", "DB_PASSWORD = ******"),
            ("DB_PASSWORD = { a = \"pw\" }", "DB_PASSWORD = ************"),
            ("DB_PASSWORD.x = \"pw\"", "DB_PASSWORD.x = \"**\""),
            ("\"DB_PASSWORD\" = \"pw\"", "\"DB_PASSWORD\" = \"**\""),
            ("DB_PASSWORD = \"a\" \"pw\"", "DB_PASSWORD = \"*\"*****"),
            ("DB_PASSWORD =\n\n\"pw\"\nname = 1", "DB_PASSWORD =\n\n****\nname = 1"),
            ("DB_PASSWORD = \"${pw}\"", "DB_PASSWORD = \"*****\""),
            ("DB_PASSWORD = \"${envvars.pw\"", "DB_PASSWORD = \"************\""),
            (
                "DB_PASSWORD = \"${envvars.A:-pw}\"",
                "DB_PASSWORD = \"****************\"",
            ),
            ("# DB_PASSWORD = \"pw\"", "# DB_PASSWORD = \"**\""),
            ("# the key is in Redis", "# the key is in Redis"),
            ("hosts = [\"https://pw@h\"]", "hosts = [\"https://**@h\"]"),
            (
                "redis_address = \"redis://u@h/1?token=pw\"",
                "redis_address = \"redis://*@h/1?token=***",
            ),
            ("secret_store = \"usersecrets\"", "secret_store = \"usersecrets\""),
            ("[capability.configs]\nA = \"b\"", "[capability.configs]\nA = \"b\""),
        ] {
            assert_eq!(cover(text), expected);
        }
    }

    proptest! {
        #[test]
        fn places_stay_the_same(text in "\\PC*|([a-zA-Z_ ]*(KEY|value|_URL)? ?= ?[\"']{0,3}(redis://)?[é:@?&=a-z\\\\\"'\n]*\n?){0,5}") {
            let covered = cover(&text);
            prop_assert_eq!(covered.len(), text.len());
            prop_assert_eq!(covered.matches('\n').count(), text.matches('\n').count());
        }
    }
}
