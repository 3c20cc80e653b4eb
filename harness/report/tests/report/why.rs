//! Why spans were lost, as a replay proves it.

use spanfate_analysis::with_insights;
use spanfate_model::cause::LossFactor;
use spanfate_model::result::{CauseShare, CpuWitness, How, LossProof, RunResult, TriedSettings, WorkerCycle};
use spanfate_report::{TableStyle, why};

use crate::page::whole::page;
use crate::sample;

/// A service that lacks CPU.
fn starved(fitting: u64) -> LossProof {
    let share = |cause, share| CauseShare { cause, share, alone: share };
    let causes = vec![share(LossFactor::CpuStarved, 0.9), share(LossFactor::SlowAnswer, 0.06)];
    LossProof {
        replays: 1,
        fitting,
        dropped: 4000,
        replayed: 3990,
        causes: if fitting > 0 { causes } else { Vec::new() },
        unknown: if fitting > 0 { 0.04 } else { 1.0 },
        cycle: WorkerCycle {
            calls: 40,
            starved_ms: 70.0,
            unrun_ms: 5.0,
            receiver_ms: 0.5,
            ..WorkerCycle::default()
        },
        cpu: CpuWitness {
            used: 0.5,
            cores: 1.0,
            waited: 0.75,
            throttled_ms: 1500.0,
            served_ms: 50.0,
            undisturbed_ms: 0.5,
        },
        ..LossProof::default()
    }
}

/// A run whose first lossy variant has this proof and is advised so.
fn proved(proof: LossProof, how: How) -> RunResult {
    let mut result = with_insights(sample::nine());
    let variant = result.insights.why[0].variant.clone();
    result.insights.why[0].proof = Some(proof);
    for advice in result.insights.advice.iter_mut().filter(|one| one.variant == variant) {
        advice.how = how;
        advice.lines.clear();
    }
    result
}

fn told(result: &RunResult) -> String {
    let text = why(result, TableStyle { color: false, width: Some(120) });
    text.split("\n\n").take(1).flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

#[test]
fn want_of_cpu_is_said_with_its_evidence_and_no_setting() {
    let result = proved(starved(1), How::NoCpu);
    let text = told(&result);
    for part in [
        "cause 90 % the service lacked CPU: calls waited for it 75.0 ms each, requests took 50.0 ms to their spans' end and 0.500 ms \
         undisturbed; it used 0.50 of 1.00 cores, and its threads waited 0.75 s per second; a quota held it back for 1,500 ms.",
        "6 % the receiver answered late",
        "unknown 4 % of the drops",
        "The replay of the queue gives 3,990 of 4,000 drops.",
        "remedy No setting helps: the service has no CPU left.",
    ] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
    let page = page(&result).text.replace('\u{202f}', " ");
    assert!(
        page.contains("Drops by cause, from a replay of the queue: 90 % because the service lacked CPU"),
        "{page}"
    );
    assert!(
        !page.contains("One worker exports 512 spans in 50.7 ms, so 10,099/s at most"),
        "the mean law speaks, too"
    );
}

#[test]
fn a_replay_that_does_not_fit_proves_nothing_and_says_so() {
    let result = proved(starved(0), How::Short);
    let text = told(&result);
    assert!(
        text.contains("The replay of the queue does not fit: 3,990 of 4,000 drops. So it proves no cause"),
        "{text}"
    );
    assert!(!text.contains("lacked CPU"), "{text}");
    let page = page(&result).text.replace('\u{202f}', " ");
    assert!(page.contains("So it proves no cause. By the mean law one worker exports 512 spans"), "{page}");
}

#[test]
fn settings_of_a_replay_are_marked_as_not_run() {
    let remedy = TriedSettings { batch: 1024, queue: 8192, dropped: 0, measured: 0 };
    let text = told(&proved(LossProof { remedy: Some(remedy), ..starved(1) }, How::Replayed));
    assert!(text.contains("0 drops in place of 4,000 (a loss of 0.00 %); not run here."), "{text}");
}

#[test]
fn lines_fit_and_a_clean_run_has_nothing_to_explain() {
    let text = why(&proved(starved(1), How::NoCpu), TableStyle { color: false, width: Some(100) });
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let mut clean = with_insights(sample::nine());
    clean.insights.why.clear();
    assert!(why(&clean, TableStyle::default()).contains("nothing to explain"));
}

#[test]
fn the_section_shows_causes_cycle_queue_and_path_of_every_lossy_variant() {
    let result = with_insights(sample::replayed());
    let page = page(&result).text.replace('\u{202f}', " ");
    for part in [
        "Why did queues run full?",
        "3 variants dropped spans at full queues.",
        "86 % of the drops because the receiver answered late (it had the request for",
        "What a call of the exporter was made of",
        "The queue of answer after 30 ms, replayed and as it was seen",
        "longest queue by the replay 2,048 of 2,048 spans",
        "at 2.00 s shop: the receiver answered late (usually 1.20 ms, up to 51.0 ms); then at 2.01 s shop: its queue filled",
        "No time of a call or of a span left its usual value: what filled the queue was there from the beginning.",
    ] {
        assert!(page.contains(part), "{part:?} is missing in:\n{page}");
    }
    let text = why(&result, TableStyle { color: false, width: Some(140) });
    assert!(
        text.contains("course   at 1.00 s: payment-with-a-rather-long-name-of-its-own: exports took long"),
        "{text}"
    );
    assert!(
        text.contains(
            "at 2.00 s, 1.00 s later: shop: the receiver answered late (usually 1.20 ms, up to 51.0 ms)"
        ),
        "{text}"
    );
}

#[test]
fn a_result_without_courses_says_what_makes_them() {
    let mut result = sample::replayed();
    let trials = result.variants.iter_mut().flat_map(|variant| &mut variant.trials);
    for replay in trials.flat_map(|trial| &mut trial.replays) {
        (replay.course, replay.onsets) = (None, Vec::new());
    }
    let text = page(&with_insights(result)).text;
    assert!(
        text.contains(
            "This result is older than courses of queues: `spanfate analyze` of its run makes them."
        )
    );
}
