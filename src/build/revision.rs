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

/// All that git says of the source. A file that git is not told to leave out is part of it, whether it was added or not; what
/// slt writes to `dist/` is not.
pub(super) fn source(plan: &BuildPlan) -> Option<Source> {
    let commit = of(plan)?;
    let changes = [
        "status",
        "--porcelain",
        "--untracked-files=normal",
        "--",
        ":/",
        ":(exclude)dist",
    ];
    Some(Source {
        commit,
        // what can't be looked at is not known to be as it was committed
        is_modified: git(plan, &changes).is_none_or(|changes| !changes.trim().is_empty()),
        url: git(plan, &["config", "--get", "remote.origin.url"]).and_then(|url| public_url(&url)),
        folder: git(plan, &["rev-parse", "--show-prefix"])?
            .trim()
            .trim_end_matches('/')
            .to_owned(),
    })
}

fn git(plan: &BuildPlan, arguments: &[&str]) -> Option<String> {
    let answer = tool::ask(plan, "git", arguments).ok()?;
    answer.status.success().then_some(answer.stdout)
}
