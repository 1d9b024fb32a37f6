//! What is read of a project again and again while its slightfile is being typed, kept as long as the files are the same ones.
//!
//! A file is the same one as long as its path, its size and the time of its last change are. The files are asked for these each time,
//! so that nobody has to say when something changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::sources::{self, Stamp};
use super::world::{self, Choice};
use super::{Compared, Project};
use crate::slightfile::Slightfile;

/// What was read of some projects.
#[derive(Debug, Default)]
pub struct Cache {
    /// By the folder of the slightfile.
    folders: BTreeMap<PathBuf, Kept>,
    nothing: Compared,
}

/// What was read of a project.
#[derive(Debug, Default)]
struct Kept {
    manifest: Option<Vec<Stamp>>,
    package_name: Option<String>,
    basis: Option<Basis>,
    compared: Compared,
    /// How often a world was read.
    reads: usize,
}

/// What a world depends on.
#[derive(Debug, PartialEq, Eq)]
struct Basis {
    choice: Choice,
    files: Vec<Stamp>,
    app: String,
}

impl Cache {
    /// The project of a slightfile that an editor has in this place, with this text.
    pub fn project(&mut self, path: &Path, text: String) -> Project {
        let root = path.parent().unwrap_or(Path::new(".")).to_owned();
        let manifest = root.join("Cargo.toml");
        let stamps = sources::stamps(&manifest);
        let kept = self.folders.entry(root.clone()).or_default();
        if kept.manifest != stamps {
            kept.package_name = sources::package_name(&root);
            kept.manifest = stamps;
        }
        Project {
            slightfile_name: super::named(path, &root),
            slightfile_text: text,
            package_name: kept.package_name.clone(),
            slightfile_path: path.to_owned(),
            root,
        }
    }

    /// What [`super::compare`] finds; read only when it is not what was read before.
    pub fn compare(&mut self, project: &Project, slightfile: Option<&Slightfile>) -> &Compared {
        let Some(slightfile) = slightfile else {
            return &self.nothing;
        };
        let choice = world::choose(project, slightfile);
        let files = match &choice {
            Choice::Component(path, Some(folder)) => sources::stamps(path)
                .zip(sources::stamps(folder))
                .map(|(component, wit)| [component, wit].concat()),
            Choice::Component(path, None) | Choice::Wit(path, _) => sources::stamps(path),
            Choice::Nothing(_) => Some(Vec::new()),
        };
        let app = project.name(slightfile);
        // Nothing can be said of more files than are looked at.
        let basis = files.map(|files| Basis {
            choice: choice.clone(),
            files,
            app: app.clone(),
        });
        let kept = self.folders.entry(project.root.clone()).or_default();
        if basis.is_none() || kept.basis != basis {
            kept.compared = world::read(&choice, &app, &project.root);
            kept.basis = basis;
            kept.reads += 1;
        }
        &kept.compared
    }

    /// Forgets all folders but these.
    pub fn retain(&mut self, is_needed: impl Fn(&Path) -> bool) {
        self.folders.retain(|folder, _| is_needed(folder));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::slightfile;

    const TEXT: &str = "specversion = \"1.0\"\n";

    fn imports(cache: &mut Cache, root: &Path) -> usize {
        let project = cache.project(&root.join("slightfile.toml"), TEXT.to_owned());
        let slightfile = slightfile::parse("slightfile.toml", TEXT).0.unwrap();
        let compared = cache.compare(&project, Some(&slightfile));
        assert_eq!(*compared, super::super::compare(&project, &slightfile, root));
        compared.world.as_ref().map_or(0, |world| world.imports.len())
    }

    #[test]
    fn a_world_is_read_again_only_when_it_changed() {
        let folder = tempfile::tempdir().unwrap();
        let (root, mut cache) = (folder.path(), Cache::default());
        let write = |path: &str, text: &str| {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), text).unwrap();
        };
        let reads = |cache: &Cache| cache.folders[root].reads;
        assert_eq!((imports(&mut cache, root), imports(&mut cache, root)), (0, 0));
        assert_eq!(reads(&cache), 1);
        write("wit/world.wit", "package a:b; world w { import f: func(); }");
        assert_eq!((imports(&mut cache, root), imports(&mut cache, root)), (1, 1));
        assert_eq!(reads(&cache), 2);
        write(
            "wit/world.wit",
            "package a:b; world w { import f: func(); import g: func(); }",
        );
        assert_eq!((imports(&mut cache, root), imports(&mut cache, root)), (2, 2));
        assert_eq!(reads(&cache), 3);
        write("Cargo.toml", "[package]\nname = \"w\"\n");
        write("dist/w.wasm", "");
        assert_eq!((imports(&mut cache, root), imports(&mut cache, root)), (0, 0));
        assert_eq!(reads(&cache), 4);
        cache.retain(|folder| folder != root);
        assert!(cache.folders.is_empty());
    }
}
