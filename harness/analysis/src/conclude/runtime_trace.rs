//! The runtime's own trace beside the probes: the same events, paired on the one clock.

use std::collections::BTreeMap;

use spanfate_model::format::event::TraceEvent;
use spanfate_model::format::probe::ProbeKind;
use spanfate_model::format::raw::TrialLogs;
use spanfate_model::quantity::unit::MonoNs;
use spanfate_model::result::{Offset, TraceMatch};

use crate::evidence::probe::ProbeLog;

/// An event of runtime/trace, and the site that is its counterpart; none where the probes have none.
const PAIRS: [(&str, Option<ProbeKind>); 11] = [
    ("gc_begin", Some(ProbeKind::GcBegin)),
    ("gc_end", Some(ProbeKind::GcEnd)),
    ("stw_begin", Some(ProbeKind::StwBegin)),
    ("stw_end", Some(ProbeKind::StwEnd)),
    ("goroutine_create", Some(ProbeKind::Goroutine)),
    ("goroutine_destroy", Some(ProbeKind::Gone)),
    // The scheduler's Ps, and calls of the kernel: no function of the SDK or of the runtime stands for one of them alone.
    ("proc_start", None),
    ("proc_stop", None),
    ("syscall_begin", None),
    ("syscall_end", None),
    ("sync", None),
];

/// Farther apart than this, two events are not the same one. The runtime's garbage collection begins up to a millisecond before the
/// function that a probe sits on, on a busy core more.
const FAR_NS: u64 = 20_000_000;

/// All pairs of all processes that have both.
pub(crate) fn matches(logs: &TrialLogs, probes: &[ProbeLog<'_>]) -> Vec<TraceMatch> {
    let mut out = Vec::new();
    for (process, events) in logs.manifest.processes.iter().zip(&logs.traces) {
        let log = probes.iter().find(|log| std::ptr::eq(log.manifest, process) && log.is_present());
        let (Some(log), false) = (log, events.is_empty()) else { continue };
        let (from, to) = common(log, events);
        for (name, kind) in PAIRS {
            let within = |at: &MonoNs| (from..=to).contains(at);
            let trace: Vec<(MonoNs, i64)> = events
                .iter()
                .filter(|event| event.kind == name && within(&event.at))
                .map(|event| (event.at, event.goroutine))
                .collect();
            let seen = kind.map(|kind| log.moments(kind)).unwrap_or_default();
            let seen: Vec<(MonoNs, i64)> = seen.into_iter().filter(|(at, _)| within(at)).collect();
            if kind.is_some_and(|kind| log.hits(kind) == 0) && trace.is_empty() {
                continue;
            }
            let pairs = pair(&trace, &seen, name.starts_with("goroutine"));
            out.push(TraceMatch {
                service: process.service.clone(),
                event: name.to_owned(),
                site: kind.filter(|kind| log.hits(*kind) > 0).map(|kind| kind.as_str().to_owned()),
                in_trace: trace.len() as u64,
                by_probes: seen.len() as u64,
                matched: pairs.len() as u64,
                offset: offset(&pairs),
            });
        }
    }
    out
}

/// The time in which both were there: a trace begins after the probes and ends before them.
fn common(log: &ProbeLog<'_>, events: &[TraceEvent]) -> (MonoNs, MonoNs) {
    let first = events.iter().map(|event| event.at).min().unwrap_or_default();
    let last = events.iter().map(|event| event.at).max().unwrap_or_default();
    let (began, ended) = log.life();
    (first.max(began), last.min(ended))
}

/// Pairs of times: by goroutine where events have one of their own, else each with the nearest that is left.
fn pair(trace: &[(MonoNs, i64)], seen: &[(MonoNs, i64)], by_goroutine: bool) -> Vec<(MonoNs, MonoNs)> {
    if by_goroutine {
        let seen: BTreeMap<i64, MonoNs> = seen.iter().map(|(at, goroutine)| (*goroutine, *at)).collect();
        return trace.iter().filter_map(|(at, goroutine)| Some((*at, *seen.get(goroutine)?))).collect();
    }
    let mut left: Vec<MonoNs> = seen.iter().map(|(at, _)| *at).collect();
    left.sort_unstable();
    let mut pairs = Vec::new();
    for (at, _) in trace {
        let after = left.partition_point(|other| other < at);
        let near =
            [after.checked_sub(1), Some(after)].into_iter().flatten().filter(|index| *index < left.len());
        let Some(index) = near.min_by_key(|index| left[*index].abs_diff(*at)) else { continue };
        if left[index].abs_diff(*at) <= FAR_NS {
            pairs.push((*at, left.remove(index)));
        }
    }
    pairs
}

/// Time in the trace less time of the probe.
fn offset(pairs: &[(MonoNs, MonoNs)]) -> Option<Offset> {
    let us = |(trace, probe): &(MonoNs, MonoNs)| (*trace as i64 - *probe as i64) as f64 / 1e3;
    let mut sorted: Vec<f64> = pairs.iter().map(us).collect();
    sorted.sort_by(f64::total_cmp);
    let round = |value: f64| (value * 1e3).round() / 1e3;
    let quantile = |q: f64| round(sorted[((sorted.len() - 1) as f64 * q).round() as usize]);
    (!sorted.is_empty()).then(|| Offset {
        min: quantile(0.0),
        p50: quantile(0.5),
        p99: quantile(0.99),
        max: quantile(1.0),
        drift: round(slope(pairs)),
    })
}

/// Slope by least squares, microseconds per second.
fn slope(pairs: &[(MonoNs, MonoNs)]) -> f64 {
    let n = pairs.len() as f64;
    let start = pairs.iter().map(|(_, probe)| *probe).min().unwrap_or_default();
    let points = pairs
        .iter()
        .map(|(trace, probe)| ((probe - start) as f64 / 1e9, (*trace as i64 - *probe as i64) as f64 / 1e3));
    let points: Vec<(f64, f64)> = points.collect();
    let mean = |pick: fn(&(f64, f64)) -> f64| points.iter().map(pick).sum::<f64>() / n.max(1.0);
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let over: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let under: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if under > 0.0 { over / under } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_is_paired_once_and_with_the_nearest() {
        let trace = [(1_000, 0), (2_000, 0), (50_000_000, 0)];
        let seen = [(1_900, 0), (900, 0), (5_000, 0)];
        assert_eq!(pair(&trace, &seen, false), [(1_000, 900), (2_000, 1_900)]);
        assert_eq!(pair(&[(10, 7), (20, 8)], &[(1, 8)], true), [(20, 8)].map(|_| (20, 1)));
    }

    #[test]
    fn a_clock_that_drifts_shows() {
        let steady: Vec<(u64, u64)> =
            (1..100).map(|n| (n * 1_000_000_000 + 5_000, n * 1_000_000_000)).collect();
        let found = offset(&steady).unwrap();
        assert_eq!((found.p50, found.drift), (5.0, 0.0));
        let drifting: Vec<(u64, u64)> = (1..100).map(|n| (n * 1_000_002_000, n * 1_000_000_000)).collect();
        assert!((offset(&drifting).unwrap().drift - 2.0).abs() < 0.01);
    }
}
