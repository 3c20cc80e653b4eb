//! One claim on services that get more or less CPU: what is lost for want of it is called so, no setting is advised against it, and the
//! claim that the exporter's round trip is to blame gets one answer.

use spanfate_model::cause::NamedCause::{CpuStarved, SlowAnswer, SlowSerialising};
use spanfate_model::result::{ClaimOutcome, How, named};

use crate::lab::{Finished, lab_alone};

/// 5,000 requests/s with 5 spans each, as in `scenarios/qps5k.toml`.
const LOAD: &str = r#"
[load]
rate = "5000/s"
warmup = "1s"
lasting = "3s"

[service]
spans_per_request = 5

[[variant]]
name = "defaults"

[[variant]]
name = "small-batch"
exporter = { batch = 64 }

[[variant]]
name = "answer-30ms"
receiver = { answer_after = "30ms" }

[[claim]]
says = "Above 5,000 requests/s the default exporter loses spans."
holds_if = [{ that = "loss.rate > 0 %", variants = ["defaults"] }]
because = "export_round_trip"
"#;

/// Of a core, too little for this load on any machine seen so far: the fastest needed a little under half.
const STARVING: &str = "0.3";
/// Fewer lost spans ask for no cause.
const FEW: u64 = 10;

#[test]
#[ignore = "twelve trials at a full core's load, some two minutes on a quiet machine: cargo test -p spanfate --test e2e at_every_quota -- --ignored --nocapture"]
fn at_every_quota_the_cause_is_named_and_the_claim_gets_one_answer() {
    let Some(lab) = lab_alone() else { return };
    if lab.skips_without("faults: CPU control group") {
        return;
    }
    let mut outcomes: Vec<(&str, ClaimOutcome)> = Vec::new();
    let mut wrong: Vec<String> = Vec::new();
    // A service has one core of its own: of that, a quota of 1.0 takes nothing, and would prove no dose.
    // Half a core serves nearly all of this load where cores are fast, so what starves on every machine comes first.
    for quota in [STARVING, "0.5", "0.7", "1.0"] {
        let fault = match quota {
            "1.0" => String::new(),
            _ => format!(
                "[[fault]]\nat = \"100ms\"\nfor = \"3800ms\"\nkind = {{ cpu = {{ quota = {quota} }} }}\n"
            ),
        };
        let run = lab.run(&format!("{LOAD}\n{fault}"));
        run.assert_exact();
        wrong.extend(judged(&run, quota));
        outcomes.push((quota, run.result.claims[0].outcome));
        drop(std::fs::remove_dir_all(&run.run));
    }
    println!("the claim: {outcomes:?}");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let first = outcomes[0].1;
    assert!(
        outcomes.iter().all(|(_, outcome)| *outcome == first),
        "one claim, several answers: {outcomes:?}"
    );
    assert_eq!(first, ClaimOutcome::Refuted, "no default exporter loses spans for its round trip here");
}

/// What is wrong with the causes and the advice of a run. Where the receiver takes 30 ms its delay alone costs spans at any quota; want of
/// CPU may cost more of them.
#[expect(clippy::print_stdout, reason = "what was said of each; shown by --nocapture")]
fn judged(run: &Finished, quota: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for variant in &run.result.variants {
        let Some(why) = run.result.insights.why(&variant.name).filter(|why| why.of >= FEW) else {
            println!("{quota}, {}: nothing lost", variant.name);
            // A batch of 512 in 30 ms is 17,067 spans/s of the 25,000 that come; too little CPU does not serve them all, and all are lost less.
            if quota == STARVING && variant.name != "answer-30ms" {
                wrong.push(format!("{quota}, {}: so little of a core loses nothing", variant.name));
            }
            continue;
        };
        let cpu = [CpuStarved, SlowSerialising];
        let first = named(&why.suspects).map(|one| one.cause);
        let is_right = match variant.name.as_str() {
            "answer-30ms" => {
                let slow = why.suspects.iter().any(|one| one.cause == SlowAnswer && one.share > 0.05);
                slow && first.is_some_and(|cause| cause == SlowAnswer || cpu.contains(&cause))
            }
            _ => first.is_some_and(|cause| cpu.contains(&cause)),
        };
        let advice = run.result.insights.advice.iter().find(|advice| advice.variant == variant.name);
        let sets = advice.is_some_and(|advice| !advice.lines.is_empty());
        let for_cpu = first.is_some_and(|cause| cpu.contains(&cause));
        let all: Vec<String> = why
            .suspects
            .iter()
            .map(|one| format!("{} {:.2} ({:.2})", one.cause.as_str(), one.share, one.confidence))
            .collect();
        let says = advice.map(|advice| advice.how);
        let line = format!("{quota}, {}: {} lost: {}; {says:?}", variant.name, why.of, all.join(", "));
        println!("{line}");
        if !is_right {
            wrong.push(format!("the cause is wrong: {line}"));
        }
        if for_cpu && sets {
            wrong.push(format!("settings are advised against want of CPU: {line}"));
        }
        if for_cpu && variant.name != "answer-30ms" && says.is_some_and(|how| how != How::NoCpu) {
            wrong.push(format!("the advice does not say that CPU is lacking: {line}"));
        }
    }
    wrong
}
