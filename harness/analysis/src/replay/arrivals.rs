//! When spans would have come to a queue: as they did, without what held the service up, or at the even pace of the load.

use spanfate_model::cause::LossFactor;
use spanfate_model::quantity::unit::MonoNs;

use crate::evidence::loadbook::LoadBook;
use crate::replay::observed::{ObservedPath, QueuedSpan};
use crate::replay::starved::CpuLack;
use crate::replay::without::Without;
use crate::statistics::quantile::at_share;

/// A service from which no span comes for so long stands still, nanoseconds: a quota on CPU time lets it run in each of its periods.
pub(crate) const STOOD_STILL: u64 = 400_000_000;

/// A time in which no span came to a queue, and then those that had waited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Backlog {
    /// The last span before.
    pub(crate) from: MonoNs,
    /// The first one after.
    pub(crate) back: MonoNs,
    /// The last one of a request that had been started before that.
    pub(crate) done: MonoNs,
}

/// A span, and how it came about that it ended when it did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ComingSpan {
    at: MonoNs,
    /// When its request was started, and when it would have been at an even pace.
    started: MonoNs,
    even: MonoNs,
    /// When it was to be started.
    intended: MonoNs,
    /// It came late because the service lacked CPU.
    lacked: bool,
}

/// The arrivals at a queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrivals {
    spans: Vec<ComingSpan>,
    /// From the start of a request to the end of its spans, of the fastest tenth; nanoseconds.
    pub(crate) typical: u64,
    /// Times in which none came, and then those that had waited.
    pub(crate) backlogs: Vec<Backlog>,
}

impl Arrivals {
    pub(crate) fn of(seen: &ObservedPath, book: &LoadBook, lack: &CpuLack) -> Self {
        let even = even_starts(book);
        let record = |request: Option<usize>| request.and_then(|request| *book.records.get(request)?);
        let start = |span: &QueuedSpan| {
            let known = record(span.request.map(|request| request as usize)).map(|record| record.started);
            known.filter(|at| (1..=span.at).contains(at))
        };
        let times: Vec<(MonoNs, MonoNs)> =
            seen.spans.iter().map(|span| (start(span).unwrap_or(span.at), span.at)).collect();
        // What a quota held did not stand still: it lacked CPU.
        let mut backlogs = backlogs(&times);
        let came = (times.first().map_or(0, |one| one.1), times.last().map_or(0, |one| one.1));
        backlogs.retain(|one| !lack.was_held((one.from, one.back), came));
        let one = |span: &QueuedSpan| {
            let request = span.request.map(|request| request as usize);
            let record = record(request);
            let started = start(span);
            let intended = record.filter(|_| started.is_some()).map(|record| record.intended);
            let started = started.unwrap_or(span.at);
            let intended = intended.unwrap_or(started).min(started);
            let even = request.and_then(|at| even.get(at).copied()).filter(|_| started < span.at);
            // What stood still wanted no CPU: what it had not done comes in a burst.
            let last = backlogs[..backlogs.partition_point(|one| one.back <= span.at)].last();
            let stood = last.is_some_and(|one| started < one.back || span.at <= one.done);
            let lacked = !stood && lack.is_lacking(started, span.at);
            ComingSpan { at: span.at, started, even: even.unwrap_or(started), intended, lacked }
        };
        let spans: Vec<ComingSpan> = seen.spans.iter().map(one).collect();
        let mut delays: Vec<u64> = spans.iter().map(|span| span.at - span.started).collect();
        let typical = at_share(&mut delays, 0.1);
        Self { spans, typical, backlogs }
    }

    /// Whether a time lies in one in which the service stood still, or did what had waited meanwhile.
    pub(crate) fn is_behind(&self, from: MonoNs, to: MonoNs) -> bool {
        self.backlogs.iter().any(|one| from < one.done && to > one.from)
    }

    /// The spans that came in a time.
    pub(crate) fn between(&self, from: MonoNs, to: MonoNs) -> &[ComingSpan] {
        let first = self.spans.partition_point(|span| span.at < from);
        let rest = &self.spans[first..];
        &rest[..rest.partition_point(|span| span.at <= to)]
    }

    /// Time from the start of a request to the end of its spans, at a share of those that came in a time; nanoseconds.
    pub(crate) fn served(&self, from: MonoNs, to: MonoNs, share: f64) -> u64 {
        let inside = self.between(from, to).iter();
        at_share(&mut inside.map(|span| span.at - span.started).collect::<Vec<_>>(), share)
    }

    /// When the request of the span that came at a moment was to be started.
    pub(crate) fn intended(&self, at: MonoNs) -> Option<MonoNs> {
        self.between(at, at).first().map(|span| span.intended)
    }

    /// By how much the latest tenth of the spans in a time was later than usual, nanoseconds; for ever where none came.
    pub(crate) fn late(&self, from: MonoNs, to: MonoNs) -> u64 {
        match self.between(from, to) {
            [] => u64::MAX,
            _ => self.served(from, to, 0.9).saturating_sub(self.typical),
        }
    }

    /// When they come without some causes, in the order of time.
    pub(crate) fn without(&self, without: &Without) -> Vec<MonoNs> {
        let one = |span: &ComingSpan| {
            let late = span.at - span.started;
            let usual = late.min(self.typical);
            // What is not the CPU's doing held requests up elsewhere, and then let them go together.
            let held = if span.lacked { LossFactor::CpuStarved } else { LossFactor::Burst };
            let late = usual + without.left(held, late - usual);
            let bunched = without.left(LossFactor::Burst, span.started.abs_diff(span.even));
            late + if span.started < span.even { span.even - bunched } else { span.even + bunched }
        };
        let mut out: Vec<MonoNs> = self.spans.iter().map(one).collect();
        out.sort_unstable();
        out
    }

    /// When they come if the load starts as intended, and the service answers as it did in the fastest tenth.
    pub(crate) fn undisturbed(&self) -> Vec<MonoNs> {
        let one = |span: &ComingSpan| span.intended + (span.at - span.started).min(self.typical);
        let mut out: Vec<MonoNs> = self.spans.iter().map(one).collect();
        out.sort_unstable();
        out
    }

    /// When they come if each gets back a time, by when it was to be started and when it came.
    pub(crate) fn earlier(&self, back: impl Fn(MonoNs, MonoNs) -> u64) -> Vec<MonoNs> {
        let mut out: Vec<MonoNs> =
            self.spans.iter().map(|span| span.at - back(span.intended, span.at)).collect();
        out.sort_unstable();
        out
    }

    /// When they come if nothing held them up in these times.
    pub(crate) fn outside(&self, windows: &[(MonoNs, MonoNs)]) -> Vec<MonoNs> {
        let acted =
            |span: &ComingSpan| windows.iter().any(|(from, to)| span.started < *to && span.at >= *from);
        let one = |span: &ComingSpan| {
            let late = span.at - span.started;
            span.started + if acted(span) { late.min(self.typical) } else { late }
        };
        let mut out: Vec<MonoNs> = self.spans.iter().map(one).collect();
        out.sort_unstable();
        out
    }
}

/// When nothing came for long though something was asked for as long, of spans by the start of their requests and their end, in the order of the
/// latter. A service that lacks CPU is run now and then; one that is stopped is not.
fn backlogs(times: &[(MonoNs, MonoNs)]) -> Vec<Backlog> {
    let pairs = times.iter().zip(times.iter().skip(1));
    let gaps = pairs.filter(|((_, before), (_, next))| next - before >= STOOD_STILL);
    gaps.filter_map(|((_, from), (_, back))| {
        let after = &times[times.partition_point(|(_, at)| at < back)..];
        let waited = || after.iter().filter(|(started, _)| started < back);
        let asked = waited().any(|(started, _)| back - started >= STOOD_STILL);
        let done = waited().map(|(_, at)| *at).max()?;
        asked.then_some(Backlog { from: *from, back: *back, done })
    })
    .collect()
}

/// By request: when it would have started if all had come at the same distance, from the first to the last.
fn even_starts(book: &LoadBook) -> Vec<MonoNs> {
    let known: Vec<MonoNs> = book.records.iter().flatten().map(|record| record.intended).collect();
    let (Some(first), Some(last)) = (known.iter().min(), known.iter().max()) else { return Vec::new() };
    let step = (last - first) as f64 / (book.records.len().max(2) - 1) as f64;
    let mut order: Vec<usize> = (0..book.records.len()).collect();
    order.sort_by_key(|request| book.schedule.get(*request).copied().unwrap_or_default());
    let mut out = vec![0; order.len()];
    for (place, request) in order.into_iter().enumerate() {
        out[request] = first + (step * place as f64) as u64;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// A request each millisecond, by its start and its end; those of a time end together, one each 20 µs, when it is over.
    fn held(from: u64, to: u64) -> Vec<(MonoNs, MonoNs)> {
        let at = |ms: u64| match ms {
            ms if (from..to).contains(&ms) => to * MS + (ms - from) * MS / 50,
            ms => ms * MS + MS / 2,
        };
        let mut out: Vec<(MonoNs, MonoNs)> = (0..3000).map(|ms| (ms * MS, at(ms))).collect();
        out.sort_by_key(|(_, at)| *at);
        out
    }

    #[test]
    fn what_stood_still_for_long_has_a_backlog_until_the_last_that_waited() {
        let found = backlogs(&held(1000, 2000));
        assert_eq!(found.len(), 1);
        let Backlog { from, back, done } = found[0];
        assert_eq!((from, back), (999 * MS + MS / 2, 2000 * MS));
        assert_eq!(done, 2000 * MS + 999 * MS / 50);
    }

    #[test]
    fn what_is_run_now_and_then_has_none() {
        assert_eq!(backlogs(&held(1000, 1300)), []);
        assert_eq!(backlogs(&held(1000, 1000)), []);
        // Nobody asked for anything meanwhile.
        let quiet =
            held(1000, 1000).into_iter().filter(|(started, _)| !(1000 * MS..2000 * MS).contains(started));
        assert_eq!(backlogs(&quiet.collect::<Vec<_>>()), []);
        assert_eq!(backlogs(&[]), []);
    }
}
