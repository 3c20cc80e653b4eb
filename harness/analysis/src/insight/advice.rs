//! What to set, for each configuration that loses: first what this run has shown to lose nothing under the same conditions in several
//! trials, else what the replay of its queue gives, else what the law says.

use spanfate_model::advice::demand::Demand;
use spanfate_model::advice::lines::{assignment, lines};
use spanfate_model::advice::plan::{AdvicePlan as Worked, Now, Shortfall, plan};
use spanfate_model::advice::settings::BatchSettings;
use spanfate_model::advice::why::{go_lines, variables};
use spanfate_model::advice::{BATCH_VARIABLE, QUEUE_VARIABLE};
use spanfate_model::exporter::{Exporter, OnFull};
use spanfate_model::fate::{Fate, Remedy};
use spanfate_model::plan::{PlannedVariant, outages};
use spanfate_model::quantity::unit::Period;
use spanfate_model::result::{
    Advised, How, LossProof, PredictedBy, PredictedLoss, Prediction, Price, RunResult, TrialResult,
    TriedSettings, VariantResult,
};

use super::alike::{replaceable, same_conditions};
use super::predicted;
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
        exporter: None,
        predicted: None,
        besides: besides(loser),
    };
    let Some(own) = planned(&result.plan, &loser.name) else { return none };
    let proof = proof::of(loser).filter(|proof| proof.fitting > 0);
    // That a setting lost nothing once where CPU was short says nothing of the setting.
    if proof.as_ref().is_some_and(LossProof::lacks_cpu) {
        return Advised { how: How::NoCpu, ..none };
    }
    let all = clean(result, own, true);
    let found = measured(&all, own, loser);
    let seen = found.as_ref().map(|found| of_clean(own, loser, found, &none));
    if let (Some(found), Some(seen)) = (&found, &seen)
        && predicted::is_shown(found.variant, found.planned, own, loser)
    {
        return Advised { how: How::Measured, ..seen.clone() };
    }
    // What ran once and lost nothing is no advice by itself. It stands beside what was replayed or worked out, or for want of these.
    let once = |other: Advised| seen.clone().map_or(other, |seen| Advised { how: How::Once, ..seen });
    let settable = || fates(loser).filter(|(fate, _)| fate.facts().remedy == Remedy::Settings);
    if settable().next().is_none() {
        return once(Advised { how: How::NoSetting, ..none });
    }
    let spoilt = || measured(&clean(result, own, false), own, loser).map(|found| found.variant.name.clone());
    let beside = |out: Advised| Advised {
        clean: seen.as_ref().and_then(|seen| seen.clean.clone()).or_else(spoilt),
        ..out
    };
    let worked = worked(result, own, loser);
    // How exports are tried again after an outage only the law knows.
    let of_queue = settable().all(|(fate, _)| fate.facts().full_queue);
    if let Some(remedy) = proof.and_then(|proof| proof.remedy).filter(|_| of_queue || worked.is_none()) {
        let predicted = predicted::by_replay(loser, (remedy.batch, remedy.queue));
        let out = Advised { plan: worked, predicted, ..none };
        return if remedy.dropped > 0 {
            once(Advised { how: How::Short, ..out })
        } else {
            beside(replayed(own, loser, remedy, out))
        };
    }
    let Some(worked) = worked else { return once(none) };
    if let Some(against) =
        all.first().filter(|_| found.is_none() && worked.advised().1.contains(&Shortfall::Ceiling))
    {
        return Advised {
            how: How::Unclear,
            clean: Some(against.0.name.clone()),
            plan: Some(worked),
            ..none
        };
    }
    match (worked.is_settled(), worked.keeps_up()) {
        (true, _) => once(Advised { how: How::Settled, plan: Some(worked), ..none }),
        (_, true) => beside(calculated(own, worked, none)),
        (_, false) => once(Advised { how: How::Short, plan: Some(worked), ..none }),
    }
}

/// What a variant that lost nothing says for one that did.
fn of_clean(
    own: &PlannedVariant,
    loser: &VariantResult,
    found: &CleanVariant<'_>,
    none: &Advised,
) -> Advised {
    Advised {
        lines: found.lines.clone(),
        clean: Some(found.variant.name.clone()),
        price: price(loser, found.variant),
        exporter: Some(found.planned.exporter),
        predicted: predicted::of_variant(loser, own, found.planned),
        besides: Vec::new(),
        ..none.clone()
    }
}

/// Settings under which the replayed queue drops nothing.
fn replayed(own: &PlannedVariant, loser: &VariantResult, remedy: TriedSettings, out: Advised) -> Advised {
    let now = buffer(own, loser);
    let knob = |name: &str, now: u32, then: u64| (u64::from(now) != then).then(|| assignment(name, then));
    let lines =
        [knob(BATCH_VARIABLE, now.batch, remedy.batch), knob(QUEUE_VARIABLE, now.queue, remedy.queue)];
    let spans = |spans: u64| u32::try_from(spans).ok();
    let exporter = Exporter { batch: spans(remedy.batch), queue: spans(remedy.queue), ..own.exporter };
    Advised {
        how: How::Replayed,
        lines: lines.into_iter().flatten().collect(),
        exporter: Some(exporter),
        ..out
    }
}

/// Settings that the capacity model gives, which knows means alone.
fn calculated(own: &PlannedVariant, worked: Worked, none: Advised) -> Advised {
    let (choice, now) = (worked.advised().0, worked.now.settings);
    let settings = choice.settings;
    let changed =
        |then: u64, now: u64, set: Option<Period>| if then == now { set } else { Some(Period::millis(then)) };
    let exporter = Exporter {
        batch: Some(settings.batch),
        queue: Some(settings.queue),
        export_timeout: changed(
            settings.export_timeout_ms,
            now.export_timeout_ms,
            own.exporter.export_timeout,
        ),
        timeout: changed(settings.exporter_timeout_ms, now.exporter_timeout_ms, own.exporter.timeout),
        ..own.exporter
    };
    Advised {
        how: How::Calculated,
        lines: lines_of(&worked),
        // How a connection is tried again only code can set.
        exporter: (settings.retry == now.retry).then_some(exporter),
        predicted: Some(PredictedLoss { loss: choice.outlook.loss, by: PredictedBy::Law }),
        plan: Some(worked),
        ..none
    }
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

/// A variant that lost nothing, and could be set in place of another.
struct CleanVariant<'a> {
    variant: &'a VariantResult,
    planned: &'a PlannedVariant,
    /// What is to be set for it.
    lines: Vec<String>,
}

/// The cheapest of these: one that does not make requests wait, with the shortest queue and batch, that sets least.
fn measured<'a>(
    clean: &[(&'a VariantResult, &'a PlannedVariant)],
    own: &PlannedVariant,
    loser: &VariantResult,
) -> Option<CleanVariant<'a>> {
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
            let found = CleanVariant { variant, planned: other, lines };
            ((more || !full) && !found.lines.is_empty()).then_some((price, found))
        })
        .collect();
    all.sort_by_key(|(price, ..)| *price);
    all.into_iter().next().map(|(_, found)| found)
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
    let faults: Vec<_> = planned.faults.iter().collect();
    let outage_s = outages::of_services(&planned.hops, &faults);
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
