//! The names of secrets: what can stand behind the dot of `${usersecrets.KEY}`.

/// The longest name, in bytes.
pub const NAME_MAX_BYTES: usize = 128;

/// A name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

/// Why a text is no name. It never repeats the text: somebody may have written a value there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing.
    #[error("the name of a secret is empty")]
    Empty,
    /// Too long.
    #[error("the name of a secret has {0} bytes, and may have {NAME_MAX_BYTES}")]
    TooLong(usize),
    /// Other characters.
    #[error("the name of a secret has other characters than letters, digits, `_` and `-`")]
    Characters,
    /// A value behind it.
    #[error("a value is not taken from the arguments, where other programs and the shell's history see it")]
    Value,
}

impl Name {
    /// Reads a name: ASCII letters, digits, `_` and `-`. A reference is split at its last dot, so that there is none in it.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if text.is_empty() {
            Err(NameError::Empty)
        } else if text.contains('=') {
            Err(NameError::Value)
        } else if text.len() > NAME_MAX_BYTES {
            Err(NameError::TooLong(text.len()))
        } else if !text.bytes().all(is_allowed) {
            Err(NameError::Characters)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// So that a map of secrets is asked with what a reference says.
impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let long = "a".repeat(NAME_MAX_BYTES + 1);
        for (text, expected) in [
            ("REDIS_ADDRESS", Ok(())),
            ("a-1", Ok(())),
            ("_", Ok(())),
            (&long[1..], Ok(())),
            ("", Err(NameError::Empty)),
            (&long, Err(NameError::TooLong(129))),
            ("a.b", Err(NameError::Characters)),
            ("a b", Err(NameError::Characters)),
            ("a}", Err(NameError::Characters)),
            ("a:-b", Err(NameError::Characters)),
            ("é", Err(NameError::Characters)),
            ("a\n", Err(NameError::Characters)),
            ("a=b", Err(NameError::Value)),
        ] {
            assert_eq!(Name::parse(text).map(|_| ()), expected, "{text}");
        }
    }
}
