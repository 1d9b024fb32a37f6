//! What calls `main`, in place of what an old WASI libc brings.
//!
//! With the `crt1` of 2022 nothing calls the constructors by name, and the linker then wraps *every* export so that it calls
//! constructors and destructors around itself: also `cabi_realloc`, which the host calls in the middle of the guest's work. The
//! destructors close standard output, and output is lost without a word.

use std::path::{Path, PathBuf};

use super::super::BuildError;
use super::super::dist::{create_folder, file, replace};

/// As the `crt1-command` of later versions.
const SOURCE: &str = "\
void __wasm_call_ctors(void);
void __wasm_call_dtors(void);
int __main_void(void);
_Noreturn void __wasi_proc_exit(unsigned int status);

__attribute__((export_name(\"_start\"))) void _start(void) {
  __wasm_call_ctors();
  int status = __main_void();
  __wasm_call_dtors();
  if (status != 0) {
    __wasi_proc_exit((unsigned int)status);
  }
}
";

/// Writes the source, if it is not there; returns where.
pub(super) fn write(folder: &Path) -> Result<PathBuf, BuildError> {
    let path = folder.join("runtime.c");
    if std::fs::read_to_string(&path).ok().as_deref() != Some(SOURCE) {
        create_folder(folder)?;
        replace(&path, SOURCE.as_bytes()).map_err(file("write", &path))?;
    }
    Ok(path)
}
