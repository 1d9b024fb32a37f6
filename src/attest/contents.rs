//! What is in a component, before it is written in one format or another: from what cargo says of the build, and from what the
//! component says of itself.

use std::collections::BTreeSet;

use super::embedded::{Audited, Embedded, EmbeddedError, Producer};
use super::license;
use crate::build::Inventory;
use crate::build::inventory::{Origin, Package as Built};

/// All that is known of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// What the application is called.
    pub name: String,
    /// What it calls itself.
    pub own_name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// What it says it is.
    pub description: Option<String>,
    /// Its licence.
    pub license: Option<License>,
    /// Where its source is kept.
    pub source: Option<String>,
    /// The revision of its source.
    pub revision: Option<String>,
    /// The SHA-256 of the component, in hexadecimal digits.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The packages that are compiled into it, by name and version.
    pub packages: Vec<Package>,
    /// The places in [`Contents::packages`] of those that the application itself uses.
    pub uses: Vec<usize>,
    /// The modules and components that it consists of.
    pub parts: Vec<Part>,
    /// What made it or a part of it, each once.
    pub producers: Vec<Producer>,
}

/// A licence as somebody wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum License {
    /// An expression as SPDX has them.
    Expression(String),
    /// Something else.
    Text(String),
}

/// A package that is compiled into a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it says it is.
    pub description: Option<String>,
    /// Its licence.
    pub license: Option<License>,
    /// Where its source is kept.
    pub repository: Option<String>,
    /// Where it can be fetched.
    pub download: Option<String>,
    /// Its package URL; what lies in a folder has none, because nobody else can find it by one.
    pub purl: Option<String>,
    /// The SHA-256 of its archive, in hexadecimal digits.
    pub checksum: Option<String>,
    /// The places of the packages that it uses.
    pub uses: Vec<usize>,
}

/// A module or a component in a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: Option<String>,
    /// Whether it is a component.
    pub is_component: bool,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

impl Contents {
    /// What is in `component`. Where cargo built it, `inventory` says which packages; else the component may.
    ///
    /// # Errors
    /// It is no component.
    pub fn of(
        component: &[u8],
        name: &str,
        version: Option<&str>,
        inventory: Option<&Inventory>,
    ) -> Result<Self, EmbeddedError> {
        let embedded = Embedded::read(component)?;
        let text = |name: &str| embedded.texts.get(name).cloned();
        let own = inventory.and_then(|inventory| inventory.packages.first());
        let (packages, uses) = match inventory {
            Some(inventory) => built(inventory),
            None => audited(&embedded),
        };
        let producers: BTreeSet<&Producer> = embedded.all().flat_map(|part| &part.producers).collect();
        Ok(Self {
            name: name.to_owned(),
            own_name: embedded.name.clone(),
            version: version.map(str::to_owned).or_else(|| text("version")),
            description: own
                .and_then(|own| own.description.clone())
                .or_else(|| text("description")),
            license: own
                .and_then(|own| own.license.clone())
                .or_else(|| text("licenses"))
                .map(License::of),
            source: own.and_then(|own| own.repository.clone()).or_else(|| text("source")),
            revision: text("revision"),
            packages,
            uses,
            parts: embedded.all().skip(1).map(Part::of).collect(),
            producers: producers.into_iter().cloned().collect(),
            sha256: embedded.sha256,
            bytes: embedded.bytes,
        })
    }
}

impl Contents {
    /// What is in a program that is no WebAssembly: what cargo says of it, and nothing that it says itself.
    #[must_use]
    pub fn of_program(program: &[u8], inventory: &Inventory) -> Self {
        let own = inventory.packages.first();
        let (packages, uses) = built(inventory);
        Self {
            name: own.map(|own| own.name.clone()).unwrap_or_default(),
            own_name: None,
            version: own.map(|own| own.version.clone()),
            description: own.and_then(|own| own.description.clone()),
            license: own.and_then(|own| own.license.clone()).map(License::of),
            source: own.and_then(|own| own.repository.clone()),
            revision: None,
            sha256: super::sha256(program),
            bytes: program.len() as u64,
            packages,
            uses,
            parts: Vec::new(),
            producers: Vec::new(),
        }
    }
}

impl License {
    fn of(text: String) -> Self {
        match license::expression(&text) {
            Some(expression) => Self::Expression(expression),
            None => Self::Text(text),
        }
    }
}

impl Part {
    fn of(embedded: &Embedded) -> Self {
        Self {
            name: embedded.name.clone(),
            is_component: embedded.is_component,
            sha256: embedded.sha256.clone(),
        }
    }
}

/// The packages that cargo compiled, without the application, and what that uses.
fn built(inventory: &Inventory) -> (Vec<Package>, Vec<usize>) {
    // the application is the first
    let shifted = |uses: &[usize]| -> Vec<usize> { uses.iter().filter_map(|place| place.checked_sub(1)).collect() };
    let package = |package: &Built| Package {
        name: package.name.clone(),
        version: package.version.clone(),
        description: package.description.clone(),
        license: package.license.clone().map(License::of),
        repository: package.repository.clone(),
        download: download(package),
        purl: purl(package),
        checksum: package.checksum.clone(),
        uses: shifted(&package.uses),
    };
    let uses = inventory.packages.first().map(|own| shifted(&own.uses));
    (
        inventory.packages.iter().skip(1).map(package).collect(),
        uses.unwrap_or_default(),
    )
}

/// The packages that a component lists itself. What ran in the compiler is not in it.
fn audited(embedded: &Embedded) -> (Vec<Package>, Vec<usize>) {
    let Some(list) = embedded.all().map(|part| &part.audited).find(|list| !list.is_empty()) else {
        return (Vec::new(), Vec::new());
    };
    let is_kept = |package: &Audited| !package.root && package.kind.as_deref() != Some("build");
    let places: Vec<Option<usize>> = list
        .iter()
        .scan(0, |next, package| {
            let place = is_kept(package).then_some(*next);
            *next += usize::from(place.is_some());
            Some(place)
        })
        .collect();
    let place = |old: &usize| places.get(*old).copied().flatten();
    let uses = |package: &Audited| package.dependencies.iter().filter_map(place).collect();
    let package = |package: &Audited| {
        let is_public = package.source == "crates.io";
        let (name, version) = (&package.name, &package.version);
        Package {
            name: name.clone(),
            version: version.clone(),
            description: None,
            license: None,
            repository: None,
            download: is_public.then(|| crate_url(name, version)),
            purl: is_public.then(|| cargo_purl(name, version, &[])),
            checksum: None,
            uses: uses(package),
        }
    };
    let own = list.iter().find(|package| package.root).map(uses);
    (
        list.iter().filter(|other| is_kept(other)).map(package).collect(),
        own.unwrap_or_default(),
    )
}

/// Where an archive or a repository can be fetched.
fn download(package: &Built) -> Option<String> {
    match &package.origin {
        Origin::CratesIo => Some(crate_url(&package.name, &package.version)),
        Origin::Git { url, commit } => Some(format!("git+{url}@{commit}")),
        Origin::Registry(_) | Origin::Folder => None,
    }
}

/// As crates.io's own interface has it (<https://doc.rust-lang.org/cargo/reference/registry-index.html>).
fn crate_url(name: &str, version: &str) -> String {
    format!("https://crates.io/api/v1/crates/{name}/{}/download", escaped(version))
}

/// A package URL (<https://github.com/package-url/purl-spec/blob/main/types-doc/cargo-definition.md>).
fn purl(package: &Built) -> Option<String> {
    let (name, version) = (&package.name, &package.version);
    match &package.origin {
        Origin::CratesIo => Some(cargo_purl(name, version, &[])),
        Origin::Registry(url) => Some(cargo_purl(name, version, &[("repository_url", url)])),
        Origin::Git { url, commit } => {
            let place = format!("git+{url}@{commit}");
            Some(cargo_purl(name, version, &[("vcs_url", &place)]))
        }
        Origin::Folder => None,
    }
}

fn cargo_purl(name: &str, version: &str, qualifiers: &[(&str, &str)]) -> String {
    let mut purl = format!("pkg:cargo/{}@{}", escaped(name), escaped(version));
    for (place, (key, value)) in qualifiers.iter().enumerate() {
        let sign = if place == 0 { '?' } else { '&' };
        purl.push_str(&format!("{sign}{key}={}", escaped(value)));
    }
    purl
}

/// A text in a package URL: everything but letters, digits and `-._~:` by its bytes.
fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls() {
        let package = |origin: Origin| Built {
            name: "a-b".into(),
            version: "1.0.0+x.1".into(),
            license: None,
            description: None,
            repository: None,
            origin,
            checksum: None,
            uses: Vec::new(),
        };
        let git = Origin::Git {
            url: "https://example.com/a".into(),
            commit: "c0ffee".into(),
        };
        for (origin, expected) in [
            (Origin::CratesIo, Some("pkg:cargo/a-b@1.0.0%2Bx.1")),
            (
                Origin::Registry("https://example.com/i".into()),
                Some("pkg:cargo/a-b@1.0.0%2Bx.1?repository_url=https:%2F%2Fexample.com%2Fi"),
            ),
            (
                git,
                Some("pkg:cargo/a-b@1.0.0%2Bx.1?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fa%40c0ffee"),
            ),
            (Origin::Folder, None),
        ] {
            assert_eq!(purl(&package(origin)).as_deref(), expected);
        }
    }

    #[test]
    fn places_in_a_list_that_loses_some() {
        let package = |name: &str, kind: Option<&str>, root: bool, dependencies: &[usize]| Audited {
            name: name.into(),
            version: "1.0.0".into(),
            source: "crates.io".into(),
            kind: kind.map(Into::into),
            dependencies: dependencies.to_vec(),
            root,
        };
        let embedded = Embedded {
            audited: vec![
                package("a", None, false, &[]),
                package("app", None, true, &[0, 2, 3, 9]),
                package("cc", Some("build"), false, &[]),
                package("z", None, false, &[0]),
            ],
            ..Embedded::default()
        };
        let (packages, uses) = audited(&embedded);
        let shown: Vec<_> = packages.iter().map(|p| (p.name.as_str(), p.uses.as_slice())).collect();
        assert_eq!(shown, [("a", &[][..]), ("z", &[0])]);
        assert_eq!(uses, [0, 1]);
    }
}
