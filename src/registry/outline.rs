//! What a component or a core module says of itself, read section by section from its file: what it imports and exports, and the metadata
//! that OCI tools look for. Code and data are passed over, so that memory does not grow with the file.
//!
//! It validates nothing: a file that says more than it has is refused, and the rest is for whoever compiles it.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

use wasm_metadata::{ComponentNames, Producers};
use wasmparser::{
    BinaryReader, ComponentExportSectionReader, ComponentImportSectionReader, ComponentType, ComponentTypeDeclaration,
    ComponentTypeRef, Parser, Payload,
};

use super::Error;

/// The largest section that is read, in bytes: the imports of a component with a thousand interfaces have some 50,000.
const SECTION_MAX_BYTES: u64 = 1 << 20;

/// The most sections of a file: a component of our largest tests has 200.
const SECTIONS_MAX: usize = 100_000;

/// The longest name of a custom section that is looked at, in bytes: bindings put a package, a world and their version into it.
const SECTION_NAME_MAX_BYTES: u64 = 256;

/// How the names of the sections begin that bindings leave in a core module, with its world
/// (<https://docs.rs/wit-component/0.262.0/wit_component/metadata/index.html>).
const WORLD_SECTION: &[u8] = b"component-type";

/// What the tools that decode WIT call the world of a component, which has no name of its own in it.
pub const UNNAMED_WORLD: &str = "root:component/root";

/// The most imports, and the most exports.
const NAMES_MAX: usize = 10_000;

/// How a core module begins, and how a component does.
const HEADERS: [(&[u8; 8], Kind); 2] = [
    (b"\0asm\x01\0\0\0", Kind::Module),
    (b"\0asm\x0d\0\x01\0", Kind::Component),
];

/// What a WebAssembly binary is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A component.
    Component,
    /// A core module.
    Module,
}

impl Kind {
    /// What bytes begin as.
    ///
    /// # Errors
    /// Nothing of both: why, as a sentence.
    pub fn of(bytes: &[u8]) -> Result<Self, &'static str> {
        let kind = HEADERS.iter().find(|(header, _)| bytes.starts_with(*header));
        kind.map(|(_, kind)| *kind)
            .ok_or("it is neither a component nor a core module")
    }
}

/// What a WebAssembly binary says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// What it is.
    pub kind: Kind,
    /// What a component imports, by name, in its order; of a core module nothing.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
    /// The world that it was made for, `package/world`, if a section says so: in components none does, and their imports and exports
    /// are the world.
    pub world: Option<String>,
    /// Its metadata.
    pub metadata: Metadata,
}

/// Metadata, as the tools of WebAssembly and OCI write it into custom sections
/// (<https://github.com/WebAssembly/tool-conventions>).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Its name.
    pub name: Option<String>,
    /// By what it was made: `processed-by`, `slt`, `0.1.0`.
    pub producers: Vec<(String, String, String)>,
    /// `version`, `description`, `licenses`, `source`, `homepage`, `revision`, `authors`, as far as they are there.
    pub texts: Vec<(&'static str, String)>,
}

impl Metadata {
    /// One of the texts.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.texts.iter().find(|(own, _)| *own == name);
        found.map(|(_, text)| text.as_str())
    }
}

/// The custom sections that hold one text each.
const TEXTS: &[&str] = &[
    "version",
    "description",
    "licenses",
    "source",
    "homepage",
    "revision",
    "authors",
];

/// The sections of a component that are read (the binary format of the component model).
const CUSTOM: u8 = 0;
const COMPONENT_IMPORTS: u8 = 10;
const COMPONENT_EXPORTS: u8 = 11;

/// Reads the outline of a file.
///
/// # Errors
/// It cannot be read, or is no WebAssembly.
pub fn outline(path: &Path) -> Result<Outline, Error> {
    let file = File::open(path).map_err(Error::file("read", path))?;
    let length = file.metadata().map_err(Error::file("read", path))?.len();
    let mut reading = Reading {
        file: BufReader::new(file),
        at: 0,
        length,
        path,
    };
    reading.outline()
}

struct Reading<'a> {
    file: BufReader<File>,
    at: u64,
    length: u64,
    path: &'a Path,
}

impl Reading<'_> {
    fn outline(&mut self) -> Result<Outline, Error> {
        let header = self.bytes(self.length.min(8))?;
        let kind = Kind::of(&header).map_err(|reason| self.bad(reason))?;
        let mut outline = Outline {
            kind,
            imports: Vec::new(),
            exports: Vec::new(),
            world: None,
            metadata: Metadata::default(),
        };
        let mut sections = 0;
        while self.at < self.length {
            sections += 1;
            if sections > SECTIONS_MAX {
                return Err(self.bad("it has more sections than are looked at"));
            }
            let id = self.byte()?;
            let size = self.number()?;
            let end = self.at + size;
            if end > self.length {
                return Err(self.bad("it is cut short"));
            }
            match (id, outline.kind) {
                (CUSTOM, _) => self.custom(end, &mut outline)?,
                (COMPONENT_IMPORTS, Kind::Component) => {
                    let (bytes, at) = (self.section(size)?, self.at);
                    let reader = ComponentImportSectionReader::new(BinaryReader::new(&bytes, at));
                    for import in reader.map_err(|error| self.invalid(&error))? {
                        let import = import.map_err(|error| self.invalid(&error))?;
                        outline.imports.push(import.name.name.to_owned());
                    }
                }
                (COMPONENT_EXPORTS, Kind::Component) => {
                    let (bytes, at) = (self.section(size)?, self.at);
                    let reader = ComponentExportSectionReader::new(BinaryReader::new(&bytes, at));
                    for export in reader.map_err(|error| self.invalid(&error))? {
                        let export = export.map_err(|error| self.invalid(&error))?;
                        outline.exports.push(export.name.name.to_owned());
                    }
                }
                _ => {}
            }
            if outline.imports.len().max(outline.exports.len()) > NAMES_MAX {
                return Err(self.bad("it has more imports or exports than are looked at"));
            }
            self.skip_to(end)?;
        }
        Ok(outline)
    }

    /// Reads a custom section, if it is one of the metadata. What is malformed in it is left out: it decides nothing.
    fn custom(&mut self, end: u64, outline: &mut Outline) -> Result<(), Error> {
        let metadata = &mut outline.metadata;
        let length = self.number()?;
        if self.at + length > end {
            return Err(self.bad("it is cut short"));
        }
        let name = match length <= SECTION_NAME_MAX_BYTES {
            true => self.bytes(length)?,
            false => return Ok(()),
        };
        let size = end - self.at;
        let text = TEXTS.iter().find(|known| known.as_bytes() == name);
        let is_name = name == b"component-name" && outline.kind == Kind::Component;
        let is_world = name.starts_with(WORLD_SECTION);
        if size > SECTION_MAX_BYTES || (text.is_none() && !is_name && !is_world && name != b"producers") {
            return Ok(());
        }
        let bytes = self.bytes(size)?;
        match text {
            None if is_world => outline.world = outline.world.take().or_else(|| world(&bytes)),
            Some(name) => metadata
                .texts
                .extend(String::from_utf8(bytes).ok().map(|text| (*name, text))),
            None if is_name => {
                let names = ComponentNames::from_bytes(&bytes, 0).ok();
                metadata.name = names.and_then(|names| names.get_name().cloned());
            }
            None => {
                let producers = Producers::from_bytes(&bytes, 0).unwrap_or_else(|_| Producers::empty());
                for (field, values) in producers.iter() {
                    let all = values
                        .iter()
                        .map(|(name, version)| (field.clone(), name.clone(), version.clone()));
                    metadata.producers.extend(all);
                }
            }
        }
        Ok(())
    }

    fn section(&mut self, size: u64) -> Result<Vec<u8>, Error> {
        match size <= SECTION_MAX_BYTES {
            true => self.bytes(size),
            false => Err(self.bad("a section is larger than any that slt has met")),
        }
    }

    fn bytes(&mut self, count: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let read = self.file.by_ref().take(count).read_to_end(&mut bytes);
        let read = read.map_err(Error::file("read", self.path))?;
        self.at += read as u64;
        match read as u64 == count {
            true => Ok(bytes),
            false => Err(self.bad("it is cut short")),
        }
    }

    fn byte(&mut self) -> Result<u8, Error> {
        let mut byte = [0];
        self.file.read_exact(&mut byte).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => self.bad("it is cut short"),
            _ => Error::file("read", self.path)(error),
        })?;
        self.at += 1;
        let [byte] = byte;
        Ok(byte)
    }

    /// A number of at most 32 bits, in LEB128.
    fn number(&mut self) -> Result<u64, Error> {
        let mut number = 0;
        for place in 0..5_u32 {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(self.bad("a size in it is none"))
    }

    fn skip_to(&mut self, end: u64) -> Result<(), Error> {
        let distance = i64::try_from(end.saturating_sub(self.at)).unwrap_or(i64::MAX);
        self.file
            .seek_relative(distance)
            .map_err(Error::file("read", self.path))?;
        self.at = end;
        Ok(())
    }

    fn invalid(&self, error: &wasmparser::BinaryReaderError) -> Error {
        self.bad(error.message())
    }

    fn bad(&self, reason: &str) -> Error {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        Error::malformed(format!("`{name}`"), reason)
    }
}

/// The name of the world in a section that bindings have left: a component whose one type exports the world by its whole name.
fn world(section: &[u8]) -> Option<String> {
    for payload in Parser::new(0).parse_all(section) {
        let Payload::ComponentTypeSection(types) = payload.ok()? else {
            continue;
        };
        for kind in types {
            let ComponentType::Component(declarations) = kind.ok()? else {
                continue;
            };
            let name = declarations.iter().find_map(|declaration| match declaration {
                ComponentTypeDeclaration::Export {
                    name,
                    ty: ComponentTypeRef::Component(_),
                } => Some(name.name.to_owned()),
                _ => None,
            });
            if name.is_some() {
                return name;
            }
        }
    }
    None
}
