//! Every claim of the article can come out either way: made-up values for all that it asks for turn its verdict, whatever it is.

use std::collections::BTreeMap;

use spanfate_analysis::claims::judged;
use spanfate_model::finding::claims::register::{RegisteredClaim, RunAsked};
use spanfate_model::finding::claims::{ClaimMeasure, ClaimVerdict, MeasuredFor};
use spanfate_model::scenario::expect::Comparator;
use spanfate_model::verdict::Verdict;

use super::claims::registered;

/// Something that a claim asks for.
struct AskedFor {
    of: MeasuredFor,
    /// Where the value comes from: two questions about one value have one answer.
    value: String,
    test: Option<(Comparator, f64)>,
}

fn asked_for(claim: &RegisteredClaim) -> Vec<AskedFor> {
    let mut out = Vec::new();
    for test in &claim.runs {
        for variant in test.variants.clone().unwrap_or_else(|| vec![String::new()]) {
            let of = MeasuredFor::Run {
                scenario: test.scenario.clone(),
                variant: variant.clone(),
                that: test.that,
                because: test.because,
                premise: test.premise,
            };
            let condition = match test.that {
                RunAsked::Holds(condition) => Some((condition.comparison, condition.bound)),
                RunAsked::Shows(_) => None,
            };
            let value = format!("{}, {variant}: {}", test.scenario, test.that.figure());
            out.push(AskedFor { of, value, test: condition });
        }
    }
    for test in &claim.inspections {
        let of = test.of.clone().unwrap_or_default();
        let value = format!("{} {of}: {}", test.name.as_str(), test.that.figure);
        out.push(AskedFor { of: MeasuredFor::Inspection(test.clone()), value, test: test.that.test });
    }
    for test in &claim.contracts {
        let value = format!("{} {}: {}", test.scenario, test.file, test.that.figure);
        out.push(AskedFor { of: MeasuredFor::Contract(test.clone()), value, test: test.that.test });
    }
    out
}

/// A value for each that has all premises hold, and of the other conditions those that are wanted; nothing where no value does.
fn values(asked: &[AskedFor], wanted: impl Fn(&str) -> bool) -> Option<BTreeMap<String, f64>> {
    let mut out = BTreeMap::new();
    for one in asked {
        let tests = || asked.iter().filter(|other| other.value == one.value);
        let bounds: Vec<f64> = tests().filter_map(|other| Some(other.test?.1)).collect();
        let near = bounds.iter().flat_map(|bound| [*bound, bound + 1.0, bound - 1.0, bound / 2.0]);
        let fits = |value: &f64| {
            tests().all(|other| {
                let is_wanted = other.of.is_premise() || wanted(&one.value);
                other.test.is_none_or(|(comparison, bound)| comparison.holds(*value, bound) == is_wanted)
            })
        };
        out.insert(one.value.clone(), near.chain([1.0]).find(fits)?);
    }
    Some(out)
}

fn measures(asked: &[AskedFor], values: &BTreeMap<String, f64>) -> Vec<ClaimMeasure> {
    let one = |asked: &AskedFor| {
        let value = values[&asked.value];
        let holds = |(comparison, bound): (Comparator, f64)| {
            if comparison.holds(value, bound) { Verdict::Pass } else { Verdict::Fail }
        };
        ClaimMeasure {
            of: asked.of.clone(),
            values: vec![value],
            verdict: asked.test.map(holds),
            reason: None,
            seen: Vec::new(),
        }
    };
    asked.iter().map(one).collect()
}

#[test]
fn other_data_turn_the_verdict_of_every_claim() {
    let mut turned = 0;
    for claim in registered().iter().filter(|claim| claim.not_testable.is_none()) {
        let number = claim.number;
        let asked = asked_for(claim);
        let found = |wanted: &dyn Fn(&str) -> bool| {
            let values = values(&asked, wanted);
            let values =
                values.unwrap_or_else(|| unreachable!("{number}: no data would give it that verdict"));
            measures(&asked, &values)
        };
        let verdict = |measures: Vec<ClaimMeasure>| judged(claim, measures).verdict;
        let conditions: Vec<&AskedFor> =
            asked.iter().filter(|one| one.test.is_some() && !one.of.is_premise()).collect();
        let (all, none) = (found(&|_| true), found(&|_| false));
        if conditions.is_empty() {
            assert_eq!(verdict(all.clone()), ClaimVerdict::Quantified, "{number}");
        } else {
            assert_eq!(verdict(all.clone()), ClaimVerdict::Reproduced, "{number}");
            assert_eq!(verdict(none.clone()), ClaimVerdict::Refuted, "{number}");
        }
        if let [first, rest @ ..] = conditions.as_slice()
            && rest.iter().any(|other| other.value != first.value)
        {
            let some = found(&|value| value == first.value);
            assert_eq!(verdict(some), ClaimVerdict::Partly, "{number}");
        }
        // Whatever is not measured, or is a premise that does not hold, leaves it open.
        for at in 0..all.len() {
            for from in [&all, &none] {
                let mut open = from.clone();
                open[at].values.clear();
                open[at].verdict = open[at].verdict.map(|_| Verdict::Inconclusive);
                let decides = open[at].verdict.is_some() || conditions.is_empty();
                if decides {
                    assert_eq!(verdict(open), ClaimVerdict::Inconclusive, "{number}");
                }
                let mut broken = from.clone();
                if broken[at].of.is_premise() {
                    broken[at].verdict = Some(Verdict::Fail);
                    assert_eq!(verdict(broken), ClaimVerdict::Inconclusive, "{number}");
                }
            }
        }
        turned += 1;
    }
    assert!(turned > 70, "{turned}");
}
