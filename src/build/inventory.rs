//! What an application in Rust is made of: the packages that were compiled into it, and how they hang together.
//!
//! Which packages these are is read from cargo's messages about what it compiled for the guest: not from the manifest, which
//! knows features and targets that this build has not, and not from the lock file, which knows those of tests and build scripts.
//! What is known of each is read from `cargo metadata` and from `Cargo.lock`. Procedural macros run in the compiler, and are no
//! part of a guest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, PackageId};
use sha2::{Digest, Sha256};
use toml_edit::DocumentMut;

use super::{BuildError, BuildPlan, BuiltApp, Program, TARGET, dist, tool};
use crate::support::files;
use crate::support::hex::hex;

/// The largest lock file that is read, in bytes: that of a workspace of a thousand packages has some 300,000.
const LOCK_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// What an application consists of. The application itself is the first package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// The application, then the others by name and version.
    pub packages: Vec<Package>,
    /// The SHA-256 of `Cargo.lock`, in hexadecimal digits.
    pub lock: Option<String>,
}

/// A package that is in a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it says of its licence.
    pub license: Option<String>,
    /// What it says it is.
    pub description: Option<String>,
    /// Where its author keeps it.
    pub repository: Option<String>,
    /// Where cargo took it from.
    pub origin: Origin,
    /// The SHA-256 of its archive, as `Cargo.lock` has it, in hexadecimal digits.
    pub checksum: Option<String>,
    /// The places in [`Inventory::packages`] of those that it uses.
    pub uses: Vec<usize>,
}

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A folder: the application's own, and what belongs to it.
    Folder,
    /// crates.io.
    CratesIo,
    /// Another registry, by its index.
    Registry(String),
    /// A git repository.
    Git {
        /// Its address, without what logs in to it.
        url: String,
        /// The commit.
        commit: String,
    },
}

/// What `app` was made of; `None`: cargo did not build it.
pub(super) fn of(plan: &BuildPlan, app: &BuiltApp) -> Result<Option<Inventory>, BuildError> {
    let Some(compiled) = &app.compiled else {
        return Ok(None);
    };
    read(plan, compiled, Platform::Guest).map(Some)
}

/// What a program for this machine was made of. Where cargo compiles for this machine, what is in the program and what only ran in
/// the compiler lie in one folder: it is the edges between packages that tell them apart.
pub(super) fn of_program(plan: &BuildPlan, program: &Program) -> Result<Inventory, BuildError> {
    read(plan, &program.compiled, Platform::Own)
}

/// What is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Platform {
    /// The guests' target.
    Guest,
    /// The machine that compiles.
    Own,
}

fn read(plan: &BuildPlan, compiled: &Compiled, platform: Platform) -> Result<Inventory, BuildError> {
    let mut arguments = vec!["metadata", "--format-version", "1"];
    if platform == Platform::Guest {
        arguments.extend(["--filter-platform", TARGET]);
    }
    let answer = tool::ask(plan, "cargo", &arguments)?;
    if !answer.status.success() {
        return Err(BuildError::Cargo);
    }
    let unread = |message: String| BuildError::Tool {
        tool: "cargo metadata".to_owned(),
        message,
    };
    let metadata: Metadata = serde_json::from_str(&answer.stdout).map_err(|error| unread(error.to_string()))?;
    let lock = lock(metadata.workspace_root.join("Cargo.lock").as_std_path())?;
    inventory(&metadata, compiled, platform, lock.as_deref())
        .ok_or_else(|| unread("it does not know what was built".to_owned()))
}

/// What cargo compiled, and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// The id of the application's package.
    pub(super) root: String,
    /// The id of a package, and a file that was made of it: libraries and programs of every platform.
    pub(super) made: Vec<(String, std::path::PathBuf)>,
}

/// A lock file's text; there is none where nothing was ever resolved.
fn lock(path: &Path) -> Result<Option<String>, BuildError> {
    if !path.is_file() {
        return Ok(None);
    }
    let bytes = files::read(path, LOCK_MAX_BYTES).map_err(dist::file("read", path))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Pure: what of the metadata is in the guest.
fn inventory(metadata: &Metadata, compiled: &Compiled, platform: Platform, lock: Option<&str>) -> Option<Inventory> {
    let places = [Some(&metadata.target_directory), metadata.build_directory.as_ref()];
    let is_guests = |file: &Path| {
        let below = places
            .iter()
            .flatten()
            .find_map(|place| below(file, place.as_std_path()));
        below.is_some_and(|below| below.starts_with(TARGET))
    };
    let is_macro =
        |package: &&cargo_metadata::Package| package.targets.iter().any(cargo_metadata::Target::is_proc_macro);
    let macros: BTreeSet<&str> = metadata
        .packages
        .iter()
        .filter(is_macro)
        .map(|package| package.id.repr.as_str())
        .collect();
    let guests: BTreeSet<&str> = compiled
        .made
        .iter()
        .filter(|(_, file)| platform == Platform::Own || is_guests(file))
        .map(|(id, _)| id.as_str())
        .filter(|id| !macros.contains(id))
        .collect();

    let edges = edges(metadata, &guests);
    let root = PackageId {
        repr: compiled.root.clone(),
    };
    let mut reached: BTreeSet<&PackageId> = BTreeSet::new();
    let mut next = vec![edges.get_key_value(&root)?.0.to_owned()];
    while let Some(id) = next.pop() {
        if reached.insert(id) {
            next.extend(edges.get(id).into_iter().flatten().copied());
        }
    }

    let mut packages: Vec<&cargo_metadata::Package> = metadata
        .packages
        .iter()
        .filter(|package| reached.contains(&package.id))
        .collect();
    packages.sort_by_key(|package| (package.id != root, package.name.as_str(), &package.version, &package.id));
    let place: BTreeMap<&PackageId, usize> = packages.iter().enumerate().map(|(place, p)| (&p.id, place)).collect();
    let checksums = lock.map(checksums).unwrap_or_default();
    let known = |package: &&cargo_metadata::Package| {
        let source = package.source.as_ref().map(|source| source.repr.as_str());
        let named = (package.name.to_string(), package.version.to_string());
        let mut uses: Vec<usize> = edges
            .get(&package.id)
            .into_iter()
            .flatten()
            .filter_map(|used| place.get(used).copied())
            .collect();
        uses.sort_unstable();
        uses.dedup();
        Package {
            checksum: source.and_then(|source| {
                checksums
                    .get(&(named.0.clone(), named.1.clone(), source.to_owned()))
                    .cloned()
            }),
            name: named.0,
            version: named.1,
            license: package.license.clone(),
            description: package.description.as_deref().map(|text| text.trim().to_owned()),
            repository: package.repository.as_deref().and_then(public_url),
            origin: origin(source),
            uses,
        }
    };
    Some(Inventory {
        packages: packages.iter().map(known).collect(),
        lock: lock.map(|text| hex(&Sha256::digest(text))),
    })
}

/// What uses what, of the packages that were compiled for the guest.
fn edges<'a>(metadata: &'a Metadata, guests: &BTreeSet<&str>) -> BTreeMap<&'a PackageId, Vec<&'a PackageId>> {
    let is_guests = |id: &PackageId| guests.contains(id.repr.as_str());
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    nodes
        .filter(|node| is_guests(&node.id))
        .map(|node| {
            let normal = node.deps.iter().filter(|dependency| {
                let mut kinds = dependency.dep_kinds.iter();
                kinds.any(|kind| kind.kind == DependencyKind::Normal)
            });
            let used = normal.map(|dependency| &dependency.pkg).filter(|id| is_guests(id));
            (&node.id, used.collect())
        })
        .collect()
}

/// A file as seen from a folder, by whatever way either is written.
fn below(file: &Path, folder: &Path) -> Option<std::path::PathBuf> {
    if let Ok(below) = file.strip_prefix(folder) {
        return Some(below.to_owned());
    }
    let (file, folder) = (file.canonicalize().ok()?, folder.canonicalize().ok()?);
    file.strip_prefix(folder).ok().map(Path::to_owned)
}

/// The checksums of a lock file, by name, version and source.
fn checksums(lock: &str) -> BTreeMap<(String, String, String), String> {
    let Ok(document) = lock.parse::<DocumentMut>() else {
        return BTreeMap::new();
    };
    let packages = document.get("package").and_then(toml_edit::Item::as_array_of_tables);
    let checksum = |table: &toml_edit::Table| {
        let text = |key: &str| table.get(key)?.as_str().map(str::to_owned);
        let checksum = text("checksum")?;
        let is_one = checksum.len() == 64 && checksum.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_one.then_some(((text("name")?, text("version")?, text("source")?), checksum))
    };
    packages.into_iter().flatten().filter_map(checksum).collect()
}

/// `registry+https://…`, `sparse+https://…`, `git+https://…?branch=x#COMMIT` (<https://doc.rust-lang.org/cargo/reference/pkgid-spec.html>).
fn origin(source: Option<&str>) -> Origin {
    /// How cargo writes crates.io, whichever protocol it fetches it by.
    const CRATES_IO: [&str; 2] = [
        "registry+https://github.com/rust-lang/crates.io-index",
        "sparse+https://index.crates.io/",
    ];
    let Some(source) = source else {
        return Origin::Folder;
    };
    if CRATES_IO.contains(&source) {
        return Origin::CratesIo;
    }
    let (protocol, address) = source.split_once('+').unwrap_or(("", source));
    let (address, commit) = address.split_once('#').unwrap_or((address, ""));
    match (protocol, public_url(address)) {
        // what lies on one machine says nothing elsewhere
        (_, None) => Origin::Folder,
        ("git", Some(url)) => Origin::Git {
            url,
            commit: commit.to_owned(),
        },
        (_, Some(url)) => Origin::Registry(url),
    }
}

/// An address that others can use, without a name, a password, a query or a fragment, in which a token can stand; `None`: it is one of
/// this machine's, or none.
#[must_use]
pub fn public_url(text: &str) -> Option<String> {
    let text = text.trim();
    // `git@host:group/project`, as ssh writes it
    let spelled = match (text.contains("://"), text.split_once(':')) {
        (false, Some((host, path))) if !host.contains('/') && host.len() > 1 => {
            format!("ssh://{host}/{}", path.trim_start_matches('/'))
        }
        _ => text.to_owned(),
    };
    let mut url = url::Url::parse(&spelled).ok()?;
    if url.scheme() == "file" || !url.has_host() {
        return None;
    }
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    Some(url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_nobody() {
        for (given, expected) in [
            ("https://example.com/a/b.git", Some("https://example.com/a/b.git")),
            ("https://me:token@example.com/a", Some("https://example.com/a")),
            ("https://token@example.com:8443/a", Some("https://example.com:8443/a")),
            (
                "https://example.com/a?private_token=zq7#zq8",
                Some("https://example.com/a"),
            ),
            ("git@example.com:a/b.git?token=zq7", Some("ssh://example.com/a/b.git")),
            ("git@example.com:a/b.git", Some("ssh://example.com/a/b.git")),
            ("ssh://git@example.com/a/b.git", Some("ssh://example.com/a/b.git")),
            ("/srv/git/a.git", None),
            ("../a", None),
            ("file:///srv/a", None),
            ("C:\\a", None),
            ("", None),
        ] {
            assert_eq!(public_url(given).as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn origins() {
        let git = |url: &str, commit: &str| Origin::Git {
            url: url.into(),
            commit: commit.into(),
        };
        for (source, expected) in [
            (None, Origin::Folder),
            (
                Some("registry+https://github.com/rust-lang/crates.io-index"),
                Origin::CratesIo,
            ),
            (Some("sparse+https://index.crates.io/"), Origin::CratesIo),
            (
                Some("sparse+https://t:k@example.com/index/"),
                Origin::Registry("https://example.com/index/".into()),
            ),
            (
                Some("sparse+https://example.com/index/?token=zq7"),
                Origin::Registry("https://example.com/index/".into()),
            ),
            (
                Some("git+https://t@example.com/a?branch=x#c0ffee"),
                git("https://example.com/a", "c0ffee"),
            ),
            (
                Some("git+ssh://git@example.com/a#c0ffee"),
                git("ssh://example.com/a", "c0ffee"),
            ),
            (Some("git+file:///srv/a#c0ffee"), Origin::Folder),
        ] {
            assert_eq!(origin(source), expected, "{source:?}");
        }
    }

    #[test]
    fn checksums_of_a_lock_file() {
        let sum = "0".repeat(64);
        let lock = format!(
            "version = 4\n[[package]]\nname = 'own'\nversion = '1.0.0'\n[[package]]\nname = 'a'\nversion = '1.0.0'\n\
             source = 'registry+x'\nchecksum = '{sum}'\n[[package]]\nname = 'b'\nversion = '1.0.0'\nsource = 'registry+x'\nchecksum = 'no'\n"
        );
        let found = checksums(&lock);
        assert_eq!(found.len(), 1);
        assert_eq!(found[&("a".into(), "1.0.0".into(), "registry+x".into())], sum);
        assert!(checksums("package = 1").is_empty() && checksums("[[package").is_empty());
    }

    /// Metadata of four packages: the application, a library, a macro and what the macro uses.
    fn metadata() -> Metadata {
        let package = |name: &str| {
            serde_json::json!({
                "name": name, "version": "1.0.0", "id": name, "source": null, "dependencies": [], "features": {},
                "targets": [{ "name": name, "kind": [if name == "derive" { "proc-macro" } else { "lib" }], "crate_types": ["lib"], "src_path": "/p" }],
                "manifest_path": "/p/Cargo.toml", "license": "MIT", "edition": "2024", "authors": [], "categories": [], "keywords": [],
            })
        };
        let node = |name: &str, used: &[(&str, Option<&str>)]| {
            let deps: Vec<_> = used
                .iter()
                .map(|(name, kind)| serde_json::json!({ "name": name, "pkg": name, "dep_kinds": [{ "kind": kind, "target": null }] }))
                .collect();
            serde_json::json!({ "id": name, "dependencies": [], "features": [], "deps": deps })
        };
        serde_json::from_value(serde_json::json!({
            "packages": [package("z-lib"), package("app"), package("derive"), package("syn"), package("tester"), package("unused")],
            "workspace_members": ["app"],
            "resolve": { "root": "app", "nodes": [
                node("app", &[("z-lib", None), ("derive", None), ("tester", Some("dev")), ("unused", None)]),
                node("z-lib", &[]), node("derive", &[("syn", None)]), node("syn", &[]), node("tester", &[]), node("unused", &[]),
            ] },
            "workspace_root": "/p", "target_directory": "/t", "version": 1,
        }))
        .unwrap()
    }

    #[test]
    fn what_is_in_the_guest() {
        let made = [
            ("app", "/t/wasm32-wasip2/debug/app.wasm"),
            ("z-lib", "/t/wasm32-wasip2/debug/deps/libz.rlib"),
            ("derive", "/t/debug/deps/libderive.so"),
            ("syn", "/t/debug/deps/libsyn.rlib"),
            // compiled for the guest by `cargo test`, and not used by the application
            ("tester", "/t/wasm32-wasip2/debug/deps/libtester.rlib"),
        ];
        let compiled = Compiled {
            root: "app".into(),
            made: made.iter().map(|(id, file)| ((*id).into(), (*file).into())).collect(),
        };
        let found = inventory(&metadata(), &compiled, Platform::Guest, None).unwrap();
        let shown: Vec<_> = found
            .packages
            .iter()
            .map(|p| (p.name.as_str(), p.uses.as_slice()))
            .collect();
        assert_eq!(shown, [("app", &[1][..]), ("z-lib", &[])]);
        // for this machine everything lies in one folder
        let own = Compiled {
            root: "app".into(),
            made: ["app", "z-lib", "derive", "syn"]
                .iter()
                .map(|id| ((*id).into(), "/t/debug/x".into()))
                .collect(),
        };
        let found = inventory(&metadata(), &own, Platform::Own, None).unwrap();
        let names: Vec<_> = found.packages.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["app", "z-lib"]);
        let strange = Compiled {
            root: "other".into(),
            ..compiled
        };
        assert_eq!(inventory(&metadata(), &strange, Platform::Guest, None), None);
    }
}
