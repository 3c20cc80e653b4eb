//! Other data give another verdict, whatever the verdict is.

use spanfate_model::cause::LossFactor;
use spanfate_model::fate::Fate;
use spanfate_model::finding::claims::register::ClaimsFile;
use spanfate_model::finding::contract::{CONTRACT_FORMAT, ContractSubject, RuleVerdict};
use spanfate_model::result::{CauseShare, PathReplay, VariantSummary};

use super::*;
use crate::expect::forge::{Forged, forged};

/// A claim of a file, as serde reads it.
fn claim(tests: &serde_json::Value) -> RegisteredClaim {
    let mut file =
        serde_json::json!({ "source": "made up", "claim": [{ "number": 1, "section": "1", "says": "x" }] });
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
    assert_eq!(of_trials(&rate, &forged("{}", &[]).stolen(0.03)), ClaimVerdict::Inconclusive, "not valid");
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
fn the_rules_of_a_contract_decide_and_an_open_one_leaves_it_open() {
    let found = claim(&serde_json::json!({ "contract": [
        { "scenario": "s", "file": "c.yml", "that": "broken > 0" },
        { "scenario": "s", "file": "d.yml", "that": "broken == 0", "premise": true },
    ] }));
    let result = |verdicts: &[Verdict]| {
        let rules = verdicts.iter().map(|verdict| RuleVerdict {
            subject: ContractSubject::Alert,
            file: "c.yml".to_owned(),
            line: 3,
            verdict: *verdict,
            seen: String::new(),
            findings: Vec::new(),
            open: if *verdict == Verdict::Inconclusive { vec!["not seen".to_owned()] } else { Vec::new() },
        });
        ContractResult {
            format: CONTRACT_FORMAT,
            contract: "c.yml".to_owned(),
            against: "a run".to_owned(),
            verdict: Verdict::Pass,
            rules: rules.collect(),
            not_taken: Vec::new(),
        }
    };
    let one = |broken: &[Verdict], kept: &[Verdict]| {
        let both = [result(broken), result(kept)];
        let measures = found.contracts.iter().zip(&both).map(|(test, found)| of_contract(test, Ok(found)));
        let judged = judged(&found, measures.collect());
        assert!(is_of(&found, &judged));
        judged.verdict
    };
    let (pass, fail, open) = (Verdict::Pass, Verdict::Fail, Verdict::Inconclusive);
    assert_eq!(one(&[pass, fail], &[pass, pass]), ClaimVerdict::Reproduced);
    assert_eq!(one(&[pass, pass], &[pass]), ClaimVerdict::Refuted);
    for (broken, kept) in
        [([pass, fail], [pass, fail]), ([open, fail], [pass, pass]), ([fail, fail], [open, pass])]
    {
        assert_eq!(one(&broken, &kept), ClaimVerdict::Inconclusive);
    }
    let without = of_contract(&found.contracts[0], Err("it did not run"));
    assert_eq!(judged(&found, vec![without]).reason.unwrap(), "c.yml against s: broken > 0: it did not run");
}

#[test]
fn what_did_not_run_or_cannot_be_seen_leaves_a_claim_open() {
    let found = claim(
        &serde_json::json!({ "inspect": [{ "name": "tracepoint", "of": "a:b", "that": "count > 0" }] }),
    );
    let test = &found.inspections[0];
    let cannot = InspectionAnswer { cannot: Some("run as root".to_owned()), ..InspectionAnswer::default() };
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

#[test]
fn where_a_premise_does_not_hold_nothing_else_decides() {
    let found = claim(&serde_json::json!({ "inspect": [
        { "name": "perf_ring", "that": "lost > 0", "premise": true },
        { "name": "perf_ring", "that": "oldest_kept == 0" },
    ] }));
    let of = |lost: f64, oldest: f64| of_answer(&found, &[("lost", lost), ("oldest_kept", oldest)]);
    assert_eq!(of(5.0, 0.0), ClaimVerdict::Reproduced);
    assert_eq!(of(5.0, 1.0), ClaimVerdict::Refuted);
    // A ring that was never full says nothing of what a full one does.
    assert_eq!((of(0.0, 0.0), of(0.0, 1.0)), (ClaimVerdict::Inconclusive, ClaimVerdict::Inconclusive));
    let shown = claim(&serde_json::json!({ "inspect": [
        { "name": "move_cost", "that": "moved > 0", "premise": true }, { "name": "move_cost", "that": "copy_us" },
    ] }));
    assert_eq!(of_answer(&shown, &[("moved", 1.0), ("copy_us", 9.0)]), ClaimVerdict::Quantified);
    assert_eq!(of_answer(&shown, &[("moved", 0.0), ("copy_us", 9.0)]), ClaimVerdict::Inconclusive);
    let run = claim(&serde_json::json!({ "run": [
        { "scenario": "s", "that": "fate.dropped_queue_full > 0", "premise": true },
        { "scenario": "s", "that": "exports.failed == 0" },
    ] }));
    assert_eq!(of_trials(&run, &forged("{}", &[])), ClaimVerdict::Inconclusive);
    assert_eq!(of_trials(&run, &forged("{}", &[]).lost(Fate::DroppedQueueFull, 5)), ClaimVerdict::Reproduced);
}
