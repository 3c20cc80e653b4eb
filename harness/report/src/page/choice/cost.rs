//! What does it cost? CPU, memory, bytes on the wire.

use spanfate_model::result::{RunResult, TrialResult};

use crate::figures::sums::trials;
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{PageSection, fold, note, range, trial_name};
use crate::text::number::PAGE;
use crate::text::words::maybe;

/// The section.
pub(crate) fn section(result: &RunResult) -> PageSection {
    let body = resources(result)
        .with(&exports(result))
        .with(&note("Resident memory includes the span ledger of the process witness."));
    PageSection { id: "cost", question: "What does it cost?", answer: answer(result), body }
}

fn answer(result: &RunResult) -> String {
    let Some(((low, first), (high, last))) = range(result, |variant| Some(variant.summary.fixture_cpu))
    else {
        return "Nothing was measured.".to_owned();
    };
    let who = if result.plan.services.len() > 1 { "The services take" } else { "The service takes" };
    if first == last {
        return format!("{who} {} cores.", PAGE.fixed(low, 2));
    }
    let (low, high) = (PAGE.fixed(low, 2), PAGE.fixed(high, 2));
    format!("{who} between {low} cores ({first}) and {high} cores ({last}).")
}

fn resources(result: &RunResult) -> Html {
    let titles = [
        "Trial",
        "#Service CPU | cores",
        "#Service memory | MiB, highest",
        "#Garbage collections",
        "#Stopped by them | ms",
        "#GOMAXPROCS",
    ];
    let mut grid = Grid::new("Resources of the service in the measured part", titles);
    for (variant, trial) in trials(result) {
        let usage = &trial.usage;
        let known = trial.is_witnessed().then_some(usage);
        grid.row([
            trial_name(variant, trial),
            PAGE.fixed(usage.fixture_cpu, 2),
            PAGE.mib(usage.fixture_rss),
            maybe(known, |usage| PAGE.count(usage.gc_cycles)),
            maybe(known, |usage| PAGE.short(usage.stopped_ms)),
            trial.gomaxprocs.to_string(),
        ]);
    }
    fold(grid.len(), &format!("Resources of {} trials", grid.len()), grid.render())
}

fn exports(result: &RunResult) -> Html {
    let titles = [
        "Trial",
        "#Export calls",
        "#Failed",
        "#Without result",
        "#Spans per call",
        "#Full batch | ms",
        "#Requests seen",
        "#On the wire | bytes/span",
        "#Uncompressed | bytes/span",
        "#Connections",
    ];
    let mut grid = Grid::new("Exports", titles);
    for (variant, trial) in trials(result) {
        grid.row(export(trial_name(variant, trial), trial));
    }
    fold(grid.len(), &format!("Exports of {} trials", grid.len()), grid.render())
}

fn export(name: String, trial: &TrialResult) -> Vec<String> {
    let exports = &trial.exports;
    let known = trial.is_witnessed().then_some(exports);
    vec![
        name,
        maybe(known, |exports| PAGE.count(exports.calls)),
        maybe(known, |exports| PAGE.count(exports.failed)),
        maybe(known, |exports| PAGE.count(exports.unfinished)),
        maybe(known, |exports| PAGE.fixed(exports.spans_per_call, 1)),
        maybe(exports.full_batch_ms, |ms| PAGE.short(ms)),
        PAGE.count(exports.requests),
        PAGE.fixed(exports.wire_bytes_per_span, 1),
        PAGE.fixed(exports.raw_bytes_per_span, 1),
        PAGE.count(exports.connections),
    ]
}
