//! Messages on a stream of bytes: each has a header with its length (LSP 3.17, *Base Protocol*).
//!
//! The messages are lsp-server's. Its own reader is not used: it makes room for as many bytes as the header asks for, and it ends
//! with the first message that it cannot read. Nothing here knows what a message means.

use std::io::{self, BufRead, Read, Write};

use lsp_server::{ErrorCode, Message};

/// The largest message that is read, in bytes. A slightfile of [`crate::slightfile::SLIGHTFILE_MAX_BYTES`] fits, however its
/// letters are escaped.
pub const MESSAGE_MAX_BYTES: usize = 16 << 20;

/// The longest line of a header, in bytes; the lines that there are have 30.
const HEADER_LINE_MAX_BYTES: u64 = 4 << 10;

/// What was read.
#[derive(Debug)]
pub enum Received {
    /// A message.
    Message(Message),
    /// No JSON, or no message: its sender is told this, and the next one can be read.
    Malformed(ErrorCode),
    /// Nothing more comes.
    End,
}

/// Why nothing more can be read: it is not known where the next message begins.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// What the system says.
    #[error("the client cannot be read from: {0}")]
    Io(#[from] io::Error),
    /// No usable `Content-Length`.
    #[error("the client sent something that is no message of the language server protocol")]
    Header,
    /// Larger than is read.
    #[error("the client sent a message of {0} bytes, and {MESSAGE_MAX_BYTES} are read")]
    TooLarge(usize),
}

/// Reads the next message.
///
/// # Errors
/// When it is not known where the next message begins.
pub fn read(input: &mut impl BufRead) -> Result<Received, Broken> {
    let length = match content_length(input)? {
        Some(length) if length > MESSAGE_MAX_BYTES => return Err(Broken::TooLarge(length)),
        Some(length) => length,
        None => return Ok(Received::End),
    };
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    Ok(match serde_json::from_slice(&body) {
        Ok(message) => Received::Message(message),
        Err(error) if error.is_data() => Received::Malformed(ErrorCode::InvalidRequest),
        Err(_) => Received::Malformed(ErrorCode::ParseError),
    })
}

/// Tells the sender of something malformed. Nobody knows which request it was, so that the answer has no number; lsp-server has no
/// such answer.
///
/// # Errors
/// What the system says.
pub fn refuse(output: &mut impl Write, code: ErrorCode) -> io::Result<()> {
    let error =
        serde_json::json!({ "code": code as i32, "message": "this is no message of the language server protocol" });
    let body = serde_json::json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string();
    write!(output, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    output.flush()
}

/// The length that the header says; nothing at the end of the stream.
fn content_length(input: &mut impl BufRead) -> Result<Option<usize>, Broken> {
    let mut length = None;
    let mut line = Vec::new();
    for number in 0.. {
        line.clear();
        input
            .by_ref()
            .take(HEADER_LINE_MAX_BYTES)
            .read_until(b'\n', &mut line)?;
        match line.strip_suffix(b"\r\n") {
            None if line.is_empty() && number == 0 => return Ok(None),
            None => return Err(Broken::Header),
            Some([]) => break,
            Some(field) => length = named_length(field)?.or(length),
        }
    }
    length.ok_or(Broken::Header).map(Some)
}

/// The number in a `Content-Length` field; nothing for another field.
fn named_length(field: &[u8]) -> Result<Option<usize>, Broken> {
    let field = std::str::from_utf8(field).map_err(|_| Broken::Header)?;
    let (name, value) = field.split_once(':').ok_or(Broken::Header)?;
    if !name.eq_ignore_ascii_case("Content-Length") {
        return Ok(None);
    }
    value.trim().parse().map(Some).map_err(|_| Broken::Header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read() {
        let good = "{\"method\":\"exit\"}";
        for (bytes, expected) in [
            (format!("Content-Length: 17\r\n\r\n{good}"), "Message"),
            (
                format!("content-length:17\r\nContent-Type: x; charset=utf-8\r\n\r\n{good}"),
                "Message",
            ),
            ("Content-Length: 3\r\n\r\n{]}".to_owned(), "Malformed(ParseError)"),
            ("Content-Length: 2\r\n\r\n{}".to_owned(), "Malformed(InvalidRequest)"),
            (String::new(), "End"),
            ("Content-Length: 17\r\n\r\n{".to_owned(), "Io"),
            ("Content-Length: 17\r\n".to_owned(), "Header"),
            ("Content-Length: -1\r\n\r\n".to_owned(), "Header"),
            ("Content-Type: x\r\n\r\n".to_owned(), "Header"),
            (format!("{good}\r\n"), "Header"),
            ("\r\n".to_owned(), "Header"),
            ("x".repeat(10_000), "Header"),
            ("Content-Length: 99999999999999\r\n\r\n".to_owned(), "TooLarge"),
        ] {
            let read = match read(&mut bytes.as_bytes()) {
                Ok(received) => format!("{received:?}"),
                Err(broken) => format!("{broken:?}"),
            };
            assert!(read.starts_with(expected), "{bytes}: {read}");
        }
    }

    #[test]
    fn a_malformed_message_does_not_hide_the_next() {
        let mut input: &[u8] = b"Content-Length: 3\r\n\r\n{]}Content-Length: 17\r\n\r\n{\"method\":\"exit\"}";
        assert!(matches!(read(&mut input), Ok(Received::Malformed(_))));
        assert!(matches!(
            read(&mut input),
            Ok(Received::Message(Message::Notification(_)))
        ));
        assert!(matches!(read(&mut input), Ok(Received::End)));
    }
}
