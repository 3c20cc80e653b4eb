//! The four answers of the first screen.

use spanfate_model::exporter::Exporter;
use spanfate_model::fate::Fate;
use spanfate_model::quantity::unit::Period;
use spanfate_model::result::RunResult;

use crate::page::whole::page;
use crate::sample;

/// The text of the cards, as one reads it.
fn cards(result: &RunResult) -> String {
    let text = page(result).text;
    let from = text.split_once("\nIs anything lost?\n").map_or("", |(_, from)| from);
    let cards = from.split_once("\ncreated\n").map_or("", |(cards, _)| cards);
    let lines: Vec<&str> = cards.lines().filter(|line| !line.is_empty()).collect();
    lines.join("\n").replace('\u{202f}', " ")
}

fn says(result: &RunResult, all: &[&str]) {
    let cards = cards(result);
    for text in all {
        assert!(cards.contains(text), "{text:?} is missing in:\n{cards}");
    }
}

#[test]
fn a_loss_is_said_with_its_cause_and_what_the_law_would_set() {
    says(
        &sample::nine(),
        &[
            "Yes\n198,930 of 2,025,000 spans were lost, by 3 of 9 variants.",
            "Of the measured part: answer after 50 ms, SDK defaults otherwise 58.46 %, answer after 30 ms",
            "The scenario made the receiver answer after 50ms; with a receiver that answers at once the same settings lost 0 of 200,000 spans (SDK defaults).",
            "Queue full\n",
            "One worker exports 512 spans in 50.7 ms, so 10,099/s at most; 25,000/s came.",
            "Counts: yes. Each of 2,025,000 spans has one fate, none is unexplained.",
            "times in 8 of 9 trials.",
            "Calculated, not run\nIn place of answer after 50 ms, SDK defaults otherwise:\nexport OTEL_BSP_MAX_EXPORT_BATCH_SIZE=2304\n",
            "not run here.",
            "It dropped spans although 1667/s are left on average: exports stand still at times, or spans come in bursts",
            "SDK defaults did run, and lost 0 of 200,000 spans under the same conditions. That was one trial: take it for a hint",
        ],
    );
}

#[test]
fn what_lost_nothing_under_the_same_conditions_is_advised_before_the_law() {
    let mut result = sample::nine();
    let slow = Some(Period::millis(30));
    // Two that lose nothing; the one with the shorter queue is cheaper.
    for (at, queue) in [(3, 65_536), (2, 8192)] {
        let planned = &mut result.plan.variants[at];
        planned.receiver.answer_after = slow;
        planned.exporter = Exporter { queue: Some(queue), batch: Some(2048), ..Exporter::default() };
        result.variants[at].summary.lost = 0;
        // One trial would be a hint, and no advice.
        result.variants[at].summary.loss.n = 3;
        for trial in &mut result.variants[at].trials {
            trial.loss.lost = 0;
            let effective = trial.effective.as_mut().unwrap();
            (effective.queue, effective.batch) = (queue, 2048);
        }
    }
    says(
        &result,
        &[
            "export OTEL_BSP_MAX_EXPORT_BATCH_SIZE=2048\nexport OTEL_BSP_MAX_QUEUE_SIZE=8192\n",
            "Measured here: small batch lost 0 of 200,000 spans under the same conditions.",
        ],
    );
    // A disturbed machine proves less, and yet it ran.
    let mut disturbed = result.clone();
    for variant in disturbed.variants.iter_mut().filter(|variant| variant.summary.lost == 0) {
        variant.summary.loss.valid = false;
        // Nor do its made-up exports say how the time of an export grows with its batch.
        for trial in &mut variant.trials {
            trial.loss.predicted = None;
            trial.services.iter_mut().for_each(|service| service.loss.predicted = None);
        }
    }
    says(
        &disturbed,
        &[
            "Calculated from mean times alone, as no queue was run again; not run here. small batch did run, and lost 0 of 200,000 spans under the same conditions",
        ],
    );
    // What saw more of the fault, or sampled less, is no witness for it.
    for variant in &mut result.plan.variants[2..4] {
        variant.exporter.ratio = Some(0.1);
    }
    assert!(!cards(&result).contains("Measured here"));
}

#[test]
fn what_cannot_be_said_is_not_said() {
    says(&sample::spanless(), &["No span was created", "There was no span to lose."]);
    says(&sample::broken(), &["It cannot be said\nThe books do not close", "No\n73 spans are unexplained."]);
    says(&sample::aborted(), &["There is nothing to believe\nNo trial was begun."]);
}

#[test]
fn nothing_lost_is_no_and_says_how_near_the_limit_is() {
    let mut result = sample::nine();
    result.variants.truncate(2);
    says(
        &result,
        &[
            "No\n0 of 450,000 spans were lost by any of 2 variants.",
            "Nothing to explain\n",
            "25,000 spans/s came, and its worker could have exported",
            "Nothing\nNo variant lost a span at this load",
        ],
    );
}

#[test]
fn what_no_setting_stops_is_said_beside_what_one_does() {
    let mut result = sample::single();
    let lost = &mut result.variants[0].summary.lost_by_fate;
    lost.insert(Fate::CutOffAtExit, 5);
    says(
        &result,
        &[
            "Calculated, not run\n",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=960",
            "Let requests finish before the process ends",
        ],
    );
    result.variants[0].summary.lost_by_fate.remove(&Fate::DroppedQueueFull);
    let cards = cards(&result);
    assert!(
        cards.contains("Nothing: change code\nLet requests finish") && !cards.contains("OTEL_BSP"),
        "{cards}"
    );
}
