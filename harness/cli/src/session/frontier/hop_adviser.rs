//! What the scenario's own demand needs of each collector in the path, by the capacity model with what the search measured; then a run
//! with just that.

use std::collections::BTreeSet;

use spanfate_model::advice::hop::lines::{knobs, lines};
use spanfate_model::advice::hop::{HopSettings, NamedHopPlan, plan};
use spanfate_model::advice::plan::AdvicePlan;
use spanfate_model::advice::settings::BatchSettings;
use spanfate_model::exporter::Protocol;
use spanfate_model::finding::frontier::{SetHop, Verified};
use spanfate_model::result::{RunResult, TrialResult};
use spanfate_model::scenario::Variant;

use super::SearchedVariant;
use super::adviser::{alone, verify, with};
use super::hops::{MeasuredHop, demand};
use crate::error::Error;
use crate::session::Audience;
use crate::session::series::Series;

/// Where a queue that the model advises loses spans all the same, it is tried at twice the length.
const ATTEMPTS: usize = 3;

/// Works out what each collector needs to survive the scenario, and verifies all of it in one run, with what was advised for the service.
/// Nothing where no collector was measured.
pub(super) fn advise(
    series: &Series,
    candidate: &SearchedVariant,
    (sdk, verified): (Option<&AdvicePlan>, &mut Vec<Verified>),
    audience: &mut dyn Audience,
) -> Result<Vec<NamedHopPlan>, Error> {
    let scenario = &series.scenario;
    let planned = |hop: &MeasuredHop| {
        let settings = HopSettings::set_by(&hop.knobs);
        let http = settings.protocol == Protocol::HttpProtobuf;
        Some(NamedHopPlan {
            hop: hop.name.clone(),
            exporter: if http { "otlp_http" } else { "otlp_grpc" }.to_owned(),
            plan: plan(&demand(candidate, hop, scenario)?, &settings)?,
        })
    };
    let mut plans: Vec<NamedHopPlan> = candidate.hops.iter().filter_map(planned).collect();
    let configured = BatchSettings::set_by(&candidate.variant.exporter.over(scenario.exporter));
    for _ in 0..ATTEMPTS {
        if plans.iter().all(|one| one.plan.is_settled()) {
            break;
        }
        let base = set(candidate, &plans);
        let of_service = sdk.map(|plan| plan.advised().0.settings);
        let tried = match &of_service {
            Some(settings) => with(scenario, &base, settings),
            None => alone(scenario, &candidate.variant, base),
        };
        let (_, result) = series.run(&series.select(&tried)?, audience)?;
        if series.interrupt.requested() {
            break;
        }
        let hops = plans.iter().map(named).filter(|one| !one.set.is_empty()).collect();
        let one = Verified { hops, ..verify(&of_service.unwrap_or(configured), &result) };
        let lossy = one.lossy > 0;
        verified.push(one);
        let losing = losing(&result);
        if !lossy || losing.is_empty() {
            break;
        }
        lengthen(&mut plans, &losing);
    }
    Ok(plans)
}

/// The variant with what is advised for its collectors.
fn set(candidate: &SearchedVariant, plans: &[NamedHopPlan]) -> Variant {
    let mut out = candidate.variant.clone();
    for NamedHopPlan { hop, plan, .. } in plans {
        let advised = knobs(&plan.advised.settings, &plan.now.settings);
        let own = out.hops.get(hop).copied().unwrap_or_default();
        out.hops.insert(hop.clone(), advised.over(own));
    }
    out
}

/// What was set of a collector, as it is written in its configuration.
fn named(one: &NamedHopPlan) -> SetHop {
    let lines = lines(&one.plan);
    let set = lines.iter().map(|line| format!("{}: {}", line.keys.join("."), line.value)).collect();
    SetHop { hop: one.hop.clone(), set }
}

/// The collectors in which a trial lost spans.
fn losing(result: &RunResult) -> BTreeSet<String> {
    let trials = result.variants.iter().flat_map(|variant| &variant.trials);
    let hops = trials.flat_map(|trial: &TrialResult| &trial.hops);
    hops.filter(|hop| hop.lost_in_all() > 0).map(|hop| hop.name.clone()).collect()
}

/// Twice the queue for those that lost spans.
fn lengthen(plans: &mut [NamedHopPlan], losing: &BTreeSet<String>) {
    for NamedHopPlan { plan, .. } in plans.iter_mut().filter(|one| losing.contains(&one.hop)) {
        plan.advised.settings.queue_size = plan.advised.settings.queue_size.saturating_mul(2);
        plan.advised.outlook = plan.advised.settings.outlook(&plan.demand);
    }
}
