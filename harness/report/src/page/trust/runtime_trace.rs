//! Does Go's runtime trace say the same as the probes?

use spanfate_model::result::{RunResult, TraceMatch};

use crate::figures::sums::trials;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{PageSection, fold, note, trial_name};
use crate::text::number::{NONE, PAGE};

/// The section; absent where no service wrote a runtime trace.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    let titles = [
        "Trial",
        "Event of the runtime trace",
        "Site of the probes",
        "#In the runtime trace",
        "#By probes",
        "#Matched",
        "#Offset p50 | µs",
        "#p99 | µs",
        "#Least, largest | µs",
        "#Drift | µs/s",
    ];
    let mut grid = Grid::new("The same events in the runtime trace and by probes", titles);
    let mut all = Vec::new();
    for (variant, trial) in trials(result) {
        for row in &trial.trace_matches {
            grid.row(cells(&trial_name(variant, trial), row));
            all.push(row);
        }
    }
    if all.is_empty() {
        return None;
    }
    let body = fold(grid.len(), &format!("{} rows", grid.len()), grid.render()).with(&note(
        "Both read CLOCK_MONOTONIC, the runtime trace in steps of 64 ns. Offset is time in the runtime trace less time of the probe; events of goroutines \
         are paired by their number, the others with the nearest. The stop that a garbage collection begins with lies between \
         gc_begin and the function that the probe sits on, so that offset is time of the runtime and no error of a clock.",
    ));
    let question = "Does Go's runtime trace say the same?";
    Some(PageSection { id: "clock", question, answer: answer(&all), body })
}

fn answer(rows: &[&TraceMatch]) -> String {
    let both: Vec<_> = rows.iter().filter(|row| row.site.is_some()).collect();
    let (matched, events): (u64, u64) =
        both.iter().fold((0, 0), |sum, row| (sum.0 + row.matched, sum.1 + row.in_trace));
    let without = rows.iter().filter(|row| row.site.is_none() && row.in_trace > 0).count();
    format!(
        "Of {} that probes can see {} have their counterpart; {} of the runtime trace {} none.",
        PAGE.counted(events, "event", "events"),
        PAGE.count(matched),
        PAGE.counted(without as u64, "kind of event", "kinds of events"),
        if without == 1 { "has" } else { "have" }
    )
}

fn cells(trial: &str, row: &TraceMatch) -> [String; 10] {
    let us = |pick: fn(&spanfate_model::result::Offset) -> f64| {
        row.offset.as_ref().map_or_else(|| NONE.to_owned(), |offset| PAGE.fixed(pick(offset), 2))
    };
    let range = row.offset.as_ref().map_or_else(
        || NONE.to_owned(),
        |offset| format!("{}, {}", PAGE.fixed(offset.min, 1), PAGE.fixed(offset.max, 1)),
    );
    [
        trial.to_owned(),
        row.event.clone(),
        row.site.clone().unwrap_or_else(|| "no counterpart".to_owned()),
        PAGE.count(row.in_trace),
        PAGE.count(row.by_probes),
        PAGE.count(row.matched),
        us(|offset| offset.p50),
        us(|offset| offset.p99),
        range,
        us(|offset| offset.drift),
    ]
}
