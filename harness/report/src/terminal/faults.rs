//! What was done to the services, whether it happened, and what it did to exports and calls.

use std::collections::BTreeMap;

use spanfate_model::result::{RunResult, TrialResult, VariantResult};

use super::ink::{TermInk, paint};
use super::lines::titled;
use super::traces::{listed, name};
use crate::figures::faults::{FaultRow, rows};
use crate::text::fit::clean;
use crate::text::number::TERMINAL;
use crate::text::words;

/// Faults that have a line although they did what they should; the report has all.
const FAULTS: usize = 24;
/// Variants that have a line about exports or calls.
const VARIANTS: usize = 3;

/// The timeline: one line per fault and variant. What did not happen is never left out.
pub(crate) fn faults(result: &RunResult) -> Vec<String> {
    let all = rows(result);
    let mut room = FAULTS;
    let mut lines = Vec::new();
    for row in &all {
        let calm = row.happened() == Some(true) && row.missed(TERMINAL).is_empty();
        if calm && room == 0 {
            continue;
        }
        room -= usize::from(calm);
        lines.push(line(row));
    }
    let left = all.len() - lines.len();
    if left > 0 {
        lines.push(format!("and {left} more that reached their dose, in the report"));
    }
    lines.iter().enumerate().map(|(at, line)| titled(if at == 0 { "faults" } else { "" }, line)).collect()
}

fn line(row: &FaultRow<'_>) -> String {
    let mut text = format!("{}: {}", name(row.variant), clean(&row.what()));
    if row.happened().is_none() {
        return format!("{text}: {}", paint(TermInk::Warn, "nothing is known of it; no trial concluded it"));
    }
    text += &if row.acted() { format!(" {}", clean(&row.when(TERMINAL))) } else { " never began".to_owned() };
    let trials = row.in_trials(TERMINAL).map(|share| format!(" {share}")).unwrap_or_default();
    if let Some(short) = row.shortfall(TERMINAL) {
        let share = row.short_in_trials(TERMINAL).map(|share| format!(" {share}")).unwrap_or_default();
        text += &format!(": {}", paint(TermInk::Bad, &format!("did not bite{share}: {}", clean(&short))));
    } else if let Some(main) = row.doses(TERMINAL).first() {
        text += &format!(": {}{trials}", clean(main));
    }
    let doses = row.doses(TERMINAL);
    if let Some((_, others)) = doses.split_first().filter(|(_, others)| !others.is_empty()) {
        text += &format!(" ({})", clean(&others.join("; ")));
    }
    for why in row.missed(TERMINAL) {
        text += &format!("; {}", paint(TermInk::Warn, &format!("missed: {}", clean(&why))));
    }
    text
}

/// Failed exports by what their error said, per variant that has any.
pub(crate) fn exports(result: &RunResult) -> Vec<String> {
    let mut all: Vec<(u64, String)> = result.variants.iter().filter_map(failed).collect();
    all.sort_by_key(|(failed, _)| std::cmp::Reverse(*failed));
    let n = all.len();
    listed("exports", all.into_iter().take(VARIANTS).map(|(_, line)| line).collect(), n)
}

fn failed(variant: &VariantResult) -> Option<(u64, String)> {
    let sum = |pick: fn(&TrialResult) -> u64| variant.trials.iter().map(pick).sum::<u64>();
    let failed = sum(|trial| trial.exports.failed);
    if failed == 0 {
        return None;
    }
    let mut text = format!(
        "{}: {} of {} calls failed",
        name(&variant.name),
        paint(TermInk::Bad, &TERMINAL.count(failed)),
        TERMINAL.count(sum(|trial| trial.exports.calls))
    );
    let mut by: BTreeMap<String, u64> = BTreeMap::new();
    for (cause, calls) in variant.trials.iter().flat_map(|trial| &trial.exports.failed_by) {
        *by.entry(cause.clone()).or_default() += calls;
    }
    let causes = words::causes(&by);
    let causes = causes.iter().map(|(calls, cause)| format!("{} {}", TERMINAL.count(*calls), clean(cause)));
    let causes: Vec<String> = causes.collect();
    if !causes.is_empty() {
        text += &format!(": {}", causes.join(", "));
    }
    if let Some(longest) = variant.trials.iter().filter_map(|t| t.exports.longest_ms).reduce(f64::max) {
        text += &format!("; longest call {}", TERMINAL.lasting(longest));
    }
    let open = sum(|trial| trial.exports.unfinished);
    if open > 0 {
        text += &format!("; {} more without a result", TERMINAL.count(open));
    }
    Some((failed, text))
}

/// How much trace context arrived, where a fault took it away or traces came in pieces.
pub(crate) fn calls(result: &RunResult) -> Vec<String> {
    let lost = |variant: &VariantResult| {
        let faults = variant.trials.iter().flat_map(|trial| &trial.faults);
        faults.into_iter().any(|fault| fault.kind == "context_lost")
    };
    let line = |variant: &VariantResult| {
        let damage = variant.summary.damage.as_ref().filter(|damage| damage.calls > 0)?;
        if damage.split == 0 && damage.calls == damage.intact_calls && !lost(variant) {
            return None;
        }
        let (intact, calls) = (TERMINAL.count(damage.intact_calls), TERMINAL.count(damage.calls));
        let intact = if damage.intact_calls < damage.calls { paint(TermInk::Bad, &intact) } else { intact };
        Some(format!(
            "{}: trace context intact at {intact} of {calls} calls between services",
            name(&variant.name)
        ))
    };
    let all: Vec<String> = result.variants.iter().filter_map(line).collect();
    let n = all.len();
    listed("calls", all.into_iter().take(VARIANTS).collect(), n)
}
