//! Has the user's `git` clone a template: its configuration, credentials and proxies are theirs.
//!
//! Nothing of what was cloned is run; submodules are left out.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{ForeignError, Origin};
use crate::support::processes;
use crate::support::waiting::{First, Task, Waiting};

/// The most of git's words that are shown, in bytes.
const SAID_MAX_BYTES: u64 = 16 << 10;

/// How long a clone may take. A template has 64 MiB at most: what takes longer has no end, or no connection.
pub(super) const CLONE_MAX: Duration = Duration::from_secs(5 * 60);

/// How long git is waited for that was asked to end: it removes what it has written.
const TIDY_UP_MAX: Duration = Duration::from_secs(5);

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
    let mut waiting = Waiting::new().map_err(ForeignError::Git)?;
    let mut child = git
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ForeignError::NoGit,
            _ => ForeignError::Git(error),
        })?;
    let stderr = child.stderr.take();
    let reading = Task::start(move || stderr.map(read).unwrap_or_default());
    let said = match reading.and_then(|mut reading| waiting.wait(&mut reading, Some(CLONE_MAX))) {
        Ok(First::Done(said)) => said,
        first => {
            stop(child, &mut waiting);
            return Err(match first {
                Ok(First::TimedOut) => ForeignError::TooLong(shown(origin.from)),
                Ok(_) => ForeignError::Interrupted,
                Err(error) => ForeignError::Git(error),
            });
        }
    };
    let status = child.wait().map_err(ForeignError::Git)?;
    match status.success() {
        true => Ok(()),
        false => Err(failed(origin.from, &String::from_utf8_lossy(&said))),
    }
}

/// Has git end, by its own way or at last by none. What it started to read from the network ends when it finds nobody to write to.
fn stop(mut child: Child, waiting: &mut Waiting) {
    let id = child.id();
    let _ = processes::terminate(&mut child);
    let Ok(mut ending) = Task::start(move || child.wait()) else {
        return;
    };
    if !matches!(waiting.wait(&mut ending, Some(TIDY_UP_MAX)), Ok(First::Done(_))) {
        processes::end(id, false, true);
        let _ = waiting.wait(&mut ending, Some(TIDY_UP_MAX));
    }
}

/// What git says, up to the end of it.
fn read(mut stream: impl Read) -> Vec<u8> {
    let mut said = Vec::new();
    let read = stream.by_ref().take(SAID_MAX_BYTES).read_to_end(&mut said);
    // What is more is read too, and not kept: git waits for a reader.
    let _ = read.and_then(|_| io::copy(&mut stream, &mut io::sink()));
    said
}

/// Git's own words, without what could steer a terminal, and without what a URL keeps to itself.
fn failed(url: &str, said: &str) -> ForeignError {
    let shown = shown(url);
    let secret = password(url).filter(|secret| !secret.is_empty());
    let cover = |line: &str| {
        let line = covered(&line.replace(url, &shown));
        secret.map_or_else(|| line.clone(), |secret| line.replace(secret, COVER))
    };
    let lines = said.lines().map(|line| {
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        format!("  {}", cover(line.trim()))
    });
    let lines: Vec<_> = lines.filter(|line| !line.trim().is_empty()).collect();
    ForeignError::Clone {
        url: shown,
        said: lines.join("\n"),
    }
}

/// What stands in the place of a secret.
const COVER: &str = "***";

/// A text whose URLs show neither a user nor a query: a token is a user's name, a password or in a query.
fn covered(text: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c.is_whitespace() || "'\"`<>".contains(c));
        let (url, rest) = part.split_at(end.unwrap_or(part.len()));
        shown.push_str(&format!("://{}{rest}", behind_the_scheme(url)));
    }
    shown
}

/// A URL that somebody gave, covered; it may have anything in it.
fn shown(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", behind_the_scheme(rest)),
        None => url.to_owned(),
    }
}

/// `***@host/path?***` of `user:password@host/path?query#fragment`.
fn behind_the_scheme(url: &str) -> String {
    let (address, query) = match url.split_once('?') {
        Some((address, _)) => (address, format!("?{COVER}")),
        None => (url, String::new()),
    };
    let end = address.find(['/', '#']).unwrap_or(address.len());
    let (authority, path) = address.split_at(end);
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{COVER}@{host}{path}{query}"),
        None => format!("{address}{query}"),
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
    fn what_a_url_keeps_to_itself() {
        for (text, expected) in [
            ("https://ghp_zq7@example.com/a", "https://***@example.com/a"),
            ("https://ghp_zq7:@example.com/a", "https://***@example.com/a"),
            ("https://me:zq7@example.com/a@b", "https://***@example.com/a@b"),
            ("https://me:z@q7@example.com", "https://***@example.com"),
            ("https://example.com/a.git?token=zq7#b", "https://example.com/a.git?***"),
            ("https://example.com?a@b", "https://example.com?***"),
            ("https://example.com/a@b", "https://example.com/a@b"),
            ("git@example.com:a", "git@example.com:a"),
            (
                "from 'https://zq7@a.example/?zq7' to http://me:zq7@b.example: no",
                "from 'https://***@a.example/?***' to http://***@b.example: no",
            ),
            ("no", "no"),
            ("://", "://"),
        ] {
            assert_eq!(covered(text), expected, "{text}");
        }
        // what ends a URL in git's words can stand in one that somebody gives
        let error = failed(
            "https://me:z'q7@a.example/",
            "fatal: 'https://me:z'q7@a.example/': z'q7",
        );
        let expected = "git cannot clone `https://***@a.example/`:
  fatal: 'https://***@a.example/': ***";
        assert_eq!(error.to_string(), expected);
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
            "git cannot clone `https://***@example.com/a`:\n  fatal: [31mno https://***@example.com/a"
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
