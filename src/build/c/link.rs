//! Links objects to a core module, and makes a component of it.

use std::path::{Path, PathBuf};

use super::super::component::{self, Stripped};
use super::super::dist::{create_folder, file, read, replace};
use super::super::{BuildError, tool};
use super::bindings::{Bindings, NAME};
use super::made::{self, Before};
use super::objects::{MAIN, shown, tell, variable};
use super::toolchain::Said;
use super::{Work, sources};
use crate::events::Sink;
use crate::project;

/// The custom section of a program that lists its tests and runs them one by one: `slt_test.h` makes it.
const SUITE: &str = "slt-suite";

/// How a module is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    /// It has a `main`.
    Command,
    /// Its functions are called.
    Reactor,
}

/// What to link.
pub(super) struct Link<'a> {
    /// What it is called in messages.
    pub name: &'a str,
    /// How it is started.
    pub model: Model,
    /// Whether it is a test program.
    pub is_test: bool,
    /// Its world.
    pub bindings: &'a Bindings,
    /// Its objects.
    pub objects: Vec<PathBuf>,
    /// Where the component is to lie; the core module lies in `core/` beside it.
    pub to: PathBuf,
}

impl Link<'_> {
    /// Links, and makes a component, unless that is what lies there.
    pub fn run(&self, work: &Work<'_>, sink: &Sink) -> Result<PathBuf, BuildError> {
        let core = core(&self.to);
        let command = self.command(work, &core);
        let how = work.toolchain.how(&command);
        if made::is_fresh(&self.to, &how) {
            return Ok(self.to.clone());
        }
        let root = &work.plan.root;
        // of the world, the objects know what concerns them; that it changed, the component should not be older than
        let wit = Before::of(&[root.join(project::WIT)]);
        let libraries = variable(work, "LDFLAGS").map(|word| root.join(word));
        let from: Vec<PathBuf> = self
            .objects
            .iter()
            .cloned()
            .chain(libraries.filter(|path| path.is_file()))
            .chain(wit.paths())
            .collect();
        for folder in [self.to.parent(), core.parent()].into_iter().flatten() {
            create_folder(folder)?;
        }
        let (program, arguments) = command.split_first().ok_or(BuildError::Compile)?;
        let said = tool::said(work.plan, program, arguments)?;
        tell(&said.text, sink);
        if !said.status.success() {
            return Err(self.failed(work, &said.text));
        }
        let what = match work.plan.release {
            true => Stripped::All,
            false => Stripped::Nothing,
        };
        let component = component::of_module(&read(&core)?, what).map_err(|source| BuildError::Component {
            path: core.clone(),
            source,
        })?;
        replace(&self.to, &component).map_err(file("write", &self.to))?;
        wit.remember(&self.to, &how, &from, &[core, self.to.clone()])?;
        Ok(self.to.clone())
    }

    fn command(&self, work: &Work<'_>, core: &Path) -> Vec<String> {
        let root = &work.plan.root;
        let mut command = work.toolchain.command();
        match self.model {
            Model::Reactor => command.push("-mexec-model=reactor".into()),
            Model::Command if work.toolchain.needs_runtime => command.push("-nostartfiles".into()),
            Model::Command => {}
        }
        command.extend(self.objects.iter().map(|object| shown(root, object)));
        command.extend(variable(work, "LDFLAGS"));
        command.extend(["-o".to_owned(), shown(root, core)]);
        command
    }

    /// Why it could not be linked, by what the linker said.
    fn failed(&self, work: &Work<'_>, text: &str) -> BuildError {
        match Said::of(text) {
            Said::Lacks(lack) => work.toolchain.lacks(lack),
            Said::Undefined(symbols) => {
                let export = symbols.iter().find(|symbol| symbol.starts_with("exports_"));
                let main = symbols.iter().any(|symbol| MAIN.contains(&symbol.as_str()));
                match export {
                    Some(export) => BuildError::Unimplemented {
                        world: self.bindings.world.clone(),
                        function: export.clone(),
                        header: shown(&work.plan.root, &self.bindings.folder.join(format!("{NAME}.h"))),
                        without_main: self.is_test && work.sources.has_main(),
                    },
                    None if main => BuildError::NoMain {
                        name: self.name.to_owned(),
                        world: self.bindings.world.clone(),
                        is_test: self.is_test,
                    },
                    None => BuildError::Link {
                        name: self.name.to_owned(),
                        left_out: sources::left_out(&work.plan.root),
                    },
                }
            }
            Said::Other => BuildError::Link {
                name: self.name.to_owned(),
                left_out: None,
            },
        }
    }
}

/// Where the core module of a component lies.
fn core(component: &Path) -> PathBuf {
    let name = component.file_name().unwrap_or_default();
    component.with_file_name("core").join(name)
}

/// Whether the program of a component lists its tests.
pub(super) fn is_suite(component: &Path) -> Result<bool, BuildError> {
    let core = core(component);
    Ok(crate::validate::module::has_section(&read(&core)?, SUITE))
}
