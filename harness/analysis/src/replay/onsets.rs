//! What moved, and when: series that left their usual value on the way to a queue's drops, of its own service and of the others.
//! Nothing is concluded from names or from who calls whom; a series has moved, or it has not.

use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::{MovedSeries, SeriesOnset};

use crate::evidence::opened::Opened;
use crate::evidence::path::ExportCall;
use crate::evidence::process::Process;
use crate::replay::cycle::{CallParts, Cycle};
use crate::replay::observed::ObservedPath;
use crate::statistics::quantile::{at_share, millis};

/// A value is away from the usual from three times that, and so much more; nanoseconds.
const FACTOR: u64 = 3;
const BEYOND: u64 = 5_000_000;
/// It stays away for so many values in a row, or these are so long together: one value alone is chance.
const VALUES: usize = 3;
const LONG: u64 = 500_000_000;
/// The time over which the times of spans are averaged, nanoseconds.
const BIN: u64 = 100_000_000;

/// When a queue began to fill, and its first and its last drop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathToDrops {
    pub(crate) fills: Option<MonoNs>,
    pub(crate) first: MonoNs,
    pub(crate) last: MonoNs,
}

/// A value, and from when to when it was so.
type TimedValue = (MonoNs, MonoNs, u64);

/// A run of values away from the usual one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct ValuesAway {
    from: MonoNs,
    to: MonoNs,
    usual: u64,
    most: u64,
}

/// All that moved, by time.
pub(crate) fn of(
    opened: &Opened<'_>,
    seen: &ObservedPath,
    cycle: &Cycle,
    drops: &PathToDrops,
) -> Vec<SeriesOnset> {
    let mut out = Vec::new();
    for (index, process) in opened.processes.iter().enumerate() {
        let whose = opened.manifest.processes.iter().find(|one| one.process == process.header.process);
        let service = whose.map_or_else(String::new, |one| one.service.clone());
        let moved = Moved { service, began: opened.began };
        if index == seen.process {
            out.extend(own_calls(&moved, cycle, drops));
            out.extend(queue(&moved, seen, drops));
        } else {
            out.extend(other_calls(&moved, process, drops));
            out.extend(other_queue(&moved, process, drops));
        }
        let times = means(process, opened.began);
        let away = away(&times, drops.fills.unwrap_or(drops.first));
        out.extend(
            away.filter(|away| away.from <= drops.last).map(|away| moved.time(MovedSeries::SpanTime, &away)),
        );
    }
    out.sort_by(|a, b| a.at_ms.total_cmp(&b.at_ms).then(a.series.cmp(&b.series)));
    out
}

/// Of one service.
struct Moved {
    service: String,
    /// Start of the load.
    began: MonoNs,
}

impl Moved {
    fn since(&self, at: MonoNs) -> f64 {
        millis(at.saturating_sub(self.began))
    }

    fn time(&self, series: MovedSeries, away: &ValuesAway) -> SeriesOnset {
        let (usual, most) = (millis(away.usual), millis(away.most));
        self.onset(series, (away.from, away.to), usual, most)
    }

    fn onset(&self, series: MovedSeries, (from, to): (MonoNs, MonoNs), usual: f64, most: f64) -> SeriesOnset {
        let (at_ms, to_ms) = (self.since(from), self.since(to));
        SeriesOnset { service: self.service.clone(), series, at_ms, to_ms, usual, most }
    }
}

/// What a call is made of, by the name of its series.
type PartOfCall = (MovedSeries, fn(&CallParts) -> u64);

/// Parts of the calls of the path that dropped spans.
fn own_calls(moved: &Moved, cycle: &Cycle, drops: &PathToDrops) -> Vec<SeriesOnset> {
    let parts: [PartOfCall; 5] = [
        (MovedSeries::AnswerTime, |call| call.receiver),
        (MovedSeries::NetworkTime, |call| call.network),
        (MovedSeries::SerialisingTime, |call| call.serialising),
        (MovedSeries::CpuWait, |call| call.starved),
        (MovedSeries::FailingTime, |call| call.failing),
    ];
    let calls = if cycle.large.is_empty() { &cycle.calls } else { &cycle.large };
    let one = |(series, part): PartOfCall| {
        let ended = |call: &CallParts| if call.ended == MonoNs::MAX { drops.last } else { call.ended };
        let values: Vec<TimedValue> =
            calls.iter().map(|call| (call.began, ended(call), part(call))).collect();
        let away = away(&values, drops.fills.unwrap_or(drops.first))?;
        (away.from <= drops.first).then(|| moved.time(series, &away))
    };
    parts.into_iter().filter_map(one).collect()
}

/// The queue that spans were dropped from.
fn queue(moved: &Moved, seen: &ObservedPath, drops: &PathToDrops) -> Vec<SeriesOnset> {
    let filled = drops
        .fills
        .map(|fills| moved.onset(MovedSeries::Queue, (fills, drops.last), 0.0, seen.settings.queue as f64));
    let number = seen.drops() as f64;
    let dropped = moved.onset(MovedSeries::Drops, (drops.first, drops.last), 0.0, number);
    filled.into_iter().chain([dropped]).collect()
}

/// Calls of a service that is not the one that dropped spans.
fn other_calls(moved: &Moved, process: &Process<'_>, drops: &PathToDrops) -> Option<SeriesOnset> {
    let ended = |call: &ExportCall| if call.ended == 0 { drops.last.max(call.began) } else { call.ended };
    let value = |call: &ExportCall| (call.began, ended(call), ended(call).saturating_sub(call.began));
    let mut values: Vec<TimedValue> = process.calls().map(value).collect();
    values.sort_unstable();
    let away = away(&values, drops.fills.unwrap_or(drops.first))?;
    (away.from <= drops.last).then(|| moved.time(MovedSeries::ExportTime, &away))
}

/// Its queue, as it saw it itself; where it has one export path.
fn other_queue(moved: &Moved, process: &Process<'_>, drops: &PathToDrops) -> Option<SeriesOnset> {
    let [path] = process.paths.as_slice() else { return None };
    let room = u64::from(path.effective.as_ref()?.queue).max(2);
    let high =
        |sample: &&(MonoNs, u64)| sample.0 >= drops.fills.unwrap_or(drops.first) && sample.0 <= drops.last;
    let seen = process.runtime.iter().map(|(at, sample)| (*at, sample.queue));
    let seen: Vec<(MonoNs, u64)> = seen.collect();
    let full: Vec<&(MonoNs, u64)> =
        seen.iter().filter(high).filter(|(_, queue)| *queue * 2 >= room).collect();
    let (first, last) = (full.first()?.0, full.last()?.0);
    let most = full.iter().map(|(_, queue)| *queue).max()?;
    let usual = at_share(&mut seen.iter().map(|(_, queue)| *queue).collect::<Vec<_>>(), 0.1);
    Some(moved.onset(MovedSeries::Queue, (first, last), usual as f64, most as f64))
}

/// The mean time of the spans that ended in each tenth of a second since the load began.
fn means(process: &Process<'_>, began: MonoNs) -> Vec<TimedValue> {
    let mut sums: Vec<(u64, u64)> = Vec::new();
    for (_, span, _) in process.spans().filter(|(_, span, _)| span.started != 0 && span.closed >= began) {
        let bin = ((span.closed - began) / BIN) as usize;
        if sums.len() <= bin {
            sums.resize(bin + 1, (0, 0));
        }
        sums[bin].0 += span.closed.saturating_sub(span.started);
        sums[bin].1 += 1;
    }
    let value = |(bin, (sum, count)): (usize, &(u64, u64))| {
        let from = began + bin as u64 * BIN;
        (*count > 0).then(|| (from, from + BIN, sum / count))
    };
    sums.iter().enumerate().filter_map(value).collect()
}

/// The first run of values away from the usual one that was not over by then.
fn away(values: &[TimedValue], then: MonoNs) -> Option<ValuesAway> {
    let usual = at_share(&mut values.iter().map(|(_, _, value)| *value).collect::<Vec<_>>(), 0.1);
    let limit = usual.saturating_mul(FACTOR).saturating_add(BEYOND);
    let runs = values.split(|(_, _, value)| *value <= limit).filter(|run| !run.is_empty());
    let mut known = runs.filter_map(|run| {
        let (from, to) = (run.first()?.0, run.iter().map(|(_, to, _)| *to).max()?);
        let most = run.iter().map(|(_, _, value)| *value).max()?;
        let sum = run.iter().fold(0_u64, |sum, (_, _, value)| sum.saturating_add(*value));
        let stays = run.len() >= VALUES || sum >= LONG;
        stays.then_some(ValuesAway { from, to, usual, most })
    });
    known.find(|run| run.to >= then)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// Calls one after the other, by their milliseconds.
    fn calls(times: &[u64]) -> Vec<TimedValue> {
        let mut at = 0;
        let one = |ms: &u64| {
            let from = at;
            at += ms * MS;
            (from, at, ms * MS)
        };
        times.iter().map(one).collect()
    }

    #[test]
    fn a_series_moves_when_it_stays_away_and_at_that_moment() {
        let mut times = vec![2; 50];
        times.extend([40; 5]);
        let found = away(&calls(&times), 0).unwrap();
        assert_eq!((found.from, found.to, found.usual, found.most), (100 * MS, 300 * MS, 2 * MS, 40 * MS));
    }

    #[test]
    fn one_slow_value_is_chance_unless_it_is_very_long() {
        let mut times = vec![2; 50];
        times.extend([40, 2, 2, 40, 2]);
        assert_eq!(away(&calls(&times), 0), None);
        times.extend([600, 2]);
        assert_eq!(away(&calls(&times), 0).unwrap().most, 600 * MS);
    }

    #[test]
    fn what_is_always_so_did_not_move_and_what_was_over_before_does_not_count() {
        assert_eq!(away(&calls(&[50; 40]), 0), None);
        let mut times = vec![2; 50];
        times.extend([40; 5]);
        times.extend([2; 50]);
        assert_eq!(away(&calls(&times), 350 * MS), None);
        assert_eq!(away(&[], 0), None);
    }
}
