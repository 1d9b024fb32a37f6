//! Texts that somebody else wrote, in our own reports: they may have colours, and nothing else that steers a terminal.

/// Begins a sequence that steers a terminal.
const ESCAPE: char = '\u{1b}';

/// Ends colours.
const RESET: &str = "\u{1b}[0m";

/// The text with its colours (or without, if there are none to be), and with every other control character spelled out.
/// Colours end with their line.
#[must_use]
pub fn shown(text: &str, colour: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        let line = line.strip_suffix('\r').unwrap_or(line);
        let mut coloured = false;
        let mut rest = line;
        while let Some(next) = rest.chars().next() {
            if let Some(length) = colour_length(rest) {
                let (sequence, after) = rest.split_at(length);
                if colour {
                    shown.push_str(sequence);
                    coloured = true;
                }
                rest = after;
                continue;
            }
            if next.is_control() && next != '\t' {
                shown.extend(next.escape_default());
            } else {
                shown.push(next);
            }
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
        if coloured {
            shown.push_str(RESET);
        }
        shown.push_str(end);
    }
    shown
}

/// How many bytes of `text` are a sequence that chooses colours (ECMA-48, "select graphic rendition"), if it begins with
/// one.
fn colour_length(text: &str) -> Option<usize> {
    let rest = text.strip_prefix(ESCAPE)?.strip_prefix('[')?;
    let parameters = rest.find(|character: char| !matches!(character, '0'..='9' | ';' | ':'))?;
    rest.get(parameters..)?.starts_with('m').then_some(2 + parameters + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_nothing_else() {
        for (text, plain, coloured) in [
            ("a\tb\r\nc\n", "a\tb\nc\n", "a\tb\nc\n"),
            ("\u{1b}[1;31mred\nnext", "red\nnext", "\u{1b}[1;31mred\u{1b}[0m\nnext"),
            (
                "\u{1b}[2J\u{1b}]0;title\u{7}",
                "\\u{1b}[2J\\u{1b}]0;title\\u{7}",
                "\\u{1b}[2J\\u{1b}]0;title\\u{7}",
            ),
            ("a\rb\0\u{9b}m", "a\\rb\\u{0}\\u{9b}m", "a\\rb\\u{0}\\u{9b}m"),
            ("\u{1b}[", "\\u{1b}[", "\\u{1b}["),
        ] {
            assert_eq!(
                (shown(text, false).as_str(), shown(text, true).as_str()),
                (plain, coloured),
                "{text:?}"
            );
        }
    }
}
