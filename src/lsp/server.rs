//! The state of a session with an editor, and which function answers which message.
//!
//! A message goes in and messages come out; nothing here reads from or writes to a stream. What a request asks is computed by the
//! function that its file is named after, from a [`View`] of the document.

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response, ResponseError};
use lsp_types::{
    CodeActionParams, CodeActionRequest, CodeActionResponse, CompletionItem, CompletionParams, CompletionRequest,
    CompletionResponse, DefinitionParams, DefinitionRequest, DidChangeTextDocumentParams, DidChangeWatchedFilesParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams, DocumentFormattingParams,
    DocumentFormattingRequest, DocumentSymbolParams, DocumentSymbolRequest, DocumentSymbolResponse, Hover, HoverParams,
    HoverRequest, InitializeParams, Location, LogMessageParams, LspNotificationMethod, LspRequestMethod, MessageType,
    PublishDiagnosticsParams, TextDocumentPositionParams, TextEdit, Uri,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::documents::{self, Documents};
use super::position::{Encoding, Lines};
use super::view::{Client, View, wants_quick_fixes};
use super::{actions, capabilities, completion, definition, diagnostics, formatting, hover, symbols};
use crate::project::{self, Cache, Compared, Place, Project};
use crate::slightfile::{self, SLIGHTFILE_MAX_BYTES, codes};

/// How far a session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nobody has introduced themselves.
    New,
    /// Requests are answered.
    Running(Client),
    /// The client has asked for the end, and will say when.
    ShutDown,
    /// The client has said that it is over: properly, or all at once.
    Ended { properly: bool },
}

/// A session.
#[derive(Debug)]
pub struct Server {
    stage: Stage,
    documents: Documents,
    cache: Cache,
    /// What is to be sent.
    outbox: Vec<Message>,
}

/// What a request is answered with.
type Answer = Result<Value, ResponseError>;

impl Default for Server {
    fn default() -> Self {
        Self {
            stage: Stage::New,
            documents: Documents::default(),
            cache: Cache::default(),
            outbox: Vec::new(),
        }
    }
}

impl Server {
    /// Takes a message, and gives those that answer it.
    pub fn handle(&mut self, message: Message) -> Vec<Message> {
        match message {
            Message::Request(request) => self.request(request),
            Message::Notification(notification) => self.notification(notification),
            // To the one request of ours, the watching of files, nothing follows.
            Message::Response(_) => {}
        }
        std::mem::take(&mut self.outbox)
    }

    /// Whether the session is over, and if so whether it was ended as the protocol says.
    #[must_use]
    pub fn ended(&self) -> Option<bool> {
        match self.stage {
            Stage::Ended { properly } => Some(properly),
            _ => None,
        }
    }

    /// Whether a client that goes away now has said that it would.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        self.stage == Stage::ShutDown
    }

    fn request(&mut self, request: Request) {
        let method = LspRequestMethod::from(request.method.as_str());
        let answer = match (self.stage, method) {
            (Stage::New, LspRequestMethod::Initialize) => self.initialize(request.params),
            (Stage::New, _) => Err(refused(ErrorCode::ServerNotInitialized, "`initialize` comes first")),
            (Stage::Running(client), method) => self.answer(client, method, request.params),
            (Stage::ShutDown | Stage::Ended { .. }, _) => {
                Err(refused(ErrorCode::InvalidRequest, "the server was shut down"))
            }
        };
        self.outbox.push(Message::Response(response(request.id, answer)));
    }

    fn answer(&mut self, client: Client, method: LspRequestMethod<'_>, params: Value) -> Answer {
        use LspRequestMethod as M;
        match method {
            M::Shutdown => {
                self.stage = Stage::ShutDown;
                Ok(Value::Null)
            }
            M::Initialize => Err(refused(ErrorCode::InvalidRequest, "the server was initialized before")),
            M::TextDocumentCompletion => asked::<CompletionRequest>(params, |params| self.complete(client, params)),
            M::TextDocumentHover => asked::<HoverRequest>(params, |params| self.hover(client, params)),
            M::TextDocumentDefinition => asked::<DefinitionRequest>(params, |params| self.define(client, params)),
            M::TextDocumentCodeAction => asked::<CodeActionRequest>(params, |params| self.act(client, params)),
            M::TextDocumentDocumentSymbol => {
                asked::<DocumentSymbolRequest>(params, |params| self.symbols(client, params))
            }
            M::TextDocumentFormatting => {
                asked::<DocumentFormattingRequest>(params, |params| self.format(client, params))
            }
            other => {
                let message = format!("`{}` is not answered by slt", other.as_str());
                Err(refused(ErrorCode::MethodNotFound, message))
            }
        }
    }

    fn initialize(&mut self, params: Value) -> Answer {
        let params: InitializeParams = read(params)?;
        let client = Client::new(&params.capabilities, params.initialization_options.as_ref());
        self.stage = Stage::Running(client);
        written(capabilities::initialized(&client))
    }

    fn notification(&mut self, notification: Notification) {
        use LspNotificationMethod as M;
        let method = M::from(notification.method.as_str());
        if method == M::Exit {
            let properly = self.is_shut_down();
            self.stage = Stage::Ended { properly };
            return;
        }
        let Stage::Running(client) = self.stage else { return };
        let params = notification.params;
        let taken = match method {
            M::Initialized => {
                self.outbox.extend(capabilities::watch(&client).map(Message::Request));
                Ok(())
            }
            M::TextDocumentDidOpen => read(params).map(|params| self.open(client, params)),
            M::TextDocumentDidChange => read(params).map(|params| self.change(client, params)),
            M::TextDocumentDidClose => read(params).map(|params| self.close(&params)),
            M::TextDocumentDidSave => {
                read(params).map(|params: DidSaveTextDocumentParams| self.check(client, &params.text_document.uri))
            }
            M::WorkspaceDidChangeWatchedFiles => {
                read(params).map(|_: DidChangeWatchedFilesParams| self.check_all(client))
            }
            _ => Ok(()),
        };
        if let Err(error) = taken {
            self.log(format!("`{}`: {}", notification.method, error.message));
        }
    }

    fn open(&mut self, client: Client, params: DidOpenTextDocumentParams) {
        let item = params.text_document;
        if !documents::is_slightfile(&item.uri, &String::from(item.language_id)) {
            return;
        }
        match self.documents.open(item.uri.clone(), item.version, item.text) {
            true => self.check(client, &item.uri),
            false => self.log(format!(
                "`{}` is not looked at: {} documents are open already",
                documents::name(&item.uri),
                documents::DOCUMENTS_MAX
            )),
        }
    }

    fn change(&mut self, client: Client, params: DidChangeTextDocumentParams) {
        let (uri, version) = (
            params.text_document.text_document_identifier.uri,
            params.text_document.version,
        );
        if let Some(document) = self.documents.get_mut(&uri) {
            document.change(version, params.content_changes, client.encoding);
            self.check(client, &uri);
        }
    }

    fn close(&mut self, params: &DidCloseTextDocumentParams) {
        let uri = &params.text_document.uri;
        if self.documents.close(uri) {
            let folders: Vec<_> = self.documents.uris().iter().filter_map(documents::path).collect();
            let is_needed = |folder: &std::path::Path| folders.iter().any(|path| path.parent() == Some(folder));
            self.cache.retain(is_needed);
            self.publish(uri.clone(), None, Vec::new());
        }
    }

    fn check_all(&mut self, client: Client) {
        for uri in self.documents.uris() {
            self.check(client, &uri);
        }
    }

    /// Looks for problems, and tells the client what there is.
    fn check(&mut self, client: Client, uri: &Uri) {
        let Some(document) = self.documents.get_mut(uri) else {
            return;
        };
        let text = document.text.clone();
        document.found = match &text {
            Some(text) => found(&mut self.cache, uri, text.clone()),
            None => vec![too_large(uri)],
        };
        let view = View::new(uri, text.as_deref().unwrap_or_default(), client);
        let shown = diagnostics::all(&view, &document.found);
        let version = document.version;
        self.publish(uri.clone(), Some(version), shown);
    }

    fn publish(&mut self, uri: Uri, version: Option<i32>, diagnostics: Vec<lsp_types::Diagnostic>) {
        let params = PublishDiagnosticsParams {
            uri,
            version,
            diagnostics,
        };
        self.notify(LspNotificationMethod::TextDocumentPublishDiagnostics, &params);
    }

    fn log(&mut self, message: String) {
        let params = LogMessageParams {
            kind: MessageType::Warning,
            message,
        };
        self.notify(LspNotificationMethod::WindowLogMessage, &params);
    }

    fn notify(&mut self, method: LspNotificationMethod<'_>, params: &impl serde::Serialize) {
        let notification = Notification::new(method.as_str().to_owned(), params);
        self.outbox.push(Message::Notification(notification));
    }

    /// What there is to say about a document: nothing, when it is not open or too long to be a slightfile.
    fn about<T: Default>(&self, client: Client, uri: &Uri, ask: impl FnOnce(&View<'_>) -> T) -> T {
        let text = self.documents.get(uri).and_then(|document| document.text.as_deref());
        match text.filter(|text| text.len() <= SLIGHTFILE_MAX_BYTES) {
            Some(text) => ask(&View::new(uri, text, client)),
            None => T::default(),
        }
    }

    /// The same at a place.
    fn at<T: Default>(
        &self,
        client: Client,
        place: &TextDocumentPositionParams,
        ask: impl FnOnce(&View<'_>, usize) -> T,
    ) -> T {
        self.about(client, &place.text_document.uri, |view| {
            ask(view, view.byte(place.position))
        })
    }

    fn complete(&self, client: Client, params: CompletionParams) -> Option<CompletionResponse> {
        let items: Vec<CompletionItem> = self.at(client, &params.text_document_position_params, completion::complete);
        Some(items.into())
    }

    fn hover(&self, client: Client, params: HoverParams) -> Option<Hover> {
        self.at(client, &params.text_document_position_params, hover::hover)
    }

    fn define(&self, client: Client, params: DefinitionParams) -> Option<lsp_types::DefinitionResponse> {
        let place = &params.text_document_position_params;
        let folder = documents::path(&place.text_document.uri)?.parent()?.join(project::WIT);
        let places = self.at(client, place, |view, byte| {
            definition::definition(view, byte, || project::declared(&folder))
        });
        let locations: Vec<Location> = places
            .iter()
            .filter_map(|place| location(place, client.encoding))
            .collect();
        (!locations.is_empty()).then(|| lsp_types::Definition::from(locations).into())
    }

    fn act(&self, client: Client, params: CodeActionParams) -> Option<Vec<CodeActionResponse>> {
        let uri = &params.text_document.uri;
        if !wants_quick_fixes(params.context.only.as_deref()) {
            return Some(Vec::new());
        }
        let found = self.documents.get(uri).map_or(&[][..], |document| &document.found);
        Some(self.about(client, uri, |view| {
            actions::quick_fixes(view, found, &view.lines.bytes(params.range))
        }))
    }

    fn symbols(&self, client: Client, params: DocumentSymbolParams) -> Option<DocumentSymbolResponse> {
        self.about(client, &params.text_document.uri, |view| Some(symbols::symbols(view)))
    }

    fn format(&self, client: Client, params: DocumentFormattingParams) -> Option<Vec<TextEdit>> {
        let uri = &params.text_document.uri;
        Some(self.about(client, uri, |view| formatting::format(view, &params.options)))
    }
}

/// What `slt check` finds in a document with this text.
fn found(cache: &mut Cache, uri: &Uri, text: String) -> Vec<slightfile::Diagnostic> {
    let Some(path) = documents::path(uri) else {
        let project = Project {
            root: std::path::PathBuf::new(),
            slightfile_path: std::path::PathBuf::new(),
            slightfile_name: documents::name(uri),
            slightfile_text: text,
            package_name: None,
        };
        return project::check(&project, |_| Compared::default()).1;
    };
    let project = cache.project(&path, text);
    let (_, found) = project::check(&project, |slightfile| cache.compare(&project, slightfile));
    found
}

fn too_large(uri: &Uri) -> slightfile::Diagnostic {
    let name = documents::name(uri);
    let message = format!("`{name}` has more than the {SLIGHTFILE_MAX_BYTES} bytes that a slightfile may have");
    slightfile::Diagnostic::error(codes::TOO_LARGE, message)
}

/// A place as the client counts, in a file that it may not have open.
fn location(place: &Place, encoding: Encoding) -> Option<Location> {
    let text = std::fs::read_to_string(&place.path).ok()?;
    Some(Location {
        uri: Uri::from_file_path(&place.path).ok()?,
        range: Lines::new(&text, encoding).range(&place.range),
    })
}

fn response(id: RequestId, answer: Answer) -> Response {
    Response {
        id,
        response_result: answer,
    }
}

fn asked<R: lsp_types::Request>(params: Value, answer: impl FnOnce(R::Params) -> R::Result) -> Answer {
    written(answer(read(params)?))
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, ResponseError> {
    serde_json::from_value(params).map_err(|error| refused(ErrorCode::InvalidParams, error.to_string()))
}

fn written(result: impl serde::Serialize) -> Answer {
    serde_json::to_value(result).map_err(|error| refused(ErrorCode::InternalError, error.to_string()))
}

fn refused(code: ErrorCode, message: impl Into<String>) -> ResponseError {
    ResponseError {
        code: code as i32,
        message: message.into(),
        data: None,
    }
}
