//! A control group of the trial's own, of version 1 or 2, whichever has the controller.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::RunError;
use crate::process::cgroups::leave;
use crate::process::guard::Guard;

/// Period of a CPU quota, microseconds: the kernel's own default.
const PERIOD_US: u64 = 100_000;

/// What a group controls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Controller {
    Cpu,
    Memory,
}

impl Controller {
    const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Version {
    One,
    Two,
}

/// A control group. Dropped, its processes go back to where they would be without it, and it is gone.
#[derive(Debug)]
pub(super) struct Cgroup {
    path: PathBuf,
    root: PathBuf,
    version: Version,
    guard: Arc<Guard>,
}

impl Cgroup {
    /// Makes a group.
    pub(super) fn create(controller: Controller, name: &str, guard: &Arc<Guard>) -> Result<Self, RunError> {
        let (version, root) = find(controller)?;
        if version == Version::Two {
            // Where it is on already, or somebody else decides, the files below tell.
            drop(fs::write(root.join("cgroup.subtree_control"), format!("+{}", controller.name())));
        }
        let path = root.join(name);
        guard.remove_later(&path)?;
        fs::create_dir(&path).map_err(|source| denied(controller, &path, &source))?;
        Ok(Self { path, root, version, guard: Arc::clone(guard) })
    }

    /// Takes in a process with all its threads.
    pub(super) fn take_in(&self, pid: u32) -> Result<(), RunError> {
        match fs::write(self.path.join("cgroup.procs"), pid.to_string()) {
            // It has ended in the meantime; that is seen elsewhere.
            Err(error) if error.raw_os_error() == Some(nix::libc::ESRCH) => Ok(()),
            done => done.map_err(RunError::file("move a process into", &self.path)),
        }
    }

    /// Limits CPU time to that many cores; 0 for no limit.
    pub(super) fn limit_cpu(&self, cores: f64) -> Result<(), RunError> {
        let quota = if cores > 0.0 { Some((cores * PERIOD_US as f64) as u64) } else { None };
        match self.version {
            Version::One => {
                self.write("cpu.cfs_period_us", &PERIOD_US.to_string())?;
                self.write("cpu.cfs_quota_us", &quota.map_or("-1".to_owned(), |quota| quota.to_string()))
            }
            Version::Two => {
                let quota = quota.map_or("max".to_owned(), |quota| quota.to_string());
                self.write("cpu.max", &format!("{quota} {PERIOD_US}"))
            }
        }
    }

    /// Time in which its processes were kept from running by the quota.
    pub(super) fn throttled_ns(&self) -> Result<u64, RunError> {
        let text = self.read("cpu.stat")?;
        Ok(match self.version {
            Version::One => field(&text, "throttled_time"),
            Version::Two => field(&text, "throttled_usec") * 1000,
        })
    }

    /// Limits what its processes may take from now on.
    pub(super) fn limit_memory(&self, bytes: u64) -> Result<(), RunError> {
        match self.version {
            Version::One => self.write("memory.limit_in_bytes", &bytes.to_string()),
            Version::Two => {
                self.write("memory.max", &bytes.to_string())?;
                // Without it the kernel swaps first, where there is swap.
                drop(self.write("memory.swap.max", "0"));
                Ok(())
            }
        }
    }

    /// Processes of it that the kernel killed for want of memory.
    pub(super) fn oom_kills(&self) -> Result<u64, RunError> {
        let file = if self.version == Version::One { "memory.oom_control" } else { "memory.events" };
        Ok(field(&self.read(file)?, "oom_kill"))
    }

    fn write(&self, file: &str, text: &str) -> Result<(), RunError> {
        let path = self.path.join(file);
        fs::write(&path, text).map_err(RunError::file("write", &path))
    }

    fn read(&self, file: &str) -> Result<String, RunError> {
        let path = self.path.join(file);
        fs::read_to_string(&path).map_err(RunError::file("read", &path))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        leave(&self.path, &self.root);
        drop(self.guard.is_removed(&self.path));
    }
}

fn find(controller: Controller) -> Result<(Version, PathBuf), RunError> {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    place_of(&mounts, controller).ok_or_else(|| RunError::Absent {
        what: format!("the `{}` controller of control groups", controller.name()),
        remedy: "run as root where /sys/fs/cgroup has it, or leave this fault out".to_owned(),
    })
}

/// Whether a group can be made; why not, and what to do.
pub(super) fn may_make(controller: Controller) -> Result<(), RunError> {
    let (_, root) = find(controller)?;
    let path = root.join(format!("spanfate-{}-try", std::process::id()));
    fs::create_dir(&path).map_err(|source| denied(controller, &path, &source))?;
    leave(&path, &root);
    Ok(())
}

fn denied(controller: Controller, path: &Path, source: &io::Error) -> RunError {
    RunError::Absent {
        what: format!("permission to make a control group with the `{}` controller", controller.name()),
        remedy: format!("run as root, or leave this fault out ({}: {source})", path.display()),
    }
}

/// Where groups with a controller are made, from the text of `/proc/mounts`.
fn place_of(mounts: &str, controller: Controller) -> Option<(Version, PathBuf)> {
    let mut two = None;
    for line in mounts.lines() {
        let mut fields = line.split_whitespace().skip(1);
        let (Some(at), Some(kind), Some(options)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        if kind == "cgroup" && options.split(',').any(|option| option == controller.name()) {
            return Some((Version::One, PathBuf::from(at)));
        }
        if kind == "cgroup2" {
            let has = fs::read_to_string(Path::new(at).join("cgroup.controllers")).unwrap_or_default();
            if has.split_whitespace().any(|name| name == controller.name()) {
                two = Some((Version::Two, PathBuf::from(at)));
            }
        }
    }
    two
}

/// A number of a file of `name number` lines; 0 where there is none.
fn field(text: &str, name: &str) -> u64 {
    let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok();
    text.lines().find_map(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controllers_are_found_where_they_are_mounted() {
        let mounts = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0\n";
        let cpu = place_of(mounts, Controller::Cpu);
        assert_eq!(cpu, Some((Version::One, PathBuf::from("/sys/fs/cgroup/cpu,cpuacct"))));
        assert_eq!(place_of(mounts, Controller::Memory), None);
    }

    #[test]
    fn counters_are_read_by_their_whole_name() {
        assert_eq!(field("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", "oom_kill"), 3);
        assert_eq!(field("nr_throttled 5\n", "throttled_time"), 0);
    }
}
