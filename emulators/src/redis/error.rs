//! What a command can answer with instead of a result, in the words of Redis 7.0.15.
//!
//! The text is the wire's, without the leading `-`: clients tell errors apart by its first word, and people read the
//! rest. What is not UTF-8 comes from the request and is carried in [`Error::Quoted`].

/// An error reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An option that does not exist, or does not go with another.
    #[error("ERR syntax error")]
    Syntax,
    /// Not a decimal number of 64 bits.
    #[error("ERR value is not an integer or out of range")]
    NotAnInteger,
    /// Not a number that C's `strtold` takes whole.
    #[error("ERR value is not a valid float")]
    NotAFloat,
    /// The key that is needed does not exist.
    #[error("ERR no such key")]
    NoSuchKey,
    /// The sum does not fit in 64 bits.
    #[error("ERR increment or decrement would overflow")]
    IncrementOverflow,
    /// The negated decrement does not fit in 64 bits.
    #[error("ERR decrement would overflow")]
    DecrementOverflow,
    /// The sum of floats is no number.
    #[error("ERR increment would produce NaN or Infinity")]
    NotANumber,
    /// A string would be longer than `proto-max-bulk-len`.
    #[error("ERR string exceeds maximum allowed size (proto-max-bulk-len)")]
    StringTooLong,
    /// A time to live that is not in the future of what the command can say.
    #[error("ERR invalid expire time in '{0}' command")]
    InvalidExpireTime(&'static str),
    /// Too few or too many arguments.
    #[error("ERR wrong number of arguments for '{0}' command")]
    Arity(&'static str),
    /// The database does not exist.
    #[error("ERR DB index is out of range")]
    DatabaseIndex,
    /// A password is set, and the client has not given it.
    #[error("NOAUTH Authentication required.")]
    AuthenticationRequired,
    /// The name or the password is wrong.
    #[error("WRONGPASS invalid username-password pair or user is disabled.")]
    WrongPassword,
    /// More is stored than may be.
    #[error("OOM command not allowed when used memory > 'maxmemory'.")]
    OutOfMemory,
    /// A queued command was refused.
    #[error("EXECABORT Transaction discarded because of previous errors.")]
    TransactionAborted,
    /// A text that needs nothing from the request.
    #[error("{0}")]
    Fixed(&'static str),
    /// A text that quotes what is known to be text.
    #[error("{0}")]
    Text(String),
    /// A text that quotes the request, which need not be UTF-8.
    #[error("{}", String::from_utf8_lossy(.0))]
    Quoted(Vec<u8>),
}

impl Error {
    /// Appends the text as it goes over the wire: line ends would end the reply, and become spaces.
    pub fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        match self {
            Self::Fixed(text) => out.extend_from_slice(text.as_bytes()),
            Self::Quoted(text) => out.extend_from_slice(text),
            other => out.extend_from_slice(other.to_string().as_bytes()),
        }
        for byte in out.iter_mut().skip(start) {
            if matches!(byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
    }
}
