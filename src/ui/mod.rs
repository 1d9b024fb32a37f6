//! The only place that prints: renders events, failures and diagnostics for people and as JSON lines.
//!
//! Results go to stdout; progress, logs and diagnostics to stderr.

mod bars;
pub mod diagnostics;
pub mod diff;
mod events;
mod foreign;
mod page;
pub mod policy;
mod sarif;

use std::io::{BufRead, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::cli::{Color, Format, Global};
use crate::events::{Event, Sink, StageState};
use crate::exit::{Exit, Failure};
use crate::slightfile::Diagnostic;
use crate::support::os::{self, Invocation};
use crate::support::processes;
use crate::support::secret::Secret;
use crate::support::waiting::{First, Task, Waiting};
use bars::Bars;
use diagnostics::{Checked, Fixed, Line, Source};
pub use events::size;

/// The longest line that somebody may type, in bytes: terminals take 4,096.
const LINE_MAX_BYTES: u64 = 64 << 10;

/// Renders what the rooms report.
#[derive(Debug, Clone)]
pub struct Ui {
    format: Format,
    /// Whether what is about the work, on stderr, has colours.
    colour: bool,
    /// The same for results, on stdout: they may go into a file or a pager while stderr is a terminal.
    colour_results: bool,
    quiet: bool,
    verbose: bool,
    /// Paths that lie in it are shown from here.
    directory: PathBuf,
    /// What is on its way, on a terminal.
    bars: Arc<Bars>,
    /// Why standard output did not take something.
    unwritten: Arc<OnceLock<String>>,
}

impl Ui {
    /// As the flags and the environment say.
    #[must_use]
    pub fn new(global: &Global, invocation: &Invocation) -> Self {
        Self {
            format: global.format,
            colour: colour(global.color, invocation, std::io::stderr().is_terminal()),
            colour_results: colour(global.color, invocation, std::io::stdout().is_terminal()),
            quiet: global.quiet,
            verbose: global.verbose > 0,
            directory: invocation.directory.clone(),
            bars: Arc::new(Bars::new(
                global.format == Format::Human && !global.quiet && std::io::stderr().is_terminal(),
            )),
            unwritten: Arc::default(),
        }
    }

    /// Before any flag is known.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            format: Format::Human,
            colour: false,
            colour_results: false,
            quiet: false,
            verbose: false,
            directory: PathBuf::new(),
            bars: Arc::new(Bars::new(false)),
            unwritten: Arc::default(),
        }
    }

    /// Prints a usage error or the help text, and says which code to exit with.
    #[must_use]
    pub fn usage(&self, error: &clap::Error) -> Exit {
        let printed = error.print().and_then(|()| std::io::stdout().flush());
        if error.use_stderr() {
            return Exit::Usage;
        }
        match printed.err().as_ref().and_then(refusal) {
            Some(reason) => {
                let failure = lost(&reason);
                self.failure(&failure);
                failure.exit
            }
            None => Exit::Done,
        }
    }

    /// Prints why a command failed.
    pub fn failure(&self, failure: &Failure) {
        self.bars.clear();
        // a part of it may be somebody else's text
        let shown = |text: &str| foreign::shown(text, self.is_coloured());
        to_stderr(&format!("error: {}\n", shown(&failure.message)));
        if let Some(hint) = &failure.hint {
            to_stderr(&format!("hint: {}\n", shown(hint)));
        }
    }

    /// The sink that renders events.
    #[must_use]
    pub fn sink(&self) -> Sink {
        let ui = self.clone();
        std::sync::Arc::new(move |event| ui.event(&event))
    }

    /// As this one, and passing tests show their output too.
    #[must_use]
    pub fn showing_output(&self) -> Self {
        Self {
            verbose: true,
            ..self.clone()
        }
    }

    /// Whether results are for programs.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether what is about the work may have colours.
    #[must_use]
    pub fn is_coloured(&self) -> bool {
        self.colour && !self.is_json()
    }

    /// Renders one event. On a terminal, the step that is being worked on stays below it.
    pub fn event(&self, event: &Event) {
        self.render(event);
        match event {
            Event::Stage(stage) => self
                .bars
                .stage((stage.state == StageState::Started).then_some(stage.name)),
            _ => self.bars.resume(),
        }
    }

    fn render(&self, event: &Event) {
        if let Event::Transfer {
            name,
            sent,
            bytes,
            total,
        } = event
        {
            return self.bars.show(name, *sent, *bytes, *total);
        }
        self.bars.clear();
        if self.format == Format::Json {
            return self.line(event);
        }
        let rendered = |colour: bool| {
            let style = events::Style {
                colour,
                quiet: self.quiet,
                verbose: self.verbose,
            };
            events::human(event, style, &self.directory)
        };
        match rendered(self.colour) {
            Some((events::To::Stdout, text)) if self.colour == self.colour_results => self.to_stdout(&text),
            Some((events::To::Stdout, _)) => {
                if let Some((_, text)) = rendered(self.colour_results) {
                    self.to_stdout(&text);
                }
            }
            Some((events::To::Stderr, text)) => to_stderr(&text),
            None => {}
        }
    }

    /// Prints diagnostics: with excerpts on stderr for people, as lines on stdout for programs.
    pub fn diagnostics(&self, source: Source<'_>, diagnostics: &[Diagnostic]) {
        self.bars.clear();
        let all = diagnostics.len();
        let diagnostics = &*diagnostics::first(diagnostics);
        match self.format {
            Format::Human | Format::Sarif => {
                let human = diagnostics::human(source, diagnostics, self.colour);
                let more = if self.quiet {
                    String::new()
                } else {
                    diagnostics::more(diagnostics)
                };
                to_stderr(&(human + &more));
                if diagnostics.len() < all {
                    to_stderr(&format!("note: {} of {all} problems are shown\n", diagnostics.len()));
                }
            }
            Format::Json => {
                for line in diagnostics::lines(source, diagnostics) {
                    self.line(&line);
                }
            }
        }
    }

    /// Prints what is wrong in a file that is no slightfile.
    pub fn excerpts(&self, name: &str, text: &str, excerpts: &[policy::Excerpt]) {
        to_stderr(&policy::human(name, text, excerpts, self.is_coloured()));
    }

    /// Prints what a check found and how it ended: for code scanning as one document.
    pub fn checked(&self, source: Source<'_>, diagnostics: &[Diagnostic], checked: Checked, summary: &str) {
        if self.format == Format::Sarif {
            return self.document(&sarif::log(source, &diagnostics::first(diagnostics)));
        }
        self.diagnostics(source, diagnostics);
        match self.format {
            Format::Json => self.line(&Line::Checked(checked)),
            _ => self.to_stdout(&format!("{summary}\n")),
        }
    }

    /// Prints what `slt check --fix` has mended.
    pub fn fixed(&self, fixed: Vec<Fixed>) {
        for fixed in fixed {
            let human = format!(
                "fixed {}:{}: {} ({})\n",
                fixed.file, fixed.line, fixed.title, fixed.code
            );
            match self.format {
                Format::Human => self.to_stdout(&human),
                // A document has stdout for itself.
                Format::Sarif => to_stderr(&human),
                Format::Json => self.line(&Line::Fixed(fixed)),
            }
        }
    }

    /// Prints a page: in Markdown, or with the codes of a terminal, or as a line for programs.
    pub fn page(&self, markdown: &str, json: &impl serde::Serialize) {
        match (self.format, self.colour_results) {
            (Format::Json, _) => self.line(json),
            (_, true) => self.to_stdout(&page::styled(markdown)),
            (_, false) => self.to_stdout(markdown),
        }
    }

    /// Prints a result: as it is for people, and as objects with `kind`, one a line, for programs.
    pub fn result(&self, human: &str, json: &[impl serde::Serialize]) {
        self.bars.clear();
        match self.format {
            Format::Human | Format::Sarif => self.to_stdout(human),
            Format::Json => json.iter().for_each(|line| self.line(line)),
        }
    }

    /// Writes what a command wrote to its standard output, or to its standard error, as it is.
    pub fn guest_bytes(&self, stderr: bool, bytes: &[u8]) {
        if stderr {
            bytes_to_stderr(bytes)
        } else {
            self.bytes_to_stdout(bytes)
        }
    }

    /// Asks for a secret on the terminal that this process was started from, without showing what is typed.
    ///
    /// # Errors
    /// There is no terminal; or `Interrupted` or `UnexpectedEof`, when the user gives up.
    pub fn ask_secret(&self, question: &str) -> std::io::Result<Secret> {
        // Ctrl-C is a key to the prompt, which then raises the signal too: before the terminal shows again what is typed
        processes::survive_interrupts()?;
        rpassword::prompt_password(question).map(Secret::new)
    }

    /// Asks for a line on standard input; nothing when there is none any more, or when the user asks this process to end.
    ///
    /// # Errors
    /// What the system says.
    pub fn ask(&self, question: &str) -> std::io::Result<Option<String>> {
        to_stderr(question);
        let mut reading = Task::start(|| -> std::io::Result<Option<String>> {
            let mut line = String::new();
            let read = std::io::stdin().lock().take(LINE_MAX_BYTES).read_line(&mut line)?;
            Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
        })?;
        match Waiting::new()?.wait(&mut reading, None)? {
            First::Done(line) => line,
            First::Interrupted | First::TimedOut => {
                to_stderr("\n");
                Ok(None)
            }
        }
    }

    /// Prints a text that is the result itself, whatever the format.
    pub fn text(&self, text: &str) {
        self.to_stdout(text);
    }

    /// Standard output itself, for a command whose result is one side of a protocol.
    pub fn protocol(&self) -> impl Write {
        std::io::stdout().lock()
    }

    /// Why results could not be written, if that is so: what a command has done is done, and nobody has read what came of it.
    #[must_use]
    pub fn unwritten(&self) -> Option<Failure> {
        self.unwritten.get().map(|reason| lost(reason))
    }

    /// Writes to stdout; the first error of it is kept, for the end of the command.
    fn bytes_to_stdout(&self, bytes: &[u8]) {
        let mut stdout = std::io::stdout().lock();
        let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
        if let Some(reason) = written.err().as_ref().and_then(refusal) {
            let _ = self.unwritten.set(reason);
        }
    }

    fn to_stdout(&self, text: &str) {
        self.bytes_to_stdout(text.as_bytes());
    }

    fn document(&self, document: &impl serde::Serialize) {
        if let Ok(document) = serde_json::to_string_pretty(document) {
            self.to_stdout(&format!("{document}\n"));
        }
    }

    fn line(&self, line: &impl serde::Serialize) {
        if let Ok(line) = serde_json::to_string(line) {
            self.to_stdout(&format!("{line}\n"));
        }
    }
}

/// Why standard output does not take what is written to it. A reader that has gone away (`slt test | head`) is no error of ours.
fn refusal(error: &std::io::Error) -> Option<String> {
    (error.kind() != std::io::ErrorKind::BrokenPipe).then(|| os::reason(error))
}

fn lost(reason: &str) -> Failure {
    Failure::environment(format!("cannot write to standard output: {reason}"))
        .hint("what was done stays done; what would have been printed is lost")
}

fn bytes_to_stderr(bytes: &[u8]) {
    let _ = std::io::stderr().lock().write_all(bytes);
}

fn to_stderr(text: &str) {
    bytes_to_stderr(text.as_bytes());
}

/// Whether to colour: as the flag says, then `CLICOLOR_FORCE` and `NO_COLOR`, then whether it goes to a terminal.
fn colour(flag: Color, invocation: &Invocation, terminal: bool) -> bool {
    let set = |name: &str| {
        let value = invocation.environment.get(name);
        value.is_some_and(|value| !value.is_empty() && value != "0")
    };
    match flag {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => set("CLICOLOR_FORCE") || (!set("NO_COLOR") && terminal),
    }
}
