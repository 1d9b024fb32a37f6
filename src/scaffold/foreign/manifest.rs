//! `slt-template.toml`: what a template is, what is asked, what is left out. The grammar is in `docs/templates/README.md`.
//!
//! All problems are found at once, each with its line and column.

use std::ops::Range;

use toml_edit::{Document, Item, Key, TableLike};

use super::super::rename::Form;
use crate::slightfile::nearest;

/// The manifest, in the folder of the template. It is not copied.
pub(super) const MANIFEST: &str = "slt-template.toml";

/// The largest manifest, in bytes.
pub(super) const MANIFEST_MAX_BYTES: usize = 64 << 10;

/// How many placeholders there may be: each is looked for in each file.
const PLACEHOLDERS_MAX: usize = 64;

/// The longest text of a placeholder, in bytes.
const TEXT_MAX_BYTES: usize = 128;

/// The placeholders of a template that says nothing of them: key, text, form.
const NAMES: &[(&str, &str, Form)] = &[
    ("name", "{{name}}", Form::Given),
    ("rust_name", "{{rust_name}}", Form::Rust),
    ("wit-name", "{{wit-name}}", Form::Wit),
];

const FORMS: &[(&str, Form)] = &[("given", Form::Given), ("rust", Form::Rust), ("wit", Form::Wit)];

const ROOT_KEYS: &[&str] = &["description", "exclude", "placeholders"];
const PLACEHOLDER_KEYS: &[&str] = &["text", "help", "default", "form"];

/// A manifest.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) description: Option<String>,
    /// Paths from the template's folder, with `/`.
    pub(super) exclude: Vec<String>,
    pub(super) placeholders: Vec<Placeholder>,
}

/// A text that stands for something.
#[derive(Debug)]
pub(super) struct Placeholder {
    pub(super) key: String,
    /// What stands in the files and their names.
    pub(super) text: String,
    pub(super) help: Option<String>,
    pub(super) kind: Kind,
}

/// What a placeholder stands for.
#[derive(Debug)]
pub(super) enum Kind {
    /// The project's name in a form.
    Name(Form),
    /// What the user says.
    Value { default: Option<String> },
}

/// What is wrong with a manifest, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What.
    pub message: String,
}

impl Default for Manifest {
    fn default() -> Self {
        let names = NAMES.iter().map(|(key, text, form)| Placeholder {
            key: (*key).to_owned(),
            text: (*text).to_owned(),
            help: None,
            kind: Kind::Name(*form),
        });
        Self {
            description: None,
            exclude: Vec::new(),
            placeholders: names.collect(),
        }
    }
}

impl Manifest {
    /// Reads a manifest, or says everything that is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader {
            text,
            problems: Vec::new(),
        };
        let manifest = match Document::parse(text) {
            Ok(document) => reader.manifest(document.as_table()),
            Err(error) => {
                let first = error.message().lines().next().unwrap_or_default();
                reader.problem(error.span(), first.to_owned());
                Self::default()
            }
        };
        match reader.problems.is_empty() {
            true => Ok(manifest),
            false => {
                let mut problems = reader.problems;
                problems.sort_by_key(|problem| (problem.line, problem.column));
                Err(problems)
            }
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, span: Option<Range<usize>>, message: String) {
        let at = span.map_or(0, |span| span.start);
        let before = self.text.get(..at).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        self.problems.push(Problem {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            message,
        });
    }

    fn manifest(&mut self, table: &dyn TableLike) -> Manifest {
        self.known(table, ROOT_KEYS);
        let mut manifest = Manifest {
            description: self.string(table, "description"),
            exclude: self.exclude(table),
            ..Manifest::default()
        };
        if let Some((key, item)) = table.get_key_value("placeholders") {
            manifest.placeholders = match item.as_table_like() {
                Some(table) => self.placeholders(table),
                None => {
                    self.problem(key.span(), "`placeholders` is a table: [placeholders.KEY]".to_owned());
                    Vec::new()
                }
            };
        }
        manifest
    }

    /// Says of each key that is none of these.
    fn known(&mut self, table: &dyn TableLike, keys: &[&str]) {
        for (name, _) in table.iter().filter(|(name, _)| !keys.contains(name)) {
            let meant = nearest(name, keys.iter().copied());
            let meant = meant.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            let span = table.key(name).and_then(Key::span);
            self.problem(span, format!("`{}` is not known{meant}", name.escape_debug()));
        }
    }

    /// One line of text.
    fn string(&mut self, table: &dyn TableLike, key: &str) -> Option<String> {
        let item = table.get(key)?;
        match item.as_str() {
            Some(text) if !text.chars().any(char::is_control) => Some(text.to_owned()),
            _ => {
                self.problem(item.span(), format!("`{key}` is a string of one line"));
                None
            }
        }
    }

    fn exclude(&mut self, table: &dyn TableLike) -> Vec<String> {
        let Some(item) = table.get("exclude") else {
            return Vec::new();
        };
        let Some(array) = item.as_array() else {
            self.problem(
                item.span(),
                "`exclude` is an array of paths: exclude = [\"target\"]".to_owned(),
            );
            return Vec::new();
        };
        let mut paths = Vec::new();
        for value in array {
            let path = value.as_str().map(|path| path.trim_end_matches('/'));
            match path.filter(|path| is_below(path)) {
                Some(path) => paths.push(path.to_owned()),
                None => self.problem(
                    value.span(),
                    "a path of `exclude` leads from the template's folder to what lies in it, with `/`: \"docs/internal\"".to_owned(),
                ),
            }
        }
        paths
    }

    fn placeholders(&mut self, table: &dyn TableLike) -> Vec<Placeholder> {
        let mut placeholders: Vec<Placeholder> = Vec::new();
        for (key, item) in table.iter() {
            let span = table.key(key).and_then(Key::span);
            let Some(fields) = item.as_table_like() else {
                self.problem(
                    span,
                    format!("`{}` is a table: [placeholders.{key}]", key.escape_debug()),
                );
                continue;
            };
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if key.is_empty() || key.len() > TEXT_MAX_BYTES || !key.chars().all(is_word) {
                self.problem(
                    span.clone(),
                    "the key of a placeholder is made of letters, digits, `_` and `-`".to_owned(),
                );
            }
            if placeholders.len() == PLACEHOLDERS_MAX {
                self.problem(span, format!("there are more than {PLACEHOLDERS_MAX} placeholders"));
                break;
            }
            let placeholder = self.placeholder(key, fields);
            if let Some(other) = placeholders.iter().find(|other| other.text == placeholder.text) {
                let message = format!("`{}` is the text of `{}` too", placeholder.text, other.key);
                self.problem(fields.get("text").and_then(Item::span).or(span), message);
            }
            placeholders.push(placeholder);
        }
        placeholders
    }

    fn placeholder(&mut self, key: &str, table: &dyn TableLike) -> Placeholder {
        self.known(table, PLACEHOLDER_KEYS);
        let given = self.string(table, "text");
        let is_wrong = |text: &String| text.is_empty() || text.len() > TEXT_MAX_BYTES || text.contains(['/', '\\']);
        if given.as_ref().is_some_and(is_wrong) {
            let message = format!("`text` is 1 to {TEXT_MAX_BYTES} bytes, without `/` and `\\`");
            self.problem(table.get("text").and_then(Item::span), message);
        }
        let text = given.unwrap_or_else(|| format!("{{{{{key}}}}}"));
        let default = self.string(table, "default");
        let kind = match self.form(table) {
            Some(form) => {
                if let Some(default) = table.get("default") {
                    let message = "a placeholder with `form` is the project's name, and has no default";
                    self.problem(default.span(), message.to_owned());
                }
                Kind::Name(form)
            }
            None => Kind::Value { default },
        };
        Placeholder {
            key: key.to_owned(),
            text,
            help: self.string(table, "help"),
            kind,
        }
    }

    fn form(&mut self, table: &dyn TableLike) -> Option<Form> {
        let item = table.get("form")?;
        let form = FORMS.iter().find(|(name, _)| item.as_str() == Some(name));
        if form.is_none() {
            self.problem(item.span(), "`form` is \"given\", \"rust\" or \"wit\"".to_owned());
        }
        form.map(|(_, form)| *form)
    }
}

/// Whether a path leads from a folder to something in it.
fn is_below(path: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    !path.contains(['\\', ':']) && path.split('/').all(is_plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What resembles a manifest, and what does not.
    const LINES: &str = "(description|exclude|text|form|help|default|placeholders|ä) ?=? ?[\"\\[\\]{}a-zä.,/=0-9]{0,12}|\\[placeholders\\.?[a-z\"ä]{0,3}\\]?|\\PC{0,20}";

    #[test]
    fn read() {
        let manifest = Manifest::parse(
            "description = \"d\"\nexclude = [\"target/\", \"docs/a.md\"]\n\n[placeholders.name]\ntext = \"shop\"\nform = \"given\"\n\n\
             [placeholders]\ntopic = { help = \"which\", default = \"orders\" }\n",
        )
        .unwrap();
        assert_eq!(manifest.description.as_deref(), Some("d"));
        assert_eq!(manifest.exclude, ["target", "docs/a.md"]);
        let [name, topic] = manifest.placeholders.as_slice() else {
            panic!("{:?}", manifest.placeholders);
        };
        assert_eq!((name.key.as_str(), name.text.as_str()), ("name", "shop"));
        assert!(matches!(name.kind, Kind::Name(Form::Given)));
        assert_eq!(
            (topic.text.as_str(), topic.help.as_deref()),
            ("{{topic}}", Some("which"))
        );
        assert!(matches!(&topic.kind, Kind::Value { default: Some(orders) } if orders == "orders"));
        assert_eq!(Manifest::parse("").unwrap().placeholders.len(), NAMES.len());
        assert!(Manifest::parse("[placeholders]\n").unwrap().placeholders.is_empty());
    }

    #[test]
    fn problems() {
        for (text, expected) in [
            ("a = ", "1:5: string values must be quoted, expected literal string"),
            (
                "\ndescripton = \"a\"",
                "2:1: `descripton` is not known; did you mean `description`?",
            ),
            ("description = 1", "1:15: `description` is a string of one line"),
            ("description = \"a\\nb\"", "1:15: `description` is a string of one line"),
            (
                "exclude = \"a\"",
                "1:11: `exclude` is an array of paths: exclude = [\"target\"]",
            ),
            (
                "exclude = [\"a\", \"../b\"]",
                "1:17: a path of `exclude` leads from the template's folder to what lies in it, with `/`: \"docs/internal\"",
            ),
            ("placeholders = 1", "1:1: `placeholders` is a table: [placeholders.KEY]"),
            ("[placeholders]\nx = \"a\"", "2:1: `x` is a table: [placeholders.x]"),
            (
                "[placeholders.\"a b\"]",
                "1:15: the key of a placeholder is made of letters, digits, `_` and `-`",
            ),
            (
                "[placeholders.x]\ntext = \"\"",
                "2:8: `text` is 1 to 128 bytes, without `/` and `\\`",
            ),
            (
                "[placeholders.x]\ntext = \"a/b\"",
                "2:8: `text` is 1 to 128 bytes, without `/` and `\\`",
            ),
            (
                "[placeholders.x]\nform = \"snake\"",
                "2:8: `form` is \"given\", \"rust\" or \"wit\"",
            ),
            (
                "[placeholders.x]\nform = \"wit\"\ndefault = \"a\"",
                "3:11: a placeholder with `form` is the project's name, and has no default",
            ),
            (
                "[placeholders.x]\ntext = \"a\"\n[placeholders.y]\ntext = \"a\"",
                "4:8: `a` is the text of `x` too",
            ),
        ] {
            let problems = Manifest::parse(text).unwrap_err();
            let shown: Vec<_> = problems
                .iter()
                .map(|problem| format!("{}:{}: {}", problem.line, problem.column, problem.message))
                .collect();
            assert_eq!(shown, [expected], "{text}");
        }
        // All of them at once.
        let problems = Manifest::parse("a = 1\nb = 2\nexclude = [1, 2]\n").unwrap_err();
        assert_eq!(problems.len(), 4);
        let wrong =
            "[placeholders.\"a b\"]\ntext = \"\"\nforn = \"wit\"\ndefault = 1\n[placeholders.\"a/b\"]\nform = 1\n";
        let lines: Vec<_> = Manifest::parse(wrong)
            .unwrap_err()
            .iter()
            .map(|problem| problem.line)
            .collect();
        assert_eq!(lines, [1, 2, 3, 4, 5, 6]);
        let many: String = (0..=PLACEHOLDERS_MAX)
            .map(|n| format!("[placeholders.p{n}]\n"))
            .collect();
        assert_eq!(Manifest::parse(&many).unwrap_err().len(), 1);
    }

    proptest! {
        /// Whatever somebody else wrote: it is read, or each problem has a place in it.
        #[test]
        fn any_text(lines in prop::collection::vec(LINES, 0..8)) {
            let text = lines.join("\n");
            for problem in Manifest::parse(&text).err().unwrap_or_default() {
                let line = text.split('\n').nth(problem.line - 1);
                prop_assert!(line.is_some_and(|line| problem.column <= line.chars().count() + 1), "{text:?}: {problem:?}");
            }
        }
    }
}
