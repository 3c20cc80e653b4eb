//! How long things take in a replay that runs freely: what was measured around that time, less what is taken away.

use spanfate_model::cause::LossFactor;
use spanfate_model::quantity::unit::MonoNs;

use crate::replay::cycle::{CallParts, Cycle};
use crate::replay::processor::Pace;
use crate::replay::without::Without;

/// A time in which the worker had a batch and was not run.
pub(crate) type Unrun = (MonoNs, MonoNs);

/// The times around a moment.
#[derive(Clone, Debug)]
pub(crate) struct MeasuredPace<'a> {
    cycle: &'a Cycle,
    unrun: &'a [Unrun],
    /// Between a batch and its call, when the worker runs; nanoseconds.
    turn: u64,
    without: &'a Without,
    /// How much longer a call takes per further span, nanoseconds, where that was fitted.
    growth: Option<f64>,
    /// Where it is among the calls and in `unrun`.
    large: usize,
    small: usize,
    gap: usize,
}

impl<'a> MeasuredPace<'a> {
    pub(crate) const fn new(cycle: &'a Cycle, unrun: &'a [Unrun], turn: u64, without: &'a Without) -> Self {
        Self { cycle, unrun, turn, without, growth: None, large: 0, small: 0, gap: 0 }
    }

    /// The same where a call of more spans takes so much longer for each, nanoseconds.
    pub(crate) const fn growing(self, growth: Option<f64>) -> Self {
        Self { growth, ..self }
    }

    /// The call of such a size that was open at a moment, or else one of another size that was behind then, or else the nearer of its
    /// neighbours. A service that has much to catch up with keeps a small message waiting as long as a large one.
    fn around(&mut self, at: MonoNs, spans: u64) -> Option<&'a CallParts> {
        let (large, small) = (&self.cycle.large, &self.cycle.small);
        advance(large, &mut self.large, at);
        advance(small, &mut self.small, at);
        let (of_large, of_small) = ((large, self.large), (small, self.small));
        let is_large = spans * 2 >= self.cycle.batch;
        let ((calls, place), (others, other)) = if (is_large && !large.is_empty()) || small.is_empty() {
            (of_large, of_small)
        } else {
            (of_small, of_large)
        };
        let open = |call: &&CallParts| call.began <= at && at < call.ended;
        let this = calls.get(place)?;
        let behind = others.get(other).filter(open).filter(|call| call.behind > 0 && !open(&this));
        let next = calls.get(place + 1).filter(|next| this.ended < at && next.began - at < at - this.ended);
        Some(behind.or(next).unwrap_or(this))
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
        if self.without.contains(&LossFactor::CpuStarved) {
            return ready.saturating_add(self.turn);
        }
        while self.unrun.get(self.gap).is_some_and(|gap| gap.1 <= ready) {
            self.gap += 1;
        }
        let held = self.unrun.get(self.gap).filter(|gap| gap.0 <= ready).map(|gap| gap.1);
        held.unwrap_or(ready).saturating_add(self.turn)
    }

    fn ends(&mut self, began: MonoNs, spans: u64) -> MonoNs {
        let Some(parts) = self.around(began, spans) else { return began };
        let left = |factor: LossFactor, ns: u64| if self.without.contains(&factor) { 0 } else { ns };
        let size = spans as f64 / parts.spans.max(1) as f64;
        let serialising = (parts.serialising as f64 * size) as u64;
        // A message that is larger keeps the CPU for longer, so that it waits for it more often.
        let starved = (parts.starved as f64 * size.max(1.0)) as u64;
        // Of larger messages than were measured the fitted growth is believed, where it is more than that.
        let further = spans.saturating_sub(parts.spans) as f64;
        let grown = self.growth.map_or(0, |per_span| (per_span * further) as u64);
        let known = serialising.saturating_sub(parts.serialising) + starved.saturating_sub(parts.starved);
        let longer = grown.saturating_sub(known);
        // A failure that lasts is over at its time, whoever waits for it.
        let failing = parts.failing.min(parts.ended.saturating_sub(began));
        let time = left(LossFactor::SlowSerialising, serialising)
            + left(LossFactor::CpuStarved, starved)
            + left(LossFactor::SlowNetwork, parts.network)
            + left(LossFactor::SlowAnswer, parts.receiver)
            + left(LossFactor::ExportFailing, failing)
            + left(LossFactor::Burst, parts.behind)
            + longer;
        began.saturating_add(time)
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
        let (all, none) = (Without::new(), Without::from([LossFactor::Burst]));
        let took = |without: &Without, at: u64| {
            MeasuredPace::new(&cycle, &[], 0, without).ends(at * MS, 100) - at * MS
        };
        assert_eq!((took(&all, 2010), took(&all, 2050)), (41 * MS, MS));
        // It is the standstill's doing: without that it is as fast as others.
        assert_eq!(took(&none, 2010), MS);
        // One of its own size that was open then says more.
        let own = Cycle::of_calls(vec![call(2000, 10, 40), call(2005, 100, 10)], 100);
        assert_eq!(MeasuredPace::new(&own, &[], 0, &all).ends(2010 * MS, 100), 2021 * MS);
    }

    #[test]
    fn a_worker_that_was_not_run_again_begins_nothing_more() {
        let cycle = Cycle::of_calls(Vec::new(), 100);
        let (all, none) = (Without::new(), Without::from([LossFactor::CpuStarved]));
        let unrun = [(10 * MS, 20 * MS), (30 * MS, MonoNs::MAX)];
        let begins =
            |without: &Without, ready: u64| MeasuredPace::new(&cycle, &unrun, MS, without).begins(ready);
        assert_eq!(begins(&all, 15 * MS), 21 * MS);
        assert_eq!(begins(&all, 40 * MS), MonoNs::MAX);
        assert_eq!(begins(&none, 40 * MS), 41 * MS);
    }
}
