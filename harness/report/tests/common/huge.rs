//! A run as large as anybody's: every fate, 10^8 spans in each trial, and names as long as instruments allow.

use std::collections::BTreeMap;

use spanfate_model::books::ledger::{Expected, FateCount, Ledger};
use spanfate_model::exporter::Exporter;
use spanfate_model::fate::{Fate, FateClass};
use spanfate_model::result::{RunResult, Slice, TrialResult};

use super::chain::call_each_other;
use super::{case, expectations, run, summary};

/// Spans created in each trial.
const CREATED: u64 = 100_000_000;
/// Length of the names.
const LONG: usize = 300;
/// Slices of a timeline: ten minutes.
const SLICES: u32 = 2400;

/// Two variants: one with every fate, one with every second.
pub(crate) fn huge() -> RunResult {
    let names =
        [long("every setting at once, ", "queue 65536, batch 2048, "), long("unbroken", "0123456789")];
    let cases = names.map(|name| case(&name, Exporter::default(), 0.3, 30.6));
    let mut result = run(&cases, 1);
    for (at, variant) in result.variants.iter_mut().enumerate() {
        for trial in &mut variant.trials {
            enlarge(trial, at + 1);
        }
    }
    let services = [long("checkout.", "internal."), long("payment", "x"), "stock".to_owned()];
    let spans: Vec<String> = (0..3).map(|n| long(&format!("POST /{n}/"), "orders/{id}/")).collect();
    let parts: Vec<(String, Vec<&str>)> =
        services.into_iter().map(|name| (name, spans.iter().map(String::as_str).collect())).collect();
    call_each_other(&mut result, &parts);
    for variant in &mut result.variants {
        let lost = lost(&variant.trials[0].ledger.fates);
        let rows = variant.trials.iter_mut().flat_map(|trial| &mut trial.breakdown);
        for row in rows.flat_map(|one| &mut one.rows).filter(|row| row.lost > 0) {
            row.lost_by_fate.clone_from(&lost);
        }
        variant.summary = summary(&variant.trials);
    }
    result.expectations = result.variants.iter().flat_map(expectations).collect();
    result
}

fn long(begin: &str, part: &str) -> String {
    begin.chars().chain(part.chars().cycle()).take(LONG).collect()
}

/// Lost spans of the measured part by fate.
fn lost(fates: &BTreeMap<Fate, FateCount>) -> BTreeMap<Fate, u64> {
    let lost = fates.iter().filter(|(fate, _)| fate.class() == FateClass::Lost);
    lost.map(|(fate, count)| (*fate, count.measured)).collect()
}

/// Gives a trial so many spans, every `step`th fate among them: from a single span to tens of millions.
fn enlarge(trial: &mut TrialResult, step: usize) {
    let name = long("GET /", "users/{id}/");
    let before = std::mem::take(&mut trial.ledger.fates);
    let (mut exemplars, mut first) = (Vec::new(), None);
    for count in before.into_values() {
        exemplars.extend(count.exemplars.into_iter().take(2));
        first = first.or(count.first);
    }
    for exemplar in &mut exemplars {
        name.clone_into(&mut exemplar.name);
    }
    if let Some(first) = &mut first {
        (first.name, first.service) = (name.clone(), long("payment", "x"));
    }
    let mut fates = BTreeMap::new();
    let mut left = CREATED;
    let others = Fate::all().into_iter().filter(|fate| *fate != Fate::Received);
    for (at, fate) in (0_u32..).zip(others).step_by(step) {
        let total = 3_u64.pow(at % 16);
        left -= total;
        let first = first.clone().filter(|_| fate.class() == FateClass::Lost);
        let counted = if fate == Fate::LostBeforeReceiver { total } else { 0 };
        let (measured, exemplars) = (total - total / 9, exemplars.clone());
        fates.insert(fate, FateCount { total, measured, counted, exemplars, first });
    }
    let measured = left - left / 9;
    fates.insert(Fate::Received, FateCount { total: left, measured, ..FateCount::default() });
    let lost: u64 = lost(&fates).values().sum();
    (trial.loss.due, trial.loss.received, trial.loss.lost) = (measured + lost, measured, lost);
    trial.loss.rate = lost as f64 / trial.loss.due as f64;
    let silent = fates.iter().filter(|(fate, _)| fate.is_silent());
    trial.loss.silent = silent.clone().map(|(_, count)| count.measured).sum();
    trial.ledger = Ledger {
        created: CREATED,
        created_measured: fates.values().map(|count| count.measured).sum(),
        expected: Expected { spans: CREATED, created: CREATED, ..Expected::default() },
        copies: BTreeMap::from([(1, left)]),
        silent: silent.map(|(_, count)| count.total).sum(),
        fates,
        ..std::mem::take(&mut trial.ledger)
    };
    trial.timeline = timeline(trial, step);
    trial.load.intended = CREATED / 9;
    (trial.load.started, trial.load.answered) = (trial.load.intended, trial.load.intended);
}

fn timeline(trial: &TrialResult, step: usize) -> Vec<Slice> {
    let pattern = trial.timeline.get(4).cloned().unwrap_or_default();
    let fates: Vec<Fate> = lost(&trial.ledger.fates).into_keys().step_by(step).collect();
    let created = CREATED / u64::from(SLICES);
    let slice = |at: u32| {
        let by = fates.iter().zip(1_u64..).map(|(fate, n)| (*fate, n * u64::from(at % 40)));
        let lost_by: BTreeMap<Fate, u64> = by.filter(|(_, lost)| *lost > 0).collect();
        let lost = lost_by.values().sum();
        let at_ms = f64::from(at) * 250.0;
        Slice { at_ms, created, received: created - lost, lost, lost_by, ..pattern.clone() }
    };
    (0..SLICES).map(slice).collect()
}
