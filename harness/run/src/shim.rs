//! What a child does between fork and exec: choose its cores, tie its life to the harness, become the program. It runs as a
//! hidden subcommand of this program, so that it needs no `unsafe` code.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getppid};

/// What the child should become.
#[derive(Debug)]
pub struct Become {
    /// CPUs it may use; none means all.
    pub cpus: Vec<u32>,
    /// Its parent's process id: if that is another by now, the harness is gone.
    pub parent: u32,
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
    if let Err(error) = set_pdeathsig(Signal::SIGKILL) {
        return error.into();
    }
    if getppid().as_raw().cast_unsigned() != what.parent {
        return io::Error::other("the harness is gone");
    }
    let Some((program, arguments)) = what.command.split_first() else {
        return io::Error::new(io::ErrorKind::InvalidInput, "no program given");
    };
    Command::new(program).args(arguments).exec()
}
