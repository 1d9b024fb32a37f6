//! Which revision of its source a component is made from, as git says.

use super::inventory::public_url;
use super::{BuildPlan, tool};

/// The source of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The commit that is checked out.
    pub commit: String,
    /// Whether what lies there is not what was committed.
    pub is_modified: bool,
    /// What that is, as far as git says: paths from the topmost folder of the repository.
    pub changed: Vec<String>,
    /// Where others find the repository: the address of `origin`, without what logs in to it.
    pub url: Option<String>,
    /// The project's folder, from the topmost folder of the repository; nothing where it is that folder.
    pub folder: String,
}

/// The commit that is checked out where the package lies, if git is there and knows it.
pub(super) fn of(plan: &BuildPlan) -> Option<String> {
    let answer = git(plan, &["rev-parse", "--verify", "--quiet", "HEAD"])?;
    let revision = answer.trim();
    let is_one = !revision.is_empty() && revision.bytes().all(|b| b.is_ascii_hexdigit());
    is_one.then(|| revision.to_string())
}

/// The commit that a build is made from, if all of its source is as it was committed: of anything else, the commit would be another's.
pub(super) fn unmodified(plan: &BuildPlan) -> Option<String> {
    let commit = of(plan)?;
    changed(plan).is_some_and(|paths| paths.is_empty()).then_some(commit)
}

/// All that git says of the source.
pub(super) fn source(plan: &BuildPlan) -> Option<Source> {
    let commit = of(plan)?;
    let changed = changed(plan);
    Some(Source {
        commit,
        // what can't be looked at is not known to be as it was committed
        is_modified: changed.as_ref().is_none_or(|paths| !paths.is_empty()),
        changed: changed.unwrap_or_default(),
        url: git(plan, &["config", "--get", "remote.origin.url"]).and_then(|url| public_url(&url)),
        folder: git(plan, &["rev-parse", "--show-prefix"])?
            .trim()
            .trim_end_matches('/')
            .to_owned(),
    })
}

/// What is not as it was committed; `None`: git can't say. A file that git is not told to leave out is part of the source, whether it
/// was added or not; what slt writes to `dist/` is not.
fn changed(plan: &BuildPlan) -> Option<Vec<String>> {
    let status = [
        // the index is left as it is: the user's own git may be about to write it
        "--no-optional-locks",
        "-c",
        "core.quotePath=false",
        "status",
        "--porcelain",
        "--untracked-files=normal",
        "--",
        ":/",
        ":(exclude)dist",
    ];
    let answer = git(plan, &status)?;
    // a path follows two letters and a space: <https://git-scm.com/docs/git-status#_short_format>
    let path = |line: &str| line.get(3..).unwrap_or(line).to_owned();
    Some(answer.lines().map(path).collect())
}

fn git(plan: &BuildPlan, arguments: &[&str]) -> Option<String> {
    let answer = tool::ask(plan, "git", arguments).ok()?;
    answer.status.success().then_some(answer.stdout)
}
