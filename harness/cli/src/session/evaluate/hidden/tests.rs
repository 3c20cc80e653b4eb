//! What must be so of every hidden fault, whichever number it is made of.

use std::collections::BTreeSet;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::scenario_file;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_case_is_a_valid_scenario_that_names_its_faults(
        seed in 0_u64..1000,
        number in 0_u64..5000,
        test in any::<bool>(),
    ) {
        let set = if test { SeedSet::Test } else { SeedSet::Tune };
        let kinds = kinds_of(&[], set).unwrap();
        let case = case(seed, set, number, &kinds);
        prop_assert_eq!(&case, &super::case(seed, set, number, &kinds));
        let loaded = scenario_file::of_text("a case", &case.text, PathBuf::from("."), false);
        let loaded = loaded.map_err(|error| TestCaseError::fail(format!("{error}\n{}", case.text)))?;
        let faults = &loaded.plan.variants[0].faults;
        let numbers: Vec<usize> = case.faults.iter().filter_map(|fault| fault.number).collect();
        prop_assert_eq!(numbers, (0..faults.len()).collect::<Vec<_>>());
        let services: Vec<&str> = loaded.plan.services.iter().map(|service| service.name.as_str()).collect();
        prop_assert_eq!(&services[..], case.shape.services());
        prop_assert!(case.faults.iter().all(|fault| fault.services.iter().all(|one| services.contains(one))));
        prop_assert!(test || !case.kind.is_held_out());
        prop_assert!(loaded.plan.estimated_seconds(&loaded.plan.trials) < 7.0);
    }

    #[test]
    fn no_seed_is_in_both_sets(seed in any::<u64>(), other in any::<u64>(), a in any::<u64>(), b in any::<u64>()) {
        prop_assert_ne!(seed_of(seed, SeedSet::Tune, a), seed_of(other, SeedSet::Test, b));
    }
}

#[test]
fn a_few_hundred_cases_hold_every_kind_and_both_shapes() {
    let cases: Vec<HiddenCase> =
        (0..500).map(|number| case(1, SeedSet::Test, number, &HiddenKind::ALL)).collect();
    let kinds: BTreeSet<&str> = cases.iter().map(|case| case.kind.name()).collect();
    assert_eq!(kinds.len(), HiddenKind::ALL.len(), "{kinds:?}");
    assert!(cases.iter().filter(|case| case.shape == CaseShape::Chain).count() > 250);
    let seeds: BTreeSet<u64> = cases.iter().map(|case| case.seed).collect();
    assert_eq!(seeds.len(), cases.len());
    let company = cases.iter().filter(|case| case.faults.len() > 1 && case.kind != HiddenKind::Two);
    assert!(company.count() > 50);
    assert!(cases.iter().any(|case| case.faults.is_empty()));
}

#[test]
fn kinds_are_drawn_from_those_that_are_named() {
    let named = |names: &[&str]| {
        kinds_of(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>(), SeedSet::Tune)
    };
    let of = |names: &[&str]| {
        let kinds = named(names).unwrap();
        let cases = (0..200).map(|number| case(1, SeedSet::Tune, number, &kinds).kind.name());
        cases.collect::<BTreeSet<&str>>()
    };
    assert_eq!(of(&["quota", "stall"]), BTreeSet::from(["quota", "stall"]));
    assert_eq!(
        of(&["advisable"]).len(),
        7,
        "all that are advised for but the one that is kept out of tuning"
    );
    assert_eq!(of(&[]).len(), HiddenKind::ALL.len() - 1);
    assert!(named(&["slow"]).unwrap_err().contains("small_queue"));
    assert!(named(&["bandwidth"]).is_err(), "it is kept out of tuning");
}

#[test]
fn a_quota_leaves_a_service_less_than_it_needs() {
    let kinds = [HiddenKind::Quota];
    for number in 0..200 {
        let case = case(3, SeedSet::Tune, number, &kinds);
        let after = |what: &str| {
            let rest = case.text.split_once(what).unwrap().1;
            let digits = rest.chars().take_while(|one| one.is_ascii_digit() || *one == '.');
            digits.collect::<String>().parse::<f64>().unwrap()
        };
        let (work_us, quota) = (after("cpu = \""), after("quota = "));
        // Even if spans and calls cost nothing, its requests work for more.
        let work = case.shape.rate() as f64 * work_us / 1e6;
        assert!(quota >= 0.01 && quota < 0.5 * work, "{quota} of {work}");
    }
}
