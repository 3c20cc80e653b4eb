//! Two runs, made at different times. Their counters are compared exactly; of everything that takes time only a change
//! beyond the drift between runs is believed.

use spanfate_model::load::PlannedLoad;
use spanfate_model::result::{Compared, ComparedBy, Comparison, RunResult, VariantResult};
use spanfate_model::scenario::figure::Figure;
use spanfate_model::scenario::{ALPHA, Gates};
use spanfate_model::verdict::Verdict;

use super::figures::{ComparedArm, ONCE, REPEAT};
use super::{Spoilt, complaint, conclude, figures, with};
use crate::expect::disturbed::PlannedArm;
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
    let (one, other) = (arm(base_run, base), arm(run, candidate));
    // A variant may have a load of its own; counters of different work say nothing.
    let same_load = load_of(base_run, base) == load_of(run, candidate);
    let mut rows = if same_load { figures::counters(&one, &other) } else { Vec::new() };
    // That one trial each tells no times apart is known before. Whoever names figures wants to hear of them all the same.
    let single = one.trials.len() == 1 && other.trials.len() == 1 && how.gates.is_none() && same_load;
    rows.extend(gates.0.iter().map(|(figure, smallest)| compared(*figure, *smallest, &one, &other)));
    let mut reasons: Vec<(Verdict, String)> = rows.iter().filter_map(|row| believed(row, single)).collect();
    if single {
        let gates: Vec<String> = gates.0.keys().map(ToString::to_string).collect();
        let why = format!("{ONCE}: counts are compared; {} need more: {REPEAT}", gates.join(", "));
        reasons.push((Verdict::Pass, why));
    }
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
            pairs: one.trials.len().min(other.trials.len()) as u64,
            planned: one.trials.len().max(other.trials.len()) as u64,
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

fn arm<'a>(run: &'a RunResult, variant: &'a VariantResult) -> ComparedArm<'a> {
    ComparedArm { trials: variant.trials.iter().collect(), planned: PlannedArm::of(&run.plan, &variant.name) }
}

fn load_of<'a>(run: &'a RunResult, variant: &VariantResult) -> Option<&'a PlannedLoad> {
    let planned = run.plan.variants.iter().find(|planned| planned.name == variant.name)?;
    Some(run.plan.load_of(planned))
}

/// A figure of all valid trials of both.
fn compared(figure: Figure, smallest: f64, one: &ComparedArm<'_>, other: &ComparedArm<'_>) -> Compared {
    let measure = figures::measure(figure, smallest);
    let exact = one.is_exact(figure) && other.is_exact(figure);
    let values = |arm: &ComparedArm<'_>| -> Vec<f64> {
        arm.trials.iter().filter_map(|trial| figures::usable(figure, trial, exact)).collect()
    };
    let all = |arm: &ComparedArm<'_>| -> Vec<f64> {
        arm.trials.iter().filter_map(|trial| figures::whole(figure, trial)).collect()
    };
    let (base, candidate) = (values(one), values(other));
    let spoilt = base.len() + candidate.len() < one.trials.len() + other.trials.len();
    let mut judged = apart(&base, &candidate, &measure, DRIFT);
    if spoilt {
        judged = figures::unless_all_say_worse(judged, &apart(&all(one), &all(other), &measure, DRIFT));
    }
    let mut row =
        with(&Spoilt::default(), figures::row(figure, ComparedBy::Apart, base, candidate, &measure), judged);
    let by = one.trials.iter().chain(&other.trials).find_map(|trial| figures::spoilt_by(figure, trial));
    if let (Some(reason), Some(by)) = (&mut row.reason, by) {
        *reason = format!("{reason} (not valid for it: {by})");
    }
    row
}

/// What a row says about the verdict. That two runs apart cannot show small changes is known before; so it is no reason to
/// call all of it inconclusive, only values that are missing are, and counts of one trial each that differ.
fn believed(row: &Compared, single: bool) -> Option<(Verdict, String)> {
    let found = complaint(row)?;
    let known_before = if row.way == ComparedBy::Counter { false } else { single || row.effect.is_some() };
    (found.0 != Verdict::Inconclusive || !known_before).then_some(found)
}
