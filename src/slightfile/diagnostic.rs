//! A problem that was found before anything ran: what it is, where it lies, and the way out.
//!
//! Made by the grammar (`slightfile`) and by `validate`; shown by `ui`. Nothing here prints or reads a file, and no
//! message, label, hint or fix ever holds the value of a secret.

use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It cannot run like this.
    Error,
    /// It can run, and is most likely not what was meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// A place in the file, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Bytes of the file's text.
    pub range: Range<usize>,
    /// What is shown at the place: lower case, no full stop.
    pub text: String,
}

/// A text that takes the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that are replaced; empty to insert.
    pub range: Range<usize>,
    /// What stands there afterwards.
    pub text: String,
}

/// A change that mends the problem, and that a program can make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does: ``replace by `keyvalue.redis` ``.
    pub title: String,
    /// What is replaced: no two of them overlap.
    pub edits: Vec<Edit>,
    /// Whether it is what the user wants for certain, so that `slt check --fix` may make it. Another one leaves something to choose
    /// or to fill in, and is offered by an editor.
    pub automatic: bool,
}

/// A problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// One of [`codes`]; the same for ever.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: one line, lower case, no full stop.
    pub message: String,
    /// Where; the first is the main one. None when the problem lies in a component.
    pub labels: Vec<Label>,
    /// The way out.
    pub hint: Option<String>,
    /// The ways out, for a program; the first is the best.
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    fn new(code: &'static str, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: plain(message.into()),
            labels: Vec::new(),
            hint: None,
            fixes: Vec::new(),
        }
    }

    /// Something that must be mended.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    /// Something that is most likely not what was meant.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    /// Something worth knowing.
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Note, message)
    }

    /// Says where.
    #[must_use]
    pub fn label(mut self, range: Range<usize>, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            range,
            text: plain(text.into()),
        });
        self
    }

    /// Says the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds a change that mends it for certain.
    #[must_use]
    pub fn fix(self, title: impl Into<String>, range: Range<usize>, text: impl Into<String>) -> Self {
        let text = text.into();
        self.fix_all(title, vec![Edit { range, text }])
    }

    /// Adds a change in several places that mends it for certain.
    #[must_use]
    pub fn fix_all(mut self, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fixes.push(Fix {
            title: title.into(),
            edits,
            automatic: true,
        });
        self
    }

    /// Adds a change that the user may want: it leaves something to choose or to fill in.
    #[must_use]
    pub fn suggest(mut self, title: impl Into<String>, range: Range<usize>, text: impl Into<String>) -> Self {
        let text = text.into();
        self.fixes.push(Fix {
            title: title.into(),
            edits: vec![Edit { range, text }],
            automatic: false,
        });
        self
    }

    /// Whether it must be mended.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// A text of one line, without anything that could steer a terminal: parts of it were written by somebody else.
fn plain(text: String) -> String {
    match text.contains(char::is_control) {
        true => text.replace(char::is_control, " "),
        false => text,
    }
}

/// The text after some edits. Of two that overlap, the one that begins later is left out, and so is one that lies outside of the
/// text or inside a character.
#[must_use]
pub fn apply<'a>(text: &str, edits: impl IntoIterator<Item = &'a Edit>) -> String {
    let mut edits: Vec<&Edit> = edits.into_iter().collect();
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut applied = String::with_capacity(text.len());
    let mut done = 0;
    for edit in edits {
        let Some(between) = text.get(done..edit.range.start) else {
            continue;
        };
        if text.get(edit.range.clone()).is_none() {
            continue;
        }
        applied.push_str(between);
        applied.push_str(&edit.text);
        done = edit.range.end;
    }
    applied.push_str(text.get(done..).unwrap_or_default());
    applied
}

/// Puts problems in the order of the file; those without a place come last, the worst first.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(|diagnostic| {
        let place = diagnostic.labels.first().map_or(usize::MAX, |label| label.range.start);
        (place, diagnostic.severity, diagnostic.code)
    });
}

/// The word that was most likely meant, if one is near enough: at most a third of its letters differ.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LENGTH_MAX_BYTES: usize = 256; // the distance is quadratic, and no name of ours is longer
    if written.len() > LENGTH_MAX_BYTES {
        return None;
    }
    let lower = written.to_lowercase();
    known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&lower, &word.to_lowercase()), word))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, word)| *distance * 3 <= word.chars().count().max(3))
        .map(|(_, word)| word)
}

/// The codes of all diagnostics. A code is never given a second meaning.
pub mod codes {
    /// The file is larger than slt reads.
    pub const TOO_LARGE: &str = "SLT0001";
    /// The file is not TOML.
    pub const SYNTAX: &str = "SLT0002";
    /// `specversion` is missing.
    pub const SPECVERSION_MISSING: &str = "SLT0101";
    /// `specversion` is none that slt reads.
    pub const SPECVERSION_UNKNOWN: &str = "SLT0102";
    /// A key that the grammar does not have.
    pub const KEY_UNKNOWN: &str = "SLT0103";
    /// A key of another spec version.
    pub const KEY_OF_OTHER_VERSION: &str = "SLT0104";
    /// A value of the wrong type.
    pub const TYPE: &str = "SLT0105";
    /// A key that must be there.
    pub const KEY_MISSING: &str = "SLT0106";
    /// A size, duration, number or version that cannot be read.
    pub const QUANTITY: &str = "SLT0107";
    /// An outbound host that cannot be read.
    pub const OUTBOUND: &str = "SLT0108";
    /// A `${store.KEY}` reference that cannot be read.
    pub const REFERENCE: &str = "SLT0109";
    /// More entries than slt reads.
    pub const TOO_MANY: &str = "SLT0110";
    /// A resource that does not exist.
    pub const RESOURCE_UNKNOWN: &str = "SLT0201";
    /// A resource whose provider is not built yet.
    pub const RESOURCE_PLANNED: &str = "SLT0202";
    /// A resource under its old name.
    pub const RESOURCE_OLD_NAME: &str = "SLT0203";
    /// Two entries of one capability share a name.
    pub const NAME_DUPLICATE: &str = "SLT0204";
    /// `"*"` beside another name of its capability.
    pub const NAME_OVERLAP: &str = "SLT0205";
    /// A configuration key that the resource does not read.
    pub const CONFIG_UNKNOWN: &str = "SLT0206";
    /// A configuration key that the resource needs.
    pub const CONFIG_MISSING: &str = "SLT0207";
    /// A secret that is written into the file.
    pub const CONFIG_SECRET: &str = "SLT0208";
    /// A configuration value of the wrong form.
    pub const CONFIG_FORM: &str = "SLT0209";
    /// A key of an entry that only another kind of entry reads.
    pub const KEY_OF_OTHER_CAPABILITY: &str = "SLT0210";
    /// A reference to a store that is not read yet.
    pub const STORE_PLANNED: &str = "SLT0220";
    /// Less memory than a component can start with.
    pub const MEMORY_TOO_SMALL: &str = "SLT0221";
    /// An import whose capability the slightfile lacks.
    pub const IMPORT_WITHOUT_CAPABILITY: &str = "SLT0301";
    /// An import that no capability provides.
    pub const IMPORT_UNKNOWN: &str = "SLT0302";
    /// A capability that the component does not use.
    pub const CAPABILITY_UNUSED: &str = "SLT0303";
    /// An interface in a version that slt does not host.
    pub const VERSION_UNSUPPORTED: &str = "SLT0304";
    /// `slight:testing` outside of tests.
    pub const TESTING_OUTSIDE_TESTS: &str = "SLT0305";
    /// Outbound HTTP that the slightfile grants to nobody.
    pub const OUTBOUND_NOT_GRANTED: &str = "SLT0306";
    /// A function with a shape that slt does not host.
    pub const SHAPE_UNSUPPORTED: &str = "SLT0307";
    /// Nothing that could be run is exported.
    pub const EXPORT_MISSING: &str = "SLT0308";
    /// A message handler that no topic is subscribed for.
    pub const HANDLER_WITHOUT_SUBSCRIBE: &str = "SLT0309";
    /// Topics that are subscribed for a handler that is not there.
    pub const SUBSCRIBE_WITHOUT_HANDLER: &str = "SLT0310";
    /// A capability of another family than the one that the component uses.
    pub const WRONG_FAMILY: &str = "SLT0311";
    /// A core module where a component is needed.
    pub const CORE_MODULE: &str = "SLT0401";
    /// Not WebAssembly, or cut short.
    pub const WASM_CORRUPT: &str = "SLT0402";
    /// A WIT package where a component is needed.
    pub const WIT_PACKAGE: &str = "SLT0403";
    /// The `wit` folder cannot be read.
    pub const WIT_INVALID: &str = "SLT0404";
    /// There is no component and no `wit` folder to compare with.
    pub const NO_WORLD: &str = "SLT0405";
    /// A core module of slight's old ABI.
    pub const SLIGHT_MODULE: &str = "SLT0406";
}
