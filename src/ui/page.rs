//! Shows a Markdown page of ours on a terminal: headings and labels stand out, examples are set in, the marks of
//! Markdown are gone.
//!
//! It knows what the pages in `docs/diagnostics` use (one heading, paragraphs, `code`, **bold**, links, fenced
//! examples), and is no Markdown reader for anything else. Without colour a page is shown as it is written.

const BOLD: &str = "1";
const CODE: &str = "36";
const WRONG: &str = "31";
const RIGHT: &str = "32";

/// The page with the codes of a terminal in place of its marks.
#[must_use]
pub fn styled(page: &str) -> String {
    let mut text = String::with_capacity(page.len() * 2);
    let mut example: Option<&str> = None; // inside a fence: the colour of its bar
    for line in page.lines() {
        match (line.strip_prefix("```"), example) {
            (Some(_), Some(_)) => example = None,
            (Some(info), None) => example = Some(bar(info)),
            (None, Some(colour)) => {
                let line = format!("  {}  {line}", painted("│", colour));
                text.push_str(&format!("{}\n", line.trim_end()));
            }
            (None, None) => match line.strip_prefix("# ") {
                Some(heading) => text.push_str(&format!("{}\n", painted(&plain(heading), BOLD))),
                None => text.push_str(&format!("{}\n", inline(line))),
            },
        }
    }
    text
}

/// The colour of an example's bar, by what its fence says.
fn bar(info: &str) -> &'static str {
    match info.split(' ').find(|word| matches!(*word, "wrong" | "right")) {
        Some("wrong") => WRONG,
        Some(_) => RIGHT,
        None => CODE,
    }
}

/// A line of a paragraph.
fn inline(line: &str) -> String {
    let mut text = String::with_capacity(line.len() * 2);
    for (index, piece) in line.split('`').enumerate() {
        match index % 2 {
            1 => text.push_str(&painted(piece, CODE)),
            _ => text.push_str(&bold(&links(piece))),
        }
    }
    text
}

fn bold(text: &str) -> String {
    let pieces = text.split("**").enumerate();
    pieces
        .map(|(index, piece)| match index % 2 {
            1 => painted(piece, BOLD),
            _ => piece.to_owned(),
        })
        .collect()
}

/// `[text](target)` as `text`, or as `text (target)` when it leads out of the documentation.
fn links(text: &str) -> String {
    let mut rest = text;
    let mut shown = String::with_capacity(text.len());
    while let Some((before, name, target, after)) = link(rest) {
        shown.push_str(before);
        shown.push_str(name);
        if target.contains("://") {
            shown.push_str(&format!(" ({target})"));
        }
        rest = after;
    }
    shown + rest
}

fn link(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (before, rest) = text.split_once('[')?;
    let (name, rest) = rest.split_once("](")?;
    let (target, after) = rest.split_once(')')?;
    Some((before, name, target, after))
}

fn plain(text: &str) -> String {
    text.replace('`', "")
}

fn painted(text: &str, sgr: &str) -> String {
    format!("\u{1b}[{sgr}m{text}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_has() {
        let page = "# SLT1: `a` is missing\n\nSee [TOML](https://toml.io) and [keys](x.md), `b`.\n\n```toml wrong\na = 1\n```\n\
                    **The way out**: `c`\n";
        let shown = styled(page).replace('\u{1b}', "^");
        assert_eq!(
            shown,
            "^[1mSLT1: a is missing^[0m\n\nSee TOML (https://toml.io) and keys, ^[36mb^[0m.\n\n  ^[31m│^[0m  a = 1\n\
             ^[1mThe way out^[0m: ^[36mc^[0m\n"
        );
    }
}
