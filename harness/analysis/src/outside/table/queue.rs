//! Why a queue ran full, by how spans ended, were dropped and arrived around the drops.

use spanfate_model::cause::NamedCause;

use super::read::{SeriesTable, TabledService};

/// Before the first drop a queue fills: so long it is looked back, for spans that end and for spans that arrive, seconds.
const FILLS_S: f64 = 0.6;
const ARRIVES_S: f64 = 1.0;
/// No span ended for so long: it stood still, seconds.
const STILL_S: f64 = 0.4;
/// No span arrived for so long: exports do not come through, seconds. A call that is slow comes through now and then.
const SILENT_S: f64 = 0.7;
/// As many times as many spans as usual end in a row: a burst. What is less, and more than this, is caught up.
const BURST: f64 = 2.5;
const CAUGHT_UP: f64 = 1.3;
/// A row that has at least this share of the usual spans: nothing held them up.
const EVEN: f64 = 0.8;
/// How far rows lie from the usual number of spans, as a share of it: a service that works at its own pace, one that waits for CPU now and
/// then, and one that hardly gets any.
const JITTERS: f64 = 0.025;
const UNEVEN: f64 = 0.15;
const VERY_UNEVEN: f64 = 0.25;
/// A span that is younger when it arrives has not waited for exports, milliseconds.
const PROMPT_MS: f64 = 60.0;

/// What a full queue comes of.
pub(super) struct FullQueue {
    pub(super) cause: NamedCause,
    /// What was seen, without a full stop.
    pub(super) evidence: String,
    /// When it stood still, as a row; where it did.
    pub(super) stood: Option<usize>,
}

/// The number of rows in a time, at least one.
pub(super) fn rows(table: &SeriesTable, seconds: f64) -> usize {
    ((seconds / table.row_s).round() as usize).max(1)
}

/// The longest stretch of rows for which something is so: how many, and where it begins.
pub(super) fn longest(values: &[f64], is: impl Fn(f64) -> bool) -> (usize, usize) {
    let (mut best, mut now) = ((0, 0), 0);
    for (place, value) in values.iter().enumerate() {
        now = if is(*value) { now + 1 } else { 0 };
        if now > best.0 {
            best = (now, place + 1 - now);
        }
    }
    best
}

/// The middle of some values; 0 of none.
pub(super) fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// How it went around the drops of a queue.
struct AroundDrops {
    /// Seconds without a span that ended, and when they began.
    still_s: f64,
    stood: usize,
    /// Seconds without a span that arrived.
    silent_s: f64,
    /// The most and the fewest spans of a row, and how far rows lie apart, as shares of the usual number.
    most: f64,
    fewest: f64,
    uneven: f64,
    /// The oldest span that arrived, milliseconds.
    late_ms: f64,
}

/// Tells it; nothing of a service whose queue dropped nothing. `others` drop spans, too.
pub(super) fn full(table: &SeriesTable, one: &TabledService, others: bool) -> Option<FullQueue> {
    let seen = around(table, one)?;
    let (mut evidence, mut stood) = (String::new(), None);
    let cause = if seen.still_s >= STILL_S {
        evidence += &format!("no span of it ended for {:.1} s, and then many", seen.still_s);
        stood = Some(seen.stood);
        NamedCause::Burst
    } else if seen.most >= BURST && seen.fewest >= EVEN {
        evidence += &format!("{:.1} times as many spans as usual ended at once", seen.most);
        NamedCause::Burst
    } else if seen.most >= BURST {
        evidence += &format!(
            "it ended {:.0} % of its usual spans at times, and {:.1} times as many later",
            seen.fewest * 100.0,
            seen.most
        );
        NamedCause::CpuStarved
    } else if seen.silent_s >= SILENT_S && seen.uneven < UNEVEN {
        evidence +=
            &format!("none of its spans arrived for {:.1} s, though they ended as usual", seen.silent_s);
        NamedCause::ExportFailing
    } else if seen.late_ms < PROMPT_MS {
        evidence += &format!("its spans arrived within {:.0} ms all the time", seen.late_ms);
        NamedCause::SmallQueue
    } else if seen.uneven >= VERY_UNEVEN || seen.most >= CAUGHT_UP {
        evidence += &format!(
            "its spans ended unevenly, up to {:.1} times as many as usual, and arrived after {:.0} ms",
            seen.most, seen.late_ms
        );
        NamedCause::CpuStarved
    } else if seen.uneven >= JITTERS {
        evidence +=
            &format!("its spans ended a little unevenly while exports took up to {:.0} ms", seen.late_ms);
        NamedCause::SlowSerialising
    } else {
        evidence += &format!("its spans ended as usual and arrived after up to {:.0} ms", seen.late_ms);
        let alone = table.services.len() > 1 && !others;
        evidence += if alone { ", those of other services in time" } else { "" };
        if alone { NamedCause::SlowNetwork } else { NamedCause::SlowAnswer }
    };
    Some(FullQueue { cause, evidence, stood })
}

fn around(table: &SeriesTable, one: &TabledService) -> Option<AroundDrops> {
    let first = one.dropped.iter().position(|count| *count > 0.0)?;
    let last = one.dropped.iter().rposition(|count| *count > 0.0)?;
    let usual = middle(one.spans.iter().copied().filter(|count| *count > 0.0)).max(1.0);
    let filling = first.saturating_sub(rows(table, FILLS_S));
    let ended = &one.spans[filling..=last];
    let (still, stood) = longest(ended, |count| count <= 0.0);
    let (silent, _) =
        longest(&one.received[first.saturating_sub(rows(table, ARRIVES_S))..=last], |count| count <= 0.0);
    let most = one.spans[first..=last].iter().copied().fold(0.0, f64::max);
    let fewest = ended.iter().copied().fold(f64::MAX, f64::min);
    let apart: f64 = ended.iter().map(|count| (count - usual).abs()).sum();
    let arrived = one.delay[first..=last].iter().zip(&one.received[first..=last]);
    let late = arrived.filter(|(_, count)| **count > 0.0).map(|(delay, _)| *delay);
    Some(AroundDrops {
        still_s: still as f64 * table.row_s,
        stood: filling + stood,
        silent_s: silent as f64 * table.row_s,
        most: most / usual,
        fewest: fewest / usual,
        uneven: apart / ended.len() as f64 / usual,
        late_ms: late.fold(0.0, f64::max),
    })
}
