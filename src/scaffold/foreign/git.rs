//! Has the user's `git` clone a template: its configuration, credentials and proxies are theirs.
//!
//! Nothing of what was cloned is run; submodules are left out.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use super::{ForeignError, Origin};

/// The most of git's words that are shown, in bytes.
const SAID_MAX_BYTES: u64 = 16 << 10;

/// What would point git at another repository than the clone; it is there in a hook of git's.
const ELSEWHERE: &[&str] = &["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"];

/// Whether this is what `git clone` takes for a URL: `https://…`, or `host:path` with no `/` before the `:`.
/// (<https://git-scm.com/docs/git-clone#_git_urls>; `C:\…` is a folder.)
pub(super) fn is_url(from: &str) -> bool {
    let before = from.split(':').next().unwrap_or_default();
    from.contains("://") || (from.contains(':') && before.len() > 1 && !before.contains(['/', '\\']))
}

/// Clones what there is of a branch or a tag today, without its history.
pub(super) fn clone(origin: &Origin<'_>, into: &Path) -> Result<(), ForeignError> {
    let mut git = Command::new("git");
    git.args(["clone", "--quiet", "--depth", "1", "--single-branch"]);
    if let Some(branch) = origin.branch {
        git.arg(format!("--branch={branch}"));
    }
    git.arg("--").arg(origin.from).arg(into);
    let kept = origin
        .environment
        .iter()
        .filter(|(name, _)| !ELSEWHERE.contains(&name.as_str()));
    git.current_dir(origin.directory).env_clear().envs(kept);
    if !origin.may_ask {
        git.env("GIT_TERMINAL_PROMPT", "0");
    }
    let mut child = git
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ForeignError::NoGit,
            _ => ForeignError::Git(error),
        })?;
    let mut said = Vec::new();
    if let Some(mut stream) = child.stderr.take() {
        let read = stream.by_ref().take(SAID_MAX_BYTES).read_to_end(&mut said);
        // What is more is read too, and not kept: git waits for a reader.
        let _ = read.and_then(|_| io::copy(&mut stream, &mut io::sink()));
    }
    let status = child.wait().map_err(ForeignError::Git)?;
    match status.success() {
        true => Ok(()),
        false => Err(failed(origin.from, &String::from_utf8_lossy(&said))),
    }
}

/// Git's own words, without what could steer a terminal, and without a password that stands in the URL.
fn failed(url: &str, said: &str) -> ForeignError {
    let secret = password(url).filter(|secret| !secret.is_empty());
    let cover = |text: &str| match secret {
        Some(secret) => text.replace(secret, "***"),
        None => text.to_owned(),
    };
    let lines = said.lines().map(|line| {
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        format!("  {}", line.trim())
    });
    let lines: Vec<_> = lines.filter(|line| !line.trim().is_empty()).collect();
    ForeignError::Clone {
        url: cover(url),
        said: cover(&lines.join("\n")),
    }
}

/// `b` of `https://a:b@host/`.
fn password(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let (user, _) = authority.rsplit_once('@')?;
    Some(user.split_once(':')?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (from, expected) in [
            ("https://example.com/a.git", true),
            ("file:///srv/a", true),
            ("git@example.com:team/a.git", true),
            ("host:a", true),
            ("templates/a", false),
            ("./a:b", false),
            ("C:\\templates", false),
            ("a", false),
        ] {
            assert_eq!(is_url(from), expected, "{from}");
        }
    }

    #[test]
    fn a_password_is_covered() {
        let error = failed(
            "https://me:zq7@example.com/a",
            "fatal: \x1b[31mno https://me:zq7@example.com/a\n\n",
        );
        let text = error.to_string();
        assert_eq!(
            text,
            "git cannot clone `https://me:***@example.com/a`:\n  fatal: [31mno https://me:***@example.com/a"
        );
        for (url, expected) in [
            ("https://me@example.com/a:b@c", None),
            ("https://me:p@ss@example.com/", Some("p@ss")),
            ("git@example.com:a", None),
        ] {
            assert_eq!(password(url), expected, "{url}");
        }
    }
}
