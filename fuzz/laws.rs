//! What holds for any bytes that slt reads before it runs anything. A law that is broken panics.
//!
//! One text for three readers: the fuzz targets, the test of their corpora (`tests/it/fuzz_corpus.rs`) and the property tests
//! (`tests/it/slightfiles.rs`). It reads no file and knows nothing of the engine that makes up the bytes.

use std::collections::BTreeMap;

use slt::catalogue::{CATALOGUE, Hosted};
use slt::slightfile::{Diagnostic, Edit, Fix, Slightfile, apply, cover, parse, parse_bytes, sort};
use slt::ui::diagnostics::{Source, human, lines};
use slt::validate::{Artifact, Interface, World, explain, validate};

const NAME: &str = "slightfile.toml";

/// Any bytes are a slightfile or are refused, whatever component stands beside them.
pub fn slightfile(bytes: &[u8]) {
    let (read, found) = parse_bytes(NAME, bytes);
    assert!(
        read.is_some() || found.iter().any(Diagnostic::is_error),
        "nothing, and no reason"
    );
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert!(read.is_none(), "a slightfile that is no text");
        return;
    };
    assert_eq!((read, found), parse(NAME, text), "bytes and their text are one");
    assert_eq!(cover(text).len(), text.len(), "what is covered keeps its place");
    for world in [None, Some(&everything())] {
        let found = diagnose(text, world);
        said(text, &found);
        written(text, &found);
        if world.is_some() {
            shown(text, &found);
        }
        for diagnostic in &found {
            for fix in &diagnostic.fixes {
                mends(text, world, &found, diagnostic, fix);
            }
        }
        together(text, &found);
    }
}

/// Any bytes have a world or none, and the world can be compared with a slightfile.
pub fn component(bytes: &[u8]) {
    let text = "specversion = \"1.0\"\n";
    let Some(slightfile) = parse(NAME, text).0 else {
        panic!("the smallest slightfile");
    };
    match World::from_component(bytes) {
        Ok(world) => {
            for artifact in [Artifact::App, Artifact::Test] {
                let found = validate(&slightfile, Some(&world), &CATALOGUE, artifact);
                said(text, &found);
                shown(text, &found);
            }
        }
        Err(error) => said(text, &[explain("app.wasm", &error)]),
    }
}

/// All that is said about a text beside a world.
pub fn diagnose(text: &str, world: Option<&World>) -> Vec<Diagnostic> {
    let (slightfile, mut found) = parse(NAME, text);
    let more = |slightfile: &Slightfile| validate(slightfile, world, &CATALOGUE, Artifact::App);
    found.extend(slightfile.as_ref().map(more).unwrap_or_default());
    sort(&mut found);
    found
}

/// A world that imports and exports every interface of the catalogue.
fn everything() -> World {
    let interface = |hosted: &Hosted| Interface {
        package: hosted.package.to_owned(),
        name: hosted.interface.to_owned(),
        version: hosted.versions.first().and_then(|version| version.parse().ok()),
        functions: BTreeMap::new(),
    };
    let capabilities = CATALOGUE.capabilities;
    World {
        imports: capabilities
            .iter()
            .flat_map(|capability| capability.imports)
            .map(interface)
            .collect(),
        exports: capabilities
            .iter()
            .flat_map(|capability| capability.exports)
            .map(interface)
            .collect(),
        uncalled: Vec::new(),
    }
}

/// Whatever is said is a line of plain words, at places that are there.
fn said(text: &str, found: &[Diagnostic]) {
    for diagnostic in found {
        plain(&diagnostic.message);
        for label in &diagnostic.labels {
            plain(&label.text);
            assert!(text.get(label.range.clone()).is_some(), "{label:?} is no place");
        }
        let edits = diagnostic.fixes.iter().flat_map(|fix| &fix.edits);
        for edit in edits {
            assert!(text.get(edit.range.clone()).is_some(), "{edit:?} is no place");
        }
    }
}

/// Whatever is said can be shown, to people and to programs.
fn shown(text: &str, found: &[Diagnostic]) {
    let source = Source { name: NAME, text };
    let people = human(source, found, false);
    assert_eq!(people.is_empty(), found.is_empty(), "what is found is shown");
    let turns = |c: char| matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let steers = |c: char| turns(c) || c.is_control() && c != '\n' && c != '\t';
    assert!(!people.contains(steers), "{people:?} steers a terminal");
    assert_eq!(lines(source, found).len(), found.len(), "a line for each");
}

fn plain(line: &str) {
    assert!(!line.contains(char::is_control), "{line:?} is no line");
    assert!(!line.ends_with('.'), "{line:?} ends with a full stop");
}

/// A fix leaves a file that can be read as before, and one that is made without asking mends what it belongs to.
fn mends(text: &str, world: Option<&World>, before: &[Diagnostic], diagnostic: &Diagnostic, fix: &Fix) {
    let mended = apply(text, &fix.edits);
    assert!(
        !is_toml(text) || is_toml(&mended),
        "{fix:?} of {diagnostic:?} breaks the file: {mended:?}"
    );
    if fix.automatic {
        // Behind an error of syntax that is mended, the next one may come to light: it is looked for in its own place only.
        let syntax = diagnostic.code == "SLT0002";
        let place = |other: &Diagnostic| other.labels.first().map(|label| label.range.start);
        let is_it = |other: &&Diagnostic| {
            let alike = other.code == diagnostic.code && other.message == diagnostic.message;
            alike && (!syntax || place(other) == place(diagnostic))
        };
        let (was, is) = (
            before.iter().filter(is_it).count(),
            diagnose(&mended, world).iter().filter(is_it).count(),
        );
        assert!(is < was, "{fix:?} does not mend {diagnostic:?}: {mended:?}");
    }
}

/// The fixes that are made without asking can be made all at once, which is what `slt check --fix` does.
fn together(text: &str, found: &[Diagnostic]) {
    let fixes = found
        .iter()
        .flat_map(|diagnostic| &diagnostic.fixes)
        .filter(|fix| fix.automatic);
    let mended = apply(text, fixes.flat_map(|fix| &fix.edits));
    assert!(
        !is_toml(text) || is_toml(&mended),
        "all fixes together break the file: {mended:?}"
    );
}

fn is_toml(text: &str) -> bool {
    toml_edit::Document::parse(text).is_ok()
}

/// What is read and written again is the file. Slightfiles are never printed from what was read of them (`toml_edit` would leave out
/// a byte order mark and the line ends of Windows): edits go into their text, and the rest stays. Here each place that something is said
/// about is replaced by what stands there.
fn written(text: &str, found: &[Diagnostic]) {
    let places = found.iter().flat_map(|diagnostic| &diagnostic.labels);
    let edits: Vec<Edit> = places
        .map(|label| Edit {
            range: label.range.clone(),
            text: text.get(label.range.clone()).unwrap_or_default().to_owned(),
        })
        .collect();
    assert_eq!(apply(text, &edits), text, "what is replaced by itself");
    assert_eq!(apply(text, &[]), text, "nothing replaced");
}
