//! What claims need: each scenario once, with the variants that any of them asks for; each inspection once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use spanfate_model::cause::Because;
use spanfate_model::finding::claims::inspection::Inspected;
use spanfate_model::finding::claims::register::{InspectionTest, RegisteredClaim, RunAsked, RunTest};
use spanfate_model::scenario::expect::Expect;
use spanfate_model::scenario::{Claim, Scenario, Variant};

use crate::error::Error;
use crate::scenario_file::{self, Loaded};
use crate::session::arms::Arm;
use crate::session::selected::{Selected, keep_variants};

/// A scenario that claims need.
pub(super) struct NeededRun {
    /// Its name, as claims have it.
    pub(super) scenario: String,
    /// The variants that are asked for; empty: all.
    pub(super) variants: Vec<String>,
    pub(super) loaded: Scenario,
    pub(super) selected: Selected,
    /// What it takes, about.
    pub(super) seconds: f64,
}

/// The scenarios, in the order in which claims first name them. All are loaded before the first runs: a mistake in the last would
/// cost an hour. With an SDK, variants that name none are built with it.
pub(super) fn needed_runs(
    claims: &[RegisteredClaim],
    source: &str,
    sdk: Option<&Arm>,
    color: bool,
) -> Result<Vec<NeededRun>, Error> {
    let mut names: Vec<&str> = Vec::new();
    for (scenario, _) in claims.iter().flat_map(RegisteredClaim::scenarios) {
        if !names.contains(&scenario) {
            names.push(scenario);
        }
    }
    let one = |name: &str| -> Result<NeededRun, Error> {
        let (loaded, variants) = asked_of(name, claims, source, color)?;
        let Loaded { mut scenario, text, folder, .. } = loaded;
        if let Some(sdk) = sdk {
            build_with(sdk, &mut scenario);
        }
        let selected = Selected::of(&scenario, text, folder)?;
        let seconds = selected.plan.estimated_seconds(&selected.plan.trials);
        Ok(NeededRun { scenario: name.to_owned(), variants, loaded: scenario, selected, seconds })
    };
    names.into_iter().map(one).collect()
}

fn build_with(sdk: &Arm, scenario: &mut Scenario) {
    let Scenario { pipeline, variant, .. } = scenario;
    if variant.is_empty() {
        variant.push(Variant::default());
    }
    // The fixture with bridges in it is built in one way, with the pinned SDK.
    let takes = |variant: &&mut Variant| variant.sdk.is_none() && variant.api.is_otel();
    for variant in variant.iter_mut().filter(takes) {
        sdk.set(pipeline, variant);
    }
}

/// A scenario with only the variants that claims ask for, and with what they say of it; and the names of these, none for all.
fn asked_of(
    name: &str,
    claims: &[RegisteredClaim],
    source: &str,
    color: bool,
) -> Result<(Loaded, Vec<String>), Error> {
    let tests = || claims.iter().flat_map(|claim| &claim.runs).filter(|test| test.scenario == name);
    let asked =
        || claims.iter().flat_map(RegisteredClaim::scenarios).filter(|(scenario, _)| *scenario == name);
    let all = asked().any(|(_, variants)| variants.is_none());
    let wanted: BTreeSet<&String> = asked().filter_map(|(_, variants)| variants).flatten().collect();
    let variants: Vec<String> = if all { Vec::new() } else { wanted.into_iter().cloned().collect() };
    let mut loaded = scenario_file::load(Path::new(name), color)?;
    keep_variants(&mut loaded.scenario, &variants)?;
    // Its own report says what became of them, too; and a trial that leaves one of them open is worth another attempt.
    loaded.scenario.claim.extend(claims.iter().flat_map(|claim| stated(claim, name, source)));
    for premise in tests().filter(|test| test.premise).filter_map(premise) {
        if !loaded.scenario.expect.contains(&premise) {
            loaded.scenario.expect.push(premise);
        }
    }
    Ok((loaded, variants))
}

/// A premise as a scenario has it: it is no part of what is claimed, and a trial that leaves it open is worth another attempt.
fn premise(test: &RunTest) -> Option<Expect> {
    let RunAsked::Holds(that) = test.that else { return None };
    Some(Expect { that, variants: test.variants.clone() })
}

/// A claim as a scenario has it: one for each cause that it names.
fn stated(claim: &RegisteredClaim, name: &str, source: &str) -> Vec<Claim> {
    let mut by_cause: BTreeMap<Option<Because>, Vec<Expect>> = BTreeMap::new();
    for test in claim.runs.iter().filter(|test| test.scenario == name && !test.premise) {
        if let RunAsked::Holds(that) = test.that {
            let expect = Expect { that, variants: test.variants.clone() };
            by_cause.entry(test.because).or_default().push(expect);
        }
    }
    let source = Some(source.to_owned());
    let state =
        |(because, holds_if)| Claim { says: claim.says.clone(), source: source.clone(), holds_if, because };
    by_cause.into_iter().map(state).collect()
}

/// The inspections, each once.
pub(super) fn inspections(claims: &[RegisteredClaim]) -> BTreeSet<Inspected> {
    claims.iter().flat_map(|claim| &claim.inspections).map(InspectionTest::asked).collect()
}

#[cfg(test)]
mod tests {
    use spanfate_model::scenario::expect::Condition;

    use super::*;

    fn claim(value: serde_json::Value) -> RegisteredClaim {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn claims_share_a_scenario_with_the_variants_that_they_ask_for() {
        let claims = [
            claim(serde_json::json!({ "number": 1, "section": "1", "says": "a", "run": [
                { "scenario": "qps1k", "variants": ["gzip"], "that": "loss.rate > 0 %", "because": "cpu" },
                { "scenario": "qps1k", "variants": ["sdk-defaults"], "that": "loss.rate > 0 %" },
                { "scenario": "qps1k", "variants": ["gzip"], "that": "duplicates == 7", "premise": true },
            ] })),
            claim(serde_json::json!({ "number": 2, "section": "1", "says": "b",
                "run": [{ "scenario": "qps1k", "variants": ["gzip"], "that": "bytes.per_span" }],
                "inspect": [{ "name": "clocks", "that": "in_raw > 0" }, { "name": "clocks", "that": "samples" }] })),
        ];
        let runs = needed_runs(&claims, "somebody", None, false).unwrap();
        let [run] = runs.as_slice() else { panic!("each scenario runs once") };
        assert_eq!(run.variants, ["gzip", "sdk-defaults"]);
        let planned: Vec<&str> = run.selected.plan.variants.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(planned, ["sdk-defaults", "gzip"]);
        let stated: Vec<Option<Because>> = run.selected.plan.claims.iter().map(|one| one.because).collect();
        assert_eq!(stated, [None, Some(Because::Cpu)]);
        assert!(run.seconds > 5.0 && run.seconds < 60.0, "{}", run.seconds);
        // A premise is no part of what is claimed, and asked for all the same.
        let premise = Condition::try_from("duplicates == 7".to_owned()).unwrap();
        let mut of_claims = run.selected.plan.claims.iter().flat_map(|claim| &claim.holds_if);
        assert!(of_claims.all(|one| one.that != premise));
        assert!(run.selected.plan.expect.iter().any(|one| one.that == premise));
        assert_eq!(inspections(&claims).len(), 1);
    }

    #[test]
    fn with_an_sdk_each_variant_that_names_none_is_built_with_it() {
        let test = |scenario: &str, variants: &[&str]| {
            claim(serde_json::json!({ "number": 1, "section": "1", "says": "a", "run": [
                { "scenario": scenario, "variants": variants, "that": "loss.rate > 0 %" },
            ] }))
        };
        let sdks = |claim: RegisteredClaim| -> Vec<Option<String>> {
            let runs = needed_runs(&[claim], "somebody", Some(&Arm::release("1.42.0")), false).unwrap();
            runs[0].selected.plan.variants.iter().map(|one| one.sdk.clone()).collect()
        };
        let of = |names: &[&str]| names.iter().map(|name| Some((*name).to_owned())).collect::<Vec<_>>();
        assert_eq!(sdks(test("probes/builds", &["plain", "sdk-1.38"])), of(&["1.42.0", "1.38.0"]));
        assert_eq!(sdks(test("claims/probes-under-gc", &["default"])), of(&["1.42.0"]));
    }
}
