//! Puts values in the place of placeholders, in texts and in paths. What was put in is not looked at again.

use super::ForeignError;
use super::folder::FILE_MAX_BYTES;

/// What stands in a template, and what takes its place.
#[derive(Debug, Default)]
pub(super) struct Fill(Vec<(String, String)>);

impl Fill {
    pub(super) fn put(&mut self, text: &str, value: String) {
        self.0.push((text.to_owned(), value));
    }

    /// A text with its placeholders filled; of two that begin at one place, the longer one counts. Nothing when it would have more
    /// bytes than `most`.
    fn text(&self, text: &str, most: usize) -> Option<String> {
        let find = |placeholder: &str, from: usize| {
            let found = text.get(from..).and_then(|rest| rest.find(placeholder));
            found.map(|at| from + at)
        };
        // Where each comes next: a text is searched once for each.
        let mut next: Vec<_> = self.0.iter().map(|(placeholder, _)| find(placeholder, 0)).collect();
        let mut filled = String::new();
        let mut done = 0;
        loop {
            let each = self.0.iter().zip(&next);
            let first = each
                .filter_map(|(pair, at)| at.map(|at| (at, pair)))
                .min_by_key(|(at, (placeholder, _))| (*at, usize::MAX - placeholder.len()));
            let Some((at, (placeholder, value))) = first else {
                filled.push_str(text.get(done..).unwrap_or_default());
                return (filled.len() <= most).then_some(filled);
            };
            filled.push_str(text.get(done..at).unwrap_or_default());
            filled.push_str(value);
            if filled.len() > most {
                return None;
            }
            done = at + placeholder.len();
            for ((placeholder, _), next) in self.0.iter().zip(&mut next) {
                if next.is_some_and(|at| at < done) {
                    *next = find(placeholder, done);
                }
            }
        }
    }

    /// A file with its placeholders filled; what is no text stays as it is. `left` is how many bytes it may have at most.
    pub(super) fn bytes(&self, path: &str, bytes: &[u8], left: usize) -> Result<Vec<u8>, ForeignError> {
        let filled = match std::str::from_utf8(bytes) {
            Ok(text) if !bytes.contains(&0) => self
                .text(text, FILE_MAX_BYTES)
                .ok_or_else(|| ForeignError::TooLarge(path.to_owned()))?
                .into_bytes(),
            _ => bytes.to_vec(),
        };
        match filled.len() <= left {
            true => Ok(filled),
            false => Err(ForeignError::TooMuch),
        }
    }

    /// A path with its placeholders filled, each of its parts by itself.
    pub(super) fn path(&self, path: &str) -> Result<String, ForeignError> {
        const PATH_MAX_BYTES: usize = 4096; // Linux takes no longer ones
        let parts = path.split('/').map(|part| self.text(part, PATH_MAX_BYTES));
        let parts: Option<Vec<String>> = parts.collect();
        let parts = parts.unwrap_or_default();
        let becomes = parts.join("/");
        match !parts.is_empty() && parts.iter().all(|part| is_plain(part)) {
            true => Ok(becomes),
            false => Err(ForeignError::Outside {
                path: path.to_owned(),
                becomes: becomes.escape_debug().to_string(),
            }),
        }
    }
}

/// Whether this is the name of a file or a folder on every system, and leads nowhere else. Windows takes a name without the dots and
/// spaces at its end, and `git~1` for `.git`; macOS without some characters that cannot be seen.
fn is_plain(part: &str) -> bool {
    let ascii: String = part.chars().filter(char::is_ascii).collect();
    let bare = ascii.trim_end_matches(['.', ' ']).to_ascii_lowercase();
    let is_dots = part.trim_end_matches(['.', ' ']).is_empty();
    let has_sign = part.contains(['/', '\\', ':']) || part.chars().any(char::is_control);
    !is_dots && !has_sign && bare != ".git" && bare != "git~1"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts() {
        let mut fill = Fill::default();
        for (text, value) in [("ab", "1"), ("abc", "ab"), ("ä", "")] {
            fill.put(text, value.to_owned());
        }
        for (text, expected) in [
            ("", Some("")),
            ("abcab-ab", Some("ab1-1")),
            ("äb", Some("b")),
            ("a b", Some("a b")),
            ("ab0123456789", None),
        ] {
            assert_eq!(fill.text(text, 8).as_deref(), expected, "{text}");
        }
        assert_eq!(Fill::default().text("ab", 8).as_deref(), Some("ab"));
    }

    /// The same, the slow way: at each place, the longest placeholder that begins there.
    fn slowly(pairs: &[(String, String)], text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let here = pairs.iter().filter(|(placeholder, _)| rest.starts_with(placeholder));
            match here.max_by_key(|(placeholder, _)| placeholder.len()) {
                Some((placeholder, value)) => {
                    filled.push_str(value);
                    rest = &rest[placeholder.len()..];
                }
                None => {
                    filled.push(letter);
                    rest = &rest[letter.len_utf8()..];
                }
            }
        }
        filled
    }

    proptest! {
        #[test]
        fn as_the_slow_way(pairs in prop::collection::btree_map("[abä]{1,3}", "[abäc]{0,3}", 0..4), text in "[abäc]{0,24}") {
            let pairs: Vec<_> = pairs.into_iter().collect();
            let expected = slowly(&pairs, &text);
            prop_assert_eq!(Fill(pairs).text(&text, 100), Some(expected));
        }
    }
}
