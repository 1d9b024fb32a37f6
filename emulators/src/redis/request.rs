//! Requests: RESP arrays of bulk strings, and inline commands as people type them.
//!
//! The decoder keeps its place, so that a request which arrives byte by byte is looked at once. It holds places in the
//! connection's buffer, never bytes: [`Arguments`] borrows them for as long as the command runs.
//!
//! Where it is odd, it is so as Redis 7.0.15 is: of a line end only the carriage return is looked at, the two bytes
//! after a bulk string are skipped unseen, and a line with a zero byte never ends.

use std::ops::Range;

use super::number;

/// The longest inline request, and the longest line of a length, in bytes: Redis's `PROTO_INLINE_MAX_SIZE`.
pub const INLINE_MAX_BYTES: usize = 64 * 1024;
/// The most arguments of a request: Redis's own, `INT_MAX`. The query buffer is full long before.
const MAX_ARGUMENTS: i64 = i32::MAX as i64;
/// The most arguments of a client that still has to authenticate.
const UNAUTHENTICATED_MAX_ARGUMENTS: i64 = 10;
/// The longest argument of a client that still has to authenticate, in bytes.
const UNAUTHENTICATED_MAX_BULK_BYTES: i64 = 16_384;

/// What ends a connection: its text, after `-ERR Protocol error: `.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// The count of arguments is no number.
    #[error("invalid multibulk length")]
    MultibulkLength,
    /// The length of an argument is no number, or too large.
    #[error("invalid bulk length")]
    BulkLength,
    /// An argument does not begin with its length.
    #[error("expected '$', got '{}'", String::from_utf8_lossy(.0))]
    ExpectedBulk(Vec<u8>),
    /// No end of the line.
    #[error("too big mbulk count string")]
    MultibulkLine,
    /// No end of the line.
    #[error("too big bulk count string")]
    BulkLine,
    /// No end of the line.
    #[error("too big inline request")]
    InlineLine,
    /// A quote without its other.
    #[error("unbalanced quotes in request")]
    Quotes,
    /// Too many arguments for a client that still has to authenticate.
    #[error("unauthenticated multibulk length")]
    UnauthenticatedMultibulk,
    /// Too long an argument for a client that still has to authenticate.
    #[error("unauthenticated bulk length")]
    UnauthenticatedBulk,
}

/// What may be asked of a connection now.
#[derive(Debug, Clone, Copy)]
pub struct RequestLimits {
    /// The longest argument, in bytes: `proto-max-bulk-len`.
    pub bulk_bytes: i64,
    /// The client has not authenticated, and must.
    pub is_unauthenticated: bool,
}

/// The arguments of one request; the first is the command's name.
#[derive(Debug, Clone, Copy)]
pub struct Arguments<'a> {
    bytes: &'a [u8],
    places: &'a [Range<usize>],
}

impl<'a> Arguments<'a> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// One of them; empty where there is none, which the check of the arity excludes.
    #[must_use]
    pub fn at(&self, index: usize) -> &'a [u8] {
        self.get(index).unwrap_or_default()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.places.get(index).and_then(|place| self.bytes.get(place.clone()))
    }

    /// Those from `first` on.
    pub fn from(&self, first: usize) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let bytes = self.bytes;
        self.places
            .iter()
            .skip(first)
            .map(move |place| bytes.get(place.clone()).unwrap_or_default())
    }

    /// The same without the first `count`.
    #[must_use]
    pub fn without(&self, count: usize) -> Self {
        Self {
            bytes: self.bytes,
            places: self.places.get(count..).unwrap_or_default(),
        }
    }

    /// Copies them, for a transaction.
    #[must_use]
    pub fn copied(&self) -> OwnedArguments {
        let mut owned = OwnedArguments::default();
        for argument in self.from(0) {
            owned.push(argument);
        }
        owned
    }
}

/// Arguments that were copied out of the connection's buffer.
#[derive(Debug, Clone, Default)]
pub struct OwnedArguments {
    bytes: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl OwnedArguments {
    /// Appends one.
    pub fn push(&mut self, argument: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(argument);
        self.places.push(start..self.bytes.len());
    }

    /// How much is held, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len() + self.places.len() * size_of::<Range<usize>>()
    }

    /// As they are used.
    #[must_use]
    pub fn borrow(&self) -> Arguments<'_> {
        Arguments {
            bytes: &self.bytes,
            places: &self.places,
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
    }
}

/// How far the decoder came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// More bytes are needed: at least so many.
    Incomplete(usize),
    /// A request is complete; [`Decoder::arguments`] has it.
    Request,
    /// A request without arguments: it is no request.
    Nothing,
}

/// Reads one request after another.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The next byte to look at, from the start of the request.
    position: usize,
    places: Vec<Range<usize>>,
    inline: OwnedArguments,
    is_inline: bool,
    /// Arguments still to come.
    remaining: i64,
    /// How much of the line of a length was searched for its end, in bytes.
    searched: usize,
    /// The length of the argument that is being read.
    bulk: Option<usize>,
}

impl Decoder {
    /// Looks at `buffer`, which begins where the request does and has grown since the last call.
    ///
    /// # Errors
    /// [`ProtocolError`]: nothing after it can be understood.
    pub fn decode(&mut self, buffer: &[u8], limits: RequestLimits) -> Result<Step, ProtocolError> {
        if self.remaining == 0 {
            match buffer.first() {
                None => return Ok(Step::Incomplete(1)),
                Some(b'*') => {
                    if let Some(step) = self.count(buffer, limits)? {
                        return Ok(step);
                    }
                }
                Some(_) => return self.line(buffer),
            }
        }
        while self.remaining > 0 {
            if let Some(missing) = self.argument(buffer, limits)? {
                return Ok(Step::Incomplete(missing));
            }
        }
        Ok(Step::Request)
    }

    /// The arguments of the request that is complete. `buffer` is that of the last call of [`Decoder::decode`].
    #[must_use]
    pub fn arguments<'a>(&'a self, buffer: &'a [u8]) -> Arguments<'a> {
        if self.is_inline {
            return self.inline.borrow();
        }
        Arguments {
            bytes: buffer,
            places: &self.places,
        }
    }

    /// Forgets the request, and says how long it was, in bytes.
    pub fn finish(&mut self) -> usize {
        self.places.clear();
        self.inline.clear();
        self.is_inline = false;
        self.searched = 0;
        std::mem::take(&mut self.position)
    }

    /// `*3\r\n`
    fn count(&mut self, buffer: &[u8], limits: RequestLimits) -> Result<Option<Step>, ProtocolError> {
        let Some(line) = line(buffer, &mut self.searched) else {
            if buffer.len() > INLINE_MAX_BYTES {
                return Err(ProtocolError::MultibulkLine);
            }
            return Ok(Some(Step::Incomplete(1)));
        };
        let count = line
            .get(1..)
            .and_then(number::parse)
            .filter(|count| *count <= MAX_ARGUMENTS)
            .ok_or(ProtocolError::MultibulkLength)?;
        if count > UNAUTHENTICATED_MAX_ARGUMENTS && limits.is_unauthenticated {
            return Err(ProtocolError::UnauthenticatedMultibulk);
        }
        self.position = line.len() + 2;
        if count <= 0 {
            return Ok(Some(Step::Nothing));
        }
        self.remaining = count;
        Ok(None)
    }

    /// `$3\r\nSET\r\n`: how many bytes are missing, if any are.
    fn argument(&mut self, buffer: &[u8], limits: RequestLimits) -> Result<Option<usize>, ProtocolError> {
        let length = match self.bulk {
            Some(length) => length,
            None => {
                let rest = buffer.get(self.position..).unwrap_or_default();
                let Some(line) = line(rest, &mut self.searched) else {
                    if rest.len() > INLINE_MAX_BYTES {
                        return Err(ProtocolError::BulkLine);
                    }
                    return Ok(Some(1));
                };
                let length = bulk_length(line, rest, limits)?;
                self.position += line.len() + 2;
                self.bulk = Some(length);
                length
            }
        };
        let end = self.position + length;
        if buffer.len() < end + 2 {
            return Ok(Some(end + 2 - buffer.len()));
        }
        self.places.push(self.position..end);
        self.position = end + 2;
        self.bulk = None;
        self.remaining -= 1;
        Ok(None)
    }

    /// `SET a "b c"\r\n`
    fn line(&mut self, buffer: &[u8]) -> Result<Step, ProtocolError> {
        let unseen = buffer.get(self.position..).unwrap_or_default();
        let seen = unseen.iter().take_while(|byte| !matches!(byte, b'\n' | 0)).count();
        let end = self.position + seen;
        if buffer.get(end) != Some(&b'\n') {
            if buffer.len() > INLINE_MAX_BYTES {
                return Err(ProtocolError::InlineLine);
            }
            self.position = end;
            return Ok(Step::Incomplete(1));
        }
        let line = buffer.get(..end).unwrap_or_default();
        self.position = end + 1;
        split(line.strip_suffix(b"\r").unwrap_or(line), &mut self.inline).ok_or(ProtocolError::Quotes)?;
        if self.inline.places.is_empty() {
            return Ok(Step::Nothing);
        }
        self.is_inline = true;
        Ok(Step::Request)
    }
}

/// Up to the carriage return, if the byte after it is there as well. `searched` keeps how far was looked.
fn line<'a>(bytes: &'a [u8], searched: &mut usize) -> Option<&'a [u8]> {
    let unseen = bytes.get(*searched..).unwrap_or_default();
    let end = *searched + unseen.iter().take_while(|byte| !matches!(byte, b'\r' | 0)).count();
    if bytes.get(end) != Some(&b'\r') || end + 2 > bytes.len() {
        *searched = end;
        return None;
    }
    *searched = 0;
    bytes.get(..end)
}

fn bulk_length(line: &[u8], rest: &[u8], limits: RequestLimits) -> Result<usize, ProtocolError> {
    match rest.first() {
        Some(b'$') | None => {}
        Some(other) => return Err(ProtocolError::ExpectedBulk(vec![*other])),
    }
    let length = line
        .get(1..)
        .and_then(number::parse)
        .filter(|length| (0..=limits.bulk_bytes).contains(length))
        .ok_or(ProtocolError::BulkLength)?;
    if length > UNAUTHENTICATED_MAX_BULK_BYTES && limits.is_unauthenticated {
        return Err(ProtocolError::UnauthenticatedBulk);
    }
    usize::try_from(length).map_err(|_| ProtocolError::BulkLength)
}

/// Splits a line into arguments, with their quotes and escapes resolved. `None`: the quotes are not balanced.
fn split(line: &[u8], into: &mut OwnedArguments) -> Option<()> {
    let mut rest = line;
    loop {
        let spaces = rest.iter().take_while(|byte| is_space(**byte)).count();
        rest = rest.get(spaces..).unwrap_or_default();
        if rest.is_empty() {
            return Some(());
        }
        let mut argument = Vec::new();
        rest = token(rest, &mut argument)?;
        into.push(&argument);
    }
}

/// Reads one argument, and gives back what follows it.
fn token<'a>(mut rest: &'a [u8], argument: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match rest {
            [] => return Some(rest),
            [b' ' | b'\n' | b'\r' | b'\t', after @ ..] => return Some(after),
            [b'"', after @ ..] => return end_of_quote(double_quoted(after, argument)?),
            [b'\'', after @ ..] => return end_of_quote(single_quoted(after, argument)?),
            [byte, after @ ..] => {
                argument.push(*byte);
                rest = after;
            }
        }
    }
}

fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

/// After a closing quote comes a space, or nothing.
fn end_of_quote(rest: &[u8]) -> Option<&[u8]> {
    rest.first().is_none_or(|byte| is_space(*byte)).then_some(rest)
}

fn double_quoted<'a>(mut rest: &'a [u8], argument: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        let (byte, after) = match rest {
            [] => return None,
            [b'"', after @ ..] => return Some(after),
            [b'\\', b'x', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                (hexadecimal(*high) << 4 | hexadecimal(*low), after)
            }
            [b'\\', escaped, after @ ..] => (unescaped(*escaped), after),
            [byte, after @ ..] => (*byte, after),
        };
        argument.push(byte);
        rest = after;
    }
}

fn single_quoted<'a>(mut rest: &'a [u8], argument: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        let (byte, after) = match rest {
            [] => return None,
            [b'\\', b'\'', after @ ..] => (b'\'', after),
            [b'\'', after @ ..] => return Some(after),
            [byte, after @ ..] => (*byte, after),
        };
        argument.push(byte);
        rest = after;
    }
}

fn hexadecimal(digit: u8) -> u8 {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
        .unwrap_or(0)
}

fn unescaped(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: RequestLimits = RequestLimits {
        bulk_bytes: 512 * 1024 * 1024,
        is_unauthenticated: false,
    };

    /// Feeds `input` in pieces that end at `ends`, and gives back each request, or the error that ends them.
    fn read(input: &[u8], ends: &[usize], limits: RequestLimits) -> (Vec<Vec<Vec<u8>>>, Option<ProtocolError>) {
        let (mut decoder, mut requests, mut start) = (Decoder::default(), Vec::new(), 0);
        for end in ends.iter().copied().chain([input.len()]) {
            loop {
                let buffer = &input[start..end];
                match decoder.decode(buffer, limits) {
                    Ok(Step::Incomplete(missing)) => {
                        assert!(missing > 0);
                        break;
                    }
                    Ok(Step::Request) => {
                        requests.push(decoder.arguments(buffer).from(0).map(<[u8]>::to_vec).collect());
                    }
                    Ok(Step::Nothing) => {}
                    Err(error) => return (requests, Some(error)),
                }
                start += decoder.finish();
            }
        }
        (requests, None)
    }

    fn words(requests: &[&[&str]]) -> Vec<Vec<Vec<u8>>> {
        requests
            .iter()
            .map(|request| request.iter().map(|word| word.as_bytes().to_vec()).collect())
            .collect()
    }

    #[test]
    fn requests_split_at_every_byte() {
        let input = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\n\r\n*1\r\nPING\r\n\r\n*0\r\n*-1\r\nset  a \"b \\x41\\n\\\"\" 'c\\'d'\r\n*1\r\n$0\r\n\r\nGET\n";
        let expected = words(&[
            &["SET", "k", "\r\n*1"],
            &["PING"],
            &["set", "a", "b A\n\"", "c'd"],
            &[""],
            &["GET"],
        ]);
        for first in 0..input.len() {
            for second in first..input.len() {
                assert_eq!(
                    read(input, &[first, second], LIMITS),
                    (expected.clone(), None),
                    "at {first}, {second}"
                );
            }
        }
        let each: Vec<usize> = (0..input.len()).collect();
        assert_eq!(read(input, &each, LIMITS), (expected, None));
    }

    #[test]
    fn what_ends_a_connection() {
        let unauthenticated = RequestLimits {
            is_unauthenticated: true,
            ..LIMITS
        };
        let long = |start: &str| format!("{start}{}", "1".repeat(INLINE_MAX_BYTES + 1)).into_bytes();
        for (input, limits, expected) in [
            (b"*x\r\n".to_vec(), LIMITS, ProtocolError::MultibulkLength),
            (b"*+1\r\n".to_vec(), LIMITS, ProtocolError::MultibulkLength),
            (b"*2147483648\r\n".to_vec(), LIMITS, ProtocolError::MultibulkLength),
            (b"*1\r\n$-10\r\n".to_vec(), LIMITS, ProtocolError::BulkLength),
            (b"*1\r\n$536870913\r\n".to_vec(), LIMITS, ProtocolError::BulkLength),
            (
                b"*1\r\n!3\r\n".to_vec(),
                LIMITS,
                ProtocolError::ExpectedBulk(b"!".to_vec()),
            ),
            (b"SET \"a\r\n".to_vec(), LIMITS, ProtocolError::Quotes),
            (b"SET \"a\"b\r\n".to_vec(), LIMITS, ProtocolError::Quotes),
            (b"SET 'a\r\n".to_vec(), LIMITS, ProtocolError::Quotes),
            (
                b"*11\r\n".to_vec(),
                unauthenticated,
                ProtocolError::UnauthenticatedMultibulk,
            ),
            (
                b"*1\r\n$16385\r\n".to_vec(),
                unauthenticated,
                ProtocolError::UnauthenticatedBulk,
            ),
            (long("*"), LIMITS, ProtocolError::MultibulkLine),
            (long("*1\r\n$"), LIMITS, ProtocolError::BulkLine),
            (long("G"), LIMITS, ProtocolError::InlineLine),
        ] {
            let (requests, error) = read(&input, &[], limits);
            assert_eq!((requests.len(), error), (0, Some(expected)), "{}", input.escape_ascii());
        }
    }

    #[test]
    fn a_large_argument_says_how_much_is_missing() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.decode(b"*1\r\n$100\r\nabc", LIMITS), Ok(Step::Incomplete(99)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_alike_however_they_are_split(
            input in proptest::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"*$\r\n01 3\"'\\x".to_vec())], 0..200),
            at in any::<prop::sample::Index>(),
        ) {
            let whole = read(&input, &[], LIMITS);
            prop_assert_eq!(read(&input, &[at.index(input.len() + 1)], LIMITS), whole.clone());
            let each: Vec<usize> = (0..input.len()).collect();
            prop_assert_eq!(read(&input, &each, LIMITS), whole);
        }
    }
}
