//! From C to a component: bindings from the WIT text, objects, a core module, a component. What is fresh is left alone.
//!
//! | where | what |
//! |---|---|
//! | `src/*.c` | the application; `src/main.c`, if it is there, has its `main` and is not linked into tests |
//! | `tests/*.c` | a test program each, linked with the rest of `src/` and with `tests/support/*.c` |
//! | `include/`, `src/` | where headers are looked for |
//! | `wit/` | the application's world; the world `tests`, if there is one, is that of the tests |
//! | `build/` | everything that is made |
//!
//! A world that exports something makes a reactor, whose functions are called; one that exports nothing makes a command,
//! whose `main` is.

mod bindings;
mod database;
mod link;
mod made;
mod objects;
mod runtime;
mod sources;
pub mod toolchain;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use self::bindings::Bindings;
use self::database::Database;
use self::objects::Objects;
use self::sources::Sources;
use self::toolchain::{CToolchain, Kind, Said};
use super::dist::create_folder;
use super::{About, BuildError, BuildPlan, BuiltApp, Protocol, TestArtifact, TestKind};
use crate::events::{Event, Sink};
use crate::project;

/// Whether there is C in a folder to build.
#[must_use]
pub fn is_project(root: &Path) -> bool {
    Sources::in_folder(&root.join(sources::APP)).is_ok_and(|found| !found.is_empty())
}

/// Builds the application.
pub(super) fn app(plan: &BuildPlan, about: &About, sink: &Sink) -> Result<BuiltApp, BuildError> {
    let work = Work::new(plan, about, Sources::find(&plan.root)?, sink)?;
    let artifact = work.app(sink);
    // an editor needs it most where something does not compile
    work.database.write(&plan.root, &work.folder())?;
    let artifact = artifact?;
    Ok(BuiltApp {
        about: about.clone(),
        digest: None,
        stamps: work.output().join("slt"),
        artifact,
        compiled: None,
    })
}

/// Builds the test programs.
pub(super) fn tests(plan: &BuildPlan, about: &About, sink: &Sink) -> Result<Vec<TestArtifact>, BuildError> {
    let sources = Sources::find(&plan.root)?;
    if sources.tests.is_empty() {
        return Ok(Vec::new());
    }
    let work = Work::new(plan, about, sources, sink)?;
    let tests = work.tests(sink);
    work.database.write(&plan.root, &work.folder())?;
    tests
}

/// Has a toolchain compile and link the smallest program in an empty folder, the plan's. Zig is only asked for its version: it brings
/// everything, and would first compile a C library, for a minute.
///
/// # Errors
/// When it is not whole.
pub fn probe(toolchain: &CToolchain, plan: &BuildPlan) -> Result<(), BuildError> {
    const PROGRAM: &str = "#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n";
    let program = toolchain.program.display().to_string();
    let said = if toolchain.kind == Kind::Zig {
        super::tool::said(plan, &program, &["version".to_owned()])?
    } else {
        let source = plan.root.join("probe.c");
        std::fs::write(&source, PROGRAM).map_err(super::dist::file("write", &source))?;
        let mut arguments = toolchain.command().split_off(1);
        arguments.extend(["probe.c", "-o", "probe.wasm"].map(str::to_owned));
        super::tool::said(plan, &program, &arguments)?
    };
    match (said.status.success(), Said::of(&said.text)) {
        (true, _) => Ok(()),
        (false, Said::Lacks(lack)) => Err(toolchain.lacks(lack)),
        (false, _) => Err(BuildError::DeadCToolchain {
            toolchain: toolchain.shown(),
            said: said
                .text
                .trim()
                .lines()
                .last()
                .map_or_else(|| said.status.to_string(), str::to_owned),
            install: toolchain.install.clone(),
        }),
    }
}

/// The folder in which everything is made.
const BUILD: &str = "build";

/// Waits until nobody else makes something in this folder.
fn lock(folder: &Path, sink: &Sink) -> Result<File, BuildError> {
    let path = folder.join(".lock");
    create_folder(folder)?;
    let lock = File::create(&path).map_err(super::dist::file("create", &path))?;
    if let Err(TryLockError::WouldBlock) = lock.try_lock() {
        sink(Event::Step {
            verb: "Waiting".into(),
            message: "for another slt that builds in this folder".into(),
        });
        lock.lock().map_err(super::dist::file("lock", &path))?;
    }
    // a file system without locks is no reason not to build
    Ok(lock)
}

/// What one build works with.
struct Work<'a> {
    plan: &'a BuildPlan,
    about: &'a About,
    sources: Sources,
    toolchain: CToolchain,
    worlds: project::Worlds,
    /// Every command that compiles something, for editors.
    database: Database,
    /// Held as long as something is made.
    _lock: File,
}

impl<'a> Work<'a> {
    fn new(plan: &'a BuildPlan, about: &'a About, sources: Sources, sink: &Sink) -> Result<Self, BuildError> {
        let worlds =
            project::worlds(&plan.root.join(project::WIT), &about.name, &plan.root).map_err(BuildError::Wit)?;
        let toolchain = toolchain::find(&plan.environment, &plan.root).map_err(BuildError::NoCToolchain)?;
        Ok(Self {
            plan,
            about,
            sources,
            toolchain,
            worlds,
            database: Database::default(),
            _lock: lock(&plan.root.join(BUILD), sink)?,
        })
    }

    /// Where everything is made.
    fn folder(&self) -> PathBuf {
        self.plan.root.join(BUILD)
    }

    /// Where what depends on the flags is made.
    fn output(&self) -> PathBuf {
        self.folder().join(if self.plan.release { "release" } else { "debug" })
    }

    fn app(&self, sink: &Sink) -> Result<PathBuf, BuildError> {
        let bindings = Bindings::generate(&self.worlds, self.worlds.app, &self.folder().join("bindings/app"))?;
        let mut objects = Objects::new(self, &bindings);
        let mut linked = objects.bindings().to_vec();
        linked.extend(self.sources.app.iter().map(|source| objects.source(source)));
        let model = match bindings.exports {
            true => link::Model::Reactor,
            false => link::Model::Command,
        };
        if model == link::Model::Command {
            linked.extend(objects.runtime()?);
        }
        self.compile(&objects, sink)?;
        if model == link::Model::Reactor
            && let Some(source) = objects.with_main()?
        {
            return Err(BuildError::StrayMain {
                source_file: objects::shown(&self.plan.root, &source),
                world: Some(bindings.world),
            });
        }
        let link = link::Link {
            name: &self.about.name,
            is_test: false,
            model,
            bindings: &bindings,
            objects: linked,
            to: self.output().join(format!("{}.wasm", self.about.name)),
        };
        link.run(self, sink)
    }

    fn tests(&self, sink: &Sink) -> Result<Vec<TestArtifact>, BuildError> {
        let folder = self.folder();
        let app = Bindings::generate(&self.worlds, self.worlds.app, &folder.join("bindings/app"))?;
        let bindings = match self.worlds.tests {
            Some(tests) => Bindings::generate(&self.worlds, tests, &folder.join("bindings/tests"))?,
            None => app.clone(),
        };
        // the application's own sources are compiled against its own world, once for both
        let mut own = Objects::new(self, &app);
        let mut shared: Vec<PathBuf> = self.sources.library().map(|source| own.source(source)).collect();
        self.compile(&own, sink)?;
        if let Some(source) = own.with_main()? {
            return Err(BuildError::StrayMain {
                source_file: objects::shown(&self.plan.root, &source),
                world: None,
            });
        }

        let mut objects = Objects::new(self, &bindings);
        shared.extend(objects.bindings());
        shared.extend(objects.runtime()?);
        shared.extend(self.sources.support.iter().map(|source| objects.source(source)));
        let programs: Vec<(String, PathBuf)> = self
            .sources
            .tests
            .iter()
            .map(|source| (sources::stem(source), objects.source(source)))
            .collect();
        self.compile(&objects, sink)?;

        let mut tests = Vec::new();
        for (name, object) in programs {
            let link = link::Link {
                name: &name,
                is_test: true,
                model: link::Model::Command,
                bindings: &bindings,
                objects: std::iter::once(object).chain(shared.iter().cloned()).collect(),
                to: self.output().join("tests").join(format!("{name}.wasm")),
            };
            let path = link.run(self, sink)?;
            let is_suite = link::is_suite(&path)?;
            tests.push(TestArtifact {
                package: self.about.name.clone(),
                name,
                path,
                kind: TestKind::Integration,
                protocol: if is_suite { Protocol::Suite } else { Protocol::Program },
            });
        }
        Ok(tests)
    }

    fn compile(&self, objects: &Objects<'_>, sink: &Sink) -> Result<(), BuildError> {
        let stale = objects.stale();
        if !stale.is_empty() && !self.plan.quiet {
            sink(Event::Step {
                verb: "Compiling".into(),
                message: format!("{} with {}", self.about.name, self.toolchain.shown()),
            });
            for path in &self.sources.foreign {
                sink(Event::Note {
                    message: format!(
                        "`{}` is not compiled: slt compiles C",
                        objects::shown(&self.plan.root, path)
                    ),
                });
            }
        }
        let done = objects.compile(&stale, sink);
        self.database.add(objects.commands());
        done
    }
}
