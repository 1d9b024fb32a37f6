//! Compiles sources to objects, several at a time, and only those that are older than what they were made from.
//!
//! What an object was made from is what the compiler itself wrote down (`-MD`); how it was made is remembered beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::super::BuildError;
use super::super::dist::{create_folder, read};
use super::super::tool::{self, Saying};
use super::bindings::Bindings;
use super::database::Entry;
use super::made::{self, Before};
use super::toolchain::{CToolchain, Said};
use super::{Work, runtime, sources};
use crate::events::{Event, Sink};
use crate::validate::module;

/// What every source is compiled with, but what is generated.
const FLAGS: &[&str] = &["-std=gnu11", "-Wall", "-Wextra"];
/// What generated sources are compiled with.
const GENERATED: &[&str] = &["-std=gnu11", "-w"];
/// For a day's work.
const DEBUG: &[&str] = &["-O1", "-g"];
/// For what is shipped.
const RELEASE: &[&str] = &["-Os", "-DNDEBUG"];

/// What `main` is called by the time it is linked.
pub(super) const MAIN: &[&str] = &["main", "__main_argc_argv", "__original_main", "__main_void"];

/// One source, and what becomes of it.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    source: PathBuf,
    object: PathBuf,
    /// The compiler and its arguments.
    command: Vec<String>,
    /// Whether an editor should know of it: what the user wrote.
    is_own: bool,
}

/// The units of one set of bindings.
pub(super) struct Objects<'a> {
    work: &'a Work<'a>,
    bindings: &'a Bindings,
    folder: PathBuf,
    units: Vec<Unit>,
}

impl<'a> Objects<'a> {
    /// None yet.
    pub fn new(work: &'a Work<'a>, bindings: &'a Bindings) -> Self {
        let set = bindings.folder.file_name().unwrap_or_default();
        Self {
            folder: work.output().join("objects").join(set),
            work,
            bindings,
            units: Vec::new(),
        }
    }

    /// Adds a source of the user's; returns its object.
    pub fn source(&mut self, source: &Path) -> PathBuf {
        let below = source.strip_prefix(&self.work.plan.root).unwrap_or(source);
        let object = self.folder.join(below).with_extension("o");
        self.add(source.to_owned(), object, FLAGS, true)
    }

    /// Adds the bindings; returns their objects.
    pub fn bindings(&mut self) -> [PathBuf; 2] {
        let object = self.folder.join(format!("{}.o", sources::stem(&self.bindings.source)));
        let object = self.add(self.bindings.source.clone(), object, GENERATED, false);
        [object, self.bindings.object.clone()]
    }

    /// Adds what calls `main`, where the toolchain's own does it wrong.
    pub fn runtime(&mut self) -> Result<Option<PathBuf>, BuildError> {
        if !self.work.toolchain.needs_runtime {
            return Ok(None);
        }
        let source = runtime::write(&self.work.folder())?;
        let object = self.folder.join("runtime.o");
        Ok(Some(self.add(source, object, GENERATED, false)))
    }

    fn add(&mut self, source: PathBuf, object: PathBuf, flags: &[&str], is_own: bool) -> PathBuf {
        let plan = self.work.plan;
        let toolchain: &CToolchain = &self.work.toolchain;
        let mut command = toolchain.command();
        let mut push = |flag: &str| command.push(flag.to_owned());
        flags.iter().copied().for_each(&mut push);
        let level = if plan.release { RELEASE } else { DEBUG };
        level.iter().copied().for_each(&mut push);
        for folder in [
            plan.root.join("include"),
            plan.root.join(sources::APP),
            self.bindings.folder.clone(),
        ] {
            push("-I");
            push(&shown(&plan.root, &folder));
        }
        if is_own {
            variable(self.work, "CFLAGS").for_each(|flag| push(&flag));
        }
        push("-c");
        push(&shown(&plan.root, &source));
        push("-o");
        push(&shown(&plan.root, &object));
        self.units.push(Unit {
            source,
            object: object.clone(),
            command,
            is_own,
        });
        object
    }

    /// The units that have to be compiled.
    pub fn stale(&self) -> Vec<Unit> {
        self.units.iter().filter(|unit| !self.is_fresh(unit)).cloned().collect()
    }

    fn is_fresh(&self, unit: &Unit) -> bool {
        made::is_fresh(&unit.object, &self.work.toolchain.how(&unit.command))
    }

    /// Compiles units, as many at a time as there are processors. What the compiler says of one comes in one piece.
    ///
    /// # Errors
    /// The first one; the units that had been begun are finished.
    pub fn compile(&self, stale: &[Unit], sink: &Sink) -> Result<(), BuildError> {
        if stale.is_empty() {
            return Ok(());
        }
        for unit in stale {
            if let Some(folder) = unit.object.parent() {
                create_folder(folder)?;
            }
        }
        let root = &self.work.plan.root;
        let folders = [root.join("include"), root.join(sources::APP), root.join("tests")];
        let before = Before::of(&[&folders[..], std::slice::from_ref(&self.bindings.folder)].concat());
        let next = AtomicUsize::new(0);
        let failed: Mutex<Option<(BuildError, String)>> = Mutex::new(None);
        let stop = || failed.lock().map_or(true, |failed| failed.is_some());
        let work = || {
            while !stop()
                && let Some(unit) = stale.get(next.fetch_add(1, Ordering::Relaxed))
            {
                let (done, text) = match self.compile_one(unit) {
                    Ok(said) => (self.judge(unit, &said, &before), said.text),
                    Err(error) => (Err(error), String::new()),
                };
                let Ok(mut failed) = failed.lock() else { return };
                // what is wrong with the compiler itself, it says of every source
                if failed.as_ref().is_none_or(|(_, before)| *before != text) {
                    tell(&text, sink);
                }
                if let (Err(error), None) = (done, failed.as_ref()) {
                    *failed = Some((error, text));
                }
            }
        };
        let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        thread::scope(|scope| {
            for _ in 1..threads.min(stale.len()) {
                scope.spawn(work);
            }
            work();
        });
        match failed.into_inner() {
            Ok(Some((error, _))) => Err(error),
            _ => Ok(()),
        }
    }

    fn compile_one(&self, unit: &Unit) -> Result<Saying, BuildError> {
        let mut command = unit.command.clone();
        let dependencies = shown(&self.work.plan.root, &unit.object.with_extension("d"));
        command.extend(["-MD".to_owned(), "-MF".to_owned(), dependencies]);
        if self.work.plan.color == Some(true) {
            command.push("-fcolor-diagnostics".into());
        }
        let (program, arguments) = command.split_first().ok_or(BuildError::Compile)?;
        tool::said(self.work.plan, program, arguments)
    }

    fn judge(&self, unit: &Unit, said: &Saying, before: &Before) -> Result<(), BuildError> {
        if !said.status.success() {
            return Err(match Said::of(&said.text) {
                Said::Lacks(lack) => self.work.toolchain.lacks(lack),
                _ => BuildError::Compile,
            });
        }
        let rule = fs::read_to_string(unit.object.with_extension("d")).unwrap_or_default();
        let root = &self.work.plan.root;
        let mut from: Vec<PathBuf> = dependencies_of(&rule).map(|path| root.join(path)).collect();
        from.push(unit.source.clone());
        let how = self.work.toolchain.how(&unit.command);
        before.remember(&unit.object, &how, &from, std::slice::from_ref(&unit.object))
    }

    /// The first of these sources whose object has a `main`.
    pub fn with_main(&self) -> Result<Option<PathBuf>, BuildError> {
        for unit in self.units.iter().filter(|unit| unit.is_own) {
            if module::defines(&read(&unit.object)?, MAIN) {
                return Ok(Some(unit.source.clone()));
            }
        }
        Ok(None)
    }

    /// The commands of the user's own sources.
    pub fn commands(&self) -> impl Iterator<Item = Entry> {
        let root = &self.work.plan.root;
        self.units.iter().filter(|unit| unit.is_own).map(move |unit| Entry {
            directory: root.clone(),
            file: unit.source.clone(),
            arguments: unit.command.clone(),
            output: unit.object.clone(),
        })
    }
}

/// The words of a variable of flags.
pub(super) fn variable<'a>(work: &'a Work<'_>, name: &str) -> impl Iterator<Item = String> + use<'a> {
    let value = work.plan.environment.get(name).and_then(|value| value.to_str());
    value.unwrap_or_default().split_whitespace().map(ToOwned::to_owned)
}

/// Hands on what a tool said, in one piece.
pub(super) fn tell(text: &str, sink: &Sink) {
    if !text.is_empty() {
        sink(Event::Tool {
            text: text.trim_end().to_owned(),
        });
    }
}

/// A path as tools are handed it: from the project's folder, in which they run. So a message names `src/app.c`.
pub(super) fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// The files in a rule of make, as compilers write it: `object: source header \⏎ header`; spaces in names are escaped.
fn dependencies_of(rule: &str) -> impl Iterator<Item = String> {
    let rest = rule.split_once(": ").map_or("", |(_, rest)| rest);
    let mut names = Vec::new();
    let mut name = String::new();
    let mut characters = rest.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('\n' | '\r') | None => {}
                Some(escaped @ (' ' | '#' | '\\')) => name.push(escaped),
                Some(other) => name.extend(['\\', other]),
            },
            '$' if characters.peek() == Some(&'$') => {}
            character if character.is_whitespace() => {
                if !name.is_empty() {
                    names.push(std::mem::take(&mut name));
                }
            }
            character => name.push(character),
        }
    }
    if !name.is_empty() {
        names.push(name);
    }
    names.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_object_depends_on() {
        let rule = "build/a.o: src/a.c include/slt.h \\\n  src/my\\ links.h \\\n  C:\\x\\y.h a$$b.h\n";
        assert_eq!(
            dependencies_of(rule).collect::<Vec<_>>(),
            ["src/a.c", "include/slt.h", "src/my links.h", "C:\\x\\y.h", "a$b.h"]
        );
        assert_eq!(dependencies_of("").count(), 0);
        assert_eq!(dependencies_of("a.o:").count(), 0);
    }
}
