//! What was done to it, and did it happen?

use std::collections::BTreeMap;

use spanfate_model::result::{RunResult, ServiceResult, VariantResult};

use crate::figures::faults::{FaultRow, rows};
use crate::markup::Html;
use crate::page::frame::grid::Grid;
use crate::page::frame::part::{PageSection, doubt, fold, note};
use crate::text::number::{NONE, PAGE};
use crate::text::words::{self, maybe};

/// Faults that the answer names.
const NAMED: usize = 3;

/// The section; absent where no fault was planned.
pub(crate) fn section(result: &RunResult) -> Option<PageSection> {
    let rows = rows(result);
    if rows.is_empty() {
        return None;
    }
    let body = [
        table(&rows),
        note(
            "A fault proves that it happened by a dose: something counted that only it makes. Below its dose it did not \
             happen, and what was measured says nothing about it. Times count from the start of the load, warm-up \
             included. Over several trials doses are added up; of what is a most, the highest counts.",
        ),
        failures(result),
        starts(result),
    ];
    Some(PageSection {
        id: "faults",
        question: "What was done to it, and did it happen?",
        answer: answer(result, &rows),
        body: body.into_iter().collect(),
    })
}

fn answer(result: &RunResult, rows: &[FaultRow<'_>]) -> String {
    let several = result.variants.len() > 1;
    let with = |row: &FaultRow<'_>| {
        let variant = if several { format!(" with {}", row.variant) } else { String::new() };
        format!("{}{variant}", row.what())
    };
    let short: Vec<&FaultRow<'_>> = rows.iter().filter(|row| row.happened() == Some(false)).collect();
    let unknown = rows.iter().filter(|row| row.happened().is_none()).count();
    let known = rows.len() - unknown;
    let every = if rows.iter().any(|row| row.trials() > 1) { " in every trial" } else { "" };
    let mut text = match (known, short.as_slice()) {
        (0, _) => "That cannot be said: no trial with a fault was concluded.".to_owned(),
        (1, []) => match rows.iter().find(|row| row.happened().is_some()) {
            Some(row) => format!("{} acted and reached its dose{every}.", row.what()),
            None => String::new(),
        },
        (n, []) => {
            format!("{} acted; each reached its dose{every}.", PAGE.counted(n as u64, "fault", "faults"))
        }
        (n, short) => {
            let named = short.iter().take(NAMED);
            let mut named: Vec<String> =
                named.map(|row| format!("{} ({})", with(row), maybe(row.shortfall(PAGE), |s| s))).collect();
            if short.len() > NAMED {
                named.push(format!("{} more", short.len() - NAMED));
            }
            format!(
                "{} of {} did not reach {} dose{every}: {}.",
                short.len(),
                PAGE.counted(n as u64, "fault", "faults"),
                if short.len() == 1 { "its" } else { "their" },
                named.join("; ")
            )
        }
    };
    if unknown > 0 && known > 0 {
        text += &format!(" Of {} nothing is known.", PAGE.counted(unknown as u64, "more", "more"));
    }
    text
}

fn table(rows: &[FaultRow<'_>]) -> Html {
    let missed = rows.iter().any(|row| !row.missed(PAGE).is_empty());
    let titles =
        ["Fault", "Variant", "On", "When", "Dose | and the least it needs", "Happened", "Counted beside it"];
    let titles = titles.into_iter().chain(missed.then_some("Missed"));
    let mut grid = Grid::new("Faults by variant, in the order in which they acted", titles);
    for row in rows {
        let mut cells = cells(row);
        cells.extend(missed.then(|| joined(&row.missed(PAGE))));
        grid.marked(cells);
    }
    fold(grid.len(), &format!("All {} faults", grid.len()), grid.render())
}

fn joined(texts: &[String]) -> Html {
    Html::text(if texts.is_empty() { NONE.to_owned() } else { texts.join("; ") })
}

fn cells(row: &FaultRow<'_>) -> Vec<Html> {
    let doses = row.doses(PAGE);
    let (main, beside) = doses.split_first().map_or((None, &[][..]), |(main, rest)| (Some(main), rest));
    let per_trial = if row.trials() > 1 { " per trial" } else { "" };
    let needed = row.needed(PAGE).map(|needed| format!("needs {needed}{per_trial}"));
    let needed = needed.map_or_else(Html::new, |text| Html::leaf("small", "", text));
    let when = if row.trials() == 0 { NONE.to_owned() } else { row.when(PAGE) };
    vec![
        Html::text(format!("{} · {}", row.number + 1, row.title())),
        Html::text(row.variant),
        Html::text(&row.on),
        Html::text(when),
        Html::text(maybe(main, String::clone)).with(&needed),
        happened(row),
        joined(beside),
    ]
}

/// Whether it happened; a sign as well as a colour.
fn happened(row: &FaultRow<'_>) -> Html {
    let of = row.in_trials(PAGE).map_or_else(Html::new, |text| Html::leaf("small", "", text));
    match row.happened() {
        None => doubt("no trial concluded it"),
        Some(true) => Html::leaf("span", "ok", "✓ yes").with(&of),
        Some(false) => Html::leaf("span", "badge bad", "✗ no").with(&of),
    }
}

/// Failed exports by what their error said.
fn failures(result: &RunResult) -> Html {
    let titles = [
        "Variant",
        "#Failed | calls",
        "#Of all | calls",
        "What the errors said",
        "#Longest call | with a result",
        "#Without a result | calls",
        "#Received, though reported as failed | spans",
    ];
    let mut grid = Grid::new("Exports that failed, over the whole trials", titles);
    for variant in &result.variants {
        let exports = || variant.trials.iter().map(|trial| &trial.exports);
        let failed: u64 = exports().map(|exports| exports.failed).sum();
        let open: u64 = exports().map(|exports| exports.unfinished).sum();
        if failed + open == 0 {
            continue;
        }
        let mut by: BTreeMap<String, u64> = BTreeMap::new();
        for (cause, calls) in exports().flat_map(|exports| &exports.failed_by) {
            *by.entry(cause.clone()).or_default() += calls;
        }
        let causes: Vec<String> = words::causes(&by)
            .iter()
            .map(|(calls, cause)| format!("{} {cause}", PAGE.count(*calls)))
            .collect();
        let longest = exports().filter_map(|exports| exports.longest_ms).reduce(f64::max);
        grid.row([
            variant.name.clone(),
            PAGE.count(failed),
            PAGE.count(exports().map(|exports| exports.calls).sum()),
            if causes.is_empty() { NONE.to_owned() } else { causes.join(", ") },
            maybe(longest, |ms| PAGE.lasting(ms)),
            PAGE.count(open),
            PAGE.count(variant.trials.iter().map(|trial| trial.ledger.reported_failed).sum()),
        ]);
    }
    fold(grid.len(), &format!("Failed exports of {} variants", grid.len()), grid.render())
}

/// Services that were started again.
fn starts(result: &RunResult) -> Html {
    let titles = ["Service", "Variant", "#Started again | times", "#Trials"];
    let mut grid = Grid::new("Services that were started again", titles);
    for variant in &result.variants {
        for (service, again) in again(variant) {
            grid.row([
                service.to_owned(),
                variant.name.clone(),
                PAGE.count(again),
                PAGE.count(variant.trials.len() as u64),
            ]);
        }
    }
    fold(grid.len(), &format!("Services that were started again ({} rows)", grid.len()), grid.render())
}

fn again(variant: &VariantResult) -> Vec<(&str, u64)> {
    let mut out: Vec<(&str, u64)> = Vec::new();
    let more = |service: &ServiceResult| u64::from(service.starts.saturating_sub(1));
    let services = variant.trials.iter().flat_map(|trial| &trial.services);
    for service in services.filter(|service| more(service) > 0) {
        match out.iter_mut().find(|(name, _)| *name == service.service) {
            Some((_, times)) => *times += more(service),
            None => out.push((&service.service, more(service))),
        }
    }
    out
}
