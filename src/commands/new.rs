//! `slt new`: writes a project, and says what to do next.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Exit, Failure, Session, changes};
use crate::cli::New;
use crate::scaffold::{
    self, ForeignError, ForeignTemplate, Origin, Plan, Question, ScaffoldError, TEMPLATES, Template,
};
use crate::support::{os, programs};

/// What `slt new --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// The project is there.
    Created {
        /// Its folder.
        folder: String,
        /// The line to type so that `slt` is found, by cargo too, when it would not be.
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// What should be known of the capabilities that were added.
        notes: Vec<String>,
    },
}

/// The help of `slt new` with the templates that there are.
pub(super) fn with_templates(command: clap::Command) -> clap::Command {
    let width = TEMPLATES.iter().map(|template| template.name.len()).max().unwrap_or(0);
    let lines = TEMPLATES
        .iter()
        .map(|template| format!("  {:width$}  {}\n", template.name, template.about));
    let templates: String = lines.collect();
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    command.after_help(format!("Templates:\n{templates}\n{examples}"))
}

/// Runs `slt new`.
pub fn run(session: &Session<'_>, arguments: &New) -> Result<Exit, Failure> {
    let (plan, next) = match &arguments.from {
        Some(from) => foreign(session, arguments, from)?,
        None => own(session, arguments)?,
    };
    let notes = scaffold::write(&plan).map_err(|error| failure(&error))?;
    let path = programs::mend_path(session.invocation);
    let human = next_steps(arguments, session, &plan, &next, path.as_deref());
    let folder = plan.folder.display().to_string();
    changes::tell(session, &notes, false);
    session.ui.result(&human, &[Line::Created { folder, path, notes }]);
    Ok(Exit::Done)
}

/// What is said of a project when it is there.
struct Next {
    /// What it is.
    about: Option<String>,
    /// What to type first, in the project's folder.
    steps: Option<String>,
    /// What the first build needs.
    first_build: Option<&'static str>,
}

/// A project of one of slt's own templates.
fn own(session: &Session<'_>, arguments: &New) -> Result<(Plan, Next), Failure> {
    let (name, template) = (&arguments.name, &arguments.template);
    let plan =
        scaffold::plan(&session.directory(), name, template, &arguments.with).map_err(|error| failure(&error))?;
    let next = Next {
        about: None,
        steps: Some(format!(
            "slt test     # with nothing to set up\n    slt build    # writes dist/{name}.wasm"
        )),
        first_build: Template::named(template).map(|template| template.first_build),
    };
    Ok((plan, next))
}

/// A project of somebody else's template.
fn foreign(session: &Session<'_>, arguments: &New, from: &str) -> Result<(Plan, Next), Failure> {
    let given = given(&arguments.set)?;
    let directory = session.directory();
    let may_ask = io::stdin().is_terminal() && !session.ui.is_json();
    let refused = |error: ForeignError| failure(&error.into());
    let template = scaffold::read_foreign(&Origin {
        from,
        branch: arguments.branch.as_deref(),
        directory: &directory,
        environment: &session.invocation.environment,
        may_ask,
    })
    .map_err(refused)?;
    // what is wrong with the command line is said before anything is asked
    template.check(&given).map_err(refused)?;
    let values = match may_ask {
        true => asked(session, &template, given)?,
        false => given,
    };
    let plan = scaffold::plan_foreign(&directory, &arguments.name, &template, &values, &arguments.with)
        .map_err(|error| failure(&error))?;
    let next = Next {
        about: template.description().map(ToOwned::to_owned),
        steps: plan.has_slightfile().then(|| "slt check".to_owned()),
        first_build: None,
    };
    Ok((plan, next))
}

/// The values of `--set`.
fn given(set: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let mut values = BTreeMap::new();
    for pair in set {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("`--set {pair}` has no `=`")).hint("it is `--set KEY=VALUE`"))?;
        if values.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(Failure::usage(format!("`--set {key}=…` is there twice")).hint("leave one of them out"));
        }
    }
    Ok(values)
}

/// The same, with what the user answers to the other questions.
fn asked(
    session: &Session<'_>,
    template: &ForeignTemplate,
    given: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Failure> {
    let mut values = given;
    for question in template.questions() {
        if !values.contains_key(&question.key)
            && let Some(answer) = answer(session, &question)?
        {
            values.insert(question.key, answer);
        }
    }
    Ok(values)
}

/// An answer; nothing when the default was taken.
fn answer(session: &Session<'_>, question: &Question) -> Result<Option<String>, Failure> {
    let what = match &question.help {
        Some(help) => format!("{} ({help})", question.key),
        None => question.key.clone(),
    };
    let default = question.default.as_ref().map(|default| format!(" [{default}]"));
    let text = format!("{what}{}: ", default.unwrap_or_default());
    loop {
        let line = session.ui.ask(&text).map_err(|error| {
            Failure::environment(format!("cannot ask for `{}`: {}", question.key, os::reason(&error)))
                .hint(format!("give it with `--set {}=…`", question.key))
        })?;
        match line {
            None => return Err(failure(&ForeignError::Interrupted.into())),
            Some(line) if !line.is_empty() => return Ok(Some(line)),
            Some(_) if question.default.is_some() => return Ok(None),
            Some(_) => {}
        }
    }
}

fn failure(error: &ScaffoldError) -> Failure {
    let failure = match error {
        ScaffoldError::Foreign(ForeignError::Interrupted) => return Failure::failed(error.to_string()),
        ScaffoldError::Write { .. }
        | ScaffoldError::Foreign(
            ForeignError::NoGit
            | ForeignError::Git(_)
            | ForeignError::Clone { .. }
            | ForeignError::TooLong(_)
            | ForeignError::Temporary(_),
        ) => Failure::environment(error.to_string()),
        _ => Failure::usage(error.to_string()),
    };
    failure.hint(error.hint())
}

fn next_steps(arguments: &New, session: &Session<'_>, plan: &Plan, next: &Next, path: Option<&str>) -> String {
    let name = &arguments.name;
    let folder = match &session.global.directory {
        Some(directory) => directory.join(name).display().to_string(),
        None => name.clone(),
    };
    let about = next
        .about
        .as_ref()
        .map(|about| format!(": {about}"))
        .unwrap_or_default();
    if session.global.quiet {
        return format!("created `{folder}`{about}\n");
    }
    let on_path = match (path, plan.is_cargo) {
        (None, true) => "`slt` is on PATH, so plain `cargo test` works too\n".to_owned(),
        (None, false) => String::new(),
        (Some(line), true) => format!(
            "`slt` is not on PATH, where cargo looks for it to run `cargo test`; to put it there:\n\n    {line}\n"
        ),
        (Some(line), false) => format!("`slt` is not on PATH; to put it there:\n\n    {line}\n"),
    };
    let first_build = next.first_build.map(|text| format!("{text}\n"));
    let more = first_build.unwrap_or_default() + &on_path;
    let more = if more.is_empty() { more } else { format!("\n{more}") };
    let steps = next.steps.as_ref().map(|steps| format!("    {steps}\n"));
    let steps = steps.unwrap_or_default();
    format!("created `{folder}`{about}\n\nnext:\n\n    cd {folder}\n{steps}{more}")
}
