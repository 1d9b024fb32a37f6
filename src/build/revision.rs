//! Which revision of its source a component is made from.

use super::{BuildPlan, tool};

/// The commit that is checked out where the package lies, if git is there and knows it.
pub(super) fn of(plan: &BuildPlan) -> Option<String> {
    let answer = tool::ask(plan, "git", &["rev-parse", "--verify", "--quiet", "HEAD"]).ok()?;
    let revision = answer.stdout.trim();
    let is_one = answer.status.success() && !revision.is_empty() && revision.bytes().all(|b| b.is_ascii_hexdigit());
    is_one.then(|| revision.to_string())
}
