//! `slt explain`: what a diagnostic means, with a wrong and a right example; the list of all codes; the JSON Schema of
//! the slightfile.
//!
//! All of it is in the binary: no project, no file and no network is needed.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Exit, Failure, Session};
use crate::catalogue::CATALOGUE;
use crate::cli::Explain;
use crate::slightfile::{EXPLANATIONS, Explanation, explanation, near};
use crate::validate::schema;

/// What `slt explain --format json` prints, an object a line.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// The page of one code.
    Explanation {
        /// The code.
        code: &'static str,
        /// What it is, in a few words.
        title: &'static str,
        /// The page, in Markdown.
        page: &'static str,
    },
    /// A code, when all are listed.
    Code {
        /// The code.
        code: &'static str,
        /// What it is, in a few words.
        title: &'static str,
    },
}

/// Runs `slt explain`.
pub fn run(session: &Session<'_>, arguments: &Explain) -> Result<Exit, Failure> {
    match &arguments.code {
        _ if arguments.schema => session.ui.text(&schema::text(&CATALOGUE)),
        Some(code) => page(session, code)?,
        None => list(session),
    }
    Ok(Exit::Done)
}

fn page(session: &Session<'_>, written: &str) -> Result<(), Failure> {
    let found = explanation(written).ok_or_else(|| unknown(written))?;
    let Explanation { code, title, page } = *found;
    session.ui.page(page, &Line::Explanation { code, title, page });
    Ok(())
}

fn unknown(written: &str) -> Failure {
    let near: Vec<_> = near(written)
        .iter()
        .map(|explanation| format!("`{}`", explanation.code))
        .collect();
    let hint = match near.is_empty() {
        true => "a code is like `SLT0103`; `slt explain --list` lists them all".to_owned(),
        false => format!("near it are {}; `slt explain --list` lists them all", near.join(", ")),
    };
    let written: String = written.chars().filter(|c| !c.is_control()).take(40).collect();
    Failure::usage(format!("there is no diagnostic `{written}`")).hint(hint)
}

fn list(session: &Session<'_>) {
    let human: String = EXPLANATIONS
        .iter()
        .map(|Explanation { code, title, .. }| format!("{code}  {title}\n"))
        .collect();
    let lines: Vec<_> = EXPLANATIONS
        .iter()
        .map(|Explanation { code, title, .. }| Line::Code { code, title })
        .collect();
    session.ui.result(&human, &lines);
}
