//! What to set, for each configuration that loses: first what this run has shown to lose nothing under the same conditions, else what
//! the law says.

use spanfate_model::advice::demand::Demand;
use spanfate_model::advice::lines::lines;
use spanfate_model::advice::plan::{Now, Plan as Worked, plan};
use spanfate_model::advice::settings::Settings;
use spanfate_model::exporter::{Exporter, OnFull};
use spanfate_model::fate::{Fate, Remedy};
use spanfate_model::fault::Family;
use spanfate_model::plan::PlannedVariant;
use spanfate_model::result::{Prediction, RunResult, VariantResult};
use spanfate_model::unit::Period;

use crate::alike::{planned, same_conditions};
use crate::spans::witnessed;

/// Advice for a configuration that loses spans.
pub(crate) struct Advised<'a> {
    /// What loses.
    pub(crate) loser: &'a VariantResult,
    pub(crate) how: How<'a>,
    /// What helps against fates that no setting of a batch processor stops.
    pub(crate) besides: Vec<&'static str>,
}

/// What helps, and how that is known.
pub(crate) enum How<'a> {
    /// Another configuration lost nothing under the same conditions.
    Measured {
        clean: &'a VariantResult,
        /// What it sets that the loser does not.
        lines: Vec<String>,
    },
    /// The law says so; nothing here has shown it.
    Law(Box<Worked>),
    /// No setting of the batch processor helps.
    NoSetting,
    /// Nothing is known of its batch processor.
    Unknown,
}

/// Advice for every configuration that loses, those that lose most first.
pub(crate) fn advised(result: &RunResult) -> Vec<Advised<'_>> {
    let mut losers: Vec<&VariantResult> =
        result.variants.iter().filter(|variant| variant.summary.lost > 0).collect();
    losers.sort_by(|a, b| b.summary.loss.mean.total_cmp(&a.summary.loss.mean));
    let advise = |loser| {
        let how = how(result, loser);
        let besides = if matches!(how, How::Measured { .. }) { Vec::new() } else { besides(loser) };
        Advised { loser, how, besides }
    };
    losers.into_iter().map(advise).collect()
}

fn fates(loser: &VariantResult) -> impl Iterator<Item = Fate> {
    loser.summary.lost_by_fate.keys().copied()
}

fn besides(loser: &VariantResult) -> Vec<&'static str> {
    let mut named: Vec<Fate> = fates(loser).collect();
    named.sort_by_key(|fate| fate.name());
    let others = named.into_iter().filter_map(|fate| match fate.facts().remedy {
        Remedy::Other(text) => Some(text),
        Remedy::None | Remedy::Settings => None,
    });
    others.collect()
}

fn how<'a>(result: &'a RunResult, loser: &'a VariantResult) -> How<'a> {
    let plan = &result.plan;
    let Some(own) = planned(plan, &loser.name) else { return How::Unknown };
    if let Some((clean, lines)) = measured(result, own) {
        return How::Measured { clean, lines };
    }
    if fates(loser).any(|fate| fate.facts().remedy == Remedy::Settings) {
        return demand(result, own, loser)
            .and_then(|demand| self::plan(&demand, &Now::DEFAULT))
            .map_or(How::Unknown, |worked| How::Law(Box::new(worked)));
    }
    How::NoSetting
}

/// Whether one could be set in place of the other: the same befell both, and both sample the same.
fn comparable(a: &PlannedVariant, b: &PlannedVariant) -> bool {
    let sampling = |exporter: &Exporter| (exporter.sampler, exporter.ratio);
    same_conditions(a, b) && a.build == b.build && sampling(&a.exporter) == sampling(&b.exporter)
}

/// Of the configurations that lost nothing under the same conditions the cheapest: one that does not make requests wait, with the
/// shortest queue and batch, that sets least.
fn measured<'a>(result: &'a RunResult, loser: &PlannedVariant) -> Option<(&'a VariantResult, Vec<String>)> {
    let clean = result.variants.iter().filter(|variant| {
        let summary = &variant.summary;
        let seen = variant.trials.iter().all(witnessed) && variant.trials.iter().any(|t| t.loss.due > 0);
        summary.loss.valid && summary.lost == 0 && seen
    });
    let mut all: Vec<_> = clean
        .filter_map(|variant| {
            let own = planned(&result.plan, &variant.name).filter(|own| comparable(own, loser))?;
            let exporter = &own.exporter;
            let lines = lines(exporter, &loser.exporter);
            let effective = variant.trials.iter().find_map(|trial| trial.effective.as_ref());
            // Less than the defaults saves nothing: a queue takes the memory of the spans in it.
            let default = Settings::DEFAULT;
            let held =
                effective.map_or(u32::MAX, |e| e.queue.max(default.queue) + e.batch.max(default.batch));
            let price = (exporter.on_full == Some(OnFull::Block), held, lines.len());
            (!lines.is_empty()).then_some((price, variant, lines))
        })
        .collect();
    all.sort_by_key(|(price, ..)| *price);
    all.into_iter().next().map(|(_, variant, lines)| (variant, lines))
}

/// What the law is asked: the rate, the time of an export and the longest outage that this configuration met.
fn demand(result: &RunResult, planned: &PlannedVariant, loser: &VariantResult) -> Option<Demand> {
    let plan = &result.plan;
    let law = worst_law(loser)?;
    let cuts = planned.faults.iter().filter(|fault| {
        matches!(fault.kind.family(), Family::Network | Family::Receiver) && !fault.kind.is_moment()
    });
    let outage = cuts.filter_map(|fault| fault.lasting).map(Period::seconds).fold(0.0, f64::max);
    let first = plan.services.first();
    let exporter = first.map_or(planned.exporter, |service| plan.exporter_of(planned, service));
    Some(Demand {
        spans_per_s: law.spans_per_s,
        round_trip_s: law.export_ms / 1e3,
        round_trip_of: law.batch,
        per_span_s: per_span(result),
        outage_s: outage,
        protocol: exporter.protocol.unwrap_or_default(),
        burst: None,
        stall_s: 0.0,
    })
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

/// What the law was fed with where most was lost.
pub(crate) fn worst_law(variant: &VariantResult) -> Option<&Prediction> {
    let worst = variant.trials.iter().max_by_key(|trial| trial.loss.lost)?;
    let services = worst.services.iter().filter(|service| service.loss.predicted.is_some());
    let service = services.max_by_key(|service| service.loss.lost);
    service.map_or(worst.loss.predicted.as_ref(), |service| service.loss.predicted.as_ref())
}
