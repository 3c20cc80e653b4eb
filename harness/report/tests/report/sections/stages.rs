//! The way of the spans, drawn.

use spanfate_model::fate::Fate;
use spanfate_model::result::RunResult;

use crate::sample;
use crate::sections::traces::asked;

/// Titles of the ways that are drawn, the first of them in the open.
fn ways(result: &RunResult) -> Vec<String> {
    let text = asked(result, "fates");
    let titles = text.split("<title ").skip(1).filter_map(|rest| rest.split_once('>')?.1.split_once('<'));
    let titles = titles.map(|(title, _)| title.to_owned());
    titles.filter(|title| title.starts_with("The way of the spans")).collect()
}

#[test]
fn the_way_of_all_spans_stands_open_and_that_of_lossy_variants_folded() {
    let result = sample::nine();
    assert_eq!(
        ways(&result),
        [
            "The way of the spans of all variants together",
            "The way of the spans of small batch",
            "The way of the spans of answer after 30 ms",
            "The way of the spans of answer after 50 ms, SDK defaults otherwise",
        ]
    );
    let text = asked(&result, "fates");
    assert!(text.contains("The way of the spans in 3 variants that miss some</summary>"));
    assert!(text.contains(
        "Created 2,025,000; left before queued: 198,320 dropped_queue_full; queued 1,826,680; left before at the exporter: \
         610 lost_in_queue_at_exit.shutdown_deadline; at the exporter 1,826,070; received 1,826,070."
    ));
}

#[test]
fn what_has_no_fate_has_a_node_of_its_own() {
    for (result, name) in [(sample::broken(), "73 unexplained"), (sample::own(), "lost_before_receiver")] {
        let text = asked(&result, "fates");
        assert!(text.contains("left at an unknown place: ") && text.contains(name), "{name}: {text}");
    }
}

#[test]
fn one_variant_has_one_way_and_no_span_has_none() {
    assert_eq!(ways(&sample::single()), ["The way of the spans of the whole run"]);
    assert!(ways(&sample::spanless()).is_empty());
}

#[test]
fn of_many_lossy_variants_the_worst_are_drawn_in_the_order_of_the_plan() {
    let mut result = sample::single();
    for at in 0..30_u64 {
        let mut variant = result.variants[0].clone();
        variant.name = format!("variant {at}");
        let fates = &mut variant.trials[0].ledger.fates;
        // The last ones lose most.
        let moved = at * 1000;
        fates.entry(Fate::Received).or_default().total -= moved;
        fates.entry(Fate::DroppedQueueFull).or_default().total += moved;
        result.variants.push(variant);
    }
    let drawn = ways(&result);
    let worst: Vec<String> = (18..30).map(|at| format!("The way of the spans of variant {at}")).collect();
    assert_eq!(drawn[1..], worst);
    assert!(
        asked(&result, "fates")
            .contains("in the 12 variants that miss the largest share, of 31 that miss some")
    );
}
