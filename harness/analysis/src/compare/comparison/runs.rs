//! Two runs, made at different times. Their counters are compared exactly; of everything that takes time only a change
//! beyond the drift between runs is believed.

use spanfate_model::load::PlannedLoad;
use spanfate_model::result::{Compared, ComparedBy, Comparison, RunResult, TrialResult, VariantResult};
use spanfate_model::scenario::{ALPHA, Gates};
use spanfate_model::verdict::Verdict;

use super::{complaint, conclude, figures, with};
use crate::statistics::{DRIFT, apart};

/// What the user says about a comparison of two runs.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Apart {
    /// Figures that decide; those of the baseline's scenario, or the usual ones.
    pub gates: Option<Gates>,
    /// Different machines are compared all the same.
    pub any_machine: bool,
}

/// Compares every variant that both runs have, in the baseline's order; empty when they share none.
pub fn compare_runs(baseline: &RunResult, candidate: &RunResult, how: &Apart) -> Vec<Comparison> {
    let other = |name: &str| candidate.variants.iter().find(|variant| variant.name == name);
    let both = baseline.variants.iter().filter_map(|variant| Some((variant, other(&variant.name)?)));
    both.map(|(one, other)| compare_two((baseline, one), (candidate, other), how)).collect()
}

fn compare_two(
    (base_run, base): (&RunResult, &VariantResult),
    (run, candidate): (&RunResult, &VariantResult),
    how: &Apart,
) -> Comparison {
    let environment = base_run.environment.differences(&run.environment);
    let own = base_run.plan.compare.as_ref().map(|compare| compare.gate.clone());
    let gates = how.gates.clone().or(own).unwrap_or_default();
    let (one, other): (Vec<&TrialResult>, Vec<&TrialResult>) =
        (base.trials.iter().collect(), candidate.trials.iter().collect());
    // A variant may have a load of its own; counters of different work say nothing.
    let same_load = load_of(base_run, base) == load_of(run, candidate);
    let mut rows = if same_load { figures::counters(&one, &other) } else { Vec::new() };
    rows.extend(gates.0.iter().map(|(figure, smallest)| {
        let measure = figures::measure(*figure, *smallest);
        let values = |arm: &[&TrialResult]| {
            arm.iter().filter_map(|trial| figures::valid(*figure, trial)).collect::<Vec<_>>()
        };
        let (base, candidate) = (values(&one), values(&other));
        let judged = apart(&base, &candidate, &measure, DRIFT);
        with(0, figures::row(*figure, ComparedBy::Apart, base, candidate, &measure), judged)
    }));
    let mut reasons: Vec<(Verdict, String)> = rows.iter().filter_map(believed).collect();
    if !environment.is_empty() && !how.any_machine {
        let why = format!("the runs were made on different machines ({})", environment.join("; "));
        reasons = vec![(Verdict::Inconclusive, why)];
    }
    if !same_load {
        reasons.push((Verdict::Inconclusive, "the runs had different loads".to_owned()));
    }
    conclude(
        Comparison {
            baseline: format!("{} {}", base_run.run_id, base.name),
            candidate: format!("{} {}", run.run_id, candidate.name),
            pairs: one.len().min(other.len()) as u64,
            planned: one.len().max(other.len()) as u64,
            interleaved: false,
            alpha: ALPHA,
            looks: None,
            environment,
            rows,
            verdict: Verdict::Pass,
            reasons: Vec::new(),
        },
        reasons,
    )
}

fn load_of<'a>(run: &'a RunResult, variant: &VariantResult) -> Option<&'a PlannedLoad> {
    let planned = run.plan.variants.iter().find(|planned| planned.name == variant.name)?;
    Some(run.plan.load_of(planned))
}

/// What a row says about the verdict. That two runs apart cannot show small changes is known before; so it is no reason to
/// call all of it inconclusive, only values that are missing are.
fn believed(row: &Compared) -> Option<(Verdict, String)> {
    let found = complaint(row)?;
    let measured = row.effect.is_some();
    (found.0 != Verdict::Inconclusive || !measured).then_some(found)
}
