//! What a child does between fork and exec: choose its cores, lay down privileges, tie its life to the harness, wait where
//! probes are to be put on it, become the program. It runs as a hidden subcommand of this program, so that it needs no
//! `unsafe` code.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, raise};
use nix::unistd::{Gid, Pid, Uid, getppid, setgroups, setresgid, setresuid};

use crate::host::limits::allow_descriptors;

/// User and group that own nothing.
pub(crate) const NOBODY: u32 = 65_534;

/// What the child should become.
#[derive(Debug)]
pub struct Become {
    /// CPUs it may use; none means all.
    pub cpus: Vec<u32>,
    /// Its parent's process id: if that is another by now, the harness is gone.
    pub parent: u32,
    /// Stop just before the program, until the harness says to go on.
    pub hold: bool,
    /// Run as a user without any rights; needs root.
    pub unprivileged: bool,
    /// The soft limit of descriptors that it gets; none means the harness's own.
    pub descriptors: Option<u64>,
    /// Program and arguments.
    pub command: Vec<OsString>,
}

/// Restricts this thread, and what it starts later, to some CPUs.
pub fn pin(cpus: &[u32]) -> nix::Result<()> {
    let mut set = CpuSet::new();
    for cpu in cpus {
        set.set(*cpu as usize)?;
    }
    sched_setaffinity(Pid::from_raw(0), &set)
}

/// Becomes the program; returns only on failure. The order matters: the parent-death signal comes before the check that
/// the parent still lives, or its death in between would go unseen.
pub fn become_program(what: &Become) -> io::Error {
    if !what.cpus.is_empty()
        && let Err(error) = pin(&what.cpus)
    {
        return error.into();
    }
    if let Some(soft) = what.descriptors
        && let Err(error) = allow_descriptors(soft)
    {
        return error;
    }
    let Some((program, arguments)) = what.command.split_first() else {
        return io::Error::new(io::ErrorKind::InvalidInput, "no program given");
    };
    // Opened first: the program may lie where only the harness's user may go.
    let opened = match what.unprivileged.then(|| lay_down_privileges(program)).transpose() {
        Ok(opened) => opened,
        Err(error) => return error,
    };
    // After the change of user, which clears it.
    if let Err(error) = set_pdeathsig(Signal::SIGKILL) {
        return error.into();
    }
    if getppid().as_raw().cast_unsigned() != what.parent {
        return io::Error::other("the harness is gone");
    }
    if what.hold
        && let Err(error) = raise(Signal::SIGSTOP)
    {
        return error.into();
    }
    let path = opened.as_ref().map(|file| format!("/proc/self/fd/{}", file.as_raw_fd()).into());
    Command::new(path.unwrap_or_else(|| program.clone())).arg0(program).args(arguments).exec()
}

/// Becomes a user without rights; the program's file, opened before that.
fn lay_down_privileges(program: &OsStr) -> io::Result<File> {
    let file = File::open(program)?;
    let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    setgroups(&[])?;
    setresgid(group, group, group)?;
    setresuid(user, user, user)?;
    Ok(file)
}
