//! Claims, judged by what runs and inspections measured. A claim's verdict follows from data alone; what its file says of it decides
//! nothing.

use spanfate_model::cause::Because;
use spanfate_model::finding::claims::inspection::InspectionAnswer;
use spanfate_model::finding::claims::register::{
    ContractTest, InspectionTest, RegisteredClaim, RunAsked, RunTest,
};
use spanfate_model::finding::claims::{ClaimMeasure, ClaimVerdict, JudgedClaim, MeasuredFor};
use spanfate_model::finding::contract::ContractResult;
use spanfate_model::plan::Plan;
use spanfate_model::result::{Expectation, TrialResult, VariantResult};
use spanfate_model::scenario::expect::Condition;
use spanfate_model::scenario::figure::Figure;
use spanfate_model::verdict::Verdict;

use crate::expect::{judged_for, validity_of, value_of, why_unknown};

/// What a run says of what is asked of it, variant by variant.
pub fn of_run(test: &RunTest, plan: &Plan, variants: &[VariantResult]) -> Vec<ClaimMeasure> {
    let asked = |name: &str| test.variants.as_ref().is_none_or(|names| names.iter().any(|one| one == name));
    let mut out: Vec<ClaimMeasure> = Vec::new();
    for planned in plan.variants.iter().filter(|planned| asked(&planned.name)) {
        let variant = variants.iter().find(|variant| variant.name == planned.name);
        let measure = match (variant, &test.that) {
            // A trial that the harness could not begin leaves no result of its variant.
            (None, _) => not_measured(test, &planned.name, "no trial of it was concluded".to_owned()),
            (Some(variant), RunAsked::Holds(condition)) => held(test, condition, plan, variant),
            (Some(variant), RunAsked::Shows(figure)) => shown(test, *figure, variant),
        };
        out.push(measure);
    }
    if out.is_empty() {
        out.push(not_measured(test, "", "the run has none of its variants".to_owned()));
    }
    out
}

/// The same where there is no result of a run.
pub fn without_run(test: &RunTest, why: &str) -> ClaimMeasure {
    not_measured(test, "", why.to_owned())
}

fn of(test: &RunTest, variant: &str) -> MeasuredFor {
    MeasuredFor::Run {
        scenario: test.scenario.clone(),
        variant: variant.to_owned(),
        that: test.that,
        because: test.because,
        premise: test.premise,
    }
}

fn not_measured(test: &RunTest, variant: &str, why: String) -> ClaimMeasure {
    let verdict = matches!(test.that, RunAsked::Holds(_)).then_some(Verdict::Inconclusive);
    ClaimMeasure { of: of(test, variant), values: Vec::new(), verdict, reason: Some(why), seen: Vec::new() }
}

fn held(test: &RunTest, condition: &Condition, plan: &Plan, variant: &VariantResult) -> ClaimMeasure {
    let cause: Option<Because> = test.because;
    let Expectation { values, verdict, reason, .. } = judged_for(condition, cause, plan, variant);
    ClaimMeasure { of: of(test, &variant.name), values, verdict: Some(verdict), reason, seen: Vec::new() }
}

fn shown(test: &RunTest, figure: Figure, variant: &VariantResult) -> ClaimMeasure {
    let basis = validity_of(figure);
    let valid = |trial: &&TrialResult| trial.is_valid(basis);
    let values: Vec<f64> =
        variant.trials.iter().filter(valid).filter_map(|trial| value_of(figure, trial)).collect();
    let reason = values.is_empty().then(|| why_unknown(figure, variant));
    ClaimMeasure { of: of(test, &variant.name), values, verdict: None, reason, seen: Vec::new() }
}

/// What an inspection says of what is asked of it; nothing was answered where it did not run.
pub fn of_inspection(test: &InspectionTest, answer: Option<&InspectionAnswer>) -> ClaimMeasure {
    let out = ClaimMeasure {
        of: MeasuredFor::Inspection(test.clone()),
        values: Vec::new(),
        verdict: test.that.test.map(|_| Verdict::Inconclusive),
        reason: None,
        seen: Vec::new(),
    };
    let Some(answer) = answer else {
        return ClaimMeasure { reason: Some("it did not run".to_owned()), ..out };
    };
    if let Some(why) = &answer.cannot {
        return ClaimMeasure { reason: Some(why.clone()), ..out };
    }
    let Some(value) = answer.figures.get(&test.that.figure) else {
        let known: Vec<&str> = answer.figures.keys().map(String::as_str).collect();
        let why = format!("it has no figure `{}`; it has: {}", test.that.figure, known.join(", "));
        return ClaimMeasure { reason: Some(why), ..out };
    };
    let verdict =
        test.that.test.map(
            |(comparison, bound)| {
                if comparison.holds(*value, bound) { Verdict::Pass } else { Verdict::Fail }
            },
        );
    ClaimMeasure { values: vec![*value], verdict, seen: answer.seen.clone(), ..out }
}

/// What a contract says of what is asked of it, held against a run; or why it could not be held against one.
pub fn of_contract(test: &ContractTest, found: Result<&ContractResult, &str>) -> ClaimMeasure {
    let out = ClaimMeasure {
        of: MeasuredFor::Contract(test.clone()),
        values: Vec::new(),
        verdict: test.that.test.map(|_| Verdict::Inconclusive),
        reason: None,
        seen: Vec::new(),
    };
    let found = match found {
        Ok(found) => found,
        Err(why) => return ClaimMeasure { reason: Some(why.to_owned()), ..out },
    };
    let (mut kept, mut broken, mut open) = (0_u32, 0_u32, 0_u32);
    for rule in &found.rules {
        match rule.verdict {
            Verdict::Pass => kept += 1,
            Verdict::Fail => broken += 1,
            _ => open += 1,
        }
    }
    let value = f64::from(match test.that.figure.as_str() {
        "kept" => kept,
        "open" => open,
        _ => broken,
    });
    let why_open = found.rules.iter().flat_map(|rule| &rule.open).next();
    // A rule that is open may be either.
    if let Some(why) = why_open.filter(|_| test.that.figure != "open") {
        return ClaimMeasure { values: vec![value], reason: Some(why.clone()), ..out };
    }
    let verdict =
        test.that.test.map(
            |(comparison, bound)| {
                if comparison.holds(value, bound) { Verdict::Pass } else { Verdict::Fail }
            },
        );
    let findings = found.rules.iter().flat_map(|rule| &rule.findings);
    let seen = findings.map(|one| format!("line {}: {}", one.line, one.text)).collect();
    ClaimMeasure { values: vec![value], verdict, seen, ..out }
}

/// What follows for a claim from all that was measured for it.
pub fn judged(claim: &RegisteredClaim, measures: Vec<ClaimMeasure>) -> JudgedClaim {
    let (verdict, reason) = match &claim.not_testable {
        Some(why) => (ClaimVerdict::NotTestable, Some(why.clone())),
        None => verdict_of(&measures),
    };
    JudgedClaim { number: claim.number, says: claim.says.clone(), verdict, reason, measures }
}

/// Whether what was judged is what the claim says and asks now.
pub fn is_of(claim: &RegisteredClaim, judged: &JudgedClaim) -> bool {
    let runs = claim.runs.iter().all(|test| {
        let of_test = judged.measures.iter().filter(|measure| match &measure.of {
            MeasuredFor::Run { scenario, that, because, premise, .. } => {
                *scenario == test.scenario
                    && *that == test.that
                    && *because == test.because
                    && *premise == test.premise
            }
            MeasuredFor::Inspection(_) | MeasuredFor::Contract(_) => false,
        });
        let measured: Vec<&str> = of_test.filter_map(|measure| variant_of(&measure.of)).collect();
        // Without a run there is one measure for all of its variants.
        let wanted = |names: &Vec<String>| {
            measured.contains(&"") || names.iter().all(|name| measured.contains(&name.as_str()))
        };
        !measured.is_empty() && test.variants.as_ref().is_none_or(wanted)
    });
    let has = |of: MeasuredFor| judged.measures.iter().any(|measure| measure.of == of);
    let inspections = claim.inspections.iter().all(|test| has(MeasuredFor::Inspection(test.clone())))
        && claim.contracts.iter().all(|test| has(MeasuredFor::Contract(test.clone())));
    let count = |of_run: bool| {
        let is = |measure: &&ClaimMeasure| matches!(measure.of, MeasuredFor::Run { .. }) == of_run;
        judged.measures.iter().filter(is).count()
    };
    let others = claim.inspections.len() + claim.contracts.len();
    let none_more = others == count(false) && (count(true) == 0) == claim.runs.is_empty();
    claim.says == judged.says
        && claim.not_testable.is_some() == (judged.verdict == ClaimVerdict::NotTestable)
        && runs
        && inspections
        && none_more
}

fn variant_of(of: &MeasuredFor) -> Option<&str> {
    match of {
        MeasuredFor::Run { variant, .. } => Some(variant),
        MeasuredFor::Inspection(_) | MeasuredFor::Contract(_) => None,
    }
}

/// The verdict that measures give. Conditions decide where there is one; figures alone quantify. Where a premise does not hold, or is
/// open, nothing else decides: what was measured may have another reason.
pub fn verdict_of(measures: &[ClaimMeasure]) -> (ClaimVerdict, Option<String>) {
    let (premises, said): (Vec<&ClaimMeasure>, Vec<&ClaimMeasure>) =
        measures.iter().partition(|measure| measure.of.is_premise());
    if let Some(broken) = premises.iter().find(|premise| premise.verdict != Some(Verdict::Pass)) {
        return (ClaimVerdict::Inconclusive, Some(told(broken)));
    }
    let judged: Vec<Verdict> = said.iter().filter_map(|measure| measure.verdict).collect();
    if judged.is_empty() {
        let open = said.iter().find(|measure| measure.values.is_empty());
        return match open {
            None if said.is_empty() => {
                (ClaimVerdict::Inconclusive, Some("nothing is measured for it".to_owned()))
            }
            None => (ClaimVerdict::Quantified, None),
            Some(open) => (ClaimVerdict::Inconclusive, Some(told(open))),
        };
    }
    let is_open = |measure: &&&ClaimMeasure| {
        measure.verdict.is_some_and(|verdict| !matches!(verdict, Verdict::Pass | Verdict::Fail))
    };
    if let Some(open) = said.iter().find(is_open) {
        return (ClaimVerdict::Inconclusive, Some(told(open)));
    }
    let passed = judged.iter().filter(|verdict| **verdict == Verdict::Pass).count();
    let verdict = match passed {
        0 => ClaimVerdict::Refuted,
        all if all == judged.len() => ClaimVerdict::Reproduced,
        _ => ClaimVerdict::Partly,
    };
    (verdict, None)
}

/// Why a measure leaves a claim open: it was not measured, or it is a premise that does not hold.
fn told(open: &ClaimMeasure) -> String {
    let why = match (&open.reason, open.values.as_slice()) {
        (Some(reason), _) => reason.clone(),
        (None, []) => "it was not measured".to_owned(),
        (None, values) => {
            let values: Vec<String> = values.iter().map(f64::to_string).collect();
            format!("measured {}, so nothing else says anything", values.join(", "))
        }
    };
    format!("{}: {why}", open.of)
}

#[cfg(test)]
mod tests;
