//! Edits of a WIT text: the imports of a world, put in and taken out without disturbing anything else.
//!
//! It reads words, signs and comments and no more of WIT: `project` has read the folder with the WIT parser before, so that the text
//! is known to be right. An `import` in a comment, or in another world, does not count.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::slightfile::Edit;
use crate::slightfile::edit::layout::newline;

/// How far the items of a world are indented where it has none to go by.
const INDENT: &str = "  ";

/// A word or a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token<'t> {
    text: &'t str,
    start: usize,
}

impl Token<'_> {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The words and signs of a text, and its comments.
struct Tokens<'t> {
    tokens: Vec<Token<'t>>,
    comments: Vec<Range<usize>>,
}

fn tokens(text: &str) -> Tokens<'_> {
    let (mut tokens, mut comments) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = match rest {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => block_comment(rest),
            _ => word(rest),
        };
        let token = rest.get(..length).unwrap_or_default();
        if token.starts_with("//") || token.starts_with("/*") {
            let token = token.strip_suffix('\r').unwrap_or(token);
            comments.push(at..at + token.len());
        } else if !token.trim().is_empty() {
            tokens.push(Token { text: token, start: at });
        }
        at += length;
    }
    Tokens { tokens, comments }
}

/// The length of a comment, which may have others in it.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of a word (`keyvalue`, `%use`, `0-draft`), or of one sign.
fn word(text: &str) -> usize {
    let mut end = 0;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let inside = match letter {
            '%' => end == 0,
            // `a-b`, and not `->`
            '-' => end > 0 && letters.peek().is_some_and(|next| next.is_alphanumeric()),
            letter => letter.is_alphanumeric() || letter == '_',
        };
        if !inside {
            return if end == 0 { letter.len_utf8() } else { end };
        }
        end += letter.len_utf8();
    }
    end
}

/// The interfaces of packages that a text names: `wasi:io/streams`.
#[must_use]
pub fn named_interfaces(text: &str) -> BTreeSet<String> {
    let tokens = tokens(text).tokens;
    let windows = tokens.windows(5);
    windows.filter_map(|window| interface_path(window)).collect()
}

/// `wasi:io/streams`, when the tokens begin so.
fn interface_path(tokens: &[Token<'_>]) -> Option<String> {
    match tokens {
        [namespace, colon, name, slash, interface, ..] if (colon.text, slash.text) == (":", "/") => {
            Some(format!("{}:{}/{}", namespace.text, name.text, interface.text))
        }
        _ => None,
    }
}

/// The packages of the interfaces that a text names: `wasi:io`.
#[must_use]
pub fn named_packages(text: &str) -> BTreeSet<String> {
    let interfaces = named_interfaces(text).into_iter();
    interfaces
        .filter_map(|path| Some(path.split_once('/')?.0.to_owned()))
        .collect()
}

/// The package that a text belongs to, with its version: `wasi:io@0.2.12`.
#[must_use]
pub fn package(text: &str) -> Option<String> {
    let tokens = tokens(text).tokens;
    let (first, rest) = tokens.split_first()?;
    let end = rest.iter().find(|token| token.text == ";")?;
    let name = (first.text == "package").then(|| text.get(first.end()..end.start))??;
    Some(name.split_whitespace().collect())
}

/// A world in a text.
struct World<'t> {
    text: &'t str,
    comments: Vec<Range<usize>>,
    /// After its `{`.
    open: usize,
    /// Where its first item begins.
    first: Option<usize>,
    imports: Vec<Import>,
    /// Whether there is anything else in it.
    has_others: bool,
}

/// `import wasi:keyvalue/store@0.2.0-draft;`
struct Import {
    /// With what stands before it (`@since(…)`), to its `;` or `}`.
    span: Range<usize>,
    /// `wasi:keyvalue/store`; nothing for what belongs to no other package.
    path: Option<String>,
}

/// Finds a world that stands at the top of a text.
fn world<'t>(text: &'t str, name: &str) -> Option<World<'t>> {
    let Tokens { tokens, comments } = tokens(text);
    let mut depth = 0usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            "world" if depth == 0 => {
                let [called, open, ..] = tokens.get(index + 1..)? else {
                    return None;
                };
                if called.text.trim_start_matches('%') == name && open.text == "{" {
                    let body = body(tokens.get(index + 3..)?);
                    let (imports, others) = items(body);
                    return Some(World {
                        text,
                        comments,
                        open: open.end(),
                        first: body.first().map(|token| token.start),
                        imports,
                        has_others: others > 0,
                    });
                }
            }
            _ => {}
        }
    }
    None
}

/// The tokens up to the `}` that closes what they are in.
fn body<'a, 't>(tokens: &'a [Token<'t>]) -> &'a [Token<'t>] {
    let mut depth = 0usize;
    let end = tokens.iter().position(|token| {
        match token.text {
            "{" => depth += 1,
            "}" if depth == 0 => return true,
            "}" => depth -= 1,
            _ => {}
        }
        false
    });
    tokens.get(..end.unwrap_or(tokens.len())).unwrap_or_default()
}

/// The imports of a world, and how many other items it has.
fn items(tokens: &[Token<'_>]) -> (Vec<Import>, usize) {
    let (mut imports, mut all) = (Vec::new(), 0);
    let mut left = tokens;
    while !left.is_empty() {
        all += 1;
        let (item, rest) = left.split_at(item_length(left));
        let keyword = item.get(attributes_length(item)..).unwrap_or_default();
        if let ([import, path @ ..], Some(first), Some(last)) = (keyword, item.first(), item.last())
            && import.text == "import"
        {
            imports.push(Import {
                span: first.start..last.end(),
                path: interface_path(path),
            });
        }
        left = rest;
    }
    let others = all - imports.len();
    (imports, others)
}

/// How many tokens an item of a world has: to its `;`, or to the `}` of its body. One that has both is `use a.{b};`.
fn item_length(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text {
            "{" | "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "}" => {
                depth = depth.saturating_sub(1);
                let next = tokens.get(index + 1).map(|next| next.text);
                if depth == 0 && next != Some(";") {
                    return index + 1;
                }
            }
            ";" if depth == 0 => return index + 1,
            _ => {}
        }
    }
    tokens.len().max(1)
}

/// How many tokens the attributes before an item have: `@since(version = 0.2.0)`.
fn attributes_length(tokens: &[Token<'_>]) -> usize {
    let mut length = 0;
    while tokens.get(length).is_some_and(|token| token.text == "@") {
        length += 2;
        if tokens.get(length).is_some_and(|token| token.text == "(") {
            let rest = tokens.get(length..).unwrap_or_default();
            let close = rest.iter().position(|token| token.text == ")");
            length += close.map_or(rest.len(), |close| close + 1);
        }
    }
    length
}

impl World<'_> {
    fn line_end(&self, at: usize) -> usize {
        let after = self.text.get(at..).unwrap_or_default();
        after.find('\n').map_or(self.text.len(), |newline| at + newline + 1)
    }

    /// Where the blanks begin that stand before this place, and whether nothing else stands before it in its line.
    fn before(&self, at: usize) -> (usize, bool) {
        let before = self.text.get(..at).unwrap_or_default();
        let blanks = before.trim_end_matches([' ', '\t']);
        (blanks.len(), blanks.is_empty() || blanks.ends_with('\n'))
    }

    /// Whether nothing but a comment to the end of the line follows.
    fn ends_line(&self, at: usize) -> bool {
        let rest = self.text.get(at..).unwrap_or_default();
        let rest = rest.trim_start_matches([' ', '\t']);
        rest.is_empty() || rest.starts_with(['\n', '\r']) || rest.starts_with("//")
    }

    /// The lines directly above a line that are comments alone.
    fn comments_above(&self, line: usize) -> usize {
        let mut start = line;
        while let Some(above) = start.checked_sub(1) {
            let above = self.before_line(above);
            let inside = |comment: &&Range<usize>| comment.start >= above && comment.start < start;
            let is_comment = self.comments.iter().find(inside).is_some_and(|comment| {
                let before = self.text.get(above..comment.start).unwrap_or_default();
                before.trim().is_empty()
                    && self
                        .text
                        .get(comment.clone())
                        .is_some_and(|text| text.starts_with("//"))
            });
            if !is_comment {
                break;
            }
            start = above;
        }
        start
    }

    fn before_line(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        before.rfind('\n').map_or(0, |newline| newline + 1)
    }
}

/// The edits that add `import PATH;` for each path to a world; nothing when the text has no such world.
#[must_use]
pub fn add_imports(text: &str, name: &str, paths: &[String]) -> Option<Vec<Edit>> {
    let world = world(text, name)?;
    let newline = newline(text);
    let (after, first) = match world.imports.last() {
        Some(last) => (last.span.end, false),
        None => (world.open, true),
    };
    let (at, text) = if world.ends_line(after) {
        let by = world.imports.last().map(|last| last.span.start).or(world.first);
        let indent = by.and_then(|by| {
            let (blanks, begins_line) = world.before(by);
            begins_line.then(|| world.text.get(blanks..by))?
        });
        let indent = indent.unwrap_or(INDENT);
        let mut lines: String = paths
            .iter()
            .map(|path| format!("{indent}import {path};{newline}"))
            .collect();
        if first && world.has_others {
            lines.push_str(newline);
        }
        (world.line_end(after), lines)
    } else {
        (after, paths.iter().map(|path| format!(" import {path};")).collect())
    };
    Some(vec![Edit { range: at..at, text }])
}

/// What takes imports out of a world.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removal {
    /// The edits.
    pub edits: Vec<Edit>,
    /// The comments that go with the imports, in order.
    pub comments: Vec<String>,
}

/// The edits that take the imports of these interfaces (`wasi:keyvalue/store`) out of a world, with the comments directly above them
/// and behind them; nothing when the text has no such world.
#[must_use]
pub fn remove_imports(text: &str, name: &str, paths: &[String]) -> Option<Removal> {
    let world = world(text, name)?;
    let goes = |import: &Import| import.path.as_ref().is_some_and(|path| paths.contains(path));
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for import in world.imports.iter().filter(|import| goes(import)) {
        let (blanks, begins_line) = world.before(import.span.start);
        let range = match begins_line && world.ends_line(import.span.end) {
            true => world.comments_above(blanks)..world.line_end(import.span.end),
            false => blanks..import.span.end,
        };
        match ranges.last_mut().filter(|last| last.end == range.start) {
            Some(last) => last.end = range.end,
            None => ranges.push(range),
        }
    }
    // The empty line between the imports and what follows them.
    let only_others = world.has_others && world.imports.iter().all(goes);
    if let ([range], true) = (ranges.as_mut_slice(), only_others)
        && range.start == world.line_end(world.open)
    {
        let next = world.line_end(range.end);
        let is_empty = world
            .text
            .get(range.end..next)
            .is_some_and(|line| line.trim().is_empty());
        if is_empty && range.end < next {
            range.end = next;
        }
    }
    let inside = |comment: &&Range<usize>| {
        ranges
            .iter()
            .any(|range| range.start <= comment.start && comment.end <= range.end)
    };
    Some(Removal {
        comments: world
            .comments
            .iter()
            .filter(inside)
            .filter_map(|comment| text.get(comment.clone()))
            .map(ToOwned::to_owned)
            .collect(),
        edits: ranges
            .into_iter()
            .map(|range| Edit {
                range,
                text: String::new(),
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::slightfile::apply;

    const PATHS: &[&str] = &["wasi:keyvalue/store", "wasi:keyvalue/atomics"];

    fn added(text: &str) -> String {
        let paths: Vec<_> = PATHS.iter().map(|path| format!("{path}@0.2.0-draft")).collect();
        apply(text, &add_imports(text, "app", &paths).unwrap())
    }

    fn removed(text: &str) -> (String, Vec<String>) {
        let paths: Vec<_> = PATHS.iter().map(|path| (*path).to_owned()).collect();
        let removal = remove_imports(text, "app", &paths).unwrap();
        (apply(text, &removal.edits), removal.comments)
    }

    #[test]
    fn where_imports_go() {
        const TWO: &str = "  import wasi:keyvalue/store@0.2.0-draft;\n  import wasi:keyvalue/atomics@0.2.0-draft;\n";
        for (before, expected) in [
            ("world app {\n}\n".to_owned(), format!("world app {{\n{TWO}}}\n")),
            (
                "world app {\n  // of it\n  export run: func();\n}\n".to_owned(),
                format!("world app {{\n{TWO}\n  // of it\n  export run: func();\n}}\n"),
            ),
            (
                "world other { import a:b/c; }\n/* world app { import d:e/f; } */\nworld app {\n  import a:b/c; // last\n}".to_owned(),
                format!(
                    "world other {{ import a:b/c; }}\n/* world app {{ import d:e/f; }} */\nworld app {{\n  import a:b/c; // last\n{TWO}}}"
                ),
            ),
            (
                "world app {\n\texport run: func();\n}".to_owned(),
                format!("world app {{\n{}\n\texport run: func();\n}}", TWO.replace("  ", "\t")),
            ),
            (
                "world app {}".to_owned(),
                "world app { import wasi:keyvalue/store@0.2.0-draft; import wasi:keyvalue/atomics@0.2.0-draft;}".to_owned(),
            ),
            (
                "world app {\r\n\t@since(version = 0.1.0)\r\n\timport log: interface {\r\n\t\tf: func();\r\n\t}\r\n}".to_owned(),
                "world app {\r\n\t@since(version = 0.1.0)\r\n\timport log: interface {\r\n\t\tf: func();\r\n\t}\r\n\
                 \timport wasi:keyvalue/store@0.2.0-draft;\r\n\timport wasi:keyvalue/atomics@0.2.0-draft;\r\n}"
                    .to_owned(),
            ),
        ] {
            assert_eq!(added(&before), expected);
            assert_eq!(removed(&expected), (before, Vec::new()));
        }
        assert_eq!(add_imports("interface app {}", "app", &[]), None);
        assert_eq!(
            add_imports("package a:b;\npackage c:d { world app {} }", "app", &[]),
            None
        );
    }

    #[test]
    fn what_goes_with_imports() {
        let text = "world tests {\n  import wasi:keyvalue/store@0.2.0-draft;\n}\nworld app {\n  // links\n  /// by code\n  \
                    import wasi:keyvalue/store@0.2.0-draft; // s\n  // import wasi:keyvalue/store;\n\n  \
                    @unstable(feature = x)\n  import wasi:keyvalue/atomics@0.2.0-draft;\n  import wasi:http/types@0.2.0;\n\n  \
                    export wasi:http/incoming-handler@0.2.12;\n}\n";
        let left = "world tests {\n  import wasi:keyvalue/store@0.2.0-draft;\n}\nworld app {\n  \
                    // import wasi:keyvalue/store;\n\n  import wasi:http/types@0.2.0;\n\n  \
                    export wasi:http/incoming-handler@0.2.12;\n}\n";
        let comments = ["// links", "/// by code", "// s"].map(ToOwned::to_owned);
        assert_eq!(removed(text), (left.to_owned(), comments.to_vec()));
    }

    #[test]
    fn what_a_text_names() {
        let text = "/// x:y/z\npackage wasi:http@0.2.12;\n// a:b/c\ninterface types { use wasi:io/streams@0.2.12.{input-stream}; }";
        assert_eq!(named_packages(text), BTreeSet::from(["wasi:io".to_owned()]));
        assert_eq!(named_interfaces(text), BTreeSet::from(["wasi:io/streams".to_owned()]));
        assert_eq!(package(text).as_deref(), Some("wasi:http@0.2.12"));
        assert_eq!(package("interface x {}"), None);
    }

    /// A world with items, comments and spacing of every kind.
    fn world() -> impl Strategy<Value = String> {
        let item = prop::sample::select(vec![
            "import wasi:http/types@0.2.0;",
            "import f: func(a: list<u8>) -> result<_, string>;",
            "import log: interface { f: func(); }",
            "@since(version = 0.1.0)\n  import a:b/c;",
            "use wasi:io/streams@0.2.0.{input-stream};",
            "export wasi:http/incoming-handler@0.2.0;",
            "include a:b/d with { x as y };",
            "record r { import: u8, }",
            "/// import wasi:keyvalue/store;\n  export g: func();",
        ]);
        let before = prop::sample::select(vec![
            "\n  ",
            "\n\n  ",
            " ",
            "\n  // import x:y/z; }\n  ",
            " /* { /* } */ */ ",
            "\n\t",
        ]);
        let after = prop::sample::select(vec!["", " // end }", " /* ; */"]);
        let items = prop::collection::vec((before, item, after), 0..5);
        let open = prop::sample::select(vec!["", " ", "\n", " // o\n", "\n\n", "\n  // o\n\n"]);
        let close = prop::sample::select(vec!["\n}", "}", " }\n", "\n// c\n}\n// world app {}\n"]);
        (open, items, close, any::<bool>()).prop_map(|(open, items, close, crlf)| {
            let items: String = items
                .iter()
                .map(|(before, item, after)| {
                    // nothing comes after a comment in its line
                    let newline = if after.starts_with(" //") { "\n" } else { "" };
                    format!("{before}{item}{after}{newline}")
                })
                .collect();
            let text = format!("package x:y;\nworld app {{{open}{items}{close}");
            if crlf { text.replace('\n', "\r\n") } else { text }
        })
    }

    proptest! {
        #[test]
        fn imports_that_are_added_and_removed_leave_no_trace(text in world()) {
            let with = added(&text);
            for path in PATHS {
                prop_assert!(named_interfaces(&with).contains(*path), "{}", with);
            }
            let imports = super::world(&with, "app").unwrap().imports.len();
            prop_assert_eq!(imports, super::world(&text, "app").unwrap().imports.len() + PATHS.len());
            prop_assert_eq!(removed(&with), (text, Vec::new()), "through {}", with);
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC*|([a-z:/{}();@ \n*%-]{0,60})", tail in "\\PC{0,10}") {
            let text = format!("{text} world app {{ {tail}");
            let paths = [String::from("a:b/c")];
            let _ = add_imports(&text, "app", &paths);
            let _ = remove_imports(&text, "app", &paths);
            let _ = named_interfaces(&text);
        }
    }
}
