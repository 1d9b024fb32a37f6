//! Mends a slightfile with the fixes of its diagnostics that are certain, as often as there are any.
//!
//! It trusts no fix: a text that is no longer understood, in which the problem is still there, or that has more errors
//! than before is thrown away, and so is the fix. It writes nothing; whoever calls does.

use std::collections::BTreeMap;

use super::diagnostic::{Diagnostic, Edit, Fix, apply, codes};

/// How often a fix may lead to another. `[capability]` becomes `[[capability]]`, and then its keys are read.
const ROUNDS_MAX: usize = 10;

/// Problems that keep what stands below them from being read, so that mending one can bring others to light.
const HIDING: &[&str] = &[
    codes::SYNTAX,
    codes::SPECVERSION_MISSING,
    codes::SPECVERSION_UNKNOWN,
    codes::KEY_UNKNOWN,
    codes::TYPE,
    codes::RESOURCE_UNKNOWN,
];

/// A change that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// The code of the problem.
    pub code: &'static str,
    /// The line in which it begins, from 1, when the change was made.
    pub line: usize,
    /// What was done.
    pub title: String,
}

/// What is known of a text: its problems, and whether it is understood at all.
pub struct Judged {
    /// The problems.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether there is a slightfile in it.
    pub understood: bool,
}

/// The text with every certain fix made, and what was done to it. Nothing done is the text as it was.
pub fn mend(text: &str, judge: impl Fn(&str) -> Judged) -> (String, Vec<Mended>) {
    let mut text = text.to_owned();
    let mut mended = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let before = judge(&text);
        let chosen = certain(&before.diagnostics);
        // All at once, which is one look at the result; and when one of them does harm, one by one.
        let (better, made) = match attempt(&text, &before, &chosen, &judge) {
            Some(better) => (better, chosen),
            None => one_by_one(&text, &chosen, &judge),
        };
        if made.is_empty() {
            break;
        }
        mended.extend(made.iter().map(|change| change.mended(&text)));
        text = better;
    }
    (text, mended)
}

/// A fix, and the problem that it mends.
#[derive(Debug, Clone)]
struct Change {
    code: &'static str,
    message: String,
    fix: Fix,
}

impl Change {
    fn mended(&self, text: &str) -> Mended {
        let start = self
            .fix
            .edits
            .iter()
            .map(|edit| edit.range.start)
            .min()
            .unwrap_or_default();
        Mended {
            code: self.code,
            line: text.get(..start).unwrap_or_default().matches('\n').count() + 1,
            title: self.fix.title.clone(),
        }
    }
}

/// The first certain fix of each problem, of those that overlap the first.
fn certain(diagnostics: &[Diagnostic]) -> Vec<Change> {
    let mut chosen: Vec<Change> = Vec::new();
    for diagnostic in diagnostics {
        let Some(fix) = diagnostic.fixes.iter().find(|fix| fix.automatic) else {
            continue;
        };
        let taken = chosen.iter().flat_map(|change| &change.fix.edits);
        if !fix.edits.is_empty()
            && !taken
                .clone()
                .any(|other| fix.edits.iter().any(|edit| overlap(edit, other)))
        {
            chosen.push(Change {
                code: diagnostic.code,
                message: diagnostic.message.clone(),
                fix: fix.clone(),
            });
        }
    }
    chosen
}

/// Whether two edits touch: at one place, their order would decide.
fn overlap(one: &Edit, other: &Edit) -> bool {
    one.range.start <= other.range.end && other.range.start <= one.range.end
}

/// The text with these changes, unless it is worse.
fn attempt(text: &str, before: &Judged, changes: &[Change], judge: impl Fn(&str) -> Judged) -> Option<String> {
    if changes.is_empty() {
        return None;
    }
    let better = apply(text, changes.iter().flat_map(|change| &change.fix.edits));
    let after = judge(&better);
    is_better(before, &after, changes).then_some(better)
}

fn one_by_one(text: &str, changes: &[Change], judge: impl Fn(&str) -> Judged) -> (String, Vec<Change>) {
    let before = judge(text);
    let mut made: Vec<Change> = Vec::new();
    let mut better = text.to_owned();
    for change in changes {
        made.push(change.clone());
        match attempt(text, &before, &made, &judge) {
            Some(text) => better = text,
            None => drop(made.pop()),
        }
    }
    (better, made)
}

fn is_better(before: &Judged, after: &Judged, changes: &[Change]) -> bool {
    if before.understood && !after.understood {
        return false;
    }
    let mut wanted: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for change in changes {
        *wanted.entry((change.code, &change.message)).or_default() += 1;
    }
    let count = |judged: &Judged, (code, message): (&str, &str)| {
        let alike = judged
            .diagnostics
            .iter()
            .filter(|d| d.code == code && d.message == message);
        alike.count()
    };
    let gone = wanted
        .iter()
        .all(|(problem, fixes)| count(after, *problem) + fixes <= count(before, *problem));
    let errors = |judged: &Judged| judged.diagnostics.iter().filter(|d| d.is_error()).count();
    let hidden = changes.iter().any(|change| HIDING.contains(&change.code));
    gone && (hidden || errors(after) <= errors(before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slightfile::parse;

    fn judge(text: &str) -> Judged {
        let (slightfile, diagnostics) = parse("slightfile.toml", text);
        Judged {
            diagnostics,
            understood: slightfile.is_some(),
        }
    }

    #[test]
    fn one_fix_leads_to_the_next() {
        let (text, mended) = mend("specversion = 1.0\n[ap]\nnam = \"a\"\n", judge);
        assert_eq!(text, "specversion = \"1.0\"\n[app]\nname = \"a\"\n");
        let lines: Vec<_> = mended.iter().map(|mended| (mended.code, mended.line)).collect();
        assert_eq!(lines, [("SLT0102", 1), ("SLT0103", 2), ("SLT0103", 3)]);
    }

    #[test]
    fn a_fix_that_does_harm_is_not_made() {
        // `name` is there already: a second one is no TOML. The other key is mended all the same.
        let text = "specversion = \"1.0\"\n[app]\nname = \"a\"\nnam = \"b\"\n[limits]\nmemroy = \"1MiB\"\n";
        let (text, mended) = mend(text, judge);
        assert!(text.contains("nam = ") && text.contains("memory = "), "{text}");
        assert_eq!(mended.len(), 1);
    }

    /// A fix that changes nothing, one that adds an error, one that would go on for ever.
    #[test]
    fn a_fix_is_not_trusted() {
        for (replacement, error_after) in [("x", false), ("y", true), ("xx", false)] {
            let judge = |text: &str| {
                let wrong = || Diagnostic::error("SLT9999", "wrong").fix("mend", 0..1, replacement);
                let mut diagnostics: Vec<_> = text.contains('x').then(wrong).into_iter().collect();
                if error_after && text.contains('y') {
                    diagnostics.extend([Diagnostic::error("SLT9998", "a"), Diagnostic::error("SLT9998", "b")]);
                }
                Judged {
                    diagnostics,
                    understood: true,
                }
            };
            assert_eq!(mend("x", judge), ("x".to_owned(), Vec::new()), "{replacement}");
        }
    }

    #[test]
    fn edits_that_touch_are_not_made_at_once() {
        let judge = |text: &str| Judged {
            diagnostics: match text {
                "ab" => vec![
                    Diagnostic::error("SLT9998", "a").fix("mend a", 0..1, "A"),
                    Diagnostic::error("SLT9999", "b").fix("mend both", 0..2, "AB"),
                ],
                "Ab" => vec![Diagnostic::error("SLT9999", "b").fix("mend b", 1..2, "B")],
                _ => Vec::new(),
            },
            understood: true,
        };
        let (text, mended) = mend("ab", judge);
        assert_eq!((text.as_str(), mended.len()), ("AB", 2));
        assert_eq!(mended.last().map(|mended| mended.title.as_str()), Some("mend b"));
    }
}
