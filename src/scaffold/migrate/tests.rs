//! A migrated slightfile means what it meant, and says it with the same comments.

use proptest::prelude::*;

use super::*;
use crate::slightfile::Capability;

/// The names of the secrets in a text, as if all were imported.
fn imported(text: &str) -> BTreeSet<String> {
    let settings = parse("f", text).0.map(|slightfile| slightfile.secret_settings);
    let settings = settings.into_iter().flatten();
    settings.map(|setting| setting.name.value).collect()
}

/// The text, and that it means the same.
fn migrated(text: &str) -> Migrated {
    let migrated = migrate("f", text, Some(&imported(text))).unwrap_or_else(|problems| panic!("{text}\n{problems:?}"));
    means_the_same(text, &migrated.text);
    migrated
}

/// What a guest gets under each name, and each value of its configuration.
fn means_the_same(before: &str, after: &str) {
    let (Some(old), Some(new)) = (parse("f", before).0, parse("f", after).0) else {
        panic!("{after}");
    };
    assert_eq!(new.specversion.value, SpecVersion::V1_0);
    let problems = parse("f", after).1;
    assert_eq!(problems, [], "{after}");
    let entries = |slightfile: &Slightfile, family: Family| -> Vec<Capability> {
        let entries = slightfile.capabilities.iter().filter(|entry| {
            CATALOGUE
                .resource(&entry.resource.value)
                .map(|resource| resource.family)
                == Some(family)
        });
        entries.cloned().collect()
    };
    for capability in CATALOGUE.capabilities {
        let (old_entries, new_entries) = (entries(&old, capability.family), entries(&new, capability.family));
        let names = ["a", "b", "*", "", "kv.redis", "keyvalue.redis", "keyvalue.filesystem"];
        for name in names {
            let opened = |slightfile: &Slightfile, entries: &[Capability]| {
                let candidates: Vec<_> = entries.iter().collect();
                let opened = slightfile.opened(&candidates, name)?;
                candidates.iter().position(|entry| entry.span == opened.span)
            };
            let (before, after) = (opened(&old, &old_entries), opened(&new, &new_entries));
            assert_eq!(before, after, "{name} of {}", capability.name);
        }
        for (old_entry, new_entry) in old_entries.iter().zip(&new_entries) {
            let resource = CATALOGUE.resource(&old_entry.resource.value).unwrap();
            assert_eq!(
                Some(resource.id),
                CATALOGUE
                    .resource(&new_entry.resource.value)
                    .map(|resource| resource.id)
            );
            let keys = resource
                .keys
                .iter()
                .filter(|key| !rewrite::NEVER_IN_A_STORE.contains(&key.name));
            for key in keys {
                assert_eq!(
                    old.config(old_entry, key.name),
                    new.config(new_entry, key.name),
                    "{}",
                    key.name
                );
            }
        }
    }
}

#[test]
fn of_0_1() {
    let text = "# mine\nspecversion = \"0.1\" # v\n# where from\nsecret_store = \"configs.envvars\" # env\n\n\
                # links\n[[capability]]\n  name = 'kv.redis' # r\n\n[[capability]]\nname = \"mq.filesystem\"\n";
    let expected = "# mine\nspecversion = \"1.0\" # v\n# where from\n# env\n\n\
                    # links\n[[capability]]\n  resource = \"keyvalue.redis\" # r\n  name = \"*\"\n\n  \
                    [capability.configs]\n  REDIS_ADDRESS = \"${envvars.REDIS_ADDRESS}\"\n\n\
                    [[capability]]\nresource = \"messaging.filesystem\"\nname = \"*\"\n";
    assert_eq!(migrated(text).text, expected);
    let text = "specversion = \"0.1\"\nsecret_store = \"configs.envvars\"\n[[capability]]\nname = \"kv.redis\"\n\
                [[capability]]\nname = \"http\"\n";
    let expected = "specversion = \"1.0\"\n[[capability]]\nresource = \"keyvalue.redis\"\nname = \"*\"\n\n\
                    [capability.configs]\nREDIS_ADDRESS = \"${envvars.REDIS_ADDRESS}\"\n\n\
                    [[capability]]\nresource = \"http\"\nname = \"*\"\n";
    assert_eq!(migrated(text).text, expected);
    let text = "specversion = \"0.1\"\r\nsecret_store = \"configs.azapp\"\r\n\
                capability = [ { name = \"keyvalue.redis\" }, {\"name\" = \"http\"} ]";
    let expected = "specversion = \"1.0\"\r\ncapability = [ { resource = \"keyvalue.redis\", name = \"*\", \
                    configs = { REDIS_ADDRESS = \"${azapp.REDIS_ADDRESS}\" } }, {resource = \"http\", name = \"*\"} ]";
    assert_eq!(migrated(text).text, expected);
    let text = "specversion = \"0.1\"\nsecret_store = \"configs.local\"\n[[capability]]\nname = \"http\"";
    let expected = "specversion = \"1.0\"\n[[capability]]\nresource = \"http\"\nname = \"*\"";
    assert_eq!(migrated(text).text, expected);
    assert_eq!(
        migrated(text).notes,
        ["`secret_store` is gone: slt has no values of `configs.local`"]
    );
}

#[test]
fn of_0_2() {
    let text = "specversion = \"0.2\"\nsecret_store = \"configs.envvars\"\n[[capability]]\nresource = \"kv.azblob\" # old\n\
                name = \"a\"\noptional = true\n[capability.configs]\nAZURE_STORAGE_ACCOUNT = \"${local.me}\"\n\
                AZURE_STORAGE_KEY = \"${envvars.KEY}\"\n# of mine\nMINE = '''\na\n# b\n'''\n[capability.retry]\n\n# c\nattempts = 1\n";
    let expected = "specversion = \"1.0\"\n# slt migrate: specversion 0.2 does not read this:\n\
                    # secret_store = \"configs.envvars\"\n[[capability]]\nresource = \"keyvalue.azblob\" # old\n\
                    name = \"a\"\n# slt migrate: specversion 0.2 does not read this:\n# optional = true\n\
                    [capability.configs]\nAZURE_STORAGE_ACCOUNT = \"me\"\nAZURE_STORAGE_KEY = \"${envvars.KEY}\"\n# of mine\n\
                    # slt migrate: `keyvalue.azblob` has no such key:\n# MINE = '''\n# a\n# b\n# '''\n\
                    # slt migrate: specversion 0.2 does not read this:\n# [capability.retry]\n\n# c\n# attempts = 1\n";
    let result = migrated(text);
    assert_eq!(result.text, expected);
    assert_eq!(
        result.notes,
        [
            "`secret_store` is a comment now: specversion 0.2 does not read this",
            "`optional` is a comment now: specversion 0.2 does not read this",
            "`MINE` is a comment now: `keyvalue.azblob` has no such key",
            "`[capability.retry]` is a comment now: specversion 0.2 does not read this",
        ]
    );
    let text = "specversion = \"0.2\"\ncapability = [\n  # one\n  { resource = \"kv.redis\", name = \"a\", grants = {}, \
                configs = { X = \"1\", REDIS_ADDRESS = \"${local.redis://h:1}\", Y.z = 2 } }\n]\n[app]\nname = \"x\"";
    let (slightfile, problems) = parse("f", text);
    assert!(
        slightfile.is_some() && problems.iter().any(Diagnostic::is_error),
        "`Y.z` is no string"
    );
    let text = text.replace("Y.z = 2", "Y = \"2\"");
    let expected = "specversion = \"1.0\"\n# slt migrate: specversion 0.2 does not read this:\n# grants = {}\n\
                    # slt migrate: `keyvalue.redis` has no such key:\n# X = \"1\"\n\
                    # slt migrate: `keyvalue.redis` has no such key:\n# Y = \"2\"\ncapability = [\n  # one\n  \
                    { resource = \"keyvalue.redis\", name = \"a\", configs = { REDIS_ADDRESS = \"redis://h:1\" } }\n]\n\
                    # slt migrate: specversion 0.2 does not read this:\n# [app]\n# name = \"x\"";
    assert_eq!(migrated(&text).text, expected);
}

#[test]
fn a_comment_stands_where_its_key_stood() {
    let text = "specversion = \"0.2\"\n  [[capability]]\n  resource = \"http\"\n  name = \"a\"\n  optional = true\n";
    let expected = "specversion = \"1.0\"\n  [[capability]]\n  resource = \"http\"\n  name = \"a\"\n  \
                    # slt migrate: specversion 0.2 does not read this:\n  # optional = true\n";
    assert_eq!(migrated(text).text, expected);
}

#[test]
fn secret_settings_go_when_they_may() {
    let head = "specversion = \"0.2\"\n[[capability]]\nresource = \"http\"\nname = \"a\"\n";
    let text = format!(
        "{head}\n# secrets\n[[secret_settings]]\nname = \"A\"\nvalue = \"b\"\n\n[[secret_settings]]\nname = \"C\" # c\nvalue = \"d\"\n\n[[secret_settings]]\nname = \"E\"\nvalue = \"f\"\n\n[[secret_settings]]\nname = \"G\"\nvalue = \"h\""
    );
    let problems = migrate("f", &text, None).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].code, codes::KEY_OF_OTHER_VERSION);
    assert!(!format!("{problems:?}").contains("\"b\""));
    assert_eq!(
        migrated(&text).text,
        format!("{}\n# secrets\n\n# c\n", head.replace("0.2", "1.0"))
    );
    let some = BTreeSet::from(["A", "E"].map(ToOwned::to_owned));
    let problems = migrate("f", &text, Some(&some)).unwrap_err();
    let named: Vec<_> = problems
        .iter()
        .map(|problem| (problem.code, &text[problem.labels[0].range.clone()]))
        .collect();
    assert_eq!(
        named,
        [
            (codes::KEY_OF_OTHER_VERSION, "\"C\""),
            (codes::KEY_OF_OTHER_VERSION, "\"G\"")
        ]
    );
    let text = "specversion = \"0.1\"\nsecret_settings = [ { name = \"A\", value = \"b\" }, # c\n]\n";
    assert_eq!(migrated(text).text, "specversion = \"1.0\"\n# c\n");
}

#[test]
fn what_1_0_cannot_say() {
    for (text, expected) in [
        (
            "specversion = \"0.2\"\n[[capability]]\nresource = \"configs.local\"\nname = \"a\"\n",
            &[("SLT0201", "\"configs.local\"")][..],
        ),
        (
            "specversion = \"0.2\"\n[[capability]]\nresource = \"keyvalue.azblob\"\nname = \"a\"\n[capability.configs]\n\
             AZURE_STORAGE_ACCOUNT = \"${envvars.A:-b}\"\nAZURE_STORAGE_KEY = \"${local.${x}y}\"\n",
            &[("SLT0109", "\"${envvars.A:-b}\""), ("SLT0109", "\"${local.${x}y}\"")],
        ),
        (
            "specversion = \"0.1\"\n[[capability]]\nname = \"kv.filesystem\"\n[[capability]]\nname = \"kv.redis\"\n[[secret_settings]]\n\
             name = \"a\"\nvalue = \"b\"\n",
            &[("SLT0204", "\"kv.redis\""), ("SLT0104", "[[secret_settings]]")],
        ),
        (
            "specversion = \"0.1\"\nsecret_store = \"configs.local\" # l\n[[capability]]\nname = \"kv.redis\"\n",
            &[("SLT0109", "\"configs.local\"")],
        ),
        (
            "specversion = \"0.1\"\n[[capability]]\nname = \"kv.rediss\"\nx = 1\n",
            &[("SLT0201", "\"kv.rediss\"")],
        ),
    ] {
        let problems = migrate("f", text, None).unwrap_err();
        let found: Vec<_> = problems
            .iter()
            .map(|problem| (problem.code, &text[problem.labels[0].range.clone()]))
            .collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn one_of_1_0_is_left_as_it_is() {
    for text in ["specversion = \"1.0\"", "specversion = \"1.0\"\nunknown = 1\n"] {
        let result = migrate("f", text, None).unwrap();
        assert_eq!((result.from, result.text.as_str()), ("1.0", text));
    }
}

fn slightfile() -> impl Strategy<Value = String> {
    let gap = || prop::sample::select(vec!["", "", "\n", "# c\n", "\n# c\n\n", "  # c [x]\n"]);
    let tail = || prop::sample::select(vec!["", " # t", "\t# \"t\""]);
    let unknown = || {
        prop::sample::select(vec![
            "",
            "",
            "what = [ 1, # c\n 2 ]\n",
            "optional = true # o\n",
            "retry = { attempts = 1,\n dead_letter = 'x' }\n",
            "x.y = \"\"\"\n[[capability]]\n# c\n\"\"\"\n",
        ])
    };
    let value = || {
        prop::sample::select(vec![
            "\"plain\"",
            "'${local.k}'",
            "\"${envvars.K}\"",
            "\"${local.a \\\" b}\"",
            "'''\nm # n'''",
        ])
    };
    let old_entry = (gap(), tail(), unknown(), 0..3usize).prop_map(|(gap, tail, unknown, family)| {
        let resource = ["kv.azblob", "pubsub.mosquitto", "lockd.etcd"][family];
        (
            family,
            format!("{gap}[[capability]]{tail}\nname = '{resource}'{tail}\n{unknown}"),
        )
    });
    let old = prop::collection::vec(old_entry, 0..3).prop_map(|mut entries| {
        // one backend a capability
        entries.sort_by_key(|(family, _)| *family);
        entries.dedup_by_key(|(family, _)| *family);
        let entries: String = entries.into_iter().map(|(_, entry)| entry).collect();
        ("0.1", "secret_store = \"configs.usersecrets\"\n", entries)
    });
    let new_entry = (gap(), tail(), unknown(), value(), value(), any::<bool>());
    let new = prop::collection::vec(new_entry, 0..3).prop_map(|entries| {
        let entry = |(number, (gap, tail, unknown, one, two, inline)): (usize, (&str, &str, &str, &str, &str, bool))| {
            let head = format!("{gap}[[capability]]{tail}\n{unknown}resource = \"kv.azblob\"{tail}\nname = \"n{number}\"\n");
            match inline {
                true => format!("{head}configs = {{ AZURE_STORAGE_ACCOUNT = {one}, NEW = \"x\", AZURE_STORAGE_KEY = {two} }}{tail}\n"),
                false => format!("{head} [capability.configs]\n AZURE_STORAGE_ACCOUNT = {one}{tail}\n{gap}OTHER = \"y\"\nAZURE_STORAGE_KEY = {two}\n"),
            }
        };
        ("0.2", "", entries.into_iter().enumerate().map(entry).collect())
    });
    let last = prop::sample::select(vec![
        "",
        "[app]\nname = \"x\"\n",
        "[[secret_settings]]\nname = \"A\"\nvalue = \"b\"\n\n[[secret_settings]]\nname = \"C\"\nvalue = \"d\"\n",
        "[test.configs]\na = \"b\"\n[test]\ntimeout = 1\n",
    ]);
    let newline = prop::sample::select(vec![("\n", true), ("\r\n", true), ("\n", false), ("\r\n", false)]);
    (prop_oneof![old, new], gap(), tail(), unknown(), last, newline).prop_map(
        |((version, store, entries), gap, tail, unknown, last, (newline, end))| {
            let unknown = unknown.replace("optional", "limits");
            let text = format!("{gap}specversion = '{version}'{tail}\n{store}{unknown}{entries}{gap}{last}");
            let text = if end { text.as_str() } else { text.trim_end() };
            text.replace('\n', newline)
        },
    )
}

proptest! {
    #[test]
    fn a_migrated_file_means_the_same_and_keeps_its_comments(text in slightfile()) {
        let after = migrated(&text).text;
        let comments = |text: &str| Layout::parse(text).unwrap().comments(&(0..text.len()));
        let kept = comments(&after);
        for comment in comments(&text) {
            let within = kept.iter().any(|kept| kept.contains(&comment));
            prop_assert!(within, "`{}` is lost in\n{}", comment, after);
        }
        // A second time there is nothing to do.
        prop_assert_eq!(migrate("f", &after, None).unwrap().text, after);
    }
}
