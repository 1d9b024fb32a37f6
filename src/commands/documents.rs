//! The documents about a component that several commands make: its SBOM, and the provenance of a build.

use crate::attest::{self, Builder, Contents, Provenance, provenance};
use crate::build::{self, BuildPlan, Inventory, Source, Toolchain, Written};
use crate::cli::sbom::SbomFormat;
use crate::support::os;
use crate::support::text::one_line;

use super::{Failure, Session};

/// The variable that says which time a reproducible document has (<https://reproducible-builds.org/specs/source-date-epoch/>).
pub(super) const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// What is known of a component that was just built.
pub(super) struct Made {
    /// What is in it.
    pub contents: Contents,
    /// The packages that cargo compiled, if it was cargo.
    pub inventory: Option<Inventory>,
}

/// What is in a component that was just built; `component` is its bytes.
pub(super) fn made(plan: &BuildPlan, written: &Written, component: &[u8]) -> Result<Made, Failure> {
    let inventory = build::inventory(plan, &written.app).map_err(super::build::failure)?;
    let about = &written.app.about;
    let contents = Contents::of(component, &about.name, Some(&about.version), inventory.as_ref())
        .map_err(|error| Failure::failed(format!("`{}` {error}", written.path.display())))?;
    Ok(Made { contents, inventory })
}

/// How a component was made that was just built.
pub(super) fn provenance(session: &Session<'_>, plan: &BuildPlan, made: &Made) -> Provenance {
    let line = plan.command.as_ref().and_then(|command| command.line.as_deref());
    let command = line.map(|line| provenance::program(line).unwrap_or_else(|| os::SHELL.0.to_owned()));
    let is_ours = plan.command.is_none();
    let is_cargos = is_ours && plan.toolchain == Some(Toolchain::Cargo);
    Provenance {
        name: made.contents.name.clone(),
        version: made.contents.version.clone(),
        release: is_ours.then_some(plan.release),
        target: is_cargos.then(|| build::TARGET.to_owned()),
        command,
        source: build::source(plan),
        lock: made.inventory.as_ref().and_then(|inventory| inventory.lock.clone()),
        compiler: build::compiler(plan),
        builder: Builder::of(&session.invocation.environment),
    }
}

/// How many paths are named that are not as they were committed: enough to know which command made them.
const CHANGED_SHOWN: usize = 3;

/// Why a provenance names no commit, if its source has one that it is not.
pub(super) fn without_commit(source: &Source) -> Option<String> {
    if !source.is_modified {
        return None;
    }
    let mut named: Vec<String> = source
        .changed
        .iter()
        .map(|path| format!("`{}`", one_line(path)))
        .collect();
    let why = match named.len() {
        0 => "git does not say whether everything is as it was committed".to_owned(),
        1 => format!("{} is not as it was committed", named.concat()),
        all => {
            named.truncate(CHANGED_SHOWN);
            if all > CHANGED_SHOWN {
                named.push(format!("{} more", all - CHANGED_SHOWN));
            }
            let last = named.pop().unwrap_or_default();
            format!("{} and {last} are not as they were committed", named.join(", "))
        }
    };
    Some(format!("the provenance names no commit: {why}"))
}

/// The time that documents have, in seconds since 1970.
pub(super) fn created(session: &Session<'_>) -> Result<u64, Failure> {
    let Some(value) = session
        .invocation
        .environment
        .get(EPOCH)
        .filter(|value| !value.is_empty())
    else {
        return Ok(0);
    };
    let seconds = value.to_str().and_then(|text| text.trim().parse().ok());
    /// The year 9999 ends: what comes later has no four digits.
    const LAST: u64 = 253_402_300_799;
    seconds.filter(|seconds| *seconds <= LAST).ok_or_else(|| {
        Failure::usage(format!(
            "`{EPOCH}` is no number of seconds: `{}`",
            value.to_string_lossy()
        ))
        .hint("for example the time of the last commit: `git log -1 --format=%ct`")
    })
}

/// The format that a flag names.
pub(super) fn format(flag: SbomFormat) -> attest::Format {
    match flag {
        SbomFormat::Cyclonedx => attest::Format::CycloneDx,
        SbomFormat::Spdx => attest::Format::Spdx,
    }
}
