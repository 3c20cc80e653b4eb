//! Services are stopped for slices of time, as a hypervisor stops a virtual core: an imitation, for self-tests. The kernel's own
//! counter of stolen time cannot be moved from here, so the slices are added to it where it is sampled.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::RunError;
use crate::host::clock;

/// Shortest and longest slice, milliseconds.
const SLICE_MS: (u64, u64) = (5, 50);
/// Step from slice to slice: it shares no factor with the number of lengths, so all of them come, and neighbours differ.
const STEP: u64 = 17;

/// What is stopped, and for how long it was.
#[derive(Debug, Default)]
pub(crate) struct StolenTime {
    /// Processes.
    pids: Mutex<Vec<u32>>,
    /// Nanoseconds so far.
    ns: AtomicU64,
}

impl StolenTime {
    /// A process that is stopped from now on, too.
    pub(crate) fn add(&self, pid: u32) {
        self.pids.lock().unwrap_or_else(PoisonError::into_inner).push(pid);
    }

    /// How long they were stopped so far, nanoseconds.
    pub(crate) fn ns(&self) -> u64 {
        self.ns.load(Ordering::Relaxed)
    }

    /// Signals those that are still children of this program: a number may have come to mean somebody else.
    fn signal(&self, signal: Signal) {
        for pid in
            self.pids.lock().unwrap_or_else(PoisonError::into_inner).iter().filter(|pid| is_ours(**pid))
        {
            // It may have ended in the meantime.
            let _ended = kill(Pid::from_raw(*pid as i32), signal);
        }
    }
}

/// Stops processes for a share of the time until it is dropped; then they run.
#[derive(Debug)]
pub(crate) struct Slices {
    pub(crate) stopped: Arc<StolenTime>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Slices {
    pub(crate) fn start(share: f64, pids: &[u32]) -> Result<Self, RunError> {
        let stopped = Arc::new(StolenTime { pids: Mutex::new(pids.to_vec()), ns: AtomicU64::new(0) });
        let over = Arc::new(AtomicBool::new(false));
        let (theirs, flag) = (Arc::clone(&stopped), Arc::clone(&over));
        let thread = std::thread::Builder::new()
            .name("slices".to_owned())
            .spawn(move || slice(share, &theirs, &flag))
            .map_err(RunError::system("start a thread"))?;
        Ok(Self { stopped, over, thread: Some(thread) })
    }
}

impl Drop for Slices {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn slice(share: f64, stopped: &StolenTime, over: &AtomicBool) {
    let mut number = 0;
    let mut next = clock::now();
    while !over.load(Ordering::SeqCst) {
        let length = length_ms(number) * 1_000_000;
        next += gap_ns(length, share);
        clock::sleep_until(next);
        let began = clock::now();
        stopped.signal(Signal::SIGSTOP);
        clock::sleep_until(began + length);
        stopped.signal(Signal::SIGCONT);
        let ended = clock::now();
        stopped.ns.fetch_add(ended - began, Ordering::Relaxed);
        number += 1;
        next = ended;
    }
}

/// Length of a slice by its number, milliseconds.
const fn length_ms(number: u64) -> u64 {
    SLICE_MS.0 + number * STEP % (SLICE_MS.1 - SLICE_MS.0 + 1)
}

/// How long they run before a slice, so that slices come to that share of the time.
fn gap_ns(length_ns: u64, share: f64) -> u64 {
    let share = share.clamp(0.001, 0.9);
    (length_ns as f64 * (1.0 - share) / share) as u64
}

/// Whether a process was started by this one: the second field behind its name.
fn is_ours(pid: u32) -> bool {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let parent = text.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
    parent == Some(std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_have_all_lengths_and_come_to_their_share() {
        let mut lengths: Vec<u64> = (0..46).map(length_ms).collect();
        let (mut stopped, mut all) = (0, 0);
        for length in &lengths {
            stopped += length * 1_000_000;
            all += length * 1_000_000 + gap_ns(length * 1_000_000, 0.05);
        }
        assert!((stopped as f64 / all as f64 - 0.05).abs() < 1e-6, "{stopped} of {all}");
        lengths.sort_unstable();
        assert_eq!(lengths, (5..=50).collect::<Vec<u64>>());
    }

    #[test]
    fn only_children_are_stopped_and_they_run_again() {
        assert!(!is_ours(1) && !is_ours(std::process::id()));
        let mut child = std::process::Command::new("sleep").arg("30").spawn().unwrap();
        assert!(is_ours(child.id()));
        let slices = Slices::start(0.5, &[child.id()]).unwrap();
        let until = clock::now() + 5_000_000_000;
        while slices.stopped.ns() == 0 && clock::now() < until {
            clock::sleep_until(clock::now() + 1_000_000);
        }
        assert!(slices.stopped.ns() >= 5_000_000);
        drop(slices);
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        let state = stat.rsplit_once(')').unwrap().1.trim_start().chars().next();
        assert_ne!(state, Some('T'), "{stat}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
