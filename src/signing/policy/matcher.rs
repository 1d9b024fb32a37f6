//! What an identity, an issuer or a value must be: exactly this, or what a regular expression says.
//!
//! An expression must match the whole text, unlike cosign's: `https://example.com/.*` would else accept what begins with
//! anything. The engine takes linear time; what an expression may cost in memory is bounded.

use regex::{Regex, RegexBuilder};

/// The longest expression, in bytes.
const EXPRESSION_MAX_BYTES: usize = 1 << 10;
/// The most memory that an expression may need, compiled, in bytes.
const COMPILED_MAX_BYTES: usize = 1 << 20;

/// What a text must be.
#[derive(Debug, Clone)]
pub enum Matcher {
    /// This.
    Exact(String),
    /// What the expression matches, from its first character to its last.
    Expression(Regex, String),
}

/// An expression that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no regular expression that slt takes: {0}")]
pub struct MatcherError(String);

/// The crate draws the place of an error above what is wrong.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let line = text.lines().last().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}

impl Matcher {
    /// Compiles an expression.
    ///
    /// # Errors
    /// It is none, or too large.
    pub fn expression(text: &str) -> Result<Self, MatcherError> {
        if text.len() > EXPRESSION_MAX_BYTES {
            return Err(MatcherError(format!("it has more than {EXPRESSION_MAX_BYTES} bytes")));
        }
        let compile = |text: &str| {
            let compiled = RegexBuilder::new(text).size_limit(COMPILED_MAX_BYTES).build();
            compiled.map_err(|error| MatcherError(last_line(&error)))
        };
        // by itself first: `a)|(b` is no expression, and would escape from the anchors
        compile(text)?;
        Ok(Self::Expression(compile(&format!(r"\A(?:{text})\z"))?, text.to_owned()))
    }

    /// Whether a text is it.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(expected) => expected == text,
            Self::Expression(expression, _) => expression.is_match(text),
        }
    }
}

impl std::fmt::Display for Matcher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(text) => write!(formatter, "`{text}`"),
            Self::Expression(_, text) => write!(formatter, "what `{text}` matches"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_match_the_whole() {
        for (expression, text, expected) in [
            ("https://a/.*", "https://a/b", true),
            ("https://a/.*", "x https://a/b", false),
            ("a|b", "ab", false),
            ("a|b", "b", true),
            ("a", "a\n", false),
            ("(?s)a.*", "a\nb", true),
            ("a.*", "a\nb", false),
            ("", "", true),
            ("", "x", false),
            ("a|ab", "ab", true),
        ] {
            assert_eq!(
                Matcher::expression(expression).unwrap().matches(text),
                expected,
                "{expression} {text}"
            );
        }
    }

    #[test]
    fn expressions_that_are_refused() {
        for expression in ["(", "a)|(b", "(?x)a #", r"\d{1000}{1000}", &"a".repeat(2_000)] {
            assert!(Matcher::expression(expression).is_err(), "{expression}");
        }
    }
}
