//! What the operating system is asked for: arguments, environment, folders, file modes. What is Unix-only lies here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Arguments, environment and current directory of this process, read once at its start.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The arguments, the program's name first.
    pub arguments: Vec<OsString>,
    /// The environment; names that are not UTF-8 are left out.
    pub environment: BTreeMap<String, OsString>,
    /// The current directory.
    pub directory: PathBuf,
}

/// Reads arguments, environment and current directory.
#[must_use]
#[allow(clippy::disallowed_methods)] // the one place where the current directory is asked for
pub fn invocation() -> Invocation {
    Invocation {
        arguments: std::env::args_os().collect(),
        environment: std::env::vars_os()
            .filter_map(|(name, value)| name.into_string().ok().map(|name| (name, value)))
            .collect(),
        directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
    }
}

/// What the operating system says, as a part of a sentence: `connection refused`.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or_default();
    let mut letters = text.chars();
    // `Is a directory`, and not `IPv6 …`
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_owned(),
    }
}

/// Why a file or a folder is not this user's alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// It belongs to somebody else.
    Foreign,
    /// Others than its owner have rights to it.
    Open,
}

/// Whether others than this user can get at a file or a folder with this metadata. On Windows, folders below the user's
/// own are kept from others by the system, and nothing is looked at.
#[must_use]
pub fn exposure(metadata: &fs::Metadata) -> Option<Exposure> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let user = rustix::process::geteuid().as_raw();
        judge(metadata.mode(), metadata.uid(), user)
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        None
    }
}

#[cfg(unix)]
fn judge(mode: u32, owner: u32, user: u32) -> Option<Exposure> {
    if owner != user {
        Some(Exposure::Foreign)
    } else if mode & 0o077 != 0 {
        Some(Exposure::Open)
    } else {
        None
    }
}

/// Makes a directory that only this user can enter, or checks that it is one.
///
/// # Errors
/// It cannot be made, is not a directory, belongs to somebody else, or others can enter it.
pub fn private_directory(path: &Path) -> io::Result<()> {
    make_private_directory(path)?;
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() {
        return Err(io::Error::other(format!("`{}` is not a directory", path.display())));
    }
    match exposure(&metadata) {
        None => Ok(()),
        Some(_) => Err(io::Error::other(format!(
            "`{}` can be entered by others",
            path.display()
        ))),
    }
}

/// Makes a directory, and those above it that are missing, that only this user can enter. One that is there stays as it is.
///
/// # Errors
/// What the file system says.
pub fn make_private_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The shell that runs a line, and the flag before it.
pub const SHELL: (&str, &str) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };

/// A path as a word of a shell's line.
#[must_use]
pub fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@%,=".contains(c);
    match text.chars().all(is_plain) && !text.is_empty() {
        true => text,
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// Opens a file for writing, and makes it with mode 0600 if it is not there.
///
/// # Errors
/// What the file system says.
pub fn open_private_file(path: &Path) -> io::Result<fs::File> {
    private_file().create(true).truncate(false).open(path)
}

/// Writes a file with mode 0600, so that others see the old content or the new, never a part, and the new is on the disk
/// when this returns. Only one at a time may write a file: the new content is collected in `.NAME.new`, and what an
/// interrupted writer left there is removed first.
///
/// # Errors
/// What the file system says.
pub fn write_private_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.new"));
    remove_file_if_there(&temporary)?;
    let mut file = private_file().create_new(true).open(&temporary)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&temporary, path));
    written.inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

fn private_file() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Whether a file with this metadata is a program; on Windows, that is not the file's to say.
#[must_use]
pub fn is_executable(metadata: &fs::Metadata) -> bool {
    #[cfg(unix)]
    {
        std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        false
    }
}

/// Whether this is a file that can be started.
#[must_use]
pub fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && (cfg!(windows) || is_executable(&metadata)))
}

/// Makes a file that was just written a program, for everybody who may read it.
///
/// # Errors
/// What the file system says.
pub fn make_executable(file: &fs::File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata()?.permissions().mode();
        file.set_permissions(fs::Permissions::from_mode(mode | (mode & 0o444) >> 2))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        Ok(())
    }
}

/// A folder for temporary files that only this user can enter, and that is removed with all that is in it when this is dropped.
#[derive(Debug)]
pub struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// Makes one in the folder for temporary files that the environment names.
    ///
    /// # Errors
    /// What the file system says.
    pub fn new(environment: &BTreeMap<String, OsString>) -> io::Result<Self> {
        let above = temporary_directory(environment);
        let process = std::process::id();
        for number in 0..MAX_NAMES {
            let path = above.join(format!("slt-{process}-{number}"));
            let mut builder = fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            match builder.create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other(format!(
            "`{}` is full of temporary folders",
            above.display()
        )))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // What cannot be removed is the system's to clear.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes a file; that there is none is no error.
///
/// # Errors
/// What the file system says.
pub fn remove_file_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Writes a file so that others see the old content or the new, never a part. One that is there keeps its permissions.
///
/// # Errors
/// What the file system says.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (temporary, mut file) = create_new(folder, &name)?;
    let written = match fs::metadata(path) {
        Ok(old) => file.set_permissions(old.permissions()),
        Err(_) => Ok(()),
    };
    let written = written
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| fs::rename(&temporary, path));
    written.inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

/// Writes a file that is there as [`write_atomically`] does: a link stays a link, and what is read-only stays as it is.
///
/// # Errors
/// It is read-only, or what the file system says.
pub fn replace_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    if fs::metadata(&path)?.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    write_atomically(&path, bytes)
}

/// Where something goes that a user has named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A file, which may not be there yet: what a link leads to, and not the link.
    File(PathBuf),
    /// A pipe or a device, which is written into and stays what it is.
    Stream(PathBuf),
}

/// How many links are followed to a file that is not there: as many as Linux follows.
const LINKS_MAX: usize = 40;

/// What a path stands for that is to be written.
///
/// # Errors
/// It is a folder, the links go on for ever, or what the file system says.
pub fn destination(path: &Path) -> io::Result<Destination> {
    // a file that lies behind `/dev/stdout` is somebody's open file: another one in its place would not be
    let is_opened = cfg!(unix) && (path.starts_with("/dev") || path.starts_with("/proc"));
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        Ok(metadata) if is_opened || !metadata.is_file() => return Ok(Destination::Stream(path.to_owned())),
        Ok(_) => return fs::canonicalize(path).map(Destination::File),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Err(_) => {}
    }
    let mut at = path.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::read_link(&at) {
            Ok(target) => at = at.parent().unwrap_or(Path::new(".")).join(target),
            Err(_) => return Ok(Destination::File(at)),
        }
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

/// Opens a pipe or a device to write into it, behind what is in it already.
///
/// # Errors
/// What the file system says.
pub fn open_stream(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().append(true).open(path)
}

/// Writes what a user has named: a file as [`write_atomically`] does, and what is none by writing into it.
///
/// # Errors
/// What the file system says.
pub fn write_to(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match destination(path)? {
        Destination::File(path) => write_atomically(&path, bytes),
        Destination::Stream(path) => open_stream(&path)?.write_all(bytes),
    }
}

/// Whether two paths are one file, by whatever names.
#[must_use]
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let place = |path: &Path| fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino())).ok();
        place(one).is_some_and(|one| place(other) == Some(one))
    }
    #[cfg(not(unix))]
    {
        let place = |path: &Path| fs::canonicalize(path).ok();
        place(one).is_some_and(|one| place(other) == Some(one))
    }
}

/// A file that is being written beside the one that it becomes, and that is removed unless it does.
#[derive(Debug)]
pub struct Unfinished(PathBuf);

impl Unfinished {
    /// Makes an empty one for `path`, in the same folder.
    ///
    /// # Errors
    /// What the file system says.
    pub fn beside(path: &Path) -> io::Result<Self> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        create_new(folder, &name).map(|(temporary, _)| Self(temporary))
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Puts it in its place, whole, and not before its bytes are on the disk: after a crash there would be an empty file under its name.
    /// What was there keeps its permissions.
    ///
    /// # Errors
    /// What the file system says.
    pub fn finish(self, path: &Path) -> io::Result<()> {
        let file = fs::OpenOptions::new().write(true).open(&self.0)?;
        if let Ok(old) = fs::metadata(path) {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&self.0, path)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = remove_file_if_there(&self.0);
    }
}

/// How many names for a temporary file or folder are tried.
const MAX_NAMES: u32 = 1_000;

/// Makes a file that nobody else has: processes in different containers can have one number.
fn create_new(folder: &Path, name: &str) -> io::Result<(PathBuf, fs::File)> {
    let process = std::process::id();
    for number in 0..MAX_NAMES {
        let path = folder.join(format!(".{name}.{process}.{number}"));
        match fs::OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other(format!(
        "`{}` is full of temporary files",
        folder.display()
    )))
}

/// The user's own folder for what can be made again, as the environment says; `None`: there is none.
#[must_use]
pub fn cache_directory(environment: &BTreeMap<String, OsString>) -> Option<PathBuf> {
    const PLACES: Places = Places {
        own: "SLT_CACHE_DIR",
        windows: "LOCALAPPDATA",
        macos: "Library/Caches",
        xdg: "XDG_CACHE_HOME",
        home: ".cache",
    };
    PLACES.find(environment)
}

/// The user's own folder for what must be kept, as the environment says; `None`: there is none.
#[must_use]
pub fn data_directory(environment: &BTreeMap<String, OsString>) -> Option<PathBuf> {
    const PLACES: Places = Places {
        own: "SLT_DATA_DIR",
        windows: "APPDATA",
        macos: "Library/Application Support",
        xdg: "XDG_DATA_HOME",
        home: ".local/share",
    };
    PLACES.find(environment)
}

/// Where one kind of the user's folders lies: by a variable of ours, else as the system's convention says.
struct Places {
    /// The variable that names slt's folder itself.
    own: &'static str,
    /// The variable on Windows.
    windows: &'static str,
    /// The folder below `HOME` on macOS.
    macos: &'static str,
    /// The variable elsewhere (<https://specifications.freedesktop.org/basedir-spec/latest/>).
    xdg: &'static str,
    /// The folder below `HOME` where that is not set.
    home: &'static str,
}

impl Places {
    fn find(&self, environment: &BTreeMap<String, OsString>) -> Option<PathBuf> {
        let folder = |name: &str| path_in(environment, name);
        let found = folder(self.own).or_else(|| {
            let base = if cfg!(windows) {
                folder(self.windows)
            } else if cfg!(target_os = "macos") {
                folder("HOME").map(|home| home.join(self.macos))
            } else {
                folder(self.xdg).or_else(|| folder("HOME").map(|home| home.join(self.home)))
            };
            base.map(|base| base.join("slt"))
        })?;
        found.is_absolute().then_some(found)
    }
}

/// The user's home, as the environment says; `None`: there is none.
#[must_use]
pub fn home_directory(environment: &BTreeMap<String, OsString>) -> Option<PathBuf> {
    path_in(environment, if cfg!(windows) { "USERPROFILE" } else { "HOME" })
}

/// The folder for temporary files that the environment names, as `slight` found it.
#[must_use]
pub fn temporary_directory(environment: &BTreeMap<String, OsString>) -> PathBuf {
    let variables: &[&str] = if cfg!(windows) {
        &["TMP", "TEMP", "USERPROFILE"]
    } else {
        &["TMPDIR"]
    };
    let named = variables.iter().find_map(|name| path_in(environment, name));
    named.unwrap_or_else(|| PathBuf::from(if cfg!(windows) { "C:\\Windows" } else { "/tmp" }))
}

/// The path in a variable that is set and not empty.
fn path_in(environment: &BTreeMap<String, OsString>, name: &str) -> Option<PathBuf> {
    let value = environment.get(name).filter(|value| !value.is_empty());
    value.map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_the_users_alone() {
        for (mode, owner, user, expected) in [
            (0o100_600, 7, 7, None),
            (0o040_700, 7, 7, None),
            (0o100_400, 7, 7, None),
            (0o100_640, 7, 7, Some(Exposure::Open)),
            (0o100_604, 7, 7, Some(Exposure::Open)),
            (0o040_711, 7, 7, Some(Exposure::Open)),
            (0o100_602, 7, 7, Some(Exposure::Open)),
            (0o100_600, 8, 7, Some(Exposure::Foreign)),
            (0o100_666, 8, 7, Some(Exposure::Foreign)),
            (0o100_600, 7, 0, Some(Exposure::Foreign)),
        ] {
            assert_eq!(judge(mode, owner, user), expected, "{mode:o} of {owner}, for {user}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn temporary_folders_and_programs() {
        use std::os::unix::fs::PermissionsExt;
        let above = tempfile::tempdir().unwrap();
        let environment = BTreeMap::from([("TMPDIR".to_owned(), above.path().into())]);
        let (one, other) = (
            TemporaryFolder::new(&environment).unwrap(),
            TemporaryFolder::new(&environment).unwrap(),
        );
        assert_ne!(one.path(), other.path());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(one.path()), 0o700);
        let path = one.path().join("program");
        let file = fs::File::create_new(&path).unwrap();
        file.set_permissions(fs::Permissions::from_mode(0o640)).unwrap();
        assert!(!is_executable(&fs::metadata(&path).unwrap()));
        make_executable(&file).unwrap();
        assert_eq!(mode(&path), 0o750);
        assert!(is_executable(&fs::metadata(&path).unwrap()));
        drop((one, other));
        assert_eq!(fs::read_dir(above.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_not_finished_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let names = || fs::read_dir(folder.path()).unwrap().count();
        let unfinished = Unfinished::beside(&path).unwrap();
        fs::write(unfinished.path(), "half").unwrap();
        assert_eq!(names(), 1);
        drop(unfinished);
        assert_eq!(names(), 0);
        let unfinished = Unfinished::beside(&path).unwrap();
        fs::write(unfinished.path(), "whole").unwrap();
        unfinished.finish(&path).unwrap();
        assert_eq!((fs::read(&path).unwrap().as_slice(), names()), (&b"whole"[..], 1));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_written_stays_what_it_is() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("old"), "old").unwrap();
        for (link, target) in [
            ("to-old", "old"),
            ("to-new", "sub/new"),
            ("to-link", "to-old"),
            ("round", "round"),
        ] {
            symlink(target, at(link)).unwrap();
        }
        fs::create_dir(at("sub")).unwrap();
        fs::hard_link(at("old"), at("same")).unwrap();
        assert!(is_same_file(&at("same"), &at("to-link")) && !is_same_file(&at("old"), &at("sub")));
        assert!(!is_same_file(&at("nothing"), &at("nothing")));
        for (name, written) in [("to-link", "old"), ("to-new", "sub/new"), ("plain", "plain")] {
            write_to(&at(name), b"new").unwrap();
            assert_eq!(fs::read(at(written)).unwrap(), b"new");
        }
        assert!(fs::symlink_metadata(at("to-link")).unwrap().is_symlink());
        assert!(fs::symlink_metadata(at("to-old")).unwrap().is_symlink());
        assert!(fs::symlink_metadata(at("to-new")).unwrap().is_symlink());
        for name in ["round", "sub"] {
            assert!(destination(&at(name)).is_err(), "{name}");
        }
        let null = Path::new("/dev/null");
        assert_eq!(destination(null).unwrap(), Destination::Stream(null.to_owned()));
    }

    #[cfg(unix)]
    #[test]
    fn private_files() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let inner = folder.path().join("a/b");
        make_private_directory(&inner).unwrap();
        assert_eq!((mode(&inner), mode(&folder.path().join("a"))), (0o700, 0o700));
        private_directory(&inner).unwrap();
        let path = inner.join("store");
        write_private_file(&path, b"one").unwrap();
        // what an interrupted writer left does not stand in the way, and does not stay
        fs::write(inner.join(".store.new"), "half").unwrap();
        write_private_file(&path, b"two").unwrap();
        assert_eq!((fs::read(&path).unwrap().as_slice(), mode(&path)), (&b"two"[..], 0o600));
        drop(open_private_file(&inner.join("lock")).unwrap());
        assert_eq!(mode(&inner.join("lock")), 0o600);
        assert_eq!(fs::read_dir(&inner).unwrap().count(), 2);
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o750)).unwrap();
        let error = private_directory(&inner).unwrap_err();
        assert!(error.to_string().ends_with("can be entered by others"), "{error}");
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn folders_of_the_user() {
        fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, OsString> {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), OsString::from(value));
            variables.iter().map(owned).collect()
        }
        for (variables, data, cache) in [
            (&[][..], None, None),
            (&[("HOME", "/h")], Some("/h/.local/share/slt"), Some("/h/.cache/slt")),
            (
                &[("HOME", "/h"), ("XDG_DATA_HOME", "/d"), ("XDG_CACHE_HOME", "/c")],
                Some("/d/slt"),
                Some("/c/slt"),
            ),
            (
                &[("XDG_DATA_HOME", "/d"), ("SLT_DATA_DIR", "/own"), ("SLT_CACHE_DIR", "")],
                Some("/own"),
                None,
            ),
            (&[("SLT_DATA_DIR", "relative"), ("HOME", "h")], None, None),
        ] {
            let environment = environment(variables);
            let found = (data_directory(&environment), cache_directory(&environment));
            assert_eq!(
                found,
                (data.map(PathBuf::from), cache.map(PathBuf::from)),
                "{variables:?}"
            );
        }
        assert_eq!(temporary_directory(&environment(&[])), Path::new("/tmp"));
        assert_eq!(temporary_directory(&environment(&[("TMPDIR", "/t")])), Path::new("/t"));
    }
}
