//! Runs the real binary, with an environment that the test chooses.

use std::path::Path;
use std::process::Command;

/// What a run of slt did.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// All of it, for a snapshot; `directory` is written as `[DIR]`.
    pub fn shown(&self, directory: &Path) -> String {
        let text = format!(
            "exit: {}\n----- stdout -----\n{}----- stderr -----\n{}",
            self.code, self.stdout, self.stderr
        );
        let real = directory.canonicalize().unwrap();
        text.replace(&real.display().to_string(), "[DIR]")
            .replace(&directory.display().to_string(), "[DIR]")
    }
}

/// Runs `slt` in a folder, with an empty environment.
pub fn slt(directory: &Path, arguments: &[&str]) -> Run {
    slt_with(directory, arguments, &[])
}

/// Runs `slt` in a folder, with these variables and no others.
pub fn slt_with(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_slt"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs slt; its exit code, and how many bytes of memory it had at its peak, as the kernel counts them.
#[cfg(target_os = "linux")]
#[allow(clippy::disallowed_methods)] // a process takes real time
pub fn peak(directory: &Path, arguments: &[&str]) -> (i32, u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_slt"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let path = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let status = std::fs::read_to_string(&path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes: Option<u64> = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(kibibytes.unwrap_or(0) * 1024);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(peak > 0);
            return (status.code().unwrap(), peak);
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Writes files into a new folder.
pub fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

/// What is typed to install a C toolchain on this machine, which no snapshot may hold.
pub fn install_c() -> String {
    let missing = slt::build::c::toolchain::find(&std::collections::BTreeMap::new(), Path::new("/"));
    match missing.unwrap_err() {
        slt::build::c::toolchain::Missing::Nothing { install, .. } => install,
        slt::build::c::toolchain::Missing::Sdk(_) => unreachable!(),
    }
}
