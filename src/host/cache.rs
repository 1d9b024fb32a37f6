//! Compiled code, kept in a directory of the user's own.
//!
//! To load compiled code is to run it as native code: the directory must belong to the user with mode 0700, and code is
//! never taken from a project or an artifact. The name of a file is the digest of the component's bytes, the engine's
//! version and its settings.
#![allow(unsafe_code)] // deserialising compiled code; see above

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use crate::support::hex::hex;
use crate::support::{files, os};

/// How much the cache may hold, in bytes: the oldest files go first. A debug test artifact compiles to about 1.5 MB.
const MAX_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// The cache of compiled components.
#[derive(Debug, Clone)]
pub struct Cache(PathBuf);

impl Cache {
    /// The cache in `directory`, which is made if it is not there. `None`: it is not safe to use, or cannot be made;
    /// components are then compiled each time.
    #[must_use]
    pub fn open(directory: &Path) -> Option<Self> {
        os::private_directory(directory).ok()?;
        Some(Self(directory.to_owned()))
    }

    /// The compiled code of a component, from the cache or by `compile`.
    pub(super) fn get(
        &self,
        engine: &wasmtime::Engine,
        bytes: &[u8],
        compile: impl FnOnce() -> wasmtime::Result<Component>,
    ) -> wasmtime::Result<Component> {
        let path = self.path(engine, bytes);
        // SAFETY: the file lies in a directory that only this user can write to (checked when the cache was opened), under
        // a name that says which engine compiled it; what wasmtime can check of it, it checks.
        if path.is_file()
            && let Ok(component) = unsafe { Component::deserialize_file(engine, &path) }
        {
            return Ok(component);
        }
        let component = compile()?;
        // a cache that cannot be written is only slow
        if let Ok(code) = component.serialize() {
            let _ = os::write_atomically(&path, &code).map(|()| files::make_room(&self.0, MAX_BYTES));
        }
        Ok(component)
    }

    fn path(&self, engine: &wasmtime::Engine, bytes: &[u8]) -> PathBuf {
        let mut settings = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut settings);
        let digest = Sha256::new_with_prefix(bytes)
            .chain_update(settings.finish().to_le_bytes())
            .finalize();
        let name = hex(&digest);
        self.0.join(format!("{name}.cwasm"))
    }
}
