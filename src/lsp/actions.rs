//! Quick fixes: what a diagnostic says that a program can change.

use std::collections::HashMap;
use std::ops::Range;

use lsp_types::{CodeAction, CodeActionKind, CodeActionResponse, WorkspaceEdit};

use super::diagnostics;
use super::view::View;
use crate::slightfile::{Diagnostic, Fix};

/// The fixes of each diagnostic that has a place in these bytes.
#[must_use]
pub fn quick_fixes(view: &View<'_>, found: &[Diagnostic], bytes: &Range<usize>) -> Vec<CodeActionResponse> {
    if !view.client.actions {
        return Vec::new();
    }
    let touched = found.iter().filter(|diagnostic| touches(view.text, diagnostic, bytes));
    let fixes = touched.flat_map(|diagnostic| diagnostic.fixes.iter().map(move |fix| (diagnostic, fix)));
    fixes
        .map(|(diagnostic, fix)| CodeActionResponse::CodeAction(action(view, diagnostic, fix)))
        .collect()
}

fn touches(text: &str, diagnostic: &Diagnostic, bytes: &Range<usize>) -> bool {
    let touches = |place: &Range<usize>| place.start <= bytes.end && bytes.start <= place.end;
    touches(&diagnostics::place(text, diagnostic)) || diagnostic.labels.iter().any(|label| touches(&label.range))
}

fn action(view: &View<'_>, diagnostic: &Diagnostic, fix: &Fix) -> CodeAction {
    let edits = fix.edits.iter().map(|edit| view.edit(&edit.range, edit.text.clone()));
    CodeAction {
        title: fix.title.clone(),
        kind: Some(CodeActionKind::QuickFix),
        diagnostics: Some(vec![diagnostics::one(view, diagnostic)]),
        is_preferred: Some(fix.automatic),
        edit: Some(WorkspaceEdit {
            changes: Some(HashMap::from([(view.uri.clone(), edits.collect())])),
            ..WorkspaceEdit::default()
        }),
        ..CodeAction::default()
    }
}
