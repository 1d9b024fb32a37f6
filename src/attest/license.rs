//! Whether a text is a licence expression as SPDX writes them, and Cargo's old way as a new one.
//!
//! The grammar is looked at, not the list of licences: that changes, and who reads the document has it.
//! (<https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/>)

/// The expression that a package's licence is; `None`: it is none. `MIT/Apache-2.0` is how Cargo once wrote `MIT OR Apache-2.0`.
pub(super) fn expression(text: &str) -> Option<String> {
    let spelled = text.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spelled.split_whitespace().collect();
    let mut rest = words.as_slice();
    (compound(&mut rest, 0) && rest.is_empty()).then(|| words.join(" ").replace("( ", "(").replace(" )", ")"))
}

/// How deep parentheses may stand in each other; real ones have one or two.
const MAX_DEPTH: usize = 16;

/// Terms between `AND` and `OR`. What is read is taken from the words.
fn compound(words: &mut &[&str], depth: usize) -> bool {
    while term(words, depth) {
        match words.split_first() {
            Some((&("AND" | "OR"), rest)) => *words = rest,
            _ => return true,
        }
    }
    false
}

fn term(words: &mut &[&str], depth: usize) -> bool {
    let Some((&first, rest)) = words.split_first() else {
        return false;
    };
    *words = rest;
    if first == "(" {
        let is_closed = depth < MAX_DEPTH && compound(words, depth + 1);
        return is_closed && take(words) == Some(")");
    }
    if !is_id(first) {
        return false;
    }
    match words.first() {
        Some(&"WITH") => {
            take(words);
            take(words).is_some_and(is_id)
        }
        _ => true,
    }
}

fn take<'a>(words: &mut &[&'a str]) -> Option<&'a str> {
    let (first, rest) = words.split_first()?;
    *words = rest;
    Some(first)
}

fn is_id(word: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "-.+:".contains(c);
    !["AND", "OR", "WITH"].contains(&word) && !word.is_empty() && word.chars().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_an_expression() {
        for (text, expected) in [
            ("MIT", Some("MIT")),
            ("MIT/Apache-2.0", Some("MIT OR Apache-2.0")),
            ("MIT / Apache-2.0", Some("MIT OR Apache-2.0")),
            ("GPL-2.0+", Some("GPL-2.0+")),
            (
                "(MIT OR Apache-2.0) AND Unicode-3.0",
                Some("(MIT OR Apache-2.0) AND Unicode-3.0"),
            ),
            (
                "Apache-2.0 WITH LLVM-exception OR MIT",
                Some("Apache-2.0 WITH LLVM-exception OR MIT"),
            ),
            ("LicenseRef-own", Some("LicenseRef-own")),
            ("", None),
            ("MIT OR", None),
            ("OR MIT", None),
            ("MIT Apache-2.0", None),
            ("(MIT", None),
            ("MIT)", None),
            ("MIT WITH", None),
            ("see the file", None),
            ("Lizenz für alle", None),
        ] {
            assert_eq!(expression(text).as_deref(), expected, "{text}");
        }
        assert_eq!(expression(&"(".repeat(1_000_000)), None);
    }
}
