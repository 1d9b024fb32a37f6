//! What is added and taken out again leaves no trace, whatever the file looks like.

use proptest::prelude::*;

use super::layout::{Layout, without_comments};
use super::{NewEntry, add, remove};
use crate::slightfile::{SpecVersion, apply, parse};

fn entry(configs: &[(&str, &str)]) -> NewEntry {
    NewEntry {
        resource: "keyvalue.redis".to_owned(),
        name: "new".to_owned(),
        configs: configs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
    }
}

#[test]
fn comments_go_and_nothing_else_does() {
    for (text, expected) in [
        (
            "# all\na = 1 # one\n\n  # two\nb = [ # three\n  \"#4\", # five\n]\n",
            "a = 1\n\nb = [\n  \"#4\",\n]\n",
        ),
        (
            "a = '''\n# no comment\n''' # one\r\n# two\r\nb = 1",
            "a = '''\n# no comment\n'''\r\nb = 1",
        ),
        ("a = 1\n# last", "a = 1\n"),
        ("#", ""),
        ("", ""),
    ] {
        assert_eq!(without_comments(text), expected);
    }
}

/// Adds, looks at the result, takes out again, and compares.
fn there_and_back(text: &str, entry: &NewEntry) -> Result<String, TestCaseError> {
    let (before, problems) = parse("f", text);
    prop_assert!(
        problems.iter().all(|problem| !problem.is_error()),
        "{text}\n{problems:?}"
    );
    let before = before.unwrap();
    let version = before.specversion.value;
    let added = apply(text, &add(text, version, entry));
    let (after, problems) = parse("f", &added);
    prop_assert!(
        problems.iter().all(|problem| !problem.is_error()),
        "{added}\n{problems:?}"
    );
    let after = after.unwrap().capabilities;
    prop_assert_eq!(after.len(), before.capabilities.len() + 1, "{}", added);
    let last = after.last().unwrap();
    prop_assert_eq!(&last.resource.value, &entry.resource);
    if version != SpecVersion::V0_1 {
        prop_assert_eq!(&last.name.value, &entry.name);
        prop_assert_eq!(last.configs.len(), entry.configs.len());
    }
    for (old, new) in before.capabilities.iter().zip(&after) {
        prop_assert_eq!(
            (&old.resource.value, &old.name.value),
            (&new.resource.value, &new.name.value)
        );
        prop_assert_eq!(old.configs.len(), new.configs.len());
    }
    let removal = remove(&added, after.len() - 1);
    prop_assert_eq!(&removal.comments, &Vec::<String>::new());
    prop_assert_eq!(apply(&added, &removal.edits), text, "through {}", added);
    Ok(added)
}

#[test]
fn where_an_entry_goes() {
    let one = "[[capability]]\nresource = \"http\"\nname = \"a\"\n";
    for (before, expected) in [
        (
            "specversion = \"1.0\"".to_owned(),
            "specversion = \"1.0\"\n\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"new\"\n\n\
             [capability.configs]\nA = \"b\""
                .to_owned(),
        ),
        (
            format!("specversion = \"1.0\"\n{one}# below it\n\n# the tests\n[test]\ntimeout = \"1s\"\n"),
            format!(
                "specversion = \"1.0\"\n{one}# below it\n\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"new\"\n\n\
                 [capability.configs]\nA = \"b\"\n\n# the tests\n[test]\ntimeout = \"1s\"\n"
            ),
        ),
        (
            "specversion = \"1.0\"\n  [[capability]]\n  resource = \"keyvalue.redis\"\n  name = \"a\"\n    \
             [capability.configs]\n    A = \"1\"\n"
                .to_owned(),
            "specversion = \"1.0\"\n  [[capability]]\n  resource = \"keyvalue.redis\"\n  name = \"a\"\n    \
             [capability.configs]\n    A = \"1\"\n\n  [[capability]]\n  resource = \"keyvalue.redis\"\n  \
             name = \"new\"\n\n    [capability.configs]\n    A = \"b\"\n"
                .to_owned(),
        ),
        (
            "specversion = \"0.1\"\n".to_owned(),
            "specversion = \"0.1\"\n\n[[capability]]\nname = \"keyvalue.redis\"\n".to_owned(),
        ),
        (
            "specversion = \"1.0\"\ncapability = [\n  { resource = \"http\", name = \"a\" } # one\n]\n".to_owned(),
            "specversion = \"1.0\"\ncapability = [\n  { resource = \"http\", name = \"a\" }, # one\n  \
             { resource = \"keyvalue.redis\", name = \"new\", configs = { A = \"b\" } }\n]\n"
                .to_owned(),
        ),
        (
            "specversion = \"1.0\"\r\n[app]\r\nname = \"x\"\r\n[test]\r\n".to_owned(),
            "specversion = \"1.0\"\r\n[app]\r\nname = \"x\"\r\n\r\n[[capability]]\r\nresource = \"keyvalue.redis\"\r\n\
             name = \"new\"\r\n\r\n[capability.configs]\r\nA = \"b\"\r\n[test]\r\n"
                .to_owned(),
        ),
    ] {
        assert_eq!(there_and_back(&before, &entry(&[("A", "b")])).unwrap(), expected);
    }
}

#[test]
fn what_goes_with_an_entry() {
    let head = "specversion = \"1.0\"\n# of the version\n";
    for (text, index, left, comments) in [
        (
            format!("{head}\n# mine\n[[capability]] # x\nresource = \"http\" # y\nname = \"a\"\n# z\n\n# next\n[test]\n"),
            0,
            format!("{head}\n# next\n[test]\n"),
            &["# mine", "# x", "# y", "# z"][..],
        ),
        (
            format!("{head}[[capability]]\nresource = \"http\"\nname = \"a\"\n# next\n[test]\n"),
            0,
            "specversion = \"1.0\"\n# next\n[test]\n".to_owned(),
            &["# of the version"],
        ),
        (
            format!(
                "{head}\n[[capability]]\nresource = \"http\"\nname = \"a\"\n[test]\n[capability.configs]\nA = \"1\"\n# k"
            ),
            0,
            format!("{head}[test]"),
            &["# k"],
        ),
        (
            "specversion = \"1.0\"\ncapability = [\n  # of a\n  { resource = \"http\", name = \"a\" }, # one\n  \
             { resource = \"http\", name = \"b\" } # two\n]\n"
                .to_owned(),
            1,
            "specversion = \"1.0\"\ncapability = [\n  # of a\n  { resource = \"http\", name = \"a\" } # one\n]\n".to_owned(),
            &["# two"],
        ),
        (
            "specversion = \"1.0\"\nlimits.memory = \"\"\"\n# 1B\"\"\"\n[[capability]]\nresource = \"http\"\nname = \"a\"\n"
                .to_owned(),
            0,
            "specversion = \"1.0\"\nlimits.memory = \"\"\"\n# 1B\"\"\"\n".to_owned(),
            &[],
        ),
    ] {
        let removal = remove(&text, index);
        assert_eq!(apply(&text, &removal.edits), left);
        assert_eq!(removal.comments, comments);
    }
}

/// Blanks, empty lines and comments between things.
fn gap() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "",
        "\n",
        "\n\n",
        "# c\n",
        "\n# c\n",
        "# c\n\n",
        "\n  # c é\n\n \t\n",
    ])
}

fn tail() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", " ", " # t", "\t#t \""])
}

/// An entry with a header, its lines one below the other.
fn header_entry(number: usize) -> impl Strategy<Value = String> {
    let configs = prop::sample::select(vec![
        "",
        "configs = { A = \"1\", B = '2' }\n",
        "configs.A = \"1\"\nconfigs.\"B\" = \"2\"\n",
        "\n[capability.configs]\nA = \"1\"\n# of B\nB = \"\"\"\n# not a comment\n[[capability]]\n\"\"\"\n",
        "  [capability.configs] # c\n  A = \"1\"\n\n  B = \"2\"\n",
        "[capability.retry]\nattempts = 3\n[capability.configs]\nA = \"1\"\n",
    ]);
    (gap(), tail(), tail(), configs, prop::sample::select(vec!["", "  ", "\t"])).prop_map(
        move |(gap, one, two, configs, indent)| {
            format!(
                "{gap}{indent}[[ capability ]]{one}\n{indent}resource = \"keyvalue.redis\"{two}\n{indent}name= 'n{number}'\n{configs}"
            )
        },
    )
}

/// An item of an array of inline tables, with what comes before and after it.
fn item(number: usize) -> impl Strategy<Value = (String, String)> {
    let before = prop::sample::select(vec!["", " ", "\n  ", "\n\t# c\n\t", " # c\n"]);
    let after = prop::sample::select(vec!["", " ", "\n", " # c\n"]);
    let configs = prop::sample::select(vec!["", ", configs = { A = \"1\" }", ",\n optional = true # o\n"]);
    (before, after, configs).prop_map(move |(before, after, configs)| {
        (
            format!("{before}{{ resource = \"keyvalue.redis\", name = \"n{number}\"{configs}}}"),
            after.to_owned(),
        )
    })
}

fn inline_entries(count: usize) -> impl Strategy<Value = String> {
    let items: Vec<_> = (0..count).map(|number| item(number).boxed()).collect();
    let close = prop::sample::select(vec!["", " ", "\n", " # c\n", "\n# c\n  "]);
    (items, any::<bool>(), close, tail()).prop_map(|(items, trailing, close, tail)| {
        let last = items.len().wrapping_sub(1);
        let items: Vec<_> = items
            .into_iter()
            .enumerate()
            .map(|(index, (item, after))| match index == last && !trailing {
                true => format!("{item}{after}"),
                false => format!("{item}{after},"),
            })
            .collect();
        format!("capability = [{}{close}]{tail}\n", items.concat())
    })
}

/// A slightfile of 1.0 or 0.2, in any shape.
fn slightfile() -> impl Strategy<Value = String> {
    let headers = (0..4usize).prop_flat_map(|count| {
        let entries: Vec<_> = (0..count).map(|number| header_entry(number).boxed()).collect();
        entries.prop_map(|entries| (String::new(), entries.concat()))
    });
    let inline = (0..4usize).prop_flat_map(|count| inline_entries(count).prop_map(|array| (array, String::new())));
    let tables = prop::sample::select(vec![
        "",
        "[app]\nname = \"x\" # x\n",
        "[outbound]\nhosts = [\n  # none\n]\n",
    ]);
    let tests = prop::sample::select(vec![
        "",
        "[test]\ntimeout = \"1s\"\n[test.configs]\na = \"b\"\n",
        "[limits]\n",
    ]);
    let end = prop::sample::select(vec!["\n", "", "  ", "\n# end", "# end", "\n\n\n"]);
    let spacing = (gap(), gap(), gap(), tail());
    let crlf = any::<bool>();
    let version = prop::sample::select(vec!["1.0", "0.2"]);
    (
        prop_oneof![headers, inline],
        tables,
        tests,
        end,
        spacing,
        (crlf, version),
    )
        .prop_map(
            |((array, entries), tables, tests, end, (a, b, c, t), (crlf, version))| {
                let text = format!("{a}specversion = \"{version}\"{t}\n{array}{b}{tables}{entries}{c}{tests}");
                // `end` takes the place of the last newline
                let text = format!("{}{end}", text.strip_suffix('\n').unwrap_or(&text));
                let text = match end.starts_with('#') {
                    true => text.replace(end, &format!(" {end}")),
                    false => text,
                };
                match crlf {
                    true => text.replace('\n', "\r\n"),
                    false => text,
                }
            },
        )
}

proptest! {
    #[test]
    fn an_entry_that_is_added_and_removed_leaves_no_trace(text in slightfile(), configs in any::<bool>()) {
        let configs: &[_] = if configs { &[("A", "1 \"2\""), ("B", "\\")] } else { &[] };
        there_and_back(&text, &entry(configs))?;
    }

    #[test]
    fn nothing_but_the_entry_goes(text in slightfile()) {
        let names = |text: &str| -> Vec<String> {
            let (slightfile, problems) = parse("f", text);
            assert!(problems.iter().all(|problem| !problem.is_error()), "{text}\n{problems:?}");
            slightfile.unwrap().capabilities.into_iter().map(|entry| entry.name.value).collect()
        };
        let comments = |text: &str| Layout::parse(text).unwrap().comments(&(0..text.len()));
        for index in 0..names(&text).len() {
            let mut expected = names(&text);
            expected.remove(index);
            let removal = remove(&text, index);
            let left = apply(&text, &removal.edits);
            prop_assert_eq!(names(&left), expected, "{}", left);
            // No comment is lost silently.
            let mut kept = comments(&left);
            kept.extend(removal.comments);
            kept.sort();
            let mut all = comments(&text);
            all.sort();
            prop_assert_eq!(kept, all, "{}", left);
        }
    }

    #[test]
    fn any_text_is_taken_apart_or_refused(text in "\\PC*|([a-z\\[\\]{}=,.#\"'\r\n ]{0,40})") {
        if let Some(layout) = Layout::parse(&text) {
            for block in &layout.blocks {
                let (start, end) = (layout.block_start(block), layout.block_end(block));
                prop_assert!(start <= end && text.get(start..end).is_some());
            }
        }
    }
}
