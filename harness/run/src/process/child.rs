//! Child processes of a trial: their own process group, under guard, gone when the value is dropped.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use spanfate_model::format::manifest::OomKills;
use spanfate_model::limits::OwnLimit;

use crate::RunError;
use crate::host::clock;
use crate::host::limits::{given_descriptors, limit_of};
use crate::host::oom::OomCounter;
use crate::process::guard::Guard;
use crate::process::own;
use crate::process::strays;

/// How often a wait looks.
const LOOK: Duration = Duration::from_millis(5);

/// A child in a process group of its own.
#[derive(Debug)]
pub(crate) struct Managed {
    child: Child,
    guard: Arc<Guard>,
    ended: Option<ExitStatus>,
    /// It carries the guard's mark.
    marked: bool,
    /// Who is killed for want of memory while it runs.
    oom: Option<OomCounter>,
}

/// Longest time for a held child to come to its stop.
const HOLD_BOUND: Duration = Duration::from_secs(10);

/// How a child is started.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Manner<'a> {
    /// CPUs it may use; none means all.
    pub(crate) cpus: &'a [u32],
    /// It stops before it becomes its program, until it is released.
    pub(crate) hold: bool,
    /// It runs as a user without rights.
    pub(crate) unprivileged: bool,
}

/// Prepares a command that will run through the shim. The caller adds arguments, environment and pipes.
pub(crate) fn command(program: impl AsRef<OsStr>, cpus: &[u32]) -> Command {
    command_in(program, Manner { cpus, ..Manner::default() })
}

/// The same, with more to say about how.
pub(crate) fn command_in(program: impl AsRef<OsStr>, manner: Manner<'_>) -> Command {
    let mut command = Command::new(own::program());
    command.arg("__exec").arg("--parent").arg(std::process::id().to_string());
    if manner.hold {
        command.arg("--hold");
    }
    if manner.unprivileged {
        command.arg("--unprivileged");
    }
    if let Some(given) = given_descriptors() {
        command.arg("--descriptors").arg(given.to_string());
    }
    if !manner.cpus.is_empty() {
        let list = manner.cpus.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        command.arg("--cpus").arg(list);
    }
    command.arg("--").arg(program).process_group(0).stdin(Stdio::null());
    command
}

impl Managed {
    /// The same for a program we did not write, which may leave its group. There is no other marked one beside it.
    pub(crate) fn spawn_marked(
        mut command: Command,
        guard: &Arc<Guard>,
        what: &str,
    ) -> Result<Self, RunError> {
        command.env(strays::VARIABLE, guard.mark());
        let mut managed = Self::spawn(command, guard, what)?;
        managed.marked = true;
        Ok(managed)
    }

    /// Starts a prepared command. Call it from a thread that outlives the child: the parent-death signal is tied to the
    /// thread, not to the process.
    pub(crate) fn spawn(mut command: Command, guard: &Arc<Guard>, what: &str) -> Result<Self, RunError> {
        let oom = OomCounter::begin();
        let child = command.spawn().map_err(|source| match limit_of(&source) {
            // It is not the program's fault.
            Some(OwnLimit::Descriptors | OwnLimit::OpenFiles) => RunError::Absent {
                what: format!("a descriptor for starting {what}"),
                remedy: format!("allow more with `ulimit -n 65536` ({source})"),
            },
            _ => RunError::Fixture {
                fixture: what.to_owned(),
                problem: format!("could not be started: {source}"),
            },
        })?;
        let managed = Self { child, guard: Arc::clone(guard), ended: None, marked: false, oom };
        guard.watch(managed.pid())?;
        Ok(managed)
    }

    /// Waits until a held child has come to its stop; whether it did. It does not where it ended first.
    pub(crate) fn wait_held(&mut self) -> Result<bool, RunError> {
        let end = clock::now() + HOLD_BOUND.as_nanos() as u64;
        while !is_stopped(self.pid()) {
            let now = clock::now();
            if self.poll()?.is_some() || now >= end {
                return Ok(false);
            }
            clock::sleep_until(now + LOOK.as_nanos() as u64 / 5);
        }
        Ok(true)
    }

    /// Lets a held child become its program.
    pub(crate) fn release(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Process id; also the id of its group.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The pipes.
    pub(crate) fn pipes(&mut self) -> (Option<std::process::ChildStdout>, Option<std::process::ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Whether it has ended.
    pub(crate) fn poll(&mut self) -> Result<Option<ExitStatus>, RunError> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().map_err(RunError::system("wait for a child process"))?;
        }
        Ok(self.ended)
    }

    /// What the kernel has killed for want of memory since it was started, as far as it is counted.
    pub(crate) fn oom_kills(&self) -> Option<OomKills> {
        self.oom.as_ref()?.since()
    }

    /// Waits until it ends or the time is over.
    pub(crate) fn wait(&mut self, bound: Duration) -> Result<Option<ExitStatus>, RunError> {
        let end = clock::now() + bound.as_nanos() as u64;
        loop {
            if let Some(status) = self.poll()? {
                return Ok(Some(status));
            }
            let now = clock::now();
            if now >= end {
                return Ok(None);
            }
            clock::sleep_until((now + LOOK.as_nanos() as u64).min(end));
        }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        // A process that has been waited for may have given its number to another. One that has ended unseen is still ours.
        if self.ended.is_none() {
            kill(self.raw(), signal).ok();
        }
    }

    /// Writes to its standard input, where that is a pipe.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.child.stdin.as_mut().map_or(Ok(()), |stdin| stdin.write_all(bytes))
    }

    /// Processes that it started and that run beside it, or still run when it has ended, as far as they are told by their mark.
    pub(crate) fn left(&self) -> u32 {
        let all = if self.marked { strays::count(self.guard.mark()) as u32 } else { 0 };
        all.saturating_sub(u32::from(self.ended.is_none()))
    }

    /// Kills the whole group.
    pub(crate) fn kill_group(&self) {
        killpg(self.raw(), Signal::SIGKILL).ok();
    }

    fn raw(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }
}

impl Drop for Managed {
    fn drop(&mut self) {
        // Always: what it started may outlive it in its group.
        self.kill_group();
        if self.ended.is_none() {
            drop(self.child.wait());
        }
        if self.marked {
            strays::end(self.guard.mark());
        }
        drop(self.guard.release(self.child.id()));
    }
}

/// Whether a process is stopped by a signal.
fn is_stopped(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may hold anything.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
}

/// Exit code and signal of a status.
pub(crate) fn code_and_signal(status: ExitStatus) -> (Option<i32>, Option<i32>) {
    (status.code(), status.signal())
}

/// Whether a program can be found.
pub(crate) fn is_installed(program: &str) -> bool {
    installed(program).is_some()
}

/// Where PATH has a program.
pub(crate) fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
