//! The documents that the client has open, each with its text as it is in the editor and what was found in it.
//!
//! There is a limit to how many there are and to how long each may become; what is beyond is not kept.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lsp_types::{TextDocumentContentChangeEvent, Uri};

use super::position::{Encoding, Lines};
use crate::slightfile::{Diagnostic, SLIGHTFILE_MAX_BYTES};

/// How many documents are kept; an editor has some.
pub const DOCUMENTS_MAX: usize = 256;

/// The longest text that is kept, in bytes: one that is too long for a slightfile may become shorter again.
pub const DOCUMENT_MAX_BYTES: usize = 4 * SLIGHTFILE_MAX_BYTES;

/// What an editor calls the language of a slightfile.
pub const LANGUAGE: &str = "slightfile";

/// A document.
#[derive(Debug)]
pub struct Document {
    /// Its text. Nothing, when it was too long to be kept; then the client has to send all of it again.
    pub text: Option<String>,
    /// The number that the client gives this text.
    pub version: i32,
    /// What was found in it.
    pub found: Vec<Diagnostic>,
}

/// The open documents.
#[derive(Debug, Default)]
pub struct Documents {
    open: BTreeMap<Uri, Document>,
}

impl Documents {
    /// Opens a document, unless there are as many as can be.
    pub fn open(&mut self, uri: Uri, version: i32, text: String) -> bool {
        if self.open.len() >= DOCUMENTS_MAX && !self.open.contains_key(&uri) {
            return false;
        }
        let document = Document {
            text: kept(text),
            version,
            found: Vec::new(),
        };
        self.open.insert(uri, document);
        true
    }

    /// Closes a document, and says whether it was open.
    pub fn close(&mut self, uri: &Uri) -> bool {
        self.open.remove(uri).is_some()
    }

    /// A document.
    #[must_use]
    pub fn get(&self, uri: &Uri) -> Option<&Document> {
        self.open.get(uri)
    }

    /// A document.
    pub fn get_mut(&mut self, uri: &Uri) -> Option<&mut Document> {
        self.open.get_mut(uri)
    }

    /// The addresses of all documents.
    #[must_use]
    pub fn uris(&self) -> Vec<Uri> {
        self.open.keys().cloned().collect()
    }
}

impl Document {
    /// Makes the client's changes, one after the other: each has the places of the text that the one before it left.
    pub fn change(&mut self, version: i32, changes: Vec<TextDocumentContentChangeEvent>, encoding: Encoding) {
        self.version = version;
        for change in changes {
            match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
                    self.text = kept(whole.text);
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                    let Some(mut text) = self.text.take() else { continue };
                    let bytes = Lines::new(&text, encoding).bytes(part.range);
                    text.replace_range(bytes, &part.text);
                    self.text = kept(text);
                }
            }
        }
    }
}

fn kept(text: String) -> Option<String> {
    (text.len() <= DOCUMENT_MAX_BYTES).then_some(text)
}

/// Whether a document is a slightfile: it is called `slightfile.toml`, `slightfile.production.toml` …, or the client says so.
#[must_use]
pub fn is_slightfile(uri: &Uri, language: &str) -> bool {
    let name = name(uri);
    language == LANGUAGE || name.starts_with("slightfile") && name.ends_with(".toml")
}

/// The name of a document's file, as messages call it.
#[must_use]
pub fn name(uri: &Uri) -> String {
    let file = path(uri).and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    file.unwrap_or_else(|| uri.path().rsplit('/').next().unwrap_or_default().to_owned())
}

/// The path of a document that lies in the file system.
#[must_use]
pub fn path(uri: &Uri) -> Option<PathBuf> {
    (uri.scheme() == "file").then(|| uri.to_file_path().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str, changes: &str) -> Option<String> {
        let mut document = Document {
            text: Some(text.to_owned()),
            version: 1,
            found: Vec::new(),
        };
        document.change(2, serde_json::from_str(changes).unwrap(), Encoding::Utf16);
        assert_eq!(document.version, 2);
        document.text
    }

    #[test]
    fn changes() {
        let range = |a: u32, b: u32, c: u32, d: u32| {
            format!(
                "\"range\":{{\"start\":{{\"line\":{a},\"character\":{b}}},\"end\":{{\"line\":{c},\"character\":{d}}}}}"
            )
        };
        let (insert, across) = (range(0, 2, 0, 2), range(0, 1, 1, 1));
        let (behind, emoji) = (range(9, 0, 9, 9), range(0, 0, 0, 2));
        for (text, changes, expected) in [
            ("abc", format!("[{{{insert},\"text\":\"x\"}}]"), "abxc"),
            ("ab\r\ncd", format!("[{{{across},\"text\":\"\"}}]"), "ad"),
            ("ab", format!("[{{{behind},\"text\":\"c\"}}]"), "abc"),
            (
                "😀b",
                format!("[{{{emoji},\"text\":\"a\"}},{{{insert},\"text\":\"c\"}}]"),
                "abc",
            ),
            ("ab", "[{\"text\":\"new\"}]".to_owned(), "new"),
        ] {
            assert_eq!(changed(text, &changes).as_deref(), Some(expected), "{text} {changes}");
        }
    }

    #[test]
    fn a_text_that_is_too_long_is_not_kept_until_all_of_it_comes_again() {
        let long = "#".repeat(DOCUMENT_MAX_BYTES);
        let start = "{\"start\":{\"line\":0,\"character\":0},\"end\":{\"line\":0,\"character\":0}}";
        let grow = format!("{{\"range\":{start},\"text\":\"#\"}}");
        assert!(changed(&long, "[]").is_some());
        assert_eq!(changed(&long, &format!("[{grow}]")), None);
        assert_eq!(changed(&long, &format!("[{grow},{grow}]")), None);
        assert_eq!(
            changed(&long, &format!("[{grow},{{\"text\":\"a\"}}]")).as_deref(),
            Some("a")
        );
    }

    #[test]
    fn there_is_a_limit_to_how_many_are_open() {
        let mut documents = Documents::default();
        let uri = |number: usize| Uri::parse(&format!("file:///{number}/slightfile.toml")).unwrap();
        for number in 0..DOCUMENTS_MAX {
            assert!(documents.open(uri(number), 1, String::new()));
        }
        assert!(!documents.open(uri(DOCUMENTS_MAX), 1, String::new()));
        assert!(documents.open(uri(0), 2, String::new()));
        assert!(documents.close(&uri(0)) && !documents.close(&uri(0)));
        assert!(documents.open(uri(DOCUMENTS_MAX), 1, String::new()));
    }

    #[test]
    fn what_is_a_slightfile() {
        for (uri, language, expected) in [
            ("file:///a/slightfile.toml", "toml", true),
            ("file:///a/slightfile.production.toml", "", true),
            ("file:///a/Cargo.toml", "toml", false),
            ("file:///a/slightfile.md", "markdown", false),
            ("file:///a/x.toml", "slightfile", true),
            ("untitled:slightfile-1.toml", "toml", true),
            ("untitled:Untitled-1", "toml", false),
        ] {
            assert_eq!(is_slightfile(&Uri::parse(uri).unwrap(), language), expected, "{uri}");
        }
    }
}
