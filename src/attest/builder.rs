//! Which system runs a build, as the variables of the common CI systems say. It reads no environment itself, and takes nothing from
//! it but what stands in the table below.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// Who built something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builder {
    /// The system, as a URI.
    pub id: String,
    /// This one run of it, as a URI: everybody who may can look it up.
    pub invocation: Option<String>,
}

/// Somebody's own machine, or a system that slt does not know.
const LOCAL: &str = "urn:slt:builder:local";

/// A CI system. In texts, `{NAME}` is the value of a variable.
struct System {
    /// The variable that is `true` or set there, and its value if that matters.
    sign: (&'static str, Option<&'static str>),
    /// Its id, the first one whose variables are all set.
    ids: &'static [&'static str],
    /// The run.
    invocation: &'static str,
}

/// Sources: <https://docs.github.com/actions/reference/workflows-and-actions/variables> and the id that
/// `actions/attest-build-provenance` writes; <https://docs.gitlab.com/ci/variables/predefined_variables/> and the id of
/// <https://docs.gitlab.com/ci/runners/provenance_metadata/>; <https://buildkite.com/docs/pipelines/configure/environment-variables>;
/// <https://circleci.com/docs/reference/variables/>; <https://learn.microsoft.com/azure/devops/pipelines/build/variables>.
const SYSTEMS: &[System] = &[
    System {
        sign: ("GITHUB_ACTIONS", Some("true")),
        ids: &[
            "https://github.com/actions/runner/{RUNNER_ENVIRONMENT}",
            "https://github.com/actions/runner",
        ],
        invocation: "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}/attempts/{GITHUB_RUN_ATTEMPT}",
    },
    System {
        sign: ("GITLAB_CI", Some("true")),
        ids: &["{CI_PROJECT_URL}/-/runners/{CI_RUNNER_ID}", "{CI_SERVER_URL}"],
        invocation: "{CI_JOB_URL}",
    },
    System {
        sign: ("BUILDKITE", Some("true")),
        ids: &["https://buildkite.com"],
        invocation: "{BUILDKITE_BUILD_URL}#{BUILDKITE_JOB_ID}",
    },
    System {
        sign: ("CIRCLECI", Some("true")),
        ids: &["https://circleci.com"],
        invocation: "{CIRCLE_BUILD_URL}",
    },
    System {
        sign: ("TF_BUILD", None),
        ids: &["https://dev.azure.com"],
        invocation: "{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",
    },
];

impl Builder {
    /// The system that these variables are of.
    #[must_use]
    pub fn of(environment: &BTreeMap<String, OsString>) -> Self {
        let value = |name: &str| {
            environment
                .get(name)
                .and_then(|value| value.to_str())
                .filter(|value| !value.is_empty())
        };
        let is_here = |system: &&System| {
            let (name, expected) = system.sign;
            value(name).is_some_and(|value| expected.is_none_or(|expected| value == expected))
        };
        let here = SYSTEMS.iter().find(is_here);
        Self {
            id: here
                .and_then(|system| system.ids.iter().find_map(|id| filled(id, value)))
                .unwrap_or_else(|| LOCAL.to_owned()),
            invocation: here.and_then(|system| filled(system.invocation, value)),
        }
    }
}

/// A text with its variables in it; `None`: one is not set, or what comes out is no address.
fn filled<'a>(text: &str, value: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        filled.push_str(before);
        filled.push_str(value(name)?);
        rest = after;
    }
    filled.push_str(rest);
    let url = url::Url::parse(&filled).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    is_plain.then(|| url.to_string().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], id: &str, invocation: Option<&str>) {
        let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), value.into()));
        let found = Builder::of(&owned.collect());
        assert_eq!(
            (found.id.as_str(), found.invocation.as_deref()),
            (id, invocation),
            "{variables:?}"
        );
    }

    #[test]
    fn the_common_systems() {
        check(&[], LOCAL, None);
        check(&[("GITHUB_ACTIONS", "false")], LOCAL, None);
        check(
            &[
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_SERVER_URL", "https://github.com"),
                ("GITHUB_REPOSITORY", "acme/shortener"),
                ("GITHUB_RUN_ID", "7"),
                ("GITHUB_RUN_ATTEMPT", "1"),
                ("RUNNER_ENVIRONMENT", "github-hosted"),
                ("GITHUB_ACTOR", "somebody"),
            ],
            "https://github.com/actions/runner/github-hosted",
            Some("https://github.com/acme/shortener/actions/runs/7/attempts/1"),
        );
        check(&[("GITHUB_ACTIONS", "true")], "https://github.com/actions/runner", None);
        check(
            &[
                ("GITLAB_CI", "true"),
                ("CI_PROJECT_URL", "https://gitlab.com/acme/shortener"),
                ("CI_RUNNER_ID", "42"),
                ("CI_JOB_URL", "https://gitlab.com/acme/shortener/-/jobs/9"),
            ],
            "https://gitlab.com/acme/shortener/-/runners/42",
            Some("https://gitlab.com/acme/shortener/-/jobs/9"),
        );
        check(
            &[
                ("BUILDKITE", "true"),
                ("BUILDKITE_BUILD_URL", "https://buildkite.com/acme/app/builds/3"),
                ("BUILDKITE_JOB_ID", "0190"),
            ],
            "https://buildkite.com",
            Some("https://buildkite.com/acme/app/builds/3#0190"),
        );
        check(
            &[
                ("CIRCLECI", "true"),
                ("CIRCLE_BUILD_URL", "https://me:token@circleci.com/1"),
            ],
            "https://circleci.com",
            None,
        );
    }
}
