//! Patterns of `KEYS`, `SCAN MATCH` and `CONFIG GET`: `*`, `?`, `[a-z]`, `[^a]`, and `\` before a byte that stands for
//! itself.
//!
//! As Redis reads them, also where they are malformed: a class without its `]` ends with the pattern. Unlike its first
//! versions it goes back to the last `*` only, so that no pattern takes more than the product of both lengths.

/// Whether the whole of `text` matches. An empty text matches an empty pattern only; that `KEYS *` finds an empty key is
/// [`is_all`].
#[must_use]
pub fn matches(pattern: &[u8], text: &[u8], ignore_case: bool) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            retry = Some((p, t));
            continue;
        }
        let step = match (pattern.get(p..).filter(|rest| !rest.is_empty()), text.get(t)) {
            (None, None) => return true,
            (Some(rest), Some(byte)) => one(rest, *byte, ignore_case),
            _ => None,
        };
        match (step, retry) {
            (Some(length), _) => (p, t) = (p + length, t + 1),
            (None, Some((star, from))) if from < text.len() => {
                (p, t) = (star, from + 1);
                retry = Some((star, from + 1));
            }
            (None, _) => return false,
        }
    }
}

/// Whether this is the pattern that everything matches.
#[must_use]
pub fn is_all(pattern: &[u8]) -> bool {
    pattern == b"*"
}

/// Matches one byte with the first element of `pattern`, which is not empty and not `*`: how long the element is.
fn one(pattern: &[u8], byte: u8, ignore_case: bool) -> Option<usize> {
    let same = |a: u8, b: u8| a == b || (ignore_case && a.eq_ignore_ascii_case(&b));
    match pattern {
        [b'?', ..] => Some(1),
        [b'[', class @ ..] => {
            let (is_in, length) = in_class(class, byte, ignore_case);
            is_in.then_some(1 + length)
        }
        [b'\\', escaped, ..] => same(*escaped, byte).then_some(2),
        [literal, ..] => same(*literal, byte).then_some(1),
        [] => None,
    }
}

/// Whether `byte` is in the class that follows a `[`, and how long that class is, with its `]`.
fn in_class(class: &[u8], byte: u8, ignore_case: bool) -> (bool, usize) {
    let fold = |byte: u8| if ignore_case { byte.to_ascii_lowercase() } else { byte };
    let byte = fold(byte);
    let is_negated = class.first() == Some(&b'^');
    let mut at = usize::from(is_negated);
    let mut found = false;
    loop {
        match class.get(at..).unwrap_or_default() {
            [] => break,
            [b'\\', escaped, ..] => {
                found |= fold(*escaped) == byte;
                at += 2;
            }
            [b']', ..] => {
                at += 1;
                break;
            }
            [from, b'-', to, ..] => {
                let (from, to) = (fold(*from.min(to)), fold(*from.max(to)));
                found |= (from..=to).contains(&byte);
                at += 3;
            }
            [literal, ..] => {
                found |= fold(*literal) == byte;
                at += 1;
            }
        }
    }
    (found != is_negated, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", false),
            ("**", "abc", true),
            ("h?llo", "hello", true),
            ("h?llo", "hllo", false),
            ("h*llo", "heeeello", true),
            ("h[ae]llo", "hallo", true),
            ("h[ae]llo", "hillo", false),
            ("h[^e]llo", "hello", false),
            ("h[^e]llo", "hallo", true),
            ("h[a-b]llo", "hbllo", true),
            ("h[b-a]llo", "hbllo", true),
            ("h[a-", "ha", true),
            ("[]", "]", false),
            ("[abc", "c", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("a\\", "a\\", true),
            ("[\\]]", "]", true),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxbxx", false),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes(), false),
                expected,
                "{pattern} on {text}"
            );
        }
        assert!(matches(b"MAX*", b"maxmemory", true) && matches(b"[A-C]", b"b", true));
    }

    #[test]
    fn a_hostile_pattern_ends() {
        assert!(!matches(
            format!("{}b", "a*".repeat(200)).as_bytes(),
            "a".repeat(10_000).as_bytes(),
            false
        ));
    }
}
