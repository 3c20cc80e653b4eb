//! How long things take in a replay that runs freely: what was measured around that time, less what is taken away.

use spanfate_model::cause::LossFactor;
use spanfate_model::quantity::unit::MonoNs;

use crate::replay::cycle::{CallParts, Cycle};
use crate::replay::processor::Pace;
use crate::replay::without::Without;

/// A time in which the worker had a batch and was not run.
pub(crate) type Unrun = (MonoNs, MonoNs);

/// The times around a moment. What a call takes is work: while a measured call was open, as much of it is done in a time as was done of that
/// one. So calls that begin elsewhere than the measured ones did share their times, and no long one counts twice.
#[derive(Clone, Debug)]
pub(crate) struct MeasuredPace<'a> {
    cycle: &'a Cycle,
    unrun: &'a [Unrun],
    /// Between a batch and its call, when the worker runs; nanoseconds.
    turn: u64,
    without: &'a Without,
    /// How much longer a call takes per further span, nanoseconds, where that was fitted.
    growth: Option<f64>,
    places: Places,
}

/// Where a pace is among the calls and in `unrun`.
#[derive(Clone, Copy, Default, Debug)]
struct Places {
    large: usize,
    small: usize,
    gap: usize,
}

impl<'a> MeasuredPace<'a> {
    pub(crate) fn new(cycle: &'a Cycle, unrun: &'a [Unrun], turn: u64, without: &'a Without) -> Self {
        Self { cycle, unrun, turn, without, growth: None, places: Places::default() }
    }

    /// The same where a call of more spans takes so much longer for each, nanoseconds.
    pub(crate) const fn growing(self, growth: Option<f64>) -> Self {
        Self { growth, ..self }
    }

    /// The call of such a size that was open at a moment, or else one of another size that was behind then, or else the nearer of its
    /// neighbours; and until when that is so. A service that has much to catch up with keeps a small message waiting as long as a large one.
    fn around(&self, places: &mut Places, at: MonoNs, spans: u64) -> Option<(&'a CallParts, MonoNs)> {
        let (large, small) = (&self.cycle.large, &self.cycle.small);
        advance(large, &mut places.large, at);
        advance(small, &mut places.small, at);
        let (of_large, of_small) = ((large, places.large), (small, places.small));
        let is_large = spans * 2 >= self.cycle.batch;
        let ((calls, place), (others, other)) = if (is_large && !large.is_empty()) || small.is_empty() {
            (of_large, of_small)
        } else {
            (of_small, of_large)
        };
        let open = |call: &&CallParts| call.began <= at && at < call.ended;
        let this = calls.get(place)?;
        if open(&this) {
            return Some((this, this.ended));
        }
        if let Some(behind) = others.get(other).filter(open).filter(|call| call.behind > 0) {
            return Some((behind, behind.ended));
        }
        let (call, until) = match calls.get(place + 1) {
            _ if at < this.began => (this, this.began),
            None => (this, MonoNs::MAX),
            Some(next) if next.began - at < at - this.ended => (next, next.began),
            Some(next) => (this, this.ended.midpoint(next.began) + 1),
        };
        let other = others.get(other + 1).map_or(MonoNs::MAX, |call| call.began);
        Some((call, until.min(other.max(at + 1))))
    }

    /// The time around a moment in which the worker had a batch and was not run, or else the next one.
    fn held(&self, places: &mut Places, at: MonoNs) -> Option<Unrun> {
        loop {
            let (from, to) = *self.unrun.get(places.gap)?;
            let to = from + self.without.left(LossFactor::CpuStarved, to - from);
            if at < to {
                return Some((from, to));
            }
            places.gap += 1;
        }
    }

    /// What a call of so many spans takes where nothing but one measured call was, nanoseconds.
    fn takes(&self, parts: &CallParts, spans: u64) -> u64 {
        let left = |factor: LossFactor, ns: u64| self.without.left(factor, ns);
        let size = spans as f64 / parts.spans.max(1) as f64;
        let serialising = (parts.serialising as f64 * size) as u64;
        // A message that is larger keeps the CPU for longer, so that it waits for it more often.
        let starved = (parts.starved as f64 * size.max(1.0)) as u64;
        // Of larger messages than were measured the fitted growth is believed, where it is more than that.
        let further = spans.saturating_sub(parts.spans) as f64;
        let grown = self.growth.map_or(0, |per_span| (per_span * further) as u64);
        let known = serialising.saturating_sub(parts.serialising) + starved.saturating_sub(parts.starved);
        left(LossFactor::SlowSerialising, serialising)
            .saturating_add(left(LossFactor::CpuStarved, starved))
            .saturating_add(left(LossFactor::SlowNetwork, parts.network))
            .saturating_add(left(LossFactor::SlowAnswer, parts.receiver))
            .saturating_add(left(LossFactor::ExportFailing, parts.failing))
            .saturating_add(left(LossFactor::Burst, parts.behind))
            .saturating_add(grown.saturating_sub(known))
    }
}

/// Moves a place to the last call that had begun by then.
fn advance(calls: &[CallParts], place: &mut usize, at: MonoNs) {
    while calls.get(*place + 1).is_some_and(|next| next.began <= at) {
        *place += 1;
    }
}

impl Pace for MeasuredPace<'_> {
    fn begins(&mut self, ready: MonoNs) -> MonoNs {
        let mut places = self.places;
        let held = self.held(&mut places, ready).filter(|gap| gap.0 <= ready);
        self.places = places;
        held.map_or(ready, |gap| gap.1).saturating_add(self.turn)
    }

    fn ends(&mut self, began: MonoNs, spans: u64) -> MonoNs {
        // It looks ahead of the next call, which may begin before this one ends where there are several workers.
        let mut places = self.places;
        let (mut at, mut left) = (began, 1.0);
        while at < MonoNs::MAX {
            let Some((parts, mut until)) = self.around(&mut places, at, spans) else { break };
            if let Some(gap) = self.held(&mut places, at) {
                if gap.0 <= at {
                    at = gap.1;
                    continue;
                }
                until = until.min(gap.0);
            }
            let whole = self.takes(parts, spans) as f64;
            let time = (whole * left) as u64;
            if at.saturating_add(time) <= until {
                return at.saturating_add(time);
            }
            left -= (until - at) as f64 / whole;
            at = until;
        }
        at
    }
}

/// Calls that all take what the fastest one took, less for one that is smaller; the worker is run at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FastestPace {
    pub(crate) whole: u64,
    pub(crate) batch: u64,
}

impl Pace for FastestPace {
    fn begins(&mut self, ready: MonoNs) -> MonoNs {
        ready
    }

    fn ends(&mut self, began: MonoNs, spans: u64) -> MonoNs {
        began + (self.whole as f64 * spans.min(self.batch) as f64 / self.batch.max(1) as f64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn call(began: u64, spans: u64, behind: u64) -> CallParts {
        let network = MS;
        CallParts {
            began: began * MS,
            ended: (began + 1 + behind) * MS,
            spans,
            network,
            behind: behind * MS,
            ..CallParts::default()
        }
    }

    #[test]
    fn a_call_in_a_backlog_takes_what_calls_took_then_whatever_their_size() {
        let cycle = Cycle::of_calls(vec![call(0, 100, 0), call(2000, 10, 40), call(2100, 100, 0)], 100);
        let (all, none) = (Without::nothing(), Without::these([LossFactor::Burst]));
        let took = |without: &Without, at: u64| {
            MeasuredPace::new(&cycle, &[], 0, without).ends(at * MS, 100) - at * MS
        };
        // Of the 41 ms most is over then: what is left of the work is done as fast as around the next call.
        assert_eq!((took(&all, 2010) / MS, took(&all, 2050)), (31, MS));
        // It is the standstill's doing: without that it is as fast as others.
        assert_eq!(took(&none, 2010), MS);
        // One of its own size that was open then says more.
        let own = Cycle::of_calls(vec![call(2000, 10, 40), call(2005, 100, 10)], 100);
        assert_eq!(MeasuredPace::new(&own, &[], 0, &all).ends(2005 * MS, 100), 2016 * MS);
    }

    #[test]
    fn calls_that_begin_elsewhere_share_the_times_of_those_that_were_measured() {
        // Nine calls of 1 ms each at once after one of 50 ms: ten calls in 59 ms, wherever the first one begins.
        let mut calls = vec![call(100, 100, 49)];
        calls.extend((150..159).map(|at| call(at, 100, 0)));
        let (cycle, all) = (Cycle::of_calls(calls, 100), Without::nothing());
        let ten = |from: MonoNs| {
            let mut pace = MeasuredPace::new(&cycle, &[], 0, &all);
            (0..10).fold(from, |at, _| pace.ends(at, 100))
        };
        assert_eq!(ten(100 * MS), 159 * MS);
        // One that begins 2 ms before is open when the long one begins; none takes those 50 ms again.
        assert!(ten(98 * MS) <= 159 * MS && ten(110 * MS) <= 160 * MS);
        // The worker was not run for 5 ms: nothing is done of what is open then.
        let unrun = [(154 * MS, 159 * MS)];
        let mut pace = MeasuredPace::new(&cycle, &unrun, 0, &all);
        assert_eq!(pace.ends(153 * MS + MS / 2, 100), 159 * MS + MS / 2);
    }

    #[test]
    fn a_worker_that_was_not_run_again_begins_nothing_more() {
        let cycle = Cycle::of_calls(Vec::new(), 100);
        let (all, none) = (Without::nothing(), Without::these([LossFactor::CpuStarved]));
        let unrun = [(10 * MS, 20 * MS), (30 * MS, MonoNs::MAX)];
        let begins =
            |without: &Without, ready: u64| MeasuredPace::new(&cycle, &unrun, MS, without).begins(ready);
        assert_eq!(begins(&all, 15 * MS), 21 * MS);
        assert_eq!(begins(&all, 40 * MS), MonoNs::MAX);
        assert_eq!(begins(&none, 40 * MS), 41 * MS);
    }
}
