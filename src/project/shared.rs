//! A slightfile for others: with references in place of the secrets in it.
//!
//! A value that is a secret, or has a password in it, becomes `${usersecrets.KEY}`: whoever runs it is told what to set, and by which
//! command. Comments do not go with it: nobody can say of prose whether a word in it is a password. What else looks like a secret, such as
//! what `slight` encrypted, is covered with stars, as in every excerpt that is shown. References stay as they are.

use super::Project;
use crate::catalogue::CATALOGUE;
use crate::slightfile::{self, Diagnostic, codes};
use crate::validate::{Artifact, validate};

/// The text of a project's slightfile without its secrets.
///
/// # Errors
/// The slightfile has errors, or a secret that no reference can stand for: the text as far as it could be written, which is what is said
/// of it is about.
pub fn without_secrets(project: &Project) -> Result<String, (String, Vec<Diagnostic>)> {
    let judge = |text: &str| {
        let (slightfile, mut diagnostics) = slightfile::parse(&project.slightfile_name, text);
        if let Some(slightfile) = &slightfile {
            diagnostics.extend(validate(slightfile, None, &CATALOGUE, Artifact::App));
        }
        diagnostics
    };
    let is_secret = |diagnostic: &Diagnostic| diagnostic.code == codes::CONFIG_SECRET;
    let found = judge(&project.slightfile_text);
    // the first of what is suggested is the reference to the user's own secrets
    let edits = found
        .iter()
        .filter(|found| is_secret(found))
        .filter_map(|found| found.fixes.first());
    let text = slightfile::apply(&project.slightfile_text, edits.flat_map(|fix| &fix.edits));
    let text = slightfile::cover(&slightfile::edit::layout::without_comments(&text));
    let mut left = judge(&text);
    left.retain(|left| left.is_error() || is_secret(left));
    match left.is_empty() {
        true => Ok(text),
        false => Err((text, left)),
    }
}
