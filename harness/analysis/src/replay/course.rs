//! The queue of a replay over time, in few steps: the most that waited in it in each, beside what the process saw itself.

use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::QueueCourse;

use crate::evidence::process::Process;
use crate::replay::observed::ObservedPath;
use crate::replay::processor::{ReplayOutcome, ReplayedCall};
use crate::statistics::quantile::millis;

/// Most steps.
const STEPS: u64 = 200;
/// Shortest step, nanoseconds.
const SHORTEST: u64 = 1_000_000;

/// The queue over a trial that began then, and when it began to fill before its first drop.
pub(crate) fn of(
    seen: &ObservedPath,
    outcome: &ReplayOutcome,
    arrivals: &[MonoNs],
    process: &Process<'_>,
    began: MonoNs,
) -> (QueueCourse, Option<MonoNs>) {
    let last = arrivals.last().copied().unwrap_or(began).max(began);
    let ended = outcome.calls.iter().map(|call| call.ended).filter(|at| *at != MonoNs::MAX).max();
    let end = ended.unwrap_or(last).max(last);
    let step = (end - began).div_ceil(STEPS).max(SHORTEST);
    let steps = ((end - began) / step + 1) as usize;
    let place = |at: MonoNs| (at >= began).then(|| (((at - began) / step) as usize).min(steps - 1));
    let mut depth = QueueDepth { now: 0, at: 0, most: vec![0; steps] };
    let (mut low, mut fills) = (began, None);
    // What does not count as filling: a batch, or a quarter of a short queue.
    let ground = seen.settings.batch.min(seen.settings.queue / 4).max(1);
    let mut dropped_replayed = vec![0; steps];
    let mut taker = Taker::new(&outcome.calls);
    let mut dropped = outcome.dropped.iter().peekable();
    for (number, at) in arrivals.iter().copied().enumerate() {
        taker.take_until(at, &mut depth, place);
        depth.stay_until(place(at));
        while dropped.next_if(|range| range.end <= number).is_some() {}
        if dropped.peek().is_some_and(|range| range.contains(&number)) {
            fills = fills.or(Some(low));
            if let Some(step) = place(at) {
                dropped_replayed[step] += 1;
            }
        } else if !taker.hand_over(at) {
            depth.add();
        }
        if depth.now <= ground {
            low = at;
        }
    }
    taker.take_until(MonoNs::MAX - 1, &mut depth, place);
    depth.stay_until(Some(steps - 1));
    let mut out = QueueCourse {
        room: seen.settings.queue,
        from_ms: 0.0,
        step_ms: millis(step),
        replayed: depth.most,
        seen: vec![None; steps],
        dropped: vec![0; steps],
        dropped_replayed,
    };
    // What a process sees of itself is the queue of its main path.
    for (at, sample) in process.runtime.iter().filter(|_| seen.path == 0) {
        let Some(step) = place(*at).filter(|_| *at <= end) else { continue };
        out.seen[step] = Some(out.seen[step].unwrap_or_default().max(sample.queue));
    }
    for span in seen.spans.iter().filter(|span| span.dropped) {
        if let Some(step) = place(span.at) {
            out.dropped[step] += 1;
        }
    }
    (out, fills)
}

/// The queue now, and the most that was in it in each step so far.
struct QueueDepth {
    now: u64,
    /// The step that it is in.
    at: usize,
    most: Vec<u64>,
}

impl QueueDepth {
    /// Nothing happens until a step; before the first one nothing is noted.
    fn stay_until(&mut self, step: Option<usize>) {
        let Some(step) = step else { return };
        for most in &mut self.most[self.at..=step.max(self.at)] {
            *most = self.now.max(*most);
        }
        self.at = self.at.max(step);
    }

    fn add(&mut self) {
        self.now += 1;
        self.most[self.at] = self.most[self.at].max(self.now);
    }
}

/// The worker as it takes spans for its calls, one after the other.
struct Taker<'a> {
    calls: std::slice::Iter<'a, ReplayedCall>,
    /// When it is free for the next one.
    free: MonoNs,
    /// Spans that it still wants for the call it gathers, and until when it gathers.
    wanted: u64,
    until: MonoNs,
}

impl<'a> Taker<'a> {
    fn new(calls: &'a [ReplayedCall]) -> Self {
        Self { calls: calls.iter(), free: 0, wanted: 0, until: 0 }
    }

    /// Takes out of the queue what it takes before a moment.
    fn take_until(&mut self, at: MonoNs, depth: &mut QueueDepth, place: impl Fn(MonoNs) -> Option<usize>) {
        while self.free < at
            && let Some(call) = self.calls.next()
        {
            depth.stay_until(place(self.free));
            let taken = depth.now.min(call.spans);
            depth.now -= taken;
            self.wanted = call.spans - taken;
            (self.until, self.free) = (call.began, call.ended);
        }
    }

    /// Whether it takes an arrival at once, because it waits for it.
    fn hand_over(&mut self, at: MonoNs) -> bool {
        let takes = self.wanted > 0 && at <= self.until;
        self.wanted -= u64::from(takes);
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(ready: MonoNs, began: MonoNs, ended: MonoNs, spans: u64) -> ReplayedCall {
        ReplayedCall { ready, began, ended, spans }
    }

    fn most(arrivals: &[MonoNs], calls: &[ReplayedCall]) -> Vec<u64> {
        let mut depth = QueueDepth { now: 0, at: 0, most: vec![0; 10] };
        let mut taker = Taker::new(calls);
        let place = |at: MonoNs| Some(((at / 10) as usize).min(9));
        for at in arrivals.iter().copied() {
            taker.take_until(at, &mut depth, place);
            depth.stay_until(place(at));
            if !taker.hand_over(at) {
                depth.add();
            }
        }
        taker.take_until(MonoNs::MAX - 1, &mut depth, place);
        depth.stay_until(Some(9));
        depth.most
    }

    #[test]
    fn a_queue_grows_while_a_call_is_open_and_is_emptied_when_it_ends() {
        // Two go into the worker's hand; three wait while it calls, until 50; then it takes two, and later the last one.
        let calls = [call(2, 2, 50, 2), call(50, 50, 70, 2), call(70, 70, 75, 1)];
        let depths = most(&[1, 2, 11, 25, 31], &calls);
        assert_eq!(depths, [0, 1, 2, 3, 3, 3, 1, 1, 0, 0]);
    }

    #[test]
    fn what_an_idle_worker_waits_for_never_waits_in_the_queue() {
        let calls = [call(30, 30, 35, 3)];
        assert_eq!(most(&[10, 20, 30], &calls), [0; 10]);
    }
}
