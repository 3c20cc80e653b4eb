//! What the scenario's own demand needs, by the law with the times that the search measured; then a run with just that.

use spanfate_model::advice::demand::Demand;
use spanfate_model::advice::plan::{AdvicePlan, Choice, Now, plan};
use spanfate_model::advice::retry::RetryPolicy as Tries;
use spanfate_model::advice::settings::BatchSettings;
use spanfate_model::exporter::{Exporter, Retry};
use spanfate_model::fate::FateClass;
use spanfate_model::finding::frontier::Verified;
use spanfate_model::plan::outages;
use spanfate_model::quantity::unit::Period;
use spanfate_model::result::RunResult;
use spanfate_model::scenario::{Scenario, Variant};

use super::rounds::{TrialSight, seen, worker};
use super::{MeasuredWorker, SearchedVariant, vary};
use crate::error::Error;
use crate::session::Audience;
use crate::session::series::Series;

/// The variant that has what is advised.
const ADVISED: &str = "advised";
/// A larger batch takes longer than was measured before; so it is measured, and worked out again.
const ATTEMPTS: usize = 3;

/// The advice, and the runs that verified it.
pub(super) struct VerifiedAdvice {
    pub(super) plan: AdvicePlan,
    pub(super) verified: Vec<Verified>,
}

/// Works out what the first configuration needs to survive the scenario, and verifies it. `None` where nothing is known of its
/// batch processor.
pub(super) fn advise(
    series: &Series,
    candidate: &SearchedVariant,
    audience: &mut dyn Audience,
) -> Result<Option<VerifiedAdvice>, Error> {
    let scenario = &series.scenario;
    let Some(mut worker_now) = candidate.worker else { return Ok(None) };
    let own = Now { settings: own(candidate, scenario, worker_now), overran: false };
    let mut tried = own;
    let mut per_span = None;
    let mut verified: Vec<Verified> = Vec::new();
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let demand = demand(candidate, scenario, worker_now, per_span);
        let Some(plan) = planned(&demand, &own, &tried) else { return Ok(None) };
        let settings = plan.advised().0.settings;
        let again = verified.iter().any(|one| (one.batch, one.queue) == (settings.batch, settings.queue));
        let lacking = !plan.lacks.is_empty();
        last = Some(plan);
        if again {
            break;
        }
        let selected = series.select(&with(scenario, &candidate.variant, &settings))?;
        let (_, result) = series.run(&selected, audience)?;
        if series.interrupt.requested() {
            break;
        }
        let one = verify(&settings, &result);
        let clean = one.lossy == 0;
        verified.push(one);
        let newest =
            result.variants.iter().flat_map(|variant| &variant.trials).filter_map(worker).next_back();
        let Some(newest) = newest else { break };
        if newest.batch != worker_now.batch {
            let longer = (newest.export_ms - worker_now.export_ms) / 1e3;
            per_span = Some((longer / (f64::from(newest.batch) - f64::from(worker_now.batch))).max(0.0));
        }
        worker_now = newest;
        tried = Now { settings, overran: !clean };
        if clean {
            if lacking {
                // What was measured there says more than what was worked out before.
                let demand = self::demand(candidate, scenario, worker_now, per_span);
                last = planned(&demand, &own, &tried).or(last);
            }
            break;
        }
    }
    Ok(last.map(|plan| VerifiedAdvice { plan, verified }))
}

/// What is advised before anything was tried.
#[cfg(test)]
pub(super) fn first(
    candidate: &SearchedVariant,
    scenario: &Scenario,
    measured: MeasuredWorker,
) -> Option<AdvicePlan> {
    let own = Now { settings: own(candidate, scenario, measured), overran: false };
    planned(&demand(candidate, scenario, measured, None), &own, &own)
}

/// What is set in the configuration; its batch and queue as its SDK says them.
fn own(candidate: &SearchedVariant, scenario: &Scenario, measured: MeasuredWorker) -> BatchSettings {
    let exporter = candidate.variant.exporter.over(scenario.exporter);
    BatchSettings { batch: measured.batch, queue: measured.queue, ..BatchSettings::set_by(&exporter) }
}

/// What to set in place of a configuration's own settings. What was tried and lost spans is not made smaller.
fn planned(demand: &Demand, own: &Now, tried: &Now) -> Option<AdvicePlan> {
    let plan = plan(demand, tried)?;
    let outlook = own.settings.outlook(&plan.demand);
    Some(AdvicePlan { now: Choice { settings: own.settings, outlook }, ..plan })
}

/// What the scenario asks of the configuration.
fn demand(
    candidate: &SearchedVariant,
    scenario: &Scenario,
    worker: MeasuredWorker,
    per_span: Option<f64>,
) -> Demand {
    // What stands behind a collector is that collector's business.
    let exporter = candidate.variant.exporter.over(scenario.exporter);
    let spans_per_s = vary::rate(scenario, &candidate.variant) * candidate.spans_per_request.max(1.0);
    let faults: Vec<_> = scenario.fault.iter().filter(|fault| fault.is_of(&candidate.variant)).collect();
    let outage_s = outages::of_services(&scenario.pipeline.hop, &faults);
    Demand::of(spans_per_s, (worker.export_ms, worker.batch), per_span, &exporter, outage_s)
}

/// The scenario with one variant: that configuration with these settings.
pub(super) fn with(scenario: &Scenario, base: &Variant, settings: &BatchSettings) -> Scenario {
    let ms = |ms: u64| Some(Period::millis(ms));
    let seconds = |seconds: f64| ms((seconds * 1e3).round() as u64);
    let retry = (settings.retry != Tries::SDK).then(|| Retry {
        enabled: true,
        initial: seconds(settings.retry.initial_s),
        max_interval: seconds(settings.retry.most_s),
        max_elapsed: seconds(settings.retry.elapsed_s),
    });
    let exporter = Exporter {
        queue: Some(settings.queue),
        batch: Some(settings.batch),
        export_timeout: ms(settings.export_timeout_ms),
        timeout: ms(settings.exporter_timeout_ms),
        retry,
        ..Exporter::default()
    };
    alone(scenario, base, Variant { exporter: exporter.over(base.exporter), ..base.clone() })
}

/// The scenario with one variant in the place of another.
pub(super) fn alone(scenario: &Scenario, base: &Variant, variant: Variant) -> Scenario {
    let mut out = scenario.clone();
    out.fault.retain(|fault| fault.is_of(base));
    for fault in &mut out.fault {
        fault.variants = None;
    }
    out.variant = vec![Variant { name: ADVISED.to_owned(), ..variant }];
    out
}

/// What the trials with advised settings saw.
pub(super) fn verify(settings: &BatchSettings, result: &RunResult) -> Verified {
    let mut out = Verified { batch: settings.batch, queue: settings.queue, ..Verified::default() };
    for trial in result.variants.iter().flat_map(|variant| &variant.trials) {
        match seen(trial) {
            TrialSight::Clean => out.clean += 1,
            TrialSight::Lossy => out.lossy += 1,
            TrialSight::Unusable => out.unusable += 1,
        }
        out.created += trial.ledger.created;
        out.lost += trial.ledger.class(FateClass::Lost).0;
    }
    out
}
