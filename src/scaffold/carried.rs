//! The WIT packages that slt carries: the texts of the Rust template, by package, and those that no template uses.

use std::collections::{BTreeMap, BTreeSet};

use super::{rust, wit};

/// A WIT package.
#[derive(Debug, Clone)]
pub struct Carried {
    /// `wasi:keyvalue`
    pub name: String,
    /// `0.2.0-draft`
    pub version: String,
    /// Its files, by their path in a project: `wit/deps/keyvalue/store.wit`.
    pub files: BTreeMap<&'static str, &'static str>,
}

/// What `slt add --compat` brings.
const MORE: &[(&str, &str)] = &[(
    "wit/deps/slight-keyvalue/compat.wit",
    include_str!("../../wit/slight-keyvalue/compat.wit"),
)];

/// Every package that slt carries.
#[must_use]
pub fn all() -> Vec<Carried> {
    const DEPS: &str = "wit/deps/";
    let mut packages: BTreeMap<&str, BTreeMap<&'static str, &'static str>> = BTreeMap::new();
    let of_template = rust::FILES
        .iter()
        .filter_map(|(path, bytes)| Some((*path, std::str::from_utf8(bytes).ok()?)));
    for (path, text) in of_template.chain(MORE.iter().copied()) {
        if let Some(below) = path.strip_prefix(DEPS) {
            let folder = below.split('/').next().unwrap_or_default();
            packages.entry(folder).or_default().insert(path, text);
        }
    }
    packages.into_values().filter_map(carried).collect()
}

fn carried(files: BTreeMap<&'static str, &'static str>) -> Option<Carried> {
    let id = files.values().find_map(|text| wit::package(text))?;
    let (name, version) = id.split_once('@')?;
    Some(Carried {
        name: name.to_owned(),
        version: version.to_owned(),
        files,
    })
}

/// These packages and all that they name, as far as slt carries them.
#[must_use]
pub fn with_dependencies(names: &BTreeSet<String>) -> Vec<Carried> {
    let all = all();
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut left: Vec<String> = names.iter().cloned().collect();
    while let Some(name) = left.pop() {
        let Some(package) = all.iter().find(|package| package.name == name) else {
            continue;
        };
        if found.insert(name) {
            left.extend(package.files.values().flat_map(|text| wit::named_packages(text)));
        }
    }
    all.into_iter()
        .filter(|package| found.contains(&package.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_carried() {
        let names: Vec<_> = all()
            .into_iter()
            .map(|package| (package.name, package.version))
            .collect();
        assert!(
            names.contains(&("wasi:keyvalue".to_owned(), "0.2.0-draft".to_owned())),
            "{names:?}"
        );
        let with = |name: &str| -> Vec<String> {
            let packages = with_dependencies(&BTreeSet::from([name.to_owned()]));
            packages.into_iter().map(|package| package.name).collect()
        };
        assert_eq!(with("wasi:keyvalue"), ["wasi:keyvalue"]);
        assert_eq!(with("slight:keyvalue"), ["slight:keyvalue"]);
        assert_eq!(with("wasi:clocks"), ["wasi:clocks", "wasi:io"]);
        assert!(with("wasi:http").contains(&"wasi:random".to_owned()));
        assert!(with("wasi:sql").is_empty());
    }
}
