//! What a search varies: where it begins, and a scenario with other values.

use spanfate_model::finding::frontier::Along;
use spanfate_model::quantity::unit::{Period, Rate};
use spanfate_model::scenario::{LoadOverride, Scenario, Variant};

/// Requests per second of a variant.
pub(super) fn rate(scenario: &Scenario, variant: &Variant) -> f64 {
    let own = variant.load.as_ref().and_then(|load| load.rate);
    own.or(scenario.load.rate).map_or(0.0, |rate| rate.0)
}

/// Length of a trial's load, warm-up included, seconds.
pub(super) fn seconds(scenario: &Scenario) -> f64 {
    let load = spanfate_model::load::PlannedLoad::resolve(&scenario.load);
    load.warmup.seconds() + load.lasting.seconds()
}

/// The scenario's own value, where the search begins; or why there is none.
pub(super) fn start(scenario: &Scenario, variant: &Variant, along: Along) -> Result<f64, String> {
    match along {
        Along::Rate => {
            let rate = rate(scenario, variant);
            let steady = scenario.load.shape.is_none() && scenario.load.replay.is_none();
            let open = !scenario.load.is_closed() && variant.load.as_ref().is_none_or(|l| l.model.is_none());
            if rate > 0.0 && steady && open {
                Ok(rate)
            } else {
                Err(format!(
                    "`{}` has no constant rate that could be varied; give its load a `rate` and no shape, replay or closed model",
                    variant.name
                ))
            }
        }
        Along::Outage => {
            let first = scenario.fault.iter().find(|fault| fault.is_of(variant));
            let lasting = first.and_then(|fault| fault.lasting);
            lasting.map(Period::seconds).filter(|seconds| *seconds > 0.0).ok_or_else(|| {
                format!("`{}` has no fault with a length (`for`) that could be varied", variant.name)
            })
        }
    }
}

/// The scenario with these values, one for each of some of its variants; the others are left out.
pub(super) fn with(scenario: &Scenario, along: Along, values: &[(&Variant, f64)]) -> Scenario {
    let mut out = scenario.clone();
    let names: Vec<&str> = values.iter().map(|(variant, _)| variant.name.as_str()).collect();
    out.variant.retain(|variant| names.contains(&variant.name.as_str()));
    match along {
        Along::Rate => {
            for variant in &mut out.variant {
                let value = values.iter().find(|(one, _)| one.name == variant.name).map(|(_, value)| *value);
                let load = variant.load.clone().unwrap_or_default();
                variant.load = Some(LoadOverride { rate: value.map(Rate), ..load });
            }
        }
        Along::Outage => out.fault = faults(scenario, values),
    }
    // Faults for variants that are left out would name nobody.
    out.fault.retain_mut(|fault| match &mut fault.variants {
        Some(wanted) => {
            wanted.retain(|name| names.contains(&name.as_str()));
            !wanted.is_empty()
        }
        None => true,
    });
    out
}

/// The first fault of each variant as one of its own, with its own length; all others as they are.
fn faults(scenario: &Scenario, values: &[(&Variant, f64)]) -> Vec<spanfate_model::scenario::Fault> {
    let mut out = Vec::new();
    for (index, fault) in scenario.fault.iter().enumerate() {
        let mut others = Vec::new();
        for (variant, value) in values.iter().filter(|(variant, _)| fault.is_of(variant)) {
            let first = scenario.fault.iter().position(|fault| fault.is_of(variant));
            if first == Some(index) {
                let mut own = fault.clone();
                // Whole milliseconds: what a fault can be held to.
                own.lasting = Some(Period::millis((value * 1e3).round().max(1.0) as u64));
                own.variants = Some(vec![variant.name.clone()]);
                out.push(own);
            } else {
                others.push(variant.name.clone());
            }
        }
        if !others.is_empty() {
            out.push(spanfate_model::scenario::Fault { variants: Some(others), ..fault.clone() });
        }
    }
    out
}
