//! What to set, for each configuration that loses: first what this run has shown to lose nothing under the same conditions, else what
//! the law says.

use spanfate_model::advice::demand::Demand;
use spanfate_model::advice::lines::{assignment, lines};
use spanfate_model::advice::plan::{AdvicePlan as Worked, Now, Shortfall, plan};
use spanfate_model::advice::settings::BatchSettings;
use spanfate_model::advice::why::{go_lines, variables};
use spanfate_model::advice::{BATCH_VARIABLE, QUEUE_VARIABLE};
use spanfate_model::exporter::{Exporter, OnFull};
use spanfate_model::fate::{Fate, Remedy};
use spanfate_model::plan::PlannedVariant;
use spanfate_model::result::{
    Advised, How, LossProof, Prediction, Price, RunResult, TrialResult, TriedSettings, VariantResult,
};
use spanfate_model::scenario::Fault;

use super::alike::{replaceable, same_conditions};
use super::why::{fates, losers};
use super::{planned, worst_law};
use crate::replay::proof;

/// Advice for every configuration that loses, those that lose most first.
pub(super) fn advise(result: &RunResult) -> Vec<Advised> {
    losers(result).into_iter().map(|loser| advised(result, loser)).collect()
}

fn advised(result: &RunResult, loser: &VariantResult) -> Advised {
    let none = Advised {
        variant: loser.name.clone(),
        how: How::Unknown,
        lines: Vec::new(),
        clean: None,
        price: None,
        plan: None,
        besides: besides(loser),
    };
    let Some(own) = planned(&result.plan, &loser.name) else { return none };
    let proof = proof::of(loser).filter(|proof| proof.fitting > 0);
    // That a setting lost nothing once where CPU was short says nothing of the setting.
    if proof.as_ref().is_some_and(LossProof::lacks_cpu) {
        return Advised { how: How::NoCpu, ..none };
    }
    let all = clean(result, own, true);
    if let Some((clean, lines)) = measured(&all, own, loser) {
        let (clean, price) = (Some(clean.name.clone()), price(loser, clean));
        return Advised { how: How::Measured, lines, clean, price, besides: Vec::new(), ..none };
    }
    if !fates(loser).any(|(fate, _)| fate.facts().remedy == Remedy::Settings) {
        return Advised { how: How::NoSetting, ..none };
    }
    let replayed = proof.and_then(|proof| replayed(own, loser, proof.remedy?));
    let Some(worked) = worked(result, own, loser) else {
        let how = if replayed.is_some() { How::Replayed } else { How::Unknown };
        return Advised { how, lines: replayed.unwrap_or_default(), ..none };
    };
    if let Some(lines) = replayed.filter(|_| worked.is_settled() || !worked.keeps_up()) {
        return Advised { how: How::Replayed, lines, plan: Some(worked), ..none };
    }
    if let Some((against, _)) = all.first().filter(|_| worked.advised().1.contains(&Shortfall::Ceiling)) {
        return Advised { how: How::Unclear, clean: Some(against.name.clone()), plan: Some(worked), ..none };
    }
    let (how, lines) = match (worked.is_settled(), worked.keeps_up()) {
        (true, _) => (How::Settled, Vec::new()),
        (_, true) => (How::Calculated, lines_of(&worked)),
        (_, false) => (How::Short, Vec::new()),
    };
    // What ran and lost nothing is said beside what was worked out, although its figures prove less than those of a calm machine.
    let spoilt = (how == How::Calculated).then(|| measured(&clean(result, own, false), own, loser)).flatten();
    let clean = spoilt.map(|(variant, _)| variant.name.clone());
    Advised { how, lines, clean, plan: Some(worked), ..none }
}

/// What is to be pasted of settings under which the replayed queue drops nothing.
fn replayed(own: &PlannedVariant, loser: &VariantResult, remedy: TriedSettings) -> Option<Vec<String>> {
    let now = buffer(own, loser);
    let knob = |name: &str, now: u32, then: u64| (u64::from(now) != then).then(|| assignment(name, then));
    let lines =
        [knob(BATCH_VARIABLE, now.batch, remedy.batch), knob(QUEUE_VARIABLE, now.queue, remedy.queue)];
    (remedy.dropped == 0).then(|| lines.into_iter().flatten().collect())
}

/// What is to be pasted of what was worked out.
fn lines_of(worked: &Worked) -> Vec<String> {
    let (settings, now) = (worked.advised().0.settings, worked.now.settings);
    let set = variables(&settings, &now, &worked.demand);
    let mut out: Vec<String> = set.iter().map(|one| assignment(one.name, one.value)).collect();
    if settings.retry != now.retry {
        out.extend(go_lines(&settings, worked.demand.protocol).iter().map(|line| line.replace('\t', "  ")));
    }
    out
}

/// Its fates that no setting stops, by name.
fn besides(loser: &VariantResult) -> Vec<Fate> {
    let all = fates(loser).map(|(fate, _)| fate);
    let mut others: Vec<Fate> = all.filter(|fate| matches!(fate.facts().remedy, Remedy::Other(_))).collect();
    others.sort_by_key(|fate| fate.name());
    others
}

/// What it costs beside the loser.
fn price(loser: &VariantResult, clean: &VariantResult) -> Option<Price> {
    let p99 = |variant: &VariantResult| variant.summary.response.as_ref().map(|times| times.p99);
    let memory = |variant: &VariantResult| variant.summary.fixture_rss;
    Some(Price { response_p99: (p99(loser)?, p99(clean)?), memory: (memory(loser), memory(clean)) })
}

/// The variants that lost nothing under the same conditions, and could be set in place of one; those whose loss may be believed, or
/// those whose loss is spoilt.
fn clean<'a>(
    result: &'a RunResult,
    own: &PlannedVariant,
    valid: bool,
) -> Vec<(&'a VariantResult, &'a PlannedVariant)> {
    let clean = result.variants.iter().filter(|variant| {
        let summary = &variant.summary;
        let seen = variant.trials.iter().all(TrialResult::is_witnessed)
            && variant.trials.iter().any(|trial| trial.loss.due > 0);
        summary.loss.valid == valid && summary.lost == 0 && seen
    });
    let placed = clean.filter_map(|variant| Some((variant, planned(&result.plan, &variant.name)?)));
    placed.filter(|(_, other)| replaceable(other, own)).collect()
}

/// The cheapest of these: one that does not make requests wait, with the shortest queue and batch, that sets least.
fn measured<'a>(
    clean: &[(&'a VariantResult, &PlannedVariant)],
    own: &PlannedVariant,
    loser: &VariantResult,
) -> Option<(&'a VariantResult, Vec<String>)> {
    let full = fates(loser).any(|(fate, _)| fate.facts().full_queue);
    let before = buffer(own, loser);
    let mut all: Vec<_> = clean
        .iter()
        .filter_map(|(variant, other)| {
            // A queue runs less full of larger batches, and where it is longer. That a smaller one lost nothing was chance.
            let after = buffer(other, variant);
            let lines = lines(&other.exporter, &own.exporter);
            let default = BatchSettings::DEFAULT;
            // Less than the defaults saves nothing: a queue takes the memory of the spans in it.
            let held = after.queue.max(default.queue).saturating_add(after.batch.max(default.batch));
            let price = (other.exporter.on_full == Some(OnFull::Block), held, lines.len());
            let more = (after.batch, after.queue) >= (before.batch, before.queue);
            ((more || !full) && !lines.is_empty()).then_some((price, *variant, lines))
        })
        .collect();
    all.sort_by_key(|(price, ..)| *price);
    all.into_iter().next().map(|(_, variant, lines)| (variant, lines))
}

/// Batch and queue as the SDK says them, or else as they are set.
fn buffer(planned: &PlannedVariant, variant: &VariantResult) -> BatchSettings {
    let set = BatchSettings::set_by(&planned.exporter);
    let effective = variant.trials.iter().find_map(|trial| trial.effective.as_ref());
    effective.map_or(set, |used| BatchSettings { batch: used.batch, queue: used.queue, ..set })
}

/// What the law says for what this configuration met.
fn worked(result: &RunResult, own: &PlannedVariant, loser: &VariantResult) -> Option<Worked> {
    let law = worst_law(loser)?;
    let exporter = exporter(result, own);
    let settings = BatchSettings { batch: law.batch, queue: law.queue, ..BatchSettings::set_by(&exporter) };
    let overran = fates(loser).any(|(fate, _)| fate.facts().full_queue);
    plan(&demand(result, own, law), &Now { settings, overran })
}

fn exporter(result: &RunResult, own: &PlannedVariant) -> Exporter {
    let first = result.plan.services.first();
    first.map_or(own.exporter, |service| result.plan.exporter_of(own, service))
}

/// What the law is asked: the rate, the time of an export and the longest outage that this configuration met.
fn demand(result: &RunResult, planned: &PlannedVariant, law: &Prediction) -> Demand {
    let exporter = exporter(result, planned);
    let export = (law.export_ms, law.batch);
    let outage_s = planned.faults.iter().map(Fault::outage_s).fold(0.0, f64::max);
    Demand::of(law.spans_per_s, export, per_span(result), &exporter, outage_s)
}

/// How much longer an export takes per further span, seconds: the most that two variants show that differ in their batch. `None`
/// where no two do; then a larger batch may take longer than is known.
fn per_span(result: &RunResult) -> Option<f64> {
    let known: Vec<(&PlannedVariant, &Prediction)> = result
        .variants
        .iter()
        .filter_map(|variant| Some((planned(&result.plan, &variant.name)?, worst_law(variant)?)))
        .collect();
    let pairs = known.iter().flat_map(|one| known.iter().map(move |other| (one, other)));
    let slopes = pairs.filter(|((a, one), (b, other))| {
        same_conditions(a, b) && a.exporter.protocol == b.exporter.protocol && one.batch < other.batch
    });
    let slope =
        |((_, one), (_, other)): (&(&PlannedVariant, &Prediction), &(&PlannedVariant, &Prediction))| {
            (other.export_ms - one.export_ms) / 1e3 / f64::from(other.batch - one.batch)
        };
    slopes.map(slope).reduce(f64::max).map(|slope| slope.max(0.0))
}
