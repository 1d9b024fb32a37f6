//! The templates that are part of slt: a registry, and what each is made of.
//!
//! A template is data: its files, what is others in them when a resource is not wanted, and where the project's name stands. A new one
//! is a folder below `templates/`, a file of tables beside this one, and a row of [`TEMPLATES`].

use std::collections::BTreeSet;

use super::rename::{self, Place};
use super::{c, rust};

/// A file of a template: its path in the project, and its bytes.
pub type File = (&'static str, &'static [u8]);

/// A change of a text: the file, the text that is there, the text that takes its place.
pub type TextEdit = (&'static str, &'static str, &'static str);

/// A file of a project that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its path in the project, with `/` between its parts.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it is a program.
    pub is_executable: bool,
}

/// A template.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// What `--template` takes.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// The resources that its own code uses.
    pub resources: &'static [&'static str],
    pub(super) files: &'static [File],
    pub(super) variants: &'static [Variant],
    pub(super) places: &'static [Place],
    /// What the first build needs, for who has just written a project.
    pub first_build: &'static str,
}

/// What is others in a template when one of its resources is not wanted.
#[derive(Debug, Clone, Copy)]
pub struct Variant {
    /// The resource.
    pub without: &'static str,
    /// Files that take the place of those with the same path.
    pub files: &'static [File],
    /// What is left out: paths that begin so.
    pub left_out: &'static [&'static str],
    /// What is changed in the other files.
    pub edits: &'static [TextEdit],
}

/// Every template; the first is the one that is written when none is asked for.
pub const TEMPLATES: &[Template] = &[rust::TEMPLATE, c::TEMPLATE];

/// A file of a folder below `templates`, as a row.
macro_rules! file {
    ($template:literal, $path:literal) => {
        (
            $path,
            include_bytes!(concat!("../../templates/", $template, "/", $path)) as &[u8],
        )
    };
}
pub(super) use file;

impl Template {
    /// The template of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TEMPLATES.iter().find(|template| template.name == name)
    }

    /// The files of a project of this name that uses these resources of the template's.
    #[must_use]
    pub fn project(&self, name: &str, resources: &BTreeSet<&str>) -> Vec<Written> {
        let files = self.files(resources);
        files
            .into_iter()
            .map(|(path, bytes)| Written {
                bytes: rename::file(self.places, path, &bytes, name),
                path: path.to_owned(),
                is_executable: false,
            })
            .collect()
    }

    fn files(&self, resources: &BTreeSet<&str>) -> Vec<(&'static str, Vec<u8>)> {
        let all = self.files.iter().map(|(path, bytes)| (*path, bytes.to_vec())).collect();
        let variants = self.variants.iter();
        variants
            .filter(|variant| !resources.contains(variant.without))
            .fold(all, |files, variant| variant.applied(files))
    }
}

impl Variant {
    fn applied(&self, files: Vec<(&'static str, Vec<u8>)>) -> Vec<(&'static str, Vec<u8>)> {
        let is_left_out = |path: &str| self.left_out.iter().any(|start| path.starts_with(start));
        let instead = |path: &str| self.files.iter().any(|(other, _)| *other == path);
        let stay = files
            .into_iter()
            .filter(|(path, _)| !is_left_out(path) && !instead(path))
            .map(|(path, bytes)| (path, self.edited(path, bytes)));
        let others = self.files.iter().map(|(path, bytes)| (*path, bytes.to_vec()));
        stay.chain(others).collect()
    }

    fn edited(&self, path: &str, bytes: Vec<u8>) -> Vec<u8> {
        let mut edits = self.edits.iter().filter(|(file, ..)| *file == path).peekable();
        match std::str::from_utf8(&bytes) {
            Ok(text) if edits.peek().is_some() => edits
                .fold(text.to_owned(), |text, (_, there, instead)| {
                    text.replace(there, instead)
                })
                .into_bytes(),
            _ => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variants() -> impl Iterator<Item = (&'static Template, &'static Variant)> {
        let each = |template: &'static Template| template.variants.iter().map(move |variant| (template, variant));
        TEMPLATES.iter().flat_map(each)
    }

    #[test]
    fn every_edit_has_its_text() {
        for (template, variant) in variants() {
            for (path, there, _) in variant.edits {
                let (_, bytes) = template.files.iter().find(|(file, _)| file == path).expect(path);
                let text = std::str::from_utf8(bytes).unwrap();
                assert!(text.contains(there), "{}: {path}: {there}", template.name);
            }
            for start in variant.left_out {
                let is_there = template.files.iter().any(|(path, _)| path.starts_with(start));
                assert!(is_there, "{}: {start}", template.name);
            }
        }
    }

    #[test]
    fn every_variant_is_one_of_a_resource_of_the_template() {
        for (template, variant) in variants() {
            assert!(template.resources.contains(&variant.without), "{}", template.name);
        }
    }

    #[test]
    fn without_a_key_value_store_nothing_speaks_of_one() {
        for template in TEMPLATES {
            for (path, bytes) in template.files(&BTreeSet::from(["http"])) {
                let text = String::from_utf8(bytes).unwrap();
                let speaks = ["wasi:keyvalue", "wasi_keyvalue", "links", "Redis"]
                    .iter()
                    .any(|word| text.contains(word));
                // the header library is the same whatever a project uses
                let is_library = path.starts_with("wit/deps/") || path == "Cargo.lock" || path.starts_with("include/");
                assert!(!speaks || is_library, "{}: {path}", template.name);
            }
        }
    }

    #[test]
    fn every_place_has_the_name() {
        for template in TEMPLATES {
            for (suffix, before, after, _) in template.places {
                let stands = format!("{before}{}{after}", rename::TEMPLATE_NAME);
                let mut files = template.files.iter().filter(|(path, _)| path.ends_with(suffix));
                let found = files.any(|(_, bytes)| String::from_utf8_lossy(bytes).contains(&stands));
                assert!(found, "{}: {suffix}: {stands}", template.name);
            }
        }
    }
}
