//! What a request about a document is answered from: its text, where its lines and tables are, and what the client can take.

use std::cell::OnceCell;

use lsp_types::{ClientCapabilities, CodeActionKind, Position, TextEdit, Uri};
use serde::Deserialize;

use super::outline::Outline;
use super::position::{Encoding, Lines};

/// What the client can take, and wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// How it counts characters.
    pub encoding: Encoding,
    /// Whether what is inserted may have places to fill in.
    pub snippets: bool,
    /// Whether it shows Markdown in a hover.
    pub markdown: bool,
    /// Whether a diagnostic may point to further places.
    pub related: bool,
    /// Whether a diagnostic may be marked as unnecessary or deprecated.
    pub tags: bool,
    /// Whether symbols may lie in each other.
    pub nested_symbols: bool,
    /// Whether an action may be more than a command.
    pub actions: bool,
    /// Whether it watches files when it is asked to.
    pub watches: bool,
    /// Whether errors of TOML are reported.
    pub syntax_errors: bool,
}

/// What a client may set when it starts the server.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    syntax_errors: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { syntax_errors: true }
    }
}

impl Client {
    /// Reads what a client says of itself. Options that cannot be read are those that hold when nothing is said.
    #[must_use]
    pub fn new(capabilities: &ClientCapabilities, options: Option<&serde_json::Value>) -> Self {
        let text = capabilities.text_document.as_ref();
        let item = text
            .and_then(|text| text.completion.as_ref())
            .and_then(|completion| completion.completion_item.as_ref());
        let formats = text
            .and_then(|text| text.hover.as_ref())
            .and_then(|hover| hover.content_format.as_ref());
        let shown = text
            .and_then(|text| text.publish_diagnostics.as_ref())
            .map(|published| &published.diagnostics_capabilities);
        let symbols = text.and_then(|text| text.document_symbol.as_ref());
        let actions = text.and_then(|text| text.code_action.as_ref());
        let watched = capabilities
            .workspace
            .as_ref()
            .and_then(|workspace| workspace.did_change_watched_files.as_ref());
        let options = options.and_then(|options| Options::deserialize(options).ok());
        Self {
            encoding: Encoding::negotiated(capabilities),
            snippets: item.and_then(|item| item.snippet_support).unwrap_or(false),
            markdown: formats.is_some_and(|formats| formats.contains(&lsp_types::MarkupKind::Markdown)),
            related: shown.and_then(|shown| shown.related_information).unwrap_or(false),
            tags: shown.is_some_and(|shown| shown.tag_support.is_some()),
            nested_symbols: symbols
                .and_then(|symbols| symbols.hierarchical_document_symbol_support)
                .unwrap_or(false),
            actions: actions.is_some_and(|actions| actions.code_action_literal_support.is_some()),
            watches: watched
                .and_then(|watched| watched.dynamic_registration)
                .unwrap_or(false),
            syntax_errors: options.unwrap_or_default().syntax_errors,
        }
    }
}

/// A document, made ready to be asked about.
#[derive(Debug)]
pub struct View<'a> {
    /// Its address.
    pub uri: &'a Uri,
    /// Its text.
    pub text: &'a str,
    /// Its lines.
    pub lines: Lines<'a>,
    /// Its tables, once somebody has asked for them.
    outline: OnceCell<Outline>,
    /// What the client can take.
    pub client: Client,
}

impl<'a> View<'a> {
    /// Reads a document.
    #[must_use]
    pub fn new(uri: &'a Uri, text: &'a str, client: Client) -> Self {
        Self {
            uri,
            text,
            lines: Lines::new(text, client.encoding),
            outline: OnceCell::new(),
            client,
        }
    }

    /// Its tables.
    #[must_use]
    pub fn outline(&self) -> &Outline {
        self.outline.get_or_init(|| Outline::new(self.text))
    }

    /// The byte at a place.
    #[must_use]
    pub fn byte(&self, position: Position) -> usize {
        self.lines.byte(position)
    }

    /// A change, as an editor makes it.
    #[must_use]
    pub fn edit(&self, range: &std::ops::Range<usize>, text: impl Into<String>) -> TextEdit {
        TextEdit {
            range: self.lines.range(range),
            new_text: text.into(),
        }
    }
}

/// Whether a client that asks for these kinds of actions wants quick fixes.
#[must_use]
pub fn wants_quick_fixes(only: Option<&[CodeActionKind]>) -> bool {
    only.is_none_or(|only| only.iter().any(|kind| matches!(kind.as_str(), "" | "quickfix")))
}
