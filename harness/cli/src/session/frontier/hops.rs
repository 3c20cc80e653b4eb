//! The collectors in the path of a search: what its trials measured of them, and what the capacity model says of their limits.

use spanfate_model::advice::hop::{HopDemand, HopSettings};
use spanfate_model::finding::frontier::{Along, HopLimit};
use spanfate_model::plan::outages;
use spanfate_model::result::TrialResult;
use spanfate_model::scenario::pipeline::HopKnobs;
use spanfate_model::scenario::{Scenario, Variant};

use super::{SearchedVariant, vary};

/// A collector that the project configures, as the trials measured it.
#[derive(Clone)]
pub(super) struct MeasuredHop {
    pub(super) name: String,
    /// Its place in the path.
    index: usize,
    pub(super) knobs: HopKnobs,
    /// What it met in the newest trial.
    measured: Option<HopDemand>,
}

/// The collectors of a variant. Of one with a configuration of its user's nobody here knows the settings.
pub(super) fn of(scenario: &Scenario, variant: &Variant) -> Vec<MeasuredHop> {
    let hops = scenario.pipeline.with(&variant.hops, &variant.collectors);
    let ours = hops.into_iter().enumerate().filter(|(_, hop)| hop.own_config().is_none());
    ours.map(|(index, hop)| MeasuredHop { name: hop.name, index, knobs: hop.knobs, measured: None }).collect()
}

/// Takes in what a trial measured.
pub(super) fn learn(hops: &mut [MeasuredHop], trial: &TrialResult) {
    for hop in hops {
        let Some(seen) = trial.hops.iter().find(|seen| seen.name == hop.name) else { continue };
        hop.measured = seen.met(0.0, 0.0).or(hop.measured);
    }
}

/// What the scenario asks of a collector; nothing before it was measured.
pub(super) fn demand(one: &SearchedVariant, hop: &MeasuredHop, scenario: &Scenario) -> Option<HopDemand> {
    let measured = hop.measured?;
    let faults: Vec<_> = scenario.fault.iter().filter(|fault| fault.is_of(&one.variant)).collect();
    Some(HopDemand {
        spans_per_s: vary::rate(scenario, &one.variant) * one.spans_per_request.max(1.0),
        outage_s: outages::of_hop(&scenario.pipeline.hop, &faults, hop.index),
        ..measured
    })
}

/// What the capacity model says of each that was measured.
pub(super) fn limits(
    one: &SearchedVariant,
    along: Along,
    seconds: f64,
    scenario: &Scenario,
) -> Vec<HopLimit> {
    let each = one.spans_per_request.max(1.0);
    let limit = |hop: &MeasuredHop| {
        let demand = demand(one, hop, scenario)?;
        let settings = HopSettings::set_by(&hop.knobs);
        settings.queue.then(|| HopLimit {
            hop: hop.name.clone(),
            room: settings.room(&demand),
            consumers: settings.consumers,
            sent: settings.sent(&demand),
            answer_ms: demand.round_trip_s * 1e3,
            ceiling: settings.ceiling(&demand),
            predicted: match along {
                Along::Rate => settings.carried(&demand, seconds) / each,
                Along::Outage => settings.outlasts(&demand),
            },
        })
    };
    one.hops.iter().filter_map(limit).collect()
}
