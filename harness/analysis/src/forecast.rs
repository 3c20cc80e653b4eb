//! When a batch processor will drop its first span. Its worker's load is the share of its time that exports of all that comes would
//! take: spans per second times seconds per span. From a load of 1 on the queue fills. The load until now is continued by a line, and
//! the queue filled with what is above 1.

mod line;
#[cfg(test)]
mod tests;

use spanfate_model::advice::observed::QueueOwner;
use spanfate_model::finding::forecast::{DropForecast, DropOutlook, ForecastLook};
use spanfate_model::finding::peek::{Look, WatchedProcessor};

use crate::metrics::{ScrapedPlace, observe};
use line::RobustLine;

/// A line is laid through the last so many looks: through few it follows a bend soon, through many it sees a slow rise.
const WINDOWS: [usize; 4] = [6, 9, 13, 18];
/// Fewest looks.
const FEWEST: usize = WINDOWS[0];
/// A line is continued for so many times as long as it was looked at.
const AHEAD: f64 = 1.5;
/// A load from which on the queue fills already, where two looks in a row say so.
const FULL: f64 = 1.0;
/// Nobody is warned below this load: lines through small loads are steep by chance.
const LEAST: f64 = 0.4;
/// The first drop comes with a load above the line: so many standard deviations above it when it is expected, at the earliest, and at
/// the latest.
const ABOVE: f64 = 1.5;
const EARLIEST: f64 = 3.0;
const LATEST: f64 = -1.0;

/// The share of a worker's time that exports of all that came would have taken.
pub fn load(look: &ForecastLook) -> f64 {
    look.spans_per_s * look.export_s / look.batch.max(1.0)
}

/// What is to be expected after these looks, in the order of time.
pub fn forecast(looks: &[ForecastLook]) -> DropOutlook {
    let Some(last) = looks.last() else { return DropOutlook::TooLittle };
    if last.dropped > 0.0 {
        return DropOutlook::Drops;
    }
    let loads: Vec<(f64, f64)> = looks.iter().map(|look| (look.at_s, load(look))).collect();
    if loads.len() < FEWEST || loads.iter().any(|(_, load)| !load.is_finite()) {
        return DropOutlook::TooLittle;
    }
    let windows = WINDOWS.iter().filter(|count| **count <= loads.len());
    let lines: Vec<(RobustLine, f64)> = windows
        .filter_map(|count| {
            let recent = &loads[loads.len() - count..];
            Some((RobustLine::through(recent)?, (last.at_s - recent.first()?.0) * AHEAD))
        })
        .collect();
    // A look says what was in the mean since the one before: half of that time ago.
    let half = loads.iter().rev().nth(1).map_or(0.0, |(before, _)| (last.at_s - before) / 2.0);
    let fills = |line: &RobustLine, slope: f64, above: f64| {
        until_full(above.mul_add(line.spread, line.at(last.at_s + half)), slope, last)
    };
    let two_above = loads.iter().rev().take(2).all(|(_, load)| *load >= FULL);
    // A line must rise, or the queue fill already.
    let warns = |(line, horizon): &&(RobustLine, f64)| {
        let rises = line.slopes.0 > 0.0 && line.at(last.at_s + half) >= LEAST;
        (rises || two_above) && fills(line, line.slope, ABOVE).is_some_and(|seconds| seconds <= *horizon)
    };
    let within_s = lines.iter().map(|(_, horizon)| *horizon).fold(0.0, f64::max);
    let rising: Vec<&RobustLine> = lines.iter().filter(warns).map(|(line, _)| line).collect();
    // The shortest that rises is nearest to what goes on now.
    let Some(seconds) = rising.first().and_then(|line| fills(line, line.slope, ABOVE)) else {
        return DropOutlook::NotInSight { within_s };
    };
    let early = rising.iter().filter_map(|line| fills(line, line.slopes.1, EARLIEST));
    let late = rising.iter().map(|line| fills(line, line.slopes.0, LATEST).unwrap_or(f64::INFINITY));
    let to_s = late.fold(seconds, f64::max);
    DropOutlook::DropsIn {
        seconds,
        from_s: early.fold(seconds, f64::min),
        to_s: Some(to_s).filter(|to| to.is_finite()),
    }
}

/// When a queue is full whose worker has this load now, which grows so fast; nothing where it never is.
fn until_full(load: f64, slope: f64, look: &ForecastLook) -> Option<f64> {
    let free = (look.room - look.queued).max(0.0);
    // Spans per second that the worker is able to export.
    let ceiling = look.batch / look.export_s.max(1e-9);
    let above = load - FULL;
    if above >= 0.0 {
        // ceiling * (above * t + slope * t² / 2) = free
        return root(ceiling * slope / 2.0, ceiling * above, free);
    }
    if slope <= 0.0 {
        return None;
    }
    let begins = -above / slope;
    // Until then the worker empties the queue.
    root(ceiling * slope / 2.0, 0.0, look.room).map(|fills| begins + fills)
}

/// The smallest `t ≥ 0` with `a t² + b t = c`.
fn root(a: f64, b: f64, c: f64) -> Option<f64> {
    if c <= 0.0 {
        return Some(0.0);
    }
    if a.abs() < 1e-12 {
        return (b > 0.0).then(|| c / b);
    }
    let inside = b.mul_add(b, 4.0 * a * c);
    (inside >= 0.0).then(|| (inside.sqrt() - b) / (2.0 * a)).filter(|t| t.is_finite() && *t >= 0.0)
}

/// What a peek saw of a processor between two of its looks; nothing where no export ended.
pub fn between_peeks(first: &WatchedProcessor, last: &WatchedProcessor, began: u64) -> Option<ForecastLook> {
    let time = last.last.at.saturating_sub(first.last.at) as f64 / 1e9;
    let exports = last.all.count.saturating_sub(first.all.count) as f64;
    let in_them = last.all.sum.saturating_sub(first.all.sum) as f64 / 1e9;
    let held = |look: &Look| look.dropped + look.handed + u64::from(look.queue) + u64::from(look.gathered);
    (time > 0.0 && exports > 0.0).then(|| ForecastLook {
        at_s: last.last.at.saturating_sub(began) as f64 / 1e9,
        spans_per_s: held(&last.last).saturating_sub(held(&first.last)) as f64 / time,
        export_s: in_them / exports,
        batch: f64::from(last.settings.batch),
        queued: f64::from(last.last.queue),
        room: f64::from(last.settings.queue),
        dropped: last.last.dropped.saturating_sub(first.last.dropped) as f64,
    })
}

/// What two pages of a place say of each batch processor in the time between them, by service and component; the last page is so many
/// seconds after the first look. Where no export ended, or a counter began anew, nothing is said.
pub fn between_pages(
    seen: &ScrapedPlace<'_>,
    batch: Option<u32>,
    at_s: f64,
) -> Vec<(String, String, ForecastLook)> {
    let rows = observe(&[*seen], batch).into_iter().filter(|row| row.kind == QueueOwner::Processor);
    rows.filter_map(|row| {
        let look = ForecastLook {
            at_s,
            spans_per_s: row.spans_per_s.value()?,
            export_s: row.export_s.value()?,
            batch: row.batch.value()?,
            queued: row.queued.value()?,
            room: row.queue.value()?,
            dropped: row.dropped_lately.unwrap_or(0.0),
        };
        Some((row.service, row.component, look))
    })
    .collect()
}

/// What is to be expected of a batch processor after these looks.
pub fn forecast_of(service: &str, component: &str, looks: &[ForecastLook]) -> DropForecast {
    DropForecast {
        service: service.to_owned(),
        component: component.to_owned(),
        looks: looks.len(),
        load: looks.last().map(load),
        outlook: forecast(looks),
    }
}
