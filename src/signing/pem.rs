//! PEM (RFC 7468): a label and the bytes below it. One block a text; what stands around it is left alone, as OpenSSL does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How many characters of base64 stand in a line (RFC 7468, section 2).
const LINE_CHARACTERS: usize = 64;

/// A block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// `PUBLIC KEY`, `CERTIFICATE` …
    pub label: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// The blocks of a text, in their order; `None` when one of them is broken off or is no base64.
#[must_use]
pub fn blocks(text: &str) -> Option<Vec<Block>> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(label) = line
            .strip_prefix("-----BEGIN ")
            .and_then(|rest| rest.strip_suffix("-----"))
        else {
            continue;
        };
        let end = format!("-----END {label}-----");
        let mut body = String::new();
        loop {
            match lines.next()? {
                line if line == end => break,
                line => body.push_str(line),
            }
        }
        blocks.push(Block {
            label: label.to_owned(),
            bytes: STANDARD.decode(body).ok()?,
        });
    }
    Some(blocks)
}

/// A block as text, with a newline at its end.
#[must_use]
pub fn text(label: &str, bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    let mut text = format!("-----BEGIN {label}-----\n");
    for (index, character) in encoded.chars().enumerate() {
        if index > 0 && index % LINE_CHARACTERS == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 47, 48, 49, 100] {
            let bytes = vec![7; length];
            let read = blocks(&format!("a comment\n{}", text("X Y", &bytes))).unwrap();
            let label = "X Y".to_owned();
            assert_eq!(read, [Block { label, bytes }]);
        }
    }

    #[test]
    fn broken_ones() {
        for text in [
            "-----BEGIN A-----\nAAAA",
            "-----BEGIN A-----\n!\n-----END A-----",
            "-----BEGIN A-----\nAAAA\n-----END B-----",
        ] {
            assert_eq!(blocks(text), None, "{text}");
        }
        assert_eq!(blocks("nothing"), Some(Vec::new()));
    }
}
