//! The shapes of interfaces that slt hosts, function by function: [`Shapes`] reads them from `hosted.txt`.
//!
//! Published copies of one version differ. The cursor of `list-keys` in `wasi:keyvalue@0.2.0-draft` is a `u64` in wasmtime's and
//! wasmCloud's text and a `string` upstream, and `increment` counts unsigned or signed; both are served, and not both to one
//! component. A function in any other shape could not be linked, and is named here instead of at the start.
//!
//! The table is written from the WIT texts that the host binds and is compared with what it links (`tests/it/shapes.rs`). It is not made
//! anew here, because to read all of WASI's text would take longer than all the rest of a check.

use std::collections::BTreeMap;

use super::Interface;

const HOSTED: &str = include_str!("hosted.txt");

/// Whether a component needs an interface or offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// It imports it.
    Import,
    /// It exports it.
    Export,
}

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Export => "export",
        }
    }

    /// What the component does with it.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Import => "imports",
            Self::Export => "exports",
        }
    }
}

/// A function that cannot be linked.
#[derive(Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Its name.
    pub function: String,
    /// Its shape in the component.
    pub found: String,
    /// The shapes that are hosted; none when there is no such function.
    pub hosted: Vec<String>,
    /// The functions that there are.
    pub functions: Vec<&'static str>,
}

/// An interface in one of its shapes: functions and their signatures.
type Functions = BTreeMap<&'static str, &'static str>;

/// Every shape that is hosted.
#[derive(Debug)]
pub struct Shapes {
    /// By `import wasi:keyvalue/store`; each of its shapes with the name of that shape.
    interfaces: BTreeMap<String, Vec<(&'static str, Functions)>>,
}

impl Shapes {
    /// Those of this slt.
    pub fn hosted() -> Self {
        let mut interfaces: BTreeMap<_, Vec<(&str, Functions)>> = BTreeMap::new();
        let (mut direction, mut shape, mut key) = ("", "", String::new());
        for line in HOSTED.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            if let Some(section) = line.strip_prefix("= ") {
                (direction, shape) = section.split_once(' ').unwrap_or((section, ""));
            } else if let Some((function, signature)) = line.strip_prefix("  ").and_then(|line| line.split_once(": ")) {
                let shapes = interfaces.get_mut(&key);
                if let Some((_, functions)) = shapes.and_then(|shapes| shapes.last_mut()) {
                    functions.insert(function, signature);
                }
            } else {
                key = format!("{direction} {line}");
                let shapes = interfaces.entry(key.clone()).or_default();
                shapes.push((shape, Functions::new()));
            }
        }
        Self { interfaces }
    }

    fn of(&self, interface: &Interface, direction: Direction) -> &[(&'static str, Functions)] {
        let key = format!("{} {}", direction.name(), interface.path());
        self.interfaces.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The interfaces of a package that are hosted.
    pub fn interfaces(&self, package: &str, direction: Direction) -> Vec<&str> {
        let start = format!("{} {package}/", direction.name());
        let keys = self.interfaces.keys();
        keys.filter_map(|key| key.strip_prefix(&start)).collect()
    }

    /// The functions of an interface whose shape is not hosted. Only interfaces with known shapes are looked at.
    pub fn misfits(&self, interface: &Interface, direction: Direction) -> Vec<Misfit> {
        let shapes = self.of(interface, direction);
        if shapes.is_empty() {
            return Vec::new();
        }
        let hosted = |function: &str| -> Vec<String> {
            let signatures = shapes.iter().filter_map(|(_, functions)| functions.get(function));
            signatures.map(|signature| (*signature).to_owned()).collect()
        };
        let functions = || shapes.iter().flat_map(|(_, functions)| functions.keys().copied());
        interface
            .functions
            .iter()
            .map(|(function, found)| (function, found, hosted(function)))
            .filter(|(_, found, hosted)| !hosted.contains(found))
            .map(|(function, found, hosted)| Misfit {
                function: function.clone(),
                found: found.clone(),
                hosted,
                functions: functions().collect(),
            })
            .collect()
    }

    /// Two functions of a package that are hosted in different shapes only, where a component gets one: their interface, name and shape.
    pub fn mixed<'a>(&self, interfaces: &[&'a Interface], direction: Direction) -> Option<[Told<'a>; 2]> {
        let mut first: Option<Told<'a>> = None;
        for interface in interfaces {
            let shapes = self.of(interface, direction);
            for (function, found) in &interface.functions {
                let fits =
                    |(_, functions): &&(&str, Functions)| functions.get(function.as_str()) == Some(&found.as_str());
                let mut fitting = shapes.iter().filter(fits).map(|(shape, _)| *shape);
                let (Some(shape), None) = (fitting.next(), fitting.next()) else {
                    continue;
                };
                let told = Told {
                    interface,
                    function,
                    signature: found,
                    shape,
                };
                match &first {
                    None if shapes.len() > 1 => first = Some(told),
                    Some(earlier) if earlier.shape != shape => return Some([earlier.clone(), told]),
                    _ => {}
                }
            }
        }
        None
    }
}

/// A function that tells which shape its component has.
#[derive(Debug, Clone)]
pub struct Told<'a> {
    /// Its interface.
    pub interface: &'a Interface,
    /// Its name.
    pub function: &'a str,
    /// Its signature.
    pub signature: &'a str,
    /// The shape.
    pub shape: &'static str,
}

/// Two signatures as they can be shown: of long ones, what lies around the first difference.
pub fn shown(found: &str, hosted: &str) -> (String, String) {
    const SHOWN_MAX_CHARACTERS: usize = 160;
    const BEFORE_CHARACTERS: usize = 40;
    let same = found
        .chars()
        .zip(hosted.chars())
        .take_while(|(one, other)| one == other)
        .count();
    let cut = |text: &str| {
        if text.chars().count() <= SHOWN_MAX_CHARACTERS {
            return text.to_owned();
        }
        let skipped = same.saturating_sub(BEFORE_CHARACTERS);
        let before = if skipped > 0 { "…" } else { "" };
        let part: String = text.chars().skip(skipped).take(SHOWN_MAX_CHARACTERS).collect();
        let after = if text.chars().count() > skipped + SHOWN_MAX_CHARACTERS {
            "…"
        } else {
            ""
        };
        format!("{before}{part}{after}")
    };
    (cut(found), cut(hosted))
}
