//! Places in a text: bytes, as slt counts, and lines with characters, as an editor counts.
//!
//! An editor counts the units of UTF-16 in a line, or bytes when it said that it can; a line ends with `\n`, `\r\n` or `\r`
//! (LSP 3.17, `Position`). Nothing here knows of TOML.

use std::ops::Range;

use lsp_types::{ClientCapabilities, Position, PositionEncodingKind};

/// What one character of a position is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// A byte of UTF-8.
    Utf8,
    /// A unit of UTF-16: what holds when nothing was said.
    Utf16,
}

impl Encoding {
    /// The first of those that the client offers, in its order, which we can count in.
    #[must_use]
    pub fn negotiated(client: &ClientCapabilities) -> Self {
        let offered = client
            .general
            .as_ref()
            .and_then(|general| general.position_encodings.as_ref());
        let counted = |kind: &PositionEncodingKind| match kind {
            PositionEncodingKind::UTF8 => Some(Self::Utf8),
            PositionEncodingKind::UTF16 => Some(Self::Utf16),
            _ => None,
        };
        offered
            .and_then(|kinds| kinds.iter().find_map(counted))
            .unwrap_or(Self::Utf16)
    }

    /// Its name in the protocol.
    #[must_use]
    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    fn units(self, text: &str) -> usize {
        match self {
            Self::Utf8 => text.len(),
            Self::Utf16 => text.encode_utf16().count(),
        }
    }

    fn units_of(self, c: char) -> usize {
        match self {
            Self::Utf8 => c.len_utf8(),
            Self::Utf16 => c.len_utf16(),
        }
    }
}

/// A text and where its lines begin.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    /// The first byte of each line; there is always one.
    starts: Vec<usize>,
    encoding: Encoding,
}

impl<'a> Lines<'a> {
    /// Finds the lines of a text.
    #[must_use]
    pub fn new(text: &'a str, encoding: Encoding) -> Self {
        let mut starts = vec![0];
        let mut bytes = text.bytes().enumerate().peekable();
        while let Some((at, byte)) = bytes.next() {
            let pair = byte == b'\r' && bytes.peek().is_some_and(|(_, next)| *next == b'\n');
            if matches!(byte, b'\n' | b'\r') && !pair {
                starts.push(at + 1);
            }
        }
        Self { text, starts, encoding }
    }

    /// The place of a byte. One inside a character is that character's; one behind the end is the end.
    #[must_use]
    pub fn position(&self, byte: usize) -> Position {
        let byte = self.text.floor_char_boundary(byte);
        let line = self.starts.partition_point(|start| *start <= byte).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or_default();
        let before = self.text.get(start..byte).unwrap_or_default();
        Position {
            line: narrow(line),
            character: narrow(self.encoding.units(before)),
        }
    }

    /// The place of some bytes.
    #[must_use]
    pub fn range(&self, bytes: &Range<usize>) -> lsp_types::Range {
        lsp_types::Range {
            start: self.position(bytes.start),
            end: self.position(bytes.end.max(bytes.start)),
        }
    }

    /// The byte at a place. One behind the end of its line is the line's end, before what ends it; one inside a character is
    /// that character's; a line that there is not is the end of the text.
    #[must_use]
    pub fn byte(&self, position: Position) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX);
        let Some(start) = self.starts.get(line).copied() else {
            return self.text.len();
        };
        let end = line.checked_add(1).and_then(|next| self.starts.get(next)).copied();
        let line = self.text.get(start..end.unwrap_or(self.text.len())).unwrap_or_default();
        let line = line.trim_end_matches(['\n', '\r']);
        let mut left = usize::try_from(position.character).unwrap_or(usize::MAX);
        let mut byte = start;
        for c in line.chars() {
            let units = self.encoding.units_of(c);
            if units > left {
                break;
            }
            left -= units;
            byte += c.len_utf8();
        }
        byte
    }

    /// The bytes at a place; empty when its end lies before its start.
    #[must_use]
    pub fn bytes(&self, range: lsp_types::Range) -> Range<usize> {
        let start = self.byte(range.start);
        start..self.byte(range.end).max(start)
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    /// `é` has two bytes and one unit, `😀` has four bytes and two units.
    const TEXT: &str = "aé😀b\r\nc\n\rd";

    #[test]
    fn places() {
        for (byte, utf16, utf8) in [
            (0, at(0, 0), at(0, 0)),
            (1, at(0, 1), at(0, 1)),
            (2, at(0, 1), at(0, 1)), // inside `é`
            (3, at(0, 2), at(0, 3)),
            (7, at(0, 4), at(0, 7)),
            (8, at(0, 5), at(0, 8)),
            (10, at(1, 0), at(1, 0)),
            (12, at(2, 0), at(2, 0)),
            (13, at(3, 0), at(3, 0)),
            (14, at(3, 1), at(3, 1)),
            (99, at(3, 1), at(3, 1)),
        ] {
            assert_eq!(Lines::new(TEXT, Encoding::Utf16).position(byte), utf16, "{byte}");
            assert_eq!(Lines::new(TEXT, Encoding::Utf8).position(byte), utf8, "{byte}");
        }
    }

    #[test]
    fn bytes() {
        for (position, utf16, utf8) in [
            (at(0, 0), 0, 0),
            (at(0, 2), 3, 1), // in UTF-8 inside `é`
            (at(0, 3), 3, 3), // in UTF-16 inside `😀`
            (at(0, 4), 7, 3),
            (at(0, 99), 8, 8), // before `\r\n`
            (at(1, 1), 11, 11),
            (at(1, 2), 11, 11),
            (at(2, 5), 12, 12),
            (at(3, 1), 14, 14),
            (at(9, 0), 14, 14),
            (at(u32::MAX, u32::MAX), 14, 14),
        ] {
            assert_eq!(Lines::new(TEXT, Encoding::Utf16).byte(position), utf16, "{position:?}");
            assert_eq!(Lines::new(TEXT, Encoding::Utf8).byte(position), utf8, "{position:?}");
        }
        let lines = Lines::new(TEXT, Encoding::Utf16);
        let backwards = lsp_types::Range {
            start: at(1, 1),
            end: at(0, 0),
        };
        assert_eq!(lines.bytes(backwards), 11..11);
    }

    #[test]
    fn negotiated() {
        let client = |kinds: &str| serde_json::from_str(&format!("{{\"general\":{{{kinds}}}}}")).unwrap();
        for (kinds, expected) in [
            ("", Encoding::Utf16),
            ("\"positionEncodings\":[]", Encoding::Utf16),
            ("\"positionEncodings\":[\"utf-8\",\"utf-16\"]", Encoding::Utf8),
            (
                "\"positionEncodings\":[\"utf-32\",\"utf-16\",\"utf-8\"]",
                Encoding::Utf16,
            ),
            ("\"positionEncodings\":[\"utf-32\",\"of-our-own\"]", Encoding::Utf16),
        ] {
            assert_eq!(Encoding::negotiated(&client(kinds)), expected, "{kinds}");
        }
        assert_eq!(Encoding::negotiated(&ClientCapabilities::default()), Encoding::Utf16);
    }

    proptest! {
        #[test]
        fn a_place_leads_back_to_its_byte(text in "[aé😀\r\n]{0,20}", utf8: bool) {
            let encoding = if utf8 { Encoding::Utf8 } else { Encoding::Utf16 };
            let lines = Lines::new(&text, encoding);
            for (byte, _) in text.char_indices().chain([(text.len(), ' ')]) {
                let inside_crlf = text.as_bytes().get(byte) == Some(&b'\n') && byte > 0 && text.as_bytes()[byte - 1] == b'\r';
                if !inside_crlf {
                    prop_assert_eq!(lines.byte(lines.position(byte)), byte, "{:?}", text);
                }
            }
        }
    }
}
