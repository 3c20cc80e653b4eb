//! Figures of a variant that are added up over its trials, and the price of its witnesses.

use std::collections::BTreeMap;

use spanfate_model::books::breakdown::{Breakdown, BreakdownRow, Spread};
use spanfate_model::books::damage::Damage;
use spanfate_model::plan::{Plan, PlannedVariant};
use spanfate_model::result::{TrialResult, VariantResult, WitnessCost};
use spanfate_model::scenario::WitnessMode;

use crate::books::breakdown::shares;
use crate::insight::alike::same_but_witness;

/// The breakdowns of all trials in one.
pub(crate) fn breakdown(trials: &[&TrialResult]) -> Vec<Breakdown> {
    let Some(first) = trials.first() else { return Vec::new() };
    let of = |by: &str| {
        let rows = trials.iter().flat_map(|trial| &trial.breakdown).filter(|one| one.by == by);
        let mut by_value: BTreeMap<&str, Vec<&BreakdownRow>> = BTreeMap::new();
        for row in rows.flat_map(|one| &one.rows) {
            by_value.entry(&row.value).or_default().push(row);
        }
        let mut rows: Vec<BreakdownRow> = by_value.values().map(|rows| add(rows)).collect();
        let all_lost = rows.iter().map(|row| row.lost).sum();
        for row in &mut rows {
            shares(row, all_lost);
        }
        rows.sort_by(|a, b| b.lost.cmp(&a.lost).then_with(|| a.value.cmp(&b.value)));
        Breakdown { by: by.to_owned(), rows }
    };
    first.breakdown.iter().map(|one| of(&one.by)).collect()
}

fn add(rows: &[&BreakdownRow]) -> BreakdownRow {
    let mut out = BreakdownRow {
        value: rows.first().map_or_else(String::new, |row| row.value.clone()),
        ..BreakdownRow::default()
    };
    for row in rows {
        out.created += row.created;
        out.received += row.received;
        out.lost += row.lost;
        out.deliberate += row.deliberate;
        for (fate, count) in &row.lost_by_fate {
            *out.lost_by_fate.entry(*fate).or_insert(0) += count;
        }
    }
    out.delay = median(rows.iter().filter_map(|row| row.delay));
    out.duration = median(rows.iter().filter_map(|row| row.duration));
    out
}

/// The distribution whose p99 is the median.
fn median(all: impl Iterator<Item = Spread>) -> Option<Spread> {
    let mut all: Vec<Spread> = all.collect();
    all.sort_by(|a, b| a.p99.total_cmp(&b.p99));
    all.get(all.len().saturating_sub(1) / 2).copied()
}

/// The damage of all trials in one.
pub(crate) fn damage(trials: &[&TrialResult]) -> Option<Damage> {
    let mut all = trials.iter().filter_map(|trial| trial.damage.as_ref());
    let mut out = all.next()?.clone();
    for one in all {
        out.traces += one.traces;
        out.complete += one.complete;
        out.headless += one.headless;
        out.torn += one.torn;
        out.torn_unseen += one.torn_unseen;
        out.split += one.split;
        out.absent += one.absent;
        out.missing_spans += one.missing_spans;
        out.left_out += one.left_out;
        out.left_out_spans += one.left_out_spans;
        out.calls += one.calls;
        out.intact_calls += one.intact_calls;
        for (sum, service) in out.services.iter_mut().zip(&one.services) {
            sum.traces += service.traces;
            sum.broken += service.broken;
            sum.invisible += service.invisible;
            sum.missing_spans += service.missing_spans;
        }
    }
    out.amplify();
    Some(out)
}

/// Gives every variant that also ran without its process witness, or without its probes, what these cost.
pub(crate) fn price_witnesses(plan: &Plan, variants: &mut [VariantResult]) {
    let unwitnessed = |a: &PlannedVariant, b: &PlannedVariant| {
        plan.is_fully_witnessed(a) && b.witness == Some(WitnessMode::Off) && a.ebpf == b.ebpf
    };
    let unprobed = |a: &PlannedVariant, b: &PlannedVariant| {
        a.ebpf.is_some() && b.ebpf.is_none() && a.witness == b.witness
    };
    let find = |name: &str| plan.variants.iter().find(|variant| variant.name == name);
    for index in 0..variants.len() {
        let Some(with) = find(&variants[index].name) else { continue };
        let price = |less: &dyn Fn(&PlannedVariant, &PlannedVariant) -> bool| {
            let without = variants
                .iter()
                .find(|other| find(&other.name).is_some_and(|b| same_but_witness(with, b) && less(with, b)));
            without.map(|without| cost(&variants[index], without))
        };
        let (witness, probes) = (price(&unwitnessed), price(&unprobed));
        let summary = &mut variants[index].summary;
        (summary.witness_cost, summary.probe_cost) = (witness, probes);
    }
}

fn cost(with: &VariantResult, without: &VariantResult) -> WitnessCost {
    let both = |pick: &dyn Fn(&VariantResult) -> f64| (pick(with), pick(without));
    let response = |pick: fn(&spanfate_model::result::Quantiles) -> f64| {
        move |variant: &VariantResult| variant.summary.response.as_ref().map_or(0.0, pick)
    };
    WitnessCost {
        without: without.name.clone(),
        cpu_us: both(&cpu_per_request),
        response_p50: both(&response(|q| q.p50)),
        response_p99: both(&response(|q| q.p99)),
        loss: both(&|variant| variant.summary.loss.mean),
        trials: (with.summary.trials, without.summary.trials),
    }
}

/// CPU of the services per request of the measured part, microseconds.
fn cpu_per_request(variant: &VariantResult) -> f64 {
    let us = variant.summary.fixture_cpu / variant.summary.achieved.max(1e-9) * 1e6;
    (us * 100.0).round() / 100.0
}
