//! How well a replay does: its drops beside those of the span ledger, in number and in time.

use spanfate_model::quantity::unit::MonoNs;

use crate::replay::observed::ObservedPath;
use crate::replay::processor::{ReplayCourse, ReplayOutcome, ReplaySettings, ReplayedCall};

/// Spans by which a replay may be off, however few were dropped.
const SPANS: f64 = 10.0;
/// The share of the dropped spans by which it may be off.
const SHARE: f64 = 0.01;

/// A replay beside what was measured.
#[derive(Clone, Debug)]
pub(crate) struct FittedReplay {
    pub(crate) outcome: ReplayOutcome,
    /// When spans came.
    pub(crate) arrivals: Vec<MonoNs>,
    /// Spans that the ledger says were dropped.
    pub(crate) measured: u64,
    /// At the worst moment, by so many spans the drops until then differ.
    pub(crate) apart: u64,
}

impl FittedReplay {
    /// Replays the queue with the calls as they were measured.
    pub(crate) fn of(seen: &ObservedPath) -> Self {
        let arrivals: Vec<MonoNs> = seen.spans.iter().map(|span| span.at).collect();
        let calls: Vec<(MonoNs, MonoNs, u64)> =
            seen.calls.iter().map(|call| (call.began, call.ended, call.spans)).collect();
        let outcome = seen.course(&arrivals, &[]).follow(&calls);
        let (mut ahead, mut apart) = (0_i64, 0);
        let mut ranges = outcome.dropped.iter().peekable();
        for (place, span) in seen.spans.iter().enumerate() {
            while ranges.next_if(|range| range.end <= place).is_some() {}
            let dropped = ranges.peek().is_some_and(|range| range.contains(&place));
            ahead += i64::from(dropped) - i64::from(span.dropped);
            apart = apart.max(ahead.unsigned_abs());
        }
        Self { measured: seen.drops(), apart, arrivals, outcome }
    }

    /// Whether it is near enough to say anything of causes.
    pub(crate) fn fits(&self) -> bool {
        is_near(self.outcome.drops(), self.measured)
    }
}

/// Whether two numbers of dropped spans are as good as the same.
pub(crate) fn is_near(replayed: u64, measured: u64) -> bool {
    replayed.abs_diff(measured) as f64 <= SPANS.max(SHARE * measured as f64)
}

/// How many spans the worker took before the timer's turn came, for each time it had the choice, in the order of time: what the SDK leaves to
/// chance (`chance`), as it came out in calls.
pub(crate) fn turns(
    calls: &[ReplayedCall],
    settings: ReplaySettings,
    (began, stop): (MonoNs, MonoNs),
) -> Vec<u64> {
    let (mut deadline, mut free) = (began.saturating_add(settings.delay), began);
    let mut out = Vec::new();
    for call in calls {
        if deadline <= free && free < stop {
            // A timer that was set anew has its word a whole delay later, and a shutdown before that.
            let until = free.saturating_add(settings.delay).min(stop);
            let at_once = call.ready <= free && call.began < until;
            let by_timer = at_once && call.spans < settings.batch;
            out.push(if by_timer { call.spans } else { 0 });
        }
        (deadline, free) = (call.began.saturating_add(settings.delay), call.ended);
    }
    out
}

impl ObservedPath {
    /// What came to it, at these times.
    pub(crate) fn course<'a>(&self, arrivals: &'a [MonoNs], flushes: &'a [MonoNs]) -> ReplayCourse<'a> {
        // The timer runs from the start of the process; nobody notes when that was, and it matters until the first call only.
        let began =
            arrivals.first().copied().unwrap_or_default().min(self.calls.first().map_or(0, |c| c.began));
        let Self { settings, stop, gone, .. } = *self;
        ReplayCourse { arrivals, flushes, began, stop, gone, settings, turns: &[] }
    }
}
