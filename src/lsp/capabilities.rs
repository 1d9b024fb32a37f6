//! What the server says of itself, and what it asks the client to watch.

use lsp_server::Request;
use lsp_types::{
    CodeActionKind, CodeActionOptions, CompletionOptions, DidChangeWatchedFilesRegistrationOptions, FileSystemWatcher,
    InitializeResult, LspRequestMethod, Registration, RegistrationParams, Save, ServerCapabilities, ServerInfo,
    TextDocumentSyncKind, TextDocumentSyncOptions,
};

use super::completion;
use super::view::Client;

/// The files whose change can change what is found in a slightfile.
const WATCHED: &[&str] = &["**/*.wit", "**/*.wasm", "**/Cargo.toml"];

/// The answer to `initialize`.
#[must_use]
pub fn initialized(client: &Client) -> InitializeResult {
    let triggers = completion::TRIGGERS.iter().map(|trigger| (*trigger).to_owned());
    let capabilities = ServerCapabilities {
        position_encoding: Some(client.encoding.kind()),
        text_document_sync: Some(
            TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(TextDocumentSyncKind::Incremental),
                save: Some(Save::Bool(true)),
                ..TextDocumentSyncOptions::default()
            }
            .into(),
        ),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(triggers.collect()),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(true.into()),
        definition_provider: Some(true.into()),
        document_symbol_provider: Some(true.into()),
        code_action_provider: Some(
            CodeActionOptions {
                code_action_kinds: Some(vec![CodeActionKind::QuickFix]),
                ..CodeActionOptions::default()
            }
            .into(),
        ),
        document_formatting_provider: Some(true.into()),
        ..ServerCapabilities::default()
    };
    InitializeResult {
        capabilities,
        server_info: Some(ServerInfo {
            name: "slt".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }),
    }
}

/// The request that asks the client to say when one of [`WATCHED`] changes; none, when it cannot.
#[must_use]
pub fn watch(client: &Client) -> Option<Request> {
    if !client.watches {
        return None;
    }
    let watchers = WATCHED.iter().map(|glob| FileSystemWatcher {
        glob_pattern: (*glob).to_owned().into(),
        kind: None,
    });
    let options = DidChangeWatchedFilesRegistrationOptions {
        watchers: watchers.collect(),
    };
    let registration = Registration {
        id: "watched-files".to_owned(),
        method: "workspace/didChangeWatchedFiles".to_owned(),
        register_options: serde_json::to_value(options).ok(),
    };
    let params = RegistrationParams {
        registrations: vec![registration],
    };
    let method = LspRequestMethod::ClientRegisterCapability.as_str().to_owned();
    Some(Request::new("watched-files".to_owned().into(), method, params))
}
