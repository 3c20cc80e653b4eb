//! Processes that left their group: a program of the user's own that makes itself a daemon is out of reach of its group's
//! end, but carries a mark in its environment.

use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The variable that carries the mark.
pub(crate) const VARIABLE: &str = "SPANFATE_MARK";

/// Rounds of looking: one that is found may just have started another.
const ROUNDS: usize = 5;

/// Kills every process of this user that carries a mark; the number of kills.
pub(crate) fn end(mark: &str) -> usize {
    let entry = format!("{VARIABLE}={mark}").into_bytes();
    let mut killed = 0;
    for _ in 0..ROUNDS {
        let found = marked(&entry);
        if found.is_empty() {
            break;
        }
        for pid in found {
            killed += usize::from(kill(pid, Signal::SIGKILL).is_ok());
        }
    }
    killed
}

/// Processes that carry a mark and run.
pub(crate) fn count(mark: &str) -> usize {
    marked(format!("{VARIABLE}={mark}").as_bytes()).len()
}

/// A process that has ended and one of another user have no environment that could be read.
fn marked(entry: &[u8]) -> Vec<Pid> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|process| process.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|one| one == entry)
        })
        .map(Pid::from_raw)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::Command;

    use super::*;

    #[test]
    fn only_what_carries_the_mark_is_ended() {
        let mark = format!("test-{}", std::process::id());
        let sleep = |mark: &str| {
            let mut sleep = Command::new("sleep");
            sleep.arg("1000").env(VARIABLE, mark).process_group(0).spawn().unwrap()
        };
        let (mut ours, mut other) = (sleep(&mark), sleep(&format!("{mark}0")));
        // A program that is just being executed has no environment for a moment.
        let entry = format!("{VARIABLE}={mark}").into_bytes();
        while marked(&entry).is_empty() {
            assert_eq!(ours.try_wait().unwrap(), None, "it ended by itself");
            std::thread::yield_now();
        }
        assert_eq!((count(&mark), count(&format!("{mark}1"))), (1, 0));
        assert!(end(&mark) >= 1);
        assert_eq!(ours.wait().unwrap().signal(), Some(9));
        assert_eq!(count(&mark), 0);
        assert_eq!(other.try_wait().unwrap(), None);
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
