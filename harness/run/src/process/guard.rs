//! Nothing outlives the harness. A guard process holds one end of a pipe; when the harness is gone, however it went, the
//! pipe closes and the guard kills every process group it was told about (a parent-death signal alone does not reach
//! grandchildren such as the compilers of `go build`).

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, setsid};

use crate::RunError;
use crate::host::clock;
use crate::process::cgroups;
use crate::process::own;
use crate::process::strays;

/// The harness's end.
#[derive(Debug)]
pub struct Guard {
    process: Mutex<Child>,
    pipe: Mutex<Option<ChildStdin>>,
    mark: String,
}

impl Guard {
    /// Starts the guard: this same program, with the hidden subcommand `__guard`.
    pub fn start() -> Result<Self, RunError> {
        let mut process = Command::new(own::program())
            .arg("__guard")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(RunError::system("start the guard process"))?;
        let pipe = process.stdin.take();
        // Of no other run: process ids come again, the time since boot does not.
        let mark = format!("{}-{}", std::process::id(), clock::now());
        let guard = Self { process: Mutex::new(process), pipe: Mutex::new(pipe), mark };
        guard.tell('=', &guard.mark)?;
        Ok(guard)
    }

    /// What processes carry in their environment that must not outlive this guard even when they leave their group.
    pub(crate) fn mark(&self) -> &str {
        &self.mark
    }

    /// Puts a process group under guard.
    pub fn watch(&self, group: u32) -> Result<(), RunError> {
        self.tell('+', group)
    }

    /// Takes a process group off, once it is gone: its number may be given to others.
    pub fn release(&self, group: u32) -> Result<(), RunError> {
        self.tell('-', group)
    }

    /// Has a control group removed when the harness is gone.
    pub(crate) fn remove_later(&self, group: &Path) -> Result<(), RunError> {
        self.tell('@', group.display())
    }

    /// It has been removed.
    pub(crate) fn is_removed(&self, group: &Path) -> Result<(), RunError> {
        self.tell('!', group.display())
    }

    fn tell(&self, sign: char, what: impl fmt::Display) -> Result<(), RunError> {
        let mut pipe = self.pipe.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let pipe = pipe
            .as_mut()
            .ok_or_else(|| RunError::system("reach the guard process")(io::ErrorKind::BrokenPipe.into()))?;
        writeln!(pipe, "{sign}{what}").map_err(RunError::system("reach the guard process"))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.pipe.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take());
        // The guard ends when its pipe closes; waiting for it leaves no zombie.
        drop(self.process.lock().unwrap_or_else(std::sync::PoisonError::into_inner).wait());
    }
}

/// The guard process itself: reads `+GROUP` and `-GROUP` lines until the pipe closes, then kills what is left.
pub fn serve(input: impl BufRead) {
    // A session of its own: Ctrl-C in the terminal is for the harness, not for its guard. It fails only for a group
    // leader, which is out of the terminal's reach already.
    setsid().ok();
    let mut groups = BTreeSet::new();
    let mut mark = None;
    let mut directories = BTreeSet::new();
    for line in input.lines().map_while(Result::ok) {
        let Some((sign, number)) = line.split_at_checked(1) else { continue };
        if sign == "=" {
            mark = Some(number.to_owned());
            continue;
        }
        match sign {
            "@" => drop(directories.insert(PathBuf::from(number))),
            "!" => drop(directories.remove(Path::new(number))),
            _ => {}
        }
        let Ok(group) = number.parse::<i32>() else { continue };
        if group > 1 {
            if sign == "+" {
                groups.insert(group)
            } else {
                groups.remove(&group)
            };
        }
    }
    for group in groups {
        // A group that is gone already is what we want.
        killpg(Pid::from_raw(group), Signal::SIGKILL).ok();
    }
    if let Some(mark) = mark {
        strays::end(&mark);
    }
    for directory in directories {
        if let Some(parent) = directory.parent() {
            cgroups::leave(&directory, parent);
        }
    }
}
