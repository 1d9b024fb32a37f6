//! Which compiler a project is built with, as it says itself. It looks for none: cargo and the C builds find theirs.

use super::c::toolchain::{self, Kind};
use super::{BuildPlan, Toolchain, tool};

/// What compiles a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiler {
    /// What it is called: `rustc`, `clang`, `zig`.
    pub name: &'static str,
    /// Its version.
    pub version: String,
    /// The commit that it was built from, if it says.
    pub commit: Option<String>,
}

pub(super) fn of(plan: &BuildPlan) -> Option<Compiler> {
    match (&plan.command, &plan.toolchain) {
        (None, Some(Toolchain::Cargo)) => {
            let answer = tool::ask(plan, "rustc", &["-vV"]).ok()?;
            answer.status.success().then(|| rustc(&answer.stdout))?
        }
        (None, Some(Toolchain::C(_))) => c(plan),
        (Some(_), _) | (None, None) => None,
    }
}

/// What `rustc -vV` prints: a line for people, then lines of `key: value`.
fn rustc(said: &str) -> Option<Compiler> {
    let value = |key: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(key));
        line.map(|value| value.trim().to_owned())
    };
    let is_commit = |text: &String| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some(Compiler {
        name: "rustc",
        version: value("release:")?,
        commit: value("commit-hash:").filter(is_commit),
    })
}

fn c(plan: &BuildPlan) -> Option<Compiler> {
    let found = toolchain::find(&plan.environment, &plan.root).ok()?;
    let (name, question) = match found.kind {
        Kind::WasiSdk | Kind::Clang => ("clang", "--version"),
        Kind::Zig => ("zig", "version"),
    };
    let answer = tool::ask(plan, &found.program.display().to_string(), &[question]).ok()?;
    let version = answer.status.success().then(|| version(&answer.stdout))??;
    Some(Compiler {
        name,
        version,
        commit: None,
    })
}

/// `Debian clang version 14.0.6` and `0.13.0` both name a version.
fn version(said: &str) -> Option<String> {
    let mut words = said.lines().next()?.split_whitespace();
    let is_version = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    words.find(is_version).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_compilers_say() {
        let said = "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\ncommit-hash: 59807616e1fa2540724bfbac14d7976d7e4a3860\n\
                    commit-date: 2026-04-14\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\nLLVM version: 22.1.2\n";
        let found = rustc(said).unwrap();
        assert_eq!(found.version, "1.95.0");
        assert_eq!(
            found.commit.as_deref(),
            Some("59807616e1fa2540724bfbac14d7976d7e4a3860")
        );
        // a compiler of a distribution
        let found = rustc("rustc 1.95.0\ncommit-hash: unknown\nrelease: 1.95.0\n").unwrap();
        assert_eq!(found.commit, None);
        assert_eq!(rustc("sh: rustc\n"), None);
        assert_eq!(
            version("Debian clang version 14.0.6\nTarget: x86\n").as_deref(),
            Some("14.0.6")
        );
        assert_eq!(version("0.13.0\n").as_deref(), Some("0.13.0"));
        assert_eq!(version(""), None);
    }
}
