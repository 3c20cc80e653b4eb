//! Claims, judged by what runs and inspections measured. A claim's verdict follows from data alone; what its file says of it decides
//! nothing.

use spanfate_model::cause::Because;
use spanfate_model::finding::claims::inspection::InspectionAnswer;
use spanfate_model::finding::claims::register::{InspectionTest, RegisteredClaim, RunAsked, RunTest};
use spanfate_model::finding::claims::{ClaimMeasure, ClaimVerdict, JudgedClaim, MeasuredFor};
use spanfate_model::plan::Plan;
use spanfate_model::result::{Expectation, TrialResult, VariantResult};
use spanfate_model::scenario::expect::Condition;
use spanfate_model::scenario::figure::Figure;
use spanfate_model::verdict::Verdict;

use crate::expect::{judged_for, validity_of, value_of};

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
    MeasuredFor::Run { scenario: test.scenario.clone(), variant: variant.to_owned(), that: test.that }
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
    let reason = values.is_empty().then(|| format!("no trial is valid for {basis}, or has the figure"));
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
            MeasuredFor::Run { scenario, that, .. } => *scenario == test.scenario && *that == test.that,
            MeasuredFor::Inspection(_) => false,
        });
        let measured: Vec<&str> = of_test.filter_map(|measure| variant_of(&measure.of)).collect();
        // Without a run there is one measure for all of its variants.
        let wanted = |names: &Vec<String>| {
            measured.contains(&"") || names.iter().all(|name| measured.contains(&name.as_str()))
        };
        !measured.is_empty() && test.variants.as_ref().is_none_or(wanted)
    });
    let inspections = claim.inspections.iter().all(|test| {
        judged.measures.iter().any(|measure| measure.of == MeasuredFor::Inspection(test.clone()))
    });
    let count = |of_run: bool| {
        let is = |measure: &&ClaimMeasure| matches!(measure.of, MeasuredFor::Run { .. }) == of_run;
        judged.measures.iter().filter(is).count()
    };
    let none_more = claim.inspections.len() == count(false) && (count(true) == 0) == claim.runs.is_empty();
    claim.says == judged.says
        && claim.not_testable.is_some() == (judged.verdict == ClaimVerdict::NotTestable)
        && runs
        && inspections
        && none_more
}

fn variant_of(of: &MeasuredFor) -> Option<&str> {
    match of {
        MeasuredFor::Run { variant, .. } => Some(variant),
        MeasuredFor::Inspection(_) => None,
    }
}

/// The verdict that measures give. Conditions decide where there is one; figures alone quantify.
pub fn verdict_of(measures: &[ClaimMeasure]) -> (ClaimVerdict, Option<String>) {
    let told = |open: &ClaimMeasure| {
        let why = open.reason.as_deref().unwrap_or("it was not measured");
        Some(format!("{}: {why}", open.of))
    };
    let judged: Vec<Verdict> = measures.iter().filter_map(|measure| measure.verdict).collect();
    if judged.is_empty() {
        let open = measures.iter().find(|measure| measure.values.is_empty());
        return match open {
            None if measures.is_empty() => {
                (ClaimVerdict::Inconclusive, Some("nothing is measured for it".to_owned()))
            }
            None => (ClaimVerdict::Quantified, None),
            Some(open) => (ClaimVerdict::Inconclusive, told(open)),
        };
    }
    let is_open = |measure: &&ClaimMeasure| {
        measure.verdict.is_some_and(|verdict| !matches!(verdict, Verdict::Pass | Verdict::Fail))
    };
    if let Some(open) = measures.iter().find(is_open) {
        return (ClaimVerdict::Inconclusive, told(open));
    }
    let passed = judged.iter().filter(|verdict| **verdict == Verdict::Pass).count();
    let verdict = match passed {
        0 => ClaimVerdict::Refuted,
        all if all == judged.len() => ClaimVerdict::Reproduced,
        _ => ClaimVerdict::Partly,
    };
    (verdict, None)
}

#[cfg(test)]
mod tests {
    use spanfate_model::cause::LossFactor;
    use spanfate_model::fate::Fate;
    use spanfate_model::finding::claims::register::ClaimsFile;
    use spanfate_model::result::{CauseShare, PathReplay, VariantSummary};

    use super::*;
    use crate::expect::forge::{Forged, forged};

    /// A claim of a file, as serde reads it.
    fn claim(tests: &serde_json::Value) -> RegisteredClaim {
        let mut file = serde_json::json!({ "source": "made up", "claim": [{ "number": 1, "section": "1", "says": "x" }] });
        for (key, value) in tests.as_object().unwrap() {
            file["claim"][0][key] = value.clone();
        }
        serde_json::from_value::<ClaimsFile>(file).unwrap().claims.remove(0)
    }

    fn of_trials(claim: &RegisteredClaim, forged: &Forged) -> ClaimVerdict {
        let variant = VariantResult {
            name: "v".to_owned(),
            settings: Vec::new(),
            trials: vec![forged.trial.clone()],
            summary: VariantSummary::default(),
        };
        let measures =
            claim.runs.iter().flat_map(|test| of_run(test, &forged.plan, std::slice::from_ref(&variant)));
        judged(claim, measures.collect()).verdict
    }

    fn of_answer(claim: &RegisteredClaim, figures: &[(&str, f64)]) -> ClaimVerdict {
        let figures = figures.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        let answer = InspectionAnswer { figures, ..InspectionAnswer::default() };
        let measures = claim.inspections.iter().map(|test| of_inspection(test, Some(&answer)));
        judged(claim, measures.collect()).verdict
    }

    #[test]
    fn other_data_give_another_verdict() {
        let run = claim(&serde_json::json!({ "run": [
            { "scenario": "s", "that": "loss.rate > 0 %" },
            { "scenario": "s", "that": "fate.dropped_queue_full > 0", "variants": ["v"] },
        ] }));
        let none = || forged("{}", &[]);
        assert_eq!(of_trials(&run, &none()), ClaimVerdict::Refuted);
        assert_eq!(of_trials(&run, &none().lost(Fate::DroppedQueueFull, 5)), ClaimVerdict::Reproduced);
        // A loss of another kind than the claimed one is half of it at most.
        assert_eq!(of_trials(&run, &none().lost(Fate::RejectedPartial, 5)), ClaimVerdict::Partly);
        let open = none().lost(Fate::DroppedQueueFull, 5).stolen(0.03);
        assert_eq!(of_trials(&run, &open), ClaimVerdict::Inconclusive);

        let found = claim(&serde_json::json!({ "inspect": [
            { "name": "queue_capacity", "that": "accepted == 1000" },
            { "name": "queue_capacity", "that": "dropped > 0" },
        ] }));
        assert_eq!(of_answer(&found, &[("accepted", 1000.0), ("dropped", 9.0)]), ClaimVerdict::Reproduced);
        assert_eq!(of_answer(&found, &[("accepted", 2560.0), ("dropped", 9.0)]), ClaimVerdict::Partly);
        assert_eq!(of_answer(&found, &[("accepted", 2560.0), ("dropped", 0.0)]), ClaimVerdict::Refuted);
        assert_eq!(of_answer(&found, &[("accepted", 2560.0)]), ClaimVerdict::Inconclusive);
    }

    #[test]
    fn a_loss_of_another_cause_reproduces_nothing() {
        let claimed = |because: &str| {
            let that = "fate.dropped_queue_full > 0";
            claim(&serde_json::json!({ "run": [{ "scenario": "s", "that": that, "because": because }] }))
        };
        let mut lost = forged("{}", &[]).lost(Fate::DroppedQueueFull, 500);
        assert_eq!(of_trials(&claimed("slow_answer"), &lost), ClaimVerdict::Inconclusive, "no replay");
        lost.trial.replays = vec![PathReplay {
            fits: true,
            dropped: 500,
            causes: vec![CauseShare { cause: LossFactor::CpuStarved, share: 0.9, alone: 0.9 }],
            ..PathReplay::default()
        }];
        assert_eq!(of_trials(&claimed("slow_answer"), &lost), ClaimVerdict::Refuted);
        assert_eq!(of_trials(&claimed("cpu"), &lost), ClaimVerdict::Reproduced);
    }

    #[test]
    fn figures_alone_quantify_and_an_anecdote_is_not_testable() {
        let shown = claim(&serde_json::json!({ "inspect": [{ "name": "move_cost", "that": "copy_us" }] }));
        assert_eq!(of_answer(&shown, &[("copy_us", 90.0)]), ClaimVerdict::Quantified);
        assert_eq!(of_answer(&shown, &[("other", 90.0)]), ClaimVerdict::Inconclusive);
        let run = claim(&serde_json::json!({ "run": [{ "scenario": "s", "that": "trace.unmatched" }] }));
        assert_eq!(of_trials(&run, &forged("{}", &[])), ClaimVerdict::Inconclusive, "it has no such figure");
        let rate = claim(&serde_json::json!({ "run": [{ "scenario": "s", "that": "loss.rate" }] }));
        assert_eq!(of_trials(&rate, &forged("{}", &[])), ClaimVerdict::Quantified);
        let anecdote = claim(&serde_json::json!({
            "not_testable": "nobody says of what",
            "inspect": [{ "name": "move_cost", "that": "copy_us > 0" }],
        }));
        assert_eq!(of_answer(&anecdote, &[("copy_us", 90.0)]), ClaimVerdict::NotTestable);
    }

    #[test]
    fn a_verdict_is_of_the_claim_as_it_was_asked() {
        let asked = |that: &str, variants: &[&str]| {
            let run = serde_json::json!([{ "scenario": "s", "that": that, "variants": variants }]);
            claim(&serde_json::json!({ "run": run }))
        };
        let one = asked("loss.rate > 0 %", &["v"]);
        let open = judged(&one, vec![without_run(&one.runs[0], "it did not run")]);
        let measured = |variant: &str| {
            let mut measure = without_run(&one.runs[0], "");
            measure.of = of(&one.runs[0], variant);
            judged(&one, vec![measure])
        };
        for judged in [&open, &measured("v")] {
            assert!(is_of(&one, judged));
            assert!(!is_of(&asked("loss.rate > 1 %", &["v"]), judged), "another bound");
        }
        assert!(!is_of(&asked("loss.rate > 0 %", &["w"]), &measured("v")), "another variant");
        let shown = claim(&serde_json::json!({ "inspect": [{ "name": "clocks", "that": "samples" }] }));
        assert!(!is_of(&shown, &open) && !is_of(&one, &judged(&shown, Vec::new())));
    }

    #[test]
    fn what_did_not_run_or_cannot_be_seen_leaves_a_claim_open() {
        let found = claim(
            &serde_json::json!({ "inspect": [{ "name": "tracepoint", "of": "a:b", "that": "count > 0" }] }),
        );
        let test = &found.inspections[0];
        let cannot =
            InspectionAnswer { cannot: Some("run as root".to_owned()), ..InspectionAnswer::default() };
        for answer in [None, Some(&cannot)] {
            let one = judged(&found, vec![of_inspection(test, answer)]);
            assert_eq!(one.verdict, ClaimVerdict::Inconclusive);
            assert!(one.reason.unwrap().starts_with("tracepoint: count > 0: "));
        }
        let test = claim(&serde_json::json!({ "run": [{ "scenario": "s", "that": "loss.rate > 0 %" }] }));
        let one = judged(&test, vec![without_run(&test.runs[0], "left out by --quick")]);
        assert_eq!(one.reason.unwrap(), "s: loss.rate > 0 %: left out by --quick");
        assert_eq!(verdict_of(&[]).0, ClaimVerdict::Inconclusive);
    }
}
