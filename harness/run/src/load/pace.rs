//! What the load's thread tells the others, and what they tell it: how far it is, and whether to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::LoadProgress;

/// Counters of one load. A stop is noticed at the next housekeeping.
#[derive(Debug, Default)]
pub(super) struct LoadPace {
    stopped: AtomicBool,
    started: AtomicU64,
    done: AtomicU64,
    not_started: AtomicU64,
}

impl LoadPace {
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    pub(super) fn count_started(&self) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_done(&self) {
        // Released after `started`, so that who sees it sees its start too.
        self.done.fetch_add(1, Ordering::Release);
    }

    pub(super) fn count_not_started(&self) {
        self.not_started.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn progress(&self) -> LoadProgress {
        // `done` first, so that it is never above `started`.
        let done = self.done.load(Ordering::Acquire);
        LoadProgress {
            started: self.started.load(Ordering::Relaxed),
            done,
            not_started: self.not_started.load(Ordering::Relaxed),
        }
    }
}

/// Stops the load when its owner is gone, whatever the reason.
#[derive(Debug)]
pub(super) struct StopOnDrop(Arc<LoadPace>);

impl StopOnDrop {
    pub(super) fn new(pace: &Arc<LoadPace>) -> Self {
        Self(Arc::clone(pace))
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}
