//! A load that the machine carries: what it carries is measured by a short trial of each variant before the run.

use std::path::Path;

use spanfate_analysis::carried;
use spanfate_model::plan::fitted::Fitted;
use spanfate_model::plan::{Plan, PlannedTrial};
use spanfate_model::quantity::unit::Period;
use spanfate_run::process::interrupt::Interrupt;
use spanfate_run::runner::Limits;
use spanfate_run::store;

use super::Audience;
use super::carry_out::carry_out;
use super::selected::Selected;
use crate::error::Error;

/// Length of the probe: long enough for fifteen samples of the CPU time.
const WARMUP: Period = Period::millis(500);
const LASTING: Period = Period::millis(1500);

/// Lowers the rate of a plan to a share of what the machine carries, where it does not carry it, and says so in the plan. Loads
/// without one steady rate, and those of variants with a load of their own, stay as they are.
pub(crate) fn fit(
    selected: Selected,
    percent: u32,
    out: Option<&Path>,
    interrupt: &Interrupt,
    audience: &mut dyn Audience,
) -> Result<Selected, Error> {
    let Some(asked) = selected.plan.load.rate.filter(|_| selected.plan.load.is_steady()) else {
        let what = "--fit needs a load with one steady rate; a shape, a replay or a closed load is none";
        return Err(Error::Refused(what.to_owned()));
    };
    let Some(probe) = probe(&selected.plan) else {
        return Err(Error::Refused(
            "--fit fits the scenario's own load, and every variant has another".to_owned(),
        ));
    };
    audience.note(&format!("measuring what this machine carries: {} short trials", probe.trials.len()));
    let probe = Selected { plan: probe, text: selected.text.clone(), folder: selected.folder.clone() };
    let done = carry_out(&probe, out, Limits::default(), interrupt, audience)?;
    let carried: Vec<(String, f64)> = done
        .result
        .variants
        .iter()
        .filter_map(|variant| {
            let trial = variant.trials.first()?;
            Some((variant.name.clone(), carried(trial, &done.result.environment)?))
        })
        .collect();
    store::remove(&done.run.dir)?;
    if let Some(error) = done.stopped {
        return Err(Error::Run(error));
    }
    let fitted = Fitted::of(asked, f64::from(percent) / 100.0, &carried).ok_or_else(|| {
        Error::Refused("no trial shows what this machine carries; run without --fit".to_owned())
    })?;
    audience.note(&fitted.to_string());
    Ok(Selected { plan: with(selected.plan, fitted), ..selected })
}

/// The plan of the short trials: one of each variant that has the scenario's load, without faults and without anything to be judged.
fn probe(plan: &Plan) -> Option<Plan> {
    let mut probe = plan.clone();
    probe.name = format!("{}-fit", plan.name);
    (probe.load.warmup, probe.load.lasting) = (WARMUP, LASTING);
    probe.variants.iter_mut().for_each(|variant| variant.faults.clear());
    let own = |trial: &&PlannedTrial| plan.variant_of(trial).is_none_or(|variant| variant.load.is_some());
    let first = plan.trials.iter().filter(|trial| trial.repetition == 0 && !own(trial));
    probe.trials = first.copied().collect();
    (probe.compare, probe.sweep, probe.expect, probe.claims) = (None, Vec::new(), Vec::new(), Vec::new());
    (!probe.trials.is_empty()).then_some(probe)
}

/// The plan with the rate that fits.
fn with(mut plan: Plan, fitted: Fitted) -> Plan {
    if fitted.is_lower() {
        plan.load.rate = Some(fitted.rate);
        // As somebody would set it: a run of another rate must not pass for one of the file.
        plan.changed.push(format!("load.rate = \"{}\"", fitted.rate));
    }
    plan.fitted = Some(fitted);
    plan
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use spanfate_model::load::PlannedLoad;
    use spanfate_model::quantity::unit::Rate;
    use spanfate_model::scenario::{Load, Scenario, Variant};

    use super::*;

    fn plan() -> Plan {
        let named = |name: &str| Variant { name: name.to_owned(), ..Variant::default() };
        let load = Load::steady(Rate(5000.0), Period(Duration::from_secs(8)));
        let mut scenario = Scenario::new("x".to_owned(), load);
        scenario.variant = vec![named("a"), named("b")];
        scenario.trials = std::num::NonZeroU32::new(3).unwrap();
        Plan::resolve(&scenario)
    }

    #[test]
    fn the_probe_is_one_short_trial_of_each_variant_with_the_load_of_the_scenario() {
        let mut plan = plan();
        let probed = probe(&plan).unwrap();
        assert_eq!(
            (probed.trials.len(), probed.load.lasting, probed.load.rate),
            (2, LASTING, Some(Rate(5000.0)))
        );
        let own = PlannedLoad { rate: Some(Rate(10.0)), ..plan.load.clone() };
        plan.variants[0].load = Some(own.clone());
        let only = probe(&plan).unwrap();
        assert_eq!(only.variant_of(&only.trials[0]).map(|variant| variant.name.as_str()), Some("b"));
        plan.variants[1].load = Some(own);
        assert_eq!(probe(&plan), None);
    }

    #[test]
    fn a_plan_says_what_it_was_fitted_to_and_is_titled_so() {
        let fit = |carries: f64| {
            let fitted = Fitted::of(Rate(5000.0), 0.8, &[("a".to_owned(), carries)]).unwrap();
            with(plan(), fitted)
        };
        let slow = fit(3871.0);
        assert_eq!(
            (slow.load.rate, slow.title().as_str()),
            (Some(Rate(3000.0)), "x (load.rate = \"3000/s\")")
        );
        let fast = fit(20_000.0);
        assert_eq!((fast.load.rate, fast.title().as_str()), (Some(Rate(5000.0)), "x"));
        assert!(fast.fitted.is_some());
    }
}
