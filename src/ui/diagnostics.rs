//! Shows diagnostics: source excerpts for people (drawn by miette), JSON lines for programs.
//!
//! Excerpts are taken from a copy of the file in which secrets are covered.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, MietteError, MietteSpanContents, Report,
    SourceCode, SourceSpan, SpanContents,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::slightfile::{Diagnostic, Fix, Severity, cover, sort};
use crate::support::text::visible;

/// How many problems are shown: nobody reads more before mending these.
pub const SHOWN_MAX: usize = 1_000;

/// How much of a label is underlined, in bytes.
pub(super) const LABEL_MAX_BYTES: usize = 400;

/// How much of a line is shown before and behind a label, in bytes.
const AROUND_MAX_BYTES: usize = 200;

/// How far apart two labels may be to be shown in one excerpt, in bytes and in lines.
const PLACE_MAX_BYTES: usize = 2_000;
const LINES_BETWEEN: usize = 8;

/// Wide enough that miette never breaks a label.
const WIDTH_COLUMNS: usize = 400;

/// What `slt check --format json` prints, an object a line.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// A problem.
    Diagnostic(DiagnosticLine),
    /// A problem that `--fix` has mended; it is not among the others.
    Fixed(Fixed),
    /// The end of the check.
    Checked(Checked),
}

/// A problem that was mended.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Fixed {
    /// Its code.
    pub code: &'static str,
    /// The slightfile.
    pub file: String,
    /// The line in which the change begins, from 1.
    pub line: usize,
    /// What was done.
    pub title: String,
}

/// A problem.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiagnosticLine {
    /// Its code, the same for ever: `SLT0103`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// The slightfile, when the problem has a place in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Where; the first is the main one.
    pub labels: Vec<LabelLine>,
    /// The way out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The ways out, for a program; the first is the best.
    pub fixes: Vec<FixLine>,
}

/// A place, and what is wrong there.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LabelLine {
    /// Its first character.
    pub start: Place,
    /// What comes after its last character.
    pub end: Place,
    /// What is wrong there.
    pub text: String,
}

/// A place in a file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Place {
    /// Bytes from the start of the file.
    pub byte: usize,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

/// A change that mends a problem.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FixLine {
    /// What it does.
    pub title: String,
    /// Whether `slt check --fix` makes it; another one leaves something to choose or to fill in.
    pub automatic: bool,
    /// What is replaced: no two of them overlap.
    pub edits: Vec<EditLine>,
}

/// A text that takes the place of another.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EditLine {
    /// The first byte that is replaced.
    pub start: Place,
    /// What comes after the last byte that is replaced.
    pub end: Place,
    /// What stands there afterwards.
    pub text: String,
}

/// The end of a check.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Checked {
    /// The slightfile.
    pub slightfile: String,
    /// What it was compared with: a component, a `wit` folder, or nothing.
    pub against: Option<String>,
    /// How many errors there are.
    pub errors: usize,
    /// How many warnings there are.
    pub warnings: usize,
    /// How many notes there are.
    pub notes: usize,
}

/// A file that diagnostics are about.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// How the user calls it.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// The lines for programs.
#[must_use]
pub fn lines(source: Source<'_>, diagnostics: &[Diagnostic]) -> Vec<Line> {
    let places = Lines::of(source.text.to_owned());
    diagnostics
        .iter()
        .map(|diagnostic| Line::Diagnostic(line(source, &places, diagnostic)))
        .collect()
}

fn line(source: Source<'_>, places: &Lines, diagnostic: &Diagnostic) -> DiagnosticLine {
    DiagnosticLine {
        code: diagnostic.code,
        severity: diagnostic.severity,
        message: diagnostic.message.clone(),
        file: (!diagnostic.labels.is_empty()).then(|| source.name.to_owned()),
        labels: diagnostic
            .labels
            .iter()
            .map(|label| LabelLine {
                start: places.place(label.range.start),
                end: places.place(label.range.end),
                text: label.text.clone(),
            })
            .collect(),
        hint: diagnostic.hint.clone(),
        fixes: diagnostic.fixes.iter().map(|fix| fix_line(places, fix)).collect(),
    }
}

fn fix_line(places: &Lines, fix: &Fix) -> FixLine {
    let edits = fix.edits.iter().map(|edit| EditLine {
        start: places.place(edit.range.start),
        end: places.place(edit.range.end),
        text: edit.text.clone(),
    });
    FixLine {
        title: fix.title.clone(),
        automatic: fix.automatic,
        edits: edits.collect(),
    }
}

/// Where the lines of a text begin, so that a place is found without reading all before it again.
#[derive(Debug)]
pub(super) struct Lines {
    text: String,
    starts: Vec<usize>,
}

impl Lines {
    pub(super) fn of(text: String) -> Self {
        let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(newlines).collect();
        Self { text, starts }
    }

    /// The number of the line, from 0, and where it begins.
    fn line(&self, byte: usize) -> (usize, usize) {
        let number = self.starts.partition_point(|start| *start <= byte).saturating_sub(1);
        (number, self.starts.get(number).copied().unwrap_or_default())
    }

    /// Where a line ends, before its newline. (miette counts a line too few when it sees the first half of `\r\n`.)
    fn end(&self, number: usize) -> usize {
        let next = self.starts.get(number + 1).map(|next| next - 1);
        let end = next.unwrap_or(self.text.len());
        let line = self.text.get(..end).unwrap_or_default();
        line.strip_suffix('\r').map_or(end, str::len)
    }

    /// Characters between two bytes.
    fn characters(&self, from: usize, to: usize) -> usize {
        self.text.get(from..to).map_or(0, |text| text.chars().count())
    }

    fn place(&self, byte: usize) -> Place {
        let (number, start) = self.line(byte);
        Place {
            byte,
            line: number + 1,
            column: self.characters(start, byte) + 1,
        }
    }
}

/// The problems that are shown, in the order of the file: errors before all else when there are too many.
#[must_use]
pub fn first(diagnostics: &[Diagnostic]) -> Cow<'_, [Diagnostic]> {
    if diagnostics.len() <= SHOWN_MAX {
        return Cow::Borrowed(diagnostics);
    }
    let mut shown = diagnostics.to_vec();
    shown.sort_by_key(|diagnostic| diagnostic.severity);
    shown.truncate(SHOWN_MAX);
    sort(&mut shown);
    Cow::Owned(shown)
}

/// The text for people: every problem with its excerpt and its hint, and an empty line after each.
#[must_use]
pub fn human(source: Source<'_>, diagnostics: &[Diagnostic], colour: bool) -> String {
    let covered = Arc::new(Lines::of(cover(source.text)));
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&heading(diagnostic, colour));
        text.push_str(&excerpt(source.name, &covered, diagnostic, colour));
        if let Some(hint) = &diagnostic.hint {
            text.push_str(&format!("{}: {}\n", painted("hint", "36", colour), hint.trim_end()));
        }
        text.push('\n');
    }
    visible(&text)
}

/// Where more is said about these problems: one line, or nothing when there are none.
#[must_use]
pub fn more(diagnostics: &[Diagnostic]) -> String {
    let mut codes: Vec<&str> = Vec::new();
    for diagnostic in diagnostics {
        if !codes.contains(&diagnostic.code) {
            codes.push(diagnostic.code);
        }
    }
    match codes.as_slice() {
        [] => String::new(),
        [code] => format!("`slt explain {code}` tells more\n"),
        codes => format!("`slt explain CODE` tells more about {}\n", codes.join(", ")),
    }
}

fn heading(diagnostic: &Diagnostic, colour: bool) -> String {
    let (word, sgr) = match diagnostic.severity {
        Severity::Error => ("error", "31;1"),
        Severity::Warning => ("warning", "33;1"),
        Severity::Note => ("note", "36;1"),
    };
    let word = painted(&format!("{word}[{}]", diagnostic.code), sgr, colour);
    format!("{word}: {}\n", diagnostic.message)
}

fn painted(text: &str, sgr: &str, colour: bool) -> String {
    match colour {
        true => format!("\u{1b}[{sgr}m{text}\u{1b}[0m"),
        false => text.to_owned(),
    }
}

/// The lines of the file with the labels below them. Nothing when there is no place, or nothing at the place.
fn excerpt(name: &str, lines: &Arc<Lines>, diagnostic: &Diagnostic, colour: bool) -> String {
    if diagnostic.labels.is_empty() || lines.text.trim().is_empty() {
        return String::new();
    }
    let labels = diagnostic.labels.iter().enumerate().map(|(index, label)| {
        let range = short(&lines.text, &label.range);
        match index {
            0 => LabeledSpan::new_primary_with_span(Some(label.text.clone()), range),
            _ => LabeledSpan::new_with_span(Some(label.text.clone()), range),
        }
    });
    let severity = match diagnostic.severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
        Severity::Note => miette::Severity::Advice,
    };
    drawn(name, lines, severity, labels.collect(), colour)
}

/// Lines of a file with labels below them, each line ended.
pub(super) fn drawn(
    name: &str,
    lines: &Arc<Lines>,
    severity: miette::Severity,
    labels: Vec<LabeledSpan>,
    colour: bool,
) -> String {
    // The message stands in our own heading: miette's is a line of its own, and is left out below.
    let report = Report::new(
        MietteDiagnostic::new(String::new())
            .with_severity(severity)
            .with_labels(labels),
    )
    .with_source_code(WholeLines {
        name: name.to_owned(),
        lines: Arc::clone(lines),
    });
    let theme = match colour {
        true => GraphicalTheme::unicode(),
        false => GraphicalTheme::unicode_nocolor(),
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(WIDTH_COLUMNS)
        .with_context_lines(1); // what `WholeLines` makes of it
    let mut drawn = String::new();
    match handler.render_report(&mut drawn, report.as_ref()) {
        Ok(()) => drawn
            .lines()
            .skip(1)
            .map(|line| format!("{}\n", line.trim_end()))
            .collect(),
        Err(_) => String::new(),
    }
}

/// A label, or the beginning of a long one.
fn short(text: &str, range: &Range<usize>) -> Range<usize> {
    let start = range.start.min(text.len());
    let end = text.floor_char_boundary(range.end.min(text.len()).min(start + LABEL_MAX_BYTES));
    start..end.max(start)
}

/// A file of which miette sees the lines of a label and none around them; of a long line what lies around the label. It would
/// read the file from its start for each label, and it panics beyond column 65,535.
#[derive(Debug)]
struct WholeLines {
    name: String,
    lines: Arc<Lines>,
}

impl SourceCode for WholeLines {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        // Labels that lie near each other are asked for as one place; those that do not get excerpts of their own.
        if span.len() > PLACE_MAX_BYTES {
            return Err(MietteError::OutOfBounds);
        }
        let text = &self.lines.text;
        let (start, end) = (span.offset(), span.offset() + span.len());
        let (number, line_start) = self.lines.line(start);
        // For the line and column in the heading, miette asks without context.
        let range = if before == 0 && after == 0 {
            start..end
        } else {
            let (last, _) = self.lines.line(end.saturating_sub(1).max(start));
            let from = text.ceil_char_boundary(start.saturating_sub(AROUND_MAX_BYTES));
            let to = text.floor_char_boundary((end + AROUND_MAX_BYTES).min(text.len()));
            from.max(line_start).min(start)..to.min(self.lines.end(last)).max(end)
        };
        let data = text.get(range.clone()).ok_or(MietteError::OutOfBounds)?;
        let column = self.lines.characters(line_start, range.start);
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            data.as_bytes(),
            SourceSpan::from(range),
            number,
            column,
            LINES_BETWEEN,
        )))
    }
}
