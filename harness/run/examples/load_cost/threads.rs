//! CPU time of a thread of this process, by its name, and its place.

use std::io;

use nix::errno::Errno;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

/// Nanoseconds on a CPU so far.
pub(crate) fn cpu(name: &str) -> io::Result<u64> {
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        if std::fs::read_to_string(task.join("comm"))?.trim() == name {
            let schedstat = std::fs::read_to_string(task.join("schedstat"))?;
            let first = schedstat.split_whitespace().next().unwrap_or_default();
            return first.parse().map_err(io::Error::other);
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, format!("no thread is called {name}")))
}

/// Keeps the calling thread, and those it starts later, on one CPU; where there is only one, there is nothing to do.
pub(crate) fn pin(cpu: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu)?;
    match sched_setaffinity(Pid::from_raw(0), &set) {
        Ok(()) | Err(Errno::EINVAL) => Ok(()),
        Err(refused) => Err(refused.into()),
    }
}
