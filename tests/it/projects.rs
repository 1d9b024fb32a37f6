//! Projects that slt is run on as a user has them: the template in Rust under a name of its own, with the tools of this machine.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::command::{Run, slt_with};

/// A project's folder, and the environment in which `slt` runs there.
pub struct Project {
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
}

/// The template in Rust under another name: in a target directory that is shared, packages of one name would take each other's place.
pub fn rust(name: &str) -> Project {
    let kept = ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];
    let mut environment: Vec<_> = kept
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?.into_string().unwrap())))
        .collect();
    environment.push(("CARGO_TARGET_DIR", crate::guests::target().display().to_string()));
    environment.push((
        "SLT_CACHE_DIR",
        crate::guests::target().join("slt").display().to_string(),
    ));
    let project = Project {
        folder: tempfile::tempdir().unwrap(),
        environment,
    };
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/rust");
    copy(&template, project.path());
    for file in ["Cargo.toml", "Cargo.lock", "slightfile.toml"] {
        let path = project.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        let text = text.replace("name = \"shortener\"", &format!("name = \"{name}\""));
        fs::write(&path, text).unwrap();
    }
    let own = |text: String| text.replace("shortener::", &format!("{}::", name.replace('-', "_")));
    for file in ["tests/app.rs", "src/links.rs"] {
        let path = project.path().join(file);
        let text = own(fs::read_to_string(&path).unwrap());
        fs::write(&path, text).unwrap();
    }
    project
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (name, target) = (entry.file_name(), to.join(entry.file_name()));
        match entry.file_type().unwrap().is_dir() {
            true if name == "target" || name == "dist" => {}
            true => copy(&entry.path(), &target),
            false => fs::write(&target, fs::read(entry.path()).unwrap()).unwrap(),
        }
    }
}

impl Project {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What slt does here.
    pub fn slt(&self, arguments: &[&str]) -> Run {
        self.slt_with(arguments, &[])
    }

    /// What slt does here, with these variables beside those of the tools.
    pub fn slt_with(&self, arguments: &[&str], more: &[(&str, &str)]) -> Run {
        let own = self.environment.iter().map(|(name, value)| (*name, value.as_str()));
        let environment: Vec<_> = own.chain(more.iter().copied()).collect();
        slt_with(self.path(), arguments, &environment)
    }
}
