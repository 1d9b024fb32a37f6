//! The only place that prints: renders events, failures and diagnostics for people and as JSON lines.
//!
//! Results go to stdout; progress, logs and diagnostics to stderr.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use crate::cli::{Format, Global};
use crate::commands::{Exit, Failure};
use crate::events::{Event, Sink};
use crate::support::os::Invocation;

/// Renders what the rooms report.
#[derive(Debug, Clone)]
pub struct Ui {
    format: Format,
}

impl Ui {
    /// As the flags and the environment say.
    #[must_use]
    pub fn new(global: &Global, _invocation: &Invocation) -> Self {
        Self { format: global.format }
    }

    /// Before any flag is known.
    #[must_use]
    pub fn plain() -> Self {
        Self { format: Format::Human }
    }

    /// Prints a usage error or the help text, and says which code to exit with.
    #[must_use]
    pub fn usage(&self, error: &clap::Error) -> Exit {
        let _ = error.print();
        if error.use_stderr() { Exit::Usage } else { Exit::Done }
    }

    /// Prints why a command failed.
    pub fn failure(&self, failure: &Failure) {
        eprintln!("error: {}", failure.message);
        if let Some(hint) = &failure.hint {
            eprintln!("hint: {hint}");
        }
    }

    /// The sink that renders events.
    #[must_use]
    pub fn sink(&self) -> Sink {
        let ui = self.clone();
        std::sync::Arc::new(move |event| ui.event(&event))
    }

    /// Renders one event.
    pub fn event(&self, event: &Event) {
        if self.format == Format::Json
            && let Ok(line) = serde_json::to_string(event)
        {
            println!("{line}");
        }
    }
}
