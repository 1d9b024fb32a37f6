//! The C side of a world, as wit-bindgen generates it. The world is renamed to [`NAME`], so that in every project the header is
//! `app.h` and its string type `app_string_t`, for the application and for its tests.

use std::path::{Path, PathBuf};

use wit_bindgen_c::Opts;
use wit_parser::WorldId;

use super::super::BuildError;
use super::super::dist::{create_folder, file, replace};
use crate::project::Worlds;

/// What the world is called in C.
pub(super) const NAME: &str = "app";

/// What was generated.
#[derive(Debug, Clone)]
pub(super) struct Bindings {
    /// Where it lies.
    pub folder: PathBuf,
    /// The functions' source.
    pub source: PathBuf,
    /// An object that carries the world's description into the module.
    pub object: PathBuf,
    /// The world's name in WIT.
    pub world: String,
    /// Whether the world exports something.
    pub exports: bool,
}

impl Bindings {
    /// Generates the bindings of a world into a folder. Files that would be the same are not touched.
    pub fn generate(worlds: &Worlds, world: WorldId, folder: &Path) -> Result<Self, BuildError> {
        // the generator merges what the world imports and exports into the `Resolve` that it is handed
        let mut resolve = worlds.resolve.clone();
        let failed = |reason: String| BuildError::Bindings(reason);
        let (name, exports) = resolve
            .worlds
            .get(world)
            .map(|world| (world.name.clone(), !world.exports.is_empty()))
            .ok_or_else(|| failed("there is no such world".into()))?;
        let options = Opts {
            rename_world: Some(NAME.to_owned()),
            ..Opts::default()
        };
        let mut files = wit_bindgen_core::Files::default();
        options
            .build()
            .generate(&mut resolve, world, &mut files)
            .map_err(|error| failed(format!("{error:#}")))?;
        create_folder(folder)?;
        for (name, bytes) in files.iter() {
            let path = folder.join(name);
            if std::fs::read(&path).is_ok_and(|there| there == bytes) {
                continue;
            }
            replace(&path, bytes).map_err(file("write", &path))?;
        }
        Ok(Self {
            source: folder.join(format!("{NAME}.c")),
            object: folder.join(format!("{NAME}_component_type.o")),
            folder: folder.to_owned(),
            world: name,
            exports,
        })
    }
}
