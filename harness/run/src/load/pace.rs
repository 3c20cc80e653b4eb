//! What the timing thread and the load thread share: how much of the schedule is due, and whether to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use nix::errno::Errno;
use nix::sys::prctl::set_timerslack;
use spanfate_model::unit::MonoNs;
use tokio::sync::Notify;

use super::Progress;
use crate::clock;

/// Longest sleep of the timing thread; a stop is noticed after it.
const SLICE: u64 = 20_000_000;

/// A watermark instead of a queue: whatever became due while the load thread was busy is one wake-up and no memory.
#[derive(Debug, Default)]
pub(super) struct Pace {
    due: AtomicU32,
    pub(super) wake: Notify,
    stopped: AtomicBool,
    started: AtomicU64,
    done: AtomicU64,
    not_started: AtomicU64,
}

impl Pace {
    /// Entries of the schedule that are due.
    pub(super) fn due(&self) -> u32 {
        self.due.load(Ordering::Acquire)
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    pub(super) fn count_started(&self) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_not_started(&self) {
        self.not_started.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn progress(&self) -> Progress {
        // `done` first, so that it is never above `started`.
        let done = self.done.load(Ordering::Acquire);
        Progress {
            started: self.started.load(Ordering::Relaxed),
            done,
            not_started: self.not_started.load(Ordering::Relaxed),
        }
    }
}

/// Stops the load when its owner is gone, whatever the reason.
#[derive(Debug)]
pub(super) struct StopOnDrop(Arc<Pace>);

impl StopOnDrop {
    pub(super) fn new(pace: &Arc<Pace>) -> Self {
        Self(Arc::clone(pace))
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// The timing thread: says what is due, at the time at which it is due.
pub(super) fn keep(pace: &Pace, schedule: &[u64], start_at: MonoNs) -> Result<(), Errno> {
    // By default the kernel may be 50 us late to save wake-ups.
    set_timerslack(1)?;
    let mut due = 0;
    while let Some(offset) = schedule.get(due)
        && !pace.is_stopped()
    {
        let now = clock::now();
        let next = start_at + offset;
        if next > now {
            clock::sleep_until(next.min(now + SLICE));
            continue;
        }
        due += schedule[due..].iter().take_while(|offset| start_at + **offset <= now).count();
        pace.due.store(due as u32, Ordering::Release);
        pace.wake.notify_one();
    }
    Ok(())
}
