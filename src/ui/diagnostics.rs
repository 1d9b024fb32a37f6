//! Shows diagnostics: source excerpts for people (drawn by miette), JSON lines for programs.
//!
//! Excerpts are taken from a copy of the file in which secrets are covered.

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, MietteError, NamedSource, Report,
    SourceCode, SourceSpan, SpanContents,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::slightfile::{Diagnostic, Fix, Severity, cover};

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
    #[serde(skip_serializing_if = "Vec::is_empty")]
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
    diagnostics
        .iter()
        .map(|diagnostic| Line::Diagnostic(line(source, diagnostic)))
        .collect()
}

fn line(source: Source<'_>, diagnostic: &Diagnostic) -> DiagnosticLine {
    DiagnosticLine {
        code: diagnostic.code,
        severity: diagnostic.severity,
        message: diagnostic.message.clone(),
        file: (!diagnostic.labels.is_empty()).then(|| source.name.to_owned()),
        labels: diagnostic
            .labels
            .iter()
            .map(|label| LabelLine {
                start: place(source.text, label.range.start),
                end: place(source.text, label.range.end),
                text: label.text.clone(),
            })
            .collect(),
        hint: diagnostic.hint.clone(),
        fixes: diagnostic.fixes.iter().map(|fix| fix_line(source, fix)).collect(),
    }
}

fn fix_line(source: Source<'_>, fix: &Fix) -> FixLine {
    let edits = fix.edits.iter().map(|edit| EditLine {
        start: place(source.text, edit.range.start),
        end: place(source.text, edit.range.end),
        text: edit.text.clone(),
    });
    FixLine {
        title: fix.title.clone(),
        automatic: fix.automatic,
        edits: edits.collect(),
    }
}

fn place(text: &str, byte: usize) -> Place {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Place {
        byte,
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).map_or(0, |line| line.chars().count()) + 1,
    }
}

/// The text for people: every problem with its excerpt and its hint, and an empty line after each.
#[must_use]
pub fn human(source: Source<'_>, diagnostics: &[Diagnostic], colour: bool) -> String {
    let covered = cover(source.text);
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&heading(diagnostic, colour));
        text.push_str(&excerpt(source.name, &covered, diagnostic, colour));
        if let Some(hint) = &diagnostic.hint {
            text.push_str(&format!("{}: {}\n", painted("hint", "36", colour), hint.trim_end()));
        }
        text.push('\n');
    }
    text
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
fn excerpt(name: &str, text: &str, diagnostic: &Diagnostic, colour: bool) -> String {
    if diagnostic.labels.is_empty() || text.trim().is_empty() {
        return String::new();
    }
    let labels = diagnostic.labels.iter().enumerate().map(|(index, label)| {
        let range = label.range.start.min(text.len())..label.range.end.min(text.len());
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
    // The message stands in our own heading: miette's is a line of its own, and is left out below.
    let report = Report::new(
        MietteDiagnostic::new(String::new())
            .with_severity(severity)
            .with_labels(labels),
    )
    .with_source_code(WholeLines(NamedSource::new(name, text.to_owned())));
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

/// A file of which miette sees the lines of a label, from their start to their end, and none around them.
#[derive(Debug)]
struct WholeLines(NamedSource<String>);

impl SourceCode for WholeLines {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        // For the line and column in the heading, miette asks without context.
        if before == 0 && after == 0 {
            return self.0.read_span(span, 0, 0);
        }
        let text = self.0.inner();
        let (start, end) = (span.offset(), span.offset() + span.len());
        let line_start = text
            .get(..start)
            .and_then(|t| t.rfind('\n'))
            .map_or(0, |newline| newline + 1);
        let line_end = text
            .get(end..)
            .and_then(|t| t.find('\n'))
            .map_or(text.len(), |newline| end + newline);
        self.0.read_span(&SourceSpan::from(line_start..line_end), 0, 0)
    }
}
