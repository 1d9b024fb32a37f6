//! Replies, and how RESP2 and RESP3 write them.
//!
//! A handler says what it answers, never how: a map is a flat array in RESP2, a null has three forms. Replies are not
//! decoded here; that is the client's side.

use bytes::Bytes;

use super::error::Error;

/// The version of the protocol that a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// What a connection speaks at first.
    Resp2,
    /// After `HELLO 3`.
    Resp3,
}

impl Protocol {
    /// 2 or 3.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Resp2 => 2,
            Self::Resp3 => 3,
        }
    }
}

/// What a command answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Nothing at all: the connection is closed instead.
    Silence,
    /// `+OK`
    Status(&'static str),
    /// `+OK`, of a text that was put together.
    Line(String),
    /// `-ERR …`
    Error(Error),
    /// `:1`
    Integer(i64),
    /// A string of bytes.
    Bulk(Bytes),
    /// No value.
    Nil,
    /// No array: an aborted `EXEC`.
    NilArray,
    /// Replies in a row.
    Array(Vec<Reply>),
    /// Pairs; in RESP2 a flat array.
    Map(Vec<(Reply, Reply)>),
    /// In RESP2 an array.
    Set(Vec<Reply>),
    /// Text for people; in RESP2 a string of bytes.
    Verbatim(String),
    /// Written already, in the versions that were spoken meanwhile: the replies of an `EXEC`.
    Written(Vec<u8>),
}

/// `+OK`
pub const OK: Reply = Reply::Status("OK");

impl Reply {
    /// A string of bytes that is part of the program.
    #[must_use]
    pub fn text(text: &'static str) -> Self {
        Self::Bulk(Bytes::from_static(text.as_bytes()))
    }

    /// A string of bytes that is copied.
    #[must_use]
    pub fn copied(bytes: &[u8]) -> Self {
        Self::Bulk(Bytes::copy_from_slice(bytes))
    }

    /// An integer; what does not fit is as large as fits.
    #[must_use]
    pub fn count(number: usize) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// `:1` or `:0`
    #[must_use]
    pub fn flag(is_so: bool) -> Self {
        Self::Integer(i64::from(is_so))
    }

    /// The value, or no value.
    #[must_use]
    pub fn maybe(value: Option<Bytes>) -> Self {
        value.map_or(Self::Nil, Self::Bulk)
    }

    /// Appends the reply to `out`.
    pub fn write(&self, protocol: Protocol, out: &mut Vec<u8>) {
        let is_resp3 = protocol == Protocol::Resp3;
        match self {
            Self::Silence => {}
            Self::Status(text) => write_line(text, out),
            Self::Line(text) => write_line(text, out),
            Self::Error(error) => {
                out.push(b'-');
                error.write(out);
                out.extend_from_slice(b"\r\n");
            }
            Self::Integer(number) => write_number(b':', *number, out),
            Self::Bulk(bytes) => write_bulk(bytes, out),
            Self::Nil if is_resp3 => out.extend_from_slice(b"_\r\n"),
            Self::Nil => out.extend_from_slice(b"$-1\r\n"),
            Self::NilArray if is_resp3 => out.extend_from_slice(b"_\r\n"),
            Self::NilArray => out.extend_from_slice(b"*-1\r\n"),
            Self::Array(items) => write_all(b'*', items, protocol, out),
            Self::Set(items) => write_all(if is_resp3 { b'~' } else { b'*' }, items, protocol, out),
            Self::Map(pairs) => {
                if is_resp3 {
                    write_length(b'%', pairs.len(), out);
                } else {
                    write_length(b'*', pairs.len() * 2, out);
                }
                for (key, value) in pairs {
                    key.write(protocol, out);
                    value.write(protocol, out);
                }
            }
            Self::Verbatim(text) if is_resp3 => {
                write_length(b'=', text.len() + "txt:".len(), out);
                out.extend_from_slice(b"txt:");
                out.extend_from_slice(text.as_bytes());
                out.extend_from_slice(b"\r\n");
            }
            Self::Verbatim(text) => write_bulk(text.as_bytes(), out),
            Self::Written(bytes) => out.extend_from_slice(bytes),
        }
    }
}

fn write_line(text: &str, out: &mut Vec<u8>) {
    out.push(b'+');
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn write_all(mark: u8, items: &[Reply], protocol: Protocol, out: &mut Vec<u8>) {
    write_length(mark, items.len(), out);
    for item in items {
        item.write(protocol, out);
    }
}

fn write_bulk(bytes: &[u8], out: &mut Vec<u8>) {
    write_length(b'$', bytes.len(), out);
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// Appends a count with its mark: `*3`.
pub fn write_length(mark: u8, length: usize, out: &mut Vec<u8>) {
    write_number(mark, i64::try_from(length).unwrap_or(i64::MAX), out);
}

fn write_number(mark: u8, number: i64, out: &mut Vec<u8>) {
    out.push(mark);
    write_decimal(number, out);
    out.extend_from_slice(b"\r\n");
}

/// Appends a number in decimal, without allocating.
pub fn write_decimal(number: i64, out: &mut Vec<u8>) {
    if number < 0 {
        out.push(b'-');
    }
    let start = out.len();
    let mut rest = number.unsigned_abs();
    loop {
        // a digit: below 10
        out.push(b'0' + u8::try_from(rest % 10).unwrap_or(0));
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reply_in_both_versions() {
        let pair = || vec![(Reply::text("a"), Reply::Nil)];
        for (reply, resp2, resp3) in [
            (Reply::Silence, "", ""),
            (OK, "+OK\r\n", "+OK\r\n"),
            (
                Reply::Error(Error::Syntax),
                "-ERR syntax error\r\n",
                "-ERR syntax error\r\n",
            ),
            (
                Reply::Error(Error::Quoted(b"a\r\nb".to_vec())),
                "-a  b\r\n",
                "-a  b\r\n",
            ),
            (
                Reply::Integer(i64::MIN),
                ":-9223372036854775808\r\n",
                ":-9223372036854775808\r\n",
            ),
            (Reply::Integer(0), ":0\r\n", ":0\r\n"),
            (Reply::text(""), "$0\r\n\r\n", "$0\r\n\r\n"),
            (Reply::Nil, "$-1\r\n", "_\r\n"),
            (Reply::NilArray, "*-1\r\n", "_\r\n"),
            (
                Reply::Array(vec![Reply::Integer(10), Reply::Nil]),
                "*2\r\n:10\r\n$-1\r\n",
                "*2\r\n:10\r\n_\r\n",
            ),
            (Reply::Set(vec![OK]), "*1\r\n+OK\r\n", "~1\r\n+OK\r\n"),
            (Reply::Map(pair()), "*2\r\n$1\r\na\r\n$-1\r\n", "%1\r\n$1\r\na\r\n_\r\n"),
            (Reply::Verbatim("x".into()), "$1\r\nx\r\n", "=5\r\ntxt:x\r\n"),
        ] {
            for (protocol, expected) in [(Protocol::Resp2, resp2), (Protocol::Resp3, resp3)] {
                let mut out = Vec::new();
                reply.write(protocol, &mut out);
                assert_eq!(String::from_utf8(out).unwrap(), expected, "{reply:?} in {protocol:?}");
            }
        }
    }
}
