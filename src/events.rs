//! The closed set of things that the rooms report while they work, and that `ui` renders.
//!
//! *Invariant:* nothing here knows of terminals, colours or JSON layouts beyond `serde`'s; nothing here prints.
//! A room is handed a [`Sink`] and calls it; what is not in this enum cannot be shown.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use slt_emulators::chassis::Record;

/// Where events go. Called from any thread; must not block for long.
pub type Sink = Arc<dyn Fn(Event) + Send + Sync>;

/// A sink that forgets, for code that runs without an audience.
#[must_use]
pub fn silent() -> Sink {
    Arc::new(|_| {})
}

/// What stands before the names of doctests, which only cargo builds and starts again.
pub const DOCTESTS: &str = "doctests";

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It ran, and nothing was wrong.
    Passed,
    /// It panicked, trapped, returned an error, or deadlocked.
    Failed,
    /// Its author marked it `#[ignore]`.
    Ignored,
    /// It needs what a guest or these services cannot do; it was not run, or not to its end.
    Unsupported,
    /// It was still going when its real time was over.
    TimedOut,
    /// An earlier test of its process ended the process (doctests share one).
    NotRun,
}

/// Something that happened.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Event {
    /// A step of work began: `Compiling`, `Componentizing`, `Installing` …
    Step {
        /// A present participle, as cargo prints them.
        verb: String,
        /// What is worked on.
        message: String,
    },
    /// Something that the user should know, and that stops nothing.
    Note {
        /// What it is.
        message: String,
    },
    /// It is waited for the user to sign in.
    SignIn {
        /// Where.
        address: String,
        /// Whether a browser opens there by itself.
        opens: bool,
        /// What to say there: with `--device`.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// How long the code is valid.
        #[serde(skip_serializing_if = "Option::is_none")]
        seconds: Option<u64>,
    },
    /// Output of a tool that we drive (cargo), as it came.
    Tool {
        /// The text, with its colours if the tool was told to use them.
        text: String,
    },
    /// A step of `slt ship` began or ended.
    Stage(Stage),
    /// `slt ship` failed, or was interrupted, behind packing: what has become of the tags.
    Tags(Tags),
    /// A component was written.
    Built {
        /// Where it lies.
        path: String,
        /// Its size in bytes.
        bytes: u64,
        /// How long it took, in real milliseconds.
        milliseconds: u64,
    },
    /// Something large is on its way to a registry, or from one. For terminals only: it comes several times a second.
    #[serde(skip)]
    Transfer {
        /// A part of its digest.
        name: String,
        /// Whether it is sent; else it is fetched.
        sent: bool,
        /// How much is there, in bytes.
        bytes: u64,
        /// How much it is, in bytes.
        total: u64,
    },
    /// An HTTP server accepts connections.
    Listening {
        /// The service: `http`, `redis` …
        service: String,
        /// `http://127.0.0.1:3000`, `redis://127.0.0.1:6379`.
        address: String,
    },
    /// One HTTP request was answered.
    Request {
        /// `GET`, `POST` …
        method: String,
        /// Path and query.
        path: String,
        /// The status that was sent.
        status: u16,
        /// How long it took, in microseconds.
        microseconds: u64,
        /// Why it failed, if the guest did not answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A line that the guest wrote.
    GuestOutput {
        /// `stdout` or `stderr`.
        stream: String,
        /// The line, without its end.
        line: String,
    },
    /// An exchange with a service.
    Exchange(Exchange),
    /// Which tests will run.
    TestsPlanned {
        /// How many.
        total: usize,
        /// The seed that every random decision derives from.
        seed: u64,
    },
    /// A test that was only listed.
    TestListed {
        /// Its name.
        name: String,
        /// Whether it is marked `#[ignore]`.
        ignored: bool,
    },
    /// A test began.
    TestStarted {
        /// Its name.
        name: String,
    },
    /// A test ended.
    TestFinished(TestFinished),
    /// The run is over.
    TestsFinished(TestsFinished),
}

/// A step of `slt ship` began or ended.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Stage {
    /// `check`, `build`, `test`, `pack`, `push`, `sign`, `attest`, `tag`.
    pub name: &'static str,
    /// How far it is.
    pub state: StageState,
    /// What it did, or is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How long it took, in real milliseconds.
    pub milliseconds: u64,
}

/// How far a step of `slt ship` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StageState {
    /// It began.
    Started,
    /// It is done.
    Done,
    /// It was left out, as somebody said.
    Skipped,
    /// It failed: nothing behind it is begun.
    Failed,
}

/// What has become of the tags of an artifact that was not shipped. None is put back: another may have moved it meanwhile.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Tags {
    /// What was to get them: `registry/repository@sha256:…`.
    pub name: String,
    /// Those that it has now.
    pub given: Vec<String>,
    /// That which it may have: the registry was asked for it, and has not said whether it did it.
    pub uncertain: Vec<String>,
    /// Those that are what they were before.
    pub not_given: Vec<String>,
}

/// One exchange with a service.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Exchange {
    /// The test, under `slt test`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// `redis#0`
    pub service: String,
    /// The node of the service.
    pub node: u16,
    /// The connection, counted from 0.
    pub connection: u64,
    /// The place in the journal.
    pub sequence: u64,
    /// Nanoseconds since the start, on the clock of the services.
    pub time: u64,
    /// `SET`
    pub operation: String,
    /// The arguments, shortened, without secrets.
    pub arguments: Vec<String>,
    /// The answer, shortened.
    pub answer: String,
    /// What a fault did to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

impl Exchange {
    /// A record of the journal as an event.
    #[must_use]
    pub fn of(test: Option<&str>, record: &Record) -> Self {
        Self {
            test: test.map(str::to_owned),
            service: record.service.to_string(),
            node: record.node,
            connection: record.connection,
            sequence: record.sequence,
            time: record.time,
            operation: record.operation.clone(),
            arguments: record.shown_arguments(),
            answer: record.shown_answer(),
            fault: record.fault.clone(),
        }
    }
}

/// A test ended.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TestFinished {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Real time, in microseconds.
    pub microseconds: u64,
    /// Virtual time, in nanoseconds.
    pub virtual_nanoseconds: u64,
    /// The seed that replays it.
    pub seed: u64,
    /// Why it failed or was not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
    /// The last exchanges with its services, for a test that failed.
    pub exchanges: Vec<Exchange>,
}

/// The run is over.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct TestsFinished {
    /// How many passed.
    pub passed: usize,
    /// How many failed.
    pub failed: usize,
    /// How many were ignored.
    pub ignored: usize,
    /// How many cannot run here.
    pub unsupported: usize,
    /// How many ran out of time.
    pub timed_out: usize,
    /// How many were cut off by an earlier one.
    pub not_run: usize,
    /// How many the filter left out.
    pub filtered_out: usize,
    /// Real time, in milliseconds.
    pub milliseconds: u64,
    /// The seed that replays the run.
    pub seed: u64,
}
