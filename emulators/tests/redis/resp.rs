//! RESP as a client sees it: requests are encoded, replies are framed and parsed.
//!
//! Kept apart from the emulator's own codec on purpose: a mistake there must not be repeated here. It trusts the peer's
//! sizes, as only a test may.

use std::fmt;

/// A reply, or a part of one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Frame {
    /// The first byte: `+`, `-`, `:`, `$`, `*`, and those of RESP3.
    pub kind: u8,
    /// What follows.
    pub body: Body,
}

/// What a frame holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Body {
    /// `$-1`, `*-1`, `_`
    Null,
    /// A line, or a bulk string.
    Text(Vec<u8>),
    /// The elements of an array, set or push; keys and values of a map in turn.
    Items(Vec<Frame>),
}

impl Frame {
    /// Whether this is an error reply.
    pub fn is_error(&self) -> bool {
        matches!(self.kind, b'-' | b'!')
    }

    /// The text of a line or bulk string.
    pub fn text(&self) -> &[u8] {
        match &self.body {
            Body::Text(text) => text,
            _ => &[],
        }
    }

    /// The number of an integer reply.
    pub fn integer(&self) -> Option<i64> {
        (self.kind == b':')
            .then(|| std::str::from_utf8(self.text()).ok()?.parse().ok())
            .flatten()
    }

    /// The elements of an aggregate.
    pub fn items(&self) -> &[Frame] {
        match &self.body {
            Body::Items(items) => items,
            _ => &[],
        }
    }

    /// The same with the elements of every aggregate in order, for replies whose order is not promised.
    pub fn sorted(mut self) -> Self {
        if let Body::Items(items) = self.body {
            let mut items: Vec<Frame> = items.into_iter().map(Frame::sorted).collect();
            items.sort();
            self.body = Body::Items(items);
        }
        self
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = char::from(self.kind);
        match &self.body {
            Body::Null => write!(formatter, "{kind}null"),
            Body::Text(text) => write!(formatter, "{kind}{}", escape(text)),
            Body::Items(items) => {
                write!(formatter, "{kind}")?;
                formatter.debug_list().entries(items).finish()
            }
        }
    }
}

/// A command as an array of bulk strings.
pub fn encode<A: AsRef<[u8]>>(arguments: &[A]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", arguments.len()).into_bytes();
    for argument in arguments {
        let argument = argument.as_ref();
        bytes.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        bytes.extend_from_slice(argument);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// The first reply in `bytes` and its length, when all of it is there. Panics on what is no RESP.
pub fn parse(bytes: &[u8]) -> Option<(Frame, usize)> {
    let end = bytes.windows(2).position(|two| two == b"\r\n")?;
    let (kind, line, after) = (bytes[0], &bytes[1..end], end + 2);
    let count = || -> i64 {
        let text = String::from_utf8_lossy(line);
        text.parse()
            .unwrap_or_else(|_| panic!("not a length: {:?}", escape(bytes)))
    };
    let (body, length) = match kind {
        b'+' | b'-' | b':' | b',' | b'#' | b'(' => (Body::Text(line.to_vec()), after),
        b'_' => (Body::Null, after),
        b'$' | b'!' | b'=' => match usize::try_from(count()) {
            Err(_) => (Body::Null, after),
            Ok(length) => {
                let text = bytes.get(after..after + length + 2)?;
                assert!(text.ends_with(b"\r\n"), "no end of line after a bulk string");
                (Body::Text(text[..length].to_vec()), after + length + 2)
            }
        },
        b'*' | b'~' | b'>' | b'%' | b'|' => match usize::try_from(count()) {
            Err(_) => (Body::Null, after),
            Ok(count) => {
                let count = if matches!(kind, b'%' | b'|') { count * 2 } else { count };
                let (mut items, mut at) = (Vec::new(), after);
                for _ in 0..count {
                    let (item, length) = parse(&bytes[at..])?;
                    items.push(item);
                    at += length;
                }
                (Body::Items(items), at)
            }
        },
        other => panic!("not a reply: {:?} in {:?}", char::from(other), escape(bytes)),
    };
    Some((Frame { kind, body }, length))
}

/// Bytes as one printable line: `\r`, `\n`, `\t`, `\\`, `\{` and `\xNN`.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\\' => text.push_str("\\\\"),
            b'{' => text.push_str("\\{"),
            0x20..=0x7e => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text
}

/// What [`escape`] wrote; `\"` is a quote too.
pub fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'r') => bytes.push(b'\r'),
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(b'x') => {
                let digits = [rest.next().unwrap_or(b'?'), rest.next().unwrap_or(b'?')];
                let digits = String::from_utf8_lossy(&digits).into_owned();
                bytes.push(u8::from_str_radix(&digits, 16).map_err(|_| format!("`\\x{digits}` is no byte"))?);
            }
            Some(other @ (b'\\' | b'"' | b'{')) => bytes.push(other),
            other => return Err(format!("unknown escape `\\{}`", char::from(other.unwrap_or(b' ')))),
        }
    }
    Ok(bytes)
}

#[test]
fn what_is_escaped_comes_back() {
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(unescape(&escape(&all)).unwrap(), all);
    assert!(unescape("\\q").is_err());
}

#[test]
fn a_reply_is_framed_only_when_all_of_it_is_there() {
    let reply = b"%1\r\n+a\r\n*2\r\n$3\r\nx\r\n\r\n_\r\n";
    for end in 0..reply.len() {
        assert!(parse(&reply[..end]).is_none(), "framed at {end}");
    }
    let (frame, length) = parse(reply).unwrap();
    assert_eq!((frame.items().len(), length), (2, reply.len()));
}
