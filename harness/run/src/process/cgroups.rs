//! The end of a control group, whoever made it.

use std::fs;
use std::path::Path;

/// Moves the processes of a group out of it, and removes it.
pub(crate) fn leave(path: &Path, root: &Path) {
    for _ in 0..100 {
        for pid in fs::read_to_string(path.join("cgroup.procs")).unwrap_or_default().lines() {
            drop(fs::write(root.join("cgroup.procs"), pid));
        }
        // A process that is just ending is listed no more and keeps its group for a moment.
        if fs::remove_dir(path).is_ok() || !path.is_dir() {
            return;
        }
        crate::host::clock::sleep_until(crate::host::clock::now() + 2_000_000);
    }
}
