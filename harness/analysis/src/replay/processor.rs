//! The batch span processor of the Go SDK, run again: one worker takes spans out of the queue into a batch in its hand, and calls the
//! exporter when the batch is whole, when the schedule delay has passed, on a flush, or at the shutdown. While it calls it takes
//! nothing out. What the SDK leaves to chance (which of two ready channels its `select` takes) comes out as it did in the trial, where that
//! is known, and is drawn else.

use std::ops::Range;

use spanfate_model::quantity::unit::MonoNs;

use super::chance;
use super::queue::ReplayedQueue;

/// A batch processor and what comes to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplayCourse<'a> {
    /// When spans end, in the order of time.
    pub(crate) arrivals: &'a [MonoNs],
    /// When somebody demands that what is there be exported, in the order of time.
    pub(crate) flushes: &'a [MonoNs],
    /// When the processor's life begins: its timer runs from here.
    pub(crate) began: MonoNs,
    /// When its shutdown begins; `MonoNs::MAX` if it does not.
    pub(crate) stop: MonoNs,
    /// When its process is gone, whatever it was doing.
    pub(crate) gone: MonoNs,
    pub(crate) settings: ReplaySettings,
    /// How each choice came out that the SDK leaves to chance, as far as it is known.
    pub(crate) turns: &'a [u64],
}

/// What is set, and how many workers there are: the SDK has one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ReplaySettings {
    pub(crate) batch: u64,
    pub(crate) queue: u64,
    /// Nanoseconds.
    pub(crate) delay: u64,
    pub(crate) workers: u64,
    /// `End()` waits for room.
    pub(crate) blocks: bool,
}

/// How long things take.
pub(crate) trait Pace {
    /// When a call begins whose spans are there then.
    fn begins(&mut self, ready: MonoNs) -> MonoNs;
    /// When a call of so many spans ends that begins then; `MonoNs::MAX` if it does not.
    fn ends(&mut self, began: MonoNs, spans: u64) -> MonoNs;
}

/// A call of the exporter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ReplayedCall {
    /// When all its spans were in the worker's hand.
    pub(crate) ready: MonoNs,
    pub(crate) began: MonoNs,
    pub(crate) ended: MonoNs,
    pub(crate) spans: u64,
}

/// What came of it. `arrivals == exported + dropped + left`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct ReplayOutcome {
    pub(crate) calls: Vec<ReplayedCall>,
    /// Arrivals that found the queue full, by their places.
    pub(crate) dropped: Vec<Range<usize>>,
    pub(crate) exported: u64,
    /// In the queue or in the hand at the end.
    pub(crate) left: u64,
    /// Most spans that waited in the queue.
    pub(crate) deepest: u64,
}

impl ReplayOutcome {
    pub(crate) fn drops(&self) -> u64 {
        self.dropped.iter().map(|range| range.len() as u64).sum()
    }

    /// Drops from an arrival on, by its place.
    pub(crate) fn drops_from(&self, place: usize) -> u64 {
        self.dropped.iter().map(|range| range.end.saturating_sub(range.start.max(place)) as u64).sum()
    }

    /// Ends a queue; so many spans were in hands.
    fn of(calls: Vec<ReplayedCall>, exported: u64, in_hand: u64, queue: ReplayedQueue<'_>) -> Self {
        let (dropped, deepest, left) = queue.end();
        Self { calls, dropped, exported, left: left + in_hand, deepest }
    }
}

impl<'a> ReplayCourse<'a> {
    fn queue(&self) -> ReplayedQueue<'a> {
        ReplayedQueue::new(self.arrivals, (!self.settings.blocks).then_some(self.settings.queue))
    }

    /// Runs it with calls as they were measured, each with its beginning, its end and its number of spans: only the queue is
    /// replayed.
    pub(crate) fn follow(&self, measured: &[(MonoNs, MonoNs, u64)]) -> ReplayOutcome {
        let mut queue = self.queue();
        let mut out = Vec::with_capacity(measured.len());
        let (mut free, mut exported) = (self.began, 0);
        for (began, ended, spans) in measured.iter().copied() {
            queue.fill_until(free.min(began));
            let mut hand = queue.take(spans);
            let mut ready = free;
            if hand < spans {
                let (more, last) = queue.hand_over(spans - hand, began);
                hand += more;
                ready = last.unwrap_or(began);
            }
            queue.fill_until(ended);
            out.push(ReplayedCall { ready, began, ended, spans: hand });
            exported += hand;
            free = ended;
        }
        ReplayOutcome::of(out, exported, 0, queue)
    }

    /// Runs it freely.
    pub(crate) fn run(&self, pace: &mut impl Pace) -> ReplayOutcome {
        let mut run = FreeRun {
            course: self,
            queue: self.queue(),
            deadline: self.began.saturating_add(self.settings.delay),
            free: vec![self.began; self.settings.workers.max(1) as usize],
            flush: 0,
            draws: 0,
        };
        let (mut calls, mut exported, mut in_hand) = (Vec::new(), 0, 0);
        let mut from = self.began;
        while let Some(worker) = run.first_free() {
            let Some((ready, spans)) = run.gather(from.max(run.free[worker])) else { break };
            let began = pace.begins(ready);
            if began >= self.gone {
                in_hand = spans;
                break;
            }
            run.deadline = began.saturating_add(self.settings.delay);
            let ended = pace.ends(began, spans).min(self.gone);
            run.free[worker] = ended;
            from = began;
            exported += spans;
            calls.push(ReplayedCall { ready, began, ended, spans });
        }
        run.queue.fill_until(self.gone);
        ReplayOutcome::of(calls, exported, in_hand, run.queue)
    }
}

/// A free run.
struct FreeRun<'a, 'b> {
    course: &'b ReplayCourse<'a>,
    queue: ReplayedQueue<'a>,
    /// When the timer fires.
    deadline: MonoNs,
    /// When each worker is free.
    free: Vec<MonoNs>,
    /// The next flush.
    flush: usize,
    /// Choices so far.
    draws: usize,
}

impl FreeRun<'_, '_> {
    fn first_free(&self) -> Option<usize> {
        let free = self.free.iter().enumerate().min_by_key(|(_, free)| **free)?;
        (*free.1 < self.course.gone).then_some(free.0)
    }

    /// A worker that is free from then on fills its hand; gives when it has what it will export, and how much that is.
    fn gather(&mut self, from: MonoNs) -> Option<(MonoNs, u64)> {
        let batch = self.course.settings.batch.max(1);
        let mut at = from;
        self.queue.fill_until(at);
        let mut hand = 0;
        loop {
            // The timer has fired while the worker was busy: its channel is ready beside the queue's, and each turn takes either.
            let fired = self.deadline <= at && at < self.course.stop;
            let most = if fired { self.turns().min(batch - hand) } else { batch - hand };
            hand += self.queue.take(most);
            if hand == batch || (fired && hand > 0) {
                return Some((at, hand));
            }
            if fired {
                self.deadline = at.saturating_add(self.course.settings.delay.max(1));
                continue;
            }
            if at >= self.course.stop || self.queue.is_done() && hand == 0 {
                return (hand > 0).then_some((at, hand));
            }
            let until = self.next_event(at);
            let (more, last) = self.queue.hand_over(batch - hand, until);
            hand += more;
            if let Some(last) = last {
                return Some((last.max(at), hand));
            }
            if until >= self.course.gone {
                return None;
            }
            at = until;
            if hand > 0 {
                return Some((at, hand));
            }
            if at == self.deadline {
                self.deadline = at.saturating_add(self.course.settings.delay.max(1));
            }
        }
    }

    /// What makes a worker export a batch that is not whole: timer, flush, shutdown, or its end.
    fn next_event(&mut self, at: MonoNs) -> MonoNs {
        let ReplayCourse { flushes, stop, gone, .. } = *self.course;
        while flushes.get(self.flush).is_some_and(|flush| *flush <= at) {
            self.flush += 1;
        }
        let flush = flushes.get(self.flush).copied().unwrap_or(MonoNs::MAX);
        self.deadline.min(stop).min(gone).min(flush).max(at)
    }

    /// Spans that a worker takes before it takes the timer's word.
    fn turns(&mut self) -> u64 {
        self.draws += 1;
        let known = self.course.turns.get(self.draws - 1);
        known.copied().unwrap_or_else(|| chance::drawn(self.draws as u64))
    }
}
