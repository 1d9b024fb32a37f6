//! What a guest writes to its standard output and error: kept up to a limit, or passed on line by line.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// The most bytes that are kept of one stream of one guest: half of them its first, half its last.
pub const MAX_KEPT_BYTES: usize = 1024 * 1024;

/// How much a guest may write at once.
const PERMIT_BYTES: usize = 64 * 1024;

/// Told of each line.
type Observer = Arc<dyn Fn(&str) + Send + Sync>;

/// Given all bytes as they come.
type Forward = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// A stream that a guest writes to. Cheap to clone; clones share what was written.
#[derive(Clone)]
pub struct Output(Arc<Inner>);

struct Inner {
    observer: Option<Observer>,
    forward: Option<Forward>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    first: Vec<u8>,
    last: VecDeque<u8>,
    lost: u64,
}

impl Kept {
    fn append(&mut self, bytes: &[u8]) {
        let room = (MAX_KEPT_BYTES / 2).saturating_sub(self.first.len());
        let (first, last) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.first.extend_from_slice(first);
        self.last.extend(last);
        let beyond = self.last.len().saturating_sub(MAX_KEPT_BYTES / 2);
        self.last.drain(..beyond);
        self.lost += beyond as u64;
    }
}

impl Output {
    /// Keeps what is written, up to [`MAX_KEPT_BYTES`].
    #[must_use]
    pub fn captured() -> Self {
        Self(Arc::new(Inner {
            observer: None,
            forward: None,
            kept: Mutex::default(),
        }))
    }

    /// Passes everything on as it comes: what a command writes may be no text.
    #[must_use]
    pub fn forwarded(forward: Forward) -> Self {
        Self(Arc::new(Inner {
            observer: None,
            forward: Some(forward),
            kept: Mutex::default(),
        }))
    }

    /// Tells `observer` of each line as it is complete.
    #[must_use]
    pub fn observed(observer: Observer) -> Self {
        Self(Arc::new(Inner {
            observer: Some(observer),
            forward: None,
            kept: Mutex::default(),
        }))
    }

    /// What was written; says so where some of it was not kept.
    #[must_use]
    pub fn text(&self) -> String {
        let kept = self.kept();
        let mut bytes = kept.first.clone();
        if kept.lost > 0 {
            bytes.extend_from_slice(format!("\n[{} bytes were not kept]\n", kept.lost).as_bytes());
        }
        bytes.extend(&kept.last);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Adds a line of slt's own.
    pub fn line(&self, line: &str) {
        self.append(line.as_bytes());
        self.append(b"\n");
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, bytes: &[u8]) {
        if let Some(forward) = &self.0.forward {
            return forward(bytes);
        }
        let mut kept = self.kept();
        let Some(observer) = &self.0.observer else {
            return kept.append(bytes);
        };
        let line = &mut kept.first;
        line.extend_from_slice(bytes);
        while let Some(end) = line.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = line.drain(..=end).collect();
            observer(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
        }
        // a line longer than the limit is passed on in pieces
        if line.len() >= MAX_KEPT_BYTES {
            observer(&String::from_utf8_lossy(&std::mem::take(line)));
        }
    }

    /// Passes on a last line that did not end.
    pub fn finish(&self) {
        if let Some(observer) = &self.0.observer {
            let rest = std::mem::take(&mut self.kept().first);
            if !rest.is_empty() {
                observer(&String::from_utf8_lossy(&rest));
            }
        }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.append(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT_BYTES)
    }
}

impl AsyncWrite for Output {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.append(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_are_kept_and_the_rest_is_counted() {
        let output = Output::captured();
        output.append(b"begin");
        output.append(&vec![b'x'; MAX_KEPT_BYTES]);
        output.append(b"end");
        let text = output.text();
        assert!(text.starts_with("beginx") && text.ends_with("xend"));
        assert!(text.contains("x\n[8 bytes were not kept]\nx"));
    }

    #[test]
    fn lines_are_passed_on_as_they_end() {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&lines);
        let output = Output::observed(Arc::new(move |line| seen.lock().unwrap().push(line.to_owned())));
        output.append(b"one\r\ntw");
        output.append(b"o\nthree");
        output.finish();
        assert_eq!(*lines.lock().unwrap(), ["one", "two", "three"]);
    }

    #[test]
    fn what_is_forwarded_is_unchanged_and_at_once() {
        let bytes: Arc<Mutex<Vec<u8>>> = Arc::default();
        let seen = Arc::clone(&bytes);
        let output = Output::forwarded(Arc::new(move |part| seen.lock().unwrap().extend_from_slice(part)));
        output.append(b"prompt> ");
        assert_eq!(*bytes.lock().unwrap(), b"prompt> ");
        output.append(b"\xff\r\n");
        assert_eq!(*bytes.lock().unwrap(), b"prompt> \xff\r\n");
    }
}
