//! What a slightfile is compared with: the component when it is there and not stale, else the `wit` folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use semver::Version;
use wit_parser::{PackageId, Resolve, WorldId};

use super::{Project, named, sources};
use crate::slightfile::Slightfile;
use crate::support::files;
use crate::validate::{COMPONENT_MAX_BYTES, Diagnostic, Interface, World, WorldError, codes, explain};

/// The largest `wit` folder that is read, in bytes. All of WASI has 300,000.
const WIT_MAX_BYTES: u64 = 16 << 20;

/// What was compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// A component.
    Component(PathBuf),
    /// A `wit` folder.
    Wit {
        /// The folder.
        folder: PathBuf,
        /// Why not with a component.
        instead_of: InsteadOf,
    },
}

/// Why a `wit` folder is compared with, and no component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InsteadOf {
    /// There is none.
    Nothing,
    /// This source is newer.
    Stale(PathBuf),
    /// This is a core module, in which no world is embedded.
    CoreModule(PathBuf),
    /// It is about to be made anew.
    Old,
}

/// A world, where it comes from, and what is wrong with where it comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// The world, if there is one.
    pub world: Option<World>,
    /// Where it comes from.
    pub against: Option<Against>,
    /// Why there is none, or not the one that was looked for.
    pub problem: Option<Diagnostic>,
}

impl Compared {
    fn problem(problem: Diagnostic) -> Self {
        Self {
            problem: Some(problem),
            ..Self::default()
        }
    }
}

/// Finds and reads what a project's slightfile is compared with. `directory` is where the user works.
#[must_use]
pub fn compare(project: &Project, slightfile: &Slightfile, directory: &Path) -> Compared {
    read(&choose(project, slightfile), &project.name(slightfile), directory)
}

/// The same with the `wit` folder alone, if there is one: what lies in the component's place is about to be made anew.
#[must_use]
pub fn compare_wit(project: &Project, slightfile: &Slightfile, directory: &Path) -> Compared {
    let folder = project.wit_path();
    match folder.is_dir() {
        true => in_its_place(&folder, InsteadOf::Old, &project.name(slightfile), directory),
        false => Compared::default(),
    }
}

/// What a slightfile is to be compared with, before any of it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// A component, and the `wit` folder that takes its place if it is a core module without a world.
    Component(PathBuf, Option<PathBuf>),
    /// A `wit` folder, and why.
    Wit(PathBuf, InsteadOf),
    /// There is no folder, and no component in this place.
    Nothing(PathBuf),
}

/// The component when it is there and not older than its sources, else the `wit` folder.
pub(super) fn choose(project: &Project, slightfile: &Slightfile) -> Choice {
    let path = project.component_path(slightfile);
    let own_build = slightfile.app.component.is_some() || slightfile.app.build.is_some();
    let modified = std::fs::metadata(&path).and_then(|metadata| metadata.modified()).ok();
    let stale = match modified {
        // A toolchain that slt does not know has sources that slt does not know.
        Some(modified) if !own_build => sources::newer_than(&project.root, modified),
        _ => None,
    };
    let folder = Some(project.wit_path()).filter(|folder| folder.is_dir());
    match (modified, stale, folder) {
        (Some(_), None, folder) => Choice::Component(path, folder),
        (Some(_), Some(source), Some(folder)) => Choice::Wit(folder, InsteadOf::Stale(source)),
        (Some(_), Some(_), None) => Choice::Component(path, None),
        (None, _, Some(folder)) => Choice::Wit(folder, InsteadOf::Nothing),
        (None, _, None) => Choice::Nothing(path),
    }
}

/// Reads what was chosen. `app` is the name of the application.
pub(super) fn read(choice: &Choice, app: &str, directory: &Path) -> Compared {
    match choice {
        Choice::Component(path, folder) => match (world(path), folder) {
            (Ok(Err(WorldError::CoreModule)), Some(folder)) => {
                let compared = in_its_place(folder, InsteadOf::CoreModule(path.clone()), app, directory);
                // what is wrong in `wit` says more
                let problem = compared.problem.or_else(|| Some(core_module(path, directory)));
                Compared { problem, ..compared }
            }
            (read, folder) => {
                let mut compared = compared(path, read, directory);
                if let (Some(world), Some(folder)) = (&mut compared.world, folder) {
                    world.uncalled = uncalled(world, folder, app, directory);
                }
                compared
            }
        },
        Choice::Wit(folder, instead_of) => in_its_place(folder, instead_of.clone(), app, directory),
        Choice::Nothing(path) => Compared::problem(
            Diagnostic::note(
                codes::NO_WORLD,
                format!(
                    "there is no `{}` and no `wit` folder: the slightfile was checked by itself",
                    named(path, directory)
                ),
            )
            .hint("`slt build` writes the component"),
        ),
    }
}

/// Reads the world of a component.
#[must_use]
pub fn component(path: &Path, directory: &Path) -> Compared {
    compared(path, world(path), directory)
}

fn world(path: &Path) -> std::io::Result<Result<World, WorldError>> {
    let bytes = std::fs::metadata(path)?.len();
    match bytes > COMPONENT_MAX_BYTES as u64 {
        true => Ok(Err(WorldError::TooLarge(usize::try_from(bytes).unwrap_or(usize::MAX)))),
        false => files::read(path, COMPONENT_MAX_BYTES as u64).map(|bytes| World::from_component(&bytes)),
    }
}

fn compared(path: &Path, read: std::io::Result<Result<World, WorldError>>, directory: &Path) -> Compared {
    let name = named(path, directory);
    match read {
        Ok(Ok(world)) => Compared {
            world: Some(world),
            against: Some(Against::Component(path.to_owned())),
            problem: None,
        },
        Ok(Err(error)) => Compared::problem(explain(&name, &error)),
        Err(error) => Compared::problem(Diagnostic::error(
            codes::WASM_CORRUPT,
            format!("`{name}` cannot be read: {error}"),
        )),
    }
}

/// What a toolchain left that embeds no world: it can still be told what the slightfile lacks beside the one in `wit`.
fn core_module(path: &Path, directory: &Path) -> Diagnostic {
    let name = named(path, directory);
    Diagnostic::note(
        codes::CORE_MODULE,
        format!("`{name}` is a core module, and no world is embedded in it: the slightfile was compared with `wit`"),
    )
    .hint("`wasm-tools component embed wit` puts the world into it, and slt makes a component of that")
}

/// The world of a WIT folder in the place of a component's.
fn in_its_place(folder: &Path, instead_of: InsteadOf, app: &str, directory: &Path) -> Compared {
    Compared {
        against: Some(Against::Wit {
            folder: folder.to_owned(),
            instead_of,
        }),
        ..wit(folder, app, directory)
    }
}

/// The world of a WIT folder.
fn wit(folder: &Path, app: &str, directory: &Path) -> Compared {
    let (resolve, package) = match resolve(folder, directory) {
        Ok(resolved) => resolved,
        Err(problem) => return Compared::problem(*problem),
    };
    let chosen = chosen(&resolve, package, app);
    match World::from_package(&resolve, package, chosen.as_deref()) {
        Ok(world) => Compared {
            world: Some(with_main(world)),
            ..Compared::default()
        },
        Err(error) => Compared::problem(explain(&named(folder, directory), &error)),
    }
}

/// What a WIT folder has the application import, and its component does not. A folder that cannot be read says nothing: the component is
/// there.
fn uncalled(component: &World, folder: &Path, app: &str, directory: &Path) -> Vec<Interface> {
    let text = wit(folder, app, directory).world.unwrap_or_default();
    let is_called = |import: &Interface| component.imports.iter().any(|called| called.path() == import.path());
    text.imports.into_iter().filter(|import| !is_called(import)).collect()
}

/// A world that exports nothing is a command's: its compiler adds `wasi:cli/run`, which stands in no text.
fn with_main(mut world: World) -> World {
    if world.exports.is_empty() {
        world.exports.push(Interface {
            package: "wasi:cli".to_owned(),
            name: "run".to_owned(),
            version: Some(Version::new(0, 2, 0)),
            functions: BTreeMap::new(),
        });
    }
    world
}

/// Reads a WIT folder.
pub(super) fn resolve(folder: &Path, directory: &Path) -> Result<(Resolve, PackageId), Box<Diagnostic>> {
    let name = named(folder, directory);
    match sources::folder_bytes(folder) {
        Some(..=WIT_MAX_BYTES) => {}
        _ => {
            let message = format!("`{name}` has more than the {WIT_MAX_BYTES} bytes of WIT text that are read");
            return Err(Box::new(Diagnostic::error(codes::WIT_INVALID, message)));
        }
    }
    let mut resolve = Resolve::default();
    match resolve.push_dir(folder) {
        Ok((package, _)) => Ok((resolve, package)),
        Err(error) => {
            let text = resolve.render_error(&error);
            let place = text.lines().find_map(|line| line.trim_start().strip_prefix("--> "));
            let place = place.map_or(name, |place| named(Path::new(place), directory));
            Err(Box::new(invalid(&place, &error.root_cause().to_string())))
        }
    }
}

/// The name of the world that tests have.
const TESTS: &str = "tests";

/// The worlds of a project, by their place in what was read.
#[derive(Debug, Clone)]
pub struct Worlds {
    /// The WIT text.
    pub resolve: Resolve,
    /// The application's world.
    pub app: WorldId,
    /// The world of its tests, if there is one.
    pub tests: Option<WorldId>,
}

/// Reads a `wit` folder and finds the worlds of the application that is called `app`. `directory` is where the user works.
///
/// # Errors
/// When it cannot be read, or when it is not clear which world is meant.
pub fn worlds(folder: &Path, app: &str, directory: &Path) -> Result<Worlds, Box<Diagnostic>> {
    if !folder.is_dir() {
        let name = named(folder, directory);
        let problem = Diagnostic::error(
            codes::NO_WORLD,
            format!("there is no folder `{name}` with the application's world"),
        );
        return Err(Box::new(
            problem.hint("`slt new` writes one, with the world in `wit/world.wit`"),
        ));
    }
    let (resolve, package) = resolve(folder, directory)?;
    let chosen = chosen(&resolve, package, app);
    let unclear = |error: &WorldError| Box::new(explain(&named(folder, directory), error));
    let app = World::of_package(&resolve, package, chosen.as_deref()).map_err(|error| unclear(&error))?;
    let all = resolve.packages.get(package).map(|package| &package.worlds);
    let tests = all
        .and_then(|worlds| worlds.get(TESTS))
        .copied()
        .filter(|tests| *tests != app);
    Ok(Worlds { resolve, app, tests })
}

/// Which of several worlds is the application's: the one that is called so, or the only one that is not the tests', or the only one
/// of those that exports something.
pub(super) fn chosen(resolve: &Resolve, package: PackageId, app: &str) -> Option<String> {
    let worlds = &resolve.packages.get(package)?.worlds;
    let app = app.replace('_', "-");
    if worlds.len() < 2 || worlds.contains_key(&app) {
        return worlds.contains_key(&app).then_some(app);
    }
    let exports = |id: &WorldId| resolve.worlds.get(*id).is_some_and(|world| !world.exports.is_empty());
    let others = || worlds.iter().filter(|(name, _)| *name != TESTS);
    let only = |mut names: Vec<&String>| match names.len() {
        1 => names.pop().cloned(),
        _ => None,
    };
    only(others().map(|(name, _)| name).collect())
        .or_else(|| only(others().filter(|(_, id)| exports(id)).map(|(name, _)| name).collect()))
}

/// What the WIT parser says of a file, without its excerpt. Of a package that is not there, what is there in its place.
fn invalid(place: &str, said: &str) -> Diagnostic {
    const KNOWN: &str = ". known packages:";
    let first = said.lines().next().unwrap_or_default().trim();
    let what = first.strip_suffix(KNOWN).unwrap_or(first);
    let problem = Diagnostic::error(codes::WIT_INVALID, format!("`{place}`: {}", what.trim_end_matches('.')));
    match what
        .strip_prefix("package '")
        .and_then(|rest| rest.strip_suffix("' not found"))
    {
        Some(package) => problem.hint(in_place_of(package, said.lines().skip(1).map(str::trim))),
        None => problem,
    }
}

/// The way out of a package that is not below `wit/deps`: its other versions, or where it belongs.
fn in_place_of<'a>(package: &str, known: impl Iterator<Item = &'a str>) -> String {
    let name = |package: &'a str| package.split('@').next().unwrap_or_default();
    let wanted = package.split('@').next().unwrap_or_default();
    let others: Vec<_> = known
        .filter(|known| name(known) == wanted)
        .map(|known| format!("`{known}`"))
        .collect();
    match others.is_empty() {
        true => "put its WIT text below `wit/deps`, where the packages lie that a world names".to_owned(),
        false => format!("below `wit/deps` lies {}: name that version", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_wit_parser_says() {
        let not_there = "package 'a:b@0.2.0' not found. known packages:\n    a:b@0.1.0\n    c:d\n";
        for (said, message, hint) in [
            ("expected ';', found '}'", "`f`: expected ';', found '}'", None),
            (
                not_there,
                "`f`: package 'a:b@0.2.0' not found",
                Some("below `wit/deps` lies `a:b@0.1.0`: name that version"),
            ),
            (
                "package 'e:f' not found",
                "`f`: package 'e:f' not found",
                Some("put its WIT text below `wit/deps`, where the packages lie that a world names"),
            ),
        ] {
            let problem = invalid("f", said);
            assert_eq!((problem.message.as_str(), problem.hint.as_deref()), (message, hint));
        }
    }
}
