//! This program's own file.

use std::path::PathBuf;

/// Where this program can be started again, as it is. Where a build or an update has put another file in its place since, the path
/// leads to what is no more, or to another version; the system still knows the file that runs.
pub(crate) fn program() -> PathBuf {
    match std::env::current_exe() {
        Ok(path) if path.exists() => path,
        _ => PathBuf::from("/proc/self/exe"),
    }
}
