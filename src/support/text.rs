//! Texts that somebody else wrote, as a part of our own sentences: one line, of a length that can be read, in which nothing steers a
//! terminal. Who quotes such a text says so by calling this once, where the sentence is made.

/// The most of such a text that is shown, in characters: what registries and services say of an error has one or two hundred.
const LINE_MAX_CHARACTERS: usize = 300;

/// Characters that are no control characters and still change how a line is read: they hide, or turn the direction
/// (Unicode 16, "default ignorable", and UAX #9).
const INVISIBLE: &[std::ops::RangeInclusive<char>] = &[
    '\u{ad}'..='\u{ad}',
    '\u{61c}'..='\u{61c}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{feff}'..='\u{feff}',
    '\u{e0000}'..='\u{e007f}',
];

/// A text of somebody else as one short line.
#[must_use]
pub fn one_line(text: &str) -> String {
    line_of(text, LINE_MAX_CHARACTERS)
}

/// The same with a limit of its own, in characters. Lines are joined, and control characters are spelled out.
#[must_use]
pub fn line_of(text: &str, most: usize) -> String {
    let mut line = String::new();
    let mut left = most;
    for (index, word) in text.split_whitespace().enumerate() {
        let space = (index > 0).then_some(' ');
        for character in space.into_iter().chain(word.chars()) {
            if left == 0 {
                line.push('…');
                return line;
            }
            left -= 1;
            match character.is_control() || is_invisible(character) {
                true => line.extend(character.escape_unicode()),
                false => line.push(character),
            }
        }
    }
    line
}

/// A text of more than one line in which signs stand for what is invisible.
#[must_use]
pub fn visible(text: &str) -> String {
    text.chars()
        .map(|character| if is_invisible(character) { '\u{fffd}' } else { character })
        .collect()
}

fn is_invisible(character: char) -> bool {
    INVISIBLE.iter().any(|range| range.contains(&character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs() {
        assert_eq!(
            visible("a\u{202e}b\u{ad}c\n\u{e0041}é"),
            "a\u{fffd}b\u{fffd}c\n\u{fffd}é"
        );
    }

    #[test]
    fn lines() {
        for (text, expected) in [
            ("", ""),
            (" a\r\n\tb  c\n", "a b c"),
            ("é `\"' \\", "é `\"' \\"),
            ("\u{1b}]0;x\u{7}\u{9b}m", "\\u{1b}]0;x\\u{7}\\u{9b}m"),
            ("a\u{202e}b\u{200b}", "a\\u{202e}b\\u{200b}"),
        ] {
            assert_eq!(one_line(text), expected, "{text:?}");
        }
        assert_eq!(one_line(&"a".repeat(300)), "a".repeat(300));
        assert_eq!(one_line(&"a".repeat(301)), format!("{}…", "a".repeat(300)));
        assert_eq!(line_of("a b c", 3), "a b…");
    }
}
