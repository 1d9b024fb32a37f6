//! Puts values in the place of placeholders, in texts and in paths. What was put in is not looked at again.

use super::ForeignError;
use super::folder::FILE_MAX_BYTES;

/// What stands in a template, and what takes its place. A text is read once, however many there are: each of its bytes leads from one
/// node to the next.
#[derive(Debug)]
pub(super) struct Fill(Vec<Node>);

/// What was read of some placeholders.
#[derive(Debug)]
struct Node {
    /// Where each byte leads that may come next; 0: nowhere.
    next: [u16; 256],
    /// The value of the placeholder that ends here.
    value: Option<String>,
}

impl Node {
    const NEW: Self = Self {
        next: [0; 256],
        value: None,
    };

    fn after(&self, byte: u8) -> Option<usize> {
        let next = self.next.get(usize::from(byte)).copied().map(usize::from);
        next.filter(|next| *next != 0)
    }
}

impl Default for Fill {
    fn default() -> Self {
        Self(vec![Node::NEW])
    }
}

impl Fill {
    /// `text` has at least a byte; with all others, it has less than 65,536.
    pub(super) fn put(&mut self, text: &str, value: String) {
        assert!(!text.is_empty(), "a placeholder without a text");
        let mut at = 0;
        for byte in text.bytes() {
            let new = self.0.len();
            let Some(node) = self.0.get_mut(at) else { return };
            at = node.after(byte).unwrap_or(new);
            if at == new {
                let new = u16::try_from(new);
                assert!(new.is_ok(), "more placeholders than a manifest may have");
                if let (Some(next), Ok(new)) = (node.next.get_mut(usize::from(byte)), new) {
                    *next = new;
                }
                self.0.push(Node::NEW);
            }
        }
        if let Some(node) = self.0.get_mut(at) {
            node.value = Some(value);
        }
    }

    /// The longest placeholder that these bytes begin with: its length and its value.
    fn longest(&self, bytes: &[u8]) -> Option<(usize, &str)> {
        let (mut node, mut found) = (self.0.first()?, None);
        for (index, byte) in bytes.iter().enumerate() {
            let Some(next) = node.after(*byte).and_then(|next| self.0.get(next)) else {
                break;
            };
            node = next;
            if let Some(value) = &node.value {
                found = Some((index + 1, value.as_str()));
            }
        }
        found
    }

    /// A text with its placeholders filled; of two that begin at one place, the longer one counts. Nothing when it would have more
    /// bytes than `most`.
    fn text(&self, text: &str, most: usize) -> Option<String> {
        let (mut filled, mut done, mut at) = (String::new(), 0, 0);
        while let Some(rest) = text.as_bytes().get(at..).filter(|rest| !rest.is_empty()) {
            let Some((length, value)) = self.longest(rest) else {
                at += 1;
                continue;
            };
            filled.push_str(text.get(done..at).unwrap_or_default());
            filled.push_str(value);
            if filled.len() > most {
                return None;
            }
            at += length;
            done = at;
        }
        filled.push_str(text.get(done..).unwrap_or_default());
        (filled.len() <= most).then_some(filled)
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

/// What Windows keeps for devices, whatever follows behind a dot, and the numbers behind the last two.
/// (<https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file>)
const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$"];
const NUMBERED_DEVICES: &[&str] = &["com", "lpt"];
const DEVICE_NUMBERS: &str = "0123456789\u{b9}\u{b2}\u{b3}";

/// What a name on Windows cannot have in it.
const SIGNS: &[char] = &['/', '\\', ':', '<', '>', '"', '|', '?', '*'];

/// Whether this is the name of a file or a folder on every system, and leads nowhere else. Windows takes `git~1` for `.git`, macOS a
/// name with characters that cannot be seen.
fn is_plain(part: &str) -> bool {
    let seen: String = part.chars().filter(|c| !is_unseen(*c)).collect();
    let has_sign = part.contains(SIGNS) || part.chars().any(char::is_control);
    let is_cut = part.is_empty() || part.ends_with(['.', ' ']);
    let is_git = [".git", "git~1"].iter().any(|git| seen.eq_ignore_ascii_case(git));
    !has_sign && !is_cut && !is_git && !is_device(part)
}

/// What macOS leaves out when it compares names, by git's list of it.
/// (<https://github.com/git/git/blob/v2.47.0/utf8.c#L615>)
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

fn is_device(part: &str) -> bool {
    let name = part
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end_matches(' ')
        .to_ascii_lowercase();
    let is_numbered = |device: &&str| {
        let mut number = name.strip_prefix(*device).into_iter().flat_map(str::chars);
        number.next().is_some_and(|number| DEVICE_NUMBERS.contains(number)) && number.next().is_none()
    };
    DEVICES.contains(&name.as_str()) || NUMBERED_DEVICES.iter().any(is_numbered)
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

    /// A search for each of them behind each of them would take minutes.
    #[test]
    fn many_in_a_large_text() {
        let mut fill = Fill::default();
        for letter in ('0'..='o').chain(['~']) {
            fill.put(&letter.to_string(), "-".to_owned());
        }
        let text = "0o".repeat(FILE_MAX_BYTES / 2);
        assert!(fill.text(&text, FILE_MAX_BYTES) == Some("-".repeat(FILE_MAX_BYTES)));
        let mut fill = Fill::default();
        fill.put(&format!("{}b", "a".repeat(127)), String::new());
        let text = "a".repeat(FILE_MAX_BYTES / 64);
        assert!(fill.text(&text, FILE_MAX_BYTES) == Some(text));
    }

    #[test]
    fn names_on_every_system() {
        for (part, expected) in [
            ("a", true),
            ("a b", true),
            (".gitignore", true),
            (".git\u{e4}t", true),
            ("\u{e4}.git", true),
            ("git", true),
            ("console.c", true),
            ("com", true),
            ("com10", true),
            ("a.nul", true),
            ("", false),
            ("..", false),
            ("a.", false),
            ("a ", false),
            (".git", false),
            (".GiT", false),
            (".g\u{200c}it\u{feff}", false),
            ("GIT~1", false),
            ("NUL", false),
            ("aux.c", false),
            ("Con .tar.gz", false),
            ("com1", false),
            ("LPT\u{b2}.txt", false),
            ("conin$", false),
            ("q?.txt", false),
            ("a\"b", false),
            ("a*", false),
            ("a|b", false),
            ("<a>", false),
            ("a:b", false),
            ("a\\b", false),
            ("a\nb", false),
        ] {
            assert_eq!(is_plain(part), expected, "{part:?}");
        }
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
            let mut fill = Fill::default();
            pairs.into_iter().for_each(|(placeholder, value)| fill.put(&placeholder, value));
            prop_assert_eq!(fill.text(&text, 100), Some(expected));
        }
    }
}
