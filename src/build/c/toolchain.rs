//! Finding a C toolchain for WebAssembly, and understanding what it says.
//!
//! The first of these is taken: the WASI SDK that `WASI_SDK_PATH` names, the one in `/opt/wasi-sdk`, the `clang` of the system with a
//! WASI libc beside it, `zig`, and the `ziglang` of Python. To find one takes no process but for the last.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::UNIX_EPOCH;

use super::super::BuildError;
use crate::support::os;

/// Where a WASI SDK lies that nobody named.
const SDK: &str = "/opt/wasi-sdk";

/// Where systems keep a WASI libc for their `clang`: the folder of `libc.a`, the sysroot if it is none that clang knows, and the target.
const SYSROOTS: &[(&str, Option<&str>, &str)] = &[
    // Debian, Ubuntu
    ("/usr/lib/wasm32-wasi", None, "wasm32-wasi"),
    ("/usr/lib/wasm32-wasip1", None, "wasm32-wasip1"),
    // Fedora
    (
        "/usr/wasm32-wasi/lib/wasm32-wasi",
        Some("/usr/wasm32-wasi"),
        "wasm32-wasi",
    ),
    (
        "/usr/wasm32-wasi/lib/wasm32-wasip1",
        Some("/usr/wasm32-wasi"),
        "wasm32-wasip1",
    ),
    // Arch Linux, and Homebrew on either kind of Mac
    (
        "/usr/share/wasi-sysroot/lib/wasm32-wasip1",
        Some("/usr/share/wasi-sysroot"),
        "wasm32-wasip1",
    ),
    (
        "/usr/share/wasi-sysroot/lib/wasm32-wasi",
        Some("/usr/share/wasi-sysroot"),
        "wasm32-wasi",
    ),
    (
        "/opt/homebrew/share/wasi-sysroot/lib/wasm32-wasip1",
        Some("/opt/homebrew/share/wasi-sysroot"),
        "wasm32-wasip1",
    ),
    (
        "/usr/local/share/wasi-sysroot/lib/wasm32-wasip1",
        Some("/usr/local/share/wasi-sysroot"),
        "wasm32-wasip1",
    ),
];

/// The targets that a WASI SDK may have, the newest name first.
const SDK_TARGETS: &[&str] = &["wasm32-wasip1", "wasm32-wasi"];

/// What a toolchain is called, and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A WASI SDK.
    WasiSdk,
    /// The `clang` of the system.
    Clang,
    /// `zig cc`, of its own or of Python's package `ziglang`.
    Zig,
}

/// A C toolchain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CToolchain {
    /// Which.
    pub kind: Kind,
    /// The program.
    pub program: PathBuf,
    /// What it is, for a build to know that it has become another one.
    pub identity: String,
    /// What to type on this system to have one that is whole.
    pub install: String,
    /// Whether its own `crt1` may be one that loses output.
    pub needs_runtime: bool,
    /// What stands behind the program in every command.
    arguments: Vec<String>,
}

/// Why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// `WASI_SDK_PATH` is this, and no WASI SDK lies there.
    Sdk(String),
    /// Nothing is found.
    Nothing {
        /// What was found that is not enough.
        found: Vec<String>,
        /// The line to type, for this system.
        install: String,
    },
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sdk(path) => write!(
                f,
                "`WASI_SDK_PATH` is `{path}`, and no WASI SDK lies there: it has `bin/clang` and `share/wasi-sysroot`"
            ),
            Self::Nothing { found, .. } => {
                f.write_str("there is no C compiler for WebAssembly")?;
                found.iter().try_for_each(|found| write!(f, "; {found}"))
            }
        }
    }
}

/// What a toolchain may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// It compiles for other machines only.
    Target,
    /// It has no C library.
    Library,
    /// It has no linker.
    Linker,
    /// It lacks the functions that its own code calls.
    Builtins,
}

impl std::fmt::Display for Lack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Target => "can't compile for WebAssembly",
            Self::Library => "finds no C library for WebAssembly",
            Self::Linker => "has no linker for WebAssembly, `wasm-ld`",
            Self::Builtins => "lacks its library for WebAssembly, `libclang_rt.builtins-wasm32`",
        })
    }
}

/// What a compiler or a linker complains of, as far as slt has something to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// Something is missing about it.
    Lacks(Lack),
    /// These functions are nowhere.
    Undefined(Vec<String>),
    /// Something else, which speaks for itself.
    Other,
}

impl CToolchain {
    /// The beginning of every command: the program, and for which target.
    #[must_use]
    pub fn command(&self) -> Vec<String> {
        let mut command = vec![self.program.display().to_string()];
        command.extend(self.arguments.iter().cloned());
        command
    }

    /// How a command makes what it makes: what a build remembers of it.
    pub(super) fn how(&self, command: &[String]) -> String {
        format!("{}\n{}", self.identity, command.join("\n"))
    }

    /// What it is called in messages.
    #[must_use]
    pub fn shown(&self) -> String {
        let program = self.program.display();
        match self.kind {
            Kind::WasiSdk | Kind::Clang => format!("`{program}`"),
            Kind::Zig => format!("`{program} cc`"),
        }
    }

    /// The error for what it lacks.
    pub(super) fn lacks(&self, lacks: Lack) -> BuildError {
        BuildError::BadCToolchain {
            toolchain: self.shown(),
            lacks,
            install: self.install.clone(),
        }
    }
}

impl Said {
    /// What a compiler or a linker complains of, by its words.
    pub(super) fn of(text: &str) -> Self {
        let has = |words: &str| text.contains(words);
        if has("unable to create target") || has("unknown target triple") || has("UnknownOperatingSystem") {
            return Said::Lacks(Lack::Target);
        }
        if has("libclang_rt.builtins") && (has("cannot open") || has("No such file")) {
            return Said::Lacks(Lack::Builtins);
        }
        let linker = has("wasm-ld") || has("wasm-component-ld");
        if linker && (has("doesn't exist") || has("unable to execute command") || has("posix_spawn failed")) {
            return Said::Lacks(Lack::Linker);
        }
        let standard = [
            "stdint.h",
            "stdlib.h",
            "stdbool.h",
            "stdio.h",
            "string.h",
            "stddef.h",
            "assert.h",
        ];
        if standard
            .iter()
            .any(|header| has(&format!("'{header}' file not found")) || has(&format!("'bits/{header}' file not found")))
        {
            return Said::Lacks(Lack::Library);
        }
        let undefined: Vec<String> = text
            .lines()
            .filter_map(|line| line.split_once("undefined symbol: "))
            .map(|(_, symbol)| symbol.trim().to_owned())
            .collect();
        match undefined.is_empty() {
            true => Said::Other,
            false => Said::Undefined(undefined),
        }
    }
}

/// Finds a toolchain. `root` is the folder in which tools run.
///
/// # Errors
/// When there is none.
pub fn find(environment: &BTreeMap<String, OsString>, root: &Path) -> Result<CToolchain, Missing> {
    System {
        environment,
        root,
        top: Path::new("/"),
    }
    .find()
}

/// A machine to look at.
struct System<'a> {
    environment: &'a BTreeMap<String, OsString>,
    root: &'a Path,
    /// Its topmost folder.
    top: &'a Path,
}

impl System<'_> {
    fn find(&self) -> Result<CToolchain, Missing> {
        let mut found = Vec::new();
        let named = self.environment.get("WASI_SDK_PATH").filter(|path| !path.is_empty());
        if let Some(named) = named {
            let sdk = self.sdk(&self.root.join(named));
            return sdk.ok_or_else(|| Missing::Sdk(named.to_string_lossy().into_owned()));
        }
        let toolchain = self
            .sdk(&self.at(SDK))
            .or_else(|| self.clang(&mut found))
            .or_else(|| self.zig());
        toolchain.ok_or_else(|| Missing::Nothing {
            found,
            install: self.install(),
        })
    }

    /// A place below the top.
    fn at(&self, path: &str) -> PathBuf {
        self.top.join(path.trim_start_matches('/'))
    }

    fn sdk(&self, folder: &Path) -> Option<CToolchain> {
        let program = program(&folder.join("bin"), "clang")?;
        let sysroot = folder.join("share/wasi-sysroot");
        let libc = |target: &str| sysroot.join("lib").join(target).join("libc.a");
        let target = SDK_TARGETS.iter().find(|target| libc(target).is_file())?;
        Some(CToolchain {
            kind: Kind::WasiSdk,
            identity: identity(&[&program, &libc(target), &folder.join("bin/wasm-ld")]),
            program,
            install: self.install(),
            // what is named may be as old as one likes
            needs_runtime: true,
            arguments: vec![format!("--target={target}"), format!("--sysroot={}", sysroot.display())],
        })
    }

    fn clang(&self, found: &mut Vec<String>) -> Option<CToolchain> {
        let program = self.on_path("clang")?;
        let sysroot = SYSROOTS
            .iter()
            .find(|(folder, ..)| self.at(folder).join("libc.a").is_file());
        let Some((folder, sysroot, target)) = sysroot else {
            found.push(format!("`{}` is there, and no WASI libc for it", program.display()));
            return None;
        };
        let linker = program_beside(&program, "wasm-ld").or_else(|| self.on_path("wasm-ld"));
        let Some(linker) = linker else {
            found.push(format!(
                "`{}` is there, and its linker `wasm-ld` is not",
                program.display()
            ));
            return None;
        };
        let mut arguments = vec![format!("--target={target}")];
        arguments.extend(sysroot.map(|sysroot| format!("--sysroot={}", self.at(sysroot).display())));
        Some(CToolchain {
            kind: Kind::Clang,
            identity: identity(&[&program, &self.at(folder).join("libc.a"), &linker]),
            program,
            install: self.install(),
            needs_runtime: true,
            arguments,
        })
    }

    fn zig(&self) -> Option<CToolchain> {
        let program = self.on_path("zig").or_else(|| {
            ["python3", "python"]
                .iter()
                .filter_map(|name| self.on_path(name))
                .find_map(|python| self.ziglang(&python))
        })?;
        Some(CToolchain {
            kind: Kind::Zig,
            identity: identity(&[&program]),
            program,
            install: self.install(),
            needs_runtime: false,
            arguments: ["cc", "-target", "wasm32-wasi"].map(str::to_owned).to_vec(),
        })
    }

    /// The `zig` in Python's package `ziglang`. Python is asked in the topmost folder: where it is started, it would take a project's
    /// own files for its modules.
    fn ziglang(&self, python: &Path) -> Option<PathBuf> {
        let find = "import importlib.util, os\n\
                    spec = importlib.util.find_spec('ziglang')\n\
                    print(os.path.dirname(spec.origin) if spec else '')";
        let output = Command::new(python)
            .args(["-c", find])
            .current_dir(self.top)
            .env_clear()
            .envs(self.environment)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let folder = String::from_utf8(output.stdout).ok()?;
        let folder = Path::new(folder.trim());
        folder.is_absolute().then(|| program(folder, "zig")).flatten()
    }

    fn on_path(&self, name: &str) -> Option<PathBuf> {
        let path = self.environment.get("PATH")?;
        std::env::split_paths(path).find_map(|folder| program(&self.root.join(folder), name))
    }

    /// What to type here.
    fn install(&self) -> String {
        let release = std::fs::read_to_string(self.at("/etc/os-release")).unwrap_or_default();
        let value = |key: &str| {
            let line = release
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
            Some(line.trim_matches('"').to_owned())
        };
        let ids = format!(
            "{} {}",
            value("ID").unwrap_or_default(),
            value("ID_LIKE").unwrap_or_default()
        );
        let is = |id: &str| ids.split_whitespace().any(|word| word == id);
        let mac = self.at("/System/Library/CoreServices/SystemVersion.plist").is_file();
        // what is made from Ubuntu has versions of its own, and says which Ubuntu it is
        let release = value("UBUNTU_CODENAME").or_else(|| value("VERSION_CODENAME"));
        let clang = DEBIAN_CLANG
            .iter()
            .find(|(known, _)| release.as_deref() == Some(*known))
            .filter(|_| is("debian") || is("ubuntu"));
        if let Some((_, clang)) = clang {
            format!("apt install clang lld wasi-libc libclang-rt-{clang}-dev-wasm32")
        } else if is("fedora") {
            "dnf install clang lld wasi-libc-static compiler-rt".into()
        } else if is("arch") {
            "pacman -S clang lld wasi-libc wasi-compiler-rt".into()
        } else if mac {
            "brew install llvm lld wasi-libc wasi-runtimes".into()
        } else {
            "python3 -m pip install ziglang".into()
        }
    }
}

/// Which clang a release of Debian or Ubuntu calls `clang`: its library for WebAssembly has that number in its name.
const DEBIAN_CLANG: &[(&str, &str)] = &[
    ("bookworm", "14"),
    ("trixie", "19"),
    ("jammy", "14"),
    ("noble", "18"),
    ("plucky", "20"),
    ("questing", "20"),
];

fn program(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    os::is_program(&path).then_some(path)
}

/// A program in the folder where another really lies.
fn program_beside(other: &Path, name: &str) -> Option<PathBuf> {
    let real = other.canonicalize().ok()?;
    program(real.parent()?, name)
}

/// What a build knows a toolchain by: its files, their sizes and times of change.
fn identity(paths: &[&Path]) -> String {
    let one = |path: &&Path| {
        let metadata = std::fs::metadata(path).ok();
        let modified = metadata
            .as_ref()
            .and_then(|metadata| metadata.modified().ok())
            .and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
        format!(
            "{} {} {}",
            path.display(),
            metadata.map_or(0, |metadata| metadata.len()),
            modified.map_or(0, |modified| modified.as_nanos())
        )
    };
    paths.iter().map(one).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELEASE: &str = "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME=noble\n";

    /// A machine with these files; those in `bin` are on `PATH`.
    fn found(files: &[&str], sdk: Option<&str>) -> Result<(Kind, String), Missing> {
        let top = tempfile::tempdir().unwrap();
        for path in files {
            let text = match path.ends_with("python3") {
                true => format!("#!/bin/sh\necho {}/site/ziglang\n", top.path().display()),
                false => RELEASE.to_owned(),
            };
            let path = top.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            if !path.ends_with("plain/clang") {
                os::make_executable(&std::fs::File::open(&path).unwrap()).unwrap();
            }
        }
        let mut environment = BTreeMap::from([("PATH".to_owned(), OsString::from("plain:bin"))]);
        environment.extend(sdk.map(|sdk| ("WASI_SDK_PATH".to_owned(), sdk.into())));
        let shown = |text: String| text.replace(&top.path().display().to_string(), "");
        let system = System {
            environment: &environment,
            root: top.path(),
            top: top.path(),
        };
        match system.find() {
            Ok(toolchain) => Ok((toolchain.kind, shown(toolchain.command().join(" ")))),
            Err(Missing::Nothing { found, install }) => Err(Missing::Nothing {
                found: found.into_iter().map(shown).collect(),
                install,
            }),
            Err(missing) => Err(missing),
        }
    }

    const CLANG: &[&str] = &["bin/clang", "bin/wasm-ld", "usr/lib/wasm32-wasi/libc.a"];

    #[test]
    fn the_first_toolchain_is_taken() {
        let sdk = |at: &str| {
            [
                format!("{at}/bin/clang"),
                format!("{at}/share/wasi-sysroot/lib/wasm32-wasip1/libc.a"),
            ]
        };
        let (named, usual) = (sdk("sdk"), sdk("opt/wasi-sdk"));
        let all: Vec<&str> = named
            .iter()
            .chain(&usual)
            .map(String::as_str)
            .chain(CLANG.iter().copied())
            .chain(["bin/zig", "bin/python3", "site/ziglang/zig"])
            .collect();
        let flags = "--target=wasm32-wasip1 --sysroot";
        for (skipped, sdk, kind, command) in [
            (
                0,
                Some("sdk"),
                Kind::WasiSdk,
                format!("/sdk/bin/clang {flags}=/sdk/share/wasi-sysroot"),
            ),
            (
                2,
                None,
                Kind::WasiSdk,
                format!("/opt/wasi-sdk/bin/clang {flags}=/opt/wasi-sdk/share/wasi-sysroot"),
            ),
            (4, None, Kind::Clang, "/bin/clang --target=wasm32-wasi".into()),
            (7, None, Kind::Zig, "/bin/zig cc -target wasm32-wasi".into()),
            #[cfg(unix)]
            (8, None, Kind::Zig, "/site/ziglang/zig cc -target wasm32-wasi".into()),
        ] {
            assert_eq!(found(&all[skipped..], sdk), Ok((kind, command)));
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let check = |files: &[&str], expected: &[&str], how: &str| {
            let Err(Missing::Nothing { found, install }) = found(files, None) else {
                panic!("{files:?}");
            };
            assert_eq!(
                (found.iter().map(String::as_str).collect::<Vec<_>>(), install.as_str()),
                (expected.to_vec(), how)
            );
        };
        let pip = "python3 -m pip install ziglang";
        check(&[], &[], pip);
        check(
            &["etc/os-release"],
            &[],
            "apt install clang lld wasi-libc libclang-rt-18-dev-wasm32",
        );
        check(&["bin/clang"], &["`/bin/clang` is there, and no WASI libc for it"], pip);
        let linker = "`/bin/clang` is there, and its linker `wasm-ld` is not";
        check(&["bin/clang", "usr/lib/wasm32-wasi/libc.a"], &[linker], pip);
        // one that is named and not there is not passed over
        assert_eq!(found(CLANG, Some("nowhere")), Err(Missing::Sdk("nowhere".into())));
        // what is no program hides none
        #[cfg(unix)]
        assert_eq!(found(&[CLANG, &["plain/clang"]].concat(), None).unwrap().0, Kind::Clang);
    }

    #[test]
    fn what_compilers_and_linkers_say() {
        for (text, expected) in [
            (
                "error: unable to create target: 'No available targets are compatible'",
                Said::Lacks(Lack::Target),
            ),
            (
                "src/a.c:1:10: fatal error: 'stdint.h' file not found",
                Said::Lacks(Lack::Library),
            ),
            ("src/a.c:1:10: fatal error: 'mine.h' file not found", Said::Other),
            (
                "wasm-ld: error: cannot open /usr/lib/x/libclang_rt.builtins-wasm32.a: No such file or directory",
                Said::Lacks(Lack::Builtins),
            ),
            (
                "clang: error: unable to execute command: Executable \"wasm-ld\" doesn't exist!",
                Said::Lacks(Lack::Linker),
            ),
            (
                "wasm-ld: error: a.o: undefined symbol: f\nwasm-ld: error: b.o: undefined symbol: main\n",
                Said::Undefined(vec!["f".into(), "main".into()]),
            ),
            ("wasm-ld: error: duplicate symbol: f", Said::Other),
        ] {
            assert_eq!(Said::of(text), expected, "{text}");
        }
    }
}
