//! What `slt check` finds, as an editor shows it.

use lsp_types::{Code, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location, Message};

use super::view::View;
use crate::slightfile::{self, Label, Severity, codes};

/// How many problems of a document are sent: who has more mends these first.
const DIAGNOSTICS_MAX: usize = 1_000;

/// Codes that mark something in the file as without use.
const UNNECESSARY: &[&str] = &[codes::CAPABILITY_UNUSED];

/// Codes that, before 1.0, mark a key that is not read.
const IGNORED: &[&str] = &[codes::KEY_UNKNOWN, codes::KEY_OF_OTHER_VERSION];

/// Codes that mark a name that another one has taken the place of.
const DEPRECATED: &[&str] = &[codes::RESOURCE_OLD_NAME];

/// All that the client wants to see.
#[must_use]
pub fn all(view: &View<'_>, found: &[slightfile::Diagnostic]) -> Vec<Diagnostic> {
    let wanted = |diagnostic: &&slightfile::Diagnostic| {
        view.client.syntax_errors || diagnostic.code != codes::SYNTAX || diagnostic.labels.is_empty()
    };
    found
        .iter()
        .filter(wanted)
        .take(DIAGNOSTICS_MAX)
        .map(|diagnostic| one(view, diagnostic))
        .collect()
}

/// One of them.
#[must_use]
pub fn one(view: &View<'_>, diagnostic: &slightfile::Diagnostic) -> Diagnostic {
    let tag = tag(diagnostic).filter(|_| view.client.tags);
    let related: Vec<_> = diagnostic
        .labels
        .iter()
        .skip(1)
        .map(|label| related(view, label))
        .collect();
    Diagnostic {
        range: view.lines.range(&place(view.text, diagnostic)),
        severity: Some(match diagnostic.severity {
            Severity::Error => DiagnosticSeverity::Error,
            Severity::Warning => DiagnosticSeverity::Warning,
            Severity::Note => DiagnosticSeverity::Information,
        }),
        code: Some(Code::String(diagnostic.code.to_owned())),
        source: Some("slt".to_owned()),
        message: Message::String(message(diagnostic)),
        tags: tag.map(|tag| vec![tag]),
        related_information: Some(related).filter(|related| view.client.related && !related.is_empty()),
        data: Some(serde_json::json!({ "explain": format!("slt explain {}", diagnostic.code) })),
        ..Diagnostic::default()
    }
}

/// The main place; the file's first line for a problem that has none in the file.
#[must_use]
pub fn place(text: &str, diagnostic: &slightfile::Diagnostic) -> std::ops::Range<usize> {
    match diagnostic.labels.first() {
        Some(label) => label.range.clone(),
        None => 0..text.find(['\n', '\r']).unwrap_or(text.len()),
    }
}

/// What is wrong, what is wrong there, and the way out: an editor shows the text alone.
fn message(diagnostic: &slightfile::Diagnostic) -> String {
    let mut text = diagnostic.message.clone();
    // One of several says which of the places it is, and not what is wrong.
    if let [only] = diagnostic.labels.as_slice()
        && only.text != "here"
    {
        text.push('\n');
        text.push_str(&only.text);
    }
    if let Some(hint) = &diagnostic.hint {
        text.push_str("\nhint: ");
        text.push_str(hint);
    }
    text
}

fn tag(diagnostic: &slightfile::Diagnostic) -> Option<DiagnosticTag> {
    let is = |codes: &[&str]| codes.contains(&diagnostic.code);
    if is(UNNECESSARY) || is(IGNORED) && !diagnostic.is_error() {
        return Some(DiagnosticTag::Unnecessary);
    }
    is(DEPRECATED).then_some(DiagnosticTag::Deprecated)
}

fn related(view: &View<'_>, label: &Label) -> DiagnosticRelatedInformation {
    DiagnosticRelatedInformation {
        location: Location {
            uri: view.uri.clone(),
            range: view.lines.range(&label.range),
        },
        message: label.text.clone(),
    }
}
